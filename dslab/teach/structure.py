"""The structure of a lesson's notebook: its nine parts in order, and what each of them must hold.

| part | heading (level 2, unless said) begins with or holds                    | must hold                                        |
|------|------------------------------------------------------------------------|--------------------------------------------------|
| 1    | the title (level 1, first cell)                                        | a promise of at most 40 words, the minutes        |
| 2    | "The article"                                                           | 300 to 500 words, a link, a date                  |
| 3    | "... in one picture"                                                    | a code cell                                      |
| 4    | "Act 1", "Act 2" ... (three to five)                                    | prediction, explorer, comparison, prose, source   |
| 5    | "Break it"                                                              | a code cell                                      |
| 6    | "For real" (only where the metadata say that the lesson has one)         | a code cell                                      |
| 7    | "Claims", "The article's claims" ...                                    | a ledger's `.table()`                            |
| 8    | "Exercises"                                                             | four to six, of the kinds that every lesson has   |
| 9    | "What the model leaves out", and "Further reading" (any level) after it | words; a link                                    |

Other headings of level 2 may stand between them. In code cells, `.ask()` in an act asks a prediction and `.compare(...)` of the
same object comes back to it; a name that holds "explorer", or the cell tag "explorer", is an explorer; `source(...)` shows code.
The kind of an exercise is read from its stored output, so the notebook must have been run.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dslab.teach.exercises import KINDS
from dslab.teach.lessons import check_metadata, read

ARTICLE_WORDS = (300, 500)
ACTS = EXPLORERS = (3, 5)
EXERCISES = (4, 6)
REQUIRED_KINDS = ("configure", "implement", "break it")
PROMISE_WORDS = 40
LEAST_PROSE = 20  # words on what happened and why, in each act
_PARTS = (
    ("The article", r"the article\b(?!.s claims)"),
    ("... in one picture", r".*\bin one picture"),
    ("Act 1, Act 2 ...", r"act \d"),
    ("Break it", r"break it"),
    ("For real", r"for real"),
    ("Claims", r"(?!.*act \d).*\bclaims\b"),
    ("Exercises", r"exercises\b"),
    ("What the model leaves out", r"what (the|this|our) model leaves out"),
)
_MONTH = "(January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = re.compile(rf"{_MONTH} \d{{4}}|\d{{4}}-\d\d-\d\d")
_LINK = re.compile(r"\]\(https?://|https?://|<a href=")


@dataclass
class Section:
    """A heading of level 1 or 2 with all cells below it; ``name`` is the part it is, or "" for one of the lesson's own."""

    title: str
    level: int
    name: str = ""
    cells: list[dict[str, Any]] = field(default_factory=list)

    @property
    def code(self) -> list[dict[str, Any]]:
        """The code cells."""
        return [cell for cell in self.cells if cell["cell_type"] == "code"]

    @property
    def text(self) -> str:
        """The prose, without headings."""
        texts = (_source(cell) for cell in self.cells if cell["cell_type"] == "markdown")
        return re.sub(r"(?m)^#{1,6} .*$", "", "\n".join(texts))


@dataclass(frozen=True)
class Acts:
    """What the code of one cell does, as far as the structure of a lesson goes."""

    asked: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    explorers: tuple[str, ...] = ()
    shows_source: bool = False
    shows_table: bool = False


def check_structure(notebook: Any) -> list[str]:
    """Give a sentence for everything in which a lesson's notebook departs from the structure above, and from its metadata.

    ``notebook`` is a path, or the dict that its JSON holds. An empty list means that nothing is wrong.
    """
    problems = check_metadata(notebook)
    try:
        notebook = read(notebook)
    except ValueError:
        return problems
    meta = notebook.get("metadata", {}).get("dslab")
    meta = meta if isinstance(meta, dict) else {}
    sections = split(notebook)
    problems += _heading_problems(notebook)
    problems += _title_problems(sections)
    problems += _order_problems(sections, bool(meta.get("real")))
    problems += _article_problems(sections)
    problems += _act_problems(sections, meta)
    problems += _rest_problems(sections)
    problems += _exercise_problems(sections)
    return problems


def split(notebook: dict[str, Any]) -> list[Section]:
    """Cut a notebook into its sections at headings of level 1 and 2; a cell may hold several headings."""
    sections = [Section("", 0)]
    for cell in notebook["cells"]:
        if cell["cell_type"] != "markdown":
            sections[-1].cells.append(cell)
            continue
        for piece in re.split(r"(?m)^(?=#{1,2} )", _blank_code(_source(cell))):
            if heading := re.match(r"(#{1,2}) +(.+)", piece):
                title = heading[2].strip()
                sections.append(
                    Section(title, len(heading[1]), _part(title) if len(heading[1]) == 2 else "title")
                )
            if piece.strip():
                sections[-1].cells.append({"cell_type": "markdown", "source": piece, "metadata": {}})
    return sections if sections[0].cells else sections[1:]


def what_it_does(cell: dict[str, Any]) -> Acts:
    """Read what a code cell does from its source and tags."""
    tree = _parsed(_source(cell))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [
        (ast.unparse(call.func.value), call.func.attr)
        for call in calls
        if isinstance(call.func, ast.Attribute)
    ]
    explorers = [ast.unparse(node) for node in ast.walk(tree) if _is_explorer(node)]
    if not explorers and "explorer" in cell.get("metadata", {}).get("tags", ()):
        explorers = [_source(cell).strip()]
    functions = {call.func.id for call in calls if isinstance(call.func, ast.Name)} | {
        name for _, name in names
    }
    return Acts(
        tuple(owner for owner, name in names if name == "ask"),
        tuple(owner for owner, name in names if name == "compare"),
        tuple(dict.fromkeys(explorers)),
        "source" in functions,
        "table" in functions,
    )


def _is_explorer(node: ast.AST) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return "explorer" in name.lower()


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(
            "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.split("\n"))
        )
    except SyntaxError:
        return ast.Module([], [])


def _heading_problems(notebook: dict[str, Any]) -> Iterator[str]:
    level, titles = 0, 0
    for cell in notebook["cells"]:
        text = _blank_code(_source(cell)) if cell["cell_type"] == "markdown" else ""
        for marks, title in re.findall(r"(?m)^(#{1,6}) +(.+)$", text):
            if len(marks) > level + 1:
                yield f"the heading {title.strip()!r} is of level {len(marks)} after level {level}; none may be skipped"
            level = len(marks)
            titles += level == 1
    if titles != 1:
        yield f"there are {titles} headings of level 1; a lesson has one, its title"


def _title_problems(sections: list[Section]) -> Iterator[str]:
    if not sections or sections[0].level != 1:
        yield "the first cell must begin with the title, a heading of level 1"
        return
    text = sections[0].text
    promise = next((part for part in re.split(r"\n\s*\n", text) if part.strip()), "")
    if not 1 <= len(_words(promise)) <= PROMISE_WORDS:
        yield f"the title is followed by {len(_words(promise))} words; it must be a promise of 1 to {PROMISE_WORDS}"
    headed = any("header" in _source(cell) for cell in sections[0].code)
    if not headed and not re.search(r"\d+ minutes", text):
        yield 'the title part must say how many minutes the lesson takes ("75 minutes", or a cell with `header(...)`)'


def _order_problems(sections: list[Section], real: bool) -> Iterator[str]:
    wanted = [name for name, _ in _PARTS if name != "For real" or real]
    found = [section.name for section in sections if section.level == 2 and section.name]
    if real is False and "For real" in found:
        yield 'there is a part "For real", but the metadata do not say "real": true'
    missing = [name for name in wanted if name not in found]
    yield from (f'the part "{name}" is missing (a heading of level 2)' for name in missing)
    order = [name for name, _ in _PARTS]
    for before, after in itertools.pairwise(found):
        if order.index(after) < order.index(before):
            yield f'the part "{after}" stands after "{before}"; the order is {", ".join(order)}'
        elif after == before and not after.startswith("Act"):
            yield f'there are two parts "{after}"; there is one of each'


def _article_problems(sections: list[Section]) -> Iterator[str]:
    for section in _named(sections, "The article"):
        count, (low, high) = len(_words(section.text)), ARTICLE_WORDS
        if not low <= count <= high:
            yield f"the part on the article has {count} words; it must have {low} to {high}"
        if not _LINK.search(section.text):
            yield "the part on the article has no link to its source"
        if not _DATE.search(section.text):
            yield "the part on the article gives no date (26 August 2025, August 2025 or 2025-08-26)"


def _act_problems(sections: list[Section], meta: dict[str, Any]) -> Iterator[str]:
    acts, (low, high) = _named(sections, "Act 1, Act 2 ..."), ACTS
    if acts and not low <= len(acts) <= high:
        yield f"there are {len(acts)} acts; there must be {low} to {high}"
    numbers = [int(re.match(r"(?i)act (\d+)", act.title)[1]) for act in acts]
    if numbers != list(range(1, len(acts) + 1)):
        yield f"the acts are numbered {', '.join(map(str, numbers))}; they must count from 1"
    rows = [str(row[0]) for row in meta.get("timetable", ()) if isinstance(row, (list, tuple)) and row]
    for number, act in enumerate(acts, 1):
        yield from (f"act {number} {problem}" for problem in _one_act(act))
        if rows and not any(re.match(rf"(?i)act {number}\b", row) for row in rows):
            yield f"act {number} has no row in the timetable of the metadata"
    explorers = {
        name for section in sections for cell in section.code for name in what_it_does(cell).explorers
    }
    if acts and not EXPLORERS[0] <= len(explorers) <= EXPLORERS[1]:
        yield f"there are {len(explorers)} explorers; there must be {EXPLORERS[0]} to {EXPLORERS[1]}"


def _one_act(act: Section) -> Iterator[str]:
    does = [
        (place, what_it_does(cell)) for place, cell in enumerate(act.cells) if cell["cell_type"] == "code"
    ]
    asked = {name: place for place, cell in reversed(does) for name in cell.asked}
    compared = {name: place for place, cell in does for name in cell.compared}
    explored = [place for place, cell in does if cell.explorers]
    if not asked:
        yield "asks no prediction (`.ask()`)"
    if not explored:
        yield "has no explorer"
    elif asked and min(asked.values()) >= explored[0]:
        yield "asks its prediction after its explorer; it comes first"
    for name, place in asked.items():
        if compared.get(name, -1) <= place:
            yield f"never comes back to the prediction {name} (`.compare(...)`)"
        elif explored and compared[name] < explored[0]:
            yield f"compares the prediction {name} before its explorer; it comes after"
    if explored and len(_words(Section("", 2, "", act.cells[explored[0] :]).text)) < LEAST_PROSE:
        yield f"says nothing after its explorer; it needs at least {LEAST_PROSE} words on what happened and why"
    if not any(cell.shows_source for _, cell in does):
        yield "does not show the lines that do it (`source(...)`)"


def _rest_problems(sections: list[Section]) -> Iterator[str]:
    for name in ("... in one picture", "Break it", "For real"):
        yield from (
            f'the part "{part.title}" has no code cell' for part in _named(sections, name) if not part.code
        )
    for part in _named(sections, "Claims"):
        if not any(what_it_does(cell).shows_table for cell in part.code):
            yield f'the part "{part.title}" shows no ledger (`.table()`)'
    for place, part in enumerate(sections):
        if part.name == "What the model leaves out":
            if len(_words(part.text)) < LEAST_PROSE:
                yield f'the part "{part.title}" has fewer than {LEAST_PROSE} words'
            rest = "\n".join(_source(cell) for section in sections[place:] for cell in section.cells)
            reading = re.split(r"(?im)^#{2,6} +further reading", rest)
            if len(reading) < 2 or not _LINK.search(reading[1]):
                yield 'there is no heading "Further reading" with a link at the end'


def _exercise_problems(sections: list[Section]) -> Iterator[str]:
    for part in _named(sections, "Exercises"):
        asked = [name for cell in part.code for name in what_it_does(cell).asked]
        if not EXERCISES[0] <= len(asked) <= EXERCISES[1]:
            yield f"there are {len(asked)} exercises (`.ask()`); there must be {EXERCISES[0]} to {EXERCISES[1]}"
        kinds = [kind for cell in part.code for kind in _stored_kinds(cell)]
        if len(kinds) < len(asked):
            yield "the kinds of the exercises cannot be read from the stored outputs; run the notebook first"
            continue
        for kind in REQUIRED_KINDS:
            if kind not in kinds:
                yield f'there is no exercise of the kind "{kind}"; every lesson has one'


def _stored_kinds(cell: dict[str, Any]) -> Iterator[str]:
    for output in cell.get("outputs", ()):
        text = "".join(output.get("data", {}).get("text/plain", ""))
        if found := re.match(rf"Exercise \(({'|'.join(KINDS)})\): ", text):
            yield found[1]


def _part(title: str) -> str:
    for name, pattern in _PARTS:
        if re.match(pattern, title, re.IGNORECASE):
            return name
    return ""


def _named(sections: list[Section], name: str) -> list[Section]:
    return [section for section in sections if section.name == name]


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell.get("source", ""))


def _blank_code(text: str) -> str:
    """Empty the fenced code of a Markdown text, so that its comments are no headings."""
    return re.sub(r"(?ms)^(```|~~~).*?^\1", "", text)


def _words(text: str) -> list[str]:
    """Count the words of a Markdown text: the addresses of links and signs that stand alone are none."""
    text = re.sub(r"\]\([^)]*\)", "]", re.sub(r"<[^>]+>", " ", text))
    return [word for word in text.split() if re.search(r"\w", word)]

"""Lessons: what a notebook says of itself in ``metadata.dslab``, checked, listed and shown.

| word          | meaning                                                                          |
|---------------|----------------------------------------------------------------------------------|
| metadata      | lesson, number, title, promise, minutes, objectives, prerequisites, key points ... |
| timetable     | the parts of a lesson with their minutes, for the person in front of the class    |
| source        | the article (or articles) that a lesson is about: title, author, date, address    |

Notebook 00, the README and the command `python -m dslab lessons` all print what `lessons` reads.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from dslab.teach.page import (
    Html,
    Shown,
    Table,
    as_code,
    card,
    escape,
    html_table,
    inline,
    items,
    paragraphs,
    prose,
    text_table,
)

LEAST_MINUTES, MOST_MINUTES = 60, 90


@dataclass(frozen=True)
class Source:
    """An article: its title, who published it, the date in words or as 2025-08-26, and its address ("" where it has none)."""

    title: str
    author: str
    date: str
    url: str = ""

    def describe(self) -> str:
        """Give the source as it is cited."""
        return f"{self.author}, “{self.title}”, {self.date}"

    def html(self) -> str:
        """Give the source as it is cited, with a link on its title."""
        title = f'<a href="{escape(self.url)}">{inline(self.title)}</a>' if self.url else inline(self.title)
        return f"{inline(self.author)}, “{title}”, {inline(self.date)}"


@dataclass(frozen=True)
class LessonMeta:
    """What a lesson says of itself. ``lesson`` is the name of its module, ``number`` its place in the course (1 or more);
    ``part`` a letter where a lesson has several notebooks (10a, 10b), else "".

    ``minutes`` is 60 to 90 and the sum of the ``timetable``, pairs of (part, minutes). ``real`` says whether it has a part
    against a real component. Raises ValueError with all that is wrong.
    """

    lesson: str
    number: int
    title: str
    promise: str
    minutes: int
    objectives: tuple[str, ...]
    prerequisites: tuple[str, ...]
    key_points: tuple[str, ...]
    sources: tuple[Source, ...]
    timetable: tuple[tuple[str, int], ...]
    real: bool = False
    part: str = ""

    def __post_init__(self) -> None:
        if problems := metadata_problems(self.to_json()):
            raise ValueError(f"metadata of lesson {self.lesson!r}: {'; '.join(problems)}")

    @property
    def label(self) -> str:
        """Its number and part: 2, or 10a."""
        return f"{self.number}{self.part}"

    def to_json(self) -> dict[str, Any]:
        """Give the dict for the notebook's ``metadata.dslab``; `from_json` is its inverse."""
        data = json.loads(json.dumps(asdict(self), default=str))
        return data if self.part else {name: value for name, value in data.items() if name != "part"}

    @classmethod
    def from_json(cls, data: Any) -> LessonMeta:
        """Rebuild it from a notebook's ``metadata.dslab``; ValueError with all that is wrong."""
        if problems := metadata_problems(data):
            raise ValueError(f"metadata.dslab: {'; '.join(problems)}")
        lists = {name: tuple(data[name]) for name in _LISTS}
        sources = tuple(Source(**source) for source in data["sources"])
        timetable = tuple((part, minutes) for part, minutes in data["timetable"])
        rest = {name: data[name] for name in (*_TEXTS, "number", "minutes")}
        return cls(
            **rest,
            **lists,
            sources=sources,
            timetable=timetable,
            real=data.get("real", False),
            part=data.get("part", ""),
        )

    @classmethod
    def of(cls, notebook: Any) -> LessonMeta:
        """Read it from a notebook: a path, or the dict that its JSON holds."""
        return cls.from_json(read(notebook).get("metadata", {}).get("dslab"))


_TEXTS = ("lesson", "title", "promise")
_LISTS = ("objectives", "prerequisites", "key_points")


def read(notebook: Any) -> dict[str, Any]:
    """Give the dict of a notebook from its path, or from itself; ValueError where it is no notebook."""
    if isinstance(notebook, (str, Path)):
        try:
            notebook = json.loads(Path(notebook).read_text("utf-8"))
        except (OSError, ValueError) as problem:
            raise ValueError(f"{notebook} cannot be read as a notebook: {problem}") from None
    if not isinstance(notebook, Mapping) or not isinstance(notebook.get("cells"), list):
        raise ValueError(f"this {type(notebook).__name__} is not a notebook: it has no list of cells")
    return dict(notebook)


def check_metadata(notebook: Any) -> list[str]:
    """Give a sentence for everything that is missing or wrong in a notebook's ``metadata.dslab``; none where it is fine.

    ``notebook`` is a path, or the dict that its JSON holds.
    """
    try:
        notebook = read(notebook)
    except ValueError as problem:
        return [str(problem)]
    return metadata_problems(notebook.get("metadata", {}).get("dslab"))


def metadata_problems(data: Any) -> list[str]:
    """Give a sentence for everything that is missing or wrong in the dict of ``metadata.dslab``."""
    if not isinstance(data, Mapping):
        return [
            "metadata.dslab is missing; a lesson says its title, minutes, objectives, prerequisites and key points there"
        ]
    return list(_problems(data))


def _problems(data: Mapping[str, Any]) -> Iterator[str]:
    known = {field.name for field in fields(LessonMeta)}
    yield from (
        f"{name} is not a known entry; there are {', '.join(sorted(known))}"
        for name in sorted(set(data) - known)
    )
    for name in _TEXTS:
        if not isinstance(data.get(name), str) or not data[name].strip():
            yield f"{name} is {as_code(data.get(name))}; it must be a text"
    if not _whole(data.get("number")) or data["number"] < 1:
        yield f"number is {as_code(data.get('number'))}; it must be a whole number of at least 1"
    if not isinstance(data.get("part", ""), str) or not re.fullmatch("[a-z]?", data.get("part", "")):
        yield f"part is {as_code(data['part'])}; it must be one small letter, or empty"
    for name in _LISTS:
        lines = data.get(name)
        if (
            not isinstance(lines, (list, tuple))
            or not lines
            or not all(isinstance(line, str) and line.strip() for line in lines)
        ):
            yield f"{name} is {as_code(lines)}; it must be a list of sentences"
    minutes = data.get("minutes")
    if not _whole(minutes) or not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        yield f"minutes is {as_code(minutes)}; it must be {LEAST_MINUTES} to {MOST_MINUTES}"
    yield from _timetable_problems(data.get("timetable"), minutes)
    yield from _source_problems(data.get("sources"))
    if not isinstance(data.get("real", False), bool):
        yield f"real is {as_code(data['real'])}; it must be true or false"


def _timetable_problems(timetable: Any, minutes: Any) -> Iterator[str]:
    rows = timetable if isinstance(timetable, (list, tuple)) else []
    for row in rows:
        pair = isinstance(row, (list, tuple)) and len(row) == 2 and isinstance(row[0], str) and row[0].strip()
        if not pair or not _whole(row[1]) or row[1] < 1:
            yield f"the timetable has the row {as_code(row)}; a row is a part and its whole minutes"
            return
    if not rows:
        yield f"timetable is {as_code(timetable)}; it must be a list of parts with their minutes"
    elif _whole(minutes) and (total := sum(row[1] for row in rows)) != minutes:
        yield f"the timetable comes to {total} minutes, but minutes is {as_code(minutes)}"


def _source_problems(sources: Any) -> Iterator[str]:
    if not isinstance(sources, (list, tuple)) or not sources:
        yield f"sources is {as_code(sources)}; it must be a list of articles with title, author and date"
        return
    allowed = {field.name for field in fields(Source)}
    for source in sources:
        if not isinstance(source, Mapping) or set(source) - allowed:
            yield f"the source {as_code(source)} must have title, author, date and perhaps url"
            continue
        for name in ("title", "author", "date"):
            if not isinstance(source.get(name), str) or not source[name].strip():
                yield f"a source has the {name} {as_code(source.get(name))}; it must be a text"
        if not isinstance(source.get("url", ""), str) or not re.match(
            r"https?://\S+$|$", source.get("url", "")
        ):
            yield f"a source has the url {as_code(source['url'])}; it must be an address such as https://..."


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class Header(Shown):
    """The head of a lesson under its title: promise, minutes, prerequisites, objectives, sources."""

    piece = "header"

    def __init__(self, meta: LessonMeta) -> None:
        self.meta = meta

    def describe(self) -> str:
        """Give the head as text."""
        meta = self.meta
        lines = [
            prose(meta.promise),
            f"Time: {meta.minutes} minutes.",
            "You need to know:",
            *items(meta.prerequisites),
        ]
        lines += [
            "Afterwards you can:",
            *items(meta.objectives),
            "About:",
            *items(source.describe() for source in meta.sources),
        ]
        return "\n".join(lines)

    def html(self) -> str:
        """Give the head as HTML."""
        meta = self.meta
        sources = "".join(f"<li>{source.html()}</li>" for source in meta.sources)
        return (
            f"{paragraphs(meta.promise)}<p><strong>Time:</strong> {meta.minutes} minutes</p>"
            f"<p><strong>You need to know</strong></p>{_list(meta.prerequisites)}"
            f"<p><strong>Afterwards you can</strong></p>{_list(meta.objectives)}"
            f"<p><strong>About</strong></p><ul>{sources}</ul>"
        )


class KeyPoints(Shown):
    """What to remember of a lesson."""

    piece = "key points"

    def __init__(self, meta: LessonMeta) -> None:
        self.meta = meta

    def describe(self) -> str:
        """Give the key points as text."""
        return "\n".join([f"Key points: {self.meta.title}", *items(self.meta.key_points)])

    def html(self) -> str:
        """Give the key points as a list."""
        return card("prediction", f"Key points: {self.meta.title}", _list(self.meta.key_points))


def _list(texts: tuple[str, ...]) -> str:
    return f"<ul>{''.join(f'<li>{inline(text)}</li>' for text in texts)}</ul>"


def header(meta: LessonMeta) -> Header:
    """Show the head of a lesson; goes under the title."""
    return Header(meta)


def key_points(meta: LessonMeta) -> KeyPoints:
    """Show what to remember of a lesson; goes at its end."""
    return KeyPoints(meta)


def timetable(meta: LessonMeta) -> Table:
    """Show the parts of a lesson with the minute at which each begins, for the person in front of the class."""
    rows, at = [], 0
    for part, minutes in meta.timetable:
        rows.append((part, f"{at // 60}:{at % 60:02d}", f"{minutes} min"))
        at += minutes
    return Table(f"Timetable: {meta.title}, {meta.minutes} minutes", ("part", "begins at", "takes"), rows)


class Lessons(Shown):
    """The lessons of a folder in the order of the course: ``rows`` are pairs of (file name, LessonMeta)."""

    piece = "lessons"

    def __init__(self, rows: list[tuple[str, LessonMeta]]) -> None:
        self.rows = tuple(rows)

    def __iter__(self) -> Iterator[LessonMeta]:
        """Give the metadata of each lesson."""
        return iter(meta for _, meta in self.rows)

    def __len__(self) -> int:
        """Count the lessons."""
        return len(self.rows)

    def find(self, lesson: str | int) -> LessonMeta:
        """Give a lesson by name or number (10a where it has parts); ValueError names those that there are."""
        for meta in self:
            if lesson == meta.lesson or str(lesson).lstrip("0") == meta.label:
                return meta
        known = ", ".join(f"{meta.lesson} (no. {meta.label})" for meta in self) or "none yet"
        raise ValueError(f"there is no lesson {lesson!r}; there is: {known}")

    @property
    def minutes(self) -> int:
        """All lessons together."""
        return sum(meta.minutes for meta in self)

    def describe(self) -> str:
        """Give the lessons as a text table."""
        lines = [(meta.label, meta.title, f"{meta.minutes} min", file) for file, meta in self.rows]
        return "\n".join([_CAPTION, *text_table(("no.", "lesson", "time", "notebook"), lines)])

    def html(self) -> str:
        """Give the lessons as a table with links to their notebooks."""
        columns = ("no.", "lesson", "time", "what it lets you do")
        return html_table(_CAPTION, columns, [_row(file, meta) for file, meta in self.rows])

    def markdown(self, folder: str = "notebooks/") -> str:
        """Give the lessons as a Markdown table with links below ``folder``, for the README."""
        head = "| no. | lesson | time | what it lets you do |\n|---|---|---|---|"
        cells = (
            (f"[{m.title}]({folder}{file})", f"{m.minutes} min", m.promise, m.label) for file, m in self.rows
        )
        rows = (
            f"| {number} | {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |"
            for *texts, number in cells
        )
        return "\n".join([head, *rows])


_CAPTION = "Lessons"


def _row(file: str, meta: LessonMeta) -> tuple[str, str, str, str]:
    link = Html(f'<a href="{escape(file)}">{inline(meta.title)}</a>')
    return (meta.label, link, f"{meta.minutes} min", meta.promise)


def lessons(folder: str | Path | None = None) -> Lessons:
    """Read the metadata of all lessons in a folder of notebooks (that beside the package unless given).

    A notebook without ``metadata.dslab`` is not a lesson and is left out. Raises FileNotFoundError where there is no such
    folder, and ValueError where a lesson's metadata are wrong or two lessons have one number or name.
    """
    folder = Path(folder) if folder is not None else Path(__file__).resolve().parents[2] / "notebooks"
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no folder {folder.name!r} with the lessons beside the package; "
            "run this in a clone of the project, or name the folder"
        )
    rows = []
    for path in sorted(folder.glob("*.ipynb")):
        notebook = read(path)
        if "dslab" not in notebook.get("metadata", {}):
            continue
        try:
            rows.append((path.name, LessonMeta.of(notebook)))
        except ValueError as problem:
            raise ValueError(f"{path.name}: {problem}") from None
    rows.sort(key=lambda row: (row[1].number, row[1].part))
    for (file, meta), (other, after) in itertools.pairwise(rows):
        if meta.label == after.label:
            raise ValueError(f"{file} and {other} are both lesson {meta.label}; a number is given once")
    names = [meta.lesson for _, meta in rows]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two notebooks say that they are the lesson {twice[0]!r}; a name is given once")
    return Lessons(rows)

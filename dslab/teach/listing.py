"""Show the code that runs: a few lines of a module's own source, with the place where they stand.

Nothing is copied into a notebook: `source` reads the file from which the object was imported, at the moment it is shown.
"""

from __future__ import annotations

import inspect
import io
import keyword
import linecache
import textwrap
import tokenize
from pathlib import PurePath
from types import ModuleType
from typing import Any

from dslab.teach.page import Shown, escape

MOST_LINES = 10
Spans = dict[int, list[tuple[int, int, str]]]


class Listing(Shown):
    """Some lines of source: ``place`` ("dslab/x.py, lines 3 to 9"), ``numbers`` and ``lines``; a gap in them shows as "..."."""

    piece = "source"

    def __init__(self, place: str, numbered: list[tuple[int, str]], spans: Spans) -> None:
        self.place = place
        self.numbers = tuple(number for number, _ in numbered)
        self.lines = tuple(textwrap.dedent("\n".join(text for _, text in numbered)).split("\n"))
        cut = next(
            (
                len(text) - len(line)
                for (_, text), line in zip(numbered, self.lines, strict=True)
                if line.strip()
            ),
            0,
        )
        self._marked = tuple(_marked(text, spans.get(number, []), cut) for number, text in numbered)

    def describe(self) -> str:
        """Give the place and the lines, numbered as in the file."""
        return "\n".join([self.place, *self._numbered(self.lines)])

    def html(self) -> str:
        """Give the place and the highlighted lines, numbered as in the file."""
        return f'<p class="quiet">{escape(self.place)}</p><pre>{chr(10).join(self._numbered(self._marked, number_html))}</pre>'

    def code(self) -> str:
        """Give the highlighted lines alone."""
        return f"<pre>{chr(10).join(self._marked)}</pre>"

    def _numbered(self, lines: tuple[str, ...], write: Any = "{:>4}  ".format) -> list[str]:
        shown, before = [], self.numbers[0] - 1 if self.numbers else 0
        for number, line in zip(self.numbers, lines, strict=True):
            if number != before + 1:
                shown.append("      ...")
            shown.append((write(number) + line).rstrip())
            before = number
        return shown


def number_html(number: int) -> str:
    """Give a line number as HTML."""
    return f'<span class="ln">{number:>4}  </span>'


def source(
    thing: Any,
    start: str | None = None,
    end: str | None = None,
    lines: int | tuple[int, int] | None = None,
    most: int = MOST_LINES,
    docstring: bool = False,
) -> Listing:
    """Show lines of the source of a function, method, class or module, as it runs.

    Without more, the whole of ``thing``, its docstring left out unless ``docstring``. ``start`` is a piece of text: the
    listing begins at the first line that holds it; ``end`` likewise is the last line (the first one from ``start`` on).
    ``lines`` is how many lines from there, or a pair (first, last) that counts the lines of ``thing`` from 1.
    Raises ValueError for more than ``most`` lines, for a text that stands nowhere, and where there is no source to read.
    """
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None) or type(thing).__name__
    target = inspect.unwrap(thing) if callable(thing) else thing
    try:
        texts, first = inspect.getsourcelines(target)
        path = inspect.getsourcefile(target) or "?"
    except (OSError, TypeError):
        raise ValueError(
            f"there is no source to show for {name}: it is not written in Python, or its file is gone"
        ) from None
    first = max(first, 1)
    numbered = [(first + place, text.rstrip("\n")) for place, text in enumerate(texts)]
    if not docstring and not isinstance(lines, tuple):
        numbered = _without_docstring(numbered, target)
    numbered = _cut(numbered, first, start, end, lines, name)
    while numbered and not numbered[-1][1].strip():
        numbered.pop()
    if len(numbered) > most:
        raise ValueError(
            f"{name} would show {len(numbered)} lines; at most {most} are shown at a time. "
            f"Choose some with start=, end= or lines=, or allow more with most={len(numbered)}"
        )
    return Listing(_place(target, path, numbered), numbered, _spans(path))


def _without_docstring(numbered: list[tuple[int, str]], target: Any) -> list[tuple[int, str]]:
    """Leave out the lines of the docstring of ``target`` itself."""
    import ast

    tree = ast.parse(textwrap.dedent("\n".join(text for _, text in numbered)))
    owner = tree if isinstance(target, ModuleType) else tree.body[0]
    body = getattr(owner, "body", None)
    if not isinstance(body, list) or len(body) < 2 or ast.get_docstring(owner) is None:
        return numbered
    skipped = range(body[0].lineno, (body[0].end_lineno or 0) + 1)
    return [line for place, line in enumerate(numbered, 1) if place not in skipped]


def _cut(
    numbered: list[tuple[int, str]],
    first: int,
    start: str | None,
    end: str | None,
    lines: int | tuple[int, int] | None,
    name: str,
) -> list[tuple[int, str]]:
    if isinstance(lines, tuple):
        low, high = lines
        if not 1 <= low <= high <= len(numbered):
            raise ValueError(
                f"lines={lines} of {name}: it has lines 1 to {len(numbered)}; give (first, last) within them"
            )
        return [line for line in numbered if first + low - 1 <= line[0] <= first + high - 1]
    if start is not None:
        numbered = numbered[_find(numbered, start, name) :]
    if end is not None:
        numbered = numbered[: _find(numbered, end, name) + 1]
    if lines is not None and lines < 1:
        raise ValueError(f"lines={lines}; a listing shows at least one line")
    return numbered[:lines]


def _find(numbered: list[tuple[int, str]], text: str, name: str) -> int:
    for place, (_, line) in enumerate(numbered):
        if text in line:
            return place
    raise ValueError(f"no line of {name} holds the text {text!r}; copy it from the source as it is now")


def _place(target: Any, path: str, numbered: list[tuple[int, str]]) -> str:
    module = target.__name__ if isinstance(target, ModuleType) else getattr(target, "__module__", None) or ""
    file = PurePath(path).name
    package = "/".join(module.split(".") if file == "__init__.py" else module.split(".")[:-1])
    shown = "this notebook" if module == "__main__" else f"{package}/{file}".lstrip("/")
    low, high = numbered[0][0], numbered[-1][0]
    return f"{shown}, line {low}" if low == high else f"{shown}, lines {low} to {high}"


def _spans(path: str) -> Spans:
    """Find the keywords, texts, comments and numbers of a file: line number to (first column, last column, style).

    A formatted text is one span: newer Pythons report its parts, older ones do not, and both must show the same.
    """
    texts = linecache.getlines(path)
    spans: Spans = {}
    opened: list[tuple[int, int]] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO("".join(texts)).readline):
            kind, begin = tokenize.tok_name[token.type], token.start
            if kind == "FSTRING_START":
                opened.append(begin)
            elif kind == "FSTRING_END":
                begin, kind = opened.pop(), "STRING"
            if opened or not (style := _style(kind, token.string)):
                continue
            for row in range(begin[0], token.end[0] + 1):
                low = begin[1] if row == begin[0] else 0
                high = token.end[1] if row == token.end[0] else len(texts[row - 1].rstrip("\n"))
                spans.setdefault(row, []).append((low, high, style))
    except (tokenize.TokenError, SyntaxError):
        pass  # a fragment that does not end: what was found so far is marked
    return spans


def _style(kind: str, text: str) -> str:
    if kind == "NAME":
        return "kw" if keyword.iskeyword(text) else ""
    return {"STRING": "st", "COMMENT": "cm", "NUMBER": "nu"}.get(kind, "")


def _marked(text: str, spans: list[tuple[int, int, str]], cut: int) -> str:
    parts, at = [], cut
    for low, high, style in spans:
        parts += [escape(text[at:low]), f'<span class="{style}">{escape(text[max(at, low) : high])}</span>']
        at = max(at, high)
    return "".join(parts) + escape(text[at:])

"""How the classroom is shown: one text, one piece of HTML, the same on every run.

| word  | meaning                                                                                        |
|-------|------------------------------------------------------------------------------------------------|
| shown | an object with `describe()` (plain text, what a notebook's comparison sees) and `html()`         |
| card  | a bordered block with a label; the state is told by a word and a sign, never by colour alone      |
| piece | what an output is (prediction, exercise ...), kept in its metadata for the structure checker      |

Author's texts may hold `code` between backticks and blank lines between paragraphs; nothing else is markup.
Colours come from JupyterLab's own variables, so that light and dark both work; nothing here is random.
"""

from __future__ import annotations

import html
import math
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

COLUMNS = 100  # width of plain text
SIGNS = {"right": "✓", "wrong": "✗", "none": "–"}
_EMPHASIS = re.compile(r"(?<![\w*])\*(\w(?:[^*]*\w)?)\*(?![\w*])")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+−]?[\d,.]+( ?%)?|–")
_TEXT = ' style="text-align:left"'  # in the cell, because a page that is not trusted drops the styles
_NUMERIC = ' class="number" style="text-align:right"'
_SIGNED, _KEPT = re.compile("^([✓✗–~?]) "), "\\1&nbsp;"  # a sign stays with its word
_SCOPE = "div.dslab-teach.dslab-teach"  # named twice, so that it counts for more than the page's own styles
_BASE = "max-width:1120px;line-height:1.5;& p,& ul,& ol{margin:.35em 0;max-width:840px}& ul,& ol{padding-left:2em}"
# An output has the page's own fonts and colours; a widget has not.
_WIDGET = """color:var(--jp-content-font-color1,inherit);
font-size:var(--jp-content-font-size1,14px);font-family:var(--jp-content-font-family,system-ui,sans-serif);"""
_PARTS = {  # the styles of what only some outputs hold, by a piece of HTML that tells
    "<summary": "& summary{cursor:pointer}",
    'class="quiet': "& .quiet{color:var(--jp-content-font-color2,inherit)}",
    "<code": """
& code{font-family:var(--jp-code-font-family,monospace);font-size:.93em;padding:0 .2em;color:inherit;
background:var(--jp-layout-color2,transparent)}""",
    'class="card': """
& .card{border:1px solid var(--jp-border-color1,#bdbdbd);border-left:5px solid #0072b2;border-radius:3px;padding:.5em 1em;max-width:840px;box-sizing:border-box}
& .right{border-left-color:#009e73}& .wrong{border-left:7px double #d55e00}& .exercise{border-left-color:#cc79a7}
& .none{border-left-color:var(--jp-border-color1,#bdbdbd)}& .inside{border:0;padding:0}""",
    "<pre": """
& pre{font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);line-height:1.4;margin:.35em 0;
padding:.5em .8em;white-space:pre-wrap;color:inherit;background:var(--jp-layout-color2,transparent)}
& .kw{color:var(--jp-mirror-editor-keyword-color,inherit);font-weight:600}
& .st{color:var(--jp-mirror-editor-string-color,inherit)}& .nu{color:var(--jp-mirror-editor-number-color,inherit)}
& .cm{color:var(--jp-mirror-editor-comment-color,inherit);font-style:italic}
& .ln{color:var(--jp-content-font-color2,inherit);user-select:none}""",
    "<table": """
& table{border-collapse:collapse;margin:.35em 0;font-size:inherit;table-layout:auto;color:inherit;min-width:min(100%,28em)}
& caption{text-align:left;font-weight:600;padding:.2em 0;color:inherit;caption-side:top}
& th,& td{vertical-align:top;padding:.3em .9em .3em 0;max-width:34em;white-space:normal;
border-bottom:1px solid var(--jp-border-color2,#bdbdbd)}
& thead th{border-bottom-width:2px}& tbody tr{background:none}& tbody th{font-weight:normal}
& .number{font-variant-numeric:tabular-nums}""",
}


class Shown:
    """Something a notebook shows. Subclasses give `describe()` and `html()`; both must be the same on every run."""

    piece = "text"

    def describe(self) -> str:
        """Give the whole content as plain text."""
        raise NotImplementedError

    def html(self) -> str:
        """Give the whole content as HTML, without the styles."""
        return f"<pre>{escape(self.describe())}</pre>"

    def marks(self) -> dict[str, Any]:
        """Give what the output's metadata says about this object; the structure checker reads it."""
        return {"piece": self.piece}

    def __repr__(self) -> str:
        return self.describe()

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"text/plain": self.describe(), "text/html": styled(self.html())}, {"dslab": self.marks()}


class Table(Shown):
    """A captioned table. ``columns`` are the headings, each row is a sequence of texts; the first cell heads its row."""

    piece = "table"

    def __init__(
        self, caption: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], note: str = ""
    ) -> None:
        self.caption, self.columns, self.note = caption, tuple(columns), note
        self.rows = tuple(
            tuple(cell if isinstance(cell, str) else rounded(cell) for cell in row) for row in rows
        )
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"the row {row} has {len(row)} cells; the table {caption!r} has {len(self.columns)} columns"
                )

    def describe(self) -> str:
        """Give the table as aligned text, with its caption above and its note below."""
        return "\n".join(
            [self.caption, *text_table(self.columns, self.rows), *([self.note] if self.note else [])]
        )

    def html(self) -> str:
        """Give the table as HTML with a caption and scoped headings."""
        return html_table(self.caption, self.columns, self.rows) + (
            paragraphs(self.note) if self.note else ""
        )


def styled(body: str) -> str:
    """Wrap HTML in the classroom's scope, with the styles that it needs."""
    parts = "".join(part for told, part in _PARTS.items() if told in body)
    return f"<style>{_SCOPE}{{{_BASE}{parts}}}</style>{scoped(body)}".replace("}\n&", "}&")


def all_styles() -> str:
    """Give every style of the classroom, for a view whose parts change."""
    return f"<style>{_SCOPE}{{{_WIDGET}{_BASE}{''.join(_PARTS.values())}}}</style>"


def scoped(body: str) -> str:
    """Wrap HTML in the classroom's scope; the styles stand elsewhere on the page."""
    return f'<div class="dslab-teach">{body}</div>'


def escape(text: Any) -> str:
    """Escape a text for HTML."""
    return html.escape(str(text), quote=True)


class Html(str):
    """A text that is HTML already: it is not escaped again."""

    __slots__ = ()


def inline(text: str) -> str:
    """Escape one line of an author's text; what stands between backticks becomes code, between asterisks emphasis."""
    if isinstance(text, Html):
        return text
    parts = str(text).split("`")
    if len(parts) % 2 == 0:  # an odd backtick is an ordinary character
        return _emphasized(escape(text))
    return "".join(
        f"<code>{escape(part)}</code>" if place % 2 else _emphasized(escape(part))
        for place, part in enumerate(parts)
    )


def _emphasized(escaped: str) -> str:
    """Make ``*so*`` stand out; an asterisk that touches a word on one side only, or none, is an ordinary character."""
    return _EMPHASIS.sub(r"<em>\1</em>", escaped)


def paragraphs(text: str, kind: str = "") -> str:
    """Give an author's text as HTML paragraphs, parted where it has blank lines."""
    label = f' class="{kind}"' if kind else ""
    return "".join(
        f"<p{label}>{inline(' '.join(part.split()))}</p>" for part in str(text).split("\n\n") if part.strip()
    )


def prose(text: str, indent: str = "") -> str:
    """Wrap an author's text to `COLUMNS`, keeping its paragraphs."""
    parts = [" ".join(part.split()) for part in str(text).split("\n\n") if part.strip()]
    return "\n".join(
        textwrap.fill(part, COLUMNS, initial_indent=indent, subsequent_indent=indent) for part in parts
    )


def items(texts: Iterable[str], mark: str = "-") -> list[str]:
    """Give texts as plain list items; a ``mark`` of "1." numbers them."""
    lines = []
    for place, text in enumerate(texts, 1):
        head = f"  {place}. " if mark == "1." else f"  {mark} "
        lines.append(
            textwrap.fill(
                " ".join(str(text).split()), COLUMNS, initial_indent=head, subsequent_indent=" " * len(head)
            )
        )
    return lines


def card(kind: str, label: str, body: str) -> str:
    """Give a bordered block: ``kind`` is a style (prediction, exercise, right, wrong, none), ``label`` is always read."""
    return f'<div class="card {kind}"><p><strong>{inline(label)}</strong></p>{body}</div>'


def html_table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give an HTML table with a caption, column headings (if any) and row headings; columns of numbers align right."""
    rows = list(rows)
    width = range(len(columns) or len(rows[0]))
    numeric = [
        bool(rows) and place > 0 and all(_NUMBER.fullmatch(row[place]) for row in rows) for place in width
    ]
    styles = [_NUMERIC if number else _TEXT for number in numeric]
    names = "".join(
        f'<th scope="col"{style}>{inline(name)}</th>' for name, style in zip(columns, styles, strict=False)
    )
    head = f"<thead><tr>{names}</tr></thead>" if columns else ""
    body = "".join(f"<tr>{_row(row, styles)}</tr>" for row in rows)
    return f'<table><caption style="text-align:left">{inline(caption)}</caption>{head}<tbody>{body}</tbody></table>'


def _row(cells: Sequence[str], styles: Sequence[str]) -> str:
    rest = (
        f"<td{style}>{_SIGNED.sub(_KEPT, inline(cell))}</td>"
        for cell, style in zip(cells[1:], styles[1:], strict=True)
    )
    return f'<th scope="row"{styles[0]}>{inline(cells[0])}</th>{"".join(rest)}'


def text_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Give the lines of an aligned text table."""
    lines = [tuple(columns), *map(tuple, rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    lines.insert(1, tuple("-" * width for width in widths))
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def rounded(value: Any, digits: int = 4) -> str:
    """Write a value for reading: floats to ``digits`` significant figures, thousands apart, yes/no for booleans."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "not a number" if math.isnan(value) else "infinite" if value > 0 else "minus infinite"
        short = float(f"{value:.{digits}g}")
        return f"{short:,.0f}" if abs(short) >= 10 ** (digits - 1) or short == int(short) else _plain(short)
    return value if isinstance(value, str) else as_code(value)


def _plain(number: float) -> str:
    return f"{number:g}" if abs(number) >= 1e-4 else f"{number:.2e}"


def with_unit(value: Any, unit: str) -> str:
    """Write a value with its unit: "3.2 ms", "99 %", "7"."""
    return f"{rounded(value)} {unit}".rstrip()


def plain(text: str, limit: int = 300) -> str:
    """Make a text the same on every run: without memory addresses, and at most ``limit`` characters."""
    text = _ADDRESS.sub("", text)
    return text if len(text) <= limit else text[: limit - 4] + " ..."


def as_code(value: Any, limit: int = 120) -> str:
    """Write a value as it would be written in code, the same on every run (a set in order); never raises."""
    try:
        if isinstance(value, (set, frozenset)) and value:
            return plain("{" + ", ".join(sorted(map(repr, value))) + "}", limit)
        return plain(repr(value), limit)
    except Exception:  # somebody else's repr failed; the sentence that holds it must not
        return f"a {type(value).__name__}"

"""Tables of text and numbers as HTML: for the Table spec, and as the twin of every other picture."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from dslab.show.specs import Spec, Table
from dslab.show.words import number

HERE = Path(__file__).parent
CSS = (HERE / "show.css").read_text(encoding="utf-8")
MOST = 40  # rows of a twin; a screen reader or a person reads no more, and each move of a slider sends them


def cell(value: Any) -> str:
    """Write one cell as text: numbers with four significant digits, truth as yes or no, nothing as nothing."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, int | float) else str(value)


def thinned(rows: list[list[Any]], most: int = MOST) -> tuple[list[list[Any]], str]:
    """Give at most ``most`` rows, evenly chosen with the first and the last, and a sentence that says so ("" if all)."""
    if len(rows) <= most:
        return rows, ""
    chosen = [rows[round(place * (len(rows) - 1) / (most - 1))] for place in range(most)]
    return chosen, f"{most} of {len(rows):,} rows, evenly chosen."


def html(columns: list[str], rows: list[list[Any]], title: str = "", most: int = MOST) -> str:
    """Write a table as HTML, everything escaped; columns of numbers are aligned to the right."""
    shown, note = thinned(rows, most)
    numeric = [
        any(_is_number(row[place]) for row in shown)
        and all(_is_number(row[place]) or row[place] in (None, "") for row in shown)
        for place in range(len(columns))
    ]
    style = [' class="dslab-number"' if is_number else "" for is_number in numeric]
    head = "".join(f'<th scope="col"{style[i]}>{escape(column)}</th>' for i, column in enumerate(columns))
    body = "".join(
        "<tr>" + "".join(f"<td{style[i]}>{escape(cell(value))}</td>" for i, value in enumerate(row)) + "</tr>"
        for row in shown
    )
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    told = f"<p>{note}</p>" if note else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{told}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def twin(spec: Spec) -> str:
    """Write the table twin of a spec as HTML."""
    return html(*spec.rows())


class TableView(anywidget.AnyWidget):
    """A Table spec in a live page."""

    _esm = """
    const render = ({ model, el }) => {
      const box = document.createElement("div");
      box.className = "dslab-table";
      el.append(box);
      const write = () => (box.innerHTML = model.get("html"));
      write();
      model.on("change:html", write);
      return () => model.off("change:html", write);
    };
    export default { render };
    """
    _css = CSS
    html = traitlets.Unicode().tag(sync=True)

    @staticmethod
    def traits_of(spec: Table) -> dict[str, str]:
        """Give the traits that show a table."""
        return {"html": html(*spec.rows(), title=spec.title, most=400)}

"""The preflight as a widget: a table that JavaScript draws, so that seeing it proves that the front end answers."""

from __future__ import annotations

import html
from typing import Any

import anywidget
import traitlets

from dslab.doctor import SIGNS, Row

_DRAW = """
export default {
  render({ model, el }) {
    el.innerHTML = model.get("page");
    model.set("answered", true);
    model.save_changes();
  },
};
"""
_CELL = "padding:3px 12px 3px 0;text-align:left;vertical-align:top;color:var(--jp-ui-font-color1,inherit)"


class Preflight(anywidget.AnyWidget):
    """The table of the preflight. ``answered`` is False until a page has drawn it."""

    _esm = _DRAW
    page = traitlets.Unicode("").tag(sync=True)
    answered = traitlets.Bool(False).tag(sync=True)

    def __init__(self, page: str, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(page=page)

    def __repr__(self) -> str:
        return self.sentence

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Give the widget for a page, and for everything else the sentence that does not depend on the machine."""
        bundle = super()._repr_mimebundle_(**options)
        data = bundle[0] if isinstance(bundle, tuple) else dict(bundle or {})
        data["text/plain"] = self.sentence
        return (data, *bundle[1:]) if isinstance(bundle, tuple) else data


def view(rows: list[Row], conclusion: str, sentence: str) -> Preflight:
    """Give the rows of `dslab.doctor.check` as a widget under the sentence that they come to."""
    return Preflight(page(rows, conclusion), sentence)


def page(rows: list[Row], conclusion: str) -> str:
    """Give the rows as an HTML table with a caption; every text is escaped."""
    rows = [*rows, Row("front end: answers", "it drew this table", "ready")]
    lines = "".join(
        f'<tr><th scope="row" style="{_CELL};font-weight:normal">{html.escape(row.part)}</th>'
        f'<td style="{_CELL};white-space:nowrap">{SIGNS[row.state]} {row.state}</td>'
        f'<td style="{_CELL}">{html.escape(row.found)}{"<br>→ " + html.escape(row.remedy) if row.remedy else ""}</td></tr>'
        for row in rows
    )
    head = "".join(f'<th scope="col" style="{_CELL}">{word}</th>' for word in ("What", "State", "Found"))
    return (
        f'<table style="border-collapse:collapse;font-size:var(--jp-ui-font-size1,13px)">'
        f'<caption style="{_CELL};font-weight:bold">{html.escape(conclusion)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
    )

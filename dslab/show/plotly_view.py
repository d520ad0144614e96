"""One picture drawn by plotly.js in the page; the library travels once per page, the numbers with every move."""

from __future__ import annotations

import gzip
import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from dslab.show import figures, tables, theme
from dslab.show.specs import Spec


@cache
def plotly_js(packed: bool) -> bytes:
    """Give plotly.min.js of the installed plotly package (which is not imported), ``packed`` by gzip or as it is.

    Raises RuntimeError, in a sentence, where the package or its file is missing.
    """
    found = importlib.util.find_spec("plotly")
    folders = list(found.submodule_search_locations or []) if found else []
    for folder in folders:
        path = Path(folder) / "package_data" / "plotly.min.js"
        if path.is_file():
            code = path.read_bytes()
            return gzip.compress(code, compresslevel=4, mtime=0) if packed else code
    raise RuntimeError("plotly.min.js is missing; install it where the kernel runs: pip install plotly")


class PlotlyView(anywidget.AnyWidget):
    """A spec in a live page: `figure` (Plotly JSON), `alt` (its text alternative) and `table` (its twin as HTML)."""

    _esm = (
        (Path(__file__).parent / "plotly_view.js")
        .read_text(encoding="utf-8")
        .replace("__DARK__", json.dumps(theme.DARK))
    )
    _css = tables.CSS
    figure = traitlets.Dict().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    table = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._answer)

    @staticmethod
    def traits_of(spec: Spec, width: int) -> dict[str, Any]:
        """Give the traits that show a spec about ``width`` pixels wide; TypeError where Plotly does not draw it."""
        return {"figure": figures.figure(spec, width), "alt": spec.describe(), "table": tables.twin(spec)}

    def _answer(self, _: Any, content: Any, __: Any) -> None:
        """Send plotly.js to the page that asks for it."""
        if not isinstance(content, dict) or content.get("kind") != "plotly.js":
            return
        packed = bool(content.get("gzip"))
        try:
            self.send({"kind": "plotly.js", "gzip": packed}, buffers=[plotly_js(packed)])
        except (RuntimeError, OSError) as problem:
            self.send({"kind": "plotly.js", "problem": str(problem)})

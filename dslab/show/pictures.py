"""One picture in a notebook: the right widget in a live page, a poster and a sentence where no kernel runs."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import ipywidgets

from dslab.show import tables
from dslab.show.layout import WIDTH
from dslab.show.plotly_view import PlotlyView
from dslab.show.specs import Heatmap, SpaceTime, Spec, Table
from dslab.show.tables import TableView

WIDGET = "application/vnd.jupyter.widget-view+json"
POSTER = "DSLAB_POSTER"  # the environment variable that asks for posters: 1 while stored outputs are made


def posters_wanted() -> bool:
    """Whether posters are to be stored with the outputs (environment variable DSLAB_POSTER=1)."""
    return os.environ.get(POSTER, "") == "1"


def plan(spec: Spec, width: int = WIDTH) -> tuple[type[ipywidgets.DOMWidget], dict[str, Any]]:
    """Give the widget class that shows a spec and the traits it needs, ``width`` pixels wide; nothing is shown or changed yet.

    Raises TypeError where it is no spec.
    """
    if isinstance(spec, SpaceTime):
        from dslab.show.spacetime import SpaceTimeView

        spec.trace.digest()  # so that what is no JSON is found here, before anything changes
        return SpaceTimeView, {
            "trace": spec.trace,
            "axis": spec.axis,
            **({"title": spec.title} if spec.title else {}),
        }
    if isinstance(spec, Table):
        return TableView, TableView.traits_of(spec)
    if isinstance(spec, Spec):
        return PlotlyView, PlotlyView.traits_of(spec, width)
    raise TypeError(f"a picture is one of the specs (Lines, Bars, Table ...), not {type(spec).__name__}")


def show(
    kind: type[ipywidgets.DOMWidget], traits: dict[str, Any], widget: ipywidgets.DOMWidget | None
) -> Any:
    """Carry out a plan: change the widget at hand, in one message, if it is of the right class, else make a new one."""
    if not isinstance(widget, kind):  # anywidget gives every instance a class of its own
        return kind(**traits)
    with widget.hold_sync():
        for name, value in traits.items():
            setattr(widget, name, value)
    return widget


class Told(ipywidgets.VBox):
    """A box with something to say: what is shown and compared as text is its sentence, never an address in memory."""

    def tell(self) -> str:
        """Give the text that stands for this box where no page shows it."""
        raise NotImplementedError

    def poster(self) -> tuple[bytes, str, int]:
        """Draw the poster: (PNG, its text alternative, its width in pixels)."""
        raise NotImplementedError

    def plain(self) -> dict[str, str]:
        """Give it as HTML that needs no widget, for what is no picture at all: then no poster is stored."""
        return {}

    def __repr__(self) -> str:
        return self.tell()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data: dict[str, Any] = {"text/plain": self.tell()}
        data[WIDGET] = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        data |= self.plain()
        if not posters_wanted() or "text/html" in data:
            return data, {}
        png, alt, width = self.poster()
        return data | {"image/png": b64encode(png).decode("ascii")}, {
            "image/png": {"alt": alt, "width": width}
        }


class Picture(Told):
    """One spec, shown alone."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        super().__init__([show(*plan(spec), None)])
        self.add_class("dslab-alone")

    def tell(self) -> str:
        """Give the description of the spec."""
        return self.spec.describe()

    def plain(self) -> dict[str, str]:
        """Give what reads as well as a table (a table, a matrix of words, a run's log) as one; nothing for other specs."""
        words = isinstance(self.spec, Heatmap) and self.spec.worded
        if not (words or isinstance(self.spec, Table | SpaceTime)):
            return {}
        columns, rows = self.spec.rows()
        return {"text/html": tables.html(columns, rows, self.spec.title)}

    def poster(self) -> tuple[bytes, str, int]:
        """Draw the spec as a poster: (PNG, its description, its width)."""
        from dslab.show import poster

        return poster.draw([self.spec]), self.spec.describe(), poster.WIDTH


def picture(spec: Spec) -> Picture:
    """Show one spec: return it from a cell. TypeError where it is no spec."""
    return Picture(spec)


def table(rows: Table | Iterable[dict[str, Any]], title: str = "") -> Picture:
    """Show rows (a list of dicts, or a Table) as a table."""
    return Picture(rows if isinstance(rows, Table) else Table.of(rows, title))

"""Where a front end answers, and where only text does.

A notebook's output carries the widget beside its text and HTML: a page with a kernel shows the widget, any other page the
HTML, a terminal and the comparison of stored outputs the text. Without ipywidgets or a kernel there is no widget.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from dslab.teach.page import Shown


def kernel() -> bool:
    """Tell whether this Python runs inside a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


def view(thing: Any, kind: str) -> dict[str, Any]:
    """Give the widget part of an output for a "prediction" or an "exercise"; empty where no widget can be shown.

    A thing has one live view, its newest: the one before is closed, so that views do not pile up in the kernel.
    """
    if not kernel():
        return {}
    try:
        from dslab.teach import widgets
    except ImportError:  # no ipywidgets here: text and HTML serve
        return {}
    if thing._view is not None:
        thing._view.close_all()
    thing._view = {"prediction": widgets.PredictionView, "exercise": widgets.ExerciseView}[kind](thing)
    data = thing._view.box._repr_mimebundle_()
    return {name: part for name, part in data.items() if name != "text/plain"}


class Live(Shown):
    """Something shown that changes as a learner works on it, with at most one live view."""

    def _begin(self) -> None:
        self._listeners: list[Callable[[], None]] = []
        self._view: Any = None

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every change; only the newest view listens."""
        self._listeners = [listener]

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        data, marks = super()._repr_mimebundle_()
        return data | view(self, self.piece), marks

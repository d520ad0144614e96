"""The space-time diagram: see a whole distributed run, step forward and back, ask what could have caused what.

`SpaceTimeView` is the live widget (spacetime.js; it needs no kernel once shown), `describe` and `log_rows` are its
words, and `dslab.show.spacetime_poster` is the same picture for pages without a kernel.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from dslab.show import spacetime_words as words
from dslab.show.spacetime_words import LOG_COLUMNS, describe, event_sentence, log_rows
from dslab.sim.trace import Trace

__all__ = ["AXES", "LOG_COLUMNS", "OVERVIEW", "SpaceTimeView", "describe", "event_sentence", "log_rows"]

AXES = ("order", "time")
OVERVIEW = -1  # the position at which the whole run is shown
_HERE = Path(__file__).parent


class TraceTrait(traitlets.TraitType):
    """Holds the JSON of a trace; takes a Trace or its JSON and keeps a copy, so that a run that goes on changes nothing shown."""

    def validate(self, obj: Any, value: Any) -> dict[str, Any]:
        """Give the JSON of a valid trace; raise ValueError or TypeError with a sentence for anything else."""
        return json.loads(json.dumps(words.as_trace(value).to_json()))


def _wire(trace: dict[str, Any], view: SpaceTimeView) -> dict[str, Any]:
    """Give what travels to the browser in one message: the trace, with nothing left out, and every word written about it."""
    shown = Trace.from_json(trace)
    complete = {
        "lanes": [{"label": lane["id"], "kind": ""} | lane for lane in shown.lanes],
        "operations": [{"returned": None} | operation for operation in shown.operations],
        "faults": [{"to": None, "label": fault["kind"]} | fault for fault in shown.faults],
    }
    return {
        "trace": trace | complete,
        "sentence": view.sentence,
        "rows": [list(row[1:]) for row in log_rows(shown)],
        "captions": [words.event_caption(shown, event["id"]) for event in shown.events],
        "messages": [words.message_text(message) for message in shown.messages],
        "calls": [words.call_text(operation) for operation in shown.operations],
        "operations": [words.operation_text(operation) for operation in shown.operations],
        "flags": [list(found) for found in words.surprises(shown)],
        "no_return": words.no_return(shown),
        "focus": words.focus(shown),
        "places": [list(place) for place in words.places(shown)],
    }


class SpaceTimeView(anywidget.AnyWidget):
    """A space-time diagram of ``trace`` (a Trace or its JSON, version 1).

    ``axis`` is "order" (events at equal distances) or "time" (to scale); the reader can switch. ``position`` is the id of
    the event the cursor is at, or -1 for the whole run; it follows the reader while a kernel runs. Setting ``trace``,
    ``axis``, ``title`` or ``position`` redraws. Raises ValueError or TypeError, in a sentence, for what it cannot show.
    """

    # The texts, not the paths: a path would be watched, and the watcher keeps every closed widget in memory.
    _esm = (_HERE / "spacetime.js").read_text(encoding="utf-8")
    _css = (_HERE / "spacetime.css").read_text(encoding="utf-8")

    trace = TraceTrait().tag(sync=True, to_json=_wire)
    axis = traitlets.Unicode("order").tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    position = traitlets.Int(OVERVIEW).tag(sync=True)

    def __init__(
        self,
        trace: Trace | dict[str, Any],
        axis: str = "order",
        title: str = "",
        position: int = OVERVIEW,
        **more: Any,
    ) -> None:
        shown = words.as_trace(trace)
        name = title or shown.scenario[:1].upper() + shown.scenario[1:] or "Space-time diagram"
        super().__init__(trace=shown, axis=axis, title=name, **more)
        self.position = position

    @traitlets.validate("axis")
    def _check_axis(self, proposal: dict[str, Any]) -> str:
        if proposal["value"] not in AXES:
            raise ValueError(f"axis={proposal['value']!r} is not known; use one of {', '.join(AXES)}")
        return proposal["value"]

    @traitlets.validate("position")
    def _check_position(self, proposal: dict[str, Any]) -> int:
        last = len(self.trace["events"]) - 1
        if not OVERVIEW <= proposal["value"] <= last:
            raise ValueError(
                f"position={proposal['value']} is no event; events are 0..{last}, and {OVERVIEW} is the whole run"
            )
        return proposal["value"]

    @traitlets.observe("trace")
    def _start_over(self, _: Any) -> None:
        self.position = OVERVIEW

    @property
    def sentence(self) -> str:
        """What the diagram shows, in a few true sentences."""
        return describe(self.trace)

    def describe(self) -> str:
        """Give `sentence`: the text alternative of the diagram."""
        return self.sentence

    def rows(self) -> list[tuple[int, str, str, str]]:
        """Give the text log, one row for each event in the order of ``LOG_COLUMNS``."""
        return log_rows(self.trace)

    def __repr__(self) -> str:
        return f"{self.title}. {self.sentence}"

    def poster(self) -> tuple[bytes, str, int]:
        """Draw the poster: (PNG, its text alternative, its width in pixels)."""
        from dslab.show import spacetime_poster

        return spacetime_poster.png(self.trace, self.axis, self.title), repr(self), spacetime_poster.WIDTH

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the widget, its sentence as text/plain and, where DSLAB_POSTER=1, the poster with the sentence as alt text."""
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data["text/plain"] = repr(self)
        if os.environ.get("DSLAB_POSTER") == "1":
            png, alt, width = self.poster()
            data["image/png"] = base64.b64encode(png).decode("ascii")
            metadata = metadata | {"image/png": {"alt": alt, "width": width}}
        return data, metadata

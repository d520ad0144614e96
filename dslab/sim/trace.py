"""A trace: what happened in one run, as plain data that can be stored, compared, drawn and checked.

| word      | meaning                                                                                          |
|-----------|--------------------------------------------------------------------------------------------------|
| lane      | one line of the diagram: a client, a cache, a store                                              |
| event     | something that happened on a lane at a time (integer microseconds); its id is its place in order |
| cause     | an earlier event that this one follows directly: the last one of its lane, or the send it received |
| message   | a send event, perhaps a receive event, and what was carried                                      |
| operation | a call that a client saw begin and, perhaps, end: ok, fail, info (unknown) or still open         |
| fault     | something bad that the world did to lanes, from a time to a time                                 |
| verdict   | a named invariant that was found violated at an event                                            |

Happened-before is the transitive closure of ``causes``: `Trace.past`, `Trace.future`, `Trace.concurrent`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

VERSION = 1
EVENT_KINDS = (
    "start", "step", "send", "receive", "timer", "invoke", "return", "crash", "restart", "fault", "note", "end",
)  # fmt: skip
_PARTS = {
    "lanes": list,
    "events": list,
    "messages": list,
    "operations": list,
    "faults": list,
    "verdicts": list,
    "meta": dict,
}


@dataclass
class Trace:
    """One run as plain JSON data: lanes, events, messages, operations, faults, verdicts (see the table above)."""

    scenario: str = ""
    seed: int = 0
    lanes: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    operations: list[dict[str, Any]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give the whole trace as a dict that `json.dumps` takes; `from_json` is its inverse."""
        head = {"version": VERSION, "scenario": self.scenario, "seed": self.seed}
        return head | {part: getattr(self, part) for part in _PARTS}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Trace:
        """Rebuild a trace from `to_json`.

        Raises ValueError where the data is no trace, is of a newer version, or its events are out of order.
        """
        if not isinstance(data, dict) or "version" not in data:
            raise ValueError('this is not a trace: a trace is a dict with a "version", "lanes" and "events"')
        if data["version"] != VERSION:
            raise ValueError(
                f"this trace is of version {data['version']!r}; this dslab reads version {VERSION}"
            )
        for part, kind in _PARTS.items():
            if not isinstance(data.get(part, kind()), kind):
                raise ValueError(
                    f'the trace\'s "{part}" must be a {kind.__name__}, not {type(data[part]).__name__}'
                )
        trace = cls(
            data.get("scenario", ""),
            data.get("seed", 0),
            **{part: data.get(part, kind()) for part, kind in _PARTS.items()},
        )
        trace._check()
        return trace

    def _check(self) -> None:
        lanes = {lane["id"] for lane in self.lanes}
        before = 0
        for place, event in enumerate(self.events):
            if event.get("id") != place:
                raise ValueError(
                    f"event {event.get('id')!r} stands at place {place}; ids must count 0, 1, 2 ..."
                )
            if event.get("lane") not in lanes:
                raise ValueError(
                    f"event {place} is on lane {event.get('lane')!r}; the lanes are {', '.join(sorted(lanes)) or 'none'}"
                )
            if event.get("kind") not in EVENT_KINDS:
                raise ValueError(
                    f"event {place} is of kind {event.get('kind')!r}; kinds are {', '.join(EVENT_KINDS)}"
                )
            if event["t"] < before:
                raise ValueError(
                    f"event {place} happens at {event['t']} µs, before its predecessor at {before} µs; time never runs back"
                )
            if any(not 0 <= cause < place for cause in event["causes"]):
                raise ValueError(
                    f"event {place} has causes {event['causes']}; a cause must be an earlier event"
                )
            before = event["t"]

    def digest(self) -> str:
        """Give the SHA-256 of the canonical JSON: equal digests mean equal runs."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def past(self, event: int) -> set[int]:
        """Give the ids of all events that happened before ``event`` (its causal past, itself excluded)."""
        found: set[int] = set()
        todo = list(self.events[event]["causes"])
        while todo:
            cause = todo.pop()
            if cause not in found:
                found.add(cause)
                todo.extend(self.events[cause]["causes"])
        return found

    def future(self, event: int) -> set[int]:
        """Give the ids of all events that ``event`` happened before (its causal future, itself excluded)."""
        reached = {event}
        for later in self.events[event + 1 :]:
            if reached.intersection(later["causes"]):
                reached.add(later["id"])
        return reached - {event}

    def concurrent(self, event: int) -> set[int]:
        """Give the ids of all events that neither happened before ``event`` nor after it."""
        return set(range(len(self.events))) - self.past(event) - self.future(event) - {event}

    def lane_events(self, lane: str) -> list[dict[str, Any]]:
        """Give the events of one lane in order."""
        return [event for event in self.events if event["lane"] == lane]

    def states(self, event: int) -> dict[str, dict[str, Any]]:
        """Give the state of every lane just after ``event``: lane id to its last recorded state."""
        known: dict[str, dict[str, Any]] = {}
        for earlier in self.events[: event + 1]:
            if "state" in earlier:
                known[earlier["lane"]] = earlier["state"]
        return known

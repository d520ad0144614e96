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

import copy
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

VERSION = 1
EVENT_KINDS = (
    "start", "step", "send", "receive", "timer", "invoke", "return", "crash", "restart", "fault", "note", "end",
)  # fmt: skip
_REFERENCES = {  # what names an event, and whether it must
    "messages": {"sent": True, "received": False},
    "operations": {"invoked": True, "returned": False},
    "verdicts": {"event": True},
}
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

        The trace shares nothing with ``data``. Raises ValueError, saying what is wrong where, if the data is no trace, is of a
        newer version, or does not hang together (ids, times, causes, lanes, messages, operations).
        """
        if not isinstance(data, dict) or "version" not in data:
            raise ValueError('this is not a trace: a trace is a dict with a "version", "lanes" and "events"')
        version = data["version"]
        if not isinstance(version, int) or version != VERSION:
            newer = isinstance(version, int) and version > VERSION
            raise ValueError(
                f"this trace is of version {version!r}; this dslab reads version {VERSION}"
                + ("; a newer dslab made it: update dslab" if newer else "")
            )
        for part, kind in _PARTS.items():
            if not isinstance(data.get(part, kind()), kind):
                raise ValueError(
                    f'the trace\'s "{part}" must be a {kind.__name__}, not {type(data[part]).__name__}'
                )
        parts = {part: copy.deepcopy(data.get(part, kind())) for part, kind in _PARTS.items()}
        trace = cls(data.get("scenario", ""), data.get("seed", 0), **parts)
        trace._check()
        return trace

    def _check(self) -> None:
        for part in ("lanes", "events", "messages", "operations", "faults", "verdicts"):
            for place, entry in enumerate(getattr(self, part)):
                if not isinstance(entry, dict):
                    raise ValueError(
                        f"place {place} of the trace's {part} holds {entry!r}; it must hold a dict"
                    )
        lanes = [lane.get("id") for lane in self.lanes]
        if any(not isinstance(lane, str) for lane in lanes) or len(set(lanes)) < len(lanes):
            raise ValueError(f"each lane needs an id of its own, a text; the ids are {lanes}")
        before = 0
        for place, event in enumerate(self.events):
            before = self._check_event(place, event, set(lanes), before)
        for place, message in enumerate(self.messages):
            if message.get("src") not in lanes or message.get("dst") not in lanes:
                raise ValueError(
                    f"message {place} goes from {message.get('src')!r} to {message.get('dst')!r}; the lanes are {', '.join(lanes)}"
                )
        for part, references in _REFERENCES.items():
            for place, entry in enumerate(getattr(self, part)):
                self._check_references(part, place, entry, references)

    def _check_event(self, place: int, event: dict[str, Any], lanes: set[str], before: int) -> int:
        time, causes = event.get("t"), event.get("causes")
        if event.get("id") != place:
            raise ValueError(f"event {event.get('id')!r} stands at place {place}; ids must count 0, 1, 2 ...")
        if event.get("lane") not in lanes:
            known = ", ".join(sorted(lanes)) or "none"
            raise ValueError(f"event {place} is on lane {event.get('lane')!r}; the lanes are {known}")
        if event.get("kind") not in EVENT_KINDS:
            raise ValueError(
                f"event {place} is of kind {event.get('kind')!r}; kinds are {', '.join(EVENT_KINDS)}"
            )
        if not isinstance(time, int) or time < before:
            why = (
                f"before its predecessor at {before} µs; time never runs back"
                if isinstance(time, int)
                else "which is no whole number"
            )
            raise ValueError(f"event {place} happens at {time!r} µs, {why}")
        if not isinstance(causes, list) or any(
            not isinstance(cause, int) or not 0 <= cause < place for cause in causes
        ):
            raise ValueError(
                f"event {place} has causes {causes!r}; they must be a list of ids of earlier events"
            )
        return time

    def _check_references(
        self, part: str, place: int, entry: dict[str, Any], references: dict[str, bool]
    ) -> None:
        for name, needed in references.items():
            event = entry.get(name)
            if event is None and not needed:
                continue
            if not isinstance(event, int) or not 0 <= event < len(self.events):
                one = part.removesuffix("s")
                raise ValueError(
                    f'{one} {place} has "{name}" {event!r}; there are {len(self.events)} events, numbered from 0'
                )

    def digest(self) -> str:
        """Give the SHA-256 of the canonical JSON: equal digests mean equal runs."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def past(self, event: int) -> set[int]:
        """Give the ids of all events that happened before ``event`` (its causal past, itself excluded).

        IndexError, here and below, where there is no such event.
        """
        found: set[int] = set()
        todo = list(self._event(event)["causes"])
        while todo:
            cause = todo.pop()
            if cause not in found:
                found.add(cause)
                todo.extend(self.events[cause]["causes"])
        return found

    def _event(self, id: int) -> dict[str, Any]:
        if not isinstance(id, int) or not 0 <= id < len(self.events):
            raise IndexError(f"there is no event {id!r}; this trace has {len(self.events)}, numbered from 0")
        return self.events[id]

    def future(self, event: int) -> set[int]:
        """Give the ids of all events that ``event`` happened before (its causal future, itself excluded)."""
        reached = {self._event(event)["id"]}
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
        for earlier in self.events[: self._event(event)["id"] + 1]:
            if "state" in earlier:
                known[earlier["lane"]] = earlier["state"]
        return known

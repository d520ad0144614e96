"""Recording: turns what a world does into a Trace. With no recorder, nothing here runs.

Every event knows its direct causes: the event before it on its lane, the send it received, the event that woke it.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from dslab.sim.clocks import stamp
from dslab.sim.trace import Trace

if TYPE_CHECKING:
    from dslab.sim.actor import Actor
    from dslab.sim.node import Delivery
    from dslab.sim.world import World

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+>")


def plain(value: Any) -> Any:
    """Give ``value`` as JSON data: dataclasses that say how they read (``__str__``) as text, others as dicts, sets sorted."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=repr)
    if is_dataclass(value) and type(value).__str__ is object.__str__:
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    text = str(value)
    if _ADDRESS.search(text):  # another one in each run
        raise TypeError(
            f"a trace holds plain data; {type(value).__name__} needs a __str__ that says how it reads"
        )
    return text


class Recorder:
    """Builds the Trace of one world while it runs."""

    def __init__(self, world: World, clocks: bool = False) -> None:
        self.world, self.clocks = world, clocks
        self.trace = Trace(scenario=world.name, seed=world.seed)
        self._last: dict[str, int] = {}  # lane to its last event
        self._first: dict[str, int] = {}  # lane to its first event of this action
        self._state: dict[str, Any] = {}
        self._calls: dict[int, int] = {}  # operation to its place in the trace
        self._learnt: dict[str, list[int]] = {}  # lane to events it saw the traces of, for its next event
        self._begun = False

    # -- events -------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Open the lanes of the nodes there are; done once, when the first thing happens."""
        if self._begun:
            return
        self._begun = True
        for node in self.world.nodes.values():
            self._open(node.id)
        self.settle(None)

    def _open(self, lane: str) -> None:
        node = self.world.nodes.get(lane)
        self.trace.lanes.append(
            {"id": lane, "label": node.label if node else lane, "kind": node.kind if node else "process"}
        )
        self._add(lane, "start", "starts", {})

    def event(self, lane: str, kind: str, label: str, causes: tuple[int, ...] = (), **more: Any) -> int:
        """Record one event and give its id."""
        self.begin()
        if lane not in self._last:
            self._open(lane)
        return self._add(lane, kind, label, more, causes)

    def _add(
        self, lane: str, kind: str, label: str, more: dict[str, Any], causes: tuple[int, ...] = ()
    ) -> int:
        events, id = self.trace.events, len(self.trace.events)
        known = {*causes, *self._learnt.pop(lane, ())}
        if lane in self._last:
            known.add(self._last[lane])
        event = {
            "id": id,
            "t": self.world.now,
            "lane": lane,
            "kind": kind,
            "label": label,
            "causes": sorted(known),
        }
        events.append(event | {key: value for key, value in more.items() if value is not None})
        self._last[lane] = id
        self._first.setdefault(lane, id)
        if self.clocks:
            node = self.world.nodes.get(lane)
            stamp(events, id, node.clock() if node else self.world.now)
        return id

    def last_event(self, who: Any) -> int | None:
        """Give the last event on the lane of an actor, message or timer, if there is one."""
        return self._last.get(getattr(who, "lane", ""))

    def learns(self, who: Any, cause: int) -> None:
        """Note that whoever runs has seen what event ``cause`` left behind; the next event of its lane says so."""
        lane = getattr(who, "lane", "")
        if lane and self.trace.events[cause]["lane"] != lane:
            self._learnt.setdefault(lane, []).append(cause)

    def resumed(self, actor: Actor) -> None:
        """Record that an actor goes on, unless an event of its lane in this very action says so already."""
        self.begin()
        cause, actor.cause = actor.cause, None
        foreign = cause is not None and self.trace.events[cause]["lane"] != actor.lane
        if not foreign and (
            actor.lane in self._first or (actor.label == "start" and actor.lane in self._last)
        ):
            return
        self.event(actor.lane, "step", actor.label, (cause,) if foreign else ())

    def open(self) -> None:
        """Begin one action: what was recorded outside of any (while the world was built) is over."""
        self.begin()
        if self._first:
            self.settle(None)

    def settle(self, actor: Any) -> None:
        """End one action of ``actor``: each lane whose state changed gets it on its first event of the action."""
        self.begin()
        for lane, node in self.world.nodes.items():
            state = plain(node.state)
            if state != self._state.get(lane):
                touched = self._first.get(lane)
                if touched is None:
                    cause = self.last_event(actor)
                    touched = self.event(lane, "step", "changed", () if cause is None else (cause,))
                self._state[lane] = state
                self.trace.events[touched]["state"] = state
        self._first.clear()

    # -- messages -----------------------------------------------------------------------------------

    def sent(self, message: Delivery) -> None:
        """Record a send."""
        self.begin()
        if message.lane not in self._last:  # a node that came later
            self._open(message.lane)
        message.id = len(self.trace.messages)
        label = f"{message.name} {_arguments(message.payload)}".strip()
        event = self.event(message.src, "send", f"{label} → {message.node.id}", message=message.id)
        self.trace.messages.append({
            "id": message.id, "src": message.src, "dst": message.node.id, "label": label, "payload": plain(message.payload),
            "sent": event, "received": None, "status": "in flight",
        })  # fmt: skip

    def received(self, message: Delivery) -> None:
        """Record a delivery; a second delivery of the same message (a duplicate) becomes a message of its own."""
        entry = self.trace.messages[message.id]
        if entry["received"] is not None:
            entry = entry | {"id": len(self.trace.messages), "copy_of": message.id}
            self.trace.messages.append(entry)
        label = f"{entry['label']} from {message.src}"
        entry["received"] = self.event(
            message.node.id, "receive", label, (entry["sent"],), message=entry["id"]
        )
        entry["status"] = "delivered"

    def lost(self, message: Delivery) -> None:
        """Record that a message will never arrive."""
        entry = self.trace.messages[message.id]
        if entry["received"] is None:
            entry["status"] = "lost"

    # -- operations and faults ------------------------------------------------------------------------

    def invoked(self, operation: dict[str, Any]) -> None:
        """Record that a client begins an operation."""
        place = self._calls[operation["id"]] = len(self.trace.operations)
        label = f"{operation['name']} {_arguments(operation['argument'])}".strip()
        event = self.event(operation["lane"], "invoke", label, operation=place)
        entry = {key: operation[key] for key in ("lane", "name", "status")}
        argument = plain(operation["argument"])
        self.trace.operations.append(
            {"id": place, **entry, "argument": argument, "invoked": event, "returned": None, "value": None}
        )

    def returned(self, operation: dict[str, Any]) -> None:
        """Record that an operation ends."""
        place = self._calls.get(operation["id"])
        if place is None:  # it began before recording did
            return
        value, status = plain(operation["value"]), operation["status"]
        label = f"{operation['name']} {status}" + ("" if value is None else f": {value}")
        event = self.event(operation["lane"], "return", label, operation=place)
        self.trace.operations[place].update(returned=event, status=status, value=value)

    def fault_begins(self, kind: str, lanes: list[str], label: str) -> None:
        """Open a fault band."""
        self.begin()
        self.trace.faults.append(
            {"kind": kind, "lanes": lanes, "from": self.world.now, "to": None, "label": label}
        )

    def fault_ends(self, kind: str, lanes: list[str]) -> None:
        """Close the open fault bands of that kind on those lanes."""
        for fault in self.trace.faults:
            if fault["kind"] == kind and fault["lanes"] == lanes and fault["to"] is None:
                fault["to"] = self.world.now

    def verdict(self, invariant: str, sentence: str, explanation: str) -> None:
        """Mark an invariant as violated at the last event so far."""
        at = len(self.trace.events) - 1
        self.trace.verdicts.append(
            {"invariant": invariant, "sentence": sentence, "explanation": explanation, "event": at}
        )


def _arguments(argument: dict[str, Any]) -> str:
    """Write arguments as they read on an arrow: values only, lists as words, nothing for None and switches."""
    return " ".join(word for value in argument.values() for word in _words(plain(value)))


def _words(value: Any) -> list[str]:
    if isinstance(value, list):
        return [word for part in value for word in _words(part)]
    return [] if value is None or isinstance(value, bool) else [str(value)]

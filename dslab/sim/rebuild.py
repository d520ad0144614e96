"""Rebuilding logical clocks from the log of a real system: what follows from it, what does not fit, and a Trace to look at.

The log is a `dslab.sim.logs.Log`, or its text. Each event's *direct causes* are the event before it on its host and those
it heard from; from these follow happened-before, Lamport's numbers and vector clocks, as for any Trace. See
`dslab.sim.logs` for how a log says who heard from whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any

from dslab.sim.clocks import merged
from dslab.sim.logs import Log, LogEvent, read_log
from dslab.sim.trace import Trace


def check_log(log: Log | str | Iterable[LogEvent]) -> list[str]:
    """Give a sentence for everything that cannot be so, or that does not follow from the rest; none where all is well.

    A receive with no send, an event that comes before its own cause, an own entry that skips or goes back, a clock that forgets
    what its host knew, knows events that are not in the log, or misses what it must have heard.
    """
    return _Rebuilt(_as_log(log)).problems


def clocks_of_log(log: Log | str | Iterable[LogEvent], strict: bool = True) -> list[dict[str, Any]]:
    """Give Lamport's number and the vector clock of every event, in the order of the log: ``{"lamport": 4, "vector": {...}}``.

    Raises ValueError where `check_log` finds something (all of it in one message); with ``strict`` False only where the events
    have no order at all.
    """
    return _Rebuilt(_as_log(log)).require(strict).clocks


def causes_of_log(log: Log | str | Iterable[LogEvent], strict: bool = True) -> list[list[int]]:
    """Give the direct causes of every event as places in the log. ValueError as `clocks_of_log`."""
    return _Rebuilt(_as_log(log)).require(strict).causes


def trace_of_log(log: Log | str | Iterable[LogEvent], name: str = "", strict: bool = True) -> Trace:
    """Make a Trace of a log, with its rebuilt clocks, for the space-time diagram.

    One lane for each host; events in an order in which causes come first; a message for each thing heard. ``t`` is the wall
    clock of the log in microseconds from its first event, moved on where an effect would come before its cause, or
    Lamport's number where the log tells no times. ValueError as `clocks_of_log`; with ``strict`` False the sentences are in
    ``trace.meta["problems"]``.
    """
    known = _as_log(log)
    return _trace(_Rebuilt(known).require(strict), name or known.name)


def _as_log(log: Log | str | Iterable[LogEvent]) -> Log:
    if isinstance(log, str):
        log = read_log(log)
    elif not isinstance(log, Log):
        log = Log(tuple(log))
    if not log.events:
        raise ValueError("there is no event in this log, so there is nothing to rebuild")
    return log


class _Rebuilt:
    """Causes, order and clocks of a log, and what is wrong with it. Places count from 0 in the order of the log."""

    def __init__(self, log: Log) -> None:
        self.log, self.events = log, log.events
        self.problems: list[str] = []
        self.hosts: dict[str, list[int]] = {}
        for place, event in enumerate(self.events):
            self.hosts.setdefault(event.host, []).append(place)
        self.causes: list[list[int]] = [[] for _ in self.events]
        by_message = any(event.sends or event.receives for event in self.events)
        if not by_message and any(event.clock is None for event in self.events):
            place = next(place for place, event in enumerate(self.events) if event.clock is None)
            raise ValueError(
                f"{self.where(place)} has neither a clock nor a message, so its place cannot be told from this log"
            )
        for place, cause in self._by_messages() if by_message else self._by_clocks():
            self.causes[place].append(cause)
        for places in self.hosts.values():
            for before, after in pairwise(places):
                self.causes[after].append(before)
        self.causes = [sorted(set(causes)) for causes in self.causes]
        self.order = self._ordered()
        self.clocks: list[dict[str, Any]] = [{} for _ in self.events]
        for place in self.order:
            self.clocks[place] = self._clock(place)
        if any(event.time_us is None for event in self.events):
            self.order.sort(key=lambda place: (self.clocks[place]["lamport"], place))
        if not self.problems:
            self.problems += self._compared()

    def where(self, place: int) -> str:
        """Say where an event stands, for people."""
        event = self.events[place]
        return f"line {event.line} ({event.host})" if event.line else f"event {place} ({event.host})"

    def require(self, strict: bool) -> _Rebuilt:
        """Give this if it can be used; ValueError with what is wrong where it cannot."""
        if self.lost or (strict and self.problems):
            more = f"\nand {len(self.problems) - 10} more" if len(self.problems) > 10 else ""
            raise ValueError("this log does not hang together:\n" + "\n".join(self.problems[:10]) + more)
        return self

    # -- who heard from whom ------------------------------------------------------------------------------

    def _by_messages(self) -> Iterator[tuple[int, int]]:
        sent: dict[str, int] = {}
        for place, event in enumerate(self.events):
            for message in event.sends:
                if message in sent:
                    self.problems.append(
                        f"message {message!r} is sent twice: {self.where(sent[message])} and {self.where(place)}"
                    )
                sent.setdefault(message, place)
        for place, event in enumerate(self.events):
            for message in event.receives:
                if message not in sent:
                    self.problems.append(
                        f"{self.where(place)} receives message {message!r}, which nobody sends"
                    )
                elif sent[message] != place:
                    yield place, sent[message]
                else:
                    self.problems.append(
                        f"{self.where(place)} sends and receives message {message!r} in one event"
                    )

    def _by_clocks(self) -> Iterator[tuple[int, int]]:
        at: dict[tuple[str, int], int] = {}
        for host, places in self.hosts.items():
            self._check_own(host, places)
            places.sort(key=lambda place: self._own(place))
            at |= {(host, self._own(place)): place for place in reversed(places)}
        for host, places in self.hosts.items():
            known: dict[str, int] = {}
            for place in places:
                clock = self.events[place].clock or {}
                self._check_memory(place, known, clock)
                yield from self._heard(place, host, known, clock, at)
                known = merged(known, clock)

    def _own(self, place: int) -> int:
        event = self.events[place]
        return (event.clock or {}).get(event.host, 0)

    def _check_own(self, host: str, places: list[int]) -> None:
        before = 0
        for place in places:
            own = self._own(place)
            if not own:
                self.problems.append(f"{self.where(place)}: the clock has no entry for {host} itself")
            elif own <= before:
                self.problems.append(f"{self.where(place)}: the own entry goes back, {own} after {before}")
            elif own > before + 1:
                what = f"skips from {before} to {own}" if before else f"begins at {own} instead of 1"
                self.problems.append(f"{self.where(place)}: the own entry {what}")
            before = max(before, own)

    def _check_memory(self, place: int, known: dict[str, int], clock: dict[str, int]) -> None:
        for other, count in known.items():
            if clock.get(other, 0) < count and other != self.events[place].host:
                self.problems.append(
                    f"{self.where(place)}: the clock goes back for {other}, {clock.get(other, 0)} after {count}"
                )

    def _heard(
        self, place: int, host: str, known: dict[str, int], clock: dict[str, int], at: dict
    ) -> list[tuple[int, int]]:
        """Give the events that this one must have heard from: the last known of each host, but those that another one brings along."""
        news = {}
        for other, count in clock.items():
            if other == host or count <= known.get(other, 0):
                continue
            if (other, count) in at:
                news[other] = at[other, count]
            elif other not in self.hosts:
                self.problems.append(
                    f"{self.where(place)}: the clock knows of {other}, a host that is not in this log"
                )
            else:
                last = max(map(self._own, self.hosts[other]))
                self.problems.append(
                    f"{self.where(place)}: the clock knows event {count} of {other}, which has events up to {last}"
                )
        brought = set()
        for other, cause in news.items():
            for third, count in (self.events[cause].clock or {}).items():
                if third != other and third in news and count >= clock[third]:
                    brought.add(third)
        return [
            (place, cause)
            for other, cause in news.items()
            if other not in brought or len(brought) == len(news)
        ]

    # -- what follows -------------------------------------------------------------------------------------

    def _ordered(self) -> list[int]:
        """Give all places with causes first, else by wall clock, else as in the log; note those that have no order."""
        effects: list[list[int]] = [[] for _ in self.events]
        waits = [len(causes) for causes in self.causes]
        for place, causes in enumerate(self.causes):
            for cause in causes:
                effects[cause].append(place)
        ready: list[tuple[int, int]] = []
        for place, left in enumerate(waits):
            if not left:
                heappush(ready, self._rank(place))
        order = []
        while ready:
            place = heappop(ready)[1]
            order.append(place)
            for effect in effects[place]:
                waits[effect] -= 1
                if not waits[effect]:
                    heappush(ready, self._rank(effect))
        self.lost = [place for place, left in enumerate(waits) if left]
        if self.lost:
            circle = " → ".join(self.where(place) for place in self._circle())
            self.problems.append(
                f"these events each come before the next, and the last before the first: {circle}"
            )
        return order

    def _rank(self, place: int) -> tuple[int, int]:
        return self.events[place].time_us or 0, place

    def _circle(self) -> list[int]:
        lost, way = set(self.lost), [self.lost[0]]
        while way[-1] not in way[:-1]:
            way.append(next(cause for cause in self.causes[way[-1]] if cause in lost))
        return way[way.index(way[-1]) : -1][::-1]

    def _clock(self, place: int) -> dict[str, Any]:
        host, causes = self.events[place].host, [self.clocks[cause] for cause in self.causes[place]]
        vector = merged(*(known["vector"] for known in causes))
        vector[host] = vector.get(host, 0) + 1
        return {"lamport": 1 + max((known["lamport"] for known in causes), default=0), "vector": vector}

    def _compared(self) -> Iterator[str]:
        """Compare each clock in the log with the rebuilt one."""
        for place in self.order:
            given, vector = self.events[place].clock, self.clocks[place]["vector"]
            for host in sorted({*vector, *(given or {})}) if given is not None else ():
                says, follows = given.get(host, 0), vector.get(host, 0)
                if says != follows:
                    yield f"{self.where(place)}: the clock says {host} {says}, but what it must have heard of makes it {follows}"


# -- a trace ----------------------------------------------------------------------------------------------


def _trace(rebuilt: _Rebuilt, name: str) -> Trace:
    events, ids = rebuilt.events, {place: id for id, place in enumerate(rebuilt.order)}
    trace = Trace(
        scenario=name, lanes=[{"id": host, "label": host, "kind": "process"} for host in rebuilt.hosts]
    )
    times = _times(rebuilt)
    for id, place in enumerate(rebuilt.order):
        event, causes = events[place], rebuilt.causes[place]
        entry = {
            "id": id, "t": times[id], "lane": event.host, "kind": "step", "label": event.text or "event",
            "causes": sorted(ids[cause] for cause in causes), "clocks": rebuilt.clocks[place],
        }  # fmt: skip
        if event.fields:
            entry["fields"] = event.fields
        trace.events.append(entry)
        for cause in causes:
            if events[cause].host != event.host:
                _message(trace, ids[cause], id)
    if rebuilt.problems:
        trace.meta["problems"] = list(rebuilt.problems)
    if rebuilt.log.skipped:
        trace.meta["skipped"] = [list(line) for line in rebuilt.log.skipped]
    return trace


def _message(trace: Trace, sent: int, received: int) -> None:
    send, receive = trace.events[sent], trace.events[received]
    message = len(trace.messages)
    trace.messages.append({
        "id": message, "src": send["lane"], "dst": receive["lane"], "label": send["label"], "payload": {},
        "sent": sent, "received": received, "status": "delivered",
    })  # fmt: skip
    for event, kind in ((send, "send"), (receive, "receive")):
        if event["kind"] == "step":
            event |= {"kind": kind, "message": message}


def _times(rebuilt: _Rebuilt) -> list[int]:
    """Give the time of each event in order: no effect before its cause, and never back."""
    if any(event.time_us is None for event in rebuilt.events):
        return [rebuilt.clocks[place]["lamport"] for place in rebuilt.order]
    times, last = [], 0
    first = min(event.time_us for event in rebuilt.events)
    for place in rebuilt.order:
        last = max(last, rebuilt.events[place].time_us - first)
        times.append(last)
    return times

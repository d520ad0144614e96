"""Replaying one schedule with a trace: what happened in words, where the surprises were, and what was too late when.

A token is ``name:surprises:check``: the scenario's name, the surprises as place.option joined by "-" (0 for none), and six
hexadecimal digits that tell a token which was cut short or changed.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from dslab.check.invariants import Invariant
from dslab.sim import Driver, Trace, World

Picks = tuple[tuple[int, int], ...]


def make_token(name: str, picks: Picks) -> str:
    """Write a schedule as a short text that `parse_token` reads."""
    text = f"{name}:{'-'.join(f'{place}.{option}' for place, option in picks) or '0'}"
    return f"{text}:{sha256(text.encode()).hexdigest()[:6]}"


def parse_token(token: str, name: str) -> Picks:
    """Read a token of the scenario called ``name``. ValueError where it is no token, is cut short, or is another's."""
    token = token.strip() if isinstance(token, str) else token
    parts = token.rsplit(":", 2) if isinstance(token, str) else []
    if len(parts) != 3:
        raise ValueError(f"{token!r} is no replay token; one looks like {make_token(name, ((7, 1),))!r}")
    if parts[0] != name:
        raise ValueError(f"this token belongs to the scenario {parts[0]!r}, not to {name!r}")
    if sha256(f"{parts[0]}:{parts[1]}".encode()).hexdigest()[:6] != parts[2]:
        raise ValueError(
            f"the token {token!r} was cut short or changed: its check digits do not fit; copy it whole"
        )
    if parts[1] == "0":
        return ()
    return tuple(tuple(int(number) for number in pick.split(".")) for pick in parts[1].split("-"))


class Replay:
    """One schedule, run with a trace. ``broken`` is (invariant, explanation) or None."""

    def __init__(
        self, scenario: Callable[[], World], picks: Picks, invariants: list[Invariant], limit: int
    ) -> None:
        self.scenario, self.picks, self.limit = scenario, picks, limit
        self.name = scenario_name(scenario)
        self.invariants = invariants
        self.steps: list[str] = []
        self.surprises: list[str] = []
        self.first_events: list[int] = []  # of each place: the id of its first event
        self.broken: tuple[Invariant, str] | None = None
        self._run()

    def _run(self) -> None:
        world = self.scenario().record(clocks=True)
        world.name = world.name or self.name
        assert world.recorder is not None
        world.recorder.begin()
        try:
            self._follow(world)
        finally:
            world.close()

    def _follow(self, world: World) -> None:
        driver, todo = Driver(world), dict(self.picks)
        while self.broken is None and len(self.steps) < self.limit:
            options = driver.options()
            place = len(self.steps)
            index = todo.pop(place, 0)
            if not options or (
                options[0].kind == "rest" and not index and not todo
            ):  # rest, unless a fault is to come
                break
            if index >= len(options):
                raise IndexError(
                    f"at place {place} there are {len(options)} options, and none is number {index}"
                )
            self._note(world, options, index)
            driver.take(index)
            self._look(world, "always")
        if todo:
            raise IndexError(
                f"the run ends after {len(self.steps)} events; the schedule wants a choice at {min(todo)}"
            )
        if self.broken is None and driver.finished:
            self._look(world, "eventually")
        self.trace: Trace = world.trace
        if self.broken is not None:
            world.recorder.verdict(self.broken[0].name, self.broken[0].sentence, self.broken[1])

    def _note(self, world: World, options: list, index: int) -> None:
        trace, chosen = world.trace, options[index]
        self.first_events.append(len(trace.events))
        self.steps.append(chosen.label)
        if index:
            label = chosen.label
            if chosen.kind in ("run", "deliver", "timer"):
                label += f", although this was next: {options[0].label}"
            self.surprises.append(label)
            trace.meta.setdefault("surprises", []).append({"event": len(trace.events), "label": label})

    def _look(self, world: World, kind: str) -> None:
        for invariant in self.invariants:
            if invariant.kind == kind and (why := invariant.fault(world)) is not None:
                self.broken = (invariant, why)
                return

    def verdict_fields(self) -> dict[str, Any]:
        """Give the fields of a Verdict that a replayed schedule can fill."""
        fields: dict[str, Any] = {"schedule": tuple(self.steps), "surprises": tuple(self.surprises),
                                      "token": make_token(self.name, self.picks), "trace": self.trace}  # fmt: skip
        if self.broken is not None:
            invariant, why = self.broken
            fields |= {
                "invariant": invariant.name,
                "kind": invariant.kind,
                "sentence": invariant.sentence,
                "explanation": why,
            }
        return fields

    def mark_point_of_no_return(self, invariant: Invariant) -> int | None:
        """Find the event after which no one further surprise (faults aside) was found to avoid the violation.

        Tries every other option at every later place, latest first; gives the event's id and marks it in the trace.
        """
        last = self.picks[-1][0] if self.picks else -1
        for place in range(len(self.steps) - 1, last, -1):
            if self._can_escape(place, invariant):
                return self._mark(place)
        return self._mark(max(last, 0))

    def _mark(self, place: int) -> int | None:
        if place >= len(self.first_events) or not self.trace.events:
            return None
        event = min(self.first_events[place], len(self.trace.events) - 1)
        self.trace.meta["point_of_no_return"] = event
        return event

    def _can_escape(self, place: int, invariant: Invariant) -> bool:
        option = 1
        while True:
            driver = Driver(self.scenario())
            broken: list[bool] = []

            def watch(world: World, broken: list[bool] = broken) -> bool:
                if invariant.kind == "always" and invariant.test(world) is not True:
                    broken.append(True)
                return bool(broken)

            driver.run(self.picks, lambda world, driver=driver: len(driver.counts) >= place)
            entries = driver.entries()
            if option >= len(entries) or entries[option][1] < 0:  # faults come last
                driver.world.close()
                return False
            driver.take(option)
            if not watch(driver.world):
                driver.run((), watch, self.limit)
            if not broken and invariant.kind == "eventually":
                broken += [True] if invariant.fault(driver.world) is not None else []
            driver.world.close()
            if not broken:
                return True
            option += 1


def scenario_name(scenario: Callable) -> str:
    """Give the name of a scenario: its ``name``, else that of its function."""
    return getattr(scenario, "name", None) or getattr(scenario, "__name__", "scenario")


def count(number: int, what: str) -> str:
    """Write a number of things: ``1 surprise``, ``2 surprises``."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")

"""Being the scheduler: pick what happens next, watch the invariants, take picks back. No screen: `dslab.show` draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from dslab.check.invariants import Invariant
from dslab.check.replay import make_token, parse_token, scenario_name
from dslab.sim import Choice, Driver, Trace, World


class Stepper:
    """A scenario that somebody runs one event at a time. Taking back is done by running the shorter schedule again.

    ``scenario`` builds a fresh World each time; ``invariants`` are tested after every event (eventually: at rest).
    """

    def __init__(self, scenario: Callable[[], World], invariants: Iterable[Invariant] = ()) -> None:
        self.scenario, self.invariants = scenario, list(invariants)
        self.name = scenario_name(scenario)
        self.reset()

    def __del__(self) -> None:
        if hasattr(self, "_driver"):
            self._driver.world.close()  # actors that never ran would complain

    def reset(self) -> None:
        """Start again with nothing picked."""
        self._follow([])

    def _follow(self, picks: list[int]) -> None:
        world = self.scenario().record(clocks=True)
        world.name = world.name or self.name
        assert world.recorder is not None
        world.recorder.begin()
        if hasattr(self, "_driver"):
            self._driver.world.close()
        self._driver = Driver(world)
        self._picked: list[int] = []
        self.steps: list[str] = []
        self.violations: list[dict[str, Any]] = []
        self.seen: set[str] = set()
        self._look()
        for index in picks:
            self.pick(index)

    # -- what there is --------------------------------------------------------------------------------

    @property
    def trace(self) -> Trace:
        """What has happened so far."""
        return self._driver.world.trace

    @property
    def finished(self) -> bool:
        """Whether nothing is left to happen but faults."""
        return self._driver.finished

    @property
    def surprises(self) -> int:
        """How many picks so far departed from the default."""
        return sum(index > 0 for index in self._picked)

    @property
    def token(self) -> str:
        """The schedule so far as a text for `load` and `dslab.check.replay`."""
        return make_token(
            self.name, tuple((place, index) for place, index in enumerate(self._picked) if index)
        )

    def choices(self) -> list[Choice]:
        """Give what could happen next, the default first; empty where the run is over."""
        return [choice for choice in self._driver.options() if choice.kind != "rest"]

    # -- going on and back ------------------------------------------------------------------------------

    def pick(self, index: int) -> None:
        """Let the choice with that ``index`` happen. IndexError names the range where there is no such choice."""
        options = self._driver.options()
        least = 1 if options and options[0].kind == "rest" else 0
        if not isinstance(index, int) or not least <= index < len(options):
            raise IndexError(f"there is no choice {index!r} here; pick one of {least}..{len(options) - 1}" if len(options) > least
                             else "nothing is left to happen; undo or reset")  # fmt: skip
        chosen = options[index]
        if index:
            surprise = {"event": len(self.trace.events), "label": chosen.label}
            self.trace.meta.setdefault("surprises", []).append(surprise)
        self._driver.take(index)
        self._picked.append(index)
        self.steps.append(chosen.label)
        self._look()

    def run_on(self, limit: int = 10_000) -> None:
        """Let the default happen until nothing is left (or ``limit`` events have)."""
        while not self.finished and limit:
            self.pick(0)
            limit -= 1

    def undo(self, n: int = 1) -> None:
        """Take the last ``n`` picks back (as many as there are, if fewer)."""
        if n < 0:
            raise ValueError(f"{n} picks cannot be taken back; n must be at least 0")
        self._follow(self._picked[: max(0, len(self._picked) - n)])

    def load(self, token: str) -> None:
        """Follow the schedule of a token up to its last surprise. ValueError, and nothing changed, where it does not fit."""
        wanted = dict(parse_token(token, self.name))
        before = self._picked
        try:
            self._follow([wanted.get(place, 0) for place in range(max(wanted, default=-1) + 1)])
        except IndexError as error:
            self._follow(before)
            raise ValueError(
                f"the token {token!r} does not fit this scenario as it is set now: {error}"
            ) from None

    # -- watching -----------------------------------------------------------------------------------------

    def _look(self) -> None:
        world = self._driver.world
        for invariant in self.invariants:
            if invariant.kind == "sometimes":
                if invariant.fault(world) is None:
                    self.seen.add(invariant.name)
                continue
            if invariant.kind == "eventually" and not self.finished:
                continue
            known = any(found["invariant"] == invariant.name for found in self.violations)
            if not known and (why := invariant.fault(world)) is not None:
                world.recorder.verdict(invariant.name, invariant.sentence, why)
                self.violations.append(self.trace.verdicts[-1] | {"step": len(self.steps)})

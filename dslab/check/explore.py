"""The search: run a scenario under every schedule with 0 surprises, then 1, then 2 ..., until an invariant breaks.

| word      | meaning                                                                                      |
|-----------|----------------------------------------------------------------------------------------------|
| scenario  | a function that builds a World which has not run yet; it must build the same one each time      |
| schedule  | which option was picked at each place; written down as its surprises (see `dslab.sim.driver`)    |
| surprise  | one departure from the default schedule: an actor preempted, a message overtaken, a fault        |
| verdict   | held or violated, by which schedule, and how much was searched                                 |
| token     | a schedule as a short text that a person can paste: ``late fill:7.1-12.2:3fa9c1``                |
| point of no return | the event after which no single further surprise that was tried avoids the violation    |

The first violation found is one with the fewest surprises, so nothing needs to be shrunk. Coroutines cannot be copied, but
a scenario can be built again: each schedule is a fresh run.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from dslab.check.invariants import Invariant, Violation
from dslab.check.replay import Picks, Replay, count, parse_token, scenario_name
from dslab.sim import Driver, Trace, World


@dataclass(frozen=True)
class Scenario:
    """A named way to build a world: ``build()`` gives a fresh one. ``switches`` says how it was set, for people."""

    name: str
    build: Callable[[], World]
    switches: dict[str, Any] = field(default_factory=dict)

    def __call__(self) -> World:
        """Build a fresh world."""
        return self.build()


@dataclass(frozen=True)
class Verdict:
    """What a search found, and how much it searched.

    ``held``: no invariant broke. ``invariant``, ``sentence``, ``explanation``: the one that did. ``schedule``: its events in
    words. ``surprises``: its departures from the default in words. ``searched``: schedules run to the end of a level;
    ``depth``: the number of surprises up to which every schedule was run; ``exhausted``: there are no other schedules;
    ``sampled``: schedules drawn at random beyond that; ``stopped``: why the search ended early ("" if it did not);
    ``cut_short``: runs that did not come to rest; ``token``: replays the schedule; ``point_of_no_return``: an event id.
    """

    scenario: str
    held: bool
    searched: int
    depth: int
    exhausted: bool = False
    sampled: int = 0
    stopped: str = ""
    cut_short: int = 0
    invariant: str = ""
    kind: str = ""
    sentence: str = ""
    explanation: str = ""
    schedule: tuple[str, ...] = ()
    surprises: tuple[str, ...] = ()
    token: str = ""
    trace: Trace | None = None
    point_of_no_return: int | None = None

    @property
    def deviations(self) -> int:
        """How many surprises the schedule found has."""
        return len(self.surprises)

    def describe(self) -> str:
        """Say in a sentence or two what was found and how much was searched; never that anything is correct."""
        if self.held:
            return f"No violation in {self._extent()}."
        if self.kind == "sometimes":
            return f"{self.invariant} never happened in {self._extent()}, so the search shows little: {self.sentence}"
        why = f": {self.explanation.rstrip('.')}" if self.explanation else f"; it says that {self.sentence}"
        number = count(self.deviations, "surprise")
        ran = count(self.searched + self.sampled, "schedule")
        return f"{self.invariant} is violated{why}. Found after {ran}, with {number}."

    def _extent(self) -> str:
        text = count(self.searched, "schedule")
        text += (
            ", which are all there are" if self.exhausted else f" with up to {count(self.depth, 'surprise')}"
        )
        if self.sampled:
            text += f", and {self.sampled:,} sampled with more"
        if self.cut_short:
            text += f"; {count(self.cut_short, 'run')} did not come to rest"
        return text + (f"; {self.stopped}" if self.stopped else "")

    def require(self) -> Verdict:
        """Give this verdict if it held; raise Violation if it did not."""
        if not self.held:
            raise Violation(self)
        return self


def explore(scenario: Callable[[], World], invariants: Iterable[Invariant], deviations: int = 2, budget: int = 20_000,
            seconds: float | None = None, seed: int = 0, limit: int = 10_000) -> Verdict:  # fmt: skip
    """Search the schedules of ``scenario`` for one that breaks an invariant, those with the fewest surprises first.

    ``deviations``: the most surprises in one schedule (at least 0). ``budget``: the most schedules to run; where all schedules
    of the next size do not fit, what is left of it is spent on random ones (``seed``). ``seconds`` ends the search early by
    the wall clock (None: never, so that the verdict is the same everywhere). ``limit``: the most events in one run.
    Raises ValueError for a number out of range or no invariants; what a scenario raises comes out of here.
    """
    search = explore_in_slices(scenario, invariants, deviations, budget, seconds, seed, limit)
    while True:
        try:
            next(search)
        except StopIteration as stop:
            return stop.value


def explore_in_slices(scenario: Callable[[], World], invariants: Iterable[Invariant], deviations: int = 2, budget: int = 20_000,
                      seconds: float | None = None, seed: int = 0, limit: int = 10_000) -> Generator[float, None, Verdict]:  # fmt: skip
    """`explore`, as a generator that yields the share of the budget spent, so that a screen stays alive meanwhile."""
    invariants = list(invariants)
    if not invariants:
        raise ValueError(
            "explore needs at least one invariant to look for; without one nothing could be found"
        )
    for name, value, least in (("deviations", deviations, 0), ("budget", budget, 1), ("limit", limit, 1)):
        if not isinstance(value, int) or value < least:
            raise ValueError(
                f"{name}={value!r} is not possible; it must be a whole number of at least {least}"
            )
    search = _Search(scenario, invariants, limit)
    deadline = None if seconds is None else time.monotonic() + seconds
    level, depth, stopped = [((), 0)], -1, ""
    while level and depth < deviations and not search.found and not stopped:
        size = sum(1 for _ in _children(level)) if depth >= 0 else 1
        if size > budget - search.ran:
            stopped = f"all {size:,} with {count(depth + 1, 'surprise')} did not fit the budget of {budget:,}"
            break
        level, stopped = yield from search.whole_level(level, depth, deadline, budget)
        depth += not stopped and not search.found
    searched = search.ran
    exhausted = not search.found and not stopped and not any(True for _ in _children(level))
    if stopped.startswith("all") and not search.found:
        yield from search.sample(random.Random(seed), depth + 1, deviations, budget, deadline)
    return search.verdict(searched, max(depth, 0), exhausted, stopped)


class _Search:
    """One search: the scenario, what is looked for, what has been seen."""

    def __init__(self, scenario: Callable[[], World], invariants: list[Invariant], limit: int) -> None:
        self.scenario, self.limit = scenario, limit
        self.always = [i for i in invariants if i.kind == "always"]
        self.eventually = [i for i in invariants if i.kind == "eventually"]
        self.unseen = [i for i in invariants if i.kind == "sometimes"]
        self.ran = self.cut_short = self.longest = 0
        self.found: tuple[Picks, Invariant, str] | None = None
        self._broken: list[tuple[Invariant, str]] = []  # of the schedule that is being run
        self._only = self.always[0].test if len(self.always) == 1 else None

    def run(self, picks: Picks) -> list[int]:
        """Run one schedule, note what it breaks, and give the number of options at each place."""
        self.ran += 1
        driver = Driver(self.scenario())
        broken = self._watch(driver, picks)
        if broken is not None:
            self.found = (picks, *broken)
        self.cut_short += driver.cut_short
        if len(driver.counts) > self.longest:
            self.longest = len(driver.counts)
        return driver.counts

    def _watch(
        self, driver: Driver, picks: Iterable[tuple[int, int]], wrap: bool = False
    ) -> tuple[Invariant, str] | None:
        broken = self._broken = []
        try:
            driver.run(picks, self._watcher(), self.limit, wrap)
            if not broken and not driver.cut_short and self.eventually:
                broken += self._at_rest(driver.world)
        finally:
            driver.world.close()
        return broken[0] if broken else None

    def _watcher(self) -> Callable[[World], Any] | None:
        """Give the cheapest function that is true when something broke: it is called after every event of every schedule."""
        if self.unseen or len(self.always) > 1:
            return self._look
        return self._glance if self.always else None

    def _glance(self, world: World) -> bool:
        return self._only(world) is not True and self._look(world)

    def _look(self, world: World) -> bool:
        for invariant in self.always:
            if invariant.test(world) is not True and (why := invariant.fault(world)) is not None:
                self._broken.append((invariant, why))
                return True
        if self.unseen:
            self.unseen = [invariant for invariant in self.unseen if invariant.fault(world) is not None]
        return False

    def _at_rest(self, world: World) -> list[tuple[Invariant, str]]:
        for invariant in self.eventually:
            if (why := invariant.fault(world)) is not None:
                return [(invariant, why)]
        return []

    def whole_level(
        self, level: list, depth: int, deadline: float | None, budget: int
    ) -> Generator[float, None, tuple[list, str]]:
        """Run every schedule that has one surprise more than those of ``level``; give them with their counts of options."""
        ran = []
        for picks in _children(level) if depth >= 0 else [()]:
            counts = self.run(picks)
            if self.found:
                return ran, ""
            ran.append((picks, counts))
            if not self.ran & 127:
                if deadline is not None and time.monotonic() > deadline:
                    return ran, f"the time was up after {self.ran:,} schedules"
                yield self.ran / budget
        return ran, ""

    def sample(
        self, rng: random.Random, least: int, most: int, budget: int, deadline: float | None
    ) -> Iterator[float]:
        """Spend what is left of the budget on random schedules of ``least``..``most`` surprises."""
        while self.ran < budget and not self.found:
            places = sorted(rng.sample(range(self.longest), min(rng.randint(least, most), self.longest)))
            self._sample_one(rng, places)
            if not self.ran & 127:
                if deadline is not None and time.monotonic() > deadline:
                    return
                yield self.ran / budget

    def _sample_one(self, rng: random.Random, places: list[int]) -> None:
        """Run one random schedule: at each of ``places`` any option but the default, as far as there is one."""
        self.ran += 1
        driver = Driver(self.scenario())
        broken = self._watch(driver, [(place, rng.randrange(1 << 16)) for place in places], wrap=True)
        self.cut_short += driver.cut_short
        if broken is not None:
            taken = tuple(pick for pick in driver.taken if pick[1])
            self.found = (self._shorten(taken, broken[0]), *broken)

    def _shorten(self, picks: Picks, invariant: Invariant) -> Picks:
        """Leave out of a sampled schedule every surprise that the violation does not need."""
        left = len(picks) + 1
        while (
            len(picks) < left
        ):  # again until nothing can go: without one surprise another may no longer be needed
            left = len(picks)
            for pick in picks:
                fewer = tuple(other for other in picks if other != pick)
                alone = _Search(self.scenario, [invariant], self.limit)
                with suppress(IndexError):  # without that surprise a later one may not exist
                    alone.run(fewer)
                if alone.found:
                    picks = fewer
        return picks

    def verdict(self, searched: int, depth: int, exhausted: bool, stopped: str) -> Verdict:
        """Say what was found, replaying the schedule with a trace."""
        known = {"scenario": scenario_name(self.scenario), "searched": searched, "depth": depth, "exhausted": exhausted,
                     "sampled": self.ran - searched, "stopped": stopped, "cut_short": self.cut_short}  # fmt: skip
        if self.found:
            picks, invariant, _why = self.found
            run = Replay(self.scenario, picks, [invariant], self.limit)
            known["point_of_no_return"] = run.mark_point_of_no_return(invariant)
            return Verdict(held=False, **known, **run.verdict_fields())
        if self.unseen:
            first = self.unseen[0]
            return Verdict(
                held=False, **known, invariant=first.name, kind=first.kind, sentence=first.sentence
            )
        return Verdict(held=True, **known)


def _children(level: list) -> Iterator[Picks]:
    """Give every schedule that adds one surprise after the last one of a schedule in ``level``."""
    for picks, counts in level:
        for place in range(picks[-1][0] + 1 if picks else 0, len(counts)):
            for option in range(1, counts[place]):
                yield (*picks, (place, option))


def replay(
    scenario: Callable[[], World], token: str, invariants: Iterable[Invariant] = (), limit: int = 10_000
) -> Verdict:
    """Run the one schedule that ``token`` stands for, recording a Trace, and give the verdict on ``invariants``.

    Raises ValueError, in a sentence, where the token is cut short, belongs to another scenario, or asks for an option that
    this scenario, as its switches are set, does not have.
    """
    picks = parse_token(token, scenario_name(scenario))
    try:
        run = Replay(scenario, picks, list(invariants), limit)
    except IndexError as error:
        raise ValueError(
            f"the token {token!r} does not fit {scenario_name(scenario)!r} as it is set now: {error}"
        ) from None
    return Verdict(
        scenario_name(scenario), run.broken is None, searched=1, depth=len(picks), **run.verdict_fields()
    )

"""Limiters with one bug each, and the sentence that every limiter is held to: no span gets more than its formula says.

| word     | meaning                                                                                     |
|----------|----------------------------------------------------------------------------------------------|
| mutant   | a right limiter with one bug                                                                    |
| promise  | `bound` of the limiter that a mutant claims to be, for a moment, for 20 s and for a minute        |

The bugs are the ones that are made: an edge off by one, a bucket that is never full, credit that is saved up, a weight the wrong way
round, a refusal that costs, a fraction thrown away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from dslab.check import Invariant, Scenario, Verdict, always, explore
from dslab.concepts import limiter_anomalies as anomalies
from dslab.concepts.limiter_anomalies import BRIEF_US, LIMIT, TICK_US, WINDOW_US, Switches
from dslab.concepts.limiter_search import bound, most_in_span
from dslab.concepts.limiters import GCRA, Limiter, SlidingCounter, SlidingLog, TokenBucket
from dslab.sim import World


class ForgetsEarly(SlidingLog):
    """The log forgets what is a tick less than a window old."""

    def _advance(self, now: int) -> None:
        self._old = self.window_us - TICK_US
        super()._advance(now)


class OneTooMany(SlidingLog):
    """The log asks whether it is full before it adds, and calls it full one too late."""

    def _take(self, cost: int) -> bool:
        if len(self.times) > self.limit:
            return False
        self.times.append(self._now)
        return True


class NeverFull(TokenBucket):
    """The bucket has no brim: tokens pile up while nobody comes."""

    def _advance(self, now: int) -> None:
        self._full = 1 << 60
        super()._advance(now)


class SavesUp(GCRA):
    """GCRA without the maximum: a TAT in the past is credit."""

    def _advance(self, now: int) -> None:
        if self.tat is None:
            self.tat = now * self._scale


class WeighsTheWrongWay(SlidingCounter):
    """The window before counts by the share of this one that has gone by, not by the share that is left."""

    def _take(self, cost: int) -> bool:
        into = self._now % self.window_us
        fits = self.previous * into + (self.current + cost) * self.window_us <= self.limit * self.window_us
        self.current += cost * fits
        return fits


class ChargesRefusals(TokenBucket):
    """A refused request takes its token as well, below zero."""

    def _take(self, cost: int) -> bool:
        passes = super()._take(cost)
        if not passes:
            self.level -= cost * self.window_us
        return passes


def _promised(world: World) -> bool | str:
    for span, most, name in world.facts.get("promises", ()):
        count = most_in_span(world.facts["gate"].passed, span)
        if count > most:
            return (
                f"{count} passed in less than {span / 1_000_000:g} s; a {name} of this size lets {most} pass"
            )
    return True


def _promises(claims: Limiter) -> list[tuple[int, int, str]]:
    spans = (WINDOW_US,) if isinstance(claims, SlidingCounter) else (1, BRIEF_US, WINDOW_US)
    return [(span, bound(claims, span), claims.name) for span in spans]


KEEPS_ITS_PROMISE = always(
    "KEEPS_ITS_PROMISE", "no span gets more through than the formula of this limiter says", _promised
)


def _make(kind: type[Limiter]) -> Limiter:
    return kind(LIMIT, WINDOW_US, burst=1) if issubclass(kind, TokenBucket | GCRA) else kind(LIMIT, WINDOW_US)


def _build(kind: type[Limiter], claims: type[Limiter], scenario: str) -> World:
    build = anomalies.knocking if scenario == "knocking" else anomalies.arrivals
    world = build(Switches(), _make(kind))
    world.facts["promises"] = _promises(_make(claims))
    return world


def variant(
    name: str, kind: type[Limiter], claims: type[Limiter] | None = None, scenario: str = "arrivals"
) -> Scenario:
    """Give a scenario of a limiter class, held to the promise of the class it ``claims`` to be (itself unless given)."""
    return Scenario(name, partial(_build, kind, claims or kind, scenario))


def search(scenario: Callable[[], World], invariants: list[Invariant], deviations: int = 3) -> Verdict:
    """Search a variant; a test is asked once for each moment and what had passed by then, as that is all it is about."""
    return explore(scenario, [_once(invariant) for invariant in invariants], deviations)


def _once(invariant: Invariant) -> Invariant:
    answers: dict[tuple, bool | str] = {}

    def test(world: World) -> bool | str:
        key = (world.now, world.facts["gate"].asked, *world.facts["gate"].passed)
        if key not in answers:
            answers[key] = invariant.test(world)
        return answers[key]

    return replace(invariant, test=test)

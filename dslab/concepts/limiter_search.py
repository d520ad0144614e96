"""The adversary of a rate limiter: every schedule of arrivals is tried, and the one that gets most through is kept.

| word      | meaning                                                                                               |
|-----------|-------------------------------------------------------------------------------------------------------|
| tick      | the unit of time here; requests come at whole ticks, any number at one tick                              |
| schedule  | how many requests come at each tick                                                                     |
| span      | a stretch of ticks [s, s + span), its end not included                                                  |
| merge     | two schedules after which a limiter remembers the same have the same future, so one of them is enough    |
| bound     | the closed form of the most that any span can get                                                        |

`worst_case` tries all schedules of a small limiter (a window of 8 ticks, say) by going through ticks and keeping, for each state that the limiter can be in,
the schedule that got most through. That is exact: nothing is left out, it is only merged. `bound` is the formula, for
any size; a test holds the two together, and the flood of a large limiter is held to the formula as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import gcd
from typing import Any, NamedTuple

from dslab.concepts.limiters import (
    GCRA,
    FixedWindow,
    LeakyMeter,
    LeakyQueue,
    Limiter,
    SlidingCounter,
    SlidingLog,
    TokenBucket,
    whole,
)


class Worst(NamedTuple):
    """The most that passed in any span; ``arrivals`` that did it as (tick, requests); how much was searched.

    ``schedules``: how many different schedules that covers (0 to L requests at each tick); ``states``: how many states they merged into.
    """

    admitted: int
    arrivals: tuple[tuple[int, int], ...]
    begins: int
    schedules: int
    states: int

    def describe(self) -> str:
        """Say in a sentence what was found and how much was searched."""
        told = ", ".join(f"{count} at {tick}" for tick, count in self.arrivals)
        return f"{self.admitted} in the span that begins at tick {self.begins} ({told}); {self.schedules:,} schedules, merged into {self.states:,} states."


def most_in_span(times: Sequence[int], span: int) -> int:
    """Give the largest number of ``times`` (rising) in any half-open stretch [t, t + span)."""
    return busiest(times, span)[0]


def busiest(times: Sequence[int], span: int) -> tuple[int, int]:
    """Give that number, and the time at which the first such stretch begins (0 where there are no times)."""
    most, at, first = 0, 0, 0
    for last, time in enumerate(times):
        while times[first] <= time - span:
            first += 1
        if last - first + 1 > most:
            most, at = last - first + 1, times[first]
    return most, at


def in_window(times: Sequence[int], span: int, at: Iterable[int]) -> list[int]:
    """Give, for each moment of ``at`` (rising), how many of ``times`` (rising) lie in (moment - span, moment]."""
    counts, first, last = [], 0, 0
    for moment in at:
        while last < len(times) and times[last] <= moment:
            last += 1
        while first < len(times) and times[first] <= moment - span:
            first += 1
        counts.append(last - first)
    return counts


def passed(limiter: Any, arrivals: Iterable[tuple[int, int]]) -> list[int]:
    """Let ``arrivals``, pairs (time, requests), come to a limiter; gives the time of each request that passed."""
    return [time for time, count in arrivals for _ in range(count) if limiter.admit(time)]


def _next(limiter: Limiter, states: dict, tick: int) -> dict:
    """Give what can be remembered after ``tick``, and for each the most that passed, with the arrivals that did it."""
    found: dict[tuple, tuple[int, tuple]] = {}
    for state, (admitted, arrivals) in states.items():
        limiter.load(state)
        for extra in range(limiter.room(tick) + 1):
            now = limiter.state()
            if now not in found or found[now][0] < admitted + extra:
                found[now] = (admitted + extra, (arrivals, tick, extra) if extra else arrivals)
            limiter.admit(tick)
    return found


def worst_case(make: Callable[[], Limiter], span: int, before: int) -> Worst:
    """Search all schedules of ``before`` ticks of preparation and ``span`` ticks that count; the span may begin at any tick in between.

    ``make()`` gives a fresh limiter whose window is a few ticks (more than a dozen with a large limit takes long). Refused requests
    must cost nothing (``refused="free"``): then sending more than there is room for is as good as sending just that.
    """
    span, before = whole(span, "the span"), whole(before, "the preparation", 0)
    limiter = make()
    if getattr(limiter, "refused", "free") != "free":
        raise ValueError(
            'this search takes refused="free"; where refusals are counted, sending too many is a move of its own'
        )
    limiter.room(0)
    prepared, best, seen = {limiter.state(): (0, ())}, (-1, (), 0), set()
    for begins in range(before + 1):
        counting = {state: (0, arrivals) for state, (_, arrivals) in prepared.items()}
        for tick in range(begins, begins + span):
            counting = _next(limiter, counting, tick)
            seen.update(counting)
        admitted, arrivals = max(counting.values(), key=lambda found: found[0])
        if admitted > best[0]:
            best = (admitted, arrivals, begins)
        prepared = {state: (0, arrivals) for state, (_, arrivals) in _next(limiter, prepared, begins).items()}
    return Worst(best[0], _flat(best[1]), best[2], (limiter.limit + 1) ** (before + span), len(seen))


def _flat(arrivals: tuple) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    while arrivals:
        arrivals, tick, count = arrivals
        found.append((tick, count))
    return tuple(reversed(found))


class Difference(NamedTuple):
    """The first schedule found on which two limiters differ (None: none did), and how many pairs of states were compared."""

    arrivals: tuple[int, ...] | None
    pairs: int


def difference(one: Any, other: Any, ticks: int) -> Difference:
    """Search for arrivals (ticks, rising, below ``ticks``) on which two limiters decide differently; the shortest schedule first.

    Both have `admit`, `state` and `load`. All schedules are tried, merged where both limiters remember the same.
    """
    level: dict[tuple, tuple[int, ...]] = {(one.state(), other.state(), 0): ()}
    seen = set(level)
    while level:
        after: dict[tuple, tuple[int, ...]] = {}
        for (first, second, at), arrivals in level.items():
            for tick in range(at, ticks):
                one.load(first)
                other.load(second)
                answers = one.admit(tick), other.admit(tick)
                if answers[0] != answers[1]:
                    return Difference((*arrivals, tick), len(seen))
                if not answers[0]:
                    continue  # a refusal changed nothing
                pair = (one.state(), other.state(), tick)
                if pair not in seen:
                    seen.add(pair)
                    after[pair] = (*arrivals, tick)
        level = after
    return Difference(None, len(seen))


# -- closed forms -----------------------------------------------------------------------------------------


def bound(limiter: Limiter, span: int | None = None) -> int:
    """Give the most units (cost 1 each) that any half-open span can get through, by formula.

    ``span`` in the unit of the limiter's window (microseconds, or ticks of a small one), at least 1; the window unless given. For a `SlidingCounter` only
    the window itself. Raises ValueError for a limiter whose clock may run backwards, or whose refusals are counted.
    """
    window = limiter.window_us
    span = whole(window if span is None else span, "the span")
    if getattr(limiter, "refused", "free") != "free" or limiter.clock != "hold":
        raise ValueError('there is a closed form for refused="free" and clock="hold" only')
    for kind, formula in _FORMULAS.items():
        if isinstance(limiter, kind):
            return formula(limiter, span)
    raise ValueError(f"there is no closed form for a {type(limiter).__name__}")


def _fixed(limiter: FixedWindow, span: int) -> int:
    """L at the end of a window and L at the beginning of the next; aligned to the first hit, that hit opens the window early."""
    borders = -(-(span - 1) // limiter.window_us)
    if limiter.align == "epoch":
        return limiter.limit * (1 + borders)
    return max(limiter.limit * -(-span // limiter.window_us), limiter.limit - 1 + limiter.limit * borders)


def _log(limiter: SlidingLog, span: int) -> int:
    return limiter.limit * -(-span // (limiter.window_us + (limiter.edge == "closed")))


def _counter(limiter: SlidingCounter, span: int) -> int:
    """L at the end of a window; near the end of the next, 2/W of a window before its end, they weigh 2L/W and the rest passes."""
    if span != limiter.window_us or span < 2:
        raise ValueError(
            f"the closed form of a sliding counter is for its own window, {limiter.window_us:,} µs, of at least 2"
        )
    weighs = 2 * limiter.limit
    return 2 * limiter.limit - (weighs // span if limiter.rounding == "floor" else -(-weighs // span))


def _bucket(limiter: TokenBucket, span: int) -> int:
    """B at once, and what comes in between the first and the last moment of the span."""
    limit, window = limiter.limit, limiter.window_us
    gained = limit * (span - 1)
    if limiter.refill == "lost" or (limiter.refill == "lost on pass" and limiter.burst * window < gained):
        raise ValueError(
            "what a bucket that loses fractions admits depends on when somebody asks; there is no closed form"
        )
    if limiter.refill == "window":
        return limiter.burst + min(limit, limiter.burst) * -(-(span - 1) // window)
    if limiter.refill == "whole":  # the next token may be nearly there when the full bucket is emptied
        gained += window - gcd(limit, window)
    return limiter.burst + gained // window


def _meter(limiter: LeakyMeter, span: int) -> int:
    window, gained = limiter.window_us, limiter.limit * (span - 1)
    if limiter.fits == "whole":
        return limiter.capacity + gained // window
    return 1 + (limiter.capacity * window - 1 + gained) // window


def _gcra(limiter: GCRA, span: int) -> int:
    return limiter.burst + (span - 1) * limiter._scale // limiter._step


def _queue(limiter: LeakyQueue, span: int) -> int:
    return limiter.places + 1 + limiter.limit * (span - 1) // limiter.window_us


_FORMULAS: dict[type[Limiter], Callable[[Any, int], int]] = {
    FixedWindow: _fixed, SlidingLog: _log, SlidingCounter: _counter, TokenBucket: _bucket, LeakyMeter: _meter, GCRA: _gcra,
    LeakyQueue: _queue,
}  # fmt: skip

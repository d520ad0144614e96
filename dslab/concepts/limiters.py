"""Rate limiters: five strategies and their kin behind one small protocol that is told what time it is.

| word        | meaning                                                                                             |
|-------------|-----------------------------------------------------------------------------------------------------|
| limit L     | how many units may pass per window                                                                    |
| window W    | a length of time in microseconds; the rate is r = L/W                                                   |
| cost        | how many units a request takes; 1 unless said                                                           |
| admit       | let a request pass; the other answer is to refuse it                                                    |
| now         | the clock, an integer number of microseconds, given with every request; no limiter looks at a clock itself |
| burst B     | how many units a full bucket holds: what may pass at one moment                                         |
| interval T  | time between two units at the rate: T = W/L                                                             |
| TAT         | of GCRA: the theoretical arrival time, when the bucket would be full again                              |
| span        | a stretch of time [t, t + span), its beginning included, its end not                                     |

| limiter           | in plain words                                                                     | remembers         |
|-------------------|--------------------------------------------------------------------------------------|-------------------|
| `FixedWindow`     | count what passed in this window; a new window begins at 0                             | 2 numbers         |
| `SlidingLog`      | keep the time of everything that passed; count those younger than a window             | up to L times     |
| `SlidingCounter`  | count this window, add the share of the last one that the sliding window still covers  | 3 numbers         |
| `TokenBucket`     | a bucket of B tokens, refilled at r; a request takes its cost out                       | 2 numbers         |
| `LeakyMeter`      | a bucket that leaks at r; a request pours its cost in, and must fit                     | 2 numbers         |
| `LeakyQueue`      | a queue that lets one unit out every T; a request waits, or finds the queue full        | 1 number          |
| `GCRA`            | the same bucket, remembered as the one moment when it will be full again                | 1 number          |

The protocol: `Limiter.admit` decides and remembers; `decide` says more; `room` and `retry_after_us` look and change nothing
that matters; `state` and `load` are for a search that goes back in time.

What holds for all of them:
* All arithmetic is in whole numbers, so a decision never hangs on rounding: levels are counted in units of 1/W of a token.
* Whatever happens exactly on time conforms: a token that becomes whole at t can be taken at t, a window [t, t + W) ends before t + W.
* A refused request costs nothing, unless a limiter has ``refused`` and it is "counted".
* A request is admitted whole or not at all; one that costs more than can ever fit is refused for ever (`retry_after_us` gives None).
* A cost of 0 asks whether a request of no size would pass; it changes nothing.
* ``clock="hold"``: if ``now`` is before the latest time seen, the latest time counts (a clock does not run backwards).
  ``clock="follow"``: the limiter believes what it is told, as many scripts do; `limiter_anomalies` shows what that costs.

Which settings decide as published libraries do (each compared on thousands of random arrivals, with no difference where their floating point is exact):

| library                                             | settings here                                                                     |
|-----------------------------------------------------|-----------------------------------------------------------------------------------|
| limits 5.8.0, fixed window                            | ``FixedWindow(align="first", refused="counted")``                                   |
| limits 5.8.0, moving window; pyrate-limiter 4.5.1      | ``SlidingLog(edge="closed")``                                                      |
| limits 5.8.0, sliding window counter                   | ``SlidingCounter(rounding="floor")``                                               |
| aiolimiter 1.3.0 (``has_capacity``)                    | ``LeakyMeter()``                                                                   |
| token-bucket 0.4.0                                    | ``TokenBucket()``                                                                  |
| throttled-py 3.5.0, GCRA                               | ``GCRA()``                                                                         |
| throttled-py 3.5.0, fixed window                       | ``Coarse(FixedWindow(refused="counted"), 1_000_000)``                               |
| throttled-py 3.5.0, token bucket, leaking bucket        | ``Coarse(TokenBucket(refill="lost on pass"), 1_000_000)``                           |
"""

from __future__ import annotations

from typing import Any

from dslab.concepts.limiter_buckets import GCRA, LeakyMeter, LeakyQueue, TokenBucket
from dslab.concepts.limiter_protocol import CLOCKS, MINUTE_US, Decision, Limiter, whole, word
from dslab.concepts.limiter_windows import FixedWindow, SlidingCounter, SlidingLog

__all__ = [
    "CLOCKS", "Coarse", "Decision", "FixedWindow", "GCRA", "LIMITERS", "LeakyMeter", "LeakyQueue", "Limiter", "MINUTE_US", "SlidingCounter",
    "SlidingLog", "TokenBucket", "make", "run", "whole", "word",
]  # fmt: skip


class Coarse:
    """A limiter whose clock only shows whole ticks: ``now`` is rounded down to a multiple of ``tick_us``.

    Many real ones are like that: a script that is given whole seconds, a server that counts milliseconds.
    """

    def __init__(self, limiter: Limiter, tick_us: int) -> None:
        self.limiter, self.tick_us = limiter, whole(tick_us, "the tick in microseconds")

    def admit(self, now_us: int, cost: int = 1) -> bool:
        """Decide as the limiter does at the last tick."""
        return self.limiter.admit(now_us - now_us % self.tick_us, cost)


LIMITERS: dict[str, type[Limiter]] = {
    kind.name: kind
    for kind in (FixedWindow, SlidingLog, SlidingCounter, TokenBucket, LeakyMeter, LeakyQueue, GCRA)
}


def make(name: str, limit: int, window_us: int = MINUTE_US, **conventions: Any) -> Limiter:
    """Make a limiter by its name (`LIMITERS`); ``conventions`` are its own parameters.

    ValueError names the limiters, or the conventions, where there is no such one.
    """
    if name not in LIMITERS:
        raise ValueError(f"there is no limiter {name!r}; there are {', '.join(LIMITERS)}")
    kind = LIMITERS[name]
    known = kind.__init__.__code__.co_varnames[3 : kind.__init__.__code__.co_argcount]
    for given in conventions:
        if given not in known:
            raise ValueError(f"a {name} has no {given!r}; it has {', '.join(known)}")
    return kind(limit, window_us, **conventions)


def run(limiter: Limiter | Coarse, times_us: list[int]) -> list[bool]:
    """Let requests of cost 1 come at ``times_us`` (in the order given); gives the decisions."""
    admit = limiter.admit
    return [admit(time) for time in times_us]

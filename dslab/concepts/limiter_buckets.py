"""Limiters that keep a level: token bucket, leaky bucket as meter and as queue, and GCRA.

| word   | meaning                                                                                               |
|--------|---------------------------------------------------------------------------------------------------------|
| level  | how full the bucket is, in units of 1/W of a token, so that all arithmetic is in whole numbers               |
| beat   | how far the next whole token has come, where only whole ones are added                                       |
| T      | the interval between two units at the rate: W/L                                                            |
| TAT    | theoretical arrival time: when the bucket would be full again                                               |

The protocol and the conventions that hold for all limiters stand in `dslab.concepts.limiters`.
"""

from __future__ import annotations

from dslab.concepts.limiter_protocol import MINUTE_US, Limiter, whole, word


class TokenBucket(Limiter):
    """A bucket of at most ``burst`` tokens (default: the limit), full at first; L tokens come in each window.

    ``refill``: "continuous": fractions of a token are kept, so the bucket's level is min(B, level + r * dt), exactly;
    "whole": only whole tokens are added, on a beat of one each T that goes on while the bucket is full (``align``: the beat counts from the epoch
    or from the first request); "lost": whole tokens only, and the fraction is thrown away at each look (a bug, and a common one);
    "lost on pass": the same, but only when a request passes, so who is refused loses nothing by asking;
    "window": L tokens at once at each multiple of W (``align`` as before), never above B.
    """

    name = "token bucket"
    remembers = 2  # level and time; with whole tokens the beat as well
    _kept = ("level", "beat")
    REFILLS = ("continuous", "whole", "lost", "lost on pass", "window")

    def __init__(
        self, limit: int, window_us: int = MINUTE_US, burst: int | None = None, refill: str = "continuous",
        align: str = "first", clock: str = "hold",
    ) -> None:  # fmt: skip
        super().__init__(limit, window_us, clock)
        self.burst = whole(self.limit if burst is None else burst, "the burst")
        self.refill, self.align = (
            word(refill, self.REFILLS, "refill"),
            word(align, ("epoch", "first"), "align"),
        )
        self.level = self._full = self.burst * self.window_us  # in units of 1/W of a token
        self.beat = 0  # how far the next whole token (or window) has come, in units of 1/W

    def _advance(self, now: int) -> None:
        passed = max(0, now - self._now) if self._now is not None else self._before(now)
        gained = passed * (1 if self.refill == "window" else self.limit)
        if self.refill != "continuous":
            whole_units, self.beat = divmod(self.beat + gained, self.window_us)
            gained = whole_units * self.window_us * (self.limit if self.refill == "window" else 1)
            self.beat = 0 if self.refill == "lost" else self.beat
        self.level = min(self._full, self.level + gained)

    def _before(self, now: int) -> int:
        """Give how much time has passed before the first look: none, or since the last window of the epoch began."""
        return now % self.window_us if self.align == "epoch" else 0

    def _take(self, cost: int) -> bool:
        if self.level < cost * self.window_us:
            return False
        self.level -= cost * self.window_us
        if self.refill == "lost on pass" and cost:
            self.beat = 0
        return True

    def _room(self) -> int:
        return self.level // self.window_us

    def _wait(self, cost: int) -> int | None:
        if cost > self.burst:
            return None
        missing = cost * self.window_us - self.level
        if missing <= 0:
            return 0
        if self.refill == "window":
            steps = -(-missing // (self.limit * self.window_us))
            return steps * self.window_us - self.beat
        return -(-(missing - self.beat) // self.limit)


class LeakyMeter(Limiter):
    """A bucket that holds ``capacity`` units (default: the limit) and leaks L in each window; a request pours its cost in.

    ``fits``: "whole": what is in the bucket after the request must not exceed the capacity; the decisions are those of a
    `TokenBucket` of that size. "any room": it is enough that the bucket is not full *before* the request, so the last one may overflow.
    """

    name = "leaky meter"
    remembers = 2
    _kept = ("level",)

    def __init__(
        self, limit: int, window_us: int = MINUTE_US, capacity: int | None = None, fits: str = "whole", clock: str = "hold"
    ) -> None:  # fmt: skip
        super().__init__(limit, window_us, clock)
        self.capacity = whole(self.limit if capacity is None else capacity, "the capacity")
        self.fits = word(fits, ("whole", "any room"), "fits")
        self._brim = self.capacity * self.window_us
        self.level = 0  # in units of 1/W

    def _advance(self, now: int) -> None:
        if self._now is not None and now > self._now:
            self.level = max(0, self.level - (now - self._now) * self.limit)

    def _take(self, cost: int) -> bool:
        poured = cost * self.window_us
        fits = self.level + poured <= self._brim if self.fits == "whole" else self.level < self._brim
        if fits:
            self.level += poured
        return fits

    def _room(self) -> int:
        left = max(0, self._brim - self.level)
        return left // self.window_us if self.fits == "whole" else -(-left // self.window_us)

    def _wait(self, cost: int) -> int | None:
        if self.fits == "whole":
            return (
                None
                if cost > self.capacity
                else max(0, -(-(self.level + cost * self.window_us - self._brim) // self.limit))
            )
        return max(0, (self.level - self._brim) // self.limit + 1)


class GCRA(Limiter):
    """The generic cell rate algorithm: a token bucket that remembers one moment, the theoretical arrival time (TAT).

    A request moves the TAT by cost * T, from now or from where it is, whichever is later, and passes if it is then at most B * T ahead
    (``burst`` is B; the limit unless given).
    That is ``now >= TAT' - B * T`` (allowed exactly on time), so B = 1 allows no burst. ``interval``: "exact" keeps T = W/L as a fraction;
    "floor" takes whole microseconds, as libraries do that divide integers, and so lets a little more than L pass per window.
    redis-cell's ``max_burst`` is B - 1.
    """

    name = "GCRA"
    _kept = ("tat",)

    def __init__(
        self, limit: int, window_us: int = MINUTE_US, burst: int | None = None, interval: str = "exact", clock: str = "hold"
    ) -> None:  # fmt: skip
        super().__init__(limit, window_us, clock)
        self.burst = whole(self.limit if burst is None else burst, "the burst")
        self.interval = word(interval, ("exact", "floor"), "interval")
        exact = self.interval == "exact"
        self._scale = self.limit if exact else 1  # the TAT is counted in microseconds times this
        self._step = self.window_us if exact else max(1, self.window_us // self.limit)
        self.tat: int | None = None

    def _advance(self, now: int) -> None:
        now *= self._scale
        if self.tat is None or self.tat < now:
            self.tat = now  # the bucket is full

    def _take(self, cost: int) -> bool:
        tat = self.tat + cost * self._step
        if tat - self._now * self._scale > self.burst * self._step:
            return False
        self.tat = tat
        return True

    def _room(self) -> int:
        return (self.burst * self._step - self.tat + self._now * self._scale) // self._step

    def _wait(self, cost: int) -> int | None:
        if cost > self.burst:
            return None
        early = self.tat + (cost - self.burst) * self._step - self._now * self._scale
        return max(0, -(-early // self._scale))


class LeakyQueue(Limiter):
    """A queue of ``places`` that waits before an outlet: one unit leaves every T, and never two at once.

    A request that finds the outlet free leaves at once; else it waits until all before it have gone (`delay_us`), and is refused where
    more than ``places`` units would be waiting, so nobody waits longer than places * T. ``places=0`` is a bucket with B = 1. The beat of the outlet
    starts anew when the queue was empty; a request of several units leaves when its first unit does.
    """

    name = "leaky queue"
    _kept = ("free",)

    def __init__(
        self, limit: int, window_us: int = MINUTE_US, places: int | None = None, clock: str = "hold"
    ) -> None:
        super().__init__(limit, window_us, clock)
        self.places = whole(self.limit if places is None else places, "the number of places", 0)
        self.free: int | None = None  # when the outlet is free, in microseconds times L

    def _advance(self, now: int) -> None:
        if self.free is None or self.free < now * self.limit:
            self.free = now * self.limit

    def _take(self, cost: int) -> bool:
        wait = self.free - self._now * self.limit
        if wait + (cost - 1) * self.window_us > self.places * self.window_us:
            return False
        self.delay_us = -(-wait // self.limit)
        self.free += cost * self.window_us
        return True

    def _room(self) -> int:
        return max(
            0, (self.places * self.window_us - self.free + self._now * self.limit) // self.window_us + 1
        )

    def _wait(self, cost: int) -> int | None:
        if cost > self.places + 1:
            return None
        early = self.free - self._now * self.limit + (cost - 1 - self.places) * self.window_us
        return max(0, -(-early // self.limit))

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
"""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar, NamedTuple

CLOCKS = ("hold", "follow")
MINUTE_US = 60_000_000


class Decision(NamedTuple):
    """What a limiter says: passed or not, whole units left now, how long until a refused one could pass, how long it waits.

    ``retry_after_us``: 0 where it passed, None where it never can. ``delay_us``: only a `LeakyQueue` makes one wait.
    """

    allowed: bool
    remaining: int
    retry_after_us: int | None
    delay_us: int


def whole(value: Any, what: str, least: int = 1) -> int:
    """Give a whole number; ValueError, in a sentence, where it is none or below ``least``."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{what} is {value!r}; it must be a whole number of at least {least}")
    return value


def word(value: Any, words: tuple[str, ...], what: str) -> str:
    """Give one of ``words``; ValueError names them where it is none."""
    if value not in words:
        raise ValueError(f"{what}={value!r} is no choice; use one of {', '.join(map(repr, words))}")
    return value


class Limiter:
    """What all limiters have in common. ``limit`` (units, 1 or more) per ``window_us`` (microseconds, 1 or more).

    A subclass says how time passes (`_advance`), whether a cost fits and is taken (`_take`), how much would fit (`_room`) and
    how long until it does (`_wait`). Raises ValueError for numbers out of range.
    """

    name: ClassVar[str] = ""
    refusal: ClassVar[tuple[str, ...]] = ("free",)
    _kept: ClassVar[tuple[str, ...]] = ()

    def __init__(self, limit: int, window_us: int = MINUTE_US, clock: str = "hold") -> None:
        self.limit, self.window_us = whole(limit, "the limit"), whole(window_us, "the window in microseconds")
        self.clock = word(clock, CLOCKS, "clock")
        self.delay_us = 0  # of the request admitted last
        self._now: int | None = None  # the latest time seen

    def admit(self, now_us: int, cost: int = 1) -> bool:
        """Decide at ``now_us`` (any integer, microseconds) on a request of ``cost`` units (0 or more), and remember it."""
        if self._now is not None and now_us < self._now and self.clock == "hold":
            now_us = self._now
        self._advance(now_us)
        self._now = now_us
        if cost.__class__ is not int or cost < 0:
            whole(cost, "the cost", 0)
        return self._take(cost)

    def decide(self, now_us: int, cost: int = 1) -> Decision:
        """Decide as `admit` does, and say how much is left, when to come again and how long to wait."""
        allowed = self.admit(now_us, cost)
        retry = 0 if allowed else self._wait(cost)
        return Decision(allowed, self._room(), retry, self.delay_us if allowed else 0)

    def room(self, now_us: int) -> int:
        """Give how many units could pass at ``now_us``. Time goes on to then; nothing is taken."""
        self._look(now_us)
        return self._room()

    def retry_after_us(self, now_us: int, cost: int = 1) -> int | None:
        """Give how long after ``now_us`` such a request would pass if nobody else came (0: at once; None: never)."""
        self._look(now_us)
        return self._wait(whole(cost, "the cost", 0))

    def _look(self, now_us: int) -> None:
        if self._now is not None and now_us < self._now and self.clock == "hold":
            now_us = self._now
        self._advance(now_us)
        self._now = now_us

    def state(self) -> tuple:
        """Give all that is remembered; equal states decide equally from now on."""
        return (self._now, *(getattr(self, name) for name in self._kept))

    def load(self, state: tuple) -> None:
        """Go back to a state that `state` gave."""
        self._now, *rest = state
        for name, value in zip(self._kept, rest, strict=True):
            setattr(self, name, value)

    @property
    def memory(self) -> int:
        """How many numbers are remembered right now, the latest time not counted."""
        return len(self._kept)

    def _advance(self, now: int) -> None:
        raise NotImplementedError

    def _take(self, cost: int) -> bool:
        raise NotImplementedError

    def _room(self) -> int:
        raise NotImplementedError

    def _wait(self, cost: int) -> int | None:
        raise NotImplementedError


class FixedWindow(Limiter):
    """A counter for each window.

    ``align``: "epoch": windows are [kW, (k + 1)W), k = floor(now / W), the same for everybody; "first": a window [t, t + W)
    is opened by the first request that comes when none is open. ``refused``: "free", or "counted": a refused request is added to
    the counter, too (which changes later decisions only where costs differ).
    """

    name = "fixed window"
    refusal = ("free", "counted")
    _kept = ("start", "count")

    def __init__(
        self, limit: int, window_us: int = MINUTE_US, align: str = "epoch", refused: str = "free", clock: str = "hold"
    ) -> None:  # fmt: skip
        super().__init__(limit, window_us, clock)
        self.align, self.refused = word(align, ("epoch", "first"), "align"), word(refused, self.refusal, "refused")
        self.start: int | None = None  # of the window that is open
        self.count = 0

    # [advance] a new window begins at zero
    def _advance(self, now: int) -> None:
        if self.start is None or not self.start <= now < self.start + self.window_us:
            self.start = now - now % self.window_us if self.align == "epoch" else None
            self.count = 0

    # [/advance]
    def _take(self, cost: int) -> bool:
        if self.start is None and cost:
            self.start = self._now
        fits = self.count + cost <= self.limit
        if fits or self.refused == "counted":
            self.count += cost
        return fits

    def _room(self) -> int:
        return max(0, self.limit - self.count)

    def _wait(self, cost: int) -> int | None:
        if cost > self.limit:
            return None
        return 0 if self.count + cost <= self.limit else self.start + self.window_us - self._now


class SlidingLog(Limiter):
    """The times of everything that passed in the last window.

    ``edge``: what is exactly one window old is forgotten ("open": the log covers (now - W, now], so no half-open span of W gets more
    than L), or still counts ("closed": [now - W, now]). ``refused``: "free", or "counted": refused requests are logged as well, so who keeps
    knocking stays out.
    """

    name = "sliding log"
    refusal = ("free", "counted")
    _kept = ("times",)

    def __init__(
        self, limit: int, window_us: int = MINUTE_US, edge: str = "open", refused: str = "free", clock: str = "hold"
    ) -> None:  # fmt: skip
        super().__init__(limit, window_us, clock)
        self.edge, self.refused = word(edge, ("open", "closed"), "edge"), word(refused, self.refusal, "refused")
        self._old = self.window_us + (self.edge == "closed")  # an entry of this age is forgotten
        self.times: deque[int] = deque()

    def state(self) -> tuple:
        """Give the times as well."""
        return (self._now, tuple(self.times))

    def load(self, state: tuple) -> None:
        """Go back to a state that `state` gave."""
        self._now, self.times = state[0], deque(state[1])

    @property
    def memory(self) -> int:
        """How many times are kept."""
        return len(self.times)

    def _advance(self, now: int) -> None:
        times, oldest = self.times, now - self._old
        while times and times[0] <= oldest:
            times.popleft()

    def _take(self, cost: int) -> bool:
        fits = len(self.times) + cost <= self.limit
        if fits or self.refused == "counted":
            self.times.extend((self._now,) * cost)
        return fits

    def _room(self) -> int:
        return max(0, self.limit - len(self.times))

    def _wait(self, cost: int) -> int | None:
        if cost > self.limit:
            return None
        over = len(self.times) + cost - self.limit
        return 0 if over <= 0 else self.times[over - 1] + self._old - self._now


class SlidingCounter(Limiter):
    """Two counters: this window [kW, (k + 1)W) of the epoch, and the one before it.

    The estimate is ``previous * (1 - f) + current``, f being the share of this window that has gone by: as if the last window's
    requests had come evenly. A request passes where estimate + cost <= L. ``rounding``: "none" takes the estimate as it is; "floor"
    rounds it down first (for a cost of 1 this is the same as asking "is the estimate below L?" before the request).
    ``refused``: "free", or "counted": refused requests are in the counters.
    """

    name = "sliding counter"
    refusal = ("free", "counted")
    _kept = ("number", "current", "previous")

    def __init__(
        self, limit: int, window_us: int = MINUTE_US, rounding: str = "none", refused: str = "free", clock: str = "hold"
    ) -> None:  # fmt: skip
        super().__init__(limit, window_us, clock)
        self.rounding = word(rounding, ("none", "floor"), "rounding")
        self.refused = word(refused, self.refusal, "refused")
        self.number: int | None = None  # k, of the window that is open
        self.current = self.previous = 0

    def _advance(self, now: int) -> None:
        number = now // self.window_us
        if number != self.number:
            self.previous = self.current if self.number is not None and number == self.number + 1 else 0
            self.number, self.current = number, 0

    # [take] two numbers stand for a whole log
    def _take(self, cost: int) -> bool:
        left = self.window_us - self._now % self.window_us  # of this window
        carried = self.previous * left  # in units of 1/W of a request
        if self.rounding == "floor":
            carried -= carried % self.window_us
        fits = carried + (self.current + cost) * self.window_us <= self.limit * self.window_us
        # [/take]
        if fits or self.refused == "counted":
            self.current += cost
        return fits

    def estimate(self, now_us: int) -> float:
        """Give the estimate at ``now_us``, unrounded: how many requests it believes came in the last window."""
        self._look(now_us)
        return self.previous * (self.window_us - self._now % self.window_us) / self.window_us + self.current

    def _room(self) -> int:
        left = self.window_us - self._now % self.window_us
        carried = self.previous * left
        used = carried // self.window_us if self.rounding == "floor" else -(-carried // self.window_us)
        return max(0, self.limit - self.current - used)

    def _wait(self, cost: int) -> int | None:
        if cost > self.limit:
            return None
        if cost <= self._room():
            return 0
        into = self._now % self.window_us
        for count, fresh, begins in ((self.previous, self.current, 0), (self.current, 0, self.window_us)):
            reached = self._into(count, self.limit - fresh - cost)
            if reached is not None and reached < self.window_us:
                return begins + reached - into
        return 2 * self.window_us - into

    def _into(self, count: int, most: int) -> int | None:
        """Give how far into a window ``count`` from the window before weighs no more than ``most`` (None: never)."""
        if most < 0:
            return None
        if not count:
            return 0
        carried = (most + 1) * self.window_us - 1 if self.rounding == "floor" else most * self.window_us
        return max(0, self.window_us - carried // count)


class TokenBucket(Limiter):
    """A bucket of at most ``burst`` tokens (default: the limit), full at first; L tokens come in each window.

    ``refill``: "continuous": fractions of a token are kept, so the bucket's level is min(B, level + r * dt), exactly;
    "whole": only whole tokens are added, on a beat of one each T that goes on while the bucket is full (``align``: the beat counts from the epoch
    or from the first request); "lost": whole tokens only, and the fraction is thrown away at each look (a bug, and a common one);
    "window": L tokens at once at each multiple of W (``align`` as before), never above B.
    """

    name = "token bucket"
    _kept = ("level", "beat")
    REFILLS = ("continuous", "whole", "lost", "window")

    def __init__(
        self, limit: int, window_us: int = MINUTE_US, burst: int | None = None, refill: str = "continuous",
        align: str = "first", clock: str = "hold",
    ) -> None:  # fmt: skip
        super().__init__(limit, window_us, clock)
        self.burst = whole(self.limit if burst is None else burst, "the burst")
        self.refill, self.align = word(refill, self.REFILLS, "refill"), word(align, ("epoch", "first"), "align")
        self.level = self._full = self.burst * self.window_us  # in units of 1/W of a token
        self.beat = 0  # how far the next whole token (or window) has come, in units of 1/W

    # [advance] how a bucket fills: continuously, or by whole tokens on a beat
    def _advance(self, now: int) -> None:
        passed = max(0, now - self._now) if self._now is not None else self._before(now)
        gained = passed * (1 if self.refill == "window" else self.limit)
        if self.refill != "continuous":
            whole_units, self.beat = divmod(self.beat + gained, self.window_us)
            gained = whole_units * self.window_us * (self.limit if self.refill == "window" else 1)
            self.beat = 0 if self.refill == "lost" else self.beat
        self.level = min(self._full, self.level + gained)

    # [/advance]
    def _before(self, now: int) -> int:
        """Give how much time has passed before the first look: none, or since the last window of the epoch began."""
        return now % self.window_us if self.align == "epoch" else 0

    def _take(self, cost: int) -> bool:
        if self.level < cost * self.window_us:
            return False
        self.level -= cost * self.window_us
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
            return None if cost > self.capacity else max(0, -(-(self.level + cost * self.window_us - self._brim) // self.limit))
        return max(0, (self.level - self._brim) // self.limit + 1)


class GCRA(Limiter):
    """The generic cell rate algorithm: a token bucket that remembers one moment, the theoretical arrival time (TAT).

    A request moves the TAT by cost * T, from now or from where it is, whichever is later, and passes if it is then at most B * T ahead.
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

    # [gcra] one number is a whole bucket
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

    # [/gcra]
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

    def __init__(self, limit: int, window_us: int = MINUTE_US, places: int | None = None, clock: str = "hold") -> None:
        super().__init__(limit, window_us, clock)
        self.places = whole(self.limit if places is None else places, "the number of places", 0)
        self.free: int | None = None  # when the outlet is free, in microseconds times L

    def _advance(self, now: int) -> None:
        if self.free is None or self.free < now * self.limit:
            self.free = now * self.limit

    # [take] a request does not wait longer than the queue is long
    def _take(self, cost: int) -> bool:
        wait = self.free - self._now * self.limit
        if wait + (cost - 1) * self.window_us > self.places * self.window_us:
            return False
        self.delay_us = -(-wait // self.limit)
        self.free += cost * self.window_us
        return True

    # [/take]
    def _room(self) -> int:
        return max(0, (self.places * self.window_us - self.free + self._now * self.limit) // self.window_us + 1)

    def _wait(self, cost: int) -> int | None:
        if cost > self.places + 1:
            return None
        early = self.free - self._now * self.limit + (cost - 1 - self.places) * self.window_us
        return max(0, -(-early // self.limit))


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

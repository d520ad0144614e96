"""Limiters that count windows: fixed, sliding as a log, sliding as two counters.

| word    | meaning                                                                                             |
|---------|-------------------------------------------------------------------------------------------------------|
| epoch   | moment 0 of the clock; windows that belong to it are [kW, (k + 1)W)                                       |
| log     | the times of what passed                                                                                |
| f       | the share of this window that has gone by                                                               |

The protocol and the conventions that hold for all limiters stand in `dslab.concepts.limiters`.
"""

from __future__ import annotations

from collections import deque

from dslab.concepts.limiter_protocol import MINUTE_US, Limiter, word


class FixedWindow(Limiter):
    """A counter for each window.

    ``align``: "epoch": windows are [kW, (k + 1)W), k = floor(now / W), the same for everybody; "first": a window [t, t + W)
    is opened by the first request that comes when none is open. ``refused``: "free", or "counted": a refused request is added to
    the counter, too (which changes later decisions only where costs differ).
    """

    name = "fixed window"
    refusal = ("free", "counted")
    remembers = 2
    _kept = ("start", "count")

    def __init__(
        self, limit: int, window_us: int = MINUTE_US, align: str = "epoch", refused: str = "free", clock: str = "hold"
    ) -> None:  # fmt: skip
        super().__init__(limit, window_us, clock)
        self.align, self.refused = (
            word(align, ("epoch", "first"), "align"),
            word(refused, self.refusal, "refused"),
        )
        self.start: int | None = None  # of the window that is open
        self.count = 0

    def _advance(self, now: int) -> None:
        if self.start is None or not self.start <= now < self.start + self.window_us:
            self.start = now - now % self.window_us if self.align == "epoch" else None
            self.count = 0

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
        self.edge, self.refused = (
            word(edge, ("open", "closed"), "edge"),
            word(refused, self.refusal, "refused"),
        )
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
    remembers = 3
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

    def _take(self, cost: int) -> bool:
        left = self.window_us - self._now % self.window_us  # of this window
        carried = self.previous * left  # in units of 1/W of a request
        if self.rounding == "floor":
            carried -= carried % self.window_us
        fits = carried + (self.current + cost) * self.window_us <= self.limit * self.window_us
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

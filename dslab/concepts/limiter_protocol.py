"""The protocol of a rate limiter: it is told what time it is, and says whether a request may pass.

| word      | meaning                                                                                       |
|-----------|-----------------------------------------------------------------------------------------------|
| advance   | let time go on to now: forget, refill, leak                                                       |
| take      | decide on a cost, and remember it                                                                |
| room      | how many units would pass now                                                                    |
| wait      | how long until a cost would pass, if nobody else came                                              |

What holds for every limiter stands in `dslab.concepts.limiters`, which has them all.
"""

from __future__ import annotations

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
    remembers: ClassVar[int] = 1
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
        """How many numbers it has to remember right now (times, counts, levels), for one client."""
        return self.remembers

    def _advance(self, now: int) -> None:
        raise NotImplementedError

    def _take(self, cost: int) -> bool:
        raise NotImplementedError

    def _room(self) -> int:
        raise NotImplementedError

    def _wait(self, cost: int) -> int | None:
        raise NotImplementedError

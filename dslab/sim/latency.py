"""How long things take: functions of a random.Random that give a whole number of microseconds.

Use them wherever a latency is wanted: ``world.link("a", "b", latency=lognormal(400, 2_500))``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

Latency = Callable[[Random], int]


class Fixed:
    """Always the same; a class of its own so that the random numbers of a run do not depend on fixed latencies."""

    __slots__ = ("us",)

    def __init__(self, us: int) -> None:
        self.us = us

    def __call__(self, rng: Random) -> int:
        return self.us


def fixed(us: int) -> Latency:
    """Always ``us`` microseconds (an integer of at least 0)."""
    if not isinstance(us, int) or isinstance(us, bool) or us < 0:
        raise ValueError(
            f"a latency of {us!r} is not possible; it must be a whole number of microseconds of at least 0"
        )
    return Fixed(us)


def uniform(low_us: int, high_us: int) -> Latency:
    """Any whole number of microseconds in ``low_us``..``high_us``, all as likely."""
    if not 0 <= low_us <= high_us:
        raise ValueError(f"uniform({low_us}, {high_us}) is empty; it needs 0 <= low <= high")
    return lambda rng: rng.randint(low_us, high_us)


def exponential(mean_us: float) -> Latency:
    """Memoryless with the given mean in microseconds (over 0)."""
    if not mean_us > 0:
        raise ValueError(f"exponential({mean_us!r}) has no mean to work with; it must be over 0")
    return lambda rng: round(rng.expovariate(1 / mean_us))


def lognormal(median_us: float, p99_us: float) -> Latency:
    """Log-normal with the given median and 99th percentile in microseconds (0 < median <= p99): a body and a long tail."""
    if not 0 < median_us <= p99_us:
        raise ValueError(f"lognormal({median_us}, {p99_us}) is not possible; it needs 0 < median <= p99")
    mu, sigma = (
        math.log(median_us),
        math.log(p99_us / median_us) / 2.3263478740408408,
    )  # the normal's 99th percentile
    return lambda rng: round(rng.lognormvariate(mu, sigma))


def empirical(samples_us: Sequence[int]) -> Latency:
    """Draw from measured values in microseconds, each as likely (at least one, none below 0)."""
    if not samples_us or min(samples_us) < 0:
        raise ValueError("empirical needs at least one measured value, and none below 0")
    known = tuple(samples_us)
    return lambda rng: rng.choice(known)


def as_latency(value: int | Latency) -> Latency:
    """Make a latency of a number of microseconds, or give a function back as it is. TypeError for anything else."""
    if callable(value):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return fixed(value)
    raise TypeError(f"a latency is a whole number of microseconds or a function of a Random, not {value!r}")

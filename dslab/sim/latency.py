"""How long things take: functions of a random.Random that give a whole number of microseconds.

Use them wherever a latency is wanted: ``world.link("a", "b", latency=lognormal(400, 2_500))``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

Latency = Callable[[Random], int]
_P99_OF_THE_NORMAL = 2.3263478740408408


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
    if not _is_whole(low_us) or not _is_whole(high_us) or not 0 <= low_us <= high_us:
        raise ValueError(
            f"uniform({low_us!r}, {high_us!r}) is not possible; it needs whole numbers with 0 <= low <= high"
        )
    return lambda rng: rng.randint(low_us, high_us)


def exponential(mean_us: float) -> Latency:
    """Memoryless with the given mean in microseconds (over 0)."""
    if not 0 < mean_us < math.inf:
        raise ValueError(f"exponential({mean_us!r}) has no mean to work with; it must be a number over 0")
    return lambda rng: round(rng.expovariate(1 / mean_us))


def lognormal(median_us: float, p99_us: float) -> Latency:
    """Log-normal with the given median and 99th percentile in microseconds (0 < median <= p99): a body and a long tail."""
    if not 0 < median_us <= p99_us < math.inf:
        raise ValueError(f"lognormal({median_us!r}, {p99_us!r}) is not possible; it needs 0 < median <= p99")
    mu, sigma = math.log(median_us), math.log(p99_us / median_us) / _P99_OF_THE_NORMAL
    return lambda rng: round(rng.lognormvariate(mu, sigma))


def empirical(samples_us: Sequence[int]) -> Latency:
    """Draw from measured values, whole microseconds, each as likely (at least one, none below 0)."""
    known = tuple(samples_us)
    if not known or not all(_is_whole(sample) and sample >= 0 for sample in known):
        raise ValueError("empirical needs at least one measured value, all whole microseconds of at least 0")
    return lambda rng: rng.choice(known)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def as_latency(value: int | Latency) -> Latency:
    """Make a latency of a number of microseconds, or give a function back as it is. TypeError for anything else."""
    if callable(value):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return fixed(value)
    raise TypeError(f"a latency is a whole number of microseconds or a function of a Random, not {value!r}")

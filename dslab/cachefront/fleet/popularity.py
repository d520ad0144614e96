"""Zipf popularity, exact for the popular rows and in bands for the rest, so that a billion rows cost as much as a thousand."""

from __future__ import annotations

import bisect
import itertools
import math
from functools import lru_cache
from typing import NamedTuple

EXACT_RANKS = 100
BAND = 1.05


class Band(NamedTuple):
    """``count`` rows of neighbouring rank, each with ``share`` of all reads (their mean)."""

    count: int
    share: float


@lru_cache(maxsize=64)
def zipf(keys: int, skew: float) -> tuple[Band, ...]:
    """Split ``keys`` rows (1 or more) with popularity rank ** -skew into bands, most popular first; the shares sum to 1.

    The first hundred ranks are bands of one row. Behind them a band spans 5 % in rank and takes the integral of the
    power law between half ranks as its weight (midpoint rule).
    """
    bands = [(1, float(rank) ** -skew) for rank in range(1, min(keys, EXACT_RANKS) + 1)]
    first = EXACT_RANKS + 1
    while first <= keys:
        last = min(keys, int(first * BAND))
        count = last - first + 1
        bands.append((count, _power_integral(first - 0.5, last + 0.5, skew) / count))
        first = last + 1
    total = math.fsum(count * weight for count, weight in bands)
    return tuple(Band(count, weight / total) for count, weight in bands)


def shares(keys: int, skew: float) -> list[float]:
    """Give every row's own share of the reads, most popular first (for simulations that need each row)."""
    weights = [rank**-skew for rank in range(1, keys + 1)]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def spread_sample(bands: tuple[Band, ...], size: int) -> list[float]:
    """Pick ``size`` rows at even steps through the reads (not through the rows): the share of reads of each."""
    ends = list(itertools.accumulate(band.count * band.share for band in bands))
    return [bands[min(bisect.bisect(ends, (i + 0.5) / size), len(bands) - 1)].share for i in range(size)]


def _power_integral(low: float, high: float, skew: float) -> float:
    if abs(skew - 1) < 1e-9:
        return math.log(high / low)
    return (high ** (1 - skew) - low ** (1 - skew)) / (1 - skew)

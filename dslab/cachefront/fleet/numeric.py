"""Small numerics of the fleet's models: an integral, weighted percentiles, and the draws that `random` lacks."""

from __future__ import annotations

import bisect
import itertools
import math
import random
from collections.abc import Callable, Sequence

Weighted = Sequence[tuple[float, float]]  # (value, weight)
_NODES = ((0.1834346424956498, 0.3626837833783620), (0.5255324099163290, 0.3137066458778873),
          (0.7966664774136267, 0.2223810344533745), (0.9602898564975363, 0.1012285362903763))  # fmt: skip


def integral(f: Callable[[float], float], end: float, kinks: Sequence[float]) -> float:
    """Integrate ``f`` from 0 to ``end`` by Gauss-Legendre on panels that double in width and break at the kinks."""
    least = min([end, *(kink for kink in kinks if kink > 0)]) / 64
    cuts = {0.0, end} | {kink for kink in kinks if 0 < kink < end}
    while least < end:
        cuts.add(least)
        least *= 2
    return math.fsum(_panel(f, low, high) for low, high in itertools.pairwise(sorted(cuts)))


def _panel(f: Callable[[float], float], low: float, high: float) -> float:
    middle, half = (low + high) / 2, (high - low) / 2
    return half * sum(weight * (f(middle - half * x) + f(middle + half * x)) for x, weight in _NODES)


def log_grid(low: float, high: float, points: int) -> tuple[float, ...]:
    """``points`` values from ``low`` to ``high``, evenly spaced in their logarithm (both above 0)."""
    high = max(high, low * 1.01)
    return tuple(low * (high / low) ** (i / (points - 1)) for i in range(points))


def mean(values: Weighted) -> float:
    """Weighted mean; 0 of nothing."""
    weight = math.fsum(w for _, w in values)
    return math.fsum(v * w for v, w in values) / weight if weight else 0.0


def percentile(values: Weighted, share: float) -> float:
    """The smallest value which is not exceeded by ``share`` (0 to 1) of the weight; 0 of nothing."""
    ordered = sorted(values)
    left = share * math.fsum(w for _, w in ordered)
    for value, weight in ordered:
        left -= weight
        if left <= 0:
            return value
    return ordered[-1][0] if ordered else 0.0


def shares_over(values: Weighted, grid: Sequence[float]) -> tuple[float, ...]:
    """For each point of the grid, the share of the weight whose value is larger; 0 of nothing."""
    ordered = sorted(values)
    reached = [0.0, *itertools.accumulate(weight for _, weight in ordered)]
    names = [value for value, _ in ordered]
    total = reached[-1]
    return tuple(max(0.0, 1 - reached[bisect.bisect_right(names, z)] / total) if total else 0.0 for z in grid)


def wait(rng: random.Random, rate: float) -> float:
    """Draw the time to the next event of a Poisson stream (events per unit of time); infinite for a rate of 0."""
    return rng.expovariate(rate) if rate > 0 else math.inf


def poisson(rng: random.Random, expected: float) -> int:
    """Draw a Poisson count: by a product of uniform draws up to a mean of 12, above it by the normal law, rounded."""
    if expected > 12:
        return max(0, round(rng.gauss(expected, math.sqrt(expected))))
    count, product, least = 0, rng.random(), math.exp(-expected)
    while product > least:
        count += 1
        product *= rng.random()
    return count


def binomial(rng: random.Random, n: int, p: float) -> int:
    """Draw how many of ``n`` happen with chance ``p``: one by one, for large counts by the normal law, rounded."""
    if p <= 0 or n == 0:
        return 0
    if p >= 1:
        return n
    if n <= 100 or n * min(p, 1 - p) < 12:
        draw = rng.random
        return sum(draw() < p for _ in range(n))
    return min(n, max(0, round(rng.gauss(n * p, math.sqrt(n * p * (1 - p))))))

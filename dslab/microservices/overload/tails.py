"""Fan-out: one request asks many leaves and waits for the slowest. What a tail costs, and what a hedged request saves.

| word        | meaning                                                                                          |
|-------------|--------------------------------------------------------------------------------------------------|
| leaf        | a service that one request asks, together with its siblings                                         |
| fan-out     | how many leaves one request asks at the same time                                                 |
| tail        | the slow end of a latency distribution: p99 is the time that 99 % do not exceed                      |
| hedge       | a second copy of a call, sent to another replica when the first has not answered after a delay        |
| extra load  | hedges sent for each first call                                                                  |

A leaf is quick most of the time (log-normal round a median) and, with a small chance, slow (log-normal round another median). With
hedging a call takes the smaller of X and delay + X', where X' is a fresh draw: the other replica is assumed to be independent. The
request takes the largest of its leaves: F(t)^n. Source of the idea: Dean and Barroso, "The Tail at Scale", CACM, February 2013.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from dslab.sim.result import Metric, Result, Series

NEVER_MS = 1e9  # a hedge that is never sent
QUICK_SPREAD, SLOW_SPREAD = 0.35, 0.2  # sigma of the logarithm; chosen here, not measured
SIMULATED = 1_000  # requests at most
DRAWS = 12_000  # leaf calls at most


def some_leaf_slow(leaves: int, slow_share: float) -> float:
    """Give the chance (0..1) that at least one of ``leaves`` independent calls is slow; ``slow_share`` is that of one call."""
    if leaves < 0 or not 0 <= slow_share <= 1:
        raise ValueError(
            f"{leaves} leaves with a chance of {slow_share}: leaves are 0 or more, a chance is 0 to 1"
        )
    return 1 - (1 - slow_share) ** leaves


def leaf_quantile_needed(leaves: int, share: float = 0.99) -> float:
    """Give the quantile at which each leaf must be good, so that ``share`` of the requests to ``leaves`` of them are."""
    return share ** (1 / leaves)


@dataclass(frozen=True)
class Leaf:
    """How long one call takes: quick (median ``quick_ms``), but slow (median ``slow_ms``) with the chance ``slow_share``."""

    quick_ms: float = 5.0
    slow_ms: float = 100.0
    slow_share: float = 0.01

    def late(self, t_ms: float) -> float:
        """Give the chance that a call takes longer than ``t_ms``."""
        if t_ms <= 0:
            return 1.0
        quick = _above(math.log(t_ms / self.quick_ms) / QUICK_SPREAD)
        slow = _above(math.log(t_ms / self.slow_ms) / SLOW_SPREAD)
        return (1 - self.slow_share) * quick + self.slow_share * slow

    def hedged_late(self, t_ms: float, delay_ms: float) -> float:
        """Give the chance that a call with a hedge after ``delay_ms`` takes longer than ``t_ms``."""
        return self.late(t_ms) * self.late(t_ms - delay_ms)

    def draw(self, rng: random.Random) -> float:
        """Draw one latency in ms."""
        slow = rng.random() < self.slow_share
        median, spread = (self.slow_ms, SLOW_SPREAD) if slow else (self.quick_ms, QUICK_SPREAD)
        return median * math.exp(spread * rng.gauss(0.0, 1.0))


def _above(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2))


def quantile_ms(late: Callable[[float], float], share: float) -> float:
    """Give the time that a share of the calls do not exceed; ``late`` is the chance to take longer than a time in ms."""
    if not 0 < share < 1:
        raise ValueError(f"share={share!r} is out of range; it must lie between 0 and 1")
    low, high = 1e-3, 1e5
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if late(middle) > 1 - share else (low, middle)
    return high


def tail_at_scale(leaves: int = 100, quick_ms: float = 5.0, slow_ms: float = 100.0, slow_share: float = 0.01, hedge: bool = False,
                  hedge_ms: float = 15.0, seed: int = 0) -> Result:  # fmt: skip
    """Compute how long a request takes that waits for all its leaves, and simulate the same.

    Args:
        leaves: fan-out, 1..2,000.
        quick_ms, slow_ms: medians of a quick and of a slow call, 0.1..10,000 ms.
        slow_share: chance of a slow call, 0..1.
        hedge: whether a second copy is sent after ``hedge_ms``.
        hedge_ms: that delay, 0..10,000 ms.
        seed: of the simulation.

    Returns:
        Metrics ``p50``, ``p99``, ``p999`` (ms; closed form), ``leaf_p50``, ``leaf_p99``, ``plain_p999`` (without a hedge), ``slow_requests``
        (chance of at least one slow leaf), ``extra_load``. Series ``request``, ``leaf`` (share later than x, closed form), ``simulated``.
    """
    for name, value, low, high in (("leaves", leaves, 1, 2_000), ("quick_ms", quick_ms, 0.1, 10_000), ("slow_ms", slow_ms, 0.1, 10_000),
                                   ("slow_share", slow_share, 0, 1), ("hedge_ms", hedge_ms, 0, 10_000)):  # fmt: skip
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    leaf = Leaf(quick_ms, slow_ms, slow_share)
    delay = hedge_ms if hedge else NEVER_MS

    def one(t_ms: float) -> float:
        return leaf.hedged_late(t_ms, delay)

    def all_of(t_ms: float) -> float:
        return 1 - (1 - one(t_ms)) ** leaves

    extra = leaf.late(delay) if hedge else 0.0
    metrics = {name: Metric(f"{name} of a request", quantile_ms(all_of, share), "ms")
               for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))}  # fmt: skip
    metrics |= {
        "leaf_p50": Metric("p50 of one call", quantile_ms(leaf.late, 0.5), "ms"),
        "leaf_p99": Metric("p99 of one call", quantile_ms(leaf.late, 0.99), "ms"),
        "plain_p999": Metric(
            "p99.9 without a hedge", quantile_ms(lambda t: 1 - (1 - leaf.late(t)) ** leaves, 0.999), "ms"
        ),
        "slow_requests": Metric("requests with a slow leaf", some_leaf_slow(leaves, slow_share)),
        "extra_load": Metric("hedges for each call", extra),
    }
    x = tuple(round(10 ** (place / 20), 4) for place in range(61))
    times = _simulate(leaf, leaves, delay, seed)
    series = {
        "leaf": Series("one call", x, tuple(100 * leaf.late(t) for t in x), "theory"),
        "request": Series(f"request to {leaves}", x, tuple(100 * all_of(t) for t in x), "theory"),
        "simulated": Series(
            f"request to {leaves}, simulated", x[::3], tuple(100 * _share_above(times, t) for t in x[::3])
        ),
    }
    text = (f"One call is over {metrics['leaf_p99'].value:.0f} ms in 1 % of the cases; of requests that wait for {leaves}, "
            f"{100 * metrics['slow_requests'].value:.1f} % meet a slow one, and their median is {metrics['p50'].value:.0f} ms.")  # fmt: skip
    if hedge:
        text += (f" A hedge after {hedge_ms:g} ms costs {100 * extra:.1f} % more calls and takes p99.9 from "
                 f"{metrics['plain_p999'].value:.0f} to {metrics['p999'].value:.0f} ms.")  # fmt: skip
    return Result({"leaves": leaves, "hedge": hedge, "hedge_ms": hedge_ms}, metrics, text, series)


def _simulate(leaf: Leaf, leaves: int, delay_ms: float, seed: int) -> list[float]:
    rng, times = random.Random(seed), []
    for _ in range(max(20, min(SIMULATED, DRAWS // leaves))):
        longest = 0.0
        for _ in range(leaves):
            time_ms = leaf.draw(rng)
            if time_ms > delay_ms:
                time_ms = min(time_ms, delay_ms + leaf.draw(rng))
            longest = max(longest, time_ms)
        times.append(longest)
    return times


def _share_above(times: list[float], t_ms: float) -> float:
    return sum(time > t_ms for time in times) / len(times)


def hedging_table(leaves: int = 100) -> list[dict[str, object]]:
    """Give, for no hedge and for hedges at a call's p50, p95 and p99, what they cost and what p99 and p99.9 of a request become."""
    leaf, rows = Leaf(), []
    for words, share in (("no hedge", None), ("at p50", 0.5), ("at p95", 0.95), ("at p99", 0.99)):
        delay = quantile_ms(leaf.late, share) if share else None
        run = tail_at_scale(leaves, hedge=delay is not None, hedge_ms=delay or 0.0)
        rows.append({"hedge": words, "after (ms)": round(delay, 1) if delay else "–", "extra calls (%)": round(100 * run["extra_load"], 1),
                     "p99 (ms)": round(run["p99"], 1), "p99.9 (ms)": round(run["p999"], 1)})  # fmt: skip
    return rows

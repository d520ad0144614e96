"""Tails: hedged requests, and why fresh checks are not slower at the median.

| word    | meaning                                                                                        |
|---------|------------------------------------------------------------------------------------------------|
| hedge   | ask a second replica when the first has not answered after a delay; take what comes first          |
| Safe    | a request whose zookie is older than 10 s (or that has none): any replica can answer it              |
| Recent  | one with a younger zookie: the replica next door may not be that far yet, and then the way is long     |

The paper hedges requests to Spanner and Leopard only (section 3.2.7), and gives the latencies of Safe and Recent in table 2.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from functools import cache

from dslab.sim import Metric, Result, Series

# Zanzibar, table 2: p50, p95, p99 in ms, mean of seven days
TABLE_2 = {
    ("Check", "Safe"): (3.0, 9.46, 15.0), ("Read", "Safe"): (2.18, 3.71, 8.03), ("Expand", "Safe"): (4.27, 8.84, 34.1),
    ("Check", "Recent"): (2.86, 60.0, 76.3), ("Read", "Recent"): (2.21, 40.1, 86.2), ("Expand", "Recent"): (5.79, 45.6, 121.0),
}  # fmt: skip
MEDIAN_MS, P95_MS = 0.5, 2.0  # Spanner reads, section 4.4
Z95, Z99 = 1.6448536269514722, 2.3263478740408408


def quantile(ordered: list[float], share: float) -> float:
    """Give the value that ``share`` (0..1) of the ordered values do not exceed."""
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


def _log_normal(median: float, p95: float) -> tuple[float, float]:
    return math.log(median), math.log(p95 / median) / Z95


@cache
def _latencies(slow: float, slow_times: float, count: int, seed: int) -> tuple[tuple[float, float], ...]:
    rng = random.Random(seed)
    mu, sigma = _log_normal(MEDIAN_MS, P95_MS)

    def one() -> float:
        took = rng.lognormvariate(mu, sigma)
        return took * slow_times if rng.random() < slow else took

    return tuple((one(), one()) for _ in range(count))


# [hedged] the second copy helps only if it is independent of the first
def tail_of(t: float, delay: float, slow: float, slow_times: float) -> float:
    """Give the chance that a hedged request takes longer than ``t`` ms: both copies must, the second from ``delay`` on."""
    alone = _over(t, slow, slow_times)
    return alone if t <= delay else alone * _over(t - delay, slow, slow_times)


# [/hedged]
def _over(t: float, slow: float, slow_times: float) -> float:
    mu, sigma = _log_normal(MEDIAN_MS, P95_MS)

    def above(x: float) -> float:
        return 0.5 * math.erfc((math.log(x) - mu) / (sigma * math.sqrt(2))) if x > 0 else 1.0

    return (1 - slow) * above(t) + slow * above(t / slow_times)


def hedging(
    percentile: float = 99.0,
    slow_percent: float = 1.0,
    slow_times: float = 20.0,
    independent: bool = True,
    seed: int = 1,
) -> Result:
    """Hedge a read after the latency that ``percentile`` (50 to 99.9) of the reads stay under.

    ``slow_percent`` (0 to 10) of the reads take ``slow_times`` (1 to 100) as long. ``independent``: the second copy goes to a replica that
    has its own luck; if not, it is slow where the first is. Metrics: percentiles with and without, and the extra requests.
    """
    for name, value, low, high in (
        ("percentile", percentile, 50, 99.9),
        ("slow_percent", slow_percent, 0, 10),
        ("slow_times", slow_times, 1, 100),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    slow = slow_percent / 100
    pairs = _latencies(slow, slow_times, 6_000, seed)
    plain = sorted(first for first, _ in pairs)
    delay = quantile(plain, percentile / 100)
    hedged = sorted(min(first, delay + (second if independent else first)) for first, second in pairs)
    extra = sum(first > delay for first, _ in pairs) / len(pairs)
    shares = (0.5, 0.9, 0.95, 0.99, 0.995, 0.999)
    grid = tuple(round(0.25 * 1.3**step, 4) for step in range(24))
    over = {
        name: tuple(100 * (len(values) - bisect_right(values, t)) / len(values) for t in grid)
        for name, values in (("plain", plain), ("hedged", hedged))
    }
    series = {
        "plain": Series("without hedging", grid, over["plain"]), "hedged": Series("hedged", grid, over["hedged"]),
        "plain_theory": Series("without, closed form", grid, tuple(100 * _over(t, slow, slow_times) for t in grid), "theory"),
        "hedged_theory": Series("hedged, closed form", grid, tuple(100 * tail_of(t, delay, slow, slow_times) for t in grid), "theory"),
    }  # fmt: skip
    metrics = {
        f"{name}_{share * 100:g}": Metric(f"{share * 100:g} %, {name}", quantile(values, share), "ms")
        for name, values in (("plain", plain), ("hedged", hedged))
        for share in shares
    }
    metrics |= {
        "extra": Metric("extra requests", 100 * extra, "%"),
        "delay": Metric("hedged after", delay, "ms"),
    }
    text = (f"Hedged after {delay:.2f} ms, 99.9 % of the reads take at most {metrics['hedged_99.9'].value:.1f} ms instead of "
            f"{metrics['plain_99.9'].value:.1f} ms, for {100 * extra:.1f} % more requests.")  # fmt: skip
    return Result({"percentile": percentile}, metrics, text, series)


def safe_and_recent(remote_share: float = 0.08, way_ms: float = 52.0, seed: int = 1) -> Result:
    """Rebuild table 2: Safe is a log-normal through the published p50 and p95; Recent is Safe, but ``remote_share`` goes a long way.

    ``remote_share``: 0.05 to 0.5 of the Recent requests find the replica next door not far enough and pay ``way_ms`` (10 to 200) more. Both are
    fitted, the paper gives neither. The table has the published and the simulated percentiles of all three calls.
    """
    for name, value, low, high in (("remote_share", remote_share, 0, 0.5), ("way_ms", way_ms, 10, 200)):
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    rows, metrics = [], {}
    for (call, age), published in TABLE_2.items():
        values = _rebuilt(call, remote_share if age == "Recent" else 0.0, way_ms, seed)
        simulated = tuple(quantile(values, share) for share in (0.5, 0.95, 0.99))
        row = {"call": f"{age} {call}"}
        for name, claim, found in zip(("p50", "p95", "p99"), published, simulated, strict=True):
            row |= {f"{name}, paper (ms)": claim, f"{name}, here (ms)": round(found, 2)}
            metrics[f"{age} {call} {name}"] = Metric(f"{age} {call} {name}", found, "ms")
        rows.append(row)
    ratio = metrics["Recent Check p95"].value / metrics["Safe Check p95"].value
    text = (f"With {100 * remote_share:g} % of the Recent requests going {way_ms:g} ms further, a Recent check is {ratio:.1f} times as slow as a "
            f"Safe one at p95 and {metrics['Recent Check p50'].value / metrics['Safe Check p50'].value:.2f} times at the median.")  # fmt: skip
    return Result({"remote_share": remote_share, "way_ms": way_ms}, metrics, text, tables={"table 2": rows})


@cache
def _rebuilt(call: str, remote: float, way_ms: float, seed: int) -> list[float]:
    rng = random.Random(seed)
    median, p95, _ = TABLE_2[call, "Safe"]
    mu, sigma = _log_normal(median, p95)
    return sorted(
        rng.lognormvariate(mu, sigma) + (way_ms if rng.random() < remote else 0.0) for _ in range(8_000)
    )


def log_normal_at(median: float, p95: float, z: float) -> float:
    """Give the value of the log-normal through a median and a p95 that lies ``z`` standard deviations above its median."""
    mu, sigma = _log_normal(median, p95)
    return math.exp(mu + z * sigma)


def predicted_p99(call: str = "Check") -> float:
    """Give the p99 (ms) of the log-normal through the Safe p50 and p95 of a call."""
    median, p95, _ = TABLE_2[call, "Safe"]
    return log_normal_at(median, p95, Z99)

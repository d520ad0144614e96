"""Retries over layers: each layer that tries again multiplies what the layers above it do already.

| word     | meaning                                                                                           |
|----------|---------------------------------------------------------------------------------------------------|
| layer    | a program that calls the next one: gateway, service, client library, database driver                  |
| attempts | how often a layer tries in all: 3 attempts are 1 call and 2 retries                                  |
| bottom   | what the last layer calls                                                                          |

Source: the retries at five layers of Brooker, "Timeouts, retries and backoff with jitter", AWS Builders' Library (243 calls), and of the
SRE book, chapter "Addressing Cascading Failures" (64 calls for 4 attempts at 3 layers).
"""

from __future__ import annotations

import random

from dslab.sim.result import Metric, Result


def most_calls(attempts: int, layers: int) -> int:
    """Give the calls at the bottom for one request when every call fails: attempts to the power of layers. ValueError below 1."""
    if attempts < 1 or layers < 1:
        raise ValueError(f"attempts={attempts}, layers={layers}: both must be at least 1")
    return attempts**layers


def mean_attempts(failure: float, most: int) -> float:
    """Give the mean attempts of one layer that tries up to ``most`` times, each failing with the chance ``failure`` (0..1)."""
    if not 0 <= failure <= 1 or most < 1:
        raise ValueError(f"failure={failure}, most={most}: a chance is 0 to 1, attempts are at least 1")
    return float(most) if failure == 1 else (1 - failure**most) / (1 - failure)


def mean_calls(failure: float, attempts: int, layers: int) -> float:
    """Give the mean calls at the bottom for one request when each call there fails with the chance ``failure``, independently."""
    calls, fails = 1.0, failure
    for _ in range(layers):
        calls, fails = calls * mean_attempts(fails, attempts), fails**attempts
    return calls


def calls_at_the_bottom(failure: float, attempts: int, layers: int, rng: random.Random) -> tuple[int, bool]:
    """Send one request through ``layers`` layers; give how often the bottom was called, and whether the request succeeded."""
    if layers == 0:
        return 1, rng.random() >= failure
    calls = 0
    for _ in range(attempts):
        more, well = calls_at_the_bottom(failure, attempts, layers - 1, rng)
        calls += more
        if well:
            return calls, True
    return calls, False


def layered(
    attempts: int = 3, layers: int = 3, failure: float = 1.0, requests: int = 200, seed: int = 0
) -> Result:
    """Send requests through layers of retries and count at the bottom; the mean stands beside its closed form.

    ``attempts`` 1..5, ``layers`` 1..5, ``failure`` 0..1 (chance that a call at the bottom fails), ``requests`` 1..10,000. Metrics: ``most``
    (attempts to the power of layers), ``mean`` (closed form), ``simulated``, ``failed`` (share of requests). ValueError out of range.
    """
    for name, value, low, high in (("attempts", attempts, 1, 5), ("layers", layers, 1, 5), ("failure", failure, 0, 1),
                                   ("requests", requests, 1, 10_000)):  # fmt: skip
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    rng = random.Random(seed)
    runs = [calls_at_the_bottom(failure, attempts, layers, rng) for _ in range(requests)]
    mean = sum(calls for calls, _ in runs) / requests
    metrics = {
        "most": Metric("calls at the bottom, at most", most_calls(attempts, layers), "calls"),
        "mean": Metric("calls at the bottom, on average", mean_calls(failure, attempts, layers), "calls"),
        "simulated": Metric("calls at the bottom, simulated", mean, "calls"),
        "failed": Metric("requests that fail", sum(not well for _, well in runs) / requests),
    }
    text = (f"{attempts} attempts at each of {layers} layers: when {100 * failure:g} % of the calls at the bottom fail, one request makes "
            f"{_count(metrics['mean'].value)} of them on average and {metrics['most'].value:,} at most.")  # fmt: skip
    return Result({"attempts": attempts, "layers": layers, "failure": failure}, metrics, text)


def _count(calls: float) -> str:
    return f"{calls:,.0f}" if calls >= 100 else f"{calls:.3g}"

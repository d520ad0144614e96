"""Pools: Little's law, Erlang C, one pool against several, and a pool that a slow dependency empties.

| word         | meaning                                                                                        |
|--------------|------------------------------------------------------------------------------------------------|
| pool         | connections (or threads, or workers) that requests take and give back; who finds none, waits      |
| hold time    | how long one request keeps a connection                                                         |
| offered load | arrivals per second times hold time: the mean number of connections that are needed (in *Erlang*)   |
| utilisation  | offered load over the number of connections; at 1 the queue grows for ever                        |
| M/M/c        | the textbook queue: random (Poisson) arrivals, exponential hold times, c connections, one line      |
| Erlang C     | the chance that an arrival of an M/M/c queue has to wait                                        |
| Little's law | in flight = throughput × time in the system, for every stable system, whatever its distributions   |

Source of the formulas: any text on queues; A. K. Erlang, 1917; J. D. C. Little, 1961. Times are in milliseconds, rates per second.
"""

from __future__ import annotations

import random
from heapq import heappop, heappush, heapreplace
from typing import Any

from dslab.sim.result import Metric, Result, Series

INFINITE = float("inf")


def in_flight(throughput_per_s: float, residence_ms: float) -> float:
    """Give how many requests are in the system on average (Little's law); ValueError below 0."""
    if throughput_per_s < 0 or residence_ms < 0:
        raise ValueError("a throughput and a time in the system are 0 or more")
    return throughput_per_s * residence_ms / 1000


def most_throughput(connections: int, hold_ms: float) -> float:
    """Give the requests/s that ``connections`` can carry when each is held for ``hold_ms`` (Little's law with all of them busy)."""
    if connections < 1 or hold_ms <= 0:
        raise ValueError("a pool has at least 1 connection, and a hold time is over 0 ms")
    return 1000 * connections / hold_ms


def erlang_c(connections: int, offered: float) -> float:
    """Give the chance (0..1) that an arrival of an M/M/c queue waits; ``offered`` is the load in Erlang. 1 at or over the capacity."""
    if connections < 1 or offered < 0:
        raise ValueError(
            f"Erlang C needs at least 1 connection and a load of 0 or more, not {connections} and {offered}"
        )
    if offered >= connections:
        return 1.0
    blocked = 1.0  # Erlang B, from 0 connections upwards
    for number in range(1, connections + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked / (1 - offered / connections * (1 - blocked))


def mean_wait_ms(connections: int, per_s: float, hold_ms: float) -> float:
    """Give the mean time that an arrival of an M/M/c queue waits for a connection; inf at or over the capacity."""
    offered = per_s * hold_ms / 1000
    if offered >= connections:
        return INFINITE
    return erlang_c(connections, offered) * hold_ms / (connections - offered)


def simulated_wait_ms(
    connections: int, per_s: float, hold_ms: float, requests: int = 20_000, seed: int = 0
) -> float:
    """Give the mean wait of ``requests`` simulated arrivals at one pool, the first tenth left out."""
    rng, free, total, now = random.Random(seed), [0.0] * connections, 0.0, 0.0
    skipped = requests // 10
    for number in range(requests):
        now += rng.expovariate(per_s) * 1000
        start = max(now, free[0])
        heapreplace(free, start + rng.expovariate(1 / hold_ms))
        total += start - now if number >= skipped else 0.0
    return total / (requests - skipped)


def pools(per_s: float = 9_000.0, hold_ms: float = 2.0, connections: int = 20, parts: int = 4) -> Result:
    """Compare one pool with the same connections cut into ``parts`` equal pools, each with its share of the arrivals.

    Args:
        per_s: arrivals per second at all pools together, 1..1,000,000.
        hold_ms: mean hold time, 0.01..10,000 ms.
        connections: in total, 1..1,000; divisible by ``parts``.
        parts: 1..connections.

    Returns:
        Metrics ``wait_one_ms``, ``wait_parts_ms`` (inf where the load is over the capacity), ``utilisation``, ``in_flight``, ``cap_per_s``;
        series ``one`` and ``parts`` (mean wait against arrivals, closed form), ``one_simulated``, ``parts_simulated`` (points).

    Raises:
        ValueError: a value is out of range.
    """
    _check_pools(per_s, hold_ms, connections, parts)
    cap = most_throughput(connections, hold_ms)
    each = connections // parts
    one, cut = mean_wait_ms(connections, per_s, hold_ms), mean_wait_ms(each, per_s / parts, hold_ms)
    use = per_s / cap
    metrics = {
        "wait_one_ms": Metric("mean wait, one pool", one, "ms"),
        "wait_parts_ms": Metric(f"mean wait, {parts} pools", cut, "ms"),
        "utilisation": Metric("utilisation", use),
        "in_flight": Metric("connections in use", min(connections, in_flight(per_s, hold_ms))),
        "cap_per_s": Metric("the most the pool can carry", cap, "requests/s"),
    }
    x = tuple(round(cap * share / 100, 6) for share in (*range(50, 96, 5), 96, 97, 98, 99))
    points = tuple(round(cap * share / 100, 6) for share in (60, 80, 90))
    series = {
        "one": _waits(f"one pool of {connections}", x, connections, hold_ms, 1),
        "one_simulated": _simulated(f"one pool of {connections}, simulated", points, connections, hold_ms, 1),
    }
    if parts > 1:
        series["parts"] = _waits(f"{parts} pools of {each}", x, each, hold_ms, parts)
        series["parts_simulated"] = _simulated(
            f"{parts} pools of {each}, simulated", points, each, hold_ms, parts
        )
    return Result({"per_s": per_s, "hold_ms": hold_ms, "connections": connections, "parts": parts}, metrics,
                  _pools_sentence(per_s, connections, parts, one, cut, cap), series)  # fmt: skip


def _check_pools(per_s: float, hold_ms: float, connections: int, parts: int) -> None:
    for name, value, low, high in (
        ("per_s", per_s, 1, 1_000_000), ("hold_ms", hold_ms, 0.01, 10_000), ("connections", connections, 1, 1_000),
        ("parts", parts, 1, connections),
    ):  # fmt: skip
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    if connections % parts:
        raise ValueError(f"{connections} connections cannot be cut into {parts} equal pools; use a divisor")


def _waits(label: str, x: tuple[float, ...], each: int, hold_ms: float, parts: int) -> Series:
    return Series(label, x, tuple(mean_wait_ms(each, per_s / parts, hold_ms) for per_s in x), "theory")


def _simulated(label: str, x: tuple[float, ...], each: int, hold_ms: float, parts: int) -> Series:
    return Series(label, x, tuple(simulated_wait_ms(each, per_s / parts, hold_ms, 3_000) for per_s in x))


def _pools_sentence(per_s: float, connections: int, parts: int, one: float, cut: float, cap: float) -> str:
    if per_s >= cap:
        return (f"{connections} connections can carry {cap:,.0f} requests/s; at {per_s:,.0f} the line grows for ever, "
                "however the connections are cut.")  # fmt: skip
    busy = (
        f"At {per_s:,.0f} requests/s ({100 * per_s / cap:.0f} % of what {connections} connections can carry)"
    )
    if parts == 1:
        return f"{busy} a request waits {one:.3g} ms on average."
    times = f", {cut / one:.1f} times as long" if one > 1e-6 else ""
    return f"{busy} a request waits {one:.3g} ms on average in one pool and {cut:.3g} ms in {parts} separate pools{times}."


def starvation(pool: int = 20, query_ms: float = 2.0, payment_ms: float = 150.0, checkouts_per_s: float = 150.0, browses_per_s: float = 300.0,
               release_first: bool = False, wait_limit_ms: float = 1_000.0, seconds: int = 20, seed: int = 0) -> Result:  # fmt: skip
    """Let checkouts and cheap requests share one pool; a checkout calls a payment service, with the connection in hand or without.

    Args:
        pool: connections, 1..200.
        query_ms: how long a query takes, 0.1..1,000 ms; exponential.
        payment_ms: how long the payment service takes, 0..10,000 ms; always the same.
        checkouts_per_s, browses_per_s: arrivals, 0.1..5,000 per second; Poisson. A browse is one query.
        release_first: whether a checkout gives its connection back before it calls the payment service.
        wait_limit_ms: how long a request waits for a connection before it fails, 1..60,000 ms.
        seconds: length of the run, 1..120 s.
        seed: of the arrivals.

    Returns:
        Metrics ``browse_failed`` and ``checkout_failed`` (shares, 0..1), ``browse_wait_ms`` (mean of those that got one), ``hold_ms`` of a
        checkout, ``cap_per_s`` (checkouts that the pool could carry alone), ``demand`` (connections needed, by Little's law).
    """
    for name, value, low, high in (("pool", pool, 1, 200), ("query_ms", query_ms, 0.1, 1_000), ("payment_ms", payment_ms, 0, 10_000),
                                   ("checkouts_per_s", checkouts_per_s, 0.1, 5_000), ("browses_per_s", browses_per_s, 0.1, 5_000),
                                   ("wait_limit_ms", wait_limit_ms, 1, 60_000), ("seconds", seconds, 1, 120)):  # fmt: skip
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    hold_ms = query_ms + (0.0 if release_first else payment_ms)
    demand = in_flight(checkouts_per_s, hold_ms) + in_flight(browses_per_s, query_ms)
    seen = _share_a_pool(pool, {"checkout": (checkouts_per_s, 0.0 if release_first else payment_ms), "browse": (browses_per_s, 0.0)},
                         query_ms, wait_limit_ms, seconds, seed)  # fmt: skip
    cap = most_throughput(pool, hold_ms)
    metrics = {
        "browse_failed": Metric("browses that fail", seen["browse"][1]),
        "checkout_failed": Metric("checkouts that fail", seen["checkout"][1]),
        "browse_wait_ms": Metric("mean wait of a browse", seen["browse"][0], "ms"),
        "hold_ms": Metric("a checkout holds a connection for", hold_ms, "ms"),
        "cap_per_s": Metric("checkouts the pool can carry", cap, "requests/s"),
        "demand": Metric("connections needed", demand),
    }
    text = (f"A checkout holds its connection for {hold_ms:g} ms, so {pool} connections carry at most {cap:,.0f} checkouts/s; all "
            f"requests together need {demand:.1f} connections. {100 * seen['browse'][1]:.0f} % of the browses fail, although each needs "
            f"only {query_ms:g} ms.")  # fmt: skip
    return Result({"pool": pool, "release_first": release_first}, metrics, text)


def _share_a_pool(pool: int, classes: dict[str, tuple[float, float]], query_ms: float, limit_ms: float, seconds: int,
                  seed: int) -> dict[str, tuple[float, float]]:  # fmt: skip
    """Run arrivals of several classes, in order, through one pool; give for each its mean wait and the share that gave up."""
    rng, arrivals, free = random.Random(seed), [], [0.0] * pool
    for place, (per_s, extra_ms) in enumerate(classes.values()):
        now = 0.0
        while (now := now + rng.expovariate(per_s) * 1000) < seconds * 1000:
            heappush(arrivals, (now, place, extra_ms))
    waits: dict[int, list[float]] = {place: [] for place in range(len(classes))}
    failed = dict.fromkeys(waits, 0)
    while arrivals:
        now, place, extra_ms = heappop(arrivals)
        wait_ms = max(0.0, free[0] - now)
        if wait_ms > limit_ms:
            failed[place] += 1
            continue
        waits[place].append(wait_ms)
        heapreplace(free, now + wait_ms + rng.expovariate(1 / query_ms) + extra_ms)
    return {
        name: (
            sum(waits[place]) / max(1, len(waits[place])),
            failed[place] / max(1, failed[place] + len(waits[place])),
        )
        for place, name in enumerate(classes)
    }


def starvation_table(**settings: Any) -> list[dict[str, Any]]:
    """Give one row with the connection held during the payment and one with it given back first (see `starvation`)."""
    rows = []
    for words, release in (("held during the payment", False), ("given back first", True)):
        run = starvation(release_first=release, **settings)
        rows.append({"the connection is": words, "held for (ms)": run["hold_ms"], "checkouts/s at most": round(run["cap_per_s"]),
                     "connections needed": round(run["demand"], 1), "browses that fail (%)": round(100 * run["browse_failed"], 1),
                     "checkouts that fail (%)": round(100 * run["checkout_failed"], 1)})  # fmt: skip
    return rows

"""Lag, dedup, limiter, node cache and fleet in numbers: a simulation beside a closed form wherever there is one.

| word      | meaning                                                                                                |
|-----------|--------------------------------------------------------------------------------------------------------|
| backlog   | messages that wait in front of a job                                                                     |
| lag       | how long a message that arrives now will wait                                                           |
| capacity  | messages a job works off in a second                                                                    |
| reduction | updates that come in for one record that goes out                                                       |
| AIMD      | additive increase, multiplicative decrease: 100, 101, 102 ... and 0.7 of it on trouble (Netflix, part 3)   |

Published figures are constants with their source; everything else is an assumption and a parameter.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from random import Random

from dslab.rdg.stream import zipf_weights
from dslab.sim import Metric, Result, Series

# Netflix, part 1 (17 October 2025), part 2 (November 2025, second-hand) and part 3 (August 2026)
MESSAGES_PER_TOPIC, RECORDS, WRITES, READS = 1_000_000, 5_000_000, 6_000_000, 2_000_000  # a second
NODES, EDGES = 8_000_000_000, 150_000_000_000
NAMESPACES, CLUSTERS, INSTANCES = 27, 12, 2_400
RETENTION_DAYS, CACHE_TTL_DAYS = 100, 30
HITS = (0.70, 0.80)

TICK_S, END_S, BURST_AT_S = 0.25, 120.0, 20.0
BASE_A, BASE_B = 200.0, 1.0  # thousand messages a second outside the burst
SHARE_B = 10.0  # capacity that topic B's own job gets, in thousand a second


def lag(
    burst_kps: float = 1_000.0, burst_s: float = 20.0, capacity_kps: float = 500.0, jobs: str = "one for all"
) -> Result:
    """Let topic A burst and watch the lag of topics A and B, with one job for all topics or one for each.

    ``burst_kps``: A's rate in the burst, 200..1,000 thousand messages/s; ``burst_s``: 1..40 s; ``capacity_kps``: of all jobs together,
    220..1,200 thousand/s; with a job each, B gets 10 of them. Metrics: ``peak_a``, ``peak_b`` (s), ``peak_theory`` (s), ``checkpoint_b`` (s).
    A barrier of a checkpoint stands in the same line as the messages, so a checkpoint takes as long as the lag. Raises ValueError.
    """
    for name, value, low, high in (
        ("burst_kps", burst_kps, 200, 1_000),
        ("burst_s", burst_s, 1, 40),
        ("capacity_kps", capacity_kps, 220, 1_200),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low} to {high}")
    if jobs not in ("one for all", "one a topic"):
        raise ValueError(f"jobs={jobs!r} is no choice; use 'one for all' or 'one a topic'")
    shared = jobs == "one for all"
    times, lags = _lag_run(burst_kps, burst_s, capacity_kps, shared)
    peak_a, peak_b = max(lags["A"]), max(lags["B"])
    own = capacity_kps if shared else capacity_kps - SHARE_B
    inflow = burst_kps + (BASE_B if shared else 0)
    theory = max(0.0, inflow - own) * burst_s / own
    metrics = {"peak_a": Metric("longest lag of A", peak_a, "s"), "peak_b": Metric("longest lag of B", peak_b, "s"),
               "peak_theory": Metric("longest lag of A, closed form", theory, "s"),
               "checkpoint_b": Metric("longest checkpoint that B takes part in", peak_b, "s")}  # fmt: skip
    series = {f"lag_{t.lower()}": Series(f"topic {t}", times, lags[t]) for t in "AB"}
    series["theory"] = _lag_theory(burst_s, theory, own, BASE_A + (BASE_B if shared else 0))
    who = "One job reads both topics" if shared else "Each topic has its own job"
    text = (f"{who}. A bursts to {1_000 * burst_kps:,.0f} messages/s for {burst_s:g} s and lags by up to {peak_a:.1f} s. Topic B, as quiet as ever, lags by up to "
            f"{peak_b:.1f} s, and a checkpoint with B in it takes as long.")  # fmt: skip
    return Result({"jobs": jobs, "burst_s": burst_s}, metrics, text, series)


def _lag_theory(burst_s: float, peak_s: float, own: float, base: float) -> Series:
    """Give A's lag in closed form: it rises through the burst and falls as the capacity that is to spare works it off."""
    end = BURST_AT_S + burst_s
    gone = end + peak_s * own / max(own - base, 1e-9)
    xs, ys = [0.0, BURST_AT_S, end], [0.0, 0.0, peak_s]
    if gone < END_S:
        xs, ys = [*xs, gone, END_S], [*ys, 0.0, 0.0]
    else:
        xs, ys = [*xs, END_S], [*ys, peak_s * (gone - END_S) / (gone - end)]
    return Series("topic A, closed form", tuple(xs), tuple(ys), "theory")


def _lag_run(
    burst: float, burst_s: float, capacity: float, shared: bool
) -> tuple[tuple[float, ...], dict[str, tuple[float, ...]]]:
    waiting = {"A": 0.0, "B": 0.0}
    lags: dict[str, list[float]] = {"A": [], "B": []}
    times = []
    for tick in range(round(END_S / TICK_S)):
        now = tick * TICK_S
        rates = {"A": burst if BURST_AT_S <= now < BURST_AT_S + burst_s else BASE_A, "B": BASE_B}
        times.append(now)
        if shared:
            total = sum(waiting.values())
            for topic in lags:
                lags[topic].append(total / capacity)
            came = sum(rates.values()) * TICK_S
            waiting["A"] = max(0.0, total + came - capacity * TICK_S)
        else:
            for topic, own in (("A", capacity - SHARE_B), ("B", SHARE_B)):
                lags[topic].append(waiting[topic] / own)
                waiting[topic] = max(0.0, waiting[topic] + (rates[topic] - own) * TICK_S)
    return tuple(times), {topic: tuple(values) for topic, values in lags.items()}


# -- dedup ------------------------------------------------------------------------------------------------


def records_rate(rate: float, window_s: float) -> float:
    """Give the records per second of one key that is updated ``rate`` times a second, with a window opened by the first update.

    One cycle: wait 1 / rate for the first update, then the window. So it is rate / (1 + rate * window).
    """
    return rate / (1 + rate * window_s)


UPDATES_PER_S = 100.0
DEDUP_KEYS = 1_000
SIMULATED_WINDOWS = (0.2, 1.0, 20.0)
CURVE_WINDOWS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)


def dedup(window_s: float = 5.0, skew: float = 0.9, seed: int = 0) -> Result:
    """Dedup 100 updates/s over 1,000 keys under Zipf's law, with a window of 0.1..60 s and a skew of 0..1.5.

    Metrics: ``reduction`` (simulated), ``reduction_theory``, ``hottest`` and ``median`` (reduction of one key, closed form), ``delay`` (s, the
    wait of the first update of a window). Raises ValueError out of range.
    """
    if not 0.1 <= window_s <= 60 or not 0 <= skew <= 1.5:
        raise ValueError(
            f"window_s={window_s}, skew={skew} is out of range; use 0.1 to 60 s and a skew of 0 to 1.5"
        )
    rates = _rates(skew)
    theory = _reduction(skew, window_s)
    simulated = _dedup_run(skew, window_s, seed)
    curve = Series("closed form", CURVE_WINDOWS, tuple(_reduction(skew, w) for w in CURVE_WINDOWS), "theory")
    shown = tuple(sorted({*SIMULATED_WINDOWS, window_s}))
    point = Series("simulated", shown, tuple(_dedup_run(skew, window, seed) for window in shown))
    ranks = tuple(r for r in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000))
    by_rank = Series(
        "closed form for one key", ranks, tuple(1 + rates[r - 1] * window_s for r in ranks), "theory"
    )
    hottest, median = 1 + rates[0] * window_s, 1 + rates[DEDUP_KEYS // 2] * window_s
    metrics = {"reduction": Metric("updates for one record", simulated), "reduction_theory": Metric("the same, closed form", theory),
               "hottest": Metric("hottest key", hottest), "median": Metric("median key", median),
               "delay": Metric("added delay", window_s, "s")}  # fmt: skip
    text = (f"A window of {window_s:g} s turns {simulated:.2f} updates into one record (closed form {theory:.2f}) and adds {window_s:g} s of delay. The hottest key "
            f"is written {hottest:.1f} times less often, the median key {median:.2f} times.")  # fmt: skip
    return Result(
        {"window_s": window_s, "skew": skew},
        metrics,
        text,
        {"curve": curve, "point": point, "by_rank": by_rank},
    )


@lru_cache(maxsize=64)
def _rates(skew: float) -> tuple[float, ...]:
    return tuple(UPDATES_PER_S * share for share in zipf_weights(DEDUP_KEYS, skew))


@lru_cache(maxsize=1024)
def _reduction(skew: float, window_s: float) -> float:
    return UPDATES_PER_S / sum(records_rate(rate, window_s) for rate in _rates(skew))


@lru_cache(maxsize=1024)
def _dedup_run(skew: float, window_s: float, seed: int) -> float:
    """Count updates for one record, after a warm-up of two windows: until then every key's first window is still to come."""
    rng = Random(seed)
    warm = 2 * window_s
    end = warm + max(20.0, window_s)
    count = round(end * UPDATES_PER_S)
    keys = rng.choices(range(DEDUP_KEYS), cum_weights=list(accumulate(_rates(skew))), k=count)
    until, now, updates, records = [-1.0] * DEDUP_KEYS, 0.0, 0, 0
    for key in keys:
        now += rng.expovariate(UPDATES_PER_S)
        opens = until[key] <= now
        if opens:
            until[key] = now + window_s
        if now >= warm:
            updates += 1
            records += opens
    return updates / max(1, records)


def dedup_one_key(rate: float, window_s: float, updates: int = 20_000, seed: int = 0) -> float:
    """Simulate one key with Poisson updates and give the reduction; the closed form is 1 + rate * window."""
    rng, until, now, records = Random(seed), -1.0, 0.0, 0
    for _ in range(updates):
        now += rng.expovariate(rate)
        if now >= until:
            records, until = records + 1, now + window_s
    return updates / records


# -- limiter ------------------------------------------------------------------------------------------------


def limiter(capacity: int = 100, waiting: int = 2_000, limited: bool = True, rounds: int = 120) -> Result:
    """Send ``waiting`` calls a round at a storage that answers ``capacity`` of them, with an AIMD limiter or without.

    Over its capacity the storage wastes work on calls that have given up: of n calls it answers capacity * (capacity / n). The
    limiter starts at half the capacity. Metrics: ``goodput`` (calls answered a round, last half), ``share`` of capacity, ``theory`` (a
    saw-tooth between 0.7 and 1.0 of the capacity). Raises ValueError for a number below 1.
    """
    if min(capacity, waiting, rounds) < 1:
        raise ValueError("capacity, waiting and rounds must each be at least 1")
    limit, answered, limits = max(1, capacity // 2), [], []
    for _ in range(rounds):
        sent = min(waiting, limit) if limited else waiting
        trouble = sent > capacity
        answered.append(capacity * capacity / sent if trouble else float(sent))
        limits.append(float(sent))
        limit = max(1, int(limit * 0.7)) if trouble else limit + 1
    goodput = sum(answered[rounds // 2 :]) / (rounds - rounds // 2)
    metrics = {"goodput": Metric("answered", goodput, "calls/round"), "share": Metric("of capacity", goodput / capacity),
               "theory": Metric("middle of the saw-tooth, of capacity", 0.85)}  # fmt: skip
    xs = tuple(float(n) for n in range(rounds))
    series = {"sent": Series("sent", xs, tuple(limits)), "answered": Series("answered", xs, tuple(answered))}
    how = "With the limiter" if limited else "Without a limiter"
    text = f"{how} the storage answers {goodput:.1f} calls a round of the {capacity} that it could."
    return Result({"limited": limited}, metrics, text, series)


# -- node cache and fleet -----------------------------------------------------------------------------------


def fewer_calls(hit_rate: float) -> float:
    """Give how many times fewer node reads reach the storage at a hit rate of 0 to below 1: 1 / (1 - h). Raises ValueError."""
    if not 0 <= hit_rate < 1:
        raise ValueError(f"a hit rate of {hit_rate} is not possible here; use 0 to below 1")
    return 1 / (1 - hit_rate)


def dead_days(
    active_days_ago: int = 99, retention_days: int = RETENTION_DAYS, ttl_days: int = CACHE_TTL_DAYS
) -> int:
    """Give for how many days a cache serves a node that is gone, if it was cached on the day it was last read from storage."""
    left = retention_days - active_days_ago
    return max(0, ttl_days - max(0, left))


def fleet() -> Result:
    """Compute what follows from the published figures, at the four places where Netflix counts."""
    operations = READS + WRITES
    metrics = {
        "edges_per_node": Metric("edges for one node", EDGES / NODES),
        "writes_per_read": Metric("writes for one read", WRITES / READS),
        "operations_per_instance": Metric("operations/s for one instance", operations / INSTANCES, "1/s"),
        "instances_per_cluster": Metric("instances in a cluster", INSTANCES / CLUSTERS),
        "read_instances": Metric(
            "instances, if reads alone mattered and cost what writes cost", INSTANCES * READS / operations
        ),
    }
    rows = [
        {
            "counted where": "messages into one topic",
            "per second": f"up to {MESSAGES_PER_TOPIC:,}",
            "source": "part 1",
        },
        {"counted where": "records out of the jobs", "per second": f"over {RECORDS:,}", "source": "part 1"},
        {
            "counted where": "writes to the storage",
            "per second": f"about {WRITES:,}",
            "source": "part 2, second-hand",
        },
        {
            "counted where": "reads from the storage",
            "per second": f"about {READS:,}",
            "source": "part 2, second-hand",
        },
    ]
    text = (f"{EDGES / NODES:.2f} edges for one node, {WRITES / READS:.0f} writes for one read, {operations / INSTANCES:,.0f} operations/s for each of "
            f"{INSTANCES:,} storage instances.")  # fmt: skip
    return Result({}, metrics, text, tables={"points": rows})

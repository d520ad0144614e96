"""A cache with too little memory: least recently used rows are evicted.

An LRU cache behaves as one whose TTL every touch renews, with one TTL for all rows: the *characteristic time*, after
which an untouched row has been pushed out (Fagin 1977; Che, Tung and Wang, IEEE JSAC 2002; shown to be exact in the
limit by Jiang, Nain and Towsley 2018). Here a write touches a row too: it leaves a marker in the row's place.
"""

from __future__ import annotations

import itertools
import math
import random
from collections import OrderedDict
from collections.abc import Sequence

from dslab.cachefront.fleet.popularity import Band, shares, zipf
from dslab.cachefront.fleet.ranges import SEED, Range, check_all
from dslab.cachefront.fleet.words import number, percent, span
from dslab.sim.result import Metric, Result, Series

LRU_RANGES = {
    "keys": Range(1, 50_000, "rows", whole=True),
    "skew": Range(0, 3),
    "capacity": Range(0, 50_000, "rows", whole=True),
    "read_rate": Range(0.001, 1e9, "reads/s"),
    "reads_per_write": Range(0.1, 1e9, "reads per write"),
    "touches": Range(100, 100_000, "reads and writes", whole=True),
    "seed": SEED,
}


def characteristic_time(bands: Sequence[Band], capacity: float, touch_rate: float = 1.0) -> float:
    """Seconds after which an untouched row is evicted from an LRU cache of ``capacity`` rows (Che's approximation).

    It solves sum over rows of (1 - e^(-touches of the row * t)) = capacity by bisection; ``touch_rate`` is reads and
    writes per second. 0 where there is no room, infinite where all rows fit or nothing is touched.
    """
    if capacity <= 0:
        return 0.0
    if capacity >= sum(band.count for band in bands) * (1 - 1e-9) or touch_rate == 0:
        return math.inf
    low, high = float(capacity), 2.0 * capacity  # t touches occupy at most t places
    while _occupied(bands, high) < capacity:
        low, high = high, high * 4
    for _ in range(26):
        middle = (low + high) / 2
        low, high = (middle, high) if _occupied(bands, middle) < capacity else (low, middle)
    return (low + high) / 2 / touch_rate


def _occupied(bands: Sequence[Band], touches: float) -> float:
    expm1 = math.expm1
    return -sum(count * expm1(-share * touches) for count, share in bands)


def lru_hit_rate(bands: Sequence[Band], capacity: float, reads_per_write: float = math.inf) -> float:
    """Che's approximation: share of reads that hit an LRU cache of ``capacity`` rows; 0 to 1.

    A write leaves a marker in the row's place, so a read hits if the last touch is in memory and was a read.
    """
    touches = characteristic_time(bands, capacity)
    fresh = 1.0 if math.isinf(reads_per_write) else reads_per_write / (reads_per_write + 1)
    if math.isinf(touches) or touches == 0:
        return fresh if touches else 0.0
    return -fresh * math.fsum(count * share * math.expm1(-share * touches) for count, share in bands)


def lru(
    keys: int = 5_000,
    skew: float = 0.9,
    capacity: int = 500,
    read_rate: float = 1_000,
    reads_per_write: float = 100,
    touches: int = 10_000,
    seed: int = 0,
) -> Result:
    """Hit rate of a cache with room for ``capacity`` of ``keys`` rows which evicts the row untouched for longest.

    ``read_rate`` reads/s turn the characteristic time into seconds; a write (one for ``reads_per_write`` reads) leaves a
    marker in the row's place; the simulation runs ``touches`` reads and writes from the steady state. There is no TTL
    here: `hit_rate` has that. Che's approximation and simulation are ours. The ranges are LRU_RANGES.
    Returns a Result with the hit rate against capacity (rows). Raises TypeError or ValueError for a value out of range.
    """
    params = check_all(LRU_RANGES, dict(locals()))
    bands, held = zipf(keys, skew), min(capacity, keys)
    run = _LruRun(keys, skew, reads_per_write, touches, seed)
    simulated = {room: run.hit_rate(room) for room in sorted({max(1, keys // 100), max(1, keys // 10), held})}
    hits = lru_hit_rate(bands, capacity, reads_per_write)
    evicted_s = characteristic_time(bands, capacity, read_rate * (1 + 1 / reads_per_write))
    metrics = {
        "hit_rate": Metric("hit rate, Che's approximation", hits),
        "hit_rate_simulated": Metric("hit rate, simulated", simulated[held]),
        "db_reads": Metric("reads that reach the database", read_rate * (1 - hits), "reads/s"),
        "best_possible": Metric(
            "hit rate if the most popular rows stayed for ever", best_possible(bands, capacity)
        ),
        "memory_share": Metric("share of the rows that fit", held / keys),
    }
    if math.isfinite(evicted_s):
        metrics["characteristic_time"] = Metric("an untouched row is evicted after", evicted_s, "s")
    series = _capacity_series(bands, keys, reads_per_write, simulated)
    return Result(params, metrics, _lru_text(metrics), series)


def _capacity_series(
    bands: Sequence[Band], keys: int, reads_per_write: float, simulated: dict[int, float]
) -> dict[str, Series]:
    rooms = sorted({round(keys ** (i / 12)) for i in range(13)})
    x, theory = tuple(map(float, rooms)), tuple(lru_hit_rate(bands, room, reads_per_write) for room in rooms)
    best, label = tuple(best_possible(bands, room) for room in rooms), "most popular rows pinned, no writes"
    return {
        "hit_vs_capacity": Series("Che's approximation", x, theory, "theory"),
        "hit_vs_capacity_simulated": Series(
            "simulated", tuple(map(float, simulated)), tuple(simulated.values())
        ),
        "best_vs_capacity": Series(label, x, best, "theory"),
    }


def _lru_text(metrics: dict[str, Metric]) -> str:
    value = {name: metric.value for name, metric in metrics.items()}
    evicted = "no row is evicted"
    if "characteristic_time" in value:
        evicted = f"a row untouched for about {span(value['characteristic_time'])} is evicted"
    return (
        f"An LRU cache with room for {percent(value['memory_share'])} of the rows answers {percent(value['hit_rate'])} of the "
        f"reads by Che's approximation and {percent(value['hit_rate_simulated'])} in the simulation, so that "
        f"{number(value['db_reads'])} reads/s reach the database; {evicted}."
    )


def best_possible(bands: Sequence[Band], capacity: int) -> float:
    """Share of reads that fall on the ``capacity`` most popular rows."""
    total, left = 0.0, capacity
    for count, share in bands:
        total += min(count, left) * share
        left -= min(count, left)
    return total


class _LruRun:
    """One random sequence of touches, played against LRU caches of any size, each begun in its steady state.

    In the steady state the time since a row's last touch is exponential, so the rows in memory are those with the
    shortest such times: no warm-up is thrown away.
    """

    def __init__(self, keys: int, skew: float, reads_per_write: float, touches: int, seed: int) -> None:
        rng = random.Random(f"lru/{seed}")
        share = shares(keys, skew)
        self._is_read_share = reads_per_write / (reads_per_write + 1)
        ages = sorted((rng.expovariate(s) if s > 0 else math.inf, row) for row, s in enumerate(share))
        self._newest_first = [(row, rng.random() < self._is_read_share) for _, row in ages]
        rows = rng.choices(range(keys), cum_weights=list(itertools.accumulate(share)), k=touches)
        self._touches = [(row, rng.random() < self._is_read_share) for row in rows]

    def hit_rate(self, capacity: int) -> float:
        """Share of the reads that find the row in memory with its last touch a read."""
        slots = OrderedDict(
            reversed(self._newest_first[:capacity])
        )  # row -> is it a value (True) or a marker (False)
        hits = reads = 0
        for row, is_read in self._touches:
            if is_read:
                reads += 1
                hits += slots.get(row, False)
            slots[row] = is_read
            slots.move_to_end(row)
            if len(slots) > capacity:
                slots.popitem(last=False)
        return hits / reads if reads else 0.0

"""How often the cache answers: TTL caches and LRU caches, closed forms beside simulations.

Reads of a row are Poisson, writes of it too, and both fall on rows by the same Zipf law. A TTL starts at the fill; a hit
does not renew it unless ``renew`` says so. What a write does to the cached row is a switch: "invalidate" (a marker:
the next read misses and fills), "fill" (Flux writes the new row over the old one at once), "nothing" (it stays, stale,
until its TTL ends). For one row, with reads at rate r, writes at rate w and a TTL of T:

| write      | TTL from the fill                            | TTL renewed by each hit             |
|------------|----------------------------------------------|-------------------------------------|
| nothing    | r T / (1 + r T)                              | 1 - e^(-r T)                        |
| invalidate | r L / (1 + r L), L = (1 - e^(-w T)) / w      | r / (r + w) (1 - e^(-(r + w) T))    |
| fill       | 1 - 1 / (1 + (r + w) L), L = (e^(w T) - 1)/w | 1 - e^(-(r + w) T)                  |

L is the mean time that an entry lives. First column: a cycle is one miss, then L seconds of hits (Jung, Berger and
Balakrishnan, INFOCOM 2003, for "nothing"). Second column: a read hits if the last touch is younger than T.
An LRU cache behaves as the second column with one T for all rows, the *characteristic time* (Fagin 1977; Che, Tung
and Wang, IEEE JSAC 2002; shown to be exact in the limit by Jiang, Nain and Towsley 2018).
"""

from __future__ import annotations

import itertools
import math
import random
from collections import OrderedDict
from collections.abc import Sequence

from dslab.cachefront.fleet.popularity import Band, shares, spread_sample, zipf
from dslab.cachefront.fleet.ranges import SEED, Options, Range, Switch, check_all
from dslab.cachefront.fleet.uber import figure
from dslab.cachefront.fleet.words import number, percent, span
from dslab.sim.result import Metric, Result, Series

ON_WRITE = ("invalidate", "fill", "nothing")
DAY_S = 86_400
HIT_RATE_RANGES = {
    "keys": Range(1, 10**9, "rows", whole=True),
    "skew": Range(0, 3),
    "ttl_s": Range(0, 30 * DAY_S, "s"),
    "read_rate": Range(0, 1e9, "reads/s"),
    "reads_per_write": Range(0.1, 1e9, "reads per write"),
    "on_write": Options(ON_WRITE),
    "renew": Switch(),
    "absent": Range(0, 1),
    "negative_caching": Switch(),
    "seed": SEED,
}
LRU_RANGES = {
    "keys": Range(1, 100_000, "rows", whole=True),
    "skew": Range(0, 3),
    "capacity": Range(0, 100_000, "rows", whole=True),
    "read_rate": Range(0.001, 1e9, "reads/s"),
    "reads_per_write": Range(0.1, 1e9, "reads per write"),
    "touches": Range(100, 1_000_000, "reads and writes", whole=True),
    "seed": SEED,
}
TTL_CURVE_S = (*(10 ** (i / 4) for i in range(24)), 7.0 * DAY_S)
SKEW_CURVE = tuple(i / 10 for i in range(21))
_MOVES = 60  # through how many moves a simulation follows each of its rows


def entry_life_s(writes: float, ttl_s: float, on_write: str = "invalidate") -> float:
    """Mean time an entry lives when a hit does not renew it: ``writes`` per second of its row, ``ttl_s`` in seconds."""
    if on_write == "nothing" or writes * ttl_s < 1e-12:
        return ttl_s
    if on_write == "invalidate":
        return -math.expm1(-writes * ttl_s) / writes
    return math.expm1(min(writes * ttl_s, 600.0)) / writes


def row_hit_rate(
    reads: float, writes: float, ttl_s: float, renew: bool = False, on_write: str = "invalidate"
) -> float:
    """Share of the reads of one row that hit: the closed forms of the table above.

    ``reads`` and ``writes`` are rates per second, ``ttl_s`` seconds; returns 0 to 1.
    """
    touches = reads if on_write == "nothing" else reads + writes
    if renew:
        fresh = reads / touches if on_write == "invalidate" and touches else 1.0
        return -math.expm1(-touches * ttl_s) * fresh
    fills = touches if on_write == "fill" else reads
    lived = fills * entry_life_s(writes, ttl_s, on_write)
    return lived / (1 + lived)


def row_stale_rate(reads: float, writes: float, ttl_s: float, renew: bool = False) -> float:
    """Share of the reads of one row that are served a stale value when writes do "nothing" to the cache; 0 to 1."""
    hits = row_hit_rate(reads, writes, ttl_s, renew, "nothing")
    if renew:
        fresh = row_hit_rate(reads, writes, ttl_s, True, "invalidate")
        return hits - math.exp(-reads * ttl_s) * fresh / (1 - fresh) if fresh < 1 else 0.0
    fresh_s = entry_life_s(writes, ttl_s, "invalidate")
    return hits * (1 - fresh_s / ttl_s) if ttl_s else 0.0


def needed_reads_per_write(hit_rate: float) -> float:
    """Reads between two invalidating writes that a hit rate (0 up to, not including, 1) needs, however long the TTL.

    Each write costs a miss, so the hit rate stays under R / (R + 1) for R reads per write; solved for R. Raises ValueError.
    """
    if not 0 <= hit_rate < 1:
        raise ValueError(f"hit_rate is {hit_rate!r}; it must be from 0 up to, but not including, 1")
    return hit_rate / (1 - hit_rate)


def hit_rate(
    keys: int = 1_000_000,
    skew: float = 0.9,
    ttl_s: float = 300,
    read_rate: float = 20_000,
    reads_per_write: float = 100,
    on_write: str = "invalidate",
    renew: bool = False,
    absent: float = 0.0,
    negative_caching: bool = True,
    seed: int = 0,
) -> Result:
    """Hit rate and database load of a TTL cache with room for every row, against the TTL and against the skew.

    ``keys`` rows of Zipf ``skew``; TTL in seconds; ``read_rate`` reads/s in all; one write for ``reads_per_write`` reads
    (Uber assumes 20, even 100 [V]); ``on_write`` and ``renew`` as in the table on top; ``absent`` is the share of reads
    that ask for rows which do not exist: they hit only with ``negative_caching``. The ranges are HIT_RATE_RANGES.
    Theory and simulation are ours; the claimed point is Uber's table at 24 hours, over 99.9 % (UB2) [V].
    Returns a Result with curves against TTL (s) and skew. Raises TypeError or ValueError for a value out of range.
    """
    params = check_all(HIT_RATE_RANGES, dict(locals()))
    bands = zipf(keys, skew)
    cacheable = 1 - absent if not negative_caching else 1.0
    write_rate = read_rate / reads_per_write
    load = (read_rate, write_rate)

    def theory(at_ttl_s: float, of: tuple[Band, ...] = bands) -> float:
        return cacheable * _sum_of_rows(of, load, at_ttl_s, renew, on_write)

    def simulated(at_ttl_s: float, of: tuple[Band, ...] = bands, rows: int = 25) -> float:
        rng = random.Random(f"{seed}/{at_ttl_s:.6g}")
        return cacheable * _simulate_rows(rng, spread_sample(of, rows), load, at_ttl_s, renew, on_write)

    hits, hits_simulated = theory(ttl_s), simulated(ttl_s, rows=50)
    ttl_hits = {t: simulated(t) for t in (1.0, 300.0, 3_600.0, float(DAY_S))}
    if ttl_s >= 1:
        ttl_hits = dict(sorted((ttl_hits | {float(ttl_s): hits_simulated}).items()))
    ttl_theory = [theory(t) for t in TTL_CURVE_S]
    skew_hits = {s: simulated(ttl_s, zipf(keys, s)) for s in (0.0, 0.7, 1.4, 2.0)}
    skew_theory = [theory(ttl_s, zipf(keys, s)) for s in SKEW_CURVE]
    marks = (figure("default_ttl"), figure("long_ttl"))
    series = {
        "hit_vs_ttl": Series("closed form", TTL_CURVE_S, tuple(ttl_theory), "theory"),
        "hit_vs_ttl_simulated": Series("simulated", tuple(ttl_hits), tuple(ttl_hits.values())),
        "marks_vs_ttl": Series("5 minutes and 24 hours", marks, tuple(theory(t) for t in marks), "theory"),
        "uber_24h": Series(
            "Uber's one table at 24 hours: over", marks[1:], (figure("long_ttl_hit_rate"),), "claimed"
        ),
        "db_vs_ttl": Series(
            "closed form", TTL_CURVE_S, tuple(read_rate * (1 - h) for h in ttl_theory), "theory"
        ),
        "db_vs_ttl_simulated": Series(
            "simulated", tuple(ttl_hits), tuple(read_rate * (1 - h) for h in ttl_hits.values())
        ),
        "hit_vs_skew": Series("closed form", SKEW_CURVE, tuple(skew_theory), "theory"),
        "hit_vs_skew_simulated": Series("simulated", tuple(skew_hits), tuple(skew_hits.values())),
        "db_vs_skew": Series(
            "closed form", SKEW_CURVE, tuple(read_rate * (1 - h) for h in skew_theory), "theory"
        ),
    }
    cached = sum(
        count * row_hit_rate(read_rate * share, write_rate * share, ttl_s, renew, on_write)
        for count, share in bands
    )
    ceiling = cacheable * (reads_per_write / (reads_per_write + 1) if on_write == "invalidate" else 1.0)
    stale = cacheable * _stale_share(bands, load, ttl_s, renew) if on_write == "nothing" else 0.0
    metrics = {
        "hit_rate": Metric("hit rate, closed form", hits),
        "hit_rate_simulated": Metric("hit rate, simulated", hits_simulated),
        "db_reads": Metric("reads that reach the database", read_rate * (1 - hits), "reads/s"),
        "writes": Metric("writes", write_rate, "writes/s"),
        "rows_cached": Metric("rows in the cache, on average", cached, "rows"),
        "ceiling": Metric("highest hit rate any TTL can reach", ceiling),
        "stale_share": Metric("share of reads served a stale value", stale),
        "hit_rate_5_minutes": Metric("hit rate at a TTL of 5 minutes", series["marks_vs_ttl"].y[0]),
        "hit_rate_24_hours": Metric("hit rate at a TTL of 24 hours", series["marks_vs_ttl"].y[1]),
        "lru_hit_rate": Metric(
            "hit rate of an LRU cache of as many rows",
            cacheable
            * lru_hit_rate(bands, cached, reads_per_write if on_write == "invalidate" else math.inf),
        ),
    }
    return Result(params, metrics, _hit_text(params, metrics), series, {"ceilings": _ceilings()})


def _hit_text(params: dict, metrics: dict[str, Metric]) -> str:
    value = {name: metric.value for name, metric in metrics.items()}
    text = (
        f"With a TTL of {span(params['ttl_s'])} the cache answers {percent(value['hit_rate'])} of the reads "
        f"(simulated {percent(value['hit_rate_simulated'])}) and {number(value['db_reads'])} reads/s reach the database; "
    )
    if params["on_write"] == "nothing":
        return (
            text + f"as writes leave the cache alone, {percent(value['stale_share'])} of the reads are stale."
        )
    if params["on_write"] == "fill":
        return text + f"at 24 hours it would answer {percent(value['hit_rate_24_hours'])}."
    missing = (
        " and every read of a missing row" if params["absent"] and not params["negative_caching"] else ""
    )
    return text + (
        f"at 24 hours it would answer {percent(value['hit_rate_24_hours'])}, and no TTL can pass "
        f"{percent(value['ceiling'])}, since every write{missing} costs a miss."
    )


def _ceilings() -> list[dict[str, float]]:
    ratios = (figure("reads_per_write"), figure("reads_per_write_high"), 999.0, 9_999.0)
    return [{"reads per write": ratio, "highest hit rate": ratio / (ratio + 1)} for ratio in ratios]


def _sum_of_rows(
    bands: tuple[Band, ...], load: tuple[float, float], ttl_s: float, renew: bool, on_write: str
) -> float:
    reads, writes = load
    return math.fsum(
        count * share * row_hit_rate(reads * share, writes * share, ttl_s, renew, on_write)
        for count, share in bands
    )


def _stale_share(bands: tuple[Band, ...], load: tuple[float, float], ttl_s: float, renew: bool) -> float:
    reads, writes = load
    return math.fsum(
        count * share * row_stale_rate(reads * share, writes * share, ttl_s, renew) for count, share in bands
    )


def _simulate_rows(
    rng: random.Random,
    rows: Sequence[float],
    load: tuple[float, float],
    ttl_s: float,
    renew: bool,
    on_write: str,
) -> float:
    """Follow rows of these shares of the reads, picked evenly through the reads, and average their hit ratios."""
    reads, writes = load
    if reads == 0 or ttl_s == 0:
        return 0.0
    follow = _follow_renewed if renew else _follow_fixed
    hit_ratios = []
    for share in rows:
        row_writes = 0.0 if on_write == "nothing" else writes * share
        hits, misses = follow(rng, reads * share, row_writes, ttl_s, on_write == "fill")
        hit_ratios.append(hits / (hits + misses) if hits else 0.0)
    return math.fsum(hit_ratios) / len(rows)


def _follow_fixed(
    rng: random.Random, reads: float, writes: float, ttl_s: float, fill: bool
) -> tuple[int, int]:
    """One row's slot whose TTL starts at the fill. Each move ends with a read of the empty slot, a write or the TTL.

    The reads while the entry lives are drawn as one Poisson count: they change nothing.
    """
    hits = misses = 0
    left_s = 0.0  # what is left of the entry's life; 0 is an empty slot
    for _ in range(_MOVES):
        to_write_s = rng.expovariate(writes) if writes else math.inf
        if left_s == 0.0:
            read_first = rng.expovariate(reads) < to_write_s
            misses += read_first
            left_s = ttl_s if read_first or fill else 0.0
            continue
        hits += _poisson(rng, reads * min(left_s, to_write_s))
        left_s = ttl_s if fill and to_write_s < left_s else 0.0
    return hits, misses


def _follow_renewed(
    rng: random.Random, reads: float, writes: float, ttl_s: float, fill: bool
) -> tuple[int, int]:
    """One row's slot whose TTL starts again at every hit, touch by touch; the first touch only sets the scene."""
    hits = misses = 0
    alive, share_of_reads = False, reads / (reads + writes)
    for move in range(_MOVES + 1):
        in_time = rng.expovariate(reads + writes) <= ttl_s
        is_read = rng.random() < share_of_reads
        if is_read and move:
            hits += alive and in_time
            misses += not (alive and in_time)
        alive = is_read or fill
    return hits, misses


def _poisson(rng: random.Random, mean: float) -> int:
    """Draw a Poisson count: by a product of uniform draws up to a mean of 12, by the normal law rounded above it."""
    if mean > 12:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    count, product, least = 0, rng.random(), math.exp(-mean)
    while product > least:
        count += 1
        product *= rng.random()
    return count


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
    keys: int = 10_000,
    skew: float = 0.9,
    capacity: int = 1_000,
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
    bands = zipf(keys, skew)
    run = _LruRun(keys, skew, reads_per_write, touches, seed)
    grid = sorted({round(keys ** (i / 12)) for i in range(13)})
    points = sorted({max(1, keys // 100), max(1, keys // 10), min(capacity, keys)})
    simulated = {room: run.hit_rate(room) for room in points}
    best = {room: _best_possible(bands, room) for room in grid}
    hits = lru_hit_rate(bands, capacity, reads_per_write)
    touch_rate = read_rate * (1 + 1 / reads_per_write)
    evicted_s = characteristic_time(bands, capacity, touch_rate)
    metrics = {
        "hit_rate": Metric("hit rate, Che's approximation", hits),
        "hit_rate_simulated": Metric("hit rate, simulated", simulated[min(capacity, keys)]),
        "db_reads": Metric("reads that reach the database", read_rate * (1 - hits), "reads/s"),
        "best_possible": Metric(
            "hit rate if the most popular rows stayed for ever", _best_possible(bands, capacity)
        ),
        "memory_share": Metric("share of the rows that fit", min(1.0, capacity / keys)),
    }
    if math.isfinite(evicted_s):
        metrics["characteristic_time"] = Metric("an untouched row is evicted after", evicted_s, "s")
    theory = tuple(lru_hit_rate(bands, room, reads_per_write) for room in grid)
    series = {
        "hit_vs_capacity": Series("Che's approximation", tuple(map(float, grid)), theory, "theory"),
        "hit_vs_capacity_simulated": Series(
            "simulated", tuple(map(float, simulated)), tuple(simulated.values())
        ),
        "best_vs_capacity": Series(
            "most popular rows pinned, no writes", tuple(map(float, grid)), tuple(best.values()), "theory"
        ),
    }
    evicted = (
        f"a row untouched for about {span(evicted_s)} is evicted"
        if math.isfinite(evicted_s)
        else "no row is evicted"
    )
    text = (
        f"An LRU cache with room for {percent(min(1.0, capacity / keys))} of the rows answers {percent(hits)} of the reads by "
        f"Che's approximation and {percent(metrics['hit_rate_simulated'].value)} in the simulation; {evicted}."
    )
    return Result(params, metrics, text, series)


def _best_possible(bands: Sequence[Band], capacity: int) -> float:
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

"""How often the cache answers: caches with a TTL, closed forms beside a simulation.

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
Balakrishnan, INFOCOM 2003, for "nothing"). Second column: a read hits if the last touch is younger than T. More skew
always helps the first column; in the second a little skew hurts where even unpopular rows are read more than twice a TTL.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass

from dslab.cachefront.fleet.memory import lru_hit_rate
from dslab.cachefront.fleet.numeric import poisson
from dslab.cachefront.fleet.popularity import Band, spread_sample, zipf
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
TTL_CURVE_S = (*(10 ** (i / 4) for i in range(24)), 7.0 * DAY_S)
SKEW_CURVE = tuple(i / 5 for i in range(11))
_FIRST, _MOVES = 6, 30  # through how many moves a simulation follows each of its rows, twice


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


@dataclass(frozen=True)
class _Cache:
    """The settings of one TTL cache, and what it answers for any popularity and TTL; rates in events per second."""

    reads: float
    writes: float
    on_write: str
    renew: bool
    cacheable: float  # share of the reads that ask for something the cache may hold
    seed: int

    def hits(self, bands: tuple[Band, ...], ttl_s: float) -> float:
        """Closed form: share of all reads that hit."""
        return self.cacheable * math.fsum(count * share * self._row(share, ttl_s) for count, share in bands)

    def rows_cached(self, bands: tuple[Band, ...], ttl_s: float) -> float:
        """Closed form: mean number of live entries (a Poisson read sees a row's slot as it is on average)."""
        return math.fsum(count * self._row(share, ttl_s) for count, share in bands)

    def stale(self, bands: tuple[Band, ...], ttl_s: float) -> float:
        """Closed form: share of all reads that are served a stale value."""
        if self.on_write != "nothing":
            return 0.0
        return self.cacheable * math.fsum(
            count * share * row_stale_rate(self.reads * share, self.writes * share, ttl_s, self.renew)
            for count, share in bands
        )

    def simulated(self, bands: tuple[Band, ...], ttl_s: float, rows: int = 25) -> float:
        """Follow some rows, picked evenly through the reads, and average their hit ratios."""
        if self.reads == 0 or ttl_s == 0:
            return 0.0
        rng = random.Random(f"{self.seed}/{ttl_s:.6g}")
        follow, fill, ratios = _follow_renewed if self.renew else _follow_fixed, self.on_write == "fill", []
        for share in spread_sample(bands, rows):
            writes = 0.0 if self.on_write == "nothing" else self.writes * share
            halves = [follow(rng, self.reads * share, writes, ttl_s, fill) for _ in range(2)]
            ratios.append(_hit_ratio(halves))
        return self.cacheable * min(1.0, max(0.0, math.fsum(ratios) / rows))

    def _row(self, share: float, ttl_s: float) -> float:
        return row_hit_rate(self.reads * share, self.writes * share, ttl_s, self.renew, self.on_write)


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
    cacheable = 1.0 if negative_caching else 1 - absent
    cache = _Cache(read_rate, read_rate / reads_per_write, on_write, renew, cacheable, seed)
    bands = zipf(keys, skew)
    simulated = cache.simulated(bands, ttl_s, rows=50)
    series = _ttl_series(cache, bands, ttl_s, simulated) | _skew_series(cache, keys, ttl_s)
    metrics = _hit_metrics(cache, bands, ttl_s, reads_per_write)
    metrics |= {
        "hit_rate_simulated": Metric("hit rate, simulated", simulated),
        "hit_rate_5_minutes": Metric("hit rate at a TTL of 5 minutes", series["marks_vs_ttl"].y[0]),
        "hit_rate_24_hours": Metric("hit rate at a TTL of 24 hours", series["marks_vs_ttl"].y[1]),
    }
    return Result(params, metrics, _hit_text(params, metrics), series, {"ceilings": _ceilings()})


def _hit_metrics(
    cache: _Cache, bands: tuple[Band, ...], ttl_s: float, reads_per_write: float
) -> dict[str, Metric]:
    hits, cached = cache.hits(bands, ttl_s), cache.rows_cached(bands, ttl_s)
    invalidates = cache.on_write == "invalidate"
    ceiling = cache.cacheable * (reads_per_write / (reads_per_write + 1) if invalidates else 1.0)
    lru = cache.cacheable * lru_hit_rate(bands, cached, reads_per_write if invalidates else math.inf)
    return {
        "hit_rate": Metric("hit rate, closed form", hits),
        "db_reads": Metric("reads that reach the database", cache.reads * (1 - hits), "reads/s"),
        "writes": Metric("writes", cache.writes, "writes/s"),
        "rows_cached": Metric("rows in the cache, on average", cached, "rows"),
        "ceiling": Metric("highest hit rate any TTL can reach", ceiling),
        "stale_share": Metric("share of reads served a stale value", cache.stale(bands, ttl_s)),
        "lru_hit_rate": Metric("hit rate of an LRU cache of as many rows", lru),
    }


def _ttl_series(
    cache: _Cache, bands: tuple[Band, ...], ttl_s: float, simulated_here: float
) -> dict[str, Series]:
    points = {t: cache.simulated(bands, t) for t in (1.0, 300.0, 3_600.0, float(DAY_S))}
    if ttl_s >= 1:
        points = dict(sorted((points | {float(ttl_s): simulated_here}).items()))
    curve = [cache.hits(bands, t) for t in TTL_CURVE_S]
    marks = (figure("default_ttl"), figure("long_ttl"))
    at_marks, uber = tuple(cache.hits(bands, t) for t in marks), (figure("long_ttl_hit_rate"),)
    x, y = tuple(points), tuple(points.values())
    return {
        "hit_vs_ttl": Series("closed form", TTL_CURVE_S, tuple(curve), "theory"),
        "hit_vs_ttl_simulated": Series("simulated", x, y),
        "marks_vs_ttl": Series("5 minutes and 24 hours", marks, at_marks, "theory"),
        "uber_24h": Series("Uber, one table: over", marks[1:], uber, "claimed"),
        "db_vs_ttl": Series("closed form", TTL_CURVE_S, _misses(cache, curve), "theory"),
        "db_vs_ttl_simulated": Series("simulated", x, _misses(cache, y)),
    }


def _skew_series(cache: _Cache, keys: int, ttl_s: float) -> dict[str, Series]:
    points = {skew: cache.simulated(zipf(keys, skew), ttl_s) for skew in (0.0, 0.7, 1.4, 2.0)}
    curve = [cache.hits(zipf(keys, skew), ttl_s) for skew in SKEW_CURVE]
    return {
        "hit_vs_skew": Series("closed form", SKEW_CURVE, tuple(curve), "theory"),
        "hit_vs_skew_simulated": Series("simulated", tuple(points), tuple(points.values())),
        "db_vs_skew": Series("closed form", SKEW_CURVE, _misses(cache, curve), "theory"),
        "db_vs_skew_simulated": Series("simulated", tuple(points), _misses(cache, points.values())),
    }


def _misses(cache: _Cache, hits: Iterable[float]) -> tuple[float, ...]:
    return tuple(cache.reads * (1 - share) for share in hits)


def _hit_text(params: dict, metrics: dict[str, Metric]) -> str:
    value = {name: metric.value for name, metric in metrics.items()}
    text = (
        f"With a TTL of {span(params['ttl_s'])} the cache answers {percent(value['hit_rate'])} of the reads "
        f"(simulated {percent(value['hit_rate_simulated'])}) and {number(value['db_reads'])} reads/s reach the database; "
    )
    if params["on_write"] == "nothing":
        return (
            f"{text}as writes leave the cache alone, {percent(value['stale_share'])} of the reads are stale."
        )
    other, name = ("5 minutes", "5_minutes") if params["ttl_s"] >= DAY_S else ("24 hours", "24_hours")
    text += f"at {other} it would answer {percent(value[f'hit_rate_{name}'])}"
    if params["on_write"] == "fill":
        return f"{text}."
    unheld = params["absent"] and not params["negative_caching"]
    missing = " and every read of a missing row" if unheld else ""
    return (
        f"{text}, and no TTL can pass {percent(value['ceiling'])}, since every write{missing} costs a miss."
    )


def _ceilings() -> list[dict[str, float]]:
    ratios = (figure("reads_per_write"), figure("reads_per_write_high"), 999.0, 9_999.0)
    return [{"reads per write": ratio, "highest hit rate": ratio / (ratio + 1)} for ratio in ratios]


def _hit_ratio(halves: list[tuple[int, int]]) -> float:
    """Hits per read of two runs of one row, freed of the bias that a ratio of small counts has (jackknife)."""
    whole = tuple(map(sum, zip(*halves, strict=True)))
    full, *parts = (hits / (hits + misses) if hits else 0.0 for hits, misses in (whole, *halves))
    return 2 * full - sum(parts) / 2


def _follow_fixed(
    rng: random.Random, reads: float, writes: float, ttl_s: float, fill: bool
) -> tuple[int, int]:
    """One row's slot whose TTL starts at the fill. Each move ends with a read of the empty slot, a write or the TTL.

    The reads while the entry lives are drawn as one Poisson count: they change nothing. The first moves, which still
    know that the slot began empty, are not counted.
    """
    hits = misses = 0
    left_s = 0.0  # what is left of the entry's life; 0 is an empty slot
    for move in range(_FIRST + _MOVES):
        if move == _FIRST:
            hits = misses = 0
        to_write_s = rng.expovariate(writes) if writes else math.inf
        if left_s == 0.0:
            read_first = rng.expovariate(reads) < to_write_s
            misses += read_first
            left_s = ttl_s if read_first or fill else 0.0
            continue
        hits += poisson(rng, reads * min(left_s, to_write_s))
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

"""A second region kept warm: replay the keys there, or ship the values?

| word     | meaning                                                                                                  |
|----------|----------------------------------------------------------------------------------------------------------|
| stream   | what the first region writes into its Redis, tailed and sent to the second; it takes the stream lag      |
| keys     | the stream carries keys; the second region reads them through its own query engine, from its own DB     |
| values   | the stream carries rows; the second region puts them into its cache as they come                        |
| cold     | no stream: the second cache is empty when traffic moves                                                  |
| ahead    | an entry newer than the second region's own database, which lags by the replication lag                  |
| behind   | an entry older than that database                                                                        |

Ahead is the danger: after a fail-over the writes that had not been replicated are gone, and the cache answers with rows
that its database never had, until the TTL. A row is ahead when, between the two lags (D seconds), it was written and
then read: with reads at rate r and writes at rate w that has the chance 1 - (r e^(-w D) - w e^(-r D)) / (r - w).
That Uber ships keys only and replays them as reads, for this reason, is reported of UB1 [S]. Flux fills and repairs [V];
that it also runs in the second region, and whether it fills or only invalidates there, is our assumption and a switch.
With "invalidate" the model shows one thing which we have not seen stated: keys that overtake replication warm nothing
that was just written, because the row they find in the cache is still the right one for that database.
"""

from __future__ import annotations

import bisect
import math
import random
from dataclasses import dataclass
from typing import NamedTuple

from dslab.cachefront.fleet.popularity import shares
from dslab.cachefront.fleet.ranges import SEED, Options, Range, check_all
from dslab.cachefront.fleet.words import many, number, percent, span
from dslab.sim.result import Metric, Result, Series

WARMING = ("keys", "values")
CDC = ("fill", "invalidate", "none")
WARM_UP_RANGES = {
    "mode": Options(WARMING),
    "replication_lag_s": Range(0, 30, "s"),
    "stream_lag_s": Range(0, 30, "s"),
    "cdc_lag_s": Range(0, 30, "s"),
    "cdc": Options(CDC),
    "rows": Range(1, 2_000, "rows", whole=True),
    "skew": Range(0, 3),
    "read_rate": Range(0.1, 1_000, "reads/s"),
    "reads_per_write": Range(5, 1_000_000, "reads per write"),
    "ttl_s": Range(60, 3_600, "s"),
    "seed": SEED,
}


class Entry(NamedTuple):
    """A row in the second cache when traffic moves: its version, the database's version, how long it still lives (s)."""

    version: int
    database: int
    left_s: float


@dataclass(frozen=True)
class Lags:
    """How long after an event of the first region (s): its stream arrives, its write is applied, Flux then acts on it, and how."""

    stream_s: float
    replication_s: float
    cdc_s: float
    cdc: str = "fill"


def ahead_chance(reads: float, writes: float, window_s: float) -> float:
    """Closed form: chance that a row is written and then read within ``window_s`` seconds (rates per second); 0 to 1."""
    if window_s <= 0 or writes == 0:
        return 0.0
    if abs(reads - writes) < 1e-6 * reads:
        return 1 - math.exp(-reads * window_s) * (1 + reads * window_s)
    gap = reads * math.exp(-writes * window_s) - writes * math.exp(-reads * window_s)
    return 1 - gap / (reads - writes)


def row_history(
    rng: random.Random, reads: float, writes: float, ttl_s: float, until_s: float
) -> tuple[list[float], list[tuple[float, int]]]:
    """One row in the first region from 0 to ``until_s``: the times of its writes, and its fills as (time, version).

    A version is the number of writes so far. A fill happens at the first read after a write or after the TTL.
    """
    written: list[float] = []
    fills: list[tuple[float, int]] = []
    now, next_write = rng.expovariate(reads), rng.expovariate(writes)
    while True:
        while next_write <= now and next_write < until_s:
            written.append(next_write)
            next_write += rng.expovariate(writes)
        if now >= until_s:
            return written, fills
        fills.append((now, len(written)))
        now = min(now + ttl_s, next_write) + rng.expovariate(reads)


def second_cache(
    written: list[float], fills: list[tuple[float, int]], mode: str, lags: Lags, ttl_s: float, until_s: float
) -> Entry | None:
    """Play one row's stream into the second region, with compare-and-set; its entry at ``until_s``, or None if empty."""
    events = [(at + lags.stream_s, True, version) for at, version in fills]
    if lags.cdc != "none":
        delay_s = lags.replication_s + lags.cdc_s
        events += [(at + delay_s, False, i) for i, at in enumerate(written, 1)]
    events.sort()
    values, cdc_life_s = mode == "values", ttl_s if lags.cdc == "fill" else 0.0
    version, expires = -1, 0.0  # of the entry; a marker is an entry that has expired but keeps its version
    for now, from_stream, carried in events:
        if now > until_s:
            break
        if not from_stream:
            if version < carried:
                version, expires = carried, now + cdc_life_s
        elif values:
            if carried >= version:
                version, expires = carried, now + ttl_s
        elif now >= expires:
            version, expires = bisect.bisect_right(written, now - lags.replication_s), now + ttl_s
    if expires <= until_s:
        return None
    return Entry(version, bisect.bisect_right(written, until_s - lags.replication_s), expires - until_s)


def warm_up(
    mode: str = "keys",
    replication_lag_s: float = 2.0,
    stream_lag_s: float = 0.2,
    cdc_lag_s: float = 0.5,
    cdc: str = "fill",
    rows: int = 400,
    skew: float = 0.9,
    read_rate: float = 100,
    reads_per_write: float = 20,
    ttl_s: float = 300,
    seed: int = 0,
) -> Result:
    """State of the second region's cache when traffic moves there, warmed by keys, by values, or cold; and the minute after.

    Lags in seconds: ``replication_lag_s`` until a write is in the second database, ``stream_lag_s`` until a key or value
    arrives, ``cdc_lag_s`` from a write in the second database until Flux there does what ``cdc`` says. ``rows`` rows of Zipf ``skew``
    get ``read_rate`` reads/s, one write for ``reads_per_write`` reads, and live ``ttl_s``. The ranges are WARM_UP_RANGES.
    Returns a Result: entries ahead of and behind the local database for both modes (``mode`` chooses the one that the
    sentence tells), against the replication lag, and the hit rate over the seconds after the move.
    Raises TypeError or ValueError for a value out of range.
    """
    params = check_all(WARM_UP_RANGES, dict(locals()))
    rates = [(read_rate * share, read_rate * share / reads_per_write) for share in shares(rows, skew)]
    histories = _histories(rates, params, 2 * ttl_s)
    by_lag = {
        lag_s: _caches(histories, Lags(stream_lag_s, lag_s, cdc_lag_s, cdc), ttl_s)
        for lag_s in sorted({0.0, 10.0, float(replication_lag_s)})
    }
    now = by_lag[float(replication_lag_s)] | {"cold": [None] * rows}
    metrics, table = _shared_metrics(rates, replication_lag_s - stream_lag_s), []
    for way, entries in now.items():
        own = _cache_metrics(way, entries, rates)
        metrics |= own
        table.append(
            {"warming": way} | {metric.label.split(": ")[1]: metric.value for metric in own.values()}
        )
    differ = metrics[f"ahead_{mode}"].value + metrics[f"behind_{mode}"].value
    metrics["inconsistent"] = Metric(
        f"{mode}: entries that differ from the local database", differ, "entries"
    )
    series = _lag_series(rates, stream_lag_s, by_lag) | _after_series(now, rates, params)
    return Result(params, metrics, _warm_text(params, metrics), series, {"warming": table})


def _caches(histories: list[tuple], lags: Lags, ttl_s: float) -> dict[str, list[Entry | None]]:
    """Play all rows into the second region, by keys and by values, up to the moment when traffic moves."""
    return {way: [second_cache(*row, way, lags, ttl_s, 2 * ttl_s) for row in histories] for way in WARMING}


def _shared_metrics(rates: list[tuple[float, float]], window_s: float) -> dict[str, Metric]:
    all_reads = math.fsum(reads for reads, _ in rates)
    steady = math.fsum(reads * reads / (reads + writes) for reads, writes in rates) / all_reads
    label = "values: entries ahead of the local database, closed form"
    return {
        "ahead_values_theory": Metric(label, _ahead(rates, window_s), "entries"),
        "steady": Metric("hit rate of the first region, were there no TTL", steady),
    }


def _histories(rates: list[tuple[float, float]], params: dict, until_s: float) -> list[tuple]:
    """Each row's history; of a busy row only its last few writes and what may still be under way."""
    rng = random.Random(f"warm/{params['seed']}")
    lags_s = params["stream_lag_s"] + max(params["replication_lag_s"], 10.0) + params["cdc_lag_s"]
    found = []
    for reads, writes in rates:
        span_s = min(until_s, 6 / writes + 6 / reads + lags_s)
        start = until_s - span_s
        written, fills = row_history(rng, reads, writes, params["ttl_s"], span_s)
        found.append(([start + at for at in written], [(start + at, version) for at, version in fills]))
    return found


def _cache_metrics(
    way: str, entries: list[Entry | None], rates: list[tuple[float, float]]
) -> dict[str, Metric]:
    there = [entry for entry in entries if entry]
    all_reads = math.fsum(reads for reads, _ in rates)
    first = math.fsum(reads for entry, (reads, _) in zip(entries, rates, strict=True) if entry) / all_reads
    return {
        f"ahead_{way}": Metric(f"{way}: entries ahead of the local database", sum(e.version > e.database for e in there), "entries"),
        f"behind_{way}": Metric(f"{way}: entries behind the local database", sum(e.version < e.database for e in there), "entries"),
        f"warm_{way}": Metric(f"{way}: rows in the cache", len(there), "rows"),
        f"first_{way}": Metric(f"{way}: hit rate in the first moment", first),
    }  # fmt: skip


def _ahead(rates: list[tuple[float, float]], window_s: float) -> float:
    return math.fsum(ahead_chance(reads, writes, window_s) for reads, writes in rates)


def hit_rate_after(entry: Entry | None, reads: float, writes: float, t: float) -> float:
    """Closed form: chance that a read of the row hits ``t`` seconds after traffic moved, for ``t`` up to the TTL.

    An empty row hits if its last touch since then was a read. An entry that was there also hits before the first touch
    and, once it has expired, no longer hits if only it was read.
    """
    both, left = reads + writes, entry.left_s if entry else 0.0
    chance = -math.expm1(-both * t) * reads / both
    if entry and t < left:
        return chance + math.exp(-both * t)
    if entry:
        chance -= math.exp(-writes * t) * (math.exp(-reads * (t - left)) - math.exp(-reads * t))
    return chance


def _lag_series(
    rates: list[tuple[float, float]], stream_lag_s: float, points: dict[float, dict[str, list[Entry | None]]]
) -> dict[str, Series]:
    x = tuple(points)
    grid = tuple(max(x) * part for part in (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0))
    ahead = tuple(_ahead(rates, lag - stream_lag_s) for lag in grid)
    series = {"ahead_vs_lag": Series("values: ahead, closed form", grid, ahead, "theory")}
    for way in WARMING:
        differ = (sum(e.version != e.database for e in caches[way] if e) for caches in points.values())
        series[f"inconsistent_vs_lag_{way}"] = Series(
            f"{way}: differ from the local database", x, tuple(map(float, differ))
        )
        warm = (sum(e is not None for e in caches[way]) for caches in points.values())
        series[f"warm_vs_lag_{way}"] = Series(f"{way}: rows in the cache", x, tuple(map(float, warm)))
    return series


def _after_series(
    now: dict[str, list[Entry | None]], rates: list[tuple[float, float]], params: dict
) -> dict[str, Series]:
    """Hit rate after the move: closed form for each warming, and a replay of single reads for the chosen one and cold."""
    times, total = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0), params["read_rate"]
    series = {}
    for way, entries in now.items():
        rows = list(zip(entries, rates, strict=True))
        y = tuple(
            math.fsum(r * hit_rate_after(entry, r, w, t) for entry, (r, w) in rows) / total for t in times
        )
        series[f"hit_after_{way}"] = Series(f"{way}: hit rate, closed form", times, y, "theory")
    for way in (params["mode"], "cold"):
        series[f"hit_after_{way}_simulated"] = _replayed(way, now[way], rates, params)
    return series


def _replayed(
    way: str, entries: list[Entry | None], rates: list[tuple[float, float]], params: dict
) -> Series:
    """Read and write the second region one touch at a time for a minute, or 6,000 touches; hit rate by 5 seconds."""
    rng = random.Random(f"after/{params['seed']}")
    weights = [reads for reads, _ in rates]
    touch_rate = math.fsum(weights) * (1 + 1 / params["reads_per_write"])
    count = min(6_000, round(60 * touch_rate))
    rows = rng.choices(range(len(rates)), weights, k=count)
    expires = [entry.left_s if entry else 0.0 for entry in entries]
    read_share, now = params["reads_per_write"] / (params["reads_per_write"] + 1), 0.0
    hits, reads = [0] * 12, [0] * 12
    for row in rows:
        now += rng.expovariate(touch_rate)
        if now >= 60:
            break
        if rng.random() >= read_share:
            expires[row] = 0.0
            continue
        reads[int(now / 5)] += 1
        if now < expires[row]:
            hits[int(now / 5)] += 1
        else:
            expires[row] = now + params["ttl_s"]
    seen = [i for i in range(12) if reads[i]]
    return Series(
        f"{way}: hit rate, simulated",
        tuple(5.0 * i + 2.5 for i in seen),
        tuple(hits[i] / reads[i] for i in seen),
    )


def _warm_text(params: dict, metrics: dict[str, Metric]) -> str:
    value, mode = {name: metric.value for name, metric in metrics.items()}, params["mode"]
    other = "values" if mode == "keys" else "keys"
    return (
        f"Warmed by {mode}, with a replication lag of {span(params['replication_lag_s'])}, the second cache holds "
        f"{number(value[f'warm_{mode}'])} of {many(params['rows'], 'row')} when traffic moves: {number(value[f'ahead_{mode}'])} ahead of its "
        f"own database and {number(value[f'behind_{mode}'])} behind. Its first reads hit {percent(value[f'first_{mode}'])}; warmed by "
        f"{other} they would hit {percent(value[f'first_{other}'])} with {number(value[f'ahead_{other}'])} ahead and "
        f"{number(value[f'behind_{other}'])} behind."
    )

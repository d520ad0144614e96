"""Two meters of staleness: how long a stale copy is served, and how much older it is than the row it stands for.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| duration   | from the commit that makes a cached copy stale until that copy is gone; never longer than the TTL     |
| age gap    | commit time of the newest row minus that of the row served; no TTL bounds it                          |
| window     | from commit to a synchronous invalidation: short, but other readers can see it                        |
| lag        | from commit to an invalidation by Flux (change data capture)                                          |
| lost       | neither path reaches the slot, so only the next write's invalidation or the TTL ends the copy         |

The closed forms are in invalidation.py; here are a slot that can be played by hand, a simulation, and the model.
"""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from dslab.cachefront.fleet.invalidation import (
    Paths,
    duration_bound_s,
    duration_over,
    gap_if_all_lost_s,
    lives_s,
    paths,
    stale_share,
)
from dslab.cachefront.fleet.numeric import log_grid, mean, percentile, shares_over, wait
from dslab.cachefront.fleet.ranges import SEED, Options, Range, Switch, check_all
from dslab.cachefront.fleet.uber import figure
from dslab.cachefront.fleet.words import number, percent, span
from dslab.sim.result import Metric, Result, Series

YEAR_S = 365 * 86_400.0
LAG_SHAPES = ("exponential", "fixed")
STALENESS_RANGES = {
    "ttl_s": Range(0.001, 30 * 86_400, "s"),
    "read_rate": Range(0.0001, 100_000, "reads/s"),
    "write_every_s": Range(0.1, 10 * YEAR_S, "s"),
    "sync": Switch(),
    "window_ms": Range(0, 10_000, "ms"),
    "sync_failure": Range(0, 1),
    "flux": Switch(),
    "flux_lag_s": Range(0, 600, "s"),
    "lag_shape": Options(LAG_SHAPES),
    "loss": Range(0, 1),
    "copies": Range(50, 10_000, "stale copies", whole=True),
    "seed": SEED,
}
_MOVES_MOST = 10_000  # bound of the simulation's work where stale copies are rare or writes are many


def replay(
    commits: Sequence[float], arrivals: Sequence[float | None], reads: Sequence[float], ttl_s: float
) -> list[dict[str, float | bool]]:
    """Play one row by hand: what does each read find, and how stale is it on both meters?

    ``commits`` are the times (s, ascending) at which the row was written, the first before any read; ``arrivals`` holds
    for each commit when its invalidation comes, None if it is lost; ``reads`` ascending; ``ttl_s`` from the fill.
    An invalidation removes only a copy older than its commit. Returns a row for each read: time, hit, the commit it
    served, stale for (s; 0 if fresh), age gap (s; 0 if fresh). Raises ValueError where the lists do not fit.
    """
    if len(commits) != len(arrivals):
        raise ValueError(
            f"there are {len(commits)} commits and {len(arrivals)} arrivals; each commit needs one (or None)"
        )
    if not commits or (reads and reads[0] < commits[0]):
        raise ValueError("the row must have been written before it is first read")
    due = sorted((at, commit) for commit, at in zip(commits, arrivals, strict=True) if at is not None)
    rows, copy, filled, next_due = [], None, 0.0, 0
    for now in reads:
        while next_due < len(due) and due[next_due][0] <= now:
            at, commit = due[next_due]
            next_due += 1
            copy = None if copy is not None and copy < commit and at >= filled else copy
        hit = copy is not None and now < filled + ttl_s
        newest = commits[bisect.bisect_right(commits, now) - 1]
        if not hit:
            copy, filled = newest, now
        overtaken = commits[bisect.bisect_right(commits, copy)] if copy < newest else now
        rows.append(
            {
                "time": now,
                "hit": hit,
                "served": copy,
                "stale for": float(now - overtaken),
                "age gap": newest - copy,
            }
        )
    return rows


def year_old_row(ttl_s: float) -> list[dict[str, float | bool]]:
    """Uber's example [V]: written a year ago, cached now, updated a second later, invalidation lost; as `replay` sees it."""
    update = min(1.0, ttl_s / 2)
    return replay([-YEAR_S, update], [-YEAR_S, None], [0.0, update, ttl_s * (1 - 1e-9), ttl_s], ttl_s)


@dataclass
class _Tally:
    """What the simulation counts: durations and age gaps as (seconds, weight), stale copies, times of the entry."""

    durations: list[tuple[float, float]] = field(default_factory=list)
    gaps: list[tuple[float, float]] = field(default_factory=list)
    copies: int = 0
    alive_s: float = 0.0
    fills: int = 0

    @property
    def stale_s(self) -> float:
        """Seconds for which a stale copy was there."""
        return math.fsum(seconds * weight for seconds, weight in self.durations)


def simulate(
    way: Paths, reads: float, writes: float, ttl_s: float, copies: int, rng: random.Random
) -> _Tally:
    """Follow the slot of one row from fill to fill until ``copies`` stale copies were seen or enough work was done.

    Each time a copy turns stale it is followed once for every path its invalidation can take, weighted by the chance
    of the path (lost invalidations are rare and matter most); the run goes on from one of them, drawn by chance.
    Quiet stretches without a write are crossed in one stride (their reads change nothing), so that a row which is
    written once a year costs no more than one which is written every second.
    """
    tally, since = _Tally(), rng.expovariate(writes)  # since: seconds between the last write and the fill
    to_write, chances = rng.expovariate(writes), way.choices()
    for _ in range(_MOVES_MOST):
        if tally.copies >= copies:
            break
        tally.fills += 1
        if to_write < ttl_s:
            taken, age = way.draw(rng), since
            for path, chance in chances.items():
                next_age = _stale_copy(tally, way, (reads, writes, ttl_s), (age, to_write, path, chance), rng)
                since = next_age if path == taken else since
            to_write = rng.expovariate(writes)
            continue
        quiet = max(0, int(0.8 * to_write / (ttl_s + 1 / reads)) - 20)
        stride = quiet * ttl_s + (rng.gammavariate(quiet, 1 / reads) if quiet else 0.0)
        if stride + ttl_s > to_write:
            quiet, stride = 0, 0.0
        tally.fills += quiet
        tally.alive_s += (quiet + 1) * ttl_s
        next_fill = stride + ttl_s + rng.expovariate(reads)
        if next_fill < to_write:
            since, to_write = since + next_fill, to_write - next_fill
        else:  # written while the slot was empty, perhaps more than once: how old is the last of these writes?
            since, to_write = min(next_fill - to_write, rng.expovariate(writes)), rng.expovariate(writes)
    return tally


def _stale_copy(
    tally: _Tally,
    way: Paths,
    row: tuple[float, float, float],
    copy: tuple[float, float, str, float],
    rng: random.Random,
) -> float:
    """Follow one entry (filled at 0) from its first write to its end; return how old the next fill's row is (s).

    ``row`` is its rates of reads and writes and its TTL; ``copy`` how old the row was at the fill, when the first write
    comes, by which path its invalidation travels, and the chance of that path.
    """
    reads, writes, ttl_s = row
    age, first, path, chance = copy
    heard_rate, lost_rate = writes * (1 - way.lost), writes * way.lost
    heard, end = ([], ttl_s) if path == "lost" else ([first], min(ttl_s, first + way.delay(path, rng)))
    at = first + wait(rng, heard_rate)
    while (
        at < end
    ):  # writes whose invalidation will come, until the first of these invalidations ends the entry
        heard.append(at)
        end = min(end, at + way.delay(way.draw(rng, heard=True), rng))
        at += wait(rng, heard_rate)
    lost_from = first if path == "lost" else first + wait(rng, lost_rate)

    def newest(now: float) -> float:
        known = heard[bisect.bisect_right(heard, now) - 1] if heard and heard[0] <= now else first
        lost = max(lost_from, now - wait(rng, lost_rate)) if lost_from <= now else first
        return max(known, lost)

    tally.copies += 1
    tally.alive_s += chance * end
    tally.durations.append((end - first, chance))
    for half in range(2):
        seen = newest(first + (half + rng.random()) / 2 * (end - first))
        tally.gaps.append((age + seen, chance * (end - first) / 2))
    to_read, back = rng.expovariate(reads), rng.expovariate(writes)
    return back if back < to_read else to_read + end - newest(end)


def staleness(
    ttl_s: float = 300,
    read_rate: float = 1.0,
    write_every_s: float = 3_600,
    sync: bool = True,
    window_ms: float = 5,
    sync_failure: float = 0.01,
    flux: bool = True,
    flux_lag_s: float = 0.5,
    lag_shape: str = "exponential",
    loss: float = 0.001,
    copies: int = 1_200,
    seed: int = 0,
) -> Result:
    """Both meters of staleness for one row, and the share of its reads that are served stale.

    ``read_rate`` reads/s and one write in ``write_every_s`` seconds, both Poisson. With ``sync`` the query engine
    invalidates ``window_ms`` after the commit, except for a share ``sync_failure`` of the writes (which succeed all
    the same [V]) that is left to ``flux`` with a mean lag of ``flux_lag_s``, usually below a second [V]. A share ``loss`` of the
    writes reaches the slot by no path. The ranges are STALENESS_RANGES; the simulation looks at up to ``copies`` stale copies.
    The claimed figure is 99.99 % consistent reads by compare-cache (UB1) [S]; all else is our model.
    Returns a Result: distributions of duration and age gap (s), the share of stale reads against the TTL, the paths and
    Uber's year-old row as tables. Raises TypeError or ValueError for a value out of range.
    """
    params = check_all(STALENESS_RANGES, dict(locals()))
    way = paths(sync, window_ms, sync_failure, flux, flux_lag_s, lag_shape, loss)
    writes = 1 / write_every_s
    tally = simulate(way, read_rate, writes, ttl_s, copies, random.Random(f"staleness/{seed}"))
    example = year_old_row(ttl_s)
    metrics = _share_metrics(way, read_rate, writes, ttl_s, tally)
    metrics |= _duration_metrics(way, writes, ttl_s, tally)
    metrics |= _gap_metrics(writes, ttl_s, tally)
    metrics |= {
        "example_duration": Metric(
            "year-old row: stale for, at most", max(row["stale for"] for row in example), "s"
        ),
        "example_gap": Metric("year-old row: age gap", max(row["age gap"] for row in example), "s"),
    }
    tables = {"paths": _path_rows(way, ttl_s, sync, flux), "year_old_row": example}
    series = _staleness_series(way, read_rate, writes, ttl_s, tally)
    return Result(params, metrics, _staleness_text(metrics), series, tables)


def _share_metrics(way: Paths, reads: float, writes: float, ttl_s: float, tally: _Tally) -> dict[str, Metric]:
    life_s, _ = lives_s(way, writes, ttl_s)
    share = stale_share(way, reads, writes, ttl_s)
    all_reads = reads * tally.alive_s + tally.fills
    return {
        "stale_share": Metric("share of reads served stale, closed form", share),
        "stale_share_simulated": Metric(
            "share of reads served stale, simulated", reads * tally.stale_s / all_reads
        ),
        "fresh_share": Metric("share of reads served fresh", 1 - share),
        "claimed_fresh_share": Metric(
            "consistent reads by compare-cache, reported of Uber", figure("compare_cache")
        ),
        "hit_rate": Metric("hit rate of the row, closed form", reads * life_s / (1 + reads * life_s)),
        "copies": Metric("stale copies simulated", tally.copies, "copies"),
    }


def _duration_metrics(way: Paths, writes: float, ttl_s: float, tally: _Tally) -> dict[str, Metric]:
    _, stale_s = lives_s(way, writes, ttl_s)
    values = tally.durations
    return {
        "duration_mean": Metric("duration, mean, closed form", stale_s / -math.expm1(-writes * ttl_s), "s"),
        "duration_mean_simulated": Metric("duration, mean, simulated", mean(values), "s"),
        "duration_p50": Metric("duration, half are longer, simulated", percentile(values, 0.50), "s"),
        "duration_p99": Metric(
            "duration, one in a hundred is longer, simulated", percentile(values, 0.99), "s"
        ),
        "duration_max": Metric(
            "duration, longest simulated", max((seconds for seconds, _ in values), default=0.0), "s"
        ),
        "duration_bound": Metric("duration, bound", duration_bound_s(way, ttl_s), "s"),
    }


def _gap_metrics(writes: float, ttl_s: float, tally: _Tally) -> dict[str, Metric]:
    return {
        "gap_mean": Metric("age gap of stale reads, mean, simulated", mean(tally.gaps), "s"),
        "gap_p50": Metric("age gap, half are larger, simulated", percentile(tally.gaps, 0.50), "s"),
        "gap_p99": Metric(
            "age gap, one in a hundred is larger, simulated", percentile(tally.gaps, 0.99), "s"
        ),
        "gap_max": Metric(
            "age gap, largest simulated", max((gap for gap, _ in tally.gaps), default=0.0), "s"
        ),
        "gap_if_all_lost": Metric(
            "age gap, mean if every invalidation were lost", gap_if_all_lost_s(writes, ttl_s), "s"
        ),
    }


def _path_rows(way: Paths, ttl_s: float, sync: bool, flux: bool) -> list[dict[str, str | float]]:
    window, lag = min(way.window_s, ttl_s), min(way.lag_s, ttl_s)
    rows = [
        {
            "ends the stale copy": "query engine, before it replies",
            "share of writes": way.by_window,
            "after": span(window),
        },
        {"ends the stale copy": "Flux", "share of writes": way.by_flux, "after": f"{span(lag)} (mean lag)"},
        {
            "ends the stale copy": "the TTL or the next write",
            "share of writes": way.lost,
            "after": f"at most {span(ttl_s)}",
        },
    ]
    return [row for row, there in zip(rows, (sync, flux, True), strict=True) if there]


def _staleness_series(
    way: Paths, reads: float, writes: float, ttl_s: float, tally: _Tally
) -> dict[str, Series]:
    grid = log_grid(max(ttl_s * 1e-6, 1e-4), ttl_s, 40)
    theory = tuple(duration_over(way, writes, ttl_s, z) for z in grid)
    gap_grid = log_grid(1e-2, max((gap for gap, _ in tally.gaps), default=1.0), 40)
    ttls = log_grid(1.0, 7 * 86_400.0, 15)
    by_ttl = tuple(stale_share(way, reads, writes, ttl) for ttl in ttls)
    return {
        "duration_over": Series("duration, closed form", grid, theory, "theory"),
        "duration_over_simulated": Series("duration, simulated", grid, shares_over(tally.durations, grid)),
        "gap_over_simulated": Series("age gap, simulated", gap_grid, shares_over(tally.gaps, gap_grid)),
        "stale_vs_ttl": Series("share of stale reads, closed form", ttls, by_ttl, "theory"),
        "claimed_stale_vs_ttl": Series(
            "reported of Uber: 0.01 % differ",
            (ttls[0], ttls[-1]),
            (1 - figure("compare_cache"),) * 2,
            "claimed",
        ),
    }


def _staleness_text(metrics: dict[str, Metric]) -> str:
    value = {name: metric.value for name, metric in metrics.items()}
    share = f"{percent(value['stale_share'])} of the reads are served stale (simulated {percent(value['stale_share_simulated'])})"
    if value["stale_share"] == 0:
        return "No read is served stale: every invalidation arrives at the moment of its commit."
    if not value["copies"]:
        return f"{share}: the simulation met no stale copy."
    return (
        f"{share}. A stale copy is served for {span(value['duration_mean'])} on average and never longer than "
        f"{span(value['duration_bound'])}; the value it serves is {span(value['gap_mean'])} behind on average and "
        f"was up to {span(value['gap_max'])} behind in {number(value['copies'])} copies."
    )

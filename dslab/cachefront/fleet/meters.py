"""Two meters of staleness: how long a stale copy is served, and how much older it is than the row it stands for.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| duration   | from the commit that makes a cached copy stale until that copy is gone; never longer than the TTL     |
| age gap    | commit time of the newest row minus that of the row served; no TTL bounds it                          |
| window     | from commit to a synchronous invalidation: short, but other readers can see it                        |
| lag        | from commit to an invalidation by Flux (change data capture)                                          |
| lost       | neither path reaches the slot, so only the next write's invalidation or the TTL ends the copy         |

One row, reads Poisson at rate r, writes Poisson at rate w, entries that live at most T seconds from their fill, fills
from the leader. Row timestamps and compare-and-set as in Docstore, so that an invalidation removes only older copies
[V]. With F(u) the chance that the invalidation of a write has come after u seconds, H(y) the integral of F up to y and
G(y) = y - H(y), an entry is alive at age y < T with chance e^(-w H(y)) and fresh with chance e^(-w y). Let L be the
integral of the first up to T and S that of the difference:

    share of reads served stale = r S / (1 + r L)
    P(duration > z)             = (1 - F(z)) e^(-w H(z)) (1 - e^(-w (T - z))) / (1 - e^(-w T))     for z < T

With a fixed lag d, nothing lost and a very long TTL this is r d / (1 + r d + r / w): in each cycle one miss, d seconds
of stale hits and 1 / w seconds of fresh ones.
"""

from __future__ import annotations

import bisect
import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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
    "copies": Range(50, 100_000, "stale copies", whole=True),
    "seed": SEED,
}
_MOVES_MOST = 10_000  # bound of the simulation's work where stale copies are rare or writes are many


@dataclass(frozen=True)
class Paths:
    """How the invalidation of one write travels: by which path with which chance, and how long each takes (seconds)."""

    by_window: float
    by_flux: float
    window_s: float
    lag_s: float
    fixed: bool

    @property
    def lost(self) -> float:
        """Chance that no invalidation of a write arrives, ever."""
        return max(0.0, 1 - self.by_window - self.by_flux)

    def arrived(self, u: float) -> float:
        """F(u): chance that the invalidation has come at most ``u`` seconds after its commit."""
        late = float(u >= self.lag_s) if self.fixed or self.lag_s == 0 else -math.expm1(-u / self.lag_s)
        return self.by_window * (u >= self.window_s) + self.by_flux * late

    def missing_s(self, y: float) -> float:
        """G(y): the integral of 1 - F from 0 to ``y``."""
        late = (
            min(y, self.lag_s) if self.fixed or self.lag_s == 0 else -self.lag_s * math.expm1(-y / self.lag_s)
        )
        return self.by_window * min(y, self.window_s) + self.by_flux * late + self.lost * y

    def choices(self) -> dict[str, float]:
        """The paths that can happen to a write, each with its chance."""
        chances = {"window": self.by_window, "flux": self.by_flux, "lost": self.lost}
        return {path: chance for path, chance in chances.items() if chance > 1e-12}

    def delay(self, path: str, rng: random.Random) -> float:
        """Draw the delay of an invalidation by this path (s); infinite for "lost"."""
        if path == "lost":
            return math.inf
        if path == "window":
            return self.window_s
        return self.lag_s if self.fixed or self.lag_s == 0 else rng.expovariate(1 / self.lag_s)

    def draw(self, rng: random.Random, heard: bool = False) -> str:
        """Draw the path of a write; with ``heard``, of a write whose invalidation is not lost."""
        at = rng.random() * ((self.by_window + self.by_flux) if heard else 1.0)
        if at < self.by_window:
            return "window"
        return "flux" if heard or at < self.by_window + self.by_flux else "lost"


def paths(
    sync: bool,
    window_ms: float,
    sync_failure: float,
    flux: bool,
    flux_lag_s: float,
    lag_shape: str,
    loss: float,
) -> Paths:
    """Say by which path invalidations come: the query engine's if ``sync``, else Flux's if ``flux``, none where lost."""
    by_window = (1 - sync_failure) * (1 - loss) if sync else 0.0
    by_flux = (1 - loss) - by_window if flux else 0.0
    return Paths(by_window, by_flux, window_ms / 1e3, flux_lag_s, lag_shape == "fixed")


def lives_s(way: Paths, writes: float, ttl_s: float) -> tuple[float, float]:
    """L and S of the module's formula: mean seconds that an entry lives, and of these the stale ones."""

    def alive(y: float) -> float:
        return math.exp(-writes * (y - way.missing_s(y)))

    def stale(y: float) -> float:
        return -alive(y) * math.expm1(-writes * way.missing_s(y))

    kinks = [way.window_s, way.lag_s, 1 / writes]
    return _integral(alive, ttl_s, kinks), _integral(stale, ttl_s, kinks)


def stale_share(way: Paths, reads: float, writes: float, ttl_s: float) -> float:
    """Closed form: share of all reads of the row that are served a stale value; 0 to 1."""
    life_s, stale_s = lives_s(way, writes, ttl_s)
    return reads * stale_s / (1 + reads * life_s)


def duration_over(way: Paths, writes: float, ttl_s: float, z: float) -> float:
    """Closed form: chance that a copy which became stale is served for longer than ``z`` seconds; 0 to 1."""
    if z >= ttl_s:
        return 0.0
    survives = (1 - way.arrived(z)) * math.exp(-writes * (z - way.missing_s(z)))
    return survives * math.expm1(-writes * (ttl_s - z)) / math.expm1(-writes * ttl_s)


def gap_if_all_lost_s(writes: float, ttl_s: float) -> float:
    """Closed form: mean age gap (s) over the stale reads of a row none of whose invalidations arrives.

    The row served was on average already 1 / w old when it was filled; the newest commit since then adds the rest.
    """
    x = writes * ttl_s
    if x < 1e-3:
        return 1 / writes + ttl_s / 3
    newest = (x * x / 2 - x - math.expm1(-x)) / (x + math.expm1(-x))
    return (1 + newest) / writes


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
            {"time": now, "hit": hit, "served": copy, "stale for": now - overtaken, "age gap": newest - copy}
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
    at = first + _wait(rng, heard_rate)
    while (
        at < end
    ):  # writes whose invalidation will come, until the first of these invalidations ends the entry
        heard.append(at)
        end = min(end, at + way.delay(way.draw(rng, heard=True), rng))
        at += _wait(rng, heard_rate)
    lost_from = first if path == "lost" else first + _wait(rng, lost_rate)

    def newest(now: float) -> float:
        known = heard[bisect.bisect_right(heard, now) - 1] if heard and heard[0] <= now else first
        lost = max(lost_from, now - _wait(rng, lost_rate)) if lost_from <= now else first
        return max(known, lost)

    tally.copies += 1
    tally.alive_s += chance * end
    tally.durations.append((end - first, chance))
    for half in range(2):
        seen = newest(first + (half + rng.random()) / 2 * (end - first))
        tally.gaps.append((age + seen, chance * (end - first) / 2))
    wait, back = rng.expovariate(reads), rng.expovariate(writes)
    return back if back < wait else wait + end - newest(end)


def _wait(rng: random.Random, rate: float) -> float:
    return rng.expovariate(rate) if rate > 0 else math.inf


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
        "duration_mean_simulated": Metric("duration, mean, simulated", _mean(values), "s"),
        "duration_p50": Metric("duration, half are longer, simulated", _percentile(values, 0.50), "s"),
        "duration_p99": Metric(
            "duration, one in a hundred is longer, simulated", _percentile(values, 0.99), "s"
        ),
        "duration_max": Metric(
            "duration, longest simulated", max((seconds for seconds, _ in values), default=0.0), "s"
        ),
        "duration_bound": Metric("duration, bound", duration_bound_s(way, ttl_s), "s"),
    }


def _gap_metrics(writes: float, ttl_s: float, tally: _Tally) -> dict[str, Metric]:
    return {
        "gap_mean": Metric("age gap of stale reads, mean, simulated", _mean(tally.gaps), "s"),
        "gap_p50": Metric("age gap, half are larger, simulated", _percentile(tally.gaps, 0.50), "s"),
        "gap_p99": Metric(
            "age gap, one in a hundred is larger, simulated", _percentile(tally.gaps, 0.99), "s"
        ),
        "gap_max": Metric(
            "age gap, largest simulated", max((gap for gap, _ in tally.gaps), default=0.0), "s"
        ),
        "gap_if_all_lost": Metric(
            "age gap, mean if every invalidation were lost", gap_if_all_lost_s(writes, ttl_s), "s"
        ),
    }


def duration_bound_s(way: Paths, ttl_s: float) -> float:
    """The longest that a stale copy can be served (s): the TTL, unless a path of bounded delay is certain to end it."""
    if way.lost > 1e-15 or (way.by_flux > 0 and not way.fixed and way.lag_s > 0):
        return ttl_s
    slowest = max(way.window_s if way.by_window else 0.0, way.lag_s if way.by_flux else 0.0)
    return min(ttl_s, slowest)


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
    grid = _log_grid(max(ttl_s * 1e-6, 1e-4), ttl_s, 40)
    theory = tuple(duration_over(way, writes, ttl_s, z) for z in grid)
    gap_grid = _log_grid(1e-2, max((gap for gap, _ in tally.gaps), default=1.0), 40)
    ttls = _log_grid(1.0, 7 * 86_400.0, 15)
    by_ttl = tuple(stale_share(way, reads, writes, ttl) for ttl in ttls)
    return {
        "duration_over": Series("duration, closed form", grid, theory, "theory"),
        "duration_over_simulated": Series("duration, simulated", grid, _shares_over(tally.durations, grid)),
        "gap_over_simulated": Series("age gap, simulated", gap_grid, _shares_over(tally.gaps, gap_grid)),
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
    if not value["copies"]:
        return f"{share}: the simulation met no stale copy."
    return (
        f"{share}. A stale copy is served for {span(value['duration_mean'])} on average and never longer than "
        f"{span(value['duration_bound'])}; the value it serves is {span(value['gap_mean'])} behind on average and "
        f"was up to {span(value['gap_max'])} behind in {number(value['copies'])} copies."
    )


def _integral(f: Callable[[float], float], end: float, kinks: Sequence[float]) -> float:
    """Integrate ``f`` from 0 to ``end`` by Gauss-Legendre on panels that double in width and break at the kinks."""
    least = min([end, *(kink for kink in kinks if kink > 0)]) / 64
    cuts = {0.0, end} | {kink for kink in kinks if 0 < kink < end}
    while least < end:
        cuts.add(least)
        least *= 2
    return math.fsum(_gauss(f, low, high) for low, high in itertools.pairwise(sorted(cuts)))


def _gauss(f: Callable[[float], float], low: float, high: float) -> float:
    middle, half = (low + high) / 2, (high - low) / 2
    return half * sum(weight * (f(middle - half * x) + f(middle + half * x)) for x, weight in _NODES)


_NODES = ((0.1834346424956498, 0.3626837833783620), (0.5255324099163290, 0.3137066458778873),
          (0.7966664774136267, 0.2223810344533745), (0.9602898564975363, 0.1012285362903763))  # fmt: skip


def _log_grid(low: float, high: float, points: int) -> tuple[float, ...]:
    high = max(high, low * 1.01)
    return tuple(low * (high / low) ** (i / (points - 1)) for i in range(points))


def _mean(values: Sequence[tuple[float, float]]) -> float:
    weight = math.fsum(w for _, w in values)
    return math.fsum(v * w for v, w in values) / weight if weight else 0.0


def _percentile(values: Sequence[tuple[float, float]], share: float) -> float:
    """The smallest value that ``share`` of the weight does not exceed."""
    ordered = sorted(values)
    left = share * math.fsum(w for _, w in ordered)
    for value, weight in ordered:
        left -= weight
        if left <= 0:
            return value
    return ordered[-1][0] if ordered else 0.0


def _shares_over(values: Sequence[tuple[float, float]], grid: Sequence[float]) -> tuple[float, ...]:
    """For each point of the grid, the share of the weight whose value is larger."""
    ordered = sorted(values)
    reached = [0.0, *itertools.accumulate(weight for _, weight in ordered)]
    names = [value for value, _ in ordered]
    total = reached[-1]
    return tuple(1 - reached[bisect.bisect_right(names, z)] / total if total else 0.0 for z in grid)

"""One Redis cluster of ten dies: where do its reads go?

| word           | meaning                                                                                         |
|----------------|-------------------------------------------------------------------------------------------------|
| DB shard       | one storage group of Docstore; each row lives in one                                            |
| cluster        | one Redis cluster; each row is cached in one                                                    |
| same-sharding  | one hash decides both, so a cluster holds the rows of few DB shards                             |
| cross-sharding | a second, independent hash picks the cluster, so a cluster holds some rows of every DB shard    |

A DB shard sees the misses, a share 1 - h of its reads. Where a share f of its rows loses its cache it sees
(1 - h)(1 - f) + f, which is 1 + f h / (1 - h) times as much. Same-sharding puts f = 1 on few shards: 1 / (1 - h) times.
Cross-sharding puts f = 1 / clusters on all of them. The load on all shards together is the same either way.
That Uber shards Redis by another scheme than the database, for this reason, is reported of UB1 [S]; the figures are ours.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache

from dslab.cachefront.fleet.popularity import shares
from dslab.cachefront.fleet.ranges import SEED, Options, Range, check_all
from dslab.cachefront.fleet.words import many, number, percent
from dslab.sim.result import Metric, Result, Series

SHARDING = ("same", "cross")
CLUSTER_LOSS_RANGES = {
    "clusters": Range(1, 100, "clusters", whole=True),
    "dead": Range(0, 100, "clusters", whole=True),
    "hit_rate": Range(0, 0.99999),
    "sharding": Options(SHARDING),
    "db_shards": Range(1, 400, "shards", whole=True),
    "read_rate": Range(0, 1e9, "rows/s"),
    "headroom": Range(1, 10_000, "times the normal load"),
    "rows": Range(1, 100_000, "rows", whole=True),
    "skew": Range(0, 3),
    "seed": SEED,
}
HIT_RATES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999)


@lru_cache(maxsize=8)
def places(rows: int, seed: int) -> tuple[tuple[float, float], ...]:
    """Hash every row twice to a number from 0 up to 1: for the database, and independently for a cache sharded by itself.

    Two halves of one BLAKE2 digest. (Two CRC-32 with different prefixes would not be independent: they differ by a
    constant.) The same on every machine and every run.
    """
    prefix, half, scale = hashlib.blake2b(f"{seed}:".encode(), digest_size=8), 2**32 - 1, 2.0**-32
    found = []
    for row in range(rows):
        digest = prefix.copy()
        digest.update(b"%d" % row)
        value = int.from_bytes(digest.digest(), "big")
        found.append(((value >> 32) * scale, (value & half) * scale))
    return tuple(found)


def share_lost(shard: int, db_shards: int, dead: int, clusters: int, sharding: str) -> float:
    """Closed form: the share of a DB shard's rows whose cache is gone when the first ``dead`` clusters die; 0 to 1."""
    if sharding == "cross":
        return dead / clusters
    return min(1.0, max(0.0, dead * db_shards / clusters - shard))


def load_multiple(hit_rate: float, lost: float) -> float:
    """How many times its normal load a DB shard gets when a share ``lost`` of its rows has no cache; 1 or more."""
    return 1 + lost * hit_rate / (1 - hit_rate)


def cluster_loss(
    clusters: int = 10,
    hit_rate: float = 0.99,
    sharding: str = "same",
    db_shards: int = 20,
    dead: int = 1,
    read_rate: float = 150e6,
    headroom: float = 15,
    rows: int = 20_000,
    skew: float = 0.0,
    seed: int = 0,
) -> Result:
    """Load of every DB shard before and after ``dead`` of ``clusters`` Redis clusters die; who passes capacity, what is shed.

    ``read_rate`` rows/s in all (Uber: over 150 million at peak [V]); ``headroom`` is the capacity of a shard in multiples of
    the mean normal load; ``rows`` rows with Zipf ``skew`` are placed by real hashes for the simulation, while the closed form
    spreads the reads evenly. The ranges are CLUSTER_LOSS_RANGES.
    Returns a Result: load by shard (rows/s), the hottest shard's multiple against the hit rate for both schemes, a table
    of both. Raises TypeError or ValueError for a value out of range or for more dead clusters than there are.
    """
    params = check_all(CLUSTER_LOSS_RANGES, dict(locals()))
    if dead > clusters:
        raise ValueError(f"dead is {dead}; it must be at most the number of clusters, which is {clusters}")
    normal = read_rate * (1 - hit_rate) / db_shards
    both = {scheme: _after(params, scheme, normal) for scheme in SHARDING}
    placed = _placed(params, sharding)
    metrics = _loss_metrics(params, normal, both[sharding], placed[1])
    series = _shard_series(params, normal, both[sharding], placed)
    series |= {f"hottest_vs_hit_{scheme}": _hottest_curve(params, scheme) for scheme in SHARDING}
    table = [_scheme_row(params, scheme, normal, loads) for scheme, loads in both.items()]
    return Result(params, metrics, _loss_text(params, metrics), series, {"schemes": table})


def _loss_metrics(params: dict, normal: float, after: list[float], placed: list[float]) -> dict[str, Metric]:
    capacity, reads = normal * params["headroom"], params["read_rate"]
    total = load_multiple(params["hit_rate"], params["dead"] / params["clusters"])
    return {
        "normal": Metric("normal load of a shard", normal, "rows/s"),
        "capacity": Metric("capacity of a shard", capacity, "rows/s"),
        "hottest": Metric("load of the hottest shard", max(after), "rows/s"),
        "hottest_multiple": Metric("hottest shard, times normal", _multiple(max(after), normal)),
        "hottest_multiple_simulated": Metric(
            "hottest shard, times normal, simulated", _multiple(max(placed), normal)
        ),
        "total_multiple": Metric("all shards together, times normal", total),
        "shards_over": Metric("shards over capacity", _over(after, capacity), "shards"),
        "shed_share": Metric("share of all reads shed", _shed(after, capacity, reads)),
        "shed_share_simulated": Metric("share of all reads shed, simulated", _shed(placed, capacity, reads)),
    }


def _shard_series(
    params: dict, normal: float, after: list[float], placed: tuple[list[float], list[float]]
) -> dict[str, Series]:
    shards = params["db_shards"]
    x, level = tuple(map(float, range(shards))), (normal * params["headroom"],) * shards
    return {
        "before": Series("before, closed form", x, (normal,) * shards, "theory"),
        "after": Series("after, closed form", x, tuple(after), "theory"),
        "before_simulated": Series("before, rows placed by hash", x, tuple(placed[0])),
        "after_simulated": Series("after, rows placed by hash", x, tuple(placed[1])),
        "capacity": Series("capacity of a shard", x, level, "theory"),
    }


def _scheme_row(params: dict, scheme: str, normal: float, loads: list[float]) -> dict[str, str | float]:
    capacity = normal * params["headroom"]
    return {
        "sharding": scheme,
        "hottest shard, times normal": _multiple(max(loads), normal),
        "shards over capacity": _over(loads, capacity),
        "share of reads shed": _shed(loads, capacity, params["read_rate"]),
    }


def _after(params: dict, sharding: str, normal: float) -> list[float]:
    shards = params["db_shards"]
    lost = (
        share_lost(shard, shards, params["dead"], params["clusters"], sharding) for shard in range(shards)
    )
    return [normal * load_multiple(params["hit_rate"], share) for share in lost]


def _placed(params: dict, sharding: str) -> tuple[list[float], list[float]]:
    """Place rows by hash and add up each DB shard's misses, before and after the loss."""
    shards, hit_rate = params["db_shards"], params["hit_rate"]
    dead_below = params["dead"] / params["clusters"]
    before, after = [0.0] * shards, [0.0] * shards
    for (db, other), share in zip(
        places(params["rows"], params["seed"]), shares(params["rows"], params["skew"]), strict=True
    ):
        shard, reads = int(db * shards), params["read_rate"] * share
        before[shard] += reads * (1 - hit_rate)
        after[shard] += (
            reads if (db if sharding == "same" else other) < dead_below else reads * (1 - hit_rate)
        )
    return before, after


def _multiple(load: float, normal: float) -> float:
    return load / normal if normal else 1.0


def _over(loads: list[float], capacity: float) -> int:
    return sum(load > capacity * (1 + 1e-9) for load in loads)


def _shed(loads: list[float], capacity: float, read_rate: float) -> float:
    return math.fsum(max(0.0, load - capacity) for load in loads) / read_rate if read_rate else 0.0


def _hottest_curve(params: dict, sharding: str) -> Series:
    lost = share_lost(0, params["db_shards"], params["dead"], params["clusters"], sharding)
    return Series(
        f"{sharding}-sharding: hottest shard",
        HIT_RATES,
        tuple(load_multiple(h, lost) for h in HIT_RATES),
        "theory",
    )


def _loss_text(params: dict, metrics: dict[str, Metric]) -> str:
    value = {name: metric.value for name, metric in metrics.items()}
    shed = (
        f"{percent(value['shed_share'])} of all reads are shed" if value["shards_over"] else "nothing is shed"
    )
    return (
        f"With {params['dead']} of {many(params['clusters'], 'Redis cluster')} dead under {params['sharding']}-sharding, the hottest DB "
        f"shard gets {number(value['hottest_multiple'])} times its normal load ({number(value['hottest_multiple_simulated'])} times with "
        f"{many(params['rows'], 'row')} placed by hash) and all shards together {number(value['total_multiple'])} times. A capacity of "
        f"{number(params['headroom'])} times the normal load is passed on {round(value['shards_over'])} of "
        f"{many(params['db_shards'], 'shard')}: {shed}."
    )

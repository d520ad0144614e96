"""What lesson 2 puts on the stage: five explorers, and the pictures between them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from dslab import show
from dslab.cachefront import anomalies, fleet, timeline
from dslab.cachefront.protocol import MINUTE_US
from dslab.check import Cell, finished
from dslab.course import referee
from dslab.show import (
    Axis,
    Choice,
    Edge,
    Explorer,
    Group,
    Lines,
    Mark,
    Meter,
    Meters,
    Network,
    Node,
    Slider,
    SpaceTime,
    Switch,
)
from dslab.sim import Result, Series

SHORT_S = 2.5  # seconds: a little over the longest CDC lag of the explorer
INVALIDATION = {
    "before the answer (2025)": "sync",
    "after the answer": "async",
    "only by Flux (2024)": "none",
}


def system_picture() -> Any:
    """The parts of CacheFront, and who writes to whom."""
    nodes = (
        Node("client", "client", "person", at=(0.0, 0.5)),
        Node("engine", "query engine", "service", at=(0.28, 0.5)),
        Node("cache", "Redis slot", "cache", at=(0.62, 0.92)),
        Node("leader", "leader", "store", at=(0.62, 0.45)),
        Node("follower", "follower", "store", at=(0.62, 0.0)),
        Node("flux", "Flux", "service", at=(1.0, 0.62)),
    )
    edges = (
        Edge("client", "engine", "read, write"),
        Edge("engine", "cache", "1 get, 3 fill, marker"),
        Edge("engine", "leader", "2 read, commit"),
        Edge("leader", "follower", "replicate"),
        Edge("follower", "engine", "2 read, if allowed"),
        Edge("leader", "flux", "change feed"),
        Edge("flux", "cache", "fill, later"),
    )
    return show.picture(Network(nodes, edges, title="CacheFront: one slot, three who write it", height=380))


# -- act 1: the slot on a time line ---------------------------------------------------------------------


def timeline_explorer() -> Explorer:
    """One write between two reads, by the clock."""
    controls = {
        "cdc_lag_ms": Slider("CDC lag", 0, 2_000, 50, 500, "ms", help="from the commit until Flux sees it"),
        "network_ms": Slider("Network, one way", 0.1, 2.5, 0.1, 1.0, "ms"),
        "fill_delay_ms": Slider("The reader's fill is held up for", 0, 200, 5, 20, "ms"),
        "second_read_ms": Slider("Second read, after the commit", 0, 2_000, 20, 100, "ms"),
        "ttl_s": Slider("TTL", 0.3, 300, 10 ** (1 / 3), 300, "s", log=True),
        "compare_and_set": Switch("Compare-and-set"),
        "markers": Switch("Markers, not deletes", value=False),
        "invalidation": Choice("Invalidation", INVALIDATION, "sync"),
        "flux": Choice(
            "Flux", {"fills the new row": "fills", "only invalidates": "invalidates", "off": "off"}, "fills"
        ),
    }
    question = "Reader asks just before the write, its fill is slow. What does the second reader get, and for how long is the slot wrong?"
    return Explorer(
        timeline.timeline,
        controls,
        _timeline_pictures,
        title="One write between two reads",
        question=question,
        poster=(1,),
    )


def _timeline_pictures(result: Result) -> list[Any]:
    return [_two_meters(result), SpaceTime(result.trace, axis="order", title="What happened")]


def _two_meters(result: Result) -> Meters:
    stale_s, gap_s = result["stale_s"], result["age_gap_s"]
    ttl_s = result.params["ttl_s"]
    bad = stale_s > 0
    near = stale_s <= SHORT_S < ttl_s  # a scale on which the lag can be seen; else that of the TTL
    told = f"how long, of a TTL of {timeline.span(ttl_s)}: the slot is stale for"
    how_long = Meter(told, min(stale_s, ttl_s), SHORT_S if near else ttl_s, "s", _word(stale_s),
                     "bad" if bad else "good", mark=None if near else ttl_s, mark_label="" if near else "TTL")  # fmt: skip
    how_old = Meter(
        "how old: the stale row lags by",
        gap_s / 86_400,
        365.0,
        "days",
        _word(gap_s),
        "bad" if bad else "good",
    )
    return Meters((how_long, how_old), title="Two meters: they do not measure the same thing")


def _word(seconds: float) -> str:
    return "fresh" if seconds == 0 else timeline.span(seconds)


# -- act 2: the reader as adversary ---------------------------------------------------------------------


def adversary_explorer(name: str = "late fill", **positions: Any) -> Any:
    """Be the network and the scheduler of an anomaly's scenario, with everything on but ``positions``."""
    return referee.adversary(anomalies.anomaly(name), **positions)


# -- act 3: how long, and how old -----------------------------------------------------------------------


def staleness_explorer() -> Explorer:
    """Staleness of one row over many writes: two separate meters."""
    controls = {
        "ttl_s": Slider("TTL", 300 / 288, 86_400, 288 ** (1 / 12), 300, "s", log=True),
        "write_every_s": Slider("The row is written every", 1, 1_000_000, 2, 4_096, "s", log=True),
        "flux_lag_s": Slider("CDC lag, on average", 0.01, 60, 1.5, 0.577, "s", log=True),
        "loss": Slider("Invalidations lost on both paths", 0, 0.1, 0.002, 0.02),
        "sync_failure": Slider("Write path fails to invalidate", 0, 1, 0.05, 0.05),
        "sync": Switch("Invalidation on the write path"),
        "flux": Switch("Flux"),
    }
    question = "How long is a stale row served, and how old is it? Which of the two does the TTL bound?"
    return Explorer(
        fleet.staleness,
        controls,
        _staleness_pictures,
        title="How long, and how old",
        question=question,
        poster=(1,),
    )


def _staleness_pictures(result: Result) -> list[Any]:
    series = result.series
    curves = tuple(
        series[name] for name in ("duration_over", "duration_over_simulated", "gap_over_simulated")
    )
    ttl = Mark(result.params["ttl_s"], "TTL")
    x = Axis("stale for, or behind by", "s", log=True, limits=(1e-3, 1e6))
    y = Axis("share of stale rows above this", "%", limits=(0, 100))
    percent = tuple(Series(s.label, s.x, tuple(100 * value for value in s.y), s.kind) for s in curves)
    return [
        _fleet_meters(result),
        Lines(x, y, percent, title="How many stale rows are worse than this", marks=(ttl,), height=330),
    ]


def _fleet_meters(result: Result) -> Meters:
    longest, oldest = result["duration_max"], result["gap_max"]
    bound = result["duration_bound"]
    return Meters(
        (
            Meter("how long: longest duration seen", longest, max(bound, longest), "s", _word(longest), _mood(longest, bound),
                  mark=bound, mark_label="bound"),
            Meter("how old: largest age gap seen", oldest, max(oldest, bound), "s", _word(oldest), _mood(oldest, bound),
                  mark=bound, mark_label="bound of the other meter"),
        ),
        title="The worst of the simulated stale copies",
    )  # fmt: skip


def _mood(value: float, bound: float) -> str:
    return "good" if value == 0 else "warn" if value <= bound else "bad"


# -- act 4: hit rate and load ---------------------------------------------------------------------------


def hit_rate_explorer() -> Explorer:
    """Hit rate and database load against TTL and skew."""
    controls = {
        "ttl_s": Slider("TTL", 300 / 288, 86_400, 288 ** (1 / 12), 300, "s", log=True),
        "skew": Slider("Skew (Zipf exponent)", 0, 1.4, 0.1, 0.9),
        "keys": Slider("Rows", 1_000, 100_000_000, 10, 1_000_000, "rows", log=True),
        "reads_per_write": Slider("Reads per write", 1, 10_000, 2, 128, log=True),
        "on_write": Choice(
            "A write",
            {"invalidates": "invalidate", "refills": "fill", "does nothing": "nothing"},
            "invalidate",
        ),
    }
    question = "What does a TTL of 24 hours buy over one of 5 minutes, and what sets the ceiling?"
    return Explorer(fleet.hit_rate, controls, _hit_pictures, title="Hit rate and database load", question=question, columns=2,
                    poster=(0,))  # fmt: skip


def _hit_pictures(result: Result) -> list[Any]:
    five, day = Mark(300, "5 min"), Mark(86_400, "24 h")
    x = Axis("TTL", "s", log=True, limits=(1, 1e5))
    rate = _percent(result, "hit_vs_ttl", "hit_vs_ttl_simulated", "uber_24h")
    load = tuple(result.series[name] for name in ("db_vs_ttl", "db_vs_ttl_simulated"))
    skew = _percent(result, "hit_vs_skew", "hit_vs_skew_simulated")
    by_skew = tuple(result.series[name] for name in ("db_vs_skew", "db_vs_skew_simulated"))
    load_axis = Axis("reads that reach the database", "reads/s", log=True, limits=(1, 20_000))
    skew_axis = Axis("skew", "", limits=(0, 1.5))
    return [
        Lines(
            x, Axis("hit rate", "%", limits=(0, 100)), rate, title="Hit rate against TTL", marks=(five, day)
        ),
        Lines(x, load_axis, load, title="Database load against TTL", marks=(five, day)),
        Lines(skew_axis, Axis("hit rate", "%", limits=(0, 100)), skew, title="Hit rate against skew"),
        Lines(skew_axis, load_axis, by_skew, title="Database load against skew"),
    ]


def _percent(result: Result, *names: str) -> tuple[Series, ...]:
    chosen = (result.series[name] for name in names)
    return tuple(Series(s.label, s.x, tuple(100 * value for value in s.y), s.kind) for s in chosen)


# -- act 5: a cluster dies ------------------------------------------------------------------------------


def cluster_explorer() -> Explorer:
    """Redis clusters die under same-sharding and cross-sharding."""
    controls = {
        "hit_rate": Slider("Hit rate", 0.8, 0.999, 0.001, 0.99),
        "dead": Slider("Clusters dead, of ten", 0, 10, 1, 1),
        "sharding": Choice(
            "Redis is sharded", {"like the database": "same", "by a scheme of its own": "cross"}, "same"
        ),
        "headroom": Slider("Each shard can take, times normal", 1, 128, 2, 16, log=True),
    }
    question = (
        "One Redis cluster of ten is gone. How much more do the database shards get, and which of them?"
    )
    return Explorer(fleet.cluster_loss, controls, _cluster_pictures, title="A tenth of the cache is gone", question=question, columns=2,
                    poster=(0,))  # fmt: skip


def _cluster_pictures(result: Result) -> list[Any]:
    normal = result["normal"] or 1.0
    shards = len(result.series["after"].x)
    names = tuple(str(shard) for shard in range(shards))
    times = [Group(label, tuple(value / normal for value in result.series[name].y))
             for label, name in (("closed form", "after"), ("rows placed by hash", "after_simulated"))]  # fmt: skip
    limit = Mark(result["capacity"] / normal, "capacity", axis="y")
    bars = show.Bars(names, tuple(times), Axis("load, times normal", "", limits=(0, 130)), "database shard",
                     title="Load of each database shard", marks=(limit,))  # fmt: skip
    curves = tuple(
        _against_percent(result.series[name]) for name in ("hottest_vs_hit_same", "hottest_vs_hit_cross")
    )
    x = Axis("hit rate", "%", limits=(0, 100))
    y = Axis("hottest shard, times normal", "", log=True, limits=(1, 1e4))
    return [bars, Lines(x, y, curves, title="The better the cache, the deeper the fall")]


def _against_percent(series: Series) -> Series:
    return Series(series.label, tuple(100 * x for x in series.x), series.y, series.kind)


def breaker_table() -> Any:
    """One Redis node is ill for 15 seconds: what three circuit breakers make of it."""
    return show.table(
        fleet.breaker().tables["breakers"],
        title="60 % of the requests to one node hang for 15 s: three circuit breakers",
    )


def warm_up_table() -> Any:
    """A second region takes over, warmed by keys or by values: what is in its cache, and how it begins."""
    return show.table(
        fleet.warm_up().tables["warming"], title="400 rows, when the traffic moves to the second region"
    )


def load_table() -> Any:
    """What is left of 150 million rows/s at three hit rates."""
    return show.table(
        fleet.load_at_scale().tables["load"], title="150 million rows/s: what reaches the database"
    )


# -- break it: the table --------------------------------------------------------------------------------


@cache
def _cells(deviations: int, budget: int) -> tuple[Cell, ...]:
    return tuple(finished(anomalies.matrix(deviations=deviations, budget=budget)))


def matrix_picture(deviations: int = 2, budget: int = 4_000) -> Any:
    """Which defence stops which anomaly: searched now, every cell of it."""
    columns = referee.without(anomalies.DEFENCES)
    return referee.matrix(_cells(deviations, budget), columns, "Which defence stops which anomaly")


def matrix_summary(deviations: int = 2, budget: int = 4_000) -> str:
    """Say how much the table's search covered."""
    return referee.summary(_cells(deviations, budget), f"up to {deviations} surprises")


def anomaly_table() -> Any:
    """Every anomaly in a line: what happens, and the sentence that must hold."""
    return referee.anomaly_table(anomalies.ANOMALIES.values())


def races_table() -> Any:
    """Each race on the real servers, with everything on and with one defence off, and how it ended."""
    from dslab.cachefront import real

    return show.table(real.defences().tables["defences"], title="Ten races on PostgreSQL and Valkey")


EXPLORERS: dict[str, Callable[[], Any]] = {
    "timeline": timeline_explorer,
    "adversary": lambda: adversary_explorer(markers=False),
    "staleness": staleness_explorer,
    "hit rate": hit_rate_explorer,
    "cluster": cluster_explorer,
}
UBER_TTL_S = 5 * MINUTE_US / 1e6

"""One picture of each kind, with everything in it that a lesson may use; the tests of both renderers draw them all."""

from __future__ import annotations

import random

from dslab.show.specs import (
    Axis,
    Band,
    Bars,
    Edge,
    Group,
    Heatmap,
    Histogram,
    Lines,
    Mark,
    Meter,
    Meters,
    Network,
    Node,
    Sample,
    Series,
    Spec,
    Table,
)  # fmt: skip
from dslab.sim.result import Metric, Result

TTL = Axis("time to live", "s", log=True, limits=(1, 86_400))
HITS = Axis("hit rate", "%", limits=(0, 100))
TIMES = (1.0, 10.0, 100.0, 1_000.0, 10_000.0)

LINES = Lines(
    TTL,
    HITS,
    (
        Series("simulation", TIMES, (2.0, 18.0, 86.5, 99.0, 99.9)),
        Series("Che's approximation", TIMES, (1.9, 17.5, 86.0, 99.1, 99.9), "theory"),
        Series("the article", TIMES, (99.0,) * 5, "claimed"),
        Series("PostgreSQL and Valkey", (10.0, 100.0), (17.0, None), "measured"),
    ),
    title="Hit rate",
    marks=(Mark(300, "5 min"), Mark(90, "objective", "y")),
    bands=(Band(20, 60, "warm-up"),),
)
BARS = Bars(
    ("point write", "conditional update"),
    (Group("asynchronous", (12.5, 30.1)), Group("synchronous", (14.2, None))),
    Axis("latency", "ms"),
    "kind of write",
    title="What it costs",
    marks=(Mark(40, "objective", "y"),),
)
STACKED = Bars(
    ("99 %", "99.9 %"),
    (Group("cache", (148.5, 149.85)), Group("database", (1.5, 0.15))),
    Axis("reads", "million rows/s"),
    "hit rate",
    mode="stacked",
    horizontal=True,
    marks=(Mark(150, "all", "x"),),
)
_numbers = random.Random(7)
HISTOGRAM = Histogram(
    Axis("staleness", "s", log=True),
    (
        Sample("asynchronous", tuple(_numbers.lognormvariate(0, 1) for _ in range(500))),
        Sample("change feed", tuple(_numbers.lognormvariate(2, 1) for _ in range(500))),
    ),
    title="How long",
    marks=(Mark(30, "limit"),),
)
MATRIX = Heatmap(
    ("late fill", "hard delete"),
    ("compare-and-set", "marker", "soft deletes"),
    (("held", "broken", "not applicable"), ("not applicable", "broken", "held")),
    "anomaly",
    "defence",
    title="Which defence stops which anomaly",
)
NUMBERS = Heatmap(
    ("0.8", "1.2"), ("1 min", "1 h"), ((90.0, 95.5), (None, 99.0)), "skew", "time to live", unit="%"
)
NETWORK = Network(
    (
        Node("l", "leader", kind="store", state="v2", mood="good", layer=0),
        Node("f", "follower", kind="store", state="v1, behind", mood="bad", layer=1),
        Node("q", "query engine", kind="service", layer=1),
    ),
    (Edge("l", "f", "replicates", mood="bad"), Edge("q", "l", "reads"), Edge("q", "f", directed=False)),
    title="Who has the write",
    layout="layered",
)
METERS = Meters(
    (
        Meter("How long", 210, 300, "s", "bounded", mood="good", mark=300, mark_label="limit"),
        Meter("How old", 400, 365, "days", "not bounded", mood="bad"),
    ),
    title="Two kinds of staleness",
)
TABLE = Table.of(
    [{"claim": "peak <reads>", "here": 1.5e8, "holds": True}, {"claim": "hit rate", "here": None}], "Claims"
)

DRAWN: dict[str, Spec] = {
    "lines": LINES, "bars": BARS, "stacked": STACKED, "histogram": HISTOGRAM, "matrix": MATRIX, "numbers": NUMBERS,
    "network": NETWORK, "meters": METERS,
}  # fmt: skip
ALL: dict[str, Spec] = {**DRAWN, "table": TABLE}


def result(text: str, **numbers: float) -> Result:
    """Make a result with some metrics and a text."""
    return Result({}, {name: Metric(name, value) for name, value in numbers.items()}, text)

"""What lesson 1 puts on the stage: four explorers, and the pictures and tables between them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from dslab import show
from dslab.check import Cell, Stepper, finished
from dslab.course import referee
from dslab.microservices import anomalies, article, callgraph, decide, overload
from dslab.show import (
    Axis,
    Band,
    Bars,
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
    Switch,
    Table,
)
from dslab.sim import Result, Series

PARTS = ("work", "serialization", "network", "connection", "queueing")
MOST_MS = 1e6


def system_picture() -> Any:
    """One checkout: which calls it makes, and where each of the four acts looks."""
    nodes = (
        Node("user", "user", "person", at=(0.0, 0.5)),
        Node("gateway", "gateway", "service", at=(0.25, 0.5)),
        Node("orders", "orders", "service", at=(0.55, 0.5)),
        Node("payment", "payment: 150 ms", "service", at=(1.0, 0.95)),
        Node("stock", "stock", "service", at=(1.0, 0.5)),
        Node("db", "database", "store", at=(0.75, 0.0)),
    )
    edges = (
        Edge("user", "gateway", "retries"),
        Edge("gateway", "orders", "retries"),
        Edge("orders", "payment", "slow"),
        Edge("orders", "stock", "fan-out"),
        Edge("orders", "db", "pool"),
    )
    return show.picture(
        Network(
            nodes,
            edges,
            title="One checkout: each arrow is a call that can be late, lost or doubled",
            height=380,
        )
    )


# -- act 1: the call graph ------------------------------------------------------------------------------


def callgraph_explorer() -> Explorer:
    """One tree of calls, run as one process and as services."""
    controls = {
        "shape": Choice("Calls", {"one after the other": "chain", "all at once": "fan-out", "first some, then the rest at once": "mixed"}, "chain"),
        "services": Slider("Services", 1, 12, 1, 6),
        "network_ms": Slider("Network, both ways", 0, 10, 0.25, 1.0, "ms"),
        "work_ms": Slider("Work of each", 0, 5, 0.25, 1.5, "ms"),
        "equal_work": Switch("Charge the same work to both sides", value=False),
        "keep_alive": Switch("Keep connections"),
        "encoding": Choice("Format", {"JSON": "JSON", "binary": "binary"}, "JSON"),
        "per_s": Slider("Load", 50, 1_500, 50, 200, "requests/s"),
        "workers": Slider("Workers of each service", 1, 8, 1, 2),
        "replicas": Slider("Replicas", 1, 3, 1, 1),
        "soft": Slider("Of them can be left out", 0, 12, 1, 0, "services"),
        "attempts": Slider("Attempts of each layer", 1, 5, 1, 3),
    }  # fmt: skip
    question = "How much of the difference is the tax of the edges, and how much is work that only one side was charged for?"
    return Explorer(
        _graph,
        controls,
        _graph_pictures,
        title="One request, two architectures",
        question=question,
        poster=(1, 2),
    )


def _graph(**settings: Any) -> Result:
    return callgraph.compare(**(settings | {"soft": min(settings["soft"], settings["services"])}))


def _graph_pictures(result: Result) -> list[Any]:
    rows = result.tables["bars"]
    groups = tuple(Group(part, tuple(_finite(row[part]) for row in rows)) for part in PARTS)
    bars = Bars(tuple(row["column"] for row in rows), groups, Axis("time on the longest way", "ms"), "how it is run",
                title="Where the time goes", mode="stacked", horizontal=True, height=260)  # fmt: skip
    curves = tuple(result.series[name] for name in ("monolith", "microservices"))
    cdf = Lines(Axis("request takes at most", "ms", log=True, limits=(0.1, 1_000)), Axis("share of the requests", "%", limits=(0, 100)), curves,
                title="Not one time but a distribution", height=300)  # fmt: skip
    return [
        _tree_picture(result),
        bars,
        cdf,
        _graph_meters(result),
        Table.of(result.tables["columns"], "The other three bills"),
    ]


def _finite(value: float) -> float | None:
    return value if value < MOST_MS else None


def _tree_picture(result: Result) -> Network:
    root = callgraph.tree(result.params["shape"], result.params["services"], 1.0, result.params["soft"])
    nodes: list[Node] = []
    edges: list[Edge] = []

    def place(call: callgraph.Call, layer: int) -> None:
        kind = "service" if call.hard else "can be left out"
        nodes.append(
            Node(call.name, call.name.replace("service ", "s") if layer else "gateway", kind, layer=layer)
        )
        for below in call.calls:
            edges.append(Edge(call.name, below.name))
            place(below, layer + 1)

    place(root, 0)
    return Network(tuple(nodes), tuple(edges), title="The calls of one request", layout="layered", height=300)


def _graph_meters(result: Result) -> Meters:
    flight, use, calls = result["in_flight"], result["utilisation"], result["amplification"]
    return Meters(
        (
            Meter("requests in flight (Little's law)", min(flight, 1e4), 100, "", "no end" if math.isinf(flight) else "", "neutral"),
            Meter("workers of a service are busy", 100 * use, 100, "%", "too much" if use >= 1 else "", "bad" if use >= 1 else "good"),
            Meter("calls at the bottom when it fails", calls, 243, "calls", "", "bad" if calls > 27 else "warn" if calls > 3 else "good"),
        ),
        title="Three gauges",
    )  # fmt: skip


def anatomy_table() -> Any:
    """The article's ten lines of one HTTP call, and what they add up to."""
    return show.table(article.anatomy_table(), title="One HTTP call, line by line (dev.to, 14 January 2026)")


def checkout_table() -> Any:
    """The checkout, as the article has it and corrected step by step."""
    return show.table(article.checkout_table(), title="The checkout example, charged in four ways")


def arithmetic_table() -> Any:
    """Every sum of the article that can be checked."""
    return show.table(article.arithmetic(), title="The article's arithmetic")


def availability_table() -> Any:
    """The product rule for chains of several lengths, alone and with a second replica."""
    rows = []
    for hops in (1, 2, 5, 10, 20):
        up = callgraph.in_series(0.999, hops)
        rows.append({"hops": hops, "available (%)": f"{100 * up:.4f}", "down in 30 days (h)": round(callgraph.downtime_h(up), 2),
                     "with a second replica (%)": f"{100 * callgraph.in_series(0.999, hops, 2):.4f}"})  # fmt: skip
    return show.table(rows, title="Each hop up 99.9 % of the time, independently")


def shared_cause_table() -> Any:
    """Five services that look equally available, failing independently or mostly together."""
    rows = []
    for words, own, shared in (
        ("each for its own reason", 0.01, 0.0),
        ("half and half", 0.005, 0.005),
        ("one shared database", 0.0, 0.01),
    ):
        up = callgraph.shared_cause(1 - own, 1 - shared, 5)
        seen, together = callgraph.simulated_availability(5, own, shared)
        each = (1 - own) * (1 - shared)
        rows.append({"five services fail": words, "each is up (%)": round(100 * each, 2), "product rule (%)": round(100 * each**5, 2),
                     "all up (%)": round(100 * up, 2), "simulated (%)": round(100 * seen, 2),
                     "services down when one is": round(together, 1)})  # fmt: skip
    return show.table(rows, title="The same availability of each, three ways to fail")


# -- act 2: pools -----------------------------------------------------------------------------------------


def pools_explorer() -> Explorer:
    """One pool of connections against the same connections cut into several."""
    controls = {
        "busy": Slider("Load, of what all can carry", 10, 110, 5, 90, "%"),
        "hold_ms": Slider("A connection is held for", 0.5, 160, 2, 2.0, "ms", log=True),
        "connections": Slider("Connections in total", 20, 100, 20, 20),
        "parts": Choice(
            "Cut into",
            {"one pool": 1, "2 pools": 2, "4 pools": 4, "5 pools": 5, "10 pools": 10, "20 pools": 20},
            4,
        ),
    }
    question = (
        "The same connections, the same load: what does a request wait for in one pool, and what in several?"
    )
    return Explorer(
        _pools, controls, _pools_pictures, title="One pool, or several", question=question, poster=(0,)
    )


def _pools(busy: float, hold_ms: float, connections: int, parts: int) -> Result:
    return overload.pools(
        busy / 100 * overload.most_throughput(connections, hold_ms), hold_ms, connections, parts
    )


def _pools_pictures(result: Result) -> list[Any]:
    cap = result["cap_per_s"]
    curves = tuple(
        Series(s.label, tuple(100 * x / cap for x in s.x), s.y, s.kind) for s in result.series.values()
    )
    now = Mark(100 * result["utilisation"], "now")
    lines = Lines(Axis("load, of what all connections can carry", "%", limits=(50, 110)), Axis("mean wait for a connection", "ms", log=True,
                  limits=(1e-4, 1e4)), curves, title="Waiting for a connection", marks=(now,), height=340)  # fmt: skip
    used = Meter("connections in use, on average (Little's law)", result["in_flight"], result.params["connections"], "",
                 "none is ever free" if result["utilisation"] >= 1 else "", "bad" if result["utilisation"] >= 1 else "good")  # fmt: skip
    return [lines, Meters((used,), title="Little's law")]


def starvation_table() -> Any:
    """Cheap queries and checkouts share a pool; a checkout pays elsewhere with or without a connection in hand."""
    return show.table(
        overload.starvation_table(),
        title="20 connections, 150 checkouts/s that pay elsewhere for 150 ms, 300 browses/s",
    )


# -- act 3: tails -------------------------------------------------------------------------------------------


def tail_explorer() -> Explorer:
    """A request that waits for many parts."""
    controls = {
        "leaves": Slider("Parts that a request waits for", 1, 1_000, 1.6, 110, log=True),
        "slow_share": Slider("Slow calls, of all", 0.0001, 0.1, 10, 0.01, log=True),
        "slow_ms": Slider("A slow call takes about", 10, 640, 2, 160, "ms", log=True),
        "hedge_ms": Choice(
            "Hedge", {"never": 0, "after 5 ms": 5, "after 10 ms": 10, "after 15 ms": 15, "after 40 ms": 40}, 0
        ),
    }
    question = "One call in a hundred is slow. How many requests are, and what does a second copy of the late ones change?"
    return Explorer(
        _tail,
        controls,
        _tail_pictures,
        title="The tail at scale",
        question=question,
        poster=(0,),
    )


def _tail(hedge_ms: float, **settings: Any) -> Result:
    return overload.tail_at_scale(hedge=hedge_ms > 0, hedge_ms=hedge_ms, **settings)


def _tail_pictures(result: Result) -> list[Any]:
    x, y = (
        Axis("longer than", "ms", log=True, limits=(1, 1_000)),
        Axis("share of calls or requests", "%", log=True, limits=(0.01, 100)),
    )
    curves = tuple(result.series[name] for name in ("request", "leaf", "simulated"))
    marks = (Mark(result["p50"], "median"), Mark(result["p999"], "p99.9"))
    cost = Meter("calls more than without a hedge", 100 * result["extra_load"], 100, "%", "", "neutral")
    slow = Meter("requests that meet a slow part", 100 * result["slow_requests"], 100, "%", "", "warn")
    return [
        Lines(x, y, curves, title="How many are slower than this", marks=marks, height=340),
        Meters((slow, cost), title="Two shares"),
    ]


def hedging_table() -> Any:
    """Hedges at three delays: what they cost, and what they save."""
    return show.table(
        overload.hedging_table(), title="100 parts, one call in a hundred slow: when to send a hedge"
    )


# -- act 4: the storm ---------------------------------------------------------------------------------------


def storm_explorer() -> Explorer:
    """A dip in capacity and callers that try again."""
    controls = {
        "attempts": Slider("Attempts of each caller", 1, 5, 1, 3),
        "load": Slider("Load (capacity 1,000)", 300, 1_000, 50, 800, "requests/s"),
        "dip": Slider("Capacity left in the dip", 0, 1, 0.1, 0.5),
        "dip_s": Slider("Dip lasts", 0, 20, 1, 10, "s"),
        "deadline": Switch("Deadline sent along", value=False),
        "budget": Choice("Retry budget", {"none": 0.0, "10 %": 0.1, "20 %": 0.2, "50 %": 0.5}, 0.0),
        "bound": Choice("Queue", {"no bound": 0, "at most 500": 500, "at most 2,000": 2_000}, 0),
        "breaker": Switch("Circuit breaker", value=False),
        "backoff_s": Slider("First backoff", 0, 5, 0.5, 0, "s"),
    }
    question = "The server is slow for ten seconds. When is it over?"
    return Explorer(
        _storm,
        controls,
        _storm_pictures,
        title="The dip, and what stays of it",
        question=question,
        poster=(0, 1),
    )


def _storm(**settings: Any) -> Result:
    return overload.storm(seconds=60, **settings)


def _storm_pictures(result: Result) -> list[Any]:
    dip_s = result.params["dip_s"]
    bands = (Band(10, 10 + dip_s, "dip"),) if dip_s and result.params["dip"] < 1 else ()
    x, capacity = Axis("time", "s", limits=(0, 60)), Mark(result.params["capacity"], "capacity", axis="y")
    rates = Lines(x, Axis("rate", "1/s", limits=(0, 5_000)), (result.series["goodput"], result.series["offered"]),
                  title="Answers in time, and attempts sent", marks=(capacity,), bands=bands)  # fmt: skip
    queue = Lines(x, Axis("queue", "attempts", limits=(0, 200_000)), (result.series["queue"],), title="What stands in the queue", bands=bands,
                  height=240)  # fmt: skip
    return [rates, queue]


def goodput_table() -> Any:
    """Goodput at four moments under seven policies."""
    return show.table(
        overload.goodput_table(),
        title="Goodput (requests/s): load 800, capacity 1,000, halved from 10 to 20 s",
    )


# -- break it -------------------------------------------------------------------------------------------------


def adversary_explorer(name: str = "charged twice", **positions: Any) -> Any:
    """Be the network of an anomaly's scenario, with everything on but ``positions``."""
    from dslab.show.adversary import Adversary

    wanted = anomalies.anomaly(name)
    stepper = Stepper(wanted.scenario(**positions), [wanted.invariant])
    return Adversary(stepper, title=f"Be the network: {name}", goal=f"make {wanted.invariant.name} break")


@cache
def _cells() -> tuple[Cell, ...]:
    return tuple(finished(anomalies.matrix()))


def matrix_picture() -> Any:
    """Which defence stops which anomaly: searched now, every cell of it."""
    return referee.matrix(_cells(), referee.without(anomalies.DEFENCES), "Which defence stops which anomaly")


def anomaly_table() -> Any:
    """Every row of that table in words: what happens, and what must hold."""
    return referee.anomaly_table(anomalies.ANOMALIES.values())


def matrix_summary() -> str:
    """Say how much the table's search covered."""
    verdicts = [cell.verdict for cell in _cells()]
    searched = sum(verdict.searched + verdict.sampled for verdict in verdicts)
    broken = sum(not verdict.held for verdict in verdicts)
    return f"{len(verdicts)} searches, {searched:,} schedules with up to one surprise; {broken} searches found a violation."


# -- for real, and the decision ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Ladder(Bars):
    """Measured bars: the numbers are drawn and stand in the table twin; the sentence, which is compared, has none."""

    def describe(self) -> str:
        """Say what is drawn, without the numbers that differ from machine to machine."""
        return (f"Bar chart “{self.title}”: how many times a plain call each rung takes on this machine, beside the article's 1,000 and 5,000; "
                f"the rungs are {', '.join(self.categories)}.")  # fmt: skip


def ladder_picture(result: Result) -> Any:
    """What `dslab.microservices.real.ladder` measured, beside the article's 1,000 to 5,000 times."""
    rows = result.tables["measured"]
    value = Axis("times a plain call", "", log=True, limits=(0.5, 10_000))
    groups = (
        Group("median", tuple(row["times a plain call"] for row in rows)),
        Group("95 % from", tuple(row["95 % from"] for row in rows)),
        Group("to", tuple(row["to"] for row in rows)),
    )
    marks = (Mark(1_000, "article: 1,000", axis="x"), Mark(5_000, "5,000", axis="x"))
    return show.picture(Ladder(tuple(row["rung"] for row in rows), groups, value, "rung", title="The ladder, on this machine: median and 95 % interval", horizontal=True,
                               marks=marks, height=440))  # fmt: skip


def decision_table(**answers: Any) -> Any:
    """The article's four questions for one organisation, and what the answers cost in the model."""
    return show.table(decide.decide(**answers).tables["answers"], title="Four questions before a split")


EXPLORERS: dict[str, Callable[[], Any]] = {
    "callgraph": callgraph_explorer,
    "pools": pools_explorer,
    "tail": tail_explorer,
    "storm": storm_explorer,
}

"""What lesson 4 puts on the stage: five explorers, the ingestion with its progress bar, and the pictures between them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import cache
from itertools import chain, zip_longest
from typing import Any

from dslab import show
from dslab.check import Cell, finished
from dslab.course import referee
from dslab.rdg import anomalies, measures, walks
from dslab.rdg.graph import WATCHED_ON_DEVICES, Graph
from dslab.rdg.pipeline import Counts, ingest_in_slices
from dslab.rdg.stream import START_US, actions
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
    Network,
    Node,
    Slider,
)
from dslab.sim import Result, Series

ACCOUNTS, TITLES = 240, 200  # of the stream that the lesson ingests


def system_picture() -> Any:
    """The parts of the graph, from the app to the walk."""
    nodes = (
        Node("app", "app actions", "person", at=(0.0, 0.75)),
        Node("topics", "Kafka: topics", "queue", at=(0.22, 0.75)),
        Node("jobs", "Flink: a job each", "service", at=(0.47, 0.75)),
        Node("mesh", "Data Mesh", "queue", at=(0.72, 0.75)),
        Node("kv", "KVDAL", "store", at=(0.95, 0.3)),
        Node("cache", "EVCache: nodes", "cache", at=(0.6, 0.05)),
        Node("walker", "gRPC: walks", "service", at=(0.3, 0.3)),
        Node("caller", "callers", "person", at=(0.0, 0.3)),
    )
    edges = (
        Edge("app", "topics", "actions"), Edge("topics", "jobs", "messages"), Edge("jobs", "mesh", "records"), Edge("mesh", "kv", "writes"),
        Edge("walker", "kv", "reads"), Edge("walker", "cache", "nodes"), Edge("caller", "walker", "walk"),
    )  # fmt: skip
    return show.picture(Network(nodes, edges, title="From an action to a walk", height=380))


# -- act 1 ----------------------------------------------------------------------------------------------


def lag_explorer() -> Explorer:
    """Two topics, one of which bursts: with one job for both, or one each."""
    controls = {
        "jobs": Choice("Jobs", ["one for all", "one a topic"], "one for all"),
        "burst_kps": Slider("Topic A in the burst", 200, 1_000, 50, 1_000, "thousand/s"),
        "burst_s": Slider("The burst lasts", 1, 40, 1, 20, "s"),
        "capacity_kps": Slider("Capacity of all jobs", 220, 1_200, 20, 500, "thousand/s"),
    }
    return Explorer(measures.lag, controls, _lag_pictures, title="A burst next door",
                    question="Topic A bursts, topic B stays quiet. How long does a message of B wait?")  # fmt: skip


def _lag_pictures(result: Result) -> list[Any]:
    x, y = Axis("time", "s", limits=(0, 120)), Axis("a message that arrives now waits", "s")
    series = tuple(result.series[name] for name in ("lag_a", "lag_b", "theory"))
    burst = Band(measures.BURST_AT_S, measures.BURST_AT_S + result.params["burst_s"], "burst on A")
    return [Lines(x, y, series, title="Lag of both topics", bands=(burst,), height=330)]


# -- act 2 ----------------------------------------------------------------------------------------------


def dedup_explorer() -> Explorer:
    """A dedup window against the skew of the keys."""
    controls = {
        "window_s": Slider("Window", 0.3125, 40, 2, 5.0, "s", log=True),
        "skew": Slider("Skew (Zipf exponent)", 0, 1.5, 0.1, 0.9),
    }
    return Explorer(measures.dedup, controls, _dedup_pictures, title="What a window saves",
                    question="100 updates/s over 1,000 keys. Which keys does the window help, and what does it cost?", columns=2, poster=(0,))  # fmt: skip


def _dedup_pictures(result: Result) -> list[Any]:
    window = Mark(result.params["window_s"], "window")
    curve = Lines(Axis("window", "s", log=True, limits=(0.1, 50)), Axis("updates for one record", "", log=True, limits=(1, 40)),
                  (result.series["curve"], result.series["point"]), title="All keys together", marks=(window,))  # fmt: skip
    rank = Lines(Axis("rank of the key", "", log=True, limits=(1, 1_000)), Axis("updates for one record", "", log=True, limits=(1, 3_000)),
                 (result.series["by_rank"],), title="Key by key")  # fmt: skip
    return [curve, rank]


# -- the stream ------------------------------------------------------------------------------------------


class _Progress:
    """A progress bar that says what it is for; its text never changes, so that stored outputs can be compared."""

    def __init__(self, what: str) -> None:
        import ipywidgets
        from IPython.display import display

        class Bar(ipywidgets.FloatProgress):
            def __repr__(self) -> str:
                return what

        self.bar = Bar(0.0, min=0.0, max=1.0, description="0 %")
        self.bar.layout.width = "96%"
        display(self.bar)

    def __call__(self, share: float) -> None:
        self.bar.value, self.bar.description = share, f"{100 * share:.0f} %"


def ingest(
    count: int = 200_000, seed: int = 0, window_us: int = 5_000_000, progress: bool = True
) -> tuple[Graph, Counts]:
    """Run ``count`` generated actions through the pipeline into a graph in memory, with a progress bar; gives both."""
    bar = _Progress(f"Ingesting {count:,} actions.") if progress else None
    graph, counts = Graph("links"), Counts()
    collecting = gc.isenabled()
    gc.disable()  # millions of small objects that stay: the collector would go over them again and again
    try:
        for counts in ingest_in_slices(
            actions(count, seed, ACCOUNTS, TITLES), graph, window_us, slice_size=5_000
        ):
            if bar:
                bar(counts.messages / count)
    finally:
        if collecting:
            gc.enable()
    return graph, counts


def points_table(counts: Counts, graph: Graph) -> Any:
    """The four places where something was counted, in our run."""
    rows = [
        {"counted where": "messages into the topics", "here": counts.messages},
        {"counted where": "updates inside the jobs, before the window", "here": counts.updates},
        {"counted where": "records out of the jobs", "here": counts.records},
        {"counted where": "writes to the storage", "here": counts.writes},
        {"counted where": "of these not older than what was there", "here": counts.accepted},
        {"counted where": "reads from the storage, so far", "here": graph.reads},
    ]
    return show.table(rows, title="Where we counted: never the same number")


def neighbourhood(graph: Graph, account: str, most: int = 3) -> Any:
    """Draw what a member's devices watched: account, devices, titles (the newest ``most``)."""
    found = graph.walk(account, WATCHED_ON_DEVICES)
    titles = found.levels[2][:most]
    places = {account: (0.0, 0.5)} | _spread(found.levels[1], 0.25, 0.4) | _spread(titles, 0.75, 1.0)
    nodes = tuple(Node(name, name, name.split(":")[0], at=at) for name, at in places.items())
    edges = tuple(Edge(s, t) for s, t, _ in found.edges if s in places and t in places)
    told = f"What the devices of {account} watched: {len(titles)} of {len(found.levels[2])} titles"
    return show.picture(Network(nodes, edges, title=told, height=420))


MOST_IN_A_COLUMN = 6


def _spread(names: list[str], left: float, right: float) -> dict[str, tuple[float, float]]:
    """Place nodes from top to bottom; where they are many, in turn in two columns, so that no label lies on another node."""
    two, last = len(names) > MOST_IN_A_COLUMN, max(1, len(names) - 1)
    high = [0.5] if len(names) == 1 else [round(1 - place / last, 4) for place in range(len(names))]
    return {
        name: (left if two and place % 2 == 0 else right, high[place]) for place, name in enumerate(names)
    }


def physical_rows(graph: Graph, account: str) -> Any:
    """The rows behind the picture: the record of the account, and of its first device."""
    store = graph.store
    device = graph.walk(account, WATCHED_ON_DEVICES[:1]).levels[1][0]
    rows = store.rows("link.logged_in_from", account, 5) + store.rows("rlink.streamed_from", device, 6)
    title = rows[-1]["item key"]
    rows += store.rows("property.streamed_from", "|".join(sorted((title, device))), 1)
    for row in rows:
        row["version"] = f"t0 + {(row['version'] - START_US) / 1e6:,.1f} s"
        row["value"] = row["value"] or "(none)"
    return show.table(rows, title="Record id, item key: what is stored")


# -- act 3 ----------------------------------------------------------------------------------------------


def wide_explorer() -> Explorer:
    """A record that grows, read in three ways, in two layouts."""
    controls = {
        "edges": Slider("Edges of the super-node", 10, 5_000_000, 10, 1_000_000, "edges", log=True),
        "layout": Choice(
            "The record holds",
            {"links with properties (2025)": "adjacency", "links alone (2026)": "links"},
            "adjacency",
        ),
        "way": Choice("Read", list(walks.WAYS), "pages, LATEST"),
        "limit": Slider("Limit", 10, 10_000, 2, 320, "edges", log=True),
        "page": Slider("Page", 10, 10_000, 2, 80, "items", log=True),
    }
    return Explorer(walks.wide, controls, _wide_pictures, title="A title that everybody streams",
                    question="The caller wants a few hundred edges. What has to be read for them?")  # fmt: skip


def _wide_pictures(result: Result) -> list[Any]:
    x = Axis("edges in the record", "", log=True, limits=(10, 1e7))
    y = Axis("time to read", "ms", log=True, limits=(1, 1e6))
    ways = sorted(
        walks.WAYS, key=lambda way: way != result.params["way"]
    )  # the chosen way in the colour of its points
    here = Mark(result.params["edges"], "this record")
    names = ("counted", *(f"{way} (theory)" for way in ways))
    return [
        Lines(
            x,
            y,
            tuple(result.series[name] for name in names),
            title="Time against width",
            marks=(here,),
            height=360,
        )
    ]


# -- act 4 ----------------------------------------------------------------------------------------------


def walk_explorer() -> Explorer:
    """A traversal player: account, profiles, titles, with its cost."""
    controls = {
        "way": Choice("Walk", ["by level", "by depth"], "by depth"),
        "profiles": Slider("Profiles", 1, 10, 1, 5),
        "titles": Slider("Titles each profile started", 5, 200, 5, 40),
        "limit": Slider("Limit of titles a profile", 1, 41, 2, 5),
        "page": Slider("Page", 10, 100, 10, 40, "items"),
        "order": Choice("Which titles", ["LATEST", "ANY"], "LATEST"),
        "hit_rate": Slider("Node cache: share of hits", 0, 0.95, 0.05, 0.75),
    }
    return Explorer(walks.player, controls, _walk_pictures, title="A walk and its bill", columns=2, poster=(0,),
                    question="Account, profiles, titles: how many round trips wait for one another?")  # fmt: skip


SHOWN_TITLES = 5


def _walk_pictures(result: Result) -> list[Any]:
    edges = result.tables["edges"]
    names = dict.fromkeys(
        ["account:1", *(e["to"] for e in edges if e["type"] == "has_profile"), *(e["to"] for e in edges)]
    )
    profiles = [name for name in names if name.startswith("profile")]
    titles = _of_each(profiles, edges)[:SHOWN_TITLES]
    places = {"account:1": (0.0, 0.5)} | _spread(profiles, 0.25, 0.42) | _spread(titles, 0.75, 1.0)
    nodes = tuple(Node(name, name, name.split(":")[0], at=at) for name, at in places.items())
    drawn = tuple(Edge(e["from"], e["to"]) for e in edges if e["from"] in places and e["to"] in places)
    counted = ("calls", "rounds", "node_calls")
    bars = Bars(tuple(result.metrics[name].label for name in counted), (Group("here", tuple(result[name] for name in counted)),),
                Axis("number", ""), "counted", title="What it cost", horizontal=True)  # fmt: skip
    told = "The walk" if len(places) == len(names) else f"The walk: {len(places)} of {len(names)} nodes"
    time = Lines(
        Axis("time", "ms"),
        Axis("calls answered", ""),
        (result.series["answered"],),
        title="Calls answered over time",
        steps=True,
    )
    rows = show.Table.of(result.tables["rows"], "The rows behind it: five of a record")
    return [Network(nodes, drawn, title=told, height=440), rows, bars, time]


def _of_each(profiles: list[str], edges: list[dict[str, Any]]) -> list[str]:
    """Give the titles in turns, one of each profile, so that the few that are drawn are not all of one."""
    of = {name: [edge["to"] for edge in edges if edge["from"] == name] for name in profiles}
    turns = zip_longest(*of.values())
    return [title for title in dict.fromkeys(chain.from_iterable(turns)) if title]


def limiter_picture() -> Any:
    """The AIMD limiter's saw-tooth beside what an unlimited caller gets."""
    on, off = measures.limiter(), measures.limiter(limited=False)
    x, y = Axis("round", ""), Axis("calls answered", "", limits=(0, 130))
    both = tuple(
        Series(f"{how} a limiter", run.series["answered"].x, run.series["answered"].y)
        for how, run in (("with", on), ("without", off))
    )
    return show.picture(
        Lines(
            x,
            y,
            both,
            title="A storage that can answer 100 calls a round",
            marks=(Mark(100, "capacity", axis="y"),),
        )
    )


# -- act 5, break it -----------------------------------------------------------------------------------------


FIRST_MOVES = ("writer: start",)


def adversary_explorer(name: str = "half-written edge", moves: tuple[str, ...] = (), **positions: Any) -> Any:
    """Be the network and the scheduler of an anomaly's scenario, with everything on but ``positions``; ``moves`` are made already.

    Each of ``moves`` is a part of what a choice is called. ValueError where no choice is called so.
    """
    made = referee.adversary(anomalies.anomaly(name), **positions)
    for move in moves:
        fits = [choice.index for choice in made.stepper.choices() if move in choice.label]
        if not fits:
            raise ValueError(
                f"there is no choice {move!r} after {', '.join(made.stepper.steps) or 'nothing'}"
            )
        made.pick(fits[0])
    return made


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


def fleet_table() -> Any:
    """The four places where Netflix counts, with their sources."""
    return show.table(measures.fleet().tables["points"], title="Four places where Netflix counts")


EXPLORERS: dict[str, Callable[[], Any]] = {
    "lag": lag_explorer,
    "dedup": dedup_explorer,
    "wide": wide_explorer,
    "walk": walk_explorer,
    "adversary": lambda: adversary_explorer(moves=FIRST_MOVES, entropy_repair=False),
}

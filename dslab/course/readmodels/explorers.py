"""What lesson 9 puts on the stage: the system in a picture, and five explorers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from dslab import show
from dslab.course import referee
from dslab.readmodels import anomalies, lanes, load
from dslab.show import (
    Axis,
    Choice,
    Edge,
    Explorer,
    Lines,
    Mark,
    Meter,
    Meters,
    Network,
    Node,
    Slider,
    SpaceTime,
    Table,
)
from dslab.sim import Result

DESIGN_NAMES = {
    "article, 5 January": "article, 5 January",
    "corrected, 19 January": "corrected, 19 January",
    "corrected, two statements": "+ two statements",
    "everything on": "everything on",
    "barrier": "barrier",
    "status row, no lock": "status only",
    "no coordination": "no coordination",
}


def system_picture() -> Any:
    """The tables, and who writes which of them."""
    nodes = (
        Node("append", "append", "client", at=(0.0, 0.75)),
        Node("log", "log of events", "store", at=(0.5, 1.0)),
        Node("lock", "advisory lock, status row", "lock", at=(0.5, 0.62)),
        Node("model", "read model", "store", at=(0.5, 0.24)),
        Node("skip", "skip records", "store", at=(0.0, 0.24)),
        Node("rebuild", "rebuild", "service", at=(1.0, 0.75)),
        Node("drain", "drain", "service", at=(0.25, 0.0)),
    )
    edges = (
        Edge("append", "log", "1 insert"),
        Edge("append", "lock", "2 shared? active?"),
        Edge("append", "model", "3 apply"),
        Edge("append", "skip", "or skip"),
        Edge("rebuild", "lock", "I exclusive, IV flip"),
        Edge("log", "rebuild", "III read batches"),
        Edge("rebuild", "model", "II empty, III replay"),
        Edge("skip", "drain"),
        Edge("drain", "model"),
    )
    return show.picture(
        Network(nodes, edges, title="Two who write one read model, and what stands between them", height=420)
    )


# -- act 1: two lanes -----------------------------------------------------------------------------------


def lanes_explorer() -> Explorer:
    """One append beside one rebuild: move its steps."""
    controls = {
        "commits": Slider("The append commits after rebuild step", 0, lanes.PLACES, 1, 4),
        "asks": Slider("It has its answer after rebuild step", 0, lanes.PLACES, 1, 3),
        "begins": Slider(
            "It has begun after rebuild step",
            0,
            lanes.PLACES,
            1,
            3,
            help="one statement: it takes its snapshot here",
        ),
        "design": Choice("Design", DESIGN_NAMES, "article, 5 January"),
    }
    question = "One client appends e2 while the read model is rebuilt. Where must the append's steps fall so that e2 is lost, or there twice?"
    return Explorer(
        lanes.lanes,
        controls,
        _lane_pictures,
        title="One append beside one rebuild",
        question=question,
        poster=(0,),
    )


def _lane_pictures(result: Result) -> list[Any]:
    rows = result.tables["moments"]
    if all(row["skip records"] == "none" for row in rows):  # a design that has none
        rows = [{name: value for name, value in row.items() if name != "skip records"} for row in rows]
    moments = Table.of(
        rows, title="Moment by moment: tables as others see them (committed), the lock as it is"
    )
    return [moments, SpaceTime(result.trace, axis="order", title="The same, to step through")]


# -- acts 2 and 5: the reader as adversary ----------------------------------------------------------------


def adversary_explorer(name: str = "skip race", picks: Iterable[int] = (), **positions: Any) -> Any:
    """Be the scheduler of an anomaly's scenario, with everything on but ``positions``; ``picks`` are done already."""
    adversary = referee.adversary(anomalies.anomaly(name), **positions)
    for index in picks:
        adversary.pick(index)
    return adversary


def race_explorer() -> Any:
    """Be the scheduler of one append beside one rebuild without skip records; the rebuild has begun."""
    return adversary_explorer("skip race", (1, 0, 0, 0), skip_records=False)


def hidden_explorer() -> Any:
    """Be the scheduler of two appends and a rebuild that ends when it sees nothing more; the first append has inserted."""
    return adversary_explorer("hidden tail", (1, 0), ends="nothing visible")


# -- act 3: under load ------------------------------------------------------------------------------------


BUSY = {"writers": 8, "hold_ms": 8, "think_ms": 2, "replay_ms": 80}  # of act 3: the explorer opens with it


def load_explorer() -> Explorer:
    """Rebuilds under load: what is lost, how late a rebuild starts, how long appends wait."""
    controls = {
        "writers": Slider("Writers", 1, 32, 1, BUSY["writers"]),
        "hold_ms": Slider("A transaction is open for, on average", 1, 64, 2, BUSY["hold_ms"], "ms", log=True),
        "think_ms": Slider("Pause between two of one writer", 0, 100, 2, BUSY["think_ms"], "ms"),
        "replay_ms": Slider("The replay takes", 10, 320, 2, BUSY["replay_ms"], "ms", log=True),
        "design": Choice(
            "Design",
            {
                "article": "article",
                "with skip records": "skip records",
                "with a barrier": "barrier",
                "no coordination": "no coordination",
            },
            "article",
        ),
    }
    question = "Every rebuild here waits for its lock at its start. How many events does one lose, and what does each repair cost?"
    return Explorer(
        load.load, controls, _load_pictures, title="Rebuilds under load", question=question, poster=(1,)
    )


def _load_pictures(result: Result) -> list[Any]:
    prices = Meters(
        (
            Meter("lost", result["lost"], 64, "events", _mood_word(result["lost"], "lost"), "bad" if result["lost"] else "good"),
            Meter("applied twice", result["doubled"], 128, "events", _mood_word(result["doubled"], "doubled"), "bad" if result["doubled"] else "good"),
            Meter("start delay", result["start_ms"], 160, "ms", "waited for", "neutral"),
            Meter("pause of appends at the end", result["pause_ms"], 160, "ms", "held" if result["pause_ms"] else "none",
                  "warn" if result["pause_ms"] else "good"),
        ),
        title="The price of one rebuild, on average",
    )  # fmt: skip
    x = Axis("writers (logarithmic)", "", log=True, limits=(1, 40))
    curves = tuple(result.series[name] for name in ("in flight", "in flight (theory)", "lost"))
    y = Axis("events per rebuild", "", limits=(0, 70))
    here = Mark(result.params["writers"], "here")
    return [prices, Lines(x, y, curves, title="Lost per rebuild against writers", marks=(here,))]


def _mood_word(value: float, word: str) -> str:
    return word if value else "none"


# -- act 4: try or wait -------------------------------------------------------------------------------------


def try_explorer() -> Explorer:
    """A rebuild that tries, and one that waits."""
    controls = {
        "writers": Slider("Writers", 1, 40, 1, 20),
        "hold_ms": Slider("A transaction is open for", 1, 64, 2, 8, "ms", log=True),
        "think_ms": Slider("Pause between two of one writer", 0, 200, 4, 72, "ms"),
    }
    question = "How likely is one try for the exclusive lock to succeed, and how long does a request wait that stays in the queue?"
    return Explorer(
        load.starting,
        controls,
        _try_pictures,
        title="Try, or wait",
        question=question,
        columns=2,
    )


def _try_pictures(result: Result) -> list[Any]:
    x = Axis("writers (logarithmic)", "", log=True, limits=(1, 40))
    chance = (result.series["success"], result.series["success (theory)"])
    here = Mark(result.params["writers"], "here")
    delays = (
        result.series["trying"],
        result.series["trying (theory)"],
        result.series["waiting"],
        result.series["waiting (theory)"],
    )
    return [
        Lines(
            x,
            Axis("one try succeeds", "%", limits=(0, 100)),
            chance,
            title="One try, against the number of writers",
            marks=(here,),
        ),
        Lines(
            x,
            Axis("until the rebuild can start", "ms", log=True, limits=(0.1, 1e4)),
            delays,
            title="Until it starts: trying every 5 ms, and waiting",
            marks=(here,),
        ),
    ]


EXPLORERS: dict[str, Callable[[], Any]] = {
    "lanes": lanes_explorer,
    "adversary": race_explorer,
    "load": load_explorer,
    "try": try_explorer,
    "hidden": hidden_explorer,
}

"""What lesson 9 puts on the stage: five explorers, and the pictures between them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from dslab import show
from dslab.check import Cell, Stepper, Verdict, finished
from dslab.readmodels import anomalies, lanes, load
from dslab.readmodels.locks import play
from dslab.readmodels.real.cases import CASES
from dslab.show import (
    Axis,
    Choice,
    Edge,
    Explorer,
    Heatmap,
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
        Node("skip", "skip records", "store", at=(0.12, 0.1)),
        Node("rebuild", "rebuild", "service", at=(1.0, 0.75)),
        Node("drain", "drain", "service", at=(0.32, 0.0)),
    )
    edges = (
        Edge("append", "log", "1 insert"),
        Edge("append", "lock", "2 shared? active?"),
        Edge("append", "model", "3 apply"),
        Edge("append", "skip", "or skip"),
        Edge("rebuild", "lock", "exclusive, flip"),
        Edge("log", "rebuild", "read batches"),
        Edge("rebuild", "model", "empty, replay"),
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
    moments = Table.of(
        result.tables["moments"], title="Moment by moment: the lock, the status row, the read model"
    )
    return [moments, SpaceTime(result.trace, axis="order", title="The same, to step through")]


# -- acts 2 and 5: the reader as adversary ----------------------------------------------------------------


def adversary_explorer(name: str = "skip race", **positions: Any) -> Any:
    """Be the scheduler of an anomaly's scenario, with everything on but ``positions``."""
    from dslab.show.adversary import Adversary

    wanted = anomalies.anomaly(name)
    stepper = Stepper(wanted.scenario(**positions), [wanted.invariant])
    return Adversary(stepper, title=f"Be the adversary: {name}", goal=f"make {wanted.invariant.name} break")


def hidden_explorer() -> Any:
    """Be the scheduler of two appends and a rebuild that ends when it sees nothing more."""
    return adversary_explorer("hidden tail", ends="nothing visible")


def schedule_picture(verdict: Verdict, title: str = "") -> Any:
    """The shortest schedule that a verdict found, to step through."""
    if verdict.trace is None:
        raise ValueError("this verdict found nothing, so there is no schedule to show")
    return show.picture(
        SpaceTime(verdict.trace, title=title or f"{verdict.scenario}: the shortest schedule found")
    )


# -- act 3: under load ------------------------------------------------------------------------------------


def load_explorer() -> Explorer:
    """Rebuilds under load: what is lost, how late a rebuild starts, how long appends wait."""
    controls = {
        "writers": Slider("Writers", 1, 32, 1, 8),
        "hold_ms": Slider("A transaction is open for, on average", 1, 64, 2, 8, "ms", log=True),
        "think_ms": Slider("Pause between two of one writer", 0, 100, 2, 2, "ms"),
        "replay_ms": Slider("The replay takes", 10, 320, 2, 80, "ms", log=True),
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
    question = "The rebuild waits for its lock. How many events does one rebuild lose, and what does each repair cost?"
    return Explorer(
        load.load, controls, _load_pictures, title="Rebuilds under load", question=question, poster=(0, 1)
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
    x = Axis("writers", "", log=True, limits=(1, 32))
    curves = tuple(result.series[name] for name in ("in flight", "in flight (theory)", "lost"))
    y = Axis("events per rebuild", "", limits=(0, 70))
    return [prices, Lines(x, y, curves, title="Lost per rebuild against writers")]


def _mood_word(value: float, word: str) -> str:
    return word if value else "none"


def price_table() -> Any:
    """Each design's price under the same load: 8 writers, 10 ms a transaction."""
    rows = []
    for design in load.DESIGNS:
        run = load.load(design=design)
        rows.append({"design": design, "lost": round(run["lost"], 1), "applied twice": round(run["doubled"], 1),
                     "start delay, ms": round(run["start_ms"], 1), "pause of appends, ms": round(run["pause_ms"], 1)})  # fmt: skip
    return show.table(
        rows, title="One rebuild among 8 writers, transactions of 10 ms: what each design costs (means)"
    )


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
        poster=(0,),
    )


def _try_pictures(result: Result) -> list[Any]:
    x = Axis("writers", "", log=True, limits=(1, 40))
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


# -- break it: the table ------------------------------------------------------------------------------------


@cache
def _cells() -> tuple[Cell, ...]:
    return tuple(finished(anomalies.matrix()))


def matrix_picture() -> Any:
    """Which design shows which anomaly: searched now, every cell of it."""
    found = {(cell.anomaly, cell.column): cell.verdict for cell in _cells()}
    words = tuple(
        tuple(_outcome(found[name, design]) for design in anomalies.DESIGNS) for name in anomalies.ANOMALIES
    )
    return show.picture(
        Heatmap(
            tuple(anomalies.ANOMALIES),
            tuple(anomalies.DESIGNS),
            words,
            "anomaly",
            "design",
            title="Which design shows which anomaly",
        )
    )


_SHORT = dict(
    zip(
        anomalies.DESIGNS,
        ("none", "lock", "status", "article", "corrected", "two st.", "all on", "barrier", "long lock"),
        strict=True,
    )
)


def shortest_table() -> Any:
    """For every anomaly and design: how many surprises the shortest schedule has that was found."""
    found = {(cell.anomaly, cell.column): cell.verdict for cell in _cells()}
    rows = [
        {"anomaly": name} | {short: _surprises(found[name, design]) for design, short in _SHORT.items()}
        for name in anomalies.ANOMALIES
    ]
    return show.table(
        rows, title="Surprises in the shortest schedule found, designs as above; a dash where none was found"
    )


def _surprises(verdict: Verdict) -> str:
    return "–" if verdict.held else str(verdict.deviations)


def matrix_summary() -> str:
    """Say how much the table's search covered."""
    verdicts = [cell.verdict for cell in _cells()]
    searched = sum(verdict.searched + verdict.sampled for verdict in verdicts)
    sampled = sum(bool(verdict.sampled) for verdict in verdicts)
    broken = sum(not verdict.held for verdict in verdicts)
    return (
        f"{len(verdicts)} searches, {searched:,} schedules with up to 2 surprises; {broken} searches found a violation, "
        f"{sampled} had to sample."
    )


def _outcome(verdict: Verdict) -> str:
    return "broken" if not verdict.held else "sampled" if verdict.sampled else "held"


def lock_table(name: str) -> Any:
    """One lock matrix, as the model plays it."""
    rows = [
        {"session": step.session, "statement": step.statement, "at once": step.word, "in the end": step.final}
        for step in play(CASES[name])
    ]
    return show.table(rows, title=f"Advisory locks: {name}")


EXPLORERS: dict[str, Callable[[], Any]] = {
    "lanes": lanes_explorer,
    "adversary": lambda: adversary_explorer(skip_records=False),
    "load": load_explorer,
    "try": try_explorer,
    "hidden": hidden_explorer,
}

"""What lesson 6 puts on the stage: five explorers, and the pictures between them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from dslab import show
from dslab.check import Cell, finished
from dslab.course import referee
from dslab.sauna import anomalies, crowd, nine, stamps, versions
from dslab.sauna.order import question_and_answer
from dslab.sauna.switches import SESSION_MIN, Switches
from dslab.sauna.waits import NEXT_ARRIVAL, fate
from dslab.show import (
    Axis,
    Choice,
    Edge,
    Explorer,
    Histogram,
    Lines,
    Mark,
    Meter,
    Meters,
    Network,
    Node,
    Sample,
    Slider,
    SpaceTime,
    Switch,
    Table,
)
from dslab.sim import Metric, Result

ARRIVALS = {"at random (Poisson)": "poisson", "one every gap": "regular", "at random, until closing": "stops"}
RULES = {
    "the first to enter after me": "next",
    "somebody already inside": "inside",
    "everybody inside": "snapshot",
    "my own clock, five times too fast": "fast clock",
    "my own clock, five times too slow": "slow clock",
}
SPEEDS = {"fast clock": 5.0, "slow clock": 0.2}
SHOUTS = {"no": "no", "yes": "yes", "yes, and the shout carries a clock": "tracked"}


def system_picture() -> Any:
    """Three visits and the chain of events that bounds the middle one."""
    nodes = (
        Node("me in", "Mia in", "Mia", at=(0.0, 0.75), mood="good"),
        Node("me out", "Mia out", "Mia", at=(1.0, 0.75), mood="good"),
        Node("ben in", "Ben in", "Ben, with a watch", at=(0.25, 0.2)),
        Node("ben out", "Ben out", "Ben, with a watch", at=(0.75, 0.2)),
    )
    edges = (
        Edge("me in", "ben in", "happened before"),
        Edge("ben in", "ben out", "one session, by Ben's watch"),
        Edge("ben out", "me out", "happened before"),
        Edge("me in", "me out", "Mia's stay: at least that long"),
    )
    return show.picture(
        Network(nodes, edges, title="The whole algorithm: Ben's session lies inside Mia's stay", height=330)
    )


# -- act 1: whom to follow ------------------------------------------------------------------------------


def _visits(rule: str, kind: str, gap_min: float, delay_min: float) -> Result:
    return crowd.stays("clock" if rule in SPEEDS else rule, kind, gap_min, SPEEDS.get(rule, 1.0), delay_min)


def rule_explorer() -> Explorer:
    """How long a follower stays, by whom she follows."""
    controls = {
        "rule": Choice("Mia leaves with", RULES, "inside"),
        "kind": Choice("People come", ARRIVALS, "poisson"),
        "gap_min": Slider("Time between them, on average", 0.5, 8.0, 0.5, 2.0, "min"),
        "delay_min": Slider("She sees an exit after", 0.0, 5.0, 0.5, 0.0, "min"),
    }
    question = "Whom must somebody without a watch follow, so as never to leave too early?"
    return Explorer(
        _visits, controls, _visit_pictures, title="Whom to follow", question=question, poster=(0,)
    )


def _visit_pictures(result: Result) -> list[Any]:
    at = result.params
    sample = tuple(min(stay, 60.0) for stay in result.series["stays"].y) or (0.0,)
    histogram = Histogram(Axis("Mia's stay", "min", limits=(0, 60)), (Sample("visits", sample),), bins=60,
                          title="How long Mia stays, over many visits", marks=(Mark(at["session_min"], "one session"),))  # fmt: skip
    trace = stamps.visit(at["rule"], delay_s=max(1.0, 60 * at["delay_min"]), speed=at["speed"])
    return [
        histogram,
        SpaceTime(trace, axis="time", title="One evening: Ann at minute 0, Mia at 4, Ben at 6"),
    ]


# -- act 2: a crowd that follows ------------------------------------------------------------------------


def share_explorer() -> Explorer:
    """The mean stay and its tail against the share of followers."""
    controls = {
        "share": Slider("Followers among those who come", 0.0, 1.0, 0.05, 0.5),
        "gap_min": Slider("Time between arrivals, on average", 0.5, 8.0, 0.5, 2.0, "min"),
        "session_min": Slider("One session", 5.0, 30.0, 1.0, 10.0, "min"),
    }
    question = "If some of those whom I follow follow others, how much longer do I stay?"
    return Explorer(crowd.mean_against_share, controls, _share_pictures, title="A crowd that follows", question=question, columns=2,
                    poster=(0,))  # fmt: skip


def _share_pictures(result: Result) -> list[Any]:
    curves = result.series
    here = Mark(result.params["share"], "now")
    session = Mark(result.params["session_min"], "one session")
    mean = Lines(Axis("share of followers", "", limits=(0, 1)), Axis("mean stay of a follower", "min", limits=(0, 80)),
                 (curves["simulated"], curves["theory"]), title="Mean stay", marks=(here,))  # fmt: skip
    x = Axis("stay", "min", limits=(0, 60))
    tail = Lines(x, Axis("followers who stay longer", "%", limits=(0, 100)), (curves["tail"], curves["tail_theory"]),
                 title="How many stay longer", marks=(session,))  # fmt: skip
    return [mean, tail]


# -- act 3: who waits for whom --------------------------------------------------------------------------


def waiting_explorer() -> Explorer:
    """The live waits-for graph of a room."""
    controls = {
        "minute": Slider("Minute", 1.0, 180.0, 1.0, 52.0, "min"),
        "share": Slider("Followers among those who come", 0.0, 1.0, 0.1, 0.4),
        "capacity": Slider("Seats", 2, 12, 1, 6),
        "kind": Choice("People come", ARRIVALS, "poisson"),
        "reserved": Switch("Last seat kept for somebody with a watch", value=False),
        "seed": Slider("Evening number", 0, 11, 1, 4),
    }
    question = "Who waits for whom, and does it end: by itself, if somebody comes, or never?"
    return Explorer(
        _watched, controls, _waiting_pictures, title="Who waits for whom", question=question, poster=(0,)
    )


def _watched(**values: Any) -> Result:
    return crowd.waiting(**values)


_FATES = {"moving": ("goes on", "good"), "chain": ("endless chain", "warn"), "cycle": ("true cycle", "bad")}


def waits_network(result: Result, title: str = "Who waits for whom") -> Network:
    """The waits-for graph of a `crowd.waiting`: followers, people with a watch, the queue, and whoever comes next."""
    rows = {row["who"]: row["waits for"].split(", ") for row in result.tables["edges"]}
    names = list(
        dict.fromkeys([*result.params["here"], *rows, *(one for others in rows.values() for one in others)])
    )
    nodes = []
    people = [name for name in names if name != NEXT_ARRIVAL and "@" not in name]
    for name in names:
        word, mood = _FATES[fate(rows, name)] if name in rows else ("", "neutral")
        kind = ("not come yet" if name == NEXT_ARRIVAL else "at the door" if "@" in name
                else "inside, with a watch" if name.startswith("W") else "inside, a follower")  # fmt: skip
        label = "next to come" if name == NEXT_ARRIVAL else name
        middle = kind in ("not come yet", "at the door")
        at = (0.5, 0.5) if middle else _circle(people.index(name), len(people))
        nodes.append(Node(name, label, kind, word, mood, at))
    edges = [
        Edge(who, other, mood="warn" if fate(rows, who) == "cycle" else "neutral")
        for who, others in rows.items()
        for other in others
    ]
    if not nodes:
        nodes = [Node("nobody", "nobody is inside", "empty", "", "neutral", (0.5, 0.5))]
    return Network(tuple(nodes), tuple(edges), title=title, height=380)


def _circle(place: int, of: int) -> tuple[float, float]:
    import math

    turn = 2 * math.pi * place / max(of, 1)
    return (round(0.5 - 0.5 * math.cos(turn), 4), round(0.5 + 0.5 * math.sin(turn), 4))


def _waiting_pictures(result: Result) -> list[Any]:
    minute, silent = result.params["minute"], result["silent_min"]
    mood = "bad" if silent > 30 else "warn" if silent > 15 else "good"
    word = "alarm" if silent > 30 else "quiet" if silent > 15 else "people leave"
    alarm = Meters(
        (Meter("no exit for", silent, 180.0, "min", word, mood, mark=30.0, mark_label="alarm"),),
        title="The alarm",
    )
    x, y = Axis("minute", "min", limits=(0, 180)), Axis("people inside", "", limits=(0, 13))
    inside = Lines(x, y, (result.series["inside"],), title="How many are inside", steps=True, height=220,
                   marks=(Mark(result.params["capacity"], "seats", axis="y"), Mark(minute, "now")))  # fmt: skip
    return [waits_network(result), alarm, inside]


def stall_picture(seeds: int = 12) -> Any:
    """Which rooms stall: for each share of followers and number of seats the runs that did, and after how long."""
    rows = crowd.stall_table(shares=(0.3, 0.5, 0.7, 0.9), seeds=seeds)
    return show.table(
        rows,
        title=f"Runs that stall within {crowd.LONGEST_MIN:,} minutes, of {seeds}, and the median minute of the last exit",
    )


# -- act 4: three clocks on one run -----------------------------------------------------------------------


def clocks_explorer() -> Explorer:
    """Two events of one evening, and what three clocks say of them."""
    controls = {
        "a": Slider("One event", 0, 40, 1, 23),
        "b": Slider("Another event", 0, 40, 1, 21),
        "skew_s": Slider("Ben's wall clock is ahead by", 0.0, 600.0, 10.0, 0.0, "s"),
        "delay_s": Slider("A message takes", 1.0, 30.0, 1.0, 1.0, "s"),
    }
    question = "Can one of these two events have caused the other, and which clock can tell?"
    return Explorer(
        stamps.compare,
        controls,
        _clock_pictures,
        title="Three clocks on one evening",
        question=question,
        poster=(1,),
    )


def _clock_pictures(result: Result) -> list[Any]:
    stamps_table = Table.of(result.tables["stamps"], title="What a reader concludes from each clock")
    return [stamps_table, SpaceTime(result.trace, title="The evening (choose a clock under “Clocks”)")]


# -- act 5: what is kept in order -------------------------------------------------------------------------


def _posted(delivery_rule: bool, shout: str, late_ms: int, writers: int) -> Result:
    """Run the question and the answer, and count siblings for as many writers."""
    shouted, tracked_shout = shout != "no", shout == "tracked"
    world = question_and_answer(
        Switches(delivery_rule=delivery_rule, tracked_shout=tracked_shout), late_ms, 1, shouted
    )
    trace = world.record(clocks=True).run().trace
    group = world.facts["group"]
    early, cy = group.early_answers(), group.members["cy"]
    kept = versions.siblings(writers, 20)
    order = " then ".join(f"“{post.text.rstrip('.')}”" for post in cy.delivered)
    given = f"{'With' if delivery_rule else 'Without'} the delivery rule"
    if shouted:
        given += f", and a shout {'with' if tracked_shout else 'without'} a clock"
    told = (
        f"{given}: Cy reads {order}{', the answer before its question' if early else ''}. {kept.describe()}"
    )
    params = {
        "delivery_rule": delivery_rule,
        "shout": shout,
        "late_ms": late_ms,
        "writers": writers,
    }
    return Result(
        params, {"early": Metric("answers read too early", len(early))}, told, kept.series, trace=trace
    )


def delivery_explorer() -> Explorer:
    """Causal broadcast with and without its rule, with and without a back channel; and siblings with and without dots."""
    controls = {
        "delivery_rule": Switch("Delivery rule", value=False),
        "late_ms": Slider("Ann's question to Cy takes", 1, 20, 1, 10, "ms"),
        "shout": Choice("Ann also shouts it through the door to Ben", SHOUTS, "no"),
        "writers": Slider("Clients that write one key", 1, 8, 1, 3),
    }
    question = (
        "What does it take to keep an answer behind its question, and a replaced value out of the store?"
    )
    return Explorer(
        _posted, controls, _delivery_pictures, title="What is kept in order", question=question, poster=(0,)
    )


def _delivery_pictures(result: Result) -> list[Any]:
    series = tuple(result.series.values())
    return [
        SpaceTime(result.trace, axis="order", title="A question, its answer, and who reads them when"),
        Lines(Axis("writes so far", "", limits=(0, 20)), Axis("siblings kept", "", limits=(0, 21)), series,
              title="Siblings of one key, clients writing in turn"),
    ]  # fmt: skip


# -- break it ---------------------------------------------------------------------------------------------


def be_the_door(name: str = "late notice", **positions: Any) -> Any:
    """Be the door, the network and the scheduler of an anomaly's scenario."""
    return referee.adversary(anomalies.anomaly(name), **positions)


def log_picture(trace: Any, title: str) -> Any:
    """A trace rebuilt from a log."""
    return show.picture(SpaceTime(trace, title=title))


def nine_picture() -> Any:
    """All nine states of bucket and ladle, where each move leads, and which states nobody can reach."""
    ways, dead = nine.reachable(), nine.dead()
    nodes, edges = [], []
    for state in nine.STATES:
        word, mood = (
            ("dead", "bad")
            if state in dead
            else ("", "good")
            if state in ways
            else ("cannot be reached", "neutral")
        )
        at = (0.1 + 0.4 * state[1], 0.9 - 0.4 * state[0])
        nodes.append(
            Node(
                str(state),
                f"Ann {state[0]}, Ben {state[1]}",
                "reachable" if state in ways else "impossible",
                word,
                mood,
                at,
            )
        )
        for who in nine.PEOPLE:
            after = nine.move(state, who) if state in ways else None
            if after is not None and after != (0, 0):
                edges.append(Edge(str(state), str(after), who))
    return show.picture(
        Network(tuple(nodes), tuple(edges), title="Nine states: how many things Ann and Ben hold", height=420)
    )


@cache
def _cells(budget: int) -> tuple[Cell, ...]:
    return tuple(finished(anomalies.matrix(budget=budget)))


def matrix_picture(budget: int = 2_000) -> Any:
    """Which defence stops which anomaly: searched now, every cell of it; a row's name says what it asks for."""
    cells = [cell._replace(anomaly=row_name(cell.anomaly)) for cell in _cells(budget)]
    columns = {"": "all on", **{name: name for name in anomalies.DEFENCES}}
    return referee.matrix(cells, columns, "Which defence stops which anomaly", "with this changed")


def row_name(name: str) -> str:
    """Give an anomaly's name with what it asks for: "stale anchor (safety)"."""
    return f"{name} ({anomalies.anomaly(name).kind})"


def matrix_summary(budget: int = 2_000) -> str:
    """Say how much the table's search covered."""
    return referee.summary(_cells(budget), "up to one surprise (two for exit overtakes entry)")


def anomaly_table() -> Any:
    """Every row of that table in words."""
    return referee.anomaly_table(anomalies.ANOMALIES.values())


_COLUMNS = {
    "someone inside instead": ("follow somebody who is there already", "the rule of the post"),
    "snapshot instead": ("leave when all whom one found have gone", "the rule of the post"),
    "a fast clock instead": (
        "leave by one's own clock, which runs five times too fast",
        "the rule of the post",
    ),
    "no witness": ("the door does not say whom a newcomer found inside", "ours"),
    "exits not remembered": ("an exit that is heard of before its entry is forgotten", "ours"),
    "no reserved seat": ("followers may take the last seat", "ours"),
    "no attendant": ("nobody with a watch does rounds after closing time", "ours"),
    "Lamport stamps": ("an observer concludes from Lamport's numbers instead of vectors", "Fidge, Mattern"),
    "no delivery rule": ("a broadcast is read as it arrives", "Birman and others"),
    "shout untracked": ("what is shouted through the door carries no clock", "Demirbas, 2014"),
    "no dots": ("a store has one vector for all values of a key", "Preguiça and others"),
}


def column_table() -> Any:
    """Every column of that table in words: what is different in it, and whose the mechanism is that it lacks."""
    rows = [
        {
            "column": name,
            "what is different": _COLUMNS[name][0],
            "what it lacks comes from": _COLUMNS[name][1],
        }
        for name in anomalies.DEFENCES
    ]
    return show.table(rows, title="The columns")


EXPLORERS: dict[str, Callable[[], Any]] = {
    "rule": rule_explorer,
    "share": share_explorer,
    "waiting": waiting_explorer,
    "clocks": clocks_explorer,
    "delivery": delivery_explorer,
}
SESSION = SESSION_MIN

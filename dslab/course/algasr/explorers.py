"""What lesson 7 puts on the stage: five explorers, the map, and the pictures between them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from dslab import show
from dslab.algasr import anomalies, branches, drift, numbers, rings, town
from dslab.algasr.switches import MINISTRIES
from dslab.check import Cell, finished
from dslab.course import referee
from dslab.show import (
    Axis,
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
)
from dslab.sim import Result

ALERT = 2.0  # points between the gauges that the pictures call a gap


def two_gauges(result: Result, what: str = "") -> Meters:
    """Draw the two gauges that stand everywhere in this lesson: reported, and measured from outside."""
    reported, measured = result.metrics["reported"], result.metrics["measured"]
    gap = reported.value - measured.value
    state = (
        "as reported"
        if abs(gap) < ALERT
        else f"{abs(gap):.0f} points {'less' if gap > 0 else 'more'} than reported"
    )
    mood = "good" if abs(gap) < ALERT else "warn" if gap < 10 else "bad"
    return Meters(
        (
            Meter("reported: " + reported.label, reported.value, 100.0, "%", "the town's word", "neutral"),
            Meter("measured: " + measured.label, measured.value, 100.0, "%", state, mood),
        ),
        title=what or "Two gauges",
    )


# -- the map --------------------------------------------------------------------------------------------


# Placed by hand, so that no street runs through the words under a name: streets that come or go below a node are flat.
PLACES = {
    "Palace": (0.05, 0.82), "Decrees": (0.48, 1.0), "Reconciliation": (0.93, 0.84), "Dashboards": (0.6, 0.6), "Truth": (0.93, 0.36),
    "Victories": (0.66, 0.03), "Affirmation": (0.33, 0.0), "Supervision": (0.05, 0.3), "Responsibility": (0.37, 0.56),
}  # fmt: skip


class TownMap(Network):
    """A network that tells every ministry's number, and where the gap is wide."""

    def describe(self) -> str:
        """Tell the number of each ministry in a sentence."""
        numbers = ", ".join(f"{node.name} {node.state}" for node in self.nodes)
        wide = [node.name for node in self.nodes if node.mood == "bad"]
        gaps = (
            f"Ten points or more between report and measurement: {', '.join(wide)}."
            if wide
            else "No gap of ten points or more."
        )
        return (
            f"Map “{self.title}”: nine ministries and {len(self.edges)} streets. Measured: {numbers}. {gaps}"
        )


def _map(result: Result, title: str) -> TownMap:
    nodes = []
    for row in result.tables["ministries"]:
        gap, cured = row["reported"] - row["measured"], row["cured"] == "yes"
        # tests let something through: a cured cage may keep a small gap, one as in the story may have none
        mood = "good" if gap < (ALERT if cured else 0.5) else "warn" if gap < 10 else "bad"
        nodes.append(
            Node(
                row["ministry"],
                state=row["number"],
                kind="cured" if cured else "as in the story",
                mood=mood,
                at=PLACES[row["ministry"]],
            )
        )
    return TownMap(
        tuple(nodes),
        tuple(Edge(a, b, verb) for a, b, verb in town.STREETS),
        title=title,
        height=470,
    )


def town_map() -> Any:
    """The map of the town as the story has it: nothing cured."""
    return show.picture(_map(town.tour(), "Town Al-Gasr: nine ministries, none of them cured"))


def town_explorer() -> Explorer:
    """All nine ministries, each with its switch."""
    controls: dict[str, Any] = {"trouble": Slider("How much really goes wrong", 0, 0.5, 0.05, 0.1)}
    controls |= {each.name.lower(): Switch(f"{each.name}: {each.cure}", value=False) for each in MINISTRIES}
    question = "What does the town report, what is measured from outside, and which cures close the gap?"
    return Explorer(town.tour, controls, _town_pictures, title="The whole town", question=question, poster=())


def _town_pictures(result: Result) -> list[Any]:
    return [
        two_gauges(result, "The mean of nine ministries"),
        _map(result, "The map: what is measured in each ministry"),
    ]


# -- act 1: the Palace ------------------------------------------------------------------------------------


def palace_explorer() -> Explorer:
    """Three Emirs during a partition, under three rules."""
    controls = {
        "rule": Choice(
            "The rule",
            {
                "last writer wins": "last writer wins",
                "majority: only who hears more than half of the voters": "majority",
                "fence: one archive for all, newest epoch only": "fence",
            },
        ),
        "emirs": Slider("Emirs", 1, 9, 1, 3),
        "rate": Slider("Writes for a key between merges, on average", 1, 30, 1, 3),
        "majority_side": Switch("Emir 1 hears a majority (counts under that rule only)"),
    }
    question = "Three Emirs rule at once. How much of what they acknowledge is there after the merge?"
    return Explorer(
        branches.palace,
        controls,
        _palace_pictures,
        title="Three Emirs, one register",
        question=question,
        poster=(1,),
    )


def _palace_pictures(result: Result) -> list[Any]:
    totals = result.params["totals"]
    kept = tuple(float(totals[rule]["acknowledged"] - totals[rule]["lost_writes"]) for rule in branches.RULES)
    lost = tuple(float(totals[rule]["lost_writes"]) for rule in branches.RULES)
    refused = tuple(float(totals[rule]["attempts"] - totals[rule]["acknowledged"]) for rule in branches.RULES)
    most = max(1.0, max(totals[rule]["attempts"] for rule in branches.RULES))
    groups = (
        Group("acknowledged and kept", kept),
        Group("acknowledged and lost", lost),
        Group("refused, and told so", refused),
    )
    fate = Bars(
        branches.RULES,
        groups,
        Axis(f"writes to {result.params['keys']:,} keys", "", limits=(0, most * 1.05)),
        "rule",
        title="What becomes of the writes",
        mode="stacked",
        height=300,
    )
    x = Axis("writes for a key between merges, on average", "", log=True, limits=(0.1, 30))
    now = (Mark(result.params["rate"], "now"),)
    share = Lines(x, Axis("acknowledged writes lost", "%", limits=(0, 100)), (result.series["share"], result.series["share_theory"]),
                  title="Last writer wins: the share that is lost", marks=now, height=280)  # fmt: skip
    lines = Lines(x, Axis("branches lost for each key", "", limits=(0, 8)), (result.series["lost"], result.series["lost_theory"]),
                  title="Last writer wins: branches lost", marks=now, height=280)  # fmt: skip
    return [two_gauges(result, "Acknowledged writes"), fate, share, lines]


# -- act 2: records -----------------------------------------------------------------------------------------


def dashboard_explorer() -> Explorer:
    """Two stores that should say the same."""
    controls = {
        "way": Choice(
            "The dashboard is",
            {
                "written, too (dual)": "dual",
                "dual, and reconciled": "reconciled",
                "fed from an outbox": "outbox",
            },
            "dual",
        ),
        "failure": Slider("The second write fails", 0, 0.5, 0.05, 0.05),
        "every_min": Slider("A key changes every", 1, 1_000, 2, 32, "min", log=True),
        "reconcile_min": Slider("Reconciled every", 1, 1_000, 2, 64, "min", log=True),
    }
    question = "The dashboard says that all is in step. On how many keys does it differ from the ledger, and for how long?"
    return Explorer(
        drift.dashboards,
        controls,
        _dashboard_pictures,
        title="A dashboard that is written beside its ledger",
        question=question,
        poster=(2,),
    )


def _dashboard_pictures(result: Result) -> list[Any]:
    oldest = result["oldest"]
    ages = Meters(
        (
            Meter(
                "mean age of a difference",
                result["mean_age"],
                max(1_000.0, oldest),
                "min",
                "",
                "warn" if oldest else "good",
            ),
            Meter(
                "oldest difference", oldest, max(1_000.0, oldest), "min", "", "bad" if oldest > 1 else "good"
            ),
        ),
        title=f"Age of the {result['drifting']:,.0f} differences (of {drift.KEYS:,} keys)",
    )
    names = [name for way in drift.WAYS for name in (way, f"{way} (theory)")]
    lines = Lines(Axis("chance that the second write fails", "", limits=(0, 0.5)), Axis("keys that differ", "%", limits=(0, 60)),
                  tuple(result.series[name] for name in names), title="Drift, three ways to feed a dashboard", height=290)  # fmt: skip
    return [two_gauges(result, "Keys in step"), ages, lines]


# -- act 3: the ring ----------------------------------------------------------------------------------------


def ring_explorer() -> Explorer:
    """Ministries that vouch for each other in a ring."""
    controls = {
        "ministries": Slider("Ministries in the ring", 2, 12, 1, 9),
        "stopped": Choice(
            "Of them have stopped",
            {
                "none": "none",
                "one, in the middle": "one",
                "half": "half",
                "all but one": "all but one",
                "all": "all",
            },
            "all",
        ),
        "evidence": Choice(
            "Evidence is",
            {
                "“the one before me is healthy”": "relayed",
                "with a hop count, up to 16": "hop count",
                "with its path": "path",
                "with the time of its probe": "origin time",
            },
            "relayed",
        ),
        "lease_rounds": Slider("Lease of a probe, in rounds", 1, 12, 1, 3),
        "cut": Switch("The last no longer vouches for the first", value=False),
    }
    question = "Every ministry has stopped. How long does the board stay green?"
    return Explorer(
        _ring_model,
        controls,
        _ring_pictures,
        title="A ring of supervision",
        question=question,
        poster=(2,),
    )


def _ring_model(ministries: int, stopped: str, **rest: Any) -> Result:
    counts = {"none": 0, "one": 1, "half": ministries // 2, "all but one": ministries - 1, "all": ministries}
    return rings.outage(ministries, counts[stopped], **rest)


def _pointed(side: float) -> float:
    """Pull the flanks of a circle in, so that its steep arrows pass beside the words under a node."""
    return math.copysign(abs(side) ** 1.8, side)


def _ring_pictures(result: Result) -> list[Any]:
    lights, probes = result.params["lights"], result.params["probes"]
    nodes, count = [], len(lights)
    for place, (light, alive) in enumerate(zip(lights, probes, strict=True)):
        turn = 2 * math.pi * place / count
        state, mood = (
            ("green", "good") if alive and light else ("green", "bad") if light else ("dark", "neutral")
        )
        nodes.append(
            Node(
                str(place + 1),
                kind="alive" if alive else "stopped",
                state=state,
                mood=mood,
                at=(round(0.5 + 0.48 * _pointed(math.sin(turn)), 3), round(0.5 + 0.48 * math.cos(turn), 3)),
            )
        )
    edges = tuple(Edge(str(a + 1), str(b + 1)) for a, b in result.params["edges"])
    ring = Network(tuple(nodes), edges, title="The board at the end: ✗ is green, but has stopped", height=340)
    x, y = Axis("rounds since the outage", "", limits=(0, 24)), Axis("ministries", "", limits=(0, 12.5))
    lines = Lines(
        x,
        y,
        tuple(result.series[name] for name in ("reported", "measured")),
        title="Green lights, round by round",
        steps=True,
        height=300,
    )
    finite = [
        tuple(None if math.isinf(x) else x for x in result.params[name]) for name in ("closed", "waits")
    ]
    waits = Bars(rings.EVIDENCE, (Group("closed form", finite[0]), Group("simulated", finite[1])), Axis("rounds", "", limits=(0, 18)), "evidence",
                 title="Total outage: rounds until the board is dark (no bar: never)", height=300)  # fmt: skip
    return [two_gauges(result, "Healthy ministries"), waits, ring, lines]


# -- act 4: numbers -----------------------------------------------------------------------------------------


def victories_explorer() -> Explorer:
    """Half a year of a team with a number to please."""
    controls = {
        "counted_by": Choice("Failures are counted by", {"the team": "team", "a canary": "canary"}, "team"),
        "horizon": Slider("Weeks they look ahead", 1, numbers.WEEKS, 1, 1),
        "hours": Slider("Hours a week", 0, 80, 5, 20, "h"),
        "fix_h": Slider("To mend a cause takes", 0.25, 16, 0.25, 8.0, "h"),
        "relabel_h": Slider("To relabel it for a week takes", 0.25, 16, 0.25, 0.5, "h"),
        "new_causes": Slider("New causes a week", 0, 5, 0.5, 1.0),
        "probes": Slider("Canary requests a week", 50, 3_200, 2, 400, log=True),
    }
    question = "A team is judged by a number. Where do its hours go, and what happens to the number, and to the town?"
    return Explorer(
        numbers.victories,
        controls,
        _victories_pictures,
        title="Half a year of victories",
        question=question,
        poster=(1,),
    )


def _victories_pictures(result: Result) -> list[Any]:
    x, y = Axis("week", "", limits=(0, numbers.WEEKS + 1)), Axis("success", "%", limits=(0, 101))
    marks = (Mark(result["alarm_week"], "alarm"),) if result["alarm_week"] else ()
    curves = tuple(result.series[name] for name in ("reported", "true", "canary"))
    lines = Lines(x, y, curves, title="Reported, true, and seen by the canary", marks=marks, height=340)
    week, gains = result.params["week"], result.params["gains"]
    hours = Bars(tuple(week), (Group("hours", tuple(week.values())),), Axis("hours", "h", limits=(0, 85)), "where they go",
                 title="The hours of the last week", horizontal=True, height=210)  # fmt: skip
    weeks = result.params["horizon"]
    ahead = "this week" if weeks == 1 else f"over {weeks} weeks"
    bought = Bars(tuple(gains), (Group("points", tuple(gains.values())),), Axis("points on the report", ""), "an hour of",
                  title=f"What an hour moves on the report, {ahead}", horizontal=True, height=190)  # fmt: skip
    return [two_gauges(result, "Success in the last week"), lines, bought, hours]


# -- break it -------------------------------------------------------------------------------------------------


def be_the_adversary(name: str = "zombie leader", played: int = 0, **positions: Any) -> Any:
    """Be the network and the scheduler of an anomaly's scenario, with every cure on but ``positions``; the first moves are made."""
    widget = referee.adversary(anomalies.anomaly(name), **positions)
    for _ in range(played):
        widget.pick(next(choice.index for choice in widget.stepper.choices() if choice.default))
    return widget


@cache
def _cells(deviations: int, budget: int) -> tuple[Cell, ...]:
    return tuple(finished(anomalies.matrix(deviations=deviations, budget=budget)))


def matrix_picture(deviations: int = 1, budget: int = 2_000) -> Any:
    """Which cure stops which anomaly: searched now, every cell of it."""
    columns = referee.without(anomalies.CURES, "all cured") | anomalies.INSTEAD
    return referee.matrix(_cells(deviations, budget), columns, "Which cure stops which anomaly", "with this")


def matrix_summary(deviations: int = 1, budget: int = 2_000) -> str:
    """Say how much the table's search covered."""
    return referee.summary(
        _cells(deviations, budget), f"up to {deviations} surprise{'s' * (deviations != 1)}"
    )


def anomaly_table() -> Any:
    """Every anomaly in a line: what happens, and the sentence that must hold."""
    return referee.anomaly_table(anomalies.ANOMALIES.values())


EXPLORERS: dict[str, Callable[[], Explorer]] = {
    "palace": palace_explorer,
    "dashboard": dashboard_explorer,
    "ring": ring_explorer,
    "victories": victories_explorer,
    "town": town_explorer,
}

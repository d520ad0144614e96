"""What lesson 8 puts on the stage: five explorers, and the pictures between them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from textwrap import fill
from typing import Any

from dslab import show
from dslab.check import Cell, Verdict, finished
from dslab.course import referee
from dslab.opensearch import anomalies, manifest, scenes, timeline
from dslab.opensearch.switches import VERSIONS, guard_table
from dslab.show import (
    Axis,
    Choice,
    Edge,
    Explorer,
    Heatmap,
    Lines,
    Network,
    Node,
    Slider,
    Switch,
    Table,
)
from dslab.sim import Result

RELEASES = {"2.8.0": "2.8.0", "3.0.0-alpha": "3.0.0-alpha", "3.0.0": "3.0.0", "repaired here": "repaired"}
CHANGES = {
    "the configuration": "configuration",
    "the version": "version",
    "one data node less": "one data node less",
}


def system_picture() -> Any:
    """The operator, what it reads and what it touches."""
    nodes = (
        Node("user", "manifest", "you write", at=(0.0, 0.5)),
        Node("operator", "operator", "program", at=(0.3, 0.5)),
        Node("sets", "StatefulSets", "Kubernetes", at=(0.64, 1.0)),
        Node("pods", "pods", "pod", at=(1.0, 0.5)),
        Node("search", "OpenSearch: votes, shards", "search engine", at=(0.64, 0.0)),
    )
    edges = (
        Edge("user", "operator", "asks for"),
        Edge("operator", "sets", "revision, replicas"),
        Edge("sets", "pods", "makes what is missing"),
        Edge("operator", "pods", "deletes"),
        Edge("operator", "search", "asks health, sets allocation"),
        Edge("pods", "search", "are its nodes"),
    )
    return show.picture(
        Network(nodes, edges, title="Nothing restarts until the operator deletes a pod", height=380)
    )


def told(thing: Any) -> str:
    """Give what a verdict or a result says, in lines that fit a page."""
    return fill(thing.describe(), 96, break_long_words=False, break_on_hyphens=False)


# -- act 1: one change of configuration ---------------------------------------------------------------


def operate_explorer() -> Explorer:
    """Build a cluster, change it once, watch the deletions."""
    controls = {
        "layout": Choice("Managers", {"a pool for each zone": "a pool for each zone", "one pool": "one pool",
                                      "the data nodes vote": "the data nodes vote"}),
        "managers": Slider("How many managers", 1, 7, 1, 3),
        "data_nodes": Slider("Data nodes of their own", 1, 4, 1, 2, help="not used when the data nodes vote"),
        "change": Choice("Change", CHANGES),
        "version": Choice("Operator", RELEASES, "2.8.0"),
    }  # fmt: skip
    question = "You change one line of the configuration. How many managers run at the worst moment, and does the change ever finish?"
    return Explorer(timeline.operate, controls, _operate_pictures, title="One change, by the clock", question=question,
                    poster=(0,))  # fmt: skip


def _operate_pictures(result: Result) -> list[Any]:
    return [managers_picture(result), waits_table(result)]


def managers_picture(result: Result) -> Lines:
    """Managers that vote and that are ready against the majority line, with the deletions."""
    series = [result.series[name] for name in ("ready", "voting", "majority")]
    series += [result.series["deleted"]] if "deleted" in result.series else []
    most = max(4, int(result["voters"]) + 1)
    return Lines(Axis("time", "s"), Axis("managers", "", limits=(0, most)), tuple(series),
                 title="Managers that are ready, managers that vote, and the majority", steps=True, height=300)  # fmt: skip


def waits_table(result: Result, most: int = 14) -> Table:
    """What ended the operator's passes, in order."""
    rows = [(row["from"], row["passes"], row["ended at"], row["what"]) for row in result.tables["waits"]]
    if len(rows) > most:
        rows = [*rows[: most - 2], ("…", "", "", f"{len(rows) - most + 1} more stretches"), rows[-1]]
    return Table(
        ("from", "passes", "the pass ended at", "what it did"),
        tuple(rows),
        title="What ended the operator's passes",
    )


# -- act 2: the reader as Kubernetes -------------------------------------------------------------------


def adversary_explorer(name: str = "stale status", **positions: Any) -> Any:
    """Be Kubernetes in an anomaly's scenario: pick what happens next, with everything on but ``positions``."""
    made = referee.adversary(anomalies.anomaly(name), "Be Kubernetes", **positions)
    while len(made.stepper.choices()) == 1:  # where there is nothing to choose, it is done already
        made.pick(0)
    return made


def schedule_picture(verdict: Verdict, title: str = "") -> Any:
    """The shortest schedule that a verdict found, to step through."""
    return referee.schedule_picture(verdict, title)


# -- act 3: the guard ------------------------------------------------------------------------------------

OUTCOMES = {"done": "good", "lost": "bad", "blocked": "warn"}


def guard_explorer() -> Explorer:
    """Down time by number of managers and guard."""
    controls = {
        "ready_gate": Choice("Before the guard, the operator asks",
                             {"nothing": "off", "is the pod's own pool ready?": "own pool", "is every pool ready?": "every pool"}, "off"),
        "layout": Choice("Managers", {"one pool": "one pool", "a pool for each zone": "a pool for each zone"}),
    }  # fmt: skip
    question = "For how many managers does each guard keep the majority, and for how many does it block the change for ever?"
    return Explorer(
        timeline.guard_map,
        controls,
        _guard_pictures,
        title="The guard, from one to nine managers",
        question=question,
        poster=(0,),
    )


def _guard_pictures(result: Result) -> list[Any]:
    columns = tuple(str(number) for number in range(1, timeline.MOST + 1))
    outcome, seconds = result.tables["outcome"], result.tables["leaderless"]
    names = tuple(row["guard"].replace("off", "no guard") for row in outcome)
    words = tuple(tuple(_short(row[column]) for column in columns) for row in outcome)
    numbers = tuple(tuple(row[column] for column in columns) for row in seconds)
    shown, by_formula = names, ()
    if result.params["ready_gate"] == "every pool":  # where the closed form speaks of the same
        shown = (*names, *(f"{name}, by formula" for name in names))
        by_formula = tuple(
            tuple(_short(timeline.expected(row["guard"], int(column))) for column in columns)
            for row in outcome
        )
    title = "A change of configuration: done, blocked for ever, or the quorum lost"
    height = 210 if not by_formula else 310
    return [
        Heatmap(shown, columns, words + by_formula, "guard", "managers", title=title, states=OUTCOMES, height=height),
        Heatmap(names, columns, numbers, "guard", "managers", unit="s", title="Seconds without a majority", limits=(0, 60), height=210),
    ]  # fmt: skip


def _short(word: str) -> str:
    return "lost" if word == "quorum lost" else word


def guard_table_picture() -> Any:
    """The two guards as formulas, for N = 1 to 9."""
    rows = []
    for coded, strict in zip(guard_table("as coded"), guard_table("strict majority"), strict=True):
        rows.append({"managers N": coded.managers, "majority": coded.majority, "as coded lets go at": _numbers(coded.allowed),
                     "of these lose the majority": _numbers(coded.loses), "strict majority lets go at": _numbers(strict.allowed),
                     "of these lose it": _numbers(strict.loses)})  # fmt: skip
    return show.table(rows, title="How many managers must be ready before the guard lets one go")


def _numbers(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values)) or "never"


# -- act 4: the upgrade ------------------------------------------------------------------------------------


def upgrade_explorer() -> Explorer:
    """Upgrade three to six nodes through a gate."""
    controls = {
        "health_gate": Choice("The gate opens at", {"green": "green", "green, or stuck by version": "version-stuck",
                                                    "green, or any settled yellow": "settled"}, "green"),
        "managers": Slider("Nodes, each votes and holds shards", 2, 6, 1, 3),
        "replicas": Slider("Replicas of the old index", 0, 2, 1, 1),
        "new_index": Switch("The new version makes an index of its own"),
        "drain": Switch("Drain each node first", value=False, help="with two nodes there is nowhere to go, and the operator does not try"),
    }  # fmt: skip
    question = "The first upgraded node makes an index with two replicas. How many nodes are upgraded before the operator stops, and where are the copies?"
    return Explorer(
        _upgrade, controls, _upgrade_pictures, title="An upgrade, pod by pod", question=question, poster=(1,)
    )


def _upgrade(**values: Any) -> Result:
    return timeline.operate(
        layout="the data nodes vote", data_nodes=0, change="version", version="3.0.0", **values
    )


def _upgrade_pictures(result: Result) -> list[Any]:
    new = result.series["new"]
    lines = Lines(Axis("time", "s"), Axis("nodes", "", limits=(0, 7)), (new, result.series["ready"]), steps=True, height=260,
                  title="Nodes on the new version, and managers that are ready")  # fmt: skip
    return [lines, *places_picture(result)]


def places_picture(result: Result) -> list[Heatmap]:
    """Where the copies of each shard are at the end; no picture where there are no shards."""
    places = result.tables["places"]
    if not places:
        return []
    columns = tuple(name for name in places[0] if name != "shard")
    words = tuple(tuple(row[column] for column in columns) for row in places)
    states = {"primary": "good", "replica": "good", "none": "neutral"}
    states |= {f"{number} kept out by version": "warn" for number in range(1, 4)}
    states |= {f"{number} waiting": "bad" for number in range(1, 5)}
    return [Heatmap(tuple(row["shard"] for row in places), columns, words, "shard", "node and its version",
                    title="Where the copies are at the end", states=states)]  # fmt: skip


# -- act 5: a manifest ---------------------------------------------------------------------------------------


def manifest_explorer(text: str = "") -> Explorer:
    """Read a manifest and make one change; ``text`` adds one of your own to the examples."""
    given = "kind:" in text  # a comment alone is no manifest
    texts = dict(manifest.EXAMPLES) | ({"yours": text} if given else {})
    first = "yours" if given else "one pool of managers"
    controls = {
        "which": Choice("Manifest", list(texts), first),
        "change": Choice("Change", CHANGES, "one data node less"),
        "version": Choice("Operator", RELEASES, "3.0.0"),
        "replicas": Slider("Replicas of the index", 0, 2, 1, 2),
    }

    def model(which: str, change: str, version: str, replicas: int) -> Result:
        return timeline.from_manifest(texts[which], change, version, replicas)

    question = "What does the operator read in a manifest, and what becomes of one change to that cluster?"
    return Explorer(
        model,
        controls,
        _manifest_pictures,
        title="From a manifest to a change",
        question=question,
        poster=(1,),
    )


def _manifest_pictures(result: Result) -> list[Any]:
    return [managers_picture(result), waits_table(result, 10), *places_picture(result)]


# -- break it: the tables --------------------------------------------------------------------------------


@cache
def _cells(kind: str) -> tuple[Cell, ...]:
    return tuple(finished(anomalies.by_version() if kind == "version" else anomalies.matrix()))


def version_picture() -> Any:
    """Which release shows which anomaly: searched now, every cell of it."""
    columns = {version: version for version in VERSIONS}
    return referee.matrix(_cells("version"), columns, "What each release does", axis="operator")


def matrix_picture() -> Any:
    """Which defence stops which anomaly: searched now, every cell of it."""
    columns = referee.without(anomalies.DEFENCES)
    return referee.matrix(_cells("defence"), columns, "Which defence stops which anomaly")


def anomaly_table() -> Any:
    """Every anomaly in a line: what happens, and the sentence that must hold."""
    return referee.anomaly_table(anomalies.ANOMALIES.values(), "The rows of the two tables below")


DEFENCE_WORDS = {
    "live count": "ready pods are counted from the live list, not from the StatefulSet's status",
    "ready gate": "nothing is deleted until all pods of every pool are ready",
    "one per pass": "at most one pod is deleted in a pass",
    "quorum guard": "a manager goes only if a majority is left",
    "small clusters": "one or two managers are restarted although no majority is left meanwhile",
    "yellow exception": "yellow passes where only the version rule keeps replicas out",
    "primary check": "at yellow, the pod with the only started copy of a shard is not next",
    "version-aware drain": "a node is drained when only replicas are left that no older node may take",
    "archived settings": "settings that the new version does not know are deleted",
    "parallel recovery": "a pool that lost most of its pods starts them all at once",
    "SmartScaler": "a node is drained before it is taken away",
    "target in status": "the scaler writes down which node it drains",
    "clean exclusions": "names that nobody drains are taken off the exclude list in each pass",
    "patient recovery": "without volumes, all is made anew only when pods are missing, and after five minutes",
    "own status entry": "the restart reads its own entry of the status, not the first one",
    "says why": "an operator that cannot go on tells the user why",
}


def defence_table() -> Any:
    """The columns of the table of defences: what each does, and the switch position that turns it off."""
    rows = []
    for name, off in anomalies.DEFENCES.items():
        ((switch, value),) = off.items()
        rows.append({"defence": name, "what it does": DEFENCE_WORDS[name], "off": f"{switch} = {value}"})
    return show.table(rows, title="The columns of the table below")


def summary(kind: str) -> str:
    """Say how much a table's search covered; ``kind`` is "version" or "defence"."""
    return referee.summary(_cells(kind), "up to 1 surprise")


def needs_two() -> Any:
    """The anomalies that no single defence of the table stops, with the pair of switches that brings them about."""
    rows = []
    alone = {cell.anomaly for cell in _cells("defence") if not cell.verdict.held}
    for name, anomaly in anomalies.ANOMALIES.items():
        if name not in alone:
            off = anomaly.off[0]
            verdict = anomalies.search(name, 1, **off)
            settings = ", ".join(f"{switch} = {value}" for switch, value in off.items())
            rows.append(
                {
                    "anomaly": name,
                    "shown by": settings,
                    "found after": f"{verdict.searched} schedule{'' if verdict.searched == 1 else 's'}",
                    "invariant": verdict.invariant,
                }
            )
    return show.table(rows, title="Shown only by other positions than off, or by two at once")


def objects_table() -> Any:
    """The first election, certificates and the migration: with everything on, and with one rule off."""
    rows = []
    for name, anomaly in anomalies.OBJECT_ANOMALIES.items():
        on, off = anomalies.search(name), anomalies.search(name, **anomaly.off[0])
        ((switch, value),) = anomaly.off[0].items()
        rows.append({"anomaly": name, "what happens": anomaly.title, "everything on": "no violation" if on.held else "violated", "schedules": on.searched,
                     "with": f"{switch} = {value}", "breaks": off.invariant or "nothing", "surprises": off.deviations})  # fmt: skip
    return show.table(rows, title="First election, certificates, migration")


def crash_table() -> Any:
    """The operator itself dies once between any two of its steps: does every change still end well?"""
    rows = []
    for change in scenes.CHANGES:
        good, bad = (
            anomalies.converges(change, 1, 1),
            anomalies.converges(change, 1, 1, clean_exclusions="never"),
        )
        order = anomalies.converges(change, 1, 1, bug="finished before allocation")
        rows.append({"change": change, "repaired": _told(good), "nothing is cleaned up": _told(bad),
                     "“finished” is written first": _told(order)})  # fmt: skip
    return show.table(rows, title="The operator dies once, anywhere")


def _told(verdict: Verdict) -> str:
    if verdict.held:
        return f"held in {verdict.searched} schedules"
    return f"{verdict.invariant} breaks, after {verdict.searched}"


EXPLORERS: dict[str, Callable[[], Any]] = {
    "operate": operate_explorer,
    "adversary": lambda: adversary_explorer(live_count=False),
    "guard": guard_explorer,
    "upgrade": upgrade_explorer,
    "manifest": manifest_explorer,
}

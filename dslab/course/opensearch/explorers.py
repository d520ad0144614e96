"""What lesson 8 puts on the stage: five explorers, and the pictures between them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from textwrap import fill
from typing import Any

from dslab import show
from dslab.check import Cell, Stepper, Verdict, finished
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
    SpaceTime,
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
        "data_nodes": Slider("Data nodes of their own", 0, 4, 1, 2),
        "change": Choice("Change", CHANGES),
        "version": Choice("Operator", RELEASES, "2.8.0"),
        "drain": Switch("Drain data nodes first", value=False),
    }  # fmt: skip
    question = "You change one line of the configuration. How many managers run at the worst moment, and does the change ever finish?"
    return Explorer(_operate, controls, _operate_pictures, title="One change, by the clock", question=question,
                    poster=(0,))  # fmt: skip


def _operate(**values: Any) -> Result:
    if (
        values["change"] == "one data node less"
        and values["layout"] != "the data nodes vote"
        and not values["data_nodes"]
    ):
        values["data_nodes"] = 1
    return timeline.operate(**values)


def _operate_pictures(result: Result) -> list[Any]:
    return [managers_picture(result), waits_table(result)]


def managers_picture(result: Result) -> Lines:
    """Managers that are ready against the majority line, with the deletions."""
    series = [result.series["ready"], result.series["majority"]]
    series += [result.series["deleted"]] if "deleted" in result.series else []
    most = max(4, int(result["voters"]) + 1)
    return Lines(Axis("time", "s"), Axis("managers", "", limits=(0, most)), tuple(series),
                 title="Managers that are ready, and the majority", steps=True, height=300)  # fmt: skip


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
    from dslab.show.adversary import Adversary

    wanted = anomalies.anomaly(name)
    stepper = Stepper(wanted.scenario(**positions), [wanted.invariant, *wanted.also])
    return Adversary(stepper, title=f"Be Kubernetes: {name}", goal=f"make {wanted.invariant.name} break")


def schedule_picture(verdict: Verdict, title: str = "") -> Any:
    """The shortest schedule that a verdict found, to step through."""
    if verdict.trace is None:
        raise ValueError("this verdict found nothing, so there is no schedule to show")
    return show.picture(
        SpaceTime(verdict.trace, title=title or f"{verdict.scenario}: the shortest schedule found")
    )


# -- act 3: the guard ------------------------------------------------------------------------------------

OUTCOMES = {"done": "good", "quorum lost": "bad", "blocked": "warn"}


def guard_explorer() -> Explorer:
    """Down time by number of managers and guard."""
    controls = {
        "ready_gate": Choice("Before the guard, the operator asks",
                             {"nothing": "off", "is the pod's own pool ready?": "own pool", "is every pool ready?": "every pool"}, "off"),
        "layout": Choice("Managers", {"one pool": "one pool", "a pool for each zone": "a pool for each zone"}),
        "broken": Slider("Managers whose machine has just failed", 0, 1, 1, 0),
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
    names = tuple(row["guard"] for row in outcome)
    words = tuple(tuple(row[column] for column in columns) for row in outcome)
    numbers = tuple(tuple(row[column] for column in columns) for row in seconds)
    shown, by_formula = names, ()
    if (
        result.params["ready_gate"] == "every pool" and not result.params["broken"]
    ):  # where the closed form speaks of the same
        shown = (*names, *(f"{name}, by formula" for name in names))
        by_formula = tuple(
            tuple(timeline.expected(name, int(column)) for column in columns) for name in names
        )
    title = "What becomes of a change of configuration"
    height = 210 if not by_formula else 310
    return [
        Heatmap(shown, columns, words + by_formula, "guard", "managers", title=title, states=OUTCOMES, height=height),
        Heatmap(names, columns, numbers, "guard", "managers", unit="s", title="Seconds without a majority", limits=(0, 60), height=210),
    ]  # fmt: skip


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
        "drain": Switch("Drain each node first", value=False),
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
    texts = dict(manifest.EXAMPLES) | ({"yours": text} if text.strip() else {})
    first = "yours" if text.strip() else "one node"
    controls = {
        "which": Choice("Manifest", list(texts), first),
        "change": Choice("Change", CHANGES),
        "version": Choice("Operator", RELEASES, "3.0.0"),
        "replicas": Slider("Replicas of the index", 0, 2, 1, 1),
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
        poster=(0,),
    )


def _manifest_pictures(result: Result) -> list[Any]:
    return [managers_picture(result), waits_table(result, 10), *places_picture(result)]


# -- break it: the tables --------------------------------------------------------------------------------


@cache
def _cells(kind: str) -> tuple[Cell, ...]:
    return tuple(finished(anomalies.by_version() if kind == "version" else anomalies.matrix()))


def version_picture() -> Any:
    """Which release shows which anomaly: searched now, every cell of it."""
    return _heatmap("version", tuple(VERSIONS), "operator", "What each release does", tuple(VERSIONS))


def matrix_picture() -> Any:
    """Which defence stops which anomaly: searched now, every cell of it."""
    names = ("nothing off", *(f"no {name}" for name in anomalies.DEFENCES))
    return _heatmap(
        "defence", ("", *anomalies.DEFENCES), "with this off", "Which defence stops which anomaly", names
    )


def _heatmap(kind: str, columns: tuple[str, ...], label: str, title: str, names: tuple[str, ...]) -> Any:
    found = {(cell.anomaly, cell.column): cell.verdict for cell in _cells(kind)}
    words = tuple(tuple(_outcome(found[name, column]) for column in columns) for name in anomalies.ANOMALIES)
    return show.picture(
        Heatmap(
            tuple(anomalies.ANOMALIES),
            names,
            words,
            "anomaly",
            label,
            title=title,
            states={"ok": "good", "fails": "bad"},
        )
    )


def _outcome(verdict: Verdict) -> str:
    return "fails" if not verdict.held else "sampled" if verdict.sampled else "ok"


def summary(kind: str) -> str:
    """Say how much a table's search covered; ``kind`` is "version" or "defence"."""
    verdicts = [cell.verdict for cell in _cells(kind)]
    searched = sum(verdict.searched for verdict in verdicts)
    broken = sum(not verdict.held for verdict in verdicts)
    return f"{len(verdicts)} searches, {searched:,} schedules with up to 1 surprise; {broken} searches found a violation."


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
        rows.append({"anomaly": name, "everything on": "no violation" if on.held else "violated", "schedules": on.searched,
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

"""What goes wrong with the operator when a guard is off: one scenario for each anomaly, and the tables over them.

| word     | meaning                                                                                             |
|----------|-----------------------------------------------------------------------------------------------------|
| anomaly  | a scenario, the invariant it breaks, and the switch positions with which it does                       |
| defence  | a switch position whose absence the table tries                                                      |
| base     | the repaired operator, every mechanism on (`dslab.opensearch.switches.Switches`)                      |

`ANOMALIES` has them by name; `search(name, **switches)` asks the referee; `matrix()` computes "which defence stops which anomaly",
`by_version()` asks the same of 2.8.0, 3.0.0-alpha and 3.0.0, `converges(...)` kills the operator itself between any two of its steps.

Numbers in ``source`` are those of the thirteen sequences in the lesson's facts; issues and commits are those of
opensearch-project/opensearch-k8s-operator.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any

from dslab import check
from dslab.check import Cell, Invariant, Scenario, Verdict, explore, named, positioned, searches
from dslab.opensearch import invariants as must
from dslab.opensearch import objects, scenes
from dslab.opensearch.switches import VERSIONS, Switches
from dslab.sim import World

# -- anomalies ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Anomaly(check.Anomaly):
    """A way in which the operator breaks; in each of its scenes the operator must do something.

    Numbers in ``source`` are those of the lesson's facts.
    """

    switches = Switches

    also: tuple[Invariant, ...] = (must.WORKED,)


_Q, _D, _F, _T, _R = (
    must.QUORUM_KEPT,
    must.NO_SHARD_DARK,
    must.FINISHED,
    must.FINISHED_OR_TOLD,
    must.SETTINGS_RESTORED,
)
_SEEN = (must.PASSED,)
_OWN = {"ready_gate": "own pool", "quorum_guard": "off"}
_LIST = (
    Anomaly("all managers at once", "three pools of one manager, restarted together", scenes.three_zones, _Q,
            (_OWN, {"one_per_pass": False}), "1: issue 650"),
    Anomaly("two data pools", "both data pools go in one pass", scenes.two_data_pools, _D, ({"one_per_pass": False},), "1: issue 738"),
    Anomaly("stale status", "the StatefulSet says ready, the pod is terminating", scenes.stale_status, _Q, ({"live_count": False},),
            "1: live pod list"),
    Anomaly("ordered start", "pod 0 waits for a majority that waits for pod 0", scenes.ordered_start, _F, ({"parallel_recovery": False},),
            "2: issues 289, 1182"),
    Anomaly("upgrade stays yellow", "the gate waits for a replica that no old node may take", scenes.new_index, _F,
            ({"health_gate": "green"}, {"health_gate": "observability"}), "3: commit 22897b11"),
    Anomaly("drain of a stuck replica", "the drain waits for a replica that no old node may take", scenes.stuck_drain, _F,
            ({"drained_means": "empty"},), "4: commit 22897b11"),
    Anomaly("archived settings", "old nodes answer 400 to every change of settings", scenes.archived, _F, ({"delete_archived": False},),
            "5: commit 22897b11"),
    Anomaly("single manager", "the guard never lets the only manager go", scenes.single_manager, _F, ({"small_clusters": "block"},),
            "6: issue 1449"),
    Anomaly("even number of managers", "without the ready gate the guard as coded lets one too many go", scenes.even_managers, _Q,
            ({"ready_gate": "off", "quorum_guard": "as coded"},), "7: computed"),
    Anomaly("scaler changes its target", "another node is removed than was drained", scenes.changed_mind, must.DRAINED_FIRST,
            ({"target_in_status": False}, {"smart_scaler": False}), "8: fixed in 3.0.0"),
    Anomaly("stuck exclusion", "the exclude entry stays, and the node is never used again", scenes.failed_include, _R,
            ({"clean_exclusions": "never"},), "9: first fix"),
    Anomaly("cleaned while draining", "the cleaning undoes the drain that is running", scenes.cleaned_drain, _F,
            ({"clean_exclusions": "known pools"},), "9: second bug, pull request 1476"),
    Anomaly("drain that cannot end", "three copies, two nodes, and nobody says so", scenes.endless_drain, _T, ({"says_why": False},),
            "10: computed"),
    Anomaly("one data node", "yellow for ever, so no restart, and nobody says so", scenes.one_data_node, _T, ({"says_why": False},),
            "12: issue 1569", also=_SEEN),
    Anomaly("false disaster", "managers are not ready, and everything is deleted", scenes.false_disaster, must.NO_PRIMARY_LOST,
            ({"emptydir_recovery": "at once"},), "13: commit 7c8d58ee", also=_SEEN),
    Anomaly("wrong status entry", "the restart reads another component's status, and allocation stays at primaries", scenes.wrong_entry, _R,
            ({"restart_status": "entry 0"},), "commit 88ab3915"),
    Anomaly("target moves", "a new node with the only copy is next, because the target moved on", scenes.moving_target, _D,
            ({"primary_check": False},), "exercise 5 of the facts"),
    Anomaly("upgrade in three zones", "an upgrade has no quorum guard, and the status lags", scenes.upgrade_in_zones, _Q,
            ({"live_count": False},), "upgrade.go at b7376be9"),
    Anomaly("starved", "a reconciler that errs keeps the restart behind it from its turn", scenes.starved, _T, ({"says_why": False},),
            "outer loop at b7376be9", also=_SEEN),
)  # fmt: skip
ANOMALIES: dict[str, Anomaly] = {anomaly.name: anomaly for anomaly in _LIST}
# Anomalies of parts that have switches of their own: the first election, certificates, the migration.
OBJECT_ANOMALIES: dict[str, check.Anomaly] = {anomaly.name: anomaly for anomaly in objects.LIST}

DEFENCES: dict[str, dict[str, Any]] = {
    "live count": {"live_count": False},
    "ready gate": {"ready_gate": "off"},
    "one per pass": {"one_per_pass": False},
    "quorum guard": {"quorum_guard": "off"},
    "small clusters": {"small_clusters": "block"},
    "yellow exception": {"health_gate": "green"},
    "primary check": {"primary_check": False},
    "version-aware drain": {"drained_means": "empty"},
    "archived settings": {"delete_archived": False},
    "parallel recovery": {"parallel_recovery": False},
    "SmartScaler": {"smart_scaler": False},
    "target in status": {"target_in_status": False},
    "clean exclusions": {"clean_exclusions": "never"},
    "patient recovery": {"emptydir_recovery": "at once"},
    "own status entry": {"restart_status": "entry 0"},
    "says why": {"says_why": False},
}


def anomaly(name: str) -> check.Anomaly:
    """Give the anomaly called ``name``; ValueError lists the names where there is none."""
    return named(ANOMALIES | OBJECT_ANOMALIES, name)


def search(
    name: str, deviations: int = 2, budget: int = 20_000, switches: Any = None, **positions: Any
) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with everything on (or ``switches``) but ``positions``."""
    wanted = anomaly(name)
    return explore(wanted.scenario(switches, **positions), wanted.invariants, deviations, budget)


def matrix(
    names: Iterable[str] = tuple(ANOMALIES), deviations: int = 1
) -> Generator[float, None, list[Cell]]:
    """Search every anomaly with everything on and with each defence off: a generator of the share done; returns the cells."""
    return (
        yield from _table(
            names, [("", None, {}), *((name, None, off) for name, off in DEFENCES.items())], deviations
        )
    )


def by_version(
    names: Iterable[str] = tuple(ANOMALIES), deviations: int = 1
) -> Generator[float, None, list[Cell]]:
    """Search every anomaly as each of `VERSIONS` is set; yields the share done, returns the cells."""
    return (
        yield from _table(
            names, [(version, switches, {}) for version, switches in VERSIONS.items()], deviations
        )
    )


def _table(
    names: Iterable[str], columns: list[tuple[str, Any, dict[str, Any]]], deviations: int
) -> Generator[float, None, list[Cell]]:
    ways = {column: (switches, off) for column, switches, off in columns}

    def search_one(name: str, column: str) -> Verdict:
        switches, off = ways[column]
        return search(name, deviations, switches=switches, **off)

    return searches(names, ways, search_one)


# -- the operator itself dies -----------------------------------------------------------------------------


def crashing(change: str, crashes: int = 1, **positions: Any) -> Scenario:
    """Give the scenario of one of `scenes.CHANGES` in which the operator itself may die ``crashes`` times, and is started again."""
    if change not in scenes.CHANGES:
        raise ValueError(f"there is no change {change!r}; there are {', '.join(scenes.CHANGES)}")
    switches = positioned(Switches(), positions)

    def build() -> World:
        world = scenes.CHANGES[change](switches)
        operator = must.operator_of(world)
        world.may(
            "the operator dies",
            operator.crash,
            crashes,
            lambda: operator.node.up and not operator.resting,
            operator.node,
            "crash",
        )
        return world

    return Scenario(f"{change}, the operator dies", build, positions)


def converges(
    change: str, crashes: int = 1, deviations: int = 2, budget: int = 20_000, **positions: Any
) -> Verdict:
    """Search whether a change ends well although the operator may die between any two of its steps.

    Watched are `QUORUM_KEPT`, `NO_SHARD_DARK`, `DRAINED_FIRST`, `FINISHED` and `SETTINGS_RESTORED`.
    """
    watched = [_Q, _D, must.DRAINED_FIRST, _F, _R, must.WORKED]
    return explore(crashing(change, crashes, **positions), watched, deviations, budget)

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

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from typing import Any

from dslab.check import Cell, Invariant, Scenario, Verdict, explore, searches
from dslab.opensearch import invariants as must
from dslab.opensearch import objects
from dslab.opensearch.cluster import SECOND_US, Cluster, Desired, Pool
from dslab.opensearch.reconcile import Operator
from dslab.opensearch.shards import Index
from dslab.opensearch.switches import VERSIONS, Switches
from dslab.sim import World

PATIENCE_US = 60 * SECOND_US
MANAGERS = Pool("managers", 3, manager=True)
ZONES = tuple(Pool(f"manager-{zone}", 1, manager=True) for zone in "abc")
NODES = Pool("nodes", 3, manager=True, data=True)  # three nodes that are everything
LOGS = Index("logs", 1, 1)


def scene(name: str, switches: Switches, before: Desired, after: Desired, indices: tuple[Index, ...] = (),
          status_lag_us: int = 0, **operator: Any) -> tuple[World, Cluster, Operator]:  # fmt: skip
    """Build a world in which everything runs as ``before`` says, and the user has just asked for ``after``."""
    world = World(name=name, patience_us=PATIENCE_US)
    cluster = Cluster(world, before, indices, status_lag_us)
    made = Operator(world, cluster, after, switches, **operator)
    made.status.version = before.version
    return world, cluster, made


def data(replicas: int, **more: Any) -> Pool:
    """Give a pool of data nodes."""
    return Pool("data", replicas, data=True, **more)


# -- restarts -------------------------------------------------------------------------------------------


def _three_zones(switches: Switches) -> World:
    """One manager in each of three pools; the configuration changes."""
    before = Desired(ZONES)
    return scene("all managers at once", switches, before, before.reconfigured())[0]


def _two_data_pools(switches: Switches) -> World:
    """Managers in one pool, two pools of one data node each, one shard with a replica; the configuration changes."""
    before = Desired((MANAGERS, Pool("data-a", 1, data=True), Pool("data-b", 1, data=True)))
    return scene("two data pools", switches, before, before.reconfigured(), (LOGS,))[0]


def _stale_status(switches: Switches) -> World:
    """Three managers in one pool; the StatefulSet's status is written a little after it is true."""
    before = Desired((MANAGERS,))
    return scene("stale status", switches, before, before.reconfigured(), status_lag_us=SECOND_US)[0]


def _single_manager(switches: Switches) -> World:
    """One node that is everything; the configuration changes."""
    before = Desired((Pool("all", 1, manager=True, data=True),))
    return scene("single manager", switches, before, before.reconfigured())[0]


def _even_managers(switches: Switches) -> World:
    """Four managers, one of which has just lost its machine; the configuration changes."""
    before = Desired((Pool("managers", 4, manager=True, management="Parallel"),))
    world, cluster, _ = scene("even number of managers", switches, before, before.reconfigured())
    cluster.kill("managers-3")
    return world


def _one_data_node(switches: Switches) -> World:
    """One data node, and an index that asks for a replica: yellow for ever. The configuration changes."""
    before = Desired((MANAGERS, data(1)))
    return scene("one data node", switches, before, before.reconfigured(), (LOGS,))[0]


def _wrong_entry(switches: Switches) -> World:
    """The pool was scaled before, so the status has another entry in front of the restart's; the configuration changes."""
    before = Desired((NODES,))
    world, _, operator = scene("wrong status entry", switches, before, before.reconfigured(), (LOGS,))
    operator.status.put("Scaler", "finished")
    return world


def _starved(switches: Switches) -> World:
    """The dashboards' reconciler errs in every pass; the configuration changes."""
    before = Desired((MANAGERS,))
    return scene("starved", switches, before, before.reconfigured(), failing="dashboards")[0]


def _ordered_start(switches: Switches) -> World:
    """All managers lose power at once. No change was asked for."""
    before = Desired((MANAGERS,))
    world, cluster, _ = scene("ordered start", switches, before, before)
    cluster.kill("managers-0", "managers-1", "managers-2")
    return world


def _false_disaster(switches: Switches) -> World:
    """A cluster on emptyDir; two of its managers are started anew by somebody else, and are merely not ready."""
    before = Desired(
        (replace(MANAGERS, persistence="emptyDir", management="Parallel"), data(2, persistence="emptyDir"))
    )
    world, cluster, _ = scene("false disaster", switches, before, before, (LOGS,))
    cluster.kill("managers-1", "managers-2")
    return world


# -- upgrades -------------------------------------------------------------------------------------------


def _new_index(switches: Switches) -> World:
    """Three nodes; the first upgraded one makes an index of its own, one shard with two replicas (issues 581, 779)."""
    before = Desired((NODES,))
    world, cluster, _ = scene("upgrade stays yellow", switches, before, before.upgraded("3.4.0"))

    def first(pod: Any) -> None:
        if pod.version == "3.4.0" and not cluster.shards.copies:
            index = Index(".of-the-new-version", 1, 2, system=True)
            cluster.shards.create(index, (pod.name,))

    cluster.on_join.append(first)
    return world


def _stuck_drain(switches: Switches) -> World:
    """Three nodes, drained before they are upgraded; a primary moves to the first new node, its replica is on an old one."""
    before = Desired((NODES,), drain=True)
    world, cluster, _ = scene("drain of a stuck replica", switches, before, before.upgraded("3.4.0"))
    cluster.shards.create(LOGS, ("nodes-2", "nodes-1"))
    cluster.shards.create(Index("busy", 1, 0), ("nodes-2",))
    return world


def _archived(switches: Switches) -> World:
    """A setting that the new version has removed; old nodes then answer 400 to every change of settings."""
    before = Desired((NODES,))
    world, cluster, _ = scene("archived settings", switches, before, before.upgraded("3.4.0"), (LOGS,))
    cluster.removed_setting = True
    return world


def _moving_target(switches: Switches) -> World:
    """Half-way through an upgrade the user asks for a newer version still: the new node with the primary is old again."""
    before = Desired((NODES,))
    world, cluster, operator = scene("target moves", switches, before, before.upgraded("3.4.0"))

    def first(pod: Any) -> None:
        if pod.version == "3.4.0" and not cluster.shards.copies:
            cluster.shards.create(Index(".of-the-new-version", 1, 2, system=True), (pod.name,))
            operator.ask(before.upgraded("3.5.0"))

    cluster.on_join.append(first)
    return world


def _upgrade_in_zones(switches: Switches) -> World:
    """One manager in each of three pools, and a status written half a minute late; the version changes. Upgrades have no quorum guard."""
    before = Desired(ZONES)
    return scene(
        "upgrade in three zones", switches, before, before.upgraded("3.4.0"), status_lag_us=31 * SECOND_US
    )[0]


# -- scaling --------------------------------------------------------------------------------------------


def _changed_mind(switches: Switches) -> World:
    """Scaling down by one; at any moment the user may ask for one more, and a minute later for one less again."""
    before = Desired((MANAGERS, data(3)))
    down = before.scaled("data", 2)
    world, cluster, operator = scene(
        "scaler changes its target", switches, before, down, (Index("logs", 4, 0),)
    )

    def up() -> None:
        operator.ask(before.scaled("data", 4))
        cluster.later(
            60 * SECOND_US, "the user asks for 2 data nodes again", lambda: operator.ask(down), "operator"
        )

    world.may("the user asks for 4 data nodes", up, node=operator.node, kind="change")
    return world


def _failed_include(switches: Switches) -> World:
    """A drained restart; the request that takes a node off the exclude list may fail once."""
    before = Desired((NODES,), drain=True)
    world, cluster, operator = scene("stuck exclusion", switches, before, before.reconfigured(), (LOGS,))
    world.may(
        "the next include fails",
        lambda: setattr(cluster, "fail_next", "include"),
        node=operator.node,
        kind="failure",
    )
    return world


def _cleaned_drain(switches: Switches) -> World:
    """A pool is taken out of the manifest, with shards that take a while to move."""
    before = Desired((MANAGERS, data(2), Pool("old-data", 1, data=True)))
    after = replace(before, pools=before.pools[:2])
    return scene("cleaned while draining", switches, before, after, (Index("logs", 3, 0),))[0]


def _endless_drain(switches: Switches) -> World:
    """Three data nodes, an index with two replicas, scaled to two; a change of configuration waits behind it."""
    before = Desired((MANAGERS, data(3)))
    after = before.scaled("data", 2).reconfigured()
    return scene("drain that cannot end", switches, before, after, (Index("logs", 1, 2),))[0]


def _scale_down(switches: Switches) -> World:
    """Scaling down by one, shards without replicas."""
    before = Desired((MANAGERS, data(3)))
    return scene("scale down", switches, before, before.scaled("data", 2), (Index("logs", 3, 0),))[0]


# -- anomalies ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Anomaly:
    """A way in which the operator breaks: ``off`` are switch positions that each bring it about with everything else on.

    ``source`` names the evidence. ``switches`` is the class of its switches; only those of `Switches` are in the tables.
    """

    name: str
    title: str
    build: Callable[[Any], World]
    invariant: Invariant
    off: tuple[dict[str, Any], ...]
    source: str
    switches: type = Switches
    also: tuple[Invariant, ...] = (must.WORKED,)

    def scenario(self, switches: Any = None, **positions: Any) -> Scenario:
        """Give the scenario with everything on but ``positions``. ValueError or TypeError for a switch that does not exist."""
        wanted = positioned(switches or self.switches(), positions)
        return Scenario(self.name, lambda: self.build(wanted), positions)


def positioned(switches: Any, positions: dict[str, Any]) -> Any:
    """Give ``switches`` with some positions changed; ValueError names the switches where one does not exist."""
    known = type(switches).__dataclass_fields__
    for name in positions:
        if name not in known:
            raise ValueError(f"there is no switch {name!r}; the switches are {', '.join(known)}")
    return replace(switches, **positions)


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
    Anomaly("all managers at once", "three pools of one manager, restarted together", _three_zones, _Q,
            (_OWN, {"one_per_pass": False}), "1: issue 650"),
    Anomaly("two data pools", "both data pools go in one pass", _two_data_pools, _D, ({"one_per_pass": False},), "1: issue 738"),
    Anomaly("stale status", "the StatefulSet says ready, the pod is terminating", _stale_status, _Q, ({"live_count": False},),
            "1: live pod list"),
    Anomaly("ordered start", "pod 0 waits for a majority that waits for pod 0", _ordered_start, _F, ({"parallel_recovery": False},),
            "2: issues 289, 1182"),
    Anomaly("upgrade stays yellow", "the gate waits for a replica that no old node may take", _new_index, _F,
            ({"health_gate": "green"}, {"health_gate": "observability"}), "3: commit 22897b11"),
    Anomaly("drain of a stuck replica", "the drain waits for a replica that no old node may take", _stuck_drain, _F,
            ({"drained_means": "empty"},), "4: commit 22897b11"),
    Anomaly("archived settings", "old nodes answer 400 to every change of settings", _archived, _F, ({"delete_archived": False},),
            "5: commit 22897b11"),
    Anomaly("single manager", "the guard never lets the only manager go", _single_manager, _F, ({"small_clusters": "block"},),
            "6: issue 1449"),
    Anomaly("even number of managers", "without the ready gate the guard as coded lets one too many go", _even_managers, _Q,
            ({"ready_gate": "off", "quorum_guard": "as coded"},), "7: computed"),
    Anomaly("scaler changes its target", "another node is removed than was drained", _changed_mind, must.DRAINED_FIRST,
            ({"target_in_status": False}, {"smart_scaler": False}), "8: fixed in 3.0.0"),
    Anomaly("stuck exclusion", "the exclude entry stays, and the node is never used again", _failed_include, _R,
            ({"clean_exclusions": "never"},), "9: first fix"),
    Anomaly("cleaned while draining", "the cleaning undoes the drain that is running", _cleaned_drain, _F,
            ({"clean_exclusions": "known pools"},), "9: second bug, pull request 1476"),
    Anomaly("drain that cannot end", "three copies, two nodes, and nobody says so", _endless_drain, _T, ({"says_why": False},),
            "10: computed"),
    Anomaly("one data node", "yellow for ever, so no restart, and nobody says so", _one_data_node, _T, ({"says_why": False},),
            "12: issue 1569", also=_SEEN),
    Anomaly("false disaster", "managers are not ready, and everything is deleted", _false_disaster, must.NO_PRIMARY_LOST,
            ({"emptydir_recovery": "at once"},), "13: commit 7c8d58ee", also=_SEEN),
    Anomaly("wrong status entry", "the restart reads another component's status, and allocation stays at primaries", _wrong_entry, _R,
            ({"restart_status": "entry 0"},), "commit 88ab3915"),
    Anomaly("target moves", "a new node with the only copy is next, because the target moved on", _moving_target, _D,
            ({"primary_check": False},), "exercise 5 of the facts"),
    Anomaly("upgrade in three zones", "an upgrade has no quorum guard, and the status lags", _upgrade_in_zones, _Q,
            ({"live_count": False},), "upgrade.go at b7376be9"),
    Anomaly("starved", "a reconciler that errs keeps the restart behind it from its turn", _starved, _T, ({"says_why": False},),
            "outer loop at b7376be9", also=_SEEN),
)  # fmt: skip
ANOMALIES: dict[str, Anomaly] = {anomaly.name: anomaly for anomaly in _LIST}
# Anomalies of parts that have switches of their own: the first election, certificates, the migration.
OBJECT_ANOMALIES: dict[str, Anomaly] = {name: Anomaly(name, *rest) for name, *rest in objects.LIST}
SCALE_DOWN = Scenario("scale down", lambda: _scale_down(Switches()))

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


def anomaly(name: str) -> Anomaly:
    """Give the anomaly called ``name``; ValueError lists the names where there is none."""
    found = ANOMALIES.get(name) or OBJECT_ANOMALIES.get(name)
    if found is None:
        raise ValueError(
            f"there is no anomaly {name!r}; there are {', '.join([*ANOMALIES, *OBJECT_ANOMALIES])}"
        )
    return found


def search(
    name: str, deviations: int = 2, budget: int = 20_000, switches: Any = None, **positions: Any
) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with everything on but ``positions``."""
    wanted = anomaly(name)
    return explore(
        wanted.scenario(switches, **positions), [wanted.invariant, *wanted.also], deviations, budget
    )


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


def _drained_restart(switches: Switches) -> World:
    """Three data nodes, drained before each restart; the configuration changes."""
    before = Desired((NODES,), drain=True)
    return scene("drained restart", switches, before, before.reconfigured(), (LOGS,))[0]


def _plain_restart(switches: Switches) -> World:
    """Three nodes that are everything; the configuration changes."""
    before = Desired((NODES,))
    return scene("plain restart", switches, before, before.reconfigured(), (LOGS,))[0]


def _upgrade(switches: Switches) -> World:
    """Three nodes that are everything; the version changes."""
    before = Desired((NODES,))
    return scene("upgrade", switches, before, before.upgraded("3.4.0"), (LOGS,))[0]


CHANGES: dict[str, Callable[[Switches], World]] = {
    "restart": _plain_restart,
    "drained restart": _drained_restart,
    "upgrade": _upgrade,
    "scale down": _scale_down,
}


def crashing(change: str, crashes: int = 1, **positions: Any) -> Scenario:
    """Give the scenario of one of `CHANGES` in which the operator itself may die ``crashes`` times, and is started again."""
    if change not in CHANGES:
        raise ValueError(f"there is no change {change!r}; there are {', '.join(CHANGES)}")
    switches = positioned(Switches(), positions)

    def build() -> World:
        world = CHANGES[change](switches)
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

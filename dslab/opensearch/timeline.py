"""One change by the clock: what the operator deletes and when, who is ready meanwhile, and what it waits for.

| word        | meaning                                                                                             |
|-------------|-----------------------------------------------------------------------------------------------------|
| leaderless  | fewer managers run than a majority: nobody can write, and no pod is ready                              |
| red         | a shard has no started primary (or nobody answers)                                                    |
| blocked     | the operator came to rest before the change was done                                                  |
| closed form | of a guard for one pool with all managers ready: blocked where it says no, and where it says yes the deletion leaves N - 1 |
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from dslab.check import positioned
from dslab.opensearch import manifest as manifests
from dslab.opensearch.cluster import SECOND_US, Cluster, Desired, Pool
from dslab.opensearch.invariants import unfinished
from dslab.opensearch.reconcile import Operator
from dslab.opensearch.shards import Index
from dslab.opensearch.switches import CHOICES, VERSIONS, Switches, guard_allows
from dslab.sim import Metric, Result, Series, World
from dslab.sim.fence import quorum

LAYOUTS = ("one pool", "a pool for each zone", "the data nodes vote")
CHANGES = ("configuration", "version", "one data node less")
NEW_VERSION = "3.4.0"
_CHANGED = {
    "configuration": "a new configuration is asked for",
    "version": f"version {NEW_VERSION} is asked for",
    "one data node less": "one data node less is asked for",
    "": "no change, as there is no data node to spare",
}
_SAID = {
    "version-stuck": "green, or stuck by version",
    "settled": "green, or any settled yellow",
    True: "on",
    False: "off",
}
START_S, END_S = 10, 3_600  # the user changes the spec; nobody watches longer than an hour


@dataclass(eq=False, repr=False)
class Run:
    """One run by the clock: what was seen after every event."""

    cluster: Cluster
    operator: Operator
    before: Desired
    times: list[float] = field(default_factory=list)
    ready: list[int] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    new: list[int] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    new_when_green: int = (
        0  # pods with the new revision when the index that the new version made was green first
    )

    def look(self) -> None:
        """Note who is ready now."""
        cluster, wanted = self.cluster, self.operator.desired
        self.times.append(cluster.now_s())
        self.ready.append(cluster.ready_managers())
        self.running.append(cluster.running_managers())
        self.nodes.append(len(cluster.data_nodes()))
        pods = [pod for pod in cluster.pods.values() if pod.phase == "running"]
        asked = wanted is not self.before
        self.new.append(
            sum((pod.version, pod.config) == (wanted.version, wanted.config) for pod in pods) if asked else 0
        )
        self.health.append(cluster.health())
        if (
            not self.new_when_green
            and self.health[-1] == "green"
            and any(copy.index.system for copy in cluster.shards.copies)
        ):
            self.new_when_green = self.new[-1]

    def spent(self, *healths: str) -> float:
        """Give for how many seconds the health was one of these."""
        pairs = zip(self.times, self.times[1:], self.health, strict=False)
        return sum(after - before for before, after, health in pairs if health in healths)


def change_of(desired: Desired, change: str) -> Desired:
    """Give what the user asks for after one of `CHANGES`. ValueError for another, or where no pool holds data."""
    if change == "configuration":
        return desired.reconfigured()
    if change == "version":
        return desired.upgraded(NEW_VERSION)
    if change != "one data node less":
        raise ValueError(f"there is no change {change!r}; there are {', '.join(CHANGES)}")
    pool = spare_pool(desired)
    if pool is None:
        raise ValueError("no node pool holds data that it could spare; choose another change")
    return desired.scaled(pool.name, pool.replicas - 1)


def spare_pool(desired: Desired) -> Pool | None:
    """Give the first pool that could do with one data node less: one that holds data and is not the only manager."""
    managers = sum(pool.replicas for pool in desired.pools if pool.manager)
    for pool in desired.pools:
        if pool.data and pool.replicas and not (pool.manager and managers == 1):
            return pool
    return None


def run(desired: Desired, indices: tuple[Index, ...], change: str, switches: Switches, new_index: int | None = None,
        broken: int = 0) -> Run:  # fmt: skip
    """Run one change. ``new_index``: the first pod of a new version makes an index with so many replicas (None: it makes none).
    ``broken``: so many managers lose their machines as the change is asked for. An empty ``change`` is none."""
    world = World(name=change)
    cluster = Cluster(world, desired, indices)
    operator = Operator(world, cluster, desired, switches)
    seen = Run(cluster, operator, desired)

    def first(pod: Any) -> None:
        known = any(copy.index.system for copy in cluster.shards.copies)
        if (
            pod.version == NEW_VERSION
            and cluster.sets[pod.pool].pool.data
            and new_index is not None
            and not known
        ):
            cluster.shards.create(Index(".of-the-new-version", 1, new_index, system=True), (pod.name,))

    def ask() -> None:
        managers = [pod.name for pod in cluster.pods.values() if pod.pool in cluster.managers]
        if broken:
            cluster.kill(*managers[len(managers) - broken :])
        if change:
            operator.ask(change_of(desired, change))

    cluster.on_join.append(first)
    cluster.later(START_S * SECOND_US, "the user changes the spec", ask)
    seen.look()
    while world.next_us() <= END_S * SECOND_US:
        world.step()
        seen.look()
    seen.times.append(max(seen.times[-1] + 20, 60.0))
    for line in (seen.ready, seen.running, seen.nodes, seen.new, seen.health):
        line.append(line[-1])  # type: ignore[attr-defined]
    return seen


def pools_of(layout: str, managers: int, data_nodes: int) -> tuple[Pool, ...]:
    """Give the node pools of a layout: ``managers`` 1..9, ``data_nodes`` 0..6. ValueError out of range."""
    for name, value, low, high in (("managers", managers, 1, 9), ("data_nodes", data_nodes, 0, 6)):
        if not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use a whole number from {low} to {high}")
    data = (Pool("data", data_nodes, data=True),) if data_nodes else ()
    if layout == "one pool":
        return (Pool("managers", managers, manager=True), *data)
    if layout == "a pool for each zone":
        return (*(Pool(f"manager-{'abcdefghi'[place]}", 1, manager=True) for place in range(managers)), *data)
    if layout == "the data nodes vote":
        return (Pool("nodes", managers, manager=True, data=True),)
    raise ValueError(f"there is no layout {layout!r}; there are {', '.join(LAYOUTS)}")


def operate(layout: str = "a pool for each zone", managers: int = 3, data_nodes: int = 2, replicas: int = 1,
            change: str = "configuration", version: str = "2.8.0", drain: bool = False, new_index: bool = False,
            **positions: Any) -> Result:  # fmt: skip
    """Build a cluster, change it once, and let the operator of a version do its work.

    ``layout``: one of `LAYOUTS`. ``managers``: 1..9. ``data_nodes``: 0..6. ``replicas``: of each of two shards, 0..3. ``change``: one of
    `CHANGES`. ``version``: a key of `VERSIONS`; ``positions`` change its switches. ``drain``: drain data nodes before a restart.
    ``new_index``: the first upgraded node makes a system index with two replicas. Metrics: ``took_s`` (until the last event),
    ``leaderless_s``, ``red_s``, ``deleted``, ``blocked`` (1 or 0). Raises ValueError out of range.
    """
    if version not in VERSIONS:
        raise ValueError(f"there is no version {version!r}; there are {', '.join(VERSIONS)}")
    if not isinstance(replicas, int) or not 0 <= replicas <= 3:
        raise ValueError(f"replicas={replicas!r} is out of range; use a whole number from 0 to 3")
    desired = Desired(pools_of(layout, managers, data_nodes), drain=drain)
    indices = (Index("logs", 2, replicas),) if any(pool.data for pool in desired.pools) else ()
    seen = run(desired, indices, change, positioned(VERSIONS[version], positions), 2 if new_index else None)
    changed = [
        f"{name.replace('_', ' ')} at “{_SAID.get(value, value)}”"
        for name, value in positions.items()
        if value != getattr(VERSIONS[version], name)
    ]
    told = f"{version} with {', '.join(changed)}" if changed else version
    return result_of(seen, {"layout": layout, "managers": managers, "change": change, "version": told})


def from_manifest(
    text: str, change: str = "configuration", version: str = "3.0.0", replicas: int = 1
) -> Result:
    """Read a manifest (YAML) and make one change to its cluster. Errors as `manifest.read`; the rest as `operate`."""
    if version not in VERSIONS:
        raise ValueError(f"there is no version {version!r}; there are {', '.join(VERSIONS)}")
    read = manifests.read(text)
    switches = VERSIONS[version]
    if read.smart_scaler is not None:
        switches = replace(switches, smart_scaler=read.smart_scaler)
    indices = (
        (Index("logs", 2, replicas),)
        if any(pool.data and pool.replicas for pool in read.desired.pools)
        else ()
    )
    if change == "one data node less" and spare_pool(read.desired) is None:
        change = ""
    seen = run(read.desired, indices, change, switches)
    found = result_of(seen, {"manifest": read.name, "change": change, "version": version})
    return replace(found, text=f"Read {read.describe()} {found.text}")


def result_of(seen: Run, params: dict[str, Any]) -> Result:
    """Turn a run into a Result."""
    cluster, operator = seen.cluster, seen.operator
    x = tuple(seen.times)
    voters = cluster.voters()
    deleted = [(us / SECOND_US, name) for us, name in cluster.deleted]
    left = unfinished(cluster.world)
    leaderless = seen.spent("no answer")
    metrics = {
        "took_s": Metric("until the last event", cluster.now_s() - START_S, "s"),
        "leaderless_s": Metric("leaderless", leaderless, "s"),
        "red_s": Metric("red or no answer", seen.spent("red", "no answer"), "s"),
        "deleted": Metric("pods deleted", len(deleted)),
        "blocked": Metric("blocked for ever", int(bool(left))),
        "new_when_green": Metric("new pods when the new index was green first", seen.new_when_green),
        "voters": Metric("managers", voters),
        "majority": Metric("majority", quorum(max(1, voters))),
    }
    series = {
        "ready": Series("managers ready", x, tuple(seen.ready)),
        "voting": Series("managers that vote", x, tuple(seen.running)),
        "majority": Series("majority", (x[0], x[-1]), (quorum(max(1, voters)),) * 2, "theory"),
        "nodes": Series("data nodes in the cluster", x, tuple(seen.nodes)),
        "new": Series("pods with the new revision", x, tuple(seen.new)),
    }
    if deleted:
        series["deleted"] = _deletions(seen, deleted)
    tables = {"waits": _waits(operator), "shards": list(cluster.shards.table()), "places": _places(cluster),
              "pods": [{"pod": pod.name, "phase": pod.phase, "version": pod.version, "config": pod.config} for pod in cluster.pods.values()]}  # fmt: skip
    told = f"Operator {params['version']}, {_CHANGED[params['change']]}. {_sentence(seen, deleted, left)}"
    return Result(params, metrics, told, series, tables)


def _deletions(seen: Run, deleted: list[tuple[float, str]]) -> Series:
    """Give one short stroke for each deletion, upwards from the number of managers that voted when it was decided."""
    x, y = [], []
    for time, _ in deleted:
        height = float(_at(seen.times, seen.running, time))
        x += [time, time, time]
        y += [height, height + 0.5, float("nan")]
    return Series("a pod is deleted", tuple(x), tuple(y))


def _at(times: list[float], values: list[int], time: float) -> int:
    return next(value for seen, value in zip(reversed(times), reversed(values), strict=True) if seen <= time)


def _places(cluster: Cluster) -> list[dict[str, str]]:
    """Give one row for each shard, one column for each data node with its version: primary, replica or none; and how many have no node."""
    shards, rows = cluster.shards, []
    for shard in dict.fromkeys(copy.shard for copy in shards.copies):
        row = {"shard": f"{shard[0]}[{shard[1]}]"}
        copies = [copy for copy in shards.copies if copy.shard == shard]
        for pod in sorted(cluster.pods.values(), key=lambda pod: pod.name):
            if cluster.sets[pod.pool].pool.data:
                here = next((copy for copy in copies if copy.node == pod.name), None)
                row[f"{pod.name}, {pod.version}"] = (
                    "none" if here is None else "primary" if here.primary else "replica"
                )
        without = [copy for copy in copies if copy.node is None]
        stuck = any(shards.stuck(copy) for copy in without)
        row["without a node"] = (
            f"{len(without)} kept out by version"
            if stuck
            else f"{len(without)} waiting"
            if without
            else "none"
        )
        rows.append(row)
    return rows


def _waits(operator: Operator) -> list[dict[str, str]]:
    """Give what the operator was doing, one row for each stretch of passes that ended in the same way."""
    rows = []
    did = [(time, ended, _did(operator, time, ended, reason)) for time, ended, reason in operator.history]
    for (ended, what), passes in groupby(did, key=lambda entry: entry[1:]):
        times = [entry[0] for entry in passes]
        rows.append({"from": f"{times[0]:.0f} s", "passes": str(len(times)), "ended at": ended, "what": what})
    return rows


def _did(operator: Operator, time: float, ended: str, reason: str) -> str:
    """Say what the operator did in the pass that ended at ``time`` seconds: waited, deleted, or something else."""
    if reason:
        return f"waits: {reason}"
    deleted = [name for us, name in operator.cluster.deleted if us / SECOND_US == time]
    if deleted and ended != "full pass":
        return f"deleted {' and '.join(deleted)}"
    return "nothing to do" if ended == "full pass" else "did its next step"


def _sentence(seen: Run, deleted: list[tuple[float, str]], left: str) -> str:
    operator, cluster = seen.operator, seen.cluster
    refused = (
        f" It was refused: {operator.told[0]}." if left and operator.told and not operator.blocked else ""
    )
    if left:
        why = f": {operator.blocked.partition(': ')[2] or operator.blocked}" if operator.blocked else ""
        when = f"After {_count(len(deleted))}" if deleted else "Before any deletion"
        first = f"{when} the operator is blocked for ever{why}. Not done: {left}.{refused}"
    else:
        first = f"Done after {cluster.now_s() - START_S:.0f} s and {_count(len(deleted))}."
    lost = seen.spent("no answer")
    second = (
        f"The cluster was leaderless for {lost:.0f} s"
        if lost
        else "A majority of the managers voted all the time"
    )
    third = (
        f", and the cluster ends {_ends(seen.health[-1])}."
        if seen.health[-1] != "green"
        else ", and the cluster ends green."
    )
    told = " The operator told nobody." if left and not operator.told else ""
    return f"{first} {second}{third}{told}"


def _count(deletions: int) -> str:
    return f"{deletions} deletion{'' if deletions == 1 else 's'}"


def _ends(health: str) -> str:
    return "leaderless" if health == "no answer" else health


# -- the guard, for every number of managers ----------------------------------------------------------------

GUARDS = ("as coded", "strict majority", "off")
MOST = 9


def guard_map(
    layout: str = "one pool", ready_gate: str = "every pool", broken: int = 0
) -> Generator[float, None, Result]:
    """Change the configuration of clusters of 1 to 9 managers under each guard; yields the share done, returns a Result.

    ``layout``: "one pool" or "a pool for each zone". ``ready_gate``: as in `Switches`. ``broken``: managers that lose their machines just
    then, 0 or 1. Health gate and deletion per pass are as in 3.0.0; a guard that says no to everything blocks (``small_clusters``).
    Tables ``outcome`` and ``leaderless``: one row for each guard, one column for each number of managers.
    """
    if ready_gate not in CHOICES["ready_gate"]:
        raise ValueError(
            f"ready_gate={ready_gate!r} is no choice; use one of {', '.join(map(repr, CHOICES['ready_gate']))}"
        )
    if broken not in (0, 1):
        raise ValueError(f"broken={broken!r} is out of range; use 0 or 1")
    outcome: list[dict[str, Any]] = []
    leaderless: list[dict[str, Any]] = []
    for place, guard in enumerate(GUARDS):
        words: dict[str, Any] = {"guard": guard}
        seconds: dict[str, Any] = {"guard": guard}
        for managers in range(1, MOST + 1):
            yield (place * MOST + managers - 1) / (MOST * len(GUARDS))
            switches = replace(VERSIONS["3.0.0"], quorum_guard=guard, ready_gate=ready_gate)
            pools = tuple(replace(pool, management="Parallel") for pool in pools_of(layout, managers, 0))
            seen = run(Desired(pools), (), "configuration", switches, broken=broken if managers > 1 else 0)
            by_us = bool(seen.cluster.complaints["quorum"]) or (managers < 3 and bool(seen.cluster.deleted))
            words[str(managers)] = (
                "blocked" if unfinished(seen.cluster.world) else "quorum lost" if by_us else "done"
            )
            seconds[str(managers)] = round(seen.spent("no answer"))
        outcome.append(words)
        leaderless.append(seconds)
    params = {"layout": layout, "ready_gate": ready_gate, "broken": broken}
    return Result(
        params, {}, _map_sentence(params, outcome), tables={"outcome": outcome, "leaderless": leaderless}
    )


def _map_sentence(params: dict[str, Any], outcome: list[dict[str, Any]]) -> str:
    told, names = (
        [],
        {"as coded": "the guard as coded", "strict majority": "a strict majority", "off": "no guard"},
    )
    for row in outcome:
        found = {word: [n for n in row if row[n] == word] for word in ("blocked", "quorum lost")}
        parts = [f"{'blocks for ever at' if word == 'blocked' else 'lets the quorum go at'} N = {', '.join(numbers)}"
                 for word, numbers in found.items() if numbers]  # fmt: skip
        told.append(
            f"{names[row['guard']]} {' and '.join(parts) if parts else 'finishes everywhere without losing the quorum'}"
        )
    asked = {"off": "nothing", "own pool": "its own pool", "every pool": "every pool"}[params["ready_gate"]]
    broken = ", one machine failed" if params["broken"] else ""
    where = "one pool" if params["layout"] == "one pool" else "a pool for each manager"
    return f"With {where}{broken}, and {asked} asked before the guard: {'; '.join(told)}."


def expected(guard: str, managers: int) -> str:
    """Give the closed form of a cell of `guard_map` for one pool with every pod ready: done, blocked or quorum lost."""
    if not guard_allows(guard, managers, managers):
        return "blocked"
    return "done" if managers - 1 >= quorum(managers) else "quorum lost"

"""The clusters that the referee searches: what runs before, what the user asks for, and what else may happen.

| word   | meaning                                                                                               |
|--------|---------------------------------------------------------------------------------------------------------|
| scene  | a world in which a cluster runs as it should, and its user has just asked for something else                |
| change | one of `CHANGES`: a plain change that nothing disturbs, until the operator itself is killed in it           |

Each scene is a function of the operator's switches that gives a world; its docstring says what happens in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dslab.opensearch.cluster import SECOND_US, Cluster, Desired, Pool
from dslab.opensearch.reconcile import Operator
from dslab.opensearch.shards import Index
from dslab.opensearch.switches import Switches
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


def three_zones(switches: Switches) -> World:
    """One manager in each of three pools; the configuration changes."""
    before = Desired(ZONES)
    return scene("all managers at once", switches, before, before.reconfigured())[0]


def two_data_pools(switches: Switches) -> World:
    """Managers in one pool, two pools of one data node each, one shard with a replica; the configuration changes."""
    before = Desired((MANAGERS, Pool("data-a", 1, data=True), Pool("data-b", 1, data=True)))
    return scene("two data pools", switches, before, before.reconfigured(), (LOGS,))[0]


def stale_status(switches: Switches) -> World:
    """Three managers in one pool; the StatefulSet's status is written a little after it is true."""
    before = Desired((MANAGERS,))
    return scene("stale status", switches, before, before.reconfigured(), status_lag_us=SECOND_US)[0]


def single_manager(switches: Switches) -> World:
    """One node that is everything; the configuration changes."""
    before = Desired((Pool("all", 1, manager=True, data=True),))
    return scene("single manager", switches, before, before.reconfigured())[0]


def even_managers(switches: Switches) -> World:
    """Four managers, one of which has just lost its machine; the configuration changes."""
    before = Desired((Pool("managers", 4, manager=True, management="Parallel"),))
    world, cluster, _ = scene("even number of managers", switches, before, before.reconfigured())
    cluster.kill("managers-3")
    return world


def one_data_node(switches: Switches) -> World:
    """One data node, and an index that asks for a replica: yellow for ever. The configuration changes."""
    before = Desired((MANAGERS, data(1)))
    return scene("one data node", switches, before, before.reconfigured(), (LOGS,))[0]


def wrong_entry(switches: Switches) -> World:
    """The pool was scaled before, so the status has another entry in front of the restart's; the configuration changes."""
    before = Desired((NODES,))
    world, _, operator = scene("wrong status entry", switches, before, before.reconfigured(), (LOGS,))
    operator.status.put("Scaler", "finished")
    return world


def starved(switches: Switches) -> World:
    """The dashboards' reconciler errs in every pass; the configuration changes."""
    before = Desired((MANAGERS,))
    return scene("starved", switches, before, before.reconfigured(), failing="dashboards")[0]


def ordered_start(switches: Switches) -> World:
    """All managers lose power at once. No change was asked for."""
    before = Desired((MANAGERS,))
    world, cluster, _ = scene("ordered start", switches, before, before)
    cluster.kill("managers-0", "managers-1", "managers-2")
    return world


def false_disaster(switches: Switches) -> World:
    """A cluster on emptyDir; two of its managers are started anew by somebody else, and are merely not ready."""
    before = Desired(
        (replace(MANAGERS, persistence="emptyDir", management="Parallel"), data(2, persistence="emptyDir"))
    )
    world, cluster, _ = scene("false disaster", switches, before, before, (LOGS,))
    cluster.kill("managers-1", "managers-2")
    return world


# -- upgrades -------------------------------------------------------------------------------------------


def new_index(switches: Switches) -> World:
    """Three nodes; the first upgraded one makes an index of its own, one shard with two replicas (issues 581, 779)."""
    before = Desired((NODES,))
    world, cluster, _ = scene("upgrade stays yellow", switches, before, before.upgraded("3.4.0"))

    def first(pod: Any) -> None:
        if pod.version == "3.4.0" and not cluster.shards.copies:
            index = Index(".of-the-new-version", 1, 2, system=True)
            cluster.shards.create(index, (pod.name,))

    cluster.on_join.append(first)
    return world


def stuck_drain(switches: Switches) -> World:
    """Three nodes, drained before they are upgraded; a primary moves to the first new node, its replica is on an old one."""
    before = Desired((NODES,), drain=True)
    world, cluster, _ = scene("drain of a stuck replica", switches, before, before.upgraded("3.4.0"))
    cluster.shards.create(LOGS, ("nodes-2", "nodes-1"))
    cluster.shards.create(Index("busy", 1, 0), ("nodes-2",))
    return world


def archived(switches: Switches) -> World:
    """A setting that the new version has removed; old nodes then answer 400 to every change of settings."""
    before = Desired((NODES,))
    world, cluster, _ = scene("archived settings", switches, before, before.upgraded("3.4.0"), (LOGS,))
    cluster.removed_setting = True
    return world


def moving_target(switches: Switches) -> World:
    """Half-way through an upgrade the user asks for a newer version still: the new node with the primary is old again."""
    before = Desired((NODES,))
    world, cluster, operator = scene("target moves", switches, before, before.upgraded("3.4.0"))

    def first(pod: Any) -> None:
        if pod.version == "3.4.0" and not cluster.shards.copies:
            cluster.shards.create(Index(".of-the-new-version", 1, 2, system=True), (pod.name,))
            operator.ask(before.upgraded("3.5.0"))

    cluster.on_join.append(first)
    return world


def upgrade_in_zones(switches: Switches) -> World:
    """One manager in each of three pools, and a status written half a minute late; the version changes. Upgrades have no quorum guard."""
    before = Desired(ZONES)
    return scene(
        "upgrade in three zones", switches, before, before.upgraded("3.4.0"), status_lag_us=31 * SECOND_US
    )[0]


# -- scaling --------------------------------------------------------------------------------------------


def changed_mind(switches: Switches) -> World:
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


def failed_include(switches: Switches) -> World:
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


def cleaned_drain(switches: Switches) -> World:
    """A pool is taken out of the manifest, with shards that take a while to move."""
    before = Desired((MANAGERS, data(2), Pool("old-data", 1, data=True)))
    after = replace(before, pools=before.pools[:2])
    return scene("cleaned while draining", switches, before, after, (Index("logs", 3, 0),))[0]


def endless_drain(switches: Switches) -> World:
    """Three data nodes, an index with two replicas, scaled to two; a change of configuration waits behind it."""
    before = Desired((MANAGERS, data(3)))
    after = before.scaled("data", 2).reconfigured()
    return scene("drain that cannot end", switches, before, after, (Index("logs", 1, 2),))[0]


def scale_down(switches: Switches) -> World:
    """Scaling down by one, shards without replicas."""
    before = Desired((MANAGERS, data(3)))
    return scene("scale down", switches, before, before.scaled("data", 2), (Index("logs", 3, 0),))[0]


# -- plain changes ---------------------------------------------------------------------------------------


def drained_restart(switches: Switches) -> World:
    """Three data nodes, drained before each restart; the configuration changes."""
    before = Desired((NODES,), drain=True)
    return scene("drained restart", switches, before, before.reconfigured(), (LOGS,))[0]


def plain_restart(switches: Switches) -> World:
    """Three nodes that are everything; the configuration changes."""
    before = Desired((NODES,))
    return scene("plain restart", switches, before, before.reconfigured(), (LOGS,))[0]


def upgrade(switches: Switches) -> World:
    """Three nodes that are everything; the version changes."""
    before = Desired((NODES,))
    return scene("upgrade", switches, before, before.upgraded("3.4.0"), (LOGS,))[0]


def copy_on_its_way(switches: Switches) -> World:
    """Three data nodes; one loses its machine three seconds before a pass, so its replica is on its way to another node."""
    before = Desired((MANAGERS, data(3)))
    world, cluster, _ = scene(
        "a copy on its way", switches, before, before.reconfigured(), (LOGS,), first_pass_s=30
    )
    cluster.later(27 * SECOND_US, "the machine of data-1 fails", lambda: cluster.kill("data-1"), "data-1")
    return world


CHANGES: dict[str, Callable[[Switches], World]] = {
    "restart": plain_restart,
    "drained restart": drained_restart,
    "upgrade": upgrade,
    "scale down": scale_down,
}

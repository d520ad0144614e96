"""Facts of the loop: its order, its times, one deletion in a pass, who is next, what an upgrade refuses, what starves."""

from itertools import pairwise

import pytest

from dslab.opensearch import scaler, upgrade
from dslab.opensearch.cluster import SECOND_US, Desired, Pool
from dslab.opensearch.reconcile import ORDER, Operator
from dslab.opensearch.shards import Index
from dslab.opensearch.switches import VERSIONS, Switches
from dslab.opensearch.timeline import run

MANAGERS, DATA = Pool("managers", 3, manager=True), Pool("data", 2, data=True)
LOGS = (Index("logs", 1, 1),)
ALPHA = VERSIONS["3.0.0-alpha"]


def change(what, *pools, indices=(), switches=ALPHA, **more):
    return run(Desired(pools or (MANAGERS, DATA), **more), indices, what, switches)


def deleted(seen):
    return [name for _, name in seen.cluster.deleted]


def test_order_of_the_sub_reconcilers():
    assert ORDER == (
        "TLS",
        "security config",
        "configuration",
        "cluster",
        "scaler",
        "dashboards",
        "upgrade",
        "restart",
        "snapshot repositories",
    )


def test_non_managers_go_first_and_the_lowest_ordinal_of_each_pool():
    assert deleted(change("configuration")) == ["data-0", "data-1", "managers-0", "managers-1", "managers-2"]


@pytest.mark.parametrize("what", ["configuration", "version"])
def test_at_most_one_deletion_in_a_pass(what):
    times = [us for us, _ in change(what, indices=LOGS).cluster.deleted]
    assert all(after - before >= 10 * SECOND_US for before, after in pairwise(times))


@pytest.mark.parametrize(
    ("what", "ended", "seconds"),
    [
        ("configuration", "restart", {10}),
        ("configuration", "full pass", {30}),
        ("version", "upgrade", {15, 30}),
        ("one data node less", "scaler", {15}),
    ],
)
def test_requeue_times(what, ended, seconds):
    """Facts b: restart 10 s, upgrade 15 s then 30 s, drain 15 s, full pass 30 s."""
    passes = change(what, indices=(Index("logs", 2, 0),)).operator.history
    gaps = {
        round(after[0] - before[0])
        for before, after in pairwise(passes)
        if before[1] == ended and before[0] >= 10
    }
    assert gaps <= seconds and min(gaps) == min(seconds)


def test_one_pod_in_each_zone_is_restarted_together_by_2_8_only():
    zones = tuple(Pool(f"manager-{zone}", 1, manager=True) for zone in "abc")
    assert change("configuration", *zones, switches=VERSIONS["2.8.0"]).spent("no answer") > 0
    assert change("configuration", *zones).spent("no answer") == 0


def test_a_single_manager_is_never_restarted_and_nobody_is_told():
    seen = change("configuration", Pool("all", 1, manager=True, data=True))
    assert (deleted(seen), seen.operator.told, seen.operator.resting) == ([], [], True)
    assert seen.operator.blocked.endswith("the guard does not let one of them go")


def test_a_single_manager_that_blocks_leaves_allocation_at_primaries():
    """Of the code's order: the guard is asked before the gate that would open allocation again."""
    seen = change("configuration", Pool("m", 1, manager=True), DATA, indices=LOGS)
    assert (seen.cluster.shards.allocation, seen.health[-1]) == ("primaries", "yellow")


@pytest.mark.parametrize("drain", [False, True])
def test_after_a_restart_allocation_is_open_and_nobody_is_excluded(drain):
    seen = change(
        "configuration", MANAGERS, Pool("data", 3, data=True), indices=LOGS, drain=drain, switches=Switches()
    )
    assert (seen.cluster.shards.allocation, seen.cluster.shards.excluded, seen.health[-1]) == (
        "all",
        [],
        "green",
    )


def test_upgrade_order_is_data_then_both_then_the_rest():
    pools = (
        Pool("rest", 1),
        Pool("m", 1, manager=True),
        Pool("both", 1, True, True),
        Pool("d", 1, data=True),
    )
    assert [pool.name for pool in upgrade.order(pools)] == ["d", "both", "rest", "m"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [("2.19.4", "3.4.0", ""), ("2.19.4", "2.19.2", "downgrade"), ("1.3.2", "3.0.0", "skips a major version")],
)
def test_upgrades_refused(old, new, why):
    assert (why in upgrade.refused(old, new)) and bool(why) == bool(upgrade.refused(old, new))


def test_an_endless_drain_starves_the_restart_behind_it():
    desired = Desired((MANAGERS, Pool("data", 3, data=True)))
    seen = run(desired, (Index("logs", 1, 2),), "one data node less", ALPHA)
    seen.operator.ask(seen.operator.desired.reconfigured())
    seen.cluster.world.run(until_us=7_200 * SECOND_US)
    assert deleted(seen) == []
    assert all(ended == "scaler" for time, ended, _ in seen.operator.history if time > 60)


def test_scaling_down_drains_first_and_forgets_its_target():
    desired = Desired((MANAGERS, Pool("data", 3, data=True)))
    seen = run(desired, (Index("logs", 3, 0),), "one data node less", Switches())
    assert seen.operator.status.scaling == {"data": (scaler.RUNNING, "")}
    assert seen.cluster.sets["data"].replicas == 2 and seen.cluster.complaints["undrained"] == []


def test_without_smart_scaler_a_node_goes_at_once():
    seen = change("one data node less", indices=(Index("logs", 2, 0),), switches=VERSIONS["2.8.0"])
    assert seen.cluster.complaints["undrained"]


def test_a_policy_that_names_nobody_is_told():
    from dslab.opensearch.cluster import Cluster
    from dslab.sim import World

    world, desired = World(), Desired((MANAGERS,))
    Operator(world, Cluster(world, desired), desired.reconfigured(), policy=lambda view: "gremlin-0")
    with pytest.raises(
        ValueError,
        match="the policy asks for 'gremlin-0'; it must give the name of a running pod that is old, or None",
    ):
        world.run()


def test_an_unknown_sub_reconciler_is_told():
    from dslab.opensearch.cluster import Cluster
    from dslab.sim import World

    world, desired = World(), Desired((MANAGERS,))
    with pytest.raises(ValueError, match="there is no sub-reconciler 'coffee'"):
        Operator(world, Cluster(world, desired), desired, failing="coffee")
    world.close()


def test_with_two_data_nodes_a_drain_waits_for_primaries_of_system_indexes_only():
    pools = (MANAGERS, DATA)
    ordinary = change("configuration", *pools, indices=LOGS, drain=True)
    assert (len(ordinary.cluster.deleted), ordinary.health[-1]) == (5, "green")


def test_a_pool_that_is_taken_out_of_the_manifest_is_drained_and_emptied():
    from dataclasses import replace

    from dslab.opensearch.scenes import scene

    before = Desired((MANAGERS, DATA, Pool("old-data", 2, data=True)))
    world, cluster, _ = scene(
        "removed pool", Switches(), before, replace(before, pools=before.pools[:2]), (Index("logs", 4, 0),)
    )
    world.run(until_us=3_600 * SECOND_US)
    assert (
        cluster.of("old-data") == [] and cluster.health() == "green" and cluster.complaints["undrained"] == []
    )


@pytest.mark.parametrize(("how", "mends_after_s"), [("pods missing", 300), ("off", None)])
def test_a_truly_dead_emptydir_cluster_is_made_anew_after_five_minutes(how, mends_after_s):
    """Facts b: since 13 July 2026 only if pod objects are missing, and after five minutes."""
    from dslab.opensearch.scenes import scene

    desired = Desired(
        (
            Pool("managers", 3, manager=True, persistence="emptyDir"),
            Pool("data", 2, data=True, persistence="emptyDir"),
        )
    )
    world, cluster, operator = scene("dead", Switches(emptydir_recovery=how), desired, desired)
    cluster.kill("managers-0", "managers-1", "managers-2")
    world.run(until_us=3_600 * SECOND_US)
    deletions = [time for time, _, reason in operator.history if "made anew" in reason]
    assert cluster.has_quorum() is (mends_after_s is not None)
    assert (not deletions) if mends_after_s is None else (mends_after_s <= deletions[0] <= mends_after_s + 30)

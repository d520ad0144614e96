"""Facts of Kubernetes and of shards: who starts when, who is promoted, where a replica may go, what health says."""

import pytest

from dslab.opensearch.cluster import ApiError, Cluster, Desired, Pool, version_of
from dslab.opensearch.shards import Index
from dslab.sim import World

NODES = Pool("nodes", 3, manager=True, data=True)


def cluster(*pools, indices=(), version="2.19.4", **more):
    return Cluster(World(), Desired(pools or (NODES,), version), indices, **more)


def upgrade(made, name, version="3.4.0"):
    """Restart one pod with another version and let everything settle."""
    made.make_from(version, 1)
    made.delete(name)
    made.world.run()


def test_nothing_restarts_until_somebody_deletes_a_pod():
    made = cluster()
    made.make_from("3.4.0", 2)
    made.world.run()
    assert {(pod.version, pod.config) for pod in made.pods.values()} == {("2.19.4", 1)}


def test_a_deleted_pod_comes_back_from_the_new_revision_after_25_seconds():
    made = cluster()
    upgrade(made, "nodes-1")
    assert (made.pods["nodes-1"].version, made.world.now) == ("3.4.0", 25_000_000)


def test_a_terminating_pod_is_not_ready_but_still_votes():
    made = cluster()
    made.delete("nodes-0")
    assert (made.ready("nodes"), made.running_managers()) == (2, 3)


def test_without_a_majority_no_pod_is_ready():
    made = cluster()
    made.kill("nodes-0", "nodes-1")
    assert (made.running_managers(), made.ready("nodes"), made.health()) == (1, 0, "no answer")


@pytest.mark.parametrize(("management", "starting"), [("OrderedReady", 1), ("Parallel", 3)])
def test_after_a_power_cut_ordered_ready_starts_one_pod_only(management, starting):
    made = cluster(Pool("managers", 3, manager=True, management=management))
    made.kill("managers-0", "managers-1", "managers-2")
    assert sum(pod.phase == "starting" for pod in made.pods.values()) == starting
    made.world.run()
    assert made.has_quorum() is (management == "Parallel")


def test_status_lags_where_it_is_told_to():
    made = cluster(status_lag_us=1_000_000)
    made.delete("nodes-0")
    assert (made.sets["nodes"].status_ready, made.ready("nodes")) == (3, 2)
    made.world.run(until_us=1_000_000)
    assert made.sets["nodes"].status_ready == 2


def test_a_replica_may_not_go_to_a_node_older_than_its_primary():
    made = cluster()
    upgrade(made, "nodes-0")
    made.shards.create(Index("new", 1, 2), ("nodes-0",))
    made.shards.reroute()
    assert made.health() == "yellow"
    assert all(made.shards.stuck(copy) for copy in made.shards.unassigned())


def test_three_copies_are_green_once_three_nodes_are_new():
    """Facts e.4: one shard with two replicas needs three upgraded nodes."""
    made = cluster()
    upgrade(made, "nodes-0")
    made.shards.create(Index("new", 1, 2), ("nodes-0",))
    seen = [made.health()]
    for name in ("nodes-1", "nodes-2"):
        upgrade(made, name)
        seen.append(made.health())
    assert seen == ["yellow", "yellow", "green"]


def test_the_replica_on_the_newest_node_is_promoted():
    made = cluster(indices=(Index("logs", 1, 2),))
    upgrade(made, "nodes-2")
    made.kill("nodes-0")
    assert next(copy.node for copy in made.shards.copies if copy.primary) == "nodes-2"


def test_a_volume_brings_a_lost_primary_back_and_emptydir_does_not():
    for persistence, lost in (("volume", []), ("emptyDir", ["logs[0]"])):
        made = cluster(
            Pool("m", 3, manager=True),
            Pool("data", 1, data=True, persistence=persistence),
            indices=(Index("logs", 1, 0),),
        )
        made.kill("data-0")
        made.world.run()
        assert (made.shards.lost, made.health()) == (lost, "green" if not lost else "red")


def test_an_excluded_node_is_emptied():
    made = cluster(indices=(Index("logs", 2, 0),))
    made.exclude("nodes-0")
    made.world.run()
    assert made.shards.on("nodes-0") == []


def test_three_copies_never_leave_a_node_of_three():
    made = cluster(indices=(Index("logs", 1, 2),))
    made.exclude("nodes-0")
    made.world.run()
    assert len(made.shards.on("nodes-0")) == 1


def test_with_allocation_at_primaries_a_replica_waits():
    made = cluster(indices=(Index("logs", 1, 1),))
    made.allocate("primaries")
    upgrade(made, "nodes-1", "2.19.4")
    assert made.health() == "yellow"
    made.allocate("all")
    made.world.run()
    assert made.health() == "green"


def test_archived_settings_meet_old_nodes():
    made = cluster()
    made.removed_setting = True
    upgrade(made, "nodes-0")
    with pytest.raises(ApiError, match="400"):
        made.allocate("primaries")
    made.delete_archived()
    made.allocate("primaries")
    assert made.shards.allocation == "primaries"


def test_what_the_operator_breaks_is_noted_and_what_others_break_is_not():
    made = cluster(Pool("managers", 3, manager=True, management="Parallel"))
    made.kill("managers-0")
    assert made.complaints["quorum"] == []
    made.delete("managers-1")
    assert made.complaints["quorum"] == [
        "the operator deleted managers-1 when 2 of 3 managers were left, so 1 stays; a majority is 2"
    ]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: version_of("latest"), "'latest' is no version; write three numbers such as '2.19.4'"),
        (lambda: Pool("data", -1), "pool 'data' has -1 replicas"),
        (lambda: Pool("data", persistence="tape"), "persistence 'tape' of pool 'data' is not known"),
        (lambda: Desired((Pool("data", 2, data=True),)), "no node pool has managers"),
        (lambda: Desired((NODES, NODES)), "two node pools share a name"),
        (lambda: Desired((NODES,)).pool("x"), "there is no node pool 'x'; there are nodes"),
    ],
)
def test_errors_are_sentences(make, says):
    with pytest.raises(ValueError, match=says):
        make()

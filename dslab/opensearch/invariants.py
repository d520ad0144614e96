"""What must hold of an operator and its cluster, each as a sentence that the referee watches.

| word              | meaning                                                                                         |
|-------------------|-------------------------------------------------------------------------------------------------|
| by our own hand   | by a deletion of the operator; machines that lose power are somebody else                          |
| told              | the operator gave the user a reason; a line in a log that says "requeue" is none                    |
| at rest           | no pass will ever change anything again, and nothing outside is under way                          |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dslab.check import always, eventually, sometimes
from dslab.opensearch.cluster import Cluster
from dslab.sim import World

if TYPE_CHECKING:
    from dslab.opensearch.reconcile import Operator


def cluster_of(world: World) -> Cluster:
    """Give the cluster that a scenario built into ``world``."""
    return world.facts["cluster"]


def operator_of(world: World) -> Operator:
    """Give the operator that a scenario built into ``world``."""
    return world.facts["operator"]


def _complained(kind: str) -> Callable[[World], bool | str]:
    def test(world: World) -> bool | str:
        complaints = cluster_of(world).complaints[kind]
        return not complaints or complaints[0]

    return test


def _no_primary_lost(world: World) -> bool | str:
    lost = cluster_of(world).shards.lost
    return not lost or f"no disk has a copy of {lost[0]} any more"


# [finished] what "the change is finished" means: nothing of the old revision is left, and the cluster is led
def unfinished(world: World) -> str:
    """Say what is left of the change that the user asked for, "" where nothing is."""
    cluster, operator = cluster_of(world), operator_of(world)
    wanted = operator.desired
    for pool in wanted.pools:
        pods = [pod for pod in cluster.of(pool.name) if pod.phase == "running"]
        old = [pod.name for pod in pods if (pod.version, pod.config) != (wanted.version, wanted.config)]
        if old:
            return f"{old[0]} still runs the old revision"
        if len(pods) != pool.replicas or cluster.sets[pool.name].replicas != pool.replicas:
            return f"{pool.name} has {len(pods)} running pod{'' if len(pods) == 1 else 's'}, and {pool.replicas} {'is' if pool.replicas == 1 else 'are'} asked for"
    for name in cluster.sets:
        if name not in {pool.name for pool in wanted.pools} and cluster.of(name):
            return f"{name} is no longer asked for, and {cluster.of(name)[0].name} is still there"
    return "" if cluster.has_quorum() else "the cluster has no manager"


# [/finished]
def _finished(world: World) -> bool | str:
    left = unfinished(world)
    why = operator_of(world).blocked
    return not left or f"at rest, but {left}{f' (blocked: {why})' if why else ''}"


def _finished_or_told(world: World) -> bool | str:
    left = unfinished(world)
    if not left and cluster_of(world).health() == "green":
        return True
    told = operator_of(world).told
    return (
        bool(told)
        or f"at rest, {left or 'the cluster is ' + cluster_of(world).health()}, and the operator told nobody why"
    )


def _settings_restored(world: World) -> bool | str:
    shards = cluster_of(world).shards
    if unfinished(world):
        return True  # another invariant says so
    if shards.allocation != "all":
        return f"everything is done, and shard allocation is still set to {shards.allocation}"
    return (
        not shards.excluded
        or f"everything is done, and {shards.excluded[0]} is still excluded from allocation"
    )


def _one_cluster(world: World) -> bool | str:
    ids = world.facts["service"].ids()
    told = " and ".join(f"id {number}: {', '.join(names)}" for number, names in sorted(ids.items()))
    return len(ids) <= 1 or f"two clusters stand behind one Service ({told})"


def _certificates(world: World) -> bool | str:
    expired = world.facts["certificates"].expired
    return not expired or f"{', '.join(expired)} still use the certificate that has run out"


QUORUM_KEPT = always("QUORUM_KEPT", "no deletion by the operator leaves fewer managers than a majority (of three or more)",
                     _complained("quorum"))  # fmt: skip
NO_SHARD_DARK = always("NO_SHARD_DARK", "no deletion by the operator takes the only started copy of a shard that asks for replicas",
                       _complained("dark"))  # fmt: skip
DRAINED_FIRST = always(
    "DRAINED_FIRST", "no node is scaled away while shards are on it", _complained("undrained")
)
NO_FALSE_DISASTER = always("NO_FALSE_DISASTER", "nothing is deleted as a disaster while a majority of the pods is there",
                           _complained("dead"))  # fmt: skip
NO_PRIMARY_LOST = always("NO_PRIMARY_LOST", "every shard has a copy on some disk", _no_primary_lost)
FINISHED = eventually("FINISHED", "every change that was asked for is finished in the end", _finished)
FINISHED_OR_TOLD = eventually("FINISHED_OR_TOLD", "in the end the change is finished and the cluster green, or the operator says why not",
                              _finished_or_told)  # fmt: skip
SETTINGS_RESTORED = eventually("SETTINGS_RESTORED", "when all is done, every shard may be allocated and no node is excluded",
                               _settings_restored)  # fmt: skip
ONE_CLUSTER = always("ONE_CLUSTER", "all pods behind the Service carry the same cluster id", _one_cluster)
CERTIFICATES_VALID = always(
    "CERTIFICATES_VALID", "no node uses a certificate that has run out", _certificates
)
WORKED = sometimes("WORKED", "the operator does something", lambda world: operator_of(world).acted > 0)
PASSED = sometimes("PASSED", "the operator makes a pass", lambda world: bool(operator_of(world).history))

INVARIANTS = (QUORUM_KEPT, NO_SHARD_DARK, DRAINED_FIRST, NO_FALSE_DISASTER, NO_PRIMARY_LOST, FINISHED, FINISHED_OR_TOLD,
              SETTINGS_RESTORED)  # fmt: skip


# -- the migration ----------------------------------------------------------------------------------------


def _one_founder(world: World) -> bool | str:
    owners = world.facts["api"].owners
    return len(owners) <= 1 or f"the {' and the '.join(owners)} object both form the first cluster"


def _kept(world: World) -> bool | str:
    api = world.facts["api"]
    gone = api.old is None and api.new is None and not api.gone_by_user
    return not gone or "both objects are gone, and the cluster with them; nobody had asked for that"


def _edit_arrives(world: World) -> bool | str:
    api = world.facts["api"]
    if not api.accepted or api.new is None:
        return True
    last = api.accepted[-1]
    return (
        api.new.spec == last or f"the edit to “{last}” was accepted; the cluster still gets “{api.new.spec}”"
    )


def _gone_stays_gone(world: World) -> bool | str:
    api = world.facts["api"]
    back = api.gone_by_user and (api.old is not None or api.new is not None)
    return not back or "the user deleted the cluster, and it is there again"


def _status_agrees(world: World) -> bool | str:
    api = world.facts["api"]
    if api.old is None or api.new is None or api.old.phase == api.new.phase:
        return True
    return f"the old object says {api.old.phase}, the new one {api.new.phase}"


def _edits_possible(world: World) -> bool | str:
    refused = world.facts["api"].unchecked
    return not refused or "an edit of the new object was refused because its webhook could not be called"


ONE_FOUNDER = always("ONE_FOUNDER", "only one of the two objects forms the first cluster", _one_founder)
CLUSTER_KEPT = always(
    "CLUSTER_KEPT", "the cluster is not taken away unless the user deletes the new object", _kept
)
EDIT_ARRIVES = eventually("EDIT_ARRIVES", "an edit that was accepted reaches the cluster", _edit_arrives)
GONE_STAYS_GONE = eventually("GONE_STAYS_GONE", "what the user deleted does not come back", _gone_stays_gone)
EDITS_POSSIBLE = always("EDITS_POSSIBLE", "the new object can be edited", _edits_possible)
STATUS_AGREES = eventually("STATUS_AGREES", "both objects say the same of the cluster", _status_agrees)

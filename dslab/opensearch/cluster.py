"""Kubernetes and the cluster it runs: StatefulSets, pods that stop and start in time, voting managers, shards, settings.

| word         | meaning                                                                                              |
|--------------|------------------------------------------------------------------------------------------------------|
| node pool    | pods of one shape (roles, disk); the operator makes one StatefulSet of each                              |
| StatefulSet  | keeps pods ``pool-0, pool-1 ...``; here with OnDelete updates: a pod gets the new revision only when somebody deletes it |
| OrderedReady | pod n is created only when the pods below it are ready; Parallel: all at once                          |
| revision     | what a pod was made from: a version of OpenSearch and a number that counts changes of configuration      |
| ready        | the pod runs *and* its cluster has a manager: without a majority of managers no pod is ready             |
| status       | what the StatefulSet says of itself: the number of ready pods, written a little later                    |
| volume       | a disk that outlives its pod; emptyDir: a disk that dies with it                                       |

Times are ours: 5 s to stop, 20 s to start. What a majority is counted of: all desired managers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from dslab.opensearch.shards import Index, Shards
from dslab.sim import World
from dslab.sim.fence import quorum

SECOND_US = 1_000_000
STOP_US, START_US = 5 * SECOND_US, 20 * SECOND_US
PERSISTENCE = ("volume", "emptyDir")
MANAGEMENT = ("OrderedReady", "Parallel")


@cache
def version_of(text: str) -> tuple[int, ...]:
    """Read a version such as "2.19.4" as numbers. ValueError where it is none."""
    parts = text.split(".") if isinstance(text, str) else []
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        raise ValueError(f"{text!r} is no version; write three numbers such as '2.19.4'")
    return tuple(map(int, parts))


@dataclass(frozen=True)
class Pool:
    """A node pool: ``replicas`` (0..) pods that vote (``manager``), hold shards (``data``), both or neither.

    ``persistence``: "volume" or "emptyDir". ``management``: "OrderedReady", as the operator makes them, or "Parallel".
    Raises ValueError in a sentence.
    """

    name: str
    replicas: int = 3
    manager: bool = False
    data: bool = False
    persistence: str = "volume"
    management: str = "OrderedReady"

    def __post_init__(self) -> None:
        if not isinstance(self.replicas, int) or isinstance(self.replicas, bool) or self.replicas < 0:
            raise ValueError(
                f"pool {self.name!r} has {self.replicas!r} replicas; use a whole number of at least 0"
            )
        for what, value, choices in (
            ("persistence", self.persistence, PERSISTENCE),
            ("management", self.management, MANAGEMENT),
        ):
            if value not in choices:
                raise ValueError(
                    f"{what} {value!r} of pool {self.name!r} is not known; use one of {', '.join(choices)}"
                )


@dataclass(frozen=True)
class Desired:
    """What the user asks for: pools, ``version``, ``config`` (counts the changes of configuration), ``drain`` before a restart.

    Raises ValueError where no pool has managers or two pools share a name.
    """

    pools: tuple[Pool, ...]
    version: str = "2.19.4"
    config: int = 1
    drain: bool = False
    name: str = "search"

    def __post_init__(self) -> None:
        version_of(self.version)
        names = [pool.name for pool in self.pools]
        if len(set(names)) < len(names):
            raise ValueError(f"two node pools share a name; the names are {', '.join(names)}")
        if not any(pool.manager and pool.replicas for pool in self.pools):
            raise ValueError(
                "no node pool has managers; one needs the role cluster_manager and at least one replica"
            )

    def pool(self, name: str) -> Pool:
        """Give a pool by name; ValueError lists the names where there is none."""
        for pool in self.pools:
            if pool.name == name:
                return pool
        raise ValueError(
            f"there is no node pool {name!r}; there are {', '.join(pool.name for pool in self.pools)}"
        )

    def scaled(self, name: str, replicas: int) -> Desired:
        """Ask for another number of replicas in one pool."""
        old = self.pool(name)
        return replace(
            self, pools=tuple(replace(p, replicas=replicas) if p is old else p for p in self.pools)
        )

    def reconfigured(self) -> Desired:
        """Ask for another configuration: every pod has to be restarted for it."""
        return replace(self, config=self.config + 1)

    def upgraded(self, version: str) -> Desired:
        """Ask for another version of OpenSearch."""
        return replace(self, version=version)


@dataclass(eq=False, repr=False)
class Pod:
    """One pod: ``phase`` is starting, running or terminating."""

    name: str
    pool: str
    ordinal: int
    version: str
    config: int
    phase: str = "starting"


@dataclass(eq=False, repr=False)
class StatefulSet:
    """What Kubernetes keeps for a pool: ``replicas`` asked of it, the revision to make pods from, the ``status_ready`` it last wrote."""

    pool: Pool
    replicas: int
    version: str
    config: int
    management: str
    status_ready: int = 0
    status_due: bool = False
    volumes: set[str] = field(default_factory=set)


class ApiError(Exception):
    """The cluster did not take a request; the words say why."""


class Cluster:
    """Everything outside the operator. It starts with all pods running and what ``indices`` place on them.

    ``status_lag_us``: the StatefulSets' status is written so much later than it is true (0: at once). ``indices`` are `Index`
    objects; their copies are spread over the data nodes in order.
    """

    def __init__(
        self, world: World, desired: Desired, indices: tuple[Index, ...] = (), status_lag_us: int = 0
    ) -> None:
        self.world, self.status_lag_us = world, status_lag_us
        world.facts["cluster"] = self  # where the invariants find it
        self.pods: dict[str, Pod] = {}
        self.joined: list[str] = []  # running pods in the order in which they joined
        self.changes = self.pending = 0  # so that a loop can see that nothing will ever change again
        self.archived = self.removed_setting = False
        self.fail_next: str = ""  # a request of this kind fails once
        self.deleted: list[tuple[int, str]] = []  # (time, pod): deletions by the operator
        self.complaints: dict[str, list[str]] = {"quorum": [], "dark": [], "undrained": [], "dead": []}
        self.on_join: list[Callable[[Pod], None]] = []
        self.sets = {
            p.name: StatefulSet(p, p.replicas, desired.version, desired.config, p.management)
            for p in desired.pools
        }
        self.managers = [name for name, each in self.sets.items() if each.pool.manager]
        self._voters = self._running_managers = 0
        self.shards = Shards(self.data_nodes, self.has_quorum, self.later)
        for each in self.sets.values():
            for ordinal in range(each.replicas):
                pod = self._make(each, ordinal)
                pod.phase = "running"
                self.joined.append(pod.name)
            each.status_ready = each.replicas
        self._count()
        names = tuple(self.data_nodes())
        for place, index in enumerate(indices):
            self.shards.create(
                index, names[place % len(names) :] + names[: place % len(names)] if names else ()
            )
        self._show(first=True)

    # -- questions ----------------------------------------------------------------------------------------

    def data_nodes(self) -> dict[str, tuple[int, ...]]:
        """Give the data nodes that are in the cluster, with their versions, in the order in which they joined."""
        return {
            name: version_of(self.pods[name].version)
            for name in self.joined
            if self.sets[self.pods[name].pool].pool.data
        }

    def voters(self) -> int:
        """Give how many managers there should be."""
        return self._voters

    def running_managers(self) -> int:
        """Give how many managers run, whether or not they find a majority; one that is terminating still does."""
        return self._running_managers

    def _count(self) -> None:
        """Count the managers anew; whoever changes who has joined, or how many there should be, calls this."""
        self._voters = sum(self.sets[name].replicas for name in self.managers)
        self._running_managers = sum(self.pods[name].pool in self.managers for name in self.joined)

    def has_quorum(self) -> bool:
        """Say whether a majority of the managers runs."""
        return self.running_managers() >= quorum(max(1, self.voters()))

    def ready(self, pool: str) -> int:
        """Give how many pods of a pool are ready now: running, not terminating, in a cluster that has a manager."""
        if not self.has_quorum():
            return 0
        return sum(pod.pool == pool and pod.phase == "running" for pod in self.pods.values())

    def ready_managers(self) -> int:
        """Give how many managers are ready now."""
        return sum(self.ready(name) for name in self.managers)

    def of(self, pool: str) -> list[Pod]:
        """Give the pods of a pool by ordinal."""
        return sorted((pod for pod in self.pods.values() if pod.pool == pool), key=lambda pod: pod.ordinal)

    def health(self) -> str:
        """Give the health of the cluster: green, yellow, red or no answer."""
        return self.shards.health()

    # -- time ---------------------------------------------------------------------------------------------

    def later(self, us: int, label: str, function: Callable[[], Any], lane: str = "") -> None:
        """Let something happen ``us`` microseconds from now, on a pod's lane."""
        self.pending += 1

        def happen() -> None:
            self.pending -= 1
            self.changes += 1
            function()
            self._show()

        self.world.at(self.world.now + us, happen, label, self.world.nodes.get(lane))

    def now_s(self) -> float:
        """Give the time in seconds."""
        return self.world.now / SECOND_US

    # -- pods ---------------------------------------------------------------------------------------------

    def _make(self, each: StatefulSet, ordinal: int) -> Pod:
        name = f"{each.pool.name}-{ordinal}"
        pod = self.pods[name] = Pod(name, each.pool.name, ordinal, each.version, each.config)
        if each.pool.persistence == "volume":
            each.volumes.add(name)
        if name not in self.world.nodes:
            kind = "manager" if each.pool.manager else "store" if each.pool.data else "process"
            self.world.node(name, label=name, kind=kind)
        return pod

    def stop(self, name: str) -> None:
        """Delete a pod: it counts as ready no more, leaves the cluster when it is gone, and its StatefulSet makes another."""
        pod = self.pods[name]
        if pod.phase == "terminating":
            return
        self.changes += 1
        pod.phase = "terminating"
        self.later(STOP_US, f"{name} is gone", lambda: self._gone(name), name)
        self._readiness_changed()
        self._show()

    def kill(self, *names: str) -> None:
        """Let pods vanish at once, all together: their machines lost power."""
        self.changes += 1
        for name in names:
            self.pods[name].phase = "terminating"
        for name in names:
            self._gone(name, sync=False)
        self.sync()
        self._show()

    def _gone(self, name: str, sync: bool = True) -> None:
        pod = self.pods.get(name)
        if pod is None:
            return
        joined = name in self.joined
        if joined:
            self.joined.remove(name)
        del self.pods[name]
        self._count()
        if joined:
            self.shards.left(name, self.sets[pod.pool].pool.persistence == "emptyDir")
        self._readiness_changed()
        if sync:
            self.sync()

    def sync(self) -> None:
        """Let every StatefulSet do its next step: remove what is too many, create what is missing, in its order."""
        for each in self.sets.values():
            pods = {pod.ordinal: pod for pod in self.of(each.pool.name)}
            extra = [pod for ordinal, pod in pods.items() if ordinal >= each.replicas]
            if extra:
                self.stop(max(extra, key=lambda pod: pod.ordinal).name)
                continue
            for ordinal in range(each.replicas):
                if ordinal not in pods:
                    pod = self._make(each, ordinal)
                    self.later(
                        START_US, f"{pod.name} has started", lambda pod=pod: self._started(pod), pod.name
                    )
                    self._show()
                    if each.management == "OrderedReady":
                        break
                elif each.management == "OrderedReady" and not self._is_ready(pods[ordinal]):
                    break

    def _is_ready(self, pod: Pod) -> bool:
        return pod.phase == "running" and self.has_quorum()

    def _started(self, pod: Pod) -> None:
        if self.pods.get(pod.name) is not pod or pod.phase != "starting":
            return  # it was deleted meanwhile
        pod.phase = "running"
        self.joined.append(pod.name)
        self._count()
        if self.removed_setting and version_of(pod.version)[0] > min(
            version_of(p.version)[0] for p in self.pods.values()
        ):
            self.archived, self.removed_setting = True, False
        for each in self.on_join:
            each(pod)
        self.shards.reroute()
        self._readiness_changed()
        self.sync()

    def _readiness_changed(self) -> None:
        for name, each in self.sets.items():
            if not self.status_lag_us:
                each.status_ready = self.ready(name)
            elif not each.status_due and each.status_ready != self.ready(name):
                each.status_due = True
                self.later(
                    self.status_lag_us,
                    f"the status of {name} is written",
                    lambda each=each, name=name: self._write_status(each, name),
                )

    def _write_status(self, each: StatefulSet, name: str) -> None:
        each.status_due, each.status_ready = False, self.ready(name)

    # -- what the operator asks for -------------------------------------------------------------------------

    def delete(self, name: str) -> None:
        """Delete a pod on behalf of the operator, and note what that broke by our own hand."""
        pod = self.pods[name]
        going = {other.name for other in self.pods.values() if other.phase == "terminating"}
        before = sum(self.pods[other].pool in self.managers for other in self.joined if other not in going)
        voters, alone = self.voters(), self.shards.only_started_copy(name, going)
        self.deleted.append((self.world.now, name))
        self.stop(name)
        if self.sets[pod.pool].pool.manager and before >= quorum(voters) > before - 1 and voters >= 3:
            self.complaints["quorum"].append(
                f"the operator deleted {name} when {before} of {voters} managers were left, "
                f"so {before - 1} stay{'s' if before == 2 else ''}; a majority is {quorum(voters)}"
            )
        if alone is not None and len(self.data_nodes()) > 1:
            self.complaints["dark"].append(
                f"the operator deleted {name}, which had the only started copy of {alone.index.name}[{alone.number}]"
            )

    def settings(self, what: str, change: Callable[[], Any]) -> None:
        """Change the cluster's settings. ApiError where there is no manager, or an old node meets archived settings."""
        if not self.has_quorum():
            raise ApiError("no cluster manager answers")
        if self.fail_next and self.fail_next in what:
            self.fail_next = ""
            raise ApiError(f"the request to {what} failed")
        if self.archived and len({pod.version for pod in self.pods.values()}) > 1:
            raise ApiError("400: the settings hold an archived one that old nodes do not accept")
        self.changes += 1
        change()
        self.shards.reroute()
        self._show()

    def allocate(self, which: str) -> None:
        """Set shard allocation to "all" or "primaries"."""
        if self.shards.allocation != which:
            self.settings(f"set allocation to {which}", lambda: setattr(self.shards, "allocation", which))

    def exclude(self, name: str) -> None:
        """Put a node on the exclude list."""
        if name not in self.shards.excluded:
            self.settings(f"exclude {name}", lambda: self.shards.excluded.append(name))

    def include(self, name: str) -> None:
        """Take a node off the exclude list."""
        if name in self.shards.excluded:
            self.settings(f"include {name}", lambda: self.shards.excluded.remove(name))

    def delete_archived(self) -> None:
        """Delete the archived settings: the one request that old nodes still take."""
        if self.archived:
            self.archived = False
            self.changes += 1

    def resize(self, pool: str, replicas: int) -> None:
        """Ask a StatefulSet for another number of pods; a node that goes must not have shards on it."""
        each = self.sets[pool]
        for ordinal in range(replicas, each.replicas):
            held = self.shards.on(f"{pool}-{ordinal}")
            if held:
                more = f" and {len(held) - 1} more" if len(held) > 1 else ""
                self.complaints["undrained"].append(
                    f"{pool}-{ordinal} was removed with {held[0]}{more} on it"
                )
        each.replicas = replicas
        self._count()
        self.changes += 1
        self.sync()
        self._readiness_changed()

    def make_parallel(self, pool: str) -> None:
        """Make a StatefulSet anew with Parallel pod management; its pods and volumes stay."""
        self.sets[pool].management = "Parallel"
        self.changes += 1
        self.sync()

    def make_from(self, version: str, config: int) -> None:
        """Change the revision that pods are made from; the pods there are stay as they are."""
        for each in self.sets.values():
            if (each.version, each.config) != (version, config):
                each.version, each.config = version, config
                self.changes += 1

    def rebuild(self) -> None:
        """Delete every StatefulSet and make it anew: what the recovery from a lost emptyDir cluster does.

        A bootstrap pod then holds the first election, so the new pods need not wait for each other.
        """
        for each in self.sets.values():
            each.management = "Parallel"
        for name in list(self.pods):
            self.stop(name)
        self.sync()

    def _show(self, first: bool = False) -> None:
        """Put what can be seen on the lanes; where nobody records, only at the start."""
        if self.world.recorder is None and not first:
            return
        for name, node in self.world.nodes.items():
            if node.kind == "operator":
                continue
            pod = self.pods.get(name)
            if pod is None:
                node.state.update(pod="none")
                continue
            held = [str(copy) for copy in self.shards.on(name)]
            node.state.update(pod=pod.phase, made_from=f"{pod.version}, config {pod.config}")
            if self.sets[pod.pool].pool.data:
                node.state["shards"] = ", ".join(held) or "none"

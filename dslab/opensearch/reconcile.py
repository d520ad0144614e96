"""The operator's outer loop: sub-reconcilers in a fixed order, and the rolling restart with its guards.

| word           | meaning                                                                                             |
|----------------|-----------------------------------------------------------------------------------------------------|
| pass           | one run through the sub-reconcilers; the first that waits or errs ends it                               |
| requeue        | "come back in so many seconds": restart 10 s, upgrade 15 s then 30 s, drain 15 s, full pass 30 s         |
| spec, status   | what the user asks for; what the operator has written down. A crash of the operator loses neither         |
| candidate      | the lowest ordinal of a pool that still runs the old revision: one for each pool                        |
| wait           | what a sub-reconciler gives back: seconds and a reason                                                |

The order is TLS, security config, configuration, cluster, scaler, dashboards, upgrade, restart, snapshot repositories (commit
b7376be9, v3.0.0-alpha). So one that keeps requeueing starves everything behind it.

`await step(...)` stands before everything that the operator does to the outside. There a referee may crash it, and something
else may happen first; between two of them the operator sees one moment, as it would from one listing of pods.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dslab.opensearch import scaler, upgrade
from dslab.opensearch.cluster import SECOND_US, ApiError, Cluster, Desired, Pod
from dslab.opensearch.switches import Switches, guard_allows
from dslab.sim import World, sleep, step
from dslab.sim.fence import quorum

ORDER = (
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
RESTART_S, FULL_PASS_S, ERROR_S = 10, 30, 10
DISASTER_WAIT_US = 300 * SECOND_US


class Wait(NamedTuple):
    """A sub-reconciler waits: come back in ``seconds``, because of ``reason`` ("" where it has just done something)."""

    seconds: int
    reason: str = ""


@dataclass(eq=False)
class Status:
    """What the operator has written down about itself in the cluster's object."""

    version: str
    components: list[list[str]] = field(
        default_factory=list
    )  # [component, state], in the order in which they came up
    scaling: dict[str, tuple[str, str]] = field(default_factory=dict)  # pool to (state, target)
    draining: str = ""  # the node that a restart or an upgrade is draining
    pods_missing_since_us: int | None = None
    initialized: bool = True

    def get(self, component: str) -> str:
        """Give the state of a component, "" where it has none."""
        return next((state for name, state in self.components if name == component), "")

    def put(self, component: str, state: str) -> None:
        """Write the state of a component."""
        for entry in self.components:
            if entry[0] == component:
                entry[1] = state
                return
        self.components.append([component, state])


class Operator:
    """The operator of one cluster. ``policy(view)`` replaces its restart policy: it gives a pod's name, or None to wait.

    ``failing`` names a sub-reconciler that always errs, ``first_pass_s`` puts the first pass off. ``blocked`` is the reason for which it waits now, ``told`` what it told
    the user, ``history`` the passes as (time in s, what ended the pass, reason).
    """

    def __init__(self, world: World, cluster: Cluster, desired: Desired, switches: Switches | None = None, failing: str = "", first_pass_s: int = 0,
                 policy: Callable[[Any], Any] | None = None) -> None:  # fmt: skip
        self.world, self.cluster, self.desired = world, cluster, desired
        self.switches = switches or Switches()
        self.failing, self.policy, self.first_pass_s = failing, policy, first_pass_s
        if failing and failing not in ORDER:
            raise ValueError(f"there is no sub-reconciler {failing!r}; there are {', '.join(ORDER)}")
        world.facts["operator"] = self
        self.status = Status(desired.version)
        self.blocked = ""
        self.told: list[str] = []
        self.history: list[tuple[float, str, str]] = []
        self.resting = False
        self.crashes = self.acted = 0
        self.node = world.node("operator", label="Operator", kind="operator", doing="starts")
        self.node.boot = self.run
        self.node.spawn(self.run())

    # -- the outer loop -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Pass after pass; comes to rest when a pass changed nothing and nothing outside is under way."""
        self.resting = False
        if self.first_pass_s and not self.history:
            await sleep(self.first_pass_s * SECOND_US)
        while True:
            before = (self.cluster.changes, str(self.status))
            wait = await self.one_pass()
            same = before == (self.cluster.changes, str(self.status))
            if same and not self.cluster.pending and not self._waits_for_time():
                self._rest(wait)
                return
            await sleep(wait.seconds * SECOND_US)

    # [pass] the first that waits or errs ends the pass: everything behind it does not get its turn
    async def one_pass(self) -> Wait:
        """Run the sub-reconcilers in order; give the wait of the one that ended the pass, or that of a full pass."""
        for name in ORDER:
            try:
                wait = await self._sub(name)
            except ApiError as error:
                wait = Wait(ERROR_S, str(error))
            if wait is not None:
                return self._ended(name, wait)
        return self._ended("full pass", Wait(FULL_PASS_S))

    # [/pass]
    async def _sub(self, name: str) -> Wait | None:
        if name == self.failing:
            raise ApiError(f"{name} fails")
        work: dict[str, Callable[[], Coroutine[Any, Any, Wait | None]]] = {
            "cluster": self._cluster, "scaler": lambda: scaler.scale(self), "upgrade": lambda: upgrade.upgrade(self),
            "restart": self._restart,
        }  # fmt: skip
        return await work[name]() if name in work else None

    def _ended(self, name: str, wait: Wait) -> Wait:
        self.blocked = f"{name}: {wait.reason}" if wait.reason else ""
        self.history.append((self.cluster.now_s(), name, wait.reason))
        self.node.state["doing"] = self.blocked or (
            f"{name}: goes on" if name != "full pass" else "nothing to do"
        )
        return wait

    def _waits_for_time(self) -> bool:
        return self.status.pods_missing_since_us is not None

    def _rest(self, wait: Wait) -> None:
        self.resting = True
        if self.blocked and self.switches.says_why:
            self.told.append(self.blocked)
            self.node.state["told"] = self.blocked

    def ask(self, desired: Desired) -> None:
        """The user changes the spec; an operator that came to rest wakes up."""
        self.desired = desired
        self.cluster.changes += 1
        if self.resting and self.node.up:
            self.resting = False
            self.node.spawn(self.run())

    def crash(self, back_after_us: int = 2 * SECOND_US) -> None:
        """Kill the operator; Kubernetes starts it again."""
        self.crashes += 1
        self.node.crash()
        self.cluster.later(back_after_us, "the operator is started again", self.node.restart, "operator")

    async def act(self, words: str) -> None:
        """Come to a place at which the operator may be killed, just before it does something."""
        self.acted += 1
        self.node.state["doing"] = words
        await step(words)

    # -- cluster: sets and disasters ----------------------------------------------------------------------------

    async def _cluster(self) -> Wait | None:
        self.cluster.make_from(self.desired.version, self.desired.config)
        await self._clean_exclusions()
        if await self._disaster():
            return Wait(RESTART_S, "every StatefulSet is made anew")
        if self.switches.parallel_recovery:
            for name, each in self.cluster.sets.items():
                failed = len(each.volumes) >= each.replicas and self.cluster.ready(name) < each.replicas - 1
                if failed and each.management == "OrderedReady" and each.pool.persistence == "volume":
                    await self.act(f"make {name} Parallel")
                    self.cluster.make_parallel(name)
        return None

    async def _clean_exclusions(self) -> None:
        """Take names off the exclude list that nobody drains."""
        if self.switches.clean_exclusions == "never" or not self.cluster.has_quorum():
            return
        known = (
            None
            if self.switches.clean_exclusions == "unless draining"
            else {pool.name for pool in self.desired.pools}
        )
        drained = [self.status.draining, *scaler.targets(self, known)]
        for name in list(self.cluster.shards.excluded):
            if name not in drained:
                await self.act(f"include {name}, a left-over")
                self.cluster.include(name)

    async def _disaster(self) -> bool:
        """A cluster on emptyDir without a majority is declared dead, and everything is deleted."""
        cluster, how = self.cluster, self.switches.emptydir_recovery
        if how == "off" or any(each.pool.persistence != "emptyDir" for each in cluster.sets.values()):
            return False
        few = cluster.ready_managers() < quorum(cluster.voters()) or not any(
            cluster.ready(p.name) for p in self.desired.pools if p.data
        )
        if how == "pods missing":  # since 13 July 2026: pod objects are missing, and for five minutes
            missing = sum(
                name in cluster.managers for name in (pod.pool for pod in cluster.pods.values())
            ) < quorum(cluster.voters())
            since = self.status.pods_missing_since_us
            self.status.pods_missing_since_us = (
                (self.world.now if since is None else since) if missing else None
            )
            few = missing and self.world.now - (self.status.pods_missing_since_us or 0) >= DISASTER_WAIT_US
        if few:
            await self.act("delete every StatefulSet")
            alive = [pod.name for pod in cluster.pods.values() if pod.phase != "terminating"]
            if len(alive) >= quorum(cluster.voters()):
                cluster.complaints["dead"].append(
                    f"the operator deleted everything although {', '.join(alive)} were there"
                )
            cluster.rebuild()
        return few

    # -- rolling restart --------------------------------------------------------------------------------------

    def counted_ready(self, pool: str) -> int:
        """Count the ready pods of a pool, live or from its StatefulSet's status."""
        if not self.switches.live_count:
            return self.cluster.sets[pool].status_ready
        ready = self.cluster.ready(pool)
        if self.switches.bug == "counts terminating pods":
            ready += sum(pod.phase == "terminating" for pod in self.cluster.of(pool))
        return ready

    def ready_managers(self) -> int:
        """Count the ready managers of all pools, in the same way."""
        return sum(self.counted_ready(name) for name in self.cluster.managers)

    def old(self, pool: str) -> list[Pod]:
        """Give the pods of a pool that were not made from the revision asked for, those being deleted included."""
        wanted = (self.desired.version, self.desired.config)
        return [pod for pod in self.cluster.of(pool) if (pod.version, pod.config) != wanted]

    def short(self, pool: str) -> str:
        """Say which pods of a pool are not ready, "" where all are."""
        ready, wanted = self.counted_ready(pool), self.cluster.sets[pool].replicas
        return "" if ready >= wanted else f"{ready} of {wanted} pods of {pool} are ready"

    async def _restart(self) -> Wait | None:
        if self.desired.version != self.status.version:
            return None  # an upgrade restarts every pod anyway
        pools = [pool.name for pool in self.desired.pools if pool.name in self.cluster.sets]
        pending = any(self.old(pool) for pool in pools)
        short = next(filter(None, map(self.short, pools)), "")
        shut = self.ready_gate(pools) if self.policy is None else ""
        if shut:
            return Wait(RESTART_S, shut)
        if not pending:
            return await self._finish_restart(short)
        if not self.status.initialized:
            return Wait(RESTART_S, "the cluster is not initialized")
        if self.status.get("Restarter") != "in progress":
            self.status.put("Restarter", "in progress")
        if self.policy is not None:
            return await self._ask_policy()
        return await self._restart_next(pools, short)

    async def _finish_restart(self, short: str) -> Wait | None:
        entry_0 = self.status.components[0][1] if self.status.components else ""
        state = self.status.get("Restarter") if self.switches.restart_status == "own entry" else entry_0
        if state != "in progress":
            return None
        if short:
            return Wait(RESTART_S, short)
        if self.switches.bug == "finished before allocation":
            self.status.put("Restarter", "finished")
        await self.act("set allocation to all: every pod is new")
        self.cluster.allocate("all")
        self.status.draining = ""
        await self.act("mark the restart finished")
        self.status.put("Restarter", "finished")
        return None

    # [gate] the guard before all others
    def ready_gate(self, pools: list[str]) -> str:
        """Say which pool keeps every pod from being deleted, "" where none does."""
        if self.switches.ready_gate != "every pool":
            return ""
        return next(filter(None, map(self.short, pools)), "")

    # [/gate]
    # [candidates] one for each pool, non-managers first; then the guard; then the cluster's own health
    def candidates(self, pools: list[str]) -> list[Pod]:
        """Give the pods that could be next, in order."""
        if self.switches.ready_gate == "own pool":
            pools = [pool for pool in pools if not self.short(pool)]
        first = [next(iter(self.old(pool)), None) for pool in pools]  # the lowest ordinal of each pool
        found = [pod for pod in first if pod is not None and pod.phase == "running"]
        # As coded: “-ordinal” decides nothing, since each pool gives one pod.
        return sorted(found, key=lambda pod: (self.is_manager(pod), pod.pool, -pod.ordinal))

    # [/candidates]
    def is_manager(self, pod: Pod) -> bool:
        """Say whether a pod votes."""
        return pod.pool in self.cluster.managers

    async def _restart_next(self, pools: list[str], short: str) -> Wait:
        candidates = self.candidates(pools)
        if not candidates:
            return Wait(RESTART_S, short or "the next pod is not running")
        ready = self.ready_managers()  # seen once in a pass
        for candidate in candidates:
            reason = self._guarded(candidate, ready)
            if not reason:
                reason = await self.pass_the_gate(candidate) or await self.prepare_and_delete(candidate)
            if reason or self.switches.one_per_pass:
                return Wait(RESTART_S, reason)
        return Wait(RESTART_S)

    def _guarded(self, pod: Pod, ready: int) -> str:
        """Say why the quorum guard keeps a manager, "" where it does not."""
        total = self.cluster.voters()
        if not self.is_manager(pod):
            return ""
        if total < 3 and self.switches.small_clusters == "interrupt" and ready == total:
            return ""
        counted = ready if self.switches.bug == "majority of the ready" else total
        if guard_allows(self.switches.quorum_guard, counted, ready):
            return ""
        return f"{ready} of {total} managers are ready, and the guard does not let one of them go"

    async def _ask_policy(self) -> Wait:
        from dslab.opensearch.policy import View

        wanted = self.policy(View(self)) if self.policy else None
        if wanted is None:
            return Wait(RESTART_S, "the policy waits")
        pod = self.cluster.pods.get(wanted)
        if pod is None or pod.phase != "running" or pod not in self.old(pod.pool):
            raise ValueError(
                f"the policy asks for {wanted!r}; it must give the name of a running pod that is old, or None"
            )
        await self.act(f"delete {wanted}")
        self.cluster.delete(wanted)
        return Wait(RESTART_S)

    # -- shared by restart and upgrade --------------------------------------------------------------------------

    # [health] green, or a yellow that waiting cannot mend
    def unhealthy(self, candidate: Pod) -> str:
        """Say why the health gate is shut, "" where it is open."""
        shards, gate = self.cluster.shards, self.switches.health_gate
        health = self.cluster.health()
        if gate == "off" or (health == "yellow" and self.switches.bug == "any yellow will do"):
            return ""
        if health == "green" and not shards.lost:
            return ""
        if self.switches.bug == "ignores what is moving" and shards.moving():
            return ""
        if health == "yellow" and gate != "green" and not shards.moving() and shards.allocation == "all":
            left = shards.unassigned()
            if gate == "settled" or (gate == "version-stuck" and all(shards.stuck(copy) for copy in left)):
                alone = shards.only_started_copy(candidate.name) if self.switches.primary_check else None
                return f"{candidate.name} has the only started copy of {alone.shard[0]}" if alone else ""
            if (
                gate == "observability"
                and len(left) <= 1
                and left[0].index.name == ".opensearch-observability"
            ):
                return ""
        return f"the cluster is {health}{_why(shards)}"

    # [/health]
    async def prepare_and_delete(self, pod: Pod) -> str:
        """Set allocation, or drain, then delete; gives the reason to wait, "" where the pod was deleted."""
        cluster, drain = self.cluster, self.desired.drain and self.cluster.sets[pod.pool].pool.data
        if not drain:
            await self.act(f"set allocation to primaries for {pod.name}")
            cluster.allocate("primaries")
        else:
            self.status.draining = pod.name
            if pod.name not in cluster.shards.excluded:
                await self.act(f"exclude {pod.name}")
                cluster.exclude(pod.name)
            left = self.not_drained(pod.name)
            if left and self.switches.bug != "deletes before drained":
                return left
        await self.act(f"delete {pod.name}")
        if cluster.pods.get(pod.name) is not pod or pod.phase != "running":
            return f"{pod.name} is on its way already"
        cluster.delete(pod.name)
        if drain and self.switches.bug != "forgets what it excluded":
            await self.act(f"include {pod.name}")
            cluster.include(pod.name)
            self.status.draining = ""
        return ""

    def not_drained(self, name: str) -> str:
        """Say what keeps a node from being drained, "" where nothing does."""
        shards = self.cluster.shards
        held = shards.on(name)
        if len(self.cluster.data_nodes()) == 2:
            held = [copy for copy in held if copy.primary and copy.index.system]
        if self.switches.drained_means == "version-aware":
            held = [copy for copy in held if not shards.stuck(copy)]
        return f"{name} still has {held[0]}" if held else ""

    async def pass_the_gate(self, candidate: Pod) -> str:
        """Ask the health gate; where it is shut and nothing is drained, make sure that replicas may be assigned."""
        reason = self.unhealthy(candidate)
        if (
            reason
            and not self.desired.drain
            and self.cluster.shards.allocation != "all"
            and self.cluster.has_quorum()
        ):
            await self.act("set allocation to all")
            self.cluster.allocate("all")
        return reason


def _why(shards: Any) -> str:
    if shards.lost:
        return f", as {shards.lost[0]} is lost"
    left = shards.unassigned()
    if not left:
        return ", as shards are on their way"
    stuck = ", kept out by the version rule" if shards.stuck(left[0]) else ""
    return f", as {left[0]} has no node{stuck}"

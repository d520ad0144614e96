"""The version upgrade: pool after pool, pod after pod.

| word   | meaning                                                                                                  |
|--------|----------------------------------------------------------------------------------------------------------|
| order  | pools that only hold data, then those that hold data and vote, then those without data                      |
| archived setting | one that the new version no longer knows; old nodes then answer 400 to every change of settings      |
| refused | a downgrade, or a jump of more than one major version                                                     |

There is no quorum guard here: what keeps two managers from being down is that a pool's pods must all be ready first, and that the
health gate is asked. Managers in several pools of one are restarted pool by pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dslab.opensearch.cluster import version_of

if TYPE_CHECKING:
    from dslab.opensearch.cluster import Pool
    from dslab.opensearch.reconcile import Operator, Wait

START_S, WORK_S = 15, 30


def refused(old: str, new: str) -> str:
    """Say why an upgrade from ``old`` to ``new`` is refused, "" where it is not. ValueError for what is no version."""
    before, after = version_of(old), version_of(new)
    if after < before:
        return f"{old} to {new} is a downgrade"
    if after[0] - before[0] > 1:
        return f"{old} to {new} skips a major version"
    return ""


def order(pools: tuple[Pool, ...]) -> list[Pool]:
    """Give the pools in the order in which they are upgraded."""
    return sorted(pools, key=lambda pool: (not pool.data, pool.manager))


async def upgrade(operator: Operator) -> Wait | None:
    """Take the upgrade one step further; None where there is none, or it is refused."""
    from dslab.opensearch.reconcile import Wait

    wanted, status, cluster = operator.desired.version, operator.status, operator.cluster
    if wanted == status.version:
        return None
    why = refused(status.version, wanted)
    if why:
        if why not in operator.told:
            operator.told.append(why)  # a version that is refused is told by every version of the operator
        return None
    for pool in order(operator.desired.pools):
        state = status.get(f"Upgrader {pool.name}")
        if state == f"upgraded to {wanted}":
            continue
        if state != f"upgrading to {wanted}":
            status.put(f"Upgrader {pool.name}", f"upgrading to {wanted}")
            return Wait(START_S)
        return await _next(operator, pool.name)
    if any(cluster.ready(pool.name) < cluster.sets[pool.name].replicas for pool in operator.desired.pools):
        return Wait(WORK_S, "the last pods are starting")
    await operator.act("set allocation to all: every pod is new")
    cluster.allocate("all")
    status.version, status.draining = wanted, ""
    return None


async def _next(operator: Operator, pool: str) -> Wait:
    from dslab.opensearch.reconcile import Wait

    cluster = operator.cluster
    short = operator.short(pool)
    if short and operator.switches.bug != "upgrade ignores readiness":
        return Wait(WORK_S, short)
    if operator.switches.delete_archived and cluster.archived:
        await operator.act("delete archived settings")
        cluster.delete_archived()
    old = [
        pod for pod in cluster.of(pool) if pod.version != operator.desired.version and pod.phase == "running"
    ]
    if not old:
        operator.status.put(f"Upgrader {pool}", f"upgraded to {operator.desired.version}")
        return Wait(START_S)
    return Wait(WORK_S, await operator.pass_the_gate(old[0]) or await operator.prepare_and_delete(old[0]))

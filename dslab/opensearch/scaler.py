"""SmartScaler: no node is taken away before its shards are.

| word    | meaning                                                                                                 |
|---------|---------------------------------------------------------------------------------------------------------|
| target  | the node that is drained: the highest ordinal of its pool                                                 |
| Running, Excluded, Drained | the states of a pool's scaling, written into the status: nothing to do, draining, empty       |

A pool that is taken out of the manifest is emptied in the same way, highest ordinal first.

Up: one replica more, at once. Down: exclude the target from allocation, wait until no shard is on it, then one replica less and
the exclusion removed. With SmartScaler off: one replica less, at once. On by default since 29 December 2025 (commit #1240).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dslab.opensearch.reconcile import Operator, Wait

SCALE_S = 15
RUNNING, EXCLUDED, DRAINED = "Running", "Excluded", "Drained"


def targets(operator: Operator, pools: set[str] | None = None) -> list[str]:
    """Give the nodes that the scaler is draining now, in ``pools`` only where that is given."""
    return [
        _target(operator, pool, target)
        for pool, (state, target) in operator.status.scaling.items()
        if state != RUNNING and (pools is None or pool in pools)
    ]


def _target(operator: Operator, pool: str, written: str) -> str:
    """Give the node to drain: the one in the status, or (as until 3.0.0) whichever has the highest ordinal by now."""
    if operator.switches.target_in_status and written:
        return written
    return f"{pool}-{operator.cluster.sets[pool].replicas - 1}"


async def scale(operator: Operator) -> Wait | None:
    """Bring every pool one step nearer to the number of replicas asked for; None where all have it."""
    from dslab.opensearch.reconcile import Wait

    wanted = {pool.name: pool.replicas for pool in operator.desired.pools}
    for name, each in operator.cluster.sets.items():
        now, replicas = (
            each.replicas,
            wanted.get(name, 0),
        )  # a pool that is no longer in the manifest is emptied
        if replicas > now:
            if operator.switches.target_in_status:
                await _forget(operator, name)
            await operator.act(f"scale {name} up to {now + 1}")
            operator.cluster.resize(name, now + 1)
            return Wait(SCALE_S)
        if replicas < now:
            if not operator.switches.smart_scaler or not each.pool.data:
                await operator.act(f"scale {name} down to {now - 1}")
                operator.cluster.resize(name, now - 1)
                return Wait(SCALE_S)
            return await _down(operator, name, now)
        if operator.switches.target_in_status:
            await _forget(operator, name)
    return None


async def _forget(operator: Operator, pool: str) -> None:
    """The user changed his mind: what was being drained is used again."""
    state, target = operator.status.scaling.get(pool, (RUNNING, ""))
    if state != RUNNING:
        await operator.act(f"include {target}: it stays")
        operator.cluster.include(target)
        operator.status.scaling[pool] = (RUNNING, "")


# [down] Running, Excluded, Drained, one replica less: each in a pass of its own
async def _down(operator: Operator, pool: str, now: int) -> Wait:
    from dslab.opensearch.reconcile import Wait

    state, written = operator.status.scaling.get(pool, (RUNNING, ""))
    target = _target(operator, pool, written)
    if state == RUNNING:
        await operator.act(f"exclude {target}")
        operator.cluster.exclude(target)
        operator.status.scaling[pool] = (EXCLUDED, target if operator.switches.target_in_status else "")
    elif state == EXCLUDED:
        left = operator.cluster.shards.on(target)
        if left and operator.switches.bug != "deletes before drained":
            return Wait(SCALE_S, f"{target} still has {left[0]}")
        operator.status.scaling[pool] = (DRAINED, written)
    else:
        await operator.act(f"scale {pool} down to {now - 1}")
        operator.cluster.resize(pool, now - 1)
        operator.status.scaling[pool] = (RUNNING, "")
        await operator.act(f"include {target}")
        operator.cluster.include(target)
    return Wait(SCALE_S)


# [/down]

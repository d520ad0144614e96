"""A restart policy of one's own: what it may look at, and the pods it may name.

`Operator(..., policy=policy)` asks ``policy(view)`` in every pass of a pending restart instead of its own ready gate, candidates,
guard and health gate. It gives the name of the pod to delete now, or None to wait ten seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dslab.opensearch.reconcile import Operator


class PodView(NamedTuple):
    """One pod as a policy sees it: its ``name``, its ``pool``, whether it votes, holds data, is ``old`` and is ``ready``."""

    name: str
    pool: str
    manager: bool
    data: bool
    old: bool
    ready: bool


class View:
    """What a policy sees: ``pods`` (those there should be, missing ones as not ready), ``health``, ``managers`` (desired)."""

    def __init__(self, operator: Operator) -> None:
        cluster = operator.cluster
        self.health = cluster.health()
        self.managers = cluster.voters()
        self.ready_managers = cluster.ready_managers()
        led = cluster.has_quorum()
        wanted = (operator.desired.version, operator.desired.config)
        self.pods: list[PodView] = []
        for name, each in cluster.sets.items():
            for ordinal in range(each.replicas):
                pod = cluster.pods.get(f"{name}-{ordinal}")
                old = pod is not None and pod.phase == "running" and (pod.version, pod.config) != wanted
                ready = pod is not None and pod.phase == "running" and led
                self.pods.append(
                    PodView(f"{name}-{ordinal}", name, each.pool.manager, each.pool.data, old, ready)
                )

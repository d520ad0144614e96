"""Registers whose writes can all be told apart: judged without a search, however many clients there are.

Where every state is left by one write only, each read belongs to one write: together they are a *cluster*. A cluster has a *zone*, from
the first answer in it to the last call in it. Where that is forwards in time, the register must hold the cluster's value throughout the
zone; where it is backwards, all operations of the cluster were open together, and any moment between will do. There is an order exactly
when every read has a write, no read was answered before its write was called, no two forward zones overlap, and no backward zone lies
within a forward one.

Source: Gibbons and Korach, "Testing shared memories", SIAM Journal on Computing 26 (1997), section 4.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from dslab.check.history import Operation
from dslab.check.models import ANY, VARIES, Model


@dataclass
class _Cluster:
    write: Operation | None  # None: what was there at the beginning
    reads: list[Operation] = field(default_factory=list)
    first_answer: float = -1
    last_call: float = -2


def applies(operations: list[Operation], model: Model) -> bool:
    """Whether these are reads and writes only, and no two of them (nor the beginning) leave the same state."""
    left = {model.init()}
    for op in operations:
        if model.pure(op):
            if not op.open and model.wants(op) is VARIES:
                return False
        elif not model.total(op) or model.leaves(op) is VARIES or model.leaves(op) in left:
            return False
        else:
            left.add(model.leaves(op))
    return True


def order(operations: list[Operation], model: Model) -> list[Operation] | None:
    """Give an order of the operations, or None where there is none. Only where `applies`."""
    calls, answers = _ranks(operations)
    clusters: dict[Any, _Cluster] = {model.init(): _Cluster(None)}
    free = []
    for op in operations:
        if not model.pure(op):
            clusters[model.leaves(op)] = _Cluster(op, [], answers[op.index], calls[op.index])
    for op in operations:
        if model.pure(op) and not op.open:
            if model.wants(op) is ANY:
                free.append(op)
                continue
            cluster = clusters.get(model.wants(op))
            if cluster is None or (cluster.write and answers[op.index] < calls[cluster.write.index]):
                return None
            cluster.reads.append(op)
            cluster.first_answer = min(cluster.first_answer, answers[op.index])
            cluster.last_call = max(cluster.last_call, calls[op.index])
    moments = _moments(
        [
            cluster
            for cluster in clusters.values()
            if cluster.reads or cluster.write is None or not cluster.write.open
        ]
    )
    if moments is None:
        return None
    placed = [((2 * calls[op.index], -1, 0, 0), op) for op in free]
    for number, (cluster, moment) in enumerate(moments):
        if cluster.write:
            placed.append(((moment, number, 0, 0), cluster.write))
        placed.extend(
            ((max(moment, 2 * calls[op.index]), number, 1, calls[op.index]), op) for op in cluster.reads
        )
    return [op for _, op in sorted(placed, key=lambda item: item[0])]


def _ranks(operations: list[Operation]) -> tuple[dict[int, float], dict[int, float]]:
    """Number all calls and answers in order; at one time calls come first. Open operations are answered after everything."""
    events = [(op.invoked, 0, op.index) for op in operations]
    events += [(op.returned, 1, op.index) for op in operations if not op.open]
    ranks: tuple[dict[int, float], dict[int, float]] = ({}, {op.index: float("inf") for op in operations})
    for rank, (_, answered, index) in enumerate(sorted(events)):
        ranks[answered][index] = rank
    return ranks


def _moments(clusters: list[_Cluster]) -> list[tuple[_Cluster, float]] | None:
    """Give each cluster the (doubled) moment of its write, or None where zones are in each other's way."""
    forward = sorted((c for c in clusters if c.first_answer < c.last_call), key=lambda c: c.first_answer)
    if any(earlier.last_call > later.first_answer for earlier, later in pairwise(forward)):
        return None
    starts = [cluster.first_answer for cluster in forward]
    moments = [(cluster, 2 * cluster.first_answer) for cluster in forward]
    for cluster in clusters:
        if cluster.first_answer < cluster.last_call:
            continue
        place = bisect_right(starts, cluster.last_call) - 1
        if place < 0 or forward[place].last_call < cluster.last_call:
            moments.append((cluster, 2 * cluster.last_call))
        elif cluster.first_answer < forward[place].last_call:
            return None
        else:
            moments.append((cluster, 2 * forward[place].last_call + 1))
    return moments

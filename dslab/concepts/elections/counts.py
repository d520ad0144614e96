"""How many messages an election takes: closed forms, and the same counted in a run.

| algorithm            | best            | mean                          | worst                                     |
|----------------------|-----------------|-------------------------------|-------------------------------------------|
| bully                | n - 1           | n(2n - 1)/6 + n - 2            | n(n-1)/2 + (n-1)(n-2)/2 + (n-2)             |
| Chang-Roberts        | 2n - 1, and n   | n H(n), and n                  | n(n+1)/2, and n                             |
| collect and announce | 2n              | 2n for each node that starts   | 2n² (all start)                            |
| Paxos                | 4(n-1), and n-1 | more with each duel            | no bound (duel)                            |
| Raft                 | 3(n-1)          | more with each split vote      | no bound (split votes)                     |
| ZooKeeper            | 3               | 3                              | 3; without the predecessor's watch 3(n-1)    |

Bully: the highest of n nodes is dead, and one of the others notices; "mean" is over which one. It notices m places below the top: m
election messages, m - 1 answers, m - 1 nodes that ask in turn, and n - 2 announcements; m² + n - 2 in all.
Chang-Roberts: all n start at the same moment; H(n) = 1 + 1/2 + ... + 1/n; the mean is over the order of the ring. "and n" is the
announcement. ZooKeeper, when the leader's session ends: each client that is told asks for the list, which are three messages
(told, asked, answered).

Sources: facts computed for this lesson from the algorithms of Garcia-Molina (1982), Chang and Roberts (1979), Ongaro and Ousterhout (2014).
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import lru_cache, partial

from dslab.concepts.elections.bully import Bully
from dslab.concepts.elections.members import MS, Cluster, Member, Timing
from dslab.concepts.elections.paxos import Paxos
from dslab.concepts.elections.raft import Raft
from dslab.concepts.elections.ring import ChangRoberts, Collect, ordered
from dslab.concepts.elections.switches import Switches
from dslab.concepts.elections.zookeeper import Ensemble
from dslab.sim import World
from dslab.sim.result import Metric, Result, Series

TEXTBOOK = Switches(quorum="one")


def _nodes(n: int, least: int = 2) -> int:
    if not isinstance(n, int) or isinstance(n, bool) or n < least:
        raise ValueError(f"an election among {n!r} nodes has no such count; use a whole number of at least {least}")  # fmt: skip
    return n


# -- closed forms ------------------------------------------------------------------------------------------


# [bully] m places below the top: m ask upwards, m - 1 answer, and so on down; then everybody is told
def bully_messages(n: int, below: int | None = None) -> int:
    """Give Bully's messages when the top of ``n`` nodes is dead and the one ``below`` places under it notices (None: the lowest)."""
    m = _nodes(n) - 1 if below is None else below
    if not 1 <= m <= n - 1:
        raise ValueError(f"a node {below!r} places below the top of {n} is not there; use 1 to {n - 1}")
    asked, answered, told = m * (m + 1) // 2, m * (m - 1) // 2, n - 2
    return asked + answered + told


# [/bully]


def bully_mean(n: int) -> float:
    """Give the mean over which of the n - 1 living nodes notices first."""
    return _nodes(n) * (2 * n - 1) / 6 + n - 2


def harmonic(n: int) -> float:
    """Give 1 + 1/2 + ... + 1/n."""
    return sum(1 / k for k in range(1, n + 1))


def ring_best(n: int) -> int:
    """Give Chang-Roberts' tokens where each but the largest is swallowed by its neighbour: 2n - 1."""
    return 2 * _nodes(n, 1) - 1


def ring_mean(n: int) -> float:
    """Give Chang-Roberts' mean number of tokens over all orders of the ring, all starting: n H(n)."""
    return _nodes(n, 1) * harmonic(n)


def ring_worst(n: int) -> int:
    """Give Chang-Roberts' tokens where the k-th smallest travels k steps: n(n + 1)/2."""
    return _nodes(n, 1) * (n + 1) // 2


def collect_messages(n: int, starters: int = 1) -> int:
    """Give the messages of collect and announce: two rounds for each node that starts."""
    return 2 * _nodes(n) * starters


def raft_messages(n: int) -> int:
    """Give Raft's messages without a split vote, all alive: n - 1 questions, n - 1 votes, n - 1 heartbeats."""
    return 3 * (_nodes(n) - 1)


def paxos_messages(n: int) -> int:
    """Give Paxos' messages until its proposer knows: prepare, promise, accept, accepted, each to or from n - 1."""
    return 4 * (_nodes(n) - 1)


def herd_messages(n: int, watch: str = "predecessor") -> int:
    """Give what a leader's end costs with ``n`` clients: three messages for each that is told (1, or with "lowest" n - 1)."""
    return 3 * (1 if watch == "predecessor" else _nodes(n) - 1)


# -- counted -----------------------------------------------------------------------------------------------


def _run(kind: type[Member], n: int, starters: Iterable[int], dead: int = 0, order: list[int] | None = None,
         switches: Switches = TEXTBOOK, budget: int = 1) -> Cluster:  # fmt: skip
    """Run one election in a World with a message delay of 1 ms, in which only ``starters`` ever suspect anybody."""
    world = World(name="count")
    timing = Timing(answer_us=50 * MS, suspect_us=(10_000 * MS, 20_000 * MS))
    cluster = Cluster(world, kind, n, switches, timing, budget)
    if order:
        ordered(cluster, order)
    cluster.start(starters)
    if dead:
        cluster.kill(dead)
    chosen = set(starters)
    for member in cluster.members.values():
        if member.number not in chosen:
            member.listen = partial(member.timer, None)  # type: ignore[method-assign]  # these only answer
    world.run(until_us=9_000 * MS)
    world.close()
    return cluster


def count_bully(n: int, below: int | None = None) -> int:
    """Count Bully's messages in a run: the top is dead, the node ``below`` places under it notices."""
    m = _nodes(n) - 1 if below is None else below
    return _run(Bully, n, [n - m], dead=n, budget=6).messages


def count_ring(order: list[int]) -> tuple[int, int]:
    """Count Chang-Roberts in a run on a ring in this ``order``, all starting: (tokens, announcements)."""
    sent = _run(ChangRoberts, len(order), sorted(order), order=order).sent
    return sent["token"], sent["elected"]


def mean_ring(n: int, rings: int = 200, seed: int = 10) -> float:
    """Give the mean number of tokens over ``rings`` random orders, by walking each: the k-th passes until a larger one."""
    rng, order, total = random.Random(seed), list(range(1, n + 1)), 0
    for _ in range(rings):
        rng.shuffle(order)
        total += tokens_on(order)
    return total / rings


def tokens_on(order: list[int]) -> int:
    """Count Chang-Roberts' tokens on a ring without running it: each travels to the next larger number; the largest goes home."""
    n, total = len(order), 0
    for place, number in enumerate(order):
        steps = 1
        while steps < n and order[(place + steps) % n] < number:
            steps += 1
        total += steps
    return total


def count_collect(n: int, starters: int = 1) -> int:
    """Count collect and announce in a run where nodes 1 to ``starters`` start."""
    return _run(Collect, n, range(1, starters + 1)).messages


def count_raft(n: int) -> int:
    """Count Raft's messages in a run: one candidate, no crash; its first heartbeats included."""
    cluster = _run(Raft, n, [1], switches=Switches())
    return cluster.messages + (n - 1)


def count_paxos(n: int) -> int:
    """Count Paxos' messages in a run with one proposer, until it knows that it leads."""
    return _run(Paxos, n, [1], switches=Switches()).messages


def count_herd(n: int, watch: str = "predecessor") -> tuple[int, int]:
    """End the leader's session among ``n`` clients; give (clients told, messages caused: told, asked, answered)."""
    world = World(name="herd")
    cluster = Ensemble(world, n, Switches(watch=watch), writes=0)
    cluster.start()
    world.run(until_us=1_000 * MS)
    before = dict(cluster.sent)
    cluster.service.end_session(1)
    world.run(until_us=2_000 * MS)
    told = cluster.sent.get("gone", 0) - before.get("gone", 0)
    asked = cluster.sent["children"] - before["children"]
    world.close()
    return told, told + 2 * asked


# -- growth ------------------------------------------------------------------------------------------------

CASES = ("best", "mean", "worst")
GROWTH = {
    "Bully": (partial(bully_messages, below=1), bully_mean, bully_messages),
    "Ring (Chang-Roberts)": (lambda n: ring_best(n) + n, lambda n: ring_mean(n) + n, lambda n: ring_worst(n) + n),
    "Ring (collect)": (collect_messages, None, lambda n: collect_messages(n, n)),
    "Paxos": (paxos_messages, None, None),
    "Raft": (raft_messages, None, None),
    "ZooKeeper": (herd_messages, None, lambda n: herd_messages(n, "lowest")),
}  # fmt: skip
SIZES = (3, 5, 10, 20, 50, 100)
COUNTED = (3, 5, 8)  # sizes that are counted in a run each time; a test counts more


@lru_cache(maxsize=256)
def counted(algorithm: str, case: str, n: int) -> float | None:
    """Count the messages of one election in a run (of the ring's mean: walk 300 orders); None where there is no such case."""
    if algorithm == "Bully":
        if case == "mean":
            return sum(count_bully(n, below) for below in range(1, n)) / (n - 1)
        return count_bully(n, 1 if case == "best" else None)
    if algorithm == "Ring (Chang-Roberts)":
        if case == "mean":
            return mean_ring(n, 300) + n
        order = list(range(1, n + 1))
        return sum(count_ring(order if case == "best" else order[::-1]))
    if algorithm == "Ring (collect)" and case != "mean":
        return count_collect(n, 1 if case == "best" else n)
    if algorithm == "ZooKeeper" and case != "mean":
        return count_herd(n, "predecessor" if case == "best" else "lowest")[1]
    if case == "best" and algorithm in ("Paxos", "Raft"):
        return count_paxos(n) if algorithm == "Paxos" else count_raft(n)
    return None


def growth(algorithm: str = "Bully", nodes: int = 5) -> Result:
    """Give the messages of one election for ``nodes`` nodes (3 to 20), counted and by the closed form, and how they grow.

    Metrics ``best``, ``mean``, ``worst`` (counted, where there is such a case) and ``per_node``. The series have the closed forms up to
    100 nodes and what was counted at a few sizes. ValueError for another algorithm or size.
    """
    if algorithm not in GROWTH:
        raise ValueError(f"algorithm={algorithm!r} is no choice; use one of {', '.join(map(repr, GROWTH))}")
    if not isinstance(nodes, int) or not 3 <= nodes <= 20:
        raise ValueError(f"nodes={nodes!r} is out of range; use a whole number from 3 to 20")
    series, metrics, told = {}, {}, []
    for case, form in zip(CASES, GROWTH[algorithm], strict=True):
        found = counted(algorithm, case, nodes)
        if form is None or (found is None and case != "mean"):
            continue
        if found is not None:
            metrics[case] = Metric(f"{case} case", float(found), "messages")
            told.append(f"{case} {found:,.4g}")
            points = sorted({*COUNTED, nodes})
            ys = tuple(float(counted(algorithm, case, n) or 0) for n in points)
            series[case] = Series(f"{case}, counted", tuple(map(float, points)), ys)
        series[f"{case} (theory)"] = Series(f"{case}, closed form", tuple(map(float, SIZES)), tuple(float(form(n)) for n in SIZES), "theory")  # fmt: skip
    largest = max(metric.value for metric in metrics.values())
    metrics["per_node"] = Metric("messages for each node, worst", largest / nodes, "")
    text = f"{algorithm}, {nodes} nodes: {', '.join(told)} messages counted; at worst {largest / nodes:.1f} for each node."
    return Result({"algorithm": algorithm, "nodes": nodes}, metrics, text, series)

"""One scenario for all five: a cluster has a leader, something happens after a second, and three more seconds are watched.

| word       | meaning                                                                                          |
|------------|--------------------------------------------------------------------------------------------------|
| kill       | the leader's machine dies                                                                        |
| pause      | the leader stands still for a second (a long garbage collection), and goes on                         |
| partition  | the leader and the smaller half of the others are cut off from the rest for a second and a half        |
| clock      | the clock of one follower (the lowest number that does not lead) begins to run five times as fast       |
| delay      | how long each message takes, in any of them                                                         |
| leaderless | time in which no acting leader reaches more than half of the cluster, after it happened                |
| doubled    | time in which two nodes act as leader                                                               |

Heartbeats every 50 ms, timeouts of 150 to 300 ms, sessions of 200 ms, Bully waits 50 ms for an answer. These times are chosen so that
all five can be looked at on one axis; they are nobody's defaults.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

from dslab.concepts.elections.bully import Bully
from dslab.concepts.elections.members import MS, Cluster
from dslab.concepts.elections.paxos import Paxos
from dslab.concepts.elections.raft import Raft
from dslab.concepts.elections.ring import ChangRoberts, Collect
from dslab.concepts.elections.switches import Switches
from dslab.concepts.elections.zookeeper import Ensemble
from dslab.sim import World
from dslab.sim.result import Metric, Result, Series

KINDS = {
    "Bully": Bully,
    "Ring (Chang-Roberts)": ChangRoberts,
    "Ring (collect)": Collect,
    "Paxos": Paxos,
    "Raft": Raft,
}
ALGORITHMS = (*KINDS, "ZooKeeper")
FAULTS = ("nothing", "kill", "pause", "partition", "clock")
AT_US, END_US = 1_000 * MS, 4_000 * MS
PAUSE_US, CUT_US = 1_000 * MS, 1_500 * MS
FAST_PPM = 4_000_000


def run(algorithm: str = "Raft", fault: str = "kill", nodes: int = 5, delay_ms: float = 2.0, quorum: str = "majority",
        seed: int = 4) -> Result:  # fmt: skip
    """Run one election scenario by the clock.

    ``algorithm`` is one of `ALGORITHMS`, ``fault`` one of `FAULTS`; ``nodes`` 3 to 9; ``delay_ms`` 0.1 to 200, one way;
    ``quorum`` as in `Switches` (ZooKeeper asks its service, whose own quorum is not modelled). ValueError for anything else.
    Metrics: ``leaderless_ms``, ``doubled_ms``, ``messages`` (of elections, after it happened; heartbeats apart), ``reigns`` (begun after
    it happened). The table ``reigns`` has who led under which number, from when to when (ms); ``series["acting"]`` how many acted.
    """
    _checked(algorithm, fault, nodes, delay_ms)
    cluster = _built(algorithm, nodes, delay_ms, Switches(quorum=quorum), seed)
    world, before = cluster.world, {}
    world.run(until_us=AT_US - 1)
    before.update(messages=cluster.messages, reigns=len(cluster.reigns))
    _strike(cluster, fault)
    cluster.note()
    world.run(until_us=END_US)
    result = _result(cluster, before, {"algorithm": algorithm, "fault": fault, "nodes": nodes, "delay_ms": delay_ms, "quorum": quorum})  # fmt: skip
    world.close()
    return result


def _checked(algorithm: str, fault: str, nodes: int, delay_ms: float) -> None:
    for name, value, known in (("algorithm", algorithm, ALGORITHMS), ("fault", fault, FAULTS)):
        if value not in known:
            raise ValueError(f"{name}={value!r} is no choice; use one of {', '.join(map(repr, known))}")
    if not isinstance(nodes, int) or not 3 <= nodes <= 9:
        raise ValueError(f"nodes={nodes!r} is out of range; use a whole number from 3 to 9")
    if not 0.1 <= delay_ms <= 200:
        raise ValueError(f"delay_ms={delay_ms!r} is out of range; use 0.1 to 200 ms")


def _built(algorithm: str, nodes: int, delay_ms: float, switches: Switches, seed: int) -> Cluster:
    world = World(seed, name=algorithm)
    world.link(latency=round(delay_ms * MS))
    if algorithm == "ZooKeeper":
        cluster: Cluster = Ensemble(world, nodes, switches, writes=1_000, pings=True, by_time=True, every_us=20 * MS)  # fmt: skip
        cluster.start()
    else:
        cluster = Cluster(world, KINDS[algorithm], nodes, switches)
        highest_first = algorithm in ("Bully", "Ring (Chang-Roberts)", "Ring (collect)")
        cluster.start([nodes if highest_first else 1])
    return cluster


def _strike(cluster: Cluster, fault: str) -> None:
    """Let it happen to whoever leads now (or, where nobody does, to node 1)."""
    world = cluster.world
    leader = (cluster.acting() or (1,))[0]
    others = [number for number in cluster.members if number != leader]
    if fault == "kill":
        world.at(AT_US, partial(cluster.kill, leader))
    elif fault == "pause":
        world.at(AT_US, partial(cluster.pause, leader))
        world.at(AT_US + PAUSE_US, partial(cluster.resume, leader))
    elif fault == "partition":
        few = (cluster.count + 1) // 2 - 1
        with_leader, rest = [leader, *others[: few - 1]], others[few - 1 :]
        world.at(AT_US, partial(_cut, cluster, with_leader, rest))
        world.at(AT_US + CUT_US, cluster.heal)
    elif fault == "clock":
        node = cluster.members[others[0]].node
        world.at(AT_US, partial(node.drift, FAST_PPM))


def _cut(cluster: Cluster, few: list[int], rest: list[int]) -> None:
    sides = [[str(number) for number in side] for side in (few, rest)]
    if isinstance(cluster, Ensemble):  # the service and the store stand on the larger side
        sides[1] += ["zk", "store"]
    cluster.world.partition(*sides)
    cluster.note()


def _result(cluster: Cluster, before: dict[str, int], params: dict[str, Any]) -> Result:
    steps = [(us, acting, useful) for us, acting, useful in cluster.changes if us < END_US] + [
        (END_US, (), True)
    ]
    leaderless = doubled = 0
    for (begun, acting, useful), (end, _, _) in pairwise(steps):
        lasts = max(0, end - max(begun, AT_US))
        leaderless += lasts * (not useful)
        doubled += lasts * (len(acting) > 1)
    reigns = [
        {"node": who, "number": number, "from_ms": begun / MS, "to_ms": (END_US if end is None else end) / MS}
        for who, number, begun, end in cluster.reigns
    ]
    metrics = {
        "leaderless_ms": Metric("no leader with a majority in reach", leaderless / MS, "ms"),
        "doubled_ms": Metric("two leaders act", doubled / MS, "ms"),
        "messages": Metric("messages of elections", cluster.messages - before["messages"], ""),
        "reigns": Metric("reigns begun", len(cluster.reigns) - before["reigns"], ""),
    }
    xs = [us / MS for us, _, _ in steps[:-1]] + [END_US / MS]
    ys = [float(len(acting)) for _, acting, _ in steps[:-1]]
    series = {"acting": Series("acting leaders", tuple(xs), (*ys, ys[-1]))}
    return Result(params, metrics, _told(params, metrics), series, {"reigns": reigns})


_WHAT = {"nothing": "Nothing happens", "kill": "The leader is killed", "pause": "The leader stands still for 1 s",
         "partition": "The leader is cut off with a minority for 1.5 s", "clock": "A follower's clock runs five times as fast"}  # fmt: skip


_NEEDS = {
    "one": "only its own word",
    "half": "half of the nodes",
    "majority": "a majority",
}


def _told(params: dict[str, Any], metrics: dict[str, Metric]) -> str:
    value = {name: metric.value for name, metric in metrics.items()}
    gap = f"{value['leaderless_ms']:.0f} ms without a leader that reaches a majority"
    two = f"two leaders act for {value['doubled_ms']:.0f} ms" if value["doubled_ms"] else "never two leaders at once"  # fmt: skip
    return (f"{params['algorithm']}, {params['nodes']} nodes, messages take {params['delay_ms']:g} ms. {_WHAT[params['fault']]}: {gap}; {two}; "
            f"{value['messages']:.0f} messages, {value['reigns']:.0f} reign{'s' * (value['reigns'] != 1)} begun. "
            f"Who wants to lead needs {_NEEDS[params['quorum']]}.")  # fmt: skip

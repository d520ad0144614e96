"""What goes wrong in an election when a mechanism is off: invariants, a scenario for each, and the table of both.

| word     | meaning                                                                                             |
|----------|-----------------------------------------------------------------------------------------------------|
| anomaly  | a scenario, the invariant it breaks, and the switch positions with which it does                       |
| defence  | a switch position whose absence the table tries                                                      |
| base     | every mechanism on (`dslab.concepts.elections.switches.Switches`)                                      |

`ANOMALIES` has them all by name; `search(name, **switches)` asks the referee; `matrix()` computes the table "which defence stops
which anomaly".
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any

from dslab.check import Anomaly as BaseAnomaly
from dslab.check import Cell, Scenario, Verdict, always, eventually, explore, named, searches, sometimes
from dslab.concepts.elections.bully import Bully
from dslab.concepts.elections.members import MS, Cluster, Member, Timing, cluster_of
from dslab.concepts.elections.paxos import Paxos
from dslab.concepts.elections.raft import Raft
from dslab.concepts.elections.raftlog import Entry, Log
from dslab.concepts.elections.ring import ChangRoberts, Collect, Ring
from dslab.concepts.elections.switches import Switches
from dslab.concepts.elections.zookeeper import Ensemble
from dslab.sim import World

LONG_DUEL = 6

# -- invariants -------------------------------------------------------------------------------------------


def _one_a_term(world: World) -> bool | str:
    for number, winners in cluster_of(world).winners.items():
        if len(winners) > 1:
            return f"nodes {' and '.join(map(str, winners))} both lead under number {number}"
    return True


def _one_at_a_time(world: World) -> bool | str:
    acting = world.facts["cluster"].acting()
    return len(acting) < 2 or f"nodes {' and '.join(map(str, acting))} act as leader at the same time"


def _one_at_rest(world: World) -> bool | str:
    leaders = cluster_of(world).leaders()
    return (
        len(leaders) < 2 or f"nothing happens any more, and nodes {' and '.join(map(str, leaders))} both lead"
    )


def _somebody(world: World) -> bool | str:
    return bool(cluster_of(world).acting()) or "nothing happens any more, and nobody leads"


def _no_complaint(rule: str) -> Callable[[World], bool | str]:
    def test(world: World) -> bool | str:
        found = world.facts["cluster"].complaints.get(rule)
        return not found or found[0]

    return test


def _no_long_duel(world: World) -> bool | str:
    rounds = max(member.round for member in world.facts["cluster"].members.values())
    return rounds <= LONG_DUEL or f"{rounds} ballots, and nothing is chosen"


def _one_wakes(world: World) -> bool | str:
    most = max(world.facts["cluster"].service.woken.values(), default=0)
    return most <= 1 or f"{most} clients are woken by one znode that goes"


ONE_LEADER_A_TERM = always("ONE_LEADER_A_TERM", "under one number (term, reign, epoch) only one node leads", _one_a_term)  # fmt: skip
ONE_AT_A_TIME = always("ONE_AT_A_TIME", "at no moment two nodes act as leader", _one_at_a_time)
ONE_AT_REST = eventually("ONE_AT_REST", "when nothing happens any more, at most one node leads", _one_at_rest)
SOMEBODY_LEADS = eventually("SOMEBODY_LEADS", "when nothing happens any more, somebody leads", _somebody)
COMMITTED_STAYS = always("COMMITTED_STAYS", "what was committed at an index is what everybody commits there", _no_complaint("COMMITTED_STAYS"))  # fmt: skip
NO_OLDER_EPOCH = always("NO_OLDER_EPOCH", "the store takes no write of an older epoch after one of a newer", _no_complaint("NO_OLDER_EPOCH"))  # fmt: skip
NO_LONG_DUEL = always(
    "NO_LONG_DUEL", f"a leader is chosen within {LONG_DUEL} rounds of ballots", _no_long_duel
)
ONE_WAKES = always("ONE_WAKES", "a znode that goes wakes at most one client", _one_wakes)
LED = sometimes("LED", "somebody leads", lambda world: bool(world.facts["cluster"].reigns))
STOOD = sometimes("STOOD", "two nodes stand for one term", lambda world: sum(m.term > 0 for m in world.facts["cluster"].members.values()) > 1)  # fmt: skip
WROTE = sometimes("WROTE", "two leaders write to the store", lambda world: world.facts["cluster"].store.highest > 1)  # fmt: skip
COMMITTED = sometimes("COMMITTED", "something is committed", lambda world: any(m.log.committed for m in world.facts["cluster"].members.values()))  # fmt: skip

# -- scenarios --------------------------------------------------------------------------------------------

LINKS = {"latency": MS}
SLOWEST_US = 20 * MS  # where time is what is asked for, no event is held back longer


def _cluster(kind: type[Member], count: int, switches: Switches, name: str, budget: int, patience_us: int | None = None,
             timing: Timing | None = None) -> Cluster:  # fmt: skip
    world = World(name=name, patience_us=patience_us)
    return Cluster(world, kind, count, switches, timing or Timing(), budget)


def _incumbent(cluster: Cluster, number: int) -> None:
    """Let a node lead from the beginning."""
    member = cluster.members[number]

    def begin() -> None:
        member.lead(1)
        if isinstance(member, Bully):
            member.phase, member.behind = "leader", {number}
            member.timer(cluster.timing.heartbeat_us)
        elif isinstance(member, Ring):
            member.beat()
        elif isinstance(member, Raft):
            member.term, member.voted_for = 1, number
            member.match = dict.fromkeys(member.others, 0)
            member.next = dict.fromkeys(member.others, 1)
            member.timer(cluster.timing.heartbeat_us)

    member.begin = begin  # type: ignore[method-assign]


def two_sides(kind: type[Member], name: str, switches: Switches) -> World:
    """Three nodes; 3 leads and is cut off alone; 2 suspects it."""
    cluster = _cluster(kind, 3, switches, name, budget=2)
    _incumbent(cluster, 3)
    cluster.partition([3], [1, 2])
    for number in (1, 2):
        cluster.members[number].listen = partial(cluster.members[number].timer, None)  # type: ignore[method-assign]
    cluster.start([2])
    return cluster.world


def halves(name: str, switches: Switches) -> World:
    """Raft: four nodes, cut into two and two; a candidate for the same term on each side."""
    cluster = _cluster(Raft, 4, switches, name, budget=1)
    cluster.partition([1, 2], [3, 4])
    cluster.start([1, 3])
    return cluster.world


def slow_answer(name: str, switches: Switches) -> World:
    """Bully: three living nodes, no leader yet; 2 asks, and no event is later than 20 ms."""
    cluster = _cluster(Bully, 3, switches, name, budget=2, patience_us=SLOWEST_US)
    for number in (1, 3):
        cluster.members[number].begin = lambda: None  # type: ignore[method-assign]
    cluster.start([2])
    return cluster.world


def all_start(name: str, switches: Switches) -> World:
    """Chang-Roberts: three nodes, all start at once; only messages decide."""
    cluster = _cluster(ChangRoberts, 3, switches, name, budget=1)
    for member in cluster.members.values():
        member.draw_us = lambda: 10**9  # type: ignore[method-assign]
        member.timer = lambda us: None  # type: ignore[method-assign]
    cluster.start([1, 2, 3])
    return cluster.world


def candidates(name: str, switches: Switches, dies: bool = False, budget: int = 1, kind: type[Member] = Raft) -> World:  # fmt: skip
    """Three nodes; 1 and 2 stand and do not hear each other; with ``dies`` 2 stands later, and 3 may die and come back."""
    cluster = _cluster(kind, 3, switches, name, budget)
    third = cluster.members[3]
    third.listen = partial(third.timer, None)  # type: ignore[method-assign]
    for number in (1, 2):
        cluster.members[number].listen = partial(cluster.members[number].timer, None)  # type: ignore[method-assign]
    cluster.world.cut("1", "2", both=True)
    if dies:
        cluster.may_die(3, back=True)
        second = cluster.members[2]
        second.begin = lambda: second.timer(10 * MS)  # type: ignore[method-assign]
    cluster.start([1, 2])
    return cluster.world


def _logged(cluster: Cluster, logs: dict[int, tuple[int, ...]], terms: dict[int, int]) -> None:
    for number, made in logs.items():
        member = cluster.members[number]
        assert isinstance(member, Raft)
        member.log = Log(Entry(index, term, f"{index} of term {term}") for index, term in enumerate(made, 1))
        member.term = terms.get(number, max(made))
        member.node.state["log"] = " ".join(map(str, made))


def stale_log(name: str, switches: Switches, stale: tuple[int, ...] = (1,)) -> World:
    """Raft: index 2 is committed on 1 and 2; 3, which lacks it, stands, and makes an entry as soon as it leads."""
    cluster = _cluster(Raft, 3, switches, name, budget=1)
    _logged(cluster, {1: (1, 2), 2: (1, 2), 3: stale}, {1: 2, 2: 2, 3: 2})
    cluster.world.facts["committed"] = {e.index: e for e in cluster.members[1].log.entries}  # type: ignore[attr-defined]
    for number in (1, 2, 3):
        cluster.members[number].proposes = f"new, by {number}"  # type: ignore[attr-defined]
    cluster.members[2].left = cluster.members[3].left = 0
    cluster.start([3])
    return cluster.world


def figure_8(name: str, switches: Switches) -> World:
    """Raft's Figure 8: 1 leads term 4 and spreads its entry of term 2; 5, which has one of term 3 there, stands for term 5. Only 3 hears both."""
    cluster = _cluster(Raft, 5, switches, name, budget=1)
    _logged(cluster, {1: (1, 2), 2: (1, 2), 3: (1,), 4: (1,), 5: (1, 3)}, {1: 3, 2: 3, 3: 3, 4: 3, 5: 4})
    for one, other in ((1, 4), (1, 5), (2, 4), (2, 5)):  # only 3 hears both sides
        cluster.world.cut(str(one), str(other), both=True)
    for number in (2, 3, 4):
        member = cluster.members[number]
        member.listen = partial(member.timer, None)  # type: ignore[method-assign]
    cluster.members[1].left = 0  # it sends each entry once: its heartbeats would only lengthen the schedule
    cluster.members[5].proposes = "new, by 5"  # type: ignore[attr-defined]
    cluster.start([1])
    return cluster.world


def divergent(name: str, switches: Switches) -> World:
    """Raft: 1 leads and has an entry where 3 has another, of an older leader."""
    cluster = _cluster(Raft, 3, switches, name, budget=1)
    _logged(cluster, {1: (1, 3), 2: (1, 3), 3: (1, 2)}, {1: 3, 2: 3, 3: 3})
    cluster.members[1].proposes = "new, by 1"  # type: ignore[attr-defined]
    for number in (2, 3):
        member = cluster.members[number]
        member.listen = partial(member.timer, None)  # type: ignore[method-assign]
    cluster.start([1])
    return cluster.world


def equal_timeouts(name: str, switches: Switches) -> World:
    """Raft: three nodes whose timeouts begin at the same moment; messages take 1 ms, no event is held back over 5 ms."""
    cluster = _cluster(Raft, 3, switches, name, budget=4, patience_us=5 * MS)
    cluster.start()
    return cluster.world


def duel(name: str, switches: Switches) -> World:
    """Paxos: 1 and 2 propose 3 ms apart; storing takes 3 ms; each tries at most eight times; no event is held back over 5 ms."""
    timing = Timing(disk_us=3 * MS)
    cluster = _cluster(Paxos, 3, switches, name, 8, 5 * MS, timing)
    first, second, third = cluster.members.values()
    for member in (first, second, third):
        member.listen = partial(member.timer, None)  # type: ignore[method-assign]
    second.begin = lambda: second.timer(3 * MS)  # type: ignore[method-assign]
    cluster.start([1])
    return cluster.world


def herd(name: str, switches: Switches) -> World:
    """ZooKeeper: four clients; the session of the leader may end."""
    ensemble = Ensemble(World(name=name), 4, switches, writes=0)
    ensemble.may_end_session(1)
    ensemble.start()
    return ensemble.world


def zombie(name: str, switches: Switches) -> World:
    """ZooKeeper: two clients, each leader writes once; the session of the first may end while it is about to write."""
    ensemble = Ensemble(World(name=name), 2, switches, writes=1)
    ensemble.may_end_session(1)
    ensemble.start()
    return ensemble.world


def dead_leader(name: str, switches: Switches) -> World:
    """ZooKeeper: the leader dies; 200 ms later its session ends."""
    ensemble = Ensemble(World(name=name), 2, switches, writes=0)
    world, service = ensemble.world, ensemble.service

    def dies() -> None:
        ensemble.kill(1)
        world.at(world.now + 200 * MS, partial(service.end_session, 1), "session of 1 ends", service.node)

    world.at(100 * MS, dies, "client 1 dies")
    ensemble.start()
    return world


def not_the_lowest(name: str, switches: Switches) -> World:
    """ZooKeeper: three clients; the session of the second may end while it is not the lowest."""
    ensemble = Ensemble(World(name=name), 3, switches, writes=0)
    ensemble.may_end_session(2, follower=True)
    ensemble.start()
    return ensemble.world


def gone_before_watched(name: str, switches: Switches) -> World:
    """ZooKeeper: two clients; the session of the first ends while the second looks."""
    ensemble = Ensemble(World(name=name), 2, switches, writes=0)
    ensemble.world.at(4 * MS, partial(ensemble.service.end_session, 1), "session of 1 ends", ensemble.service.node)  # fmt: skip
    ensemble.world.at(4 * MS, partial(ensemble.kill, 1), "client 1 dies")
    ensemble.start()
    return ensemble.world


# -- anomalies --------------------------------------------------------------------------------------------


class Anomaly(BaseAnomaly):
    """A way in which an election goes wrong."""

    switches = Switches

    @property
    def needs(self) -> int:
        """How many surprises the shortest schedule found has."""
        return _NEEDS.get(self.name, 0)


_ONE = ({"quorum": "one"},)
_HALVES = ({"quorum": "half"}, {"quorum": "one"})
_ROWS: tuple[tuple[Any, ...], ...] = (
    ("Bully: two sides", "each side has its own highest number", partial(two_sides, Bully), ONE_AT_REST, _ONE, "facts c.6"),
    ("Bully: slow answer", "silence is taken for death, too early", slow_answer, ONE_AT_A_TIME, ({"bounded": False},), "facts a: synchronous bounds"),
    ("Ring: two sides", "a ring that mends itself is two rings", partial(two_sides, ChangRoberts), ONE_AT_REST, _ONE, "facts c.6"),
    ("Ring: two lists", "two lists, each complete on its side", partial(two_sides, Collect), ONE_AT_REST, _ONE, "facts c.6"),
    ("Ring: every token comes home", "smaller numbers are passed on, too", all_start, ONE_AT_A_TIME, ({"swallow": False},), "facts a: swallow smaller ids"),
    ("Raft: two halves", "half of the votes on each side", halves, ONE_LEADER_A_TERM, _HALVES, "facts c.6"),
    ("Raft: two candidates", "one voter, two candidates", candidates, ONE_LEADER_A_TERM, ({"one_vote": False}, {"quorum": "one"}), "facts a: one vote per term"),
    ("Raft: forgotten vote", "a voter dies, comes back and votes again", partial(candidates, dies=True), ONE_LEADER_A_TERM, ({"durable": False},), "Raft, Figure 2"),
    ("Raft: stale log", "who lacks a committed entry wins", stale_log, COMMITTED_STAYS, ({"up_to_date": False},), "facts a: up-to-date rule"),
    ("Raft: Figure 8", "an entry of an older term is counted, and overwritten", figure_8, COMMITTED_STAYS, ({"current_term": False},), "Raft, Figure 8"),
    ("Raft: divergent logs", "an entry is appended after another one", divergent, COMMITTED_STAYS, ({"checks_previous": False},), "Raft, Figure 7"),
    ("Raft: split votes", "all time out together, again and again", equal_timeouts, SOMEBODY_LEADS, ({"randomised": False},), "facts c.7"),
    ("Paxos: own value", "a proposer does not adopt what may be chosen", partial(candidates, kind=Paxos), ONE_LEADER_A_TERM, ({"adopts": False},), "Lamport 2001"),
    ("Paxos: broken promise", "an acceptor accepts an older ballot", partial(candidates, kind=Paxos), ONE_LEADER_A_TERM, ({"keeps_promise": False},), "Lamport 2001"),
    ("Paxos: forgotten promise", "an acceptor dies and comes back empty", partial(candidates, dies=True, kind=Paxos), ONE_LEADER_A_TERM, ({"durable": False},), "Lamport 2001"),
    ("Paxos: duel", "two proposers overtake each other", duel, NO_LONG_DUEL, ({"backoff": False},), "facts a: duelling proposers"),
    ("ZooKeeper: herd", "everybody watches the leader", herd, ONE_WAKES, ({"watch": "lowest"},), "facts c.8"),
    ("ZooKeeper: zombie", "a leader whose session ended writes", zombie, NO_OLDER_EPOCH, ({"check": "none"}, {"check": "clock"}), "facts c.8"),
    ("ZooKeeper: dead leader stays", "a znode outlives its client", dead_leader, SOMEBODY_LEADS, ({"ephemeral": False},), "facts a: ephemeral nodes"),
    ("ZooKeeper: woken too early", "who is woken is not the lowest", not_the_lowest, ONE_AT_A_TIME, ({"rechecks": False},), "ZooKeeper recipe"),
)  # fmt: skip
_ALSO = {"Raft: stale log": (), "Raft: two halves": (STOOD,), "Raft: Figure 8": (COMMITTED,), "Raft: divergent logs": (COMMITTED,)}  # fmt: skip
# How many surprises the shortest schedule found has, where it is not 0; and to how many the default search goes, where it is not 2.
_NEEDS = {"Bully: slow answer": 1, "Raft: forgotten vote": 2, "Paxos: forgotten promise": 2, "ZooKeeper: herd": 1, "ZooKeeper: zombie": 2,
          "ZooKeeper: woken too early": 1}  # fmt: skip
_DEPTH = {"Raft: split votes": 1, "Paxos: duel": 1}


def _built(build: Callable[..., World], name: str) -> Callable[[Switches], World]:
    return lambda switches: build(name=name, switches=switches)


def _anomaly(
    name: str, title: str, build: Callable[..., World], invariant: Any, off: Any, source: str
) -> Anomaly:
    return Anomaly(name, title, _built(build, name), invariant, off, source, _ALSO.get(name, (LED,)), surprises=_DEPTH.get(name, 2))  # fmt: skip


ANOMALIES: dict[str, Anomaly] = {row[0]: _anomaly(*row) for row in _ROWS}

DEFENCES: dict[str, dict[str, Any]] = {
    "quorum": {"quorum": "one"},
    "more than half": {"quorum": "half"},
    "bounded delay": {"bounded": False},
    "swallowing": {"swallow": False},
    "one vote": {"one_vote": False},
    "stored votes": {"durable": False},
    "log check of votes": {"up_to_date": False},
    "own-term commits": {"current_term": False},
    "log check of appends": {"checks_previous": False},
    "random timeouts": {"randomised": False},
    "adopted value": {"adopts": False},
    "kept promises": {"keeps_promise": False},
    "back-off": {"backoff": False},
    "predecessor watch": {"watch": "lowest"},
    "fence": {"check": "none"},
    "ephemeral znodes": {"ephemeral": False},
    "second look": {"rechecks": False},
}


def search(name: str, deviations: int | None = None, budget: int = 20_000, **positions: Any) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with everything on but ``positions``."""
    return named(ANOMALIES, name).search(deviations, budget, **positions)


class _Watched(Switches):
    """Switches that note which of them a scenario asks for."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "seen", set())

    def __getattribute__(self, name: str) -> Any:
        if name in Switches.__dataclass_fields__ and "seen" in super().__getattribute__("__dict__"):
            self.seen.add(name)
        return super().__getattribute__(name)


def matrix(names: Iterable[str] = tuple(ANOMALIES), deviations: int = 1, budget: int = 2_000) -> Generator[float, None, list[Cell]]:  # fmt: skip
    """Search every anomaly with everything on and with each defence off: a generator of the share done; returns the cells.

    Up to ``deviations`` surprises; with nothing off, and with an anomaly's own defences off, up to as many as it needs. A defence that no schedule of a scenario asks for is not searched
    again: with it off every schedule is the same, and so is the verdict.
    """
    base: dict[str, tuple[Verdict, set[str]]] = {}

    def cell(name: str, off: str) -> Verdict:
        wanted = ANOMALIES[name]
        own = not off or DEFENCES[off] in wanted.off
        depth = max(deviations, wanted.needs) if own else deviations
        if not off:
            watched = _Watched()
            scenario = Scenario(name, lambda: wanted.build(watched), {})
            base[name] = explore(scenario, wanted.invariants, depth, budget), watched.seen
            return base[name][0]
        verdict, seen = base[name]
        if verdict.held and not seen & set(DEFENCES[off]):
            return verdict
        return search(name, depth, budget, **DEFENCES[off])

    return searches(names, ("", *DEFENCES), cell)

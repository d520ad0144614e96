"""Two elections on a ring: everybody knows only the next node.

| word      | meaning                                                                                           |
|-----------|---------------------------------------------------------------------------------------------------|
| next      | the neighbour; if it does not answer at all, the one after it: the ring mends itself                  |
| token     | Chang-Roberts: a number that travels; who has a larger one swallows it, whose own comes home leads       |
| elected   | Chang-Roberts: the announcement, once round                                                        |
| collect   | the other one: a list that everybody signs                                                         |
| announce  | the other one: the name of the largest in the list, once round                                       |

Chang-Roberts: all start at worst, and then the number of tokens passed is n(2n+1-...)/2 at most, n times the n-th harmonic number
on average (see `dslab.concepts.elections.counts`). Collect and announce: two rounds for each node that starts.
A ring that mends itself in a partition is two rings, and each elects a leader. With ``quorum`` "majority", which is in neither
algorithm, a leader needs to have seen more than half of all nodes on its way round.

Source: Chang and Roberts, "An improved algorithm for decentralized extrema-finding in circular configurations", 1979.
The monitoring is not theirs: here the leader sends heartbeats to all, and who misses them begins an election.
"""

from __future__ import annotations

from typing import Any

from dslab.concepts.elections.members import Cluster, Member


class Ring(Member):
    """What both have in common: a neighbour, heartbeats, a leader to follow."""

    @property
    def next(self) -> int:
        """The next node that can be reached, in the order of the ring; oneself where there is no other."""
        order: list[int] = getattr(self.cluster, "order", None) or list(self.cluster.members)
        place = order.index(self.number)
        for number in order[place + 1 :] + order[:place]:
            node = self.cluster.members[number].node
            if node.up and (self.node.id, node.id) not in self.world.cuts:
                return number
        return self.number

    def on_heartbeat(self, src: int, reign: int = 1) -> None:
        """Hear a leader."""
        if src != self.number:
            self.follow(src)

    def follow(self, leader: int) -> None:
        """Take ``leader`` for the leader."""
        self.stop_leading()
        self.leader = leader
        self.show(f"follows {leader}")
        self.listen()

    def win(self, seen: int) -> None:
        """Lead, if ``seen`` members on the way round are enough."""
        if seen < self.cluster.needed:
            self.listen()
            return
        self.lead(1)
        self.beat()

    def beat(self) -> None:
        """Send a heartbeat to all; who no longer reaches enough members stops."""
        if self.cluster.reaches(self.number) < self.cluster.needed:
            self.stop_leading()
            self.listen()
            return
        for number in self.others:
            self.post(number, "heartbeat")
        self.timer(self.cluster.timing.heartbeat_us)

    def timeout(self) -> None:
        """The leader beats; others suspect it."""
        if self.leads:
            self.beat()
        else:
            self.suspect()


class ChangRoberts(Ring):
    """A token for each number that takes part; only the largest comes home."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.takes_part = False

    def forget(self) -> None:
        """Take no part."""
        self.takes_part = False

    def suspect(self) -> None:
        """Send my own number round."""
        self.leader, self.takes_part = None, True
        self.pass_on("token", number=self.number, hops=1)
        self.timer(self.draw_us())

    def pass_on(self, name: str, **payload: Any) -> None:
        """Send to the next node (or to oneself, where there is no other)."""
        if self.next == self.number:
            getattr(self, f"on_{name}")(self.number, **payload)
        else:
            self.post(self.next, name, **payload)

    # [token] larger numbers pass, smaller ones are swallowed, my own has been all the way round
    def on_token(self, src: int, number: int, hops: int) -> None:
        """Pass a larger number on, swallow a smaller one, lead if it is mine."""
        if number == self.number:
            self.takes_part = False
            self.win(hops)
            self.pass_on("elected", leader=self.number)
        elif number > self.number or not self.switches.swallow:
            self.takes_part = True
            self.pass_on("token", number=number, hops=hops + 1)
        elif not self.takes_part:
            self.suspect()

    # [/token]

    def on_elected(self, src: int, leader: int) -> None:
        """Follow, and tell the next; the leader takes it off the ring."""
        if leader != self.number:
            self.takes_part = False
            self.follow(leader)
            self.pass_on("elected", leader=leader)


class Collect(Ring):
    """A list that goes round and is signed; then the largest in it is announced, once round."""

    def suspect(self) -> None:
        """Send a list round with my own number in it."""
        self.leader = None
        self.pass_on("collect", numbers=(self.number,))
        self.timer(self.draw_us())

    pass_on = ChangRoberts.pass_on

    # [collect] sign, pass on; the list is complete when it comes to somebody who has signed
    def on_collect(self, src: int, numbers: tuple[int, ...]) -> None:
        """Sign a list, or announce its largest number where I have signed already."""
        if self.number in numbers:
            enough = len(numbers) >= self.cluster.needed
            self.pass_on("announce", leader=max(numbers) if enough else 0, first=self.number, size=len(numbers))  # fmt: skip
        else:
            self.pass_on("collect", numbers=(*numbers, self.number))

    # [/collect]

    def on_announce(self, src: int, leader: int, first: int, size: int) -> None:
        """Follow whoever is announced, or lead; whoever announced it takes it off the ring."""
        if first != self.number:
            self.pass_on("announce", leader=leader, first=first, size=size)
        if leader == self.number:
            self.win(size)
        elif leader:
            self.follow(leader)


def ordered(cluster: Cluster, order: list[int]) -> Cluster:
    """Give the ring of ``cluster`` another order of its members. ValueError where somebody is missing or twice in it."""
    if sorted(order) != sorted(cluster.members):
        raise ValueError(f"a ring needs each of the {cluster.count} members once; got {order!r}")
    cluster.order = list(order)  # type: ignore[attr-defined]
    return cluster

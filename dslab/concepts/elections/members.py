"""What all elections share: a cluster of members with one mailbox and one timer each, and the record of who led when.

| word      | meaning                                                                                              |
|-----------|------------------------------------------------------------------------------------------------------|
| member    | a node that takes part: it sleeps until a message comes or its timer runs out, does one thing, and sleeps again |
| suspicion | the timer ran out and nothing was heard of the leader: it may be dead, slow, or cut off                  |
| reign     | a member leads, under a number (term, ballot, epoch) where the algorithm has one                         |
| acting    | leads, and is neither dead nor standing still                                                          |
| useful    | an acting leader that reaches more than half of the cluster, itself included                            |
| budget    | how often timers of a member may run out; then it waits for messages only, so that a search comes to rest |

All times are whole microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from dslab.concepts.elections.quorums import needed
from dslab.concepts.elections.switches import Switches
from dslab.sim import Mailbox, World, sleep

MS = 1_000
BEATS = ("heartbeat", "heard")  # what is not counted as a message of the election itself


class Timing:
    """How long things take: ``heartbeat_us`` between two heartbeats, ``suspect_us`` the range from which a timeout is drawn.

    ``answer_us``: how long Bully waits for an answer; ``disk_us``: how long Raft and Paxos need to store a vote before they send it.
    """

    def __init__(self, heartbeat_us: int = 50 * MS, suspect_us: tuple[int, int] = (150 * MS, 300 * MS),
                 answer_us: int = 50 * MS, disk_us: int = 0) -> None:  # fmt: skip
        self.heartbeat_us, self.suspect_us, self.answer_us, self.disk_us = (
            heartbeat_us,
            suspect_us,
            answer_us,
            disk_us,
        )


class Cluster:
    """``count`` members of ``kind`` in a ``world``. ``sent`` counts messages by name, ``reigns`` has [member, number, from, until].

    ``budget``: how often each member's timer may run out (None: for ever). The world's ``facts["cluster"]`` is this.
    """

    def __init__(self, world: World, kind: type[Member], count: int, switches: Switches | None = None,
                 timing: Timing | None = None, budget: int | None = None) -> None:  # fmt: skip
        if not isinstance(count, int) or count < 1:
            raise ValueError(
                f"a cluster of {count!r} members is not possible; use a whole number of at least 1"
            )
        self.world, self.count, self.budget = world, count, budget
        self.switches, self.timing = switches or Switches(), timing or Timing()
        self.sent: dict[str, int] = {}
        self.reigns: list[list[Any]] = []
        self.winners: dict[int, list[int]] = {}  # of each number: who led under it
        self.changes: list[tuple[int, tuple[int, ...], bool]] = []  # (time, acting leaders, one is useful)
        self.complaints: dict[str, list[str]] = {}  # what should not have happened, by the name of the rule
        world.facts["cluster"] = self
        self.members: dict[int, Member] = {}
        for number in range(1, count + 1):
            self.members[number] = kind(self, number)

    @property
    def needed(self) -> int:
        """How many members a leader needs behind it, itself included."""
        return needed(self.count, self.switches.quorum)

    @property
    def messages(self) -> int:
        """How many messages the elections took so far, without heartbeats."""
        return sum(sent for name, sent in self.sent.items() if name not in BEATS)

    def start(self, numbers: Iterable[int] = ()) -> None:
        """Start all members; those of ``numbers`` suspect the leader at once."""
        chosen = set(numbers)
        for number, member in self.members.items():
            member.suspicious = number in chosen
            member.node.boot = member.boot
            member.node.spawn(member.live())

    def complain(self, rule: str, sentence: str) -> None:
        """Remember that something happened which ``rule`` forbids."""
        self.complaints.setdefault(rule, []).append(sentence)

    # -- who leads -----------------------------------------------------------------------------------

    def acting(self) -> tuple[int, ...]:
        """Give the members that lead, and are neither dead nor standing still."""
        return tuple(n for n, m in self.members.items() if m.leads and m.node.up and not m.node.paused)

    def leaders(self) -> tuple[int, ...]:
        """Give the members that believe they lead: acting ones, and those that stand still."""
        return tuple(n for n, m in self.members.items() if m.leads and m.node.up)

    def reaches(self, number: int) -> int:
        """Give how many members, itself included, ``number`` can exchange messages with now."""
        own = self.members[number].node.id
        cuts, count = self.world.cuts, 0
        for other, member in self.members.items():
            node = member.node
            apart = (own, node.id) in cuts or (node.id, own) in cuts
            count += other == number or (node.up and not node.paused and not apart)
        return count

    def note(self) -> None:
        """Note who leads now; call it after every fault, too."""
        acting = self.acting()
        useful = any(2 * self.reaches(number) > self.count for number in acting)
        self.changes.append((self.world.now, acting, useful))

    # -- faults --------------------------------------------------------------------------------------

    def kill(self, number: int) -> None:
        """Kill a member: its reign ends, its memory is gone but for what is durable."""
        member = self.members[number]
        if member.node.up:
            member.stop_leading()
            member.node.crash()
            self.note()

    def restart(self, number: int) -> None:
        """Start a killed member again."""
        self.members[number].node.restart()
        self.note()

    def pause(self, number: int) -> None:
        """Let a member stand still."""
        self.members[number].node.pause()
        self.note()

    def resume(self, number: int) -> None:
        """Let a member go on."""
        self.members[number].node.resume()
        self.note()

    def partition(self, *sides: Iterable[int]) -> None:
        """Cut the cluster into ``sides`` (lists of numbers)."""
        self.world.partition(*([self.members[number].node.id for number in side] for side in sides))
        self.note()

    def heal(self) -> None:
        """End the partition."""
        self.world.heal()
        self.note()

    def may_die(self, number: int, back: bool = False) -> None:
        """Let a driver that chooses kill a member (``back``: and start it again), once."""
        node = self.members[number].node
        self.world.may(f"node {number} dies", lambda: self.kill(number), 1, lambda: node.up, node, "crash")
        if back:
            self.world.may(f"node {number} is back", lambda: self.restart(number), 1, lambda: not node.up, node, "restart")  # fmt: skip

    def may_pause(self, number: int) -> None:
        """Let a driver that chooses make a member stand still, and go on, once."""
        node = self.members[number].node
        self.world.may(f"node {number} stands still", lambda: self.pause(number), 1, lambda: node.up and not node.paused, node, "pause")  # fmt: skip
        self.world.may(f"node {number} goes on", lambda: self.resume(number), 1, lambda: node.paused, node, "resume")  # fmt: skip


class Member:
    """One member. A subclass says what it does: ``begin``, ``timeout``, and ``on_<message>(src, ...)`` for each message."""

    word, first_role = "Node", "follower"

    def __init__(self, cluster: Cluster, number: int) -> None:
        self.cluster, self.number, self.world = cluster, number, cluster.world
        self.node = self.world.node(str(number), label=f"{self.word} {number}", role=self.first_role)
        self.box = Mailbox(self.node)
        self.deadline: int | None = None
        self.suspicious = False
        self.left = cluster.budget
        self.leads = 0  # the number of its reign, 0 where it does not lead
        self.leader: int | None = None  # whom it follows

    @property
    def switches(self) -> Switches:
        """The cluster's switches."""
        return self.cluster.switches

    @property
    def others(self) -> list[int]:
        """All other members' numbers."""
        return [number for number in self.cluster.members if number != self.number]

    # [live] one mailbox, one timer: whatever comes first
    async def live(self) -> None:
        """Take messages and timeouts, one at a time, for ever."""
        self.begin()
        while True:
            try:
                message = await self.box.get(self._wait_us())
            except TimeoutError:
                self.deadline = None
                self.left = None if self.left is None else self.left - 1
                self.timeout()
                continue
            getattr(self, f"on_{message.name}")(int(message.src), **message.payload)

    # [/live]

    def boot(self) -> Any:
        """Come back after a crash: forget what is volatile, and live."""
        self.leads, self.leader, self.deadline, self.suspicious = 0, None, None, False
        self.forget()
        return self.live()

    def begin(self) -> None:
        """Do what a member does first: wait for a leader, or suspect it at once."""
        if self.suspicious:
            self.suspect()
        else:
            self.listen()

    def listen(self) -> None:
        """Wait for a heartbeat, as long as the timeout says."""
        self.timer(self.draw_us())

    def suspect(self) -> None:
        """Begin an election."""
        raise NotImplementedError

    def timeout(self) -> None:
        """Do what is due when the timer runs out."""
        raise NotImplementedError

    def forget(self) -> None:
        """Lose what a crash wipes."""

    # -- tools -----------------------------------------------------------------------------------------

    def timer(self, us: int | None) -> None:
        """Set the one timer, by the member's own clock (None: none); nothing once the budget is spent."""
        if us is None or self.left == 0:
            self.deadline = None
            return
        rate = 1_000_000 + self.node.drift_ppm
        self.deadline = self.world.now + us * 1_000_000 // rate

    def _wait_us(self) -> int | None:
        return None if self.deadline is None else max(0, self.deadline - self.world.now)

    def draw_us(self) -> int:
        """Draw a timeout for suspecting the leader."""
        low, high = self.cluster.timing.suspect_us
        if not self.switches.randomised or low == high:
            return low
        return self.world.rng.randint(low, high)

    def post(self, dst: int, name: str, **payload: Any) -> None:
        """Send a message to another member, and count it."""
        sent = self.cluster.sent
        sent[name] = sent.get(name, 0) + 1
        self.node.send(self.cluster.members[dst].node.id, name, **payload)

    def post_stored(self, dst: int, name: str, **payload: Any) -> None:
        """Send a message after what it promises has been stored on disk."""
        disk_us = self.cluster.timing.disk_us
        if not disk_us:
            self.post(dst, name, **payload)
            return

        async def store() -> None:
            await sleep(disk_us)
            self.post(dst, name, **payload)

        self.node.spawn(store(), f"{self.node.id} disk")

    def lead(self, number: int) -> None:
        """Begin to lead under ``number`` (at least 1)."""
        if self.leads == number:
            return
        self.stop_leading()
        self.leads, self.leader = number, self.number
        self.cluster.reigns.append([self.number, number, self.world.now, None])
        winners = self.cluster.winners.setdefault(number, [])
        if self.number not in winners:
            winners.append(self.number)
        self.show("leader", number)
        self.cluster.note()

    def stop_leading(self) -> None:
        """Stop leading, if it does."""
        if self.leads:
            self.leads = 0
            for reign in reversed(self.cluster.reigns):
                if reign[0] == self.number:
                    reign[3] = self.world.now
                    break
            self.show("follower")
            self.cluster.note()

    def show(self, role: str, number: int | None = None) -> None:
        """Show the role on the member's lane of the trace."""
        self.node.state["role"] = role if number is None else f"{role}, {self.reign_word} {number}"

    reign_word = "reign"


def cluster_of(world: World) -> Cluster:
    """Give the cluster that a scenario built into ``world``."""
    return world.facts["cluster"]


Build = Callable[[Switches], World]

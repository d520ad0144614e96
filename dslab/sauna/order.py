"""From the sauna to the theory: what an observer may conclude from clocks, and what a group may deliver in which order.

| word            | meaning                                                                                          |
|-----------------|--------------------------------------------------------------------------------------------------|
| happened before | before on the same lane, or a send and its receive, or a chain of these (Lamport 1978)             |
| concurrent      | neither happened before the other: nothing of the one can have reached the other                   |
| stamp           | what an event carries: Lamport's number, or a vector with a count for each member                   |
| deliver         | to hand a received message to the reader; it may be received, and kept, before that                 |
| delivery rule   | deliver a message when it is the next of its sender and all that its sender had seen is delivered    |
| back channel    | a way for news that the clocks do not see: a shout through the door, a telephone, a wall           |

The delivery rule is the causal broadcast of Birman, Schiper and Stephenson (1991); its vectors count broadcasts only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dslab.sauna.switches import MINUTE_US, Switches
from dslab.sim import World, sleep
from dslab.sim.clocks import happened_before, merged


@dataclass(frozen=True)
class Post:
    """A broadcast: who says what, and the vector of broadcasts that its sender had delivered, this one included.

    ``answers``: the text that its author had in mind, "" for none; the protocol never looks at it.
    """

    sender: str
    text: str
    vector: tuple[tuple[str, int], ...]
    answers: str = ""

    def __str__(self) -> str:
        return self.text


class Member:
    """One of a group that broadcasts: receives, keeps what is too early, delivers."""

    def __init__(self, group: Group, name: str) -> None:
        self.group, self.name, self.switches = group, name, group.switches
        self.delivered: list[Post] = []
        self.kept: list[Post] = []
        self.seen: dict[str, int] = {}
        self.node = group.world.node(name, label=name.capitalize(), kind="client", delivered="nothing")
        self.node.on("post", self.receive).on("shout", self.hear)

    def broadcast(self, text: str, answers: str = "") -> None:
        """Send ``text`` to everybody else; one's own is delivered at once."""
        vector = self.seen | {self.name: self.seen.get(self.name, 0) + 1}
        post = Post(self.name, text, tuple(sorted(vector.items())), answers)
        self._deliver(post)
        for other in self.group.members:
            if other != self.name:
                self.node.send(other, "post", post=post)

    def shout(self, to: str, text: str) -> None:
        """Call something through the door: no broadcast, and no clock unless the switch says so."""
        seen = dict(self.seen) if self.switches.tracked_shout else None
        self.node.send(to, "shout", text=text, seen=seen)

    def hear(self, text: str, seen: dict[str, int] | None) -> None:
        """Hear a shout; where it carries a clock, whatever is broadcast from now on depends on what that clock has seen."""
        if seen is not None:
            self.seen = merged(self.seen, seen)
        self.group.heard(self, text)

    # [delivery] the next of its sender's, and all that its sender had delivered of the others'
    def is_ready(self, post: Post) -> bool:
        """Say whether ``post`` may be delivered now."""
        if not self.switches.delivery_rule:
            return True
        # How many broadcasts of each I have delivered. The vector counts the post itself, hence the one more.
        mine = {one: sum(other.sender == one for other in self.delivered) for one in self.group.members}
        if self.switches.bug == "checks the sender only":
            return mine[post.sender] + 1 == dict(post.vector)[post.sender]
        return all(mine[one] + (one == post.sender) >= count for one, count in post.vector)

    # [/delivery]
    def receive(self, post: Post) -> None:
        """Keep a post until it may be delivered; a delivery may make others ready."""
        self.kept.append(post)
        while ready := [kept for kept in self.kept if self.is_ready(kept)]:
            self.kept.remove(ready[0])
            self._deliver(ready[0])
        self._show()

    def _deliver(self, post: Post) -> None:
        self.delivered.append(post)
        if post.sender != self.name:
            self.group.world.note(self.node, f"reads “{post.text}”")
        self.seen = merged(self.seen, dict(post.vector))
        self._show()
        self.group.delivered(self, post)

    def _show(self) -> None:
        self.node.state["delivered"] = [str(post) for post in self.delivered] or "nothing"
        if self.kept or "kept" in self.node.state:
            self.node.state["kept"] = [str(post) for post in self.kept] or "nothing"


@dataclass
class Group:
    """Members of a broadcast group in one World, and what each does when it delivers or hears something."""

    world: World
    switches: Switches
    members: dict[str, Member] = field(default_factory=dict)
    replies: dict[tuple[str, str], str] = field(default_factory=dict)  # (member, text) to the answer it gives
    shouts: dict[tuple[str, str], str] = field(default_factory=dict)  # (member, text) to whom it shouts it

    def __post_init__(self) -> None:
        self.world.facts["group"] = self

    def join(self, *names: str) -> Group:
        """Add members."""
        for name in names:
            self.members[name] = Member(self, name)
        return self

    def delivered(self, member: Member, post: Post) -> None:
        """Let a member act on what it has just delivered."""
        if to := self.shouts.pop((member.name, post.text), ""):
            member.shout(to, post.text)
        if answer := self.replies.pop((member.name, post.text), ""):
            member.broadcast(answer, post.text)

    def heard(self, member: Member, text: str) -> None:
        """Let a member act on a shout."""
        if answer := self.replies.pop((member.name, text), ""):
            member.broadcast(answer, text)

    def early_answers(self) -> list[str]:
        """Give a sentence for each answer that somebody delivered before what it answers."""
        found = []
        for member in self.members.values():
            texts = [post.text for post in member.delivered]
            for post in member.delivered:
                if (
                    post.sender != member.name
                    and post.answers
                    and post.answers not in texts[: texts.index(post.text)]
                ):
                    found.append(
                        f"{member.node.label} read “{post.text}” before “{post.answers}”, which it answers"
                    )
        return found


def question_and_answer(
    switches: Switches,
    late_ms: int = 1,
    early_ms: int = 1,
    shouted: bool = False,
    name: str = "overtaking answer",
) -> World:
    """Ann asks, Ben answers, Cy reads both. Ann's message to Cy takes ``late_ms``, all others ``early_ms``.

    ``shouted``: Ann first calls the question through the door, and Ben answers what he heard there.
    """
    world = World(name=name)
    group = Group(world, switches).join("ann", "ben", "cy")
    world.link(latency=early_ms * 1_000)
    world.link("ann", "cy", latency=late_ms * 1_000)
    if shouted:  # before anything is sent: sound is faster than the post
        group.shouts["ann", "Is it hot?"] = "ben"
    group.replies["ben", "Is it hot?"] = "Very."

    async def ask() -> None:
        group.members["ann"].broadcast("Is it hot?")

    group.members["ann"].node.spawn(ask())
    return world


# -- an observer --------------------------------------------------------------------------------------


class Observer:
    """Reads stamped reports and concludes, of each pair, which event came first and so may have caused the other."""

    def __init__(self, world: World, switches: Switches) -> None:
        self.switches = switches
        self.reports: list[tuple[str, dict[str, int], int]] = []
        self.conclusions: list[tuple[str, str]] = []
        self.node = world.node("judge", label="Judge", kind="store", concludes="nothing")
        self.node.on("report", self.report)
        world.facts["observer"] = self

    # [conclude] smaller number, so it came first, so it is the cause: the first two steps are not the same
    def concludes(self, one: tuple, other: tuple) -> bool:
        """Say whether ``one`` is taken for a cause of ``other``."""
        if self.switches.stamps == "lamport":
            return one[2] < other[2]
        return happened_before(one[1], other[1])

    # [/conclude]
    def report(self, text: str, vector: dict[str, int], lamport: int) -> None:
        """Take a report and compare it with those before."""
        new = (text, vector, lamport)
        for old in self.reports:
            for one, other in ((old, new), (new, old)):
                if self.concludes(one, other):
                    self.conclusions.append((one[0], other[0]))
                    self.node.state["concludes"] = f"{one[0]} caused {other[0]}"
        self.reports.append(new)

    def false_conclusions(self) -> list[str]:
        """Give a sentence for each cause that cannot have been one."""
        vectors = {text: vector for text, vector, _ in self.reports}
        return [f"the judge says that “{one}” caused “{other}”, but nothing of the one can have reached the other"
                for one, other in self.conclusions if not happened_before(vectors[one], vectors[other])]  # fmt: skip


def two_strangers(switches: Switches, name: str = "Lamport trap") -> World:
    """Ann opens the stove; far away, after some steps of his own, Ben faints. Both report to a judge."""
    world = World(name=name)
    Observer(world, switches)
    told = {"ann": ("ann opens the stove", 1), "ben": ("ben faints", 3)}

    def act(who: str) -> Any:
        node = world.node(who, label=who.capitalize(), kind="client", clock=0)

        async def live() -> None:
            text, steps = told[who]
            for _ in range(steps):
                await sleep(MINUTE_US)
                node.state["clock"] += 1
            node.send("judge", "report", text=text, vector={who: steps}, lamport=steps)

        node.spawn(live())

    act("ann")
    act("ben")
    return world

"""The Palace: three Emirs, elections, a partition, and the archive that has to tell them apart.

| word      | meaning                                                                                          |
|-----------|--------------------------------------------------------------------------------------------------|
| Emir      | a leader: takes petitions (writes) and acknowledges them                                            |
| archive   | the one resource that outlives Emirs; with `fencing` it refuses a smaller epoch                     |
| lease     | leadership that ends by itself: what an office grants for `LEASE_US`, and grants nobody else meanwhile |
| branch    | what one side wrote while it heard nothing of the others                                             |
| side      | the nodes that can hear each other during a partition                                                |
| peace     | the end of the partition: branches are merged, and the last writer wins                              |

The zombie: an Emir gets an epoch with a lease, looks whether the lease is over, and writes. The office never grants two leases
that overlap, and all clocks are right. But between the look and the arrival of the write any time may pass; meanwhile the lease
ends, another Emir gets the next epoch and writes. The archive decides.

The partition: an Emir asks who can hear it, and acknowledges a petition if enough can (`quorum`). It applies the petition at
everybody who answered, then acknowledges. When peace comes, of each branch the one written last survives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dslab.algasr.switches import Switches
from dslab.sim import World, gather, sleep, step
from dslab.sim.fence import Fence, Office, quorum

PATIENCE_US = 20_000  # how long an Emir waits for an answer
LEASE_US = 5_000
FIRST_EPOCH = 7
Rule = Callable[[str, str, list[str], list[str]], bool]


class Archive:
    """The resource that all Emirs write to; ``complaints`` remembers what should not have happened."""

    def __init__(self, world: World, switches: Switches) -> None:
        self.world, self.switches = world, switches
        self.fence = Fence()
        self.value, self.epoch, self.accepted = "x=0", 0, 0
        self.complaints: list[str] = []
        seen = {"highest": 0} if switches.fencing else {}  # without a fence it remembers no epoch
        self.node = world.node("archive", label="Archive", kind="store", holds="x=0", **seen)
        self.node.on("write", self.write)
        world.facts["archive"] = self

    # [write] the archive looks at the token before it looks at the value
    def write(self, epoch: int, value: str) -> bool:
        """Take a write if the fence admits its epoch; give whether it was taken."""
        if self.switches.fencing and not self._admits(epoch):
            self.node.state["last"] = f"refused {value} of epoch {epoch}"
            return False
        if epoch < self.epoch:
            self.complaints.append(f"{value} of epoch {epoch} replaced {self.value} of epoch {self.epoch}")
        self.value, self.epoch = value, epoch
        # [/write]
        self.accepted += 1
        self.node.state.update(holds=f"{value} (epoch {epoch})", last=f"took {value}")
        if self.switches.fencing:
            self.node.state["highest"] = self.fence.highest
        return True

    def _admits(self, epoch: int) -> bool:
        if self.switches.bug == "asks the office":
            return True
        if self.switches.bug == "epochs as text":
            if str(epoch) < str(self.fence.highest or ""):
                return False
            self.fence.highest = epoch
            return True
        return self.fence.admit(epoch)


def zombie(switches: Switches, first_epoch: int = FIRST_EPOCH) -> World:
    """Emir 1 gets an epoch and a lease, and writes; when its lease is over Emir 2 gets the next epoch and writes."""
    world = World(name="zombie leader")
    archive, office = Archive(world, switches), Office(first_epoch - 1)
    desk = world.node("office", label="Office of epochs", kind="service", epoch=first_epoch - 1)
    grants: list[int] = []  # when each was made
    world.facts["grants"] = grants

    def grant(holder: str) -> int:
        if grants and world.now < grants[-1] + LEASE_US:
            return 0  # somebody else's lease runs
        grants.append(world.now)
        desk.state["epoch"] = epoch = office.grant(holder)
        return epoch

    desk.on("grant", grant).on("latest", lambda: office.last)

    async def reign(name: str, value: str, after_us: int) -> None:
        emir = world.nodes[name]
        await sleep(after_us)
        until = (
            world.now + LEASE_US
        )  # from the moment of asking, so it never ends later than the office thinks
        epoch = await emir.call("office", "grant", holder=name)
        emir.state["epoch"] = epoch or "refused: somebody else's lease runs"
        if not epoch or (switches.bug == "asks the office" and await emir.call("office", "latest") != epoch):
            return
        await step("looks at its lease")
        emir.state["lease"] = "valid" if world.now < until else "over"
        if world.now >= until:
            return
        await step("writes: its lease was valid")
        operation = world.invoke(name, "write", value=value, epoch=epoch)
        taken = await emir.call("archive", "write", epoch=epoch, value=value)
        emir.state["told"] = "taken" if taken else "refused: too old"
        world.respond(operation, "ok" if taken else "fail")

    for place, after_us in ((1, 0), (2, 2 * LEASE_US)):
        node = world.node(f"emir {place}", label=f"Emir {place}", kind="leader", epoch="none")
        node.spawn(reign(node.id, f"x={place}", after_us))
    assert archive.value == "x=0"
    return world


# -- elections --------------------------------------------------------------------------------------------


class Elections:
    """Nodes that vote at most once an epoch, and candidates that count. ``winners`` maps an epoch to who won it."""

    def __init__(self, world: World, switches: Switches, nodes: int) -> None:
        self.world, self.switches, self.names = world, switches, [f"emir {i + 1}" for i in range(nodes)]
        self.votes: dict[str, dict[int, str]] = {name: {} for name in self.names}
        self.winners: dict[int, list[str]] = {}
        world.facts["elections"] = self
        for name in self.names:
            node = world.node(name, label=name.capitalize(), kind="leader", voted="nobody")
            node.on("vote", lambda epoch, candidate, me=name: self.vote(me, epoch, candidate))

    # [vote] one vote an epoch: the only promise that an election is made of
    def vote(self, me: str, epoch: int, candidate: str) -> bool:
        """Vote for the first candidate of an epoch that asks; give whether it got the vote."""
        given = self.votes[me].setdefault(epoch, candidate)
        self.world.nodes[me].state["voted"] = f"{given} in {epoch}"
        return given == candidate or self.switches.bug == "votes twice"

    # [/vote]
    async def stand(self, name: str, epoch: int = 1) -> None:
        """Ask everybody for a vote and count those that come in time."""
        node, votes = self.world.nodes[name], int(self.vote(name, epoch, name))
        others = [other for other in self.names if other != name]
        asked = [node.request(other, "vote", epoch=epoch, candidate=name) for other in others]
        for answer in asked:
            try:
                votes += await answer.wait(PATIENCE_US)
            except TimeoutError:
                votes += self.switches.bug == "counts invitations"
        if votes >= quorum(len(self.names), self.switches.quorum):
            self.winners.setdefault(epoch, []).append(name)
            node.state["reigns"] = f"epoch {epoch}, {votes} votes"


def even_split(switches: Switches) -> World:
    """Four nodes, a partition of two against two, and a candidate on each side for the same epoch."""
    world = World(name="even split")
    elections = Elections(world, switches, 4)
    world.partition(["emir 1", "emir 2"], ["emir 3", "emir 4"])
    for name in ("emir 1", "emir 3"):
        world.nodes[name].spawn(elections.stand(name))
    return world


def two_candidates(switches: Switches) -> World:
    """Three nodes, no partition, and two candidates for the same epoch at the same moment."""
    world = World(name="two candidates")
    elections = Elections(world, switches, 3)
    for name in ("emir 1", "emir 2"):
        world.nodes[name].spawn(elections.stand(name))
    return world


def second_term(switches: Switches) -> World:
    """Three nodes, no partition: Emir 1 stands for epoch 1, and when that is done Emir 2 for epoch 2."""
    world = World(name="second term")
    elections = Elections(world, switches, 3)

    async def one_after_the_other() -> None:
        await elections.stand("emir 1", 1)
        await gather(world.nodes["emir 2"].spawn(elections.stand("emir 2", 2)))

    world.nodes["emir 1"].spawn(one_after_the_other())
    return world


# -- the partition ----------------------------------------------------------------------------------------


class Reign:
    """Emirs that each hold a copy of the town's ledger; `acknowledged` is what they promised, `history` what each copy has."""

    def __init__(self, world: World, switches: Switches, emirs: int = 3, rule: Rule | None = None) -> None:
        self.world, self.switches, self.rule = world, switches, rule
        self.names = [f"emir {place + 1}" for place in range(emirs)]
        self.history: dict[str, dict[str, list[str]]] = {name: {} for name in self.names}
        self.stamps: dict[str, dict[str, int]] = {name: {} for name in self.names}
        self.acknowledged: list[tuple[str, str, str]] = []  # (key, petition, who)
        self.refused = 0
        self.merged = False
        world.facts["reign"] = self
        for name in self.names:
            node = world.node(name, label=name.capitalize(), kind="leader", ledger="")
            node.on("hear", lambda: True)
            node.on("apply", lambda key, text, stamp, me=name: self.apply(me, key, text, stamp))

    def apply(self, me: str, key: str, text: str, stamp: int) -> bool:
        """Put a petition into one copy of the ledger."""
        self.history[me].setdefault(key, []).append(text)
        self.stamps[me][key] = max(stamp, self.stamps[me].get(key, 0))
        self.world.nodes[me].state["ledger"] = self._ledger(me)
        return True

    def _ledger(self, me: str) -> str:
        return "; ".join(f"{key}: {' '.join(items)}" for key, items in self.history[me].items())

    async def _asked(self, name: str, message: str, **payload: Any) -> list[str]:
        node, heard = self.world.nodes[name], [name]
        asked = [(other, node.request(other, message, **payload)) for other in self.names if other != name]
        for other, answer in asked:
            try:
                if await answer.wait(PATIENCE_US):
                    heard.append(other)
            except TimeoutError:
                pass  # not on this side
        return sorted(heard)

    # [ack] an Emir may promise only what enough others have heard of
    async def petition(self, name: str, key: str, text: str) -> None:
        """Take a petition: find out who is on this side, apply it there, and acknowledge it if the rule allows."""
        reachable = await self._asked(name, "hear")
        stamp = self.world.now
        if self._allowed(name, key, reachable):
            reachable = await self._asked(name, "apply", key=key, text=text, stamp=stamp)
        if not self._allowed(name, key, reachable):  # they may have gone out of earshot meanwhile
            self._refuse(name, text)
            return
        self.apply(name, key, text, stamp)
        self.acknowledged.append((key, text, name))
        self.world.nodes[name].state["last"] = f"acknowledged {text}"

    # [/ack]
    def _refuse(self, name: str, text: str) -> None:
        self.refused += 1
        self.world.nodes[name].state["last"] = f"refused {text}"

    def _allowed(self, name: str, key: str, reachable: list[str]) -> bool:
        if self.rule is not None:
            return bool(self.rule(name, key, list(reachable), list(self.names)))
        return len(reachable) >= quorum(len(self.names), self.switches.quorum)

    def peace(self) -> None:
        """End the partition: of each key the copy that was written last survives, everywhere."""
        self.world.heal()
        keys = sorted({key for copy in self.history.values() for key in copy})
        for key in keys:
            last = max(self.names, key=lambda name: (self.stamps[name].get(key, -1), name))
            for name in self.names:
                self.history[name][key] = list(self.history[last].get(key, []))
        self.merged = True
        for name in self.names:
            self.world.nodes[name].state["ledger"] = self._ledger(name)

    def lost(self) -> list[tuple[str, str, str]]:
        """Give the acknowledged petitions that no copy has any more."""
        kept = {
            (key, text) for copy in self.history.values() for key, items in copy.items() for text in items
        }
        return [entry for entry in self.acknowledged if entry[:2] not in kept]


def partition(switches: Switches, sides: tuple[tuple[int, ...], ...] = ((1,), (2,), (3,)), keys: tuple[str, ...] = ("k",),
              rule: Rule | None = None) -> World:  # fmt: skip
    """Peace, one petition at Emir 1; then a partition into ``sides``, one petition for each key at every Emir; then peace."""
    world = World(name="three-way partition" if len(sides) == 3 else "partition")
    reign = Reign(world, switches, sum(map(len, sides)), rule)

    async def story() -> None:
        for place, name in enumerate(reign.names):  # in peace every Emir takes petitions, one after the other
            for key in keys if rule else keys[:1] if not place else ():
                await reign.petition(name, key, f"p{place + 1}{key}")
        world.partition(*([f"emir {place}" for place in side] for side in sides))
        branches = [
            world.spawn(reign.petition(name, key, f"w{place + 1}{key}"), f"{name} ({key})", world.nodes[name])
            for place, name in enumerate(reign.names)
            for key in keys
        ]
        await gather(*branches)
        reign.peace()

    world.nodes["emir 1"].spawn(story(), "town crier")
    return world


def isolated(switches: Switches) -> World:
    """Three Emirs take petitions for one key, one after the other; at any moment Emir 1 may be cut off, and comes back at the end."""
    world = World(name="isolated Emir")
    reign = Reign(world, switches)
    rest = [["emir 1"], ["emir 2", "emir 3"]]
    world.may("emir 1 is cut off from the others", lambda: world.partition(*rest), when=lambda: not world.cuts and not reign.merged,
              node=world.nodes["emir 1"], kind="cut")  # fmt: skip

    async def story() -> None:
        for name in ("emir 1", "emir 2"):
            await reign.petition(name, "k", f"p{name[-1]}")
        reign.peace()

    world.nodes["emir 1"].spawn(story(), "town crier")
    return world

"""What the town tells itself: lights passed round a ring, failures counted by those who made them, affirmations, and hops.

| word       | meaning                                                                                         |
|------------|-------------------------------------------------------------------------------------------------|
| probe      | a look at the ministry itself; it fails once the ministry has stopped                              |
| light      | what a board shows for a ministry: green while its evidence is younger than the lease              |
| evidence   | the round of the probe behind a light ("origin"), or of the last time somebody said so ("relayed")    |
| canary     | a stranger who uses the town as a citizen would, and counts for itself                             |
| stage      | something that stands between a change and the town, and may stop it                               |
| hop        | a failure handed to the next ministry                                                             |
"""

from __future__ import annotations

from typing import Any

from dslab.algasr.switches import Switches
from dslab.sim import World, sleep, step

LEASE_ROUNDS = 1
ROUNDS = 3
STAGES = 3
HOPS = 4


class Lights:
    """Boards in a ring: ``boards[i][subject]`` is the round of the evidence that board i has for a ministry."""

    def __init__(
        self, world: World, switches: Switches, stopped: tuple[int, ...], ministries: int = 3
    ) -> None:
        self.world, self.switches, self.stopped, self.ministries = world, switches, stopped, ministries
        self.boards = [dict.fromkeys(range(ministries), 0) for _ in range(ministries)]
        self.rounds = [0] * ministries
        world.facts["lights"] = self
        for place in range(ministries):
            node = world.node(f"board {place + 1}", kind="service", probe="ok", lights="all green")
            node.on("say", lambda board, me=place: self.hear(me, board))
            node.spawn(self.watch(place))

    # [hear] whose time does a green light carry: that of the probe, or of whoever repeats it?
    def hear(self, me: int, said: dict[int, int]) -> None:
        """Take what another board says: keep the time of its evidence, or stamp it anew."""
        for subject, seen in said.items():
            if self.switches.evidence == "relayed":
                seen = self.rounds[me]
            self.boards[me][subject] = max(self.boards[me][subject], seen + self._extra())
        # [/hear]
        self._show(me)

    def _extra(self) -> int:
        return 1 if self.switches.bug == "restamps a little" else 0

    def green(self, me: int, subject: int) -> bool:
        """Say whether board ``me`` shows ``subject`` green: its evidence is at most a lease old."""
        return self.rounds[me] - self.boards[me][subject] <= LEASE_ROUNDS

    async def watch(self, me: int) -> None:
        """Probe, and tell the next board of the ring what is green; once a round."""
        node = self.world.nodes[f"board {me + 1}"]
        for number in range(1, ROUNDS + 1):
            self.rounds[me] = number
            alive = number == 1 or me not in self.stopped
            node.state["probe"] = "ok" if alive else "no answer"
            if alive:
                self.boards[me][me] = number
            said = {subject: seen for subject, seen in self.boards[me].items() if self.green(me, subject)}
            node.send(f"board {(me + 1) % self.ministries + 1}", "say", board=said)
            self._show(me)
            await sleep(10_000)
        self.rounds[me] += LEASE_ROUNDS  # a lease later: who is still green then?
        self._show(me)

    def _show(self, me: int) -> None:
        self.world.nodes[f"board {me + 1}"].state["lights"] = " ".join(
            f"{subject + 1}:{'green' if self.green(me, subject) else 'dark'}"
            for subject in range(self.ministries)
        )

    def false_green(self) -> list[tuple[int, int]]:
        """Give (board, ministry), counted from 1, of every green light of a ministry that has stopped."""
        return [(me + 1, subject + 1) for me in range(self.ministries) for subject in self.stopped if self.green(me, subject)]  # fmt: skip


def one_stops(switches: Switches) -> World:
    """Three boards in a ring; after the first round ministry 3 stops. Its board still runs."""
    world = World(name="one ministry stops")
    Lights(world, switches, (2,))
    return world


def all_stop(switches: Switches) -> World:
    """Three boards in a ring; after the first round every ministry stops."""
    world = World(name="total outage")
    Lights(world, switches, (0, 1, 2))
    return world


def relabelled(switches: Switches) -> World:
    """A citizen's request fails. The team that caused it files the report; a canary meets the same failure and counts, too."""
    world = World(name="relabelled failure")
    count = world.facts["count"] = {"felt": 0, "counted": 0}
    desk = world.node("desk", label="Ministry of Victories", kind="service", filed="nothing")
    board = world.node("board", kind="service", failures=0)
    service = world.node("service", kind="service").on("ask", lambda: "an error")

    def add(by: str) -> None:
        if by == switches.counted_by:
            count["counted"] += 1
            board.state["failures"] = count["counted"]

    async def file(text: str) -> None:
        await step("a report takes longer than a new label")
        desk.state["filed"] = "a historic victory"
        if switches.counted_by != "team":
            desk.send("board", "add", by="team")

    board.on("add", add)
    desk.on("file", file)

    async def use(node: Any, reports_to: str) -> None:
        answer = await node.call("service", "ask")
        count["felt"] = max(count["felt"], 1)
        if reports_to == "desk":
            node.send("desk", "file", text=answer)
        else:
            node.send("board", "add", by="canary")

    for name, reports_to in (("citizen", "desk"), ("canary", "board")):
        node = world.node(name, kind="client")
        node.spawn(use(node, reports_to))
    assert service.up
    return world


def affirmed(switches: Switches) -> World:
    """A change with a bug goes through the stages; each test may miss it. An affirmation finds nothing at all."""
    world = World(name="affirmed bug")
    missed: set[int] = set()
    world.facts["bug in town"] = False
    gate = world.node("gate", label="Ministry of Affirmation", kind="service", board="green")
    for number in range(1, STAGES + 1):
        world.may(f"test {number} misses the bug", lambda number=number: missed.add(number), when=lambda number=number: number not in missed,
                  node=gate, kind="fault")  # fmt: skip

    async def release() -> None:
        for number in range(1, STAGES + 1):
            await step(f"test {number}" if switches.stages == "tests" else f"affirmation {number}")
            if switches.stages == "tests" and number not in missed:
                gate.state["board"] = f"red: stopped by test {number}"
                return
        world.facts["bug in town"] = True

    gate.spawn(release())
    return world


def passed_on(switches: Switches) -> World:
    """A petition about a failure arrives at ministry 1. Whoever does not own it hands it on; after some hops it times out."""
    world = World(name="passed on")
    fate = world.facts["petition"] = {"handled": "", "hops": 0, "expired": False}

    def receive(me: int) -> None:
        node = world.nodes[f"ministry {me}"]
        if switches.owner:
            if me == 2:
                fate["handled"] = node.state["desk"] = f"handled by ministry {me}"
            else:
                _pass(node, 2)
        elif fate["hops"] >= HOPS:
            fate["expired"] = True
            node.state["desk"] = "timed out"
        else:
            _pass(node, me % 3 + 1)

    def _pass(node: Any, to: int) -> None:
        fate["hops"] += 1
        node.state["desk"] = f"passed to {to}"
        node.send(f"ministry {to}", "receive", me=to)

    for place in (1, 2, 3):
        world.node(f"ministry {place}", kind="service", desk="empty").on("receive", receive)
    citizen = world.node("citizen", kind="client")

    async def ask() -> None:
        citizen.send("ministry 1", "receive", me=1)

    citizen.spawn(ask())
    return world

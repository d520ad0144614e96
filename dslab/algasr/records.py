"""What the town writes down twice: dashboards, editions, decrees, and branches that are joined again.

| word        | meaning                                                                                        |
|-------------|------------------------------------------------------------------------------------------------|
| ledger      | the first store, where a change is made                                                          |
| dashboard   | the second store, which shows a copy                                                             |
| dual write  | the writer itself writes both, one after the other                                               |
| outbox      | changes still to be copied, written in the same transaction as the change                        |
| reconciler  | compares the two stores now and then, and copies what differs                                    |
| edition     | a published state of a fact; append-only: a correction is a new edition that names the old one       |
| interpreter | the program that gives a decree its meaning; `version` says which one                               |
| dot         | one write by one writer: (writer, number); a set of dots says what a writer had seen                 |
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dslab.algasr.switches import Switches
from dslab.sim import World, gather, sleep, step

FIVE_MINUTES_US = 300_000_000


# -- dashboards -------------------------------------------------------------------------------------------


class Stores:
    """The ledger and the dashboard: ``row`` and ``shown`` are (sequence, value); ``outbox`` what is still to be copied."""

    def __init__(self, world: World, switches: Switches) -> None:
        self.world, self.switches = world, switches
        self.sequence = 0
        self.row = self.shown = (0, "v0")
        self.outbox: list[tuple[int, str]] = []
        self.written = 0
        self.notes_at_once = switches.dashboards == "outbox" and switches.bug != "outbox in two steps"
        world.facts["stores"] = self
        self.ledger = world.node("ledger", label="Ledger", kind="store", row="v0", outbox=0)
        self.screen = world.node("dashboard", label="Dashboard", kind="store", shows="v0")
        self.ledger.on("put", self.put).on("post", self.post).on("read", lambda: self.row)
        self.screen.on("show", self.show)

    # [outbox] the change and the note that it must be copied are one transaction
    def put(self, value: str) -> tuple[int, str]:
        """Change the row; with an outbox, the note to copy it is written in the same step."""
        self.sequence += 1
        self.row = (self.sequence, value)
        if self.notes_at_once:
            self.post(self.row)
        self._changed(value)
        return self.row

    # [/outbox]
    def _changed(self, value: str) -> None:
        self.written += 1
        self.ledger.state["row"] = value

    def post(self, row: tuple[int, str]) -> None:
        """Note that a row must be copied, and let the relay copy it."""
        self.outbox.append(row)
        self.ledger.state["outbox"] = len(self.outbox)
        if len(self.outbox) == 1:
            self.ledger.spawn(self._relay(), "relay")

    async def _relay(self) -> None:
        while self.outbox:
            row = self.outbox[0]
            if self.switches.bug == "relay forgets first":
                self.outbox.pop(0)
                await step("relay sends what it has just forgotten")
                self.ledger.send("dashboard", "show", row=row)
                continue
            try:
                await self.ledger.call("dashboard", "show", 50_000, row=row)
            except TimeoutError:
                continue  # again: the dashboard can bear to be told twice
            self.outbox.pop(0)
            self.ledger.state["outbox"] = len(self.outbox)

    def show(self, row: tuple[int, str]) -> None:
        """Show a row; what comes through the outbox is never shown over something newer."""
        if self.switches.dashboards != "outbox" or row[0] >= self.shown[0]:
            self.shown = row
            self.screen.state["shows"] = row[1]

    async def write(self, clerk: Any, value: str) -> None:
        """Change a row on behalf of a clerk, who writes the dashboard, too, unless there is an outbox."""
        row = await clerk.call("ledger", "put", value=value)
        if self.switches.dashboards != "outbox":
            await clerk.call("dashboard", "show", row=row)
        elif self.switches.bug == "outbox in two steps":
            await clerk.call("ledger", "post", row=row)

    async def reconcile(self) -> None:
        """Compare, a minute later, and copy what differs."""
        await sleep(60_000_000)
        self.screen.send("dashboard", "show", row=await self.screen.call("ledger", "read"))


def dual_write(switches: Switches, clerks: int = 1) -> World:
    """Clerks change one row, which a dashboard shows, too; a single clerk may die, the relay's message may be lost."""
    world = World(name="dual write" if clerks == 1 else "dual writes cross", patience_us=1_000_000)
    stores = Stores(world, switches)
    world.link("ledger", "dashboard", may_lose=1)
    for place in range(clerks):
        clerk = world.node(f"clerk {place + 1}" if clerks > 1 else "clerk", kind="client")
        clerk.spawn(stores.write(clerk, f"v{place + 1}"))
        if clerks == 1:
            world.may_crash(clerk, restart=False)
    if switches.dashboards == "reconciled":
        stores.screen.spawn(stores.reconcile(), "reconciler")
    return world


def crossing(switches: Switches) -> World:
    """Two clerks change the same row at the same moment."""
    return dual_write(switches, clerks=2)


# -- editions and decrees -----------------------------------------------------------------------------------


def editions(switches: Switches) -> World:
    """A fact is published; a citizen reads edition 1; the ministry corrects the fact; another citizen reads edition 1."""
    world = World(name="rewritten edition")
    shelf: dict[int, str] = {}
    answers: list[tuple[str, int, str]] = []
    world.facts["answers"] = answers
    truth = world.node("truth", label="Ministry of Truth", kind="service", shelf="")
    truth.on("read", lambda edition: shelf.get(edition, "nothing"))

    def publish(text: str) -> int:
        edition = len(shelf) + 1 if switches.append_only or not shelf else 1
        shelf[edition] = text
        truth.state["shelf"] = "; ".join(f"{number}: {told}" for number, told in shelf.items())
        return edition

    truth.on("publish", publish)

    async def write() -> None:
        await editor.call("truth", "publish", text="the bridge is open")
        await sleep(5_000)
        await editor.call("truth", "publish", text="the bridge was never open")

    async def read(node: Any, after_us: int) -> None:
        await sleep(after_us)
        text = await node.call("truth", "read", edition=1)
        answers.append((node.label, 1, text))
        node.state["read"] = text

    editor = world.node("editor", kind="client")
    editor.spawn(write())
    for name, after_us in (("citizen 1", 3_000), ("citizen 2", 4_000)):
        citizen = world.node(name, kind="client", read="nothing yet")
        citizen.spawn(read(citizen, after_us))
    return world


class Decree(NamedTuple):
    """One record of the log: what to do with the treasury, by how much, and the version it was written in."""

    verb: str
    amount: int
    version: int = 1


# [interpret] the bytes never change; what they mean does
def interpret(decree: Decree, treasury: int, version: int) -> int:
    """Give the treasury after a decree, read by interpreter 1 or 2: for the second, a levy is per cent."""
    if decree.verb == "set":
        return decree.amount
    if decree.verb == "add":
        return treasury + decree.amount
    return treasury - (decree.amount if version == 1 else treasury * decree.amount // 100)


# [/interpret]
LOG = (Decree("set", 5_000), Decree("levy", 10), Decree("add", 500))


def interpreters(switches: Switches) -> World:
    """Two offices replay one log; at 10 ms power changes hands, and with it the interpreter."""
    world = World(name="two interpreters")
    power = {"version": 1}
    totals: dict[str, int] = {}
    world.facts["totals"] = totals
    palace = world.node("palace", label="Palace", kind="leader", interpreter=1)
    git = world.node("log", label="Log of decrees", kind="store", records=len(LOG)).on("read", lambda: LOG)
    palace.on("power", lambda: power["version"])

    async def replay(node: Any) -> None:
        decrees = await node.call("log", "read")
        in_power = await node.call("palace", "power")
        treasury = 0
        for decree in decrees:
            treasury = interpret(decree, treasury, decree.version if switches.versioned else in_power)
        totals[node.label] = node.state["treasury"] = treasury

    async def revolt() -> None:
        await sleep(10_000)
        power["version"] = palace.state["interpreter"] = 2

    palace.spawn(revolt())
    for name in ("office 1", "office 2"):
        office = world.node(name, kind="client", treasury="not yet")
        office.spawn(replay(office))
    assert git.state["records"] == 3
    return world


# -- reconciliation -----------------------------------------------------------------------------------------


class Version(NamedTuple):
    """A value with the dots that its writer had seen, its own included; ``stamp`` is the writer's wall clock."""

    value: str
    dots: frozenset[tuple[str, int]]
    stamp: int = 0


# [join] commutative, associative, idempotent: keep what nobody else had seen
def join(mine: frozenset[Version], theirs: frozenset[Version]) -> frozenset[Version]:
    """Give all versions that no other version had seen: neither order nor number of joins matters."""
    every = mine | theirs
    return frozenset(v for v in every if not any(v.dots < other.dots for other in every))


# [/join]
class Replica:
    """One copy of a register. How a version gets in is the merge rule."""

    def __init__(self, world: World, switches: Switches, name: str) -> None:
        self.switches = switches
        self.versions: frozenset[Version] = frozenset()
        self.total = 0
        self.node = world.node(name, label=name.capitalize(), kind="store", holds="nothing")
        self.node.on("merge", self.merge).on("read", lambda: self.versions)
        world.facts.setdefault("replicas", []).append(self)

    def merge(self, version: Version) -> None:
        """Let a version in, by the merge rule of the switches."""
        new = frozenset((version,))
        if self.switches.merge == "arrival":
            self.versions = new
        elif self.switches.merge == "clock":
            held = max((v.stamp for v in self.versions), default=-1)
            tie = self.switches.bug == "ties by arrival"
            self.versions = new if version.stamp > held or (tie and version.stamp == held) else self.versions
        else:
            self.versions = join(self.versions, new)
        self.total += len(version.value)
        self.node.state["holds"] = self.holds

    @property
    def holds(self) -> str:
        """The values held, the smallest first; with the mutant that sums, how much has arrived."""
        if self.switches.bug == "sums what arrives":
            return str(self.total)
        return " and ".join(sorted(v.value for v in self.versions)) or "nothing"


def branches(switches: Switches) -> World:
    """Two writers, who do not know of each other, send their version to two replicas; one message may come twice."""
    world = World(name="merge by arrival")
    for place in (1, 2):
        Replica(world, switches, f"replica {place}")
    world.link("writer 1", "replica 1", may_duplicate=1)

    async def write(node: Any, value: str) -> None:
        version = Version(value, frozenset(((node.id, 1),)), node.clock())
        for place in (1, 2):
            node.send(f"replica {place}", "merge", version=version)

    for place, value in ((1, "red"), (2, "blue")):
        writer = world.node(f"writer {place}", kind="client")
        writer.spawn(write(writer, value))
    return world


def fast_clock(switches: Switches) -> World:
    """Writer 1, whose clock is five minutes fast, writes; writer 2 reads that, and writes what is newer."""
    world = World(name="fast clock")
    replica = Replica(world, switches, "replica 1")
    first, second = world.node("writer 1", kind="client"), world.node("writer 2", kind="client")
    first.jump(FIVE_MINUTES_US)
    world.facts["newest"] = ""

    async def write(node: Any, value: str) -> None:
        seen = await node.call(replica.node.id, "read")
        dots = frozenset(dot for version in seen for dot in version.dots) | {(node.id, 1)}
        await node.call(replica.node.id, "merge", version=Version(value, dots, node.clock()))
        world.facts["newest"] = value

    async def one_after_the_other() -> None:
        await gather(first.spawn(write(first, "red")))
        await gather(second.spawn(write(second, "blue")))

    world.spawn(one_after_the_other(), "day")
    return world

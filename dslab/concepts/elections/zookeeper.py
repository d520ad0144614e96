"""The ZooKeeper recipe: a service keeps the list, and the lowest number on it leads.

| word      | meaning                                                                                            |
|-----------|----------------------------------------------------------------------------------------------------|
| service   | ZooKeeper itself, one node here: its own agreement (Zab) is taken for granted                          |
| session   | a client's time with the service; it ends when nothing was heard of the client for ``session_us``       |
| znode     | an entry in the service's tree; *ephemeral*: it goes with the session; *sequential*: it gets the next number |
| watch     | "tell me once when this znode goes"                                                                 |
| herd      | all clients that are told at once, all of which ask the service at once                               |
| epoch     | the number of the leader's znode: it grows with each znode, so it serves as a fencing token              |
| store     | the resource that leaders write to; with ``check`` "fence" it refuses a smaller epoch than the largest seen |

A client makes an ephemeral, sequential znode and asks for all of them. If its own is the lowest, it leads. If not, it
watches the one just before its own, and asks again when that one goes. The session of a leader that stands still ends without it;
when it goes on, it does not know. Then two leaders act, and only the store can tell them apart.

Source: Apache ZooKeeper, "Recipes and Solutions: Leader Election"; Hunt and others, "ZooKeeper: Wait-free coordination", 2010.
"""

from __future__ import annotations

from typing import Any

from dslab.concepts.elections.members import MS, Cluster, Member
from dslab.concepts.elections.switches import Switches
from dslab.sim import World, sleep, step

SESSION_US = 200 * MS


class Service:
    """ZooKeeper as one node: znodes by number, sessions, watches. ``woken`` counts watches fired by each znode that went."""

    def __init__(self, cluster: Ensemble, session_us: int) -> None:
        self.cluster, self.world, self.session_us = cluster, cluster.world, session_us
        self.node = self.world.node("zk", label="ZooKeeper", kind="store", znodes="")
        self.znodes: dict[int, int] = {}  # number of the znode: the client
        self.watches: dict[int, list[int]] = {}
        self.heard: dict[int, int] = {}
        self.session: dict[int, int] = {}  # of each client: the session it has now
        self.ended: dict[int, int] = {}  # of each client: the last session that is over
        self.woken: dict[int, int] = {}
        self.next = 1
        for name in ("create", "children", "watch", "ping"):
            self.node.on(name, getattr(self, f"on_{name}"))

    # [service] three things: make the next number, end what is not heard of, tell who watches
    def on_create(self, client: int, session: int) -> int:
        """Make the next znode for ``client``; give its number, or 0 where this session is over."""
        if session <= self.ended.get(client, 0):
            return 0
        number, self.next = self.next, self.next + 1
        self.session[client], self.znodes[number] = session, client
        self._alive(client)
        return number

    def end_session(self, client: int) -> None:
        """End a session: its ephemeral znodes go, and who watches them is told."""
        self.ended[client] = self.session.get(client, 1)
        if not self.cluster.switches.ephemeral:
            return
        for number in [number for number, owner in self.znodes.items() if owner == client]:
            del self.znodes[number]
            watchers = self.watches.pop(number, [])
            self.woken[number] = len(watchers)
            for watcher in watchers:
                self.tell(watcher, "gone")

    # [/service]

    def on_children(self, client: int) -> tuple[int, ...]:
        """Give the numbers of all znodes."""
        return tuple(sorted(self.znodes))

    def on_watch(self, client: int, number: int) -> bool:
        """Tell ``client`` when the znode goes; give whether it is still there."""
        if number not in self.znodes:
            return False
        self.watches.setdefault(number, []).append(client)
        return True

    def on_ping(self, client: int) -> bool:
        """Keep a session alive; give whether it still is."""
        if self.is_over(client):
            return False
        self._alive(client)
        return True

    def is_over(self, client: int) -> bool:
        """Say whether the client's newest session has ended."""
        return self.session.get(client, 1) <= self.ended.get(client, 0)

    def _alive(self, client: int) -> None:
        now = self.heard[client] = self.world.now
        self.node.state["znodes"] = " ".join(map(str, sorted(self.znodes)))

        def look() -> None:
            if self.heard[client] == now and not self.is_over(client):
                self.end_session(client)

        if self.cluster.by_time:
            self.world.at(now + self.session_us, look, f"session of {client}", self.node)

    def tell(self, client: int, name: str) -> None:
        """Send an event to a client."""
        self.cluster.sent[name] = self.cluster.sent.get(name, 0) + 1
        self.node.send(str(client), name)


class Store:
    """What leaders write to. ``highest``: the largest epoch it has taken; ``refused`` counts what the fence kept out."""

    def __init__(self, cluster: Ensemble) -> None:
        self.cluster = cluster
        self.node = cluster.world.node("store", label="The store", kind="store", holds="nothing")
        self.highest = self.refused = self.taken = 0
        self.node.on("write", self.write)

    # [fence] one number, kept by the resource itself
    def write(self, epoch: int, client: int) -> bool:
        """Take a write of a leader's epoch, unless a newer leader has written."""
        if self.cluster.switches.check == "fence" and epoch < self.highest:
            self.refused += 1
            return False
        # [/fence]
        if epoch < self.highest:
            self.cluster.complain("NO_OLDER_EPOCH", f"the store took a write of epoch {epoch} after one of epoch {self.highest}")  # fmt: skip
        self.highest, self.taken = max(epoch, self.highest), self.taken + 1
        self.node.state["holds"] = f"epoch {epoch}"
        return True


class Client(Member):
    """A member of the recipe: a session, a znode, one watch."""

    word, first_role, reign_word = "Client", "has no znode", "epoch"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.znode = self.session = 0
        self.heard_us = 0  # by its own clock: when the service last confirmed its session

    def forget(self) -> None:
        """A new session begins: the old znode is another's."""
        self.znode = 0

    def suspect(self) -> None:
        """There is nothing to suspect: the service watches the sessions."""

    async def live(self) -> None:
        """Make a znode, then look and wait until it is the lowest, then lead."""
        cluster: Ensemble = self.cluster  # type: ignore[assignment]
        if cluster.pings:
            self.node.spawn(self._ping(), f"{self.node.id} session")
        await self._join()
        await self.look()
        while True:
            await self.box.get()
            if self.switches.rechecks:
                await self.look()
            else:
                await self.rule()

    async def _join(self) -> None:
        self.session += 1
        self.znode = await self._ask("create", session=self.session)
        self.heard_us = self.node.clock()
        self.show("waits", self.znode)

    # [look] lowest? lead. If not: watch one znode, and look again if it has gone meanwhile
    async def look(self) -> None:
        """Ask for all znodes; lead if mine is the lowest, else watch."""
        while True:
            numbers = await self._ask("children")
            if self.znode not in numbers:
                return  # the session is over; `_ping` begins another
            before = [number for number in numbers if number < self.znode]
            if not before:
                await self.rule()
                return
            watched = before[-1] if self.switches.watch == "predecessor" else before[0]
            if await self._ask("watch", number=watched) or self.switches.bug == "watches nothing":
                self.leader = watched
                return

    # [/look]

    async def rule(self) -> None:
        """Lead, and write to the store as often as the scenario wants."""
        cluster: Ensemble = self.cluster  # type: ignore[assignment]
        self.lead(self.znode)
        for _ in range(cluster.writes):
            await cluster.pace(self)
            if not self.leads or (self.switches.check == "clock" and not self._believes()):
                return
            self.node.send("store", "write", epoch=self.znode, client=self.number)

    def _believes(self) -> bool:
        return self.node.clock() - self.heard_us < SESSION_US

    async def _ask(self, name: str, **payload: Any) -> Any:
        sent = self.cluster.sent
        sent[name] = sent.get(name, 0) + 1
        return await self.node.call("zk", name, client=self.number, **payload)

    async def _ping(self) -> None:
        while True:
            await sleep(SESSION_US // 3)
            sent = self.cluster.sent
            sent["heartbeat"] = sent.get("heartbeat", 0) + 1
            begun = self.node.clock()
            try:
                alive = await self.node.call("zk", "ping", SESSION_US, client=self.number)
            except TimeoutError:
                continue
            self.heard_us = begun
            if not alive:
                self.stop_leading()
                await self._join()
                self.node.spawn(self.look(), f"{self.node.id} looks")


class Ensemble(Cluster):
    """Clients of one service, and a store. ``writes``: how many writes a leader makes; ``pings``: whether sessions are kept alive.

    ``by_time``: whether sessions end by the clock (or where a driver that chooses ends them). ``every_us``: the time between two
    writes; 0 is a bare moment at which a driver that chooses may let somebody else run.
    """

    def __init__(self, world: World, count: int, switches: Switches | None = None, writes: int = 1,
                 pings: bool = False, by_time: bool = False, every_us: int = 0) -> None:  # fmt: skip
        self.writes, self.pings, self.by_time, self.every_us = writes, pings, by_time, every_us
        super().__init__(world, Client, count, switches)
        self.service, self.store = Service(self, SESSION_US), Store(self)

    async def pace(self, client: Client) -> None:
        """Let time pass before a leader's next write: it may stand still here for as long as it likes."""
        if self.every_us:
            await sleep(self.every_us)
        else:
            await step("writes to the store")

    def may_end_session(self, client: int, follower: bool = False) -> None:
        """Let a driver that chooses end a session, once: nothing was heard for too long (``follower``: only while it is not the lowest)."""
        service = self.service

        def possible() -> bool:
            znode = next((number for number, owner in service.znodes.items() if owner == client), 0)
            return znode > 0 and not (follower and znode == min(service.znodes))

        self.world.may(f"the session of {client} ends", lambda: service.end_session(client), 1,
                       possible, service.node, "expiry")  # fmt: skip

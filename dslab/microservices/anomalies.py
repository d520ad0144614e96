"""What goes wrong between two processes: one scenario for each failure, its invariant, and the switch that prevents it.

| word        | meaning                                                                                            |
|-------------|----------------------------------------------------------------------------------------------------|
| anomaly     | a scenario, the invariant it breaks, and the switch positions with which it does                      |
| defence     | a switch position whose absence the table tries                                                     |
| base        | every defence on (`Switches`)                                                                      |
| dead work   | work that is begun for a caller who has given up                                                      |
| key         | an idempotency key: the same for all attempts of one request, so that the receiver can tell            |

Here no load and no rates: a handful of requests, and a referee that tries every order of messages, timers and crashes. The storms of
`dslab.microservices.overload` are made of these.

`ANOMALIES` has them all; `search(name, **switches)` asks the referee; `matrix()` computes "which defence stops which anomaly".
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

from dslab.check import Cell, Invariant, Scenario, Verdict, always, explore, searches, sometimes
from dslab.sim import Semaphore, World, gather, sleep

TIMEOUT_US = 20_000
WORK_US = 5_000
ATTEMPTS = 3
BOUND = 2
OPENS_AFTER = 2


@dataclass(frozen=True)
class Switches:
    """The defences, all on. ``bug`` names a mutant of the zoo ("" for none)."""

    deadline: bool = True  # the server leaves out what nobody waits for
    retry_budget: bool = True  # one retry for all callers together
    bound: bool = True  # at most BOUND requests in the queue
    breaker: bool = True  # after OPENS_AFTER failures in a row nobody calls
    retry_at: str = "one layer"  # or "every layer"
    release_first: bool = True  # give the connection back before calling on
    idempotency_key: bool = True  # the receiver knows an attempt that it has seen
    hedge: bool = True  # ask the other replica after a while
    fallback: bool = True  # answer without the part that is down
    own_database: bool = True  # each service has its own
    bug: str = ""


def _note(world: World, what: str, sentence: str) -> None:
    world.facts.setdefault(what, []).append(sentence)


def _never(name: str, what: str, sentence: str) -> Invariant:
    """An invariant over what a scenario notes in ``world.facts``: nothing of this kind was noted."""

    def test(world: World) -> bool | str:
        noted = world.facts.get(what)
        return not noted or noted[0]

    return always(name, sentence, test)


NO_DEAD_WORK = _never("NO_DEAD_WORK", "dead", "the server begins no work for a caller who has given up")
WITHIN_BUDGET = _never(
    "WITHIN_BUDGET", "over", "all callers together send no more retries than the budget allows"
)
BOUNDED_QUEUE = _never(
    "BOUNDED_QUEUE", "long", "nobody is let into a queue that is longer than a timeout's worth of work"
)
DEAD_LEFT_ALONE = _never(
    "DEAD_LEFT_ALONE", "knocked", "a dependency that failed twice in a row is not called again at once"
)
ONE_LAYER_RETRIES = _never(
    "ONE_LAYER_RETRIES", "many", "one request makes no more calls at the bottom than one layer has attempts"
)
POOL_STAYS_FREE = _never(
    "POOL_STAYS_FREE", "starved", "no cheap query waits while a connection is held for another service"
)
CHARGED_ONCE = _never("CHARGED_ONCE", "twice", "one order is charged once")
IN_TIME = _never("IN_TIME", "late", "the request has all its parts before its own timeout")
PAGE_ANSWERED = _never(
    "PAGE_ANSWERED", "page", "the page is answered although a part that it can do without is down"
)
FAILS_ALONE = _never("FAILS_ALONE", "together", "one crash takes no two services with it")
ANSWERED = sometimes("ANSWERED", "some request is answered", lambda world: world.facts.get("answered", 0) > 0)
INVARIANTS = (NO_DEAD_WORK, WITHIN_BUDGET, BOUNDED_QUEUE, DEAD_LEFT_ALONE, ONE_LAYER_RETRIES, POOL_STAYS_FREE, CHARGED_ONCE, IN_TIME,
              PAGE_ANSWERED, FAILS_ALONE)  # fmt: skip


def _answered(world: World) -> None:
    world.facts["answered"] = world.facts.get("answered", 0) + 1


# -- one server, callers with timeouts ------------------------------------------------------------------


class Server:
    """A server with one worker: requests stand in its queue with the deadline of their caller."""

    def __init__(self, world: World, switches: Switches, bound: int = BOUND) -> None:
        self.world, self.switches, self.queue, self.most = world, switches, 0, bound
        self.rule: Callable[[int, int], bool] | None = (
            None  # a learner's own: (now, deadline) to "begin the work?"
        )
        self.node = world.node("server", "Server", kind="service", queue=0)
        self.worker = Semaphore(world, 1, "worker")
        self.node.on("ask", self.ask)

    async def ask(self, deadline_us: int) -> str:
        """Queue a request, or refuse it; when its turn comes, work on it unless its caller has given up."""
        if self.switches.bound and self.queue >= self.most + (self.switches.bug == "bound off by one"):
            return "refused"
        if self.queue >= self.most:
            _note(
                self.world, "long", f"{self.queue + 1} requests are in a queue whose timeout fits {self.most}"
            )
        self.node.state["queue"] = self.queue = self.queue + 1
        if self.gives_up(deadline_us) and self.switches.bug == "deadline checked on arrival":
            return "expired"
        async with self.worker:
            self.node.state["queue"] = self.queue = self.queue - 1
            if self.gives_up(deadline_us) and self.switches.bug != "deadline checked on arrival":
                return "expired"
            if self.world.now >= deadline_us:
                _note(
                    self.world,
                    "dead",
                    f"work begins at {self.world.now // 1000} ms; the caller gave up at {deadline_us // 1000} ms",
                )
            await sleep(WORK_US)
        return "done"

    def gives_up(self, deadline_us: int) -> bool:
        """Tell whether the server knows that nobody waits any more."""
        if self.rule is not None:
            return not self.rule(self.world.now, deadline_us)
        return self.switches.deadline and self.world.now >= deadline_us


class Callers:
    """Callers of one server who share a retry budget and a breaker."""

    def __init__(self, world: World, switches: Switches, allowed: int = 1) -> None:
        self.world, self.switches, self.allowed = world, switches, allowed
        self.retries = self.failures = self.in_a_row = 0  # what the breaker counts, and the truth

    async def request(self, name: str) -> None:
        """Try up to `ATTEMPTS` times, as far as budget and breaker let it."""
        node = self.world.nodes[name]
        for number in range(ATTEMPTS):
            if number and not self.may_retry():
                return
            if self.switches.breaker and self.failures >= OPENS_AFTER:
                return
            if self.in_a_row >= OPENS_AFTER:
                _note(self.world, "knocked", f"{name} calls again after {self.in_a_row} failures in a row")
            outcome = "none"
            try:
                outcome = await node.call(
                    "server", "ask", timeout_us=TIMEOUT_US, deadline_us=self.world.now + TIMEOUT_US
                )
            except TimeoutError:
                pass
            if outcome == "done":
                self.failures = self.in_a_row = 0
                _answered(self.world)
                return
            self.in_a_row += 1
            self.failures = 0 if self.switches.bug == "breaker forgets" else self.failures + 1

    def may_retry(self) -> bool:
        """Take a retry from the budget; with none left, say no (or, without a budget, note that it is overdrawn)."""
        each = self.switches.bug == "budget for each caller"
        if self.switches.retry_budget and not each and self.retries >= self.allowed:
            return False
        self.retries += 1
        if self.retries > self.allowed:
            _note(self.world, "over", f"{self.retries} retries were sent; the budget is {self.allowed}")
        return True


def _callers(switches: Switches, name: str, callers: int, bound: int = BOUND, allowed: int = 1) -> World:
    """Some callers ask one server at the same time; answers may be slow, and then they ask again."""
    world = World(name=name)
    world.facts["server"] = Server(world, switches, bound)
    crowd = Callers(world, switches, allowed)
    for number in range(callers):
        node = world.node(f"caller {number + 1}", kind="client")
        node.spawn(crowd.request(node.id))
    return world


def _dead_work(switches: Switches) -> World:
    """Two callers; a slow message lets one of them give up while its request is in the queue. Nobody is refused here."""
    return _callers(switches, "dead work", 2, bound=99)


def _storm(switches: Switches) -> World:
    """Two callers share a budget of one retry."""
    return _callers(switches, "retry storm", 2, bound=99)


def _long_queue(switches: Switches) -> World:
    """Four callers come at once; one is being served and two may wait."""
    return _callers(switches, "endless queue", 4)


def _dead_dependency(switches: Switches) -> World:
    """The server may die; two callers go on asking."""
    world = _callers(switches, "calling the dead", 2, allowed=99)
    world.may_crash(world.nodes["server"], restart=False)
    return world


# -- layers, pools, payments ------------------------------------------------------------------------------


def _layers(switches: Switches) -> World:
    """A gateway calls a service, the service a database that may die; who may retry tries three times."""
    world = World(name="layered retries")
    client, gateway, service, database = (world.node(n, kind=k) for n, k in
                                          (("client", "client"), ("gateway", "service"), ("service", "service"), ("database", "store")))  # fmt: skip
    world.facts["calls"] = 0
    most = {"gateway": ATTEMPTS if switches.retry_at == "every layer" else 1, "service": ATTEMPTS}
    if switches.bug == "gateway retries once":
        most["gateway"] = 2

    async def through(node: Any, below: str) -> str:
        for _ in range(most[node.id]):
            if below == "database":
                world.facts["calls"] += 1
                if world.facts["calls"] > ATTEMPTS:
                    _note(world, "many", f"one request has made {world.facts['calls']} calls at the database")
            try:
                if (
                    await node.call(below, "ask", timeout_us=TIMEOUT_US if below == "database" else None)
                    == "done"
                ):
                    return "done"
            except TimeoutError:
                continue
        return "failed"

    async def ask() -> None:
        if await client.call("gateway", "ask") == "done":
            _answered(world)

    gateway.on("ask", lambda: through(gateway, "service"))
    service.on("ask", lambda: through(service, "database"))
    database.on("ask", lambda: "done")
    world.may_crash(database, restart=False)
    client.spawn(ask())
    return world


def _pool(switches: Switches) -> World:
    """A pool of one connection: a checkout queries and then pays elsewhere; a cheap query comes meanwhile."""
    world = World(name="pool starvation")
    app, payment = (
        world.node("app", "App with a pool of 1", kind="service", held="nobody"),
        world.node("payment", kind="service"),
    )
    pool = Semaphore(world, 1, "connection")
    payment.on("pay", lambda: "paid")
    world.facts["paying"] = False

    async def checkout() -> None:
        await pool.acquire()
        app.state["held"] = "checkout"
        await sleep(1_000)
        if switches.release_first and switches.bug != "released after paying":
            app.state["held"] = "nobody"
            pool.release()
            await app.call("payment", "pay")
        else:
            world.facts["paying"] = True
            await app.call("payment", "pay")
            world.facts["paying"] = False
            app.state["held"] = "nobody"
            pool.release()
        _answered(world)

    async def cheap() -> None:
        await sleep(1_500)
        if world.facts["paying"]:
            _note(
                world, "starved", "a cheap query waits for a connection that is held for the payment service"
            )
        async with pool:
            await sleep(1_000)
        _answered(world)

    app.spawn(checkout(), "checkout")
    app.spawn(cheap(), "cheap query")
    return world


def _charge(switches: Switches) -> World:
    """A shop charges a card; the request or the answer may be lost, and then the shop tries again."""
    world = World(name="charged twice")
    shop, bank = world.node("shop", kind="client"), world.node("bank", kind="store", charges=0)
    world.link("shop", "bank", may_lose=1)
    world.link("bank", "shop", may_lose=1)
    seen: set[str] = set()

    def charge(key: str) -> str:
        if not (switches.idempotency_key and key in seen):
            seen.add(key)
            bank.state["charges"] += 1
            if bank.state["charges"] > 1:
                _note(world, "twice", f"the card is charged {bank.state['charges']} times for one order")
        return "charged"

    async def buy() -> None:
        for number in range(ATTEMPTS):
            try:
                await shop.call(
                    "bank",
                    "charge",
                    timeout_us=TIMEOUT_US,
                    key=f"order 1/{number}" if switches.bug == "key per attempt" else "order 1",
                )
            except TimeoutError:
                continue
            _answered(world)
            return

    bank.on("charge", charge)
    shop.spawn(buy())
    return world


# -- fan-out, parts, shared causes ----------------------------------------------------------------------


def _fan_out(switches: Switches) -> World:
    """A request waits for two leaves, up to its timeout; with hedging it asks another replica of a leaf after half of that."""
    world = World(name="slow leaf")
    root = world.node("root", kind="client")
    for name in ("leaf 1", "leaf 2", "leaf 1b", "leaf 2b"):
        world.node(name, kind="service").on("ask", lambda: "part")

    async def part(leaf: str) -> bool:
        try:
            await root.call(leaf, "ask", timeout_us=TIMEOUT_US // 2)
            return True
        except TimeoutError:
            if not switches.hedge:
                return False
        try:
            await root.call(
                leaf if switches.bug == "hedge to the same replica" else f"{leaf}b",
                "ask",
                timeout_us=TIMEOUT_US // 2,
            )
            return True
        except TimeoutError:
            return False

    async def ask() -> None:
        parts = await gather(*[root.spawn(part(leaf), leaf) for leaf in ("leaf 1", "leaf 2")])
        if not all(parts):
            _note(world, "late", f"{parts.count(False)} of {len(parts)} parts were not there in time")
        _answered(world)

    if switches.bug == "hedge to the same replica":
        world.may_crash(world.nodes["leaf 1"], restart=False)
    root.spawn(ask())
    return world


def _page(switches: Switches) -> World:
    """A page needs the product; it is nicer with recommendations, whose service may die."""
    world = World(name="hard dependency")
    page, extra = world.node("page", kind="service"), world.node("recommendations", kind="service")
    extra.on("ask", lambda: ["more"])
    world.may_crash(extra, restart=False)

    async def render() -> None:
        try:
            await page.call("recommendations", "ask", timeout_us=TIMEOUT_US)
        except TimeoutError:
            if not switches.fallback or switches.bug == "fallback raises":
                _note(world, "page", "there is no page, because the recommendations did not come")
                return
        _answered(world)

    page.spawn(render())
    return world


def _shared(switches: Switches) -> World:
    """Two services read from their own databases or from one; one database may die. Each falls back on nothing."""
    world = World(name="shared cause")
    names = ("orders db", "users db") if switches.own_database else ("one db", "one db")
    if switches.bug == "same schema":
        names = ("orders db", "orders db")
    for name in dict.fromkeys(names):
        world.node(name, kind="store").on("ask", lambda: "row")
    failed: list[str] = []

    async def serve(service: str, database: str) -> None:
        try:
            await world.nodes[service].call(database, "ask", timeout_us=TIMEOUT_US)
            _answered(world)
        except TimeoutError:
            failed.append(service)
            if len(failed) > 1 and sum(not node.up for node in world.nodes.values()) == 1:
                _note(world, "together", f"{' and '.join(failed)} fail together, by one crash")

    for service, database in zip(("orders", "users"), names, strict=True):
        world.node(service, kind="service").spawn(serve(service, database))
    world.may_crash(world.nodes[names[0]], restart=False)
    return world


# -- the anomalies -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Anomaly:
    """A way in which calls between processes fail: ``off`` are positions that each bring it about, everything else being on.

    ``surprises``: up to how many the referee searches (a hedge survives one slow leaf, and is not said to survive two).
    """

    name: str
    title: str
    build: Callable[[Switches], World]
    invariant: Invariant
    off: tuple[dict[str, Any], ...]
    source: str
    surprises: int = 2

    def scenario(self, **positions: Any) -> Scenario:
        """Give the scenario with everything on but ``positions``. ValueError for a switch that does not exist."""
        wanted = positioned(positions)
        return Scenario(self.name, lambda: self.build(wanted), positions)


def positioned(positions: dict[str, Any]) -> Switches:
    """Give all switches on, some positions changed; ValueError names the switches where one does not exist."""
    for name in positions:
        if name not in Switches.__dataclass_fields__:
            raise ValueError(
                f"there is no switch {name!r}; the switches are {', '.join(Switches.__dataclass_fields__)}"
            )
    return replace(Switches(), **positions)


_LIST = (
    Anomaly("dead work", "the server works on a request whose caller has given up", _dead_work, NO_DEAD_WORK, ({"deadline": False},),
            "facts 1c.1"),
    Anomaly("retry storm", "retries come on top of the load that caused them", _storm, WITHIN_BUDGET, ({"retry_budget": False},), "facts 1c.1"),
    Anomaly("endless queue", "a request is let in that cannot be answered in time", _long_queue, BOUNDED_QUEUE, ({"bound": False},),
            "facts 1c.1", 1),
    Anomaly("calling the dead", "callers go on calling a server that has failed", _dead_dependency, DEAD_LEFT_ALONE, ({"breaker": False},),
            "facts 1c.1"),
    Anomaly("pool starvation", "a connection is held while another service is called", _pool, POOL_STAYS_FREE, ({"release_first": False},),
            "facts 1c.2"),
    Anomaly("slow leaf", "one slow part makes the whole request late", _fan_out, IN_TIME, ({"hedge": False},), "facts 1c.3", 1),
    Anomaly("layered retries", "each layer multiplies the retries of the next", _layers, ONE_LAYER_RETRIES, ({"retry_at": "every layer"},),
            "facts 1c.4"),
    Anomaly("shared cause", "two services fail together", _shared, FAILS_ALONE, ({"own_database": False},), "facts 1c.5", 1),
    Anomaly("hard dependency", "a part that is not needed takes the page with it", _page, PAGE_ANSWERED, ({"fallback": False},),
            "facts 1a.3"),
    Anomaly("charged twice", "the answer is lost, and the retry does it again", _charge, CHARGED_ONCE, ({"idempotency_key": False},),
            "reasoning: retries need it"),
)  # fmt: skip
ANOMALIES: dict[str, Anomaly] = {anomaly.name: anomaly for anomaly in _LIST}
DEFENCES: dict[str, dict[str, Any]] = {
    "deadline": {"deadline": False},
    "retry budget": {"retry_budget": False},
    "bounded queue": {"bound": False},
    "breaker": {"breaker": False},
    "early release": {"release_first": False},
    "hedging": {"hedge": False},
    "retries at one layer": {"retry_at": "every layer"},
    "own database": {"own_database": False},
    "fallback": {"fallback": False},
    "idempotency key": {"idempotency_key": False},
}


def anomaly(name: str) -> Anomaly:
    """Give the anomaly called ``name``; ValueError lists the names where there is none."""
    if name not in ANOMALIES:
        raise ValueError(f"there is no anomaly {name!r}; there are {', '.join(ANOMALIES)}")
    return ANOMALIES[name]


def search(name: str, deviations: int | None = None, budget: int = 20_000, **positions: Any) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with everything on but ``positions``."""
    wanted = anomaly(name)
    depth = wanted.surprises if deviations is None else deviations
    return explore(wanted.scenario(**positions), [wanted.invariant, ANSWERED], depth, budget)


def matrix(deviations: int | None = 1, budget: int = 4_000) -> Generator[float, None, list[Cell]]:
    """Search every anomaly with everything on and with each defence off: a generator of the share done; returns the cells."""
    return searches(
        ANOMALIES,
        ("", *DEFENCES),
        lambda name, off: search(name, deviations, budget, **DEFENCES.get(off, {})),
    )

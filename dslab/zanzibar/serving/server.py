"""One aclserver: snapshots in quanta, a cache keyed by snapshot, a lock table, and cancellation.

| word       | meaning                                                                                           |
|------------|----------------------------------------------------------------------------------------------------|
| key        | what is asked, with the snapshot at which it is answered: results never become wrong, only unused        |
| quantum    | timestamps are rounded to multiples of it, so that many questions have the same key                       |
| lock table | the keys that are being computed; whoever asks for one of them waits for that computation                  |
| delegate   | the server that a key belongs to; here there is only one                                                |
| eager cancellation | what is computed for a question that is decided meanwhile is dropped at once                      |
| throttled  | the database holds a client's reads back, because it reads too much                                     |

Zanzibar, section 3.2.5. Rounding is upwards: never below a zookie, and the database waits for a snapshot that lies a little ahead.
"""

from __future__ import annotations

from typing import Any

from dslab.sim import Future, World, sleep
from dslab.zanzibar.zookie import Switches

QUANTUM_US = 1_000_000
CANCELLED = "cancelled"


class Flight:
    """One computation under way: for which client, who waits for it, and the value to come."""

    def __init__(self, world: World, client: str) -> None:
        self.client, self.waiting = client, 0
        self.value = Future(world, "the lock table")


class AclServer:
    """Answers checks from its cache, from a computation under way, or from the database."""

    def __init__(self, world: World, switches: Switches, throttled: str = "") -> None:
        """``throttled``: the client whose reads the database holds back."""
        self.world, self.switches, self.throttled = world, switches, throttled
        world.facts["zanzibar"] = self
        self.cache: dict[Any, int] = {}
        self.flights: dict[Any, Flight] = {}
        self.reads: dict[tuple[str, int], int] = {}  # of a question in a quantum
        self.complaints: dict[str, list[str]] = {"reads": [], "restart": [], "held up": [], "zookie": []}
        self.checks = 0
        self.node = world.node(
            "aclserver", label="aclserver", kind="service", cache="empty", computing="nothing"
        )
        self.database = world.node("database", label="Database", kind="store", reads=0)
        self.node.on("check", self.check)
        self.database.on("read", self.read)

    def read(self, question: str, ts: int, client: str) -> int:
        """Answer a read at a snapshot: the answer is the snapshot, so that staleness shows."""
        self.database.state["reads"] += 1
        return ts

    # [snapshot] upwards: at least as fresh as any zookie, and the same for everybody in this quantum
    def snapshot(self, zookie: int) -> int:
        """Choose the snapshot of a question that arrives now."""
        now, quantum = self.world.now, QUANTUM_US
        if self.switches.rounding == "none":
            return now
        if self.switches.rounding == "down":
            return now // quantum * quantum
        return -(-now // quantum) * quantum

    # [/snapshot]
    async def check(self, questions: tuple[str, ...], client: str, zookie: int = 0) -> int:
        """Answer a union of ``questions``; the first one that is there decides it."""
        ts = self.snapshot(zookie)
        if len(questions) == 1:
            answer = await self.evaluate(questions[0], ts, client)
        else:
            answer = await self.any_of(questions, ts, client)
        if answer < zookie:
            self.complaints["zookie"].append(
                f"{client} asked for {zookie:,} or later and was answered from {answer:,}"
            )
        self.checks += 1
        return answer

    async def any_of(self, questions: tuple[str, ...], ts: int, client: str) -> int:
        """Compute all of them at once; as soon as one is decided the others are not needed any more."""
        first = Future(self.world, "the first answer")
        done: list[str] = []

        async def one(question: str) -> None:
            answer = await self.evaluate(question, ts, client)
            done.append(question)
            if len(done) == 1:
                for other in questions:
                    if other != question:
                        self.cancel(other, ts, client)
                first.set(answer)

        for question in questions:
            self.node.spawn(one(question), f"aclserver ({question})")
        return await first

    def _key(self, question: str, ts: int, client: str) -> tuple[Any, ...]:
        if self.switches.bug == "cache key without snapshot":
            ts = 0
        return (question, ts, client) if self.switches.per_client_locks else (question, ts)

    # [lock_table] one computes, the others wait
    async def evaluate(self, question: str, ts: int, client: str) -> int:
        """Answer one question at one snapshot."""
        key = self._key(question, ts, client)
        if key in self.cache:
            return self.cache[key]
        flight = self.flights.get(key)
        if flight is not None and self.switches.lock_table:
            return await self.wait(flight, question, ts, client)
        flight = self.flights[key] = Flight(self.world, client)
        answer = await self.fetch(question, ts, client)
        if self.flights.get(key) is flight:
            self.cache[key] = answer
            del self.flights[key]
            if self.switches.bug != "lock table forgets waiters" or not flight.waiting:
                flight.value.set(answer)
        self.show()
        return answer

    # [/lock_table]
    async def wait(self, flight: Flight, question: str, ts: int, client: str) -> int:
        """Wait for somebody else's computation; where it is cancelled, begin anew."""
        flight.waiting += 1
        if flight.client == self.throttled != client:
            self.complaints["held up"].append(
                f"{client} waits for a read that is held back because of {flight.client}"
            )
        answer = await flight.value
        if answer == CANCELLED:
            self.complaints["restart"].append(
                f"{client} waited for ‘{question}’, which was cancelled, and begins again"
            )
            return await self.evaluate(question, ts, client)
        return answer

    async def fetch(self, question: str, ts: int, client: str) -> int:
        """Read from the database, and count the reads of a question in a quantum."""
        self.show()
        quantum = (question, -(-ts // QUANTUM_US))
        self.reads[quantum] = self.reads.get(quantum, 0) + 1
        if self.reads[quantum] > 1:
            self.complaints["reads"].append(
                f"‘{question}’ is read {self.reads[quantum]} times within one quantum"
            )
        return await self.node.call("database", "read", question=question, ts=ts, client=client)

    # [cancel] delayed: not while somebody waits for it
    def cancel(self, question: str, ts: int, client: str) -> None:
        """Give up a computation that its own question does not need any more."""
        key = self._key(question, ts, client)
        flight = self.flights.get(key)
        if flight is None or (flight.waiting and self.switches.cancel == "delayed"):
            return
        del self.flights[key]
        flight.value.set(CANCELLED)

    # [/cancel]
    def show(self) -> None:
        """Write cache and lock table onto the lane."""
        self.node.state["cache"] = f"{len(self.cache)} results" if self.cache else "empty"
        self.node.state["computing"] = ", ".join(key[0] for key in self.flights) or "nothing"


def crowd(switches: Switches) -> World:
    """Three checks of one client for the same key, at the same moment; nothing is cached."""
    return _asked(switches, [("search", ("doc:hot#viewer",), 1_000, 0)] * 3, "stampede")


def twice(switches: Switches) -> World:
    """The same question again, a little later in the same second."""
    return _asked(
        switches,
        [("search", ("doc:hot#viewer",), 100_000, 0), ("search", ("doc:hot#viewer",), 400_000, 0)],
        "microsecond keys",
    )


def with_zookie(switches: Switches) -> World:
    """A question without a zookie, and in the next second one with a zookie from just before."""
    return _asked(
        switches,
        [("drive", ("doc:a#viewer",), 400_000, 0), ("drive", ("doc:a#viewer",), 1_500_000, 1_400_000)],
        "below the zookie",
    )


def decided(switches: Switches) -> World:
    """A union of a quick and a slow question; two others ask for the slow one alone."""
    questions = [
        ("drive", ("doc:a#owner", "doc:a#viewer"), 1_000, 0),
        ("drive", ("doc:a#viewer",), 1_200, 0),
        ("drive", ("doc:a#viewer",), 1_300, 0),
    ]
    return _asked(switches, questions, "cancelled under waiters")


def noisy(switches: Switches) -> World:
    """The database holds back client X; client Y asks the same question at the same time."""
    asked = [("X", ("doc:a#viewer",), 1_000, 0), ("Y", ("doc:a#viewer",), 1_200, 0)]
    return _asked(switches, asked, "noisy client", throttled="X")


def _asked(
    switches: Switches, questions: list[tuple[str, tuple[str, ...], int, int]], name: str, throttled: str = ""
) -> World:

    world = World(name=name)
    AclServer(world, switches, throttled)

    async def ask(node: Any, client: str, what: tuple[str, ...], at_us: int, zookie: int) -> None:
        await sleep(at_us)
        await node.call("aclserver", "check", questions=what, client=client, zookie=zookie)
        node.state["answered"] = "yes"

    for number, (client, what, at_us, zookie) in enumerate(questions, 1):
        node = world.node(f"{client} {number}", kind="client", answered="not yet")
        node.spawn(ask(node, client, what, at_us, zookie))
    return world

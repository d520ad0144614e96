"""What goes wrong with rate limiters: invariants, a scenario for each anomaly, and the table of them all.

| word      | meaning                                                                                                  |
|-----------|-----------------------------------------------------------------------------------------------------------|
| limit     | 2 requests per minute here; time goes on in ticks of 10 s, so a request is earned every 30 s                    |
| passed    | when requests reach what is behind the limiter (for a leaky queue, that is when they leave it)                |
| base      | everything on: a token bucket with B = 1, in one store, which decides in one step and by its own clock          |
| surprise  | what the adversary does: let requests come now, or let one message overtake another                           |

`Switches` are the mechanisms; `ANOMALIES` has all anomalies by name; `search(name, **switches)` asks the referee for the shortest schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any

from dslab.check import Anomaly as BaseAnomaly
from dslab.check import Cell, Verdict, always, eventually, named, searches, sometimes
from dslab.concepts.limiter_search import busiest, most_in_span
from dslab.concepts.limiters import CLOCKS, LIMITERS, Limiter, TokenBucket, make, word
from dslab.sim import World, sleep

LIMIT, TICK_US, TICKS = 2, 10_000_000, 12
WINDOW_US = 6 * TICK_US
INTERVAL_US = WINDOW_US // LIMIT
BRIEF_US = 2 * TICK_US
SKEW_US = 3 * TICK_US


@dataclass(frozen=True)
class Switches:
    """The mechanisms of a limiter; the defaults are the base.

    ``algorithm``: a name of `dslab.concepts.limiters.LIMITERS`; ``burst``: of a bucket, 1 or more; ``shared``: one store for all edges;
    ``atomic``: the store decides in one step (off: an edge reads, decides, and writes back); ``time``: whose clock counts, the "store"'s or the
    "edges'"; ``clock``: "hold" or "follow" when time seems to run backwards; ``refused``: what a refusal costs, "free" or "counted" (where an
    algorithm has that choice); ``refill``: of a token bucket.
    """

    algorithm: str = "token bucket"
    burst: int = 1
    shared: bool = True
    atomic: bool = True
    time: str = "store"
    clock: str = "hold"
    refused: str = "free"
    refill: str = "continuous"

    def __post_init__(self) -> None:
        word(self.algorithm, tuple(LIMITERS), "algorithm")
        word(self.time, ("store", "edges"), "time")
        word(self.clock, CLOCKS, "clock")
        word(self.refused, ("free", "counted"), "refused")
        word(self.refill, TokenBucket.REFILLS, "refill")
        for name in ("shared", "atomic"):
            word(getattr(self, name), (True, False), name)

    def limiter(self) -> Limiter:
        """Make the limiter that these switches stand for."""
        wanted: dict[str, Any] = {"clock": self.clock}
        if self.algorithm in ("token bucket", "GCRA"):
            wanted["burst"] = self.burst
        if self.algorithm == "leaky meter":
            wanted["capacity"] = self.burst
        if self.algorithm == "token bucket":
            wanted["refill"] = self.refill
        if "counted" in LIMITERS[self.algorithm].refusal:
            wanted["refused"] = self.refused
        return make(self.algorithm, LIMIT, WINDOW_US, **wanted)


# -- the scenarios ------------------------------------------------------------------------------------------


class Gate:
    """The limiter of a scenario and what it let pass: ``passed`` are times, ``waits`` the delays, ``asked`` how many came."""

    def __init__(self, world: World, limiters: list[Limiter]) -> None:
        self.world, self.limiters = world, limiters
        self.passed: list[int] = []
        self.waits: list[int] = []
        self.asked = 0
        self.copies: dict[str, tuple] = {}  # of its state, as each edge has read or written it
        self.node = world.node("limiter", kind="service", passed=0, refused=0, **{"in the last 60 s": 0})
        world.facts["gate"] = self

    def ask(self, requests: int = 1, place: int = 0, now_us: int | None = None) -> None:
        """Let requests come to a limiter at its time ``now_us`` (the world's unless given)."""
        for _ in range(requests):
            limiter = self.limiters[place]
            self.note(limiter.admit(self.world.now if now_us is None else now_us), limiter.delay_us)

    def note(self, passes: bool, delay_us: int = 0) -> None:
        """Write down a decision."""
        self.asked += 1
        if passes:
            self.passed = sorted((*self.passed, self.world.now + delay_us))
            self.waits.append(delay_us)
        state = self.node.state
        state["passed"], state["refused"] = len(self.passed), self.asked - len(self.passed)
        state["in the last 60 s"] = sum(self.world.now - WINDOW_US < time for time in self.passed)


async def _clock() -> None:
    for _ in range(TICKS):
        await sleep(TICK_US)


def arrivals(switches: Switches, limiter: Limiter | None = None) -> World:
    """One limiter; the adversary says when one request comes, or two at once."""
    world = World(name="arrivals")
    gate = Gate(world, [limiter or switches.limiter()])
    world.spawn(_clock(), "clock")
    world.may("one request", gate.ask, 2, node=gate.node)
    world.may("two requests at once", lambda: gate.ask(2), 2, node=gate.node)
    return world


def knocking(switches: Switches, limiter: Limiter | None = None) -> World:
    """A client that asks again every 10 s, refused or not."""
    world = World(name="knocking")
    gate = Gate(world, [limiter or switches.limiter()])

    async def client() -> None:
        for _ in range(TICKS):
            gate.ask()
            await sleep(TICK_US)

    world.spawn(client(), "client")
    return world


def edges(switches: Switches) -> World:
    """Two edges; the adversary says when a request comes to each."""
    world = World(name="two edges")
    one = switches.limiter()
    gate = Gate(world, [one, one if switches.shared else switches.limiter()])

    def ask() -> None:
        for place in (0, 1):
            gate.ask(place=place)

    world.spawn(_clock(), "clock")
    world.may("a request to each of two edges", ask, 3, node=gate.node)
    return world


def skewed(switches: Switches) -> World:
    """Two edges, one store; the clock of edge 2 is 30 s ahead. The adversary says when a request comes to each."""
    world = World(name="two clocks")
    gate = Gate(world, [switches.limiter()])
    ahead = SKEW_US if switches.time == "edges" else 0

    def ask() -> None:
        gate.ask(now_us=world.now)
        gate.ask(now_us=world.now + ahead)

    world.spawn(_clock(), "clock")
    world.may("a request to edge 1, then one to edge 2", ask, 4, node=gate.node)
    return world


async def _edge(world: World, gate: Gate, switches: Switches, place: int) -> None:
    edge, mine = world.nodes[f"edge {place}"], switches.limiter()
    await sleep(5_000 * place)
    if switches.atomic:
        await edge.call("limiter", "take")
        return
    await edge.call("limiter", "read", by=edge.id)
    mine.load(gate.copies[edge.id])
    passes = mine.admit(world.now)
    gate.copies[edge.id] = mine.state()
    await edge.call("limiter", "write", by=edge.id, left=f"{mine.room(world.now)} left", passes=passes)


def race(switches: Switches) -> World:
    """Two edges ask one store, one shortly after the other."""
    world = World(name="two edges at once")
    limiter = switches.limiter()
    gate = Gate(world, [limiter])

    def read(by: str) -> str:
        left = limiter.room(world.now)
        gate.copies[by] = limiter.state()
        return f"{left} left"

    def write(by: str, left: str, passes: bool) -> None:
        limiter.load(gate.copies[by])
        gate.note(passes)

    gate.node.on("take", gate.ask).on("read", read).on("write", write)
    for place in (1, 2):
        world.node(f"edge {place}", kind="service").spawn(_edge(world, gate, switches, place))
    return world


# -- invariants -----------------------------------------------------------------------------------------------


def _gate(world: World) -> Gate:
    return world.facts["gate"]


def at_most(most: int, span_us: int) -> Callable[[World], bool | str]:
    """Give the test: no half-open span of ``span_us`` gets more than ``most``."""

    def test(world: World) -> bool | str:
        passed = _gate(world).passed
        if most_in_span(passed, span_us) <= most:
            return True
        count, begins = busiest(passed, span_us)
        return f"{count} passed within {span_us / 1_000_000:g} s, from second {begins / 1_000_000:g} on; {most} may"

    return test


def _prompt(world: World) -> bool | str:
    longest = max(_gate(world).waits, default=0)
    return longest == 0 or f"a request was accepted and waited {longest // 1_000_000} s"


def _second_minute(world: World) -> bool | str:
    late = [time for time in _gate(world).passed if time >= WINDOW_US]
    return bool(late) or f"{_gate(world).asked} requests in two minutes, and none passed in the second"


IN_TWENTY_SECONDS = always(
    "IN_TWENTY_SECONDS", "in no 20 s do more than 2 requests pass", at_most(LIMIT, BRIEF_US)
)
IN_ANY_MINUTE = always(
    "IN_ANY_MINUTE",
    "in no minute, wherever it begins, do more than 2 requests pass",
    at_most(LIMIT, WINDOW_US),
)
NOT_TWO_AT_ONCE = always("NOT_TWO_AT_ONCE", "no two requests pass at the same moment", at_most(1, 100_000))
NEARLY_IN_ANY_MINUTE = always("NEARLY_IN_ANY_MINUTE", "in no minute do more than 3 requests pass: the limit, and one for a clock that is 30 s ahead",
                              at_most(LIMIT + 1, WINDOW_US))  # fmt: skip
PROMPT = always("PROMPT", "what is accepted passes at once", _prompt)
WHO_KNOCKS_GETS_IN = eventually(
    "WHO_KNOCKS_GETS_IN", "who asks every 10 s gets in again in the second minute", _second_minute
)
PASSED = sometimes("PASSED", "a request passes", lambda world: bool(_gate(world).passed))
REFUSED = sometimes("REFUSED", "a request is refused, or waits", lambda world: _gate(world).asked > len(_gate(world).passed) or any(_gate(world).waits))  # fmt: skip
INVARIANTS = (
    IN_TWENTY_SECONDS,
    IN_ANY_MINUTE,
    NOT_TWO_AT_ONCE,
    PROMPT,
    WHO_KNOCKS_GETS_IN,
    NEARLY_IN_ANY_MINUTE,
)


# -- anomalies ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Anomaly(BaseAnomaly):
    """A way in which a rate limiter lets through too much, too little, or too late."""

    switches = Switches


_FULL_BURST = {"burst": LIMIT}
_COUNTED = {"algorithm": "sliding log", "refused": "counted"}
_FOLLOWED = {"time": "edges", "clock": "follow"}
_ROWS = (
    ("boundary burst", "a window ends, the next begins, and both give their limit within 20 s", arrivals, IN_TWENTY_SECONDS, ({"algorithm": "fixed window"},), "facts c.1"),
    ("more in a minute", "a minute that nobody counts, because it begins in the middle of one that is counted", arrivals, IN_ANY_MINUTE,
     ({"algorithm": "fixed window"}, {"algorithm": "sliding counter"}, _FULL_BURST), "facts c.2"),
    ("all at once", "after a quiet time a full bucket passes in one moment", arrivals, NOT_TWO_AT_ONCE, (_FULL_BURST,), "facts c.3"),
    ("long wait", "nothing is refused, everything is late", arrivals, PROMPT, ({"algorithm": "leaky queue"},), "facts c.4"),
    ("every edge its own", "two edges, two counters, twice the limit", edges, IN_ANY_MINUTE, ({"shared": False},), "facts c.5"),
    ("read, then write", "two edges read the same state, and both pass", race, NOT_TWO_AT_ONCE, ({"atomic": False},), "issue"),
    ("two clocks", "a clock that is ahead earns requests that it has no right to", skewed, IN_ANY_MINUTE, ({"time": "edges"},), "issue"),
    ("clock ping-pong", "between two clocks time passes again and again", skewed, NEARLY_IN_ANY_MINUTE, (_FOLLOWED,), "issue"),
    ("locked out", "who asks too often never gets in again", knocking, WHO_KNOCKS_GETS_IN, (_COUNTED, {"refill": "lost"}), "issue"),
)  # fmt: skip
_SURPRISES = {"every edge its own": 3, "two clocks": 3, "clock ping-pong": 3}
ANOMALIES: dict[str, Anomaly] = {
    row[0]: Anomaly(*row, also=(PASSED,) if row[0] == "locked out" else (PASSED, REFUSED), surprises=_SURPRISES.get(row[0], 2))
    for row in _ROWS
}  # fmt: skip

DESIGNS: dict[str, dict[str, Any]] = {
    "fixed window": {"algorithm": "fixed window"},
    "sliding counter": {"algorithm": "sliding counter"},
    "sliding log": {"algorithm": "sliding log"},
    "B = 2": _FULL_BURST,
    "leaky queue": {"algorithm": "leaky queue"},
    "local counters": {"shared": False},
    "read, then write": {"atomic": False},
    "edges' clocks": {"time": "edges"},
    "clock followed": _FOLLOWED,
    "refusals counted": _COUNTED,
    "fractions lost": {"refill": "lost"},
}


def search(name: str, deviations: int | None = None, budget: int = 20_000, **positions: Any) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with the base changed in ``positions`` only."""
    return named(ANOMALIES, name).search(deviations, budget, **positions)


def matrix(
    names: Iterable[str] = tuple(ANOMALIES), deviations: int | None = None, budget: int = 20_000
) -> Generator[float, None, list[Cell]]:
    """Search every anomaly in the base and in each design: a generator of the share done; returns the cells."""
    return searches(
        names,
        ("", *DESIGNS),
        lambda name, column: search(name, deviations, budget, **DESIGNS.get(column, {})),
    )

"""What goes wrong with CacheFront when a mechanism is off: invariants, one scenario for each anomaly, and the table of both.

| word     | meaning                                                                                             |
|----------|-----------------------------------------------------------------------------------------------------|
| anomaly  | a scenario, the invariant it breaks, and the switch positions with which it does                       |
| defence  | a switch position whose absence the table tries                                                      |
| base     | every mechanism on, as Uber runs it since 2025 (`dslab.cachefront.protocol.Switches`)                  |

`ANOMALIES` has them all by name; `search(name, **switches)` asks the referee; `matrix()` computes the table
"which defence stops which anomaly".
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from typing import Any

from dslab import check
from dslab.cachefront.protocol import MINUTE_US, CacheFront, Entry, Store, Switches
from dslab.check import Cell, Invariant, Verdict, always, eventually, searches, sometimes
from dslab.sim import World, sleep

SECOND_US = 1_000_000


# -- invariants ---------------------------------------------------------------------------------------


def front(world: World) -> CacheFront:
    """Give the CacheFront that a scenario built into ``world``."""
    return world.facts["cachefront"]


def _no_step_back(world: World) -> bool | str:
    cache = front(world).cache
    for key, told in cache.told.items():
        slot = cache.get(key)
        if slot is not None and slot.kind != "marker" and slot.version < told:
            return f"the slot holds {slot} although this cache was told of version {told} before"
    return True


def _fresh_at_rest(world: World) -> bool | str:
    system = front(world)
    for key in system.leader.history:
        slot, newest = system.cache.get(key), system.leader.history[key][-1]
        if slot is not None and slot.kind != "marker" and slot.version < newest.version:
            return f"nothing is on its way any more, the leader has {newest} and the slot still holds {slot}"
    return True


def _remembered(kind: str) -> Callable[[World], bool | str]:
    def test(world: World) -> bool | str:
        complaints = front(world).complaints[kind]
        return not complaints or complaints[0]

    return test


def _not_ahead(world: World) -> bool | str:
    system = front(world)
    region: Store = world.facts["region"]
    for key, slot in world.facts["remote"].slots.items():
        if slot.kind == "row" and slot.version > region.version(key):
            return f"region B's cache holds {slot}; its own database has {system.world.nodes['B leader'].state['rows']}"
    return True


def _linearizable(world: World) -> bool | str:
    # The judge is loaded by the one scenario that asks it.
    from dslab.check import History, linearizable, register

    verdict = linearizable(History.from_trace(world), register("v1"))
    if verdict.held:
        return True
    who, got = verdict.stuck.process, verdict.stuck.value
    return f"{who} read {got}, which the answers before it rule out: one single copy could not have said that"


NO_STEP_BACK = always(
    "NO_STEP_BACK", "once a cache was told of a version, its slot never holds an older row", _no_step_back
)
FRESH_AT_REST = eventually(
    "FRESH_AT_REST",
    "when nothing is on its way any more, no slot holds an older row than the leader",
    _fresh_at_rest,
)
READ_YOUR_WRITES = always(
    "READ_YOUR_WRITES", "a client reads what it was told is committed, or something newer", _remembered("own")
)
NO_GENUINE_FILL_REJECTED = always(
    "NO_GENUINE_FILL_REJECTED",
    "a fill of the newest row there is, is never rejected",
    _remembered("rejected"),
)
NO_FRESH_ROW_LOST = always(
    "NO_FRESH_ROW_LOST", "a marker never throws out the row that it announces", _remembered("lost")
)
STALE_ENDS_BY_TTL = always(
    "STALE_ENDS_BY_TTL",
    "no row is served from the cache more than five minutes after it was replaced",
    _remembered("ttl"),
)
AGE_WITHIN_TTL = always(
    "AGE_WITHIN_TTL", "no row served is more than five minutes older than the newest one", _remembered("age")
)
NOT_AHEAD = always(
    "NOT_AHEAD",
    "a region's cache holds no version that the region's own database does not have yet",
    _not_ahead,
)
LINEARIZABLE = eventually(
    "LINEARIZABLE",
    "there is one order of all reads and writes, true to real time, that explains every answer",
    _linearizable,
)
ACKNOWLEDGED = sometimes(
    "ACKNOWLEDGED", "a write is acknowledged", lambda world: front(world).acknowledged > 0
)

INVARIANTS = (
    NO_STEP_BACK, FRESH_AT_REST, READ_YOUR_WRITES, NO_GENUINE_FILL_REJECTED, NO_FRESH_ROW_LOST, STALE_ENDS_BY_TTL,
    AGE_WITHIN_TTL, NOT_AHEAD,
    LINEARIZABLE,
)  # fmt: skip


# -- scenarios ----------------------------------------------------------------------------------------


def _reader_and_writer(switches: Switches) -> World:
    """The slot is empty; one client reads, and just after it has asked the leader another writes."""
    world = World(name="late fill")
    _race(CacheFront(world, switches))
    return world


def _race(system: CacheFront) -> None:
    system.load()
    reader, writer = system.engine("reader"), system.engine("writer")

    async def write_a_little_later() -> None:
        await sleep(2_500)
        await writer.write("v2")

    reader.node.spawn(reader.read())
    writer.node.spawn(write_a_little_later())


def _out_of_order(switches: Switches) -> World:
    """As in 2024: writes do not touch the cache, only Flux does; a slow reader fills what it read before the write."""
    world = World(name="out-of-order fills")
    _race(CacheFront(world, replace(switches, invalidation="none")))
    return world


def _read_own_write(switches: Switches) -> World:
    """One client writes a cached row and reads it at once."""
    world = World(name="read own write")
    system = CacheFront(world, switches)
    system.load(cached=True)
    client = system.engine("client")

    async def write_then_read() -> None:
        await client.write("v2")
        await client.read()

    client.node.spawn(write_then_read())
    return world


def _lost_invalidation(switches: Switches) -> World:
    """Redis can be cut off from both invalidation paths; somebody reads right after the write and after six minutes."""
    world = World(name="lost invalidation")
    system = CacheFront(world, switches, invalidation_timeout_us=50_000)
    system.load(cached=True)
    reader, writer = system.engine("reader"), system.engine("writer")
    world.link("writer", "cache", may_lose=1)
    world.link("flux", "cache", may_lose=1)

    async def write_then_wait() -> None:
        await writer.write("v2")
        await reader.read()
        await sleep(6 * MINUTE_US)
        await reader.read()

    writer.node.spawn(write_then_wait())
    return world


def _follower_refill(switches: Switches) -> World:
    """A write is over and its marker can expire; then somebody misses and refills, perhaps from a lagging follower."""
    world = World(name="follower refill")
    system = CacheFront(world, switches)
    system.load(cached=True)
    reader, writer = system.engine("reader"), system.engine("writer")
    world.may(
        "the marker expires",
        system.cache.expire,
        when=lambda: _slot_kind(system) == "marker",
        node=system.cache.node,
        kind="expiry",
    )

    async def write_then_read() -> None:
        await writer.write("v2")
        await reader.read()

    writer.node.spawn(write_then_read())
    return world


def _slot_kind(system: CacheFront) -> str:
    slot: Entry | None = system.cache.slots.get("k")
    return slot.kind if slot else "empty"


def _negative_insert(switches: Switches) -> World:
    """A client finds no such row, which may be cached; then it inserts the row and reads it."""
    world = World(name="negative cache")
    system = CacheFront(world, switches)
    client = system.engine("client")

    async def insert_then_read() -> None:
        await client.read()
        await client.write("v1")
        await client.read()

    client.node.spawn(insert_then_read())
    return world


def _clock_stamp(switches: Switches) -> World:
    """The writer's clock is ahead; after its write somebody reads and fills the newest row."""
    world = World(name="clock-stamped marker")
    system = CacheFront(world, switches)
    system.load(cached=True)
    reader, writer = system.engine("reader"), system.engine("writer", skew=5)

    async def write_then_read() -> None:
        await writer.write("v2")
        await reader.read()

    writer.node.spawn(write_then_read())
    return world


def _clock_back(switches: Switches) -> World:
    """The row was written at ts 30; then the leader's clock steps back, and the row is written again."""
    world = World(name="clock steps back")
    system = CacheFront(world, switches)
    system.load(ts=30, cached=True)
    system.leader.clock = 19  # the next transaction would get 29
    writer = system.engine("writer")
    writer.node.spawn(writer.write("v2"))
    return world


def _conditional_delete(switches: Switches) -> World:
    """A client deletes a cached row by a condition, so that only the database knows which row it was, and reads it."""
    world = World(name="conditional delete")
    system = CacheFront(world, switches)
    system.load(cached=True)
    client = system.engine("client")

    async def delete_then_read() -> None:
        await client.write(None, conditional=True)
        await client.read()

    client.node.spawn(delete_then_read())
    return world


def _warm_up(switches: Switches) -> World:
    """Region A writes and fills; its cache's writes are sent to region B, whose database is replicated on another way."""
    from dslab.cachefront.protocol import Cache, Engine

    world = World(name="value shipping")
    system = CacheFront(world, switches)
    system.load()
    region = world.facts["region"] = Store(system, "B leader", "Region B leader")
    remote = world.facts["remote"] = Cache(system, "B cache")
    remote.node.label = "Region B cache"
    region.load("k", "v1", 10)
    system.leader.followers = ("B leader",)
    consumer = Engine(system, "B warmer", "Region B warmer", cache="B cache")
    client = system.engine("client", "Client in A")
    system.refill = "leader"

    async def replay(key: str) -> None:
        entry = await consumer.node.call("B leader", "select", key=key)
        consumer.node.send("B cache", "fill", key=key, entry=entry)

    consumer.node.on("warm", replay)

    async def write_then_read() -> None:
        await client.write("v2")
        await client.read()
        if switches.warm_up == "values":
            client.node.send("B cache", "fill", key="k", entry=system.leader.select("k"))
        else:
            client.node.send("B warmer", "warm", key="k")

    client.node.spawn(write_then_read())
    return world


def _engine_dies(switches: Switches) -> World:
    """The writer's query engine may die at any moment, also between COMMIT and invalidation."""
    world = World(name="query engine dies")
    system = CacheFront(world, switches)
    system.load(cached=True)
    writer = system.engine("writer")
    world.may_crash(writer.node, restart=False)
    writer.node.spawn(writer.write("v2"))
    return world


def _invalidation_times_out(switches: Switches) -> World:
    """A client writes a cached row and reads it; waiting for the invalidation ends after 50 ms, and the write succeeds."""
    world = World(name="invalidation times out")
    system = CacheFront(world, switches, invalidation_timeout_us=50_000)
    system.load(cached=True)
    client = system.engine("client")

    async def write_then_read() -> None:
        await client.write("v2")
        await client.read()

    client.node.spawn(write_then_read())
    return world


def _new_then_old(switches: Switches) -> World:
    """The slot is empty and three clients read around one write; the third asks when the second has its answer."""
    world = World(name="not linearizable")
    system = CacheFront(world, switches)
    system.load()
    slow, writer, first, second = (system.engine(name) for name in ("slow", "writer", "first", "second"))

    async def write_a_little_later() -> None:
        await sleep(2_500)
        await writer.write("v2")

    async def one_after_the_other() -> None:
        await sleep(2_600)
        await first.read()
        await second.read()

    slow.node.spawn(slow.read())
    writer.node.spawn(write_a_little_later())
    first.node.spawn(one_after_the_other())
    return world


def _two_keys(switches: Switches) -> World:
    """A client updates two cached rows by one condition and reads the second."""
    world = World(name="conditional update of two rows")
    system = CacheFront(world, switches)
    system.load("k", cached=True)
    system.load("j", cached=True)
    client = system.engine("client")

    async def write_then_read() -> None:
        await client.write("v2", ("k", "j"), conditional=True)
        await client.read("j")

    client.node.spawn(write_then_read())
    return world


def _flux_comes_late(switches: Switches) -> World:
    """Flux only invalidates; somebody has filled the new row by the time it comes."""
    world = World(name="Flux comes late")
    system = CacheFront(world, replace(switches, flux="invalidates"))
    system.load(cached=True)
    client = system.engine("client")

    async def write_then_read() -> None:
        await client.write("v2")
        await client.read()

    client.node.spawn(write_then_read())
    return world


def _small_then_large(switches: Switches) -> World:
    """The cached row carries timestamp 9; the next transaction gets 19."""
    world = World(name="nine, then nineteen")
    system = CacheFront(world, switches)
    system.load(ts=9, cached=True)
    writer = system.engine("writer")
    writer.node.spawn(writer.write("v2"))
    return world


def _engine_dies_deleting(switches: Switches) -> World:
    """The query engine may die while it deletes a cached row."""
    world = World(name="query engine dies deleting")
    system = CacheFront(world, switches)
    system.load(cached=True)
    writer = system.engine("writer")
    world.may_crash(writer.node, restart=False)
    writer.node.spawn(writer.write(None, conditional=True))
    return world


def _read_again_and_again(switches: Switches) -> World:
    """Both invalidations can be lost; somebody reads every four minutes."""
    world = World(name="read again and again")
    system = CacheFront(world, switches, invalidation_timeout_us=50_000)
    system.load(cached=True)
    reader, writer = system.engine("reader"), system.engine("writer")
    world.link("writer", "cache", may_lose=1)
    world.link("flux", "cache", may_lose=1)

    async def write_then_read() -> None:
        await writer.write("v2")
        for _ in range(2):
            await sleep(4 * MINUTE_US)
            await reader.read()

    writer.node.spawn(write_then_read())
    return world


# -- anomalies ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Anomaly(check.Anomaly):
    """A way in which CacheFront breaks; in each of its scenarios an acknowledged write must happen."""

    switches = Switches

    also: tuple[Invariant, ...] = (ACKNOWLEDGED,)
    surprises: int = 3


_LIST = (
    Anomaly(
        "late fill",
        "a fill that left before the write arrives after it",
        _reader_and_writer,
        NO_STEP_BACK,
        ({"compare_and_set": False}, {"markers": False}),
        "facts 2c.1",
    ),
    Anomaly(
        "out-of-order fills",
        "Flux fills the new row, a slow reader fills the old one",
        _out_of_order,
        NO_STEP_BACK,
        ({"compare_and_set": False},),
        "facts 2c.2",
    ),
    Anomaly(
        "read own write",
        "a client does not see its own write",
        _read_own_write,
        READ_YOUR_WRITES,
        ({"invalidation": "async"}, {"invalidation": "none"}),
        "facts 2c.3",
    ),
    Anomaly(
        "lost invalidation",
        "both invalidations are lost and the old row stays",
        _lost_invalidation,
        STALE_ENDS_BY_TTL,
        ({"ttl_us": None},),
        "facts 2c.4",
    ),
    Anomaly(
        "age gap",
        "the row that stays is a year old, however short the TTL",
        _lost_invalidation,
        AGE_WITHIN_TTL,
        (),
        "facts 2c.4",
        always_there=True,
    ),
    Anomaly(
        "follower refill",
        "the marker is gone and a lagging follower fills the old row",
        _follower_refill,
        NO_STEP_BACK,
        ({"refill_from": "follower"},),
        "facts 2c.5",
    ),
    Anomaly(
        "negative cache",
        '"no such row" is cached and the row is inserted',
        _negative_insert,
        READ_YOUR_WRITES,
        ({"invalidation": "async"}, {"invalidation": "none"}),
        "facts 2c.6",
    ),
    Anomaly(
        "clock-stamped marker",
        "a marker from a fast clock keeps the newest row out",
        _clock_stamp,
        NO_GENUINE_FILL_REJECTED,
        ({"marker_stamp": "clock"},),
        "facts 2c.7",
    ),
    Anomaly(
        "clock steps back",
        "the newer row has the smaller timestamp",
        _clock_back,
        NO_STEP_BACK,
        ({"monotonic_timestamps": False},),
        "facts 2c.8",
    ),
    Anomaly(
        "conditional delete",
        "nobody knows which rows were deleted",
        _conditional_delete,
        READ_YOUR_WRITES,
        ({"soft_deletes": False},),
        "facts 2c.9",
    ),
    Anomaly(
        "value shipping",
        "another region's cache runs ahead of its own database",
        _warm_up,
        NOT_AHEAD,
        ({"warm_up": "values"},),
        "facts 2c.10",
    ),
    Anomaly(
        "query engine dies",
        "nobody is left to invalidate after the commit",
        _engine_dies,
        FRESH_AT_REST,
        ({"flux": "off"},),
        "facts 2c.11",
    ),
    Anomaly(
        "invalidation times out",
        "the write succeeds although its invalidation did not",
        _invalidation_times_out,
        READ_YOUR_WRITES,
        (),
        "UB2, write path, step 6",
        always_there=True,
    ),
    Anomaly(
        "not linearizable",
        "one client reads the new row, after it another the old one",
        _new_then_old,
        LINEARIZABLE,
        (),
        "facts 2f: stronger, not strong",
        always_there=True,
    ),
    Anomaly(
        "two rows",
        "one conditional update changes two rows",
        _two_keys,
        READ_YOUR_WRITES,
        ({"invalidation": "async"},),
        "UB2, write path, steps 3 to 5",
    ),
)
# Scenarios in which a mutant shows that no switch of CacheFront brings about.
EXTRA_SCENARIOS: dict[str, tuple[Callable[[Switches], World], Invariant]] = {
    "Flux comes late": (_flux_comes_late, NO_FRESH_ROW_LOST),
    "nine, then nineteen": (_small_then_large, NO_STEP_BACK),
    "query engine dies deleting": (_engine_dies_deleting, FRESH_AT_REST),
    "read again and again": (_read_again_and_again, STALE_ENDS_BY_TTL),
}  # fmt: skip
ANOMALIES: dict[str, Anomaly] = {anomaly.name: anomaly for anomaly in _LIST}

DEFENCES: dict[str, dict[str, Any]] = {
    "compare-and-set": {"compare_and_set": False},
    "markers": {"markers": False},
    "synchronous invalidation": {"invalidation": "async"},
    "commit timestamp in markers": {"marker_stamp": "clock"},
    "soft deletes": {"soft_deletes": False},
    "monotonic timestamps": {"monotonic_timestamps": False},
    "refill from the leader": {"refill_from": "follower"},
    "warm-up by keys": {"warm_up": "values"},
    "Flux": {"flux": "off"},
    "TTL": {"ttl_us": None},
}


def anomaly(name: str) -> Anomaly:
    """Give the anomaly called ``name``; ValueError lists the names where there is none."""
    return check.named(ANOMALIES, name)


def search(name: str, deviations: int = 3, budget: int = 20_000, **positions: Any) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with everything on but ``positions``."""
    return anomaly(name).search(deviations, budget, **positions)


def matrix(
    anomalies: Iterable[str] = tuple(ANOMALIES), deviations: int = 2, budget: int = 4_000
) -> Generator[float, None, list[Cell]]:
    """Search every anomaly with everything on and with each defence off: a generator of the share done; returns the cells."""
    return searches(
        anomalies,
        ("", *DEFENCES),
        lambda name, off: search(name, deviations, budget, **DEFENCES.get(off, {})),
    )

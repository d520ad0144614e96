"""CacheFront for real: PostgreSQL as the store, its logical decoding as Flux, Valkey as the cache.

| word         | meaning                                                                                             |
|--------------|-----------------------------------------------------------------------------------------------------|
| row, slot    | what the store and what the cache hold for a key, each with a timestamp: see `real_parts`           |
| fill         | a reader that missed puts the row it read from the store into the slot                              |
| marker       | put over a slot by a writer: whatever is older than my timestamp is out of date                     |
| CAS          | compare-and-set: the slot takes only what is newer, or a row of the same timestamp                  |
| query engine | the code that a client calls: it reads through the cache, and invalidates after a write             |
| Flux         | follows the store's change feed and puts each committed row into the cache                          |
| follower     | a copy of the store that lags; here an old snapshot of the same PostgreSQL                          |
| race         | a sequence in which something goes wrong; gates hold each client at the right place, so it is certain |

A race returns an `Outcome`; each mechanism has a switch (`Switches`). Sources: Uber Engineering, "How Uber Serves Over 40
Million Reads Per Second from Online Storage Using an Integrated Cache" (2024) and its sequel on over 150 million reads
and stronger consistency (2025). What differs from Uber: PostgreSQL for MySQL with Raft, Valkey for Redis, one of each.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from dslab import real
from dslab.cachefront.real_parts import (
    HARD_DELETE_WHERE,
    PUT,
    SOFT_DELETE_WHERE,
    TABLES,
    UPDATE_WHERE,
    Cache,
    Row,
    Slot,
    Store,
)
from dslab.sim.result import Result

CLOCK_AHEAD_US = 5_000  # how far the local clock of `commit_stamp=False` is ahead
HOLD_MS_MAX = 2.0  # the longest random sleep of `free_run`


@dataclass(frozen=True)
class Switches:
    """The mechanisms of the article; each can be turned off. ``flux`` says whether the change feed runs at the end."""

    cas: bool = True
    marker: bool = True  # off: DEL
    sync_invalidation: bool = True  # off: the writer leaves the cache alone
    commit_stamp: bool = True  # off: the marker is stamped by the local clock
    soft_deletes: bool = True
    monotonic: bool = True
    leader: bool = True  # off: a miss is filled from the follower
    flux: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a race ended.

    ``served`` is what a read through the cache gets at the end (None: no such row); it is ``stale`` where the store
    holds something else. ``final_cache`` is "empty", "v1@t1" or "marker@t2", ``final_store`` "v2@t2" or "absent";
    ``rejected`` counts the fills that the cache refused. ``log`` is the same in every run.
    """

    race: str
    switches: Switches
    stale: bool
    served: str | None
    final_cache: str
    final_store: str
    rejected: int
    log: tuple[str, ...]


# ------------------------------------------------------------------------------------------------ one race and its clients


class Lab:
    """The two servers with the tables, the change feed and connections that races share; a context manager."""

    def __init__(self) -> None:
        with ExitStack() as stack:
            self.postgres = stack.enter_context(real.postgres({"wal_level": "logical"}))
            self.valkey = stack.enter_context(real.valkey())
            self.postgres.connect().execute(TABLES)
            self.feed = real.Feed(self.postgres, "entry")
            self.cache = Cache(self.valkey.client(), self.valkey.prefix)
            self._stores: dict[str, Store] = {}
            self._runs = itertools.count(1)
            self._stack = stack.pop_all()

    def store(self, client: str) -> Store:
        """Give the connection of one client; the same for the same name."""
        if client not in self._stores:
            self._stores[client] = Store(self.postgres.connect())
        return self._stores[client]

    def run(self, switches: Switches) -> Run:
        """Prepare a race with keys of its own."""
        return Run(self, switches, f"run{next(self._runs)}.")

    def close(self) -> None:
        """Stop both servers."""
        self._stack.close()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Run:
    """One race: its switches, its keys (all begin with ``prefix``), its journal."""

    def __init__(self, lab: Lab, switches: Switches, prefix: str) -> None:
        self.lab, self.cache, self.switches, self.prefix = lab, lab.cache, switches, prefix
        self.journal = real.Journal()
        self.rejected = 0
        self._begun: set[int] = set()

    def begin(self, key: str, value: str, cached: bool = False) -> None:
        """Put a row into the store, and into the cache if asked, before the race begins; Flux leaves it alone."""
        timestamp, _ = self.lab.store("writer").change(
            PUT, key=self.prefix + key, owner=self.prefix, value=value
        )
        self._begun.add(timestamp)
        if cached:
            self.cache.offer(self.prefix + key, Slot("row", value, timestamp), cas=False)
        self.journal.say(
            f"before: the store {'and the cache hold' if cached else 'holds'} {value}@", timestamp
        )

    def flux(self) -> None:
        """Run the change feed: put each row that this race committed into the cache, a marker for a tombstone."""
        for change in self.lab.feed.read():
            key, stamp = str(change.row["key"]), int(change.row.get("updated_at") or 0)
            if not key.startswith(self.prefix) or stamp in self._begun:
                continue
            if change.kind == "delete":
                self.cache.delete(key)
                self.journal.say(f"Flux: {key.removeprefix(self.prefix)} is gone, empties its slot")
                continue
            gone = change.row["deleted"] == "t"
            slot = Slot("marker", "", stamp) if gone else Slot("row", str(change.row["value"]), stamp)
            taken = self.cache.offer(key, slot, self.switches.cas)
            self.journal.say(
                f"Flux: puts {slot.value or 'marker'}@, {'taken' if taken else 'rejected'}", stamp
            )

    def judge(self, key: str) -> tuple[Slot | None, Row | None, bool]:
        """Look at ``key``: its slot, its row, and whether a read through the cache gets something else than the row."""
        slot = self.cache.get(self.prefix + key)
        row = self.lab.store("judge").read(self.prefix + key)
        cached = slot is not None and slot.kind == "row"
        return slot, row, cached and slot.value != (row.value if row else None)

    def outcome(self, race: str, key: str) -> Outcome:
        """Let the feed run if it is switched on, then judge."""
        if self.switches.flux:
            self.flux()
        slot, row, stale = self.judge(key)
        truth = row.value if row else None
        named = self.journal.named
        cache = named(f"{slot.value or 'marker'}@", slot.timestamp) if slot else "empty"
        store = named(f"{truth}@", row.timestamp) if row and truth else "absent"
        served = slot.value if stale else truth
        return Outcome(race, self.switches, stale, served, cache, store, self.rejected, self.journal.lines())


class Engine:
    """The query engine of one client."""

    def __init__(self, run: Run, client: str) -> None:
        self.run, self.client = run, client
        self.store = run.lab.store(client)
        self.cas = run.switches.cas

    def say(self, sentence: str, timestamp: int | None = None) -> None:
        self.run.journal.say(f"{self.client}: {sentence}", timestamp)

    def read(
        self, key: str, before_fill: Callable[[], None] = lambda: None, store: Store | None = None
    ) -> str | None:
        """Read through the cache; ``before_fill`` runs between the read of the store and the fill."""
        slot = self.run.cache.get(self.run.prefix + key)
        if slot and slot.kind == "row":
            self.say(f"gets {slot.value}@ from the cache", slot.timestamp)
            return slot.value
        row = (store or self.store).read(self.run.prefix + key)
        if row is None or row.value is None:
            self.say(f"misses, the store has no {key}")
            return None
        self.say(f"misses, reads {row.value}@ from the {'follower' if store else 'store'}", row.timestamp)
        before_fill()
        taken = self.run.cache.offer(self.run.prefix + key, Slot("row", row.value, row.timestamp), self.cas)
        self.run.rejected += not taken
        self.say(f"fills {row.value}@, {'taken' if taken else 'rejected'}", row.timestamp)
        return row.value

    def put(self, key: str, value: str) -> None:
        """Write one row, then invalidate."""
        self.write(f"commits {value}@", PUT, key=self.run.prefix + key, owner=self.run.prefix, value=value)

    def write(self, what: str, statement: str, **parameters: str) -> None:
        """Write by any statement, then invalidate the keys that the store says it changed."""
        timestamp, keys = self.store.change(statement, self.run.switches.monotonic, **parameters)
        self.say(f"{what}, changed keys: {len(keys)}", timestamp)
        if self.run.switches.sync_invalidation:
            self.invalidate(timestamp, keys)

    def invalidate(self, timestamp: int, keys: list[str]) -> None:
        """Put a marker over each key, or delete it where markers are switched off."""
        if not self.run.switches.commit_stamp:
            timestamp = max(timestamp, time.time_ns() // 1000) + CLOCK_AHEAD_US
        for key in keys:
            name = key.removeprefix(self.run.prefix)
            if self.run.switches.marker:
                taken = self.run.cache.offer(key, Slot("marker", "", timestamp), self.cas)
                self.say(f"puts marker@ over {name}, {'taken' if taken else 'rejected'}", timestamp)
            else:
                self.run.cache.delete(key)
                self.say(f"deletes {name} from the cache")


# ------------------------------------------------------------------------------------------------------- the races


def held_fill(run: Run, meanwhile: Callable[[], None]) -> None:
    """Let a reader read the store, hold it there while ``meanwhile`` happens, then let it fill."""
    gate = real.Gate("the reader's fill")

    def others() -> None:
        gate.wait_for_arrival()
        try:
            meanwhile()
        finally:
            gate.open()

    real.together(lambda: Engine(run, "reader").read("k", gate.hold), others)


def late_fill(run: Run) -> None:
    """A reader has read v1; v2 is committed and invalidated; then the reader's fill arrives."""
    run.begin("k", "v1")
    held_fill(run, lambda: Engine(run, "writer").put("k", "v2"))


def out_of_order_fill(run: Run) -> None:
    """A reader has read v1; v2 is committed and Flux fills it; then the reader's fill arrives."""
    run.begin("k", "v1")

    def meanwhile() -> None:
        Engine(run, "writer").put("k", "v2")
        run.flux()

    held_fill(run, meanwhile)


def read_own_write(run: Run) -> None:
    """v1 is cached; a client writes v2 and reads at once, before Flux has come by."""
    run.begin("k", "v1", cached=True)
    Engine(run, "writer").put("k", "v2")
    Engine(run, "writer").read("k")


def lost_invalidation(run: Run) -> None:
    """v1 is cached; v2 is committed; the query engine dies, or its message is lost, before the marker is put."""
    run.begin("k", "v1", cached=True)
    timestamp, _ = run.lab.store("writer").change(PUT, key=run.prefix + "k", owner=run.prefix, value="v2")
    run.journal.say("writer: commits v2@, and the invalidation is lost", timestamp)


def follower_refill(run: Run) -> None:
    """v2 is committed and its marker has expired; a reader fills the empty slot from a follower that has only v1."""
    run.begin("k", "v1")
    follower = Store(run.lab.postgres.connect())
    follower.stop_following()
    Engine(run, "writer").put("k", "v2")
    run.cache.expire(run.prefix + "k")
    Engine(run, "reader").read("k", store=None if run.switches.leader else follower)
    follower.connection.close()


def clock_stamped_marker(run: Run) -> None:
    """v1 is cached; v2 is committed and invalidated; two reads follow. Does the second find it in the cache?"""
    run.begin("k", "v1", cached=True)
    Engine(run, "writer").put("k", "v2")
    Engine(run, "reader").read("k")
    Engine(run, "reader").read("k")


def clock_steps_back(run: Run) -> None:
    """v1 is cached; then the clock of the store steps back, and v2 is stamped before v1."""
    run.begin("k", "v1", cached=True)
    Engine(run, "writer").put("k", "v2")
    Engine(run, "reader").read("k")


def conditional_update(run: Run) -> None:
    """Two rows of one owner, one cached; UPDATE ... WHERE owner = ... changes both."""
    run.begin("j", "v1")
    run.begin("k", "v1", cached=True)
    Engine(run, "writer").write("UPDATE WHERE owner@", UPDATE_WHERE, owner=run.prefix, value="v2")


def conditional_delete(run: Run) -> None:
    """Two rows of one owner, one cached; DELETE ... WHERE owner = ... removes both."""
    run.begin("j", "v1")
    run.begin("k", "v1", cached=True)
    soft = run.switches.soft_deletes
    Engine(run, "writer").write(
        f"DELETE WHERE owner, {'soft' if soft else 'hard'}@",
        SOFT_DELETE_WHERE if soft else HARD_DELETE_WHERE,
        owner=run.prefix,
    )


RACES: dict[str, Callable[[Run], None]] = {
    function.__name__: function
    for function in (
        late_fill, out_of_order_fill, read_own_write, lost_invalidation, follower_refill,
        clock_stamped_marker, clock_steps_back, conditional_update, conditional_delete,
    )
}  # fmt: skip

# The switch that is the defence; conditional_update has none, it shows that the keys are found.
DEFENCE = {
    "late_fill": "marker",
    "out_of_order_fill": "cas",
    "read_own_write": "sync_invalidation",
    "lost_invalidation": "flux",
    "follower_refill": "leader",
    "clock_stamped_marker": "commit_stamp",
    "clock_steps_back": "monotonic",
    "conditional_delete": "soft_deletes",
}


def race(name: str, lab: Lab | None = None, **switches: bool) -> Outcome:
    """Run one race for real.

    Args:
        name: a key of `RACES`.
        lab: servers that are running; None starts some and stops them again.
        switches: fields of `Switches`; what is not named is on, ``flux`` off.

    Raises:
        ValueError: there is no such race.
        TypeError: there is no such switch, or it is not True or False.
        dslab.real.Unavailable: a server cannot be had here.
    """
    if name not in RACES:
        raise ValueError(f"there is no race {name!r}; there are: {', '.join(RACES)}")
    fields = [field.name for field in dataclasses.fields(Switches)]
    for switch, value in switches.items():
        if switch not in fields or not isinstance(value, bool):
            raise TypeError(f"{switch}={value!r} is no switch; use True or False for {', '.join(fields)}")
    if lab is None:
        with Lab() as own:
            return race(name, own, **switches)
    run = lab.run(Switches(**switches))
    RACES[name](run)
    return run.outcome(name, "k")


# ------------------------------------------------------------------------------------------------- free-running clients


def free_run(
    lab: Lab, cas: bool, marker: bool, seed: int = 0, keys: int = 40, readers: int = 3, writers: int = 2
) -> int:
    """Let readers and writers loose on one key after the other; returns how many keys are stale once all is quiet.

    One late fill is forced first, so that without CAS or without markers the number is never 0. Then for each key, at
    the same moment, each reader reads twice and each writer writes once, with random sleeps of up to 2 ms before a
    fill and before a write. Who wins differs from run to run.

    Args:
        lab: running servers.
        cas, marker: as in `Switches`.
        seed: of the sleeps.
        keys, readers, writers: how many of each, from 1.

    Raises:
        ValueError: a number is below 1.
    """
    for name, number in (("keys", keys), ("readers", readers), ("writers", writers)):
        if number < 1:
            raise ValueError(f"{name} is {number}; there must be at least 1")
    run = lab.run(Switches(cas=cas, marker=marker))
    late_fill(run)
    names = [f"k{number}" for number in range(keys)]
    for name in names:
        run.begin(name, "v1")
    line = threading.Barrier(readers + writers)

    def client(number: int) -> None:
        chance, engine = random.Random(1000 * seed + number), Engine(run, f"client{number}")
        for name in names:
            line.wait(real.HOLD_S_MAX)
            pauses_s = [chance.uniform(0, HOLD_MS_MAX) / 1000 for _ in range(2)]
            if number < writers:
                time.sleep(pauses_s[0])
                engine.put(name, f"v{number + 2}")
            else:
                for pause_s in pauses_s:
                    engine.read(name, lambda pause_s=pause_s: time.sleep(pause_s))

    real.together(*[lambda number=number: client(number) for number in range(readers + writers)])
    return sum(run.judge(name)[2] for name in ["k", *names])


def live(name: str, lab: Lab | None, work: Callable[[Lab], Result]) -> Result:
    """Run ``work`` in a lab, in one of our own if none is given; where there can be none, give the stored result."""
    if lab is not None:
        return work(lab)

    def own() -> Result:
        with Lab() as lab:
            return work(lab)

    return real.live_or_stored(name, own)

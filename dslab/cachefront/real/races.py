"""The races: each anomaly of `dslab.cachefront.anomalies` that two real servers can show, played so that it is certain.

The words are those of `dslab.cachefront.real`; the switches are those of `dslab.cachefront.protocol.Switches`.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from dslab import real
from dslab.cachefront.protocol import Switches
from dslab.cachefront.real.parts import (
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
from dslab.check import positioned

CLOCK_AHEAD_US = 5_000  # how far the local clock of marker_stamp="clock" is ahead


class Lab:
    """The two servers with the tables, the change feed and the connections that races share; a context manager.

    Raises `dslab.real.Unavailable` where a server cannot be had.
    """

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


@dataclass(frozen=True)
class Outcome:
    """How a race ended, once all clients were done.

    ``wrong``: the anomaly happened. ``stale``: a read through the cache gets something else than the store holds, and
    ``stale_after_flux``: so it does after Flux has run (if it is on). ``final_cache`` is "empty", "v1@t1", "marker@t2" or
    "absent", ``final_store`` "v2@t2" or "absent", both before Flux. ``answers``: what clients read, None for no such
    row. ``rejected``: fills of the newest row that the cache refused. ``log`` is the same in every run.
    """

    race: str
    wrong: bool
    stale: bool
    stale_after_flux: bool
    final_cache: str
    final_store: str
    answers: tuple[str | None, ...]
    rejected: int
    log: tuple[str, ...]


class Run:
    """One race: its switches, its keys (all begin with ``prefix``), its journal, and what is still on its way."""

    def __init__(self, lab: Lab, switches: Switches, prefix: str) -> None:
        self.lab, self.cache, self.switches, self.prefix = lab, lab.cache, switches, prefix
        self.journal = real.Journal()
        self.answers: list[str | None] = []
        self.later: list[Callable[[], None]] = []
        self.rejected = 0
        self._begun: set[int] = set()

    def begin(self, key: str = "k", cached: bool = False) -> None:
        """Put v1 into the store, and into the cache if asked, before the race begins; Flux has seen it already."""
        name = self.prefix + key
        timestamp, _ = self.lab.store("writer").change(PUT, key=name, owner=self.prefix, value="v1")
        self._begun.add(timestamp)
        if cached:
            self.offer(key, Slot("row", "v1", timestamp))
        what = "and the cache hold" if cached else "holds"
        self.journal.say(f"before: the store {what} v1@", timestamp)

    def offer(self, key: str, slot: Slot) -> bool:
        """Put something into a slot of this race, by its switches."""
        return self.cache.offer(self.prefix + key, slot, self.switches.compare_and_set, self.switches.ttl_us)

    def offered(self, who: str, key: str, slot: Slot) -> bool:
        """Put something into a slot, and say so."""
        taken = self.offer(key, slot)
        self.journal.say(
            f"{who} {slot} into {key}, {'taken' if taken else 'rejected'}", slot.timestamp or None
        )
        return taken

    def flux(self) -> None:
        """Run the change feed over what this race committed: fill each row, put a marker for a tombstone."""
        for change in self.lab.feed.read():
            name, timestamp = str(change.row["key"]), int(change.row.get("updated_at") or 0)
            key = name.removeprefix(self.prefix)
            if key == name or timestamp in self._begun:
                continue
            if change.kind == "delete":
                self.cache.delete(name)
                self.journal.say(f"Flux: {key} is gone, empties its slot")
            elif change.row["deleted"] == "t" or self.switches.flux == "invalidates":
                self.offered("Flux: puts", key, Slot("marker", "", timestamp))
            else:
                self.offered("Flux: fills", key, Slot("row", str(change.row["value"]), timestamp))

    def judge(self, key: str) -> tuple[Slot | None, Row | None, bool]:
        """Look at a key: its slot, its row, and whether a read through the cache gets something else than the row."""
        slot, row = self.cache.get(self.prefix + key), self.lab.store("judge").read(self.prefix + key)
        if slot is None or slot.kind == "marker":
            return slot, row, False
        return slot, row, (slot.value if slot.kind == "row" else None) != (row.value if row else None)

    def outcome(self, race: str, wrong: Callable[[Outcome], bool]) -> Outcome:
        """Finish what is on its way, judge key k, let Flux run if it is on, judge again."""
        for action in self.later:
            action()
        slot, row, stale = self.judge("k")
        if self.switches.flux != "off":
            self.flux()
        named = self.journal.named
        cache = named(str(slot), slot.timestamp) if slot else "empty"
        store = named(f"{row.value}@", row.timestamp) if row and row.value else "absent"
        after, answers, log = self.judge("k")[2], tuple(self.answers), self.journal.lines()
        outcome = Outcome(race, False, stale, after, cache, store, answers, self.rejected, log)
        return replace(outcome, wrong=wrong(outcome))


class Engine:
    """The query engine of one client."""

    def __init__(self, run: Run, client: str) -> None:
        self.run, self.client, self.switches = run, client, run.switches
        self.store = run.lab.store(client)

    def say(self, sentence: str, timestamp: int | None = None) -> None:
        """Write a sentence about this client into the journal."""
        self.run.journal.say(f"{self.client}: {sentence}", timestamp)

    def read(
        self, key: str = "k", before_fill: Callable[[], None] | None = None, store: Store | None = None
    ) -> None:
        """Read through the cache.

        ``before_fill`` runs between the read of the store and the fill; ``store``: refill from another one.
        """
        slot = self.run.cache.get(self.run.prefix + key)
        if slot and slot.kind != "marker":
            self.say(f"gets {slot} from the cache", slot.timestamp or None)
            self.run.answers.append(slot.value if slot.kind == "row" else None)
            return
        row = (store or self.store).read(self.run.prefix + key) or Row(None, 0)
        slot = Slot("row", row.value, row.timestamp) if row.value else Slot("absent", "", row.timestamp)
        self.say(f"misses, reads {slot} from the {'follower' if store else 'store'}", slot.timestamp or None)
        self.run.answers.append(row.value)
        if before_fill:
            before_fill()
        if slot.kind == "row" or self.switches.negative_caching:
            self.fill(key, slot)

    def fill(self, key: str, slot: Slot) -> None:
        """Put what was read into the slot."""
        taken = self.run.offered(f"{self.client}: fills", key, slot)
        if not taken:
            newest = self.store.read(self.run.prefix + key)
            self.run.rejected += newest is not None and newest.timestamp == slot.timestamp

    def write(self, what: str, statement: str, **parameters: str) -> None:
        """Write by any statement, then invalidate the keys that the store says it changed."""
        owner, monotonic = self.run.prefix, self.switches.monotonic_timestamps
        timestamp, keys = self.store.change(statement, monotonic, owner=owner, **parameters)
        self.say(f"commits {what}@, changed keys: {len(keys)}", timestamp)
        if self.switches.invalidation == "sync":
            self.invalidate(timestamp, keys)
        elif self.switches.invalidation == "async":
            self.run.later.append(lambda: self.invalidate(timestamp, keys))

    def put(self, value: str, key: str = "k") -> None:
        """Write one row."""
        self.write(value, PUT, key=self.run.prefix + key, value=value)

    def invalidate(self, timestamp: int, names: list[str]) -> None:
        """Put a marker over each slot, or empty it where markers are off."""
        if self.switches.marker_stamp == "clock":
            timestamp = max(timestamp, time.time_ns() // 1000) + CLOCK_AHEAD_US
        for name in names:
            key = name.removeprefix(self.run.prefix)
            if self.switches.markers:
                self.run.offered(f"{self.client}: puts", key, Slot("marker", "", timestamp))
            else:
                self.run.cache.delete(name)
                self.say(f"empties {key}")


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

    real.together(lambda: Engine(run, "reader").read(before_fill=gate.hold), others)


def late_fill(run: Run) -> None:
    """A reader has read v1; v2 is committed and invalidated; then the reader's fill arrives."""
    run.begin()
    held_fill(run, lambda: Engine(run, "writer").put("v2"))


def out_of_order_fills(run: Run) -> None:
    """Only Flux touches the cache. A reader has read v1; v2 is committed and Flux fills it; then the reader's fill arrives."""
    run.switches = replace(run.switches, invalidation="none")
    run.begin()

    def meanwhile() -> None:
        Engine(run, "writer").put("v2")
        run.flux()

    held_fill(run, meanwhile)


def read_own_write(run: Run) -> None:
    """v1 is cached; a client writes v2 and reads at once, before Flux has come by."""
    run.begin(cached=True)
    Engine(run, "writer").put("v2")
    Engine(run, "writer").read()


def lost_invalidation(run: Run) -> None:
    """v1 is cached; v2 is committed; both invalidations are lost, the writer's and Flux's; then the TTL passes."""
    run.begin(cached=True)
    run.switches = replace(run.switches, invalidation="none", flux="off")
    Engine(run, "writer").put("v2")
    Engine(run, "reader").read()
    run.cache.let_ttl_pass(run.prefix + "k")
    run.journal.say("five minutes pass")
    Engine(run, "reader").read()


def follower_refill(run: Run) -> None:
    """v2 is committed and its marker has expired; a reader fills the empty slot, perhaps from a follower that has only v1."""
    run.begin()
    follower = Store(run.lab.postgres.connect())
    follower.stop_following()
    Engine(run, "writer").put("v2")
    run.cache.let_ttl_pass(run.prefix + "k")
    Engine(run, "reader").read(store=follower if run.switches.refill_from == "follower" else None)
    follower.connection.close()


def negative_cache(run: Run) -> None:
    """A client finds no such row, which may be cached; then it inserts the row and reads it."""
    client = Engine(run, "client")
    client.read()
    client.put("v1")
    client.read()


def clock_stamped_marker(run: Run) -> None:
    """v1 is cached; v2 is committed and invalidated; two reads follow, each of which may fill v2."""
    run.begin(cached=True)
    Engine(run, "writer").put("v2")
    Engine(run, "reader").read()
    Engine(run, "reader").read()


def clock_steps_back(run: Run) -> None:
    """v1 is cached; then the clock of the store steps back, and v2 is stamped before v1."""
    run.begin(cached=True)
    Engine(run, "writer").put("v2")
    Engine(run, "reader").read()


def conditional_delete(run: Run) -> None:
    """Two rows of one owner, one cached; a client deletes both by their owner, which names no key, and reads one."""
    run.begin("j")
    run.begin("k", cached=True)
    soft = run.switches.soft_deletes
    client = Engine(run, "client")
    client.write(f"a {'soft' if soft else 'hard'} delete", SOFT_DELETE_WHERE if soft else HARD_DELETE_WHERE)
    client.read()


def conditional_update(run: Run) -> None:
    """Two rows of one owner, one cached; a client updates both by their owner and reads one. Works with either delete."""
    run.begin("j")
    run.begin("k", cached=True)
    Engine(run, "client").write("an update", UPDATE_WHERE, value="v2")
    Engine(run, "client").read()


def query_engine_dies(run: Run) -> None:
    """v1 is cached; v2 is committed; the query engine dies before it invalidates. Only Flux can repair that."""
    run.begin(cached=True)
    run.switches = replace(run.switches, invalidation="none")
    Engine(run, "writer").put("v2")
    run.journal.say("writer: dies")


def _stale(outcome: Outcome) -> bool:
    return outcome.stale


@dataclass(frozen=True)
class Race:
    """What happens, and what of its outcome is the anomaly."""

    play: Callable[[Run], None]
    wrong: Callable[[Outcome], bool] = _stale


RACES = {
    "late fill": Race(late_fill),
    "out-of-order fills": Race(out_of_order_fills),
    "read own write": Race(read_own_write, lambda outcome: outcome.answers[-1] != "v2"),
    "lost invalidation": Race(lost_invalidation, lambda outcome: outcome.answers[-1] != "v2"),
    "follower refill": Race(follower_refill),
    "negative cache": Race(negative_cache, lambda outcome: outcome.answers[-1] != "v1"),
    "clock-stamped marker": Race(clock_stamped_marker, lambda outcome: outcome.rejected > 0),
    "clock steps back": Race(clock_steps_back),
    "conditional delete": Race(conditional_delete, lambda outcome: outcome.answers[-1] is not None),
    "conditional update": Race(conditional_update, lambda outcome: outcome.answers[-1] != "v2"),
    "query engine dies": Race(query_engine_dies, lambda outcome: outcome.stale_after_flux),
}


def race(name: str, lab: Lab | None = None, **positions: Any) -> Outcome:
    """Play one race for real.

    Args:
        name: a key of `RACES`; but for "conditional update" these are names of `dslab.cachefront.anomalies.ANOMALIES`.
        lab: running servers; None starts some and stops them again.
        positions: of `dslab.cachefront.protocol.Switches`; what is not named is on. ``warm_up`` and ``bug`` have no
            real part.

    Raises:
        ValueError: there is no such race, switch or position.
        dslab.real.Unavailable: a server cannot be had here.
    """
    if name not in RACES:
        raise ValueError(f"there is no race {name!r}; there are {', '.join(RACES)}")
    switches = positioned(Switches(), positions)
    if switches.bug or switches.warm_up != "keys":
        raise ValueError("bug and warm_up have no real part; leave them as they are")
    if lab is None:
        with Lab() as own:
            return race(name, own, **positions)
    run = lab.run(switches)
    RACES[name].play(run)
    return run.outcome(name, RACES[name].wrong)

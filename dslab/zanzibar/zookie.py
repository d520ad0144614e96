"""Who may read which snapshot: commit timestamps, a replica far away, zookies, and the new-enemy problem.

| word             | meaning                                                                                          |
|------------------|--------------------------------------------------------------------------------------------------|
| leader           | the database of one namespace; it commits and gives timestamps                                      |
| uncertainty      | TrueTime: a clock shows an interval that holds the true time; here ``now ± UNCERTAINTY_US``            |
| commit wait      | take the end of the interval as timestamp, and answer only when the interval has passed it             |
| replica          | copies the changes of all leaders, each leader's in order, and is behind by as much as the network is |
| safe time        | of a replica and a leader: everything up to it is here                                                |
| default snapshot | the newest one that is safe for all leaders: no waiting, perhaps a little old                          |
| zookie           | a timestamp: evaluate at it or later. It proves nothing and permits nothing                            |
| new enemy        | somebody who lost access and then gets what was added after that                                       |

The life of a check: take the default snapshot, or the zookie's if that is newer; where the replica is not that far yet, ask the leader for what
is missing; make *all* reads at that one snapshot. The life of new content: check at the newest snapshot whether the author may
change it, and store the zookie of that check together with the content.

From the paper: sections 2.2 and 2.4. Its leaders are Spanner databases; ours are single nodes that do not fail.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dslab.sim import Lock, World, sleep, step
from dslab.zanzibar.rewrites import Arrow, Computed, Schema, This, Union
from dslab.zanzibar.store import TupleStore, View
from dslab.zanzibar.tuples import Tuple, parse, type_of

UNCERTAINTY_US = 2_000  # the paper gives none; the Spanner paper reports 1 to 7 ms
CHOICES = {
    "zookie_from": ("content-change check", "opening", "nowhere"),
    "rounding": ("up", "down", "none"),
    "cancel": ("delayed", "eager"),
    "bug": (
        "",
        "snapshot not waited for",
        "newest of the safe times",
        "zookie of the reader",
        "snapshot rounded down",
        "two zookie writes",
        "lock read too late",
        "cache key without snapshot",
        "lock table forgets waiters",
        "deletes not indexed",
    ),
}


@dataclass(frozen=True)
class Switches:
    """Every mechanism of Zanzibar that an anomaly needs off, all on as the paper describes them.

    ``commit_wait``: timestamps respect who knew of whom. ``snapshot_reads``: a replica answers from a snapshot that is complete for all
    namespaces. ``one_snapshot``: all reads of a check use the same one. ``zookie_from``: where the zookie that is stored with content
    comes from. ``atomic_zookie``: content and zookie are stored in one write. ``lock_tuple``: a read-modify-write fails if another came
    between. ``rounding``: of snapshot timestamps to quanta. ``lock_table``: one computation per key, the others wait.
    ``per_client_locks``: the lock table's keys hold the client. ``cancel``: whether a computation that somebody waits for may be cancelled.
    ``incremental_layer``: Leopard follows the changes since its last build. ``bug``: a mutant for the zoo, "" for none.

    Raises ValueError, naming the value and the choices, for anything else.
    """

    commit_wait: bool = True
    snapshot_reads: bool = True
    one_snapshot: bool = True
    zookie_from: str = "content-change check"
    atomic_zookie: bool = True
    lock_tuple: bool = True
    rounding: str = "up"
    lock_table: bool = True
    per_client_locks: bool = True
    cancel: str = "delayed"
    incremental_layer: bool = True
    bug: str = ""

    def __post_init__(self) -> None:
        for name, default in _POSITIONS.items():
            value = getattr(self, name)
            if name in CHOICES and value not in CHOICES[name]:
                raise ValueError(
                    f"{name}={value!r} is no choice; use one of {', '.join(map(repr, CHOICES[name]))}"
                )
            if isinstance(default, bool) and not isinstance(value, bool):
                raise ValueError(f"{name}={value!r} is no switch position; use True or False")


_POSITIONS = {name: field.default for name, field in Switches.__dataclass_fields__.items()}


class Leader:
    """The database of one namespace: commits in the order of its timestamps, and tells the replica."""

    def __init__(self, system: Zones, namespace: str, skew_us: int = 0) -> None:
        self.system, self.namespace, self.switches = system, namespace, system.switches
        self.store = TupleStore()
        self.floor = 0  # no commit at or before it any more: a replica was promised so
        self.node = system.world.node(namespace, label=f"Leader of {namespace}", kind="store", tuples="")
        self.node.skew_us = skew_us
        self.lock = Lock(system.world, f"{namespace}'s commit order")
        for handler in (self.commit, self.catch_up, self.content_change_check):
            self.node.on(handler.__name__, handler)

    # [commit] TrueTime: the timestamp is surely not in the past when it is given, and surely is when the answer goes out
    async def commit(self, add: tuple[Tuple, ...] = (), remove: tuple[Tuple, ...] = ()) -> int:
        """Write, tell the replica, and give the commit's timestamp."""
        async with self.lock:
            uncertainty = UNCERTAINTY_US if self.switches.commit_wait else 0
            ts = max(self.store.last_ts, self.floor) + 1
            ts = max(ts, self.node.clock() + uncertainty)
            if self.switches.commit_wait:
                await sleep(2 * uncertainty)
            self.store.commit(add, remove, ts)
            self.show()
        self.node.send("replica", "replicate", namespace=self.namespace, ts=ts, add=add, remove=remove)
        return ts

    # [/commit]
    async def catch_up(self, ts: int, after: int) -> tuple[int, list[Any]]:
        """Give every change after ``after``, and promise that no commit at or before ``ts`` will follow."""
        async with self.lock:
            self.floor = max(self.floor, ts)
            return max(ts, self.store.last_ts), self.store.changes(after)

    async def content_change_check(self, thing: str, relation: str, user: str) -> tuple[bool, int]:
        """Check at the newest snapshot; gives the answer and that snapshot, to be stored with the new content."""
        async with self.lock:
            ts = self.floor = max(self.floor, self.store.last_ts, self.node.clock() + UNCERTAINTY_US)
        view = self.store.view()
        return await holds(self.system.schema, _reader(view), thing, relation, user), ts

    def show(self) -> None:
        """Write the tuples onto the lane."""
        self.node.state["tuples"] = ", ".join(map(str, self.store.view().tuples())) or "none"


class Replica:
    """An aclserver far from the leaders, with its replica of all namespaces beside it."""

    def __init__(self, system: Zones) -> None:
        self.system, self.switches = system, system.switches
        self.stores = {name: TupleStore() for name in system.leaders}
        self.safe = dict.fromkeys(system.leaders, 1)
        self.node = system.world.node(
            "replica", label="Far zone", kind="replica", safe="1 for all", snapshot="none yet"
        )
        self.node.on("replicate", self.replicate).on("check", self.check).on("now", lambda: self.default_ts())

    def replicate(self, namespace: str, ts: int, add: tuple[Tuple, ...], remove: tuple[Tuple, ...]) -> None:
        """Apply one commit of a leader; its messages come in order."""
        self._apply(namespace, ts, add, remove)
        self.safe[namespace] = max(self.safe[namespace], ts)
        self.node.state["safe"] = ", ".join(f"{name} {safe:,}" for name, safe in self.safe.items())

    def _apply(self, namespace: str, ts: int, add: Iterable[Tuple], remove: Iterable[Tuple]) -> None:
        store = self.stores[namespace]
        if ts > store.last_ts:
            store.commit(add, remove, ts)

    def default_ts(self) -> int:
        """Give the newest snapshot that is complete here."""
        newest = self.switches.bug == "newest of the safe times"
        return max(self.safe.values()) if newest else min(self.safe.values())

    # [check] the snapshot of a check: the default one, or the zookie's if that is newer; then every read at it
    async def check(self, thing: str, relation: str, user: str, zookie: int = 0) -> bool:
        """Answer a check at one snapshot at or after ``zookie`` (0 for none)."""
        ts = self.chosen(max(self.default_ts(), zookie))
        for namespace in self.behind(ts):
            await self.fetch(namespace, ts)
        self.node.state["snapshot"] = f"{ts:,}"
        return await holds(self.system.schema, self._read(ts), thing, relation, user)

    # [/check]
    def chosen(self, ts: int) -> int:
        """Give the snapshot itself; a mutant goes back to what is there."""
        return min(ts, self.default_ts()) if self.switches.bug == "snapshot rounded down" else ts

    def behind(self, ts: int) -> list[str]:
        """Give the namespaces that are not complete here up to ``ts``."""
        careless = self.switches.bug in ("snapshot not waited for", "newest of the safe times")
        if careless or not self.switches.snapshot_reads:
            return []
        return [namespace for namespace, safe in self.safe.items() if safe < ts]

    async def fetch(self, namespace: str, ts: int) -> None:
        """Ask a leader for what is missing up to ``ts``."""
        after = self.stores[namespace].last_ts
        safe, changes = await self.node.call(namespace, "catch_up", ts=ts, after=after)
        for each in changes:
            store = self.stores[namespace]
            if each.ts > after and each.ts >= store.last_ts:
                _apply_one(store, each)
        self.safe[namespace] = max(self.safe[namespace], safe)

    def _read(self, ts: int) -> Any:
        async def read(thing: str, relation: str) -> list[str]:
            store = self.stores[type_of(thing)]
            at = ts if self.switches.one_snapshot and self.switches.snapshot_reads else self.default_ts()
            if not self.switches.snapshot_reads:
                at = store.last_ts  # whatever has arrived
            rows = store.view(min(at, store.last_ts)).rows[thing].get(relation)
            found = list(rows.subjects) if rows else []
            await step(f"has read {thing}#{relation}")
            return found

        return read


def _apply_one(store: TupleStore, change: Any) -> None:
    """Apply a change that a leader sent; several changes of one commit share its timestamp."""
    if change.ts == store.last_ts:
        store.last_ts -= 1
    store.commit([change.tuple] if change.added else [], [] if change.added else [change.tuple], change.ts)


def _reader(view: View) -> Any:
    async def read(thing: str, relation: str) -> list[str]:
        rows = view.rows[thing].get(relation)
        return list(rows.subjects) if rows else []

    return read


async def holds(schema: Schema, read: Any, thing: str, relation: str, user: str, depth: int = 8) -> bool:
    """Check by reads that may each be interrupted: unions, computed usersets and arrows, at most ``depth`` hops."""
    return depth > 0 and await _holds(
        schema, read, thing, relation, user, schema.rewrite(type_of(thing), relation), depth
    )


async def _holds(
    schema: Schema, read: Any, thing: str, relation: str, user: str, rewrite: Any, depth: int
) -> bool:
    if isinstance(rewrite, This):
        users = await read(thing, relation)
        if user in users:
            return True
        for other, _, name in (each.partition("#") for each in users if "#" in each):
            if await holds(schema, read, other, name, user, depth - 1):
                return True
    elif isinstance(rewrite, Computed):
        return await holds(schema, read, thing, rewrite.relation, user, depth - 1)
    elif isinstance(rewrite, Arrow):
        for parent in await read(thing, rewrite.tupleset):
            if await holds(schema, read, parent, rewrite.relation, user, depth - 1):
                return True
    elif isinstance(rewrite, Union):
        for child in rewrite.children:
            if await _holds(schema, read, thing, relation, user, child, depth):
                return True
    return False


class Zones:
    """Leaders of some namespaces, one replica, and what the invariants remember."""

    def __init__(self, world: World, switches: Switches, schema: Schema, namespaces: tuple[str, ...], start: Iterable[str],
                 skews_us: tuple[int, ...] = (), lag_us: int = 1_000) -> None:  # fmt: skip
        """``start``: tuples that were committed long ago. ``skews_us``: of each leader's clock. ``lag_us``: of replication."""
        self.world, self.switches, self.schema = world, switches, schema
        world.facts["zanzibar"] = self  # where the invariants find it
        self.complaints: dict[str, list[str]] = {"enemy": [], "leak": [], "never": []}
        self.checks = 0
        self.answers: list[
            tuple[int, bool]
        ] = []  # how long each check took, in microseconds, and what it said
        skews = skews_us or (0,) * len(namespaces)
        self.leaders = {name: Leader(self, name, skew) for name, skew in zip(namespaces, skews, strict=True)}
        self.replica = Replica(self)
        for name in namespaces:
            world.link(name, "replica", latency=lag_us, fifo=True)
        for each in map(parse, start):
            for store in (
                self.leaders[type_of(each.object)].store,
                self.replica.stores[type_of(each.object)],
            ):
                store.last_ts = 0
                store.commit([each], ts=1)
        for leader in self.leaders.values():
            leader.store.last_ts = self.replica.stores[leader.namespace].last_ts = 1
            leader.show()

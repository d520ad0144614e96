"""CacheFront's protocol: one cache entry per row, many who write it, and what keeps it right.

| word         | meaning                                                                                                    |
|--------------|------------------------------------------------------------------------------------------------------------|
| query engine | the stateless front of the database; it holds the cache logic. Readers and writers here are query engines    |
| leader, follower | the database nodes that hold a row; the follower lags behind                                             |
| slot         | what Redis holds for one row: a row, an invalidation marker, the note that there is no such row, or nothing  |
| ts           | a row's timestamp, given at commit by the leader; written ``v2@20``                                          |
| fill         | a write of a row into its slot, after a miss or by Flux                                                      |
| marker       | "something newer than this was committed": written over the slot instead of deleting it                      |
| Flux         | the change feed: tails the leader's log, later than the write path, and writes what it sees to the cache     |
| TTL          | after so long a slot counts as empty                                                                         |

The life of a read: ask the cache; on a miss or a marker read the store, answer, and send the fill behind the answer.
The life of a write: commit at the leader, which gives back the changed keys with their timestamps; write markers over
those slots (before the answer, after it, or never); answer. Flux comes along later and does it again.

Every mechanism has a switch (`Switches`). What is real is Uber's (blog posts of 15 February 2024 and 26 August 2025); the exact
rule of the compare-and-set is ours: accept what is newer, and of equally old ones accept the row.

Versions (1, 2, 3 ...) count the commits of a row. The protocol never looks at them: they are for the invariants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dslab.sim import Node, World, sleep

MINUTE_US = 60_000_000
CDC_LAG_US = 500_000  # "usually sub-second" (Uber, 2025)
YEAR_US = 365 * 24 * 60 * MINUTE_US
CHOICES = {
    "invalidation": ("sync", "async", "none"),
    "marker_stamp": ("commit", "clock"),
    "refill_from": ("leader", "follower"),
    "flux": ("fills", "invalidates", "off"),
    "warm_up": ("keys", "values"),
    "bug": (
        "",
        "cas in two steps",
        "cas compares text",
        "first key only",
        "flux skips deletes",
        "ttl renewed by hits",
        "acks first",
        "marker wins ties",
    ),
}


@dataclass(frozen=True)
class Switches:
    """Every mechanism of CacheFront, on as Uber runs it since 2025.

    ``compare_and_set``: an older version never replaces a newer one. ``markers``: invalidation writes a marker (off: deletes
    the slot). ``invalidation``: before the write is answered, after it, or never. ``marker_stamp``: markers carry the
    commit's timestamp or the writer's own clock. ``soft_deletes``: a deleted row stays selectable. ``monotonic_timestamps``: the
    leader never gives a timestamp twice or a smaller one. ``refill_from``: where a miss is read. ``negative_caching``: "no such row"
    is cached too. ``ttl_us``: microseconds over 0, or None for no TTL. ``flux``: fills the newest row, only invalidates, or is off.
    ``warm_up``: what another region is sent. ``bug``: a mutant for the zoo, "" for none.

    Raises ValueError, naming the value and the choices, for anything else.
    """

    compare_and_set: bool = True
    markers: bool = True
    invalidation: str = "sync"
    marker_stamp: str = "commit"
    soft_deletes: bool = True
    monotonic_timestamps: bool = True
    refill_from: str = "leader"
    negative_caching: bool = True
    ttl_us: int | None = 5 * MINUTE_US
    flux: str = "fills"
    warm_up: str = "keys"
    bug: str = ""

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is no choice; use one of {', '.join(map(repr, choices))}"
                )
        for name in (
            "compare_and_set",
            "markers",
            "soft_deletes",
            "monotonic_timestamps",
            "negative_caching",
        ):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}={getattr(self, name)!r} is no switch position; use True or False")
        if self.ttl_us is not None and (
            not isinstance(self.ttl_us, int) or isinstance(self.ttl_us, bool) or self.ttl_us <= 0
        ):
            raise ValueError(
                f"ttl_us={self.ttl_us!r} is not possible; use a whole number of microseconds over 0, or None"
            )


@dataclass(frozen=True)
class Entry:
    """What a slot can hold and a fill can carry: a "row", a "marker" or "absent" (no such row), with its timestamp."""

    kind: str
    value: str | None
    ts: int
    version: int
    expires_us: int | None = None

    def __str__(self) -> str:
        return f"{self.value if self.kind == 'row' else self.kind}@{self.ts}"


@dataclass(frozen=True)
class Change:
    """What a commit says of one row that it changed."""

    key: str
    ts: int
    version: int

    def __str__(self) -> str:
        return f"{self.key}@{self.ts}"


@dataclass(frozen=True)
class Row:
    """A row in a database node; ``deleted`` is the tombstone of a soft delete."""

    value: str
    ts: int
    version: int
    committed_us: int
    deleted: bool = False

    def __str__(self) -> str:
        return f"{'(deleted) ' if self.deleted else ''}{self.value}@{self.ts}"


class Cache:
    """Redis: each handler runs undivided, as Redis runs a command or a script."""

    def __init__(self, system: CacheFront, name: str) -> None:
        self.system, self.switches = system, system.switches
        self.slots: dict[str, Entry] = {}
        self.told: dict[str, int] = {}  # for the invariants: the newest version that this cache has heard of
        self.rule: Callable[[Entry, Entry], bool] | None = (
            None  # somebody else's compare-and-set, for an exercise
        )
        self.node = system.world.node(name, label="Redis slot", kind="cache", slot="empty")
        for handler in (self.get, self.fill, self.invalidate, self.put):
            self.node.on(handler.__name__, handler)

    def get(self, key: str) -> Entry | None:
        """Give what the slot holds, None where it is empty or its time is over."""
        entry = self.slots.get(key)
        if entry is None or (entry.expires_us is not None and entry.expires_us <= self.system.world.now):
            return None
        if self.switches.bug == "ttl renewed by hits":
            self.slots[key] = replace(entry, expires_us=self._expiry())
        return entry

    # [accepts] the compare-and-set: the one rule that every write to a slot goes through
    def accepts(self, key: str, new: Entry) -> bool:
        """Say whether ``new`` may replace what the slot holds: only if it is newer, or a row of the same timestamp."""
        old = self.get(key)
        if old is None or not self.switches.compare_and_set:
            return True
        if self.rule is not None or self.switches.bug:
            return self._accepts_otherwise(old, new)
        return new.ts > old.ts or (new.ts == old.ts and new.kind != "marker")

    # [/accepts]
    def _accepts_otherwise(self, old: Entry, new: Entry) -> bool:
        if self.rule is not None:
            return self.rule(old, new)
        if self.switches.bug == "cas compares text":
            return str(new.ts) > str(old.ts)
        return new.ts > old.ts or (
            new.ts == old.ts and (new.kind != "marker" or self.switches.bug == "marker wins ties")
        )

    def fill(self, key: str, entry: Entry) -> bool:
        """Write a row that was read from the store; gives whether it was accepted."""
        return self._write(key, entry, "fill")

    def invalidate(self, change: Change) -> bool:
        """Write a marker over the slot, or delete it where markers are off."""
        if self.switches.markers:
            return self._write(change.key, Entry("marker", None, change.ts, change.version), "marker")
        self._tell(change.key, change.version)
        self.slots.pop(change.key, None)
        self._show(f"deleted (for @{change.ts})")
        return True

    def put(self, key: str, entry: Entry) -> bool:
        """Write whatever the caller decided to (the second half of a compare-and-set in two steps)."""
        self._tell(key, entry.version)
        self.slots[key] = replace(entry, expires_us=self._expiry())
        self._show(f"wrote {entry}")
        return True

    def _write(self, key: str, entry: Entry, what: str) -> bool:
        self._tell(key, entry.version)
        if not self.accepts(key, entry):
            self.system.rejected(self, key, entry)
            self._show(f"{what} {entry} rejected")
            return False
        self.system.replaced(self.get(key), entry)
        self.slots[key] = replace(entry, expires_us=self._expiry())
        self._show(f"{what} {entry} {'accepted' if self.switches.compare_and_set else 'written unseen'}")
        return True

    def _tell(self, key: str, version: int) -> None:
        self.told[key] = max(self.told.get(key, 0), version)

    def _expiry(self) -> int | None:
        ttl = self.switches.ttl_us
        return None if ttl is None else self.system.world.now + ttl

    def _show(self, last: str) -> None:
        held = {name: str(entry) for name, entry in self.slots.items()}
        self.node.state.update(slot=held.get("k", "empty") if set(held) <= {"k"} else held, last=last)

    def expire(self, key: str = "k") -> None:
        """Lose the slot: its time is over, or Redis needed the room."""
        self.slots.pop(key, None)
        self._show("expired")


class Store:
    """One database node: a leader that commits, or a follower that copies. ``ts`` comes from the leader's session clock."""

    def __init__(self, system: CacheFront, name: str, label: str, followers: tuple[str, ...] = ()) -> None:
        self.system, self.switches, self.followers = system, system.switches, followers
        self.rows: dict[str, Row] = {}
        self.history: dict[str, list[Row]] = {}  # for the invariants: every version of every row
        self.clock = self.last_ts = 0
        self.node = system.world.node(name, label=label, kind="store", rows="none")
        for handler in (self.select, self.commit, self.replicate):
            self.node.on(handler.__name__, handler)

    def select(self, key: str) -> Entry:
        """Read a row, deleted or not there at all included, as an entry for the cache."""
        row = self.rows.get(key)
        if row is None:
            return Entry("absent", None, 0, self.version(key))
        return Entry("absent" if row.deleted else "row", row.value, row.ts, row.version)

    def version(self, key: str) -> int:
        """Give how often the row was committed here."""
        return len(self.history.get(key, ()))

    # [timestamp] strictly monotonic, whatever the clock does
    def next_ts(self) -> int:
        """Give the timestamp of the next transaction."""
        self.clock += 10
        if self.switches.monotonic_timestamps:
            self.last_ts = max(self.last_ts + 1, self.clock)
            return self.last_ts
        return self.clock

    # [/timestamp]
    # [commit] the write path of 2025: the transaction itself finds out which rows it changes
    def commit(self, where: list[str], value: str | None, conditional: bool = False) -> list[Change]:
        """Write ``value`` to the rows ``where`` (None deletes them); give the changed keys with timestamp and version."""
        ts = self.next_ts()
        changed = [self._change(key, value, ts) for key in where]
        if (
            conditional
        ):  # the caller cannot know the keys: select them by this transaction's timestamp, before COMMIT
            changed = [
                change for change in changed if change.key in self.rows and self.rows[change.key].ts == ts
            ]
        for key in where:
            self._publish(key, ts)
        return changed

    # [/commit]
    def _change(self, key: str, value: str | None, ts: int) -> Change:
        past = self.history.setdefault(key, [])
        old = self.rows.get(key)
        text = value if value is not None else (old.value if old else "")
        row = Row(text, ts, len(past) + 1, self.system.world.now, deleted=value is None)
        past.append(row)
        if row.deleted and not self.switches.soft_deletes:
            self.rows.pop(key, None)
        else:
            self.rows[key] = row
        self._show()
        return Change(key, ts, row.version)

    def _publish(self, key: str, ts: int) -> None:
        newest = self.history[key][-1]
        for follower in self.followers:
            self.node.send(follower, "replicate", key=key, row=newest)
        if self.switches.flux != "off" and self.system.flux is not None:
            skipped = newest.deleted and self.switches.bug == "flux skips deletes"
            if not skipped:
                self.node.send(self.system.flux.id, "binlog", key=key, row=newest)

    def replicate(self, key: str, row: Row) -> None:
        """Apply a commit of the leader, in the leader's order."""
        self.history.setdefault(key, []).append(row)
        if row.deleted and not self.switches.soft_deletes:
            self.rows.pop(key, None)
        else:
            self.rows[key] = row
        self._show()

    def _show(self) -> None:
        rows = {key: str(row) for key, row in self.rows.items()}
        self.node.state["rows"] = rows.get("k", "none") if set(rows) <= {"k"} else rows

    def load(self, key: str, value: str, ts: int, committed_us: int = -YEAR_US) -> None:
        """Start with a row that was committed long ago (by default a year before the run)."""
        row = Row(value, ts, 1, committed_us)
        self.rows[key], self.history[key] = row, [row]
        self.clock = max(self.clock, ts)
        self.last_ts = max(self.last_ts, ts)
        self._show()


class Engine:
    """A query engine on behalf of one client: reads through the cache, writes through the leader."""

    def __init__(
        self, system: CacheFront, name: str, label: str = "", cache: str = "cache", skew: int = 0
    ) -> None:
        self.system, self.switches, self.cache, self.skew = system, system.switches, cache, skew
        self.node = system.world.node(
            name, label=label or name.capitalize(), kind="client", saw="nothing yet"
        )
        self.node.on("warm", self.warm)
        self.own: dict[str, int] = {}  # the newest version of its own that was acknowledged to this client
        self.fill_delay_us = 0  # how long its fills are held up on their way (a full buffer, a pause)

    async def read(self, key: str = "k", source: str = "") -> str | None:
        """Read one row through the cache; on a miss fill the slot behind the answer."""
        began_us = self.system.world.now
        operation = self.system.world.invoke(self.node.id, "read", key=key)
        entry = await self.node.call(self.cache, "get", key=key)
        hit = entry is not None and entry.kind != "marker"
        if not hit:
            entry = await self.node.call(source or self.system.refill, "select", key=key)
            await self._fill(key, entry)
        value = entry.value if entry.kind == "row" else None
        self.node.state["saw"] = f"{entry} ({'hit' if hit else 'miss'})"
        self.system.answered(self, key, entry, hit, began_us)
        self.system.world.respond(operation, "ok", value)
        return value

    async def _fill(self, key: str, entry: Entry) -> None:
        if entry.kind == "absent" and not self.switches.negative_caching:
            return
        if self.switches.bug == "cas in two steps":
            self.node.spawn(self._fill_in_two_steps(key, entry), f"{self.node.id} (fill)")
        elif self.fill_delay_us:
            self.node.spawn(self._fill_late(key, entry), f"{self.node.id} (fill)")
        else:
            self.node.send(self.cache, "fill", key=key, entry=entry)

    async def _fill_late(self, key: str, entry: Entry) -> None:
        await sleep(self.fill_delay_us)
        self.node.send(self.cache, "fill", key=key, entry=entry)

    async def _fill_in_two_steps(self, key: str, entry: Entry) -> None:
        old = await self.node.call(self.cache, "get", key=key)
        if old is None or entry.ts >= old.ts:
            self.node.send(self.cache, "put", key=key, entry=entry)

    async def write(
        self, value: str | None, keys: tuple[str, ...] = ("k",), conditional: bool = False
    ) -> None:
        """Commit ``value`` to ``keys`` (None deletes) and invalidate what changed, before the answer or behind it."""
        name = "delete" if value is None else "write"
        operation = self.system.world.invoke(self.node.id, name, key=" ".join(keys), value=value)
        changed = await self.node.call(
            "leader", "commit", where=list(keys), value=value, conditional=conditional
        )
        if self.switches.bug == "first key only":
            changed = changed[:1]
        if self.switches.invalidation == "sync" and self.switches.bug != "acks first":
            await self._invalidate(changed)
        versions = {key: self.system.leader.version(key) for key in keys}
        self.own.update(versions)
        self.system.world.respond(operation, "ok")
        self.system.acknowledged += 1
        if self.switches.invalidation == "async" or self.switches.bug == "acks first":
            for change in changed:
                self.node.send(self.cache, "invalidate", change=self._stamped(change))

    # [sync] the write is answered only when the markers are there, or when waiting for them has taken too long
    async def _invalidate(self, changed: list[Change]) -> None:
        patience_us = self.system.invalidation_timeout_us
        for change in changed:
            try:
                await self.node.call(self.cache, "invalidate", patience_us, change=self._stamped(change))
            except TimeoutError:
                pass  # the write succeeds all the same; Flux and the TTL remain

    # [/sync]
    def _stamped(self, change: Change) -> Change:
        return (
            change
            if self.switches.marker_stamp == "commit"
            else replace(change, ts=self.system.leader.clock + self.skew)
        )

    async def warm(self, key: str) -> None:
        """Replay a read that another region did: the slot is filled from this region's own store."""
        entry = await self.node.call(self.system.refill, "select", key=key)
        await self._fill(key, entry)


class CacheFront:
    """One region: a cache, a leader, perhaps a follower, perhaps Flux, and query engines; and what the invariants remember."""

    def __init__(
        self,
        world: World,
        switches: Switches,
        follower: bool = False,
        invalidation_timeout_us: int | None = None,
    ) -> None:
        self.world, self.switches = world, switches
        world.facts["cachefront"] = self  # where the invariants find it
        self.invalidation_timeout_us = invalidation_timeout_us
        self.flux: Node | None = None
        self.acknowledged = self.hits = 0
        self.complaints: dict[str, list[str]] = {"own": [], "rejected": [], "lost": [], "ttl": [], "age": []}
        self.cache = Cache(self, "cache")
        follower = follower or switches.refill_from == "follower"
        self.leader = Store(self, "leader", "Leader", ("follower",) if follower else ())
        self.follower = Store(self, "follower", "Follower") if follower else None
        self.refill = switches.refill_from
        if follower:
            world.link("leader", "follower", fifo=True)
        if switches.flux != "off":
            self.flux = world.node("flux", label="Flux", kind="service").on("binlog", self._binlog)
            world.link("leader", "flux", latency=CDC_LAG_US, fifo=True)

    def load(self, key: str = "k", value: str = "v1", ts: int = 10, cached: bool = False) -> None:
        """Start with a row that was committed a year ago, in the cache or not."""
        for store in filter(None, (self.leader, self.follower)):
            store.load(key, value, ts)
        if cached:
            self.cache.fill(key, self.leader.select(key))
            self.cache.node.state.pop("last")

    def engine(self, name: str, label: str = "", skew: int = 0) -> Engine:
        """Add a query engine that serves one client; ``skew`` is how far its clock is ahead, in timestamps."""
        return Engine(self, name, label, skew=skew)

    def _binlog(self, key: str, row: Row) -> None:
        assert self.flux is not None
        if row.deleted or self.switches.flux == "invalidates":
            self.flux.send("cache", "invalidate", change=Change(key, row.ts, row.version))
        else:
            self.flux.send("cache", "fill", key=key, entry=Entry("row", row.value, row.ts, row.version))

    # -- what the invariants remember -------------------------------------------------------------------

    def rejected(self, cache: Cache, key: str, entry: Entry) -> None:
        """Remember that a cache refused the newest row there is."""
        if entry.kind == "row" and entry.version == self.leader.version(key):
            held = cache.get(key)
            self.complaints["rejected"].append(
                f"the fill of {entry}, the newest row there is, was rejected: the slot holds {held}"
            )

    def replaced(self, old: Entry | None, new: Entry) -> None:
        """Remember that a marker threw out the very row that it announces."""
        if old is not None and old.kind == "row" and new.kind == "marker" and old.version == new.version:
            self.complaints["lost"].append(f"{new} threw out {old}, the row that it announces")

    def answered(self, engine: Engine, key: str, entry: Entry, hit: bool, began_us: int) -> None:
        """Compare an answer with what the client itself wrote, and with how long and how old stale answers may be."""
        self.hits += hit
        own = engine.own.get(key, 0)
        if entry.version < own:
            wrote = self._version(key, own)
            self.complaints["own"].append(
                f"{engine.node.label} was told that {wrote} is committed, then read {entry}"
            )
        past = self.leader.history.get(key, [])
        if hit and 0 < entry.version < len(past):
            self._measure(key, entry, past, began_us)

    def _measure(self, key: str, entry: Entry, past: list[Row], began_us: int) -> None:
        bound = 5 * MINUTE_US
        duration = began_us - past[entry.version].committed_us
        age_gap = past[-1].committed_us - past[entry.version - 1].committed_us
        if duration > bound:
            self.complaints["ttl"].append(
                f"{entry} was served {duration / 1e6:.0f} s after {past[entry.version]} replaced it"
            )
        if age_gap > bound:
            days = age_gap / (24 * 60 * MINUTE_US)
            self.complaints["age"].append(
                f"{entry} was served {duration / 1e6:.0f} s after it was replaced, but it is {days:.0f} days older"
            )

    def _version(self, key: str, version: int) -> str:
        return str(self.leader.history[key][version - 1])

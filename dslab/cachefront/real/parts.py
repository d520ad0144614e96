"""The two real parts of CacheFront: rows in PostgreSQL with commit timestamps, slots in Valkey with compare-and-set.

Needs no server to be imported: a connection and a client are passed in. The words are those of `dslab.cachefront.real`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

CLOCK_BACK_US = 60_000_000  # how far a clock that is not monotonic steps back

# ------------------------------------------------------------------------------------------------------- the store

TABLES = """
CREATE TABLE entry (key text PRIMARY KEY, owner text NOT NULL, value text NOT NULL,
                    deleted boolean NOT NULL DEFAULT false, updated_at bigint NOT NULL);
CREATE INDEX ON entry (updated_at);
CREATE TABLE clock (last bigint NOT NULL);
INSERT INTO clock VALUES (0);
"""
WALL_CLOCK_US = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
# The updated row stays locked until COMMIT, so transactions commit in the order of their timestamps.
NEXT_TIMESTAMP = f"UPDATE clock SET last = greatest(last + 1, {WALL_CLOCK_US}) RETURNING last"
STEPPED_BACK = f"SELECT {WALL_CLOCK_US} - {CLOCK_BACK_US}"

PUT = """
INSERT INTO entry VALUES (%(key)s, %(owner)s, %(value)s, false, %(timestamp)s)
ON CONFLICT (key) DO UPDATE SET (value, deleted, updated_at) = (excluded.value, false, excluded.updated_at)
"""
UPDATE_WHERE = """
UPDATE entry SET value = %(value)s, updated_at = %(timestamp)s WHERE owner = %(owner)s AND NOT deleted
"""
SOFT_DELETE_WHERE = """
UPDATE entry SET deleted = true, updated_at = %(timestamp)s WHERE owner = %(owner)s AND NOT deleted
"""
HARD_DELETE_WHERE = "DELETE FROM entry WHERE owner = %(owner)s"


@dataclass(frozen=True)
class Row:
    """A row of the store; ``value`` is None for a tombstone."""

    value: str | None
    timestamp: int


class Store:
    """The store as one client sees it, over a psycopg connection in autocommit mode."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def read(self, key: str) -> Row | None:
        """Give the row of ``key``, a tombstone included."""
        query = "SELECT CASE WHEN NOT deleted THEN value END, updated_at FROM entry WHERE key = %s"
        found = self.connection.execute(query, [key]).fetchone()
        return Row(*found) if found else None

    # [commit] one transaction: a timestamp, the write, and the keys that carry the timestamp afterwards
    def change(self, statement: str, monotonic: bool = True, **parameters: str) -> tuple[int, list[str]]:
        """Run one write as a transaction; returns its timestamp and the keys that it changed.

        A conditional write does not say which rows it touched; the select just before COMMIT does: every changed row
        carries this transaction's timestamp. A row that is gone carries nothing.
        """
        with self.connection.transaction():
            (timestamp,) = self.connection.execute(NEXT_TIMESTAMP if monotonic else STEPPED_BACK).fetchone()
            self.connection.execute(statement, parameters | {"timestamp": timestamp})
            query = "SELECT key FROM entry WHERE updated_at = %s ORDER BY key"
            keys = [key for (key,) in self.connection.execute(query, [timestamp])]
        return timestamp, keys

    # [/commit]
    def stop_following(self) -> None:
        """Become a follower that lags: from now on, read from a snapshot of this moment."""
        self.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        self.connection.execute("SELECT count(*) FROM entry")


# ------------------------------------------------------------------------------------------------------- the cache

# Valkey runs a script as one step. Numbers in Lua are doubles, exact up to 2**53: microseconds stay below until 2255.
OFFER = """
local key, timestamp, kind, value, ttl_ms, cas = KEYS[1], tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local held = tonumber(redis.call('HGET', key, 'timestamp') or '-1')
local newer = timestamp > held or (timestamp == held and kind ~= 'marker')
if cas == 'on' and not newer then return 0 end
redis.call('HSET', key, 'timestamp', ARGV[1], 'kind', kind, 'value', value)
if ttl_ms == '' then redis.call('PERSIST', key) else redis.call('PEXPIRE', key, ttl_ms) end
return 1
"""


@dataclass(frozen=True)
class Slot:
    """What the cache holds for a key: ``kind`` is "row", "marker" or "absent" (no such row, timestamp 0: never was)."""

    kind: str
    value: str
    timestamp: int

    def __str__(self) -> str:
        return f"{self.value if self.kind == 'row' else self.kind}{'@' if self.timestamp else ''}"


class Cache:
    """The cache, over a valkey client; every key gets ``prefix`` in front. May be shared by threads."""

    def __init__(self, client: Any, prefix: str) -> None:
        self.client, self.prefix = client, prefix
        self.script = client.register_script(OFFER)

    def get(self, key: str) -> Slot | None:
        """Give what the slot holds, a marker included."""
        held = self.client.hgetall(self.prefix + key)
        return Slot(held["kind"], held["value"], int(held["timestamp"])) if held else None

    def offer(self, key: str, slot: Slot, cas: bool, ttl_us: int | None) -> bool:
        """Put something into the slot, with CAS only if it is newer; tells whether it was taken.

        ``ttl_us``: its time to live in microseconds, at least a millisecond; None for no end.
        """
        ttl_ms = "" if ttl_us is None else max(1, ttl_us // 1000)
        arguments = [slot.timestamp, slot.kind, slot.value, ttl_ms, "on" if cas else "off"]
        return bool(self.script(keys=[self.prefix + key], args=arguments))

    def delete(self, key: str) -> None:
        """Empty the slot."""
        self.client.delete(self.prefix + key)

    def let_ttl_pass(self, key: str) -> None:
        """Let the slot's time to live pass now instead of in minutes; a slot without one stays."""
        if self.client.pttl(self.prefix + key) >= 0:
            self.client.pexpire(self.prefix + key, 1)
            while self.client.exists(self.prefix + key):
                time.sleep(0.001)

"""The two-level map in Valkey: a hash for the cells of a record, a sorted set for the order of its item keys.

`ValkeyStore` has the methods of `dslab.rdg.kv.Store` that the graph uses, so `Graph(store=ValkeyStore(...))` works. TTLs stay in memory's store.
"""

from __future__ import annotations

from typing import Any

from dslab.rdg.kv import Page, Store, Write, item_bytes

# Versions are compared as numbers: microseconds stay below 2**53, up to which Lua's doubles are exact, until the year 2255.
PUT = """
local cell, order, item, version, value, wins = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local old = redis.call('HGET', cell, item)
if old and wins == '1' then
  local cut = string.find(old, '|', 1, true)
  local held, text = tonumber(string.sub(old, 1, cut - 1)), string.sub(old, cut + 1)
  local new = tonumber(version)
  if new < held or (new == held and value <= text) then return 0 end
end
redis.call('HSET', cell, item, version .. '|' .. value)
redis.call('ZADD', order, 0, item)
return 1
"""


class ValkeyStore:
    """A store on a running `dslab.real.Valkey`; ``name`` keeps it apart from others. ``last_write_wins`` as in `Store`."""

    def __init__(self, server: Any, name: str, last_write_wins: bool = True) -> None:
        self.client, self.server, self.name = server.client(), server, name
        self.last_write_wins = last_write_wins
        self._script = self.client.script_load(PUT)
        self.records: dict[tuple[str, str], None] = {}

    def _key(self, kind: str, namespace: str, record: str) -> str:
        return self.server.key(f"{self.name}:{kind}:{namespace}/{record}")

    def apply(self, write: Write) -> bool:
        """Apply one write; gives whether it was accepted."""
        return self.apply_all([write]) == 1

    def apply_all(self, writes: list[Write]) -> int:
        """Apply writes in order, in one round trip; gives how many were accepted. ValueError for a delete or a TTL."""
        pipe = self.client.pipeline(transaction=False)
        for namespace, record, item, version, value, ttl_us in writes:
            if value is None or ttl_us is not None:
                raise ValueError(
                    "this store takes values without a TTL; deletes and TTLs are in dslab.rdg.kv.Store"
                )
            self.records[namespace, record] = None
            pipe.evalsha(self._script, 2, self._key("cells", namespace, record), self._key("order", namespace, record), item, version, value,
                         int(self.last_write_wins))  # fmt: skip
        return sum(pipe.execute())

    def page(self, namespace: str, record: str, after: str = "", size: int = 100, now_us: int = 0) -> Page:
        """Give up to ``size`` items after ``after`` in the order of their keys."""
        start = f"({after}" if after else "-"
        keys = self.client.zrangebylex(self._key("order", namespace, record), start, "+", 0, size + 1)
        more, keys = len(keys) > size, keys[:size]
        cells = self.client.hmget(self._key("cells", namespace, record), keys) if keys else []
        items = []
        for key, cell in zip(keys, cells, strict=True):
            version, value = cell.split("|", 1)
            items.append((key, int(version), value))
        return Page(items, keys[-1] if more else "", sum(item_bytes(key, value) for key, _, value in items))

    def to_memory(self) -> Store:
        """Read everything back into a store in memory, so that digests can be compared."""
        store = Store()
        for namespace, record in self.records:
            for item, cell in sorted(self.client.hgetall(self._key("cells", namespace, record)).items()):
                version, value = cell.split("|", 1)
                store.apply(Write(namespace, record, item, int(version), value))
        return store

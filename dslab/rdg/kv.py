"""The two-level map that the graph stands on: record id -> sorted items, after Netflix's Key-Value abstraction.

| word      | meaning                                                                                                |
|-----------|--------------------------------------------------------------------------------------------------------|
| namespace | a logical table with its own physical backing: one for each type of node and each type of edge            |
| record    | what one record id leads to; on Cassandra the record id is the partition key                              |
| item      | one entry of a record, found by its item key; on Cassandra the clustering key                             |
| version   | the event time of a write in microseconds; the item with the larger one wins (last-write-wins)            |
| tombstone | what a delete leaves behind: it has a version, so an older write that comes later stays out               |
| TTL       | how long after its version an item lives; the most specific of item, record and namespace decides          |
| page      | up to so many items of one record in the order of their keys, and where the next page begins              |

Netflix names the abstraction KVDAL; it is shared by many systems and can stand on Cassandra, EVCache and others. What
happens when two writes carry the same version is not published: here the larger value wins, so that order never matters.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from sys import intern
from typing import Any, NamedTuple

DAY_US = 86_400_000_000
DELETED = None  # the value of a tombstone
CELL_BYTES = 8  # a version; keys and values are counted by their length in UTF-8


class Write(NamedTuple):
    """One storage write: ``value`` (a text; None deletes) for an item of a record of a namespace, with its version in microseconds."""

    namespace: str
    record: str
    item: str
    version: int
    value: str | None
    ttl_us: int | None = None


class Page(NamedTuple):
    """Part of a record: ``items`` are (key, version, value); ``next`` is where the next page begins ("" at the end)."""

    items: list[tuple[str, int, str]]
    next: str
    bytes: int


Cell = tuple[int, str | None, int | None]  # version, value, TTL


class Record:
    """One record: cells by item key, keys in order (kept sorted only from the first read on), when it was deleted.

    Most records have one item, the properties of a node or of an edge. It is kept without a dict, which would be the larger
    part of the memory of a graph.
    """

    __slots__ = ("_many", "_one", "deleted_at", "ordered", "ttl_us")

    def __init__(self) -> None:
        self._one: tuple[str, Cell] | None = None
        self._many: dict[str, Cell] | None = None
        self.ordered: list[str] | None = None
        self.deleted_at = -1
        self.ttl_us: int | None = None

    def keys(self) -> list[str]:
        """Give the item keys in order, tombstones included."""
        if self.ordered is None:
            self.ordered = sorted(key for key, _ in self.items())
        return self.ordered

    def get(self, item: str) -> Cell | None:
        """Give the cell of an item, or None where there is none."""
        if self._many is not None:
            return self._many.get(item)
        return self._one[1] if self._one is not None and self._one[0] == item else None

    def put(self, item: str, cell: Cell) -> None:
        """Set the cell of an item, whatever was there."""
        if self._many is not None:
            self._many[item] = cell
        elif self._one is None or self._one[0] == item:
            self._one = (item, cell)
        else:
            self._many, self._one = dict((self._one, (item, cell))), None

    def pop(self, item: str) -> None:
        """Take an item out, if it is there."""
        if self._many is not None:
            self._many.pop(item, None)
        elif self._one is not None and self._one[0] == item:
            self._one = None

    def clear(self) -> None:
        """Take all items out."""
        self._one = self._many = self.ordered = None

    def items(self) -> Iterable[tuple[str, Cell]]:
        """Give every (item key, cell), tombstones included, in no promised order."""
        if self._many is not None:
            return self._many.items()
        return () if self._one is None else (self._one,)

    def __len__(self) -> int:
        """Count the items, tombstones included."""
        return len(self._many) if self._many is not None else int(self._one is not None)

    def __bool__(self) -> bool:
        """A record is there even if it is empty: it may remember a delete."""
        return True


def wins(new: tuple[int, str | None], old: tuple[int, str | None]) -> bool:
    """Say whether a write (version, value) replaces another: the later event does; of two at the same time the larger value.

    A tombstone wins a tie, so that a delete is not undone by what happened in the same microsecond.
    """
    if new[0] != old[0]:
        return new[0] > old[0]
    if new[1] is DELETED or old[1] is DELETED:
        return old[1] is not DELETED
    return new[1] > old[1]


class Store:
    """The map in memory. ``last_write_wins`` off: whatever arrives last stays (a blind overwrite)."""

    def __init__(self, last_write_wins: bool = True) -> None:
        self.last_write_wins = last_write_wins
        self.namespaces: dict[str, dict[str, Record]] = {}
        self.ttl_us: dict[str, int] = {}  # of namespaces
        self.writes = self.accepted = 0
        self._last: Cell | None = None

    def set_ttl(self, namespace: str, ttl_us: int | None, record: str | None = None) -> None:
        """Let a namespace's items, or those of one record, end ``ttl_us`` after their version (None: the next wider one decides).

        Raises ValueError for a time that is not above 0.
        """
        if ttl_us is not None and ttl_us <= 0:
            raise ValueError(f"a TTL of {ttl_us} µs is not possible; it must be above 0, or None for none")
        if record is not None:
            self._record(namespace, record).ttl_us = ttl_us
        elif ttl_us is None:
            self.ttl_us.pop(namespace, None)
        else:
            self.ttl_us[namespace] = ttl_us

    def _record(self, namespace: str, record: str) -> Record:
        table = self.namespaces.get(namespace)
        if table is None:
            table = self.namespaces[namespace] = {}
        found = table.get(record)
        if found is None:
            found = table[intern(record)] = Record()
        return found

    def apply(self, write: Write) -> bool:
        """Apply one write; gives whether it was accepted, that is whether it won against what was there."""
        namespace, key, item, version, value, ttl_us = write
        self.writes += 1
        try:
            record = self.namespaces[namespace][key]
        except KeyError:
            record = self._record(namespace, key)
        old = record.get(item)
        if self.last_write_wins:
            if version <= record.deleted_at:
                return False
            if old is not None and not wins((version, value), old[:2]):
                return False
        if old is None and record.ordered is not None:
            insort(record.ordered, item)
        cell = (version, value, ttl_us)
        if cell == self._last:
            cell = self._last  # the two directions of a link hold the same: it is kept once
        self._last = cell
        record.put(intern(item), cell)
        self.accepted += 1
        return True

    def delete_record(self, namespace: str, record: str, version: int) -> None:
        """Delete a record as of ``version``: with last-write-wins it hides what is not newer, and keeps it out afterwards."""
        found = self._record(namespace, record)
        if not self.last_write_wins:
            found.clear()
            return
        found.deleted_at = max(found.deleted_at, version)

    def _alive(self, namespace: str, record: Record, cell: Cell, now_us: int) -> bool:
        version, value, ttl_us = cell
        if value is DELETED or version <= record.deleted_at:
            return False
        ttl = ttl_us or record.ttl_us or self.ttl_us.get(namespace)
        return ttl is None or now_us < version + ttl

    def get(self, namespace: str, record: str, item: str, now_us: int = 0) -> tuple[int, str] | None:
        """Give (version, value) of one item, or None where there is none that is alive at ``now_us``."""
        found = self.namespaces.get(namespace, {}).get(record)
        cell = found.get(item) if found is not None else None
        if found is None or cell is None or not self._alive(namespace, found, cell, now_us):
            return None
        return cell[0], cell[1] or ""

    def page(self, namespace: str, record: str, after: str = "", size: int = 100, now_us: int = 0) -> Page:
        """Give up to ``size`` living items whose keys come after ``after``. Raises ValueError for a size below 1."""
        if size < 1:
            raise ValueError(f"a page of {size} items is not possible; it must hold at least 1")
        found = self.namespaces.get(namespace, {}).get(record)
        if found is None:
            return Page([], "", 0)
        keys, items, size_bytes = found.keys(), [], 0
        for place in range(bisect_right(keys, after), len(keys)):
            key = keys[place]
            cell = found.get(key)
            if cell is not None and self._alive(namespace, found, cell, now_us):
                if len(items) == size:
                    return Page(items, items[-1][0], size_bytes)
                items.append((key, cell[0], cell[1] or ""))
                size_bytes += item_bytes(key, cell[1])
        return Page(items, "", size_bytes)

    def width(self, namespace: str, record: str) -> tuple[int, int]:
        """Give how wide a record is: its items, tombstones included, and their bytes."""
        found = self.namespaces.get(namespace, {}).get(record)
        if found is None:
            return 0, 0
        return len(found), sum(item_bytes(key, cell[1]) for key, cell in found.items())

    def cells(self) -> Iterator[tuple[str, str, str, int, str | None]]:
        """Give every (namespace, record, item, version, value) that is stored, tombstones included, in no promised order."""
        for namespace, records in self.namespaces.items():
            for record_id, record in records.items():
                for item, (version, value, _) in record.items():
                    if version > record.deleted_at:
                        yield namespace, record_id, item, version, value

    def bytes(self) -> int:
        """Give the bytes of all items and record ids (keys, versions and values; no overhead of any real store)."""
        ids = sum(len(key.encode()) for records in self.namespaces.values() for key in records)
        return ids + sum(item_bytes(item, value) for _, _, item, _, value in self.cells())

    def digest(self) -> int:
        """Give a number of 128 bits that is the same for the same contents, and adds up over parts of a store (modulo 2**128)."""
        total = 0
        for cell in self.cells():
            total += int.from_bytes(blake2b(repr(cell).encode(), digest_size=16).digest(), "big")
        return total % (1 << 128)

    def rows(self, namespace: str, record: str, most: int = 20, now_us: int = 0) -> list[dict[str, Any]]:
        """Give the physical rows of a record as dicts, for a table: record, item, version, value."""
        page = self.page(namespace, record, size=most, now_us=now_us)
        return [{"namespace": namespace, "record id": record, "item key": key, "version": version, "value": value}
                for key, version, value in page.items]  # fmt: skip


def item_bytes(item: str, value: str | None) -> int:
    """Count the bytes of one item: its key, its version and its value."""
    return len(item.encode()) + CELL_BYTES + len((value or "").encode())

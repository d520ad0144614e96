"""The tuples with all their versions: what was there at a time, in both directions, and what changed since.

| word      | meaning                                                                                          |
|-----------|--------------------------------------------------------------------------------------------------|
| commit    | writes that become visible together, at one timestamp (a whole number of microseconds)               |
| snapshot  | everything as it was at one timestamp; it never changes                                             |
| zookie    | a text that stands for a timestamp: "evaluate at this snapshot or a later one", and nothing else      |
| view      | how an evaluation sees a snapshot: ``view.rows[object][relation]`` and ``view.by_user(user)``          |
| rows      | the tuples of one object and relation                                                             |
| changelog | every change in the order of its timestamps; written in the same commit                             |

Zanzibar keeps a row per version, keyed (shard, object, relation, user, commit timestamp), and the changelog beside it (section 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple
from zlib import crc32

from dslab.zanzibar.tuples import Tuple, kind_of, type_of

OPEN = 1 << 62  # the end of a version that is still there
NOTHING: dict[str, Any] = {}


class Change(NamedTuple):
    """One entry of the changelog: at ``ts`` the tuple was added or (``added`` False) removed."""

    ts: int
    added: bool
    tuple: Tuple

    def __str__(self) -> str:
        return f"{'+' if self.added else '-'} {self.tuple} @{self.ts}"


class Rows:
    """The tuples of one object and relation: ``subjects`` (all users), ``usersets`` and ``objects`` picked out of them.

    ``usersets``: (object, kind, userset) of each user that is a userset; ``objects``: (object, namespace, kind) of what an arrow follows.
    """

    __slots__ = ("subjects", "_objects", "_usersets")

    def __init__(self, users: Iterable[str] = ()) -> None:
        self.subjects: dict[str, None] = dict.fromkeys(users)
        self._usersets: list[tuple[str, str, str]] | None = None
        self._objects: list[tuple[str, str, str]] | None = None

    @property
    def usersets(self) -> list[tuple[str, str, str]]:
        """(object, kind, userset) of each userset among the users."""
        if self._usersets is None:
            parts = [(user, *user.partition("#")) for user in self.subjects if "#" in user]
            self._usersets = [
                (thing, f"{type_of(thing)}#{relation}", user) for user, thing, _, relation in parts
            ]
        return self._usersets

    @property
    def objects(self) -> list[tuple[str, str, str]]:
        """(object, namespace, kind) of each user that an arrow can follow: all but wildcards."""
        if self._objects is None:
            users = [user for user in self.subjects if not user.endswith(":*")]
            self._objects = [(user.partition("#")[0], type_of(user), kind_of(user)) for user in users]
        return self._objects

    def add(self, user: str) -> None:
        """Add a user."""
        self.subjects[user] = None
        self._objects = None
        if "#" in user:
            self._usersets = None

    def remove(self, user: str) -> None:
        """Remove a user."""
        del self.subjects[user]
        self._objects = None
        if "#" in user:
            self._usersets = None


class Index(dict):
    """Objects, each with its relations and their Rows; an object that has no tuples gives an empty dict and is not kept."""

    def __missing__(self, key: str) -> dict[str, Rows]:
        return NOTHING


class View:
    """What an evaluation reads: ``rows[object][relation]`` gives Rows; ``ts`` is the snapshot."""

    rows: Index
    ts: int

    @cached_property
    def token(self) -> str:
        """The zookie of this snapshot."""
        return zookie(self.ts)

    def by_user(self, user: str) -> Iterable[tuple[str, str]]:
        """Give (object, relation) of every tuple with this user."""
        raise NotImplementedError

    def tuples(self, type_: str | None = None) -> Iterator[Tuple]:
        """Give every tuple, of one namespace or of all."""
        raise NotImplementedError

    def __contains__(self, wanted: Tuple) -> bool:
        rows = self.rows[wanted.object].get(wanted.relation)
        return rows is not None and wanted.user in rows.subjects


class _Latest(View):
    """The newest snapshot: the store's own index."""

    def __init__(self, store: TupleStore) -> None:
        self.store, self.rows, self.ts = store, store.index, store.last_ts

    def by_user(self, user: str) -> Iterable[tuple[str, str]]:
        return self.store.users.get(user, NOTHING)

    def tuples(self, type_: str | None = None) -> Iterator[Tuple]:
        for thing, relations in self.rows.items():
            if type_ is None or type_of(thing) == type_:
                for relation, rows in relations.items():
                    for user in rows.subjects:
                        yield Tuple(thing, relation, user)


class _AsOf(View):
    """An older snapshot: what is read of it is put together from the versions, and kept while the view lives."""

    def __init__(self, store: TupleStore, ts: int) -> None:
        self.store, self.ts = store, ts
        self.rows = _OldIndex(self)

    def _there(self, versions: dict[Tuple, list[list[int]]] | None) -> Iterator[Tuple]:
        for each, spans in (versions or {}).items():
            if any(begin <= self.ts < end for begin, end in spans):
                yield each

    def by_user(self, user: str) -> Iterable[tuple[str, str]]:
        return [(each.object, each.relation) for each in self._there(self.store.versions_by_user.get(user))]

    def tuples(self, type_: str | None = None) -> Iterator[Tuple]:
        for thing, versions in self.store.versions.items():
            if type_ is None or type_of(thing) == type_:
                yield from self._there(versions)


class _OldIndex(Index):
    def __init__(self, view: _AsOf) -> None:
        super().__init__()
        self.view = view

    def __missing__(self, key: str) -> dict[str, Rows]:
        relations: dict[str, Rows] = {}
        for each in self.view._there(self.view.store.versions.get(key)):
            relations.setdefault(each.relation, Rows()).add(each.user)
        self[key] = relations
        return relations


class Overlay(View):
    """A view with tuples on top that were only said, not written (contextual tuples)."""

    def __init__(self, base: View, said: Iterable[Tuple]) -> None:
        self.base, self.ts = base, base.ts
        self.said = [each for each in dict.fromkeys(said) if each not in base]
        self.rows = _OverIndex(base)
        self._users: dict[str, list[tuple[str, str]]] = {}
        for each in self.said:
            if each.object not in self.rows:
                self.rows[each.object] = {
                    relation: Rows(rows.subjects) for relation, rows in base.rows[each.object].items()
                }
            self.rows[each.object].setdefault(each.relation, Rows()).add(each.user)
            self._users.setdefault(each.user, []).append((each.object, each.relation))

    def by_user(self, user: str) -> Iterable[tuple[str, str]]:
        """Give (object, relation) of every tuple with this user, written or said."""
        return [*self.base.by_user(user), *self._users.get(user, ())]

    def tuples(self, type_: str | None = None) -> Iterator[Tuple]:
        """Give every tuple, written or said."""
        yield from self.base.tuples(type_)
        yield from (each for each in self.said if type_ is None or type_of(each.object) == type_)


class _OverIndex(Index):
    def __init__(self, base: View) -> None:
        super().__init__()
        self.base = base

    def __missing__(self, key: str) -> dict[str, Rows]:
        return self.base.rows[key]


class TupleStore:
    """All tuples and all their versions, in memory. One writer at a time; snapshots can be read for ever, or until `forget`."""

    def __init__(self) -> None:
        self.index = Index()  # the newest snapshot
        self.users: dict[str, dict[tuple[str, str], None]] = {}  # the same, by user
        self.versions: dict[str, dict[Tuple, list[list[int]]]] = {}  # object: tuple: from and until when
        self.versions_by_user: dict[str, dict[Tuple, list[list[int]]]] = {}
        self.changelog: list[Change] = []
        self.last_ts = self.oldest_ts = 0
        self._latest: View = _Latest(self)

    def commit(self, add: Iterable[Tuple] = (), remove: Iterable[Tuple] = (), ts: int | None = None) -> int:
        """Apply changes at ``ts`` (default: one after the newest) and give it. What changes nothing is left out of the changelog.

        Raises ValueError for a timestamp that is not after the newest one: commits are made in the order of their timestamps.
        """
        ts = self.last_ts + 1 if ts is None else ts
        if ts <= self.last_ts:
            raise ValueError(f"a commit at {ts} comes after one at {self.last_ts}; timestamps must grow")
        self.last_ts = ts
        view = self._latest = _Latest(self)
        for each in remove:
            if each in view:
                self._remove(each, ts)
        for each in add:
            if each not in view:
                self._add(each, ts)
        return ts

    def _add(self, new: Tuple, ts: int) -> None:
        thing, relation, user = new
        rows = self.index.setdefault(thing, {}).setdefault(relation, Rows())
        rows.add(user)
        self.users.setdefault(user, {})[thing, relation] = None
        spans = self.versions.setdefault(thing, {}).setdefault(new, [])
        self.versions_by_user.setdefault(user, {})[new] = spans
        spans.append([ts, OPEN])
        self.changelog.append(Change(ts, True, new))

    def _remove(self, old: Tuple, ts: int) -> None:
        thing, relation, user = old
        self.index[thing][relation].remove(user)
        if not self.index[thing][relation].subjects:
            del self.index[thing][relation]
        if not self.index[thing]:
            del self.index[thing]
        del self.users[user][thing, relation]
        self.versions[thing][old][-1][1] = ts
        self.changelog.append(Change(ts, False, old))

    def view(self, ts: int | None = None) -> View:
        """Give the snapshot at ``ts`` (None: the newest). ValueError for one that is not there yet or any more."""
        if ts is None or ts == self.last_ts:
            return self._latest
        if ts > self.last_ts:
            raise ValueError(f"the snapshot at {ts} is not there yet; the newest is at {self.last_ts}")
        if ts < self.oldest_ts:
            raise ValueError(
                f"the snapshot at {ts} was forgotten; the oldest one kept is at {self.oldest_ts}"
            )
        return _AsOf(self, ts)

    def forget(self, before_ts: int) -> int:
        """Throw away versions that ended before a time; gives how many. Snapshots before it cannot be read any more."""
        gone = 0
        for thing in list(self.versions):
            for each in list(self.versions[thing]):
                spans = self.versions[thing][each]
                kept = [span for span in spans if span[1] > before_ts]
                gone += len(spans) - len(kept)
                spans[:] = kept
                if not kept:
                    del self.versions[thing][each], self.versions_by_user[each.user][each]
        self.oldest_ts = max(self.oldest_ts, before_ts)
        return gone

    def changes(self, after_ts: int = 0, types: Iterable[str] | None = None) -> list[Change]:
        """Give the changelog after a time, of some namespaces or of all, in order."""
        low, high = 0, len(self.changelog)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.changelog[middle].ts <= after_ts else (low, middle)
        wanted = None if types is None else set(types)
        return [
            each for each in self.changelog[low:] if wanted is None or type_of(each.tuple.object) in wanted
        ]


class BadZookie(ValueError):
    """A text that is no zookie of ours."""


def zookie(ts: int) -> str:
    """Write a timestamp (microseconds, at least 0) as a zookie: opaque, with a checksum, so that nobody makes one up by accident."""
    body = f"z{ts:x}"
    return f"{body}.{crc32(body.encode()) & 0xFFFF:04x}"


def timestamp(token: str) -> int:
    """Read the timestamp of a zookie. BadZookie where it is cut short or was never one."""
    body = token.partition(".")[0] if isinstance(token, str) else ""
    try:
        ts = int(body[1:], 16)
    except ValueError:
        ts = -1
    if ts < 0 or zookie(ts) != token:
        raise BadZookie(
            f"{token!r} is no zookie; use one that a check, a write or a watch gave you, unchanged"
        )
    return ts

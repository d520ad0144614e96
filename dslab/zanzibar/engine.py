"""The engine: Zanzibar's five calls, the content-change check, and the two reverse questions, over one store of tuples.

| call                   | what it answers                                                                              |
|------------------------|----------------------------------------------------------------------------------------------|
| `check`                | is this user in this userset? At a snapshot at or after the zookie that is given                  |
| `content_change_check` | the same at the newest snapshot, with a zookie to store with the new content                    |
| `expand`               | the userset as a tree                                                                          |
| `read`                 | the tuples themselves; rewrites play no part                                                    |
| `write`                | add and remove tuples together, if preconditions hold                                            |
| `watch`                | what changed, in order; resumed by the heartbeat zookie that the last answer gave                  |
| `list_objects`, `list_users` | the reverse questions                                                                    |
| `explain`              | a check's path of tuples, or its visited tree                                                   |

A check in a few lines::

    from dslab.zanzibar import Engine, read_schema
    engine = Engine(read_schema(TEXT))                # or Schema({...}) from Python
    engine.write(["doc:readme#viewer@group:eng#member", "group:eng#member@user:anne"])
    engine.check("doc:readme#viewer@user:anne").allowed                  # True
    engine.check("doc:readme", "viewer", "user:bob", said=["group:eng#member@user:bob"]).allowed   # True: contextual tuples

Errors are ValueErrors with a sentence: `InvalidTuple` (no tuple, or one that the schema does not allow; nothing is written),
`SchemaError` (no such namespace or relation), `WriteConflict` (a precondition does not hold), `BadZookie`; and `LimitReached`
(a RuntimeError), which is neither yes nor no. ``tests/zanzibar/adapter.py`` runs a suite in the stages of another engine's tests: schema,
tuples, then assertions of checks and lists with contextual tuples and expected errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from dslab.zanzibar import expand as expanding
from dslab.zanzibar.check import UNKNOWN, YES, Compiled, LimitReached, Limits
from dslab.zanzibar.explain import Explainer, Explanation
from dslab.zanzibar.listing import Lists, Users
from dslab.zanzibar.rewrites import Schema, SchemaError
from dslab.zanzibar.store import Change, Overlay, TupleStore, View, timestamp, zookie
from dslab.zanzibar.tuples import InvalidTuple, Tuple, as_tuple, check_object, check_user, kind_of, type_of

AS_OPENFGA = Limits()  # the depth is the default of OpenFGA
LOCK = "lock"  # the relation of a per-object lock tuple; it belongs to no namespace; no check, read or watch shows it


class WriteConflict(ValueError):
    """A write whose precondition does not hold: nothing of it was applied. Read again, and try again."""


class Answer(NamedTuple):
    """``allowed``; the ``zookie`` of the snapshot; ``cycle``: whether the no comes from a cycle that nothing decided."""

    allowed: bool
    zookie: str
    cycle: bool = False

    def __bool__(self) -> bool:
        return self.allowed


class Watched(NamedTuple):
    """``changes`` in the order of their timestamps, and the ``heartbeat``: a zookie from which to go on without a gap."""

    changes: list[Change]
    heartbeat: str


class Engine:
    """An authorization engine: a schema, a store, and limits. Engines with different schemas can share one store."""

    def __init__(self, schema: Schema, store: TupleStore | None = None, limits: Limits = AS_OPENFGA) -> None:
        """ValueError for limits that are not possible: depth is 1 to 150 hops, fan-out at least 1."""
        if not isinstance(schema, Schema):
            raise SchemaError(f"an engine needs a Schema, not {schema!r}; read_schema(text) reads one")
        for name, value, most in (("depth", limits.depth, 150), ("fan_out", limits.fan_out, 1 << 40)):
            if not isinstance(value, int) or not 1 <= value <= most:
                raise ValueError(
                    f"the limit {name}={value!r} is not possible; use a whole number from 1 to {most:,}"
                )
        self.schema, self.limits = schema, limits
        self.store = TupleStore() if store is None else store
        self.compiled = Compiled(schema)
        self.explainer = Explainer(schema)
        self.lists = Lists(self.compiled)
        self.past: View | None = None  # the snapshot of `as_of`

    def with_schema(self, schema: Schema) -> Engine:
        """Give an engine on the same tuples with another schema; tuples that it does not allow are not seen by it."""
        return Engine(schema, self.store, self.limits)

    def as_of(self, zookie: str) -> Engine:
        """Give an engine that answers from exactly that snapshot, for ever; it cannot write. Raises BadZookie, or ValueError if forgotten."""
        past = Engine(self.schema, self.store, self.limits)
        past.past = self.store.view(timestamp(zookie))
        return past

    # -- questions ----------------------------------------------------------------------------------------

    # [check] one snapshot for the whole check, at or after the zookie
    def check(
        self,
        object: str,
        relation: str = "",
        user: str = "",
        zookie: str | None = None,
        said: Iterable[Any] = (),
    ) -> Answer:
        """Say whether ``user`` has ``relation`` to ``object``; or give one text ``object#relation@user``.

        ``said`` are contextual tuples: they count for this question only. Raises SchemaError, InvalidTuple, BadZookie, LimitReached.
        """
        view = self._view(zookie, said)
        return self._check(view, *self._question(object, relation, user))

    # [/check]
    def content_change_check(self, object: str, relation: str = "", user: str = "") -> Answer:
        """Check at the newest snapshot; store the zookie of the answer together with the new content (section 2.4.4)."""
        return self._check(self.store.view(), *self._question(object, relation, user))

    def explain(
        self,
        object: str,
        relation: str = "",
        user: str = "",
        zookie: str | None = None,
        said: Iterable[Any] = (),
    ) -> Explanation:
        """Answer as `check` does, with the path of tuples, the visited tree and the number of reads."""
        return self.explainer.explain(
            self._view(zookie, said), *self._question(object, relation, user), self.limits
        )

    def expand(
        self,
        object: str,
        relation: str,
        follow: str = "rewrites",
        zookie: str | None = None,
        said: Iterable[Any] = (),
    ) -> dict[str, Any]:
        """Give the userset tree of ``object#relation``; `dslab.zanzibar.expand` says what it looks like and what ``follow`` does."""
        return expanding.expand(self.schema, self._view(zookie, said), check_object(object), relation, follow)

    def list_objects(
        self, type: str, relation: str, user: str, zookie: str | None = None, said: Iterable[Any] = ()
    ) -> list[str]:
        """Give, in order, the objects of a namespace to which ``user`` (subject, userset or wildcard) has ``relation``."""
        self.schema.rewrite(type, relation)
        return self.lists.objects(self._view(zookie, said), type, relation, self._user(user), self.limits)

    def list_users(
        self,
        object: str,
        relation: str,
        kind: str = "user",
        zookie: str | None = None,
        said: Iterable[Any] = (),
    ) -> Users:
        """Give the users of a ``kind`` that have ``relation`` to ``object``: subjects of a namespace, or usersets ``group#member``.

        A wildcard in the answer stands for everybody of the type but those in ``but_not``.
        """
        self.schema.rewrite(type_of(check_object(object)), relation)
        self._user(f"{kind.partition('#')[0]}:x{kind[len(kind.partition('#')[0]) :]}")
        return self.lists.users(self._view(zookie, said), object, relation, kind, self.limits)

    def read(
        self,
        object: str | None = None,
        relation: str | None = None,
        user: str | None = None,
        zookie: str | None = None,
    ) -> list[Tuple]:
        """Give the stored tuples that fit, in order. ``object`` may be a namespace with a colon (``doc:``). Rewrites play no part."""
        view = self._view(zookie, ())
        if object is not None and not object.endswith(":"):
            check_object(object)
            found = (
                Tuple(object, name, each)
                for name, rows in view.rows[object].items()
                for each in rows.subjects
            )
        elif user is not None and object is None:
            found = (Tuple(thing, name, user) for thing, name in view.by_user(user))
        else:
            found = view.tuples(None if object is None else object[:-1])
        wanted = (
            each
            for each in found
            if each.relation == relation or (relation is None and each.relation != LOCK)
        )
        return sorted(each for each in wanted if user in (None, each.user))

    # -- changes ------------------------------------------------------------------------------------------

    def write(
        self,
        add: Iterable[Any] = (),
        remove: Iterable[Any] = (),
        *,
        if_there: Iterable[Any] = (),
        if_not_there: Iterable[Any] = (),
        unchanged_since: tuple[str, str] | None = None,
        strict: bool = False,
    ) -> str:
        """Add and remove tuples in one commit, or nothing of it; gives the zookie of the commit.

        ``if_there``, ``if_not_there``: tuples that must (not) be there. ``unchanged_since``: an object and the zookie at which it was
        read; its lock tuple must not have been written since, and is written now (section 2.4.2). ``strict``: adding what is there or
        says nothing, or removing what is not there, is an error. Raises InvalidTuple for tuples that the schema does not allow, else WriteConflict.
        """
        if self.past is not None:
            raise WriteConflict("this engine answers from a snapshot of the past, which nobody can change")
        adding, removing = [self.allowed(each) for each in add], [as_tuple(each) for each in remove]
        twice = set(adding) & set(removing)
        if twice:
            raise InvalidTuple(f"{min(twice)} is added and removed in one write; say which")
        self._conditions(adding, removing, if_there, if_not_there, strict)
        return zookie(self.store.commit(*self._with_lock(adding, removing, unchanged_since)))

    def allowed(self, given: Any) -> Tuple:
        """Give a tuple if the schema allows it. InvalidTuple says what it allows instead."""
        new = as_tuple(given)
        try:
            kinds = self.schema.direct_kinds(type_of(new.object), new.relation)
            kind = new.kind
            if kinds is None:
                self._known(kind)
        except SchemaError as error:
            raise InvalidTuple(f"{new} cannot be written: {error}") from None
        where = f"{type_of(new.object)}#{new.relation}"
        if kinds == ():
            raise InvalidTuple(
                f"{new} cannot be written: {where} has no tuples of its own, it follows from others"
            )
        if kinds is not None and kind not in kinds:
            raise InvalidTuple(f"{new} cannot be written: {where} takes {', '.join(kinds)}, not {kind}")
        return new

    def _known(self, kind: str) -> None:
        type_, hash_, relation = kind.partition("#")
        type_ = type_.removesuffix(":*")
        if hash_:
            self.schema.rewrite(type_, relation)
        elif type_ not in self.schema.relations:
            raise SchemaError(
                f"there is no namespace {type_!r}; there are {', '.join(self.schema.relations)}"
            )

    def _conditions(
        self,
        add: list[Tuple],
        remove: list[Tuple],
        there: Iterable[Any],
        not_there: Iterable[Any],
        strict: bool,
    ) -> None:
        view = self.store.view()
        needed = [as_tuple(each) for each in there] + (remove if strict else [])
        unwanted = [as_tuple(each) for each in not_there] + (add if strict else [])
        for each in needed:
            if each not in view:
                raise WriteConflict(f"{each} is not there, so nothing was written")
        for each in unwanted:
            if each in view:
                raise WriteConflict(f"{each} is there already, so nothing was written")
        for each in add if strict else ():
            if each.user == f"{each.object}#{each.relation}":
                raise InvalidTuple(f"{each} says nothing: a userset is a member of itself")
        if strict and (len(set(add)) < len(add) or len(set(remove)) < len(remove)):
            raise WriteConflict("a tuple stands twice in one write, so nothing was written")

    # [lock] optimistic concurrency: whoever read before the last locked write must read again
    def _with_lock(
        self, add: list[Tuple], remove: list[Tuple], since: tuple[str, str] | None
    ) -> tuple[list[Tuple], list[Tuple], int]:
        ts = self.store.last_ts + 1
        if since is None:
            return add, remove, ts
        thing, read_at = check_object(since[0]), timestamp(since[1])
        old = [
            Tuple(thing, LOCK, user)
            for name, rows in self.store.index[thing].items()
            if name == LOCK
            for user in rows.subjects
        ]
        if any(int(each.user.partition(":")[2]) > read_at for each in old):
            raise WriteConflict(
                f"{thing} was changed after it was read, so nothing was written; read it again"
            )
        return [*add, Tuple(thing, LOCK, f"{LOCK}:{ts}")], [*remove, *old], ts

    # [/lock]
    def watch(self, zookie: str | None = None, types: Iterable[str] | None = None) -> Watched:
        """Give what changed after a zookie (None: since the beginning) in some namespaces or in all, and the heartbeat to go on from."""
        after = 0 if zookie is None else timestamp(zookie)
        if after > self.store.last_ts:
            raise ValueError("this zookie is from the future of this store; there is nothing to watch yet")
        changes = [each for each in self.store.changes(after, types) if each.tuple.relation != LOCK]
        return Watched(changes, self.zookie())

    def zookie(self) -> str:
        """Give the zookie of the newest snapshot."""
        return zookie(self.store.last_ts)

    # -- what all of them do --------------------------------------------------------------------------------

    def _view(self, token: str | None, said: Iterable[Any]) -> View:
        if token is not None:
            timestamp(
                token
            )  # the newest snapshot is at or after any zookie of this store; it is read to find forgeries
        view = self.past or self.store.view()
        return Overlay(view, [self.allowed(each) for each in said]) if said else view

    def _question(self, object: str, relation: str, user: str) -> tuple[str, str, str]:
        if not relation and not user:
            object, relation, user = as_tuple(object)
        thing = check_object(object)
        if f"{type_of(thing)}#{relation}" not in self.compiled.rules:
            self.schema.rewrite(type_of(thing), relation)
        return thing, relation, self._user(user)

    def _user(self, user: str) -> str:
        user = check_user(user)
        if "#" in user or type_of(user) not in self.schema.relations:
            self._known(kind_of(user))
        return user

    def _check(self, view: View, object: str, relation: str, user: str) -> Answer:
        answer, reached = self.compiled.check(view, object, relation, user, self.limits)
        if answer == UNKNOWN and reached:
            raise LimitReached(
                f"{object}#{relation}@{user}", reached, getattr(self.limits, reached.replace("-", "_"))
            )
        return Answer(answer == YES, view.token, answer == UNKNOWN)

"""The reverse questions: which objects may this user ...? Which users may ... this object?

| word      | meaning                                                                                        |
|-----------|------------------------------------------------------------------------------------------------|
| candidate | something that tuples lead to; the answer is among the candidates                                   |
| certain   | a candidate that was reached by unions alone: nothing can take it away again                          |
| stranger  | a subject of a type that stands in no tuple: what holds for it holds for the wildcard                    |

Candidates come from walking the tuples: backwards from the user for objects, forwards from the object for users. So the cost grows with
what the walk touches, not with the store. Where an intersection or an exclusion lies on the way, each candidate is checked. What a list
says and what a check says can therefore not differ. The paper has no such questions; its open-source heirs have both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dslab.zanzibar.check import YES, Compiled, LimitReached, Limits, leads_to
from dslab.zanzibar.rewrites import (
    Arrow,
    Computed,
    Exclusion,
    Intersection,
    Rewrite,
    Schema,
    This,
    Union,
    is_union_only,
    walk,
)
from dslab.zanzibar.store import View
from dslab.zanzibar.tuples import kind_of, type_of

STRANGER = "\x00stranger"  # an id that no text can hold, since `tuples` reads none with it


class Users(NamedTuple):
    """``users``: subjects, usersets or wildcards, in order; ``but_not``: subjects that a wildcard among them does not stand for."""

    users: tuple[str, ...]
    but_not: tuple[str, ...] = ()


class Lists:
    """Both reverse questions on one compiled schema."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled, self.schema = compiled, compiled.schema
        self.steps = _backward(self.schema)
        self.toward = _toward(self.schema)

    def objects(self, view: View, type_: str, relation: str, user: str, limits: Limits) -> list[str]:
        """Give the objects of a namespace to which ``user`` has ``relation``, in order. Raises LimitReached as a check does."""
        target = f"{type_}#{relation}"
        wanted = self.toward[target]
        seen: dict[tuple[str, str], bool] = {}  # node: certain
        todo: list[tuple[str, str, bool]] = []

        def reach(thing: str, name: str, certain: bool) -> None:
            kind = f"{type_of(thing)}#{name}"
            before = seen.get((thing, name))
            if kind in wanted and (before is None or (certain and not before)):
                seen[thing, name] = certain
                todo.append((thing, name, certain))

        if "#" in user:
            thing, _, name = user.partition("#")
            reach(thing, name, True)
        for subject in dict.fromkeys((user, user if "#" in user else f"{type_of(user)}:*")):
            self._direct(view, subject, kind_of(subject), True, reach)
        while todo:
            self._onward(view, *todo.pop(), reach)
        found = [
            (thing, certain)
            for (thing, name), certain in seen.items()
            if name == relation and type_of(thing) == type_
        ]
        return sorted(
            thing for thing, certain in found if certain or self._is(view, thing, relation, user, limits)
        )

    def _direct(
        self, view: View, subject: str, kind: str, certain: bool, reach: Callable[[str, str, bool], None]
    ) -> None:
        """Reach the nodes in whose direct tuples a user stands, as far as its kind is allowed there."""
        for thing, name in view.by_user(subject):
            for into, allowed, union_only in self.steps.direct.get(f"{type_of(thing)}#{name}", ()):
                if allowed is None or kind in allowed:
                    reach(thing, into, certain and union_only)

    def _onward(
        self, view: View, thing: str, name: str, certain: bool, reach: Callable[[str, str, bool], None]
    ) -> None:
        """From a node, reach those that name it: in a rewrite of the same object, in a tuple, or through an arrow."""
        kind = f"{type_of(thing)}#{name}"
        for into, union_only in self.steps.computed.get(kind, ()):
            reach(thing, into, certain and union_only)
        self._direct(view, f"{thing}#{name}", kind, certain, reach)
        arrows = self.steps.arrows.get(name, ())
        if not arrows:
            return
        for user in (thing, *self._as_userset(thing)):
            for other, tupleset in view.by_user(user):
                for type_, follows, into, allowed, union_only in arrows:
                    if (
                        follows == tupleset
                        and type_ == type_of(other)
                        and (allowed is None or kind_of(user) in allowed)
                    ):
                        reach(other, into, certain and union_only)

    def _as_userset(self, thing: str) -> list[str]:
        return [
            f"{thing}#{kind.partition('#')[2]}"
            for kind in self.steps.followed
            if kind.partition("#")[0] == type_of(thing)
        ]

    def _is(self, view: View, thing: str, relation: str, user: str, limits: Limits) -> bool:
        answer, reached = self.compiled.check(view, thing, relation, user, limits)
        if answer != YES and reached:
            raise LimitReached(
                f"{thing}#{relation}@{user}", reached, getattr(limits, reached.replace("-", "_"))
            )
        return answer == YES

    def users(self, view: View, thing: str, relation: str, kind: str, limits: Limits) -> Users:
        """Give the users of a ``kind`` (``user``, or ``group#member`` for usersets) that have ``relation`` to ``thing``."""
        walk_ = _Forward(self.schema, view, kind)
        walk_.node(thing, relation)
        wildcard = f"{kind}:*"
        named = [user for user in walk_.found if user != wildcard]
        sure = walk_.union_only
        holds = {user: sure or self._is(view, thing, relation, user, limits) for user in named}
        open_ = wildcard in walk_.found and (
            sure or self._is(view, thing, relation, f"{kind}:{STRANGER}", limits)
        )
        users = sorted(user for user, has in holds.items() if has)
        others = {*walk_.subtracted, *named} - {wildcard} if open_ else ()
        but_not = sorted(user for user in others if not self._is(view, thing, relation, user, limits))
        return Users((*([wildcard] if open_ else []), *users), tuple(but_not))


class _Forward:
    """Walks down from a node and collects users of one kind; what an exclusion subtracts is kept apart, subtracted twice counts again."""

    def __init__(self, schema: Schema, view: View, kind: str) -> None:
        self.schema, self.view, self.kind = schema, view, kind
        self.found: dict[str, None] = {}  # candidates
        self.subtracted: dict[str, None] = {}
        self.seen: set[tuple[str, bool]] = set()
        self.union_only = True

    def node(self, thing: str, relation: str, adds: bool = True) -> None:
        name = f"{thing}#{relation}"
        if (name, adds) in self.seen:
            return
        self.seen.add((name, adds))
        if f"{type_of(thing)}#{relation}" == self.kind:
            self.note(name, adds)
        self.rewrite(thing, relation, self.schema.relations[type_of(thing)][relation], adds)

    def note(self, user: str, adds: bool) -> None:
        (self.found if adds else self.subtracted)[user] = None

    def rewrite(self, thing: str, relation: str, rewrite: Rewrite, adds: bool) -> None:
        if isinstance(rewrite, This):
            self.direct(thing, relation, rewrite.kinds, adds)
        elif isinstance(rewrite, Computed):
            self.node(thing, rewrite.relation, adds)
        elif isinstance(rewrite, Arrow):
            self.arrow(thing, rewrite, adds)
        elif isinstance(rewrite, Exclusion):
            self.union_only = False
            self.rewrite(thing, relation, rewrite.base, adds)
            self.rewrite(thing, relation, rewrite.subtract, not adds)
        elif isinstance(rewrite, (Union, Intersection)):
            self.union_only = self.union_only and isinstance(rewrite, Union)
            for child in rewrite.children:
                self.rewrite(thing, relation, child, adds)

    def direct(self, thing: str, relation: str, kinds: tuple[str, ...] | None, adds: bool) -> None:
        rows = self.view.rows[thing].get(relation)
        for user in rows.subjects if rows else ():
            kind = kind_of(user)
            if kinds is not None and kind not in kinds:
                continue
            if kind in (self.kind, f"{self.kind}:*"):
                self.note(user, adds)
            if "#" in user:
                other, _, name = user.partition("#")
                if name in self.schema.relations.get(type_of(other), ()):
                    self.node(other, name, adds)

    def arrow(self, thing: str, rewrite: Arrow, adds: bool) -> None:
        kinds = self.schema.direct_kinds(type_of(thing), rewrite.tupleset)
        rows = self.view.rows[thing].get(rewrite.tupleset)
        for user in rows.subjects if rows else ():
            fits = (kinds is None or kind_of(user) in kinds) and not user.endswith(":*")
            if fits and rewrite.relation in self.schema.relations.get(type_of(user), ()):
                self.node(user.partition("#")[0], rewrite.relation, adds)


class _Backward(NamedTuple):
    """For each kind of node, who refers to it: through direct tuples, computed usersets, arrows (by relation)."""

    direct: dict[str, list[tuple[str, frozenset[str] | None, bool]]]
    computed: dict[str, list[tuple[str, bool]]]
    arrows: dict[str, list[tuple[str, str, str, frozenset[str] | None, bool]]]
    followed: list[str]  # kinds of usersets that some tupleset may hold


def _backward(schema: Schema) -> _Backward:
    steps = _Backward({}, {}, {}, [])
    for type_, relations in schema.relations.items():
        for name, rewrite in relations.items():
            sure = is_union_only(rewrite)
            for node in walk(rewrite):
                if isinstance(node, This):
                    allowed = None if node.kinds is None else frozenset(node.kinds)
                    steps.direct.setdefault(f"{type_}#{name}", []).append((name, allowed, sure))
                elif isinstance(node, Computed):
                    steps.computed.setdefault(f"{type_}#{node.relation}", []).append((name, sure))
                elif isinstance(node, Arrow):
                    kinds = schema.direct_kinds(type_, node.tupleset)
                    allowed = None if kinds is None else frozenset(kinds)
                    steps.arrows.setdefault(node.relation, []).append(
                        (type_, node.tupleset, name, allowed, sure)
                    )
                    steps.followed.extend(kind for kind in kinds or () if "#" in kind)
    return steps


def _toward(schema: Schema) -> dict[str, frozenset[str]]:
    """Give, for each kind of node, the kinds that can lead to it (itself among them)."""
    onward = {
        f"{type_}#{name}": leads_to(schema, type_, rewrite)
        for type_, relations in schema.relations.items()
        for name, rewrite in relations.items()
    }
    toward: dict[str, frozenset[str]] = {}
    for kind in onward:
        found, todo = {kind}, [kind]
        while todo:
            direct, others = onward[todo.pop()]
            more = set(onward) if "" in direct else {other for other in others if other in onward}
            todo += more - found
            found |= more
        toward[kind] = frozenset(found)
    return toward

"""Check: is this user in this userset? The evaluator that answers, fast; `dslab.zanzibar.explain` answers the same and says why.

| word    | meaning                                                                                             |
|---------|-----------------------------------------------------------------------------------------------------|
| node    | ``object#relation``: a userset whose members are asked for                                             |
| answer  | yes, no, or unknown: a node on the way that waits for itself (a cycle), or lies beyond a limit            |
| hop     | one tuple followed from a node to another; computed usersets cost none                                  |
| limit   | how many hops deep, and how many usersets one node may name; beyond it an answer is unknown, never no     |

Three values, after Kleene: a union is yes if any child is yes, an exclusion is unknown if what it subtracts is. So a cycle in what is
subtracted denies, and a cycle beside a yes does not matter. An unknown that comes from a cycle is no permission: the answer is
"no", marked as a cycle. An unknown that comes from a limit is no answer at all: LimitReached is raised.

A userset is a member of itself: ``group:eng#member`` is in ``group:eng#member``.

A node whose rewrite can never lead to users of the kind that is asked for is a no, whatever its tuples are.

The rewrites are compiled to closures once for each schema. A node that can lead back to itself is remembered during one check (nothing is
remembered between checks). An unknown that hangs on a node further up is kept only until that node is decided.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dslab.zanzibar.rewrites import (
    Arrow,
    Computed,
    Exclusion,
    Nil,
    Rewrite,
    Schema,
    This,
    Union,
    walk,
)
from dslab.zanzibar.store import View
from dslab.zanzibar.tuples import kind_of, type_of

NO, UNKNOWN, YES = 0, 1, 2
NEVER = 1 << 30  # a place in the path that no unknown hangs on
DECIDED = {NO: (NO, NEVER, 0), YES: (YES, NEVER, 0)}


class Limits(NamedTuple):
    """``depth``: hops from the question, 1 to 150; ``fan_out``: usersets or parents of one node, at least 1."""

    depth: int = 25
    fan_out: int = 10_000


class LimitReached(RuntimeError):
    """A check that ended at a limit: neither yes nor no. ``limit`` is "depth" or "fan-out"."""

    def __init__(self, question: str, limit: str, most: int) -> None:
        what = (
            f"more than {most:,} hops deep"
            if limit == "depth"
            else f"through a node with more than {most:,} usersets"
        )
        super().__init__(
            f"{question} cannot be decided: it goes {what}. This is no no; raise the {limit} limit to know"
        )
        self.limit = limit


class Asking:
    """One check while it runs: the view, the user, what is remembered, where we are."""

    __slots__ = (
        "rows",
        "user",
        "wildcard",
        "kind",
        "wild_kind",
        "memo",
        "path",
        "low",
        "pending",
        "hits",
        "reached",
        "deepest",
        "widest",
    )

    def __init__(self, view: View, user: str, limits: Limits) -> None:
        self.rows = view.rows
        self.user = user
        self.kind = kind = kind_of(user)
        self.wildcard = self.wild_kind = "" if "#" in kind else user if kind == user else kind + ":*"
        self.memo: dict[
            tuple[str, str], tuple[int, int, int]
        ] = {}  # answer, what it hangs on, how deep it was limited
        self.pending: list[tuple[str, str]] = []  # unknowns that hang on a node of the path
        self.path: dict[tuple[str, str], int] = {}
        self.low = NEVER
        self.hits = 0  # how often a limit was met
        self.reached = ""
        self.deepest, self.widest = limits


Rule = Callable[[Asking, str, int], int]


class Compiled:
    """A schema made ready for checks: ``rules[kind]`` answers for a node of that kind (``doc#viewer``)."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.rules: dict[str, Rule] = {}
        self.reach = reachable(schema)
        bodies = {
            f"{type_}#{name}": (name, rewrite)
            for type_, relations in schema.relations.items()
            for name, rewrite in relations.items()
        }
        again = _comes_back(schema)
        for kind, (name, rewrite) in bodies.items():
            type_ = kind.partition("#")[0]
            body = self._rule(type_, name, rewrite)
            if not self._hops(type_, rewrite, set()):
                self.rules[kind] = self._plain(kind, name, body)
                continue
            keep = _enter if kind in again else _once
            rule = self._remembered(kind, name, body, self.reach[kind], keep)
            self.rules[kind] = _tuples_first(kind, name, body, rule) if isinstance(rewrite, This) else rule

    def check(self, view: View, thing: str, relation: str, user: str, limits: Limits) -> tuple[int, str]:
        """Give YES, NO or UNKNOWN, and the limit that was reached on the way ("" for none)."""
        asking = Asking(view, user, limits)
        return self.rules[f"{type_of(thing)}#{relation}"](asking, thing, 0), asking.reached

    def _hops(self, type_: str, rewrite: Rewrite, seen: set[str]) -> bool:
        """Whether a rewrite can follow a tuple to another node."""
        for node in walk(rewrite):
            if isinstance(node, Arrow) or (
                isinstance(node, This) and (node.kinds is None or any("#" in k for k in node.kinds))
            ):
                return True
            if isinstance(node, Computed) and node.relation not in seen:
                seen.add(node.relation)
                if self._hops(type_, self.schema.relations[type_][node.relation], seen):
                    return True
                if node.relation in self._computed(type_, node.relation):
                    return True  # relations that only refer to each other
        return False

    def _computed(self, type_: str, relation: str) -> set[str]:
        """The relations that a relation comes to by computed usersets alone."""
        found: set[str] = set()
        todo = [relation]
        while todo:
            for node in walk(self.schema.relations[type_][todo.pop()]):
                if isinstance(node, Computed) and node.relation not in found:
                    found.add(node.relation)
                    todo.append(node.relation)
        return found

    # -- the closures -----------------------------------------------------------------------------------

    @staticmethod
    def _plain(kind: str, name: str, body: Rule) -> Rule:
        """A node that ends at its own object: nothing to remember."""

        def rule(c: Asking, thing: str, depth: int) -> int:
            return YES if c.kind == kind and c.user == f"{thing}#{name}" else body(c, thing, depth)

        return rule

    # [remembered] what keeps cycles finite: the path says what is being asked, the memo what was answered
    @staticmethod
    def _remembered(
        kind: str, name: str, body: Rule, reach: frozenset[str] | None, keep: Callable[..., int]
    ) -> Rule:
        def rule(c: Asking, thing: str, depth: int) -> int:
            if c.kind == kind and c.user == f"{thing}#{name}":
                return YES
            if reach is not None and c.kind not in reach and c.wild_kind not in reach:
                return NO
            key = (thing, name)
            known = c.memo.get(key)
            if known is not None:
                answer, low, limited = known
                if answer != UNKNOWN:
                    return answer
                if depth >= limited:
                    c.low, c.hits = min(c.low, low), c.hits + (limited > 0)
                    return UNKNOWN
            if (place := c.path.get(key)) is not None:
                c.low = min(c.low, place)
                return UNKNOWN
            return keep(c, key, thing, depth, body)

        return rule

    # [/remembered]
    def _rule(self, type_: str, name: str, rewrite: Rewrite) -> Rule:
        if isinstance(rewrite, This):
            return self._this(name, rewrite.kinds)
        if isinstance(rewrite, Computed):
            rules, kind = self.rules, f"{type_}#{rewrite.relation}"
            return lambda c, thing, depth: rules[kind](c, thing, depth)
        if isinstance(rewrite, Arrow):
            return self._arrow(type_, rewrite)
        if isinstance(rewrite, Nil):
            return lambda c, thing, depth: NO
        if isinstance(rewrite, Exclusion):
            return _exclusion(
                self._rule(type_, name, rewrite.base), self._rule(type_, name, rewrite.subtract)
            )
        children = [self._rule(type_, name, child) for child in rewrite.children]
        return _union(children) if isinstance(rewrite, Union) else _intersection(children)

    def _this(self, name: str, kinds: tuple[str, ...] | None) -> Rule:
        rules = self.rules
        reach = self.reach
        allowed = None if kinds is None else frozenset(kinds)
        sets = kinds is None or any("#" in kind for kind in kinds)

        def this(c: Asking, thing: str, depth: int) -> int:
            rows = c.rows[thing].get(name)
            if rows is None:
                return NO
            subjects = rows.subjects
            if c.user in subjects and (allowed is None or c.kind in allowed):
                return YES
            if c.wildcard in subjects and (allowed is None or c.wild_kind in allowed):
                return YES
            if not sets or not (usersets := rows.usersets):
                return NO
            answer = NO
            if len(usersets) > c.widest:
                c.reached, c.hits, answer = "fan-out", c.hits + 1, UNKNOWN
                usersets = usersets[: c.widest]
            for other, kind, _ in usersets:
                if (allowed is None or kind in allowed) and kind in rules and leads(reach[kind], c):
                    found = _hop(c, rules[kind], other, depth)
                    if found == YES:
                        return YES
                    answer = max(answer, found)
            return answer

        return this

    def _arrow(self, type_: str, node: Arrow) -> Rule:
        followed = self.schema.direct_kinds(type_, node.tupleset)
        allowed = None if followed is None else frozenset(followed)
        types = {
            there: f"{there}#{node.relation}"
            for there, has in self.schema.relations.items()
            if node.relation in has
        }
        rules, reach, tupleset = self.rules, self.reach, node.tupleset

        def arrow(c: Asking, thing: str, depth: int) -> int:
            rows = c.rows[thing].get(tupleset)
            if rows is None:
                return NO
            objects, answer = rows.objects, NO
            if len(objects) > c.widest:
                c.reached, c.hits, answer = "fan-out", c.hits + 1, UNKNOWN
                objects = objects[: c.widest]
            for other, there, named in objects:
                kind = types.get(there)
                if kind is not None and (allowed is None or named in allowed) and leads(reach[kind], c):
                    found = _hop(c, rules[kind], other, depth)
                    if found == YES:
                        return YES
                    answer = max(answer, found)
            return answer

        return arrow


def _tuples_first(kind: str, name: str, body: Rule, rule: Rule) -> Rule:
    """A node of direct tuples alone: unless it names usersets, there is nothing to remember."""

    def direct(c: Asking, thing: str, depth: int) -> int:
        rows = c.rows[thing].get(name)
        if rows is None:
            return YES if c.kind == kind and c.user == f"{thing}#{name}" else NO
        return rule(c, thing, depth) if rows.usersets or c.kind == kind else body(c, thing, depth)

    return direct


def leads(reach: frozenset[str] | None, c: Asking) -> bool:
    """Whether a node's rewrite can lead to users of this kind at all."""
    return reach is None or c.kind in reach or c.wild_kind in reach


def _hop(c: Asking, rule: Rule, other: str, depth: int) -> int:
    if depth >= c.deepest:
        c.reached, c.hits = "depth", c.hits + 1
        return UNKNOWN
    return rule(c, other, depth + 1)


def _once(c: Asking, key: tuple[str, str], thing: str, depth: int, body: Rule) -> int:
    """Ask a node that no walk can come back to: its answer is remembered as soon as it is certain."""
    answer = body(c, thing, depth)
    if answer != UNKNOWN:
        c.memo[key] = DECIDED[answer]
    return answer


def _enter(c: Asking, key: tuple[str, str], thing: str, depth: int, body: Rule) -> int:
    """Ask a node's rewrite with the node on the path; remember the answer as far as it can be."""
    path, pending = c.path, c.pending
    place, mark, outer, hits = len(path), len(pending), c.low, c.hits
    path[key], c.low = place, NEVER
    answer = body(c, thing, depth)
    del path[key]
    low = NEVER
    if answer != UNKNOWN:
        c.memo[key] = DECIDED[answer]
    else:
        low = c.low if c.low < place else NEVER
        c.memo[key] = (UNKNOWN, low, depth if c.hits > hits else 0)
    if len(pending) > mark:
        _settle(c, mark, answer, low)
    if low != NEVER:
        pending.append(key)
    c.low = low if low < outer else outer
    return answer


def _settle(c: Asking, mark: int, answer: int, low: int) -> None:
    """A node on the path was answered: what hung on it below is asked anew, is unknown for good, or hangs further up now."""
    for key in c.pending[mark:]:
        if answer != UNKNOWN:
            c.memo.pop(key, None)
        else:
            _, _, limited = c.memo[key]
            c.memo[key] = (UNKNOWN, low, limited)
    if low == NEVER:
        del c.pending[mark:]


def _comes_back(schema: Schema) -> set[str]:
    """Give the kinds of nodes from which a walk can come to a node of the same kind."""
    onward = {
        f"{type_}#{name}": leads_to(schema, type_, rewrite)
        for type_, relations in schema.relations.items()
        for name, rewrite in relations.items()
    }
    untyped = any("" in direct for direct, _ in onward.values())
    found = set(onward) if untyped else set()
    for kind in () if untyped else onward:
        seen, todo = set(), [kind]
        while todo and kind not in seen:
            more = onward[todo.pop()][1] - seen
            seen |= more
            todo += [other for other in more if other in onward]
        if kind in seen:
            found.add(kind)
    return found


# [kleene] three values: union is the largest, intersection the smallest, exclusion turns the second around
def _union(children: list[Rule]) -> Rule:
    def union(c: Asking, thing: str, depth: int) -> int:
        answer = NO
        for child in children:
            found = child(c, thing, depth)
            if found == YES:
                return YES
            answer = max(answer, found)
        return answer

    return union


def _intersection(children: list[Rule]) -> Rule:
    def intersection(c: Asking, thing: str, depth: int) -> int:
        answer = YES
        for child in children:
            found = child(c, thing, depth)
            if found == NO:
                return NO
            answer = min(answer, found)
        return answer

    return intersection


def _exclusion(base: Rule, subtract: Rule) -> Rule:
    def exclusion(c: Asking, thing: str, depth: int) -> int:
        found = base(c, thing, depth)
        return NO if found == NO else min(found, YES - subtract(c, thing, depth))

    return exclusion


# [/kleene]
def reachable(schema: Schema) -> dict[str, frozenset[str] | None]:
    """Give the kinds of users that each kind of node can lead to (None: any, where a relation is not typed).

    The node's own kind is among them, since a userset is a member of itself. What an exclusion subtracts counts too.
    """
    direct: dict[str, set[str]] = {}
    onward: dict[str, set[str]] = {}
    for type_, relations in schema.relations.items():
        for name, rewrite in relations.items():
            kind = f"{type_}#{name}"
            direct[kind], onward[kind] = leads_to(schema, type_, rewrite)
            direct[kind].add(kind)
    changed = True
    while changed:
        changed = False
        for kind, others in onward.items():
            for other in others:
                if not direct[other] <= direct[kind]:
                    direct[kind] |= direct[other]
                    changed = True
    return {kind: None if "" in found else frozenset(found) for kind, found in direct.items()}


def leads_to(schema: Schema, type_: str, rewrite: Rewrite) -> tuple[set[str], set[str]]:
    """Give the kinds of direct users of a rewrite ("" where any may be), and the kinds of nodes that it goes on to."""
    direct: set[str] = set()
    onward: set[str] = set()
    for node in walk(rewrite):
        if isinstance(node, This):
            direct.update(node.kinds or ("",))
            onward.update(kind for kind in node.kinds or () if "#" in kind)
        elif isinstance(node, Computed):
            onward.add(f"{type_}#{node.relation}")
        elif isinstance(node, Arrow):
            kinds = schema.direct_kinds(type_, node.tupleset)
            types = (
                schema.relations
                if kinds is None
                else {kind.partition("#")[0].removesuffix(":*") for kind in kinds}
            )
            onward.update(
                f"{there}#{node.relation}" for there in types if node.relation in schema.relations[there]
            )
    return direct, onward

"""Why: the same question as `dslab.zanzibar.check`, answered slowly, with everything that was looked at.

| word   | meaning                                                                                            |
|--------|----------------------------------------------------------------------------------------------------|
| visit  | one place that the evaluation came to: a node, a rewrite in it, or a tuple that it followed              |
| path   | the tuples that make the answer yes, in the order in which they are followed                           |
| read   | one look for the user among a relation's tuples (it may find nothing), or one step along a tuple           |

The visited tree shows what was not asked, too: a union stops at its first yes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dslab.zanzibar.check import NO, UNKNOWN, YES, LimitReached, Limits, reachable
from dslab.zanzibar.rewrites import (
    Arrow,
    Computed,
    Exclusion,
    Intersection,
    Nil,
    Rewrite,
    Schema,
    This,
    text_of,
)
from dslab.zanzibar.store import View
from dslab.zanzibar.tuples import Tuple, kind_of, type_of

WORDS = {NO: "no", UNKNOWN: "unknown", YES: "yes"}
MOST_VISITS = 20_000


def count(number: int, what: str) -> str:
    """Write a number of things: "1 read", "17 reads"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


@dataclass
class Visit:
    """One place: ``node`` (``doc:a#viewer``), ``what`` was asked there, the ``answer``, ``note``, and what was asked below."""

    node: str
    what: str
    answer: int = NO
    note: str = ""
    tuple: Tuple | None = None
    children: list[Visit] = field(default_factory=list)

    def walk(self) -> Iterator[Visit]:
        """Give this visit and all below it, in the order in which they were made."""
        yield self
        for child in self.children:
            yield from child.walk()

    def lines(self, depth: int = 0) -> Iterator[str]:
        """Write the tree, one visit a line, indented."""
        words = f"{self.what}: {WORDS[self.answer]}" + (f" ({self.note})" if self.note else "")
        yield "  " * depth + words
        for child in self.children:
            yield from child.lines(depth + 1)


@dataclass(frozen=True)
class Explanation:
    """``answer`` (NO, UNKNOWN or YES), the visited ``tree``, the ``path`` of tuples to a yes, and the ``reads`` it took."""

    question: str
    answer: int
    tree: Visit
    path: tuple[Tuple, ...]
    reads: int
    depth: int

    def describe(self) -> str:
        """Say the answer and the shortest reason for it."""
        if self.answer == YES:
            way = ", ".join(map(str, self.path)) or "a userset is a member of itself"
            return f"{self.question}: yes, by {way}. {count(self.reads, 'read')}."
        if self.answer == UNKNOWN:
            return f"{self.question}: no, because a cycle on the way is not decided. {count(self.reads, 'read')}."
        return f"{self.question}: no, nothing leads there. {count(self.reads, 'read')}."

    def text(self) -> str:
        """Write the visited tree."""
        return "\n".join(self.tree.lines())


class Explainer:
    """Evaluates questions on one schema by walking its rewrites, and keeps what it sees."""

    def __init__(self, schema: Schema) -> None:
        self.schema, self.reach = schema, reachable(schema)

    def explain(
        self, view: View, thing: str, relation: str, user: str, limits: Limits, index: Any = None
    ) -> Explanation:
        """Answer one question. Raises LimitReached as a check does, also beyond 20,000 visits.

        With an ``index`` (a `dslab.zanzibar.leopard.Leopard`) it is asked for groups, and their tuples are not followed.
        """
        walk = _Walk(self, view, user, limits, index)
        question = f"{thing}#{relation}@{user}"
        tree = Visit(f"{thing}#{relation}", f"is {user} in {thing}#{relation}?")
        tree.answer, path = walk.node(thing, relation, 0, tree)
        if tree.answer == UNKNOWN and walk.reached:
            raise LimitReached(question, walk.reached, getattr(limits, walk.reached.replace("-", "_")))
        return Explanation(question, tree.answer, tree, tuple(path), walk.reads, walk.deepest)


Found = tuple[int, list[Tuple]]


class _Walk:
    def __init__(self, explainer: Explainer, view: View, user: str, limits: Limits, index: Any) -> None:
        self.schema, self.reach, self.index = explainer.schema, explainer.reach, index
        self.view, self.user, self.limits = view, user, limits
        self.kind = kind_of(user)
        self.wildcard = "" if "#" in user else f"{type_of(user)}:*"
        self.path: set[str] = set()
        self.known: dict[str, Found] = {}
        self.reads = self.visits = self.deepest = 0
        self.reached = ""

    def node(self, thing: str, relation: str, depth: int, visit: Visit) -> Found:
        """Ask a node, below ``visit``."""
        name = f"{thing}#{relation}"
        self.visits += 1
        self.deepest = max(self.deepest, depth)
        if self.visits > MOST_VISITS:
            raise LimitReached(f"{name}@{self.user}", "fan-out", MOST_VISITS)
        if self.user == name:
            visit.note = "a userset is a member of itself"
            return YES, []
        if not self._leads(f"{type_of(thing)}#{relation}"):
            visit.note = f"can never lead to {self.kind}"
            return NO, []
        if name in self.path:
            visit.note = "this is being asked already: a cycle"
            return UNKNOWN, []
        if name in self.known:
            visit.note = "was asked before"
            return self.known[name]
        if self.index is not None and name == f"{thing}#{self.index.relation}" and type_of(thing) == "group":
            return self.indexed(thing, visit)
        self.path.add(name)
        answer, path = self.rewrite(
            thing, relation, self.schema.relations[type_of(thing)][relation], depth, visit
        )
        self.path.discard(name)
        if answer != UNKNOWN:
            self.known[name] = answer, path
        return answer, path

    def indexed(self, group: str, visit: Visit) -> Found:
        """Ask the index instead of the tuples."""
        before = self.index.seeks
        found = YES if self.index.contains(group, self.user) else NO
        visit.note = f"by the index, {count(self.index.seeks - before, 'seek')}"
        return found, []

    def rewrite(self, thing: str, relation: str, rewrite: Rewrite, depth: int, visit: Visit) -> Found:
        """Ask one rewrite of a node; adds a visit below ``visit``."""
        below = Visit(f"{thing}#{relation}", _told(rewrite, thing, relation))
        visit.children.append(below)
        if isinstance(rewrite, This):
            answer, path = self.direct(thing, relation, rewrite, depth, below)
        elif isinstance(rewrite, Computed):
            answer, path = self.node(thing, rewrite.relation, depth, below)
        elif isinstance(rewrite, Arrow):
            answer, path = self.arrow(thing, rewrite, depth, below)
        elif isinstance(rewrite, Exclusion):
            answer, path = self.exclusion(thing, relation, rewrite, depth, below)
        elif isinstance(rewrite, Nil):
            answer, path = NO, []
        else:
            answer, path = self.several(thing, relation, rewrite, depth, below)
        below.answer = answer
        return answer, path

    def several(self, thing: str, relation: str, rewrite: Any, depth: int, visit: Visit) -> Found:
        """Ask the children of a union or intersection until the answer is certain."""
        all_of = isinstance(rewrite, Intersection)
        answer, way = (YES, []) if all_of else (NO, [])
        for place, child in enumerate(rewrite.children):
            found, path = self.rewrite(thing, relation, child, depth, visit)
            if found == YES:
                way = [*way, *path]
            answer = min(answer, found) if all_of else max(answer, found)
            if answer == (NO if all_of else YES):
                left = len(rewrite.children) - place - 1
                visit.note = f"{left} more not asked" if left else ""
                break
        return answer, way if answer == YES else []

    def exclusion(self, thing: str, relation: str, rewrite: Exclusion, depth: int, visit: Visit) -> Found:
        """Ask the base, and what is subtracted only if the base does not say no."""
        base, path = self.rewrite(thing, relation, rewrite.base, depth, visit)
        if base == NO:
            visit.note = "what is subtracted was not asked"
            return NO, []
        subtract, _ = self.rewrite(thing, relation, rewrite.subtract, depth, visit)
        answer = min(base, YES - subtract)
        return answer, path if answer == YES else []

    def direct(self, thing: str, relation: str, rewrite: This, depth: int, visit: Visit) -> Found:
        """Look for the user among a node's own tuples, then follow the usersets there."""
        rows = self.view.rows[thing].get(relation)
        self.reads += 1
        subjects = rows.subjects if rows else {}
        for user, kind in ((self.user, self.kind), (self.wildcard, self.wildcard)):
            if user in subjects and (rewrite.kinds is None or kind in rewrite.kinds):
                visit.tuple = Tuple(thing, relation, user)
                visit.note = str(visit.tuple)
                return YES, [visit.tuple]
        steps = [(other, kind, user) for other, kind, user in (rows.usersets if rows else [])
                 if (rewrite.kinds is None or kind in rewrite.kinds) and kind in self.reach and self._leads(kind)]  # fmt: skip
        steps_to = [
            (other, kind.partition("#")[2], Tuple(thing, relation, user)) for other, kind, user in steps
        ]
        return self.follow(steps_to, depth, visit)

    def arrow(self, thing: str, rewrite: Arrow, depth: int, visit: Visit) -> Found:
        """Follow the tuples of the tupleset to other objects."""
        rows = self.view.rows[thing].get(rewrite.tupleset)
        self.reads += rows is None
        allowed = self.schema.direct_kinds(type_of(thing), rewrite.tupleset)
        steps = []
        for user in rows.subjects if rows else ():
            other, there = user.partition("#")[0], type_of(user)
            fits = allowed is None or kind_of(user) in allowed
            if fits and not user.endswith(":*") and rewrite.relation in self.schema.relations.get(there, ()):
                if self._leads(f"{there}#{rewrite.relation}"):
                    steps.append((other, rewrite.relation, Tuple(thing, rewrite.tupleset, user)))
        return self.follow(steps, depth, visit)

    def follow(self, steps: list[tuple[str, str, Tuple]], depth: int, visit: Visit) -> Found:
        """Ask the nodes that tuples lead to until one says yes."""
        answer = NO
        if len(steps) > self.limits.fan_out:
            self.reached, answer = "fan-out", UNKNOWN
        for place, (other, relation, by) in enumerate(steps[: self.limits.fan_out]):
            self.reads += 1
            below = Visit(f"{other}#{relation}", f"{by} leads to {other}#{relation}", tuple=by)
            visit.children.append(below)
            if depth >= self.limits.depth:
                self.reached, found, path = "depth", UNKNOWN, []
                below.note = "too deep"
            else:
                found, path = self.node(other, relation, depth + 1, below)
            below.answer = found
            answer = max(answer, found)
            if found == YES:
                left = len(steps) - place - 1
                visit.note = f"{left} more not asked" if left else ""
                return YES, [by, *path]
        return answer, []

    def _leads(self, kind: str) -> bool:
        reach = self.reach[kind]
        return reach is None or self.kind in reach or (bool(self.wildcard) and self.wildcard in reach)


def _told(rewrite: Rewrite, thing: str, relation: str) -> str:
    if isinstance(rewrite, This):
        return f"tuples {thing}#{relation}@..."
    if isinstance(rewrite, Computed):
        return f"{thing}#{rewrite.relation}"
    if isinstance(rewrite, Arrow):
        return f"{rewrite.relation} of each {rewrite.tupleset} of {thing}"
    if isinstance(rewrite, Exclusion):
        return f"{thing}#{relation}: first but not second"
    if isinstance(rewrite, Nil):
        return "nobody"
    return f"{thing}#{relation}: {'all' if isinstance(rewrite, Intersection) else 'any'} of {len(rewrite.children)}"


def rule_text(schema: Schema, kind: str) -> str:
    """Write the rewrite of a kind of node: ``doc#viewer`` gives ``[user] or editor``."""
    type_, _, relation = kind.partition("#")
    return text_of(schema.rewrite(type_, relation))

"""Leopard: the index for deep groups. "Is this user in this group?" becomes the intersection of two ordered lists of numbers.

| word             | meaning                                                                                         |
|------------------|-------------------------------------------------------------------------------------------------|
| GROUP2GROUP      | for each group, the groups below it at any depth, and itself                                         |
| MEMBER2GROUP     | for each user, the groups that name it directly: only those                                          |
| seek             | one look into an ordered list for the first number at or after a given one                             |
| offline build    | both sets made from one snapshot of all tuples                                                      |
| incremental layer | what changed since: entries (set, element, time, added or deleted), merged into every look             |
| event            | one such entry; one changed tuple can cause many                                                    |
| pointer chasing  | what a check does without the index: follow the usersets, tuple by tuple                               |

Zanzibar, section 3.2.4. A user is in a group if ``MEMBER2GROUP(user)`` and ``GROUP2GROUP(group)`` have a number in common, which takes at most
as many seeks as the shorter list is long. The paper keeps skip lists; ours are sorted lists with a binary search.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from functools import cache
from typing import Any

from dslab.sim import Metric, Result, Series, World
from dslab.zanzibar.config import read as read_schema
from dslab.zanzibar.store import Change, View
from dslab.zanzibar.tuples import Tuple
from dslab.zanzibar.zookie import Switches

GROUPS = read_schema("namespace user\nnamespace group\n  member: [user, group#member]")


# [intersect] leap from list to list: each seek skips what cannot be common
def intersect(a: list[int], b: list[int]) -> tuple[bool, int]:
    """Say whether two ordered lists have an element in common, and how many seeks that took."""
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    at = seeks = 0
    for number in short:
        at, seeks = bisect_left(long, number, at), seeks + 1
        if at == len(long) or long[at] == number:
            return at < len(long), seeks
    return False, seeks


# [/intersect]
class Nesting:
    """Which group names which, now, and everything below each: kept right under additions and removals, cycles included."""

    def __init__(self) -> None:
        self.children: dict[str, dict[str, None]] = {}
        self.parents: dict[str, dict[str, None]] = {}
        self.below: dict[str, set[str]] = {}

    def reach(self, group: str) -> set[str]:
        """Find everything at or below a group by walking the direct edges."""
        found, todo = {group}, [group]
        while todo:
            more = [child for child in self.children.get(todo.pop(), ()) if child not in found]
            found.update(more)
            todo += more
        return found

    def above(self, group: str) -> set[str]:
        """Find everything at or above a group."""
        found, todo = {group}, [group]
        while todo:
            more = [parent for parent in self.parents.get(todo.pop(), ()) if parent not in found]
            found.update(more)
            todo += more
        return found

    # [maintain] an edge that goes takes along only what no other path still reaches
    def add(self, parent: str, child: str) -> list[tuple[str, str]]:
        """Add an edge; gives the (ancestor, descendant) pairs that are new, in order."""
        self.children.setdefault(parent, {})[child] = None
        self.parents.setdefault(child, {})[parent] = None
        return self._changed(parent)

    def remove(self, parent: str, child: str) -> list[tuple[str, str]]:
        """Remove an edge; gives the (ancestor, descendant) pairs that are gone, in order."""
        self.children[parent].pop(child, None)
        self.parents[child].pop(parent, None)
        return self._changed(parent)

    def _changed(self, parent: str) -> list[tuple[str, str]]:
        changed = []
        for ancestor in sorted(self.above(parent)):
            before, after = self.below.get(ancestor, {ancestor}), self.reach(ancestor)
            changed += [(ancestor, each) for each in sorted(before ^ after)]
            self.below[ancestor] = after
        return changed

    # [/maintain]


class Leopard:
    """The index of one namespace's groups: an offline build, and the changes since."""

    def __init__(
        self,
        view: View | None = None,
        relation: str = "member",
        incremental: bool = True,
        keep_deletes: bool = True,
    ) -> None:
        """``incremental``: whether changes after the build are followed. ``keep_deletes``: off in a mutant."""
        self.relation, self.incremental, self.keep_deletes = relation, incremental, keep_deletes
        self.numbers: dict[str, int] = {}
        self.nesting = Nesting()
        self.direct: dict[str, dict[str, None]] = {}
        self.built: dict[tuple[str, str], list[int]] = {}
        self.layer: dict[tuple[str, str], dict[int, tuple[int, bool]]] = {}
        self.built_ts = self.seen_ts = self.events = self.seeks = 0
        if view is not None:
            self.build(view)

    def number(self, group: str) -> int:
        """Give the number of a group; a new one gets the next."""
        return self.numbers.setdefault(group, len(self.numbers))

    def build(self, view: View) -> None:
        """Make both sets anew from a snapshot, and forget the incremental layer."""
        self.nesting, self.direct, self.built, self.layer = Nesting(), {}, {}, {}
        for each in sorted(view.tuples()):
            if each.relation == self.relation:
                self._note(each, True)
        for group in sorted(
            {
                *self.nesting.children,
                *self.nesting.parents,
                *(each for groups in self.direct.values() for each in groups),
            }
        ):
            self.number(group)
        for group in sorted({*self.nesting.children, *self.nesting.parents}):
            self.built["GROUP2GROUP", group] = sorted(map(self.number, self.nesting.reach(group)))
            self.nesting.below[group] = self.nesting.reach(group)
        for user, groups in self.direct.items():
            self.built["MEMBER2GROUP", user] = sorted(map(self.number, groups))
        self.built_ts = self.seen_ts = view.ts

    def _note(self, each: Tuple, added: bool) -> None:
        thing, _, user = each
        group, hash_, relation = user.partition("#")
        if hash_ and relation == self.relation:
            edges = (
                (self.nesting.children.setdefault(thing, {}), group),
                (self.nesting.parents.setdefault(group, {}), thing),
            )
        else:
            edges = ((self.direct.setdefault(user, {}), thing),)
        for where, what in edges:
            where[what] = None
            if not added:
                del where[what]

    def entries(self) -> int:
        """Count the numbers in all lists of the build."""
        return sum(map(len, self.built.values()))

    # [follow] one changed tuple becomes as many events as pairs of groups change
    def follow(self, changes: Iterable[Change], heartbeat_ts: int | None = None) -> int:
        """Take changes from Watch into the incremental layer; gives the number of events that they became."""
        before = self.events
        for ts, added, each in changes:
            self.seen_ts = max(self.seen_ts, ts)
            if each.relation == self.relation and self.incremental:
                for kind, of, element in self._events(each, added):
                    self.events += 1
                    if added or self.keep_deletes:
                        self.layer.setdefault((kind, of), {})[element] = (ts, added)
        self.seen_ts = max(self.seen_ts, heartbeat_ts or 0)
        return self.events - before

    # [/follow]
    def _events(self, each: Tuple, added: bool) -> list[tuple[str, str, int]]:
        group, hash_, _ = each.user.partition("#")
        if not hash_:
            self._note(each, added)
            return [("MEMBER2GROUP", each.user, self.number(each.object))]
        pairs = self.nesting.add(each.object, group) if added else self.nesting.remove(each.object, group)
        return [("GROUP2GROUP", above, self.number(below)) for above, below in pairs]

    def numbers_of(self, kind: str, of: str) -> list[int]:
        """Give one list as it is now: the build with the incremental layer merged in."""
        merged = self.built.get((kind, of), [self.number(of)] if kind == "GROUP2GROUP" else [])
        layer = self.layer.get((kind, of))
        if layer:
            merged = [number for number in merged if layer.get(number, (0, True))[1]]
            for number, (_, added) in layer.items():
                if added and number not in merged:
                    insort(merged, number)
        return merged

    def contains(self, group: str, user: str) -> bool:
        """Say whether a user is in a group, at any depth; `seeks` counts what it took in all."""
        found, seeks = intersect(self.numbers_of("MEMBER2GROUP", user), self.numbers_of("GROUP2GROUP", group))
        self.seeks += seeks
        return found


# -- against pointer chasing ------------------------------------------------------------------------------


def nested(depth: int, side: int = 8, people: int = 3) -> list[Tuple]:
    """Make groups nested ``depth`` deep; each level names ``side`` other groups of ``people`` users first, and the next level last."""
    found = []
    for level in range(depth):
        for number in range(side):
            found.append(Tuple(f"group:g{level}", "member", f"group:s{level}-{number}#member"))
            found += [
                Tuple(f"group:s{level}-{number}", "member", f"user:{level}-{number}-{each}")
                for each in range(people)
            ]
        found.append(Tuple(f"group:g{level}", "member", f"group:g{level + 1}#member"))
    elsewhere = [Tuple(f"group:{letter}-elsewhere", "member", "user:anne") for letter in "aghmsz"]
    return [*found, Tuple(f"group:g{depth}", "member", "user:anne"), *elsewhere]


def compare(depth: int = 8, side: int = 8) -> Result:
    """Ask for a user ``depth`` (1 to 64) groups deep among ``side`` (0 to 30) others a level: by chasing tuples, and by the index."""
    for name, value, low, high in (("depth", depth, 1, 64), ("side", side, 0, 30)):
        if not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use a whole number from {low} to {high}")
    from dslab.zanzibar.check import Limits
    from dslab.zanzibar.engine import Engine
    from dslab.zanzibar.explain import count

    engine, tuples = Engine(GROUPS, limits=Limits(150, 10_000)), nested(depth, side)
    engine.store.commit(tuples)
    explained = engine.explain("group:g0", "member", "user:anne")
    index = Leopard(engine.store.view())
    found = index.contains("group:g0", "user:anne")
    assert found == (explained.answer == 2)
    text = (f"{depth} groups deep, pointer chasing makes {count(explained.reads, 'read')}, the index {count(index.seeks, 'seek')}; "
            f"it holds {index.entries():,} entries for {len(tuples):,} tuples.")  # fmt: skip
    metrics = {
        "reads": Metric("reads by pointer chasing", explained.reads), "seeks": Metric("index seeks", index.seeks),
        "entries": Metric("index entries", index.entries()), "tuples": Metric("tuples", len(tuples)),
    }  # fmt: skip
    return Result({"depth": depth, "side": side}, metrics, text)


@cache
def by_depth(side: int = 8) -> Result:
    """`compare` at depths 2 to 32: reads, seeks, entries; and the closed forms for this family of groups."""
    depths = (2, 4, 8, 16, 32)
    runs = [compare(depth, side) for depth in depths]
    reads, seeks = (tuple(run[name] for run in runs) for name in ("reads", "seeks"))
    theory = tuple(float(chase_reads(depth, side)) for depth in depths)
    series = {
        "reads": Series("reads by pointer chasing", depths, reads), "seeks": Series("index seeks", depths, seeks),
        "theory": Series("reads, closed form", depths, theory, "theory"),
    }  # fmt: skip
    text = f"From depth {depths[0]} to {depths[-1]} pointer chasing goes from {reads[0]} to {reads[-1]} reads, the index from {seeks[0]} to {seeks[-1]} seeks."
    metrics = {"shallow": Metric("reads, depth 2", reads[0]), "deep": Metric("reads, depth 32", reads[-1]), "deep_seeks": Metric("seeks, depth 32", seeks[-1]),
               "entries": Metric("entries, depth 32", runs[-1]["entries"]), "tuples": Metric("tuples, depth 32", runs[-1]["tuples"])}  # fmt: skip
    return Result({"side": side}, metrics, text, series)


def chase_reads(depth: int, side: int) -> int:
    """Give the reads of pointer chasing: on each level one look, two for each other group, one step on; one look at the end."""
    return depth * (2 * side + 2) + 1


# -- as a scenario -----------------------------------------------------------------------------------------


def removed_after_build(switches: Switches) -> World:
    """Bob is removed from a group after the offline build; then he asks, with the zookie of the removal."""
    from dslab.zanzibar.engine import Engine

    world = World(name="removed after the build")
    engine = Engine(GROUPS)
    engine.write(["group:eng#member@group:web#member", "group:web#member@user:bob"])
    index = Leopard(
        engine.store.view(),
        incremental=switches.incremental_layer,
        keep_deletes=switches.bug != "deletes not indexed",
    )
    world.facts["zanzibar"] = facts = _Facts()
    leader = world.node("leader", label="Leader", kind="store", tuples="bob in web, web in eng")
    leopard = world.node("leopard", label="Leopard", kind="service", seen=index.seen_ts)
    alice, bob = (
        world.node("alice", label="Alice", kind="client"),
        world.node("bob", label="Bob", kind="client", saw="nothing yet"),
    )
    world.link("leader", "leopard", fifo=True)

    def commit(remove: tuple[Tuple, ...]) -> int:
        engine.write(remove=remove)
        leader.state["tuples"] = "web in eng"
        leader.send(
            "leopard", "watched", changes=engine.store.changes(index.built_ts), ts=engine.store.last_ts
        )
        return engine.store.last_ts

    def watched(changes: list[Change], ts: int) -> None:
        index.follow([each for each in changes if each.ts > index.seen_ts], ts)
        leopard.state["seen"] = index.seen_ts

    async def contains(group: str, user: str, ts: int) -> bool:
        if switches.incremental_layer and index.seen_ts < ts:
            changes, seen = await leopard.call("leader", "changes", after=index.seen_ts)
            watched(changes, seen)
        return index.contains(group, user)

    leader.on("commit", commit).on(
        "changes", lambda after: (engine.store.changes(after), engine.store.last_ts)
    )
    leopard.on("watched", watched).on("contains", contains)

    async def remove_bob() -> None:
        ts = await alice.call("leader", "commit", remove=(Tuple("group:web", "member", "user:bob"),))
        alice.send("bob", "removed", ts=ts)

    async def ask(ts: int) -> None:
        if await bob.call("leopard", "contains", group="group:eng", user="user:bob", ts=ts):
            facts.complaints["index"].append(
                "the index says that Bob is in eng, at a snapshot after his removal"
            )
        facts.checks += 1

    bob.on("removed", ask)
    alice.spawn(remove_bob())
    return world


class _Facts:
    """What the invariants of a scenario remember."""

    def __init__(self) -> None:
        self.complaints: dict[str, list[str]] = {"index": [], "update": []}
        self.checks = 0
        self.engine: Any = None


def two_admins(switches: Switches) -> World:
    """Two admins have the same dialog open: one adds Carol, the other takes Bob out; each saves the whole list."""
    from dslab.zanzibar.engine import Engine

    world = World(name="lost update")
    engine = Engine(read_schema("namespace user\nnamespace doc\n  viewer: [user]"))
    engine.write(["doc:plan#viewer@user:bob"])
    world.facts["zanzibar"] = facts = _Facts()
    facts.engine = engine
    acl = world.node("acl", label="Zanzibar", kind="store", viewers="bob")

    def read() -> tuple[list[Tuple], str]:
        return engine.read("doc:plan", "viewer"), engine.zookie()

    def write(add: list[Tuple], remove: list[Tuple], zookie: str) -> bool:
        since = ("doc:plan", engine.zookie() if switches.bug == "lock read too late" else zookie)
        try:
            engine.write(add, remove, unchanged_since=since if switches.lock_tuple else None)
        except ValueError:
            return False
        acl.state["viewers"] = ", ".join(
            each.user.partition(":")[2] for each in engine.read("doc:plan", "viewer")
        )
        return True

    acl.on("read", read).on("write", write)

    def admin(name: str, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
        node = world.node(name.lower(), label=name, kind="client", saved="not yet")

        async def edit() -> None:
            saved = False
            while not saved:
                shown, zookie = await node.call("acl", "read")
                keep = [each for each in shown if each.user not in remove]
                adding = [*keep, *(Tuple("doc:plan", "viewer", user) for user in add)]
                saved = await node.call(
                    "acl",
                    "write",
                    add=adding,
                    remove=[Tuple("doc:plan", "viewer", user) for user in remove],
                    zookie=zookie,
                )
            node.state["saved"] = "yes"
            facts.checks += 1

        node.spawn(edit())

    admin("Alice", ("user:carol",), ())
    admin("Dora", (), ("user:bob",))
    return world

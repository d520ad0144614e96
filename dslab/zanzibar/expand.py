"""Expand: a userset as a tree. It does not give the list of people: its leaves may be usersets again.

| follow       | what is opened up                                                                            |
|--------------|----------------------------------------------------------------------------------------------|
| ``nothing``  | the rewrite of the one node; computed usersets and arrows are named, not followed (not even where they lead nowhere) |
| ``rewrites`` | the paper: rewrites are followed, also through arrows; usersets in tuples stay leaves (section 2.4.5) |
| ``all``      | usersets in tuples are opened, too; a node that is open already is left as a leaf                  |

A tree is plain data (dicts and lists), ready for JSON::

    {"node": "doc:a#viewer", "union": [tree, ...]}          also "intersection"
    {"node": ..., "exclusion": [base, subtract]}
    {"node": ..., "users": ["user:anne", "group:eng#member", "user:*"]}            direct tuples
    {"node": ..., "users": [...], "open": [tree, ...]}                             with follow="all"
    {"node": ..., "computed": "doc:a#editor"}                or, followed, {"node": ..., "computed": ..., "tree": tree}
    {"node": ..., "tupleset": "doc:a#parent", "computed": ["folder:x#viewer", ...]}   followed: with "trees": [tree, ...]
    {"node": ..., "users": []}                               nil
"""

from __future__ import annotations

from typing import Any

from dslab.zanzibar.rewrites import Arrow, Computed, Exclusion, Intersection, Rewrite, Schema, This, Union
from dslab.zanzibar.store import View
from dslab.zanzibar.tuples import kind_of, type_of

FOLLOW = ("nothing", "rewrites", "all")
Tree = dict[str, Any]


def expand(schema: Schema, view: View, thing: str, relation: str, follow: str = "rewrites") -> Tree:
    """Give the userset tree of ``thing#relation``; see the module for its shape. ValueError for another word than those of FOLLOW."""
    if follow not in FOLLOW:
        raise ValueError(f"follow={follow!r} is no choice; use one of {', '.join(map(repr, FOLLOW))}")
    schema.rewrite(type_of(thing), relation)
    return _Expander(schema, view, follow).node(thing, relation, ())


def users_of(tree: Tree) -> list[str]:
    """Give the users that stand in a tree, each once, in order: of a tree without intersection and exclusion the union of it."""
    found: dict[str, None] = dict.fromkeys(tree.get("users", ()))
    for part in ("union", "intersection", "exclusion", "open", "trees"):
        for child in tree.get(part, ()):
            found |= dict.fromkeys(users_of(child))
    if "tree" in tree:
        found |= dict.fromkeys(users_of(tree["tree"]))
    return list(found)


class _Expander:
    def __init__(self, schema: Schema, view: View, follow: str) -> None:
        self.schema, self.view, self.follow = schema, view, follow

    def node(self, thing: str, relation: str, path: tuple[str, ...]) -> Tree:
        name = f"{thing}#{relation}"
        rewrite = self.schema.relations[type_of(thing)][relation]
        return self.rewrite(thing, name, relation, rewrite, (*path, name))

    def rewrite(self, thing: str, name: str, relation: str, rewrite: Rewrite, path: tuple[str, ...]) -> Tree:
        if isinstance(rewrite, This):
            return self.direct(thing, name, relation, rewrite, path)
        if isinstance(rewrite, Computed):
            wanted = f"{thing}#{rewrite.relation}"
            tree: Tree = {"node": name, "computed": wanted}
            if self.follow != "nothing" and wanted not in path:
                tree["tree"] = self.node(thing, rewrite.relation, path)
            return tree
        if isinstance(rewrite, Arrow):
            return self.arrow(thing, name, rewrite, path)
        if isinstance(rewrite, Exclusion):
            parts = (rewrite.base, rewrite.subtract)
            return {
                "node": name,
                "exclusion": [self.rewrite(thing, name, relation, part, path) for part in parts],
            }
        if isinstance(rewrite, (Union, Intersection)):
            word = "union" if isinstance(rewrite, Union) else "intersection"
            return {
                "node": name,
                word: [self.rewrite(thing, name, relation, part, path) for part in rewrite.children],
            }
        return {"node": name, "users": []}

    def direct(self, thing: str, name: str, relation: str, rewrite: This, path: tuple[str, ...]) -> Tree:
        users = self._users(thing, relation, rewrite.kinds)
        tree: Tree = {"node": name, "users": users}
        if self.follow == "all":
            sets = [user.partition("#") for user in users if "#" in user and user not in path]
            tree["open"] = [
                self.node(other, rel, path)
                for other, _, rel in sets
                if rel in self.schema.relations.get(type_of(other), ())
            ]
        return tree

    def arrow(self, thing: str, name: str, rewrite: Arrow, path: tuple[str, ...]) -> Tree:
        kinds = self.schema.direct_kinds(type_of(thing), rewrite.tupleset)
        parents = [
            user.partition("#")[0]
            for user in self._users(thing, rewrite.tupleset, kinds)
            if not user.endswith(":*")
        ]
        fit = [
            parent for parent in parents if rewrite.relation in self.schema.relations.get(type_of(parent), ())
        ]
        named = parents if self.follow == "nothing" else fit
        nodes = [f"{parent}#{rewrite.relation}" for parent in named]
        tree: Tree = {"node": name, "tupleset": f"{thing}#{rewrite.tupleset}", "computed": nodes}
        if self.follow != "nothing":
            tree["trees"] = [
                self.node(parent, rewrite.relation, path)
                for parent in fit
                if f"{parent}#{rewrite.relation}" not in path
            ]
        return tree

    def _users(self, thing: str, relation: str, kinds: tuple[str, ...] | None) -> list[str]:
        rows = self.view.rows[thing].get(relation)
        return sorted(
            user for user in (rows.subjects if rows else ()) if kinds is None or kind_of(user) in kinds
        )

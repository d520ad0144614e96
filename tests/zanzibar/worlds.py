"""Schemas and tuples drawn by chance, for comparing engines."""

import random

from dslab.zanzibar.rewrites import Arrow, Computed, Exclusion, Intersection, Schema, This, Union, nil
from dslab.zanzibar.tuples import Tuple, type_of

TYPES = ("user", "group", "folder", "doc")
NAMES = ("a", "b", "c", "d")
KINDS = ("user", "user:*", "group#a", "group#b", "folder#a", "doc#c")


def schema(rng: random.Random) -> Schema:
    """Draw a schema of four namespaces; ``parent`` is what arrows follow."""
    made = {"user": {}}
    for type_ in TYPES[1:]:
        made[type_] = {"parent": This(tuple(rng.sample(("group", "folder", "doc"), rng.randint(1, 3))))}
        for name in NAMES:
            made[type_][name] = rewrite(rng, type_, 2, [True])
    return Schema(made)


def rewrite(rng, type_, depth, may_be_direct):
    kind = rng.choice(
        ("this", "this", "computed", "arrow", "union", "union", "intersection", "exclusion", "nil")[
            : 9 if depth else 4
        ]
    )
    if kind == "this" and may_be_direct[0]:
        may_be_direct[0] = False
        return This(tuple(rng.sample(KINDS, rng.randint(1, 4))))
    if kind == "arrow":
        return Arrow("parent", rng.choice(NAMES))
    if kind == "nil" and rng.random() < 0.2:
        return nil
    if kind == "union":
        return Union(tuple(rewrite(rng, type_, depth - 1, may_be_direct) for _ in range(rng.randint(1, 3))))
    if kind == "intersection":
        return Intersection(tuple(rewrite(rng, type_, depth - 1, may_be_direct) for _ in range(2)))
    if kind == "exclusion":
        return Exclusion(
            rewrite(rng, type_, depth - 1, may_be_direct), rewrite(rng, type_, depth - 1, may_be_direct)
        )
    return Computed(rng.choice(NAMES))


def tuples(rng: random.Random, drawn: Schema, count: int) -> list[Tuple]:
    """Draw tuples that the schema allows, and some that it does not (they must not be seen)."""
    found = {}
    for _ in range(count):
        thing = f"{rng.choice(TYPES[1:])}:{rng.randint(1, 3)}"
        relation = rng.choice(("parent", "parent", *NAMES))
        kinds = drawn.direct_kinds(type_of(thing), relation) or ()
        if rng.random() < 0.1:
            kinds = KINDS
        if kinds:
            found[Tuple(thing, relation, user(rng, rng.choice(kinds)))] = None
    return list(found)


def user(rng: random.Random, kind: str) -> str:
    """Draw a user of a kind."""
    if kind.endswith(":*"):
        return kind
    type_, hash_, relation = kind.partition("#")
    return f"{type_}:{rng.randint(1, 3)}{hash_}{relation}"

"""Userset rewrites: what a relation means beyond its own tuples, and the schema that holds them.

| word             | meaning                                                                                        |
|------------------|------------------------------------------------------------------------------------------------|
| rewrite          | a tree that says who has a relation to an object                                                  |
| this             | a leaf: the users of the object's own tuples with this relation; may restrict their kinds            |
| computed userset | a leaf: whoever has another relation to the same object (an editor is a viewer)                      |
| tuple to userset | a leaf, also called an arrow: follow a relation (``parent``), then ask for a relation of what is there |
| tupleset         | the relation that an arrow follows; only its own tuples count                                       |
| union, intersection, exclusion | inner nodes: any of, all of, the first but not the second                              |
| nil              | a leaf: nobody                                                                                  |
| schema           | the configurations of all namespaces: which relations each has, and their rewrites                   |

Zanzibar, section 2.3. Type restrictions are not in the paper; its open-source heirs have them, because they find typing errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


class SchemaError(ValueError):
    """A configuration that cannot be meant: a sentence that says what is wrong and what there is."""


@dataclass(frozen=True)
class This:
    """The users of the object's own tuples. ``kinds`` are the kinds that these may have; None allows any."""

    kinds: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Computed:
    """Whoever has ``relation`` to the same object."""

    relation: str


@dataclass(frozen=True)
class Arrow:
    """Whoever has ``relation`` to an object that stands in a tuple of ``tupleset``."""

    tupleset: str
    relation: str


@dataclass(frozen=True)
class Union:
    """Whoever is in any of the children."""

    children: tuple[Any, ...]


@dataclass(frozen=True)
class Intersection:
    """Whoever is in all of the children."""

    children: tuple[Any, ...]


@dataclass(frozen=True)
class Exclusion:
    """Whoever is in ``base`` and not in ``subtract``."""

    base: Any
    subtract: Any


@dataclass(frozen=True)
class Nil:
    """Nobody."""


Rewrite = This | Computed | Arrow | Union | Intersection | Exclusion | Nil
nil = Nil()


def this(*kinds: str) -> This:
    """Make the leaf for direct tuples: ``this("user", "user:*", "group#member")``; without kinds anything is allowed."""
    return This(tuple(kinds) or None)


def computed(relation: str) -> Computed:
    """Make the leaf for another relation of the same object."""
    return Computed(relation)


def arrow(tupleset: str, relation: str) -> Arrow:
    """Make the leaf that follows ``tupleset`` and asks for ``relation`` there: ``arrow("parent", "viewer")``."""
    return Arrow(tupleset, relation)


def union(*children: Rewrite | str) -> Union:
    """Make a node for any of ``children``; a text stands for ``computed(text)``."""
    return Union(_several(children, "a union"))


def intersection(*children: Rewrite | str) -> Intersection:
    """Make a node for all of ``children``; a text stands for ``computed(text)``."""
    return Intersection(_several(children, "an intersection"))


def exclusion(base: Rewrite | str, subtract: Rewrite | str) -> Exclusion:
    """Make a node for ``base`` but not ``subtract``; a text stands for ``computed(text)``."""
    return Exclusion(*_several((base, subtract), "an exclusion"))


def _several(children: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    if not children:
        raise SchemaError(f"{what} needs at least one child")
    return tuple(as_rewrite(child) for child in children)


def as_rewrite(given: Any) -> Rewrite:
    """Give a rewrite; a text stands for ``computed(text)``. Raises SchemaError for anything else."""
    if isinstance(given, str):
        return Computed(given)
    if isinstance(given, Rewrite):
        return given
    raise SchemaError(f"{given!r} is no rewrite; use this(...), computed(...), arrow(...), union(...) ...")


def walk(rewrite: Rewrite) -> Iterator[Rewrite]:
    """Give a rewrite and everything below it."""
    yield rewrite
    if isinstance(rewrite, (Union, Intersection)):
        for child in rewrite.children:
            yield from walk(child)
    elif isinstance(rewrite, Exclusion):
        yield from walk(rewrite.base)
        yield from walk(rewrite.subtract)


def is_union_only(rewrite: Rewrite) -> bool:
    """Whether a rewrite can only add: no intersection and no exclusion in it."""
    return not any(isinstance(node, (Intersection, Exclusion)) for node in walk(rewrite))


def text_of(rewrite: Rewrite, inner: bool = False) -> str:
    """Write a rewrite in the short form that `dslab.zanzibar.config.read` reads."""
    if isinstance(rewrite, This):
        return f"[{', '.join(rewrite.kinds or ())}]"
    if isinstance(rewrite, Computed):
        return rewrite.relation
    if isinstance(rewrite, Arrow):
        return f"{rewrite.relation} from {rewrite.tupleset}"
    if isinstance(rewrite, Nil):
        return "nil"
    if isinstance(rewrite, Exclusion):
        told = f"{text_of(rewrite.base, True)} but not {text_of(rewrite.subtract, True)}"
    else:
        word = " or " if isinstance(rewrite, Union) else " and "
        told = word.join(text_of(child, True) for child in rewrite.children)
        if len(rewrite.children) == 1:
            return told
    return f"({told})" if inner else told


class Schema:
    """All namespaces: ``Schema({"user": {}, "doc": {"owner": this("user"), "viewer": union(this("user"), "owner")}})``.

    ``relations[type][relation]`` is the rewrite. A list of kinds stands for ``this(*kinds)``, a text for ``computed(text)``.
    Raises SchemaError where something that is named does not exist, a tupleset is more than its own tuples, or an arrow leads
    nowhere (with ``loose_arrows`` that one leads to nobody instead).
    """

    def __init__(self, namespaces: Mapping[str, Mapping[str, Any]], loose_arrows: bool = False) -> None:
        self.loose_arrows = loose_arrows
        self.relations: dict[str, dict[str, Rewrite]] = {
            type_: {name: this(*given) if isinstance(given, list) else as_rewrite(given) for name, given in relations.items()}
            for type_, relations in namespaces.items()
        }  # fmt: skip
        for type_, relations in self.relations.items():
            for name, rewrite in relations.items():
                for node in walk(rewrite):
                    self._check(type_, name, node)
                if sum(isinstance(node, This) for node in walk(rewrite)) > 1:
                    raise SchemaError(
                        f"{type_}#{name} has its direct tuples twice; one [...] is enough, the same users come out of both"
                    )

    def __repr__(self) -> str:
        return f"<schema of {', '.join(self.relations)}>"

    def __str__(self) -> str:
        """Write the schema in the short form that `dslab.zanzibar.config.read` reads."""
        lines = []
        for type_, relations in self.relations.items():
            lines.append(f"namespace {type_}")
            lines += [f"  {name}: {text_of(rewrite)}" for name, rewrite in relations.items()]
        return "\n".join(lines)

    def rewrite(self, type_: str, relation: str) -> Rewrite:
        """Give the rewrite of a relation; SchemaError names the namespaces or relations that there are."""
        if type_ not in self.relations:
            raise SchemaError(f"there is no namespace {type_!r}; there are {_listed(self.relations)}")
        if relation not in self.relations[type_]:
            raise SchemaError(
                f"{type_!r} has no relation {relation!r}; it has {_listed(self.relations[type_])}"
            )
        return self.relations[type_][relation]

    def direct_kinds(self, type_: str, relation: str) -> tuple[str, ...] | None:
        """Give the kinds of users that a relation's own tuples may have: () where it has no tuples, None where any may."""
        for node in walk(self.rewrite(type_, relation)):
            if isinstance(node, This):
                return node.kinds
        return ()

    def is_tupleset(self, type_: str, relation: str) -> bool:
        """Whether some arrow of the namespace follows this relation."""
        return any(
            isinstance(node, Arrow) and node.tupleset == relation
            for rewrite in self.relations[type_].values()
            for node in walk(rewrite)
        )

    def _check(self, type_: str, name: str, node: Rewrite) -> None:
        where = f"in {type_}#{name}"
        known = self.relations[type_]
        if isinstance(node, This):
            for kind in node.kinds or ():
                self._check_kind(kind, where)
        if isinstance(node, Computed) and node.relation not in known:
            raise SchemaError(f"{where}: {type_} has no relation {node.relation!r}; it has {_listed(known)}")
        if isinstance(node, Arrow):
            self._check_arrow(type_, node, where)

    def _check_kind(self, kind: str, where: str) -> None:
        thing, hash_, relation = kind.partition("#")
        type_ = thing.removesuffix(":*")
        if type_ not in self.relations:
            raise SchemaError(
                f"{where}: there is no namespace {type_!r}; there are {_listed(self.relations)}"
            )
        if hash_ and relation not in self.relations[type_]:
            raise SchemaError(
                f"{where}: {type_} has no relation {relation!r}; it has {_listed(self.relations[type_])}"
            )

    def _check_arrow(self, type_: str, node: Arrow, where: str) -> None:
        known = self.relations[type_]
        if node.tupleset not in known:
            raise SchemaError(f"{where}: {type_} has no relation {node.tupleset!r}; it has {_listed(known)}")
        followed = known[node.tupleset]
        if not isinstance(followed, This):
            raise SchemaError(
                f"{where}: an arrow follows tuples, so {type_}#{node.tupleset} must be [...] alone; it is {text_of(followed)}"
            )
        types = {kind.partition("#")[0].removesuffix(":*") for kind in followed.kinds or self.relations}
        if not self.loose_arrows and not any(
            node.relation in self.relations.get(there, ()) for there in types
        ):
            raise SchemaError(
                f"{where}: nothing that {node.tupleset!r} leads to ({_listed(sorted(types))}) has a relation {node.relation!r}"
            )


def _listed(names: Any) -> str:
    return ", ".join(names) or "none"

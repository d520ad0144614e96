"""Relation tuples: ``doc:readme#viewer@group:eng#member`` says that members of eng are viewers of readme.

| word      | meaning                                                                                     |
|-----------|---------------------------------------------------------------------------------------------|
| object    | ``namespace:id``; ``doc:readme``. The namespace is also called its type                       |
| relation  | a name that the object's namespace defines; ``viewer``                                        |
| userset   | ``object#relation``: everybody who has that relation to that object                           |
| user      | the right side of a tuple: a subject ``user:anne``, a userset, or a wildcard ``user:*``         |
| wildcard  | ``user:*``: every subject of the type, also those that nobody has heard of; no userset          |
| kind      | what a user is, without its id: ``user``, ``user:*``, ``group#member``. Type restrictions name kinds |

Zanzibar (USENIX ATC 2019, section 2.1) numbers its users: ``doc:readme#owner@10``. Here a bare number is short for ``user:10``, and
``folder:A#...`` (the paper's way to name an object itself) for ``folder:A``.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_NAME = re.compile(r"[^\s:#@*()\[\]{},|]+")  # of a namespace or relation
_ID = re.compile(r"[^\s:#]+")
_OBJECT = re.compile(
    r"[^\s:#@*()\[\]{},|]+:(?!\*\Z)[^\s:#]+"
)  # nearly every text is fine: one look, no pointing


class InvalidTuple(ValueError):
    """A text that is no tuple, or a tuple that the configuration does not allow. ``place`` is the character, from 0."""

    def __init__(self, what: str, text: str = "", place: int | None = None) -> None:
        pointed = f"\n  {text}\n  {' ' * place}^" if text and place is not None else ""
        super().__init__(what + pointed)
        self.place = place


class Tuple(NamedTuple):
    """One relation tuple; all three parts are text. `parse` and `make` check them, the constructor does not."""

    object: str
    relation: str
    user: str

    def __str__(self) -> str:
        return f"{self.object}#{self.relation}@{self.user}"

    @property
    def kind(self) -> str:
        """What the user is: ``user``, ``user:*`` or ``group#member``."""
        return kind_of(self.user)


def type_of(thing: str) -> str:
    """Give the namespace of an object or a user: ``doc`` of ``doc:readme``."""
    return thing.partition(":")[0]


def kind_of(user: str) -> str:
    """Give what a user is: ``user`` of ``user:anne``, ``user:*`` of itself, ``group#member`` of ``group:eng#member``."""
    type_, _, rest = user.partition(":")
    ident, hash_, relation = rest.partition("#")
    if hash_:
        return f"{type_}#{relation}"
    return user if ident == "*" else type_


def check_object(text: Any, inside: str = "", offset: int = 0) -> str:
    """Give ``text`` if it is an object ``namespace:id``; InvalidTuple points at the character where it stops being one."""
    if isinstance(text, str) and _OBJECT.fullmatch(text):
        return text
    whole = inside or text
    if not isinstance(text, str):
        raise InvalidTuple(f"an object is a text such as 'doc:readme', not {text!r}")
    type_, colon, ident = text.partition(":")
    _name(type_, "a namespace", whole, offset)
    if not colon:
        raise InvalidTuple(
            "an object needs a colon between namespace and id, as in doc:readme", whole, offset + len(text)
        )
    at = offset + len(type_) + 1
    found = _ID.match(ident)
    if found is None or found.end() < len(ident):
        place = at + (found.end() if found else 0)
        raise InvalidTuple(
            "an id is one or more characters, none of them a blank, a colon or a #", whole, place
        )
    if ident == "*":
        raise InvalidTuple("an object is one thing; a wildcard stands only on the right side", whole, at)
    return text


def check_user(text: Any, inside: str = "", offset: int = 0) -> str:
    """Give a user in its full form (``10`` becomes ``user:10``, ``folder:A#...`` becomes ``folder:A``); raises InvalidTuple."""
    if isinstance(text, str) and _OBJECT.fullmatch(text):
        return text
    whole = inside or text
    if not isinstance(text, str):
        raise InvalidTuple(
            f"a user is a text such as 'user:anne', 'group:eng#member' or 'user:*', not {text!r}"
        )
    if text.isdecimal():
        return f"user:{text}"
    thing, hash_, relation = text.partition("#")
    if relation == "...":
        return check_object(thing, whole, offset)
    if thing.endswith(":*"):
        _name(thing[:-2], "a namespace", whole, offset)
        if hash_:
            raise InvalidTuple(
                "a wildcard stands for subjects and has no relation", whole, offset + len(thing)
            )
        return text
    check_object(thing, whole, offset)
    if hash_:
        _name(relation, "a relation", whole, offset + len(thing) + 1)
    return text


def parse(text: str) -> Tuple:
    """Read ``object#relation@user``. Raises InvalidTuple, which points at the character that is wrong."""
    if not isinstance(text, str):
        raise InvalidTuple(f"a tuple is a text such as 'doc:readme#viewer@user:anne', not {text!r}")
    thing, hash_, rest = text.partition("#")
    check_object(thing, text)
    if not hash_:
        raise InvalidTuple("after the object come # and a relation", text, len(text))
    relation, at, user = rest.partition("@")
    _name(relation, "a relation", text, len(thing) + 1)
    if not at:
        raise InvalidTuple("after the relation come @ and a user", text, len(text))
    return Tuple(thing, relation, check_user(user, text, len(thing) + len(relation) + 2))


def make(object: str, relation: str, user: str) -> Tuple:
    """Make a tuple of its three parts, checked as `parse` does."""
    check_object(object)
    _name(relation, "a relation", relation, 0)
    return Tuple(object, relation, check_user(user))


def as_tuple(given: Any) -> Tuple:
    """Give a Tuple for a text, a Tuple, or any three texts (object, relation, user)."""
    if isinstance(given, str):
        return parse(given)
    if isinstance(given, (tuple, list)) and len(given) == 3:
        return make(*given)
    raise InvalidTuple(f"a tuple is a text 'object#relation@user' or three texts, not {given!r}")


def _name(text: Any, what: str, whole: str, offset: int) -> None:
    if not isinstance(text, str):
        raise InvalidTuple(f"{what} is a text, not {text!r}")
    found = _NAME.match(text)
    if found is None or found.end() < len(text):
        place = offset + (found.end() if found else 0)
        raise InvalidTuple(
            f"{what} is one or more characters, none of them a blank or one of : # @ * ( ) [ ] {{ }} , |",
            whole,
            place,
        )

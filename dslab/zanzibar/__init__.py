"""Zanzibar, Google's authorization system: the engine, its consistency, its serving, its index; every mechanism has a switch.

| part        | what it is                                                                                       |
|-------------|--------------------------------------------------------------------------------------------------|
| `tuples`    | ``doc:readme#viewer@group:eng#member``: reading and checking them                                   |
| `rewrites`, `config` | what a relation means; schemas from Python, from a short text, from the paper's configuration |
| `store`     | tuples with all their versions, snapshots, the changelog, zookies                                    |
| `engine`    | Check, Expand, Read, Write, Watch, content-change check, list-objects, list-users                    |
| `check`, `explain`, `expand`, `listing` | the evaluators behind it                                                  |
| `zookie`    | who may read which snapshot: commit wait, replicas, the new-enemy problem                           |
| `serving`   | quantized snapshots, cache, lock table, forwarding, hedging, isolation                              |
| `leopard`   | the index for deep groups                                                                        |
| `anomalies` | what goes wrong with a switch off; the table of defences                                            |
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dslab.zanzibar.check import LimitReached, Limits
    from dslab.zanzibar.config import read as read_schema
    from dslab.zanzibar.config import read_paper
    from dslab.zanzibar.engine import Answer, Engine, Watched, WriteConflict
    from dslab.zanzibar.listing import Users
    from dslab.zanzibar.rewrites import (
        Schema,
        SchemaError,
        arrow,
        computed,
        exclusion,
        intersection,
        nil,
        this,
        union,
    )
    from dslab.zanzibar.store import BadZookie, Change, TupleStore
    from dslab.zanzibar.tuples import InvalidTuple, Tuple, parse

__all__ = [
    "Answer", "BadZookie", "Change", "Engine", "InvalidTuple", "LimitReached", "Limits", "Schema", "SchemaError", "Tuple", "TupleStore",
    "Users", "Watched", "WriteConflict", "arrow", "computed", "exclusion", "intersection", "nil", "parse", "read_paper", "read_schema",
    "this", "union",
]  # fmt: skip

# Loaded when first named: who searches schedules needs no engine, who checks needs no scenarios.
_WHEN_NAMED = {
    "check": ("LimitReached", "Limits"),
    "engine": ("Answer", "Engine", "Watched", "WriteConflict"),
    "listing": ("Users",),
    "rewrites": ("Schema", "SchemaError", "arrow", "computed", "exclusion", "intersection", "nil", "this", "union"),
    "store": ("BadZookie", "Change", "TupleStore"),
    "tuples": ("InvalidTuple", "Tuple", "parse"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in ("read_schema", "read_paper"):
        return getattr(import_module("dslab.zanzibar.config"), name.replace("_schema", ""))
    for module, names in _WHEN_NAMED.items():
        if name in names:
            return getattr(import_module(f"dslab.zanzibar.{module}"), name)
    raise AttributeError(f"dslab.zanzibar has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__

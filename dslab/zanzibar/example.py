"""A small company: its groups, folders and documents, and one check at a time walked through them.

| word     | meaning                                                                                          |
|----------|--------------------------------------------------------------------------------------------------|
| policy   | what makes somebody a viewer of a document; four of them, each adds one thing to the one before        |
| touched  | a tuple that the check followed, or looked at and found the user in                                 |
"""

from __future__ import annotations

from functools import cache
from typing import Any

from dslab.sim import Metric, Result
from dslab.zanzibar.check import NO, YES
from dslab.zanzibar.config import read as read_schema
from dslab.zanzibar.engine import Engine
from dslab.zanzibar.explain import count
from dslab.zanzibar.leopard import Leopard

POLICIES = {
    "direct": "[user, user:*, group#member]",
    "editors": "[user, user:*, group#member] or editor",
    "folders": "[user, user:*, group#member] or editor or viewer from parent",
    "blocked": "([user, user:*, group#member] or editor or viewer from parent) but not blocked",
}
CONFIG = """namespace user
namespace group
  member: [user, group#member]
namespace folder
  parent: [folder]
  viewer: [user, group#member] or viewer from parent
namespace doc
  parent: [folder]
  owner: [user]
  blocked: [user]
  editor: [user, group#member] or owner
  viewer: {viewer}"""
TUPLES = """doc:plan#parent@folder:q3
folder:q3#parent@folder:company
folder:company#viewer@group:staff#member
group:staff#member@group:sales#member
group:staff#member@group:eng#member
group:eng#member@group:web#member
group:web#member@user:anne
group:web#member@user:dan
group:sales#member@user:bob
doc:plan#owner@user:carol
doc:plan#editor@group:leads#member
group:leads#member@user:erin
doc:plan#blocked@user:dan
doc:menu#viewer@user:*"""
USERS = ("anne", "bob", "carol", "dan", "erin", "mallory")


@cache
def engine(policy: str = "blocked") -> Engine:
    """Give an engine with the company's tuples under a policy. ValueError names the policies."""
    if policy not in POLICIES:
        raise ValueError(f"policy={policy!r} is no choice; use one of {', '.join(map(repr, POLICIES))}")
    made = Engine(read_schema(CONFIG.format(viewer=POLICIES[policy])))
    made.write(TUPLES.split("\n"))
    return made


def walk(
    object: str = "doc:plan",
    relation: str = "viewer",
    user: str = "anne",
    policy: str = "folders",
    leopard: bool = False,
) -> Result:
    """Walk one check through the company, with the tuples it touched; ``leopard``: groups are asked of the index.

    The metrics: ``allowed`` (1 or 0), ``reads`` (looks for the user, and steps along a tuple), ``seeks`` (of the index), ``hops`` (the deepest node). The table ``tuples`` has every
    tuple with "on the path", "touched" or "".
    """
    made = engine(policy)
    index = Leopard(made.store.view()) if leopard else None
    found = made.explainer.explain(made.store.view(), object, relation, f"user:{user}", made.limits, index)
    touched = {visit.tuple for visit in found.tree.walk() if visit.tuple is not None}
    rows = [{"tuple": str(each), "object": each.object, "relation": each.relation, "user": each.user,
             "state": "on the path" if each in found.path else "touched" if each in touched else ""}
            for each in sorted(made.store.view().tuples())]  # fmt: skip
    seeks = index.seeks if index else 0
    by = f" and {count(seeks, 'seek')} in the index" if leopard else ""
    answer = "yes" if found.answer == YES else "no"
    text = f"Is {user} {relation} of {object}? {answer.capitalize()}. The check made {count(found.reads, 'read')}{by}, at most {count(found.depth, 'hop')} away."
    metrics = {
        "allowed": Metric("allowed", int(found.answer == YES)), "reads": Metric("reads", found.reads),
        "seeks": Metric("index seeks", seeks), "hops": Metric("hops", found.depth),
    }  # fmt: skip
    return Result(
        {"object": object, "relation": relation, "user": user},
        metrics,
        text,
        tables={"tuples": rows, "tree": [{"visit": line} for line in found.tree.lines()]},
    )


def chain_reads(depth: int) -> int:
    """Give the reads of a check that ends with no, of a document ``depth`` folders deep and a stranger."""
    made = Engine(read_schema(CONFIG.format(viewer=POLICIES["blocked"])))
    made.write(
        [
            "doc:d#parent@folder:0",
            *(f"folder:{level}#parent@folder:{level + 1}" for level in range(depth - 1)),
        ]
    )
    explained = made.explain("doc:d", "viewer", "user:mallory")
    assert explained.answer == NO
    return explained.reads


def playground(config: str, tuples: str, question: str) -> dict[str, Any]:
    """Read a configuration, tuples (one a line) and a question as text, and answer it with its reason.

    Gives a dict: ``answer``, ``reason``, ``tree``, ``tuples`` (all of them) and ``path``. Raises what the engine raises, in sentences.
    """
    made = Engine(read_schema(config))
    lines = [line.strip() for line in tuples.split("\n") if line.strip()]
    made.write(lines)
    found = made.explain(question.strip())
    return {"answer": "yes" if found.answer == YES else "no", "reason": found.describe(), "tree": found.text(),
            "tuples": sorted(made.store.view().tuples()), "path": list(found.path),
            "touched": [visit.tuple for visit in found.tree.walk() if visit.tuple is not None]}  # fmt: skip


def edges_of(rows: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Give (source, target, relation, state) for drawing: usersets lead to their object."""
    return [(row["object"], row["user"].partition("#")[0], row["relation"], row["state"]) for row in rows]

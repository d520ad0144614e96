"""Zanzibar's engine: checks per second on a document hierarchy of three levels, 100,000 tuples.

| what | how it is measured |
|---|---|
| yes | somebody who is a viewer, half of them directly, half through two folders and a group |
| no | a person and a document by chance; nearly all end with no, and must look everywhere |

CPU time of this process, warm: every question has been asked once before. Nothing is remembered between checks.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from dslab.zanzibar import Engine, Tuple, read_schema

BUDGET = 50_000
DOCS, FOLDERS, TOPS, PEOPLE = 43_500, 2_000, 100, 20_000
SCHEMA = read_schema("""
namespace user
namespace group
  member: [user, group#member]
namespace folder
  parent: [folder]
  viewer: [user, group#member] or viewer from parent
namespace doc
  parent: [folder]
  viewer: [user, group#member] or viewer from parent
""")


def hierarchy(rng: random.Random) -> list[Tuple]:
    """Documents in folders in top folders; each top folder is seen by a group of a hundred."""
    found = []
    for n in range(TOPS):
        found.append(Tuple(f"folder:top{n}", "viewer", f"group:{n}#member"))
        found += [Tuple(f"group:{n}", "member", f"user:{rng.randrange(PEOPLE)}") for _ in range(100)]
    found += [Tuple(f"folder:{n}", "parent", f"folder:top{n % TOPS}") for n in range(FOLDERS)]
    for n in range(DOCS):
        found.append(Tuple(f"doc:{n}", "parent", f"folder:{n % FOLDERS}"))
        found.append(Tuple(f"doc:{n}", "viewer", f"user:{rng.randrange(PEOPLE)}"))
    return list(dict.fromkeys(found))


def rate(engine: Engine, questions: list[tuple[str, str, str]], wanted: float) -> float:
    """Give checks per second of CPU time, after one round to warm up; AssertionError where too few are a yes."""
    assert sum(engine.check(*question).allowed for question in questions) >= wanted * len(questions)
    best = 0.0
    for _ in range(3):
        begun = time.process_time()
        for thing, relation, user in questions:
            engine.check(thing, relation, user)
        best = max(best, len(questions) / (time.process_time() - begun))
    return best


def rows() -> list[dict[str, Any]]:
    """Measure both kinds of questions."""
    rng = random.Random(1)
    tuples, engine = hierarchy(rng), Engine(SCHEMA)
    engine.store.commit(tuples)
    index, yes = engine.store.index, []
    for number in range(20_000):
        doc = rng.randrange(DOCS)
        of = index[f"group:{doc % FOLDERS % TOPS}"]["member"] if number % 2 else index[f"doc:{doc}"]["viewer"]
        yes.append((f"doc:{doc}", "viewer", rng.choice(list(of.subjects))))
    no = [(f"doc:{rng.randrange(DOCS)}", "viewer", f"user:{rng.randrange(PEOPLE)}") for _ in range(20_000)]
    found = []
    for what, questions, wanted, budget in (("yes", yes, 1.0, BUDGET), ("no", no, 0.0, 0)):
        per_s = rate(engine, questions, wanted)
        found.append({"what": f"Zanzibar checks, {what}, {len(tuples):,} tuples", "ours": f"{per_s:,.0f}/s", "peer": "", "ratio": "",
                      "budget": f"{budget:,}/s" if budget else "", "ok": per_s >= budget})  # fmt: skip
    return found


if __name__ == "__main__":
    for row in rows():
        print(row)

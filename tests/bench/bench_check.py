"""The referee's search: schedules per second.

| what | how it is measured |
|---|---|
| three actors of ten steps | every schedule with up to two surprises, an invariant at rest |
| CacheFront's late fill | every schedule with up to three surprises, as the lesson's table does it; no budget of its own |

CPU time of this process, the best of some searches. No peer searches Python coroutines; beside it stands what Python
takes for running the same coroutines with nobody in between.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from dslab.cachefront.anomalies import search
from dslab.check import eventually, explore
from dslab.sim import World, step
from tests.bench import run as bench

BUDGET = 20_000


def three_actors() -> World:
    """Build three actors of ten steps: a start and nine places where somebody else may run."""
    world = World()

    async def walks() -> None:
        for _ in range(9):
            await step("walks")

    for _ in range(3):
        world.spawn(walks())
    return world


def alone() -> int:
    """Run the same coroutines with nobody in between: what Python itself takes for such a schedule."""

    async def walks() -> None:
        for _ in range(9):
            await step("walks")

    for _ in range(3):
        send = walks().send
        try:
            while True:
                send(None)
        except StopIteration:
            pass
    return 1


def _rate(run: Callable[[], int], times: int) -> float:
    """Give the best of some rates: how many schedules ``run`` says it ran, over its CPU seconds."""
    best = 0.0
    for _ in range(times):
        begun = time.process_time()
        best = max(best, run() / max(time.process_time() - begun, 1e-9))
    return best


def rows() -> list[dict[str, Any]]:
    """Measure; one row for each scenario."""
    rests = eventually("RESTS", "it comes to rest", lambda world: True)
    steps = _rate(lambda: explore(three_actors, [rests], deviations=2, budget=100_000).searched, 15)
    bare = _rate(lambda: sum(alone() for _ in range(500)), 15)
    late = _rate(lambda: search("late fill").searched, 4)
    return [
        {"what": "search: three actors of ten steps", "ours": f"{steps:,.0f} schedules/s",
         "peer": f"the coroutines alone {bare:,.0f}/s", "ratio": f"{steps / bare:.2f}", "budget": f">= {BUDGET:,}/s", "ok": steps >= BUDGET},
        {"what": "search: CacheFront, late fill", "ours": f"{late:,.0f} schedules/s", "peer": "", "ratio": "", "budget": "none", "ok": True},
    ]  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; gives 0 where every budget is kept, else 1."""
    parser = argparse.ArgumentParser(description="Measure how many schedules a second the referee searches.")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    as_json, made = parser.parse_args(arguments).json, rows()
    print(json.dumps(made, indent=1) if as_json else bench.table(made))
    return 0 if all(row["ok"] for row in made) else 1


if __name__ == "__main__":
    sys.exit(main())

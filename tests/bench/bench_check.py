"""The referee's search: schedules per second.

| what | how it is measured |
|---|---|
| three actors of ten steps | every schedule with up to two surprises, an invariant at rest |
| CacheFront's late fill | every schedule with up to three surprises, as the lesson's table does it; no budget of its own |

CPU time of this process, the best of some searches. There is no peer that searches Python coroutines.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from dslab.cachefront.anomalies import search
from dslab.check import Verdict, eventually, explore
from dslab.sim import World, step

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


def _rate(run: Callable[[], Verdict], times: int) -> float:
    best = 0.0
    for _ in range(times):
        begun = time.process_time()
        verdict = run()
        best = max(best, verdict.searched / (time.process_time() - begun))
    return best


def rows() -> list[dict[str, Any]]:
    """Measure; one row for each scenario."""
    rests = eventually("RESTS", "it comes to rest", lambda world: True)
    steps = _rate(lambda: explore(three_actors, [rests], deviations=2, budget=100_000), 15)
    late = _rate(lambda: search("late fill"), 4)
    return [
        {"what": "search: three actors of ten steps", "ours": f"{steps:,.0f} schedules/s", "peer": "", "ratio": "",
         "budget": f">= {BUDGET:,}/s", "ok": steps >= BUDGET},
        {"what": "search: CacheFront, late fill", "ours": f"{late:,.0f} schedules/s", "peer": "", "ratio": "", "budget": "", "ok": True},
    ]  # fmt: skip


if __name__ == "__main__":
    from tests.bench.run import main

    sys.exit(main(["bench_check"]))

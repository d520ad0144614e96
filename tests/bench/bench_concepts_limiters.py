"""Rate limiters: a million decisions of each, on one core, in CPU time of this process."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from dslab.concepts.limiters import LIMITERS, make, run

DECISIONS = 1_000_000
BUDGET_S = 2.0


def seconds(name: str, times: list[int]) -> float:
    """Give the CPU seconds of a million decisions; AssertionError where it does not both pass and refuse."""
    limiter = make(name, 100, 1_000_000)
    begun = time.process_time()
    decisions = run(limiter, times)
    spent = time.process_time() - begun
    assert len(decisions) == DECISIONS
    assert any(decisions) and not all(decisions)
    return spent


def rows() -> list[dict[str, Any]]:
    """Measure every limiter on the same arrivals: 200 a second on average against a limit of 100."""
    rng, now, times = random.Random(1), 0, []
    for _ in range(DECISIONS):
        now += rng.randrange(10_000)
        times.append(now)
    found = []
    for name in LIMITERS:
        spent = min(seconds(name, times) for _ in range(3))
        found.append({"what": f"a million decisions, {name}", "ours": f"{spent:.2f} s", "peer": "", "ratio": "", "budget": f"{BUDGET_S:g} s", "ok": spent < BUDGET_S})  # fmt: skip
    return found


if __name__ == "__main__":
    for row in rows():
        print(row)

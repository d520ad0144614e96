"""Elections: a thousand of them, by the light model of Raft's Figure 16 and by the full protocol in a World.

| what  | how it is measured                                                                    |
|-------|---------------------------------------------------------------------------------------|
| light | 1,000 elections of five servers, timeouts of 150 to 300 ms, no World                     |
| split | the same with 150 to 155 ms, so that most terms are split                               |
| World | 100 elections of the full protocol, message by message                                  |

CPU time of this process; the best of three.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from dslab.concepts.elections import counts, timeouts

BUDGET_S = 2.0


def best(work: Callable[[], Any]) -> float:
    """Give the CPU seconds of the quickest of three runs."""
    found = []
    for _ in range(3):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return min(found)


def rows() -> list[dict[str, Any]]:
    """Measure all three."""
    work = {
        "1,000 elections, light model, 150 to 300 ms": lambda: timeouts.downtimes(150, 300, 1_000),
        "1,000 elections, light model, 150 to 155 ms": lambda: timeouts.downtimes(150, 155, 1_000),
        "100 elections of five nodes in a World": lambda: [counts.count_raft(5) for _ in range(100)],
    }
    found = []
    for what, run in work.items():
        seconds = best(run)
        found.append({"what": what, "ours": f"{seconds:.2f} s", "peer": "", "ratio": "", "budget": f"{BUDGET_S:g} s", "ok": seconds < BUDGET_S})  # fmt: skip
    return found


if __name__ == "__main__":
    for row in rows():
        print(row)

"""Lesson 10a: 100,000 requests through each cache, a million through the gateway's bucket, the shop's minute.

CPU time of this process. The budgets are the lesson's: two seconds on one core.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from dslab.concepts import caching, composed
from dslab.concepts.gateway import token_bucket
from dslab.concepts.hashing import Ring
from dslab.concepts.workload import requests

BUDGET_S = 2.0


def spent(work: Callable[[], Any]) -> float:
    """Give the CPU seconds that ``work`` takes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def bucket(count: int) -> int:
    """Decide ``count`` requests, 1 ms apart; gives how many pass."""
    tokens, last, passed = 20.0, 0.0, 0
    for number in range(count):
        allowed, tokens, last = token_bucket(tokens, last, number / 1e3, 100.0, 20.0)
        passed += allowed
    return passed


def rows() -> list[dict[str, Any]]:
    """Measure each."""
    trace = requests(random.Random(1), 100_000, 10_000, 0.9)
    ring = Ring([f"node {number}" for number in range(20)])
    work: dict[str, Callable[[], Any]] = {
        f"100,000 requests, {policy}": lambda policy=policy: caching.misses(policy, trace, 1_000)
        for policy in (*caching.POLICIES, "OPT")
    }
    work["1,000,000 decisions of a token bucket"] = lambda: bucket(1_000_000)
    work["100,000 look-ups on a ring of 20 nodes"] = lambda: [
        ring.node(f"key {number}") for number in range(100_000)
    ]
    work["the shop's minute"] = composed.minute
    found = []
    for what, each in work.items():
        seconds = spent(each)
        found.append(
            {
                "what": what,
                "ours": f"{seconds:.2f} s",
                "peer": "",
                "ratio": "",
                "budget": f"{BUDGET_S:g} s",
                "ok": seconds < BUDGET_S,
            }
        )
    return found


if __name__ == "__main__":
    for row in rows():
        print(row)

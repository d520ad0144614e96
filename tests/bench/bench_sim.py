"""The simulator beside SimPy: the same models with the same numbers, turn by turn in one run.

| what | how it is measured |
|---|---|
| timers | 100 actors that sleep 250 times each: nothing but the event loop |
| M/M/1 | 5,000 customers at 80 % load: one actor each, one lock, two random numbers made beforehand |

CPU time of this process, so that others on the machine disturb little; the ratio is the median over the turns.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import simpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from dslab.sim import Semaphore, World, sleep
from tests.bench import run as bench

TURNS = 15
ACTORS, SLEEPS, CUSTOMERS = 100, 250, 5_000
BUDGET = 1.5


def _timers_here() -> Callable[[], Any]:
    world = World()

    async def ticks(us: int) -> None:
        for _ in range(SLEEPS):
            await sleep(us)

    for number in range(ACTORS):
        world.spawn(ticks(10 + number))
    return world.run


def _timers_in_simpy() -> Callable[[], Any]:
    env = simpy.Environment()

    def ticks(us: int) -> Any:
        for _ in range(SLEEPS):
            yield env.timeout(us)

    for number in range(ACTORS):
        env.process(ticks(10 + number))
    return env.run


def _customers() -> list[tuple[int, int]]:
    rng = random.Random(1)
    return [(round(rng.expovariate(1 / 1_000)), round(rng.expovariate(1 / 800))) for _ in range(CUSTOMERS)]


def _queue_here() -> Callable[[], Any]:
    world, customers = World(), _customers()
    server = Semaphore(world, 1)

    async def customer(service_us: int) -> None:
        await server.acquire()
        await sleep(service_us)
        server.release()

    async def source() -> None:
        for gap_us, service_us in customers:
            await sleep(gap_us)
            world.spawn(customer(service_us), "customer")

    world.spawn(source())
    return world.run


def _queue_in_simpy() -> Callable[[], Any]:
    env, customers = simpy.Environment(), _customers()
    server = simpy.Resource(env, 1)

    def customer(service_us: int) -> Any:
        turn = server.request()
        yield turn
        yield env.timeout(service_us)
        server.release(turn)

    def source() -> Any:
        for gap_us, service_us in customers:
            yield env.timeout(gap_us)
            env.process(customer(service_us))

    env.process(source())
    return env.run


def _seconds(build: Callable[[], Callable[[], Any]]) -> float:
    run = build()
    begun = time.process_time()
    run()
    return time.process_time() - begun


def _beside(what: str, unit: str, amount: int, here: Callable, there: Callable) -> dict[str, Any]:
    """Run both in turns and give a row for the table of `run.py`."""
    turns = [(_seconds(here), _seconds(there)) for _ in range(TURNS)]
    ours, peer = (amount / min(turn[side] for turn in turns) for side in (0, 1))
    ratio = statistics.median(theirs / mine for mine, theirs in turns)
    return {
        "what": what, "ours": f"{ours:,.0f} {unit}/s", "peer": f"SimPy {peer:,.0f} {unit}/s", "ratio": f"{ratio:.2f}",
        "budget": f">= {BUDGET}", "ok": ratio >= BUDGET,
    }  # fmt: skip


def rows() -> list[dict[str, Any]]:
    """Measure; one row for each model."""
    return [
        _beside("simulator: timers", "events", ACTORS * SLEEPS, _timers_here, _timers_in_simpy),
        _beside("simulator: M/M/1", "customers", CUSTOMERS, _queue_here, _queue_in_simpy),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; gives 0 where every budget is kept, else 1."""
    parser = argparse.ArgumentParser(description="Measure the simulator beside SimPy, in one run.")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    as_json, made = parser.parse_args(arguments).json, rows()
    print(json.dumps(made, indent=1) if as_json else bench.table(made))
    return 0 if all(row["ok"] for row in made) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Load of one hot key: how many questions reach the database, by quantum, lock table and prefetch; closed forms beside simulations.

| word      | meaning                                                                                            |
|-----------|------------------------------------------------------------------------------------------------------|
| rate      | questions for one key in a second, independent of each other (Poisson)                                   |
| quantum   | seconds for which all questions share one snapshot, and so one key                                       |
| hit ratio | share of the questions that cause no database read                                                      |
| prefetch  | once many reads of one object are under way, read all its tuples at once (the paper: 0.1 % of the groups)   |
"""

from __future__ import annotations

import math
import random
from collections import Counter
from functools import cache
from heapq import heapify, heapreplace

from dslab.sim import Metric, Result, Series
from dslab.zanzibar.explain import count

MOST = 20_000  # questions for one key in a simulated run
QUESTIONS = 5_000  # at least so many for a hot object
BUSY_S = 0.1  # over which the busiest moment is measured


# [quantized] within a quantum only the first question misses
def quantized(rate: float, quantum_s: float) -> float:
    """Give the hit ratio of one key: ``1 - (1 - e^-n) / n`` for ``n = rate * quantum`` questions in a quantum, on average."""
    n = rate * quantum_s
    return -math.expm1(-n) / -n + 1 if n else 0.0


# [/quantized]
def evaluations_per_s(rate: float, quantum_s: float) -> float:
    """Give how many of the questions for one key are computed in a second: one in each quantum that has a question."""
    return -math.expm1(-rate * quantum_s) / quantum_s


@cache
def _arrivals(rate: float, count: int, seed: int) -> tuple[float, ...]:
    rng, now, found = random.Random(seed), 0.0, []
    for _ in range(count):
        now += rng.expovariate(rate)
        found.append(now)
    return tuple(found)


def hit_ratio(rate: float = 10.0, seed: int = 1) -> Result:
    """Give the hit ratio against the quantum, 1 µs to 100 s, simulated and by the closed form. ``rate``: 0.01 to 100,000 questions/s."""
    if not 0.01 <= rate <= 100_000:
        raise ValueError(f"rate={rate!r} is out of range; use 0.01 to 100,000 questions/s")
    quanta = tuple(10.0**exponent for exponent in range(-6, 3))
    questions = _arrivals(rate, MOST, seed)
    simulated = []
    for quantum in quanta:
        keys = {math.ceil(at / quantum) for at in questions}
        simulated.append(100 * (1 - len(keys) / len(questions)))
    theory = tuple(100 * quantized(rate, quantum) for quantum in quanta)
    series = {
        "simulated": Series("simulated", quanta, tuple(simulated)),
        "theory": Series("closed form", quanta, theory, "theory"),
    }
    one, ten = quantized(rate, 1), quantized(rate, 10)
    text = f"At {rate:g} questions/s for one key a quantum of 1 s gives a hit ratio of {100 * one:.1f} %, of 10 s {100 * ten:.1f} %, of 1 µs {theory[0]:.3f} %."
    metrics = {
        "one_second": Metric("hit ratio, 1 s", 100 * one, "%"),
        "microsecond": Metric("hit ratio, 1 µs", theory[0], "%"),
    }
    return Result({"rate": rate}, metrics, text, series)


def hot_spot(rate: float = 2_000.0, quantum_s: float = 1.0, read_ms: float = 20.0, members: int = 50, lock_table: bool = True,
             prefetch: bool = False, capacity: float = 1_000.0, seed: int = 1) -> Result:  # fmt: skip
    """One hot object, asked for on behalf of ``members`` users; what reaches the database, and how long a question takes.

    ``rate``: all questions in a second, 1 to 20,000. ``quantum_s``: 0.000001 (no sharing) to 10. ``read_ms``: of one database read while it
    is not overloaded, 1 to 200. ``members``: users, each a key of its own, 1 to 1,000. ``prefetch``: from the third read under way on, one read
    fetches the whole object. ``capacity``: reads/s that the database can take; where the busiest tenth of a second asks for more, reads
    slow down in proportion. Simulated are whole quanta, ten at least: each of them begins with an empty cache.
    """
    for name, value, low, high in (
        ("rate", rate, 1, 20_000),
        ("quantum_s", quantum_s, 1e-6, 10),
        ("read_ms", read_ms, 1, 200),
        ("members", members, 1, 1_000),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    span = quantum_s * math.ceil(max(10, QUESTIONS / rate / quantum_s))
    reads, waits, prefetched = _hot(rate, quantum_s, read_ms / 1e3, members, lock_table, prefetch, span, seed)
    reads_per_s = len(reads) / span
    peak = max(Counter(math.floor(at / BUSY_S) for at in reads).values(), default=0) / BUSY_S
    slow = max(1.0, peak / capacity)
    hit = max(0.0, 1 - reads_per_s / rate)
    p99 = _longest_but(0.01 * rate * span, waits) * slow * 1e3
    within = f"99 % are answered within {p99:,.0f} ms" if p99 else "99 % are answered from the cache"
    overloaded = f", {slow:.1f} times what it can take" if slow > 1 else ""
    how = f"The lock table is {'on' if lock_table else 'off'}" + (
        f"; {prefetched:,} of {count(len(reads), 'read')} fetched the whole object." if prefetch else "."
    )
    text = (f"Of {rate:,.0f} questions/s for {count(members, 'user')} of one object {reads_per_s:,.4g} reads/s reach the database "
            f"({100 * hit:.4g} % do not); in the busiest tenth of a second {peak:,.0f} reads/s{overloaded}. {within}. {how}")  # fmt: skip
    metrics = {
        "reads_per_s": Metric("database reads", reads_per_s, "reads/s"), "hit": Metric("answered without a read", 100 * hit, "%"),
        "peak": Metric("reads in the busiest tenth of a second", peak, "reads/s"), "p99_ms": Metric("99 % of the questions within", p99, "ms"),
        "theory": Metric("closed form, lock table on", 100 * quantized(rate / members, quantum_s), "%"),
        "prefetched": Metric("whole-object reads", prefetched), "capacity": Metric("capacity", capacity, "reads/s"),
    }  # fmt: skip
    return Result({"rate": rate, "quantum_s": quantum_s}, metrics, text)


def _longest_but(left_out: float, waits: list[float]) -> float:
    """Give the longest wait when the ``left_out`` longest are left out; questions that are not among ``waits`` did not wait."""
    place = math.floor(left_out)
    return sorted(waits, reverse=True)[place] if place < len(waits) else 0.0


def _hot(rate: float, quantum: float, read_s: float, members: int, lock_table: bool, prefetch: bool, span: float, seed: int
         ) -> tuple[list[float], list[float], int]:  # fmt: skip
    """Simulate ``span`` seconds: when the reads began, how long the questions waited that had to, and how many reads fetched all.

    Questions come at random, so after the first that finds its answer in the cache a user's others in this quantum need no simulation.
    """
    rng, each = random.Random(seed), rate / members
    coming = [(rng.expovariate(each), member) for member in range(members)]
    heapify(coming)
    ready: dict[
        int, tuple[int, float]
    ] = {}  # of each user: the newest quantum asked for, and when its value is in the cache
    whole = (-1, math.inf)  # the same for the whole object
    outstanding: list[float] = []
    reads: list[float] = []
    waits: list[float] = []
    prefetched = 0
    while coming[0][0] < span:
        now, member = coming[0]
        at = math.ceil(now / quantum)
        own, everybodys = (end if of == at else math.inf for of, end in (ready.get(member, (-1, 0.0)), whole))
        known = min(own, everybodys)
        start = now
        if known <= now:
            start = max(now, at * quantum)  # the next question that may miss comes after this quantum
        elif known < math.inf and (lock_table or own == math.inf):
            waits.append(known - now)
        else:
            outstanding = [end for end in outstanding if end > now] + [now + read_s]
            reads.append(now)
            waits.append(read_s)
            ready[member] = at, min(own, now + read_s)
            if prefetch and len(outstanding) >= 3:
                whole = at, min(everybodys, now + read_s)
                prefetched += 1
        heapreplace(coming, (start + rng.expovariate(each), member))
    return reads, waits, prefetched


def stampede(
    questions: int = 10_000, lock_table: bool = True, read_ms: float = 20.0, within_ms: float = 5.0
) -> Result:
    """A cold key, and ``questions`` (1 to 100,000) for it within ``within_ms``: how many of them read the database?"""
    from dslab.sim import World, sleep
    from dslab.zanzibar.serving.server import AclServer
    from dslab.zanzibar.zookie import Switches

    if not isinstance(questions, int) or not 1 <= questions <= 100_000:
        raise ValueError(f"questions={questions!r} is out of range; use a whole number from 1 to 100,000")
    world = World(name="stampede")
    server = AclServer(world, Switches(lock_table=lock_table))
    world.link("aclserver", "database", latency=round(read_ms * 500))
    world.link("database", "aclserver", latency=round(read_ms * 500))

    async def ask(at_us: int) -> None:
        await sleep(at_us)
        await server.check(("doc:hot#viewer",), "search")

    for number in range(questions):
        server.node.spawn(ask(1 + round(within_ms * 1e3 * number / questions)))
    world.run()
    reads = server.database.state["reads"]
    text = f"{questions:,} questions for one cold key within {within_ms:g} ms cause {reads:,} database read{'s' if reads != 1 else ''}."
    return Result(
        {"questions": questions, "lock_table": lock_table},
        {"reads": Metric("database reads", reads), "answered": Metric("answered", server.checks)},
        text,
    )

"""Claims at load: what many claimers cost each other, what empty tables cost, and which of the two an owner cures.

| word      | meaning                                                                                               |
|-----------|-------------------------------------------------------------------------------------------------------|
| table     | shards x databases per shard x priorities; each has one lock that a claim holds from its start to its end |
| dequeue   | priority by priority it visits the tables in random order, one after the other, until it has ``limit`` jobs   |
| claimer   | a PinLater server's thread that dequeues again and again; after a dequeue that found too little it rests       |
| owner     | the one broker of a table in Pacer: polls it, rests, polls again                                       |
| lock wait | from asking for a table's lock to getting it                                                            |
| sees      | which jobs a claim can find: those there when it was *asked* for, or still those when the lock is *granted*    |

Costs are those of the lesson's reference table: 2 ms a claim, 0.1 ms a job, 10 jobs a dequeue, 10 ms of rest; all are assumptions,
nobody has published Pinterest's. Jobs arrive at random (Poisson), each in a random table. Times are integer microseconds.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import heapify, heappop, heappush, heapreplace
from random import Random
from typing import Any

from dslab.sim.result import Metric, Result

REST_US = 10_000
JOB_US = 100
LIMIT = 10
BATCH = 100
WINDOW_US = 50_000  # of the end of a run, claim by claim: what the grid of locks is drawn from
END = 1 << 60
MOST_CLAIMS, MOST_JOBS = 20_000, 8_000  # that a run simulates
RANGES: dict[str, tuple[float, float, str]] = {
    "claimers": (1, 200, "claimers"),
    "claim_ms": (0.1, 20, "ms"),
    "shards": (1, 40, "shards"),
    "databases": (1, 10, "databases on each shard"),
    "priorities": (1, 5, "priorities"),
    "rate": (0.1, 50_000, "jobs/s"),
    "coverage": (0.1, 1, "of the shards"),
    "permits": (1, 200, "dequeues at a time"),
    "seconds": (0.05, 120, "s"),
    "partitions": (1, 400, "partitions"),
    "poll_ms": (1, 1_000, "ms"),
    "moment_ms": (0, WINDOW_US / 1e3, "ms"),
}


def check(**values: float) -> None:
    """Raise ValueError, with the range, for a number that `RANGES` does not allow."""
    for name, value in values.items():
        low, high, unit = RANGES[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"{name}={value!r} is not possible; use {low:g} to {high:g} {unit}")


@dataclass
class Run:
    """What a simulation counted after its warm-up; times in microseconds. ``log``: (table, asked, start, end) of the last claims."""

    span_us: int
    queries: int = 0
    empty: int = 0
    waited_us: int = 0
    latencies_us: list[int] = field(default_factory=list)
    log: list[tuple[int, int, int, int]] = field(default_factory=list)

    @property
    def queries_s(self) -> float:
        """Claims a second."""
        return self.queries * 1e6 / self.span_us

    @property
    def empty_share(self) -> float:
        """Share of the claims that found nothing, 0 to 1."""
        return self.empty / max(1, self.queries)

    @property
    def wait_ms(self) -> float:
        """Lock wait of a claim, on average."""
        return self.waited_us / max(1, self.queries) / 1e3

    @property
    def jobs_s(self) -> float:
        """Jobs claimed a second."""
        return len(self.latencies_us) * 1e6 / self.span_us

    def latency_ms(self, share: float) -> float:
        """From a job's arrival to the end of the claim that took it: the value that ``share`` (0..1) of the jobs do not exceed."""
        ordered = sorted(self.latencies_us)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e3 if ordered else math.nan


def arrivals(tables: int, rate: float, until_us: int, rng: Random) -> list[list[int]]:
    """When jobs arrive in each table: ``rate`` jobs/s in all, at random; each list ends with a time after all times."""
    found = []
    for _ in range(tables):
        times, now = [], 0.0
        while (now := now + rng.expovariate(rate / tables) * 1e6) <= until_us:
            times.append(int(now))
        found.append([*times, END])
    return found


class Walks:
    """The walks of PinLater's dequeues: for each priority the shards in random order, as many as ``coverage`` says."""

    def __init__(self, shards: int, databases: int, priorities: int, coverage: float, rng: Random) -> None:
        self.places, self.priorities, self.rng = shards * databases, priorities, rng
        self.most = max(1, round(coverage * self.places))

    @property
    def tables(self) -> int:
        """How many tables there are."""
        return self.places * self.priorities

    # [walk] priority by priority, in random order, one table after the other
    def one(self) -> list[int]:
        """Give the tables of one dequeue, the first one last (they are taken from the end)."""
        walk: list[int] = []
        for priority in range(self.priorities):
            walk += [
                priority * self.places + place for place in self.rng.sample(range(self.places), self.most)
            ]
        return walk[::-1]

    # [/walk]


def pinlater(claimers: int, walks: Walks, rate: float, claim_us: int, until_us: int, sees: str = "asked",
             permits: int | None = None, dequeues_s: float | None = None) -> Run:  # fmt: skip
    """Simulate ``claimers`` that dequeue for ``until_us`` microseconds, of which the first tenth is not counted.

    ``permits``: PinLater's dequeue semaphore, how many dequeues of the queue run at a time (None: no such limit); others wait in
    the server, where they hold no lock and stand in nobody's way. ``dequeues_s``: its rate limit for the queue, in dequeues a
    second (None: none); a dequeue that comes too early is sent away and rests.
    """
    rng, warm_us = walks.rng, until_us // 10
    jobs = arrivals(walks.tables, rate, until_us, rng)
    taken, free_us = [0] * walks.tables, [0] * walks.tables
    run = Run(until_us - warm_us)
    walk: list[list[int]] = [[] for _ in range(claimers)]
    got, under_way, rest_us = [0] * claimers, [False] * claimers, [0] * claimers
    line: deque[int] = deque()
    free, next_us = permits or claimers, 0.0
    heap = [(int(rng.random() * REST_US), claimer) for claimer in range(claimers)]
    heapify(heap)
    granted, counted, late = sees == "granted", run.latencies_us, until_us - WINDOW_US
    while heap and heap[0][0] <= until_us:
        now, claimer = heap[0]
        if not walk[claimer]:
            if under_way[claimer]:  # its dequeue is over
                under_way[claimer], free = False, free + 1
                heapreplace(heap, (now + rest_us[claimer], claimer))
                if line:
                    heappush(heap, (now, line.popleft()))
                continue
            if now < next_us:
                heapreplace(heap, (now + REST_US, claimer))
                continue
            if not free:
                line.append(heappop(heap)[1])
                continue
            free, under_way[claimer] = free - 1, True
            next_us = max(now, next_us) + 1e6 / dequeues_s if dequeues_s else 0.0
            walk[claimer], got[claimer] = walks.one(), 0
        table = walk[claimer].pop()
        start = max(now, free_us[table])  # first come, first served
        horizon, first, most = start if granted else now, taken[table], LIMIT - got[claimer]
        times, found = jobs[table], 0
        while found < most and times[first + found] <= horizon:
            found += 1
        end = free_us[table] = start + claim_us + JOB_US * found
        taken[table] = first + found
        if end > late:
            run.log.append((table, now, start, end))
        if now > warm_us:
            run.queries += 1
            run.empty += not found
            run.waited_us += start - now
            counted.extend([end - times[place] for place in range(first, first + found)])
        got[claimer] += found
        if got[claimer] >= LIMIT:
            walk[claimer].clear()
        rest_us[claimer] = REST_US if got[claimer] < LIMIT else 0
        heapreplace(heap, (end, claimer))
    return run


def owners(
    partitions: int, rate: float, claim_us: int, until_us: int, rng: Random, poll_us: int = REST_US
) -> Run:
    """Simulate one owner for each of ``partitions`` tables, who polls it, takes up to 100 jobs, and rests ``poll_us``."""
    warm_us = until_us // 10
    jobs = arrivals(partitions, rate, until_us, rng)
    run = Run(until_us - warm_us)
    for table, times in enumerate(jobs):
        now, taken = int(rng.random() * poll_us), 0
        while now <= until_us:
            found = 0
            while found < BATCH and times[taken + found] <= now:
                found += 1
            end = now + claim_us + JOB_US * found
            if now > warm_us:
                run.queries += 1
                run.empty += not found
                run.latencies_us.extend([end - times[place] for place in range(taken, taken + found)])
            taken += found
            if end > until_us - WINDOW_US:
                run.log.append((table, now, now, end))
            now = end + poll_us
    return run


# -- closed forms ---------------------------------------------------------------------------------------------


def mean_value(claimers: int, tables: int, rate: float, claim_ms: float) -> tuple[float, float]:
    """PinLater at load, computed: (claims/s, lock wait in ms), by mean value analysis with claims of equal length, repeated until it stands still.

    It takes every dequeue to visit all tables and to rest afterwards, so where dequeues fill up early it is too low.
    """
    rest, speed = REST_US / 1e3 / tables, claimers / (claim_ms + REST_US / 1e3 / tables)
    wait = 0.0
    for _ in range(300):
        hold = claim_ms + JOB_US / 1e3 * min(LIMIT, rate / 1e3 / speed)
        others = (claimers - 1) / claimers * speed / tables
        wait = (wait + expected_wait(others, hold, wait)) / 2
        speed = (speed + claimers / (hold + wait + rest)) / 2
    return speed * 1e3, wait


# [wait] what a claimer finds when it comes to a table: claims there, of which one is half done on average
def expected_wait(others: float, hold: float, wait: float) -> float:
    """The wait of a claim where ``others`` come each ms, hold the lock for ``hold`` ms and wait ``wait`` ms for it themselves."""
    waiting, held = others * wait, others * hold  # how many stand there; how likely the lock is held
    return waiting * hold + held * hold / 2


# [/wait]
def owner_cycle_ms(partitions: int, rate: float, claim_ms: float, poll_ms: float = REST_US / 1e3) -> float:
    """Closed form: how long an owner takes from poll to poll; inf where its jobs alone take all of its time."""
    busy = rate / partitions * JOB_US / 1e6
    cycle = (poll_ms + claim_ms) / (1 - busy) if busy < 1 else math.inf
    return cycle if rate / partitions * cycle / 1e3 < BATCH else math.inf


def owner_empty_share(partitions: int, rate: float, claim_ms: float, poll_ms: float = REST_US / 1e3) -> float:
    """Closed form: the share of an owner's polls that find nothing, exp(-jobs per cycle); 0 where it cannot keep up."""
    return math.exp(-rate / partitions * owner_cycle_ms(partitions, rate, claim_ms, poll_ms) / 1e3)


def claims_to_first(tables: int, jobs: int) -> float:
    """Closed form: claims until the first job is found, on average, when ``jobs`` are in as many different ones of ``tables``.

    (tables + 1) / (jobs + 1): the jobs cut a random walk into jobs + 1 stretches of equal length on average. ValueError out of range.
    """
    if not 1 <= jobs <= tables:
        raise ValueError(
            f"{jobs} jobs cannot be in as many different ones of {tables} tables; use 1 to {tables}"
        )
    return (tables + 1) / (jobs + 1)


def walk_to_first(tables: int, jobs: int, walks: int = 4_000, seed: int = 0) -> float:
    """Simulate `claims_to_first`: the mean over so many random walks."""
    rng, total = Random(seed), 0
    for _ in range(walks):
        total += 1 + min(rng.sample(range(tables), jobs))
    return total / walks


def right_size(rate: float, claim_ms: float = 2.0, poll_ms: float = REST_US / 1e3) -> int:
    """The fewest partitions whose owners keep up with ``rate`` jobs/s and find at most half a batch a poll. Ours: Pacer's rule is not published."""
    return next(
        n
        for n in range(1, 10_000)
        if rate / n * owner_cycle_ms(n, rate, claim_ms, poll_ms) / 1e3 <= BATCH / 2
    )


def _pace(claimers: int, tables: int, rate: float) -> float:
    """Claims/s to expect, as computed."""
    if claimers:
        return mean_value(claimers, tables, rate, 2.0)[0]
    return 1e3 * tables / owner_cycle_ms(tables, rate, 2.0)


def span_us(claims_s: float, rate: float) -> int:
    """How long to simulate: at most 20,000 claims, 8,000 jobs and a minute. Tables and explorers share it, so their numbers agree."""
    return round(1e6 * min(60.0, max(0.12, min(MOST_CLAIMS / claims_s, MOST_JOBS / rate))))


# -- the two systems, and the reference table ------------------------------------------------------------------


@lru_cache(maxsize=64)
def simulated(claimers: int, shards: int, databases: int, priorities: int, rate: float, claim_ms: float, until_us: int,
              sees: str = "asked", coverage: float = 1.0, permits: int | None = None,
              dequeues_s: float | None = None, seed: int = 0) -> Run:  # fmt: skip
    """`pinlater` by its parameters, remembered."""
    walks = Walks(shards, databases, priorities, coverage, Random(seed))
    return pinlater(claimers, walks, rate, round(claim_ms * 1e3), until_us, sees, permits, dequeues_s)


@lru_cache(maxsize=64)
def owned(
    partitions: int,
    rate: float,
    claim_ms: float,
    until_us: int,
    poll_ms: float = REST_US / 1e3,
    seed: int = 0,
) -> Run:
    """`owners` by its parameters, remembered."""
    return owners(partitions, rate, round(claim_ms * 1e3), until_us, Random(seed), round(poll_ms * 1e3))


BUSY, TINY = 2_000.0, 5.0
SETUPS: dict[str, dict[str, Any]] = {
    "busy queue, 10 tables, 5 claimers": {"claimers": 5, "tables": 10, "rate": BUSY},
    "busy queue, 10 tables, 20 claimers": {"claimers": 20, "tables": 10, "rate": BUSY},
    "busy queue, 10 tables, 80 claimers": {"claimers": 80, "tables": 10, "rate": BUSY},
    "busy queue, 10 tables, an owner each": {"claimers": 0, "tables": 10, "rate": BUSY},
    "tiny queue, 40 tables, 20 claimers": {"claimers": 20, "tables": 40, "rate": TINY},
    "tiny queue, 40 partitions, an owner each": {"claimers": 0, "tables": 40, "rate": TINY},
    "tiny queue, 1 partition, 20 claimers": {"claimers": 20, "tables": 1, "rate": TINY},
    "tiny queue, 1 partition and its owner": {"claimers": 0, "tables": 1, "rate": TINY},
}


def setup(name: str, seconds: float | None = None, seed: int = 0) -> Run:
    """Simulate one row of the reference table, for ``seconds`` (None: as long as `span_us` says). ValueError names the rows."""
    if name not in SETUPS:
        raise ValueError(f"there is no setup {name!r}; there are {', '.join(SETUPS)}")
    if seconds is not None:
        check(seconds=seconds)
    wanted = SETUPS[name]
    pace = _pace(wanted["claimers"], wanted["tables"], wanted["rate"])
    until_us = span_us(pace, wanted["rate"]) if seconds is None else round(seconds * 1e6)
    if wanted["claimers"]:
        return simulated(wanted["claimers"], wanted["tables"], 1, 1, wanted["rate"], 2.0, until_us, seed=seed)
    return owned(wanted["tables"], wanted["rate"], 2.0, until_us, seed=seed)


def two_cures(seconds: float | None = None, seed: int = 0) -> Result:
    """The reference table: contention and empty polls, with the one cure, with the other, with both (table ``setups``)."""
    runs = {name: setup(name, seconds, seed) for name in SETUPS}
    rows = [_row(name, run) for name, run in runs.items()]
    many, few = (
        runs["tiny queue, 40 partitions, an owner each"],
        runs["tiny queue, 1 partition and its owner"],
    )
    text = (f"An owner for each of 40 tables of a tiny queue removes every lock wait and leaves {100 * many.empty_share:.1f} % of "
            f"{many.queries_s:,.0f} polls/s empty; one partition needs {few.queries_s:.0f} polls/s for the same jobs.")  # fmt: skip
    metrics = {
        "many_queries": Metric("polls, 40 partitions with owners", many.queries_s, "polls/s"),
        "one_queries": Metric("polls, one partition", few.queries_s, "polls/s"),
        "many_empty": Metric("empty polls, 40 partitions with owners", 100 * many.empty_share, "%"),
    }
    return Result({"seconds": seconds, "seed": seed}, metrics, text, tables={"setups": rows})


def percent(value: float) -> float:
    """Round a percentage for a reader: to a tenth, and to a hundredth near 100, where 99.96 is not all."""
    return round(value, 2 if value > 99.5 else 1)


def _row(name: str, run: Run) -> dict[str, Any]:
    enough = len(run.latencies_us) >= 200
    return {
        "setup": name,
        "claims/s": round(run.queries_s),
        "empty (%)": percent(100 * run.empty_share),
        "lock wait (ms)": round(run.wait_ms, 2),
        "job p50 (ms)": round(run.latency_ms(0.5), 1) if enough else "",
        "job p99 (ms)": round(run.latency_ms(0.99), 1) if enough else "",
        "jobs/s": round(run.jobs_s) if enough else "",
    }

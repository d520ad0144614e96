"""Sharing at load: queues that share processes, requests that share threads.

| word       | meaning                                                                                            |
|------------|----------------------------------------------------------------------------------------------------|
| process    | has a number of slots, each of which works on one job; it dies as a whole and takes a while to restart   |
| shared     | every process works for both queues, in the order in which jobs come (PinLater's worker hosts)         |
| pods       | some processes work for notifications only, the others for images only (Pacer)                         |
| poison job | an image job that takes its process down; it is tried again, so it does that several times; comes regularly |
| killed     | a job that was under way in a process that died; it comes back after its claim has run out              |

Numbers of processes, slots and milliseconds are assumptions; Pinterest has published none. Three retries are PinLater's default [V].
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from random import Random

from dslab.sim.result import Metric, Result, Series

SLOTS = 4
NOTE_MS, IMAGE_MS = 50.0, 400.0
RESTART_S = 2.0
CLAIM_S = 4.0  # when a job that was killed comes back
RETRIES = 3
TRIES = RETRIES + 1
ARRIVES, ENDS, DIES, STARTS = range(4)


@dataclass
class Pool:
    """Processes that work on one line of jobs. ``free``: slots that are free now, by process; ``running``: jobs by process."""

    processes: int
    free: list[int] = field(default_factory=list)
    running: list[dict[int, int]] = field(default_factory=list)
    line: deque[int] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.free = [SLOTS] * self.processes
        self.running = [{} for _ in range(self.processes)]

    def idle(self, rng: Random) -> int:
        """Give any process with a free slot, or -1 where none has one."""
        some = [place for place, free in enumerate(self.free) if free]
        return rng.choice(some) if some else -1


@dataclass
class Counts:
    """What a run counted: waits of notifications from arrival to start, and from arrival to end, in milliseconds."""

    wait_ms: list[float] = field(default_factory=list)
    total_ms: list[float] = field(default_factory=list)
    killed: int = 0
    deaths: int = 0
    notes: int = 0

    def percentile(self, share: float) -> float:
        """The time from arrival to end that ``share`` of the notifications do not exceed, in milliseconds."""
        ordered = sorted(self.total_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else math.nan


class Plant:
    """One run: two queues, their processes, what happens next."""

    def __init__(
        self,
        pods: bool,
        processes: int,
        notes_s: float,
        images_s: float,
        poison_min: float,
        seconds: float,
        seed: int,
    ) -> None:
        self.rng, self.seconds, self.counts = Random(seed), seconds, Counts()
        mine = max(1, processes // 2)
        self.pools = [Pool(mine), Pool(processes - mine)] if pods else [Pool(processes)]
        self.jobs: list[list[float]] = []  # kind (0 note, 1 image, 2 poison), arrival, tries left
        self.heap: list[
            tuple[float, int, int, int, int]
        ] = []  # time, serial, what, job or pool, process or try
        self.serial = 0
        for kind, rate in ((0, notes_s), (1, images_s), (2, poison_min / 60)):
            times = Random(
                1_000_003 * (kind + 1) + seed
            )  # its own: what comes of one kind does not hang on another
            now = 0.0
            while rate and (now := now + (1 / rate if kind == 2 else times.expovariate(rate))) < seconds:
                self.jobs.append([kind, now, TRIES])
                self.heap.append((now, self._next(), ARRIVES, len(self.jobs) - 1, 0))
        heapify(self.heap)
        self.tried = [0] * len(self.jobs)

    def _next(self) -> int:
        self.serial += 1
        return self.serial

    def pool(self, job: int) -> int:
        """The place of the pool that works on a job."""
        return min(len(self.pools) - 1, int(self.jobs[job][0] > 0))

    def run(self) -> Counts:
        """Run to the end of the arrivals, and then until nothing is left of them (at most a minute)."""
        while self.heap and self.heap[0][0] < self.seconds + 60:
            now, _, what, job, extra = heappop(self.heap)
            if what == ARRIVES:
                self.pools[self.pool(job)].line.append(job)
                self._serve(self.pool(job), now)
            elif what == STARTS:
                pool = self.pools[job]
                pool.free[extra] = SLOTS
                self._serve(job, now)
            elif self.tried[job] == extra:
                self._over(now, what, job)
        return self.counts

    def _serve(self, place: int, now: float) -> None:
        pool = self.pools[place]
        while pool.line and (process := pool.idle(self.rng)) >= 0:
            job = pool.line.popleft()
            self.tried[job] += 1
            pool.free[process] -= 1
            pool.running[process][job] = process
            kind, arrived, _ = self.jobs[job]
            if kind == 0 and self.tried[job] == 1:
                self.counts.wait_ms.append((now - arrived) * 1e3)
            mean = NOTE_MS if kind == 0 else IMAGE_MS
            takes = IMAGE_MS / 10 if kind == 2 else self.rng.expovariate(1 / mean)
            heappush(
                self.heap,
                (now + takes / 1e3, self._next(), DIES if kind == 2 else ENDS, job, self.tried[job]),
            )

    def _over(self, now: float, what: int, job: int) -> None:
        place = self.pool(job)
        pool = self.pools[place]
        process = next(number for number, running in enumerate(pool.running) if job in running)
        if what == ENDS:
            del pool.running[process][job]
            pool.free[process] += 1
            if self.jobs[job][0] == 0:
                self.counts.total_ms.append((now - self.jobs[job][1]) * 1e3)
        else:
            self._die(now, place, process)
        self._serve(place, now)

    # [die] a process dies as a whole: whatever was under way in it comes back when its claim has run out
    def _die(self, now: float, place: int, process: int) -> None:
        pool = self.pools[place]
        self.counts.deaths += 1
        pool.free[process] = 0
        for job in sorted(pool.running[process]):
            self.tried[job] += 1  # what it was about to do does not happen
            self.counts.killed += self.jobs[job][0] == 0
            self.jobs[job][2] -= 1
            if self.jobs[job][2] > 0:
                heappush(self.heap, (now + CLAIM_S, self._next(), ARRIVES, job, 0))
        pool.running[process].clear()
        heappush(self.heap, (now + RESTART_S, self._next(), STARTS, place, process))

    # [/die]


def erlang_c(servers: int, load: float) -> float:
    """Closed form: the chance that a job has to wait, for Poisson arrivals and exponential work; ``load`` in servers. 1 where it is too much."""
    if load >= servers:
        return 1.0
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked))


def mean_wait_ms(servers: int, rate: float, work_ms: float) -> float:
    """Closed form: the mean wait of a queue with so many servers, in milliseconds; inf where they cannot keep up."""
    load = rate * work_ms / 1e3
    return erlang_c(servers, load) * work_ms / (servers - load) if load < servers else math.inf


def killed_share(processes: int, poison_min: float) -> float:
    """Closed form: the share of notifications killed by neighbours in shared processes: deaths/s x 50 ms, for each process.

    Each poison job kills four processes, one after the other; a notification is in one of ``processes`` for 50 ms on average.
    """
    return min(1.0, poison_min / 60 * TRIES / processes * NOTE_MS / 1e3)


def neighbours(pods: bool = False, processes: int = 8, notes_s: float = 120.0, images_s: float = 15.0, poison_min: float = 30.0,
               seconds: float = 60.0, seed: int = 0) -> Result:  # fmt: skip
    """Notifications beside image jobs, in shared processes or in ``pods`` of their own.

    ``processes``: 2..40, of four slots each, half of them for notifications where there are pods; ``notes_s``, ``images_s``: jobs/s, 1..600 and
    0..200; ``poison_min``: poison jobs a minute, 0..60; ``seconds``: 1..120. ValueError out of range.
    The metrics: ``p50_ms``, ``p99_ms`` (notifications, from arrival to end), ``killed`` (notifications under way in a process that died),
    ``deaths`` (of processes), ``busy`` (offered load on the slots that notifications can use, %), ``wait_ms`` and ``wait_theory_ms``.
    """
    for name, value, low, high in (
        ("processes", processes, 2, 40), ("notes_s", notes_s, 1, 600), ("images_s", images_s, 0, 200), ("poison_min", poison_min, 0, 60),
        ("seconds", seconds, 1, 120),
    ):  # fmt: skip
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low} to {high}")
    counts = Plant(pods, processes, notes_s, images_s, poison_min, seconds, seed).run()
    slots = SLOTS * (max(1, processes // 2) if pods else processes)
    offered = notes_s * NOTE_MS / 1e3 + (0 if pods else images_s * IMAGE_MS / 1e3)
    theory = mean_wait_ms(slots, notes_s, NOTE_MS) if pods else math.nan
    wait = sum(counts.wait_ms) / max(1, len(counts.wait_ms))
    metrics = {
        "p50_ms": Metric("notifications, median", counts.percentile(0.5), "ms"),
        "p99_ms": Metric("notifications, 99th percentile", counts.percentile(0.99), "ms"),
        "killed": Metric("notifications killed under way", counts.killed, "jobs"),
        "deaths": Metric("processes that died", counts.deaths, "processes"),
        "busy": Metric("load on the slots that notifications can use", 100 * offered / slots, "%"),
        "wait_ms": Metric("notifications wait for a slot, on average", wait, "ms"),
        "wait_theory_ms": Metric("the same, Erlang C", theory, "ms"),
    }
    params = {"pods": pods, "processes": processes, "notes_s": notes_s, "images_s": images_s, "poison_min": poison_min,
              "seconds": seconds, "seed": seed}  # fmt: skip
    return Result(params, metrics, _told(params, metrics), _distribution(counts))


def _told(params: dict, metrics: dict[str, Metric]) -> str:
    value = {name: metric.value for name, metric in metrics.items()}
    where = "in pods of their own" if params["pods"] else "beside image jobs in the same processes"
    died = f"of {params['seconds']:g} s of jobs {value['deaths']:.0f} processes died" + (
        ", all of them of images" if params["pods"] and value["deaths"] else ""
    )
    return (f"Notifications {where}: half are done within {value['p50_ms']:.0f} ms, 99 % within {value['p99_ms']:,.0f} ms; {died}, and "
            f"{value['killed']:.0f} notifications were killed under way.")  # fmt: skip


def _distribution(counts: Counts) -> dict[str, Series]:
    ordered = sorted(counts.total_ms)
    shares = [1 - 10 ** (-place / 8) for place in range(1, 25)]
    points = (
        [(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 100 * (1 - share)) for share in shares]
        if ordered
        else [(1.0, 100.0)]
    )
    return {"slower": Series("notifications", tuple(x for x, _ in points), tuple(y for _, y in points))}


# -- threads ----------------------------------------------------------------------------------------------------


def enqueues(threads: int = 16, dequeuers: int = 20, separate: bool = False, tables: int = 40, rate: float = 100.0,
             seconds: float = 10.0, seed: int = 0) -> tuple[float, float]:  # fmt: skip
    """How long a user's enqueue takes beside ``dequeuers`` walking over ``tables`` of 2 ms each: (median, 99th percentile) in ms.

    A walk holds one of ``threads`` from beginning to end. ``separate``: the submission service has half of the threads for itself.
    ValueError where a number is below 1 (threads: 2).
    """
    if min(dequeuers, tables, rate, seconds) < 1 or threads < 2:
        raise ValueError("enqueues needs at least 2 threads and at least 1 of everything else")
    rng, walk_s, rest_s = Random(seed), tables * 2e-3, 0.01
    free = [threads // 2, threads - threads // 2] if separate else [threads]
    lines: list[deque[tuple[float, bool]]] = [deque() for _ in free]
    heap: list[tuple[float, int, int]] = [(rng.random() * rest_s, 1, -1) for _ in range(dequeuers)]
    now = 0.0
    while (now := now + rng.expovariate(rate)) < seconds:
        heap.append((now, 0, -1))
    heapify(heap)
    took: list[float] = []
    while heap and heap[0][0] < seconds:
        now, dequeue, ends = heappop(heap)
        side = dequeue if separate else 0
        if ends < 0:
            lines[side].append((now, bool(dequeue)))
        else:
            free[side] += 1
            if dequeue:
                heappush(heap, (now + rest_s, 1, -1))
        while free[side] and lines[side]:
            asked, walks = lines[side].popleft()
            free[side] -= 1
            end = now + (walk_s if walks else 2e-3)
            heappush(heap, (end, int(walks), 1))
            if not walks:
                took.append((end - asked) * 1e3)
    took.sort()
    return took[len(took) // 2], took[int(0.99 * len(took))]


def enqueue_table(dequeuers: tuple[int, ...] = (5, 10, 15, 20, 40, 80)) -> Result:
    """Enqueue latency against the number of dequeuers, with one pool of 16 threads and with two of 8 (table ``enqueue``)."""
    rows = []
    for count in dequeuers:
        shared, own = enqueues(dequeuers=count), enqueues(dequeuers=count, separate=True)
        rows.append({"dequeuers": count, "shared: median (ms)": round(shared[0], 1), "shared: 99 % (ms)": round(shared[1], 1),
                     "own threads: median (ms)": round(own[0], 1), "own threads: 99 % (ms)": round(own[1], 1)})  # fmt: skip
    worst, flat = rows[-1]["shared: 99 % (ms)"], rows[-1]["own threads: 99 % (ms)"]
    text = (f"With {dequeuers[-1]} dequeuers on 16 shared threads 99 % of the enqueues are done within {worst:.0f} ms; with threads of their own "
            f"within {flat:.0f} ms.")  # fmt: skip
    metrics = {
        "shared_ms": Metric("99 %, shared", worst, "ms"),
        "own_ms": Metric("99 %, own threads", flat, "ms"),
    }
    return Result({"dequeuers": dequeuers}, metrics, text, tables={"enqueue": rows})

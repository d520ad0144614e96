"""What queues share, in four small worlds: tables and their locks, tables that are empty, hosts, threads.

| word        | meaning                                                                                             |
|-------------|-----------------------------------------------------------------------------------------------------|
| claimer     | a dequeue under way: for each table in turn it takes the lock, claims, lets go; it stops when it has enough |
| empty claim | a claiming UPDATE that finds no row                                                                  |
| neighbour   | a worker of another queue in the same process or host                                                |
| thread      | a request occupies one of the server's from beginning to end                                          |

Each function builds a world for `dslab.pacer.anomalies`: the smallest one in which the sequence can be seen. How much it costs at
load is the business of `dslab.pacer.claiming` and `dslab.pacer.neighbours`.
"""

from __future__ import annotations

from dslab.pacer.switches import Switches
from dslab.sim import Lock, Semaphore, World, sleep

CLAIM_US = 2_000
WALK_US = 50_000


class Shared:
    """What the invariants of these worlds remember: how much was done, and what should not have been."""

    def __init__(self, world: World) -> None:
        self.claimed = self.done = 0
        self.complaints: dict[str, list[str]] = {}
        world.facts["pacer"] = self

    def complain(self, kind: str, sentence: str) -> None:
        """Remember what an invariant forbids."""
        self.complaints.setdefault(kind, []).append(sentence)


def claim_contention(switches: Switches) -> World:
    """Two workers want a job each. Two servers walk over the same table; or each of two brokers has a table of its own."""
    world = World(name="claim contention")
    shared = Shared(world)
    locks = [Lock(world, f"table {number}") for number in range(2 if switches.ownership else 1)]

    async def claim(who: str, lock: Lock) -> None:
        if lock.holders:
            shared.complain("waits", f"{who} waits for the lock of {lock.name}, which another claimer holds")
        async with lock:
            await sleep(CLAIM_US)
            shared.claimed += 1

    for number in range(2):
        who = f"{'broker' if switches.ownership else 'server'} {'AB'[number]}"
        world.spawn(claim(who, locks[number % len(locks)]), who)
    return world


def empty_scan(switches: Switches) -> World:
    """One job in a queue with a table on each of two databases for each of two priorities; it is in the last one of the walk."""
    world = World(name="empty scan")
    shared = Shared(world)
    tables = 1 if switches.adaptive_partitions else 4
    jobs = [0] * (tables - 1) + [1]

    async def dequeue() -> None:
        empty = 0
        for table in range(tables):
            await sleep(CLAIM_US)
            if jobs[table]:
                shared.claimed += 1
                return
            empty += 1
            if empty > 1:
                shared.complain("empty", f"{empty} claims have found nothing, and a job is waiting")

    world.spawn(dequeue(), "server A")
    return world


def noisy_neighbour(switches: Switches) -> World:
    """An image job takes its process down; a notification job is under way, in the same process or in a pod of its own."""
    world = World(name="noisy neighbour")
    shared = Shared(world)
    images = world.node(
        "images" if switches.pods else "host",
        label="Pod of images" if switches.pods else "Host",
        kind="service",
    )
    notes = world.node("notes", label="Pod of notifications", kind="service") if switches.pods else images

    async def notify() -> None:
        await sleep(5_000)
        shared.done += 1

    async def resize() -> None:
        await sleep(1_000)
        if notes is images and not job.done:
            shared.complain(
                "neighbour",
                "an image job took the host down, and with it a notification job that was under way",
            )
        shared.claimed += 1
        images.crash()

    job = notes.spawn(notify(), "notification job")
    images.spawn(resize(), "image job")
    return world


def enqueue_starved(switches: Switches) -> World:
    """Two dequeues walk over many tables, each in a thread of the server; a user's request wants to enqueue a job."""
    world = World(name="enqueue starved")
    shared = Shared(world)
    dequeues = Semaphore(world, 2, "threads")
    enqueues = Semaphore(world, 1, "threads for enqueue") if switches.separate_pools else dequeues

    async def dequeue() -> None:
        async with dequeues:
            await sleep(WALK_US)
            shared.claimed += 1

    async def enqueue() -> None:
        await sleep(1_000)
        if not enqueues.free:
            shared.complain("enqueue", "a user's enqueue waits for a thread, and dequeues have them all")
        async with enqueues:
            await sleep(CLAIM_US)
            shared.done += 1

    for number in range(2):
        world.spawn(dequeue(), f"dequeue {number + 1}")
    world.spawn(enqueue(), "enqueue")
    return world

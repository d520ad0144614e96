"""Who takes jobs out of the table and who does them: servers or brokers, the controller, workers.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| server     | PinLater's: stateless; every one claims from every table, when a worker asks                            |
| broker     | Pacer's: the one owner of a partition; claims ahead of need and hands out from memory                   |
| controller | Helix: makes one broker the owner of a partition, and another one when the first has been silent for a lease |
| worker     | asks for a job, does it, reports; it is in a pod of its own queue                                       |
| zombie     | a broker that stood still, was replaced, wakes up and does not know                                      |

The life of a job in Pacer: the submission service puts it into the table, pending. The partition's owner claims it ahead of need,
with others, into its memory. A worker asks the owner; the owner has the table confirm that the claim is still in the row, and
hands the job out. The worker does it, perhaps notes a checkpoint, and reports. A claim that runs out puts the job back.

When a broker is killed or stands still, its heartbeats end. A lease later the controller appoints the other broker with the next
epoch, and half a second after that the rows that the first had prefetched come back. Only the heartbeats of the broker that the controller
has chosen renew anything: a broker that goes on in time keeps its lease and its rows, one that was replaced keeps neither. The same counts for a job that was handed out, until its worker is
heard of: the broker may have died before its answer left. With PinLater's settings both are servers, and nobody is appointed.

Polling is not modelled here: when something may have become due, who waits for it is told (`Queue.poke`).
"""

from __future__ import annotations

from typing import Any

from dslab.pacer.switches import LEASE_US, PACER, Switches
from dslab.pacer.table import FINISHED, Job, JobTable
from dslab.sim import Lock, Node, World
from dslab.sim import Queue as Box
from dslab.sim.actor import Callback

WORK_US = 20_000


class Queue:
    """One partition of a queue with all who work on it, and what the invariants remember."""

    def __init__(
        self, world: World, switches: Switches = PACER, jobs: int = 1, fifo: bool = False, depth: int = 2
    ) -> None:
        """``jobs`` are in the table to begin with; a broker prefetches up to ``depth`` of them; ``fifo``: they are to be done in order."""
        self.world, self.switches, self.fifo, self.depth = world, switches, fifo, depth
        world.facts["pacer"] = self  # where the invariants find it
        self.brokers: dict[str, Broker] = {}
        self.workers: dict[str, Worker] = {}
        self.complaints: dict[str, list[str]] = {}
        self.handed: dict[int, str] = {}  # of each job: the claim under which it was handed out last
        self.handouts: list[tuple[int, str]] = []  # each hand-out: the job, and who handed it out
        self.released: set[str] = set()  # claims that ran out, or whose worker reported a failure
        self.begun: list[tuple[int, int]] = []  # when each hand-out came to a worker: (job, microseconds)
        self.effects: dict[int, int] = {}  # how often the effect of each job took place
        self.runs: dict[int, int] = {}  # how often each job was worked on to its end
        self.order: list[int] = []  # jobs in the order of their end
        self.refused = self.reported = 0
        self._waiting: list[Box] = []
        self.table = JobTable(self)
        self.table.enqueue(jobs)
        self.controller = world.node("helix", label="Controller", kind="service", owner="nobody")
        self.chosen = ""  # whom the controller takes for the owner; the table hears of it a message later

    def arrive(self, at_us: int) -> None:
        """Let a job come into the table at a time."""
        self.world.at(at_us, self._arrival, "a job arrives", self.table.node)

    def _arrival(self) -> None:
        self.table.enqueue(1)
        self.poke()

    def broker(self, name: str) -> Broker:
        """Add a broker (a server, where nobody owns partitions); the first one owns the partition from the beginning."""
        broker = self.brokers[name] = Broker(self, name)
        if len(self.brokers) == 1 and self.switches.ownership:
            broker.epoch, self.chosen = 1, name
            self.table.appoint(name, 1)
            self.controller.state["owner"] = f"{name} (epoch 1)"
        return broker

    def worker(self, name: str, asks: str, **plan: Any) -> Worker:
        """Add a worker that asks the broker called ``asks`` for one job after the other; ``plan`` as in `Worker`."""
        worker = self.workers[name] = Worker(self, name, asks, **plan)
        worker.node.spawn(worker.loop())
        return worker

    # -- waiting without polls ----------------------------------------------------------------------------------

    def wait(self) -> Box:
        """Give a box that gets something when a job may have become due."""
        box = Box(self.world, name="something due")
        self._waiting.append(box)
        return box

    def poke(self) -> None:
        """Tell everybody who waits that a job may be due."""
        waiting, self._waiting = self._waiting, []
        for box in waiting:
            box.try_put(True)

    # -- faults and their discovery -------------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        """A broker dies, with all it has in memory."""
        self.brokers[name].node.crash()
        self._silent(name)

    def pause(self, name: str) -> None:
        """A broker stands still: a long garbage collection, a suspended machine."""
        broker = self.brokers[name]
        broker.node.pause()
        broker.lease_until_us = broker.node.clock() + LEASE_US
        self._silent(name)

    def resume(self, name: str) -> None:
        """A broker goes on, as if nothing had been. Its heartbeats renew its lease, unless it was replaced."""
        self.brokers[name].node.resume()
        if self.renews(name):
            self.brokers[name].lease_until_us = None
        self.table.heard_again(name)

    def is_silent(self, name: str) -> bool:
        """Whether a broker sends no heartbeats: it is dead or stands still."""
        node = self.brokers[name].node
        return node.paused or not node.up

    # [renews] the heartbeats of a broker that was replaced are answered by nobody
    def renews(self, name: str) -> bool:
        """Whether a broker's heartbeats renew its lease and those of its rows: it sends some, and is the one that was chosen."""
        replaced = self.switches.ownership and self.chosen != name
        return not self.is_silent(name) and not replaced

    # [/renews]
    def _silent(self, name: str) -> None:
        self.table.silent(name)
        call = Callback(
            self.world,
            lambda: self._missed(name),
            f"a lease without a heartbeat from {name}",
            self.controller,
        )
        self.world.push(self.world.now + LEASE_US, call)

    # [missed] the controller has heard nothing for a lease: the next one becomes the owner, with the next epoch
    def _missed(self, name: str) -> None:
        heirs = [broker for each, broker in self.brokers.items() if not self.is_silent(each)]
        if not self.is_silent(name) or self.table.owner != name or not heirs:
            return
        self.chosen = heirs[0].node.id
        epoch = self.table.epoch + (self.switches.bug != "epoch is not raised")
        self.controller.spawn(self._appoint(heirs[0], epoch))

    # [/missed]
    async def _appoint(self, heir: Broker, epoch: int) -> None:
        await self.controller.call("db", "appoint", owner=heir.node.id, epoch=epoch)
        self.controller.state["owner"] = f"{heir.node.id} (epoch {epoch})"
        self.controller.send(heir.node.id, "own", epoch=epoch)

    # -- what the invariants remember -------------------------------------------------------------------------------

    def complain(self, kind: str, sentence: str) -> None:
        """Remember what an invariant forbids."""
        self.complaints.setdefault(kind, []).append(sentence)

    def claimed(self, who: str) -> None:
        """Remember a claim by a broker that is not the owner any more."""
        if self.switches.ownership and who != self.table.owner:
            self.complain(
                "owner",
                f"{who} claimed rows of a partition that belongs to {self.table.owner} since epoch {self.table.epoch}",
            )

    def handed_out(self, number: int, claim: str, who: str) -> None:
        """Compare a hand-out with the one before it, and its claim with the row."""
        row, before = self.table.rows[number], self.handed.get(number)
        if claim in self.released:
            self.complain(
                "dead",
                f"{who} handed out job {number} under {claim}, which the table had taken back: job {number} is {row}",
            )
        elif before is not None and before not in self.released:
            self.complain(
                "twice",
                f"{who} handed out job {number} under {claim}, and {before}, under which it was handed out, has not run out",
            )
        self.handed[number] = claim
        self.handouts.append((number, who))

    def finished(self, number: int) -> None:
        """Remember the order in which jobs end."""
        early = [row.id for row in self.table.rows.values() if row.id < number and row.state not in FINISHED]
        if self.fifo and early:
            self.complain("fifo", f"job {number} was finished before job {early[0]}")
        self.order.append(number)


class Broker:
    """A broker, or one of PinLater's servers: gives jobs to workers. ``epoch`` is 0 while it owns nothing."""

    def __init__(self, queue: Queue, name: str) -> None:
        self.queue, self.switches, self.epoch = queue, queue.switches, 0
        self.memory: list[Job] = []
        self.lease_until_us: int | None = None  # by its own clock; None while its heartbeats renew it
        self._handouts = 0
        self._fetching = Lock(queue.world, f"fetching of {name}")
        self._given: dict[int, int] = {}  # jobs that it has given away unclaimed, and their attempts then
        label = "Broker" if queue.switches.ownership else "Server"
        self.node = queue.world.node(name, label=f"{label} {name}", kind="service", memory="empty")
        self.node.on("next", self.next).on("own", self.own)

    def own(self, epoch: int) -> None:
        """Be made the owner, by the controller."""
        self.epoch = epoch
        self.queue.poke()

    # [next] a worker asks: from memory if there is something, else from the table
    async def next(self, worker: str) -> Job:
        """Give a worker its next job, however long that takes."""
        while True:
            due = self.queue.wait()
            async with self._fetching:
                if self.may_claim and (not self.memory or self.queue.fifo):
                    await self._fetch()
            if self.memory:
                job = await self._hand_out(self.memory.pop(0))
                if job is not None:
                    return job
            else:
                await due.get()

    # [/next]
    @property
    def may_claim(self) -> bool:
        """Whether it believes that it may claim: it was made the owner, or nobody owns anything."""
        return self.epoch > 0 or not self.switches.ownership

    async def _fetch(self) -> None:
        limit = 1 if self.switches.prefetch == "none" else self.queue.depth - len(self.memory)
        if self.queue.fifo and self.switches.bug != "fetches into free room only":
            limit = max(1, limit)  # what came back stands before all that is in memory, however full that is
        if limit <= 0:
            return
        if self.switches.claim == "read, then write":
            ids = await self.node.call("db", "select", limit=limit)
            found = await self.node.call("db", "mark", who=self.node.id, ids=ids)
        else:
            found = await self.node.call("db", "claim", who=self.node.id, limit=limit, epoch=self.epoch)
        found = [job for job in found if self._given.get(job.id) != job.attempts]
        known = {job.id: job for job in self.memory} | {job.id: job for job in found}
        self.memory = sorted(known.values(), key=lambda job: job.place)
        self._show()

    async def _hand_out(self, job: Job) -> Job | None:
        """Give a job away, after whatever check is made; None where it cannot be given away now."""
        self._show()
        if self.switches.prefetch == "none":
            self.queue.handed_out(job.id, job.claim, self.node.id)
            return job
        if self.switches.handout_check == "table":
            return await self._confirmed(job)
        if self.switches.handout_check == "clock" and self._lease_is_over():
            self.memory.clear()
            self.epoch = 0  # it may have been replaced: it claims nothing until it is made the owner again
            return None
        self._handouts += 1
        claim = job.claim or f"{self.node.id} hand-out {self._handouts}"
        if not job.claim:
            self._given[job.id] = job.attempts
        self.queue.handed_out(job.id, claim, self.node.id)
        return job

    # [confirmed] with the table's word; what has to wait goes back into memory
    async def _confirmed(self, job: Job) -> Job | None:
        due = self.queue.wait()
        answer = await self.node.call("db", "handout", job=job, who=self.node.id)
        if answer == "wait":
            self.memory = sorted([job, *self.memory], key=lambda each: each.place)
            await due.get()
        return answer if isinstance(answer, Job) else None

    # [/confirmed]
    def _lease_is_over(self) -> bool:
        return self.lease_until_us is not None and self.node.clock() >= self.lease_until_us

    def _show(self) -> None:
        self.node.state["memory"] = ", ".join(f"job {job.id}" for job in self.memory) or "empty"


class Worker:
    """A worker of the queue. ``plan`` says what it does with a job.

    ``work_us``: how long the work takes; ``fails``: the numbers of jobs that fail here, each as often as it
    stands there; ``checkpoints``: it notes one half way;
    ``jobs``: after so many it asks no more (None: it goes on for ever).
    """

    def __init__(self, queue: Queue, name: str, asks: str, work_us: int = WORK_US, fails: tuple[int, ...] = (),
                 checkpoints: bool = False, jobs: int | None = None) -> None:  # fmt: skip
        self.queue, self.switches, self.asks, self.work_us = queue, queue.switches, asks, work_us
        self.fails, self.checkpoints, self.jobs = list(fails), checkpoints, jobs
        self.node: Node = queue.world.node(name, label=f"Worker {name}", kind="client", doing="nothing")

    async def loop(self) -> None:
        """Ask, do, report, again and again."""
        while self.jobs is None or self.jobs > 0:
            self.jobs = None if self.jobs is None else self.jobs - 1
            job = await self.node.call(self.asks, "next", worker=self.node.id)
            self.queue.begun.append((job.id, self.queue.world.now))
            self.node.state["doing"] = str(job)
            self.node.send("db", "begun", job=job)
            await self.do(job)
            self.node.state["doing"] = "nothing"

    # [do] the work, then the report: who dies in between has done it, and nobody knows
    async def do(self, job: Job) -> None:
        """Do one job and report it."""
        if self.switches.ack == "before":
            await self._report(job, True)
        await self._half(job, "half")
        await self.node.work(self.work_us // 2)
        ok = job.id not in self.fails
        if ok:
            self._effect(job.id)
        else:
            self.fails.remove(job.id)
        if self.switches.ack == "after":
            await self._report(job, ok)

    # [/do]
    async def _half(self, job: Job, text: str) -> None:
        await self.node.work(self.work_us // 2)
        if self.checkpoints:
            await self.node.call(
                "db", "save", job=job, worker=self.node.id, text=f"{text}, by {self.node.id}"
            )

    def _effect(self, number: int) -> None:
        self.queue.runs[number] = self.queue.runs.get(number, 0) + 1
        if number not in self.queue.effects or not self.switches.idempotent:
            self.queue.effects[number] = self.queue.effects.get(number, 0) + 1

    async def _report(self, job: Job, ok: bool) -> None:
        counted = await self.node.call("db", "ack", job=job, ok=ok)
        self.queue.reported += bool(counted)

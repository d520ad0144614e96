"""The job table: what one partition of a queue is in the database, and every statement that is run on it.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| row        | one job: pending, prefetched (claimed by a broker ahead of need), running (with a worker), done or failed |
| claim      | an UPDATE that writes its claim descriptor into pending rows; undivided, as one statement on one row is  |
| hand-out   | the moment at which a broker gives a job away; with the check, a conditional UPDATE from prefetched to running |
| monitor    | returns rows whose claim ran out to pending; a running one has one attempt less then                    |
| checkpoint | what a worker notes of its progress, so that the next one need not begin at the beginning               |
| place      | where a row stands in a FIFO queue                                                                   |

Each handler runs undivided. Timers stand for the monitor's rounds: a claim ends when its time is up, not up to two minutes later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dslab.pacer.switches import CLAIM_TIMEOUT_US, ROW_LEASE_US
from dslab.sim.actor import Callback

if TYPE_CHECKING:
    from dslab.pacer.protocol import Queue

FINISHED = ("done", "failed")


@dataclass
class Row:
    """One job in the table. ``holder`` is the broker or worker that the claim belongs to; ``timer`` ends the claim."""

    id: int
    place: int
    state: str = "pending"
    claim: str = ""
    holder: str = ""
    attempts: int = 3
    checkpoint: str = ""
    timer: int | None = None
    enqueued_us: int = 0

    def __str__(self) -> str:
        by = f" ({self.claim})" if self.claim and self.state not in FINISHED else ""
        return f"{self.state}{by}"


@dataclass(frozen=True)
class Job:
    """What travels from the table to a worker: the job's number, the claim it comes under, the last checkpoint."""

    id: int
    claim: str
    checkpoint: str = ""
    place: int = 0
    attempts: int = 3

    def __str__(self) -> str:
        return f"job {self.id}{f' under {self.claim}' if self.claim else ''}"


class JobTable:
    """One partition in the database. ``epoch`` and ``owner``: whom the controller appointed last."""

    def __init__(self, queue: Queue) -> None:
        self.queue, self.switches, self.world = queue, queue.switches, queue.world
        self.rows: dict[int, Row] = {}
        self.epoch, self.owner = 0, ""
        self.writes = 0  # statements that claim or confirm
        self.asked = 0  # of these: while a worker waits for the job
        self.log: list[
            tuple[str, int, str, int]
        ] = []  # of each claim: who, under which epoch, and the owner and epoch then
        self.rule: Callable[[Row, list[Row]], bool] | None = (
            None  # somebody else's order of a FIFO queue, for an exercise
        )
        self._claims: dict[str, int] = {}
        self.node = self.world.node("db", label="Job table", kind="store", rows={})
        for handler in (
            self.claim, self.select, self.mark, self.handout, self.begun, self.ack, self.save, self.appoint,
        ):  # fmt: skip
            self.node.on(handler.__name__, handler)

    def enqueue(self, jobs: int) -> None:
        """Begin with ``jobs`` pending rows, numbered from 1 in their order."""
        for _ in range(jobs):
            number = len(self.rows) + 1
            self.rows[number] = Row(number, number, enqueued_us=self.world.now)
        self.show()

    def in_order(self) -> list[Row]:
        """Give the rows by their place in the queue."""
        return sorted(self.rows.values(), key=lambda row: row.place)

    # -- claiming -------------------------------------------------------------------------------------------

    # [claim] the claiming UPDATE: what is pending becomes yours, unless you are not the owner any more
    def claim(self, who: str, limit: int, epoch: int) -> list[Job]:
        """Claim up to ``limit`` pending rows for ``who``; a refused claim gets nothing."""
        if self._is_fenced(epoch):
            self.queue.refused += 1
            return []
        self._note(who, epoch)
        rows = [row for row in self.in_order() if row.state == "pending"][:limit]
        return [self._take(row, who) for row in rows]

    # [/claim]
    def _note(self, who: str, epoch: int) -> None:
        self.queue.claimed(who)
        self.log.append((who, epoch, self.owner, self.epoch))
        self.writes += self.switches.prefetch != "reads"
        self.asked += self.switches.prefetch == "none"

    def _is_fenced(self, epoch: int) -> bool:
        if not self.switches.fencing:
            return False
        return epoch > self.epoch if self.switches.bug == "fence the wrong way round" else epoch < self.epoch

    def _take(self, row: Row, who: str) -> Job:
        if self.switches.prefetch == "reads":
            return Job(row.id, "", row.checkpoint, row.place, row.attempts)
        self._describe(row, who)
        if self.switches.prefetch == "none":
            self.start(row, CLAIM_TIMEOUT_US)
        else:
            row.state = "prefetched"
            if self.switches.prefetch_lease == "claim timeout":
                self._end_after(row, CLAIM_TIMEOUT_US)
            elif not self.queue.renews(who):
                self._lease(row)
        if self.switches.bug == "prefetch takes the row out" and row.state == "prefetched":
            row.state = "taken"
        self.show()
        return Job(row.id, row.claim, row.checkpoint, row.place, row.attempts)

    def _describe(self, row: Row, who: str) -> None:
        self._claims[who] = number = self._claims.get(who, 0) + 1
        row.claim, row.holder = f"{who}#{number}", who

    def select(self, limit: int) -> list[int]:
        """Read pending rows without claiming them: the first half of a claim in two steps."""
        return [row.id for row in self.in_order() if row.state == "pending"][:limit]

    def mark(self, who: str, ids: list[int]) -> list[Job]:
        """Mark rows as claimed, whatever they are by now: the second half of a claim in two steps."""
        return [self._take(self.rows[number], who) for number in ids]

    # [handout] the check at the hand-out: still under this claim, and nothing before it in the way?
    def handout(self, job: Job, who: str) -> Job | str:
        """Let ``who`` give a job away: the job under its claim, or "gone" (not his any more), or "wait" (something is before it)."""
        row = self.rows[job.id]
        if not self._is_ready(row, job):
            return "gone"
        if self.queue.fifo and self.is_blocked(row):
            return "wait"
        self._give(row, who)
        return Job(row.id, row.claim, row.checkpoint, row.place)

    # [/handout]
    def _is_ready(self, row: Row, job: Job) -> bool:
        self.writes += 1
        self.asked += 1
        wanted = ("pending",) if self.switches.prefetch == "reads" else ("prefetched", "taken")
        return row.claim == job.claim and row.state in wanted

    def _give(self, row: Row, who: str) -> None:
        if not row.claim:
            self._describe(row, who)
        self.start(row, ROW_LEASE_US if self.switches.prefetch_lease == "heartbeat" else CLAIM_TIMEOUT_US)
        self.queue.handed_out(row.id, row.claim, who)

    def is_blocked(self, row: Row) -> bool:
        """Say whether a row of a FIFO queue has to wait for one before it, as far as the switches ask for it."""
        if self.rule is not None:
            return not self.rule(row, [other for other in self.in_order() if other.place < row.place])
        for other in self.in_order():
            if other.place >= row.place:
                return False
            if other.state == "running" and self.switches.one_at_a_time:
                return True
            if other.state in ("pending", "prefetched") and self.switches.waits_for_claimed:
                return True
        return False

    def start(self, row: Row, us: int) -> None:
        """Make a claimed row running; the claim ends after ``us`` microseconds unless its worker is heard of."""
        row.state = "running"
        self._end_after(row, us)
        self.show()

    def begun(self, job: Job) -> None:
        """A worker says that it has the job: from now on the claim timeout counts."""
        row = self.rows[job.id]
        if row.state in ("prefetched", "running") and row.claim == job.claim:
            self.start(row, CLAIM_TIMEOUT_US)

    # -- the end of a claim -----------------------------------------------------------------------------------

    def _end_after(self, row: Row, us: int) -> None:
        if self.switches.bug != "monitor does not compare":
            self._forget_timer(row)
        if self.switches.monitor:
            claim = row.claim
            call = Callback(
                self.world, lambda: self.run_out(row, claim), f"monitor: {claim} is up", self.node
            )
            row.timer = self.world.push(self.world.now + us, call)

    def _forget_timer(self, row: Row) -> None:
        if row.timer is not None:
            self.world.cancel(row.timer)
            row.timer = None

    def silent(self, broker: str) -> None:
        """A broker has sent its last heartbeat: what it has prefetched comes back a lease from now."""
        if self.switches.prefetch_lease == "heartbeat":
            for row in self.rows.values():
                if row.state == "prefetched" and row.holder == broker:
                    self._lease(row)

    def _lease(self, row: Row) -> None:
        if self.switches.bug != "monitor forgets prefetched rows":
            self._end_after(row, ROW_LEASE_US)

    def heard_again(self, broker: str) -> None:
        """A broker that was silent sends heartbeats again, in time: its rows stay its own, if they still are."""
        renewed = self.queue.renews(broker) or self.switches.bug == "a replaced one renews"
        if self.switches.prefetch_lease != "heartbeat" or not renewed:
            return
        for row in self.rows.values():
            if row.state == "prefetched" and row.holder == broker:
                self._forget_timer(row)

    # [run_out] the monitor compares the descriptor: the claim that is up may not be the one in the row any more
    def run_out(self, row: Row, claim: str) -> None:
        """End a claim that is up: back to pending, a running one with one attempt less."""
        if self._is_another(row, claim) or row.state in FINISHED:
            return
        self.queue.released.add(claim)
        self._give_back(row, attempts=int(row.state == "running"))

    # [/run_out]
    def _is_another(self, row: Row, claim: str) -> bool:
        return row.claim != claim and self.switches.bug != "monitor does not compare"

    def _give_back(self, row: Row, attempts: int) -> None:
        if self.switches.bug != "monitor does not compare":
            self._forget_timer(row)
        row.attempts -= attempts
        row.claim = row.holder = ""
        row.state = "pending" if row.attempts > 0 else "failed"
        self.show()
        self.queue.poke()

    # -- reports ----------------------------------------------------------------------------------------------

    def ack(self, job: Job, ok: bool) -> bool:
        """Take a worker's report; gives whether it counted. PinLater's is an UPDATE by id; the guard compares the claim as well."""
        row = self.rows[job.id]
        guarded = self.switches.ack_guard and (ok or self.switches.bug != "failure reported by id")
        if row.state in FINISHED or (guarded and job.claim and row.claim != job.claim):
            return False
        if ok:
            self._forget_timer(row)
            row.state = "done"
            self.queue.finished(row.id)
            self.show()
            self.queue.poke()
            return True
        if not self.switches.blocking_retries or self.switches.bug == "retry goes to the back":
            row.place = 1 + max(other.place for other in self.rows.values())
        self.queue.released.add(job.claim or self.queue.handed[job.id])
        self._give_back(row, 1)
        return True

    # [save] the checkpoint is guarded by the claim descriptor
    def save(self, job: Job, worker: str, text: str) -> bool:
        """Write a worker's checkpoint if its claim is still the row's; gives whether it was written."""
        row = self.rows[job.id]
        if row.claim != job.claim:
            if self.switches.checkpoint_guard:
                return False
            self.queue.complain(
                "checkpoint", f"{worker} wrote {text!r} under {job.claim}; job {job.id} is {row}"
            )
        row.checkpoint = text
        return True

    # [/save]
    def appoint(self, owner: str, epoch: int) -> None:
        """Note whom the controller made the owner of this partition."""
        self.owner, self.epoch = owner, epoch
        self.show()

    def show(self) -> None:
        """Put the rows on the table's lane, where somebody looks."""
        if self.world.recorder is not None or not self.node.state["rows"]:
            rows = {f"job {row.id}": str(row) for row in self.in_order()}
            self.node.state.update(rows=rows, epoch=self.epoch)

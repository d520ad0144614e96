"""What goes wrong when a mechanism is off: invariants, one scenario for each sequence, and the table of both.

| word     | meaning                                                                                             |
|----------|-----------------------------------------------------------------------------------------------------|
| anomaly  | a scenario, the invariant it breaks, and the switch positions with which it does                       |
| defence  | a switch position whose absence the table tries                                                      |
| base     | every mechanism on (`dslab.pacer.switches.PACER`)                                                    |

`ANOMALIES` has them all by name; `search(name, **switches)` asks the referee; `matrix()` computes the table "which defence stops
which anomaly", and `designs()` the one of the ways to prefetch.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from dslab import check
from dslab.check import Invariant, Scenario, Verdict, always, eventually, explore, searches, sometimes
from dslab.pacer import shared
from dslab.pacer.protocol import WORK_US, Queue
from dslab.pacer.switches import CLAIM_TIMEOUT_US, SECOND_US, Switches
from dslab.pacer.table import FINISHED
from dslab.sim import World

PATIENCE_US = 5 * SECOND_US  # "delays at most 5 s": what a broker's death may cost a job
SLOWEST_US = SECOND_US // 10  # where time is what is asked for, no message is slower than this
SLOW_WORK_US = CLAIM_TIMEOUT_US + 100 * SECOND_US


def queue(world: World) -> Queue:
    """Give the queue that a scenario built into ``world``."""
    return world.facts["pacer"]


# -- invariants -------------------------------------------------------------------------------------------------


def _remembered(kind: str) -> Callable[[World], bool | str]:
    def test(world: World) -> bool | str:
        complaints = world.facts["pacer"].complaints.get(kind)
        return not complaints or complaints[0]

    return test


def _none_lost(world: World) -> bool | str:
    this = queue(world)
    for row in this.table.rows.values():
        if row.state not in FINISHED:
            return f"nothing happens any more, and job {row.id} is still {row}"
        if row.state == "done" and not this.effects.get(row.id):
            return f"job {row.id} is marked done, and nobody did it"
    return True


def _effect_once(world: World) -> bool | str:
    twice = [number for number, times in queue(world).effects.items() if times > 1]
    return not twice or f"the effect of job {twice[0]} took place {queue(world).effects[twice[0]]} times"


def _run_once(world: World) -> bool | str:
    twice = [number for number, times in queue(world).runs.items() if times > 1]
    return not twice or f"job {twice[0]} was worked on to its end {queue(world).runs[twice[0]]} times"


def _soon(world: World) -> bool | str:
    for number, at_us in queue(world).begun:
        waited = at_us - queue(world).table.rows[number].enqueued_us
        if waited > PATIENCE_US:
            return f"job {number} came to a worker {waited / SECOND_US:.0f} s after it was enqueued"
    return True


NO_CLAIMER_WAITS = always(
    "NO_CLAIMER_WAITS", "no claimer ever waits for the lock of another", _remembered("waits")
)
FEW_EMPTY_CLAIMS = always(
    "FEW_EMPTY_CLAIMS", "a waiting job is found after at most one empty claim", _remembered("empty")
)
NEIGHBOUR_UNHURT = always(
    "NEIGHBOUR_UNHURT", "no worker dies of another queue's job", _remembered("neighbour")
)
ENQUEUE_UNHINDERED = always("ENQUEUE_UNHINDERED", "no enqueue waits for a dequeue", _remembered("enqueue"))
NO_JOB_LOST = eventually(
    "NO_JOB_LOST", "when nothing happens any more, every job was done or has no attempt left", _none_lost
)
EFFECT_ONCE = always("EFFECT_ONCE", "the effect of a job takes place once", _effect_once)
RUN_ONCE = always("RUN_ONCE", "a job is worked on to its end only once", _run_once)
ONLY_ALLOWED_REPEATS = always(
    "ONLY_ALLOWED_REPEATS",
    "a job is handed out again only after its claim ran out, or its worker reported a failure",
    _remembered("twice"),
)
NO_DEAD_CLAIM = always(
    "NO_DEAD_CLAIM",
    "a broker hands out a job only under a claim that the table still has",
    _remembered("dead"),
)
ONE_OWNER_CLAIMS = always(
    "ONE_OWNER_CLAIMS",
    "only the owner that was appointed last claims rows of a partition",
    _remembered("owner"),
)
OWN_CHECKPOINTS = always(
    "OWN_CHECKPOINTS",
    "a checkpoint is written only under the claim that the row has",
    _remembered("checkpoint"),
)
SOON_AFTER_A_DEATH = always(
    "SOON_AFTER_A_DEATH",
    f"a broker's death delays no job by more than {PATIENCE_US // SECOND_US} s",
    _soon,
)
IN_ORDER = always(
    "IN_ORDER",
    "jobs of a FIFO queue are finished in the order in which they were enqueued",
    _remembered("fifo"),
)
REPORTED = sometimes("REPORTED", "a worker's report counts", lambda world: queue(world).reported > 0)
CLAIMED = sometimes("CLAIMED", "somebody claims a job", lambda world: world.facts["pacer"].claimed > 0)
HANDED_OVER = sometimes(
    "HANDED_OVER", "another broker becomes the owner", lambda world: queue(world).table.epoch > 1
)

INVARIANTS = (
    NO_JOB_LOST, EFFECT_ONCE, ONLY_ALLOWED_REPEATS, NO_DEAD_CLAIM, ONE_OWNER_CLAIMS, OWN_CHECKPOINTS, IN_ORDER,
)  # fmt: skip


# -- scenarios --------------------------------------------------------------------------------------------------


def _may_die(this: Queue, name: str) -> None:
    node = this.brokers[name].node
    this.world.may(f"broker {name} dies", lambda: this.kill(name), 1, lambda: node.up, node, "crash")


def _may_stand_still(this: Queue, name: str) -> None:
    node = this.brokers[name].node
    this.world.may(
        f"broker {name} stands still",
        lambda: this.pause(name),
        1,
        lambda: node.up and not node.paused,
        node,
        "pause",
    )
    this.world.may(
        f"broker {name} goes on", lambda: this.resume(name), 1, lambda: node.paused, node, "resume"
    )


def _two_brokers(
    name: str, switches: Switches, jobs: int = 1, patience_us: int | None = None, **how: Any
) -> Queue:
    this = Queue(World(name=name, patience_us=patience_us), switches, jobs=jobs, **how)
    this.broker("A")
    this.broker("B")
    return this


def _two_servers(switches: Switches) -> World:
    """Two workers ask two servers for a job each. (Pacer's have an owner; here everybody claims when asked, as in PinLater.)"""
    this = _two_brokers(
        "claim in two steps", check.positioned(switches, {"ownership": False, "prefetch": "none"})
    )
    this.worker("w1", "A")
    this.worker("w2", "B")
    return this.world


def _worker_dies(name: str, switches: Switches) -> World:
    """One job; the worker that has it may die at any moment; another worker waits."""
    this = Queue(World(name=name), switches, jobs=1)
    this.broker("A")
    first = this.worker("w1", "A")
    this.worker("w2", "A")
    this.world.may_crash(first.node, restart=False)
    return this.world


def _slow_worker(name: str, fails: tuple[int, ...], switches: Switches) -> World:
    """The first worker needs longer than the claim timeout; the second gets the job meanwhile. Both note checkpoints, or the first fails."""
    this = Queue(World(name=name), switches, jobs=1)
    this.broker("A")
    this.worker("w1", "A", work_us=2 * SLOW_WORK_US, fails=fails, checkpoints=not fails)
    this.worker("w2", "A", work_us=CLAIM_TIMEOUT_US // 2 * 3, checkpoints=not fails)
    if fails:
        this.worker("w3", "A")
    return this.world


def _broker_dies(name: str, switches: Switches, work_us: int = WORK_US, **how: Any) -> World:
    """Broker A prefetches; it may die at any moment; B can take over, and one worker asks each of them."""
    this = _two_brokers(name, switches, **how)
    this.worker("w1", "A", work_us=work_us)
    this.worker("w2", "B")
    _may_die(this, "A")
    return this.world


def _broker_stands_still(
    name: str, switches: Switches, drift_ppm: int = 0, other_asks: bool = False, asks: int | None = 1
) -> World:
    """One job; broker A may stand still and go on again at any moment; B can take over. One worker asks A, and perhaps one asks B, ``asks`` times."""
    this = _two_brokers(name, switches)
    this.worker("w1", "A", jobs=asks)
    if other_asks:
        this.worker("w2", "B", jobs=asks)
    _may_stand_still(this, "A")
    this.brokers["A"].node.drift(drift_ppm)
    return this.world


def _fifo(name: str, switches: Switches, fails: tuple[int, ...] = ()) -> World:
    """Three jobs of a FIFO queue, one broker, two workers of which the first is slower; job 1 may be one that fails once."""
    this = Queue(World(name=name), switches, jobs=3, fifo=True)
    this.broker("A")
    this.worker("w1", "A", work_us=50_000, fails=fails)
    if not fails:
        this.worker("w2", "A")
    return this.world


def _fifo_failover(switches: Switches) -> World:
    """Two jobs of a FIFO queue; the broker prefetches one at a time and may die; the next owner sees what nobody has claimed."""
    this = _two_brokers("FIFO: failover", switches, jobs=2, fifo=True, depth=1)
    this.worker("w1", "B")
    this.worker("w2", "A")
    _may_die(this, "A")
    return this.world


def _fifo_poison(switches: Switches) -> World:
    """Two jobs of a FIFO queue; the first fails whenever it is tried, until it has no attempt left."""
    this = Queue(World(name="FIFO: poison"), switches, jobs=2, fifo=True)
    this.broker("A")
    this.worker("w1", "A", fails=(1, 1, 1))
    return this.world


def _second_try(switches: Switches) -> World:
    """A job fails at once; the second worker needs a little longer than the first one's claim would have lasted, a third one waits."""
    this = Queue(World(name="second try"), switches, jobs=1)
    this.broker("A")
    this.worker("w1", "A", fails=(1,), jobs=1)
    this.worker("w2", "A", work_us=CLAIM_TIMEOUT_US)
    this.worker("w3", "A")
    return this.world


# -- anomalies --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Anomaly(check.Anomaly):
    """A way in which job queues break; unless it says otherwise, a report must count in one of its schedules."""

    switches = Switches

    also: tuple[Invariant, ...] = (REPORTED,)
    surprises: int = 1


_LIST = (
    Anomaly("claim contention", "a claimer waits for the lock of another", shared.claim_contention, NO_CLAIMER_WAITS,
            ({"ownership": False},), "facts 5c.1", (CLAIMED,)),
    Anomaly("empty scan", "claims find nothing while a job waits", shared.empty_scan, FEW_EMPTY_CLAIMS,
            ({"adaptive_partitions": False},), "facts 5c.2", (CLAIMED,)),
    Anomaly("noisy neighbour", "one queue's job kills another queue's worker", shared.noisy_neighbour, NEIGHBOUR_UNHURT,
            ({"pods": False},), "facts 5c.3", (CLAIMED,)),
    Anomaly("enqueue starved", "dequeues have all threads when a user enqueues", shared.enqueue_starved, ENQUEUE_UNHINDERED,
            ({"separate_pools": False},), "facts 5c.4", (CLAIMED,)),
    Anomaly("effect twice", "a worker dies after the work and before its report", partial(_worker_dies, "effect twice"), EFFECT_ONCE,
            ({"idempotent": False},), "facts 5c.5"),
    Anomaly("done twice", "at least once is not exactly once", partial(_worker_dies, "done twice"), RUN_ONCE, (), "facts 5c.5",
            always_there=True),
    Anomaly("job lost", "a worker dies and nobody notices", partial(_worker_dies, "job lost"), NO_JOB_LOST,
            ({"ack": "before"}, {"monitor": False}), "facts 5c.5"),
    Anomaly("stale checkpoint", "a slow worker overwrites its successor's progress", partial(_slow_worker, "stale checkpoint", ()),
            OWN_CHECKPOINTS, ({"checkpoint_guard": False},), "facts 5c.6"),
    Anomaly("stale failure", "a slow worker's failure takes the job from its successor", partial(_slow_worker, "stale failure", (1,)),
            ONLY_ALLOWED_REPEATS, ({"ack_guard": False},), "facts 5a: the report is an UPDATE by id"),
    Anomaly("prefetched jobs wait", "a dead broker's jobs wait for the claim timeout", partial(_broker_dies, "prefetched jobs wait", jobs=2, patience_us=SLOWEST_US),
            SOON_AFTER_A_DEATH, ({"prefetch_lease": "claim timeout"},), "facts 5c.7", (REPORTED, HANDED_OVER)),
    Anomaly("prefetched jobs again", "the next owner hands out what is being done", partial(_broker_dies, "prefetched jobs again", work_us=10 * SECOND_US),
            ONLY_ALLOWED_REPEATS, ({"prefetch": "reads", "handout_check": "none"},), "facts 5c.7", (REPORTED, HANDED_OVER)),
    Anomaly("zombie claims", "a broker that was replaced goes on claiming", partial(_broker_stands_still, "zombie claims"),
            ONE_OWNER_CLAIMS, ({"fencing": False},), "facts 5c.8", (REPORTED, HANDED_OVER), surprises=2),
    Anomaly("zombie hands out", "a broker that was replaced hands out from memory", partial(_broker_stands_still, "zombie hands out", other_asks=True),
            NO_DEAD_CLAIM, ({"handout_check": "none"},), "facts 5c.8", (REPORTED, HANDED_OVER), surprises=2),
    Anomaly("zombie with a wrong clock", "its clock says that the lease still runs",
            partial(_broker_stands_still, "zombie with a wrong clock", drift_ppm=-500_000), NO_DEAD_CLAIM,
            ({"handout_check": "clock"},), "facts 5c.8", (REPORTED, HANDED_OVER), surprises=2),
    Anomaly("FIFO: retry", "a failed job is finished after its successors", partial(_fifo, "FIFO: retry", fails=(1,)), IN_ORDER,
            ({"blocking_retries": False},), "facts 5c.9"),
    Anomaly("FIFO: concurrency", "a fast worker overtakes a slow one", partial(_fifo, "FIFO: concurrency"), IN_ORDER,
            ({"one_at_a_time": False},), "facts 5c.9"),
    Anomaly("FIFO: failover", "the next owner passes over what the dead one had claimed", _fifo_failover, IN_ORDER,
            ({"waits_for_claimed": False},), "facts 5c.9"),
    Anomaly("claim in two steps", "two servers read the same pending job", _two_servers, ONLY_ALLOWED_REPEATS,
            ({"claim": "read, then write"},), "facts 5a: the claim is one UPDATE"),
)  # fmt: skip
# Scenarios in which a mutant or a wrong answer shows that no switch brings about.
EXTRA_SCENARIOS: dict[str, tuple[Callable[[Switches], World], Invariant]] = {
    "FIFO: poison": (_fifo_poison, NO_JOB_LOST),
    "second try": (_second_try, ONLY_ALLOWED_REPEATS),
    "a broker dies": (partial(_broker_dies, "a broker dies", jobs=2), NO_JOB_LOST),
    "a broker stands still": (partial(_broker_stands_still, "a broker stands still", other_asks=True, asks=None), NO_JOB_LOST),
}  # fmt: skip
ANOMALIES: dict[str, Anomaly] = {anomaly.name: anomaly for anomaly in _LIST}

DEFENCES: dict[str, dict[str, Any]] = {
    "owner": {"ownership": False},
    "sized partitions": {"adaptive_partitions": False},
    "pods": {"pods": False},
    "own threads": {"separate_pools": False},
    "idempotence": {"idempotent": False},
    "report after work": {"ack": "before"},
    "monitor": {"monitor": False},
    "checkpoint guard": {"checkpoint_guard": False},
    "report guard": {"ack_guard": False},
    "short lease": {"prefetch_lease": "claim timeout"},
    "fence": {"fencing": False},
    "hand-out check": {"handout_check": "none"},
    "blocking retries": {"blocking_retries": False},
    "one at a time": {"one_at_a_time": False},
    "wait for claimed": {"waits_for_claimed": False},
    "one UPDATE": {"claim": "read, then write"},
}
DESIGNS: dict[str, dict[str, Any]] = {
    "claim ahead, short lease, ask the table": {},
    "claim ahead, short lease, own clock": {"handout_check": "clock"},
    "claim ahead, short lease, no check": {"handout_check": "none"},
    "claim ahead, claim timeout, ask the table": {"prefetch_lease": "claim timeout"},
    "read ahead, ask the table": {"prefetch": "reads"},
    "read ahead, own clock": {"prefetch": "reads", "handout_check": "clock"},
    "read ahead, no check": {"prefetch": "reads", "handout_check": "none"},
    "no prefetch": {"prefetch": "none"},
}


# The matrix takes one defence away at a time; what two switches together bring about, or a way to prefetch, is in the table of designs.
ONE_AT_A_TIME = tuple(
    name
    for name, each in ANOMALIES.items()
    if each.always_there or any(off in DEFENCES.values() for off in each.off)
)
OF_DESIGNS = (
    "job lost",
    "prefetched jobs wait",
    "prefetched jobs again",
    "zombie hands out",
    "zombie with a wrong clock",
)


def anomaly(name: str) -> Anomaly:
    """Give the anomaly called ``name``; ValueError lists the names where there is none."""
    return check.named(ANOMALIES, name)


def search(name: str, deviations: int = 2, budget: int = 20_000, **positions: Any) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with everything on but ``positions``."""
    return anomaly(name).search(deviations, budget, **positions)


class Cell(NamedTuple):
    """As `dslab.check.Cell`. ``unread``: no schedule of the scenario ever asks for this switch, so the verdict is that of everything on."""

    anomaly: str
    column: str
    verdict: Verdict
    unread: bool = False


class _Watched(Switches):
    """Switches that note which of them a scenario asks for."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "seen", set())

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name in Switches.__dataclass_fields__ and "seen" in super().__getattribute__("__dict__"):
            self.seen.add(name)
        return value


def _base(wanted: Anomaly, depth: int, budget: int) -> tuple[Verdict, set[str]]:
    """Search an anomaly with everything on; gives the verdict and the switches that were asked for."""
    watched = _Watched()
    scenario = Scenario(wanted.name, lambda: wanted.build(watched), {})
    return explore(scenario, wanted.invariants, depth, budget), watched.seen


def matrix(
    anomalies: Iterable[str] = ONE_AT_A_TIME, budget: int = 2_000, deviations: int | None = None
) -> Generator[float, None, list[Cell]]:
    """Search every anomaly with everything on and with each defence off: a generator of the share done; returns the cells.

    Up to as many surprises as its `surprises` says, or ``deviations``. A defence that no schedule of a scenario asks for is not
    searched again: with it off every schedule would be the same.
    """
    names, cells = list(anomalies), []
    for done, name in enumerate(names):
        yield done / len(names)
        depth = anomaly(name).surprises if deviations is None else deviations
        base, seen = _base(anomaly(name), depth, budget)
        cells.append(Cell(name, "", base))
        for off, positions in DEFENCES.items():
            if base.held and not seen & set(positions):
                cells.append(Cell(name, off, base, unread=True))
                continue
            yield done / len(names)
            cells.append(Cell(name, off, search(name, depth, budget, **positions)))
    return cells


def designs(budget: int = 2_000) -> Generator[float, None, list[check.Cell]]:
    """Search what a death and a standstill do to every way to prefetch (`DESIGNS`): a generator as `matrix`."""
    return searches(
        OF_DESIGNS,
        DESIGNS,
        lambda name, design: search(name, anomaly(name).surprises, budget, **DESIGNS[design]),
    )

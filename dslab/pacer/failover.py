"""A broker is killed or stands still, by the clock: how long its jobs wait, what is lost, what is done twice, what it costs.

| word     | meaning                                                                                          |
|----------|--------------------------------------------------------------------------------------------------|
| design   | a way to prefetch, a lease, and who is asked at the hand-out (`dslab.pacer.anomalies.DESIGNS`)       |
| depth    | how many jobs a broker claims ahead                                                               |
| waited   | from a job's arrival in the table until it comes to a worker, the first time                       |
| writes   | UPDATEs that claim a job or confirm its claim, for each job; a plain read is not counted             |
| asked    | of these: at the hand-out, while a worker waits                                                     |

The protocol is the one that the referee searches (`dslab.pacer.protocol`); here it runs by time. Two workers ask broker A, two ask broker B;
jobs arrive regularly, faster at the beginning. After a second and a quarter something happens to A.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from dslab.check import positioned
from dslab.pacer.protocol import Queue
from dslab.pacer.switches import CLAIM_TIMEOUT_US, PACER, ROW_LEASE_US, SECOND_US, Switches
from dslab.sim import World
from dslab.sim.result import Metric, Result, Series

FAULT_US = 1_250_000
EVERY_US = 70_000
WORK_US = 100_000
JOBS, BACKLOG = 70, 30
HAPPENS = ("killed", "stands still", "nothing")


def failover(happens: str = "killed", pause_s: float = 8.0, depth: int = 10, lease: str = "heartbeat", prefetch: str = "claims",
             check: str = "table", fencing: bool = True, ownership: bool = True) -> Result:  # fmt: skip
    """Run 70 jobs through two brokers, of which the first is killed, or stands still for ``pause_s`` (0.1..60 s), after 1.25 s.

    ``depth``: jobs that a broker prefetches, 1..30; ``lease``, ``prefetch``, ``check``, ``fencing``, ``ownership``: switches ``prefetch_lease``,
    ``prefetch``, ``handout_check``, ``fencing``, ``ownership`` (off: both brokers take from the partition all the time). ValueError for anything else. The metrics: ``added_s`` (how much longer the worst-hit job waited than in a run without it),
    ``in_memory`` (jobs that A had prefetched when it happened), ``late`` (jobs that waited over 5 s longer), ``lost``, ``twice`` (jobs done more than once), ``refused`` (claims that the fence refused),
    ``writes`` and ``asked`` (a job). The series ``waited`` has each job's wait by its number, ``calm`` the same without it.
    """
    if happens not in HAPPENS:
        raise ValueError(f"happens={happens!r} is no choice; use one of {', '.join(map(repr, HAPPENS))}")
    if not 0.1 <= pause_s <= 60:
        raise ValueError(f"pause_s={pause_s!r} is out of range; use 0.1 to 60 seconds")
    if not isinstance(depth, int) or not 1 <= depth <= 30:
        raise ValueError(f"depth={depth!r} is out of range; use a whole number from 1 to 30")
    positions = {
        "prefetch_lease": lease,
        "prefetch": prefetch,
        "handout_check": check,
        "fencing": fencing,
        "ownership": ownership,
    }
    switches = positioned(PACER, positions)
    queue = _built(switches, depth)
    held = _disturb(queue, happens, round(pause_s * SECOND_US))
    queue.world.run(until_us=2_000 * SECOND_US)
    params = {"happens": happens, "pause_s": pause_s, "depth": depth} | positions
    calm = _calm(switches, depth)
    metrics = _metrics(queue, held, calm)
    struck = (
        "A is killed"
        if happens == "killed"
        else "A stands still"
        if happens == "stands still"
        else "this run"
    )
    series = {"waited": _waited(struck, waits(queue)), "calm": _waited("A is well", calm)}
    result = Result(params, metrics, _told(params, metrics), series)
    queue.world.close()
    return result


@lru_cache(maxsize=64)
def _calm(switches: Switches, depth: int) -> dict[int, int]:
    """How long each job waits in a run in which nothing happens."""
    queue = _built(switches, depth)
    queue.world.run(until_us=2_000 * SECOND_US)
    found = waits(queue)
    queue.world.close()
    return found


def _waited(label: str, found: dict[int, int]) -> Series:
    """Each job's wait in seconds, by its number; at least a millisecond, for a logarithmic axis."""
    numbers = sorted(found)
    return Series(
        label, tuple(map(float, numbers)), tuple(max(1e-3, found[number] / 1e6) for number in numbers)
    )


def _built(switches: Switches, depth: int) -> Queue:
    queue = Queue(World(name="failover"), switches, jobs=BACKLOG, depth=depth)
    for name in ("A", "B"):
        queue.broker(name)
        for number in (1, 2):
            queue.worker(f"{name} worker {number}", name, work_us=WORK_US)
    for number in range(JOBS - BACKLOG):
        queue.arrive(number * EVERY_US)
    return queue


def _disturb(queue: Queue, happens: str, pause_us: int) -> list[int]:
    """Let it happen, and note how many jobs A had in memory then."""
    world, held = queue.world, [0]

    def strike() -> None:
        held[0] = len(queue.brokers["A"].memory)
        (queue.kill if happens == "killed" else queue.pause)("A")

    if happens != "nothing":
        world.at(FAULT_US, strike)
    if happens == "stands still":
        world.at(FAULT_US + pause_us, lambda: queue.resume("A"))
    return held


def waits(queue: Queue) -> dict[int, int]:
    """How long each job waited until it came to a worker for the first time, in microseconds."""
    first: dict[int, int] = {}
    for number, at_us in queue.begun:
        first.setdefault(number, at_us - queue.table.rows[number].enqueued_us)
    return first


def _metrics(queue: Queue, held: list[int], calm: dict[int, int]) -> dict[str, Metric]:
    rows = queue.table.rows.values()
    added = [us - calm[number] for number, us in waits(queue).items()]
    lost = sum(row.state not in ("done", "failed") or not queue.runs.get(row.id) for row in rows)
    return {
        "added_s": Metric("the worst-hit job waited longer by", max(0, *added) / SECOND_US, "s"),
        "in_memory": Metric("jobs that A had prefetched", held[0], "jobs"),
        "late": Metric("jobs that waited over 5 s longer", sum(us > 5 * SECOND_US for us in added), "jobs"),
        "lost": Metric("jobs lost", lost, "jobs"),
        "twice": Metric("jobs done twice", sum(times > 1 for times in queue.runs.values()), "jobs"),
        "refused": Metric("claims that the fence refused", queue.refused, "claims"),
        "writes": Metric(
            "claims and confirmations for each job", queue.table.writes / len(rows), "statements"
        ),
        "asked": Metric(
            "of these, while a worker waits for the job", queue.table.asked / len(rows), "statements"
        ),
    }


def _told(params: dict[str, Any], metrics: dict[str, Metric]) -> str:
    value = {name: metric.value for name, metric in metrics.items()}
    what = {"killed": "Broker A was killed", "nothing": "Nothing happened",
            "stands still": f"Broker A stood still for {params['pause_s']:g} s"}[params["happens"]]  # fmt: skip
    held = "" if params["happens"] == "nothing" else f" with {_jobs(value['in_memory'])} in memory"
    cost = f"the worst-hit job waited {value['added_s']:.1f} s longer, {_jobs(value['lost'])} lost, {_jobs(value['twice'])} done twice"
    back_us = ROW_LEASE_US if params["prefetch_lease"] == "heartbeat" else CLAIM_TIMEOUT_US
    fence = (
        f"The fence refused {_counted(value['refused'], 'claim')}"
        if params["fencing"]
        else "There is no fence"
    )
    what_is_back = (
        "what was handed out and not begun" if params["prefetch"] == "reads" else "what nobody has begun"
    )
    return (f"{what}{held}: {cost}. {fence}; {what_is_back} comes back after {back_us / SECOND_US:g} s; {value['writes']:.2f} statements "
            "claim or confirm a job.")  # fmt: skip


def _jobs(count: float) -> str:
    return _counted(count, "job")


def _counted(count: float, what: str) -> str:
    return f"{count:.0f} {what}" + ("" if count == 1 else "s")

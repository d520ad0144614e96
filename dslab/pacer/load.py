"""What the reader moves: one moment of the locks, and the number of partitions. Results for the stage, from `dslab.pacer.claiming`.

| word      | meaning                                                                              |
|-----------|--------------------------------------------------------------------------------------|
| moment    | a point in the last 50 ms of a run: which lock is held then, and how many wait for it   |
| keeps up  | the owners take jobs out as fast as they come in                                        |
"""

from __future__ import annotations

import math
from typing import Any

from dslab.pacer import claiming
from dslab.pacer.claiming import WINDOW_US, Run
from dslab.sim.result import Metric, Result, Series

POINTS = (2, 8, 32, 100)
OTHERS = 4  # points that are not the reader's own are simulated a quarter as long
COUNTS = (1, 2, 5, 10, 20, 40, 80, 120)
CURVE = (1, 2, 3, 5, 8, 12, 20, 32, 50, 80, 100)


def _simulate(
    claimers: int,
    shards: int,
    databases: int,
    priorities: int,
    rate: float,
    claim_ms: float,
    sees: str,
    part: int = 1,
) -> Run:
    pace, _ = claiming.mean_value(claimers, shards * databases * priorities, rate, claim_ms)
    until_us = claiming.span_us(part * pace, part * rate)
    return claiming.simulated(claimers, shards, databases, priorities, rate, claim_ms, until_us, sees)


def contention(claimers: int = 20, claim_ms: float = 2.0, shards: int = 5, databases: int = 2, priorities: int = 1,
               rate: float = 2_000.0, mode: str = "PinLater", sees: str = "asked", moment_ms: float = 20.0) -> Result:  # fmt: skip
    """Lock waits and latency of one queue, and its locks at one moment.

    ``claimers`` dequeue (PinLater) from shards x ``databases`` x ``priorities`` tables; as "Pacer" each table has one owner instead, and
    ``claimers`` changes nothing. ``claim_ms``: how long a claim holds its lock; ``rate``: jobs/s in all; ``sees``: "asked" or "granted";
    ``moment_ms``: 0..50, how long before the end of the run to look. Ranges in `claiming.RANGES`; ValueError outside them.
    The metrics: ``claims_s``, ``empty``, ``jobs_s``, ``wait_ms``, ``p50_ms``, ``p99_ms``, ``waiting`` (at the moment). The table ``locks`` has each table's state.
    """
    claiming.check(claimers=claimers, claim_ms=claim_ms, shards=shards, databases=databases, priorities=priorities, rate=rate,
                   moment_ms=moment_ms)  # fmt: skip
    if mode not in ("PinLater", "Pacer") or sees not in ("asked", "granted"):
        raise ValueError(f"mode={mode!r}, sees={sees!r}: use PinLater or Pacer, and asked or granted")
    tables, until = shards * databases * priorities, 0
    if mode == "Pacer":
        until = claiming.span_us(tables * 80, rate)
        run = claiming.owned(tables, rate, claim_ms, until)
    else:
        run = _simulate(claimers, shards, databases, priorities, rate, claim_ms, sees)
        until = round(run.span_us / 0.9)
    locks = _locks(run, tables, until - WINDOW_US + round(moment_ms * 1e3))
    metrics = _metrics(run, locks)
    params = {"claimers": claimers, "claim_ms": claim_ms, "shards": shards, "databases": databases, "priorities": priorities,
              "rate": rate, "mode": mode, "sees": sees, "moment_ms": moment_ms}  # fmt: skip
    return Result(params, metrics, _told(params, metrics), _curves(params, tables), {"locks": locks})


def _locks(run: Run, tables: int, moment_us: int) -> list[dict[str, Any]]:
    """The state of each table's lock at a moment: is it held, and how many wait for it."""
    held, wait = [False] * tables, [0] * tables
    for table, asked, start, end in run.log:
        if start <= moment_us < end:
            held[table] = True
        elif asked <= moment_us < start:
            wait[table] += 1
    return [{"table": table, "held": held[table], "waiting": wait[table]} for table in range(tables)]


def _metrics(run: Run, locks: list[dict[str, Any]]) -> dict[str, Metric]:
    return {
        "claims_s": Metric("claims", run.queries_s, "claims/s"),
        "empty": Metric("empty claims", 100 * run.empty_share, "%"),
        "jobs_s": Metric("jobs claimed", run.jobs_s, "jobs/s"),
        "wait_ms": Metric("lock wait of a claim", run.wait_ms, "ms"),
        "p50_ms": Metric("job waits, median", run.latency_ms(0.5), "ms"),
        "p99_ms": Metric("job waits, 99th percentile", run.latency_ms(0.99), "ms"),
        "waiting": Metric(
            "claimers that wait at this moment", sum(lock["waiting"] for lock in locks), "claimers"
        ),
    }


def _told(params: dict[str, Any], metrics: dict[str, Metric]) -> str:
    value = {name: metric.value for name, metric in metrics.items()}
    tables = params["shards"] * params["databases"] * params["priorities"]
    who = (
        f"{params['claimers']} claimer{'s' * (params['claimers'] > 1)} on {tables} tables"
        if params["mode"] == "PinLater"
        else f"One owner for each of {tables} tables"
    )
    waits = (
        f"a claim waits {value['wait_ms']:.2f} ms for its lock"
        if params["mode"] == "PinLater"
        else "nobody waits for a lock"
    )
    late = (
        ""
        if math.isnan(value["p99_ms"])
        else f", and 99 % of the jobs are claimed within {value['p99_ms']:.1f} ms"
    )
    return (f"{who}: {value['claims_s']:,.0f} claims/s, {value['empty']:.0f} % of them empty; {waits}{late}. "
            f"At moment {params['moment_ms']:g} ms {value['waiting']:.0f} wait.")  # fmt: skip


def _curves(params: dict[str, Any], tables: int) -> dict[str, Series]:
    """Lock wait and latency against the number of claimers, everything else as it is set."""
    rate, claim_ms = params["rate"], params["claim_ms"]
    theory = tuple(claiming.mean_value(n, tables, rate, claim_ms)[1] for n in CURVE)
    points = tuple(sorted({*POINTS, params["claimers"]}))
    runs = [
        _simulate(
            n,
            params["shards"],
            params["databases"],
            params["priorities"],
            rate,
            claim_ms,
            params["sees"],
            1 if n == params["claimers"] else OTHERS,
        )
        for n in points
    ]
    return {
        "wait": Series("lock wait, simulated", points, tuple(run.wait_ms for run in runs)),
        "wait_theory": Series("lock wait, computed", CURVE, theory, "theory"),
        "p99": Series(
            "99 % of the jobs are claimed within", points, tuple(run.latency_ms(0.99) for run in runs)
        ),
    }


def partitions(rate: float = 5.0, count: int = 40, owner: bool = True, poll_ms: float = 10.0) -> Result:
    """Empty polls of one queue against the number of its partitions.

    ``rate``: jobs/s, 0.1..50,000; ``count``: partitions, 1..400; ``owner``: one for each partition, who polls it every ``poll_ms`` (1..1,000);
    without, 20 PinLater claimers walk over them. ValueError out of range. The metrics: ``claims_s``, ``empty``, ``wait_ms``, ``p99_ms`` (nan: not
    enough jobs), ``right_size`` (`claiming.right_size`), ``keeps_up`` (1 or 0), ``capacity`` (jobs/s, every claim being full).
    """
    claiming.check(rate=rate, partitions=count, poll_ms=poll_ms)
    run, keeps_up = _partitioned(rate, count, owner, poll_ms)
    size = claiming.right_size(rate, 2.0, poll_ms)
    metrics = {
        "claims_s": Metric("claims", run.queries_s, "claims/s"),
        "empty": Metric("empty claims", 100 * run.empty_share, "%"),
        "wait_ms": Metric("lock wait of a claim", run.wait_ms, "ms"),
        "p99_ms": Metric(
            "job waits, 99th percentile",
            run.latency_ms(0.99) if keeps_up and len(run.latencies_us) >= 100 else math.nan,
            "ms",
        ),
        "right_size": Metric("partitions that are enough", size, "partitions"),
        "keeps_up": Metric("keeps up", int(keeps_up)),
        "capacity": Metric("jobs that can be taken", _capacity(count, owner, poll_ms), "jobs/s"),
    }
    params = {"rate": rate, "count": count, "owner": owner, "poll_ms": poll_ms}
    return Result(params, metrics, _partition_text(params, metrics), _partition_series(params))


def _partitioned(rate: float, count: int, owner: bool, poll_ms: float, part: int = 1) -> tuple[Run, bool]:
    if not owner:
        run = _simulate(20, count, 1, 1, rate, 2.0, "asked", part)
        return run, _capacity(count, False, poll_ms) > rate
    keeps_up = math.isfinite(claiming.owner_cycle_ms(count, rate, 2.0, poll_ms))
    until_us = claiming.span_us(part * count * 1e3 / (2 + poll_ms), part * rate)
    return claiming.owned(count, rate, 2.0, max(until_us, round(5e3 * poll_ms)), poll_ms), keeps_up


def _capacity(count: int, owner: bool, poll_ms: float) -> float:
    """Closed form: the most jobs/s that can be taken out, every claim being full."""
    if owner:
        return count * claiming.BATCH / (poll_ms + 2.0 + claiming.BATCH * claiming.JOB_US / 1e3) * 1e3
    return min(20, count) * claiming.LIMIT / (2.0 + claiming.LIMIT * claiming.JOB_US / 1e3) * 1e3


def _partition_text(params: dict[str, Any], metrics: dict[str, Metric]) -> str:
    value = {name: metric.value for name, metric in metrics.items()}
    who = ("an owner each" if params["count"] > 1 else "its owner") if params["owner"] else "20 claimers"
    count = f"{params['count']} partition" + ("s" if params["count"] > 1 else "")
    text = f"{params['rate']:,g} jobs/s in {count} with {who}: {value['claims_s']:,.0f} claims/s, {claiming.percent(value['empty'])} % of them empty, "
    text += f"{value['wait_ms']:.2f} ms of lock wait."
    if not value["keeps_up"]:
        return f"{text} They cannot keep up, and jobs pile up: {_enough(value['right_size'])}."
    return f"{text} {_enough(value['right_size']).capitalize()}."


def _enough(size: float) -> str:
    return (
        "one partition with an owner would be enough"
        if size == 1
        else f"{size:.0f} partitions with owners would be enough"
    )


def _partition_series(params: dict[str, Any]) -> dict[str, Series]:
    rate, poll_ms = params["rate"], params["poll_ms"]
    theory = tuple(100 * claiming.owner_empty_share(n, rate, 2.0, poll_ms) for n in COUNTS)
    pace = tuple(
        1e3 * n / cycle
        if math.isfinite(cycle := claiming.owner_cycle_ms(n, rate, 2.0, poll_ms))
        else math.nan
        for n in COUNTS
    )
    some = tuple(sorted({1, 5, 20, 80, params["count"]}))
    runs = [
        _partitioned(rate, n, params["owner"], poll_ms, 1 if n == params["count"] else OTHERS)[0]
        for n in some
    ]
    return {
        "empty": Series("empty, simulated", some, tuple(100 * run.empty_share for run in runs)),
        "empty_theory": Series("an owner each: exp(-jobs per poll)", COUNTS, theory, "theory"),
        "polls": Series("claims/s, simulated", some, tuple(run.queries_s for run in runs)),
        "polls_theory": Series("an owner each: partitions / cycle", COUNTS, pace, "theory"),
    }

"""The ledger of lesson 5: what the articles, the code and the digest claim, and what was measured here."""

from __future__ import annotations

from functools import cache

from dslab.pacer import anomalies, claiming, failover, neighbours, real
from dslab.pacer.claiming import Run
from dslab.teach import WRONG, Claim, Ledger, Measurement, holds_only_if

PAC = "Pinterest, “Pacer: Pinterest's New Generation of Asynchronous Computing Platform”"
PLC = "pinterest/pinlater, the open-source code"
INFOQ = "InfoQ on Pacer"
BBG = "ByteByteGo, “How Pinterest Built An Async Compute Platform …”"
MAY_2023, MAY_2017, JAN_2026 = "23 May 2023", "12 May 2017", "20 January 2026"


def _measured(value: float | str, unit: str, text: str) -> Measurement:
    return Measurement(value, unit, text[:1].upper() + text[1:])


@cache
def _run(name: str) -> Run:
    return claiming.setup(name)


def _empty_before() -> Measurement:
    run = _run("busy queue, 10 tables, 20 claimers")
    return _measured(round(100 * run.empty_share), "%", "20 claimers, 2,000 jobs/s in ten tables; 5 claimers: "
                       f"{100 * _run('busy queue, 10 tables, 5 claimers').empty_share:.0f} %")  # fmt: skip


def _empty_after() -> Measurement:
    tiny, busy = _run("tiny queue, 1 partition and its owner"), _run("busy queue, 10 tables, an owner each")
    told = f"a queue of 5 jobs/s in one partition, polled every 10 ms ({tiny.queries_s:.0f} polls/s); a busy queue with owners: {100 * busy.empty_share:.0f} %"
    return _measured(round(100 * tiny.empty_share), "%", told)


def _latency() -> Measurement:
    run = _run("busy queue, 10 tables, an owner each")
    memory = real.stored("contention").metrics["one_owner_32_wait_ms_measured"].value
    return _measured(round(run.latency_ms(0.5), 1), "ms", f"from a job's arrival to the owner's memory, polled every 10 ms; from memory to a claimer "
                       f"{memory:.3f} ms in the stored run on PostgreSQL")  # fmt: skip


def _contention_gone() -> Measurement:
    before, after = _run("busy queue, 10 tables, 80 claimers"), _run("busy queue, 10 tables, an owner each")
    return _measured(
        after.wait_ms, "ms", f"with an owner for each table; with 80 claimers {before.wait_ms:.1f} ms"
    )


def _one_cure() -> Measurement:
    run = _run("tiny queue, 40 partitions, an owner each")
    return _measured(
        round(100 * run.empty_share, 1),
        "%",
        f"40 partitions with an owner each: no lock wait, and {run.queries_s:,.0f} polls/s for 5 jobs/s",
    )


def _same_jobs() -> Measurement:
    few, many = _run("busy queue, 10 tables, 5 claimers"), _run("busy queue, 10 tables, 80 claimers")
    return _measured(
        round(100 * many.jobs_s / few.jobs_s),
        "% of the jobs/s",
        f"80 claimers against 5; lock wait {many.wait_ms:.1f} against {few.wait_ms:.1f} ms",
    )


def _reading() -> Measurement:
    case = next(
        row for row in real.stored("semantics").tables["cases"] if row["the second one"] == "plain SELECT"
    )
    return _measured(
        "waits" if case["waits"] == "yes" else "does not wait",
        "",
        "a SELECT beside an open claim of the same rows, on PostgreSQL (MySQL was not asked)",
    )


def _semaphore() -> Measurement:
    free = claiming.simulated(80, 10, 1, 1, 2_000.0, 2.0, 4_000_000)
    held = claiming.simulated(80, 10, 1, 1, 2_000.0, 2.0, 4_000_000, permits=5)
    told = f"80 claimers, with PinLater's own semaphore at 5 dequeues at a time: {held.wait_ms:.1f} ms of lock wait instead of {free.wait_ms:.1f} ms"
    return _measured(round(free.wait_ms / held.wait_ms), "times", told)


def _fifo() -> Measurement:
    ways = {
        "FIFO: retry": {"blocking_retries": False},
        "FIFO: concurrency": {"one_at_a_time": False},
        "FIFO: failover": {"waits_for_claimed": False},
    }
    broken = [name for name, off in ways.items() if not anomalies.search(name, 1, **off).held]
    return _measured(
        len(broken), "ways to break it", ", ".join(name.removeprefix("FIFO: ") for name in broken)
    )


def _at_least_once() -> Measurement:
    lost, twice = anomalies.search("job lost", 1), anomalies.search("done twice", 1)
    return _measured(
        "never lost, sometimes twice" if lost.held and not twice.held else "something else",
        "",
        f"{lost.describe()} {twice.describe()}",
    )


def _checkpoint() -> Measurement:
    on, off = (
        anomalies.search("stale checkpoint", 1),
        anomalies.search("stale checkpoint", 1, checkpoint_guard=False),
    )
    return _measured("needed" if on.held and not off.held else "not needed", "", off.describe())


def _timeout() -> Measurement:
    run = failover.failover(lease="claim timeout")
    return _measured(round(run["added_s"]), "s", "a broker dies with jobs claimed under the claim timeout")


def _pods() -> Measurement:
    shared, pods = neighbours.neighbours(), neighbours.neighbours(pods=True)
    return _measured(round(shared["p99_ms"] / pods["p99_ms"]), "times", f"99 % of the notifications: {shared['p99_ms']:,.0f} ms beside poisoned image jobs, "
                       f"{pods['p99_ms']:.0f} ms in pods")  # fmt: skip


def _split() -> Measurement:
    shared, own = neighbours.enqueues(dequeuers=40), neighbours.enqueues(dequeuers=40, separate=True)
    return _measured(
        round(shared[1] / own[1]),
        "times",
        f"99 % of the enqueues beside 40 dequeuers: {shared[1]:.0f} ms on shared threads, {own[1]:.0f} ms on their own",
    )


def _retries() -> Measurement:
    run = neighbours.neighbours(poison_min=6.0, images_s=0.0, seconds=120.0)
    plant = neighbours.Plant(False, 8, 120.0, 0.0, 6.0, 120.0, 0)
    return _measured(
        round(run["deaths"] / sum(kind == 2 for kind, _, _ in plant.jobs), 2),
        "processes",
        "each poison job takes down, one try after the other",
    )


def _volume() -> Measurement:
    return _measured(round(1e6 * 60 * 24 / 1e9, 2), "billion jobs/day", "one million jobs a minute for a day")


CLAIMS = Ledger(
    "pacer",
    [
        Claim("volume", "billions of job executions a day", PAC, MAY_2023, "V", test=lambda billions: billions > 1 and
              holds_only_if("“millions of jobs per minute” (InfoQ) is the average of the day and not its peak"), experiment=_volume),
        Claim("empty before", "over 50 % of PinLater's dequeue queries came back empty", BBG, JAN_2026, "S",
              test=lambda percent: percent > 50 and holds_only_if("there are more claimers than the jobs need: with five fewer than half come back empty"),
              experiment=_empty_before),
        Claim("empty after", "with Pacer nearly none do", BBG, JAN_2026, "S", test=lambda percent: percent < 5,
              otherwise=holds_only_if("each partition is busy, or polled less often when it is not"), experiment=_empty_after),
        Claim("sub-millisecond", "dequeue latency under 1 ms", BBG, JAN_2026, "S", test=lambda ms: ms < 1,
              otherwise=holds_only_if("it is the hand-out from memory: before that the job waits for the next poll"), experiment=_latency),
        Claim("contention gone", "lock contention “completely disappeared”", BBG, JAN_2026, "S",
              test=lambda ms: ms == 0 and holds_only_if("nobody but the owner locks the rows, which is built into the model"), experiment=_contention_gone),
        Claim("one cure for all", "single-owner partitions removed the wasted queries, too (so the newsletter reads)", BBG, JAN_2026, "S",
              test=lambda percent: percent < 5, experiment=_one_cure),
        Claim("more servers, more contention", "more servers add waiting and no throughput", PAC, MAY_2023, "S", test=lambda percent: 95 < percent < 105,
              experiment=_same_jobs),
        Claim("reads lock", "threads lock because they read the same data", BBG, JAN_2026, "S", value="waits", experiment=_reading),
        Claim("all shards at once", "a dequeue scans all shards simultaneously", BBG, JAN_2026, "S", verdict=WRONG,
              reason="The open-source code visits them one after the other in random order and stops when it has enough [V]; production may have changed since 2017"),
        Claim("no isolation", "“complete lack of isolation” in PinLater", BBG, JAN_2026, "S", test=lambda times: times < 2,
              otherwise=holds_only_if("it is said of worker hosts and of the servers' threads (“pods” and “enqueue apart” below); dequeues had a semaphore and a rate limit"),
              experiment=_semaphore),
        Claim("FIFO", "a FIFO queue is one partition, so jobs are processed in exact order", BBG, JAN_2026, "S",
              test=lambda ways: ways == 0, otherwise=holds_only_if("one job is under way at a time, a retry blocks, and what is claimed is waited for"),
              experiment=_fifo),
        Claim("at least once", "a job is executed at least once", PLC, MAY_2017, "V", value="never lost, sometimes twice", experiment=_at_least_once),
        Claim("checkpoint guard", "a checkpoint must match the claim descriptor", PLC, MAY_2017, "V", value="needed", experiment=_checkpoint),
        Claim("claim timeout", "a claim runs out after 600 s (README; 180 s in the local sample)", PLC, MAY_2017, "V",
              test=lambda s: abs(s - 600) <= 1 and holds_only_if("it is set so: the 600 s are built into the model"), experiment=_timeout),
        Claim("retries", "three automatic retries", PLC, MAY_2017, "V",
              test=lambda deaths: 3.5 <= deaths <= 4 and holds_only_if("it is set so: the three are built into the model; a job then has four tries"), experiment=_retries),
        Claim("pods", "pods for each queue keep neighbours apart", PAC, MAY_2023, "S", test=lambda times: times > 2, experiment=_pods),
        Claim("enqueue apart", "separate services keep enqueue and dequeue from hurting each other", PAC, MAY_2023, "S", test=lambda times: times > 2,
              experiment=_split),
        Claim("1,000 queries/s", "up to 1,000 queries/s for each MySQL shard, beyond that Redis", PLC, MAY_2017, "V",
              reason="It depends on the machines of 2017; here a table with one lock of 2 ms gives at most 500 claims/s"),
        Claim("priorities", "normally not more than 3 priorities; 10 connections a shard, 4 databases a queue and host, a monitor every 120 s", PLC, MAY_2017, "V",
              reason="These are settings of a sample; the model takes tables as hosts × databases × priorities, 120 with those"),
        Claim("counting", "counting is capped at 100,000 rows and takes about 0.1 s", PLC, MAY_2017, "V", reason="Nothing here counts rows"),
        Claim("Pyres", "PinLater replaced Pyres, which had no acknowledgements", "Pinterest, “Open-sourcing PinLater”", "July 2014", "V",
              reason="Pyres is not modelled; the anomaly “job lost” shows what reporting before the work does"),
    ],
)  # fmt: skip

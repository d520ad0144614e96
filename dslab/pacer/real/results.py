"""What the lesson shows of the real part: two results whose sentences never change.

Each runs live; without a ``lab`` it starts a server and stops it, and where there can be none it is the stored one, with the
reason (``python -m dslab.pacer.real`` stores them anew). Metrics whose names end in ``_measured`` differ from run to run and
stay out of the sentences and of the tables.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dslab import real
from dslab.pacer.real.claims import LIMIT, STATEMENTS, WAYS, Counted, Lab, claim_run
from dslab.sim.result import Metric, Result, Series

STORED = Path(__file__).with_name("stored")
COUNTS = (1, 4, 16, 32)
JOBS, CLAIM_HOLD_MS = 400, 3.0
MANY = 4  # claims for ten jobs; where nobody is in the way it takes one
COLUMN = f"over {MANY} claims for ten jobs"


def live(name: str, lab: Lab | None, work: Callable[[Lab], Result]) -> Result:
    """Run ``work`` in a lab, in one of our own if none is given; where there can be none, give the stored result."""
    if lab is not None:
        return work(lab)

    def own() -> Result:
        with Lab() as lab:
            return work(lab)

    return real.live_or_stored(STORED / f"{name}.json", own, Result, metrics=Metric, series=Series)


def stored(name: str) -> Result:
    """Give the stored result of ``contention`` or ``semantics``; raises ValueError for another name."""
    return real.load(STORED / f"{name}.json", Result, metrics=Metric, series=Series)


def contention(lab: Lab | None = None) -> Result:
    """Let 1, 4, 16 and 32 claimers empty a table of 400 jobs in each of the four ways (table ``ways``: conclusions at 32)."""
    return live("contention", lab, _contention)


def _contention(lab: Lab) -> Result:
    runs = {(way, count): claim_run(lab, way, count, JOBS, CLAIM_HOLD_MS) for way in WAYS for count in COUNTS}
    most = {way: runs[way, COUNTS[-1]] for way in WAYS}
    rows = [_row(way, most[way]) for way in WAYS]
    checked, alone = most["checked UPDATE"], runs["checked UPDATE", 1]
    text = (
        f"With {COUNTS[-1]} claimers at once jobs are claimed twice by {_list(rows, 'some jobs twice')}; over {MANY} claims for every ten jobs are needed "
        f"by {_list(rows, COLUMN)}. A checked UPDATE takes {_times(checked.wait_ms / alone.wait_ms, 3)} as long as with one "
        f"claimer, and {_times(checked.wait_ms / max(1e-4, most['one owner'].wait_ms), 100)} as long as to take a job from an owner's memory."
    )
    metrics = {}
    for (way, count), run in runs.items():
        word = way.replace(" ", "_").lower()
        metrics[f"{word}_{count}_wait_ms_measured"] = Metric(
            f"{way}, {count} claimers: statement", run.wait_ms, "ms"
        )
        metrics[f"{word}_{count}_empty_measured"] = Metric(
            f"{way}, {count} claimers: empty", 100 * run.empty_share, "%"
        )
        metrics[f"{word}_{count}_twice_measured"] = Metric(
            f"{way}, {count} claimers: claimed twice", run.twice, "jobs"
        )
        metrics[f"{word}_{count}_claims_measured"] = Metric(
            f"{way}, {count} claimers: claims", run.claims, "claims"
        )
    return Result({"live": True, "jobs": JOBS}, metrics, text, tables={"ways": rows})


def _row(way: str, most: Counted) -> dict[str, Any]:
    """The conclusions of one way with 32 claimers, in words that are the same in every run."""
    return {
        "way": way,
        "some jobs twice": "yes" if most.twice else "no",
        "a job missed": "yes" if most.missed else "no",
        COLUMN: "yes" if most.claims * LIMIT / most.jobs > MANY else "no",
    }


def _list(rows: list[dict[str, Any]], column: str) -> str:
    return " and ".join(f"the {row['way']}" for row in rows if row[column] == "yes") or "none"


def _times(ratio: float, least: int) -> str:
    return f"over {least} times" if ratio > least else f"less than {least} times"


# -- claim by claim -----------------------------------------------------------------------------------------------


def semantics(lab: Lab | None = None) -> Result:
    """Hold one claim open, let another come, and see what it does (table ``cases``); 20 jobs are pending, ten a claim."""
    return live("semantics", lab, _semantics)


def _semantics(lab: Lab) -> Result:
    cases = [
        {"the second one": way} | _beside_a_claim(lab, statement) for way, statement in STATEMENTS.items()
    ]
    reading = "SELECT id FROM job WHERE state = 'pending' ORDER BY id LIMIT %(limit)s"
    cases.append({"the second one": "plain SELECT"} | _beside_a_claim(lab, reading))
    by = {case["the second one"]: case for case in cases}
    text = (
        f"While another claim is open, a plain SELECT {_waits(by['plain SELECT'])}; the plain UPDATE {_waits(by['plain UPDATE'])} and then gets "
        f"{by['plain UPDATE']['gets']}; the checked UPDATE {_waits(by['checked UPDATE'])} and then gets {by['checked UPDATE']['gets']}; "
        f"SKIP LOCKED {_waits(by['SKIP LOCKED'])} and gets {by['SKIP LOCKED']['gets']}."
    )
    metrics = {"waiting": Metric("ways that wait", sum(case["waits"] == "yes" for case in cases))}
    return Result({"live": True}, metrics, text, tables={"cases": cases})


def _waits(case: dict[str, Any]) -> str:
    return "waits" if case["waits"] == "yes" else "does not wait"


def _beside_a_claim(lab: Lab, statement: str) -> dict[str, Any]:
    """Hold a claim of the first ten jobs open, run ``statement``, add a job meanwhile, let go; say what the second one did."""
    lab.refill(2 * LIMIT)
    first, second = lab.postgres.connect(), lab.postgres.connect()
    pid, got = second.info.backend_pid, []
    try:
        with first.transaction():
            first.execute(STATEMENTS["checked UPDATE"], {"claim": "first", "limit": LIMIT})
            asks = threading.Thread(target=lambda: got.extend(_ids(second, statement)), daemon=True)
            asks.start()
            waited = _is_blocked(lab, pid, asks)
            lab.connection.execute(
                "INSERT INTO job VALUES (0)"
            )  # comes in while the second one waits, and would be the first
        asks.join(real.HOLD_S_MAX)
    finally:
        first.close()
        second.close()
    return {
        "waits": "yes" if waited else "no",
        "gets": _jobs(got),
        "sees the job that came meanwhile": "yes" if 0 in got else "no",
    }


def _ids(connection: Any, statement: str) -> list[int]:
    return [number for (number,) in connection.execute(statement, {"claim": "second", "limit": LIMIT})]


def _is_blocked(lab: Lab, pid: int, asks: threading.Thread) -> bool:
    """Wait until a connection waits for a lock (True) or its statement is over (False)."""
    end = time.monotonic() + real.HOLD_S_MAX
    while time.monotonic() < end:
        if lab.connection.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid]).fetchone()[0]:
            return True
        if not asks.is_alive():
            return False
        time.sleep(0.002)
    raise TimeoutError(f"the second claim neither waited nor ended within {real.HOLD_S_MAX:g} s")


def _jobs(found: list[int]) -> str:
    """Say which jobs these are: the ones of the open claim, the others, or none."""
    if not found:
        return "nothing, although ten jobs are pending"
    if set(found) <= set(range(1, LIMIT + 1)):
        return "the same ten jobs"
    return "the other ten jobs" if not set(found) & set(range(1, LIMIT + 1)) else "some of both"


def store_results() -> list[Path]:
    """Store the results of today for machines where the server cannot be had; returns the paths."""
    with Lab() as lab:
        return [real.save(STORED / f"{make.__name__}.json", make(lab)) for make in (contention, semantics)]

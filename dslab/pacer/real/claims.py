"""Claiming jobs from a table in PostgreSQL in four ways, by threads that run free. The words are those of `dslab.pacer.real`."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from dslab import real

LIMIT, BATCH = 10, 100
HOLD_MS = 2.0
DEADLOCK = "40P01"
TABLE = """
CREATE TABLE job (id bigint PRIMARY KEY, state text NOT NULL DEFAULT 'pending', claim text);
CREATE INDEX pending_jobs ON job (id) WHERE state = 'pending';
CREATE TABLE claimed (id bigint NOT NULL, claim text NOT NULL);
"""
FILL = "INSERT INTO job SELECT number FROM generate_series(1, %s) AS number"
PENDING = "SELECT id FROM job WHERE state = 'pending' ORDER BY id LIMIT %(limit)s"
# [ways] the three statements: only what the UPDATE looks at, and what the SELECT locks, differs
UPDATE = "UPDATE job SET state = 'claimed', claim = %(claim)s WHERE id IN ({rows}){check} RETURNING id"
STATEMENTS = {
    "plain UPDATE": UPDATE.format(rows=PENDING, check=""),
    "checked UPDATE": UPDATE.format(rows=PENDING, check=" AND state = 'pending'"),
    "SKIP LOCKED": UPDATE.format(rows=f"{PENDING} FOR UPDATE SKIP LOCKED", check=""),
}
# [/ways]
WAYS = (*STATEMENTS, "one owner")


@dataclass(frozen=True)
class Counted:
    """What one run counted: ``claims`` (statements), how many were ``empty``, jobs claimed ``twice``, jobs ``missed``.

    ``seconds`` until the last job was taken; ``wait_ms``: how long a claimer's statement took on average, or its take from memory.
    """

    way: str
    claimers: int
    jobs: int
    claims: int
    empty: int
    twice: int
    missed: int
    seconds: float
    wait_ms: float

    @property
    def empty_share(self) -> float:
        """Share of the statements that claimed nothing, 0 to 1."""
        return self.empty / max(1, self.claims)


class Lab:
    """A PostgreSQL with an empty job table; a context manager. Raises `dslab.real.Unavailable` where it cannot be had."""

    def __init__(self) -> None:
        with ExitStack() as stack:
            self.postgres = stack.enter_context(real.postgres())
            self.connection = self.postgres.connect()
            self.connection.execute(TABLE)
            self._claimers: list[Any] = []
            self._stack = stack.pop_all()

    def claimers(self, count: int) -> list[Any]:
        """Give so many connections; the same for every run."""
        while len(self._claimers) < count:
            self._claimers.append(self.postgres.connect())
        return self._claimers[:count]

    def refill(self, jobs: int) -> None:
        """Begin again with so many pending jobs."""
        self.connection.execute("TRUNCATE job, claimed")
        self.connection.execute(FILL, [jobs])
        self.connection.execute("ANALYZE job")

    def counts(self, jobs: int) -> tuple[int, int]:
        """Give how many jobs were claimed more than once, and how many never."""
        query = "SELECT count(*) FILTER (WHERE times > 1), count(*) FROM (SELECT count(*) AS times FROM claimed GROUP BY id) AS each"
        twice, some = self.connection.execute(query).fetchone()
        return twice, jobs - some

    def close(self) -> None:
        """Stop the server."""
        self._stack.close()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def claim(
    connection: Any, way: str, name: str, limit: int = LIMIT, hold_ms: float = HOLD_MS
) -> tuple[list[int], float]:
    """Run one claim as a transaction that stays open for ``hold_ms``; gives the ids and how long the UPDATE took, in ms.

    Two claims that lock the same rows in different orders can wait for each other; the one that PostgreSQL ends has claimed nothing.
    """
    begun = time.perf_counter()
    try:
        with connection.transaction():
            found = [
                number for (number,) in connection.execute(STATEMENTS[way], {"claim": name, "limit": limit})
            ]
            took_ms = (time.perf_counter() - begun) * 1e3
            if found:
                connection.execute("INSERT INTO claimed SELECT unnest(%s::bigint[]), %s", [found, name])
            connection.execute("SELECT pg_sleep(%s)", [hold_ms / 1e3])
    except Exception as error:
        if getattr(error, "sqlstate", None) != DEADLOCK:
            raise
        return [], (time.perf_counter() - begun) * 1e3
    return found, took_ms


class _Tally:
    """What all claimers of a run count together."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.claims = self.empty = self.taken = 0
        self.waits_ms: list[float] = []
        self.last = 0.0

    def add(self, found: int, took_ms: float | None, claims: int = 1) -> None:
        """Count one claim, or one take from memory (``claims`` 0)."""
        with self.lock:
            self.claims += claims
            self.empty += claims and not found
            if took_ms is not None:
                self.waits_ms.append(took_ms)
            if found:
                self.last = time.perf_counter()


def claim_run(lab: Lab, way: str, claimers: int, jobs: int = 400, hold_ms: float = HOLD_MS) -> Counted:
    """Let ``claimers`` (1..32) empty a table of ``jobs`` in one of four `WAYS`.

    Each claimer stops when it has found nothing and nothing is pending any more. ValueError for another way or number.
    """
    if way not in WAYS:
        raise ValueError(f"there is no way {way!r}; there are {', '.join(WAYS)}")
    if not 1 <= claimers <= 32 or jobs < 1:
        raise ValueError(f"{claimers} claimers for {jobs} jobs: use 1 to 32 claimers and at least one job")
    lab.refill(jobs)
    tally, begun = _Tally(), time.perf_counter()
    if way == "one owner":
        _owner_run(lab, tally, claimers, jobs, hold_ms)
    else:
        connections = lab.claimers(claimers)
        begun = time.perf_counter()
        real.together(
            *[
                lambda place=place: _claimer(connections[place], way, place, tally, hold_ms)
                for place in range(claimers)
            ]
        )
    twice, missed = lab.counts(jobs)
    wait_ms = sum(tally.waits_ms) / max(1, len(tally.waits_ms))
    return Counted(way, claimers, jobs, tally.claims, tally.empty, twice, missed, tally.last - begun, wait_ms)


def _claimer(connection: Any, way: str, place: int, tally: _Tally, hold_ms: float) -> None:
    round_ = 0
    while True:
        round_ += 1
        found, took_ms = claim(connection, way, f"claimer {place}, claim {round_}", hold_ms=hold_ms)
        tally.add(len(found), took_ms)
        if (
            not found
            and not connection.execute("SELECT 1 FROM job WHERE state = 'pending' LIMIT 1").fetchone()
        ):
            return


def _owner_run(lab: Lab, tally: _Tally, claimers: int, jobs: int, hold_ms: float) -> None:
    """One owner claims ahead into memory; claimers take ten at a time from there."""
    memory: queue.SimpleQueue[list[int] | None] = queue.SimpleQueue()
    (connection,) = lab.claimers(1)

    def own() -> None:
        number = 0
        while True:
            number += 1
            found, _ = claim(connection, "SKIP LOCKED", f"owner, claim {number}", BATCH, hold_ms)
            tally.add(len(found), None)
            for place in range(0, len(found), LIMIT):
                memory.put(found[place : place + LIMIT])
            if not found:
                for _ in range(claimers):
                    memory.put(None)
                return

    def take() -> None:
        while True:
            waits = memory.empty()  # before the owner's first claim there is nothing to take yet
            begun = time.perf_counter()
            if (found := memory.get(timeout=real.HOLD_S_MAX)) is None:
                return
            tally.add(len(found), None if waits else (time.perf_counter() - begun) * 1e3, claims=0)

    real.together(own, *[take for _ in range(claimers)])

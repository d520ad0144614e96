"""The designs as SQL: append transactions with an inline projection, a rebuild, a drain; one connection each.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| event      | the log: position from a sequence, and the id of the transaction that inserted it                       |
| model      | the read model: one row for each application of an event, so that doubles and gaps show                 |
| projection | the status row: status, owner, when the owner was last heard of, checkpoint of the replay                |
| skip       | the skip records                                                                                      |

The switches are those of `dslab.readmodels.protocol`; the SQL is ours, shaped after Emmett's (6e308790, 21 August 2026).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dslab.readmodels.protocol import Switches

KEY = 9
TABLES = """
CREATE TABLE event (position bigserial PRIMARY KEY, transaction xid8 NOT NULL DEFAULT pg_current_xact_id(), name text NOT NULL);
CREATE TABLE model (position bigint NOT NULL);
CREATE TABLE skip (position bigint NOT NULL, transaction xid8 NOT NULL DEFAULT pg_current_xact_id());
CREATE TABLE projection (status text NOT NULL, owner text, touched timestamptz, last_transaction xid8, last_position bigint);
"""
EMPTY = """
TRUNCATE event, model, skip, projection RESTART IDENTITY;
INSERT INTO projection VALUES ('active', NULL, NULL, '0', 0);
"""
ONE_STATEMENT = f"SELECT pg_try_advisory_xact_lock_shared({KEY}), (SELECT status FROM projection) = 'active'"
STATUS = "SELECT status = 'active' FROM projection"
CLAIM = """
UPDATE projection SET status = 'rebuilding', owner = %(owner)s, touched = clock_timestamp(), last_transaction = '0', last_position = 0
WHERE status <> 'rebuilding' OR owner = %(owner)s OR touched < clock_timestamp() - make_interval(secs => %(silent)s)
"""
BATCH = """
SELECT position, transaction::text FROM event, projection
WHERE (event.transaction, event.position) > (last_transaction, last_position) AND (%(all)s OR transaction < pg_snapshot_xmin(pg_current_snapshot()))
ORDER BY event.transaction, event.position LIMIT %(most)s
"""
SAVE = "UPDATE projection SET last_transaction = %s::xid8, last_position = %s, touched = clock_timestamp() WHERE owner = %s AND status = 'rebuilding'"
DRAIN = """
WITH gone AS (DELETE FROM skip RETURNING position, transaction)
INSERT INTO model SELECT gone.position FROM gone, projection
WHERE (gone.transaction, gone.position) > (last_transaction, last_position)
"""
LOST = """
SELECT count(*) FROM event WHERE NOT EXISTS (SELECT FROM model WHERE model.position = event.position)
AND NOT EXISTS (SELECT FROM skip WHERE skip.position = event.position)
"""
DOUBLED = "SELECT count(*) FROM (SELECT position FROM model GROUP BY position HAVING count(*) > 1) AS twice"


def value(connection: Any, sql: str, *arguments: Any) -> Any:
    """Give the one value that a statement returns."""
    return connection.execute(sql, arguments or None).fetchone()[0]


class Append:
    """An append transaction, in two halves so that somebody can come in between: `begin`, then `commit`."""

    def __init__(self, connection: Any, switches: Switches) -> None:
        self.connection, self.switches = connection, switches
        self.applied = False

    def insert(self, name: str) -> int:
        """Insert the event; gives its position."""
        self.position: int = value(
            self.connection, "INSERT INTO event (name) VALUES (%s) RETURNING position", name
        )
        return self.position

    def project(self) -> bool:
        """Ask for lock and status, then apply or skip; gives whether it applied."""
        self.applied = self._may_apply()
        if self.applied:
            self.connection.execute("INSERT INTO model VALUES (%s)", [self.position])
        elif self.switches.skip_records:
            self.connection.execute("INSERT INTO skip VALUES (%s)", [self.position])
        return self.applied

    def _may_apply(self) -> bool:
        how, run = self.switches.append_lock, self.connection
        if self.switches.check == "one statement" and how == "try":
            got, active = run.execute(ONE_STATEMENT).fetchone()
            return got and active
        if how == "try" and not value(run, f"SELECT pg_try_advisory_xact_lock_shared({KEY})"):
            return False
        if how == "wait":
            run.execute(f"SELECT pg_advisory_xact_lock_shared({KEY})")
        return not self.switches.status_row or value(run, STATUS)

    def begin(self, name: str) -> bool:
        """Insert and project."""
        self.insert(name)
        return self.project()

    def commit(self) -> None:
        """Commit."""
        self.connection.commit()


class Rebuild:
    """A rebuild by one instance, in its steps: `start`, `replay`, `finish`."""

    def __init__(self, connection: Any, switches: Switches, owner: str = "rebuild", batch: int = 100) -> None:
        self.connection, self.switches, self.owner, self.batch = connection, switches, owner, batch
        self.pause_s = 0.0  # how long the barrier took
        self.started_id = 0

    def start(self, silent_s: float = 300.0) -> bool:
        """Get the lock, claim the row, empty the model, commit; False where it is refused."""
        run = self.connection
        if self.switches.rebuild_lock == "wait":
            run.execute(f"SELECT pg_advisory_xact_lock({KEY})")
        elif self.switches.rebuild_lock == "try" and not value(
            run, f"SELECT pg_try_advisory_xact_lock({KEY})"
        ):
            run.rollback()
            return False
        if self.switches.status_row:
            claimed = run.execute(CLAIM, {"owner": self.owner, "silent": silent_s}).rowcount
        else:
            claimed = run.execute(
                "UPDATE projection SET owner = %s, last_transaction = '0', last_position = 0", [self.owner]
            ).rowcount
        if not claimed:
            run.rollback()
            return False
        run.execute("DELETE FROM model")
        self.started_id = int(value(run, "SELECT pg_current_xact_id()::text"))
        run.commit()
        return True

    def replay(self) -> None:
        """Replay until nothing is left to see."""
        while True:
            if self.replay_batch():
                continue
            if self.switches.ends == "nothing visible" or self._start_passed():
                return
            time.sleep(0.002)

    def _start_passed(self) -> bool:
        oldest = int(value(self.connection, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"))
        self.connection.commit()
        if oldest < self.started_id:
            return False
        return not self.replay_batch()  # what became visible just now

    def replay_batch(self, everything: bool = False) -> int:
        """Replay one batch in a transaction of its own; gives how many events it had."""
        run = self.connection
        rows = run.execute(BATCH, {"all": everything, "most": self.batch}).fetchall()
        if rows:
            if self.switches.status_row:
                if not run.execute(SAVE, [rows[-1][1], rows[-1][0], self.owner]).rowcount:
                    run.rollback()
                    return 0
            else:
                run.execute(
                    "UPDATE projection SET last_transaction = %s::xid8, last_position = %s",
                    [rows[-1][1], rows[-1][0]],
                )
            run.execute("INSERT INTO model SELECT unnest(%s::bigint[])", [[row[0] for row in rows]])
        run.commit()
        return len(rows)

    def finish(self) -> None:
        """Flip the status, or pass the barrier first: wait for the exclusive lock, and read the tail under it."""
        run = self.connection
        if self.switches.completion == "barrier":
            began = time.perf_counter()
            run.execute(f"SELECT pg_advisory_xact_lock({KEY})")
            rows = run.execute(BATCH, {"all": True, "most": 1_000_000}).fetchall()
            run.execute("INSERT INTO model SELECT unnest(%s::bigint[])", [[row[0] for row in rows]])
            self._flip()
            run.commit()
            self.pause_s = time.perf_counter() - began
            return
        self._flip()
        run.commit()

    def _flip(self) -> None:
        if self.switches.status_row:
            owned = " WHERE owner = %s" if self.switches.fence else ""
            self.connection.execute(
                "UPDATE projection SET status = 'active'" + owned, [self.owner] if owned else None
            )

    def run(self, replay: Callable[[], None] | None = None) -> None:
        """Start (waiting where a try is refused), replay, finish."""
        while not self.start():
            time.sleep(0.005)
        (replay or self.replay)()
        self.finish()


def drain(connection: Any) -> None:
    """Apply the skip records behind the checkpoint and archive all, under the shared lock, if the status is active."""
    connection.execute(f"SELECT pg_advisory_xact_lock_shared({KEY})")
    if value(connection, STATUS):
        connection.execute(DRAIN)
    connection.commit()

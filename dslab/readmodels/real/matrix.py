"""Lock matrices on a real server: each session a connection and a thread, each step "done", "waits" or an error.

A step counts as waiting when the server itself says so (``pg_stat_activity``: its backend waits for a lock), not when it
is merely slow. What ended meanwhile is collected when nobody is on the way any more.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable
from typing import Any

from dslab import real

LONGEST_S = 20.0
SHORT_S = 0.3  # no lock_timeout or statement_timeout of a matrix may be longer than 100 ms, unless nothing waits under it
WAITS = (
    "SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s) AND state = 'active' AND wait_event_type = 'Lock'"
)


class _Client:
    """A session: a thread that runs one statement at a time on a connection of its own."""

    def __init__(self, server: real.Postgres) -> None:
        self.connection = server.connect()
        self.pid = self.connection.info.backend_pid
        self.jobs: queue.Queue[str | None] = queue.Queue()
        self.word: str | None = None  # of the last statement; None while it is under way
        self.timed = False  # whether it ever set a timeout
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        import psycopg

        while (job := self.jobs.get()) is not None:
            try:
                self.word = _word(self.connection.execute(job))
            except psycopg.Error as error:
                self.word = error.sqlstate or "57P01"

    def start(self, statement: str) -> None:
        """Run a statement in the thread."""
        self.word = None
        self.timed = "timeout" in statement or self.timed
        self.jobs.put(statement)

    def close(self) -> None:
        """End the thread and the connection."""
        self.jobs.put(None)
        self.connection.close()


def _word(cursor: Any) -> str:
    """Say the last value of the answer: true, false, or ok where it returns nothing."""
    if cursor.description is None:
        return "ok"
    value = (cursor.fetchone() or (None,))[-1]
    return str(value).lower() if isinstance(value, bool) else "ok"


def play(server: real.Postgres, matrix: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Run a matrix on the server; gives for each step what it gave at once and what became of it in the end.

    The lines that are no SQL are those of `dslab.readmodels.locks`. Raises TimeoutError where the server neither answers nor waits.
    """
    clients: dict[str, _Client] = {}
    found: list[list[str]] = []
    open_steps: dict[str, int] = {}
    with server.connect() as watch:
        try:
            for number, (session, line) in enumerate(matrix):
                found.append(["ok", "ok"])
                if line.startswith("\\"):
                    _command(watch, clients, session, line)
                else:
                    client = clients.get(session) or clients.setdefault(session, _Client(server))
                    client.start(line)
                    open_steps[session] = number
                _settle(watch, clients)
                for name, step in list(open_steps.items()):
                    word = clients[name].word
                    if step == number and line[:1] != "\\":
                        found[step] = [word or "waits"] * 2
                    if word is not None:
                        found[step][1] = word
                        del open_steps[name]
                if line == "\\end":
                    clients.pop(session).close()
        finally:
            for client in clients.values():
                watch.execute("SELECT pg_terminate_backend(%s)", [client.pid])
                client.jobs.put(None)
                client.thread.join(5)
                client.connection.close()
    return [(at_once, final) for at_once, final in found]


def _command(watch: Any, clients: dict[str, _Client], session: str, line: str) -> None:
    words = line.split()
    if words[0] == "\\wait":
        time.sleep(int(words[1]) / 1000)
    elif words[0] == "\\cancel":
        watch.execute("SELECT pg_cancel_backend(%s)", [clients[session].pid])
        _until(lambda: clients[session].word is not None)
    else:
        watch.execute("SELECT pg_terminate_backend(%s, 5000)", [clients[session].pid])
        _until(lambda: clients[session].word is not None)


def _settle(watch: Any, clients: dict[str, _Client]) -> None:
    """Wait until every statement is over or waits for a lock, timeouts of up to 100 ms included."""
    timed = time.monotonic() + SHORT_S if any(client.timed for client in clients.values()) else 0.0

    def quiet() -> bool:
        busy = {client.pid for client in clients.values() if client.word is None}
        if not busy:
            return True
        waiting = {row[0] for row in watch.execute(WAITS, [list(busy)])}
        still = {client.pid for client in clients.values() if client.word is None}
        return still <= waiting and time.monotonic() > timed

    _until(quiet)
    time.sleep(0.004)  # a statement that was woken may have been seen just before it went on
    _until(quiet)


def _until(test: Any) -> None:
    end = time.monotonic() + LONGEST_S
    while not test():
        if time.monotonic() > end:
            raise TimeoutError(f"the server neither answered nor waited within {LONGEST_S:g} s")
        time.sleep(0.001)

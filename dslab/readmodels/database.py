"""A database for the protocol: transactions that show nothing until they commit, and one advisory lock.

| word         | meaning                                                                                          |
|--------------|--------------------------------------------------------------------------------------------------|
| transaction  | has an id from its first write on; what it writes is seen by others once it commits (read committed) |
| position     | from a sequence: given at once, seen only after the commit, so a gap may fill up later                |
| session      | who holds locks: named like its node; a transaction's locks go with it, a session's when it ends       |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dslab.readmodels.locks.table import SESSION, LockTable
from dslab.sim import Future, World

KEY = (1, 0, 9)  # one projection, one version, one key
TRANSACTION = 1
NEVER = 1 << 40  # an id after all transactions


@dataclass(frozen=True)
class Event:
    """One event of the log."""

    name: str
    position: int
    transaction: int

    @property
    def order(self) -> tuple[int, int]:
        """Where it stands for a reader that goes by transaction id first."""
        return (self.transaction, self.position)

    def __str__(self) -> str:
        return self.name


class Database:
    """The log, the transactions, the lock. ``changed()`` is called after everything that others can see."""

    def __init__(self, world: World, changed: Callable[[], None]) -> None:
        self.world, self._changed = world, changed
        self.log: list[Event] = []
        self.running: dict[int, Transaction] = {}
        self.open: dict[str, Transaction] = {}  # by session
        self.locks = LockTable(self._granted)
        self.commits = 0  # of rebuilds, for the invariant on pauses
        self.waited: dict[str, int] = {}  # session to `commits` when it began to wait
        self.longest_wait = 0  # the most commits of a rebuild that one append waited through
        self._watched: list[tuple[int, Future]] = []
        self._parked: dict[str, Future] = {}
        self._ids = self._positions = 0

    def begin(self, session: str) -> Transaction:
        """Begin a transaction of a session."""
        transaction = self.open[session] = Transaction(self, session)
        return transaction

    def next_id(self) -> int:
        """Give the next transaction id."""
        self._ids += 1
        return self._ids

    def next_position(self) -> int:
        """Give the next position of the log's sequence."""
        self._positions += 1
        return self._positions

    def oldest_running(self) -> int:
        """Give the id of the oldest transaction that runs (``pg_snapshot_xmin``); an id after all where none does."""
        return min(self.running, default=NEVER)

    def by_position(self) -> list[Event]:
        """Give the committed events by position."""
        return sorted(self.log, key=lambda event: event.position)

    def by_transaction(self) -> list[Event]:
        """Give the committed events by transaction id, then position."""
        return sorted(self.log, key=lambda event: event.order)

    def committed(self) -> None:
        """Note that a rebuild has committed something."""
        self.commits += 1
        for since in self.waited.values():
            self.longest_wait = max(self.longest_wait, self.commits - since)
        self._changed()

    async def until_over(self, id: int) -> None:
        """Wait until no transaction with a smaller id runs."""
        if self.oldest_running() < id:
            future = Future(self.world, "the transactions that ran at the start")
            self._watched.append((id, future))
            await future

    def look_for_ends(self) -> None:
        """Wake those who wait for transactions to be over."""
        over = [entry for entry in self._watched if self.oldest_running() >= entry[0]]
        self._watched = [entry for entry in self._watched if entry not in over]
        for _, future in over:
            future.set()

    # -- the lock ---------------------------------------------------------------------------------------

    def holders(self) -> list[str]:
        """Give who holds the lock and who waits for it, in words."""
        return [
            f"{session} {mode if granted else f'waits for {mode}'}"
            for _, session, mode, granted in self.locks.rows()
        ]

    def held_exclusively(self) -> bool:
        """Say whether somebody has the lock in exclusive mode."""
        lock = self.locks.locks.get(KEY)
        return lock is not None and any("exclusive" in holding.modes() for holding in lock.holdings.values())

    def unlock(self, session: str, mode: str) -> None:
        """Give a session lock back; nothing if it is not held."""
        self.locks.release(session, KEY, mode)
        self._changed()

    def _granted(self, session: str) -> None:
        self.waited.pop(session, None)
        self._parked.pop(session).set()

    def end_session(self, session: str) -> None:
        """End a session: its transaction is rolled back, its locks are free."""
        if session in self._parked:
            del self._parked[session]
            self.waited.pop(session, None)
            self.locks.stop_waiting(session)
        if session in self.open:
            self.open[session].rollback()
        self.locks.release_scopes(session, SESSION)
        self._changed()


class Transaction:
    """One transaction: what it writes waits here until it commits."""

    def __init__(self, database: Database, session: str) -> None:
        self.database, self.session = database, session
        self.started_us = database.world.now
        self.id = 0  # until the first write
        self._writes: list[Callable[[], None]] = []

    def insert(self, name: str) -> Event:
        """Insert an event: its id and position are given now, and others see it after the commit."""
        database = self.database
        self.id = self.id or database.next_id()
        database.running[self.id] = self
        event = Event(name, database.next_position(), self.id)
        self.write(lambda: database.log.append(event))
        return event

    def write(self, change: Callable[[], None]) -> None:
        """Do ``change`` when this commits."""
        self._writes.append(change)

    def try_lock(self, mode: str, scope: str) -> bool:
        """Ask for the lock without waiting."""
        got = self.database.locks.acquire(self.session, KEY, mode, _level(scope), wait=False) == "granted"
        self.database._changed()
        return got

    async def lock(self, mode: str, scope: str) -> None:
        """Ask for the lock and wait for it."""
        database = self.database
        answer = database.locks.acquire(self.session, KEY, mode, _level(scope), wait=True)
        assert answer != "deadlock", "nobody here asks for more than one lock"
        if answer == "waits":
            future = database._parked[self.session] = Future(database.world, f"the {mode} lock")
            if mode == "shared":
                database.waited[self.session] = database.commits
            database._changed()
            await future
        database._changed()

    def commit(self) -> None:
        """Let everybody see what was written, and give back the transaction's locks."""
        for change in self._writes:
            change()
        self._end()

    def rollback(self) -> None:
        """Forget what was written, and give back the transaction's locks."""
        self._end()

    def _end(self) -> None:
        database = self.database
        self._writes = []
        database.running.pop(self.id, None)
        if database.open.get(self.session) is self:
            del database.open[self.session]
        database._changed()
        database.locks.release_scopes(self.session, TRANSACTION)
        database._changed()
        database.look_for_ends()


def _level(scope: str) -> int:
    return SESSION if scope == "session" else TRANSACTION

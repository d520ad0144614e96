"""Sessions that run statements against one lock table, in a time that only `LockServer.pass_time` moves.

| word      | meaning                                                                                               |
|-----------|-------------------------------------------------------------------------------------------------------|
| session   | one connection; runs one statement at a time                                                           |
| outcome   | what became of a statement: done (with its values and warnings), waits, or error (with its SQLSTATE)     |
| level     | 1 is the transaction, each savepoint adds one; transaction locks belong to the level they were taken at   |
| aborted   | an error ended the transaction's (or savepoint's) work: its transaction locks are gone at once            |
| timers    | of a statement that waits: statement_timeout, lock_timeout, and deadlock_timeout, which rings once       |
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dslab.readmodels.locks import deadlock
from dslab.readmodels.locks.sql import ALL, FUNCTIONS, TIMEOUTS, UNLOCKS, Call, Statement, parse
from dslab.readmodels.locks.table import SESSION, LockTable

ABORTED = ("25P02", "current transaction is aborted, commands ignored until end of transaction block")
DEADLOCK = ("40P01", "deadlock detected")
_OWN = {"exclusive": "ExclusiveLock", "shared": "ShareLock"}


@dataclass(frozen=True)
class Outcome:
    """What became of a statement. ``status``: "done", "waits" or "error".

    ``values``: of each call its result (None for a function that returns nothing, and for NULL). ``sqlstate`` and ``message``
    are empty unless it is an error; ``warnings`` are the texts of WARNINGs; ``at_ms`` is when it came to this.
    """

    session: str
    statement: str
    status: str
    values: tuple[bool | None, ...] = ()
    sqlstate: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()
    at_ms: int = 0

    @property
    def word(self) -> str:
        """The outcome in a word: waits, an SQLSTATE, or the last value: true, false, ok."""
        if self.status != "done":
            return self.sqlstate or self.status
        value = self.values[-1] if self.values else None
        return "ok" if value is None else str(value).lower()


@dataclass
class _Session:
    """A connection: its transaction levels, its settings, and the statement that it is at."""

    name: str
    levels: list[str] = field(
        default_factory=list
    )  # "" for the transaction, then the names of its savepoints
    saved: list[dict[str, int]] = field(default_factory=list)  # settings to go back to, one a level
    local: set[str] = field(default_factory=set)
    aborted: bool = False
    settings: dict[str, int] = field(default_factory=lambda: dict(TIMEOUTS))
    statement: str = ""
    calls: list[Call] = field(default_factory=list)  # still to do
    error: tuple[str, str] = ("", "")
    values: list[bool | None] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    started_ms: int = 0
    timers: dict[str, int] = field(default_factory=dict)  # name to when it rings


class LockServer:
    """PostgreSQL as far as advisory locks go. ``version`` is the major version: below 17 a try never overtakes a waiting request.

    `execute` runs a statement of a session (sessions open when first named) and gives its outcome at once, perhaps "waits".
    Statements of other sessions that ended meanwhile are in `take_ended`. Time stands still but for `pass_time`.
    """

    def __init__(self, version: int = 18) -> None:
        self.now_ms = 0
        self.table = LockTable(self._granted, version)
        self._sessions: dict[str, _Session] = {}
        self._ended: list[Outcome] = []
        self._woken: list[str] = []

    # -- what people call --------------------------------------------------------------------------------

    def execute(self, session: str, sql: str) -> Outcome:
        """Run one statement. RuntimeError where the session still waits; ValueError where the statement is not known here."""
        here = self._session(session)
        if session in self.table.waits:
            raise RuntimeError(
                f"{session} still waits in {here.statement!r}; let time pass, cancel it, or end the session"
            )
        statement = parse(sql)
        here.statement, here.values, here.warnings, here.calls = sql, [], [], []
        here.started_ms = self.now_ms
        outcome = (
            self._control(here, statement) if statement.kind != "calls" else self._begin(here, statement)
        )
        self._run_woken()
        return outcome

    def take_ended(self) -> list[Outcome]:
        """Give the statements that waited and have come to an end since the last time, in that order."""
        ended, self._ended = self._ended, []
        return ended

    def pass_time(self, ms: int) -> list[Outcome]:
        """Let ``ms`` milliseconds (at least 0) pass: timers ring in order. Gives `take_ended`."""
        if ms < 0:
            raise ValueError(f"{ms} ms cannot pass; time goes forward only")
        end = self.now_ms + ms
        while True:
            due = [
                (at, _RANK[timer], name, timer)
                for name, here in self._sessions.items()
                for timer, at in here.timers.items()
            ]
            due = [entry for entry in sorted(due) if entry[0] <= end]
            if not due:
                break
            self.now_ms, _, name, timer = due[0]
            self._ring(self._sessions[name], timer)
        self.now_ms = end
        return self.take_ended()

    def cancel(self, session: str) -> None:
        """Cancel the statement that a session waits in (pg_cancel_backend); nothing if it does not wait."""
        if session in self.table.waits:
            self._fail_waiting(self._session(session), "57014", "canceling statement due to user request")
            self._run_woken()

    def end(self, session: str) -> None:
        """End a session, whatever it is doing (it disconnects, or pg_terminate_backend): all it holds is given back."""
        here = self._session(session)
        if session in self.table.waits:
            self.table.stop_waiting(session)
            self._over(here, "error", "57P01", "terminating connection due to administrator command")
        self.table.release_scopes(session, SESSION)
        del self._sessions[session]
        self._run_woken()

    def waiting(self) -> list[str]:
        """Give the sessions that wait, in the order in which they opened."""
        return [name for name in self._sessions if name in self.table.waits]

    def locks(self) -> list[dict[str, object]]:
        """Give the rows of pg_locks: classid, objid, objsubid, session, mode (ShareLock, ExclusiveLock), granted."""
        return [
            {
                "classid": high,
                "objid": low,
                "objsubid": space,
                "session": session,
                "mode": _OWN[mode],
                "granted": granted,
            }
            for (space, high, low), session, mode, granted in self.table.rows()
        ]

    def in_transaction(self, session: str) -> str:
        """Give "idle", "in transaction" or "aborted"."""
        here = self._session(session)
        return "aborted" if here.aborted else "in transaction" if here.levels else "idle"

    # -- calls ---------------------------------------------------------------------------------------------

    def _session(self, name: str) -> _Session:
        return self._sessions.setdefault(name, _Session(name))

    def _begin(self, here: _Session, statement: Statement) -> Outcome:
        if here.aborted:
            return self._error(here, *ABORTED)
        if statement.error[0] == "42883":  # refused before anything runs
            return self._error(here, *statement.error)
        here.calls, here.error = list(statement.calls), statement.error
        return self._go_on(here)

    def _go_on(self, here: _Session) -> Outcome:
        """Do the calls that are left; stop where one has to wait."""
        while here.calls:
            call = here.calls.pop(0)
            answer = self._call(here, call)
            if answer == "waits":
                return self._start_waiting(here)
            if answer == "deadlock":
                return self._error(here, *DEADLOCK)
            here.values.append(answer)
        if here.error[0]:
            return self._error(here, *here.error)
        return self._done(here)

    def _call(self, here: _Session, call: Call) -> bool | str | None:
        if call.key is None:
            return None
        if call.function == ALL:
            self.table.release_scopes(here.name, SESSION, SESSION)
            return None
        if call.function in UNLOCKS:
            mode = UNLOCKS[call.function]
            if self.table.release(here.name, call.key, mode):
                return True
            here.warnings.append(f"you don't own a lock of type {_OWN[mode]}")
            return False
        wait, scope, mode = FUNCTIONS[call.function]
        level = SESSION if scope == "session" else max(1, len(here.levels))
        answer = self.table.acquire(here.name, call.key, mode, level, wait)
        if answer in ("waits", "deadlock"):
            return answer
        return None if wait else answer == "granted"

    def _start_waiting(self, here: _Session) -> Outcome:
        here.timers = {"deadlock_timeout": self.now_ms + here.settings["deadlock_timeout"]}
        if here.settings["lock_timeout"]:
            here.timers["lock_timeout"] = self.now_ms + here.settings["lock_timeout"]
        if here.settings["statement_timeout"]:
            here.timers["statement_timeout"] = here.started_ms + here.settings["statement_timeout"]
        return Outcome(here.name, here.statement, "waits", at_ms=self.now_ms, warnings=tuple(here.warnings))

    def _ring(self, here: _Session, timer: str) -> None:
        del here.timers[timer]
        if timer == "deadlock_timeout":
            if deadlock.resolve(self.table, here.name) == "hard":
                self._fail_waiting(here, *DEADLOCK)
        elif timer == "lock_timeout":
            self._fail_waiting(here, "55P03", "canceling statement due to lock timeout")
        else:
            self._fail_waiting(here, "57014", "canceling statement due to statement timeout")
        self._run_woken()

    def _granted(self, session: str) -> None:
        self._woken.append(session)

    def _run_woken(self) -> None:
        """Let those whose request was granted go on with their statements; each may wake others."""
        while self._woken:
            here = self._sessions[self._woken.pop(0)]
            here.timers.clear()
            here.values.append(None)
            outcome = self._go_on(here)
            if outcome.status != "waits":
                self._ended.append(outcome)

    def _fail_waiting(self, here: _Session, sqlstate: str, message: str) -> None:
        self.table.stop_waiting(here.name)
        self._ended.append(self._error(here, sqlstate, message))

    # -- ends of statements ----------------------------------------------------------------------------------

    def _over(self, here: _Session, status: str, sqlstate: str = "", message: str = "") -> Outcome:
        here.timers.clear()
        here.calls, here.error = [], ("", "")
        values = tuple(here.values) if status == "done" else ()
        outcome = Outcome(
            here.name, here.statement, status, values, sqlstate, message, tuple(here.warnings), self.now_ms
        )
        if sqlstate == "57P01":
            self._ended.append(outcome)
        return outcome

    def _done(self, here: _Session) -> Outcome:
        if not here.levels:  # a statement alone is a transaction
            self.table.release_scopes(here.name, 1)
        return self._over(here, "done")

    def _error(self, here: _Session, sqlstate: str, message: str) -> Outcome:
        """End a statement with an error: the level that it ran at is given up at once, also before anybody rolls back."""
        if not here.aborted:
            self.table.release_scopes(here.name, max(1, len(here.levels)))
            here.aborted = bool(here.levels)
        return self._over(here, "error", sqlstate, message)

    # -- transactions ----------------------------------------------------------------------------------------

    def _control(self, here: _Session, statement: Statement) -> Outcome:
        kind = statement.kind
        if here.aborted and kind not in ("commit", "rollback", "rollback to"):
            return self._error(here, *ABORTED)
        if kind == "begin":
            if here.levels:
                here.warnings.append("there is already a transaction in progress")
            else:
                here.levels, here.saved = [""], [dict(here.settings)]
        elif kind in ("commit", "rollback"):
            if statement.chain and not here.levels:
                words = f"{kind.upper()} AND CHAIN can only be used in transaction blocks"
                return self._error(here, "25P01", words)
            self._end_transaction(here, keep=kind == "commit" and not here.aborted)
            if statement.chain:
                here.levels, here.saved = [""], [dict(here.settings)]
        elif kind == "sleep":
            return self._sleep(here, statement.value_ms)
        elif kind == "reset all":
            here.settings = dict(TIMEOUTS)
        elif kind == "set":
            return self._set(here, statement)
        elif kind == "discard":
            return self._discard(here)
        else:
            return self._savepoint(here, statement)
        return self._over(here, "done")

    def _end_transaction(self, here: _Session, keep: bool) -> None:
        if not here.levels:
            here.warnings.append("there is no transaction in progress")
            return
        before = here.saved[0]
        if keep:
            here.settings.update({name: before[name] for name in here.local})
        else:
            here.settings = before
        here.levels, here.saved, here.local, here.aborted = [], [], set(), False
        self.table.release_scopes(here.name, 1)

    def _savepoint(self, here: _Session, statement: Statement) -> Outcome:
        words = {
            "savepoint": "SAVEPOINT",
            "rollback to": "ROLLBACK TO SAVEPOINT",
            "release": "RELEASE SAVEPOINT",
        }
        if not here.levels:
            return self._error(
                here, "25P01", f"{words[statement.kind]} can only be used in transaction blocks"
            )
        if statement.kind == "savepoint":
            here.levels.append(statement.name)
            here.saved.append(dict(here.settings))
            return self._over(here, "done")
        places = [place for place, name in enumerate(here.levels) if place and name == statement.name]
        if not places:
            return self._error(here, "3B001", f'savepoint "{statement.name}" does not exist')
        place = places[-1]
        if statement.kind == "rollback to":  # the savepoint itself stays, empty
            self.table.release_scopes(here.name, place + 1)
            here.settings = dict(here.saved[place])
            del here.levels[place + 1 :], here.saved[place + 1 :]
            here.aborted = False
        else:
            for level in range(len(here.levels), place, -1):
                self.table.hand_down(here.name, level)
            del here.levels[place:], here.saved[place:]
        return self._over(here, "done")

    def _set(self, here: _Session, statement: Statement) -> Outcome:
        if statement.local and not here.levels:
            here.warnings.append("SET LOCAL can only be used in transaction blocks")
            return self._over(here, "done")
        here.settings[statement.name] = statement.value_ms
        if statement.local:
            here.local.add(statement.name)
        else:
            here.local.discard(statement.name)
        return self._over(here, "done")

    def _sleep(self, here: _Session, ms: int) -> Outcome:
        most = here.settings["statement_timeout"]
        self._ended = self.pass_time(min(ms, most or ms))
        if most and ms > most:
            return self._error(here, "57014", "canceling statement due to statement timeout")
        return self._done(here)

    def _discard(self, here: _Session) -> Outcome:
        if here.levels:
            return self._error(here, "25001", "DISCARD ALL cannot run inside a transaction block")
        self.table.release_scopes(here.name, SESSION)
        here.settings = dict(TIMEOUTS)
        return self._over(here, "done")


_RANK = {
    "deadlock_timeout": 0,
    "lock_timeout": 1,
    "statement_timeout": 2,
}  # of timers that ring at the same moment

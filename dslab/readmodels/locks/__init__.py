"""PostgreSQL's advisory locks as a model: sessions run SQL statements, and each statement is done, waits, or fails.

| name            | what it is                                                                                        |
|-----------------|---------------------------------------------------------------------------------------------------|
| `LockServer`    | `execute(session, sql)` gives an `Outcome`; `pass_time(ms)`, `cancel`, `end`, `locks()`, `take_ended()`  |
| `Outcome`       | status "done", "waits" or "error", with values, warnings, SQLSTATE; `word` is all of it in a word      |
| `play`          | a whole matrix: a list of (session, statement) in, one `Played` a step out                           |
| `LockTable`     | the locks themselves, without SQL, for who writes a simulation                                       |

To drive it from a recorded matrix::

    from dslab.readmodels.locks import play

    for step in play([("A", "SELECT pg_advisory_lock(1)"),
                      ("B", "SELECT pg_advisory_lock(1)"),        # waits
                      ("A", "SELECT pg_advisory_unlock(1)")]):    # true; B's statement ends here
        print(step.session, step.statement, step.word, step.ended)

Which statements are known stands in `dslab.readmodels.locks.sql`. Besides them a matrix may hold these lines, which are no SQL:
``\\wait 1500`` (so many milliseconds pass; the session does not matter), ``\\cancel`` (the session's statement is cancelled) and
``\\end`` (the session disconnects or is terminated).

Between two steps ``gap_ms`` pass, more where the session of the next one still waits, and after the last one ``linger_ms``. They decide who is the victim of a deadlock: whoever has
waited for ``deadlock_timeout`` (1 s) looks once, and the first who looks while there is a cycle gets 40P01. One case is seen at
once: two holders of a shared lock that both ask for the exclusive one.

Left out: prepared transactions, procedures, parallel workers, the limit of the lock table, and locks of other kinds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dslab.readmodels.locks.server import LockServer, Outcome
from dslab.readmodels.locks.sql import key_of
from dslab.readmodels.locks.table import LockTable

__all__ = ["LockServer", "LockTable", "Outcome", "Played", "key_of", "play"]


@dataclass
class Played:
    """One step of a matrix: what it gave at once (``outcome``), and, if it waited, its ``end`` and the step during which it ended.

    ``ended`` are statements of other steps that came to their end during this one (or in the time before the next).
    ``end_step`` counts from 0; after the last step it is the number of steps. A line that is no SQL has no outcome.
    """

    session: str
    statement: str
    outcome: Outcome | None = None
    end: Outcome | None = None
    end_step: int | None = None
    ended: list[Outcome] = field(default_factory=list)
    settled_at_once: bool = False

    @property
    def word(self) -> str:
        """What it gave at once: "waits", "true", "false", "ok" or an SQLSTATE."""
        return self.outcome.word if self.outcome else "ok"

    @property
    def settled(self) -> str:
        """What was known of it before the next step began: its end, where that came in the time after the step."""
        return self.end.word if self.end and self.settled_at_once else self.word

    @property
    def final(self) -> str:
        """What became of it in the end; "waits" where it still waits."""
        return self.end.word if self.end else self.word


def play(
    matrix: Iterable[tuple[str, str]],
    gap_ms: int = 100,
    linger_ms: int = 0,
    patience_ms: int = 60_000,
    version: int = 18,
) -> list[Played]:
    """Run a matrix of (session, statement) on a fresh `LockServer`.

    A session that still waits when its next statement comes is given time until it does not: whoever recorded the matrix must
    have waited, too, say for a deadlock to be seen.

    Args:
        matrix: the statements in their order; sessions open when first named.
        gap_ms: how much time passes after each step, in milliseconds, from 0.
        linger_ms: how much passes after the last one, besides.
        patience_ms: the most time that a waiting session is given before its next statement.
        version: PostgreSQL's major version.

    Raises:
        RuntimeError: a session is given a statement while it waits, and goes on waiting.
        ValueError: a statement is not known here.
    """
    server, played, open_steps = LockServer(version), [], {}
    for number, (session, statement) in enumerate(matrix):
        if session in server.waiting() and not statement.startswith("\\"):
            _collect(_wait_for(server, session, patience_ms), played[-1], number - 1, open_steps)
        step = Played(session, statement)
        played.append(step)
        if not _command(server, session, statement):
            step.outcome = server.execute(session, statement)
            if step.outcome.status == "waits":
                open_steps[session] = step
        _collect(server.take_ended() + server.pass_time(gap_ms), step, number, open_steps)
    if played:
        _collect(server.pass_time(linger_ms), Played("", ""), len(played), open_steps)
    return played


def _wait_for(server: LockServer, session: str, patience_ms: int) -> list[Outcome]:
    """Let time pass until a session waits no more, or until patience is over; gives what ended meanwhile."""
    ended: list[Outcome] = []
    for _ in range(0, patience_ms, 10):
        if session not in server.waiting():
            break
        ended += server.pass_time(10)
    return ended


def _command(server: LockServer, session: str, line: str) -> bool:
    """Do a line that is no SQL; False where it is SQL."""
    words = line.split()
    if not line.startswith("\\"):
        return False
    if words[0] == "\\wait" and len(words) == 2 and words[1].isdigit():
        server._ended = server.pass_time(int(words[1]))
    elif words == ["\\cancel"]:
        server.cancel(session)
    elif words == ["\\end"]:
        server.end(session)
    else:
        raise ValueError(f"{line!r} is none of \\wait MILLISECONDS, \\cancel and \\end")
    return True


def _collect(ended: list[Outcome], step: Played, number: int, open_steps: dict[str, Played]) -> None:
    step.ended += ended
    for outcome in ended:
        waited = open_steps.pop(outcome.session)
        waited.end, waited.end_step, waited.settled_at_once = outcome, number, waited is step

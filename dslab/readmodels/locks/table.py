"""The lock table: who holds which key in which mode, who waits for it, and who is woken when something is given back.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| key        | ``(space, high, low)``: space 1 is one bigint, cut into two halves; space 2 is two ints; never the same key |
| mode       | "shared" or "exclusive"; only shared goes with shared                                                |
| holding    | what one session holds of one key: how often in each mode, for the session and for each transaction level |
| scope      | whom a holding belongs to: 0 the session; 1 the transaction, 2 its first savepoint, 3 the next ...    |
| queue      | who waits for a key, in the order in which they will be asked again                                   |
| early deadlock | a request that can be refused at once: it and somebody in the queue wait for each other           |

A request is granted when it stands against nothing that others hold and nothing that others wait for; what one holds
oneself never stands in one's way. Who holds what a waiting request is waiting for goes into the queue before that request.
This is how ``LockAcquire``, ``JoinWaitQueue`` and ``ProcLockWakeup`` of PostgreSQL 18 behave for advisory locks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Key = tuple[int, int, int]
MODES = ("shared", "exclusive")
SESSION = 0  # the scope of what belongs to the session
NO_WAIT_OVERTAKES = (
    17  # from this major version on a try may go before a waiting request that waits for itself
)


def conflict(one: str, other: str) -> bool:
    """Say whether two modes exclude each other."""
    return one == "exclusive" or other == "exclusive"


@dataclass
class Holding:
    """What one session holds of one key: ``counts[mode][scope]`` is how often it took it."""

    counts: dict[str, dict[int, int]] = field(default_factory=lambda: {mode: {} for mode in MODES})

    def modes(self) -> list[str]:
        """Give the modes that are held at all."""
        return [mode for mode in MODES if self.counts[mode]]

    def add(self, mode: str, scope: int) -> None:
        """Take it once more."""
        self.counts[mode][scope] = self.counts[mode].get(scope, 0) + 1

    def remove(self, mode: str, scope: int) -> bool:
        """Give it back once; False where it is not held in this mode for this scope."""
        held = self.counts[mode]
        if scope not in held:
            return False
        held[scope] -= 1
        if not held[scope]:
            del held[scope]
        return True


@dataclass
class Waiting:
    """A request in a queue."""

    session: str
    mode: str
    scope: int


@dataclass
class Lock:
    """One key: its holdings by session, in order of first granting, and its queue."""

    holdings: dict[str, Holding] = field(default_factory=dict)
    queue: list[Waiting] = field(default_factory=list)

    def held_against(self, session: str, mode: str) -> list[str]:
        """Give the other sessions whose holdings stand against a request."""
        return [
            other
            for other, holding in self.holdings.items()
            if other != session and any(conflict(mode, held) for held in holding.modes())
        ]

    def modes_of(self, session: str) -> list[str]:
        """Give the modes in which a session holds this key."""
        return self.holdings[session].modes() if session in self.holdings else []


class LockTable:
    """All keys. ``granted(session)`` is called for each waiting request that is granted. ``version``: of PostgreSQL."""

    def __init__(self, granted: Callable[[str], None], version: int = 18) -> None:
        self.locks: dict[Key, Lock] = {}
        self.waits: dict[str, Key] = {}  # session to the key it waits for
        self.version = version
        self._granted = granted

    # [acquire] one request: granted, refused, or put into the queue
    def acquire(self, session: str, key: Key, mode: str, scope: int, wait: bool) -> str:
        """Ask for a key; gives "granted", "refused" (``wait`` is False), "waits", or "deadlock" (seen at once)."""
        lock = self.locks.setdefault(key, Lock())
        again = mode in lock.modes_of(session)
        asked_before = any(conflict(mode, waiting.mode) for waiting in lock.queue)
        if again or not (asked_before or lock.held_against(session, mode)):
            return self._grant(lock, session, mode, scope)
        if not wait and self.version < NO_WAIT_OVERTAKES:
            return "refused"
        return self._join(lock, key, Waiting(session, mode, scope), wait)

    # [/acquire]
    # [join] a place in the queue: the end, or before the first request that waits for what the newcomer holds
    def _join(self, lock: Lock, key: Key, new: Waiting, wait: bool) -> str:
        mine, ahead = lock.modes_of(new.session), []
        place = len(lock.queue)
        for number, other in enumerate(lock.queue):
            if any(conflict(other.mode, held) for held in mine):
                if any(conflict(new.mode, held) for held in lock.modes_of(other.session)):
                    return "deadlock" if wait else "refused"
                if not any(conflict(new.mode, mode) for mode in ahead) and not lock.held_against(
                    new.session, new.mode
                ):
                    return self._grant(lock, new.session, new.mode, new.scope)
                place = number
                break
            ahead.append(other.mode)
        if not wait:
            self._tidy(key)
            return "refused"
        lock.queue.insert(place, new)
        self.waits[new.session] = key
        return "waits"

    # [/join]
    def _grant(self, lock: Lock, session: str, mode: str, scope: int) -> str:
        lock.holdings.setdefault(session, Holding()).add(mode, scope)
        return "granted"

    def release(self, session: str, key: Key, mode: str, scope: int = SESSION) -> bool:
        """Give a key back once; False where ``session`` does not hold it in this mode for this scope."""
        lock = self.locks.get(key)
        holding = lock.holdings.get(session) if lock else None
        if holding is None or not holding.remove(mode, scope):
            return False
        self._settle(key)
        return True

    def release_scopes(self, session: str, least: int, most: int | None = None) -> None:
        """Give back all that ``session`` holds for the scopes ``least`` to ``most`` (None: and above)."""
        touched = []
        for key, lock in self.locks.items():
            holding = lock.holdings.get(session)
            if holding is None:
                continue
            for counts in holding.counts.values():
                gone = [scope for scope in counts if scope >= least and (most is None or scope <= most)]
                touched += [key] if gone else []
                for scope in gone:
                    del counts[scope]
        for key in dict.fromkeys(touched):
            self._settle(key)

    def hand_down(self, session: str, scope: int) -> None:
        """Let what belongs to a savepoint belong to the level below it: the savepoint was released."""
        for lock in self.locks.values():
            if session in lock.holdings:
                for counts in lock.holdings[session].counts.values():
                    if scope in counts:
                        counts[scope - 1] = counts.get(scope - 1, 0) + counts.pop(scope)

    def stop_waiting(self, session: str) -> None:
        """Take a session out of its queue; whom only it kept waiting is granted."""
        key = self.waits.pop(session)
        lock = self.locks[key]
        lock.queue = [waiting for waiting in lock.queue if waiting.session != session]
        self._settle(key)

    def _settle(self, key: Key) -> None:
        lock = self.locks[key]
        for session in [name for name, holding in lock.holdings.items() if not holding.modes()]:
            del lock.holdings[session]
        self.wake(key)
        self._tidy(key)

    # [wake] who may go on: whoever stands against no holder and against nobody before it in the queue
    def wake(self, key: Key) -> None:
        """Ask the queue of ``key`` again, from its head."""
        lock, ahead = self.locks[key], []
        for waiting in list(lock.queue):
            blocked = any(conflict(waiting.mode, mode) for mode in ahead)
            if blocked or lock.held_against(waiting.session, waiting.mode):
                ahead.append(waiting.mode)
                continue
            lock.queue.remove(waiting)
            del self.waits[waiting.session]
            self._grant(lock, waiting.session, waiting.mode, waiting.scope)
            self._granted(waiting.session)

    # [/wake]
    def _tidy(self, key: Key) -> None:
        lock = self.locks.get(key)
        if lock is not None and not lock.holdings and not lock.queue:
            del self.locks[key]

    def rows(self) -> list[tuple[Key, str, str, bool]]:
        """Give (key, session, mode, granted) as pg_locks lists them: holders first, then the queue in its order."""
        found = []
        for key in sorted(self.locks):
            lock = self.locks[key]
            found += [
                (key, session, mode, True) for session, held in lock.holdings.items() for mode in held.modes()
            ]
            found += [(key, waiting.session, waiting.mode, False) for waiting in lock.queue]
        return found

"""The lock matrices that model and server must agree on, case by case: small plays of two or three sessions.

A line is ``session statement``; statements in short: ``X 1`` stands for ``SELECT pg_advisory_lock(1)`` and so on (see `SHORT`).
"""

from __future__ import annotations

import re

SHORT = {
    "X": "pg_advisory_lock", "S": "pg_advisory_lock_shared", "XX": "pg_advisory_xact_lock", "XS": "pg_advisory_xact_lock_shared",
    "TX": "pg_try_advisory_lock", "TS": "pg_try_advisory_lock_shared", "TXX": "pg_try_advisory_xact_lock",
    "TXS": "pg_try_advisory_xact_lock_shared", "UX": "pg_advisory_unlock", "US": "pg_advisory_unlock_shared",
}  # fmt: skip

_TEXTS = {
    "shared goes with shared": "A S 1; B TS 1; C TX 1; A US 1; C TX 1; B US 1; C TX 1",
    "exclusive goes with nothing": "A X 1; B TS 1; B TX 1; A UX 1; B TX 1; A TS 1",
    "a try gives false and changes nothing": "A X 1; B TX 1; B UX 1; A UX 1; B TX 1; B UX 1",
    "session locks stack": "A X 1; A X 1; A UX 1; B TX 1; A UX 1; B TX 1",
    "modes stack apart": "A S 1; A X 1; B TS 1; A UX 1; B TS 1; B TX 1; A US 1; B US 1; B TX 1",
    "unlock of what is not held": "A UX 1; A US 1; A S 1; A UX 1; A US 1; A US 1",
    "unlock of somebody else's lock": "A X 1; B UX 1; B TX 1",
    "two key spaces": "A X 1; B TX 0,1; B TX 1,0; C TX 0,1; C TX 1",
    "halves of a bigint are not two ints": "A X 4294967298; B TX 1,2; C TX 4294967298; C TX 4294967297",
    "negative keys": "A X -1; B TX -1; B TX 4294967295; B TX -1,-1; C TX 9223372036854775807; C TX -9223372036854775808",
    "an argument that is no key": "A X 9223372036854775808; A X 1,2147483648; A SELECT pg_advisory_lock(1,2,3); A TX null; B TX 1",
    "transaction locks end with COMMIT": "A BEGIN; A XX 1; B TX 1; A COMMIT; B TX 1",
    "transaction locks end with ROLLBACK": "A BEGIN; A XS 1; B TX 1; A ROLLBACK; B TX 1",
    "alone, a statement is a transaction": "A XX 1; B TX 1; B UX 1; A TXX 1; B TX 1",
    "session locks survive ROLLBACK": "A BEGIN; A X 1; A ROLLBACK; B TX 1; A UX 1; B TX 1",
    "an unlock is not rolled back": "A X 1; A BEGIN; A UX 1; A ROLLBACK; B TX 1",
    "unlock does not reach transaction locks": "A BEGIN; A XX 1; A UX 1; B TX 1; A COMMIT; B TX 1",
    "both scopes of one key": "A X 1; A BEGIN; A XX 1; A UX 1; B TX 1; A COMMIT; B TX 1",
    "session lock outlives the transaction lock": "A BEGIN; A XX 1; A X 1; A COMMIT; B TX 1; A UX 1; B TX 1",
    "unlock_all spares transaction locks": (
        "A X 1; A X 1; A S 2; A BEGIN; A XX 3; A SELECT pg_advisory_unlock_all(); B TX 1; B TX 2; B TX 3; A COMMIT; B TX 3"
    ),
    "DISCARD ALL gives session locks back": "A X 1; A BEGIN; A DISCARD ALL; A ROLLBACK; A DISCARD ALL; B TX 1",
    "a session's end gives all back": "A X 1; A X 1; A BEGIN; A XX 2; B X 1; C TX 2; A \\end; C TX 2",
    "an error gives transaction locks back at once": "A BEGIN; A XX 1; A X 2; A SELECT 1/0; B TX 1; B TX 2; A TX 3; A ROLLBACK; A UX 2",
    "COMMIT after an error": "A BEGIN; A XX 1; A SELECT 1/0; A COMMIT; A COMMIT; B TX 1",
    "rollback to a savepoint": "A BEGIN; A XX 1; A SAVEPOINT s; A XX 2; A X 3; A ROLLBACK TO s; B TX 1; B TX 2; B TX 3; A COMMIT; B TX 1",
    "taken before and after a savepoint": "A BEGIN; A XX 1; A SAVEPOINT s; A XX 1; A ROLLBACK TO s; B TX 1; A COMMIT; B TX 1",
    "release of a savepoint keeps its locks": "A BEGIN; A SAVEPOINT s; A XX 1; A RELEASE s; B TX 1; A ROLLBACK; B TX 1",
    "released savepoint inside another": (
        "A BEGIN; A SAVEPOINT s; A SAVEPOINT t; A XX 1; A RELEASE t; B TX 1; A ROLLBACK TO s; B TX 1; A COMMIT"
    ),
    "savepoints of one name": "A BEGIN; A SAVEPOINT s; A XX 1; A SAVEPOINT s; A XX 2; A ROLLBACK TO s; B TX 1; B TX 2; A RELEASE s; A ROLLBACK TO s; B TX 1",
    "rollback to a savepoint, twice": "A BEGIN; A SAVEPOINT s; A XX 1; A ROLLBACK TO s; A XX 2; B TX 1; A ROLLBACK TO s; B TX 2; A COMMIT",
    "an error behind a savepoint": "A BEGIN; A XX 1; A SAVEPOINT s; A XX 2; A SELECT 1/0; B TX 1; B TX 2; A ROLLBACK TO s; A TX 4; A COMMIT; B TX 1",
    "savepoint errors": "A SAVEPOINT s; A BEGIN; A ROLLBACK TO t; A SELECT 1; A ROLLBACK; A RELEASE s; A ROLLBACK TO s",
    "shared level of the scopes": "A BEGIN; A XS 1; A SAVEPOINT s; A XX 1; B TS 1; A ROLLBACK TO s; B TS 1; B TX 1; A COMMIT",
    "a waiting exclusive lets no later shared pass": "A S 1; B X 1; C TS 1; C S 1; A US 1; B UX 1; C US 1",
    "the holder may take it again past the queue": "A S 1; B X 1; A S 1; A TS 1; A US 1; A US 1; A US 1; B UX 1",
    "the queue is first come, first served": "A X 1; B X 1; C X 1; A UX 1; B UX 1; C UX 1",
    "shared ones are woken together": "A X 1; B S 1; C S 1; A UX 1; A TX 1; B US 1; C US 1; A TX 1",
    "shared ones behind an exclusive wait on": "A S 1; B X 1; C S 1; D S 1; A US 1; B UX 1; C US 1; D US 1",
    "an upgrade waits for the others only": "A S 1; B S 1; A X 1; B US 1; B TS 1; A UX 1; B TS 1",
    "an upgrade goes before the queue": "A S 1; B X 1; A X 1; A UX 1; A US 1; B UX 1",
    "a try upgrades past the queue": "A S 1; B X 1; A TX 1; A UX 1; A US 1; B UX 1",
    "an upgrade takes its place before the waiting": "A S 1; C S 1; B X 1; A X 1; C US 1; A UX 1; A US 1; B UX 1",
    "a waiter that gives up lets others pass": "A S 1; B X 1; C S 1; B \\cancel; C US 1; B TX 1",
    "a waiter that dies lets others pass": "A S 1; B X 1; C S 1; B \\end; C US 1",
    "lock_timeout": "A X 1; B SET lock_timeout = '50ms'; B X 1; B TX 1; B BEGIN; B XX 2; B XX 1; C TX 2; B ROLLBACK",
    "statement_timeout": "A X 1; B SET statement_timeout = '50ms'; B X 1; A UX 1; B TX 1",
    "the shorter timeout wins": "A X 1; B SET lock_timeout = 80; B SET statement_timeout = 40; B X 1; B SET statement_timeout = 400; B X 1",
    "SET LOCAL ends with the transaction": "A X 1; B BEGIN; B SET LOCAL lock_timeout = 40; B X 1; B ROLLBACK; B X 1; A UX 1; B UX 1",
    "a rolled back SET": "A X 1; B BEGIN; B SET lock_timeout = 40; B ROLLBACK; B X 1; A UX 1",
    "SET behind a savepoint": "A X 1; B BEGIN; B SAVEPOINT s; B SET lock_timeout = 40; B ROLLBACK TO s; B X 1; A UX 1; B COMMIT; B UX 1",
    "two calls in one statement": "B X 2; A SELECT pg_advisory_lock(1), pg_try_advisory_lock(2), pg_advisory_unlock(1); B TX 1; A UX 1",
    "a statement that waits in the middle": "B X 2; A SELECT pg_advisory_lock(1), pg_advisory_lock(2), pg_try_advisory_lock(3); C TX 1; B UX 2; C TX 3",
    "an error keeps the session locks of its statement": (
        "B X 2; A SET lock_timeout = 40; A SELECT pg_advisory_lock(1), pg_advisory_lock(2); B TX 1; A UX 1; B TX 1"
    ),
    "two exclusives, two keys: deadlock": "A X 1; B X 2; A X 2; B X 1; \\wait 1200; A UX 1; B UX 2",
    "in transactions the victim's locks free the other": "A BEGIN; A XX 1; B BEGIN; B XX 2; A XX 2; B XX 1; \\wait 1200; A ROLLBACK; B COMMIT",
    "two upgrades: deadlock at once": "A S 1; B S 1; A X 1; B X 1; B US 1; A UX 1; A US 1",
    "two upgrades, one tries": "A S 1; B S 1; A X 1; B TX 1; B US 1; A UX 1",
    "three in a ring": "A X 1; B X 2; C X 3; A X 2; B X 3; C X 1; \\wait 1200",
    "a queue is put into another order": "A X 2; C S 1; B X 1; A S 1; C X 2; \\wait 1200; A UX 2; C US 1; A US 1; B UX 1",
    "who looked already does not look again": "A X 1; B X 2; A X 2; \\wait 1300; B X 1; \\wait 1300; B UX 2",
    "deadlock_timeout of one's own": "A X 1; B X 2; B SET deadlock_timeout = '100ms'; A X 2; B X 1; \\wait 600; B UX 2",
    "a savepoint outlives the deadlock": (
        "A BEGIN; A XX 1; A SAVEPOINT s; B BEGIN; B XX 2; A XX 2; B XX 1; \\wait 1200; A ROLLBACK TO s; C TX 1; A COMMIT; B COMMIT"
    ),
    "many calls in one statement": (
        "A SELECT pg_advisory_lock(1) FROM generate_series(1, 3); A UX 1; A UX 1; B TX 1; A UX 1; B TX 1"
    ),
    "a name hashed to a key": (
        "A SELECT pg_advisory_lock(hashtext('orders')); B SELECT pg_try_advisory_lock(hashtext('orders')); "
        "B SELECT pg_try_advisory_lock(hashtext('payments')); A SELECT pg_advisory_unlock(hashtext('orders'))"
    ),
    "COMMIT AND CHAIN": "A BEGIN; A XX 1; A COMMIT AND CHAIN; B TX 1; A XX 2; A ROLLBACK AND CHAIN; B TX 2; A XX 3; A COMMIT; B TX 3; A COMMIT AND CHAIN",
    "RESET ALL": "A X 1; B SET lock_timeout = 40; B RESET ALL; B X 1; A UX 1; B UX 1",
    "a sleeper in a transaction": "A BEGIN; A XX 1; A SELECT pg_sleep(0.01); B TX 1; A COMMIT; B TX 1",
    "BEGIN in a transaction, COMMIT outside": "A COMMIT; A BEGIN; A BEGIN; A XX 1; A COMMIT; A ROLLBACK; B TX 1",
    "a try in a transaction": "A BEGIN; A TXS 1; B TXX 1; B TXS 1; A COMMIT; B BEGIN; B TXX 1; A TXS 1; B ROLLBACK; A TXX 1",
}


def statement(text: str) -> str:
    """Write a statement in full: ``X 1`` becomes ``SELECT pg_advisory_lock(1)``; others stay as they are."""
    found = re.fullmatch(r"(\w+) ([-\d,]+|null)", text)
    return f"SELECT {SHORT[found[1]]}({found[2]})" if found and found[1] in SHORT else text


def _lines(text: str) -> tuple[tuple[str, str], ...]:
    lines = []
    for line in text.split("; "):
        session, _, rest = ("", "", line) if line.startswith("\\") else line.partition(" ")
        lines.append((session, statement(rest)))
    return tuple(lines)


CASES: dict[str, tuple[tuple[str, str], ...]] = {name: _lines(text) for name, text in _TEXTS.items()}

"""Deadlocks among advisory locks: cycles of waiting, and queues that can be put into another order to undo them.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| hard edge  | one session waits for another that holds what it needs: only the holder can end that                  |
| soft edge  | one session waits for another that merely stands before it in a queue: another order would end that   |
| constraint | "this one before that one": a soft edge turned round                                                  |
| verdict    | "none", "soft" (the queues were put into another order), or "hard": somebody must be refused          |

Who has waited for ``deadlock_timeout`` looks once for a cycle through itself. A cycle of hard edges only is a deadlock, and the
session that looks is the one that gets error 40P01. A cycle with a soft edge in it is undone by turning that edge round, if
this makes no other cycle. PostgreSQL does the same (``deadlock.c``); this is the idea written anew, not its code.
"""

from __future__ import annotations

from dslab.readmodels.locks.table import Key, LockTable, Waiting, conflict

Edge = tuple[str, str]  # who waits, for whom
Orders = dict[Key, list[Waiting]]


def resolve(table: LockTable, session: str) -> str:
    """Look for a deadlock through ``session`` and undo a soft one; gives "none", "soft" or "hard"."""
    orders = _search(table, session, [])
    if orders is None:
        return "hard"
    for key, queue in orders.items():
        table.locks[key].queue = queue
    for key in orders:
        table.wake(key)
    return "soft" if orders else "none"


def _search(table: LockTable, session: str, constraints: list[Edge]) -> Orders | None:
    """Give the orders of queues under which no cycle is left, {} where none has to change, None where nothing helps."""
    orders = _orders(table, constraints)
    if orders is None:
        return None
    soft: list[Edge] = []
    for start in [*(name for edge in constraints for name in edge), session]:
        cycle = _cycle(table, orders, start)
        if cycle is not None:
            soft = [edge for edge, is_soft in cycle if is_soft]
            if not soft:
                return None
    if not soft:
        return orders
    for edge in soft:
        found = _search(table, session, [*constraints, edge]) if edge not in constraints else None
        if found is not None:
            return found
    return None


def _orders(table: LockTable, constraints: list[Edge]) -> Orders | None:
    """Put the queues into an order that meets all constraints and changes as little as possible; None where none does."""
    orders: Orders = {}
    for key in dict.fromkeys(table.waits[first] for first, _ in constraints):
        left, ordered = list(table.locks[key].queue), []
        while left:  # from the end of the queue: the last that nobody left must stand behind
            last = next(
                (
                    w
                    for w in reversed(left)
                    if not any(w.session == a and _waits(left, b) for a, b in constraints)
                ),
                None,
            )
            if last is None:
                return None
            left.remove(last)
            ordered.insert(0, last)
        orders[key] = ordered
    return orders


def _waits(queue: list[Waiting], session: str) -> bool:
    return any(waiting.session == session for waiting in queue)


def _cycle(table: LockTable, orders: Orders, start: str) -> list[tuple[Edge, bool]] | None:
    """Give the edges of a cycle from ``start`` back to itself, each with whether it is soft; None where there is none."""
    seen: set[str] = set()

    def walk(session: str) -> list[tuple[Edge, bool]] | None:
        if session in seen:
            return [] if session == start else None
        seen.add(session)
        if session not in table.waits:
            return None
        for other, is_soft in _edges(table, orders, session):
            rest = walk(other)
            if rest is not None:
                return [((session, other), is_soft), *rest]
        return None

    return walk(start)


def _edges(table: LockTable, orders: Orders, session: str) -> list[tuple[str, bool]]:
    """Give for whom a waiting session waits: holders first, then those before it in the queue, each with whether it is soft."""
    key = table.waits[session]
    lock, queue = table.locks[key], orders.get(key, table.locks[key].queue)
    place = next(number for number, waiting in enumerate(queue) if waiting.session == session)
    mode = queue[place].mode
    hard = [(other, False) for other in lock.held_against(session, mode)]
    return hard + [(other.session, True) for other in queue[:place] if conflict(mode, other.mode)]

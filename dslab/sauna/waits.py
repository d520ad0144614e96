"""Waits-for graphs: who waits for whom, and whether that will end.

| word    | meaning                                                                                             |
|---------|-----------------------------------------------------------------------------------------------------|
| edge    | from one who waits to one who could end the waiting; any one of its edges is enough                   |
| moving  | from here an edge leads, at last, to somebody who goes on by itself: a clocked person                  |
| chain   | the edges lead to somebody who has not come yet (`NEXT_ARRIVAL`): it goes on if somebody comes          |
| cycle   | the edges lead nowhere but back: nothing that anybody inside or at the door does ends it                |

A seat is held by everybody inside, and any of them can give it free; so waiting for a seat is an edge to each. With such
edges a single circle is no deadlock yet: a *knot* is, a set of waiting people with no edge that leads out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

NEXT_ARRIVAL = "whoever comes next"


def reach(edges: Mapping[str, Iterable[str]], start: str) -> set[str]:
    """Give everybody whom the edges lead to from ``start``, itself excluded unless they lead back."""
    found: set[str] = set()
    todo = list(edges.get(start, ()))
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo.extend(edges.get(one, ()))
    return found


def fate(edges: Mapping[str, Iterable[str]], start: str) -> str:
    """Say how the waiting of ``start`` ends: "moving", "chain" or "cycle" (see the table above).

    ``edges`` maps each one who waits to those who could end it; who is no key of it goes on by itself.
    """
    seen = reach(edges, start)
    ends = {one for one in seen if one not in edges}
    if start not in edges or ends - {NEXT_ARRIVAL}:
        return "moving"
    return "chain" if NEXT_ARRIVAL in ends else "cycle"


def verdict(edges: Mapping[str, Iterable[str]]) -> str:
    """Give the worst fate of all who wait: "cycle" before "chain" before "moving" ("empty" where nobody waits)."""
    fates = {fate(edges, one) for one in edges}
    return next((word for word in ("cycle", "chain", "moving") if word in fates), "empty")


def knot(edges: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Give those who wait for each other in a circle that nothing leads out of, in order; empty where there is none."""
    return tuple(one for one in edges if fate(edges, one) == "cycle" and one in reach(edges, one))


def circle(edges: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Give one shortest circle within the `knot`, for people to read; empty where there is none."""
    best: tuple[str, ...] = ()
    for start in knot(edges):
        ways = [(start,)]
        seen = {start}
        while ways:
            way = ways.pop(0)
            if start in edges[way[-1]]:
                if not best or len(way) < len(best):
                    best = way
                break
            for one in edges[way[-1]]:
                if one not in seen:
                    seen.add(one)
                    ways.append((*way, one))
    return best

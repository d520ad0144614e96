"""Logical clocks: what an event can know of the order of things without a shared clock.

| clock  | what it says                                                                                        | source |
|--------|-----------------------------------------------------------------------------------------------------|--------|
| Lamport | a number; if a happened before b then a's is smaller (the converse does not hold)                    | Lamport 1978 |
| vector | a counter for each lane; a happened before b exactly when a's is smaller or equal everywhere and differs | Fidge, Mattern 1988 |
| hybrid | (physical microseconds, counter): as Lamport's, and never far from the fastest wall clock            | Kulkarni et al. 2014 |
"""

from __future__ import annotations

from typing import Any


def stamp(events: list[dict[str, Any]], id: int, wall_us: int) -> None:
    """Give event ``id`` its three clocks from those of its causes; ``wall_us`` is what its node's own clock shows."""
    event = events[id]
    causes = [events[cause]["clocks"] for cause in event["causes"]]
    vector = merged(*(known["vector"] for known in causes))
    vector[event["lane"]] = vector.get(event["lane"], 0) + 1
    event["clocks"] = {
        "lamport": 1 + max((known["lamport"] for known in causes), default=0),
        "vector": vector,
        "hlc": hybrid([tuple(known["hlc"]) for known in causes], wall_us),
    }


def merged(*clocks: dict[str, int]) -> dict[str, int]:
    """Give the vector clock that knows all that ``clocks`` know: for each lane the largest count."""
    known: dict[str, int] = {}
    for clock in clocks:
        for lane, count in clock.items():
            if count > known.get(lane, 0):
                known[lane] = count
    return known


def hybrid(causes: list[tuple[int, int]], wall_us: int) -> list[int]:
    """Give the hybrid logical clock after ``causes`` on a node whose wall clock shows ``wall_us``: [physical, counter]."""
    physical, counter = max(causes, default=(wall_us - 1, 0))
    return [wall_us, 0] if wall_us > physical else [physical, counter + 1]


def happened_before(a: dict[str, int], b: dict[str, int]) -> bool:
    """Say whether the event with vector clock ``a`` happened before the one with ``b`` (absent lanes count 0)."""
    return at_most(a, b) and not at_most(b, a)


def concurrent(a: dict[str, int], b: dict[str, int]) -> bool:
    """Say whether neither of two events, given by their vector clocks, happened before the other, nor are they one."""
    return not at_most(a, b) and not at_most(b, a)


def at_most(a: dict[str, int], b: dict[str, int]) -> bool:
    """Say whether vector clock ``a`` is at most ``b`` everywhere (absent lanes count 0)."""
    return all(count <= b.get(lane, 0) for lane, count in a.items())

"""Who vouches for whom: supervision graphs, their two fixed points, and how long a total outage stays green.

| word            | meaning                                                                                        |
|-----------------|------------------------------------------------------------------------------------------------|
| probe           | a ministry's own look at itself                                                                  |
| supervisor      | one whose health is taken as evidence for another's                                                |
| rule            | healthy if my probe says so, or if somebody who vouches for me is healthy                           |
| least fixed point | what the rule gives from "nothing is known": only what a probe supports                           |
| greatest fixed point | what it gives from "all is well": also what supports itself in a circle                         |

It is the shape of count-to-infinity in distance-vector routing: a route that is learned from somebody who learned it from
you. The cures are the same: carry the path, or the time of the origin; or put a root outside the circle.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from dslab.sim import Metric, Result, Series

EVIDENCE = ("relayed", "hop count", "path", "origin time")
_EVIDENCE = {
    "relayed": "relayed evidence",
    "hop count": "a hop count",
    "path": "the path of the evidence",
    "origin time": "the time of each ministry's own probe",
}
Edge = tuple[int, int]  # supervisor, ministry
INFINITY = 16  # hops, as in RIP


def ring(ministries: int) -> tuple[tuple[int, int], ...]:
    """Give the edges (supervisor, ministry) of a ring."""
    return tuple((place, (place + 1) % ministries) for place in range(ministries))


# [settle] the same rule, from two starts
def settle(probes: Sequence[bool], edges: Iterable[Edge], start: bool) -> tuple[bool, ...]:
    """Apply "my probe, or somebody who vouches for me" until nothing changes, from all healthy or from nothing known."""
    edges, state = tuple(edges), [start] * len(probes)
    while True:
        vouched = [any(state[a] for a, b in edges if b == me) for me in range(len(probes))]
        new = [probe or other for probe, other in zip(probes, vouched, strict=True)]
        if new == state:
            return tuple(state)
        state = new


# [/settle]
def rounds_until_dark(ministries: int, evidence: str = "relayed", lease_rounds: int = 3) -> float:
    """Give after how many rounds the last green light of a total outage goes dark, in closed form (inf: never)."""
    return {
        "relayed": math.inf,
        "hop count": float(INFINITY),
        "path": float(ministries),
        "origin time": float(lease_rounds),
    }[evidence]


def outage(
    ministries: int = 9,
    stopped: int = 9,
    evidence: str = "relayed",
    lease_rounds: int = 3,
    cut: bool = False,
    rounds: int = 24,
) -> Result:
    """Stop some ministries of a ring and watch the board.

    ``ministries``: 2 to 12 in a ring, the last of which vouches for the first unless ``cut``. ``stopped``: how many stop at once, 0 to
    ``ministries``, the middle one first, then those after it. ``evidence``: one of `EVIDENCE`. ``lease_rounds``: 1 to 12. Metrics: ``green`` (lights at the end), ``false_green``,
    ``dark_after`` (rounds until no light is false; inf: never), ``reported`` and ``measured`` (% healthy). ValueError out of range.
    """
    if (
        not 2 <= ministries <= 12
        or not 0 <= stopped
        or evidence not in EVIDENCE
        or not 1 <= lease_rounds <= 12
    ):
        raise ValueError(
            f"ministries={ministries!r}, evidence={evidence!r}, lease_rounds={lease_rounds!r}: use 2 to 12, one of {', '.join(EVIDENCE)}, and 1 to 12"
        )
    stopped = min(stopped, ministries)
    gone = {(ministries // 2 + place) % ministries for place in range(stopped)}
    probes = [place not in gone for place in range(ministries)]
    edges = [edge for edge in ring(ministries) if not (cut and edge == (ministries - 1, 0))]
    history = _run(probes, edges, evidence, lease_rounds, rounds)
    false = _false(history, probes)
    dark = _dark(history, probes)
    healthy, green = sum(probes), sum(history[-1])
    series = {
        "reported": Series(
            "green on the board", tuple(range(len(history))), tuple(float(sum(lights)) for lights in history)
        ),
        "measured": Series(
            "alive, asked from outside",
            tuple(range(len(history))),
            (float(healthy),) * len(history),
            "measured",
        ),
    }
    waits, closed = _waits(ministries, lease_rounds, cut, rounds)
    metrics = {
        "reported": Metric("ministries reported healthy", 100 * green / ministries, "%"),
        "measured": Metric("ministries that answer", 100 * healthy / ministries, "%"),
        "green": Metric("green lights at the end", green),
        "false_green": Metric("false green lights at the end", false[-1]),
        "dark_after": Metric("last false light goes dark after", dark, "rounds"),
    }
    params = {
        "ministries": ministries,
        "stopped": stopped,
        "evidence": evidence,
        "cut": cut,
        "lights": history[-1],
        "probes": tuple(probes),
        "edges": tuple(edges),
        "waits": waits,
        "closed": closed,
    }
    return Result(params, metrics, _told(ministries, stopped, false[-1], dark, evidence), series)


def _waits(
    ministries: int, lease_rounds: int, cut: bool, rounds: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Give the rounds until a total outage is dark, for each kind of evidence: simulated, and in closed form."""
    edges, dead = [edge for edge in ring(ministries) if not (cut and edge[1] == 0)], [False] * ministries
    waits = tuple(_dark(_run(dead, edges, each, lease_rounds, rounds), dead) for each in EVIDENCE)
    chain = float(ministries) if cut else math.inf  # without a circle, the start of the chain goes first
    alone = {each: rounds_until_dark(ministries, each, lease_rounds) for each in EVIDENCE}
    closed = tuple(wait if each == "origin time" else min(chain, wait) for each, wait in alone.items())
    return waits, closed


def _false(history: list[tuple[bool, ...]], probes: list[bool]) -> list[int]:
    return [
        sum(light and not probe for light, probe in zip(lights, probes, strict=True)) for lights in history
    ]


def _dark(history: list[tuple[bool, ...]], probes: list[bool]) -> float:
    false = _false(history, probes)
    return next((float(r) for r in range(len(false)) if not any(false[r:])), math.inf)


def _run(
    probes: list[bool], edges: list[tuple[int, int]], evidence: str, lease: int, rounds: int
) -> list[tuple[bool, ...]]:
    """Go round by round. What is known of a ministry: (age of the evidence in rounds, hops, path), or None."""
    known: list[tuple[int, int, frozenset[int]] | None] = [
        (0, 0, frozenset((me,))) for me in range(len(probes))
    ]
    history = [tuple(True for _ in probes)]
    for _ in range(rounds):
        new = []
        for me, probe in enumerate(probes):
            heard = [_passed(known[a], me, evidence, lease) for a, b in edges if b == me]
            heard = sorted((each for each in heard if each is not None), key=lambda each: (each[1], each[0]))
            if probe:
                new.append((0, 0, frozenset((me,))))
            else:
                # evidence with an origin is evidence of that origin, not of me: it never makes me green again
                new.append(heard[0] if heard else None)
        if evidence == "origin time":
            own = [
                (known[me][0] + 1, 0, frozenset((me,))) if known[me] else None for me in range(len(probes))
            ]
            new = [(0, 0, frozenset((me,))) if probes[me] else own[me] for me in range(len(probes))]
            new = [each if each and each[0] < lease else None for each in new]
        known = new
        history.append(tuple(each is not None for each in known))
    return history


def _passed(
    told: tuple[int, int, frozenset[int]] | None, me: int, evidence: str, lease: int
) -> tuple[int, int, frozenset[int]] | None:
    if told is None:
        return None
    age, hops, path = told[0] + 1, told[1] + 1, told[2]
    if evidence == "hop count" and hops >= INFINITY:
        return None
    if evidence == "path" and me in path:
        return None
    return age, hops, path | {me}


def _told(ministries: int, stopped: int, false: int, dark: float, evidence: str) -> str:
    head = f"{stopped} of {ministries} ministries {'has' if stopped == 1 else 'have'} stopped. "
    if not stopped:
        return f"{head}With {_EVIDENCE[evidence]} the board is green, and rightly so."
    if math.isinf(dark):
        who = "it stays" if stopped == 1 else f"{false} of them stay"
        return f"{head}With {_EVIDENCE[evidence]} {who} green, for ever: there is always one before that vouches."
    return f"{head}With {_EVIDENCE[evidence]} the last false light goes dark after {dark:g} round{'s' * (dark != 1)}."

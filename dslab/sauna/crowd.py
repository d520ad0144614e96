"""Many people by the clock: how long followers stay, closed forms beside the simulation, and rooms that stall.

| word      | meaning                                                                                        |
|-----------|------------------------------------------------------------------------------------------------|
| L         | one session, minutes: what a clocked person stays                                                 |
| gap g     | minutes between arrivals, on average                                                              |
| share     | which part of those who come are followers (the next-entrant rule)                                |
| residual  | what is left of somebody else's session when I come in                                            |
| stall     | the room is full and nobody inside has a clock: nobody will ever leave                            |

Minutes are floats here, chance comes from a seeded random.Random, and everybody sees every entry and exit at once.
In an open room all followers in a row leave with the first clocked person after them; hence the closed forms.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque
from dataclasses import dataclass, field
from functools import cache
from heapq import heappop, heappush
from random import Random
from typing import Any

from dslab.sauna.waits import NEXT_ARRIVAL, circle, verdict
from dslab.sim import Metric, Result, Series

ARRIVALS = ("regular", "poisson", "stops")
RULES = ("next", "inside", "snapshot", "clock")
LONGEST_MIN = 5_000


def mean_stay(share: float, gap_min: float, session_min: float = 10.0) -> float:
    """Give a follower's mean stay, L + g / (1 - share), minutes; infinite at a share of 1. Poisson arrivals, an open room."""
    _check(share=share, gap_min=gap_min, session_min=session_min)
    return math.inf if share == 1 else session_min + gap_min / (1 - share)


def stays_beyond(extra_min: float, share: float, gap_min: float) -> float:
    """Give P(stay > L + extra): exp(-extra (1 - share) / g). A row of followers is as long as a thinned Poisson stream waits."""
    _check(share=share, gap_min=gap_min)
    return math.exp(-max(0.0, extra_min) * (1 - share) / gap_min)


def _check(**values: float) -> None:
    limits = {
        "share": (0, 1),
        "gap_min": (0.01, 1_000),
        "session_min": (0.1, 1_000),
        "delay_min": (0, 1_000),
        "speed": (0.01, 100),
    }
    for name, value in values.items():
        low, high = limits[name]
        if not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"{name}={value!r} is not possible; use a number from {low} to {high}")


def arrivals(
    kind: str, gap_min: float, until_min: float, rng: Random, stops_at_min: float = 0.0
) -> list[float]:
    """Give the minutes at which people come: every ``gap_min``, at random (Poisson), or at random until closing time.

    ValueError for another ``kind``.
    """
    if kind not in ARRIVALS:
        raise ValueError(f"arrivals={kind!r} is no choice; use one of {', '.join(map(repr, ARRIVALS))}")
    if kind == "regular":
        return [n * gap_min for n in range(1, int(until_min / gap_min) + 1)]
    end = min(until_min, stops_at_min) if kind == "stops" else until_min
    times, now = [], rng.expovariate(1 / gap_min)
    while now < end:
        times.append(now)
        now += rng.expovariate(1 / gap_min)
    return times


# -- one follower among people with watches ---------------------------------------------------------------


def stays(rule: str = "next", kind: str = "poisson", gap_min: float = 2.0, speed: float = 1.0, delay_min: float = 0.0,
          session_min: float = 10.0, visits: int = 1_500, seed: int = 6) -> Result:  # fmt: skip
    """Let one follower, going by ``rule``, visit many times a sauna of clocked people; gives her stays and what bounds them.

    ``kind``: "regular", "poisson" or "stops" (nobody comes for the last third of the time). ``speed``: of her own clock, for the
    rule "clock". ``delay_min``: how late she sees an exit. A visit that never ends counts as one of 120 minutes.
    Raises ValueError for what is no rule, no kind or out of range.
    """
    if rule not in RULES:
        raise ValueError(f"rule={rule!r} is no choice; use one of {', '.join(map(repr, RULES))}")
    _check(gap_min=gap_min, speed=speed, delay_min=delay_min, session_min=session_min)
    rng = Random(seed)
    until = 1_500 * gap_min
    times = arrivals(kind, gap_min, until, rng, until * 2 / 3)
    found = []
    for _ in range(visits):
        came = session_min + rng.random() * (until - 2 * session_min)
        stay = _stay(rule, times, came, session_min, speed, rng)
        found.append(stay if stay is None or rule == "clock" or stay == 0 else stay + delay_min)
    ended = [stay for stay in found if stay is not None]
    lost = len(found) - len(ended)
    early = sum(stay < session_min - 1e-9 for stay in ended) / visits
    expected = _expected(rule, kind, gap_min, speed, session_min)
    mean = sum(ended) / len(ended) if ended else 0.0
    ordered = sorted(ended) or [0.0]
    p95 = ordered[max(0, math.ceil(0.95 * len(ordered)) - 1)]
    metrics = {
        "mean_min": Metric("mean stay", mean, "min"),
        "expected_min": Metric("closed form", expected + (delay_min if rule == "next" else 0), "min"),
        "shortest_min": Metric("shortest stay", ordered[0], "min"),
        "longest_min": Metric("longest stay", ordered[-1], "min"),
        "p95_min": Metric("95th percentile", p95, "min"),
        "too_short": Metric("visits shorter than a session", early),
        "never": Metric("visits that never end", lost / visits),
    }
    told = (f"{visits:,} visits: {100 * early:.3g} % end before the session of {session_min:g} minutes is over, {100 * lost / visits:.3g} % never end. "
            f"The stays go from {ordered[0]:.1f} to {ordered[-1]:.1f} minutes, {mean:.1f} on average.")  # fmt: skip
    params = {
        "rule": rule,
        "kind": kind,
        "gap_min": gap_min,
        "speed": speed,
        "delay_min": delay_min,
        "session_min": session_min,
    }
    return Result(
        params | {"visits": visits},
        metrics,
        told,
        {"stays": Series("stays", tuple(range(len(ended))), tuple(ended))},
    )


def _stay(
    rule: str, times: list[float], came: float, session_min: float, speed: float, rng: Random
) -> float | None:
    """Give the stay of a follower who comes in at ``came``; None where it never ends."""
    if rule == "clock":
        return session_min / speed
    after = bisect_right(times, came)
    inside = times[bisect_left(times, came - session_min) : after]
    if rule == "snapshot":
        return inside[-1] + session_min - came if inside else 0.0
    if rule == "inside" and inside:
        return rng.choice(inside) + session_min - came
    return times[after] + session_min - came if after < len(times) else None


def _expected(rule: str, kind: str, gap_min: float, speed: float, session_min: float) -> float:
    """Give the mean that theory says, minutes; not a number where it says none."""
    if rule == "clock":
        return session_min / speed
    regular = kind == "regular"
    if rule == "next":
        return session_min + (gap_min / 2 if regular else gap_min)
    if rule == "snapshot" and not regular:  # nobody inside: leaves at once; else the youngest one's rest
        return session_min - gap_min * (1 - math.exp(-session_min / gap_min))
    if rule == "snapshot":
        return max(0.0, session_min - gap_min / 2) if gap_min <= session_min else session_min**2 / 2 / gap_min
    return math.nan if not regular or gap_min > session_min else session_min / 2


# -- a crowd in a room ------------------------------------------------------------------------------------


@dataclass
class Room:
    """A room of ``capacity`` seats (None: no limit) with clocked people and followers of the next-entrant rule."""

    capacity: int | None
    session_min: float = 10.0
    reserved: bool = False
    now: float = 0.0
    clocked: list[bool] = field(default_factory=list)  # in order of entry
    entered: list[float] = field(default_factory=list)
    left: list[float | None] = field(default_factory=list)
    queue: deque[bool] = field(default_factory=deque)
    inside: int = 0
    followers: int = 0
    last_exit: float = 0.0
    _exits: list[tuple[float, int]] = field(default_factory=list)

    def arrive(self, time: float, clocked: bool) -> None:
        """Let everything up to ``time`` happen, then somebody come."""
        self.run_to(time)
        self.queue.append(clocked)
        self._admit()

    def run_to(self, time: float) -> None:
        """Let every exit up to ``time`` happen."""
        while self._exits and self._exits[0][0] <= time:
            self.now, who = heappop(self._exits)
            self._leave(who)
            self._admit()
        self.now = max(self.now, time)

    def _leave(self, who: int) -> None:
        """Let a clocked person go, and with her all followers who came in a row before her."""
        self._out(who)
        before = who - 1
        while before >= 0 and not self.clocked[before] and self.left[before] is None:
            self._out(before)
            self.followers -= 1
            before -= 1

    def _out(self, who: int) -> None:
        self.left[who] = self.last_exit = self.now
        self.inside -= 1

    def _admit(self) -> None:
        while place := self._next():
            clocked = self.queue[place - 1]
            del self.queue[place - 1]
            if clocked:
                heappush(self._exits, (self.now + self.session_min, len(self.clocked)))
            self.followers += not clocked
            self.inside += 1
            self.clocked.append(clocked)
            self.entered.append(self.now)
            self.left.append(None)

    def _next(self) -> int:
        """Give the place in the queue, from 1, of who may come in; 0 for nobody."""
        if not self.queue or (self.capacity is not None and self.inside >= self.capacity):
            return 0
        if self.capacity is None or not self.reserved or self.followers < self.capacity - 1:
            return 1
        return next((place for place, clocked in enumerate(self.queue, 1) if clocked), 0)

    @property
    def stalled(self) -> bool:
        """Whether the room is full of people who all wait for somebody to come in."""
        return self.capacity is not None and self.inside >= self.capacity and self.followers == self.inside

    def waits_for(self) -> dict[str, list[str]]:
        """Give the waits-for graph of this moment, people named by kind and number of entry (see `dslab.sauna.waits`)."""
        here = [who for who, left in enumerate(self.left) if left is None]
        names = {who: f"{'W' if self.clocked[who] else 'f'}{who + 1}" for who in here}
        waiting = [f"{'W' if clocked else 'f'}@{place}" for place, clocked in enumerate(self.queue, 1)]
        edges: dict[str, list[str]] = {}
        for who in here:
            if not self.clocked[who]:
                edges[names[who]] = [names.get(who + 1) or (waiting[0] if waiting else NEXT_ARRIVAL)]
                # Whoever comes with a watch takes the kept seat, past the queue: the last one inside waits for her, too.
                if who + 1 not in names and waiting and self.inside < (self.capacity or math.inf):
                    edges[names[who]].append(NEXT_ARRIVAL)
        return edges | {one: list(names.values()) for one in waiting[:1]}


def crowd(share: float = 0.5, capacity: int | None = 12, gap_min: float = 2.0, until_min: float = 300.0, kind: str = "poisson",
          reserved: bool = False, seed: int = 0, session_min: float = 10.0, stops_at_min: float = 0.0) -> Room:  # fmt: skip
    """Run a room to ``until_min`` and give it as it stands then; it ends earlier where it has stalled.

    Raises ValueError for a share, a gap or a kind of arrivals that is not possible.
    """
    _check(share=share, gap_min=gap_min, session_min=session_min)
    if capacity is not None and (not isinstance(capacity, int) or capacity < 1):
        raise ValueError(f"capacity={capacity!r} is not possible; use a whole number of at least 1, or None")
    watches = Random(
        1_000_003 * seed + 1
    )  # of its own: an evening that is watched for longer begins in the same way
    room = Room(capacity, session_min, reserved)
    for time in arrivals(kind, gap_min, until_min, Random(seed), stops_at_min):
        room.arrive(time, watches.random() >= share)
    room.run_to(until_min)
    return room


def follower_stays(
    share: float, gap_min: float = 2.0, session_min: float = 10.0, followers: int = 4_000, seed: int = 1
) -> list[float]:
    """Give the stays of many followers in an open room with Poisson arrivals, minutes."""
    _check(share=share, gap_min=gap_min, session_min=session_min)
    if share == 1:
        raise ValueError("with a share of 1 nobody has a clock and no stay ends; use less than 1")
    rng, found = Random(seed), []
    for _ in range(followers):
        stay = session_min + rng.expovariate(1 / gap_min)
        while rng.random() < share:
            stay += rng.expovariate(1 / gap_min)
        found.append(stay)
    return found


@cache
def _excess(share: float, seed: int) -> float:
    """Give by how many gaps followers stay longer than a session in a simulated open room, on average.

    That is the same for every session and every gap: both only stretch the run. So each share is simulated once.
    """
    room = crowd(max(share, 0.02), None, 1.0, 6_000, seed=seed)
    ended = [left - came - room.session_min for came, left, clocked in zip(room.entered, room.left, room.clocked, strict=True)
             if left is not None and not clocked]  # fmt: skip
    return sum(ended) / len(ended)


def mean_against_share(
    gap_min: float = 2.0, session_min: float = 10.0, share: float = 0.5, seed: int = 1
) -> Result:
    """Hold the closed form L + g / (1 - share) against simulated rooms, share by share; and the tail at one ``share``."""
    _check(share=share, gap_min=gap_min, session_min=session_min)
    shares = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9)
    simulated = [session_min + gap_min * _excess(each, round(10 * each)) for each in shares]
    fine = tuple(n / 100 for n in range(96))
    theory = tuple(mean_stay(each, gap_min, session_min) for each in fine)
    tail_x = tuple(session_min + gap_min * n / 2 for n in range(41))
    sample = sorted(follower_stays(min(share, 0.95), gap_min, session_min, 1_000, seed))
    tail = tuple(100 * (1 - bisect_right(sample, x) / len(sample)) for x in tail_x)
    tail_theory = tuple(100 * stays_beyond(x - session_min, min(share, 0.95), gap_min) for x in tail_x)
    at = mean_stay(share, gap_min, session_min)
    seen = session_min + gap_min * _excess(share, round(10 * share)) if share < 1 else math.inf
    p99 = session_min + gap_min / (1 - share) * math.log(100) if share < 1 else math.inf
    told = (f"With {100 * share:.0f} % followers a follower stays {at:.1f} minutes on average ({seen:.1f} in a simulated room), {at - session_min:.1f} longer than a session; "
            f"one in a hundred stays longer than {p99:.0f} minutes. None stays less than {session_min:g}.") if share < 1 else (
            "With followers only, nobody ever leaves: there is no clock left for anybody to hold on to.")  # fmt: skip
    return Result(
        {"gap_min": gap_min, "session_min": session_min, "share": share},
        {
            "mean_min": Metric("mean stay", at, "min"),
            "simulated_min": Metric("mean stay in a simulated room", seen, "min"),
        },
        told,
        {
            "simulated": Series("simulated", shares, tuple(simulated)),
            "theory": Series("L + g / (1 - share)", fine, theory, "theory"),
            "tail": Series("simulated", tail_x, tail),
            "tail_theory": Series("closed form", tail_x, tail_theory, "theory"),
        },
    )


def waiting(share: float = 0.7, capacity: int = 6, minute: float = 60.0, kind: str = "poisson", gap_min: float = 2.0,
            reserved: bool = False, seed: int = 0) -> Result:  # fmt: skip
    """Look at a room at one ``minute``: who waits for whom, how it will end, and since when nobody has left.

    ``kind`` "stops": nobody comes after minute 45.
    """
    room = crowd(share, capacity, gap_min, minute, kind, reserved, seed, stops_at_min=45.0)
    edges = room.waits_for()
    how = verdict(edges)
    silent = minute - room.last_exit
    word = {"empty": "nobody waits", "moving": "all chains end at somebody with a watch", "chain": "a chain ends at whoever comes next",
            "cycle": "a true cycle"}[how]  # fmt: skip
    outcome = {
        "empty": "", "moving": " It goes on by itself.", "chain": " It goes on when somebody with a watch comes; if nobody does, it waits for ever.",
        "cycle": f" Nobody will ever leave: {' → '.join((*circle(edges), circle(edges)[0])) if how == 'cycle' else ''}.",
    }[how]  # fmt: skip
    text = (f"Minute {minute:g}: {room.inside} inside, {room.followers} of them followers, {len(room.queue)} at the door; {word}.{outcome} "
            f"{_silence(room, silent)}")  # fmt: skip
    counts = _counts(room, minute)
    metrics = {
        "inside": Metric("inside", room.inside, "people"),
        "queue": Metric("at the door", len(room.queue), "people"),
        "silent_min": Metric("no exit for", silent, "min"),
        "cycle": Metric("a true cycle", float(how == "cycle")),
        "chain": Metric("an endless chain", float(how == "chain")),
    }
    rows = [{"who": one, "waits for": ", ".join(others)} for one, others in edges.items()]
    params: dict[str, Any] = {
        "share": share,
        "capacity": capacity,
        "minute": minute,
        "kind": kind,
        "gap_min": gap_min,
        "reserved": reserved,
    }
    here = [
        f"{'W' if c else 'f'}{who + 1}"
        for who, (c, left) in enumerate(zip(room.clocked, room.left, strict=True))
        if left is None
    ]
    door = tuple(room.queue)  # who stands there, in order: True with a watch
    return Result(
        params | {"verdict": how, "here": here, "door": door}, metrics, text, counts, {"edges": rows}
    )


def _silence(room: Room, silent: float) -> str:
    if not room.last_exit:
        return "Nobody has left yet."
    return f"The last exit was {silent:.0f} minute{'s' * (f'{silent:.0f}' != '1')} ago."


def _counts(room: Room, minute: float) -> dict[str, Series]:
    grid = tuple(minute * n / 60 for n in range(61))
    came, left = sorted(room.entered), sorted(t for t in room.left if t is not None)
    inside = tuple(bisect_right(came, t) - bisect_right(left, t) for t in grid)
    return {
        "inside": Series("inside", grid, inside),
        "left": Series("left so far", grid, tuple(bisect_right(left, t) for t in grid)),
    }


def stalls(share: float, capacity: int, seeds: int = 60, gap_min: float = 2.0, reserved: bool = False,
           until_min: float = LONGEST_MIN) -> tuple[int, float | None]:  # fmt: skip
    """Count the runs, of ``seeds`` many, that stall within ``until_min`` minutes; gives them and the median minute of the last exit."""
    last = []
    for seed in range(seeds):
        rng = Random(seed)
        room, now = Room(capacity, reserved=reserved), 0.0
        while not room.stalled and now < until_min:
            now += rng.expovariate(1 / gap_min)
            room.arrive(now, rng.random() >= share)
        if room.stalled:
            last.append(room.last_exit)
    return len(last), sorted(last)[len(last) // 2] if last else None


def stall_table(capacities: tuple[int, ...] = (8, 12, 20), shares: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7, 0.9), seeds: int = 60,
                reserved: bool = False) -> list[dict[str, Any]]:  # fmt: skip
    """Give the table of stalls within 5,000 minutes: a row for each share, for each capacity the runs and the median last exit."""
    rows = []
    for share in shares:
        row: dict[str, Any] = {"followers": f"{100 * share:.0f} %"}
        for capacity in capacities:
            count, last = stalls(share, capacity, seeds, reserved=reserved)
            row[f"{capacity} seats"] = f"{count}/{seeds}" + (
                "" if last is None else f", after {last:.0f} min"
            )
        rows.append(row)
    return rows

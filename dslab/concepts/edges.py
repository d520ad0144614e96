"""N edges, one limit: who counts, and how old may the count be?

| word     | meaning                                                                                                |
|----------|--------------------------------------------------------------------------------------------------------|
| edge     | a server in front; every request comes to one of them                                                     |
| shared   | all edges ask one counter: exact, and every decision waits for a round trip                               |
| local    | every edge counts by itself up to the whole limit: N times the limit                                       |
| split    | every edge has its N-th part of the limit: never too much, and too little where the traffic is uneven         |
| synced   | every edge decides by itself, from its own count and what the others had at the last exchange              |
| exchange | every ``sync_us`` all edges learn what all have admitted in this window                                    |

All four count in fixed windows of the epoch, so that what differs is only who counts. Then N edges with local counters admit N * L
in one window (and 2 * N * L in a span across its end), and synced ones at most L plus what comes in between two exchanges.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from dslab.concepts.limiters import MINUTE_US, Limiter, SlidingCounter, SlidingLog, whole, word
from dslab.sim.result import Metric, Result, Series

STRATEGIES = ("shared", "local", "split", "synced")


class Fleet:
    """``edges`` servers that hold one ``limit`` per ``window_us`` by a ``strategy`` (`STRATEGIES`); ``sync_us`` for "synced".

    ``admitted`` counts what each edge let pass. Raises ValueError for numbers out of range.
    """

    def __init__(
        self, edges: int, limit: int, strategy: str = "local", window_us: int = MINUTE_US, sync_us: int = 1_000_000
    ) -> None:  # fmt: skip
        self.edges, self.limit = whole(edges, "the number of edges"), whole(limit, "the limit")
        self.strategy, self.window_us = word(strategy, STRATEGIES, "strategy"), whole(window_us, "the window")
        self.sync_us = whole(sync_us, "the time between two exchanges")
        self.admitted = [0] * edges
        self._limits = [self._own(place) for place in range(edges)]
        self._counts = [0] * edges  # of this window
        self._known = [0] * edges  # of each edge, as of the last exchange
        self._window = self._exchanged = -1

    def _own(self, place: int) -> int:
        share, left = divmod(self.limit, self.edges)
        return share + (place < left) if self.strategy == "split" else self.limit

    def admit(self, edge: int, now_us: int) -> bool:
        """Decide on a request that comes to an ``edge`` (0 is the first) at ``now_us``; times must not fall."""
        self._begin(now_us)
        own, others = self._counts[edge], 0
        if self.strategy == "shared":
            others = sum(self._counts) - own
        elif self.strategy == "synced":
            others = sum(self._known) - self._known[edge]
        if own + others >= self._limits[edge]:
            return False
        self._counts[edge] += 1
        self.admitted[edge] += 1
        return True

    def _begin(self, now: int) -> None:
        """Begin a new window or exchange the counts, where the time has come."""
        if now // self.window_us != self._window:
            self._window = now // self.window_us
            self._counts, self._known = [0] * self.edges, [0] * self.edges
        if now // self.sync_us != self._exchanged:
            self._exchanged, self._known = now // self.sync_us, list(self._counts)


def traffic(
    edges: int, requests: int, uneven: float = 0.0, seed: int = 7, window_us: int = MINUTE_US
) -> list[tuple[int, int]]:
    """Give (time, edge) of one window's ``requests``, at random times; ``uneven`` (0..1) is the share that all comes to the first edge."""
    rng = random.Random(seed)
    times = sorted(rng.randrange(window_us) for _ in range(requests))
    return [(time, 0 if rng.random() < uneven else rng.randrange(edges)) for time in times]


def _passed(edges: int, limit: int, strategy: str, requests: int, uneven: float, sync_us: int) -> Fleet:
    fleet = Fleet(edges, limit, strategy, sync_us=sync_us)
    for time, edge in traffic(edges, requests, uneven):
        fleet.admit(edge, time)
    return fleet


def most_admitted(edges: int, limit: int, strategy: str, between: int | None = None) -> int:
    """Give the most that a fleet can admit in one window, by formula.

    ``between``: for "synced", the most requests that come between two exchanges; each edge may spend on them all that was left.
    """
    word(strategy, STRATEGIES, "strategy")
    if strategy == "local":
        return edges * limit
    if strategy == "synced":
        return edges * limit if between is None else min(edges * limit, limit + max(0, between - 1))
    return limit


SIZES = (1, 5, 10, 20)


def fleet(
    edges: int = 10,
    limit: int = 100,
    strategy: str = "local",
    requests: int = 1_500,
    uneven: float = 0.0,
    sync_s: float = 5.0,
) -> Result:
    """Send one minute of traffic to a fleet: what passes, at which edge, by which strategy, and with other numbers of edges.

    ``requests`` in the minute; ``uneven`` (0..1) of them all come to the first edge; ``sync_s`` seconds between two exchanges.
    """
    sync_us = round(sync_s * 1_000_000)
    fleets = {name: _passed(edges, limit, name, requests, uneven, sync_us) for name in STRATEGIES}
    totals = {name: sum(each.admitted) for name, each in fleets.items()}
    total, wanted = totals[word(strategy, STRATEGIES, "strategy")], min(limit, requests)
    curve = [sum(_passed(count, limit, strategy, requests, uneven, sync_us).admitted) for count in SIZES]
    judged = (
        f"that is {total / limit:.1f} times the limit of {limit}" if total > wanted
        else f"{wanted - total} within the limit of {limit} were refused" if total < wanted
        else f"none too many and none too few for the limit of {limit}"
    )  # fmt: skip
    text = (f"{total:,} of {requests:,} requests passed: {judged}. By who counts: one counter {totals['shared']:,}, each edge up to L {totals['local']:,}, "
            f"up to its share {totals['split']:,}, with an exchange every {sync_s:g} s {totals['synced']:,}.")  # fmt: skip
    metrics = {
        "passed": Metric("passed", total),
        "limit": Metric("the limit", limit),
        "times": Metric("times the limit", total / limit),
    }
    theory = [min(requests, count * limit) for count in SIZES]
    series = {
        "simulated": Series("this way of counting", tuple(map(float, SIZES)), tuple(map(float, curve))),
        "local": Series(
            "N × L, or all that come", tuple(map(float, SIZES)), tuple(map(float, theory)), "theory"
        ),
    }
    return Result(
        {"admitted": fleets[strategy].admitted, "totals": totals, "edges": edges}, metrics, text, series
    )


def disagreement(
    sources: Sequence[tuple[float, int]], limit: int, minutes: int = 10, seed: int = 3
) -> dict[str, float]:
    """Hold a sliding counter against the exact log on traffic of many sources, each with random times at its own rate.

    ``sources``: pairs (requests a minute on average, how many such sources). Gives ``wrong`` (share of all requests that the two decide
    differently), ``rate`` (mean difference between estimated and true rate of the last minute, of the true one), ``requests`` and ``over``
    (sources that the counter let through where the log refused).
    """
    rng = random.Random(seed)
    wrong = asked = over = 0
    differences: list[float] = []
    for rate, count in sources:
        for _ in range(count):
            counter, exact, seen = SlidingCounter(limit), SlidingLog(limit), SlidingLog(10**9)
            raw = SlidingCounter(10**9)
            passed_both = _one_source(rng, rate, minutes, (counter, exact, seen, raw), differences)
            asked += passed_both[0]
            wrong += passed_both[1]
            over += passed_both[2] > 0
    return {
        "wrong": wrong / max(1, asked),
        "rate": sum(differences) / max(1, len(differences)),
        "requests": asked,
        "over": over,
    }


def _one_source(
    rng: random.Random, rate: float, minutes: int, four: tuple[Limiter, ...], differences: list[float]
) -> tuple[int, int, int]:
    counter, exact, seen, raw = four
    now, asked, wrong, let = 0.0, 0, 0, 0
    while (now := now + rng.expovariate(rate / MINUTE_US)) < minutes * MINUTE_US:
        time = int(now)
        says, truth = counter.admit(time), exact.admit(time)
        asked, wrong, let = asked + 1, wrong + (says != truth), let + (says and not truth)
        seen.admit(time)
        raw.admit(time)
        if now > MINUTE_US:
            differences.append(abs(raw.estimate(time) - seen.memory) / seen.memory)
    return asked, wrong, let


Make = Callable[[], Limiter]


class Keyed:
    """A limiter for each key (an address, a user), made by ``make()`` when a key is first seen."""

    def __init__(self, make: Make) -> None:
        self._make, self.limiters = make, dict[str, Limiter]()

    def admit(self, key: str, now_us: int, cost: int = 1) -> bool:
        """Decide on a request of one key."""
        limiter = self.limiters.get(key)
        if limiter is None:
            limiter = self.limiters[key] = self._make()
        return limiter.admit(now_us, cost)

    @property
    def memory(self) -> int:
        """How many numbers are remembered over all keys."""
        return sum(limiter.memory for limiter in self.limiters.values())

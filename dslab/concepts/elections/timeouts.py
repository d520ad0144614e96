"""Raft's Figure 16: how long a cluster is without a leader, by the range of its timeouts. No World: thousands of elections a second.

| word        | meaning                                                                                         |
|-------------|-------------------------------------------------------------------------------------------------|
| request_us  | from a candidate to a voter; reply_us: back again, with the vote stored on disk before it is sent     |
| range       | the bounds between which a node draws its timeout, anew each time                                 |
| downtime    | from the crash of the leader until a candidate has a majority                                      |
| eligible    | a node whose log is long enough for a majority to vote for it                                       |
| split       | a term in which nobody got a majority                                                             |

The paper's experiment: five servers, a broadcast of about 15 ms, heartbeats of half the smallest timeout; the leader sends a
last heartbeat and crashes at a random moment within the next heartbeat interval; logs differ, so that not everybody can win. What the paper
does not publish is how the 15 ms divide into the way to the voter and the way back; that turns out to matter.

The same protocol runs in a World in `dslab.concepts.elections.raft`; with the same timeouts both give the same downtime to the
microsecond (a test holds them together). Source: Ongaro and Ousterhout 2014, section 9.3 and Figure 16.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from heapq import heappop, heappush

from dslab.sim.result import Metric, Result, Series

MS = 1_000
SERVERS = 5
REQUEST_US, REPLY_US = 3 * MS, 8 * MS
GIVE_UP_US = 60_000 * MS  # no leader until then: counted as this
LOGS = (1, 2, 3, 4)  # of the four that survive: who has more gets more votes
Draw = Callable[[int], int]  # the next timeout of a server, in microseconds


# [downtime] a heap of timeouts, requests and replies; that is the whole election
def downtime(draw: Draw, crash_us: int = 0, request_us: int = REQUEST_US, reply_us: int = REPLY_US,
             logs: Sequence[int] = LOGS, servers: int = SERVERS, give_up_us: int = GIVE_UP_US) -> tuple[int, int]:  # fmt: skip
    """Run one election: (microseconds without a leader, the term of the winner). ``draw(server)`` gives a server's next timeout.

    The last heartbeat was sent at 0 and is there after ``request_us``; the leader dies at ``crash_us``. ``logs``: the lengths of the
    survivors' logs. Who has no leader until ``give_up_us`` is counted with that time.
    """
    count, needed, serial = len(logs), servers // 2 + 1, 0
    term, voted, votes, standing = [0] * count, [-1] * count, [0] * count, [False] * count
    due = [request_us + draw(server) for server in range(count)]
    heap: list[tuple[int, int, int, int, int, int]] = []  # time, serial, kind, at, from, term
    for server in range(count):
        heappush(heap, (due[server], server, 0, server, 0, 0))
    serial = count
    while heap:
        now, _, kind, at, src, its = heappop(heap)
        if now > give_up_us:
            break
        if kind == 0:  # a timeout
            if due[at] != now:
                continue
            term[at], voted[at], votes[at], standing[at] = term[at] + 1, at, 1, True
            due[at] = now + draw(at)
            heappush(heap, (due[at], serial, 0, at, 0, 0))
            for other in range(count):
                if other != at:
                    serial += 1
                    heappush(heap, (now + request_us, serial, 1, other, at, term[at]))
            serial += 1
        elif kind == 1:  # a request: it may be in a newer term, and it may get a vote
            if its > term[at]:
                term[at], voted[at], standing[at] = its, -1, False
            if its == term[at] and voted[at] in (-1, src) and logs[src] >= logs[at]:
                voted[at] = src
                due[at] = now + draw(at)
                heappush(heap, (due[at], serial, 0, at, 0, 0))
                heappush(heap, (now + reply_us, serial + 1, 2, src, at, its))
                serial += 2
            elif its < term[at] or voted[at] != src:
                heappush(heap, (now + reply_us, serial, 3, src, at, term[at]))
                serial += 1
        elif its > term[at]:  # a no from a newer term
            term[at], voted[at], standing[at] = its, -1, False
        elif kind == 2 and its == term[at] and standing[at]:
            votes[at] += 1
            if votes[at] == needed:
                return now - crash_us, its
    return give_up_us - crash_us, max(term)


# [/downtime]


def trial(rng: random.Random, low_us: int, high_us: int, request_us: int = REQUEST_US, reply_us: int = REPLY_US,
          jitter_us: int = 0, give_up_us: int = GIVE_UP_US) -> tuple[int, int]:  # fmt: skip
    """Draw a crash within half of ``low_us``, and timeouts in ``low_us``..``high_us`` (plus up to ``jitter_us``, the noise of a real machine)."""
    crash = rng.randint(0, low_us // 2)
    return downtime(lambda server: rng.randint(low_us, high_us + jitter_us), crash, request_us, reply_us, give_up_us=give_up_us)  # fmt: skip


def downtimes(low_ms: float, high_ms: float, trials: int = 1_000, request_ms: float = 3.0, reply_ms: float = 8.0, seed: int = 16,
              give_up_ms: float = 60_000) -> list[float]:  # fmt: skip
    """Run ``trials`` elections with timeouts of ``low_ms``..``high_ms``; give the downtimes in milliseconds, sorted.

    ValueError for a range that is none, delays below 0, or no trials.
    """
    if not 0 < low_ms <= high_ms:
        raise ValueError(f"timeouts of {low_ms!r} to {high_ms!r} ms are no range; it needs 0 < low <= high")
    if request_ms < 0 or reply_ms < 0 or trials < 1:
        raise ValueError("delays must be at least 0 ms, and there must be at least 1 trial")
    rng, bounds = random.Random(seed), (round(low_ms * MS), round(high_ms * MS))
    delays = (round(request_ms * MS), round(reply_ms * MS))
    found = [trial(rng, *bounds, *delays, give_up_us=round(give_up_ms * MS))[0] / MS for _ in range(trials)]
    return sorted(found)


def middle(found: Sequence[float]) -> float:
    """Give the median of sorted values (of an even number of them the upper of the middle two)."""
    return found[len(found) // 2]


def mean(found: Sequence[float]) -> float:
    """Give the mean."""
    return sum(found) / len(found)


def first_expiry(low_ms: float, high_ms: float, servers: int = 4) -> float:
    """Give the mean of the smallest of ``servers`` timeouts drawn evenly from a range: low + width / (servers + 1), in ms."""
    return low_ms + (high_ms - low_ms) / (servers + 1)


def split_chance(width_ms: float, request_ms: float, servers: int = 2) -> float:
    """Give the chance that the two earliest of ``servers`` draws from a range of ``width_ms`` lie within ``request_ms``.

    Then the second begins its own term before the first one's request reaches it. For evenly spread draws 1 - (1 - r/w)^n;
    1 where the range is no wider than the delay.
    """
    if width_ms <= request_ms:
        return 1.0
    return 1 - (1 - request_ms / width_ms) ** servers


# -- pictures ------------------------------------------------------------------------------------------------

PAPER = {(150, 155): ("median", 287), (150, 200): ("longest", 513), (12, 24): ("mean", 35)}  # ms, section 9.3
FIGURE_16 = ((150, 150), (150, 151), (150, 155), (150, 175), (150, 200), (150, 300), (12, 24), (25, 50), (50, 100), (100, 200))  # fmt: skip


def share_below(label: str, found: Sequence[float], points: int = 60) -> Series:
    """Give sorted downtimes as a curve: x milliseconds, y the per cent of elections that were over by then."""
    last = len(found) - 1
    places = sorted({round(k * last / points) for k in range(points + 1)})
    return Series(label, tuple(found[p] for p in places), tuple(100 * (p + 1) / len(found) for p in places))


def outage(
    low_ms: float = 150,
    width_ms: float = 5,
    request_ms: float = 3.0,
    reply_ms: float = 8.0,
    trials: int = 120,
) -> Result:
    """Run ``trials`` elections (10 to 5,000) with timeouts of ``low_ms`` to ``low_ms + width_ms``; a cluster gives up after 1.5 s.

    Metrics in ms: ``median``, ``mean``, ``longest``; ``over_a_second`` and ``none`` in per cent; ``split``, the per cent of elections that took more
    than one term. The series ``below`` is the share that was over by then.
    """
    if not isinstance(trials, int) or not 10 <= trials <= 5_000:
        raise ValueError(f"trials={trials!r} is out of range; use a whole number from 10 to 5,000")
    if width_ms < 0 or not 0 < low_ms:
        raise ValueError(f"timeouts from {low_ms!r} ms with a width of {width_ms!r} ms are no range; use a low bound over 0 and a width of at least 0")  # fmt: skip
    rng, bounds = random.Random(16), (round(low_ms * MS), round((low_ms + width_ms) * MS))
    give_up = 1_500 * MS
    both = [
        trial(rng, *bounds, round(request_ms * MS), round(reply_ms * MS), give_up_us=give_up)
        for _ in range(trials)
    ]
    found = sorted(us / MS for us, _ in both)
    none = sum(us >= give_up - bounds[0] for us, _ in both)
    metrics = {
        "median": Metric("median", middle(found), "ms"),
        "mean": Metric("mean", mean(found), "ms"),
        "longest": Metric("longest", found[-1], "ms"),
        "over_a_second": Metric("longer than 1 s", 100 * sum(ms > 1_000 for ms in found) / trials, "%"),
        "none": Metric("no leader within 1.5 s", 100 * none / trials, "%"),
        "split": Metric("more than one term", 100 * sum(term > 1 for _, term in both) / trials, "%"),
    }
    label = f"{low_ms:g} to {low_ms + width_ms:g} ms"
    text = (f"Timeouts of {label}, {request_ms:g} ms to a voter and {reply_ms:g} ms back: median {metrics['median'].value:.0f} ms without a leader, longest "
            f"{found[-1]:.0f} ms of {trials} elections; {metrics['split'].value:.0f} % took more than one term.")  # fmt: skip
    if none:
        text += f" {none} found no leader within 1.5 s."
    params = {
        "low_ms": low_ms,
        "width_ms": width_ms,
        "request_ms": request_ms,
        "reply_ms": reply_ms,
        "trials": trials,
    }
    return Result(params, metrics, text, {"below": share_below(label, found)})


def figure_16(trials: int = 1_000) -> Result:
    """Run all ranges of the paper's Figure 16 (``trials`` each, a tenth for 150-150): the table ``ranges`` and a curve for each range."""
    rows, series = [], {}
    for low, high in FIGURE_16:
        found = downtimes(low, high, trials // 10 if low == high else trials, give_up_ms=20_000)
        label = f"{low} to {high} ms"
        claim = PAPER.get((low, high))
        rows.append({"range": label, "elections": len(found), "median_ms": middle(found), "mean_ms": mean(found), "longest_ms": found[-1],
                     "paper": f"{claim[0]} {claim[1]} ms" if claim else "over 10 s" if low == high else ""})  # fmt: skip
        series[label] = share_below(label, found)
    text = f"Ten ranges of timeouts, {trials:,} elections each: no randomness gives no leader within 20 s; the wider the range, the fewer splits."
    return Result({"trials": trials}, {}, text, series, {"ranges": rows})

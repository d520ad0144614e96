"""Caching: what to keep where there is room for few, and how often that is the right thing.

| word     | meaning                                                                                            |
|----------|----------------------------------------------------------------------------------------------------|
| hit      | the key asked for is in the cache; else a miss: it is fetched and put in, and something may have to leave |
| LRU      | out goes what was used longest ago                                                                   |
| FIFO     | out goes what came in longest ago; a hit changes nothing                                              |
| LFU      | out goes what was used least often since it came in; of several that which was used longest ago           |
| Clock    | FIFO with a bit: a hit sets it; the hand clears the bits it passes and evicts the first that is clear     |
| SIEVE    | like Clock, but what survives keeps its place; only the hand moves (Zhang and others, NSDI 2024)           |
| TTL      | no limit of room: an entry leaves a fixed time after it came in                                        |
| OPT      | out goes what is needed again last (Belady); needs the future, so it is a bound and not a policy           |
| Che      | approximation for independent requests: a key stays for one characteristic time, the same for all keys      |

The protocol of each policy is one call, ``hit(key)``: True, or False after putting the key in. Capacity counts entries, all of one size.
Conventions where others differ: every miss is admitted; eviction happens when a miss finds the cache full, before the new key goes in; a new
entry's Clock bit and SIEVE bit are clear; LFU counts from 1 at each entry, forgets what left, and breaks ties by least recent use
(``ties="fifo"``: by arrival).
"""

from __future__ import annotations

import math
import random
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from typing import Any, Protocol

from dslab.concepts.workload import loop, requests, scanned, zipf
from dslab.sim.result import Metric, Result


class Cache(Protocol):
    """What every policy offers."""

    def hit(self, key: Any) -> bool:
        """Ask for a key: whether it was there. Afterwards it is."""


def _room(capacity: int) -> int:
    if not isinstance(capacity, int) or capacity < 1:
        raise ValueError(f"capacity={capacity!r} is not possible; use a whole number of at least 1")
    return capacity


class LRU:
    """Least recently used. ``capacity``: entries, 1 or more."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.entries = _room(capacity), OrderedDict()

    def hit(self, key: Any) -> bool:
        """Ask for a key: whether it was there."""
        if key in self.entries:
            self.entries.move_to_end(key)
            return True
        if len(self.entries) >= self.capacity:
            self.entries.popitem(last=False)
        self.entries[key] = None
        return False


class FIFO:
    """First in, first out. ``capacity``: entries, 1 or more."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.entries = _room(capacity), OrderedDict()

    def hit(self, key: Any) -> bool:
        """Ask for a key: whether it was there."""
        if key in self.entries:
            return True
        if len(self.entries) >= self.capacity:
            self.entries.popitem(last=False)
        self.entries[key] = None
        return False


class LFU:
    """Least frequently used since it came in; ``ties`` are broken by "lru" (least recent use) or "fifo" (arrival)."""

    def __init__(self, capacity: int, ties: str = "lru") -> None:
        if ties not in ("lru", "fifo"):
            raise ValueError(f"ties={ties!r} is not known; use 'lru' or 'fifo'")
        self.capacity, self.ties = _room(capacity), ties
        self.entries: dict[Any, tuple[int, int]] = {}  # uses, and the number that breaks ties
        self.heap: list[tuple[int, int, Any]] = []
        self.clock = 0

    def hit(self, key: Any) -> bool:
        """Ask for a key: whether it was there."""
        self.clock += 1
        known = self.entries.get(key)
        if known is None and len(self.entries) >= self.capacity:
            self._evict()
        uses, since = (
            (1, self.clock)
            if known is None
            else (known[0] + 1, known[1] if self.ties == "fifo" else self.clock)
        )
        self.entries[key] = (uses, since)
        heappush(self.heap, (uses, since, key))
        return known is not None

    def _evict(self) -> None:
        while True:
            uses, since, key = heappop(self.heap)
            if self.entries.get(key) == (uses, since):  # else it was used since this was noted
                del self.entries[key]
                return


class Clock:
    """FIFO with a second chance. ``capacity``: entries, 1 or more."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.used = _room(capacity), {}
        self.order: deque[Any] = deque()  # oldest first

    def hit(self, key: Any) -> bool:
        """Ask for a key: whether it was there."""
        if key in self.used:
            self.used[key] = True
            return True
        if len(self.order) >= self.capacity:
            while self.used[self.order[0]]:  # a second chance: clear the bit, back to the end
                self.used[self.order[0]] = False
                self.order.rotate(-1)
            del self.used[self.order.popleft()]
        self.used[key] = False
        self.order.append(key)
        return False


class _Entry:
    __slots__ = ("key", "newer", "older", "visited")

    def __init__(self, key: Any, older: _Entry | None) -> None:
        self.key, self.visited, self.older, self.newer = key, False, older, None


class SIEVE:
    """SIEVE: a queue in which nothing moves but the hand, from old to new. ``capacity``: entries, 1 or more."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.entries = _room(capacity), {}
        self.newest: _Entry | None = None
        self.oldest: _Entry | None = None
        self.hand: _Entry | None = None

    # [sieve] what survives keeps its place; only the hand moves
    def hit(self, key: Any) -> bool:
        """Ask for a key: whether it was there."""
        if entry := self.entries.get(key):
            entry.visited = True
            return True
        if len(self.entries) >= self.capacity:
            self._evict()
        self._put(key)
        return False

    def _evict(self) -> None:
        entry = self.hand or self.oldest
        while entry.visited:
            entry.visited = False
            entry = entry.newer or self.oldest
        self.hand = entry.newer
        self._unlink(entry)

    # [/sieve]
    def _put(self, key: Any) -> None:
        entry = self.entries[key] = _Entry(key, self.newest)
        if self.newest:
            self.newest.newer = entry
        self.newest, self.oldest = entry, self.oldest or entry

    def _unlink(self, entry: _Entry) -> None:
        if entry.newer:
            entry.newer.older = entry.older
        else:
            self.newest = entry.older
        if entry.older:
            entry.older.newer = entry.newer
        else:
            self.oldest = entry.newer
        del self.entries[entry.key]


class TTL:
    """No limit of room: an entry is a hit until ``ttl`` requests after it came in (the clock counts requests)."""

    def __init__(self, ttl: int, renewed: bool = False) -> None:
        self.ttl, self.renewed, self.clock, self.until = _room(ttl), renewed, 0, {}

    def hit(self, key: Any) -> bool:
        """Ask for a key: whether it was there and not too old; with ``renewed`` a hit starts its time anew."""
        self.clock += 1
        there = self.until.get(key, 0) >= self.clock
        if not there or self.renewed:
            self.until[key] = self.clock + self.ttl
        return there


POLICIES: dict[str, Callable[[int], Cache]] = {
    "LRU": LRU,
    "FIFO": FIFO,
    "LFU": LFU,
    "Clock": Clock,
    "SIEVE": SIEVE,
}


def misses(policy: str | Callable[[int], Cache], trace: Iterable[Any], capacity: int) -> int:
    """Count the misses of a policy (a name in `POLICIES`, "OPT", or a class) on ``trace``, from an empty cache."""
    if policy == "OPT":
        return opt_misses(list(trace), capacity)
    if isinstance(policy, str) and policy not in POLICIES:
        raise ValueError(f"the policy {policy!r} is not known; use one of {', '.join(POLICIES)} or OPT")
    hit = (POLICIES[policy] if isinstance(policy, str) else policy)(capacity).hit
    return sum(not hit(key) for key in trace)


def opt_misses(trace: Sequence[Any], capacity: int) -> int:
    """Count the misses of Belady's OPT: out goes what is needed again last. Every miss is admitted."""
    _room(capacity)
    following, last = [0] * len(trace), {}
    for place in range(len(trace) - 1, -1, -1):
        following[place] = last.get(trace[place], len(trace) + place)
        last[trace[place]] = place
    cached: dict[Any, int] = {}
    heap: list[tuple[int, int, Any]] = []
    missed = 0
    for place, key in enumerate(trace):
        if key not in cached:
            missed += 1
            if len(cached) >= capacity:
                while True:
                    until, _, old = heappop(heap)
                    if cached.get(old) == -until:
                        del cached[old]
                        break
        cached[key] = following[place]
        heappush(heap, (-following[place], place, key))
    return missed


# -- closed forms -----------------------------------------------------------------------------------------------


def _root(shares: Sequence[float], capacity: float, present: Callable[[float], float]) -> float:
    """Find the time at which ``capacity`` keys are present on average, if each is present with present(share * time)."""
    low, high = 0.0, 1.0
    while sum(present(share * high) for share in shares) < capacity:
        high *= 2
        if high > 1e18:
            return math.inf
    while high - low > 1e-5 * high:
        middle = (low + high) / 2
        enough = sum(present(share * middle) for share in shares) >= capacity
        low, high = (low, middle) if enough else (middle, high)
    return (low + high) / 2


# [che] a key is there if it was asked for within the characteristic time
def che(shares: Sequence[float], capacity: int) -> float:
    """Give the hit ratio (0 to 1) of LRU by Che's approximation; ``shares`` of requests by key add up to 1.

    The characteristic time T solves: the sum over keys of 1 - exp(-p T) is the capacity (Che, Tung and Wang 2002).
    """
    if capacity >= len(shares):
        return 1.0
    time = _root(shares, capacity, lambda x: -math.expm1(-x))
    return sum(share * -math.expm1(-share * time) for share in shares)


# [/che]
def che_fifo(shares: Sequence[float], capacity: int) -> float:
    """Give the hit ratio of FIFO by the same argument: a key is there with p T / (1 + p T) (Martina and others 2014)."""
    if capacity >= len(shares):
        return 1.0
    time = _root(shares, capacity, lambda x: x / (1 + x))
    return sum(share * share * time / (1 + share * time) for share in shares)


def most_popular(shares: Sequence[float], capacity: int) -> float:
    """Give the hit ratio of keeping the most popular keys for ever: what LFU comes to if it never forgets."""
    return sum(sorted(shares, reverse=True)[:capacity])


def ttl_hit(shares: Sequence[float], ttl: float, renewed: bool = False) -> float:
    """Give the hit ratio of a TTL of ``ttl`` requests: p T / (1 + p T), or 1 - exp(-p T) where hits renew it."""
    return sum(p * (-math.expm1(-p * ttl) if renewed else p * ttl / (1 + p * ttl)) for p in shares)


WORKLOADS = ("popular keys", "popular keys and a scan", "a loop")
KEYS, COUNT = 1_000, 6_000


def trace_of(
    workload: str, skew: float = 0.9, count: int = COUNT, keys: int = KEYS, seed: int = 1
) -> tuple[int, ...]:
    """Give the keys of one of `WORKLOADS`; a loop goes through an eighth of the keys."""
    rng = random.Random(seed)
    if workload == "a loop":
        return tuple(loop(count, keys // 8))
    if workload == "popular keys and a scan":
        return tuple(scanned(rng, count, keys, skew))
    if workload != "popular keys":
        raise ValueError(f"the workload {workload!r} is not known; use one of {', '.join(WORKLOADS)}")
    return tuple(requests(rng, count, keys, skew))


def compare(capacity: int = 100, skew: float = 0.9, workload: str = "popular keys") -> Result:
    """Give each policy's hit ratio in per cent on the same 6,000 requests for 1,000 keys, the first third to warm up (not for OPT).

    Metrics: hit ratio by policy's name; TTL with as many entries as the others have (a TTL of ``capacity`` requests holds at most that many);
    ``theory <name>`` for popular keys only. ``capacity`` 1 to 1,000 entries, ``skew`` 0 to 2.
    """
    trace, metrics = trace_of(workload, skew), {}
    policies: dict[str, Callable[[int], Cache]] = {**POLICIES, "TTL": TTL}
    for name, make in policies.items():
        hit = make(capacity).hit
        hits = [hit(key) for key in trace]
        metrics[name] = Metric(name, 100 * sum(hits[COUNT // 3 :]) / (COUNT - COUNT // 3), "%")
    if workload == "popular keys":
        shares = zipf(KEYS, skew)
        forms = {
            "LRU": che(shares, capacity),
            "FIFO": che_fifo(shares, capacity),
            "TTL": ttl_hit(shares, capacity),
        }
        metrics |= {
            f"theory {name}": Metric(f"{name}, closed form", 100 * form, "%") for name, form in forms.items()
        }
    best = max(POLICIES, key=lambda name: metrics[name].value)
    metrics["OPT"] = Metric("OPT", 100 * (1 - opt_misses(trace, capacity) / COUNT), "%")
    alike = metrics[best].value == metrics["LRU"].value
    told = "as do the other four" if alike else f"{best} most of the five with {metrics[best].value:.0f} %"
    text = f"Room for {capacity} of 1,000 keys, {workload}: LRU hits {metrics['LRU'].value:.0f} %, {told}; knowing the future would give {metrics['OPT'].value:.0f} %."
    if workload == "popular keys":
        text += f" Che's approximation says {metrics['theory LRU'].value:.0f} % for LRU."
    return Result({"capacity": capacity, "skew": skew, "workload": workload}, metrics, text)

"""Load balancing: which server gets the next request.

| word              | meaning                                                                                       |
|-------------------|-----------------------------------------------------------------------------------------------|
| load              | arrivals per unit of time / what all servers can serve in it; below 1, or queues grow for ever    |
| service time      | how long a server works on one request: exponential, `SERVICE_MS` on average; a server does one at a time |
| response time     | waiting + service                                                                              |
| random            | any server, by chance                                                                          |
| round robin       | the servers in turn                                                                            |
| two choices       | two servers by chance, the one with fewer requests                                              |
| least connections | of all servers the one with fewest requests; equal ones by chance                                |
| consistent hash   | the server that a hash of the key says, so that a key always meets the same cache                 |
| one queue         | no balancer: all servers take from one queue; nothing that must decide at arrival does better        |
| refresh           | the balancer's counts are this old at most: it sees the servers only every so often                 |

The protocol: requests arrive by Poisson; the balancer picks a server at once and for good; each server works first come, first served.
Closed forms stand beside: M/M/1 for random, a root for round robin (gamma arrivals), Mitzenmacher's sum for two choices (many servers),
Erlang's C for one queue.
"""

from __future__ import annotations

import math
import random
from collections import deque
from functools import lru_cache
from heapq import heapreplace

from dslab.concepts.hashing import Ring
from dslab.concepts.workload import poisson, requests, zipf
from dslab.sim.result import Metric, Result

SERVICE_MS = 10.0
POLICIES = ("random", "round robin", "two choices", "least connections", "consistent hash", "one queue")
KEYS = 500


# -- closed forms, in service times ---------------------------------------------------------------------------


def mm1(load: float) -> float:
    """Mean response time of M/M/1 in service times: 1 / (1 - load). ``load`` is 0 to below 1; ValueError otherwise."""
    return 1 / (1 - _load(load))


def erlang_c(servers: int, load: float) -> float:
    """Chance that an arrival must wait in M/M/c (Erlang's C formula), 0 to 1."""
    offered, term, total = servers * _load(load), 1.0, 1.0
    for k in range(1, servers):
        term *= offered / k
        total += term
    last = term * offered / servers / (1 - load)
    return last / (total + last)


def mmc(servers: int, load: float) -> float:
    """Mean response time of M/M/c in service times: 1 + C / (c (1 - load))."""
    return 1 + erlang_c(servers, load) / (servers * (1 - load))


def choices(load: float, d: int = 2) -> float:
    """Mean response time with the shortest of ``d`` random queues, in service times, for very many servers.

    The sum over i of load^((d^i - d) / (d - 1)): Mitzenmacher 1996; Vvedenskaya, Dobrushin and Karpelevich 1996.
    """
    _load(load)
    if d == 1:
        return mm1(load)
    total, i = 0.0, 1
    while (power := (d**i - d) / (d - 1)) < 1e6 and (term := load**power) > 1e-12:
        total, i = total + term, i + 1
    return total


def in_turn(servers: int, load: float) -> float:
    """Mean response time with round robin, in service times: each server sees every n-th arrival, so GI/M/1 with gamma gaps."""
    sigma, rate = _load(load), servers * load
    for _ in range(10_000):
        new = (rate / (rate + 1 - sigma)) ** servers
        if abs(new - sigma) < 1e-13:
            break
        sigma = new
    return 1 / (1 - sigma)


def hashed(servers: int, load: float, skew: float) -> float:
    """Mean response time with a consistent hash, in service times; infinite where one server gets more than it can serve."""
    loads = [share * servers * load for share in hash_shares(servers, skew)]
    if max(loads) >= 1:
        return math.inf
    return sum(rho / (servers * load) / (1 - rho) for rho in loads)


def theory(policy: str, servers: int, load: float, skew: float = 0.6) -> float | None:
    """Give the closed form of one of `POLICIES` in service times; None where there is none (least connections)."""
    forms = {
        "random": lambda: mm1(load),
        "round robin": lambda: in_turn(servers, load),
        "two choices": lambda: choices(load),
        "consistent hash": lambda: hashed(servers, load, skew),
        "one queue": lambda: mmc(servers, load),
    }
    return forms[policy]() if policy in forms else None


def _load(load: float) -> float:
    if not 0 <= load < 1:
        raise ValueError(
            f"load={load!r} is not possible; it must be 0 to below 1, or the queue grows for ever"
        )
    return load


@lru_cache(maxsize=64)
def _homes(servers: int) -> tuple[int, ...]:
    ring = Ring([f"server {n}" for n in range(servers)])
    return tuple(int(ring.node(f"key {key}").split()[1]) for key in range(KEYS))


def hash_shares(servers: int, skew: float) -> list[float]:
    """Give the share of all requests that each server gets by consistent hash of the key."""
    shares = [0.0] * servers
    for home, share in zip(_homes(servers), zipf(KEYS, skew), strict=True):
        shares[home] += share
    return shares


# -- simulation -------------------------------------------------------------------------------------------------


class Servers:
    """Servers that work first come, first served. Times are numbers on one scale; ``slow`` stretches the work of server 0."""

    def __init__(self, count: int, slow: float = 1.0) -> None:
        self.leaving: list[deque[float]] = [deque() for _ in range(count)]
        self.slow = slow

    def busy(self, server: int, now: float) -> int:
        """Give how many requests a server has at ``now``."""
        queue = self.leaving[server]
        while queue and queue[0] <= now:
            queue.popleft()
        return len(queue)

    def give(self, server: int, now: float, work: float) -> float:
        """Give a server ``work``; gives the time at which it is done."""
        queue = self.leaving[server]
        begins = queue[-1] if queue and queue[-1] > now else now
        done = begins + work * (self.slow if server == 0 else 1.0)
        queue.append(done)
        return done


# [pick] what each policy looks at
class Balancer:
    """Picks a server. ``counts()`` is how many requests it believes each server has: exact, or as old as the last refresh."""

    def __init__(self, policy: str, servers: Servers, rng: random.Random, refresh: float = 0.0) -> None:
        self.policy, self.servers, self.rng, self.refresh = policy, servers, rng, refresh
        self.count, self.turn, self.seen, self.looked = (
            len(servers.leaving),
            -1,
            [0] * len(servers.leaving),
            -math.inf,
        )
        self.homes = _homes(self.count) if policy == "consistent hash" else ()

    def pick(self, key: int, now: float) -> int:
        """Give the number of the server for a request for ``key`` at ``now``."""
        if self.policy == "random":
            return int(self.rng.random() * self.count)
        if self.policy == "round robin":
            self.turn = (self.turn + 1) % self.count
            return self.turn
        if self.policy == "consistent hash":
            return self.homes[key]
        two = self.policy == "two choices"
        among = [int(self.rng.random() * self.count) for _ in range(2)] if two else range(self.count)
        return self.least(among, now)

    # [/pick]
    def least(self, among, now: float) -> int:
        """Give the one that is believed to have least; equal ones by chance."""
        if self.refresh and now - self.looked >= self.refresh:
            self.seen = [self.servers.busy(n, now) for n in range(self.count)]
            self.looked = now
        believed = [(self.seen[n] if self.refresh else self.servers.busy(n, now), n) for n in among]
        fewest = min(believed)[0]
        best = [n for count, n in believed if count == fewest]
        return best[int(self.rng.random() * len(best))] if len(best) > 1 else best[0]


def responses(policy: str, servers: int = 8, load: float = 0.8, count: int = 6_000, skew: float = 0.6, slow: float = 1.0,
              refresh: float = 0.0, seed: int = 1) -> list[float]:  # fmt: skip
    """Simulate ``count`` requests; gives the response time of each, in service times, after a tenth to warm up.

    ``policy`` is one of `POLICIES`; ``servers`` 1 to 64; ``load`` above 0 and below 1; ``skew`` of the keys 0 to 2; ``slow``: server 0 takes so
    many times as long (1 or more); ``refresh``: age of the balancer's counts in service times (0: always exact). The same seed gives all
    policies the same arrivals and the same work. ValueError for a value out of range.
    """
    if policy not in POLICIES:
        raise ValueError(f"the policy {policy!r} is not known; use one of {', '.join(POLICIES)}")
    if not isinstance(servers, int) or not 1 <= servers <= 64:
        raise ValueError(f"servers={servers!r} is not possible; use a whole number from 1 to 64")
    if not 0 < load < 1:
        raise ValueError(f"load={load!r} is not possible; it must lie between 0 and 1")
    arrivals, work, keys = _stream(servers, load, count, skew, seed)
    if policy == "one queue":
        times = _one_queue(arrivals, work, servers, slow)
    else:
        fleet = Servers(servers, slow)
        balancer = Balancer(policy, fleet, random.Random(seed + 1), refresh)
        pick, give = balancer.pick, fleet.give
        times = [give(pick(k, at), at, w) - at for k, at, w in zip(keys, arrivals, work, strict=True)]
    return times[count // 10 :]


@lru_cache(maxsize=4)
def _stream(
    servers: int, load: float, count: int, skew: float, seed: int
) -> tuple[list[float], list[float], list[int]]:
    rng = random.Random(seed)
    arrivals = poisson(rng, count, servers * load)
    return arrivals, [rng.expovariate(1.0) for _ in range(count)], requests(rng, count, KEYS, skew)


def _one_queue(arrivals: list[float], work: list[float], servers: int, slow: float) -> list[float]:
    free, times = [(0.0, n) for n in range(servers)], []
    for at, needs in zip(arrivals, work, strict=True):
        begins, n = max(at, free[0][0]), free[0][1]
        done = begins + needs * (slow if n == 0 else 1.0)
        heapreplace(free, (done, n))
        times.append(done - at)
    return times


def balance(servers: int = 8, load: float = 90, skew: float = 0.6, slow: float = 1.0, refresh_ms: float = 0.0,
            count: int = 5_000) -> Result:  # fmt: skip
    """Compare all policies on the same requests. ``load`` in per cent (1 to 99); the rest as in `responses`, times in ms.

    Metrics: mean response time of each policy in ms, by its name; ``99 <name>``: the 99th percentile; ``theory <name>``: the closed form
    (none for least connections, for old counts, or with a slow server, which the forms do not know).
    """
    metrics: dict[str, Metric] = {}
    for policy in POLICIES:
        times = responses(policy, servers, load / 100, count, skew, slow, refresh_ms / SERVICE_MS)
        metrics[policy] = Metric(policy, SERVICE_MS * sum(times) / len(times), "ms")
        metrics[f"99 {policy}"] = Metric(
            f"{policy}, 99 %", SERVICE_MS * sorted(times)[int(0.99 * len(times))], "ms"
        )
        form = theory(policy, servers, load / 100, skew)
        known = form is not None and math.isfinite(form) and slow == 1
        if known and not (refresh_ms and policy == "two choices"):
            metrics[f"theory {policy}"] = Metric(f"{policy}, closed form", SERVICE_MS * form, "ms")
    picks = {name: metrics[name].value for name in POLICIES[:4]}
    best, worst = min(picks, key=picks.__getitem__), max(picks, key=picks.__getitem__)
    hottest = max(hash_shares(servers, skew)) * servers * load
    text = (
        f"{servers} servers, {load:g} % load: of the four that ignore the key, {best} is fastest ({picks[best]:.0f} ms on average) and "
        f"{worst} slowest ({picks[worst]:.0f} ms). By consistent hash the busiest server has a load of {hottest:.0f} %"
        f"{', more than it can serve' if hottest >= 100 else ''}."
    )
    return Result({"servers": servers, "load": load, "slow": slow, "refresh_ms": refresh_ms}, metrics, text)

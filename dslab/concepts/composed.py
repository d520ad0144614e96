"""One shop, one minute, twelve concepts: a request through all of them, each with a switch.

| concept            | what it does in the shop                                  | switched off                                             |
|--------------------|----------------------------------------------------------|-----------------------------------------------------------|
| load balancing     | a request goes to the server with fewest                   | to any server, by chance                                    |
| caching            | products are kept in memory                                | every product is read from the database                      |
| CDN                | pictures come from an edge                                 | pictures come from the servers                              |
| message queue      | an order's invoice is made later                            | the order waits for its invoice                              |
| publish-subscribe  | an order is published once                                 | the order calls three services, one after the other            |
| API gateway        | forged requests are refused at the door                     | a server finds out                                          |
| circuit breaker    | payment that does not answer is not asked                   | every order waits for its timeout                            |
| service discovery  | a dead server leaves the list after its lease                 | it stays on the list                                        |
| sharding           | the database has four shards                                | it has one                                                 |
| rate limiting      | each client may send so much                                | anybody may send anything                                   |
| consistent hashing | a ring says which cache node has a product                   | modulo does                                                |
| auto scaling       | servers come and go with the load                           | there are as many as in the morning                          |

The story (seconds): customers are few until 10, then two and a half times as many until 50. A fifth cache node is added at 20. Payment is down from
28 to 34. A server dies at 38 without a word. One client sends a flood from 44 to 52, for products that nobody else asks for. Forged requests come all the time. What counts is what customers get: an
answer within `IN_TIME_MS`.
"""

from __future__ import annotations

import random
from bisect import insort
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from heapq import heappop, heappush
from itertools import accumulate

from dslab.check.table import finished
from dslab.concepts.autoscaling import wanted
from dslab.concepts.balancing import Servers
from dslab.concepts.breaker import Breaker
from dslab.concepts.caching import LRU
from dslab.concepts.gateway import authenticate, route, sign, token_bucket
from dslab.concepts.hashing import Ring, jump_hash, md5_64
from dslab.concepts.pubsub import Topic
from dslab.concepts.workload import zipf
from dslab.sim.result import Metric, Result, Series

SECONDS, PRODUCTS, PICTURES, ROOM = 60, 600, 100, 100
IN_TIME_MS, GIVES_UP_MS = 400.0, 10_000.0
BASE, PEAK, FLOOD, FORGED = 30.0, 75.0, 90.0, 12.0  # requests per second
PAYMENT_DOWN, DIES_AT, GROWS_AT, FLOODS = (28.0, 34.0), 38.0, 20.0, (44.0, 52.0)
PAY_TIMEOUT_MS, LEASE_S, CALL_TIMEOUT_MS = 800.0, 3.0, 300.0
START, LOOK_S, STARTUP_S, TARGET = 3, 1.0, 2.0, 0.6
SECRET = b"kept by the gateway"
ROUTES = {"/pictures": "picture", "/products": "read", "/orders": "order"}


@dataclass(frozen=True)
class Concepts:
    """Which of the twelve are on; all unless said otherwise."""

    balancing: bool = True
    caching: bool = True
    cdn: bool = True
    queue: bool = True
    pubsub: bool = True
    gateway: bool = True
    breaker: bool = True
    discovery: bool = True
    sharding: bool = True
    limiting: bool = True
    hashing: bool = True
    autoscaling: bool = True


NAMES = dict(zip(
    (field.name for field in fields(Concepts)),
    ("load balancing", "caching", "CDN", "message queue", "publish-subscribe", "API gateway", "circuit breaker", "service discovery", "sharding", "rate limiting",
     "consistent hashing", "auto scaling"), strict=True))  # fmt: skip


@lru_cache(maxsize=2)
def _arrivals(seed: int) -> tuple[tuple[float, str, str, int], ...]:
    """Draw the minute once: (second, who, path, number) in order of time; who is customer, flood or forger."""
    rng, found = random.Random(seed), []
    products, pictures = (list(accumulate(zipf(count, 0.8))) for count in (PRODUCTS, PICTURES))

    def stream(who: str, rate: float, begin: float, end: float) -> None:
        now = begin + rng.expovariate(rate)
        while now < end:
            kind = (
                "/products"
                if who == "flood"
                else rng.choices(("/pictures", "/products", "/orders"), (30, 50, 20))[0]
            )
            weights = pictures if kind == "/pictures" else products
            number = (
                PRODUCTS + len(found)
                if who == "flood"
                else rng.choices(range(len(weights)), cum_weights=weights)[0]
            )
            found.append((now, who, kind, number))
            now += rng.expovariate(rate)

    for begin, end, rate in ((0, 10, BASE), (10, 50, PEAK), (50, SECONDS, BASE)):
        stream("customer", rate, begin, end)
    stream("flood", FLOOD, *FLOODS)
    stream("forger", FORGED, 0, SECONDS)
    return tuple(sorted(found))


class Shop:
    """The shop's parts. Times in seconds, work in ms."""

    def __init__(self, on: Concepts, seed: int) -> None:
        self.on, self.rng = on, random.Random(seed + 1)
        self.servers, self.alive, self.listed = Servers(START), set(range(START)), list(range(START))
        self.coming: list[tuple[float, int]] = []
        self.worked, self.looked, self.paid = 0.0, 0.0, 0.0
        self.caches = [LRU(ROOM) for _ in range(5)]
        self.shards = Servers(4 if on.sharding else 1)
        self.edge: dict[int, float] = {}
        self.guard = Breaker(3, 1_000_000, 2_000_000)
        self.results: list[tuple[float, int, object, bool]] = []
        self.buckets: dict[str, tuple[float, float]] = {}
        self.topic, self.later = Topic(None), 0
        self.count: Counter[str] = Counter()
        self.dead: int | None = None
        names = [f"cache {number}" for number in range(5)]
        self.rings = [Ring(names[:4]), Ring(names)] if on.hashing else []
        self.homes: dict[tuple[bool, int], int] = {}
        for product in reversed(range(PRODUCTS)):  # the morning has filled the four cache nodes
            self.caches[self.home(product, False)].hit(product)

    # [through] one request through all twelve
    def request(self, now: float, who: str, token: str, path: str, number: int) -> float | None:
        """Give the answer's time in ms, or None where there is none (refused, failed)."""
        if self.on.gateway and authenticate(token, SECRET) is None:
            return None
        if self.on.limiting and not self.allowed(who, now):
            return None
        kind = route(path, ROUTES)
        if kind == "picture" and self.on.cdn and self.at_edge(number, now):
            return 5.0
        server = self.pick(now)
        if server is None or server not in self.alive:
            return self.unanswered(server, now)
        work, ok = self.work(kind, who, number, now)
        return (
            (self.servers.give(server, now, work / 1e3) - now) * 1e3 if ok else self.failed(server, now, work)
        )

    # [/through]
    def failed(self, server: int, now: float, work: float) -> None:
        """A call that fails has occupied its server all the same."""
        self.servers.give(server, now, work / 1e3)

    def unanswered(self, server: int | None, now: float) -> None:
        """Nobody is there: the call hangs until its timeout, and counts as one that the server has."""
        if server is not None:
            self.servers.leaving[server].append(now + CALL_TIMEOUT_MS / 1e3)

    def allowed(self, who: str, now: float) -> bool:
        """A token bucket for each client; customers are many clients, the flood is one."""
        if who != "flood":
            return True
        tokens, last = self.buckets.get(who, (10.0, now))
        passed, *self.buckets[who] = token_bucket(tokens, last, now, 5.0, 10.0)
        return passed

    def at_edge(self, picture: int, now: float) -> bool:
        """Whether the edge has the picture, fresh for 20 s; if not, it will."""
        fresh = self.edge.get(picture, 0.0) > now
        if not fresh:
            self.edge[picture] = now + 20.0
        return fresh

    def pick(self, now: float) -> int | None:
        """Pick a server from the list that the shop believes in."""
        if not self.listed:
            return None
        if not self.on.balancing:
            return self.listed[int(self.rng.random() * len(self.listed))]
        return min(self.listed, key=lambda server: (self.servers.busy(server, now), server))

    def work(self, kind: str | None, who: str, number: int, now: float) -> tuple[float, bool]:
        """Give (ms that a server is busy with it, whether it succeeds)."""
        if who == "forger":
            self.count["forged"] += 1
            self.worked += 20.0
            return 20.0, False
        ms, ok = 20.0, True
        if kind == "picture":
            ms += 60.0
        elif kind == "read":
            ms += self.read(number, now)
        else:
            ms, ok = self.order(number, now)
        self.worked += ms
        return ms, ok

    def read(self, product: int, now: float) -> float:
        """Read a product: from the cache node in charge, or from its shard of the database."""
        if self.on.caching and self.caches[self.home(product, now >= GROWS_AT)].hit(product):
            return 2.0
        shard = jump_hash(md5_64(str(product).encode()), len(self.shards.leaving))
        self.count["database"] += 1
        return min(1_000.0, (self.shards.give(shard, now, 0.03) - now) * 1e3)

    def store(self, number: int, now: float) -> float:
        """Write an order to the shard of its product: 45 ms of work there."""
        shard = jump_hash(md5_64(str(number).encode()), len(self.shards.leaving))
        return min(1_000.0, (self.shards.give(shard, now, 0.045) - now) * 1e3)

    def home(self, product: int, grown: bool) -> int:
        """Give the cache node in charge of a product, before or after the fifth was added."""
        if (grown, product) not in self.homes:
            if self.on.hashing:
                self.homes[grown, product] = int(self.rings[grown].node(f"product {product}").split()[1])
            else:
                self.homes[grown, product] = md5_64(f"product {product}".encode()) % (5 if grown else 4)
        return self.homes[grown, product]

    def order(self, number: int, now: float) -> tuple[float, bool]:
        """Pay, then invoice and tell three services, now or later."""
        down = PAYMENT_DOWN[0] <= now < PAYMENT_DOWN[1]
        micros = round(now * 1e6)
        while self.results and self.results[0][0] <= now:
            at, _, ticket, ok = heappop(self.results)
            self.guard.report(ticket, ok, round(at * 1e6))
        ticket = self.guard.allow(micros) if self.on.breaker else None
        if self.on.breaker and ticket is None:
            return 5.0, False
        took = PAY_TIMEOUT_MS if down else 30.0
        if ticket is not None:
            heappush(self.results, (now + took / 1e3, self.count["paid"], ticket, not down))
        self.count["paid"] += 1
        if down:
            return 30.0 + took, False
        ms = 60.0 + self.store(number, now)
        if self.on.queue:
            self.later += 1
        else:
            ms += 150.0
        if self.on.pubsub:
            self.topic.publish(number)
        else:
            ms += 3 * 30.0
        return ms, True

    # -- time goes on -------------------------------------------------------------------------------------------

    def until(self, now: float) -> None:
        """Let what happens by itself happen: starts, looks of the scaler, a death, a lease that ends."""
        while self.coming and self.coming[0][0] <= now:
            _, server = self.coming.pop(0)
            self.alive.add(server)
            insort(self.listed, server)
        if self.dead is None and now >= DIES_AT:
            self.dead = min(self.alive)
            self.alive.discard(self.dead)
        if self.on.discovery and self.dead in self.listed and now >= DIES_AT + LEASE_S:
            self.listed.remove(self.dead)
        if now >= self.looked + LOOK_S:
            self.paid += (len(self.alive) + len(self.coming)) * (now - self.looked)
            if self.on.autoscaling:
                self.scale(now)
            self.worked, self.looked = 0.0, now

    def scale(self, now: float) -> None:
        """Target tracking on the work of the last second; servers on their way count."""
        have = len(self.listed) + len(self.coming)
        want = min(12, max(START, wanted(have, self.worked / 1e3 / (now - self.looked) / have, TARGET)))
        for _ in range(want - have):
            self.servers.leaving.append(type(self.servers.leaving[0])())
            self.coming.append((now + STARTUP_S, len(self.servers.leaving) - 1))
        if want < have - 1 and len(self.alive) > want and not self.coming:
            last = max(self.alive)
            self.alive.discard(last)
            self.listed.remove(last)


def minute(on: Concepts | None = None, seed: int = 1) -> Result:
    """Run the shop for a minute. Metrics of customers' requests: ``in_time`` and ``failed`` (per cent), ``median`` and ``p99`` (ms, of the answered).

    Also ``servers`` (server seconds paid for), ``database`` (reads) and ``forged`` (requests of forgers that a server had to look at). Series: share
    answered in time, by second. A customer gives up after 10 s.
    """
    return finished(_minute(on or Concepts(), seed))


def _minute(on: Concepts, seed: int) -> Generator[float, None, Result]:
    shop, good, bad = Shop(on, seed), sign("customer", SECRET), "customer.forged"
    times: list[float] = []
    asked, well = [0] * SECONDS, [0] * SECONDS
    for place, (now, who, path, number) in enumerate(_arrivals(seed)):
        if not place % 250:
            yield now / SECONDS
        shop.until(now)
        took = shop.request(now, who, bad if who == "forger" else good, path, number)
        if who == "customer":
            second = int(now)
            asked[second] += 1
            if took is not None and took <= GIVES_UP_MS:
                times.append(took)
                well[second] += took <= IN_TIME_MS
    times.sort()
    total = sum(asked)
    metrics = {
        "in_time": Metric("answered in time", 100 * sum(well) / total, "%"), "failed": Metric("without an answer", 100 * (total - len(times)) / total, "%"),
        "median": Metric("median", times[len(times) // 2], "ms"), "p99": Metric("99 %", times[int(0.99 * len(times))], "ms"),
        "servers": Metric("server seconds", shop.paid, "s"), "database": Metric("database reads", shop.count["database"]),
        "forged": Metric("forged requests at a server", shop.count["forged"]),
    }  # fmt: skip
    off = [NAMES[field.name] for field in fields(Concepts) if not getattr(on, field.name)]
    x = tuple(range(SECONDS))
    share = tuple(100 * ok / max(1, count) for ok, count in zip(well, asked, strict=True))
    text = (
        f"{'All twelve on' if not off else 'Off: ' + ', '.join(off)}. {total:,} customers' requests in a minute: {metrics['in_time'].value:.1f} % answered within "
        f"{IN_TIME_MS:g} ms, {metrics['failed'].value:.1f} % not at all, 99th percentile {metrics['p99'].value:,.0f} ms, {shop.paid:.0f} server seconds, "
        f"{shop.count['database']:,} database reads."
    )
    return Result(
        {field.name: getattr(on, field.name) for field in fields(Concepts)},
        metrics,
        text,
        {"in time": Series("answered in time", x, share)},
    )


def shop(**switches: bool) -> Generator[float, None, Result]:
    """Run `minute` in steps, with the concepts given by keyword (see `Concepts`) on or off; TypeError for a name that is none of the twelve."""
    return _minute(Concepts(**switches), 1)


def without_each(seed: int = 1) -> dict[str, Result]:
    """Run the minute with all twelve on (under ""), then with each of them off in turn."""
    base = Concepts()
    return {"": minute(base, seed), **{name: minute(replace(base, **{name: False}), seed) for name in NAMES}}

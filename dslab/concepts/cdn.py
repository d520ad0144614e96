"""Content delivery network: copies near the readers, a shield before the origin, and how a copy ends.

| word               | meaning                                                                                        |
|--------------------|------------------------------------------------------------------------------------------------|
| origin             | where the object comes from; the only one who knows its newest version                             |
| edge               | a cache near readers; there are many                                                             |
| shield             | one cache between all edges and the origin (a second tier)                                        |
| TTL                | how long a copy may be given out, counted from when the *origin* sent it (the Age header)           |
| request collapsing | while a cache fetches an object, further requests for it wait for that one fetch                    |
| purge              | the publisher tells every cache to drop its copy now                                              |

The protocol: a reader asks an edge. With a fresh copy the edge answers. Otherwise it asks the shield, which does the same with the origin. The
answer is kept on the way back until its TTL is over. One object, asked for again and again, is modelled: the worst case of a cache is a
popular object that just ran out.
"""

from __future__ import annotations

import random
from bisect import insort
from collections import deque
from heapq import heapify, heapreplace

from dslab.concepts.switches import Switches
from dslab.sim import World, step
from dslab.sim.result import Metric, Result

HOP_S = 0.02  # one way between edge and shield, seconds


class Tier:
    """One cache and one object: copies on their way and kept. Times in seconds."""

    def __init__(self, ttl: float, collapsing: bool) -> None:
        self.ttl, self.collapsing, self.fetches = ttl, collapsing, []
        self.copies: deque[tuple[float, float, float]] = (
            deque()
        )  # in order: there from, fresh until, sent by the origin at

    # [find] a fresh copy; or, with collapsing, the one that is on its way
    def find(self, now: float) -> tuple[float, float] | None:
        """Give (when the reader has it, when the origin sent it) if nobody need be asked, else None."""
        while self.copies and self.copies[0][1] <= now:
            self.copies.popleft()
        if self.copies:
            there, _, sent = self.copies[0]
            if there <= now or self.collapsing:
                return max(there, now), sent
        return None

    # [/find]
    def keep(self, there: float, sent: float, age: bool) -> None:
        """Keep a copy that arrives at ``there`` and was sent by the origin at ``sent``; ``age``: its age counts."""
        # In order of arrival: what the shield had at hand overtakes what is still on its way from the origin.
        insort(self.copies, (there, max(there, (sent if age else there) + self.ttl), sent))

    def upstream(self, now: float, fetch_s: float, age: bool) -> tuple[float, float]:
        """Be asked by an edge at ``now``; gives (when the answer leaves, when the origin sent it), fetching if need be."""
        found = self.find(now)
        if found is None:
            self.fetches.append(now)
            found = now + fetch_s, now + fetch_s / 2
            self.keep(*found, age)
        return found


def origin_fetches(edges: int = 20, rate: float = 5.0, ttl: float = 10.0, fetch_s: float = 0.3, shield: bool = True,
                   collapsing: bool = True, age: bool = True, seconds: float = 60.0, seed: int = 1) -> dict[str, float]:  # fmt: skip
    """Run one popular object; gives origin fetches per minute, the share of hits at the edges, and the oldest copy given out in s.

    ``edges`` 1 to 200, ``rate`` requests per second at each edge, ``ttl`` seconds, ``fetch_s`` seconds from the shield (or the edge) to the origin
    and back. ``age``: a copy's TTL counts from the origin; else each tier begins anew. Counted for ``seconds`` after the first copies have ended.
    Hits change nothing, so only the requests that miss are played one by one. ValueError for a value out of range.
    """
    for name, value, low, high in (
        ("edges", edges, 1, 200),
        ("rate", rate, 0.01, 1000),
        ("ttl", ttl, 0.1, 1e5),
        ("fetch_s", fetch_s, 0.01, 60),
    ):
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low:g} to {high:g}")
    rng, gap = random.Random(seed), 1 / rate
    tiers, middle = [Tier(ttl, collapsing) for _ in range(edges)], Tier(ttl, collapsing)
    begin = ttl + fetch_s + HOP_S
    end, missed, oldest = begin + seconds, 0, 0.0
    coming = [(rng.expovariate(rate), number) for number in range(edges)]
    heapify(coming)
    fetches = middle.fetches
    while coming[0][0] < end:
        now, number = coming[0]
        edge = tiers[number]
        found = edge.find(now)
        if found is None:
            if shield:
                found = middle.upstream(now + HOP_S, fetch_s, age)
                there, sent = found[0] + HOP_S, found[1]
            else:
                fetches.append(now)
                there, sent = now + fetch_s, now + fetch_s / 2
            edge.keep(there, sent, age)
            missed += now >= begin
        (first, _, _), (there, until, sent) = edge.copies[0], edge.copies[-1]
        again = rng.expovariate(rate)
        if collapsing or now + again >= first:  # all is well until the last copy ends
            oldest = max(oldest, max(there, until - rng.expovariate(rate)) - sent)
            again += max(0.0, until - now)
        heapreplace(coming, (now + again, number))
    counted = sum(begin <= at < end for at in fetches)
    return {
        "per_minute": 60 * counted / seconds,
        "hit": max(0.0, 1 - missed * gap / edges / seconds),
        "oldest_s": oldest,
    }


def collapsed_per_minute(edges: int, rate: float, ttl: float, fetch_s: float, shield: bool) -> float:
    """Closed form: fetches per minute with collapsing. A cycle is half a fetch, a TTL, and the wait for the next request.

    With a shield there is one cache to fill, whatever the number of edges (rate of all edges together); without one, each edge has its cycle.
    The TTL counts from the origin.
    """
    every = fetch_s / 2 + ttl + 1 / (rate * edges if shield else rate)
    return 60 / every * (1 if shield else edges)


def deliver(
    edges: int = 20, rate: float = 5.0, ttl: float = 10.0, fetch_ms: float = 400.0, age: bool = True
) -> Result:
    """Compare the four: with and without shield, with and without collapsing. Metrics: origin fetches per minute by name.

    Names: "edges only", "+ collapsing", "+ shield", "+ both"; ``theory <name>`` where collapsing is on; ``oldest`` seconds; ``hit`` per cent; for "+ both".
    """
    metrics: dict[str, Metric] = {}
    ways = {
        "edges only": (False, False),
        "+ collapsing": (False, True),
        "+ shield": (True, False),
        "+ both": (True, True),
    }
    misses = edges * (1 + rate * fetch_ms / 1e3) / (ttl + fetch_ms / 1e3)  # a second, at most
    seconds = min(max(4 * (ttl + fetch_ms / 1e3), 2_000 / misses), 600.0)
    for name, (shield, collapsing) in ways.items():
        run = origin_fetches(edges, rate, ttl, fetch_ms / 1e3, shield, collapsing, age, seconds)
        metrics[name] = Metric(name, run["per_minute"], "per minute")
        if collapsing and age:
            form = collapsed_per_minute(edges, rate, ttl, fetch_ms / 1e3, shield)
            metrics[f"theory {name}"] = Metric(f"{name}, closed form", form, "per minute")
    metrics["oldest"] = Metric("oldest copy given out", run["oldest_s"], "s")
    metrics["hit"] = Metric("hits", 100 * run["hit"], "%")
    text = (
        f"{edges} edges, {60 * edges * rate:,.0f} requests a minute: the origin sees {metrics['edges only'].value:.0f} of them with edges only and "
        f"{metrics['+ both'].value:.0f} with a shield and collapsing. The oldest copy given out is {run['oldest_s']:.0f} s old, with a TTL of {ttl:g} s."
    )
    return Result({"edges": edges, "rate": rate, "ttl": ttl, "age": age}, metrics, text)


# -- for the referee ----------------------------------------------------------------------------------------------


class Copy:
    """A cache in the purge's story: the version it holds (0: none), and how many purges it has seen."""

    def __init__(self, holds: int) -> None:
        self.holds, self.purges, self.filled = holds, 0, 0


def purge_world(switches: Switches, shield_holds: int = 1) -> World:
    """A reader asks an empty edge while the publisher replaces version 1 by 2 and purges shield and edge."""
    world = World(name="purge")
    copies = {"shield": Copy(shield_holds), "edge": Copy(0)}
    newest = {"version": 1}
    world.facts |= {"copies": copies, "newest": newest}
    lanes = {
        name: world.node(
            name,
            label=name.capitalize(),
            kind="cache",
            holds=f"v{copies[name].holds}" if copies[name].holds else "nothing",
        )
        for name in copies
    }
    origin = world.node("origin", label="Origin", kind="store", version="v1")
    reader, publisher = world.node("reader", kind="client"), world.node("publisher", kind="client")

    def show(name: str) -> None:
        holds = copies[name].holds
        lanes[name].state["holds"] = f"v{holds}" if holds else "nothing"

    # [fill] a fill that began before a purge is not kept
    def fill(name: str, version: int, purges: int) -> None:
        copy = copies[name]
        if switches.fill_checks_purge and copy.purges != purges:
            return
        copy.holds = version
        copy.filled += 1
        show(name)

    # [/fill]
    async def read() -> None:
        await step("asks the edge")
        edge_purges = copies["edge"].purges
        await step("the edge asks the shield")
        version = copies["shield"].holds
        if not version:
            shield_purges = copies["shield"].purges
            await step("the shield asks the origin")
            version = newest["version"]
            await step(f"v{version} arrives at the shield")
            fill("shield", version, shield_purges)
        await step(f"v{version} arrives at the edge")
        fill("edge", version, edge_purges)

    async def publish() -> None:
        await step("publishes v2")
        newest["version"] = 2
        origin.state["version"] = "v2"
        for name in ("shield", "edge") if switches.purge_order == "shield first" else ("edge", "shield"):
            await step(f"purges the {name}")
            copies[name].holds = 0
            copies[name].purges += 1
            show(name)

    reader.spawn(read())
    publisher.spawn(publish())
    return world

"""What lesson 10a puts on the stage: a small explorer for each concept, four groups of them, and the shop with all twelve.

| name                 | its explorers                                                                        |
|----------------------|--------------------------------------------------------------------------------------|
| `front_explorer`     | load balancing, caching, CDN                                                           |
| `between_explorer`   | message queue, publish-subscribe, API gateway                                          |
| `failing_explorer`   | circuit breaker, service discovery                                                     |
| `growing_explorer`   | sharding, rate limiting, consistent hashing, auto scaling                               |
| `shop_explorer`      | all twelve, each with a switch                                                         |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dslab.concepts import (
    autoscaling,
    balancing,
    breaker,
    caching,
    cdn,
    composed,
    discovery,
    gateway,
    hashing,
    pubsub,
    queue,
    sharding,
)
from dslab.course.concepts.lean import Explorer
from dslab.course.concepts.moved import change
from dslab.show import Axis, Band, Bars, Choice, Group, Lines, Mark, Slider, Switch
from dslab.sim import Result, Series

HEIGHT = 230


def _bars(result: Result, names: list[str], axis: Axis, label: str) -> Bars:
    """Bars of metrics, simulated, beside their closed forms where there are any."""
    groups = [Group("simulated", tuple(result[name] for name in names))]
    forms = tuple(result[f"theory {name}"] if f"theory {name}" in result.metrics else None for name in names)
    if any(form is not None for form in forms):
        groups.append(Group("closed form", forms))
    return Bars(tuple(names), tuple(groups), axis, label, height=HEIGHT)


# -- near the reader --------------------------------------------------------------------------------------------


def balancing_explorer() -> Explorer:
    """Six ways to pick a server, on the same requests."""
    controls = {
        "load": Slider("Load", 10, 98, 2, 90, "%"),
        "servers": Slider("Servers", 2, 16, 1, 8),
        "slow": Slider("Server 0 takes so many times as long", 1.0, 4.0, 0.5, 1.0),
        "refresh_ms": Slider("The balancer's counts are up to this old", 0, 200, 20, 0, "ms"),
    }
    question = (
        "A request needs 10 ms of work. How long does it take, with waiting, by how the server is picked?"
    )
    return Explorer(balancing.balance, controls, _balance_pictures, title="Load balancing", question=question)


def _balance_pictures(result: Result) -> list[Any]:
    axis = Axis("mean response time", "ms", log=True, limits=(8, 2_000))
    return [_bars(result, list(balancing.POLICIES), axis, "how the server is picked")]


def caching_explorer() -> Explorer:
    """Six policies on the same requests."""
    controls = {
        "capacity": Slider("Room for", 5, 400, 5, 100, "keys"),
        "skew": Slider("Skew of the popularity", 0.0, 1.6, 0.1, 0.9),
        "workload": Choice("What is asked for", list(caching.WORKLOADS)),
    }
    question = "1,000 keys, 6,000 requests: which policy finds most of what is asked for in its cache?"
    return Explorer(caching.compare, controls, _cache_pictures, title="Caching", question=question)


def _cache_pictures(result: Result) -> list[Any]:
    axis = Axis("hits", "%", limits=(0, 100))
    return [_bars(result, [*caching.POLICIES, "TTL", "OPT"], axis, "policy")]


def cdn_explorer() -> Explorer:
    """What of one popular object the origin gets to see."""
    controls = {
        "edges": Slider("Edges", 1, 100, 1, 20),
        "rate": Slider("Requests per second at each edge", 0.1, 10.0, 2, 3.2, log=True),
        "ttl": Slider("TTL", 1.0, 64.0, 2, 8.0, "s", log=True),
        "fetch_ms": Slider("A fetch from the origin takes", 50, 1600, 2, 400, "ms", log=True),
        "age": Switch("The TTL counts from the origin"),
    }
    question = "How many of the requests for one popular object reach the origin?"
    return Explorer(cdn.deliver, controls, _cdn_pictures, title="Content delivery network", question=question)


def _cdn_pictures(result: Result) -> list[Any]:
    axis = Axis("fetches from the origin", "per minute", log=True, limits=(0.5, 20_000))
    return [_bars(result, ["edges only", "+ collapsing", "+ shield", "+ both"], axis, "what is on")]


# -- between services -------------------------------------------------------------------------------------------


def queue_explorer() -> Explorer:
    """Deliveries of a message against the visibility timeout."""
    controls = {
        "timeout_s": Slider("Visibility timeout", 2.5, 80.0, 2, 10.0, "s", log=True),
        "crash": Slider("Workers that die at a message", 0, 20, 1, 2, "%"),
        "poison": Slider("Messages that kill every worker", 0, 10, 1, 0, "%"),
        "tries": Slider("Deliveries before the dead letters", 1, 10, 1, 5),
    }
    question = (
        "Work takes 10 s on average. How often is a message delivered, and how long does the slowest take?"
    )
    return Explorer(queue.visibility, controls, _queue_pictures, title="Message queue", question=question)


def _queue_pictures(result: Result) -> list[Any]:
    x = Axis("visibility timeout", "s", log=True, limits=(2, 100))
    y = Axis("deliveries per message", "", limits=(0.8, 3.2))
    here = Mark(result.params["timeout_s"], "here")
    return [Lines(x, y, tuple(result.series.values()), marks=(here,), height=HEIGHT)]


def pubsub_explorer() -> Explorer:
    """A topic with one slow subscriber."""
    controls = {
        "slow_read": Slider("The slow one reads, per second", 0, 120, 10, 60),
        "retained": Slider("The topic keeps", 250, 4000, 2, 1000, "messages", log=True),
        "subscribers": Slider("Subscribers", 2, 20, 1, 5),
        "policy": Choice(
            "What happens when one is slow",
            {
                "the topic keeps messages": "keep",
                "its buffer drops them": "drop",
                "the publisher waits": "block",
            },
        ),
    }
    question = "100 messages are published a second. What becomes of the subscriber that cannot keep up, and of the others?"
    return Explorer(pubsub.fan_out, controls, _pubsub_pictures, title="Publish-subscribe", question=question)


def _pubsub_pictures(result: Result) -> list[Any]:
    x, y = Axis("time", "s", limits=(0, 60)), Axis("messages", "", limits=(0, 5_000))
    return [Lines(x, y, tuple(result.series.values()), height=HEIGHT)]


def gateway_explorer() -> Explorer:
    """A second request after a while."""
    controls = {
        "hedge_ms": Slider("A second request after", 5, 320, 2, 40, "ms", log=True),
        "slow": Slider("Slow answers", 0.5, 8.0, 0.5, 2.0, "%"),
    }
    question = "Most answers take 10 ms, a few 200 ms. When should the gateway ask a second backend?"
    return Explorer(
        gateway.hedge, controls, _gateway_pictures, title="API gateway: hedging", question=question
    )


def _gateway_pictures(result: Result) -> list[Any]:
    x = Axis("second request after", "ms", log=True, limits=(4, 400))
    here = Mark(result.params["hedge_ms"], "here")
    curves = tuple(
        Series(series.label, series.x[1:], series.y[1:], series.kind) for series in result.series.values()
    )
    p99, extra = curves
    simulated = Series("simulated", (result.params["hedge_ms"],), (result["p99"],))
    y = Axis("99th percentile (ms), sent twice (%)", "", log=True, limits=(0.1, 1_000))
    return [
        Lines(
            x,
            y,
            (p99, extra, simulated),
            marks=(here,),
            height=HEIGHT,
        )
    ]


# -- when something fails ---------------------------------------------------------------------------------------


def breaker_explorer() -> Explorer:
    """A minute with an outage of 20 s."""
    controls = {
        "failures": Slider("Failures in a row that open it", 1, 20, 1, 5),
        "cool_s": Slider("Cool-down", 0.5, 16.0, 2, 4.0, "s", log=True),
        "error": Slider("Errors of the healthy service", 0, 30, 2, 2, "%"),
        "breaker": Switch("Circuit breaker"),
    }
    question = "50 calls a second; for 20 s none is answered, and each caller waits 1 s for nothing. What does the breaker change?"
    return Explorer(breaker.outage, controls, _breaker_pictures, title="Circuit breaker", question=question)


def _breaker_pictures(result: Result) -> list[Any]:
    x, y = Axis("time", "s", limits=(0, 60)), Axis("calls", "per second", limits=(0, 60))
    outage = Band(20, 40, "outage")
    return [Lines(x, y, tuple(result.series.values()), bands=(outage,), height=HEIGHT)]


def discovery_explorer() -> Explorer:
    """Lease, heartbeat, refresh."""
    controls = {
        "lease_s": Slider("Lease", 5, 40, 5, 15, "s"),
        "refresh_s": Slider("Clients read the list every", 0, 30, 5, 10, "s"),
        "loss": Slider("Heartbeats that are lost", 0, 20, 1, 2, "%"),
    }
    question = "A heartbeat every 5 s. How long do callers meet a dead instance, and how often is a living one dropped?"
    return Explorer(
        discovery.lease, controls, _discovery_pictures, title="Service discovery", question=question
    )


def _discovery_pictures(result: Result) -> list[Any]:
    beat = result.params["beat_s"]
    curves = tuple(
        Series(f"{series.label} ({unit})", tuple(beat * k for k in series.x), series.y, series.kind)
        for series, unit in zip(result.series.values(), ("s", "a day"), strict=True)
    )
    simulated = Series("simulated (s)", (result.params["lease_s"],), (result["stale"],))
    x, y = (
        Axis("lease", "s", limits=(4, 42)),
        Axis("seconds stale, or false alarms a day among 1,000", "", log=True, limits=(0.001, 1e7)),
    )
    here = Mark(result.params["lease_s"], "here")
    return [Lines(x, y, (*curves, simulated), marks=(here,), height=HEIGHT)]


# -- more of everything -----------------------------------------------------------------------------------------


def sharding_explorer() -> Explorer:
    """Three ways to spread one table."""
    controls = {
        "shards": Slider("Shards", 2, 30, 1, 6),
        "pattern": Choice("What is asked for", list(sharding.PATTERNS)),
        "skew": Slider("Skew of the popular keys", 0.0, 1.6, 0.1, 1.0),
        "salts": Slider("The hottest key is split into", 1, 8, 1, 1),
        "width": Slider("Neighbouring keys in a query", 1, 101, 5, 21),
    }
    question = "1,200 keys: how much of the load has the busiest shard, and what moves when a shard is added?"
    return Explorer(sharding.spread, controls, _sharding_pictures, title="Sharding", question=question)


def _sharding_pictures(result: Result) -> list[Any]:
    names = sharding.STRATEGIES
    groups = (
        Group("load of the busiest shard", tuple(result[name] for name in names)),
        Group("keys that move for one shard more", tuple(result[f"moves {name}"] for name in names)),
    )
    floor = Mark(result["floor"], "least load possible", "y")
    axis = Axis("share", "%", limits=(0, 100))
    return [
        Bars(
            names,
            groups,
            axis,
            "strategy",
            marks=(floor,),
            height=HEIGHT,
        )
    ]


def limiting_explorer() -> Explorer:
    """A token bucket and a flood."""
    controls = {
        "rate": Slider("Refill", 5, 40, 5, 10, "per s"),
        "burst": Slider("Bucket", 1, 60, 1, 20, "tokens"),
        "flood": Slider("The flood sends", 10, 100, 10, 50, "per s"),
        "idle_s": Slider("Silence before the flood", 0, 10, 1, 5, "s"),
    }
    question = (
        "A client is calm, then silent, then a flood. How many of its requests pass in one second at most?"
    )
    return Explorer(
        gateway.limit, controls, _limit_pictures, title="Rate limiting: a token bucket", question=question
    )


def _limit_pictures(result: Result) -> list[Any]:
    x, y = Axis("time", "s", limits=(0, 20)), Axis("requests", "per s", limits=(0, 110))
    bound = Mark(result["bound"], "burst + rate", "y")
    return [
        Lines(
            x,
            y,
            tuple(result.series.values()),
            marks=(bound,),
            steps=True,
            height=HEIGHT,
        )
    ]


def hashing_explorer() -> Explorer:
    """What moves when a node is added, and how even it is."""
    controls = {
        "nodes": Slider("Nodes", 2, 30, 1, 10),
        "points": Slider("Points of a node on the ring", 4, 256, 2, 32, log=True),
        "event": Choice(
            "What happens",
            {
                "a node is added": "added",
                "the last node leaves": "last leaves",
                "the first node leaves": "first leaves",
            },
        ),
    }
    question = "800 keys: how many have another node afterwards, and how full is the fullest node?"
    return Explorer(change, controls, _hashing_pictures, title="Consistent hashing", question=question)


def _hashing_pictures(result: Result) -> list[Any]:
    names = hashing.METHODS
    groups = (
        Group("keys that move", tuple(result[name] for name in names)),
        Group("fullest node above its share", tuple(result[f"over {name}"] for name in names)),
    )
    least = Mark(result["least"], "least that must move", "y")
    axis = Axis("share", "%", limits=(0, 130))
    return [
        Bars(
            names,
            groups,
            axis,
            "method",
            marks=(least,),
            height=HEIGHT,
        )
    ]


def scaling_explorer() -> Explorer:
    """A control loop with delays."""
    controls = {
        "cool_s": Slider("Cool-down", 0, 300, 30, 0, "s"),
        "startup_s": Slider("A server starts in", 0, 180, 15, 90, "s"),
        "delay_s": Slider("The metric is this old", 0, 120, 15, 30, "s"),
        "target": Slider("Target utilisation", 40, 90, 10, 60, "%"),
        "pending": Switch("Servers on their way count", False),
        "pattern": Choice("Load", list(autoscaling.PATTERNS)),
    }
    question = "The load changes; the loop looks every 15 s. Does the number of servers follow, or swing?"
    return Explorer(autoscaling.scale, controls, _scaling_pictures, title="Auto scaling", question=question)


def _scaling_pictures(result: Result) -> list[Any]:
    x, y = Axis("time", "min", limits=(0, 30)), Axis("servers", "", limits=(0, 100))
    return [
        Lines(
            x,
            y,
            tuple(result.series.values()),
            steps=True,
            height=HEIGHT,
        )
    ]


# -- all twelve -------------------------------------------------------------------------------------------------


def shop_explorer() -> Explorer:
    """A shop's minute, with a switch for each of the twelve."""
    controls = {name: Switch(words[0].upper() + words[1:]) for name, words in composed.NAMES.items()}
    question = "A minute with a rush, a growing cache, an outage, a death and a flood. What do customers notice when one concept is off?"
    return Explorer(
        composed.shop, controls, _shop_pictures, title="One request through all twelve", question=question
    )


STORY = (
    Band(10, 20, "rush"), Band(28, 34, "payment down"), Band(38, 41, "a death"), Band(44, 52, "flood"),
)  # fmt: skip


def _shop_pictures(result: Result) -> list[Any]:
    x, y = Axis("time", "s", limits=(0, 60)), Axis("answered in time", "%", limits=(0, 105))
    return [
        Lines(
            x,
            y,
            tuple(result.series.values()),
            bands=STORY,
            height=280,
        )
    ]


FRONT = {"load balancing": balancing_explorer, "caching": caching_explorer, "CDN": cdn_explorer}
BETWEEN = {
    "message queue": queue_explorer,
    "publish-subscribe": pubsub_explorer,
    "API gateway": gateway_explorer,
}
FAILING = {"circuit breaker": breaker_explorer, "service discovery": discovery_explorer}
GROWING = {
    "sharding": sharding_explorer,
    "rate limiting": limiting_explorer,
    "consistent hashing": hashing_explorer,
    "auto scaling": scaling_explorer,
}
EXPLORERS: dict[str, Callable[[], Explorer]] = {
    **FRONT,
    **BETWEEN,
    **FAILING,
    **GROWING,
    "shop": shop_explorer,
}


def _of(group: dict[str, Callable[[], Explorer]]) -> Callable[[str], Explorer]:
    def explorer(concept: str) -> Explorer:
        """Give the explorer of a concept of this act; ValueError names those that there are."""
        if concept not in group:
            raise ValueError(f"there is no explorer {concept!r} in this act; there are {', '.join(group)}")
        return group[concept]()

    return explorer


front_explorer, between_explorer, failing_explorer, growing_explorer = map(
    _of, (FRONT, BETWEEN, FAILING, GROWING)
)

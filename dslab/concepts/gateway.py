"""API gateway: one door for many services. Routing, authentication, a rate limit, hedging.

| word            | meaning                                                                                         |
|-----------------|-------------------------------------------------------------------------------------------------|
| route           | the longest registered prefix of a path decides which service gets the request                       |
| token           | "who.signature": the signature is a keyed hash (HMAC-SHA-256) of the name, so only the gateway can make one |
| token bucket    | holds up to ``burst`` tokens, refilled at ``rate`` per second; a request takes one or is refused (lesson 10b has five limiters) |
| hedging         | a request without an answer after a while is sent a second time elsewhere; the first answer counts    |
| idempotency key | a name that the client gives a request, so that a backend that has done it already says so           |

The protocol, in this order: authenticate, limit, route, call, perhaps hedge. The order matters: a limit counted before the name is
proven can be used up by anybody who writes that name on a request.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from dslab.concepts.switches import Switches
from dslab.sim import World, sleep, step
from dslab.sim.result import Metric, Result, Series

# -- routing and authentication ---------------------------------------------------------------------------------


# [route] the longest prefix that ends at a slash
def route(path: str, routes: Mapping[str, str]) -> str | None:
    """Give the service of the longest prefix in ``routes`` that ``path`` begins with, whole segments only; None where there is none."""
    parts = path.rstrip("/").split("/")
    for length in range(len(parts), 0, -1):
        if found := routes.get("/".join(parts[:length]) or "/"):
            return found
    return None


# [/route]


def sign(name: str, key: bytes) -> str:
    """Give the token of a name: "name.signature"."""
    return f"{name}.{hmac.new(key, name.encode(), hashlib.sha256).hexdigest()}"


def authenticate(token: str, key: bytes) -> str | None:
    """Give the name that a token proves, or None. The comparison takes as long whether the first or the last sign differs."""
    name, _, signature = token.rpartition(".")
    wanted = hmac.new(key, name.encode(), hashlib.sha256).hexdigest()
    return name if hmac.compare_digest(signature.encode(), wanted.encode()) else None


# -- the limit ----------------------------------------------------------------------------------------------------


# [bucket] one function: what is in the bucket now, and whether one request may pass
def token_bucket(
    tokens: float, last: float, now: float, rate: float, burst: float
) -> tuple[bool, float, float]:
    """Refill a bucket and take one token: (allowed, tokens left, now). Times in s, ``rate`` tokens per s, at most ``burst`` held."""
    tokens = min(burst, tokens + rate * (now - last))
    return (True, tokens - 1, now) if tokens >= 1 else (False, tokens, now)


# [/bucket]


def admitted(arrivals: Sequence[float], rate: float, burst: float) -> list[bool]:
    """Say of each arrival (ascending, s) whether a bucket that begins full lets it pass."""
    tokens, last, found = burst, arrivals[0] if arrivals else 0.0, []
    for now in arrivals:
        allowed, tokens, last = token_bucket(tokens, last, now, rate, burst)
        found.append(allowed)
    return found


def most_admitted(rate: float, burst: float, seconds: float) -> float:
    """Closed form: the most that a bucket admits in any interval of ``seconds``: burst + rate * seconds (whole requests: rounded down)."""
    return burst + rate * seconds


def most_seen(moments: Sequence[float], seconds: float) -> int:
    """Count the most of ``moments`` (ascending) that lie in any interval of ``seconds``."""
    return max(
        (bisect_left(moments, start + seconds) - place for place, start in enumerate(moments)), default=0
    )


def limit(
    rate: float = 10.0, burst: float = 20.0, idle_s: float = 5.0, flood: float = 50.0, seconds: int = 20
) -> Result:
    """A steady client that becomes a flood after ``idle_s`` of silence, through a bucket.

    It sends ``rate`` / 2 per second for 5 s, is silent for ``idle_s`` (0 to 10), then sends ``flood`` per second to the end. Metrics: ``second`` (the most admitted
    within any second), ``bound`` (burst + rate), ``share`` of all admitted in per cent.
    """
    if not 0 < rate <= 1_000 or not 1 <= burst <= 10_000 or not 0 <= idle_s <= 10:
        raise ValueError(
            "use a rate above 0 up to 1,000 per s, a burst of 1 to 10,000 tokens and a silence of 0 to 10 s"
        )
    calm = [k / (rate / 2) for k in range(int(5 * rate / 2))]
    start = 5 + idle_s
    arrivals = calm + [start + k / flood for k in range(int((seconds - start) * flood))]
    passed = [at for at, allowed in zip(arrivals, admitted(arrivals, rate, burst), strict=True) if allowed]
    most, bound = most_seen(passed, 1.0), most_admitted(rate, burst, 1.0)
    x = tuple(range(seconds))
    per = lambda moments: tuple(sum(second <= at < second + 1 for at in moments) for second in x)  # noqa: E731
    series = {"asked": Series("asked", x, per(arrivals)), "passed": Series("admitted", x, per(passed))}
    metrics = {
        "second": Metric("most in any second", most), "bound": Metric("burst + rate", bound),
        "share": Metric("admitted", 100 * len(passed) / len(arrivals), "%"),
    }  # fmt: skip
    text = (
        f"A bucket of {burst:g} tokens, refilled at {rate:g} a second, admits {100 * len(passed) / len(arrivals):.0f} % of the requests and {most} in its "
        f"busiest second; burst + rate is {bound:g}."
    )
    return Result({"rate": rate, "burst": burst}, metrics, text, series)


# -- hedging --------------------------------------------------------------------------------------------------------


def slow_share(at_ms: float, slow: float = 0.02, fast_ms: float = 10.0, slow_ms: float = 200.0) -> float:
    """Give the share of answers that take longer than ``at_ms``: a few (``slow``, 0 to 1) are exponential with ``slow_ms``, the others with ``fast_ms``."""
    from math import exp

    return 1.0 if at_ms <= 0 else slow * exp(-at_ms / slow_ms) + (1 - slow) * exp(-at_ms / fast_ms)


def hedged_share(at_ms: float, hedge_ms: float, **service: float) -> float:
    """Closed form: the share of hedged requests that take longer than ``at_ms``: S(t) S(t - hedge), two independent answers."""
    return slow_share(at_ms, **service) * slow_share(at_ms - hedge_ms, **service)


def quantile(share_over, share: float, most: float = 1e5) -> float:
    """Give the time that only ``share`` of the answers exceed; ``share_over(t)`` must fall with t."""
    low, high = 0.0, most
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if share_over(middle) > share else (low, middle)
    return high


def hedge(hedge_ms: float = 50.0, slow: float = 2.0, count: int = 8_000, seed: int = 1) -> Result:
    """Simulate requests with a second one sent after ``hedge_ms`` (0: both at once); ``slow`` per cent of all answers are slow.

    Metrics: ``p99`` and ``plain`` (ms, with and without hedging), ``theory`` (ms, closed form), ``extra`` (more requests sent, per cent).
    """
    rng, share = random.Random(seed), slow / 100
    draw = lambda: rng.expovariate(1 / (200.0 if rng.random() < share else 10.0))  # noqa: E731
    first, second = [draw() for _ in range(count)], [draw() for _ in range(count)]
    took = sorted(min(one, hedge_ms + two) for one, two in zip(first, second, strict=True))
    plain, extra = sorted(first), sum(one > hedge_ms for one in first) / count
    at = lambda times: times[int(0.99 * count)]  # noqa: E731
    form = quantile(lambda t: hedged_share(t, hedge_ms, slow=share), 0.01)
    metrics = {
        "p99": Metric("99 % with hedging", at(took), "ms"), "plain": Metric("99 % without", at(plain), "ms"),
        "theory": Metric("99 % with hedging, closed form", form, "ms"), "extra": Metric("requests sent twice", 100 * extra, "%"),
    }  # fmt: skip
    delays = (0, 5, 10, 20, 40, 80, 160, 320)
    series = {
        "p99": Series("99th percentile", delays, tuple(quantile(lambda t, d=d: hedged_share(t, d, slow=share), 0.01) for d in delays), "theory"),
        "extra": Series("requests sent twice", delays, tuple(100 * slow_share(d, share) for d in delays), "theory"),
    }  # fmt: skip
    text = (
        f"A second request after {hedge_ms:g} ms brings the 99th percentile from {at(plain):.0f} ms to {at(took):.0f} ms (closed form {form:.0f}) and sends "
        f"{100 * extra:.1f} % of the requests twice."
    )
    return Result({"hedge_ms": hedge_ms, "slow": slow}, metrics, text, series)


# -- for the referee ----------------------------------------------------------------------------------------------


def hedged_order_world(switches: Switches) -> World:
    """The gateway sends an order to one backend, hears nothing for a while, and sends it to a second one."""
    world = World(name="hedged order")
    orders, done = [], set()
    world.facts["orders"] = orders
    ledger = world.node("ledger", label="Ledger", kind="store", orders=0)
    gateway = world.node("gateway", label="Gateway", kind="service", answer="none")

    def place(key: str) -> str:
        if switches.idempotency_key and key in done:
            return "done before"
        done.add(key)
        orders.append(key)
        ledger.state["orders"] = len(orders)
        return "ordered"

    for name in ("backend 1", "backend 2"):
        world.node(name, label=name.capitalize(), kind="service").on("order", place)

    async def first() -> None:
        gateway.state["answer"] = await gateway.call("backend 1", "order", key="order-7")

    async def second() -> None:
        await step("looks for an answer")
        if gateway.state["answer"] == "none":
            gateway.state["answer"] = await gateway.call("backend 2", "order", key="order-7")

    async def patience() -> None:
        await sleep(10_000)
        await second()

    gateway.spawn(first(), "first try")
    gateway.spawn(patience(), "hedge")
    return world

"""The ledger of lesson 10a: what the article and the field say of the twelve concepts, and what was measured here."""

from __future__ import annotations

from dslab.concepts import (
    autoscaling,
    balancing,
    breaker,
    caching,
    cdn,
    gateway,
    hashing,
    races,
)
from dslab.concepts.workload import zipf
from dslab.course.concepts.lean import Ledger
from dslab.course.concepts.moved import change
from dslab.teach import Claim, Measurement, holds_only_if

ARTICLE, JAN_2026 = "ByteByteGo, EP197", "January 2026"
DIGEST = "Architecture Weekly's digest of it"
TWELVE = (
    "load balancing", "caching", "content delivery network", "message queue", "publish-subscribe", "API gateway", "circuit breaker", "service discovery",
    "sharding", "rate limiting", "consistent hashing", "auto scaling",
)  # fmt: skip
LEFT_OUT = ("publish-subscribe", "service discovery", "rate limiting", "consistent hashing")


def _modulo() -> Measurement:
    run = change(10)
    return Measurement(round(run["modulo"], 1), "%", run.describe())


def _ring() -> Measurement:
    nodes = [f"node {n}" for n in range(11)]
    keys = [f"key {n}" for n in range(20_000)]
    before, after = (hashing.Ring(nodes[:count]) for count in (10, 11))
    share = hashing.moved((before.node(key) for key in keys), (after.node(key) for key in keys))
    return Measurement(
        round(100 * share, 1), "%", "20,000 keys, ketama's 160 points a node; the ideal is 1/11"
    )


def _two() -> Measurement:
    times = balancing.responses("two choices", 32, 0.9, 60_000)
    form = balancing.choices(0.9)
    return Measurement(
        round(balancing.mm1(0.9) / (sum(times) / len(times)), 1),
        "times",
        f"32 servers, 60,000 requests; the closed form for very many servers is {balancing.mm1(0.9) / form:.1f}",
    )


def _che() -> Measurement:
    trace = caching.trace_of("popular keys", 0.9, 60_000)
    hit = caching.LRU(100).hit
    hits = [hit(key) for key in trace][10_000:]
    form = 100 * caching.che(zipf(caching.KEYS, 0.9), 100)
    return Measurement(
        round(abs(100 * sum(hits) / len(hits) - form), 2),
        "points",
        f"50,000 requests: {100 * sum(hits) / len(hits):.1f} % against {form:.1f} %",
    )


def _sieve() -> Measurement:
    shares = []
    for workload in caching.WORKLOADS:
        run = caching.compare(100, 0.9, workload)
        shares.append(f"{workload}: SIEVE {run['SIEVE']:.0f} %, LRU {run['LRU']:.0f} %")
    better = all(
        caching.compare(100, 0.9, w)["SIEVE"] > caching.compare(100, 0.9, w)["LRU"] for w in caching.WORKLOADS
    )
    return Measurement("always" if better else "not always", "", "; ".join(shares))


def _origin() -> Measurement:
    few, many = (cdn.origin_fetches(edges, 5.0, 8.0, 0.4)["per_minute"] for edges in (10, 100))
    return Measurement(
        round(many / few, 2),
        "times",
        f"shield and collapsing: {few:.1f} a minute with 10 edges, {many:.1f} with 100",
    )


def _held(name: str, **positions) -> Measurement:
    verdict = races.search(name, **positions)
    return Measurement("holds" if verdict.held else "broken", "", verdict.describe())


def _swing() -> Measurement:
    swinging, calm = autoscaling.scale(cool_s=0), autoscaling.scale(cool_s=120)
    return Measurement(
        "swings" if swinging["turns"] > 2 and calm["turns"] == 0 else "does not",
        "",
        f"without: {swinging.describe()} With: {calm.describe()}",
    )


CLAIMS = Ledger(
    "concepts",
    [
        Claim("twelve", "the article explains twelve concepts", ARTICLE, JAN_2026, "V", value=12, experiment=lambda: Measurement(len(TWELVE), "", ", ".join(TWELVE))),
        Claim("the digest's eight", "the digest names all of the twelve", DIGEST, JAN_2026, "V", value=12,
              experiment=lambda: Measurement(len(TWELVE) - len(LEFT_OUT), "", f"it leaves out {', '.join(LEFT_OUT)}")),
        Claim("modulo", "adding a node to ten moves n / (n + 1) = 90.9 % of the keys with modulo", "facts of lesson 10, from memory of the field", "2026", "I", value=90.9,
              unit="%", tolerance=2.5, experiment=_modulo),
        Claim("ring", "adding a node to ten moves about 1 / (n + 1) = 9.1 % with consistent hashing", "facts of lesson 10, from memory of the field", "2026", "I", value=9.1, unit="%",
              tolerance=1.5, experiment=_ring),
        Claim("two choices", "two choices are an exponential improvement over one", "Mitzenmacher", "2001", "S", test=lambda factor: factor > 3, experiment=_two),
        Claim("Che", "one characteristic time describes LRU: the error in hit ratio is below one point", "Che, Tung and Wang", "2002", "S", test=lambda points: points < 1, experiment=_che),
        Claim("SIEVE", "SIEVE is better than LRU", "the title of its paper, “SIEVE is Simpler than LRU”, as often retold", "April 2024", "S", value="always",
              otherwise=holds_only_if("some keys are much more popular than others; in a loop neither hits"), experiment=_sieve),
        Claim("origin", "a CDN takes the load of all edges off the origin", ARTICLE, JAN_2026, "I", test=lambda ratio: ratio < 1.1,
              otherwise=holds_only_if("the caches collapse and share a shield"), experiment=_origin),
        Claim("at least once", "a message queue makes work reliable", ARTICLE, JAN_2026, "I", value="holds",
              otherwise=holds_only_if("doing a message twice is the same as once"), experiment=lambda: _held("done twice", dedupe=False)),
        Claim("hedge", "a hedged request's tail is the product of two tails", "computed; the idea is Dean and Barroso's, “The Tail at Scale”", "2013", "C", test=lambda error: error < 0.1,
              experiment=lambda: Measurement(round(abs(gateway.hedge(40.0)["p99"] / gateway.hedge(40.0)["theory"] - 1), 3), "", gateway.hedge(40.0).describe())),
        Claim("breaker", "a circuit breaker keeps a failing service from taking others along", ARTICLE, JAN_2026, "I", test=lambda wasted: wasted < 100,
              experiment=lambda: Measurement(breaker.outage()["wasted"], "calls", breaker.outage().describe())),
        Claim("oscillation", "a loop that looks before its order has arrived oscillates; a cool-down of delay + start-up stops it", "computed", "2026", "C", value="swings",
              experiment=_swing),
        Claim("published traces", "miss counts of LRU, LFU, FIFO, Clock and SIEVE on published traces", "cache papers and simulators", "2024", "I",
              reason="the traces are gigabytes and not in this repository; `caching.misses` takes any list of keys, so you can hold it against yours"),
    ],
)  # fmt: skip

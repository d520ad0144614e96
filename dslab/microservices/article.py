"""The article's arithmetic, line by line: what was published, and what comes out when it is added up.

| word        | meaning                                                                                           |
|-------------|---------------------------------------------------------------------------------------------------|
| line        | an item of one of the article's lists, with its milliseconds or dollars                            |
| stated      | the total as the article prints it                                                               |
| recomputed  | the total of the lines                                                                           |
| equal work  | both sides do the same queries and the same service code; only where it runs differs                |

Source of every figure here: Polliog, "Microservices Are Killing Your Performance (And Here's the Math)", dev.to, 14 January 2026. Most of its
tables were read in a translation, so they are reported as such in the ledger. Nothing else was published: no raw data, no code.
"""

from __future__ import annotations

from typing import Any

from dslab.sim.result import Metric, Result

ANATOMY = {  # one HTTP call, ms
    "DNS look-up": 0.1,
    "TCP handshake": 0.5,
    "TLS handshake": 1.0,
    "HTTP headers": 0.2,
    "serialize the request": 0.3,
    "network, there": 0.5,
    "the service itself": 0.5,
    "serialize the response": 0.3,
    "network, back": 0.5,
    "parse the response": 0.2,
}
ONCE_PER_CONNECTION = ("DNS look-up", "TCP handshake", "TLS handshake")
STATED_CALL_MS = 3.0
PAYMENT_MS, QUERY_MS, CALL_MS, CALLS = (
    150.0,
    2.0,
    3.0,
    6,
)  # the checkout
QUERIES_MONOLITH, QUERIES_SERVICES = 3, 6
SERVICE_WORK_MS = 1.5  # the middle of the 1 to 2 ms of service processing inside each 3 ms call
LISTED_CALLS_MS = 14.0  # what the listed service times add up to; 6 times 3 is used instead
JSON_MS = {"stringify": 0.15, "parse": 0.20, "transfer": 0.50}
BENCHMARK = {  # monolith, microservices, modular monolith
    "p50 (ms)": (12, 18, 12),
    "p95 (ms)": (25, 45, None),
    "p99 (ms)": (50, 120, 50),
    "requests/s": (10_000, 8_500, 10_000),
    "processor (%)": (45, 65, None),
    "memory (MB)": (512, 2_048, 512),
    "network (MB/s)": (50, 180, None),
}
COST = {
    "monolith": {"app": 180, "database": 210, "load balancer": 20},
    "microservices": {
        "app": 360,
        "sidecar CPU": 108,
        "database": 420,
        "load balancers": 45,
        "Consul": 30,
        "monitoring": 100,
    },
}
POOL, BENCHMARK_PER_S, REPORTED_QUERY_MS = 20, 10_000, 10.0


def anatomy(keep_alive: bool = False, callee_work: bool = True, tls: bool = True) -> float:
    """Add up the lines of one call, in ms; leave out what a kept connection, no TLS, or not charging the callee's work leaves out."""
    return sum(
        ms
        for line, ms in ANATOMY.items()
        if not (keep_alive and line in ONCE_PER_CONNECTION)
        and (callee_work or line != "the service itself")
        and (tls or line != "TLS handshake")
    )


def anatomy_table() -> list[dict[str, Any]]:
    """Give the lines of one call and how often each is paid, with the totals below."""
    rows = [{"line": line, "ms": ms, "paid": "once per connection" if line in ONCE_PER_CONNECTION
             else "as work, also in a monolith" if line == "the service itself" else "on every call"} for line, ms in ANATOMY.items()]  # fmt: skip
    rows.append(
        {"line": "total of the lines", "ms": round(anatomy(), 2), "paid": "a new connection for every call"}
    )
    rows.append({"line": "total as stated", "ms": STATED_CALL_MS, "paid": "the article"})
    rows.append(
        {"line": "connection kept", "ms": round(anatomy(keep_alive=True), 2), "paid": "without DNS, TCP, TLS"}
    )
    tax = round(anatomy(keep_alive=True, callee_work=False), 2)
    rows.append({"line": "connection kept, tax alone", "ms": tax, "paid": "and without the callee's work"})
    return rows


def checkout(equal_queries: bool = False, equal_work: bool = False, listed_calls: bool = False) -> Result:
    """Recompute the checkout example under the article's rules or under fairer ones.

    Args:
        equal_queries: charge both sides the same number of database queries.
        equal_work: do not charge the services the work that is inside each 3 ms call (the monolith does it too, and is not charged).
        listed_calls: use the listed service times, which add up to 14 ms, instead of 6 times 3 ms.

    Returns:
        Metrics ``monolith_ms``, ``services_ms``, ``extra_percent``.
    """
    calls = LISTED_CALLS_MS if listed_calls else CALLS * CALL_MS
    if equal_work:
        calls -= CALLS * SERVICE_WORK_MS
    mono = PAYMENT_MS + QUERIES_MONOLITH * QUERY_MS
    micro = PAYMENT_MS + calls + (QUERIES_MONOLITH if equal_queries else QUERIES_SERVICES) * QUERY_MS
    extra = 100 * (micro / mono - 1)
    metrics = {
        "monolith_ms": Metric("monolith", mono, "ms"),
        "services_ms": Metric("microservices", micro, "ms"),
        "extra_percent": Metric("microservices over monolith", extra, "%"),
    }
    text = f"The monolith's checkout takes {mono:.0f} ms, the microservices' {micro:.0f} ms: {extra:+.1f} %."
    return Result({"equal_queries": equal_queries, "equal_work": equal_work}, metrics, text)


def checkout_table() -> list[dict[str, Any]]:
    """Give the checkout under the article's rules, then corrected one step after the other."""
    steps = (("as the article has it", {}), ("the listed service times", {"listed_calls": True}), ("the same queries", {"equal_queries": True}),
             ("the same queries and the same work", {"equal_queries": True, "equal_work": True}))  # fmt: skip
    rows = []
    for words, how in steps:
        run = checkout(**how)
        rows.append({"charged": words, "monolith (ms)": run["monolith_ms"], "microservices (ms)": run["services_ms"],
                     "difference (%)": round(run["extra_percent"], 1)})  # fmt: skip
    return rows


def json_cost() -> dict[str, float]:
    """Give what six calls pay for JSON: ``stated`` ms (with the transfer) and ``encoding`` ms (stringify and parse alone)."""
    return {
        "stated": CALLS * sum(JSON_MS.values()),
        "encoding": CALLS * (JSON_MS["stringify"] + JSON_MS["parse"]),
    }


def costs() -> dict[str, float]:
    """Give the monthly bills in dollars and their ratios: all of it, and computing alone (instances and sidecar CPU)."""
    mono, micro = (sum(COST[side].values()) for side in ("monolith", "microservices"))
    computing = (COST["microservices"]["app"] + COST["microservices"]["sidecar CPU"]) / COST["monolith"][
        "app"
    ]
    return {"monolith": mono, "microservices": micro, "ratio": micro / mono, "computing": computing}


def growth(line: str) -> float:
    """Give by how many per cent a line of the benchmark grows from monolith to microservices; KeyError names the lines."""
    if line not in BENCHMARK:
        raise KeyError(f"no line {line!r} in the benchmark; it has {', '.join(BENCHMARK)}")
    mono, micro, _ = BENCHMARK[line]
    return 100 * (micro / mono - 1)


def modular_is_the_monolith() -> bool:
    """Tell whether every published figure of the modular monolith equals the monolith's."""
    return all(modular is None or modular == mono for mono, _, modular in BENCHMARK.values())


def longest_query_ms() -> float:
    """Give the longest hold time with which 20 connections carry the benchmark's 10,000 requests/s, at one query each."""
    from dslab.microservices.overload.pools import most_throughput

    return 1000 * POOL / BENCHMARK_PER_S if most_throughput(POOL, 1.0) >= BENCHMARK_PER_S else 0.0


def arithmetic() -> list[dict[str, Any]]:
    """Give every sum of the article that can be checked: as stated, recomputed, and what follows."""
    fair, bill, json = checkout(equal_queries=True, equal_work=True), costs(), json_cost()
    lines = (
        ("one HTTP call", f"{STATED_CALL_MS} ms", f"{anatomy():.1f} ms", "the lines do not add up to the total"),
        ("checkout", f"{checkout()['extra_percent']:+.0f} %", f"{fair['extra_percent']:+.0f} %", "with the same queries and the same work"),
        ("calls of the checkout", f"{CALLS * CALL_MS:.0f} ms", f"{LISTED_CALLS_MS:.0f} ms", "what the listed service times add up to"),
        ("JSON in six calls", f"{json['stated']:.1f} ms", f"{json['encoding']:.1f} ms", "the rest is network, counted a second time"),
        ("dashboard", "+80 %", f"{100 * (3 * 3 / 5 - 1):+.0f} %", "right, but the one query is not equivalent to the three calls"),
        ("memory", "“300 % more resource usage”", f"{growth('memory (MB)'):+.0f} %",
         f"memory alone; the processor grows by {growth('processor (%)'):.0f} %"),
        ("modular monolith", "measured", "the monolith's figures", "equal in every line: no measurement of its own"),
        ("monthly bill", f"{bill['ratio']:.1f} times", f"{bill['computing']:.1f} times",
         "computing alone: 24 vCPU against 6, as the author chose"),
        ("10,000 requests/s, 20 connections", f"{REPORTED_QUERY_MS:.0f} ms a query", f"at most {longest_query_ms():.0f} ms a query",
         f"at 10 ms the pool carries {1000 * POOL / REPORTED_QUERY_MS:,.0f} queries/s"),
    )  # fmt: skip
    return [dict(zip(("what", "stated", "recomputed", "because"), line, strict=True)) for line in lines]

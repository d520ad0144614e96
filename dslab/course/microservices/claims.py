"""The ledger of lesson 1: what the article, its digest and the literature claim, and what comes out here."""

from __future__ import annotations

from typing import Any

from dslab.microservices import anomalies, article, callgraph, overload
from dslab.teach import Claim, Ledger, Measurement, holds_only_if

DEV, JAN = "Polliog, dev.to", "14 January 2026"
DIGEST, DIGEST_DATE = "the digest of it", "January 2026"
NO_DATA = "no raw data, code or method was published"


def _checkout() -> Measurement:
    fair = article.checkout(equal_queries=True, equal_work=True)
    return Measurement(
        round(fair["extra_percent"], 1), "%", "the same queries and the same work on both sides"
    )


def _series(hops: int) -> Measurement:
    up = callgraph.in_series(0.999, hops)
    return Measurement(round(100 * up, 2), "%", f"down {callgraph.downtime_h(up):.2f} h in 30 days; a second replica of each: "
                       f"{100 * callgraph.in_series(0.999, hops, 2):.4f} %")  # fmt: skip


def _storm(policy: str) -> Measurement:
    run = overload.storm(**overload.POLICIES[policy])
    return Measurement("persists" if not run["recovered"] else "ends", "", run.describe())


def _hedge() -> Measurement:
    run = overload.tail_at_scale(1_000, hedge=True, hedge_ms=10)
    return Measurement(round(run["plain_p999"] / run["p999"], 1), "times", run.describe())


def _hedge_extra() -> Measurement:
    run = overload.tail_at_scale(1_000, hedge=True, hedge_ms=10)
    return Measurement(round(100 * run["extra_load"], 1), "%", "of this model's calls take longer than 10 ms")


def _shared() -> Measurement:
    verdict = anomalies.search("shared cause", own_database=False)
    return Measurement("fail together" if not verdict.held else "fail alone", "", verdict.describe())


def _wait() -> Measurement:
    run = overload.pools()
    return Measurement(round(run["wait_parts_ms"] / run["wait_one_ms"], 1), "times", run.describe())


def _growth(line: str) -> Measurement:
    return Measurement(
        round(article.growth(line)),
        "%",
        "from the two published figures; the measurement itself cannot be repeated",
    )


def _claim(
    name: str, sentence: str, evidence: str = "T", source: str = DEV, date: str = JAN, **how: Any
) -> Claim:
    return Claim(name, sentence, source, date, evidence, **how)


_ONLY_PUBLISHED = holds_only_if("the two published figures are taken as they are")

CLAIMS = Ledger(
    "microservices",
    [
        _claim("1,000 to 5,000 times", "a call over HTTP takes 1,000 to 5,000 times a call in the process (0.001 ms against 1 to 5 ms)", "V",
               reason="a plain division of two figures; the ladder above has the ratios of the machine it runs on"),
        _claim("call anatomy", "the ten lines of one HTTP call add up to about 3.0 ms", value=3.0, unit="ms", tolerance=0.1,
               experiment=lambda: Measurement(round(article.anatomy(), 2), "ms", f"with the connection kept {article.anatomy(True):.1f} ms")),
        _claim("checkout", "the checkout takes 15 % longer in microservices", "V", value=15, unit="%", tolerance=1, experiment=_checkout,
               otherwise=holds_only_if("the services are charged twice the queries, and work that the monolith does free of charge")),
        _claim("eighteen ms", "six calls of 3 ms: 18 ms for the services of a checkout", "V", value=18, unit="ms",
               experiment=lambda: Measurement(article.LISTED_CALLS_MS, "ms", "what the listed service times add up to")),
        _claim("dashboard", "three calls of 3 ms instead of one query of 5 ms: 80 % more", value=80, unit="%", tolerance=0.5,
               experiment=lambda: Measurement(round(100 * (9 / 5 - 1)), "%", "but the query is not equivalent: LIMIT 10 cuts a product of two joins, unordered")),
        _claim("N+1", "three dependent calls are an “N+1” problem", "V", verdict="wrong as stated",
               reason="N+1 means one more query for each row; these are three calls, however many rows there are"),
        _claim("p50", "benchmark p50: 12 to 18 ms, 50 % more", value=50, unit="%", tolerance=1, experiment=lambda: _growth("p50 (ms)")),
        _claim("p95", "benchmark p95: 25 to 45 ms, 80 % more", value=80, unit="%", tolerance=1, experiment=lambda: _growth("p95 (ms)")),
        _claim("p99", "benchmark p99: 50 to 120 ms, 140 % more", value=140, unit="%", tolerance=1, experiment=lambda: _growth("p99 (ms)")),
        _claim("throughput", "benchmark throughput: 10,000 to 8,500 requests/s, 15 % less", value=-15, unit="%", tolerance=1,
               experiment=lambda: _growth("requests/s")),
        _claim("processor", "processor use: 45 to 65 %, 44 % more", value=44, unit="%", tolerance=1, experiment=lambda: _growth("processor (%)")),
        _claim("network", "network: 50 to 180 MB/s, 260 % more", value=260, unit="%", tolerance=1, experiment=lambda: _growth("network (MB/s)")),
        _claim("resources", "microservices use “300 % more resource usage”", "V", DIGEST, DIGEST_DATE, test=lambda percent: percent >= 300,
               otherwise=holds_only_if("memory is meant; it is the one line that grows by 300 %"), experiment=lambda: _growth("processor (%)")),
        _claim("latency follows", "the 1,000 to 5,000 times of a call result in 50 to 150 % higher latency", "V", DIGEST, DIGEST_DATE,
               test=lambda percent: percent >= 50, experiment=lambda: Measurement(round(article.checkout()["extra_percent"]), "%",
               "the article's own checkout; the two figures come from different sections and do not follow from each other")),
        _claim("setup", "the benchmark: four entities in Node.js, t3.medium, 20 connections; four services behind Istio on one PostgreSQL", reason=NO_DATA),
        _claim("10,000 requests/s", "10,000 requests/s through 20 connections, and a query takes 10 ms", test=lambda ms: ms >= 10,
               otherwise=holds_only_if("a request holds its connection for 2 ms or less"),
               experiment=lambda: Measurement(article.longest_query_ms(), "ms", "the longest hold time by Little's law, at one query a request")),
        _claim("availability", "five services of 99.9 % are available 99.5 % of the time", "T", value=99.5, unit="%", tolerance=0.05,
               experiment=lambda: _series(5)),
        _claim("5x downtime", "benchmarks show five times the downtime", "V", DIGEST, DIGEST_DATE, test=lambda times: False,
               otherwise=holds_only_if("all five are hard dependencies that fail independently; it is a formula, not a benchmark"),
               experiment=lambda: Measurement(round((1 - callgraph.in_series(0.999, 5)) / 0.001, 2), "times", "1 - 0.999 to the power of 5, over 0.001")),
        _claim("shared database", "four services on one database are a fair model of microservices", "I", value="fail alone", experiment=_shared),
        _claim("contention", "four pools of 20 take 80 of 100 connections; lock waits 5 to 25 ms, queries 10 to 18 ms", reason=NO_DATA),
        _claim("split pools", "the same connections in four pools make a request wait longer", "C", "Erlang C", "1917", test=lambda times: times > 1,
               experiment=_wait),
        _claim("JSON", "six calls pay 5.1 ms for JSON", value=5.1, unit="ms", tolerance=0.05,
               experiment=lambda: Measurement(round(article.json_cost()["encoding"], 2), "ms", "stringify and parse; the rest is the network, which is counted already")),
        _claim("modular monolith", "a modular monolith is 33 to 58 % faster and takes 75 % less memory", test=lambda same: not same,
               otherwise="not reproducible from what was published",
               experiment=lambda: Measurement(article.modular_is_the_monolith(), "", "every published figure of it is the monolith's: no measurement of its own")),
        _claim("cost", "1,063 against 410 dollars a month: 2.6 times", value=2.6, unit="times", tolerance=0.05,
               experiment=lambda: Measurement(round(article.costs()["ratio"], 2), "times",
               f"computing alone is {article.costs()['computing']:.1f} times: the author chose 24 vCPU against 6, twice the database, and no monitoring for the monolith")),
        _claim("debugging", "finding a fault takes 30 minutes instead of 5; observability costs 200 to 500 dollars a month", reason="no study was named"),
        _claim("thresholds", "microservices from 50 engineers; 90 % of applications should not", "V", reason="an opinion; no source was given"),
        _claim("ops complexity", "operations are 10 times as complex", reason="another place of the article says 500 % more; neither is measured"),
        _claim("243 calls", "three attempts at five layers make 243 calls at the bottom", "S", "Brooker, AWS Builders' Library", "2019", value=243, unit="calls",
               experiment=lambda: Measurement(overload.most_calls(3, 5), "calls", "three retries, as it is often told, are four attempts: 1,024")),
        _claim("64 calls", "four attempts at three layers make 64 calls", "S", "Google SRE book", "2016", value=64, unit="calls",
               experiment=lambda: Measurement(overload.most_calls(4, 3), "calls")),
        _claim("63 %", "of requests to 100 leaves 63 % meet one of the slowest 1 %", "S", "Dean and Barroso, CACM", "February 2013", value=63, unit="%",
               tolerance=0.5, experiment=lambda: Measurement(round(100 * overload.some_leaf_slow(100, 0.01), 1), "%")),
        _claim("hedged p99.9", "hedging took p99.9 of 1,000 keys from 1,800 to 74 ms, 24 times", "S", "Dean and Barroso, CACM", "February 2013",
               test=lambda times: times >= 20, otherwise=holds_only_if("the slow calls are much slower than here, and the replicas fail independently"),
               experiment=_hedge),
        _claim("hedges are cheap", "that cost about 2 % more requests", "S", "Dean and Barroso, CACM", "February 2013",
               test=lambda percent: percent <= 2 or holds_only_if("the delay lies beyond nearly all quick calls"), experiment=_hedge_extra),
        _claim("metastable", "a system can stay overloaded after the cause is gone", "V", "Huang and others, OSDI", "July 2022", value="persists",
               experiment=lambda: _storm("3 attempts")),
        _claim("metastable counts", "22 such incidents at 11 organisations; at least 4 of 15 major AWS outages in a decade", "V", "Huang and others, OSDI", "July 2022",
               reason="a count of incident reports"),
        _claim("RPC tax", "at Google the tax of a call is about 2 % of its time on average, and at least 38 % at P95 for the worst tenth of the methods", "S",
               "notes on a SOSP paper on RPCs", "2023", reason="fleet traces that are not public"),
        _claim("logical monolith", "placing components at run time gave up to 15 times lower latency and 9 times lower cost", "V", "Ghemawat and others, HotOS", "2023",
               reason="a prototype's benchmark; here the modular monolith is the same idea without numbers of its own"),
        _claim("Prime Video", "moving to one process saved over 90 % of the cost", "S", "Prime Video Tech", "2023",
               reason="one monitoring service, where orchestration and storage between the steps were the bill; not Prime Video as a whole"),
        _claim("gRPC", "gRPC 0.71 ms against REST 3.23 ms (Go, 0.76 kB, median)", "S", "Soares, “Small Payload Latency”", "2024",
               reason="another machine and language; with grpcio installed the ladder measures its own"),
        _claim("JSON to gRPC", "Uber: p99 of ingestion from 34.1 to 13.6 ms after moving from JSON to gRPC", "S", "Uber's blog, in a note read in 2026", "2026",
               reason="the payload quoted with it does not add up, so nothing is built on it"),
        _claim("timeouts", "choose a timeout from the share of false timeouts that you accept: 0.1 % is p99.9", "S", "Brooker, AWS Builders' Library", "2019",
               value=99.9, unit="%", experiment=lambda: Measurement(round(100 * (1 - overload.Leaf().late(overload.quantile_ms(overload.Leaf().late, 0.999))), 2), "%",
               "of this model's calls are in time when the timeout is its p99.9")),
        _claim("one more nine", "a critical dependency needs one more nine than you", "S", "“The Calculus of Service Availability”, ACM Queue", "2017",
               test=lambda percent: percent >= 99.9 - 1e-9, experiment=lambda: Measurement(round(100 * callgraph.in_series(0.9999, 10), 2), "%",
               "ten dependencies of 99.99 % in series: just as much as one of 99.9 %")),
        _claim("latency table", "a round trip in a data centre 0.5 ms, a mutex 25 ns, memory 100 ns", "S", "“Latency numbers every programmer should know”", "2012",
               reason="old hardware; the ladder has the machine it runs on"),
        _claim("RPC skew", "at Google the top 10 methods make 58 % of the calls, and the slowest 1,000 make 1.1 % of the calls but 89 % of the time", "S",
               "notes on a SOSP paper on RPCs", "2023", reason="fleet traces that are not public"),
        _claim("DeathStarBench", "five applications of microservices, with which the tail at scale was studied", "V", "Gan and others, ASPLOS", "2019",
               reason="nothing is claimed in its abstract that could be counted here"),
    ],
)  # fmt: skip

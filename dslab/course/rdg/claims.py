"""The ledger of lesson 4: what the articles and their digests claim, and what was measured here."""

from __future__ import annotations

from functools import cache

from dslab.rdg import anomalies, measures, walks
from dslab.rdg.graph import Graph
from dslab.rdg.pipeline import ingest
from dslab.rdg.stream import actions
from dslab.teach import Claim, Ledger, Measurement, holds_only_if

NF1 = "Netflix, RDG part 1"
NF2 = "Netflix, RDG part 2"
NF3 = "Netflix, RDG part 3"
NFG = "Netflix, Graph Abstraction, part I"
KV = "Netflix, KVDAL"
DIGEST = "a digest of the articles"
SEP_2024, OCT_2025, NOV_2025, MAY_2026, AUG_2026, JAN_2026 = (
    "18 September 2024",
    "17 October 2025",
    "November 2025",
    "29 May 2026",
    "August 2026",
    "January 2026",
)


def _pair(name: str, word: str, also: str = "", **off: object) -> Measurement:
    on, without = anomalies.search(name), anomalies.search(name, **off)
    broken = (
        without.describe()
        if without.held
        else f"{without.invariant} breaks, with {walks.counted(without.deviations, 'surprise')}"
    )
    return Measurement(
        word if on.held and not without.held else "no difference",
        "",
        f"holds in {on.searched} schedules; without it {broken}{also}",
    )


def _shared_job() -> Measurement:
    run = measures.lag(jobs="one for all")
    return Measurement(
        round(run["peak_b"] / run["peak_a"], 2),
        "of A's lag",
        "a quiet topic in the same job; with a job of its own it has none",
    )


@cache
def _stream() -> tuple[int, int, int]:
    counts = ingest(actions(2_000), Graph(), window_us=0)
    return counts.messages, counts.records, counts.writes


def _per_action() -> Measurement:
    messages, records, _ = _stream()
    return Measurement(
        round(records / messages, 1),
        "records a message",
        "our actions are plain; a few dozen needs richer ones",
    )


def _three_points() -> Measurement:
    messages, records, writes = _stream()
    return Measurement(
        "three" if len({messages, records, writes}) == 3 else "one",
        "",
        f"{messages:,} messages, {records:,} records, {writes:,} writes of one stream",
    )


def _fleet(metric: str, unit: str = "") -> Measurement:
    return Measurement(round(measures.fleet()[metric], 2), unit, "computed from the published figures")


def _cache() -> Measurement:
    low, high = (measures.fewer_calls(hit) for hit in measures.HITS)
    return Measurement(
        round(high, 2),
        "times fewer at most",
        f"1 / (1 - h): {low:.2f} at 70 %, {high:.2f} at 80 %; 3 to 4 times is 67 to 75 %",
    )


def _dying() -> Measurement:
    days = measures.dead_days()
    return _pair("dying node", "needed", f". Last active 99 days ago, kept for 100, cached for 30: {days} days too long",
                 skip_dying=False)  # fmt: skip


def _width() -> Measurement:
    inside, apart = (walks.wide(layout=layout)["record_mb"] for layout in ("adjacency", "links"))
    return Measurement(
        round(inside / apart, 1),
        "times the bytes of links alone",
        "the record of a million edges; our properties are an assumption",
    )


def _levels() -> Measurement:
    deep = walks.player(way="by depth")["rounds"]
    return Measurement(
        deep / walks.player(way="by level")["rounds"], "times", "one account, five profiles, their titles"
    )


def _latest() -> Measurement:
    latest, found = (walks.wide(way=way)["rounds"] for way in ("pages, LATEST", "pages, ANY"))
    return Measurement(
        round(latest / found),
        "times the round trips",
        "a million edges, the newest 300 against the first 300, pages of 100",
    )


def _limiter() -> Measurement:
    on, off = measures.limiter(), measures.limiter(limited=False)
    return Measurement(
        round(on["share"] / off["share"], 1),
        "times as much answered",
        f"{on['share']:.2f} of the capacity with it, {off['share']:.2f} without",
    )


CLAIMS = Ledger(
    "rdg",
    [
        Claim("one job was untunable", "one job for all topics could not be tuned; one topic, one job could", NF1, OCT_2025, "V",
              test=lambda share: share > 0.9 and holds_only_if("what shares a job shares its line, which is built in here; tuning was not tried"), experiment=_shared_job),
        Claim("a topic's rate", "several topics, each with up to about 1 million messages/s", NF1, OCT_2025, "V", reason="a figure of Netflix's traffic; act 1 takes it as its burst"),
        Claim("few dozen", "up to a few dozen nodes and edges for one action", NF1, OCT_2025, "V",
              test=lambda n: n >= 24 or holds_only_if("an action says much more than who watched what on which device"), experiment=_per_action),
        Claim("millions of events", "the system “processes millions of events per second”", DIGEST, JAN_2026, "V", value="one",
              otherwise=holds_only_if("it is said where: up to 1 million messages/s a topic in, over 5 million records/s out, 6 million writes/s stored"), experiment=_three_points),
        Claim("five million records", "over 5 million records/s are written to Data Mesh", NF1, OCT_2025, "V", reason="no cluster of that size is here; one core's rate is in the benchmark"),
        Claim("dedup", "a small window of state and timers removes repeated updates of a node or an edge", NF1, OCT_2025, "V",
              test=lambda n: n >= 2 or holds_only_if("keys are hot: 1 + rate × window updates become one record"),
              experiment=lambda: Measurement(round(measures.dedup_one_key(0.1, 1.0), 2), "updates a record", f"a key updated every 10 s, window of 1 s; at 10/s and 5 s it is {measures.dedup_one_key(10, 5):.0f}")),
        Claim("idempotent writes", "writing an edge again overwrites it, so a replay does no harm", NF2, NOV_2025, "S", value="needed",
              experiment=lambda: _pair("replay", "needed", upserts=False)),
        Claim("last write wins", "tokens with timestamps and last-write-wins make late writes harmless", NFG, MAY_2026, "V", value="needed",
              experiment=lambda: _pair("late event", "needed", event_time_wins=False)),
        Claim("entropy repair", "writes to several namespaces are not atomic and are repaired afterwards", NFG, MAY_2026, "V", value="needed",
              experiment=lambda: _pair("half-written edge", "needed", entropy_repair=False)),
        Claim("size", "8 billion nodes and 150 billion edges: 18.75 edges a node", NF3, AUG_2026, "C", value=18.75, unit="edges", experiment=lambda: _fleet("edges_per_node", "edges")),
        Claim("reads and writes", "about 2 million reads/s and 6 million writes/s: three writes a read", NF2, NOV_2025, "S", value=3, experiment=lambda: _fleet("writes_per_read")),
        Claim("an instance's load", "2,400 instances for 8 million operations/s: about 3,333 each", NF2, NOV_2025, "C", value=3_333, unit="1/s", tolerance=1,
              experiment=lambda: _fleet("operations_per_instance", "1/s")),
        Claim("a cluster's size", "2,400 instances in about 12 clusters: 200 each", NF2, NOV_2025, "C", value=200, experiment=lambda: _fleet("instances_per_cluster")),
        Claim("the fleet", "about 27 namespaces, 12 clusters, 2,400 instances", NF2, NOV_2025, "S",
              reason="one second-hand text names part 1 as the source; part 1 does not contain these figures"),
        Claim("the whole system", "2,400 instances run the whole graph", DIGEST, JAN_2026, "S", verdict="wrong as stated",
              reason="they are the storage fleet; Kafka, Flink, caches and servers come on top"),
        Claim("by level", "breadth-first, one parallel round a level", NF3, AUG_2026, "V", test=lambda times: times > 1, experiment=_levels),
        Claim("newest edges", "a hop takes the LATEST edges by sorting, or ANY", NF3, AUG_2026, "V",
              test=lambda times: times < 2 or holds_only_if("the record is narrow: the newest of a wide record cost all its pages"), experiment=_latest),
        Claim("node cache", "70 to 80 % hits leave 3 to 4 times fewer storage calls", NF3, AUG_2026, "V",
              test=lambda most: most <= 4 or holds_only_if("hits stay below 75 %, or calls that no node cache can save are counted too"), experiment=_cache),
        Claim("dying nodes", "nodes near the end of their retention are not cached", NF3, AUG_2026, "V", value="needed", experiment=_dying),
        Claim("AIMD", "concurrency adapts: 100, 101, 102 ..., and on trouble from 100 to 70", NF3, AUG_2026, "V",
              test=lambda times: times > 2 and holds_only_if("a storage over its capacity wastes work, which is built in here"), experiment=_limiter),
        Claim("properties inside", "an edge's properties are stored with its link", DIGEST, JAN_2026, "S",
              test=lambda times: times > 2 and holds_only_if("it is said when: in 2025; since May 2026 links and properties are apart"), experiment=_width),
        Claim("key-value settings", "a namespace's settings: READ_YOUR_WRITES, local scope, cache TTL 180 s", KV, SEP_2024, "S",
              reason="an example of a configuration; nothing is measured by it"),
        Claim("built for RDG", "a custom store on Cassandra was built for the graph", DIGEST, JAN_2026, "S", verdict="wrong as stated",
              reason="KVDAL is Netflix's shared abstraction, older than the graph, and Cassandra is one of its backends"),
        Claim("trillions of records", "KVDAL holds trillions of records a namespace at single-digit milliseconds", NF2, NOV_2025, "S", reason="one machine holds neither the records nor the fleet"),
        Claim("hop latencies", "1 hop: p50 15 to 30 ms, p99 under 100 ms; 3 hops: p99 100 to 150 ms; tens of thousands of queries/s", NF3, AUG_2026, "V",
              reason="Netflix's machines and data; act 4 has the round trips behind it"),
        Claim("graph abstraction", "about 10 million operations/s, 650 TB, 2 hops p90 under 50 ms", NFG, MAY_2026, "V",
              reason="another layer than part 3's; the latencies are not comparable"),
        Claim("graph databases cannot scale", "Neo4j and Neptune were rejected because they cannot scale", DIGEST, JAN_2026, "S",
              reason="as reported, support in the house for other stores weighed as much; not compared here"),
    ],
)  # fmt: skip

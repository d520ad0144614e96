"""The ledger of lesson 2: what the article and its digests claim, and what was measured here."""

from __future__ import annotations

from dslab.cachefront import anomalies, fleet, timeline
from dslab.teach import Claim, Ledger, Measurement, holds_only_if

UB1 = "Uber, “How Uber Serves Over 40 Million Reads Per Second …”"
UB2 = "Uber, “How Uber Serves over 150 Million Reads per Second …”"
DIGEST = "ByteByteGo's digest of it"
FEB_2024, AUG_2025, JAN_2026 = "15 February 2024", "26 August 2025", "January 2026"


def _strong() -> Measurement:
    verdict = anomalies.search("not linearizable")
    return Measurement(
        "not linearizable" if not verdict.held else "no violation found", "", verdict.describe()
    )


def _own_reads() -> Measurement:
    on, off = anomalies.search("read own write"), anomalies.search("read own write", invalidation="none")
    told = f"{on.describe()} With Flux alone: {off.describe()}"
    return Measurement("fixed by it" if on.held and not off.held else "not fixed", "", told)


def _timed_out() -> Measurement:
    verdict = anomalies.search("invalidation times out")
    return Measurement("still stale" if not verdict.held else "fresh", "", verdict.describe())


def _duration() -> Measurement:
    run = timeline.timeline(cached=True, lose=True, ttl_s=300.0)
    return Measurement(round(run["stale_s"]), "s", "both invalidations lost, TTL of 300 s")


def _age_gap() -> Measurement:
    run = timeline.timeline(cached=True, lose=True, ttl_s=300.0, row_age="a year")
    return Measurement(
        round(run["age_gap_s"] / 86_400), "days", "the same run, of a row last written a year before"
    )


def _soft_deletes() -> Measurement:
    on, off = (
        anomalies.search("conditional delete"),
        anomalies.search("conditional delete", soft_deletes=False),
    )
    return Measurement("needed" if on.held and not off.held else "not needed", "", off.describe())


def _clock_stamps() -> Measurement:
    on, off = (
        anomalies.search("clock-stamped marker"),
        anomalies.search("clock-stamped marker", marker_stamp="clock"),
    )
    return Measurement("rejected" if on.held and not off.held else "accepted", "", off.describe())


def _flux_lag() -> Measurement:
    runs = {
        lag: timeline.timeline(cached=True, invalidation="none", markers=True, cdc_lag_ms=lag)
        for lag in (100, 900, 3_000)
    }
    extra_ms = max(round(run["stale_s"] * 1e3 - lag, 3) for lag, run in runs.items())
    return Measurement(extra_ms, "ms more than the lag", "at lags of 100, 900 and 3,000 ms")


def _keys_only() -> Measurement:
    keys, values = anomalies.search("value shipping"), anomalies.search("value shipping", warm_up="values")
    return Measurement("keys" if keys.held and not values.held else "either", "", values.describe())


def _day_hit_rate() -> Measurement:
    rates = (1_000, 2_000)
    runs = {reads: fleet.hit_rate(ttl_s=86_400, skew=0.9, reads_per_write=reads) for reads in rates}
    told = " and ".join(
        f"{100 * run['hit_rate']:.2f} % with one write for {reads:,} reads" for reads, run in runs.items()
    )
    return Measurement(round(100 * runs[2_000]["hit_rate"], 2), "%", f"in this model {told}")


def _ordinary_hit_rate() -> Measurement:
    run = fleet.hit_rate(ttl_s=300, skew=0.9, reads_per_write=100)
    told = f"TTL of 5 minutes, one write for 100 reads; at 24 hours {100 * run['hit_rate_24_hours']:.1f} %"
    return Measurement(round(100 * run["hit_rate"], 1), "%", told)


def _compare_cache() -> Measurement:
    run = fleet.staleness()
    told = "one write an hour, one read a second, 1 % of the invalidations left to Flux, 0.1 % of those lost"
    return Measurement(f"{100 * run['fresh_share']:.3f}", "%", told)


def _scale(metric: str, digits: int = 0) -> Measurement:
    run = fleet.load_at_scale()
    found = run.metrics[metric]
    return Measurement(round(found.value, digits), found.unit, "computed from the published figures")


def _database_reads() -> Measurement:
    run = fleet.load_at_scale()
    told = f"what is left of 150 million rows/s at a hit rate of 99 %; {run['load_0.999']:,.0f} at 99.9 %"
    return Measurement(round(run["load_0.99"]), "rows/s", told)


def _cross_sharding() -> Measurement:
    same, cross = (fleet.cluster_loss(sharding=way)["hottest_multiple"] for way in ("same", "cross"))
    return Measurement(
        round(same / cross, 2),
        "times",
        f"hottest shard {same:.0f} against {cross:.1f} times its normal load at 99 %",
    )


CLAIMS = Ledger(
    "cachefront",
    [
        Claim("strong consistency", "the cache keeps “strong consistency”", DIGEST, JAN_2026, "V", value="linearizable",
              experiment=_strong),
        Claim("stronger consistency", "a client reads its own writes once the write path invalidates", UB2, AUG_2025, "V",
              value="fixed by it", experiment=_own_reads),
        Claim("writes succeed anyway", "if the invalidation fails the write still succeeds", UB2, AUG_2025, "V", value="still stale",
              experiment=_timed_out),
        Claim("TTL bounds staleness", "stale values live no longer than the TTL of five minutes", UB2, AUG_2025, "V",
              test=lambda seconds: seconds <= 300, experiment=_duration),
        Claim("staleness is not bounded", "the value served can be as old as the row, a year in Uber's example", UB2, AUG_2025, "V",
              value=365, unit="days", tolerance=1, experiment=_age_gap),
        Claim("soft deletes", "deleted rows must stay selectable so that their keys can be found before COMMIT", UB2, AUG_2025, "V",
              value="needed", experiment=_soft_deletes),
        Claim("clock-stamped markers", "markers from a local clock made the cache reject genuine fills", UB2, AUG_2025, "V",
              value="rejected", experiment=_clock_stamps),
        Claim("Flux is sub-second", "with the change feed alone a row is stale for usually under a second", UB2, AUG_2025, "V",
              test=lambda extra_ms: extra_ms <= 2 and holds_only_if("the feed's own lag is: the cache adds one network hop to it"),
              experiment=_flux_lag),
        Claim("warm by keys", "a second region is warmed by keys, not by values", UB1, FEB_2024, "S", value="keys", experiment=_keys_only),
        Claim("99.9 % hit rate", "hit rates above 99.9 %, system-wide", DIGEST, JAN_2026, "V", test=lambda percent: percent >= 99.9,
              experiment=_ordinary_hit_rate),
        Claim("24 hours, one table", "one table reached over 99.9 % after its TTL was raised to 24 hours", UB2, AUG_2025, "V",
              test=lambda percent: percent >= 99.9 and holds_only_if("about 2,000 reads or more come for each write"),
              experiment=_day_hit_rate),
        Claim("99.99 % consistent", "compare-cache found 99.99 % of the reads consistent", UB1, FEB_2024, "S",
              test=lambda percent: float(percent) >= 99.99 and holds_only_if("rows are written as rarely, and invalidations fail as rarely, as assumed here"),
              experiment=_compare_cache),
        Claim("150 million database reads", "“150 million database reads per second”", DIGEST, JAN_2026, "V",
              test=lambda rows: rows > 1e8, experiment=_database_reads),
        Claim("use case: misses", "6 million requests/s at a hit rate of 99 % leave the database 60,000", UB1, FEB_2024, "C", value=60_000,
              unit="requests/s", experiment=lambda: _scale("misses")),
        Claim("use case: cores", "about 3,000 Redis cores instead of an estimated 60,000: 20 times fewer", UB1, FEB_2024, "C", value=20,
              unit="times", experiment=lambda: _scale("fewer_cores")),
        Claim("growth", "150 million rows/s are almost four times the 40 million reads/s of 2024", UB2, AUG_2025, "V", value=4,
              unit="times", tolerance=0.5, experiment=lambda: _scale("growth", 2)),
        Claim("cross-sharding", "Redis sharded unlike the database spreads the misses of a dead cluster", UB1, FEB_2024, "S",
              test=lambda times: times > 2, experiment=_cross_sharding),
        Claim("P75 and P99.9", "P75 latency fell by 75 %, P99.9 by more than 67 %", UB1, FEB_2024, "S",
              reason="the latencies before and after, and the requests behind them, were not published"),
        Claim("tens of petabytes", "the store holds tens of petabytes", UB1, FEB_2024, "S",
              reason="nothing here depends on the size of the store"),
        Claim("negligible staleness", "stale values over a week at a TTL of 24 hours were “negligible”", UB2, AUG_2025, "V",
              reason="no count was published; the model's own counts are in act 3"),
    ],
)  # fmt: skip

"""The ledger of lesson 6: what the article, its digest and the literature around it claim, and what was measured here."""

from __future__ import annotations

from dslab.sauna import anomalies, crowd, stamps, versions
from dslab.teach import Claim, Ledger, Measurement, holds_only_if

POST = "Demirbas, “The Sauna Algorithm”"
DIGEST = "daily.dev, a digest of it"
NOTES = "our own notes, made before the lesson"
JAN = "8 January 2026"
HLC = "Kulkarni, Demirbas and others on hybrid logical clocks"


def _never_short() -> Measurement:
    verdict = anomalies.search("stale anchor")
    return Measurement("never" if verdict.held else "sometimes", "", verdict.describe())


def _upper_bound() -> Measurement:
    verdict = anomalies.search("no upper bound")
    return Measurement("unbounded" if not verdict.held else "bounded", "", verdict.describe())


def _deadlock() -> Measurement:
    chain, cycle = (
        anomalies.search("all follow", attendant=False),
        anomalies.search("full room", reserved_seat=False),
    )
    return Measurement("an endless chain; with a full room a cycle" if "chain" in chain.explanation and "cycle" in cycle.explanation else "other",
                       "", f"{chain.describe()} {cycle.describe()}")  # fmt: skip


def _stay(metric: str, rule: str, kind: str, digits: int = 1) -> Measurement:
    run = crowd.stays(rule, kind, visits=4_000)
    found = run.metrics[metric]
    return Measurement(round(found.value, digits), found.unit, "4,000 visits")


def _half() -> Measurement:
    run = crowd.stays("inside", "regular", visits=4_000)
    short = sum(stay < 5 for stay in run.series["stays"].y) / 4_000
    return Measurement(round(short, 2), "", "4,000 visits")


def _shares() -> Measurement:
    run = crowd.mean_against_share()
    simulated = dict(zip(run.series["simulated"].x, run.series["simulated"].y, strict=True))
    worst = max(abs(simulated[share] - crowd.mean_stay(share, 2.0)) for share in (0.1, 0.3, 0.5, 0.7))
    told = ", ".join(f"{share:g}: {simulated[share]:.1f}" for share in (0.1, 0.3, 0.5, 0.7))
    return Measurement(round(worst, 2), "min off the formula at most", told)


def _stalled(share: float, capacity: int) -> Measurement:
    count, last = crowd.stalls(share, capacity, 20)
    return Measurement(
        count,
        "of 20 runs",
        ""
        if last is None
        else f"median last exit after {last:.0f} min; other runs than in the table of act 3",
    )


def _everybody_snapshots() -> Measurement:
    verdict = anomalies.search("all take snapshots", rule="snapshot")
    return Measurement("ends at once" if not verdict.held else "safe", "", verdict.describe())


def _wrong_clock() -> Measurement:
    verdict = anomalies.search("wrong clock", rule="clock", clock_speed=5.0)
    return Measurement(2 if "2 minutes" in verdict.explanation else 0, "min", verdict.describe())


def _back_channel() -> Measurement:
    off, on = anomalies.search("back channel", tracked_shout=False), anomalies.search("back channel")
    return Measurement("broken by it" if on.held and not off.held else "not broken", "", off.describe())


def _hybrid() -> Measurement:
    off = [stamps.compare(skew_s=skew)["hybrid_off_s"] for skew in (0.0, 60.0, 300.0)]
    worst = max(found - skew for found, skew in zip(off, (0.0, 60.0, 300.0), strict=True))
    return Measurement(
        round(worst, 6), "s beyond the clocks' own error", "Ben's clock ahead by 0, 60 and 300 s"
    )


def _explosion() -> Measurement:
    run = versions.siblings(3, 20)
    return Measurement(int(run["dots"]), "siblings", run.describe())


CLAIMS = Ledger(
    "sauna",
    [
        Claim("never too short", "who leaves with somebody that came in later stays long enough, without measuring time", POST, JAN, "V",
              value="never", experiment=_never_short),
        Claim("safe duration", "the rule ensures a safe duration", DIGEST, "January 2026", "V",
              test=lambda word: word != "unbounded" or holds_only_if("“safe” means not too short: how long it may get, only regular arrivals and prompt notices bound"),
              experiment=_upper_bound),
        Claim("deadlock", "there is a risk of deadlock if everybody adopts it", DIGEST, "January 2026", "V",
              test=lambda word: word.startswith("an endless chain") and holds_only_if("the room can be full; with an open door it is an endless chain, not a deadlock"),
              experiment=_deadlock),
        Claim("every couple of minutes", "somebody comes every couple of minutes, a session is about ten: regular arrivals give a mean stay of 11", POST, JAN, "C",
              value=11.0, unit="min", tolerance=0.1, experiment=lambda: _stay("mean_min", "next", "regular")),
        Claim("Poisson arrivals, mean", "with arrivals at random the mean stay is L + g", NOTES, "2026", "L", value=12.0, unit="min", tolerance=0.2,
              experiment=lambda: _stay("mean_min", "next", "poisson")),
        Claim("Poisson arrivals, tail", "the 95th percentile is 15.97 minutes", NOTES, "2026", "L", value=15.97, unit="min", tolerance=0.4,
              experiment=lambda: _stay("p95_min", "next", "poisson", 2)),
        Claim("somebody inside, mean", "following somebody inside gives half a session", NOTES, "2026", "L", value=5.0, unit="min", tolerance=0.2,
              experiment=lambda: _stay("mean_min", "inside", "regular")),
        Claim("somebody inside, half", "and half of the stays are shorter than that", NOTES, "2026", "L", value=0.50, tolerance=0.03, experiment=_half),
        Claim("snapshot", "waiting for everybody inside gives 9 minutes: slightly too short", NOTES, "2026", "L", value=9.0, unit="min", tolerance=0.1,
              experiment=lambda: _stay("mean_min", "snapshot", "regular")),
        Claim("snapshot for all", "if everybody does that, the first finds an empty room and leaves at once", NOTES, "2026", "C",
              value="ends at once", experiment=_everybody_snapshots),
        Claim("share of followers", "the mean stay is L + g / (1 - share)", NOTES, "2026", "C", test=lambda off: off <= 0.7, experiment=_shares),
        Claim("12 seats, 30 %", "12 seats and 30 % followers: practically no run stalls", NOTES, "2026", "L", test=lambda n: n <= 2, experiment=lambda: _stalled(0.3, 12)),
        Claim("12 seats, 70 %", "12 seats and 70 % followers: every run stalls", NOTES, "2026", "L", value=20, unit="of 20 runs", experiment=lambda: _stalled(0.7, 12)),
        Claim("20 seats, 70 %", "20 seats and 70 % followers: some runs stall", NOTES, "2026", "L", test=lambda n: 1 <= n <= 19, experiment=lambda: _stalled(0.7, 20)),
        Claim("8 seats, 50 %", "8 seats and 50 % followers: every run stalls", NOTES, "2026", "L", value=20, unit="of 20 runs", experiment=lambda: _stalled(0.5, 8)),
        Claim("wrong clock", "a clock five times too fast lets one leave after 2 minutes; the causal rule does not mind", NOTES, "2026", "C", value=2, unit="min",
              experiment=_wrong_clock),
        Claim("no back channel", "logical clocks assume that there is no back channel", "Demirbas, blog of July 2014", "July 2014", "V", value="broken by it",
              experiment=_back_channel),
        Claim("hybrid clocks stay near", "a hybrid clock stays within the error of the physical clocks", HLC, "2014", "V", test=lambda s: s <= 0.001,
              experiment=_hybrid),
        Claim("dots", "a dot for each write cures sibling explosion: siblings grow with the writers, not with the writes", "Wombat on Riak", "2015", "S",
              value=3, unit="siblings", experiment=_explosion),
        Claim("64 bits", "a hybrid clock fits the 64-bit format of NTP", HLC, "2014", "V", reason="nothing here is packed into 64 bits"),
        Claim("Spanner's uncertainty", "Spanner's clock uncertainty was about 6 ms", "Demirbas, blog of July 2014", "July 2014", "V",
              reason="it needs Spanner's clocks"),
    ],
)  # fmt: skip

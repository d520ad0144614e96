"""The ledger of lesson 7: what the story, its digest, and the sources of its real anchors claim, and what was measured here."""

from __future__ import annotations

from collections.abc import Sequence

from dslab.algasr import anomalies, branches, drift, numbers, readings, rings
from dslab.algasr.switches import MINISTRIES
from dslab.course.algasr.exercises import reports
from dslab.teach import Claim, Ledger, Measurement, holds_only_if

STORY, DIGEST = "Demirbas, “Welcome to Town Al-Gasr”", "the digest's summary"
MODEL = "the closed form of this lesson's model"
JEPSEN, NEAT, YUAN = (
    "Jepsen on Elasticsearch, read as quoted in study notes on GitHub",
    "NEAT, abstract at usenix.org",
    "Yuan and others, OSDI 2014, read as quoted in study notes on GitHub",
)
GITHUB = "GitHub, 21 October 2018 (postmortems.app, BYU incident database)"
JAN = "January 2026"
SAMPLE = "it counts the failures of a published sample, which is not part of this model"


def _close(pairs: Sequence[tuple[float, float]], told: str) -> Measurement:
    worst = max(abs(simulated - closed) for simulated, closed in pairs)
    shown = ", ".join(f"{simulated:.3f} for {closed:.3f}" for simulated, closed in pairs)
    return Measurement(round(worst, 4), "apart at most", f"{told}: {shown}")


def _lost() -> Measurement:
    pairs = [
        (branches.simulate(rate, 3, 8_000)["last writer wins"]["lost"] / 8_000, branches.lost_branches(rate))
        for rate in (0.3, 1.0, 3.0, 10.0)
    ]
    return _close(pairs, "rates of 0.3, 1, 3 and 10 writes a key, 8,000 keys")


def _share() -> Measurement:
    pairs = []
    for rate in (0.3, 1.0, 3.0, 10.0):
        run = branches.simulate(rate, 3, 8_000)["last writer wins"]
        pairs.append((run["lost_writes"] / run["acknowledged"], branches.lost_share(rate)))
    return _close(pairs, "three Emirs, rates of 0.3, 1, 3 and 10 writes a key, 8,000 keys")


def _agree() -> Measurement:
    pairs = [(readings.deliver(m, r), readings.all_agree(m, r)) for m, r in ((2, 3), (3, 3), (5, 3), (3, 5))]
    return _close(pairs, "2, 3 and 5 writes to 3 replicas, 3 writes to 5")


def _joined() -> Measurement:
    return Measurement(readings.deliver(3, 3, "versions", 500), "", "500 deliveries in random orders")


def _fixed_points() -> Measurement:
    great, least = (sum(rings.settle([False] * 9, rings.ring(9), start)) for start in (True, False))
    return Measurement(
        f"{great} and {least}",
        "",
        "of nine ministries whose probes all fail, from all healthy and from nothing known",
    )


def _escapes() -> Measurement:
    cases = ((), (0.5,), (0.5, 0.6, 0.5))
    return _close([(numbers.release(case), numbers.escape(case)) for case in cases], "no stage, one, three")


def _affirmed() -> Measurement:
    verdict = anomalies.search("affirmed bug", stages="affirmation")
    return Measurement("nothing" if not verdict.held else "something", "", verdict.describe())


def _drift() -> Measurement:
    return Measurement(
        round(100 * drift.simulate(0.05, 30.0, "dual", 60.0, 0.02, 20_000)[1], 1),
        "%",
        "20,000 keys, the second write fails with 5 %",
    )


def _reported() -> Measurement:
    events = reports(0.2, 0.3, requests=20_000)
    counted = sum(event["label"] != "incident" for event in events) / len(events)
    told = "20,000 requests, f = 20 % fail, r = 30 % of them relabelled; true success is 80 %"
    return Measurement(round(100 * counted, 1), "%", told)


def _fence() -> Measurement:
    on, off = anomalies.search("zombie leader"), anomalies.search("zombie leader", fencing=False)
    return Measurement(
        "refuses" if on.held and not off.held else "does not help",
        "",
        f"{on.describe()} Without it: {off.describe()}",
    )


def _both_coasts() -> Measurement:
    verdict = anomalies.search("three-way partition", quorum="one")
    return Measurement("both" if not verdict.held else "no", "", f"Without a quorum: {verdict.describe()}")


def _one_node() -> Measurement:
    off, on = anomalies.search("isolated Emir", 1, quorum="one"), anomalies.search("isolated Emir", 1)
    told = f"Without a quorum: {off.describe()} With a majority: {on.describe()}"
    return Measurement("enough" if not off.held and on.held else "not enough", "", told)


def _availability() -> Measurement:
    run = branches.palace(3.0)
    writes = f"{run.params['totals']['last writer wins']['acknowledged']:,}"
    told = f"all {writes} writes were acknowledged, so somebody was always there to take one; this share of them is in the one register after the merge"
    return Measurement(round(run["measured"], 1), "%", told)


def _converges() -> Measurement:
    verdict = anomalies.search("merge by arrival", merge="arrival")
    return Measurement("for ever" if not verdict.held else "until rest", "", verdict.describe())


def _immutable() -> Measurement:
    verdict = anomalies.search("two interpreters", versioned=False)
    return Measurement("changes" if not verdict.held else "stays", "", verdict.describe())


CLAIMS = Ledger(
    "algasr",
    [
        Claim("nine ministries", "the town has nine ministries", STORY, JAN, "V", test=lambda count: count == 9 and holds_only_if("one takes the story's word: the nine cages were built after it"),
              experiment=lambda: Measurement(len(MINISTRIES), "", "each has a cage in this lesson")),
        Claim("three Emirs for availability", "three simultaneous leaders give “high availability”", DIGEST, JAN, "V", test=lambda kept: kept > 99,
              otherwise=holds_only_if("three registers will do: one register keeps a part of what was acknowledged"), experiment=_availability),
        Claim("eventual consistency", "eventual consistency is taken to extremes", DIGEST, JAN, "V", test=lambda word: word != "for ever", experiment=_converges),
        Claim("immutable decrees", "immutable decrees in Git keep history from being rewritten", "how the town defends them, in " + STORY, JAN, "V",
              test=lambda word: word == "stays", otherwise=holds_only_if("the interpreter is fixed with the decree"), experiment=_immutable),
        Claim("lost branches", "n (1 - e^(-λ/n)) - (1 - e^(-λ)): 0.026, 0.218, 0.946, 1.893 branches a key", MODEL, "2026", "L", test=lambda apart: apart < 0.03, experiment=_lost),
        Claim("lost writes", "(1 - 1/n) (1 - (1 - e^(-λ))/λ) of the writes: 0.091, 0.245, 0.456, 0.600", MODEL, "2026", "C", test=lambda apart: apart < 0.02, experiment=_share),
        Claim("merge by arrival", "all replicas agree with chance m^(1-R): 0.25, 0.111, 0.040, 0.012", MODEL, "2026", "L", test=lambda apart: apart < 0.01, experiment=_agree),
        Claim("a join agrees", "with a commutative, associative, idempotent merge all replicas agree", MODEL, "2026", "L", value=1, experiment=_joined),
        Claim("two fixed points", "9 of 9 stay healthy from a healthy start, 0 of 9 from unknown", MODEL, "2026", "L", value="9 and 0", experiment=_fixed_points),
        Claim("escapes", "the product of what each stage misses: 1.0, 0.5, 0.1", MODEL, "2026", "C", test=lambda apart: apart < 0.01, experiment=_escapes),
        Claim("affirmation", "an hourly affirmation finds nothing, and everything is green", STORY, JAN, "S",
              test=lambda found: found == "nothing" and holds_only_if("an affirmation cannot fail, which is how it is modelled"), experiment=_affirmed),
        Claim("drift", "of dual writes, the share that differs is the chance that the second write fails", MODEL, "2026", "C", value=5, unit="%", tolerance=0.5, experiment=_drift),
        Claim("relabelling", "reported success is 1 - f (1 - r), true success 1 - f", MODEL, "2026", "C", value=86, unit="%", tolerance=1, experiment=_reported),
        Claim("fencing token", "a number that grows with each grant; the resource refuses a smaller one, and so stops the zombie", "Kleppmann, “How to do distributed locking”", "2016", "V", value="refuses", experiment=_fence),
        Claim("GitHub: both coasts", "failing back was unsafe because each coast held writes that the other lacked", GITHUB, "2018", "V",
              test=lambda found: found == "both" and holds_only_if("each side may acknowledge alone; shown possible in a toy of three nodes, GitHub's own system was not run"), experiment=_both_coasts),
        Claim("GitHub: 43 s", "a partition of 43 s, degraded service for 24 h 11 min", GITHUB, "2018", "V", reason="the length of the repair depends on data and people that were not published as a model"),
        Claim("Jepsen: 32.9 %", "645 of 1,961 acknowledged writes were lost, 32.9 %, while health could show green", JEPSEN, "2014", "V",
              reason=f"the product of 2014 was not run here; the division gives {100 * 645 / 1961:.1f} %"),
        Claim("NEAT: one node", "isolating a single node can be enough", NEAT, "2018", "V",
              test=lambda found: found == "enough" and holds_only_if("the node that is cut off may acknowledge alone; shown possible in a toy of three nodes, no real system was run"), experiment=_one_node),
        Claim("NEAT: counts", "136 partition failures in 25 systems studied, 32 new ones found in 7", NEAT, "2018", "V", reason=SAMPLE),
        Claim("Yuan: 92 %", "of 198 failures 48 were catastrophic, 92 % of those by mishandling a signalled non-fatal error", YUAN, "2014", "V", reason=SAMPLE),
        Claim("Yuan: 35 %", "35 % trivial handler mistakes (25 % ignored, 8 % over-broad abort, 2 % TODO)", YUAN, "2014", "V",
              reason=f"{SAMPLE}; the parts do add up to {25 + 8 + 2} %"),
        Claim("Yuan: 58 %", "58 % could have been found by simple tests", YUAN, "2014", "V", reason=SAMPLE),
        Claim("Yuan: three nodes", "98 % need no more than three nodes to show, 84 % no more than two", YUAN, "2014", "V", reason=SAMPLE),
        Claim("Goodhart, Strathern", "a measure that becomes a target stops being a good measure", "Goodhart 1975, Strathern 1997", "1997", "V",
              test=lambda points: points > numbers.ALARM and holds_only_if("pleasing the measure is cheaper, as far ahead as anybody looks, than what it measures"),
              experiment=lambda: Measurement(round(numbers.victories()["gap"], 1), "points", "reported less canary, after half a year")),
    ],
)  # fmt: skip

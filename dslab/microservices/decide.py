"""The article's four questions before a split, and what each answer costs and buys in the model.

| word        | meaning                                                                                            |
|-------------|----------------------------------------------------------------------------------------------------|
| question    | 50 or more engineers? parts that must scale alone? faults that must be isolated? several technologies?  |
| price       | what one more process boundary costs here: milliseconds, availability, memory                          |
| gain        | what it buys; of the four, only scaling and isolation can be computed here                              |

The thresholds are the author's opinion (dev.to, 14 January 2026): no source behind "50+ engineers" or "90 % of apps" was given.
Conway's law, that a system comes to look like the organisation that builds it, is the reason why the first question is on the list.
"""

from __future__ import annotations

import math
from typing import Any

from dslab.microservices.callgraph import PROCESS_MB, compare, downtime_h
from dslab.sim.result import Metric, Result

ENGINEERS = 50
PER_TEAM = 8  # engineers who release one thing together; assumed


def releases_in_each_others_way(engineers: int, boundaries: int) -> int:
    """Give the pairs of teams that share a release: teams of eight, spread over ``boundaries`` + 1 deployables."""
    teams = -(-engineers // PER_TEAM)
    each, rest = divmod(teams, boundaries + 1)
    sizes = [each + 1] * rest + [each] * (boundaries + 1 - rest)
    return sum(size * (size - 1) // 2 for size in sizes)


def scaling_memory_mb(hot_share: float, growth: float) -> tuple[float, float]:
    """Give the memory (MB) when a hot part of the work grows: in copies of the whole process, or with the hot part apart.

    ``hot_share`` (over 0, at most 1) of the work of one process is in the hot part, and that part grows ``growth`` times (1 or more). A
    process takes 512 MB whatever is in it: the article's figure, 512 MB for one and 2 GB for four.
    """
    if not 0 < hot_share <= 1 or growth < 1:
        raise ValueError("hot_share is over 0 and at most 1, and growth is at least 1")
    hot, rest = round(hot_share * growth, 9), round(1 - hot_share, 9)
    return PROCESS_MB * math.ceil(round(hot + rest, 9)), PROCESS_MB * (math.ceil(rest) + math.ceil(hot))


def decide(engineers: int = 12, scale_alone: bool = False, isolate: bool = False, technologies: bool = False, services: int = 6,
           network_ms: float = 1.0) -> Result:  # fmt: skip
    """Answer the article's four questions and see what the answers cost in the model.

    ``engineers`` 1..2,000; ``services`` 1..50 and ``network_ms`` 0..100 describe the split that is considered. The result's table
    ``answers`` has a row for each question; metric ``boundaries`` is the number of process boundaries that the answers give a reason for.
    """
    if not 1 <= engineers <= 2_000:
        raise ValueError(f"engineers={engineers!r} is out of range; use 1 to 2,000")
    whole, one = compare(services=services, network_ms=network_ms), compare(services=1, network_ms=network_ms)
    one_edge = one["microservices_ms"] - one["monolith_ms"]
    asked = {"50 or more engineers": engineers >= ENGINEERS, "a part must scale alone": scale_alone, "a fault must stay inside": isolate,
             "several technologies": technologies}  # fmt: skip
    reasons = sum(asked.values())
    boundaries = services if asked["50 or more engineers"] else min(services, reasons)
    copied, hot = scaling_memory_mb(0.2, 5)
    gains = (
        f"{releases_in_each_others_way(engineers, 0)} pairs of teams share a release; {releases_in_each_others_way(engineers, boundaries)} after",
        f"five times the load on a fifth of the work: {copied:,.0f} MB in copies of all, {hot:,.0f} MB with it apart",
        f"a leak or a crash takes 1 of {boundaries + 1} processes with it, if its callers can do without it",
        "a second language or a licence; no number in this model",
    )  # fmt: skip
    price = f"{one_edge:.2f} ms a call, {60 * (downtime_h(one['up_services']) - downtime_h(one['up_monolith'])):.0f} min a month, {PROCESS_MB:.0f} MB"
    rows = [{"question": question, "answer": "yes" if yes else "no", "what a boundary buys": gain if yes else "nothing that was asked for",
             "what it costs": price if yes else "the same"} for (question, yes), gain in zip(asked.items(), gains, strict=True)]  # fmt: skip
    metrics = {
        "boundaries": Metric("process boundaries with a reason", boundaries),
        "edge_ms": Metric("one boundary costs", one_edge, "ms"),
        "all_ms": Metric("all of them cost", whole["microservices_ms"] - whole["monolith_ms"], "ms"),
        "down_h": Metric(
            "all of them cost",
            downtime_h(whole["up_services"]) - downtime_h(whole["up_monolith"]),
            "h in 30 days",
        ),
    }
    return Result(
        {"engineers": engineers},
        metrics,
        _sentence(reasons, boundaries, services, metrics),
        tables={"answers": rows},
    )


def _sentence(reasons: int, boundaries: int, services: int, metrics: dict[str, Metric]) -> str:
    if not reasons:
        advice = "None of the four questions gives a reason for a process boundary: modules in one process"
    elif boundaries < services:
        advice = f"{reasons} of the four gives a reason: modules in one process, and {boundaries} split off" if reasons == 1 else (
            f"{reasons} of the four give a reason: modules in one process, and {boundaries} split off")  # fmt: skip
    else:
        advice = "Enough teams that they stand in each other's way: services, one per team rather than one per table"
    return (f"{advice}. Splitting off all {services} in a chain would cost {metrics['all_ms'].value:.1f} ms a request and "
            f"{metrics['down_h'].value:.1f} h more downtime in 30 days, if every process is up 99.9 % of the time on its own.")  # fmt: skip


def questions() -> list[dict[str, Any]]:
    """Give three organisations and what the four questions say of them."""
    cases = (("12 engineers, one product", {}), ("30 engineers, image resizing is the hot part", {"engineers": 30, "scale_alone": True}),
             ("30 engineers, card data must be apart", {"engineers": 30, "isolate": True}), ("120 engineers", {"engineers": 120}))  # fmt: skip
    return [{"organisation": words, "boundaries with a reason": int(decide(**how)["boundaries"]), "in the model": decide(**how).text}
            for words, how in cases]  # fmt: skip

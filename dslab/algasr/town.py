"""The map of Al-Gasr: all nine ministries at once, what each reports, and what is measured from outside.

| word     | meaning                                                                                             |
|----------|-----------------------------------------------------------------------------------------------------|
| reported | the share of good outcomes that a ministry itself announces                                            |
| measured | the same share, counted by somebody who does not belong to it                                         |
| gap      | reported minus measured, in percentage points: what the town does not know about itself                |
| trouble  | how much really goes wrong: the share of requests, second writes, facts, verbs, probes that do            |
"""

from __future__ import annotations

from functools import lru_cache

from dslab.algasr import branches, drift, numbers, readings, rings
from dslab.algasr.switches import MINISTRIES, ministry
from dslab.sim import Metric, Result

KEYS, WRITES = 1_000, 3.0  # keys of the ledger, and writes for each between two merges
READERS, ACCOUNTS, DELIVERIES, BUGS = (
    2_000,
    400,
    200,
    2_000,
)  # of one visit: enough to see a gap, and a control answers at once
RELABELLED = 0.9  # of its failures, the share that the Ministry of Victories files as something else
ACTS = 0.2  # the chance that a ministry acts on a failure before it hands it on
STAGES = (0.5, 0.6, 0.5)  # what each of three tests finds
# who hands something on to whom, in the story
STREETS = (
    ("Palace", "Decrees", "signs"),
    ("Decrees", "Reconciliation", "branches"),
    ("Reconciliation", "Dashboards", "copies"),
    ("Dashboards", "Truth", "quotes"),
    ("Truth", "Victories", "explains"),
    ("Victories", "Affirmation", "thanks"),
    ("Affirmation", "Supervision", "vouches"),
    ("Supervision", "Responsibility", "vouches"),
    ("Responsibility", "Palace", "refers"),
)


@lru_cache(maxsize=512)
def visit(name: str, cured: bool, trouble: float = 0.1) -> tuple[float, float, str]:
    """Visit one ministry: give (reported, measured), both in per cent, and its number in words. ``trouble``: 0 to 0.5."""
    ministry(name)  # a sentence where there is none
    if not 0 <= trouble <= 0.5:
        raise ValueError(f"trouble={trouble!r} is out of range; use 0 to 0.5")
    return _VISITS[name](cured, trouble)


def _palace(cured: bool, trouble: float) -> tuple[float, float, str]:
    totals = branches.simulate(WRITES, 3, KEYS)["fence" if cured else "last writer wins"]
    kept = 100 * (1 - totals["lost_writes"] / totals["acknowledged"])
    refused = totals["attempts"] - totals["acknowledged"]
    return (
        100.0,
        kept,
        (
            f"{refused:,} refused"
            if cured
            else f"{totals['lost_writes']:,} of {totals['acknowledged']:,} lost"
        ),
    )


def _dashboards(cured: bool, trouble: float) -> tuple[float, float, str]:
    ages, share = drift.simulate(trouble, 30.0, "outbox" if cured else "dual", 60.0, 0.02, KEYS)
    return 100.0, 100 * (1 - share), f"{len(ages)} of {KEYS:,} differ"


def _truth(cured: bool, trouble: float) -> tuple[float, float, str]:
    share = readings.ask_readers(trouble, trouble, cured, READERS)
    return 100.0, 100 * (1 - share), f"{100 * share:.0f} % disagree"


def _decrees(cured: bool, trouble: float) -> tuple[float, float, str]:
    agree = readings.replay_twice(trouble, 5, cured, ACCOUNTS)
    return 100.0, 100 * agree, f"{ACCOUNTS * (1 - agree):.0f} of {ACCOUNTS} differ"


def _supervision(cured: bool, trouble: float) -> tuple[float, float, str]:
    run = rings.outage(9, round(9 * trouble), "origin time" if cured else "relayed")
    return run["reported"], run["measured"], f"{run['false_green']:.0f} green, but stopped"


def _victories(cured: bool, trouble: float) -> tuple[float, float, str]:
    reported = 100 * numbers.reported_success(trouble, 0.0 if cured else RELABELLED)
    return reported, 100 * (1 - trouble), f"{reported - 100 * (1 - trouble):.0f} points hidden"


def _reconciliation(cured: bool, trouble: float) -> tuple[float, float, str]:
    agree = readings.deliver(2, 3, "versions" if cured else "arrival", DELIVERIES)
    return 100.0, 100 * agree, f"{DELIVERIES * (1 - agree):.0f} of {DELIVERIES} apart"


def _affirmation(cured: bool, trouble: float) -> tuple[float, float, str]:
    escaped = numbers.release(STAGES if cured else (0.0, 0.0, 0.0), BUGS) * trouble
    return 100.0, 100 * (1 - escaped), f"{1_000 * escaped:.0f} in 1,000 escape"


def _responsibility(cured: bool, trouble: float) -> tuple[float, float, str]:
    hops, late = numbers.pass_on(ACTS, 8, cured, BUGS)
    return 100.0, 100 * (1 - late * trouble), f"{hops:.1f} hops each"


_VISITS = {
    "Palace": _palace, "Dashboards": _dashboards, "Truth": _truth, "Decrees": _decrees, "Supervision": _supervision, "Victories": _victories,
    "Reconciliation": _reconciliation, "Affirmation": _affirmation, "Responsibility": _responsibility,
}  # fmt: skip


def tour(trouble: float = 0.1, **cured: bool) -> Result:
    """Go through the whole town. Keywords are ministries in small letters (``palace=True``): cured or not, not unless said.

    Metrics: ``reported``, ``measured`` and ``gap`` (%, means over the nine), ``worst`` gap. Table ``ministries``: one row each.
    Raises ValueError for a ministry that does not exist or trouble out of range.
    """
    for name in cured:
        ministry(name.capitalize())
    rows = []
    for each in MINISTRIES:
        on = cured.get(each.name.lower(), False)
        reported, measured, number = visit(each.name, on, trouble)
        rows.append({"ministry": each.name, "rule": each.cure if on else each.sin, "reported": round(reported, 1),
                     "measured": round(measured, 1), "number": number, "cured": "yes" if on else "no"})  # fmt: skip
    reported, measured = (sum(row[column] for row in rows) / len(rows) for column in ("reported", "measured"))
    worst = max(rows, key=lambda row: row["reported"] - row["measured"])
    gap = worst["reported"] - worst["measured"]
    metrics = {
        "reported": Metric("mean of the nine ministries", reported, "%"),
        "measured": Metric("mean of the nine, from outside", measured, "%"),
        "gap": Metric("gap", reported - measured, "points"),
        "worst": Metric(f"gap of {worst['ministry']}", gap, "points"),
    }
    count = sum(row["cured"] == "yes" for row in rows)
    most = (
        f"The widest gap is that of {worst['ministry']}, {gap:.0f} point{'s' * (f'{gap:.0f}' != '1')}: {worst['number']}."
        if gap >= 0.5
        else "No ministry reports what is not so."
    )
    text = f"{count} of 9 ministries cured. The town reports {reported:.1f} %; measured from outside it is {measured:.1f} %. {most}"
    return Result({"trouble": trouble, **cured}, metrics, text, tables={"ministries": rows})

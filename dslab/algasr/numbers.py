"""Numbers that please: failures relabelled, tests replaced by affirmation, responsibility passed on.

| word      | meaning                                                                                           |
|-----------|---------------------------------------------------------------------------------------------------|
| f         | true failure rate: the share of requests that fail                                                  |
| r         | the share of failures that is relabelled before it is counted                                        |
| canary    | requests made from outside, counted by whoever makes them                                            |
| effort    | hours that a team has in a week, to mend causes or to file failures as something else                |
| detection | the chance that a stage finds a bug that gets to it                                                  |
| escape    | a bug that passes every stage                                                                       |

Goodhart (1975) and Strathern (1997): a measure that becomes a target stops being a good measure.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache

from dslab.sim import Metric, Result, Series

WEEKS = 26
ALARM = 2.0  # percentage points between report and canary


def reported_success(failure: float, relabelled: float) -> float:
    """Give the success rate that is reported: ``failure`` and ``relabelled`` are shares, 0 to 1."""
    return 1 - failure * (1 - relabelled)


# [spend] the team puts its hours where a point of the measure is cheapest
def spend(hours: float, fix_h: float, relabel_h: float, counted_by: str) -> tuple[float, float]:
    """Give (hours for mending, hours for relabelling) of a team that is judged by whoever counts."""
    if counted_by == "canary":
        return hours, 0.0  # a new label changes nothing outside
    return (0.0, hours) if relabel_h < fix_h else (hours, 0.0)


# [/spend]
@lru_cache(maxsize=256)
def year(
    counted_by: str,
    hours: float,
    fix_h: float,
    relabel_h: float,
    new_causes: float,
    probes: int,
    seed: int = 17,
) -> tuple[tuple[float, ...], ...]:
    """Go through the weeks; give reported success, true success and what the canary saw, in per cent, and the causes left."""
    rng, causes = random.Random(seed), 10.0
    reported, true, canary, left = [], [], [], []
    for _ in range(WEEKS):
        causes += new_causes
        mending, labelling = spend(hours, fix_h, relabel_h, counted_by)
        causes = max(0.0, causes - mending / fix_h)
        failure = min(1.0, 0.005 * causes)
        hidden = min(1.0, labelling / relabel_h / causes) if causes else 0.0
        seen = sum(rng.random() >= failure for _ in range(probes)) / probes
        true.append(100 * (1 - failure))
        canary.append(100 * seen)
        reported.append(100 * reported_success(failure, hidden) if counted_by == "team" else 100 * seen)
        left.append(causes)
    return tuple(reported), tuple(true), tuple(canary), tuple(left)


def victories(
    counted_by: str = "team",
    hours: float = 20.0,
    fix_h: float = 8.0,
    relabel_h: float = 0.5,
    new_causes: float = 1.0,
    probes: int = 400,
) -> Result:
    """Give a team half a year and a number to please.

    ``hours``: 0 to 80 a week. ``fix_h``, ``relabel_h``: hours to mend a cause, and to relabel its failures for a week, 0.25 to 16. ``new_causes``: 0 to
    5 a week; each makes half a per cent of the requests fail. ``probes``: canary requests a week. Metrics: ``reported`` and
    ``measured`` (%, last week), ``true``, ``gap`` (points), ``alarm_week`` (0: never). Raises ValueError out of range.
    """
    if (
        counted_by not in ("team", "canary")
        or not 0 <= hours <= 80
        or not 0.25 <= fix_h <= 16
        or not 0.25 <= relabel_h <= 16
        or not 0 <= new_causes <= 5
    ):
        raise ValueError(
            f"counted_by={counted_by!r}, hours={hours!r}, fix_h={fix_h!r}, relabel_h={relabel_h!r}: use team or canary, 0 to 80, 0.25 to 16"
        )
    reported, true, canary, left = year(counted_by, hours, fix_h, relabel_h, new_causes, probes)
    weeks = tuple(range(1, WEEKS + 1))
    alarm = next(
        (week for week, (a, b) in enumerate(zip(reported, canary, strict=True), 1) if a - b > ALARM), 0
    )
    series = {
        "reported": Series("reported", weeks, reported),
        "true": Series("true success rate", weeks, true, "theory"),
        "canary": Series("canary", weeks, canary, "measured"),
    }
    metrics = {
        "reported": Metric("success reported", reported[-1], "%"),
        "measured": Metric("success of the canary", canary[-1], "%"),
        "true": Metric("true success", true[-1], "%"),
        "gap": Metric("reported minus canary", reported[-1] - canary[-1], "points"),
        "causes": Metric("causes left", left[-1]),
        "alarm_week": Metric("alarm in week", alarm),
    }
    mending, labelling = spend(hours, fix_h, relabel_h, counted_by)
    used = min(labelling, relabel_h * left[-1])
    week = {"mending": mending, "new labels": used, "nothing left to relabel": labelling - used}
    gains = {"mending": 0.5 / fix_h, "new labels": 0.5 / relabel_h if counted_by == "team" else 0.0}
    spent = "on new labels" if spend(hours, fix_h, relabel_h, counted_by)[1] else "on mending"
    rings = (
        f"The alarm on the difference rings in week {alarm}."
        if alarm
        else "The alarm on the difference stays quiet."
    )
    text = (f"Counted by the {counted_by}, the hours go {spent}. After {WEEKS} weeks {reported[-1]:.1f} % success are reported, the canary sees {canary[-1]:.1f} %, "
            f"and {left[-1]:.0f} causes are left. {rings}")  # fmt: skip
    return Result({"counted_by": counted_by, "week": week, "gains": gains}, metrics, text, series)


def escape(detections: Sequence[float]) -> float:
    """Give the chance that a bug passes every stage: the product of what each misses (detections 0 to 1; none: 1)."""
    chance = 1.0
    for detection in detections:
        chance *= 1 - detection
    return chance


@lru_cache(maxsize=64)
def release(detections: tuple[float, ...], bugs: int = 20_000, seed: int = 19) -> float:
    """Send bugs through the stages; give the share that escape."""
    rng = random.Random(seed)
    return sum(all(rng.random() >= detection for detection in detections) for _ in range(bugs)) / bugs


def mean_hops(acts: float, limit: int) -> float:
    """Give the mean number of hops before somebody acts, each with chance ``acts`` (over 0, to 1), or it times out after ``limit``."""
    return (1 - acts) * (1 - (1 - acts) ** limit) / acts


@lru_cache(maxsize=64)
def pass_on(
    acts: float = 0.2, limit: int = 8, owner: bool = False, failures: int = 20_000, seed: int = 23
) -> tuple[float, float]:
    """Pass failures on; give (mean hops, share that timed out). With an owner, the first hop ends at somebody who acts."""
    rng, hops, late = random.Random(seed), 0, 0
    for _ in range(failures):
        count = 0
        while count < limit and rng.random() >= (1.0 if owner and count else acts):
            count += 1
        hops += count
        late += count == limit
    return hops / failures, late / failures

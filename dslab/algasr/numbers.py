"""Numbers that please: failures relabelled, tests replaced by affirmation, responsibility passed on.

| word      | meaning                                                                                           |
|-----------|---------------------------------------------------------------------------------------------------|
| f         | true failure rate: the share of requests that fail                                                  |
| r         | the share of failures that is relabelled before it is counted                                        |
| canary    | requests made from outside, counted by whoever makes them                                            |
| effort    | hours that a team has in a week, to mend causes or to file failures as something else                |
| horizon   | how many weeks ahead the team counts what an hour does for its number                                |
| alarm     | the first week in which the report is above the canary by more than the canary's own error explains   |
| detection | the chance that a stage finds a bug that gets to it                                                  |
| escape    | a bug that passes every stage                                                                       |

Goodhart (1975) and Strathern (1997): a measure that becomes a target stops being a good measure.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import lru_cache

from dslab.sim import Metric, Result, Series

WEEKS = 26
POINTS = 0.5  # percentage points of all requests that one cause makes fail
ALARM = 2.0  # percentage points between report and canary below which nobody looks
ERRORS = 3  # standard errors of the canary's sample that the alarm allows for


def reported_success(failure: float, relabelled: float) -> float:
    """Give the success rate that is reported: ``failure`` and ``relabelled`` are shares, 0 to 1."""
    return 1 - failure * (1 - relabelled)


# [spend] a cause is mended once, its label has to be renewed every week
def spend(
    hours: float, fix_h: float, relabel_h: float, counted_by: str, horizon: int = 1
) -> tuple[float, float]:
    """Give (hours for mending, hours for relabelling) of a team that looks ``horizon`` weeks ahead (1 or more)."""
    if counted_by == "canary":
        return hours, 0.0  # a new label changes nothing outside
    return (0.0, hours) if relabel_h * horizon < fix_h else (hours, 0.0)


# [/spend]
@lru_cache(maxsize=256)
def year(
    counted_by: str,
    hours: float,
    fix_h: float,
    relabel_h: float,
    new_causes: float,
    probes: int,
    horizon: int = 1,
    seed: int = 17,
) -> tuple[tuple[float, ...], ...]:
    """Go through the weeks; give reported success, true success and what the canary saw, in per cent, and the causes left."""
    rng, causes = random.Random(seed), 10.0
    reported, true, canary, left = [], [], [], []
    for _ in range(WEEKS):
        causes += new_causes
        mending, labelling = spend(hours, fix_h, relabel_h, counted_by, horizon)
        causes = max(0.0, causes - mending / fix_h)
        failure = min(1.0, POINTS / 100 * causes)
        hidden = min(1.0, labelling / relabel_h / causes) if causes else 0.0
        seen = sum(rng.random() >= failure for _ in range(probes)) / probes
        true.append(100 * (1 - failure))
        canary.append(100 * seen)
        reported.append(100 * reported_success(failure, hidden) if counted_by == "team" else 100 * seen)
        left.append(causes)
    return tuple(reported), tuple(true), tuple(canary), tuple(left)


# [alarm] a sample of n requests errs by the square root of p (1 - p) / n; three times that is seldom chance
def allowed(seen: float, probes: int) -> float:
    """Give by how many points a report may be above a canary that saw ``seen`` per cent of ``probes`` requests succeed."""
    share = seen / 100
    return max(ALARM, 100 * ERRORS * math.sqrt(share * (1 - share) / probes))


# [/alarm]
def victories(
    counted_by: str = "team",
    hours: float = 20.0,
    fix_h: float = 8.0,
    relabel_h: float = 0.5,
    new_causes: float = 1.0,
    probes: int = 400,
    horizon: int = 1,
) -> Result:
    """Give a team half a year and a number to please.

    ``hours``: 0 to 80 a week. ``fix_h``, ``relabel_h``: hours to mend a cause, and to relabel its failures for a week, 0.25 to 16. ``new_causes``: 0 to
    5 a week; each makes `POINTS` per cent of the requests fail. ``probes``: canary requests a week, 1 or more. ``horizon``: 1 to 26 weeks.
    Metrics: ``reported`` and ``measured`` (%, last week), ``true``, ``gap`` (points), ``causes``, ``mended`` (hours spent on mending in all),
    ``alarm_week`` (0: never). Raises ValueError out of range.
    """
    if (
        counted_by not in ("team", "canary")
        or not 0 <= hours <= 80
        or not 0.25 <= fix_h <= 16
        or not 0.25 <= relabel_h <= 16
        or not 0 <= new_causes <= 5
        or not 1 <= horizon <= WEEKS
        or probes < 1
    ):
        raise ValueError(
            f"counted_by={counted_by!r}, hours={hours!r}, fix_h={fix_h!r}, relabel_h={relabel_h!r}, horizon={horizon!r}: "
            f"use team or canary, 0 to 80, 0.25 to 16, 1 to {WEEKS}"
        )
    reported, true, canary, left = year(counted_by, hours, fix_h, relabel_h, new_causes, probes, horizon)
    weeks = tuple(range(1, WEEKS + 1))
    alarm = next(
        (
            week
            for week, told, seen in zip(weeks, reported, canary, strict=True)
            if told - seen > allowed(seen, probes)
        ),
        0,
    )
    mending, labelling = spend(hours, fix_h, relabel_h, counted_by, horizon)
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
        "mended": Metric("hours spent on mending", WEEKS * mending, "h"),
        "alarm_week": Metric("alarm in week", alarm),
    }
    used = min(labelling, relabel_h * left[-1])
    week = {"mending": mending, "new labels": used, "nothing left to relabel": labelling - used}
    # what one hour adds to the report, summed over the weeks that the team looks ahead
    gains = {
        "mending": POINTS * horizon / fix_h,
        "new labels": POINTS / relabel_h if counted_by == "team" else 0.0,
    }
    text = _told(counted_by, hours, bool(labelling), metrics)
    return Result(
        {"counted_by": counted_by, "week": week, "gains": gains, "horizon": horizon}, metrics, text, series
    )


def _told(counted_by: str, hours: float, labels: bool, metrics: dict[str, Metric]) -> str:
    spent = (
        "no hours are spent"
        if not hours
        else "the hours go on new labels"
        if labels
        else "the hours go on mending"
    )
    week = metrics["alarm_week"].value
    rings = (
        f"The alarm on the difference rings in week {week:.0f}."
        if week
        else "The alarm on the difference stays quiet."
    )
    return (
        f"Counted by the {counted_by}: {spent}. After {WEEKS} weeks {metrics['reported'].value:.1f} % success are reported, the canary sees "
        f"{metrics['measured'].value:.1f} %, and {metrics['causes'].value:.0f} causes are left. {rings}"
    )


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
    """Pass failures on; give (mean hops, share that timed out). With an owner, who does not act hands it to the owner, who does."""
    rng, hops, late = random.Random(seed), 0, 0
    for _ in range(failures):
        count = 0
        while count < limit and rng.random() >= (1.0 if owner and count else acts):
            count += 1
        hops += count
        late += count == limit
    return hops / failures, late / failures

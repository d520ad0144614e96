"""Two stores that should say the same: how many keys drift, for how long, and who would notice.

| word       | meaning                                                                                       |
|------------|-----------------------------------------------------------------------------------------------|
| drift      | a key whose two stores differ                                                                    |
| age        | how long it has differed                                                                          |
| dual       | the writer writes both; the second write fails with a chance, and two writes may overtake each other   |
| reconciled | dual, and every so often the stores are compared and made equal                                     |
| outbox     | the second store is fed from the first one's log, in order, a little later                            |

A minute is the unit of time. Updates of a key come as a Poisson stream.
"""

from __future__ import annotations

import math
import random
from functools import lru_cache

from dslab.sim import Metric, Result, Series

WAYS = ("dual", "reconciled", "outbox")
KEYS, POINT = 4_000, 600  # keys of the run that is shown, and of each point of the curves
GRID = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)


# [drift] what is wrong now is the last update, if it failed and nobody has looked since
def drift_share(
    failure: float, every_min: float, way: str, reconcile_min: float = 60.0, lag_min: float = 0.02
) -> float:
    """Give the share of keys that differ: updated every ``every_min`` minutes, the second write failing with chance ``failure``."""
    if way == "dual":
        return failure
    if way == "outbox":
        return 1 - math.exp(-lag_min / every_min)
    updates = reconcile_min / every_min
    return failure * (1 - (1 - math.exp(-updates)) / updates)


# [/drift]
@lru_cache(maxsize=256)
def simulate(failure: float, every_min: float, way: str, reconcile_min: float, lag_min: float, keys: int = KEYS,
             seed: int = 3) -> tuple[tuple[float, ...], float]:  # fmt: skip
    """Run keys to one moment; give the ages of those that drift, in minutes, and the share (for reconciled: over a round)."""
    rng, ages = random.Random(seed), []
    for key in range(keys):
        since_reconciled = (key + 0.5) / keys * reconcile_min  # the moment of looking, anywhere in a round
        age, began = 0.0, None
        time = 0.0
        while True:  # backwards from now: updates at time before
            time += rng.expovariate(1 / every_min)
            if way == "outbox":
                if time < lag_min:
                    began = time
                    continue
                break
            if way == "reconciled" and time > since_reconciled:
                break
            if rng.random() >= failure:
                break
            began = time  # failed, and so did every later one
        age = began or 0.0
        if age:
            ages.append(age)
    return tuple(sorted(ages)), len(ages) / keys


def _share(failure: float, every_min: float, way: str, reconcile_min: float, lag_min: float) -> float:
    """Give a point of a curve. What a way does not depend on is left out, so that it is simulated once."""
    reconcile = reconcile_min if way == "reconciled" else 60.0
    return simulate(0.0 if way == "outbox" else failure, every_min, way, reconcile, lag_min, POINT)[1]


def _span(minutes: float) -> str:
    return f"{60 * minutes:.1f} s" if minutes < 1 else f"{minutes:,.0f} min"


def dashboards(
    way: str = "dual",
    failure: float = 0.05,
    every_min: float = 30.0,
    reconcile_min: float = 60.0,
    lag_min: float = 0.02,
) -> Result:
    """Count the keys on which the dashboard differs from the ledger, and how old the difference is.

    ``failure``: 0 to 0.5, the chance that the second write fails. ``every_min``: 1 to 1,000 minutes between updates of a key.
    ``reconcile_min``: 1 to 1,000 minutes. ``lag_min``: the outbox's delay. Metrics: ``drifting`` keys of `KEYS`, ``theory``, ``oldest`` and
    ``mean_age`` (min), ``reported`` and ``measured`` (% of keys in step). Raises ValueError out of range.
    """
    if (
        way not in WAYS
        or not 0 <= failure <= 0.5
        or not 1 <= every_min <= 1_000
        or not 1 <= reconcile_min <= 1_000
    ):
        raise ValueError(
            f"way={way!r}, failure={failure!r}, every_min={every_min!r}: use one of {', '.join(WAYS)}, 0 to 0.5, and 1 to 1,000 min"
        )
    ages, share = simulate(failure, every_min, way, reconcile_min, lag_min)
    theory = drift_share(failure, every_min, way, reconcile_min, lag_min)
    oldest, mean = (ages[-1], sum(ages) / len(ages)) if ages else (0.0, 0.0)
    series = {}
    for each in WAYS:
        points = tuple(100 * _share(x, every_min, each, reconcile_min, lag_min) for x in GRID)
        closed = tuple(100 * drift_share(x, every_min, each, reconcile_min, lag_min) for x in GRID)
        series[each] = Series(each, GRID, points)
        series[f"{each} (theory)"] = Series(f"{each}, closed form", GRID, closed, "theory")
    metrics = {
        "reported": Metric("keys in step, says the dashboard", 100.0, "%"),
        "measured": Metric("keys in step, compared one by one", 100 * (1 - share), "%"),
        "drifting": Metric("keys that differ", len(ages), "keys"),
        "theory": Metric("closed form", 100 * theory, "%"),
        "oldest": Metric("oldest difference", oldest, "min"),
        "mean_age": Metric("mean age of a difference", mean, "min"),
    }
    text = (f"{way.capitalize()}: {100 * share:.2f} % of the keys differ (closed form {100 * theory:.2f} %), "
            + (f"the oldest for {_span(oldest)}. The dashboard compares itself with itself and reports 100 %." if ages else "and the dashboard happens to be right."))  # fmt: skip
    return Result({"way": way, "failure": failure}, metrics, text, series)

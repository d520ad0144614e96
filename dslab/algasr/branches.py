"""How much three Emirs lose: acknowledged branches by the thousand, for three ways to rule.

| word     | meaning                                                                                             |
|----------|-----------------------------------------------------------------------------------------------------|
| rate     | writes for each key between two merges, on average, spread evenly over the Emirs (Poisson)              |
| branch   | what one Emir wrote to one key between two merges; the merge keeps one branch of each key               |
| lost     | branches that were acknowledged and are gone after the merge                                          |
| refused  | writes that were not acknowledged: by the fence, or because the side has no majority                     |
"""

from __future__ import annotations

import math
import random
from functools import lru_cache

from dslab.sim import Metric, Result, Series

RULES = ("last writer wins", "majority", "fence")


# [lost] branches begun, less the one that survives
def lost_branches(rate: float, emirs: int = 3) -> float:
    """Give the branches lost for each key and merge: ``rate`` writes (0 or more) over ``emirs`` leaders (1 or more)."""
    begun = emirs * (1 - math.exp(-rate / emirs))
    kept = 1 - math.exp(-rate)
    return begun - kept


# [/lost]
def poisson(rng: random.Random, mean: float) -> int:
    """Draw a Poisson number (Knuth's product; ``mean`` up to a few hundred)."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count


@lru_cache(maxsize=512)
def simulate(
    rate: float, emirs: int = 3, keys: int = 2_000, majority_side: bool = True, seed: int = 7
) -> dict[str, dict[str, float]]:
    """Let every Emir write, merge once, and count for each of `RULES`: attempts, acknowledged, lost (branches), lost writes."""
    rng = random.Random(seed)
    totals = {rule: {"attempts": 0, "acknowledged": 0, "lost": 0, "lost_writes": 0} for rule in RULES}
    for _ in range(keys):
        writes = [poisson(rng, rate / emirs) for _ in range(emirs)]
        winner = rng.randrange(emirs)  # who writes last, or whose epoch is the newest
        begun = [count for count in writes if count]
        kept = writes[winner] or (begun[-1] if begun else 0)
        free = totals["last writer wins"]
        free["acknowledged"] += sum(writes)
        free["lost"] += max(0, len(begun) - 1)
        free["lost_writes"] += sum(writes) - kept
        totals["majority"]["acknowledged"] += writes[0] if majority_side or emirs == 1 else 0
        totals["fence"]["acknowledged"] += writes[winner]
        for rule in RULES:
            totals[rule]["attempts"] += sum(writes)
    return totals


def palace(
    rate: float = 3.0,
    emirs: int = 3,
    rule: str = "last writer wins",
    majority_side: bool = True,
    keys: int = 1_000,
) -> Result:
    """Rule the town for one partition: what is acknowledged, what survives, and what the palace says of it.

    ``rate``: 0.1 to 30 writes a key between merges. ``emirs``: 1 to 9. ``majority_side``: one Emir's side holds a majority of
    the voters. ``rule``: one of `RULES`. Metrics: ``lost`` and ``lost_theory`` (branches a key), ``reported`` and ``measured``
    (%: acknowledged writes that are called safe, and that are). Raises ValueError out of range.
    """
    if not 0.1 <= rate <= 30 or not isinstance(emirs, int) or not 1 <= emirs <= 9 or rule not in RULES:
        raise ValueError(
            f"rate={rate!r}, emirs={emirs!r}, rule={rule!r}: use 0.1 to 30, 1 to 9, and one of {', '.join(RULES)}"
        )
    totals = simulate(rate, emirs, keys, majority_side)
    mine, free = totals[rule], totals["last writer wins"]
    lost, theory = free["lost"] / keys, lost_branches(rate, emirs)
    kept = 100 * (1 - mine["lost_writes"] / mine["acknowledged"]) if mine["acknowledged"] else 100.0
    refused = mine["attempts"] - mine["acknowledged"]
    rates = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
    dense = tuple(round(0.1 * 300 ** (place / 40), 4) for place in range(41))
    series = {
        "simulated": Series(
            f"{emirs} Emirs, simulated",
            rates,
            tuple(simulate(x, emirs, 200)[RULES[0]]["lost"] / 200 for x in rates),
        ),
        "theory": Series(
            f"{emirs} Emirs, closed form", dense, tuple(lost_branches(x, emirs) for x in dense), "theory"
        ),
    }
    metrics = {
        "reported": Metric("acknowledged writes reported safe", 100.0 if mine["acknowledged"] else 0.0, "%"),
        "measured": Metric(
            "acknowledged writes found after the merge", kept if mine["acknowledged"] else 0.0, "%"
        ),
        "lost": Metric("branches lost for each key", lost if rule == RULES[0] else 0.0),
        "lost_theory": Metric("closed form", theory if rule == RULES[0] else 0.0),
        "refused": Metric("writes refused", refused, "writes"),
    }
    text = _told(rule, emirs, rate, mine, lost, theory)
    return Result(
        {"rate": rate, "emirs": emirs, "rule": rule, "keys": keys, "totals": totals}, metrics, text, series
    )


def _told(rule: str, emirs: int, rate: float, mine: dict[str, float], lost: float, theory: float) -> str:
    head = f"{emirs} Emir{'s' * (emirs != 1)}, {rate:g} writes a key: "
    if rule == RULES[0]:
        share = 100 * mine["lost_writes"] / max(1, mine["acknowledged"])
        return f"{head}all {mine['acknowledged']:,} writes are acknowledged and {share:.1f} % of them are lost, {lost:.3f} branches a key (closed form {theory:.3f})."
    share = 100 * (mine["attempts"] - mine["acknowledged"]) / max(1, mine["attempts"])
    why = "there is no majority on their side" if rule == "majority" else "their epoch is an old one"
    return f"{head}no acknowledged write is lost; {share:.1f} % of the writes are refused, because {why}, and whoever sent them knows it."

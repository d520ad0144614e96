"""How much three Emirs lose: acknowledged writes and branches by the thousand, for three ways to rule.

| word     | meaning                                                                                             |
|----------|-----------------------------------------------------------------------------------------------------|
| rate     | writes for each key between two merges, on average, at random times (Poisson), spread evenly over the Emirs |
| branch   | what one Emir wrote to one key between two merges; the merge keeps one branch of each key               |
| winner   | of each key the Emir who wrote last: its branch is the one that is kept                                 |
| lost     | what was acknowledged (writes, or whole branches) and is gone after the merge                          |
| refused  | writes that were not acknowledged: by the fence, or because the side has no majority                     |
"""

from __future__ import annotations

import math
import random
from functools import lru_cache

from dslab.sim import Metric, Result, Series

RULES = ("last writer wins", "majority", "fence")


# [share] the last write keeps its Emir's branch: itself, and of the writes before it one in n
def lost_share(rate: float, emirs: int = 3) -> float:
    """Give the share (0..1) of the acknowledged writes that a merge loses: ``rate`` writes a key (over 0), ``emirs`` leaders."""
    keys_written = 1 - math.exp(-rate)
    kept = keys_written + (rate - keys_written) / emirs
    return 1 - kept / rate


# [/share]
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
    """Let every Emir write, merge once, and count for each of `RULES`: attempts, acknowledged, lost (branches), lost writes.

    The writes of a key come one after the other, each at an Emir drawn evenly; the last one decides which branch is kept. Emir 1
    sits on the side with a majority, where there is one; the last Emir has the newest epoch.
    """
    rng = random.Random(seed)
    chance, attempts, lost, lost_writes, first, newest = rng.random, 0, 0, 0, 0, 0
    for _ in range(keys):
        count = poisson(rng, rate)
        if not count:
            continue
        writers = [int(chance() * emirs) for _ in range(count)]
        attempts += count
        lost += len(set(writers)) - 1
        lost_writes += count - writers.count(writers[-1])
        first += writers.count(0)
        newest += writers.count(emirs - 1)
    served = first if majority_side or emirs == 1 else 0
    every = {"attempts": attempts, "lost": 0, "lost_writes": 0}
    return {
        "last writer wins": every | {"acknowledged": attempts, "lost": lost, "lost_writes": lost_writes},
        "majority": every | {"acknowledged": served},
        "fence": every | {"acknowledged": newest},
    }


@lru_cache(maxsize=64)
def count_lost(rate: float, shares: tuple[float, ...], keys: int = 20_000, seed: int = 31) -> float:
    """Count the branches lost for each key where Emir i gets ``shares[i]`` of the writes (the shares add up to 1)."""
    rng, lost = random.Random(seed), 0
    for _ in range(keys):
        begun = sum(poisson(rng, rate * share) > 0 for share in shares)
        lost += max(0, begun - 1)
    return lost / keys


def palace(
    rate: float = 3.0,
    emirs: int = 3,
    rule: str = "last writer wins",
    majority_side: bool = True,
    keys: int = 1_000,
) -> Result:
    """Rule the town for one partition: what is acknowledged, what survives, and what the palace says of it.

    ``rate``: 0.1 to 30 writes a key between merges. ``emirs``: 1 to 9. ``majority_side``: more than half of the town's voters are
    on the side of Emir 1. ``rule``: one of `RULES`. Metrics: ``share`` and ``share_theory`` (% of the writes lost), ``lost`` and
    ``lost_theory`` (branches a key), ``refused`` (writes), ``reported`` and ``measured`` (%: acknowledged writes that are called
    safe, and that are). Raises ValueError out of range.
    """
    if not 0.1 <= rate <= 30 or not isinstance(emirs, int) or not 1 <= emirs <= 9 or rule not in RULES:
        raise ValueError(
            f"rate={rate!r}, emirs={emirs!r}, rule={rule!r}: use 0.1 to 30, 1 to 9, and one of {', '.join(RULES)}"
        )
    totals = simulate(rate, emirs, keys, majority_side)
    mine, free = totals[rule], rule == RULES[0]
    share = 100 * mine["lost_writes"] / max(1, mine["acknowledged"])
    kept = 100 - share if mine["acknowledged"] else 0.0
    metrics = {
        "reported": Metric("acknowledged writes reported safe", 100.0 if mine["acknowledged"] else 0.0, "%"),
        "measured": Metric("acknowledged writes found after the merge", kept, "%"),
        "share": Metric("acknowledged writes lost", share, "%"),
        "share_theory": Metric("closed form", 100 * lost_share(rate, emirs) if free else 0.0, "%"),
        "lost": Metric("branches lost for each key", mine["lost"] / keys),
        "lost_theory": Metric("closed form", lost_branches(rate, emirs) if free else 0.0),
        "refused": Metric("writes refused", mine["attempts"] - mine["acknowledged"], "writes"),
    }
    params = {"rate": rate, "emirs": emirs, "rule": rule, "keys": keys, "totals": totals}
    return Result(params, metrics, _told(rule, emirs, rate, metrics, mine), _curves(emirs))


def _curves(emirs: int) -> dict[str, Series]:
    """Give the share of writes lost (%) and the branches lost, by rate: simulated, and in closed form."""
    rates = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
    dense = tuple(round(0.1 * 300 ** (place / 40), 4) for place in range(41))
    keys = [1_500 if x < 1 else 400 if x < 10 else 100 for x in rates]
    runs = [simulate(x, emirs, count)[RULES[0]] for x, count in zip(rates, keys, strict=True)]
    who = f"{emirs} Emir{'s' * (emirs != 1)}"
    shares = tuple(100 * run["lost_writes"] / max(1, run["acknowledged"]) for run in runs)
    lost = tuple(run["lost"] / count for run, count in zip(runs, keys, strict=True))
    return {
        "share": Series(f"{who}, simulated", rates, shares),
        "share_theory": Series(
            f"{who}, closed form", dense, tuple(100 * lost_share(x, emirs) for x in dense), "theory"
        ),
        "lost": Series(f"{who}, simulated", rates, lost),
        "lost_theory": Series(
            f"{who}, closed form", dense, tuple(lost_branches(x, emirs) for x in dense), "theory"
        ),
    }


def _told(rule: str, emirs: int, rate: float, metrics: dict[str, Metric], mine: dict[str, float]) -> str:
    head = f"{emirs} Emir{'s' * (emirs != 1)}, {rate:g} write{'s' * (rate != 1)} a key on average: "
    if rule == RULES[0]:
        share, theory, lost = (metrics[name].value for name in ("share", "share_theory", "lost"))
        return (
            f"{head}all {mine['acknowledged']:,} writes are acknowledged, and {share:.1f} % of them are lost (closed form {theory:.1f} %). "
            f"That is {lost:.2f} branches for each key."
        )
    share = 100 * metrics["refused"].value / max(1, mine["attempts"])
    if not share:
        return f"{head}no acknowledged write is lost, and none is refused."
    why = (
        "their side has no majority"
        if rule == "majority"
        else "the archive, which all of them reach, has seen a newer epoch"
    )
    return f"{head}no acknowledged write is lost; {share:.1f} % of the writes are refused, because {why}, and whoever sent them knows it."

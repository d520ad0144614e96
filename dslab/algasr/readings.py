"""Readers who should agree: of three editions, of one log with two interpreters, of replicas that merge by arrival or by clock.

| word        | meaning                                                                                      |
|-------------|----------------------------------------------------------------------------------------------|
| edition     | what the current, the previous and the future ministry of truth each say of a fact               |
| changed     | the chance that the previous edition says something else than the current one                    |
| explained   | the chance that the future's explanation in advance does                                        |
| redefined   | the share of verbs that the second interpreter reads otherwise                                   |
| m, R        | concurrent writes, and replicas that each get them in an order of their own                        |
"""

from __future__ import annotations

import math
import random
from functools import lru_cache

from dslab.algasr.records import Decree, Version, interpret, join


# [readers] two readers pick two different editions in two cases of three; then it is a question of what those say
def readers_disagree(changed: float, explained: float) -> float:
    """Give the chance (0..1) that two readers, each picking one of three editions, are told different things of a fact."""
    previous_future = 1 - (1 - changed) * (1 - explained)
    return 2 / 9 * (changed + explained + previous_future)


# [/readers]
@lru_cache(maxsize=64)
def ask_readers(
    changed: float, explained: float, append_only: bool = False, readers: int = 20_000, seed: int = 3
) -> float:
    """Simulate pairs of readers; give the share that disagree. Append-only: both name the edition that they read."""
    rng, differ = random.Random(seed), 0
    for _ in range(readers):
        current = 0
        previous = 1 if rng.random() < changed else current
        future = 2 if rng.random() < explained else current
        editions = (current, previous, future)
        first = rng.randrange(3)
        second = first if append_only else rng.randrange(3)
        differ += editions[first] != editions[second]
    return differ / readers


def same_state(redefined: float, records: int) -> float:
    """Give the chance that two interpreters agree on an account: none of its records is of a redefined kind."""
    return (1 - redefined) ** records


@lru_cache(maxsize=64)
def replay_twice(
    redefined: float = 0.3, records: int = 5, versioned: bool = False, accounts: int = 4_000, seed: int = 5
) -> float:
    """Replay the log of every account under interpreter 1 and 2; give the share of accounts on which they agree."""
    rng, agree = random.Random(seed), 0
    for _ in range(accounts):
        log = [Decree("set", 1_000_000)] + [
            Decree("levy" if rng.random() < redefined else "add", rng.randrange(1, 9)) for _ in range(records)
        ]
        totals = []
        for power in (1, 2):
            treasury = 0
            for decree in log:
                treasury = interpret(decree, treasury, decree.version if versioned else power)
            totals.append(treasury)
        agree += totals[0] == totals[1]
    return agree / accounts


def all_agree(writes: int, replicas: int) -> float:
    """Give the chance that replicas agree for ever when the latest arrival wins: ``writes`` (1 or more), ``replicas`` (1 or more)."""
    return float(writes) ** (1 - replicas)


@lru_cache(maxsize=64)
def deliver(
    writes: int = 3, replicas: int = 3, merge: str = "arrival", trials: int = 20_000, seed: int = 9
) -> float:
    """Deliver concurrent writes to every replica in random orders; give the share of trials in which all agree."""
    rng, agree = random.Random(seed), 0
    versions = [Version(f"w{n}", frozenset(((f"writer {n}", 1),))) for n in range(writes)]
    for _ in range(trials):
        ends = set()
        for _ in range(replicas):
            order = versions[:]
            rng.shuffle(order)
            if merge == "arrival":
                ends.add(order[-1].value)
            else:
                held: frozenset[Version] = frozenset()
                for version in order:
                    held = join(held, frozenset((version,)))
                ends.add(tuple(sorted(v.value for v in held)))
        agree += len(ends) == 1
    return agree / trials


def newest_lost(fast_min: float, every_min: float) -> float:
    """Give the chance that the next write, ``every_min`` minutes later on average, loses to a clock that is ``fast_min`` fast."""
    return 1 - math.exp(-fast_min / every_min)


@lru_cache(maxsize=64)
def write_after_fast(
    fast_min: float = 5.0, every_min: float = 10.0, trials: int = 20_000, seed: int = 13
) -> float:
    """Simulate it: the write that comes after one by the fast clock is lost if its own stamp is smaller."""
    rng = random.Random(seed)
    return sum(rng.expovariate(1 / every_min) < fast_min for _ in range(trials)) / trials

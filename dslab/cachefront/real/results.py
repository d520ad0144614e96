"""What the lesson shows of the real parts: clients that run free, and three results whose sentences never change.

Each result runs live; without a ``lab`` it starts servers and stops them, and where there can be none it is the stored
one, with the reason (``python -m dslab.cachefront.real`` stores them anew). Metrics whose names end in ``_measured``
differ from run to run and stay out of the sentences.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dslab import real
from dslab.cachefront.anomalies import ANOMALIES
from dslab.cachefront.protocol import Switches
from dslab.cachefront.real.races import RACES, Engine, Lab, Outcome, late_fill, race
from dslab.sim.result import Metric, Result, Series

STORED = Path(__file__).with_name("stored")
HOLD_MS_MAX = 2.0  # the longest random sleep of `free_run`
COMBINATIONS = [(cas, marker) for cas in (False, True) for marker in (False, True)]


def free_run(
    lab: Lab, cas: bool, marker: bool, seed: int = 0, keys: int = 40, readers: int = 3, writers: int = 2
) -> int:
    """Let readers and writers loose on one key after the other; returns how many keys are stale once all is quiet.

    One late fill is forced first, so that without CAS or without markers the number is never 0. Then for each key, at
    the same moment, each reader reads twice and each writer writes once, with random sleeps of up to 2 ms before a
    fill and before a write. Who wins differs from run to run.

    Args:
        lab: running servers.
        cas, marker: with compare-and-set? with markers instead of deleting the slot?
        seed: of the sleeps.
        keys, readers, writers: how many of each, from 1; together at most 30 clients.

    Raises:
        ValueError: a number is outside its range.
    """
    for name, number in (("keys", keys), ("readers", readers), ("writers", writers)):
        if number < 1:
            raise ValueError(f"{name} is {number}; there must be at least 1")
    if readers + writers > 30:
        raise ValueError(f"readers and writers are {readers + writers}; the server takes 30 clients at most")
    run = lab.run(Switches(compare_and_set=cas, markers=marker))
    late_fill(run)
    names = [f"k{number}" for number in range(keys)]
    for name in names:
        run.begin(name)
    line = threading.Barrier(readers + writers)

    def client(number: int) -> None:
        chance, engine = random.Random(1000 * seed + number), Engine(run, f"client{number}")
        for name in names:
            line.wait(real.HOLD_S_MAX)
            first_s, second_s = (chance.uniform(0, HOLD_MS_MAX) / 1000 for _ in range(2))
            if number < writers:
                time.sleep(first_s)
                engine.put(f"v{number + 2}", name)
            else:
                engine.read(name, partial(time.sleep, first_s))
                engine.read(name, partial(time.sleep, second_s))

    real.together(*[lambda number=number: client(number) for number in range(readers + writers)])
    return sum(run.judge(name)[2] for name in ["k", *names])


def combination(cas: bool, marker: bool) -> str:
    """Name one of the four combinations: "no CAS + DEL"."""
    return f"{'CAS' if cas else 'no CAS'} + {'marker' if marker else 'DEL'}"


def live(name: str, lab: Lab | None, work: Callable[[Lab], Result]) -> Result:
    """Run ``work`` in a lab, in one of our own if none is given; where there can be none, give the stored result."""
    if lab is not None:
        return work(lab)

    def own() -> Result:
        with Lab() as lab:
            return work(lab)

    return real.live_or_stored(STORED / f"{name}.json", own, Result, metrics=Metric, series=Series)


def stored(name: str) -> Result:
    """Give the stored result of ``late_fills``, ``free_runs`` or ``defences``; raises ValueError for another name."""
    return real.load(STORED / f"{name}.json", Result, metrics=Metric, series=Series)


def late_fills(lab: Lab | None = None) -> Result:
    """Force the late fill under the four combinations and look before and after Flux (table ``combinations``)."""
    return live("late_fills", lab, _late_fills)


def _late_fills(lab: Lab) -> Result:
    start = time.perf_counter()
    outcomes = {
        combination(cas, marker): race("late fill", lab, compare_and_set=cas, markers=marker)
        for cas, marker in COMBINATIONS
    }
    rows = [
        {
            "combination": name,
            "store": outcome.final_store,
            "cache": outcome.final_cache,
            "stale": outcome.stale,
            "stale after Flux": outcome.stale_after_flux,
        }
        for name, outcome in outcomes.items()
    ]
    stale = [name for name, outcome in outcomes.items() if outcome.stale]
    fresh = [name for name in outcomes if name not in stale]
    repaired = sum(outcome.stale and not outcome.stale_after_flux for outcome in outcomes.values())
    text = (
        f"After a late fill the cache serves v1 while the store holds v2 with {', '.join(stale)}; "
        f"only {', '.join(fresh)} is fresh. Flux, run afterwards, repairs {repaired} of the {len(stale)}."
    )
    metrics = {
        "stale": Metric("combinations that serve v1", len(stale)),
        "repaired": Metric("of these, repaired by Flux", repaired),
        "seconds_measured": Metric("four races took", time.perf_counter() - start, "s"),
    }
    return Result({"live": True}, metrics, text, tables={"combinations": rows})


def free_runs(lab: Lab | None = None, seed: int = 0, keys: int = 40) -> Result:
    """Let five clients run free under the four combinations (`free_run`); the counts are measured, the text is certain."""
    return live("free_runs", lab, lambda lab: _free_runs(lab, seed, keys))


def _free_runs(lab: Lab, seed: int, keys: int) -> Result:
    counts = {pair: free_run(lab, *pair, seed=seed, keys=keys) for pair in COMBINATIONS}
    some = [combination(*pair) for pair, count in counts.items() if count]
    none = [combination(*pair) for pair, count in counts.items() if not count]
    text = (
        f"Once all clients are quiet, some of {keys + 1} keys are stale with {', '.join(some) or 'no combination'}; "
        f"none is with {', '.join(none) or 'no combination'}."
    )
    metrics = {}
    for (cas, marker), count in counts.items():
        name = f"stale_{'cas' if cas else 'plain'}_{'marker' if marker else 'del'}_measured"
        metrics[name] = Metric(combination(cas, marker), count, "keys")
    return Result({"live": True, "seed": seed, "keys": keys}, metrics, text)


def defences(lab: Lab | None = None) -> Result:
    """Play each race with everything on, and with each defence off that the model names for it (table ``defences``)."""
    return live("defences", lab, _defences)


def _defences(lab: Lab) -> Result:
    rows = []
    for name in RACES:
        if name in ANOMALIES:
            rows.append({"race": name, "off": "", "ends": _ending(race(name, lab))})
            for off in ANOMALIES[name].off:
                words = ", ".join(f"{switch}={position}" for switch, position in off.items())
                rows.append({"race": name, "off": words, "ends": _ending(race(name, lab, **off))})
    on = [row["ends"] for row in rows if not row["off"]]
    off = [row["ends"] for row in rows if row["off"]]
    wrong_on, wrong_off = (sum(end != "right" for end in ends) for ends in (on, off))
    text = (
        f"On real servers {wrong_on} of {len(on)} races go wrong with everything on, and {wrong_off} of {len(off)} with "
        "the defence off that the model names."
    )
    metrics = {
        "wrong_on": Metric("races that go wrong with everything on", wrong_on),
        "wrong_off": Metric("races that go wrong with a defence off", wrong_off),
    }
    return Result({"live": True}, metrics, text, tables={"defences": rows})


def _ending(outcome: Outcome) -> str:
    """Say in a few words how a race ended."""
    if not outcome.wrong:
        return "right"
    if outcome.rejected:
        return f"{outcome.rejected} good fills rejected"
    if outcome.stale:
        return f"cache {outcome.final_cache}, store {outcome.final_store}"
    return f"a client reads {outcome.answers[-1] or 'no such row'}"


def store_results() -> list[Path]:
    """Store the results of today for machines where the servers cannot be had; returns the paths."""
    with Lab() as lab:
        return [
            real.save(STORED / f"{make.__name__}.json", make(lab))
            for make in (late_fills, free_runs, defences)
        ]

"""What the lesson shows of CacheFront on real servers: three results with sentences that are the same in every run.

Each function runs live; without a ``lab`` it starts servers and stops them, and where there can be none it gives the
result stored in ``dslab/real/results`` with the reason. ``python -m dslab.real.stored dslab.cachefront.real_results``
stores them anew. Metrics whose names end in ``_measured`` differ from run to run and stay out of the sentences.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from dslab.cachefront.real import DEFENCE, Lab, Outcome, free_run, live, race
from dslab.sim.result import Metric, Result

COMBINATIONS = [(cas, marker) for cas in (False, True) for marker in (False, True)]


def combination(cas: bool, marker: bool) -> str:
    """Name one of the four combinations: "no CAS + DEL"."""
    return f"{'CAS' if cas else 'no CAS'} + {'marker' if marker else 'DEL'}"


def late_fills(lab: Lab | None = None) -> Result:
    """Force the late fill under the four combinations, without and with Flux (table ``combinations``)."""
    return live("cachefront_late_fills", lab, _late_fills)


def _late_fills(lab: Lab) -> Result:
    start = time.perf_counter()
    rows, stale, fresh, repaired = [], [], [], 0
    for cas, marker in COMBINATIONS:
        before = race("late_fill", lab, cas=cas, marker=marker)
        after = race("late_fill", lab, cas=cas, marker=marker, flux=True)
        (stale if before.stale else fresh).append(combination(cas, marker))
        repaired += before.stale and not after.stale
        names = {
            "combination": combination(cas, marker),
            "store": before.final_store,
            "cache": before.final_cache,
        }
        rows.append(
            names | {"served": before.served, "stale": before.stale, "served after Flux": after.served}
        )
    text = (
        f"After a late fill the cache serves v1 and the store holds v2 with {', '.join(stale)}; "
        f"only {', '.join(fresh)} is fresh. Flux, run afterwards, repairs {repaired} of the {len(stale)}."
    )
    metrics = {
        "stale": Metric("combinations that serve v1", len(stale)),
        "repaired": Metric("of these, repaired by Flux", repaired),
        "seconds_measured": Metric("eight races took", time.perf_counter() - start, "s"),
    }
    return Result({"live": True}, metrics, text, tables={"combinations": rows})


def free_runs(lab: Lab | None = None, seed: int = 0, keys: int = 40) -> Result:
    """Let five clients run free under the four combinations (`free_run`); the counts are measured, the text is not."""
    return live("cachefront_free_runs", lab, lambda lab: _free_runs(lab, seed, keys))


def _free_runs(lab: Lab, seed: int, keys: int) -> Result:
    counts = {pair: free_run(lab, *pair, seed=seed, keys=keys) for pair in COMBINATIONS}
    names = {
        found: [combination(*pair) for pair in counts if (counts[pair] > 0) == found]
        for found in (True, False)
    }
    text = (
        f"Once all clients are quiet, some of {keys + 1} keys are stale with {', '.join(names[True]) or 'no combination'}; "
        f"none is with {', '.join(names[False]) or 'no combination'}."
    )
    metrics = {
        f"stale_{'cas' if cas else 'plain'}_{'marker' if marker else 'del'}_measured": Metric(
            combination(cas, marker), count, "keys"
        )
        for (cas, marker), count in counts.items()
    }
    return Result({"live": True, "seed": seed, "keys": keys}, metrics, text)


def defences(lab: Lab | None = None) -> Result:
    """Run each race with its defence off and on (table ``defences``)."""
    return live("cachefront_defences", lab, _defences)


def _defences(lab: Lab) -> Result:
    rows = []
    for name, switch in DEFENCE.items():
        off, on = race(name, lab, **{switch: False}), race(name, lab, **{switch: True})
        rows.append({"race": name, "defence": switch, "off": _ending(off), "on": _ending(on)})
    wrong = {side: sum(row[side] != "fresh" for row in rows) for side in ("off", "on")}
    text = f"With its defence off, {wrong['off']} of {len(rows)} races go wrong on real servers; with it on, {wrong['on']}."
    metrics = {
        f"wrong_{side}": Metric(f"races that go wrong, defence {side}", count)
        for side, count in wrong.items()
    }
    return Result({"live": True}, metrics, text, tables={"defences": rows})


def _ending(outcome: Outcome) -> str:
    """Say in a word or two how a race ended; a fill of the current row that is refused costs a miss each time."""
    if outcome.stale:
        return f"serves {outcome.served}, the store: {outcome.final_store}"
    if outcome.race == "clock_stamped_marker" and outcome.rejected:
        return f"{outcome.rejected} good fills rejected"
    return "fresh"


STORED: dict[str, Callable[[Lab], Result]] = {
    "cachefront_late_fills": late_fills,
    "cachefront_free_runs": free_runs,
    "cachefront_defences": defences,
}

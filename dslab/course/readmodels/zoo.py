"""The bug zoo of lesson 9: right variants and mutants, by which invariants are scored."""

from __future__ import annotations

from functools import partial
from typing import Any

from dslab.check import Scenario, explore, positioned
from dslab.readmodels import anomalies
from dslab.readmodels.protocol import Switches
from dslab.teach import Mutant, Zoo

_JUDGES = list(anomalies.INVARIANTS)
_EXTRA = {"append dies": anomalies.append_dies}


def _variant(scenario: str, bug: str = "", **positions: Any) -> Scenario:
    build = _EXTRA.get(scenario) or anomalies.anomaly(scenario).build
    switches = positioned(Switches(bug=bug), positions)
    return Scenario(scenario, partial(build, switches))


_BUGS: tuple[tuple[str, str, dict[str, Any], str, str], ...] = (
    ("skip record after commit", "append dies", {}, "the skip record is written in a transaction of its own, after the commit", "NO_LOST_EVENT"),
    ("drain forgets the checkpoint", "skip race", {}, "the drain applies what the replay has applied already", "NOT_TWICE"),
    ("claims without the lock", "stale check", {}, "the rebuild goes on where its lock was refused (the article's sample)", "NOT_TWICE"),
    ("keeps the old checkpoint", "zombie release", {}, "a rebuild empties the model and goes on from the old checkpoint", "NO_LOST_EVENT"),
    ("reads the tail before the lock", "skip race", anomalies.BARRIER, "the tail is read first, then the barrier is waited for", "NO_LOST_EVENT"),
    ("reads the tail by xmin", "hidden tail", anomalies.BARRIER, "the tail is read without what is younger than the oldest open transaction", "NO_LOST_EVENT"),
    ("never drains", "skip race", {}, "nobody applies the skip records", "ALL_DRAINED"),
    ("no timeout", "frozen clock", {}, "an owner that died owns the row for ever (the article's sample)", "REBUILD_ENDS"),
)  # fmt: skip
ZOO = Zoo(
    "rebuilds",
    right={
        "everything on": _variant("skip race"),
        "everything on: an owner is silent": _variant("zombie release"),
        "everything on: the append may die": _variant("append dies"),
        "a barrier": _variant("skip race", **anomalies.BARRIER),
    },
    mutants={
        bug: Mutant(_variant(scenario, bug, **positions), told, caught_by)
        for bug, scenario, positions, told, caught_by in _BUGS
    },
    invariants=_JUDGES,
    search=partial(explore, deviations=3, budget=2_500),
)

SMALL_ZOO = Zoo(
    "one append, one rebuild",
    right={"skip records": _variant("skip race"), "a barrier": _variant("skip race", **anomalies.BARRIER)},
    mutants={
        "no skip records": Mutant(_variant("skip race", skip_records=False), "whoever skips leaves no trace", "NO_LOST_EVENT"),
        "one statement": Mutant(_variant("stale check", check="one statement"), "lock and status come from one snapshot", "NOT_TWICE"),
        "no lock": Mutant(_variant("status only", append_lock="none", rebuild_lock="none"), "only the status row is asked", "NOT_TWICE"),
        "drain forgets the checkpoint": Mutant(_variant("skip race", "drain forgets the checkpoint"), "what was replayed is drained as well", "NOT_TWICE"),
    },
    invariants=[anomalies.NO_LOST_EVENT, anomalies.NOT_TWICE],
    search=partial(explore, deviations=2),
)  # fmt: skip

"""What goes wrong in Town Al-Gasr when a cure is off: invariants, one scenario for each anomaly, and the table of both.

| word     | meaning                                                                                             |
|----------|-----------------------------------------------------------------------------------------------------|
| anomaly  | a scenario, the invariant it breaks, and the switch positions with which it does                       |
| cure     | a switch position whose absence the table tries                                                      |
| base     | every cure on (`dslab.algasr.switches.Switches`)                                                      |

`ANOMALIES` has them all by name; `search(name, **switches)` asks the referee; `matrix()` computes the table
"which cure stops which anomaly".
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any

from dslab import check
from dslab.algasr import palace, records, society
from dslab.algasr.switches import Switches
from dslab.check import Cell, Verdict, always, eventually, searches, sometimes
from dslab.sim import World

# -- invariants ---------------------------------------------------------------------------------------


def _no_older_epoch(world: World) -> bool | str:
    complaints = world.facts["archive"].complaints
    return not complaints or complaints[0]


def _one_leader(world: World) -> bool | str:
    for epoch, winners in world.facts["elections"].winners.items():
        if len(winners) > 1:
            return f"{' and '.join(winners)} both won epoch {epoch}"
    return True


def _nothing_lost(world: World) -> bool | str:
    reign: palace.Reign = world.facts["reign"]
    lost = reign.lost() if reign.merged else []
    named = ", ".join(entry[1] for entry in lost[:6]) + (" and others" if len(lost) > 6 else "")
    return not lost or f"{len(lost)} acknowledged, gone after the merge: {named}"


def _no_false_green(world: World) -> bool | str:
    wrong = world.facts["lights"].false_green()
    return (
        not wrong
        or f"{len(wrong)} green lights of stopped ministries, the first on board {wrong[0][0]} for ministry {wrong[0][1]}"
    )


def _replicas_agree(world: World) -> bool | str:
    holds = [replica.holds for replica in world.facts["replicas"]]
    return (
        len(set(holds)) == 1 or f"nothing is on its way any more, and the replicas hold {' / '.join(holds)}"
    )


def _newest_kept(world: World) -> bool | str:
    newest, replica = world.facts["newest"], world.facts["replicas"][0]
    return (
        not newest
        or newest in replica.holds
        or f"{newest} was written last and acknowledged; the replica holds {replica.holds}"
    )


def _dashboard_agrees(world: World) -> bool | str:
    stores = world.facts["stores"]
    return (
        stores.row == stores.shown or f"the ledger has {stores.row[1]}, the dashboard shows {stores.shown[1]}"
    )


def _same_edition(world: World) -> bool | str:
    texts = sorted({text for _, _, text in world.facts["answers"] if text != "nothing"})
    return len(texts) < 2 or f"edition 1 says “{texts[0]}” to one citizen and “{texts[1]}” to another"


def _same_log(world: World) -> bool | str:
    totals = world.facts["totals"]
    return (
        len(set(totals.values())) < 2
        or f"one log, two treasuries: {', '.join(f'{k} {v:,}' for k, v in totals.items())}"
    )


def _counted(world: World) -> bool | str:
    count = world.facts["count"]
    return (
        count["counted"] >= count["felt"]
        or f"{count['felt']} failure was felt, the board says {count['counted']}"
    )


NO_OLDER_EPOCH = always(
    "NO_OLDER_EPOCH", "the archive never replaces a write by one of an older epoch", _no_older_epoch
)
ONE_LEADER = always("ONE_LEADER", "no epoch has two leaders", _one_leader)
NOTHING_LOST = eventually(
    "NOTHING_LOST", "every acknowledged petition is in a ledger when peace has come", _nothing_lost
)
NO_FALSE_GREEN = eventually(
    "NO_FALSE_GREEN", "a lease after it has stopped, no board shows a ministry green", _no_false_green
)
REPLICAS_AGREE = eventually(
    "REPLICAS_AGREE", "when nothing is on its way any more, all replicas hold the same", _replicas_agree
)
NEWEST_KEPT = eventually("NEWEST_KEPT", "a write that had seen the other one is not lost to it", _newest_kept)
DASHBOARD_AGREES = eventually(
    "DASHBOARD_AGREES",
    "when nothing is on its way any more, the dashboard shows what the ledger has",
    _dashboard_agrees,
)
SAME_EDITION = always("SAME_EDITION", "one edition says the same to everybody", _same_edition)
SAME_LOG = eventually("SAME_LOG", "whoever replays the same log comes to the same state", _same_log)
COUNTED = eventually("COUNTED", "the board counts every failure that somebody felt", _counted)
NO_BUG_IN_TOWN = always(
    "NO_BUG_IN_TOWN",
    "no bug reaches the town",
    lambda world: not world.facts["bug in town"] or "the board was green, and the bug is in town",
)
SOMEBODY_ACTS = always(
    "SOMEBODY_ACTS",
    "a failure is handled before it times out",
    lambda world: (
        not world.facts["petition"]["expired"] or f"timed out after {society.HOPS} hops; nobody acted"
    ),
)
INVARIANTS = (
    NO_OLDER_EPOCH, ONE_LEADER, NOTHING_LOST, NO_FALSE_GREEN, REPLICAS_AGREE, NEWEST_KEPT, DASHBOARD_AGREES, SAME_EDITION, SAME_LOG,
    COUNTED, NO_BUG_IN_TOWN, SOMEBODY_ACTS,
)  # fmt: skip

# So that nothing passes because nothing happened: what each scenario must have done at least once.
WROTE = sometimes("WROTE", "the archive took two writes", lambda world: world.facts["archive"].accepted > 1)
ACKNOWLEDGED = sometimes(
    "ACKNOWLEDGED", "a petition is acknowledged", lambda world: bool(world.facts["reign"].acknowledged)
)
VOTED = sometimes("VOTED", "somebody votes", lambda world: any(world.facts["elections"].votes.values()))
WENT_ROUND = sometimes(
    "WENT_ROUND",
    "every board has been through its rounds",
    lambda world: min(world.facts["lights"].rounds) > society.ROUNDS,
)
MERGED = sometimes(
    "MERGED",
    "every replica got something",
    lambda world: all(r.holds != "nothing" for r in world.facts["replicas"]),
)
CHANGED = sometimes("CHANGED", "the ledger is changed", lambda world: world.facts["stores"].written > 0)
READ = sometimes("READ", "two citizens have read", lambda world: len(world.facts["answers"]) == 2)
REPLAYED = sometimes("REPLAYED", "both offices have replayed", lambda world: len(world.facts["totals"]) == 2)
FELT = sometimes("FELT", "a failure is felt", lambda world: world.facts["count"]["felt"] > 0)
RELEASED = sometimes(
    "RELEASED",
    "the gate has decided",
    lambda world: world.facts["bug in town"] or world.nodes["gate"].state["board"] != "green",
)
HANDED = sometimes("HANDED", "the petition is handed on", lambda world: world.facts["petition"]["hops"] > 0)


# -- anomalies ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Anomaly(check.Anomaly):
    """A way in which the town breaks, in the cage of a ``ministry``; its ``also`` is what must have happened at least once."""

    switches = Switches

    ministry: str = ""


_HALVES = ({"quorum": "half"}, {"quorum": "one"})
_DUAL = ({"dashboards": "dual"},)
_ROWS = (
    ("zombie leader", "Palace", "an Emir looks at its lease, sleeps past its end, and writes over its successor", palace.zombie, NO_OLDER_EPOCH, ({"fencing": False},), "facts c.1", WROTE),
    ("three-way partition", "Palace", "three sides, each with an Emir and a ledger of its own, and all acknowledge", palace.partition, NOTHING_LOST, ({"quorum": "one"},), "facts c.2", ACKNOWLEDGED),
    ("even split", "Palace", "four voters, two against two, and on each side a candidate for the same epoch", palace.even_split, ONE_LEADER, _HALVES, "facts c.3", VOTED),
    ("isolated Emir", "Palace", "one Emir of three is cut off and goes on acknowledging", palace.isolated, NOTHING_LOST, ({"quorum": "one"},), "facts b, NEAT", ACKNOWLEDGED),
    ("dual write", "Dashboards", "a clerk dies between the write to the ledger and that to the dashboard", records.dual_write, DASHBOARD_AGREES, _DUAL, "facts a.2", CHANGED),
    ("dual writes cross", "Dashboards", "two clerks write both stores, and the stores get the two writes in different orders", records.crossing, DASHBOARD_AGREES, _DUAL, "facts a.2", CHANGED),
    ("rewritten edition", "Truth", "edition 1 is corrected in place between two readers", records.editions, SAME_EDITION, ({"append_only": False},), "facts a.3", READ),
    ("two interpreters", "Decrees", "one log is replayed before and after the interpreter is replaced", records.interpreters, SAME_LOG, ({"versioned": False},), "facts a.4", REPLAYED),
    ("one ministry stops", "Supervision", "ministry 3 stops, and its green light goes on from board to board", society.one_stops, NO_FALSE_GREEN, ({"evidence": "relayed"},), "facts c.4", WENT_ROUND),
    ("total outage", "Supervision", "all three stop, and the boards keep each other green", society.all_stop, NO_FALSE_GREEN, ({"evidence": "relayed"},), "facts c.4", WENT_ROUND),
    ("relabelled failure", "Victories", "a request fails; the team files it as a victory and counts what is left", society.relabelled, COUNTED, ({"counted_by": "team"},), "facts c.6", FELT),
    ("merge by arrival", "Reconciliation", "two writes reach two replicas in different orders", records.branches, REPLICAS_AGREE, ({"merge": "arrival"},), "facts c.5", MERGED),
    ("fast clock", "Reconciliation", "a write by a clock five minutes fast stays, and the newer one that had seen it goes", records.fast_clock, NEWEST_KEPT, ({"merge": "clock"},), "facts c.5", MERGED),
    ("affirmed bug", "Affirmation", "a change with a bug passes all three stages", society.affirmed, NO_BUG_IN_TOWN, ({"stages": "affirmation"},), "facts a.8", RELEASED),
    ("passed on", "Responsibility", "a petition is handed from ministry to ministry until it times out", society.passed_on, SOMEBODY_ACTS, ({"owner": False},), "facts a.9", HANDED),
)  # fmt: skip
ANOMALIES: dict[str, Anomaly] = {
    name: Anomaly(name, title, build, invariant, off, source, (happened,), ministry=ministry)
    for name, ministry, title, build, invariant, off, source, happened in _ROWS
}

CURES: dict[str, dict[str, Any]] = {
    "majority": {"quorum": "one"},
    "more than half": {"quorum": "half"},
    "fence": {"fencing": False},
    "outbox": {"dashboards": "dual"},
    "append-only": {"append_only": False},
    "versioned decrees": {"versioned": False},
    "origin time": {"evidence": "relayed"},
    "canary": {"counted_by": "team"},
    "merge by versions": {"merge": "arrival"},
    "versions, not clocks": {"merge": "clock"},
    "tests": {"stages": "affirmation"},
    "owner": {"owner": False},
}
# What stands in a cure's place where "no" would be the wrong word.
INSTEAD = {
    "more than half": "half is enough",
    "merge by versions": "merge by arrival",
    "versions, not clocks": "merge by wall clock",
    "canary": "the team counts",
    "tests": "affirmation",
}


def anomaly(name: str) -> Anomaly:
    """Give the anomaly called ``name``; ValueError lists the names where there is none."""
    return check.named(ANOMALIES, name)


def search(name: str, deviations: int = 2, budget: int = 20_000, **positions: Any) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with every cure on but ``positions``."""
    return anomaly(name).search(deviations, budget, **positions)


def matrix(
    names: Iterable[str] = tuple(ANOMALIES), deviations: int = 1, budget: int = 2_000
) -> Generator[float, None, list[Cell]]:
    """Search every anomaly with everything on and with each cure off: a generator of the share done; returns the cells."""
    return searches(
        names, ("", *CURES), lambda name, off: search(name, deviations, budget, **CURES.get(off, {}))
    )

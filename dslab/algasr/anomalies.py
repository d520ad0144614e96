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

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from typing import Any

from dslab.algasr import palace, records, society
from dslab.algasr.switches import Switches
from dslab.check import Cell, Invariant, Scenario, Verdict, always, eventually, explore, searches, sometimes
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
    return (
        not lost or f"{len(lost)} acknowledged, gone after the merge: {', '.join(entry[1] for entry in lost)}"
    )


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
class Anomaly:
    """A way in which the town breaks: ``off`` are switch positions that each bring it about with every other cure on."""

    name: str
    ministry: str
    title: str
    build: Callable[[Switches], World]
    invariant: Invariant
    off: tuple[dict[str, Any], ...]
    source: str
    also: tuple[Invariant, ...]

    def scenario(self, switches: Switches | None = None, **positions: Any) -> Scenario:
        """Give the scenario with every cure on but ``positions``. ValueError for a switch or a position that does not exist."""
        wanted = positioned(switches or Switches(), positions)
        return Scenario(self.name, lambda: self.build(wanted), positions)


def positioned(switches: Switches, positions: dict[str, Any]) -> Switches:
    """Give ``switches`` with some positions changed; ValueError names the switches where one does not exist."""
    for name in positions:
        if name not in Switches.__dataclass_fields__:
            raise ValueError(
                f"there is no switch {name!r}; the switches are {', '.join(Switches.__dataclass_fields__)}"
            )
    return replace(switches, **positions)


_HALVES = ({"quorum": "half"}, {"quorum": "one"})
_DUAL = ({"dashboards": "dual"},)
_ROWS = (
    ("zombie leader", "Palace", "a leader of yesterday wakes up and writes", palace.zombie, NO_OLDER_EPOCH, ({"fencing": False},), "facts c.1", WROTE),
    ("three-way partition", "Palace", "each side has its own Emir, and all acknowledge", palace.partition, NOTHING_LOST, ({"quorum": "one"},), "facts c.2", ACKNOWLEDGED),
    ("even split", "Palace", "two halves, and half is enough", palace.even_split, ONE_LEADER, _HALVES, "facts c.3", VOTED),
    ("isolated Emir", "Palace", "a single node is cut off", palace.isolated, NOTHING_LOST, ({"quorum": "one"},), "facts b, NEAT", ACKNOWLEDGED),
    ("dual write", "Dashboards", "the clerk dies between two writes", records.dual_write, DASHBOARD_AGREES, _DUAL, "facts a.2", CHANGED),
    ("dual writes cross", "Dashboards", "two clerks, two stores, two orders", records.crossing, DASHBOARD_AGREES, _DUAL, "facts a.2", CHANGED),
    ("rewritten edition", "Truth", "what was published is edited", records.editions, SAME_EDITION, ({"append_only": False},), "facts a.3", READ),
    ("two interpreters", "Decrees", "one log, read before and after a change of power", records.interpreters, SAME_LOG, ({"versioned": False},), "facts a.4", REPLAYED),
    ("one ministry stops", "Supervision", "its green light keeps circulating", society.one_stops, NO_FALSE_GREEN, ({"evidence": "relayed"},), "facts c.4", WENT_ROUND),
    ("total outage", "Supervision", "all stop, and the board stays green", society.all_stop, NO_FALSE_GREEN, ({"evidence": "relayed"},), "facts c.4", WENT_ROUND),
    ("relabelled failure", "Victories", "the team counts its own failures", society.relabelled, COUNTED, ({"counted_by": "team"},), "facts c.6", FELT),
    ("merge by arrival", "Reconciliation", "the last to arrive wins, at each replica", records.branches, REPLICAS_AGREE, ({"merge": "arrival"},), "facts c.5", MERGED),
    ("fast clock", "Reconciliation", "a clock five minutes fast beats the newest write", records.fast_clock, NEWEST_KEPT, ({"merge": "clock"},), "facts c.5", MERGED),
    ("affirmed bug", "Affirmation", "three green affirmations", society.affirmed, NO_BUG_IN_TOWN, ({"stages": "affirmation"},), "facts a.8", RELEASED),
    ("passed on", "Responsibility", "handed on until it times out", society.passed_on, SOMEBODY_ACTS, ({"owner": False},), "facts a.9", HANDED),
)  # fmt: skip
ANOMALIES: dict[str, Anomaly] = {row[0]: Anomaly(*row[:7], also=row[7:]) for row in _ROWS}

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


def anomaly(name: str) -> Anomaly:
    """Give the anomaly called ``name``; ValueError lists the names where there is none."""
    if name not in ANOMALIES:
        raise ValueError(f"there is no anomaly {name!r}; there are {', '.join(ANOMALIES)}")
    return ANOMALIES[name]


def search(name: str, deviations: int = 2, budget: int = 20_000, **positions: Any) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with every cure on but ``positions``."""
    wanted = anomaly(name)
    return explore(wanted.scenario(**positions), [wanted.invariant, *wanted.also], deviations, budget)


def matrix(
    names: Iterable[str] = tuple(ANOMALIES), deviations: int = 1, budget: int = 2_000
) -> Generator[float, None, list[Cell]]:
    """Search every anomaly with everything on and with each cure off: a generator of the share done; returns the cells."""
    return searches(
        names, ("", *CURES), lambda name, off: search(name, deviations, budget, **CURES.get(off, {}))
    )

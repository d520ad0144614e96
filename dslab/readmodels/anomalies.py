"""What goes wrong with a rebuild when a mechanism is off: invariants, one scenario for each anomaly, and the designs.

| word     | meaning                                                                                              |
|----------|------------------------------------------------------------------------------------------------------|
| anomaly  | a scenario, the invariant it breaks, and the switch positions with which it does                        |
| mechanism| the switches that an anomaly is about; a row of the table is named after what happens without them     |
| design   | a set of switch positions that somebody proposed, built or would build at first                          |
| base     | every mechanism on (`dslab.readmodels.protocol.Switches`)                                              |

`ANOMALIES` and `DESIGNS` have them by name; `search(name, **switches)` asks the referee; `matrix()` computes the table
"in which design the scenario of each anomaly breaks its invariant", and `otherwise(cell)` says whether the anomaly's own
mechanism has nothing to do with it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from dslab import check
from dslab.check import (
    Cell,
    Invariant,
    Verdict,
    always,
    eventually,
    explore,
    named,
    replay,
    searches,
    sometimes,
)
from dslab.readmodels.protocol import SECOND_US, ReadModel, Rebuilder, Switches
from dslab.sim import World

PAUSE_COMMITS = 1  # an append may wait while a rebuild commits once, not while it replays


# -- invariants ---------------------------------------------------------------------------------------


def model_of(world: World) -> ReadModel:
    """Give the read model that a scenario built into ``world``."""
    return world.facts["readmodel"]


def _no_lost_event(world: World) -> bool | str:
    system = model_of(world)
    if not system.served():
        return True
    lost = next(system.missing(), None)
    return (
        lost is None
        or f"{lost} is committed, the read model is active without it, and no skip record names it"
    )


def _not_twice(world: World) -> bool | str:
    applied = model_of(world).applied
    if len(applied) == len(set(applied)):
        return True
    twice = next(name for name in applied if applied.count(name) > 1)
    return f"{twice} is in the read model {applied.count(twice)} times"


def _is_fold(world: World) -> bool | str:
    system = model_of(world)
    log = system.database.by_position()
    if not system.served() or system.skips or not log or system.value == log[-1]:
        return True
    return f"the last event of the log is {log[-1]}, and the read model says {system.value}"


def _remembered(kind: str) -> Callable[[World], bool | str]:
    def test(world: World) -> bool | str:
        complaints = model_of(world).complaints[kind]
        return not complaints or complaints[0]

    return test


def _pause_bounded(world: World) -> bool | str:
    waited = model_of(world).database.longest_wait
    return waited <= PAUSE_COMMITS or f"an append has waited while the rebuild committed {waited} times"


def _rebuild_ends(world: World) -> bool | str:
    system = model_of(world)
    return (
        system.status != "rebuilding"
        or f"nothing is left to happen, and {system.owner} still owns an unfinished rebuild"
    )


def _all_drained(world: World) -> bool | str:
    system = model_of(world)
    if not system.served() or not system.skips:
        return True
    return f"the read model is active, and the skip record of {next(iter(system.skips))} is still there"


NO_LOST_EVENT = always(
    "NO_LOST_EVENT",
    "while the read model is active, every committed event is applied or has a skip record",
    _no_lost_event,
)
NOT_TWICE = always("NOT_TWICE", "no event is applied twice", _not_twice)
NO_HALF_BUILT = always(
    "NO_HALF_BUILT",
    "nobody applies an event inline to a read model that lacks an earlier one",
    _remembered("half"),
)
ONE_OWNER = always(
    "ONE_OWNER", "nobody activates a read model whose rebuild another owns", _remembered("owner")
)
PAUSE_BOUNDED = always(
    "PAUSE_BOUNDED", "no append waits for more than one transaction of a rebuild", _pause_bounded
)
MODEL_IS_FOLD = eventually(
    "MODEL_IS_FOLD", "at rest the read model is what a fold of the log gives", _is_fold
)
REBUILD_ENDS = eventually(
    "REBUILD_ENDS", "at rest no rebuild is left unfinished while somebody could take it over", _rebuild_ends
)
ALL_DRAINED = eventually("ALL_DRAINED", "at rest an active read model has no skip records left", _all_drained)
REBUILT = sometimes("REBUILT", "a rebuild comes to its end", lambda world: model_of(world).finished > 0)

INVARIANTS = (
    NO_LOST_EVENT, NOT_TWICE, NO_HALF_BUILT, ONE_OWNER, PAUSE_BOUNDED, MODEL_IS_FOLD, REBUILD_ENDS, ALL_DRAINED,
)  # fmt: skip


# -- scenarios ----------------------------------------------------------------------------------------


def _append_and_rebuild(switches: Switches, name: str = "append and rebuild") -> World:
    """One event is there and applied; a client appends another while the read model is rebuilt."""
    world = World(name=name)
    system = ReadModel(world, switches)
    writer, rebuilder = system.writer("append"), Rebuilder(system, "rebuild")
    system.load("e1")
    writer.node.spawn(writer.append("e2"))
    rebuilder.node.spawn(rebuilder.rebuild())
    return world


def _named(name: str) -> Callable[[Switches], World]:
    return lambda switches: _append_and_rebuild(switches, name)


def _crash(switches: Switches) -> World:
    """Three events are there; the rebuild may die at any moment; later a client appends a fourth."""
    world = World(name="crash with lock only")
    system = ReadModel(world, switches)
    writer, rebuilder = system.writer("append"), Rebuilder(system, "rebuild")
    system.load("e1", "e2", "e3")
    system.may_crash(rebuilder.node)
    rebuilder.node.spawn(rebuilder.rebuild())
    writer.node.spawn(writer.append("e4"))
    return world


def _two_owners(switches: Switches, name: str = "zombie release") -> World:
    """A rebuild is under way; after 400 s another instance looks, and takes over if the owner was silent too long."""
    world = World(name=name)
    system = ReadModel(world, switches)
    first, second = Rebuilder(system, "rebuild"), Rebuilder(system, "rescue", only_if_needed=True)
    system.load("e1")
    first.node.spawn(first.rebuild())
    second.node.spawn(second.rebuild(400 * SECOND_US))
    return world


def _handler_fails(switches: Switches) -> World:
    """The projection's own code fails at the third of three events."""
    world = World(name="failing handler")
    system = ReadModel(world, switches)
    system.load("e1", "e2", "e3")
    system.fails_on = "e3"
    rebuilder = Rebuilder(system, "rebuild")
    rebuilder.node.spawn(rebuilder.rebuild())
    return world


def _frozen_clock(switches: Switches) -> World:
    """An owner died in the middle of its rebuild; another instance tries to take over from 100 s on, every 100 s."""
    world = World(name="frozen clock")
    system = ReadModel(world, switches)
    system.load("e1")
    system.begin_rebuild("rebuild")
    system.in_progress.clear()
    rescue = Rebuilder(system, "rescue", only_if_needed=True)
    rescue.node.spawn(rescue.rebuild(100 * SECOND_US))
    return world


def _unregistered(switches: Switches) -> World:
    """A projection is new: two events are in the log, none in the read model, no status row; a client appends, a build begins."""
    world = World(name="unregistered projection")
    system = ReadModel(world, switches, registered=False)
    writer, rebuilder = system.writer("append"), Rebuilder(system, "rebuild")
    system.load("e1", "e2", applied=False)
    writer.node.spawn(writer.append("e3"))
    rebuilder.node.spawn(rebuilder.rebuild())
    return world


def _drain_order(switches: Switches) -> World:
    """One client appends twice, one after the other, while the read model is rebuilt."""
    world = World(name="out-of-order drain")
    system = ReadModel(world, switches)
    writer, rebuilder = system.writer("append"), Rebuilder(system, "rebuild")
    system.load("e1")

    async def twice() -> None:
        await writer.append("e2")
        await writer.append("e3")

    rebuilder.node.spawn(rebuilder.rebuild())
    writer.node.spawn(twice())
    return world


def _two_writers(switches: Switches, name: str = "sequence gap") -> World:
    """Two clients append while the read model is rebuilt."""
    world = World(name=name)
    system = ReadModel(world, switches)
    one, other, rebuilder = system.writer("append"), system.writer("append 2"), Rebuilder(system, "rebuild")
    rebuilder.node.spawn(rebuilder.rebuild())
    one.node.spawn(one.append("e1"))
    other.node.spawn(other.append("e2"))
    return world


def _long_replay(switches: Switches) -> World:
    """Five events are there, so the replay takes three batches; a client appends meanwhile."""
    world = World(name="appends wait")
    system = ReadModel(world, switches)
    writer, rebuilder = system.writer("append"), Rebuilder(system, "rebuild")
    system.load("e1", "e2", "e3", "e4", "e5")
    writer.node.spawn(writer.append("e6"))
    rebuilder.node.spawn(rebuilder.rebuild())
    return world


def append_dies(switches: Switches) -> World:
    """A client may die while it appends and the read model is rebuilt."""
    world = World(name="append dies")
    system = ReadModel(world, switches)
    writer, rebuilder = system.writer("append"), Rebuilder(system, "rebuild")
    system.load("e1")
    system.may_crash(writer.node)
    writer.node.spawn(writer.append("e2"))
    rebuilder.node.spawn(rebuilder.rebuild())
    return world


# -- anomalies ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Anomaly(check.Anomaly):
    """A way in which a rebuild breaks. ``mechanism``: the switches it is about; put right, they stop it while the rest stays as it is."""

    switches: ClassVar[type] = Switches

    also: tuple[Invariant, ...] = (REBUILT,)
    surprises: int = 3
    mechanism: tuple[str, ...] = ()

    @property
    def repaired(self) -> dict[str, Any]:
        """The positions that put its mechanism right."""
        return {name: getattr(Switches(), name) for name in self.mechanism}


BARRIER = {"append_lock": "wait", "rebuild_lock": "wait", "completion": "barrier", "skip_records": False}
_LIST = (
    Anomaly("crash with lock only", "the lock vanishes with its owner, and half a read model looks whole", _crash,
            NO_HALF_BUILT, ({"status_row": False, "held": "replay"},), "facts 9c.1",
            mechanism=("status_row",)),
    Anomaly("status only", "an append has read active; the rebuild empties, the append writes, the replay applies it again",
            _named("status only"), NOT_TWICE, ({"append_lock": "none", "rebuild_lock": "none"},), "facts 9c.2",
            mechanism=("append_lock", "rebuild_lock")),
    Anomaly("skip race", "an append skips and is slow to commit; the rebuild sees nothing more and flips",
            _named("skip race"), NO_LOST_EVENT, ({"skip_records": False},), "facts 9c.3",
            mechanism=("skip_records",)),
    Anomaly("stale check", "one statement reads the status from before it got the lock", _named("stale check"), NOT_TWICE,
            ({"check": "one statement"},), "facts 9c.4",
            mechanism=("check",)),
    Anomaly("zombie release", "an owner that was taken over closes, and activates what another rebuilds", _two_owners,
            ONE_OWNER, ({"fence": False},), "facts 9c.5",
            mechanism=("fence",)),
    Anomaly("failing handler", "closing after a failure activates a half-built read model", _handler_fails, NO_LOST_EVENT,
            ({"activates": "always"},), "facts 9c.6", also=(),
            mechanism=("activates",)),
    Anomaly("frozen clock", "now() stands still in a transaction that retries, so the timeout never comes", _frozen_clock,
            REBUILD_ENDS, ({"clock": "transaction"},), "facts 9c.7",
            mechanism=("clock",)),
    Anomaly("unregistered projection", "no status row counts as active, so an append writes to a model that was never built",
            _unregistered, NO_HALF_BUILT, ({"unregistered": "apply"},), "facts 9c.8",
            mechanism=("unregistered",)),
    Anomaly("out-of-order drain", "a newer event is applied inline before the drain applies the older one", _drain_order,
            MODEL_IS_FOLD, ({"apply": "blind"},), "facts 9c.9",
            mechanism=("apply",)),
    Anomaly("sequence gap", "a later position is visible first, and a reader that goes by position never comes back",
            lambda switches: _two_writers(replace(switches, ends="start passed")), NO_LOST_EVENT, ({"reader": "position", **BARRIER},), "facts 9c.10",
            mechanism=("reader",)),
    Anomaly("hidden tail", "an old transaction hides committed events from the replay, and it ends without them",
            lambda switches: _two_writers(switches, "hidden tail"), NO_LOST_EVENT, ({"ends": "nothing visible"},),
            "found by this lesson's referee",
            mechanism=("ends",)),
    Anomaly("early unlock", "the shared lock is given back before the commit, and the rebuild starts in between",
            _named("early unlock"), NOT_TWICE, ({"append_scope": "session"},), "facts 9f: a transaction lock cannot be gone before the commit",
            mechanism=("append_scope",)),
    Anomaly("appends wait", "the exclusive lock is held for the whole replay, and appends wait for it", _long_replay,
            PAUSE_BOUNDED, ({"append_lock": "wait", "held": "replay"},), "facts 9f: a trade-off",
            mechanism=("held",)),
)  # fmt: skip
ANOMALIES: dict[str, Anomaly] = {anomaly.name: anomaly for anomaly in _LIST}

_ARTICLE = {
    "check": "one statement", "skip_records": False, "fence": False, "activates": "always", "clock": "transaction",
    "unregistered": "apply", "apply": "blind", "ends": "nothing visible",
}  # fmt: skip
_CORRECTED = _ARTICLE | {"skip_records": True}
DESIGNS: dict[str, dict[str, Any]] = {
    "no coordination": _ARTICLE
    | {"append_lock": "none", "rebuild_lock": "none", "status_row": False, "reader": "position"},
    "lock only": _ARTICLE | {"status_row": False, "held": "replay"},
    "status only": _ARTICLE | {"append_lock": "none", "rebuild_lock": "none"},
    "article, 5 January": _ARTICLE,
    "corrected, 19 January": _CORRECTED,
    "+ two statements": _CORRECTED | {"check": "two statements"},
    "everything on": {},
    "barrier": BARRIER,
    "lock for the whole replay": BARRIER | {"held": "replay", "completion": "flip"},
}


def anomaly(name: str) -> Anomaly:
    """Give the anomaly called ``name``; ValueError lists the names where there is none."""
    return named(ANOMALIES, name)


def search(name: str, deviations: int = 3, budget: int = 20_000, **positions: Any) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with everything on but ``positions``."""
    return anomaly(name).search(deviations, budget, **positions)


def matrix(
    anomalies: Iterable[str] = tuple(ANOMALIES),
    designs: Iterable[str] = tuple(DESIGNS),
    deviations: int = 2,
    budget: int = 4_000,
) -> Generator[float, None, list[Cell]]:
    """Search every anomaly under every design: a generator of the share done; returns the cells."""

    def search_one(name: str, design: str) -> Verdict:
        wanted = anomaly(name)
        scenario = wanted.scenario(**named(DESIGNS, design, "design"))
        return explore(scenario, [wanted.invariant], deviations, budget)

    return searches(anomalies, designs, search_one)


def otherwise(cell: Cell) -> bool:
    """Say whether a broken cell is broken by something else than what its row is named after.

    It is if the very schedule that was found, step by step, breaks the same invariant with the row's mechanism put right.
    """
    wanted, verdict = anomaly(cell.anomaly), cell.verdict
    if verdict.held:
        return False
    scenario = wanted.scenario(**{**DESIGNS[cell.column], **wanted.repaired})
    try:
        again = replay(scenario, verdict.token, [wanted.invariant])
    except ValueError:  # with the mechanism there is no such schedule
        return False
    return not again.held and tuple(again.schedule) == tuple(verdict.schedule)

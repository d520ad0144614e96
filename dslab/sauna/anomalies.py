"""What goes wrong in the sauna, and in groups that broadcast, when a mechanism is off: invariants, scenarios, the table.

| word     | meaning                                                                                             |
|----------|-----------------------------------------------------------------------------------------------------|
| anomaly  | a scenario, the invariant it breaks, and the switch positions with which it does                       |
| defence  | a switch position whose absence the table tries                                                      |
| base     | every mechanism on (`dslab.sauna.switches.Switches`)                                                  |

Read STAYS_LONG_ENOUGH (safety) and EVERYBODY_LEAVES (liveness) first: the rules fail one or the other.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any

from dslab import check
from dslab.check import Cell, Invariant, Verdict, always, eventually, explore, searches, sometimes
from dslab.sauna.order import question_and_answer, two_strangers
from dslab.sauna.room import Sauna, sauna_of
from dslab.sauna.switches import MINUTE_US, SESSION_MIN, SESSION_US, Switches
from dslab.sauna.versions import two_writers
from dslab.sauna.waits import NEXT_ARRIVAL, circle, verdict
from dslab.sim import World

TOO_LONG_MIN = 2 * SESSION_MIN


# -- invariants ---------------------------------------------------------------------------------------


def _long_enough(world: World) -> bool | str:
    for name, us in sauna_of(world).door.stays:
        if us < SESSION_US:
            return f"{name} stayed {_span(us)}; a session is {SESSION_MIN} minutes"
    return True


def _span(us: int) -> str:
    minutes = f"{us / MINUTE_US:.3g}"
    return f"{us / 1_000:g} ms" if us < 1_000_000 else f"{minutes} minute{'s' * (minutes != '1')}"


def _not_too_long(world: World) -> bool | str:
    for name, us in sauna_of(world).door.stays:
        if us > TOO_LONG_MIN * MINUTE_US:
            return f"{name} stayed {_span(us)}; more than {TOO_LONG_MIN} are too many"
    return True


def _everybody_leaves(world: World) -> bool | str:
    sauna = sauna_of(world)
    left = [*sauna.door.inside, *(name for name, _ in sauna.door.queue)]
    return not left or _stuck(sauna, left)


def _stuck(sauna: Sauna, left: list[str]) -> str:
    edges = sauna.waits_for()
    how = verdict(edges)
    if how == "cycle":
        ring = circle(edges)
        return f"nothing can end it for {_names(left)}, a true cycle: {' → '.join((*ring, ring[0]))}"
    if how == "chain":
        last = next(one for one, others in edges.items() if NEXT_ARRIVAL in others)
        return f"still there: {_names(left)}, in a chain that ends at {last}, who waits for {NEXT_ARRIVAL}; nobody comes"
    lost = [f"{one} waits for {' and '.join(others)}" for one, others in edges.items()]
    return f"still there: {_names(left)}, waiting for somebody who has gone already: {'; '.join(lost)}"


def _names(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _group_order(world: World) -> bool | str:
    early = world.facts["group"].early_answers()
    return not early or early[0]


def _no_false_cause(world: World) -> bool | str:
    wrong = world.facts["observer"].false_conclusions()
    return not wrong or wrong[0]


def _no_dead_sibling(world: World) -> bool | str:
    dead = world.facts["store"].dead()
    return not dead or f"the store still keeps {', '.join(dead)}, replaced by somebody who had read it"


STAYS_LONG_ENOUGH = always("STAYS_LONG_ENOUGH", "nobody leaves before one session is over", _long_enough)
EVERYBODY_LEAVES = eventually(
    "EVERYBODY_LEAVES", "when nothing is left to happen, nobody is inside or at the door", _everybody_leaves
)
NOT_TOO_LONG = always("NOT_TOO_LONG", f"nobody stays longer than {TOO_LONG_MIN} minutes", _not_too_long)
ANSWERS_COME_AFTER = always(
    "ANSWERS_COME_AFTER", "nobody delivers an answer before what it answers", _group_order
)
NO_FALSE_CAUSE = always(
    "NO_FALSE_CAUSE", "what the judge calls a cause happened before what it calls the effect", _no_false_cause
)
NO_DEAD_SIBLING = always(
    "NO_DEAD_SIBLING", "no value is kept that a later writer had read and replaced", _no_dead_sibling
)
FOLLOWER_LEFT = sometimes("FOLLOWER_LEFT", "a follower leaves", lambda world: _follower_left(sauna_of(world)))
ALL_READ = sometimes(
    "ALL_READ",
    "Cy delivers both messages",
    lambda world: len(world.facts["group"].members["cy"].delivered) == 2,
)
TWO_REPORTS = sometimes(
    "TWO_REPORTS", "the judge has two reports", lambda world: len(world.facts["observer"].reports) == 2
)
FOUR_WRITES = sometimes(
    "FOUR_WRITES", "all four writes are taken", lambda world: world.facts["store"].count == 4
)
INVARIANTS = (
    STAYS_LONG_ENOUGH,
    EVERYBODY_LEAVES,
    NOT_TOO_LONG,
    ANSWERS_COME_AFTER,
    NO_FALSE_CAUSE,
    NO_DEAD_SIBLING,
)


def _follower_left(sauna: Sauna) -> bool:
    return any(not sauna.people[name].clocked for name in sauna.door.left_us)


# -- scenarios ----------------------------------------------------------------------------------------


def _late_in_a_session(switches: Switches) -> World:
    """Ann comes at 0, Mia comes at 9, Ben comes at 11."""
    world = World(name="stale anchor")
    sauna = Sauna(world, switches)
    sauna.visitor("ann", 0, clocked=True)
    sauna.visitor("mia", 9)
    sauna.visitor("ben", 11, clocked=True)
    sauna.with_attendant()
    return world


def _late_notice(switches: Switches) -> World:
    """Ann comes at 0; notices are slow, and Mia comes at 9, before she hears of her; Ben comes at 11."""
    world = World(name="late notice", patience_us=9 * MINUTE_US + MINUTE_US // 2)
    sauna = Sauna(world, switches)
    sauna.visitor("ann", 0, clocked=True)
    sauna.visitor("mia", 9)
    sauna.visitor("ben", 11, clocked=True)
    return world


def _last_visitor(switches: Switches) -> World:
    """Ann comes at 0, Mia comes at 2, and nobody comes after her."""
    world = World(name="no anchor")
    sauna = Sauna(world, switches)
    sauna.visitor("ann", 0, clocked=True)
    sauna.visitor("mia", 2)
    sauna.with_attendant()
    return world


def _exit_overtakes(switches: Switches) -> World:
    """Mia comes, Ann after her; the notice that she went out can overtake the one that she came in."""
    world = World(name="exit overtakes entry")
    sauna = Sauna(world, switches)
    sauna.visitor("mia", 0)
    sauna.visitor("ann", 2, clocked=True)
    sauna.with_attendant()
    return world


def _full_room(switches: Switches) -> World:
    """Two seats; two followers come, then Ann, who has a watch."""
    world = World(name="full room")
    sauna = Sauna(world, switches, capacity=2)
    sauna.visitor("mia", 0)
    sauna.visitor("noa", 2)
    sauna.visitor("ann", 4, clocked=True)
    sauna.with_attendant()
    return world


def _all_follow(switches: Switches) -> World:
    """Two come, neither with a watch."""
    world = World(name="all follow")
    sauna = Sauna(world, switches)
    sauna.visitor("mia", 0)
    sauna.visitor("noa", 2)
    sauna.with_attendant()
    return world


def _wrong_clock(switches: Switches) -> World:
    """Mia comes at 0 with whatever clock she has, Ann at 2."""
    world = World(name="wrong clock")
    sauna = Sauna(world, switches)
    sauna.visitor("mia", 0)
    sauna.visitor("ann", 2, clocked=True)
    sauna.with_attendant()
    return world


def _no_upper_bound(switches: Switches) -> World:
    """Mia comes at 0, Ann at 2, Ben at 30; any message may be slow."""
    world = World(name="no upper bound")
    sauna = Sauna(world, switches)
    sauna.visitor("mia", 0)
    sauna.visitor("ann", 2, clocked=True)
    sauna.visitor("ben", 30, clocked=True)
    sauna.with_attendant()
    return world


def _overtaking(switches: Switches) -> World:
    return question_and_answer(switches)


def _back_channel(switches: Switches) -> World:
    return question_and_answer(switches, shouted=True, name="back channel")


# -- anomalies ----------------------------------------------------------------------------------------

_ROOM, _POST, _JUDGE, _STORE = (FOLLOWER_LEFT,), (ALL_READ,), (TWO_REPORTS,), (FOUR_WRITES,)


@dataclass(frozen=True)
class Anomaly(check.Anomaly):
    """A way to fail; in the scenarios of a room a follower must leave in some schedule. ``kind``: what breaks, in one word."""

    switches = Switches

    also: tuple[Invariant, ...] = _ROOM
    surprises: int = 1

    @property
    def kind(self) -> str:
        """Safety, liveness, how long at most, or order."""
        return KINDS.get(self.invariant.name, "order")


KINDS = {"STAYS_LONG_ENOUGH": "safety", "EVERYBODY_LEAVES": "liveness", "NOT_TOO_LONG": "an upper bound"}
_INSIDE, _SNAPSHOT, _FAST = {"rule": "inside"}, {"rule": "snapshot"}, {"rule": "clock", "clock_speed": 5.0}
_LIST = (
    Anomaly("stale anchor", "I follow somebody who is about to leave", _late_in_a_session, STAYS_LONG_ENOUGH,
            (_INSIDE, _SNAPSHOT), "facts 6c.1"),
    Anomaly("late notice", "I hear late of an entry that was before mine", _late_notice, STAYS_LONG_ENOUGH,
            ({"witness": False},), "ours: what a message system adds to 6c.1"),
    Anomaly("no anchor", "nobody comes after the last visitor of the day", _last_visitor, EVERYBODY_LEAVES,
            ({"attendant": False},), "facts 6c.2"),
    Anomaly("exit overtakes entry", "I hear that somebody went out, and then that she came in", _exit_overtakes, EVERYBODY_LEAVES,
            ({"remember_exits": False},), "ours: notices without an order", surprises=2),
    Anomaly("full room", "all seats are held by people who wait for a newcomer", _full_room, EVERYBODY_LEAVES,
            ({"reserved_seat": False},), "facts 6c.3"),
    Anomaly("all follow", "nobody has a clock", _all_follow, EVERYBODY_LEAVES, ({"attendant": False},), "facts 6a, liveness"),
    Anomaly("all take snapshots", "nobody has a clock, and the first finds the room empty", _all_follow, STAYS_LONG_ENOUGH,
            (_SNAPSHOT,), "facts 6a, snapshot variant"),
    Anomaly("wrong clock", "my clock runs five times too fast", _wrong_clock, STAYS_LONG_ENOUGH, (_FAST, _SNAPSHOT), "facts 6c.4"),
    Anomaly("no upper bound", "a late notice keeps me in", _no_upper_bound, NOT_TOO_LONG, (), "facts 6a, asynchronous system",
            always_there=True),
    Anomaly("Lamport trap", "a smaller number is taken for a cause", two_strangers, NO_FALSE_CAUSE, ({"stamps": "lamport"},),
            "facts 6c.5", _JUDGE),
    Anomaly("overtaking answer", "an answer arrives before its question", _overtaking, ANSWERS_COME_AFTER,
            ({"delivery_rule": False},), "facts 6a, causal broadcast", _POST),
    Anomaly("back channel", "a shout through the door that no clock sees", _back_channel, ANSWERS_COME_AFTER,
            ({"tracked_shout": False}, {"delivery_rule": False}), "facts 6c.6", _POST),
    Anomaly("sibling explosion", "values are kept that their readers have replaced", two_writers, NO_DEAD_SIBLING, ({"dots": False},),
            "facts 6a, dotted version vectors", _STORE),
)  # fmt: skip
ANOMALIES: dict[str, Anomaly] = {anomaly.name: anomaly for anomaly in _LIST}

DEFENCES: dict[str, dict[str, Any]] = {
    "someone inside instead": _INSIDE,
    "snapshot instead": _SNAPSHOT,
    "a fast clock instead": _FAST,
    "no witness": {"witness": False},
    "exits not remembered": {"remember_exits": False},
    "no reserved seat": {"reserved_seat": False},
    "no attendant": {"attendant": False},
    "Lamport stamps": {"stamps": "lamport"},
    "no delivery rule": {"delivery_rule": False},
    "shout untracked": {"tracked_shout": False},
    "no dots": {"dots": False},
}


def anomaly(name: str) -> Anomaly:
    """Give the anomaly called ``name``; ValueError lists the names where there is none."""
    return check.named(ANOMALIES, name)


def search(name: str, deviations: int = 2, budget: int = 20_000, **positions: Any) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with everything on but ``positions``."""
    return anomaly(name).search(deviations, budget, **positions)


def matrix(
    names: Iterable[str] = tuple(ANOMALIES), budget: int = 4_000
) -> Generator[float, None, list[Cell]]:
    """Search every anomaly with everything on and with each defence off: a generator of the share done; returns the cells.

    Whether FOLLOWER_LEFT and the like ever happened is not asked here: in some cells they cannot.
    """

    def search_one(name: str, off: str) -> Verdict:
        wanted = anomaly(name)
        scenario = wanted.scenario(**DEFENCES.get(off, {}))
        return explore(scenario, [wanted.invariant], wanted.surprises, budget)

    return searches(names, ("", *DEFENCES), search_one)

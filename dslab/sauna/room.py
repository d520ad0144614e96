"""The sauna: people who enter, stay and leave through one door, and a rule for those who cannot tell time.

| word    | meaning                                                                                      |
|---------|----------------------------------------------------------------------------------------------|
| door    | where entries and exits happen, one after the other; it keeps the queue and tells the followers |
| entry   | the moment at which the door lets somebody in; not the moment at which that person hears of it   |
| notice  | "A came in" or "A went out", sent by the door, perhaps late, perhaps overtaken                   |
| stay    | from entry to exit, both at the door, in virtual time                                           |

The rule: I come in. The first person whose entry comes after mine is my anchor. When my anchor goes out, so do I. My stay
contains all of my anchor's stay, since my entry happened before the anchor's entry, and its exit before mine; nothing was timed.

Two things must be separate. *Safety*: nobody leaves too early. *Liveness*: everybody leaves.
A notice can be late, so "heard of after I came in" is not "came in after me". The door therefore writes into each notice
whom the newcomer found inside, the *witness*: who reads its own name there knows the order for certain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dslab.sauna.switches import MINUTE_US, SESSION_US, Switches
from dslab.sauna.waits import NEXT_ARRIVAL
from dslab.sim import Future, World, sleep


@dataclass(frozen=True)
class Found:
    """Whom somebody found inside on coming in."""

    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"found {', '.join(self.names) or 'nobody'}"


@dataclass(frozen=True)
class Notice:
    """What the door tells: ``who`` came in or went out; of an entry also whom ``who`` found inside, the witness."""

    who: str
    found: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.who}, who found {', '.join(self.found)}" if self.found else self.who


class Door:
    """The one place where entries and exits happen; each of its handlers runs undivided."""

    def __init__(self, sauna: Sauna, capacity: int | None) -> None:
        self.sauna, self.capacity = sauna, capacity
        self.inside: list[str] = []
        self.queue: list[tuple[str, Future]] = []
        self.entered_us: dict[str, int] = {}
        self.left_us: dict[str, int] = {}
        self.stays: list[tuple[str, int]] = []  # of everybody who left, microseconds
        self.changed = Future(sauna.world, "the next entry or exit")
        self.node = sauna.world.node("door", label="Door", kind="store", inside="nobody")
        self.node.on("enter", self.enter).on("exit", self.exit)

    # [seat] a follower never gets the last seat, so that somebody with a clock can always come in
    def has_seat_for(self, name: str) -> bool:
        """Say whether ``name`` may come in now."""
        if self.capacity is None:
            return True
        kept = self.sauna.keeps_seat_from(name)
        followers = sum(self.sauna.people[one].clocked != kept for one in self.inside)
        full = len(self.inside) >= self.capacity
        return not full and not (kept is not None and followers >= self.capacity - 1)

    # [/seat]
    async def enter(self, who: str) -> Found:
        """Let ``who`` in, now or when there is a seat; gives whom it found inside."""
        if self.queue_before(who) or not self.has_seat_for(who):
            seat = Future(self.sauna.world, "a seat")
            self.queue.append((who, seat))
            self._show()
            self.sauna.arrived(who)
            return await seat.wait()
        found = self._admit(who)
        self.sauna.arrived(who)
        return found

    def queue_before(self, name: str) -> bool:
        """Say whether somebody who may come in now stands in the queue."""
        return any(self.has_seat_for(other) for other, _ in self.queue)

    def next_to_enter(self) -> list[str]:
        """Give who may be the next to enter: the first at the door, and whoever comes, while a seat is free or nobody is before."""
        free = self.capacity is None or len(self.inside) < self.capacity
        return [name for name, _ in self.queue[:1]] + [NEXT_ARRIVAL] * (free or not self.queue)

    def _admit(self, name: str) -> Found:
        found = Found(tuple(self.inside))
        self.inside.append(name)
        self.entered_us[name] = self.sauna.world.now
        self._tell("entered", Notice(name, found.names))
        return found

    def exit(self, who: str) -> None:
        """Let ``who`` out, and in whoever is next."""
        name = who
        self.inside.remove(name)
        self.left_us[name] = self.sauna.world.now
        self.stays.append((name, self.left_us[name] - self.entered_us[name]))
        self._tell("left", Notice(name))
        for place, (other, seat) in enumerate(self.queue):
            if self.has_seat_for(other):
                del self.queue[place]
                seat.set(self._admit(other))
                break

    def _tell(self, what: str, notice: Notice) -> None:
        self._show()
        for person in self.sauna.people.values():
            if person.name != notice.who and not person.clocked and person.name not in self.left_us:
                self.node.send(person.name, what, notice=notice)
        changed, self.changed = self.changed, Future(self.sauna.world, "the next entry or exit")
        changed.set()

    def _show(self) -> None:
        self.node.state["inside"] = ", ".join(self.inside) or "nobody"
        if self.queue:
            self.node.state["queue"] = ", ".join(name for name, _ in self.queue)


class Person:
    """A visitor: clocked, or a follower who goes by the rule of the switches."""

    def __init__(self, sauna: Sauna, name: str, clocked: bool, session_us: int, label: str) -> None:
        self.sauna, self.name, self.clocked, self.session_us = sauna, name, clocked, session_us
        self.switches = sauna.switches
        self.anchor: str | None = None
        self.waiting: set[str] = set()  # of a snapshot: those who have not gone yet
        self.here = False
        self.gone: set[str] = set()
        self.free = Future(sauna.world, "the anchor's exit")
        self.node = sauna.world.node(name, label=label, kind="client", anchor="none")
        if clocked:
            self.node.state.clear()
        self.node.on("entered", self.entered).on("left", self.left)

    async def visit(self, arrives_us: int) -> None:
        """Come at a time, stay, leave."""
        await sleep(arrives_us)
        found = await self.node.call("door", "enter", who=self.name)
        self.here = True
        if self.clocked:
            await sleep(self.session_us)
        elif self.switches.rule == "clock":
            await sleep(round(SESSION_US / self.switches.clock_speed))
        else:
            self.choose(found.names)
            await self.free.wait()
        await self.node.call("door", "exit", who=self.name)

    def choose(self, found: tuple[str, ...]) -> None:
        """Choose by what is inside, where the rule says so; the other rule chooses when somebody comes in."""
        if self.switches.rule == "snapshot":
            self.waiting = set(found) - self.gone
            self.node.state["anchor"] = ", ".join(one for one in found if one in self.waiting) or "none"
            if not self.waiting:
                self.free.set()
        elif self.switches.rule == "inside" and found:
            self.take(found[0])

    # [rule] the sauna algorithm
    def entered(self, notice: Notice) -> None:
        """Hear that somebody came in: the first who came after me is my anchor."""
        after_me = self.name in notice.found if self.switches.witness else self.here
        by_entry = self.switches.rule in ("next", "inside")
        if by_entry and after_me and (self.anchor is None or self.switches.bug == "anchors anew"):
            self.take(notice.who)

    def left(self, notice: Notice) -> None:
        """Hear that somebody went out: if it is my anchor, so do I."""
        if self.switches.remember_exits:
            self.gone.add(notice.who)
        self.waiting.discard(notice.who)
        if self.is_over(notice.who):
            self.free.set()

    # [/rule]
    def is_over(self, who: str) -> bool:
        """Say whether ``who``, who has just gone, was what this person waited for."""
        if self.switches.rule == "snapshot":
            return self.here and not self.waiting
        return who == self.anchor or (self.switches.bug == "leaves with anybody" and self.here)

    def take(self, who: str) -> None:
        """Take ``who`` for the anchor; if its exit was heard of already, leave."""
        self.anchor = self.name if self.switches.bug == "takes itself for its anchor" else who
        self.node.state["anchor"] = self.anchor
        if who in self.gone:
            self.free.set()

    def waits_for(self) -> list[str] | None:
        """Give those who could end this person's waiting; None where it goes on by itself."""
        if self.clocked or self.switches.rule == "clock" or self.free.is_set:
            return None
        if self.waiting:
            return sorted(self.waiting)
        return [self.anchor] if self.anchor else self.sauna.door.next_to_enter()


class Sauna:
    """The door and its people in one World; ``world.facts["sauna"]`` is this object."""

    def __init__(self, world: World, switches: Switches | None = None, capacity: int | None = None) -> None:
        if capacity is not None and (not isinstance(capacity, int) or capacity < 1):
            raise ValueError(
                f"a sauna with {capacity!r} seats is not possible; use a whole number of at least 1, or None for no limit"
            )
        self.world, self.switches = world, switches or Switches()
        self.people: dict[str, Person] = {}
        self.outside: set[str] = set()
        self.closed = Future(world, "closing time")
        self.door = Door(self, capacity)
        world.facts["sauna"] = self

    def visitor(
        self, name: str, at_min: float, clocked: bool = False, session_us: int = SESSION_US, label: str = ""
    ) -> Person:
        """Add somebody who comes ``at_min`` minutes after the start; a clocked person stays for ``session_us``."""
        person = self.people[name] = Person(self, name, clocked, session_us, label or name.capitalize())
        self.outside.add(name)
        person.node.spawn(person.visit(round(at_min * MINUTE_US)))
        return person

    def arrived(self, name: str) -> None:
        """Note that ``name`` stands at the door; after the last one it is closing time."""
        self.outside.discard(name)
        if not self.outside:
            self.closed.set()

    def keeps_seat_from(self, name: str) -> bool | None:
        """Give None where ``name`` may take the last seat, else whether clocked people are those it is kept for."""
        if not self.switches.reserved_seat:
            return None
        kept_for_clocked = self.switches.bug != "reserves for followers"
        return None if self.people[name].clocked == kept_for_clocked else kept_for_clocked

    def with_attendant(self) -> Sauna:
        """After closing time, let a clocked attendant do rounds until nobody is left. Nothing where the switch is off."""
        if self.switches.attendant:
            attendant = Person(self, "attendant", True, SESSION_US, "Attendant")
            attendant.node.spawn(self._rounds(attendant))
        return self

    async def _rounds(self, attendant: Person) -> None:
        await self.closed.wait()
        door, rounds = self.door, 0
        while door.inside or door.queue:
            rounds += self.switches.bug != "rounds share a name"
            name = f"attendant {rounds}"  # of its own: who has heard that attendant 1 went out must not think so of attendant 2
            self.people[name] = attendant
            found = await attendant.node.call("door", "enter", who=name)
            await sleep(SESSION_US)
            await attendant.node.call("door", "exit", who=name)
            if self.switches.bug == "one round only":
                return
            if door.inside and set(door.inside) <= set(found.names):  # all of them will hear of it, and leave
                await door.changed.wait()

    def stays_min(self) -> dict[str, float]:
        """Give the stay of everybody who has left, in minutes."""
        return {name: us / MINUTE_US for name, us in self.door.stays}

    def waits_for(self) -> dict[str, list[str]]:
        """Give the waits-for graph of this moment (see `dslab.sauna.waits`): only those who wait are keys."""
        edges: dict[str, list[str]] = {}
        for name in self.door.inside:
            waits = self.people[name].waits_for()
            if waits is not None:
                edges[name] = waits
        for name, _ in self.door.queue:
            edges[name] = list(self.door.inside)
        return edges


def sauna_of(world: World) -> Sauna:
    """Give the sauna that a scenario built into ``world``."""
    found: Any = world.facts["sauna"]
    return found

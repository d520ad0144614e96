"""Driving a world by choice: somebody picks what happens next, whatever the clock says.

An event's time is the earliest at which it could happen; picking another one first means that it was slow. So the clock
still only moves forward, and every schedule that can be picked is one that an asynchronous system could show.

| word      | meaning                                                                                        |
|-----------|------------------------------------------------------------------------------------------------|
| option    | something that could happen next: run an actor, deliver a message, fire a timer, a fault         |
| default   | option 0: the actor that is running goes on until it waits; else the earliest of what is left, ties by serial |
| surprise  | a pick other than the default. What it passed over is slow from then on: it is the default again only when nothing else is left |
| schedule  | the surprises of a run as pairs (position, option); everything between them is the default       |

The default schedule is the run by time (`World.run`) of every world in which nothing else is due at the moment of any
`step`: a run by time lets that go first. Of a world without `step` it always is, but for chance: links lose and double no
messages by chance here (``loss``, ``duplicate``), only as options (``may_lose``, ``may_duplicate``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dslab.sim.actor import Actor, May, Resumption
from dslab.sim.node import Delivery
from dslab.sim.world import World

SLOW = 1 << 60  # added to the rank of what was passed over; far above any time in microseconds
REST = (0, -1, None, None)  # the option of a world in which nothing is left but faults: let it rest


@dataclass(frozen=True)
class Choice:
    """One option as people see it: its number, kind (run, deliver, timer, lose, crash, fault ...), label and lane."""

    index: int
    kind: str
    label: str
    lane: str
    default: bool


@dataclass(frozen=True)
class Loss:
    """The option to lose a message on its way."""

    entry: tuple

    def describe(self) -> str:
        """Say what would be lost."""
        message = self.entry[2]
        return f"lose ‘{message.name}’ {message.src} → {message.node.id}"


@dataclass(frozen=True)
class Double:
    """The option to put a message on its way twice."""

    entry: tuple

    def describe(self) -> str:
        """Say what would come twice."""
        message = self.entry[2]
        return f"double ‘{message.name}’ {message.src} → {message.node.id}"


class Driver:
    """Takes over a world. `run` follows a schedule; `options` and `take` go one event at a time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.pool: list[tuple] = world._heap  # from now on in no order
        self.current: tuple | None = None  # the entry of the actor that goes on from its last step
        self.counts: list[int] = []  # how many options there were at each position so far
        self.taken: list[tuple[int, int]] = []  # the surprises of `run`
        self.cut_short = False
        self._going_on: tuple | None = None  # that entry while it happens
        if world._cancelled:
            self.pool[:] = [entry for entry in self.pool if entry[1] not in world._cancelled]
            world._cancelled.clear()
        world.by_choice = True
        world.stepped, world.drop = self._stepped, self._drop  # type: ignore[method-assign]
        for link in world._links.values():  # they may have changed since they were made
            world.note_link(link)

    # -- what the world calls ------------------------------------------------------------------------

    def _stepped(self, actor: Actor) -> None:
        if self.current is not None:
            self.world.push(self.world.now, actor)
            return
        going_on = self._going_on
        keeps = going_on is not None and going_on[2] is actor  # its place among those that were passed over
        self.current = (self.world.now, going_on[1] if keeps else self.world._serial(), actor, None)

    def _drop(self, unwanted: Callable[[Any], bool]) -> list[tuple]:
        gone = World.drop(self.world, unwanted)
        if self.current is not None and unwanted(self.current[2]):
            gone.append(self.current)
            self.current = None
        return gone

    # -- what can happen --------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether nothing is left to happen but faults."""
        return self.current is None and not self._possible()

    def entries(self) -> list[tuple]:
        """Give every option as an entry, the default first: going on, the pool by rank, losses, faults; rest if nothing is left."""
        found, world = sorted(self._possible()), self.world
        faults = self._faults(found) if world.mays or world.lossy else []
        if self.current is not None:
            found.insert(0, self.current)
        if not found and faults:
            found.append(REST)
        return found + faults

    def _possible(self) -> list[tuple]:
        """Give the entries that can happen next, in no order: not what a pause or patience holds back."""
        pool, world = self.pool, self.world
        if not world.restricted:
            return pool
        if self.current is not None and _is_paused(self.current[2]):
            pool.append(self.current)
            self.current = None
        found = []
        for entry in pool:
            if not _is_paused(entry[2]):
                found.append(entry)
        if world.patience_us is not None and found:
            latest = min(entry[0] % SLOW for entry in found) + world.patience_us
            found = [entry for entry in found if entry[0] % SLOW <= latest]
        return found

    def _faults(self, possible: list[tuple]) -> list[tuple]:
        world, found = self.world, []
        if world.lossy:
            messages = [entry for entry in possible if entry[2].__class__ is Delivery]
            found += [(0, -1, Loss(entry), None) for entry in messages if entry[2].link.may_lose]
            found += [(0, -1, Double(entry), None) for entry in messages if entry[2].link.may_duplicate]
        if world.mays:
            found += [(0, -1, may, None) for may in world.mays if may.left and may.when()]
        return found

    def options(self) -> list[Choice]:
        """Give what could happen next, the default first; empty where the run is over."""
        return [_choice(i, entry) for i, entry in enumerate(self.entries())]

    # -- making it happen -------------------------------------------------------------------------------

    def take(self, index: int) -> Choice:
        """Let option ``index`` happen. IndexError names how many there are where there is no such option."""
        entries = self.entries()
        if not 0 <= index < len(entries):
            raise IndexError(f"there is no option {index} here; there are {len(entries)}, numbered from 0")
        chosen = _choice(index, entries[index])
        self._happen(self._surprise(entries, index))
        return chosen

    def _pass_over(self, default: tuple) -> None:
        if default is self.current:
            self.current = None
        else:
            self.pool.remove(default)
        self.pool.append((default[0] % SLOW + SLOW, *default[1:]))

    def _happen(self, entry: tuple) -> None:
        time, serial, target, value = entry
        world = self.world
        if world.recorder is not None:
            world.recorder.open()
        if serial < 0:
            self._interfere(target)
        else:
            if entry is self.current:
                self.current, self._going_on = None, entry
            else:
                self.pool.remove(entry)
            if time % SLOW > world.now:
                world.now = time % SLOW
            if target.__class__ is Actor:
                world.resume(target, value)
            else:
                world.current = target
                target.send(value)
            self._going_on = None
        if world.recorder is not None:
            world.recorder.settle(target)
        world.current = None

    def _interfere(self, target: Any) -> None:
        """Do what the world does to a scenario: a fault, a loss, a double; or let it rest."""
        world = self.world
        if isinstance(target, May):
            target.left -= 1
            world.current = target
            if world.recorder is not None and target.lane:
                world.recorder.event(target.lane, "fault", target.label)
            target.function()
        elif isinstance(target, Loss):
            self.pool.remove(target.entry)
            self._lose(target.entry[2])
        elif isinstance(target, Double):
            target.entry[2].link.may_duplicate -= 1
            world.carry(target.entry[2])

    def _lose(self, message: Delivery) -> None:
        message.link.may_lose -= 1
        if message.link.fifo:
            message.leave()
        message.lose()

    def run(self, picks: Iterable[tuple[int, int]] = (), watch: Callable[[World], Any] | None = None, limit: int = 10_000,
            wrap: bool = False) -> bool:  # fmt: skip
        """Follow a schedule to the end: the default everywhere but at ``picks``, ascending pairs (position, option).

        ``watch(world)`` is called after every event and ends the run by giving something true. Gives whether it did.
        A run of ``limit`` events is ended and marked ``cut_short``. An option that does not exist raises IndexError, or with
        ``wrap`` (random schedules) is counted round to one that does; ``taken`` has the surprises that really happened.
        """
        todo = iter(picks)
        at, index = next(todo, (-1, 0))
        world, pool, counts = self.world, self.pool, self.counts
        while True:
            if len(counts) >= limit:
                self.cut_short = True
                return False
            if len(counts) == at:
                entries = self.entries()
                if wrap and entries:
                    index = 1 + index % (len(entries) - 1) if len(entries) > 1 else 0
                if not entries or not 0 <= index < len(entries):
                    return self._ended(at, wrap, len(entries))
                entry = self._surprise(entries, index)
                at, index = next(todo, (-1, 0))
            elif world.mays or world.restricted:
                entry = self._default(at)
            else:  # the common case: whatever is left can happen
                entry = self.current or (min(pool) if len(pool) > 1 else pool[0] if pool else None)
                if entry is not None:
                    counts.append(len(pool) + (self.current is not None))
            if entry is None:
                return self._ended(at, wrap)
            if (
                entry[2].__class__ is Actor
                and world.recorder is None
                and not world.mays
                and not world.restricted
            ):
                if self._go_on(entry, at if at >= 0 else limit, watch):
                    return True
                continue
            self._happen(entry)
            if watch is not None and watch(world):
                return True

    def _surprise(self, entries: list[tuple], index: int) -> tuple:
        """Note that option ``index`` was picked, and what it passed over; gives its entry."""
        self.taken.append((len(self.counts), index))
        self.counts.append(len(entries))
        entry = entries[index]
        if index and entry[1] >= 0:  # a fault passes nothing over: what was next stays next
            self._pass_over(entries[0])
        return entry

    def _ended(self, at: int, wrap: bool, options: int = 0) -> bool:
        if at >= len(self.counts) and not wrap:
            if options:
                raise IndexError(
                    f"at position {at} there are {options} options; the schedule wants another one"
                )
            raise IndexError(
                f"the run ends after {len(self.counts)} events; the schedule wants a choice at {at}"
            )
        return False

    def _default(self, at: int) -> tuple | None:
        """Give the default where faults or links restrict what can happen; None where the run is over."""
        possible = self._possible()
        faults = self._faults(possible)
        entry = self.current or (min(possible) if possible else None)
        if entry is None and faults:
            self.counts.append(1 + len(faults))
            return REST if at >= 0 else None  # at rest, but a surprise may be wanted later
        if entry is not None:
            self.counts.append(len(possible) + (self.current is not None) + len(faults))
        return entry

    def _go_on(self, entry: tuple, end: int, watch: Callable[[World], Any] | None) -> bool:
        """Run an actor from step to step until it waits, position ``end`` or ``watch`` says so: `_happen` in one tight loop."""
        world, pool, counts = self.world, self.pool, self.counts
        time, serial, actor, value = entry
        if entry is self.current:
            self.current = None
        else:
            pool.remove(entry)
            serial = None
            if time % SLOW > world.now:
                world.now = time % SLOW
        send, world.current = actor.send, actor
        while True:
            try:
                wants = send(value)
            except StopIteration as stop:
                actor.end(stop.value)
                return watch is not None and bool(watch(world))
            except BaseException:
                actor.end()
                raise
            if wants.__class__ is not str or self.current is not None or actor.send is not send:
                if wants is not None:
                    world._put_off(actor, wants)
                return watch is not None and bool(watch(world))
            actor.label, value = wants, None
            if serial is None:
                serial = world._serial()
            broken = watch is not None and watch(world)
            if broken or len(counts) >= end:
                self.current = (world.now, serial, actor, None)
                return bool(broken)
            counts.append(1 + len(pool))


_KINDS = {Actor: "run", Resumption: "run", Delivery: "deliver", Loss: "lose", Double: "double"}


def _is_paused(target: Any) -> bool:
    return target.node is not None and target.node.paused


def _choice(index: int, entry: tuple) -> Choice:
    target = entry[2]
    if target is None:
        return Choice(index, "rest", "nothing more happens", "", index == 0)
    kind = target.kind if isinstance(target, May) else _KINDS.get(type(target), "timer")
    lane = target.entry[2].lane if isinstance(target, Loss | Double) else target.lane
    return Choice(index, kind, target.describe(), lane, index == 0)

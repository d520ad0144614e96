"""Driving a world by choice: somebody picks what happens next, whatever the clock says.

An event's time is the earliest at which it could happen; picking another one first means that it was slow. So the clock
still only moves forward, and every schedule that can be picked is one that an asynchronous system could show.

| word      | meaning                                                                                        |
|-----------|------------------------------------------------------------------------------------------------|
| option    | something that could happen next: run an actor, deliver a message, fire a timer, a fault         |
| default   | option 0: the actor that is running goes on until it waits; else the earliest of what is left    |
| surprise  | a pick other than the default. What it passed over is slow from then on: it is the default again only when nothing else is left |
| schedule  | the surprises of a run as pairs (position, option); everything between them is the default       |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dslab.sim.actor import Actor, May
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


class Driver:
    """Takes over a world that has not run yet. `run` follows a schedule; `options` and `take` go one event at a time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.pool: list[tuple] = world._heap  # from now on in no order
        self.current: tuple | None = None  # the entry of the actor that is running
        self.counts: list[int] = []  # how many options there were at each position so far
        self.taken: list[tuple[int, int]] = []  # the surprises of `run`
        self.cut_short = False
        world.push, world.cancel, world.stepped = self._push, self._cancel, self._stepped
        links = [*world._links.values(), world._default_link]
        self._special = world.patience_us is not None or any(link and (link.fifo or link.may_lose) for link in links)

    # -- what the world calls ------------------------------------------------------------------------

    def _push(self, time_us: int, target: Any, value: Any = None) -> int:
        serial = self.world._serial()
        self.pool.append((time_us, serial, target, value))
        return serial

    def _cancel(self, serial: int) -> None:
        self.pool[:] = [entry for entry in self.pool if entry[1] != serial]

    def _stepped(self, actor: Actor) -> None:
        if self.current is None:
            self.current = (self.world.now, self.world._serial(), actor, None)
        else:
            self._push(self.world.now, actor)

    # -- what can happen --------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether nothing is left to happen but faults."""
        return self.current is None and not self.pool

    def entries(self) -> list[tuple]:
        """Give every option as an entry, the default first: going on, the pool by rank, losses, faults; rest if nothing is left."""
        pool = sorted(self.pool)
        if self._special:
            pool = self._possible(pool)
        found = pool if self.current is None else [self.current, *pool]
        losses = [(0, -1, Loss(e), None) for e in pool if isinstance(e[2], Delivery) and e[2].link.may_lose] if self._special else []
        faults = [(0, -1, may, None) for may in self.world.mays if may.left and may.when()]
        if not found and faults:
            found = [REST]
        return found + losses + faults

    def _possible(self, pool: list[tuple]) -> list[tuple]:
        heads = [e for e in pool if not isinstance(e[2], Delivery) or not e[2].link.fifo or e[2].link.queue[0] is e[2]]
        if self.world.patience_us is None or not pool:
            return heads
        latest = min(e[0] % SLOW for e in pool) + self.world.patience_us
        return [e for e in heads if e[0] % SLOW <= latest]

    def options(self) -> list[Choice]:
        """Give what could happen next, the default first; empty where the run is over."""
        return [_choice(i, entry) for i, entry in enumerate(self.entries())]

    # -- making it happen -------------------------------------------------------------------------------

    def take(self, index: int) -> Choice:
        """Let option ``index`` happen. IndexError names how many there are where there is no such option."""
        entry = self._pick(index)
        chosen = _choice(index, entry)
        self._happen(entry)
        return chosen

    def _pick(self, index: int) -> tuple:
        entries = self.entries()
        if not 0 <= index < len(entries):
            raise IndexError(f"there is no option {index} here; there are {len(entries)}, numbered from 0")
        self.counts.append(len(entries))
        entry = entries[index]
        if index and entry[1] >= 0:  # a fault passes nothing over: what was next stays next
            self._pass_over(entries[0])
        return entry

    def _pass_over(self, default: tuple) -> None:
        if default is self.current:
            self.current = None
        else:
            self.pool.remove(default)
        self.pool.append((default[0] % SLOW + SLOW, *default[1:]))

    def _happen(self, entry: tuple) -> None:
        world, target = self.world, entry[2]
        if target.__class__ is May:
            target.left -= 1
            world.current = target
            if world.recorder is not None and target.lane:
                world.recorder.event(target.lane, "fault", target.label)
            target.function()
        elif target.__class__ is Loss:
            self.pool.remove(target.entry)
            self._lose(target.entry[2])
        elif target is not None:
            if entry is self.current:
                self.current = None
            else:
                self.pool.remove(entry)
            self._execute(entry)
        if world.recorder is not None:
            world.recorder.settle()

    def _lose(self, message: Delivery) -> None:
        message.link.may_lose -= 1
        if message.link.fifo:
            message.link.queue.remove(message)
        if self.world.recorder is not None:
            self.world.recorder.lost(message)

    def _execute(self, entry: tuple) -> None:
        world, target = self.world, entry[2]
        time = entry[0] % SLOW
        if time > world.now:
            world.now = time
        if target.__class__ is Actor:
            world.resume(target, entry[3])
        else:
            world.current = target
            target.send(entry[3])

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
                if not self._surprise(index, wrap):
                    return False
                at, index = next(todo, (-1, 0))
            elif world.mays or self._special:
                if not self._default(at):
                    return self._ended(at, wrap)
            elif self.current is not None:  # the common case: the running actor goes on
                if world.recorder is None:
                    if self._go_on(at if at >= 0 else limit, watch):
                        return True
                    continue
                counts.append(1 + len(pool))
                entry, self.current = self.current, None
                self._execute(entry)
            elif pool:
                counts.append(len(pool))
                entry = min(pool) if len(pool) > 1 else pool[0]
                pool.remove(entry)
                self._execute(entry)
            else:
                return self._ended(at, wrap)
            if world.recorder is not None:
                world.recorder.settle()
            if watch is not None and watch(world):
                return True

    def _surprise(self, index: int, wrap: bool) -> bool:
        if wrap:
            options = len(self.entries())
            if not options:
                return False
            index = 1 + index % (options - 1) if options > 1 else 0
        self.taken.append((len(self.counts), index))
        self._happen(self._pick(index))
        return True

    def _ended(self, at: int, wrap: bool) -> bool:
        if at >= len(self.counts) and not wrap:
            raise IndexError(f"the run ends after {len(self.counts)} events; the schedule wants a choice at {at}")
        return False

    def _default(self, at: int) -> bool:
        """Let the default happen where faults or links restrict what can; gives whether anything was left to happen."""
        entries = self.entries()
        if not entries:
            return False
        self.counts.append(len(entries))
        if entries[0] is REST:
            return False
        self._happen(entries[0])
        return True

    def _go_on(self, end: int, watch: Callable[[World], Any] | None) -> bool:
        """Run the running actor from step to step until it waits, position ``end`` or ``watch`` says so: one tight loop."""
        world, pool, count = self.world, self.pool, self.counts.append
        _, serial, actor, value = self.current
        self.current, world.current = None, actor
        send, wants = actor.send, actor.label
        try:
            for _ in range(end - len(self.counts)):
                count(1 + len(pool))
                wants = send(value)
                value = None
                if wants.__class__ is not str or self.current is not None or actor.done:
                    if wants is not None:
                        world._put_off(actor, wants)
                    return watch is not None and bool(watch(world))
                if watch is not None and watch(world):
                    return True
        except StopIteration as stop:
            world._finish(actor, stop.value)
            return watch is not None and bool(watch(world))
        actor.label = wants
        self.current = (world.now, serial, actor, value)
        return False


_KINDS = {Actor: "run", Delivery: "deliver", Loss: "lose"}


def _choice(index: int, entry: tuple) -> Choice:
    target = entry[2]
    if target is None:
        return Choice(index, "rest", "nothing more happens", "", index == 0)
    kind = target.kind if isinstance(target, May) else _KINDS.get(type(target), "timer")
    lane = target.entry[2].lane if isinstance(target, Loss) else target.lane
    return Choice(index, kind, target.describe(), lane, index == 0)

"""A world: one simulated run with its own clock, nodes, links, faults and seeded random numbers. Nothing is global.

| word    | meaning                                                                                          |
|---------|--------------------------------------------------------------------------------------------------|
| actor   | a coroutine that the world runs; every ``await`` in it is a place where somebody else may run      |
| node    | a machine: a lane of the trace, with state, handlers for messages, and faults that can hit it      |
| entry   | something that will happen: ``(time, serial, target, value)``; the world calls ``target.send(value)`` |
| now     | virtual time, an integer number of microseconds; ties break by serial number                     |
| driver  | who picks the next entry: `World.run` takes the earliest, `dslab.sim.driver` lets somebody choose |
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from heapq import heapify, heappop, heappush, heapreplace
from itertools import count
from types import CoroutineType, GeneratorType
from typing import Any

from dslab.sim.actor import Actor, Callback, May, Resumption, check_us
from dslab.sim.faults import Faults
from dslab.sim.latency import Fixed
from dslab.sim.node import Delivery, Link, Node
from dslab.sim.record import Recorder
from dslab.sim.trace import Trace

FOREVER = 1 << 62  # a time after all times


class World(Faults):
    """One run. ``seed`` (an integer) feeds its only source of chance, ``world.rng``; ``name`` is the scenario's name.

    Build it by making nodes and spawning actors; then `run` it by time, or hand it to the referee (`dslab.check.explore`).
    """

    def __init__(self, seed: int = 0, name: str = "", patience_us: int | None = None) -> None:
        """``patience_us`` bounds how long a driver that chooses may hold an event back (None: for ever)."""
        if patience_us is not None:
            check_us(patience_us, "patience")
        self.seed, self.name, self.patience_us = seed, name, patience_us
        self.now = 0
        self.current: Any = None  # what is happening: an actor, a message, a timer
        self.nodes: dict[str, Node] = {}
        self.actors: list[Actor] = []  # in order of spawning; in a long run those that are done are left out
        self.graves: list[Any] = []  # coroutines of actors that died
        self.operations: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {}  # what invariants want to remember: plain data, per run
        self.recorder: Recorder | None = None
        self.mays: list[May] = []
        self.cuts: set[tuple[str, str]] = set()
        self.by_choice = (
            False  # whether a driver chooses; then `stepped`, `drop` are its own, the heap unordered
        )
        self.restricted = patience_us is not None  # whether it has to look what is possible
        self.lossy = False  # whether it may lose or double messages
        self._links: dict[tuple[str, str], Link] = {}
        self._default_link: Link | None = None
        self._heap: list[tuple] = []
        self._serial = count().__next__
        self._rng: random.Random | None = None
        self._cancelled: set[int] = set()
        self._order = count().__next__  # of invocations and responses
        self._unnamed: dict[
            str, int
        ] = {}  # how many actors without a name of their own run one coroutine function
        self._crowded = 1_000  # how many actors there are when those that are done are left out
        self._running = False

    # -- building ---------------------------------------------------------------------------------

    @property
    def rng(self) -> random.Random:
        """The world's only source of chance, made from its seed when first asked for."""
        if self._rng is None:
            self._rng = random.Random(self.seed)
        return self._rng

    def node(self, id: str, label: str | None = None, kind: str = "process", **state: Any) -> Node:
        """Add a machine named ``id`` with ``state`` (plain data, shown on its lane). ValueError where the name is taken."""
        if id in self.nodes:
            raise ValueError(f"there is a node {id!r} already; names of nodes must differ")
        node = self.nodes[id] = Node(self, id, label or id, kind, state)
        return node

    def spawn(self, coro: Coroutine, name: str = "", node: Node | None = None) -> Actor:
        """Start a coroutine as an actor, on a lane of its own unless ``node`` is given. It first runs when time goes on.

        Without a name it is called after its function: worker, worker 2, worker 3 ... On a node that is down it is dead at once.
        Raises TypeError for anything but a coroutine.
        """
        if coro.__class__ is not CoroutineType and not (
            isinstance(coro, GeneratorType) and inspect.isawaitable(coro)
        ):
            raise TypeError(f"spawn needs a coroutine, that is a called async function; got {coro!r}")
        actor = self.adopt(coro, name or (node.id if node else self._called(coro.__name__)), node)
        if not actor.done:
            heappush(self._heap, (self.now, self._serial(), actor, None))
        return actor

    def _called(self, function: str) -> str:
        number = self._unnamed[function] = self._unnamed.get(function, 0) + 1
        return function if number == 1 else f"{function} {number}"

    def adopt(self, coro: Coroutine, name: str, node: Node | None) -> Actor:
        """Make a coroutine an actor that nobody has scheduled yet (`resume` runs it at once)."""
        actor = Actor(self, coro, name, node, name if node is None else node.id)
        if len(self.actors) >= self._crowded:
            self._leave_out_done()
        self.actors.append(actor)
        if self.recorder is not None:
            actor.cause = self.mark()
        if node is not None:
            node.actors.append(actor)
            if node.paused:
                actor.send = actor.hold
            if not node.up:
                actor.die()
        return actor

    def _leave_out_done(self) -> None:
        for crowd in (self.actors, *(node.actors for node in self.nodes.values())):
            crowd[:] = [actor for actor in crowd if not actor.done]
        self._crowded = max(1_000, 2 * len(self.actors))

    def link(self, src: str | None = None, dst: str | None = None, **how: Any) -> Link:
        """Set how messages travel from ``src`` to ``dst`` (both None: wherever nothing else is said). See `Link` for ``how``.

        What is cut stays cut. ValueError where only one end is named.
        """
        if (src is None) != (dst is None):
            raise ValueError(
                f"a link from {src!r} to {dst!r} has one end; name both, or neither for all other links"
            )
        link = Link(**how)
        if src is None or dst is None:
            self._default_link = link
        else:
            self._links[src, dst] = link
        self.note_link(link)
        return link

    def note_link(self, link: Link) -> None:
        """Tell a driver that chooses that it may lose or double messages, where this link allows it."""
        if link.may_lose or link.may_duplicate:
            self.lossy = self.restricted = True

    def link_between(self, src: str, dst: str) -> Link:
        """Give the link that messages from ``src`` to ``dst`` take: their own, or the one for all others."""
        link = self._links.get((src, dst))
        if link is None:
            link = self._default_link = self._default_link or Link()
            if link.fifo or link.may_lose or link.may_duplicate:  # an order, or counts: each pair has its own
                link = self._links[src, dst] = link.copy()
        return link

    def at(
        self, time_us: int, function: Callable[[], Any], label: str = "", node: Node | None = None
    ) -> None:
        """Call ``function`` at a time (faults on a schedule: ``world.at(3_000, cache.crash)``), on the lane of ``node``.

        It is the world that calls: it happens whatever becomes of ``node``. ValueError for a past time.
        """
        check_us(time_us, "a time")
        if time_us < self.now:
            raise ValueError(f"it is {self.now} µs already; {time_us} µs lies in the past")
        name = label or getattr(function, "__name__", "call").replace("_", " ")
        self.push(time_us, Callback(self, function, name, node))

    # -- running by time --------------------------------------------------------------------------

    def run(self, until_us: int | None = None, events: int | None = None) -> World:
        """Run by time: always the earliest entry next. Ends when nothing is left, after ``until_us``, or after ``events``.

        An exception in an actor comes out of here; that actor is done, and the others can run on. Gives the world itself.
        Raises RuntimeError where it is running already, TypeError or ValueError for a number that is not possible.
        """
        for value, what in ((until_us, "until_us"), (events, "events")):
            if value is not None:
                check_us(value, what)
        if self._running:
            raise RuntimeError("this world is running already; an actor cannot run the world that runs it")
        self._running = True
        try:
            end = FOREVER - 1 if until_us is None else until_us
            if events is None and self.recorder is None:
                self._run_all(end)
            else:
                events = FOREVER if events is None else events
                while events and self.next_us() <= end:
                    self.step()
                    events -= 1
            if until_us is not None and self.next_us() > until_us:
                self.now = max(self.now, until_us)
        finally:
            self._running, self.current = False, None
        return self

    def next_us(self) -> int:
        """Give the time of the earliest entry, or a time after all times (`FOREVER`) where nothing is left."""
        while self._heap and self._heap[0][1] in self._cancelled:
            self._cancelled.discard(heappop(self._heap)[1])
        return self._heap[0][0] if self._heap else FOREVER

    def step(self) -> bool:
        """Let the earliest entry happen; gives whether there was one."""
        if self.next_us() == FOREVER:
            return False
        self.now, _, target, value = heappop(self._heap)
        if self.recorder is not None:
            self.recorder.open()
        try:
            if target.__class__ is Actor:
                self.resume(target, value)
            else:
                self.current = target
                target.send(value)
            if self.recorder is not None:
                self.recorder.settle(target)
        finally:
            self.current = None
        return True

    def _run_all(self, until_us: int) -> None:
        """`step` to the end or ``until_us``, written out for a world without a recorder: this loop is what its speed is."""
        heap, serial, cancelled = self._heap, self._serial, self._cancelled
        while heap:
            entry = heap[0]
            time, number, target, value = entry
            if time > until_us:
                break
            if cancelled and number in cancelled:
                cancelled.discard(heappop(heap)[1])
                continue
            self.now = time
            self.current = target
            try:
                wants = target.send(value)
            except BaseException as error:
                self._remove(entry)
                self._failed(target, error)
                continue
            if wants.__class__ is int and wants >= 0 and heap and heap[0] is entry:
                heapreplace(heap, (time + wants, serial(), target, None))
            else:
                self._remove(entry)
                if wants is not None:
                    self._put_off(target, wants)

    def _failed(self, target: Any, error: BaseException) -> None:
        """End an actor that returned (StopIteration) or raised; what was raised goes on its way."""
        if target.__class__ is not Actor:
            raise error
        if isinstance(error, StopIteration):
            target.end(error.value)
        else:
            target.end()
            raise error

    def _remove(self, entry: tuple) -> None:
        if self._heap and self._heap[0] is entry:
            heappop(self._heap)

    def push(self, time_us: int, target: Any, value: Any = None) -> int:
        """Let ``target.send(value)`` happen at a time; gives the serial number for `cancel`."""
        serial = self._serial()
        heappush(self._heap, (time_us, serial, target, value))
        return serial

    def cancel(self, serial: int) -> None:
        """Let an entry that was pushed, and has not come up yet, never happen."""
        if self.by_choice:
            self._heap[:] = [entry for entry in self._heap if entry[1] != serial]
        else:
            self._cancelled.add(serial)

    # -- messages and actors ------------------------------------------------------------------------

    def dispatch(self, message: Delivery) -> None:
        """Put a message on its link: it is lost, or arrives after the link's latency, perhaps twice.

        Chance decides only in a run by time; a driver that chooses loses and doubles messages where the link allows it.
        """
        link = message.link
        if (self.cuts and (message.src, message.lane) in self.cuts) or (
            link.loss and not self.by_choice and self.rng.random() < link.loss
        ):
            if self.recorder is not None:
                self.recorder.lost(message)
            return
        self.carry(message)
        if link.duplicate and not self.by_choice and self.rng.random() < link.duplicate:
            self.carry(message)

    def carry(self, message: Delivery) -> None:
        """Let a message arrive after its link's latency, which a slow node at either end stretches."""
        link, src = message.link, self.nodes[message.src]
        latency = link.latency
        took = latency.us if latency.__class__ is Fixed else latency(self.rng)
        if took.__class__ is not int or took < 0:
            check_us(took, f"the latency of the link from {message.src} to {message.lane}")
        if src.slow != 1 or message.node.slow != 1:
            took = round(took * max(src.slow, message.node.slow))
        if not link.fifo:
            self.push(self.now + took, message)
            return
        link.last_us = max(self.now + took, link.last_us)
        entry = (link.last_us, self._serial(), message, None)
        link.queue.append(entry)
        if len(link.queue) == 1:  # the others come up when their turn does
            heappush(self._heap, entry)

    def resume(self, actor: Actor, value: Any = None, error: BaseException | None = None) -> None:
        """Run an actor now until it waits for something, giving it ``value`` (or raising ``error`` in it)."""
        if actor.done:
            return
        node = actor.node
        if node is not None and node.paused:
            node.held.append(Resumption(actor, value, error))
            return
        outer, self.current = self.current, actor
        if self.recorder is not None:
            self.recorder.resumed(actor)
        try:
            wants = actor.send(value) if error is None else actor.coro.throw(error)
        except BaseException as raised:
            self._failed(actor, raised)
        else:
            if wants is not None:
                self._put_off(actor, wants)
        finally:
            self.current = outer

    def wake(self, actor: Actor, value: Any = None) -> None:
        """Make a parked actor runnable; it runs when its turn comes, and its ``await`` gives ``value``."""
        if self.by_choice or self.recorder is not None:
            actor.label = "goes on" if actor.blocked_on is None else f"goes on with {actor.blocked_on.name}"
        self.unblock(actor)
        if not actor.done:
            self.push(self.now, actor, value)

    def unblock(self, actor: Actor) -> None:
        """Note that an actor need not wait any longer, thanks to whoever is running."""
        if actor.timer is not None:
            self.cancel(actor.timer)
            actor.timer = None
        if self.recorder is not None:
            actor.cause = self.mark()
        actor.blocked_on = None

    def mark(self) -> int | None:
        """Give the last event of whoever is running, for `learn` or `unblock`; None while no trace is recorded."""
        return None if self.recorder is None else self.recorder.last_event(self.current)

    def learn(self, cause: int | None) -> None:
        """Note that whoever is running has seen what event ``cause`` left behind, say a value in a queue."""
        if self.recorder is not None and cause is not None:
            self.recorder.learns(self.current, cause)

    def _put_off(self, actor: Actor, wants: int | str) -> None:
        if actor.done:  # it crashed its own node
            return
        if wants.__class__ is int and wants >= 0:
            actor.label = "wakes up"
            self.push(self.now + wants, actor)
        elif wants.__class__ is str:
            actor.label = wants
            self.stepped(actor)
        else:  # raised where it awaits, so that the traceback shows that line
            kind = ValueError if wants.__class__ is int else TypeError
            words = (
                f"{actor.name} awaited {wants!r}; sleep takes a whole number of microseconds of at least 0"
            )
            self.resume(actor, None, kind(words))

    def stepped(self, actor: Actor) -> None:
        """Let an actor that came to a `step` go on at this time, after whatever was there before."""
        self.push(self.now, actor)

    def drop(self, unwanted: Callable[[Any], bool]) -> list[tuple]:
        """Take every entry whose target is ``unwanted`` out of what will happen; gives those entries in order."""
        gone = sorted((e for e in self._heap if unwanted(e[2]) and e[1] not in self._cancelled), key=_when)
        serials = {e[1] for e in gone}
        self._heap[:] = [e for e in self._heap if e[1] not in serials]
        heapify(self._heap)
        return gone

    def close(self) -> None:
        """Throw this world away: end every actor, so that nothing of it lives on (or complains that it never ran)."""
        self.current = None
        self._heap.clear()
        for actor in self.actors:
            if not actor.done:
                actor.done = True
                self.graves.append(actor.coro)
        for coro in self.graves:
            with suppress(Exception):  # what a ``finally`` does in a world that is no more does not matter
                coro.close()
        self.graves.clear()
        self.actors.clear()
        self.__dict__.pop("stepped", None)  # a driver's, which knows this world
        self.__dict__.pop("drop", None)

    def waits_for(self) -> list[tuple[str, str, list[str]]]:
        """Give who waits for what held by whom, in order of spawning: (actor, resource, holders)."""
        found = []
        for actor in self.actors:
            if not actor.done and actor.blocked_on is not None:
                holders = [holder.name for holder in getattr(actor.blocked_on, "holders", ())]
                found.append((actor.name, actor.blocked_on.name, holders))
        return found

    # -- history and trace --------------------------------------------------------------------------

    def invoke(self, lane: str, name: str, **argument: Any) -> dict[str, Any]:
        """Note that a client on ``lane`` begins an operation; give what `respond` needs. Kept with the trace off, too."""
        operation = {"id": len(self.operations), "lane": lane, "name": name, "argument": argument,
                     "invoked": self._order(), "returned": None, "status": "open", "value": None}  # fmt: skip
        self.operations.append(operation)
        if self.recorder is not None:
            self.recorder.invoked(operation)
        return operation

    def respond(self, operation: dict[str, Any], status: str = "ok", value: Any = None) -> None:
        """Note that an operation ended: "ok", "fail" (certainly did not happen) or "info" (nobody knows)."""
        if status not in ("ok", "fail", "info"):
            raise ValueError(f'an operation ends "ok", "fail" or "info", not {status!r}')
        if operation["returned"] is not None:
            raise ValueError(
                f"operation {operation['id']} ({operation['name']}) has ended already, with {operation['status']!r}"
            )
        operation.update(returned=self._order(), status=status, value=value)
        if self.recorder is not None:
            self.recorder.returned(operation)

    def record(self, clocks: bool = False) -> World:
        """Record a Trace from now on (call it before running); with ``clocks`` each event carries three logical clocks."""
        self.recorder = Recorder(self, clocks)
        return self

    def note(self, node: Node | str, label: str) -> None:
        """Put a remark on a lane of the trace; costs nothing while no trace is recorded."""
        if self.recorder is not None:
            self.recorder.event(node if isinstance(node, str) else node.id, "note", label)

    @property
    def trace(self) -> Trace:
        """The Trace so far. ValueError where none was recorded."""
        if self.recorder is None:
            raise ValueError("this world records no trace; call world.record() before running it")
        return self.recorder.trace


def _when(entry: tuple) -> tuple[int, int]:
    return entry[:2]

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

import random
from collections.abc import Callable, Coroutine
from heapq import heapify, heappop, heappush, heapreplace
from itertools import count
from typing import Any

from dslab.sim.actor import Actor, Callback, May
from dslab.sim.node import Delivery, Link, Node
from dslab.sim.record import Recorder
from dslab.sim.trace import Trace


class World:
    """One run. ``seed`` (an integer) feeds its only source of chance, ``world.rng``; ``name`` is the scenario's name.

    Build it by making nodes and spawning actors; then `run` it by time, or hand it to the referee (`dslab.check.explore`).
    """

    def __init__(self, seed: int = 0, name: str = "", patience_us: int | None = None) -> None:
        """``patience_us`` bounds how long a driver that chooses may hold an event back (None: for ever)."""
        self.seed, self.name, self.patience_us = seed, name, patience_us
        self.now = 0
        self.current: Any = None
        self.nodes: dict[str, Node] = {}
        self.actors: list[Actor] = []
        self.operations: list[dict[str, Any]] = []
        self.mays: list[May] = []
        self.facts: dict[str, Any] = {}  # what invariants want to remember: plain data, per run
        self.recorder: Recorder | None = None
        self._links: dict[tuple[str, str], Link] = {}
        self._default_link: Link | None = None
        self._heap: list[tuple] = []
        self._serial = count().__next__
        self._rng: random.Random | None = None
        self._cancelled: set[int] = set()
        self._order = count().__next__  # of invocations and responses
        self.push = self._push_by_time  # a driver that chooses replaces these three
        self.cancel = self._cancelled.add
        self.stepped = self._stepped

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
        """Start a coroutine as an actor, on a lane of its own unless ``node`` is given. It first runs when time goes on."""
        if not hasattr(coro, "send"):
            raise TypeError(f"spawn needs a coroutine, that is a called async function; got {coro!r}")
        actor = self.adopt(coro, name or (node.id if node else coro.__name__), node)
        self.push(self.now, actor)
        return actor

    def adopt(self, coro: Coroutine, name: str, node: Node | None) -> Actor:
        """Make a coroutine an actor that nobody has scheduled yet (`resume` runs it at once)."""
        actor = Actor(self, coro, name, node, node.id if node else name)
        self.actors.append(actor)
        if node is not None:
            node.actors.append(actor)
        return actor

    def link(self, src: str | None = None, dst: str | None = None, **how: Any) -> Link:
        """Set how messages travel from ``src`` to ``dst`` (both None: wherever nothing else is said). See `Link` for ``how``."""
        link = Link(**how)
        if src is None and dst is None:
            self._default_link = link
        else:
            self._links[src, dst] = link
        return link

    def link_between(self, src: str, dst: str) -> Link:
        """Give the link that messages from ``src`` to ``dst`` take."""
        link = self._links.get((src, dst))
        if link is None:
            link = self._links[src, dst] = (self._default_link or Link()).copy()
        return link

    def at(self, time_us: int, function: Callable[[], Any], label: str = "", node: Node | None = None) -> None:
        """Call ``function`` at a time (faults on a schedule: ``world.at(3_000, cache.crash)``). ValueError for a past time."""
        if time_us < self.now:
            raise ValueError(f"it is {self.now} µs already; {time_us} µs lies in the past")
        name = label or getattr(function, "__name__", "call").replace("_", " ")
        self.push(time_us, Callback(self, function, name, node))

    def may(self, label: str, function: Callable[[], Any], times: int = 1, when: Callable[[], bool] | None = None,
            node: Node | None = None, kind: str = "fault") -> None:  # fmt: skip
        """Allow something to happen at any moment, at most ``times`` times, while ``when()`` holds. Ignored by `run`."""
        if times < 1:
            raise ValueError(f"something that may happen {times} times cannot happen; times must be at least 1")
        self.mays.append(May(label, function, times, when or _always, node.id if node else "", kind))

    # -- running by time --------------------------------------------------------------------------

    def run(self, until_us: int | None = None, events: int | None = None) -> World:
        """Run by time: always the earliest entry next. Ends when nothing is left, at ``until_us``, or after ``events``.

        An exception in an actor comes out of here. Gives the world itself.
        """
        if until_us is None and events is None and self.recorder is None:
            self._run_all()
            return self
        left = events if events is not None else -1
        while left and self._heap and (until_us is None or self._heap[0][0] <= until_us):
            self.step()
            left -= 1
        if until_us is not None and left:
            self.now = max(self.now, until_us)
        return self

    def step(self) -> None:
        """Let the earliest entry happen. IndexError where nothing is left to happen."""
        time, serial, target, value = heappop(self._heap)
        if serial in self._cancelled:
            self._cancelled.discard(serial)
            return
        self.now = time
        if target.__class__ is Actor:
            self.resume(target, value)
        else:
            self.current = target
            target.send(value)
        if self.recorder is not None:
            self.recorder.settle()

    def _run_all(self) -> None:
        """`step` until nothing is left, written out: this loop is what the simulator's speed is."""
        heap, serial, cancelled = self._heap, self._serial, self._cancelled
        while heap:
            entry = heap[0]
            self.now = time = entry[0]
            self.current = target = entry[2]
            if cancelled and entry[1] in cancelled:
                cancelled.discard(heappop(heap)[1])
                continue
            try:
                wants = target.send(entry[3])
            except StopIteration as stop:
                self._remove(entry)
                self._finish(target, stop.value)
                continue
            if wants.__class__ is int and wants >= 0 and heap and heap[0] is entry:
                heapreplace(heap, (time + wants, serial(), target, None))
            else:
                self._remove(entry)
                if wants is not None:
                    self._put_off(target, wants)

    def _remove(self, entry: tuple) -> None:
        if self._heap and self._heap[0] is entry:
            heappop(self._heap)

    def _push_by_time(self, time_us: int, target: Any, value: Any = None) -> int:
        serial = self._serial()
        heappush(self._heap, (time_us, serial, target, value))
        return serial

    # -- messages and actors ------------------------------------------------------------------------

    def dispatch(self, message: Delivery) -> None:
        """Put a message on its link: it is lost, or arrives after the link's latency, perhaps twice."""
        link = message.link
        if link.is_cut or (link.loss and self.rng.random() < link.loss):
            if self.recorder is not None:
                self.recorder.lost(message)
            return
        self._carry(message, link)
        if link.duplicate and self.rng.random() < link.duplicate:
            self._carry(message, link)

    def _carry(self, message: Delivery, link: Link) -> None:
        arrives = self.now + link.latency(self.rng)
        slow = max(message.node.slow, self.nodes[message.src].slow)
        if slow != 1.0:
            arrives = self.now + round((arrives - self.now) * slow)
        if link.fifo:
            arrives = link.last_us = max(arrives, link.last_us)
            link.queue.append(message)
        self.push(arrives, message)

    def resume(self, actor: Actor, value: Any = None, error: BaseException | None = None) -> None:
        """Run an actor now until it waits for something, giving it ``value`` (or raising ``error`` in it)."""
        if actor.done:
            return
        node = actor.node
        if node is not None and node.paused:
            node.held.append((actor, value, error))
            return
        outer, self.current = self.current, actor
        if self.recorder is not None:
            self.recorder.resumed(actor)
        try:
            wants = actor.send(value) if error is None else actor.coro.throw(error)
        except StopIteration as stop:
            self._finish(actor, stop.value)
        else:
            if wants is not None:
                self._put_off(actor, wants)
        self.current = outer

    def wake(self, actor: Actor, value: Any = None) -> None:
        """Make a parked actor runnable; it runs when its turn comes, and its ``await`` gives ``value``."""
        actor.label = f"goes on with {actor.blocked_on.name}" if actor.blocked_on is not None else "goes on"
        actor.blocked_on = None
        if self.recorder is not None:
            actor.cause = self.recorder.last_event(self.current)
        if actor.node is not None and actor.node.paused:
            actor.node.held.append((actor, value, None))
        else:
            self.push(self.now, actor, value)

    def _put_off(self, actor: Actor, wants: int | str) -> None:
        if actor.done:  # it crashed its own node
            return
        if wants.__class__ is int and wants >= 0:
            actor.label = "wakes up"
            self.push(self.now + wants, actor)
        elif wants.__class__ is str:
            actor.label = wants
            self.stepped(actor)
        else:
            raise TypeError(f"{actor.name} awaited {wants!r}; sleep takes a whole number of microseconds of at least 0")

    def _finish(self, actor: Actor, result: Any) -> None:
        actor.done, actor.result = True, result
        for waiter in actor._waiters:
            self.wake(waiter, result)

    def _stepped(self, actor: Actor) -> None:
        self.push(self.now, actor)

    def drop(self, unwanted: Callable[[Any], bool]) -> list[tuple]:
        """Take every entry whose target is ``unwanted`` out of what will happen; gives those entries in order."""
        gone = sorted((e for e in self._heap if unwanted(e[2]) and e[1] not in self._cancelled), key=_when)
        serials = {e[1] for e in gone}
        self._heap[:] = [e for e in self._heap if e[1] not in serials]
        heapify(self._heap)
        return gone

    def close(self) -> None:
        """End every actor that is not done, so that nothing of a world that is thrown away lives on (or complains)."""
        for actor in self.actors:
            if not actor.done:
                actor.done = True
                actor.coro.close()

    def __del__(self) -> None:
        self.close()

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
            raise ValueError(f"operation {operation['id']} ({operation['name']}) has ended already, with {operation['status']!r}")
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

    # -- faults -------------------------------------------------------------------------------------

    def cut(self, src: str, dst: str, both: bool = False) -> None:
        """Lose everything sent from ``src`` to ``dst`` from now on (``both``: and back), until `heal`."""
        for a, b in ((src, dst), (dst, src))[: 1 + both]:
            self.link_between(a, b).is_cut = True
            if self.recorder is not None:
                self.recorder.fault_begins("cut", [a, b], f"{a} → {b} cut")

    def heal(self, src: str | None = None, dst: str | None = None, both: bool = False) -> None:
        """End a cut (both None: all cuts)."""
        pairs = list(self._links) if src is None else [(src, dst), (dst, src)][: 1 + both]
        for pair in pairs:
            self._links[pair].is_cut = False
            if self.recorder is not None:
                self.recorder.fault_ends("cut", list(pair))

    def partition(self, *groups: list[str]) -> None:
        """Cut every link between nodes of different ``groups`` (lists of node names), both ways."""
        for i, group in enumerate(groups):
            for other in groups[i + 1 :]:
                for a in group:
                    for b in other:
                        self.cut(a, b, both=True)

    def may_crash(self, node: Node, times: int = 1, restart: bool = True) -> None:
        """Let a driver that chooses crash a node (and, with ``restart``, start it again)."""
        self.may(f"{node.id} crashes", node.crash, times, lambda: node.up, node, "crash")
        if restart:
            self.may(f"{node.id} restarts", node.restart, times, lambda: not node.up, node, "restart")


def _always() -> bool:
    return True


def _when(entry: tuple) -> tuple[int, int]:
    return entry[:2]

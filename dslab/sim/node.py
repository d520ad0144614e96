"""Nodes and links: machines with state, handlers and faults, and the ways messages travel between them.

| word     | meaning                                                                                        |
|----------|------------------------------------------------------------------------------------------------|
| handler  | what a node does with a message of one name: a plain function runs at once and undivided (as Redis runs a command); an async function becomes an actor of the node |
| call     | a message that wants an answer; the caller waits for it, with or without a timeout               |
| volatile | state that a crash wipes; ``durable`` names the keys that survive                                |
| clock    | what the node believes the time is: the world's time, with its own skew and drift                |
| slow     | a node on which work, and every message to or from it, takes so many times as long                |
| cut      | a link that loses everything, in one direction                                                   |

A message carries what it was given, not a copy: send what nobody changes any more. It is delivered although its sender
crashed meanwhile, and to a node that crashed and is up again.
"""

from __future__ import annotations

import copy
import inspect
from collections import deque
from collections.abc import Awaitable, Callable
from heapq import heappush
from types import CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any

from dslab.sim.actor import Actor, Future, Timer, check_us, sleep
from dslab.sim.latency import Fixed, as_latency

if TYPE_CHECKING:
    from dslab.sim.primitives import Mailbox
    from dslab.sim.world import World

_MILLISECOND = Fixed(1_000)
_NO_QUEUE: deque[tuple] = deque(maxlen=0)


class Link:
    """How messages travel one way between two nodes.

    ``latency``: microseconds, or a function of a random.Random that gives them (see `dslab.sim.latency`); ``fifo``: no
    overtaking; ``loss`` and ``duplicate``: chances in 0..1, for runs by time; ``may_lose`` and ``may_duplicate``: how many
    messages a driver that chooses may lose, or deliver twice. Where a link stands for many (`World.link` without names),
    each of them has its own count.
    """

    __slots__ = (
        "latency",
        "fifo",
        "loss",
        "duplicate",
        "may_lose",
        "may_duplicate",
        "queue",
        "last_us",
    )

    def __init__(self, latency: int | Callable | None = None, fifo: bool = False, loss: float = 0.0, duplicate: float = 0.0,
                 may_lose: int = 0, may_duplicate: int = 0) -> None:  # fmt: skip
        for name, chance in (("loss", loss), ("duplicate", duplicate)):
            if chance and not 0 <= chance <= 1:
                raise ValueError(f"{name}={chance!r} is no chance; it must lie in 0..1")
        for name, most in (("may_lose", may_lose), ("may_duplicate", may_duplicate)):
            if most and (not isinstance(most, int) or most < 0):
                raise ValueError(
                    f"{name}={most!r} is not possible; it must be a whole number of messages of at least 0"
                )
        self.latency = _MILLISECOND if latency is None else as_latency(latency)
        self.fifo, self.loss, self.duplicate = fifo, loss, duplicate
        self.may_lose, self.may_duplicate = may_lose, may_duplicate
        self.queue: deque[tuple] = deque() if fifo else _NO_QUEUE  # of a FIFO link: entries, oldest first
        self.last_us = 0

    def copy(self) -> Link:
        """Give a link that behaves like this one and carries nothing yet."""
        return Link(self.latency, self.fifo, self.loss, self.duplicate, self.may_lose, self.may_duplicate)


class Delivery:
    """A message on its way. Sending it into the world delivers it."""

    __slots__ = ("world", "src", "node", "lane", "name", "payload", "reply_to", "answer", "link", "id")

    def __init__(
        self, world: World, src: str, node: Node, name: str, payload: dict[str, Any], link: Link
    ) -> None:
        self.world, self.src, self.node, self.name, self.payload, self.link = (
            world,
            src,
            node,
            name,
            payload,
            link,
        )
        self.lane = node.id
        self.reply_to: Any = None  # of a request: the future that the answer goes to
        self.answer: Any = None  # of an answer: that future
        self.id = -1  # in the trace

    def describe(self) -> str:
        """Say what is delivered where."""
        return f"deliver ‘{self.name}’ {self.src} → {self.node.id}"

    def send(self, held: bool | None) -> None:
        """Deliver: run the handler, or wake the caller that waits for this answer. ``held``: after a pause, again."""
        node, recorder = self.node, self.world.recorder
        if self.link.fifo and not held:
            self.leave()
        if node.paused:
            node.held.append(self)
            return
        cuts = self.world.cuts
        if not node.up or (cuts and (self.src, self.lane) in cuts):
            self.lose()
            return
        if recorder is not None:
            recorder.received(self)
        if self.answer is not None:
            self.answer.set(self.payload["value"])
        else:
            node._handle(self)

    def leave(self) -> None:
        """Leave the head of a FIFO link: the next message may arrive."""
        queue = self.link.queue
        queue.popleft()
        if queue:
            heappush(self.world._heap, queue[0])

    def lose(self) -> None:
        """Never arrive."""
        if self.world.recorder is not None:
            self.world.recorder.lost(self)

    def reply(self, value: Any = None) -> None:
        """Answer this message (one that came by `Node.call` or `Node.request`). ValueError where nobody waits for an answer."""
        if self.reply_to is None:
            raise ValueError(
                f"‘{self.name}’ from {self.src} was sent, not called: nobody waits for an answer"
            )
        self.node._reply(self, value)


class Node:
    """A machine. Make it with `World.node`; its ``state`` is plain data and is what its lane shows."""

    def __init__(self, world: World, id: str, label: str, kind: str, state: dict[str, Any]) -> None:
        self.world, self.id, self.label, self.kind = world, id, label, kind
        self.state = state
        self.durable: set[str] = set()
        self.up, self.paused = True, False
        self.held: list[Any] = []  # what came up during a pause
        self.actors: list[Actor] = []
        self.skew_us, self.drift_ppm, self.slow = 0, 0, 1.0
        self.boot: Callable[[], Any] | None = (
            None  # called by `restart`; what an async one returns runs as an actor
        )
        self._blank = {key: _copy(value) for key, value in state.items()}
        self.handlers: dict[str, Callable] = {}
        self.boxes: dict[str, Mailbox] = {}

    def __repr__(self) -> str:
        return f"<node {self.id}>"

    # -- messages -----------------------------------------------------------------------------------

    def on(self, name: str, handler: Callable[..., Any]) -> Node:
        """Handle messages called ``name`` with ``handler(**payload)``; what it returns is the answer to a call."""
        if not callable(handler):
            raise TypeError(f"{self.id} can handle {name!r} with a function only, not with {handler!r}")
        if name in self.boxes:
            raise ValueError(f"{self.id} takes {name!r} already, with a mailbox; a message has one taker")
        self.handlers[name] = handler
        return self

    def send(self, dst: str, name: str, **payload: Any) -> None:
        """Send a message and forget it."""
        self._post(dst, name, payload, None)

    def call(self, dst: str, name: str, timeout_us: int | None = None, **payload: Any) -> Any:
        """Send a request; ``await`` it for the answer. Raises TimeoutError after ``timeout_us`` (None: waits for ever).

        An answer that arrives in the very microsecond of the timeout comes too late.
        """
        if timeout_us is not None:
            check_us(timeout_us, "a timeout")
        return self.request(dst, name, **payload).wait(timeout_us)

    def request(self, dst: str, name: str, **payload: Any) -> Any:
        """Send a request and give the future of its answer at once, so that several can be under way."""
        future = Future(self.world, f"‘{name}’ from {dst}")
        self._post(dst, name, payload, future)
        return future

    def _post(self, dst: str, name: str, payload: dict[str, Any], reply_to: Any, answer: Any = None) -> None:
        world = self.world
        if dst not in world.nodes:
            raise ValueError(
                f"{self.id} sends {name!r} to {dst!r}, which does not exist; nodes: {', '.join(world.nodes)}"
            )
        if not self.up:
            return
        link = world.link_between(self.id, dst)
        message = Delivery(world, self.id, world.nodes[dst], name, payload, link)
        message.reply_to, message.answer = reply_to, answer
        if world.recorder is not None:
            world.recorder.sent(message)
        world.dispatch(message)

    def _handle(self, message: Delivery) -> None:
        handler = self.handlers.get(message.name)
        if handler is None:
            box = self.boxes.get(message.name, self.boxes.get(""))
            if box is None:
                known = ", ".join(sorted({*self.handlers, *self.boxes})) or "none"
                raise ValueError(
                    f"{self.id} has no handler for {message.name!r} (from {message.src}); it handles {known}"
                )
            box.deliver(message)
            return
        answer = handler(**message.payload)
        if _is_awaitable(answer):
            self._serve(answer, message)
        elif message.reply_to is not None:
            self._reply(message, answer)

    def _serve(self, answer: Awaitable, message: Delivery) -> None:
        async def serve() -> None:
            value = await answer
            if message.reply_to is not None:
                self._reply(message, value)

        actor = self.world.adopt(serve(), f"{self.id} ({message.name})", self)
        self.world.resume(actor)

    def _reply(self, message: Delivery, value: Any) -> None:
        self._post(message.src, f"{message.name} ↩", {"value": value}, None, message.reply_to)

    # -- work -----------------------------------------------------------------------------------------

    def spawn(self, coro: Any, name: str = "") -> Actor:
        """Start a coroutine as an actor of this node: it shows on its lane and dies with it."""
        return self.world.spawn(coro, name or self.id, self)

    def work(self, us: int) -> Any:
        """Await it to work for ``us`` microseconds, on a slow node for so many times as long."""
        check_us(us, "work")
        return sleep(us if self.slow == 1 else round(us * self.slow))

    def clock(self) -> int:
        """Give the time this node believes it is, in microseconds: skew and drift (parts per million) included."""
        now = self.world.now
        return now + self.skew_us + now * self.drift_ppm // 1_000_000

    # -- faults ---------------------------------------------------------------------------------------

    def crash(self) -> None:
        """Stop at once: actors die, state not in ``durable`` is wiped, messages that arrive are lost. Nothing if down.

        No line of its actors runs any more, no ``finally`` either: a lock that one held stays held. An actor that crashes
        its own node runs on to its next ``await``, and no further.
        """
        if not self.up:
            return
        self.up = False
        world, recorder = self.world, self.world.recorder
        if recorder is not None:
            recorder.event(self.id, "crash", f"{self.label} crashes")
        world.drop(lambda target: target.node is self and not isinstance(target, Delivery))
        self._end_pause(lambda thing: isinstance(thing, Delivery) and thing.lose())
        actors, self.actors[:] = [actor for actor in self.actors if not actor.done], []
        for actor in actors:
            actor.die()
        for box in self.boxes.values():
            box.clear()
        keep = {key: self.state[key] for key in self.state if key in self.durable}
        self.state.clear()
        self.state.update({key: _copy(value) for key, value in self._blank.items()} | keep)
        if recorder is not None:
            recorder.fault_begins("crash", [self.id], f"{self.label} down")

    def restart(self) -> None:
        """Come back with the durable state, and call ``boot`` if the scenario set it. Nothing if up."""
        if self.up:
            return
        self.up = True
        if self.world.recorder is not None:
            self.world.recorder.event(self.id, "restart", f"{self.label} restarts")
            self.world.recorder.fault_ends("crash", [self.id])
        if self.boot is not None:
            begun = self.boot()
            if inspect.iscoroutine(begun):
                self.spawn(begun)

    def pause(self) -> None:
        """Freeze (a long garbage collection, a suspended machine): nothing runs, messages wait, the state stays.

        Time goes on: a sleep or a timeout that ends meanwhile ends with the pause. Nothing if paused or down.
        """
        if self.paused or not self.up:
            return
        self.paused = self.world.restricted = True
        for actor in self.actors:
            if not actor.done:
                actor.send = actor.hold
        if self.world.recorder is not None:
            self.world.recorder.fault_begins("pause", [self.id], f"{self.label} paused")

    def resume(self) -> None:
        """End a pause: what came up meanwhile happens now, in its old order. Nothing if not paused."""

        def go_on(thing: Any) -> None:
            if not isinstance(thing, Timer):
                self.world.push(self.world.now, thing, True if isinstance(thing, Delivery) else None)
            elif thing.actor.blocked_on is thing.waited:
                thing.actor.timer = self.world.push(self.world.now, thing)

        self._end_pause(go_on)

    def _end_pause(self, then: Callable[[Any], Any]) -> None:
        if not self.paused:
            return
        self.paused = False
        for actor in self.actors:
            if not actor.done:
                actor.send = actor.coro.send
        if self.world.recorder is not None:
            self.world.recorder.fault_ends("pause", [self.id])
        held, self.held = self.held, []
        for thing in held:
            then(thing)

    def slow_down(self, times: float) -> None:
        """Make this node so many ``times`` as slow as it is made to be (at least 1; 1 ends it)."""
        if not isinstance(times, int | float) or not 1 <= times < float("inf"):
            raise ValueError(f"a node cannot be {times!r} times as slow; use 1 (as it is made) or more")
        self.slow = times
        if self.world.recorder is not None:
            self.world.recorder.fault_ends("slow", [self.id])
            if times > 1:
                self.world.recorder.fault_begins("slow", [self.id], f"{self.label} {times:g} times slower")

    def jump(self, us: int) -> None:
        """Set the clock of this node forward by ``us`` microseconds (below 0: back)."""
        check_us(abs(us) if isinstance(us, int) else us, "a jump of the clock")
        self.skew_us += us
        if self.world.recorder is not None:
            self.world.recorder.event(self.id, "fault", f"clock of {self.label} jumps by {us:+,} µs")

    def drift(self, ppm: int) -> None:
        """Let the clock of this node gain ``ppm`` microseconds in each second from now on (over -1,000,000; below 0: lose)."""
        if not isinstance(ppm, int) or ppm <= -1_000_000:
            raise ValueError(f"a clock cannot drift by {ppm!r} ppm; use a whole number over -1,000,000")
        shows = self.clock()
        self.drift_ppm = ppm
        self.skew_us += shows - self.clock()
        if self.world.recorder is not None:
            self.world.recorder.event(self.id, "fault", f"clock of {self.label} drifts by {ppm:+,} ppm")


_PLAIN = (str, int, float, bool, bytes, type(None))


def _copy(value: Any) -> Any:
    return value if isinstance(value, _PLAIN) else copy.deepcopy(value)


def _is_awaitable(answer: Any) -> bool:
    kind = answer.__class__
    return (
        kind is CoroutineType
        or hasattr(kind, "__await__")
        or (kind is GeneratorType and inspect.isawaitable(answer))
    )

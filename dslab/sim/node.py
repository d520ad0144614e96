"""Nodes and links: machines with state, handlers and faults, and the ways messages travel between them.

| word     | meaning                                                                                        |
|----------|------------------------------------------------------------------------------------------------|
| handler  | what a node does with a message of one name: a plain function runs at once and undivided (as Redis runs a command); an async function becomes an actor of the node |
| call     | a message that wants an answer; the caller waits for it, with or without a timeout               |
| volatile | state that a crash wipes; ``durable`` names the keys that survive                                |
| clock    | what the node believes the time is: the world's time, with its own skew and drift                |
| cut      | a link that loses everything, in one direction                                                   |
"""

from __future__ import annotations

import copy
import inspect
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from dslab.sim.actor import Actor, Future
from dslab.sim.latency import as_latency

if TYPE_CHECKING:
    from dslab.sim.world import World


class Link:
    """How messages travel one way between two nodes.

    ``latency``: microseconds, or a function of a random.Random that gives them (see `dslab.sim.latency`); ``fifo``: no
    overtaking; ``loss`` and ``duplicate``: chances in 0..1 (by time only; the referee loses messages where
    ``may_lose`` allows it); ``may_lose``: how many messages a driver that chooses may lose.
    """

    __slots__ = ("latency", "fifo", "loss", "duplicate", "may_lose", "is_cut", "queue", "last_us")

    def __init__(self, latency: int | Callable = 1_000, fifo: bool = False, loss: float = 0.0, duplicate: float = 0.0,
                 may_lose: int = 0) -> None:  # fmt: skip
        for name, chance in (("loss", loss), ("duplicate", duplicate)):
            if not 0 <= chance <= 1:
                raise ValueError(f"{name}={chance!r} is no chance; it must lie in 0..1")
        self.latency = as_latency(latency)
        self.fifo, self.loss, self.duplicate, self.may_lose = fifo, loss, duplicate, may_lose
        self.is_cut = False
        self.queue: deque[Delivery] = deque()  # of a FIFO link: what is on its way, oldest first
        self.last_us = 0

    def copy(self) -> Link:
        """Give a link that behaves like this one and carries nothing yet."""
        return Link(self.latency, self.fifo, self.loss, self.duplicate, self.may_lose)


class Delivery:
    """A message on its way. Sending it into the world delivers it."""

    __slots__ = ("world", "src", "node", "lane", "name", "payload", "reply_to", "answer", "link", "id")

    def __init__(self, world: World, src: str, node: Node, name: str, payload: dict[str, Any], link: Link) -> None:
        self.world, self.src, self.node, self.name, self.payload, self.link = world, src, node, name, payload, link
        self.lane = node.id
        self.reply_to: Any = None  # of a request: the future that the answer goes to
        self.answer: Any = None  # of an answer: that future
        self.id = -1  # in the trace

    def describe(self) -> str:
        """Say what is delivered where."""
        return f"deliver ‘{self.name}’ {self.src} → {self.node.id}"

    def send(self, _: None) -> None:
        """Deliver: run the handler, or wake the caller that waits for this answer."""
        node, recorder = self.node, self.world.recorder
        if self.link.fifo and self.link.queue and self.link.queue[0] is self:
            self.link.queue.popleft()
        if node.paused:
            node.held.append(self)
            return
        if not node.up or self.link.is_cut:
            if recorder is not None:
                recorder.lost(self)
            return
        if recorder is not None:
            recorder.received(self)
        if self.answer is not None:
            self.answer.set(self.payload.get("value"))
        else:
            node._handle(self)


class Node:
    """A machine. Make it with `World.node`; its ``state`` is plain data and is what its lane shows."""

    def __init__(self, world: World, id: str, label: str, kind: str, state: dict[str, Any]) -> None:
        self.world, self.id, self.label, self.kind = world, id, label, kind
        self.state = state
        self.durable: set[str] = set()
        self.up, self.paused = True, False
        self.held: list[Any] = []
        self.actors: list[Actor] = []
        self.skew_us, self.drift_ppm, self.slow = 0, 0, 1.0
        self.boot: Callable[[], Any] | None = None  # called by `restart`
        self._blank = copy.deepcopy(state)
        self._handlers: dict[str, Callable] = {}

    def __repr__(self) -> str:
        return f"<node {self.id}>"

    # -- messages -----------------------------------------------------------------------------------

    def on(self, name: str, handler: Callable[..., Any]) -> Node:
        """Handle messages called ``name`` with ``handler(**payload)``; what it returns is the answer to a call."""
        self._handlers[name] = handler
        return self

    def send(self, dst: str, name: str, **payload: Any) -> None:
        """Send a message and forget it."""
        self._post(dst, name, payload, None)

    def call(self, dst: str, name: str, timeout_us: int | None = None, **payload: Any) -> Any:
        """Send a request; ``await`` it for the answer. Raises TimeoutError after ``timeout_us`` (None: waits for ever)."""
        return self.request(dst, name, **payload).wait(timeout_us)

    def request(self, dst: str, name: str, **payload: Any) -> Any:
        """Send a request and give the future of its answer at once, so that several can be under way."""
        future = Future(self.world, f"‘{name}’ from {dst}")
        self._post(dst, name, payload, future)
        return future

    def _post(self, dst: str, name: str, payload: dict[str, Any], reply_to: Any, answer: Any = None) -> None:
        world = self.world
        if dst not in world.nodes:
            raise ValueError(f"{self.id} sends {name!r} to {dst!r}, which does not exist; nodes: {', '.join(world.nodes)}")
        if not self.up:
            return
        link = world.link_between(self.id, dst)
        message = Delivery(world, self.id, world.nodes[dst], name, payload, link)
        message.reply_to, message.answer = reply_to, answer
        if world.recorder is not None:
            world.recorder.sent(message)
        world.dispatch(message)

    def _handle(self, message: Delivery) -> None:
        handler = self._handlers.get(message.name)
        if handler is None:
            known = ", ".join(sorted(self._handlers)) or "none"
            raise ValueError(f"{self.id} has no handler for {message.name!r} (from {message.src}); it handles {known}")
        answer = handler(**message.payload)
        if inspect.iscoroutine(answer):
            self._serve(answer, message)
        elif message.reply_to is not None:
            self._reply(message, answer)

    def _serve(self, coro: Coroutine, message: Delivery) -> None:
        async def serve() -> None:
            answer = await coro
            if message.reply_to is not None:
                self._reply(message, answer)

        actor = self.world.adopt(serve(), f"{self.id} ({message.name})", self)
        self.world.resume(actor)

    def _reply(self, message: Delivery, value: Any) -> None:
        self._post(message.src, f"{message.name} ↩", {"value": value}, None, message.reply_to)

    # -- work -----------------------------------------------------------------------------------------

    def spawn(self, coro: Coroutine, name: str = "") -> Actor:
        """Start a coroutine as an actor of this node: it shows on its lane and dies with it."""
        return self.world.spawn(coro, name or self.id, self)

    def clock(self) -> int:
        """Give the time this node believes it is, in microseconds: skew and drift (parts per million) included."""
        now = self.world.now
        return now + self.skew_us + now * self.drift_ppm // 1_000_000

    # -- faults ---------------------------------------------------------------------------------------

    def crash(self) -> None:
        """Stop at once: actors die, state not in ``durable`` is wiped, messages that arrive are lost. Nothing if down."""
        if not self.up:
            return
        self.up = False
        for actor in self.actors:
            if not actor.done:
                actor.done = True
                if actor is not self.world.current:
                    actor.coro.close()
        self.actors.clear()
        self.held.clear()
        self.world.drop(lambda target: getattr(target, "node", None) is self and not isinstance(target, Delivery))
        keep = {key: self.state[key] for key in self.state if key in self.durable}
        self.state.clear()
        self.state.update(copy.deepcopy(self._blank) | keep)
        if self.world.recorder is not None:
            self.world.recorder.event(self.id, "crash", f"{self.label} crashes")
            self.world.recorder.fault_begins("crash", [self.id], f"{self.label} down")

    def restart(self) -> None:
        """Come back with the durable state, and call ``boot`` if the scenario set it. Nothing if up."""
        if self.up:
            return
        self.up = True
        if self.world.recorder is not None:
            self.world.recorder.event(self.id, "restart", f"{self.label} restarts")
            self.world.recorder.fault_ends("crash", [self.id])
        if self.boot is not None:
            self.boot()

    def pause(self) -> None:
        """Freeze (a long garbage collection, a suspended machine): nothing runs, messages wait, the state stays."""
        if self.paused:
            return
        self.paused = True
        self.held += [entry[2:] for entry in self.world.drop(lambda target: getattr(target, "node", None) is self)]
        if self.world.recorder is not None:
            self.world.recorder.fault_begins("pause", [self.id], f"{self.label} paused")

    def resume(self) -> None:
        """End a pause: whatever was held back happens now, in its old order."""
        if not self.paused:
            return
        self.paused = False
        held, self.held = self.held, []
        if self.world.recorder is not None:
            self.world.recorder.fault_ends("pause", [self.id])
        for thing in held:
            if isinstance(thing, Delivery):
                self.world.push(self.world.now, thing)
            elif len(thing) == 2:
                self.world.push(self.world.now, *thing)
            else:  # an actor that was woken meanwhile: (actor, value, error)
                self.world.push(self.world.now, Resumption(*thing))


class Resumption:
    """An actor that goes on after a pause, with the value or the error that came meanwhile."""

    __slots__ = ("actor", "value", "error", "node", "lane")

    def __init__(self, actor: Actor, value: Any, error: BaseException | None) -> None:
        self.actor, self.value, self.error, self.node, self.lane = actor, value, error, actor.node, actor.lane

    def send(self, _: None) -> None:
        """Let the actor go on."""
        self.actor.world.resume(self.actor, self.value, self.error)

    def describe(self) -> str:
        """Say who goes on."""
        return f"{self.actor.name}: goes on after the pause"

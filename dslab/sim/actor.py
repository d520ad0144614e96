"""Actors and what they wait for: coroutines, values to come, timers, and what the world may do to them.

| word     | meaning                                                                                     |
|----------|---------------------------------------------------------------------------------------------|
| actor    | a coroutine that a world runs                                                                |
| future   | a value that somebody sets later; whoever waits for it runs at once                           |
| timer    | the moment at which somebody stops waiting                                                    |
| may      | something that could happen at any moment: a crash, a clock that jumps, an expiry             |

What an actor yields to its world: an ``int`` sleeps so many microseconds, a ``str`` is a bare interleaving point with
that label, ``None`` parks it until somebody wakes it. The functions below yield these; nobody else needs to.

Whatever an actor can wait for has a ``name`` and ``forget(actor)``, which ends that actor's waiting.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dslab.sim.node import Node
    from dslab.sim.world import World


@coroutine
def sleep(us: int) -> Generator[int, None, None]:
    """Let ``us`` microseconds of virtual time pass (an integer of at least 0; 0 lets others of this moment run first)."""
    yield us


@coroutine
def step(label: str = "step") -> Generator[str, None, None]:
    """Mark a place where somebody else may run; ``label`` says what this actor does next, in a few words."""
    yield label


@coroutine
def park() -> Generator[None, Any, Any]:
    """Stop until somebody wakes this actor (`World.wake`); gives the value that it was woken with."""
    return (yield None)


class Actor:
    """A running coroutine: await it to get what it returns (None where it died in a crash). Made by `World.spawn`."""

    __slots__ = (
        "world", "name", "node", "lane", "coro", "send", "label", "done", "result", "blocked_on", "timer", "cause", "_waiters",
    )  # fmt: skip

    def __init__(self, world: World, coro: Coroutine, name: str, node: Node | None, lane: str) -> None:
        self.world, self.coro, self.name, self.node, self.lane = world, coro, name, node, lane
        self.send: Callable[[Any], Any] = (
            coro.send
        )  # another one while its node is paused, and once it is done
        self.label = "start"
        self.done = False
        self.result: Any = None
        self.blocked_on: Any = None  # what a parked actor waits for
        self.timer: int | None = None  # the serial of the entry that gives up waiting
        self.cause: int | None = None  # the event that woke it, for the trace
        self._waiters: list[Actor] = []

    def __repr__(self) -> str:
        return f"<actor {self.name}>"

    def __await__(self) -> Generator[None, Any, Any]:
        if not self.done:
            self._waiters.append(wait_for(self.world, self))
            yield None
        return self.result

    @property
    def holders(self) -> list[Actor]:
        """Who has to do something before those who wait for this actor go on: the actor itself."""
        return [self]

    def forget(self, actor: Actor) -> None:
        """Stop ``actor`` from waiting for this one."""
        self._waiters.remove(actor)

    def end(self, result: Any = None) -> None:
        """Be done: whoever waits for this actor goes on with ``result``."""
        self.done, self.result, self.send = True, result, _nothing
        if self._waiters:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                self.world.wake(waiter, result)

    def die(self) -> None:
        """End because the machine does: no line of the coroutine runs any more, nothing it holds is given back."""
        if self.blocked_on is not None:
            self.blocked_on.forget(self)
            self.blocked_on = None
        if inspect.iscoroutine(self.coro) and inspect.getcoroutinestate(self.coro) == inspect.CORO_CREATED:
            self.coro.close()  # it never ran; Python would complain that nobody awaited it
        else:
            self.world.graves.append(self.coro)  # thrown away, it would run its ``finally`` blocks
        self.end()

    def hold(self, value: Any) -> None:
        """Stand in for ``send`` while the node is paused: go on after the pause."""
        assert self.node is not None
        self.node.held.append(Resumption(self, value))

    def describe(self) -> str:
        """Say what this actor does when it is run next."""
        return f"{self.name}: {self.label}"


def _nothing(_: Any) -> None:
    """Stand in for ``send`` of an actor that is done."""


def wait_for(world: World, resource: Any, timeout_us: int | None = None) -> Actor:
    """Note that the running actor waits for ``resource`` and give it; what calls this yields None next.

    After ``timeout_us`` microseconds (None: never) the resource forgets it, and its ``await`` raises TimeoutError.
    """
    actor = world.current
    if timeout_us is not None:
        check_us(timeout_us, "a timeout")
        actor.timer = world.push(world.now + timeout_us, Timer(actor, resource))
    actor.blocked_on = resource
    return actor


def check_us(value: Any, what: str) -> None:
    """Raise where ``value`` is no whole number of microseconds of at least 0: TypeError for another type, else ValueError."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{what} is a whole number of microseconds, not {value!r}")
    if value < 0:
        raise ValueError(f"{what} of {value} µs is not possible; it must be at least 0")


class Future:
    """A value that somebody will set later. Await it, or give up waiting with `wait`; several may wait.

    Of several set calls only the first counts: a reply that comes twice is a reply.
    """

    __slots__ = ("world", "name", "is_set", "value", "_waiters", "_set_by")

    def __init__(self, world: World, name: str = "a value") -> None:
        self.world, self.name = world, name
        self.is_set, self.value = False, None
        self._waiters: list[Actor] = []
        self._set_by: int | None = None  # the event, for the trace

    def set(self, value: Any = None) -> None:
        """Give the value to whoever waits; they run at once, before `set` returns, and what they raise comes out of it."""
        if self.is_set:
            return
        self.is_set, self.value = True, value
        world, waiters = self.world, self._waiters
        self._waiters = []
        self._set_by = world.mark()
        for actor in waiters:
            world.unblock(actor)
            if world.recorder is not None:
                actor.label = f"gets {self.name}"
            world.resume(actor, value)

    @coroutine
    def wait(self, timeout_us: int | None = None) -> Generator[None, Any, Any]:
        """Wait for the value; raise TimeoutError after ``timeout_us`` microseconds (None waits for ever)."""
        if self.is_set:
            self.world.learn(self._set_by)
            return self.value
        self._waiters.append(wait_for(self.world, self, timeout_us))
        return (yield None)

    def __await__(self) -> Generator[None, Any, Any]:
        return (yield from self.wait())  # Python wants a plain generator here

    def forget(self, actor: Actor) -> None:
        """Stop ``actor`` from waiting for this value."""
        if actor in self._waiters:  # not while `set` is waking them
            self._waiters.remove(actor)


class Timer:
    """The moment at which an actor gives up waiting for something."""

    __slots__ = ("actor", "waited", "lane", "node")

    def __init__(self, actor: Actor, waited: Any) -> None:
        self.actor, self.waited = actor, waited
        self.lane, self.node = actor.lane, actor.node

    def send(self, _: None) -> None:
        """Raise TimeoutError in the waiting actor."""
        actor, waited = self.actor, self.waited
        if self.node is not None and self.node.paused:
            actor.timer = None
            self.node.held.append(self)
            return
        if actor.blocked_on is not waited:  # it came during a pause, just before this did
            return
        waited.forget(actor)
        actor.blocked_on = actor.timer = None
        recorder = actor.world.recorder
        if recorder is not None:
            recorder.event(self.lane, "timer", f"gave up on {waited.name}")
        actor.world.resume(actor, None, TimeoutError(f"no answer in time: {waited.name}"))

    def describe(self) -> str:
        """Say what happens when this timer fires."""
        return f"{self.actor.name}: times out waiting for {self.waited.name}"


class Resumption:
    """An actor that goes on after a pause, with the value or the error that came meanwhile."""

    __slots__ = ("actor", "value", "error", "node", "lane")

    def __init__(self, actor: Actor, value: Any, error: BaseException | None = None) -> None:
        self.actor, self.value, self.error, self.node, self.lane = actor, value, error, actor.node, actor.lane

    def send(self, _: None) -> None:
        """Let the actor go on."""
        self.actor.world.resume(self.actor, self.value, self.error)

    def describe(self) -> str:
        """Say who goes on."""
        return f"{self.actor.name}: goes on after the pause"


class Callback:
    """A plain function that the world calls at a time. No crash and no pause stops it: it is the world's act."""

    __slots__ = ("world", "function", "label", "lane", "node")

    def __init__(self, world: World, function: Callable[[], Any], label: str, node: Node | None) -> None:
        self.world, self.function, self.label, self.node = world, function, label, None
        self.lane = node.id if node else ""

    def send(self, _: None) -> None:
        """Call the function."""
        if self.world.recorder is not None and self.lane:
            self.world.recorder.event(self.lane, "timer", self.label)
        self.function()

    def describe(self) -> str:
        """Say what is about to happen."""
        return self.label


class May:
    """Something that the world may do to a scenario, at most ``times`` times: a fault, a loss, an expiry.

    Never part of the default schedule; a driver that chooses offers it while ``when()`` holds.
    """

    __slots__ = ("label", "function", "left", "when", "lane", "kind", "node")

    def __init__(
        self,
        label: str,
        function: Callable[[], Any],
        times: int,
        when: Callable[[], bool],
        lane: str,
        kind: str,
    ) -> None:
        self.label, self.function, self.left, self.when = label, function, times, when
        self.lane, self.kind, self.node = lane, kind, None

    def describe(self) -> str:
        """Say what the world would do."""
        return self.label


async def gather(*awaitables: Awaitable) -> list[Any]:
    """Wait for several actors or futures, in the order given; gives their values as a list."""
    return [await awaitable for awaitable in awaitables]

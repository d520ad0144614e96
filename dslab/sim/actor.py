"""Actors and what they wait for: coroutines, values to come, timers, and what the world may do to them.

| word     | meaning                                                                                     |
|----------|---------------------------------------------------------------------------------------------|
| actor    | a coroutine that a world runs                                                                |
| future   | a value that somebody sets later; whoever waits for it runs at once                           |
| timer    | the moment at which somebody stops waiting                                                    |
| may      | something that could happen at any moment: a crash, a clock that jumps, an expiry             |

What an actor yields to its world: an ``int`` sleeps so many microseconds, a ``str`` is a bare interleaving point with
that label, ``None`` parks it until somebody wakes it. The functions below yield these; nobody else needs to.
"""

from __future__ import annotations

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
    """A running coroutine: await it to get what it returns. Made by `World.spawn` and `Node.spawn`."""

    __slots__ = ("world", "name", "node", "lane", "coro", "send", "label", "done", "result", "blocked_on", "cause", "_waiters")

    def __init__(self, world: World, coro: Coroutine, name: str, node: Node | None, lane: str) -> None:
        self.world, self.coro, self.name, self.node, self.lane = world, coro, name, node, lane
        self.send = coro.send
        self.label = "start"
        self.done = False
        self.result: Any = None
        self.blocked_on: Any = None  # what a parked actor waits for: something with a name and holders
        self.cause: int | None = None  # the event that woke it, for the trace
        self._waiters: list[Actor] = []

    def __repr__(self) -> str:
        return f"<actor {self.name}>"

    def __await__(self) -> Generator[None, Any, Any]:
        if not self.done:
            self._waiters.append(self.world.current)
            yield None
        return self.result

    def describe(self) -> str:
        """Say what this actor does when it is run next."""
        return f"{self.name}: {self.label}"


class Future:
    """A value that somebody will set later. Await it, or give up waiting with `wait`.

    Of several set calls only the first counts: a reply that comes twice is a reply.
    """

    __slots__ = ("world", "name", "is_set", "value", "waiter", "_timer")

    def __init__(self, world: World, name: str = "a value") -> None:
        self.world, self.name = world, name
        self.is_set, self.value = False, None
        self.waiter: Actor | None = None
        self._timer: int | None = None  # the serial of the entry that gives up

    def set(self, value: Any = None) -> None:
        """Give the value to whoever waits; they run at once, before `set` returns."""
        if self.is_set:
            return
        self.is_set, self.value = True, value
        if self._timer is not None:
            self.world.cancel(self._timer)
        if self.waiter is not None:
            waiter, self.waiter = self.waiter, None
            waiter.label = f"gets {self.name}"
            if self.world.recorder is not None:
                waiter.cause = self.world.recorder.last_event(self.world.current)
            self.world.resume(waiter, value)

    @coroutine
    def wait(self, timeout_us: int | None = None) -> Generator[None, Any, Any]:
        """Wait for the value; raise TimeoutError after ``timeout_us`` microseconds (None waits for ever)."""
        if self.is_set:
            return self.value
        actor = self.world.current
        self.waiter, actor.blocked_on = actor, self
        if timeout_us is not None:
            self._timer = self.world.push(self.world.now + timeout_us, Timer(actor, self))
        value = yield None
        actor.blocked_on = None
        return value

    def __await__(self) -> Generator[None, Any, Any]:
        return self.wait()


class Timer:
    """The moment at which somebody who waits for a future gives up."""

    __slots__ = ("actor", "future", "lane", "node")

    def __init__(self, actor: Actor, future: Future) -> None:
        self.actor, self.future = actor, future
        self.lane, self.node = actor.lane, actor.node

    def send(self, _: None) -> None:
        """Raise TimeoutError in the waiting actor."""
        self.future.waiter, self.actor.blocked_on, self.future._timer = None, None, None
        recorder = self.actor.world.recorder
        if recorder is not None:
            recorder.event(self.lane, "timer", f"gave up on {self.future.name}")
        self.actor.world.resume(self.actor, None, TimeoutError(f"no answer in time: {self.future.name}"))

    def describe(self) -> str:
        """Say what happens when this timer fires."""
        return f"{self.actor.name}: times out waiting for {self.future.name}"


class Callback:
    """A plain function that the world calls at a time."""

    __slots__ = ("world", "function", "label", "lane", "node")

    def __init__(self, world: World, function: Callable[[], Any], label: str, node: Node | None) -> None:
        self.world, self.function, self.label, self.node = world, function, label, node
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

    def __init__(self, label: str, function: Callable[[], Any], times: int, when: Callable[[], bool], lane: str, kind: str) -> None:
        self.label, self.function, self.left, self.when = label, function, times, when
        self.lane, self.kind, self.node = lane, kind, None

    def describe(self) -> str:
        """Say what the world would do."""
        return self.label


async def gather(*awaitables: Awaitable) -> list[Any]:
    """Wait for several actors or futures, in the order given; gives their values as a list."""
    return [await awaitable for awaitable in awaitables]

"""Things that actors wait for: locks, semaphores, queues, mailboxes. All are fair: first come, first served.

| word        | meaning                                                                                  |
|-------------|------------------------------------------------------------------------------------------|
| Lock        | one holder at a time                                                                      |
| SharedLock  | many holders in shared mode or one in exclusive mode; a waiting exclusive lets no later shared one pass |
| upgrade     | a shared holder that asks for exclusive mode: it waits for the other holders only             |
| Semaphore   | a number of permits                                                                       |
| Queue       | values in order, perhaps bounded: put waits while it is full, get while it is empty         |
| Mailbox     | the messages of a node that no handler takes, in order of arrival                          |
| try         | to ask without waiting: gives False at once where the answer would be "wait"               |

``async with lock:`` takes and gives back. Who dies in a crash gives nothing back: a lock it holds stays held, and only
who knows the owner can release it (`SharedLock.release` with ``owner``). Who dies waiting is no longer in the line.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Generator
from types import coroutine
from typing import Any

from dslab.sim.actor import Actor, wait_for
from dslab.sim.node import Delivery, Node
from dslab.sim.world import World


class Semaphore:
    """``permits`` permits (at least 1) that actors take and give back; who must wait, waits in order."""

    def __init__(self, world: World, permits: int, name: str = "semaphore") -> None:
        if not isinstance(permits, int) or permits < 1:
            raise ValueError(
                f"a semaphore of {permits!r} permits is not possible; it needs a whole number of at least 1"
            )
        self.world, self.name, self.free = world, name, permits
        self.waiting: deque[Actor] = deque()
        self._given_by: int | None = None  # the event of the last release, for the trace

    @coroutine
    def acquire(self, timeout_us: int | None = None) -> Generator[None, Any, None]:
        """Take a permit, waiting in line if there is none. TimeoutError after ``timeout_us`` (None: waits for ever)."""
        if not self.try_acquire():
            self.waiting.append(wait_for(self.world, self, timeout_us))
            yield None

    def try_acquire(self) -> bool:
        """Take a permit if one is free; gives whether it did."""
        if self.free:
            self.free -= 1
            if self._given_by is not None:
                self.world.learn(self._given_by)
            return True
        return False

    def release(self) -> None:
        """Give a permit back: to the first who waits, if somebody does."""
        if self.waiting:
            self.world.wake(self.waiting.popleft())
        else:
            self.free += 1
            self._given_by = self.world.mark()

    def forget(self, actor: Actor) -> None:
        """Take ``actor`` out of the line."""
        self.waiting.remove(actor)

    async def __aenter__(self) -> Semaphore:
        await self.acquire()
        return self

    async def __aexit__(self, kind: Any, *_: object) -> None:
        if kind is not GeneratorExit:  # the world is thrown away
            self.release()


class SharedLock:
    """A lock in two modes. Owners are actors unless ``owner`` names another (a session, a transaction); equal is the same.

    An owner that holds the lock already gets it again in any mode in which only itself stands in its way.
    """

    def __init__(self, world: World, name: str = "lock") -> None:
        self.world, self.name = world, name
        self.held: list[tuple[Any, bool]] = []  # (owner, exclusive), in order of granting
        self.waiting: deque[tuple[Actor, Any, bool]] = deque()
        self._given_by: int | None = None  # the event of the last release, for the trace

    @property
    def holders(self) -> list[Any]:
        """Who holds the lock, in order of granting."""
        owners = [owner for owner, _ in self.held]
        return [owner for place, owner in enumerate(owners) if owner not in owners[:place]]

    def _holds(self, owner: Any) -> bool:
        return any(other == owner for other, _ in self.held)

    def _conflicts(self, owner: Any, exclusive: bool) -> bool:
        return any(other != owner and (exclusive or other_exclusive) for other, other_exclusive in self.held)

    def try_acquire(self, exclusive: bool = True, owner: Any = None) -> bool:
        """Take the lock if nobody stands in the way, waiting or holding; gives whether it did."""
        owner = self.world.current if owner is None else owner
        if self._conflicts(owner, exclusive) or (self.waiting and not self._holds(owner)):
            return False
        self.held.append((owner, exclusive))
        self.world.learn(self._given_by)
        return True

    @coroutine
    def acquire(
        self, exclusive: bool = True, owner: Any = None, timeout_us: int | None = None
    ) -> Generator[None, Any, None]:
        """Take the lock, waiting behind everybody who asked before; an upgrade waits for the other holders only.

        TimeoutError after ``timeout_us`` microseconds (None: waits for ever).
        """
        owner = self.world.current if owner is None else owner
        if not self.try_acquire(exclusive, owner):
            actor = wait_for(self.world, self, timeout_us)
            upgrades = sum(self._holds(waiting) for _, waiting, _ in self.waiting)
            place = upgrades if self._holds(owner) else len(self.waiting)
            self.waiting.insert(place, (actor, owner, exclusive))
            yield None

    def release(self, owner: Any = None) -> None:
        """Give the lock back once (it may be held several times). ValueError where ``owner`` does not hold it."""
        owner = self.world.current if owner is None else owner
        for place in range(len(self.held) - 1, -1, -1):
            if self.held[place][0] == owner:
                del self.held[place]
                self._given_by = self.world.mark()
                self._grant()
                return
        if isinstance(
            sys.exc_info()[1], GeneratorExit
        ):  # a ``finally`` of an actor that is thrown away with its world
            return
        name = getattr(owner, "name", owner)
        raise ValueError(
            f"{name} releases {self.name} without holding it; it is held by {_names(self.holders)}"
        )

    def _grant(self) -> None:
        while self.waiting:
            actor, owner, exclusive = self.waiting[0]
            if self._conflicts(owner, exclusive):
                return
            self.waiting.popleft()
            self.held.append((owner, exclusive))
            self.world.wake(actor)

    def forget(self, actor: Actor) -> None:
        """Take ``actor`` out of the line; whom only it kept waiting gets the lock."""
        self.waiting = deque(waiting for waiting in self.waiting if waiting[0] is not actor)
        self._grant()

    def shared(self) -> _Shared:
        """Give what ``async with`` takes to hold this lock in shared mode."""
        return _Shared(self)

    async def __aenter__(self) -> SharedLock:
        await self.acquire()
        return self

    async def __aexit__(self, kind: Any, *_: object) -> None:
        if kind is not GeneratorExit:  # the world is thrown away
            self.release()


class _Shared:
    """A shared lock, held in shared mode inside ``async with``."""

    def __init__(self, lock: SharedLock) -> None:
        self.lock = lock

    async def __aenter__(self) -> SharedLock:
        await self.lock.acquire(exclusive=False)
        return self.lock

    async def __aexit__(self, *raised: Any) -> None:
        await self.lock.__aexit__(*raised)


class Lock(SharedLock):
    """A lock with one holder at a time, which may not take it twice."""

    def try_acquire(self, exclusive: bool = True, owner: Any = None) -> bool:
        """Take the lock if it is free and nobody waits; gives whether it did."""
        return not self.held and super().try_acquire(True, owner)

    @coroutine
    def acquire(
        self, exclusive: bool = True, owner: Any = None, timeout_us: int | None = None
    ) -> Generator[None, Any, None]:
        """Take the lock, waiting behind everybody who asked before. ValueError where the owner has it already.

        TimeoutError after ``timeout_us`` microseconds (None: waits for ever).
        """
        owner = self.world.current if owner is None else owner
        if self._holds(owner):
            raise ValueError(
                f"{getattr(owner, 'name', owner)} holds {self.name} already and would wait for itself; release it first"
            )
        return (yield from super().acquire(True, owner, timeout_us))

    def _conflicts(self, owner: Any, exclusive: bool) -> bool:
        return bool(self.held)


class Queue:
    """Values in order of putting, at most ``capacity`` of them (None: any number)."""

    def __init__(self, world: World, capacity: int | None = None, name: str = "queue") -> None:
        if capacity is not None and (not isinstance(capacity, int) or capacity < 1):
            raise ValueError(
                f"a queue of capacity {capacity!r} can hold nothing; use a whole number of at least 1, or None for no bound"
            )
        self.world, self.capacity, self.name = world, capacity, name
        self.items: deque[Any] = deque()
        self._put_by: deque[int | None] = deque()  # of each item: the event, for the trace
        self._getters: deque[Actor] = deque()
        self._putters: deque[tuple[Actor, Any]] = deque()

    def __len__(self) -> int:
        return len(self.items)

    def try_put(self, item: Any) -> bool:
        """Put ``item`` in if there is room; gives whether it did."""
        if self._getters:
            self.world.wake(self._getters.popleft(), item)
        elif self.capacity is not None and len(self.items) >= self.capacity:
            return False
        else:
            self._append(item)
        return True

    def _append(self, item: Any) -> None:
        self.items.append(item)
        self._put_by.append(self.world.mark())

    @coroutine
    def put(self, item: Any, timeout_us: int | None = None) -> Generator[None, Any, None]:
        """Put ``item`` in, waiting while the queue is full. TimeoutError after ``timeout_us`` (None: waits for ever)."""
        if not self.try_put(item):
            self._putters.append((wait_for(self.world, self, timeout_us), item))
            yield None

    def try_get(self, default: Any = None) -> Any:
        """Take the oldest value out, or give ``default`` where there is none."""
        if not self.items:
            return default
        self.world.learn(self._put_by.popleft())
        item = self.items.popleft()
        if self._putters:
            actor, waiting = self._putters.popleft()
            self._append(waiting)
            self.world.wake(actor)
        return item

    @coroutine
    def get(self, timeout_us: int | None = None) -> Generator[None, Any, Any]:
        """Take the oldest value out, waiting while there is none. TimeoutError after ``timeout_us`` (None: waits for ever)."""
        if not self.items:
            self._getters.append(wait_for(self.world, self, timeout_us))
            return (yield None)
        return self.try_get()

    def clear(self) -> None:
        """Throw away what is in the queue."""
        self.items.clear()
        self._put_by.clear()

    def forget(self, actor: Actor) -> None:
        """Take ``actor`` out of the lines."""
        self._getters = deque(waiting for waiting in self._getters if waiting is not actor)
        self._putters = deque(waiting for waiting in self._putters if waiting[0] is not actor)


class Mailbox(Queue):
    """The messages of ``node`` called ``names``, in order of arrival; with no names: all that no handler takes.

    ``await box.get(timeout_us)`` gives the oldest: it has ``name``, ``src`` (who sent it), ``payload`` (a dict), and
    ``reply(value)`` where it was a call. A crash empties the box. ValueError where somebody takes these messages already.
    """

    def __init__(self, node: Node, *names: str) -> None:
        super().__init__(node.world, name=f"mailbox of {node.id}")
        for name in names or ("",):
            if name in node.handlers or name in node.boxes:
                raise ValueError(
                    f"{node.id} takes {name or 'all other messages'!r} already; a message has one taker"
                )
        for name in names or ("",):
            node.boxes[name] = self

    def deliver(self, message: Delivery) -> None:
        """Put a message that arrived into the box."""
        self.try_put(message)


def _names(owners: list[Any]) -> str:
    return ", ".join(str(getattr(owner, "name", owner)) for owner in owners) or "nobody"

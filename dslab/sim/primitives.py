"""Things that actors wait for: locks, semaphores, queues. All are fair: first come, first served.

| word        | meaning                                                                                  |
|-------------|------------------------------------------------------------------------------------------|
| Lock        | one holder at a time                                                                      |
| SharedLock  | many holders in shared mode or one in exclusive mode; a waiting exclusive lets no later shared one pass |
| Semaphore   | a number of permits                                                                       |
| Queue       | values in order, perhaps bounded: put waits while it is full, get while it is empty         |
| try         | to ask without waiting: gives False at once where the answer would be "wait"               |
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from types import coroutine
from typing import Any

from dslab.sim.actor import Actor
from dslab.sim.world import World


class Semaphore:
    """``permits`` permits (at least 1) that actors take and give back; who must wait, waits in order."""

    def __init__(self, world: World, permits: int, name: str = "semaphore") -> None:
        if permits < 1:
            raise ValueError(f"a semaphore of {permits} permits lets nobody pass; it needs at least 1")
        self.world, self.name, self.free = world, name, permits
        self.waiting: deque[Actor] = deque()

    @coroutine
    def acquire(self) -> Generator[None, Any, None]:
        """Take a permit, waiting in line if there is none."""
        if self.free:
            self.free -= 1
            return
        actor = self.world.current
        actor.blocked_on = self
        self.waiting.append(actor)
        yield None

    def try_acquire(self) -> bool:
        """Take a permit if one is free; gives whether it did."""
        if self.free:
            self.free -= 1
            return True
        return False

    def release(self) -> None:
        """Give a permit back: to the first who waits, if somebody does."""
        while self.waiting:
            actor = self.waiting.popleft()
            if not actor.done:
                self.world.wake(actor)
                return
        self.free += 1


class SharedLock:
    """A lock in two modes. Owners are actors unless ``owner`` names another (a session, a transaction).

    An owner that holds the lock already gets it again in any mode in which only itself stands in its way.
    """

    def __init__(self, world: World, name: str = "lock") -> None:
        self.world, self.name = world, name
        self.held: list[tuple[Any, bool]] = []  # (owner, exclusive), in order of granting
        self.waiting: deque[tuple[Actor, Any, bool]] = deque()

    @property
    def holders(self) -> list[Any]:
        """Who holds the lock, in order of granting."""
        return list(dict.fromkeys(owner for owner, _ in self.held))

    def _conflicts(self, owner: Any, exclusive: bool) -> bool:
        return any(other is not owner and (exclusive or other_exclusive) for other, other_exclusive in self.held)

    def try_acquire(self, exclusive: bool = True, owner: Any = None) -> bool:
        """Take the lock if nobody stands in the way, waiting or holding; gives whether it did."""
        owner = owner or self.world.current
        holds = any(other is owner for other, _ in self.held)
        if self._conflicts(owner, exclusive) or (self.waiting and not holds):
            return False
        self.held.append((owner, exclusive))
        return True

    @coroutine
    def acquire(self, exclusive: bool = True, owner: Any = None) -> Generator[None, Any, None]:
        """Take the lock, waiting behind everybody who asked before."""
        actor = self.world.current
        owner = owner or actor
        if not self.try_acquire(exclusive, owner):
            actor.blocked_on = self
            self.waiting.append((actor, owner, exclusive))
            yield None

    def release(self, owner: Any = None) -> None:
        """Give the lock back once (it may be held several times). ValueError where ``owner`` does not hold it."""
        owner = owner or self.world.current
        for place in range(len(self.held) - 1, -1, -1):
            if self.held[place][0] is owner:
                del self.held[place]
                self._grant()
                return
        name = getattr(owner, "name", owner)
        raise ValueError(f"{name} releases {self.name} without holding it; it is held by {_names(self.holders)}")

    def _grant(self) -> None:
        while self.waiting:
            actor, owner, exclusive = self.waiting[0]
            if not actor.done:
                if self._conflicts(owner, exclusive):
                    return
                self.held.append((owner, exclusive))
                self.world.wake(actor)
            self.waiting.popleft()


class Lock(SharedLock):
    """A lock with one holder at a time, which may not take it twice."""

    def try_acquire(self, exclusive: bool = True, owner: Any = None) -> bool:
        """Take the lock if it is free and nobody waits; gives whether it did."""
        return not self.held and super().try_acquire(True, owner)

    def _conflicts(self, owner: Any, exclusive: bool) -> bool:
        return bool(self.held)


class Queue:
    """Values in order of putting, at most ``capacity`` of them (None: any number)."""

    def __init__(self, world: World, capacity: int | None = None, name: str = "queue") -> None:
        if capacity is not None and capacity < 1:
            raise ValueError(f"a queue of capacity {capacity} can hold nothing; use at least 1, or None for no bound")
        self.world, self.capacity, self.name = world, capacity, name
        self.items: deque[Any] = deque()
        self._getters: deque[Actor] = deque()
        self._putters: deque[tuple[Actor, Any]] = deque()

    def __len__(self) -> int:
        return len(self.items)

    def try_put(self, item: Any) -> bool:
        """Put ``item`` in if there is room; gives whether it did."""
        while self._getters:
            actor = self._getters.popleft()
            if not actor.done:
                self.world.wake(actor, item)
                return True
        if self.capacity is not None and len(self.items) >= self.capacity:
            return False
        self.items.append(item)
        return True

    @coroutine
    def put(self, item: Any) -> Generator[None, Any, None]:
        """Put ``item`` in, waiting while the queue is full."""
        if not self.try_put(item):
            actor = self.world.current
            actor.blocked_on = self
            self._putters.append((actor, item))
            yield None

    @coroutine
    def get(self) -> Generator[None, Any, Any]:
        """Take the oldest value out, waiting while there is none."""
        if not self.items:
            actor = self.world.current
            actor.blocked_on = self
            self._getters.append(actor)
            return (yield None)
        item = self.items.popleft()
        while self._putters:
            actor, waiting = self._putters.popleft()
            if not actor.done:
                self.items.append(waiting)
                self.world.wake(actor)
                break
        return item


def _names(owners: list[Any]) -> str:
    return ", ".join(str(getattr(owner, "name", owner)) for owner in owners) or "nobody"

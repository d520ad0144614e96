"""Locks, semaphores and queues: who gets what when, who stands in whose way, and what a wrong release says."""

import pytest

from dslab.sim import Lock, Queue, Semaphore, SharedLock, World, sleep


def at_times(world, script):
    """Run (time, async function) pairs, each as an actor of its own; give the world at rest."""
    for time, act in script:

        async def later(time=time, act=act):
            await sleep(time)
            await act()

        world.spawn(later(), f"actor {time}")
    return world.run()


def use(world, lock, got, name, us=10, **how):
    """Give an actor that takes a lock, notes when it has it, holds it for ``us``, and gives it back."""

    async def act():
        await lock.acquire(**how)
        got.append((world.now, name))
        await sleep(us)
        lock.release()

    return act


# -- Lock ------------------------------------------------------------------------------------------------------


def test_a_lock_is_for_one_at_a_time_first_come_first_served():
    world, got = World(), []
    lock = Lock(world)
    at_times(world, [(time, use(world, lock, got, name)) for time, name in ((2, "c"), (0, "a"), (1, "b"))])
    assert got == [(0, "a"), (10, "b"), (20, "c")]


def test_a_lock_that_is_given_back_goes_to_who_waits_before_anybody_who_comes_then():
    world, got = World(), []
    lock = Lock(world)
    script = [
        (0, use(world, lock, got, "a")),
        (5, use(world, lock, got, "b")),
        (10, use(world, lock, got, "c")),
    ]
    at_times(world, script)
    assert [name for _, name in got] == ["a", "b", "c"]


def test_try_takes_a_free_lock_and_only_that():
    world = World()
    lock = Lock(world)
    assert [lock.try_acquire(owner=1), lock.try_acquire(owner=1), lock.try_acquire(owner=2)] == [
        True,
        False,
        False,
    ]


def test_who_holds_a_lock_and_asks_again_is_told_at_once():
    world = World()
    lock = Lock(world, "the lock")

    async def act():
        async with lock:
            with pytest.raises(ValueError, match="twice holds the lock already"):
                await lock.acquire()
        return lock.holders

    actor = world.spawn(act(), "twice")
    world.run()
    assert actor.result == []


def test_async_with_gives_back_after_an_exception():
    world = World()
    lock = Lock(world)

    async def act():
        async with lock:
            raise LookupError

    world.spawn(act())
    with pytest.raises(LookupError):
        world.run()
    assert lock.holders == []


# -- SharedLock ------------------------------------------------------------------------------------------------


def test_shared_holders_hold_together_and_exclude_exclusive_ones():
    world, got = World(), []
    lock = SharedLock(world)
    script = [(0, use(world, lock, got, "s", exclusive=False)), (1, use(world, lock, got, "t", exclusive=False)),
              (2, use(world, lock, got, "x", exclusive=True))]  # fmt: skip
    at_times(world, script)
    assert got == [(0, "s"), (1, "t"), (11, "x")]


def test_nobody_passes_a_waiting_exclusive():
    world, got = World(), []
    lock = SharedLock(world)
    script = [(0, use(world, lock, got, "s", exclusive=False)), (1, use(world, lock, got, "x", exclusive=True)),
              (2, use(world, lock, got, "t", exclusive=False)), (3, use(world, lock, got, "u", exclusive=False))]  # fmt: skip
    at_times(world, script)
    assert got == [(0, "s"), (10, "x"), (20, "t"), (20, "u")]


def test_try_in_shared_mode_does_not_pass_a_waiting_exclusive_either():
    world, got = World(), []
    lock = SharedLock(world)

    async def tries():
        got.append((world.now, lock.try_acquire(exclusive=False)))

    script = [(0, use(world, lock, got, "s", exclusive=False)), (1, use(world, lock, got, "x")), (2, tries)]
    at_times(world, script)
    assert got == [(0, "s"), (2, False), (10, "x")]


def test_a_holder_gets_the_lock_again_past_those_who_wait():
    world, got = World(), []
    lock = SharedLock(world)

    async def twice():
        await lock.acquire(exclusive=False)
        await sleep(5)
        await lock.acquire(exclusive=False)
        got.append((world.now, "again"))
        lock.release()
        await sleep(5)
        lock.release()

    at_times(world, [(0, twice), (1, use(world, lock, got, "x"))])
    assert got == [(5, "again"), (10, "x")]


@pytest.mark.parametrize(("other_us", "upgraded"), [(None, 5), (20, 20)], ids=["alone", "not alone"])
def test_an_upgrade_waits_for_the_other_holders_only(other_us, upgraded):
    world, got = World(), []
    lock = SharedLock(world)

    async def upgrades():
        await lock.acquire(exclusive=False)
        await sleep(5)
        await lock.acquire(exclusive=True)
        got.append((world.now, "upgraded"))
        lock.release()
        lock.release()

    script = [(0, upgrades), (1, use(world, lock, got, "x"))]
    if other_us:
        script.insert(0, (0, use(world, lock, got, "other", other_us, exclusive=False)))
    at_times(world, script)
    assert got[-2:] == [(upgraded, "upgraded"), (upgraded, "x")]


def test_two_upgrades_wait_for_each_other_for_ever_and_waits_for_says_so():
    world = World()
    lock = SharedLock(world, "row")

    async def upgrades():
        await lock.acquire(exclusive=False)
        await sleep(5)
        await lock.acquire(exclusive=True)

    for name in ("a", "b"):
        world.spawn(upgrades(), name)
    world.run()
    assert world.waits_for() == [("a", "row", ["a", "b"]), ("b", "row", ["a", "b"])]
    world.close()


def test_async_with_in_both_modes():
    world, got = World(), []
    lock = SharedLock(world)

    async def reads():
        async with lock.shared():
            got.append((world.now, "reads"))
            await sleep(10)

    async def writes():
        async with lock:
            got.append((world.now, "writes"))
            await sleep(10)

    at_times(world, [(0, reads), (1, reads), (2, writes), (3, reads)])
    assert got == [(0, "reads"), (1, "reads"), (11, "writes"), (21, "reads")]


@pytest.mark.parametrize("owner", [0, "", "session 1", ("transaction", 7)], ids=repr)
def test_an_owner_can_be_anything_that_equals_itself(owner):
    lock = SharedLock(World())
    assert lock.try_acquire(owner=owner)
    assert not lock.try_acquire(owner="somebody else")
    lock.release(owner=eval(repr(owner)))  # equal, and not the same object
    assert lock.holders == []


def test_a_lock_held_twice_is_given_back_twice():
    lock = SharedLock(World())
    lock.try_acquire(owner="me")
    lock.try_acquire(owner="me")
    lock.release(owner="me")
    assert lock.holders == ["me"]


@pytest.mark.parametrize("make", [Lock, SharedLock])
def test_to_give_back_what_one_does_not_hold_is_a_mistake_that_names_the_holders(make):
    lock = make(World(), "row k")
    lock.try_acquire(owner="reader")
    with pytest.raises(ValueError, match="writer releases row k without holding it; it is held by reader"):
        lock.release(owner="writer")
    assert lock.holders == ["reader"]


def test_nobody_gives_back_a_lock_that_nobody_holds():
    with pytest.raises(ValueError, match="held by nobody"):
        Lock(World()).release(owner="me")


# -- Semaphore ------------------------------------------------------------------------------------------------


def test_a_semaphore_lets_so_many_pass_and_the_rest_in_order():
    world, got = World(), []
    semaphore = Semaphore(world, 2)
    at_times(world, [(time, use(world, semaphore, got, time)) for time in range(5)])
    assert got == [(0, 0), (1, 1), (10, 2), (11, 3), (20, 4)]


def test_permits_can_be_given_that_nobody_took():
    semaphore = Semaphore(World(), 1)
    semaphore.release()
    assert [semaphore.try_acquire() for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("permits", [0, -1, 1.5, None])
def test_a_semaphore_has_at_least_one_permit(permits):
    with pytest.raises(ValueError, match="whole number of at least 1"):
        Semaphore(World(), permits)


# -- Queue ----------------------------------------------------------------------------------------------------


def test_values_come_out_as_they_went_in():
    world = World()
    queue = Queue(world)

    async def takes():
        return [await queue.get() for _ in range(3)]

    actor = world.spawn(takes())
    for item in "abc":
        queue.try_put(item)
    world.run()
    assert actor.result == ["a", "b", "c"]


def test_who_waited_longest_for_a_value_gets_it():
    world, got = World(), []
    queue = Queue(world)

    def takes(name):
        async def act():
            got.append((name, await queue.get(), world.now))

        return act

    async def puts():
        for item in "xy":
            await queue.put(item)

    at_times(world, [(0, takes("a")), (1, takes("b")), (5, puts)])
    assert got == [("a", "x", 5), ("b", "y", 5)]


def test_a_full_queue_makes_who_puts_wait_in_line():
    world, log = World(), []
    queue = Queue(world, capacity=2)

    async def puts():
        for item in range(4):
            await queue.put(item)
            log.append((world.now, "put", item))

    async def takes():
        for _ in range(4):
            log.append((world.now, "got", await queue.get()))
            await sleep(10)

    at_times(world, [(0, puts), (5, takes)])
    puts_at = [(time, item) for time, what, item in log if what == "put"]
    assert puts_at == [(0, 0), (0, 1), (5, 2), (15, 3)]
    assert [item for _, what, item in log if what == "got"] == [0, 1, 2, 3]


def test_try_put_and_try_get_never_wait():
    queue = Queue(World(), capacity=1)
    assert [queue.try_put("a"), queue.try_put("b"), queue.try_get(), queue.try_get("none")] == [
        True,
        False,
        "a",
        "none",
    ]


@pytest.mark.parametrize("capacity", [0, -1, 0.5])
def test_a_queue_can_hold_something(capacity):
    with pytest.raises(ValueError, match="can hold nothing"):
        Queue(World(), capacity)


# -- giving up ------------------------------------------------------------------------------------------------


def gives_up(make, full, wait):
    """Wait 7 µs for something that is not to be had; give when and why the waiting ended, and who is still in line."""
    world = World()
    thing = make(world)
    full(thing)

    async def act():
        try:
            await wait(thing)
        except TimeoutError as error:
            return world.now, str(error)

    actor = world.spawn(act())
    world.run()
    lines = [getattr(thing, line, ()) for line in ("waiting", "_getters", "_putters")]
    return actor.result, sum(map(len, lines)), actor.blocked_on


@pytest.mark.parametrize(
    ("make", "full", "wait", "name"),
    [
        (Lock, lambda lock: lock.try_acquire(owner=1), lambda lock: lock.acquire(timeout_us=7), "lock"),
        (SharedLock, lambda lock: lock.try_acquire(owner=1), lambda lock: lock.acquire(False, timeout_us=7), "lock"),
        (lambda world: Semaphore(world, 1), lambda s: s.try_acquire(), lambda s: s.acquire(timeout_us=7), "semaphore"),
        (Queue, lambda queue: None, lambda queue: queue.get(timeout_us=7), "queue"),
        (lambda world: Queue(world, 1), lambda queue: queue.try_put(1), lambda queue: queue.put(2, timeout_us=7), "queue"),
    ],
    ids=["Lock", "SharedLock", "Semaphore", "get", "put"],
)  # fmt: skip
def test_every_wait_can_end(make, full, wait, name):
    assert gives_up(make, full, wait) == ((7, f"no answer in time: {name}"), 0, None)


def test_who_gives_up_lets_those_behind_it_pass():
    world, got = World(), []
    lock = SharedLock(world)

    async def impatient():
        with pytest.raises(TimeoutError):
            await lock.acquire(exclusive=True, timeout_us=5)

    script = [
        (0, use(world, lock, got, "s", 100, exclusive=False)),
        (1, impatient),
        (2, use(world, lock, got, "t", exclusive=False)),
    ]
    at_times(world, script)
    assert got == [(0, "s"), (6, "t")]


def test_a_wait_that_ended_well_leaves_no_timer():
    world, got = World(), []
    lock = Lock(world)
    at_times(world, [(0, use(world, lock, got, "a")), (1, use(world, lock, got, "b", timeout_us=1_000))])
    assert (got, world.now, world._heap, world._cancelled) == ([(0, "a"), (10, "b")], 20, [], set())

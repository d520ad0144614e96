"""Futures: who gets the value, when, how often; and giving up."""

import pytest

from dslab.sim import Future, World, sleep


def waiting(timeouts, set_at=None, value="v"):
    """Actors that wait for one future, each with its timeout; give what each got and when."""
    world, got = World(), []
    future = Future(world, "the answer")

    async def wait(name, timeout_us):
        try:
            value = await future.wait(timeout_us)
            got.append((world.now, name, value))
        except TimeoutError as error:
            got.append((world.now, name, str(error)))

    for name, timeout_us in enumerate(timeouts):
        world.spawn(wait(name, timeout_us))
    if set_at is not None:
        world.at(set_at, lambda: future.set(value))
    world.run()
    return got


def test_everybody_who_waits_gets_the_value_in_order():
    assert waiting([None, 50, None], set_at=10) == [(10, 0, "v"), (10, 1, "v"), (10, 2, "v")]


def test_a_future_may_be_awaited_by_its_name_alone():
    world = World()
    future = Future(world)

    async def asks():
        return await future

    actor = world.spawn(asks())
    world.at(4, lambda: future.set("v"))
    world.run()
    assert actor.result == "v"


def test_who_gives_up_hears_what_of_and_the_others_wait_on():
    assert waiting([None, 5], set_at=10) == [(5, 1, "no answer in time: the answer"), (10, 0, "v")]


def test_in_the_microsecond_of_the_timeout_the_value_counts_if_it_asked_for_it_first():
    assert waiting([10], set_at=10) == [(10, 0, "v")]


def test_in_the_microsecond_of_the_timeout_the_timer_counts_if_it_asked_for_it_first():
    world, got = World(), []
    future = Future(world)

    async def waits():
        try:
            await future.wait(timeout_us=10)
        except TimeoutError:
            got.append("gave up")

    async def sets():
        await sleep(10)
        future.set("late")

    world.spawn(waits())
    world.spawn(sets())
    world.run()
    assert got == ["gave up"]


def test_only_the_first_value_counts():
    world = World()
    future = Future(world)
    future.set(1)
    future.set(2)
    assert future.value == 1


def test_a_value_that_is_there_takes_no_time():
    world = World()
    future = Future(world)
    future.set(7)

    async def asks():
        return await future

    actor = world.spawn(asks())
    world.run(events=1)
    assert (actor.result, world.now) == (7, 0)


def test_whoever_waits_runs_before_set_returns():
    world, lines = World(), []
    future = Future(world)

    async def waits():
        lines.append(await future)

    async def sets():
        await sleep(1)
        future.set("value")
        lines.append("set")

    world.spawn(waits())
    world.spawn(sets())
    world.run()
    assert lines == ["value", "set"]


def test_what_a_waiter_raises_comes_out_of_set():
    world, caught = World(), []
    future = Future(world)

    async def waits():
        raise LookupError(await future)

    async def sets():
        await sleep(1)
        try:
            future.set("value")
        except LookupError as error:
            caught.append(str(error))

    world.spawn(waits())
    world.spawn(sets())
    world.run()
    assert caught == ["value"]


@pytest.mark.parametrize(("timeout", "kind"), [(-1, ValueError), (1.5, TypeError)])
def test_a_timeout_is_a_whole_number_of_at_least_0(timeout, kind):
    world = World()
    future = Future(world)

    async def waits():
        with pytest.raises(kind, match="timeout"):
            await future.wait(timeout)
        return "went on"

    actor = world.spawn(waits())
    world.run()
    assert (actor.result, future._waiters, actor.blocked_on) == ("went on", [], None)


def test_a_timeout_of_zero_gives_what_is_set_in_this_moment_a_chance():
    world, got = World(), []
    future = Future(world)

    async def waits():
        got.append(await future.wait(timeout_us=0))

    world.spawn(waits())
    world.at(0, lambda: future.set("just in time"))
    world.run()
    assert got == ["just in time"]

"""A world by time: what happens when, in which order, what comes out of `run`, and what bad input leaves behind."""

import gc
import warnings

import pytest

from dslab.sim import Future, Lock, World, gather, sleep, step


def diary():
    """A world and a list that its actors write (time, word) to."""
    world, lines = World(), []
    return world, lines, lambda word: lines.append((world.now, word))


async def beats(write, name, *pauses):
    """Write ``name`` at the start and after each pause."""
    write(name)
    for pause in pauses:
        await sleep(pause)
        write(name)


# -- order and time -----------------------------------------------------------------------------------


def test_earlier_comes_first():
    world, lines, write = diary()
    world.spawn(beats(write, "a", 30, 5))
    world.spawn(beats(write, "b", 10, 10))
    world.run()
    assert lines == [(0, "a"), (0, "b"), (10, "b"), (20, "b"), (30, "a"), (35, "a")]


def test_ties_go_to_who_asked_first():
    world, lines, write = diary()
    world.spawn(beats(write, "a", 10, 10))  # asks at 10 for 20, after b asked at 0
    world.spawn(beats(write, "b", 20))
    world.spawn(beats(write, "c", 5, 15))  # asks at 5 for 20
    world.run()
    assert [word for time, word in lines if time == 20] == ["b", "c", "a"]


def test_sleep_of_zero_lets_everybody_else_of_this_moment_go_first():
    world, lines, write = diary()
    world.spawn(beats(write, "a", 0, 0))
    world.spawn(beats(write, "b", 0))
    world.spawn(beats(write, "c"))
    world.run()
    assert lines == [(0, word) for word in "abcaba"]


def test_step_takes_no_time_and_lets_others_go_first():
    world, lines, write = diary()

    async def walk(name):
        write(name)
        await step("on")
        write(name)

    world.spawn(walk("a"))
    world.spawn(walk("b"))
    world.run()
    assert lines == [(0, word) for word in "abab"]


def test_an_actor_starts_when_time_goes_on_not_when_it_is_spawned():
    world, lines, write = diary()

    async def parent():
        world.spawn(beats(write, "child"))
        write("parent")

    world.spawn(parent())
    assert lines == []
    world.run()
    assert lines == [(0, "parent"), (0, "child")]


def test_a_call_at_a_time_comes_at_that_time():
    world, lines, write = diary()
    world.at(25, lambda: write("call"))
    world.spawn(beats(write, "a", 20, 10))
    world.run()
    assert lines == [(0, "a"), (20, "a"), (25, "call"), (30, "a")]


def test_two_worlds_know_nothing_of_each_other():
    one, _, write = diary()
    two, others, write_other = diary()
    one.spawn(beats(write, "a", 7))
    two.spawn(beats(write_other, "b", 9))
    one.run()
    assert (one.now, two.now, others) == (7, 0, [])
    two.close()


def test_chance_comes_from_the_seed_alone():
    assert World(seed=5).rng.random() == World(seed=5).rng.random() != World(seed=6).rng.random()


# -- run, step and their ends ---------------------------------------------------------------------------


def test_run_stops_after_the_events_of_its_last_microsecond():
    world, lines, write = diary()
    world.spawn(beats(write, "a", 10, 1))
    world.run(until_us=10)
    assert (lines, world.now) == ([(0, "a"), (10, "a")], 10)


def test_run_takes_the_clock_along_where_nothing_happens():
    assert World().run(until_us=40).now == 40


def test_run_in_slices_is_the_same_run():
    whole, lines, write = diary()
    sliced, pieces, write_piece = diary()
    for world, note in ((whole, write), (sliced, write_piece)):
        world.spawn(beats(note, "a", 3, 4, 5))
        world.spawn(beats(note, "b", 2, 5, 5))
    whole.run()
    for until in range(0, 13, 2):
        sliced.run(until_us=until)
    assert (pieces, sliced.now) == (lines, 12)


def test_run_counts_events():
    world, lines, write = diary()
    world.spawn(beats(write, "a", 10, 10))
    world.run(events=2)
    assert (lines, world.now) == ([(0, "a"), (10, "a")], 10)


def test_a_timer_that_was_called_off_is_no_event():
    world, lines, write = diary()
    future = Future(world)

    async def waits():
        write(await future.wait(timeout_us=5))
        await sleep(20)
        write("end")

    world.spawn(waits())
    world.at(3, lambda: future.set("in time"))
    world.run(events=3)  # start, call, end
    assert lines == [(3, "in time"), (23, "end")]


def test_step_says_whether_anything_was_left():
    world, _, write = diary()
    world.spawn(beats(write, "a", 4))
    assert [world.step(), world.step(), world.step(), world.now] == [True, True, False, 4]


def test_a_run_that_is_over_can_be_taken_up_again():
    world, lines, write = diary()
    world.spawn(beats(write, "a", 5))
    world.run()
    world.spawn(beats(write, "b", 5))
    world.run()
    assert lines == [(0, "a"), (5, "a"), (5, "b"), (10, "b")]


# -- exceptions -----------------------------------------------------------------------------------------


async def fails(after=5):
    await sleep(after)
    raise LookupError("nothing there")


@pytest.mark.parametrize("how", [{}, {"until_us": 100}, {"events": 100}])
def test_an_exception_comes_out_of_run(how):
    world = World()
    world.spawn(fails())
    with pytest.raises(LookupError, match="nothing there"):
        world.run(**how)


@pytest.mark.parametrize("how", [{}, {"until_us": 100}, {"events": 100}])
def test_after_an_exception_the_others_run_on(how):
    world, lines, write = diary()
    failing = world.spawn(fails())
    world.spawn(beats(write, "b", 5, 5))
    with pytest.raises(LookupError):
        world.run(**how)
    world.run()
    assert (failing.done, lines) == (True, [(0, "b"), (5, "b"), (10, "b")])


def test_a_plain_function_may_raise_stop_iteration():
    world = World()
    world.at(3, lambda: next(iter(())))
    with pytest.raises(StopIteration):
        world.run()


@pytest.mark.parametrize(
    ("wrong", "kind"), [(-1, ValueError), (1.5, TypeError), (True, TypeError), ("", None)]
)
def test_sleep_takes_a_whole_number_of_at_least_0(wrong, kind):
    world, lines, write = diary()

    async def sleeps():
        try:
            await sleep(wrong)
        except (TypeError, ValueError) as error:
            write((type(error), "whole number of microseconds of at least 0" in str(error)))

    world.spawn(sleeps())
    world.run()
    assert lines == ([(0, (kind, True))] if kind else [])


def test_a_wrong_sleep_is_shown_where_it_stands():
    world = World()

    async def sleeps():
        await sleep(-3)

    world.spawn(sleeps(), "sleeper")
    with pytest.raises(ValueError, match="sleeper awaited -3") as raised:
        world.run()
    assert "sleeps" in [entry.name for entry in raised.traceback]


def test_an_actor_cannot_run_its_world():
    world = World()

    async def climbs():
        world.run()

    world.spawn(climbs())
    with pytest.raises(RuntimeError, match="running already"):
        world.run()


# -- bad input changes nothing ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda world: world.at(3, print), ValueError, "lies in the past"),
        (lambda world: world.at(20.0, print), TypeError, "whole number of microseconds"),
        (lambda world: world.run(until_us=20.0), TypeError, "whole number of microseconds"),
        (lambda world: world.run(events=-1), ValueError, "at least 0"),
        (lambda world: world.spawn(fails), TypeError, "called async function"),
        (lambda world: world.spawn(iter(())), TypeError, "called async function"),
        (lambda world: world.node("n"), ValueError, "names of nodes must differ"),
        (lambda world: world.link("n"), ValueError, "one end"),
        (lambda world: world.link("n", "n", latency=-1), ValueError, "at least 0"),
        (lambda world: world.link("n", "n", loss=2), ValueError, "0..1"),
        (lambda world: world.link("n", "n", may_lose=-1), ValueError, "at least 0"),
        (lambda world: world.may("never", print, times=0), ValueError, "at least 1"),
        (lambda world: world.cut("n", "m"), ValueError, "no node 'm'; nodes: n"),
        (lambda world: world.heal("m", "n"), ValueError, "no node 'm'"),
        (lambda world: world.partition(["n"], ["n"]), ValueError, "one side"),
        (lambda world: world.partition("n", "m"), TypeError, "lists of names"),
        (lambda world: World(patience_us=-1), ValueError, "at least 0"),
        (lambda world: world.trace, ValueError, "records no trace"),
    ],
)
def test_bad_input_gets_a_sentence_and_changes_nothing(call, kind, words):
    world = World()
    world.node("n")
    world.run(until_us=10)
    with pytest.raises(kind, match=words):
        call(world)
    left = (world.now, list(world.nodes), world.actors, world.mays, world.cuts, world._links, world._heap)
    assert left == (10, ["n"], [], [], set(), {}, [])


# -- spawning and waiting for actors ------------------------------------------------------------------------


def test_actors_without_a_name_are_called_after_their_function():
    world = World()
    assert [world.spawn(fails()).name for _ in range(3)] == ["fails", "fails 2", "fails 3"]
    world.close()


def test_who_waits_for_an_actor_gets_what_it_returns():
    world, lines, write = diary()

    async def adds(a, b):
        await sleep(8)
        return a + b

    async def asks():
        write(await gather(world.spawn(adds(1, 2)), world.spawn(adds(3, 4))))

    world.spawn(asks())
    world.run()
    assert lines == [(8, [3, 7])]


def test_waiting_for_an_actor_that_is_done_takes_no_time():
    world, lines, write = diary()
    done = world.spawn(beats(write, "a"))
    world.run()

    async def asks():
        await done
        write("asked")

    world.spawn(asks())
    world.run(events=1)
    assert lines[-1] == (0, "asked")


def test_waits_for_names_who_waits_for_what_held_by_whom():
    world = World()
    lock = Lock(world, "the lock")

    async def holds(other):
        await lock.acquire()
        await other

    async def wants():
        await lock.acquire()

    wanting = world.spawn(wants(), "wanting")
    world.spawn(holds(wanting), "holding")
    world._heap.reverse()  # the holder first
    world.run()
    expected = [("wanting", "the lock", ["holding"]), ("holding", "wanting", ["wanting"])]
    assert world.waits_for() == expected


def test_a_long_run_does_not_keep_all_who_were_there():
    world = World()
    node = world.node("n")

    async def source():
        for _ in range(6_000):
            await sleep(1)
            node.spawn(sleep(1))

    world.spawn(source())
    world.run()
    assert max(len(world.actors), len(node.actors)) <= 1_001


# -- throwing a world away ------------------------------------------------------------------------------------


def leave_behind():
    """A world with actors that wait, that hold a lock, and that never began, closed and forgotten."""
    world = World()
    lock = Lock(world)

    async def holds():
        await lock.acquire()
        try:
            await sleep(100)
        finally:
            lock.release()

    world.spawn(holds())
    world.spawn(holds())
    world.run(until_us=50)
    world.spawn(sleep(1))
    world.spawn(fails())
    world.close()


def test_a_world_thrown_away_complains_of_nothing(capsys):
    gc.collect()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        leave_behind()
        gc.collect()
    assert (caught, capsys.readouterr().err) == ([], "")


def test_nothing_happens_in_a_world_that_was_closed():
    world, lines, write = diary()
    world.spawn(beats(write, "a", 5, 5))
    world.run(until_us=5)
    world.close()
    assert (world.run().now, world.step(), lines) == (5, False, [(0, "a"), (5, "a")])

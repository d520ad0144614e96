"""Crash, restart, pause, cut and partition: what stops, what stays, what is lost, and what happens afterwards."""

import pytest

from dslab.sim import Future, Lock, Mailbox, Queue, Semaphore, SharedLock, World, exponential, sleep


def pair(latency=10):
    """Two nodes, a and b, and a list to which b's handler ``note`` writes (time, value)."""
    world, got = World(), []
    a, b = world.node("a"), world.node("b", rows=0, log=[])
    world.link(latency=latency)
    b.on("note", lambda value=None: got.append((world.now, value)))
    return world, a, b, got


async def beats(world, lines, name, *pauses):
    lines.append((world.now, name))
    for pause in pauses:
        await sleep(pause)
        lines.append((world.now, name))


# -- crash ----------------------------------------------------------------------------------------------


def test_a_crash_ends_the_actors_of_its_node_and_no_others():
    world, a, b, _ = pair()
    lines = []
    b.spawn(beats(world, lines, "b", 5, 5))
    a.spawn(beats(world, lines, "a", 5, 5))
    world.at(7, b.crash)
    world.run()
    assert lines == [(0, "b"), (0, "a"), (5, "b"), (5, "a"), (10, "a")]


def test_a_crash_wipes_what_is_not_durable():
    _, _, b, _ = pair()
    b.durable = {"log"}
    b.state.update(rows=3, extra="x")
    b.state["log"].append("entry")
    b.crash()
    assert b.state == {"rows": 0, "log": ["entry"]}


def test_a_second_crash_finds_the_state_of_the_start_again():
    _, _, b, _ = pair()
    for _ in range(2):
        b.crash()
        b.restart()
        b.state["log"].append("entry")
    b.crash()
    assert b.state["log"] == []


@pytest.mark.parametrize(
    ("crash_at", "restart_at", "arrives"),
    [(5, 8, [(10, 1)]), (5, 10, [(10, 1)]), (5, 11, []), (10, 20, []), (11, 20, [(10, 1)])],
    ids=["back before", "back just before", "back too late", "down just before", "down after"],
)
def test_a_message_is_lost_exactly_where_its_node_is_down_when_it_arrives(crash_at, restart_at, arrives):
    world, a, b, got = pair()
    world.at(crash_at, b.crash)
    world.at(restart_at, b.restart)
    world.at(
        0, lambda: a.send("b", "note", value=1)
    )  # asked for after the crash and the restart: they go first
    world.run()
    assert got == arrives


def test_what_a_node_sent_before_its_crash_arrives():
    world, a, _, got = pair()
    a.send("b", "note", value=1)
    world.at(1, a.crash)
    world.run()
    assert got == [(10, 1)]


def test_a_node_that_is_down_sends_nothing():
    world, a, _, got = pair()
    a.crash()
    a.send("b", "note", value=1)
    world.run()
    assert got == []


def test_who_calls_a_node_that_crashes_waits_until_its_timeout():
    world, a, b, _ = pair()

    async def serve():
        await sleep(100)

    b.on("serve", serve)

    async def asks():
        try:
            await a.call("b", "serve", timeout_us=70)
        except TimeoutError:
            return world.now

    actor = a.spawn(asks())
    world.at(50, b.crash)
    world.run()
    assert actor.result == 70


def test_an_answer_to_a_call_from_before_the_crash_wakes_nobody():
    world, a, _, got = pair()
    lines = []

    async def asks():
        lines.append("asks")
        await a.call("b", "note")
        lines.append("has its answer")

    a.spawn(asks())
    world.at(12, a.crash)
    world.at(14, a.restart)
    world.run()
    assert (lines, got) == (["asks"], [(10, None)])


def test_an_actor_that_crashes_its_own_node_runs_to_its_next_await():
    world, _, b, _ = pair()
    lines = []

    async def fails():
        b.crash()
        lines.append("still here")
        await sleep(1)
        lines.append("never")

    actor = b.spawn(fails())
    world.run()
    assert (lines, actor.done, world.now) == (["still here"], True, 0)


def test_a_handler_may_crash_its_node():
    world, a, b, _ = pair()
    lines = []
    b.on("die", b.crash)
    b.spawn(beats(world, lines, "b", 5, 5, 5))
    a.send("b", "die")
    world.run()
    assert lines == [(0, "b"), (5, "b")]


def test_a_crash_inside_a_crash_of_actors_that_wake_each_other():
    world, _, b, _ = pair()
    future = Future(world)

    async def sets():
        await sleep(1)
        future.set("now")
        await sleep(1)

    async def waits():
        await future
        b.crash()

    actors = [b.spawn(sets()), b.spawn(waits())]
    world.run()
    assert [actor.done for actor in actors] == [True, True]


def test_a_crash_runs_no_line_of_its_actors():
    world, _, b, _ = pair()
    lines = []

    async def works():
        try:
            await sleep(100)
        finally:
            lines.append("cleaned up")

    b.spawn(works())
    world.at(5, b.crash)
    world.run()
    assert lines == []


def test_an_actor_that_had_not_begun_never_does():
    world, _, b, _ = pair()
    lines = []
    b.spawn(beats(world, lines, "b"))
    b.crash()
    world.run()
    assert lines == []


def test_whoever_waits_for_an_actor_goes_on_when_it_dies():
    world, _, b, _ = pair()
    dying = b.spawn(sleep(100))

    async def waits():
        return await dying, world.now

    actor = world.spawn(waits())
    world.at(5, b.crash)
    world.run()
    assert actor.result == (None, 5)


def test_a_dead_actor_is_not_woken_by_what_it_waited_for():
    world, _, b, _ = pair()
    other = world.spawn(sleep(9))

    async def waits():
        await other
        return "woken"

    actor = b.spawn(waits())
    world.at(5, b.crash)
    world.run()
    assert actor.result is None


def test_nothing_starts_on_a_node_that_is_down():
    world, _, b, _ = pair()
    lines = []
    b.crash()
    actor = b.spawn(beats(world, lines, "b"))
    b.restart()
    world.run()
    assert (actor.done, lines) == (True, [])


def test_a_crash_empties_the_mailboxes():
    world, a, b, _ = pair()
    box = Mailbox(b, "vote")
    a.send("b", "vote")
    world.run()
    b.crash()
    assert len(box) == 0


def test_crash_and_restart_twice_are_once():
    world, _, b, _ = pair()
    boots = []
    b.boot = lambda: boots.append(world.now)
    for call in (b.crash, b.crash, b.restart, b.restart):
        call()
    assert (b.up, boots) == (True, [0])


def test_restart_boots_a_function_or_an_actor():
    world, _, b, _ = pair()
    lines = []

    async def boot():
        await sleep(3)
        lines.append(world.now)

    b.boot = boot
    world.at(5, b.crash)
    world.at(8, b.restart)
    world.run()
    assert lines == [11]


def test_faults_on_a_schedule_of_a_node_that_is_down_or_paused_come_true():
    world, _, b, _ = pair()
    log = []
    for time, fault in ((5, b.crash), (9, b.restart), (20, b.pause), (30, b.resume)):
        world.at(time, fault, node=b)
        world.at(time, lambda: log.append((world.now, b.up, b.paused)))
    world.run()
    assert log == [(5, False, False), (9, True, False), (20, True, True), (30, True, False)]


# -- crash and what actors share ----------------------------------------------------------------------------


def test_a_lock_whose_holder_dies_stays_held():
    world, _, b, _ = pair()
    lock = Lock(world)

    async def holds():
        async with lock:
            await sleep(100)

    holder = b.spawn(holds())
    waiter = world.spawn(holds(), "waiter")
    world.at(5, b.crash)
    world.run()
    assert (lock.holders, waiter.done) == ([holder], False)
    lock.release(owner=holder)
    world.run()
    assert waiter.done


def test_who_dies_waiting_keeps_nobody_waiting():
    world, a, b, _ = pair()
    lock = SharedLock(world)
    got = []

    async def holds(exclusive, us):
        await lock.acquire(exclusive)
        got.append((world.now, exclusive))
        await sleep(us)
        lock.release()

    world.spawn(holds(False, 100))
    b.spawn(holds(True, 1))  # waits, and dies
    a.spawn(holds(False, 1))  # waits behind it only
    world.at(5, b.crash)
    world.run()
    assert got == [(0, False), (5, False)]


@pytest.mark.parametrize("make", [Semaphore, Queue], ids=["semaphore", "queue"])
def test_who_dies_in_line_is_passed_over(make):
    world, a, b, _ = pair()
    thing = make(world, 1)
    got = []

    async def takes(name):
        await (thing.acquire() if make is Semaphore else thing.get())
        got.append((world.now, name))

    if make is Semaphore:
        assert thing.try_acquire()
    b.spawn(takes("b"))
    a.spawn(takes("a"))
    world.at(5, b.crash)
    world.at(8, lambda: thing.release() if make is Semaphore else thing.try_put("x"))
    world.run()
    assert got == [(8, "a")]


def test_who_dies_putting_puts_nothing():
    world, _, b, _ = pair()
    queue = Queue(world, 1)

    async def puts():
        for item in (1, 2):
            await queue.put(item)

    b.spawn(puts())
    world.at(5, b.crash)
    world.run()
    assert (queue.try_get(), queue.try_get("empty")) == (1, "empty")


# -- pause ----------------------------------------------------------------------------------------------------


def test_what_ends_during_a_pause_ends_with_it_and_what_ends_later_keeps_its_time():
    world, _, b, _ = pair()
    lines = []
    b.spawn(beats(world, lines, "short", 12))
    b.spawn(beats(world, lines, "shorter", 11))
    b.spawn(beats(world, lines, "long", 1_000))
    world.at(10, b.pause)
    world.at(50, b.resume)
    world.run()
    assert lines[3:] == [(50, "shorter"), (50, "short"), (1_000, "long")]


def test_messages_wait_for_the_end_of_a_pause_and_later_ones_keep_their_time():
    world, a, b, got = pair()
    for time in (0, 3, 45):
        world.at(time, lambda time=time: a.send("b", "note", value=time))
    world.at(5, b.pause)
    world.at(50, b.resume)
    world.run()
    assert got == [(50, 0), (50, 3), (55, 45)]


@pytest.mark.parametrize("how", [{}, {"until_us": 10_000}, {"events": 10_000}])
def test_nothing_runs_on_a_paused_node_however_the_world_is_run(how):
    world, _, b, _ = pair()
    lines = []

    async def freezes():
        lines.append((world.now, "freezes"))
        b.pause()
        b.spawn(beats(world, lines, "spawned meanwhile", 3))
        await sleep(5)
        lines.append((world.now, "thaws"))

    b.spawn(freezes())
    world.at(40, b.resume)
    world.run(**how)
    assert lines == [(0, "freezes"), (40, "spawned meanwhile"), (40, "thaws"), (43, "spawned meanwhile")]


def test_a_timeout_during_a_pause_beats_an_answer_that_came_after_it():
    world, a, b, _ = pair()
    assert _paused_call(world, a, b, timeout_us=15) == (50, "gave up")


def test_an_answer_during_a_pause_beats_a_timeout_after_it():
    world, a, b, _ = pair()
    assert _paused_call(world, a, b, timeout_us=30) == (50, "answered")


def _paused_call(world, a, b, timeout_us):
    """Call b, which answers at 20; the caller stands still from 5 to 50."""

    async def asks():
        try:
            await a.call("b", "note", timeout_us)
        except TimeoutError:
            return world.now, "gave up"
        await sleep(0)
        return world.now, "answered"

    actor = a.spawn(asks())
    world.at(5, a.pause)
    world.at(50, a.resume)
    world.run()
    return actor.result


def test_a_value_that_comes_during_a_pause_calls_the_timer_off_for_good():
    world, a, _, _ = pair()
    future, got = Future(world), []

    async def waits():
        got.append(await future.wait(timeout_us=40))
        got.append(await Future(world).wait(timeout_us=500) if len(got) > 1 else world.now)

    a.spawn(waits())
    for time, act in ((5, a.pause), (10, lambda: future.set("v")), (20, a.resume)):
        world.at(time, act)
    world.run()
    assert got == ["v", 20]


def test_a_timer_that_ended_before_the_value_came_wins_after_the_pause():
    world, a, _, _ = pair()
    future = Future(world)

    async def waits():
        try:
            return await future.wait(timeout_us=8)
        except TimeoutError:
            return "gave up"

    actor = a.spawn(waits())
    for time, act in ((5, a.pause), (10, a.resume), (10, lambda: future.set("v"))):
        world.at(time, act)
    world.run()
    assert actor.result == "v"  # set in the microsecond of the end, before the timer could fire


def test_a_crash_ends_a_pause_and_loses_what_was_held():
    world, a, b, got = pair()
    a.send("b", "note", value=1)
    for time, act in (
        (5, b.pause),
        (20, b.crash),
        (30, b.restart),
        (31, lambda: a.send("b", "note", value=2)),
    ):
        world.at(time, act)
    world.run()
    assert (b.paused, got) == (False, [(41, 2)])


def test_a_node_that_is_down_cannot_be_paused():
    _, _, b, _ = pair()
    b.crash()
    b.pause()
    assert not b.paused


def test_pause_and_resume_twice_are_once():
    world, _, b, _ = pair()
    lines = []
    b.spawn(beats(world, lines, "b", 7))
    for time, act in ((5, b.pause), (6, b.pause), (20, b.resume), (25, b.resume)):
        world.at(time, act)
    world.run()
    assert lines == [(0, "b"), (20, "b")]


# -- cut, heal, partition ----------------------------------------------------------------------------------------


def reached(world, names):
    """Send from each node to each other; give the pairs that got through."""
    got = []
    for dst in names:
        world.nodes[dst].handlers["ping"] = lambda src, dst=dst: got.append(src + dst)
    for src in names:
        for dst in names:
            if src != dst:
                world.nodes[src].send(dst, "ping", src=src)
    world.run()
    return sorted(got)


def three():
    world = World()
    for name in "abc":
        world.node(name)
    return world


@pytest.mark.parametrize(
    ("both", "through"), [(False, ["ac", "ba", "bc", "ca", "cb"]), (True, ["ac", "bc", "ca", "cb"])]
)
def test_a_cut_is_one_way_unless_both(both, through):
    world = three()
    world.cut("a", "b", both=both)
    assert reached(world, "abc") == through


def test_a_partition_cuts_between_groups_and_not_within():
    world = three()
    world.partition(["a", "b"], ["c"])
    assert reached(world, "abc") == ["ab", "ba"]


def test_heal_ends_all_cuts_or_one():
    world = three()
    world.partition(["a"], ["b"], ["c"])
    world.heal("a", "b")
    some = reached(world, "abc")
    world.heal()
    assert (some, len(reached(world, "abc"))) == (["ab"], 6)


def test_a_cut_stays_when_the_link_is_set_anew():
    world = three()
    world.cut("a", "b")
    world.link("a", "b", latency=5)
    world.link(latency=5)
    assert "ab" not in reached(world, "abc")


@pytest.mark.parametrize(("heal_at", "arrives"), [(8, [(10, 1)]), (12, [])])
def test_what_is_on_its_way_is_lost_if_the_link_is_cut_when_it_arrives(heal_at, arrives):
    world, a, _, got = pair()
    a.send("b", "note", value=1)
    world.at(5, lambda: world.cut("a", "b"))
    world.at(heal_at, world.heal)
    world.run()
    assert got == arrives


def test_a_world_full_of_faults_comes_to_rest():
    world, a, b, got = pair(latency=exponential(20))
    world.link("a", "b", latency=exponential(30), loss=0.2, duplicate=0.2, fifo=True)

    async def asks():
        for value in range(200):
            try:
                await a.call("b", "note", timeout_us=60, value=value)
            except TimeoutError:
                await sleep(5)

    async def breaks():
        for act in (b.pause, b.resume, b.crash, b.restart, world.heal) * 40:
            await sleep(world.rng.randrange(60))
            act()
            if world.rng.random() < 0.3:
                world.cut("b", "a")

    actor = a.spawn(asks())
    world.spawn(breaks())
    world.run()
    assert actor.done and len({value for _, value in got}) > 50

"""A world by choice: how many schedules there are, which is the default, what a surprise passes over, what is never default."""

import math
import random
from itertools import permutations

import pytest

from dslab.check import always, eventually, explore
from dslab.sim import Driver, Future, World, sleep, step, uniform
from tests.sim.worlds import random_world, story


def walkers(*lengths):
    """Actors of so many events each, the start included, that only step; they write their numbers to ``order``."""
    world = World()
    order = world.facts["order"] = []

    async def walk(name, events):
        order.append(name)
        for _ in range(events - 1):
            await step("walks")
            order.append(name)

    for name, events in enumerate(lengths):
        world.spawn(walk(name, events), f"walker {name}")
    return world


def sender(messages, latency=None, **link):
    """So many messages under way at once from a to b; b writes their numbers to ``order``."""
    world = World()
    order = world.facts["order"] = []
    a, b = world.node("a"), world.node("b")
    b.on("m", lambda n: order.append(n))
    world.link("a", "b", latency=latency or 10, **link)
    for number in range(messages):
        a.send("b", "m", n=number)
    return world


def all_orders(build, deviations=50):
    """Run every schedule there is; give how many, and the orders met."""
    met = []

    def keep(world):
        met.append(tuple(world.facts["order"]))
        return True

    verdict = explore(build, [eventually("KEEP", "keep", keep)], deviations=deviations, budget=200_000)
    assert verdict.exhausted
    return verdict.searched, met


def multinomial(*lengths):
    return math.factorial(sum(lengths)) // math.prod(math.factorial(length) for length in lengths)


# -- how many schedules there are ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lengths", [(1,), (1, 1), (2, 1), (2, 2), (3, 2), (4, 3), (1, 1, 1), (2, 2, 2), (3, 2, 1), (2, 1, 1, 1)]
)
def test_steppers_of_n_and_m_events_have_as_many_schedules_as_interleavings(lengths):
    searched, met = all_orders(lambda: walkers(*lengths))
    assert (searched, len(set(met))) == (multinomial(*lengths), multinomial(*lengths))


@pytest.mark.parametrize("messages", [1, 2, 3, 4, 5])
def test_messages_that_may_overtake_arrive_in_every_order(messages):
    searched, met = all_orders(lambda: sender(messages))
    assert searched == len(set(met)) == math.factorial(messages)


@pytest.mark.parametrize("messages", [1, 2, 5])
def test_a_fifo_link_has_one_order(messages):
    assert all_orders(lambda: sender(messages, fifo=True)) == (1, [tuple(range(messages))])


def test_two_fifo_links_interleave():
    def build():
        world = sender(3, fifo=True)
        c = world.node("c")
        world.link("c", "b", fifo=True)
        for number in (10, 11):
            c.send("b", "m", n=number)
        return world

    searched, met = all_orders(build)
    assert searched == len(set(met)) == multinomial(3, 2)


def test_messages_that_may_be_lost_arrive_in_every_order_of_every_choice_of_them():
    _, met = all_orders(lambda: sender(3, may_lose=1))
    assert set(met) == {*permutations(range(3)), *permutations(range(3), 2)}


def test_a_message_that_may_be_doubled_arrives_once_or_twice():
    _, met = all_orders(lambda: sender(2, may_duplicate=1))
    assert set(met) == {(0, 1), (1, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 0), (1, 0, 1), (0, 1, 1)}


def test_two_timers_have_two_orders():
    def build():
        world = World()
        order = world.facts["order"] = []
        for name, us in (("a", 5), ("b", 500)):
            world.at(us, lambda name=name: order.append(name))
        return world

    assert all_orders(build) == (2, [("a", "b"), ("b", "a")])


def test_patience_forbids_to_hold_back_for_longer():
    def build(patience):
        world = World(patience_us=patience)
        order = world.facts["order"] = []
        for name, us in (("a", 0), ("b", 5), ("c", 9)):
            world.at(us, lambda name=name: order.append(name))
        return world

    met = {
        patience: {"".join(order) for order in all_orders(lambda p=patience: build(p))[1]}
        for patience in (3, 4, 5, 9)
    }
    assert met == {
        3: {"abc"},
        4: {"abc", "acb"},
        5: {"abc", "acb", "bac"},
        9: {"".join(o) for o in permutations("abc")},
    }


def test_a_running_actor_and_its_messages_by_hand():
    """a starts, sends twice and steps: 2 messages and the step can come in 3! orders, each its own schedule."""

    def build():
        world = sender(0)

        async def sends():
            for number in (0, 1):
                world.nodes["a"].send("b", "m", n=number)
            await step("rests")
            world.facts["order"].append("end")

        world.nodes["a"].spawn(sends())
        return world

    searched, met = all_orders(build)
    assert searched == len(set(met)) == 6


# -- the default ------------------------------------------------------------------------------------------------


def test_the_default_lets_an_actor_run_until_it_waits():
    world = walkers(3, 2)
    Driver(world).run()
    assert world.facts["order"] == [0, 0, 0, 1, 1]


def test_by_time_the_same_steps_take_turns():
    world = walkers(3, 2)
    world.run()
    assert world.facts["order"] == [0, 1, 0, 1, 0]


@pytest.mark.parametrize("seed", range(30))
def test_without_steps_the_default_is_the_run_by_time(seed):
    by_time, by_default = random_world(seed, steps=False), random_world(seed, steps=False)
    by_time.run()
    Driver(by_default).run()
    assert story(by_default) == story(by_time)


@pytest.mark.parametrize("seed", range(10))
def test_with_steps_the_default_is_the_run_by_time_where_nothing_else_is_due_at_a_step(seed):
    def build():
        world = World(seed)
        lines = world.facts["lines"] = []

        async def walk(name, offset):
            await sleep(offset)  # each has microseconds of its own
            for _ in range(5):
                lines.append((world.now, name))
                await step("on")
                lines.append((world.now, name))
                await sleep(10 * world.rng.randint(1, 3))

        for name in range(4):
            world.spawn(walk(name, name), str(name))
        return world

    by_time, by_default = build().run(), build()
    Driver(by_default).run()
    assert by_default.facts["lines"] == by_time.facts["lines"]


def test_chance_loses_and_doubles_nothing_by_choice():
    world = sender(0, loss=0.5, duplicate=0.5)

    async def sends():
        for number in range(30):
            world.nodes["a"].send("b", "m", n=number)

    world.nodes["a"].spawn(sends())
    Driver(world).run()
    assert world.facts["order"] == list(range(30))


def test_losses_doubles_and_faults_are_options_and_never_the_default():
    def build():
        world = sender(2, may_lose=2, may_duplicate=2)
        for name in "ab":
            world.may_crash(world.nodes[name])
            world.may_pause(world.nodes[name])
            world.may_jump(world.nodes[name], 100)
        world.may_cut("a", "b")
        return world

    world = build()
    driver = Driver(world)
    kinds = [choice.kind for choice in driver.options()]
    driver.run()
    assert kinds == ["deliver", "deliver", "lose", "lose", "double", "double",
                     "crash", "pause", "clock", "crash", "pause", "clock", "cut"]  # fmt: skip
    assert world.facts["order"] == [0, 1]


def test_when_nothing_is_left_but_faults_the_default_is_to_rest():
    world = World()
    world.may_crash(world.node("a"), restart=False)
    driver = Driver(world)
    assert [(choice.kind, choice.default) for choice in driver.options()] == [
        ("rest", True),
        ("crash", False),
    ]
    assert (driver.finished, driver.run(), driver.counts) == (True, False, [2])


def test_a_fault_may_come_after_everything_else():
    world = sender(1)
    world.may_crash(world.nodes["b"])
    Driver(world).run([(1, 1)])
    assert (world.facts["order"], world.nodes["b"].up) == ([0], False)


# -- surprises ---------------------------------------------------------------------------------------------------


def test_what_was_passed_over_comes_again_when_nothing_else_is_left():
    world = sender(4)
    Driver(world).run([(0, 2)])
    assert world.facts["order"] == [2, 1, 3, 0]


def test_what_was_passed_over_first_comes_again_first():
    world = sender(4)
    Driver(world).run([(0, 1), (1, 1)])  # 1 of 0 1 2 3, then 3 of 2 3 0, then 0 of 0 2
    assert world.facts["order"] == [1, 3, 0, 2]


def test_a_preempted_actor_goes_on_when_the_other_has_ended():
    world = walkers(3, 2)
    Driver(world).run([(1, 1)])
    assert world.facts["order"] == [0, 1, 1, 0, 0]


def test_a_fault_passes_nothing_over():
    world = sender(2)
    world.may_jump(world.nodes["a"], 5)
    driver = Driver(world)
    driver.run([(0, 2)])
    assert (driver.taken, world.nodes["a"].skew_us, world.facts["order"]) == ([(0, 2)], 5, [0, 1])


def test_the_clock_moves_forward_only_and_reaches_what_was_held_back():
    world = World()
    seen = []
    for us in (10, 20, 30):
        world.at(us, lambda us=us: seen.append((us, world.now)))
    Driver(world).run([(0, 1)])
    assert seen == [(20, 20), (30, 30), (10, 30)]


def test_an_option_that_does_not_exist_is_a_mistake_and_changes_nothing():
    world = sender(2)
    driver = Driver(world)
    with pytest.raises(IndexError, match="no option 2 here; there are 2"):
        driver.take(2)
    assert (driver.counts, len(driver.pool), world.facts["order"]) == ([], 2, [])


@pytest.mark.parametrize(
    ("picks", "words"), [([(0, 5)], "there are 2 options"), ([(7, 1)], "ends after 2 events")]
)
def test_a_schedule_that_does_not_fit_is_a_mistake(picks, words):
    with pytest.raises(IndexError, match=words):
        Driver(sender(2)).run(picks)


def test_wrap_counts_round_to_an_option_that_exists_and_notes_it():
    driver = Driver(sender(3))
    driver.run([(0, 4), (2, 9)], wrap=True)  # 3 options: 1 + 4 % 2 = 1; at the end there is only the default
    assert (driver.taken, driver.world.facts["order"]) == ([(0, 1), (2, 0)], [1, 2, 0])


@pytest.mark.parametrize("seed", range(20))
def test_what_wrap_took_is_a_schedule(seed):
    rng = random.Random(seed)
    picks = [(place, rng.randrange(1 << 16)) for place in sorted(rng.sample(range(40), 5))]
    wrapped, again = Driver(random_world(seed)), Driver(random_world(seed))
    wrapped.run(picks, wrap=True)
    again.run([pick for pick in wrapped.taken if pick[1]])
    assert (again.counts, close(again.world)) == (wrapped.counts, close(wrapped.world))


def test_a_run_is_cut_short_at_its_limit():
    world = World()

    async def for_ever():
        while True:
            await step("on")

    world.spawn(for_ever())
    driver = Driver(world)
    assert (driver.run(limit=25), driver.cut_short, len(driver.counts)) == (False, True, 25)
    world.close()


@pytest.mark.parametrize("steps", [True, False])
def test_watch_is_called_after_every_event_and_can_end_the_run(steps):
    calls = []

    def watch(world):
        calls.append(len(driver.counts))
        return len(calls) == 4

    driver = Driver(walkers(3, 3) if steps else sender(6))
    assert (driver.run(watch=watch), calls) == (True, [1, 2, 3, 4])


def test_a_run_that_was_ended_can_be_taken_on():
    driver = Driver(walkers(3, 2))
    driver.run(watch=lambda world: len(driver.counts) == 2)
    assert [choice.label for choice in driver.options()] == ["walker 0: walks", "walker 1: start"]
    driver.run()
    assert driver.world.facts["order"] == [0, 0, 0, 1, 1]


# -- one schedule, one run ---------------------------------------------------------------------------------------------


def close(world):
    """Give the story of a world and throw it away."""
    told = story(world)
    world.close()
    return told


def taken_one_by_one(world, picks):
    """The same schedule with `take`, as the stepper and the replay do it."""
    driver, picks = Driver(world), dict(picks)
    while True:
        options = driver.options()
        index = picks.get(len(driver.counts), 0)
        if not options or (
            options[0].kind == "rest" and not index and not any(at >= len(driver.counts) for at in picks)
        ):
            return driver
        driver.take(index)


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_a_schedule_is_the_same_run_traced_or_not_at_once_or_one_by_one(seed, recorded):
    rng = random.Random(seed)
    found = Driver(random_world(seed))
    found.run([(place, rng.randrange(1 << 16)) for place in sorted(rng.sample(range(60), 6))], wrap=True)
    picks = [pick for pick in found.taken if pick[1]]
    world = random_world(seed)
    if recorded:
        world.record(clocks=True)
    again = taken_one_by_one(world, picks)
    assert again.counts[: len(found.counts)] == found.counts
    assert close(again.world) == close(found.world)


def family():
    """Two walkers, each of which spawns a child between its steps."""
    world = World()
    order = world.facts["order"] = []

    async def walk(name, children):
        for number in range(4):
            order.append(name)
            if children and number == 1:
                world.spawn(walk(name + "'", 0), name + "'")
            await step("walks")

    for name in "ab":
        world.spawn(walk(name, 1), name)
    return world


def schedules(build, surprises):
    """Give every schedule with at most so many surprises, and the driver that ran it."""
    todo = [()]
    while todo:
        picks = todo.pop()
        driver = Driver(build())
        driver.run(picks)
        yield picks, driver
        if len(picks) < surprises:
            begin = picks[-1][0] + 1 if picks else 0
            places = range(begin, len(driver.counts))
            todo += [
                (*picks, (place, option)) for place in places for option in range(1, driver.counts[place])
            ]


def test_steppers_passed_over_keep_their_places_traced_or_not():
    seen = 0
    for picks, found in schedules(family, surprises=2):
        again = taken_one_by_one(family().record(), picks)
        assert (again.counts, again.world.facts["order"]) == (found.counts, found.world.facts["order"]), picks
        seen += 1
    assert seen > 100


def test_a_driver_can_take_over_a_world_that_has_run_by_time():
    world, got = World(), []
    future = Future(world)

    async def waits():
        got.append(await future.wait(timeout_us=100))
        await sleep(5)
        got.append("end")

    world.spawn(waits())
    world.at(3, lambda: future.set("v"))
    world.run(until_us=4)
    driver = Driver(world)
    assert [choice.label for choice in driver.options()] == ["waits: wakes up"]
    driver.run()
    assert got == ["v", "end"]


# -- faults by choice ---------------------------------------------------------------------------------------------------


def test_an_actor_that_dies_while_it_runs_is_no_option_any_more():
    world = World()
    node = world.node("n")

    async def walk():
        for _ in range(3):
            await step("walks")

    node.spawn(walk())
    world.may_crash(node, restart=False)
    driver = Driver(world)
    driver.take(0)
    driver.take(1)
    assert driver.finished and driver.options() == []


def test_a_paused_node_has_no_options_until_it_goes_on():
    world = World()
    a, b = world.node("a"), world.node("b")
    b.on("m", lambda: None)

    async def walk():
        await step("walks")

    b.spawn(walk())
    a.send("b", "m")
    world.may_pause(b)
    driver = Driver(world)
    kinds = [[choice.kind for choice in driver.options()]]
    for index in (0, 2, 1):  # start, stand still, go on
        driver.take(index)
        kinds.append([choice.kind for choice in driver.options()])
    assert kinds == [
        ["run", "deliver", "pause"],
        ["run", "deliver", "pause"],
        ["rest", "resume"],
        ["run", "deliver"],
    ]


def counting():
    """A node that counts in volatile state to two, while somebody may crash, pause, cut off or shift it."""
    world = World()
    a, b = world.node("a"), world.node("b", count=0)
    b.on("add", lambda: b.state.update(count=b.state["count"] + 1))

    async def adds():
        for _ in range(2):
            a.send("b", "add")
            await sleep(10)

    a.spawn(adds())
    world.may_crash(b)
    world.may_pause(b)
    world.may_jump(b, -50)
    world.may_cut("a", "b")
    return world


@pytest.mark.parametrize(
    ("good", "surprises"),
    [
        (lambda world: world.nodes["b"].up, ("b crashes",)),
        (lambda world: not world.nodes["b"].paused, ("b stands still",)),
        (lambda world: world.nodes["b"].clock() >= 0, ("the clock of b jumps by -50 µs",)),
        (lambda world: not world.cuts, ("a → b is cut",)),
    ],
    ids=["crash", "pause", "clock", "cut"],
)
def test_every_fault_that_may_happen_is_found(good, surprises):
    assert explore(counting, [always("GOOD", "all is well", good)], deviations=1).surprises == surprises


def test_a_crash_loses_a_count_and_a_cut_loses_a_message():
    counts = eventually("COUNTS_TWO", "both are counted", lambda world: world.nodes["b"].state["count"] == 2)
    verdict = explore(counting, [counts], deviations=1)
    assert verdict.surprises[0] in ("b crashes", "a → b is cut")


def test_links_that_come_later_are_looked_at_too():
    world = sender(0)
    order = world.facts["order"]

    async def sends():
        world.link("a", "b", latency=uniform(1, 50), fifo=True)
        for number in range(3):
            world.nodes["a"].send("b", "m", n=number)

    world.nodes["a"].spawn(sends())
    driver = Driver(world)
    driver.take(0)
    assert [choice.label for choice in driver.options()] == ["deliver ‘m’ a → b"]
    driver.run()
    assert order == [0, 1, 2]


def test_a_world_that_fails_in_a_search_says_so():
    def build():
        world = World()

        async def fails():
            await step("fails")
            raise LookupError("broken scenario")

        world.spawn(fails())
        return world

    with pytest.raises(LookupError, match="broken scenario"):
        explore(build, [eventually("ANY", "any", lambda world: True)])

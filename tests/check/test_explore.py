"""The search finds the fewest surprises first, counts honestly, and says when it did not look everywhere."""

import math

import pytest

from dslab.check import Scenario, always, eventually, expect_violation, explore, sometimes
from dslab.check.explore import explore_in_slices
from dslab.sim import World, step


def counter(actors=2):
    """Each actor reads a shared number and writes it back plus one: the lost update."""
    world = World()
    store = world.node("store", x=0)

    async def add() -> None:
        await step("read")
        seen = store.state["x"]
        await step("write")
        store.state["x"] = seen + 1

    for number in range(actors):
        world.spawn(add(), f"adder {number}")
    return world


def walkers(actors, steps):
    """Actors that only step: nothing to find, everything to count. ``steps`` events each, the start included."""

    def build() -> World:
        world = World()
        order = world.facts["order"] = []

        async def walk(name) -> None:
            order.append(name)
            for _ in range(steps - 1):
                await step("walk")
                order.append(name)

        for name in range(actors):
            world.spawn(walk(name), f"walker {name}")
        return world

    return build


COUNTS_ALL = eventually(
    "COUNTS_ALL", "every addition counts", lambda w: w.nodes["store"].state["x"] == 2 or "one was lost"
)
TRUE = eventually("TRUE", "nothing is asked", lambda world: True)


def test_lost_update_needs_one_surprise():
    verdict = explore(counter, [COUNTS_ALL])
    assert (verdict.held, verdict.deviations, verdict.invariant) == (False, 1, "COUNTS_ALL")


def test_lost_update_is_found_on_the_fourth_schedule():
    assert explore(counter, [COUNTS_ALL]).searched == 4


def test_no_surprise_means_no_violation():
    verdict = explore(counter, [COUNTS_ALL], deviations=0)
    assert (verdict.held, verdict.searched, verdict.depth) == (True, 1, 0)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3)])
def test_exhaustive_search_meets_every_interleaving(first, second):
    """Two actors of n and m events have (n + m)! / (n! m!) orders; with surprises enough, all are met."""
    met = set()

    def build() -> World:
        world = World()
        order = world.facts["order"] = []

        async def walk(name, events) -> None:
            order.append(name)
            for _ in range(events - 1):
                await step("walk")
                order.append(name)

        world.spawn(walk("a", first), "a")
        world.spawn(walk("b", second), "b")
        return world

    note = eventually("NOTE", "notes the order", lambda world: met.add("".join(world.facts["order"])) is None)
    verdict = explore(build, [note], deviations=first + second)
    assert verdict.exhausted
    assert len(met) == math.comb(first + second, first)


def test_exhausted_is_said_in_words():
    assert "which are all there are" in explore(walkers(2, 1), [TRUE], deviations=9).describe()


def test_a_verdict_never_says_correct():
    assert "correct" not in explore(walkers(2, 2), [TRUE]).describe()


def test_level_that_does_not_fit_is_sampled_and_said():
    verdict = explore(walkers(3, 10), [TRUE], deviations=3, budget=2_000)
    assert (verdict.searched, verdict.depth, verdict.sampled) == (681, 2, 2_000 - 681)
    assert "sampled" in verdict.describe()
    assert "did not fit the budget of 2,000" in verdict.describe()


def test_sampling_is_the_same_every_time():
    wanted = always(
        "RARE", "walker 2 does not come first nine times", lambda w: w.facts["order"][:9] != [2] * 9
    )
    runs = [explore(walkers(3, 10), [wanted, TRUE], deviations=9, budget=300, seed=7) for _ in range(2)]
    assert runs[0] == runs[1]


def test_sampled_violation_is_shortened():
    """That walker 2 begins takes one surprise, however many the sample had."""
    wanted = eventually("NOT_TWO", "walker 2 does not begin", lambda world: world.facts["order"][0] != 2)
    verdict = explore(walkers(3, 6), [wanted], deviations=6, budget=10, seed=1)
    assert (verdict.held, verdict.deviations) == (False, 1)
    assert verdict.sampled > 0


def test_sometimes_that_never_happens_fails():
    never = sometimes("NEVER", "the sum is three", lambda world: world.nodes["store"].state["x"] == 3)
    verdict = explore(counter, [never])
    assert (verdict.held, verdict.invariant, verdict.kind) == (False, "NEVER", "sometimes")
    assert "never happened" in verdict.describe()


def test_sometimes_that_happens_once_is_enough():
    rare = sometimes("RARE", "the second adder begins", lambda world: world.actors[1].label != "start")
    assert explore(counter, [rare]).held


def test_always_is_tested_after_every_event():
    small = always("SMALL", "never above one", lambda world: world.nodes["store"].state["x"] <= 1)
    verdict = explore(counter, [small], deviations=0)
    assert not verdict.held
    assert len(verdict.schedule) == 6  # three events of each actor; the last one writes the 2


def test_run_without_end_is_counted_as_cut_short():
    def endless() -> World:
        world = World()

        async def spin() -> None:
            while True:
                await step("spin")

        world.spawn(spin(), "spinner")
        return world

    verdict = explore(endless, [always("FINE", "all is well", lambda world: True)], limit=50)
    assert verdict.cut_short == 1
    assert "1 run did not come to rest" in verdict.describe()


def test_point_of_no_return_is_the_second_read():
    """Once both have read 0, no order of the two writes saves the sum; before the second read it can still be saved."""
    verdict = explore(counter, [COUNTS_ALL])
    event = verdict.trace.events[verdict.point_of_no_return]
    assert (event["lane"], event["label"]) == ("adder 1", "read")


def test_trace_ends_with_the_verdict():
    verdict = explore(counter, [COUNTS_ALL])
    assert [found["invariant"] for found in verdict.trace.verdicts] == ["COUNTS_ALL"]
    assert len(verdict.trace.meta["surprises"]) == 1


def test_slices_give_the_same_verdict():
    search = explore_in_slices(walkers(3, 10), [TRUE], deviations=2)
    shares = []
    while True:
        try:
            shares.append(next(search))
        except StopIteration as stop:
            verdict = stop.value
            break
    assert verdict == explore(walkers(3, 10), [TRUE], deviations=2)
    assert shares == sorted(shares)
    assert len(shares) > 3


def test_time_limit_is_said():
    verdict = explore(walkers(3, 10), [TRUE], deviations=3, seconds=0.0)
    assert "the time was up" in verdict.describe()


@pytest.mark.parametrize("wrong", [{"deviations": -1}, {"budget": 0}, {"limit": 0}, {"deviations": 1.5}])
def test_number_out_of_range_is_named(wrong):
    name = next(iter(wrong))
    with pytest.raises(ValueError, match=f"{name}=.*at least"):
        explore(counter, [TRUE], **wrong)


def test_search_for_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one invariant"):
        explore(counter, [])


def test_scenario_has_name_and_switches():
    scenario = Scenario("lost update", counter, {"lock": False})
    assert explore(scenario, [COUNTS_ALL]).token.startswith("lost update:")


def test_expect_violation_accepts_the_named_one():
    with expect_violation(COUNTS_ALL):
        explore(counter, [COUNTS_ALL]).require()


def test_expect_violation_refuses_when_nothing_breaks():
    with pytest.raises(AssertionError, match="nothing was"), expect_violation("COUNTS_ALL"):
        explore(counter, [TRUE]).require()


def test_expect_violation_refuses_another_name():
    with pytest.raises(AssertionError, match="expected OTHER"), expect_violation("OTHER"):
        explore(counter, [COUNTS_ALL]).require()


def test_invariant_that_answers_nonsense_is_refused():
    with pytest.raises(TypeError, match="True, False or a sentence"):
        explore(counter, [always("ODD", "is odd", lambda world: 7)])

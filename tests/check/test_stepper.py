"""Being the scheduler: picks, undo, tokens, invariants; and it agrees with the search."""

import random

import pytest

from dslab.check import Stepper, eventually, explore, sometimes
from dslab.check.replay import make_token
from dslab.sim import World, step


def race():
    world = World(name="race")
    store = world.node("store", x=0)

    async def add() -> None:
        await step("read")
        seen = store.state["x"]
        await step("write")
        store.state["x"] = seen + 1

    for name in "ab":
        world.spawn(add(), name)
    world.may_crash(world.node("other"))
    return world


SUM = eventually("SUM", "the sum is two", lambda world: world.nodes["store"].state["x"] == 2)
SEEN = sometimes("SEEN", "somebody wrote", lambda world: world.nodes["store"].state["x"] > 0)


def test_default_choice_comes_first():
    choices = Stepper(race).choices()
    assert [(c.index, c.kind, c.label, c.default) for c in choices] == [
        (0, "run", "a: start", True), (1, "run", "b: start", False), (2, "crash", "other crashes", False),
    ]  # fmt: skip


def test_running_actor_is_the_default():
    stepper = Stepper(race)
    stepper.pick(0)
    assert stepper.choices()[0].label == "a: read"


def test_what_was_passed_over_comes_last():
    stepper = Stepper(race)
    stepper.pick(0)
    stepper.pick(1)  # b before a's read
    stepper.run_on()
    assert stepper.steps == ["a: start", "b: start", "b: read", "b: write", "a: read", "a: write"]


def test_violation_names_the_step():
    stepper = Stepper(race, [SUM])
    for index in (0, 0, 1, 0, 0, 0):
        stepper.pick(index)
    assert [(v["invariant"], v["step"]) for v in stepper.violations] == [("SUM", 6)]


def test_undo_takes_the_violation_back():
    stepper = Stepper(race, [SUM])
    for index in (0, 0, 1, 0, 0, 0):
        stepper.pick(index)
    stepper.undo()
    assert (stepper.violations, len(stepper.steps)) == ([], 5)


def test_undo_more_than_there_is_starts_again():
    stepper = Stepper(race)
    stepper.pick(1)
    stepper.undo(10)
    assert stepper.steps == []


def test_undo_restores_the_trace():
    stepper = Stepper(race)
    before = stepper.trace.digest()
    stepper.pick(1)
    stepper.undo()
    assert stepper.trace.digest() == before


def test_sometimes_is_remembered():
    stepper = Stepper(race, [SEEN])
    stepper.run_on()
    assert stepper.seen == {"SEEN"}


def test_token_of_the_search_loads():
    verdict = explore(race, [SUM])
    stepper = Stepper(race, [SUM])
    stepper.load(verdict.token)
    stepper.run_on()
    assert [v["invariant"] for v in stepper.violations] == ["SUM"]


def test_own_token_loads_again():
    stepper, other = Stepper(race), Stepper(race)
    for index in (0, 1, 0, 1):
        stepper.pick(index)
    other.load(stepper.token)
    assert other.steps == stepper.steps


@pytest.mark.parametrize("token", ["nonsense", make_token("race", ((0, 9),)), make_token("race", ((50, 1),))])
def test_bad_token_changes_nothing(token):
    stepper = Stepper(race)
    stepper.pick(1)
    with pytest.raises(ValueError, match=r"token"):
        stepper.load(token)
    assert stepper.steps == ["b: start"]


@pytest.mark.parametrize("index", [-1, 3, None, "0"])
def test_choice_that_does_not_exist_changes_nothing(index):
    stepper = Stepper(race)
    with pytest.raises(IndexError, match=r"pick one of 0\.\.2"):
        stepper.pick(index)
    assert stepper.steps == []


def test_nothing_left_is_told():
    world_with_one = Stepper(lambda: _one_step())
    world_with_one.run_on()
    with pytest.raises(IndexError, match="nothing is left to happen"):
        world_with_one.pick(0)


def _one_step():
    world = World()

    async def once() -> None:
        pass

    world.spawn(once(), "once")
    return world


def test_every_walk_of_the_stepper_is_a_schedule_of_the_search():
    """Random walks through the choices, replayed from their tokens by a fresh stepper, end in the same trace."""
    rng = random.Random(5)
    for _ in range(25):
        walk = Stepper(race)
        while choices := walk.choices():
            walk.pick(rng.choice(choices).index)
        again = Stepper(race)
        again.load(walk.token)
        again.run_on()
        assert again.trace.events == walk.trace.events

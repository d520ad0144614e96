"""A token replays one schedule, on the same scenario or with a switch turned, and says when it does not fit."""

import pytest

from dslab.check import Scenario, always, eventually, explore, replay
from dslab.check.replay import make_token, parse_token
from dslab.sim import World, step


def build():
    world = World()
    store = world.node("store", x=0)

    async def add() -> None:
        await step("read")
        seen = store.state["x"]
        await step("write")
        store.state["x"] = seen + 1

    for name in "ab":
        world.spawn(add(), name)
    return world


RACE = Scenario("race", build)
SUM = eventually("SUM", "the sum is two", lambda world: world.nodes["store"].state["x"] == 2)


def test_token_replays_the_same_trace():
    verdict = explore(RACE, [SUM])
    assert replay(RACE, verdict.token, [SUM]).trace.events == verdict.trace.events


def test_replay_gives_the_verdict():
    verdict = explore(RACE, [SUM])
    again = replay(RACE, verdict.token, [SUM])
    assert (again.held, again.invariant, again.schedule) == (False, "SUM", verdict.schedule)


def test_token_reads_back():
    picks = ((3, 1), (12, 4))
    assert parse_token(make_token("late fill: two", picks), "late fill: two") == picks


def test_default_schedule_has_a_token():
    assert parse_token(make_token("race", ()), "race") == ()


def test_token_survives_spaces_around_it():
    assert parse_token(f"  {make_token('race', ((1, 1),))}\n", "race") == ((1, 1),)


@pytest.mark.parametrize(
    ("token", "says"),
    [
        (make_token("race", ((3, 1), (12, 4)))[:-2], "cut short or changed"),
        (make_token("race", ((3, 1),)).replace("3.1", "3.2"), "cut short or changed"),
        (make_token("other", ((3, 1),)), "belongs to the scenario 'other', not to 'race'"),
        ("nonsense", "no replay token; one looks like 'race:7.1:"),
        (None, "no replay token"),
    ],
)
def test_bad_token_is_told_in_a_sentence(token, says):
    with pytest.raises(ValueError, match=says):
        replay(RACE, token)


@pytest.mark.parametrize("picks", [((0, 9),), ((99, 1),)])
def test_option_that_does_not_exist_is_told(picks):
    with pytest.raises(ValueError, match="does not fit 'race' as it is set now"):
        replay(RACE, make_token("race", picks))


def test_a_fault_after_everything_has_come_to_rest_is_replayed():
    """A schedule may rest for a while and then want a crash: the replay rests as long, and finds it."""

    def may_die() -> World:
        world = World(name="late crash")
        node = world.node("n")
        world.may_crash(node, restart=False)
        node.spawn(step_once())
        return world

    async def step_once() -> None:
        await step("works")

    scenario = Scenario("late crash", may_die)
    token = make_token("late crash", ((4, 1),))
    up = always("UP", "n is up", lambda world: world.nodes["n"].up)
    assert replay(scenario, token, [up]).held is False

"""Anomalies: a scenario with everything on but a few positions, searched; names and switches that do not exist are named."""

from dataclasses import dataclass

import pytest

from dslab import check
from dslab.check import always, named, positioned
from dslab.sim import World


@dataclass(frozen=True)
class Switches:
    """One switch: whether the door may open."""

    locked: bool = True


class Anomaly(check.Anomaly):
    """An anomaly of the door."""

    switches = Switches


def _door(switches: Switches) -> World:
    world = World(seed=1)
    world.facts["open"] = False

    async def push():
        world.facts["open"] = not switches.locked

    world.node("visitor").spawn(push())
    return world


SHUT = always("SHUT", "the door stays shut", lambda world: not world.facts["open"])
OPENS = Anomaly("opens", "somebody pushes, and it opens", _door, SHUT, ({"locked": False},), "ours")


def test_everything_is_on_unless_said_otherwise():
    assert OPENS.search().held


def test_a_position_is_found_out():
    assert OPENS.search(locked=False).invariant == "SHUT"


def test_the_scenario_remembers_only_what_is_off():
    assert OPENS.scenario(locked=False).switches == {"locked": False}


def test_switches_of_ones_own_are_the_base():
    world = OPENS.scenario(Switches(locked=False))().run()
    assert world.facts["open"]


def test_a_switch_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(ValueError, match=r"there is no switch 'bolted'; the switches are locked"):
        positioned(Switches(), {"bolted": True})


def test_a_name_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(ValueError, match=r"there is no anomaly 'shuts'; there are opens"):
        named({"opens": OPENS}, "shuts")

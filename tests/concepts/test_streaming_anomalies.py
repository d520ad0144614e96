"""Every anomaly of a live stream: found with its switch off, by a pinned shortest schedule; not found with everything on, in a pinned number."""

import pytest

from dslab.check import finished, replay
from dslab.concepts.streaming import anomalies
from dslab.concepts.streaming.anomalies import ANOMALIES, DEFENCES, search
from dslab.concepts.streaming.delivery import BUGS, POSITIONS, TARGET_US, Live, Player, Switches
from dslab.sim import World

# anomaly: schedules searched with everything on and up to two surprises
SEARCHED = {
    "listed too early": 59,
    "gone while listed": 315,
    "stale edge": 1341,
    "media sequence goes back": 315,
    "restart from 0": 2417,
    "restart without a mark": 2417,
    "discontinuity not counted": 532,
    "same number, other scene": 1,
    "too near to the live edge": 138,
    "not found, and kept": 333,
    "query forgotten": 129,
}
# anomaly: surprises in the shortest schedule with its switch off
SHORTEST = {
    "listed too early": 1, "gone while listed": 0, "stale edge": 0, "media sequence goes back": 0, "restart from 0": 1, "restart without a mark": 1,
    "discontinuity not counted": 0, "same number, other scene": 0, "too near to the live edge": 0, "not found, and kept": 0, "query forgotten": 0,
    "shut lid": 0,
}  # fmt: skip


def test_every_anomaly_is_pinned_here():
    assert set(SEARCHED) | {"shut lid"} == set(SHORTEST) == set(ANOMALIES)


@pytest.mark.parametrize("name", SEARCHED)
def test_not_found_with_everything_on(name):
    verdict = search(name)
    assert (verdict.held, verdict.searched, verdict.sampled, verdict.cut_short) == (
        True,
        SEARCHED[name],
        0,
        0,
    )


@pytest.mark.parametrize(
    ("name", "off"), [(each.name, off) for each in ANOMALIES.values() for off in each.off]
)
def test_found_with_the_switch_off(name, off):
    verdict = search(name, **off)
    assert (verdict.invariant, verdict.deviations) == (ANOMALIES[name].invariant.name, SHORTEST[name])


def test_playlist_overtakes_the_segment_and_that_is_the_only_surprise():
    verdict = search("listed too early", publish="both at once")
    assert verdict.surprises == (
        "deliver ‘put’ packager → origin, although this was next: deliver ‘put’ packager → origin",
    )


def test_restart_from_0_breaks_the_rule_of_the_media_sequence():
    assert "SEQUENCE_BACK" in search("restart from 0", restart_counts="from 0").explanation


def test_hold_back_of_three_survives_half_a_target_of_delay_twice_and_not_a_whole_one():
    """Two delays of up to 2 s each, and the 12 s of three segments; with 4 s each the referee finds a stall."""
    assert search("too near to the live edge").held
    from dslab.check import Scenario, explore

    def late() -> World:
        world = ANOMALIES["too near to the live edge"].build(Switches())
        world.patience_us = TARGET_US
        return world

    assert explore(Scenario("late", late), [anomalies.NO_STALL], 2).invariant == "NO_STALL"


def test_a_sleeper_is_not_helped_by_any_defence():
    assert ANOMALIES["shut lid"].always_there
    assert not search("shut lid").held


def test_shortest_schedule_replays_from_its_token():
    wanted = ANOMALIES["listed too early"]
    token = search(wanted.name, publish="both at once").token
    assert not replay(wanted.scenario(publish="both at once"), token, [wanted.invariant]).held


@pytest.fixture(scope="module")
def broken():
    """Search the whole table once."""
    cells = finished(anomalies.matrix())
    assert len(cells) == len(ANOMALIES) * (len(DEFENCES) + 1)
    assert not any(cell.verdict.sampled or cell.verdict.cut_short for cell in cells)
    return {
        name: {cell.column for cell in cells if cell.anomaly == name and not cell.verdict.held}
        for name in ANOMALIES
    }


def test_each_anomaly_is_stopped_by_its_own_defence_and_one_by_two(broken):
    two = {"not found, and kept", "shut lid"}
    assert {name: len(columns) for name, columns in broken.items() if name not in two} == dict.fromkeys(
        set(ANOMALIES) - two, 1
    )
    assert broken["not found, and kept"] == {"segment first", "forgets 404"}
    assert broken["shut lid"] == {"", *DEFENCES}


def test_every_defence_stops_something(broken):
    stops = set.union(*(columns for name, columns in broken.items() if name != "shut lid"))
    assert stops == set(DEFENCES)


@pytest.mark.parametrize(
    ("name", "value"), [("publish", "maybe"), ("grace", 1), ("hold_back", 2), ("bug", "gremlin")]
)
def test_switch_positions_are_checked(name, value):
    with pytest.raises(ValueError, match=f"{name}=.* is no "):
        Switches(**{name: value})


def test_every_switch_has_a_defence_and_the_default_is_its_first_position():
    off = {switch for positions in DEFENCES.values() for switch in positions}
    assert off == set(POSITIONS)
    assert all(getattr(Switches(), name) == known[0] for name, known in POSITIONS.items())


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match="there is no anomaly 'gremlin'; there are listed too early, "):
        search("gremlin")
    with pytest.raises(ValueError, match="there is no switch 'turbo'; the switches are publish, "):
        search("stale edge", turbo=True)


def test_by_time_a_player_plays_on_through_eight_segments_and_hears_no_complaint():
    live = Live(World(name="a while"), Switches())
    player = Player(live)
    live.packager.node.spawn(live.packager.run(6))
    player.node.spawn(player.watch(8))
    live.world.run()
    assert (live.played, [kind for kind, told in live.complaints.items() if told]) == (8, [])


def test_blocking_reload_is_answered_when_the_segment_is_there():
    live = Live(World(name="blocking"), Switches())
    player = Player(live)
    live.packager.node.spawn(live.packager.run(1))
    player.node.spawn(player.read(7))
    live.world.run()
    assert player.playlist.items[-1].number == 7
    assert TARGET_US < live.world.now < TARGET_US + 20_000


def test_mutants_are_all_named():
    from dslab.course.streaming import ZOO

    assert set(ZOO.mutants) == set(BUGS)

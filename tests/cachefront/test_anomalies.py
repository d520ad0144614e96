"""Every anomaly: found with its switch off, by a pinned shortest schedule; not found with everything on, in a pinned number."""

import pytest

from dslab.cachefront import anomalies
from dslab.cachefront.anomalies import ANOMALIES, DEFENCES, search
from dslab.check import replay, sometimes
from dslab.check.explore import explore

# anomaly: schedules searched with everything on and up to three surprises
SEARCHED = {
    "late fill": 453,
    "out-of-order fills": 210,
    "read own write": 45,
    "lost invalidation": 904,
    "follower refill": 132,
    "negative cache": 104,
    "clock-stamped marker": 45,
    "clock steps back": 10,
    "conditional delete": 45,
    "value shipping": 314,
    "query engine dies": 52,
    "two rows": 313,
}
# (anomaly, switch that is off): surprises in the shortest schedule
SHORTEST = {
    ("late fill", "compare_and_set"): 1,
    ("late fill", "markers"): 1,
    ("out-of-order fills", "compare_and_set"): 1,
    ("read own write", "invalidation"): 1,
    ("lost invalidation", "ttl_us"): 2,
    ("follower refill", "refill_from"): 2,
    ("negative cache", "invalidation"): 1,
    ("clock-stamped marker", "marker_stamp"): 0,
    ("clock steps back", "monotonic_timestamps"): 0,
    ("conditional delete", "soft_deletes"): 0,
    ("value shipping", "warm_up"): 1,
    ("query engine dies", "flux"): 1,
    ("two rows", "invalidation"): 1,
}
ALWAYS_THERE = {"age gap": 1, "invalidation times out": 1, "not linearizable": 2}


def test_every_anomaly_is_pinned_here():
    assert set(SEARCHED) | set(ALWAYS_THERE) == set(ANOMALIES)


@pytest.mark.parametrize("name", SEARCHED)
def test_not_found_with_everything_on(name):
    verdict = search(name)
    assert (verdict.held, verdict.searched, verdict.sampled) == (True, SEARCHED[name], 0)


@pytest.mark.parametrize(("name", "switch"), SHORTEST)
def test_found_with_the_switch_off(name, switch):
    off = next(positions for positions in ANOMALIES[name].off if switch in positions)
    verdict = search(name, **off)
    assert (verdict.invariant, verdict.deviations) == (ANOMALIES[name].invariant.name, SHORTEST[name, switch])


@pytest.mark.parametrize(("name", "off"), [(a.name, off) for a in ANOMALIES.values() for off in a.off])
def test_every_switch_position_that_is_named_brings_it_about(name, off):
    assert search(name, **off).invariant == ANOMALIES[name].invariant.name


@pytest.mark.parametrize("name", ALWAYS_THERE)
def test_no_switch_stops_what_is_always_there(name):
    for off in ({}, *DEFENCES.values()):
        assert not search(name, **off).held
    assert search(name).deviations == ALWAYS_THERE[name]


def test_the_eleven_sequences_of_the_facts_are_all_there():
    numbers = {int(a.source.split("2c.")[1]) for a in ANOMALIES.values() if "2c." in a.source}
    assert numbers == set(range(1, 12))


def test_late_fill_by_deletes_replays_and_is_cured_by_markers():
    token = search("late fill", markers=False).token
    scenario = ANOMALIES["late fill"].scenario
    broken = replay(scenario(markers=False), token, [anomalies.NO_STEP_BACK])
    cured = replay(scenario(), token, [anomalies.NO_STEP_BACK])
    assert (broken.held, cured.held) == (False, True)


def test_point_of_no_return_of_the_late_fill_is_not_after_the_end():
    verdict = search("late fill", markers=False)
    assert 0 < verdict.point_of_no_return < len(verdict.trace.events)


def test_each_half_alone_is_useless():
    """Facts 2c.1: of the four combinations of compare-and-set and markers only both together survive."""
    survives = {(cas, marker): search("late fill", compare_and_set=cas, markers=marker).held
                for cas in (False, True) for marker in (False, True)}  # fmt: skip
    assert survives == {(False, False): False, (False, True): False, (True, False): False, (True, True): True}


def test_matrix_is_complete_and_agrees_with_the_anomalies():
    names = ("late fill", "clock steps back", "query engine dies")
    steps = anomalies.matrix(names)
    while True:
        try:
            share = next(steps)
        except StopIteration as stop:
            cells = stop.value
            break
        assert 0 <= share < 1
    broken = {(cell.anomaly, cell.column) for cell in cells if not cell.verdict.held}
    assert len(cells) == len(names) * (1 + len(DEFENCES))
    assert {off for name, off in broken if name == "late fill"} == {"compare-and-set", "markers"}
    assert {off for name, off in broken if name == "query engine dies"} == {"Flux"}
    assert ("clock steps back", "monotonic timestamps") in broken


def test_a_vacuous_scenario_would_fail():
    """The search also asks that a write is acknowledged; a scenario in which nothing happens is no evidence."""
    never = sometimes(
        "NEVER", "three writes are acknowledged", lambda world: anomalies.front(world).acknowledged >= 3
    )
    assert not explore(ANOMALIES["read own write"].scenario(), [never]).held


def test_unknown_anomaly_is_told():
    with pytest.raises(ValueError, match="there is no anomaly 'gremlin'; there are late fill, "):
        search("gremlin")


def test_unknown_switch_is_told():
    with pytest.raises(ValueError, match="there is no switch 'turbo'; the switches are compare_and_set, "):
        search("late fill", turbo=True)

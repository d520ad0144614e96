"""Every anomaly: found with its switch off, by a pinned shortest schedule; not found with everything on, in a pinned number."""

import pytest

from dslab.check import explore, replay, sometimes
from dslab.microservices import anomalies
from dslab.microservices.anomalies import ANOMALIES, DEFENCES, search

# anomaly: schedules searched with everything on, up to how many surprises
SEARCHED = {
    "dead work": (255, 2),
    "retry storm": (255, 2),
    "endless queue": (80, 1),
    "calling the dead": (479, 2),
    "pool starvation": (15, 2),
    "slow leaf": (15, 1),
    "layered retries": (49, 2),
    "shared cause": (21, 1),
    "hard dependency": (15, 2),
    "charged twice": (30, 2),
}
# anomaly: surprises in the shortest schedule with its switch off
SHORTEST = {
    "dead work": 1,
    "retry storm": 1,
    "endless queue": 0,
    "calling the dead": 1,
    "pool starvation": 0,
    "slow leaf": 1,
    "layered retries": 1,
    "shared cause": 1,
    "hard dependency": 1,
    "charged twice": 1,
}


def test_every_anomaly_is_pinned_here():
    assert set(SEARCHED) == set(SHORTEST) == set(ANOMALIES)


@pytest.mark.parametrize("name", SEARCHED)
def test_not_found_with_everything_on(name):
    verdict = search(name)
    assert (verdict.held, verdict.searched, verdict.depth, verdict.sampled) == (True, *SEARCHED[name], 0)


@pytest.mark.parametrize(("name", "off"), [(a.name, off) for a in ANOMALIES.values() for off in a.off])
def test_found_with_its_switch_off(name, off):
    verdict = search(name, **off)
    assert (verdict.invariant, verdict.deviations) == (ANOMALIES[name].invariant.name, SHORTEST[name])


def test_each_anomaly_has_one_defence_and_each_defence_one_anomaly():
    cells = anomalies.matrix()
    while True:
        try:
            next(cells)
        except StopIteration as stop:
            found = stop.value
            break
    broken = {(cell.anomaly, cell.column) for cell in found if not cell.verdict.held}
    assert len(found) == len(ANOMALIES) * (1 + len(DEFENCES))
    assert len(broken) == len({name for name, _ in broken}) == len({off for _, off in broken}) == 10


def test_a_hedge_survives_one_slow_part_and_not_two():
    assert search("slow leaf", 1).held
    two = search("slow leaf", 2)
    assert (two.invariant, two.deviations) == ("IN_TIME", 2)


def test_three_layers_of_retries_by_time_make_nine_calls_at_a_dead_database():
    """Facts 1c.4, in the scenario of two retrying layers: 3 × 3; with one layer that retries, 3."""
    for retry_at, calls in (("every layer", 9), ("one layer", 3)):
        world = ANOMALIES["layered retries"].scenario(retry_at=retry_at)()
        world.nodes["database"].crash()
        world.run()
        assert world.facts["calls"] == calls


def test_a_lost_answer_charges_twice_and_a_lost_request_does_not():
    keyless = ANOMALIES["charged twice"].scenario(idempotency_key=False)
    lost_answer = replay(keyless, "charged twice:2.2:f6a64b", [anomalies.CHARGED_ONCE])
    lost_request = replay(keyless, "charged twice:1.2:13aabf", [anomalies.CHARGED_ONCE])
    assert (lost_answer.held, lost_request.held) == (False, True)


def test_the_same_schedule_is_harmless_with_a_key():
    scenario = ANOMALIES["charged twice"].scenario()
    assert replay(scenario, "charged twice:2.2:f6a64b", [anomalies.CHARGED_ONCE]).held


def test_a_scenario_in_which_nobody_is_answered_would_fail():
    never = sometimes(
        "NEVER", "five requests are answered", lambda world: world.facts.get("answered", 0) >= 5
    )
    assert not explore(ANOMALIES["dead work"].scenario(), [never]).held


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match="there is no anomaly 'gremlin'; there are dead work, "):
        search("gremlin")
    with pytest.raises(ValueError, match="there is no switch 'turbo'; the switches are deadline, "):
        search("dead work", turbo=True)

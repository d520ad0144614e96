"""Every anomaly: found with its switch off, by a pinned shortest schedule; not found with everything on, in a pinned number."""

import pytest

from dslab.check import replay
from dslab.sauna import anomalies
from dslab.sauna.anomalies import ANOMALIES, DEFENCES, search

# anomaly: schedules searched with everything on and up to two surprises
SEARCHED = {
    "stale anchor": 1_598,
    "late notice": 355,
    "no anchor": 468,
    "exit overtakes entry": 449,
    "full room": 2_341,
    "all follow": 859,
    "all take snapshots": 859,
    "wrong clock": 449,
    "Lamport trap": 16,
    "overtaking answer": 8,
    "back channel": 30,
    "sibling explosion": 50,
}
# (anomaly, the position that is off): surprises in the shortest schedule
SHORTEST = {
    ("stale anchor", ("rule", "inside")): 0,
    ("stale anchor", ("rule", "snapshot")): 0,
    ("late notice", ("witness", False)): 1,
    ("no anchor", ("attendant", False)): 0,
    ("exit overtakes entry", ("remember_exits", False)): 2,
    ("full room", ("reserved_seat", False)): 0,
    ("all follow", ("attendant", False)): 0,
    ("all take snapshots", ("rule", "snapshot")): 0,
    ("wrong clock", ("rule", "clock")): 0,
    ("wrong clock", ("rule", "snapshot")): 0,
    ("Lamport trap", ("stamps", "lamport")): 0,
    ("overtaking answer", ("delivery_rule", False)): 1,
    ("back channel", ("tracked_shout", False)): 1,
    ("back channel", ("delivery_rule", False)): 1,
    ("sibling explosion", ("dots", False)): 0,
}


def test_every_anomaly_is_pinned_here():
    assert {*SEARCHED, "no upper bound"} == set(ANOMALIES)
    assert len(SHORTEST) == sum(len(anomaly.off) for anomaly in ANOMALIES.values())


@pytest.mark.parametrize("name", SEARCHED)
def test_not_found_with_everything_on(name):
    verdict = search(name)
    assert (verdict.held, verdict.searched, verdict.sampled) == (True, SEARCHED[name], 0)


@pytest.mark.parametrize(("name", "position"), SHORTEST, ids=str)
def test_found_with_the_switch_off(name, position):
    off = next(off for off in ANOMALIES[name].off if position in off.items())
    verdict = search(name, **off)
    assert (verdict.invariant, verdict.deviations) == (
        ANOMALIES[name].invariant.name,
        SHORTEST[name, position],
    )


def test_no_switch_bounds_how_long_a_stay_gets():
    """Facts 6a: in an asynchronous system there is no upper bound, whatever the rule."""
    for off in ({}, *DEFENCES.values()):
        assert search("no upper bound", deviations=2, **off).invariant == "NOT_TOO_LONG", off


def test_the_six_sequences_of_the_facts_are_all_there():
    assert {a.source for a in ANOMALIES.values() if "6c." in a.source and "ours" not in a.source} == {
        f"facts 6c.{number}" for number in range(1, 7)
    }


def test_stale_anchor_by_the_facts():
    """Facts 6c.1: A enters at 0, I at 9 and pick A; A leaves at 10; I stay one minute."""
    assert "mia stayed 1 minute;" in search("stale anchor", rule="inside").explanation


def test_a_fast_clock_leaves_at_two_minutes_and_a_slow_one_at_fifty():
    """Facts 6c.4."""
    for speed, minutes in ((5.0, 2), (0.2, 50)):
        world = ANOMALIES["wrong clock"].scenario(rule="clock", clock_speed=speed)().run()
        assert round(world.facts["sauna"].stays_min()["mia"], 2) == minutes


def test_the_causal_rule_needs_no_clock():
    for speed in (0.2, 1.0, 5.0):
        assert search("wrong clock", deviations=1, clock_speed=speed).held


def test_chain_and_cycle_are_told_apart():
    assert "a chain that ends at noa" in search("all follow", attendant=False).explanation
    assert "a true cycle: noa → ann → noa" in search("full room", reserved_seat=False).explanation


def test_when_all_adopt_them_the_two_rules_fail_in_opposite_ways():
    """Facts 6a: the next-entrant rule keeps safety and loses liveness, the snapshot the other way round."""
    broken = {}
    for rule in ("next", "snapshot"):
        scenario = ANOMALIES["all follow"].scenario(rule=rule, attendant=False)
        broken[rule] = [
            invariant.name
            for invariant in (anomalies.STAYS_LONG_ENOUGH, anomalies.EVERYBODY_LEAVES)
            if not anomalies.explore(scenario, [invariant], 1).held
        ]
    assert broken == {"next": ["EVERYBODY_LEAVES"], "snapshot": ["STAYS_LONG_ENOUGH"]}


def test_late_notice_replays_and_is_cured_by_the_witness():
    token = search("late notice", witness=False).token
    scenario = ANOMALIES["late notice"].scenario
    broken = replay(scenario(witness=False), token, [anomalies.STAYS_LONG_ENOUGH])
    cured = replay(scenario(), token, [anomalies.STAYS_LONG_ENOUGH])
    assert (broken.held, cured.held) == (False, True)


def test_matrix_is_complete_and_agrees_with_the_anomalies():
    steps = anomalies.matrix(("late notice", "full room", "back channel"))
    while True:
        try:
            assert 0 <= next(steps) < 1
        except StopIteration as stop:
            cells = stop.value
            break
    assert len(cells) == 3 * (1 + len(DEFENCES))
    broken = {(cell.anomaly, cell.column) for cell in cells if not cell.verdict.held}
    assert ("late notice", "no witness") in broken
    assert {off for name, off in broken if name == "back channel"} == {"no delivery rule", "shout untracked"}
    assert not any(off == "" for _, off in broken)


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match="there is no anomaly 'gremlin'; there are stale anchor, "):
        search("gremlin")
    with pytest.raises(ValueError, match="there is no switch 'turbo'; the switches are rule, "):
        search("late notice", turbo=True)
    with pytest.raises(ValueError, match="rule='sideways' is no choice; use one of 'next', "):
        search("late notice", rule="sideways")

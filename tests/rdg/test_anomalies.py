"""Every anomaly: found with its switch off, by a pinned shortest schedule; not found with everything on, in a pinned number."""

import pytest

from dslab.check import Scenario, replay, sometimes
from dslab.check.explore import explore
from dslab.rdg import anomalies
from dslab.rdg.anomalies import ANOMALIES, DEFENCES, search
from dslab.rdg.protocol import CHOICES, Switches

# anomaly: schedules searched with everything on and up to two surprises
SEARCHED = {
    "shared job": 765,
    "late event": 13,
    "same moment": 5,
    "replay": 27,
    "early checkpoint": 27,
    "wide record": 1,
    "half-written edge": 104,
    "delete and add": 170,
    "one call after the other": 336,
    "dying node": 1,
    "fan-out": 908,
}
# (anomaly, switch that is off): the invariant that breaks, and the surprises in the shortest schedule
SHORTEST = {
    ("shared job", "job_per_topic"): ("ISOLATED", 0),
    ("late event", "event_time_wins"): ("NEWEST_WINS", 0),
    ("same moment", "event_time_wins"): ("NEWEST_WINS", 1),
    ("replay", "upserts"): ("COUNTED_ONCE", 1),
    ("early checkpoint", "emit_before_checkpoint"): ("NO_LOST_EVENT", 1),
    ("wide record", "paging"): ("BOUNDED_READ", 0),
    ("half-written edge", "entropy_repair"): ("SYMMETRIC", 1),
    ("delete and add", "delete_versions"): ("NEWER_EDGE_KEPT", 1),
    ("delete and add", "event_time_wins"): ("NEWER_EDGE_KEPT", 1),
    ("one call after the other", "by_level"): ("ONE_ROUND_A_LEVEL", 0),
    ("dying node", "skip_dying"): ("NO_DEAD_NODE", 0),
    ("fan-out", "limiter"): ("NO_COLLAPSE", 0),
}


def test_every_anomaly_and_every_switch_is_pinned_here():
    assert set(SEARCHED) == set(ANOMALIES)
    assert set(SHORTEST) == {(a.name, switch) for a in ANOMALIES.values() for off in a.off for switch in off}
    assert {switch for _, switch in SHORTEST} == set(Switches.__dataclass_fields__) - {"bug"}


@pytest.mark.parametrize("name", SEARCHED)
def test_not_found_with_everything_on(name):
    verdict = search(name)
    assert (verdict.held, verdict.searched, verdict.sampled) == (True, SEARCHED[name], 0)


@pytest.mark.parametrize(("name", "switch"), SHORTEST)
def test_found_with_the_switch_off(name, switch):
    off = next(positions for positions in ANOMALIES[name].off if switch in positions)
    verdict = search(name, **off)
    assert (verdict.invariant, verdict.deviations) == SHORTEST[name, switch]


def test_the_nine_sequences_of_the_facts_are_all_there():
    numbers = {int(a.source.split("4c.")[1]) for a in ANOMALIES.values() if a.source.startswith("facts")}
    assert numbers == set(range(1, 10))


def test_half_written_edge_replays_and_is_cured_by_the_repair():
    scenario = ANOMALIES["half-written edge"].scenario
    token = search("half-written edge", entropy_repair=False).token
    assert not replay(scenario(entropy_repair=False), token, [anomalies.SYMMETRIC]).held


def test_delete_needs_versions_on_both_sides():
    """Facts 4c.6: versions on the delete are of no use where the storage does not compare them."""
    assert search("delete and add").held
    assert not search("delete and add", event_time_wins=False).held
    assert not search("delete and add", delete_versions=False).held


def test_matrix_is_complete_and_each_anomaly_is_broken_by_its_own_defence():
    steps = anomalies.matrix(("replay", "early checkpoint", "same moment", "dying node"))
    while True:
        try:
            share = next(steps)
        except StopIteration as stop:
            cells = stop.value
            break
        assert 0 <= share < 1
    assert len(cells) == 4 * (1 + len(DEFENCES))
    broken = {(cell.anomaly, cell.column) for cell in cells if not cell.verdict.held}
    assert broken == {
        ("replay", "upserts"),
        ("early checkpoint", "checkpoint last"),
        ("same moment", "event time wins"),
        ("dying node", "skip dying nodes"),
    }


def test_storage_without_versions_says_what_it_removes():
    """The schedule is shown to learners; the line at which the newer edge is lost must say so."""
    trace = search("delete and add", delete_versions=False).trace
    told = [
        event["label"] for event in trace.events if event["lane"] == "storage" and event["kind"] == "note"
    ]
    assert told == [
        f"removes {edge}, whatever its version"
        for edge in ("link account:1 > device:1", "rlink device:1 > account:1")
    ]


def test_checkpoint_is_never_ahead_of_the_storage_however_rarely_it_is_taken():
    build, invariant = anomalies.EXTRA_SCENARIOS["one checkpoint at the end"]
    verdict = explore(Scenario("rare", lambda: build(Switches())), [invariant, anomalies.NO_LOST_EVENT], 2)
    assert (verdict.held, verdict.searched) == (True, 27)
    for wrong in (Switches(emit_before_checkpoint=False), Switches(bug="checkpoint one too far")):
        early = Scenario("early", lambda wrong=wrong: anomalies.anomaly("replay").build(wrong))
        found = explore(early, [invariant], 2)
        assert (found.invariant, found.deviations) == ("NOTHING_SKIPPED", 0)


def test_a_vacuous_scenario_would_fail():
    never = sometimes("NEVER", "four finish", lambda world: anomalies.rdg(world).seen["done"] >= 4)
    assert not explore(ANOMALIES["late event"].scenario(), [never]).held


@pytest.mark.parametrize("bug", [bug for bug in CHOICES["bug"] if bug])
def test_a_bug_is_known_and_another_is_not(bug):
    assert Switches(bug=bug).bug == bug


def test_unknown_names_get_a_sentence():
    with pytest.raises(ValueError, match="there is no bug 'typo'"):
        Switches(bug="typo")
    with pytest.raises(ValueError, match="there is no switch 'markers'"):
        search("replay", markers=False)
    with pytest.raises(ValueError, match="there is no anomaly 'typo'"):
        search("typo")

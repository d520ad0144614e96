"""Every anomaly: found with its switch off, by a pinned shortest schedule; not found with everything on, in a pinned number."""

import pytest

from dslab.check import replay
from dslab.check.explore import explore
from dslab.check.invariants import sometimes
from dslab.zanzibar import anomalies
from dslab.zanzibar.anomalies import ANOMALIES, DEFENCES, search
from dslab.zanzibar.zookie import CHOICES, Switches

# anomaly: schedules searched with everything on and up to three surprises
SEARCHED = {
    "order of ACL changes": 491,
    "old ACL, new content": 626,
    "zookie captured too early": 626,
    "zookie stored apart": 626,
    "mixed snapshots": 497,
    "stampede": 1_231,
    "microsecond keys": 83,
    "below the zookie": 104,
    "cancelled under waiters": 4_834,
    "noisy client": 132,
    "removed after the build": 5,
    "lost update": 92,
}
# (anomaly, switch that is off): surprises in the shortest schedule
SHORTEST = {
    ("order of ACL changes", "snapshot_reads"): 1,
    ("order of ACL changes", "commit_wait"): 0,
    ("old ACL, new content", "zookie_from"): 1,
    ("zookie captured too early", "zookie_from"): 1,
    ("zookie stored apart", "atomic_zookie"): 2,
    ("mixed snapshots", "one_snapshot"): 1,
    ("stampede", "lock_table"): 0,
    ("microsecond keys", "rounding"): 0,
    ("below the zookie", "rounding"): 0,
    ("cancelled under waiters", "cancel"): 0,
    ("noisy client", "per_client_locks"): 0,
    ("removed after the build", "incremental_layer"): 0,
    ("lost update", "lock_tuple"): 1,
}


def test_every_anomaly_is_pinned_here():
    assert set(SEARCHED) == set(ANOMALIES)
    assert set(SHORTEST) == {(a.name, switch) for a in ANOMALIES.values() for off in a.off for switch in off}


@pytest.mark.parametrize("name", SEARCHED)
def test_not_found_with_everything_on(name):
    verdict = search(name)
    assert (verdict.held, verdict.searched, verdict.sampled) == (True, SEARCHED[name], 0)


@pytest.mark.parametrize(("name", "switch"), SHORTEST)
def test_found_with_the_switch_off(name, switch):
    off = next(positions for positions in ANOMALIES[name].off if switch in positions)
    verdict = search(name, **off)
    assert (verdict.invariant, verdict.deviations) == (ANOMALIES[name].invariant.name, SHORTEST[name, switch])


def test_the_ten_sequences_of_the_facts_are_all_there():
    numbers = {int(a.source.split("3c.")[1].split(":")[0]) for a in ANOMALIES.values() if "3c." in a.source}
    assert numbers == set(range(1, 11))


def test_every_switch_has_an_anomaly_that_needs_it():
    needed = {switch for a in ANOMALIES.values() for off in a.off for switch in off}
    assert needed == set(Switches.__dataclass_fields__) - {"bug"}
    assert {tuple(off.items()) for off in DEFENCES.values()} == {
        tuple(off.items()) for a in ANOMALIES.values() for off in a.off
    }


def test_the_leak_replays_and_is_cured_by_a_zookie():
    token = search("old ACL, new content", zookie_from="nowhere").token
    assert token == "old ACL, new content:4.1:fbd376"
    scenario = ANOMALIES["old ACL, new content"].scenario
    broken = replay(scenario(zookie_from="nowhere"), token, [anomalies.NO_LEAK])
    cured = replay(scenario(), token, [anomalies.NO_LEAK])
    assert (broken.held, cured.held) == (False, True)


def test_old_content_may_be_seen_by_design():
    """Facts 3f: without a zookie a removed user may still see old content; only the new content is a leak."""
    saw = sometimes("SAW_V1", "Bob sees v1", lambda world: world.nodes["bob"].state["saw"] == "v1")
    assert explore(ANOMALIES["old ACL, new content"].scenario(), [saw, anomalies.NO_LEAK], 1).held


def test_matrix_is_complete_and_agrees_with_the_anomalies():
    names = ("order of ACL changes", "lost update", "noisy client")
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
    assert broken == {
        ("order of ACL changes", "commit wait"),
        ("order of ACL changes", "complete snapshots"),
        ("lost update", "lock tuple"),
        ("noisy client", "keys per client"),
    }


def test_a_vacuous_scenario_would_fail():
    never = sometimes(
        "NEVER", "a hundred checks are answered", lambda world: anomalies.system(world).checks >= 100
    )
    assert not explore(ANOMALIES["lost update"].scenario(), [never], 1).held


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match="there is no anomaly 'gremlin'; there are order of ACL changes, "):
        search("gremlin")
    with pytest.raises(ValueError, match="there is no switch 'turbo'; the switches are commit_wait, "):
        search("lost update", turbo=True)


@pytest.mark.parametrize("name", CHOICES)
def test_wrong_positions_are_told(name):
    with pytest.raises(ValueError, match=f"{name}='gremlin' is no choice; use one of "):
        Switches(**{name: "gremlin"})


def test_a_switch_is_true_or_false():
    with pytest.raises(ValueError, match="lock_table=1 is no switch position"):
        Switches(lock_table=1)

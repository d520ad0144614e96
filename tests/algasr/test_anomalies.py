"""Every anomaly: found with its cure off, by a pinned shortest schedule; not found with everything on, in a pinned number."""

from itertools import pairwise

import pytest

from dslab.algasr import anomalies, palace
from dslab.algasr.anomalies import ANOMALIES, CURES, search
from dslab.algasr.switches import MINISTRIES, Switches, ministry
from dslab.check import always, explore, replay, sometimes

# anomaly: (schedules searched with everything on and up to two surprises, whether these are all there are)
SEARCHED = {
    "zombie leader": (65, False),
    "three-way partition": (582, False),
    "even split": (152, False),
    "isolated Emir": (828, False),
    "dual write": (107, False),
    "dual writes cross": (246, False),
    "rewritten edition": (189, False),
    "two interpreters": (122, False),
    "one ministry stops": (1952, False),
    "total outage": (1952, False),
    "relabelled failure": (25, False),
    "merge by arrival": (65, False),
    "fast clock": (1, True),
    "affirmed bug": (50, False),
    "passed on": (1, True),
}
# (anomaly, switch, position): surprises in the shortest schedule
SHORTEST = {
    ("zombie leader", "fencing", False): 1,
    ("three-way partition", "quorum", "one"): 0,
    ("even split", "quorum", "half"): 0,
    ("even split", "quorum", "one"): 0,
    ("isolated Emir", "quorum", "one"): 1,
    ("dual write", "dashboards", "dual"): 1,
    ("dual writes cross", "dashboards", "dual"): 1,
    ("rewritten edition", "append_only", False): 1,
    ("two interpreters", "versioned", False): 1,
    ("one ministry stops", "evidence", "relayed"): 0,
    ("total outage", "evidence", "relayed"): 0,
    ("relabelled failure", "counted_by", "team"): 0,
    ("merge by arrival", "merge", "arrival"): 1,
    ("fast clock", "merge", "clock"): 0,
    ("affirmed bug", "stages", "affirmation"): 0,
    ("passed on", "owner", False): 0,
}


def test_every_anomaly_and_every_off_position_is_pinned_here():
    assert set(SEARCHED) == set(ANOMALIES)
    offs = {
        (a.name, switch, position)
        for a in ANOMALIES.values()
        for off in a.off
        for switch, position in off.items()
    }
    assert set(SHORTEST) == offs


@pytest.mark.parametrize("name", SEARCHED)
def test_not_found_with_every_cure_on(name):
    verdict = search(name)
    assert (verdict.held, (verdict.searched, verdict.exhausted), verdict.sampled) == (True, SEARCHED[name], 0)


@pytest.mark.parametrize(("name", "switch", "position"), SHORTEST)
def test_found_with_the_cure_off_by_the_shortest_schedule(name, switch, position):
    verdict = search(name, **{switch: position})
    assert verdict.invariant == ANOMALIES[name].invariant.name
    assert verdict.deviations == SHORTEST[name, switch, position]


def test_six_sequences_of_the_facts_are_all_there():
    assert {a.source.removeprefix("facts c.") for a in ANOMALIES.values() if "facts c" in a.source} == set(
        "123456"
    )


def test_every_ministry_has_an_anomaly():
    assert {a.ministry for a in ANOMALIES.values()} == {each.name for each in MINISTRIES}


def test_the_off_position_of_every_ministry_breaks_an_anomaly_of_it():
    for each in MINISTRIES:
        assert any(
            not search(a.name, **each.off).held for a in ANOMALIES.values() if a.ministry == each.name
        ), each.name


def test_zombie_looks_at_its_lease_while_it_is_valid_and_writes_when_another_reigns():
    """The story as it is told: no two leases overlap, and the look comes before the sleep."""
    verdict = search("zombie leader", fencing=False)
    steps = [str(step) for step in verdict.schedule]
    looks, writes = (
        steps.index("emir 1: looks at its lease"),
        steps.index("emir 1: writes: its lease was valid"),
    )
    assert looks < steps.index("emir 2: wakes up") < steps.index("deliver ‘write’ emir 2 → archive") < writes
    assert [surprise.split(":")[0] for surprise in verdict.surprises] == ["emir 2"]


def test_office_never_grants_two_leases_that_overlap_and_does_refuse():
    def apart(world):
        grants = world.facts["grants"]
        return all(later - earlier >= palace.LEASE_US for earlier, later in pairwise(grants))

    def refused(world):
        return any(
            node.state.get("epoch", "") == "refused: somebody else's lease runs"
            for node in world.nodes.values()
        )

    wanted = [
        always("APART", "two grants are a lease apart", apart),
        sometimes("REFUSED", "a grant is refused", refused),
    ]
    assert explore(ANOMALIES["zombie leader"].scenario(fencing=False), wanted, 2).held


def test_zombie_write_is_refused_seven_below_eight():
    token = search("zombie leader", fencing=False).token
    build = ANOMALIES["zombie leader"].scenario
    broken = replay(build(fencing=False), token, [anomalies.NO_OLDER_EPOCH])
    cured = replay(build(), token, [anomalies.NO_OLDER_EPOCH])
    assert "epoch 7 replaced x=2 of epoch 8" in broken.explanation
    assert cured.held
    assert (
        cured.trace.events[-1]["label"] == "write fail"
    )  # the same schedule ran to its end: the zombie was told


def test_majority_and_fence_do_not_do_each_others_work():
    assert not search("zombie leader", fencing=False, quorum="majority").held
    assert not search("three-way partition", fencing=True, quorum="one").held


def test_three_way_partition_loses_two_branches_of_three():
    world = palace.partition(Switches(quorum="one")).run()
    reign = world.facts["reign"]
    assert (len(reign.acknowledged), len(reign.lost())) == (4, 2)  # one before the partition, three in it


def test_majority_refuses_all_where_no_side_has_one_and_serves_the_larger_side():
    assert palace.partition(Switches()).run().facts["reign"].refused == 3
    reign = palace.partition(Switches(), ((1, 2), (3,))).run().facts["reign"]
    assert (reign.refused, {who for _, _, who in reign.acknowledged}) == (1, {"emir 1", "emir 2"})


def test_a_reconciler_repairs_at_rest_what_a_dead_clerk_leaves_but_can_be_lost_itself():
    assert search("dual write", 1, dashboards="reconciled").held
    assert search("dual write", 2, dashboards="reconciled").deviations == 2


def test_a_bug_passes_three_tests_with_three_surprises_and_no_fewer():
    assert search("affirmed bug", deviations=2).held
    assert search("affirmed bug", deviations=3).deviations == 3


def test_clock_converges_where_stamps_differ_but_loses_the_newest_write():
    verdict = search("fast clock", merge="clock")
    assert "blue was written last and acknowledged; the replica holds red" in verdict.explanation


def test_two_interpreters_come_to_two_treasuries():
    """5,000 less 10, or less 10 per cent; then 500 more."""
    why = search("two interpreters", versioned=False).explanation
    assert "5,490" in why
    assert "5,000" in why


def test_matrix_is_complete_and_agrees_with_the_anomalies():
    steps = anomalies.matrix(("zombie leader", "even split", "fast clock"))
    while True:
        try:
            assert 0 <= next(steps) < 1
        except StopIteration as stop:
            cells = stop.value
            break
    assert len(cells) == 3 * (1 + len(CURES))
    broken = {(cell.anomaly, cell.column) for cell in cells if not cell.verdict.held}
    assert broken == {("zombie leader", "fence"), ("even split", "majority"), ("even split", "more than half"),
                      ("fast clock", "versions, not clocks")}  # fmt: skip


def test_a_vacuous_scenario_would_fail():
    never = sometimes(
        "NEVER", "the archive takes five writes", lambda world: world.facts["archive"].accepted > 4
    )
    assert not explore(ANOMALIES["zombie leader"].scenario(), [never], 1).held


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: search("gremlin"), "there is no anomaly 'gremlin'; there are zombie leader, "),
        (lambda: search("zombie leader", turbo=1), "there is no switch 'turbo'; the switches are quorum, "),
        (lambda: Switches(quorum="two"), "quorum='two' is no choice; use one of 'majority', 'half', 'one'"),
        (lambda: Switches(fencing="yes"), "fencing='yes' is no switch position; use True or False"),
        (lambda: ministry("Love"), "there is no ministry 'Love'; there are Palace, "),
    ],
)
def test_what_does_not_exist_is_told(call, says):
    with pytest.raises(ValueError, match=says):
        call()

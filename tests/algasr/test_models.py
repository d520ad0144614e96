"""The ministries by the thousand: figures of the facts, and every closed form beside its simulation."""

import math
import random

import pytest

from dslab.algasr import branches, drift, numbers, readings, rings, town
from dslab.algasr.fence import Fence, Office, quorum
from dslab.algasr.records import Version, join
from dslab.algasr.switches import MINISTRIES

# -- fence ------------------------------------------------------------------------------------------------


def test_fence_refuses_seven_after_eight_and_takes_eight_again():
    fence = Fence()
    assert [fence.admit(epoch) for epoch in (7, 8, 7, 8, 9)] == [True, True, False, True, True]
    assert (fence.highest, fence.refused) == (9, 1)


def test_office_grants_only_larger_epochs():
    office = Office(6)
    assert [office.grant(name) for name in ("a", "b", "a")] == [7, 8, 9]
    assert office.holder == "a"


@pytest.mark.parametrize("nodes", range(1, 10))
def test_two_majorities_meet_and_two_halves_of_an_even_number_need_not(nodes):
    assert 2 * quorum(nodes) > nodes
    assert (2 * quorum(nodes, "half") > nodes) == (nodes % 2 == 1)
    assert quorum(nodes, "one") == 1


def test_quorum_of_nothing_is_told():
    with pytest.raises(ValueError, match="a quorum of 0 nodes is not possible"):
        quorum(0)
    with pytest.raises(
        ValueError, match="the quorum rule 'most' is not known; use one of majority, half, one"
    ):
        quorum(3, "most")


# -- branches ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "lost"), [(0.3, 0.026), (1, 0.218), (3, 0.946), (10, 1.893)])
def test_lost_branches_are_those_of_the_facts(rate, lost):
    assert branches.lost_branches(rate) == pytest.approx(lost, abs=5e-4)


@pytest.mark.parametrize(("rate", "emirs"), [(0.3, 3), (3.0, 3), (10.0, 3), (2.0, 5), (4.0, 9)])
def test_lost_branches_simulated_within_four_hundredths(rate, emirs):
    simulated = branches.simulate(rate, emirs, 8_000)["last writer wins"]["lost"] / 8_000
    assert simulated == pytest.approx(branches.lost_branches(rate, emirs), abs=0.04)


def test_one_emir_loses_nothing_and_many_lose_all_but_one_write_of_a_key():
    assert branches.lost_branches(3.0, 1) == pytest.approx(0)
    assert branches.lost_branches(3.0, 10**6) == pytest.approx(3 - (1 - math.exp(-3)), abs=1e-4)


def test_majority_and_fence_lose_nothing_and_refuse():
    totals = branches.simulate(3.0)
    for rule in ("majority", "fence"):
        assert totals[rule]["lost"] == totals[rule]["lost_writes"] == 0
        assert 0 < totals[rule]["acknowledged"] < totals[rule]["attempts"]
    assert branches.simulate(3.0, majority_side=False)["majority"]["acknowledged"] == 0


# -- drift --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", drift.WAYS)
@pytest.mark.parametrize("failure", [0.05, 0.3])
def test_drift_simulated_within_one_point(way, failure):
    share = drift.simulate(failure, 30.0, way, 60.0, 0.5, 12_000)[1]
    assert share == pytest.approx(drift.drift_share(failure, 30.0, way, 60.0, 0.5), abs=0.01)


def test_drift_of_dual_writes_is_the_chance_of_failure_whatever_the_rate():
    assert {drift.drift_share(0.05, every, "dual") for every in (1, 30, 1_000)} == {0.05}


def test_reconciler_bounds_the_age_and_dual_writes_do_not():
    ages = {way: drift.simulate(0.3, 30.0, way, 60.0, 0.02, 4_000)[0] for way in ("dual", "reconciled")}
    assert ages["reconciled"][-1] <= 60 < ages["dual"][-1]


# -- readings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("m", "replicas", "chance"), [(2, 3, 0.25), (3, 3, 0.111), (5, 3, 0.040), (3, 5, 0.012)]
)
def test_merge_by_arrival_agrees_as_seldom_as_the_facts_say(m, replicas, chance):
    assert readings.all_agree(m, replicas) == pytest.approx(chance, abs=5e-4)
    assert readings.deliver(m, replicas) == pytest.approx(chance, abs=0.01)


def test_join_always_agrees():
    assert readings.deliver(3, 4, "versions", 300) == 1


def test_join_is_commutative_associative_idempotent_on_random_versions():
    rng = random.Random(1)
    dots = [(writer, number) for writer in "abc" for number in (1, 2)]

    def draw() -> frozenset[Version]:
        return frozenset(Version(f"v{rng.randrange(9)}", frozenset(rng.sample(dots, rng.randint(1, 4)))) for _ in range(rng.randint(0, 3)))  # fmt: skip

    for _ in range(300):
        a, b, c = draw(), draw(), draw()
        assert join(a, b) == join(b, a)
        assert join(join(a, b), c) == join(a, join(b, c))
        assert join(join(a, b), b) == join(a, b)


def test_three_different_editions_part_two_readers_of_three():
    assert readings.readers_disagree(1, 1) == pytest.approx(2 / 3)
    assert readings.readers_disagree(0, 0) == 0


@pytest.mark.parametrize(("changed", "explained"), [(1.0, 1.0), (0.3, 0.2), (0.0, 0.5)])
def test_readers_simulated_within_one_point_and_a_half(changed, explained):
    assert readings.ask_readers(changed, explained) == pytest.approx(
        readings.readers_disagree(changed, explained), abs=0.015
    )
    assert readings.ask_readers(changed, explained, append_only=True) == 0


@pytest.mark.parametrize(("redefined", "records"), [(0.3, 5), (0.1, 10), (1.0, 1)])
def test_interpreters_agree_only_where_nothing_was_redefined(redefined, records):
    assert readings.replay_twice(redefined, records) == pytest.approx(
        readings.same_state(redefined, records), abs=0.025
    )
    assert readings.replay_twice(redefined, records, versioned=True) == 1


def test_newest_write_lost_to_a_fast_clock():
    assert readings.write_after_fast(5, 10) == pytest.approx(readings.newest_lost(5, 10), abs=0.01)


# -- rings ---------------------------------------------------------------------------------------------------


def test_two_fixed_points_of_a_ring_of_nine():
    great, least = (sum(rings.settle([False] * 9, rings.ring(9), start)) for start in (True, False))
    assert (great, least) == (9, 0)


@pytest.mark.parametrize("gone", range(9))
def test_any_edge_less_makes_the_outage_visible(gone):
    edges = [edge for place, edge in enumerate(rings.ring(9)) if place != gone]
    assert not any(rings.settle([False] * 9, edges, start=True))


@pytest.mark.parametrize("evidence", rings.EVIDENCE)
@pytest.mark.parametrize("ministries", [2, 5, 9, 12])
@pytest.mark.parametrize("lease", [1, 3, 12])
def test_rounds_until_dark_are_those_of_the_closed_form(evidence, ministries, lease):
    run = rings.outage(ministries, ministries, evidence, lease)
    assert run["dark_after"] == rings.rounds_until_dark(ministries, evidence, lease)


@pytest.mark.parametrize("lease", [1, 3, 12])
@pytest.mark.parametrize("cut", [False, True])
def test_waits_of_all_kinds_of_evidence_are_those_of_the_closed_form(lease, cut):
    run = rings.outage(9, 9, "relayed", lease, cut)
    assert run.params["waits"] == run.params["closed"]


def test_only_the_time_of_its_own_probe_tells_of_a_single_dead_ministry():
    dark = {evidence: rings.outage(9, 1, evidence)["false_green"] == 0 for evidence in rings.EVIDENCE}
    assert dark == {"relayed": False, "hop count": False, "path": False, "origin time": True}


def test_nothing_stopped_is_no_false_alarm():
    for evidence in rings.EVIDENCE:
        run = rings.outage(9, 0, evidence)
        assert run["reported"] == run["measured"] == 100


# -- numbers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stages", "escapes"), [((), 1.0), ((0.5,), 0.5), ((0.5, 0.6, 0.5), 0.1), ((0.0, 0.0, 0.0), 1.0)]
)
def test_escapes_are_those_of_the_facts(stages, escapes):
    assert numbers.escape(stages) == pytest.approx(escapes)
    assert numbers.release(stages) == pytest.approx(escapes, abs=0.01)


def test_reported_success_hides_the_relabelled_share():
    assert numbers.reported_success(0.2, 0.3) == pytest.approx(0.86)
    assert numbers.reported_success(0.2, 0.0) == pytest.approx(0.8)


@pytest.mark.parametrize("acts", [0.05, 0.2, 0.9])
def test_hops_simulated_within_a_tenth(acts):
    hops, late = numbers.pass_on(acts)
    assert hops == pytest.approx(numbers.mean_hops(acts, 8), abs=0.1)
    assert late == pytest.approx((1 - acts) ** 8, abs=0.01)
    assert numbers.pass_on(acts, owner=True)[1] == 0


def test_incidents_fall_to_zero_while_the_canary_sees_more_failures():
    """Facts c.6: the report says 100 %, and the canary's curve falls from the first week to the last."""
    run = numbers.victories()
    canary = run.series["canary"].y
    assert run["reported"] == 100
    assert canary[-1] < canary[0] - 5


def test_effort_follows_the_cheaper_way_and_a_canary_leaves_only_one():
    assert numbers.spend(20, 8, 1, "team") == (0, 20)
    assert numbers.spend(20, 1, 8, "team") == (20, 0)
    assert numbers.spend(20, 8, 1, "canary") == (20, 0)


# -- the town -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("each", MINISTRIES, ids=lambda each: each.name)
def test_every_cure_closes_its_gap(each):
    sick, well = town.visit(each.name, False, 0.3), town.visit(each.name, True, 0.3)
    assert well[0] - well[1] < sick[0] - sick[1]
    assert sick[0] - sick[1] > 3


def test_gap_of_the_town_falls_with_every_cure():
    cured, gaps = {}, [town.tour(0.2)["gap"]]
    for each in MINISTRIES:
        cured[each.name.lower()] = True
        gaps.append(town.tour(0.2, **cured)["gap"])
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 1 < gaps[0]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: branches.palace(rate=0), "rate=0, emirs=3"),
        (lambda: drift.dashboards("twice"), "way='twice'"),
        (lambda: rings.outage(1), "ministries=1"),
        (lambda: numbers.victories("nobody"), "counted_by='nobody'"),
        (lambda: town.tour(0.9), "trouble=0.9 is out of range; use 0 to 0.5"),
        (lambda: town.tour(love=True), "there is no ministry 'Love'"),
    ],
)
def test_parameter_out_of_range_is_told(call, says):
    with pytest.raises(ValueError, match=says):
        call()

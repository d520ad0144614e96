"""The ministries by the thousand: figures of the facts, and every closed form beside its simulation."""

import math
import random

import pytest

from dslab.algasr import branches, drift, numbers, readings, rings, town
from dslab.algasr.records import Version, join
from dslab.algasr.switches import MINISTRIES

# -- branches ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "lost"), [(0.3, 0.026), (1, 0.218), (3, 0.946), (10, 1.893)])
def test_lost_branches_are_those_of_the_facts(rate, lost):
    assert branches.lost_branches(rate) == pytest.approx(lost, abs=5e-4)


@pytest.mark.parametrize(("rate", "emirs"), [(0.3, 3), (3.0, 3), (10.0, 3), (2.0, 5), (4.0, 9)])
def test_lost_branches_simulated_within_four_hundredths(rate, emirs):
    simulated = branches.simulate(rate, emirs, 8_000)["last writer wins"]["lost"] / 8_000
    assert simulated == pytest.approx(branches.lost_branches(rate, emirs), abs=0.04)


@pytest.mark.parametrize(("rate", "emirs"), [(0.3, 3), (3.0, 3), (10.0, 3), (30.0, 3), (4.0, 2), (9.0, 9)])
def test_share_of_writes_lost_simulated_within_a_point(rate, emirs):
    run = branches.simulate(rate, emirs, 8_000)["last writer wins"]
    assert run["lost_writes"] / run["acknowledged"] == pytest.approx(
        branches.lost_share(rate, emirs), abs=0.01
    )


def test_winner_is_who_wrote_last_and_not_a_branch_drawn_by_lot():
    """A random order of the same writes, its last write looked up: what is kept is what that Emir wrote. A branch by lot keeps less."""
    rng, kept, by_lot, writes = random.Random(5), 0, 0, 0
    for _ in range(20_000):
        order = [rng.randrange(3) for _ in range(branches.poisson(rng, 3.0))]
        if order:
            writes += len(order)
            kept += order.count(order[-1])
            by_lot += order.count(rng.choice(sorted(set(order))))
    assert 1 - kept / writes == pytest.approx(branches.lost_share(3.0), abs=0.01)
    assert 1 - by_lot / writes > branches.lost_share(3.0) + 0.03
    run = branches.simulate(3.0, 3, 8_000)["last writer wins"]
    assert run["lost_writes"] / run["acknowledged"] == pytest.approx(1 - kept / writes, abs=0.015)


def test_share_lost_grows_from_nothing_to_all_but_one_emir():
    assert branches.lost_share(1e-6) == pytest.approx(0, abs=1e-6)
    assert branches.lost_share(1e4) == pytest.approx(2 / 3, abs=1e-4)
    assert branches.lost_share(3.0, 1) == pytest.approx(0)


def test_branches_lost_where_one_emir_gets_half_of_the_writes():
    closed = (1 - math.exp(-1)) + 4 * (1 - math.exp(-0.25)) - (1 - math.exp(-2))
    assert branches.count_lost(2.0, (0.5, 0.125, 0.125, 0.125, 0.125)) == pytest.approx(closed, abs=0.01)
    assert branches.count_lost(2.0, (0.2,) * 5) == pytest.approx(branches.lost_branches(2.0, 5), abs=0.01)


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


@pytest.mark.parametrize("every_min", [1, 2, 4])
def test_what_the_outbox_still_has_to_copy_is_a_third_off_at_most(every_min):
    run = drift.dashboards("outbox", every_min=every_min)
    assert 100 - run["measured"] == pytest.approx(run["theory"], rel=0.34)


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


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("evidence", rings.EVIDENCE[:3])
def test_a_cut_does_not_tell_of_a_single_dead_ministry_behind_a_healthy_one(cut, evidence):
    assert rings.outage(9, 1, evidence, cut=cut)["false_green"] == 1


def test_rounds_agree_with_the_greatest_fixed_point_for_every_single_stop_and_cut():
    for cut in (False, True):
        edges = [edge for edge in rings.ring(9) if not (cut and edge == (8, 0))]
        run = rings.outage(9, 1, "relayed", cut=cut)
        assert run.params["lights"] == rings.settle(run.params["probes"], edges, start=True)


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
    owned_hops, owned_late = numbers.pass_on(acts, owner=True)
    assert owned_hops == pytest.approx(1 - acts, abs=0.02)
    assert owned_late == 0


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


def test_team_that_looks_ahead_far_enough_mends_although_it_counts_itself():
    """A label for half an hour a week costs as much as mending once after 16 weeks."""
    assert [numbers.victories(horizon=weeks)["mended"] for weeks in (1, 15, 16, 26)] == [0, 0, 520, 520]
    assert numbers.victories(horizon=26)["gap"] == 0


@pytest.mark.parametrize("probes", [50, 400])
def test_alarm_seldom_rings_where_the_report_is_true(probes):
    """Three standard errors, 26 weeks, 200 half years of a team that relabels nothing: a false alarm in one of twenty at most."""
    false = 0
    for seed in range(200):
        reported, _, canary, _ = numbers.year("team", 0.0, 8.0, 0.5, 1.0, probes, seed=seed)
        false += any(
            told - seen > numbers.allowed(seen, probes) for told, seen in zip(reported, canary, strict=True)
        )
    assert false <= 10


def test_smaller_canary_rings_later():
    weeks = [numbers.victories(probes=probes)["alarm_week"] for probes in (50, 200)]
    assert weeks[0] > weeks[1] > 0


def test_without_hours_the_sentence_does_not_speak_of_mending():
    assert "no hours are spent" in numbers.victories(hours=0.0).describe()


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


def test_without_any_trouble_two_ministries_lie_by_their_own_rule():
    rows = town.tour(0.0).tables["ministries"]
    assert [row["ministry"] for row in rows if row["reported"] - row["measured"] > 0.5] == [
        "Palace",
        "Reconciliation",
    ]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: branches.palace(rate=0), "rate=0, emirs=3"),
        (lambda: drift.dashboards("twice"), "way='twice'"),
        (lambda: rings.outage(1), "ministries=1"),
        (lambda: numbers.victories("nobody"), "counted_by='nobody'"),
        (lambda: numbers.victories(horizon=0), "horizon=0"),
        (lambda: town.tour(0.9), "trouble=0.9 is out of range; use 0 to 0.5"),
        (lambda: town.tour(love=True), "there is no ministry 'Love'"),
    ],
)
def test_parameter_out_of_range_is_told(call, says):
    with pytest.raises(ValueError, match=says):
        call()

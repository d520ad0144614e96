"""Serving: closed forms held to simulations, and the facts of the paper."""

import math

import pytest

from dslab.zanzibar import serving
from dslab.zanzibar.serving import tails
from dslab.zanzibar.serving.load import evaluations_per_s
from dslab.zanzibar.serving.placement import moved, spread


@pytest.mark.parametrize(("n", "ratio"), [(1, 0.368), (5, 0.801), (10, 0.900), (100, 0.990)])
def test_quantized_hit_ratio_is_that_of_the_facts(n, ratio):
    assert serving.quantized(n, 1.0) == pytest.approx(ratio, abs=5e-4)


def test_quantized_hit_ratio_at_its_ends():
    assert serving.quantized(0, 1) == 0
    assert serving.quantized(1e-6, 1) == pytest.approx(5e-7, rel=1e-3)
    assert serving.quantized(1e6, 10) > 0.999999


@pytest.mark.parametrize(("quantum", "rate"), [(0.001, 993.26), (1.0, 1.0), (10.0, 0.1)])
def test_distinct_evaluations_of_exercise_4(quantum, rate):
    assert evaluations_per_s(5_000, quantum) == pytest.approx(rate, rel=1e-4)


@pytest.mark.parametrize("rate", [0.5, 10, 1_000])
def test_simulated_hit_ratio_is_within_one_point_of_the_closed_form(rate):
    run = serving.hit_ratio(rate=rate)
    assert run.series["simulated"].y == pytest.approx(run.series["theory"].y, abs=1.0)


def test_microsecond_keys_never_hit():
    assert serving.hit_ratio(rate=10)["microsecond"] < 0.01


@pytest.mark.parametrize(("lock_table", "reads"), [(True, 1), (False, 10_000)])
def test_stampede(lock_table, reads):
    run = serving.stampede(10_000, lock_table)
    assert (run["reads"], run["answered"]) == (reads, 10_000)


def test_hot_spot_meets_the_closed_form_where_reads_are_fast():
    run = serving.hot_spot(rate=5_000, members=10, read_ms=1.0)
    assert run["hit"] == pytest.approx(run["theory"], abs=1.0)


def test_lock_table_and_whole_object_reads_save_reads():
    plain = serving.hot_spot(rate=20_000, members=5, read_ms=100, lock_table=False)["reads_per_s"]
    locked = serving.hot_spot(rate=20_000, members=5, read_ms=100)["reads_per_s"]
    assert plain > 20 * locked
    many = {
        on: serving.hot_spot(rate=5_000, members=1_000, prefetch=on)["reads_per_s"] for on in (False, True)
    }
    assert many[False] > 5 * many[True]


def test_hedging_meets_its_closed_form():
    run = serving.hedging(95.0)
    for simulated, theory in (("plain", "plain_theory"), ("hedged", "hedged_theory")):
        assert run.series[simulated].y == pytest.approx(run.series[theory].y, abs=1.5)
    assert run["extra"] == pytest.approx(5.0, abs=0.1)


def test_hedging_cuts_the_tail_only_with_luck_of_its_own():
    own, same = serving.hedging(99.0), serving.hedging(99.0, independent=False)
    assert own["hedged_99.9"] < own["plain_99.9"] / 2
    assert same["hedged_99.9"] == same["plain_99.9"]


def test_table_2_in_order_and_ratio():
    """Facts 3b, table 2: Recent is 4.7 to 10.8 times slower at p95 than Safe, and about equal at the median."""
    run = serving.safe_and_recent()
    assert run["Recent Check p95"] / run["Safe Check p95"] == pytest.approx(60.0 / 9.46, rel=0.15)
    for call in ("Check", "Read", "Expand"):
        assert run[f"Recent {call} p50"] / run[f"Safe {call} p50"] == pytest.approx(1, abs=0.1)
        assert run[f"Recent {call} p95"] > 4 * run[f"Safe {call} p95"]
        assert run[f"Recent {call} p95"] == pytest.approx(tails.TABLE_2[call, "Recent"][1], rel=0.4)
    safe = [run[f"Safe {call} p50"] for call in ("Read", "Check", "Expand")]
    assert safe == sorted(safe)


def test_p99_of_the_log_normal_through_the_published_points():
    assert tails.predicted_p99("Check") == pytest.approx(15.0, abs=0.5)
    assert tails.predicted_p99("Expand") < 34.1 / 2  # the published tail is heavier than that


def test_objects_meet_on_one_server():
    """Four of the five questions of a check are about one document: two servers at most by object, nearly five by question."""
    by_object, by_question = (serving.forwarding(by=way)["forwards"] for way in ("object", "question"))
    assert 1.9 < by_object <= 2 and 4.8 < by_question <= 5


def test_a_new_server_takes_its_share_of_the_keys_only():
    assert moved(50) == pytest.approx(1 / 51, rel=0.35)


def test_places_on_the_circle_are_the_same_everywhere():
    assert spread("doc:readme") == 3796271965


def test_isolation_throttles_only_who_is_over_and_only_without_spare():
    assert serving.isolation()["quiet"] == 100 > serving.isolation(on=False)["quiet"]
    assert serving.isolation(noisy=300, quiet=100)["noisy"] == 100  # over its limit, but there is spare
    got = serving.isolation()
    assert 900 * got["noisy"] / 100 + 100 * got["quiet"] / 100 == pytest.approx(500)


@pytest.mark.parametrize(
    "call",
    [
        lambda: serving.hit_ratio(rate=0), lambda: serving.hot_spot(rate=0), lambda: serving.hot_spot(quantum_s=11),
        lambda: serving.stampede(0), lambda: serving.hedging(percentile=10), lambda: serving.safe_and_recent(remote_share=2),
        lambda: serving.forwarding(by="hope"), lambda: serving.forwarding(servers=0), lambda: serving.isolation(quiet=0), lambda: serving.Ring([]),
    ],
)  # fmt: skip
def test_out_of_range_is_told(call):
    with pytest.raises(ValueError, match=r"use|needs"):
        call()


def test_nothing_asked_is_no_hit():
    assert math.isfinite(serving.quantized(1e-12, 1e-6))

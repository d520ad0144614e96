"""Claims at load: the reference table of the facts, closed forms beside simulations, and what each cure cures."""

import math
from random import Random

import pytest

from dslab.pacer import claiming, load
from dslab.pacer.claiming import Walks, simulated

# Facts 5b: claims/s, % empty, lock wait in ms, p50 and p99 in ms (None: not in the table). Tolerances: 2 %, 1.5 points, 0.1 ms or 5 %, 8 %.
REFERENCE = {
    "busy queue, 10 tables, 5 claimers": (1_741, 42, 0.41, 6.4, 22),
    "busy queue, 10 tables, 20 claimers": (3_810, 65, 2.3, 5.4, 14),
    "busy queue, 10 tables, 80 claimers": (4_802, 70, 13.7, 15.5, 41),
    "busy queue, 10 tables, an owner each": (817, 8, 0, 8.5, 14.5),
    "tiny queue, 40 tables, 20 claimers": (7_245, 99.9, 0.5, None, None),
    "tiny queue, 1 partition and its owner": (83, 94, 0, None, None),
    "tiny queue, 40 partitions, an owner each": (3_334, 99.8, 0, None, None),
}


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_table(name):
    claims_s, empty, wait_ms, p50, p99 = REFERENCE[name]
    run = claiming.setup(name, 10.0)
    assert run.queries_s == pytest.approx(claims_s, rel=0.02)
    assert 100 * run.empty_share == pytest.approx(empty, abs=1.5)
    assert run.wait_ms == pytest.approx(wait_ms, abs=0.1, rel=0.05)
    if p50 is not None:
        assert run.latency_ms(0.5) == pytest.approx(p50, rel=0.08)
        assert run.latency_ms(0.99) == pytest.approx(p99, rel=0.08)


def test_throughput_is_the_same_in_every_busy_setup():
    speeds = [claiming.setup(name, 10.0).jobs_s for name in REFERENCE if name.startswith("busy")]
    assert max(speeds) / min(speeds) < 1.01


def test_twenty_claimers_beat_five_and_eighty():
    p99 = {
        n: claiming.setup(f"busy queue, 10 tables, {n} claimers", 10.0).latency_ms(0.99) for n in (5, 20, 80)
    }
    assert p99[20] < p99[5] < p99[80]


def test_where_a_claim_sees_what_came_meanwhile_eighty_are_best():
    p99 = {
        n: simulated(n, 10, 1, 1, 2_000.0, 2.0, 5_000_000, "granted").latency_ms(0.99) for n in (5, 20, 80)
    }
    assert p99[80] < p99[20] < p99[5]


@pytest.mark.parametrize(
    ("claimers", "tables", "rate"), [(20, 10, 2_000.0), (80, 10, 2_000.0), (20, 40, 5.0), (80, 40, 5.0)]
)
def test_mean_value_analysis(claimers, tables, rate):
    """Within 6 % for claims/s, and within 10 % or 0.1 ms for the wait, where claimers rarely fill up early."""
    claims_s, wait_ms = claiming.mean_value(claimers, tables, rate, 2.0)
    run = simulated(claimers, tables, 1, 1, rate, 2.0, 5_000_000)
    assert run.queries_s == pytest.approx(claims_s, rel=0.06)
    assert run.wait_ms == pytest.approx(wait_ms, rel=0.1, abs=0.1)


@pytest.mark.parametrize(("partitions", "rate"), [(10, 2_000.0), (40, 500.0), (1, 5.0), (3, 3_000.0)])
def test_owners_closed_forms(partitions, rate):
    """Polls/s within 1 %, empty polls within 1.5 points."""
    run = claiming.owned(partitions, rate, 2.0, 20_000_000)
    assert run.queries_s == pytest.approx(
        1e3 * partitions / claiming.owner_cycle_ms(partitions, rate, 2.0), rel=0.01
    )
    assert 100 * run.empty_share == pytest.approx(
        100 * claiming.owner_empty_share(partitions, rate, 2.0), abs=1.5
    )


@pytest.mark.parametrize(("tables", "jobs", "claims"), [(120, 1, 60.5), (120, 3, 30.25), (10, 10, 1.0)])
def test_claims_to_the_first_job(tables, jobs, claims):
    """(T + 1) / (j + 1), and the simulated walk within 3 %."""
    assert claiming.claims_to_first(tables, jobs) == claims
    assert claiming.walk_to_first(tables, jobs) == pytest.approx(claims, rel=0.03)


def test_the_mysql_settings_of_the_sample_make_120_tables():
    assert Walks(10, 4, 3, 1.0, Random(0)).tables == 120


def test_a_walk_goes_through_the_priorities_in_order_and_visits_every_table_once():
    walk = Walks(3, 2, 2, 1.0, Random(1)).one()[::-1]
    assert sorted(walk) == list(range(12))
    assert set(walk[:6]) == set(range(6))


def test_coverage_visits_a_part_of_the_shards():
    assert len(Walks(10, 1, 2, 0.3, Random(1)).one()) == 6


def test_ten_locks_of_two_milliseconds_bound_the_claims():
    assert simulated(100, 10, 1, 1, 2_000.0, 2.0, 3_000_000).queries_s < 5_000


def test_the_dequeue_semaphore_moves_the_waiting_out_of_the_database():
    free, held = (simulated(80, 10, 1, 1, 2_000.0, 2.0, 3_000_000, permits=permits) for permits in (None, 5))
    assert held.wait_ms < free.wait_ms / 10
    assert held.jobs_s == pytest.approx(free.jobs_s, rel=0.02)


def test_the_rate_limit_bounds_the_dequeues():
    """100 dequeues a second over ten tables are at most 1,000 claims and 1,000 jobs a second."""
    run = simulated(20, 10, 1, 1, 2_000.0, 2.0, 3_000_000, dequeues_s=100.0)
    assert run.queries_s <= 1_000
    assert 900 < run.jobs_s <= 1_000


def test_right_size_grows_with_the_jobs_and_is_one_for_a_tiny_queue():
    sizes = [claiming.right_size(rate) for rate in (5, 2_000, 20_000, 50_000)]
    assert sizes[0] == 1
    assert sizes == sorted(sizes)
    assert math.isinf(claiming.owner_cycle_ms(1, 20_000, 2.0))


def test_nobody_waits_where_there_are_owners():
    result = load.contention(mode="Pacer")
    assert (result["wait_ms"], result["waiting"]) == (0, 0)
    assert not any(lock["waiting"] for lock in result.tables["locks"])


def test_the_grid_shows_who_waits():
    result = load.contention(claimers=100)
    waiting = [lock for lock in result.tables["locks"] if lock["waiting"]]
    assert all(lock["held"] for lock in waiting)
    assert 0 < sum(lock["waiting"] for lock in waiting) < 100


def test_owners_end_the_waiting_and_partitions_the_empty_polls():
    plain, owned, sized = (load.partitions(5.0, *how) for how in ((40, False), (40, True), (1, True)))
    assert plain["wait_ms"] > 0 and owned["wait_ms"] == sized["wait_ms"] == 0
    assert min(plain["empty"], owned["empty"]) > 99.5 > sized["empty"]
    assert sized["claims_s"] == pytest.approx(owned["claims_s"] / 40, rel=0.02)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: load.contention(claimers=0), "claimers=0 is not possible; use 1 to 200 claimers"),
        (lambda: load.contention(mode="Pulsar"), "use PinLater or Pacer"),
        (lambda: load.partitions(rate=0), "rate=0 is not possible; use 0.1 to 50000 jobs/s"),
        (
            lambda: claiming.claims_to_first(10, 11),
            "11 jobs cannot be in as many different ones of 10 tables",
        ),
        (lambda: claiming.setup("huge"), "there is no setup 'huge'; there are busy queue"),
    ],
)
def test_what_is_out_of_range_is_told(call, says):
    with pytest.raises(ValueError, match=says):
        call()

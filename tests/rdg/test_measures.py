"""Closed forms beside simulations, and the tables of the facts file."""

import pytest

from dslab.rdg import measures, walks


@pytest.mark.parametrize(("rate", "window", "reduction"), [(10, 5, 51), (0.1, 1, 1.1), (1, 1, 2)])
def test_dedup_of_one_key_simulated_and_closed(rate, window, reduction):
    """Facts 4b: rate / (1 + rate * window); 51 times at 10/s and 5 s, 1.1 times at 0.1/s and 1 s. Tolerance 5 %."""
    assert rate / measures.records_rate(rate, window) == pytest.approx(reduction)
    assert measures.dedup_one_key(rate, window) == pytest.approx(reduction, rel=0.05)


@pytest.mark.parametrize("skew", [0.0, 0.9, 1.5])
@pytest.mark.parametrize("window", [0.5, 5.0, 40.0])
def test_dedup_of_many_keys_is_within_ten_per_cent_of_the_closed_form(skew, window):
    result = measures.dedup(window, skew)
    assert result["reduction"] == pytest.approx(result["reduction_theory"], rel=0.1)


@pytest.mark.parametrize("jobs", ["one for all", "one a topic"])
@pytest.mark.parametrize(("burst", "seconds", "capacity"), [(1_000, 20, 500), (600, 10, 300), (400, 5, 600)])
def test_lag_peaks_where_the_closed_form_says(jobs, burst, seconds, capacity):
    result = measures.lag(burst, seconds, capacity, jobs)
    assert result["peak_a"] == pytest.approx(result["peak_theory"], rel=0.02, abs=0.01)


def test_own_job_isolates_the_quiet_topic():
    assert measures.lag(jobs="one for all")["peak_b"] == pytest.approx(20, abs=0.1)
    assert measures.lag(jobs="one a topic")["peak_b"] == 0


def test_limiter_keeps_to_the_middle_of_its_saw_tooth_and_without_it_the_storage_collapses():
    """NF3: 100, 101, 102 ... and 100 -> 70. Middle of 0.7 and 1.0 within 5 points."""
    assert measures.limiter()["share"] == pytest.approx(0.85, abs=0.05)
    assert measures.limiter(limited=False)["share"] == pytest.approx(100 / 2_000)
    sent = measures.limiter(capacity=99).series["sent"].y
    over = sent.index(100.0)
    assert sent[over - 1 : over + 2] == (99.0, 100.0, 70.0)


def test_derived_figures_of_the_facts():
    result = measures.fleet()
    assert [
        result[name]
        for name in ("edges_per_node", "writes_per_read", "instances_per_cluster", "read_instances")
    ] == [18.75, 3, 200, 600]
    assert round(result["operations_per_instance"]) == 3_333


def test_node_cache_of_the_facts():
    assert [round(measures.fewer_calls(h), 1) for h in (0.7, 0.8)] == [3.3, 5.0]
    assert measures.dead_days(99) == 29
    assert measures.dead_days(0) == 0


def test_player_costs_what_the_facts_say():
    """Facts 4c.7: one account and five profiles are six calls; two rounds by level."""
    deep, level = walks.player(way="by depth"), walks.player(way="by level")
    assert (deep["calls"], deep["rounds"], level["calls"], level["rounds"]) == (6, 6, 6, 2)


def test_newest_of_a_wide_record_cost_all_its_pages():
    latest, found = (walks.wide(1_000_000, way=way) for way in ("pages, LATEST", "pages, ANY"))
    assert (latest["rounds"], found["rounds"]) == (10_000, 3)


def test_links_alone_are_a_narrower_record():
    assert walks.wide(layout="links")["record_mb"] < walks.wide(layout="adjacency")["record_mb"] / 5


def test_errors_are_sentences():
    for wrong, told in (
        (lambda: measures.lag(burst_kps=5), "burst_kps=5"),
        (lambda: measures.lag(jobs="two"), "jobs='two'"),
        (lambda: measures.dedup(0), "window_s=0"),
        (lambda: measures.limiter(0), "at least 1"),
        (lambda: measures.fewer_calls(1), "hit rate of 1"),
        (lambda: walks.player(way="up"), "way='up'"),
        (lambda: walks.player(page=0), "page=0"),
        (lambda: walks.wide(5), "edges must be 10"),
        (lambda: walks.wide(way="all"), "way='all'"),
    ):
        with pytest.raises(ValueError, match=told):
            wrong()

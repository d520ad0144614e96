"""Edges: who counts decides what passes; two numbers against a log; the rate lab."""

import pytest

from dslab.concepts import limiter_lab
from dslab.concepts.edges import STRATEGIES, Fleet, Keyed, disagreement, fleet, most_admitted, traffic
from dslab.concepts.limiters import GCRA, MINUTE_US, TokenBucket


@pytest.mark.parametrize("count", [1, 2, 5, 20])
def test_local_counters_admit_n_times_the_limit(count):
    result = fleet(count, 100, "local", requests=count * 400)
    assert result["passed"] == count * 100 == most_admitted(count, 100, "local")


@pytest.mark.parametrize("count", [1, 3, 7, 20])
def test_one_counter_and_shares_admit_the_limit_of_even_traffic(count):
    assert fleet(count, 100, "shared", requests=3_000)["passed"] == 100
    assert fleet(count, 100, "split", requests=3_000)["passed"] == 100


def test_shares_refuse_uneven_traffic_that_is_within_the_limit():
    assert fleet(10, 100, "split", requests=100, uneven=1.0)["passed"] == 10
    assert fleet(10, 100, "shared", requests=100, uneven=1.0)["passed"] == 100


@pytest.mark.parametrize("sync_s", [1, 5, 10, 30])
def test_exchanged_counters_stay_within_their_bound_and_get_worse_with_time(sync_s):
    moments = [time // (sync_s * 1_000_000) for time, _ in traffic(10, 1_500)]
    most = max(moments.count(moment) for moment in set(moments))
    passed = fleet(10, 100, "synced", 1_500, sync_s=sync_s)["passed"]
    assert 100 <= passed <= most_admitted(10, 100, "synced", most)


def test_less_exchange_never_admits_less():
    passed = [fleet(10, 100, "synced", 1_500, sync_s=sync_s)["passed"] for sync_s in (1, 2, 5, 10, 20, 30)]
    assert passed == sorted(passed)
    assert passed[-1] > 5 * 100


def test_a_new_window_begins_at_zero_everywhere():
    for strategy in STRATEGIES:
        one = Fleet(2, 2, strategy)
        assert [one.admit(0, time) for time in (0, 1, MINUTE_US)][::2] == [True, True], strategy


def test_counter_agrees_with_the_log_far_from_the_limit_and_not_near_it():
    quiet, near = disagreement(((10, 200),), 100, 5), disagreement(((100, 20),), 100, 5)
    assert quiet["wrong"] == 0
    assert near["wrong"] > 0.02


def test_estimate_is_better_for_sources_that_send_more():
    differences = [disagreement(((rate, 20),), 10**6, 4)["rate"] for rate in (5, 50, 500)]
    assert differences == sorted(differences, reverse=True)


def test_each_key_has_a_limiter_of_its_own():
    keyed = Keyed(lambda: TokenBucket(1, burst=1))
    assert [keyed.admit(key, 0) for key in "aab"] == [True, False, True]
    assert keyed.memory == 4


@pytest.mark.parametrize(
    "call", [lambda: Fleet(0, 1), lambda: Fleet(1, 1, "gossip"), lambda: most_admitted(1, 1, "gossip")]
)
def test_what_is_wrong_is_told(call):
    with pytest.raises(ValueError, match=r"must be a whole number|is no choice"):
        call()


# -- the lab ------------------------------------------------------------------------------------------------


def test_one_request_at_zero_moves_the_window_that_the_first_request_opens():
    assert limiter_lab.windows()["most_first"] == 100
    assert limiter_lab.windows(opener=True)["most_first"] == 199


def test_flood_follows_the_envelope():
    """What has passed is never above B + r t and never more than one token below it, while requests come every 0.1 s."""
    result = limiter_lab.bucket(20, 100, 0.1)
    for passed, line in zip(result.series["simulated"].y, result.series["theory"].y, strict=True):
        assert line - 1.2 <= passed <= line


@pytest.mark.parametrize(("burst", "limit"), [(1, 100), (20, 100), (100, 100), (60, 30)])
@pytest.mark.parametrize("refill", ["continuous", "whole", "window"])
def test_flood_reaches_the_formula(burst, limit, refill):
    result = limiter_lab.bucket(burst, limit, 0.05, refill)
    assert result["most"] == result.params["bounds"]["token bucket"]
    assert result["most_gcra"] == result.params["bounds"]["GCRA"]


@pytest.mark.parametrize(("places", "limit"), [(100, 100), (10, 60), (200, 300)])
def test_longest_wait_is_places_by_rate(places, limit):
    result = limiter_lab.queue(300, places, limit, 100)
    assert result["longest"] == pytest.approx(result["formula"], abs=60 / limit)
    assert result["formula"] == places * 60 / limit


def test_queue_stands_at_the_rate_and_drains_below_it():
    assert limiter_lab.queue(100, 100, 100, 100)["last"] > 55
    assert limiter_lab.queue(100, 100, 100, 50)["last"] == 0
    assert limiter_lab.queue(100, 100, 100, 150)["refused"] > 0


def test_queue_and_meter_accept_the_same_number():
    for load in (0, 50, 100, 200):
        result = limiter_lab.queue(150, 40, 100, load)
        assert result["refused"] == result["refused_meter"]


def test_a_limiter_never_looks_at_a_clock():
    """The same arrivals a century later get the same decisions."""
    century = 100 * 365 * 24 * 3_600_000_000
    early, late = GCRA(7, 1_000_003), GCRA(7, 1_000_003)
    times = [place * 100_000 for place in range(200)]
    assert [early.admit(time) for time in times] == [late.admit(time + century) for time in times]

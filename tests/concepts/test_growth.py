"""Sharding, auto scaling, the shop with all twelve, and the shared workloads."""

import random

import pytest

from dslab.concepts import autoscaling, composed, sharding
from dslab.concepts.workload import loop, poisson, requests, scanned, zipf

# -- sharding ---------------------------------------------------------------------------------------------------


def test_every_strategy_places_every_key_on_a_shard_that_exists():
    weights = tuple([1 / sharding.KEYS] * sharding.KEYS)
    for strategy in sharding.STRATEGIES:
        assert set(sharding.place(strategy, 7, weights)) == set(range(7))


def test_no_strategy_beats_the_hottest_key():
    for pattern in sharding.PATTERNS:
        for shards in (2, 10, 40):
            run = sharding.spread(shards, pattern)
            assert min(run[name] for name in sharding.STRATEGIES) >= run["floor"] - 1e-9


def test_salt_lowers_the_floor_and_the_busiest_shard():
    plain, salted = sharding.spread(30, "popular keys"), sharding.spread(30, "popular keys", salts=4)
    assert salted["floor"] < plain["floor"]
    assert salted["directory"] < plain["directory"]


def test_range_suffers_from_the_newest_and_asks_fewest():
    run = sharding.spread(6)
    assert run["range"] > 2 * run["hash"]
    assert run["asks range"] < run["asks directory"] < run["asks hash"]


def test_hash_moves_about_one_in_seven_when_six_shards_become_seven():
    assert sharding.spread(6)["moves hash"] == pytest.approx(100 / 7, abs=2.5)


def test_a_directory_hands_over_about_an_even_share_of_the_load():
    run = sharding.spread(6, "all keys alike")
    assert run["moves directory"] == pytest.approx(100 / 7, abs=2)


def test_shards_needed():
    assert sharding.shards_needed(0.01, 0.1) == 10
    assert sharding.shards_needed(0.2, 0.1) == float("inf")


# -- auto scaling -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("servers", "used", "target", "want"),
    [(4, 0.9, 0.6, 6), (4, 0.63, 0.6, 4), (4, 0.3, 0.6, 2), (1, 0.0, 0.6, 1), (10, 0.67, 0.6, 12)],
)
def test_target_tracking(servers, used, target, want):
    assert autoscaling.wanted(servers, used, target) == want


def test_a_loop_that_looks_too_soon_swings_and_two_cures_stop_it():
    assert autoscaling.scale()["turns"] >= 6
    for cure in ({"cool_s": 120}, {"pending": True}):
        run = autoscaling.scale(**cure)
        assert (run["turns"], run["peak"]) == (0, autoscaling.steady(1_600, 0.6))


def test_with_no_delay_there_is_nothing_to_swing():
    run = autoscaling.scale(startup_s=0, delay_s=0)
    assert run["turns"] == 0
    assert run["lost"] < 1


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="10 to 100"):
        autoscaling.scale(target=5)
    with pytest.raises(ValueError, match="use one of a step"):
        autoscaling.scale(pattern="a week")


# -- the shop ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def minutes():
    return composed.without_each()


def test_twelve_switches_in_the_articles_words():
    assert len(composed.NAMES) == 12


def test_the_same_minute_twice_is_the_same():
    assert composed.minute().metrics == composed.minute().metrics


def test_with_everything_on_customers_wait_for_payment_and_a_death_only(minutes):
    share = minutes[""].series["in time"]
    bad = {second for second, ok in zip(share.x, share.y, strict=True) if ok < 95}
    assert bad <= set(range(28, 36)) | set(range(38, 42))


@pytest.mark.parametrize(
    ("off", "metric", "factor"),
    [
        ("balancing", "p99", 2), ("caching", "database", 3), ("cdn", "servers", 1.2), ("queue", "servers", 1.3), ("pubsub", "servers", 1.2), ("breaker", "p99", 5),
        ("discovery", "failed", 1.4), ("sharding", "p99", 5), ("limiting", "p99", 5), ("hashing", "database", 1.3), ("autoscaling", "p99", 5),
    ],
)  # fmt: skip
def test_each_concept_is_missed_somewhere(minutes, off, metric, factor):
    assert minutes[off][metric] > factor * minutes[""][metric]


def test_without_the_gateway_servers_see_the_forged(minutes):
    assert minutes[""]["forged"] == 0
    assert minutes["gateway"]["forged"] > 500


# -- workloads --------------------------------------------------------------------------------------------------


def test_shares_fall_with_the_rank_and_add_up():
    shares = zipf(100, 1.0)
    assert sum(shares) == pytest.approx(1)
    assert shares[0] / shares[9] == pytest.approx(10)


def test_draws_follow_their_shares():
    drawn = requests(random.Random(1), 50_000, 20, 1.0)
    for key in (0, 4, 19):
        assert drawn.count(key) / 50_000 == pytest.approx(zipf(20, 1.0)[key], rel=0.1)


def test_arrivals_a_loop_and_a_scan():
    assert poisson(random.Random(1), 10_000, 5.0)[-1] == pytest.approx(2_000, rel=0.05)
    assert loop(5, 2) == [0, 1, 0, 1, 0]
    fresh = [key for key in scanned(random.Random(1), 1_000, 50, 1.0) if key >= 50]
    assert fresh == sorted(set(fresh))
    assert len(fresh) == pytest.approx(300, abs=50)


def test_shares_refuse_what_cannot_be():
    with pytest.raises(ValueError, match="whole number"):
        zipf(0, 1.0)
    with pytest.raises(ValueError, match="0 \\(all keys equal\\) to 3"):
        zipf(10, -1)

"""CDN, queue, publish-subscribe, gateway, breaker, discovery: closed forms, edges, switches."""

import math
import random

import pytest

from dslab.concepts import breaker, cdn, discovery, gateway, pubsub, queue
from dslab.concepts.breaker import Breaker

# -- CDN ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shield", [True, False])
@pytest.mark.parametrize(("edges", "rate", "ttl"), [(1, 1.0, 5.0), (20, 3.0, 8.0), (50, 0.5, 20.0)])
def test_collapsed_fetches_against_the_cycle(shield, edges, rate, ttl):
    run = cdn.origin_fetches(edges, rate, ttl, 0.4, shield, seconds=600)
    assert run["per_minute"] == pytest.approx(
        cdn.collapsed_per_minute(edges, rate, ttl, 0.4, shield), rel=0.05
    )


def test_without_collapsing_every_request_during_a_fetch_is_one_more():
    run = cdn.origin_fetches(1, 10.0, 8.0, 1.0, shield=False, collapsing=False, seconds=3_000)
    cycle = 1 + 8 + 0.1 - 0.5  # the last of the fetches ends the cycle about a fetch later
    assert run["per_minute"] == pytest.approx(60 * (1 + 10 * 1.0) / cycle, rel=0.12)


def test_age_bounds_a_copy_by_its_ttl_and_without_it_by_two():
    counted = cdn.origin_fetches(40, 0.2, 10.0, 0.4, seconds=600)["oldest_s"]
    anew = cdn.origin_fetches(40, 0.2, 10.0, 0.4, age=False, seconds=600)["oldest_s"]
    assert counted <= 10 + cdn.HOP_S  # it may end on its way from the shield
    assert 15 < anew <= 20.5


# -- message queue ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("timeout", [5.0, 10.0, 20.0])
def test_share_given_out_again_is_the_exponential_tail(timeout):
    run = queue.work_through(timeout, 10.0, crash=0, tries=0, load=0.2, messages=5_000)
    assert run["again"] == pytest.approx(math.exp(-timeout / 10), abs=0.03)
    assert run["done"] == 1


def test_poison_ends_in_the_dead_letters():
    run = queue.work_through(10.0, 10.0, crash=0, poison=0.05, tries=3, messages=2_000)
    assert run["dead"] == pytest.approx(100, abs=35)
    assert run["done"] == pytest.approx(1 - run["dead"] / 2_000, abs=0.003)  # a last delivery may end late


def test_a_queue_with_an_end_turns_away():
    assert queue.backlog(30, 20, room=100, seconds=5) == (50, 0)
    assert queue.backlog(30, 20, room=100, seconds=60) == (100, 500)
    assert queue.backlog(10, 20, room=100, seconds=60) == (0, 0)


# -- publish-subscribe --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("read", "kept"), [(60, 1_000), (0, 500), (90, 250)])
def test_first_loss_is_retention_by_lag(read, kept):
    run = pubsub.fan_out(100, read, retained=kept)
    assert run["first_loss"] == pytest.approx(pubsub.first_loss(100, read, kept), abs=0.2)


def test_who_keeps_up_loses_nothing():
    assert pubsub.first_loss(100, 100, 10) == math.inf
    assert pubsub.fan_out(100, 120)["first_loss"] == -1


def test_only_blocking_slows_the_others():
    rates = {policy: pubsub.fan_out(policy=policy)["published"] for policy in pubsub.POLICIES}
    assert rates["keep"] == rates["drop"] == pytest.approx(100)
    assert rates["block"] < 65


def test_a_topic_says_how_many_were_gone():
    topic = pubsub.Topic(2)
    for number in range(5):
        assert topic.publish(f"m{number}") == number
    assert topic.read(1) == ("m3", 4, 2)
    assert topic.read(4) == ("m4", 5, 0)
    assert topic.read(5) is None


# -- gateway --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "service"),
    [("/shop/cart/7", "cart"), ("/shop", "shop"), ("/shopping", None), ("/shop/", "shop"), ("/", None)],
)
def test_routes_are_whole_segments_and_the_longest_wins(path, service):
    assert gateway.route(path, {"/shop": "shop", "/shop/cart": "cart"}) == service


def test_a_token_proves_its_name_and_nothing_else():
    token = gateway.sign("ann", b"key")
    assert gateway.authenticate(token, b"key") == "ann"
    assert gateway.authenticate(token, b"other key") is None
    assert gateway.authenticate(token.replace("ann", "ben"), b"key") is None
    assert gateway.authenticate("ann", b"key") is None


def test_a_bucket_admits_at_most_burst_and_refill_in_any_interval():
    rng = random.Random(3)
    for _ in range(20):
        rate, burst = rng.uniform(1, 20), rng.randint(1, 30)
        arrivals = sorted(rng.uniform(0, 20) for _ in range(800))
        passed = [at for at, ok in zip(arrivals, gateway.admitted(arrivals, rate, burst), strict=True) if ok]
        for seconds in (0.5, 1, 5):
            assert gateway.most_seen(passed, seconds) <= gateway.most_admitted(rate, burst, seconds) + 1e-6


def test_an_adversary_reaches_the_bound():
    flood = [place / 1_000 for place in range(2_000)]
    passed = [at for at, ok in zip(flood, gateway.admitted(flood, 10, 20), strict=True) if ok]
    assert gateway.most_seen(passed, 1.0001) == 30


@pytest.mark.parametrize("delay", [0.0, 20.0, 80.0])
def test_hedging_against_the_product_of_tails(delay):
    run = gateway.hedge(delay, count=40_000)
    assert run["p99"] == pytest.approx(run["theory"], rel=0.06)
    assert run["extra"] == pytest.approx(100 * gateway.slow_share(delay), abs=0.8)


# -- breaker --------------------------------------------------------------------------------------------------------


def test_the_breakers_states():
    guard = Breaker(failures=2, cool_us=10, lease_us=100)
    first, second = guard.allow(0), guard.allow(0)
    guard.report(first, False, 1)
    assert guard.state == "closed"
    guard.report(second, False, 2)
    assert guard.state == "open"
    assert guard.allow(11) is None
    probe = guard.allow(12)
    assert (guard.state, guard.allow(13)) == ("half-open", None)
    guard.report(probe, True, 14)
    assert guard.state == "closed"


def test_a_success_forgets_the_failures_before_it():
    guard = Breaker(failures=2)
    for ok in (False, True, False):
        guard.report(guard.allow(0), ok, 0)
    assert guard.state == "closed"


def test_a_failed_probe_opens_again_for_a_whole_cool_down():
    guard = Breaker(failures=1, cool_us=10)
    guard.report(guard.allow(0), False, 0)
    guard.report(guard.allow(10), False, 15)
    assert guard.allow(24) is None
    assert guard.allow(25) is not None


def test_a_result_of_another_generation_changes_nothing():
    guard = Breaker(failures=1, cool_us=10)
    old = guard.allow(0)
    guard.report(guard.allow(0), False, 1)
    probe = guard.allow(20)
    guard.report(old, True, 21)
    assert guard.state == "half-open"
    guard.report(probe, True, 22)
    assert guard.state == "closed"


@pytest.mark.parametrize(("error", "failures"), [(0.3, 2), (0.5, 3), (1.0, 4)])
def test_calls_until_it_opens_by_chance(error, failures):
    rng, counts = random.Random(5), []
    for _ in range(3_000):
        guard, calls = Breaker(failures), 0
        while guard.state == "closed":
            guard.report(guard.allow(0), rng.random() >= error, 0)
            calls += 1
        counts.append(calls)
    assert sum(counts) / len(counts) == pytest.approx(breaker.calls_to_open(error, failures), rel=0.06)


def test_an_outage_costs_about_a_second_of_calls_and_not_twenty():
    assert breaker.outage()["wasted"] < 100
    assert breaker.outage(breaker=False)["wasted"] == 1_000


# -- discovery ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lease", "beat", "refresh"), [(15, 5, 10), (10, 5, 0), (30, 10, 5)])
def test_stale_time_against_its_closed_form(lease, beat, refresh):
    run = discovery.lease(lease, beat, refresh, loss=0, deaths=4_000)
    assert run["stale"] == pytest.approx(discovery.stale_s(lease, beat, refresh), rel=0.03)
    assert run["worst"] <= discovery.worst_stale_s(lease, refresh)


def test_false_alarms_are_runs_of_lost_heartbeats():
    rng, loss, alarms, row, sent = random.Random(2), 0.2, 0, 0, 200_000
    for _ in range(sent):
        row = row + 1 if rng.random() < loss else 0
        alarms += row == discovery.misses_needed(15, 5)
    assert alarms / sent == pytest.approx(discovery.false_alarm(loss, 15, 5), rel=0.08)


def test_a_lease_shorter_than_a_beat_is_refused():
    with pytest.raises(ValueError, match="longer than a beat"):
        discovery.lease(3, 5)


def test_time_never_goes_back_where_copies_overtake_each_other():
    """A slow origin, a shield, no collapsing: what the shield has at hand arrives before what was asked for earlier."""
    run = cdn.origin_fetches(1, 10.0, 8.0, 1.6, shield=True, collapsing=False, age=False, seconds=40)
    assert 0 < run["per_minute"] <= 600

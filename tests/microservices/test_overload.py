"""Pools, tails, retries, and the storm: the fixtures of the facts, closed forms beside simulations."""

import random

import pytest

from dslab.microservices import overload
from dslab.microservices.overload import storm

WAITS_ONE_POOL = {8_000: 0.128, 9_000: 0.551, 9_500: 1.51, 9_800: 4.49}
WAITS_FOUR_POOLS = {8_000: 1.11, 9_000: 3.05, 9_500: 7.02}
GOODPUT = {  # facts 1c.1: at 15, 30, 60, 110 s
    "1 attempt": (0, 1, 800, 800),
    "3 attempts": (0, 0, 0, 0),
    "3 attempts, deadline sent along": (500, 800, 800, 800),
    "3 attempts, retry budget of 10 %": (0, 0, 800, 800),
    "3 attempts, queue bounded at 500": (500, 800, 800, 800),
}


@pytest.mark.parametrize(("per_s", "wait_ms"), WAITS_ONE_POOL.items())
def test_wait_for_one_pool_of_twenty(per_s, wait_ms):
    assert overload.mean_wait_ms(20, per_s, 2.0) == pytest.approx(wait_ms, rel=0.005)


@pytest.mark.parametrize(("per_s", "wait_ms"), WAITS_FOUR_POOLS.items())
def test_wait_for_four_pools_of_five(per_s, wait_ms):
    assert overload.mean_wait_ms(5, per_s / 4, 2.0) == pytest.approx(wait_ms, rel=0.005)


def test_one_connection_is_the_textbook_queue():
    """M/M/1: an arrival waits with the chance rho, and rho / (1 - rho) hold times on average."""
    assert overload.erlang_c(1, 0.8) == pytest.approx(0.8)
    assert overload.mean_wait_ms(1, 800, 1.0) == pytest.approx(0.8 / 0.2)


@pytest.mark.parametrize(("connections", "per_s"), [(20, 8_000), (5, 2_000), (1, 350)])
def test_simulated_pool_agrees_with_erlang_c(connections, per_s):
    simulated = overload.simulated_wait_ms(connections, per_s, 2.0, requests=120_000, seed=3)
    assert simulated == pytest.approx(overload.mean_wait_ms(connections, per_s, 2.0), rel=0.12)


def test_a_pool_at_its_capacity_has_no_mean_wait():
    assert overload.mean_wait_ms(20, 10_000, 2.0) == float("inf")
    assert overload.most_throughput(20, 2.0) == 10_000


def test_a_pool_held_during_a_payment_of_150_ms_carries_133_per_second():
    assert overload.most_throughput(20, 150.0) == pytest.approx(133.3, abs=0.1)


def test_a_connection_held_while_paying_starves_requests_that_never_pay():
    held, released = (overload.starvation(release_first=release) for release in (False, True))
    assert held["demand"] > 20 > released["demand"]
    assert held["browse_failed"] > 0.05
    assert released["browse_failed"] == released["checkout_failed"] == 0


@pytest.mark.parametrize(
    ("leaves", "percent"), [(5, 4.9), (10, 9.6), (20, 18.2), (50, 39.5), (100, 63.4), (200, 86.6)]
)
def test_some_leaf_slow_at_one_in_a_hundred(leaves, percent):
    assert 100 * overload.some_leaf_slow(leaves, 0.01) == pytest.approx(percent, abs=0.05)


def test_some_leaf_slow_when_slow_is_rarer():
    assert 100 * overload.some_leaf_slow(100, 0.001) == pytest.approx(9.5, abs=0.05)
    assert 100 * overload.some_leaf_slow(2_000, 0.0001) == pytest.approx(18.1, abs=0.05)


def test_a_leaf_must_be_good_at_four_nines_for_a_hundred_to_be_at_two():
    assert overload.leaf_quantile_needed(100, 0.99) == pytest.approx(0.9999, abs=1e-6)


@pytest.mark.parametrize("leaves", [1, 10, 100])
@pytest.mark.parametrize("hedge", [False, True])
def test_simulated_fan_out_agrees_with_the_closed_form(leaves, hedge):
    run = overload.tail_at_scale(leaves, hedge=hedge, seed=5)
    closed = dict(zip(run.series["request"].x, run.series["request"].y, strict=True))
    gaps = [
        abs(closed[x] - y) for x, y in zip(run.series["simulated"].x, run.series["simulated"].y, strict=True)
    ]
    assert max(gaps) < (12 if leaves == 100 else 5)  # percentage points; 120 requests at 100 leaves


def test_the_median_of_a_hundred_is_a_slow_call():
    run = overload.tail_at_scale(100)
    assert run["p50"] > run["leaf_p99"] > 5 * run["leaf_p50"]


def test_a_later_hedge_costs_less_and_saves_less():
    rows = overload.hedging_table()
    extra, saved = [row["extra calls (%)"] for row in rows[1:]], [row["p99 (ms)"] for row in rows[1:]]
    assert extra == sorted(extra, reverse=True) == [50.0, 5.0, 1.0]
    assert saved == sorted(saved)
    assert rows[0]["p99 (ms)"] > max(saved)


def test_layers_multiply():
    assert overload.most_calls(3, 3) == 27
    assert overload.most_calls(3, 5) == 243
    assert overload.most_calls(4, 5) == 1_024
    assert overload.most_calls(4, 3) == 64


@pytest.mark.parametrize(("failure", "mean"), [(0.01, 1.01), (0.1, 1.11), (0.5, 1.75), (0.9, 2.71), (1, 3)])
def test_mean_attempts_of_three(failure, mean):
    assert overload.mean_attempts(failure, 3) == pytest.approx(mean, abs=0.005)


def test_every_request_makes_all_calls_when_the_bottom_is_down():
    assert overload.calls_at_the_bottom(1.0, 3, 3, random.Random(0)) == (27, False)


@pytest.mark.parametrize(("failure", "layers"), [(0.3, 3), (0.7, 2), (0.9, 3)])
def test_simulated_layers_agree_with_the_closed_form(failure, layers):
    run = overload.layered(3, layers, failure, requests=6_000, seed=2)
    assert run["simulated"] == pytest.approx(run["mean"], rel=0.05)


# -- the storm ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("policy", "goodput"), GOODPUT.items())
def test_goodput_is_exactly_that_of_the_facts(policy, goodput):
    good = storm(**overload.POLICIES[policy]).series["goodput"].y
    assert tuple(good[second] for second in overload.LOOK_AT_S) == goodput


def test_the_naive_storm_leaves_the_queue_of_the_facts():
    run = storm()
    assert (run["sent_end"], run["queue_end"]) == (2_400, 153_941)


def test_every_attempt_sent_is_accounted_for():
    run = overload.Storm(800, 1000, 0.5, 10, 1.0, 3, False, 0.0, 0, False, 0.0, 120).run()
    assert sum(run.sent) == sum(run.good) + sum(run.dead) + run.queued


def test_without_a_dip_nothing_is_lost():
    run = storm(dip=1.0)
    assert run["lost"] == 0 and run["recovered"] == 1 and run["sent_end"] == 800


def test_a_retry_budget_recovers_when_the_queue_has_fallen_below_a_timeout():
    """880 attempts/s come in. At 20 s (880 - 500) × 10 stand in the queue; at 120 a second it takes 23 s down to 1,000."""
    run = storm(**overload.POLICIES["3 attempts, retry budget of 10 %"])
    assert run["recovery_s"] == pytest.approx((380 * 10 - 1_000) / 120, abs=1.5)


def test_one_attempt_recovers_in_the_time_that_its_queue_takes():
    """300 a second pile up for 10 s; at 200 a second it takes 10 s down to the 1,000 that fit into a timeout."""
    assert storm(attempts=1)["recovery_s"] == pytest.approx(10, abs=1.5)


def test_backoff_alone_does_not_end_the_storm():
    for backoff_s in (0.5, 1.0, 5.0):
        assert storm(backoff_s=backoff_s)["recovered"] == 0


def test_a_breaker_ends_it():
    run = storm(breaker=True)
    assert run["recovered"] == 1 and run["recovery_s"] <= 10


def test_a_bound_longer_than_a_timeout_does_not_help():
    assert storm(bound=5_000)["recovered"] == 0


def test_the_storm_by_single_requests_agrees_with_the_one_by_ticks():
    """An independent run: one request at a time, no batches, services of 1 or 2 ms. One second of delay is one tick at most."""
    good, queue = _one_by_one(attempts=3)
    run = storm(seconds=60)
    assert good[-30:] == list(run.series["goodput"].y[-30:]) == [0] * 30
    assert queue == pytest.approx(run["queue_end"], rel=0.001)
    good, queue = _one_by_one(attempts=1)
    assert good[40:] == list(storm(attempts=1, seconds=60).series["goodput"].y[40:])


def _one_by_one(attempts, seconds=60):
    """Simulate each attempt by itself, in microseconds."""
    queue, waiting, good, now, arrived, free, at = [], [], [0] * seconds, 0, 0, None, [0, 0]
    end = seconds * 1_000_000
    serving = None
    while True:
        arrive = (arrived + 1) * 1_250
        give_up = waiting[at[0]][0] + 1_000_000 if at[0] < len(waiting) else end
        now = min(arrive, give_up, end if free is None else free)
        if now >= end:
            return good, len(queue) - at[1]
        sent = None
        if now == free:
            if not serving[2]:
                serving[2] = True
                good[now // 1_000_000] += 1
            free = None
        elif now == give_up:
            entry, at[0] = waiting[at[0]], at[0] + 1
            if not entry[2]:
                entry[2] = True
                sent = entry[1] + 1 if entry[1] < attempts else None
        else:
            arrived, sent = arrived + 1, 1
        if sent:
            entry = [now, sent, False]
            queue.append(entry)
            waiting.append(entry)
        if free is None and at[1] < len(queue):
            serving, at[1] = queue[at[1]], at[1] + 1
            free = now + (2_000 if 10_000_000 <= now < 20_000_000 else 1_000)


@pytest.mark.parametrize(
    ("call", "says"),
    [(lambda: storm(load=0), "load=0 is out of range; use 1 to 5000"), (lambda: overload.pools(connections=20, parts=3), "use a divisor"),
     (lambda: overload.erlang_c(0, 1), "at least 1 connection"), (lambda: overload.layered(attempts=9), "use 1 to 5"),
     (lambda: overload.tail_at_scale(0), "use 1 to 2000"), (lambda: overload.most_throughput(20, 0), "over 0 ms")],
)  # fmt: skip
def test_a_value_out_of_range_is_told(call, says):
    with pytest.raises(ValueError, match=says):
        call()

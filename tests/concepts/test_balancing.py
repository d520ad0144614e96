"""Load balancing: simulations lie on their closed forms, and the order of the policies."""

import pytest

from dslab.concepts import balancing


@pytest.mark.parametrize(
    ("policy", "load", "tolerance"),
    [("random", 0.8, 0.08), ("round robin", 0.8, 0.08), ("one queue", 0.8, 0.05), ("two choices", 0.8, 0.05)],
)
def test_simulation_against_closed_form(policy, load, tolerance):
    times = balancing.responses(policy, 32, load, 60_000)
    assert sum(times) / len(times) == pytest.approx(balancing.theory(policy, 32, load), rel=tolerance)


def test_hash_of_equal_keys_against_the_sum_over_servers():
    times = balancing.responses("consistent hash", 8, 0.6, 60_000, skew=0)
    assert sum(times) / len(times) == pytest.approx(balancing.hashed(8, 0.6, 0), rel=0.08)


def test_closed_forms_where_they_are_known():
    assert balancing.mm1(0.5) == 2
    assert balancing.mmc(1, 0.5) == pytest.approx(2)
    assert balancing.erlang_c(2, 0.5) == pytest.approx(1 / 3)  # two servers, one erlang
    assert balancing.in_turn(1, 0.5) == pytest.approx(2)
    assert balancing.choices(0.5, 1) == 2
    assert balancing.choices(0.5, 2) == pytest.approx(1 + 0.25 + 0.5**6 + 0.5**14, abs=1e-4)


def test_more_that_is_asked_is_faster_with_fresh_counts():
    means = [
        balancing.balance(load=90)[name]
        for name in ("random", "round robin", "two choices", "least connections", "one queue")
    ]
    assert means == sorted(means, reverse=True)


def test_old_counts_make_a_herd():
    run = balancing.balance(load=90, refresh_ms=100)
    assert run["least connections"] > run["random"] > run["two choices"]


def test_round_robin_feeds_a_slow_server_and_least_connections_does_not():
    run = balancing.balance(load=60, slow=3.0)
    assert run["round robin"] > 4 * run["least connections"]


@pytest.mark.parametrize(
    "settings", [{"policy": "best"}, {"policy": "random", "servers": 0}, {"policy": "random", "load": 1.0}]
)
def test_what_cannot_be_is_refused(settings):
    with pytest.raises(ValueError, match=r"use|must"):
        balancing.responses(**settings)
    with pytest.raises(ValueError, match="below 1"):
        balancing.mm1(1)

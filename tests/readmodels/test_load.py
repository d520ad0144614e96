"""Rebuilds under load, held to their closed forms and to what was measured on PostgreSQL."""

import pytest

from dslab.readmodels.load import (
    DESIGNS,
    _waited,
    expected_wait_ms,
    load,
    starting,
    success,
    tries_until_start,
    try_lock,
)

# writers: lost per rebuild in a load test on PostgreSQL 15 (facts 9b)
MEASURED = {1: 26 / 25, 2: 56 / 25, 4: 141 / 25, 8: 477 / 40, 16: 625 / 25}


@pytest.mark.parametrize("writers", MEASURED)
def test_lost_events_are_those_of_the_load_test_within_a_third(writers):
    lost = load(writers=writers, rebuilds=60)["lost"]
    assert lost == pytest.approx(MEASURED[writers], rel=1 / 3)


@pytest.mark.parametrize("writers", [2, 8, 16])
def test_in_flight_part_is_writers_times_share_within_a_fifth(writers):
    run = load(writers=writers, rebuilds=60)
    assert run["in_flight"] == pytest.approx(run["in_flight_theory"], rel=0.2)
    assert run["lost"] >= run["in_flight"]


# writers: (measured on PostgreSQL 15, closed form) of one try at p = 0.1 (facts 9b)
TRIES = {1: (0.902, 0.900), 5: (0.609, 0.590), 10: (0.363, 0.349), 20: (0.125, 0.122), 40: (0.0153, 0.0148)}


@pytest.mark.parametrize("writers", TRIES)
def test_chance_of_one_try(writers):
    measured, theory = TRIES[writers]
    run = try_lock(writers)
    assert success(0.1, writers) == pytest.approx(theory, abs=6e-4)
    assert run["success"] == pytest.approx(measured, abs=0.03)
    assert run["success"] == pytest.approx(run["expected"], abs=0.02)


def test_tries_until_start_is_the_inverse_and_infinite_for_full_writers():
    assert tries_until_start(0.1, 20) == pytest.approx(1 / 0.9**20)
    assert tries_until_start(1.0, 3) == float("inf")


def test_only_the_article_loses_and_only_no_coordination_doubles():
    runs = {design: load(design=design) for design in DESIGNS}
    assert {design for design, run in runs.items() if run["lost"]} == {"article"}
    assert {design for design, run in runs.items() if run["doubled"]} == {"no coordination"}


def test_barrier_waits_as_long_as_the_longest_open_transaction():
    """Holds are uniform from 0 to 20 ms: with many writers the pause comes near 20 ms and cannot pass it but for one look."""
    pause = load(writers=16, design="barrier")["pause_ms"]
    assert 14 < pause <= 21
    assert load(writers=1, design="barrier")["pause_ms"] < pause


def test_trying_among_eight_busy_writers_never_starts_and_waiting_does():
    assert load(start="try", rebuilds=3)["never"] == 3
    assert load(start="wait", rebuilds=3)["never"] == 0


def test_waiting_is_bounded_by_the_longest_transaction():
    run = starting(writers=40)
    assert run["wait_ms"] <= 2 * 8 < run["try_ms"]


def test_same_seed_same_numbers():
    assert load(seed=3).metrics == load(seed=3).metrics


@pytest.mark.parametrize(
    "wrong",
    [
        {"writers": 0},
        {"hold_ms": 0},
        {"think_ms": -1},
        {"replay_ms": 0},
        {"design": "hope"},
        {"start": "later"},
    ],
)
def test_what_is_out_of_range_is_told(wrong):
    with pytest.raises(ValueError, match=r"is out of range; use|is no choice; use one of"):
        load(**wrong)


@pytest.mark.parametrize(("writers", "hold_ms", "think_ms"), [(1, 10, 90), (20, 8, 72), (8, 10, 0)])
def test_waiting_in_the_queue_takes_what_the_closed_form_says_within_a_tenth(writers, hold_ms, think_ms):
    expected = expected_wait_ms(hold_ms / (hold_ms + think_ms), writers, hold_ms)
    found = _waited(writers, hold_ms, think_ms, seed=1, times=3_000 // writers)
    assert found == pytest.approx(expected, rel=0.1, abs=0.15)


def test_one_writer_that_never_pauses_is_waited_for_two_thirds_of_its_mean_hold():
    """Uniform holds of mean h: the mean residual is E[h^2] / 2 E[h] = 2h / 3."""
    assert expected_wait_ms(1.0, 1, 10.0) == pytest.approx(20 / 3, rel=1e-3)

"""Crowds: closed forms against simulated rooms with stated tolerances, and the stall tables of the facts file."""

import math

import pytest

from dslab.sauna import crowd
from dslab.sauna.crowd import Room, follower_stays, mean_stay, stalls, stays, stays_beyond


@pytest.mark.parametrize(("share", "minutes"), [(0.1, 12.2), (0.3, 12.9), (0.5, 14.0), (0.7, 16.7)])
def test_the_formula_gives_the_table_of_the_facts(share, minutes):
    assert round(mean_stay(share, 2.0), 1) == minutes


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.7, 0.9])
def test_formula_against_simulated_rooms(share):
    """Within 6 % of what the followers wait beyond a session (about three standard errors)."""
    at = crowd._excess(share, round(10 * share))
    assert at == pytest.approx(1 / (1 - max(share, 0.02)), rel=0.12 if share in (0.0, 0.9) else 0.06)


def test_mean_is_infinite_when_all_follow():
    assert mean_stay(1, 2.0) == math.inf


def test_tail_of_the_stays():
    """Facts 6b: p95 15.97, p99 19.15, minimum 10.0; the closed form within 1 percentage point of 20,000 stays."""
    assert round(10 + 2 * math.log(20), 2) == 15.99
    found = sorted(follower_stays(0.5, followers=20_000))
    assert found[0] >= 10
    for extra in (1, 4, 10, 20):
        share = sum(stay > 10 + extra for stay in found) / len(found)
        assert share == pytest.approx(stays_beyond(extra, 0.5, 2.0), abs=0.01)


@pytest.mark.parametrize(
    ("rule", "kind", "mean", "low", "high"),
    [
        ("next", "regular", 11.0, 10, 12),
        ("next", "poisson", 11.99, 10, 40),
        ("inside", "regular", 5.0, 0, 10),
        ("snapshot", "regular", 9.0, 8, 10),
    ],
)
def test_stays_by_rule(rule, kind, mean, low, high):
    """Facts 6b; the mean within 0.2 minutes of 4,000 visits."""
    run = stays(rule, kind, visits=4_000)
    assert run["mean_min"] == pytest.approx(mean, abs=0.2)
    assert low <= run["shortest_min"] + 1e-9
    assert run["longest_min"] <= high + 1e-9


@pytest.mark.parametrize(
    ("rule", "kind"),
    [("next", "poisson"), ("next", "regular"), ("snapshot", "regular"), ("snapshot", "poisson")],
)
@pytest.mark.parametrize("gap", [1.0, 2.0, 5.0])
def test_closed_form_of_the_mean(rule, kind, gap):
    run = stays(rule, kind, gap, visits=4_000)
    assert run["mean_min"] == pytest.approx(run["expected_min"], rel=0.06)


@pytest.mark.parametrize("kind", ["regular", "poisson"])
@pytest.mark.parametrize("delay", [0.0, 5.0])
def test_the_next_entrant_is_never_left_too_early(kind, delay):
    run = stays("next", kind, delay_min=delay)
    assert (run["too_short"], run["never"]) == (0, 0)


def test_who_comes_after_closing_time_never_leaves():
    assert stays("next", "stops")["never"] == pytest.approx(1 / 3, abs=0.05)


@pytest.mark.parametrize(("share", "seats", "least", "most"), [(0.3, 12, 0, 1), (0.7, 12, 20, 20), (0.9, 12, 20, 20), (0.9, 20, 20, 20),
                                                               (0.7, 20, 1, 19), (0.5, 20, 0, 1), (0.5, 8, 20, 20), (0.1, 8, 0, 0)])  # fmt: skip
def test_stalls_by_capacity(share, seats, least, most):
    """Facts 6b, of 20 runs instead of 60."""
    count, _ = stalls(share, seats, 20)
    assert least <= count <= most


def test_a_room_of_followers_stalls_when_it_is_full_and_never_moves_again():
    room = Room(3)
    for minute in (1, 2, 3):
        room.arrive(minute, clocked=False)
    assert room.stalled
    for minute in range(4, 40):
        room.arrive(minute, clocked=True)
    assert (room.inside, room.last_exit) == (3, 0.0)


def test_a_reserved_seat_keeps_every_room_going():
    assert [
        stalls(share, seats, 10, reserved=True, until_min=1_000)[0]
        for share, seats in ((0.7, 8), (0.9, 12), (0.9, 4))
    ] == [0, 0, 0]


def test_nobody_leaves_before_a_session():
    room = crowd.crowd(0.6, 10, until_min=500)
    assert (
        min(left - came for came, left in zip(room.entered, room.left, strict=True) if left is not None)
        >= 10 - 1e-9
    )


def test_all_followers_in_a_row_leave_with_the_first_watch_after_them():
    room = Room(None)
    for minute, clocked in ((0, False), (2, False), (5, True), (7, False)):
        room.arrive(minute, clocked)
    room.run_to(30)
    assert room.left == [15, 15, 15, None]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: stays("sideways"), "rule='sideways' is no choice"),
        (lambda: stays(kind="never"), "arrivals='never' is no choice"),
        (lambda: mean_stay(1.5, 2.0), "share=1.5 is not possible; use a number from 0 to 1"),
        (lambda: crowd.crowd(capacity=0), "capacity=0 is not possible"),
        (lambda: follower_stays(1), "nobody has a clock and no stay ends"),
    ],
)
def test_what_is_not_possible_is_told(call, words):
    with pytest.raises(ValueError, match=words):
        call()

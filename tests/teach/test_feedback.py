"""Feedback carries the referee's verdict: its words, its schedule, its trace."""

from __future__ import annotations

import pytest

from dslab.check import explore, replay
from dslab.teach import Feedback
from tests.teach import tiny


@pytest.fixture
def lost():
    """The verdict on the shop without its lock."""
    return explore(tiny.shop(lock=False), [tiny.COUNTS_ALL])


def test_a_violation_is_shown_step_by_step(lost):
    told = Feedback.must_hold(lost, "It holds.").describe().splitlines()
    assert told[0] == "✗ Not yet."
    assert told[-8:-1] == [
        "The schedule, 6 steps:",
        "  1. seller 0: start",
        "  2. seller 0: read",
        "  3. seller 1: start",
        "  4. seller 1: read",
        "  5. seller 1: write",
        "  6. seller 0: write",
    ]


def test_the_token_that_is_shown_replays_the_violation(lost):
    token = Feedback.must_hold(lost, "It holds.").describe().split("To run it again: ")[1].strip("`")
    assert replay(tiny.shop(lock=False), token, [tiny.COUNTS_ALL]).invariant == "COUNTS_ALL"


def test_the_trace_of_the_counterexample_is_at_hand(lost):
    assert Feedback.must_hold(lost, "It holds.").trace is lost.trace
    assert Feedback.no("No.", "x").trace is None


def test_what_held_is_right_and_says_how_much_was_searched():
    verdict = explore(tiny.shop(), [tiny.COUNTS_ALL])
    feedback = Feedback.must_hold(verdict, "The lock covers both.")
    assert feedback.right and verdict.describe() in feedback.describe()


def test_breaking_the_named_invariant_is_right(lost):
    assert Feedback.must_break(lost, "COUNTS_ALL", "One was lost.").right


def test_breaking_another_invariant_is_not_it(lost):
    feedback = Feedback.must_break(lost, "NEVER_TOO_MANY", "Too many.")
    assert feedback.text == "This breaks COUNTS_ALL, not NEVER_TOO_MANY." and not feedback.right


def test_breaking_nothing_is_not_it():
    feedback = Feedback.must_break(explore(tiny.shop(), [tiny.COUNTS_ALL]), "COUNTS_ALL", "One was lost.")
    assert (feedback.right, feedback.counterexample) == (False, "COUNTS_ALL held to the end")


def test_a_long_schedule_is_folded_and_a_short_one_open(lost):
    assert "<details open>" in Feedback.must_hold(lost, "It holds.").html()
    long = type(
        "Long",
        (),
        {"held": False, "invariant": "X", "sentence": "", "token": "", "describe": lambda self: "It broke."},
    )()
    long.schedule = ["step"] * 15
    assert "<details><summary>The schedule, 15 steps" in Feedback.must_hold(long, "It holds.").html()


@pytest.mark.parametrize(
    ("feedback", "headline", "style"),
    [
        (Feedback.yes("So."), "✓ Right.", "card right"),
        (Feedback.no("So.", "x"), "✗ Not yet.", "card wrong"),
        (Feedback.unusable("So."), "– Nothing to judge yet.", "card none"),
    ],
)
def test_the_state_is_told_by_a_sign_and_a_word(feedback, headline, style):
    assert feedback.describe().startswith(headline)
    assert f'<div class="{style}"><p><strong>{headline}</strong>' in feedback.html()


def test_feedback_without_a_sentence_is_refused():
    with pytest.raises(ValueError, match="needs a sentence"):
        Feedback.yes(" ")

"""The ready-made judges decide by running something."""

from __future__ import annotations

import pytest

from dslab.teach import Number, OneOf, YesNo, decided_by, same_as, tells_apart
from tests.teach import tiny

TEMPERATURE = Number("ms", 0, 100, tolerance=2)


def judge(experiment=lambda: 50):
    return decided_by(
        TEMPERATURE, experiment, "It queues.", {"low": "There is a queue.", "high": "It is short."}
    )


def test_a_prediction_is_decided_by_the_experiment_at_that_moment():
    now = [50]
    by_experiment = judge(lambda: now[0])
    assert by_experiment(50).right
    now[0] = 10
    assert not by_experiment(50).right


def test_a_wrong_prediction_is_told_its_side_but_not_the_answer():
    feedback = judge()(10)
    assert (feedback.text, feedback.counterexample) == ("There is a queue.", "the experiment gives more")


def test_a_choice_is_decided_too():
    by_experiment = decided_by(OneOf({"a": "A", "b": "B"}), lambda: "b", "So.", {"a": "Not A."})
    assert (
        by_experiment("b").right
        and by_experiment("a").counterexample == "the experiment gives something else"
    )


def test_feedback_that_leaves_wrong_answers_without_a_sentence_is_refused():
    with pytest.raises(ValueError, match="have no feedback"):
        decided_by(YesNo(), lambda: True, "So.", {})


def test_same_as_needs_an_input():
    with pytest.raises(ValueError, match="at least one input"):
        same_as(len, [], "So.")


def test_a_truth_value_is_not_a_number():
    feedback = same_as(lambda number: number, [(1,)], "So.")(lambda number: True)
    assert feedback.counterexample == "`<lambda>(1)` gives `True`; it should give `1`"


def test_an_input_may_have_its_own_sentence():
    feedback = same_as(abs, [(1,), (-1,)], "So.", {1: "Think of numbers below zero."})(lambda number: number)
    assert feedback.text == "Think of numbers below zero."


def test_a_referee_that_accuses_the_right_is_shown_where():
    feedback = tells_apart(tiny.ZOO, "So.")(tiny.too_few)
    assert feedback.text == "Your invariant says that “locked” is broken; it is one of the right ones."
    assert feedback.schedule[-1] == "seller 1: write"


def test_a_referee_that_lets_a_mutant_escape_is_shown_how_it_is_caught():
    feedback = tells_apart(tiny.ZOO, "So.")(tiny.accepts_everything)
    assert feedback.text == "It catches 0 of 2 mutants. “counts from 7” escapes."
    assert (feedback.verdict.invariant, feedback.verdict.held) == ("NEVER_TOO_MANY", False)


def test_a_good_referee_is_told_its_score():
    feedback = tells_apart(tiny.ZOO, "It asks for what must never happen.")(tiny.never_above_two)
    assert feedback.right and "2 of 2 mutants caught" in feedback.text

"""A prediction is recorded once, compared with what the experiment gave, and knows no right answer itself."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dslab.sim import Metric, Result
from dslab.teach import Prediction

ANSWERS = {"a": "It is fresh", "b": "It is stale", "c": "It is absent"}
FEEDBACK = {"a": "A fill may come late.", "c": "A marker is no row."}


def choice(**how) -> Prediction:
    return Prediction.choice("late fill", "What does the reader see?", ANSWERS, FEEDBACK, **how)


def number(**how) -> Prediction:
    how = {"tolerance": 5} | how if "factor" not in how else how
    return Prediction.number(
        "wait", "How long?", "ms", 0, 100, {"low": "More queues.", "high": "Fewer queue."}, **how
    )


def test_a_right_choice_is_told_so():
    prediction = choice()
    prediction.answer("b")
    assert (prediction.compare("b").right, prediction.right) == (True, True)


def test_a_wrong_choice_gets_its_own_sentence():
    prediction = choice()
    prediction.answer("c")
    assert "A marker is no row." in prediction.compare("b").describe()


def test_another_wrong_choice_gets_another_sentence():
    prediction = choice()
    prediction.answer("a")
    told = prediction.compare("b").describe()
    assert "A fill may come late." in told and "A marker is no row." not in told


def test_what_happens_is_decided_by_the_experiment():
    prediction = choice(decide=lambda verdict: "a" if verdict.held else "b")
    prediction.answer("a")
    assert prediction.compare(SimpleNamespace(held=True)).right is True
    assert prediction.compare(SimpleNamespace(held=False)).right is False


def test_an_answer_with_no_sentence_of_its_own_is_contrasted():
    prediction = choice()
    prediction.answer("b")
    assert (
        "You expected (b) It is stale; the experiment shows (a) It is fresh."
        in prediction.compare("a").describe()
    )


def test_without_a_prediction_the_comparison_says_so_and_still_teaches():
    told = choice(because="A fill is not atomic.").compare("b")
    assert told.right is None
    assert "You recorded no prediction." in told.describe()
    assert "what happened: (b) It is stale" in told.describe() and "A fill is not atomic." in told.describe()


def test_a_second_answer_changes_nothing_and_says_so():
    prediction = choice()
    prediction.answer("a")
    assert "A prediction is made once" in prediction.answer("b").describe()
    assert prediction.predicted == "a"


def test_the_same_answer_again_is_simply_recorded():
    prediction = choice()
    prediction.answer("a")
    assert prediction.answer("a").describe() == "Recorded: (a) It is fresh."


def test_forget_opens_it_again():
    prediction = choice()
    prediction.answer("a")
    prediction.compare("b")
    prediction.forget()
    assert (prediction.made, prediction.right) == (False, None)
    assert prediction.answer("b").describe() == "Recorded: (b) It is stale."


@pytest.mark.parametrize("bad", ["d", None, 1, ["a"], ""])
def test_an_answer_that_is_none_is_refused_by_name(bad):
    prediction = choice()
    with pytest.raises(ValueError, match=r"is none of the answers; answer with one of 'a', 'b', 'c'"):
        prediction.answer(bad)
    assert not prediction.made


def test_an_experiment_that_decides_for_no_answer_is_refused():
    with pytest.raises(ValueError, match="'stale' is none of the answers"):
        choice().compare("stale")


@pytest.mark.parametrize(("given", "kept"), [(True, "yes"), (False, "no"), ("yes", "yes"), ("no", "no")])
def test_yes_and_no_are_taken_as_truth_values_too(given, kept):
    prediction = Prediction.yes_no("stale", "Can it be stale?", {"no": "It can."})
    prediction.answer(given)
    assert prediction.predicted == kept


def test_a_truth_value_that_was_measured_decides_a_yes_no():
    prediction = Prediction.yes_no("stale", "Can it be stale?", {"no": "It can: a fill may come late."})
    prediction.answer("no")
    assert "It can: a fill may come late." in prediction.compare(True).describe()


@pytest.mark.parametrize(("answer", "right"), [(45, True), (55, True), (44.9, False), (55.1, False)])
def test_a_number_is_right_within_its_tolerance(answer, right):
    prediction = number()
    prediction.answer(answer)
    assert prediction.compare(50).right is right


@pytest.mark.parametrize(("answer", "right"), [(25, True), (100, True), (24, False), (0, False)])
def test_a_number_is_right_within_its_factor(answer, right):
    prediction = number(factor=2)
    prediction.answer(answer)
    assert prediction.compare(50).right is right


@pytest.mark.parametrize(("answer", "says"), [(10, "More queues."), (90, "Fewer queue.")])
def test_a_wrong_number_is_told_by_its_side(answer, says):
    prediction = number()
    prediction.answer(answer)
    assert says in prediction.compare(50).describe()


def test_a_wrong_number_may_be_told_by_a_function():
    prediction = Prediction.number(
        "wait", "How long?", "ms", 0, 100, lambda said, was: f"{was / said:g} times", tolerance=1
    )
    prediction.answer(10)
    assert "5 times" in prediction.compare(50).describe()


def test_a_metric_and_what_a_result_says_are_taken():
    result = Result({"n": 1}, {"wait": Metric("wait", 48.0, "ms")}, "A request waits 48 ms.")
    prediction = number(decide=lambda result: result["wait"])
    prediction.answer(50)
    comparison = prediction.compare(result)
    assert comparison.right is True
    assert "A request waits 48 ms." in comparison.describe()
    assert number().compare(Metric("wait", 48.0, "ms")).happened == 48.0


def test_what_is_said_twice_is_shown_once():
    result = Result({}, {}, "A request waits 48 ms.")
    prediction = number(decide=lambda result: 48, because=lambda result: result.describe())
    assert prediction.compare(result).describe().count("A request waits 48 ms.") == 1


@pytest.mark.parametrize(
    ("bad", "error"),
    [(101, ValueError), (-1, ValueError), (float("nan"), TypeError), ("5", TypeError), (True, TypeError)],
)
def test_a_number_out_of_range_or_none_at_all_is_refused(bad, error):
    prediction = number()
    with pytest.raises(error, match=r"from 0 to 100 ms"):
        prediction.answer(bad)
    assert not prediction.made


def test_what_was_measured_may_lie_outside_the_range_of_answers():
    prediction = number()
    prediction.answer(100)
    assert prediction.compare(400).right is False


def test_because_may_speak_of_what_was_measured():
    assert "It was 50." in number(because=lambda measured: f"It was {measured}.").compare(50).describe()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Prediction.choice("x", "y?", {"a": "A"}, {}), "two to eight answers, not 1"),
        (lambda: Prediction.choice("x", "y?", ANSWERS, {"d": "z"}), "feedback for 'd', but the answers are"),
        (lambda: Prediction.choice("x", "y?", ANSWERS, {"a": "z"}), "answers b, c have no feedback"),
        (lambda: Prediction.choice(" ", "y?", ANSWERS, FEEDBACK), "needs a name and a question"),
        (lambda: number(tolerance=1, factor=2), "either a tolerance"),
        (lambda: number(tolerance=None), "either a tolerance"),
        (lambda: number(factor=1), "more than 1"),
        (lambda: number(tolerance=-1), "0 or more"),
        (lambda: number(step=0), "step is 0"),
        (
            lambda: Prediction.number("x", "y?", "", 5, 5, {"low": "l", "high": "h"}, tolerance=1),
            "nothing to choose",
        ),
        (lambda: Prediction.number("x", "y?", "", 0, 5, {"low": "l"}, tolerance=1), 'one for "high"|"low"'),
    ],
)
def test_a_prediction_that_could_not_teach_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_nothing_but_the_question_is_shown_before_an_answer():
    shown = choice(because="A fill is not atomic.").ask()
    assert shown.describe().splitlines() == [
        "Prediction: late fill",
        "What does the reader see?",
        "  (a) It is fresh",
        "  (b) It is stale",
        "  (c) It is absent",
        'Nothing recorded yet. In code: .answer("a")',
    ]
    assert "atomic" not in shown.html()


def test_outside_a_kernel_there_is_text_and_html_and_no_widget():
    data, marks = choice().ask()._repr_mimebundle_()
    assert sorted(data) == ["text/html", "text/plain"]
    assert marks == {"dslab": {"piece": "prediction", "name": "late fill", "kind": "choice"}}


def test_texts_of_an_author_are_escaped_and_backticks_are_code():
    shown = Prediction.yes_no("a<b", "Is `x < y` & <b>so</b>?", {"no": "n"}).html()
    assert "<code>x &lt; y</code> &amp; &lt;b&gt;so&lt;/b&gt;" in shown and "a&lt;b" in shown

"""An exercise judges an answer by running it, gives its hints in order, and opens its solution after an attempt."""

from __future__ import annotations

import inspect
import sys

import pytest

from dslab.teach import Exercise, Feedback, OneOf, Settings, Solution, Span, WrongAnswer, same_as
from tests.teach import tiny

HINTS = (
    "Look at the first letter.",
    "It is one of the later letters.",
    "Neither the first nor the last of them.",
)


def letters(**how) -> Exercise:
    how = {"judge": tiny.needs_a_feedback, "form": tiny.LETTERS, "kind": "predict"} | how
    return Exercise(
        name="letters",
        title="Letters",
        question="Which one?",
        hints=HINTS,
        solution=Solution("b", "It is in the middle."),
        wrong_answers=(WrongAnswer("a", "It is not."),),
        **how,
    )


def double(number):
    """Give twice a number."""
    return 2 * number


def functions(judge=None, budget=10_000) -> Exercise:
    return Exercise(
        "double",
        "implement",
        "Double",
        "Write `double`.",
        judge or same_as(double, [(0,), (3,), (5,)], "It doubles."),
        HINTS,
        Solution(double, "Twice is plus itself."),
        (),
        expects="a function of a number",
        starter="def double(number):\n    ...",
        budget=budget,
    )


def test_a_right_answer_solves_it_and_says_why():
    exercise = letters()
    feedback = exercise.check("b")
    assert (feedback.right, feedback.text, exercise.solved, exercise.attempts) == (True, "It is.", True, 1)


def test_a_wrong_answer_names_what_it_fails_on():
    exercise = letters()
    feedback = exercise.check("a")
    assert (feedback.right, feedback.counterexample, exercise.solved, exercise.attempts) == (
        False,
        "'a'",
        False,
        1,
    )


def test_solved_stays_solved():
    exercise = letters()
    exercise.check("b")
    exercise.check("a")
    assert exercise.solved and exercise.attempts == 2


@pytest.mark.parametrize("empty", [None, ...])
def test_an_empty_answer_is_no_attempt_and_loses_nothing(empty):
    exercise = letters()
    exercise.check("a")
    before = exercise.feedback
    feedback = exercise.check(empty)
    assert (feedback.counted, exercise.attempts, exercise.feedback) == (False, 1, before)
    assert feedback.text == 'There is no answer yet. In code, an answer looks like `"a"`.'


def test_an_answer_that_the_form_does_not_know_gets_its_sentence():
    assert "'z' is none of the answers; answer with one of 'a', 'b', 'c'." in letters().check("z").text


def test_a_function_given_to_a_form_gets_a_sentence():
    assert "is none of the answers" in letters().check(lambda: 1).text


def test_hints_come_in_order_and_the_last_stays():
    exercise = letters()
    assert [exercise.hint().text for _ in range(4)] == [*HINTS, HINTS[2]]


def test_the_second_hint_shows_the_first_as_well():
    exercise = letters()
    exercise.hint()
    assert exercise.hint().describe().splitlines() == [f"Hint 1 of 3: {HINTS[0]}", f"Hint 2 of 3: {HINTS[1]}"]


def test_hints_are_no_attempts():
    exercise = letters()
    exercise.hint()
    assert not exercise.solution().open


def test_the_solution_opens_after_a_wrong_answer_too():
    exercise = letters()
    assert exercise.solution().describe().startswith("The solution opens after an attempt.")
    exercise.check("a")
    assert exercise.solution().describe().splitlines() == [
        "Solution: Letters",
        "    'b'",
        "It is in the middle.",
    ]


def test_a_closed_solution_gives_nothing_away():
    assert "middle" not in letters().solution().html() + letters().ask().html() + letters().ask().describe()


def test_a_function_as_solution_is_shown_from_its_own_source():
    exercise = functions()
    exercise.check(lambda number: 0)
    assert exercise.solution().code == inspect.getsource(double).rstrip("\n")


def test_a_function_as_solution_is_highlighted():
    exercise = functions()
    exercise.check(lambda number: 0)
    assert '<span class="kw">return</span> <span class="nu">2</span> * number' in exercise.solution().html()


def test_the_first_input_that_differs_is_the_counterexample():
    assert functions().check(lambda number: 4).counterexample == "`<lambda>(0)` gives `4`; it should give `0`"


def test_a_function_that_raises_is_told_the_input_and_the_line_and_no_traceback():
    def broken(number):
        return 6 // (number - 3)

    feedback = functions(judge=lambda f: Feedback.yes("all") if [f(n) for n in (1, 3)] else None).check(
        broken
    )
    assert feedback.counterexample == "broken(3)"
    assert "raised `ZeroDivisionError: integer division or modulo by zero`" in feedback.text
    assert "at line 2 of broken, `return 6 // (number - 3)`" in feedback.text
    assert "Traceback" not in feedback.describe() and feedback.counted


def test_a_function_of_the_wrong_arity_is_told_its_call():
    feedback = functions().check(lambda: 0)
    assert "takes 0 positional arguments" in feedback.text and feedback.counterexample == "<lambda>(0)"


def spin_on_one_line(number):
    while True: pass  # fmt: skip  # noqa: E701


def spin(number):
    while True:
        number += 1


def spin_in_a_helper(number):
    return spin(number)


def spin_around_an_except(number):
    try:
        while True:
            number += 1
    except Exception:
        return 0


def spin_in_a_generator(number):
    return sum(1 for _ in iter(int, 1))


def spin_around_a_bare_except(number):
    while True:
        try:
            number += 1
        except:  # noqa: E722
            pass


SPINS = [spin_on_one_line, spin, spin_in_a_helper, spin_around_an_except, spin_in_a_generator]


if sys.version_info >= (3, 12):  # 3.11 tells of no more lines once one was refused
    SPINS.append(spin_around_a_bare_except)


@pytest.mark.parametrize("function", SPINS, ids=lambda function: function.__name__)
def test_a_function_that_never_ends_is_stopped_by_its_budget(function):
    feedback = functions().check(function)
    assert "did not come to an end: it was stopped after 10,000 lines" in feedback.text
    assert feedback.counterexample == f"{function.__name__}(0)"


def test_a_coroutine_that_never_awaits_is_stopped_too():
    async def spin():
        while True:
            pass

    def judge(coroutine):
        coroutine().send(None)

    assert "did not come to an end" in functions(judge).check(spin).text


def test_a_long_search_of_short_calls_is_within_the_budget():
    def judge(function):
        return (
            Feedback.yes("All there.")
            if all(function(n) == 2 * n for n in range(5_000))
            else Feedback.no("No.", "?")
        )

    assert functions(judge, budget=100).check(double).right


def test_the_tracing_of_others_is_put_back():
    def watch(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        functions().check(spin)
        assert sys.gettrace() is watch
    finally:
        sys.settrace(before)


def test_endless_recursion_is_a_raised_exception():
    def again(number):
        return again(number)

    assert "RecursionError" in functions().check(again).text


def test_an_interrupt_is_not_swallowed_and_loses_nothing():
    def judge(answer):
        raise KeyboardInterrupt

    exercise = letters(judge=judge)
    with pytest.raises(KeyboardInterrupt):
        exercise.check("a")
    assert exercise.attempts == 0


@pytest.mark.parametrize("body", ["...", "pass", '"""Give twice a number."""', "raise NotImplementedError"])
def test_an_empty_function_is_no_attempt(body, tmp_path):
    path = tmp_path / "empty.py"
    path.write_text(f"def empty(number):\n    {body}\n")
    namespace: dict = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    exercise = functions()
    assert exercise.check(namespace["empty"]).text.startswith("`empty` is still as it was.")
    assert exercise.attempts == 0


def double_it(number):
    number += 1
    ...  # noqa: PIE790


def test_the_starter_itself_is_no_attempt_and_a_changed_one_is():
    exercise = functions()
    exercise.starter = "def double_it(number):\n    number += 1\n    ...\n\nexercise.check(double_it)"
    exercise.check(double_it)
    assert exercise.attempts == 0
    exercise.starter = "def double_it(number):\n    number += 2\n    ..."
    exercise.check(double_it)
    assert exercise.attempts == 1


def test_arguments_that_a_function_changes_do_not_spoil_the_next_input():
    def reference(rows):
        return len(rows)

    def eats(rows):
        count = len(rows)
        rows.clear()
        return count

    rows = [1, 2]
    assert functions(same_as(reference, [(rows,), (rows,)], "It counts.")).check(eats).right
    assert rows == [1, 2]


def test_an_answer_that_a_judge_changes_stays_as_the_learner_gave_it():
    def judge(rows):
        rows[0].clear()
        return Feedback.yes("Read.")

    rows = [[1, 2]]
    letters(judge=judge, form=None, expects="rows").check(rows)
    assert rows == [[1, 2]]


def test_what_a_model_refuses_is_passed_on_as_a_sentence_and_not_counted():
    def judge(answer):
        raise ValueError("ttl is 0; it must be 1 s or more")

    feedback = letters(judge=judge).check("a")
    assert "ttl is 0; it must be 1 s or more" in feedback.text and not feedback.counted


def test_a_judge_that_gives_no_feedback_is_the_authors_mistake():
    with pytest.raises(
        TypeError, match=r"the judge of exercise 'letters' gave True; it must give a Feedback"
    ):
        letters(judge=lambda answer: True).check("a")


SWITCHES = Settings(
    {"cas": (True, False), "fill": ("leader", "follower"), "ttl_s": Span(1, 60, "s")}, {"ttl_s": 5}
)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"cas": True, "fil": "leader"}, "there is no switch 'fil'; the switches are cas, fill, ttl_s"),
        ({"cas": 1, "fill": "leader"}, "cas is 1; it must be True or False"),
        ({"cas": True, "fill": "leader", "ttl_s": 0}, "ttl_s is 0; it must be a number from 1 to 60 s"),
        ({"cas": True, "fill": "leader", "ttl_s": True}, "ttl_s is True; it must be a number"),
        ({"cas": True}, "no value for fill"),
        ("cas", "is not a dict; answer with one such as {'cas': True, 'fill': 'leader', 'ttl_s': 5}"),
    ],
)
def test_settings_say_which_switch_is_wrong(bad, says):
    with pytest.raises((TypeError, ValueError)) as raised:
        SWITCHES.clean(bad)
    assert says in str(raised.value)


def test_settings_that_are_not_named_keep_their_start():
    assert SWITCHES.clean({"fill": "follower", "cas": False}) == {
        "cas": False,
        "fill": "follower",
        "ttl_s": 5,
    }


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (
            {"kind": "quiz"},
            "is of kind 'quiz'; the kinds are predict, configure, implement, break it, referee",
        ),
        ({"form": None}, "needs a form, or expects="),
    ],
)
def test_an_exercise_that_could_not_be_asked_is_refused(how, says):
    with pytest.raises(ValueError, match=says):
        letters(**how)


def test_two_hints_are_too_few():
    with pytest.raises(ValueError, match="has 2 hints; it needs 3"):
        Exercise(
            "x",
            "predict",
            "X",
            "Y?",
            tiny.needs_a_feedback,
            HINTS[:2],
            Solution(1, "So."),
            (),
            form=tiny.LETTERS,
        )


def test_a_lambda_is_no_solution_because_it_cannot_be_shown():
    with pytest.raises(ValueError, match="write it with def"):
        Solution(lambda number: 2 * number, "Twice.")


def test_the_question_is_shown_with_its_progress():
    assert functions().ask().describe().splitlines() == [
        "Exercise (implement): Double",
        "Write `double`.",
        "Answer with a function of a number.",
        "Begin with:",
        "    def double(number):",
        "        ...",
        "No attempt yet; 0 of 3 hints shown. In code: .check(answer), .hint(), .solution()",
    ]


def test_on_a_page_without_a_kernel_the_hints_are_folded():
    page = letters().html()
    assert page.count("<details>") == 3 and "<summary>Hint 1 of 3</summary>" in page


def test_what_an_output_is_stands_in_its_metadata():
    assert letters().ask()._repr_mimebundle_()[1] == {
        "dslab": {"piece": "exercise", "name": "letters", "kind": "predict"}
    }


def test_a_fresh_one_shares_nothing():
    exercise = letters()
    exercise.check("b")
    assert (exercise.fresh().attempts, exercise.fresh().solved, exercise.attempts) == (0, False, 1)


def test_forms_with_one_value_or_none_are_refused():
    with pytest.raises(ValueError, match="'cas' has fewer than two values"):
        Settings({"cas": (True,)})
    with pytest.raises(ValueError, match="keys of a choice are short texts"):
        OneOf({1: "one", 2: "two"})

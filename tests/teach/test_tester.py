"""`check_exercise` finds everything that would make an exercise unfair, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dslab.teach import (
    Exercise,
    Feedback,
    Settings,
    Solution,
    WrongAnswer,
    check_exercise,
    exercise_problems,
    same_as,
)
from tests.teach import tiny
from tests.teach.test_exercises import HINTS, double

WRONG = tuple(WrongAnswer(answer, "It is not") for answer in ("a", "c", "a"))


def exercise(**how: Any) -> Exercise:
    """Give a sound exercise, or one with these parts replaced."""
    parts = {
        "name": "letters",
        "kind": "predict",
        "title": "Letters",
        "question": "Which one?",
        "judge": tiny.needs_a_feedback,
        "hints": HINTS,
        "solution": Solution("b", "It is in the middle."),
        "wrong_answers": WRONG,
        "form": tiny.LETTERS,
    }
    return Exercise(**parts | how)


def implement(**how: Any) -> Exercise:
    """Give a sound exercise whose answer is a function, or one with these parts replaced."""
    parts = {
        "kind": "implement",
        "judge": same_as(double, [(0,), (3,), (5,)], "It doubles."),
        "solution": Solution(double, "Twice is plus itself."),
        "wrong_answers": tuple(WrongAnswer(f, "gives") for f in (abs_, square, nothing)),
        "form": None,
        "expects": "a function",
    }
    return exercise(**parts | how)


def abs_(number):
    """Give a number without its sign."""
    return abs(number)


def square(number):
    """Give a number times itself."""
    return number * number


def nothing(number):
    """Give nothing."""
    return 0


@pytest.mark.parametrize("sound", [*tiny.ROOM.exercises, exercise(), implement()], ids=lambda each: each.name)
def test_a_sound_exercise_has_no_problems(sound):
    assert exercise_problems(sound) == []


def test_being_tested_changes_nothing():
    sound = exercise()
    sound.check("a")
    sound.hint()
    check_exercise(sound)
    assert (sound.attempts, sound.shown_hints, sound.solved) == (1, 1, False)


def yes_to_all(answer):
    """Judge without looking."""
    return Feedback.yes("Fine.")


def no_counterexample(answer):
    """Judge without a reason."""
    return Feedback.yes("It is.") if answer == "b" else Feedback.no("It is not.")


def empty_verdict(answer):
    """Judge by a verdict that has no schedule."""
    verdict = SimpleNamespace(
        held=answer == "b",
        invariant="NAME",
        sentence="It is not",
        schedule=(),
        token="",
        trace=None,
        describe=lambda: "It.",
    )
    return Feedback.must_hold(verdict, "It held.")


def raises_itself(answer):
    """Judge with a mistake of its own."""
    return tiny.needs_a_feedback(answer) if answer in ("b", "c") else 1 / 0


class Moody:
    """A judge that never says the same twice."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, answer):
        self.asked += 1
        return Feedback.yes("It is.") if answer == "b" else Feedback.no(f"It is not, {self.asked}.", "x")


def swallows(function):
    """Judge a function and pass over what it raises."""
    try:
        return same_as(double, [(3,)], "It doubles.")(function)
    except Exception:
        return Feedback.no("Something went wrong.", "something gives")


BROKEN = [
    (lambda: exercise(solution=Solution("a", "So.")), "its own solution does not pass"),
    (lambda: exercise(wrong_answers=WRONG[:2]), "it has 2 wrong answers; it needs at least 3"),
    (lambda: exercise(judge=yes_to_all), "wrong answer 1 passes"),
    (
        lambda: exercise(wrong_answers=(*WRONG, WrongAnswer("z", "It is not"))),
        "wrong answer 4 is not judged at all",
    ),
    (
        lambda: exercise(wrong_answers=(*WRONG, WrongAnswer("a", "a marker"))),
        "wrong answer 4 should be told 'a marker'",
    ),
    (lambda: exercise(judge=no_counterexample), "wrong answer 1 is not told what it fails on"),
    (lambda: exercise(judge=empty_verdict), "the verdict has no schedule"),
    (lambda: exercise(judge=raises_itself), "wrong answer 1 is not judged at all"),
    (lambda: exercise(judge=Moody()), "is told two different things"),
    (lambda: exercise(hints=("No.", *HINTS[1:])), "shorter than 15 characters"),
    (lambda: exercise(hints=(HINTS[0], HINTS[1], HINTS[0])), "hint 1 already says all that hint 3 says"),
    (
        lambda: exercise(hints=(*HINTS[:2], "It is `The second of them`, isn't it?")),
        "hint 3 gives the solution away",
    ),
    (
        lambda: exercise(hints=(*HINTS[:2], 'The answer must be "b", of course.')),
        "hint 3 gives the solution away",
    ),
    (
        lambda: implement(hints=(*HINTS[:2], "Write `return 2 * number` there.")),
        "hint 3 gives the solution away",
    ),
    (lambda: implement(judge=swallows), "a function that raises is told"),
    (lambda: implement(judge=yes_to_all), "a function that loops passes"),
]


@pytest.mark.parametrize(("make", "says"), BROKEN, ids=[says for _, says in BROKEN])
def test_an_unfair_exercise_is_found(make, says):
    assert says in " | ".join(exercise_problems(make()))


def test_a_hint_that_lists_every_setting_is_found():
    form = Settings({"cas": (True, False), "fill": ("leader", "follower")})
    right = {"cas": True, "fill": "leader"}
    judge = lambda answer: Feedback.yes("So.") if answer == right else Feedback.no("It is not.", str(answer))  # noqa: E731
    wrong = tuple(
        WrongAnswer(right | {name: value}, "It is not")
        for name, value in (("cas", False), ("fill", "follower"))
    )
    told = (*HINTS[:2], "Set `cas=True` and then `fill='leader'`.")
    unfair = exercise(
        kind="configure",
        form=form,
        judge=judge,
        solution=Solution(right, "So."),
        wrong_answers=wrong,
        hints=told,
    )
    assert "hint 3 gives every setting of the solution away" in exercise_problems(unfair)


def test_problems_are_raised_with_the_name_of_the_exercise():
    with pytest.raises(AssertionError, match="exercise 'letters': its own solution does not pass"):
        check_exercise(exercise(solution=Solution("a", "So.")))

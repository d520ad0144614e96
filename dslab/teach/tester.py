"""The tester: everything that an exercise promises, checked on the exercise itself.

A lesson's tests are one line: ``check_exercise(course.EXERCISE)``. No exercise is changed by being tested.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dslab.teach.exercises import HINTS, Exercise
from dslab.teach.feedback import Feedback
from dslab.teach.page import as_code

LEAST_WRONG = 3


def check_exercise(exercise: Exercise) -> None:
    """Assert that an exercise is sound; AssertionError with a sentence for everything that is not.

    Its solution passes; each of at least three wrong answers fails, says what it should, and names a counterexample (with a
    schedule, where the referee found one); three hints come in order and give nothing away; the solution opens only after
    an attempt; None, wrong types, functions that raise and functions that never end get a sentence, and nothing is lost.
    """
    if problems := exercise_problems(exercise):
        raise AssertionError(f"exercise {exercise.name!r}: " + "; ".join(problems))


def exercise_problems(exercise: Exercise) -> list[str]:
    """Give the sentences that `check_exercise` raises, none where the exercise is sound."""
    checks = (_solution, _wrong_answers, _hints, _opening, _bad_input, _repeatable)
    return [problem for check in checks for problem in check(exercise.fresh())]


def _solved(exercise: Exercise) -> Any:
    exercise.attempts = 1
    return exercise.opened_solution()


def _solution(exercise: Exercise) -> Iterator[str]:
    value = _solved(exercise).value
    feedback = exercise.check(value)
    if not feedback.right:
        yield f"its own solution does not pass: {_line(feedback)}"
    elif not exercise.solved:
        yield "its solution passes, but it is not solved then"


def _wrong_answers(exercise: Exercise) -> Iterator[str]:
    if len(exercise.wrong_answers) < LEAST_WRONG:
        yield f"it has {len(exercise.wrong_answers)} wrong answers; it needs at least {LEAST_WRONG}"
    for number, wrong in enumerate(exercise.wrong_answers, 1):
        feedback = exercise.check(wrong.answer)
        which = f"wrong answer {number}"
        if feedback.right:
            yield f"{which} passes"
            continue
        if not feedback.counted:
            yield f"{which} is not judged at all: {_line(feedback)}"
            continue
        if wrong.says not in feedback.describe():
            yield f"{which} should be told {wrong.says!r}, but is told: {_line(feedback)}"
        if not feedback.counterexample and not feedback.schedule:
            yield f"{which} is not told what it fails on: {_line(feedback)}"
        verdict = feedback.verdict
        if (
            verdict is not None
            and not verdict.held
            and getattr(verdict, "kind", "") != "sometimes"
            and not feedback.schedule
        ):
            yield f"{which} fails by the referee's verdict, but the verdict has no schedule"


def _hints(exercise: Exercise) -> Iterator[str]:
    hints = [" ".join(hint.split()) for hint in exercise.hints]
    if not all(len(hint) >= 15 for hint in hints):
        yield "a hint is a sentence, but one of them is shorter than 15 characters"
    for early in range(HINTS):
        for late in range(HINTS):
            if early != late and hints[late].rstrip(".").casefold() in hints[early].casefold():
                yield f"hint {early + 1} already says all that hint {late + 1} says"
    levels = [exercise.hint().level for _ in range(HINTS + 1)]
    if levels != [1, 2, 3, 3]:
        yield f"the hints come as {levels}, not one after the other"
    secrets = list(_secrets(exercise))
    for level, hint in enumerate(hints, 1):
        told = " ".join(hint.replace("`", "").split())
        if given := [
            secret for secret in secrets if re.search(rf"(?<![\w.]){re.escape(secret)}(?![\w])", told)
        ]:
            yield f"hint {level} gives the solution away: {given[0]!r}"
    settings = _settings(exercise)
    for level, hint in enumerate(hints, 1):
        told = hint.replace("`", "").replace('"', "").replace("'", "")
        if settings and all(re.search(rf"\b{name} ?[:=] ?{value}", told) for name, value in settings):
            yield f"hint {level} gives every setting of the solution away"


def _secrets(exercise: Exercise) -> Iterator[str]:
    """Give the texts that no hint may hold."""
    value = _solved(exercise).value
    if inspect.isfunction(value):
        body = _solved(exercise).code().split("\n")[1:]
        for line in body:
            words = " ".join(line.split())
            if len(words) >= 12 and not words.startswith(('"""', "#", "'''")):
                yield words
        return
    answers = getattr(exercise.form, "answers", None)
    if isinstance(answers, Mapping) and value in answers:
        yield answers[value].rstrip(".")
        yield from (f"({value})", f'"{value}"', f"'{value}'")
        return
    yield as_code(value, 2000)
    if isinstance(value, str):
        yield value
    if isinstance(value, (list, tuple)):
        yield from (joiner.join(map(str, value)) for joiner in (", ", " "))


def _settings(exercise: Exercise) -> list[tuple[str, str]]:
    value = _solved(exercise).value
    if not isinstance(value, Mapping):
        return []
    return [(re.escape(str(name)), re.escape(str(setting))) for name, setting in value.items()]


def _opening(exercise: Exercise) -> Iterator[str]:
    if exercise.solution().open:
        yield "its solution is open before any attempt"
    exercise.check(None)
    if exercise.solution().open:
        yield "its solution opens after an empty answer"
    if exercise.wrong_answers:
        exercise.check(exercise.wrong_answers[0].answer)
        shown = exercise.solution()
        if (
            not shown.open
            or not shown.code.strip()
            or shown.code.split("\n")[0].strip() not in shown.describe()
        ):
            yield "its solution does not open after an attempt"


class _Stranger:
    """A value of a type that no exercise asks for."""


def _bad_input(exercise: Exercise) -> Iterator[str]:
    exercise.hint()
    for bad in (None, ..., _Stranger(), 12.5j, b"no answer", float("nan")):
        if inspect.isfunction(_solved(exercise.fresh()).value) and callable(bad):
            continue
        before = (exercise.attempts, exercise.solved, exercise.shown_hints, exercise.feedback)
        feedback = _answered(exercise, bad)
        if isinstance(feedback, str):
            yield f"the answer {as_code(bad)} raises {feedback}"
        elif feedback.right:
            yield f"the answer {as_code(bad)} passes"
        elif not feedback.counted and before != (
            exercise.attempts,
            exercise.solved,
            exercise.shown_hints,
            exercise.feedback,
        ):
            yield f"the answer {as_code(bad)} cannot be judged, but something is lost by it"
        elif bad is None and feedback.counted:
            yield "an empty answer is counted as an attempt"
    if callable(_solved(exercise.fresh()).value):
        yield from _bad_functions(exercise)


def _bad_functions(exercise: Exercise) -> Iterator[str]:
    raising, looping = _made_to_fail(_solved(exercise.fresh()).value)
    for function, says in ((raising, "made to raise"), (looping, "did not come to an end")):
        feedback = _answered(exercise, function)
        if isinstance(feedback, str):
            yield f"a function that fails raises {feedback}"
        elif feedback.right:
            yield f"a function that {function.__name__} passes"
        elif says not in feedback.describe():
            yield f"a function that {function.__name__} is told: {_line(feedback)}"
        elif "Traceback" in feedback.describe():
            yield f"a function that {function.__name__} is shown a traceback"


def _made_to_fail(like: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Give a function that raises and one that never ends, coroutines if ``like`` is one."""
    if inspect.iscoroutinefunction(like):

        async def raises(*args: Any, **kwargs: Any) -> None:
            raise RuntimeError("made to raise")

        async def loops(*args: Any, **kwargs: Any) -> None:
            while True:
                pass
    else:

        def raises(*args: Any, **kwargs: Any) -> None:
            raise RuntimeError("made to raise")

        def loops(*args: Any, **kwargs: Any) -> None:
            while True:
                pass

    return raises, loops


def _answered(exercise: Exercise, answer: Any) -> Feedback | str:
    try:
        return exercise.check(answer)
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"


def _repeatable(exercise: Exercise) -> Iterator[str]:
    """The same answer must be told the same twice."""
    for answer in [_solved(exercise).value, *(wrong.answer for wrong in exercise.wrong_answers)]:
        if exercise.check(answer).describe() != exercise.check(answer).describe():
            yield f"the answer {as_code(answer)} is told two different things"


def _line(feedback: Feedback) -> str:
    return " / ".join(feedback.describe().split("\n"))[:300]

"""Ready-made judges: what most exercises need to turn an answer into a Feedback.

| judge             | for       | an answer is right when                                                    |
|-------------------|-----------|---------------------------------------------------------------------------|
| `decided_by`      | predict   | the experiment, run now, gives the same answer                               |
| `must_hold`       | configure, implement | the referee finds no violation with it                            |
| `must_break`      | break it  | the named invariant is violated under it                                    |
| `same_as`         | implement | on every input it gives what the reference gives                            |
| `tells_apart`     | referee   | it accepts every right variant of a zoo and catches the mutants              |
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dslab.teach.feedback import Feedback, VerdictLike
from dslab.teach.forms import Form
from dslab.teach.guard import call_text
from dslab.teach.page import as_code
from dslab.teach.zoo import Zoo

Judge = Callable[[Any], Feedback]


def decided_by(form: Form, experiment: Callable[[], Any], why: str, feedback: Any) -> Judge:
    """Judge a prediction: ``experiment()`` gives the answer that is right, ``why`` explains it.

    ``feedback`` is as in `dslab.teach.Prediction`: a sentence for each wrong answer, or for "low" and "high".
    """
    form.check_feedback("exercise", feedback)

    def judge(answer: Any) -> Feedback:
        happened = form.happened(experiment())
        if form.agrees(answer, happened):
            return Feedback.yes(why)
        numbers = isinstance(happened, int | float) and not isinstance(happened, bool)
        side = ("more" if answer < happened else "less") if numbers else "something else"
        # What it gives would be the answer.
        return Feedback.no(form.why(feedback, answer, happened), f"the experiment gives {side}")

    return judge


def must_hold(search: Callable[[Any], VerdictLike], why: str, otherwise: str = "") -> Judge:
    """Judge by the referee: ``search(answer)`` gives the verdict with this answer in place; right where it held."""
    return lambda answer: Feedback.must_hold(search(answer), why, otherwise)


def must_break(run: Callable[[Any], VerdictLike], invariant: str, why: str, otherwise: str = "") -> Judge:
    """Judge by the referee: ``run(answer)`` gives the verdict of what the answer does; right where ``invariant`` broke."""
    return lambda answer: Feedback.must_break(run(answer), invariant, why, otherwise)


def same_as(
    reference: Callable[..., Any], inputs: Iterable[tuple], why: str, because: Mapping[int, str] | None = None
) -> Judge:
    """Judge a function: on each of ``inputs`` (tuples of arguments) it must give what ``reference`` gives.

    The first input on which it does not is the counterexample; ``because`` maps the place of an input to a sentence on it.
    Arguments are copied first, so a function that changes them cannot spoil the next input.
    """
    cases = list(inputs)
    if not cases:
        raise ValueError("same_as needs at least one input to compare on")

    def judge(function: Callable[..., Any]) -> Feedback:
        for place, case in enumerate(cases):
            wanted = reference(*copy.deepcopy(case))
            given = function(*copy.deepcopy(case))
            if given != wanted or isinstance(given, bool) != isinstance(wanted, bool):
                line = f"`{call_text(function, case, {})}` gives `{as_code(given)}`; it should give `{as_code(wanted)}`"
                return Feedback.no((because or {}).get(place, "On this input it does something else."), line)
        return Feedback.yes(why)

    return judge


def tells_apart(zoo: Zoo, why: str) -> Judge:
    """Judge invariants by a zoo: every right variant must be accepted, every mutant without a reason must be caught.

    A right variant that is accused is told first, with the schedule; then the first mutant that escapes, with the
    schedule in which the zoo's own referee catches it, so that the learner sees what to look for.
    """

    def judge(answer: Any) -> Feedback:
        report = zoo.score(answer)
        if report.accused:
            row = report.accused[0]
            return Feedback.no(
                f"Your invariant says that “{row.name}” is broken; it is one of the right ones.",
                f"{row.name}: {row.description}",
                row.verdict,
            )
        if report.escaped:
            row = report.escaped[0]
            score = f"It catches {len(report.caught)} of {len(report.mutants)} mutants."
            return Feedback.no(
                f"{score} “{row.name}” escapes.", f"{row.name}: {row.description}", zoo.reference(row.name)
            )
        return Feedback.yes(f"{why} {report.describe_score()}")

    return judge

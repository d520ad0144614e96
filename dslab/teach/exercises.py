"""Exercises: a question whose answer is checked by running it, with its hints, its solution and its typical wrong answers.

| kind      | the learner ...                                                              | an answer is           |
|-----------|------------------------------------------------------------------------------|------------------------|
| predict   | says what will happen; the experiment decides                                 | a key or a number      |
| configure | sets switches so that something holds                                        | a dict                 |
| implement | writes a function of the protocol                                            | a function             |
| break it  | gives a schedule, a token or a choice under which an invariant is violated     | a token, a list, a key |
| referee   | writes an invariant that accepts the right variants and catches the mutants    | a function             |

Question, hints, solution and wrong answers are one object, and `dslab.teach.check_exercise` tests them together.
"""

from __future__ import annotations

import copy
import inspect
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dslab.teach.feedback import Feedback
from dslab.teach.forms import Form
from dslab.teach.guard import BUDGET, Guard, OutOfBudget, is_stub, last_line
from dslab.teach.listing import Listing, source
from dslab.teach.live import Live
from dslab.teach.page import Shown, as_code, card, escape, inline, paragraphs, prose

KINDS = ("predict", "configure", "implement", "break it", "referee")
HINTS = 3


@dataclass(frozen=True)
class Solution:
    """An answer that is right, and why. A function is shown from its own source, at most ``most`` lines of it."""

    value: Any
    why: str
    most: int = 30

    def __post_init__(self) -> None:
        if not self.why.strip():
            raise ValueError("a solution needs a sentence that says why it is right")
        if getattr(self.value, "__name__", "") == "<lambda>":
            raise ValueError("a solution that is a lambda cannot be shown by itself; write it with def")

    def code(self) -> str:
        """Give the solution as it is written in code."""
        return (
            "\n".join(self._listing().lines) if inspect.isfunction(self.value) else as_code(self.value, 2000)
        )

    def html(self) -> str:
        """Give the solution as it is written in code, as HTML."""
        return (
            self._listing().code() if inspect.isfunction(self.value) else f"<pre>{escape(self.code())}</pre>"
        )

    def _listing(self) -> Listing:
        return source(self.value, most=self.most, docstring=True)


@dataclass(frozen=True)
class WrongAnswer:
    """A typical wrong answer, what its feedback must say (a piece of its text), and what its author was thinking."""

    answer: Any
    says: str
    thought: str = ""

    def __post_init__(self) -> None:
        if not self.says.strip():
            raise ValueError("a wrong answer needs the piece of text that its feedback must say")


class Exercise(Live):
    """A question with a judge. ``name`` is short and unique within its lesson, ``title`` a few words, ``kind`` one of `KINDS`.

    ``judge(answer)`` runs the model or the referee and gives a Feedback; it need not look for None, wrong types or raised
    exceptions. ``form`` (OneOf, Number, Settings ...) says which answers there are, where they can be listed; for others
    ``expects`` says in words what an answer is, and ``accepts`` (types, or a test) tells one. ``starter`` is code to begin
    from. ``hints`` are three, each saying more than the one before. ``budget``: the most lines that one call of a
    learner's function may run. Raises ValueError where a part is missing.
    """

    piece = "exercise"

    def __init__(
        self,
        name: str,
        kind: str,
        title: str,
        question: str,
        judge: Callable[[Any], Feedback],
        hints: Sequence[str],
        solution: Solution,
        wrong_answers: Sequence[WrongAnswer],
        form: Form | None = None,
        expects: str = "",
        accepts: type | tuple[type, ...] | Callable[[Any], bool] | None = None,
        starter: str = "",
        budget: int = BUDGET,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"exercise {name!r} is of kind {kind!r}; the kinds are {', '.join(KINDS)}")
        if not all(text.strip() for text in (name, title, question)):
            raise ValueError(f"exercise {name!r} needs a name, a title and a question; one of them is empty")
        if len(hints) != HINTS or isinstance(hints, str):
            raise ValueError(
                f"exercise {name!r} has {len(hints)} hints; it needs {HINTS}, each saying more than the one before"
            )
        if form is None and not expects.strip():
            raise ValueError(f"exercise {name!r} needs a form, or expects= with words for what an answer is")
        self.name, self.kind, self.title, self.question = name, kind, title, question
        self.judge, self.hints, self.wrong_answers = judge, tuple(hints), tuple(wrong_answers)
        self.form, self.expects, self.starter, self.budget = form, expects, starter, budget
        self.accepts = _ACCEPTS[kind] if accepts is None else accepts
        self._solution = solution
        self._begin()

    def _begin(self) -> None:
        self.attempts, self.shown_hints, self.solved = 0, 0, False
        self.feedback: Feedback | None = None  # of the last answer that could be judged
        super()._begin()

    def fresh(self) -> Exercise:
        """Give the same exercise as nobody has tried it."""
        other = copy.copy(self)
        other._begin()
        return other

    def forget(self) -> None:
        """Forget all attempts and hints."""
        self.attempts, self.shown_hints, self.solved, self.feedback = 0, 0, False, None
        self._tell()

    def ask(self) -> Exercise:
        """Show the question. The last line of a cell; in a notebook it has buttons."""
        return self

    def check(self, answer: Any) -> Feedback:
        """Judge an answer by running it, and say why it is right, or the counterexample that it fails on.

        What cannot be judged (None, an empty function, a wrong type, a value out of range) gets a sentence and counts as no
        attempt. A function that raises or does not end is told so. Nothing that a learner passes raises an exception.
        """
        feedback = self._judged(answer)
        if feedback.counted:
            self.attempts += 1
            self.solved = self.solved or feedback.right
            self.feedback = feedback
        self._tell()
        return feedback

    def hint(self) -> Hint:
        """Show the next hint; after the last, all of them again."""
        self.shown_hints = min(self.shown_hints + 1, HINTS)
        self._tell()
        return Hint(self)

    def solution(self) -> Opened:
        """Show the solution once there was an attempt; before that, a sentence that says so."""
        return Opened(self)

    def opened_solution(self) -> Solution | None:
        """Give the solution if there was an attempt."""
        return self._solution if self.attempts else None

    def _judged(self, answer: Any) -> Feedback:
        if answer is None or answer is ...:
            return Feedback.unusable(f"There is no answer yet. {self.expected()}")
        if is_stub(answer, self.starter):
            return Feedback.unusable(f"`{answer.__name__}` is still as it was. {self.expected()}")
        try:
            answer = self._fit(answer)
        except (TypeError, ValueError) as problem:
            return Feedback.unusable(f"{str(problem)[:1].upper()}{str(problem)[1:]}.")
        guard = Guard(self.budget)
        try:
            wrapped = guard.wrap(
                copy.deepcopy(answer)
            )  # a judge may change it; the learner's own stays as it is
            with guard.watching():
                feedback = self.judge(wrapped)
        except OutOfBudget as problem:
            why = f"Your function did not come to an end: it was stopped after {guard.budget:,} lines"
            return Feedback.no(f"{why}{_at(guard.blame(problem))}.", guard.failed_call)
        except Exception as problem:
            blame = guard.blame(problem)
            if guard.failed_call or blame:
                return Feedback.no(
                    f"Your function raised `{last_line(problem)}`{_at(blame)}.", guard.failed_call
                )
            return Feedback.unusable(
                f"This answer could not be judged: {_reason(problem)}. {self.expected()}"
            )
        if not isinstance(feedback, Feedback):
            raise TypeError(
                f"the judge of exercise {self.name!r} gave {as_code(feedback)}; it must give a Feedback"
            )
        return feedback

    def _fit(self, answer: Any) -> Any:
        if self.form is not None:
            return self.form.clean(answer)
        types = isinstance(self.accepts, (type, tuple))
        if not (isinstance(answer, self.accepts) if types else self.accepts(answer)):
            raise TypeError(
                f"{_named(answer)} is not an answer to this exercise. {self.expected()}".rstrip(".")
            )
        return answer

    def expected(self) -> str:
        """Say in a sentence what an answer is."""
        if self.form is not None:
            return f"In code, an answer looks like `{self.form.example()}`."
        return f"Answer with {self.expects.rstrip('.')}."

    def progress(self) -> str:
        """Say how far the learner has come."""
        tries = f"{self.attempts} attempt{'s' * (self.attempts != 1)}" if self.attempts else "No attempt yet"
        state = f"{tries}, solved" if self.solved else tries
        return f"{state}; {self.shown_hints} of {HINTS} hints shown."

    def describe(self) -> str:
        """Give the question, what an answer is, and the progress, as text."""
        lines = [self._head(), prose(self.question), *(self.form.lines() if self.form else [])]
        lines.append(prose(self.expected()))
        if self.starter:
            lines += ["Begin with:", textwrap.indent(self.starter.strip("\n"), "    ")]
        return "\n".join([*lines, f"{self.progress()} In code: .check(answer), .hint(), .solution()"])

    def html(self) -> str:
        """Give the question with its hints folded, for a page where no kernel runs."""
        folded = "".join(
            f"<details><summary>Hint {level} of {HINTS}</summary>{paragraphs(text)}</details>"
            for level, text in enumerate(self.hints, 1)
        )
        return card(
            "exercise", self._head(), f"{self.question_html()}{folded}{paragraphs(self.progress(), 'quiet')}"
        )

    def question_html(self) -> str:
        """Give the question and what an answer is, as HTML."""
        body = (
            paragraphs(self.question) + (self.form.html() if self.form else "") + paragraphs(self.expected())
        )
        return body + (
            f"<p>Begin with:</p><pre>{escape(self.starter.strip(chr(10)))}</pre>" if self.starter else ""
        )

    def marks(self) -> dict[str, Any]:
        """Give what the output's metadata says: an exercise, of this name and kind."""
        return {"piece": self.piece, "name": self.name, "kind": self.kind}

    def _head(self) -> str:
        return f"Exercise ({self.kind}): {self.title}"


class Hint(Shown):
    """The hints of an exercise up to the newest one; ``level`` is its number, ``text`` the hint itself."""

    piece = "hint"

    def __init__(self, exercise: Exercise) -> None:
        self.level = exercise.shown_hints
        self._texts = exercise.hints[: self.level]
        self.text = self._texts[-1]
        self._last = (
            " That was the last one; the solution opens after an attempt." if self.level == HINTS else ""
        )

    def describe(self) -> str:
        """Give the hints as text."""
        shown = [prose(f"Hint {level} of {HINTS}: {text}") for level, text in enumerate(self._texts, 1)]
        return "\n".join(shown + ([self._last.strip()] if self._last else []))

    def html(self) -> str:
        """Give the hints as a numbered list."""
        shown = "".join(f"<li>{inline(text)}</li>" for text in self._texts)
        return f"<p>Hints, {self.level} of {HINTS}:</p><ol>{shown}</ol>{paragraphs(self._last, 'quiet')}"


class Opened(Shown):
    """The solution of an exercise, or the sentence that says why it is not open yet (``open`` tells which)."""

    piece = "solution"

    def __init__(self, exercise: Exercise) -> None:
        solution = exercise.opened_solution()
        self.open = solution is not None
        self.title = exercise.title
        self.why = (
            solution.why
            if solution
            else "The solution opens after an attempt. Check an answer first; a hint may help."
        )
        self.code = solution.code() if solution else ""
        self._html = solution.html() if solution else ""

    def describe(self) -> str:
        """Give the solution and why it is right, as text."""
        if not self.open:
            return self.why
        return "\n".join([f"Solution: {self.title}", textwrap.indent(self.code, "    "), prose(self.why)])

    def html(self) -> str:
        """Give the solution and why it is right, as HTML."""
        if not self.open:
            return paragraphs(self.why)
        return card("exercise", f"Solution: {self.title}", self._html + paragraphs(self.why))


def _invariants(answer: Any) -> bool:
    """Tell whether an answer is a test of a world: a function, an invariant, or several of them."""
    parts = answer if isinstance(answer, (list, tuple)) and answer else [answer]
    return all(callable(part) or callable(getattr(part, "test", None)) for part in parts)


def _named(answer: Any) -> str:
    return (
        f"A {type(answer).__name__} (`{as_code(answer, 60)}`)"
        if not inspect.isfunction(answer)
        else f"The function {answer.__name__}"
    )


def _reason(problem: Exception) -> str:
    """Give the sentence of a refusal; what is no refusal keeps the name of its kind."""
    refused = isinstance(problem, ValueError | TypeError) and str(problem)
    return str(problem).rstrip(".") if refused else last_line(problem)


def _at(place: str) -> str:
    return f" at {place}" if place else ""


_ACCEPTS: dict[str, Any] = {
    "predict": object,
    "configure": dict,
    "implement": callable,
    "break it": (str, list, tuple, dict),
    "referee": _invariants,
}

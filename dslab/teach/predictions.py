"""Predictions: asked before an act, recorded once, compared with what then happened.

| word      | meaning                                                                                             |
|-----------|-----------------------------------------------------------------------------------------------------|
| answer    | what the learner expects: the key of a choice, "yes" or "no", or a number in the prediction's unit    |
| recorded  | committed; a recorded answer is locked, and only `forget` opens it again                              |
| measured  | what the experiment gave: a Result, a Verdict, a number ...; never typed into the notebook             |
| decide    | a function from what was measured to the answer that it makes the right one                            |

A prediction knows no right answer. The experiment does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dslab.teach.forms import Feedbacks, Form, Number, NumberFeedback, OneOf, YesNo
from dslab.teach.live import Live
from dslab.teach.page import SIGNS, Shown, card, html_table, paragraphs, prose


class Prediction(Live):
    """A question asked before an act. Make one with `choice`, `yes_no` or `number`.

    ``name`` is short and unique within its lesson; ``question`` is one to three sentences. The answer is recorded once
    (`answer`, or the buttons in a notebook) and compared with the experiment later (`compare`).
    """

    piece = "prediction"

    def __init__(
        self,
        name: str,
        question: str,
        form: Form,
        feedback: Feedbacks | NumberFeedback,
        decide: Callable[[Any], Any] | None = None,
        because: str | Callable[[Any], str] = "",
    ) -> None:
        if not name.strip() or not question.strip():
            raise ValueError("a prediction needs a name and a question; one of them is empty")
        form.check_feedback(name, feedback)
        self.name, self.question, self.form = name, question, form
        self.feedback, self.decide, self.because = feedback, decide, because
        self._answer: Any = None
        self._right: bool | None = None
        self._begin()

    @classmethod
    def choice(
        cls,
        name: str,
        question: str,
        answers: Mapping[str, str],
        feedback: Feedbacks,
        decide: Callable[[Any], str] | None = None,
        because: str | Callable[[Any], str] = "",
    ) -> Prediction:
        """Ask for one of several answers.

        ``answers`` maps a short key ("a", "b") to the answer's text, two to eight of them. ``feedback`` maps a key to the
        sentence for those who chose it where something else happened; only one answer may be without (the one expected to
        be right). ``decide(measured)`` gives the key that the experiment makes right; without it, `compare` takes the key.
        ``because`` (a text, or a function of what was measured) says why, to everybody. Raises ValueError.
        """
        return cls(name, question, OneOf(answers), feedback, decide, because)

    @classmethod
    def yes_no(
        cls,
        name: str,
        question: str,
        feedback: Feedbacks,
        decide: Callable[[Any], bool] | None = None,
        because: str | Callable[[Any], str] = "",
    ) -> Prediction:
        """Ask a question that is answered yes or no; True and False are taken too. ``feedback`` as in `choice`."""
        return cls(name, question, YesNo(), feedback, decide, because)

    @classmethod
    def number(
        cls,
        name: str,
        question: str,
        unit: str,
        low: float,
        high: float,
        feedback: NumberFeedback,
        tolerance: float | None = None,
        factor: float | None = None,
        step: float | None = None,
        slider: bool = False,
        decide: Callable[[Any], float] | None = None,
        because: str | Callable[[Any], str] = "",
    ) -> Prediction:
        """Ask for a number from ``low`` to ``high`` in ``unit`` ("" for a plain number).

        An answer is right within ``tolerance`` (in the unit), or within a ``factor`` above 1 (2 accepts half to double);
        give exactly one of them. ``feedback`` maps "low" and "high" to the sentence for an answer that was too low or too
        high, or is a function of (answered, measured). ``step`` is the step of the field; ``slider`` adds a slider.
        """
        form = Number(unit, low, high, tolerance, factor, step, slider)
        return cls(name, question, form, feedback, decide, because)

    @property
    def made(self) -> bool:
        """True once an answer is recorded."""
        return self._answer is not None

    @property
    def predicted(self) -> Any:
        """The recorded answer (a key or a number), or None."""
        return self._answer

    @property
    def right(self) -> bool | None:
        """Whether the recorded answer was right, once it has been compared; before that None."""
        return self._right

    def ask(self) -> Prediction:
        """Show the question. The last line of a cell; in a notebook it has buttons."""
        return self

    def answer(self, value: Any) -> Recorded:
        """Record an answer in code. A second, different answer changes nothing and says so.

        Raises ValueError or TypeError, naming what would be right, where ``value`` is none of the possible answers.
        """
        value = self.form.clean(value)
        if self._answer is None:
            self._answer = value
            self._tell()
        return Recorded(self, value)

    def forget(self) -> None:
        """Forget the recorded answer, so that the question can be answered anew."""
        self._answer = self._right = None
        self._tell()

    def compare(self, measured: Any) -> Comparison:
        """Show what was predicted beside what happened, with a sentence for the answer that was given.

        ``measured`` is what the experiment gave; see ``decide``. Where nothing was predicted, the comparison says so and
        still tells what happened. Raises ValueError or TypeError where ``measured`` decides for no possible answer.
        """
        happened = self.form.happened(self.decide(measured) if self.decide else measured)
        self._right = self.form.agrees(self._answer, happened) if self.made else None
        self._tell()
        because = self.because(measured) if callable(self.because) else self.because
        tell = getattr(measured, "describe", None)
        return Comparison(
            self, self._answer, happened, self._right, because, tell() if callable(tell) else ""
        )

    def describe(self) -> str:
        """Give the question, the possible answers and what is recorded, as text."""
        lines = [f"Prediction: {self.name}", prose(self.question), *self.form.lines()]
        return "\n".join([*lines, self.state()])

    def state(self) -> str:
        """Say in one sentence what is recorded."""
        if self.made:
            return f"Recorded: {self.form.words(self._answer)}."
        return f"Nothing recorded yet. In code: .answer({self.form.example()})"

    def html(self) -> str:
        """Give the question, the possible answers and what is recorded, as HTML."""
        body = paragraphs(self.question) + self.form.html() + paragraphs(self.state(), "quiet")
        return card("prediction", f"Prediction: {self.name}", body)

    def marks(self) -> dict[str, Any]:
        """Give what the output's metadata says: a prediction, of this name and kind."""
        return {"piece": self.piece, "name": self.name, "kind": self.form.kind}


class Recorded(Shown):
    """What `Prediction.answer` shows: the recorded answer, and whether the new one changed it."""

    piece = "recorded"

    def __init__(self, prediction: Prediction, given: Any) -> None:
        form, kept = prediction.form, prediction.predicted
        self.sentence = f"Recorded: {form.words(kept)}."
        if given != kept:
            self.sentence = (
                f"Already recorded: {form.words(kept)}. A prediction is made once; "
                f"{form.words(given)} changes nothing. `forget()` opens it again."
            )

    def describe(self) -> str:
        """Give the sentence."""
        return self.sentence

    def html(self) -> str:
        """Give the sentence as HTML."""
        return paragraphs(self.sentence)


class Comparison(Shown):
    """What was predicted beside what happened.

    ``predicted`` is None where nothing was recorded, and then ``right`` is None too; ``happened`` is in the form of an answer.
    """

    piece = "comparison"

    def __init__(
        self,
        prediction: Prediction,
        predicted: Any,
        happened: Any,
        right: bool | None,
        because: str,
        seen: str,
    ) -> None:
        self.name, self.predicted, self.happened, self.right = prediction.name, predicted, happened, right
        form = prediction.form
        self._predicted = "nothing recorded" if predicted is None else form.words(predicted)
        self._happened = form.words(happened)
        why = form.why(prediction.feedback, predicted, happened) if right is False else ""
        again = "Commit a prediction above and run this cell again to compare." if right is None else ""
        self._texts = [text for text in dict.fromkeys((why, because, seen, again)) if text]

    @property
    def verdict(self) -> str:
        """The first sentence: right, not so, or nothing recorded."""
        if self.right is None:
            return "You recorded no prediction."
        return "You predicted what happened." if self.right else "You predicted something else."

    def describe(self) -> str:
        """Give the comparison as text."""
        lines = [f"Prediction: {self.name}", f"{self._sign()} {self.verdict}"]
        lines += [f"  you predicted: {self._predicted}", f"  what happened: {self._happened}"]
        return "\n".join(lines + [prose(text) for text in self._texts])

    def html(self) -> str:
        """Give the comparison as HTML."""
        rows = [("You predicted", self._predicted), ("What happened", self._happened)]
        table = html_table(f"Prediction: {self.name}", (), rows)
        texts = "".join(paragraphs(text) for text in self._texts)
        if self.right is None:  # folded, so that a stored notebook does not tell before it is asked
            table, texts = f"<details><summary>What happened</summary>{table}{texts}</details>", ""
        return card(self._style(), f"{self._sign()} {self.verdict}", table + texts)

    def marks(self) -> dict[str, Any]:
        """Give what the output's metadata says: the comparison of this prediction."""
        return {"piece": self.piece, "name": self.name}

    def _style(self) -> str:
        return {None: "none", True: "right", False: "wrong"}[self.right]

    def _sign(self) -> str:
        return SIGNS[self._style()]

"""Feedback: what a checked answer is told.

| word           | meaning                                                                                     |
|----------------|---------------------------------------------------------------------------------------------|
| right, wrong   | the answer was judged by running something                                                     |
| unusable       | it could not be judged (nothing given, a wrong type, a value out of range); no attempt is counted |
| counterexample | what a wrong answer fails on: an input, a setting, a variant, or the schedule of a verdict          |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dslab.teach.page import SIGNS, Shown, card, inline, items, paragraphs, prose

SHOWN_STEPS = 14  # a longer schedule is folded on the page


class VerdictLike(Protocol):
    """What the classroom uses of the referee's Verdict."""

    held: bool
    invariant: str
    sentence: str
    schedule: Sequence[str]
    token: str
    trace: Any

    def describe(self) -> str:
        """Say what was found and how much was searched."""


@dataclass(frozen=True, repr=False, eq=False)
class Feedback(Shown):
    """The answer to an answer: whether it is right, why in ``text``, and what a wrong one fails on.

    ``counterexample`` is one line that names the failing case; ``verdict`` is the referee's, with its schedule and trace.
    ``counted`` is False where nothing could be judged.
    """

    right: bool
    text: str
    counterexample: str = ""
    verdict: VerdictLike | None = None
    counted: bool = True
    piece = "feedback"

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError(
                "feedback needs a sentence: say why the answer is right, or what is wrong with it"
            )

    @classmethod
    def yes(cls, why: str, verdict: VerdictLike | None = None) -> Feedback:
        """The answer is right, and why."""
        return cls(True, why, verdict=verdict)

    @classmethod
    def no(cls, why: str, counterexample: str = "", verdict: VerdictLike | None = None) -> Feedback:
        """The answer is wrong: what is wrong, and the case or the verdict that it fails on."""
        return cls(False, why, counterexample, verdict)

    @classmethod
    def unusable(cls, why: str) -> Feedback:
        """The answer could not be judged; nothing is counted."""
        return cls(False, why, counted=False)

    @classmethod
    def must_hold(cls, verdict: VerdictLike, why: str, otherwise: str = "") -> Feedback:
        """Right where the referee found no violation; else the schedule that it found is the counterexample."""
        if verdict.held:
            return cls.yes(why, verdict)
        return cls.no(
            otherwise or "The referee found a schedule that this answer does not survive.",
            _named(verdict),
            verdict,
        )

    @classmethod
    def must_break(cls, verdict: VerdictLike, invariant: str, why: str, otherwise: str = "") -> Feedback:
        """Right where the invariant of this name was violated; else what happened instead is the counterexample."""
        if not verdict.held and verdict.invariant == invariant:
            return cls.yes(why, verdict)
        if verdict.held:
            return cls.no(
                otherwise or f"{invariant} was not violated.", f"{invariant} held to the end", verdict
            )
        return cls.no(
            otherwise or f"This breaks {verdict.invariant}, not {invariant}.", _named(verdict), verdict
        )

    @property
    def trace(self) -> Any:
        """The trace of the counterexample (or of the run that was judged), to step through; None where there is none."""
        return getattr(self.verdict, "trace", None)

    @property
    def schedule(self) -> tuple[str, ...]:
        """The steps of the verdict's schedule in words, first to last."""
        return tuple(getattr(self.verdict, "schedule", ()))

    @property
    def headline(self) -> str:
        """The word that is always read first."""
        return "Right." if self.right else "Not yet." if self.counted else "Nothing to judge yet."

    def describe(self) -> str:
        """Give the feedback as text, with the schedule step by step."""
        lines = [f"{SIGNS[self._style()]} {self.headline}", prose(self.text)]
        if self.counterexample:
            lines += items([f"fails on: {self.counterexample}"])
        if self.verdict is not None:
            lines.append(prose(self.verdict.describe()))
        if self.schedule:
            lines += [self._steps() + ":", *items(self.schedule, "1.")]
        return "\n".join(lines + ([self._again()] if self._again() else []))

    def html(self) -> str:
        """Give the feedback as HTML; a long schedule is folded."""
        body = paragraphs(self.text)
        if self.counterexample:
            body += f"<p>Fails on: {inline(self.counterexample)}</p>"
        if self.verdict is not None:
            body += paragraphs(self.verdict.describe())
        if self.schedule:
            steps = "".join(f"<li>{inline(step)}</li>" for step in self.schedule)
            opened = " open" if len(self.schedule) <= SHOWN_STEPS else ""
            body += f"<details{opened}><summary>{self._steps()}</summary><ol>{steps}</ol></details>"
        body += paragraphs(self._again(), "quiet")
        return card(self._style(), f"{SIGNS[self._style()]} {self.headline}", body)

    def _style(self) -> str:
        return "right" if self.right else "wrong" if self.counted else "none"

    def _steps(self) -> str:
        number = len(self.schedule)
        return f"The schedule, {number} step{'s' * (number != 1)}"

    def _again(self) -> str:
        token = getattr(self.verdict, "token", "")
        return f"To run it again: `{token}`" if token else ""


def _named(verdict: VerdictLike) -> str:
    return f"{verdict.invariant}: {verdict.sentence}" if verdict.sentence else verdict.invariant

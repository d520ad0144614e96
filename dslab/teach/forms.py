"""Forms: the kinds of answer that a prediction or an exercise takes.

| word     | meaning                                                                                        |
|----------|------------------------------------------------------------------------------------------------|
| clean    | turn what was given into the stored form of an answer, or raise a sentence that says what is right |
| OneOf    | the key of one of several answers; YesNo is the one with two                                       |
| Number   | a number in a unit, within a tolerance or a factor                                                |
| Settings | a value for each of several switches                                                             |
| Span     | the numbers that one switch may have                                                              |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dslab.teach.page import as_code, escape, inline, items, rounded, with_unit

Feedbacks = Mapping[str, str]
NumberFeedback = Mapping[str, str] | Callable[[float, float], str]


class Form:
    """What kind of answer a prediction takes. A form cleans an answer, writes it in words and compares it."""

    kind = ""

    def check_feedback(self, name: str, feedback: Any) -> None:
        """Raise ValueError where a wrong answer would get no sentence of its own."""

    def clean(self, value: Any) -> Any:
        """Give the answer in its stored form; ValueError or TypeError where it is none."""
        raise NotImplementedError

    def happened(self, value: Any) -> Any:
        """Give what the experiment decided in the same form as an answer."""
        return self.clean(value)

    def agrees(self, answer: Any, happened: Any) -> bool:
        """Tell whether an answer is right."""
        return answer == happened

    def words(self, value: Any) -> str:
        """Write an answer in words."""
        raise NotImplementedError

    def lines(self) -> list[str]:
        """Give the possible answers as lines of text."""
        raise NotImplementedError

    def html(self) -> str:
        """Give the possible answers as HTML."""
        raise NotImplementedError

    def example(self) -> str:
        """Give an answer as it is written in code."""
        raise NotImplementedError

    def why(self, feedback: Any, answer: Any, happened: Any) -> str:
        """Give the sentence for a wrong answer."""
        return ""


class OneOf(Form):
    """One of several answers, by key."""

    kind = "choice"

    def __init__(self, answers: Mapping[str, str]) -> None:
        answers = dict(answers)
        if not 2 <= len(answers) <= 8:
            raise ValueError(f"a choice needs two to eight answers, not {len(answers)}")
        if bad := [key for key in answers if not isinstance(key, str) or not key.strip()]:
            raise ValueError(f"the keys of a choice are short texts such as 'a'; {bad[0]!r} is not")
        self.answers = answers

    def check_feedback(self, name: str, feedback: Feedbacks) -> None:
        """Raise ValueError where the feedback names no answer, or more than one answer has none."""
        if unknown := [key for key in feedback if key not in self.answers]:
            raise ValueError(
                f"prediction {name!r}: feedback for {unknown[0]!r}, but the answers are {self._keys()}"
            )
        if len(missing := [key for key in self.answers if key not in feedback]) > 1:
            raise ValueError(
                f"prediction {name!r}: the answers {', '.join(missing)} have no feedback; at most one may be without"
            )

    def clean(self, value: Any) -> str:
        """Give the key; ValueError where it is none of the keys."""
        if value not in list(self.answers):
            raise ValueError(f"{as_code(value)} is none of the answers; answer with one of {self._keys()}")
        return value

    def words(self, value: str) -> str:
        """Give the key and the answer's text."""
        return f"({value}) {self.answers[value].rstrip('.')}"

    def lines(self) -> list[str]:
        """Give the answers, one a line."""
        return [line for key in self.answers for line in items([self.answers[key]], f"({key})")]

    def html(self) -> str:
        """Give the answers as a list."""
        return f"<ul>{''.join(f'<li>({escape(key)}) {inline(text)}</li>' for key, text in self.answers.items())}</ul>"

    def example(self) -> str:
        """Give the first key as it is written in code."""
        return f'"{next(iter(self.answers))}"'

    def why(self, feedback: Feedbacks, answer: str, happened: str) -> str:
        """Give the sentence for those who chose ``answer``."""
        return feedback.get(
            answer, f"You expected {self.words(answer)}; the experiment shows {self.words(happened)}."
        )

    def _keys(self) -> str:
        return ", ".join(map(repr, self.answers))


class YesNo(OneOf):
    """Yes or no; a truth value is taken as well."""

    kind = "yes/no"

    def __init__(self) -> None:
        super().__init__({"yes": "Yes", "no": "No"})

    def clean(self, value: Any) -> str:
        """Give "yes" or "no"."""
        return super().clean({True: "yes", False: "no"}[value] if isinstance(value, bool) else value)

    def words(self, value: str) -> str:
        """Give the word."""
        return self.answers[value].lower()

    def lines(self) -> list[str]:
        """Give both answers on one line."""
        return ["  yes or no"]

    def html(self) -> str:
        """Give both answers as a line."""
        return "<p>Yes or no?</p>"


class Number(Form):
    """A number in a unit, right within a tolerance or a factor."""

    kind = "number"

    def __init__(
        self,
        unit: str,
        low: float,
        high: float,
        tolerance: float | None = None,
        factor: float | None = None,
        step: float | None = None,
        slider: bool = False,
    ) -> None:
        if not low < high:
            raise ValueError(
                f"a number from {low} to {high} leaves nothing to choose; low must be less than high"
            )
        if (tolerance is None) == (factor is None):
            raise ValueError("give either a tolerance (in the unit) or a factor, not both and not neither")
        if tolerance is not None and tolerance < 0:
            raise ValueError(f"the tolerance is {tolerance}; it must be 0 or more")
        if factor is not None and factor <= 1:
            raise ValueError(f"the factor is {factor}; it must be more than 1 (2 accepts half to double)")
        if step is not None and not 0 < step <= high - low:
            raise ValueError(f"the step is {step}; it must be more than 0 and at most {high - low}")
        self.unit, self.low, self.high = unit, low, high
        self.tolerance, self.factor = tolerance, factor
        self.step = step or (high - low) / 100
        self.slider = slider

    def check_feedback(self, name: str, feedback: NumberFeedback) -> None:
        """Raise ValueError where too low or too high has no sentence."""
        if not callable(feedback) and set(feedback) != {"low", "high"}:
            raise ValueError(
                f'prediction {name!r}: feedback for a number has a sentence for "low" and one for "high"'
            )

    def clean(self, value: Any) -> float:
        """Give the number; TypeError or ValueError where it is none or out of range."""
        number = self.happened(value)
        if not self.low <= number <= self.high:
            raise ValueError(f"{as_code(value)} is out of range; answer with a number {self._range()}")
        return number

    def happened(self, value: Any) -> float:
        """Give a measured number, of any size; a Metric or Measurement gives its value."""
        value = getattr(value, "value", value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise TypeError(f"{as_code(value)} is not a number; a number {self._range()} is needed")
        return value

    def agrees(self, answer: float, happened: float) -> bool:
        """Tell whether the answer is within the tolerance or the factor of what happened."""
        if self.tolerance is not None:
            return abs(answer - happened) <= self.tolerance + 1e-12 * abs(happened)
        if answer * happened <= 0:
            return answer == happened
        return 1 / self.factor <= answer / happened <= self.factor

    def words(self, value: float) -> str:
        """Give the number with its unit."""
        return with_unit(value, self.unit)

    def lines(self) -> list[str]:
        """Give the range and what counts as right."""
        return [f"  a number {self._range()}; right is {self._margin()}"]

    def html(self) -> str:
        """Give the range and what counts as right."""
        return f"<p>A number {escape(self._range())}; right is {escape(self._margin())}.</p>"

    def example(self) -> str:
        """Give the lower end as it is written in code."""
        return f"{self.low:g}"

    def why(self, feedback: NumberFeedback, answer: float, happened: float) -> str:
        """Give the sentence for an answer that was too low or too high."""
        if callable(feedback):
            return feedback(answer, happened)
        return feedback["low" if answer < happened else "high"]

    def _range(self) -> str:
        return f"from {with_unit(self.low, '')} to {with_unit(self.high, self.unit)}"

    def _margin(self) -> str:
        if self.factor is not None:
            return f"within a factor of {self.factor:g}"
        return f"within {with_unit(self.tolerance, self.unit)}" if self.tolerance else "the exact number"


@dataclass(frozen=True)
class Span:
    """The numbers from ``low`` to ``high`` that a switch may have, in ``unit``; ``step`` is the step of its field."""

    low: float
    high: float
    unit: str = ""
    step: float = 1

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(
                f"a span from {self.low} to {self.high} leaves nothing to choose; low must be less than high"
            )

    def describe(self) -> str:
        """Say the range in words."""
        return f"a number from {rounded(self.low)} to {with_unit(self.high, self.unit)}"


class Settings(Form):
    """A value for each of several switches, given as a dict.

    ``switches`` maps a name to the values it may have: a sequence of them, or a `Span`. ``start`` holds the values that
    an answer need not name; a switch that is in neither must be named. ``labels`` maps names to words for the screen.
    """

    kind = "settings"

    def __init__(
        self,
        switches: Mapping[str, Sequence[Any] | Span],
        start: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        if not switches:
            raise ValueError("settings need at least one switch")
        self.switches = {name: may if isinstance(may, Span) else tuple(may) for name, may in switches.items()}
        if short := [
            name for name, may in self.switches.items() if not isinstance(may, Span) and len(may) < 2
        ]:
            raise ValueError(f"the switch {short[0]!r} has fewer than two values, so there is nothing to set")
        self.labels = {name: (labels or {}).get(name, name) for name in self.switches}
        self.start: dict[str, Any] = {}
        self.start = {name: self._value(name, value) for name, value in (start or {}).items()}

    def clean(self, value: Any) -> dict[str, Any]:
        """Give a value for every switch, in order; TypeError or ValueError where one is unknown, missing or out of range."""
        if not isinstance(value, Mapping):
            raise TypeError(f"{as_code(value)} is not a dict; answer with one such as {self.example()}")
        given = {name: self._value(name, setting) for name, setting in value.items()}
        if missing := [name for name in self.switches if name not in given and name not in self.start]:
            raise ValueError(
                f"no value for {', '.join(missing)}; answer with a dict such as {self.example()}"
            )
        return {name: given.get(name, self.start.get(name)) for name in self.switches}

    def words(self, value: Mapping[str, Any]) -> str:
        """Give the settings as they are written in code."""
        return as_code(dict(value), 500)

    def lines(self) -> list[str]:
        """Give each switch with the values it may have, one a line."""
        return items(f"{name}: {self._may(name)}" for name in self.switches)

    def html(self) -> str:
        """Give each switch with the values it may have, as a list."""
        rows = (f"<li><code>{escape(name)}</code>: {inline(self._may(name))}</li>" for name in self.switches)
        return f"<ul>{''.join(rows)}</ul>"

    def example(self) -> str:
        """Give one possible answer as it is written in code: the start, or the first value of each switch."""
        first = {name: may.low if isinstance(may, Span) else may[0] for name, may in self.switches.items()}
        return self.words(first | self.start)

    def _may(self, name: str) -> str:
        may = self.switches[name]
        values = may.describe() if isinstance(may, Span) else " or ".join(repr(value) for value in may)
        return values + (f" (now {self.start[name]!r})" if name in self.start else "")

    def _value(self, name: Any, value: Any) -> Any:
        if name not in list(self.switches):
            raise ValueError(f"there is no switch {name!r}; the switches are {', '.join(self.switches)}")
        may = self.switches[name]
        if isinstance(may, Span):
            number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            if not number or not may.low <= value <= may.high:
                raise ValueError(f"{name} is {as_code(value)}; it must be {may.describe()}")
            return value
        for known in may:  # True == 1, but they are not the same answer
            if type(known) is type(value) and known == value:
                return known
        raise ValueError(
            f"{name} is {as_code(value)}; it must be {' or '.join(repr(known) for known in may)}"
        )

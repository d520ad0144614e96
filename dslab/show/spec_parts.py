"""What all pictures are made of: axes, marks, moods, and the checks that refuse what cannot be drawn, in a sentence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from dslab.show.words import listing, number, quantity

MOODS = {"good": "✓", "bad": "✗", "warn": "!", "neutral": "–"}
STATES = {
    "held": "good",
    "yes": "good",
    "stops": "good",
    "broken": "bad",
    "violated": "bad",
    "no": "bad",
    "sampled": "warn",
    "undecided": "warn",
    "not applicable": "neutral",
}
Twin = tuple[list[str], list[list[Any]]]


def text(value: Any, what: str, empty: bool = True) -> None:
    """Raise TypeError or ValueError where a value is no text, or is blank and must not be."""
    if not isinstance(value, str):
        raise TypeError(f"{what} must be text, not {type(value).__name__}")
    if not empty and not value.strip():
        raise ValueError(f"{what} is empty; give it a word or two")


def known(value: str, words: Iterable[str], what: str) -> None:
    """Raise ValueError, naming the words there are, where a value is none of them."""
    words = list(words)
    if value not in words:
        raise ValueError(f"{what} {value!r} is not known; use one of {', '.join(words)}")


def is_gap(value: Any) -> bool:
    """Whether None or not-a-number stands where a number could."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def numbers(values: Iterable[Any], what: str, gaps: bool = False) -> tuple[float | None, ...]:
    """Check numbers; with ``gaps``, None and not-a-number stand for "no value here" and become None."""
    values = tuple(values)
    if all(type(value) in (int, float) and math.isfinite(value) for value in values):
        return values
    for place, value in enumerate(values):
        number_like = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number_like and not (gaps and is_gap(value)):
            raise ValueError(f"{what} has {value!r} at place {place}; it needs finite numbers")
    return tuple(None if is_gap(value) else value for value in values)


def several(items: Any, kind: type, what: str, least: int = 0) -> tuple[Any, ...]:
    """Give a list as a tuple; raise where it is none, holds something of another kind, or has too few."""
    if isinstance(items, str) or not isinstance(items, Iterable):
        raise TypeError(f"{what} must be a list of {kind.__name__}, not {type(items).__name__}")
    items = tuple(items)
    for item in items:
        if not isinstance(item, kind):
            raise TypeError(f"{what} must hold {kind.__name__} only, not {type(item).__name__}")
    if len(items) < least:
        raise ValueError(f"{what} is empty; a picture needs at least {least}")
    return items


def distinct(names: Sequence[str], what: str) -> None:
    """Raise ValueError where a name stands there twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]!r} stands there twice; every {what} needs a name of its own")


@dataclass(frozen=True)
class Axis:
    """What is measured along one side: ``label``, ``unit`` ("" for a plain number), linear or ``log`` scale.

    ``limits`` (low, high) are fixed, so that a picture does not jump while a slider moves; None fits them to the data.
    Raises ValueError where the limits are not low < high, or are not above zero on a logarithmic axis.
    """

    label: str
    unit: str
    log: bool = False
    limits: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        text(self.label, "an axis label", empty=False)
        text(self.unit, f"the unit of axis {self.label!r}")
        if self.limits is None:
            return
        limits = numbers(self.limits, f"the limits of axis {self.label!r}")
        if len(limits) != 2 or not limits[0] < limits[1]:
            raise ValueError(
                f"the limits of axis {self.label!r} are {self.limits!r}; they must be (low, high) with low < high"
            )
        if self.log and limits[0] <= 0:
            raise ValueError(
                f"axis {self.label!r} is logarithmic and begins at {limits[0]}; it must begin above 0"
            )
        object.__setattr__(self, "limits", limits)

    @property
    def title(self) -> str:
        """The label with its unit in brackets: "time to live (s)"."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True)
class Mark:
    """A line across the picture where ``axis`` ("x" or "y") has the value ``at``, with a short ``label``."""

    at: float
    label: str
    axis: str = "x"

    def __post_init__(self) -> None:
        numbers([self.at], f"the mark {self.label!r}")
        text(self.label, "the label of a mark", empty=False)
        known(self.axis, ("x", "y"), "the axis of a mark")


@dataclass(frozen=True)
class Band:
    """A shaded stretch of the x axis from ``start`` to ``end``, with a short ``label``: an outage, a warm-up."""

    start: float
    end: float
    label: str

    def __post_init__(self) -> None:
        numbers([self.start, self.end], f"the band {self.label!r}")
        text(self.label, "the label of a band", empty=False)
        if not self.start < self.end:
            raise ValueError(
                f"the band {self.label!r} goes from {self.start} to {self.end}; it must end after it starts"
            )


class Spec:
    """What all pictures share: a title, sentences (`describe`) and a table twin (`rows`)."""

    title: str
    word: ClassVar[str] = "Picture"

    def describe(self) -> str:
        """Tell the picture in sentences, for a caption, an alt text or a screen reader."""
        raise NotImplementedError

    def rows(self) -> Twin:
        """Give the picture as a table: (column titles, rows), numbers as numbers."""
        raise NotImplementedError

    def _opening(self, rest: str) -> str:
        return f"{self.word}{f' “{self.title}”' if self.title else ''}: {rest}"


def marked(marks: Iterable[Mark], bands: Iterable[Band], x: Axis, y: Axis) -> str:
    """Tell marks and bands in one sentence, with a space before it; nothing where there are none."""
    told = [f"{mark.label} at {quantity(mark.at, (x if mark.axis == 'x' else y).unit)}" for mark in marks]
    told += [f"{band.label} from {number(band.start)} to {quantity(band.end, x.unit)}" for band in bands]
    return f" Marked: {listing(told)}." if told else ""

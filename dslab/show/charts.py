"""Pictures with axes, and matrices: lines, bars, histograms, heatmaps."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from dslab.show.spec_parts import (
    MOODS,
    STATES,
    Axis,
    Band,
    Mark,
    Spec,
    Twin,
    distinct,
    is_gap,
    known,
    marked,
    numbers,
    several,
    text,
)
from dslab.show.words import listing, number, plural, quantity, sentence
from dslab.sim.result import Series


@dataclass(frozen=True)
class Lines(Spec):
    """Curves of ``series`` (dslab.sim.result.Series) over one x and one y axis.

    Where a series comes from decides how it is drawn: simulated solid (with points where they are few), theory dashed,
    claimed dotted, measured as single points. The first simulated and the first theory series share a colour, and so on, so
    that a closed form lies on its simulation. ``steps`` draws a value that holds until the next one.
    None or not-a-number is a gap, and so is a value at or below zero on a logarithmic axis (`describe` counts them).
    """

    x: Axis
    y: Axis
    series: tuple[Series, ...]
    title: str = ""
    marks: tuple[Mark, ...] = ()
    bands: tuple[Band, ...] = ()
    steps: bool = False
    height: int = 320
    word: ClassVar[str] = "Line chart"

    def __post_init__(self) -> None:
        object.__setattr__(self, "series", several(self.series, Series, "series", least=1))
        object.__setattr__(self, "marks", several(self.marks, Mark, "marks"))
        object.__setattr__(self, "bands", several(self.bands, Band, "bands"))
        distinct([series.label for series in self.series], "series")
        for series in self.series:
            numbers(series.x, f"the x of series {series.label!r}")
            numbers(series.y, f"the y of series {series.label!r}", gaps=True)

    @cached_property
    def curves(self) -> tuple[list[tuple[float, float | None]], ...]:
        """The points of each series as they can be drawn: where a logarithmic axis cannot show a value, y is None."""
        curves = []
        for series in self.series:
            points = zip(series.x, numbers(series.y, series.label, gaps=True), strict=True)
            shown = ((x, y) for x, y in points if x > 0 or not self.x.log)
            curves.append([(x, None if self.y.log and y is not None and y <= 0 else y) for x, y in shown])
        return tuple(curves)

    def describe(self) -> str:
        """Tell axes, and for every series where it begins, ends and is largest."""
        scale = " (logarithmic)" if self.y.log else ""
        told = [
            self._opening(
                f"{self.y.title}{scale} against {self.x.title}{' (logarithmic)' if self.x.log else ''}."
            )
        ]
        told += [self._tell(series, curve) for series, curve in zip(self.series, self.curves, strict=True)]
        given = sum(not is_gap(y) for series in self.series for y in series.y)
        hidden = given - sum(y is not None for curve in self.curves for _, y in curve)
        if hidden:
            told.append(
                f"{sentence(plural(hidden, 'point'))[:-1]} at or below zero cannot be shown on a logarithmic axis."
            )
        return " ".join(told) + marked(self.marks, self.bands, self.x, self.y)

    def _tell(self, series: Series, curve: list[tuple[float, float | None]]) -> str:
        seen = [(x, y) for x, y in curve if y is not None]
        name = f"{series.label} ({series.kind})"
        if not seen:
            return sentence(f"{name} has no points")
        (first_x, first), (last_x, last) = seen[0], seen[-1]
        if len(seen) == 1:
            return sentence(f"{name} is {quantity(first, self.y.unit)} at {quantity(first_x, self.x.unit)}")
        low, high = min(y for _, y in seen), max(y for _, y in seen)
        if low == high:
            return sentence(
                f"{name} is {quantity(low, self.y.unit)} from {number(first_x)} to {quantity(last_x, self.x.unit)}"
            )
        between = f"from {number(first)} to {quantity(last, self.y.unit)}"
        beyond = [
            f"{word} {number(peak)}"
            for word, peak in (("lowest", low), ("highest", high))
            if peak not in (first, last)
        ]
        extra = f" ({', '.join(beyond)})" if beyond else ""
        return sentence(
            f"{name} goes {between}{extra} between {number(first_x)} and {quantity(last_x, self.x.unit)}"
        )

    def rows(self) -> Twin:
        """One row for each x and one column for each series, or one row for each point where the x differ."""
        first = self.series[0]
        if all(series.x == first.x for series in self.series):
            columns = [
                self.x.title,
                *(f"{s.label}, {s.kind} ({self.y.unit})" if self.y.unit else s.label for s in self.series),
            ]
            return columns, [list(row) for row in zip(first.x, *(s.y for s in self.series), strict=True)]
        points = [[s.label, x, y] for s in self.series for x, y in zip(s.x, s.y, strict=True)]
        return ["series", self.x.title, self.y.title], points


@dataclass(frozen=True)
class Group:
    """One set of bars: a ``label`` and a value for each category (None where there is none)."""

    label: str
    values: tuple[float | None, ...]

    def __post_init__(self) -> None:
        text(self.label, "the label of a group", empty=False)
        object.__setattr__(self, "values", numbers(self.values, f"group {self.label!r}", gaps=True))


@dataclass(frozen=True)
class Bars(Spec):
    """Bars for ``categories`` in one or more ``groups``, side by side ("grouped") or on top of each other ("stacked").

    ``value`` is the axis along the bars, ``label`` names what the categories are. A logarithmic value axis cannot be stacked.
    """

    categories: tuple[str, ...]
    groups: tuple[Group, ...]
    value: Axis
    label: str
    title: str = ""
    mode: str = "grouped"
    horizontal: bool = False
    marks: tuple[Mark, ...] = ()
    height: int = 300
    word: ClassVar[str] = "Bar chart"

    def __post_init__(self) -> None:
        object.__setattr__(self, "categories", several(self.categories, str, "categories", least=1))
        object.__setattr__(self, "groups", several(self.groups, Group, "groups", least=1))
        object.__setattr__(self, "marks", several(self.marks, Mark, "marks"))
        distinct(self.categories, "category")
        distinct([group.label for group in self.groups], "group")
        known(self.mode, ("grouped", "stacked"), "the mode of bars")
        if self.mode == "stacked" and self.value.log:
            raise ValueError(
                "bars on a logarithmic axis cannot be stacked: their lengths do not add up; group them instead"
            )
        for group in self.groups:
            if len(group.values) != len(self.categories):
                raise ValueError(
                    f"group {group.label!r} has {len(group.values)} values for {len(self.categories)} categories; it needs one each"
                )
            if self.mode == "stacked" and any(value is not None and value < 0 for value in group.values):
                raise ValueError(
                    f"group {group.label!r} has a value below zero; stacked bars need values of 0 or more"
                )
        for mark in self.marks:
            if mark.axis != self.value_side:
                raise ValueError(
                    f"the mark {mark.label!r} is on axis {mark.axis!r}; the values of these bars run along {self.value_side!r}"
                )

    @property
    def value_side(self) -> str:
        """The side along which the values run: "x" for horizontal bars, else "y"."""
        return "x" if self.horizontal else "y"

    def describe(self) -> str:
        """Tell what is compared, and every value where they are few, else the smallest and the largest of each group."""
        told = [
            self._opening(
                f"{self.value.title} for {plural(len(self.categories), 'category')} ({self.label})."
            )
        ]
        for group in self.groups:
            name = f"{group.label}: " if len(self.groups) > 1 else ""
            pairs = [(c, v) for c, v in zip(self.categories, group.values, strict=True) if v is not None]
            if len(self.categories) * len(self.groups) <= 12:
                told.append(sentence(name + listing(f"{c} {quantity(v, self.value.unit)}" for c, v in pairs)))
            elif pairs:
                low, high = min(pairs, key=lambda pair: pair[1]), max(pairs, key=lambda pair: pair[1])
                least, most = (
                    f"least {low[0]} {number(low[1])}",
                    f"most {high[0]} {quantity(high[1], self.value.unit)}",
                )
                told.append(sentence(f"{name}{least}, {most}"))
        return " ".join(told) + marked(self.marks, (), self.value, self.value)

    def rows(self) -> Twin:
        """One row for each category, one column for each group."""
        unit = f" ({self.value.unit})" if self.value.unit else ""
        columns = [self.label, *(f"{group.label}{unit}" for group in self.groups)]
        return columns, [
            list(row) for row in zip(self.categories, *(group.values for group in self.groups), strict=True)
        ]


@dataclass(frozen=True)
class Sample:
    """Numbers to be counted into bins, with a ``label``."""

    label: str
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        text(self.label, "the label of a sample", empty=False)
        object.__setattr__(self, "values", numbers(self.values, f"sample {self.label!r}"))


def percentile(values: Sequence[float], share: float) -> float:
    """Give the smallest value that at least ``share`` (0..1) of the values do not exceed; raises ValueError if there are none."""
    if not values:
        raise ValueError("a percentile needs at least one value")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True)
class Histogram(Spec):
    """How often values fall into each of ``bins`` equal parts of the x axis, in per cent of each sample.

    On a logarithmic axis the bins are equal factors. Values outside fixed limits are counted in the outermost bins, and
    `describe` says how many they are.
    """

    x: Axis
    samples: tuple[Sample, ...]
    bins: int = 30
    title: str = ""
    marks: tuple[Mark, ...] = ()
    highest: float | None = None
    height: int = 280
    word: ClassVar[str] = "Histogram"

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", several(self.samples, Sample, "samples", least=1))
        object.__setattr__(self, "marks", several(self.marks, Mark, "marks"))
        distinct([sample.label for sample in self.samples], "sample")
        if not isinstance(self.bins, int) or not 1 <= self.bins <= 200:
            raise ValueError(f"a histogram with {self.bins!r} bins cannot be drawn; use 1 to 200")
        if self.highest is not None and not 0 < self.highest <= 100:
            raise ValueError(f"the y axis ends at {self.highest!r} %; it must end above 0 and at 100 at most")
        low = min((value for sample in self.samples for value in sample.values), default=1)
        if self.x.log and self.x.limits is None and low <= 0:
            raise ValueError(
                f"the smallest value is {number(low)}; a logarithmic axis needs limits or values above zero"
            )

    def edges(self) -> list[float]:
        """Give the bins + 1 borders of the bins."""
        values = [value for sample in self.samples for value in sample.values]
        low, high = self.x.limits or (min(values, default=0.0), max(values, default=1.0))
        if low == high:
            low, high = (low / 2, high * 2) if self.x.log else (low - 0.5, high + 0.5)
        steps = [place / self.bins for place in range(self.bins + 1)]
        if self.x.log:
            return [low * (high / low) ** step for step in steps]
        return [low + (high - low) * step for step in steps]

    def shares(self, sample: Sample) -> list[float]:
        """Give the share of the sample in each bin, in per cent (all 0 for an empty sample)."""
        edges, counts = self.edges(), [0] * self.bins
        low, high = edges[0], edges[-1]
        for value in sample.values:
            if self.x.log:
                place = math.log(max(value, low) / low) / math.log(high / low)
            else:
                place = (value - low) / (high - low)
            counts[min(self.bins - 1, max(0, int(place * self.bins)))] += 1
        return [100 * count / max(1, len(sample.values)) for count in counts]

    def describe(self) -> str:
        """Tell the axis and, for each sample, its size, median, 99th percentile and largest value."""
        told = [self._opening(f"share of the values by {self.x.title}.")]
        low, high = (self.edges()[0], self.edges()[-1])
        for sample in self.samples:
            if not sample.values:
                told.append(sentence(f"{sample.label} has no values"))
                continue
            size = plural(len(sample.values), "value")
            half, most = percentile(sample.values, 0.5), percentile(sample.values, 0.99)
            told.append(
                sentence(f"{sample.label}: {size}, median {number(half)}, 99 % up to {quantity(most, self.x.unit)}, "
                         f"largest {quantity(max(sample.values), self.x.unit)}")
            )  # fmt: skip
            outside = sum(not low <= value <= high for value in sample.values)
            if outside:
                told.append(
                    f"{sentence(plural(outside, 'value'))[:-1]} beyond the axis are counted at its ends."
                )
        return " ".join(told) + marked(self.marks, (), self.x, self.x)

    def rows(self) -> Twin:
        """One row for each bin: from, to, and the share of each sample in per cent."""
        edges = self.edges()
        columns = [
            f"from ({self.x.unit})" if self.x.unit else "from",
            f"to ({self.x.unit})" if self.x.unit else "to",
        ]
        shares = [self.shares(sample) for sample in self.samples]
        rows = [[edges[i], edges[i + 1], *(share[i] for share in shares)] for i in range(self.bins)]
        return [*columns, *(f"{sample.label} (%)" for sample in self.samples)], rows


@dataclass(frozen=True)
class Heatmap(Spec):
    """A matrix: numbers with a ``unit``, or words that name a state (held, broken, not applicable ...).

    ``cells[i][j]`` belongs to ``row_names[i]`` and ``column_names[j]``; either all are numbers (None for no value) or all are words.
    Words are shown with a sign and a colour by their mood; ``states`` adds words or changes the mood of known ones
    (`STATES` has the known ones). ``limits`` fixes the colour scale of numbers.
    """

    row_names: tuple[str, ...]
    column_names: tuple[str, ...]
    cells: tuple[tuple[Any, ...], ...]
    row_label: str
    column_label: str
    unit: str = ""
    title: str = ""
    states: dict[str, str] = field(default_factory=dict)
    limits: tuple[float, float] | None = None
    height: int | None = None
    word: ClassVar[str] = "Matrix"

    def __post_init__(self) -> None:
        object.__setattr__(self, "row_names", several(self.row_names, str, "row_names", least=1))
        object.__setattr__(self, "column_names", several(self.column_names, str, "column_names", least=1))
        object.__setattr__(self, "cells", tuple(tuple(row) for row in self.cells))
        distinct(self.row_names, "row")
        distinct(self.column_names, "column")
        if len(self.cells) != len(self.row_names):
            raise ValueError(
                f"the matrix has {len(self.cells)} rows of cells and {len(self.row_names)} row names; it needs one each"
            )
        for name, row in zip(self.row_names, self.cells, strict=True):
            if len(row) != len(self.column_names):
                raise ValueError(
                    f"row {name!r} has {len(row)} cells for {len(self.column_names)} columns; it needs one each"
                )
        for word, mood in self.states.items():
            known(mood, MOODS, f"the mood of state {word!r}:")
        if self.worded:
            for cell in (cell for row in self.cells for cell in row):
                known(cell, [*STATES, *self.states], "the state")
        else:
            for name, row in zip(self.row_names, self.cells, strict=True):
                numbers(row, f"row {name!r}", gaps=True)
        if self.limits is not None and not (len(self.limits) == 2 and self.limits[0] < self.limits[1]):
            raise ValueError(
                f"the limits of the colours are {self.limits!r}; they must be (low, high) with low < high"
            )

    @property
    def worded(self) -> bool:
        """Whether the cells are words rather than numbers."""
        return any(isinstance(cell, str) for row in self.cells for cell in row)

    def mood(self, word: str) -> str:
        """Give the mood of a state word: good, bad, warn or neutral."""
        return (STATES | self.states)[word]

    def told(self, word: str) -> str:
        """Give what stands in the cell of a state word: its mood's sign before it, once."""
        sign = MOODS[self.mood(word)]
        return word if word == sign else f"{sign} {word}"

    def describe(self) -> str:
        """Tell the size and how many cells have each state, or the range of the numbers and where its ends are."""
        size = f"{plural(len(self.row_names), 'row')} ({self.row_label}) by {plural(len(self.column_names), 'column')} ({self.column_label})"
        if self.worded:
            counts = Counter(cell for row in self.cells for cell in row)
            return self._opening(f"{size}; {listing(f'{count} {word}' for word, count in counts.items())}.")
        places = [
            (cell, row, column)
            for row, line in zip(self.row_names, self.cells, strict=True)
            for column, cell in zip(self.column_names, line, strict=True)
            if cell is not None
        ]
        if not places:
            return self._opening(f"{size}; no values.")
        low, high = min(places, key=lambda place: place[0]), max(places, key=lambda place: place[0])
        told = [
            f"{word} {quantity(v, self.unit)} ({r}, {c})"
            for word, (v, r, c) in (("lowest", low), ("highest", high))
        ]
        return self._opening(f"{size}; {', '.join(told)}.")

    def rows(self) -> Twin:
        """The matrix itself, the row names in the first column."""
        corner = f"{self.row_label} \\ {self.column_label}" + (f" ({self.unit})" if self.unit else "")
        return [corner, *self.column_names], [
            [n, *line] for n, line in zip(self.row_names, self.cells, strict=True)
        ]

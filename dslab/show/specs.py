"""Pictures as plain data: what is to be seen, with no word about how it is drawn.

| word    | meaning                                                                                        |
|---------|------------------------------------------------------------------------------------------------|
| axis    | a label, a unit, linear or logarithmic, and the limits that hold it still while a slider moves |
| series  | one curve and where it comes from: simulated, theory, claimed or measured                      |
| mark    | a line across the picture at a value worth a name; a band is one from a value to a value       |
| mood    | good, bad, warn or neutral: how a state is coloured and which sign stands before its word      |
| twin    | the same picture as a table: `rows()` gives its columns and rows                               |

Every spec tells itself in sentences (`describe()`: the caption, the alt text and the aria-label come from it) and has
a table twin. A live renderer (`dslab.show.figures`) and a poster renderer (`dslab.show.poster`) draw the same spec.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from dslab.show.words import listing, number, plural, quantity, sentence
from dslab.sim.result import SERIES_KINDS, Series
from dslab.sim.trace import Trace

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
SHAPES = ("circle", "square", "diamond", "triangle", "hexagon", "star")
LAYOUTS = ("spring", "circular", "layered")
Twin = tuple[list[str], list[list[Any]]]


def _text(value: Any, what: str, empty: bool = True) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{what} must be text, not {type(value).__name__}")
    if not empty and not value.strip():
        raise ValueError(f"{what} is empty; give it a word or two")


def _known(value: str, words: Iterable[str], what: str) -> None:
    words = list(words)
    if value not in words:
        raise ValueError(f"{what} {value!r} is not known; use one of {', '.join(words)}")


def _gap(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _numbers(values: Iterable[Any], what: str, gaps: bool = False) -> tuple[float | None, ...]:
    """Check numbers; with ``gaps``, None and not-a-number stand for "no value here" and become None."""
    values = tuple(values)
    if all(type(value) in (int, float) and math.isfinite(value) for value in values):
        return values
    for place, value in enumerate(values):
        number_like = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number_like and not (gaps and _gap(value)):
            raise ValueError(f"{what} has {value!r} at place {place}; it needs finite numbers")
    return tuple(None if _gap(value) else value for value in values)


def _several(items: Any, kind: type, what: str, least: int = 0) -> tuple[Any, ...]:
    if isinstance(items, str) or not isinstance(items, Iterable):
        raise TypeError(f"{what} must be a list of {kind.__name__}, not {type(items).__name__}")
    items = tuple(items)
    for item in items:
        if not isinstance(item, kind):
            raise TypeError(f"{what} must hold {kind.__name__} only, not {type(item).__name__}")
    if len(items) < least:
        raise ValueError(f"{what} is empty; a picture needs at least {least}")
    return items


def _distinct(names: Sequence[str], what: str) -> None:
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
        _text(self.label, "an axis label", empty=False)
        _text(self.unit, f"the unit of axis {self.label!r}")
        if self.limits is None:
            return
        limits = _numbers(self.limits, f"the limits of axis {self.label!r}")
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
        _numbers([self.at], f"the mark {self.label!r}")
        _text(self.label, "the label of a mark", empty=False)
        _known(self.axis, ("x", "y"), "the axis of a mark")


@dataclass(frozen=True)
class Band:
    """A shaded stretch of the x axis from ``start`` to ``end``, with a short ``label``: an outage, a warm-up."""

    start: float
    end: float
    label: str

    def __post_init__(self) -> None:
        _numbers([self.start, self.end], f"the band {self.label!r}")
        _text(self.label, "the label of a band", empty=False)
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


def _in_order(marks: Iterable[Mark], bands: Iterable[Band], x: Axis, y: Axis) -> str:
    told = [f"{mark.label} at {quantity(mark.at, (x if mark.axis == 'x' else y).unit)}" for mark in marks]
    told += [f"{band.label} from {number(band.start)} to {quantity(band.end, x.unit)}" for band in bands]
    return f" Marked: {listing(told)}." if told else ""


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
        object.__setattr__(self, "series", _several(self.series, Series, "series", least=1))
        object.__setattr__(self, "marks", _several(self.marks, Mark, "marks"))
        object.__setattr__(self, "bands", _several(self.bands, Band, "bands"))
        _distinct([series.label for series in self.series], "series")
        for series in self.series:
            _numbers(series.x, f"the x of series {series.label!r}")
            _numbers(series.y, f"the y of series {series.label!r}", gaps=True)

    @cached_property
    def curves(self) -> tuple[list[tuple[float, float | None]], ...]:
        """The points of each series as they can be drawn: where a logarithmic axis cannot show a value, y is None."""
        curves = []
        for series in self.series:
            points = zip(series.x, _numbers(series.y, series.label, gaps=True), strict=True)
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
        given = sum(not _gap(y) for series in self.series for y in series.y)
        hidden = given - sum(y is not None for curve in self.curves for _, y in curve)
        if hidden:
            told.append(
                f"{sentence(plural(hidden, 'point'))[:-1]} at or below zero cannot be shown on a logarithmic axis."
            )
        return " ".join(told) + _in_order(self.marks, self.bands, self.x, self.y)

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
        _text(self.label, "the label of a group", empty=False)
        object.__setattr__(self, "values", _numbers(self.values, f"group {self.label!r}", gaps=True))


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
        object.__setattr__(self, "categories", _several(self.categories, str, "categories", least=1))
        object.__setattr__(self, "groups", _several(self.groups, Group, "groups", least=1))
        object.__setattr__(self, "marks", _several(self.marks, Mark, "marks"))
        _distinct(self.categories, "category")
        _distinct([group.label for group in self.groups], "group")
        _known(self.mode, ("grouped", "stacked"), "the mode of bars")
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
        return " ".join(told) + _in_order(self.marks, (), self.value, self.value)

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
        _text(self.label, "the label of a sample", empty=False)
        object.__setattr__(self, "values", _numbers(self.values, f"sample {self.label!r}"))


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
        object.__setattr__(self, "samples", _several(self.samples, Sample, "samples", least=1))
        object.__setattr__(self, "marks", _several(self.marks, Mark, "marks"))
        _distinct([sample.label for sample in self.samples], "sample")
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
        return " ".join(told) + _in_order(self.marks, (), self.x, self.x)

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
        object.__setattr__(self, "row_names", _several(self.row_names, str, "row_names", least=1))
        object.__setattr__(self, "column_names", _several(self.column_names, str, "column_names", least=1))
        object.__setattr__(self, "cells", tuple(tuple(row) for row in self.cells))
        _distinct(self.row_names, "row")
        _distinct(self.column_names, "column")
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
            _known(mood, MOODS, f"the mood of state {word!r}:")
        if self.worded:
            for cell in (cell for row in self.cells for cell in row):
                _known(cell, [*STATES, *self.states], "the state")
        else:
            for name, row in zip(self.row_names, self.cells, strict=True):
                _numbers(row, f"row {name!r}", gaps=True)
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


@dataclass(frozen=True)
class Node:
    """One thing in a network: ``id``, ``label``, ``kind`` (its shape), ``state`` (a word) and ``mood`` (its colour).

    ``at`` (x, y), each 0 to 1 from the left and from the bottom, places it; None leaves that to the layout.
    ``layer`` is its column in a layered layout.
    """

    id: str
    label: str = ""
    kind: str = ""
    state: str = ""
    mood: str = "neutral"
    at: tuple[float, float] | None = None
    layer: int = 0

    def __post_init__(self) -> None:
        _text(self.id, "the id of a node", empty=False)
        _known(self.mood, MOODS, f"the mood of node {self.id!r}:")
        if self.at is not None:
            at = _numbers(self.at, f"the place of node {self.id!r}")
            if len(at) != 2 or not all(0 <= value <= 1 for value in at):
                raise ValueError(f"node {self.id!r} is placed at {self.at!r}; x and y must be 0 to 1")
            object.__setattr__(self, "at", at)

    @property
    def name(self) -> str:
        """The label, or the id where there is none."""
        return self.label or self.id


@dataclass(frozen=True)
class Edge:
    """A connection from ``source`` to ``target`` (node ids) with a ``label``; ``mood`` "bad" is drawn broken."""

    source: str
    target: str
    label: str = ""
    mood: str = "neutral"
    directed: bool = True

    def __post_init__(self) -> None:
        _known(self.mood, MOODS, f"the mood of edge {self.source} to {self.target}:")
        if self.source == self.target:
            raise ValueError(f"the edge from {self.source!r} leads back to itself; that cannot be drawn")


@dataclass(frozen=True)
class Network(Spec):
    """Nodes and edges: services and calls, replicas and links.

    Positions are given (every node has ``at``) or laid out: "spring" (seeded), "circular", or "layered" by ``Node.layer``.
    Kinds get shapes in the order in which they first appear; the picture says which is which.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    title: str = ""
    layout: str = "spring"
    seed: int = 0
    height: int = 360
    word: ClassVar[str] = "Network"

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", _several(self.nodes, Node, "nodes", least=1))
        object.__setattr__(self, "edges", _several(self.edges, Edge, "edges"))
        _distinct([node.id for node in self.nodes], "node")
        _known(self.layout, LAYOUTS, "the layout")
        ids = [node.id for node in self.nodes]
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if end not in ids:
                    raise ValueError(
                        f"the edge {edge.source} to {edge.target} needs node {end!r}; the nodes are {', '.join(ids)}"
                    )
        placed = [node.id for node in self.nodes if node.at]
        if placed and len(placed) < len(ids):
            raise ValueError(f"{len(placed)} of {len(ids)} nodes have a place; give every node one, or none")
        kinds = {node.kind for node in self.nodes}
        if len(kinds) > len(SHAPES):
            raise ValueError(
                f"the network has {len(kinds)} kinds of nodes; there are shapes for {len(SHAPES)}"
            )

    def kinds(self) -> dict[str, str]:
        """Give the shape of each kind of node, in the order in which the kinds first appear."""
        return dict(zip(dict.fromkeys(node.kind for node in self.nodes), SHAPES, strict=False))

    def positions(self) -> dict[str, tuple[float, float]]:
        """Give the place of each node, x and y from 0 to 1; the same spec gives the same places."""
        if self.nodes[0].at:
            return {node.id: node.at for node in self.nodes if node.at}
        if self.layout == "layered":
            return self._layered()
        if self.layout == "circular" or len(self.nodes) < 3:
            turns = [2 * math.pi * place / len(self.nodes) for place in range(len(self.nodes))]
            places = {
                node.id: (-math.cos(turn), math.sin(turn))
                for node, turn in zip(self.nodes, turns, strict=True)
            }
        else:
            places = self._spring()
        return _unit_square(places)

    def _layered(self) -> dict[str, tuple[float, float]]:
        """Layers from left to right, the nodes of a layer from the top in their order."""
        layers = sorted({node.layer for node in self.nodes})
        places = {}
        for column, layer in enumerate(layers):
            members = [node.id for node in self.nodes if node.layer == layer]
            for place, member in enumerate(members):
                x = 0.5 if len(layers) == 1 else column / (len(layers) - 1)
                y = 0.5 if len(members) == 1 else 1 - place / (len(members) - 1)
                places[member] = (round(x, 4), round(y, 4))
        return places

    def _spring(self) -> dict[str, tuple[float, float]]:
        import networkx

        graph = networkx.Graph()
        graph.add_nodes_from(node.id for node in self.nodes)
        graph.add_edges_from((edge.source, edge.target) for edge in self.edges)
        places = networkx.spring_layout(graph, seed=self.seed)
        return {node: (float(x), float(y)) for node, (x, y) in places.items()}

    def describe(self) -> str:
        """Tell how many nodes and edges there are, and every node that has a state."""
        told = [self._opening(f"{plural(len(self.nodes), 'node')} and {plural(len(self.edges), 'edge')}.")]
        names = {node.id: node.name for node in self.nodes}
        states = [f"{node.name}: {node.state}" for node in self.nodes if node.state]
        if len(states) > 8:
            counts = Counter(node.state for node in self.nodes if node.state)
            states = [f"{count} nodes: {state}" for state, count in counts.items()]
        broken = [
            f"{names[edge.source]} to {names[edge.target]}" for edge in self.edges if edge.mood == "bad"
        ]
        told += [sentence(listing(states))] if states else []
        told += [f"Broken: {listing(broken)}."] if broken else []
        return " ".join(told)

    def rows(self) -> Twin:
        """One row for each node: its name, kind, state and where its edges lead."""
        names = {node.id: node.name for node in self.nodes}
        rows = []
        for node in self.nodes:
            leads = [
                names[e.target] + (f" ({e.label})" if e.label else "")
                for e in self.edges
                if e.source == node.id
            ]
            rows.append([node.name, node.kind, node.state, ", ".join(leads)])
        return ["node", "kind", "state", "leads to"], rows


def _unit_square(places: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    sides = []
    for axis in (0, 1):
        values = [place[axis] for place in places.values()]
        sides.append((min(values), max(values) - min(values)))
    scaled = {}
    for node, place in places.items():
        x, y = (0.5 if size < 1e-9 else (place[axis] - low) / size for axis, (low, size) in enumerate(sides))
        scaled[node] = (round(x, 4), round(y, 4))
    return scaled


@dataclass(frozen=True)
class Meter:
    """A labelled gauge: ``value`` from 0 to ``high`` in ``unit``, with a ``state`` word and its ``mood``.

    ``mark`` is a value on the scale worth a line (a limit), with its ``mark_label``.
    """

    label: str
    value: float
    high: float
    unit: str
    state: str = ""
    mood: str = "neutral"
    mark: float | None = None
    mark_label: str = ""

    def __post_init__(self) -> None:
        _text(self.label, "the label of a meter", empty=False)
        _text(self.unit, f"the unit of meter {self.label!r}")
        _numbers([self.value, self.high], f"meter {self.label!r}")
        _known(self.mood, MOODS, f"the mood of meter {self.label!r}:")
        if self.high <= 0:
            raise ValueError(f"meter {self.label!r} ends at {self.high}; it must end above 0")
        if self.value < 0:
            raise ValueError(f"meter {self.label!r} shows {self.value}; it begins at 0")
        if self.mark is not None and not 0 <= self.mark <= self.high:
            raise ValueError(f"meter {self.label!r} has a mark at {self.mark}; it must be 0 to {self.high}")

    @property
    def share(self) -> float:
        """How full the gauge is, 0 to 1; a value beyond the end fills it."""
        return min(1.0, self.value / self.high)


@dataclass(frozen=True)
class Meters(Spec):
    """Labelled gauges, one under the other."""

    meters: tuple[Meter, ...]
    title: str = ""
    word: ClassVar[str] = "Meters"

    def __post_init__(self) -> None:
        object.__setattr__(self, "meters", _several(self.meters, Meter, "meters", least=1))
        _distinct([meter.label for meter in self.meters], "meter")

    def describe(self) -> str:
        """Tell each meter's value, the end of its scale and its state."""
        told = []
        for meter in self.meters:
            state = f", {meter.state}" if meter.state else ""
            beyond = ", beyond the end of the scale" if meter.value > meter.high else ""
            told.append(
                sentence(
                    f"{meter.label} {quantity(meter.value, meter.unit)} of {quantity(meter.high, meter.unit)}{beyond}{state}"
                )
            )
        return self._opening(" ".join(told))

    def rows(self) -> Twin:
        """One row for each meter: label, value, end of the scale, unit, state."""
        return ["meter", "value", "scale ends at", "unit", "state"], [
            [meter.label, meter.value, meter.high, meter.unit, meter.state] for meter in self.meters
        ]


@dataclass(frozen=True)
class Table(Spec):
    """Rows and columns of text and numbers; `Table.of` makes one from a list of dicts."""

    columns: tuple[str, ...]
    cells: tuple[tuple[Any, ...], ...]
    title: str = ""
    word: ClassVar[str] = "Table"

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _several(self.columns, str, "columns", least=1))
        object.__setattr__(self, "cells", tuple(tuple(row) for row in self.cells))
        for place, row in enumerate(self.cells):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"row {place} has {len(row)} cells for {len(self.columns)} columns; it needs one each"
                )

    @classmethod
    def of(cls, rows: Iterable[dict[str, Any]], title: str = "") -> Table:
        """Make a table from dicts: columns in the order in which keys first appear, missing cells empty.

        Raises ValueError where there is no row, TypeError where a row is not a dict.
        """
        rows = list(rows)
        for row in rows:
            if not isinstance(row, dict):
                raise TypeError(f"a row must be a dict of column to value, not {type(row).__name__}")
        columns = list(dict.fromkeys(str(key) for row in rows for key in row))
        if not columns:
            raise ValueError(
                "there is no row, so the columns are not known; use Table(columns, ()) for an empty table"
            )
        return cls(
            tuple(columns), tuple(tuple(row.get(column, "") for column in columns) for row in rows), title
        )

    def describe(self) -> str:
        """Tell the size and the columns."""
        return self._opening(f"{plural(len(self.cells), 'row')} of {listing(self.columns)}.")

    def rows(self) -> Twin:
        """The table itself."""
        return list(self.columns), [list(row) for row in self.cells]


@dataclass(frozen=True)
class SpaceTime(Spec):
    """The space-time diagram of a ``trace``: lanes, events, messages; ``axis`` spaces events by "order" or by "time"."""

    trace: Trace
    axis: str = "order"
    title: str = ""
    word: ClassVar[str] = "Space-time diagram"

    def __post_init__(self) -> None:
        if not isinstance(self.trace, Trace):
            raise TypeError(f"a space-time diagram is drawn from a Trace, not {type(self.trace).__name__}")
        _known(self.axis, ("order", "time"), "the axis")

    def describe(self) -> str:
        """Tell the scenario, its size, its faults, and what went wrong or that nothing did."""
        from dslab.show.spacetime_words import describe

        return self._opening(describe(self.trace))

    def rows(self) -> Twin:
        """The text log: one row for each event."""
        from dslab.show.spacetime_words import LOG_COLUMNS, log_rows

        return list(LOG_COLUMNS), [list(row) for row in log_rows(self.trace)]


__all__ = [
    "LAYOUTS", "MOODS", "SERIES_KINDS", "SHAPES", "STATES",
    "Axis", "Band", "Bars", "Edge", "Group", "Heatmap", "Histogram", "Lines", "Mark", "Meter", "Meters", "Network", "Node",
    "Sample", "Series", "SpaceTime", "Spec", "Table", "percentile",
]  # fmt: skip

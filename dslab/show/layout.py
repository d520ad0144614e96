"""Where everything in a chart goes: limits, ticks, margins and labels that do not overlap.

Both renderers, live and poster, draw from these; so a picture looks the same with a kernel and without one.
All lengths are pixels; a *share* is a place along a side of the plot, 0 at its beginning and 1 at its end.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dslab.show import theme
from dslab.show.specs import Axis, Band, Bars, Heatmap, Histogram, Lines, Mark, Meter, Node
from dslab.show.words import SUFFIXES, quantity

WIDTH = 860  # of a picture in a notebook; where it is narrower or wider only the plot itself changes
CHARACTER = 7.4  # width of an average character at theme.SIZE_SMALL
BROAD = 7.8  # and of one in a text of broad letters, or a bold one
LINE = 17  # height of a line of text


@dataclass(frozen=True)
class Scale:
    """One side of a plot: its title, its drawn limits and its ticks (value, text)."""

    title: str
    low: float
    high: float
    log: bool
    ticks: tuple[tuple[float, str], ...]

    def share(self, value: float) -> float:
        """Give the place of a value along the side; it may lie beyond 0 and 1."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    @property
    def limits(self) -> tuple[float, float]:
        """The limits as Plotly wants them: decimal exponents on a logarithmic axis."""
        return (math.log10(self.low), math.log10(self.high)) if self.log else (self.low, self.high)

    @property
    def longest(self) -> int:
        """The number of characters of the longest line of a tick text."""
        return max((len(line) for _, text in self.ticks for line in text.split("\n")), default=0)


@dataclass(frozen=True)
class Label:
    """A text beside the plot at ``share`` of its height, after a coloured ``sign``."""

    text: str
    sign: str
    colour: str
    share: float

    @property
    def lines(self) -> int:
        """How many lines the text has."""
        return self.text.count("\n") + 1


@dataclass(frozen=True)
class Flag:
    """The name of a mark or a band, above the plot at ``share`` of its width in ``row`` 0, 1, 2 from the plot."""

    text: str
    share: float
    row: int
    side: str  # of the line on which the text stands: "right" or "left"


@dataclass(frozen=True)
class Frame:
    """A chart's margins, scales and the labels around it. ``columns`` and such are None where there is no such side."""

    height: int
    left: int
    right: int
    top: int
    bottom: int
    x: Scale
    y: Scale
    labels: tuple[Label, ...] = ()
    flags: tuple[Flag, ...] = ()
    legend: tuple[tuple[str, int], ...] = field(default=())

    @property
    def plot_height(self) -> int:
        """The height of the plot without its margins."""
        return self.height - self.top - self.bottom


def wrap(text: str, width: int) -> str:
    """Break a text into lines of at most ``width`` characters where its words allow it."""
    return "\n".join(textwrap.wrap(text, max(4, width), break_long_words=False)) or text


def nice_step(span: float, most: int = 6) -> float:
    """Give the smallest of 1, 2, 5 times a power of ten that divides ``span`` into at most ``most`` parts."""
    power = 10.0 ** math.floor(math.log10(span / most))
    return next(size * power for size in (1, 2, 5, 10, 20) if span / (size * power) <= most)


def tick_texts(values: Sequence[float], step: float) -> list[str]:
    """Write tick values alike: as many decimals as the step needs, and one suffix (k, M ...) for all."""
    largest = max(map(abs, values), default=0)
    size, suffix = next(((size, suffix) for size, suffix in SUFFIXES if largest >= size), (1.0, ""))
    decimals = max(0, -math.floor(math.log10(step / size) + 1e-9))
    if largest < 1e-3 and largest > 0:
        return [f"{value:.3g}" for value in values]
    return ["0" if value == 0 else f"{value / size:.{decimals}f}{suffix}" for value in values]


def linear_ticks(low: float, high: float, most: int = 6) -> tuple[tuple[float, str], ...]:
    """Give the ticks of a linear side from ``low`` to ``high``."""
    step = nice_step(high - low, most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [round(place * step, 12) for place in range(first, last + 1)]
    return tuple(zip(values, tick_texts(values, step), strict=True))


def _power_text(value: float) -> str:
    for size, suffix in SUFFIXES:
        if value >= size:
            return f"{value / size:g}{suffix}"
    return f"{value:g}"


def log_ticks(low: float, high: float, most: int = 7) -> tuple[tuple[float, str], ...]:
    """Give the ticks of a logarithmic side: powers of ten, with 2 and 5 between them where there is room."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for parts in ((1, 2, 5), (1, 3), (1,)):
        values = [part * 10.0**power for power in range(first, last + 1) for part in parts]
        shown = [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(shown) <= most:
            break
    stride = math.ceil(len(shown) / most)
    shown = shown[::stride] if len(shown) > 1 else [low, high]
    return tuple((value, _power_text(float(f"{value:.3g}"))) for value in shown)


def scale(
    axis: Axis, values: Iterable[float], pad: float = 0.025, zero: bool = False, most: int = 6
) -> Scale:
    """Give the scale of an axis for these values: its own limits, or limits that fit; ``zero`` begins at 0."""
    if axis.limits:
        low, high = axis.limits
    else:
        low, high = _fit([value for value in values if not (axis.log and value <= 0)], axis.log, zero)
    if axis.log:
        ticks = log_ticks(low, high, most + 1)
        margin = 1.0 if zero else (high / low) ** pad
        return Scale(axis.title, low / margin, high * (high / low) ** pad, True, ticks)
    margin = (high - low) * pad
    return Scale(
        axis.title, low if zero else low - margin, high + margin, False, linear_ticks(low, high, most)
    )


def _fit(values: list[float], log: bool, zero: bool) -> tuple[float, float]:
    low, high = min(values, default=1.0), max(values, default=10.0)
    if log:
        low = low / 3 if zero else low
        return (low, high) if high > low * 1.0001 else (low / 3, high * 3)
    if zero or (low > 0 and low < 0.4 * high):
        low = min(0.0, low)
        high = max(0.0, high)
    if high - low < 1e-12 * max(1.0, abs(high)):
        return low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    return low, high


def spread(
    wanted: Sequence[float], sizes: Sequence[float], low: float = 0.0, high: float = 1.0
) -> list[float]:
    """Move places apart so that each has room for its size, as little as needed, between ``low`` and ``high``.

    Returns the centres in the order given. Where there is too little room they stay evenly packed from ``low``.
    """
    order = sorted(range(len(wanted)), key=lambda place: (wanted[place], place))
    centres = list(wanted)
    edge = low
    for place in order:
        centres[place] = max(wanted[place], edge + sizes[place] / 2)
        edge = centres[place] + sizes[place] / 2
    edge = max(high, low + sum(sizes))
    for place in reversed(order):
        centres[place] = min(centres[place], edge - sizes[place] / 2)
        edge = centres[place] - sizes[place] / 2
    return centres


def styles(spec: Lines) -> list[tuple[str, str, str, bool]]:
    """Give for each series its colour, its marker, the sign before its label, and whether its points are shown.

    The first theory series has the colour of the first simulated one, and so on; claimed and measured ones have their own.
    """
    kinds = [series.kind for series in spec.series]
    pairs = max(kinds.count("simulated"), kinds.count("theory"))
    first = {"simulated": 0, "theory": 0, "claimed": pairs, "measured": pairs + kinds.count("claimed")}
    found = []
    for number, series in enumerate(spec.series):
        place = first[series.kind] + kinds[:number].count(series.kind)
        shape, sign = theme.marker(place)
        if series.kind == "measured":
            shape, sign = "diamond", theme.SIGNS["measured"]
        points = series.kind == "measured" or (
            series.kind == "simulated" and len(series.x) <= theme.FEW_POINTS
        )
        points = points and not (spec.steps and series.kind == "simulated")
        found.append((theme.colour(place), shape, sign if points else theme.SIGNS[series.kind], points))
    return found


def _flags(marks: Sequence[Mark], bands: Sequence[Band], x: Scale, width: float) -> tuple[Flag, ...]:
    places = [(x.share(mark.at), mark.label) for mark in marks if mark.axis == "x"]
    places += [(max(0.0, x.share(band.start)), band.label) for band in bands]
    flags: list[Flag] = []
    ends: list[float] = []  # how far each row is taken, as a share of the width
    for share, text in sorted(places):
        if not -0.001 <= share <= 1.001:
            continue
        size = (len(text) * CHARACTER + 14) / width
        side = "right" if share + size <= 1.0 else "left"
        begin = share if side == "right" else share - size
        row = next((row for row, end in enumerate(ends) if begin >= end), len(ends))
        ends[row : row + 1] = [begin + size]
        flags.append(Flag(text, share, row, side))
    return tuple(flags)


def _labels(spec: Lines, y: Scale, plot_height: int) -> tuple[Label, ...]:
    labels = []
    for series, curve, (colour, _, sign, _) in zip(spec.series, spec.curves, styles(spec), strict=True):
        seen = [value for _, value in curve if value is not None]
        if seen:
            kind = (
                ""
                if series.kind == "simulated" or series.kind in series.label.lower()
                else f" ({series.kind})"
            )
            labels.append(
                Label(wrap(series.label + kind, 20), sign, colour, min(1.0, max(0.0, y.share(seen[-1]))))
            )
    for mark in spec.marks:
        if mark.axis == "y" and 0 <= y.share(mark.at) <= 1:
            labels.append(Label(wrap(mark.label, 20), "", theme.MUTED, y.share(mark.at)))
    sizes = [(label.lines * LINE + 2) / plot_height for label in labels]
    centres = spread([label.share for label in labels], sizes, low=-0.06, high=1.06)
    return tuple(
        Label(label.text, label.sign, label.colour, share)
        for label, share in zip(labels, centres, strict=True)
    )


def _top(title: str, y_title: str, flags: Sequence[Flag], legend: bool = False) -> int:
    rows = max((flag.row + 1 for flag in flags), default=0)
    return 10 + (24 if title else 0) + (22 if y_title else 0) + rows * (LINE + 1) + (24 if legend else 0) + 4


def _left(y: Scale) -> int:
    return round(18 + y.longest * CHARACTER)


def lines_frame(spec: Lines, width: int = WIDTH) -> Frame:
    """Lay out curves with their names at their ends."""
    points = [point for curve in spec.curves for point in curve]
    marked = {side: [mark.at for mark in spec.marks if mark.axis == side] for side in "xy"}
    x = scale(spec.x, [px for px, _ in points] + marked["x"], pad=0.012, most=8)
    y = scale(spec.y, [py for _, py in points if py is not None] + marked["y"])
    texts = [line for label in _labels(spec, y, 200) for line in f"{label.sign} {label.text}".split("\n")]
    left, right = _left(y), round(22 + max(map(len, texts), default=0) * CHARACTER)
    flags = _flags(spec.marks, spec.bands, x, width - left - right)
    top, bottom = _top(spec.title, spec.y.title, flags), 54
    labels = _labels(spec, y, spec.height - top - bottom)
    return Frame(spec.height, left, right, top, bottom, x, y, labels, flags)


def histogram_frame(spec: Histogram, width: int = WIDTH) -> Frame:
    """Lay out bins; several samples get a legend above the plot."""
    shares = [share for sample in spec.samples for share in spec.shares(sample)]
    edges = spec.edges()
    x = scale(Axis(spec.x.label, spec.x.unit, spec.x.log, (edges[0], edges[-1])), [], pad=0.012, most=8)
    limits = (0.0, spec.highest or max(1e-9, *shares))
    y = scale(Axis("share of values", "%", limits=limits), [], zero=True, pad=0.05)
    left, right = _left(y), 20
    flags = _flags(spec.marks, (), x, width - left - right)
    legend = (
        tuple((sample.label, place) for place, sample in enumerate(spec.samples))
        if len(spec.samples) > 1
        else ()
    )
    return Frame(
        spec.height, left, right, _top(spec.title, y.title, flags, bool(legend)), 54, x, y, (), flags, legend
    )


def bears_values(spec: Bars) -> bool:
    """Whether every bar bears its value: side by side and not too many."""
    return spec.mode == "grouped" and len(spec.groups) * len(spec.categories) <= 24


def bars_frame(spec: Bars, width: int = WIDTH) -> Frame:
    """Lay out bars; categories stand at 0, 1, 2 ... along their side (from the top where bars are horizontal)."""
    sums = [
        sum(value or 0 for value in column)
        for column in zip(*(group.values for group in spec.groups), strict=True)
    ]
    each = [value for group in spec.groups for value in group.values if value is not None]
    marked = [mark.at for mark in spec.marks]
    values = scale(
        spec.value,
        (sums if spec.mode == "stacked" else each) + marked,
        zero=True,
        pad=0.12 if bears_values(spec) else 0.04,
    )
    count, legend = len(spec.categories), len(spec.groups) > 1
    room = 26 if spec.horizontal else round((width - 90) / count / CHARACTER)
    ticks = tuple((place, wrap(name, room)) for place, name in enumerate(spec.categories))
    across = Scale(spec.label, -0.5, count - 0.5, False, ticks)
    named = tuple((group.label, place) for place, group in enumerate(spec.groups)) if legend else ()
    if spec.horizontal:
        across = Scale(spec.label, count - 0.5, -0.5, False, ticks)
        right = round(24 + max((len(mark.label) for mark in spec.marks), default=0) * 2)
        flags = _flags(spec.marks, (), values, width - _left(across) - right)
        top = _top(spec.title, across.title, flags, legend)
        return Frame(spec.height, _left(across), right, top, 54, values, across, (), flags, named)
    labels = tuple(Label(wrap(mark.label, 18), "", theme.MUTED, values.share(mark.at)) for mark in spec.marks)
    right = round(
        20 + max((len(line) for label in labels for line in label.text.split("\n")), default=0) * CHARACTER
    )
    deepest = max(text.count("\n") for _, text in ticks)
    top, bottom = _top(spec.title, values.title, (), legend), 54 + deepest * LINE
    return Frame(spec.height, _left(values), right, top, bottom, across, values, labels, (), named)


@dataclass(frozen=True)
class Grid:
    """The margins of a matrix and the texts beside it; ``slanted`` column names are too long to stand level."""

    height: int
    left: int
    top: int
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    slanted: bool

    @property
    def right(self) -> int:
        """The margin at the right, over which a slanted name leans."""
        return 70 if self.slanted else 14


def heatmap_grid(spec: Heatmap, width: int = WIDTH) -> Grid:
    """Lay out a matrix: row names to the left, column names above it, level if they fit and slanted if not."""
    rows = tuple(wrap(name, 28) for name in spec.row_names)
    left = round(20 + max(len(line) for row in rows for line in row.split("\n")) * CHARACTER)
    room = max(6, int((width - left - 20) / len(spec.column_names) / CHARACTER) - 1)
    slanted = any(len(word) > room for name in spec.column_names for word in name.split())
    columns = tuple(wrap(name, 22 if slanted else room) for name in spec.column_names)
    longest = max(len(line) for name in columns for line in name.split("\n"))
    deepest = max(name.count("\n") + 1 for name in columns)
    names = round(longest * CHARACTER * 0.62 + deepest * LINE * 0.8) if slanted else deepest * LINE
    top = (34 if spec.title else 10) + 24 + names + 8
    tallest = max(row.count("\n") + 1 for row in rows)
    each = max(34 if len(rows) <= 16 else 22, tallest * LINE + 8)
    return Grid(spec.height or top + each * len(rows) + 14, left, top, rows, columns, slanted)


def node_shift(node: Node, x: float, width: int) -> int:
    """Give the pixels by which a node's text moves right (left, below 0) of its place ``x``, so that no side cuts it."""
    middle = 8 + (x + 0.1) / 1.2 * (width - 16)
    half = 4 + BROAD * max(len(node.name) + 1, len(node.state) + 3 if node.state else 0) / 2
    return round(max(0.0, half - middle) - max(0.0, middle + half - width))


def cell_size(spec: Heatmap, grid: Grid, width: float) -> float:
    """Give the size of the texts in a table's cells: smaller where the longest does not fit its column."""
    longest = max(
        len(str(cell)) + 2 if spec.worded else len(quantity(cell, spec.unit))
        for line in spec.cells
        for cell in line
    )
    room = (width - grid.left - grid.right) / len(spec.column_names) / BROAD
    return theme.SIZE_SMALL * min(1.0, room / longest)


def meter_ends(meter: Meter) -> list[tuple[str, float, str]]:
    """Give what stands under a meter, (text, share, colour): the ends of its scale, and its mark instead of an end near it."""
    found = [("0", 0.0, theme.MUTED), (quantity(meter.high, meter.unit), 1.0, theme.MUTED)]
    if meter.mark is None:
        return found
    at = meter.mark / meter.high
    found = [end for end in found if abs(end[1] - at) >= 0.2]
    return [*found, (f"{meter.mark_label} {quantity(meter.mark, meter.unit)}".strip(), at, theme.INK)]


MOST_CELLS = 200  # of numbers that are written into their cells


def heat_limits(spec: Heatmap) -> tuple[float, float]:
    """Give the numbers that have the first and the last colour of a matrix."""
    values = [value for line in spec.cells for value in line if value is not None]
    low, high = spec.limits or (min(values, default=0.0), max(values, default=1.0))
    return (low, high) if high > low else (low, low + 1)


def heat_share(spec: Heatmap, value: float) -> float:
    """Give the place of a number between the first colour (0) and the last (1)."""
    low, high = heat_limits(spec)
    return min(1.0, max(0.0, (value - low) / (high - low)))


def cell_ink(spec: Heatmap, value: float | None) -> str:
    """Give the colour of the text in a cell of a matrix of numbers."""
    if value is None:
        return theme.INK
    return theme.ON_LITTLE if heat_share(spec, value) <= theme.TURN else theme.ON_MUCH

"""Pictures for a page without a kernel: each spec drawn by matplotlib into a PNG, laid out as the live picture is.

No global state of matplotlib is read or written but its fonts: every figure has its own canvas, no pyplot, no style.
Lengths are pixels of a canvas `WIDTH` wide, counted from the upper left; the PNG has `SHARPNESS` times as many.
"""

from __future__ import annotations

import io
import logging
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from dslab.show import layout as places
from dslab.show import theme
from dslab.show.figures import BAR, METER, compact_or_gap, kinds_told
from dslab.show.layout import LINE, WIDTH, Frame, Scale
from dslab.show.specs import (
    MOODS,
    Bars,
    Edge,
    Heatmap,
    Histogram,
    Lines,
    Meters,
    Network,
    Node,
    SpaceTime,
    Spec,
    Table,
)  # fmt: skip
from dslab.show.tables import cell
from dslab.show.words import quantity

logging.getLogger("matplotlib.font_manager").setLevel(
    logging.ERROR
)  # its first run would speak into a stored output

SHARPNESS = 1.0  # more would not fit: a notebook stays under 300 kB
DOTS = 100  # logical pixels per inch
MARKERS = {
    "circle": "o",
    "square": "s",
    "triangle-up": "^",
    "diamond": "D",
    "triangle-down": "v",
    "cross": "P",
}
SHAPES = {"circle": "o", "square": "s", "diamond": "D", "triangle": "^", "hexagon": "h", "star": "*"}
HATCHES = ("", "//", "..", "xx", "\\\\", "++")
DASHES: dict[str, Any] = {"solid": "-", "dash": (0, (5, 3)), "dot": (0, (1.2, 2))}
MOST_ROWS = 14  # of a table
LARGE = 200  # pixels from which a colour that is not the theme's own (a mixed area) is kept
RGB = tuple[int, ...]


@dataclass(frozen=True)
class Head:
    """What stands above the pictures of an explorer."""

    title: str
    question: str = ""
    settings: str = ""


@dataclass(frozen=True)
class Area:
    """A part of the canvas: its left and upper edge, its width and height."""

    figure: Figure
    x: float
    y: float
    width: float
    height: float

    def axes(self, left: float = 0, top: float = 0, right: float = 0, bottom: float = 0) -> Any:
        """Make axes in this area, inside these margins, with nothing drawn yet."""
        wide, high = (side * DOTS for side in self.figure.get_size_inches())
        width, height = self.width - left - right, self.height - top - bottom
        box = ((self.x + left) / wide, 1 - (self.y + top + height) / high, width / wide, height / high)
        axes = self.figure.add_axes(box)
        axes.set_facecolor("none")
        axes.tick_params(colors=theme.INK, labelsize=points(theme.SIZE_SMALL), length=4, color=theme.AXIS)
        for name, side in axes.spines.items():
            side.set_visible(name in ("left", "bottom"))
            side.set_color(theme.AXIS)
        return axes

    def write(self, text: str, x: float, y: float, size: float = theme.SIZE_SMALL, **more: Any) -> None:
        """Write a text at x, y from the upper left of this area."""
        wide, high = (side * DOTS for side in self.figure.get_size_inches())
        style = {
            "color": theme.INK,
            "ha": "left",
            "va": "top",
            "parse_math": False,
            "linespacing": 1.25,
        } | more
        self.figure.text((self.x + x) / wide, 1 - (self.y + y) / high, text, fontsize=points(size), **style)


def points(pixels: float) -> float:
    """Give a length in printer's points, as matplotlib wants font sizes and line widths."""
    return pixels * 72 / DOTS


@singledispatch
def height(spec: Spec, width: float = WIDTH) -> float:
    """Give the height that a spec's poster needs where it is ``width`` wide, in pixels."""
    return spec.height


@singledispatch
def paint(spec: Spec, area: Area) -> None:
    """Draw a spec into an area; TypeError where it is no spec."""
    raise TypeError(f"{type(spec).__name__} has no poster")


def draw(specs: Sequence[Spec], head: Head | None = None, foot: str = "", columns: int = 1) -> bytes:
    """Draw specs one under the other (or two in a row) with what stands above and below them; gives a PNG."""
    top = _head_lines(head)
    foot_lines = textwrap.wrap(foot.replace("\n", " "), 112)
    rows = [list(specs[place : place + columns]) for place in range(0, len(specs), columns)]
    each = WIDTH if columns == 1 else (WIDTH - 16) / 2
    heights = [max(height(spec, each) for spec in row) for row in rows]
    head_height = sum(size + 7 for _, size, _ in top) + (8 if top else 0)
    total = 10 + head_height + sum(heights) + 8 * len(rows) + (len(foot_lines) * 20 + 10 if foot_lines else 0)
    figure = Figure(figsize=(WIDTH / DOTS, total / DOTS), dpi=DOTS * SHARPNESS, facecolor=theme.PAPER)
    canvas, page, y = FigureCanvasAgg(figure), Area(figure, 0, 0, WIDTH, total), 10.0
    for text, size, style in top:
        page.write(text, 12, y, size, **style)
        y += size + 7
    y += 8 if top else 0
    for row, tall in zip(rows, heights, strict=True):
        for place, spec in enumerate(row):
            paint(spec, Area(figure, place * (each + 16), y, each, height(spec, each)))
        y += tall + 8
    if foot_lines:
        page.write("\n".join(foot_lines), 12, y + 4, theme.SIZE)
    return _png(canvas)


def _head_lines(head: Head | None) -> list[tuple[str, int, dict[str, Any]]]:
    if head is None:
        return []
    lines = [(head.title, 18, {"fontweight": "bold"})]
    lines += [(line, 14, {"color": theme.MUTED}) for line in textwrap.wrap(head.question, 112)]
    lines += [(line, 14, {}) for line in textwrap.wrap(head.settings, 108)]
    return lines


def _png(canvas: FigureCanvasAgg) -> bytes:
    """Give the canvas as a PNG of few colours, the theme's own among them: small, and the same bytes every time."""
    import numpy
    from PIL import Image

    canvas.draw()
    pixels = numpy.asarray(canvas.buffer_rgba())[..., :3].reshape(-1, 3)
    codes, where, counts = numpy.unique(pixels @ (65536, 256, 1), return_inverse=True, return_counts=True)
    seen = numpy.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    colours = _palette(list(zip(counts.tolist(), map(tuple, seen.tolist()), strict=True)))
    distances = ((seen[:, None, :] - numpy.array(colours)[None, :, :]) ** 2).sum(axis=2)
    width, height = canvas.get_width_height(physical=True)
    places = distances.argmin(axis=1).astype("uint8")[where].reshape(height, width)
    picture = Image.fromarray(places, "P")
    picture.putpalette([part for colour in colours for part in colour])
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _palette(seen: list[tuple[int, RGB]]) -> list[RGB]:
    """Choose colours for a picture from (pixels, colour): paper, greys of the ink, the theme's own, and large areas.

    Of each strong one there is one half way to the paper too, for the edges of lines and letters.
    """
    strong = {_rgb(colour) for colour in (*theme.COLOURS, *theme.MOOD_LINE.values(), theme.MUTED, theme.AXIS)}
    pale = {_rgb(colour) for colour in (*theme.MOOD_FILL.values(), theme.GRID, theme.TRACK)}
    paper, ink = _rgb(theme.PAPER), _rgb(theme.INK)
    chosen = [_mixed(ink, paper, share / 5) for share in range(6)]
    for pixels, colour in sorted(seen, key=lambda found: (-found[0], found[1])):
        if colour in strong:
            chosen += [colour, _mixed(colour, paper, 0.5)]
        elif colour in pale or pixels >= LARGE:
            chosen.append(colour)
    return list(dict.fromkeys(chosen))[:256]


def _rgb(colour: str) -> RGB:
    return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))


def _mixed(one: RGB, other: RGB, share: float) -> RGB:
    return tuple(round(a + (b - a) * share) for a, b in zip(one, other, strict=True))


def _heading(area: Area, title: str, y_title: str) -> None:
    y = 4
    if title:
        area.write(title, 12, y, theme.SIZE_TITLE, fontweight="bold")
        y += 24
    if y_title:
        area.write(y_title, 12, y, theme.SIZE)


def _side(axes: Any, which: str, scale: Scale, grid: bool) -> None:
    axis = axes.xaxis if which == "x" else axes.yaxis
    getattr(axes, f"set_{which}scale")("log" if scale.log else "linear")
    getattr(axes, f"set_{which}lim")(scale.low, scale.high)
    axis.set_ticks([value for value, _ in scale.ticks], labels=[text for _, text in scale.ticks])
    axis.set_ticks([], minor=True)
    for label in axis.get_ticklabels():
        label.set_parse_math(False)
    if grid:
        axis.grid(True, color=theme.GRID, linewidth=1)
        axes.set_axisbelow(True)


def _chart(area: Area, frame: Frame, title: str, y_title: str, grid: str = "y") -> Any:
    """Make the axes of a chart with everything around them."""
    axes = area.axes(frame.left, frame.top, frame.right, frame.bottom)
    _side(axes, "x", frame.x, grid == "x")
    _side(axes, "y", frame.y, grid == "y")
    _heading(area, title, y_title)
    right = area.width - frame.right
    area.write(frame.x.title, (frame.left + right) / 2, area.height - 8, theme.SIZE, ha="center", va="bottom")
    for label in frame.labels:
        y = frame.top + (1 - label.share) * frame.plot_height
        colour = theme.INK if label.sign else theme.MUTED
        area.write(label.sign, right + 10, y, color=label.colour, va="center", fontweight="bold")
        area.write(label.text, right + (34 if label.sign else 10), y, color=colour, va="center")
    for flag in frame.flags:
        x = frame.left + flag.share * (right - frame.left)
        shift, anchor = (3, "left") if flag.side == "right" else (-3, "right")
        y = frame.top - 4 - flag.row * (LINE + 1)
        area.write(flag.text, x + shift, y, color=theme.MUTED, ha=anchor, va="bottom")
    return axes


def _marks(axes: Any, frame: Frame, marks: Sequence[Any], bands: Sequence[Any] = ()) -> None:
    rows = {flag.text: flag.row for flag in frame.flags}
    for band in bands:
        axes.axvspan(band.start, band.end, color=theme.AXIS, alpha=0.18, linewidth=0, zorder=0.5)
    for mark in marks:
        pen = {"color": theme.MUTED, "linewidth": points(1.5), "linestyle": "-.", "zorder": 2}
        if mark.axis == "x":
            up = (rows.get(mark.label, 0) * (LINE + 1) + LINE) / frame.plot_height
            axes.axvline(mark.at, 0, 1 + up, clip_on=False, **pen)
        else:
            axes.axhline(mark.at, **pen)


@paint.register
def _lines(spec: Lines, area: Area) -> None:
    frame = places.lines_frame(spec, int(area.width))
    axes = _chart(area, frame, spec.title, spec.y.title)
    _marks(axes, frame, spec.marks, spec.bands)
    nothing = float("nan")
    for series, curve, (colour, shape, _, shown) in zip(
        spec.series, spec.curves, places.styles(spec), strict=True
    ):
        seen = [(x, nothing if y is None else y) for x, y in curve]
        axes.plot(
            [x for x, _ in seen],
            [y for _, y in seen],
            color=colour,
            linewidth=points(2.5),
            linestyle="none" if series.kind == "measured" else DASHES[theme.DASHES[series.kind]],
            marker=MARKERS[shape] if shown else None,
            markersize=points(8),
            drawstyle="steps-post" if spec.steps else "default",
            zorder=3,
        )


def _legend(area: Area, frame: Frame, hatched: bool) -> None:
    rows = max((flag.row + 1 for flag in frame.flags), default=0) * (LINE + 1)
    x, y = frame.left, frame.top - 20 - rows
    wide, high = (side * DOTS for side in area.figure.get_size_inches())
    for text, place in frame.legend:
        colour = theme.colour(place)
        style = {"facecolor": colour, "edgecolor": theme.PAPER, "hatch": HATCHES[place % 6]} if hatched else {
            "facecolor": colour, "alpha": 0.4, "edgecolor": colour}  # fmt: skip
        box = Rectangle(((area.x + x) / wide, 1 - (area.y + y + 12) / high), 22 / wide, 12 / high, **style)
        area.figure.add_artist(box)
        area.write(text, x + 28, y + 6, va="center")
        x += 48 + len(text) * 8


@paint.register
def _bars(spec: Bars, area: Area) -> None:
    frame = places.bars_frame(spec, int(area.width))
    axes = _chart(area, frame, spec.title, frame.y.title, grid="x" if spec.horizontal else "y")
    values = frame.x if spec.horizontal else frame.y
    base, stacked, count = values.low if values.log else 0.0, spec.mode == "stacked", len(spec.groups)
    written = places.bears_values(spec)
    thick = 0.7 if stacked else 0.7 / count
    reached = [0.0] * len(spec.categories)
    for place, group in enumerate(spec.groups):
        style = {
            "color": theme.colour(place),
            "hatch": HATCHES[place % 6],
            "edgecolor": theme.PAPER,
            "linewidth": 0,
        }
        for at, value in enumerate(group.values):
            across = at if stacked else at - 0.35 + (place + 0.5) * thick
            start, length = (reached[at], value or 0.0) if stacked else (base, (value or base) - base)
            reached[at] += value or 0.0
            if spec.horizontal:
                axes.barh(across, length, thick * 0.94, left=start, **style)
            else:
                axes.bar(across, length, thick * 0.94, bottom=start, **style)
            if written:
                _bar_text(
                    axes, spec.horizontal, across, base if value is None else value, compact_or_gap(value)
                )
    _marks(axes, frame, spec.marks)
    _legend(area, frame, hatched=True)


def _bar_text(axes: Any, horizontal: bool, across: float, value: float, text: str) -> None:
    style = {"textcoords": "offset points", "fontsize": points(theme.SIZE_SMALL), "color": theme.INK}
    if horizontal:
        axes.annotate(text, (value, across), (4, 0), ha="left", va="center", **style)
    else:
        axes.annotate(text, (across, value), (0, 3), ha="center", va="bottom", **style)


@paint.register
def _histogram(spec: Histogram, area: Area) -> None:
    frame = places.histogram_frame(spec, int(area.width))
    axes = _chart(area, frame, spec.title, frame.y.title)
    edges = spec.edges()
    for place, sample in enumerate(spec.samples):
        style = {
            "color": theme.colour(place),
            "linewidth": points(2),
            "linestyle": ("-", "--", ":")[place % 3],
        }
        shares = spec.shares(sample)
        axes.stairs(shares, edges, fill=True, color=theme.colour(place), alpha=0.28)
        axes.stairs(shares, edges, baseline=0, **style)
    _marks(axes, frame, spec.marks)
    _legend(area, frame, hatched=False)


@height.register
def _(spec: Heatmap, width: float = WIDTH) -> float:
    return places.heatmap_grid(spec, int(width)).height


@paint.register
def _heatmap(spec: Heatmap, area: Area) -> None:
    grid = places.heatmap_grid(spec, int(area.width))
    axes = area.axes(grid.left, grid.top, grid.right, 14)
    size = points(places.cell_size(spec, grid, area.width))
    for i, line in enumerate(spec.cells):
        for j, value in enumerate(line):
            fill, ink = _cell_colours(spec, value)
            axes.add_patch(Rectangle((j - 0.48, i - 0.46), 0.96, 0.92, facecolor=fill))
            if spec.worded or len(spec.cells) * len(line) <= places.MOST_CELLS:
                text = f"{MOODS[spec.mood(value)]} {value}" if spec.worded else quantity(value, spec.unit)
                axes.text(j, i, text, ha="center", va="center", color=ink, fontsize=size, parse_math=False)
    axes.set_xlim(-0.5, len(grid.columns) - 0.5)
    axes.set_ylim(len(grid.rows) - 0.5, -0.5)
    axes.xaxis.tick_top()
    turned = {"rotation": 38, "ha": "left", "rotation_mode": "anchor"} if grid.slanted else {}
    axes.set_xticks(range(len(grid.columns)), grid.columns, **turned)
    axes.set_yticks(range(len(grid.rows)), grid.rows)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    _heading(area, spec.title, "")
    area.write(f"{spec.row_label} ↓  {spec.column_label} →", 12, 28 if spec.title else 4, color=theme.MUTED)


def _cell_colours(spec: Heatmap, value: Any) -> tuple[Any, str]:
    """Give the colour of a cell and of the text in it."""
    if spec.worded:
        return theme.MOOD_FILL[spec.mood(value)], theme.INK
    if value is None:
        return theme.PAPER, theme.INK
    colours = LinearSegmentedColormap.from_list("sequence", theme.SEQUENCE)
    return colours(places.heat_share(spec, value)), places.cell_ink(spec, value)


@paint.register
def _network(spec: Network, area: Area) -> None:
    axes = area.axes(8, 34 if spec.title else 8, 8, 34)
    axes.set_axis_off()
    axes.set_xlim(-0.1, 1.1)
    axes.set_ylim(-0.16, 1.08)
    at, kinds = spec.positions(), spec.kinds()
    for edge in spec.edges:
        _edge(axes, edge, at[edge.source], at[edge.target])
    for node in spec.nodes:
        _node(axes, node, at[node.id], SHAPES[kinds[node.kind]], int(area.width))
    _heading(area, spec.title, "")
    area.write(kinds_told(kinds), 12, area.height - 26, color=theme.MUTED)


SMALL = {"fontsize": points(theme.SIZE_SMALL), "parse_math": False}


def _edge(axes: Any, edge: Edge, start: tuple[float, float], end: tuple[float, float]) -> None:
    broken, plain = edge.mood == "bad", edge.mood == "neutral"
    colour = theme.AXIS if plain else theme.MOOD_LINE[edge.mood]
    style = {
        "arrowstyle": "-|>" if edge.directed else "-",
        "mutation_scale": 12,
        "shrinkA": points(17),
        "shrinkB": points(19),
        "color": colour,
    }
    axes.add_patch(
        FancyArrowPatch(start, end, lw=points(2), linestyle=DASHES["dash"] if broken else "-", **style)
    )
    text = " ".join(word for word in (MOODS["bad"] if broken else "", edge.label) if word)
    if text:
        share = 0.46 if edge.directed else 0.5
        x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
        box = {"boxstyle": "square,pad=0.15", "facecolor": theme.PAPER, "edgecolor": "none"}
        ink = theme.MUTED if plain else colour
        axes.text(x, y, text, color=ink, ha="center", va="center", bbox=box, **SMALL)


def _node(axes: Any, node: Node, at: tuple[float, float], shape: str, width: int) -> None:
    pen = {"markerfacecolor": theme.MOOD_FILL[node.mood], "markeredgecolor": theme.MOOD_LINE[node.mood]}
    axes.plot(*at, shape, markersize=points(28), markeredgewidth=points(2.5), **pen)
    under = {"textcoords": "offset points", "ha": "center", "va": "top", **SMALL}
    aside = points(places.node_shift(node, at[0], width))
    axes.annotate(node.name, at, (aside, -points(19)), fontweight="bold", color=theme.INK, **under)
    if node.state:
        text, ink = f"{MOODS[node.mood]} {node.state}", theme.MOOD_LINE[node.mood]
        axes.annotate(text, at, (aside, -points(19 + LINE)), color=ink, **under)


@height.register
def _(spec: Meters, width: float = WIDTH) -> float:
    return (40 if spec.title else 8) + METER * len(spec.meters) + 4


@paint.register
def _meters(spec: Meters, area: Area) -> None:
    _heading(area, spec.title, "")
    left, right, top = 12, area.width - 12, 40 if spec.title else 8
    axes = area.axes()
    axes.set_axis_off()
    axes.set_xlim(0, area.width)
    axes.set_ylim(area.height, 0)
    for place, meter in enumerate(spec.meters):
        y = top + place * METER + 34 - BAR / 2
        axes.add_patch(Rectangle((left, y), right - left, BAR, facecolor=theme.TRACK))
        axes.add_patch(
            Rectangle((left, y), (right - left) * meter.share, BAR, facecolor=theme.MOOD_LINE[meter.mood])
        )
        more = " ▸" if meter.value > meter.high else ""
        area.write(
            f"{meter.label}:  {quantity(meter.value, meter.unit)}{more}", left, y - 4, theme.SIZE, va="bottom"
        )
        if meter.state:
            style = {"color": theme.MOOD_LINE[meter.mood], "ha": "right", "va": "bottom"}
            area.write(f"{MOODS[meter.mood]} {meter.state}", right, y - 4, theme.SIZE, **style)
        for text, share, colour in places.meter_ends(meter):
            anchor = "left" if share <= 0.08 else "right" if share >= 0.92 else "center"
            x = left + (right - left) * share
            area.write(text, x, y + BAR + 3, theme.SIZE_SMALL - 1, ha=anchor, color=colour)
        if meter.mark is not None:
            x = left + (right - left) * meter.mark / meter.high
            axes.plot([x, x], [y - 4, y + BAR + 4], color=theme.INK, linewidth=points(2))


def _table_lines(spec: Table, width: float) -> list[list[str]]:
    room = max(6, int(width / len(spec.columns) / 7.6) - 1)
    columns, rows = spec.rows()
    lines = [[places.wrap(text, room) for text in columns]]
    lines += [[places.wrap(cell(value), room) for value in row] for row in rows[:MOST_ROWS]]
    return lines


@height.register
def _(spec: Table, width: float = WIDTH) -> float:
    tall = sum(
        max(text.count("\n") + 1 for text in line) * LINE + 9 for line in _table_lines(spec, width - 24)
    )
    return (34 if spec.title else 8) + tall + (24 if len(spec.cells) > MOST_ROWS else 4)


@paint.register
def _table(spec: Table, area: Area) -> None:
    _heading(area, spec.title, "")
    axes = area.axes()
    axes.set_axis_off()
    axes.set_xlim(0, area.width)
    axes.set_ylim(area.height, 0)
    y, each = 34 if spec.title else 8, (area.width - 24) / len(spec.columns)
    for place, line in enumerate(_table_lines(spec, area.width - 24)):
        for column, text in enumerate(line):
            area.write(text, 12 + column * each, y, fontweight="bold" if place == 0 else "normal")
        y += max(text.count("\n") + 1 for text in line) * LINE + 9
        colour, width = (theme.AXIS, 2) if place == 0 else (theme.GRID, 1)
        axes.plot([12, area.width - 12], [y - 5, y - 5], color=colour, linewidth=points(width))
    if len(spec.cells) > MOST_ROWS:
        area.write(f"{MOST_ROWS} of {len(spec.cells):,} rows", 12, y, color=theme.MUTED)


@height.register
def _(spec: SpaceTime, width: float = WIDTH) -> float:
    from dslab.show import spacetime_poster

    return spacetime_poster.height(spec, width) + (30 if spec.title else 0)


@paint.register
def _spacetime(spec: SpaceTime, area: Area) -> None:
    from dslab.show import spacetime_poster

    _heading(area, spec.title, "")
    spacetime_poster.draw(spec, area.axes(top=30 if spec.title else 0))

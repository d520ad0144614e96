"""Pictures for a live page: each spec becomes a plain Plotly figure, a dict of data, layout and config.

Nothing of the plotly package is imported: the dict is JSON, and plotly.js draws it in the page. Colours are the light
ones of the theme; the view exchanges them on a dark page. Places come from `dslab.show.layout`, as for the posters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import singledispatch
from html import escape
from typing import Any

from dslab.show import layout as places
from dslab.show import theme
from dslab.show.layout import LINE, Frame, Scale
from dslab.show.specs import MOODS, Bars, Group, Heatmap, Histogram, Lines, Meter, Meters, Network, Spec
from dslab.show.words import compact, quantity

CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False, "showTips": False}
SYMBOLS = {
    "circle": "circle", "square": "square", "diamond": "diamond",
    "triangle": "triangle-up", "hexagon": "hexagon2", "star": "star",
}  # fmt: skip
Figure = dict[str, Any]


@singledispatch
def figure(spec: Spec, width: int = places.WIDTH) -> Figure:
    """Give the Plotly figure of a spec as JSON: {"data", "layout", "config"}.

    ``width`` in pixels is what to expect, for texts that must be broken; the view stretches the plot to what there is.
    Raises TypeError where Plotly does not draw such a spec.
    """
    raise TypeError(f"{type(spec).__name__} is not drawn by Plotly")


def rounded(values: Iterable[float | None]) -> list[float | None]:
    """Round to six significant digits: enough for a screen, short as JSON, the same on every machine."""
    return [None if value is None else float(f"{value:.6g}") for value in values]


def _html(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br>")


def _font(size: int = theme.SIZE_SMALL, colour: str = theme.INK, **more: Any) -> dict[str, Any]:
    return {"size": size, "color": colour, **more}


def _note(text: str, x: float, y: float, **more: Any) -> dict[str, Any]:
    base = {
        "text": text,
        "x": x,
        "y": y,
        "xref": "paper",
        "yref": "paper",
        "showarrow": False,
        "font": _font(),
    }
    return base | {"xanchor": "left", "yanchor": "middle", "align": "left"} | more


def _axis(scale: Scale, grid: bool, title: str = "") -> dict[str, Any]:
    return {
        "type": "log" if scale.log else "linear",
        "range": rounded(scale.limits),
        "tickmode": "array",
        "tickvals": rounded(value for value, _ in scale.ticks),
        "ticktext": [_html(text) for _, text in scale.ticks],
        "tickfont": _font(),
        "title": {"text": _html(title), "font": _font(theme.SIZE), "standoff": 10},
        "showgrid": grid,
        "gridcolor": theme.GRID,
        "zeroline": False,
        "showline": True,
        "linecolor": theme.AXIS,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": theme.AXIS,
        "fixedrange": True,
    }


def _layout(height: int, margin: tuple[int, int, int, int], **more: Any) -> dict[str, Any]:
    left, right, top, bottom = margin
    return {
        "height": height,
        "margin": {"l": left, "r": right, "t": top, "b": bottom, "pad": 0},
        "font": {"family": theme.FONT, **_font()},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": False,
        "hoverlabel": {"bgcolor": theme.PAPER, "bordercolor": theme.AXIS, "font": _font()},
        **more,
    }


def _heading(title: str, y_title: str, frame_left: int, top: int) -> list[dict[str, Any]]:
    notes, drop = [], 8
    if title:
        notes.append(
            _note(f"<b>{_html(title)}</b>", 0, 1, xshift=-frame_left, yshift=top - drop, yanchor="top")
            | {"font": _font(theme.SIZE_TITLE)}
        )
        drop += 24
    if y_title:
        notes.append(_note(_html(y_title), 0, 1, xshift=-frame_left, yshift=top - drop, yanchor="top"))
        notes[-1]["font"] = _font(theme.SIZE)
    return notes


def _around(frame: Frame, title: str, y_title: str) -> list[dict[str, Any]]:
    notes = _heading(title, y_title, frame.left, frame.top)
    for label in frame.labels:
        sign = f'<span style="color:{label.colour}"><b>{label.sign}</b></span> ' if label.sign else ""
        colour = theme.INK if label.sign else theme.MUTED
        notes.append(_note(sign + _html(label.text), 1, label.share, xshift=10, font=_font(colour=colour)))
    for flag in frame.flags:
        anchor, shift = ("left", 3) if flag.side == "right" else ("right", -3)
        up = 4 + flag.row * (LINE + 1)
        notes.append(
            _note(_html(flag.text), flag.share, 1, xanchor=anchor, xshift=shift, yshift=up, yanchor="bottom")
        )
        notes[-1]["font"] = _font(colour=theme.MUTED)
    return notes


def _line(side: str, share: float, up: int = 0, height: int = 1) -> dict[str, Any]:
    pen = {"color": theme.MUTED, "width": 1.5, "dash": "dashdot"}
    base = {"type": "line", "xref": "paper", "yref": "paper", "line": pen, "layer": "above"}
    if side == "x":
        return base | {"x0": share, "x1": share, "y0": 0, "y1": 1 + up / height}
    return base | {"x0": 0, "x1": 1, "y0": share, "y1": share}


def _marks(frame: Frame, marks: Sequence[Any], bands: Sequence[Any] = ()) -> list[dict[str, Any]]:
    rows = {flag.text: flag.row for flag in frame.flags}
    shapes = []
    for band in bands:
        start, end = (min(1.0, max(0.0, frame.x.share(value))) for value in (band.start, band.end))
        shapes.append(
            {
                "type": "rect",
                "xref": "paper",
                "yref": "paper",
                "x0": start,
                "x1": end,
                "y0": 0,
                "y1": 1,
                "layer": "below",
            }
            | {"fillcolor": theme.BAND, "line": {"width": 0}}
        )
    for mark in marks:
        share = (frame.x if mark.axis == "x" else frame.y).share(mark.at)
        if 0 <= share <= 1:
            up = 4 + rows.get(mark.label, 0) * (LINE + 1) + LINE - 4
            shapes.append(_line(mark.axis, share, up if mark.axis == "x" else 0, frame.plot_height))
    return shapes


def _margins(frame: Frame) -> tuple[int, int, int, int]:
    return frame.left, frame.right, frame.top, frame.bottom


def _legend(frame: Frame) -> dict[str, Any]:
    """Lay the legend in one row above the plot, under the title of the y axis."""
    rows = max((flag.row + 1 for flag in frame.flags), default=0) * (LINE + 1)
    return {
        "orientation": "h", "traceorder": "normal", "x": 0, "xanchor": "left", "y": 1 + (rows + 2) / frame.plot_height, "yanchor": "bottom",
        "font": _font(), "itemclick": False, "itemdoubleclick": False, "bgcolor": "rgba(0,0,0,0)",
    }  # fmt: skip


def _hover(label: str, x: tuple[str, str], y: tuple[str, str]) -> str:
    x_text, y_text = (
        f"{_html(name)} %{{{side}:,.4~g}} {_html(unit)}" for side, (name, unit) in (("x", x), ("y", y))
    )
    return f"<b>{_html(label)}</b><br>{x_text.strip()}<br>{y_text.strip()}<extra></extra>"


@figure.register
def _lines(spec: Lines, width: int = places.WIDTH) -> Figure:
    frame = places.lines_frame(spec, width)
    data = []
    for series, shown, (colour, shape, _, points) in zip(
        spec.series, spec.curves, places.styles(spec), strict=True
    ):
        mode = "markers" if series.kind == "measured" else "lines+markers" if points else "lines"
        data.append(
            {
                "type": "scatter",
                "mode": mode,
                "name": series.label,
                "x": rounded(x for x, _ in shown),
                "y": rounded(y for _, y in shown),
                "line": {"color": colour, "width": 2.5, "dash": theme.DASHES[series.kind]}
                | ({"shape": "hv"} if spec.steps else {}),
                "marker": {"color": colour, "symbol": shape, "size": 9 if series.kind == "measured" else 7},
                "hovertemplate": _hover(
                    series.label, (spec.x.label, spec.x.unit), (spec.y.label, spec.y.unit)
                ),
            }
        )
    layout = _layout(
        spec.height,
        _margins(frame),
        xaxis=_axis(frame.x, grid=False, title=frame.x.title),
        yaxis=_axis(frame.y, grid=True),
        annotations=_around(frame, spec.title, spec.y.title),
        shapes=_marks(frame, spec.marks, spec.bands),
    )
    return {"data": data, "layout": layout, "config": CONFIG}


@figure.register
def _bars(spec: Bars, width: int = places.WIDTH) -> Figure:
    frame = places.bars_frame(spec, width)
    layout = _layout(
        spec.height,
        _margins(frame),
        barmode="stack" if spec.mode == "stacked" else "group",
        bargap=0.3,
        bargroupgap=0.06,
        showlegend=len(spec.groups) > 1,
        legend=_legend(frame),
        xaxis=_axis(frame.x, grid=spec.horizontal, title=frame.x.title),
        yaxis=_axis(frame.y, grid=not spec.horizontal),
        annotations=_around(frame, spec.title, frame.y.title),
        shapes=_marks(frame, spec.marks),
    )
    data = [_bar_trace(spec, place, group) for place, group in enumerate(spec.groups)]
    return {"data": data, "layout": layout, "config": CONFIG}


def _bar_trace(spec: Bars, place: int, group: Group) -> dict[str, Any]:
    lengths, numbers = rounded(group.values), list(range(len(spec.categories)))
    colour = theme.colour(place)
    pattern = {"shape": theme.PATTERNS[place % 6], "fgcolor": theme.PAPER, "size": 8, "solidity": 0.25}
    return {
        "type": "bar",
        "name": group.label,
        "orientation": "h" if spec.horizontal else "v",
        "x": lengths if spec.horizontal else numbers,
        "y": numbers if spec.horizontal else lengths,
        "marker": {
            "color": colour,
            "line": {"color": colour, "width": 1},
            "pattern": pattern | {"fillmode": "overlay"},
        },
        "text": [compact_or_gap(value) for value in group.values] if places.bears_values(spec) else None,
        "textposition": "outside" if places.bears_values(spec) else "none",
        "textfont": _font(),
        "cliponaxis": False,
        "customdata": [quantity(value, spec.value.unit) for value in group.values],
        "hovertemplate": f"<b>{_html(group.label)}</b><br>%{{customdata}}<extra></extra>",
    }


def compact_or_gap(value: float | None) -> str:
    """Write the value at the end of a bar: at most three significant digits, or a dash where there is none."""
    return "–" if value is None else compact(value)


@figure.register
def _histogram(spec: Histogram, width: int = places.WIDTH) -> Figure:
    frame = places.histogram_frame(spec, width)
    edges = spec.edges()
    data = []
    for place, sample in enumerate(spec.samples):
        shares = spec.shares(sample)
        colour = theme.colour(place)
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": sample.label,
                "x": rounded([edges[0], *edges]),
                "y": rounded([0.0, *shares, 0.0]),
                "line": {
                    "shape": "hv",
                    "color": colour,
                    "width": 2,
                    "dash": ("solid", "dash", "dot")[place % 3],
                },
                "fill": "tozeroy",
                "fillcolor": theme.FILLS[place % 6],
                "hovertemplate": _hover(sample.label, ("from", spec.x.unit), ("share", "%")),
            }
        )
    layout = _layout(
        spec.height,
        _margins(frame),
        showlegend=len(spec.samples) > 1,
        legend=_legend(frame),
        xaxis=_axis(frame.x, grid=False, title=frame.x.title),
        yaxis=_axis(frame.y, grid=True),
        annotations=_around(frame, spec.title, frame.y.title),
        shapes=_marks(frame, spec.marks),
    )
    return {"data": data, "layout": layout, "config": CONFIG}


@figure.register
def _heatmap(spec: Heatmap, width: int = places.WIDTH) -> Figure:
    grid = places.heatmap_grid(spec, width)
    trace = {
        "type": "heatmap",
        "x": list(range(len(grid.columns))),
        "y": list(range(len(grid.rows))),
        "xgap": 3,
        "ygap": 3,
        "showscale": False,
        "customdata": [[_html(f"{r}, {c}") for c in spec.column_names] for r in spec.row_names],
        "hovertemplate": "%{customdata}<br><b>%{text}</b><extra></extra>",
        **(_worded(spec, places.cell_size(spec, grid, width)) if spec.worded else _numbered(spec)),
    }
    notes = _heading(spec.title, "", grid.left, grid.top)
    label, down = f"{_html(spec.row_label)} ↓  {_html(spec.column_label)} →", 34 if spec.title else 10
    notes.append(_note(label, 0, 1, xshift=-grid.left, yshift=grid.top - down, yanchor="top"))
    notes[-1]["font"] = _font(colour=theme.MUTED)
    layout = _layout(
        grid.height,
        (grid.left, grid.right, grid.top, 14),
        xaxis=_names(grid.columns, False) | {"side": "top", "tickangle": -38 if grid.slanted else 0},
        yaxis=_names([f"{name} " for name in grid.rows], True),
        annotations=notes + _cell_texts(spec),
    )
    return {"data": [trace], "layout": layout, "config": CONFIG}


def _names(names: Sequence[str], downwards: bool) -> dict[str, Any]:
    """Give the side of a matrix: names at 0, 1, 2 ..., no line, no grid."""
    ends = [-0.5, len(names) - 0.5]
    ticks = {
        "tickvals": list(range(len(names))),
        "ticktext": [_html(name) for name in names],
        "tickfont": _font(),
    }
    bare = {"showgrid": False, "zeroline": False, "showline": False, "ticks": "", "fixedrange": True}
    return bare | ticks | {"tickmode": "array", "range": ends[::-1] if downwards else ends}


def _worded(spec: Heatmap, size: float) -> dict[str, Any]:
    order = list(MOODS)
    moods = [[spec.mood(cell) for cell in line] for line in spec.cells]
    steps = [
        (place / len(order), (place + 1) / len(order), theme.MOOD_FILL[mood])
        for place, mood in enumerate(order)
    ]
    return {
        "z": [[order.index(mood) for mood in line] for line in moods],
        "zmin": -0.5,
        "zmax": len(order) - 0.5,
        "colorscale": [[edge, colour] for low, high, colour in steps for edge in (low, high)],
        "text": [
            [f"{MOODS[mood]} {_html(cell)}" for mood, cell in zip(line, cells, strict=True)]
            for line, cells in zip(moods, spec.cells, strict=True)
        ],
        "texttemplate": "%{text}",
        "textfont": {"size": size, "color": theme.INK},
    }


def _numbered(spec: Heatmap) -> dict[str, Any]:
    low, high = places.heat_limits(spec)
    last = len(theme.SEQUENCE) - 1
    return {
        "z": [rounded(line) for line in spec.cells],
        "zmin": low,
        "zmax": high,
        "colorscale": [[place / last, colour] for place, colour in enumerate(theme.SEQUENCE)],
        "text": [[quantity(value, spec.unit) for value in line] for line in spec.cells],
    }


def _cell_texts(spec: Heatmap) -> list[dict[str, Any]]:
    """Write the numbers into the cells, where they are few, each in the colour that stands out from its cell."""
    if spec.worded or len(spec.cells) * len(spec.column_names) > places.MOST_CELLS:
        return []
    return [
        _note(quantity(value, spec.unit), column, row, xref="x", yref="y", xanchor="center", align="center")
        | {"font": _font(colour=places.cell_ink(spec, value))}
        for row, line in enumerate(spec.cells)
        for column, value in enumerate(line)
    ]


def _arrow(start: tuple[float, float], end: tuple[float, float], colour: str) -> dict[str, Any]:
    return {
        "x": end[0], "y": end[1], "ax": start[0], "ay": start[1], "xref": "x", "yref": "y", "axref": "x", "ayref": "y",
        "text": "", "showarrow": True, "arrowhead": 2, "arrowsize": 1.1, "arrowwidth": 1.8,
        "arrowcolor": colour, "standoff": 19, "startstandoff": 17,
    }  # fmt: skip


def _edge_line(
    start: tuple[float, float], end: tuple[float, float], colour: str, dashed: bool, head: bool
) -> dict[str, Any]:
    """Give an edge that an annotation cannot draw: dashed, or without a head. A head stands off from its node as `_arrow`'s."""
    line = {
        "type": "scatter",
        "mode": "lines+markers" if head else "lines",
        "x": [start[0], end[0]],
        "y": [start[1], end[1]],
        "line": {"color": colour, "width": 2, "dash": "dash" if dashed else "solid"},
        "hoverinfo": "skip",
    }
    if head:
        line["marker"] = {
            "symbol": "arrow",
            "size": [0, 14],
            "opacity": 1,  # a list of sizes makes markers pale otherwise
            "color": colour,
            "angleref": "previous",
            "standoff": [0, 17],
        }
    return line


def _edges(
    spec: Network, at: dict[str, tuple[float, float]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give the lines of the edges (as traces) and their arrow heads and labels (as annotations)."""
    traces, notes = [], []
    for edge in spec.edges:
        (x0, y0), (x1, y1) = at[edge.source], at[edge.target]
        broken = edge.mood == "bad"
        colour = theme.AXIS if edge.mood == "neutral" else theme.MOOD_LINE[edge.mood]
        if broken or not edge.directed:
            traces.append(_edge_line((x0, y0), (x1, y1), colour, broken, head=edge.directed))
        else:
            notes.append(_arrow((x0, y0), (x1, y1), colour))
        text = " ".join(word for word in (MOODS["bad"] if broken else "", _html(edge.label)) if word)
        if text:
            middle = {
                "xref": "x",
                "yref": "y",
                "xanchor": "center",
                "align": "center",
                "bgcolor": theme.PAPER,
            }
            share = 0.5 if not edge.directed else 0.46
            notes.append(_note(text, x0 + share * (x1 - x0), y0 + share * (y1 - y0), **middle))
            notes[-1]["font"] = _font(
                colour=theme.MOOD_LINE[edge.mood] if edge.mood != "neutral" else theme.MUTED
            )
    return traces, notes


@figure.register
def _network(spec: Network, width: int = places.WIDTH) -> Figure:
    at, kinds = spec.positions(), spec.kinds()
    traces, notes = _edges(spec, at)
    for node in spec.nodes:
        x, y = at[node.id]
        state = f"<br><span style='color:{theme.MOOD_LINE[node.mood]}'>{MOODS[node.mood]} {_html(node.state)}</span>"
        text = f"<b>{_html(node.name)}</b>{state if node.state else ''}"
        notes.append(
            _note(text, x, y, xref="x", yref="y", xanchor="center", align="center", yanchor="top", yshift=-17)
            | {"xshift": places.node_shift(node, x, width)}
        )
    for kind, shape in kinds.items():
        members = [node for node in spec.nodes if node.kind == kind]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": kind,
                "x": [at[node.id][0] for node in members],
                "y": [at[node.id][1] for node in members],
                "marker": {
                    "symbol": SYMBOLS[shape],
                    "size": 28,
                    "color": [theme.MOOD_FILL[node.mood] for node in members],
                    "line": {"color": [theme.MOOD_LINE[node.mood] for node in members], "width": 2.5},
                },
                "text": [_html(" ".join([node.name, node.state]).strip()) for node in members],
                "hovertemplate": f"%{{text}}<br>{_html(kind)}<extra></extra>",
            }
        )
    notes += _heading(spec.title, "", 8, 34 if spec.title else 8) + _shapes_told(kinds)
    hidden = {"visible": False, "range": [-0.1, 1.1], "fixedrange": True}
    top = 34 if spec.title else 8
    layout = _layout(
        spec.height, (8, 8, top, 34), xaxis=hidden, yaxis=hidden | {"range": [-0.16, 1.08]}, annotations=notes
    )
    return {"data": traces, "layout": layout, "config": CONFIG}


TOLD = {"circle": "●", "square": "■", "diamond": "◆", "triangle": "▲", "hexagon": "⬢", "star": "★"}


def kinds_told(kinds: dict[str, str]) -> str:
    """Write which shape is which kind of node: "● service   ■ store"; empty where there is only one kind."""
    return (
        "     ".join(f"{TOLD[shape]} {kind}" for kind, shape in kinds.items() if kind)
        if len(kinds) > 1
        else ""
    )


def _shapes_told(kinds: dict[str, str]) -> list[dict[str, Any]]:
    text = kinds_told(kinds).replace("     ", " &nbsp; &nbsp; ")
    return [_note(text, 0, 0, yshift=-22, xshift=4) | {"font": _font(colour=theme.MUTED)}] if text else []


METER, BAR = 66, 16  # height of one meter, height of its bar


@figure.register
def _meters(spec: Meters, width: int = places.WIDTH) -> Figure:
    top = 40 if spec.title else 8
    inner = METER * len(spec.meters)
    notes, shapes = _heading(spec.title, "", 1, top), []
    for place, meter in enumerate(spec.meters):
        middle, half = 1 - (place * METER + 34) / inner, BAR / 2 / inner
        notes += _meter_notes(meter, middle + half, middle - half)
        shapes += _meter_shapes(meter, middle, half, 4 / inner)
    hidden = {"visible": False, "range": [0, 1], "fixedrange": True}
    layout = _layout(
        top + inner + 4, (1, 2, top, 4), xaxis=hidden, yaxis=hidden, annotations=notes, shapes=shapes
    )
    return {"data": [], "layout": layout, "config": CONFIG}


def _meter_notes(meter: Meter, upper: float, lower: float) -> list[dict[str, Any]]:
    """Write label, value and state above a meter and the ends of its scale, or its mark, below it."""
    beyond = " ▸" if meter.value > meter.high else ""
    value = f"{_html(meter.label)}:  <b>{quantity(meter.value, _html(meter.unit))}</b>{beyond}"
    above = {"yanchor": "bottom", "yshift": 3}
    notes = [_note(value, 0, upper, font=_font(theme.SIZE), **above)]
    if meter.state:
        word = _font(theme.SIZE, theme.MOOD_LINE[meter.mood])
        notes.append(
            _note(f"{MOODS[meter.mood]} {_html(meter.state)}", 1, upper, xanchor="right", font=word, **above)
        )
    for text, share, colour in places.meter_ends(meter):
        anchor = "left" if share <= 0.08 else "right" if share >= 0.92 else "center"
        below = {"xanchor": anchor, "yanchor": "top", "yshift": -2}
        notes.append(_note(_html(text), share, lower, font=_font(theme.SIZE_SMALL - 1, colour), **below))
    return notes


def _meter_shapes(meter: Meter, middle: float, half: float, more: float) -> list[dict[str, Any]]:
    """Draw the track of a meter, how full it is, and the line of its mark."""
    paper = {"xref": "paper", "yref": "paper"}
    box = paper | {"type": "rect", "y0": middle - half, "y1": middle + half, "line": {"width": 0}, "x0": 0}
    shapes = [box | {"x1": 1, "fillcolor": theme.TRACK}]
    shapes.append(box | {"x1": meter.share, "fillcolor": theme.MOOD_LINE[meter.mood]})
    if meter.mark is not None:
        x, reach = meter.mark / meter.high, half + more
        ends = {"x0": x, "x1": x, "y0": middle - reach, "y1": middle + reach}
        shapes.append(paper | ends | {"type": "line", "line": {"color": theme.INK, "width": 2}})
    return shapes


__all__ = ["CONFIG", "figure", "kinds_told", "rounded"]

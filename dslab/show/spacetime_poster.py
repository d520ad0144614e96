"""The poster of a space-time diagram: the live picture of a whole run, drawn by matplotlib for a page without a kernel.

The geometry follows `layout` in spacetime.js: rows of text above and below each lane, the first free one is taken; the
labels of messages stand on their arrows. Lengths are pixels of a page 860 wide, y counts downwards.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle
from matplotlib.textpath import text_to_path

from dslab.show import spacetime_words as words
from dslab.show import theme
from dslab.sim.trace import Trace

WIDTH = 860  # as every picture of a notebook
DOTS, SHARPNESS = 100, 1.0  # logical pixels per inch, pixels per logical pixel
LEFT, RIGHT, ROW, BAR, HALF = 22, 40, 16, 15, 13
SIZE, MOST_ROWS, WIDEST = 12.5, 6, 170  # of text; a caption that finds no free row, and what is wider, is cut
ENDS = {"ok": "|", "fail": "x", "info": "$?$", "open": ">"}
BAR_COLOURS = {"ok": theme.GREEN, "fail": theme.VERMILLION, "info": theme.ORANGE, "open": theme.BLUE}
GLYPHS = {"crash": "x", "fault": "x", "restart": "^", "timer": "D", "note": "s", "start": "|", "end": "|"}


@dataclass
class Text:
    """Something to write: at a lane, from ``x`` to the right or around it, on the first free row of its ``sides``."""

    text: str
    lane: int
    x: float
    kind: str
    sides: tuple[str, ...] = ("up",)
    left_aligned: bool = False
    event: int | None = None
    width: float = 0
    left: float = 0
    side: str = "up"
    row: int = 0
    y: float = 0


@dataclass
class Row:
    """A lane of the picture: its line at ``y``, what is taken in the rows above and below, how many bars lie on it."""

    top: float = 0
    y: float = 0
    bottom: float = 0
    bars: int = 0
    taken: dict[str, list[list[tuple[float, float]]]] = field(default_factory=lambda: {"up": [], "down": []})
    ends: list[float] = field(default_factory=list)


@dataclass
class Plan:
    """Where everything goes: the picture of ``trace`` in ``width`` by ``height`` pixels, the diagram from ``x0`` on."""

    trace: Trace
    by_time: bool
    width: float
    x0: float
    x1: float
    first: int = 0
    height: float = 0
    rows: list[Row] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    bars: list[tuple[dict[str, Any], Row, int]] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)

    def x(self, event: int) -> float:
        """Give the place of an event along the axis."""
        if self.by_time:
            return self.at_time(self.trace.events[event]["t"])
        steps = max(1, len(self.trace.events) - 1 - self.first)
        return (
            self.x0
            + LEFT
            + max(0, event - self.first) * min(72.0, (self.x1 - self.x0 - LEFT - RIGHT) / steps)
        )

    def at_time(self, t_us: int) -> float:
        """Give the place of a time along an axis that is to scale."""
        begin, end = self.trace.events[0]["t"], self.trace.events[-1]["t"]
        return self.x0 + LEFT + (t_us - begin) / max(1, end - begin) * (self.x1 - self.x0 - LEFT - RIGHT)

    def edge(self, t_us: int | None, lanes: list[str]) -> float:
        """Give the place where a fault begins or ends: at an event of its own, or else between two events."""
        events = self.trace.events
        if t_us is None:
            return self.x1 - 2
        if self.by_time:
            return self.at_time(t_us)
        own = [
            e["id"]
            for e in events
            if e["t"] == t_us and e["lane"] in lanes and e["kind"] in ("crash", "restart", "fault")
        ]
        if own:
            return self.x(own[0])
        after = next((e["id"] for e in events if e["t"] >= t_us), None)
        if after is None:
            return self.x1 - 4
        return (self.x(max(0, after - 1)) + self.x(after)) / 2

    def row_of(self, event: int) -> Row:
        """Give the row of the lane of an event."""
        return self.rows[self.lane(self.trace.events[event]["lane"])]

    def lane(self, lane: str) -> int:
        """Give the place of a lane by its id."""
        return next(place for place, found in enumerate(self.trace.lanes) if found["id"] == lane)


@dataclass
class Arrow:
    """A message on the page, from ``a`` to ``b``; ``broken`` where it never arrived."""

    message: dict[str, Any]
    a: tuple[float, float]
    b: tuple[float, float]
    broken: bool
    text: str
    label: tuple[float, float] = (0, 0)


def png(trace: Trace | dict[str, Any], axis: str = "order", title: str = "") -> bytes:
    """Draw the whole run of ``trace`` (a Trace or its JSON), with ``title`` above; gives a PNG, the same bytes every time."""
    shown = words.as_trace(trace)
    head = 30 if title else 0
    tall = height(shown, axis=axis) + head
    figure = Figure(figsize=(WIDTH / DOTS, tall / DOTS), dpi=DOTS * SHARPNESS, facecolor=theme.PAPER)
    canvas = FigureCanvasAgg(figure)
    if title:
        figure.text(
            8 / WIDTH,
            1 - 8 / tall,
            title,
            fontsize=_points(16),
            fontweight="bold",
            va="top",
            color=theme.INK,
            parse_math=False,
        )
    draw(shown, figure.add_axes((0, 0, 1, 1 - head / tall)), axis=axis)
    canvas.draw()
    return _small_png(canvas)


def height(shown: Any, width: float = WIDTH, axis: str = "order") -> float:
    """Give the height in pixels that the diagram of a trace, or of a spec that holds one, needs at ``width`` pixels."""
    return _planned(shown, width, axis).height


def draw(shown: Any, target: Axes | Figure, axis: str = "order") -> None:
    """Draw a trace, or a spec with a ``trace`` and an ``axis``, into axes or over a whole figure."""
    axes = target.add_axes((0, 0, 1, 1)) if isinstance(target, Figure) else target
    wide, high = (side * DOTS for side in axes.figure.get_size_inches())
    box = axes.get_position()
    plan = _planned(shown, box.width * wide, axis)
    axes.set_xlim(0, plan.width)
    axes.set_ylim(max(plan.height, box.height * high), 0)
    axes.set_axis_off()
    if not plan.trace.events:
        _write(axes, 12, 16, "Nothing has happened yet.", ha="left")
        return
    for part in (
        _draw_bands,
        _draw_lanes,
        _draw_bars,
        _draw_no_return,
        _draw_arrows,
        _draw_events,
        _draw_texts,
        _draw_axis,
        _draw_states,
    ):
        part(axes, plan)


# -- where things go ------------------------------------------------------------------------------------


def _planned(shown: Any, width: float, axis: str) -> Plan:
    trace = words.as_trace(getattr(shown, "trace", shown))
    axis = getattr(shown, "axis", axis)
    labels = words.lane_labels(trace)
    x0 = min(150.0, max([60.0, *(_wide(label, bold=True) + 18 for label in labels.values())]))
    stated = any(event.get("state") for event in trace.events)
    plan = Plan(trace, axis == "time", width, x0, width - (150 if stated else 6))
    if not trace.events:
        plan.height = 40
        return plan
    while plan.first + 1 < len(trace.events) and trace.events[plan.first + 1]["kind"] == "start":
        plan.first += 1
    plan.rows = [Row() for _ in trace.lanes]
    _plan_bars(plan)
    plan.texts = [text for text in _captions(plan) if _put(plan, text)]
    for gap in (34, 46, 62):  # more room between the lanes until no label covers another
        _stack(plan, gap)
        if _plan_arrows(plan, gap):
            break
    plan.height = plan.rows[-1].bottom + 32
    return plan


def _plan_bars(plan: Plan) -> None:
    for operation in plan.trace.operations:
        row = plan.rows[plan.lane(operation["lane"])]
        free = [level for level, end in enumerate(row.ends) if end < operation["invoked"]]
        level = free[0] if free else len(row.ends)
        row.ends[level : level + 1] = [
            float("inf") if operation.get("returned") is None else operation["returned"]
        ]
        row.bars = max(row.bars, level)
        plan.bars.append((operation, row, level))


def _captions(plan: Plan) -> list[Text]:
    """Give everything that is written at a lane, the most important first."""
    trace, found = plan.trace, []

    def at(event: int, text: str, kind: str, **more: Any) -> None:
        if text:
            lane = plan.lane(trace.events[event]["lane"])
            found.append(Text(text, lane, plan.x(event), kind, **{"event": event} | more))

    for fault in trace.faults:
        x = plan.edge(fault["from"], fault["lanes"]) + 3
        found.append(
            Text(
                fault.get("label") or fault["kind"],
                plan.lane(fault["lanes"][0]),
                x,
                "fault",
                left_aligned=True,
            )
        )
    for operation in trace.operations:
        at(operation["invoked"], words.operation_text(operation), "call", left_aligned=True)
    for number, (event, _) in enumerate(words.surprises(trace), 1):
        at(event, str(number), "flag")
    for verdict in trace.verdicts:
        at(verdict["event"], f"violated: {verdict['invariant']}", "verdict")
    for event in trace.events:
        top = event["lane"] == trace.lanes[0]["id"]
        at(
            event["id"],
            _cut(words.event_caption(trace, event["id"])),
            "label",
            sides=("up", "down") if top else ("down", "up"),
        )
    extra = {"verdict": 22, "flag": 14}
    for text in found:
        text.width = _wide(text.text, bold=text.kind in ("fault", "verdict")) + extra.get(text.kind, 2)
    return found


def _put(plan: Plan, text: Text) -> bool:
    """Give a text the first row in which it covers nothing; False where there is none."""
    shifts = (-6.0,) if text.left_aligned else (-text.width / 2, -9.0, 9 - text.width)
    for row in range(MOST_ROWS):
        for side in text.sides:
            taken = plan.rows[text.lane].taken[side]
            while len(taken) <= row:
                taken.append([])
            for shift in shifts:
                left = max(plan.x0 + 2, min(text.x + shift, plan.x1 - text.width - 2))
                if all(left + text.width + 5 <= begin or left >= end + 5 for begin, end in taken[row]):
                    taken[row].append((left, left + text.width))
                    text.left, text.side, text.row = left, side, row
                    return True
    return False


def _stack(plan: Plan, gap: float) -> None:
    top = 26.0 if words.no_return(plan.trace) is not None else 10.0
    for row in plan.rows:
        up, down = (sum(bool(taken) for taken in row.taken[side]) for side in ("up", "down"))
        row.top, row.y = top, top + up * ROW + row.bars * BAR + HALF
        row.bottom = row.y + HALF + down * ROW
        top = row.bottom + gap
    for text in plan.texts:
        row = plan.rows[text.lane]
        text.y = (
            row.y - HALF - row.bars * BAR - (text.row + 1) * ROW
            if text.side == "up"
            else row.y + HALF + text.row * ROW
        )


def _plan_arrows(plan: Plan, gap: float) -> bool:
    """Lay out the messages; gives whether no label covers anything."""
    taken = [(text.left, text.y, text.width) for text in plan.texts]
    plan.arrows, clear = [], True
    for message in plan.trace.messages:
        arrow = _arrow(plan, message, gap)
        if arrow.broken:
            taken.append((arrow.b[0] - 8, arrow.b[1] - 8, 16))
        wide = _wide(arrow.text) + 4
        spots = [
            (sum(_overlap(spot, other) for other in taken), odd, spot)
            for odd, spot in _spots(plan, arrow, wide)
        ]
        cost, _, best = min(spots, key=lambda found: found[0] + found[1])
        clear = clear and cost == 0
        arrow.label = (best[0] + wide / 2, best[1])
        taken.append(best)
        plan.arrows.append(arrow)
    return clear


def _arrow(plan: Plan, message: dict[str, Any], gap: float) -> Arrow:
    row, to = plan.row_of(message["sent"]), plan.rows[plan.lane(message["dst"])]
    a, text = (plan.x(message["sent"]), row.y), _cut(words.message_text(message))
    if message.get("received") is not None:
        return Arrow(
            message, a, (plan.x(message["received"]), plan.row_of(message["received"]).y), False, text
        )
    y = row.bottom + gap - 9 if to.y > row.y else row.top - gap + 9 if to.y < row.y else row.y
    return Arrow(message, a, (min(a[0] + 34, plan.x1 - 9), y), True, text)


def _spots(plan: Plan, arrow: Arrow, wide: float) -> list[tuple[float, tuple[float, float, float]]]:
    """Give places for the label on the arrow between the lanes, or a little beside it: (how odd, (x, y, width))."""
    (ax, ay), (bx, by) = arrow.a, arrow.b
    found, y = [], min(ay, by) + 12
    while y + ROW < max(ay, by) - 6:
        part = (y + ROW / 2 - ay) / (by - ay)
        if all(abs(y + ROW / 2 - row.y) >= HALF + 7 for row in plan.rows):
            for beside in (0, wide * 0.4, -wide * 0.4, wide / 2 + 9, -wide / 2 - 9):
                x = ax + part * (bx - ax) - wide / 2 + beside
                odd = abs(part - 0.5) * 20 + abs(beside) / 5
                found.append((odd, (max(plan.x0 + 2, min(x, plan.x1 - wide - 2)), y, wide)))
        y += 6
    level = min(ay, by) - 34 if ay == by else (ay + by - ROW) / 2
    return found or [(0.0, ((ax + bx - wide) / 2, level, wide))]


def _overlap(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0]) + 3
    return max(0.0, across) * max(0.0, ROW - abs(one[1] - other[1]))


# -- what it looks like ---------------------------------------------------------------------------------


def _points(pixels: float) -> float:
    return pixels * 72 / DOTS


def _wide(text: str, bold: bool = False) -> float:
    font = FontProperties(size=SIZE, weight="bold" if bold else "normal")
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]


def _cut(text: str) -> str:
    if _wide(text) <= WIDEST:
        return text
    while len(text) > 1 and _wide(text + "…") > WIDEST:
        text = text[:-1]
    return text + "…"


def _write(axes: Axes, x: float, y: float, text: str, **more: Any) -> None:
    """Write a text whose row begins at y, on a paper-coloured ground so that no line runs through it."""
    style = {
        "ha": "center",
        "va": "center",
        "color": theme.INK,
        "fontsize": _points(SIZE),
        "parse_math": False,
        "zorder": 8,
    }
    ground = {"facecolor": theme.PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.85}
    axes.text(x, y + ROW / 2, text, **style | {"bbox": ground} | more)


def _draw_bands(axes: Axes, plan: Plan) -> None:
    for fault in plan.trace.faults:
        begin, end = plan.edge(fault["from"], fault["lanes"]), plan.edge(fault.get("to"), fault["lanes"])
        for lane in fault["lanes"]:
            row = plan.rows[plan.lane(lane)]
            axes.add_patch(Rectangle((begin, row.top - 3), max(3, end - begin), row.bottom - row.top + 6, hatch="///",
                                     facecolor="none", edgecolor=theme.VERMILLION, alpha=0.35, linewidth=0.8, zorder=1))  # fmt: skip


def _draw_lanes(axes: Axes, plan: Plan) -> None:
    for row, lane in zip(plan.rows, plan.trace.lanes, strict=True):
        axes.plot([plan.x0, plan.x1], [row.y, row.y], color=theme.AXIS, linewidth=0.9, zorder=2)
        _write(axes, 8, row.y - ROW, lane.get("label") or lane["id"], ha="left", fontweight="bold", bbox=None)
        _write(axes, 8, row.y, lane.get("kind", ""), ha="left", color=theme.MUTED, bbox=None)


def _draw_bars(axes: Axes, plan: Plan) -> None:
    for operation, row, level in plan.bars:
        is_open = operation.get("returned") is None
        begin = plan.x(operation["invoked"]) - 7
        end = plan.x1 - 6 if is_open else plan.x(operation["returned"]) + 7
        status, y = operation["status"], row.y - level * BAR
        colour = BAR_COLOURS.get(status, theme.BLUE)
        axes.add_patch(FancyBboxPatch((begin, y - 7), end - begin, 14, boxstyle="round,pad=0,rounding_size=3", linewidth=1.1, zorder=3,
                                      facecolor=colour + "40", edgecolor=colour, linestyle="-" if status in ("ok", "fail") else "--"))  # fmt: skip
        axes.plot(
            [end], [y], marker=ENDS.get(status, ">"), color=colour, markersize=9, markeredgewidth=2, zorder=4
        )


def _draw_no_return(axes: Axes, plan: Plan) -> None:
    event = words.no_return(plan.trace)
    if event is None:
        return
    x = plan.x(event)
    late = x > plan.x1 - 150
    axes.plot(
        [x, x], [8, plan.height - 28], color=theme.INK, linewidth=1.4, linestyle=(0, (6, 2, 1.5, 2)), zorder=3
    )
    _write(
        axes,
        x + (-5 if late else 5),
        4,
        "point of no return",
        ha="right" if late else "left",
        fontweight="bold",
    )


def _draw_arrows(axes: Axes, plan: Plan) -> None:
    for arrow in plan.arrows:
        lost, own = arrow.message["status"] == "lost", arrow.a[1] == arrow.b[1]
        colour = theme.VERMILLION if lost else theme.BLUE
        style = {"color": colour, "linewidth": 1.4, "linestyle": "--" if arrow.message["status"] == "in flight" else "-", "shrinkA": 0,
                 "shrinkB": 0 if arrow.broken else _points(6)}  # fmt: skip
        style |= {
            "arrowstyle": "-" if lost and arrow.broken else "-|>,head_width=0.22,head_length=0.5",
            "mutation_scale": 10,
        }
        style |= {"connectionstyle": "arc3,rad=-0.6"} if own else {}
        axes.annotate("", xy=arrow.b, xytext=arrow.a, arrowprops=style, zorder=4)
        if lost and arrow.broken:
            axes.plot(
                *[[place] for place in arrow.b],
                marker="x",
                color=colour,
                markersize=9,
                markeredgewidth=2.4,
                zorder=5,
            )
        _write(axes, *arrow.label, arrow.text)


def _draw_events(axes: Axes, plan: Plan) -> None:
    for event in plan.trace.events:
        kind, x, y = event["kind"], plan.x(event["id"]), plan.row_of(event["id"]).y
        colour = {"crash": theme.VERMILLION, "fault": theme.VERMILLION, "restart": theme.GREEN}.get(
            kind, theme.INK
        )
        size = {"send": 4.5, "receive": 4.5, "start": 10, "end": 10, "crash": 8, "fault": 8}.get(kind, 6)
        thick = 2.2 if kind in ("crash", "fault", "start", "end") else 0.4
        axes.plot(
            [x],
            [y],
            marker=GLYPHS.get(kind, "o"),
            color=colour,
            markersize=size,
            markeredgewidth=thick,
            zorder=6,
        )


def _draw_texts(axes: Axes, plan: Plan) -> None:
    for text in plan.texts:
        if text.event is not None and text.kind != "call" and (text.row or text.kind == "flag"):
            row, up = plan.row_of(text.event), text.side == "up"
            x = plan.x(text.event)
            axes.plot(
                [x, x],
                [text.y + (ROW if up else 0), row.y + (-8 if up else 8)],
                color=theme.MUTED,
                linewidth=0.7,
                linestyle=":",
                zorder=2,
            )
        middle, level = text.left + text.width / 2, text.y + ROW / 2
        if text.kind == "flag":
            outline = [(-1, 0), (21, 0), (16, 7.5), (21, 15), (-1, 15)]
            axes.add_patch(
                Polygon(
                    [(text.left + dx, text.y + dy) for dx, dy in outline],
                    facecolor=theme.PURPLE,
                    edgecolor=theme.INK,
                    zorder=7,
                )
            )
            _write(axes, text.left + 8, text.y, text.text, fontweight="bold", bbox=None)
        elif text.kind == "verdict":
            axes.plot([text.left + 9], [level], marker="8", color=theme.VERMILLION, markersize=10, zorder=8)
            _write(axes, text.left + 19, text.y, text.text, ha="left", fontweight="bold")
        else:
            _write(axes, middle, text.y, text.text, fontweight="bold" if text.kind == "fault" else "normal")


def _draw_axis(axes: Axes, plan: Plan) -> None:
    y, events = plan.height - 26, plan.trace.events
    axes.plot([plan.x0, plan.x1], [y, y], color=theme.AXIS, linewidth=0.8)
    span = words.span_us(plan.trace)
    if plan.by_time:
        ticks = [
            (plan.at_time(t), f"{t / words.time_unit(span)[0]:g}") for t in _round_times(events[0]["t"], span)
        ]
    else:
        pitch = max(1.0, plan.x(len(events) - 1) - plan.x(len(events) - 2)) if len(events) > 1 else 20
        every = every_nth(pitch, _wide(str(len(events))))
        ticks = [(plan.x(e["id"]), str(e["id"])) for e in events[plan.first :] if e["id"] % every == 0]
    for x, text in ticks:
        axes.plot([x, x], [y, y + 4], color=theme.AXIS, linewidth=0.8)
        _write(axes, x, y + 5, text, color=theme.MUTED, bbox=None)
    _write(
        axes,
        8,
        y + 5,
        f"time ({words.time_unit(span)[1]})" if plan.by_time else "event",
        ha="left",
        color=theme.MUTED,
        bbox=None,
    )


def every_nth(pitch: float, widest: float) -> int:
    """Give which events get their number: every 1st, 2nd, 5th, 10th ... so that numbers do not run into each other."""
    return next(
        size * 10**power for power in range(9) for size in (1, 2, 5) if size * 10**power * pitch >= widest + 8
    )


def _round_times(begin: int, end: int) -> list[int]:
    """Give about seven round times in microseconds between two."""
    step = next(
        size * 10**power for power in range(13) for size in (1, 2, 5) if size * 10**power * 8 >= end - begin
    )
    return list(range(-(-begin // step) * step, end + 1, step))


def _draw_states(axes: Axes, plan: Plan) -> None:
    """Write beside each lane the state in which the run left it."""
    states = plan.trace.states(len(plan.trace.events) - 1)
    axes.plot([plan.x1, plan.x1], [0, plan.height], color=theme.GRID, linewidth=0.8)
    for row, lane in zip(plan.rows, plan.trace.lanes, strict=True):
        told = [f"{key}  {words.value_text(value)}" for key, value in states.get(lane["id"], {}).items()]
        lines = [line for text in told for line in _fitted(text, plan.width - plan.x1 - 12)][:4]
        for number, line in enumerate(lines):
            _write(axes, plan.x1 + 8, row.y - len(lines) * ROW / 2 + number * ROW, line, ha="left", bbox=None)


def _fitted(text: str, room: float) -> list[str]:
    """Break a text into lines that fit; a word that is wider than the room is cut."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if _wide(longer) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
        while _wide(lines[-1]) > room and len(lines[-1]) > 2:
            lines[-1] = lines[-1][:-2] + "…"
    return lines


def _small_png(canvas: FigureCanvasAgg) -> bytes:
    """Give the canvas as a PNG of few colours: a third of the size, and the same bytes every time."""
    from PIL import Image

    size, out = canvas.get_width_height(physical=True), io.BytesIO()
    picture = Image.frombuffer("RGBA", size, canvas.buffer_rgba(), "raw", "RGBA", 0, 1).convert("RGB")
    few = picture.quantize(
        64, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    )  # the usual median cut loses rare colours
    few.save(out, "PNG", optimize=True)
    return out.getvalue()

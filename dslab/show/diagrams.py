"""Pictures without axes: networks, meters, tables, space-time diagrams."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from dslab.show.spec_parts import MOODS, Spec, Twin, distinct, known, numbers, several, text
from dslab.show.words import listing, plural, quantity, sentence
from dslab.sim.trace import Trace

SHAPES = ("circle", "square", "diamond", "triangle", "hexagon", "star")
LAYOUTS = ("spring", "circular", "layered")


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
        text(self.id, "the id of a node", empty=False)
        known(self.mood, MOODS, f"the mood of node {self.id!r}:")
        if self.at is not None:
            at = numbers(self.at, f"the place of node {self.id!r}")
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
        known(self.mood, MOODS, f"the mood of edge {self.source} to {self.target}:")
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
        object.__setattr__(self, "nodes", several(self.nodes, Node, "nodes", least=1))
        object.__setattr__(self, "edges", several(self.edges, Edge, "edges"))
        distinct([node.id for node in self.nodes], "node")
        known(self.layout, LAYOUTS, "the layout")
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
            states = [f"{plural(count, 'node')}: {state}" for state, count in counts.items()]
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
        text(self.label, "the label of a meter", empty=False)
        text(self.unit, f"the unit of meter {self.label!r}")
        numbers([self.value, self.high], f"meter {self.label!r}")
        known(self.mood, MOODS, f"the mood of meter {self.label!r}:")
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
        object.__setattr__(self, "meters", several(self.meters, Meter, "meters", least=1))
        distinct([meter.label for meter in self.meters], "meter")

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
        object.__setattr__(self, "columns", several(self.columns, str, "columns", least=1))
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
        known(self.axis, ("order", "time"), "the axis")

    def describe(self) -> str:
        """Tell the scenario, its size, its faults, and what went wrong or that nothing did."""
        from dslab.show.spacetime_words import describe

        return self._opening(describe(self.trace))

    def rows(self) -> Twin:
        """The text log: one row for each event."""
        from dslab.show.spacetime_words import LOG_COLUMNS, log_rows

        return list(LOG_COLUMNS), [list(row) for row in log_rows(self.trace)]

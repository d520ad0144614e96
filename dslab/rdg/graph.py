"""The property graph over the two-level map: what an update writes, and how a walk reads.

| word       | meaning                                                                                                    |
|------------|------------------------------------------------------------------------------------------------------------|
| adjacency  | the layout of 2025: the record of an edge is its origin, one item per destination, properties inside          |
| links      | the layout of 2026: links alone, forward and reverse, and the properties in a namespace of their own          |
| pair id    | the key of an edge's properties: both ids, sorted and joined, so the same from either end                    |
| hop        | one step of a walk: an edge type, forward or backward, with a limit of edges for each node it starts from     |
| by level   | breadth-first: the reads of one level go out together and cost one round trip for each page                   |
| by depth   | depth-first, one call after the other                                                                       |
| page       | adjacency comes in batches, 100 items unless said otherwise                                                  |
| LATEST, ANY | the newest edges (the whole record must be read and sorted), or the first that are found (reading stops early) |
| lookback   | edges older than so many days are left out (100 days, unless said otherwise)                                  |

Limits, page size and lookback are Netflix's (part 3, August 2026, and Graph Abstraction, May 2026): 300 edges a hop, 100 items a page, 100 days.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dslab.rdg.kv import DAY_US, Store, Write
from dslab.rdg.stream import EDGE_TYPES, Update

LAYOUTS = ("adjacency", "links")
ORDERS = ("LATEST", "ANY")
LOOKBACK_DAYS = 100
EDGES_PER_HOP = 300
PAGE = 100


def pair_id(source: str, target: str) -> str:
    """Give the id of an edge's properties: the same from either end."""
    return "|".join(sorted((source, target)))


def writes_of(update: Update, layout: str = "links") -> list[Write]:
    """Give the storage writes of one update: one for a node; for an edge one (adjacency), or three (links)."""
    kind, source, target, version, value = update
    if not target:
        return [Write(f"node.{kind}", source, "properties", version, value)]
    if layout == "adjacency":
        return [Write(f"edge.{kind}", source, target, version, value)]
    return [
        Write(f"link.{kind}", source, target, version, ""),
        Write(f"rlink.{kind}", target, source, version, ""),
        Write(f"property.{kind}", pair_id(source, target), "all", version, value),
    ]


@dataclass(frozen=True)
class Hop:
    """One step of a walk along edges of ``type``; ``backward`` from target to source; at most ``limit`` edges for each node."""

    type: str
    backward: bool = False
    limit: int = EDGES_PER_HOP

    def __post_init__(self) -> None:
        if self.type not in EDGE_TYPES:
            raise ValueError(f"there is no edge type {self.type!r}; there are {', '.join(EDGE_TYPES)}")
        if self.limit < 1:
            raise ValueError(f"a hop with a limit of {self.limit} edges leads nowhere; it must be at least 1")


@dataclass
class Walk:
    """What a walk found and what it cost.

    ``levels``: ids by level, the start first; ``edges``: (source, target, type) as walked; ``calls``: storage calls;
    ``rounds``: those that had to wait for one another; ``items``, ``bytes``: what the calls returned.
    """

    levels: list[list[str]]
    edges: list[tuple[str, str, str]] = field(default_factory=list)
    calls: int = 0
    rounds: int = 0
    items: int = 0
    bytes: int = 0
    answered: list[int] = field(default_factory=list)  # calls by the round trip in which they were answered

    def note(self, first: int, pages: int) -> None:
        """Note ``pages`` calls, answered one after the other from round trip ``first`` on."""
        self.answered += [0] * (first + pages - len(self.answered))
        for place in range(first, first + pages):
            self.answered[place] += 1

    def latency_ms(self, hop_ms: float) -> float:
        """Give how long the walk takes where each round trip takes ``hop_ms``."""
        return self.rounds * hop_ms


class Graph:
    """A graph in a store. ``layout`` is "links" (2026) or "adjacency" (2025, which knows only the forward direction)."""

    def __init__(self, layout: str = "links", store: Any = None) -> None:
        if layout not in LAYOUTS:
            raise ValueError(f"there is no layout {layout!r}; use {' or '.join(LAYOUTS)}")
        self.layout = layout
        self.store = store if store is not None else Store()
        self.reads = 0

    def put(self, update: Update) -> int:
        """Store one update; gives how many storage writes it took."""
        writes = writes_of(update, self.layout)
        for write in writes:
            self.store.apply(write)
        return len(writes)

    def namespace(self, hop: Hop) -> str:
        """Give the namespace that a hop reads. ValueError where the layout has no reverse direction."""
        if self.layout == "adjacency":
            if hop.backward:
                raise ValueError(
                    f"the adjacency layout is keyed by origin and has no way back along {hop.type}; use layout='links'"
                )
            return f"edge.{hop.type}"
        return f"{'rlink' if hop.backward else 'link'}.{hop.type}"

    def neighbours(self, node: str, hop: Hop, order: str = "LATEST", page: int = PAGE, oldest_us: int = 0, now_us: int = 0,
                   walk: Walk | None = None) -> list[str]:  # fmt: skip
        """Give the ids at the other end, at most ``hop.limit``; counts calls, items and bytes in ``walk``.

        LATEST reads the whole record, page by page, and keeps the newest (ties in the order of ids); ANY stops at the limit.
        """
        space, after, found, pages = self.namespace(hop), "", [], 0
        while True:
            part = self.store.page(space, node, after, page, now_us)
            pages += 1
            if walk is not None:
                walk.calls, walk.items, walk.bytes = (
                    walk.calls + 1,
                    walk.items + len(part.items),
                    walk.bytes + part.bytes,
                )
            found += [(version, key) for key, version, _ in part.items if version >= oldest_us]
            if not part.next or (order == "ANY" and len(found) >= hop.limit):
                break
            after = part.next
        self.reads += pages
        if walk is not None:
            walk.rounds += pages  # `by level` takes the longest of a level instead
        if order == "LATEST":
            found.sort(key=lambda pair: (-pair[0], pair[1]))
        return [key for _, key in found[: hop.limit]]

    def walk(self, start: str, hops: Iterable[Hop], by_level: bool = True, order: str = "LATEST", page: int = PAGE,
             lookback_days: float | None = None, now_us: int = 0) -> Walk:  # fmt: skip
        """Walk from ``start`` along ``hops``; both ways of walking find the same nodes, in the same order, with the same calls.

        ``lookback_days`` leaves out edges older than that before ``now_us`` (None: nothing is). Raises ValueError for an unknown
        order or a page below 1.
        """
        if order not in ORDERS:
            raise ValueError(f"there is no order {order!r}; use LATEST or ANY")
        oldest = 0 if lookback_days is None else now_us - round(lookback_days * DAY_US)
        walk = Walk([[start]])
        for hop in hops:
            before, longest, level = walk.rounds, 0, dict[str, None]()
            for node in walk.levels[-1]:
                begun = walk.rounds
                for other in self.neighbours(node, hop, order, page, oldest, now_us, walk):
                    level[other] = None
                    walk.edges.append((node, other, hop.type))
                longest = max(longest, walk.rounds - begun)
                walk.note(before if by_level else begun, walk.rounds - begun)
            if by_level:
                walk.rounds = before + longest
            walk.levels.append(list(level))
        return walk

    def edges(self, type: str) -> Iterator[tuple[str, str]]:
        """Give every living edge of a type as (source, target), ordered: the graph as it can be exported."""
        space = f"{'edge' if self.layout == 'adjacency' else 'link'}.{type}"
        for source in sorted(self.store.namespaces.get(space, {})):
            after = ""
            while True:
                part = self.store.page(space, source, after)
                yield from ((source, key) for key, _, _ in part.items)
                if not part.next:
                    break
                after = part.next

    def count(self) -> tuple[int, int]:
        """Give how many nodes and edges there are."""
        spaces = self.store.namespaces
        nodes = sum(len(records) for name, records in spaces.items() if name.startswith("node."))
        prefix = "edge." if self.layout == "adjacency" else "link."
        edges = sum(
            len(r) for name, records in spaces.items() if name.startswith(prefix) for r in records.values()
        )
        return nodes, edges


def rounds_bound(limits: Iterable[int], page: int = PAGE) -> int:
    """Give the most round trips of a walk by level that stops at its limits (ANY): pages of one record, level by level."""
    return sum(math.ceil(limit / page) for limit in limits)


def items_bound(limits: Iterable[int]) -> int:
    """Give the most edges that a walk with these limits keeps: L1 + L1 L2 + L1 L2 L3 ..."""
    total, width = 0, 1
    for limit in limits:
        width *= limit
        total += width
    return total


WATCHED_ON_DEVICES = (Hop("logged_in_from"), Hop("streamed_from", backward=True))

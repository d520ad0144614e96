"""Walks to look at: a member's neighbourhood with its cost, and a record that grows.

| word       | meaning                                                                                             |
|------------|-----------------------------------------------------------------------------------------------------|
| hop time   | one round trip to the storage, in milliseconds                                                         |
| node reads | after the links, the properties of the nodes that were found; a cache answers some of them              |
| super-node | a node with very many edges: here a title that everybody streams                                       |

The time of a call is a fixed part and a part for its bytes (`FIXED_MS`, `MB_PER_S`): both are assumptions, only their sum matters here.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import accumulate
from typing import Any

from dslab.rdg.graph import PAGE, Graph, Hop, Walk, rounds_bound
from dslab.rdg.kv import item_bytes
from dslab.rdg.measures import fewer_calls
from dslab.rdg.stream import START_US, Update
from dslab.sim import Metric, Result, Series

FIXED_MS, MB_PER_S = 2.0, 50.0
HOP_MS = 10.0
PROPERTY_BYTES = 120  # what an edge carries besides its link, in the layout of 2025


@lru_cache(maxsize=8)
def household(profiles: int = 5, titles: int = 40) -> Graph:
    """Give a small graph: one account, its profiles, and the titles that each started (older ones first by number)."""
    graph = Graph("links")
    for p in range(profiles):
        graph.put(Update("has_profile", "account:1", f"profile:{p}", START_US + p, ""))
        for t in range(titles):
            title = f"title:{(p * 7 + t * 3) % 97}"
            graph.put(
                Update("started_watching", f"profile:{p}", title, START_US + 1_000 * t + p, f"{60 + t} s")
            )
    return graph


def player(profiles: int = 5, titles: int = 40, limit: int = 10, page: int = PAGE, order: str = "LATEST", way: str = "by level",
           hit_rate: float = 0.75) -> Result:  # fmt: skip
    """Walk account -> profiles -> titles started, then read the nodes that were found.

    ``profiles`` 1..10, ``titles`` a profile started 1..200, ``limit`` of titles for each profile 1..300, ``page`` 1..300 items, ``order`` LATEST or ANY,
    ``way`` "by level" or "by depth", ``hit_rate`` of the node cache 0..0.95. Metrics: ``calls``, ``rounds``, ``items``, ``bytes``, ``kept`` edges,
    ``node_calls``, ``adjacency_ms`` (the links alone), ``latency_ms`` (with the nodes). Raises ValueError out of range.
    """
    for name, value, low, high in (("profiles", profiles, 1, 10), ("titles", titles, 1, 200), ("limit", limit, 1, 300), ("page", page, 1, 300),
                                   ("hit_rate", hit_rate, 0, 0.95)):  # fmt: skip
        if not low <= value <= high:
            raise ValueError(f"{name}={value!r} is out of range; use {low} to {high}")
    if way not in ("by level", "by depth"):
        raise ValueError(f"way={way!r} is no choice; use 'by level' or 'by depth'")
    hops = (Hop("has_profile"), Hop("started_watching", limit=limit))
    walk = household(profiles, titles).walk("account:1", hops, way == "by level", order, page)
    found = len(walk.levels[1]) + len(walk.levels[2])
    node_calls = math.ceil(found / fewer_calls(hit_rate))
    node_rounds = 0 if node_calls == 0 else 1 if way == "by level" else node_calls
    latency = (walk.rounds + node_rounds) * HOP_MS
    metrics = {
        "adjacency_ms": Metric("time for adjacency", walk.rounds * HOP_MS, "ms"),
        "calls": Metric("adjacency calls", walk.calls), "rounds": Metric("round trips for adjacency", walk.rounds),
        "items": Metric("items read", walk.items), "bytes": Metric("bytes read", walk.bytes, "B"), "kept": Metric("edges kept", len(walk.edges)),
        "node_calls": Metric("node reads", node_calls), "latency_ms": Metric("latency", latency, "ms"),
    }  # fmt: skip
    text = (f"Walked {way} in pages of {page}: {counted(walk.calls, 'adjacency call')} in {counted(walk.rounds, 'round trip')} read {walk.items} items and kept {len(walk.edges)} edges, "
            f"{walk.rounds * HOP_MS:g} ms at {HOP_MS:g} ms a round trip. Of the {found} nodes found the cache leaves {node_calls} to the storage, {counted(node_rounds, 'more round trip')}: {latency:g} ms in all.")  # fmt: skip
    return Result(
        {"way": way, "page": page},
        metrics,
        text,
        _waiting(walk, node_calls, way),
        {"edges": _edges(walk), "rows": _rows(profiles, titles)},
    )


def counted(number: int, thing: str) -> str:
    """Write a number of things, such as "1 round trip" or "6 round trips"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _waiting(walk: Walk, node_calls: int, way: str) -> dict[str, Series]:
    """Give how many calls have been answered at each time."""
    steps = [*walk.answered, *([node_calls] if way == "by level" and node_calls else [1] * node_calls)]
    times = tuple(place * HOP_MS for place in range(len(steps) + 1))
    return {"answered": Series(f"walked {way}", times, (0.0, *map(float, accumulate(steps))))}


def _edges(walk: Walk) -> list[dict[str, Any]]:
    return [{"from": source, "to": target, "type": kind} for source, target, kind in walk.edges]


def _rows(profiles: int, titles: int) -> list[dict[str, Any]]:
    store = household(profiles, titles).store
    rows = store.rows("link.has_profile", "account:1", 5) + store.rows(
        "link.started_watching", "profile:0", 5
    )
    told = {
        "version": lambda row: f"t0 + {row['version'] - START_US:,} µs",
        "value": lambda row: row["value"] or "(none)",
    }
    return [row | {name: tell(row) for name, tell in told.items()} for row in rows]


# -- a record that grows ------------------------------------------------------------------------------------

SIZES = (10, 100, 1_000, 10_000, 100_000, 1_000_000, 5_000_000)
BUILT = (10, 100, 1_000)
WAYS = ("whole record", "pages, LATEST", "pages, ANY")


@lru_cache(maxsize=8)
def super_node(edges: int, layout: str) -> Graph:
    """Build a title that ``edges`` devices streamed, keyed by the title, in one of the two layouts."""
    graph = Graph(layout)
    for n in range(edges):
        graph.put(Update("streamed_from", "title:1", f"device:{n:07}", START_US + n, "x" * PROPERTY_BYTES))
    return graph


def edge_bytes(layout: str) -> int:
    """Give the bytes of one edge in the adjacency record of a layout."""
    return item_bytes("device:0000000", "x" * PROPERTY_BYTES if layout == "adjacency" else "")


def read_ms(edges: int, layout: str, way: str, limit: int = 300, page: int = PAGE) -> tuple[int, float]:
    """Give (items returned, milliseconds) of reading a super-node, in closed form."""
    if way == "whole record":
        calls, items = 1, edges
    else:
        items = min(edges, math.ceil(limit / page) * page) if way == "pages, ANY" else edges
        calls = max(1, math.ceil(items / page))
    return items, calls * FIXED_MS + items * edge_bytes(layout) / (MB_PER_S * 1_000)


def _counted_ms(edges: int, layout: str, way: str, limit: int, page: int) -> float:
    """Give the milliseconds of the same read, with calls and bytes counted on a record that was built."""
    walk = super_node(edges, layout).walk("title:1", [Hop("streamed_from", limit=limit)], order="ANY" if way == "pages, ANY" else "LATEST",
                                          page=edges if way == "whole record" else page)  # fmt: skip
    return walk.calls * FIXED_MS + walk.bytes / (MB_PER_S * 1_000)


def wide(
    edges: int = 1_000_000,
    layout: str = "adjacency",
    way: str = "whole record",
    limit: int = 300,
    page: int = PAGE,
) -> Result:
    """Read a super-node of 10..5,000,000 edges in one layout and one of `WAYS`, with a ``limit`` of edges and a ``page`` of items.

    Metrics: ``ms``, ``items``, ``record_mb`` (size of the record), ``rounds``. Raises ValueError out of range.
    """
    if not 10 <= edges <= 5_000_000 or not 1 <= limit <= 10_000 or not 10 <= page <= 10_000:
        raise ValueError("edges must be 10 to 5,000,000, limit 1 to 10,000 and page 10 to 10,000")
    if layout not in ("adjacency", "links") or way not in WAYS:
        raise ValueError(
            f"layout={layout!r}, way={way!r} is no choice; use adjacency or links, and one of {', '.join(WAYS)}"
        )
    items, ms = read_ms(edges, layout, way, limit, page)
    record_mb = edges * edge_bytes(layout) / 1e6
    rounds = 1 if way == "whole record" else max(1, math.ceil(items / page))
    series = {
        f"{name} (theory)": Series(
            f"{name}", SIZES, tuple(read_ms(size, layout, name, limit, page)[1] for size in SIZES), "theory"
        )
        for name in WAYS
    }
    series["counted"] = Series(
        f"{way}, counted",
        tuple(map(float, BUILT)),
        tuple(_counted_ms(size, layout, way, limit, page) for size in BUILT),
    )
    metrics = {"ms": Metric("time", ms, "ms"), "items": Metric("items returned", items), "record_mb": Metric("record", record_mb, "MB"),
               "rounds": Metric("round trips", rounds), "rounds_bound": Metric("most round trips at the limit", rounds_bound([limit], page))}  # fmt: skip
    told = {"adjacency": "properties inside", "links": "links alone"}[layout]
    trips = counted(rounds, "round trip")
    lasts = f"{ms:.1f} ms" if ms < 1_000 else f"{ms / 1_000:.1f} s"
    text = (f"The record holds {edges:,} edges, {told}: {record_mb:,.3g} MB. Reading it as {way} takes {trips}, returns {items:,} items and "
            f"lasts {lasts} with the assumed storage.")  # fmt: skip
    return Result({"way": way, "layout": layout, "edges": edges}, metrics, text, series)

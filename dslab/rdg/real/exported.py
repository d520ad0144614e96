"""The graph exported to networkx, whose algorithms must agree with our walks."""

from __future__ import annotations

from typing import Any

from dslab.rdg.graph import Graph, Hop
from dslab.rdg.stream import EDGE_TYPES


def to_networkx(graph: Graph) -> Any:
    """Give the graph as a networkx.MultiDiGraph; each edge has its ``type``."""
    import networkx

    exported = networkx.MultiDiGraph()
    for kind in EDGE_TYPES:
        exported.add_edges_from((source, target, {"type": kind}) for source, target in graph.edges(kind))
    return exported


def agrees_with_networkx(graph: Graph, starts: list[str], types: tuple[str, ...]) -> int:
    """Count the starts from which a walk along ``types`` reaches, at its last level, what networkx finds at that distance.

    networkx searches the subgraph of those edge types, in which each type leads from one kind of node to the next, so that
    distance and level are the same thing.
    """
    import networkx

    exported = to_networkx(graph)
    part = networkx.DiGraph((s, t) for s, t, kind in exported.edges(data="type") if kind in types)
    agreed = 0
    for start in starts:
        walked = set(graph.walk(start, [Hop(kind, limit=10_000) for kind in types]).levels[-1])
        at = (
            networkx.single_source_shortest_path_length(part, start, cutoff=len(types))
            if start in part
            else {}
        )
        agreed += walked == {node for node, distance in at.items() if distance == len(types)}
    return agreed

"""The model of the hashing explorer: one change of membership, five methods."""

from __future__ import annotations

from functools import lru_cache

from dslab.concepts.hashing import METHODS, busiest, least_moved, modulo_moved, moved, owner
from dslab.sim import Metric, Result

KEYS = tuple(f"key {number}" for number in range(800))


@lru_cache(maxsize=64)
def _owners(method: str, first: int, last: int, points: int) -> tuple[str, ...]:
    node = owner(method, [f"node {number}" for number in range(first, last)], points, slots=211)
    return tuple(node(key) for key in KEYS)


def change(nodes: int = 10, points: int = 32, event: str = "added") -> Result:
    """Add a node, or let the last or the first leave. Metrics by method, per cent: its name (keys moved), ``over <name>`` (fullest node above its fair share).

    ``least``: the least that must move; ``modulo_theory``: what modulo moves when one is added.
    """
    spans = {"added": (0, nodes + 1), "last leaves": (0, nodes - 1), "first leaves": (1, nodes)}
    metrics: dict[str, Metric] = {}
    for method in METHODS:
        before = _owners(method, 0, nodes, points)
        after = _owners(method, *spans[event], points)
        metrics[method] = Metric(method, 100 * moved(before, after), "%")
        metrics[f"over {method}"] = Metric(f"{method}, fullest", 100 * (busiest(before, nodes) - 1), "%")
    least = least_moved(nodes) if event == "added" else 1 / nodes
    metrics["least"] = Metric("least", 100 * least, "%")
    metrics["modulo_theory"] = Metric("modulo, closed form", 100 * modulo_moved(nodes), "%")
    words = {
        "added": f"{nodes} nodes become {nodes + 1}",
        "last leaves": f"the last of {nodes} nodes leaves",
        "first leaves": f"the first of {nodes} nodes leaves",
    }
    rest = ", ".join(f"{method} {metrics[method].value:.0f} %" for method in METHODS[1:])
    text = (
        f"{words[event][0].upper()}{words[event][1:]}: modulo moves {metrics['modulo'].value:.0f} % of the keys, {rest}; at least {100 * least:.0f} % must move. The "
        f"fullest node of the ring with {points} points each had {metrics['over ring'].value:.0f} % more than its share."
    )
    return Result({"nodes": nodes, "points": points, "event": event}, metrics, text)

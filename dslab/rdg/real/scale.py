"""How ingestion and the size of the graph grow: events a second on one core, bytes an edge."""

from __future__ import annotations

import time
from itertools import count

from dslab.rdg.graph import Graph
from dslab.rdg.pipeline import Counts, ingest_in_slices
from dslab.rdg.stream import actions
from dslab.sim.result import Metric, Result, Series


def growth(sizes: tuple[int, ...] = (10_000, 100_000)) -> Result:
    """Ingest until the graph has each of ``sizes`` edges (rising); series ``rate_measured`` (messages/s) and ``bytes`` (an edge).

    Bytes are keys, versions and values of everything stored, links and properties and nodes, divided by the edges: no overhead of any store.
    Rates are measured and differ from run to run; the text says only what does not. Raises ValueError where sizes do not rise.
    """
    if not sizes or list(sizes) != sorted(set(sizes)) or sizes[0] < 100:
        raise ValueError(f"sizes={sizes} must rise, and begin at 100 or more")
    rates, per_edge, reached = [], [], []
    graph, counts, spent = Graph(), Counts(), 0.0
    steps = ingest_in_slices(actions(10**9, accounts=20_000), graph, slice_size=1_000)
    for size in sizes:
        for _ in count():
            begun = time.process_time()
            counts = next(steps)
            spent += time.process_time() - begun
            if counts.by_type and graph.count()[1] >= size:
                break
        reached.append(float(graph.count()[1]))
        rates.append(counts.messages / spent)
        per_edge.append(graph.store.bytes() / reached[-1])
    spread = max(per_edge) / min(per_edge) - 1
    text = (f"From {sizes[0]:,} to {sizes[-1]:,} edges the payload stays near {per_edge[-1]:.0f} bytes an edge (within {100 * spread:.0f} %): "
            "a link, its reverse, the properties and the nodes.")  # fmt: skip
    metrics = {"bytes_per_edge": Metric("payload an edge", per_edge[-1], "B"), "spread": Metric("spread", spread),
               "messages_per_s_measured": Metric("ingestion on one core", rates[-1], "1/s")}  # fmt: skip
    series = {
        "rate_measured": Series("messages/s", tuple(reached), tuple(rates), "measured"),
        "bytes": Series("bytes an edge", tuple(reached), tuple(per_edge)),
    }
    return Result({"sizes": sizes}, metrics, text, series)

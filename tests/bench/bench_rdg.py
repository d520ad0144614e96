"""The real-time graph: messages ingested per second on one core, bytes an edge, and how both grow from 10,000 to 1,000,000 edges.

CPU time of this process; bytes are what is stored (keys, versions, values), without the overhead of any store.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from dslab.rdg.real import growth

SIZES = (10_000, 100_000, 1_000_000)
SLOWEST, WIDEST = 0.5, 1.25  # of the rate, and of the bytes an edge, at the first size


def rows() -> list[dict[str, Any]]:
    """Measure."""
    grown = growth(SIZES)
    rates, sizes = grown.series["rate_measured"].y, grown.series["bytes"].y
    slower, wider = min(rates) / rates[0], max(sizes) / sizes[0]
    return [
        _row("ingestion", rates, "/s", slower, f"never below {SLOWEST} of the first", slower >= SLOWEST),
        _row("payload an edge", sizes, " B", wider, f"never above {WIDEST} of the first", wider <= WIDEST),
    ]


def _row(
    what: str, values: tuple[float, ...], unit: str, ratio: float, budget: str, ok: bool
) -> dict[str, Any]:
    told = ", ".join(f"{value:,.0f}{unit}" for value in values)
    at = ", ".join(f"{size:,}" for size in SIZES)
    return {
        "what": f"{what} at {at} edges",
        "ours": told,
        "peer": "",
        "ratio": f"{ratio:.2f}",
        "budget": budget,
        "ok": ok,
    }

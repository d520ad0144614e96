"""Live streaming: how fast playlists are written and checked, and how fast the models that a slider moves answer.

CPU time of this process, warm, best of three.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from dslab.concepts.playlists import Stream, check, check_reload
from dslab.concepts.streaming import ingest, path, player

SLIDER_MS = 40


def best(work: Callable[[int], object], times: int) -> float:
    """Give the seconds of one call, best of three rounds of ``times`` calls."""
    found = []
    for turn in range(3):
        begun = time.process_time()
        for call in range(times):
            work(turn * times + call)
        found.append((time.process_time() - begun) / times)
    return min(found)


def _reload(call: int) -> None:
    stream = Stream(4, 4, 500, (5,))
    before, after = stream.playlist(40_000 + 4_000 * call), stream.playlist(44_000 + 4_000 * call)
    assert check(after) == [] and check_reload(before, after) == []


def rows() -> list[dict[str, Any]]:
    """Measure playlists per second, and a move of each slider's model (another seed each time, so that nothing is remembered)."""
    per_s = 1 / best(_reload, 50)
    found = [
        {
            "what": "low-latency playlists written and checked",
            "ours": f"{per_s:,.0f}/s",
            "peer": "",
            "ratio": "",
            "budget": "200/s",
            "ok": per_s >= 200,
        }
    ]
    models: dict[str, Callable[[int], object]] = {
        "latency budget": lambda call: path.budget(seed=call),
        "lost packets": lambda call: ingest.lost_packets(seed=call),
        "stalls against buffer": lambda call: player.buffers(mean_s=3.0),
    }
    for name, model in models.items():
        ms = 1_000 * best(model, 5)
        found.append(
            {
                "what": f"streaming: {name}, one move",
                "ours": f"{ms:.0f} ms",
                "peer": "",
                "ratio": "",
                "budget": f"{SLIDER_MS} ms",
                "ok": ms <= SLIDER_MS,
            }
        )
    return found


if __name__ == "__main__":
    for row in rows():
        print(row)

"""What a lesson costs: memory of one student's kernel at its end, and the time that strict nbval takes for all notebooks.

Memory is what the kernel alone holds (its unique set size where the system tells it, else its resident set), after every cell of
the notebook was run once. No peer: thirty students share one machine, so the budget is a room's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MEMORY_MB, NBVAL_S = 150, 300


def memory_mb(path: Path) -> float:
    """Run a notebook with a kernel of its own; gives the kernel's megabytes after the last cell."""
    import nbformat
    import psutil
    from nbclient import NotebookClient

    notebook = nbformat.read(path, 4)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}})
    held = []

    def weigh(**_: Any) -> None:
        kernel = psutil.Process(client.km.provisioner.pid)
        memory = kernel.memory_full_info() if hasattr(kernel, "memory_full_info") else kernel.memory_info()
        held.append(getattr(memory, "uss", memory.rss) / 1e6)

    client.on_cell_executed = weigh
    client.execute()
    return held[-1]


def nbval_seconds() -> float:
    """Compare every output of every notebook, two at a time; gives seconds. Raises CalledProcessError where one differs."""
    options = ["--nbval", "--nbval-current-env", "-n", "2", "--dist", "loadfile", "-q", "notebooks"]
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1"},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.monotonic() - begun


def _row(what: str, ours: str, budget: str, ok: bool) -> dict[str, Any]:
    return {"what": what, "ours": ours, "peer": "", "ratio": "", "budget": budget, "ok": ok}


def rows() -> list[dict[str, Any]]:
    """Measure every notebook."""
    measured = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        held = memory_mb(path)
        measured.append(
            _row(
                f"memory of a kernel after {path.stem}",
                f"{held:.0f} MB",
                f"< {MEMORY_MB} MB",
                held < MEMORY_MB,
            )
        )
    seconds = nbval_seconds()
    measured.append(
        _row("strict nbval of all notebooks", f"{seconds:.0f} s", f"< {NBVAL_S} s", seconds < NBVAL_S)
    )
    return measured

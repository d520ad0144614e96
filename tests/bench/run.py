"""Measure the budgets beside their peers: find bench_*.py beside this file, run each, print one table.

A bench file has ``rows() -> list[dict]``; each row says ``what`` was measured, ``ours``, the ``peer`` ("" where there is
none), their ``ratio``, the ``budget``, and whether it is ``ok``. Run it on an idle machine: ``make bench``, or
``make bench N=sim`` for the files whose name holds "sim". The exit code is 1 where a budget is missed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
COLUMNS = ("what", "ours", "peer", "ratio", "budget", "ok")


def files(part: str = "") -> list[Path]:
    """Give the bench files whose name holds ``part``, in order."""
    return sorted(path for path in HERE.glob("bench_*.py") if part in path.stem)


def measure(path: Path) -> list[dict[str, Any]]:
    """Run one bench file; ValueError where a row lacks a column."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    rows = module.rows()
    for row in rows:
        if missing := [column for column in COLUMNS if column not in row]:
            raise ValueError(f"{path.name}: a row lacks {', '.join(missing)}; it has {', '.join(row)}")
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Give the rows as aligned text; a missed budget is marked in words."""
    cells = [
        COLUMNS,
        *([*(str(row[column]) for column in COLUMNS[:-1]), "yes" if row["ok"] else "MISSED"] for row in rows),
    ]
    widths = [max(len(line[place]) for line in cells) for place in range(len(COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and give the exit code: 0 all budgets kept, 1 one missed, 2 nothing to measure."""
    parser = argparse.ArgumentParser(description="Measure the budgets beside their peers, in one run.")
    parser.add_argument(
        "part", nargs="?", default="", help="only the files whose name holds this, for example sim"
    )
    part = parser.parse_args(arguments).part
    if not (found := files(part)):
        print(
            f"No bench file has {part!r} in its name; there are {', '.join(path.stem for path in files()) or 'none'}.",
            file=sys.stderr,
        )
        return 2
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores{load}. A busy machine measures badly.")
    rows: list[dict[str, Any]] = []
    for path in found:
        begun = time.perf_counter()
        rows += measure(path)
        print(f"  {path.stem}: {time.perf_counter() - begun:.1f} s", flush=True)
    print("\n" + table(rows))
    missed = sum(not row["ok"] for row in rows)
    print(f"\n{len(rows) - missed} of {len(rows)} budgets kept.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

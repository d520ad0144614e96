"""Tables of searches: every anomaly of a lesson against every column (a defence that is off, a design, a version).

| name       | what it is                                                                      |
|------------|---------------------------------------------------------------------------------|
| `Cell`     | one place: the anomaly, the column, and the referee's verdict                   |
| `searches` | search all places, one after the other; tells how far it is                     |
| `finished` | run such a search to its end, where nobody wants to know how far it is          |
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, NamedTuple

from dslab.check.explore import Verdict


class Cell(NamedTuple):
    """One place of a table. ``column``: what is off ("" for nothing), or the design or version that is tried."""

    anomaly: str
    column: str
    verdict: Verdict


def searches(
    anomalies: Iterable[str], columns: Iterable[str], search: Callable[[str, str], Verdict]
) -> Generator[float, None, list[Cell]]:
    """Search every anomaly in every column, row by row: a generator of the share done (0 to below 1); returns the cells."""
    columns = tuple(columns)
    todo = [(anomaly, column) for anomaly in anomalies for column in columns]
    cells = []
    for done, (anomaly, column) in enumerate(todo):
        yield done / len(todo)
        cells.append(Cell(anomaly, column, search(anomaly, column)))
    return cells


def finished(steps: Generator[float, None, Any]) -> Any:
    """Run a generator that gives shares and returns a result to its end; gives the result."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value

"""What every lesson shows of its referee: a schedule, a table of searches, its rows in words, and the reader as adversary.

| name               | what it shows                                                                      |
|--------------------|------------------------------------------------------------------------------------|
| `schedule_picture` | the shortest schedule of a verdict, to step through                                  |
| `adversary`        | an anomaly's scenario, with the reader as network and scheduler                       |
| `matrix`           | each anomaly against each defence, design or version: how its search ended             |
| `anomaly_table`    | each row of that table in words: what happens, and what must hold                      |
| `summary`          | how much was searched                                                                |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dslab import show
from dslab.check import Anomaly, Cell, Stepper, Verdict
from dslab.show import Heatmap, SpaceTime


def schedule_picture(verdict: Verdict, title: str = "") -> Any:
    """The shortest schedule that a verdict found, to step through. ValueError where it found none."""
    if verdict.trace is None:
        raise ValueError("this verdict found nothing, so there is no schedule to show")
    return show.picture(
        SpaceTime(verdict.trace, title=title or f"{verdict.scenario}: the shortest schedule found")
    )


def adversary(anomaly: Anomaly, role: str = "Be the adversary", **positions: Any) -> Any:
    """Be the network and the scheduler of an anomaly's scenario, with everything on but ``positions``."""
    from dslab.show.adversary import Adversary

    stepper = Stepper(anomaly.scenario(**positions), anomaly.invariants)
    return Adversary(stepper, title=f"{role}: {anomaly.name}", goal=f"make {anomaly.invariant.name} break")


def outcome(verdict: Verdict) -> str:
    """Give the word for how a search ended: broken, sampled (held in all that were drawn), or held."""
    return "broken" if not verdict.held else "sampled" if verdict.sampled else "held"


def matrix(
    cells: Iterable[Cell], columns: Mapping[str, str], title: str, axis: str = "with this off", **kwargs: Any
) -> Any:
    """Show how the search of each anomaly (a row) ended in each column; ``columns`` maps a cell's column to its heading.

    ``kwargs`` go to the Heatmap (``states``: the mood of each word).
    """
    found: dict[str, dict[str, str]] = {}
    for cell in cells:
        found.setdefault(cell.anomaly, {})[cell.column] = outcome(cell.verdict)
    words = tuple(tuple(row[column] for column in columns) for row in found.values())
    return show.picture(
        Heatmap(tuple(found), tuple(columns.values()), words, "anomaly", axis, title=title, **kwargs)
    )


def without(defences: Iterable[str], nothing: str = "nothing off") -> dict[str, str]:
    """Give the columns of a table of defences: nothing off, then each of them."""
    return {"": nothing, **{name: f"no {name}" for name in defences}}


def anomaly_table(anomalies: Iterable[Anomaly], title: str = "The rows of the table above") -> Any:
    """Every anomaly in a line: what happens, and the sentence that must hold."""
    rows = [
        {
            "anomaly": each.name,
            "what happens": each.title,
            "must hold": f"{each.invariant.name}: {each.invariant.sentence}",
        }
        for each in anomalies
    ]
    return show.table(rows, title=title)


def summary(cells: Sequence[Cell], surprises: str) -> str:
    """Say how much a table's search covered; ``surprises`` says up to how many, in words ("up to 2 surprises")."""
    verdicts = [cell.verdict for cell in cells]
    searched = sum(verdict.searched + verdict.sampled for verdict in verdicts)
    sampled = sum(bool(verdict.sampled) for verdict in verdicts)
    broken = sum(not verdict.held for verdict in verdicts)
    rest = (
        f"{sampled} had more schedules than the budget and were sampled"
        if sampled
        else "each of the others ran every one of them"
    )
    return f"{len(verdicts)} searches, {searched:,} schedules with {surprises}: {broken} found a violation, {rest}."

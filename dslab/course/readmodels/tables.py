"""What lesson 9 prints in tables: the designs, the anomalies and their searches, prices, locks, and what the server said.

| table              | what a line is                                                                  |
|--------------------|---------------------------------------------------------------------------------|
| `design_table`     | a design of the matrix: its switches in words                                      |
| `anomaly_table`    | a row of the matrix: what happens, and what must hold                              |
| `matrix_picture`   | an anomaly's scenario under each design: held, broken, or broken otherwise            |
| `lock_worth_table` | one append beside one rebuild, with and without the lock                           |
| `mechanism_table`  | a mechanism: what shows without it, and what it cannot do                          |
| `steps_table`      | a step of a schedule                                                              |
| `price_table`      | a design under load                                                               |
| `lock_table`       | a statement on advisory locks                                                     |
| `races_table`, `loaded_table` | what PostgreSQL did                                                    |
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from dslab import show
from dslab.check import Cell, Verdict, finished, named
from dslab.check.replay import parse_token
from dslab.course import referee
from dslab.course.readmodels.explorers import BUSY
from dslab.readmodels import anomalies, load
from dslab.readmodels.locks import play
from dslab.readmodels.protocol import Switches
from dslab.readmodels.real import LOADED
from dslab.readmodels.real import stored as stored_run
from dslab.readmodels.real.cases import CASES
from dslab.show import Heatmap
from dslab.show.words import plural
from dslab.sim import Result

# -- designs and anomalies --------------------------------------------------------------------------------

SHORT = dict(
    zip(
        anomalies.DESIGNS,
        ("none", "lock", "status", "article", "corrected", "two st.", "all on", "barrier", "long lock"),
        strict=True,
    )
)
_REST = {
    "fence": "fence", "activates": "only a complete replay activates", "clock": "running clock", "unregistered": "unregistered: skip",
    "apply": "versioned apply", "reader": "xmin rule", "ends": "end after all that ran",
}  # fmt: skip


def design_table() -> Any:
    """Every design in a line, told from its switches."""
    rows = [_design_row(name, Switches(**positions)) for name, positions in anomalies.DESIGNS.items()]
    return show.table(rows, title="The nine designs, from the switches that make them")


def _design_row(name: str, switches: Switches) -> dict[str, str]:
    exclusive = {"none": "no lock", "try": "tries", "wait": "waits"}[switches.rebuild_lock]
    until = {"start": "to start", "replay": "for the whole replay"}[switches.held]
    right = [
        word for switch, word in _REST.items() if getattr(switches, switch) == getattr(Switches(), switch)
    ]
    return {
        "design": name,
        "short": SHORT[name],
        "an append": {"none": "no lock", "try": "tries", "wait": "waits"}[switches.append_lock],
        "a rebuild": exclusive if exclusive == "no lock" else f"{exclusive}, {until}",
        "status row": "yes" if switches.status_row else "no",
        "asked in": "–" if switches.append_lock != "try" or not switches.status_row else switches.check,
        "skip records": "yes" if switches.skip_records else "no",
        "at the end": "barrier" if switches.completion == "barrier" else "flips",
        "others": "all" if len(right) == len(_REST) else ", ".join(right) or "none",
    }


def anomaly_table() -> Any:
    """Every anomaly in a line: what happens, and the sentence that must hold."""
    return referee.anomaly_table(anomalies.ANOMALIES.values())


@cache
def _cells() -> tuple[Cell, ...]:
    return tuple(finished(anomalies.matrix()))


def _word(cell: Cell) -> str:
    return "otherwise" if anomalies.otherwise(cell) else referee.outcome(cell.verdict)


def matrix_picture() -> Any:
    """In which design the scenario of each anomaly breaks its invariant: searched now, every cell of it."""
    words = {(cell.anomaly, cell.column): _word(cell) for cell in _cells()}
    cells = tuple(tuple(words[name, design] for design in SHORT) for name in anomalies.ANOMALIES)
    title = "In which design the scenario of each anomaly breaks its invariant"
    states = {"otherwise": "warn"}
    rows, columns = tuple(anomalies.ANOMALIES), tuple(SHORT.values())
    return show.picture(Heatmap(rows, columns, cells, "anomaly", "design", title=title, states=states))


def matrix_summary() -> str:
    """Say how much the table's search covered, and how many cells are broken by something else than their row's name."""
    others = sum(_word(cell) == "otherwise" for cell in _cells())
    return (
        f"{referee.summary(_cells(), 'up to 2 surprises')} {others} of the violations are marked “otherwise”."
    )


def shortest_table() -> Any:
    """For every anomaly and design: how many surprises the shortest schedule has that was found."""
    found = {(cell.anomaly, cell.column): cell.verdict for cell in _cells()}
    rows = [
        {"anomaly": name} | {short: _surprises(found[name, design]) for design, short in SHORT.items()}
        for name in anomalies.ANOMALIES
    ]
    return show.table(
        rows, title="Surprises in the shortest schedule found, designs as above; a dash where none was found"
    )


def _surprises(verdict: Verdict) -> str:
    return "–" if verdict.held else str(verdict.deviations)


# -- what a mechanism is worth ------------------------------------------------------------------------------


def lock_worth_table() -> Any:
    """Search *status only* with and without the lock, asked in one statement and in two."""
    rows = []
    for words, lock in (("status row alone", "none"), ("status row and lock", "try")):
        row = {"an append asks for": words}
        for check in ("one statement", "two statements"):
            positions = {"append_lock": lock, "rebuild_lock": lock, "check": check}
            verdict = anomalies.search("status only", **positions)
            row[f"in {check}"] = (
                f"held in {verdict.searched} schedules"
                if verdict.held
                else f"e2 twice, with {plural(verdict.deviations, 'surprise')}"
            )
        rows.append(row)
    return show.table(rows, title="What the lock is worth: one append beside one rebuild, everything else on")


_CANNOT = {
    "advisory lock": "outlive its owner; nor make up for a status that is older than the lock",
    "status row": "stop an append that has read it and not committed yet",
    "two statements": "say anything of what happens between the answer and the commit",
    "skip records": "save an event that was applied and then thrown away, nor keep events in order",
    "fence": "keep two rebuilds from starting; it only stops the wrong one from activating",
    "end after all that ran": "wait for an append that began after the rebuild had started, skipped, and commits later",
    "versioned apply": "help a projection that appends to a list: the older entry must go in, not be refused",
}
_SWITCH = {"advisory lock": "append_lock", "status row": "status_row", "two statements": "check", "skip records": "skip_records",
           "fence": "fence", "end after all that ran": "ends", "versioned apply": "apply"}  # fmt: skip


def mechanism_table() -> Any:
    """Every mechanism: the anomaly that shows without it, and what it cannot do."""
    rows = [
        {"mechanism": name, "without it": ", ".join(_about(_SWITCH[name])), "what it cannot": cannot}
        for name, cannot in _CANNOT.items()
    ]
    rows.append(
        {
            "mechanism": "barrier (in place of skip records)",
            "without it": ", ".join(_about("skip_records")),
            "what it cannot": "be had for nothing: appends wait for the longest transaction that is open",
        }
    )
    return show.table(rows, title="What each mechanism is for, and what it cannot do")


def _about(switch: str) -> list[str]:
    return [each.name for each in anomalies.ANOMALIES.values() if switch in each.mechanism]


# -- a schedule, step by step ---------------------------------------------------------------------------------


def steps_table(verdict: Verdict) -> Any:
    """The schedule that a verdict found, one step a line; ValueError where it found none."""
    if verdict.held:
        raise ValueError("this verdict found nothing, so there is no schedule to show")
    unusual = {place for place, _ in parse_token(verdict.token, verdict.scenario)}
    rows = []
    for place, line in enumerate(verdict.schedule):
        who, _, does = line.partition(": ")
        rows.append(
            {"step": place + 1, "who": who, "does": does, "surprise": "yes" if place in unusual else ""}
        )
    return show.table(rows, title=f"{verdict.scenario}: the shortest schedule found")


# -- under load, locks ------------------------------------------------------------------------------------------


def price_table() -> Any:
    """Each design's price under the load with which the explorer of act 3 opens."""
    rows = []
    for design in load.DESIGNS:
        run = load.load(design=design, **BUSY)
        rows.append({"design": design, "lost": round(run["lost"], 1), "applied twice": round(run["doubled"], 1),
                     "start delay, ms": round(run["start_ms"], 1), "pause of appends, ms": round(run["pause_ms"], 1),
                     "skip records written": round(run["records"], 1)})  # fmt: skip
    title = "One rebuild among {writers} writers, transactions of {hold_ms} ms, a replay of {replay_ms} ms: what each design costs (means)"
    return show.table(rows, title=title.format(**BUSY))


def lock_table(what: str | Sequence[tuple[str, str]]) -> Any:
    """Play statements on the model's lock table: the name of a matrix, or a list of (session, SQL). ValueError for another name.

    "At once" is what a statement gave when it ran, "in the end" what became of it: ``true``, ``false``, ``waits``, ``ok`` or an SQLSTATE.
    """
    lines = named(CASES, what, "lock matrix") if isinstance(what, str) else what
    title = f"Advisory locks: {what}" if isinstance(what, str) else "Advisory locks: statements of your own"
    rows = [
        {"session": step.session, "statement": step.statement, "at once": step.word, "in the end": step.final}
        for step in play(lines)
    ]
    return show.table(rows, title=title)


# -- for real -----------------------------------------------------------------------------------------------------


def races_table(result: Result) -> Any:
    """The forced races: how each ended with everything on, and with the switch off that the model names."""
    return show.table(result.tables["races"], title="Forced races on PostgreSQL")


def loaded_table(result: Result | None = None) -> Any:
    """What each design came to under load on PostgreSQL: of ``result`` (`real.under_load()`), or of the stored run."""
    stored = result is None
    if result is None:
        result = stored_run("under_load")
    rows = []
    for design in LOADED:
        count = {
            name: result[f"{design}: {name}_measured"]
            for name in ("rebuilds_wrong", "lost", "doubled", "appends", "pause_ms")
        }
        rows.append({"design": design, "rebuilds that went wrong": count["rebuilds_wrong"], "lost": count["lost"], "applied twice": count["doubled"],
                     "appends": count["appends"], "longest pause, ms": round(count["pause_ms"], 1)})  # fmt: skip
    writers, rebuilds = result.params["writers"], result.params["rebuilds"]
    title = f"{writers} writers on PostgreSQL, {rebuilds} rebuilds with each design" + (
        " (a stored run on two busy cores)" if stored else ""
    )
    return show.table(rows, title=title)

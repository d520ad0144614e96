"""What lesson 5 shows of its referee: two tables of searches, their rows and columns in words, what each design costs, the zoo."""

from __future__ import annotations

from functools import cache
from typing import Any

from dslab import show
from dslab.check import Verdict, finished
from dslab.course import referee
from dslab.pacer import anomalies, failover
from dslab.show import Heatmap

DEFENCE_WORDS = {
    "owner": "one broker takes from a partition; without it everybody does",
    "sized partitions": "a queue has as many partitions as its jobs need; without it every queue has all",
    "pods": "each queue has worker processes of its own",
    "own threads": "enqueues and dequeues have threads of their own",
    "idempotence": "doing a job again changes nothing",
    "report after work": "a worker reports when the work is done, not when it gets the job",
    "monitor": "a claim that has run out is taken back, and the job is pending again",
    "checkpoint guard": "a checkpoint counts only under the claim descriptor that the row has",
    "report guard": "a report counts only under the claim descriptor that the row has",
    "short lease": "what was claimed ahead comes back 4.5 s after its broker's last heartbeat, not after 600 s",
    "fence": "the table refuses a claim of an older epoch",
    "hand-out check": "a hand-out is a conditional UPDATE at the table",
    "blocking retries": "FIFO: a job that failed keeps its place, and the others wait for it",
    "one at a time": "FIFO: no job is handed out while an earlier one is running",
    "wait for claimed": "FIFO: no job is handed out while an earlier one is pending or claimed ahead",
    "one UPDATE": "a claim is one statement, not a read and then a write",
}


@cache
def _matrix_cells() -> tuple[anomalies.Cell, ...]:
    return tuple(finished(anomalies.matrix()))


@cache
def _design_cells() -> tuple[Any, ...]:
    return tuple(finished(anomalies.designs()))


def matrix_picture() -> Any:
    """Which defence stops which anomaly: searched now, every cell in which a schedule asks for the switch."""
    moods = {"ok": "good", "fails": "bad", "some": "warn", "n/a": "neutral", "idle": "neutral"}
    found = {
        (cell.anomaly, cell.column): "idle" if cell.unread else _short(cell.verdict)
        for cell in _matrix_cells()
    }
    names, offs = anomalies.ONE_AT_A_TIME, ("", *anomalies.DEFENCES)
    words = tuple(tuple(found[name, off] for off in offs) for name in names)
    headings = ("nothing", *anomalies.DEFENCES)
    title = "Which defence stops which anomaly"
    return show.picture(
        Heatmap(names, headings, words, "anomaly", "with this off", title=title, states=moods)
    )


def _short(verdict: Verdict) -> str:
    return (
        {"held": "ok", "broken": "fails", "sampled": "some"}[referee.outcome(verdict)]
        if _applies(verdict)
        else "n/a"
    )


def _applies(verdict: Verdict) -> bool:
    """False where what must happen at least once does not, so that the search shows nothing."""
    return verdict.kind != "sometimes"


def zoo_table(report: Any) -> Any:
    """What the zoo's referee said of each variant: the rows of a report of `ZOO.run`, without their schedules."""
    rows = [
        {"variant": row.name, "its bug": row.description, "outcome": row.cells[3], "by which invariant": row.cells[4],
         "schedules searched": row.cells[6]}
        for row in report.rows
    ]  # fmt: skip
    return show.table(rows, title="Right variants and mutants")


def matrix_summary() -> str:
    """Say how much the table's search covered."""
    cells = _matrix_cells()
    done = [cell.verdict for cell in cells if not cell.unread]
    searched = sum(verdict.searched + verdict.sampled for verdict in done)
    broken = sum(_short(verdict) == "fails" for verdict in done)
    return (f"{len(done)} searches, {searched:,} schedules, with one surprise, or two where a broker stands still and goes on; {broken} found a "
            f"violation. In {len(cells) - len(done)} cells (idle) no schedule ever asks for the switch.")  # fmt: skip


def anomaly_table() -> Any:
    """Every anomaly in a line: what happens, and the sentence that must hold."""
    return referee.anomaly_table(anomalies.ANOMALIES.values(), "The rows of both tables")


def defence_table() -> Any:
    """Every defence in a line: what the system does with it."""
    rows = [{"defence": name, "with it": DEFENCE_WORDS[name]} for name in anomalies.DEFENCES]
    return show.table(rows, title="The columns of the table above")


def designs_picture() -> Any:
    """Eight ways to prefetch, and what a death or a standstill does to each: searched now."""
    names = anomalies.OF_DESIGNS
    cells = {(cell.anomaly, cell.column): referee.outcome(cell.verdict) for cell in _design_cells()}
    words = tuple(tuple(cells[name, design] for name in names) for design in anomalies.DESIGNS)
    return show.picture(
        Heatmap(tuple(anomalies.DESIGNS), names, words, "design", "anomaly", title="Eight ways to prefetch")
    )


def prices_table() -> Any:
    """What each way to prefetch costs, and what it does when A stands still or dies: simulated now."""
    rows = []
    for name, positions in anomalies.DESIGNS.items():
        switches = {"prefetch": "prefetch", "prefetch_lease": "lease", "handout_check": "check"}
        settings = {switches[switch]: value for switch, value in positions.items()}
        calm, still, dead = (
            failover.failover(happens=what, **settings) for what in ("nothing", "stands still", "killed")
        )
        two = failover.failover(happens="nothing", ownership=False, **settings)
        rows.append({"design": name, "statements a job": round(calm["writes"], 2), "of these while a worker waits": round(calm["asked"], 2),
                     "twice after 8 s still": int(still["twice"]), "a death delays by (s)": round(dead["added_s"], 1),
                     "two owners: statements a job": round(two["writes"], 2), "two owners: twice": int(two["twice"])})  # fmt: skip
    return show.table(rows, title="What each way costs: 70 jobs, ten ahead")

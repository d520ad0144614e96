"""What the lesson shows of PostgreSQL: forced races, rebuilds under load, and the lock matrices.

Each result runs live; without a ``lab`` it starts a server and stops it, and where there can be none it is the stored one,
with the reason (``python -m dslab.readmodels.real`` stores them anew). Metrics whose names end in ``_measured`` differ from run to
run and stay out of the sentences.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dslab import real
from dslab.check import positioned
from dslab.readmodels import locks
from dslab.readmodels.anomalies import DESIGNS
from dslab.readmodels.protocol import Switches
from dslab.readmodels.real import matrix
from dslab.readmodels.real.cases import CASES
from dslab.readmodels.real.sql import DOUBLED, EMPTY, KEY, LOST, TABLES, Append, Rebuild, drain, value
from dslab.sim.result import Metric, Result, Series

STORED = Path(__file__).with_name("stored")
HOLD_MS_MAX = 20.0
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
QUICK = tuple(
    name for name, lines in CASES.items() if not any(line.startswith("\\wait 1") for _, line in lines)
)
LOADED = ("no coordination", "article, 5 January", "corrected, 19 January", "everything on", "barrier")


class Lab:
    """A running PostgreSQL with the tables."""

    def __init__(self) -> None:
        self.server = real.postgres()
        self.watch = self.server.connect()
        self.watch.execute(TABLES)
        self.empty()

    def empty(self, *names: str) -> None:
        """Empty all tables, then put committed and applied events there."""
        self.watch.execute(EMPTY)
        for name in names:
            self.watch.execute("WITH new AS (INSERT INTO event (name) VALUES (%s) RETURNING position) INSERT INTO model SELECT position FROM new", [name])  # fmt: skip

    def connect(self) -> Any:
        """Give a connection whose statements belong to transactions that end with commit()."""
        return self.server.connect(autocommit=False)

    def counts(self) -> tuple[int, int]:
        """Give how many events are lost and how many are in the model more than once."""
        return value(self.watch, LOST), value(self.watch, DOUBLED)

    def until_waiting(self, connection: Any) -> None:
        """Wait until the statement that another thread runs on ``connection`` waits for a lock; TimeoutError after 10 s."""
        end = time.monotonic() + 10
        while not value(self.watch, WAITS, connection.info.backend_pid):
            if time.monotonic() > end:
                raise TimeoutError("the statement did not come to wait for a lock within 10 s")
            time.sleep(0.001)

    def close(self) -> None:
        """Stop the server."""
        self.server.close()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# ------------------------------------------------------------------------------------------------------- forced races


def _skip_race(lab: Lab, switches: Switches) -> bool:
    lab.empty("e1")
    rebuild, append = Rebuild(lab.connect(), switches), Append(lab.connect(), switches)
    rebuild.start()
    append.begin("e2")  # sees rebuilding, skips, and is slow to commit
    rebuild.replay()
    if switches.completion == "barrier":
        _meanwhile(lab, rebuild.connection, rebuild.finish, append.commit)
    else:
        rebuild.finish()
        append.commit()
    return lab.counts()[0] > 0


def _stale_check(lab: Lab, switches: Switches) -> bool:
    """Hold the check between its snapshot and its lock, by a lock of our own that it asks for first."""
    lab.empty("e1")
    rebuild, append = Rebuild(lab.connect(), switches), Append(lab.connect(), switches)
    append.insert("e2")
    gate = lab.connect()
    gate.execute("SELECT pg_advisory_lock(77)")
    held = "SELECT pg_advisory_xact_lock_shared(77), pg_try_advisory_xact_lock_shared(%s), (SELECT status FROM projection) = 'active'"
    answer: list[Any] = []

    def check() -> None:
        if switches.check == "one statement":
            answer.extend(append.connection.execute(held, [KEY]).fetchone()[1:])
        else:
            append.connection.execute("SELECT pg_advisory_xact_lock_shared(77)")
            answer.append(value(append.connection, f"SELECT pg_try_advisory_xact_lock_shared({KEY})"))
            answer.append(value(append.connection, "SELECT status = 'active' FROM projection"))

    def others() -> None:
        rebuild.start()
        gate.execute("SELECT pg_advisory_unlock(77)")
        gate.commit()

    _meanwhile(lab, append.connection, check, others)
    if all(answer):
        append.connection.execute("INSERT INTO model VALUES (%s)", [append.position])
    else:
        append.connection.execute("INSERT INTO skip VALUES (%s)", [append.position])
    append.commit()
    Rebuild(rebuild.connection, positioned(switches, {"ends": "nothing visible"})).replay()
    rebuild.finish()
    return lab.counts()[1] > 0


def _zombie(lab: Lab, switches: Switches) -> bool:
    lab.empty("e1")
    old, new = Rebuild(lab.connect(), switches, "old"), Rebuild(lab.connect(), switches, "new")
    old.start()
    old.replay()
    time.sleep(0.01)
    new.start(silent_s=0.001)  # the owner was silent for too long
    old.finish()  # and closes
    status, owner = lab.watch.execute("SELECT status, owner FROM projection").fetchone()
    return (status, owner) == ("active", "new")


def _hidden_tail(lab: Lab, switches: Switches) -> bool:
    """An append has its transaction id and is slow to ask; another is applied and committed; then all is rebuilt."""
    lab.empty()
    slow, quick = Append(lab.connect(), switches), Append(lab.connect(), switches)
    slow.insert("e1")
    quick.begin("e2")
    quick.commit()
    rebuild = Rebuild(lab.connect(), switches)
    rebuild.start()
    if switches.ends == "nothing visible":
        rebuild.replay()
    else:
        thread = threading.Thread(target=rebuild.replay)
        thread.start()
        time.sleep(0.05)  # it looks again and again, and does not end
        slow.project()
        slow.commit()
        thread.join(20)
    rebuild.finish()
    lost = value(lab.watch, LOST) > 0
    slow.connection.rollback()
    return lost


def _meanwhile(lab: Lab, waits_on: Any, waits: Callable[[], None], then: Callable[[], None]) -> None:
    """Run ``waits`` in a thread until it waits for a lock, then ``then``, then let both end."""
    thread = threading.Thread(target=waits)
    thread.start()
    try:
        lab.until_waiting(waits_on)
        then()
    finally:
        thread.join(20)


RACES: dict[str, Callable[[Lab, Switches], bool]] = {
    "skip race": _skip_race,
    "stale check": _stale_check,
    "zombie release": _zombie,
    "hidden tail": _hidden_tail,
}
OFF: dict[str, dict[str, Any]] = {
    "skip race": {"skip_records": False},
    "stale check": {"check": "one statement"},
    "zombie release": {"fence": False},
    "hidden tail": {"ends": "nothing visible"},
}


def race(name: str, lab: Lab, **positions: Any) -> bool:
    """Play a race of `RACES` with everything on but ``positions``; gives whether it goes wrong. ValueError for another name."""
    if name not in RACES:
        raise ValueError(f"there is no race {name!r}; there are {', '.join(RACES)}")
    return RACES[name](lab, positioned(Switches(), positions))


# ------------------------------------------------------------------------------------------------------- under load


def rebuild_under_load(
    lab: Lab, design: str, writers: int = 8, rebuilds: int = 5, seed: int = 0
) -> dict[str, Any]:
    """Rebuild again and again while ``writers`` append, transactions held 0 to 20 ms; count after each rebuild.

    Gives ``rebuilds_wrong``, ``lost``, ``doubled``, ``appends`` and ``pause_ms`` (the longest). The exclusive lock is waited for.
    """
    switches = positioned(
        Switches(), DESIGNS[design] | ({} if design == "no coordination" else {"rebuild_lock": "wait"})
    )
    total: dict[str, Any] = {"rebuilds_wrong": 0, "lost": 0, "doubled": 0, "appends": 0, "pause_ms": 0.0}
    connections = [lab.connect() for _ in range(writers + 1)]
    for number in range(rebuilds):
        lab.empty(*(f"e{place}" for place in range(5)))
        over = threading.Event()
        rebuild = Rebuild(connections[-1], switches, batch=20)

        def write(place: int, number: int = number, over: threading.Event = over) -> int:
            chance, append, count = (
                random.Random(1_000 * seed + 100 * number + place),
                Append(connections[place], switches),
                0,
            )
            while not over.is_set():
                append.begin(f"w{place}")
                time.sleep(chance.uniform(0, HOLD_MS_MAX) / 1000)
                append.commit()
                count += 1
            return count

        def run(rebuild: Rebuild = rebuild, over: threading.Event = over) -> None:
            try:
                time.sleep(0.05)
                rebuild.run(lambda: (time.sleep(0.05), rebuild.replay())[1])
                time.sleep(0.02)
            finally:
                over.set()

        done = real.together(*[lambda place=place: write(place) for place in range(writers)], run)
        if switches.skip_records:
            drain(connections[-1])
        lost, doubled = lab.counts()
        total["rebuilds_wrong"] += bool(lost or doubled)
        total["lost"] += lost
        total["doubled"] += doubled
        total["appends"] += sum(done[:-1])
        total["pause_ms"] = max(total["pause_ms"], 1000 * rebuild.pause_s)
    for connection in connections:
        connection.close()
    return total


def tries_under_load(
    lab: Lab, writers: int = 10, hold_ms: float = 10.0, think_ms: float = 90.0, tries: int = 150
) -> tuple[float, float]:
    """Try for the exclusive lock while ``writers`` come and go; gives the share that succeeded, and (1 - p)^C with the measured p."""
    over, open_s, lock = threading.Event(), [0.0] * writers, "SELECT pg_advisory_xact_lock_shared(9)"
    began = time.perf_counter()

    def write(place: int) -> None:
        chance, connection = random.Random(place), lab.connect()
        while not over.is_set():
            time.sleep(chance.expovariate(1 / think_ms) / 1000)
            connection.execute(lock)
            since = time.perf_counter()
            time.sleep(hold_ms / 1000)
            connection.commit()
            open_s[place] += time.perf_counter() - since
        connection.close()

    def attempt() -> float:
        connection, got = lab.connect(), 0
        for _ in range(tries):
            got += value(connection, "SELECT pg_try_advisory_xact_lock(9)")
            connection.commit()
            time.sleep(0.02)
        over.set()
        connection.close()
        return got / tries

    found = real.together(*[lambda place=place: write(place) for place in range(writers)], attempt)[-1]
    share = sum(open_s) / writers / (time.perf_counter() - began)
    return found, (1 - share) ** writers


# ------------------------------------------------------------------------------------------------------- results


def live(name: str, lab: Lab | None, work: Callable[[Lab], Result]) -> Result:
    """Run ``work`` in a lab, in one of our own if none is given; where there can be none, give the stored result."""
    if lab is not None:
        return work(lab)

    def own() -> Result:
        with Lab() as lab:
            return work(lab)

    return real.live_or_stored(STORED / f"{name}.json", own, Result, metrics=Metric, series=Series)


def stored(name: str) -> Result:
    """Give the stored result of ``races``, ``under_load`` or ``lock_matrices``; raises OSError for another name."""
    return real.load(STORED / f"{name}.json", Result, metrics=Metric, series=Series)


def races(lab: Lab | None = None) -> Result:
    """Play each forced race with everything on, and with the switch off that the model names (table ``races``)."""
    return live("races", lab, _races)


def _races(lab: Lab) -> Result:
    rows = []
    for name, off in OFF.items():
        on, without = race(name, lab), race(name, lab, **off)
        words = ", ".join(f"{switch}={position}" for switch, position in off.items())
        rows.append(
            {"race": name, "everything on": _word(on), "with this off": words, "then": _word(without)}
        )
    rows.append({"race": "skip race", "everything on": "", "with this off": "skip_records=False, but a barrier",
                 "then": _word(_skip_race(lab, positioned(Switches(), DESIGNS["barrier"])))})  # fmt: skip
    wrong = sum(row["then"] == "goes wrong" for row in rows)
    calm = sum(row["everything on"] == "right" for row in rows)
    text = (
        f"On PostgreSQL {len(OFF) - calm} of {len(OFF)} races go wrong with everything on, and {wrong} of {len(OFF)} with the switch off that "
        f"the model names; with a barrier instead of skip records the skip race ends {rows[-1]['then']}."
    )
    metrics = {
        "wrong_off": Metric("races that go wrong with a switch off", wrong),
        "right_on": Metric("races that end right with everything on", calm),
    }
    return Result({"live": True}, metrics, text, tables={"races": rows})


def _word(wrong: bool) -> str:
    return "goes wrong" if wrong else "right"


def under_load(lab: Lab | None = None, writers: int = 8, rebuilds: int = 5) -> Result:
    """Rebuild under load with each design; the counts are measured, which designs lose and double is what the text says."""
    return live("under_load", lab, lambda lab: _under_load(lab, writers, rebuilds))


def _under_load(lab: Lab, writers: int, rebuilds: int) -> Result:
    found = {design: rebuild_under_load(lab, design, writers, rebuilds) for design in LOADED}
    always = [design for design, counts in found.items() if counts["rebuilds_wrong"] == rebuilds]
    hardly = [design for design, counts in found.items() if counts["rebuilds_wrong"] <= 1]
    lose = [design for design in always if found[design]["lost"] > found[design]["doubled"]]
    text = (
        f"{writers} writers, {rebuilds} rebuilds with each design. Every rebuild goes wrong with: {'; '.join(always) or 'no design'} (more is lost than "
        f"doubled with: {'; '.join(lose) or 'none'}). At most one of {rebuilds} does with: {'; '.join(hardly) or 'no design'}."
    )
    metrics = {}
    for design, counts in found.items():
        for name, count in counts.items():
            unit = "ms" if name == "pause_ms" else ""
            metrics[f"{design}: {name}_measured"] = Metric(f"{design}: {name}", count, unit)
    return Result({"live": True, "writers": writers, "rebuilds": rebuilds}, metrics, text)


def lock_matrices(lab: Lab | None = None) -> Result:
    """Play the lock matrices on the server and in the model and compare step by step (table ``cases``).

    Those in which a deadlock has to be waited for are left to the tests: a second each.
    """
    return live("lock_matrices", lab, _lock_matrices)


def compared(lab: Lab, name: str) -> list[tuple[str, tuple[str, str], tuple[str, str]]]:
    """Play one matrix of `CASES`; gives for each step (statement, what the server said, what the model said)."""
    there = matrix.play(lab.server, CASES[name])
    here = [(step.settled, step.final) for step in locks.play(CASES[name])]
    return [
        (f"{who} {line}".strip(), a, b) for (who, line), a, b in zip(CASES[name], there, here, strict=True)
    ]


def differing(lab: Lab, name: str, tries: int = 3) -> list[tuple[str, tuple[str, str], tuple[str, str]]]:
    """Give the steps of a matrix on which server and model differ in each of ``tries`` plays, as they were in the last.

    Whether a statement waits is a matter of milliseconds on the server, and a busy machine may be late once.
    """
    found = []
    for _ in range(tries):
        found = [step for step in compared(lab, name) if step[1] != step[2]]
        if not found:
            break
    return found


def _lock_matrices(lab: Lab) -> Result:
    rows, steps = [], 0
    for name in QUICK:
        steps += len(CASES[name])
        rows.append({"case": name, "steps": len(CASES[name]), "differ": len(differing(lab, name))})
    differ = sum(row["differ"] for row in rows)
    text = f"{len(rows)} lock matrices with {steps} steps were played on PostgreSQL {lab.server.version} and in the model; {differ} steps differ."
    metrics = {"differ": Metric("steps that differ", differ), "steps": Metric("steps compared", steps)}
    return Result({"live": True}, metrics, text, tables={"cases": rows})


def store_results() -> list[Path]:
    """Store the results of today for machines where the server cannot be had; returns the paths."""
    with Lab() as lab:
        return [
            real.save(STORED / f"{make.__name__}.json", make(lab))
            for make in (races, under_load, lock_matrices)
        ]

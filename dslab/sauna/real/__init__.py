"""The sauna for real: four processes on this machine, their logs, and the clocks rebuilt from those.

| word    | meaning                                                                                             |
|---------|-----------------------------------------------------------------------------------------------------|
| evening | a door, Ann and Ben with watches, Mia without one; each is a process of its own and talks by UDP       |
| log     | what each process wrote: messages sent and received, the vector clock it carried, its wall clock        |
| rebuilt | computed from the messages alone (`dslab.sim.clocks_of_log`), and compared with what was carried        |

Mia's wall clock is two seconds behind, on purpose. Times differ from run to run; what is concluded does not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from dslab import real
from dslab.sim import Log, LogEvent, Metric, Result, Trace, check_log, clocks_of_log, read_log, trace_of_log

STORED = Path(__file__).with_name("stored")
NAMES = ("door", "ann", "mia", "ben")
PROOF = ("mia comes in", "ben comes in", "ben goes out", "mia goes out")
PATIENCE_S = 30.0


def record() -> str:
    """Start the four processes, let them play the evening, and give their logs, one host after the other, as JSON lines.

    Raises `dslab.real.Unavailable` where no processes can be started, or where one of them did not come to its end.
    """
    if sys.platform in ("emscripten", "wasi"):
        raise real.Unavailable(
            "A browser cannot start processes; run this lesson in JupyterLab or on Binder to see them."
        )
    worker = str(Path(__file__).with_name("worker.py"))
    started: list[subprocess.Popen[str]] = []
    try:
        for name in NAMES:
            started.append(subprocess.Popen([sys.executable, "-I", worker, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.DEVNULL, text=True))  # fmt: skip
        ports = {
            name: int(one.stdout.readline()) for name, one in zip(NAMES, started, strict=True) if one.stdout
        }
        for one in started:
            assert one.stdin is not None
            one.stdin.write(json.dumps(ports) + "\n")
            one.stdin.flush()
        return "".join(one.communicate(timeout=PATIENCE_S)[0] for one in started)
    except (OSError, ValueError, subprocess.TimeoutExpired) as reason:
        raise real.Unavailable(
            f"The four processes did not come to an end here ({type(reason).__name__})."
        ) from None
    finally:
        for one in started:
            if one.poll() is None:
                one.kill()
            one.communicate()


def without_clocks(log: Log) -> Log:
    """Give the log as it would be if nobody had carried a vector clock: only who sent and who received what."""
    return Log(
        tuple(LogEvent(e.host, e.text, None, e.sends, e.receives, e.time_us, e.line) for e in log.events),
        log.name,
    )


def judge(text: str) -> Result:
    """Rebuild the clocks of a recorded evening and say what follows; the sentence is the same for every run."""
    log = read_log(text)
    bare = without_clocks(log)
    rebuilt = clocks_of_log(bare)
    same = sum(clock["vector"] == event.clock for clock, event in zip(rebuilt, log.events, strict=True))
    trace = trace_of_log(bare, "the evening, for real")
    places = [
        next(e["id"] for e in trace.events if e["lane"] == "door" and e["label"] == words) for words in PROOF
    ]
    proved = all(one in trace.past(other) for one, other in pairwise(places))
    at = {event.line: event for event in log.events}
    sent = {id: event for event in log.events for id in event.sends}
    heard = [(sent[id], event) for event in log.events for id in event.receives]
    backwards = sum(receive.time_us <= send.time_us for send, receive in heard)
    by_wall = {event.text: event.time_us for event in log.events if event.host == "door"}
    longer = (
        by_wall["mia goes out"] - by_wall["mia comes in"] >= by_wall["ben goes out"] - by_wall["ben comes in"]
    )
    problems = check_log(log)
    told = (f"{len(log.hosts)} processes wrote {len(at)} events. Rebuilt from the messages alone, {same} of {len(at)} vector clocks are those that the processes "
            f"carried; {len(problems) or 'no'} lines contradict them. Mia’s entry, Ben’s entry, Ben’s exit, Mia’s exit: {'each' if proved else 'not each'} happened before the "
            f"next. By the wall clocks {backwards} of {len(heard)} messages arrive before they are sent. Mia stayed {'at least as long as' if longer else 'less than'} Ben.")  # fmt: skip
    metrics = {
        "events": Metric("events", len(at)), "same": Metric("clocks that agree", same), "problems": Metric("problems", len(problems)),
        "proved": Metric("the chain of the proof is there", float(proved)), "backwards": Metric("messages that run backwards", backwards),
        "longer": Metric("Mia stayed at least as long as Ben", float(longer)),
    }  # fmt: skip
    return Result(
        {"live": True}, metrics, told, tables={"log": [{"line": line} for line in text.splitlines()]}
    )


def evening() -> Result:
    """Play the evening with real processes and judge its log; the stored one, and why, where there can be no processes."""
    return real.live_or_stored(STORED / "evening.json", lambda: judge(record()), Result, metrics=Metric)


def recorded() -> Result:
    """Give the evening that is stored with the lesson: the same in every run, and recorded as `evening` records."""
    return real.load(STORED / "evening.json", Result, metrics=Metric)


def log_of(result: Result) -> str:
    """Give the recorded log behind a result of `evening`."""
    return "\n".join(row["line"] for row in result.tables["log"])


def trace_of(result: Result) -> Trace:
    """Give the Trace rebuilt from the messages of that log; its times are Lamport's numbers, as no wall clock is to be trusted."""
    log = read_log(log_of(result))
    bare = Log(
        tuple(LogEvent(e.host, e.text, None, e.sends, e.receives, None, e.line) for e in log.events), log.name
    )
    return trace_of_log(bare, "the evening, for real")

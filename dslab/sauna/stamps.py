"""Three clocks on one run of the sauna, and what each of them can tell of a pair of events.

| word      | meaning                                                                                             |
|-----------|-----------------------------------------------------------------------------------------------------|
| stamp     | what a clock writes on an event                                                                       |
| trap      | a pair of concurrent events whose Lamport numbers differ: they look ordered                            |
| hybrid    | (physical microseconds, counter): near the wall clock, and never against happened-before               |

Any Trace that was recorded with clocks will do, one rebuilt from a log too (`dslab.sim.trace_of_log`): nothing here knows the sauna.
"""

from __future__ import annotations

from typing import Any

from dslab.sauna.room import Sauna
from dslab.sauna.switches import MINUTE_US, Switches
from dslab.sim import Metric, Result, Trace, World
from dslab.sim.clocks import concurrent, happened_before


def evening(
    rule: str = "next",
    delay_s: float = 1.0,
    skew_s: float = 0.0,
    session_min: float = 10,
    switches: Switches | None = None,
) -> Trace:
    """Record an evening: Ann (clocked) comes at minute 0, Mia at 4, Ben (clocked) at 6, with all three clocks on every event.

    ``delay_s``: how long each message travels, 0 to 600 s; ``skew_s``: how far Ben's wall clock is ahead, in seconds.
    """
    if not isinstance(delay_s, int | float) or not 0 <= delay_s <= 600:
        raise ValueError(f"delay_s={delay_s!r} is not possible; use a number of seconds from 0 to 600")
    world = World(name="an evening in the sauna")
    sauna = Sauna(world, switches or Switches(rule=rule, attendant=False))
    world.link(latency=round(delay_s * 1e6))
    session_us = round(session_min * MINUTE_US)
    sauna.visitor("ann", 0, clocked=True, session_us=session_us)
    sauna.visitor("mia", 4)
    ben = sauna.visitor("ben", 6, clocked=True, session_us=session_us)
    ben.node.skew_us = round(skew_s * 1e6)
    return _told(world.record(clocks=True).run().trace)


def _told(trace: Trace) -> Trace:
    """Say for people why somebody wakes up: to come, and, with a watch, when the session is over."""
    for person in ("ann", "mia", "ben"):
        wakes = [event for event in trace.lane_events(person) if event["label"] == "wakes up"]
        for event, words in zip(wakes, ("comes", "session over"), strict=False):
            event["label"] = words
    return trace


def visit(rule: str = "next", delay_s: float = 1.0, speed: float = 1.0) -> Trace:
    """Record the same evening for Mia's rule, and a clock of hers that runs ``speed`` times too fast (rule "clock")."""
    return evening(rule, delay_s, switches=Switches(rule=rule, clock_speed=speed, attendant=False))


def relation(trace: Trace, a: int, b: int) -> str:
    """Say how two events stand to each other: "before", "after", "concurrent" or "same", from their vector clocks."""
    one, other = (trace.events[event]["clocks"]["vector"] for event in (a, b))
    if a == b:
        return "same"
    return (
        "before" if happened_before(one, other) else "after" if happened_before(other, one) else "concurrent"
    )


# [trap] concurrent, and yet the numbers differ
def traps(trace: Trace) -> list[tuple[int, int]]:
    """Give every pair of concurrent events whose Lamport numbers differ, the smaller number first."""
    clocks = [event["clocks"] for event in trace.events]
    pairs = [
        (a, b)
        for a in range(len(clocks))
        for b in range(len(clocks))
        if clocks[a]["lamport"] < clocks[b]["lamport"]
    ]
    return [(a, b) for a, b in pairs if concurrent(clocks[a]["vector"], clocks[b]["vector"])]


# [/trap]
def chain(trace: Trace, a: int, b: int) -> list[int]:
    """Give a shortest chain of direct causes from event ``a`` to event ``b``, both included; empty where there is none."""
    ways = {b: [b]}
    todo = [b]
    while todo:
        event = todo.pop(0)
        for cause in trace.events[event]["causes"]:
            if cause not in ways:
                ways[cause] = [cause, *ways[event]]
                todo.append(cause)
    return ways.get(a, [])


def counts(trace: Trace) -> dict[str, int]:
    """Count pairs of events: all, ordered by happened-before, concurrent, and those that Lamport's numbers order all the same."""
    vectors = [event["clocks"]["vector"] for event in trace.events]
    pairs = [(a, b) for a in range(len(vectors)) for b in range(a)]
    apart = sum(concurrent(vectors[a], vectors[b]) for a, b in pairs)
    return {
        "pairs": len(pairs),
        "ordered": len(pairs) - apart,
        "concurrent": apart,
        "traps": len(traps(trace)),
    }


def stamped(event: dict[str, Any]) -> dict[str, str]:
    """Write the stamps of an event for people."""
    clocks = event["clocks"]
    told = {
        "Lamport": str(clocks["lamport"]),
        "vector": ", ".join(f"{lane} {n}" for lane, n in clocks["vector"].items()),
    }
    if "hlc" in clocks:
        told["hybrid"] = f"{clocks['hlc'][0] / 1e6:g} s + {clocks['hlc'][1]}"
    return told


def compare(a: int = 23, b: int = 21, skew_s: float = 0.0, delay_s: float = 1.0) -> Result:
    """Take two events of the evening and say what each clock concludes of them, and what is true."""
    trace = evening(delay_s=delay_s, skew_s=skew_s)
    last = len(trace.events) - 1
    for event in (a, b):
        if not isinstance(event, int) or not 0 <= event <= last:
            raise ValueError(f"there is no event {event!r} in this evening; it has 0 to {last}")
    one, other = trace.events[a], trace.events[b]
    truth = relation(trace, a, b)
    words = {"before": f"{a} may have caused {b}", "after": f"{b} may have caused {a}", "same": "the same event",
             "concurrent": "neither can have caused the other"}  # fmt: skip
    said = {
        "Lamport": _by_order(one["clocks"]["lamport"], other["clocks"]["lamport"], a, b),
        "vector": words[truth],
        "hybrid": _by_order(one["clocks"]["hlc"], other["clocks"]["hlc"], a, b),
    }
    stamps = {name: (stamped(one)[name], stamped(other)[name]) for name in said}
    rows = [{"clock": name, f"event {a}": stamps[name][0], f"event {b}{' ' * (a == b)}": stamps[name][1], "a reader concludes": said[name]}
            for name in said]  # fmt: skip
    found = counts(trace)
    fooled = truth == "concurrent" and "caused" in said["Lamport"]
    text = (f"Event {a} ({one['lane']}: {one['label']}) and event {b} ({other['lane']}: {other['label']}): {words[truth]}."
            f"{' Lamport’s numbers, read the wrong way round, say otherwise.' if fooled else ''} Of {found['pairs']} pairs {found['concurrent']} are "
            f"concurrent, and Lamport’s numbers put {found['traps']} of those in an order.")  # fmt: skip
    ahead = max(abs(event["clocks"]["hlc"][0] - event["t"]) for event in trace.events) / 1e6
    text += f" The hybrid clock is at most {ahead:g} s from the true time."
    metrics = {name: Metric(name, value) for name, value in found.items()}
    metrics |= {
        "fooled": Metric("fooled", float(fooled)),
        "hybrid_off_s": Metric("hybrid clock from true time, at most", ahead, "s"),
    }
    return Result(
        {"a": a, "b": b, "skew_s": skew_s, "delay_s": delay_s},
        metrics,
        text,
        tables={"stamps": rows},
        trace=trace,
    )


def _by_order(one: Any, other: Any, a: int, b: int) -> str:
    if one == other:
        return "nothing: equal"
    return (
        f"{a} came first, so it may have caused {b}"
        if one < other
        else f"{b} came first, so it may have caused {a}"
    )

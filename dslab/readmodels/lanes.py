"""One append beside one rebuild, step by step: the reader says where the append's steps fall among those of the rebuild.

| word         | meaning                                                                                           |
|--------------|---------------------------------------------------------------------------------------------------|
| rebuild step | something the rebuild does; they are counted from 1 in the order in which it does them               |
| place        | after how many rebuild steps the append does something; 0 is before all of them                       |
| moment       | one step of either: who did what, and the lock, the status row and the read model after it             |
| last look    | the rebuild's last read of the log before it ends: it finds nothing                                   |

The append has three places: where it begins (with one statement: takes its snapshot), where it asks and decides, where it commits.
Who has to wait at its place goes on when it can.
"""

from __future__ import annotations

from typing import Any

from dslab.check import positioned
from dslab.readmodels.anomalies import DESIGNS, NO_LOST_EVENT, NOT_TWICE, model_of
from dslab.readmodels.anomalies import anomaly as anomaly_of
from dslab.readmodels.protocol import Switches
from dslab.sim import Choice, Driver, Metric, Result, World

PLACES = 9  # the most rebuild steps before which something can happen
_BEGINS = ("start", "inserts", "one statement")
_COMMITS = ("commits",)
_LOOK = "reads a batch"


def lanes(design: str = "article, 5 January", begins: int = 3, asks: int = 4, commits: int = 5) -> Result:
    """Run one append and one rebuild in the order that the places give.

    ``design``: one of `dslab.readmodels.anomalies.DESIGNS`. ``begins``, ``asks``, ``commits``: places 0..9; a later step never comes before an
    earlier one. The metrics: ``lost``, ``doubled`` (of e2, 0 or 1), ``waited`` (0 or 1), ``steps`` of the rebuild. Raises ValueError out of range.
    """
    if design not in DESIGNS:
        raise ValueError(f"design={design!r} is no choice; use one of {', '.join(map(repr, DESIGNS))}")
    for name, place in (("begins", begins), ("asks", asks), ("commits", commits)):
        if not isinstance(place, int) or not 0 <= place <= PLACES:
            raise ValueError(f"{name}={place!r} is no place; use a whole number from 0 to {PLACES}")
    world = anomaly_of("skip race").build(positioned(Switches(), DESIGNS[design])).record(clocks=True)
    world.name = "append beside rebuild"
    places = (begins, max(begins, asks), max(begins, asks, commits))
    moments, steps = _run(world, places)
    return _result(
        world, moments, steps, {"design": design, "begins": begins, "asks": asks, "commits": commits}
    )


def _run(world: World, places: tuple[int, int, int]) -> tuple[list[dict[str, Any]], int]:
    """Let both run; gives the moments and how many steps the rebuild took."""
    driver, moments, done = Driver(world), [], 0
    tables = model_of(world).lane.state
    assert world.recorder is not None
    world.recorder.begin()
    while options := driver.options():
        chosen = min(options, key=lambda option: _rank(option, places, done))
        words, had = chosen.label.split(": ", 1)[-1], str(tables["model"])
        driver.take(chosen.index)
        if words in ("start", "wakes up"):
            continue
        words += _came_to(words, had, tables)
        done += chosen.lane == "rebuild"
        number = f"step {done}" if chosen.lane == "rebuild" else ""
        seen = {
            "lock": tables["lock"],
            "status row": tables["status"].partition(" (")[0],
            "read model": tables["model"],
            "skip records": tables["skips"],
        }
        moments.append({"who": f"{chosen.lane} {number}".strip(), "does": words} | seen)
    looks = [moment for moment in moments if moment["does"] == f"{_LOOK}: nothing"]
    if looks:
        looks[-1]["does"] += " (last look)"
    return moments, done


def _came_to(words: str, had: str, tables: dict[str, Any]) -> str:
    """Say what a look at the log found, and that a try was refused; nothing of other steps."""
    if words == _LOOK:
        new = tables["model"].split()[0 if had == "empty" else len(had.split()) :]
        return f": {' '.join(new) if tables['model'] != had else 'nothing'}"
    refused = words.startswith("asks for the exclusive lock (try)") and "exclusive" not in tables["lock"]
    return ": refused" if refused else ""


def _rank(option: Choice, places: tuple[int, int, int], done: int) -> tuple[int, int]:
    """Say what comes first: the append where its place is reached, else the rebuild, else whoever can; the drain at the end."""
    words = option.label.split(": ", 1)[-1]
    if option.lane == "drain":
        return (3, option.index)
    if option.lane != "append":
        return (1, option.index)
    place = places[0] if words.startswith(_BEGINS) else places[2] if words.startswith(_COMMITS) else places[1]
    return (0 if place <= done else 2, option.index)


def _result(world: World, moments: list[dict[str, Any]], steps: int, params: dict[str, Any]) -> Result:
    lost, twice = NO_LOST_EVENT.fault(world), NOT_TWICE.fault(world)
    system = model_of(world)
    waited = any("append waits" in moment["lock"] for moment in moments)
    does = [moment["does"] for moment in moments if moment["who"] == "append"]
    decided = "applied its event itself" if "applies e2" in does else "skipped"
    if lost is not None:
        outcome = "In the end the read model is active and e2 is lost"
    elif twice is not None:
        outcome = "In the end e2 is in the read model twice"
    else:
        outcome = "In the end e2 is in the read model once"
    saved = (
        ", thanks to its skip record"
        if any(m["who"] == "drain" and m["does"].startswith("applies") for m in moments) and not lost
        else ""
    )
    late = max(params["begins"], params["asks"])
    order = (
        ""
        if params["begins"] <= params["asks"] <= params["commits"]
        else f" (No step comes before the one that leads to it: the answer after step {late}, the commit after step {max(late, params['commits'])}.)"
    )
    text = f"The append {'had to wait, then ' if waited else ''}{decided}. {outcome}{saved}.{order}"
    metrics = {
        "lost": Metric("e2 is lost", float(lost is not None)),
        "doubled": Metric("e2 is there twice", float(twice is not None)),
        "waited": Metric("the append had to wait", float(waited)),
        "steps": Metric("steps of the rebuild", steps),
        "applied": Metric("times e2 is applied", system.applied.count("e2")),
    }
    return Result(params, metrics, text, tables={"moments": moments}, trace=world.trace)

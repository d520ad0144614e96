"""Pictures and tables of lesson 10a that are no explorers: the map of the twelve, the referee's table, the shop without each."""

from __future__ import annotations

from functools import cache
from typing import Any

from dslab import show, teach
from dslab.check import Cell, Verdict, finished
from dslab.concepts import composed, races
from dslab.course import referee
from dslab.course.concepts.exercises import ZOO
from dslab.course.concepts.lean import Lean
from dslab.course.concepts.meta import META
from dslab.show import Edge, Network, Node


def system_picture() -> Any:
    """A request's way through the twelve."""
    nodes = (
        Node("reader", "readers", "client", at=(0.0, 0.5)),
        Node("cdn", "3 CDN", "concept", at=(0.16, 0.95)),
        Node("gateway", "6 gateway, 10 limits", "concept", at=(0.2, 0.3)),
        Node("registry", "8 discovery", "concept", at=(0.42, 0.05)),
        Node("balancer", "1 balancer", "concept", at=(0.4, 0.62)),
        Node("servers", "12 servers", "concept", at=(0.64, 0.5)),
        Node("cache", "2 cache, 11 hash", "concept", at=(0.78, 1.0)),
        Node("shards", "9 shards", "concept", at=(1.0, 0.78)),
        Node("queue", "4 queue", "concept", at=(1.0, 0.4)),
        Node("topic", "5 topic", "concept", at=(0.94, 0.05)),
        Node("payment", "7 breaker", "concept", at=(0.7, 0.0)),
    )
    edges = (
        Edge("reader", "cdn"), Edge("reader", "gateway"), Edge("cdn", "balancer"), Edge("gateway", "balancer"), Edge("balancer", "servers"),
        Edge("registry", "balancer"), Edge("servers", "registry"), Edge("servers", "cache"), Edge("servers", "shards"), Edge("servers", "queue"),
        Edge("servers", "topic"), Edge("servers", "payment"),
    )  # fmt: skip
    return show.picture(Network(nodes, edges, height=360))


@cache
def _cells() -> tuple[Cell, ...]:
    return tuple(finished(races.matrix()))


def matrix_picture() -> Any:
    """Which defence stops which anomaly: searched now, every cell of it."""
    return referee.matrix(
        _cells(),
        {"": "nothing off", **{name: name for name in races.DEFENCES}},
        "Which defence stops which anomaly",
        "with this off",
    )


def matrix_summary() -> str:
    """Say how much the table's search covered."""
    return referee.summary(_cells(), "up to 2 surprises")


def anomaly_table() -> Any:
    """The rows of the table in words."""
    return referee.anomaly_table(races.RACES, "The rows: what happens, and what must hold")


DEFENCE_WORDS = {
    "purge check": "a cache keeps nothing that it fetched before a purge", "shield first": "a purge begins at the shield and ends at the edges",
    "dedupe": "an effect is remembered by the message's name", "late ack": "a worker acknowledges after the work",
    "dead letters": f"after {races.queue.TRIES} deliveries a message is put aside", "told gaps": "a subscriber that reads below the retention is told",
    "snapshot offset": "a subscription begins at the offset of the snapshot", "idempotency key": "a backend knows the requests it has done",
    "generations": "a result counts only in the state in which its call began", "one probe": "one probe at a time",
    "probe lease": "a probe without an answer is given up", "incarnations": "who has left stays out", "identity": "an endpoint is asked who it is",
    "fence": "the old shard refuses what it no longer owns",
}  # fmt: skip


def defence_table() -> Any:
    """The columns of the table in words."""
    return show.table(
        [{"column": name, "what it does": DEFENCE_WORDS[name]} for name in races.DEFENCES],
        title="The columns: what each defence does",
    )


def schedule_picture(verdict: Verdict) -> Any:
    """The shortest schedule that a verdict found, to step through."""
    return referee.schedule_picture(verdict)


def adversary(name: str, **positions: Any) -> Any:
    """Be the network and the scheduler of an anomaly's scenario."""
    return referee.adversary(races.anomaly(name), **positions)


@cache
def _minutes() -> dict[str, Any]:
    return composed.without_each()


def without_table() -> Any:
    """The shop's minute with each concept off in turn: what customers and the owner notice."""
    rows = []
    for name, run in _minutes().items():
        rows.append({"off": composed.NAMES.get(name, "nothing"), "in time, %": round(run["in_time"], 1), "no answer, %": round(run["failed"], 1),
                     "99 %, ms": round(run["p99"]), "server seconds": round(run["servers"]), "database reads": run["database"], "forged at a server": run["forged"]})  # fmt: skip
    return show.table(rows, title="The same minute, with one concept off at a time")


def missed_most() -> str:
    """Give the concept without which fewest customers are answered in time."""
    runs = _minutes()
    return min(composed.NAMES, key=lambda name: runs[name]["in_time"])


def zoo() -> Any:
    """Let the lesson's invariant judge every move of the zoo."""
    return Lean(ZOO.run())


def key_points() -> Any:
    """Give the lesson's key points."""
    return Lean(teach.key_points(META))

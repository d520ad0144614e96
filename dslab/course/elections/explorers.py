"""What lesson 10c puts on the stage: five explorers, and the tables and pictures between them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from dslab import show
from dslab.check import Cell, Verdict, finished, named
from dslab.concepts.elections import anomalies, ballots, counts, scenario, sessions, timeouts
from dslab.course import referee
from dslab.show import (
    Axis,
    Band,
    Bars,
    Choice,
    Edge,
    Explorer,
    Group,
    Heatmap,
    Lines,
    Mark,
    Meter,
    Meters,
    Network,
    Node,
    Slider,
)
from dslab.sim import Result, Series

MS = 1_000
QUORUMS = {
    "its own word (textbook Bully, ring)": "one",
    "half of the nodes": "half",
    "a majority": "majority",
}
FAULTS = {"is killed": "kill", "stands still for 1 s": "pause", "is cut off with a minority": "partition",
          "is well; a follower's clock is fast": "clock", "is well": "nothing"}  # fmt: skip
CHECKS = {"nobody checks": "none", "the leader looks at its clock": "clock", "the store compares epochs": "fence"}  # fmt: skip


def _around(count: int, start: float = 0.0) -> list[tuple[float, float]]:
    turns = [2 * math.pi * (place / count + start) for place in range(count)]
    return [(round(0.5 + 0.45 * math.sin(turn), 3), round(0.5 + 0.42 * math.cos(turn), 3)) for turn in turns]


def system_picture() -> Any:
    """One cluster, and what each of the five algorithms asks whom."""
    nodes = (
        Node("store", "the store", "store", state="takes writes", at=(0.0, 0.95)),
        Node("5", "node 5", "leader", state="sends heartbeats", mood="good", at=(0.33, 0.95)),
        Node("2", "node 2", "candidate", state="heard none: suspects", mood="warn", at=(0.68, 0.95)),
        Node("3", "node 3", "follower", at=(1.0, 0.95)),
        Node("zk", "ZooKeeper", "service", state="sessions, znodes", at=(0.0, 0.25)),
        Node("1", "node 1", "follower", at=(0.45, 0.25)),
        Node("4", "node 4", "follower", at=(1.0, 0.25)),
    )
    edges = (
        Edge("5", "store", "writes"),
        Edge("2", "5", "Bully: alive?"),
        Edge("2", "3", "Raft: vote?"),
        Edge("4", "1", "ring: the largest number so far"),
        Edge("1", "zk", "am I the lowest?"),
    )
    return show.picture(
        Network(nodes, edges, title="One leader, one suspicion, five ways to go on", height=360)
    )


# -- act 1: the lab -----------------------------------------------------------------------------------------


def lab_explorer() -> Explorer:
    """One scenario for all algorithms."""
    controls = {
        "algorithm": Choice("Algorithm", {name: name for name in scenario.ALGORITHMS}, "Bully"),
        "fault": Choice("After 1 s the leader", FAULTS, "partition"),
        "quorum": Choice("Who wants to lead needs", QUORUMS, "one"),
        "nodes": Slider("Nodes", 3, 9, 1, 5),
        "delay_ms": Slider("A message takes", 1, 100, 1, 2, "ms"),
    }
    question = "Something happens to the leader. How long is there none that a majority can reach, and do two act at the same time?"
    return Explorer(scenario.run, controls, _lab_pictures, title="The election lab", question=question, poster=(1,))  # fmt: skip


def _lab_pictures(result: Result) -> list[Any]:
    gap, two = result["leaderless_ms"], result["doubled_ms"]
    meters = Meters(
        (
            Meter("no leader with a majority in reach", gap, 3_000, "ms", "none" if not gap else "a gap", "good" if not gap else "warn"),
            Meter("two act as leader", two, 3_000, "ms", "never" if not two else "two at once", "good" if not two else "bad"),
            Meter("messages of elections", result["messages"], max(100, result["messages"]), "", "", "neutral"),
        ),
        title="The three seconds after it",
    )  # fmt: skip
    return [meters, _reigns(result)]


def _reigns(result: Result) -> Lines:
    """A line for each node that led, at the height of its number, while it led."""
    held: dict[int, list[tuple[float, float]]] = {}
    for row in result.tables["reigns"]:
        held.setdefault(row["node"], []).append((row["from_ms"], row["to_ms"]))
    series = []
    for node, spans in sorted(held.items()):
        xs, ys = [], []
        for begun, ended in spans:
            xs += [begun, ended, ended]
            ys += [float(node), float(node), float("nan")]
        series.append(Series(f"node {node}", tuple(xs), tuple(ys)))
    x = Axis("time", "ms", limits=(0, 4_300))
    y = Axis("node that believes it leads", "", limits=(0, result.params["nodes"] + 0.9))
    fault, at = result.params["fault"], scenario.AT_US / MS
    lasts = {"pause": ("stands still", scenario.PAUSE_US), "partition": ("cut off", scenario.CUT_US)}
    bands = (Band(at, at + lasts[fault][1] / MS, lasts[fault][0]),) if fault in lasts else ()
    words = {"kill": "killed", "clock": "clock runs fast"}
    marks = (Mark(at, words[fault]),) if fault in words else ()
    if not series:
        series = [Series("nobody", (0.0, 4_000.0), (0.0, 0.0))]
    return Lines(x, y, tuple(series), title="Who leads when", bands=bands, marks=marks, height=340)


def faults_table(quorum: str = "majority") -> Any:
    """Every algorithm under every fault, five nodes: the gap, and how long two act."""
    rows = []
    for algorithm in scenario.ALGORITHMS:
        row: dict[str, Any] = {"algorithm": algorithm}
        for fault, words in (
            ("kill", "killed"),
            ("pause", "stands still 1 s"),
            ("partition", "cut off 1.5 s"),
        ):
            result = scenario.run(algorithm, fault, quorum=quorum)
            two = f", two for {result['doubled_ms']:.0f}" if result["doubled_ms"] else ""
            row[words] = f"{result['leaderless_ms']:.0f}{two}"
        clock = scenario.run(algorithm, "clock", quorum=quorum)
        row["fast clock: messages, reigns begun"] = f"{clock['messages']:.0f}, {clock['reigns']:.0f}"
        rows.append(row)
    asks = "its own word is enough" if quorum == "one" else "a majority is needed"
    return show.table(rows, title=f"Milliseconds without a leader that reaches a majority, and with two that act; {asks}")  # fmt: skip


# -- act 2: counting ------------------------------------------------------------------------------------------


def count_explorer() -> Explorer:
    """Messages of one election, counted and in closed form."""
    controls = {
        "algorithm": Choice("Algorithm", {name: name for name in counts.GROWTH}, "Bully"),
        "nodes": Slider("Nodes", 3, 20, 1, 5),
    }
    question = "How many messages does one election take, at best, on average and at worst?"
    return Explorer(counts.growth, controls, _count_pictures, title="What an election costs", question=question, poster=(1,))  # fmt: skip


def _count_pictures(result: Result) -> list[Any]:
    nodes = result.params["nodes"]
    x = Axis("nodes", "", log=True, limits=(2.5, 120))
    y = Axis("messages", "", log=True, limits=(1, 30_000))
    lines = Lines(x, y, tuple(result.series.values()), title="Growth: closed form (dashed) and counted (points)", marks=(Mark(nodes, "now"),), height=360)  # fmt: skip
    cases = [case for case in counts.CASES if case in result.metrics]
    bars = Bars(tuple(cases), (Group("messages", tuple(result[case] for case in cases)),), Axis("messages", ""),
                "case", title=f"Counted for {nodes} nodes", horizontal=True, height=190)  # fmt: skip
    return [lines, bars]


# -- act 3: timeouts ------------------------------------------------------------------------------------------


def timeout_explorer() -> Explorer:
    """Downtime by the range of the timeouts."""
    controls = {
        "low_ms": Slider("Shortest timeout", 10, 300, 5, 150, "ms"),
        "width_ms": Slider("Range above it", 0, 150, 1, 5, "ms"),
        "request_ms": Slider("To a voter", 0.5, 20, 0.5, 3, "ms"),
        "reply_ms": Slider("Back, with the vote on disk", 0.5, 20, 0.5, 8, "ms"),
    }
    question = "Five servers, the leader dies. How long until the next one, and what do a few milliseconds of chance change?"
    return Explorer(timeouts.outage, controls, _timeout_pictures, title="How long without a leader", question=question, poster=(1,))  # fmt: skip


def _timeout_pictures(result: Result) -> list[Any]:
    low, high = result.params["low_ms"], result.params["low_ms"] + result.params["width_ms"]
    claim = timeouts.PAPER.get((round(low), round(high)))
    marks = (Mark(claim[1], f"paper: {claim[0]}"),) if claim else ()
    x = Axis("time without a leader", "ms", log=True, limits=(8, 2_500))
    lines = Lines(x, Axis("elections that are over", "%", limits=(0, 104)), tuple(result.series.values()), title="How many are over by then", marks=marks, height=340)  # fmt: skip
    split = result["split"]
    meters = Meters(
        (
            Meter("median", result["median"], 2_000, "ms", "", "neutral"),
            Meter("longest", result["longest"], 2_000, "ms", "gave up" if result["none"] else "", "bad" if result["none"] else "neutral"),
            Meter("took more than one term", split, 100, "%", "seldom" if split < 20 else "often" if split < 70 else "nearly always",
                  "good" if split < 20 else "warn" if split < 70 else "bad"),
        ),
        title=f"{result.params['trials']} elections",
    )  # fmt: skip
    return [lines, meters]


@cache
def _figure_16() -> Result:
    return timeouts.figure_16(1_000)


def figure_16_picture() -> Any:
    """The paper's figure: curves of all ranges that end."""
    wanted = [f"{low} to {high} ms" for low, high in ((150, 151), (150, 155), (150, 200), (150, 300))]
    x, y = Axis("time without a leader", "ms", log=True, limits=(80, 30_000)), Axis("elections that are over", "%", limits=(0, 104))  # fmt: skip
    series = tuple(_figure_16().series[name] for name in wanted)
    return show.picture(Lines(x, y, series, title="Raft's Figure 16, upper half, from this model: 1,000 elections a curve", height=320))  # fmt: skip


def figure_16_table() -> Any:
    """Every range of the figure: median, mean, longest, and what the paper says of it."""
    rows = []
    for row in _figure_16().tables["ranges"]:
        never = row["median_ms"] > 19_000
        rows.append({"timeouts": row["range"], "elections": row["elections"], "median ms": "no leader in 20 s" if never else f"{row['median_ms']:.0f}",
                     "mean ms": "" if never else f"{row['mean_ms']:.0f}", "longest ms": "" if never else f"{row['longest_ms']:.0f}", "the paper": row["paper"] or "a curve"})  # fmt: skip
    return show.table(rows, title="Raft's Figure 16 in numbers")


# -- act 4: logs ---------------------------------------------------------------------------------------------


def ballot_explorer() -> Explorer:
    """Five logs, one candidate, three ways to compare."""
    controls = {
        "logs": Choice("The logs", {name: name for name in ballots.LOGS}, "long but old"),
        "candidate": Slider("Server that asks for votes", 1, 5, 1, 5),
        "rule": Choice("A voter says yes to", {"a log at least as up to date": "up to date", "a log at least as long": "longest", "everybody": "none"}, "longest"),
        "voters": Choice("Votes of", {name: name for name in ballots.VOTERS}, "all five"),
    }  # fmt: skip
    question = "Who may win with which log, and what is lost with a wrong winner?"
    return Explorer(ballots.poll, controls, _ballot_pictures, title="Five logs and a candidate", question=question, poster=(0,))  # fmt: skip


def _ballot_pictures(result: Result) -> list[Any]:
    rows, lost = result.tables["servers"], set(result.params["entries"])
    longest = max(len(row["log"].split()) for row in rows)
    cells, states = [], {"empty": "neutral"}
    for row in rows:
        line = []
        for index, term in enumerate(row["log"].split(), 1):
            word = f"{term}, lost" if (index, int(term)) in lost else f"term {term}"
            states[word] = "bad" if word.endswith("lost") else "neutral"
            line.append(word)
        cells.append((*line, *["empty"] * (longest - len(line))))
    names = tuple(f"server {row['server']}" + (" asks" if row["server"] == result.params["candidate"] else "") for row in rows)  # fmt: skip
    logs = Heatmap(names, tuple(f"entry {index}" for index in range(1, longest + 1)), tuple(cells), "server", "index",
                   title="The logs: the term of each entry", states=states, height=290)  # fmt: skip
    return [logs, _votes(result)]


def _votes(result: Result) -> Network:
    candidate, rows = result.params["candidate"], result.tables["servers"]
    nodes, edges = [], []
    for row, at in zip(rows, _around(5), strict=True):
        counts_here, yes = row["counts"] == "yes", row["vote"] == "yes"
        asks = row["server"] == candidate
        state = (
            f"asks, {result.params['result']}"
            if asks
            else ("yes" if yes else "no") + ("" if counts_here else " (does not count)")
        )
        won = result.params["result"] == "won"
        mood = (
            ("good" if won and not result.params["entries"] else "bad" if won else "warn")
            if asks
            else "neutral"
        )
        nodes.append(
            Node(
                str(row["server"]),
                f"server {row['server']}",
                "candidate" if asks else "voter",
                state,
                mood,
                at,
            )
        )
        if not asks:
            edges.append(Edge(str(row["server"]), str(candidate), "", "good" if yes else "bad"))
    return Network(tuple(nodes), tuple(edges), title="The votes (a broken line is a no)", height=330)  # fmt: skip


# -- act 5: sessions -------------------------------------------------------------------------------------------


def session_explorer() -> Explorer:
    """A leader stands still, and goes on."""
    controls = {
        "check": Choice("Before a write", CHECKS, "clock"),
        "pause_ms": Slider("The leader stands still for", 0, 2_000, 50, 400, "ms"),
        "write_ms": Slider("A write of its travels", 5, 500, 5, 5, "ms"),
        "slow_percent": Slider("Its clock is slow by", 0, 90, 5, 80, "%"),
        "watch": Choice("A client watches", {"the znode before its own": "predecessor", "the leader's znode": "lowest"}, "lowest"),
        "clients": Slider("Clients", 2, 20, 1, 5),
    }  # fmt: skip
    question = "A session lasts 200 ms. The leader stands still, another one follows, the first goes on. What does the store take from it?"
    return Explorer(sessions.standstill, controls, _session_pictures, title="A session ends without its leader", question=question, poster=(0,))  # fmt: skip


def _session_pictures(result: Result) -> list[Any]:
    taken, woken = result["taken"], result["woken"]
    meters = Meters(
        (
            Meter("old writes that the store took", taken, max(5, taken), "", "overwritten" if taken else "none", "bad" if taken else "good"),
            Meter("until the next leader", result["leaderless_ms"], 300, "ms", "" if result["leaderless_ms"] else "none needed", "neutral"),
            Meter("clients woken", woken, 20, "", "a herd" if woken > 1 else "", "warn" if woken > 1 else "good"),
        ),
        title="What it came to",
    )  # fmt: skip
    pause = result.params["pause_ms"]
    bands = (Band(500, 500 + pause, "stands still"),) if pause else ()
    most = max(1.0, taken, result["refused"])
    lines = Lines(Axis("time", "ms", limits=(0, 3_100)), Axis("writes of the old leader", "", limits=(0, most * 1.25)), tuple(result.series.values()),
                  title="Old writes at the store, added up", bands=bands, marks=(Mark(700, "its session ends", "x"),) if pause >= 200 else (), steps=True, height=300)  # fmt: skip
    return [meters, lines]


def herd_table() -> Any:
    """The herd and its cure: clients woken, and messages, when the leader's session ends."""
    rows = []
    for n in (5, 20, 100):
        herd, cure = counts.count_herd(n, "lowest"), counts.count_herd(n)
        rows.append({"clients": n, "all watch the leader: woken": herd[0], "messages": herd[1], "each watches its predecessor: woken": cure[0], "messages ": cure[1]})  # fmt: skip
    return show.table(rows, title="The leader's session ends")


def who_uses_what() -> Any:
    """Which systems use which election, with where it is documented."""
    rows = [
        {"system": "etcd, CockroachDB, Apache Kudu", "elects by": "Raft", "says so": "raft README of etcd; CockroachDB architecture, replication layer; Kudu overview"},
        {"system": "Apache Kafka, since KRaft", "elects by": "a protocol based on Raft; ZooKeeper before", "says so": "Kafka 4.2 documentation, KRaft against ZooKeeper"},
        {"system": "MongoDB replica sets, since 3.2", "elects by": "terms and majorities (protocol version 1)", "says so": "MongoDB manual, replica set protocol version"},
        {"system": "Google Spanner", "elects by": "Paxos, a leader for each group of replicas", "says so": "Spanner documentation, replication"},
        {"system": "Apache HBase masters", "elects by": "an ephemeral znode in ZooKeeper", "says so": "HBase API documentation, ActiveMasterManager"},
        {"system": "Bully; Chang-Roberts", "elects by": "themselves", "says so": "textbooks; we know of no current database that documents either as its election"},
    ]  # fmt: skip
    return show.table(rows, title="Who uses what, by their own documentation")


# -- break it -------------------------------------------------------------------------------------------------


def be_the_adversary(name: str, **positions: Any) -> Any:
    """Be the network and the scheduler of an anomaly's scenario, with everything on but ``positions``."""
    return referee.adversary(named(anomalies.ANOMALIES, name), **positions)


def schedule_picture(verdict: Verdict, title: str = "") -> Any:
    """The shortest schedule that a verdict found, to step through."""
    return referee.schedule_picture(verdict, title)


@cache
def _cells() -> tuple[Cell, ...]:
    return tuple(finished(anomalies.matrix()))


def matrix_picture() -> Any:
    """Which mechanism stops which anomaly: searched now, every cell of it."""
    return referee.matrix(
        _cells(), referee.without(anomalies.DEFENCES), "Which mechanism stops which anomaly"
    )


def anomaly_table() -> Any:
    """The rows of the matrix in words."""
    return referee.anomaly_table(anomalies.ANOMALIES.values())


def matrix_summary() -> str:
    """Say how much the matrix searched."""
    return referee.summary(_cells(), "up to 1 surprise (2 where the anomaly needs 2)")


EXPLORERS: dict[str, Callable[[], Explorer]] = {
    "lab": lab_explorer,
    "count": count_explorer,
    "timeout": timeout_explorer,
    "ballot": ballot_explorer,
    "session": session_explorer,
}

"""What lesson 5 puts on the stage: five explorers, and the pictures between them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from dslab import show
from dslab.course import referee
from dslab.pacer import anomalies, claiming, failover, load, neighbours, real
from dslab.show import (
    Axis,
    Choice,
    Edge,
    Explorer,
    Heatmap,
    Lines,
    Mark,
    Meter,
    Meters,
    Network,
    Node,
    Slider,
    Switch,
)
from dslab.sim import Result

SEES = {"when it is asked for": "asked", "when the lock is granted": "granted"}
LEASES = {"a short lease (4.5 s)": "heartbeat", "the claim timeout (600 s)": "claim timeout"}
CHECKS = {"asks the table": "table", "asks its own clock": "clock", "asks nobody": "none"}
PREFETCH = {"claims jobs": "claims", "only reads jobs": "reads"}
HAPPENS = {
    "is killed": "killed",
    "stands still for 2 s": "2",
    "stands still for 8 s": "8",
    "is well": "nothing",
}

FIRST_MOVES = ("w1: start", "‘next’ w1", "‘claim’ A")


def system_picture() -> Any:
    """The parts of Pacer, and who talks to whom."""
    nodes = (
        Node("user", "a user's request", "person", at=(0.0, 1.0)),
        Node("submit", "submission service", "service", at=(0.45, 1.0)),
        Node("table", "job table", "store", at=(1.0, 1.0)),
        Node("worker", "worker", "person", at=(0.0, 0.45)),
        Node("a", "broker A", "service", at=(0.45, 0.45)),
        Node("helix", "controller (Helix)", "control", at=(1.0, 0.0)),
        Node("b", "broker B", "service", at=(0.45, 0.0)),
    )
    edges = (
        Edge("user", "submit", "a job"),
        Edge("submit", "table", "1 enqueue"),
        Edge("a", "table", "2 claim ahead"),
        Edge("a", "worker", "3 next job"),
        Edge("worker", "table", "4 done"),
        Edge("a", "helix", "heartbeats"),
        Edge("helix", "b", "or you: epoch 2"),
    )
    return show.picture(Network(nodes, edges, title="Pacer: one partition, one owner", height=400))


# -- act 1: the locks ------------------------------------------------------------------------------------------


def contention_explorer() -> Explorer:
    """The grid of tables by lock state, and what waiting costs."""
    controls = {
        "mode": Choice("Who claims", {"PinLater: everybody": "PinLater", "Pacer: one owner each": "Pacer"}, "PinLater"),
        "claimers": Slider("Claimers", 1, 100, 1, 20),
        "claim_ms": Slider("A claim holds its lock for", 0.5, 10.0, 0.5, 2.0, "ms"),
        "shards": Slider("Shards", 1, 10, 1, 5),
        "databases": Slider("Databases on each shard", 1, 4, 1, 2),
        "sees": Choice("A claim sees the jobs that are there", SEES, "asked"),
        "moment_ms": Slider("Moment", 0, 50, 2, 24, "ms"),
    }  # fmt: skip
    question = "2,000 jobs/s in this many tables. Which locks are held at this moment, who waits for them, and what do more claimers bring?"
    return Explorer(load.contention, controls, _contention_pictures, title="Many claimers, few locks", question=question, columns=2,
                    poster=(0, 3))  # fmt: skip


def _contention_pictures(result: Result) -> list[Any]:
    claimers = result.params["claimers"]
    here = (Mark(claimers, "now"),) if result.params["mode"] == "PinLater" else ()
    x = Axis("claimers", "", log=True, limits=(1, 110))
    wait = (result.series["wait"], result.series["wait_theory"])
    return [
        _locks(result),
        _contention_meters(result),
        Lines(x, Axis("lock wait of a claim", "ms", log=True, limits=(0.01, 1_000)), wait, title="What waiting costs", marks=here, height=260),
        Lines(x, Axis("99 % of the jobs are claimed within", "ms", log=True, limits=(1, 3_000)), (result.series["p99"],),
              title="And what it brings", marks=here, height=260),
    ]  # fmt: skip


def _locks(result: Result) -> Heatmap:
    """The tables of every shard as a grid of states: a word, a sign and a colour each."""
    params, locks = result.params, result.tables["locks"]
    places = params["shards"] * params["databases"]
    words, states = [], {"free": "neutral", "held": "good"}
    for shard in range(params["shards"]):
        row = []
        for database in range(params["databases"]):
            lock = locks[(shard * params["databases"] + database) % places]
            word = (
                f"held, {lock['waiting']} wait{'s' * (lock['waiting'] == 1)}"
                if lock["waiting"]
                else "held"
                if lock["held"]
                else "free"
            )
            if lock["waiting"]:
                states[word] = "warn" if lock["waiting"] < 3 else "bad"
            row.append(word)
        words.append(tuple(row))
    return Heatmap(
        tuple(f"shard {shard + 1}" for shard in range(params["shards"])),
        tuple(f"database {database + 1}" for database in range(params["databases"])),
        tuple(words), "shard", "database", title="The lock of each table at this moment", states=states, height=300,
    )  # fmt: skip


def _mood(value: float, some: float, much: float, words: tuple[str, str, str]) -> tuple[str, str]:
    """A word and a mood for a value: below ``some``, below ``much``, above."""
    place = (value >= some) + (value >= much)
    return words[place], ("good", "warn", "bad")[place]


def _contention_meters(result: Result) -> Meters:
    empty, wait, late = result["empty"], result["wait_ms"], result["p99_ms"]
    top = result.params["shards"] * result.params["databases"] * 1e3 / result.params["claim_ms"]
    return Meters(
        (
            Meter("claims", result["claims_s"], max(top, result["claims_s"]), "claims/s", mark=top, mark_label="all locks always held"),
            Meter("of these empty", round(empty, 1), 100, "%", *_mood(empty, 20, 50, ("few", "many", "most"))),
            Meter("a claim waits for its lock", round(wait, 2), 50, "ms", *_mood(wait, 0.1, 2, ("hardly", "a little", "longer than it works"))),
            Meter("99 % of the jobs are claimed within", round(late, 1), 200, "ms"),
        ),
        title="This setting",
    )  # fmt: skip


# -- act 2: partitions -------------------------------------------------------------------------------------------


def partitions_explorer() -> Explorer:
    """Empty polls and waits against the number of partitions, with owners or without."""
    controls = {
        "rate": Slider("Jobs arrive", 5, 20_000, 2, 5, "jobs/s", log=True),
        "count": Slider("Partitions", 1, 120, 1, 40),
        "owner": Switch("One owner a partition"),
        "poll_ms": Slider("An owner rests between polls", 1, 100, 1, 10, "ms"),
    }
    question = "A queue is spread over partitions. How many claims find nothing? Which control changes that, and which changes the lock wait?"
    return Explorer(load.partitions, controls, _partition_pictures, title="Two problems, two cures", question=question, columns=2,
                    poster=(1,))  # fmt: skip


def _partition_pictures(result: Result) -> list[Any]:
    here, size = Mark(result.params["count"], "now"), result["right_size"]
    marks = (here,) if size == result.params["count"] else (here, Mark(size, "enough"))
    x = Axis("partitions", "", log=True, limits=(0.9, 140))
    empty = (result.series["empty"], result.series["empty_theory"])
    polls = (result.series["polls"], result.series["polls_theory"])
    return [
        Lines(
            x,
            Axis("empty claims", "%", limits=(0, 105)),
            empty,
            title="How many claims find nothing",
            marks=marks,
        ),
        Lines(
            x,
            Axis("claims", "claims/s", log=True, limits=(5, 100_000)),
            polls,
            title="What the database has to answer",
            marks=(here,),
        ),
        _partition_meters(result),
    ]


def _partition_meters(result: Result) -> Meters:
    empty, wait, late = result["empty"], result["wait_ms"], result["p99_ms"]
    meters = [
        Meter(
            "lock wait of a claim",
            round(wait, 2),
            20,
            "ms",
            *_mood(wait, 0.05, 2, ("none", "some", "longer than it works")),
        ),
        Meter("empty claims", round(empty, 1), 100, "%", *_mood(empty, 20, 60, ("few", "many", "most"))),
        Meter("claims", round(result["claims_s"]), 10_000, "claims/s"),
    ]
    if not result["keeps_up"]:
        share = 100 * result["capacity"] / result.params["rate"]
        meters.append(
            Meter("of the jobs that come in, can be taken", round(share), 100, "%", "jobs pile up", "bad")
        )
    elif not math.isnan(late):
        meters.append(Meter("99 % of the jobs are claimed within", round(late, 1), 200, "ms"))
    return Meters(tuple(meters), title="Lock waits, empty claims, and the price of too few partitions")


def two_cures_table() -> Any:
    """The eight setups side by side, simulated now."""
    return show.table(
        _two_cures().tables["setups"], title="2,000 jobs/s in 10 tables, and 5 jobs/s in up to 40"
    )


@cache
def _two_cures() -> Result:
    return claiming.two_cures()


# -- act 3: the broker dies -----------------------------------------------------------------------------------------


def failover_explorer() -> Explorer:
    """A broker is killed or stands still with jobs in its memory."""
    controls = {
        "what": Choice("Broker A", HAPPENS, "killed"),
        "prefetch": Choice("Ahead of need a broker", PREFETCH, "claims"),
        "depth": Slider("Jobs ahead", 1, 30, 1, 10, "jobs"),
        "lease": Choice("What it has claimed comes back after", LEASES, "claim timeout"),
        "check": Choice("Before it hands out, it", CHECKS, "table"),
        "fencing": Switch("Fence: the table refuses an older epoch"),
    }
    question = "Jobs come in all the time, and A owns them. What does it cost them when A is gone: time, jobs, jobs done twice?"
    return Explorer(_failover, controls, _failover_pictures, title="The broker is killed, or stands still", question=question, columns=2,
                    poster=(0,))  # fmt: skip


def _failover(what: str, **settings: Any) -> Result:
    """The model with one control for what happens: "killed", "nothing", or for how many seconds A stands still."""
    if what in failover.HAPPENS:
        return failover.failover(happens=what, **settings)
    return failover.failover(happens="stands still", pause_s=float(what), **settings)


def _failover_pictures(result: Result) -> list[Any]:
    x = Axis("job, in the order of arrival", "", limits=(0, failover.JOBS + 1))
    y = Axis("waits for a worker", "s", log=True, limits=(0.001, 1_000))
    waits = (result.series["waited"], result.series["calm"])
    chart = Lines(
        x, y, waits, title="How long each job waits", marks=(Mark(5.0, "5 s", axis="y"),), height=300
    )
    return [chart, _failover_meters(result)]


def _failover_meters(result: Result) -> Meters:
    added, twice, lost, writes = result["added_s"], result["twice"], result["lost"], result["writes"]
    most = 30.0
    return Meters(
        (
            Meter("worst-hit job waits longer by", round(added, 1), 10.0, "s", *_mood(added, 1, 5, ("hardly", "within the limit", "beyond it")),
                  mark=5.0, mark_label="limit"),
            Meter("lost", lost, most, "jobs", *_mood(lost, 1, 1, ("none", "", "some"))),
            Meter("done twice", twice, most, "jobs", *_mood(twice, 1, most, ("none", "some", "many"))),
            Meter("price: statements that claim or confirm, a job", round(writes, 2), 3.0, ""),
        ),
        title="What it costs",
    )  # fmt: skip


# -- act 4: be the adversary --------------------------------------------------------------------------------------


def adversary_explorer(name: str = "zombie hands out", moves: tuple[str, ...] = (), **positions: Any) -> Any:
    """Be the network and the scheduler of an anomaly's scenario, with everything on but ``positions``; ``moves`` are made already.

    Each of ``moves`` is a part of what a choice is called. ValueError where no choice is called so.
    """
    made = referee.adversary(anomalies.anomaly(name), **positions)
    for move in moves:
        fits = [choice.index for choice in made.stepper.choices() if move in choice.label]
        if not fits:
            raise ValueError(
                f"there is no choice {move!r} after {', '.join(made.stepper.steps) or 'nothing'}"
            )
        made.pick(fits[0])
    return made


# -- act 5: neighbours ----------------------------------------------------------------------------------------------


def neighbours_explorer() -> Explorer:
    """Notifications beside image jobs, in the same processes or in pods of their own."""
    controls = {
        "pods": Switch("Pods: each queue has its own", False),
        "poison_min": Slider("Poison jobs among the images", 0, 60, 2, 30, "a minute"),
        "images_s": Slider("Image jobs", 0, 90, 5, 15, "jobs/s"),
        "notes_s": Slider("Notifications", 20, 300, 20, 120, "jobs/s"),
        "processes": Slider("Processes in all", 2, 16, 2, 8),
    }
    question = "An image job that takes its process down is tried four times. What do notifications, which have nothing to do with it, feel?"
    return Explorer(neighbours.neighbours, controls, _neighbour_pictures, title="Noisy neighbours", question=question, columns=2,
                    poster=(0,))  # fmt: skip


def _neighbour_pictures(result: Result) -> list[Any]:
    x = Axis("from arrival to end", "ms", log=True, limits=(10, 100_000))
    y = Axis("notifications slower than this", "%", log=True, limits=(0.1, 110))
    marks = (Mark(1e3 * neighbours.CLAIM_S, "claim runs out"),)
    tail = Lines(
        x,
        y,
        (result.series["slower"],),
        title="How slow the slowest notifications are",
        steps=True,
        marks=marks,
        height=300,
    )
    p99, killed, busy = result["p99_ms"], result["killed"], result["busy"]
    meters = Meters(
        (
            Meter("99 % of the notifications within", 0.0 if math.isnan(p99) else round(p99), 10_000, "ms",
                  *_mood(p99, 500, 2_000, ("as it should be", "slow", "too late"))),
            Meter("notifications killed under way", killed, 150, "jobs", *_mood(killed, 1, 10, ("none", "some", "many"))),
            Meter("load on the slots they can use", round(busy), 150, "%", *_mood(busy, 80, 100, ("fine", "high", "too much")), mark=100,
                  mark_label="all"),
        ),
        title="What notifications feel",
    )  # fmt: skip
    return [tail, meters]


def enqueue_table() -> Any:
    """A user's enqueue beside many dequeuers, with one pool of threads and with two."""
    return show.table(
        neighbours.enqueue_table().tables["enqueue"],
        title="100 enqueues/s; a dequeue holds a thread for 80 ms: 16 threads for all, or 8 and 8",
    )


# -- for real --------------------------------------------------------------------------------------------------------


def measured_table() -> Any:
    """What the stored run on PostgreSQL measured, as multiples of one claimer's checked UPDATE."""
    metrics = real.stored("contention").metrics
    unit = metrics["checked_update_1_wait_ms_measured"].value
    rows = []
    for way in real.WAYS:
        times = {
            count: metrics[f"{way.replace(' ', '_').lower()}_{count}_wait_ms_measured"].value / unit
            for count in (1, 4, 16, 32)
        }
        told = {f"{count} claimer{'s' * (count > 1)}": float(f"{times[count]:.2g}") for count in times}
        rows.append({"way": way if way != "one owner" else "one owner: from memory"} | told)
    title = "How long a claim takes, in multiples of a checked UPDATE by one claimer (a stored run on two busy cores)"
    return show.table(rows, title=title)


EXPLORERS: dict[str, Callable[[], Any]] = {
    "contention": contention_explorer,
    "partitions": partitions_explorer,
    "failover": failover_explorer,
    "adversary": lambda: adversary_explorer(moves=FIRST_MOVES, handout_check="none"),
    "neighbours": neighbours_explorer,
}

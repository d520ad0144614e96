"""What lesson 3 puts on the stage: five explorers, the playground, and the pictures between them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from dslab import show
from dslab.check import Cell, finished
from dslab.course import referee
from dslab.show import (
    Axis,
    Bars,
    Choice,
    Edge,
    Explorer,
    Group,
    Lines,
    Mark,
    Meter,
    Meters,
    Network,
    Node,
    Slider,
    SpaceTime,
    Switch,
)
from dslab.sim import Result
from dslab.zanzibar import anomalies, example, leopard, newenemy, serving

ZOOKIES = {
    "none": "nowhere",
    "from opening the document": "opening",
    "from a content-change check": "content-change check",
}
KINDS = {"doc": "document", "folder": "folder", "group": "group", "user": "person"}


def system_picture() -> Any:
    """The parts of Zanzibar, and who asks whom."""
    nodes = (
        Node("app", "application", "service", at=(0.04, 0.5)),
        Node("acl", "aclservers", "service", at=(0.4, 0.5)),
        Node("spanner", "Spanner: all versions", "store", at=(0.7, 0.95)),
        Node("log", "changelog", "store", at=(1.0, 0.95)),
        Node("watch", "watchservers", "service", at=(1.0, 0.2)),
        Node("leopard", "Leopard: the index", "cache", at=(0.55, 0.05)),
    )
    edges = (
        Edge("app", "acl", "check, write"),
        Edge("acl", "spanner", "reads at one snapshot"),
        Edge("spanner", "log", "same commit"),
        Edge("log", "watch", "changes"),
        Edge("watch", "leopard", "incremental layer"),
        Edge("acl", "leopard", "deep groups"),
    )
    return show.picture(
        Network(nodes, edges, title="Zanzibar: one service that every other one asks", height=380)
    )


# -- act 1: what a check reads ---------------------------------------------------------------------------

_PLACES = {
    "doc:plan": (0.0, 0.62), "doc:menu": (0.55, 0.0), "folder:q3": (0.18, 0.97), "folder:company": (0.4, 0.97), "group:staff": (0.57, 0.82),
    "group:eng": (0.74, 0.97), "group:sales": (0.7, 0.62), "group:web": (0.9, 0.83), "group:leads": (0.3, 0.32), "user:anne": (1.0, 0.97),
    "user:dan": (1.0, 0.28), "user:bob": (0.85, 0.52), "user:erin": (0.58, 0.22), "user:carol": (0.2, 0.05), "user:*": (0.9, 0.0),
}  # fmt: skip


def graph_explorer() -> Explorer:
    """The company's tuples; a check lights up those that it touches."""
    policies = {
        "direct tuples": "direct",
        "and editors": "editors",
        "and viewers of the folder": "folders",
        "but not the blocked": "blocked",
    }
    controls = {
        "user": Choice("Who asks", {name.capitalize(): name for name in example.USERS}, "anne"),
        "object": Choice("Which document", {"the plan": "doc:plan", "the menu": "doc:menu"}, "doc:plan"),
        "policy": Choice("Viewers are", policies, "folders"),
        "leopard": Switch("Ask the index for groups", value=False),
    }
    question = "Which tuples does one check touch, and what makes it touch more?"
    return Explorer(
        example.walk,
        controls,
        _graph_pictures,
        title="One check, tuple by tuple",
        question=question,
        poster=(0,),
    )


def _graph_pictures(result: Result) -> list[Any]:
    rows = result.tables["tuples"]
    return [tuple_graph([(row["object"], row["user"], row["relation"], row["state"]) for row in rows], f"user:{result.params['user']}", "The tuples"),
            show.Table.of(result.tables["tree"][:40], "What was asked, in order (at most 40 places)")]  # fmt: skip


def tuple_graph(
    rows: list[tuple[str, str, str, str]],
    user: str,
    title: str,
    places: dict[str, tuple[float, float]] | None = None,
) -> Network:
    """Draw tuples: an edge from each object to its user, labelled with the relation; what a check touched has a state."""
    places = _PLACES if places is None else places
    on_path = {
        end
        for thing, other, _, state in rows
        if state == "on the path"
        for end in (thing, other.partition("#")[0])
    }
    touched = {end for thing, other, _, state in rows if state for end in (thing, other.partition("#")[0])}
    names = dict.fromkeys(end for thing, other, _, _ in rows for end in (thing, other.partition("#")[0]))
    nodes = []
    for name in names:
        state = "on the path" if name in on_path else "touched" if name in touched else ""
        label = name.partition(":")[2] if name != "user:*" else "everybody"
        mood = {"on the path": "good", "touched": "warn"}.get(state, "neutral")
        nodes.append(
            Node(
                name,
                label,
                KINDS.get(name.partition(":")[0], "other"),
                state,
                mood,
                places.get(name) if places else None,
            )
        )
    edges = {}
    for thing, other, relation, state in rows:
        if thing != other.partition("#")[0]:
            mood = {"on the path": "good", "touched": "warn"}.get(state, "neutral")
            edges[thing, other.partition("#")[0]] = Edge(thing, other.partition("#")[0], relation, mood)
    return Network(tuple(nodes), tuple(edges.values()), title=title, height=390)


def playground(config: str, tuples: str, question: str) -> Any:
    """Read a configuration, tuples and a question, each as text, and show the answer, its reason and the tuples that it touched.

    What cannot be read is told in a sentence that points at the place.
    """
    try:
        found = example.playground(config, tuples, question)
    except (ValueError, RuntimeError) as error:
        print(error)
        return None
    print(f"{found['reason']}\n\n{found['tree']}")
    rows = [(each.object, each.user, each.relation, "on the path" if each in found["path"] else "touched" if each in found["touched"] else "")
            for each in found["tuples"]]  # fmt: skip
    return show.picture(
        tuple_graph(rows, question.partition("@")[2], f"{question.strip()}: {found['answer']}", {})
    )


# -- act 2: the new enemy, by the clock -------------------------------------------------------------------


def timeline_explorer() -> Explorer:
    """Both forms of the new-enemy problem, by the clock, in a zone whose replica lags."""
    controls = {
        "example": Choice(
            "What Charlie adds", {"a document to the folder (A)": "A", "a new text (B)": "B"}, "B"
        ),
        "lag_ms": Slider("Replication to Bob's zone", 1, 80, 1, 30, "ms"),
        "ask_ms": Slider("Bob asks at", 0, 40, 1, 16, "ms"),
        "zookie_from": Choice("Zookie stored with the text", ZOOKIES, "nowhere"),
        "snapshot_reads": Switch("Complete snapshots"),
        "commit_wait": Switch("Commit wait"),
    }
    question = "Alice removes Bob; after that, Charlie adds something. Bob asks far away. Does he get it, and for how long could he?"
    return Explorer(
        newenemy.timeline, controls, _timeline_pictures, title="The new enemy", question=question, poster=(0,)
    )


def _timeline_pictures(result: Result) -> list[Any]:
    window, slowest = result["window_ms"], result["slowest_ms"]
    word = "leak" if window else "no leak"
    meters = Meters(
        (
            Meter("of the first 120 ms: moments at which Bob would get it", window, 121, "ms", word, "bad" if window else "good"),
            Meter("his slowest check", min(slowest, 100), 100, "ms", "waits for the leader" if slowest > 5 else "answered next door",
                  "warn" if slowest > 5 else "good"),
        ),
        title="Bob asks at each millisecond, each time in a run of its own",
    )  # fmt: skip
    return [meters, SpaceTime(result.trace, axis="order", title="Bob asks once")]


# -- act 3: the reader as adversary -----------------------------------------------------------------------


def adversary_explorer(name: str = "old ACL, new content", **positions: Any) -> Any:
    """Be the network and the scheduler of an anomaly's scenario, with everything on but ``positions``."""
    return referee.adversary(anomalies.anomaly(name), **positions)


# -- act 4: a hot object --------------------------------------------------------------------------------


def _hot(rate: float, quantum_s: float, members: int, lock_table: bool, prefetch: bool) -> Result:
    result = serving.hot_spot(
        rate=rate, quantum_s=quantum_s, members=members, lock_table=lock_table, prefetch=prefetch
    )
    curve = serving.hit_ratio(rate=max(0.01, round(rate / members, 4)))
    return Result(
        result.params | {"members": members}, result.metrics, result.text, result.series | curve.series
    )


def hot_explorer() -> Explorer:
    """A hot object: what reaches the database."""
    controls = {
        "rate": Slider("Questions for the object", 10, 20_000, 2, 2_560, "questions/s", log=True),
        "quantum_s": Choice(
            "Snapshots are rounded to", {"nothing (1 µs)": 1e-6, "10 ms": 0.01, "1 s": 1.0, "10 s": 10.0}, 1.0
        ),
        "members": Slider("Asked on behalf of", 1, 1_000, 2, 64, "users", log=True),
        "lock_table": Switch("Lock table"),
        "prefetch": Switch("Read the whole object when many ask", value=False),
    }
    question = (
        "Nothing here is ever invalidated. How can one object be asked for thousands of times a second?"
    )
    return Explorer(_hot, controls, _hot_pictures, title="A hot object", question=question, poster=(0,))


def _hot_pictures(result: Result) -> list[Any]:
    capacity = result["capacity"]
    reads, peak = result["reads_per_s"], result["peak"]
    meters = Meters(
        (
            Meter("database reads, on average", min(reads, 4 * capacity), 4 * capacity, "reads/s", "", "neutral"),
            Meter("in the busiest tenth of a second", min(peak, 4 * capacity), 4 * capacity, "reads/s", "overloaded" if peak > capacity else "within capacity",
                  "bad" if peak > capacity else "good", mark=capacity, mark_label="capacity"),
            Meter("answered without a read", result["hit"], 100, "%", "", "neutral"),
            Meter("99 % of the questions within", min(result["p99_ms"], 400), 400, "ms", "", "neutral"),
        ),
        title="The hot object",
    )  # fmt: skip
    quantum = result.params["quantum_s"]
    lines = Lines(
        Axis("quantum", "s", log=True, limits=(1e-6, 100)), Axis("hit ratio of one user's key", "%", limits=(0, 100)),
        (result.series["simulated"], result.series["theory"]), title="Hit ratio against quantum", marks=(Mark(quantum, "now"),),
    )  # fmt: skip
    return [meters, lines]


def tail_picture(percentile: float = 99.0) -> Any:
    """Reads with and without a hedge, simulated and by the closed form."""
    result = serving.hedging(percentile)
    x = Axis("a read takes longer than", "ms", log=True, limits=(0.2, 110))
    y = Axis("share of the reads", "%", log=True, limits=(0.01, 100))
    delay = Mark(result["delay"], "hedged after")
    return show.picture(
        Lines(x, y, tuple(result.series.values()), title="One per cent of the reads is slow", marks=(delay,))
    )


def safe_recent_table() -> Any:
    """Table 2 of the paper beside the model's."""
    return show.table(
        serving.safe_and_recent().tables["table 2"],
        title="Latencies: the paper's table 2, and the model fitted to it",
    )


def isolation_table() -> Any:
    """Two clients on one server, with and without limits."""
    rows = []
    for on in (True, False):
        result = serving.isolation(on=on)
        rows.append({"limits": "on" if on else "off", "noisy client gets (% of its demand)": round(result["noisy"]),
                     "quiet client gets (% of its demand)": round(result["quiet"])})  # fmt: skip
    return show.table(
        rows, title="A noisy client asks for 900 cpu-seconds/s, a quiet one for 100; there are 500"
    )


# -- act 5: deep groups ---------------------------------------------------------------------------------


def _deep(depth: int, side: int) -> Result:
    result, curve = leopard.compare(depth, side), leopard.by_depth(side)
    return Result(result.params, result.metrics, result.text, curve.series)


def leopard_explorer() -> Explorer:
    """Deep groups: pointer chasing against the index."""
    controls = {
        "depth": Slider("Groups are nested", 1, 32, 1, 8, "deep"),
        "side": Slider("Other groups on each level", 0, 20, 1, 8),
    }
    question = "What does it cost to find somebody deep down, tuple by tuple and by the index? And who pays for the index?"
    return Explorer(
        _deep, controls, _deep_pictures, title="Deep groups", question=question, columns=2, poster=(0,)
    )


def _deep_pictures(result: Result) -> list[Any]:
    x = Axis("nesting depth", "", limits=(0, 34))
    y = Axis("tuples read, or seeks", "", log=True, limits=(0.8, 3_000))
    lines = Lines(
        x,
        y,
        tuple(result.series.values()),
        title="Work for one question",
        marks=(Mark(result.params["depth"], "now"),),
    )
    groups = (Group("tuples stored", (result["tuples"],)), Group("index entries", (result["entries"],)))
    bars = Bars(
        ("stored",),
        groups,
        Axis("entries", "", log=True, limits=(1, 30_000)),
        "what is stored",
        title="What the index holds",
    )
    return [lines, bars]


def maintenance_table() -> Any:
    """What one changed tuple means for the index: events, and who is still reached by another path."""
    from dslab.zanzibar.store import TupleStore
    from dslab.zanzibar.tuples import parse

    store = TupleStore()
    store.commit(map(parse, ("group:all#member@group:a#member", "group:all#member@group:b#member", "group:a#member@group:web#member",
                             "group:b#member@group:web#member", "group:web#member@user:anne")))  # fmt: skip
    index, rows = leopard.Leopard(store.view()), []
    steps = (
        ("remove", "group:a#member@group:web#member"),
        ("remove", "group:b#member@group:web#member"),
        ("add", "group:all#member@group:web#member"),
    )
    for what, text in steps:
        before = store.last_ts
        store.commit([parse(text)] if what == "add" else [], [parse(text)] if what == "remove" else [])
        events = index.follow(store.changes(before))
        rows.append(
            {
                "change": f"{what} {text}",
                "events": events,
                "anne in all": "yes" if index.contains("group:all", "user:anne") else "no",
            }
        )
    return show.table(rows, title="web is in all by two paths; both are taken away, then a third is made")


# -- break it: the table --------------------------------------------------------------------------------


@cache
def _cells(deviations: int, budget: int) -> tuple[Cell, ...]:
    return tuple(finished(anomalies.matrix(deviations=deviations, budget=budget)))


HALVES = {
    "lists": ("Lists and content: which defence stops which anomaly", ("commit wait", "complete snapshots", "one snapshot per check", "zookies",
                                                                       "content-change check", "atomic store", "lock tuple")),
    "serving": ("Serving and the index: which defence stops which anomaly", ("quantized snapshots", "rounding up", "lock table", "keys per client",
                                                                              "delayed cancellation", "incremental layer")),
}  # fmt: skip


def _half(half: str) -> tuple[str, ...]:
    """Give the anomalies that a defence of this half stops."""
    positions = [anomalies.DEFENCES[off] for off in HALVES[half][1]]
    return tuple(
        name for name, anomaly in anomalies.ANOMALIES.items() if any(off in positions for off in anomaly.off)
    )


def matrix_picture(half: str, deviations: int = 2, budget: int = 4_000) -> Any:
    """Which defence stops which anomaly: "lists" or "serving", all cells of both searched now."""
    title, offs = HALVES[half]
    columns, names = referee.without(offs), _half(half)
    cells = [cell for cell in _cells(deviations, budget) if cell.anomaly in names and cell.column in columns]
    return referee.matrix(cells, columns, title)


def anomaly_table(half: str) -> Any:
    """The rows of one of the two tables in words."""
    return referee.anomaly_table([anomalies.ANOMALIES[name] for name in _half(half)])


_COLUMNS = {
    "commit wait": "a commit waits until its timestamp is past on every clock",
    "complete snapshots": "a replica answers for a time only when all changes up to it are there",
    "one snapshot per check": "all reads of one check use the same time",
    "zookies": "the text is stored with a zookie, and the check sends it along",
    "content-change check": "the zookie is taken when the new text is saved, not when the page was opened",
    "atomic store": "text and zookie are written in one step",
    "lock tuple": "whoever changes an object writes one tuple of it as well, so a second editor who read before fails",
    "quantized snapshots": "evaluation times are rounded, so that questions share a key",
    "rounding up": "they are rounded up, never below a zookie",
    "lock table": "the first question for a key computes, the others wait for it",
    "keys per client": "the keys of the lock table hold the client, so nobody waits for a read that is held back for another",
    "delayed cancellation": "a computation that others wait for goes on when its own caller gives up",
    "incremental layer": "the index hears of changes since it was built",
}


def column_table(half: str) -> Any:
    """The columns of one of the two tables in words, with the switch that each puts off."""
    rows = [
        {
            "what is off": name,
            "what it does when it is on": _COLUMNS[name],
            "switch": ", ".join(f"{switch}={value!r}" for switch, value in anomalies.DEFENCES[name].items()),
        }
        for name in HALVES[half][1]
    ]
    return show.table(rows, title="The columns of the table above")


def matrix_summary(deviations: int = 2, budget: int = 4_000) -> str:
    """Say how much the tables' search covered, and what lies across the two."""
    cells = _cells(deviations, budget)
    inside = [
        cell
        for cell in cells
        if any(cell.anomaly in _half(half) and cell.column in ("", *HALVES[half][1]) for half in HALVES)
    ]
    across = [cell for cell in cells if cell not in inside]
    broken = sum(not cell.verdict.held for cell in across)
    told = referee.summary(cells, f"up to {deviations} surprises")
    return f"{told} {len(across)} of them are in neither table (one table's row with the other's switch off): {broken or 'none'} broke."


EXPLORERS: dict[str, Callable[[], Any]] = {
    "graph": graph_explorer,
    "timeline": timeline_explorer,
    "adversary": lambda: adversary_explorer(zookie_from="nowhere"),
    "hot object": hot_explorer,
    "leopard": leopard_explorer,
}

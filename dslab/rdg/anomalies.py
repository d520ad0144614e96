"""What goes wrong with the graph when a mechanism is off: invariants, one scenario for each anomaly, the table of both.

| word     | meaning                                                                                             |
|----------|-----------------------------------------------------------------------------------------------------|
| anomaly  | a scenario, the invariant it breaks, and the switch positions with which it does                       |
| defence  | a switch position whose absence the table tries                                                      |
| base     | every mechanism on (`dslab.rdg.protocol.Switches`)                                                     |

`ANOMALIES` has them all by name; `search(name, **switches)` asks the referee; `matrix()` computes the table
"which defence stops which anomaly". Sizes are scaled down: a page is 3 items, a super-node has 7 edges.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any

from dslab import check
from dslab.check import Cell, Invariant, Verdict, always, eventually, searches, sometimes
from dslab.rdg.kv import DAY_US, Write, wins
from dslab.rdg.pipeline import Job
from dslab.rdg.protocol import CEILING, Crowd, NodeCache, Rdg, StreamJob, Switches
from dslab.rdg.stream import START_US, Action
from dslab.sim import Queue, World, sleep, step

PAGE = 3
EVENTS = 3
DELETE_AT = 50


def rdg(world: World) -> Rdg:
    """Give the parts that a scenario built into ``world``."""
    return world.facts["rdg"]


# -- invariants ---------------------------------------------------------------------------------------


def _newest_wins(world: World) -> bool | str:
    system, newest = rdg(world), dict[tuple[str, str, str], tuple[int, str | None]]()
    for write in (write for write in system.seen["input"] if write.namespace == "property"):
        said, key = (write.version, write.value), write[:3]
        if key not in newest or wins(said, newest[key]):
            newest[key] = said
    for key, (version, value) in newest.items():
        held = system.shown(*key)
        if held != f"{value}@{version}":
            return f"the newest input says {value}@{version} and the storage holds {held}"
    return True


def _views(system: Rdg) -> dict[str, int]:
    """Count how often each event is in the storage; a counter tells how many there are, not which."""
    record = system.store.namespaces.get("views", {}).get("title:1")
    counter = system.store.get("counter", "title:1", "views")
    if counter is not None:
        return {"events": int(counter[1])}
    return {item: 1 for item, _ in record.items()} if record else {}


def stored_events(world: World) -> set[int]:
    """Give the numbers of the events, from 0, that the storage holds as items of their own."""
    record = rdg(world).store.namespaces.get("views", {}).get("title:1")
    return {int(item.removeprefix("event ")) for item, _ in record.items()} if record else set()


def _nothing_skipped(world: World) -> bool | str:
    checkpoint = world.nodes["job"].state["checkpoint"]
    missing = sorted(set(range(checkpoint)) - stored_events(world))
    return (
        not missing
        or f"the checkpoint says {checkpoint} events are done, and event {missing[0]} is not stored"
    )


def _no_lost_event(world: World) -> bool | str:
    stored, came = sum(_views(rdg(world)).values()), rdg(world).seen["events"]
    return stored >= came or f"{came} events came in and {stored} are in the storage"


def _counted_once(world: World) -> bool | str:
    stored, came = sum(_views(rdg(world)).values()), rdg(world).seen["events"]
    return stored <= came or f"{came} events came in and the counter says {stored}"


def _symmetric(world: World) -> bool | str:
    system = rdg(world)
    if "repair" not in world.nodes:
        return True  # a scenario that writes no edges
    for here, there in (("link", "rlink"), ("rlink", "link")):
        for record in sorted(system.store.namespaces.get(here, {})):
            for key, version, _ in system.store.page(here, record).items:
                if system.store.get(there, key, record) is None:
                    return f"{here} {record} > {key} @{version} is there and its other direction is not"
    return True


def _newer_edge_kept(world: World) -> bool | str:
    system = rdg(world)
    for write in (write for write in system.seen["input"] if write.namespace == "link"):
        for namespace, record, item in (
            ("link", write.record, write.item),
            ("rlink", write.item, write.record),
        ):
            if write.version > DELETE_AT and system.store.get(namespace, record, item) is None:
                return f"the edge {write.record} > {write.item} was added at {write.version}, after the delete at {DELETE_AT}, and its {namespace} is gone"
    return True


def _empty(what: str) -> Callable[[World], bool | str]:
    def test(world: World) -> bool | str:
        found = rdg(world).seen[what]
        return not found or found[0]

    return test


def _bounded_read(world: World) -> bool | str:
    largest, page = rdg(world).seen["largest"], rdg(world).seen["page"]
    return largest <= page or f"one call returned {largest} items, where a page is {page}"


def _one_round_a_level(world: World) -> bool | str:
    seen = rdg(world).seen
    return (
        seen["rounds"] <= seen["levels"]
        or f"{seen['rounds']} round trips one after the other for {seen['levels']} levels"
    )


def _no_collapse(world: World) -> bool | str:
    most = rdg(world).seen["most"]
    return most <= CEILING or f"{most} calls were in the storage at once, over its ceiling of {CEILING}"


ISOLATED = always("ISOLATED", "no topic waits because another topic's sink is full", _empty("foreign"))
NEWEST_WINS = eventually(
    "NEWEST_WINS", "at rest each item holds the newest of what came in, whatever the order", _newest_wins
)
NO_LOST_EVENT = eventually(
    "NO_LOST_EVENT", "at rest every event that came in is in the storage", _no_lost_event
)
NOTHING_SKIPPED = always(
    "NOTHING_SKIPPED", "whatever the checkpoint takes for done is in the storage", _nothing_skipped
)
COUNTED_ONCE = eventually("COUNTED_ONCE", "at rest no event is counted more than once", _counted_once)
BOUNDED_READ = always("BOUNDED_READ", "no call returns more than a page", _bounded_read)
SYMMETRIC = eventually("SYMMETRIC", "at rest every link is there in both directions", _symmetric)
NEWER_EDGE_KEPT = eventually(
    "NEWER_EDGE_KEPT", "an edge that is newer than a delete survives it, in both directions", _newer_edge_kept
)
ONE_ROUND_A_LEVEL = always("ONE_ROUND_A_LEVEL", "a walk waits for one round trip a level", _one_round_a_level)
NO_DEAD_NODE = always(
    "NO_DEAD_NODE", "the cache never serves a node whose retention has ended", _empty("dead")
)
NO_COLLAPSE = always("NO_COLLAPSE", "never more calls in the storage at once than its ceiling", _no_collapse)
FINISHED = sometimes(
    "FINISHED", "somebody finishes what they began", lambda world: rdg(world).seen["done"] > 0
)

INVARIANTS = (
    ISOLATED, NEWEST_WINS, NO_LOST_EVENT, COUNTED_ONCE, BOUNDED_READ, SYMMETRIC, NEWER_EDGE_KEPT, ONE_ROUND_A_LEVEL, NO_DEAD_NODE,
    NO_COLLAPSE,
)  # fmt: skip


# -- scenarios ----------------------------------------------------------------------------------------


def _system(name: str, switches: Switches) -> tuple[World, Rdg]:
    world = World(name=name)
    return world, Rdg(world, switches)


def _shared_job(switches: Switches) -> World:
    """A burst on topic A, whose sink is emptied slowly, and as many records on topic B, whose sink is emptied at once."""
    world, system = _system("shared job", switches)
    logs = {"A": ["a1", "a2", "a3", "a4"], "B": ["b1", "b2", "b3", "b4"]}
    sinks = {topic: Queue(world, 2, f"sink {topic}") for topic in logs}

    async def drain(topic: str, us: int) -> None:
        for _ in logs[topic]:
            await sinks[topic].get()
            await sleep(us)

    if switches.job_per_topic:
        for topic, log in logs.items():
            StreamJob(system, f"job {topic}", {topic: log}, sinks)
    else:
        StreamJob(system, "job", logs, sinks)
    system.storage.spawn(drain("A", 10_000), "drain A")
    system.storage.spawn(drain("B", 100), "drain B")
    return world


def _sender(system: Rdg, name: str, writes: list[Write]) -> None:
    """Add a job that sends writes to the storage and does not wait: they may arrive in any order."""
    node = system.world.node(name, name, "service")

    async def run() -> None:
        for write in writes:
            system.seen["input"].append(write)
            node.send("storage", "put", namespace=write.namespace, record=write.record, item=write.item, version=write.version,
                      value=write.value)  # fmt: skip
        system.seen["done"] += 1

    node.spawn(run())


def _watch(version: int, value: str) -> Write:
    return Write("property", "profile:1", "title:1", version, value)


def _late_event(switches: Switches) -> World:
    """A watch at 100 is in the topic before the watch at 90: the phone was offline for a while."""
    world, system = _system("late event", switches)
    world.link("job", "storage", may_duplicate=1)
    _sender(system, "job", [_watch(100, "finished"), _watch(90, "paused")])
    return world


def _same_moment(switches: Switches) -> World:
    """Two jobs write the same item with the same version, and either can be first."""
    world, system = _system("same moment", switches)
    _sender(system, "job A", [_watch(100, "paused")])
    _sender(system, "job B", [_watch(100, "resumed")])
    return world


def _replay(switches: Switches, every: int = 1) -> World:
    """A job hands on three events; it may crash at any moment and goes on from its checkpoint, taken after ``every`` so many events."""
    world, system = _system("replay", switches)
    system.seen["events"] = EVENTS
    node = world.node("job", "Job", "service", checkpoint=0)
    node.durable.add("checkpoint")
    further = int(switches.bug == "checkpoint one too far")

    async def hand_on(event: int) -> None:
        if switches.upserts:
            await system.put(node, "views", "title:1", f"event {event}", event, "seen")
        else:
            await node.call("storage", "add", namespace="counter", record="title:1", item="views", by=1)

    async def run(extra: int = 0) -> None:
        for event in range(node.state["checkpoint"] + extra, EVENTS):
            if not switches.emit_before_checkpoint:
                node.state["checkpoint"] = event + 1
                await step()
            await hand_on(event)
            if switches.emit_before_checkpoint and (event + 1) % every == 0:
                node.state["checkpoint"] = min(event + 1 + further, EVENTS)
        system.seen["done"] += 1

    def crash() -> None:
        node.crash()
        node.restart()

    node.boot = lambda: run(int(switches.bug == "replay skips one"))
    world.may("job crashes and restarts", crash, node=node, kind="crash")
    node.spawn(run())
    return world


def _checkpoint_at_the_end(switches: Switches) -> World:
    """The same job with one checkpoint, after the last of its three events: slower after a crash, and just as right."""
    return _replay(switches, every=EVENTS)


def _wide_record(switches: Switches) -> World:
    """A title that seven devices streamed: one record, read by somebody who wants all of it."""
    world, system = _system("wide record", switches)
    system.seen["page"] = PAGE
    system.load(*(Write("link", "title:1", f"device:{n}", n, "") for n in range(7)))
    walker = world.node("walker", "Walker")
    walker.spawn(system.read_all(walker, "link", "title:1", PAGE))
    return world


def _half_edge(switches: Switches) -> World:
    """A writer writes a link, then its reverse, and may die at any moment."""
    world, system = _system("half-written edge", switches)
    system.repair()
    writer = world.node("writer", "Writer", "service")
    world.may_crash(writer, restart=False)
    writer.spawn(system.put_edge(writer, "account:1", "device:1", 10))
    return world


def _delete_and_add(switches: Switches) -> World:
    """An account with one edge is deleted as of 50; at 60 the member is back, on the same device."""
    world, system = _system("delete and add", switches)
    system.load(
        Write("link", "account:1", "device:1", 10, ""), Write("rlink", "device:1", "account:1", 10, "")
    )
    system.repair()
    deleter, writer = (
        world.node("deleter", "Async delete", "service"),
        world.node("writer", "Writer", "service"),
    )
    system.seen["input"].append(Write("link", "account:1", "device:1", 60, ""))
    deleter.spawn(system.delete_node(deleter, "account:1", DELETE_AT))
    writer.spawn(_later(20_000, system.put_edge(writer, "account:1", "device:1", 60)))
    return world


async def _later(us: int, what: Any) -> None:
    await sleep(us)
    await what


def _by_level(switches: Switches) -> World:
    """One account with five profiles, each with one title: two levels."""
    world, system = _system("one call after the other", switches)
    for n in range(5):
        system.load(
            Write("link", "account:1", f"profile:{n}", 1, ""),
            Write("link", f"profile:{n}", f"title:{n}", 1, ""),
        )
    walker = world.node("walker", "Walker")
    walker.spawn(system.walk(walker, "account:1", 2))
    return world


def _dying_node(switches: Switches) -> World:
    """A node was last active on day 0 and is kept for 100 days. It is read on day 99, and again on day 101."""
    world, system = _system("dying node", switches)
    cache = NodeCache(system)

    async def read_twice() -> None:
        for days in (99, 2):
            await sleep(days * DAY_US)
            world.note(cache.node, cache.read("device:1", active_day=0))
        system.seen["done"] += 1

    cache.node.spawn(read_twice())
    return world


def _fan_out(switches: Switches) -> World:
    """Two walkers have twenty-four calls each to make to one shard of the storage."""
    world, system = _system("fan-out", switches)
    crowd = Crowd(system)
    for name in ("walker 1", "walker 2"):
        walker = world.node(name, name)
        walker.spawn(crowd.fan_out(walker, 24))
    return world


def _dedup_window(switches: Switches) -> World:
    """Two watches of one title fall into one window; the job of the lesson hands on one record."""
    world, system = _system("dedup window", switches)
    node, job = (
        world.node("job", "Job", "service"),
        Job(5_000_000, keep="first" if switches.bug == "window keeps the first" else "newest"),
    )
    views = [
        Action("watches", n, START_US + n, "account:1", "profile:1", "device:1", "title:1", 60 * n)
        for n in (1, 2)
    ]

    async def run() -> None:
        for action in views:
            job.take(action)
            system.seen["input"].append(_watch(action.at_us, f"action {action.id}, {action.seconds} s"))
        for update in job.flush():
            if update.type == "started_watching":
                await system.put(node, "property", update.source, update.target, update.version, update.value)
        system.seen["done"] += 1

    node.spawn(run())
    return world


# -- anomalies ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Anomaly(check.Anomaly):
    """A way in which the graph breaks; in each of its scenarios somebody must finish what they began."""

    switches = Switches

    also: tuple[Invariant, ...] = (FINISHED,)


_LIST = (
    Anomaly("shared job", "the sink of topic A is full, and topic B, whose sink is empty, waits with it", _shared_job, ISOLATED,
            ({"job_per_topic": False},), "facts 4c.1"),
    Anomaly("late event", "a watch at 90 arrives after the watch at 100 and overwrites it", _late_event, NEWEST_WINS,
            ({"event_time_wins": False},), "facts 4c.2"),
    Anomaly("same moment", "two values with one event time, and the order of arrival decides", _same_moment, NEWEST_WINS,
            ({"event_time_wins": False},), "ours: ties of last-write-wins"),
    Anomaly("replay", "a job restarts from its checkpoint, hands on again, and a counter counts twice", _replay, COUNTED_ONCE,
            ({"upserts": False},), "facts 4c.3"),
    Anomaly("early checkpoint", "a job notes an event as done, dies before it hands it on, and restarts after it", _replay, NO_LOST_EVENT,
            ({"emit_before_checkpoint": False},), "ours: the other order of facts 4c.3"),
    Anomaly("wide record", "one call returns the whole record of a super-node", _wide_record, BOUNDED_READ, ({"paging": False},), "facts 4c.4"),
    Anomaly("half-written edge", "the writer dies between the forward link and the reverse", _half_edge, SYMMETRIC,
            ({"entropy_repair": False},), "facts 4c.5"),
    Anomaly("delete and add", "an edge that is newer than the delete of its node is deleted with the rest", _delete_and_add, NEWER_EDGE_KEPT,
            ({"delete_versions": False}, {"event_time_wins": False}), "facts 4c.6", also=(SYMMETRIC, FINISHED)),
    Anomaly("one call after the other", "six round trips where two would do", _by_level, ONE_ROUND_A_LEVEL, ({"by_level": False},), "facts 4c.7"),
    Anomaly("dying node", "on day 101 the cache serves a node that was kept until day 100", _dying_node, NO_DEAD_NODE, ({"skip_dying": False},), "facts 4c.8"),
    Anomaly("fan-out", "all calls at once overwhelm the storage", _fan_out, NO_COLLAPSE, ({"limiter": False},), "facts 4c.9"),
)  # fmt: skip
ANOMALIES: dict[str, Anomaly] = {anomaly.name: anomaly for anomaly in _LIST}
EXTRA_SCENARIOS: dict[str, tuple[Callable[[Switches], World], Invariant]] = {
    "dedup window": (_dedup_window, NEWEST_WINS),
    "one checkpoint at the end": (_checkpoint_at_the_end, NOTHING_SKIPPED),
}

DEFENCES: dict[str, dict[str, Any]] = {
    "job per topic": {"job_per_topic": False},
    "event time wins": {"event_time_wins": False},
    "upserts": {"upserts": False},
    "checkpoint last": {"emit_before_checkpoint": False},
    "paging": {"paging": False},
    "entropy repair": {"entropy_repair": False},
    "versioned delete": {"delete_versions": False},
    "walk by level": {"by_level": False},
    "skip dying nodes": {"skip_dying": False},
    "limiter": {"limiter": False},
}


def anomaly(name: str) -> Anomaly:
    """Give the anomaly called ``name``; ValueError lists the names where there is none."""
    return check.named(ANOMALIES, name)


def search(name: str, deviations: int = 2, budget: int = 20_000, **positions: Any) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with everything on but ``positions``."""
    return anomaly(name).search(deviations, budget, **positions)


def matrix(
    anomalies: Iterable[str] = tuple(ANOMALIES), deviations: int = 2, budget: int = 4_000
) -> Generator[float, None, list[Cell]]:
    """Search every anomaly with everything on and with each defence off: a generator of the share done; returns the cells."""
    return searches(
        anomalies,
        ("", *DEFENCES),
        lambda name, off: search(name, deviations, budget, **DEFENCES.get(off, {})),
    )

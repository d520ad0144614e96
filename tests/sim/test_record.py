"""What a trace records: which events, on which lanes, because of what, in which states; messages, operations, faults."""

from dataclasses import dataclass
from enum import Enum

import pytest

from dslab.sim import Driver, Future, Lock, Queue, Semaphore, World, sleep, step
from dslab.sim.record import plain
from tests.sim.worlds import random_world


def events(world, lane=None):
    """Give (time, lane, kind, label) of each event after the starts."""
    told = [(e["t"], e["lane"], e["kind"], e["label"]) for e in world.trace.events if e["kind"] != "start"]
    return [event for event in told if lane in (None, event[1])]


def find(world, label):
    """Give the id of the one event with that label."""
    (found,) = [event["id"] for event in world.trace.events if event["label"] == label]
    return found


def pair(**link):
    world = World()
    a, b = world.node("a"), world.node("b", count=0)
    world.link(latency=10)
    world.link("a", "b", latency=10, **link)

    def add(by=1):
        b.state["count"] += by
        return b.state["count"]

    b.on("add", add)
    return world.record(), a, b


# -- events and causes ---------------------------------------------------------------------------------------


def test_a_call_is_two_messages_and_the_caller_goes_on_with_the_answer():
    world, a, _ = pair()

    async def asks():
        await a.call("b", "add", by=5)
        world.note("a", "has it")

    a.spawn(asks())
    world.run()
    assert events(world) == [
        (0, "a", "send", "add 5 → b"), (10, "b", "receive", "add 5 from a"), (10, "b", "send", "add ↩ 5 → a"),
        (20, "a", "receive", "add ↩ 5 from b"), (20, "a", "note", "has it"),
    ]  # fmt: skip


def test_an_event_follows_the_one_before_on_its_lane_and_what_it_received():
    world, a, _ = pair()
    a.send("b", "add")
    a.send("b", "add")
    world.run()
    causes = [event["causes"] for event in world.trace.events]
    assert causes == [[], [], [0], [2], [1, 2], [3, 4]]


def test_a_state_is_shown_at_the_start_and_where_it_changed():
    world, a, _ = pair()
    a.send("b", "add")
    world.note("b", "nothing changed")
    world.run()
    states = [event.get("state") for event in world.trace.lane_events("b")]
    assert states == [{"count": 0}, None, {"count": 1}]


def test_a_state_that_another_lane_changed_is_an_event_because_of_it():
    world, a, b = pair()

    async def reaches_over():
        await sleep(5)
        b.state["count"] = 7

    a.spawn(reaches_over())
    world.run()
    changed = world.trace.events[find(world, "changed")]
    assert (changed["lane"], changed["state"], changed["causes"]) == (
        "b",
        {"count": 7},
        [1, find(world, "wakes up")],
    )


def test_a_timeout_is_an_event():
    world, a, _ = pair()
    world.cut("a", "b")

    async def asks():
        with pytest.raises(TimeoutError):
            await a.call("b", "add", timeout_us=50)

    a.spawn(asks())
    world.run()
    assert events(world, "a")[-1] == (50, "a", "timer", "gave up on ‘add’ from b")


def test_actors_without_a_node_have_lanes_of_their_own():
    world = World().record()

    async def walks():
        await step("takes a step")

    world.spawn(walks())
    world.spawn(walks())
    world.run()
    lanes = [lane["id"] for lane in world.trace.lanes]
    assert (lanes, events(world, "walks 2")[-1]) == (
        ["walks", "walks 2"],
        (0, "walks 2", "step", "takes a step"),
    )


def test_a_node_that_comes_later_gets_its_lane_then():
    world, a, _ = pair()
    world.run()
    world.at(5, lambda: (world.node("late"), a.send("late", "hello")))
    world.cut("a", "b")
    with pytest.raises(ValueError, match="late has no handler"):
        world.run()
    assert [lane["id"] for lane in world.trace.lanes] == ["a", "b", "late"]


def handing_over(make, give, take):
    """Lane a marks an event and gives; lane b takes later and marks an event. Does the one happen before the other?"""
    world = World().record()
    thing = make(world)

    async def gives():
        if make is not Queue:
            await thing.acquire() if hasattr(thing, "acquire") else None
        await sleep(5)
        world.note("a", "before giving")
        give(thing)

    async def takes(after):
        await sleep(after)
        await take(thing)
        world.note("b", "after taking")

    return world, gives, takes


@pytest.mark.parametrize("after", [1, 9], ids=["waits for it", "finds it"])
@pytest.mark.parametrize(
    ("make", "give", "take"),
    [
        (Queue, lambda queue: queue.try_put(1), lambda queue: queue.get()),
        (Lock, lambda lock: lock.release(), lambda lock: lock.acquire()),
        (lambda world: Semaphore(world, 1), lambda s: s.release(), lambda s: s.acquire()),
        (Future, lambda future: future.set(1), lambda future: future.wait()),
    ],
    ids=["queue", "lock", "semaphore", "future"],
)
def test_who_takes_what_another_gave_comes_after_it(make, give, take, after):
    world, gives, takes = handing_over(make, give, take)
    world.spawn(gives(), "a")
    world.spawn(takes(after), "b")
    world.run()
    assert find(world, "before giving") in world.trace.past(find(world, "after taking"))


def test_who_is_spawned_by_another_lane_comes_after_it():
    world, a, b = pair()

    async def spawns():
        world.note("a", "spawns")
        b.spawn(sleep(1), "child")

    a.spawn(spawns())
    world.run()
    assert find(world, "spawns") in world.trace.past(find(world, "start"))


def test_who_waits_for_an_actor_comes_after_its_end():
    world = World().record()

    async def works():
        await sleep(5)
        world.note("works", "done")

    async def waits(actor):
        await actor
        world.note("waits", "goes on")

    world.spawn(waits(world.spawn(works())))
    world.run()
    assert find(world, "done") in world.trace.past(find(world, "goes on"))


# -- messages ---------------------------------------------------------------------------------------------------


def statuses(world):
    return [(m["status"], m["received"] is not None) for m in world.trace.messages]


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (lambda world, b: None, ("delivered", True)),
        (lambda world, b: world.cut("a", "b"), ("lost", False)),
        (lambda world, b: world.at(5, lambda: world.cut("a", "b")), ("lost", False)),
        (lambda world, b: world.at(5, b.crash), ("lost", False)),
        (lambda world, b: (world.at(5, b.pause), world.at(15, b.crash)), ("lost", False)),
        (lambda world, b: world.at(5, b.pause), ("in flight", False)),
    ],
    ids=["arrives", "cut before", "cut on its way", "node down", "held, then down", "held"],
)
def test_what_became_of_a_message(spoil, status):
    world, a, b = pair()
    spoil(world, b)
    a.send("b", "add")
    world.run()
    assert statuses(world) == [status]


def test_a_message_by_chance_lost_is_lost():
    world, a, _ = pair(loss=1.0)
    a.send("b", "add")
    world.run()
    assert statuses(world) == [("lost", False)]


def test_a_duplicate_is_a_message_of_its_own_with_the_same_send():
    world, a, _ = pair(duplicate=1.0)
    a.send("b", "add")
    world.run()
    first, second = world.trace.messages
    assert (second["copy_of"], second["sent"], statuses(world)) == (
        0,
        first["sent"],
        [("delivered", True)] * 2,
    )


def test_a_message_that_a_driver_loses_is_lost():
    world, a, _ = pair(may_lose=1)
    a.send("b", "add")
    driver = Driver(world)
    driver.take(1)
    assert statuses(world) == [("lost", False)]


# -- operations, faults, verdicts ----------------------------------------------------------------------------------


def test_operations_begin_and_end_at_events():
    world, a, _ = pair()

    async def writes():
        done = world.invoke("a", "write", key="k", value=1)
        world.invoke("a", "read", key="k")
        await a.call("b", "add")
        world.respond(done, "ok", 1)

    a.spawn(writes())
    world.run()
    write, read = world.trace.operations
    labels = [
        world.trace.events[event]["label"] for event in (write["invoked"], write["returned"], read["invoked"])
    ]
    assert labels == ["write k 1", "write ok: 1", "read k"]
    assert (write["status"], write["value"], read["status"], read["returned"]) == ("ok", 1, "open", None)


def test_an_operation_ends_once_and_in_one_of_three_ways():
    world = World()
    operation = world.invoke("a", "read")
    with pytest.raises(ValueError, match='"ok", "fail" or "info", not \'done\''):
        world.respond(operation, "done")
    world.respond(operation, "fail")
    with pytest.raises(ValueError, match="operation 0 \\(read\\) has ended already, with 'fail'"):
        world.respond(operation, "ok")
    assert (operation["status"], operation["returned"]) == ("fail", 1)


def test_an_operation_from_before_the_recording_is_left_out():
    world = World()
    world.node("a")
    operation = world.invoke("a", "read")
    world.record().respond(operation)
    assert (world.trace.operations, operation["status"]) == ([], "ok")


def test_faults_are_bands_from_a_time_to_a_time():
    world, _, b = pair()
    acts = [
        (5, b.crash), (9, b.restart), (20, b.pause), (30, b.resume), (40, lambda: b.slow_down(3)),
        (50, lambda: b.slow_down(1)), (60, lambda: world.cut("a", "b")), (65, lambda: world.cut("a", "b")), (70, world.heal),
        (80, b.pause),
    ]  # fmt: skip
    for time, act in acts:
        world.at(time, act)
    world.run()
    bands = [(f["kind"], f["lanes"], f["from"], f["to"]) for f in world.trace.faults]
    assert bands == [
        ("crash", ["b"], 5, 9), ("pause", ["b"], 20, 30), ("slow", ["b"], 40, 50), ("cut", ["a", "b"], 60, 70),
        ("pause", ["b"], 80, None),
    ]  # fmt: skip


def test_a_crash_and_a_clock_that_jumps_are_events():
    world, _, b = pair()
    for time, act in ((5, b.crash), (9, b.restart), (11, lambda: b.jump(-40)), (12, lambda: b.drift(5))):
        world.at(time, act)
    world.run()
    assert events(world, "b") == [
        (5, "b", "crash", "b crashes"), (9, "b", "restart", "b restarts"), (11, "b", "fault", "clock of b jumps by -40 µs"),
        (12, "b", "fault", "clock of b drifts by +5 ppm"),
    ]  # fmt: skip


def test_a_verdict_stands_at_the_last_event():
    world, a, _ = pair()
    a.send("b", "add")
    world.run()
    world.recorder.verdict("NO_ADD", "nobody adds", "a did")
    assert world.trace.verdicts == [
        {"invariant": "NO_ADD", "sentence": "nobody adds", "explanation": "a did", "event": 3}
    ]


# -- properties of all traces --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_a_trace_hangs_together(seed):
    world = random_world(seed).record(clocks=True).run()
    trace = world.trace
    assert type(trace).from_json(trace.to_json()) == trace
    firsts = {}
    for event in trace.events:
        firsts.setdefault(event["lane"], event["kind"])
    assert set(firsts.values()) == {"start"}
    for message in trace.messages:
        sent, received = trace.events[message["sent"]], message["received"]
        assert (sent["kind"], sent["lane"]) == ("send", message["src"])
        if received is not None:
            assert trace.events[received]["lane"] == message["dst"]
            assert trace.events[received]["causes"][-1] >= message["sent"] or message["sent"] in trace.past(
                received
            )
    last = {}
    for event in trace.events:
        assert last.get(event["lane"], -1) in ({-1} | set(event["causes"]))
        last[event["lane"]] = event["id"]


def test_recording_does_not_change_what_it_records():
    def told(world):
        return world.run().facts["lines"]

    assert [told(random_world(seed).record()) for seed in range(12)] == [
        told(random_world(seed)) for seed in range(12)
    ]


# -- plain data -----------------------------------------------------------------------------------------------------


class Colour(Enum):
    RED = 1


@dataclass
class Point:
    x: int
    tags: tuple


@dataclass
class Named:
    name: str

    def __str__(self):
        return f"<{self.name}>"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), (True, True), (1.5, 1.5), ("a", "a"), ((1, [2]), [1, [2]]), ({1: (2,)}, {"1": [2]}),
        ({"b", "a"}, ["a", "b"]), ({1, "1"}, ["1", 1]), (frozenset({3}), [3]), (Colour.RED, "Colour.RED"),
        (Point(1, ("t",)), {"x": 1, "tags": ["t"]}), (Named("n"), "<n>"), ([Point(1, (Named("n"),))], [{"x": 1, "tags": ["<n>"]}]),
    ],
)  # fmt: skip
def test_values_become_plain_data(value, expected):
    assert plain(value) == expected


@pytest.mark.parametrize("value", [object(), print, lambda: 0, [World()], {"f": iter(())}])
def test_what_reads_differently_in_each_run_is_a_mistake(value):
    if value is print:  # a builtin reads the same everywhere
        assert plain(value) == "<built-in function print>"
    else:
        with pytest.raises(TypeError, match="needs a __str__ that says how it reads"):
            plain(value)


def test_a_trace_is_copied_from_states_not_linked_to_them():
    world = World()
    node = world.node("a", rows=[1])
    world.record().run()
    world.note("a", "now")
    node.state["rows"].append(2)
    assert world.trace.events[0]["state"] == {"rows": [1]}

"""Logical clocks: each says of all pairs of events in many random worlds what Lamport's definition says, no less and no more."""

import pytest

from dslab.sim import World, sleep
from dslab.sim.clocks import at_most, concurrent, happened_before, hybrid
from tests.sim.worlds import random_world

SEEDS = range(12)


def recorded(seed, **how):
    return random_world(seed, **how).record(clocks=True).run()


def reachable(trace):
    """Lamport 1978, by the book: the order on each lane, a send before its receive, and what follows from those; as sets of pasts."""
    before = [set() for _ in trace.events]
    last, sends = {}, {m["received"]: m["sent"] for m in trace.messages if m["received"] is not None}
    for event in trace.events:
        for direct in (last.get(event["lane"]), sends.get(event["id"])):
            if direct is not None:
                before[event["id"]] |= before[direct] | {direct}
        last[event["lane"]] = event["id"]
    return before


def pairs(trace):
    clocks = [event["clocks"] for event in trace.events]
    return [(a, b, clocks[a], clocks[b]) for a in range(len(clocks)) for b in range(len(clocks)) if a != b]


@pytest.mark.parametrize("seed", SEEDS)
def test_where_only_messages_connect_lanes_happened_before_is_lamports(seed):
    trace = recorded(seed, shared=False).trace
    assert [trace.past(event["id"]) for event in trace.events] == reachable(trace)


@pytest.mark.parametrize("seed", SEEDS)
def test_vector_clocks_say_exactly_what_happened_before_what(seed):
    trace = recorded(seed).trace
    pasts = [trace.past(event["id"]) for event in trace.events]
    for a, b, clock_a, clock_b in pairs(trace):
        assert happened_before(clock_a["vector"], clock_b["vector"]) == (a in pasts[b])
        assert concurrent(clock_a["vector"], clock_b["vector"]) == (a not in pasts[b] and b not in pasts[a])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_vector_clock_counts_the_events_of_each_lane_in_the_past(seed):
    trace = recorded(seed).trace
    for event in trace.events:
        counts = {}
        for earlier in {*trace.past(event["id"]), event["id"]}:
            lane = trace.events[earlier]["lane"]
            counts[lane] = counts.get(lane, 0) + 1
        assert event["clocks"]["vector"] == counts


@pytest.mark.parametrize("seed", SEEDS)
def test_lamports_number_is_the_length_of_the_longest_way_here(seed):
    longest = {}
    for event in recorded(seed).trace.events:
        longest[event["id"]] = 1 + max((longest[cause] for cause in event["causes"]), default=0)
        assert event["clocks"]["lamport"] == longest[event["id"]]


@pytest.mark.parametrize("seed", SEEDS)
def test_lamport_and_hybrid_clocks_grow_along_every_way(seed):
    trace = recorded(seed, skew=True).trace
    for event in trace.events:
        for cause in event["causes"]:
            before, after = trace.events[cause]["clocks"], event["clocks"]
            assert before["lamport"] < after["lamport"]
            assert before["hlc"] < after["hlc"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_hybrid_clock_is_the_fastest_wall_clock_heard_of(seed):
    """Kulkarni et al. 2014: l is the largest wall clock in the past, so it is ahead of its own by no more than clocks differ."""
    world = random_world(seed, skew=True, faults=False)
    trace = world.record(clocks=True).run().trace
    wall = {}
    for event in trace.events:
        node = world.nodes[event["lane"]]
        wall[event["id"]] = event["t"] + node.skew_us + event["t"] * node.drift_ppm // 1_000_000
    for event in trace.events:
        past = {*trace.past(event["id"]), event["id"]}
        physical, counter = event["clocks"]["hlc"]
        assert physical == max(wall[earlier] for earlier in past)
        assert counter < sum(trace.events[earlier]["clocks"]["hlc"][0] == physical for earlier in past)


@pytest.mark.parametrize(
    ("causes", "wall", "expected"),
    [
        ([], 50, [50, 0]),
        ([], -50, [-50, 0]),
        ([(40, 3)], 50, [50, 0]),
        ([(50, 3)], 50, [50, 4]),
        ([(60, 3)], 50, [60, 4]),
        ([(60, 3), (60, 7)], 50, [60, 8]),
        ([(60, 3), (40, 9)], 60, [60, 4]),
        ([(60, 3), (55, 9)], 61, [61, 0]),
    ],
)
def test_hybrid_clocks_by_hand(causes, wall, expected):
    assert hybrid(causes, wall) == expected


def test_a_clock_that_jumps_back_does_not_take_the_hybrid_clock_along():
    world = World().record(clocks=True)
    node = world.node("n")

    async def notes():
        for jump in (0, -500, 0):
            node.jump(jump)
            world.note(node, "here")
            await sleep(10)

    node.spawn(notes())
    world.run()
    shown = [event["clocks"]["hlc"] for event in world.trace.lane_events("n")]
    assert shown == sorted(shown)
    assert shown[-1][0] == 10


def test_the_textbook_example():
    """Two lanes, a message each way: a1 a2 -> b2, b3 -> a4; the clocks as everybody draws them."""
    world = World().record(clocks=True)
    a, b = world.node("a"), world.node("b")
    a.on("m", lambda: None)
    b.on("m", lambda: b.send("a", "m"))
    a.send("b", "m")
    world.run()
    told = [(e["lane"], e["kind"], e["clocks"]["lamport"], e["clocks"]["vector"]) for e in world.trace.events]
    assert told == [
        ("a", "start", 1, {"a": 1}), ("b", "start", 1, {"b": 1}), ("a", "send", 2, {"a": 2}),
        ("b", "receive", 3, {"b": 2, "a": 2}), ("b", "send", 4, {"b": 3, "a": 2}), ("a", "receive", 5, {"a": 3, "b": 3}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "before", "apart"),
    [
        ({"a": 1}, {"a": 2}, True, False),
        ({"a": 1}, {"a": 1, "b": 1}, True, False),
        ({"a": 2}, {"a": 1, "b": 1}, False, True),
        ({"a": 1}, {"a": 1}, False, False),
        ({"a": 1, "b": 0}, {"a": 1}, False, False),
        ({"a": 1}, {"a": 1, "b": 0}, False, False),
        ({}, {"a": 1}, True, False),
    ],
)
def test_comparing_vector_clocks(a, b, before, apart):
    assert (happened_before(a, b), concurrent(a, b), concurrent(b, a)) == (before, apart, apart)


def test_at_most_counts_absent_lanes_as_0():
    assert at_most({"a": 0}, {}) and not at_most({"a": 1}, {})


def test_clocks_are_recorded_only_where_asked_for():
    trace = random_world(1).record().run().trace
    assert all("clocks" not in event for event in trace.events)

"""A trace goes to JSON and back, says what is wrong with data that is none, and knows what happened before what."""

import copy
import json

import pytest

from dslab.sim import Trace, World
from tests.sim.worlds import random_world


def recorded(seed=3):
    return random_world(seed).record(clocks=True).run().trace


def small():
    """a sends m to b, which answers nothing; a goes on: six events."""
    world = World(seed=7, name="small")
    a, b = world.node("a", label="Ann"), world.node("b", rows=0)
    b.on("m", lambda: b.state.update(rows=1))

    async def sends():
        a.send("b", "m")
        world.note(a, "waits")

    a.spawn(sends())
    return world.record().run().trace


@pytest.mark.parametrize("seed", range(5))
def test_json_and_back_is_the_same_trace(seed):
    trace = recorded(seed)
    back = Trace.from_json(json.loads(json.dumps(trace.to_json())))
    assert (back.digest(), back) == (trace.digest(), trace)


def test_a_trace_read_shares_nothing_with_what_it_was_read_from():
    data = small().to_json()
    trace = Trace.from_json(data)
    trace.meta["point_of_no_return"] = 1
    trace.events[0]["label"] = "changed"
    assert (data["meta"], data["events"][0]["label"]) == ({}, "starts")


def test_the_small_trace_is_what_the_schema_says():
    trace = small()
    assert trace.to_json() == {
        "version": 1, "scenario": "small", "seed": 7,
        "lanes": [{"id": "a", "label": "Ann", "kind": "process"}, {"id": "b", "label": "b", "kind": "process"}],
        "events": [
            {"id": 0, "t": 0, "lane": "a", "kind": "start", "label": "starts", "causes": [], "state": {}},
            {"id": 1, "t": 0, "lane": "b", "kind": "start", "label": "starts", "causes": [], "state": {"rows": 0}},
            {"id": 2, "t": 0, "lane": "a", "kind": "send", "label": "m → b", "causes": [0], "message": 0},
            {"id": 3, "t": 0, "lane": "a", "kind": "note", "label": "waits", "causes": [2]},
            {"id": 4, "t": 1000, "lane": "b", "kind": "receive", "label": "m from a", "causes": [1, 2], "message": 0,
             "state": {"rows": 1}},
        ],
        "messages": [{"id": 0, "src": "a", "dst": "b", "label": "m", "payload": {}, "sent": 2, "received": 4, "status": "delivered"}],
        "operations": [], "faults": [], "verdicts": [], "meta": {},
    }  # fmt: skip


def broken(change):
    """Give the small trace as JSON with one thing changed."""
    data = copy.deepcopy(small().to_json())
    change(data)
    return data


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.pop("version"), "this is not a trace"),
        (lambda d: d.update(version=2), "version 2; this dslab reads version 1; a newer dslab made it"),
        (lambda d: d.update(version="1"), "version '1'"),
        (lambda d: d.update(events={}), '"events" must be a list, not dict'),
        (lambda d: d.update(meta=[]), '"meta" must be a dict'),
        (lambda d: d["events"].insert(0, "boom"), "place 0 of the trace's events holds 'boom'"),
        (lambda d: d["lanes"].append({"label": "no id"}), "each lane needs an id"),
        (lambda d: d["lanes"].append({"id": "a"}), "each lane needs an id of its own"),
        (lambda d: d["events"].reverse(), "event 4 stands at place 0"),
        (lambda d: d["events"][1].update(lane="x"), "event 1 is on lane 'x'; the lanes are a, b"),
        (lambda d: d["events"][1].update(kind="sneeze"), "of kind 'sneeze'; kinds are start"),
        (
            lambda d: d["events"][1].update(t=2_000),
            "event 2 happens at 0 µs, before its predecessor at 2000 µs",
        ),
        (lambda d: d["events"][1].update(t=0.5), "0.5 µs, which is no whole number"),
        (lambda d: d["events"][1].pop("t"), "happens at None"),
        (
            lambda d: d["events"][2].update(causes=[2]),
            "causes \\[2\\]; they must be a list of ids of earlier events",
        ),
        (lambda d: d["events"][2].update(causes=["0"]), "ids of earlier events"),
        (lambda d: d["events"][2].pop("causes"), "causes None"),
        (lambda d: d["messages"][0].update(dst="x"), "message 0 goes from 'a' to 'x'; the lanes are a, b"),
        (lambda d: d["messages"][0].update(sent=9), 'message 0 has "sent" 9; there are 5 events'),
        (lambda d: d["operations"].append({"returned": 3}), 'operation 0 has "invoked" None'),
        (lambda d: d["verdicts"].append({"event": -1}), 'verdict 0 has "event" -1'),
    ],
)
def test_what_is_no_trace_gets_a_sentence(change, words):
    with pytest.raises(ValueError, match=words):
        Trace.from_json(broken(change))


@pytest.mark.parametrize("data", [None, [], "trace", 7])
def test_what_is_not_even_a_dict_gets_a_sentence(data):
    with pytest.raises(ValueError, match="this is not a trace"):
        Trace.from_json(data)


def test_parts_that_are_missing_are_empty():
    assert Trace.from_json({"version": 1}) == Trace()


def test_the_digest_hangs_on_content_and_not_on_order_of_keys():
    data = small().to_json()
    turned = {key: data[key] for key in reversed(data)}
    other = broken(lambda d: d["events"][3].update(label="waits!"))
    assert Trace.from_json(turned).digest() == small().digest() != Trace.from_json(other).digest()


def test_past_future_and_concurrent_of_the_small_trace():
    trace = small()
    assert (trace.past(4), trace.future(2), trace.concurrent(3)) == ({0, 1, 2}, {3, 4}, {1, 4})


@pytest.mark.parametrize("seed", range(5))
def test_past_and_future_are_each_others_inverse(seed):
    trace = recorded(seed)
    pasts = {event["id"]: trace.past(event["id"]) for event in trace.events}
    for event in pasts:
        assert trace.future(event) == {later for later, past in pasts.items() if event in past}


@pytest.mark.parametrize("event", [-1, 5, "0"])
def test_an_event_that_does_not_exist_is_a_mistake(event):
    with pytest.raises(IndexError, match="there is no event"):
        small().past(event)


def test_states_are_the_last_ones_up_to_an_event():
    trace = small()
    assert [trace.states(event)["b"] for event in (1, 3, 4)] == [{"rows": 0}, {"rows": 0}, {"rows": 1}]


def test_lane_events_are_those_of_one_lane_in_order():
    assert [event["id"] for event in small().lane_events("a")] == [0, 2, 3]

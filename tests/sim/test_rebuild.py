"""Clocks rebuilt from logs are those of the run that wrote them; what does not hang together is told, line by line."""

import json
import random

import pytest

from dslab.sim import Trace, causes_of_log, check_log, clocks_of_log, events_of, read_log, trace_of_log
from dslab.sim.clocks import happened_before
from tests.sim.worlds import random_world

SEEDS = range(10)


def recorded(seed):
    """A run in which only messages connect the nodes."""
    return random_world(seed, shared=False).record(clocks=True).run().trace


def host_by_host(trace, seed, write):
    """Write a trace as a log: each host's lines in order, the hosts' lines mixed in some other way than they happened."""
    dice = random.Random(seed)
    left = {lane["id"]: trace.lane_events(lane["id"]) for lane in trace.lanes}
    lines, written = [], []
    while any(left.values()):
        event = left[dice.choice([host for host, events in left.items() if events])].pop(0)
        lines.append(write(trace, event))
        written.append(event)
    return "".join(lines), written


def with_clocks(trace, event):
    return f"{event['lane']} {json.dumps(event['clocks']['vector'])}\n{event['label']}\n"


def with_messages(trace, event):
    row = {"host": event["lane"], "event": event["label"]}
    row["send"] = [m.get("copy_of", m["id"]) for m in trace.messages if m["sent"] == event["id"]][:1]
    row["receive"] = [m.get("copy_of", m["id"]) for m in trace.messages if m["received"] == event["id"]]
    return json.dumps(row) + "\n"


@pytest.mark.parametrize("write", [with_clocks, with_messages])
@pytest.mark.parametrize("seed", SEEDS)
def test_rebuilt_clocks_are_those_of_the_run(seed, write):
    text, written = host_by_host(recorded(seed), seed, write)
    rebuilt = clocks_of_log(text)
    expected = [{name: event["clocks"][name] for name in ("lamport", "vector")} for event in written]
    assert rebuilt == expected


@pytest.mark.parametrize("write", [with_clocks, with_messages])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_trace_of_a_log_knows_what_happened_before_what(seed, write):
    text, written = host_by_host(recorded(seed), seed, write)
    trace = trace_of_log(text, "rebuilt")
    assert Trace.from_json(trace.to_json()) == trace
    vectors = {json.dumps(event["clocks"]["vector"], sort_keys=True) for event in written}
    for event in trace.events:
        past = {
            earlier
            for earlier in range(event["id"])
            if happened_before(*(trace.events[i]["clocks"]["vector"] for i in (earlier, event["id"])))
        }
        assert trace.past(event["id"]) == past
        assert json.dumps(event["clocks"]["vector"], sort_keys=True) in vectors


@pytest.mark.parametrize("seed", SEEDS)
def test_messages_of_a_rebuilt_trace_are_those_of_the_run(seed):
    trace = recorded(seed)
    text, written = host_by_host(trace, seed, with_clocks)
    ids = [event["id"] for event in written]
    heard = {(ids[cause], ids[place]) for place, causes in enumerate(causes_of_log(text)) for cause in causes
             if written[cause]["lane"] != written[place]["lane"]}  # fmt: skip
    sent = {(m["sent"], m["received"]) for m in trace.messages if m["received"] is not None}
    news = {(a, b) for a, b in sent if trace.events[a]["lane"] != trace.events[b]["lane"]}
    assert heard <= news  # a message that brings no news leaves no trace in clocks


# -- by hand --------------------------------------------------------------------------------------------------

GOOD = """
ann {"ann":1}
begins
ann {"ann":2}
asks bob
bob {"bob":1}
begins
bob {"bob":2, "ann":2}
is asked
bob {"bob":3, "ann":2}
asks cy
cy {"cy":1, "bob":3, "ann":2}
is asked by bob
cy {"cy":2, "bob":3, "ann":2}
answers ann
ann {"ann":3, "cy":2, "bob":3}
has it from cy
""".strip()


def test_direct_causes_leave_out_what_another_one_brought():
    assert causes_of_log(GOOD) == [[], [0], [], [1, 2], [3], [4], [5], [1, 6]]


def test_lamports_numbers_by_hand():
    assert [clock["lamport"] for clock in clocks_of_log(GOOD)] == [1, 2, 1, 3, 4, 5, 6, 7]


def test_a_trace_by_hand():
    trace = trace_of_log(GOOD, "asking round")
    events = [(e["t"], e["lane"], e["kind"], e["label"], e["causes"]) for e in trace.events]
    assert events == [
        (1, "ann", "step", "begins", []), (1, "bob", "step", "begins", []), (2, "ann", "send", "asks bob", [0]),
        (3, "bob", "receive", "is asked", [1, 2]), (4, "bob", "send", "asks cy", [3]), (5, "cy", "receive", "is asked by bob", [4]),
        (6, "cy", "send", "answers ann", [5]), (7, "ann", "receive", "has it from cy", [2, 6]),
    ]  # fmt: skip
    assert [(m["src"], m["dst"], m["sent"], m["received"], m["label"]) for m in trace.messages] == [
        ("ann", "bob", 2, 3, "asks bob"), ("bob", "cy", 4, 5, "asks cy"), ("cy", "ann", 6, 7, "answers ann"),
    ]  # fmt: skip


def test_one_send_that_two_hear_is_two_messages():
    log = events_of(
        [{"host": "a", "send": "m"}, {"host": "b", "receive": "m"}, {"host": "c", "receive": "m"}]
    )
    trace = trace_of_log(log)
    assert [(m["src"], m["dst"]) for m in trace.messages] == [("a", "b"), ("a", "c")]


def test_one_event_may_hear_of_two_hosts():
    log = read_log('a {"a":1}\nx\nb {"b":1}\nx\nc {"c":1, "a":1, "b":1}\nboth')
    assert causes_of_log(log)[2] == [0, 1]


def test_a_good_log_has_no_problems():
    assert check_log(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('ann {"ann":2}', 'ann {"ann":4}', "line 3 (ann): the own entry skips from 1 to 4"),
        ('ann {"ann":2}', 'ann {"ann":1}', "line 3 (ann): the own entry goes back, 1 after 1"),
        ('ann {"ann":1}', 'ann {"bob":1}', "line 1 (ann): the clock has no entry for ann itself"),
        ('ann {"ann":1}', 'ann {"ann":2}', "line 1 (ann): the own entry begins at 2 instead of 1"),
        ('bob {"bob":3, "ann":2}', 'bob {"bob":3, "ann":1}', "line 9 (bob): the clock goes back for ann, 1 after 2"),
        ('bob {"bob":3, "ann":2}', 'bob {"bob":3}', "line 9 (bob): the clock goes back for ann, 0 after 2"),
        ('cy {"cy":2, "bob":3, "ann":2}', 'cy {"cy":2, "bob":8, "ann":2}',
         "line 13 (cy): the clock knows event 8 of bob, which has events up to 3"),
        ('cy {"cy":2, "bob":3, "ann":2}', 'cy {"cy":2, "bob":3, "ann":2, "dee":1}',
         "line 13 (cy): the clock knows of dee, a host that is not in this log"),
        ('cy {"cy":1, "bob":3, "ann":2}', 'cy {"cy":1, "bob":3, "ann":1}',
         "line 11 (cy): the clock says ann 1, but what it must have heard of makes it 2"),
        ('bob {"bob":1}', 'bob {"bob":1, "cy":2}',
         "these events each come before the next, and the last before the first: "),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_clock_is_told_with_its_line(old, new, problem):
    text = GOOD.replace(old, new, 1)
    assert any(found.startswith(problem) for found in check_log(text)), check_log(text)
    with pytest.raises(ValueError, match="does not hang together"):
        trace_of_log(text)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([{"host": "b", "receive": "m"}], "event 0 (b) receives message 'm', which nobody sends"),
        ([{"host": "a", "send": "m"}, {"host": "b", "send": "m"}], "message 'm' is sent twice: record 1 (a) and record 2 (b)"),
        ([{"host": "a", "send": "m", "receive": "m"}], "sends and receives message 'm' in one event"),
        ([{"host": "a", "receive": "m"}, {"host": "a", "send": "m"}], "these events each come before the next"),
        ([{"host": "a", "receive": "n"}, {"host": "a", "send": "m"}, {"host": "b", "receive": "m"}, {"host": "b", "send": "n"}],
         "these events each come before the next"),
        ([{"host": "a", "send": "m", "clock": {"a": 1}}, {"host": "b", "receive": "m", "clock": {"b": 1}}],
         "(b): the clock says a 0, but what it must have heard of makes it 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_messages_is_told(rows, problem):
    problems = check_log(events_of(rows))
    assert any(
        problem.replace("event 0", "line 1").replace("record", "line") in found for found in problems
    ), problems


def test_a_circle_names_its_lines():
    rows = [
        {"host": "a", "receive": "n"},
        {"host": "a", "send": "m"},
        {"host": "b", "receive": "m"},
        {"host": "b", "send": "n"},
    ]
    (problem,) = check_log(events_of(rows))
    ring = problem.rpartition(": ")[2].split(" → ")
    start = ring.index("line 1 (a)")
    assert ring[start:] + ring[:start] == ["line 1 (a)", "line 2 (a)", "line 3 (b)", "line 4 (b)"]


def test_what_is_wrong_can_be_looked_at_all_the_same():
    text = GOOD.replace('"bob":3, "ann":2', '"bob":3, "ann":1', 1)
    trace = trace_of_log(text, strict=False)
    assert (len(trace.events), trace.meta["problems"]) == (8, check_log(text))


def test_events_without_any_order_are_no_log():
    with pytest.raises(ValueError, match="line 2 \\(b\\) has neither a clock nor a message"):
        check_log(events_of([{"host": "a", "clock": {"a": 1}}, {"host": "b"}]))


def test_an_empty_log_is_no_log():
    with pytest.raises(ValueError, match="no event in this log"):
        trace_of_log([])


def test_wall_clocks_give_times_unless_an_effect_would_come_first():
    rows = [
        {"host": "a", "send": "m", "time_us": 1_000}, {"host": "b", "receive": "m", "time_us": 400},
        {"host": "b", "send": "n", "time_us": 1_300}, {"host": "a", "receive": "n", "time_us": 1_200},
    ]  # fmt: skip
    assert [event["t"] for event in trace_of_log(events_of(rows)).events] == [600, 600, 900, 900]


def test_what_was_not_read_and_what_else_was_captured_is_kept():
    log = read_log('noise\nx by a INFO {"a":1}', r"(?<event>.*) by (?<host>\w+) (?<level>\w+) (?<clock>{.*})")
    trace = trace_of_log(log)
    assert (trace.meta["skipped"], trace.events[0]["fields"]) == ([[1, "noise"]], {"level": "INFO"})

"""A history is read as it was recorded, in every format that people have, and refused in one sentence where it cannot be one."""

import json
from dataclasses import FrozenInstanceError

import pytest

from dslab.check import edn
from dslab.check.history import History, Operation, read_history
from dslab.sim import Trace

WRITE_THEN_READ = [
    {"process": 0, "type": "invoke", "f": "write", "value": 3},
    {"process": 0, "type": "ok", "f": "write", "value": 3},
    {"process": 1, "type": "invoke", "f": "read", "value": None},
    {"process": 1, "type": "ok", "f": "read", "value": 3},
]


def facts(history):
    return [
        (op.process, op.name, op.argument, op.value, op.status, op.invoked, op.returned) for op in history
    ]


WANTED = [(0, "write", 3, 3, "ok", 0, 1), (1, "read", None, 3, "ok", 2, 3)]


# --- the formats ----------------------------------------------------------------------------------------------------------------


def test_dicts_become_operations_with_their_places_as_times():
    assert facts(History.from_events(WRITE_THEN_READ)) == WANTED


def test_keys_types_and_names_may_have_a_leading_colon():
    colons = [
        {f":{key}": f":{v}" if key in ("type", "f") else v for key, v in event.items()}
        for event in WRITE_THEN_READ
    ]
    assert facts(History.from_events(colons)) == WANTED


def test_tuples_are_process_type_name_value_key():
    history = History.from_tuples(
        [(0, "invoke", "put", "a", "k"), (0, "ok", "put"), (1, "invoke", "get", None, "k")]
    )
    assert [(op.name, op.argument, op.key, op.status) for op in history] == [
        ("put", "a", "k", "ok"),
        ("get", None, "k", "info"),
    ]


def test_a_jepsen_log_is_read_line_by_line():
    log = (
        "INFO  jepsen.util - 0\t:invoke\t:cas\t[0 3]\n"
        "INFO  jepsen.util - 4\t:invoke\t:write\t2\n"
        "WARN  jepsen.client - something else happened\n"
        "INFO  jepsen.util - :nemesis\t:info\t:start\tnil\n"
        "INFO  jepsen.util - 0\t:fail\t:cas\t[0 3]\n"
        "INFO  jepsen.util - 4\t:info\t:write\t:timed-out\n"
        "INFO  jepsen.util - 1\t:invoke\t:read\tnil\n"
        "INFO  jepsen.util - 1\t:ok\t:read\tnil\n"
    )
    history = read_history(log)
    assert [(op.name, op.argument, op.status, op.error) for op in history] == [
        ("cas", (0, 3), "fail", None),
        ("write", 2, "info", ":timed-out"),
        ("read", None, "ok", None),
    ]
    assert history.ignored == 1


def test_a_newer_log_line_with_a_date_a_thread_and_a_remark_is_read():
    log = (
        "2020-01-31 12:00:00,001{GMT}\tINFO\t[jepsen worker 3] jepsen.util: 3\t:invoke\t:write\t[7 1]\n"
        'INFO  jepsen.util - 3 \t:info :write \t[7 1]\t"connection refused"\n'
    )
    (operation,) = History.from_log(log, independent=True)
    assert (operation.key, operation.argument, operation.error) == (7, 1, '"connection refused"')


def test_a_remark_after_the_value_of_an_ok_is_no_error():
    history = read_history(
        "INFO  jepsen.util - 6 \t:invoke :write \t38 \t:hint 0\nINFO  jepsen.util - 6 \t:ok :write \t38 \t:hint 2\n"
    )
    assert (history[0].argument, history[0].error) == (38, None)


EDN_LINES = """{:process 0, :type :invoke, :f :append, :key "0", :value "x 0 0 y"}
{:process 1, :type :invoke, :f :get, :key "0", :value nil}
{:process 1, :type :ok, :f :get, :key "0", :value ""}
{:process 0, :type :ok, :f :append, :key "0", :value "x 0 0 y"}
"""


@pytest.mark.parametrize(
    "text",
    [
        EDN_LINES,
        f"[{EDN_LINES}]",
        f"; a comment first\n({EDN_LINES} ; and one last\n)\n",
        EDN_LINES.replace("{:process", "#jepsen.history.Op{:time 4, :process"),
        EDN_LINES.replace("{:process", "#knossos.op.Op {:process").replace(",", ""),
        EDN_LINES.replace("}\n", "}"),
        "\ufeff" + EDN_LINES.replace("\n", "\r\n"),
        EDN_LINES.replace("{:process 1, :type :ok", "#_{:process 9 :type :ok} {:process 1, :type :ok"),
    ],
)
def test_edn_is_read_alone_in_a_vector_in_a_list_tagged_and_commented(text):
    assert [(op.process, op.name, op.key, op.argument, op.value) for op in read_history(text)] == [
        (0, "append", "0", "x 0 0 y", "x 0 0 y"),
        (1, "get", "0", None, ""),
    ]


def test_edn_forms_have_their_python_values():
    text = r'[nil true -3 2N 1.5 2.5M "a\"\n\u0041" \a \newline :k :a/b sym #{1 2} (1 [2]) {:a {:b 1}} #inst "2020" ^{:m 1} [4] #_ 5]'
    form, _, _ = edn.Reader(text).form()
    assert form == [
        None, True, -3, 2, 1.5, 2.5, 'a"\nA', "a", "\n", "k", "a/b", "sym", frozenset({1, 2}), [1, [2]], {"a": {"b": 1}}, "2020", [4],
    ]  # fmt: skip


def test_deep_nesting_is_no_problem():
    form, _, _ = edn.Reader("[" * 50_000 + "]" * 50_000).form()
    assert isinstance(form, list)


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(json.dumps(event) for event in WRITE_THEN_READ),
        json.dumps(WRITE_THEN_READ),
        json.dumps(WRITE_THEN_READ, indent=2),
    ],
)
def test_json_is_read_as_lines_or_as_an_array(text):
    assert facts(read_history(text)) == WANTED


def test_a_file_is_read_by_its_path(tmp_path):
    path = tmp_path / "history.edn"
    path.write_text(EDN_LINES, encoding="utf-8")
    assert read_history(path) == read_history(str(path)) == read_history(EDN_LINES)


def test_an_empty_text_is_an_empty_history():
    assert len(read_history("  \n")) == 0


# --- a Trace --------------------------------------------------------------------------------------------------------------------


def trace_with(*operations):
    return Trace(operations=[{"id": place, **operation} for place, operation in enumerate(operations)])


def test_a_trace_gives_lanes_as_processes_and_event_ids_as_times():
    trace = trace_with(
        {
            "lane": "w",
            "name": "write",
            "argument": {"key": "k", "value": 1},
            "invoked": 2,
            "returned": 9,
            "status": "ok",
            "value": None,
        },
        {
            "lane": "r",
            "name": "cas",
            "argument": {"expected": 1, "new": 2},
            "invoked": 4,
            "returned": None,
            "status": "open",
            "value": None,
        },
        {
            "lane": "r",
            "name": "read",
            "argument": {"key": "k"},
            "invoked": 5,
            "returned": 7,
            "status": "ok",
            "value": 1,
        },
    )
    history = History.from_trace(trace)
    assert [(op.process, op.key, op.argument, op.status, op.invoked, op.returned) for op in history] == [
        ("w", "k", 1, "ok", 2, 9),
        ("r", None, (1, 2), "info", 4, None),
        ("r", "k", None, "ok", 5, 7),
    ]
    assert read_history(json.dumps(trace.to_json())) == history


def test_a_trace_may_be_converted_by_hand():
    trace = trace_with(
        {
            "lane": "a",
            "name": "ping",
            "argument": {},
            "invoked": 0,
            "returned": 1,
            "status": "ok",
            "value": None,
        }
    )
    assert len(History.from_trace(trace, convert=lambda data: None)) == 0


# --- what the answers mean ------------------------------------------------------------------------------------------------------


def test_a_call_without_an_answer_is_info_and_stays_open():
    history = History.from_tuples([(0, "invoke", "write", 1), (1, "invoke", "read"), (1, "ok", "read", None)])
    assert [(op.status, op.returned, op.open) for op in history] == [("info", None, True), ("ok", 2, False)]


def test_an_info_answer_does_not_close_the_call():
    (operation,) = History.from_tuples([(0, "invoke", "write", 1), (0, "info", "write", 1)])
    assert (operation.status, operation.returned) == ("info", None)


def test_a_process_may_go_on_after_an_info():
    history = History.from_tuples(
        [(0, "invoke", "write", 1), (0, "info", "write"), (0, "invoke", "read"), (0, "ok", "read", 1)]
    )
    assert [op.status for op in history] == ["info", "ok"]


def test_the_nemesis_is_left_out_and_counted():
    history = History.from_tuples(
        [
            ("nemesis", "info", "start"),
            (0, "invoke", "read"),
            (0, "ok", "read", 1),
            (":nemesis", "info", "stop"),
        ]
    )
    assert (len(history), history.ignored) == (1, 2)


def test_named_processes_count_where_no_process_is_a_number():
    assert (
        len(
            History.from_tuples(
                [("ann", "invoke", "read"), ("ann", "ok", "read", 1), ("nemesis", "info", "x")]
            )
        )
        == 1
    )


def test_named_processes_are_left_out_where_others_are_numbers():
    assert (
        History.from_tuples([("monitor", "ok", "x"), (0, "invoke", "read"), (0, "ok", "read", 1)]).ignored
        == 1
    )


def test_clients_can_be_told_apart_by_the_caller():
    history = History.from_tuples(
        [(0, "invoke", "read"), (7, "invoke", "read")], clients=lambda process: process == 7
    )
    assert [op.process for op in history] == [7]


def test_independent_values_are_pairs_of_key_and_value():
    events = [
        (0, "invoke", "cas", [5, [1, 2]]),
        (0, "ok", "cas", [5, [1, 2]]),
        (1, "invoke", "read", [6, None]),
        (1, "info", "read", "timeout"),
    ]
    history = History.from_tuples(events, independent=True)
    assert [(op.key, op.argument) for op in history] == [(5, (1, 2)), (6, None)]


def test_operations_given_as_intervals_are_ordered_by_invocation():
    history = History(
        [Operation(1, "read", invoked=5.5, returned=6), Operation(0, "write", 1, invoked=2, returned=9)]
    )
    assert [(op.index, op.name) for op in history] == [(0, "write"), (1, "read")]


def test_until_forgets_later_calls_and_later_answers():
    history = History.from_tuples(
        [
            (0, "invoke", "write", 1),
            (1, "invoke", "read"),
            (1, "ok", "read", 1),
            (0, "ok", "write", 1),
            (1, "invoke", "read"),
            (1, "ok", "read", 1),
        ]
    )
    assert [(op.name, op.status) for op in history.until(2)] == [("write", "info"), ("read", "ok")]


def test_values_are_frozen_so_that_they_can_be_states():
    operation = Operation(0, "write", [1, {"a": [2]}, {3}], returned=1)
    assert hash(operation.argument) == hash((1, (("a", (2,)),), frozenset({3})))


def test_an_operation_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Operation(0, "read", returned=1).value = 2


def test_describe_counts_the_ends():
    history = History.from_tuples(
        [(0, "invoke", "write", 1), (1, "invoke", "read"), (1, "fail", "read"), ("nemesis", "info", "x")]
    )
    assert (
        history.describe()
        == "2 operations (1 fail, 1 info) by 2 processes; 1 event of other processes left out"
    )


# --- bad input --------------------------------------------------------------------------------------------------------------------

BAD_EVENTS = [
    ([(0, "ok", "read", 1)], "event 0: process 0 has the response ok to read but no call is open"),
    (
        [(0, "invoke", "read"), (0, "invoke", "write", 1)],
        "event 1: process 0 invokes write while its read (event 0) is still open",
    ),
    (
        [(0, "invoke", "read"), (0, "ok", "write", 1)],
        "event 1: process 0 has a response to write, but it invoked read",
    ),
    ([(0, "invoke", "get", None, "a"), (0, "ok", "get", 1, "b")], "event 1: the response is about key 'b'"),
    ([(0, "begin", "read")], "event 0 is of type 'begin'; the types are invoke, ok, fail, info"),
    ([(0, "invoke")], "event 0 is (0, 'invoke'); it must be (process, type, name)"),
    ([(None, "invoke", "read")], "event 0 has no 'process'"),
]


@pytest.mark.parametrize(("events", "sentence"), BAD_EVENTS)
def test_an_impossible_record_is_refused_by_its_event(events, sentence):
    with pytest.raises(ValueError) as refused:
        History.from_tuples(events)
    assert sentence in str(refused.value)


def test_a_value_that_is_no_pair_is_refused_for_independent_keys():
    with pytest.raises(
        ValueError, match="event 0: the value of write is 3; with independent=True it must be a pair"
    ):
        History.from_tuples([(0, "invoke", "write", 3)], independent=True)


def test_times_of_one_process_must_not_run_back():
    events = [{**event, "time": 9 - place} for place, event in enumerate(WRITE_THEN_READ)]
    with pytest.raises(ValueError, match="event 1: process 0 is at time 8, after 9"):
        History.from_events(events)


def test_times_of_different_processes_are_not_compared():
    times = [5, 6, 1, 2]
    assert (
        facts(
            History.from_events(
                {**event, "time": time} for event, time in zip(WRITE_THEN_READ, times, strict=True)
            )
        )
        == WANTED
    )


def test_indices_must_rise():
    events = [{**event, "index": index} for event, index in zip(WRITE_THEN_READ, [0, 2, 1, 3], strict=True)]
    with pytest.raises(ValueError, match="event 2 has the index 1 after the index 2"):
        History.from_events(events)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("INFO jepsen.util - 0 :ok :read 1\n", "line 1: process 0 has the response ok"),
        ("\nINFO jepsen.util - 0 :invoke :write {:a\n", "line 2: the value '{:a' cannot be read"),
        ("what is this\nnothing\n", "no line of these 2 is an event"),
        ("{:process 0, :type :invoke, :f :read}\n{:process 0 :type", "line 2: '{' is never closed"),
        ("[{:process 0, :type :invoke, :f :read}", "line 1: the '[' at the beginning is never closed"),
        ("[{:process 0, :type :invoke, :f :read}] 5", "more follows after the closing ']'"),
        ("{:process 0, :type :invoke, :f}", "a map has a key without a value"),
        ("{:process 0 :type :invoke :f :read)", "')' closes nothing here"),
        ("{:process 0\n :type :invoke\n :f :read}\n7\n", "line 4 is 7; an event must be a map"),
        ('{"process": 0, "type": "invoke", "f": "read"}\n{"process": 0, "type":\n', "line 2 is no JSON"),
        ('{"process": 0, "f": "read"}\n', "event 0 has no 'type'"),
    ],
)
def test_a_bad_text_is_refused_by_its_line(text, sentence):
    with pytest.raises(ValueError) as refused:
        read_history(text)
    assert sentence in str(refused.value)


def test_a_path_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"there is no file .no/such/history\.edn."):
        read_history("no/such/history.edn")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is no UTF-8 text"):
        read_history(tmp_path / "binary")


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"status": "maybe"}, ValueError, "status is 'maybe'; it must be one of ok, fail, info"),
        ({"returned": None}, ValueError, "is ok but has no time of return"),
        ({"invoked": 5, "returned": 2}, ValueError, "returned at 2, before it was invoked at 5"),
        ({"invoked": "soon"}, TypeError, "has the time 'soon'; a time must be a number"),
        ({"invoked": float("nan")}, ValueError, "a return cannot come first"),
        ({"name": ""}, ValueError, "name is ''"),
    ],
)
def test_an_impossible_operation_is_refused(fields, error, sentence):
    with pytest.raises(error) as refused:
        Operation(**{"process": 0, "name": "read", "returned": 9} | fields)
    assert sentence in str(refused.value)


def test_two_open_calls_of_one_process_are_refused_among_intervals():
    overlapping = [Operation(0, "read", invoked=0, returned=5), Operation(0, "read", invoked=3, returned=6)]
    with pytest.raises(ValueError, match="process 0 invokes read at 3 while its read is open until 5"):
        History(overlapping)
    assert len(History(overlapping, sequential=False)) == 2


def test_a_history_holds_operations_only():
    with pytest.raises(TypeError, match="place 0 holds"):
        History([{"process": 0}])


def test_a_trace_without_operations_is_refused():
    with pytest.raises(ValueError, match="has no list of operations"):
        History.from_trace({"events": []})

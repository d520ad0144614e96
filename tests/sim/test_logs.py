"""Logs of real systems are read as they come: in known forms, in forms of one's own, several executions in one file."""

import pytest

from dslab.sim import events_of, read_executions, read_log

CLOCKS = [
    ("ann", {"ann": 1}, "asks bob"),
    ("bob", {"bob": 1, "ann": 1}, "hears {from} ann"),
    ("ann", {"ann": 2}, "waits"),
]


def written(clock):
    return "{" + ", ".join(f'"{host}":{count}' for host, count in clock.items()) + "}"


FORMS = {
    "GoVector": lambda host, clock, text: f"{host} {clock}\n{text}\n",
    "GoVector with times": lambda host, clock, text: f"1456966522871394967 {host} {clock}\n{text}\n",
    "ShiViz": lambda host, clock, text: f"{text}\n{host} {clock}\n",
    "ShiViz with times": lambda host, clock, text: f"1456966522871394967 {text}\n{host} {clock}\n",
    "one line, clock last": lambda host, clock, text: f"{host} {text} {clock}\n",
    "one line, quoted": lambda host, clock, text: f'{host} "{text}" {clock}\n',
    "one line, clock second": lambda host, clock, text: f"{host} {clock} {text}\n",
    "JSON lines": lambda host, clock, text: f'{{"host": "{host}", "clock": {clock}, "event": "{text}"}}\n',
    "JSON lines, other names": lambda host, clock, text: (
        f'{{"processId": "{host}", "VCString": {clock!r}, "message": "{text}"}}\n'.replace(
            repr(clock), '"' + clock.replace('"', '\\"') + '"'
        )
    ),
    "blank lines between": lambda host, clock, text: f"{host} {clock}\n{text}\n\n\n",
    "wide spaces": lambda host, clock, text: f"{host}   {clock}  \n{text}\n",
    "Windows": lambda host, clock, text: f"{host} {clock}\r\n{text}\r\n",
}


def told(log):
    return [(event.host, event.clock, event.text) for event in log.events]


@pytest.mark.parametrize("form", FORMS)
def test_every_known_form_is_told_from_the_text(form):
    text = "".join(FORMS[form](host, written(clock), words) for host, clock, words in CLOCKS)
    log = read_log(text)
    assert (told(log), log.skipped, log.hosts) == (CLOCKS, (), ("ann", "bob"))


def test_lines_are_numbered_from_1():
    assert [event.line for event in read_log('\n\nann {"ann":1}\nasks\nbob {"bob":1}\nidles\n').events] == [
        3,
        5,
    ]


def test_lines_that_belong_to_nothing_are_kept_apart():
    log = read_log('# begun at noon\nann {"ann":1}\nasks\n  at Server.java:17\nbob {"bob":1}\nidles\n')
    assert log.skipped == ((1, "# begun at noon"), (4, "at Server.java:17"))
    assert [event.text for event in log.events] == ["asks", "idles"]


def test_hosts_may_have_spaces_and_ports():
    log = read_log('node 1 {"node 1":1}\nbegins\n127.0.0.1:80 {"127.0.0.1:80":1}\nbegins\n')
    assert log.hosts == ("node 1", "127.0.0.1:80")


@pytest.mark.parametrize(
    "pattern",
    [r"(?<event>.*) by (?<host>\w+) (?<level>\w+) (?<clock>\{.*\})", r"(?P<event>.*) by (?P<host>\w+) (?P<level>\w+) (?P<clock>{.*})"],
    ids=["JavaScript", "Python"],
)  # fmt: skip
def test_a_pattern_of_ones_own_may_have_fields_of_its_own(pattern):
    (event,) = read_log('asks by ann INFO {"ann":1}', pattern).events
    assert (event.host, event.text, event.clock, event.fields) == (
        "ann",
        "asks",
        {"ann": 1},
        {"level": "INFO"},
    )


def test_a_pattern_may_name_a_group_in_each_alternative():
    pattern = r"^(?:(?<host>\w+) sends (?<send>\w+)|(?<receive>\w+) reaches (?<host>\w+))$"
    log = read_log("ann sends m1\nm1 reaches bob\n", pattern)
    assert [(e.host, e.sends, e.receives) for e in log.events] == [("ann", ("m1",), ()), ("bob", (), ("m1",))]


def test_a_file_may_begin_with_its_pattern_and_delimiter():
    text = (
        r"(?<event>.*) @(?<host>\w+) (?<clock>{.*})"
        + '\n^--- (?<trace>.*)$\n--- first\nx @a {"a":1}\n--- second\ny @a {"a":1}\n'
    )
    logs = read_executions(text)
    assert [(log.name, log.events[0].text, log.events[0].line) for log in logs] == [
        ("first", "x", 4),
        ("second", "y", 6),
    ]


def test_a_file_may_begin_with_its_pattern_and_no_delimiter():
    log = read_log(r"(?<event>.*) @(?<host>\w+) (?<clock>{.*})" + '\n\nx @a {"a":1}\ny @a {"a":2}\n')
    assert [event.text for event in log.events] == ["x", "y"]


def test_executions_as_govector_appends_them():
    text = ' \n=== Execution #Mon Jan 2  ===\na {"a":1}\nx\n \n=== Execution #Tue Jan 3  ===\na {"a":1}\ny\n'
    assert [(log.name, log.events[0].text) for log in read_executions(text)] == [
        ("Execution #Mon Jan 2", "x"), ("Execution #Tue Jan 3", "y"),
    ]  # fmt: skip


def test_one_log_of_several_executions_is_a_mistake_that_names_them():
    with pytest.raises(ValueError, match="holds 2 executions: one, two"):
        read_log('=== one ===\na {"a":1}\nx\n=== two ===\na {"a":1}\ny\n')


@pytest.mark.parametrize(
    ("written", "clock"),
    [
        ('{"a":1, "b":0}', {"a": 1}),
        ('{"a":"7"}', {"a": 7}),
        ("{'a': 1}", {"a": 1}),
        ("{}", {}),
        ('{ "a" : 2 }', {"a": 2}),
    ],
)
def test_ways_to_write_a_clock(written, clock):
    assert read_log(f"a {written}\nx").events[0].clock == clock


@pytest.mark.parametrize(
    ("digits", "us"),
    [("1456966522", 1_456_966_522_000_000), ("1456966522871", 1_456_966_522_871_000), ("1456966522871394", 1_456_966_522_871_394),
     ("1456966522871394967", 1_456_966_522_871_394), ("250", 250), ("2016-03-03T00:55:22+00:00", 1_456_966_522_000_000)],
)  # fmt: skip
def test_ways_to_write_a_time(digits, us):
    assert events_of([{"host": "a", "time": digits}]).events[0].time_us == us


def test_a_date_that_nobody_understands_is_a_field():
    (event,) = events_of([{"host": "a", "date": "28/07/14 01:15 PM"}]).events
    assert (event.time_us, event.fields["date"]) == (None, "28/07/14 01:15 PM")


def test_records_may_send_and_receive_several_messages():
    log = events_of([{"host": "a", "send": ["m1", "m2"]}, {"host": "b", "receive": 7, "text": "hears"}])
    assert [(e.sends, e.receives, e.text) for e in log.events] == [
        (("m1", "m2"), (), ""),
        ((), ("7",), "hears"),
    ]


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda: read_log("nothing of the kind"), "nothing in this log fits any pattern known"),
        (lambda: read_log(""), "nothing in this log fits"),
        (lambda: read_log("x", r"(?<event>.*"), "is no regular expression"),
        (lambda: read_log("x", r"(?<event>.*)"), "has no group 'host'"),
        (lambda: read_log("x", r"(?<host>y)"), "fits the pattern"),
        (lambda: read_log('a {"a":1}\nx\na {"a":two}\ny'), "line 3 has the clock '{\"a\":two}'"),
        (lambda: read_log('a {"a":1.5}\nx'), "line 1 has the clock"),
        (lambda: read_log('a {"a":-1}\nx'), "one whole number of at least 0"),
        (lambda: read_log('a {"a":1,"a":2}\nx'), "one whole number of at least 0 for each host"),
        (lambda: read_log('{"host": "a"}\nnot JSON'), "line 2 is not JSON"),
        (lambda: read_log('{"event": "x"}'), "line 1 names no host"),
        (lambda: events_of([{"host": "a"}, {"event": "x"}]), "record 2 names no host"),
        (lambda: events_of(["a"]), "record 1 is 'a'; a record is a dict"),
        (lambda: events_of([{"host": "a", "clock": [1]}]), "record 1 has the clock \\[1\\]"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(read, words):
    with pytest.raises(ValueError, match=words):
        read()

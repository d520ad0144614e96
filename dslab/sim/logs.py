"""Logs of real systems: read them, rebuild their logical clocks, check those they carry, and make a Trace to look at.

| word      | meaning                                                                                             |
|-----------|-----------------------------------------------------------------------------------------------------|
| log       | events of several hosts, each host's in its own order; how the hosts' lines are mixed means nothing    |
| event     | one record: its host, a text, and what tells its place: a vector clock, or the messages it sends and receives |
| own entry | the entry of a vector clock for the event's own host: 1, 2, 3 ... on each host                          |
| pattern   | a regular expression with named groups: host, event, clock; perhaps send, receive, time                |
| delimiter | a regular expression for the lines between several executions in one file; a group ``trace`` names them  |

Two kinds of log are understood. With *message identifiers* happened-before is Lamport's definition (1978): the order on
each host, and a send before its receives. With *vector clocks*, as ShiViz reads and GoVector writes them, an event that
knows more of another host than the event before it has heard, directly or not, from the last event it knows there.
From either, all clocks are rebuilt (Fidge, Mattern 1988) and compared with those the log carries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_HOST, _CLOCK, _END = r"(?<host>[^{\n]*?\S)[ \t]+", r"(?<clock>{[^\n]*})", r"[ \t]*$"
GOVECTOR = rf"^{_HOST}{_CLOCK}[ \t]*\n(?<event>.*)"
SHIVIZ = rf"^(?<event>.*)\n{_HOST}{_CLOCK}{_END}"
PATTERNS = (  # of those that fit as well, the first
    rf"^(?<time>\d{{9,}})[ \t]+{_HOST}{_CLOCK}[ \t]*\n(?<event>.*)",
    GOVECTOR,
    rf"^(?<time>\d{{9,}})[ \t]+(?<event>.*)\n{_HOST}{_CLOCK}{_END}",
    SHIVIZ,
    rf'^(?<host>\S+)[ \t]+"(?<event>.*)"[ \t]+{_CLOCK}{_END}',
    rf"^(?<host>\S+)[ \t]+(?<event>.*\S)[ \t]+{_CLOCK}{_END}",
    r"^(?<host>\S+)[ \t]+(?<clock>{[^}\n]*})[ \t]+(?<event>.*)",
)
DELIMITER = r"^=== *(?<trace>.*?) *===$"
_KEYS = {  # of a record that is a dict
    "host": ("host", "process", "processId", "pid", "node"),
    "event": ("event", "text", "message", "msg"),
    "clock": ("clock", "vector", "VCString"),
    "send": ("send", "sends", "sent"),
    "receive": ("receive", "receives", "received"),
    "time": ("time", "timestamp", "time_us", "date"),
}


@dataclass(frozen=True)
class LogEvent:
    """One event: its ``host``, ``text``, vector ``clock`` if it carries one, the messages it ``sends`` and ``receives``.

    ``time_us``: what a wall clock showed, in microseconds, None where the log does not say; ``line``: where it begins, from 1;
    ``fields``: whatever else the pattern captured.
    """

    host: str
    text: str = ""
    clock: dict[str, int] | None = None
    sends: tuple[str, ...] = ()
    receives: tuple[str, ...] = ()
    time_us: int | None = None
    line: int = 0
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Log:
    """One execution: its events as they stand in the file, and the lines that belong to none, as (number, text)."""

    events: tuple[LogEvent, ...]
    name: str = ""
    skipped: tuple[tuple[int, str], ...] = ()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts in order of appearance."""
        return tuple(dict.fromkeys(event.host for event in self.events))


# -- reading ------------------------------------------------------------------------------------------------


def read_log(text: str, pattern: str | None = None, delimiter: str | None = None) -> Log:
    """Read the one execution in ``text``. See `read_executions`; ValueError where there are several."""
    logs = read_executions(text, pattern, delimiter)
    if len(logs) > 1:
        names = ", ".join(log.name or "(no name)" for log in logs)
        raise ValueError(
            f"this log holds {len(logs)} executions: {names}; read_executions gives them one by one"
        )
    return logs[0]


def read_executions(text: str, pattern: str | None = None, delimiter: str | None = None) -> list[Log]:
    """Read a log, one `Log` for each execution in it.

    ``pattern``: named groups in Python's or JavaScript's way, ``(?<host>\\S*) (?<clock>{.*})\\n(?<event>.*)``; None takes what the
    first two lines say, as ShiViz stores them (pattern, delimiter), else JSON objects line by line, else the one of
    `PATTERNS` that fits best. ``delimiter`` None: lines like ``=== name ===``; "": there is one execution.
    Raises ValueError, naming the line, where a record does not make sense, and where nothing can be read.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    begin = 0
    if pattern is None:
        lines = text.split("\n", 2)
        if re.search(r"\(\?P?<host>", lines[0]):
            pattern = lines[0].strip()
            delimiter = (lines[1].strip() if len(lines) > 1 else "") or delimiter
            begin = len(lines[0]) + len(lines[1]) + 2 if len(lines) > 2 else len(text)
    logs = []
    for name, start, end in _executions(text, begin, DELIMITER if delimiter is None else delimiter):
        log = _read(text, start, end, pattern, name)
        if log.events:
            logs.append(log)
    if not logs:
        how = (
            f"the pattern {pattern!r}" if pattern else "any pattern known (a host, a clock in braces, a text)"
        )
        raise ValueError(
            f"nothing in this log fits {how}; a pattern of your own needs the groups host, event and clock"
        )
    return logs


def _executions(text: str, begin: int, delimiter: str) -> Iterator[tuple[str, int, int]]:
    name = ""
    if delimiter:
        for match in _compiled(delimiter, ()).finditer(text, begin):
            yield name, begin, match.start()
            name, begin = match.groupdict().get("trace") or match.group().strip(), match.end()
    yield name, begin, len(text)


def _read(text: str, start: int, end: int, pattern: str | None, name: str) -> Log:
    part = text[start:end]
    before = text.count("\n", 0, start)
    if pattern is not None:
        return _with_pattern(part, pattern, before, name)
    first = part.lstrip().split("\n", 1)[0]
    if first.startswith("{") and first.rstrip().endswith("}"):
        return Log(tuple(_json_lines(part, before)), name)
    return _with_pattern(part, min(PATTERNS, key=lambda known: _misfits(part, known)), before, name)


def _misfits(part: str, pattern: str) -> int:
    """Count the lines that a pattern leaves over, and the records in which the host is not in its own clock."""
    records, skipped = _records(part, pattern, 0)
    return len(skipped) + sum(
        f'"{groups["host"]}"' not in groups["clock"].replace("'", '"') for _, groups in records
    )


def _with_pattern(part: str, pattern: str, before: int, name: str) -> Log:
    records, skipped = _records(part, pattern, before)
    return Log(tuple(_event(groups, line, f"line {line}") for line, groups in records), name, tuple(skipped))


def _records(
    part: str, pattern: str, before: int
) -> tuple[list[tuple[int, dict[str, Any]]], list[tuple[int, str]]]:
    """Give what a pattern captures, record by record with its line, and the lines left over."""
    records, skipped = [], []
    at, line = 0, before + 1
    for match in _compiled(pattern, ("host",)).finditer(part):
        groups: dict[str, Any] = {}
        for (
            key,
            value,
        ) in match.groupdict().items():  # one name may have several groups, of which one took part
            key = key.partition("__")[0]
            groups[key] = groups.get(key) or value or ""
        if groups["host"]:
            skipped += _left(part[at : match.start()], line)
            line += part.count("\n", at, match.start())
            records.append((line, groups))
            line += part.count("\n", match.start(), match.end())
            at = match.end()
    return records, skipped + _left(part[at:], line)


def _left(gap: str, line: int) -> list[tuple[int, str]]:
    return [(line + place, words.strip()) for place, words in enumerate(gap.split("\n")) if words.strip()]


def _compiled(pattern: str, needed: tuple[str, ...]) -> re.Pattern[str]:
    """Compile a regular expression with groups ``(?<name>...)``; a name may come twice, for alternatives."""
    seen: dict[str, int] = {}

    def rename(match: re.Match[str]) -> str:
        name = match.group(1)
        seen[name] = seen.get(name, 0) + 1
        return f"(?P<{name}>" if seen[name] == 1 else f"(?P<{name}__{seen[name]}>"

    translated = re.sub(r"\(\?P?<([A-Za-z_]\w*)>", rename, pattern)
    try:
        compiled = re.compile(translated, re.MULTILINE)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    for name in needed:
        if name not in compiled.groupindex:
            raise ValueError(
                f"the pattern {pattern!r} has no group {name!r}; write (?<{name}>...) around what names it"
            )
    return compiled


def _json_lines(part: str, before: int) -> Iterator[LogEvent]:
    for number, line in enumerate(part.split("\n"), before + 1):
        if line.strip():
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"line {number} is not JSON as those before it: {error.msg}") from None
            yield _event_of(row, number, f"line {number}")


def events_of(rows: Iterable[Mapping[str, Any]]) -> Log:
    """Make a log of records: dicts with a host, a text (event), and a clock, or send and receive (ids, or lists of ids).

    Raises ValueError, naming the record, where one lacks its host or a value makes no sense.
    """
    return Log(tuple(_event_of(row, place, f"record {place}") for place, row in enumerate(rows, 1)))


def _event_of(row: Any, line: int, where: str) -> LogEvent:
    if not isinstance(row, Mapping):
        raise ValueError(f"{where} is {row!r}; a record is a dict with at least a host")
    names = {name: next((key for key in keys if key in row), "") for name, keys in _KEYS.items()}
    groups = {(key if name == "time" else name): row[key] for name, key in names.items() if key}
    others = {str(key): str(value) for key, value in row.items() if key not in names.values()}
    return _event(others | groups, line, where)


def _event(groups: dict[str, Any], line: int, where: str) -> LogEvent:
    host = str(groups.pop("host", "") or "").strip()
    if not host:
        raise ValueError(f"{where} names no host; every event happens on one")
    clock = groups.pop("clock", None)
    text = str(groups.pop("event", "") or "").strip()
    ids = [_ids(groups.pop(name, None)) for name in ("send", "receive")]
    told = next(((key, groups[key]) for key in _KEYS["time"] if groups.get(key)), ("time", ""))
    fields = {key: str(value) for key, value in groups.items()}
    vector = None if clock in (None, "") else _clock(clock, where)
    return LogEvent(host, text, vector, ids[0], ids[1], _time_us(*told), line, fields)


def _ids(value: Any) -> tuple[str, ...]:
    if value in (None, ""):
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else (str(value),)


def _clock(value: Any, where: str) -> dict[str, int]:
    if isinstance(value, str) and '"' not in value:
        value = value.replace("'", '"')  # as Python writes it
    try:
        entries = (
            list(value.items()) if isinstance(value, Mapping) else json.loads(value, object_pairs_hook=list)
        )
    except (TypeError, ValueError):
        raise ValueError(
            f'{where} has the clock {value!r}; a clock is written {{"host": 1, "other": 3}}'
        ) from None
    clock: dict[str, int] = {}
    pairs = isinstance(entries, list) and all(isinstance(entry, tuple) for entry in entries)
    for host, count in entries if pairs else [("", None)]:
        number = int(count) if isinstance(count, str) and count.strip().isdigit() else count
        if not isinstance(number, int) or isinstance(number, bool) or number < 0 or host in clock:
            raise ValueError(
                f"{where} has the clock {value!r}; it needs one whole number of at least 0 for each host"
            )
        clock[str(host)] = number
    return {host: count for host, count in clock.items() if count}


def _time_us(key: str, told: Any) -> int | None:
    """Read a wall-clock time: whole numbers by their size as s, ms, µs or ns since 1970, else a date; None if it is neither."""
    text = str(told).strip()
    if text.isdigit():
        number, digits = int(text), len(text)
        if key == "time_us" or digits < 9:
            return number
        return (
            number // 1_000
            if digits >= 18
            else number * (1 if digits >= 15 else 1_000 if digits >= 12 else 1_000_000)
        )
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1e6)
    except ValueError:
        return None

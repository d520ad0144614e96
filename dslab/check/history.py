"""Histories: what clients asked of a system and what they were told, read from the formats that people have.

| word       | meaning                                                                                             |
|------------|-----------------------------------------------------------------------------------------------------|
| event      | one line of a record: a process invokes an operation, or hears ok, fail or info                     |
| operation  | an invocation together with its answer                                                              |
| ok         | it happened, at one moment between its invocation and its answer                                    |
| fail       | it certainly did not happen                                                                         |
| info       | nobody knows (a timeout, a crash): it may take effect at any moment after its invocation, or never  |
| process    | a client that does one thing at a time; the nemesis, which breaks things, is not one                |
| key        | the part of the store that an operation touches; parts are judged one by one                        |

The order of events is their place in the record, as in Jepsen: clocks of different clients are not compared. Operations given as
intervals (an invocation time and an answer time) are ordered by those times, and two intervals that only touch overlap.

Sources: Herlihy and Wing, "Linearizability" (1990); the history formats of Jepsen and Knossos (``:invoke :ok :fail :info``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from dslab.check import edn
from dslab.check.edn import Keyword, freeze

STATUSES = ("ok", "fail", "info")
TYPES = ("invoke", *STATUSES)
NEMESIS = "nemesis"


@dataclass(frozen=True)
class Operation:
    """One operation as its client saw it.

    process: who asked. name: what, e.g. "read", "write", "cas". argument: what was sent (a write's value; old and new
    of a compare-and-set). value: what came back (a read's answer). status: "ok", "fail" or "info". invoked, returned:
    numbers that only need to be in order (places, times, event ids); returned is None while the call is open, and an
    info operation stays open for ever. key: the part of the store, or None. index: its place in its history, by order
    of invocation. error: what the record says went wrong.

    Raises ValueError for another status, an ok or failed operation that never returned, or one that returned before
    it was invoked; TypeError for a time that is no number.
    """

    process: Hashable
    name: str
    argument: Any = None
    value: Any = None
    status: str = "ok"
    invoked: int | float = 0
    returned: int | float | None = None
    key: Hashable | None = None
    index: int | None = None
    error: Any = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(
                f"an operation's status is {self.status!r}; it must be one of {', '.join(STATUSES)}"
            )
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"an operation's name is {self.name!r}; it must be a word such as read or write")
        for moment in (self.invoked, self.returned):
            if moment is not None and (isinstance(moment, bool) or not isinstance(moment, (int, float))):
                raise TypeError(
                    f"{self.name} by process {self.process!r} has the time {moment!r}; a time must be a number"
                )
        if self.returned is None and self.status != "info":
            raise ValueError(
                f"{self.name} by process {self.process!r} is {self.status} but has no time of return; only info stays open"
            )
        if self.returned is not None and not self.returned >= self.invoked:
            raise ValueError(
                f"{self.name} by process {self.process!r} returned at {self.returned}, before it was invoked at "
                f"{self.invoked}; a return cannot come first"
            )
        for part in ("argument", "value", "key"):
            object.__setattr__(self, part, freeze(getattr(self, part)))

    @property
    def open(self) -> bool:
        """Whether nobody knows if it happened."""
        return self.status == "info"

    def when(self) -> str:
        """Give its interval in words, e.g. "4 to 7", or "from 4, never answered"."""
        return f"from {self.invoked}, never answered" if self.open else f"{self.invoked} to {self.returned}"


class History(Sequence[Operation]):
    """Operations in the order of their invocations, checked to be a possible record of sequential clients.

    operations: any iterable of `Operation`; equal invocation times keep their order. sequential: False where one process may
    have several calls open at once. ignored: how many events of processes that are no clients were left out.

    Raises TypeError for anything that is no Operation; ValueError where one process has two calls open at once.
    """

    def __init__(
        self, operations: Iterable[Operation] = (), *, sequential: bool = True, ignored: int = 0
    ) -> None:
        given = list(operations)
        for place, operation in enumerate(given):
            if not isinstance(operation, Operation):
                raise TypeError(
                    f"place {place} holds {operation!r}; a history is made of Operations, or read by History.from_events"
                )
        given.sort(key=lambda operation: operation.invoked)
        if sequential:
            _check_sequential(given)
        self._operations = tuple(_numbered(operation, index) for index, operation in enumerate(given))
        self.ignored = ignored

    def __len__(self) -> int:
        return len(self._operations)

    def __getitem__(self, place):  # an Operation, or a tuple of them for a slice
        return self._operations[place]

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self._operations == other._operations

    def __hash__(self) -> int:
        return hash(self._operations)

    def __repr__(self) -> str:
        return f"<History: {self.describe()}>"

    def count(self, status: str) -> int:  # type: ignore[override]
        """Give how many operations have this status."""
        return sum(operation.status == status for operation in self._operations)

    def describe(self) -> str:
        """Give one sentence: how many operations, how they ended, by how many processes."""
        ends = ", ".join(f"{self.count(status):,} {status}" for status in STATUSES if self.count(status))
        processes = len({operation.process for operation in self._operations})
        events = "event" if self.ignored == 1 else "events"
        left_out = f"; {self.ignored:,} {events} of other processes left out" if self.ignored else ""
        what = (
            f"{len(self):,} operations ({ends}) by {processes:,} processes"
            if self._operations
            else "no operations"
        )
        return what + left_out

    def until(self, moment: int | float) -> History:
        """Give the history as it stood at ``moment``: later calls are gone, later answers are not known yet."""
        kept = [operation for operation in self._operations if operation.invoked <= moment]
        return History(
            (
                op
                if op.returned is None or op.returned <= moment
                else replace(op, status="info", returned=None, value=None)
                for op in kept
            ),
            sequential=False,
        )

    @classmethod
    def from_events(
        cls,
        events: Iterable[Mapping[str, Any]],
        *,
        independent: bool = False,
        clients: Callable[[Any], bool] | None = None,
    ) -> History:
        """Read Jepsen's events: dicts with type (invoke, ok, fail, info), process, f, value, and maybe key, error, time, index.

        Keys and the values of type and f may have a leading colon; "name" does for "f". independent: each value is a pair
        [key value], as Jepsen's independent generator writes it. clients: tells which processes count; by default the nemesis
        does not, nor does, where some process is a number, any that is not.

        Raises ValueError, naming the event, for an unknown type, a missing field, a response with no call, two calls open in
        one process, a response to something else than what was called, or times or indices that run back.
        """
        return _assemble(
            [_event(data, f"event {place}") for place, data in enumerate(events)], independent, clients
        )

    @classmethod
    def from_tuples(
        cls,
        events: Iterable[Sequence[Any]],
        *,
        independent: bool = False,
        clients: Callable[[Any], bool] | None = None,
    ) -> History:
        """Read events given as (process, type, name), (process, type, name, value) or (process, type, name, value, key).

        Parameters and errors as for `from_events`.
        """
        read = []
        for place, event in enumerate(events):
            if isinstance(event, str) or not isinstance(event, Sequence) or not 3 <= len(event) <= 5:
                raise ValueError(
                    f"event {place} is {event!r}; it must be (process, type, name), then perhaps value and key"
                )
            fields = dict(zip(("process", "type", "f", "value", "key"), event, strict=False))
            read.append(_event(fields, f"event {place}"))
        return _assemble(read, independent, clients)

    @classmethod
    def from_log(
        cls, text: str, *, independent: bool = False, clients: Callable[[Any], bool] | None = None
    ) -> History:
        """Read the lines that Jepsen logs, e.g. ``INFO  jepsen.util - 3  :invoke  :cas  [0 3]``; other lines are passed over.

        Whatever stands before the process is ignored, and what follows the value of an info or fail is its error.
        Parameters and errors as for `from_events`; errors name the line. ValueError too where no line is an event.
        """
        read = []
        for number, line in enumerate(text.splitlines(), 1):
            event = _log_line(line, number)
            if event is not None:
                read.append(event)
        if not read and text.strip():
            raise ValueError(
                f"no line of these {len(text.splitlines())} is an event such as «INFO jepsen.util - 3 :invoke :read nil»"
            )
        return _assemble(read, independent, clients)

    @classmethod
    def from_edn(
        cls, text: str, *, independent: bool = False, clients: Callable[[Any], bool] | None = None
    ) -> History:
        """Read EDN maps, one after the other or in one vector or list: Jepsen's history.edn, Knossos's data.

        Tags (``#jepsen.history.Op{...}``), comments and discarded forms are understood. Parameters and errors as for
        `from_events`; errors name the line.
        """
        read = []
        for form, line in edn.events(text):
            read.append(_event(form, f"line {line}"))
        return _assemble(read, independent, clients)

    @classmethod
    def from_json(
        cls, text: str, *, independent: bool = False, clients: Callable[[Any], bool] | None = None
    ) -> History:
        """Read events as JSON: one object a line, or one array of objects; or a whole stored Trace.

        Parameters and errors as for `from_events`; errors name the line, or the place in the array.
        """
        try:
            whole = json.loads(text)
        except json.JSONDecodeError:
            return _assemble(_json_lines(text), independent, clients)
        if isinstance(whole, dict) and "operations" in whole:
            return cls.from_trace(whole)
        if not isinstance(whole, (dict, list)):
            raise ValueError(
                f"this JSON is {_short(whole)}; a history is an array of events, or one event a line"
            )
        whole = [whole] if isinstance(whole, dict) else whole
        return cls.from_events(whole, independent=independent, clients=clients)

    @classmethod
    def from_trace(
        cls, trace: Any, *, convert: Callable[[dict[str, Any]], Operation | None] | None = None
    ) -> History:
        """Read the operations of a Trace (or of its JSON): its lanes are the processes, its event ids are the times.

        An operation that is still open counts as info. Of a dict argument, "key" becomes the key, and "value", or "old" (or
        "expected") and "new", the argument. convert: makes the Operation from the trace's dict instead, or None to leave it out.
        One lane may have several calls open at once.

        Raises ValueError where there are no operations to read, or one of them is malformed.
        """
        listed = trace.get("operations") if isinstance(trace, Mapping) else getattr(trace, "operations", None)
        if not isinstance(listed, list):
            raise ValueError(
                f"{type(trace).__name__} has no list of operations; give a Trace or the dict of its to_json()"
            )
        made = [(convert or _from_trace_operation)(operation) for operation in listed]
        return cls((operation for operation in made if operation is not None), sequential=False)


def read_history(
    source: str | Path, *, independent: bool = False, clients: Callable[[Any], bool] | None = None
) -> History:
    """Read a history from a file or from text, recognising EDN, JSON, a stored Trace or Jepsen's log lines.

    source: a path, or the text itself (anything with a line break, or that begins like EDN or JSON). independent, clients: as for
    `History.from_events`.

    Raises FileNotFoundError for a path that is not there; ValueError where the text is none of these, or is no possible history.
    """
    text = _text_of(source)
    start = _first_character(text)
    options = {"independent": independent, "clients": clients}
    if not start:
        return History()
    if start in "{[" and _is_json(text):
        return History.from_json(text, **options)
    if start in "{[(#;":
        return History.from_edn(text, **options)
    return History.from_log(text, **options)


# --- from events to operations ------------------------------------------------------------------------------------------------


def _numbered(operation: Operation, index: int) -> Operation:
    """Give the operation with its place; by hand, because `replace` would check all fields again (a quarter of the reading time)."""
    if operation.index == index:
        return operation
    numbered = copy(operation)
    object.__setattr__(numbered, "index", index)
    return numbered


class _Event(NamedTuple):
    where: str
    process: Any
    type: str
    name: str
    value: Any
    key: Any
    error: Any
    time: Any
    index: Any


def _event(data: Any, where: str) -> _Event:
    """Check one event's fields and give it in our own form."""
    if not isinstance(data, Mapping):
        raise ValueError(f"{where} is {_short(data)}; an event must be a map with type, process, f and value")
    fields = {str(name).removeprefix(":"): value for name, value in data.items()}
    name = fields.get("f", fields.get("name"))
    for needed, value in (("type", fields.get("type")), ("process", fields.get("process")), ("f", name)):
        if value is None:
            raise ValueError(f"{where} has no {needed!r}: {_short(data)}; an event needs type, process and f")
    kind = str(fields["type"]).removeprefix(":")
    if kind not in TYPES:
        raise ValueError(f"{where} is of type {kind!r}; the types are {', '.join(TYPES)}")
    process = fields["process"]
    if isinstance(process, str):
        process = process.removeprefix(":")
    value, key = freeze(fields.get("value")), freeze(fields.get("key"))
    name = str(name).removeprefix(":")
    return _Event(
        where,
        freeze(process),
        kind,
        name,
        value,
        key,
        fields.get("error"),
        fields.get("time"),
        fields.get("index"),
    )


def _assemble(events: list[_Event], independent: bool, clients: Callable[[Any], bool] | None) -> History:
    """Pair calls with responses and make the history."""
    if clients is None:
        numbered = any(_is_number(event.process) for event in events)
        clients = lambda process: process != NEMESIS and (not numbered or _is_number(process))  # noqa: E731
    _check_order(events)
    operations: list[Operation] = []
    calls: dict[Any, tuple[int, _Event]] = {}
    times: dict[Any, tuple[Any, str]] = {}
    ignored = 0
    for place, event in enumerate(events):
        if not clients(event.process):
            ignored += 1
            continue
        _check_time(event, times)
        if independent:
            event = _split_pair(event)
        if event.type == "invoke":
            if event.process in calls:
                raise ValueError(
                    f"{event.where}: process {event.process} invokes {event.name} while its {calls[event.process][1].name} "
                    f"({calls[event.process][1].where}) is still open; a process does one thing at a time"
                )
            calls[event.process] = (place, event)
        else:
            operations.append(_complete(place, event, calls.pop(event.process, None)))
    for place, call in calls.values():
        operations.append(Operation(call.process, call.name, call.value, None, "info", place, None, call.key))
    return History(operations, ignored=ignored)


def _complete(place: int, event: _Event, call: tuple[int, _Event] | None) -> Operation:
    """Make the operation of a response and its call."""
    if call is None:
        raise ValueError(
            f"{event.where}: process {event.process} has the response {event.type} to {event.name} but no call is open; "
            f"a response must follow an invoke of the same process"
        )
    invoked, asked = call
    if asked.name != event.name:
        raise ValueError(
            f"{event.where}: process {event.process} has a response to {event.name}, but it invoked {asked.name} "
            f"({asked.where}); the two must be the same"
        )
    if event.key is not None and asked.key is not None and event.key != asked.key:
        raise ValueError(
            f"{event.where}: the response is about key {event.key!r}, but the call ({asked.where}) was about {asked.key!r}"
        )
    key = event.key if asked.key is None else asked.key
    value = event.value if event.type == "ok" else None
    returned = None if event.type == "info" else place
    return Operation(
        asked.process,
        asked.name,
        asked.value,
        value,
        event.type,
        invoked,
        returned,
        key,
        error=freeze(event.error),
    )


def _split_pair(event: _Event) -> _Event:
    """Turn Jepsen's independent value [key value] into a key and a value."""
    if isinstance(event.value, tuple) and len(event.value) == 2:
        return event._replace(key=event.value[0], value=event.value[1])
    if event.type in ("info", "fail"):
        return event._replace(value=None)
    raise ValueError(
        f"{event.where}: the value of {event.name} is {_short(event.value)}; with independent=True it must be a pair [key value]"
    )


def _check_order(events: list[_Event]) -> None:
    """Refuse a record whose own indices say that it is not in order."""
    before = None
    for event in events:
        if isinstance(event.index, int) and event.index >= 0:  # Jepsen writes -1 for "not numbered"
            if before is not None and event.index <= before.index:
                raise ValueError(
                    f"{event.where} has the index {event.index} after the index {before.index} ({before.where}); "
                    f"indices must rise, so sort the events by index"
                )
            before = event


def _check_time(event: _Event, times: dict[Any, tuple[Any, str]]) -> None:
    """Refuse a process whose own clock runs back; clocks of different processes are not compared."""
    if not _is_number(event.time) or event.time < 0:  # Jepsen writes -1 for "no time"
        return
    before, where = times.get(event.process, (event.time, ""))
    if event.time < before:
        raise ValueError(
            f"{event.where}: process {event.process} is at time {event.time}, after {before} ({where}); the times of one "
            f"process must not run back (without times, the order of the events counts)"
        )
    times[event.process] = (event.time, event.where)


def _check_sequential(operations: list[Operation]) -> None:
    """Refuse a process that invokes while its last call has not returned; ``operations`` are by invocation."""
    latest: dict[Any, Operation] = {}
    for operation in operations:
        last = latest.get(operation.process)
        if last is not None and last.returned is not None and last.returned > operation.invoked:
            raise ValueError(
                f"process {operation.process!r} invokes {operation.name} at {operation.invoked} while its {last.name} is open "
                f"until {last.returned}; a process does one thing at a time (or say sequential=False)"
            )
        if last is None or operation.returned is not None:
            latest[operation.process] = operation


def _from_trace_operation(data: dict[str, Any]) -> Operation:
    argument, key = data.get("argument"), None
    if isinstance(argument, Mapping):
        rest = dict(argument)
        key = rest.pop("key", None)
        if set(rest) in ({"old", "new"}, {"expected", "new"}):
            argument = (rest.get("old", rest.get("expected")), rest["new"])
        elif set(rest) <= {"value"}:
            argument = rest.get("value")
        else:
            argument = rest
    status = {"open": "info"}.get(data.get("status"), data.get("status"))
    returned = None if status == "info" else data.get("returned")
    return Operation(
        data.get("lane"),
        data.get("name"),
        argument,
        data.get("value"),
        status,
        data.get("invoked"),
        returned,
        key,
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _short(value: Any, width: int = 80) -> str:
    shown = repr(value)
    return shown if len(shown) <= width else shown[: width - 1] + "…"


# --- text ---------------------------------------------------------------------------------------------------------------------

_LOG = re.compile(
    r"(?:^|.*?[\s\]])(?P<process>:?[\w-]+)\s+:(?P<type>invoke|ok|fail|info)\s+:(?P<name>[^\s,]+)(?P<rest>.*)$"
)


def _log_line(line: str, number: int) -> _Event | None:
    """Read one line of a Jepsen log, or give None where it is none."""
    if "{" in line and ":process" in line:
        return _event(edn.Reader(line[line.index("{") :]).form()[0], f"line {number}")
    found = _LOG.match(line)
    if found is None:
        return None
    process: Any = found["process"].removeprefix(":")
    process = int(process) if process.isdigit() else process
    kind, where, rest = found["type"], f"line {number}", found["rest"].strip()
    value: Any = None
    error: Any = None
    try:
        form, end, _ = edn.Reader(rest).form() if rest else (None, 0, 0)
    except ValueError as problem:
        if kind in ("invoke", "ok"):
            raise ValueError(f"{where}: the value {rest!r} cannot be read ({problem})") from None
        return _Event(where, process, kind, found["name"], None, None, rest, None, None)
    remainder = rest[end:].strip()
    if kind in ("fail", "info") and isinstance(form, Keyword):
        error = rest
    else:
        value, error = form, (remainder or None) if kind in ("fail", "info") else None
    return _Event(where, process, kind, found["name"], freeze(value), None, error, None, None)


def _text_of(source: str | Path) -> str:
    if isinstance(source, Path):
        return _file_text(source)
    if not isinstance(source, str):
        raise TypeError(f"a history is read from a path or a text, not from {type(source).__name__}")
    if (
        "\n" in source
        or not source.strip()
        or source.lstrip("\ufeff \t").startswith(("{", "[", "(", "#", ";"))
        or _LOG.match(source)
    ):
        return source
    return _file_text(Path(source))


def _file_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise ValueError(
            f"the file {_short(str(path))} is no UTF-8 text ({problem.reason} at byte {problem.start})"
        ) from None
    except (OSError, ValueError) as problem:
        raise FileNotFoundError(
            f"there is no file {_short(str(path))} to read a history from, and it is no history either"
        ) from problem


def _first_character(text: str) -> str:
    return text.lstrip("\ufeff \t\r\n,")[:1]


def _is_json(text: str) -> bool:
    """Whether the text, or its first line, is JSON."""
    for candidate in (text.lstrip("\ufeff").strip().partition("\n")[0], text):
        try:
            json.loads(candidate.lstrip("\ufeff"))
        except json.JSONDecodeError:
            continue
        return True
    return False


def _json_lines(text: str) -> list[_Event]:
    read = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except json.JSONDecodeError as problem:
            raise ValueError(f"line {number} is no JSON ({problem.msg}): {_short(line)}") from None
        read.append(_event(data, f"line {number}"))
    return read

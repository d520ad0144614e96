"""The words of the space-time diagram: what a trace says, as captions, sentences and rows. No widget, no picture.

| word    | meaning                                                                                     |
|---------|---------------------------------------------------------------------------------------------|
| call    | an operation as it is written: ``read(k)``                                                   |
| outcome | how it ended, by word: ``→ v1 ok``, ``failed``, ``unknown`` (info) or ``still open``          |
| row     | one line of the text log: event, time, lane, what happened                                   |

The widget shows these rows, the poster's alt text and the text twin of a picture are made of them: one source of words.
"""

from __future__ import annotations

from typing import Any

from dslab.show.words import listing, plural, sentence
from dslab.sim.trace import Trace

LOG_COLUMNS = ("event", "time", "lane", "what happened")
STATUS_WORDS = {
    "ok": "ok",
    "fail": "failed",
    "info": "unknown: it may or may not have happened",
    "open": "still open",
}
UNITS = ((10_000, 1, "µs"), (10_000_000, 1_000, "ms"), (None, 1_000_000, "s"))  # span below, µs in one, name


def as_trace(trace: Trace | dict[str, Any]) -> Trace:
    """Give ``trace`` as a Trace, whether it is one or its JSON. Raises ValueError or TypeError with a sentence otherwise."""
    if isinstance(trace, Trace):
        return trace
    if not isinstance(trace, dict):
        raise TypeError(
            f"a diagram is drawn from a Trace or from its JSON, not from a {type(trace).__name__}"
        )
    return Trace.from_json(trace)


def value_text(value: Any) -> str:
    """Write a plain value the way a reader would: no quotes, no braces around a single level."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {value_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(value_text(item) for item in value) + "]"
    return str(value)


def arguments_text(argument: Any) -> str:
    """Write the arguments of a call or what a message carries: the values alone, separated by commas."""
    if isinstance(argument, dict):
        return ", ".join(value_text(item) for item in argument.values())
    return "" if argument is None else value_text(argument)


def time_unit(span_us: int) -> tuple[int, str]:
    """Give the unit that suits a span of ``span_us`` microseconds: (microseconds in one, name)."""
    return next((size, name) for below, size, name in UNITS if below is None or span_us < below)


def time_text(t_us: int, span_us: int) -> str:
    """Write a time in the unit that suits the whole span: ``340 µs``, ``12.5 ms``, ``3 s``."""
    size, name = time_unit(span_us)
    return f"{t_us / size:.3f}".rstrip("0").rstrip(".") + f" {name}"


def span_us(trace: Trace) -> int:
    """Give the time of the last event in microseconds (0 for an empty trace)."""
    return trace.events[-1]["t"] if trace.events else 0


def call_text(operation: dict[str, Any]) -> str:
    """Write an operation as it is called: ``write(k, v2)``."""
    return f"{operation['name']}({arguments_text(operation.get('argument'))})"


def outcome_text(operation: dict[str, Any]) -> str:
    """Say how an operation ended, by word."""
    word = STATUS_WORDS.get(operation["status"], operation["status"])
    value = operation.get("value")
    return word if value is None else f"{value_text(value)}, {word}"


def operation_text(operation: dict[str, Any]) -> str:
    """Write an operation and its outcome as its bar says it: ``read(k) → v1 ok``."""
    value, word = (
        operation.get("value"),
        STATUS_WORDS.get(operation["status"], operation["status"]).split(":")[0],
    )
    return (
        f"{call_text(operation)} {word}"
        if value is None
        else f"{call_text(operation)} → {value_text(value)} {word}"
    )


def message_text(message: dict[str, Any]) -> str:
    """Write a message as its arrow says it: its label, what it carries, and whether it was lost."""
    text = _carrying(message, "{label} {carried}", "{label}")
    return f"{text} · lost" if message["status"] == "lost" else text


def _carrying(message: dict[str, Any], full: str, bare: str) -> str:
    """Write a message with what it carries, unless that is nothing or its label says it already."""
    label, payload = message["label"], message.get("payload")
    said = all(word in label for word in _words(payload))
    return (bare if said else full).format(label=label, carried=arguments_text(payload))


def _words(value: Any) -> list[str]:
    """Give the words of a payload that an arrow should say: not what is empty, not what is yes or no."""
    if isinstance(value, dict | list | tuple):
        return [
            word for part in (value.values() if isinstance(value, dict) else value) for word in _words(part)
        ]
    return [] if value is None or isinstance(value, bool) else [str(value)]


def lane_labels(trace: Trace) -> dict[str, str]:
    """Give the label of every lane by its id."""
    return {lane["id"]: lane.get("label") or lane["id"] for lane in trace.lanes}


def event_sentence(trace: Trace, event: int) -> str:
    """Say in one or two sentences what happens at an event: who does what to whom, and what goes wrong there."""
    entry = trace.events[event]
    who = lane_labels(trace)[entry["lane"]]
    found = [_what(trace, entry, who)]
    found += [f"Surprise {n}: {label}." for n, (at, label) in enumerate(surprises(trace), 1) if at == event]
    found += [f"VIOLATED: {v['invariant']}: {_why(v)}"
              for v in trace.verdicts if v["event"] == event]  # fmt: skip
    if no_return(trace) == event:
        found.append("This is the point of no return.")
    return " ".join(found)


def _why(verdict: dict[str, Any]) -> str:
    """Give what a verdict explains, closed by a full stop; a value it begins with keeps its small letter."""
    why = (verdict.get("explanation") or verdict.get("sentence") or "it does not hold").strip()
    return why if why.endswith((".", "!", "?")) else f"{why}."


def _what(trace: Trace, event: dict[str, Any], who: str) -> str:
    kind, label = event["kind"], event.get("label", "")
    if kind in ("send", "receive") and event.get("message") is not None:
        return _message_sentence(trace, event, who)
    if kind in ("invoke", "return") and event.get("operation") is not None:
        operation = trace.operations[event["operation"]]
        if kind == "invoke":
            return f"{who} begins {call_text(operation)}."
        return f"{who} ends {call_text(operation)}: {outcome_text(operation)}."
    if kind == "start":
        state = event.get("state")
        return f"{who} starts" + (f" with {_state_text(state)}." if state else ".")
    word = {"timer": "timer: ", "fault": "fault: ", "note": "note: "}.get(kind, "")
    if label.startswith(who):
        return sentence(label)
    return sentence(f"{who}: {word}{label or kind}")


def _message_sentence(trace: Trace, event: dict[str, Any], who: str) -> str:
    message = trace.messages[event["message"]]
    names = lane_labels(trace)
    what = f"‘{_carrying(message, '{label}’ ({carried})', '{label}’')}"
    if event["kind"] == "receive":
        return f"{who} receives {what} from {names[message['src']]}, sent at event {message['sent']}."
    to = f"{who} sends {what} to {names[message['dst']]}"
    if message["received"] is not None:
        return f"{to}; it arrives at event {message['received']}."
    return f"{to}; it is lost." if message["status"] == "lost" else f"{to}; it is still under way."


def _state_text(state: dict[str, Any]) -> str:
    return ", ".join(f"{key}: {value_text(value)}" for key, value in state.items())


def surprises(trace: Trace) -> list[tuple[int, str]]:
    """Give the surprises of a run in order: (event, what was unlikely). One that left no event stands at the last one."""
    last = len(trace.events) - 1
    return [(min(found["event"], last), found["label"]) for found in trace.meta.get("surprises") or []]


def no_return(trace: Trace) -> int | None:
    """Give the event after which a violation could no longer be avoided, where the trace names one."""
    event = trace.meta.get("point_of_no_return")
    return event if event is not None and 0 <= event < len(trace.events) else None


def focus(trace: Trace) -> int | None:
    """Give the event that a diagram too wide for its frame opens at: ``meta["focus"]``, else the first violation."""
    event = trace.meta.get("focus", trace.verdicts[0]["event"] if trace.verdicts else None)
    return event if isinstance(event, int) and 0 <= event < len(trace.events) else None


def places(trace: Trace) -> list[tuple[int, str, str]]:
    """Give the places worth going to: (event, sign, text) of each surprise, the point of no return, each violation."""
    found = [(event, f"⚑{n}", label) for n, (event, label) in enumerate(surprises(trace), 1)]
    if no_return(trace) is not None:
        found.append((no_return(trace), "┊", "point of no return"))
    return found + [(verdict["event"], "✖", f"{verdict['invariant']} violated") for verdict in trace.verdicts]


def event_caption(trace: Trace, event: int) -> str:
    """Give what is written at an event: nothing where a bar or an arrow says it already."""
    entry = trace.events[event]
    kind, label = entry["kind"], entry.get("label", "")
    if kind in ("start", "end") or entry.get("operation") is not None:
        return ""
    if entry.get("message") is not None and trace.messages[entry["message"]]["label"] in label:
        return ""
    return label or kind


def log_rows(trace: Trace | dict[str, Any]) -> list[tuple[int, str, str, str]]:
    """Give the text log: one row for each event, in the order of `LOG_COLUMNS`."""
    trace = as_trace(trace)
    names, span = lane_labels(trace), span_us(trace)
    return [
        (e["id"], time_text(e["t"], span), names[e["lane"]], event_sentence(trace, e["id"]))
        for e in trace.events
    ]


def describe(trace: Trace | dict[str, Any]) -> str:
    """Say in a few true sentences what the trace shows: its size, its faults, and what went wrong or that nothing did."""
    trace = as_trace(trace)
    counted = [plural(len(trace.lanes), "lane"), plural(len(trace.events), "event"), _messages_text(trace)]
    counted += [_operations_text(trace)] if trace.operations else []
    name = trace.scenario[:1].upper() + trace.scenario[1:] if trace.scenario else "A run"
    sentences = [f"{name}: {listing(counted)}."]
    sentences += [_fault_sentence(trace, fault) for fault in trace.faults]
    sentences += [f"{v['invariant']} is violated at event {v['event']}: {_why(v)}"
                  for v in trace.verdicts]  # fmt: skip
    unlikely = [f"{label} (event {event})" for event, label in surprises(trace)]
    sentences += (
        [f"{'Surprises' if len(unlikely) > 1 else 'Surprise'}: {listing(unlikely)}."] if unlikely else []
    )
    sentences += [] if no_return(trace) is None else [f"The point of no return is event {no_return(trace)}."]
    return " ".join(sentences)


def _messages_text(trace: Trace) -> str:
    lost = sum(m["status"] == "lost" for m in trace.messages)
    flying = sum(m["status"] == "in flight" for m in trace.messages)
    parts = [f"{lost} lost"] * bool(lost) + [f"{flying} still under way"] * bool(flying)
    return plural(len(trace.messages), "message") + (f" ({', '.join(parts)})" if parts else "")


def _operations_text(trace: Trace) -> str:
    bad = [(sum(o["status"] == status for o in trace.operations), word)
           for status, word in (("fail", "failed"), ("info", "unknown"), ("open", "still open"))]  # fmt: skip
    parts = [f"{n} {word}" for n, word in bad if n]
    return plural(len(trace.operations), "operation") + (f" ({', '.join(parts)})" if parts else "")


def _fault_sentence(trace: Trace, fault: dict[str, Any]) -> str:
    span = span_us(trace)
    label = fault.get("label") or f"{fault['kind']} of {', '.join(fault['lanes'])}"
    if fault.get("to") is None:
        return f"Fault: {label} from {time_text(fault['from'], span)} on."
    return f"Fault: {label} from {time_text(fault['from'], span)} to {time_text(fault['to'], span)}."

"""Models: what one store, register, queue or lock would do if it did one operation at a time.

A history is judged against a model: `init` gives the state at the beginning, `step` says whether an operation could give the
answer that it gave in a state, and what state it leaves. Models here:

| model            | operations                                                      | state                        |
|------------------|-----------------------------------------------------------------|------------------------------|
| `register`       | read, write                                                     | the value                    |
| `cas_register`   | read, write, cas [old new]                                      | the value                    |
| `key_value`      | per key: get, put, append, delete, cas [old new] (read, write)  | the value of one key         |
| `multi_register` | txn [[:read key value] [:write key value] ...]                  | the values by key            |
| `queue`          | enqueue, dequeue (first in, first out)                          | what waits                   |
| `set_model`      | add, remove, read                                               | the members                  |
| `counter`        | add, increment, decrement, read                                 | the sum                      |
| `mutex`          | acquire, release                                                | "free" or "held"             |

Besides `step`, a model may tell the search what it may skip. Each hint has a default that is true of every model:

* `pure(op)`: the operation never changes a state.
* `total(op)`: the operation is possible in every state (a write, an enqueue).
* `leaves(op)`: the one state that it leaves whenever it is possible (a write, a compare-and-set), or `VARIES`.
* `wants(op)`: the one state in which its answer is right (a read), `ANY` where every state will do, or `VARIES`.
* `reach(operations)`: a function of a state and some wanted states that gives those which these operations could lead to from the state
  without one that is total and leaves one state; the state itself counts. Nothing that can be reached may be left out.
* `sees(op, effect)`: the answer of ``op`` could be owed to the open operation ``effect``, which leaves no one state (an append). Say False
  only where this holds: take ``effect`` out of a possible order in which nobody sees it, and the order is still possible.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

from dslab.check.edn import freeze
from dslab.check.history import Operation

READS = ("read", "get", "r")
WRITES = ("write", "put", "set", "w")
CAS = ("cas", "compare-and-set", "compare_and_set")
_LONG = 48  # characters of a text that are shown
_PLAIN = {name: kind for kind, names in (("read", READS), ("write", WRITES), ("cas", CAS)) for name in names}

# What a failed compare-and-set says when it was not the value that it disliked: no evidence about the value.
_NO_ANSWER = (
    "timed", "timeout", "time out", "connect", "refused", "unavailable", "unreachable", "closed", "socket", "network",
    "leader", "primary", "host", "crash", "indeterminate", "unknown",
)  # fmt: skip


class _Word:
    def __init__(self, word: str) -> None:
        self.word = word

    def __repr__(self) -> str:
        return self.word


ANY = _Word("ANY")  # every state
VARIES = _Word("VARIES")  # no one state


class Model:
    """What a checker needs to know about one kind of store. Subclass it and give `init`, `step` and `names`.

    name: what people call it. names: the operations that it knows. by_process: True where `step` looks at who asks; otherwise two
    operations with the same name, key, argument and answer are taken to be interchangeable.
    """

    name = "model"
    names: tuple[str, ...] = ()
    by_process = False

    def init(self) -> Hashable:
        """Give the state at the beginning. States must be hashable, and equal where nothing tells them apart."""
        raise NotImplementedError(f"the model {self.name} must say what its first state is")

    def step(self, state: Any, operation: Operation) -> tuple[bool, Any]:
        """Say whether ``operation`` could give its answer in ``state``, and what state it leaves.

        The answer of an info operation is unknown (its value is None) and must be taken as possible wherever the operation could
        have had its effect. A failed compare-and-set comes here only where it counts as evidence that the value was another.
        """
        raise NotImplementedError(f"the model {self.name} must say what an operation does")

    def check(self, operation: Operation) -> None:
        """Refuse an operation that this model does not know, or whose argument has the wrong shape.

        Raises ValueError.
        """
        if operation.name not in self.names:
            raise ValueError(
                f"{_which(operation)} is {operation.name!r}, which a {self.name} does not know; it knows {', '.join(self.names)}"
            )

    def split(self, operation: Operation) -> Hashable:
        """Give the part of the store that the operation touches; parts are judged on their own."""
        return None

    def evidence(self, operation: Operation) -> bool:
        """Whether a failed operation tells something about the state (a failed compare-and-set may)."""
        return False

    def pure(self, operation: Operation) -> bool:
        """Whether the operation never changes a state."""
        return False

    def total(self, operation: Operation) -> bool:
        """Whether the operation is possible in every state."""
        return False

    def leaves(self, operation: Operation) -> Any:
        """Give the one state that the operation leaves wherever it is possible, or `VARIES`."""
        return VARIES

    def wants(self, operation: Operation) -> Any:
        """Give the one state in which the operation's answer is right; `ANY` where each will do, `VARIES` where it is not one."""
        return VARIES

    def reach(
        self, operations: Sequence[Operation]
    ) -> Callable[[Any, Collection[Any]], Iterable[Any]] | None:
        """Give a function of a state and wanted states that gives those which can be reached without a blind operation, or None."""
        return None

    def sees(self, operation: Operation, effect: Operation) -> bool:
        """Whether the answer of ``operation`` could be owed to ``effect``, an open operation that leaves no one state."""
        return True

    def describe(self, operation: Operation) -> str:
        """Give an operation in words, e.g. ``write 3``, ``read → 4``, ``cas 0 to 3 (failed)``, ``write 2 (unknown)``."""
        words = [operation.name]
        if operation.key is not None:
            words.append(f"{show(operation.key)}:" if operation.argument is not None else show(operation.key))
        if operation.argument is not None and not self.pure(operation):
            words.append(show(operation.argument))
        if operation.status == "ok" and (operation.value is not None or self.pure(operation)):
            if self.pure(operation) or operation.value != operation.argument:
                words.append(f"→ {show(operation.value)}")
        return " ".join(words) + {"info": " (unknown)", "fail": " (failed)"}.get(operation.status, "")

    def show(self, state: Any) -> str:
        """Give a state in words."""
        return show(state)

    def hint(self, operation: Operation) -> str:
        """Give a sentence to add where this operation makes a violation and the model may have been the wrong one; usually none."""
        return ""


class _Register(Model):
    """One value that is read, written and, perhaps, compared and set."""

    def __init__(self, name: str, initial: Any, names: tuple[str, ...], nil_reads: str) -> None:
        if nil_reads not in ("value", "unknown"):
            raise ValueError(
                f'nil_reads is {nil_reads!r}; it must be "value" (nothing was there) or "unknown" (the record does not say)'
            )
        self.name, self.initial, self.names, self.nil_reads = name, freeze(initial), names, nil_reads

    def init(self) -> Hashable:
        return self.initial

    def check(self, operation: Operation) -> None:
        super().check(operation)
        if _PLAIN[operation.name] == "cas":
            _check_pair(operation)

    def split(self, operation: Operation) -> Hashable:
        return operation.key

    def evidence(self, operation: Operation) -> bool:
        return _PLAIN[operation.name] == "cas" and _value_was_the_reason(operation)

    def norm(self, value: Any) -> Any:
        """Give the state that a value stands for."""
        return value

    def step(self, state: Any, operation: Operation) -> tuple[bool, Any]:
        kind = _PLAIN[operation.name]
        if kind == "write":
            return True, self.norm(operation.argument)
        if kind == "read":
            return self.norm(operation.value) == state or self._unknown(operation), state
        old, new = (self.norm(value) for value in operation.argument)
        if operation.status == "fail":
            return state != old, state
        return state == old, new if state == old else state

    def _unknown(self, read: Operation) -> bool:
        return read.status == "info" or (read.value is None and self.nil_reads == "unknown")

    def hint(self, operation: Operation) -> str:
        if _PLAIN.get(operation.name) == "read" and operation.value is None and self.initial is not None:
            return ' If nil only says that the record does not know what was read, use nil_reads="unknown".'
        return ""

    def pure(self, operation: Operation) -> bool:
        kind = _PLAIN[operation.name]
        return kind == "read" or (
            kind == "cas" and (operation.status == "fail" or operation.argument[0] == operation.argument[1])
        )

    def total(self, operation: Operation) -> bool:
        return _PLAIN[operation.name] == "write"

    def leaves(self, operation: Operation) -> Any:
        kind = _PLAIN[operation.name]
        return (
            self.norm(operation.argument if kind == "write" else operation.argument[1])
            if kind != "read"
            else VARIES
        )

    def wants(self, operation: Operation) -> Any:
        kind = _PLAIN[operation.name]
        if kind == "read":
            return ANY if self._unknown(operation) else self.norm(operation.value)
        if kind == "write":
            return ANY
        return VARIES if operation.status == "fail" else self.norm(operation.argument[0])

    def reach(
        self, operations: Sequence[Operation]
    ) -> Callable[[Any, Collection[Any]], Iterable[Any]] | None:
        steps: dict[Any, set[Any]] = {}
        for operation in operations:
            if operation.name in CAS and operation.status != "fail":
                old, new = (self.norm(value) for value in operation.argument)
                steps.setdefault(old, set()).add(new)
        return lambda state, wanted: [found for found in _closure(steps, state) if found in wanted]

    def describe(self, operation: Operation) -> str:
        if _PLAIN.get(operation.name) != "cas":
            return super().describe(operation)
        where = "" if operation.key is None else f" {show(operation.key)}:"
        old, new = operation.argument
        how = {"info": " (unknown)", "fail": " (failed)"}.get(operation.status, "")
        return f"{operation.name}{where} {show(old)} to {show(new)}{how}"


class _KeyValue(_Register):
    """The value of one key; all empty values are one and the same: the key is missing."""

    def __init__(self, empty: tuple[Any, ...], nil_reads: str) -> None:
        super().__init__("key-value store", None, (*READS, *WRITES, "append", "delete", *CAS), nil_reads)
        self.empty = tuple(freeze(value) for value in empty)

    def check(self, operation: Operation) -> None:
        Model.check(self, operation)
        if operation.key is None:
            raise ValueError(
                f'{_which(operation)} ({operation.name}) names no key; give the events a "key", or read values that are pairs '
                f"[key value] with independent=True"
            )
        if operation.name in CAS:
            _check_pair(operation)

    def evidence(self, operation: Operation) -> bool:
        return operation.name in CAS and _value_was_the_reason(operation)

    def norm(self, value: Any) -> Any:
        return (
            None
            if value is None or any(value == none and type(value) is type(none) for none in self.empty)
            else value
        )

    def step(self, state: Any, operation: Operation) -> tuple[bool, Any]:
        if operation.name == "append":
            return True, self.norm(_joined(state, operation.argument))
        if operation.name == "delete":
            return True, None
        return super().step(state, operation)

    def pure(self, operation: Operation) -> bool:
        return operation.name in _PLAIN and super().pure(operation)

    def total(self, operation: Operation) -> bool:
        return operation.name in ("append", "delete", *WRITES)

    def leaves(self, operation: Operation) -> Any:
        if operation.name in _PLAIN:
            return super().leaves(operation)
        return None if operation.name == "delete" else VARIES

    def wants(self, operation: Operation) -> Any:
        return super().wants(operation) if operation.name in _PLAIN else ANY

    def reach(
        self, operations: Sequence[Operation]
    ) -> Callable[[Any, Collection[Any]], Iterable[Any]] | None:
        if not any(operation.name == "append" for operation in operations):
            return super().reach(operations)
        if any(operation.name in CAS for operation in operations):
            return None
        return lambda state, wanted: [found for found in wanted if _begins(found, state)]

    def sees(self, operation: Operation, effect: Operation) -> bool:
        # What was appended is part of all that is read until the next put or delete. Where no known answer has it as a part, none was
        # read in that time, and what did happen then (appends, puts and deletes) is possible without it. A compare-and-set looks
        # at the whole value, so it sees everything.
        if operation.name in READS:
            return not self._unknown(operation) and _contains(operation.value, effect.argument)
        return operation.name in CAS

    def describe(self, operation: Operation) -> str:
        return super().describe(operation) if operation.name in CAS else Model.describe(self, operation)


class _MultiRegister(Model):
    """Several registers that one transaction reads and writes at one moment."""

    name, names = "multi-register", ("txn",)

    def __init__(self, initial: Mapping[Any, Any] | None, default: Any) -> None:
        self.initial = tuple(sorted(((freeze(k), freeze(v)) for k, v in (initial or {}).items()), key=repr))
        self.default = freeze(default)

    def init(self) -> Hashable:
        return self.initial

    def check(self, operation: Operation) -> None:
        super().check(operation)
        for part in self._steps(operation):
            if not (isinstance(part, tuple) and len(part) == 3 and _PLAIN.get(part[0]) in ("read", "write")):
                raise ValueError(
                    f"{_which(operation)} has the step {part!r}; a transaction's step is [:read key value] or [:write key value]"
                )

    @staticmethod
    def _steps(operation: Operation) -> tuple[Any, ...]:
        steps = (
            operation.value
            if operation.status == "ok" and operation.value is not None
            else operation.argument
        )
        return steps if isinstance(steps, tuple) else (steps,)

    def step(self, state: Any, operation: Operation) -> tuple[bool, Any]:
        values = dict(state)
        for name, key, value in self._steps(operation):
            if _PLAIN[name] == "write":
                values[key] = value
            elif operation.status == "ok" and value is not None and values.get(key, self.default) != value:
                return False, state
        return True, tuple(sorted(values.items(), key=repr))

    def pure(self, operation: Operation) -> bool:
        return all(_PLAIN[name] == "read" for name, _, _ in self._steps(operation))

    def total(self, operation: Operation) -> bool:
        return all(_PLAIN[name] == "write" for name, _, _ in self._steps(operation))


class _Queue(Model):
    """First in, first out. A dequeue that answers nil found nothing."""

    name, names = "queue", ("enqueue", "dequeue")

    def init(self) -> Hashable:
        return ()

    def step(self, state: Any, operation: Operation) -> tuple[bool, Any]:
        if operation.name == "enqueue":
            return True, (*state, operation.argument)
        if not state:
            return operation.status == "info" or operation.value is None, state
        return operation.status == "info" or operation.value == state[0], state[1:]

    def total(self, operation: Operation) -> bool:
        return operation.name == "enqueue"


class _Set(Model):
    """Members are added and removed; a read gives all of them, each once, in any order."""

    name, names = "set", ("add", "remove", "read")

    def init(self) -> Hashable:
        return frozenset()

    def check(self, operation: Operation) -> None:
        super().check(operation)
        if (
            operation.name == "read"
            and operation.status == "ok"
            and not isinstance(operation.value, (tuple, frozenset, type(None)))
        ):
            raise ValueError(
                f"{_which(operation)} reads {operation.value!r}; a read of a set answers with a list of its members"
            )

    def step(self, state: Any, operation: Operation) -> tuple[bool, Any]:
        if operation.name == "add":
            return True, state | {operation.argument}
        if operation.name == "remove":
            return True, state - {operation.argument}
        found = operation.value or ()
        return operation.status == "info" or (len(found) == len(state) and frozenset(found) == state), state

    def pure(self, operation: Operation) -> bool:
        return operation.name == "read"

    def total(self, operation: Operation) -> bool:
        return operation.name != "read"


class _Counter(Model):
    """A number that is added to."""

    name, names = "counter", ("add", "increment", "decrement", "read")

    def __init__(self, initial: int | float) -> None:
        self.initial = _checked_number("initial", initial)

    def init(self) -> Hashable:
        return self.initial

    def check(self, operation: Operation) -> None:
        super().check(operation)
        if operation.name == "add" or (operation.name != "read" and operation.argument is not None):
            _checked_number(f"the argument of {_which(operation)} ({operation.name})", operation.argument)

    def step(self, state: Any, operation: Operation) -> tuple[bool, Any]:
        if operation.name == "read":
            return operation.status == "info" or operation.value == state, state
        amount = 1 if operation.argument is None else operation.argument
        return True, state - amount if operation.name == "decrement" else state + amount

    def pure(self, operation: Operation) -> bool:
        return operation.name == "read"

    def total(self, operation: Operation) -> bool:
        return operation.name != "read"


class _Mutex(Model):
    """A lock that is free or held; nobody acquires it while it is held, nobody releases it while it is free."""

    name, names = "mutex", ("acquire", "release")

    def leaves(self, operation: Operation) -> Any:
        return "held" if operation.name == "acquire" else "free"

    def wants(self, operation: Operation) -> Any:
        return "free" if operation.name == "acquire" else "held"

    def init(self) -> Hashable:
        return "free"

    def step(self, state: Any, operation: Operation) -> tuple[bool, Any]:
        if operation.name == "acquire":
            return state == "free", "held"
        return state == "held", "free"


def register(initial: Any = None, *, nil_reads: str = "value") -> Model:
    """Give the model of a register: read and write (get and put, r and w, do as well); keys, if there are any, are judged apart.

    initial: its value at the beginning. nil_reads: what an ok read that answers nil means, "value" (nothing was there, as in etcd's
    logs) or "unknown" (the record does not say what was read, as in Knossos).

    Raises ValueError for another ``nil_reads``.
    """
    return _Register("register", initial, (*READS, *WRITES), nil_reads)


def cas_register(initial: Any = None, *, nil_reads: str = "value") -> Model:
    """Give the model of a compare-and-set register: read, write, and cas with the argument [old new].

    A cas that was ok found the old value; one that failed is judged as `linearizable` is told. Parameters and errors as for `register`.
    """
    return _Register("compare-and-set register", initial, (*READS, *WRITES, *CAS), nil_reads)


def key_value(*, empty: Sequence[Any] = ("", ()), nil_reads: str = "value") -> Model:
    """Give the model of a key-value store: get, put, append, delete and cas, each on one key; keys are judged one by one.

    append joins texts, or puts an item at the end of a list. empty: values that mean the same as a missing key, besides None; give
    () to tell an empty text from no text. nil_reads: as for `register`.
    """
    return _KeyValue(tuple(empty), nil_reads)


def multi_register(initial: Mapping[Any, Any] | None = None, *, default: Any = None) -> Model:
    """Give the model of several registers that a txn reads and writes at once; a step that reads nil says nothing.

    initial: their values at the beginning; default: the value of a key that is not among them.
    """
    return _MultiRegister(initial, default)


def queue() -> Model:
    """Give the model of a queue, first in, first out: enqueue with the item as argument, dequeue with the item as value."""
    return _Queue()


def set_model() -> Model:
    """Give the model of a set: add and remove one member, read all."""
    return _Set()


def counter(initial: int | float = 0) -> Model:
    """Give the model of a counter: add (a number), increment and decrement (by one, or by their argument), read."""
    return _Counter(initial)


def mutex() -> Model:
    """Give the model of a lock: acquire and release, whoever asks."""
    return _Mutex()


# --- helpers --------------------------------------------------------------------------------------------------------------------


def show(value: Any) -> str:
    """Give a value as people write it: nil, a word without quotes, a list in brackets; a long text by its ends."""
    if value is None:
        return "nil"
    if isinstance(value, str):
        text = str(value) if len(value) <= _LONG else f"{value[: _LONG // 2]}…{value[-_LONG // 2 :]}"
        return text if text and not set(text) & set(" \t\n,\"'") else f'"{text}"'
    if isinstance(value, tuple):
        return "[" + " ".join(show(part) for part in value) + "]"
    if isinstance(value, frozenset):
        return "{" + " ".join(sorted(show(part) for part in value)) + "}"
    return str(value)


def _which(operation: Operation) -> str:
    place = "an operation" if operation.index is None else f"operation {operation.index}"
    return f"{place} of process {operation.process}"


def _check_pair(operation: Operation) -> None:
    if not isinstance(operation.argument, tuple) or len(operation.argument) != 2:
        raise ValueError(
            f"{_which(operation)} is a cas with the argument {operation.argument!r}; it must be a pair [old new]"
        )


def _checked_number(what: str, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{what} is {value!r}; a counter needs a number")
    return value


def _value_was_the_reason(operation: Operation) -> bool:
    """Whether a failure may have been the compare-and-set's own answer, not a failure to reach anybody."""
    said = "" if operation.error is None else str(operation.error).lower()
    return not any(word in said for word in _NO_ANSWER)


def _closure(edges: dict[Any, set[Any]], start: Any) -> set[Any]:
    found = {start}
    todo = [start]
    while todo:
        for following in edges.get(todo.pop(), ()):
            if following not in found:
                found.add(following)
                todo.append(following)
    return found


def _joined(state: Any, item: Any) -> Any:
    if isinstance(item, str) and (state is None or isinstance(state, str)):
        return item if state is None else state + item
    if isinstance(state, tuple):
        return (*state, item)
    return (item,) if state is None else (state, item)


def _contains(value: Any, item: Any) -> bool:
    """Whether a text, or a list, could have been made by appending ``item`` at some time."""
    if isinstance(value, tuple):
        return item in value or any(_contains(part, item) for part in value if isinstance(part, str))
    return item in value if isinstance(value, str) and isinstance(item, str) else item == value


def _begins(value: Any, state: Any) -> bool:
    """Whether appends could make ``value`` of ``state``."""
    if state is None or state == value:
        return True
    if isinstance(value, str) and isinstance(state, str):
        return value.startswith(state)
    if not isinstance(value, tuple) or not value:
        return False
    if isinstance(state, tuple):
        return value[: len(state)] == state
    return _begins(value[0], state) if isinstance(state, str) else value[0] == state

"""What one store would do, one operation at a time; and that what a model tells the search about itself is true."""

import random

import pytest

from dslab.check.history import Operation
from dslab.check.models import (
    ANY,
    VARIES,
    Model,
    cas_register,
    counter,
    key_value,
    multi_register,
    mutex,
    queue,
    register,
    set_model,
    show,
)


def op(name, argument=None, value=None, status="ok", key=None, error=None, process=0):
    return Operation(
        process, name, argument, value, status, 0, None if status == "info" else 1, key, error=error
    )


def run(model, *operations):
    """Give the state after the operations, or the first that is not possible."""
    state = model.init()
    for operation in operations:
        possible, state = model.step(state, operation)
        if not possible:
            return operation
    return state


# --- registers --------------------------------------------------------------------------------------------------------------------


def test_a_register_reads_what_was_written_last():
    assert run(register(), op("read", value=None), op("write", 3), op("write", 4), op("read", value=4)) == 4


def test_a_register_never_reads_an_older_value():
    stale = op("read", value=3)
    assert run(register(), op("write", 3), op("write", 4), stale) is stale


def test_nil_is_a_value_unless_the_record_does_not_say():
    unknown = op("read", value=None)
    assert run(register(0), unknown) is unknown
    assert run(register(0, nil_reads="unknown"), unknown) == 0


def test_an_open_read_never_constrains():
    assert run(register(5), op("read", status="info")) == 5


def test_compare_and_set_needs_the_old_value():
    wrong = op("cas", [1, 2])
    assert run(cas_register(0), op("cas", [0, 1]), op("cas", [1, 2])) == 2
    assert run(cas_register(0), wrong) is wrong


def test_a_failed_compare_and_set_says_that_the_value_was_another():
    evidence = op("cas", [0, 1], status="fail")
    assert run(cas_register(0), evidence) is evidence
    assert run(cas_register(3), evidence) == 3


@pytest.mark.parametrize(
    ("error", "evidence"),
    [(None, True), ("did-not-match", True), (":timed-out", False), ("Connection refused", False)],
)
def test_a_compare_and_set_that_was_never_answered_is_no_evidence(error, evidence):
    assert cas_register().evidence(op("cas", [0, 1], status="fail", error=error)) is evidence


def test_a_failed_write_or_read_is_no_evidence():
    assert not cas_register().evidence(op("write", 1, status="fail"))
    assert not cas_register().evidence(op("read", status="fail"))


# --- key-value --------------------------------------------------------------------------------------------------------------------


def kv(name, argument=None, value=None, status="ok"):
    return op(name, argument, value, status, key="k")


def test_texts_are_appended_and_a_missing_key_is_empty():
    model = key_value()
    assert (
        run(model, kv("get", value=""), kv("append", "x"), kv("append", "y"), kv("get", value="xy")) == "xy"
    )
    assert run(model, kv("get", value=None), kv("put", "z"), kv("delete"), kv("get", value="")) is None


def test_other_items_are_appended_to_a_list():
    assert run(key_value(), kv("append", 1), kv("append", 2), kv("get", value=[1, 2])) == (1, 2)


def test_an_empty_text_can_be_told_from_a_missing_key():
    empty = kv("get", value="")
    assert run(key_value(empty=()), empty) is empty
    assert run(key_value(empty=()), kv("put", ""), kv("get", value="")) == ""


def test_a_key_value_store_compares_and_sets():
    assert run(key_value(), kv("cas", [None, 1]), kv("cas", [1, 2]), kv("get", value=2)) == 2


def test_keys_are_judged_apart():
    assert key_value().split(kv("get")) == "k"
    assert register().split(op("read", key=7)) == 7


# --- the others --------------------------------------------------------------------------------------------------------------------


def test_a_transaction_reads_and_writes_at_one_moment():
    model = multi_register({"x": 0, "y": 0})
    half = op("txn", [["read", "x", 1], ["read", "y", 0]])
    assert run(model, op("txn", [["write", "x", 1], ["write", "y", 1]], status="ok"), half) is half
    assert run(model, op("txn", [["r", "x", None], ["w", "y", 2]], [["r", "x", 0], ["w", "y", 2]])) == (
        ("x", 0),
        ("y", 2),
    )


def test_a_queue_is_first_in_first_out():
    jumped = op("dequeue", value=2)
    assert (
        run(
            queue(),
            op("enqueue", 1),
            op("enqueue", 2),
            op("dequeue", value=1),
            op("dequeue", value=2),
            op("dequeue"),
        )
        == ()
    )
    assert run(queue(), op("enqueue", 1), op("enqueue", 2), jumped) is jumped


def test_a_set_gives_each_member_once_in_any_order():
    twice = op("read", value=[1, 2, 1])
    assert run(set_model(), op("add", 1), op("add", 2), op("add", 1), op("read", value=[2, 1])) == {1, 2}
    assert run(set_model(), op("add", 1), op("add", 2), twice) is twice
    assert run(set_model(), op("add", 1), op("remove", 1), op("read", value=[])) == set()


def test_a_counter_counts():
    assert run(counter(5), op("add", 3), op("increment"), op("decrement", 2), op("read", value=7)) == 7


def test_a_mutex_is_held_by_one():
    second = op("acquire", process=1)
    assert run(mutex(), op("acquire"), op("release"), op("acquire", process=1)) == "held"
    assert run(mutex(), op("acquire"), second) is second
    free = op("release")
    assert run(mutex(), free) is free


# --- bad input --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "operation", "sentence"),
    [
        (
            register(),
            op("cas", [0, 1]),
            "is 'cas', which a register does not know; it knows read, get, r, write",
        ),
        (cas_register(), op("cas", 3), "is a cas with the argument 3; it must be a pair [old new]"),
        (key_value(), op("get"), 'names no key; give the events a "key", or read values that are pairs'),
        (multi_register(), op("txn", [["add", "x", 1]]), "has the step ('add', 'x', 1)"),
        (set_model(), op("read", value=3), "reads 3; a read of a set answers with a list"),
        (counter(), op("add", "many"), "is 'many'; a counter needs a number"),
        (mutex(), op("lock"), "is 'lock', which a mutex does not know; it knows acquire, release"),
    ],
)
def test_an_operation_that_the_model_does_not_know_is_refused(model, operation, sentence):
    with pytest.raises(ValueError) as refused:
        model.check(operation)
    assert sentence in str(refused.value)


def test_parameters_are_checked():
    with pytest.raises(ValueError, match="nil_reads is 'maybe'; it must be \"value\""):
        register(nil_reads="maybe")
    with pytest.raises(ValueError, match="initial is 'a'; a counter needs a number"):
        counter("a")


def test_a_model_of_ones_own_must_say_what_it_does():
    with pytest.raises(NotImplementedError, match="must say what its first state is"):
        Model().init()


# --- words --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "operation", "words"),
    [
        (register(), op("read", value=4), "read → 4"),
        (register(), op("read"), "read → nil"),
        (register(), op("write", 3, status="info"), "write 3 (unknown)"),
        (cas_register(), op("cas", [0, 3], [0, 3]), "cas 0 to 3"),
        (cas_register(), op("cas", [0, 3], status="fail"), "cas 0 to 3 (failed)"),
        (key_value(), op("append", "x 1 y", key="k"), 'append k: "x 1 y"'),
        (key_value(), op("get", value="ab", key="k"), "get k → ab"),
        (queue(), op("dequeue", value=2), "dequeue → 2"),
        (set_model(), op("read", value=[2, 1]), "read → [2 1]"),
    ],
)
def test_operations_are_described_in_words(model, operation, words):
    assert model.describe(operation) == words


def test_a_long_text_is_shown_by_its_ends():
    assert show("a" * 30 + "b" * 30) == "a" * 24 + "…" + "b" * 24


# --- hints: what a model says about itself is true of what it does -----------------------------------------------------------------

STATES = {
    "register": (cas_register(), [None, 0, 1, 2]),
    "key_value": (key_value(), [None, "a", "ab", "ba", (1,), (1, "a")]),
    "mutex": (mutex(), ["free", "held"]),
    "queue": (queue(), [(), (1,), (1, 2)]),
    "set": (set_model(), [frozenset(), frozenset({1}), frozenset({1, 2})]),
    "counter": (counter(), [0, 1, -2]),
    "multi": (multi_register({"x": 0}), [(("x", 0),), (("x", 0), ("y", 1)), (("x", 1), ("y", 1))]),
}


def any_operation(kind, rng):
    pick = rng.choice
    status = pick(["ok", "ok", "info", "fail"])
    value = pick([None, 0, 1, 2])
    if kind == "register":
        name = pick(["read", "write", "cas"])
        return op(name, {"read": None, "write": value, "cas": [value, pick([0, 1])]}[name], value, status)
    if kind == "key_value":
        name, text = pick(["get", "put", "append", "delete", "cas"]), pick(["", "a", "b", "ab", 1])
        argument = {"get": None, "delete": None, "cas": [text, pick(["a", "ab"])]}.get(name, text)
        return op(name, argument, pick(["", None, "a", "ab", (1,)]), status, key="k")
    if kind == "multi":
        steps = [[pick(["read", "write"]), pick("xy"), pick([0, 1])] for _ in range(rng.randint(1, 2))]
        return op("txn", steps, steps, status)
    name = pick(
        {
            "mutex": ["acquire", "release"],
            "queue": ["enqueue", "dequeue"],
            "set": ["add", "remove", "read"],
        }.get(kind, ["add", "read"])
    )
    return op(
        name, pick([1, 2]), (pick([(), (1,), (1, 2)]) if (kind, name) == ("set", "read") else value), status
    )


def sampled(kind, hint):
    """Give many operations of a kind that may come to the search, and all states to try them in."""
    model, states = STATES[kind]
    rng = random.Random(f"{kind} {hint}")
    made = (any_operation(kind, rng) for _ in range(300))
    return (
        model,
        states,
        [operation for operation in made if operation.status != "fail" or model.evidence(operation)],
    )


@pytest.mark.parametrize("kind", STATES)
def test_what_is_called_pure_never_changes_a_state(kind):
    model, states, operations = sampled(kind, "pure")
    changed = [
        o
        for o in operations
        if model.pure(o)
        for s in states
        if model.step(s, o)[1] != s and model.step(s, o)[0]
    ]
    assert changed == []


@pytest.mark.parametrize("kind", STATES)
def test_what_is_called_total_is_always_possible(kind):
    model, states, operations = sampled(kind, "total")
    assert [o for o in operations if model.total(o) for s in states if not model.step(s, o)[0]] == []


@pytest.mark.parametrize("kind", STATES)
def test_what_leaves_one_state_always_leaves_it(kind):
    model, states, operations = sampled(kind, "leaves")
    steps = [(model.leaves(o), *model.step(s, o)) for o in operations if not model.pure(o) for s in states]
    assert [step for step in steps if step[0] is not VARIES and step[1] and step[2] != step[0]] == []


@pytest.mark.parametrize("kind", STATES)
def test_what_wants_one_state_is_possible_in_no_other(kind):
    model, states, operations = sampled(kind, "wants")
    known = [o for o in operations if o.status == "ok" and model.wants(o) not in (ANY, VARIES)]
    assert [o for o in known for s in states if s != model.wants(o) and model.step(s, o)[0]] == []


@pytest.mark.parametrize("kind", ["register", "key_value"])
def test_reach_leaves_out_nothing_that_can_be_reached(kind):
    model, states, _ = sampled(kind, "reach")
    rng = random.Random(f"walks of {kind}")
    for _ in range(300):
        operations = [any_operation(kind, rng) for _ in range(4)]
        reach = model.reach(operations)
        start = state = rng.choice(states)
        for _ in range(5):
            operation = rng.choice(operations)
            if operation.status != "fail" and not (
                model.total(operation) and model.leaves(operation) is not VARIES
            ):
                possible, after = model.step(state, operation)
                state = after if possible else state
        assert reach is None or state in set(reach(start, {state})), (start, state, operations)

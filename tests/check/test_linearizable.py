"""Histories with a known verdict, an oracle that tries everything, and stores that are right, or wrong in one place."""

import heapq
import random
import time

import pytest

from dslab.check import zones
from dslab.check.history import History, Operation, read_history
from dslab.check.linearizability import linearizable
from dslab.check.models import (
    Model,
    cas_register,
    counter,
    key_value,
    multi_register,
    mutex,
    queue,
    register,
    set_model,
)
from dslab.check.placing import Placing


def history(*lines):
    """Make a history of lines such as "0 write 3", "0 ok", "1 read", "1 ok 3", "2 cas 0 3", "2 info"."""
    events, open_calls = [], {}
    for line in lines:
        process, what, *values = line.split()
        numbers = [None if value == "nil" else int(value) for value in values]
        value = None if not numbers else numbers[0] if len(numbers) == 1 else numbers
        if what in ("ok", "fail", "info"):
            events.append((int(process), what, open_calls[process], value))
        else:
            open_calls[process] = what
            events.append((int(process), "invoke", what, value))
    return History.from_tuples(events)


# --- tiny histories with a known verdict --------------------------------------------------------------------------------------------

KNOWN = {
    "a read after a write": (True, ["0 write 1", "0 ok", "1 read", "1 ok 1"]),
    "a stale read": (False, ["0 write 1", "0 ok", "0 write 2", "0 ok", "1 read", "1 ok 1"]),
    "a read during a write may see either value": (
        True,
        ["0 write 1", "1 read", "1 ok nil", "1 read", "1 ok 1", "0 ok"],
    ),
    "new, then old": (False, ["0 write 1", "1 read", "1 ok 1", "2 read", "2 ok nil", "0 ok"]),
    "a value that nobody wrote": (False, ["0 write 1", "0 ok", "1 read", "1 ok 7"]),
    "a value from the future": (False, ["1 read", "1 ok 1", "0 write 1", "0 ok"]),
    "two writes at once may end in either order": (
        True,
        ["0 write 1", "1 write 2", "0 ok", "1 ok", "2 read", "2 ok 1"],
    ),
    "and not in both": (
        False,
        ["0 write 1", "1 write 2", "0 ok", "1 ok", "2 read", "2 ok 1", "2 read", "2 ok 2"],
    ),
    "both compare-and-sets succeed": (False, ["0 write 0", "0 ok", "0 cas 0 1", "1 cas 0 2", "0 ok", "1 ok"]),
    "one after the other they may": (
        True,
        ["0 write 0", "0 ok", "0 cas 0 1", "1 cas 1 2", "0 ok", "1 ok", "1 read", "1 ok 2"],
    ),
    "a lost update": (False, ["0 write 1", "0 ok", "1 cas 1 2", "1 ok", "0 read", "0 ok 1"]),
    "an unknown write is seen late": (
        True,
        ["0 write 1", "0 info", "1 read", "1 ok nil", "1 read", "1 ok 1"],
    ),
    "an unknown write is never seen": (
        True,
        ["0 write 1", "0 info", "1 read", "1 ok nil", "1 read", "1 ok nil"],
    ),
    "an unknown write is seen, then not": (
        False,
        ["0 write 1", "0 info", "1 read", "1 ok 1", "1 read", "1 ok nil"],
    ),
    "one unknown write is one write": (
        False,
        [
            "0 write 1",
            "0 info",
            "1 write 2",
            "1 ok",
            "1 read",
            "1 ok 1",
            "1 write 3",
            "1 ok",
            "1 read",
            "1 ok 1",
        ],
    ),
    "two of them are two": (
        True,
        [
            "0 write 1",
            "0 info",
            "2 write 1",
            "1 write 2",
            "1 ok",
            "1 read",
            "1 ok 1",
            "1 write 3",
            "1 ok",
            "1 read",
            "1 ok 1",
        ],
    ),
    "a write without an answer may have happened": (True, ["0 write 1", "1 read", "1 ok 1"]),
    "a failed write is seen": (False, ["0 write 1", "0 fail", "1 read", "1 ok 1"]),
    "a failed read says nothing": (True, ["0 write 1", "0 ok", "1 read", "1 fail"]),
    "an unknown read says nothing": (True, ["0 write 1", "0 ok", "1 read", "1 info"]),
    "an unknown compare-and-set from a value that never was": (
        False,
        ["0 cas 5 6", "0 info", "1 read", "1 ok 6"],
    ),
    "an unknown chain": (
        True,
        ["0 write 0", "0 ok", "1 cas 1 2", "1 info", "2 cas 0 1", "2 info", "0 read", "0 ok 2"],
    ),
    "nothing happened": (True, []),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_history_has_its_verdict(name):
    held, lines = KNOWN[name]
    assert linearizable(history(*lines), cas_register()).held is held


def test_a_failed_compare_and_set_is_evidence_only_where_the_caller_says_so():
    refused = history("0 write 0", "0 ok", "1 cas 0 1", "1 fail", "0 read", "0 ok 0")
    assert linearizable(refused, cas_register()).held is True
    assert linearizable(refused, cas_register(), failed_cas="evidence").held is False


def test_intervals_that_only_touch_overlap():
    touching = [
        Operation(0, "write", 1, invoked=0, returned=5),
        Operation(1, "read", value=None, invoked=5, returned=6),
    ]
    assert linearizable(touching, register()).held is True
    assert (
        linearizable([touching[0], Operation(1, "read", value=None, invoked=6, returned=7)], register()).held
        is False
    )


def test_an_etcd_log_with_a_timeout_that_took_effect_is_linearizable():
    log = "".join(
        f"INFO  jepsen.util - {line}\n"
        for line in (
            "0\t:invoke\t:read\tnil", "0\t:ok\t:read\tnil", "1\t:invoke\t:write\t3", "1\t:info\t:write\t:timed-out",
            "6\t:invoke\t:cas\t[3 4]", "6\t:ok\t:cas\t[3 4]", "2\t:invoke\t:read\tnil", "2\t:fail\t:read\t:timed-out",
            "0\t:invoke\t:read\tnil", "0\t:ok\t:read\t4", "0\t:invoke\t:cas\t[1 2]", "0\t:fail\t:cas\t[1 2]",
        )
    )  # fmt: skip
    assert linearizable(read_history(log), cas_register(), failed_cas="evidence").held is True
    seen_twice = log + "INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:read\t3\n"
    assert linearizable(read_history(seen_twice), cas_register(), failed_cas="evidence").stuck.value == 3


def test_appends_on_one_key_do_not_concern_another():
    text = """{:process 0, :type :invoke, :f :append, :key "a", :value "x"}
    {:process 0, :type :ok, :f :append, :key "a", :value "x"}
    {:process 1, :type :invoke, :f :get, :key "b", :value nil}
    {:process 1, :type :ok, :f :get, :key "b", :value ""}
    {:process 1, :type :invoke, :f :get, :key "a", :value nil}
    {:process 1, :type :ok, :f :get, :key "a", :value %s}"""
    assert linearizable(read_history(text % '"x"'), key_value()).held is True
    assert linearizable(read_history(text % '""'), key_value()).part.key == "a"


# --- what a verdict says ------------------------------------------------------------------------------------------------------------


def test_a_violation_names_the_first_answer_without_an_order_and_what_stands_against_it():
    # 0 or 4 could have been read, not 3; the read of 4 that follows is not to blame.
    found = linearizable(
        history("0 write 0", "0 ok", "1 read", "2 write 4", "1 ok 3", "2 ok", "3 read", "3 ok 4"),
        cas_register(),
    )
    part = found.part
    assert (found.stuck.process, found.stuck.value) == (1, 3)
    assert set(part.states) == {0, 4}
    assert [op.argument for op in part.conflicts] == [0, 4]
    assert [op.process for op in part.concurrent] == [2]
    assert [(op.process, op.status) for op in part.prefix] == [(0, "ok"), (1, "ok"), (2, "info")]
    assert found.describe() == (
        "Not linearizable: no order explains read → 3 by process 1 (2 to 4); nothing called before its answer could have left that. "
        "No search was needed."
    )


def test_a_violation_shows_the_longest_beginning_that_has_an_order():
    found = linearizable(
        history("0 write 1", "0 ok", "0 write 2", "0 ok", "1 read", "1 ok 2", "2 read", "2 ok 1"), register()
    )
    assert [op.name for op in found.part.order] == ["write", "write", "read"]
    assert found.part.states == (2,)


def test_two_holders_of_a_lock_are_a_violation_in_the_state_held():
    found = linearizable(history("3 acquire", "4 acquire", "4 ok", "3 ok"), mutex())
    assert (found.stuck.process, found.part.states, found.part.conflicts[0].process) == (3, ("held",), 4)


def test_the_core_of_a_violation_is_the_shortest_story():
    lines = [
        line for number in range(2, 40) for line in (f"0 write {number}", "0 ok", "1 read", f"1 ok {number}")
    ]
    core = linearizable(history(*lines, "2 read", "2 ok 7"), register()).core()
    # It was 7, then something else, then 7 again.
    seen = [op.value if op.name == "read" else op.argument for op in core]
    assert (len(seen), seen[0], seen[1] == 7, seen[2]) == (3, 7, False, 7)


def test_a_core_has_no_order_and_loses_that_with_any_of_its_answers():
    found = linearizable(simulated(clients=8, operations=400, seed=3, stale=0.1), register())
    core = {op.index for op in found.core()}
    unknown = [op if op.index in core else opened(op) for op in found.part.prefix]
    assert linearizable(unknown, register()).held is False
    for left_out in core:
        assert (
            linearizable([opened(op) if op.index == left_out else op for op in unknown], register()).held
            is True
        )


def opened(op):
    """Give an operation as it is where its answer is unknown."""
    return Operation(op.process, op.name, op.argument, None, "info", op.invoked, None, op.key, op.index)


def test_a_verdict_without_violation_counts_and_shows_an_order():
    found = linearizable(history("0 write 1", "0 ok", "1 read", "2 write 1", "1 ok 1", "2 ok"), register())
    assert found.describe() == "No violation: 3 operations, found an order after 2 configurations."
    assert [op.name for op in found.part.order] == ["write", "read", "write"]
    assert found.core() == ()


def test_writes_that_can_all_be_told_apart_need_no_search():
    found = linearizable(history("0 write 1", "1 read", "1 ok 1", "0 ok"), register())
    assert found.describe() == "No violation: 2 operations, found an order without a search."


def test_a_read_of_nil_from_a_register_that_began_with_a_value_comes_with_a_hint():
    nil = history("0 read", "0 ok nil")
    assert 'use nil_reads="unknown"' in linearizable(nil, register(0)).describe()
    assert linearizable(nil, register(0, nil_reads="unknown")).held is True


def test_a_violation_on_one_key_outweighs_another_key_that_is_not_finished():
    hard = [
        Operation(f"h{n}", op.name, op.argument, op.value, op.status, op.invoked, op.returned, "hard")
        for n, op in enumerate(exponential(30))
    ]
    bad = [
        Operation("b", "enqueue", 1, None, "ok", 0, 1, "bad"),
        Operation("b", "dequeue", None, 2, "ok", 2, 3, "bad"),
    ]
    found = linearizable([*hard, *bad], queue_by_key(), budget=9_000)
    assert (found.verdict, found.part.key, [part.verdict for part in found.parts]) == (
        "violation",
        "bad",
        ["undecided", "violation"],
    )


class queue_by_key(type(queue())):
    def split(self, operation):
        return operation.key


def test_a_budget_ends_the_search_and_always_in_the_same_place():
    first, second = (linearizable(exponential(30), queue(), budget=2_000) for _ in range(2))
    assert first == second
    assert (first.verdict, first.held, first.configurations) == ("undecided", None, 2_000)
    assert first.describe() == (
        "Undecided after 2,000 configurations and the budget of 2,000: neither an order nor a proof that there is none."
    )


def test_a_time_limit_is_kept():
    begun = time.monotonic()
    found = linearizable(exponential(40), queue(), seconds=0.3)
    assert time.monotonic() - begun < 2
    assert found.verdict == "undecided"
    assert "and 0.3 s" in found.describe()


def exponential(size):
    """Many enqueues at once, then two dequeues of which one is impossible: every order of the enqueues must be tried."""
    enqueues = [Operation(n, "enqueue", n, invoked=n, returned=size + n) for n in range(size)]
    return [*enqueues, Operation(0, "dequeue", value=-1, invoked=2 * size, returned=2 * size + 1)]


def test_two_searches_of_one_history_give_one_verdict():
    recorded = simulated(clients=10, operations=300, seed=5, crash=0.05)
    assert linearizable(recorded, register()) == linearizable(recorded, register())


# --- bad input --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"failed_cas": "maybe"}, ValueError, 'failed_cas is \'maybe\'; it must be "ignore" or "evidence"'),
        ({"seconds": 0}, ValueError, "seconds is 0; it must be a number above 0"),
        ({"seconds": "long"}, ValueError, "seconds is 'long'"),
        ({"budget": 0}, ValueError, "budget is 0; it must be a whole number"),
        ({"budget": 1.5}, ValueError, "budget is 1.5"),
        ({"model": "register"}, TypeError, "the model is 'register'; it must be a Model, such as register()"),
        ({"history": ["read"]}, TypeError, "place 0 holds 'read'; a history is made of Operations"),
        ({"model": mutex()}, ValueError, "operation 0 of process 0 is 'write', which a mutex does not know"),
    ],
)
def test_bad_arguments_are_refused(options, error, sentence):
    arguments = {"history": history("0 write 1", "0 ok"), "model": register()} | options
    with pytest.raises(error) as refused:
        linearizable(arguments.pop("history"), arguments.pop("model"), **arguments)
    assert sentence in str(refused.value)


# --- an oracle that tries every order ---------------------------------------------------------------------------------------------


def every_order(operations, model):
    """Whether some order of some of the open operations and all others is possible: by trying all of them."""
    seen = set()

    def go(done, state):
        if all(op.open or place in done for place, op in enumerate(operations)):
            return True
        if (done, state) in seen:
            return False
        seen.add((done, state))
        first = min(op.returned for place, op in enumerate(operations) if place not in done and not op.open)
        for place, op in enumerate(operations):
            if place not in done and op.invoked <= first:
                possible, after = model.step(state, op)
                if possible and go(done | {place}, after):
                    return True
        return False

    return go(frozenset(), model.init())


class Bare(Model):
    """A compare-and-set register that gives no hint to the search."""

    name, names = "bare register", ("read", "write", "cas")

    def __init__(self):
        self.inner = cas_register()

    def init(self):
        return self.inner.init()

    def step(self, state, operation):
        return self.inner.step(state, operation)

    def evidence(self, operation):
        return self.inner.evidence(operation)


def ask_register(rng, names=("read", "write", "cas")):
    name = rng.choice(names)
    return name, {"read": None, "write": rng.randrange(3), "cas": (rng.randrange(3), rng.randrange(3))}[name]


def ask_key_value(rng, names=("get", "put", "append", "delete")):
    name = rng.choice(names)
    return name, {"get": None, "delete": None, "cas": (rng.choice(["", "a"]), "b")}.get(
        name, rng.choice(["a", "b", ""])
    )


TEXTS = ["", "a", "b", "ab", "ba", "aa", "aab"]
KINDS = {
    "register": (register(), lambda rng: ask_register(rng, ("read", "write")), lambda rng: rng.choice([None, 0, 1, 2])),
    "cas register": (cas_register(), ask_register, lambda rng: rng.choice([None, 0, 1, 2])),
    "unknown nil": (cas_register(0, nil_reads="unknown"), ask_register, lambda rng: rng.choice([None, 0, 1])),
    "bare": (Bare(), ask_register, lambda rng: rng.choice([None, 0, 1, 2])),
    "appends": (key_value(), ask_key_value, lambda rng: rng.choice(TEXTS)),
    "keys with cas": (key_value(), lambda rng: ask_key_value(rng, ("get", "put", "delete", "cas")), lambda rng: rng.choice(["", "a", "b"])),
    "everything": (key_value(), lambda rng: ask_key_value(rng, ("get", "put", "append", "cas")), lambda rng: rng.choice(TEXTS)),
    "queue": (queue(), lambda rng: (rng.choice(["enqueue", "dequeue"]), rng.randrange(2)), lambda rng: rng.choice([None, 0, 1])),
    "set": (set_model(), lambda rng: (rng.choice(["add", "remove", "read"]), rng.randrange(2)), lambda rng: rng.choice([(), (0,), (0, 1)])),
    "counter": (counter(), lambda rng: (rng.choice(["add", "read"]), rng.randrange(3)), lambda rng: rng.randrange(4)),
    "mutex": (mutex(), lambda rng: (rng.choice(["acquire", "release"]), None), lambda rng: None),
    "multi": (
        multi_register(default=0),
        lambda rng: ("txn", [[rng.choice(["read", "write"]), rng.choice("xy"), rng.randrange(2)] for _ in range(2)]),
        lambda rng: None,
    ),
}  # fmt: skip


def small(kind, rng):
    """Make a small history with random answers: some linearizable, most not."""
    _, ask, answer = KINDS[kind]
    clients, wanted, moment, fresh = rng.randint(1, 4), rng.randint(1, 8), 0, 100
    names, calls, made = list(range(clients)), {}, []
    while len(made) < wanted or calls:
        moment += 1
        client = rng.randrange(clients)
        if client in calls:
            call, chance = calls.pop(client), rng.random()
            call["status"] = "info" if chance < 0.2 else "fail" if chance < 0.3 else "ok"
            if call["status"] == "info":
                fresh += 1
                names[client] = fresh
            else:
                call["returned"] = moment
            call["value"] = answer(rng) if call["status"] == "ok" else None
        elif len(made) < wanted:
            name, argument = ask(rng)
            calls[client] = {
                "process": names[client],
                "name": name,
                "argument": argument,
                "invoked": moment,
                "key": "k",
            }
            made.append(calls[client])
    return History(Operation(**call) for call in made)


@pytest.mark.parametrize("evidence", ["ignore", "evidence"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_search_agrees_with_the_oracle(kind, evidence):
    model, rng = KINDS[kind][0], random.Random(f"{kind} {evidence}")
    verdicts = []
    for _ in range(300):
        recorded = small(kind, rng)
        judged = [
            op for op in recorded if op.status != "fail" or (evidence == "evidence" and model.evidence(op))
        ]
        found = linearizable(recorded, model, failed_cas=evidence)
        verdicts.append(found.held)
        assert found.held is every_order(judged, model), recorded[:]
    assert {True, False} <= set(verdicts)


@pytest.mark.parametrize("kind", KINDS)
def test_the_stuck_answer_is_the_first_that_has_no_order(kind):
    model, rng, violations = KINDS[kind][0], random.Random(f"first of {kind}"), 0
    for _ in range(200):
        found = linearizable(small(kind, rng), model)
        if found.held is False:
            violations += 1
            before = [op for op in found.part.prefix if op.index != found.stuck.index]
            assert max(op.returned for op in found.part.prefix if not op.open) == found.stuck.returned
            assert not every_order(found.part.prefix, model)
            assert every_order([*before, opened(found.stuck)], model)
    assert violations > 20


def test_zones_agree_with_the_search_on_writes_that_can_be_told_apart():
    rng, verdicts = random.Random("zones"), []
    for _ in range(500):
        written = iter(range(1, 100))
        recorded = [
            Operation(
                op.process,
                op.name,
                next(written) if op.name == "write" else None,
                op.value,
                op.status,
                op.invoked,
                op.returned,
            )
            for op in small("register", rng)
            if op.status != "fail"
        ]
        recorded = list(History(recorded))
        order = zones.order(recorded, register())
        assert zones.applies(recorded, register())
        assert (order is not None) is (Placing(recorded, register()).run() == "linearizable")
        verdicts.append(order is not None)
    assert {True, False} <= set(verdicts)


def test_zones_do_not_apply_where_a_value_is_written_twice_or_appended_to():
    twice = [Operation(0, "write", 1, returned=1, index=0), Operation(1, "write", 1, returned=1, index=1)]
    assert not zones.applies(twice, register())
    assert not zones.applies([Operation(0, "append", "a", returned=1, key="k", index=0)], key_value())


# --- a simulated store, right or wrong in one place ---------------------------------------------------------------------------------


def simulated(
    *, clients, operations, seed, keys=0, values=None, crash=0.0, stale=0.0, appends=False, one_stale=False
):
    """Let clients use a store that does each operation at one moment between its call and its answer, and record it.

    keys: number of keys, 0 for one register. values: how many different ones are written; None: each write is unlike all others.
    crash: share of calls that are never answered (their effect may come much later, or never). stale: share of reads that are answered
    with one of the four values before. one_stale: make one read answer what was certainly overwritten before it was called.
    """
    rng, turn, made = random.Random(seed), 0, []
    store, past = {}, {}
    agenda = [(rng.random(), client, "call", client, None) for client in range(clients)]
    names, fresh = list(range(clients)), clients
    heapq.heapify(agenda)

    def later(mean, what, client, call):
        nonlocal turn
        turn += 1
        heapq.heappush(agenda, (moment + rng.expovariate(1 / mean), clients + turn, what, client, call))

    while agenda:
        moment, _, what, client, call = heapq.heappop(agenda)
        if what == "call" and len(made) < operations:
            call = request(rng, len(made), names[client], moment, keys, values, appends)
            made.append(call)
            if rng.random() < crash:
                call["status"], names[client], fresh = "info", fresh, fresh + 1
                if rng.random() < 0.6:
                    later(5, "effect", client, call)
                later(3, "call", client, None)
            else:
                later(1, "effect", client, call)
        elif what == "effect":
            key = call["key"]
            before = past.setdefault(key, [])
            if call["argument"] is None:
                call["answer"] = (
                    rng.choice(before[-4:]) if before and rng.random() < stale else store.get(key)
                )
            else:
                before.append(store.get(key))
                store[key] = (
                    (store.get(key) or "") + call["argument"]
                    if call["name"] == "append"
                    else call["argument"]
                )
                call["answer"] = store[key]
            if call["status"] == "ok":
                later(1, "answer", client, call)
        elif what == "answer":
            call["returned"] = moment
            call["value"] = call["answer"]
            later(0.5, "call", client, None)
    if one_stale:
        break_one_read(made, rng)
    return History(
        Operation(**{name: value for name, value in call.items() if name != "answer"}) for call in made
    )


def break_one_read(calls, rng):
    """Make a read answer what an operation left that ended before another began, which ended before the read began."""
    reads = [
        call
        for call in calls
        if call["argument"] is None and call["status"] == "ok" and call["value"] is not None
    ]
    for read in rng.sample(reads, len(reads)):
        changes = [
            c for c in calls if c["key"] == read["key"] and c["argument"] is not None and c["status"] == "ok"
        ]
        over = max((c["invoked"] for c in changes if c["returned"] < read["invoked"]), default=0)
        left = [c["answer"] for c in changes if c["returned"] < over]
        if left:
            read["value"] = rng.choice(left[-5:])
            return
    raise AssertionError("no read could be made stale; take a longer history")


def request(rng, number, process, moment, keys, values, appends):
    chance = rng.random()
    argument = (
        None
        if chance < 0.5
        else f"<{number}>"
        if appends
        else number
        if values is None
        else rng.randrange(values)
    )
    name = "read" if chance < 0.5 else "append" if appends and chance < 0.9 else "write"
    key = f"k{rng.randrange(keys)}" if keys else None
    return {
        "process": process,
        "name": name,
        "argument": argument,
        "invoked": moment,
        "key": key,
        "status": "ok",
        "answer": None,
    }


RIGHT = {
    "10 clients, 10 keys, appends": ({"clients": 10, "keys": 10, "appends": True}, key_value()),
    "50 clients, 10 keys, appends": ({"clients": 50, "keys": 10, "appends": True}, key_value()),
    "50 clients, 10 keys, appends, crashes": (
        {"clients": 50, "keys": 10, "appends": True, "crash": 0.02},
        key_value(),
    ),
    "10 clients, one register of 5 values": ({"clients": 10, "values": 5}, register()),
    "50 clients, one register of 5 values, crashes": (
        {"clients": 50, "values": 5, "crash": 0.05},
        register(),
    ),
    "50 clients, one register, no value twice": ({"clients": 50}, register()),
    "20 clients, one register of 100 values": ({"clients": 20, "values": 100}, register()),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_store_that_is_right_is_found_right_in_seconds(name):
    options, model = RIGHT[name]
    recorded = simulated(operations=3_000, seed=1, **options)
    found = linearizable(recorded, model, seconds=60)
    assert found.verdict == "linearizable"
    # The rules of the search keep it close to one configuration an operation; without them it does not end.
    assert found.configurations < 3 * len(recorded)


# Where a value is written once only, a value that was overwritten cannot have come back.
WRONG = [name for name in RIGHT if "values" not in name]


@pytest.mark.parametrize("name", WRONG)
def test_one_stale_read_is_found(name):
    options, model = RIGHT[name]
    for seed in range(3):
        found = linearizable(
            simulated(operations=1_000, seed=seed, one_stale=True, **options), model, seconds=60
        )
        assert found.verdict == "violation"


def test_the_work_grows_in_step_with_the_history():
    searched = [
        linearizable(simulated(clients=20, operations=size, seed=2, values=20), register()).configurations
        for size in (500, 1_000, 2_000)
    ]
    assert searched[1] < 3 * searched[0]
    assert searched[2] < 3 * searched[1]


def test_many_unknown_writes_of_few_values_do_not_multiply():
    # Sixty writes that may take effect at any time: 2^60 sets of them, but only three kinds.
    lines = [line for number in range(60) for line in (f"{number} write {number % 3}", f"{number} info")]
    lines += [line for number in range(40) for line in ("99 read", f"99 ok {number % 3}")]
    found = linearizable(history(*lines, "99 read", "99 ok 0", "99 read", "99 ok 2"), register())
    assert found.held is True
    assert found.configurations < 500
    assert (
        linearizable(history(*lines, *["99 read", "99 ok 0", "99 read", "99 ok 1"] * 8), register()).held
        is False
    )


def test_a_register_with_fifty_clients_and_many_wrong_answers_is_decided():
    found = linearizable(simulated(clients=50, operations=1_000, seed=2, stale=0.2), register())
    assert found.verdict == "violation"
    assert 2 <= len(found.core()) <= 6

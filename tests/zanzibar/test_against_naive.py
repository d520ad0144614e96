"""The engine against a naive evaluator, on schemas and tuples drawn by chance: checks, explanations, both lists."""

import random

import pytest

from dslab.zanzibar import Engine, Limits
from dslab.zanzibar.check import YES
from dslab.zanzibar.store import Overlay
from dslab.zanzibar.tuples import type_of
from tests.zanzibar import naive, worlds

USERS = (
    "user:1",
    "user:2",
    "user:3",
    "user:*",
    "group:1#a",
    "group:2#b",
    "folder:1#a",
    "doc:2#c",
    "folder:1",
)


def world(seed):
    """Draw a schema, tuples and an engine; the tuples go into the store unchecked, as if an older schema had allowed them."""
    rng = random.Random(seed)
    schema = worlds.schema(rng)
    tuples = worlds.tuples(rng, schema, rng.randint(5, 30))
    engine = Engine(schema, limits=Limits(100, 10_000))
    engine.store.commit(tuples)
    return rng, engine, tuples


@pytest.mark.parametrize("seed", range(80))
def test_check_and_explain_agree_with_the_fixed_point(seed):
    _, engine, tuples = world(seed)
    for user in USERS:
        wanted = naive.members(engine.schema, tuples, user)
        for (thing, name), answer in wanted.items():
            got, reached = engine.compiled.check(engine.store.view(), thing, name, user, engine.limits)
            assert (got, reached) == (answer, ""), (thing, name, user)
            assert engine.explain(thing, name, user).answer == answer, (thing, name, user)


@pytest.mark.parametrize("seed", range(80))
def test_lists_say_what_checks_say(seed):
    _, engine, tuples = world(seed)
    things = sorted({t.object for t in tuples})
    for user in USERS:
        wanted = naive.members(engine.schema, tuples, user)
        for type_ in worlds.TYPES[1:]:
            for name in worlds.NAMES:
                yes = sorted(
                    thing
                    for (thing, n), a in wanted.items()
                    if (n, a) == (name, YES) and type_of(thing) == type_
                )
                assert engine.list_objects(type_, name, user) == yes, (type_, name, user)
    answers = {
        u: naive.members(engine.schema, tuples, u) for u in (*(f"user:{n}" for n in (1, 2, 3)), "user:nobody")
    }
    for thing in things:
        for name in worlds.NAMES:
            listed = engine.list_users(thing, name)
            everybody = answers["user:nobody"][thing, name] == YES
            assert ("user:*" in listed.users) == everybody, (thing, name)
            for user in ("user:1", "user:2", "user:3"):
                told = user in listed.users or (everybody and user not in listed.but_not)
                assert told == (answers[user][thing, name] == YES), (thing, name, user)


@pytest.mark.parametrize("seed", range(40))
def test_said_tuples_count_as_if_they_were_written(seed):
    rng, engine, tuples = world(seed)
    kept, said = tuples[::2], tuples[1::2]
    half = Engine(engine.schema, limits=engine.limits)
    half.store.commit(kept)
    view = Overlay(half.store.view(), said)
    for user in USERS[:5]:
        for (thing, name), answer in naive.members(engine.schema, tuples, user).items():
            assert half.compiled.check(view, thing, name, user, engine.limits)[0] == answer
        for type_ in worlds.TYPES[1:]:
            name = rng.choice(worlds.NAMES)
            assert half.lists.objects(view, type_, name, user, engine.limits) == engine.list_objects(
                type_, name, user
            )


@pytest.mark.parametrize("seed", range(40))
def test_an_old_snapshot_answers_as_it_did(seed):
    rng, engine, tuples = world(seed)
    store, before = engine.store, list(tuples)
    old_ts = store.last_ts
    for _ in range(3):
        store.commit(worlds.tuples(rng, engine.schema, 4), rng.sample(tuples, min(3, len(tuples))))
    view = store.view(old_ts)
    assert sorted(view.tuples()) == sorted(before)
    for user in USERS[:5]:
        for (thing, name), answer in naive.members(engine.schema, before, user).items():
            assert engine.compiled.check(view, thing, name, user, engine.limits)[0] == answer

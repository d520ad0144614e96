"""Leopard: the intersection, the two sets, and the incremental layer, held to pointer chasing."""

import random

import pytest

from dslab.zanzibar import Engine, Limits, Tuple, leopard
from dslab.zanzibar.leopard import GROUPS, Leopard, Nesting, intersect


@pytest.mark.parametrize("seed", range(30))
def test_intersection_takes_at_most_as_many_seeks_as_the_shorter_list_is_long(seed):
    rng = random.Random(seed)
    a, b = (sorted(rng.sample(range(200), rng.randint(0, 60))) for _ in range(2))
    found, seeks = intersect(a, b)
    assert found == bool(set(a) & set(b))
    assert seeks <= min(len(a), len(b))


def drawn(rng, count):
    for _ in range(count):
        user = f"user:{rng.randint(1, 4)}" if rng.random() < 0.4 else f"group:{rng.randint(1, 6)}#member"
        yield Tuple(f"group:{rng.randint(1, 6)}", "member", user)


def agrees(engine, index):
    for group in range(1, 7):
        for user in range(1, 5):
            assert (
                index.contains(f"group:{group}", f"user:{user}")
                == engine.check(f"group:{group}#member@user:{user}").allowed
            )


@pytest.mark.parametrize("seed", range(60))
def test_index_agrees_with_the_engine_under_additions_and_removals(seed):
    """Several paths and cycles included: after every change each question has the same answer both ways."""
    rng = random.Random(seed)
    engine = Engine(GROUPS, limits=Limits(100, 1_000))
    engine.store.commit(drawn(rng, 10))
    index = Leopard(engine.store.view())
    agrees(engine, index)
    for _ in range(12):
        there = sorted(engine.store.view().tuples())
        before = engine.store.last_ts
        engine.store.commit(drawn(rng, 1), rng.sample(there, 1) if there and rng.random() < 0.6 else [])
        index.follow(engine.store.changes(before))
        agrees(engine, index)
    agrees(engine, Leopard(engine.store.view()))


def test_without_the_incremental_layer_who_was_removed_stays():
    engine = Engine(GROUPS)
    engine.write(["group:a#member@group:b#member", "group:b#member@user:bob"])
    index, stale = Leopard(engine.store.view()), Leopard(engine.store.view(), incremental=False)
    before = engine.store.last_ts
    engine.write(remove=["group:b#member@user:bob"])
    for each in (index, stale):
        each.follow(engine.store.changes(before))
    assert (index.contains("group:a", "user:bob"), stale.contains("group:a", "user:bob")) == (False, True)


def test_a_pair_stays_while_another_path_is_left():
    nesting = Nesting()
    for parent, child in (("all", "a"), ("all", "b"), ("a", "web"), ("b", "web")):
        nesting.add(parent, child)
    assert nesting.remove("a", "web") == [("a", "web")]
    assert nesting.remove("b", "web") == [("all", "web"), ("b", "web")]


def test_one_tuple_becomes_as_many_events_as_pairs():
    """Facts 3b: up to tens of thousands. Ten above and ten below, with the ends of the edge: 11 times 11."""
    engine = Engine(GROUPS)
    engine.write(
        [
            *(f"group:up{n}#member@group:m#member" for n in range(10)),
            *(f"group:u#member@group:down{n}#member" for n in range(10)),
        ]
    )
    index, before = Leopard(engine.store.view()), engine.store.last_ts
    engine.write(["group:m#member@group:u#member"])
    assert index.follow(engine.store.changes(before)) == 121


def test_member2group_is_direct_only():
    engine = Engine(GROUPS)
    engine.store.commit(leopard.nested(8, 0))
    index = Leopard(engine.store.view())
    assert len(index.numbers_of("MEMBER2GROUP", "user:anne")) == 7
    assert len(index.numbers_of("GROUP2GROUP", "group:g0")) == 9


@pytest.mark.parametrize("depth", [1, 2, 7, 32])
@pytest.mark.parametrize("side", [0, 3, 8])
def test_reads_of_pointer_chasing_meet_the_closed_form(depth, side):
    assert leopard.compare(depth, side)["reads"] == leopard.chase_reads(depth, side)


def test_depth_costs_reads_but_no_seeks():
    """Facts 3b, a third-party benchmark: 19 to 559 reads against 4 to 12 probes from depth 2 to 32."""
    run = leopard.by_depth()
    assert run["deep"] / run["shallow"] > 15
    assert max(run.series["seeks"].y) <= 7  # the seven groups that name her
    assert run["entries"] > run["tuples"]


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"depth": 65}, {"side": -1}, {"depth": 2.5}])
def test_out_of_range_is_told(wrong):
    with pytest.raises(ValueError, match="is out of range; use a whole number"):
        leopard.compare(**wrong)

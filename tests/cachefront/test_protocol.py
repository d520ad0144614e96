"""Facts of the protocol: the rule of the slot, timestamps, what a write finds out about itself, switches."""

import pytest

from dslab.cachefront.protocol import CacheFront, Change, Entry, Switches
from dslab.sim import World


def system(**positions):
    return CacheFront(World(), Switches(**positions))


def row(ts, version=1):
    return Entry("row", f"v{version}", ts, version)


def marker(ts, version=1):
    return Entry("marker", None, ts, version)


@pytest.mark.parametrize(
    ("old", "new", "accepted"),
    [
        (row(10), row(20, 2), True),
        (row(20, 2), row(10), False),
        (row(10), marker(20, 2), True),
        (marker(20, 2), row(10), False),
        (marker(20, 2), row(20, 2), True),
        (row(20, 2), marker(20, 2), False),
        (row(20, 2), row(20, 2), True),
        (marker(20, 2), marker(20, 2), False),
    ],
)
def test_compare_and_set(old, new, accepted):
    cache = system().cache
    cache.put("k", old)
    assert cache.accepts("k", new) is accepted


def test_an_empty_slot_accepts_anything():
    assert system().cache.accepts("k", row(1))


def test_without_compare_and_set_the_last_write_wins():
    cache = system(compare_and_set=False).cache
    cache.put("k", row(20, 2))
    assert cache.fill("k", row(10))


def test_delete_forgets_the_timestamp():
    cache = system(markers=False).cache
    cache.put("k", row(10))
    cache.invalidate(Change("k", 20, 2))
    assert cache.get("k") is None


def test_slot_is_empty_at_its_ttl_and_not_before():
    front = system(ttl_us=1_000)
    front.cache.fill("k", row(10))
    front.world.now = 999
    assert front.cache.get("k") is not None
    front.world.now = 1_000
    assert front.cache.get("k") is None


def test_monotonic_timestamps_never_go_back():
    leader = system().leader
    stamps = [leader.next_ts()]
    leader.clock -= 35
    stamps += [leader.next_ts() for _ in range(5)]
    assert stamps == sorted(set(stamps))


def test_without_them_they_do():
    leader = system(monotonic_timestamps=False).leader
    first = leader.next_ts()
    leader.clock -= 35
    assert leader.next_ts() < first


@pytest.mark.parametrize(("soft", "found"), [(True, [Change("k", 20, 2)]), (False, [])])
def test_conditional_delete_finds_its_rows_only_if_they_stay(soft, found):
    front = system(soft_deletes=soft)
    front.load()
    assert front.leader.commit(["k"], None, conditional=True) == found


def test_point_delete_needs_no_search():
    front = system(soft_deletes=False)
    front.load()
    assert front.leader.commit(["k"], None) == [Change("k", 20, 2)]


def run(front, *coros):
    for coro in coros:
        front.world.spawn(coro, "client")
    front.world.run()


def test_a_miss_fills_the_slot():
    front = system()
    front.load()
    client = front.engine("client")
    run(front, client.read())
    assert str(front.cache.get("k")) == "v1@10"


@pytest.mark.parametrize(
    ("invalidation", "answered_us"), [("sync", 4_000), ("async", 2_000), ("none", 2_000)]
)
def test_synchronous_invalidation_costs_one_round_trip(invalidation, answered_us):
    """One hop takes 1 ms: two for the commit, two more for the marker."""
    front = system(invalidation=invalidation)
    front.load(cached=True)
    client = front.engine("client")
    done = []

    async def write():
        await client.write("v2")
        done.append(front.world.now)

    run(front, write())
    assert done == [answered_us]


def test_absent_rows_are_cached_only_with_negative_caching():
    for caching, kind in ((True, "absent"), (False, "empty")):
        front = system(negative_caching=caching)
        client = front.engine("client")
        run(front, client.read())
        slot = front.cache.slots.get("k")
        assert (slot.kind if slot else "empty") == kind


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"invalidation": "maybe"}, "invalidation='maybe' is no choice; use one of 'sync', 'async', 'none'"),
        ({"markers": 1}, "markers=1 is no switch position"),
        ({"ttl_us": 0}, "ttl_us=0 is not possible"),
        ({"ttl_us": 1.5}, "ttl_us=1.5 is not possible"),
        ({"bug": "gremlin"}, "bug='gremlin' is no choice"),
    ],
)
def test_switch_out_of_range_is_told(wrong, says):
    with pytest.raises(ValueError, match=says):
        Switches(**wrong)

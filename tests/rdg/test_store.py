"""The two-level map: order of items, versions, tombstones, TTLs at three levels, pages."""

from itertools import permutations

import pytest

from dslab.rdg.kv import Store, Write, item_bytes, wins


def put(store, item, version, value="v", ttl_us=None):
    return store.apply(Write("edge.plays", "profile:1", item, version, value, ttl_us))


def keys(store, **how):
    return [key for key, _, _ in store.page("edge.plays", "profile:1", **how).items]


def test_items_come_in_the_order_of_their_keys_whatever_the_order_of_writes():
    for order in permutations("abc"):
        store = Store()
        for item in order:
            put(store, item, 1)
            keys(store)  # reading in between must not spoil the order
        assert keys(store) == ["a", "b", "c"]


def test_later_event_wins_whatever_arrives_last():
    store = Store()
    assert put(store, "a", 100, "new") and not put(store, "a", 90, "old")
    assert store.get("edge.plays", "profile:1", "a") == (100, "new")


def test_blind_overwrite_keeps_the_last_arrival():
    store = Store(last_write_wins=False)
    put(store, "a", 100, "new")
    put(store, "a", 90, "old")
    assert store.get("edge.plays", "profile:1", "a") == (90, "old")


def test_wins_is_a_total_order_so_every_order_of_arrival_ends_alike():
    writes = [(1, "z"), (2, "a"), (2, "b"), (2, None)]
    for one, other in permutations(writes, 2):
        assert wins(one, other) != wins(other, one)
    for order in permutations(writes):
        held = order[0]
        for write in order[1:]:
            held = write if wins(write, held) else held
        assert held == (2, None)


def test_tombstone_keeps_an_older_write_out_and_lets_a_newer_in():
    store = Store()
    put(store, "a", 10)
    put(store, "a", 50, None)
    assert keys(store) == []
    assert not put(store, "a", 40) and keys(store) == []
    assert put(store, "a", 60) and keys(store) == ["a"]


def test_deleted_record_hides_older_items_and_takes_newer_ones():
    store = Store()
    put(store, "a", 10)
    store.delete_record("edge.plays", "profile:1", 50)
    put(store, "b", 40)
    put(store, "c", 60)
    assert keys(store) == ["c"]


@pytest.mark.parametrize(("item_ttl", "record_ttl", "namespace_ttl", "ends"), [
    (5, 50, 500, 5), (None, 50, 500, 50), (None, None, 500, 500), (None, None, None, None), (900, 50, 500, 900),
])  # fmt: skip
def test_most_specific_ttl_decides(item_ttl, record_ttl, namespace_ttl, ends):
    store = Store()
    put(store, "a", 1_000, ttl_us=item_ttl)
    store.set_ttl("edge.plays", record_ttl, record="profile:1")
    store.set_ttl("edge.plays", namespace_ttl)
    if ends is None:
        assert keys(store, now_us=10**18) == ["a"]
    else:
        assert keys(store, now_us=1_000 + ends - 1) == ["a"]
        assert keys(store, now_us=1_000 + ends) == []


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_pages_join_to_the_record_and_the_last_says_so(size):
    store = Store()
    for item in "abcdefg":
        put(store, item, 1)
    put(store, "d", 2, None)
    seen, after, pages = [], "", 0
    while True:
        page = store.page("edge.plays", "profile:1", after, size)
        pages += 1
        seen += [key for key, _, _ in page.items]
        assert page.bytes == sum(item_bytes(key, value) for key, _, value in page.items)
        if not page.next:
            break
        after = page.next
    assert seen == list("abcefg")
    assert pages == -(-6 // size)


def test_digest_adds_up_over_parts_and_tells_contents_apart():
    whole, left, right = Store(), Store(), Store()
    for number in range(20):
        write = Write("node.title", f"title:{number}", "properties", number, "x")
        whole.apply(write)
        (left if number % 3 else right).apply(write)
    assert whole.digest() == (left.digest() + right.digest()) % (1 << 128)
    whole.apply(Write("node.title", "title:3", "properties", 99, "x"))
    assert whole.digest() != (left.digest() + right.digest()) % (1 << 128)


def test_errors_are_sentences():
    with pytest.raises(ValueError, match="a page of 0 items"):
        Store().page("n", "r", size=0)
    with pytest.raises(ValueError, match="a TTL of 0 µs"):
        Store().set_ttl("n", 0)

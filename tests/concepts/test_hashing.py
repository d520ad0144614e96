"""Consistent hashing against published vectors and layouts, and what moves."""

import hashlib

import pytest

from dslab.concepts.hashing import (
    METHODS,
    Maglev,
    Ring,
    crc32,
    fnv1a_32,
    fnv1a_64,
    jump_hash,
    ketama_points,
    least_moved,
    maglev_table,
    md5_ketama,
    modulo_moved,
    moved,
    numbered_points,
    owner,
    rendezvous,
)

KEYS = [f"key {number}" for number in range(4_000)]


@pytest.mark.parametrize(
    ("key", "buckets", "bucket"),
    [
        (1, 1, 0),
        (42, 57, 43),
        (0xDEAD10CC, 1, 0),
        (0xDEAD10CC, 666, 361),
        (256, 1024, 520),
        (10863919174838991, 11, 6),
    ],
)
def test_jump_gives_the_vectors_that_other_implementations_publish(key, buckets, bucket):
    assert jump_hash(key, buckets) == bucket


def test_jump_moves_keys_to_the_new_bucket_only():
    for key in range(2_000):
        before, after = jump_hash(key * 7919, 10), jump_hash(key * 7919, 11)
        assert after in (before, 10)


def test_ketama_takes_four_points_from_each_digest_lowest_byte_first():
    digest = hashlib.md5(b"10.0.1.1:11211-0").digest()
    first = list(ketama_points("10.0.1.1:11211"))
    assert len(first) == 160
    assert first[0] == digest[3] << 24 | digest[2] << 16 | digest[1] << 8 | digest[0]
    assert first[3] == digest[15] << 24 | digest[14] << 16 | digest[13] << 8 | digest[12]


def test_a_ring_of_three_has_480_points_and_a_key_belongs_to_the_next_one():
    ring = Ring(["a", "b", "c"])
    assert len(ring.places) == 480
    place = md5_ketama(b"some key")
    following = [point for point in ring.places if point >= place] or ring.places
    assert ring.node("some key") == ring.owners[ring.places.index(following[0])]


def test_weights_are_rounded_down_as_in_libketama():
    ring = Ring({"small": 1, "large": 2})
    counts = {name: ring.owners.count(name) for name in ring.nodes}
    assert counts == {"small": 4 * 26, "large": 4 * 53}  # floor(40 * 2 / 3), floor(40 * 2 * 2 / 3)


@pytest.mark.parametrize(("with_equal", "node"), [(True, "b"), (False, "c")])
def test_a_key_on_a_point_belongs_to_it_or_to_the_next_one(with_equal, node):
    layout = lambda name, points, hash: [{"a": 10, "b": 20, "c": 30}[name]]  # noqa: E731
    ring = Ring(["a", "b", "c"], 1, layout, hash=lambda data: int(data), with_equal=with_equal)
    assert ring.node("20") == node
    assert ring.node("31") == "a"
    assert ring.preference("15", 3) == ["b", "c", "a"]


def test_layout_and_hash_are_parameters():
    ring = Ring(["n1", "n2"], 50, numbered_points("#", first=1), fnv1a_32)
    assert set(ring.places) == {
        fnv1a_32(f"{name}#{k}".encode()) for name in ("n1", "n2") for k in range(1, 51)
    }


def test_hash_functions_give_their_standard_vectors():
    assert (fnv1a_32(b""), fnv1a_32(b"a"), fnv1a_32(b"foobar")) == (0x811C9DC5, 0xE40C292C, 0xBF9CF968)
    assert (fnv1a_64(b"a"), fnv1a_64(b"foobar")) == (0xAF63DC4C8601EC8C, 0x85944171F73967E8)
    assert crc32(b"123456789") == 0xCBF43926


def test_maglev_fills_the_table_of_its_paper():
    assert maglev_table([(3, 4), (0, 2), (3, 1)], 7) == [1, 0, 1, 0, 2, 2, 0]
    assert maglev_table([(3, 4), (3, 1)], 7) == [0, 0, 0, 0, 1, 1, 1]


def test_maglev_shares_differ_by_one_slot_at_most():
    table = Maglev([f"n{number}" for number in range(7)], 1_021).table
    counts = [table.count(node) for node in range(7)]
    assert max(counts) - min(counts) <= 1


def test_rendezvous_moves_only_the_keys_of_the_node_that_left():
    nodes = ["a", "b", "c", "d"]
    for key in KEYS[:500]:
        before = rendezvous(key, nodes)
        if before != "c":
            assert rendezvous(key, ["a", "b", "d"]) == before


@pytest.mark.parametrize("method", [name for name in METHODS if name != "maglev"])
def test_adding_a_node_to_ten(method):
    nodes = [f"node {number}" for number in range(11)]
    before, after = owner(method, nodes[:10]), owner(method, nodes)
    share = moved(map(before, KEYS), map(after, KEYS))
    wanted = modulo_moved(10) if method == "modulo" else least_moved(10)
    assert share == pytest.approx(wanted, abs=0.02)


def test_maglev_moves_a_little_more_than_it_must():
    nodes = [f"node {number}" for number in range(11)]
    share = moved(map(Maglev(nodes[:10]).node, KEYS), map(Maglev(nodes).node, KEYS))
    assert least_moved(10) < share < 2 * least_moved(10)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Ring([]), "at least one"),
        (lambda: Ring(["a"], 0), "from 1"),
        (lambda: Ring({"a": 0}), "above 0"),
        (lambda: jump_hash(1, 0), "at least 1"),
        (lambda: maglev_table([(0, 1)], 10), "prime"),
        (lambda: rendezvous("k", []), "at least one"),
        (lambda: owner("magic", ["a"]), "use one of"),
        (lambda: Ring(["a"]).preference("k", 2), "the ring has 1"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()

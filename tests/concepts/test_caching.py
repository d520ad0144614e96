"""Caches: small traces by hand, slow and obvious twins, closed forms."""

import random
import time

import pytest

from dslab.concepts import caching
from dslab.concepts.caching import LFU, SIEVE, TTL, Clock, misses
from dslab.concepts.workload import requests, zipf

BELADY = [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("policy", "capacity", "wanted"),
    [("FIFO", 3, 9), ("FIFO", 4, 10), ("LRU", 3, 10), ("LRU", 4, 8), ("OPT", 3, 7), ("OPT", 4, 6)],
)
def test_beladys_trace_and_his_anomaly(policy, capacity, wanted):
    assert misses(policy, BELADY, capacity) == wanted


def _twin_lru(trace, capacity):
    cache, missed = [], 0
    for key in trace:
        if key in cache:
            cache.remove(key)
        else:
            missed += 1
            cache = cache[-(capacity - 1) :] if capacity > 1 else []
        cache.append(key)
    return missed


def _twin_lfu(trace, capacity):
    cache, missed = {}, 0
    for now, key in enumerate(trace):
        if key not in cache:
            missed += 1
            if len(cache) >= capacity:
                del cache[min(cache, key=cache.__getitem__)]
        cache[key] = (cache.get(key, (0, 0))[0] + 1, now)
    return missed


def _twin_clock(trace, capacity):
    slots, bits, hand, missed = [], [], 0, 0
    for key in trace:
        if key in slots:
            bits[slots.index(key)] = True
            continue
        missed += 1
        if len(slots) < capacity:
            slots.append(key)
            bits.append(False)
            continue
        while bits[hand]:
            bits[hand] = False
            hand = (hand + 1) % capacity
        slots[hand], bits[hand] = key, False
        hand = (hand + 1) % capacity
    return missed


def _twin_sieve(trace, capacity):
    queue, seen, hand, missed = [], set(), None, 0  # newest first
    for key in trace:
        if key in queue:
            seen.add(key)
            continue
        missed += 1
        if len(queue) >= capacity:
            place = len(queue) - 1 if hand is None else queue.index(hand)
            while queue[place] in seen:
                seen.discard(queue[place])
                place = place - 1 if place else len(queue) - 1
            hand = queue[place - 1] if place else None
            queue.pop(place)
        queue.insert(0, key)
    return missed


@pytest.mark.parametrize(
    ("policy", "twin"),
    [("LRU", _twin_lru), ("LFU", _twin_lfu), ("Clock", _twin_clock), ("SIEVE", _twin_sieve)],
)
@pytest.mark.parametrize("capacity", [1, 2, 7, 30])
def test_against_a_slow_and_obvious_twin(policy, twin, capacity):
    for seed in range(4):
        trace = requests(random.Random(seed), 1_500, 60, 0.8)
        assert misses(policy, trace, capacity) == twin(trace, capacity)


def test_nothing_beats_opt():
    trace = caching.trace_of("popular keys and a scan")
    best = misses("OPT", trace, 100)
    assert all(misses(policy, trace, 100) >= best for policy in caching.POLICIES)


def test_the_papers_example_of_sieve():
    """H A D I B C J are in the cache (H newest), A and B and J... were visited; a miss of K evicts the first unvisited one."""
    cache = SIEVE(3)
    assert [cache.hit(key) for key in "ABC"] == [False] * 3
    assert cache.hit("A")
    assert not cache.hit("D")  # the hand clears A and takes B
    assert [cache.hit(key) for key in "ACD"] == [True] * 3


def test_ties_of_lfu():
    lru, fifo = LFU(2), LFU(2, "fifo")
    for cache in (lru, fifo):
        for key in "ABBA":
            cache.hit(key)
        cache.hit("C")  # both were used twice; A was used last, and came first
    assert lru.hit("A")
    assert fifo.hit("B")


def test_clock_gives_a_second_chance():
    cache = Clock(2)
    assert [cache.hit(key) for key in "ABACA"] == [False, False, True, False, True]


def test_a_ttl_is_inclusive_of_its_last_request():
    cache = TTL(2)
    assert [cache.hit(key) for key in "AxA"] == [False, False, True]
    assert [TTL(2).hit("A")] == [False]
    late = TTL(2)
    assert [late.hit(key) for key in "AxyA"] == [False] * 4


@pytest.mark.parametrize("skew", [0.0, 0.6, 0.9, 1.2])
def test_che_and_its_sisters_lie_on_the_simulation(skew):
    shares, trace = zipf(caching.KEYS, skew), caching.trace_of("popular keys", skew, 60_000)
    for policy, form in (
        ("LRU", caching.che(shares, 100)),
        ("FIFO", caching.che_fifo(shares, 100)),
        ("TTL", caching.ttl_hit(shares, 200)),
    ):
        cache = TTL(200) if policy == "TTL" else caching.POLICIES[policy](100)
        hits = [cache.hit(key) for key in trace][10_000:]
        assert sum(hits) / len(hits) == pytest.approx(form, abs=0.01), policy


def test_a_loop_larger_than_the_cache_has_no_hit_with_lru():
    run = caching.compare(100, workload="a loop")
    assert (run["LRU"], run["FIFO"]) == (0, 0)
    assert caching.compare(125, workload="a loop")["LRU"] == 100


def test_a_hundred_thousand_requests_take_less_than_two_seconds():
    trace = requests(random.Random(1), 100_000, 10_000, 0.9)
    for policy in caching.POLICIES:
        begun = time.process_time()
        misses(policy, trace, 1_000)
        assert time.process_time() - begun < 2, policy


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="use one of LRU"):
        misses("MRU", [1], 1)
    with pytest.raises(ValueError, match="at least 1"):
        misses("LRU", [1], 0)
    with pytest.raises(ValueError, match="'lru' or 'fifo'"):
        LFU(1, "random")

"""Consistent hashing: which node is in charge of a key, so that few keys move when a node comes or goes.

| word       | meaning                                                                                         |
|------------|-------------------------------------------------------------------------------------------------|
| modulo     | node number hash(key) mod n: even, and nearly every key moves when n changes                       |
| point      | a place on the circle of hash values that belongs to a node; a node has many (virtual nodes)         |
| ring       | a key belongs to the first point at or after its own place, round the end to the first               |
| layout     | how a node's points are computed from its name: ketama takes four points from each MD5                |
| jump       | Lamping and Veach (2014): no table; nodes are numbered, and only the last one can leave               |
| rendezvous | highest random weight (Thaler and Ravishankar 1996): every node bids for the key, the highest wins     |
| maglev     | Google's table (2016): nodes take turns to claim slots of a table, each by its own permutation         |
| moved      | share of keys that have another node after a change                                                |

The protocol of a change: n nodes become n + 1. Somebody has to take over a share of 1 / (n + 1) of the keys, and no method can move
fewer and stay even. Ring, jump and rendezvous move about that; maglev a little more; modulo n / (n + 1), almost all.

A circle has 2^32 places unless said otherwise, hash functions are functions of bytes, texts are UTF-8. Nothing uses Python's own ``hash``.
"""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

MASK_64 = (1 << 64) - 1
Hash = Callable[[bytes], int]
Layout = Callable[[str, int, Hash], Iterable[int]]

# -- hash functions -------------------------------------------------------------------------------------


def md5_ketama(data: bytes) -> int:
    """Give the first four bytes of the MD5, lowest byte first: the hash of a key in libketama (32 bits)."""
    return struct.unpack_from("<I", hashlib.md5(data, usedforsecurity=False).digest())[0]


def md5_64(data: bytes) -> int:
    """Give the first eight bytes of the MD5, highest byte first (64 bits)."""
    return int.from_bytes(hashlib.md5(data, usedforsecurity=False).digest()[:8], "big")


def sha1_64(data: bytes) -> int:
    """Give the first eight bytes of the SHA-1, highest byte first (64 bits)."""
    return int.from_bytes(hashlib.sha1(data, usedforsecurity=False).digest()[:8], "big")


def crc32(data: bytes) -> int:
    """Give the CRC-32 of zlib (32 bits)."""
    return zlib.crc32(data)


def fnv1a_32(data: bytes) -> int:
    """Give the FNV-1a hash of 32 bits."""
    found = 0x811C9DC5
    for byte in data:
        found = ((found ^ byte) * 0x01000193) & 0xFFFFFFFF
    return found


def fnv1a_64(data: bytes) -> int:
    """Give the FNV-1a hash of 64 bits."""
    found = 0xCBF29CE484222325
    for byte in data:
        found = ((found ^ byte) * 0x100000001B3) & MASK_64
    return found


# -- layouts of points ------------------------------------------------------------------------------------


# [ketama] four points from each MD5 of "name-0", "name-1" ...
def ketama_points(node: str, points: int = 160, hash: Hash | None = None) -> Iterator[int]:
    """Give a node's points as libketama does: MD5 of ``name-k``, cut into four numbers of 32 bits, lowest byte first.

    ``points`` is rounded down to a multiple of four; 160 is libketama's number for servers of equal weight. ``hash`` is not used.
    """
    for k in range(points // 4):
        digest = hashlib.md5(f"{node}-{k}".encode(), usedforsecurity=False).digest()
        yield from struct.unpack("<4I", digest)


# [/ketama]
def numbered_points(separator: str = "-", first: int = 0) -> Layout:
    """Give the layout that hashes ``name`` + ``separator`` + number once for each point, numbers counted from ``first``."""

    def points_of(node: str, points: int, place_of: Hash) -> Iterator[int]:
        for k in range(first, first + points):
            yield place_of(f"{node}{separator}{k}".encode())

    return points_of


# -- the ring ---------------------------------------------------------------------------------------------


class Ring:
    """A circle of points. ``nodes``: names in order, or names with weights (numbers above 0).

    ``points``: how many an average node has (1 to 100,000; 160 is ketama's); ``layout(name, points, hash)`` gives them; ``hash`` places
    keys (and the points of layouts that use it). With weights a node gets ``floor(points / 4 * n * weight / total)`` times four
    points, as in libketama. Where two points fall on one place, the node that was named first keeps it. ``with_equal``: whether a key that
    falls on a point exactly belongs to it (libketama) or to the next one. ValueError where there is no node or a number is out of range.
    """

    def __init__(
        self,
        nodes: Iterable[str] | Mapping[str, float],
        points: int = 160,
        layout: Layout = ketama_points,
        hash: Hash = md5_ketama,
        with_equal: bool = True,
    ) -> None:
        weights = dict(nodes) if isinstance(nodes, Mapping) else dict.fromkeys(nodes, 1)
        if not weights:
            raise ValueError("a ring without nodes has nobody to be in charge; name at least one")
        if not isinstance(points, int) or not 1 <= points <= 100_000:
            raise ValueError(f"points={points!r} is not possible; use a whole number from 1 to 100,000")
        if low := [name for name, weight in weights.items() if not weight > 0]:
            raise ValueError(f"the weight of {low[0]!r} is {weights[low[0]]!r}; it must be above 0")
        self.hash, self.with_equal = hash, with_equal
        self.nodes = tuple(weights)
        total, equal = sum(weights.values()), len(set(weights.values())) == 1
        owners: dict[int, str] = {}
        for name, weight in weights.items():
            count = points if equal else 4 * math.floor(points / 4 * len(weights) * weight / total)
            for point in layout(name, count, hash):
                owners.setdefault(point, name)
        self.places = sorted(owners)
        self.owners = [owners[place] for place in self.places]

    # [lookup] the first point at or after the key's place, round the end to the first
    def node(self, key: str | bytes) -> str:
        """Give the node in charge of ``key``."""
        place = self.hash(key if isinstance(key, bytes) else key.encode())
        found = bisect_left(self.places, place if self.with_equal else place + 1)
        return self.owners[found % len(self.owners)]

    # [/lookup]
    def preference(self, key: str | bytes, count: int) -> list[str]:
        """Give the first ``count`` different nodes along the circle from ``key``: its replicas. ValueError where there are fewer."""
        if not 1 <= count <= len(self.nodes):
            raise ValueError(f"{count!r} nodes are not possible; the ring has {len(self.nodes)}")
        place = self.hash(key if isinstance(key, bytes) else key.encode())
        start = bisect_left(self.places, place if self.with_equal else place + 1)
        found: dict[str, None] = {}
        for step in range(len(self.owners)):
            found[self.owners[(start + step) % len(self.owners)]] = None
            if len(found) == count:
                break
        return list(found)


# -- jump, rendezvous, maglev -------------------------------------------------------------------------------


# [jump] Lamping and Veach 2014
def jump_hash(key: int, buckets: int) -> int:
    """Give the bucket, 0 to ``buckets`` - 1, of a ``key`` of 64 bits. ValueError where there is no bucket."""
    if buckets < 1:
        raise ValueError(f"{buckets!r} buckets are not possible; there must be at least 1")
    key, bucket, following = key & MASK_64, -1, 0
    while following < buckets:
        bucket = following
        key = (key * 2862933555777941757 + 1) & MASK_64
        following = int((bucket + 1) * (float(1 << 31) / float((key >> 33) + 1)))
    return bucket


# [/jump]


# [rendezvous] every node bids for the key
def rendezvous(key: str, nodes: Sequence[str], hash: Hash = sha1_64) -> str:
    """Give the node whose ``hash(node + key)`` is highest; equal bids go to the name that is first in the alphabet."""
    if not nodes:
        raise ValueError("rendezvous needs at least one node to bid")
    bid = hash  # the function that was given, not Python's own
    return max(sorted(nodes, reverse=True), key=lambda node: bid(f"{node}{key}".encode()))


# [/rendezvous]


# [maglev] nodes take turns; each claims the next free slot of its own permutation
def maglev_table(permutations: Sequence[tuple[int, int]], size: int) -> list[int]:
    """Fill a table of ``size`` slots (a prime) by nodes with (offset, skip); gives the number of the node in each slot."""
    if size < 2 or any(size % factor == 0 for factor in range(2, math.isqrt(size) + 1)):
        raise ValueError(f"a table of {size!r} slots is not possible; the size must be a prime")
    if not permutations:
        raise ValueError("a table without nodes cannot be filled; give at least one (offset, skip)")
    table, tried, filled = [-1] * size, [0] * len(permutations), 0
    while True:
        for node, (offset, skip) in enumerate(permutations):
            while table[slot := (offset + tried[node] * skip) % size] >= 0:
                tried[node] += 1
            table[slot] = node
            tried[node] += 1
            filled += 1
            if filled == size:
                return table


# [/maglev]


class Maglev:
    """Maglev hashing: a table of ``size`` slots (a prime; 65,537 in the paper) that ``nodes`` fill in turns.

    ``offset = hash1(name) mod size`` and ``skip = hash2(name) mod (size - 1) + 1``, as in the paper's section 3.4; the paper does not
    name its two hashes, so they are parameters.
    """

    def __init__(
        self, nodes: Sequence[str], size: int = 65_537, hash1: Hash = md5_64, hash2: Hash = sha1_64
    ) -> None:
        self.nodes, self.size, self.hash = tuple(nodes), size, hash1
        names = [name.encode() for name in nodes]
        self.table = maglev_table(
            [(hash1(name) % size, hash2(name) % (size - 1) + 1) for name in names], size
        )

    def node(self, key: str | bytes) -> str:
        """Give the node in charge of ``key``."""
        place = self.hash(key if isinstance(key, bytes) else key.encode())
        return self.nodes[self.table[place % self.size]]


# -- comparing them -----------------------------------------------------------------------------------------

METHODS = ("modulo", "ring", "jump", "rendezvous", "maglev")


def owner(method: str, nodes: Sequence[str], points: int = 160, slots: int = 1_021) -> Callable[[str], str]:
    """Give the function from key to node of one of `METHODS` over ``nodes``; jump and modulo go by the nodes' order."""
    if method not in METHODS:
        raise ValueError(f"the method {method!r} is not known; use one of {', '.join(METHODS)}")
    count = len(nodes)
    if method == "ring":
        return Ring(nodes, points).node
    if method == "maglev":
        return Maglev(nodes, slots).node
    if method == "rendezvous":
        return lambda key: rendezvous(key, nodes)
    if method == "jump":
        return lambda key: nodes[jump_hash(md5_64(key.encode()), count)]
    return lambda key: nodes[md5_64(key.encode()) % count]


def moved(before: Iterable[Any], after: Iterable[Any]) -> float:
    """Give the share of keys, 0 to 1, that have another node ``after``."""
    pairs = list(zip(before, after, strict=True))
    return sum(old != new for old, new in pairs) / len(pairs)


def least_moved(nodes: int) -> float:
    """Give the smallest share that must move when ``nodes`` (1 or more) become one more and all stay even: 1 / (n + 1)."""
    return 1 / (nodes + 1)


def modulo_moved(nodes: int) -> float:
    """Give the share that moves with modulo when ``nodes`` become one more: n / (n + 1), as n and n + 1 share no factor."""
    return nodes / (nodes + 1)


def busiest(owners: Sequence[str], nodes: int) -> float:
    """Give how many times its fair share the busiest of ``nodes`` has."""
    counts: dict[str, int] = {}
    for name in owners:
        counts[name] = counts.get(name, 0) + 1
    return max(counts.values()) * nodes / len(owners)

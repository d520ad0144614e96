"""Sharding: one table on many machines. Who has which key, what a hot key does, what moves when a machine is added.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| range      | each shard has the keys from one to another; neighbours stay together                                   |
| hash       | a hash of the key says the shard (here jump hash); neighbours are torn apart                            |
| directory  | a table says the shard of each block of keys; blocks can be moved one by one to even out the load         |
| hot key    | one key with so much of the load that its shard is the limit, however many shards there are               |
| salt       | a hot key is split into several by a number at its end; writes spread, a read asks all of them             |
| scatter    | how many shards a query for a range of keys must ask                                                   |
| fence      | while a block moves, the old shard refuses writes to it, and the writer asks the directory again           |

The protocol of a move: copy the block, change the directory, drop the old copy. A write that looked before the change and lands after the
copy is lost, unless the old shard refuses what it no longer owns.
"""

from __future__ import annotations

import math
from functools import lru_cache

from dslab.concepts.hashing import jump_hash, md5_64
from dslab.concepts.switches import Switches
from dslab.concepts.workload import zipf
from dslab.sim import World, step
from dslab.sim.result import Metric, Result

STRATEGIES = ("range", "hash", "directory")
PATTERNS = ("by time: newest keys", "popular keys", "all keys alike")
KEYS, BLOCK = 1_200, 10


@lru_cache(maxsize=16)
def _weights(pattern: str, skew: float) -> tuple[float, ...]:
    if pattern == "by time: newest keys":  # the newest key is the most popular, and so on back in time
        return tuple(reversed(zipf(KEYS, skew)))
    if pattern == "popular keys":
        weights = [0.0] * KEYS
        for rank, share in enumerate(zipf(KEYS, skew)):
            weights[rank * 577 % KEYS] = share  # 577 and 1,200 share no factor: popular keys lie anywhere
        return tuple(weights)
    if pattern == "all keys alike":
        return tuple([1 / KEYS] * KEYS)
    raise ValueError(f"the pattern {pattern!r} is not known; use one of {', '.join(PATTERNS)}")


@lru_cache(maxsize=4)
def _places() -> tuple[int, ...]:
    return tuple(md5_64(f"key {key}".encode()) for key in range(KEYS))


# [place] who has which key
def place(strategy: str, shards: int, weights: tuple[float, ...]) -> list[int]:
    """Give the shard of every key, keys in order, for a strategy; a directory puts the heaviest block on the lightest shard, in turn."""
    if strategy == "range":
        return [key * shards // KEYS for key in range(KEYS)]
    if strategy == "hash":
        return [jump_hash(where, shards) for where in _places()]
    blocks = sorted(range(0, KEYS, BLOCK), key=lambda first: (-sum(weights[first : first + BLOCK]), first))
    loads, found = [0.0] * shards, [0] * KEYS
    for first in blocks:
        lightest = loads.index(min(loads))
        loads[lightest] += sum(weights[first : first + BLOCK])
        found[first : first + BLOCK] = [lightest] * BLOCK
    return found


# [/place]


def loads(shards_of_keys: list[int], weights: tuple[float, ...], shards: int) -> list[float]:
    """Give each shard's share of the load."""
    found = [0.0] * shards
    for shard, weight in zip(shards_of_keys, weights, strict=True):
        found[shard] += weight
    return found


def hot_floor(hottest: float, shards: int) -> float:
    """Closed form: the least that the busiest shard can have, as a share: the hottest key alone, or an even share, whichever is more."""
    return max(hottest, 1 / shards)


def salted_floor(hottest: float, shards: int, salts: int) -> float:
    """Closed form: `hot_floor` where the hottest key is split into ``salts``."""
    return max(hottest / salts, 1 / shards)


def grown(strategy: str, shards: int, weights: tuple[float, ...]) -> float:
    """Give the share of keys that move when one shard is added; a directory moves blocks to the new one until it has an even share."""
    before = place(strategy, shards, weights)
    if strategy == "directory":
        return _handed_over(before, weights, shards) / KEYS
    after = place(strategy, shards + 1, weights)
    return sum(old != new for old, new in zip(before, after, strict=True)) / KEYS


def _handed_over(shard_of: list[int], weights: tuple[float, ...], shards: int) -> int:
    """Count the keys in the blocks that go to a new shard: heaviest first, from the busiest, until it has an even share."""
    have, wanted, filled, keys = loads(shard_of, weights, shards), 1 / (shards + 1), 0.0, 0
    weight = {first: sum(weights[first : first + BLOCK]) for first in range(0, KEYS, BLOCK)}
    order = sorted(weight, key=lambda first: (-weight[first], first))
    while filled < 0.9 * wanted:
        donors = sorted(range(shards), key=lambda shard: -have[shard])
        room = 1.1 * wanted - filled
        fits = (
            b for d in donors for b in order if shard_of[b] == d and weight[b] <= min(room, have[d] - filled)
        )
        if (block := next(fits, None)) is None:
            break
        order.remove(block)
        have[shard_of[block]] -= weight[block]
        filled, keys = filled + weight[block], keys + BLOCK
    return keys


def spread(
    shards: int = 6, pattern: str = "by time: newest keys", skew: float = 1.0, width: int = 21, salts: int = 1
) -> Result:
    """Compare the strategies on 1,200 keys. ``width``: keys in a range query; ``salts``: the hottest key is split into so many (1: it is not).

    Metrics by strategy's name: load of the busiest shard in per cent; ``moves <name>``: keys that move when a shard is added, per cent; ``asks <name>``: shards
    that a range query asks (mean); ``floor``: the least possible for the busiest, per cent.
    """
    if not isinstance(shards, int) or not 2 <= shards <= 60:
        raise ValueError(f"shards={shards!r} is not possible; use a whole number from 2 to 60")
    weights = _weights(pattern, skew)
    hottest = max(weights)
    metrics: dict[str, Metric] = {}
    for name in STRATEGIES:
        shard_of = place(name, shards, weights)
        each = loads(shard_of, weights, shards)
        if salts > 1:
            each = _salted(each, shard_of[weights.index(hottest)], hottest, salts)
        asked = [len(set(shard_of[first : first + width])) for first in range(0, KEYS - width + 1, 7)]
        metrics[name] = Metric(name, 100 * max(each), "%")
        metrics[f"moves {name}"] = Metric(f"{name}, moved", 100 * grown(name, shards, weights), "%")
        metrics[f"asks {name}"] = Metric(f"{name}, asked", sum(asked) / len(asked))
    floor = salted_floor(hottest, shards, salts)
    metrics["floor"] = Metric("least possible", 100 * floor, "%")
    metrics["hottest"] = Metric("hottest key", 100 * hottest, "%")
    busiest = ", ".join(f"{name} {metrics[name].value:.0f} %" for name in STRATEGIES)
    scattered = ", ".join(f"{name} {metrics[f'asks {name}'].value:.1f}" for name in STRATEGIES)
    text = (
        f"{shards} shards, {pattern}: the busiest has, of the load, by {busiest}; less than {100 * floor:.0f} % is not possible. A query for {width} neighbouring "
        f"keys asks, in shards, by {scattered}."
    )
    return Result({"shards": shards, "pattern": pattern}, metrics, text)


def _salted(each: list[float], home: int, hottest: float, salts: int) -> list[float]:
    found = list(each)
    found[home] -= hottest
    for salt in range(salts):
        found[(home + salt) % len(found)] += hottest / salts
    return found


def shards_needed(hottest: float, capacity: float) -> float:
    """Give how many shards of ``capacity`` (share of the whole load each) are needed; infinite where the hottest key alone is too much for one."""
    return math.inf if hottest > capacity else math.ceil(1 / capacity)


# -- for the referee ----------------------------------------------------------------------------------------------


BUGS = ("", "directory first", "drops first", "acknowledges first", "forgets the old")


def move_world(switches: Switches, writes_first: bool = False, bug: str = "") -> World:
    """A block moves from shard A to shard B while a client writes to it, looking the shard up first.

    ``writes_first``: the move begins when the write is done. ``bug``: one of `BUGS`, for the zoo.
    """
    if bug not in BUGS:
        raise ValueError(f"the bug {bug!r} is not known; use one of {', '.join(map(repr, BUGS))}")
    world = World(name="move")
    shards: dict[str, list[str]] = {"A": ["old"], "B": []}
    where, fenced, written = {"block": "A"}, set(), []
    world.facts |= {"shards": shards, "where": where, "written": written}
    lanes = {
        name: world.node(name, label=f"Shard {name}", kind="store", has=", ".join(shards[name]))
        for name in shards
    }
    client, mover = world.node("client", label="Client", kind="client"), world.node("mover", kind="service")
    directory = world.node("directory", label="Directory", kind="store", block="A")

    def show() -> None:
        for name, lane in lanes.items():
            lane.state["has"] = ", ".join(shards[name])
        directory.state["block"] = where["block"]

    # [write] look up, write; refused by a shard that no longer owns the block, look up again
    async def write() -> None:
        for _ in range(4):
            await step("looks the shard up")
            name = where["block"]
            if bug == "acknowledges first":
                written.append("new")
            await step(f"writes to {name}")
            if switches.fenced_move and name in fenced:
                continue
            shards[name].append("new")
            written.append("new")
            show()
            return

    # [/write]
    def copy() -> None:
        fenced.update("A" if switches.fenced_move else ())
        shards["B"][:] = [each for each in shards["A"] if bug != "forgets the old" or each != "old"]

    steps = [
        ("copies the block", copy),
        ("changes the directory", lambda: where.update(block="B")),
        ("drops the old copy", shards["A"].clear),
    ]
    if bug == "directory first":
        steps[:2] = reversed(steps[:2])
    if bug == "drops first":
        steps[1:] = reversed(steps[1:])

    async def move() -> None:
        for label, act in steps:
            await step(label)
            act()
            show()

    async def one_after_the_other() -> None:
        await write()
        await move()

    if writes_first:
        client.spawn(one_after_the_other())
    else:
        client.spawn(write())
        mover.spawn(move())
    return world

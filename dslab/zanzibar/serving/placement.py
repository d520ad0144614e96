"""Placement: which server answers what, and what a client may use.

| word       | meaning                                                                                            |
|------------|------------------------------------------------------------------------------------------------------|
| ring       | consistent hashing: servers have many points on a circle; a key belongs to the next point                 |
| delegate   | the server that a key belongs to; results are cached there and at the caller                              |
| forwarding key | what is hashed: the object id, so that a check and its sub-checks on one object meet on one server       |
| spare      | capacity that nobody uses: a client may be over its limit while there is some                              |

Zanzibar, sections 3.2.1, 3.2.5 and 3.2.6.
"""

from __future__ import annotations

import random
from bisect import bisect
from hashlib import blake2b

from dslab.sim import Metric, Result


def spread(text: str) -> int:
    """Give a place on the circle, 0 to 2^32 - 1: the same in every run and on every machine."""
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")


class Ring:
    """Consistent hashing: ``Ring(["a", "b"]).owner("doc:readme")``. ``points``: of each server on the circle, at least 1."""

    def __init__(self, servers: list[str], points: int = 128) -> None:
        if not servers or points < 1:
            raise ValueError("a ring needs at least one server, and at least one point of each")
        self.places = sorted(
            (spread(f"{server}/{number}"), server) for server in servers for number in range(points)
        )

    # [owner] the next point on the circle
    def owner(self, key: str) -> str:
        """Give the server that a key belongs to."""
        place = bisect(self.places, (spread(key), "")) % len(self.places)
        return self.places[place][1]

    # [/owner]


def forwarding(servers: int = 50, documents: int = 2_000, by: str = "object", seed: int = 1) -> Result:
    """Count how often a check is forwarded: a check of a document has three sub-checks on the same document and one on its folder.

    ``servers``: 1 to 500; ``by``: the forwarding key, "object" (the paper's) or "question" (object, relation and user).
    """
    if by not in ("object", "question"):
        raise ValueError(f"by={by!r} is no choice; use 'object' or 'question'")
    if not 1 <= servers <= 500 or not 1 <= documents <= 20_000:
        raise ValueError("use 1 to 500 servers and 1 to 20,000 documents")
    ring, rng = Ring([f"s{number}" for number in range(servers)]), random.Random(seed)
    hops = 0
    for number in range(documents):
        user, at = f"user:{rng.randrange(10_000)}", ""
        for thing, relation in (
            (f"doc:{number}", "viewer"),
            (f"doc:{number}", "editor"),
            (f"doc:{number}", "owner"),
            (f"doc:{number}", "parent"),
            (f"folder:{number // 20}", "viewer"),
        ):
            there = ring.owner(thing if by == "object" else f"{thing}#{relation}@{user}")
            hops += there != at
            at = there
    text = f"With {servers} servers and the {by} as forwarding key a check of five questions is forwarded {hops / documents:.2f} times."
    return Result(
        {"servers": servers, "by": by}, {"forwards": Metric("forwards per check", hops / documents)}, text
    )


def moved(servers: int = 50, keys: int = 20_000) -> float:
    """Give the share of the keys that change their server when one more is added; about 1 / (servers + 1)."""
    names = [f"s{number}" for number in range(servers)]
    before, after = Ring(names), Ring([*names, "new"])
    return sum(before.owner(f"doc:{number}") != after.owner(f"doc:{number}") for number in range(keys)) / keys


def isolation(
    noisy: float = 900.0, quiet: float = 100.0, capacity: float = 500.0, limit: float = 250.0, on: bool = True
) -> Result:
    """Two clients on one server: cpu-seconds per second that each asks for, what the server has, and each one's limit.

    A client is throttled only if it is over its limit *and* nothing is spare. All in cpu-seconds per second, over 0.
    """
    for name, value in (("noisy", noisy), ("quiet", quiet), ("capacity", capacity), ("limit", limit)):
        if not 0 < value < 1e9:
            raise ValueError(f"{name}={value!r} is not possible; use a number over 0")
    asked = {"noisy": noisy, "quiet": quiet}
    if sum(asked.values()) <= capacity:
        got = asked
    elif on:
        within = {name: min(wanted, limit) for name, wanted in asked.items()}
        scale = min(1.0, capacity / sum(within.values()))
        got = {name: value * scale for name, value in within.items()}
        spare = capacity - sum(got.values())
        over = {name: asked[name] - got[name] for name in asked}
        got = {name: got[name] + spare * over[name] / (sum(over.values()) or 1) for name in asked}
    else:
        got = {name: wanted * capacity / sum(asked.values()) for name, wanted in asked.items()}
    shares = {name: 100 * got[name] / asked[name] for name in asked}
    text = (f"The quiet client gets {shares['quiet']:.0f} % of what it asks for, the noisy one {shares['noisy']:.0f} %, "
            f"{'with' if on else 'without'} limits.")  # fmt: skip
    return Result(
        {"on": on}, {name: Metric(f"{name} client gets", share, "%") for name, share in shares.items()}, text
    )

"""The input: a documented generator of member actions, and what one action becomes in the graph.

| word    | meaning                                                                                                    |
|---------|------------------------------------------------------------------------------------------------------------|
| action  | something a member did in the app: a login, the start of a title, a round of a game                          |
| topic   | the Kafka topic an action is published to; here `logins`, `watches` and `plays`                               |
| session | one account on one device with one profile: a login, then three to eight watches or plays                      |
| late    | an action that arrives up to 30 s after it happened, so that others overtake it                                |
| update  | a node or an edge that an action says something about; a node has no target                                    |

The generator (`actions`): sessions of random accounts, 200 of them under way at a time; titles by Zipf's law; each account has up to five
profiles and three devices; 2 ms on average between actions; a share of actions comes late, a share comes twice, and one watch in 20 is a
preview of no length, which the job filters out. It is seeded, so the same arguments give the same stream.

Which end an edge starts from is our choice where Netflix does not say: `streamed_from` leads from a title to a device.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from heapq import heappop, heappush
from itertools import accumulate
from random import Random
from typing import NamedTuple

TOPICS = ("logins", "watches", "plays")
NODE_TYPES = ("account", "profile", "device", "title", "game")
EDGE_TYPES = {
    "has_profile": ("account", "profile"),
    "logged_in_from": ("account", "device"),
    "started_watching": ("profile", "title"),
    "streamed_from": ("title", "device"),
    "plays": ("profile", "game"),
}
GENRES = ("drama", "comedy", "thriller", "documentary", "children")
START_US = 1_760_000_000_000_000  # October 2025
LATE_US = 30_000_000
BETWEEN_US = 2_000
SESSIONS = 200


class Action(NamedTuple):
    """One action: its topic, a number of its own, when it happened, who, on what, what (a title or game id; "" for a login), how long."""

    topic: str
    id: int
    at_us: int
    account: str
    profile: str
    device: str
    subject: str
    seconds: int


class Update(NamedTuple):
    """What an action says about one node (``target`` "") or one edge, at event time ``version`` in microseconds."""

    type: str
    source: str
    target: str
    version: int
    value: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Which node or edge this is."""
        return self[:3]


def zipf_weights(size: int, skew: float) -> list[float]:
    """Give the share of each of ``size`` keys under Zipf's law: rank to the power of minus ``skew`` (0: all alike); they sum to 1."""
    if size < 1 or skew < 0:
        raise ValueError(
            f"there is no Zipf law for {size} keys with a skew of {skew}; use at least 1 key and a skew of at least 0"
        )
    raw = [rank**-skew for rank in range(1, size + 1)]
    total = sum(raw)
    return [weight / total for weight in raw]


def actions(
    count: int,
    seed: int = 0,
    accounts: int = 5_000,
    titles: int = 2_000,
    skew: float = 0.9,
    late: float = 0.05,
    duplicates: float = 0.02,
) -> Iterator[Action]:
    """Generate ``count`` actions in order of arrival (module docstring); duplicates count too.

    ``accounts`` and ``titles`` are at least 1, ``skew`` at least 0, ``late`` and ``duplicates`` are shares from 0 to 1. Raises ValueError.
    """
    for name, share in (("late", late), ("duplicates", duplicates)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name}={share} is no share; it must be 0 to 1")
    if count < 0 or accounts < 1:
        raise ValueError(
            f"count={count}, accounts={accounts} is not possible; use at least 0 actions and 1 account"
        )
    rng = Random(seed)
    waiting: list[tuple[int, int, Action]] = []
    given = now = serial = 0
    made = _made(rng, accounts, titles, skew)
    while given < count:
        action = next(made)
        now = action.at_us
        copies = 1 + (rng.random() < duplicates)
        for _ in range(copies):
            delay = rng.randrange(LATE_US) if rng.random() < late else 0
            serial += 1
            heappush(waiting, (now + delay, serial, action))
        while waiting and waiting[0][0] <= now and given < count:
            given += 1
            yield heappop(waiting)[2]


def _made(rng: Random, accounts: int, titles: int, skew: float) -> Iterator[Action]:
    """Give actions in the order in which they happen."""
    cumulative = list(accumulate(zipf_weights(titles, skew)))
    names = [f"title:{number}" for number in range(titles)]
    picks: list[str] = []
    now, number = START_US, 0
    sessions: list[list] = []
    while True:
        if len(sessions) < SESSIONS:
            sessions.append([*_people(rng.randrange(accounts), rng), rng.randint(3, 8), True])
        place = rng.randrange(len(sessions))
        account, profile, device, left, new = session = sessions[place]
        now += rng.randrange(2 * BETWEEN_US)
        number += 1
        if new:
            session[4] = False
            yield Action("logins", number, now, account, profile, device, "", 0)
            continue
        if rng.random() < 0.1:
            yield Action(
                "plays",
                number,
                now,
                account,
                profile,
                device,
                f"game:{rng.randrange(20)}",
                rng.randint(60, 1_800),
            )
        else:
            if not picks:
                picks = rng.choices(names, cum_weights=cumulative, k=1_000)
            seconds = 0 if rng.random() < 0.05 else rng.randint(60, 7_200)
            yield Action("watches", number, now, account, profile, device, picks.pop(), seconds)
        session[3] = left - 1
        if session[3] == 0:
            sessions[place] = sessions[-1]
            sessions.pop()


def _people(account: int, rng: Random) -> tuple[str, str, str]:
    profile = rng.randrange(1 + account % 5)
    device = rng.randrange(1 + account % 3)
    return f"account:{account}", f"profile:{account}.{profile}", f"device:{account}.{device}"


def wanted(action: Action) -> bool:
    """Filter: previews of no length say nothing about what a member watched."""
    return action.topic == "logins" or action.seconds > 0


@lru_cache(maxsize=100_000)
def genre(title: str) -> str:
    """Enrich: look a title's genre up in the side input, here a rule in place of a table."""
    return GENRES[int(title.split(":")[1]) % len(GENRES)]


def explode(action: Action) -> list[Update]:
    """Turn one action into updates of nodes and edges, all with the action's event time."""
    topic, number, at, account, profile, device, subject, seconds = action
    if topic == "logins":
        return [
            Update("account", account, "", at, ""),
            Update("device", device, "", at, ""),
            Update("profile", profile, "", at, ""),
            Update("has_profile", account, profile, at, ""),
            Update("logged_in_from", account, device, at, ""),
        ]
    told = f"action {number}, {seconds} s"
    if topic == "plays":
        return [Update("game", subject, "", at, ""), Update("plays", profile, subject, at, told)]
    return [
        Update("title", subject, "", at, genre(subject)),
        Update("started_watching", profile, subject, at, told),
        Update("streamed_from", subject, device, at, ""),
    ]

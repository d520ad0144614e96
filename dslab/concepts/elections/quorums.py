"""Quorums as arithmetic: who has won, and what is safely stored, in a plain or a joint configuration.

| word      | meaning                                                                                             |
|-----------|-----------------------------------------------------------------------------------------------------|
| voters    | the ids of the nodes whose answers count (any hashable ids; each counts once)                           |
| majority  | more than half of the voters: n // 2 + 1                                                              |
| votes     | a dict from id to True (yes) or False (no); who is absent, or None, has not answered yet                  |
| acked     | a dict from id to the highest log index that this node has stored; who is absent has stored nothing (0)   |
| joint     | two sets of voters, incoming and outgoing, while the membership changes: both have to agree               |
| UNLIMITED | what a configuration without voters has stored: more than any other, so that it never stands in the way    |

Conventions are those of the Raft library of etcd, so that results can be compared: nobody's votes but the voters' count; an empty
configuration has won every vote and limits no commit. So a joint configuration with one side empty is the other side alone.
Source: Ongaro's dissertation (2014), sections 4.3 (joint consensus) and 3.5 (commit).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

WON, LOST, PENDING = "won", "lost", "pending"
RULES = ("majority", "half", "one")
UNLIMITED = 2**64 - 1


def majority(voters: int) -> int:
    """Give how many of ``voters`` nodes (at least 1) are more than half. ValueError for another number."""
    if not isinstance(voters, int) or isinstance(voters, bool) or voters < 1:
        raise ValueError(f"a majority of {voters!r} voters is not possible; there must be at least 1")
    return voters // 2 + 1


def needed(voters: int, rule: str = "majority") -> int:
    """Give how many votes a leader needs under ``rule``: "majority", "half" (at least half) or "one" (its own). ValueError."""
    if rule not in RULES:
        raise ValueError(f"the quorum rule {rule!r} is not known; use one of {', '.join(RULES)}")
    most = majority(voters)
    return {"majority": most, "half": (voters + 1) // 2, "one": 1}[rule]


# [vote_result] won, lost, or still open: the silent ones may yet say either
def vote_result(voters: Iterable[Hashable], votes: Mapping[Hashable, bool | None]) -> str:
    """Say whether an election among ``voters`` is "won", "lost" or "pending"; without voters it is won."""
    members = set(voters)
    if not members:
        return WON
    yes = sum(votes.get(voter) is True for voter in members)
    silent = sum(votes.get(voter) is None for voter in members)
    if yes >= majority(len(members)):
        return WON
    return PENDING if yes + silent >= majority(len(members)) else LOST


# [/vote_result]


def joint_vote_result(incoming: Iterable[Hashable], outgoing: Iterable[Hashable], votes: Mapping[Hashable, bool | None]) -> str:  # fmt: skip
    """Say how an election ends that needs both majorities: lost if one of them is lost, won if both are won."""
    results = {vote_result(incoming, votes), vote_result(outgoing, votes)}
    if LOST in results:
        return LOST
    return PENDING if PENDING in results else WON


# [committed_index] sort what they have; the majority has at least the one in the middle
def committed_index(voters: Iterable[Hashable], acked: Mapping[Hashable, int]) -> int:
    """Give the highest log index that a majority of ``voters`` has stored; `UNLIMITED` without voters."""
    members = set(voters)
    if not members:
        return UNLIMITED
    stored = sorted((acked.get(voter) or 0 for voter in members), reverse=True)
    return stored[majority(len(members)) - 1]


# [/committed_index]


def joint_committed_index(incoming: Iterable[Hashable], outgoing: Iterable[Hashable], acked: Mapping[Hashable, int]) -> int:  # fmt: skip
    """Give the highest log index that a majority of both configurations has stored."""
    return min(committed_index(incoming, acked), committed_index(outgoing, acked))

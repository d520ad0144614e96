"""Epochs, quorums and the fence: how a resource tells today's leader from yesterday's.

| word    | meaning                                                                                              |
|---------|------------------------------------------------------------------------------------------------------|
| epoch   | the number of a reign; every grant of leadership gets a larger one                                     |
| grant   | an epoch and who holds it                                                                             |
| quorum  | how many of n votes (its own included) a candidate needs                                               |
| token   | the epoch that a leader sends along with every write                                                  |
| fence   | the resource's own memory of the largest token it has seen; it refuses smaller ones                    |
| zombie  | a leader that was replaced and does not know it                                                       |

A lease alone does not stop a zombie: between looking at the lease and the arrival of the write, any time may pass. So
the *resource* has to look, and all it needs is one number. The definition of the token is Kleppmann's ("How to do
distributed locking", 2016): a number that grows with each grant; the resource refuses a smaller one.

This module imports nothing: a lesson that has leaders, controllers or jobs takes from it what it needs.
"""

from __future__ import annotations

QUORUMS = ("majority", "half", "one")


def quorum(nodes: int, rule: str = "majority") -> int:
    """Give how many of ``nodes`` votes (at least 1) a leader needs.

    ``rule``: "majority" is more than half, "half" is at least half, "one" is the candidate's own vote. ValueError for another
    rule or no nodes.
    """
    if not isinstance(nodes, int) or isinstance(nodes, bool) or nodes < 1:
        raise ValueError(f"a quorum of {nodes!r} nodes is not possible; there must be at least 1")
    if rule not in QUORUMS:
        raise ValueError(f"the quorum rule {rule!r} is not known; use one of {', '.join(QUORUMS)}")
    return {"majority": nodes // 2 + 1, "half": (nodes + 1) // 2, "one": 1}[rule]


class Office:
    """Grants reigns: each grant has a larger epoch than all before it. ``last`` is the epoch granted last (0: none), ``holder`` who has it."""

    def __init__(self, last: int = 0) -> None:
        self.last = last
        self.holder = ""

    def grant(self, holder: str) -> int:
        """Make ``holder`` the leader and give the epoch of this reign."""
        self.last += 1
        self.holder = holder
        return self.last


# [fence] one number, kept by the resource itself
class Fence:
    """The gate of a resource. ``highest`` is the largest epoch it has admitted (0: none), ``refused`` counts refusals."""

    def __init__(self) -> None:
        self.highest = self.refused = 0

    def admit(self, epoch: int) -> bool:
        """Say whether a write of this epoch may pass; an epoch below the highest one seen may not."""
        if epoch < self.highest:
            self.refused += 1
            return False
        self.highest = epoch
        return True


# [/fence]

"""Every mechanism of the five elections, as switches; the defaults are all on.

| switch           | of          | off, or another position                                                          |
|------------------|-------------|-----------------------------------------------------------------------------------|
| quorum           | all four    | "half": half of the nodes are enough; "one": a node's own word (the textbook's bully and ring) |
| bounded          | bully       | the timeout for an answer is shorter than the slowest answer                          |
| swallow          | ring        | smaller numbers are passed on, too                                                  |
| one_vote         | Raft        | a node votes for everybody who asks                                                  |
| durable          | Raft, Paxos | a crash makes a node forget its vote, or its promise                                   |
| up_to_date       | Raft        | a node votes whatever the candidate's log is                                          |
| current_term     | Raft        | a leader commits an entry of an older term as soon as a majority has it                 |
| checks_previous  | Raft        | a follower appends without looking whether the entry before matches                     |
| randomised       | Raft        | all timeouts are equal                                                              |
| adopts           | Paxos       | a proposer proposes its own value even where another was accepted                       |
| keeps_promise    | Paxos       | an acceptor accepts an older ballot after it has promised a newer one                   |
| backoff          | Paxos       | who was overtaken tries again at once                                                 |
| ephemeral        | ZooKeeper   | a node stays when its session ends                                                   |
| watch            | ZooKeeper   | "lowest": everybody watches the leader's node (with the herd)                          |
| rechecks         | ZooKeeper   | who is woken leads, without looking whether it is the lowest                            |
| check            | ZooKeeper   | "clock": the leader looks at its own clock before it writes; "none": nobody looks          |

``bug`` names a mutant of the zoo ("" for none).
"""

from __future__ import annotations

from dataclasses import dataclass

from dslab.concepts.elections.quorums import RULES

CHOICES = {"quorum": RULES, "watch": ("predecessor", "lowest"), "check": ("fence", "clock", "none")}


@dataclass(frozen=True)
class Switches:
    """The switches in the table above. ValueError for a position that does not exist."""

    quorum: str = "majority"
    bounded: bool = True
    swallow: bool = True
    one_vote: bool = True
    durable: bool = True
    up_to_date: bool = True
    current_term: bool = True
    checks_previous: bool = True
    randomised: bool = True
    adopts: bool = True
    keeps_promise: bool = True
    backoff: bool = True
    ephemeral: bool = True
    watch: str = "predecessor"
    rechecks: bool = True
    check: str = "fence"
    bug: str = ""

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is no position; use one of {', '.join(allowed)}"
                )

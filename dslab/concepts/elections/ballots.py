"""Who may win with which log, and what that makes safe to commit: Raft's two rules on five logs.

| word        | meaning                                                                                          |
|-------------|--------------------------------------------------------------------------------------------------|
| log         | the terms of a server's entries, in order: 1 1 4 is a log of three entries                          |
| candidate   | who asks for votes in a new term, which nobody has voted in                                          |
| rule        | how a voter compares logs: "up to date" (last term, then length), "longest" (length alone), "none"    |
| voters      | whose votes count: all five, or a joint configuration of two sets while the membership changes          |
| lost        | entries that a majority of the voters has, and that the winner lacks or has otherwise                   |

The log sets are the paper's Figures 7 (without its leader: six followers are too many for one picture, so five of them) and 8, and one
of our own in which the longest log is the wrong one. Source: Ongaro and Ousterhout 2014, sections 5.3 and 5.4, Figures 7 and 8.
"""

from __future__ import annotations

from typing import Any

from dslab.concepts.elections.quorums import LOST, WON, joint_committed_index, joint_vote_result
from dslab.concepts.elections.raftlog import Log
from dslab.sim.result import Metric, Result

Terms = tuple[int, ...]
LOGS: dict[str, tuple[Terms, ...]] = {
    "long but old": ((1, 1, 3), (1, 1, 3), (1, 1, 3), (1, 1), (1, 1, 2, 2, 2)),
    "Figure 8c": ((1, 2, 4), (1, 2), (1, 2), (1,), (1, 3)),
    "Figure 7": ((1, 1, 1, 4, 4, 5, 5, 6, 6), (1, 1, 1, 4), (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6), (1, 1, 1, 4, 4, 4, 4), (1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3)),
}  # fmt: skip
RULES = ("up to date", "longest", "none")
VOTERS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "all five": ((1, 2, 3, 4, 5), ()),
    "joint: 1 2 3 and 3 4 5": ((1, 2, 3), (3, 4, 5)),
    "only 1 2 3": ((1, 2, 3), ()),
}


def says_yes(rule: str, voter: Log, candidate: Log) -> bool:
    """Say whether a voter that is free to vote grants a candidate its vote under ``rule``."""
    if rule == "up to date":
        return voter.is_up_to_date(candidate.last_index, candidate.last_term)
    return rule == "none" or candidate.last_index >= voter.last_index


def stored_by_majority(
    logs: tuple[Terms, ...], voters: tuple[tuple[int, ...], tuple[int, ...]]
) -> list[tuple[int, int]]:
    """Give (index, term) of every entry that a majority of the voters has: what could have been committed."""
    found = []
    for index in range(1, max(map(len, logs)) + 1):
        terms = sorted({log[index - 1] for log in logs if len(log) >= index})
        for term in terms:
            acked = {
                n: index * (len(log) >= index and log[index - 1] == term) for n, log in enumerate(logs, 1)
            }
            if joint_committed_index(*voters, acked) == index:
                found.append((index, term))
    return found


def poll(
    logs: str = "long but old", candidate: int = 5, rule: str = "up to date", voters: str = "all five"
) -> Result:
    """Let server ``candidate`` (1 to 5) ask for votes; ``logs``, ``rule`` and ``voters`` are keys of `LOGS`, `RULES`, `VOTERS`.

    Metrics: ``yes`` votes, ``lost`` entries (a majority has them; the winner has not). ``params["result"]`` is won or lost, and the table ``servers`` has
    each server's log and answer. ValueError for anything else.
    """
    for name, value, known in (("logs", logs, LOGS), ("rule", rule, RULES), ("voters", voters, VOTERS)):
        if value not in known:
            raise ValueError(f"{name}={value!r} is no choice; use one of {', '.join(map(repr, known))}")
    if candidate not in range(1, 6):
        raise ValueError(f"there is no server {candidate!r}; there are 1 to 5")
    terms = LOGS[logs]
    own = Log.of_terms(*terms[candidate - 1])
    votes = {n: n == candidate or says_yes(rule, Log.of_terms(*log), own) for n, log in enumerate(terms, 1)}
    ended = joint_vote_result(*VOTERS[voters], votes)
    safe = stored_by_majority(terms, VOTERS[voters])
    lost = [entry for entry in safe if not own.matches(*entry)] if ended == WON else []
    counts = set(VOTERS[voters][0]) | set(VOTERS[voters][1])
    rows = [{"server": n, "log": " ".join(map(str, log)), "vote": "yes" if votes[n] else "no", "counts": "yes" if n in counts else "no"}
            for n, log in enumerate(terms, 1)]  # fmt: skip
    yes = sum(votes[n] for n in counts)
    params: dict[str, Any] = {
        "logs": logs,
        "candidate": candidate,
        "rule": rule,
        "voters": voters,
        "result": ended,
        "entries": lost,
    }
    metrics = {"yes": Metric("votes", yes, ""), "lost": Metric("entries lost", len(lost), "")}
    return Result(params, metrics, _told(params, yes, len(counts), lost), {}, {"servers": rows})


def _told(params: dict[str, Any], yes: int, voters: int, lost: list[tuple[int, int]]) -> str:
    text = f"Server {params['candidate']} gets {yes} of {voters} votes ({params['voters']} vote) and has {'won' if params['result'] != LOST else 'lost'}"
    if lost:
        gone = ", ".join(f"{index} (term {term})" for index, term in lost)
        return f"{text}; a majority has what it lacks: entry {gone}. If that was committed, it is lost now."
    return text + (
        "; it has every entry that a majority has." if params["result"] == WON else "; nothing is lost."
    )

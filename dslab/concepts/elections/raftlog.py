"""Raft's rules of the log, as plain functions and one small class: who may get a vote, what conflicts, what is committed.

| word        | meaning                                                                                          |
|-------------|--------------------------------------------------------------------------------------------------|
| entry       | an index (from 1, without holes), the term in which a leader made it, and data                       |
| last        | index and term of the newest entry; 0 and 0 for an empty log                                        |
| up to date  | a log is at least as up to date as another if its last term is larger, or equal and it is not shorter |
| conflict    | two entries with the same index and different terms: the one that came from the older leader goes     |
| match       | two logs match at an index if they have the same term there; then they are the same up to there         |
| committed   | an index that is never lost again: a majority has it, and it (or a later one) is of the leader's term   |
| compacted   | entries thrown away because a snapshot holds them; of the last one the index and the term are kept      |

The vote rule and the commit rule belong together: whoever can win has everything that was committed.
Source: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm" (2014), sections 5.3, 5.4 and Figure 2.
Return values follow the Raft library of etcd where the paper leaves them open (it is said where).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple

from dslab.concepts.elections.quorums import UNLIMITED, joint_committed_index


class Entry(NamedTuple):
    """One entry of a log: its ``index`` (at least 1), the ``term`` of the leader that made it, and ``data``."""

    index: int
    term: int
    data: Any = None


# [up_to_date] compare the last terms; only among equals does length decide
def is_up_to_date(last_index: int, last_term: int, candidate_index: int, candidate_term: int) -> bool:
    """Say whether a candidate's log (its last index and term) is at least as up to date as mine (``last_index``, ``last_term``)."""
    if candidate_term != last_term:
        return candidate_term > last_term
    return candidate_index >= last_index


# [/up_to_date]


def grants_vote(term: int, voted_for: Hashable | None, last_index: int, last_term: int, candidate: Hashable,
                candidate_term: int, candidate_index: int, candidate_last_term: int) -> bool:  # fmt: skip
    """Say whether a node grants its vote (Figure 2, RequestVote).

    ``term``, ``voted_for`` (None: nobody yet), ``last_index``, ``last_term`` are the node's own. A request of an older term is
    refused; in a newer one the node has not voted yet; in its own term it votes once (the same candidate may ask again).
    """
    if candidate_term < term:
        return False
    free = candidate_term > term or voted_for is None or voted_for == candidate
    return free and is_up_to_date(last_index, last_term, candidate_index, candidate_last_term)


class Log:
    """A log with its ``committed`` index; ``entries`` are those after ``compacted`` (index and term of the last one left out).

    Raises ValueError for entries with holes, or terms that fall, or a committed index outside the log.
    """

    def __init__(self, entries: Iterable[Entry | tuple] = (), committed: int = 0, compacted: tuple[int, int] = (0, 0)) -> None:  # fmt: skip
        self.offset, self.offset_term = compacted
        self.entries: list[Entry] = []
        self.append(entries)
        self.committed = self.offset
        if committed:
            self.commit_to(committed)

    @classmethod
    def of_terms(cls, *terms: int, committed: int = 0) -> Log:
        """Make a log whose entries 1, 2, 3 ... have these terms."""
        return cls((Entry(index, term) for index, term in enumerate(terms, 1)), committed)

    @property
    def first_index(self) -> int:
        """The index of the first entry that is still there (1 for a log that was never compacted)."""
        return self.offset + 1

    @property
    def last_index(self) -> int:
        """The index of the newest entry; 0 for an empty log."""
        return self.offset + len(self.entries)

    @property
    def last_term(self) -> int:
        """The term of the newest entry; 0 for an empty log."""
        return self.entries[-1].term if self.entries else self.offset_term

    @property
    def terms(self) -> tuple[int, ...]:
        """The terms of the entries that are there, in order."""
        return tuple(entry.term for entry in self.entries)

    def term(self, index: int) -> int | None:
        """Give the term at ``index``; 0 at index 0; None where it is beyond the log, or compacted away."""
        if index == self.offset:
            return self.offset_term
        if self.offset < index <= self.last_index:
            return self.entries[index - self.offset - 1].term
        return None

    def matches(self, index: int, term: int) -> bool:
        """Say whether this log has an entry of ``term`` at ``index`` (index 0 with term 0 matches every log)."""
        return self.term(index) == term

    def is_up_to_date(self, candidate_index: int, candidate_term: int) -> bool:
        """Say whether a candidate's log with this last index and term is at least as up to date as this one."""
        return is_up_to_date(self.last_index, self.last_term, candidate_index, candidate_term)

    # -- append --------------------------------------------------------------------------------------

    # [conflict] the first entry that is new, or that contradicts mine
    def find_conflict(self, entries: Iterable[Entry | tuple]) -> int:
        """Give the index of the first of ``entries`` that this log has not, or has with another term; 0 where it has them all."""
        for entry in entries:
            if not self.matches(entry[0], entry[1]):
                return entry[0]
        return 0

    # [/conflict]

    def find_conflict_by_term(self, index: int, term: int) -> int:
        """Give the largest index up to ``index`` at which this log's term is at most ``term``: the next place to try.

        As in etcd: an index beyond the log, or compacted away, is given back as it is.
        """
        while index > 0:
            own = self.term(index)
            if own is None or own <= term:
                return index
            index -= 1
        return 0

    def append(self, entries: Iterable[Entry | tuple]) -> int:
        """Put ``entries`` where their indices say; what stood there and after it goes. Gives the last index.

        ValueError for a hole, for terms that fall, or where something committed would go.
        """
        new = [Entry(*entry) for entry in entries]
        if not new:
            return self.last_index
        first = new[0].index
        if not self.offset < first <= self.last_index + 1:
            raise ValueError(f"entry {first} leaves a hole, or lies before the log; the log goes from {self.first_index} to {self.last_index}")  # fmt: skip
        if first <= getattr(self, "committed", 0):
            raise ValueError(
                f"entry {first} is committed already (up to {self.committed}); it cannot be replaced"
            )
        terms = [self.term(first - 1) or 0, *(entry.term for entry in new)]
        if [entry.index for entry in new] != list(range(first, first + len(new))) or terms != sorted(terms):
            raise ValueError(
                f"entries must have indices without holes and terms that never fall; got {new!r}"
            )
        self.entries[first - self.offset - 1 :] = new
        return self.last_index

    # [maybe_append] the follower: match first, then cut what conflicts, then commit what it may
    def maybe_append(self, index: int, term: int, committed: int, entries: Iterable[Entry | tuple] = ()) -> int | None:  # fmt: skip
        """Take what a leader sent: ``entries`` that follow its entry ``index`` of ``term``; it has committed up to ``committed``.

        Gives the last index that is now known to match the leader's, or None where the logs do not match at ``index``.
        Entries that are there already stay, and so does what follows them; a conflict and all after it goes. ValueError where
        a committed entry would go: then a rule was broken before.
        """
        if not self.matches(index, term):
            return None
        new = [Entry(*entry) for entry in entries]
        last = index + len(new)
        conflict = self.find_conflict(new)
        if conflict:
            self.append(new[conflict - index - 1 :])
        self.commit_to(min(committed, last))
        return last

    # [/maybe_append]

    # -- commit --------------------------------------------------------------------------------------

    def commit_to(self, index: int) -> None:
        """Know that everything up to ``index`` is committed; it never goes back. ValueError beyond the end of the log."""
        if index > self.last_index:
            raise ValueError(
                f"entry {index} cannot be committed; the log ends at {self.last_index}. Was it lost?"
            )
        self.committed = max(self.committed, index)

    # [maybe_commit] a majority has it, and it is of my own term
    def maybe_commit(self, index: int, term: int) -> bool:
        """Commit up to ``index`` if that is new and the entry there is of ``term``, the leader's own; give whether it was."""
        if index <= self.committed or self.term(index) != term:
            return False
        self.commit_to(index)
        return True

    # [/maybe_commit]


def commit(log: Log, term: int, match: Mapping[Hashable, int], voters: Iterable[Hashable] | None = None,
           outgoing: Iterable[Hashable] = ()) -> int:  # fmt: skip
    """Let a leader of ``term`` commit what it may, and give its committed index.

    ``match`` maps each node, the leader too, to the highest index known to match the leader's log; ``voters`` (None: all in
    ``match``) and ``outgoing`` are the configuration, joint where outgoing has nodes.
    """
    quorum_has = joint_committed_index(match if voters is None else voters, outgoing, match)
    if quorum_has != UNLIMITED:
        log.maybe_commit(quorum_has, term)
    return log.committed

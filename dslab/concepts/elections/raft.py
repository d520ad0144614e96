"""Raft: terms, one vote a term, logs that must be up to date, and timeouts drawn at random.

| word       | meaning                                                                                        |
|------------|------------------------------------------------------------------------------------------------|
| term       | a number that every message carries; who sees a larger one adopts it and follows                    |
| follower   | waits for a heartbeat; after its timeout it becomes a candidate                                   |
| candidate  | has begun a new term, voted for itself, and asks all others                                        |
| vote       | at most one a term, stored before it is sent, and only for a log at least as up to date as one's own   |
| split vote | several candidates and no majority: all wait for another timeout; random ones seldom coincide         |
| append     | a heartbeat, and entries if there are any, with index and term of the entry before them               |
| commit     | an entry of the leader's own term that a majority has; then everything before it, too                 |

Two leaders of one term would need two majorities, which share a node that voted twice. Leaders of *different* terms there can be at the
same time: an old one that is cut off does not know it yet. It cannot commit anything.

Source: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", 2014, Figure 2. The rules of the log are those
of `dslab.concepts.elections.raftlog`.
"""

from __future__ import annotations

from typing import Any

from dslab.concepts.elections.members import Member
from dslab.concepts.elections.raftlog import Entry, Log, grants_vote, is_up_to_date


class Raft(Member):
    """A member with a term, a vote and a log."""

    reign_word = "term"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.term, self.voted_for = 0, None
        self.log = Log()
        self.votes: set[int] = set()
        self.match: dict[int, int] = {}  # what each other member is known to have
        self.next: dict[int, int] = {}  # what to send each next
        self.proposes: Any = None  # what it puts into the log as soon as it leads
        self.script: list[int] | None = None  # timeouts to use in place of random ones

    def forget(self) -> None:
        """Lose what is volatile; without ``durable`` the vote, too."""
        self.votes, self.match = set(), {}
        self.log.committed = self.log.offset
        if not self.switches.durable:
            self.voted_for = None

    def draw_us(self) -> int:
        """Draw a timeout, or take the next of the script."""
        return self.script.pop(0) if self.script else super().draw_us()

    # -- elections -----------------------------------------------------------------------------------------

    # [candidate] a new term, my own vote, and a question to everybody
    def suspect(self) -> None:
        """Become a candidate of a new term."""
        self.stop_leading()
        self.term, self.voted_for, self.leader = self.term + 1, self.number, None
        self.votes = {self.number}
        self.show("candidate", self.term)
        for number in self.others:
            self.post(number, "request", term=self.term, index=self.log.last_index, log_term=self.log.last_term)  # fmt: skip
        self.timer(self.draw_us())
        self._count()

    # [/candidate]

    def on_request(self, src: int, term: int, index: int, log_term: int) -> None:
        """Vote, or say no."""
        grant = self._grants(src, term, index, log_term)
        self._see(term)
        if grant:
            self.voted_for = src
            self.listen()
        self.post_stored(src, "vote", term=self.term, granted=grant)

    def _grants(self, src: int, term: int, index: int, log_term: int) -> bool:
        own = (self.log.last_index, self.log.last_term)
        if self.switches.bug == "longest log":
            return self._first(src, term) and index >= own[0]
        if not self.switches.up_to_date:
            return self._first(src, term)
        if not self.switches.one_vote:
            return term >= self.term and is_up_to_date(*own, index, log_term)
        return grants_vote(self.term, self.voted_for, *own, src, term, index, log_term)

    def _first(self, src: int, term: int) -> bool:
        return term > self.term or (term == self.term and self.voted_for in (None, src))

    def on_vote(self, src: int, term: int, granted: bool) -> None:
        """Count a vote of this term."""
        self._see(term)
        counts = term == self.term or self.switches.bug == "counts old votes"
        if granted and counts and self.leader is None:
            self.votes.add(src)
            self._count()

    def _count(self) -> None:
        if len(self.votes) >= self.cluster.needed and not self.leads and self.voted_for == self.number:
            self.lead(self.term)
            self.match = dict.fromkeys(self.others, 0)
            self.next = dict.fromkeys(self.others, self.log.last_index + 1)
            if self.proposes is None:
                self.append_to_all()
            else:
                self.propose(self.proposes)

    def _see(self, term: int) -> None:
        """A larger term: adopt it, follow, have not voted yet."""
        if term > self.term:
            self.term, self.voted_for, self.votes, self.leader = term, None, set(), None
            if self.leads:
                self.stop_leading()
                self.listen()
            self.show("follower", term)

    # -- the log --------------------------------------------------------------------------------------------

    def propose(self, data: Any) -> None:
        """Put an entry into the leader's log and send it round."""
        self.log.append([(self.log.last_index + 1, self.term, data)])
        self.append_to_all()

    def append_to_all(self) -> None:
        """Send everybody what it has not, as far as the leader knows; a heartbeat where that is nothing."""
        for number in self.others:
            self.append_to(number)
        self.timer(self.cluster.timing.heartbeat_us)

    def append_to(self, number: int) -> None:
        """Send one member the entries that come next for it, with what stands before them."""
        before = self.next[number] - 1
        new = tuple(self.log.entries[before:])
        self.post(number, "append" if new else "heartbeat", term=self.term, index=before,
                  log_term=self.log.term(before), entries=new, committed=self.log.committed)  # fmt: skip

    def on_append(self, src: int, term: int, index: int, log_term: int, entries: tuple[Entry, ...], committed: int) -> None:  # fmt: skip
        """Take entries from the leader of this term; say up to where the logs match now."""
        self._see(term)
        if term < self.term:
            self.post(src, "heard", term=self.term, match=0, ok=False)
            return
        self.leader = src
        self.listen()
        last = self._take(index, log_term, committed, entries)
        self._promised()
        self.node.state["log"] = " ".join(map(str, self.log.terms))
        self.post(src, "heard", term=self.term, match=index if last is None else last, ok=last is not None)

    def _take(self, index: int, log_term: int, committed: int, entries: tuple[Entry, ...]) -> int | None:
        if self.switches.checks_previous:
            try:
                return self.log.maybe_append(index, log_term, committed, entries)
            except ValueError as broken:  # the log refuses to lose what was committed
                self.cluster.complain("COMMITTED_STAYS", f"node {self.number}: {broken}")
                return None
        new = [entry for entry in entries if entry.index > self.log.committed]
        if new and new[0].index <= self.log.last_index + 1:
            self.log.append(new)
        self.log.committed = max(self.log.committed, min(committed, self.log.last_index))
        return self.log.last_index

    on_heartbeat = on_append

    def on_heard(self, src: int, term: int, match: int, ok: bool) -> None:
        """Learn what a member has; try an earlier place where the logs do not match."""
        self._see(term)
        if not self.leads or term != self.term:
            return
        if not ok:
            if 0 < match < self.next[src]:
                self.next[src] = match
                self.append_to(src)
            return
        self.match[src] = max(self.match[src], match)
        self.next[src] = self.match[src] + 1
        self._commit()
        if self.match[src] < self.log.last_index:
            self.append_to(src)

    # [commit] what a majority has, if it is of my own term
    def _commit(self) -> None:
        stored = sorted([self.log.last_index, *self.match.values()], reverse=True)
        index = stored[self.cluster.needed - 1]
        if self.switches.current_term:
            self.log.maybe_commit(index, self.term)
        elif index > self.log.committed:
            self.log.commit_to(index)
        # [/commit]
        self._promised()

    def _promised(self) -> None:
        """What this node holds for committed must be what everybody held for it before."""
        promised = self.world.facts.setdefault("committed", {})
        for entry in self.log.entries[: self.log.committed]:
            first = promised.setdefault(entry.index, entry)
            if first != entry:
                self.cluster.complain("COMMITTED_STAYS", f"node {self.number} takes {entry.data!r} for committed at index {entry.index}, where {first.data!r} was")  # fmt: skip

    def timeout(self) -> None:
        """The leader beats; others become candidates."""
        if self.leads:
            self.append_to_all()
        else:
            self.suspect()

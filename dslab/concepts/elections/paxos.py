"""Paxos: a majority decides a value, once; here the value is who leads the next reign.

| word     | meaning                                                                                         |
|----------|-------------------------------------------------------------------------------------------------|
| reign    | the decision that is to be made: "who leads reign 3?"; each reign is a Paxos of its own              |
| ballot   | a try, numbered (round, proposer); a later one may overtake an earlier one                         |
| prepare  | phase 1: "promise me to accept nothing older than this ballot, and tell me what you have accepted"    |
| promise  | the answer, with the value accepted under the highest ballot, if any                               |
| accept   | phase 2: "accept this value under this ballot"                                                    |
| chosen   | accepted by a majority under one ballot; nothing can change it any more                             |

Who proposes must adopt the accepted value of the highest ballot among its promises: it might have been chosen. That is what makes
Paxos safe whatever the network does. Two proposers can overtake each other for ever (a duel); waiting a random time ends it,
likely and not certainly. Paxos decides values; a leader is one use of it.

Source: Lamport, "The Part-Time Parliament" (1998) and "Paxos Made Simple" (2001).
"""

from __future__ import annotations

from typing import Any

from dslab.concepts.elections.members import Member

Ballot = tuple[int, int]
NEVER: Ballot = (0, 0)


class Paxos(Member):
    """A member that is proposer, acceptor and learner."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.promised: dict[int, Ballot] = {}
        self.accepted: dict[int, tuple[Ballot, int]] = {}
        self.known: dict[int, int] = {}  # of each reign: who leads it
        self.try_: dict[str, Any] = {}
        self.round = 0

    def forget(self) -> None:
        """Lose the try that was under way, and the promises where they are not durable."""
        self.try_ = {}
        if not self.switches.durable:
            self.promised, self.accepted, self.known = {}, {}, {}

    @property
    def reign(self) -> int:
        """The reign that is to be decided next."""
        return max(self.known, default=0) + 1

    # -- proposer ----------------------------------------------------------------------------------------

    def suspect(self) -> None:
        """Begin phase 1 of the next reign."""
        self.stop_leading()
        self.round += 1
        ballot, reign = (self.round, self.number), self.reign
        self.try_ = {"reign": reign, "ballot": ballot, "promises": {}, "value": None, "accepts": set()}
        self.show("proposes", reign)
        for number in self.others:
            self.post(number, "prepare", reign=reign, ballot=ballot)
        self.on_prepare(self.number, reign, ballot)
        self.timer(self.draw_us())

    # [promise] a majority has promised: take the value of the highest ballot among them, or my own
    def on_promise(self, src: int, reign: int, ballot: Ballot, accepted: tuple[Ballot, int] | None) -> None:
        """Count a promise; with a majority begin phase 2."""
        if not self._mine(reign, ballot) or self.try_["value"] is not None:
            return
        promises = self.try_["promises"]
        promises[src] = accepted
        if len(promises) >= self.cluster.needed:
            earlier = [found for found in promises.values() if found]
            adopts = earlier and self.switches.adopts
            value = self.try_["value"] = max(earlier)[1] if adopts else self.number
            # [/promise]
            for number in self.others:
                self.post(number, "accept", reign=reign, ballot=ballot, value=value)
            self.on_accept(self.number, reign, ballot, value)

    def on_accepted(self, src: int, reign: int, ballot: Ballot) -> None:
        """Count an acceptance; with a majority the value is chosen."""
        if not self._mine(reign, ballot):
            return
        self.try_["accepts"].add(src)
        if len(self.try_["accepts"]) >= self.cluster.needed:
            value, self.try_ = self.try_["value"], {}
            self._chosen(reign, value)
            for number in self.others:
                self.post(number, "heartbeat" if value == self.number else "chosen", reign=reign, value=value)

    def on_overtaken(self, src: int, reign: int, ballot: Ballot, by: Ballot) -> None:
        """Somebody has promised more to another: try again, after a random time or at once."""
        if not self._mine(reign, ballot):
            return
        self.try_, self.round = {}, max(self.round, by[0])
        low, high = self.cluster.timing.suspect_us
        self.timer(self.world.rng.randint(low // 2, high) if self.switches.backoff else 0)

    def _mine(self, reign: int, ballot: Ballot) -> bool:
        return bool(self.try_) and (self.try_["reign"], self.try_["ballot"]) == (reign, ballot)

    # -- acceptor ----------------------------------------------------------------------------------------

    # [acceptor] two numbers and a value: what was promised, and what was accepted
    def on_prepare(self, src: int, reign: int, ballot: Ballot) -> None:
        """Promise to accept nothing older than ``ballot``, unless more was promised already."""
        if reign in self.known:
            self._answer(src, "chosen", reign=reign, value=self.known[reign])
        elif ballot > self.promised.get(reign, NEVER):
            self.promised[reign] = ballot
            self._answer(src, "promise", reign=reign, ballot=ballot, accepted=self.accepted.get(reign))
        else:
            self._answer(src, "overtaken", reign=reign, ballot=ballot, by=self.promised[reign])

    def on_accept(self, src: int, reign: int, ballot: Ballot, value: int) -> None:
        """Accept, unless a newer ballot was promised."""
        if ballot >= self.promised.get(reign, NEVER) or not self.switches.keeps_promise:
            self.promised[reign] = max(ballot, self.promised.get(reign, NEVER))
            self.accepted[reign] = (ballot, value)
            self._answer(src, "accepted", reign=reign, ballot=ballot)
        else:
            self._answer(src, "overtaken", reign=reign, ballot=ballot, by=self.promised[reign])

    # [/acceptor]

    def _answer(self, dst: int, name: str, **payload: Any) -> None:
        if dst == self.number:
            getattr(self, f"on_{name}")(dst, **payload)
        elif name in ("promise", "accepted"):
            self.post_stored(dst, name, **payload)
        else:
            self.post(dst, name, **payload)

    # -- learner -----------------------------------------------------------------------------------------

    def _chosen(self, reign: int, value: int) -> None:
        newest = reign >= self.reign
        if self.known.setdefault(reign, value) != value:
            self.cluster.complain("ONE_VALUE", f"node {self.number} learned that {self.known[reign]} and {value} lead reign {reign}")  # fmt: skip
        winners = self.cluster.winners.setdefault(reign, [])
        if value not in winners:
            winners.append(value)
        if not newest:
            return
        self.leader, self.try_ = value, {}
        if value == self.number:
            self.lead(reign)
            self.timer(self.cluster.timing.heartbeat_us)
        else:
            self.stop_leading()
            self.show(f"follows {value}")
            self.listen()

    def on_chosen(self, src: int, reign: int, value: int) -> None:
        """Learn who leads a reign."""
        self._chosen(reign, value)

    def on_heartbeat(self, src: int, reign: int, value: int) -> None:
        """Hear the leader of a reign; a reign that is over is told so."""
        if reign < self.reign - 1:
            self.post(src, "chosen", reign=self.reign - 1, value=self.known[self.reign - 1])
            return
        if self.leader == src and self.known.get(reign) == src:
            self.listen()
        else:
            self._chosen(reign, value)

    def timeout(self) -> None:
        """The leader beats; others begin phase 1."""
        if not self.leads:
            self.suspect()
            return
        for number in self.others:
            self.post(number, "heartbeat", reign=self.leads, value=self.number)
        self.timer(self.cluster.timing.heartbeat_us)

    reign_word = "reign"

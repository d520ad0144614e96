"""Bully: the highest number that answers leads. It trusts the clock.

| word     | meaning                                                                                        |
|----------|------------------------------------------------------------------------------------------------|
| election | "is anybody there with a higher number than mine?", sent to all of those                          |
| alive    | the answer: "I am; leave it to me"                                                               |
| leader   | the announcement, sent to all lower numbers                                                      |
| follow   | the answer to the announcement, needed only where a leader must have a quorum behind it             |

Who suspects the leader asks all higher numbers. Who is asked answers, and asks in turn. Who hears nothing for ``answer_us`` takes all
higher ones for dead and announces itself. Silence counts as death, so it needs a bound on how long an answer can take: with it there
is one leader, without it there are two (Stoller). And it says nothing of a partition: on each side somebody is the highest.
With ``quorum`` "majority", which is not in the algorithm, an announcement counts only when more than half have answered it.

Source: Garcia-Molina, "Elections in a Distributed Computing System", 1982; Stoller's papers on it for asynchronous systems.
"""

from __future__ import annotations

from dslab.concepts.elections.members import Member


class Bully(Member):
    """A member that asks upwards and announces downwards."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.phase = "follower"  # follower, asking, waiting (for the announcement), announced, leader
        self.behind: set[int] = set()

    def forget(self) -> None:
        """Lose the phase."""
        self.phase, self.behind = "follower", set()

    @property
    def higher(self) -> list[int]:
        """The members with higher numbers."""
        return [number for number in self.others if number > self.number]

    @property
    def answer_us(self) -> int:
        """How long it waits for an answer."""
        bound = self.cluster.timing.answer_us
        return bound if self.switches.bounded else bound // 10

    # [suspect] ask everybody above me; silence means that I am the highest
    def suspect(self) -> None:
        """Ask all higher numbers."""
        self.stop_leading()
        self.leader, self.phase = None, "asking"
        self.show("asking")
        if not self.higher:
            self.announce()
            return
        for number in self.higher:
            self.post(number, "election")
        self.timer(self.answer_us)

    def on_election(self, src: int) -> None:
        """Answer a lower number, and take over."""
        self.post(src, "alive")
        if self.phase == "leader":
            self.post(src, "leader")
        elif self.phase == "follower":
            self.suspect()

    def on_alive(self, src: int) -> None:
        """Somebody higher is there: wait for its announcement."""
        if self.phase in ("asking", "announced"):
            self.phase = "waiting"
            self.stop_leading()
            self.timer(4 * self.answer_us + self.draw_us() // 10)

    # [/suspect]

    def announce(self) -> None:
        """Tell all lower numbers, and lead, at once or when enough have answered."""
        self.phase, self.behind = "announced", {self.number}
        for number in self.others:
            if number < self.number:
                self.post(number, "leader")
        self._lead_with_enough()
        if self.phase == "announced":
            self.timer(4 * self.answer_us + self.draw_us())

    def _lead_with_enough(self) -> None:
        if self.phase == "announced" and len(self.behind) >= self.cluster.needed:
            self.phase = "leader"
            self.lead(1)
            self.beat()

    def on_leader(self, src: int) -> None:
        """Follow whoever announces itself, unless its number is lower than mine."""
        if src < self.number:
            self._overrule(src)
            return
        self.stop_leading()
        self.phase, self.leader = "follower", src
        self.show(f"follows {src}")
        if self.switches.quorum != "one":
            self.post(src, "follow")
        self.listen()

    def on_follow(self, src: int) -> None:
        """Count who follows."""
        self.behind.add(src)
        self._lead_with_enough()

    def _overrule(self, src: int) -> None:
        """Somebody lower leads: tell it who does, or begin an election."""
        if self.phase == "leader":
            self.post(src, "leader")
        elif self.phase == "follower":
            self.suspect()

    # -- heartbeats --------------------------------------------------------------------------------------

    def beat(self) -> None:
        """Send a heartbeat to all."""
        for number in self.others:
            self.post(number, "heartbeat")
        self.behind = {self.number}
        self.timer(self.cluster.timing.heartbeat_us)

    def on_heartbeat(self, src: int) -> None:
        """Hear the leader: keep following it; one that is lower than mine is overruled."""
        if src < self.number:
            self._overrule(src)
        elif src > self.number:
            self.stop_leading()
            self.phase, self.leader = "follower", src
            if self.switches.quorum != "one":
                self.post(src, "heard")
            self.listen()

    def on_heard(self, src: int) -> None:
        """Count who hears me."""
        self.behind.add(src)

    def timeout(self) -> None:
        """No answer: announce. No heartbeat, or no announcement: ask again. The leader: beat, or stop without a quorum."""
        if self.phase == "asking":
            self.announce()
        elif self.phase != "leader":
            self.suspect()
        elif len(self.behind) >= self.cluster.needed:
            self.beat()
        else:
            self.stop_leading()
            self.phase = "follower"
            self.listen()

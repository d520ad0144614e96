"""The switches of lesson 6: every mechanism of the sauna and of the theory behind it, on unless turned off.

| word           | meaning                                                                                              |
|----------------|------------------------------------------------------------------------------------------------------|
| follower       | somebody who cannot tell time                                                                         |
| clocked person | somebody who stays for one session, by a watch                                                        |
| anchor         | the person whose exit a follower waits for                                                            |
| rule           | how a follower chooses: the next to enter, somebody inside, everybody inside (snapshot), a bad clock    |
| witness        | whom a newcomer found inside; proof that its entry came after theirs                                   |
| attendant      | a clocked person who does rounds after closing time, until the room is empty                            |

The rule is Murat Demirbas's (8 January 2026). Witness, reserved seat and attendant are ours: what the rule needs to survive
messages that are late, a room that is full, and an evening on which nobody comes any more.
"""

from __future__ import annotations

from dataclasses import dataclass

MINUTE_US = 60_000_000
SESSION_MIN = 10
SESSION_US = SESSION_MIN * MINUTE_US
RULES = ("next", "inside", "snapshot", "clock")
STAMPS = ("vector", "lamport")
BUGS = (
    "",
    "anchors anew",
    "leaves with anybody",
    "takes itself for its anchor",
    "reserves for followers",
    "checks the sender only",
    "one round only",
    "rounds share a name",
)
_ON_OFF = (
    "witness", "remember_exits", "reserved_seat", "attendant", "delivery_rule", "tracked_shout", "dots",
)  # fmt: skip


@dataclass(frozen=True)
class Switches:
    """Every mechanism, on.

    ``rule``: "next" (the first to enter after me), "inside" (somebody who was there before me), "snapshot" (leave when all
    whom I found have gone), "clock" (my own, which runs ``clock_speed`` times too fast; over 0). ``witness``: a notice of
    an entry names those whom the newcomer found. ``remember_exits``: an exit that is heard of before the entry counts.
    ``reserved_seat``: followers never take the last seat. ``attendant``: rounds after closing. ``delivery_rule``: a broadcast is
    delivered after all that it depends on. ``tracked_shout``: what is called through the door carries a clock too. ``stamps``:
    what an observer concludes from. ``dots``: a stored value is named by the one write that made it. ``bug``: a mutant.

    Raises ValueError, naming the value and the choices, for anything else.
    """

    rule: str = "next"
    clock_speed: float = 1.0
    witness: bool = True
    remember_exits: bool = True
    reserved_seat: bool = True
    attendant: bool = True
    delivery_rule: bool = True
    tracked_shout: bool = True
    stamps: str = "vector"
    dots: bool = True
    bug: str = ""

    def __post_init__(self) -> None:
        for name, choices in (("rule", RULES), ("stamps", STAMPS), ("bug", BUGS)):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is no choice; use one of {', '.join(map(repr, choices))}"
                )
        for name in _ON_OFF:
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}={getattr(self, name)!r} is no switch position; use True or False")
        if not isinstance(self.clock_speed, int | float) or not 0 < self.clock_speed < float("inf"):
            raise ValueError(
                f"clock_speed={self.clock_speed!r} is not possible; use a number over 0 (1 is right, 5 five times too fast)"
            )

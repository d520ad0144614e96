"""Circuit breaker: stop calling what does not answer, and find out gently when it does again.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| closed     | calls pass; failures in a row are counted                                                              |
| open       | calls are refused at once, for a cool-down                                                             |
| half-open  | the cool-down is over: one call, the probe, may pass and decides                                        |
| probe      | its success closes the breaker, its failure opens it again                                              |
| generation | a number that grows with each change of state; a result counts only in the generation its call began in    |
| lease      | a probe that gives no result within so long is given up, and another may try                              |

The protocol: `Breaker.allow` gives a ticket or None (refused); `Breaker.report` brings the ticket back with the result. (After Nygard, *Release
It!*, 2007.) Three things are easily forgotten, and the referee looks for each: a late result from before must not decide; only one probe at a
time; a probe that never comes back must not leave the breaker half-open for ever.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from dslab.concepts.switches import Switches
from dslab.sim import World, sleep, step
from dslab.sim.result import Metric, Result, Series

STATES = ("closed", "open", "half-open")


class Ticket(NamedTuple):
    """Permission for one call: the generation and the state in which it was given."""

    generation: int
    state: str


class Breaker:
    """``failures``: so many in a row open it (1 or more); ``cool_us`` µs it stays open; ``lease_us`` µs a probe may take. Times are whole µs."""

    def __init__(
        self,
        failures: int = 2,
        cool_us: int = 10_000,
        lease_us: int = 20_000,
        switches: Switches | None = None,
    ) -> None:
        if failures < 1 or cool_us < 0 or lease_us < 1:
            raise ValueError(
                "a breaker needs at least 1 failure to open, a cool-down of at least 0 µs and a lease of at least 1 µs"
            )
        self.failures, self.cool_us, self.lease_us = failures, cool_us, lease_us
        self.switches = switches or Switches()
        self.state, self.generation, self.row = "closed", 0, 0
        self.since = 0  # of this state
        self.probe_at: int | None = None
        self.changes: list[tuple[int, str, str]] = []  # when, to which state, why

    def _turn(self, state: str, now: int, why: str) -> None:
        self.state, self.since, self.row, self.probe_at = state, now, 0, None
        self.generation += 1
        self.changes.append((now, state, why))

    # [allow] may a call pass now?
    def allow(self, now: int) -> Ticket | None:
        """Give a ticket for a call at ``now``, or None where it is refused."""
        if self.state == "open" and now >= self.since + self.cool_us:
            self._turn("half-open", now, "cool-down over")
        if self.state == "open":
            return None
        if self.state == "half-open":
            if self.switches.one_probe and self._probing(now):
                return None
            self.probe_at = now
        return Ticket(self.generation, self.state)

    # [/allow]
    def _probing(self, now: int) -> bool:
        given_up = (
            self.switches.probe_timeout and self.probe_at is not None and now >= self.probe_at + self.lease_us
        )
        return self.probe_at is not None and not given_up

    # [report] what a result does, if it still counts
    def report(self, ticket: Ticket, ok: bool, now: int) -> None:
        """Bring a ticket back with its result."""
        if self.switches.generations and ticket.generation != self.generation:
            return
        if self.state == "half-open":
            whose = "a probe's" if ticket.state == "half-open" else "an old call's"
            self._turn("closed" if ok else "open", now, whose)
        elif self.state == "closed":
            self.row = 0 if ok else self.row + 1
            if self.row >= self.failures:
                self._turn("open", now, f"{self.failures} failures in a row")

    # [/report]


def calls_to_open(error: float, failures: int) -> float:
    """Closed form: calls until ``failures`` in a row, each failing with chance ``error`` (above 0 to 1): (error^-k - 1) / (1 - error), or k."""
    if not 0 < error <= 1:
        raise ValueError(f"error={error!r} is not possible; it must be above 0 and at most 1")
    return failures if error == 1 else (error**-failures - 1) / (1 - error)


def outage(
    failures: int = 5,
    cool_s: float = 5.0,
    error: float = 2.0,
    rate: float = 50.0,
    breaker: bool = True,
    seed: int = 1,
) -> Result:
    """60 s of calls: a healthy service with ``error`` per cent failures, all failing (each after 1 s) from 20 s to 40 s.

    ``rate`` calls per second. Metrics: ``wasted`` (calls sent into the outage), ``waited`` (s callers waited for nothing), ``refused`` in all, ``late`` (s from the end of
    the outage to closed, 0 without), ``false`` (times it opened while the service was well), ``theory`` (calls until it opens by chance).
    """
    rng, guard = random.Random(seed), Breaker(failures, round(cool_s * 1e6), 5_000_000)
    pending: list[tuple[float, Ticket, bool]] = []
    wasted = refused = sent = 0
    per = {"answered": [0] * 60, "failed": [0] * 60, "refused": [0] * 60}
    for number in range(round(60 * rate)):
        now = number / rate
        while pending and pending[0][0] <= now:
            at, ticket, ok = pending.pop(0)
            guard.report(ticket, ok, round(at * 1e6))
        ticket = guard.allow(round(now * 1e6)) if breaker else Ticket(0, "closed")
        if ticket is None:
            refused += 1
            per["refused"][int(now)] += 1
            continue
        down = 20 <= now < 40
        ok = not down and rng.random() >= error / 100
        sent, wasted = sent + 1, wasted + down
        per["answered" if ok else "failed"][int(now)] += 1
        if breaker:
            pending.append((now + (1.0 if down else 0.02), ticket, ok))
            pending.sort(key=lambda item: item[0])
    false = sum(state == "open" and not 20e6 <= at < 41.1e6 for at, state, _ in guard.changes)
    closed = [at / 1e6 for at, state, _ in guard.changes if state == "closed" and at >= 40e6]
    late = closed[0] - 40 if breaker and closed else 0.0
    x = tuple(range(60))
    series = {name: Series(name, x, tuple(counts)) for name, counts in per.items()}
    expected = calls_to_open(error / 100, failures) if error else 0.0
    metrics = {
        "wasted": Metric("calls into the outage", wasted), "waited": Metric("seconds waited for nothing", float(wasted), "s"), "refused": Metric("refused", refused),
        "late": Metric("closed again after", late, "s"), "false": Metric("opened by chance", false), "theory": Metric("calls until it opens by chance", expected),
    }  # fmt: skip
    if breaker:
        text = (
            f"{failures} failures in a row open it: {wasted} calls go into an outage of 20 s instead of {20 * rate:.0f}, it closes {late:.1f} s after the end, and "
            f"opened {false} times while the service was well ({error:g} % errors)."
        )
    else:
        text = f"Without a breaker all {wasted} calls of the outage are sent, and their callers wait {wasted} seconds in all for nothing."
    return Result({"failures": failures, "cool_s": cool_s, "error": error}, metrics, text, series)


# -- for the referee ----------------------------------------------------------------------------------------------

COOL_US, LEASE_US = 5_000, 8_000


def breaker_world(switches: Switches, make=Breaker, lost_probe: bool = False) -> World:
    """Four callers of one service through a breaker that one failure opens. The first call fails, the second is slow and succeeds.

    Two more come after the cool-down, and fail. With ``lost_probe`` the first of them never hears an answer, the service is well, and two more calls follow.
    """
    world = World(name="breaker")
    guard = make(1, COOL_US, LEASE_US, switches)
    probes: list[int] = []
    world.facts |= {"breaker": guard, "probes": probes, "most": [0], "refused": []}
    lane = world.node("breaker", label="Breaker", kind="lock", state="closed")

    async def call(name: str, begins_us: int, ok: bool, answers: bool = True) -> None:
        await sleep(begins_us)
        ticket = guard.allow(world.now)
        lane.state["state"] = guard.state
        if ticket is None:
            world.facts["refused"].append((name, world.now))
            await step("is refused")
            return
        if ticket.state == "half-open" and answers:
            probes.append(ticket.generation)
            world.facts["most"][0] = max(world.facts["most"][0], probes.count(guard.generation))
        await step("calls")
        if not answers:
            await step("never hears an answer")
            return
        await step("succeeds" if ok else "fails")
        if ticket.generation in probes:
            probes.remove(ticket.generation)
        guard.report(ticket, ok, world.now)
        lane.state["state"] = guard.state

    story = [
        ("slow", 0, True, True),
        ("fails", 0, False, True),
        ("late 1", 6_000, False, True),
        ("late 2", 6_000, False, True),
    ]
    if lost_probe:
        story = [
            ("fails", 0, False, True),
            ("lost", 6_000, True, False),
            ("after", 20_000, True, True),
            ("last", 30_000, True, True),
        ]
    for name, begins, ok, answers in story:
        world.node(name, label=f"Caller {name}", kind="client").spawn(call(name, begins, ok, answers))
    return world

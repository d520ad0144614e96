"""Service discovery: where is the service now? A list that forgets those who do not say that they live.

| word         | meaning                                                                                            |
|--------------|----------------------------------------------------------------------------------------------------|
| registry     | the list of endpoints (name and address) of each service                                             |
| heartbeat    | an instance says "I live", every so often                                                            |
| lease        | how long an entry stays without a heartbeat                                                          |
| stale        | an endpoint on the list whose instance is dead                                                       |
| false alarm  | an endpoint taken off the list although its instance lives: its heartbeats were lost                   |
| refresh      | how old a client's own copy of the list may be                                                       |
| incarnation  | a number that an instance gets anew each time it starts; what it says after it has left is refused        |

The protocol: register, then a heartbeat every ``beat``; the registry drops who was silent for a lease; clients read the list every ``refresh``. A
lease is a bet: short ones take the living for dead, long ones send callers to the dead.
"""

from __future__ import annotations

import math
import random

from dslab.concepts.switches import Switches
from dslab.sim import World, step
from dslab.sim.result import Metric, Result, Series


def misses_needed(lease_s: float, beat_s: float) -> int:
    """Give how many heartbeats in a row must be lost before the lease ends: the whole beats in a lease (at least 1)."""
    return max(1, math.ceil(lease_s / beat_s - 1e-9))


def stale_s(lease_s: float, beat_s: float, refresh_s: float) -> float:
    """Closed form: how long clients call a dead instance on average, s: lease - beat / 2 + refresh / 2 (it dies anywhere between two beats)."""
    return lease_s - beat_s / 2 + refresh_s / 2


def worst_stale_s(lease_s: float, refresh_s: float) -> float:
    """Closed form: the longest that a client calls a dead instance, s: lease + refresh (it dies just after a beat)."""
    return lease_s + refresh_s


def false_alarm(loss: float, lease_s: float, beat_s: float) -> float:
    """Closed form: the chance, for each heartbeat sent, that it ends a run of lost ones that drops a living instance: (1 - loss) loss^k."""
    return (1 - loss) * loss ** misses_needed(lease_s, beat_s)


def lease(
    lease_s: float = 15.0,
    beat_s: float = 5.0,
    refresh_s: float = 10.0,
    loss: float = 2.0,
    deaths: int = 400,
    seed: int = 1,
) -> Result:
    """Simulate ``deaths`` instances that die at a moment of chance, and heartbeats of which ``loss`` per cent are lost.

    Metrics: ``stale`` and ``theory`` (mean s of calling the dead, simulated and closed form), ``worst`` s seen, ``bound`` s, ``alarms`` (false alarms a day among
    1,000 instances, closed form). ValueError where the lease is not longer than a beat.
    """
    if lease_s < beat_s:
        raise ValueError(
            f"a lease of {lease_s:g} s ends before the next heartbeat after {beat_s:g} s; make it longer than a beat"
        )
    rng, spans = random.Random(seed), []
    for _ in range(deaths):
        dies = rng.uniform(0, beat_s)  # after a heartbeat that arrived, perhaps with lost ones after it
        last = 0.0
        while rng.random() < loss / 100 and last > beat_s - lease_s:
            last -= beat_s
        gone = max(dies, last + lease_s)
        seen = gone + rng.uniform(0, refresh_s)
        spans.append(seen - dies)
    per_day = 86_400 / beat_s * 1_000 * false_alarm(loss / 100, lease_s, beat_s)
    x = tuple(range(1, 9))
    series = {
        "stale": Series(
            "stale",
            x,
            tuple(stale_s(k * beat_s, beat_s, refresh_s) for k in x),
            "theory",
        ),
        "alarms": Series(
            "alarms",
            x,
            tuple(86_400 / beat_s * 1_000 * false_alarm(loss / 100, k * beat_s, beat_s) for k in x),
            "theory",
        ),
    }
    form = stale_s(lease_s, beat_s, refresh_s)
    metrics = {
        "stale": Metric("stale for, mean", sum(spans) / deaths, "s"), "theory": Metric("closed form", form, "s"),
        "worst": Metric("longest seen", max(spans), "s"), "bound": Metric("lease + refresh", worst_stale_s(lease_s, refresh_s), "s"),
        "alarms": Metric("false alarms a day among 1,000", per_day),
    }  # fmt: skip
    text = (
        f"A lease of {lease_s:g} s, a heartbeat every {beat_s:g} s, lists read every {refresh_s:g} s: callers meet a dead instance for "
        f"{metrics['stale'].value:.1f} s on average (closed form {form:.1f}), {max(spans):.0f} s at most. With {loss:g} % of the heartbeats lost, {per_day:,.1f} "
        "living instances of 1,000 are dropped a day."
    )
    return Result({"lease_s": lease_s, "beat_s": beat_s, "refresh_s": refresh_s}, metrics, text, series)


# -- for the referee ----------------------------------------------------------------------------------------------


class Registry:
    """Endpoints by name, with the incarnation that registered them; remembers who has left."""

    def __init__(self, incarnations: bool) -> None:
        self.entries: dict[str, int] = {}
        self.left: dict[str, int] = {}
        self.incarnations = incarnations

    # [beat] a heartbeat registers, unless it is from an incarnation that has left
    def beat(self, name: str, incarnation: int) -> None:
        """Take a heartbeat."""
        if self.incarnations and incarnation <= self.left.get(name, 0):
            return
        self.entries[name] = incarnation

    def leave(self, name: str, incarnation: int) -> None:
        """Take an instance off the list at its own wish."""
        self.entries.pop(name, None)
        self.left[name] = max(incarnation, self.left.get(name, 0))

    # [/beat]


def leave_world(switches: Switches) -> World:
    """An instance sends a heartbeat, then says goodbye; the messages may overtake each other."""
    world = World(name="late heartbeat")
    registry = Registry(switches.incarnations)
    world.facts |= {"registry": registry, "stopped": [False]}
    lane = world.node("registry", label="Registry", kind="store", list="")

    def show() -> None:
        lane.state["list"] = ", ".join(registry.entries)

    def beat(who: str, incarnation: int) -> None:
        registry.beat(who, incarnation)
        show()

    def leave(who: str, incarnation: int) -> None:
        registry.leave(who, incarnation)
        show()

    lane.on("beat", beat).on("leave", leave)
    instance = world.node("instance", label="Instance", kind="service")

    async def live() -> None:
        instance.send("registry", "beat", who="cart-1", incarnation=1)
        await step("goes on")
        instance.send("registry", "beat", who="cart-1", incarnation=1)
        await step("shuts down")
        instance.send("registry", "leave", who="cart-1", incarnation=1)
        world.facts["stopped"][0] = True

    instance.spawn(live())
    return world


def reuse_world(switches: Switches) -> World:
    """A client keeps an address; the instance stops, and its address is given to another service; then the client calls."""
    world = World(name="address reused")
    owner, answers = {"10.0.0.7": "cart"}, []
    world.facts["answers"] = answers
    address = world.node("10.0.0.7", kind="service", who="cart")
    client = world.node("client", label="Client", kind="client", answer="none")

    async def call() -> None:
        await step("looks up cart")
        where = next((place for place, who in owner.items() if who == "cart"), None)
        if where is None:
            client.state["answer"] = "nobody"
            return
        await step(f"calls {where}")
        who = owner.get(where)
        if switches.identity and who != "cart":
            client.state["answer"] = "refused: not cart"
            answers.append("refused")
            return
        answers.append(who)
        client.state["answer"] = f"from {who}"

    async def replace() -> None:
        await step("cart stops")
        owner["10.0.0.7"] = None
        address.state["who"] = "nobody"
        await step("mail starts")
        owner["10.0.0.7"] = "mail"
        address.state["who"] = "mail"

    client.spawn(call())
    world.node("platform", label="Platform", kind="service").spawn(replace())
    return world

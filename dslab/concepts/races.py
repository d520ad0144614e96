"""What goes wrong in the twelve concepts when a mechanism is off: invariants, one scenario for each anomaly, and the table.

| word     | meaning                                                                                             |
|----------|-----------------------------------------------------------------------------------------------------|
| anomaly  | a scenario of one concept, the invariant it breaks, and the switch positions with which it does         |
| defence  | a switch position whose absence the table tries                                                      |
| base     | every mechanism on (`dslab.concepts.switches.Switches`)                                               |

`ANOMALIES` has them by name, `search(name, **positions)` asks the referee, `matrix()` computes which defence stops which anomaly.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any, ClassVar

from dslab.check import Anomaly, Cell, Verdict, always, eventually, named, searches, sometimes
from dslab.concepts import breaker, cdn, discovery, gateway, pubsub, queue, sharding
from dslab.concepts.switches import Switches
from dslab.sim import World


class Race(Anomaly):
    """An anomaly of lesson 10's concepts."""

    switches: ClassVar[type] = Switches


# -- what must hold -----------------------------------------------------------------------------------------------


def _no_stale_copy(world: World) -> bool | str:
    newest = world.facts["newest"]["version"]
    stale = [
        f"the {name} keeps v{copy.holds}"
        for name, copy in world.facts["copies"].items()
        if 0 < copy.holds < newest
    ]
    return (
        not stale
        or f"v{newest} is out and everything is purged, and {' and '.join(stale)} until its TTL ends"
    )


def _done_once(world: World) -> bool | str:
    applied = world.facts["applied"]
    twice = sorted({name for name in applied if applied.count(name) > 1})
    return not twice or f"“{twice[0]}” was done {applied.count(twice[0])} times"


def _nothing_lost(world: World) -> bool | str:
    broker, applied = world.facts["broker"], world.facts["applied"]
    lost = [
        name for name in broker.given if name not in [*applied, *broker.waiting, *broker.hidden, *broker.dead]
    ]
    return not lost or f"“{lost[0]}” is in no queue and was never done"


def _others_served(world: World) -> bool | str:
    return "good" in world.facts["applied"] or "five deliveries later “good” still stands behind “bad”"


def _no_silent_gap(world: World) -> bool | str:
    got, told = world.facts["got"], world.facts["told"]
    missed = [number for number in range(max(got, default=0)) if number not in got and number not in told]
    return not missed or f"the subscriber went on after a gap: m{missed[0]} was gone, and nobody told it"


def _sum_is_right(world: World) -> bool | str:
    seen, topic = world.facts["seen"], world.facts["topic"]
    if "cursor" not in seen:
        return True
    wanted = sum(list(topic.log)[: seen["cursor"]])
    return (
        seen["sum"] == wanted
        or f"the reader has read up to offset {seen['cursor']} and holds {seen['sum']}; the changes add up to {wanted}"
    )


def _ordered_once(world: World) -> bool | str:
    return len(world.facts["orders"]) <= 1 or f"{len(world.facts['orders'])} orders for one click"


def _only_probes_close(world: World) -> bool | str:
    wrong = [why for _, _, why in world.facts["breaker"].changes if why.startswith("an old")]
    return not wrong or "the result of a call that began before the outage decided about the breaker"


def _one_probe(world: World) -> bool | str:
    return world.facts["most"][0] <= 1 or f"{world.facts['most'][0]} probes are on their way at once"


def _not_stuck(world: World) -> bool | str:
    guard = world.facts["breaker"]
    late = [
        at
        for _, at in world.facts["refused"]
        if guard.probe_at is not None and at >= guard.probe_at + guard.lease_us
    ]
    return (
        not late
        or f"{(late[0] - guard.probe_at) // 1_000} ms after a probe that never answered, the breaker still refuses every call"
    )


def _no_dead_endpoint(world: World) -> bool | str:
    listed = world.facts["registry"].entries
    return (
        not (world.facts["stopped"][0] and listed)
        or "cart-1 has left, its goodbye was heard, and it is on the list again"
    )


def _right_service(world: World) -> bool | str:
    wrong = [who for who in world.facts["answers"] if who == "mail"]
    return not wrong or "the caller asked for cart and was answered by mail"


def _write_kept(world: World) -> bool | str:
    owner = world.facts["where"]["block"]
    lost = [each for each in world.facts["written"] if each not in world.facts["shards"][owner]]
    return (
        not lost or f"“{lost[0]}” was acknowledged, and shard {owner}, which owns the block, does not have it"
    )


NO_STALE_COPY = eventually("NO_STALE_COPY", "after a purge no cache keeps an older version", _no_stale_copy)
DONE_ONCE = always("DONE_ONCE", "the effect of a message is applied once", _done_once)
NOTHING_LOST = eventually("NOTHING_LOST", "a message that was taken is done, or is in a queue", _nothing_lost)
OTHERS_SERVED = eventually(
    "OTHERS_SERVED", "a message that nobody can work on does not stop the others", _others_served
)
NO_SILENT_GAP = always("NO_SILENT_GAP", "a subscriber that misses a message is told so", _no_silent_gap)
SUM_IS_RIGHT = always(
    "SUM_IS_RIGHT", "a snapshot and the changes after it add up to all changes", _sum_is_right
)
ORDERED_ONCE = always("ORDERED_ONCE", "one click makes one order", _ordered_once)
ONLY_PROBES_CLOSE = always(
    "ONLY_PROBES_CLOSE", "while the breaker is half-open only its probe decides", _only_probes_close
)
ONE_PROBE = always("ONE_PROBE", "at most one probe is on its way", _one_probe)
NOT_STUCK = always("NOT_STUCK", "a probe without an answer is given up after its lease", _not_stuck)
NO_DEAD_ENDPOINT = eventually("NO_DEAD_ENDPOINT", "who has left is on no list", _no_dead_endpoint)
RIGHT_SERVICE = always("RIGHT_SERVICE", "a caller is answered by the service it asked for", _right_service)
WRITE_KEPT = eventually(
    "WRITE_KEPT", "an acknowledged write is on the shard that owns its block", _write_kept
)

# So that nothing holds because nothing happened.
FILLED = sometimes("FILLED", "the edge keeps a copy", lambda world: world.facts["copies"]["edge"].filled > 0)
GIVEN_TWICE = sometimes(
    "GIVEN_TWICE", "a message is given out twice", lambda world: max(world.facts["broker"].given.values()) > 1
)
GAP = sometimes("GAP", "a message is gone before it is read", lambda world: world.facts["topic"].first > 0)
FOLLOWED = sometimes(
    "FOLLOWED", "the reader comes to the end of its reading", lambda world: "cursor" in world.facts["seen"]
)
ORDERED = sometimes("ORDERED", "an order is placed", lambda world: bool(world.facts["orders"]))
OPENED = sometimes(
    "OPENED", "the breaker opens and is probed", lambda world: world.facts["breaker"].generation >= 2
)
LISTED = sometimes(
    "LISTED", "the instance is on the list", lambda world: bool(world.facts["registry"].entries)
)
ANSWERED = sometimes("ANSWERED", "the call is answered", lambda world: bool(world.facts["answers"]))
MOVED = sometimes(
    "MOVED",
    "a write is acknowledged, and the block has moved",
    lambda world: bool(world.facts["written"]) and world.facts["where"]["block"] == "B",
)

# -- the anomalies ------------------------------------------------------------------------------------------------

FACTS = "facts of the field; the article names the concept only"
RACES = (
    Race("fill overtakes purge", "A copy that was fetched before a purge is stored after it.", partial(cdn.purge_world, shield_holds=0), NO_STALE_COPY,
         ({"fill_checks_purge": False},), FACTS, (FILLED,)),
    Race("purge from the outside in", "The edge is purged first and takes the old version from the shield again.", cdn.purge_world, NO_STALE_COPY,
         ({"purge_order": "edge first"},), FACTS, (FILLED,)),
    Race("done twice", "A slow worker's message is given out again, and both do it.", queue.workers_world, DONE_ONCE, ({"dedupe": False},), FACTS, (GIVEN_TWICE,)),
    Race("acknowledged, then died", "A worker acknowledges, and dies before it has done the work.", partial(queue.workers_world, crashes=True), NOTHING_LOST,
         ({"acknowledge": "before work"},), FACTS, (GIVEN_TWICE,)),
    Race("poison message", "A message that kills its worker comes back for ever, and the next one waits.", queue.poison_world, OTHERS_SERVED,
         ({"dead_letters": False},), FACTS, (GIVEN_TWICE,)),
    Race("silent gap", "A slow subscriber's messages run out of retention, and it reads on as if nothing was missing.", pubsub.retention_world, NO_SILENT_GAP,
         ({"tell_gaps": False},), FACTS, (GAP,)),
    Race("between snapshot and subscription", "What is published after the snapshot and before the subscription is in neither.", pubsub.snapshot_world, SUM_IS_RIGHT,
         ({"from_snapshot": False},), FACTS, (FOLLOWED,)),
    Race("hedged order", "The gateway sends a slow order a second time, and both are carried out.", gateway.hedged_order_world, ORDERED_ONCE,
         ({"idempotency_key": False},), FACTS, (ORDERED,)),
    Race("late result", "A call from before the outage succeeds late and closes the breaker.", breaker.breaker_world, ONLY_PROBES_CLOSE, ({"generations": False},), FACTS,
         (OPENED,)),
    Race("a crowd of probes", "The cool-down ends and everybody who waited probes at once.", breaker.breaker_world, ONE_PROBE, ({"one_probe": False},), FACTS, (OPENED,)),
    Race("lost probe", "The probe never answers, and the breaker waits for it for ever.", partial(breaker.breaker_world, lost_probe=True), NOT_STUCK,
         ({"probe_timeout": False},), FACTS, (OPENED,)),
    Race("late heartbeat", "A heartbeat that was on its way arrives after the goodbye.", discovery.leave_world, NO_DEAD_ENDPOINT, ({"incarnations": False},), FACTS,
         (LISTED,)),
    Race("address reused", "An address that a client still keeps belongs to another service by now.", discovery.reuse_world, RIGHT_SERVICE, ({"identity": False},), FACTS,
         (ANSWERED,)),
    Race("write during a move", "A write that looked the shard up before the move lands there after the copy.", sharding.move_world, WRITE_KEPT,
         ({"fenced_move": False},), FACTS, (MOVED,)),
)  # fmt: skip
ANOMALIES = {race.name: race for race in RACES}
DEFENCES: dict[str, dict[str, Any]] = {
    "purge check": {"fill_checks_purge": False}, "shield first": {"purge_order": "edge first"}, "dedupe": {"dedupe": False},
    "late ack": {"acknowledge": "before work"}, "dead letters": {"dead_letters": False}, "told gaps": {"tell_gaps": False},
    "snapshot offset": {"from_snapshot": False}, "idempotency key": {"idempotency_key": False}, "generations": {"generations": False},
    "one probe": {"one_probe": False}, "probe lease": {"probe_timeout": False}, "incarnations": {"incarnations": False}, "identity": {"identity": False},
    "fence": {"fenced_move": False},
}  # fmt: skip


def anomaly(name: str) -> Race:
    """Give an anomaly by its name; ValueError names those that there are."""
    return named(ANOMALIES, name)


def search(name: str, deviations: int | None = None, **positions: Any) -> Verdict:
    """Ask the referee for the shortest schedule in which an anomaly shows, with everything on but ``positions``."""
    return anomaly(name).search(deviations, **positions)


def matrix(deviations: int = 2) -> Generator[float, None, list[Cell]]:
    """Search every anomaly with nothing off ("") and with each defence off: a generator of the share done; returns the cells."""
    return searches(
        ANOMALIES, ("", *DEFENCES), lambda name, column: search(name, deviations, **DEFENCES.get(column, {}))
    )

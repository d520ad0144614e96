"""The switches of the twelve concepts that decide whether something can go wrong in some order of steps.

Each field is a mechanism; its default is on. What is only slower or dearer when it is off has a parameter of its own in its module.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Switches:
    """The mechanisms that the referee turns off, one module after the other.

    cdn: ``purge_order`` ("shield first" or "edge first"), ``fill_checks_purge`` (a fill that began before a purge is not kept).
    queue: ``acknowledge`` ("after work" or "before work"), ``dedupe`` (an effect is applied once for each message), ``dead_letters``.
    pubsub: ``tell_gaps`` (who reads below what is retained is told), ``from_snapshot`` (a subscription begins where the snapshot ends).
    gateway: ``idempotency_key`` (the backend knows a request that it has done).
    breaker: ``generations`` (only a probe's result closes), ``one_probe``, ``probe_timeout`` (a probe without an answer is given up).
    discovery: ``incarnations`` (who has left stays out), ``identity`` (an endpoint is asked who it is).
    sharding: ``fenced_move`` (the old shard refuses what it no longer owns).
    """

    purge_order: str = "shield first"
    fill_checks_purge: bool = True
    acknowledge: str = "after work"
    dedupe: bool = True
    dead_letters: bool = True
    tell_gaps: bool = True
    from_snapshot: bool = True
    idempotency_key: bool = True
    generations: bool = True
    one_probe: bool = True
    probe_timeout: bool = True
    incarnations: bool = True
    identity: bool = True
    fenced_move: bool = True

    def __post_init__(self) -> None:
        known = {"purge_order": ("shield first", "edge first"), "acknowledge": ("after work", "before work")}
        for name, words in known.items():
            if getattr(self, name) not in words:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is not known; use one of {', '.join(map(repr, words))}"
                )

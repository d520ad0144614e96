"""Every mechanism of PinLater and of Pacer as a switch, and the two ways in which Pinterest has set them.

| word             | meaning                                                                                            |
|------------------|----------------------------------------------------------------------------------------------------|
| claim            | the UPDATE that makes a pending row somebody's, until it is acknowledged or runs out                 |
| claim descriptor | a text in the row that names this one claim; the next claim of the same row writes another             |
| lease            | how long something stays somebody's after he was last heard of                                       |
| epoch            | counts the owners of a partition; a later owner has a larger one                                     |
| fence            | the table refuses what carries an older epoch, or a descriptor that is not in the row any more         |

`PACER` has every mechanism on; `PINLATER` is the system before it. PinLater's, read in its code of 12 May 2017: the claiming UPDATE, the
descriptor, the claim timeout, the monitor, the guarded checkpoint, the report by id. Reported of Pacer (23 May 2023): one owner for each
partition, appointed by Helix, prefetch into memory, as many partitions as a queue needs, pods, a separate submission service. Ours, because
nothing is published on it: the lease on what was prefetched, the fence, the check at the hand-out, the guarded report, the order of a FIFO queue.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

SECOND_US = 1_000_000
LEASE_US = (
    4 * SECOND_US
)  # of a broker: after so long without a heartbeat it is replaced, and by its own clock it stops
ROW_LEASE_US = (
    LEASE_US + SECOND_US // 2
)  # of what it has prefetched; a little longer, so that it has stopped by then
CLAIM_TIMEOUT_US = 600 * SECOND_US  # README of pinlater: 600 s; its local sample has 180 s
BUGS = (
    "",
    "prefetch takes the row out",
    "monitor forgets prefetched rows",
    "monitor does not compare",
    "fence the wrong way round",
    "epoch is not raised",
    "failure reported by id",
    "retry goes to the back",
    "fetches into free room only",
    "a replaced one renews",
)
CHOICES: dict[str, tuple[str, ...]] = {
    "claim": ("update", "read, then write"),
    "ack": ("after", "before"),
    "prefetch": ("claims", "reads", "none"),
    "prefetch_lease": ("heartbeat", "claim timeout"),
    "handout_check": ("table", "clock", "none"),
    "bug": BUGS,
}


@dataclass(frozen=True)
class Switches:
    """Every mechanism, on.

    ``claim``: one UPDATE, or a read and a write with something in between. ``ack``: after the work or before it. ``monitor``: claims
    that ran out come back. ``idempotent``: doing a job again changes nothing. ``checkpoint_guard``, ``ack_guard``: a checkpoint, or
    a report, counts only with the descriptor that the row has. ``ownership``: one broker a partition (off: everybody claims everywhere).
    ``fencing``: the table refuses claims of an older epoch. ``prefetch``: a broker claims rows ahead, or only reads them ahead, or claims
    when it is asked. ``prefetch_lease``: a row that was claimed ahead comes back a lease after its broker's last heartbeat, or after the
    claim timeout. ``handout_check``: at the hand-out the table is asked, or the broker's own clock, or nobody. ``adaptive_partitions``: as
    many tables as the queue needs. ``pods``: each queue has workers of its own. ``separate_pools``: enqueue and dequeue have threads
    of their own. For a FIFO queue: ``blocking_retries``: a failed job keeps its place; ``one_at_a_time``; ``waits_for_claimed``: what
    stands behind a row that somebody else has claimed waits for it. ``bug``: a mutant for the zoo, "" for none.

    Raises ValueError, naming the value and the choices, for anything else.
    """

    claim: str = "update"
    ack: str = "after"
    monitor: bool = True
    idempotent: bool = True
    checkpoint_guard: bool = True
    ack_guard: bool = True
    ownership: bool = True
    fencing: bool = True
    prefetch: str = "claims"
    prefetch_lease: str = "heartbeat"
    handout_check: str = "table"
    adaptive_partitions: bool = True
    pods: bool = True
    separate_pools: bool = True
    blocking_retries: bool = True
    one_at_a_time: bool = True
    waits_for_claimed: bool = True
    bug: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in CHOICES:
                if value not in CHOICES[field.name]:
                    known = ", ".join(map(repr, CHOICES[field.name]))
                    raise ValueError(f"{field.name}={value!r} is no choice; use one of {known}")
            elif not isinstance(value, bool):
                raise ValueError(f"{field.name}={value!r} is no switch position; use True or False")


PACER = Switches()
PINLATER = Switches(
    ownership=False, fencing=False, prefetch="none", ack_guard=False, adaptive_partitions=False, pods=False,
    separate_pools=False, blocking_retries=False, one_at_a_time=False, waits_for_claimed=False,
)  # fmt: skip

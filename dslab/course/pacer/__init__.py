"""Lesson 5, Pacer: everything that its notebook puts on the stage."""

from dslab.course.pacer.claims import CLAIMS
from dslab.course.pacer.exercises import (
    OWNER_ZOO,
    ROOM,
    ZOO,
    best_number,
    break_the_fence,
    dead_broker,
    empty_polls,
    first_job,
    more_claimers,
    poisoned,
    specify_prefetch,
    what_the_fence_stops,
    write_the_invariant,
    write_the_order,
)
from dslab.course.pacer.explorers import (
    EXPLORERS,
    FIRST_MOVES,
    adversary_explorer,
    contention_explorer,
    enqueue_table,
    failover_explorer,
    measured_table,
    neighbours_explorer,
    partitions_explorer,
    system_picture,
    two_cures_table,
)
from dslab.course.pacer.meta import META, WORDS
from dslab.course.pacer.tables import (
    anomaly_table,
    defence_table,
    designs_picture,
    matrix_picture,
    matrix_summary,
    prices_table,
    zoo_table,
)
from dslab.course.referee import schedule_picture

__all__ = [
    "CLAIMS", "EXPLORERS", "FIRST_MOVES", "META", "OWNER_ZOO", "ROOM", "WORDS", "ZOO", "adversary_explorer", "anomaly_table", "best_number", "break_the_fence",
    "contention_explorer", "dead_broker", "defence_table", "designs_picture", "empty_polls", "enqueue_table", "failover_explorer", "first_job",
    "matrix_picture", "matrix_summary", "measured_table", "more_claimers", "neighbours_explorer", "partitions_explorer", "poisoned", "prices_table",
    "schedule_picture", "specify_prefetch", "system_picture", "two_cures_table", "what_the_fence_stops", "write_the_invariant",
    "write_the_order", "zoo_table",
]  # fmt: skip

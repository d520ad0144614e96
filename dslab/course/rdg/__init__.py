"""Lesson 4, the Real-Time Distributed Graph: everything that its notebook puts on the stage."""

from dslab.course.rdg.claims import CLAIMS
from dslab.course.rdg.exercises import (
    ROOM,
    ZOO,
    half_edge,
    hot_key,
    lose_an_event,
    newest_edges,
    only_reads,
    pick_window,
    quiet_topic,
    two_hops,
    two_levels,
    who_watched,
    write_the_invariant,
    write_the_rule,
)
from dslab.course.rdg.explorers import (
    EXPLORERS,
    FIRST_MOVES,
    adversary_explorer,
    anomaly_table,
    dedup_explorer,
    fleet_table,
    ingest,
    lag_explorer,
    limiter_picture,
    matrix_picture,
    matrix_summary,
    neighbourhood,
    physical_rows,
    points_table,
    system_picture,
    walk_explorer,
    wide_explorer,
)
from dslab.course.rdg.meta import META, WORDS
from dslab.course.referee import schedule_picture

__all__ = [
    "CLAIMS", "EXPLORERS", "FIRST_MOVES", "META", "ROOM", "WORDS", "ZOO", "adversary_explorer", "anomaly_table", "dedup_explorer", "fleet_table", "half_edge",
    "hot_key", "ingest", "lag_explorer", "lose_an_event", "limiter_picture", "matrix_picture", "matrix_summary", "neighbourhood", "newest_edges", "only_reads",
    "physical_rows", "pick_window", "points_table", "quiet_topic", "schedule_picture", "system_picture", "two_hops", "two_levels", "walk_explorer",
    "who_watched", "wide_explorer", "write_the_invariant", "write_the_rule",
]  # fmt: skip

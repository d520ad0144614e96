"""Lesson 10b, rate limiters: everything that its notebook puts on the stage."""

from dslab.course.limiters.claims import CLAIMS
from dslab.course.limiters.exercises import (
    MINUTE_ZOO,
    ROOM,
    ZOO,
    after_the_night,
    border,
    never_more,
    nineteen,
    one_number,
    standing_queue,
    ten_edges,
    two_factors,
    two_numbers,
    write_the_invariant,
)
from dslab.course.limiters.explorers import (
    EXPLORERS,
    anomaly_table,
    be_the_adversary,
    bucket_explorer,
    counter_explorer,
    edges_explorer,
    matrix_picture,
    matrix_summary,
    memory_table,
    queue_explorer,
    same_table,
    schedule_picture,
    system_picture,
    windows_explorer,
    worst_summary,
    worst_table,
)
from dslab.course.limiters.meta import META, WORDS

__all__ = [
    "CLAIMS", "EXPLORERS", "META", "MINUTE_ZOO", "ROOM", "WORDS", "ZOO", "after_the_night", "anomaly_table", "be_the_adversary", "border",
    "bucket_explorer", "counter_explorer", "edges_explorer", "matrix_picture", "matrix_summary", "memory_table", "never_more", "nineteen",
    "one_number", "queue_explorer", "same_table", "schedule_picture", "standing_queue", "system_picture", "ten_edges", "two_factors",
    "two_numbers", "windows_explorer", "worst_summary", "worst_table", "write_the_invariant",
]  # fmt: skip

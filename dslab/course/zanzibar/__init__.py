"""Lesson 3, Zanzibar: everything that its notebook puts on the stage."""

from dslab.course.referee import schedule_picture
from dslab.course.zanzibar.claims import CLAIMS
from dslab.course.zanzibar.exercises import (
    LEAK_ZOO,
    ROOM,
    ZOO,
    break_it,
    deep_reads,
    evaluations,
    fewest,
    keep_the_index,
    reads_by_person,
    removed_bob,
    ten_per_second,
    write_the_invariant,
    write_the_policy,
    yes_or_no,
    zookies_suffice,
)
from dslab.course.zanzibar.explorers import (
    EXPLORERS,
    adversary_explorer,
    anomaly_table,
    column_table,
    graph_explorer,
    hot_explorer,
    isolation_table,
    leopard_explorer,
    maintenance_table,
    matrix_picture,
    matrix_summary,
    playground,
    safe_recent_table,
    system_picture,
    tail_picture,
    timeline_explorer,
)
from dslab.course.zanzibar.meta import META, WORDS

__all__ = [
    "CLAIMS", "EXPLORERS", "LEAK_ZOO", "META", "ROOM", "WORDS", "ZOO", "adversary_explorer", "anomaly_table", "break_it", "column_table", "deep_reads", "evaluations", "fewest",
    "graph_explorer", "hot_explorer", "isolation_table", "keep_the_index", "leopard_explorer", "maintenance_table", "matrix_picture",
    "matrix_summary", "playground", "reads_by_person", "removed_bob", "safe_recent_table", "schedule_picture", "system_picture", "tail_picture",
    "ten_per_second", "timeline_explorer", "write_the_invariant", "write_the_policy", "yes_or_no", "zookies_suffice",
]  # fmt: skip

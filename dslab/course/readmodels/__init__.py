"""Lesson 9, rebuilding read models: everything that its notebook puts on the stage."""

from dslab.course.readmodels.claims import CLAIMS
from dslab.course.readmodels.exercises import (
    ROOM,
    SMALL_ZOO,
    ZOO,
    break_rebuild,
    claim_rule,
    fewest,
    late_commit,
    lost_events,
    must_wait,
    nothing_left,
    one_statement,
    one_try,
    tolerant,
    write_the_invariant,
)
from dslab.course.readmodels.explorers import (
    EXPLORERS,
    adversary_explorer,
    hidden_explorer,
    lanes_explorer,
    load_explorer,
    lock_table,
    matrix_picture,
    matrix_summary,
    price_table,
    schedule_picture,
    shortest_table,
    system_picture,
    try_explorer,
)
from dslab.course.readmodels.meta import META, WORDS

__all__ = [
    "CLAIMS", "EXPLORERS", "META", "ROOM", "SMALL_ZOO", "WORDS", "ZOO", "adversary_explorer", "break_rebuild", "claim_rule", "fewest",
    "hidden_explorer", "lanes_explorer", "late_commit", "load_explorer", "lock_table", "lost_events", "matrix_picture", "matrix_summary",
    "must_wait", "nothing_left", "one_statement", "one_try", "price_table", "schedule_picture", "shortest_table", "system_picture", "tolerant",
    "try_explorer", "write_the_invariant",
]  # fmt: skip

"""Lesson 9, rebuilding read models: everything that its notebook puts on the stage."""

from dslab.course.readmodels.claims import CLAIMS
from dslab.course.readmodels.exercises import (
    break_rebuild,
    claim_rule,
    fewest,
    must_wait,
    tolerant,
    write_the_invariant,
)
from dslab.course.readmodels.explorers import (
    EXPLORERS,
    adversary_explorer,
    hidden_explorer,
    lanes_explorer,
    load_explorer,
    race_explorer,
    system_picture,
    try_explorer,
)
from dslab.course.readmodels.meta import CURES, META, WORDS
from dslab.course.readmodels.predictions import (
    ROOM,
    late_commit,
    lost_events,
    nothing_left,
    one_statement,
    one_try,
)
from dslab.course.readmodels.tables import (
    anomaly_table,
    design_table,
    loaded_table,
    lock_table,
    lock_worth_table,
    matrix_picture,
    matrix_summary,
    mechanism_table,
    price_table,
    races_table,
    shortest_table,
    steps_table,
)
from dslab.course.readmodels.zoo import SMALL_ZOO, ZOO

__all__ = [
    "CLAIMS", "CURES", "EXPLORERS", "META", "ROOM", "SMALL_ZOO", "WORDS", "ZOO", "adversary_explorer", "anomaly_table", "break_rebuild",
    "claim_rule", "design_table", "fewest", "hidden_explorer", "lanes_explorer", "late_commit", "load_explorer", "loaded_table", "lock_table",
    "lock_worth_table", "lost_events", "matrix_picture", "matrix_summary", "mechanism_table", "must_wait", "nothing_left", "one_statement",
    "one_try", "price_table", "race_explorer", "races_table", "shortest_table", "steps_table", "system_picture", "tolerant", "try_explorer",
    "write_the_invariant",
]  # fmt: skip

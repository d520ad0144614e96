"""Lesson 10a, twelve concepts: everything that its notebook puts on the stage."""

from dslab.course.concepts.claims import CLAIMS
from dslab.course.concepts.exercises import ZOO, at_95, lose_message, watch_move, write_lru, write_route
from dslab.course.concepts.explorers import (
    EXPLORERS,
    between_explorer,
    failing_explorer,
    front_explorer,
    growing_explorer,
    shop_explorer,
)
from dslab.course.concepts.lean import source
from dslab.course.concepts.meta import META, WORDS
from dslab.course.concepts.more import (
    calm_loop,
    choose_lease,
    first_gap,
    fresh_enough,
    largest_burst,
    write_allow,
    write_ring,
)
from dslab.course.concepts.predictions import (
    ROOM,
    busiest_second,
    closes_when,
    hedge_cost,
    lease_longer,
    loop_late,
    loop_lru,
    miss_most,
    modulo_moves,
    newest_keys,
    origin_sees,
    others_slow,
    outlasts,
    two_choices,
)
from dslab.course.concepts.stage import (
    adversary,
    anomaly_table,
    defence_table,
    key_points,
    matrix_picture,
    matrix_summary,
    missed_most,
    schedule_picture,
    system_picture,
    without_table,
    zoo,
)

__all__ = [
    "CLAIMS", "EXPLORERS", "META", "ROOM", "WORDS", "ZOO", "adversary", "anomaly_table", "at_95", "between_explorer", "busiest_second", "calm_loop", "choose_lease",
    "closes_when", "defence_table", "failing_explorer", "first_gap", "fresh_enough", "front_explorer", "growing_explorer", "hedge_cost", "key_points", "largest_burst",
    "lease_longer", "loop_late", "loop_lru", "lose_message", "matrix_picture", "matrix_summary", "miss_most", "missed_most", "modulo_moves", "newest_keys",
    "origin_sees", "others_slow", "outlasts", "schedule_picture", "shop_explorer", "source", "system_picture", "two_choices", "watch_move", "without_table", "write_allow",
    "write_lru", "write_ring", "write_route", "zoo",
]  # fmt: skip

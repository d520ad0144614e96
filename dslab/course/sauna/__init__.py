"""Lesson 6, the Sauna Algorithm: everything that its notebook puts on the stage."""

from dslab.course.referee import schedule_picture
from dslab.course.sauna.claims import CLAIMS
from dslab.course.sauna.exercises import (
    ROOM,
    ROOM_ZOO,
    ZOO,
    both_hold,
    does_it_end,
    find_a_trap,
    how_much_longer,
    late_question,
    mean_of_three_quarters,
    search_by_hand,
    smaller_number,
    whom_to_follow,
    write_the_invariant,
    write_the_merge,
)
from dslab.course.sauna.explorers import (
    EXPLORERS,
    anomaly_table,
    be_the_door,
    clocks_explorer,
    column_table,
    delivery_explorer,
    log_picture,
    matrix_picture,
    matrix_summary,
    nine_picture,
    rule_explorer,
    share_explorer,
    stall_picture,
    system_picture,
    waiting_explorer,
)
from dslab.course.sauna.meta import META, WORDS

__all__ = [
    "CLAIMS", "EXPLORERS", "META", "ROOM", "ROOM_ZOO", "WORDS", "ZOO", "anomaly_table", "be_the_door", "both_hold", "clocks_explorer", "column_table", "delivery_explorer",
    "does_it_end", "find_a_trap", "how_much_longer", "late_question", "log_picture", "matrix_picture", "matrix_summary", "mean_of_three_quarters",
    "nine_picture", "rule_explorer", "schedule_picture", "search_by_hand", "share_explorer", "smaller_number", "stall_picture", "system_picture",
    "waiting_explorer", "whom_to_follow", "write_the_invariant", "write_the_merge",
]  # fmt: skip

"""Lesson 10c, leader election: everything that its notebook puts on the stage."""

from dslab.course.elections.claims import CLAIMS
from dslab.course.elections.exercises import (
    ROOM,
    ZOO,
    cut_off,
    five_ms,
    longest_log,
    recipe,
    right_clock,
    seven_nodes,
    short_rule,
    ten_nodes,
    three_cities,
    what_is_committed,
    worst_ring,
)
from dslab.course.elections.explorers import (
    EXPLORERS,
    anomaly_table,
    ballot_explorer,
    be_the_adversary,
    count_explorer,
    faults_table,
    figure_16_picture,
    figure_16_table,
    herd_table,
    lab_explorer,
    matrix_picture,
    matrix_summary,
    schedule_picture,
    session_explorer,
    system_picture,
    timeout_explorer,
    who_uses_what,
)
from dslab.course.elections.meta import META, WORDS

__all__ = [
    "CLAIMS", "EXPLORERS", "META", "ROOM", "WORDS", "ZOO", "anomaly_table", "ballot_explorer", "be_the_adversary", "count_explorer",
    "cut_off", "faults_table", "figure_16_picture", "figure_16_table", "five_ms", "herd_table", "lab_explorer",
    "longest_log", "matrix_picture", "matrix_summary", "recipe", "right_clock", "schedule_picture", "session_explorer", "seven_nodes", "short_rule",
    "system_picture", "ten_nodes", "timeout_explorer", "three_cities", "what_is_committed", "who_uses_what", "worst_ring",
]  # fmt: skip

"""Notebook 10d, live streaming and developer tools: everything that it puts on the stage."""

from dslab.course.streaming.claims import CLAIMS
from dslab.course.streaming.exercises import (
    BEFORE,
    ROOM,
    SMALL_ZOO,
    ZOO,
    auction,
    begin_here,
    enough_latency,
    forge,
    half_covered,
    kept_for,
    sent_at_once,
    six_seconds,
    too_late,
    under_three,
    write_the_invariant,
)
from dslab.course.streaming.explorers import (
    EXPLORERS,
    adversary_explorer,
    anomaly_table,
    budget_explorer,
    bug_table,
    choice_table,
    defence_table,
    gap_table,
    ingest_explorer,
    matrix_picture,
    matrix_summary,
    player_explorer,
    playlist_explorer,
    rule_table,
    schedule_picture,
    system_picture,
    text_table,
    tool_table,
)
from dslab.course.streaming.meta import META, WORDS
from dslab.course.streaming.parsed import fields_table, parsed

__all__ = [
    "BEFORE", "CLAIMS", "EXPLORERS", "META", "ROOM", "SMALL_ZOO", "WORDS", "ZOO", "adversary_explorer", "anomaly_table", "auction",
    "begin_here", "budget_explorer", "bug_table", "choice_table", "defence_table", "enough_latency", "fields_table", "forge", "gap_table",
    "half_covered", "ingest_explorer", "kept_for", "matrix_picture", "matrix_summary", "parsed", "player_explorer", "playlist_explorer",
    "rule_table", "schedule_picture", "sent_at_once", "six_seconds", "system_picture", "text_table", "too_late", "tool_table", "under_three",
    "write_the_invariant",
]  # fmt: skip

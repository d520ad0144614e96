"""Lesson 8, the OpenSearch operator: everything that its notebook puts on the stage."""

from dslab.course.opensearch.claims import CLAIMS
from dslab.course.opensearch.exercises import (
    DARK_ZOO,
    ROOM,
    ZOO,
    break_the_status,
    live_list,
    never_restarts,
    one_line,
    shrink,
    three_zones,
    unlock,
    waits_for_green,
    write_the_guard,
    write_the_invariant,
    write_the_policy,
)
from dslab.course.opensearch.explorers import (
    EXPLORERS,
    adversary_explorer,
    anomaly_table,
    crash_table,
    defence_table,
    guard_explorer,
    guard_table_picture,
    manifest_explorer,
    matrix_picture,
    needs_two,
    objects_table,
    operate_explorer,
    schedule_picture,
    summary,
    system_picture,
    told,
    upgrade_explorer,
    version_picture,
)
from dslab.course.opensearch.meta import META, WORDS

__all__ = [
    "CLAIMS", "DARK_ZOO", "EXPLORERS", "META", "ROOM", "WORDS", "ZOO", "adversary_explorer", "anomaly_table", "break_the_status", "crash_table",
    "defence_table",
    "guard_explorer", "guard_table_picture", "live_list", "manifest_explorer", "matrix_picture", "needs_two", "never_restarts", "objects_table",
    "one_line", "operate_explorer", "schedule_picture", "shrink", "summary", "system_picture", "three_zones", "told", "unlock",
    "upgrade_explorer", "version_picture", "waits_for_green", "write_the_guard", "write_the_invariant", "write_the_policy",
]  # fmt: skip

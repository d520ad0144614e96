"""Lesson 2, CacheFront: everything that its notebook puts on the stage."""

from dslab.course.cachefront.claims import CLAIMS
from dslab.course.cachefront.exercises import (
    LATE_FILL_ZOO,
    ROOM,
    ZOO,
    both_halves,
    break_deletes,
    cross_sharding,
    day_of_ttl,
    fewest,
    hottest_shard,
    second_reader,
    write_the_invariant,
    write_the_rule,
    year_old,
)
from dslab.course.cachefront.explorers import (
    EXPLORERS,
    adversary_explorer,
    anomaly_table,
    breaker_table,
    cluster_explorer,
    hit_rate_explorer,
    load_table,
    matrix_picture,
    matrix_summary,
    races_table,
    staleness_explorer,
    system_picture,
    timeline_explorer,
    warm_up_table,
)
from dslab.course.cachefront.meta import META, WORDS
from dslab.course.referee import schedule_picture

__all__ = [
    "CLAIMS", "EXPLORERS", "LATE_FILL_ZOO", "META", "ROOM", "WORDS", "ZOO", "adversary_explorer", "anomaly_table", "both_halves", "break_deletes",
    "breaker_table", "cluster_explorer", "cross_sharding", "day_of_ttl", "fewest", "hit_rate_explorer", "hottest_shard", "load_table",
    "matrix_picture", "matrix_summary", "races_table", "schedule_picture", "second_reader", "staleness_explorer", "system_picture",
    "timeline_explorer", "warm_up_table", "write_the_invariant", "write_the_rule", "year_old",
]  # fmt: skip

"""Lesson 1, the price of a network call: everything that its notebook puts on the stage."""

from dslab.course.microservices.claims import CLAIMS
from dslab.course.microservices.exercises import (
    ROOM,
    ZOO,
    calm_the_storm,
    charge_twice,
    keep_alive,
    longest_query,
    same_work,
    slow_requests,
    spend_replicas,
    split_pools,
    when_over,
    write_the_rule,
)
from dslab.course.microservices.explorers import (
    EXPLORERS,
    adversary_explorer,
    anatomy_table,
    anomaly_table,
    arithmetic_table,
    availability_table,
    callgraph_explorer,
    checkout_table,
    decision_table,
    goodput_table,
    hedging_table,
    ladder_picture,
    matrix_picture,
    matrix_summary,
    pools_explorer,
    shared_cause_table,
    starvation_table,
    storm_explorer,
    system_picture,
    tail_explorer,
)
from dslab.course.microservices.meta import META, WORDS
from dslab.course.referee import schedule_picture

__all__ = [
    "CLAIMS", "EXPLORERS", "META", "ROOM", "WORDS", "ZOO", "adversary_explorer", "anatomy_table", "arithmetic_table",
    "availability_table", "callgraph_explorer", "calm_the_storm", "charge_twice", "checkout_table", "decision_table", "goodput_table",
    "hedging_table", "keep_alive", "ladder_picture", "longest_query", "anomaly_table", "matrix_picture", "matrix_summary", "pools_explorer", "same_work",
    "schedule_picture", "shared_cause_table", "slow_requests", "spend_replicas", "split_pools", "starvation_table", "storm_explorer",
    "system_picture", "tail_explorer", "when_over", "write_the_rule",
]  # fmt: skip

"""Lesson 7, Town Al-Gasr: everything that its notebook puts on the stage."""

from dslab.course.algasr.claims import CLAIMS
from dslab.course.algasr.exercises import (
    cut_the_ring,
    five_emirs,
    metric,
    safe_emirs,
    twice,
    write_the_invariant,
)
from dslab.course.algasr.explorers import (
    EXPLORERS,
    anomaly_table,
    be_the_adversary,
    dashboard_explorer,
    matrix_picture,
    matrix_summary,
    palace_explorer,
    ring_explorer,
    town_explorer,
    town_map,
    victories_explorer,
)
from dslab.course.algasr.meta import META, WORDS
from dslab.course.algasr.questions import (
    ROOM,
    failed_second,
    nine_lights,
    relabel_or_mend,
    three_emirs,
    whole_town,
)
from dslab.course.algasr.tables import (
    anchors_table,
    hops_table,
    merges_table,
    readings_table,
    stages_table,
    visits_table,
    zoo_table,
)
from dslab.course.algasr.zoo import ELECTION_ZOO, ZOO
from dslab.course.referee import schedule_picture

__all__ = [
    "CLAIMS", "ELECTION_ZOO", "EXPLORERS", "META", "ROOM", "WORDS", "ZOO", "anchors_table", "anomaly_table", "be_the_adversary", "cut_the_ring",
    "dashboard_explorer", "failed_second", "five_emirs", "hops_table", "matrix_picture", "matrix_summary", "merges_table", "metric",
    "nine_lights", "palace_explorer", "readings_table", "relabel_or_mend", "ring_explorer", "safe_emirs", "schedule_picture",
    "stages_table", "three_emirs", "town_explorer", "town_map", "twice", "victories_explorer", "visits_table", "whole_town",
    "write_the_invariant", "zoo_table",
]  # fmt: skip

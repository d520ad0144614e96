"""Lesson 7 on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.algasr as lesson
from dslab.course.algasr import exercises, explorers
from dslab.show import Explorer
from dslab.teach import check_exercise
from tests.course.controls import dead, problems


@pytest.fixture(scope="module", params=lesson.EXPLORERS)
def explorer(request) -> Explorer:
    return lesson.EXPLORERS[request.param]()


def test_every_control_answers_at_both_ends_and_changes_what_isshown(explorer):
    assert problems(explorer) == []
    assert dead(explorer) == []


def test_two_gauges_stand_first_in_every_explorer(explorer):
    labels = [meter.label.split(":")[0] for meter in explorer.pictures[0].meters]
    assert labels == ["reported", "measured"]


@pytest.mark.parametrize("name", lesson.EXPLORERS)
def test_every_explorer_begins_with_a_gap(name):
    result = lesson.EXPLORERS[name]().result
    assert result["reported"] - result["measured"] > 4


@pytest.mark.parametrize("exercise", lesson.ROOM.exercises, ids=lambda exercise: exercise.name)
def test_exercise_solution_and_wrong_answers(exercise):
    check_exercise(exercise)


def test_all_five_kinds_of_exercise_are_there():
    kinds = {exercise.kind for exercise in lesson.ROOM.exercises}
    assert kinds == {"configure", "implement", "break it", "referee", "predict"}


def test_to_share_out_the_keys_is_a_right_answer_too():
    assert lesson.safe_emirs.fresh().check(exercises.own_keys).right


def test_smallest_edict_cuts_two_edges():
    assert exercises.fewest_cuts() == 2


def test_zoo_is_told_apart_and_every_mutant_is_caught_by_the_named_invariant():
    report = lesson.ZOO.run()
    assert report.problems() == []
    assert len(report.caught) == 10


def test_ledger_runs_without_a_failure():
    rows = lesson.CLAIMS.run()
    assert [row.claim.name for row in rows if row.problem] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("three Emirs for availability", "wrong as stated"),
        ("eventual consistency", "wrong as stated"),
        ("immutable decrees", "holds only if the interpreter is fixed with the decree"),
        ("lost branches", "reproduced"),
        ("merge by arrival", "reproduced"),
        ("two fixed points", "reproduced"),
        ("GitHub: both coasts", "reproduced"),
        ("NEAT: one node", "reproduced"),
        ("Yuan: 92 %", "not reproducible from what was published"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    assert lesson.CLAIMS[name].run().verdict == verdict


def test_map_has_nine_ministries_and_its_streets_a_circle():
    spec = lesson.town_map().spec
    assert len(spec.nodes) == 9
    here, seen = "Palace", []
    leads = {edge.source: edge.target for edge in reversed(spec.edges)}
    while here not in seen:
        seen.append(here)
        here = leads[here]
    assert (here, len(seen)) == ("Palace", 9)


def test_matrix_summary_counts_every_pair():
    from dslab.algasr.anomalies import ANOMALIES, CURES

    assert explorers.matrix_summary().startswith(f"{len(ANOMALIES) * (1 + len(CURES))} searches")

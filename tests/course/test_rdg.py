"""Lesson 4 on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.rdg as lesson
from dslab.show import Explorer
from dslab.teach import check_exercise
from tests.course.controls import dead, problems

MOVED = {name: make for name, make in lesson.EXPLORERS.items() if name != "adversary"}


@pytest.fixture(scope="module", params=MOVED)
def explorer(request) -> Explorer:
    return MOVED[request.param]()


def test_every_control_answers_at_both_ends_and_at_its_start(explorer):
    assert problems(explorer) == []


def test_every_control_changes_the_sentence_or_a_picture(explorer):
    assert dead(explorer) == []


def test_lag_begins_where_the_quiet_topic_suffers():
    assert lesson.lag_explorer().result["peak_b"] > 10


def test_walk_begins_by_depth_with_one_round_trip_a_call():
    result = lesson.walk_explorer().result
    assert result["rounds"] == result["calls"] == 6


@pytest.mark.parametrize("exercise", lesson.ROOM.exercises, ids=lambda exercise: exercise.name)
def test_exercise_solution_and_wrong_answers(exercise):
    check_exercise(exercise)


def test_four_kinds_of_exercise_are_there():
    assert {exercise.kind for exercise in lesson.ROOM.exercises} == {
        "configure",
        "implement",
        "break it",
        "predict",
    }


def test_zoo_is_told_apart_and_every_mutant_is_caught_by_the_named_invariant():
    report = lesson.ZOO.run()
    assert report.problems() == []
    assert len(report.caught) == 7


def test_ledger_runs_without_a_failure():
    rows = lesson.CLAIMS.run()
    assert [row.claim.name for row in rows if row.problem] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("one job was untunable", "reproduced"),
        (
            "millions of events",
            "holds only if it is said where: up to 1 million messages/s a topic in, over 5 million records/s out, 6 million writes/s stored",
        ),
        ("dedup", "holds only if keys are hot: 1 + rate × window updates become one record"),
        (
            "newest edges",
            "holds only if the record is narrow: the newest of a wide record cost all its pages",
        ),
        ("entropy repair", "reproduced"),
        ("node cache", "reproduced"),
        ("the whole system", "wrong as stated"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    claim = next(claim for claim in lesson.CLAIMS.claims if claim.name == name)
    assert claim.run().verdict == verdict


def test_matrix_picture_has_a_cell_for_every_pair():
    from dslab.rdg.anomalies import ANOMALIES, DEFENCES

    words = lesson.EXPLORERS and lesson.matrix_summary(deviations=1, budget=200)
    assert words.startswith(f"{len(ANOMALIES) * (1 + len(DEFENCES))} searches")

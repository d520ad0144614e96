"""Lesson 2 on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.cachefront as lesson
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


def test_timeline_begins_where_something_goes_wrong():
    assert lesson.timeline_explorer().result["stale_reads"] == 1


@pytest.mark.parametrize("exercise", lesson.ROOM.exercises, ids=lambda exercise: exercise.name)
def test_exercise_solution_and_wrong_answers(exercise):
    check_exercise(exercise)


def test_all_five_kinds_of_exercise_are_there():
    assert {exercise.kind for exercise in lesson.ROOM.exercises} == {
        "configure",
        "implement",
        "break it",
        "referee",
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
        ("strong consistency", "wrong as stated"),
        ("150 million database reads", "wrong as stated"),
        ("stronger consistency", "reproduced"),
        ("99.9 % hit rate", "wrong as stated"),
        ("staleness is not bounded", "reproduced"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    claim = next(claim for claim in lesson.CLAIMS.claims if claim.name == name)
    assert claim.run().verdict == verdict


def test_matrix_picture_has_a_cell_for_every_pair():
    from dslab.cachefront.anomalies import ANOMALIES, DEFENCES

    words = lesson.matrix_summary(deviations=1, budget=200)
    assert words.startswith(f"{len(ANOMALIES) * (1 + len(DEFENCES))} searches")

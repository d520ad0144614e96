"""Lesson 10c on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.elections as lesson
from dslab.course.elections import explorers
from dslab.show import Explorer
from dslab.teach import check_exercise
from tests.course.controls import dead, problems


@pytest.fixture(scope="module", params=lesson.EXPLORERS)
def explorer(request) -> Explorer:
    return lesson.EXPLORERS[request.param]()


def test_every_control_answers_at_both_ends_and_changes_what_is_shown(explorer):
    assert problems(explorer) == []
    assert dead(explorer) == []


@pytest.mark.parametrize("exercise", lesson.ROOM.exercises, ids=lambda exercise: exercise.name)
def test_exercise_solution_and_wrong_answers(exercise):
    check_exercise(exercise)


def test_at_least_three_kinds_of_exercise():
    assert {exercise.kind for exercise in lesson.ROOM.exercises} == {
        "configure",
        "implement",
        "break it",
        "predict",
    }


@pytest.mark.parametrize(
    ("prediction", "explorer", "settings", "right"),
    [
        (lesson.cut_off, lesson.lab_explorer, {}, "b"),
        (lesson.ten_nodes, lesson.count_explorer, {"nodes": 10}, 89),
        (lesson.five_ms, lesson.timeout_explorer, {}, "c"),
        (lesson.longest_log, lesson.ballot_explorer, {"rule": "up to date"}, False),
        (lesson.right_clock, lesson.session_explorer, {"slow_percent": 0, "write_ms": 400}, True),
    ],
    ids=lambda value: getattr(value, "name", ""),
)  # fmt: skip
def test_what_a_prediction_is_compared_with(prediction, explorer, settings, right):
    assert prediction.decide(explorer().at(**settings)) == right


def test_zoo_is_told_apart_and_every_mutant_is_caught():
    report = lesson.ZOO.run()
    assert report.problems() == []
    assert len(report.caught) == 9


def test_ledger_runs_without_a_failure():
    rows = lesson.CLAIMS.run()
    assert [(row.claim.name, row.problem) for row in rows if row.problem] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("five algorithms", "not reproducible from what was published"),
        ("no randomness", "reproduced"),
        ("5 ms", "holds only if about 3 of the 15 ms are the way to the voter; we chose them so"),
        ("50 ms", "reproduced"),
        ("12 to 24 ms: mean", "holds only if the way back takes about 8 ms; we chose them so"),
        ("request delay", "reproduced"),
        ("Bully, worst", "reproduced"),
        ("ring of 100", "reproduced"),
        ("Bully needs bounds", "reproduced"),
        ("never two leaders", "holds only if it is said of one term"),
        ("leader acts alone", "wrong as stated"),
        ("herd", "reproduced"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    assert lesson.CLAIMS[name].run().verdict == verdict


def test_matrix_has_a_search_for_every_pair():
    from dslab.concepts.elections.anomalies import ANOMALIES, DEFENCES

    assert explorers.matrix_summary().startswith(f"{len(ANOMALIES) * (1 + len(DEFENCES))} searches")

"""Lesson 1 on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import time

import pytest

import dslab.course.microservices as lesson
from dslab.show import Explorer
from dslab.teach import check_exercise
from tests.course.controls import dead, problems


@pytest.fixture(scope="module", params=lesson.EXPLORERS)
def explorer(request) -> Explorer:
    return lesson.EXPLORERS[request.param]()


def test_every_control_answers_at_both_ends_and_changes_what_isshown(explorer):
    assert problems(explorer) == []
    assert dead(explorer) == []


def test_the_call_graph_begins_as_the_article_counts():
    assert lesson.callgraph_explorer().result.params["equal_work"] is False


def test_the_storm_begins_where_it_stays():
    assert lesson.storm_explorer().result["recovered"] == 0


def test_a_moved_slider_is_answered_quickly(explorer):
    """The model alone, the best of five in processor time: a slider feels live under a tenth of a second."""
    taken = []
    for _ in range(5):
        begun = time.process_time()
        explorer._model(**explorer.values)
        taken.append(time.process_time() - begun)
    assert min(taken) < 0.1


@pytest.mark.parametrize("exercise", lesson.ROOM.exercises, ids=lambda exercise: exercise.name)
def test_exercise_solution_and_wrong_answers(exercise):
    check_exercise(exercise)


def test_kinds_of_exercise():
    assert {exercise.kind for exercise in lesson.ROOM.exercises} == {
        "predict",
        "configure",
        "implement",
        "break it",
    }


def test_zoo_is_told_apart_and_every_mutant_is_caught_by_the_named_invariant():
    report = lesson.ZOO.run()
    assert report.problems() == []
    assert len(report.caught) == 10


def test_ledger_runs_without_a_failure():
    assert [row.claim.name for row in lesson.CLAIMS.run() if row.problem] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("call anatomy", "wrong as stated"),
        ("latency follows", "wrong as stated"),
        ("shared database", "wrong as stated"),
        ("JSON", "wrong as stated"),
        ("modular monolith", "not reproducible from what was published"),
        ("243 calls", "reproduced"),
        ("metastable", "reproduced"),
        ("resources", "holds only if memory is meant; it is the one line that grows by 300 %"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    assert lesson.CLAIMS[name].run().verdict == verdict


def test_matrix_counts_its_searches():
    assert lesson.matrix_summary().startswith("110 searches, ")


def test_the_sentence_of_the_ladder_has_no_measured_number():
    from dslab.microservices import real

    told = lesson.ladder_picture(real.stored()).spec.describe()
    assert "this machine" in told and "µs" not in told

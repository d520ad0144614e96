"""Lesson 5 on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.pacer as lesson
from dslab.check import finished
from dslab.course.pacer import explorers
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
    if "pause_s" in explorer.controls:
        explorer.set(
            happens="stands still", check="none", lease="heartbeat"
        )  # where all of its controls have something to do
    assert dead(explorer) == []


def test_explorers_begin_where_something_is_wrong():
    assert lesson.contention_explorer().result["wait_ms"] > 2
    assert lesson.partitions_explorer().result["empty"] > 99
    assert lesson.failover_explorer().result["added_s"] > 500
    assert lesson.neighbours_explorer().result["killed"] > 0


def test_the_grid_of_locks_tells_states_by_word_and_mood():
    explorer = lesson.contention_explorer()
    explorer.set(claimers=100)
    grid = explorer.pictures[0]
    words = {word for row in grid.cells for word in row}
    assert any(word.startswith("held, ") for word in words)
    assert {grid.mood(word) for word in words if word.startswith("held, ")} <= {"warn", "bad"}


@pytest.mark.parametrize("exercise", lesson.ROOM.exercises, ids=lambda exercise: exercise.name)
def test_exercise_solution_and_wrong_answers(exercise):
    check_exercise(exercise)


def test_all_five_kinds_of_exercise_are_there():
    kinds = {exercise.kind for exercise in lesson.ROOM.exercises}
    assert kinds == {"configure", "implement", "break it", "referee", "predict"}


@pytest.mark.parametrize(
    ("prediction", "measured", "answer"),
    [
        ("more_claimers", "runs", "c"),
        ("what_the_fence_stops", "verdicts", "c"),
    ],
)
def test_experiment_decides_a_prediction(prediction, measured, answer):
    from dslab.pacer import anomalies, claiming

    made = {
        "runs": lambda: tuple(claiming.setup(f"busy queue, 10 tables, {n} claimers") for n in (20, 80)),
        "verdicts": lambda: tuple(
            anomalies.search(name, handout_check="none") for name in ("zombie claims", "zombie hands out")
        ),
    }[measured]()
    assert getattr(lesson, prediction).compare(made).happened == answer


def test_zoo_is_told_apart_and_every_mutant_is_caught_by_the_named_invariant():
    report = lesson.ZOO.run()
    assert report.problems() == []
    assert len(report.caught) == 9


def test_ledger_runs_without_a_failure():
    rows = lesson.CLAIMS.run()
    assert [row.claim.name for row in rows if row.problem] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("reads lock", "wrong as stated"),
        ("one cure for all", "wrong as stated"),
        ("all shards at once", "wrong as stated"),
        ("no isolation", "wrong as stated"),
        ("contention gone", "reproduced"),
        ("at least once", "reproduced"),
        (
            "sub-millisecond",
            "holds only if it is the hand-out from memory: before that the job waits for the next poll",
        ),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    assert lesson.CLAIMS[name].run().verdict == verdict


def test_summary_counts_what_was_searched_and_what_was_not(monkeypatch):
    from dslab.pacer import anomalies

    cells = finished(anomalies.matrix(("empty scan",)))
    monkeypatch.setattr(explorers, "_matrix_cells", lambda: cells)
    assert lesson.matrix_summary().startswith("2 searches, 2 schedules")
    assert "In 15 cells (–) no schedule ever asks" in lesson.matrix_summary()

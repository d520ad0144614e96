"""Lesson 9 on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.readmodels as lesson
from dslab.show import Explorer
from dslab.teach import check_exercise
from tests.course.controls import dead, problems

MOVED = {name: make for name, make in lesson.EXPLORERS.items() if name not in ("adversary", "hidden")}


@pytest.fixture(scope="module", params=MOVED)
def explorer(request) -> Explorer:
    return MOVED[request.param]()


def test_every_control_answers_at_both_ends_and_at_its_start(explorer):
    assert problems(explorer) == []


def test_every_control_changes_the_sentence_or_a_picture(explorer):
    assert dead(explorer) == []


def test_two_lanes_begin_one_step_before_the_event_is_lost():
    explorer = lesson.lanes_explorer()
    assert explorer.result["lost"] == 0
    explorer.set(commits=explorer.values["commits"] + 1)
    assert explorer.result["lost"] == 1


def test_adversaries_begin_with_nothing_broken():
    for adversary in (lesson.adversary_explorer(skip_records=False), lesson.hidden_explorer()):
        assert adversary.stepper.choices()
        assert adversary.stepper.violations == []


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
    assert len(report.caught) == 8


def test_ledger_runs_without_a_failure():
    rows = lesson.CLAIMS.run()
    assert [(row.claim.name, row.problem) for row in rows if row.problem] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("rebuilt safely", "wrong as stated"),
        ("no lock at the end", "wrong as stated"),
        ("skip records suffice", "holds only if the replay waits for what ran at its start: the hidden tail"),
        ("crash needs the row", "reproduced"),
        ("about one per writer", "reproduced"),
        ("one try, 40 writers", "reproduced"),
        ("barrier's pause", "reproduced"),
        ("unregistered projections", "wrong as stated"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    claim = next(claim for claim in lesson.CLAIMS.claims if claim.name == name)
    assert claim.run().verdict == verdict


def test_table_of_designs_has_a_cell_for_every_pair():
    from dslab.readmodels.anomalies import ANOMALIES, DESIGNS

    assert lesson.matrix_summary().startswith(f"{len(ANOMALIES) * len(DESIGNS)} searches")

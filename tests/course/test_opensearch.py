"""Lesson 8 on the stage: controls at both ends, exercises with their wrong answers, the zoos, the ledger, the tables."""

import pytest

import dslab.course.opensearch as lesson
from dslab.opensearch.manifest import EXAMPLES
from dslab.show import Explorer
from dslab.teach import check_exercise
from tests.course.controls import dead

MOVED = {name: make for name, make in lesson.EXPLORERS.items() if name != "adversary"}


@pytest.fixture(scope="module", params=MOVED)
def explorer(request) -> Explorer:
    return MOVED[request.param]()


def test_every_control_answers_at_every_position(explorer):
    start = dict(explorer.values)
    for name, control in explorer.controls.items():
        for value in (*control.values, start[name]):
            explorer.set(**{name: value})
            assert explorer.problem == "", f"{name}={value!r}"


def test_every_control_changes_the_sentence_or_a_picture(explorer):
    assert dead(explorer) == []


def test_every_explorer_begins_where_something_goes_wrong():
    assert lesson.operate_explorer().result["leaderless_s"] > 0
    assert lesson.upgrade_explorer().result["blocked"] == 1
    assert lesson.manifest_explorer().result["blocked"] == 1
    assert "quorum lost" in str(lesson.guard_explorer().result.tables["outcome"])


def test_a_manifest_of_ones_own_is_added_and_chosen():
    explorer = lesson.manifest_explorer(EXAMPLES["three zones"].replace("name: search", "name: mine"))
    assert explorer.sentence.startswith("Read mine (opensearch.org/v1)")


def test_a_manifest_that_cannot_be_used_is_told_by_its_path():
    explorer = lesson.manifest_explorer(
        "kind: OpenSearchCluster\napiVersion: opensearch.org/v1\nmetadata: {name: x}\nspec: {general: {version: 3.0.0}}"
    )
    assert "pec.nodePools (line 4): is missing" in explorer.problem


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


@pytest.mark.parametrize(
    ("zoo", "mutants"), [(lesson.ZOO, 7), (lesson.DARK_ZOO, 4)], ids=["operator", "dark"]
)
def test_zoo_is_told_apart_and_every_mutant_is_caught_by_the_named_invariant(zoo, mutants):
    report = zoo.run()
    assert report.problems() == []
    assert len(report.caught) == mutants


def test_ledger_runs_without_a_failure():
    assert [row.claim.name for row in lesson.CLAIMS.run() if row.problem] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        (
            "quorum-safe restarts",
            "holds only if there are three managers or more: with two, the guard lets one go and the majority is gone",
        ),
        ("upgrade deadlocks", "reproduced"),
        ("over 100 changes", "not reproducible from what was published"),
        ("guard: two thirds", "wrong as stated"),
        ("guard is dead code", "reproduced"),
        ("order", "wrong as stated"),
        ("emptyDir recovery", "reproduced"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    claim = next(claim for claim in lesson.CLAIMS.claims if claim.name == name)
    assert claim.run().verdict == verdict


def test_tables_of_break_it():
    assert all("held" in row[1] for row in lesson.crash_table().spec.rows()[1])
    assert lesson.summary("version").startswith("76 searches")

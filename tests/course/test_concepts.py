"""Lesson 10a on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.concepts as lesson
from dslab.concepts import races
from dslab.course.concepts import stage
from dslab.teach import check_exercise
from tests.course.controls import dead, problems

CONCEPTS = (
    "load balancing", "caching", "CDN", "message queue", "publish-subscribe", "API gateway", "circuit breaker", "service discovery", "sharding", "rate limiting",
    "consistent hashing", "auto scaling",
)  # fmt: skip


@pytest.mark.parametrize("name", lesson.EXPLORERS)
def test_every_control_answers_at_both_ends_and_changes_what_is_shown(name):
    explorer = lesson.EXPLORERS[name]()
    assert problems(explorer) == []
    assert dead(explorer) == []


def test_each_of_the_twelve_has_an_explorer_in_the_articles_order():
    assert tuple(lesson.EXPLORERS)[:12] == CONCEPTS


def test_an_explorer_of_another_act_is_refused_with_those_that_there_are():
    with pytest.raises(ValueError, match="there are load balancing, caching, CDN"):
        lesson.front_explorer("sharding")


@pytest.mark.parametrize("exercise", lesson.ROOM.exercises, ids=lambda exercise: exercise.name)
def test_exercise_solution_and_wrong_answers(exercise):
    check_exercise(exercise)


def test_there_is_an_exercise_for_each_concept_and_of_all_five_kinds():
    assert len(lesson.ROOM.exercises) == 12
    assert {exercise.kind for exercise in lesson.ROOM.exercises} == {
        "predict",
        "configure",
        "implement",
        "break it",
        "referee",
    }


def test_other_right_answers_are_accepted():
    assert lesson.calm_loop.fresh().check({"target": 50, "cool": 0, "pending": True}).right
    assert lesson.choose_lease.fresh().check({"lease": 8, "beat": 2, "refresh": 7}).right


def test_zoo_is_told_apart_and_every_mutant_caught():
    report = lesson.ZOO.run()
    assert report.problems() == []
    assert len(report.caught) == 5


def test_ledger_runs_without_a_failure():
    assert [row.claim.name for row in lesson.CLAIMS.run() if row.problem] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("twelve", "reproduced"),
        ("the digest's eight", "wrong as stated"),
        ("modulo", "reproduced"),
        ("ring", "reproduced"),
        ("Che", "reproduced"),
        ("SIEVE", "holds only if some keys are much more popular than others; in a loop neither hits"),
        ("at least once", "holds only if doing a message twice is the same as once"),
        ("oscillation", "reproduced"),
        ("published traces", "not reproducible from what was published"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    assert lesson.CLAIMS[name].run().verdict == verdict


def test_every_defence_has_words():
    assert set(stage.DEFENCE_WORDS) == set(races.DEFENCES)


def test_the_shop_misses_auto_scaling_most():
    assert lesson.missed_most() == "autoscaling"

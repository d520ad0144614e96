"""Notebook 10d on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger, another's parser."""

import builtins

import pytest

import dslab.course.streaming as lesson
from dslab.course.streaming.parsed import parsed
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


def test_adversary_begins_with_nothing_broken():
    adversary = lesson.adversary_explorer()
    assert adversary.stepper.choices()
    assert adversary.stepper.violations == []


@pytest.mark.parametrize("second", range(10, 61, 5))
def test_no_position_of_the_playlist_explorer_breaks_a_rule(second):
    explorer = lesson.playlist_explorer()
    for part_ms in (0, 1_000, 500):
        assert explorer.at(second=second, part_ms=part_ms, window=3)["broken"] == 0


def test_recipe_of_act_1_does_what_it_says():
    explorer = lesson.budget_explorer()
    assert explorer.at(segment_s=1)["mean"] < 6
    assert (
        explorer.at(delivery="LL-HLS", segment_s=1)["mean"]
        == explorer.at(delivery="LL-HLS", segment_s=10)["mean"]
    )


def test_recipe_of_act_2_does_what_it_says():
    explorer = lesson.ingest_explorer()
    assert (
        explorer.at(latency_ms=100)["late"]
        == explorer.at(latency_ms=180)["late"]
        > 10 * explorer.at(latency_ms=200)["late"]
    )
    assert explorer.at(burst=50)["late"] > 2 * explorer.at(burst=50)["late theory"]


def test_recipe_of_act_3_does_what_it_says():
    explorer = lesson.player_explorer()
    assert explorer.at(jump=False)["drift"] > 10
    slow = {
        rule: explorer.at(mean_kbps=3_000, rule=rule) for rule in ("top rung", "by throughput", "by buffer")
    }
    assert slow["top rung"]["watch stalled"] > 60
    assert slow["by throughput"]["watch switches"] > 20
    assert slow["by buffer"]["watch kbps"] == 400


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
    assert [(row.claim.name, row.problem) for row in lesson.CLAIMS.run() if row.problem] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("HLS, 6 to 30 s", "reproduced"),
        ("LL-HLS, 2 to 4 s", "holds only if parts last about 0.3 s or more"),
        (
            "three parts",
            "holds only if a should is read as a must: the second edition's draft demands two and advises three",
        ),
        ("impossible without parts", "reproduced"),
        ("three targets", "reproduced"),
        ("120 ms", "holds only if the round trip takes 30 to 40 ms at most"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    assert lesson.CLAIMS[name].run().verdict == verdict


def test_another_parser_agrees_on_every_number():
    pytest.importorskip("m3u8")
    run = parsed()
    assert run.params["live"] is True
    assert [row["field"] for row in run.tables["fields"] if not row["agree"]] == []
    assert run["lenient"] > run["spoilt"] / 2  # a parser is no checker


def test_stored_result_is_what_the_live_one_says_and_says_that_it_is_stored(monkeypatch):
    live, really = parsed(), builtins.__import__
    monkeypatch.setattr(
        builtins,
        "__import__",
        lambda name, *rest: (
            (_ for _ in ()).throw(ImportError(name)) if name == "m3u8" else really(name, *rest)
        ),
    )
    stored = parsed()
    assert stored.params["live"] is False
    assert stored.text == f"The package m3u8 is not installed here. Stored from an earlier run: {live.text}"
    assert stored.tables == live.tables


def test_table_of_bugs_has_each_caught_as_expected():
    columns, rows = lesson.bug_table().spec.rows()
    assert all(row[columns.index("as expected")] for row in rows) and len(rows) == 30


def test_matrix_covers_every_pair():
    from dslab.concepts.streaming.anomalies import ANOMALIES, DEFENCES

    assert lesson.matrix_summary().startswith(f"{len(ANOMALIES) * (len(DEFENCES) + 1)} searches")

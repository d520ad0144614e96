"""Lesson 3 on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.zanzibar as lesson
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
    assert lesson.timeline_explorer().result["leaks"] > 0


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
    assert len(report.caught) == 9


def test_every_mutant_of_the_switches_is_in_the_zoo():
    from dslab.zanzibar.zookie import CHOICES

    assert set(lesson.ZOO.mutants) == set(CHOICES["bug"]) - {""}


def test_ledger_runs_without_a_failure():
    rows = lesson.CLAIMS.run()
    assert [row.claim.name for row in rows if row.problem] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("ten million checks", "wrong as stated"),
        ("99 % in 3 ms", "wrong as stated"),
        ("0.25 % writes", "wrong as stated"),
        ("all groups of a user", "wrong as stated"),
        ("zookie needed", "reproduced"),
        ("Recent tail", "holds only if as many reads go a long way as were fitted to this very table"),
        ("amplification", "reproduced"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    claim = next(claim for claim in lesson.CLAIMS.claims if claim.name == name)
    assert claim.run().verdict == verdict


def test_a_no_reads_most():
    reads = lesson.reads_by_person()
    assert reads["carol"] < reads["anne"] < reads["mallory"]


def test_the_index_saves_tuples_and_never_changes_an_answer():
    from dslab.zanzibar.example import USERS, walk

    for user in USERS:
        plain, indexed = walk(user=user, policy="blocked"), walk(user=user, policy="blocked", leopard=True)
        assert plain["allowed"] == indexed["allowed"]
        assert indexed["reads"] <= plain["reads"]


def test_playground_points_at_a_mistake(capsys):
    assert (
        lesson.playground("namespace user\nnamespace doc\n  viewer: [usr]", "", "doc:a#viewer@user:b") is None
    )
    assert "there is no namespace 'usr'" in capsys.readouterr().out
    assert (
        lesson.playground(
            "namespace user\nnamespace doc\n  viewer: [user]", "doc:a#viewer@user:b", "doc:a#viewer@user:b"
        )
        is not None
    )
    assert capsys.readouterr().out.startswith("doc:a#viewer@user:b: yes, by doc:a#viewer@user:b.")


def test_matrix_summary_counts_every_pair():
    from dslab.zanzibar.anomalies import ANOMALIES, DEFENCES

    summary = lesson.matrix_summary(deviations=1, budget=200)
    assert summary.startswith(f"{len(ANOMALIES) * (1 + len(DEFENCES))} searches")
    assert summary.endswith(
        "78 of them are in neither table (one table's row with the other's switch off): none broke."
    )


def test_both_halves_of_the_matrix_have_every_anomaly_and_defence():
    from dslab.course.zanzibar.explorers import HALVES
    from dslab.zanzibar.anomalies import ANOMALIES, DEFENCES

    pictures = [lesson.matrix_picture(half, deviations=1, budget=200).spec for half in HALVES]
    assert sorted(name for spec in pictures for name in spec.row_names) == sorted(ANOMALIES)
    assert sorted(off for _, offs in HALVES.values() for off in offs) == sorted(DEFENCES)

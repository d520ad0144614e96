"""Lesson 7 on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.algasr as lesson
from dslab.algasr import branches
from dslab.course.algasr import exercises, explorers
from dslab.show import Explorer
from dslab.teach import check_exercise
from tests.course.controls import dead, problems


@pytest.fixture(scope="module", params=lesson.EXPLORERS)
def explorer(request) -> Explorer:
    return lesson.EXPLORERS[request.param]()


def test_every_control_answers_at_both_ends_and_changes_what_isshown(explorer):
    assert problems(explorer) == []
    assert dead(explorer) == []


def test_two_gauges_stand_first_in_every_explorer(explorer):
    labels = [meter.label.split(":")[0] for meter in explorer.pictures[0].meters]
    assert labels == ["reported", "measured"]


@pytest.mark.parametrize("name", lesson.EXPLORERS)
def test_every_explorer_begins_with_a_gap(name):
    result = lesson.EXPLORERS[name]().result
    assert result["reported"] - result["measured"] > 4


@pytest.mark.parametrize("exercise", lesson.ROOM.exercises, ids=lambda exercise: exercise.name)
def test_exercise_solution_and_wrong_answers(exercise):
    check_exercise(exercise)


def test_all_five_kinds_of_exercise_are_there():
    kinds = {exercise.kind for exercise in lesson.ROOM.exercises}
    assert kinds == {"configure", "implement", "break it", "referee", "predict"}


@pytest.mark.parametrize(
    "rule",
    [
        lambda emir, key, reachable, emirs: emirs.index(emir) == ord(key) % len(emirs),
        lambda emir, key, reachable, emirs: (
            int(emir.split()[1]) == 1 + "abcdefghijklmnop".index(key) * len(emirs) // 16
        ),
    ],
    ids=["by its letter", "by ranges"],
)
def test_to_share_out_the_keys_is_right_however_it_is_done(rule):
    assert lesson.safe_emirs.fresh().check(rule).right


def test_a_majority_is_told_who_stopped_serving():
    told = lesson.safe_emirs.fresh().check(exercises._majority).describe()
    assert "emir 1 acknowledged no petition for any of the keys a to p while the town was cut" in told


@pytest.mark.parametrize("failure", [0.0, 0.2, 1.0])
def test_labels_do_not_say_what_failed(failure):
    """Of what is filed as ok or as victory, some failed and some did not: no set of labels is the successes."""
    events = exercises.reports(failure, 0.3)
    seen = {(event["label"], event["answered"]) for event in events if event["by"] == "canary"}
    if failure < 1:
        assert {("ok", True), ("victory", True)} <= seen
    if failure > 0:
        assert {("ok", False), ("victory", False)} <= seen


def test_wrong_answer_on_branches_is_not_told_the_right_one():
    for wrong in (1.0, 0.784, 4.0):
        told = lesson.five_emirs.fresh().check(wrong).describe()
        assert "0.65" not in told


def test_wrong_invariant_is_shown_a_schedule_and_not_the_sentence_it_should_find():
    told = lesson.write_the_invariant.fresh().check(lambda world: True).describe()
    assert "deliver" in told
    assert "both won" not in told
    assert "two leaders" not in told


@pytest.mark.parametrize(
    ("question", "explorer", "settings", "answer"),
    [
        ("failed_second", "dashboard", {}, "a"),
        ("nine_lights", "ring", {}, "c"),
        ("relabel_or_mend", "victories", {}, "c"),
        ("whole_town", "town", {"trouble": 0.0}, "b"),
    ],
)
def test_what_happens_where_the_question_asks(question, explorer, settings, answer):
    result = lesson.EXPLORERS[explorer]().at(**settings)
    assert getattr(lesson, question).decide(result) == answer


def test_three_emirs_lose_what_the_closed_form_says():
    result = lesson.palace_explorer().at()
    assert lesson.three_emirs.decide(result) == pytest.approx(100 * branches.lost_share(3.0), abs=1.5)


def test_adversary_opens_where_emir_1_is_about_to_write():
    widget = lesson.be_the_adversary("zombie leader", 6, fencing=False)
    assert "lease was valid" in next(choice.label for choice in widget.stepper.choices() if choice.default)


def test_smallest_edict_cuts_two_edges():
    assert exercises.fewest_cuts() == 2


def test_zoo_is_told_apart_and_every_mutant_is_caught_by_the_named_invariant():
    report = lesson.ZOO.run()
    assert report.problems() == []
    assert len(report.caught) == 10


def test_ledger_runs_without_a_failure():
    rows = lesson.CLAIMS.run()
    assert [row.claim.name for row in rows if row.problem] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        (
            "three Emirs for availability",
            "holds only if three registers will do: one register keeps a part of what was acknowledged",
        ),
        ("eventual consistency", "wrong as stated"),
        ("immutable decrees", "holds only if the interpreter is fixed with the decree"),
        ("lost branches", "reproduced"),
        ("merge by arrival", "reproduced"),
        ("two fixed points", "reproduced"),
        ("lost writes", "reproduced"),
        ("Yuan: 92 %", "not reproducible from what was published"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    assert lesson.CLAIMS[name].run().verdict == verdict


@pytest.mark.parametrize("name", ["GitHub: both coasts", "NEAT: one node", "nine ministries"])
def test_what_a_toy_shows_possible_or_was_built_in_is_not_called_reproduced(name):
    assert lesson.CLAIMS[name].run().verdict.startswith("holds only if ")


def test_map_has_nine_ministries_and_its_streets_a_circle():
    spec = lesson.town_map().spec
    assert len(spec.nodes) == 9
    here, seen = "Palace", []
    leads = {edge.source: edge.target for edge in reversed(spec.edges)}
    while here not in seen:
        seen.append(here)
        here = leads[here]
    assert (here, len(seen)) == ("Palace", 9)


def test_matrix_summary_counts_every_pair():
    from dslab.algasr.anomalies import ANOMALIES, CURES

    assert explorers.matrix_summary().startswith(f"{len(ANOMALIES) * (1 + len(CURES))} searches")

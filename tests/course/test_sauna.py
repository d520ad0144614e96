"""Lesson 6 on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.sauna as lesson
from dslab.show import Explorer
from dslab.teach import check_exercise
from tests.course.controls import problems


@pytest.fixture(scope="module", params=lesson.EXPLORERS)
def explorer(request) -> Explorer:
    return lesson.EXPLORERS[request.param]()


def test_every_control_answers_at_both_ends_and_at_its_start(explorer):
    assert problems(explorer) == []


# A shout matters only where the rule asks for an order.
NEEDS = {"shout": {"delivery_rule": True}}


def test_every_control_changes_the_sentence_and_a_picture(explorer):
    start = dict(explorer.values)
    for name, control in explorer.controls.items():
        explorer.set(**NEEDS.get(name, {}))
        shown = set()
        for value in (control.values[0], start[name], control.values[-1]):
            explorer.set(**{name: value})
            shown.add(str((explorer.sentence, [picture.rows() for picture in explorer.pictures])))
        explorer.set(**start)
        assert len(shown) > 1, name


def test_explorers_begin_where_something_goes_wrong():
    assert lesson.rule_explorer().result["too_short"] > 0.9
    assert lesson.waiting_explorer().result["cycle"] == 1
    assert lesson.clocks_explorer().result["fooled"] == 1
    assert lesson.delivery_explorer().result["early"] == 1


def test_predictions_come_out_as_the_acts_say():
    """What each act explains is what its experiment decides."""
    order = lesson.delivery_explorer()
    decided = [
        lesson.whom_to_follow.compare(lesson.rule_explorer().at()).happened,
        lesson.does_it_end.compare(lesson.waiting_explorer().at()).happened,
        lesson.smaller_number.compare(lesson.clocks_explorer().at()).happened,
        lesson.late_question.compare(order.at(delivery_rule=True, shout="yes")).happened,
    ]
    assert decided == ["c", "b", "no", "b"]
    assert order.at(delivery_rule=True, shout="tracked")["early"] == 0


def test_the_simulated_room_of_act_2_is_near_the_formula():
    shown = lesson.share_explorer().at()
    assert shown["mean_min"] == 14
    assert abs(shown["simulated_min"] - 14) < 0.5


def test_the_room_of_act_3_is_the_one_that_its_question_describes():
    shown = lesson.waiting_explorer().at()
    queue = next(row["waits for"] for row in shown.tables["edges"] if row["who"] == "W@1")
    assert (shown["queue"], shown["inside"], len(queue.split(", "))) == (19, 6, 6)
    assert shown.params["door"][0] and sum(shown.params["door"]) == 8


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
    rows = {row.claim.name: row for row in lesson.CLAIMS.run()}
    assert [name for name, row in rows.items() if row.problem] == []
    assert rows["never too short"].verdict == "reproduced"
    assert rows["safe duration"].verdict.startswith("holds only if")
    assert rows["deadlock"].verdict.startswith("holds only if the room can be full")
    assert not any(row.verdict == "wrong as stated" for row in rows.values())


def test_nine_picture_shows_nine_states():
    assert "9 nodes" in str(lesson.nine_picture())


def test_adversary_breaks_what_the_referee_breaks():
    from dslab.sauna.anomalies import search

    adversary = lesson.be_the_door("late notice", witness=False)
    adversary.load(search("late notice", witness=False).token)
    adversary.run_on()
    assert [violation["invariant"] for violation in adversary.stepper.violations] == ["STAYS_LONG_ENOUGH"]


def test_the_recipe_of_break_it_breaks_it():
    """Hold ‘entered’ to Mia back until the reply to her own ‘enter’ has reached her, then let all run."""
    shown = lesson.be_the_door("late notice", witness=False)
    replied = False
    while not replied:
        free = [c for c in shown.stepper.choices() if "‘entered’ door → mia" not in c.label]
        chosen = next((c for c in free if c.default), None) or next(
            c for c in free if "mia" in c.label or "door" in c.label
        )
        replied = "‘enter ↩’ door → mia" in chosen.label
        shown.pick(chosen.index)
    shown.run_on()
    assert [violation["invariant"] for violation in shown.stepper.violations] == ["STAYS_LONG_ENOUGH"]


def test_the_chain_recipe_of_act_3_ends_in_a_chain():
    shown = lesson.waiting_explorer().at(kind="stops", capacity=12, minute=85.0)
    assert shown.params["verdict"] == "chain"

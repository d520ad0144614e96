"""Lesson 4 on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.rdg as lesson
from dslab.rdg import measures
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


def test_lag_begins_where_the_quiet_topic_suffers():
    assert lesson.lag_explorer().result["peak_b"] > 10


def test_walk_begins_by_depth_with_one_round_trip_a_call():
    result = lesson.walk_explorer().result
    assert result["rounds"] == result["calls"] == 6


@pytest.mark.parametrize("exercise", lesson.ROOM.exercises, ids=lambda exercise: exercise.name)
def test_exercise_solution_and_wrong_answers(exercise):
    check_exercise(exercise)


def test_five_kinds_of_exercise_are_there():
    assert {exercise.kind for exercise in lesson.ROOM.exercises} == {
        "configure",
        "implement",
        "break it",
        "predict",
        "referee",
    }


def test_zoo_is_told_apart_and_every_mutant_is_caught_by_the_named_invariant():
    report = lesson.ZOO.run()
    assert report.problems() == []
    assert len(report.caught) == 7


def test_ledger_runs_without_a_failure():
    rows = lesson.CLAIMS.run()
    assert [row.claim.name for row in rows if row.problem] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        (
            "one job was untunable",
            "holds only if what shares a job shares its line, which is built in here; tuning was not tried",
        ),
        (
            "millions of events",
            "holds only if it is said where: up to 1 million messages/s a topic in, over 5 million records/s out, 6 million writes/s stored",
        ),
        ("dedup", "holds only if keys are hot: 1 + rate × window updates become one record"),
        (
            "newest edges",
            "holds only if the record is narrow: the newest of a wide record cost all its pages",
        ),
        ("entropy repair", "reproduced"),
        (
            "node cache",
            "holds only if hits stay below 75 %, or calls that no node cache can save are counted too",
        ),
        ("dying nodes", "reproduced"),
        ("AIMD", "holds only if a storage over its capacity wastes work, which is built in here"),
        (
            "properties inside",
            "holds only if it is said when: in 2025; since May 2026 links and properties are apart",
        ),
        ("the whole system", "wrong as stated"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    claim = next(claim for claim in lesson.CLAIMS.claims if claim.name == name)
    assert claim.run().verdict == verdict


def test_sources_of_claims_stand_for_themselves():
    assert [claim.name for claim in lesson.CLAIMS.claims if "the same" in claim.source] == []


def test_comparisons_judge_the_question_wherever_the_controls_stand():
    lag, wide, player = lesson.lag_explorer(), lesson.wide_explorer(), lesson.walk_explorer()
    lag.set(jobs="one a topic")
    wide.set(way="pages, ANY")
    player.set(way="by level", page=10)
    assert lesson.quiet_topic.decide(lag.at(jobs="one for all")) == "b"
    assert lesson.newest_edges.decide(wide.at(way="pages, LATEST", limit=320, page=80)) == "c"
    assert player.at(way="by depth")["adjacency_ms"] == 60
    assert player.at(way="by level")["adjacency_ms"] == 20
    assert measures.fleet()["read_instances"] == 600


def test_walk_says_the_time_of_links_and_of_nodes_apart():
    told = lesson.walk_explorer().sentence
    assert "60 ms at 10 ms a round trip" in told
    assert "140 ms in all" in told


def test_adversary_begins_with_the_forward_link_on_its_way():
    adversary = lesson.EXPLORERS["adversary"]()
    choices = {choice.label: choice.index for choice in adversary.stepper.choices()}
    adversary.pick(choices["writer crashes"])
    adversary.run_on()
    assert [broken["invariant"] for broken in adversary.stepper.violations] == ["SYMMETRIC"]
    with pytest.raises(ValueError, match="no choice 'typo' after nothing"):
        lesson.adversary_explorer(moves=("typo",), entropy_repair=False)


def test_feedback_does_not_give_the_answer_away():
    window = lesson.pick_window.check({"window_s": 50.0})
    assert "1 s" not in window.describe()
    window = lesson.pick_window.check({"window_s": 0.5})
    assert "less than half" in window.describe()


def test_matrix_picture_has_a_cell_for_every_pair():
    from dslab.rdg.anomalies import ANOMALIES, DEFENCES

    words = lesson.EXPLORERS and lesson.matrix_summary(deviations=1, budget=200)
    assert words.startswith(f"{len(ANOMALIES) * (1 + len(DEFENCES))} searches")

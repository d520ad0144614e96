"""Lesson 10b on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.limiters as lesson
from dslab.concepts.limiter_search import most_in_span, passed
from dslab.concepts.limiters import MINUTE_US, SlidingCounter, TokenBucket
from dslab.course.limiters import exercises, explorers
from dslab.show import Explorer
from dslab.teach import check_exercise
from tests.course.controls import dead, problems


@pytest.fixture(scope="module", params=lesson.EXPLORERS)
def explorer(request) -> Explorer:
    return lesson.EXPLORERS[request.param]()


def test_every_control_answers_at_both_ends_and_changes_what_is_shown(explorer):
    assert problems(explorer) == []
    assert dead(explorer) == []


def test_every_prediction_has_an_experiment_that_decides_it():
    happened = {
        "at the border": (lesson.border, lesson.windows_explorer().at(), 200),
        "two numbers": (lesson.two_numbers, lesson.counter_explorer().at(), "c"),
        "after the night": (lesson.after_the_night, lesson.bucket_explorer().at(), 119),
        "standing queue": (lesson.standing_queue, lesson.queue_explorer().at(), "c"),
        "ten edges": (lesson.ten_edges, lesson.edges_explorer().at(), 1_000),
    }
    for name, (prediction, measured, wanted) in happened.items():
        assert prediction.compare(measured).happened == wanted, name


@pytest.mark.parametrize(
    ("make", "settings", "metric", "value"),
    [
        (lesson.windows_explorer, {"opener": True}, "most_first", 199),
        (lesson.windows_explorer, {"opener": True}, "most", 199),
        (lesson.counter_explorer, {"burst_at": 59.9, "rounding": "floor"}, "most", 200),
        (lesson.bucket_explorer, {"burst": 1}, "most", 100),
        (lesson.bucket_explorer, {"refill": "whole"}, "most", 120),
        (lesson.bucket_explorer, {"refill": "window", "burst": 100}, "most", 200),
        (lesson.bucket_explorer, {"refill": "lost", "every": 0.5}, "most", 20),
        (lesson.bucket_explorer, {"refill": "lost", "every": 0.6}, "most", 119),
        (lesson.queue_explorer, {"load": 50}, "last", 0),
        (lesson.edges_explorer, {"strategy": "split", "uneven": 1.0, "requests": 100}, "passed", 10),
    ],
)
def test_recipes_of_the_notebook_do_what_they_say(make, settings, metric, value):
    assert make().at(**settings)[metric] == value


@pytest.mark.parametrize("exercise", lesson.ROOM.exercises, ids=lambda exercise: exercise.name)
def test_exercise_solution_and_wrong_answers(exercise):
    check_exercise(exercise)


def test_all_five_kinds_of_exercise_are_there():
    assert {each.kind for each in lesson.ROOM.exercises} == {
        "configure",
        "implement",
        "break it",
        "referee",
        "predict",
    }


def test_nineteen_is_the_most_that_a_counter_of_ten_lets_pass():
    times = passed(SlidingCounter(10), [(59_000_000, 10), (114_000_000, 9)])
    assert most_in_span(times, MINUTE_US) == exercises.WANTED == 2 * exercises.MOST - 1


@pytest.mark.parametrize(
    "answer", [[(59, 10, 1)], [(59, "ten")], [(60, 5), (59, 5)], [(0, 0)], [(0, True)], 5]
)
def test_arrivals_that_are_none_are_no_attempt(answer):
    tried = lesson.nineteen.fresh()
    tried.check(answer)
    assert tried.attempts == 0


def test_only_one_choice_never_lets_more_than_120_pass_and_is_as_large_as_can_be():
    """Of all buckets and refills exactly one is right."""
    right = [
        (burst, refill)
        for burst in (1, 19, 20, 21, 22, 59, 60, 61, 99, 100, 120, 200)
        for refill in ("continuous", "whole", "window")
        if lesson.never_more.fresh().check({"burst": burst, "refill": refill}).right
    ]
    assert right == [(21, "continuous")]


def test_flood_of_the_exercise_reaches_the_formula():
    from dslab.concepts.limiter_search import bound

    for burst in (1, 21, 60, 100):
        for refill in ("continuous", "whole", "window"):
            assert exercises.flooded(burst, refill)[0] == bound(TokenBucket(100, burst=burst, refill=refill))


def test_four_edges_at_a_border_get_four_times_twice_the_limit():
    assert exercises.four_at_the_border() == 800


def test_zoo_is_told_apart_and_every_mutant_is_caught_by_the_named_invariant():
    report = lesson.ZOO.run()
    assert report.problems() == []
    assert len(report.caught) == 10


def test_ledger_runs_without_a_failure():
    assert [row.claim.name for row in lesson.CLAIMS.run() if row.problem] == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("border burst", "reproduced"),
        ("flood", "reproduced"),
        ("counter, burst and flood", "reproduced"),
        ("bucket", "reproduced"),
        ("GCRA", "reproduced"),
        ("leaky meter", "reproduced"),
        ("leaky queue", "reproduced"),
        ("queue's delay", "reproduced"),
        ("N edges", "reproduced"),
        ("Cloudflare: example", "reproduced"),
        (
            "Cloudflare: wrong decisions",
            "holds only if nearly all sources stay far from the limit, or far above it",
        ),
        ("Cloudflare: three sources", "not reproducible from what was published"),
        ("five strategies", "wrong as stated"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    assert lesson.CLAIMS[name].run().verdict == verdict


def test_search_and_formula_agree_in_every_row_of_the_table():
    columns, rows = lesson.worst_table().spec.rows()
    found, formula = columns.index("found by search"), columns.index("by formula")
    assert [row[0] for row in rows if row[found] != row[formula]] == []
    assert len(rows) == len(explorers.WORST)


def test_only_the_last_row_of_the_same_table_differs():
    columns, rows = lesson.same_table().spec.rows()
    differ = columns.index("a schedule on which they differ")
    assert [row[differ] == "none" for row in rows] == [True] * (len(rows) - 1) + [False]


def test_matrix_summary_counts_every_pair():
    assert lesson.matrix_summary().startswith("108 searches")

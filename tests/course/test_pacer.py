"""Lesson 5 on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.pacer as lesson
from dslab.check import finished
from dslab.course.pacer import explorers, tables
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
    from dslab.pacer import anomalies

    made = {
        "runs": lambda: tuple(lesson.contention_explorer().at(claimers=n) for n in (20, 80)),
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
        ("claim timeout", "holds only if it is set so: the 600 s are built into the model"),
        (
            "contention gone",
            "holds only if nobody but the owner locks the rows, which is built into the model",
        ),
        ("at least once", "reproduced"),
        (
            "sub-millisecond",
            "holds only if it is the hand-out from memory: before that the job waits for the next poll",
        ),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    assert lesson.CLAIMS[name].run().verdict == verdict


def test_isolation_was_missing_for_some_and_not_for_others():
    """Act 5 shows workers and enqueues without any; PinLater's dequeues had a semaphore."""
    assert lesson.CLAIMS["no isolation"].run().verdict.startswith("holds only if it is said of worker hosts")
    assert lesson.CLAIMS["pods"].run().verdict == "reproduced"


def test_explorers_tables_and_claims_tell_one_number():
    """One setting, one run: wherever it is shown."""
    explorer = lesson.contention_explorer()
    rows = {row["setup"]: row for row in explorers._two_cures().tables["setups"]}
    for count in (5, 20, 80):
        explorer.set(claimers=count)
        row, told = rows[f"busy queue, 10 tables, {count} claimers"], explorer.result
        assert (row["claims/s"], row["job p99 (ms)"]) == (round(told["claims_s"]), round(told["p99_ms"], 1))
        assert f"moment {told.params['moment_ms']:g} ms" in told.text
        dots = dict(zip(told.series["p99"].x, told.series["p99"].y, strict=True))
        assert dots[count] == told["p99_ms"]
    partitions = lesson.partitions_explorer().at(count=1)
    row = rows["tiny queue, 1 partition and its owner"]
    assert row["empty (%)"] == round(partitions["empty"], 1) == round(partitions.series["empty"].y[0], 1)


def test_the_two_cures_stand_in_all_four_combinations():
    rows = {row["setup"]: row for row in explorers._two_cures().tables["setups"]}
    neither, owners, one, both = (
        rows[f"tiny queue, {what}"]
        for what in (
            "40 tables, 20 claimers",
            "40 partitions, an owner each",
            "1 partition, 20 claimers",
            "1 partition and its owner",
        )
    )
    assert (
        owners["lock wait (ms)"]
        == both["lock wait (ms)"]
        == 0
        < neither["lock wait (ms)"]
        < one["lock wait (ms)"]
    )
    assert both["claims/s"] < one["claims/s"] < owners["claims/s"] < neither["claims/s"]


def test_recipe_of_the_adversary_does_what_the_prose_says():
    """Act 4: the first three moves are made; A stands still, loses the lease and the claim, and goes on."""
    adversary = lesson.adversary_explorer(moves=lesson.FIRST_MOVES, handout_check="none")
    recipe = (
        "broker A stands still",
        "a lease without a heartbeat",
        "helix: start",
        "‘appoint’ helix → db",
        "A#1 is up",
        "broker A goes on",
        "‘claim ↩’",
    )
    for move in recipe:
        assert not adversary.stepper.violations
        adversary.pick(next(choice.index for choice in adversary.stepper.choices() if move in choice.label))
    assert [violation["invariant"] for violation in adversary.stepper.violations] == ["NO_DEAD_CLAIM"]


def test_a_move_that_is_none_is_told():
    with pytest.raises(ValueError, match="there is no choice 'dance' after nothing"):
        lesson.adversary_explorer(moves=("dance",))


def test_every_defence_has_its_words():
    from dslab.pacer import anomalies

    assert set(tables.DEFENCE_WORDS) == set(anomalies.DEFENCES)


@pytest.mark.parametrize("pause", ["2", "8"])
def test_own_clock_does_for_both_standstills_of_the_explorer(pause):
    run = lesson.failover_explorer().at(what=pause, lease="heartbeat", check="clock")
    assert (run["lost"], run["twice"]) == (0, 0)


def test_pods_recipe_of_act_five():
    """No poison, no images, 300 notifications/s: with pods half of the slots are the images', and notifications queue."""
    noisy = lesson.neighbours_explorer()
    shared, pods = (noisy.at(pods=pods, poison_min=0, images_s=0, notes_s=300) for pods in (False, True))
    assert pods["p99_ms"] > 1.2 * shared["p99_ms"]
    assert pods["wait_ms"] > 10 * shared["wait_ms"]


def test_summary_counts_what_was_searched_and_what_was_not(monkeypatch):
    from dslab.pacer import anomalies

    cells = finished(anomalies.matrix(("empty scan",)))
    monkeypatch.setattr(tables, "_matrix_cells", lambda: cells)
    assert lesson.matrix_summary().startswith("2 searches, 2 schedules")
    assert "In 15 cells (idle) no schedule ever asks" in lesson.matrix_summary()

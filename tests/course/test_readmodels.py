"""Lesson 9 on the stage: controls at both ends, exercises with their wrong answers, the zoo, the ledger."""

import pytest

import dslab.course.readmodels as lesson
from dslab.course.readmodels.explorers import BUSY
from dslab.readmodels import anomalies, load
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


def test_adversaries_begin_with_something_to_see_and_nothing_broken():
    for adversary in (lesson.race_explorer(), lesson.hidden_explorer()):
        assert adversary.stepper.choices() and adversary.stepper.steps
        assert adversary.stepper.violations == []


def test_the_recipe_of_act_2_breaks_it():
    """Let the rebuild look until it finds nothing, then the append do all it does, then the flip."""
    adversary = lesson.race_explorer()
    wanted = ["reads a batch"] * 2 + [
        "start",
        "inserts e2",
        "asks for",
        "reads the status",
        "skips e2",
        "commits e2",
        "flips",
    ]
    for words in wanted:
        adversary.pick(next(choice.index for choice in adversary.stepper.choices() if words in choice.label))
    assert [violation["invariant"] for violation in adversary.stepper.violations] == ["NO_LOST_EVENT"]
    assert adversary.token == anomalies.search("skip race", skip_records=False).token


def test_predictions_are_compared_with_the_case_they_ask_about_wherever_the_controls_stand():
    """Act 1: only the late commit loses. Act 3: the opening is the load of the price table. Act 4: a tenth of the time."""
    lanes, busy, tries = lesson.lanes_explorer(), lesson.load_explorer(), lesson.try_explorer()
    lanes.set(design="everything on")
    busy.set(writers=1)
    tries.set(writers=2)
    late = {"commits": lanes.at(commits=9), "begins": lanes.at(begins=9)}
    assert lesson.late_commit.compare(late).happened == "c"
    assert busy.at()["lost"] == load.load(**BUSY)["lost"] and busy.at().params["start"] == "wait"
    assert tries.at()["expected"] == pytest.approx(0.9**20)


@pytest.mark.parametrize("writers", [1, 5, 20, 40])
def test_the_point_that_is_drawn_is_the_number_that_is_told(writers):
    result = lesson.try_explorer().at(writers=writers)
    curve = result.series["success"]
    assert curve.y[curve.x.index(writers)] == pytest.approx(100 * result["success"])
    assert curve.y[curve.x.index(writers)] == pytest.approx(100 * result["expected"], abs=5)
    waiting = result.series["waiting"]
    assert waiting.y[waiting.x.index(writers)] == result["wait_ms"]


def rows(picture):
    columns, lines = picture.spec.rows()
    return [dict(zip(columns, line, strict=True)) for line in lines]


def test_lock_table_plays_statements_of_the_readers_own():
    mine = [("A", "SELECT pg_advisory_lock(1)"), ("B", "SELECT pg_try_advisory_lock(1)"), ("B", "SELECT pg_advisory_lock(1)"),
            ("A", "SELECT pg_advisory_unlock(1)")]  # fmt: skip
    ends = [(row["at once"], row["in the end"]) for row in rows(lesson.lock_table(mine))]
    assert ends == [("ok", "ok"), ("false", "false"), ("waits", "ok"), ("true", "true")]
    with pytest.raises(
        ValueError, match="there is no lock matrix 'my own'; there are shared goes with shared, "
    ):
        lesson.lock_table("my own")


def test_a_deadlock_has_a_victim():
    ends = [row["in the end"] for row in rows(lesson.lock_table("two exclusives, two keys: deadlock"))]
    assert "40P01" in ends


def test_what_the_lock_is_worth_shows_only_with_two_statements():
    alone, locked = rows(lesson.lock_worth_table())
    words = [
        alone["in one statement"],
        alone["in two statements"],
        locked["in one statement"],
        locked["in two statements"],
    ]
    assert ["twice" in each for each in words] == [True, True, True, False]


def test_every_design_and_every_anomaly_has_a_line():
    assert [row["design"] for row in rows(lesson.design_table())] == list(anomalies.DESIGNS)
    assert [row["anomaly"] for row in rows(lesson.anomaly_table())] == list(anomalies.ANOMALIES)
    assert {row["others"] for row in rows(lesson.design_table())} == {"all", "xmin rule", "none"}


def test_every_mechanism_has_an_anomaly_that_shows_without_it():
    assert all(row["without it"] for row in rows(lesson.mechanism_table()))


def test_steps_mark_the_surprises():
    lines = rows(lesson.steps_table(anomalies.search("skip race", skip_records=False)))
    assert [line["step"] for line in lines if line["surprise"]] == [1, 7] and len(lines) == 13
    with pytest.raises(ValueError, match="found nothing"):
        lesson.steps_table(anomalies.search("skip race", deviations=1))


def test_prices_name_their_load_and_count_the_records():
    assert "8 writers, transactions of 8 ms, a replay of 80 ms" in lesson.price_table().spec.title
    written = {row["design"]: row["skip records written"] for row in rows(lesson.price_table())}
    assert {design for design, count in written.items() if count} == {"skip records"}


def test_under_load_the_table_has_each_design_of_the_stored_run():
    from dslab.readmodels.real import LOADED

    table = rows(lesson.loaded_table())
    assert [row["design"] for row in table] == list(LOADED)
    assert {row["design"]: row["lost"] > 0 for row in table} == {
        name: name.startswith("article") for name in LOADED
    }


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
        ("lost per writer", "reproduced"),
        ("one try, 40 writers", "reproduced"),
        ("takeover", "holds only if the timeout is set so: Emmett's default is built into the model"),
        ("collisions", "holds only if hashes are as good as drawn: arithmetic, no experiment"),
        (
            "barrier's pause",
            "holds only if the server's own milliseconds are added: the model, where the database costs nothing, stays below",
        ),
        ("unregistered projections", "wrong as stated"),
    ],
)
def test_verdict_of_a_claim(name, verdict):
    claim = next(claim for claim in lesson.CLAIMS.claims if claim.name == name)
    assert claim.run().verdict == verdict


def test_table_of_designs_has_a_cell_for_every_pair():
    searches = len(anomalies.ANOMALIES) * len(anomalies.DESIGNS)
    assert lesson.matrix_summary().startswith(f"{searches} searches")
    words = [word for row in lesson.matrix_picture().spec.cells for word in row]
    assert len(words) == searches
    assert (words.count("broken"), words.count("otherwise")) == (32, 19)

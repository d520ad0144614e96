"""A zoo says which right variants a referee accepts and which mutants it catches."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dslab.check import always
from dslab.teach import Mutant, Zoo
from tests.teach import tiny


def fake(held, invariant="NAME", steps=2, searched=7):
    """A verdict as the referee gives it."""
    schedule = [f"step {number}" for number in range(steps)]
    return SimpleNamespace(
        held=held, invariant=invariant, sentence="", schedule=[] if held else schedule, searched=searched
    )


def right():
    """The article's protocol."""


def slow():
    """A variant that no invariant can tell apart."""


def zoo(**how):
    mutants = {
        "no marker": Mutant(lambda: None, "deletes instead of marking", "NO_STALE_READ"),
        "no compare": Mutant(lambda: None, "writes whatever comes", ("NO_STALE_READ", "NO_REGRESSION")),
        "slow": Mutant(slow, "is slow", reason="slowness is no wrong answer"),
    }
    return Zoo("cache", {"marker": right}, mutants, **how)


def run(outcomes):
    """Run the zoo with a referee that says, by place, whether each variant held."""
    verdicts = iter(outcomes)
    return zoo().run(lambda variant: next(verdicts))


GOOD = (fake(True), fake(False, "NO_STALE_READ"), fake(False, "NO_REGRESSION"), fake(True))


def test_a_perfect_referee_accepts_the_right_and_catches_the_rest():
    report = run(GOOD)
    assert report.perfect and report.problems() == []
    assert report.describe_score() == (
        "1 of 1 right variants accepted, 2 of 2 mutants caught, 1 with a reason to escape."
    )


def test_a_right_variant_that_is_accused_is_named():
    report = run((fake(False, "TOO_STRICT"), *GOOD[1:]))
    assert [row.name for row in report.accused] == ["marker"] and not report.perfect
    assert report.problems() == ["marker is right, but TOO_STRICT accuses it"]


def test_a_mutant_that_escapes_is_named_with_who_should_have_caught_it():
    report = run((GOOD[0], fake(True), *GOOD[2:]))
    assert [row.name for row in report.escaped] == ["no marker"] and not report.perfect
    assert report.problems() == ["no marker escapes (deletes instead of marking); expected NO_STALE_READ"]


def test_a_mutant_caught_by_another_invariant_is_caught_but_noted():
    report = run((GOOD[0], fake(False, "OTHER"), *GOOD[2:]))
    assert report.perfect
    assert report.problems() == ["no marker is caught by OTHER; expected NO_STALE_READ"]


def test_a_mutant_with_a_reason_that_is_caught_all_the_same_is_noted():
    report = run((*GOOD[:3], fake(False, "NO_STALE_READ")))
    assert report.problems() == ["slow has a reason to escape, but NO_STALE_READ catches it"]


def test_the_table_says_by_which_invariant_in_how_many_steps_of_how_many_schedules():
    assert [row.cells for row in run(GOOD).rows] == [
        ("marker", "right", "The article's protocol.", "✓ accepted", "–", "–", "7"),
        ("no marker", "mutant", "deletes instead of marking", "✓ caught", "NO_STALE_READ", "2", "7"),
        ("no compare", "mutant", "writes whatever comes", "✓ caught", "NO_REGRESSION", "2", "7"),
        ("slow", "mutant", "is slow", "– escaped", "slowness is no wrong answer", "–", "7"),
    ]


def test_the_shortest_schedules_are_at_hand():
    assert run(GOOD).schedules().splitlines()[:3] == ["no marker:", "  1. step 0", "  2. step 1"]
    assert run(GOOD).html().count("<details>") == 2


def test_a_long_schedule_is_cut_on_the_page_and_says_so():
    page = run((fake(True), fake(False, "NO_STALE_READ", steps=20), *GOOD[2:])).html()
    assert "step 15" in page and "step 16" not in page
    assert "… and 4 more" in page


def test_a_search_is_given_the_variant_and_the_invariants():
    seen = []
    built = zoo(
        invariants=["I"], search=lambda variant, invariants: seen.append((variant, invariants)) or fake(True)
    )
    built.run()
    assert seen[0] == (right, ["I"]) and len(seen) == 4


def test_a_learners_function_becomes_an_invariant_of_its_own_name():
    asked = []
    zoo(search=lambda variant, invariants: asked.extend(invariants) or fake(True)).score(tiny.too_few)
    assert (asked[0].name, asked[0].sentence, asked[0].kind) == (
        "TOO_FEW",
        "The counter is never above one.",
        "always",
    )


def test_a_lambda_becomes_an_invariant_too():
    asked = []
    zoo(search=lambda variant, invariants: asked.extend(invariants) or fake(True)).score(lambda world: True)
    assert (asked[0].name, asked[0].sentence) == (
        "YOUR_INVARIANT",
        "what your invariant asks for is true after every event",
    )


def test_a_learner_may_give_several_and_ready_ones():
    asked = []
    ready = always("READY", "so it is", lambda world: True)
    zoo(search=lambda variant, invariants: asked.append(invariants) or fake(True)).score(
        [ready, tiny.too_few]
    )
    assert [each.name for each in asked[0]] == ["READY", "TOO_FEW"]


def test_the_real_referee_searches_unless_told_otherwise():
    report = tiny.ZOO.run()
    assert report.problems() == [] and [row.verdict.searched for row in report.rows] == [6, 1, 1, 1, 6]


def test_a_reference_verdict_is_given_by_name():
    assert tiny.ZOO.reference("counts from 7").invariant == "NEVER_TOO_MANY"
    with pytest.raises(
        ValueError,
        match="there is no 'counts' in the zoo 'the shop'; it has locked, one seller, counts from 7",
    ):
        tiny.ZOO.reference("counts")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Zoo("z", {}, {"m": Mutant(slow, "m", "X")}), "at least one right variant and one mutant"),
        (lambda: Zoo("z", {"m": right}, {"m": Mutant(slow, "m", "X")}), "both right and a mutant"),
        (lambda: Mutant(slow, "m"), "name the invariant that catches it, or give a reason"),
        (lambda: Mutant(slow, "m", "X", "because"), "not both"),
        (lambda: Mutant(slow, " ", "X"), "needs a description"),
        (lambda: zoo().run(), "no invariants of its own"),
    ],
)
def test_a_zoo_that_shows_nothing_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()

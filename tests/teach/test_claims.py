"""A claim's verdict is computed from what was measured; a claim that cannot be measured says why."""

from __future__ import annotations

from typing import Any

import pytest

from dslab.sim import Metric, Result
from dslab.teach import NOT_REPRODUCIBLE, REPRODUCED, WRONG, Claim, Ledger, Measurement, holds_only_if
from tests.teach import tiny


def claim(**how: Any) -> Claim:
    """Give a claim that 4 ms are enough, measured as 4 ms, or one with these parts replaced."""
    parts = {
        "name": "latency",
        "sentence": "A read takes 4 ms.",
        "source": "An article",
        "date": "26 August 2025",
        "evidence": "V",
        "value": 4,
        "unit": "ms",
        "experiment": lambda: Measurement(4.0, "ms"),
    }
    return Claim(**parts | how)


def measured(given: Any, **how: Any) -> str:
    """Give the verdict where the experiment gives this."""
    return claim(experiment=lambda: given, **how).run().verdict


@pytest.mark.parametrize(
    ("value", "verdict"), [(4, REPRODUCED), (4.5, REPRODUCED), (4.51, WRONG), (3.5, REPRODUCED), (3, WRONG)]
)
def test_a_number_is_reproduced_within_its_tolerance(value, verdict):
    assert measured(value, tolerance=0.5) == verdict


def test_without_a_tolerance_a_number_must_be_the_same():
    assert (measured(4.0), measured(4.001)) == (REPRODUCED, WRONG)


def test_a_word_must_be_the_same():
    assert (measured("stale", value="stale", unit=""), measured("fresh", value="stale", unit="")) == (
        REPRODUCED,
        WRONG,
    )


def test_what_is_said_of_a_value_that_is_off_can_be_chosen():
    condition = holds_only_if("the time to live is 24 h")
    assert measured(9, otherwise=condition) == "holds only if the time to live is 24 h"


def test_a_test_may_say_true_false_or_the_verdict():
    verdicts = [measured(value, value=None, test=lambda v: v < 5) for value in (4, 6)]
    assert verdicts == [REPRODUCED, WRONG]
    assert (
        measured(4, value=None, test=lambda v: holds_only_if("nobody writes"))
        == "holds only if nobody writes"
    )


def test_a_test_that_gives_another_word_is_a_problem_of_the_row():
    row = claim(value=None, test=lambda v: "maybe", experiment=lambda: 4).run()
    assert "gave 'maybe', which is no verdict" in row.problem and row.verdict == ""


def test_a_metric_of_a_result_is_read_by_its_name():
    result = Result({}, {"p99": Metric("p99", 4.0, "ms")}, "A read takes 4 ms at most.")
    row = claim(experiment=lambda: result, metric="p99").run()
    assert (row.verdict, row.measured) == (REPRODUCED, Measurement(4.0, "ms", "A read takes 4 ms at most."))


def test_a_metric_that_is_not_there_is_a_problem_of_the_row():
    result = Result({}, {"p99": Metric("p99", 4.0, "ms")}, "A read takes 4 ms at most.")
    assert (
        "reads the metric 'p50'; the result has p99"
        in claim(experiment=lambda: result, metric="p50").run().problem
    )


def test_an_experiment_that_fails_keeps_the_others_and_is_counted():
    def fails():
        raise ValueError("the ttl is 0; it must be 1 or more")

    ledger = Ledger("Cache", [claim(name="one", experiment=fails), claim(name="two")])
    table = ledger.table()
    assert [row.verdict for row in table.rows] == ["", REPRODUCED]
    assert [row.claim.name for row in table.failed] == ["one"]
    assert "the experiment failed: ValueError: the ttl is 0; it must be 1 or more" in table.describe()
    assert table.summary() == "2 claims: 1 failed, 1 reproduced."


def test_a_claim_without_an_experiment_shows_its_reason():
    row = claim(experiment=None, reason="No prices are published").run()
    assert row.verdict == NOT_REPRODUCIBLE and "No prices are published" in row.cells[-1]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"experiment": None}, "it has no experiment, so it needs a reason"),
        ({"experiment": None, "reason": "r", "verdict": REPRODUCED}, "it cannot have been reproduced"),
        ({"experiment": None, "reason": "r", "verdict": "plausible"}, "'plausible' is no verdict"),
        ({"verdict": WRONG}, "its verdict is computed"),
        ({"value": None}, "either value= .* or test="),
        ({"test": bool}, "either value= .* or test="),
        ({"evidence": "M"}, "evidence mark 'M' is not known; use one of V \\(read in the original\\)"),
        ({"date": "recently"}, "the date 'recently' is none"),
        ({"date": "2025-8"}, "the date '2025-8' is none"),
        ({"source": " "}, "its source is empty"),
        ({"tolerance": -1}, "tolerance is -1"),
        ({"otherwise": "no"}, "otherwise='no' is no verdict"),
    ],
)
def test_a_claim_that_proves_nothing_is_refused(how, says):
    with pytest.raises(ValueError, match=f"claim 'latency': .*{says}"):
        claim(**how)


@pytest.mark.parametrize("date", ["2019", "2025-08", "2025-08-26", "August 2025", "6 August 2025"])
def test_dates_are_written_in_words_or_by_the_standard(date):
    assert claim(date=date).date == date


def test_a_condition_must_be_said():
    with pytest.raises(ValueError, match="holds only if what"):
        holds_only_if(" ")


def test_names_are_given_once_and_found():
    with pytest.raises(ValueError, match="two claims with the name 'latency'"):
        Ledger("Cache", [claim(), claim()])
    with pytest.raises(KeyError, match="no claim 'hit rate' in the ledger of Cache; it has latency"):
        Ledger("Cache", [claim()])["hit rate"]
    with pytest.raises(ValueError, match="has no claims"):
        Ledger("Cache", [])


def test_a_listing_runs_nothing():
    def fails():
        raise AssertionError("run")

    rows = Ledger(
        "Cache", [claim(experiment=fails), claim(name="cost", experiment=None, reason="r")]
    ).listing()
    assert [row.shown_verdict for row in rows] == ["? not measured in this run", f"– {NOT_REPRODUCIBLE}"]


def test_the_table_says_where_a_claim_stands_and_what_its_mark_means():
    page = tiny.LEDGER.table().html()
    assert ">Claims: The lost update</caption>" in page and ">measured here</th>" in page
    assert (
        "handbook, 1 April 2020 [V]" in page
        and "[V] read in the original; [S] seen in a second-hand text." in page
    )


def test_every_verdict_of_the_tiny_ledger():
    assert {row.claim.name: row.shown_verdict for row in tiny.LEDGER.run()} == {
        "rare": "✗ wrong as stated",
        "lock": "~ holds only if it is held from the read to the write",
        "share": "✓ reproduced",
        "cost": "– not reproducible from what was published",
    }

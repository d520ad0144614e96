"""A classroom counts what one lesson asked, a glossary defines each term once, a table is readable everywhere."""

from __future__ import annotations

import pytest

from dslab.teach import Classroom, Glossary, Prediction, Table
from dslab.teach.page import as_code, inline, rounded, styled, with_unit
from tests.teach import tiny


@pytest.fixture
def room():
    """A room with one prediction and one exercise."""
    room = Classroom("Cache")
    room.add(Prediction.yes_no("stale", "Can it be stale?", {"no": "It can."}))
    room.add(tiny.CONFIGURE.fresh())
    return room


def test_what_is_added_is_given_back_and_found(room):
    prediction = Prediction.yes_no("late", "Late?", {"no": "It can."})
    assert room.add(prediction) is prediction and room["late"] is prediction
    assert [item.name for item in room] == ["stale", "keep them apart", "late"]


def test_a_name_is_given_once(room):
    with pytest.raises(ValueError, match="Cache already has a prediction named 'stale'"):
        room.add(Prediction.yes_no("stale", "Again?", {"no": "It can."}))


def test_an_unknown_name_is_told_which_there_are(room):
    with pytest.raises(KeyError, match="Cache has no 'stal'; it has stale, keep them apart"):
        room["stal"]


def test_only_predictions_and_exercises_come_in(room):
    with pytest.raises(TypeError, match="not a str"):
        room.add("a question")


def test_the_scorecard_at_the_beginning(room):
    assert room.scorecard().sentence == "Predictions: 0 of 1 recorded, 0 right. Exercises: 0 of 1 solved."
    assert [row[2] for row in room.scorecard().rows] == ["– not recorded", "– not tried"]


def test_the_scorecard_follows_what_the_learner_does(room):
    room["stale"].answer("no")
    assert room.scorecard().rows[0][2] == "recorded, not yet compared"
    room["stale"].compare(True)
    assert room.scorecard().rows[0][2] == "✗ something else happened"
    room["stale"].compare(False)
    room["keep them apart"].check(None)
    assert room.scorecard().sentence == "Predictions: 1 of 1 recorded, 1 right. Exercises: 0 of 1 solved."


def test_the_scorecard_counts_attempts(room):
    exercise = room["keep them apart"]
    exercise.judge = tiny.needs_a_feedback
    exercise.form = tiny.LETTERS
    exercise.check("a")
    assert room.scorecard().rows[1][2] == "✗ not yet, 1 attempt"
    exercise.check("b")
    assert room.scorecard().rows[1] == ("Keep them apart", "configure", "✓ solved, 2 attempts")


def test_a_room_can_be_begun_anew(room):
    room["stale"].answer("no")
    room["keep them apart"].hint()
    room.forget()
    assert not room["stale"].made and room["keep them apart"].shown_hints == 0


def test_terms_are_found_in_any_case_and_listed_by_the_alphabet():
    words = Glossary({"Marker": "A row that says deleted.", "fill": "A row put into the cache."})
    assert words["marker"] == "A row that says deleted." and "FILL" in words
    assert words.table().rows == (
        ("fill", "A row put into the cache."),
        ("Marker", "A row that says deleted."),
    )


def test_some_terms_can_be_shown_alone():
    assert tiny.WORDS.table("schedule").rows == (
        ("schedule", "The order in which the events of a run happen."),
    )


def test_a_term_is_defined_once():
    with pytest.raises(ValueError, match="the term 'Fill' is defined twice"):
        Glossary([("fill", "A."), ("Fill", "B.")])


def test_joined_glossaries_must_agree():
    words = Glossary({"fill": "A row put into the cache."})
    assert (words | Glossary({"fill": "A row put into the cache.", "slot": "One row's place."})).terms == (
        "fill",
        "slot",
    )
    with pytest.raises(ValueError, match="'fill' is defined twice"):
        words | Glossary({"fill": "To put."})


def test_an_unknown_term_is_told_which_there_are():
    with pytest.raises(KeyError, match="'slot' is not in the glossary; it has lost update, schedule"):
        tiny.WORDS["slot"]


def test_a_table_has_a_caption_scoped_headings_and_aligned_numbers():
    page = Table("Load", ("hit rate", "misses"), [("99 %", 1_500_000), ("99.9 %", 150_000)]).html()
    assert page.startswith(
        '<table><caption style="text-align:left">Load</caption><thead><tr><th scope="col" style="text-align:left">'
    )
    assert '<th scope="col" class="number" style="text-align:right">misses</th>' in page
    assert (
        '<th scope="row" style="text-align:left">99 %</th><td class="number" style="text-align:right">1,500,000</td>'
        in page
    )


def test_an_output_carries_only_the_styles_that_it_needs():
    sizes = [len(styled(body)) for body in ("<p>x</p>", "<pre>x</pre>", Table("x", ("a",), [("b",)]).html())]
    assert sizes == sorted(sizes) and sizes[0] < 700 and sizes[2] < 1500
    assert "& table" in styled("<table></table>") and "& table" not in styled("<p>a table</p>")


def test_a_table_with_a_short_row_is_refused():
    with pytest.raises(ValueError, match=r"the row \('a',\) has 1 cells; the table 'Load' has 2 columns"):
        Table("Load", ("x", "y"), [("a",)])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (150_000_000, "150,000,000"),
        (99.99, "99.99"),
        (0.123456, "0.1235"),
        (1234.56, "1,235"),
        (2.0, "2"),
        (0.00001234, "1.23e-05"),
        (True, "yes"),
        (float("inf"), "infinite"),
        (float("nan"), "not a number"),
        ("word", "word"),
        (0.1 + 0.2, "0.3"),
        (-1234.5, "-1,234"),
    ],
)
def test_numbers_are_rounded_for_reading(value, text):
    assert rounded(value) == text


def test_a_unit_stands_apart():
    assert (with_unit(3.2, "ms"), with_unit(7, "")) == ("3.2 ms", "7")


class Nameless:
    """Something whose repr holds its address."""


class Rude:
    """Something whose repr fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "text"), [({"b", "a"}, "{'a', 'b'}"), (Rude(), "a Rude"), (set(), "set()"), ("x", "'x'")]
)
def test_values_are_written_the_same_on_every_run(value, text):
    assert as_code(value) == text


def test_addresses_are_left_out():
    assert as_code(Nameless()) == "<tests.teach.test_classroom.Nameless object>"


def test_an_odd_backtick_is_a_character():
    assert inline("a ` b") == "a ` b"


def test_asterisks_emphasize_words_and_leave_products_and_code_alone():
    assert inline("a *very long* day") == "a <em>very long</em> day"
    assert inline("2 * 3 * 4, 2*3*4, `a *b* c`") == "2 * 3 * 4, 2*3*4, <code>a *b* c</code>"

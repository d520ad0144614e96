"""The live views: what is chosen is written out, what is committed is locked, a click and a line of code do the same."""

from __future__ import annotations

import html
import re

import ipywidgets
import pytest

from dslab.teach import Prediction, Settings, Span
from dslab.teach.widgets import ExerciseView, PredictionView
from tests.teach import tiny
from tests.teach.test_exercises import HINTS, functions
from tests.teach.test_tester import exercise


def words(widget: ipywidgets.HTML) -> str:
    """Give what a reader reads of a piece of HTML."""
    bare = re.sub(r"<style>.*?</style>|<[^>]+>", " ", widget.value, flags=re.DOTALL)
    return " ".join(html.unescape(bare).split())


@pytest.fixture
def prediction():
    """A choice of two."""
    return Prediction.choice(
        "late fill", "Stale?", {"a": "Fresh", "b": "Stale"}, {"a": "A fill may come late."}
    )


@pytest.fixture
def view(prediction):
    """Its view."""
    return PredictionView(prediction)


def radio(view):
    """The radio buttons of a view."""
    return view.entry.box


def test_nothing_can_be_committed_before_something_is_chosen(view):
    assert (view.commit.disabled, words(view.status)) == (True, "Choose an answer, then commit it.")


def test_what_is_chosen_is_written_out_before_it_is_committed(view, prediction):
    radio(view).value = "b"
    assert words(view.status) == "Not recorded yet: (b) Stale."
    assert not view.commit.disabled and not prediction.made


def test_a_click_commits_and_locks(view, prediction):
    radio(view).value = "b"
    view.commit.click()
    assert prediction.predicted == "b"
    assert words(view.status).startswith("✓ Recorded: (b) Stale.")
    assert (view.commit.disabled, view.commit.description, radio(view).disabled) == (True, "Recorded", True)


def test_an_answer_in_code_is_shown_in_the_view(view, prediction):
    prediction.answer("a")
    assert (radio(view).value, radio(view).disabled) == ("a", True)
    assert "Recorded: (a) Fresh." in words(view.status)


def test_forgetting_opens_the_view_again(view, prediction):
    prediction.answer("a")
    prediction.forget()
    assert not radio(view).disabled and view.commit.description == "Commit my prediction"


def test_a_new_view_shows_what_was_recorded(prediction):
    prediction.answer("b")
    assert radio(PredictionView(prediction)).value == "b"


def number(**how):
    """A number with a slider."""
    return Prediction.number("wait", "How long?", "ms", 0, 10, {"low": "l", "high": "h"}, tolerance=1, **how)


def test_a_slider_and_its_field_move_together():
    view = PredictionView(number(slider=True))
    field, slider = view.entry.box.children
    slider.value = 7
    assert field.value == 7 and words(view.status) == "Not recorded yet: 7 ms."
    view.commit.click()
    assert field.disabled and slider.disabled


def test_a_number_without_a_slider_is_a_labelled_field():
    view = PredictionView(number(step=0.5))
    assert view.entry.box.description == "Your answer (ms)"
    assert isinstance(view.entry.box, ipywidgets.BoundedFloatText)


def test_whole_numbers_stay_whole():
    view = PredictionView(number(step=1))
    view.commit.click()
    assert repr(view.prediction.predicted) == "0"


def test_an_answer_is_checked_by_a_click():
    view = ExerciseView(exercise())
    view.entry.box.value = "a"
    assert words(view.status).endswith("Your answer so far: (a) The first of them.")
    view.check.click()
    assert words(view.told).startswith("✗ Not yet. It is not.")
    assert words(view.status).startswith("1 attempt; 0 of 3 hints shown.")


def test_a_better_answer_replaces_the_feedback():
    view = ExerciseView(exercise())
    for answer in ("a", "b"):
        view.entry.box.value = answer
        view.check.click()
    assert words(view.told).startswith("✓ Right.") and view.exercise.solved


def test_nothing_can_be_checked_before_something_is_chosen():
    assert ExerciseView(exercise()).check.disabled


def test_hints_come_one_by_one_and_then_no_more():
    view = ExerciseView(exercise())
    view.hint.click()
    assert words(view.hints) == f"Hints: {HINTS[0]}"
    view.hint.click()
    view.hint.click()
    assert words(view.hints).endswith(HINTS[2]) and view.hint.disabled


def test_the_solution_button_says_why_it_is_closed_and_opens_after_an_attempt():
    view = ExerciseView(exercise())
    view.solution.click()
    assert words(view.opened).startswith("The solution opens after an attempt.")
    view.exercise.check("a")
    assert "It is in the middle." in words(view.opened)


def test_a_check_in_another_cell_moves_the_counter_here():
    view = ExerciseView(functions())
    view.exercise.check(lambda number: 4)
    assert words(view.status) == "1 attempt; 0 of 3 hints shown."


def test_switches_begin_at_their_start_and_are_written_as_code():
    form = Settings(
        {"cas": (True, False), "ttl_s": Span(1, 60, "s")}, {"cas": False}, {"cas": "Compare-and-set"}
    )
    view = ExerciseView(exercise(kind="configure", form=form))
    compare, ttl = view.entry.box.children
    assert (compare.description, compare.value, ttl.value) == ("Compare-and-set", False, 1)
    compare.value = True
    assert words(view.status).endswith("Your answer so far: {'cas': True, 'ttl_s': 1} .")


@pytest.mark.parametrize("each", [*tiny.ROOM], ids=lambda each: each.name)
def test_every_control_has_a_name_and_no_output_widget_is_used(each):
    view = (PredictionView if isinstance(each, Prediction) else ExerciseView)(each)
    found, todo = [], [view.box]
    while todo:
        widget = todo.pop()
        found.append(widget)
        todo.extend(getattr(widget, "children", ()))
    view.close_all()
    controls = [widget for widget in found if hasattr(widget, "disabled")]
    assert controls and all(widget.description or widget.tooltip for widget in controls)
    assert not [widget for widget in found if isinstance(widget, ipywidgets.Output)]


def test_closing_a_view_closes_every_widget_in_it():
    view = ExerciseView(exercise())
    inside = [view.box, *view.box.children, view.check, view.hint, view.solution]
    assert all(widget.comm is not None for widget in inside)
    view.close_all()
    assert all(widget.comm is None for widget in inside)

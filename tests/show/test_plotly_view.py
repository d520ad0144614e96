"""The thin widget: plotly.js travels only when a page asks for it, and packed."""

import gzip
import json

import pytest

from dslab.show import plotly_view, tables, theme
from dslab.show.plotly_view import PlotlyView, plotly_js
from tests.show import examples


@pytest.fixture
def view(monkeypatch):
    made = PlotlyView(**PlotlyView.traits_of(examples.LINES, 860))
    made.sent = []
    monkeypatch.setattr(made, "send", lambda content, buffers=None: made.sent.append((content, buffers)))
    return made


def test_a_view_has_the_figure_its_alt_text_and_its_twin(view):
    assert (view.alt, view.table) == (examples.LINES.describe(), tables.twin(examples.LINES))
    assert view.figure["layout"]["height"] == 320


def test_nothing_is_sent_unasked(view):
    assert view.sent == []


def test_a_page_that_asks_is_sent_the_library_once(view):
    view._handle_custom_msg({"kind": "plotly.js", "gzip": True}, [])
    (content, (library,)) = view.sent[0]
    assert (len(view.sent), content) == (1, {"kind": "plotly.js", "gzip": True})
    assert len(library) < 1_700_000
    assert b"plotly.js v" in gzip.decompress(library)[:200]


def test_an_old_browser_is_sent_the_library_as_it_is(view):
    view._handle_custom_msg({"kind": "plotly.js", "gzip": False}, [])
    assert view.sent[0][1][0][:200].count(b"plotly.js v") == 1


@pytest.mark.parametrize("message", [{"kind": "else"}, "plotly.js", None])
def test_any_other_message_is_left_alone(view, message):
    view._handle_custom_msg(message, [])
    assert view.sent == []


def test_a_missing_library_is_told_in_a_sentence(view, monkeypatch):
    monkeypatch.setattr(plotly_view.importlib.util, "find_spec", lambda _: None)
    plotly_js.cache_clear()
    view._handle_custom_msg({"kind": "plotly.js", "gzip": True}, [])
    plotly_js.cache_clear()
    problem = "plotly.min.js is missing; install it where the kernel runs: pip install plotly"
    assert view.sent == [({"kind": "plotly.js", "problem": problem}, None)]


def test_the_code_sent_with_every_view_is_small():
    assert len(PlotlyView._esm) + len(PlotlyView._css) < 16_000


def test_the_code_knows_the_dark_colours():
    assert json.dumps(theme.DARK) in PlotlyView._esm and "__DARK__" not in PlotlyView._esm

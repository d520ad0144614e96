"""The space-time diagram in Python: its words, its traits, what it refuses, its poster. Its page is tested in tests/browser."""

from __future__ import annotations

import base64
import copy
import io
import re

import pytest
from PIL import Image

from dslab.show import spacetime, spacetime_poster
from dslab.show import spacetime_words as words
from dslab.show.spacetime import LOG_COLUMNS, OVERVIEW, SpaceTimeView, describe, event_sentence, log_rows
from dslab.show.specs import SpaceTime
from dslab.sim.trace import Trace
from tests.show.example_traces import Story, late_fill, ring


def test_the_description_counts_and_says_what_went_wrong():
    assert describe(late_fill()) == (
        "Late fill: 4 lanes, 27 events, 9 messages (1 lost, 1 still under way) and 2 operations. "
        "Fault: Cache down from 500 µs to 700 µs. "
        "NO_STALE_FILL is violated at event 24: v1@10 was cached after v2@20 had been committed. "
        "Surprises: the invalidation was lost (event 18) and the fill was slow (event 22). "
        "The point of no return is event 24."
    )


def test_a_run_without_a_verdict_claims_no_more_than_that():
    assert describe(ring(1)) == "Ring: 3 lanes, 9 events and 3 messages."


def test_the_log_has_one_row_for_each_event():
    rows = log_rows(late_fill())
    assert LOG_COLUMNS == ("event", "time", "lane", "what happened")
    assert [row[0] for row in rows] == list(range(27))
    assert rows[6] == (6, "100 µs", "Cache", "Cache receives ‘get’ from Reader, sent at event 5.")


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (3, "Store starts with k: v1@10."),
        (4, "Reader begins read(k)."),
        (11, "Writer sends ‘commit’ (v2@20) to Store; it arrives at event 14."),
        (18, "Writer sends ‘invalidate’ to Cache; it is lost. Surprise 1: the invalidation was lost."),
        (20, "Cache crashes."),
        (22, "Reader: slow at last. Surprise 2: the fill was slow."),
        (25, "Reader ends read(k): v2@20, ok."),
        (26, "Cache sends ‘ping’ to Store; it is still under way."),
    ],
)
def test_an_event_is_told_in_a_sentence(event, sentence):
    assert event_sentence(late_fill(), event) == sentence


def test_the_violating_event_names_the_invariant_and_why():
    told = event_sentence(late_fill(), 24)
    assert "VIOLATED: NO_STALE_FILL: v1@10 was cached" in told and told.endswith(
        "This is the point of no return."
    )


@pytest.mark.parametrize(
    ("t_us", "span_us", "text"),
    [
        (340, 9_999, "340 µs"),
        (12_500, 10_000, "12.5 ms"),
        (3_000_000, 10_000_000, "3 s"),
        (0, 0, "0 µs"),
        (1_234, 10**7, "0.001 s"),
    ],
)
def test_times_are_written_in_the_unit_of_the_whole_run(t_us, span_us, text):
    assert words.time_text(t_us, span_us) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "none"), (True, "yes"), ({"k": [1, None]}, "{k: [1, none]}"), ("v1", "v1"), ([], "[]")],
)
def test_values_are_written_as_people_write_them(value, text):
    assert words.value_text(value) == text


@pytest.mark.parametrize(
    ("status", "value", "text"),
    [
        ("ok", "v1", "read(k) → v1 ok"),
        ("fail", None, "read(k) failed"),
        ("info", None, "read(k) unknown"),
        ("open", None, "read(k) still open"),
    ],
)
def test_an_operation_tells_its_outcome_by_word(status, value, text):
    operation = {"name": "read", "argument": {"key": "k"}, "status": status, "value": value}
    assert words.operation_text(operation) == text


def test_a_message_does_not_say_twice_what_its_label_says():
    message = {"label": "row v1@10", "payload": {"value": "v1@10"}, "status": "delivered"}
    assert words.message_text(message) == "row v1@10"


def test_arrows_and_bars_leave_their_events_without_a_caption():
    captions = [words.event_caption(late_fill(), event) for event in range(27)]
    assert [caption for caption in captions if caption] == ["Cache crashes", "Cache restarts", "slow at last"]


def test_a_surprise_that_left_no_event_stands_at_the_last_one():
    trace = ring(1)
    trace.meta = {"surprises": [{"event": 9, "label": "lost"}]}
    assert words.surprises(trace) == [(8, "lost")]


def test_what_travels_is_one_trait_and_complete():
    trace = late_fill()
    del trace.faults[0]["to"], trace.lanes[0]["kind"]
    sent = SpaceTimeView(trace).get_state("trace")["trace"]
    assert sent["trace"]["faults"][0]["to"] is None and sent["trace"]["lanes"][0]["kind"] == ""
    assert sent["places"][2] == [24, "┊", "point of no return"] and sent["flags"][0] == [
        18,
        "the invalidation was lost",
    ]
    assert len(sent["rows"]) == len(sent["captions"]) == 27 and sent["operations"][1] == "write(k, v2@20) ok"


def test_a_view_keeps_a_copy_of_its_trace():
    trace = ring(1)
    view = SpaceTimeView(trace)
    trace.events.pop()
    assert len(view.trace["events"]) == 9


def test_the_title_is_the_scenario_unless_one_is_given():
    assert (SpaceTimeView(late_fill()).title, SpaceTimeView(late_fill(), title="Late").title) == (
        "Late fill",
        "Late",
    )


def test_a_new_trace_shows_its_whole_run():
    view = SpaceTimeView(late_fill(), position=20)
    assert view.position == 20
    view.trace = ring(1)
    assert view.position == OVERVIEW and view.sentence.startswith("Ring: 3 lanes")


NEWER = {"version": 2, "lanes": [], "events": []}
REFUSED = [
    (lambda: SpaceTimeView(NEWER), ValueError, "this trace is of version 2; this dslab reads version 1"),
    (lambda: SpaceTimeView({"events": []}), ValueError, "this is not a trace"),
    (lambda: SpaceTimeView([1]), TypeError, "drawn from a Trace or from its JSON, not from a list"),
    (
        lambda: SpaceTimeView(ring(1), axis="clock"),
        ValueError,
        "axis='clock' is not known; use one of order, time",
    ),
    (
        lambda: SpaceTimeView(ring(1), position=9),
        ValueError,
        "position=9 is no event; events are 0..8, and -1 is the whole run",
    ),
    (lambda: SpaceTimeView(ring(1), position=-2), ValueError, "position=-2 is no event"),
]


@pytest.mark.parametrize(
    ("make", "kind", "words_of_it"), REFUSED, ids=[sentence for _, _, sentence in REFUSED]
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(make, kind, words_of_it):
    with pytest.raises(kind, match=re.escape(words_of_it)):
        make()


def test_a_refused_trace_leaves_the_old_one():
    view = SpaceTimeView(late_fill())
    with pytest.raises(ValueError, match="version 2"):
        view.trace = NEWER
    assert view.trace["scenario"] == "late fill"


def test_the_text_of_a_view_is_its_sentence_every_time():
    bundles = [
        SpaceTimeView(late_fill(), title="Late")._repr_mimebundle_()[0]["text/plain"] for _ in range(2)
    ]
    assert bundles[0] == bundles[1] == f"Late. {describe(late_fill())}"
    assert repr(SpaceTimeView(late_fill(), title="Late")) == bundles[0]


def test_no_poster_unless_asked_for(monkeypatch):
    monkeypatch.delenv("DSLAB_POSTER", raising=False)
    assert "image/png" not in SpaceTimeView(ring(1))._repr_mimebundle_()[0]


def test_a_stored_view_carries_a_poster_with_its_text(monkeypatch):
    monkeypatch.setenv("DSLAB_POSTER", "1")
    data, metadata = SpaceTimeView(late_fill(), title="Late")._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert metadata["image/png"] == {"alt": data["text/plain"], "width": spacetime_poster.WIDTH}
    assert base64.b64decode(data["image/png"])[:4] == b"\x89PNG"


# -- the poster -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", spacetime.AXES)
def test_the_poster_is_small_and_the_same_every_time(axis):
    png = spacetime_poster.png(late_fill(), axis)
    assert png == spacetime_poster.png(late_fill(), axis)
    assert len(png) < 60_000


@pytest.mark.parametrize("colour", [(0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0xCC, 0x79, 0xA7)])
def test_the_poster_shows_messages_losses_and_flags_in_their_colours(colour):
    picture = Image.open(io.BytesIO(spacetime_poster.png(late_fill()))).convert("RGB")
    far = min(
        sum(abs(a - b) for a, b in zip(colour, found, strict=True)) for _, found in picture.getcolors(100_000)
    )
    assert far <= 24  # of 765; a palette of few colours must not lose the rare ones


@pytest.mark.parametrize("trace", [late_fill(), ring(4), ring(40)], ids=["late fill", "ring", "long ring"])
def test_no_words_of_the_poster_cover_each_other(trace):
    plan = spacetime_poster._planned(trace, spacetime_poster.WIDTH, "order")
    boxes = [(text.left, text.y, text.width) for text in plan.texts]
    assert [
        (a, b) for i, a in enumerate(boxes) for b in boxes[:i] if spacetime_poster._overlap(a, b) > 0
    ] == []


def test_everything_of_the_poster_lies_on_the_page():
    plan = spacetime_poster._planned(late_fill(), 860, "order")
    assert plan.height < 520
    assert all(
        plan.x0 <= text.left and text.left + text.width <= plan.x1 and 0 <= text.y < plan.height
        for text in plan.texts
    )


def test_a_lost_message_ends_before_it_reaches_another_lane():
    plan = spacetime_poster._planned(late_fill(), 860, "order")
    lost = next(arrow for arrow in plan.arrows if arrow.message["status"] == "lost")
    assert lost.broken and plan.rows[1].bottom < lost.b[1] < plan.rows[2].top


def test_a_fault_begins_at_its_own_event():
    plan = spacetime_poster._planned(late_fill(), 860, "order")
    assert plan.edge(500, ["cache"]) == plan.x(20) and plan.edge(None, ["cache"]) == plan.x1 - 2


def test_a_spec_is_drawn_in_axes_as_its_trace_is():
    assert spacetime_poster.height(SpaceTime(late_fill(), "order")) == spacetime_poster.height(late_fill())


def test_an_empty_trace_still_has_a_poster():
    assert len(spacetime_poster.png(Trace(scenario="nothing"), title="Nothing")) > 500


def test_overlapping_operations_lie_above_each_other():
    story = Story("two at once", a="client")
    story.starts()
    one, two = story.invoke("a", "one"), story.invoke("a", "two")
    story.returns(one)
    story.returns(two, "info")
    plan = spacetime_poster._planned(copy.deepcopy(story.trace), 860, "order")
    assert [level for _, _, level in plan.bars] == [0, 1]


@pytest.mark.parametrize(("pitch", "widest", "every"), [(34, 14, 1), (14, 14, 2), (9, 21, 5), (3, 21, 10)])
def test_numbers_of_events_do_not_run_into_each_other(pitch, widest, every):
    assert spacetime_poster.every_nth(pitch, widest) == every

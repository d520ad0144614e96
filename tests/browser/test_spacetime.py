"""The space-time diagram and the adversary in a real JupyterLab: every key, click, mark, table row, theme and width."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser import lab

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

IMPORTS = (
    "from dslab.show.spacetime import SpaceTimeView\nfrom tests.show.example_traces import late_fill, ring"
)
ADVERSARY = "from tests.show.test_adversary import adversary\ndriven = adversary()\ndriven"
LAST = 26
OVERLAPS = """root => {  // pairs of texts in the picture that cover each other
  const texts = [...root.querySelectorAll('.scroller svg .text text, .scroller svg text.message')].map(e => [e.textContent, e.getBoundingClientRect()]);
  const cover = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
  return texts.flatMap(([text, box], i) => texts.slice(i + 1).filter(([, other]) => cover(box, other)).map(([other]) => text + ' / ' + other));
}"""
SMALL = """root => [...root.querySelectorAll('*')].filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
  && getComputedStyle(e).visibility !== 'hidden' && parseFloat(getComputedStyle(e).fontSize) < 12).map(e => e.outerHTML.slice(0, 80))"""
WIDE = """root => [root, ...root.querySelectorAll('*')].filter(e => !e.closest('svg') && e.clientWidth >= 20 && e.scrollWidth > e.clientWidth + 1
  && getComputedStyle(e).overflowX !== 'visible').map(e => e.className || e.localName)"""
UNNAMED = """root => [...root.querySelectorAll('button, input, select, [tabindex="0"]')].filter(e =>
  !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.[0]?.textContent.trim())).map(e => e.outerHTML.slice(0, 80))"""
CONTRAST = r"""root => {  // words whose ink stands out from the paper by less than 4.5, dimmed ones left out
  const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const rgb = text => text.match(/[\d.]+/g).map(Number);
  const paper = light(rgb(getComputedStyle(root).backgroundColor).slice(0, 3));
  return [...root.querySelectorAll('.sentence, .title, td, .names b, .names span, .state, .counter, svg .label text, svg .message, svg .axis text')].filter(e => {
    const style = getComputedStyle(e), ink = light(rgb(e.closest('svg') ? style.fill : style.color).slice(0, 3));
    return !e.closest('.later') && (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05) < 4.5;
  }).map(e => e.outerHTML.slice(0, 80));
}"""


class Diagram:
    """One diagram in a page, and what a reader sees of it."""

    def __init__(self, page: Page, root: Locator) -> None:
        self.page, self.root = page, root
        self.scroller = root.locator(".scroller")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def click(self, event: int) -> None:
        """Click an event in the picture."""
        self.root.locator(f"svg g.event[data-event='{event}']").click()

    def start(self) -> Diagram:
        """Go back to the whole run, everything as at first, with the focus on the picture."""
        for name, value in {"axis": "order", "clock": "none"}.items():
            chooser = self.root.locator(f"select[data-set={name}]")
            if chooser.count():
                chooser.select_option(value)
        self.root.locator("[data-set=marks]").set_checked(True)
        self.scroller.focus()
        self.press("Escape")
        return self

    @property
    def counter(self) -> str:
        return self.root.locator(".counter").inner_text()

    @property
    def at(self) -> int | None:
        found = re.match(r"event (\d+)", self.counter)
        return int(found[1]) if found else None

    @property
    def sentence(self) -> str:
        return self.root.locator(".sentence").inner_text()

    def events(self, mark: str) -> list[int]:
        """Give the events that carry a mark, by what the picture shows."""
        found = self.root.locator(f"svg .event.{mark}").evaluate_all(
            "all => all.map(e => Number(e.dataset.event))"
        )
        return sorted(found)

    def evaluate(self, script: str) -> list[str]:
        return self.root.evaluate(script)


@pytest.fixture(scope="module")
def page(open_notebook: Callable[..., lab.LabPage]) -> lab.LabPage:
    return open_notebook(
        "spacetime",
        f"{IMPORTS}\nview = SpaceTimeView(late_fill(), title='Late')\nview",
        "SpaceTimeView(ring(30), title='Ring')",
    )


@pytest.fixture
def late(page: lab.LabPage) -> Diagram:
    return Diagram(page.page, page.page.locator("section.dst").nth(0)).start()


@pytest.fixture
def long(page: lab.LabPage) -> Diagram:
    return Diagram(page.page, page.page.locator("section.dst").nth(1)).start()


@pytest.fixture(params=["Light", "Dark"])
def theme(page: lab.LabPage, request: pytest.FixtureRequest) -> Iterator[str]:
    page.theme(request.param)
    yield request.param
    page.theme("Light")


# -- at first -------------------------------------------------------------------------------------------


def test_at_first_the_whole_run_is_shown_and_nothing_is_dimmed(late):
    assert late.counter == "27 events"
    assert late.root.locator("svg .later").count() == 0
    assert late.sentence.startswith("Late fill: 4 lanes, 27 events")


def test_everything_of_the_trace_is_drawn(late):
    drawn = {
        what: late.root.locator(f"svg {what}").count()
        for what in (".event", ".arrow", ".cross", ".bar", ".band", ".octagon", ".flag path", ".no-return")
    }
    assert drawn == {
        ".event": 27,
        ".arrow": 9,
        ".cross": 1,
        ".bar": 2,
        ".band": 1,
        ".octagon": 1,
        ".flag path": 2,
        ".no-return": 1,
    }


def test_an_operation_and_a_loss_are_told_by_word(late):
    texts = late.root.locator(".scroller svg").text_content()
    assert (
        "read(k) → v2@20 ok" in texts and "invalidate · lost" in texts and "violated: NO_STALE_FILL" in texts
    )


def test_the_picture_has_its_description_as_text_alternative(late):
    assert late.root.locator(".scroller svg").get_attribute("aria-label") == late.sentence


# -- stepping -------------------------------------------------------------------------------------------


def test_right_steps_from_the_overview_over_the_starts_in_one(late):
    late.press("ArrowRight")
    assert late.at == 3
    late.press("ArrowRight")
    assert (late.at, late.sentence) == (4, "Reader begins read(k).")


@pytest.mark.parametrize(
    ("keys", "at"),
    [
        (["Home"], 3), (["End"], LAST), (["End", "ArrowLeft"], LAST - 1), (["End", "ArrowRight"], LAST), (["Home", "ArrowLeft"], None),
        (["Home", "ArrowRight", "PageDown"], 5), (["End", "PageUp"], 24), (["End", "ArrowUp"], 19), (["Home", "ArrowRight", "ArrowDown"], 10),
        (["End", "Escape"], None),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else str(value),
)  # fmt: skip
def test_every_key_goes_where_it_says(late, keys, at):
    late.press(*keys)
    assert late.at == at


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("First event (Home)", 3),
        ("Last event (End)", LAST),
        ("Next event (right arrow)", 3),
        ("One event back (left arrow)", LAST),
    ],
)
def test_every_button_does_what_its_key_does(late, name, at):
    late.root.get_by_role("button", name=name).click()
    assert late.at == at


def test_the_slider_scrubs_by_key_and_says_the_event(late):
    slider = late.root.get_by_role("slider")
    slider.focus()
    late.press("End", "ArrowLeft", "ArrowLeft")
    assert late.at == LAST - 2
    assert slider.get_attribute("aria-valuetext").startswith("event 24: Cache receives")


def test_the_slider_scrubs_by_mouse(late):
    box = late.root.get_by_role("slider").bounding_box()
    late.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert 12 <= late.at <= 17


def test_what_has_not_happened_yet_is_dimmed(late):
    late.press("Home", "ArrowRight", "ArrowRight")
    later = late.root.locator("svg .event.later").evaluate_all("all => all.map(e => Number(e.dataset.event))")
    assert sorted(later) == list(range(6, LAST + 1))


def test_a_message_under_way_is_dashed_and_named(late):
    late.press("Home", "ArrowRight", "ArrowRight")
    assert late.root.locator("svg .arrow.flying .token").count() == 1
    assert (
        late.root.locator(".busy").inner_text().startswith("Under way: get (since event 5). Running: read(k)")
    )


def test_play_goes_on_by_itself_and_pause_stops_it(late):
    player = late.root.get_by_role("button", name="Play or pause")
    player.click()
    late.page.wait_for_function(
        "root => /event [4-9] /.test(root.querySelector('.counter').textContent)",
        arg=late.root.element_handle(),
    )
    player.click()
    assert player.inner_text() == "Play"
    stopped = late.at
    late.page.wait_for_timeout(1_100)
    assert late.at == stopped


# -- cause and effect -----------------------------------------------------------------------------------


def test_past_future_and_concurrent_are_those_of_the_trace(late):
    from tests.show.example_traces import late_fill

    trace = late_fill()
    late.click(12)
    assert late.at == 12
    assert set(late.events("P")) == trace.past(12)
    assert set(late.events("F")) == trace.future(12)
    assert set(late.events("C")) == trace.concurrent(12)


def test_the_marks_differ_in_shape_and_letter(late):
    late.click(12)
    looks = {mark: late.root.locator(f"svg .event.{mark} .mark").first.evaluate(
        "e => [e.children[0].localName, getComputedStyle(e.children[0]).strokeDasharray, e.textContent]") for mark in "PFC"}  # fmt: skip
    assert [looks[mark][2] for mark in "PFC"] == ["P", "F", "C"]
    assert looks["F"][0] == "rect" and looks["P"][1] == "none" and looks["C"][1] != "none"


def test_marks_can_be_switched_off_with_their_key(late):
    late.press("End")
    late.root.locator("[data-set=marks]").set_checked(False)
    assert late.events("P") == [] and not late.root.locator(".legend").is_visible()


# -- states and log -------------------------------------------------------------------------------------


def test_the_states_are_those_of_the_moment_and_say_what_changed(late):
    late.click(14)
    assert late.root.locator(".state").all_inner_texts() == ["", "", "k none", "k v2@20 ◂ was v1@10"]


def test_a_node_that_crashed_is_called_down(late):
    late.click(20)
    assert "DOWN" in late.root.locator(".state").nth(2).inner_text()


def test_a_row_of_the_log_goes_to_its_event(late):
    late.root.locator("tr[data-go='9'] td").nth(2).click()
    assert late.at == 9 and "Reader sends ‘read’ to Store" in late.sentence


def test_the_log_follows_the_cursor_without_moving_the_page(late):
    notebook = "() => [...document.querySelectorAll('.jp-Notebook, .jp-Notebook *')].filter(e => !e.closest('.dst')).map(e => e.scrollTop).join()"
    before = late.page.evaluate(notebook)
    late.press("End")
    inside = late.root.locator("tr.now").evaluate(
        "e => { const b = e.closest('.log').getBoundingClientRect(), r = e.getBoundingClientRect(); return r.top >= b.top && r.bottom <= b.bottom + 1; }"
    )
    assert inside and late.page.evaluate(notebook) == before


def test_the_log_tells_causality_in_words(late):
    late.click(12)
    assert [late.root.locator(f"tr[data-go='{row}'] td").last.inner_text() for row in (5, 10, 12, 16)] == [
        "past",
        "concurrent",
        "this event",
        "future",
    ]


def test_the_log_is_a_table_that_keys_can_walk(late):
    assert late.root.get_by_role("columnheader").all_inner_texts() == [
        "#",
        "time",
        "lane",
        "what happened",
        "causality",
    ]
    late.root.locator("tr[data-go='9'] button").click()
    late.press("ArrowRight")
    assert late.page.evaluate("document.activeElement.textContent") == "10"
    assert late.root.locator("tr[aria-current=true]").get_attribute("data-go") == "10"


def test_one_live_sentence_tells_the_event(late):
    assert late.root.locator("[aria-live]").count() == 1


@pytest.mark.parametrize(
    ("place", "at"),
    [("the invalidation was lost", 18), ("point of no return", 24), ("NO_STALE_FILL violated", 24)],
)
def test_the_places_worth_going_to_are_buttons(late, place, at):
    late.root.locator(".places button", has_text=place).click()
    assert late.at == at


# -- axis, clocks, size ---------------------------------------------------------------------------------


def test_by_time_events_stand_where_their_time_is(late):
    late.root.locator("select[data-set=axis]").select_option("time")
    xs = late.root.locator("svg .event").evaluate_all("all => all.map(e => e.transform.baseVal[0].matrix.e)")
    span = xs[24] - xs[0]
    assert [round((xs[event] - xs[0]) / span, 3) for event in (6, 8, 16, 20, 21)] == [
        0.125,
        0.25,
        0.5,
        0.625,
        0.875,
    ]
    assert late.root.locator(".names .axis-name").inner_text() == "time (µs)"


@pytest.mark.parametrize(("clock", "text"), [("lamport", "10"), ("vector", "[5 3 2 3]"), ("hlc", "300+0")])
def test_the_clocks_can_be_shown_at_every_event(late, clock, text):
    late.root.locator("select[data-set=clock]").select_option(clock)
    shown = late.root.locator("svg .clock")
    assert shown.count() == 27
    if clock == "lamport":
        from tests.show.example_traces import late_fill

        assert shown.all_inner_texts() == [] or [int(found) for found in shown.locator("text").all_text_contents()] == [
            event["clocks"]["lamport"] for event in late_fill().events]  # fmt: skip
    if clock == "hlc":
        assert text in shown.locator("text").all_text_contents()


@pytest.mark.parametrize("clock", ["none", "lamport", "vector", "hlc"])
@pytest.mark.parametrize("axis", ["order", "time"])
def test_no_label_covers_another(late, axis, clock):
    late.root.locator("select[data-set=axis]").select_option(axis)
    late.root.locator("select[data-set=clock]").select_option(clock)
    covered = late.evaluate(OVERLAPS)
    assert covered == [] if axis == "order" else len(covered) <= 2  # to scale, room cannot be made sideways


def test_many_events_scroll_inside_and_follow_the_cursor(long):
    long.press("End")
    assert long.at == 182
    seen = """root => { const box = root.querySelector('.scroller').getBoundingClientRect(), e = root.querySelector('.event.N').getBoundingClientRect();
      return root.querySelector('.scroller').scrollLeft > 1000 && e.left >= box.left && e.right <= box.right; }"""
    long.page.wait_for_function(seen, arg=long.root.element_handle(), timeout=5_000)


@pytest.mark.parametrize("width", [1280, 900])
def test_nothing_is_too_wide_or_too_small(page, late, width):
    page.page.set_viewport_size({"width": width, "height": 1000})
    page.settled()
    try:
        assert [name for name in late.evaluate(WIDE) if "scroller" not in name] == []
        assert late.evaluate(SMALL) == []
        if width == 1280:
            assert late.evaluate(WIDE) == []
    finally:
        page.page.set_viewport_size({"width": 1280, "height": 1000})
        page.settled()


def test_the_height_is_the_same_at_every_event(late):
    heights = {late.root.evaluate("e => e.offsetHeight")}
    late.press("Home")
    for _ in range(LAST):
        late.press("ArrowRight")
        heights.add(late.root.evaluate("e => e.offsetHeight"))
    assert len(heights) == 1


def test_every_control_has_a_name(late):
    assert late.evaluate(UNNAMED) == []


def test_words_stand_out_in_both_themes(late, theme):
    assert late.evaluate(CONTRAST) == []


def test_the_focus_is_visible(late):
    late.press("Tab")
    late.page.keyboard.press("Shift+Tab")
    assert late.scroller.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


# -- with others, with Python, without a kernel ------------------------------------------------------------


def test_two_diagrams_do_not_disturb_each_other(late, long):
    long.press("End")
    assert (late.at, long.at) == (None, 182)
    ids = late.page.locator("section.dst pattern").evaluate_all("all => all.map(e => e.id)")
    assert len(ids) == len(set(ids)) >= 2


def test_jupyterlab_does_not_take_the_keys(page, late):
    cells = page.page.locator(".jp-Notebook .jp-Cell").count()
    late.press("a", "b", "x", "ArrowDown", "Enter")
    assert page.page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert late.root.evaluate("e => e.contains(document.activeElement)")


def test_a_click_leaves_the_focus_where_keys_go_on(late):
    late.click(12)
    late.press("ArrowRight")
    assert late.at == 13


def test_the_kernel_hears_where_the_reader_rests_and_can_move_the_cursor(open_notebook):
    page = open_notebook("spacetime_python", f"{IMPORTS}\nview = SpaceTimeView(late_fill())\nview")
    seen = Diagram(page.page, page.page.locator("section.dst"))
    execute = """code => [...jupyterapp.shell.widgets('main')].find(w => w.sessionContext).sessionContext.session.kernel
      .requestExecute({code, stop_on_error: true, user_expressions: {at: 'view.position'}}).done.then(r => r.content.user_expressions.at?.data['text/plain'])"""
    seen.scroller.focus()
    seen.press("End", "ArrowLeft")
    page.page.wait_for_timeout(900)
    assert page.page.evaluate(execute, "pass") == str(LAST - 1)
    page.page.evaluate(execute, "view.position = 7")
    seen.root.locator("tr.now[data-go='7']").wait_for()
    page.page.evaluate(execute, "view.trace = ring(2); view.title = 'A ring'")
    seen.root.locator(".title", has_text="A ring").wait_for()
    assert seen.counter == "15 events" and seen.sentence.startswith("Ring: 3 lanes")
    assert page.errors == []


def test_without_a_kernel_it_steps_on(open_notebook):
    page = open_notebook("spacetime_alone", f"{IMPORTS}\nSpaceTimeView(late_fill())")
    seen = Diagram(page.page, page.page.locator("section.dst"))
    page.page.evaluate(
        "() => [...jupyterapp.shell.widgets('main')].find(w => w.sessionContext).sessionContext.shutdown()"
    )
    page.page.wait_for_timeout(500)
    seen.scroller.focus()
    seen.press("End", "ArrowLeft")
    page.page.wait_for_timeout(900)
    assert seen.at == LAST - 1 and seen.root.locator("svg .event.P").count() > 10
    assert [error for error in page.errors if "dst" in error or "position" in error] == []


def test_a_newer_trace_is_answered_with_a_sentence(page, late):
    """What a page with an older diagram says; Python refuses such a trace before it travels."""
    told = page.page.evaluate(
        """async source => {
          const { default: widget } = await import(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})));
          const el = document.createElement('div'), state = {trace: {trace: {version: 7, events: []}}, title: 'New', axis: 'order', position: -1};
          const stop = widget.render({model: {get: name => state[name], on() {}, off() {}}, el});
          stop();
          return el.textContent;
        }""",
        (lab.PROJECT / "dslab/show/spacetime.js").read_text("utf-8"),
    )
    assert "This trace is of version 7; this diagram reads version 1." in told


def test_the_module_is_small():
    folder = lab.PROJECT / "dslab/show"
    sizes = {
        name: (folder / name).stat().st_size for name in ("spacetime.js", "adversary.js", "spacetime.css")
    }
    assert (
        sizes["spacetime.js"] < 38_000 and sizes["adversary.js"] < 5_000 and sizes["spacetime.css"] < 12_000
    ), json.dumps(sizes)


def test_nothing_went_wrong_in_the_console(page):
    assert page.errors == []


# -- the adversary ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def arena(open_notebook: Callable[..., lab.LabPage]) -> lab.LabPage:
    return open_notebook("adversary", ADVERSARY)


@pytest.fixture
def game(arena: lab.LabPage) -> Diagram:
    seen = Diagram(arena.page, arena.page.locator("section.dst"))
    seen.root.get_by_role("button", name="Run on normally").wait_for()
    restart = seen.root.get_by_role("button", name="Restart")
    if restart.is_enabled():
        restart.click()
    stepped(seen, 0)
    return seen


def stepped(game: Diagram, step: int) -> None:
    """Wait until the page says that so many steps were taken."""
    game.root.locator(".status", has_text=f"Step {step};").wait_for()


def violate(game: Diagram) -> None:
    """By keys alone: run the writer, let 2 arrive first, then 1."""
    game.scroller.focus()
    for step, key in enumerate(("1", "2", "1"), 1):
        game.press(key)
        stepped(game, step)


def test_the_usual_choice_is_named(game):
    assert "what would normally happen next" in game.root.locator(".choices .usual").inner_text()


def test_a_pick_by_mouse_draws_what_happened(game):
    events = game.root.locator("svg .event").count()
    game.root.locator(".choices button").first.click()
    stepped(game, 1)
    assert game.root.locator("svg .event").count() > events
    assert game.root.locator(".choices .group > b").all_inner_texts() == [
        "Deliver a message",
        "Lose a message",
    ]


def test_picks_by_key_break_the_invariant_and_say_so(game):
    violate(game)
    assert "VIOLATED at step 3" in game.root.locator(".watch li").first.inner_text()
    assert "surprises so far: 1" in game.root.locator(".status").inner_text()
    assert game.root.locator("svg .octagon").count() == 1


@pytest.mark.parametrize("key", ["u", "Backspace"])
def test_undo_by_key_takes_the_violation_back(game, key):
    violate(game)
    game.press(key)
    stepped(game, 2)
    assert "holds so far" in game.root.locator(".watch li").first.inner_text()
    game.press(key)
    stepped(game, 1)


def test_run_on_goes_to_the_end(game):
    game.root.get_by_role("button", name="Run on normally").click()
    game.root.locator(".choices", has_text="The run is over").wait_for()
    assert "seen" in game.root.locator(".watch li").nth(1).inner_text()


def test_a_token_can_be_taken_away_and_brought_back(game):
    violate(game)
    field = game.root.get_by_role("textbox")
    token = field.input_value()
    game.root.get_by_role("button", name="Restart").click()
    stepped(game, 0)
    field.fill(token)
    game.root.get_by_role("button", name="Load").click()
    stepped(game, 2)  # up to its last surprise
    assert field.input_value() == token


def test_a_bad_token_is_answered_and_changes_nothing(game):
    violate(game)
    field = game.root.get_by_role("textbox")
    field.fill("nonsense u 1")
    field.press("Enter")
    game.root.locator(".error", has_text="is no replay token").wait_for()
    assert field.input_value() == "nonsense u 1"
    stepped(game, 3)


def test_typing_in_the_field_picks_nothing(game):
    game.root.get_by_role("textbox").focus()
    game.press("1", "u")
    game.page.wait_for_timeout(300)
    stepped(game, 0)


def test_after_a_pick_by_mouse_keys_go_on(game):
    game.root.locator(".choices button").first.click()
    stepped(game, 1)
    game.press("1")
    stepped(game, 2)


def test_the_choices_stay_where_they_are(game):
    before = game.root.locator(".choices").bounding_box()
    violate(game)
    assert game.root.locator(".choices").bounding_box() == before


def test_one_pick_is_one_message(arena, game):
    game.scroller.focus()
    arena.settled()
    before = arena.page.evaluate("performance.now()")
    count = arena.messages
    game.press("1")
    stepped(game, 1)
    arena.settled()
    assert before > 0 and arena.messages - count <= 4  # busy, the echo of the request, the new state, idle


def test_the_adversary_left_no_error(arena):
    assert arena.errors == []

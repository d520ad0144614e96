"""An explorer in a real JupyterLab: keys move every control, picture and sentence follow, light and dark, one plotly.js a page."""

import pytest

pytestmark = pytest.mark.browser

SETUP = "from tests.browser.explorers import *"
PLOT = ".dslab-plot .main-svg"
NAMES = ("lines", "bars", "stacked", "histogram", "matrix", "numbers", "network", "meters", "table")
# How much of the page is wider than what holds it, and which pictures have no name.
TOO_WIDE = """() => [...document.querySelectorAll('.jp-OutputArea, .jp-OutputArea *')].filter(e =>
  e.clientWidth >= 20 && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible'
  && !e.closest('svg, .js-plotly-plot')).map(e => `${e.className}: ${e.scrollWidth} > ${e.clientWidth}`)"""
UNNAMED = """() => [...document.querySelectorAll('.jp-OutputArea :is(img, svg, canvas, [role=img])')].filter(e =>
  e.getBoundingClientRect().width >= 32 && !e.closest('[aria-label]:not([aria-label=""])')).map(e => e.outerHTML.slice(0, 80))"""
SMALL = """() => [...document.querySelectorAll('.dslab-explorer, .dslab-alone')].flatMap(e => [...e.querySelectorAll('*')])
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && e.getClientRects().length)
  .filter(e => parseFloat(getComputedStyle(e).fontSize) < 12).map(e => e.textContent.slice(0, 40))"""


def picture(page) -> str:
    """Give the drawn picture as its SVG."""
    return page.page.locator(".dslab-plot").first.inner_html()


def sentence(page) -> str:
    """Give the sentence under the picture."""
    return page.page.locator(".dslab-sentence").first.inner_text()


def changed(page, before: tuple[str, str]) -> None:
    """Wait until both picture and sentence are other ones."""
    page.page.wait_for_function(
        "([svg, text]) => document.querySelector('.dslab-plot').innerHTML !== svg"
        " && document.querySelector('.dslab-sentence').innerText !== text",
        arg=list(before),
    )


@pytest.fixture(scope="module")
def page(open_notebook):
    """A notebook with one explorer, its picture drawn."""
    opened = open_notebook("cache", SETUP, "cache()", "1 + 1")
    opened.page.wait_for_selector(PLOT)
    return opened


@pytest.fixture(scope="module")
def gallery(open_notebook):
    """A notebook with every picture there is."""
    opened = open_notebook("gallery", SETUP, "cache(columns=2)", *(f"shown({name!r})" for name in NAMES))
    opened.page.wait_for_function(f"() => document.querySelectorAll('{PLOT}').length >= 10")
    return opened


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_keys_move_every_control_and_picture_and_sentence_follow(page, theme):
    page.theme(theme)
    page.settled()
    for selector, key, value in (
        ("input[type=range]", "ArrowRight", "input => input.value"),
        ("select", {"Light": "ArrowDown", "Dark": "ArrowUp"}[theme], "select => select.value"),
        ("input[type=checkbox]", "Space", "box => box.checked"),
    ):
        control = page.page.locator(f".dslab-controls {selector}").first
        control.focus()
        before, was = (picture(page), sentence(page)), control.evaluate(value)
        page.page.keyboard.press(key)
        changed(page, before)
        page.settled()
        assert control.evaluate(value) != was
    assert page.errors == []


def test_a_slider_goes_from_end_to_end_by_keys(page):
    slider = page.page.locator(".dslab-controls input[type=range]").first
    slider.focus()
    page.page.keyboard.press("End")
    page.page.wait_for_function("() => document.querySelector('.dslab-sentence').innerText.includes('100 s')")
    assert slider.get_attribute("aria-valuetext") == "100 s"
    page.page.keyboard.press("Home")
    page.page.wait_for_function("() => document.querySelector('.dslab-sentence').innerText.includes(' 1 s')")
    assert slider.get_attribute("aria-valuetext") == "1 s"


def test_keys_in_a_control_do_not_work_the_notebook(page):
    before = page.page.locator(".jp-Notebook .jp-Cell").count()
    page.page.locator(".dslab-controls select").first.focus()
    for key in ("d", "d", "a", "b", "x", "ArrowDown", "Escape"):
        page.page.keyboard.press(key)
    page.settled()
    assert page.page.locator(".jp-Notebook .jp-Cell").count() == before
    assert page.page.evaluate("() => document.activeElement.matches('.dslab-controls select')")


def test_tab_leads_through_the_controls_and_out_again(page):
    page.page.locator(".dslab-controls input[type=range]").first.focus()
    seen = []
    for _ in range(4):
        page.page.keyboard.press("Tab")
        seen.append(
            page.page.evaluate("() => document.activeElement.tagName + (document.activeElement.type ?? '')")
        )
    assert seen == ["SELECTselect-one", "INPUTcheckbox", "SUMMARY", "SUMMARY"]


def test_controls_have_names_roles_and_values(page):
    slider, choice, switch = (
        page.page.locator(".dslab-controls").get_by_role(role) for role in ("slider", "combobox", "switch")
    )
    assert [each.get_attribute("aria-label") for each in (slider, choice, switch)] == [
        "time to live, s",
        "refill from",
        "marker",
    ]
    assert slider.get_attribute("aria-description") == "how long an entry stays"


def test_the_sentence_is_a_live_region_and_the_picture_is_told(page):
    assert page.page.locator(".dslab-sentence").first.get_attribute("aria-live") == "polite"
    plot = page.page.locator(".dslab-plot").first
    assert plot.get_attribute("role") == "img"
    assert plot.get_attribute("aria-label").startswith(
        "Line chart “Hit rate”: hit rate (%) against time to live (s)"
    )


def test_the_twin_table_follows_the_control(page):
    page.page.locator(".dslab-twin summary").first.focus()
    page.page.keyboard.press("Enter")
    table = page.page.locator(".dslab-twin table").first
    before = table.inner_text()
    page.page.get_by_role("switch").focus()
    page.page.keyboard.press("Space")
    page.page.wait_for_function(
        "text => document.querySelector('.dslab-twin table').innerText !== text", arg=before
    )
    assert table.locator("th").all_inner_texts()[0] == "time to live (s)"


def test_six_explorers_load_plotly_once(open_notebook):
    page = open_notebook("six", SETUP, *["cache()"] * 6)
    page.page.wait_for_function(f"() => document.querySelectorAll('{PLOT}').length >= 12")
    assert page.largest < 1_700_000
    assert page.bytes < 2_500_000
    assert page.errors == []


def test_a_restarted_kernel_needs_no_second_plotly(open_notebook):
    page = open_notebook("restart", SETUP, "cache()")
    page.page.wait_for_selector(PLOT)
    page.restart()
    page.bytes = 0
    page.run()
    page.page.wait_for_selector(PLOT)
    assert 0 < page.bytes < 200_000


def test_without_plotly_there_is_a_sentence_and_the_table(open_notebook):
    broken = "import dslab.show.plotly_view as v\ndef missing(packed):\n    raise RuntimeError('plotly.min.js is missing')\nv.plotly_js = missing"
    page = open_notebook("missing", SETUP, broken, "cache()")
    word = page.page.locator(".dslab-word").first
    word.wait_for()
    assert word.inner_text() == "The drawing could not be loaded (plotly.min.js is missing). Its numbers:"
    assert page.page.locator(".dslab-twin table").first.is_visible()


def test_a_model_that_fails_is_told_and_the_picture_stays(open_notebook):
    page = open_notebook("failing", SETUP, "failing()")
    page.page.wait_for_selector(PLOT)
    before = picture(page)
    page.page.locator(".dslab-controls input[type=range]").first.focus()
    page.page.keyboard.press("End")
    problem = page.page.locator(".dslab-problem")
    problem.wait_for()
    assert "10 clients are too many." in problem.inner_text()
    assert (picture(page), page.page.locator(".jp-OutputArea-output[data-mime-type*=error]").count()) == (
        before,
        0,
    )


def test_a_long_run_shows_its_progress_and_a_newer_value_ends_it(open_notebook):
    page = open_notebook("long", SETUP, "endless()")
    page.page.locator(".dslab-controls input[type=range]").first.focus()
    page.page.keyboard.press("End")  # this would run for ever
    page.page.wait_for_selector(".dslab-running")
    page.page.keyboard.press("Home")
    page.page.wait_for_function(
        "() => document.querySelector('.dslab-sentence').innerText === '1 step was taken.'"
    )
    page.page.wait_for_selector(".dslab-running", state="detached")
    assert page.errors == []


def test_a_change_of_theme_recolours_the_picture(page):
    page.theme("Light")
    colour = "() => getComputedStyle(document.querySelector('.dslab-plot .scatterlayer path.js-line')).stroke"
    page.page.wait_for_function(f"() => ({colour})() === 'rgb(0, 114, 178)'")
    page.theme("Dark")
    page.page.wait_for_function(f"() => ({colour})() === 'rgb(90, 176, 234)'")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
@pytest.mark.parametrize("width", [1280, 900])
def test_every_picture_fits_is_named_and_can_be_read(gallery, width, theme):
    gallery.page.set_viewport_size({"width": width, "height": 1000})
    gallery.theme(theme)
    gallery.settled()
    found = [gallery.page.evaluate(code) for code in (TOO_WIDE, UNNAMED, SMALL)]
    assert (found, gallery.errors) == ([[], [], []], [])

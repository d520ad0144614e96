"""The classroom in a real JupyterLab: every control by keyboard, a name for each of them, nothing cut off, light and dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.lab import LabPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IMPORT = "from dslab.check import explore\nfrom tests.teach import tiny"
CELLS = (
    IMPORT,
    "tiny.RACE.ask()",
    "tiny.HOW_MANY.ask()",
    "tiny.CONFIGURE.ask()",
    "tiny.IMPLEMENT.ask()",
    "tiny.RACE.compare(explore(tiny.shop(lock=False), [tiny.COUNTS_ALL]))",
    "tiny.LEDGER.table()",
    "tiny.ZOO.run()",
)
RACE, HOW_MANY, CONFIGURE, IMPLEMENT, COMPARE = 1, 2, 3, 4, 5
UNNAMED = """() => [...document.querySelectorAll('.jp-OutputArea-output :is(input, select, button, [role=slider])')]
  .filter(e => e.getClientRects().length && !(e.labels?.length || e.textContent.trim() || e.getAttribute('aria-label') || e.title))
  .filter(e => !e.matches('[role=slider]') || !e.closest('.widget-hslider')?.querySelector('.widget-label')?.textContent)
  .map(e => e.outerHTML.slice(0, 120))"""
CUT_OFF = """() => [...document.querySelectorAll('.jp-OutputArea-output, .jp-OutputArea-output *')]
  .filter(e => e.clientWidth >= 20 && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible')
  .filter(e => !e.closest('.noUi-target')).map(e => e.outerHTML.slice(0, 120))"""
CONTRASTS = """() => {
  const rgb = text => (text.match(/[\\d.]+/g) ?? [0, 0, 0]).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const below = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c; }
    return [255, 255, 255]; };
  return [...document.querySelectorAll('.dslab-teach :is(p, li, td, th, code, caption, summary, pre)')].filter(e => e.innerText?.trim())
    .map(e => { const pair = [light(rgb(getComputedStyle(e).color)), light(below(e))].sort((a, b) => b - a);
      return [(pair[0] + 0.05) / (pair[1] + 0.05), e.innerText.slice(0, 40)]; }).filter(([ratio]) => ratio < 4.5);
}"""


@pytest.fixture(scope="module")
def lesson(open_notebook: Callable[..., LabPage]) -> LabPage:
    """The tiny lesson, open and run; the tests go through it in order."""
    page = open_notebook("teach", *CELLS)
    page.settled()
    return page


def output(lesson: LabPage, cell: int):
    """The output of a cell."""
    return lesson.page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".jp-Cell-outputArea")


def says(lesson: LabPage, cell: int, text: str) -> None:
    """Wait until the output of a cell says so; fails where it never does."""
    output(lesson, cell).get_by_text(text).first.wait_for(state="visible", timeout=10_000)


def run_again(lesson: LabPage, cell: int) -> None:
    """Run one cell as a reader does: click into it, Shift+Enter."""
    lesson.page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".cm-content").click()
    lesson.page.keyboard.press("Shift+Enter")


def test_before_an_answer_the_comparison_says_that_there_was_none(lesson):
    says(lesson, COMPARE, "You recorded no prediction.")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_everything_can_be_read_in_both_themes(lesson, theme):
    lesson.theme(theme)
    lesson.settled()
    low = lesson.page.evaluate(CONTRASTS)
    lesson.theme("Light")
    assert low == []


def test_every_control_has_a_name_and_nothing_is_cut_off(lesson):
    assert lesson.page.evaluate(UNNAMED) == []
    assert lesson.page.evaluate(CUT_OFF) == []


def test_tables_have_captions_and_scoped_headings(lesson):
    missing = "() => [...document.querySelectorAll('.dslab-teach table')].filter(t => !t.caption || t.querySelector('th:not([scope])'))"
    assert lesson.page.evaluate(f"({missing})().length") == 0
    assert lesson.page.locator(".dslab-teach table").count() >= 3


def test_a_choice_is_made_and_committed_by_keyboard(lesson):
    output(lesson, RACE).locator("input[type=radio]").first.focus()
    lesson.page.keyboard.press("Tab")
    lesson.page.keyboard.press("Space")
    says(lesson, RACE, "Not recorded yet: (b)")
    lesson.page.keyboard.press("Tab")
    lesson.page.keyboard.press("Tab")
    lesson.page.keyboard.press("Enter")
    says(lesson, RACE, "Recorded: (b)")
    assert output(lesson, RACE).locator("input[type=radio]:not([disabled])").count() == 0


def test_afterwards_the_comparison_knows_it(lesson):
    run_again(lesson, COMPARE)
    says(lesson, COMPARE, "You predicted what happened.")


def test_a_slider_moves_by_arrow_key_and_its_number_with_it(lesson):
    field = output(lesson, HOW_MANY).locator("input[type=number]")
    before = int(field.input_value())
    output(lesson, HOW_MANY).locator("[role=slider]").focus()
    lesson.page.keyboard.press("ArrowRight")
    says(lesson, HOW_MANY, f"Not recorded yet: {before + 1} schedules.")
    assert int(field.input_value()) == before + 1


def test_switches_are_checked_and_the_counterexample_is_shown(lesson):
    output(lesson, CONFIGURE).get_by_role("button", name="Check my answer").press("Enter")
    says(lesson, CONFIGURE, "Not yet.")
    says(lesson, CONFIGURE, "seller 1: read")
    says(lesson, CONFIGURE, "1 attempt")


def test_a_better_setting_solves_it(lesson):
    output(lesson, CONFIGURE).locator("select").first.select_option("on")
    says(lesson, CONFIGURE, "'lock': True")
    output(lesson, CONFIGURE).get_by_role("button", name="Check my answer").press("Enter")
    says(lesson, CONFIGURE, "Right.")
    says(lesson, CONFIGURE, "2 attempts, solved")


def test_hints_come_by_keyboard_and_the_solution_stays_closed(lesson):
    output(lesson, IMPLEMENT).get_by_role("button", name="Hint").press("Enter")
    says(lesson, IMPLEMENT, "What must stay the same")
    output(lesson, IMPLEMENT).get_by_role("button", name="Solution").press("Enter")
    says(lesson, IMPLEMENT, "The solution opens after an attempt.")


def test_the_browser_reported_no_error(lesson):
    assert [error for error in lesson.errors if "favicon" not in error] == []

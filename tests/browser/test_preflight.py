"""The preflight in a real JupyterLab: the front end draws the table, and the kernel hears that it did."""

import pytest

pytestmark = pytest.mark.browser

CELLS = ("from dslab.doctor import preflight\nshown = preflight()\nshown", "shown.answered")


@pytest.fixture(scope="module")
def page(open_notebook):
    """A notebook that shows the preflight."""
    opened = open_notebook("preflight", *CELLS)
    opened.page.wait_for_selector(".jp-OutputArea table caption")
    return opened


def test_the_table_is_drawn_with_its_conclusion(page):
    assert page.page.locator(".jp-OutputArea caption").inner_text() == "The lessons can run."
    assert page.page.locator(".jp-OutputArea tbody tr").last.inner_text().endswith("it drew this table")
    assert page.errors == []


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_table_fits_and_can_be_read(page, theme):
    page.theme(theme)
    page.settled()
    colours = page.page.evaluate(
        "() => { const cell = document.querySelector('.jp-OutputArea td');"
        " return [getComputedStyle(cell).color, getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor]; }"
    )
    light = [sum(map(int, colour[colour.index("(") + 1 : -1].split(",")[:3])) for colour in colours]
    assert abs(light[0] - light[1]) > 300  # of 765: dark on light, or light on dark
    table = page.page.locator(".jp-OutputArea table").bounding_box()
    assert table["x"] + table["width"] <= page.page.locator(".jp-Notebook").bounding_box()["width"]


def test_the_kernel_hears_the_answer(page):
    page.page.locator(".jp-CodeCell").last.click()
    page.page.keyboard.press("Control+Enter")
    page.page.wait_for_function(
        "() => [...document.querySelectorAll('.jp-OutputArea-output')].at(-1)?.innerText.trim() === 'True'"
    )
    assert page.page.locator(".jp-OutputArea-output").last.inner_text().strip() == "True"

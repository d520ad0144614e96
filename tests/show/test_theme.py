"""Everything drawn can be read, on a light page and on a dark one."""

import itertools
import re

import pytest

from dslab.show import theme
from dslab.show.specs import MOODS, SERIES_KINDS

PAPERS = {"light": theme.PAPER, "dark": theme.DARK[theme.PAPER]}


def luminance(colour: str) -> float:
    """Give the relative luminance of #RRGGBB (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def shown(colour: str, page: str) -> str:
    """Give what a page shows for a colour of the light theme."""
    return colour if page == "light" else theme.DARK[colour]


@pytest.mark.parametrize("page", PAPERS)
@pytest.mark.parametrize("colour", [theme.INK, theme.MUTED, *theme.MOOD_LINE.values()])
def test_texts_stand_out_from_the_page(page, colour):
    assert contrast(shown(colour, page), PAPERS[page]) >= 4.5


@pytest.mark.parametrize("page", PAPERS)
@pytest.mark.parametrize("mood", MOODS)
def test_words_stand_out_from_the_cell_that_they_are_in(page, mood):
    assert contrast(shown(theme.INK, page), shown(theme.MOOD_FILL[mood], page)) >= 7


@pytest.mark.parametrize("page", PAPERS)
@pytest.mark.parametrize("colour", theme.COLOURS[:3])
def test_the_first_three_lines_stand_out_from_the_page(page, colour):
    assert contrast(shown(colour, page), PAPERS[page]) >= 3


def mixed(one: str, other: str, share: float) -> str:
    """Give the colour at ``share`` of the way from one to the other."""
    parts = [
        round(int(one[place : place + 2], 16) * (1 - share) + int(other[place : place + 2], 16) * share)
        for place in (1, 3, 5)
    ]
    return "#{:02X}{:02X}{:02X}".format(*parts)


@pytest.mark.parametrize("page", PAPERS)
def test_a_number_stands_out_from_its_cell_whatever_it_is(page):
    steps = [shown(colour, page) for colour in theme.SEQUENCE]
    for percent in range(101):
        place, rest = divmod(percent / 100 * 4, 1)
        cell = mixed(steps[int(place)], steps[min(4, int(place) + 1)], rest)
        ink = theme.ON_LITTLE if percent / 100 <= theme.TURN else theme.ON_MUCH
        assert contrast(cell, shown(ink, page)) >= 4.5


def test_no_two_colours_become_the_same_one():
    assert len(set(theme.DARK.values())) == len(theme.DARK)


def test_every_colour_has_one_for_a_dark_page():
    named = [value for name, value in vars(theme).items() if name.isupper() and isinstance(value, str)]
    colours = {value for value in named if re.match(r"#|rgba", value)} | {
        *theme.COLOURS,
        *theme.FILLS,
        *theme.SEQUENCE,
    }
    colours |= {*theme.MOOD_LINE.values(), *theme.MOOD_FILL.values()}
    assert colours == set(theme.DARK)


def test_a_sequence_goes_from_page_to_ink_on_both_pages():
    for page in PAPERS:
        steps = [contrast(shown(colour, page), PAPERS[page]) for colour in theme.SEQUENCE]
        assert all(a < b for a, b in itertools.pairwise(steps))


def test_every_kind_of_series_has_a_line_of_its_own():
    assert set(theme.DASHES) == set(theme.SIGNS) == set(SERIES_KINDS)
    assert len(set(theme.SIGNS.values())) == len(SERIES_KINDS)


def test_colours_repeat_with_another_marker_only_after_six():
    assert len({(theme.colour(place), theme.marker(place)) for place in range(6)}) == 6

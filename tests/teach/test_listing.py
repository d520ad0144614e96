"""`source` shows the lines that run, where they stand, and refuses to show a page of them."""

from __future__ import annotations

import pytest

from dslab.teach import source
from tests.teach import tiny


class Cache:
    """A cache for the tests of this file.

    It has a long docstring.
    """

    def fill(self, row: str, time: int) -> str:
        """Accept a row that is newer."""
        if time > 0:  # the compare
            return f"row {row} & {time}"  # the set
        return "rejected"


def ten() -> int:
    """Give ten."""
    a = 1
    b = 2
    c = 3
    d = 4
    e = 0
    f = 0
    g = 0
    h = 0
    return a + b + c + d + e + f + g + h


def bare() -> int:
    return 7


def test_a_method_without_its_docstring_with_place_and_gap():
    shown = source(Cache.fill)
    assert shown.place.startswith("tests/teach/test_listing.py, lines ")
    assert shown.lines == (
        "def fill(self, row: str, time: int) -> str:",
        "    if time > 0:  # the compare",
        '        return f"row {row} & {time}"  # the set',
        '    return "rejected"',
    )
    assert shown.describe().splitlines()[2] == "      ..."


def test_numbers_are_those_of_the_file():
    shown = source(bare)
    with open(__file__, encoding="utf-8") as file:
        lines = file.read().split("\n")
    assert [lines[number - 1] for number in shown.numbers] == ["def bare() -> int:", "    return 7"]


def test_the_docstring_is_shown_when_asked_for():
    assert '    """Accept a row that is newer."""' in source(Cache.fill, docstring=True).lines


def test_a_part_is_found_by_the_text_in_it():
    assert source(Cache, start="the compare", end="the set").lines == (
        "if time > 0:  # the compare",
        '    return f"row {row} & {time}"  # the set',
    )


def test_a_part_of_a_module_is_found_too():
    assert source(tiny, start="def sold(", lines=1).lines == ("def sold(world: World) -> int:",)


def test_lines_count_from_one_within_the_object():
    assert source(ten, lines=(3, 4)).lines == ("a = 1", "b = 2")


def test_more_than_ten_lines_are_refused_unless_allowed():
    assert len(source(ten).lines) == 10
    with pytest.raises(ValueError, match=r"ten would show 11 lines; at most 10 .* allow more with most=11"):
        source(ten, docstring=True)
    assert len(source(ten, docstring=True, most=11).lines) == 11


def test_a_text_that_is_nowhere_gets_a_sentence():
    with pytest.raises(ValueError, match=r"no line of Cache\.fill holds the text 'marker'"):
        source(Cache.fill, start="marker")


@pytest.mark.parametrize("lines", [(0, 2), (3, 2), (1, 99)])
def test_lines_outside_the_object_get_a_sentence(lines):
    with pytest.raises(ValueError, match=r"it has lines 1 to 11; give \(first, last\) within them"):
        source(ten, lines=lines)


@pytest.mark.parametrize("thing", [len, 7, "text", dict.get])
def test_what_has_no_source_gets_a_sentence(thing):
    with pytest.raises(ValueError, match=r"there is no source to show for \w+"):
        source(thing)


def test_words_texts_and_comments_are_marked_and_escaped():
    page = source(Cache.fill).html()
    assert (
        '<span class="kw">if</span> time &gt; <span class="nu">0</span>:  <span class="cm"># the compare</span>'
        in page
    )
    assert '<span class="st">f&quot;row {row} &amp; {time}&quot;</span>' in page


def test_no_path_of_this_machine_is_shown():
    assert "/tests/teach" not in source(bare).describe() and "/home" not in source(bare).html()


def test_a_wrapped_function_shows_what_it_wraps():
    import functools

    @functools.wraps(bare)
    def wrapper() -> int:
        return bare()

    assert source(wrapper).lines[0] == "def bare() -> int:"

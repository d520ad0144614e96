"""Numbers and lists are written as a person would say them."""

import pytest

from dslab.show import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (3, "3"), (3.0, "3"), (-2.5, "-2.5"), (0.123456, "0.1235"), (99.95, "99.95"), (1234.56, "1,234.6"),
        (12345.6, "12,346"), (150_000_000, "150,000,000"), (1.2e-7, "1.2e-07"), (None, "no value"), (float("nan"), "no value"),
        (float("inf"), "infinite"),
    ],
)  # fmt: skip
def test_a_number_has_four_digits_and_its_thousands_set_off(value, text):
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5"), (1_500, "1.5k"), (2e6, "2M"), (-3e9, "-3G"), (41e12, "41T")]
)
def test_a_tick_is_short(value, text):
    assert words.compact(value) == text


def test_a_quantity_has_its_unit_only_with_a_value():
    assert [words.quantity(5, "min"), words.quantity(5, ""), words.quantity(None, "min")] == [
        "5 min",
        "5",
        "no value",
    ]


@pytest.mark.parametrize(
    ("names", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_a_list_is_joined_as_in_a_sentence(names, text):
    assert words.listing(names) == text


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [(1, "event", "1 event"), (2, "event", "2 events"), (0, "query", "0 queries"), (3, "key", "3 keys")],
)
def test_a_count_has_its_plural(count, noun, text):
    assert words.plural(count, noun) == text


@pytest.mark.parametrize(("text", "told"), [("it holds", "It holds."), ("Does it?", "Does it?"), ("  ", "")])
def test_a_sentence_begins_and_ends(text, told):
    assert words.sentence(text) == told

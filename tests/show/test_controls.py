"""Controls: positions, values and texts, and sentences for what they refuse."""

import pytest

from dslab.show.controls import Choice, Slider, Switch


@pytest.mark.parametrize(
    ("slider", "values"),
    [
        (Slider("n", 1, 5, 2, 3), (1, 3, 5)),
        (Slider("n", 0, 1, 0.25, 0.5), (0, 0.25, 0.5, 0.75, 1)),
        (Slider("n", 0, 0.3, 0.1, 0.1), (0, 0.1, 0.2, 0.3)),
        (Slider("n", 0, 10, 4, 8), (0, 4, 8, 10)),
        (Slider("n", 1, 100, 10, 10, log=True), (1, 10, 100)),
        (Slider("n", 1, 20, 2, 8, log=True), (1, 2, 4, 8, 16, 20)),
        (Slider("n", 0.1, 10.0, 10**0.5, 1.0, log=True), (0.1, 0.316, 1.0, 3.16, 10.0)),
    ],
)
def test_a_slider_has_a_value_at_each_position(slider, values):
    assert slider.values == values


def test_whole_numbers_stay_whole():
    assert {type(value) for value in Slider("n", 1, 64, 2, 8, log=True).values} == {int}


def test_a_slider_writes_its_unit():
    assert Slider("time to live", 1, 3, 1, 2, "min").texts == ("1 min", "2 min", "3 min")


def test_every_position_leads_back_to_itself():
    slider = Slider("n", 0.7, 93.1, 0.7, 0.7)
    assert [slider.position(value) for value in slider.values] == list(range(len(slider.values)))


def test_options_may_have_texts_and_values():
    choice = Choice("refill from", {"the leader": "leader", "a follower": "follower"}, "follower")
    assert (choice.texts, choice.values, choice.position("follower")) == (
        ("the leader", "a follower"),
        ("leader", "follower"),
        1,
    )


def test_a_choice_begins_with_its_first_option():
    assert Choice("mode", ["sync", "async"]).value == "sync"


def test_an_option_that_is_one_is_not_true():
    assert Choice("n", [1, 2]).position(1) == 0
    with pytest.raises(ValueError, match="'n' cannot be True"):
        Choice("n", [1, 2]).position(True)


def test_a_control_tells_label_and_value():
    assert [Slider("rate", 1, 3, 1, 2, "/s").tell(3), Switch("marker").tell(False)] == [
        "rate 3 /s",
        "marker off",
    ]


def test_the_page_is_told_label_texts_and_unit():
    spec = Slider("time to live", 1, 2, 1, 2, "min", help="how long").spec("ttl")
    assert spec == {
        "name": "ttl", "kind": "slider", "label": "time to live", "spoken": "time to live, min", "texts": ["1 min", "2 min"],
        "help": "how long",
    }  # fmt: skip


REFUSED = {
    "it must go up": lambda: Slider("n", 5, 1, 1, 3),
    "steps of 0": lambda: Slider("n", 1, 5, 0, 3),
    "more than 1,000 positions": lambda: Slider("n", 0, 1, 0.0001, 0),
    "'n' cannot be 9 s; it goes from 1 to 5 s": lambda: Slider("n", 1, 5, 1, 9, "s"),
    "'n' cannot be 2.4; the nearest values are 2 and 3": lambda: Slider("n", 1, 5, 1, 2.4),
    "a low above 0 and, as step, a factor above 1": lambda: Slider("n", 0, 5, 2, 1, log=True),
    "the label of a slider is ''": lambda: Slider("", 1, 5, 1, 3),
    "choice 'c' has 1 option": lambda: Choice("c", ["a"]),
    "'c' cannot be 'z'; use one of 'a' and 'b'": lambda: Choice("c", ["a", "b"], "z"),
    "the label of a switch is None": lambda: Switch(None),
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_wrong_control_is_refused_in_a_sentence(words):
    with pytest.raises(ValueError) as refused:
        REFUSED[words]()
    assert words in str(refused.value)


MISTAKEN = {
    "the value of slider 'n' is '3'": lambda: Slider("n", 1, 5, 1, "3"),
    "the low of slider 'n' is nan": lambda: Slider("n", float("nan"), 5, 1, 3),
    "it can be True or False, not 1": lambda: Switch("s", 1),
    "must be a list, not the text 'ab'": lambda: Choice("c", "ab"),
}


@pytest.mark.parametrize("words", MISTAKEN)
def test_a_wrong_type_is_refused_in_a_sentence(words):
    with pytest.raises(TypeError) as refused:
        MISTAKEN[words]()
    assert words in str(refused.value)

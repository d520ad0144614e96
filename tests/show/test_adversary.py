"""Being the adversary, without a page: every button is a method, and what the page shows is `state`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from dslab.check import Stepper, always, eventually, sometimes
from dslab.show.adversary import Adversary, grouped
from dslab.sim import World

ORDER = always(
    "IN_ORDER", "The last value written is the one that was sent last.", lambda world: _in_order(world)
)
WRITTEN = sometimes(
    "WRITTEN", "Something is written.", lambda world: world.nodes["store"].state["value"] is not None
)
SETTLED = eventually(
    "SETTLED",
    "In the end something is written.",
    lambda world: world.nodes["store"].state["value"] is not None,
)


def _in_order(world: World) -> bool | str:
    log = world.nodes["store"].state["log"]
    return True if log == sorted(log) else f"{log[-1]} arrived after {log[-2]}"


def overtaking() -> World:
    """A writer sends 1 and then 2; nothing keeps them in order, and one of them may get lost."""
    world = World(name="overtaking")
    writer, store = (
        world.node("writer", "Writer", "client"),
        world.node("store", "Store", "store", value=None, log=[]),
    )
    world.link("writer", "store", may_lose=1)
    store.on("put", lambda value: store.state.update(value=value, log=[*store.state["log"], value]))

    async def writes() -> None:
        writer.send("store", "put", value=1)
        writer.send("store", "put", value=2)

    writer.spawn(writes(), "writer")
    return world


def adversary(**more: Any) -> Adversary:
    return Adversary(
        Stepper(overtaking, [ORDER, WRITTEN, SETTLED]), title="Overtake", goal="make 2 arrive first", **more
    )


def choices(view: Adversary) -> list[dict[str, Any]]:
    return [choice for group in view.state["groups"] for choice in group["choices"]]


def words(view: Adversary) -> dict[str, str]:
    return {entry["name"]: entry["word"] for entry in view.state["invariants"]}


def index_of(view: Adversary, begins: str, last: bool = False) -> int:
    found = [choice["index"] for choice in choices(view) if choice["label"].startswith(begins)]
    return found[-1 if last else 0]


def broken() -> Adversary:
    """Let 2 overtake 1."""
    view = adversary()
    view.pick(0)
    view.pick(index_of(view, "deliver", last=True))
    view.pick(index_of(view, "deliver"))
    return view


def test_at_first_nothing_is_picked_and_one_choice_is_usual():
    view = adversary()
    assert view.state["steps"] == [] and view.state["surprises"] == 0 and not view.state["finished"]
    assert [choice["default"] for choice in choices(view)] == [True]


def test_choices_are_grouped_by_kind_and_numbered_as_shown():
    view = adversary()
    view.pick(0)
    assert [group["title"] for group in view.state["groups"]] == ["Deliver a message", "Lose a message"]
    assert [choice["number"] for choice in choices(view)] == [1, 2, 3, 4]


def test_an_unknown_kind_still_has_a_title():
    @dataclass
    class Odd:
        index: int = 3
        kind: str = "freeze"
        label: str = "freeze b"
        lane: str = "b"
        default: bool = False

    assert grouped([Odd()]) == [
        {"kind": "freeze", "title": "Freeze",
         "choices": [{"number": 1, "index": 3, "label": "freeze b", "lane": "b", "default": False}]}
    ]  # fmt: skip


def test_invariants_are_told_in_words_before_anything_happened():
    assert words(adversary()) == {
        "IN_ORDER": "holds so far",
        "WRITTEN": "not yet seen",
        "SETTLED": "is tested at rest",
    }


def test_the_usual_run_holds_everything():
    view = adversary()
    view.run_on()
    assert words(view) == {"IN_ORDER": "holds so far", "WRITTEN": "seen", "SETTLED": "holds at rest"}
    assert view.state["finished"] and view.state["surprises"] == 0


def test_overtaking_breaks_the_invariant_and_says_at_which_step():
    view = broken()
    assert words(view)["IN_ORDER"] == "VIOLATED at step 3"
    assert view.state["invariants"][0]["sentence"] == "1 arrived after 2."
    assert "You broke IN_ORDER at step 3." in view.state["status"]
    assert view.trace["verdicts"][0]["invariant"] == "IN_ORDER"


def test_undo_takes_a_violation_back():
    view = broken()
    view.undo()
    assert words(view)["IN_ORDER"] == "holds so far" and len(view.state["steps"]) == 2
    assert view.trace["verdicts"] == []


def test_undo_takes_back_any_number_of_steps_and_no_more_than_there_are():
    view = broken()
    view.undo(99)
    assert view.state["steps"] == [] and view.token == adversary().token


def test_restart_forgets_every_pick():
    view = broken()
    view.reset()
    assert (view.state["steps"], view.state["surprises"]) == ([], 0)


def test_a_token_brings_another_reader_to_the_same_place():
    first, second = broken(), adversary()
    second.load(first.token)
    second.run_on()
    assert second.trace["verdicts"] == first.trace["verdicts"] and second.token == first.token


@pytest.mark.parametrize("token", ["", "nonsense", "other:0:000000", "overtaking:1.1:ffffff"])
def test_a_bad_token_raises_its_sentence_and_changes_nothing(token):
    view = broken()
    before = dict(view.state)
    with pytest.raises(ValueError, match="token"):
        view.load(token)
    assert view.state == before


def test_a_pick_that_is_not_there_raises_and_changes_nothing():
    view = adversary()
    before = dict(view.state)
    with pytest.raises(IndexError, match="no choice 7"):
        view.pick(7)
    assert view.state == before


# -- what the page asks ---------------------------------------------------------------------------------


def ask(view: Adversary, **content: Any) -> None:
    view._asked(view, {"step": len(view.state["steps"]), **content}, [])


def test_a_button_of_the_page_does_what_the_method_does():
    view = adversary()
    ask(view, do="pick", index=0)
    ask(view, do="pick", index=1)
    assert view.state["surprises"] == 1
    ask(view, do="undo")
    assert len(view.state["steps"]) == 1


def test_a_second_press_before_the_answer_is_not_taken_for_another_pick():
    view = adversary()
    view._asked(view, {"do": "pick", "index": 0, "step": 0}, [])
    view._asked(view, {"do": "pick", "index": 0, "step": 0}, [])
    assert len(view.state["steps"]) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"do": "load", "token": "nonsense"}, "'nonsense' is no replay token"),
        ({"do": "load", "token": None}, "None is no replay token"),
        ({"do": "pick", "index": 9}, "There is no choice 9 here"),
        ({"do": "pick"}, "There is no choice None here"),
    ],
)
def test_what_does_not_fit_is_answered_with_a_sentence_and_changes_nothing(content, sentence):
    view = adversary()
    view.pick(0)
    before = {**view.state, "error": ""}
    ask(view, **content)
    assert sentence in view.state["error"]
    assert {**view.state, "error": ""} == before


def test_the_next_pick_takes_the_sentence_away():
    view = adversary()
    ask(view, do="load", token="nonsense")
    ask(view, do="pick", index=0)
    assert view.state["error"] == ""


def test_what_the_page_does_not_know_is_ignored():
    view = adversary()
    ask(view, do="format the disk")
    assert view.state["steps"] == []


def test_a_pick_is_answered_with_one_message():
    view, sent = adversary(), []
    view._send = lambda message, buffers=None: sent.append(sorted(message["state"]))
    ask(view, do="pick", index=0)
    assert sent == [["state", "trace"]]


# -- what it says ---------------------------------------------------------------------------------------


def test_the_sentence_says_steps_surprises_choices_and_invariants():
    assert broken().sentence == (
        "3 steps, 1 surprise; nothing is left to happen. IN_ORDER VIOLATED at step 3; WRITTEN seen; SETTLED holds at rest."
    )


def test_the_text_is_the_same_every_time_and_names_what_is_usual():
    texts = [repr(adversary()) for _ in range(2)]
    assert texts[0] == texts[1]
    assert texts[0].startswith(
        "Overtake. Goal: Make 2 arrive first. 0 steps, 0 surprises; 1 choice next (normally: writer: "
    )


def test_before_the_first_pick_the_page_says_what_must_hold_and_what_could_happen(monkeypatch):
    monkeypatch.setenv("DSLAB_POSTER", "1")
    data, metadata = adversary()._repr_mimebundle_()
    assert "IN_ORDER" in data["text/html"] and "normally" in data["text/html"]
    assert ("image/png" in data, metadata) == (False, {})


def test_an_adversary_has_a_poster_of_the_run_so_far():
    png, alt, _ = broken().poster()
    assert png[:4] == b"\x89PNG" and "IN_ORDER VIOLATED at step 3" in alt

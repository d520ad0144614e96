"""An explorer: a moved control changes picture and sentence, a wrong one changes nothing, a failing model is told in a sentence."""

import asyncio
import os
import subprocess
import sys

import ipywidgets
import pytest

from dslab.show import Choice, Explorer, Slider, Switch
from dslab.show.plotly_view import PlotlyView
from dslab.show.specs import Axis, Lines, Meter, Meters, Series, Table
from dslab.show.tables import TableView
from dslab.sim.result import Metric, Result


def model(rate: int, mode: str, cached: bool) -> Result:
    """Double the rate, or fail at 13 and 14."""
    if rate == 13:
        raise ValueError("13 clients bring bad luck")
    if rate == 14:
        return "no result"
    load = rate if cached else 2 * rate
    return Result({"cached": cached}, {"load": Metric("load", load, "/s")}, f"The {mode} load is {load} /s.")


def draw(result: Result) -> list:
    """One curve through the load, and a meter where the cache is on; fails at a load of 12."""
    if result["load"] == 12:
        raise ZeroDivisionError("division by zero")
    curve = Lines(Axis("time", "s"), Axis("load", "/s"), (Series("load", (0.0, 1.0), (0.0, result["load"])),))
    return (
        [curve, Meters((Meter("load", result["load"], 100, "/s"),))] if result.params["cached"] else [curve]
    )


CONTROLS = {
    "rate": Slider("rate", 1, 20, 1, 5, "/s"),
    "mode": Choice("mode", ["synchronous", "asynchronous"]),
    "cached": Switch("cache"),
}


@pytest.fixture
def explorer() -> Explorer:
    return Explorer(model, CONTROLS, draw, title="Load", question="What does a cache save?")


def test_at_computes_what_it_shows_when_opened_and_moves_nothing(explorer):
    explorer.set(rate=7, cached=False)
    before = shown(explorer)
    assert explorer.at(mode="asynchronous").describe() == "The asynchronous load is 5 /s."
    assert shown(explorer) == before


def test_at_refuses_what_set_refuses(explorer):
    with pytest.raises(ValueError, match="there is no control 'speed' here"):
        explorer.at(speed=3)


def move(explorer: Explorer, **positions: int) -> None:
    """Move controls as the page does."""
    explorer._panel.set_state({"positions": {**explorer._panel.positions, **positions}})


def shown(explorer: Explorer) -> tuple:
    """Give all that a reader sees."""
    views = explorer._views.children
    drawn = tuple(str(view.figure) if isinstance(view, PlotlyView) else view.html for view in views)
    return (
        explorer.sentence,
        explorer._caption.sentence,
        explorer._caption.problem,
        dict(explorer._panel.positions),
        drawn,
    )


def test_it_begins_with_a_result(explorer):
    assert (explorer.values, explorer.sentence) == (
        {"rate": 5, "mode": "synchronous", "cached": True},
        "The synchronous load is 5 /s.",
    )
    assert [type(spec) for spec in explorer.pictures] == [Lines, Meters]


@pytest.mark.parametrize("move_to", [{"rate": 7}, {"mode": 1}, {"cached": 0}])
def test_every_control_moved_in_the_page_changes_the_sentence(explorer, move_to):
    before = explorer._caption.sentence
    move(explorer, **move_to)
    assert explorer._caption.sentence == explorer.sentence != before


def test_a_moved_control_changes_the_picture_at_hand_and_makes_no_new_one(explorer):
    view, before = explorer._views.children[0], str(explorer._views.children[0].figure)
    move(explorer, rate=7)
    assert explorer._views.children[0] is view
    assert str(view.figure) != before


def test_pictures_may_come_and_go(explorer):
    first = explorer._views.children[0]
    move(explorer, cached=0)
    assert explorer._views.children == (first,)
    move(explorer, cached=1)
    assert len(explorer._views.children) == 2


def test_a_picture_of_another_kind_gets_a_view_of_its_own():
    def either(result: Result) -> list:
        return [Table.of([{"load": result["load"]}])] if result.params["cached"] else draw(result)

    explorer = Explorer(model, CONTROLS, either, title="Load")
    assert isinstance(explorer._views.children[0], TableView)
    move(explorer, cached=0)
    assert isinstance(explorer._views.children[0], PlotlyView)


def test_set_moves_controls_and_shows_what_they_mean(explorer):
    explorer.set(rate=8, cached=False)
    assert (
        explorer.values["rate"],
        explorer["load"] if hasattr(explorer, "__getitem__") else explorer.result["load"],
    ) == (8, 16)
    assert explorer._panel.positions == {"rate": 7, "mode": 0, "cached": 0}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"speed": 1}, "there is no control 'speed' here; there are rate, mode and cached"),
        ({"rate": 99}, "'rate' cannot be 99 /s; it goes from 1 to 20 /s"),
        ({"rate": 8, "mode": "both"}, "'mode' cannot be 'both'; use one of 'synchronous' and 'asynchronous'"),
    ],
)
def test_a_wrong_value_is_refused_and_changes_nothing(explorer, values, words):
    before = shown(explorer)
    with pytest.raises(ValueError, match="^" + words.replace("?", r"\?")):
        explorer.set(**values)
    assert shown(explorer) == before


def test_a_wrong_type_is_refused_and_changes_nothing(explorer):
    before = shown(explorer)
    with pytest.raises(TypeError, match="'cache' is a switch; it can be True or False, not 0"):
        explorer.set(rate=8, cached=0)
    assert shown(explorer) == before


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (12, "13 clients bring bad luck."),
        (13, "The model returned str, not a Result."),
        (11, "ZeroDivisionError('division by zero')."),
    ],
)
def test_a_failure_is_a_sentence_and_leaves_the_last_good_picture(explorer, position, words):
    before = shown(explorer)
    move(explorer, rate=position)
    after = shown(explorer)
    assert after[0] == before[0] and after[4] == before[4]
    settings = f"rate {position + 1} /s, mode synchronous, cache on"
    assert explorer.problem == (
        f"This could not be computed for {settings}: {words} The pictures show the last result that worked."
    )
    assert explorer._caption.problem == explorer.problem


def test_the_next_result_takes_the_failure_away(explorer):
    move(explorer, rate=12)
    move(explorer, rate=3)
    assert (explorer.problem, explorer._caption.problem, explorer.sentence) == (
        "",
        "",
        "The synchronous load is 4 /s.",
    )


def test_a_model_that_fails_at_once_shows_its_sentence_and_no_picture():
    explorer = Explorer(lambda rate: 1 / 0, {"rate": CONTROLS["rate"]}, draw, title="Load")
    assert (explorer.result, explorer._views.children) == (None, ())
    assert (
        explorer.sentence
        == "This could not be computed for rate 5 /s: ZeroDivisionError('division by zero')."
    )


def test_a_second_picture_that_cannot_be_drawn_leaves_the_first_as_it_was(explorer):
    before = shown(explorer)
    explorer._draw = lambda result: [*draw(result)[:1], "no picture"]
    move(explorer, rate=8)
    assert shown(explorer)[4] == before[4]
    assert "A picture is one of the specs (Lines, Bars, Table ...), not str." in explorer.problem


@pytest.mark.parametrize("asked", [{"rate": 999}, {"rate": "7"}, {"rate": True}, {"else": 1}, {"rate": -1}])
def test_a_position_that_does_not_exist_is_put_right(explorer, asked):
    move(explorer, **asked)
    assert explorer._panel.positions == {"rate": 4, "mode": 0, "cached": 1}


def test_no_part_of_it_is_an_output_widget(explorer):
    kinds = {type(widget) for widget in [explorer, *explorer.children, *explorer._views.children]}
    assert not any(issubclass(kind, ipywidgets.Output) for kind in kinds)


def test_one_move_is_one_computation():
    calls = []

    def counted(rate: int, mode: str, cached: bool) -> Result:
        calls.append(rate)
        return model(rate, mode, cached)

    explorer = Explorer(counted, CONTROLS, draw, title="Load")
    move(explorer, rate=6)
    explorer.set(rate=9)
    assert calls == [5, 7, 9]


def test_what_it_says_as_text_is_title_and_sentence(explorer):
    assert repr(explorer) == "Load\nThe synchronous load is 5 /s."
    move(explorer, rate=12)
    assert repr(explorer).splitlines()[:2] == ["Load", "The synchronous load is 5 /s."]
    assert repr(explorer).splitlines()[2].startswith("This could not be computed for rate 13 /s")


def test_the_alt_text_tells_settings_sentence_and_pictures(explorer):
    assert explorer.alt.startswith(
        "Load. Rate 5 /s, mode synchronous, cache on. The synchronous load is 5 /s. Line chart: load (/s)"
    )
    assert "Meters: Load 5 /s of 100 /s." in explorer.alt


def long_model(steps: int):
    """Take ``steps`` steps and return how many."""
    for step in range(steps):
        yield step / steps
    return Result({"cached": False}, {"load": Metric("load", steps)}, f"{steps} steps were taken.")


LONG = {"steps": Slider("steps", 1, 1000, 1, 3)}


def test_a_long_model_without_an_event_loop_runs_to_its_end():
    explorer = Explorer(long_model, LONG, draw, title="Long")
    move(explorer, steps=9)
    assert (explorer.sentence, explorer._caption.progress) == ("10 steps were taken.", -1.0)


def test_a_long_model_is_set_to_its_end_even_where_an_event_loop_runs():
    async def notebook() -> str:
        explorer = Explorer(long_model, LONG, draw, title="Long")
        explorer.set(steps=7)
        return explorer.sentence

    assert asyncio.run(notebook()) == "7 steps were taken."


class Slow:
    """A long model that counts how often each of its runs went on and whether it was closed."""

    def __init__(self) -> None:
        self.steps: dict[int, int] = {}
        self.closed: list[int] = []

    def __call__(self, steps: int):
        try:
            for step in range(steps):
                self.steps[steps] = step + 1
                yield step / steps
        except GeneratorExit:
            self.closed.append(steps)
            raise
        return Result({"cached": False}, {"load": Metric("load", steps)}, f"{steps} steps were taken.")


def slow_explorer(monkeypatch) -> tuple[Explorer, Slow]:
    """Make an explorer whose model is resumed once a slice."""
    monkeypatch.setattr("dslab.show.explorer.SLICE", 0)
    slow = Slow()
    return Explorer(slow, LONG, draw, title="Long"), slow


async def until(true) -> None:
    """Let others run until something holds, at most a thousand times."""
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never held")


def test_a_long_model_moved_in_the_page_runs_in_slices_with_progress(monkeypatch):
    async def notebook() -> list[float]:
        explorer, _ = slow_explorer(monkeypatch)
        seen = []
        explorer._caption.observe(lambda change: seen.append(round(change["new"], 2)), "progress")
        move(explorer, steps=3)
        assert explorer.sentence == "3 steps were taken."
        await until(lambda: explorer.sentence == "4 steps were taken.")
        return seen

    assert asyncio.run(notebook()) == [0.0, 0.25, 0.5, 0.75, -1.0]


def test_a_newer_value_abandons_a_long_run_at_once(monkeypatch):
    async def notebook() -> tuple[str, Slow]:
        explorer, slow = slow_explorer(monkeypatch)
        move(explorer, steps=999)
        await until(lambda: slow.steps.get(1000, 0) >= 5)
        move(explorer, steps=9)
        await until(lambda: explorer.sentence == "10 steps were taken.")
        return explorer, slow

    explorer, slow = asyncio.run(notebook())
    assert (slow.closed, slow.steps[1000] < 8, explorer.values, explorer._caption.progress) == (
        [1000],
        True,
        {"steps": 10},
        -1.0,
    )


def test_a_value_that_is_set_abandons_a_long_run_too(monkeypatch):
    async def notebook() -> tuple[str, list[int]]:
        explorer, slow = slow_explorer(monkeypatch)
        move(explorer, steps=999)
        await until(lambda: slow.steps.get(1000, 0) >= 5)
        explorer.set(steps=2)
        await until(lambda: slow.closed)
        return explorer.sentence, slow.closed

    assert asyncio.run(notebook()) == ("2 steps were taken.", [1000])


def test_a_long_model_that_fails_on_its_way_is_told_in_a_sentence():
    def failing(steps: int):
        yield 0.1
        if steps > 5:
            raise ValueError("too many steps")
        return Result({"cached": False}, {"load": Metric("load", steps)}, f"{steps} steps were taken.")

    async def notebook() -> Explorer:
        explorer = Explorer(failing, LONG, draw, title="Long")
        move(explorer, steps=9)
        await until(lambda: explorer.problem)
        return explorer

    explorer = asyncio.run(notebook())
    assert (explorer.sentence, explorer._caption.progress) == ("3 steps were taken.", -1.0)
    assert "for steps 10: Too many steps." in explorer.problem


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": 3}, "model must be a function, not int"),
        ({"draw": None}, "draw must be a function, not NoneType"),
        ({"controls": [1]}, "controls must be a dict of parameter name to control, not list"),
        ({"controls": {"rate": 3}}, "control 'rate' must be a Slider, a Choice or a Switch, not int"),
        ({"title": " "}, "an explorer needs a title"),
        ({"poster": ["first"]}, "poster must hold places of pictures, 0 for the first, not ['first']"),
        ({"columns": 3}, "pictures stand in 1 or 2 columns, not 3"),
    ],
)
def test_wrong_arguments_are_refused_in_a_sentence(change, words):
    arguments = {"model": model, "controls": CONTROLS, "draw": draw, "title": "Load"} | change
    with pytest.raises((TypeError, ValueError)) as refused:
        Explorer(arguments.pop("model"), arguments.pop("controls"), arguments.pop("draw"), **arguments)
    assert words in str(refused.value)


def test_its_words_do_not_hang_on_the_seed_of_hash():
    code = (
        "from tests.show.test_explorer import *\n"
        "e = Explorer(model, CONTROLS, draw, title='Load'); print(repr(e), e.alt, [v.figure for v in e._views.children])"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(told) == 1

"""An explorer: controls, a model, pictures of its result, and the sentence under them that changes as a control moves.

| word     | meaning                                                                                            |
|----------|----------------------------------------------------------------------------------------------------|
| model    | a function of the controls' values that returns a Result; or a generator that yields how far it is |
| draw     | a function of the Result that returns the specs to show                                            |
| turn     | one computation; a newer turn makes an older one void                                              |
| problem  | the sentence shown where model or draw failed; the last good pictures stay                         |
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import ipywidgets

from dslab.show.controls import Caption, Control, Panel
from dslab.show.layout import WIDTH
from dslab.show.pictures import Told, plan, show
from dslab.show.specs import Spec
from dslab.show.words import listing, sentence
from dslab.sim.result import Result

SLICE = 0.02  # seconds that a long model computes before newer values may arrive
log = logging.getLogger("dslab.show")
Model = Callable[..., Any]


class Explorer(Told):
    """Controls + a model + pictures of its result, as one box in a notebook.

    ``model(**values)`` returns a `dslab.sim.result.Result`, or is a generator function that yields fractions from 0 to 1 and
    returns one: then a move in the page runs it in slices with a progress bar, and a newer move abandons it at once.
    ``controls`` maps the model's parameters to Slider, Choice or Switch; ``draw(result)`` gives the specs to show, two or more
    in ``columns`` (1 or 2) where there is room. ``question`` is what the explorer answers, ``title`` its name. ``poster`` has the
    places of the pictures that a page without a kernel shows (all unless given; posters are what makes a notebook large).

    The first result, and every `set`, is computed before it returns. Raises TypeError or ValueError, in a sentence, for
    wrong arguments; what the model or ``draw`` raises is shown as `problem` instead, and the last good pictures stay.
    """

    def __init__(
        self,
        model: Model,
        controls: Mapping[str, Control],
        draw: Callable[[Result], Sequence[Spec]],
        *,
        title: str,
        question: str = "",
        columns: int = 1,
        poster: Sequence[int] | None = None,
    ) -> None:
        _check(model, controls, draw, title, question, columns)
        if poster is not None and not all(type(place) is int and place >= 0 for place in poster):
            raise ValueError(f"poster must hold places of pictures, 0 for the first, not {list(poster)!r}")
        self.title, self.question = title, question
        self.controls = dict(controls)
        self.result: Result | None = None
        self.pictures: list[Spec] = []
        self.problem = ""
        self._model, self._draw = model, draw
        self._lock = threading.RLock()  # JupyterLab answers a moved control in a thread of its own
        self._turn, self._telling = 0, False
        self._positions = {name: control.position(control.value) for name, control in controls.items()}
        described = [control.spec(name) for name, control in controls.items()]
        self._panel = Panel(
            title=title, question=question, controls=described, positions=dict(self._positions)
        )
        self._views = ipywidgets.Box([])
        self._views.add_class("dslab-pictures")
        self._columns = columns
        self._poster = None if poster is None else tuple(poster)
        if columns == 2:
            self._views.add_class("dslab-two")
        self._caption = Caption()
        super().__init__([self._panel, self._views, self._caption])
        self.add_class("dslab-explorer")
        self._panel.observe(self._moved, "positions")
        self._compute()

    @property
    def values(self) -> dict[str, Any]:
        """The values that the controls show, by name."""
        return {name: control.values[self._positions[name]] for name, control in self.controls.items()}

    @property
    def sentence(self) -> str:
        """What the last good result says, or the problem where there never was one."""
        return self.result.describe() if self.result else self.problem

    @property
    def alt(self) -> str:
        """The text alternative of the whole: title, controls, sentence and every picture."""
        told = [
            sentence(self.title),
            f"{sentence(self.settings)}",
            self.sentence,
            *(spec.describe() for spec in self.pictures),
        ]
        return " ".join(part for part in told if part)

    @property
    def settings(self) -> str:
        """The controls with their values, as words: "time to live 5 min, compare-and-set on"."""
        return ", ".join(control.tell(self.values[name]) for name, control in self.controls.items())

    def set(self, **values: Any) -> None:
        """Move controls and compute, to the end, what they show; changes nothing if a name or a value is wrong.

        Raises ValueError or TypeError, in a sentence, for an unknown name, a value out of range or of the wrong type.
        """
        positions = dict(self._positions)
        for name, value in values.items():
            positions[name] = self._control(name).position(value)
        with self._lock:
            self._place(positions)
            self._compute()

    def at(self, **values: Any) -> Result:
        """Compute, to the end, what it shows when it is opened, with ``values`` changed; no control moves.

        For what must not hang on where a reader left the controls. Raises ValueError or TypeError, in a sentence, as `set` does.
        """
        opened = {name: control.value for name, control in self.controls.items()}
        for name, value in values.items():
            opened[name] = self._control(name).values[self._control(name).position(value)]
        made = self._model(**opened)
        return _run_out(made) if isinstance(made, Generator) else made

    def tell(self) -> str:
        """Give title and sentence; this is what a stored notebook says and what is compared."""
        parts = [self.title, self.sentence]
        if self.problem and self.result:
            parts.append(self.problem)
        return "\n".join(parts)

    def poster(self) -> tuple[bytes, str, int]:
        """Draw title, settings, pictures and sentence as one PNG: (PNG, text alternative, width in pixels)."""
        from dslab.show import poster

        head = poster.Head(
            self.title
        )  # a notebook stays under 300 kB; question and settings are in the text alternative
        chosen = range(len(self.pictures)) if self._poster is None else self._poster
        shown = [self.pictures[place] for place in chosen if place < len(self.pictures)]
        columns = max(1, min(self._columns, len(shown)))
        return poster.draw(shown, head, self.tell().partition("\n")[2], columns), self.alt, poster.WIDTH

    def _control(self, name: str) -> Control:
        if name not in self.controls:
            raise ValueError(f"there is no control {name!r} here; there are {listing(self.controls)}")
        return self.controls[name]

    def _place(self, positions: dict[str, int]) -> None:
        self._positions = positions
        if self._panel.positions != positions:
            self._telling = True
            try:
                self._panel.positions = dict(positions)
            finally:
                self._telling = False

    def _moved(self, event: Any) -> None:
        """Answer a control that was moved in the page; never raises, as nobody would see it."""
        if self._telling:
            return
        with self._lock:
            positions = _sound(event["new"], self.controls, self._positions)
            self._place(positions)
            self._compute(patient=False)

    def _compute(self, patient: bool = True) -> None:
        """Run the model for the current values: to the end where ``patient`` or where no event loop runs."""
        with self._lock:
            self._turn += 1
            turn, values = self._turn, self.values
            try:
                made = self._model(**values)
                if not isinstance(made, Generator):
                    self._show(made)
                elif not patient and (loop := _running_loop()):
                    self._task = loop.create_task(self._in_slices(made, turn))
                else:
                    self._show(_run_out(made))
            except Exception as error:
                self._fail(error)

    async def _in_slices(self, steps: Generator[float, None, Result], turn: int) -> None:
        try:
            while self._turn == turn:
                until, fraction = time.monotonic() + SLICE, next(steps)
                while time.monotonic() < until:
                    fraction = next(steps)
                with self._lock:
                    if self._turn == turn:
                        self._caption.progress = min(1.0, max(0.0, float(fraction)))
                await asyncio.sleep(0)
        except StopIteration as end:
            with self._lock:
                if self._turn == turn:
                    self._show_or_fail(end.value)
        except Exception as error:
            with self._lock:
                if self._turn == turn:
                    self._fail(error)
        finally:
            steps.close()

    def _show_or_fail(self, result: Any) -> None:
        try:
            self._show(result)
        except Exception as error:
            self._fail(error)

    def _show(self, result: Any) -> None:
        """Take over a new result: everything that may fail comes before anything that is seen changes."""
        if not isinstance(result, Result):
            raise TypeError(f"the model returned {type(result).__name__}, not a Result")
        specs = list(self._draw(result))
        told = result.describe()
        plans = [plan(spec, WIDTH // self._columns) for spec in specs]
        shown = self._views.children
        at_hand = [*shown, *[None] * len(plans)]
        views = tuple(show(*each, widget) for each, widget in zip(plans, at_hand, strict=False))
        self.result, self.pictures, self.problem = result, specs, ""
        if shown != views:
            self._views.children = views
        with self._caption.hold_sync():
            self._caption.sentence, self._caption.problem, self._caption.progress = told, "", -1.0

    def _fail(self, error: Exception) -> None:
        log.debug("the model of %r failed at %s", self.title, self.settings, exc_info=error)
        words = (
            str(error)
            if isinstance(error, ValueError | TypeError | RuntimeError) and str(error)
            else repr(error)
        )
        rest = " The pictures show the last result that worked." if self.result else ""
        self.problem = f"This could not be computed for {self.settings}: {sentence(words)}{rest}"
        with self._caption.hold_sync():
            self._caption.problem, self._caption.progress = self.problem, -1.0


def _check(model: Any, controls: Any, draw: Any, title: Any, question: Any, columns: Any) -> None:
    for what, thing in (("model", model), ("draw", draw)):
        if not callable(thing):
            raise TypeError(f"{what} must be a function, not {type(thing).__name__}")
    if not isinstance(controls, Mapping):
        raise TypeError(
            f"controls must be a dict of parameter name to control, not {type(controls).__name__}"
        )
    for name, control in controls.items():
        if not isinstance(control, Control):
            raise TypeError(
                f"control {name!r} must be a Slider, a Choice or a Switch, not {type(control).__name__}"
            )
    if not isinstance(title, str) or not title.strip() or not isinstance(question, str):
        raise ValueError("an explorer needs a title, and its question must be text")
    if columns not in (1, 2):
        raise ValueError(f"pictures stand in 1 or 2 columns, not {columns!r}")


def _sound(wanted: Any, controls: Mapping[str, Control], current: dict[str, int]) -> dict[str, int]:
    """Give the positions that the page asks for, leaving out names and places that do not exist."""
    asked = wanted if isinstance(wanted, Mapping) else {}
    return {
        name: asked[name]
        if type(asked.get(name)) is int and 0 <= asked[name] < len(control.values)
        else current[name]
        for name, control in controls.items()
    }


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _run_out(steps: Generator[float, None, Result]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value

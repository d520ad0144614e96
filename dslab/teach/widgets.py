"""The live views of a prediction and an exercise: ipywidgets only, and only imported where a kernel shows one.

Everything works by keyboard: Tab goes from answer to answer and on to the buttons, Space or Enter chooses. What is about to be
recorded or checked is always written out as text beside the controls. A view holds no state of its own; it redraws from
the prediction or the exercise, so code in another cell and a click do the same thing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from dslab.teach.exercises import HINTS, Exercise
from dslab.teach.forms import Form, Number, OneOf, Settings, Span
from dslab.teach.page import all_styles, card, inline, paragraphs, scoped
from dslab.teach.predictions import Prediction

_WIDE = {"width": "auto", "max_width": "840px"}
BLUE, PURPLE = "#0072b2", "#cc79a7"
_LINE = "1px solid var(--jp-border-color1, #bdbdbd)"


class Entry:
    """The controls for one form. ``value`` is the answer that they stand for (None: nothing chosen yet), ``box`` shows them."""

    def __init__(self, form: Form, changed: Callable[[], None]) -> None:
        self.form = form
        self._controls: dict[str, Any] = {}
        if isinstance(form, OneOf):
            self.box = self._radio(form)
        elif isinstance(form, Number):
            self.box = self._number(form)
        elif isinstance(form, Settings):
            self.box = self._settings(form)
        else:
            raise TypeError(f"there are no controls for a {type(form).__name__}")
        for control in self._controls.values():
            control.observe(lambda _: changed(), "value")

    @property
    def value(self) -> Any:
        """What is chosen now, or None."""
        if isinstance(self.form, Settings):
            return {name: control.value for name, control in self._controls.items()}
        return self._controls["answer"].value

    def lock(self, value: Any) -> None:
        """Show the recorded answer and let nothing be changed."""
        if value is not None and "answer" in self._controls:
            self._controls["answer"].value = value
        for control in (*self._controls.values(), *getattr(self, "_linked", ())):
            control.disabled = True

    def unlock(self) -> None:
        """Let everything be changed again."""
        for control in (*self._controls.values(), *getattr(self, "_linked", ())):
            control.disabled = False

    def _radio(self, form: OneOf) -> Any:
        options = [
            (form.words(key) if form.kind == "choice" else text, key) for key, text in form.answers.items()
        ]
        radio = ipywidgets.RadioButtons(options=options, value=None, layout=_WIDE, tooltip="Your answer")
        self._controls = {"answer": radio}
        return radio

    def _number(self, form: Number) -> Any:
        label = f"Your answer ({form.unit})" if form.unit else "Your answer"
        wide = {"description_width": "initial"}
        whole = all(float(number).is_integer() for number in (form.low, form.high, form.step))
        field = (ipywidgets.BoundedIntText if whole else ipywidgets.BoundedFloatText)(
            min=form.low,
            max=form.high,
            step=form.step,
            value=form.low,
            description=label,
            tooltip=label,
            style=wide,
        )
        self._controls = {"answer": field}
        if not form.slider:
            return field
        slider = (ipywidgets.IntSlider if whole else ipywidgets.FloatSlider)(
            min=form.low,
            max=form.high,
            step=form.step,
            value=form.low,
            readout=False,
            description="Slide",
            tooltip=label,
        )
        ipywidgets.link((slider, "value"), (field, "value"))
        self._linked = (slider,)
        return ipywidgets.HBox([field, slider], layout={"flex_flow": "row wrap"})

    def _settings(self, form: Settings) -> Any:
        for name, may in form.switches.items():
            common = {
                "description": form.labels[name],
                "tooltip": form.labels[name],
                "style": {"description_width": "14em"},
            }
            first = form.start.get(name, may.low if isinstance(may, Span) else may[0])
            if isinstance(may, Span):
                whole = all(isinstance(number, int) for number in (may.low, may.high, may.step))
                text = ipywidgets.BoundedIntText if whole else ipywidgets.BoundedFloatText
                control = text(min=may.low, max=may.high, step=may.step, value=first, **common)
            else:
                options = [(_word(value), value) for value in may]
                control = ipywidgets.Dropdown(
                    options=options, index=may.index(first), layout={"width": "32em"}, **common
                )
            self._controls[name] = control
        return ipywidgets.VBox(list(self._controls.values()))


def _word(value: Any) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


class View:
    """Something with a ``box`` to show. `close_all` frees every widget in it."""

    box: Any

    def close_all(self) -> None:
        """Close the box and everything in it."""
        todo = [self.box]
        while todo:
            widget = todo.pop()
            todo.extend(getattr(widget, "children", ()))
            widget.close()


class PredictionView(View):
    """A prediction with its controls and the button that commits it."""

    def __init__(self, prediction: Prediction) -> None:
        self.prediction = prediction
        self.entry = Entry(prediction.form, self.redraw)
        self.commit = ipywidgets.Button(
            description="Commit my prediction",
            button_style="primary",
            layout={"width": "auto", "align_self": "flex-start"},
            tooltip="Record it; it cannot be changed",
        )
        self.commit.on_click(self._commit)
        question = _question(prediction.question, prediction.form)
        self.status = ipywidgets.HTML()
        rows = [_head(f"Prediction: {prediction.name}", question), self.entry.box, self.commit, self.status]
        self.box = _framed(rows, BLUE)
        prediction.listen(self.redraw)
        self.redraw()

    def _commit(self, _: Any) -> None:
        if self.entry.value is not None:
            self.prediction.answer(self.entry.value)

    def redraw(self) -> None:
        """Write what is recorded, or what is about to be."""
        prediction, chosen = self.prediction, self.entry.value
        if prediction.made:
            text = f"✓ {prediction.state()} Read on; the comparison comes after the experiment."
            self.commit.disabled = True
            self.commit.description = "Recorded"
            self.entry.lock(prediction.predicted)
        else:
            self.entry.unlock()
            self.commit.description = "Commit my prediction"
            self.commit.disabled = chosen is None
            text = (
                "Choose an answer, then commit it."
                if chosen is None
                else f"Not recorded yet: {prediction.form.words(chosen)}."
            )
        self.status.value = _status(text)


class ExerciseView(View):
    """An exercise with its controls (where its answers can be listed), hints, solution and the feedback to the last answer."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self.hint = _button("Hint", f"Show the next of {HINTS} hints", lambda: exercise.hint())
        self.solution = _button("Solution", "Opens after an attempt", self._open)
        self.status, self.hints, self.told, self.opened = (ipywidgets.HTML() for _ in range(4))
        self.solution_open = False
        self.entry: Entry | None = None
        body = exercise.question_html()
        rows: list[Any] = []
        buttons = [self.hint, self.solution]
        if isinstance(exercise.form, (OneOf, Number, Settings)):
            self.entry = Entry(exercise.form, self.redraw)
            self.check = _button("Check my answer", "Judge it now", self._check)
            self.check.button_style = "primary"
            body = _question(exercise.question, exercise.form)
            rows = [self.entry.box]
            buttons.insert(0, self.check)
        head = _head(f"Exercise ({exercise.kind}): {exercise.title}", body)
        row = ipywidgets.HBox(buttons, layout={"flex_flow": "row wrap"})
        self.box = _framed([head, *rows, row, self.status, self.hints, self.told, self.opened], PURPLE)
        exercise.listen(self.redraw)
        self.redraw()

    def _check(self) -> None:
        if self.entry is not None:
            self.told.value = scoped(self.exercise.check(self.entry.value).html())

    def _open(self) -> None:
        self.solution_open = True
        self.redraw()

    def redraw(self) -> None:
        """Write the progress, the hints so far and, once opened, the solution."""
        exercise = self.exercise
        text = exercise.progress()
        if self.entry is not None:
            chosen = self.entry.value
            so_far = "nothing chosen" if chosen is None else _as_answer(exercise.form, chosen)
            text += f" Your answer so far: {so_far}."
            self.check.disabled = chosen is None
        self.status.value = _status(text)
        self.hint.disabled = exercise.shown_hints == HINTS
        hints = "".join(f"<li>{inline(hint)}</li>" for hint in exercise.hints[: exercise.shown_hints])
        self.hints.value = scoped(f"<p>Hints:</p><ol>{hints}</ol>") if hints else ""
        if not exercise.attempts:
            self.told.value = ""
        self.opened.value = scoped(exercise.solution().html()) if self.solution_open else ""


def _question(question: str, form: Form) -> str:
    """Give the question as HTML; the range of a number too, which its control does not show."""
    return paragraphs(question) + (form.html() if isinstance(form, Number) else "")


def _head(title: str, body: str) -> Any:
    return ipywidgets.HTML(all_styles() + scoped(card("inside", title, body)))


def _framed(rows: list[Any], colour: str) -> Any:
    frame = {
        "border": _LINE,
        "border_left": f"5px solid {colour}",
        "padding": "4px 12px",
        "max_width": "840px",
    }
    return ipywidgets.VBox(rows, layout=frame)


def _as_answer(form: Form, value: Any) -> str:
    return f"`{form.words(value)}`" if isinstance(form, Settings) else form.words(value)


def _button(label: str, tooltip: str, press: Callable[[], Any]) -> Any:
    button = ipywidgets.Button(description=label, tooltip=tooltip, layout={"width": "auto"})
    button.on_click(lambda _: press())
    return button


def _status(text: str) -> str:
    return scoped(f'<p role="status" aria-live="polite">{inline(text)}</p>')

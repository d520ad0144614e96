"""What a reader moves: sliders, choices and switches, as plain data, and the panel that shows them.

A control has *positions* 0, 1, 2 ... and a value and a text for each; page and kernel speak of positions only, so a value
is never spoilt on its way through a browser.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from dslab.show.tables import CSS
from dslab.show.words import listing, number, quantity

MOST = 1000  # positions of a slider
Value = float | int | str | bool


def _check_label(label: Any, what: str) -> None:
    if not isinstance(label, str) or not label.strip():
        raise ValueError(f"the label of a {what} is {label!r}; it must be a word or two")


class Control:
    """What sliders, choices and switches share: a label, values by position, and the value to begin with."""

    label: str
    value: Value
    help: str

    @property
    def values(self) -> tuple[Any, ...]:
        """The value at each position."""
        raise NotImplementedError

    @property
    def texts(self) -> tuple[str, ...]:
        """The text at each position, with its unit."""
        raise NotImplementedError

    @property
    def kind(self) -> str:
        """The word for it: slider, choice or switch."""
        return type(self).__name__.lower()

    def position(self, value: Any) -> int:
        """Give the position of a value; ValueError or TypeError says in a sentence which values there are."""
        raise NotImplementedError

    def tell(self, value: Any) -> str:
        """Write the label with a value: "time to live 5 min"."""
        return f"{self.label} {self.texts[self.position(value)]}"

    def spec(self, name: str) -> dict[str, Any]:
        """Give what the page needs to show it."""
        unit = getattr(self, "unit", "")
        spoken = f"{self.label}, {unit}" if unit else self.label
        parts = {"label": self.label, "spoken": spoken, "texts": list(self.texts), "help": self.help}
        return {"name": name, "kind": self.kind, **parts}


@dataclass(frozen=True)
class Slider(Control):
    """Numbers from ``low`` to ``high`` in ``unit``, beginning at ``value``.

    ``step`` is the distance of neighbouring positions; with ``log`` it is their ratio (2 doubles; low must be above 0, and
    positions are rounded to three digits). ``high`` is always the last position. Whole numbers stay whole numbers.
    Raises ValueError where the range is empty, has more than 1,000 positions, or ``value`` is none of them.
    """

    label: str
    low: float
    high: float
    step: float
    value: float
    unit: str = ""
    log: bool = False
    help: str = ""

    def __post_init__(self) -> None:
        _check_label(self.label, "slider")
        for name in ("low", "high", "step", "value"):
            self._check_number(getattr(self, name), f"the {name} of slider {self.label!r}")
        if not self.low < self.high:
            raise ValueError(f"slider {self.label!r} goes from {self.low} to {self.high}; it must go up")
        if self.log and (self.low <= 0 or self.step <= 1):
            raise ValueError(
                f"slider {self.label!r} is logarithmic from {self.low} in steps of {self.step}; "
                "it needs a low above 0 and, as step, a factor above 1"
            )
        if self.step <= 0:
            raise ValueError(f"slider {self.label!r} has steps of {self.step}; they must be above 0")
        if self._steps() > MOST:
            raise ValueError(f"slider {self.label!r} has more than {MOST:,} positions; use larger steps")
        self.position(self.value)

    @staticmethod
    def _check_number(value: Any, what: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise TypeError(f"{what} is {value!r}; it must be a number")

    def _steps(self) -> float:
        if self.log:
            return math.log(self.high / self.low) / math.log(self.step)
        return (self.high - self.low) / self.step

    @cached_property
    def _values(self) -> tuple[float, ...]:
        whole = all(isinstance(part, int) for part in (self.low, self.high)) and (
            self.log or isinstance(self.step, int)
        )
        found: list[float] = []
        for place in range(math.floor(self._steps() + 1e-9) + 1):
            value = self.low * self.step**place if self.log else self.low + place * self.step
            value = round(value) if whole else float(f"{value:.{3 if self.log else 12}g}")
            if self.low <= value < self.high and value not in found[-1:]:
                found.append(value)
        return (*found, self.high)

    @property
    def values(self) -> tuple[float, ...]:
        """The value at each position."""
        return self._values

    @property
    def texts(self) -> tuple[str, ...]:
        """The text at each position, with its unit."""
        return tuple(quantity(value, self.unit) for value in self._values)

    def position(self, value: Any) -> int:
        """Give the position of a value; ValueError names the range or the neighbours it lies between."""
        self._check_number(value, f"the value of {self.label!r}")
        if not self.low <= value <= self.high:
            limits = f"{number(self.low)} to {quantity(self.high, self.unit)}"
            raise ValueError(f"{self.label!r} cannot be {quantity(value, self.unit)}; it goes from {limits}")
        nearest = min(range(len(self._values)), key=lambda place: abs(self._values[place] - value))
        if math.isclose(self._values[nearest], value, rel_tol=1e-9, abs_tol=1e-12):
            return nearest
        other = nearest + (1 if value > self._values[nearest] else -1)
        near = listing(number(self._values[place]) for place in sorted((nearest, other)))
        raise ValueError(
            f"{self.label!r} cannot be {quantity(value, self.unit)}; the nearest values are {near}"
        )


@dataclass(frozen=True)
class Choice(Control):
    """One of several ``options``: a list of texts, or a dict of text to value; begins at ``value`` (default the first)."""

    label: str
    options: Any
    value: Any = None
    help: str = ""

    def __post_init__(self) -> None:
        _check_label(self.label, "choice")
        options = self.options
        if not isinstance(options, Mapping):
            if isinstance(options, str):
                raise TypeError(f"the options of {self.label!r} must be a list, not the text {options!r}")
            options = {str(option): option for option in options}
        if len(options) < 2:
            raise ValueError(f"choice {self.label!r} has {len(options)} option; it needs at least two")
        object.__setattr__(self, "options", dict(options))
        if self.value is None:
            object.__setattr__(self, "value", next(iter(options.values())))
        self.position(self.value)

    @property
    def values(self) -> tuple[Any, ...]:
        """The value at each position."""
        return tuple(self.options.values())

    @property
    def texts(self) -> tuple[str, ...]:
        """The text at each position."""
        return tuple(self.options)

    def position(self, value: Any) -> int:
        """Give the position of a value; ValueError names the values that there are."""
        for place, option in enumerate(self.values):
            if option == value and isinstance(option, bool) == isinstance(value, bool):
                return place
        raise ValueError(f"{self.label!r} cannot be {value!r}; use one of {listing(map(repr, self.values))}")


@dataclass(frozen=True)
class Switch(Control):
    """Something that is on (True) or off (False): a mechanism of the article."""

    label: str
    value: bool = True
    help: str = ""

    def __post_init__(self) -> None:
        _check_label(self.label, "switch")
        self.position(self.value)

    @property
    def values(self) -> tuple[bool, bool]:
        """Off, then on."""
        return (False, True)

    @property
    def texts(self) -> tuple[str, str]:
        """The words for off and on."""
        return ("off", "on")

    def position(self, value: Any) -> int:
        """Give 0 for False and 1 for True; TypeError for anything else."""
        if not isinstance(value, bool):
            raise TypeError(f"{self.label!r} is a switch; it can be True or False, not {value!r}")
        return int(value)


class Panel(anywidget.AnyWidget):
    """The head of an explorer in a live page: title, question and controls; `positions` is what a reader changes."""

    _esm = (Path(__file__).parent / "panel.js").read_text(encoding="utf-8")
    _css = CSS
    title = traitlets.Unicode().tag(sync=True)
    question = traitlets.Unicode().tag(sync=True)
    controls = traitlets.List().tag(sync=True)
    positions = traitlets.Dict().tag(sync=True, echo_update=False)  # nobody else needs to hear of a move


class Caption(anywidget.AnyWidget):
    """The foot of an explorer in a live page: its sentence, the progress of a long run (-1 for none), and what went wrong."""

    _esm = (Path(__file__).parent / "caption.js").read_text(encoding="utf-8")
    _css = CSS
    sentence = traitlets.Unicode().tag(sync=True)
    problem = traitlets.Unicode().tag(sync=True)
    progress = traitlets.Float(-1.0).tag(sync=True)

"""The classroom: what one lesson asks, in one object that the lesson's course file makes, so that progress can be counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from dslab.teach.exercises import Exercise
from dslab.teach.page import Shown, html_table, paragraphs, text_table
from dslab.teach.predictions import Prediction

Item = TypeVar("Item", Prediction, Exercise)


class Classroom:
    """The predictions and exercises of one ``lesson``. There is one a kernel, because a course file is imported once."""

    def __init__(self, lesson: str) -> None:
        self.lesson = lesson
        self._items: dict[str, Prediction | Exercise] = {}

    def add(self, item: Item) -> Item:
        """Register a prediction or an exercise and give it back; ValueError where its name is taken."""
        if not isinstance(item, (Prediction, Exercise)):
            raise TypeError(f"a classroom holds predictions and exercises, not a {type(item).__name__}")
        if item.name in self._items:
            raise ValueError(
                f"{self.lesson} already has a {self._items[item.name].piece} named {item.name!r}"
            )
        self._items[item.name] = item
        return item

    def __getitem__(self, name: str) -> Prediction | Exercise:
        """Give a prediction or an exercise by its name; KeyError names those that there are."""
        if name not in self._items:
            raise KeyError(f"{self.lesson} has no {name!r}; it has {', '.join(self._items) or 'nothing yet'}")
        return self._items[name]

    def __iter__(self) -> Iterator[Prediction | Exercise]:
        """Give everything in the order of the lesson."""
        return iter(self._items.values())

    @property
    def predictions(self) -> list[Prediction]:
        """The predictions, in the order of the lesson."""
        return [item for item in self if isinstance(item, Prediction)]

    @property
    def exercises(self) -> list[Exercise]:
        """The exercises, in the order of the lesson."""
        return [item for item in self if isinstance(item, Exercise)]

    def scorecard(self) -> Scorecard:
        """Show how many predictions were made and right, and how many exercises are solved."""
        return Scorecard(self)

    def forget(self) -> None:
        """Begin the lesson anew: forget every recorded prediction, attempt and hint."""
        for item in self:
            item.forget()


class Scorecard(Shown):
    """Where a learner stands: ``made`` and ``right`` predictions, ``solved`` exercises, and a row for each."""

    piece = "scorecard"

    def __init__(self, room: Classroom) -> None:
        self.lesson = room.lesson
        self.made = sum(item.made for item in room.predictions)
        self.right = sum(item.right is True for item in room.predictions)
        self.solved = sum(item.solved for item in room.exercises)
        self.predictions, self.exercises = len(room.predictions), len(room.exercises)
        self.rows = [_prediction_row(item) for item in room.predictions] + [
            _exercise_row(item) for item in room.exercises
        ]

    @property
    def sentence(self) -> str:
        """The whole card in a sentence."""
        return (
            f"Predictions: {self.made} of {self.predictions} recorded, {self.right} right. "
            f"Exercises: {self.solved} of {self.exercises} solved."
        )

    def describe(self) -> str:
        """Give the card as text."""
        return "\n".join([f"Scorecard: {self.lesson}", self.sentence, *text_table(_COLUMNS, self.rows)])

    def html(self) -> str:
        """Give the card as a table."""
        return html_table(f"Scorecard: {self.lesson}", _COLUMNS, self.rows) + paragraphs(self.sentence)


_COLUMNS = ("item", "kind", "where you stand")


def _prediction_row(item: Prediction) -> tuple[str, str, str]:
    states = {True: "✓ right", False: "✗ something else happened", None: "recorded, not yet compared"}
    return (item.name, "prediction", states[item.right] if item.made else "– not recorded")


def _exercise_row(item: Exercise) -> tuple[str, str, str]:
    tries = f"{item.attempts} attempt{'s' * (item.attempts != 1)}"
    state = f"✓ solved, {tries}" if item.solved else f"✗ not yet, {tries}" if item.attempts else "– not tried"
    return (item.title, item.kind, state)

"""Small outputs for a lesson with twelve of everything: a stored notebook stays under 300 kB.

The classroom's outputs carry their styles with them, a kilobyte each; here they rely on those that stand elsewhere on the page (the header, the
glossary and the first listing bring them). An explorer's poster has the picture only: its title stands in the text and its sentence in the text output.
"""

from __future__ import annotations

from typing import Any

from dslab import show, teach
from dslab.show import poster
from dslab.teach.page import Shown, scoped


class Lean:
    """Something shown without styles of its own; everything else is as it was."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shown, name)

    def __repr__(self) -> str:
        return self._shown.describe()

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        data, marks = self._shown._repr_mimebundle_()
        return data | {"text/html": scoped(self._shown.html())}, marks


class Prediction(teach.Prediction):
    """A prediction whose outputs rely on the page's styles."""

    def ask(self) -> Any:
        """Show the question."""
        return Lean(self)

    def compare(self, measured: Any) -> Any:
        """Show what was predicted beside what happened."""
        return Lean(super().compare(measured))


class Exercise(teach.Exercise):
    """An exercise whose question relies on the page's styles."""

    def ask(self) -> Any:
        """Show the question."""
        return Lean(self)

    def check(self, answer: Any) -> Any:
        """Judge an answer by running it."""
        return Lean(super().check(answer))


class Ledger(teach.Ledger):
    """A ledger whose table relies on the page's styles."""

    def table(self, rows: Any = None) -> Any:
        """Run every experiment and show the ledger."""
        return Lean(super().table(rows))


def source(thing: Any, **lines: Any) -> Any:
    """Show some lines of the code that runs, as `dslab.teach.source` does."""
    return Lean(teach.source(thing, **lines))


class Explorer(show.Explorer):
    """An explorer whose poster is its picture alone."""

    def poster(self) -> tuple[bytes, str, int]:
        """Draw the pictures: (PNG, text alternative, width in pixels)."""
        told = " ".join(picture.describe() for picture in self.pictures)
        return poster.draw(self.pictures, None, "", 1), told, poster.WIDTH

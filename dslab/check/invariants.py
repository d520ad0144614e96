"""Invariants: named sentences about a world that a referee can test.

| kind       | holds when                                                            |
|------------|-----------------------------------------------------------------------|
| always     | the test is true after every event of every schedule                  |
| eventually | the test is true when a schedule has come to rest                     |
| sometimes  | the test is true at least once in at least one schedule: so that nothing passes because nothing happened |

A test takes the world and gives True, or False, or a sentence that says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

KINDS = ("always", "eventually", "sometimes")


@dataclass(frozen=True)
class Invariant:
    """A ``name`` (capitals, as NO_LOST_EVENT), a ``sentence`` for people, a ``kind`` and a ``test(world)``."""

    name: str
    sentence: str
    kind: str
    test: Callable[[Any], bool | str]

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"an invariant is of kind {', '.join(KINDS)}, not {self.kind!r}")
        if not callable(self.test):
            raise TypeError(f"the test of {self.name} must be a function of the world, not {self.test!r}")

    def fault(self, world: Any) -> str | None:
        """Give None where the test is true, else what is wrong ("" if the test does not say)."""
        answer = self.test(world)
        if answer is True:
            return None
        if answer is False or answer is None:
            return ""
        if isinstance(answer, str):
            return answer
        raise TypeError(f"the test of {self.name} gave {answer!r}; it must give True, False or a sentence")


def always(name: str, sentence: str, test: Callable[[Any], bool | str]) -> Invariant:
    """An invariant that must be true after every event."""
    return Invariant(name, sentence, "always", test)


def eventually(name: str, sentence: str, test: Callable[[Any], bool | str]) -> Invariant:
    """An invariant that must be true when nothing is left to happen."""
    return Invariant(name, sentence, "eventually", test)


def sometimes(name: str, sentence: str, test: Callable[[Any], bool | str]) -> Invariant:
    """Something that must have been seen at least once in the whole search."""
    return Invariant(name, sentence, "sometimes", test)


class Violation(AssertionError):
    """Raised by `Verdict.require`; carries the ``verdict``."""

    def __init__(self, verdict: Any) -> None:
        super().__init__(verdict.describe())
        self.verdict = verdict


@contextmanager
def expect_violation(invariant: Invariant | str) -> Iterator[None]:
    """Expect the block to raise a Violation of this invariant (or its name); AssertionError where it does not."""
    name = invariant if isinstance(invariant, str) else invariant.name
    try:
        yield
    except Violation as violation:
        if violation.verdict.invariant != name:
            raise AssertionError(
                f"expected {name} to be violated, but it was {violation.verdict.invariant}"
            ) from violation
    else:
        raise AssertionError(f"expected {name} to be violated, but nothing was")

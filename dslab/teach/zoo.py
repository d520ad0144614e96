"""The bug zoo: a lesson's right variants and its single-bug mutants, and who tells them apart.

| word    | meaning                                                                                        |
|---------|------------------------------------------------------------------------------------------------|
| variant | a scenario: a function that builds a world (what the referee searches)                            |
| mutant  | a variant with exactly one bug, and the invariant that should catch it                             |
| referee | a function from a variant to a verdict                                                           |
| accused | a right variant that a referee calls violated: the referee is wrong                               |
| escaped | a mutant that a referee does not catch                                                           |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dslab.teach.feedback import VerdictLike
from dslab.teach.page import SIGNS, Shown, escape, html_table, inline, items, paragraphs, text_table

Variant = Callable[[], Any]
Referee = Callable[[Variant], VerdictLike]
Search = Callable[[Variant, list[Any]], VerdictLike]


@dataclass(frozen=True)
class Mutant:
    """A variant with one bug. ``caught_by`` names the invariants, any of which should catch it.

    A mutant that no referee of this lesson can catch has a ``reason`` for it instead (a sentence).
    """

    factory: Variant
    description: str
    caught_by: str | tuple[str, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.description.strip():
            raise ValueError("a mutant needs a description: which one bug it has")
        if bool(self.names) == bool(self.reason):
            raise ValueError(
                f"{self.description!r}: name the invariant that catches it, or give a reason why none does; not both"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the invariants that should catch it."""
        return (
            (self.caught_by,) if isinstance(self.caught_by, str) and self.caught_by else tuple(self.caught_by)
        )


@dataclass(frozen=True)
class ZooRow:
    """What a referee said of one variant. ``expected`` and ``reason`` are the mutant's; both are empty for a right variant."""

    name: str
    right: bool
    description: str
    verdict: VerdictLike
    expected: tuple[str, ...] = ()
    reason: str = ""

    @property
    def fits(self) -> bool:
        """True where a right variant was accepted, a mutant caught, or one escaped that has a reason to."""
        return self.verdict.held if self.right or self.reason else not self.verdict.held

    @property
    def outcome(self) -> str:
        """The outcome in a word: accepted, accused, caught or escaped."""
        words = ("accepted", "accused") if self.right else ("escaped", "caught")
        return words[not self.verdict.held]

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        sign = SIGNS["none" if self.reason else "right" if self.fits else "wrong"]
        verdict = self.verdict
        if verdict.held:
            found, steps = self.reason or "–", "–"
        else:
            found, steps = verdict.invariant, str(len(verdict.schedule))
        searched = verdict.searched + getattr(verdict, "sampled", 0)
        kind = "right" if self.right else "mutant"
        return (self.name, kind, self.description, f"{sign} {self.outcome}", found, steps, f"{searched:,}")


MOST_STEPS = 16  # of a schedule on a page; `ZooReport.schedules` gives all
_COLUMNS = ("variant", "is", "what it does", "outcome", "by which invariant", "steps", "schedules searched")


class ZooReport(Shown):
    """What one referee said of a whole zoo: ``rows``, one a variant, the right ones first."""

    piece = "zoo"

    def __init__(self, zoo: str, rows: Iterable[ZooRow]) -> None:
        self.zoo, self.rows = zoo, tuple(rows)

    @property
    def mutants(self) -> tuple[ZooRow, ...]:
        """The rows of the mutants that can be caught (those with a reason are left out)."""
        return tuple(row for row in self.rows if not row.right and not row.reason)

    @property
    def accused(self) -> tuple[ZooRow, ...]:
        """The right variants that were called violated."""
        return tuple(row for row in self.rows if row.right and not row.verdict.held)

    @property
    def caught(self) -> tuple[ZooRow, ...]:
        """The mutants that were caught."""
        return tuple(row for row in self.mutants if not row.verdict.held)

    @property
    def escaped(self) -> tuple[ZooRow, ...]:
        """The mutants that were not caught and have no reason for it."""
        return tuple(row for row in self.mutants if row.verdict.held)

    @property
    def perfect(self) -> bool:
        """True where nothing right was accused and every mutant was caught, those with a reason excepted."""
        return not self.accused and not self.escaped

    def problems(self) -> list[str]:
        """Give a sentence for everything that is not as the zoo says: for a test to assert that there is none."""
        found = [f"{row.name} is right, but {row.verdict.invariant} accuses it" for row in self.accused]
        found += [
            f"{row.name} escapes ({row.description}); expected {' or '.join(row.expected)}"
            for row in self.escaped
        ]
        for row in self.rows:
            if not row.right and not row.verdict.held:
                if row.reason:
                    found.append(f"{row.name} has a reason to escape, but {row.verdict.invariant} catches it")
                elif row.verdict.invariant not in row.expected:
                    found.append(
                        f"{row.name} is caught by {row.verdict.invariant}; expected {' or '.join(row.expected)}"
                    )
        return found

    def describe_score(self) -> str:
        """Say in a sentence how many were accepted and caught."""
        right = [row for row in self.rows if row.right]
        text = f"{len(right) - len(self.accused)} of {len(right)} right variants accepted, "
        text += f"{len(self.caught)} of {len(self.mutants)} mutants caught"
        excused = len(self.rows) - len(right) - len(self.mutants)
        return f"{text}, {excused} with a reason to escape." if excused else f"{text}."

    def describe(self) -> str:
        """Give the score and the table as text."""
        return "\n".join(
            [
                f"Bug zoo: {self.zoo}",
                self.describe_score(),
                *text_table(_COLUMNS, [row.cells for row in self.rows]),
            ]
        )

    def html(self) -> str:
        """Give the score, the table, and each shortest schedule folded."""
        table = html_table(f"Bug zoo: {self.zoo}", _COLUMNS, [row.cells for row in self.rows])
        return paragraphs(self.describe_score()) + table + "".join(map(_schedule, self.rows))

    def schedules(self) -> str:
        """Give the shortest schedule of each variant that was called violated, as text."""
        found = [row for row in self.rows if row.verdict.schedule]
        return "\n".join(
            line for row in found for line in [f"{row.name}:", *items(row.verdict.schedule, "1.")]
        )


def _schedule(row: ZooRow) -> str:
    if not row.verdict.schedule:
        return ""
    steps = "".join(f"<li>{inline(step)}</li>" for step in row.verdict.schedule[:MOST_STEPS])
    if (more := len(row.verdict.schedule) - MOST_STEPS) > 0:
        steps += f"<li>… and {more} more</li>"
    return f"<details><summary>Shortest schedule for {escape(row.name)}</summary><ol>{steps}</ol></details>"


class Zoo:
    """The right variants and the mutants of a lesson, by name.

    ``invariants`` are the lesson's own; ``search(variant, invariants)`` gives a verdict and is `dslab.check.explore` unless
    given (with its own settings: ``functools.partial(explore, deviations=3)``). Raises ValueError where a part is missing.
    """

    def __init__(
        self,
        name: str,
        right: Mapping[str, Variant],
        mutants: Mapping[str, Mutant],
        invariants: Iterable[Any] = (),
        search: Search | None = None,
    ) -> None:
        if not right or not mutants:
            raise ValueError(f"zoo {name!r} needs at least one right variant and one mutant")
        if both := [variant for variant in mutants if variant in right]:
            raise ValueError(f"zoo {name!r}: {both[0]!r} is both right and a mutant")
        self.name, self.right, self.mutants = name, dict(right), dict(mutants)
        self.invariants, self._search = tuple(invariants), search

    def run(self, referee: Referee | None = None) -> ZooReport:
        """Let a referee (the lesson's own invariants unless given) judge every variant."""
        referee = referee or (lambda variant: self.search(variant, list(self.invariants)))
        rows = [
            ZooRow(name, True, _first_line(factory), referee(factory)) for name, factory in self.right.items()
        ]
        for name, mutant in self.mutants.items():
            rows.append(
                ZooRow(name, False, mutant.description, referee(mutant.factory), mutant.names, mutant.reason)
            )
        return ZooReport(self.name, rows)

    def score(self, invariants: Any) -> ZooReport:
        """Judge every variant by a learner's invariants: a function of the world, an invariant, or a list of them.

        A function's name becomes the invariant's name, and its docstring the sentence; it must be true after every event.
        """
        asked = [
            as_invariant(each)
            for each in (invariants if isinstance(invariants, (list, tuple)) else [invariants])
        ]
        return self.run(lambda variant: self.search(variant, asked))

    def reference(self, name: str) -> VerdictLike:
        """Give the verdict of the lesson's own invariants on one variant, right or mutant."""
        variants = self.right | {mutant: each.factory for mutant, each in self.mutants.items()}
        if name not in variants:
            raise ValueError(f"there is no {name!r} in the zoo {self.name!r}; it has {', '.join(variants)}")
        return self.search(variants[name], list(self.invariants))

    def search(self, variant: Variant, invariants: list[Any]) -> VerdictLike:
        """Search one variant for a violation of these invariants."""
        if not invariants:
            raise ValueError(f"zoo {self.name!r} has no invariants of its own; give a referee")
        if self._search is None:
            from dslab.check import explore

            return explore(variant, invariants)
        return self._search(variant, invariants)


def as_invariant(test: Any) -> Any:
    """Give an invariant from a function of the world; what is one already is given back."""
    if callable(getattr(test, "test", None)):
        return test
    from dslab.check import always

    asks = " ".join(
        (getattr(test, "__doc__", None) or "what your invariant asks for is true after every event").split()
    )
    name = getattr(test, "__name__", "<lambda>")
    return always("YOUR_INVARIANT" if name == "<lambda>" else name.upper(), asks, test)


def _first_line(factory: Variant) -> str:
    """Say what a right variant is: the first line of its function's own docstring."""
    text = (factory.__doc__ or "") if hasattr(factory, "__code__") else ""
    return text.strip().split("\n")[0] or "no bug"

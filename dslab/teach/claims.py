"""Claims of an article, each with the experiment that tests it here, what was measured, and the verdict.

| word        | meaning                                                                                         |
|-------------|-------------------------------------------------------------------------------------------------|
| claim       | a sentence of an article, in our words or quoted in a few, with source, date and evidence mark     |
| evidence    | how the sentence was read: V in the original, T in a translation, S in a second-hand text, C computed, L measured on a small machine, I inferred |
| experiment  | a function that measures it here; a claim without one needs a reason                              |
| verdict     | reproduced / holds only if ... / not reproducible from what was published / wrong as stated        |
| ledger      | all claims of one lesson                                                                        |

The verdict is computed from what was measured wherever there is an experiment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dslab.teach.guard import last_line
from dslab.teach.page import SIGNS, Shown, html_table, prose, rounded, with_unit

EVIDENCE = {
    "V": "read in the original",
    "T": "read in a translation",
    "S": "seen in a second-hand text",
    "C": "computed from published figures",
    "L": "measured on a small machine",
    "I": "inferred, not claimed by a source",
}
REPRODUCED = "reproduced"
NOT_REPRODUCIBLE = "not reproducible from what was published"
WRONG = "wrong as stated"
_VERDICTS = (REPRODUCED, NOT_REPRODUCIBLE, WRONG)
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?|(\d{1,2} )?(January|February|March|April|May|June|July|August|September|October|November|December) \d{4}")  # fmt: skip


def holds_only_if(condition: str) -> str:
    """Give the verdict "holds only if <condition>"."""
    if not condition.strip():
        raise ValueError("holds only if what? the condition is empty")
    return f"holds only if {condition.strip().rstrip('.')}"


@dataclass(frozen=True)
class Measurement:
    """What an experiment gave: a number (or a word) with its unit, and a sentence on how it was obtained."""

    value: float | str | bool
    unit: str = ""
    text: str = ""

    def describe(self) -> str:
        """Say the value with its unit, rounded."""
        return with_unit(self.value, self.unit)


@dataclass(frozen=True)
class Claim:
    """One claim. ``name`` is short and unique in its ledger; ``sentence`` paraphrases, or quotes a few words.

    ``source`` and ``date`` ("26 August 2025", "2025-08-26", "2019") say where it stands; ``evidence`` is a key of `EVIDENCE`.

    What is claimed: ``value`` in ``unit``, right within ``tolerance`` (in the unit; 0 unless given); or ``test``, a function
    from the measured value to True, False or a verdict; ``otherwise`` is the verdict where the value is off or the test
    False ("wrong as stated" unless given). ``experiment()`` gives a Measurement, a number, a word, or a Result, of which
    ``metric`` names the number. A claim without an experiment has a ``verdict`` and a ``reason``. Raises ValueError.
    """

    name: str
    sentence: str
    source: str
    date: str
    evidence: str
    value: float | str | None = None
    unit: str = ""
    tolerance: float = 0
    test: Callable[[Any], bool | str] | None = None
    otherwise: str = WRONG
    experiment: Callable[[], Any] | None = None
    metric: str = ""
    verdict: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise ValueError(f"claim {self.name!r}: {problems[0]}")

    def _problems(self) -> Iterable[str]:
        for part in ("name", "sentence", "source"):
            if not getattr(self, part).strip():
                yield f"its {part} is empty"
        if not _DATE.fullmatch(self.date):
            yield f"the date {self.date!r} is none; write 26 August 2025, 2025-08-26, August 2025 or 2025"
        if self.evidence not in EVIDENCE:
            known = ", ".join(f"{mark} ({words})" for mark, words in EVIDENCE.items())
            yield f"the evidence mark {self.evidence!r} is not known; use one of {known}"
        if self.experiment is None:
            if not self.reason.strip():
                yield "it has no experiment, so it needs a reason why it cannot be tested here"
            if self.verdict and not is_verdict(self.verdict):
                yield f"{self.verdict!r} is no verdict; use {', '.join(_VERDICTS)} or holds only if ..."
            if self.verdict == REPRODUCED:
                yield "it has no experiment, so it cannot have been reproduced"
        else:
            if self.verdict:
                yield "it has an experiment, so its verdict is computed; leave verdict= out"
            if (self.value is None) == (self.test is None):
                yield "say what is claimed: either value= (with unit and tolerance) or test="
        if self.tolerance < 0:
            yield f"the tolerance is {self.tolerance}; it must be 0 or more"
        if not is_verdict(self.otherwise):
            yield f"otherwise={self.otherwise!r} is no verdict; use {', '.join(_VERDICTS)} or holds only if ..."

    @property
    def claimed(self) -> str:
        """What is claimed, in a few characters: the value with its unit and tolerance, or "see the sentence"."""
        if self.value is None:
            return "see the sentence"
        return with_unit(self.value, self.unit) + (f" ± {rounded(self.tolerance)}" if self.tolerance else "")

    def run(self) -> ClaimRow:
        """Run the experiment and give the row of the ledger; what the experiment raises becomes the row's ``problem``."""
        if self.experiment is None:
            return ClaimRow(self, None, self.verdict or NOT_REPRODUCIBLE)
        try:
            measured = self._measurement(self.experiment())
            return ClaimRow(self, measured, self.judged(measured.value))
        except Exception as problem:
            return ClaimRow(self, None, "", last_line(problem))

    def judged(self, measured: Any) -> str:
        """Give the verdict that a measured value leads to."""
        if self.test is not None:
            verdict = self.test(measured)
            if isinstance(verdict, str):
                if not is_verdict(verdict):
                    raise ValueError(f"the test of claim {self.name!r} gave {verdict!r}, which is no verdict")
                return verdict
            return REPRODUCED if verdict else self.otherwise
        if isinstance(self.value, str) or isinstance(measured, str):
            return REPRODUCED if measured == self.value else self.otherwise
        near = abs(measured - self.value) <= self.tolerance + 1e-9 * abs(self.value)
        return REPRODUCED if near else self.otherwise

    def _measurement(self, given: Any) -> Measurement:
        if isinstance(given, Measurement):
            return given
        if hasattr(given, "metrics"):
            if self.metric not in given.metrics:
                known = ", ".join(given.metrics) or "none"
                raise ValueError(
                    f"claim {self.name!r} reads the metric {self.metric!r}; the result has {known}"
                )
            metric = given.metrics[self.metric]
            return Measurement(metric.value, metric.unit, given.describe())
        if isinstance(given, (bool, int, float, str)):
            return Measurement(given, self.unit)
        raise TypeError(
            f"the experiment of claim {self.name!r} gave a {type(given).__name__}; it must give a Measurement, a Result, a number or a word"
        )


@dataclass(frozen=True)
class ClaimRow:
    """One line of the ledger: the claim, what was measured (None: nothing), the verdict, and what went wrong ("": nothing)."""

    claim: Claim
    measured: Measurement | None
    verdict: str
    problem: str = ""

    @property
    def shown_verdict(self) -> str:
        """The verdict with its sign, or why there is none."""
        if self.problem:
            return f"? the experiment failed: {self.problem}"
        if not self.verdict:
            return "? not measured in this run"
        sign = {REPRODUCED: SIGNS["right"], WRONG: SIGNS["wrong"], NOT_REPRODUCIBLE: SIGNS["none"]}.get(
            self.verdict, "~"
        )
        return f"{sign} {self.verdict}"

    @property
    def note(self) -> str:
        """How it was measured, or why it could not be."""
        return self.claim.reason or (self.measured.text if self.measured else "")

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        claim = self.claim
        where = f"{claim.source}, {claim.date} [{claim.evidence}]"
        measured = self.measured.describe() if self.measured else "–"
        verdict = self.shown_verdict + (f". {self.note}" if self.note else "")
        return (claim.sentence, where, claim.claimed, measured, verdict)


_COLUMNS = ("the claim", "where it stands", "claimed", "measured here", "verdict")


class Ledger:
    """All claims of a lesson. Raises ValueError where two claims have one name, or there is none."""

    def __init__(self, lesson: str, claims: Iterable[Claim]) -> None:
        self.lesson, self.claims = lesson, tuple(claims)
        if not self.claims:
            raise ValueError(f"the ledger of {lesson!r} has no claims")
        names = [claim.name for claim in self.claims]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"the ledger of {lesson!r} has two claims with the name {twice[0]!r}")

    def __getitem__(self, name: str) -> Claim:
        """Give a claim by its name; KeyError names those that there are."""
        for claim in self.claims:
            if claim.name == name:
                return claim
        raise KeyError(
            f"no claim {name!r} in the ledger of {self.lesson}; it has {', '.join(claim.name for claim in self.claims)}"
        )

    def run(self) -> list[ClaimRow]:
        """Run every experiment, in order."""
        return [claim.run() for claim in self.claims]

    def listing(self) -> list[ClaimRow]:
        """Give the rows without running anything: verdicts only where no experiment computes them."""
        return [
            claim.run() if claim.experiment is None else ClaimRow(claim, None, "") for claim in self.claims
        ]

    def table(self, rows: Iterable[ClaimRow] | None = None) -> LedgerTable:
        """Run every experiment (or take the ``rows`` of `run` or `listing`) and show the ledger."""
        return LedgerTable(self.lesson, self.run() if rows is None else rows)


class LedgerTable(Shown):
    """The ledger as it is shown. ``rows`` are its lines, ``failed`` those whose experiment raised."""

    piece = "ledger"

    def __init__(self, lesson: str, rows: Iterable[ClaimRow]) -> None:
        self.lesson, self.rows = lesson, tuple(rows)

    @property
    def failed(self) -> tuple[ClaimRow, ...]:
        """The rows whose experiment raised."""
        return tuple(row for row in self.rows if row.problem)

    def describe(self) -> str:
        """Give the ledger as text, a block a claim, and the count of verdicts."""
        lines = [f"Claims: {self.lesson}"]
        for place, row in enumerate(self.rows, 1):
            sentence, where, claimed, measured, verdict = row.cells
            lines += [
                prose(f"{place}. {sentence}"),
                prose(f"{where}; claimed: {claimed}; measured here: {measured}", "   "),
            ]
            lines.append(prose(verdict, "   "))
        return "\n".join([*lines, self.summary(), prose(f"{self._marks()}.")])

    def html(self) -> str:
        """Give the ledger as a table, what the marks mean, and the count of verdicts."""
        table = html_table(f"Claims: {self.lesson}", _COLUMNS, [row.cells for row in self.rows])
        return f'{table}<p>{self.summary()}</p><p class="quiet">{self._marks()}.</p>'

    def _marks(self) -> str:
        used = [mark for mark in EVIDENCE if any(row.claim.evidence == mark for row in self.rows)]
        return "; ".join(f"[{mark}] {EVIDENCE[mark]}" for mark in used)

    def summary(self) -> str:
        """Count the verdicts in a sentence."""
        counts: dict[str, int] = {}
        for row in self.rows:
            kind = "failed" if row.problem else "not measured" if not row.verdict else row.verdict
            kind = "holds only if ..." if kind.startswith("holds only if") else kind
            counts[kind] = counts.get(kind, 0) + 1
        total = len(self.rows)
        parts = ", ".join(f"{number} {kind}" for kind, number in counts.items())
        return f"{total} claim{'s' * (total != 1)}: {parts}."


def is_verdict(text: str) -> bool:
    """Tell whether a text is one of the four verdicts."""
    return text in _VERDICTS or bool(re.fullmatch(r"holds only if \S.*", text))

"""What a model returns: numbers with units, curves, tables, perhaps a trace, and a true sentence.

| word   | meaning                                                                              |
|--------|--------------------------------------------------------------------------------------|
| metric | one number with a label and a unit                                                   |
| series | one curve: where its points come from (simulated, theory, claimed) is part of it     |
| result | everything a model says for one set of parameters; every picture is drawn from it    |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dslab.sim.trace import Trace

SERIES_KINDS = ("simulated", "theory", "claimed", "measured")


@dataclass(frozen=True)
class Metric:
    """One number: what it is, its value, its unit ("" where it is a plain number)."""

    label: str
    value: float
    unit: str = ""


@dataclass(frozen=True)
class Series:
    """One curve of points (x[i], y[i]) and where it comes from.

    ``kind`` is "simulated", "theory" (a closed form), "claimed" (somebody's figure) or "measured" (a real part).
    Raises ValueError where x and y differ in length or the kind is another word.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    kind: str = "simulated"

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise ValueError(
                f"series {self.label!r} has {len(self.x)} x and {len(self.y)} y; it needs as many of each"
            )
        if self.kind not in SERIES_KINDS:
            raise ValueError(f"series kind {self.kind!r} is not known; use one of {', '.join(SERIES_KINDS)}")


@dataclass(frozen=True)
class Result:
    """What a model returns for ``params``: metrics and series by name, tables as lists of rows, ``text``, maybe a Trace.

    ``text`` is one or two true sentences with rounded numbers and units; captions, alt texts and the
    compared output of notebooks all come from it. ``result["name"]`` is the value of that metric.
    """

    params: dict[str, Any]
    metrics: dict[str, Metric]
    text: str
    series: dict[str, Series] = field(default_factory=dict)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    trace: Trace | None = None

    def __getitem__(self, name: str) -> float:
        """Give the value of a metric; KeyError names the metrics that there are."""
        if name not in self.metrics:
            raise KeyError(
                f"no metric {name!r} in this result; it has {', '.join(sorted(self.metrics)) or 'none'}"
            )
        return self.metrics[name].value

    def describe(self) -> str:
        """Say in one or two true sentences what this result shows."""
        return self.text

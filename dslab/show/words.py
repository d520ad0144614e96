"""Numbers, units and lists as a person would say them; every caption, alt text and tick is written with these."""

from __future__ import annotations

import math
from collections.abc import Iterable

SUFFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def number(value: float | None) -> str:
    """Write a number with at most four significant digits and thousands set off: 0.1235, 12,346, 1.2e-05.

    Whole numbers below 10^15 keep all their digits. None and not-a-number are written as "no value".
    """
    if value is None or math.isnan(value):
        return "no value"
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if 1e3 <= abs(value) < 1e15:
        return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:,.1f}".removesuffix(".0")
    return f"{value:.4g}"


def compact(value: float) -> str:
    """Write a number for a tick: at most three significant digits and k, M, G or T for thousands and more."""
    for size, suffix in SUFFIXES:
        if abs(value) >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


def quantity(value: float | None, unit: str) -> str:
    """Write a number with its unit: "5 min", "99.1 %"; without a unit, the number alone."""
    return (
        f"{number(value)} {unit}" if unit and value is not None and not math.isnan(value) else number(value)
    )


def listing(words: Iterable[str]) -> str:
    """Join words as in a sentence: "a", "a and b", "a, b and c"."""
    *head, last = list(words) or [""]
    return f"{', '.join(head)} and {last}" if head else last


def plural(count: int, noun: str) -> str:
    """Write a count with its noun: "1 event", "2 events", "2 queries"."""
    if count == 1:
        return f"1 {noun}"
    ending = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"
    return f"{count:,} {ending}"


def sentence(text: str) -> str:
    """Begin with a capital and end with a full stop, changing nothing else."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")

"""Numbers as words, rounded: what the sentences of the fleet's results are made of."""

from __future__ import annotations

import math

_SPANS = (
    (360 * 86_400, 365 * 86_400, "year"),
    (2 * 86_400, 86_400, "day"),
    (7_200, 3_600, "hour"),
    (120, 60, "minute"),
)


def number(x: float) -> str:
    """Three figures, with thousands separated: 1234.5 is "1,230", 0.01234 is "0.0123", 1.5e6 is "1.5 million"."""
    for size, word in ((1e9, " billion"), (1e6, " million")):
        if abs(x) >= 0.9995 * size:
            return f"{_three(x / size)}{word}"
    return _three(x)


def percent(share: float) -> str:
    """A share of 0 to 1 in per cent; near 0 and 1 with as many digits as tell it from them: 0.99987 is "99.987 %"."""
    value = 100 * share + 0.0
    rest = min(value, 100 - value)
    if rest <= 0:
        return f"{value:.0f} %"
    if rest < 1e-4:
        return "under 0.0001 %" if value < 50 else "over 99.9999 %"
    return f"{value:.{max(1, 1 - math.floor(math.log10(rest)))}f}".rstrip("0").rstrip(".") + " %"


def span(seconds: float) -> str:
    """A duration in the unit a person would choose: 0.002 is "2 ms", 300 is "5 minutes", 31536000 is "1 year"."""
    for least, unit, word in _SPANS:
        if seconds >= least:
            text = _three(seconds / unit)
            return f"{text} {word}" if text == "1" else f"{text} {word}s"
    if seconds >= 1 or seconds == 0:
        return f"{_three(seconds)} s"
    return f"{_three(seconds * 1e3)} ms" if seconds >= 1e-3 else f"{_three(seconds * 1e6)} µs"


def many(count: int, noun: str) -> str:
    """A count with its noun: "1 row", "12 rows"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _three(x: float) -> str:
    if x == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(x)))
    rounded = round(x, digits)
    return f"{rounded:,.{max(0, digits)}f}".rstrip("0").rstrip(".") if digits > 0 else f"{rounded:,.0f}"

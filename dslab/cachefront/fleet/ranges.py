"""What each parameter of the fleet may be, in one place: the models refuse by it and sliders can be drawn from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Range:
    """A number from ``low`` to ``high`` (both allowed) in ``unit``; ``whole`` where only whole numbers make sense."""

    low: float
    high: float
    unit: str = ""
    whole: bool = False

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        unit = f" {self.unit}" if self.unit else ""
        return f"{kind} from {_plain(self.low)} to {_plain(self.high)}{unit}"

    def check(self, name: str, value: Any) -> None:
        """Raise TypeError where ``value`` is no number (or not whole), ValueError where it is outside the range."""
        allowed = int if self.whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, allowed):
            raise TypeError(f"{name} is {value!r}; it must be {self}")
        if not self.low <= value <= self.high:
            raise ValueError(f"{name} is {value!r}; it must be {self}")


@dataclass(frozen=True)
class Options:
    """One of a few words."""

    words: tuple[str, ...]

    def check(self, name: str, value: Any) -> None:
        """Raise ValueError where ``value`` is none of the words."""
        if value not in self.words:
            raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, self.words))}")


@dataclass(frozen=True)
class Switch:
    """True or False."""

    def check(self, name: str, value: Any) -> None:
        """Raise TypeError where ``value`` is neither True nor False."""
        if not isinstance(value, bool):
            raise TypeError(f"{name} is {value!r}; it is a switch and must be True or False")


Allowed = Range | Options | Switch
SEED = Range(0, 2**63, whole=True)


def check_all(allowed: Mapping[str, Allowed], values: Mapping[str, Any]) -> dict[str, Any]:
    """Check every value by its name, before anything is computed; give the values back as the ``params`` of a Result."""
    for name, rule in allowed.items():
        rule.check(name, values[name])
    return {name: values[name] for name in allowed}


def _plain(x: float) -> str:
    return f"{x:,.0f}" if float(x).is_integer() else f"{x:g}"

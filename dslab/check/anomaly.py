"""Anomalies: a way in which a system breaks, as a scenario, the sentence that it breaks, and the switches that bring it about.

| word     | meaning                                                                                             |
|----------|-----------------------------------------------------------------------------------------------------|
| switches | a frozen dataclass with a field for every mechanism; its defaults are the system with everything on     |
| position | a switch set to something else: ``compare_and_set=False``                                             |
| anomaly  | a scenario, the invariant it breaks, and the positions with which it does                             |
| surprise | a departure from what would normally happen next, which the referee may choose                         |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

from dslab.check.explore import Scenario, Verdict, explore
from dslab.check.invariants import Invariant
from dslab.sim import World

Named = TypeVar("Named")


@dataclass(frozen=True)
class Anomaly:
    """A way to break, for a subclass that names its lesson's ``switches``.

    ``name`` and ``title`` (what happens, in a sentence); ``build(switches)`` makes the world; ``invariant`` breaks with any of
    the positions in ``off`` while everything else is on; ``source`` names the evidence. ``also``: what else is asked of every
    schedule, and what must happen in one of them at least, so that nothing holds because nothing happened.
    ``always_there``: no switch stops it. ``surprises``: up to how many the referee searches unless told otherwise.
    """

    switches: ClassVar[type]

    name: str
    title: str
    build: Callable[[Any], World]
    invariant: Invariant
    off: tuple[dict[str, Any], ...]
    source: str
    also: tuple[Invariant, ...] = ()
    always_there: bool = False
    surprises: int = 2

    @property
    def invariants(self) -> list[Invariant]:
        """All that is asked of a schedule, its own invariant first."""
        return [self.invariant, *self.also]

    def scenario(self, switches: Any = None, **positions: Any) -> Scenario:
        """Give the scenario with everything on but ``positions``. ValueError or TypeError for a switch that does not exist."""
        wanted = positioned(self.switches() if switches is None else switches, positions)
        return Scenario(self.name, lambda: self.build(wanted), positions)

    def search(self, deviations: int | None = None, budget: int = 20_000, **positions: Any) -> Verdict:
        """Ask the referee for the shortest schedule in which it shows, with everything on but ``positions``."""
        most = self.surprises if deviations is None else deviations
        return explore(self.scenario(**positions), self.invariants, most, budget)


def positioned(switches: Any, positions: Mapping[str, Any]) -> Any:
    """Give ``switches`` with some positions changed; ValueError names the switches where one does not exist."""
    known = type(switches).__dataclass_fields__
    for name in positions:
        if name not in known:
            raise ValueError(f"there is no switch {name!r}; the switches are {', '.join(known)}")
    return replace(switches, **positions)


def named(table: Mapping[str, Named], name: str, kind: str = "anomaly") -> Named:
    """Give what a table has under ``name``; ValueError lists the names where there is none."""
    if name not in table:
        raise ValueError(f"there is no {kind} {name!r}; there are {', '.join(table)}")
    return table[name]

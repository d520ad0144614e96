"""The referee: searches schedules, watches invariants, judges histories. It knows no lesson and no screen.

| name | what it is |
|---|---|
| `explore`, `Verdict`, `Scenario` | search the schedules of a scenario, fewest surprises first; what was found |
| `replay` | run the one schedule that a token stands for |
| `always`, `eventually`, `sometimes`, `Invariant` | named sentences about a world |
| `expect_violation`, `Violation` | for blocks that must break something |
| `Stepper` | be the scheduler: pick, watch, undo |
"""

from dslab.check.explore import Scenario, Verdict, explore, explore_in_slices, replay
from dslab.check.invariants import Invariant, Violation, always, eventually, expect_violation, sometimes
from dslab.check.stepper import Stepper

__all__ = [
    "Invariant", "Scenario", "Stepper", "Verdict", "Violation", "always", "eventually", "expect_violation", "explore",
    "explore_in_slices", "replay", "sometimes",
]  # fmt: skip

"""The referee: searches schedules, watches invariants, judges histories. It knows no lesson and no screen.

| name | what it is |
|---|---|
| `explore`, `Verdict`, `Scenario` | search the schedules of a scenario, fewest surprises first; what was found |
| `replay` | run the one schedule that a token stands for |
| `always`, `eventually`, `sometimes`, `Invariant` | named sentences about a world |
| `expect_violation`, `Violation` | for blocks that must break something |
| `Stepper` | be the scheduler: pick, watch, undo |
| `Anomaly`, `positioned`, `named` | a way to break: scenario, invariant, and the switches that bring it about |
| `searches`, `Cell`, `finished` | a table: every anomaly against every defence, design or version |
| `linearizable`, `LinearizabilityVerdict` | is there one order, true to real time, that explains every answer? |
| `History`, `Operation`, `read_history` | what clients called and were answered; reads Jepsen's logs, EDN, JSON, a Trace |
| `register`, `cas_register`, `key_value`, `multi_register`, `queue`, `set_model`, `counter`, `mutex` | what the answers are held against |
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dslab.check.anomaly import Anomaly, named, positioned
from dslab.check.explore import Scenario, Verdict, explore, explore_in_slices, replay
from dslab.check.invariants import Invariant, Violation, always, eventually, expect_violation, sometimes
from dslab.check.stepper import Stepper
from dslab.check.table import Cell, finished, searches

if TYPE_CHECKING:
    from dslab.check.history import History, Operation, read_history
    from dslab.check.linearizability import LinearizabilityVerdict, linearizable
    from dslab.check.models import (
        cas_register,
        counter,
        key_value,
        multi_register,
        mutex,
        queue,
        register,
        set_model,
    )

__all__ = [
    "Anomaly", "Cell", "History", "Invariant", "LinearizabilityVerdict", "Operation", "Scenario", "Stepper", "Verdict", "Violation", "always",
    "cas_register", "counter", "eventually", "expect_violation", "explore", "explore_in_slices", "finished", "key_value", "linearizable",
    "multi_register", "mutex", "named", "positioned", "queue", "read_history", "register", "replay", "searches", "set_model", "sometimes",
]  # fmt: skip

# The judge of histories is half of this package's import time, and few who search need it: loaded when first named.
_WHEN_NAMED = {
    "history": ("History", "Operation", "read_history"),
    "linearizability": ("LinearizabilityVerdict", "linearizable"),
    "models": ("cas_register", "counter", "key_value", "multi_register", "mutex", "queue", "register", "set_model"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    for module, names in _WHEN_NAMED.items():
        if name in names:
            return getattr(import_module(f"dslab.check.{module}"), name)
    raise AttributeError(f"dslab.check has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__

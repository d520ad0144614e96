"""The laboratory: a deterministic simulator in virtual time. It knows no lesson and no screen.

One page of names:

| name | what it is |
|---|---|
| `World` | one run: clock, nodes, links, faults, one seeded random.Random |
| `Node`, `Link` | machines with state and handlers; the ways messages travel |
| `sleep`, `step` | let time pass; mark a place where somebody else may run |
| `Future`, `gather` | a value that comes later; wait for several |
| `Lock`, `SharedLock`, `Semaphore`, `Queue`, `Mailbox` | what actors wait for |
| `fixed`, `uniform`, `exponential`, `lognormal`, `empirical` | latencies in microseconds |
| `Driver` | runs a world by choice instead of by time; the referee's steering wheel |
| `Trace` | what happened, as plain data, with causes, clocks, states |
| `read_log`, `check_log`, `clocks_of_log`, `trace_of_log` | the log of a real system: read it, check it, rebuild its clocks, look at it |
| `dslab.sim.fence` | epochs, quorums, and the fence that refuses a leader of yesterday |
| `Result`, `Metric`, `Series` | what a model says: numbers with units, curves, a true sentence |
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dslab.sim.actor import Actor, Future, gather, sleep, step
from dslab.sim.driver import Choice, Driver
from dslab.sim.latency import empirical, exponential, fixed, lognormal, uniform
from dslab.sim.node import Link, Node
from dslab.sim.primitives import Lock, Mailbox, Queue, Semaphore, SharedLock
from dslab.sim.result import Metric, Result, Series
from dslab.sim.trace import Trace
from dslab.sim.world import World

if TYPE_CHECKING:
    from dslab.sim.logs import Log, LogEvent, events_of, read_executions, read_log
    from dslab.sim.rebuild import causes_of_log, check_log, clocks_of_log, trace_of_log

__all__ = [
    "Actor", "Choice", "Driver", "Future", "Link", "Lock", "Log", "LogEvent", "Mailbox", "Metric", "Node",
    "Queue", "Result", "Semaphore", "Series", "SharedLock", "Trace", "World", "causes_of_log", "check_log",
    "clocks_of_log", "empirical", "events_of", "exponential", "fixed", "gather", "lognormal",
    "read_executions", "read_log", "sleep", "step", "trace_of_log", "uniform",
]  # fmt: skip

# Readers of logs are loaded when first named: a model that simulates needs none of them.
_WHEN_NAMED = {
    "logs": ("Log", "LogEvent", "events_of", "read_executions", "read_log"),
    "rebuild": ("causes_of_log", "check_log", "clocks_of_log", "trace_of_log"),
}


def __getattr__(name: str) -> Any:
    for module, names in _WHEN_NAMED.items():
        if name in names:
            return getattr(import_module(f"dslab.sim.{module}"), name)
    raise AttributeError(f"dslab.sim has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__

"""The laboratory: a deterministic simulator in virtual time. It knows no lesson and no screen."""

from dslab.sim.result import Metric, Result, Series
from dslab.sim.trace import Trace

__all__ = ["Metric", "Result", "Series", "Trace"]

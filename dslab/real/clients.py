"""Several clients at once, held at the right place, and timings that lead to the same sentence every time.

| word       | meaning                                                                                              |
|------------|------------------------------------------------------------------------------------------------------|
| client     | a function that runs in a thread of its own, with a connection of its own                            |
| gate       | a place in a client where it is held until somebody opens the gate; this makes a race certain        |
| timing     | how long something took, over many runs; differs from run to run and machine to machine              |
| comparison | the conclusion from timings: which is slower and by at least how much; this is what may be printed   |
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

HOLD_S_MAX = 30.0


class Gate:
    """A place where one client is held until another opens it; no waiting is longer than 30 s."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._arrived = threading.Event()
        self._opened = threading.Event()

    def hold(self) -> None:
        """Say that we are here and wait until the gate is opened; raises TimeoutError."""
        self._arrived.set()
        self._wait(self._opened, "nobody opened it")

    def wait_for_arrival(self) -> None:
        """Wait until a client is held here; raises TimeoutError."""
        self._wait(self._arrived, "nobody came to it")

    def open(self) -> None:
        """Let the client that is held here, or comes later, go on."""
        self._opened.set()

    def _wait(self, event: threading.Event, what: str) -> None:
        if not event.wait(HOLD_S_MAX):
            raise TimeoutError(f"the gate {self.name!r}: {what} within {HOLD_S_MAX:g} s")


def together(*clients: Callable[[], Any], timeout_s: float = 60.0) -> list[Any]:
    """Run clients at the same time, each in a thread, all released by one barrier.

    Args:
        clients: functions without arguments; at least one.
        timeout_s: how long all of them may take, in seconds, above 0.

    Returns:
        What they returned, in the order of the arguments.

    Raises:
        ValueError: no client, or a time that is not above 0.
        TimeoutError: a client did not end in time (its thread is left; it is a daemon).
        Exception: the first error of a client, in the order of the arguments; a broken barrier only if there is no other.
    """
    if not clients:
        raise ValueError("together() needs at least one client, a function without arguments")
    if timeout_s <= 0:
        raise ValueError(f"timeout_s is {timeout_s}; it must be above 0")
    results: list[Any] = [None] * len(clients)
    errors: list[BaseException | None] = [None] * len(clients)
    line = threading.Barrier(len(clients))

    def run(place: int) -> None:
        try:
            line.wait(timeout_s)
            results[place] = clients[place]()
        except BaseException as error:
            errors[place] = error

    threads = [threading.Thread(target=run, args=(place,), daemon=True) for place in range(len(clients))]
    for thread in threads:
        thread.start()
    end = time.monotonic() + timeout_s
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    _raise_first(errors)
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError(
            f"{sum(thread.is_alive() for thread in threads)} of {len(clients)} clients did not end within {timeout_s:g} s"
        )
    return results


def _raise_first(errors: list[BaseException | None]) -> None:
    """Raise the first cause; a broken barrier is the consequence of another client's error, so it comes last."""
    found = [error for error in errors if error is not None]
    for error in sorted(found, key=lambda error: isinstance(error, threading.BrokenBarrierError)):
        raise error


@dataclass(frozen=True)
class Timing:
    """How long ``times`` runs took, in microseconds: the median and the quarter and three-quarter marks."""

    label: str
    median_us: float
    quarter_us: float
    three_quarters_us: float
    times: int


@dataclass(frozen=True)
class Comparison:
    """Two timings and the conclusion from them: is ``slower`` at least ``at_least`` times as slow as ``faster``?"""

    slower: Timing
    faster: Timing
    at_least: float

    @property
    def ratio(self) -> float:
        """Median over median; differs from run to run."""
        return self.slower.median_us / self.faster.median_us

    @property
    def holds(self) -> bool:
        """True where the ratio is at least what was asked for."""
        return self.ratio >= self.at_least

    def describe(self) -> str:
        """Say the conclusion without a measured number, so that it can be compared."""
        if self.holds:
            return (
                f"{self.slower.label} takes at least {self.at_least:g} times as long as {self.faster.label}."
            )
        return (
            f"{self.slower.label} does not take {self.at_least:g} times as long as {self.faster.label} here."
        )

    def numbers(self) -> dict[str, float]:
        """Give the raw numbers by name; each name ends in ``_measured``, none belongs into compared output."""
        return {
            "ratio_measured": self.ratio,
            "slower_us_measured": self.slower.median_us,
            "faster_us_measured": self.faster.median_us,
        }


def compare(
    slower: tuple[str, Callable[[], Any]],
    faster: tuple[str, Callable[[], Any]],
    at_least: float,
    times: int = 51,
) -> Comparison:
    """Time two functions in turn and conclude.

    They alternate, so that a busy machine slows both. Choose ``at_least`` at half the ratio that is expected or less;
    then the sentence is the same in every run.

    Args:
        slower: label and function that is expected to be slower.
        faster: label and function that is expected to be faster.
        at_least: the ratio to assert, above 0.
        times: runs of each, 3 to 10 000.

    Raises:
        ValueError: at_least or times is outside its range.
    """
    if at_least <= 0:
        raise ValueError(f"at_least is {at_least}; a ratio must be above 0")
    if not 3 <= times <= 10_000:
        raise ValueError(f"times is {times}; it must be from 3 to 10 000")
    taken: dict[str, list[float]] = {"slower": [], "faster": []}
    for _ in range(times):
        for side, (_, function) in (("slower", slower), ("faster", faster)):
            start = time.perf_counter_ns()
            function()
            taken[side].append(max(1, time.perf_counter_ns() - start) / 1000)
    return Comparison(_timing(slower[0], taken["slower"]), _timing(faster[0], taken["faster"]), at_least)


def _timing(label: str, taken_us: list[float]) -> Timing:
    quarter, median, three_quarters = statistics.quantiles(taken_us, n=4)
    return Timing(label, median, quarter, three_quarters, len(taken_us))

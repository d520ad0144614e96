"""Clients at once, gates, and conclusions from timings."""

from __future__ import annotations

import threading
import time

import pytest

from dslab import real
from dslab.real import clients


def test_results_come_in_the_order_of_the_clients() -> None:
    assert real.together(lambda: time.sleep(0.02) or "slow", lambda: "quick") == ["slow", "quick"]


def test_all_clients_are_released_at_once() -> None:
    """Each waits for the others, so that no one can be done before all have begun."""
    meet = threading.Barrier(4)
    assert real.together(*[lambda: meet.wait(5)] * 4, timeout_s=10) is not None


def test_the_first_error_is_raised_and_not_the_barriers_it_broke() -> None:
    line = threading.Barrier(2)

    def waits() -> None:
        line.wait(5)

    def fails() -> None:
        line.abort()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        real.together(waits, fails)


def test_a_client_that_does_not_end_is_not_waited_for() -> None:
    gate = real.Gate("never opened")
    with pytest.raises(TimeoutError, match=r"1 of 2 clients did not end within 0\.05 s"):
        real.together(gate.hold, lambda: None, timeout_s=0.05)
    gate.open()


@pytest.mark.parametrize(
    ("arguments", "timeout_s", "words"), [((), 1, "at least one client"), ((print,), 0, "above 0")]
)
def test_clients_that_make_no_sense_are_refused(arguments: tuple, timeout_s: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        real.together(*arguments, timeout_s=timeout_s)


def test_a_gate_holds_until_it_is_opened() -> None:
    gate, order = real.Gate("here"), []

    def held() -> None:
        gate.hold()
        order.append("held")

    def opens() -> None:
        gate.wait_for_arrival()
        time.sleep(0.02)
        order.append("opens")
        gate.open()

    real.together(held, opens)
    assert order == ["opens", "held"]


def test_a_gate_that_nobody_comes_to_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "HOLD_S_MAX", 0.01)
    with pytest.raises(TimeoutError, match=r"the gate 'fill': nobody came to it within 0\.01 s"):
        real.Gate("fill").wait_for_arrival()
    with pytest.raises(TimeoutError, match=r"the gate 'fill': nobody opened it"):
        real.Gate("fill").hold()


def test_a_comparison_concludes_without_a_number_that_was_measured() -> None:
    found = real.compare(
        ("sleeping", lambda: time.sleep(0.002)), ("not sleeping", lambda: None), at_least=2, times=5
    )
    assert found.describe() == "sleeping takes at least 2 times as long as not sleeping."
    assert all(name.endswith("_measured") for name in found.numbers())


def test_a_comparison_that_does_not_hold_says_so() -> None:
    found = real.compare(
        ("not sleeping", lambda: None), ("sleeping", lambda: time.sleep(0.002)), at_least=2, times=5
    )
    assert not found.holds
    assert found.describe() == "not sleeping does not take 2 times as long as sleeping here."


@pytest.mark.parametrize(("at_least", "times"), [(0, 5), (2, 2), (2, 10_001)])
def test_a_comparison_outside_its_ranges_is_refused(at_least: float, times: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        real.compare(("a", lambda: None), ("b", lambda: None), at_least, times)

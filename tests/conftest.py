"""What all tests share: the browser, the rule that CI skips nothing, and the look round for what was left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dslab import doctor
from tests import leftovers

IN_CI = os.environ.get("CI", "").lower() == "true"
NO_BROWSER = "no Chromium on this machine: sudo apt install chromium (or name one in DSLAB_CHROMIUM)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """Turn a skip into a failure where CI runs, so that nothing passes there by not being tested."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = (
            f"skipped in CI, where everything must run: {call.excinfo.value if call.excinfo else ''}"
        )
    return report


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail at the very end where a process that these tests started still runs."""
    before, mark = os.environ.get(leftovers.VARIABLE), leftovers.new_mark()
    os.environ[leftovers.VARIABLE] = mark
    yield
    found = leftovers.left(mark)
    os.environ.pop(leftovers.VARIABLE) if before is None else os.environ.update({leftovers.VARIABLE: before})
    assert found == []


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of the Chromium to drive; skip where there is none."""
    found = doctor.chromium()
    if found is None:
        pytest.skip(NO_BROWSER)
    return found


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the folder of the whole project."""
    return Path(__file__).resolve().parents[1]

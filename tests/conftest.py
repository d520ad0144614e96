"""What all tests share: the browser, the rule that CI skips nothing, and the look round for what was left behind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
IN_CI = os.environ.get("CI", "").lower() == "true"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
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


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of the Chromium to drive: DSLAB_CHROMIUM, or the first that PATH has; skip where there is none."""
    named = os.environ.get("DSLAB_CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(NO_BROWSER)
    return found


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the folder of the whole project."""
    return ROOT

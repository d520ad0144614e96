"""A private JupyterLab and one browser for all browser tests of a run; both are always ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import lab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Give a running Chromium; tests that need it are skipped, with the line that installs it, where there is none."""
    pytest.importorskip("playwright", reason="pip install playwright (no browser download is needed)")
    with lab.browser(chromium) as started:
        yield started


@pytest.fixture(scope="session")
def lab_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that JupyterLab shows."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="session")
def lab_address(browser: Browser, lab_root: Path) -> Iterator[str]:
    """Give the address of a JupyterLab of our own on this machine."""
    with lab.jupyterlab(lab_root) as address:
        yield address


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Give one browser context, so that JupyterLab's own files are fetched once."""
    made = browser.new_context()
    yield made
    made.close()


@pytest.fixture(scope="module")
def open_notebook(
    context: BrowserContext, lab_address: str, lab_root: Path
) -> Iterator[Callable[..., lab.LabPage]]:
    """Give a function that writes a notebook of code cells, opens it, runs it and gives its page; it is closed at the end."""
    opened: list[lab.LabPage] = []

    def opener(name: str, *cells: str) -> lab.LabPage:
        lab.notebook(lab_root / f"{name}.ipynb", *cells)
        opened.append(lab.LabPage(context, lab_address))
        page = opened[-1].open(f"{name}.ipynb")
        page.theme("Light")
        page.run()
        return page

    yield opener
    for page in opened:
        page.close()

"""The preflight: is everything here that the lessons need, and what to do where it is not.

| word     | meaning                                                                                     |
|----------|---------------------------------------------------------------------------------------------|
| row      | one thing that was looked at: what it is, what was found, its state, what to do             |
| ready    | it is there                                                                                 |
| missing  | it is not there and no lesson runs without it                                               |
| optional | it is not there and the lessons run without it: some part shows a stored result, or is a test only |

`check` gives the rows, `preflight` shows them in a notebook, ``python -m dslab doctor`` prints them.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DISTRIBUTION = "dslab-notebooks"
STATES = ("ready", "missing", "optional")
SIGNS = {"ready": "✓", "missing": "✗", "optional": "–"}
OLDEST_PYTHON = (3, 11)
REPAIR = "run `make lab` again, or `python -m pip install -e .` in the project's folder, with the Python that runs the lessons"
ELSEWHERE = "after `make lab` ask .venv/bin/python -m dslab, with uv: uv run python -m dslab"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FRONT_ENDS = {
    "@jupyter-widgets/jupyterlab-manager": "sliders (ipywidgets)",
    "anywidget": "pictures (anywidget)",
}
SENTENCE = (
    "The preflight draws a table here when this cell is run in JupyterLab. If this sentence stays after a run, the front "
    "end does not answer: reload the page, and if that does not help, run `python -m dslab doctor` in a terminal."
)


@dataclass(frozen=True)
class Row:
    """One thing that was looked at. ``state`` is one of `STATES`; ``remedy`` is "" where there is nothing to do."""

    part: str
    found: str
    state: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"state {self.state!r} is not known; use one of {', '.join(STATES)}")


def check() -> list[Row]:
    """Look at everything that lessons and tests need; nothing is started, installed or changed.

    Returns:
        Rows in the order: Python, packages, front end, real parts, browser. A look that fails with an error of its
        own becomes a row that says so, so that one broken package does not hide the state of the others.
    """
    looks: list[Callable[[], list[Row]]] = [_python, _packages, _front_ends, _plotly, _real_parts, _browser]
    return [row for look in looks for row in _guarded(look)]


def ready(rows: list[Row]) -> bool:
    """Tell whether the lessons can run: nothing necessary is missing."""
    return all(row.state != "missing" for row in rows)


def conclusion(rows: list[Row]) -> str:
    """Say in one sentence what the rows come to."""
    missing = [row.part for row in rows if row.state == "missing"]
    without = [row.part for row in rows if row.state == "optional"]
    if missing:
        asked = f" This Python is {sys.executable}: {ELSEWHERE}." if _another_python() else ""
        return f"The lessons cannot run yet; missing: {', '.join(missing)}.{asked}"
    return "The lessons can run." + (
        f" Not here, and not needed for them: {', '.join(without)}." if without else ""
    )


def requirements() -> list[str]:
    """Give the project's own requirements as they are written (``"plotly>=6.0"``), extras left out.

    They come from the installed distribution, else from the pyproject.toml beside the package; else the list is empty.
    """
    try:
        lines = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        file = Path(__file__).resolve().parents[1] / "pyproject.toml"
        lines = tomllib.loads(file.read_text("utf-8"))["project"]["dependencies"] if file.exists() else []
    return [line for line in lines if "extra ==" not in line]


def bound(requirement: str) -> tuple[str, str]:
    """Split ``"plotly>=6.0"`` into a name and its least version ("" where there is none); ValueError where it is neither."""
    match = re.fullmatch(
        r"([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?\s*(?:>=\s*([\w.]+))?\s*(?:;.*)?", requirement.strip()
    )
    if match is None:
        raise ValueError(f"{requirement!r} is not a name with, perhaps, a least version; write name>=1.2")
    return match[1], match[2] or ""


def at_least(version: str, least: str) -> bool:
    """Compare two versions by their leading numbers: 8.1.9 is at least 8.1; a pre-release counts as its release."""
    return _numbers(version) >= _numbers(least)


def chromium() -> str | None:
    """Give the path of the Chromium that browser tests drive: DSLAB_CHROMIUM, or the first that PATH has, or None."""
    named = os.environ.get("DSLAB_CHROMIUM")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)


def table(rows: list[Row]) -> str:
    """Give the rows as text for a terminal, one a line, with what to do under each row that needs it."""
    width = max(len(row.part) for row in rows)
    lines = []
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        lines.append(f"{SIGNS[row.state]} {row.state:<8}  {row.part:<{width}}  {row.found}")
        if row.remedy and (
            following is None or following.remedy != row.remedy
        ):  # once for rows that share it
            lines.append(f"{'':10}  {'':{width}}  -> {row.remedy}")
    return "\n".join(lines)


def preflight() -> Any:
    """Give the table as a live widget for a notebook; its stored text is one sentence that is the same everywhere."""
    from dslab.doctor_view import view  # the widget library is loaded where a widget is wanted

    rows = check()
    return view(rows, conclusion(rows), SENTENCE)


def _another_python() -> bool:
    """Tell whether the project has an environment of its own that is not the one asked."""
    own = Path(__file__).resolve().parents[1] / ".venv"
    return own.is_dir() and own != Path(sys.prefix).resolve()


def _guarded(look: Callable[[], list[Row]]) -> list[Row]:
    try:
        return look()
    except Exception as error:
        what = (look.__doc__ or look.__name__).rstrip(".")
        return [Row(what, f"{type(error).__name__}: {error}", "missing", REPAIR)]


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(number) for number in re.match(r"\d*(?:\.\d+)*", version)[0].split(".") if number]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _python() -> list[Row]:
    """Python."""
    least = ".".join(map(str, OLDEST_PYTHON))
    found = f"{platform.python_version()} (needs {least} or newer)"
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return [Row("Python", found, "ready")]
    return [
        Row(
            "Python",
            found,
            "missing",
            f"install Python {least} or newer, then `make lab PYTHON=python{least}`",
        )
    ]


def _packages() -> list[Row]:
    """Packages."""
    return [_package(*bound(requirement)) for requirement in requirements()] or [
        Row("packages", "the list of them was not found", "missing", REPAIR)
    ]


def _package(name: str, least: str) -> Row:
    wants = f" (needs {least} or newer)" if least else ""
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Row(name, f"not installed{wants}", "missing", REPAIR)
    if not at_least(version, least):
        return Row(name, version + wants, "missing", REPAIR)
    return Row(name, version + wants, "ready")


def _front_ends() -> list[Row]:
    """Front end."""
    from jupyter_core.paths import jupyter_path
    from jupyterlab_server.config import get_federated_extensions

    seen = get_federated_extensions(jupyter_path("labextensions"))
    return [
        Row(f"front end: {words}", f"{name} {seen[name]['version']}", "ready")
        if name in seen
        else Row(f"front end: {words}", f"JupyterLab does not see {name}", "missing", REPAIR)
        for name, words in FRONT_ENDS.items()
    ]


def _plotly() -> list[Row]:
    """Charts."""
    spec = importlib.util.find_spec("plotly")
    file = Path(spec.origin).parent / "package_data" / "plotly.min.js" if spec else None
    if file is None or not file.exists():
        return [Row("front end: charts", "plotly.min.js was not found in plotly", "missing", REPAIR)]
    return [Row("front end: charts", f"plotly.min.js, {file.stat().st_size / 1e6:.1f} MB", "ready")]


def _real_parts() -> list[Row]:
    """Real parts."""
    from dslab.real import (
        available,
    )  # loaded here: a broken real part must not keep the rest from being checked

    return [
        Row(f"real {part['part']}", part["how"], "ready" if part["ready"] else "optional", part["remedy"])
        for part in available()
    ]


def _browser() -> list[Row]:
    """Browser for tests."""
    found = chromium()
    if found:
        return [Row("Chromium for the tests", found, "ready")]
    return [
        Row(
            "Chromium for the tests",
            "not found",
            "optional",
            "sudo apt install chromium (lessons do not need it)",
        )
    ]

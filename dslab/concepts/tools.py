"""Developer tools: the four kinds that the article names, what each does for this very repository, and what is on this machine.

| word            | meaning                                                                                     |
|-----------------|---------------------------------------------------------------------------------------------|
| kind            | IDE, version control, CI/CD, containers                                                       |
| IDE             | integrated development environment: an editor that runs, checks and finds its way in code      |
| version control | keeps every state of the files with who, when and why; git here                                |
| CI              | continuous integration: the same tests for every change, on a machine that is nobody's           |
| CD              | continuous delivery: what passed goes to its users without a hand                                 |
| container       | a program with all the files it needs, run apart from the machine's own                            |
| state           | ready, or optional: nothing here is needed to run the lessons                                     |

`survey` looks at the repository, `machine` at the machine. Neither starts, installs or changes anything, and neither ever fails.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("IDEs", "version control", "CI/CD", "containers")
SENTENCE = "A table of the tools on this machine appears here when the cell is run in JupyterLab; nothing in it is needed to go on."


class Use(NamedTuple):
    """One thing in this repository: of which kind, the file that shows it, what it does here, and what would happen without it."""

    kind: str
    file: str
    does: str
    without: str


USES: tuple[Use, ...] = (
    Use(
        "IDEs",
        "Makefile",
        "`make lab` opens JupyterLab, the IDE of this course, with nothing else to install",
        "each reader sets up an editor first",
    ),
    Use(
        "IDEs",
        "pyproject.toml",
        "one place for formatter, linter and test settings, which every editor reads",
        "each editor formats differently",
    ),
    Use(
        "version control",
        ".gitignore",
        "names what is made again by a command and so is not kept",
        "caches and environments in every change",
    ),
    Use(
        "version control",
        "dslab/show/notebooks.py",
        "cleans notebooks before they are stored, so that a change shows what somebody changed",
        "each run changes thousands of lines",
    ),
    Use(
        "CI/CD",
        ".ci/run",
        "the same `make test` on a fresh machine; a skipped test fails there",
        "it works for whoever wrote it",
    ),
    Use(
        "CI/CD",
        "constraints.txt",
        "the versions that the tests passed with",
        "a package changes overnight and the tests turn red",
    ),
    Use(
        "containers",
        "environment.yml",
        "from it Binder builds a container in which the notebooks open",
        "a reader without Python reads only",
    ),
)
MISSING: dict[str, str] = {
    "IDEs": "no settings of a particular editor are kept",
    "version control": "nothing",
    "CI/CD": "delivery: nothing is published by a machine",
    "containers": "a Dockerfile: the real servers come inside Python wheels, and start faster than a container",
}


class Row(NamedTuple):
    """What was looked for on this machine: ``state`` is "ready" or "optional", ``remedy`` what to do, or ""."""

    part: str
    found: str
    state: str
    remedy: str = ""


def survey(root: Path = ROOT) -> list[dict[str, str]]:
    """Give one row for each use of a tool in the repository: kind, file, whether it is there, what it does, what happens without it."""
    return [
        {
            "kind": use.kind,
            "file": use.file,
            "there": "yes" if (root / use.file).exists() else "no",
            "what it does here": use.does,
            "without it": use.without,
        }
        for use in USES
    ]


def gaps() -> list[dict[str, str]]:
    """Give one row for each kind: what this repository does not have of it."""
    return [{"kind": kind, "not here": MISSING[kind]} for kind in KINDS]


_LOOKED_FOR: dict[str, tuple[tuple[str, ...], str]] = {
    "an editor": (
        ("code", "codium", "pycharm", "idea", "subl", "nvim", "vim", "emacs", "nano"),
        "any editor will do; JupyterLab is one",
    ),
    "git": (("git",), "get it from your system's packages to keep your own changes"),
    "make": (("make",), "without it, run the commands that stand in the Makefile"),
    "containers": (("docker", "podman"), "needed only to build an image of your own"),
}


def machine(which: Callable[[str], str | None] = shutil.which) -> list[Row]:
    """Look which tools this machine has; never raises, and never says that something is missing. ``which`` finds a program's path."""
    rows = []
    for part, (programs, remedy) in _LOOKED_FOR.items():
        found = [program for program in programs if _there(which, program)]
        rows.append(
            Row(
                part,
                ", ".join(found) or "none of " + ", ".join(programs),
                "ready" if found else "optional",
                "" if found else remedy,
            )
        )
    return rows


def _there(which: Callable[[str], str | None], program: str) -> bool:
    try:
        return which(program) is not None
    except OSError:
        return False


def conclusion(rows: list[Row]) -> str:
    """Say in a sentence what was found."""
    ready = [row.part for row in rows if row.state == "ready"]
    return f"Here: {', '.join(ready) or 'none of them'}. The lessons run with or without them."

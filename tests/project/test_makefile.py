"""The Makefile: what it says where something is missing, and when it builds the environment again."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.files import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is missing: sudo apt install make")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder, with a space in its name, that holds what the environment is made from."""
    folder = tmp_path / "a course"
    folder.mkdir()
    for file in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / file, folder)
    return folder


def _make(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))
    }
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=clean, capture_output=True, text=True, check=False
    )


def _python(folder: Path, refuses: str) -> Path:
    """Give a program that is this Python, but fails for code that holds a word."""
    program = folder / "python"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *{refuses}*) exit 1;; esac\nexec "{sys.executable}" "$@"\n', "utf-8"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def _stamp(folder: Path, *arguments: str) -> Path:
    """Give the file that make waits for before it opens the lab."""
    database = _make(folder, "--dry-run", "--print-data-base", *arguments, "help").stdout
    name = next(line.split(":= ")[1] for line in database.splitlines() if line.startswith("BUILT := "))
    key = next(line.split(":= ")[1] for line in database.splitlines() if line.startswith("KEY := "))
    return folder / name.replace("$(VENV)", ".venv").replace("$(KEY)", key)


def test_make_alone_lists_the_commands(folder: Path) -> None:
    run = _make(folder)
    assert run.returncode == 0
    assert [
        command
        for command in ("lab", "test", "notebooks", "bench", "lint", "clean")
        if f"make {command} " not in run.stdout
    ] == []


def test_a_python_that_is_too_old_is_a_sentence(folder: Path) -> None:
    run = _make(folder, f"PYTHON={_python(folder, 'version_info')}", "lab")
    assert run.returncode != 0 and "dslab needs Python 3.11 or newer" in run.stdout


def test_a_python_that_cannot_make_environments_is_a_sentence(folder: Path) -> None:
    run = _make(folder, f"PYTHON={_python(folder, 'ensurepip')}", "lab")
    assert run.returncode != 0 and "sudo apt install python3-venv" in run.stdout
    assert not (folder / ".venv").exists()


def test_an_environment_that_is_there_is_not_built_again(folder: Path) -> None:
    stamp = _stamp(folder)
    assert "-m venv" in _make(folder, "--dry-run", "lab").stdout
    stamp.parent.mkdir()
    stamp.touch()
    dry = _make(folder, "--dry-run", "lab").stdout
    assert "-m venv" not in dry and "jupyterlab" in dry


@pytest.mark.parametrize("file", ["pyproject.toml", "constraints.txt"])
def test_an_environment_is_built_again_where_its_files_change(folder: Path, file: str) -> None:
    before = _stamp(folder)
    os.utime(folder / file, (0, 0))
    assert _stamp(folder) == before
    with open(folder / file, "a", encoding="utf-8") as text:
        text.write("# changed\n")
    assert _stamp(folder) != before


def test_an_environment_is_built_again_where_it_was_moved_or_another_python_is_asked_for(
    folder: Path,
) -> None:
    before = _stamp(folder)
    assert (
        _stamp(folder, f"PYTHON={sys.executable}").name
        == f"{before.name}-{sys.version_info[0]}.{sys.version_info[1]}"
    )
    assert _stamp(folder.rename(folder.with_name("another course"))).name != before.name


def test_every_stage_of_make_test_is_run_by_ci() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    stages = (
        next(line for line in makefile.splitlines() if line.startswith("test:")).split("##")[0].split()[1:]
    )
    assert stages == ["test-unit", "test-notebooks", "test-browser"]
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert "set -euo pipefail" in lines and lines[-1] == "make --keep-going test"
    assert os.access(ROOT / ".ci" / "run", os.X_OK)

"""The files of the project, as git tracks them (or as they lie there, where there is no git)."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", ".venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints", "dist"}


@cache
def tracked() -> list[Path]:
    """Give the paths of all files that belong to the project, in order; a tracked file that is gone is left out."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        ).stdout
        found = [ROOT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not NOT_OURS & set(path.relative_to(ROOT).parts)]
    return sorted(path for path in found if path.is_file())


def sources(*folders: str) -> list[Path]:
    """Give the Python files under some top folders ("dslab", "tests")."""
    return [path for path in tracked() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders]


def notebooks() -> list[Path]:
    """Give the notebooks that people open."""
    return [
        path
        for path in tracked()
        if path.suffix == ".ipynb" and path.relative_to(ROOT).parts[0] == "notebooks"
    ]


def name(path: Path) -> str:
    """Give a path as it is written in the project: with slashes, from its root."""
    return path.relative_to(ROOT).as_posix()

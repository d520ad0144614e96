"""The files at the root say the same thing, and nothing in the project gives away where it was made."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from dslab import __version__
from dslab.doctor import at_least, bound
from tests.project.files import ROOT, name, notebooks, tracked
from tests.project.notebook_form import prose

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
CONSTRAINTS = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
AT_THE_ROOT = {
    ".ci", ".gitignore", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "constraints.txt", "dslab",
    "environment.yml", "notebooks", "pyproject.toml", "tests",
}  # fmt: skip
OLDEST_PYTHON = "3.11.2"  # Debian 12
CONDA_NAMES = {"matplotlib-base": "matplotlib"}
FROM_CONDA = {
    "jupyterlab",
    "pyyaml",
    "ipywidgets",
    "anywidget",
    "networkx",
    "matplotlib",
    "plotly",
    "nbval",
    "pytest",
}
# Written in two parts, so that this file does not hold what it looks for.
LEAKS = {
    "a folder of one machine": re.compile(
        r"(?<![\w.])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me)/\w|(?<![\w.])/t" + r"mp/\w"
    ),
    "the host of a package registry": re.compile(
        r"\b(?:py"
        + r"pi\.org|python"
        + r"hosted\.org|registry\.np"
        + r"mjs|deb\.deb"
        + r"ian|conda\.anac"
        + r"onda)",
        re.I,
    ),
}


def _bounds(lines: list[str]) -> dict[str, str]:
    return {found.lower(): least for found, least in map(bound, lines)}


def _conda() -> dict[str, str]:
    lines = [
        line
        for line in ENVIRONMENT["dependencies"]
        if isinstance(line, str) and not line.startswith("python=")
    ]
    return {CONDA_NAMES.get(found, found): least for found, least in _bounds(lines).items() if found != "pip"}


def _pip_of_conda() -> list[str]:
    return next(part["pip"] for part in ENVIRONMENT["dependencies"] if isinstance(part, dict))


def _texts() -> list[Path]:
    return [path for path in tracked() if path.suffix not in (".png", ".jpg", ".ipynb")]


def test_the_root_holds_nothing_else() -> None:
    assert {name(path).split("/")[0] for path in tracked()} - AT_THE_ROOT == set()


def test_names_are_the_distribution_and_the_package() -> None:
    assert PROJECT["name"] == "dslab-notebooks"
    assert PROJECT["dynamic"] == ["version"] and re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    assert PROJECT["requires-python"] == ">=3.11"


def test_conda_asks_for_the_packages_and_bounds_of_pyproject() -> None:
    wanted = _bounds(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"])
    assert set(_conda()) == FROM_CONDA
    assert _conda() == {found: wanted[found] for found in FROM_CONDA}
    assert set(_bounds(PROJECT["dependencies"])) <= set(_conda())


def test_conda_installs_the_project_and_its_real_parts_by_pip() -> None:
    assert _pip_of_conda() == ["-e .", *PROJECT["optional-dependencies"]["real"]]


def test_conda_takes_its_packages_from_one_channel() -> None:
    assert ENVIRONMENT["channels"] == ["conda-forge", "nodefaults"]
    assert "python=3.13" in ENVIRONMENT["dependencies"]


@pytest.fixture(scope="module")
def dockerfile() -> str:
    """What repo2docker, the builder of Binder, makes of this folder: its words and the Dockerfile; nothing is built."""
    pytest.importorskip("repo2docker", reason="Binder's builder is missing: pip install jupyter-repo2docker")
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout + run.stderr


def test_binder_picks_the_environment_file(dockerfile: str) -> None:
    assert re.search(r'env update -p \$\{NB_PYTHON_PREFIX\} --file "environment\.yml"', dockerfile)


def test_binder_reads_python_3_13(dockerfile: str) -> None:
    assert "Building conda environment for python=3.13" in dockerfile


def test_binder_copies_the_project_before_it_installs(dockerfile: str) -> None:
    # `-e .` needs the whole folder; repo2docker notices that it is a local requirement and copies first.
    copied = re.search(r"COPY --chown=\S+ src/ \$\{REPO_DIR\}", dockerfile)
    assert copied and copied.start() < dockerfile.index("env update -p")


def test_constraints_are_names_and_versions_only() -> None:
    lines = [line for line in CONSTRAINTS if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9][\w.-]*==[\w.]+", line)] == []
    assert len(lines) > 50


def test_constraints_cover_what_pyproject_asks_for() -> None:
    tested = {
        _plain(found): version
        for found, version in (line.split("==") for line in CONSTRAINTS if "==" in line)
    }
    wanted = _bounds(
        PROJECT["dependencies"]
        + [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    )
    assert {found for found in wanted if _plain(found) not in tested} == set()
    assert {found for found, least in wanted.items() if not at_least(tested[_plain(found)], least)} == set()


def test_constraints_can_be_installed_with_the_oldest_python_that_is_served() -> None:
    here = {_plain(part.metadata["Name"]): part for part in importlib.metadata.distributions()}
    pinned = [line.split("==") for line in CONSTRAINTS if "==" in line]
    installed = [
        here[_plain(found)]
        for found, version in pinned
        if getattr(here.get(_plain(found)), "version", "") == version
    ]
    assert len(installed) > 50
    asks = {part.metadata["Name"]: SpecifierSet(part.metadata["Requires-Python"] or "") for part in installed}
    assert {found for found, pythons in asks.items() if OLDEST_PYTHON not in pythons} == set()


def _plain(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_no_file_gives_away_where_it_was_made() -> None:
    texts = {name(path): path.read_text("utf-8") for path in _texts()}
    texts |= {name(path): prose(json.loads(path.read_text("utf-8"))) for path in notebooks()}
    found = [
        f"{file}: {what}: {hit.group()}"
        for file, text in texts.items()
        for what, pattern in LEAKS.items()
        for hit in pattern.finditer(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        ("see /wo" + "rk/main", 1),
        ('open("/t' + 'mp/x")', 1),
        ("--index-url https://py" + "pi.org/simple", 1),
        ("a temporary folder below /t" + "mp, or src/work/main", 0),
        ("pip install plotly", 0),
    ],
)
def test_a_leak_is_found(text: str, leaks: int) -> None:
    assert sum(len(pattern.findall(text)) for pattern in LEAKS.values()) == leaks


def test_the_licence_names_both_licences() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Permission is hereby granted, free of charge" in text
    assert "https://creativecommons.org/licenses/by/4.0/legalcode" in text
    assert PROJECT["license"] == "MIT AND CC-BY-4.0"


def test_javascript_goes_into_the_wheel() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    assert build == {"packages": ["dslab"]}
    ignored = subprocess.run(
        ["git", "check-ignore", "dslab/show/spacetime.js"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ignored.stdout == ""

"""README and CONTRIBUTING say what is true of the files beside them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from dslab import __version__, cli
from dslab.teach import lessons
from tests.project.files import ROOT, name, tracked

README = (ROOT / "README.md").read_text("utf-8")
PAGES = [path for path in tracked() if path.suffix == ".md"]
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]["Repository"]

EXAMPLE = "paxos"  # the lesson that CONTRIBUTING.md adds, step by step


def _links(text: str) -> list[str]:
    text = re.sub(r"(?ms)^```.*?^```", "", text)
    return [
        link.split("#")[0]
        for link in re.findall(r"\]\(([^)\s]+)\)", text)
        if "://" not in link and link[0] != "#"
    ]


def _paths(text: str) -> set[str]:
    """Give the words in backticks that look like paths of the project: with a slash, from one of its folders."""
    words = re.findall(r"`([\w.]+/[\w./]*\w)/?`", text)
    return {
        word
        for word in words
        if word.split("/")[0] in ("dslab", "notebooks", "tests", ".ci") and EXAMPLE not in word
    }


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files(page: Path) -> None:
    assert [link for link in _links(page.read_text("utf-8")) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_paths_that_are_named_exist(page: Path) -> None:
    assert {path for path in _paths(page.read_text("utf-8")) if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_that_are_named_exist(page: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8")))
    named = set(
        re.findall(
            r"\bmake (?:[A-Z]+=\S+ )*([a-z][a-z-]*)",
            " ".join(re.findall(r"(?s)```.*?```|`[^`]+`", page.read_text("utf-8"))),
        )
    )
    assert named <= targets
    assert {"lab", "test"} <= named


def test_the_table_of_lessons_is_that_of_the_notebooks() -> None:
    # `make notebooks`, or python -m dslab lessons --into README.md, renews it.
    assert cli.with_lessons(README, lessons().markdown()) == README


def test_the_badge_opens_the_repository_of_pyproject_at_the_first_notebook() -> None:
    owner_and_name = REPOSITORY.removeprefix("https://github.com/")
    link = f"https://mybinder.org/v2/gh/{owner_and_name}/HEAD?urlpath=lab/tree/notebooks/00_start_here.ipynb"
    assert re.findall(r"https://mybinder\.org/v2/[^)\s]+", README) == [link]
    assert (ROOT / "notebooks" / "00_start_here.ipynb").exists()


def test_the_readme_has_a_picture_with_alt_text() -> None:
    assert re.search(r"!\[[^\]]{20,}\]\(notebooks/images/\w+\.png\)", README)


def test_the_readme_names_this_version_and_whose_labs_these_are_not() -> None:
    assert f"version {__version__}" in README
    assert [line for line in README.splitlines() if "not UW's DSLabs" in line]


def test_a_link_and_a_path_that_lead_nowhere_are_found() -> None:
    assert _links("[a](none.md#part) [b](https://x.org) [c](#d)") == ["none.md"]
    assert _paths("`dslab/none.py` and `make test` and `a/b`") == {"dslab/none.py"}

"""Every notebook has the form that is asked for, and every rule rejects a notebook that breaks it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dslab.teach import check_structure
from tests.project.files import notebooks
from tests.project.notebook_form import CHECKS, KERNEL, LESSON_CHECKS, MOST_BYTES, WIDGET_VIEW, Notebook

GOOD: Notebook = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {
        "kernelspec": KERNEL,
        "language_info": {"name": "python"},
        "dslab": {
            "lesson": "example",
            "number": 1,
            "title": "An example",
            "promise": "See an example.",
            "minutes": 60,
            "objectives": ["Say what it is."],
            "prerequisites": ["None."],
            "key_points": ["It is an example."],
            "sources": [{"title": "On examples", "author": "The press", "date": "2025"}],
            "timetable": [["All of it", 60]],
        },
    },
    "cells": [
        {
            "cell_type": "markdown",
            "id": "a",
            "metadata": {},
            "source": "# Title\n```\n### no heading\n```\n## Part\n![a tree](t.png)",
        },
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {"tags": ["raises-exception"]},
            "execution_count": 1,
            "source": "picture",
            "outputs": [
                {
                    "output_type": "display_data",
                    "data": {"image/png": "iVBO", "text/plain": "a curve"},
                    "metadata": {"image/png": {"alt": "a curve that rises"}},
                },
                {"output_type": "error", "ename": "ValueError", "evalue": "meant", "traceback": []},
            ],
        },
        {"cell_type": "code", "id": "c", "metadata": {}, "execution_count": 2, "source": "2", "outputs": []},
    ],
}


def _set(*path: object) -> Callable[[Notebook], None]:
    """Give a change that puts the last of ``path`` at the place that the others name."""

    def change(notebook: Notebook) -> None:
        *way, last, value = path
        place = notebook
        for step in way:
            place = place[step]
        place[last] = value

    return change


def _stream(name: str) -> list[dict]:
    return [{"output_type": "stream", "name": name, "text": "late"}]


def _shown(data: dict, metadata: dict | None = None) -> list[dict]:
    return [{"output_type": "display_data", "data": data, "metadata": metadata or {}}]


# The name of a rule, and changes that each break it.
BREAKS = {
    "is_valid": [_set("cells", 2, "outputs", [{"output_type": "nonsense"}]), _set("nbformat_minor", 4)],
    "is_small": [_set("cells", 2, "outputs", _shown({"text/plain": "x" * MOST_BYTES}))],
    "is_run_in_order": [_set("cells", 2, "execution_count", None), _set("cells", 2, "execution_count", 3)],
    "is_compared": [
        _set("cells", 2, "metadata", {"tags": ["nbval-skip"]}),
        _set("cells", 2, "source", "# NBVAL_IGNORE_OUTPUT\n2"),
    ],
    "has_no_stderr": [_set("cells", 2, "outputs", _stream("stderr"))],
    "has_no_unasked_error": [_set("cells", 1, "metadata", {})],
    "has_no_semicolon": [_set("cells", 2, "source", "plot(x);\n")],
    "has_no_widget_state": [_set("metadata", "widgets", {})],
    "has_no_widget_view": [
        _set("cells", 2, "outputs", _shown({WIDGET_VIEW: {"model_id": "1"}, "text/plain": "a"}))
    ],
    "has_one_title": [_set("cells", 0, "source", "## Part"), _set("cells", 0, "source", "# One\n# Two")],
    "has_no_heading_gap": [_set("cells", 0, "source", "# Title\n### Deep")],
    "has_alt_texts": [
        _set("cells", 1, "outputs", 0, "metadata", {}),
        _set("cells", 1, "outputs", 0, "metadata", {"image/png": {"alt": " "}}),
        _set("cells", 0, "source", "# Title\n![](tree.png)"),
        _set("cells", 0, "source", '# Title\n<img src="tree.png">'),
        _set("cells", 2, "outputs", _shown({"text/html": '<img src="data:x" alt="">'})),
        _set("cells", 2, "outputs", _shown({"image/svg+xml": "<svg></svg>"})),
    ],
    "has_fixed_kernel": [
        _set("metadata", "kernelspec", KERNEL | {"name": "my-env"}),
        _set("metadata", "language_info", {"name": "python", "version": "3.11.7"}),
    ],
    "compares_what_was_asked": [
        _set("cells", 1, "source", "line = lesson.line_explorer()\nlesson.asked.compare(line.result)"),
    ],
    "has_lesson_metadata": [
        _set("metadata", "dslab", None),
        _set("metadata", "dslab", "minutes", 0),
        _set("metadata", "dslab", "objectives", []),
        _set("metadata", "dslab", "title", " "),
    ],
}


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.name)
@pytest.mark.parametrize("rule", CHECKS, ids=lambda rule: rule.__name__)
def test_every_notebook_keeps_every_rule(path: Path, rule: Callable) -> None:
    if rule in LESSON_CHECKS and path.name.startswith("00_"):
        assert "lesson" not in json.loads(path.read_text("utf-8"))["metadata"].get("dslab", {})
    else:
        assert list(rule(json.loads(path.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    "path", [path for path in notebooks() if not path.name.startswith("00_")], ids=lambda path: path.name
)
def test_a_lesson_has_its_parts_in_their_order(path: Path) -> None:
    assert check_structure(path) == []


@pytest.mark.parametrize("rule", CHECKS, ids=lambda rule: rule.__name__)
def test_a_rule_accepts_a_good_notebook(rule: Callable) -> None:
    assert list(rule(copy.deepcopy(GOOD))) == []


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name in BREAKS for number in range(len(BREAKS[name]))]
)
def test_a_rule_rejects_what_breaks_it(name: str, number: int) -> None:
    bad = copy.deepcopy(GOOD)
    BREAKS[name][number](bad)
    assert list(next(rule for rule in CHECKS if rule.__name__ == name)(bad))


def test_every_rule_has_a_notebook_that_breaks_it() -> None:
    assert set(BREAKS) == {rule.__name__ for rule in CHECKS}

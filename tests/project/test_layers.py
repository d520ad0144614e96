"""Imports go downwards only, and what is imported stays light."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.files import ROOT, name, sources
from tests.project.layers import HOUSE, complaints, imports, layer, module_name

HEAVY = {
    "ipywidgets",
    "anywidget",
    "plotly",
    "matplotlib",
    "networkx",
    "numpy",
    "IPython",
    "psycopg",
    "valkey",
}
LESSONS = sorted(
    {
        part[1]
        for path in sources("dslab")
        if len(part := path.relative_to(ROOT).parts) > 2 and part[1] not in HOUSE
    }
)
BUDGETS_MS = {"dslab": 50, "dslab.sim": 100, "dslab.check": 100, "dslab.show": 600}
BUDGETS_MS |= {f"dslab.{lesson}": 100 for lesson in LESSONS}


@pytest.mark.parametrize("path", sources("dslab"), ids=name)
def test_imports_go_downwards_only(path: Path) -> None:
    assert complaints(path.read_text("utf-8"), module_name(path, ROOT), path.name == "__init__.py") == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("dslab.sim.world", "from dslab.check import explore"),
        ("dslab.sim.world", "def run():\n    import numpy"),
        ("dslab.check.explore", "import dslab.show"),
        ("dslab.check.explore", "from ..teach import Exercise"),
        ("dslab.cachefront.protocol", "from dslab.real import postgres"),
        ("dslab.cachefront.protocol", "from dslab.zanzibar import check"),
        ("dslab.cachefront.protocol", "import yaml"),
        ("dslab.cachefront.protocol", "def draw():\n    import matplotlib.pyplot"),
        ("dslab.show.explorer", "from dslab.sim import World"),
        ("dslab.show.explorer", "from dslab.cachefront import protocol"),
        ("dslab.show.explorer", "from dslab.check import Stepper"),
        ("dslab.teach.exercise", "def show():\n    from dslab.show import Explorer"),
        ("dslab.real.postgres_server", "from dslab.sim import World"),
        ("dslab.real.postgres_server", "import psycopg"),
        ("dslab.course.cachefront", "from dslab.real import postgres"),
    ],
)
def test_an_import_upwards_or_outwards_is_found(module: str, source: str) -> None:
    assert len(complaints(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("dslab.check.explore", "from dslab.sim import World"),
        ("dslab.cachefront.protocol", "from dslab.check import always"),
        ("dslab.cachefront.protocol", "from .slot import Slot"),
        ("dslab.cachefront.real", "from dslab.real import postgres\nimport psycopg"),
        ("dslab.operator", "def manifest():\n    import yaml"),
        ("dslab.show.spacetime", "from dslab.sim.trace import Trace"),
        ("dslab.course.cachefront", "from dslab.show import Explorer\nfrom dslab.cachefront import protocol"),
        ("dslab.doctor", "from dslab.real import available"),
    ],
)
def test_an_import_downwards_is_accepted(module: str, source: str) -> None:
    assert complaints(source, module) == []


def test_relative_imports_are_resolved_from_module_and_package() -> None:
    assert [found.name for found in imports("from . import trace", "dslab.sim.world")] == ["dslab.sim.trace"]
    assert [found.name for found in imports("from . import trace", "dslab.sim", is_package=True)] == [
        "dslab.sim.trace"
    ]
    assert [found.name for found in imports("from ..sim import x", "dslab.check", is_package=True)] == [
        "dslab.sim.x"
    ]


def test_every_lesson_is_a_layer_of_its_own() -> None:
    assert layer("dslab.cachefront.protocol") == layer("dslab.zanzibar") == "lesson"


def _load(module: str) -> dict:
    """Import a module in a fresh interpreter: processor milliseconds, and which heavy packages came along."""
    code = (
        "import json, sys, time\n"
        "begun = time.process_time()\n"
        f"import {module}\n"
        "spent = (time.process_time() - begun) * 1000\n"
        "print(json.dumps({'ms': spent, 'loaded': [name for name in sys.modules if '.' not in name]}))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    "module", [module for module in BUDGETS_MS if (ROOT / module.replace(".", "/") / "__init__.py").exists()]
)
def test_a_module_is_imported_within_its_budget(module: str) -> None:
    # Processor time, and the best of up to 15: what the module costs, whatever else the machine is doing.
    tries = (_load(module)["ms"] for _ in range(15))
    assert any(spent < BUDGETS_MS[module] for spent in tries)


@pytest.mark.parametrize(
    "module",
    ["dslab", "dslab.sim", "dslab.check", "dslab.real", "dslab.teach", *(f"dslab.{x}" for x in LESSONS)],
)
def test_a_module_below_the_stage_loads_no_screen(module: str) -> None:
    assert HEAVY & set(_load(module)["loaded"]) == set()


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_with_a_real_part_loads_no_client_before_it_is_used(lesson: str) -> None:
    if (ROOT / "dslab" / lesson / "real.py").exists():
        assert HEAVY & set(_load(f"dslab.{lesson}.real")["loaded"]) == set()

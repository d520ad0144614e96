"""Imports go downwards only, and what is imported stays light."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.files import ROOT, name, sources
from tests.project.layers import complaints, imports, layer, module_name

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
# Every module of a lesson that stands directly in it (or is it, where one file is enough); parts deeper down come along.
PARTS = sorted(
    {
        ".".join(module_name(path, ROOT).split(".")[:3])
        for path in sources("dslab")
        if layer(module_name(path, ROOT)) == "lesson"
    }
)
REAL_PARTS = [part for part in PARTS if part.endswith(".real")]
MODEL_PARTS = [part for part in PARTS if part not in REAL_PARTS]
BUDGETS_MS = {
    "dslab": 50,
    "dslab.sim": 100,
    "dslab.check": 100,
    "dslab.show": 600,
    "dslab.show.explorer": 600,
}
BUDGETS_MS |= dict.fromkeys(MODEL_PARTS, 100)


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
    """Import a module in a fresh interpreter: processor milliseconds, how slow the machine is, what came along.

    The machine is slow by how much longer than 25 ms a million turns of an empty loop take: a busy one has cold caches and
    half a core, which is not the module's doing.
    """
    code = (
        "import sys, time\n"
        "begun = time.process_time()\n"
        "for _ in range(1_000_000): pass\n"
        "turned = time.process_time()\n"
        f"import {module}\n"
        "spent = time.process_time() - turned\n"
        "slow = max(1, (turned - begun) / 0.025)\n"
        "loaded = [name for name in sys.modules if '.' not in name]\n"
        "import json; print(json.dumps({'ms': spent * 1000, 'slow': slow, 'loaded': loaded}))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


@pytest.mark.parametrize("module", BUDGETS_MS)
def test_a_module_is_imported_within_its_budget(module: str) -> None:
    # Processor time, and the best of up to 15: what the module costs, whatever else the machine is doing.
    tries = (_load(module) for _ in range(15))
    assert any(tried["ms"] < BUDGETS_MS[module] * tried["slow"] for tried in tries)


@pytest.mark.parametrize(
    "module", ["dslab", "dslab.sim", "dslab.check", "dslab.real", "dslab.teach", *MODEL_PARTS]
)
def test_a_module_below_the_stage_loads_no_screen(module: str) -> None:
    assert HEAVY & set(_load(module)["loaded"]) == set()


@pytest.mark.parametrize("module", REAL_PARTS)
def test_a_real_part_loads_no_client_before_it_is_used(module: str) -> None:
    assert HEAVY & set(_load(module)["loaded"]) == set()

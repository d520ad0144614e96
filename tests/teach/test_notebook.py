"""In a notebook: the same output on every run, widgets beside text and HTML, and nothing heavy at import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
WIDGET = "application/vnd.jupyter.widget-view+json"
CELLS = (
    "from dslab.check import explore\nfrom dslab.teach import header, source\nfrom tests.teach import tiny\nheader(tiny.META)",
    "tiny.RACE.ask()",
    "tiny.HOW_MANY.ask()",
    "bare = explore(tiny.shop(lock=False), [tiny.COUNTS_ALL])\ntiny.RACE.compare(bare)",
    "tiny.HOW_MANY.answer(50)\ntiny.HOW_MANY.compare(bare)",
    "source(tiny.shop, start='async def sell', lines=6)",
    "tiny.CONFIGURE.ask()",
    "tiny.CONFIGURE.check({'lock': False, 'write': 'add'})",
    "def next_sold(seen, bought):\n    return {seen, 1 // (bought - 1)}\n\ntiny.IMPLEMENT.check(next_sold)",
    "tiny.IMPLEMENT.solution()",
    "tiny.BREAK.check(None)",
    "tiny.REFEREE.check(lambda world: True)",
    "tiny.LEDGER.table()",
    "tiny.ZOO.run()",
    "tiny.ROOM.scorecard()",
    "tiny.WORDS.table()",
)


def environment(seed: int) -> dict[str, str]:
    """Give the environment of a run with this seed of Python's hashes."""
    return os.environ | {"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def executed(tmp_path_factory) -> Path:
    """A notebook of the tiny lesson, run once and cleaned as the project's own are."""
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    NotebookClient(notebook, timeout=120, kernel_name="python3", store_widget_state=False).execute(
        env=environment(1)
    )
    path = tmp_path_factory.mktemp("notebook") / "tiny.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.fixture(scope="module")
def outputs(executed) -> list[dict[str, Any]]:
    """What each cell showed."""
    cells = nbformat.read(executed, 4).cells
    assert all(len(cell.outputs) == 1 for cell in cells)
    return [cell.outputs[0] for cell in cells]


def test_no_cell_writes_to_stderr_or_fails(outputs):
    assert {output["output_type"] for output in outputs} == {"execute_result"}


def test_every_output_is_text_and_html_and_the_questions_are_widgets_too(outputs):
    assert all({"text/plain", "text/html"} <= set(output["data"]) for output in outputs)
    asked = [place for place, output in enumerate(outputs) if WIDGET in output["data"]]
    assert [CELLS[place] for place in asked] == [
        "tiny.RACE.ask()",
        "tiny.HOW_MANY.ask()",
        "tiny.CONFIGURE.ask()",
    ]


def test_what_an_output_is_stands_in_its_metadata(outputs):
    pieces = [output["metadata"]["dslab"]["piece"] for output in outputs]
    assert pieces[:9] == [
        "header", "prediction", "prediction", "comparison", "comparison", "source", "exercise", "feedback", "feedback",
    ]  # fmt: skip


def test_a_function_of_a_cell_that_raises_is_told_its_own_line(outputs):
    told = outputs[8]["data"]["text/plain"]
    assert "`ZeroDivisionError: integer division or modulo by zero` at line 2 of next_sold" in told.replace(
        "\n", " "
    )
    assert "fails on: next_sold(0, 1)" in told


def test_the_solution_opened_because_there_was_an_attempt(outputs):
    assert outputs[9]["data"]["text/plain"].startswith("Solution: The next number")


def test_no_output_is_large(outputs):
    assert max(len(str(dict(output["data"]))) for output in outputs) < 12_000


def strict(path: Path, seed: int) -> str:
    """Give what a strict nbval says of a notebook."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--nbval",
        "--nbval-current-env",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
    ]
    told = subprocess.run(
        [*command, str(path)], env=environment(seed), cwd=path.parent, capture_output=True, text=True, check=False, timeout=300
    )  # fmt: skip
    return told.stdout


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_strict_nbval_passes_whatever_the_hashes(executed, seed):
    told = strict(executed, seed)
    assert f"{len(CELLS)} passed" in told, told[-3000:]


@pytest.mark.slow
def test_strict_nbval_would_see_a_difference(executed, tmp_path):
    notebook = nbformat.read(executed, 4)
    notebook.cells = notebook.cells[:2]
    notebook.cells[1].outputs[0]["data"]["text/plain"] += "?"
    nbformat.write(notebook, tmp_path / "changed.ipynb")
    assert "1 failed, 1 passed" in strict(tmp_path / "changed.ipynb", 1)


def in_python(code: str) -> str:
    """Run code in a Python of its own and give what it printed."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment(1),
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout + run.stderr


def test_importing_prints_nothing_and_loads_no_front_end():
    heavy = "ipywidgets IPython anywidget plotly matplotlib networkx numpy dslab.check dslab.sim dslab.show nbformat"
    code = f"import sys, dslab.teach; print([name for name in {heavy.split()} if name in sys.modules])"
    assert in_python(code) == "[]\n"


def test_importing_takes_less_than_150_ms(monkeypatch, tmp_path):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv(
        "PYTHONPYCACHEPREFIX", str(tmp_path)
    )  # so that it is compiled once, as in an installation
    code = "import time; t = time.process_time(); import dslab.teach; print(time.process_time() - t)"
    assert min(float(in_python(code)) for _ in range(5)) < 0.150


def test_the_whole_of_it_works_without_ipywidgets():
    code = (
        "import sys; sys.modules['ipywidgets'] = None; sys.modules['IPython'] = None\n"
        "from tests.teach import tiny\n"
        "tiny.RACE.answer('b'); tiny.CONFIGURE.hint(); tiny.CONFIGURE.check({'lock': True, 'write': 'add'})\n"
        "print(sorted(tiny.RACE.ask()._repr_mimebundle_()[0]), tiny.CONFIGURE.solved)"
    )
    assert in_python(code) == "['text/html', 'text/plain'] True\n"


def test_a_kernel_without_ipywidgets_shows_text_and_html():
    code = (
        "import sys, types\n"
        "sys.modules['ipywidgets'] = None\n"
        "shell = types.SimpleNamespace(kernel=object())\n"
        "sys.modules['IPython'] = types.SimpleNamespace(get_ipython=lambda: shell)\n"
        "from tests.teach import tiny\n"
        "print(sorted(tiny.RACE.ask()._repr_mimebundle_()[0]))"
    )
    assert in_python(code) == "['text/html', 'text/plain']\n"

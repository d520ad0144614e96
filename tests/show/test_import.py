"""Importing the stage loads nothing heavy; drawing a live picture needs neither plotly nor matplotlib."""

import subprocess
import sys

import pytest

HEAVY = ("matplotlib", "networkx", "plotly", "numpy", "PIL", "pandas", "scipy", "nbformat", "nbclient")


def loaded(code: str) -> list[str]:
    """Give the heavy modules that a fresh Python has loaded after running the code."""
    report = f"\nimport sys; print(' '.join(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    "code",
    [
        "import dslab.show",
        "from dslab.show import Explorer, picture, table, Lines, Slider",
        "from tests.show.test_explorer import *; Explorer(model, CONTROLS, draw, title='Load')",
        "import dslab.show.notebooks",
    ],
)
def test_nothing_heavy_is_loaded(code):
    assert loaded(code) == []


def test_the_specs_need_no_widget():
    code = "from dslab.show.specs import Lines; import sys; print('ipywidgets' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False\n"
    )

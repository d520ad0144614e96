"""The commands: what they print, and their exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import dslab.course
from dslab import __version__, cli, doctor
from dslab.doctor import Row
from tests.project.files import ROOT

CLAIMS = """
from dslab.teach.claims import Claim

def _seven():
    return 7

def _broken():
    raise RuntimeError("no such table")

CLAIMS = [
    Claim("seven", "It is seven.", "An article", "2025", "V", value=7, experiment=_seven),
    Claim("secret", "It is secret.", "An article", "2025", "V", reason="Nothing was published."),
    # BROKEN
]
"""
BROKEN = 'Claim("broken", "It works.", "An article", "2025", "V", value=1, experiment=_broken),'
LESSON = {
    "lesson": "example",
    "number": 1,
    "title": "An example",
    "promise": "See an example.",
    "minutes": 60,
    "objectives": ["Say what an example is."],
    "prerequisites": ["None."],
    "key_points": ["It is an example."],
    "sources": [{"title": "On examples", "author": "A. Uthor", "date": "2025"}],
    "timetable": [["All of it", 60]],
}


@pytest.fixture
def course(monkeypatch, tmp_path: Path) -> Path:
    """Give a folder that stands in for dslab.course; what was imported from it is forgotten afterwards."""
    monkeypatch.setattr(dslab.course, "__path__", [str(tmp_path)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for module in ("example_claims", "example_other"):
        sys.modules.pop(f"dslab.course.{module}", None)
        if hasattr(dslab.course, module):
            delattr(dslab.course, module)


def _notebook(folder: Path, metadata: dict) -> None:
    cells = {"cells": [], "metadata": {"dslab": metadata}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "01_example.ipynb").write_text(json.dumps(cells), "utf-8")


def test_doctor_prints_the_rows_and_ends_with_0(capsys) -> None:
    assert cli.main(["doctor"]) == 0
    assert "The lessons can run." in capsys.readouterr().out


def test_doctor_ends_with_1_where_something_necessary_is_missing(monkeypatch, capsys) -> None:
    monkeypatch.setattr(doctor, "check", lambda: [Row("plotly", "not installed", "missing", "make lab")])
    assert cli.main(["doctor"]) == 1
    assert "missing: plotly" in capsys.readouterr().out


def test_lessons_are_listed(tmp_path: Path, capsys) -> None:
    _notebook(tmp_path, LESSON)
    assert cli.main(["lessons", "--folder", str(tmp_path)]) == 0
    assert "An example" in (out := capsys.readouterr().out) and "60 min" in out


def test_one_lesson_is_shown_with_its_timetable(tmp_path: Path, capsys) -> None:
    _notebook(tmp_path, LESSON)
    assert cli.main(["lessons", "1", "--folder", str(tmp_path)]) == 0
    assert "Timetable" in (out := capsys.readouterr().out) and "Say what an example is." in out


def test_an_unknown_lesson_is_named_beside_those_that_exist(tmp_path: Path, capsys) -> None:
    _notebook(tmp_path, LESSON)
    assert cli.main(["lessons", "paxos", "--folder", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "dslab: there is no lesson 'paxos'; there is: example (no. 1)\n"


def test_wrong_metadata_are_a_sentence(tmp_path: Path, capsys) -> None:
    _notebook(tmp_path, LESSON | {"minutes": 5})
    assert cli.main(["lessons", "--folder", str(tmp_path)]) == 1
    assert "minutes is 5" in capsys.readouterr().err


def test_the_table_of_lessons_is_put_between_its_marks(tmp_path: Path) -> None:
    _notebook(tmp_path, LESSON)
    page = tmp_path / "README.md"
    page.write_text(f"# Title\n{cli.LESSONS_BEGIN}\nold\n{cli.LESSONS_END}\nThe end.\n", "utf-8")
    assert cli.main(["lessons", "--folder", str(tmp_path), "--into", str(page)]) == 0
    text = page.read_text("utf-8")
    assert "See an example." in text and "old" not in text
    assert text.startswith("# Title\n") and text.endswith("\nThe end.\n")


def test_a_page_without_marks_is_left_as_it_is(tmp_path: Path, capsys) -> None:
    _notebook(tmp_path, LESSON)
    page = tmp_path / "README.md"
    page.write_text("# Title\n", "utf-8")
    assert cli.main(["lessons", "--folder", str(tmp_path), "--into", str(page)]) == 2
    assert page.read_text("utf-8") == "# Title\n"
    assert "no place for the lessons" in capsys.readouterr().err


def test_notebooks_that_are_not_there_are_a_sentence(tmp_path: Path, capsys) -> None:
    assert cli.main(["lessons", "--folder", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.startswith("dslab: there is no folder 'none'")


def test_claims_are_listed_without_running_anything(course: Path, capsys) -> None:
    (course / "example_claims.py").write_text(CLAIMS.replace("# BROKEN", BROKEN), "utf-8")
    assert cli.main(["claims", "example_claims"]) == 0
    assert "? not measured in this run" in (out := capsys.readouterr().out) and "add --run" in out


def test_claims_are_measured_again(course: Path, capsys) -> None:
    (course / "example_claims.py").write_text(CLAIMS, "utf-8")
    assert cli.main(["claims", "--run"]) == 0
    told = capsys.readouterr()
    assert "1 reproduced, 1 not reproducible" in told.out
    assert "1 of 2: seven" in told.err


def test_claims_end_with_1_where_an_experiment_fails(course: Path, capsys) -> None:
    (course / "example_claims.py").write_text(CLAIMS.replace("# BROKEN", BROKEN), "utf-8")
    assert cli.main(["claims", "example_claims", "--run", "--full"]) == 1
    assert "no such table" in (out := capsys.readouterr().out) and "It is secret." in out


def test_claims_of_an_unknown_lesson_name_those_that_have_some(course: Path, capsys) -> None:
    (course / "example_claims.py").write_text(CLAIMS, "utf-8")
    (course / "example_other.py").write_text("X = 1", "utf-8")
    assert cli.main(["claims", "paxos"]) == 2
    assert (
        capsys.readouterr().err == "dslab: there is no lesson 'paxos' with claims; there are example_claims\n"
    )


@pytest.mark.parametrize(
    "command", [["--help"], ["doctor", "--help"], ["lessons", "--help"], ["claims", "--help"]]
)
def test_every_command_has_help(command: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(command)
    assert ended.value.code == 0
    assert "usage: python -m dslab" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["paxos"], ["doctor", "--fast"]])
def test_what_is_no_command_ends_with_2(command: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(command)
    assert ended.value.code == 2
    assert "usage: python -m dslab" in capsys.readouterr().err


def test_no_command_at_all_shows_what_there_is_and_ends_with_2(capsys) -> None:
    assert cli.main([]) == 2
    assert "doctor" in capsys.readouterr().out


def test_a_python_without_the_packages_is_told_which_one_has_them(monkeypatch, capsys) -> None:
    def lacking(options) -> int:
        raise ModuleNotFoundError("No module named 'anywidget'", name="anywidget")

    monkeypatch.setattr(cli, "_doctor", lacking)
    assert cli.main(["doctor"]) == 2
    assert "has no anywidget; after `make lab` ask .venv/bin/python" in capsys.readouterr().err


def test_the_module_is_a_program_that_a_closed_pipe_does_not_upset() -> None:
    version = subprocess.run(
        [sys.executable, "-m", "dslab", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert version.stdout == f"dslab {__version__}\n"
    reader = "import sys; sys.stdin.read(1)"
    pipe = subprocess.Popen(
        [sys.executable, "-u", "-m", "dslab", "doctor"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    subprocess.run([sys.executable, "-c", reader], stdin=pipe.stdout, check=True)
    pipe.stdout.close()
    assert pipe.wait() == 0 and pipe.stderr.read() == b""
    pipe.stderr.close()

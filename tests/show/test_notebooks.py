"""A notebook stored by `clean` is true: strict nbval finds the same sentences again, whatever the seed of hash()."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbformat import v4

from dslab.show import notebooks
from dslab.show.pictures import WIDGET

SETUP = "from tests.show.test_explorer import CONTROLS, Explorer, draw, model\nfrom dslab.show import picture\nfrom tests.show import examples"
CELLS = (
    SETUP,
    "explorer = Explorer(model, CONTROLS, draw, title='Load')\nexplorer",
    "explorer.set(rate=9)\nprint(explorer.sentence)",
    "picture(examples.NETWORK)",
    "print('one')\nprint('two')\n1 + 1",
)


def made(*cells: str) -> nbformat.NotebookNode:
    """Make a notebook of code cells that were executed and wrote nothing."""
    nb = v4.new_notebook(cells=[v4.new_code_cell(cell, execution_count=5) for cell in cells])
    nb.metadata["dslab"] = {"minutes": 60}
    return nb


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("stored") / "lesson.ipynb"
    nbformat.write(made(*CELLS), path)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (os.getcwd(), before)))
    notebooks.execute(path)
    os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)
    return path


def outputs(path) -> list:
    """Give all outputs of a stored notebook."""
    return [output for cell in nbformat.read(path, as_version=4).cells for output in cell.outputs]


@pytest.mark.slow
def test_a_stored_notebook_has_posters_with_alt_texts_and_no_widgets(stored):
    nb = nbformat.read(stored, as_version=4)
    nbformat.validate(nb)
    pictures = [output for output in outputs(stored) if "image/png" in output.get("data", {})]
    assert len(pictures) == 2
    assert all(output.metadata["image/png"]["alt"] for output in pictures)
    assert "widgets" not in nb.metadata and not any(
        WIDGET in output.get("data", {}) for output in outputs(stored)
    )


@pytest.mark.slow
def test_a_stored_notebook_counts_its_cells_and_keeps_its_lesson(stored):
    nb = nbformat.read(stored, as_version=4)
    assert [cell.execution_count for cell in nb.cells] == [1, 2, 3, 4, 5]
    assert (nb.metadata.dslab, nb.metadata.kernelspec) == ({"minutes": 60}, notebooks.KERNEL)


@pytest.mark.slow
def test_storing_again_changes_nothing(stored, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    before = stored.read_bytes()
    notebooks.execute(stored)
    assert stored.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_strict_nbval_finds_the_same_again(stored, seed):
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()}
    environment.pop("DSLAB_POSTER", None)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--nbval",
        "--nbval-current-env",
        "-p",
        "no:cacheprovider",
        str(stored),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=stored.parent)
    assert (done.returncode, "5 passed" in done.stdout) == (0, True), done.stdout[-2000:]


@pytest.mark.slow
def test_strict_nbval_notices_another_sentence(stored, tmp_path):
    nb = nbformat.read(stored, as_version=4)
    nb.cells[1].outputs[0].data["text/plain"] = "Load\nThe synchronous load is 6 /s."
    nbformat.write(nb, tmp_path / "changed.ipynb")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--nbval",
        "--nbval-current-env",
        "-p",
        "no:cacheprovider",
    ]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [*command, str(tmp_path / "changed.ipynb")],
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert "1 failed, 4 passed" in done.stdout


@pytest.mark.slow
def test_a_failing_notebook_is_left_as_it_was(tmp_path):
    path = tmp_path / "failing.ipynb"
    nbformat.write(made("1 / 0"), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"failing.ipynb stopped at ZeroDivisionError: division by zero"):
        notebooks.execute(path)
    assert path.read_bytes() == before


def result(**data) -> nbformat.NotebookNode:
    """Make an execute_result with these data, ``_`` standing for ``/``."""
    return v4.new_output(
        "execute_result",
        data={key.replace("_", "/"): value for key, value in data.items()},
        execution_count=5,
    )


def test_a_widget_view_is_taken_out_and_its_sentence_stays():
    nb = made("x")
    nb.cells[0].outputs = [
        v4.new_output("display_data", data={"text/plain": "A sentence.", WIDGET: {"model_id": "1"}})
    ]
    assert notebooks.clean(nb).cells[0].outputs[0].data == {"text/plain": "A sentence."}


def test_an_output_of_nothing_but_a_widget_view_goes():
    nb = made("x")
    nb.cells[0].outputs = [v4.new_output("display_data", data={WIDGET: {"model_id": "1"}})]
    assert notebooks.clean(nb).cells[0].outputs == []


def test_results_count_as_their_cells_do():
    nb = made("x", "y")
    nb.cells[1].outputs = [result(text_plain="2")]
    assert [notebooks.clean(nb).cells[1].execution_count, nb.cells[1].outputs[0].execution_count] == [2, 2]


def test_text_printed_in_pieces_is_one_text():
    nb = made("x")
    nb.cells[0].outputs = [v4.new_output("stream", name="stdout", text=text) for text in ("one\n", "two\n")]
    assert [output.text for output in notebooks.clean(nb).cells[0].outputs] == ["one\ntwo\n"]


def test_what_a_run_left_in_the_metadata_goes():
    nb = made("x")
    nb.cells[0].metadata.update(execution={"iopub.execute_input": "2026"}, tags=["raises-exception"])
    nb.metadata["widgets"] = {"state": {}}
    notebooks.clean(nb)
    assert (nb.cells[0].metadata, "widgets" in nb.metadata) == ({"tags": ["raises-exception"]}, False)


@pytest.mark.parametrize(
    ("output", "count", "words"),
    [
        (None, None, "cell 0 was not executed; run the whole notebook before cleaning it"),
        (
            v4.new_output("error", ename="ValueError", evalue="no", traceback=[]),
            1,
            "cell 0 ended in ValueError: no",
        ),
        (
            v4.new_output("stream", name="stderr", text="Warning: x\n"),
            1,
            "cell 0 wrote to stderr: Warning: x",
        ),
    ],
)
def test_what_must_not_be_stored_is_refused_in_a_sentence(output, count, words):
    nb = made("x")
    nb.cells[0].execution_count = count
    nb.cells[0].outputs = [output] if output else []
    with pytest.raises(ValueError) as refused:
        notebooks.clean(nb)
    assert words in str(refused.value)


def test_a_meant_error_is_kept():
    nb = made("1 / 0")
    nb.cells[0].metadata["tags"] = ["raises-exception"]
    nb.cells[0].outputs = [
        v4.new_output("error", ename="ZeroDivisionError", evalue="division by zero", traceback=[])
    ]
    assert len(notebooks.clean(nb).cells[0].outputs) == 1


def test_an_unknown_notebook_is_an_exit_code(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert notebooks.main(["99"]) == 2
    assert "no notebook in notebooks/ has '99' in its name" in capsys.readouterr().err

"""What `make notebooks` does to an executed notebook before it is stored, so that it is true, small and the same every time.

What stays of an explorer is its poster with its alt text, and its sentence; a page without a kernel shows these. Widget
views point at a kernel that is gone, and widget state holds plotly.js once per picture: both are taken out.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

from dslab.show.pictures import POSTER
from dslab.show.pictures import WIDGET as WIDGET_VIEW

FOLDER = Path("notebooks")
LONGEST = 600  # seconds that one cell may take
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
PASSING = (
    "execution",
    "collapsed",
    "scrolled",
    "ExecuteTime",
)  # cell metadata that tells of one run or one screen


def clean(nb: Any) -> Any:
    """Clean an executed notebook (a NotebookNode or a dict of format 4) in place, and give it back.

    Takes out widget views, widget state and what a run left in the metadata; counts executed cells 1, 2, 3 ...; sets the
    kernel and language metadata to fixed ones. Other metadata (the lesson's) and all other outputs stay. Raises ValueError
    where a code cell was not executed, ended in an error that it was not meant to, or wrote to stderr.
    """
    metadata = nb["metadata"]
    metadata.pop("widgets", None)
    metadata["kernelspec"], metadata["language_info"] = dict(KERNEL), dict(LANGUAGE)
    count = 0
    for place, cell in enumerate(nb["cells"]):
        for key in PASSING:
            cell["metadata"].pop(key, None)
        if cell["cell_type"] != "code":
            continue
        if not _text(cell["source"]).strip():
            cell["execution_count"], cell["outputs"] = None, []
            continue
        count += 1
        _check(cell, place)
        cell["execution_count"] = count
        cell["outputs"] = _joined(
            [_cleaned(output, count) for output in cell["outputs"] if not _empty(output)]
        )
    return nb


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _check(cell: Any, place: int) -> None:
    if cell.get("execution_count") is None:
        raise ValueError(f"cell {place} was not executed; run the whole notebook before cleaning it")
    meant = "raises-exception" in cell["metadata"].get("tags", [])
    for output in cell["outputs"]:
        if output["output_type"] == "error" and not meant:
            raise ValueError(
                f"cell {place} ended in {output['ename']}: {output['evalue']}; tag it raises-exception if that is meant"
            )
        if output["output_type"] == "stream" and output["name"] == "stderr":
            raise ValueError(f"cell {place} wrote to stderr: {_text(output['text']).strip()[:200]}")


def _empty(output: Any) -> bool:
    """Whether nothing is left of an output without its widget view."""
    return "data" in output and not set(output["data"]) - {WIDGET_VIEW}


def _cleaned(output: Any, count: int) -> Any:
    if "data" in output:
        output["data"].pop(WIDGET_VIEW, None)
    if output["output_type"] == "execute_result":
        output["execution_count"] = count
    return output


def _joined(outputs: list[Any]) -> list[Any]:
    """Join what was printed in several pieces: how many there are hangs on the clock."""
    joined: list[Any] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output["output_type"] == "stream" and (last.get("output_type"), last.get("name")) == (
            "stream",
            output["name"],
        ):
            last["text"] = _text(last["text"]) + _text(output["text"])
        else:
            joined.append(output)
    return joined


def execute(path: Path) -> None:
    """Run a notebook with a fresh kernel in its folder, posters asked for, clean it and store it.

    Raises ValueError, in a sentence, where a cell failed; the file is then as it was.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    nb = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(
        nb, timeout=LONGEST, kernel_name="python3", resources=where, store_widget_state=False
    )
    asked = os.environ.get(POSTER)
    os.environ[POSTER] = "1"
    try:
        client.execute()
    except CellExecutionError as error:
        raise ValueError(f"{path.name} stopped at {error.ename}: {error.evalue}") from error
    finally:
        os.environ.pop(POSTER) if asked is None else os.environ.update({POSTER: asked})
    nbformat.write(clean(nb), path)


def main(arguments: list[str] | None = None) -> int:
    """Run and store the notebooks; gives 0, or 1 where one failed, or 2 where there is none."""
    parser = argparse.ArgumentParser(description="Run the notebooks and store clean outputs with posters.")
    parser.add_argument(
        "part", nargs="?", default="", help="only those whose name holds this, for example 02"
    )
    part = parser.parse_args(arguments).part
    paths = sorted(path for path in FOLDER.glob("*.ipynb") if part in path.stem)
    if not paths:
        print(f"no notebook in {FOLDER}/ has {part!r} in its name", file=sys.stderr)
        return 2
    failed = 0
    for path in paths:
        begun = time.monotonic()
        try:
            execute(path)
            print(
                f"{path}: {time.monotonic() - begun:.0f} s, {path.stat().st_size / 1000:.0f} kB", flush=True
            )
        except ValueError as problem:
            failed += 1
            print(f"{path}: {problem}", file=sys.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

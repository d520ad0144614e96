"""What the form of a stored notebook must be: one function a rule, each giving the sentences of what is wrong.

A notebook is the dict that its JSON holds. ``CHECKS`` lists the rules; test_notebook_form.py applies each to every
notebook and to one that breaks it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import nbformat

from dslab.teach import check_metadata

Notebook = dict[str, Any]

MOST_BYTES = 300_000
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
UNCOMPARED = {"nbval-skip", "nbval-ignore-output", "NBVAL_SKIP", "NBVAL_IGNORE_OUTPUT"}


def is_valid(notebook: Notebook) -> Iterator[str]:
    """It is what the notebook format says (version 4.5, with cell ids)."""
    if (notebook.get("nbformat"), notebook.get("nbformat_minor")) != (4, 5):
        yield f"format {notebook.get('nbformat')}.{notebook.get('nbformat_minor')} instead of 4.5"
    try:
        nbformat.validate(notebook, relax_add_props=False)
    except nbformat.ValidationError as error:
        yield str(error).splitlines()[0]


def is_small(notebook: Notebook) -> Iterator[str]:
    """It is under 300 kB."""
    size = len(json.dumps(notebook, ensure_ascii=False, indent=1).encode())
    if size >= MOST_BYTES:
        yield f"{size} bytes; must be under {MOST_BYTES}"


def is_run_in_order(notebook: Notebook) -> Iterator[str]:
    """Code cells count 1, 2, 3 ...; nbval compares nothing in a cell without a count."""
    counts = [cell.get("execution_count") for cell in _code(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}; must be 1 to {len(counts)}"


def is_compared(notebook: Notebook) -> Iterator[str]:
    """No cell asks nbval to look away."""
    for place, cell in enumerate(notebook["cells"]):
        tags = set(cell["metadata"].get("tags", ()))
        marks = {
            line.strip().lstrip("#").strip()
            for line in _source(cell).splitlines()
            if line.strip().startswith("#")
        }
        for mark in sorted((tags | marks) & UNCOMPARED):
            yield f"cell {place} is marked {mark}"


def has_no_stderr(notebook: Notebook) -> Iterator[str]:
    """No cell wrote a warning or an error text."""
    for place, output in _outputs(notebook):
        if output.get("name") == "stderr":
            yield f"cell {place} wrote to stderr: {''.join(output['text'])[:80]!r}"


def has_no_unasked_error(notebook: Notebook) -> Iterator[str]:
    """A cell fails only where its tag raises-exception says that it should."""
    for place, output in _outputs(notebook):
        tags = notebook["cells"][place]["metadata"].get("tags", ())
        if output["output_type"] == "error" and "raises-exception" not in tags:
            yield f"cell {place} failed with {output['ename']}: {output['evalue'][:80]}"


def has_no_semicolon(notebook: Notebook) -> Iterator[str]:
    """No cell ends with ``;``, which hides its output in a browser and not from nbval."""
    for place, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code" and _source(cell).rstrip().endswith(";"):
            yield f"cell {place} ends with a semicolon"


def has_no_widget_state(notebook: Notebook) -> Iterator[str]:
    """No state of widgets is stored."""
    if "widgets" in notebook["metadata"]:
        yield "metadata.widgets is stored"


def has_no_widget_view(notebook: Notebook) -> Iterator[str]:
    """No output refers to a widget of a kernel that is gone."""
    for place, output in _outputs(notebook):
        if WIDGET_VIEW in output.get("data", {}):
            yield f"cell {place} stores a widget view"


def has_one_title(notebook: Notebook) -> Iterator[str]:
    """The first cell has the one heading of level 1."""
    places = [place for place, level, _ in _headings(notebook) if level == 1]
    if places != [0]:
        yield f"headings of level 1 in cells {places}; must be one, in cell 0"


def has_no_heading_gap(notebook: Notebook) -> Iterator[str]:
    """A heading is at most one level below the one before it."""
    before = 0
    for place, level, text in _headings(notebook):
        if level > before + 1:
            yield f"cell {place}: {text!r} is of level {level} after level {before}"
        before = level


def has_alt_texts(notebook: Notebook) -> Iterator[str]:
    """Every picture, in prose and in outputs, has a text that says what it shows."""
    for place, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "markdown":
            text = _source(cell)
            if re.search(r"!\[\s*\]\(", text):
                yield f"cell {place} has a picture without alt text"
            yield from _html_without_alt(place, text)
    for place, output in _outputs(notebook):
        data, told = output.get("data", {}), output.get("metadata", {})
        for mime in data:
            if mime in ("image/png", "image/jpeg") and not str(told.get(mime, {}).get("alt", "")).strip():
                yield f"cell {place} stores {mime} without alt text"
        yield from _html_without_alt(place, "".join(data.get("text/html", "")))
        if "image/svg+xml" in data and not re.search("aria-label|<title", "".join(data["image/svg+xml"])):
            yield f"cell {place} stores an SVG without aria-label or title"


def has_fixed_kernel(notebook: Notebook) -> Iterator[str]:
    """It names the kernel that every installation has, and no version of Python."""
    if notebook["metadata"].get("kernelspec") != KERNEL:
        yield f"kernelspec is {notebook['metadata'].get('kernelspec')}; must be {KERNEL}"
    if "version" in notebook["metadata"].get("language_info", {}):
        yield f"language_info names version {notebook['metadata']['language_info']['version']}"


def compares_what_was_asked(notebook: Notebook) -> Iterator[str]:
    """No comparison judges an explorer as the reader left its controls; ``explorer.at(...)`` computes the case of the question."""
    explorers: set[str] = set()
    for place, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            explorers |= set(re.findall(r"^(\w+) = \w+\.\w+_explorer\(", _source(cell), re.MULTILINE))
            read = set(re.findall(r"\b(\w+)\.result\b", _source(cell))) & explorers
            if ".compare(" in _source(cell) and read:
                yield f"cell {place} compares with {read.pop()}.result, which hangs on its controls; use .at(...)"


def has_lesson_metadata(notebook: Notebook) -> Iterator[str]:
    """metadata.dslab says the lesson's name, title, minutes, objectives, prerequisites, key points ..."""
    yield from check_metadata(notebook)


LESSON_CHECKS = [has_lesson_metadata]  # not for the notebook that comes before all lessons
CHECKS = [
    is_valid,
    is_small,
    is_run_in_order,
    is_compared,
    has_no_stderr,
    has_no_unasked_error,
    has_no_semicolon,
    has_no_widget_state,
    has_no_widget_view,
    has_one_title,
    has_no_heading_gap,
    has_alt_texts,
    has_fixed_kernel,
    compares_what_was_asked,
    *LESSON_CHECKS,
]


def prose(notebook: Notebook) -> str:
    """Give all that a reader can read: sources and outputs, pictures left out."""
    texts = [_source(cell) for cell in notebook["cells"]]
    for _, output in _outputs(notebook):
        texts.append("".join(output.get("text", "")))
        texts += ["".join(data) for mime, data in output.get("data", {}).items() if mime.startswith("text/")]
        texts.append("\n".join(output.get("traceback", ())))
    return re.sub(r"data:image/[^\"')]+", "", "\n".join(texts)) + json.dumps(notebook["metadata"])


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _code(notebook: Notebook) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _outputs(notebook: Notebook) -> Iterator[tuple[int, dict[str, Any]]]:
    for place, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", ()):
            yield place, output


def _headings(notebook: Notebook) -> Iterator[tuple[int, int, str]]:
    for place, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "markdown":
            text = re.sub(r"(?ms)^(```|~~~).*?^\1", "", _source(cell))
            for marks, words in re.findall(r"(?m)^ {0,3}(#{1,6})\s+(.+)$", text):
                yield place, len(marks), words


def _html_without_alt(place: int, text: str) -> Iterator[str]:
    for tag in re.findall(r"<img\b[^>]*>", text):
        if not re.search(r"""\balt\s*=\s*(["'])\s*[^"'\s]""", tag):
            yield f"cell {place} has {tag[:60]!r} without alt text"

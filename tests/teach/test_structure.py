"""The structure checker accepts a lesson that has everything, and names whatever is missing, doubled or out of order."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from dslab.teach import check_structure
from dslab.teach.structure import split, what_it_does
from tests.teach.tiny import META

Notebook = dict[str, Any]
PROSE = "A reader and a writer meet in the cache, and which of them comes last decides what everybody reads afterwards, so look.\n"


def text(source: str) -> dict[str, Any]:
    """Give a Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str, shown: str = "", tags: tuple[str, ...] = ()) -> dict[str, Any]:
    """Give a code cell with what it showed."""
    outputs = (
        [{"output_type": "execute_result", "data": {"text/plain": shown}, "metadata": {}}] if shown else []
    )
    return {
        "cell_type": "code",
        "metadata": {"tags": list(tags)},
        "source": source,
        "outputs": outputs,
        "execution_count": 1,
    }


def act(number: int) -> list[dict[str, Any]]:
    """Give the cells of a sound act."""
    return [
        text(f"## Act {number}: the fill\n\nA fill comes late."),
        code(f"course.P{number}.ask()"),
        code(f"result = course.explorer_{number}"),
        code(f"course.P{number}.compare(result)"),
        text("### What happened\n\n" + PROSE),
        code("source(protocol.fill)"),
    ]


def lesson() -> Notebook:
    """Give a lesson in which nothing is wrong."""
    meta = META.to_json() | {
        "timetable": [["The article", 10], ["Act 1: one", 10], ["Act 2", 10], ["Act 3", 10], ["Rest", 20]],
        "real": True,
    }
    exercises = [
        code(f"course.E{number}.ask()", f"Exercise ({kind}): Title\nQuestion")
        for number, kind in enumerate(("configure", "implement", "break it", "referee"))
    ]
    cells = [
        text("# The lost update\n\nLose a sale and keep it from happening."),
        code("header(course.META)"),
        text(
            "## The article\n\n"
            + "word " * 330
            + "\n\n[Uber](https://example.org), 26 August 2025.\n\n### What it gets wrong\n\nIt does."
        ),
        text("## The system in one picture"),
        code("course.picture"),
        *act(1),
        *act(2),
        *act(3),
        text("## Break it"),
        code("explore(course.late_fill)"),
        text("## For real"),
        code("course.real()"),
        text("## The article's claims, one by one"),
        code("course.LEDGER.table()"),
        text("## Exercises"),
        *exercises,
        text(
            f"## What the model leaves out\n\n{PROSE}\n### Further reading\n\n- [Paper](https://example.org)"
        ),
    ]
    return {"cells": cells, "metadata": {"dslab": meta}, "nbformat": 4, "nbformat_minor": 5}


def place(notebook: Notebook, start: str) -> int:
    """Give the place of the first cell whose source begins so."""
    return next(at for at, cell in enumerate(notebook["cells"]) if cell["source"].startswith(start))


def without(*starts: str) -> Callable[[Notebook], None]:
    """Give a change that takes cells out."""

    def change(notebook: Notebook) -> None:
        for start in starts:
            del notebook["cells"][place(notebook, start)]

    return change


def instead(start: str, old: str, new: str) -> Callable[[Notebook], None]:
    """Give a change that replaces a text in a cell."""

    def change(notebook: Notebook) -> None:
        cell = notebook["cells"][place(notebook, start)]
        assert old in cell["source"]
        cell["source"] = cell["source"].replace(old, new)

    return change


def moved(start: str, before: str) -> Callable[[Notebook], None]:
    """Give a change that moves a cell."""

    def change(notebook: Notebook) -> None:
        cell = notebook["cells"].pop(place(notebook, start))
        notebook["cells"].insert(place(notebook, before), cell)

    return change


def added(*cells: dict[str, Any], before: str) -> Callable[[Notebook], None]:
    """Give a change that puts cells in."""

    def change(notebook: Notebook) -> None:
        at = place(notebook, before)
        notebook["cells"][at:at] = cells

    return change


def unreal(notebook: Notebook) -> None:
    """Take the real part out of the metadata only."""
    notebook["metadata"]["dslab"]["real"] = False


def no_timetable_row(notebook: Notebook) -> None:
    """Take an act out of the timetable only."""
    notebook["metadata"]["dslab"]["timetable"][2][0] = "Rest"


def not_run(notebook: Notebook) -> None:
    """Take all outputs out."""
    for cell in notebook["cells"]:
        cell.pop("outputs", None)


def no_explorer(notebook: Notebook) -> None:
    """Take the explorer out of an act."""
    del notebook["cells"][place(notebook, "result = course.explorer_1")]


ACT_4_AND_5_AND_6 = added(*act(4), *act(5), *act(6), before="## Break it")
BROKEN = [
    (without("## The system in one picture"), 'the part "... in one picture" is missing'),
    (without("## Break it", "## For real"), 'the part "Break it" is missing'),
    (without("## Break it", "## For real"), 'the part "For real" is missing'),
    (without("## The article's claims"), 'the part "Claims" is missing'),
    (without("## The article\n"), 'the part "The article" is missing'),
    (unreal, 'there is a part "For real", but the metadata do not say'),
    (moved("## Exercises", "## Break it"), 'the part "Break it" stands after "Exercises"'),
    (added(text("## Break it again"), code("1"), before="## For real"), 'there are two parts "Break it"'),
    (instead("# The", "# The lost update\n\n", ""), "the first cell must begin with the title"),
    (instead("# The", "# The lost update\n\n", ""), "there are 0 headings of level 1"),
    (added(text("# Again"), before="## Break it"), "there are 2 headings of level 1"),
    (instead("# The", "Lose a sale and keep it from happening.", ""), "the title is followed by 0 words"),
    (instead("# The", "Lose a sale", "Lose a sale " * 20), "it must be a promise of 1 to 40"),
    (without("header(course.META)"), "must say how many minutes"),
    (instead("## The article", "word " * 330, "word " * 200), "the part on the article has 20"),
    (instead("## The article", "word " * 330, "word " * 600), "it must have 300 to 500"),
    (instead("## The article", "(https://example.org)", ""), "no link to its source"),
    (instead("## The article", "26 August 2025", "last year"), "gives no date"),
    (without("course.picture"), 'the part "The system in one picture" has no code cell'),
    (without("explore("), 'the part "Break it" has no code cell'),
    (without("course.LEDGER"), 'the part "The article\'s claims, one by one" shows no ledger'),
    (without("course.P2.ask()"), "act 2 asks no prediction"),
    (without("course.P2.compare"), "act 2 never comes back to the prediction course.P2"),
    (moved("course.P2.ask()", "course.P2.compare"), "act 2 asks its prediction after its explorer"),
    (
        moved("course.P2.compare", "result = course.explorer_2"),
        "act 2 compares the prediction course.P2 before its explorer",
    ),
    (instead("course.P2.compare", "P2", "P1"), "act 2 never comes back to the prediction course.P2"),
    (no_explorer, "act 1 has no explorer"),
    (without("### What happened"), "act 1 says nothing after its explorer"),
    (without("source(protocol.fill)"), "act 1 does not show the lines that do it"),
    (instead("## Act 3", "Act 3", "Act 4"), "the acts are numbered 1, 2, 4; they must count from 1"),
    (instead("## Act 3", "Act 3", "The last act"), "there are 2 acts; there must be 3 to 5"),
    (ACT_4_AND_5_AND_6, "there are 6 acts; there must be 3 to 5"),
    (ACT_4_AND_5_AND_6, "there are 6 explorers; there must be 3 to 5"),
    (instead("result = course.explorer_2", "explorer_2", "explorer_1"), "there are 2 explorers"),
    (no_timetable_row, "act 2 has no row in the timetable"),
    (without("course.E3"), "there are 3 exercises (`.ask()`); there must be 4 to 6"),
    (instead("course.E1", "ask()", "check(None)"), "there are 3 exercises"),
    (not_run, "the kinds of the exercises cannot be read"),
    (instead("## What the model", "Further reading", "More"), 'there is no heading "Further reading"'),
    (
        instead("## What the model", "(https://example.org)", ""),
        'there is no heading "Further reading" with a link',
    ),
    (instead("## What the model", PROSE, ""), "has fewer than 20 words"),
    (
        instead("### What happened", "### What", "#### What"),
        "is of level 4 after level 2; none may be skipped",
    ),
]


def test_a_sound_lesson_has_no_problems():
    assert check_structure(lesson()) == []


@pytest.mark.parametrize(("change", "says"), BROKEN, ids=[says for _, says in BROKEN])
def test_what_is_missing_or_out_of_order_is_named(change, says):
    broken = copy.deepcopy(lesson())
    change(broken)
    assert says in " | ".join(check_structure(broken))


@pytest.mark.parametrize("kind", ["configure", "implement", "break it"])
def test_every_required_kind_of_exercise_is_asked_for(kind):
    broken = lesson()
    for cell in broken["cells"]:
        for output in cell.get("outputs", ()):
            output["data"]["text/plain"] = output["data"]["text/plain"].replace(f"({kind})", "(predict)")
    assert check_structure(broken) == [f'there is no exercise of the kind "{kind}"; every lesson has one']


def test_a_lesson_without_a_real_part_needs_none():
    plain = lesson()
    unreal(plain)
    without("## For real", "course.real()")(plain)
    assert check_structure(plain) == []


def test_other_parts_may_stand_between():
    more = lesson()
    added(text("## The bug zoo"), code("course.ZOO.run()"), before="## For real")(more)
    added(text("## Words\n\nA slot."), before="## Act 1")(more)
    assert check_structure(more) == []


def test_problems_of_the_metadata_come_first():
    broken = lesson()
    del broken["metadata"]["dslab"]["title"]
    assert check_structure(broken) == ["title is None; it must be a text"]


def test_no_metadata_at_all_is_a_sentence_and_the_rest_is_checked():
    broken = lesson()
    broken["metadata"] = {}
    assert [problem.split(";")[0] for problem in check_structure(broken)] == [
        "metadata.dslab is missing",
        'there is a part "For real", but the metadata do not say "real": true',
    ]


def test_an_empty_notebook_and_no_notebook_get_sentences():
    assert "the first cell must begin with the title" in " ".join(
        check_structure({"cells": [], "metadata": {}})
    )
    assert check_structure("/nowhere.ipynb")[0].startswith("/nowhere.ipynb cannot be read as a notebook")


def test_headings_in_fenced_code_are_no_headings():
    fenced = lesson()
    added(text("```\n# no heading\n## Break it\n```"), before="## Break it")(fenced)
    assert check_structure(fenced) == []


def test_several_headings_in_one_cell_are_cut():
    cells = [text("# T\n\np\n\n## Break it\n\nq"), code("1")]
    assert [(part.title, len(part.cells)) for part in split({"cells": cells})] == [("T", 1), ("Break it", 2)]


def test_sources_that_are_lists_of_lines_are_read():
    listed = lesson()
    for cell in listed["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    assert check_structure(listed) == []


@pytest.mark.parametrize(
    ("source", "asked", "explorers"),
    [
        ("course.P1.ask()", ("course.P1",), ()),
        ("# course.P1.ask()", (), ()),
        ("'course.explorer.ask()'", (), ()),
        ("%time\nroom['late'].ask()", ("room['late']",), ()),
        ("course.slot_explorer", (), ("course.slot_explorer",)),
        ("Explorer(model)", (), ("Explorer",)),
        ("this is no Python", (), ()),
    ],
)
def test_what_a_cell_does_is_read_from_its_code(source, asked, explorers):
    does = what_it_does(code(source))
    assert (does.asked, does.explorers) == (asked, explorers)


def test_a_tag_can_say_that_a_cell_is_an_explorer():
    assert what_it_does(code("course.slot()", tags=("explorer",))).explorers == ("course.slot()",)

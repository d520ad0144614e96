"""A lesson's metadata are checked, kept in its notebook, and listed."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from dslab.teach import LessonMeta, check_metadata, header, key_points, lessons, timetable
from tests.teach.tiny import META


def notebook(meta: Any = None) -> dict[str, Any]:
    """Give a notebook with these metadata."""
    return {
        "cells": [],
        "metadata": {} if meta is None else {"dslab": meta},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def changed(**how: Any) -> dict[str, Any]:
    """Give sound metadata with these entries replaced (None: left out)."""
    data = copy.deepcopy(META.to_json()) | how
    return {name: value for name, value in data.items() if value is not None}


def test_metadata_survive_the_notebook():
    assert LessonMeta.from_json(json.loads(json.dumps(META.to_json()))) == META


def test_sound_metadata_have_no_problems():
    assert check_metadata(notebook(META.to_json())) == []


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"title": None}, "title is None; it must be a text"),
        ({"promise": " "}, "promise is ' '; it must be a text"),
        ({"number": 0}, "number is 0; it must be a whole number of at least 1"),
        ({"part": "B"}, "part is 'B'; it must be one small letter, or empty"),
        ({"number": True}, "number is True; it must be a whole number"),
        ({"minutes": 59, "timetable": [["x", 59]]}, "minutes is 59; it must be 60 to 90"),
        ({"minutes": "75"}, "minutes is '75'; it must be 60 to 90"),
        ({"objectives": []}, "objectives is []; it must be a list of sentences"),
        ({"prerequisites": "Python"}, "prerequisites is 'Python'; it must be a list of sentences"),
        ({"key_points": ["", "b"]}, "key_points is ['', 'b']; it must be a list of sentences"),
        ({"minutes": 61}, "the timetable comes to 60 minutes, but minutes is 61"),
        ({"timetable": [["Act 1", "ten"]]}, "the timetable has the row ['Act 1', 'ten']"),
        ({"timetable": []}, "timetable is []; it must be a list of parts"),
        ({"sources": []}, "sources is []; it must be a list of articles"),
        ({"sources": [{"title": "T", "author": "A"}]}, "a source has the date None; it must be a text"),
        (
            {"sources": [{"title": "T", "author": "A", "date": "2020", "url": "shop"}]},
            "the url 'shop'; it must be an address",
        ),
        (
            {"sources": ["an article"]},
            "the source 'an article' must have title, author, date and perhaps url",
        ),
        ({"real": "yes"}, "real is 'yes'; it must be true or false"),
        ({"objective": ["o"]}, "objective is not a known entry; there are key_points, lesson, minutes"),
    ],
)
def test_each_mistake_gets_its_sentence(how, says):
    problems = check_metadata(notebook(changed(**how)))
    assert len(problems) == 1 and says in problems[0]


@pytest.mark.parametrize(
    ("thing", "says"),
    [
        (notebook(), "metadata.dslab is missing"),
        (notebook([]), "metadata.dslab is missing"),
        (7, "this int is not a notebook"),
        ({"metadata": {}}, "it has no list of cells"),
        ("/nowhere/x.ipynb", "/nowhere/x.ipynb cannot be read as a notebook"),
    ],
)
def test_what_is_no_lesson_gets_a_sentence(thing, says):
    problems = check_metadata(thing)
    assert len(problems) == 1 and says in problems[0]


def test_metadata_are_checked_when_they_are_made():
    with pytest.raises(
        ValueError, match="metadata of lesson 'shop': the timetable comes to 60 minutes, but minutes is 75"
    ):
        replace(META, minutes=75)


@pytest.fixture
def folder(tmp_path):
    """A folder of two lessons and a notebook that is none."""
    for name, meta in (
        ("02_shop", changed()),
        ("01_bank", changed(lesson="bank", number=3, title="The bank", promise="Lose | money.")),
        ("00_start", None),
    ):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(notebook(meta)), "utf-8")
    return tmp_path


def test_lessons_are_listed_by_their_number(folder):
    assert [(file, meta.lesson) for file, meta in lessons(folder).rows] == [
        ("02_shop.ipynb", "shop"),
        ("01_bank.ipynb", "bank"),
    ]


def test_lessons_as_text_and_as_markdown(folder):
    found = lessons(folder)
    assert found.describe().splitlines()[3] == "1    The lost update  60 min  02_shop.ipynb"
    assert "| 1 | [The lost update](notebooks/02_shop.ipynb) | 60 min | Lose a sale" in found.markdown()
    assert '<a href="02_shop.ipynb">The lost update</a>' in found.html()
    assert (len(found), found.minutes) == (2, 120)


def test_a_bar_in_a_promise_does_not_break_the_markdown_table(folder):
    assert "Lose \\| money." in lessons(folder).markdown()


@pytest.mark.parametrize("name", ["shop", 1, "1"])
def test_a_lesson_is_found_by_name_or_number(folder, name):
    assert lessons(folder).find(name).lesson == "shop"


def test_an_unknown_lesson_is_told_which_there_are(folder):
    with pytest.raises(ValueError, match=r"there is no lesson 'shp'; there is: shop .no. 1., bank .no. 3."):
        lessons(folder).find("shp")


def test_without_a_folder_there_is_a_sentence(tmp_path):
    with pytest.raises(
        FileNotFoundError, match="there is no folder 'notebooks' with the lessons beside the package"
    ):
        lessons(tmp_path / "notebooks")


def test_a_broken_lesson_is_named(folder):
    (folder / "02_shop.ipynb").write_text(json.dumps(notebook(changed(number=0))), "utf-8")
    with pytest.raises(ValueError, match=r"02_shop.ipynb: metadata.dslab: number is 0"):
        lessons(folder)


def test_a_lesson_of_several_notebooks_is_listed_by_its_parts(folder):
    for part in "ba":
        again = changed(lesson=f"shop {part}", number=10, part=part)
        (folder / f"10{part}.ipynb").write_text(json.dumps(notebook(again)), "utf-8")
    assert [meta.label for meta in lessons(folder)] == ["1", "3", "10a", "10b"]
    assert lessons(folder).find("10b").lesson == "shop b"


@pytest.mark.parametrize(
    ("how", "says"), [({"lesson": "x"}, "both lesson 1"), ({"number": 4}, "the lesson 'shop'")]
)
def test_a_number_and_a_name_are_given_once(folder, how, says):
    (folder / "05_again.ipynb").write_text(json.dumps(notebook(changed(**how))), "utf-8")
    with pytest.raises(ValueError, match=says):
        lessons(folder)


def test_the_head_of_a_lesson_has_promise_minutes_needs_and_source():
    page = header(META).html()
    assert "Lose a sale" in page and "60 minutes" in page and "<li>Python functions.</li>" in page
    assert '“<a href="https://example.org/shop">How to keep a shop</a>”, 1 April 2020' in page


def test_the_timetable_adds_up():
    assert timetable(META).rows == (
        ("The article", "0:00", "10 min"),
        ("Act 1: two sellers", "0:10", "25 min"),
        ("Exercises", "0:35", "25 min"),
    )


def test_key_points_are_a_list():
    assert key_points(META).describe().splitlines()[1] == "  - Between two events anybody may run."

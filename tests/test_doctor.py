"""The preflight: what is there, what is missing, and what to do."""

from __future__ import annotations

import importlib.metadata

import pytest

from dslab import doctor, doctor_view
from dslab.doctor import Row, at_least, bound


def test_everything_necessary_is_here_where_the_tests_run() -> None:
    rows = doctor.check()
    assert doctor.ready(rows), doctor.table(rows)
    assert {"Python", "plotly", "real PostgreSQL", "real Valkey", "Chromium for the tests"} <= {
        row.part for row in rows
    }


def test_every_requirement_of_the_project_is_looked_at() -> None:
    names = {bound(line)[0] for line in doctor.requirements()}
    assert {"anywidget", "ipywidgets", "jupyterlab", "matplotlib", "networkx", "plotly", "pyyaml"} == names
    assert names <= {row.part for row in doctor.check()}


def test_requirements_come_from_pyproject_where_nothing_is_installed(monkeypatch) -> None:
    def unknown(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    installed = sorted(map(bound, doctor.requirements()))
    monkeypatch.setattr(importlib.metadata, "requires", unknown)
    assert sorted(map(bound, doctor.requirements())) == installed


@pytest.mark.parametrize(
    ("version", "least", "enough"),
    [
        ("8.1.9", "8.1", True),
        ("8.1", "8.1.0", True),
        ("10.0", "9.5", True),
        ("6.0rc1", "6.0", True),
        ("5.24.1", "6.0", False),
    ],
)
def test_versions_are_compared_by_number(version: str, least: str, enough: bool) -> None:
    assert at_least(version, least) is enough


def test_a_bound_is_read_with_extras_and_markers() -> None:
    assert bound("psycopg[binary]>=3.2; sys_platform != 'win32'") == ("psycopg", "3.2")
    assert bound("valkey") == ("valkey", "")


def test_a_bound_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="write name>="):
        bound("plotly==6.0,<7")


def test_an_old_package_is_missing_and_the_remedy_is_named(monkeypatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.0")
    rows = doctor.check()
    row = next(row for row in rows if row.part == "plotly")
    assert (row.state, row.found) == ("missing", "1.0 (needs 6.0 or newer)")
    assert "make lab" in row.remedy
    assert "plotly" in doctor.conclusion(rows) and not doctor.ready(rows)


def test_a_front_end_that_jupyterlab_does_not_see_is_missing(monkeypatch) -> None:
    monkeypatch.setattr("jupyterlab_server.config.get_federated_extensions", lambda paths: {})
    rows = [row for row in doctor.check() if row.part.startswith("front end: sliders")]
    assert [row.state for row in rows] == ["missing"]


def test_without_real_parts_and_chromium_the_lessons_still_run(monkeypatch) -> None:
    none = [{"part": "Valkey", "ready": False, "how": "not available", "remedy": "Set a URL."}]
    monkeypatch.setattr("dslab.real.available", lambda: none)
    monkeypatch.setenv("DSLAB_CHROMIUM", "no-such-browser")
    rows = doctor.check()
    assert doctor.ready(rows)
    assert doctor.conclusion(rows).endswith("not needed for them: real Valkey, Chromium for the tests.")
    assert "-> Set a URL." in doctor.table(rows) and "sudo apt install chromium" in doctor.table(rows)


def test_a_look_that_breaks_becomes_a_row(monkeypatch) -> None:
    def broken() -> None:
        raise RuntimeError("half installed")

    monkeypatch.setattr("dslab.real.available", broken)
    rows = doctor.check()
    assert [row.found for row in rows if row.part == "Real parts"] == ["RuntimeError: half installed"]
    assert rows[-1].part == "Chromium for the tests"


def test_a_state_of_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="use one of ready, missing, optional"):
        Row("Python", "3.11", "fine")


def test_the_page_escapes_what_it_shows_and_says_that_the_front_end_answers() -> None:
    page = doctor_view.page([Row("a <b>", "c & d", "missing", "do > this")], "Not yet.")
    assert "a &lt;b&gt;" in page and "c &amp; d" in page and "do &gt; this" in page
    assert page.count("<tr>") == 3 and "it drew this table" in page


def test_the_preflight_stores_the_same_sentence_everywhere(monkeypatch) -> None:
    monkeypatch.setattr(doctor, "check", lambda: [Row("Python", "2.7", "missing", "install another")])
    shown = doctor.preflight()
    assert repr(shown) == doctor.SENTENCE
    bundle = shown._repr_mimebundle_()[0]
    assert bundle["text/plain"] == doctor.SENTENCE
    assert set(bundle) == {"text/plain", "application/vnd.jupyter.widget-view+json"}
    assert "2.7" in shown.page and not shown.answered

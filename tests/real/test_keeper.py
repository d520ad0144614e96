"""The keeper's own decisions: where the folder goes, who runs the server, what is copied."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from dslab import real
from dslab.real import keeper, unavailable

pwd = pytest.importorskip("pwd", reason="Windows has no accounts of this kind")


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    """Give a path that is too long for a socket and one that is short enough."""
    long = tmp_path / ("x" * 120)
    long.mkdir()
    return long, Path("/tmp")


def test_a_folder_too_long_for_a_socket_is_passed_over(roots: tuple[Path, Path]) -> None:
    folder = keeper.make_folder([str(roots[0]), str(roots[1])], "dslab-test-", keeper.POSTGRES_SOCKET, None)
    try:
        assert Path(folder).parent == roots[1]
        assert len(os.fsencode(f"{folder}/{keeper.POSTGRES_SOCKET}")) <= 103
    finally:
        os.rmdir(folder)


def test_no_folder_at_all_is_a_sentence_and_nothing_is_made(roots: tuple[Path, Path]) -> None:
    with pytest.raises(
        keeper.Failure, match=r"short enough for a socket \(103 bytes.*set TMPDIR to a short one"
    ):
        keeper.make_folder([str(roots[0])], "dslab-test-", keeper.POSTGRES_SOCKET, None)
    assert list(roots[0].iterdir()) == []


def test_without_a_socket_no_path_is_too_long(roots: tuple[Path, Path]) -> None:
    folder = keeper.make_folder([str(roots[0])], "dslab-test-", "", None)
    assert Path(folder).parent == roots[0]


def test_the_folder_is_private() -> None:
    folder = keeper.make_folder(["/tmp"], "dslab-test-", keeper.VALKEY_SOCKET, None)
    try:
        assert os.stat(folder).st_mode & 0o777 == 0o700
    finally:
        os.rmdir(folder)


def test_a_closed_folder_above_is_seen(tmp_path: Path) -> None:
    (tmp_path / "closed" / "open").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    assert not keeper.open_to_all(str(tmp_path / "closed" / "open"))
    assert keeper.open_to_all("/tmp")


def test_root_runs_postgres_as_nobody_and_others_as_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert keeper.other_account() is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert keeper.other_account() == pwd.getpwnam("nobody")


def test_root_without_any_other_account_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", none)
    with pytest.raises(keeper.Failure, match="refuses to run as root"):
        keeper.other_account()


def wheel_programs() -> Path:
    try:
        return unavailable.postgres_programs()
    except real.Unavailable as reason:
        return pytest.skip(str(reason))


def test_a_wheel_that_can_be_entered_is_used_where_it_is(tmp_path: Path) -> None:
    programs = str(wheel_programs())
    assert keeper.reachable_programs(programs, str(tmp_path), None) == programs
    assert list(tmp_path.iterdir()) == []


def test_a_wheel_in_a_closed_folder_is_copied_and_the_copy_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "open_to_all", lambda path: False)
    programs = keeper.reachable_programs(str(wheel_programs()), str(tmp_path), SimpleNamespace(pw_uid=65534))
    assert programs.startswith(str(tmp_path))
    version = subprocess.run([f"{programs}/initdb", "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("initdb (PostgreSQL) 18")
    assert all(os.stat(path).st_mode & 0o005 == 0o005 for path in (programs, f"{programs}/postgres"))


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("one\ntwo.\n\n", "two"),
        ("LOG: one\nat 10:00 [7] LOG:  two\nat 10:00 [7] FATAL:  three\nremoving it\n", "two; three"),
        ("", "it wrote no message"),
    ],
)
def test_the_last_words_of_a_server_are_its_last_complaints_or_line(
    tmp_path: Path, log: str, words: str
) -> None:
    (tmp_path / "log").write_text(log)
    assert keeper.last_words(str(tmp_path / "log")) == words

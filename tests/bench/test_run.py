"""The runner of the benches: which files it finds, its table, and its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import run

ROWS = 'def rows():\n    return [{{"what": "a", "ours": "2", "peer": "1", "ratio": "2", "budget": "1.5", "ok": {ok}}}]\n'


@pytest.fixture
def here(monkeypatch, tmp_path: Path) -> Path:
    """Give a folder with two benches, the second of which misses its budget."""
    monkeypatch.setattr(run, "HERE", tmp_path)
    (tmp_path / "bench_fast.py").write_text(ROWS.format(ok=True), "utf-8")
    (tmp_path / "bench_slow.py").write_text(ROWS.format(ok=False), "utf-8")
    return tmp_path


def test_a_kept_budget_ends_with_0(here: Path, capsys) -> None:
    assert run.main(["fast"]) == 0
    assert "1 of 1 budgets kept." in capsys.readouterr().out


def test_a_missed_budget_is_said_in_words_and_ends_with_1(here: Path, capsys) -> None:
    assert run.main([]) == 1
    assert "MISSED" in (out := capsys.readouterr().out) and "1 of 2 budgets kept." in out


def test_a_name_that_no_bench_has_ends_with_2(here: Path, capsys) -> None:
    assert run.main(["paxos"]) == 2
    assert "there are bench_fast, bench_slow" in capsys.readouterr().err


def test_a_row_without_a_column_is_refused(here: Path) -> None:
    (here / "bench_odd.py").write_text('def rows():\n    return [{"what": "a"}]\n', "utf-8")
    with pytest.raises(ValueError, match=r"bench_odd.py: a row lacks ours, peer, ratio, budget, ok"):
        run.main(["odd"])

"""Stored results stand in where a real part cannot be had, and say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from dslab import real
from dslab.real import stored
from dslab.sim.result import Metric, Result, Series

PARTS = {"metrics": Metric, "series": Series}
LIVE = Result(
    {"live": True},
    {"n": Metric("number", 3, "rows")},
    "Three rows.",
    tables={"rows": [{"a": 1}]},
    series={"s": Series("line", (1.0,), (2.0,), "measured")},
)


def unavailable() -> Result:
    raise real.Unavailable("It is not installed here.")


def test_what_is_stored_comes_back(tmp_path: Path) -> None:
    real.save(tmp_path / "results" / "rows.json", LIVE)
    found = stored.load(tmp_path / "results" / "rows.json", Result, **PARTS)
    assert (found.text, found.metrics, found.tables) == (LIVE.text, LIVE.metrics, LIVE.tables)
    assert found.series["s"].kind == "measured"


def test_a_live_result_is_preferred(tmp_path: Path) -> None:
    assert real.live_or_stored(tmp_path / "none.json", lambda: LIVE, Result, **PARTS) is LIVE


def test_a_stored_result_says_why_it_is_not_live(tmp_path: Path) -> None:
    path = real.save(tmp_path / "rows.json", LIVE)
    found = real.live_or_stored(path, unavailable, Result, **PARTS)
    assert found.text == "It is not installed here. Stored from an earlier run: Three rows."
    assert found.params["live"] is False


def test_a_result_that_is_not_live_never_replaces_one(tmp_path: Path) -> None:
    path = real.save(tmp_path / "rows.json", LIVE)
    found = real.live_or_stored(path, unavailable, Result, **PARTS)
    with pytest.raises(ValueError, match="only a live result is stored"):
        real.save(path, found)


def test_a_name_that_is_not_stored_is_named_with_those_that_are(tmp_path: Path) -> None:
    real.save(tmp_path / "rows.json", LIVE)
    with pytest.raises(ValueError, match="no stored result 'columns'; there are: rows"):
        stored.load(tmp_path / "columns.json", Result, **PARTS)

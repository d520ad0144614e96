"""The designs and the lock table held against a real PostgreSQL."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from dslab import real
from dslab.check import positioned
from dslab.readmodels.anomalies import BARRIER, search
from dslab.readmodels.protocol import Switches
from dslab.readmodels.real import OFF, RACES, Lab, race, races, runs, under_load
from dslab.readmodels.real.cases import CASES, statement
from dslab.readmodels.real.runs import QUICK, STORED, differing, rebuild_under_load, tries_under_load
from dslab.readmodels.real.sql import Rebuild, value
from dslab.real.unavailable import POSTGRES_URL
from dslab.sim.result import Metric, Result, Series
from tests.real.helpers import skip_where_missing

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Give a server with the tables; skip, with what to install, where it cannot be had."""
    skip_where_missing("PostgreSQL")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(POSTGRES_URL, raising=False)
        lab = Lab()
    with lab:
        yield lab


@pytest.mark.parametrize("name", CASES)
def test_lock_table_of_the_model_does_what_the_server_does(lab: Lab, name: str) -> None:
    assert differing(lab, name) == []


@pytest.mark.parametrize(("name", "off"), [(name, off) for name in RACES for off in ({}, OFF[name])])
def test_real_and_model_agree_on_what_goes_wrong(lab: Lab, name: str, off: dict) -> None:
    assert race(name, lab, **off) == (not search(name, deviations=2, **off).held)


@pytest.mark.parametrize(("late_times", "plays", "steps"), [(1, 2, 0), (9, 3, 1)])
def test_a_step_is_told_if_it_differs_each_time(
    monkeypatch: pytest.MonkeyPatch, late_times: int, plays: int, steps: int
) -> None:
    played: list[str] = []

    def late(lab: Lab, name: str) -> list:
        played.append(name)
        return [("A SELECT 1", ("ok", "ok"), ("ok", "waits" if len(played) <= late_times else "ok"))]

    monkeypatch.setattr(runs, "compared", late)
    assert len(differing(None, "shared goes with shared")) == steps
    assert len(played) == plays


def test_barrier_saves_the_skip_race_without_skip_records(lab: Lab) -> None:
    assert race("skip race", lab, **BARRIER) is False


def test_article_loses_under_load_and_the_repairs_do_not(lab: Lab) -> None:
    """Facts 9b: 40 of 40 rebuilds lose with the article's logic, 0 of 40 with skip records or a barrier."""
    found = {
        name: rebuild_under_load(lab, name, rebuilds=3)
        for name in ("article, 5 January", "everything on", "barrier")
    }
    assert {name: counts["rebuilds_wrong"] for name, counts in found.items()} == {
        "article, 5 January": 3,
        "everything on": 0,
        "barrier": 0,
    }
    assert found["article, 5 January"]["lost"] > 3
    assert found["barrier"]["pause_ms"] > 0


def test_no_coordination_doubles_more_than_it_loses(lab: Lab) -> None:
    counts = rebuild_under_load(lab, "no coordination", rebuilds=2)
    assert counts["doubled"] > counts["lost"] and counts["rebuilds_wrong"] == 2


def test_tries_succeed_as_often_as_the_closed_form_says(lab: Lab) -> None:
    found, expected = tries_under_load(lab, writers=10, tries=100)
    assert found == pytest.approx(expected, abs=0.17)


def test_stored_results_say_what_live_ones_do(lab: Lab) -> None:
    stored = {
        name: real.load(STORED / f"{name}.json", Result, metrics=Metric, series=Series)
        for name in ("races", "lock_matrices")
    }
    assert stored["races"].text == races(lab).text
    steps = sum(len(CASES[name]) for name in QUICK)
    assert (stored["lock_matrices"]["steps"], stored["lock_matrices"]["differ"]) == (steps, 0)


def test_where_no_server_can_be_had_the_stored_result_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(POSTGRES_URL, "postgresql://nobody@127.0.0.1:1/none")
    result = under_load()
    assert (
        result.params["live"] is False and "Stored from an earlier run: 8 writers, 5 rebuilds" in result.text
    )
    assert dataclasses.is_dataclass(result)


def test_replay_goes_by_number_where_transaction_ids_get_a_digit_more(lab: Lab) -> None:
    """As texts, 1000 would come before 999; the replay would set its checkpoint past what it has not read."""
    lab.empty()
    here = int(value(lab.watch, "SELECT pg_current_xact_id()::text"))
    for transaction in (here - 2, here - 1):
        lab.watch.execute("INSERT INTO event (name, transaction) VALUES ('e', %s::text::xid8)", [transaction])
    lab.watch.execute(
        "INSERT INTO event (name, transaction) VALUES ('old', '9'), ('older', '10'), ('oldest', '99')"
    )
    rebuild = Rebuild(lab.connect(), positioned(Switches(), {"ends": "nothing visible"}), batch=1)
    rebuild.run()
    assert lab.counts() == (0, 0)


def test_unknown_race_is_told(lab: Lab) -> None:
    with pytest.raises(ValueError, match="there is no race 'gremlin'; there are skip race, "):
        race("gremlin", lab)


def test_short_statements_are_written_in_full() -> None:
    assert statement("TXS 1,2") == "SELECT pg_try_advisory_xact_lock_shared(1,2)"
    assert statement("ROLLBACK TO s") == "ROLLBACK TO s"

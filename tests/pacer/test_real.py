"""Claims on a real PostgreSQL, and held against the model: who waits, who claims twice, who comes back empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dslab import real
from dslab.pacer.anomalies import search
from dslab.pacer.claiming import simulated
from dslab.pacer.real import WAYS, Lab, claim_run, contention, results, semantics, stored
from dslab.real.unavailable import POSTGRES_URL
from tests.real.helpers import skip_where_missing

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Give a server with the job table; skip, with what to install, where it cannot be had."""
    skip_where_missing("PostgreSQL")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(POSTGRES_URL, raising=False)
        server = Lab()
    with server:
        yield server


@pytest.mark.parametrize("way", WAYS)
def test_one_claimer_takes_every_job_once(lab: Lab, way: str) -> None:
    run = claim_run(lab, way, 1, 60, hold_ms=0.5)
    assert (run.twice, run.missed) == (0, 0)


def test_model_and_server_agree_on_who_claims_twice(lab: Lab) -> None:
    """A claim that looks once and writes later is the model's claim in two steps."""
    twice = {way: claim_run(lab, way, 8, 120).twice > 0 for way in ("plain UPDATE", "checked UPDATE")}
    model = [search("claim in two steps", claim=claim).held for claim in ("read, then write", "update")]
    assert [not twice["plain UPDATE"], not twice["checked UPDATE"]] == model == [False, True]


def test_model_and_server_agree_that_more_claimers_wait_longer(lab: Lab) -> None:
    waits = [claim_run(lab, "checked UPDATE", count, 160, hold_ms=3.0).wait_ms for count in (1, 16)]
    model = [simulated(count, 1, 1, 1, 2_000.0, 3.0, 2_000_000).wait_ms for count in (1, 16)]
    assert waits[1] > 3 * waits[0]
    assert model[1] > 3 * model[0] == 0


def test_no_way_misses_a_job_and_only_one_takes_some_twice(lab: Lab) -> None:
    runs = [claim_run(lab, way, 16, 160) for way in WAYS]
    assert [run.missed for run in runs] == [0, 0, 0, 0]
    assert [run.twice > 0 for run in runs] == [True, False, False, False]


def test_an_owner_needs_a_tenth_of_the_claims(lab: Lab) -> None:
    alone, owner = claim_run(lab, "checked UPDATE", 16, 200), claim_run(lab, "one owner", 16, 200)
    assert 10 * owner.claims < alone.claims
    assert 100 * owner.wait_ms < alone.wait_ms


def test_claim_by_claim(lab: Lab) -> None:
    cases = {case.pop("the second one"): case for case in semantics(lab).tables["cases"]}
    waits = {way: case["waits"] for way, case in cases.items()}
    assert waits == {
        "plain UPDATE": "yes",
        "checked UPDATE": "yes",
        "SKIP LOCKED": "no",
        "plain SELECT": "no",
    }
    assert cases["plain UPDATE"]["gets"] == "the same ten jobs"
    assert cases["checked UPDATE"]["gets"] == "nothing, although ten jobs are pending"
    assert cases["SKIP LOCKED"]["gets"] == "the other ten jobs"
    assert {case["sees the job that came meanwhile"] for case in cases.values()} == {"no"}


def test_live_results_say_what_the_stored_ones_say(lab: Lab) -> None:
    for make in (contention, semantics):
        live, kept = make(lab), stored(make.__name__)
        assert (live.describe(), live.tables) == (kept.describe(), kept.tables)


def test_where_there_is_no_server_the_stored_result_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Lab:
        raise real.Unavailable("There is no server here.")

    monkeypatch.setattr(results, "Lab", none)
    result = contention()
    assert result.describe().startswith(
        "There is no server here. Stored from an earlier run: With 32 claimers"
    )
    assert result.params["live"] is False


@pytest.mark.parametrize(
    ("way", "claimers", "says"),
    [("by mail", 1, "there is no way 'by mail'"), ("SKIP LOCKED", 33, "use 1 to 32 claimers")],
)
def test_what_is_out_of_range_is_told(lab: Lab, way: str, claimers: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        claim_run(lab, way, claimers)


def test_nothing_is_left_running() -> None:
    skip_where_missing("PostgreSQL")
    with Lab() as own:
        pid = own.postgres.pid
    from tests.real.helpers import eventually, runs

    assert pid is None or eventually(lambda: not runs(pid))

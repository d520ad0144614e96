"""The Lua bucket on a real Valkey: the model's decisions, one by one, with clients at once and clocks that run backwards."""

import random

import pytest

from dslab import real
from dslab.concepts import limiter_anomalies as anomalies
from dslab.concepts.limiters import TokenBucket
from dslab.concepts.real import CLIENTS, REQUESTS, STORED, LuaBucket, lua_bucket
from dslab.sim.result import Metric, Result, Series
from tests.real.helpers import skip_where_missing


@pytest.fixture(scope="module")
def server():
    skip_where_missing("Valkey")
    with real.valkey() as started:
        yield started


@pytest.mark.real
def test_every_decision_of_clients_at_once_is_the_models(server):
    result = lua_bucket(server)
    assert result["same"] == result["asked"] == CLIENTS * REQUESTS
    assert (result["held"], result["followed"], result["bounded"]) == (500, 500, 1)


@pytest.mark.real
def test_who_passes_is_as_the_referee_says(server):
    """The race that the model finds with `atomic` off happens; with the script, as with it on, it does not."""
    result = lua_bucket(server)
    model = [anomalies.search("read, then write", atomic=atomic).held for atomic in (False, True)]
    assert [result["apart"] < 2, result["together"] < 2] == model == [False, True]


@pytest.mark.real
@pytest.mark.parametrize(
    ("limit", "window", "burst"), [(1, 10, 1), (7, 1_000_003, 40), (100, 60_000_000, 20)]
)
def test_told_times_lead_to_the_models_levels(server, limit, window, burst):
    rng, now = random.Random(burst), 5
    lua, model = (
        LuaBucket(server, f"told {limit} {burst}", limit, window, burst),
        TokenBucket(limit, window, burst),
    )
    for _ in range(200):
        now += rng.choice((0, 1, window // (2 * limit) + 1, window, 10**12))
        cost = rng.choice((0, 1, 1, 2, burst))
        passes, level, at, _ = lua.decide(now, cost)
        assert (passes, level, at) == (model.admit(now, cost), model.level, now)


@pytest.mark.real
def test_numbers_that_lua_cannot_count_are_refused(server):
    with pytest.raises(ValueError, match=r"needs numbers above 2\*\*53"):
        LuaBucket(server, "large", 1, 10**12, 10_000)


def test_stored_result_says_what_the_live_one_does():
    stored = real.load(STORED, Result, metrics=Metric, series=Series)
    assert (stored["same"], stored["held"], stored["apart"], stored["together"]) == (
        CLIENTS * REQUESTS,
        500,
        2,
        1,
    )


@pytest.mark.real
def test_stored_text_is_the_live_text(server):
    assert real.load(STORED, Result, metrics=Metric, series=Series).text == lua_bucket(server).text

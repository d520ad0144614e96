"""CacheFront on real servers, and held against the model: who is stale, whose fill is refused."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import pytest

from dslab import real
from dslab.cachefront.anomalies import ANOMALIES, search
from dslab.cachefront.real import RACES, Lab, defences, free_run, free_runs, late_fills, race, results
from dslab.cachefront.real.parts import Cache, Slot, Store
from dslab.real.unavailable import POSTGRES_URL, VALKEY_URL
from tests.real.helpers import skip_where_missing

pytestmark = pytest.mark.real

OFF = [(name, off) for name in RACES if name in ANOMALIES for off in ({}, *ANOMALIES[name].off)]
TTL_US = 60_000_000


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Give both servers with the tables; skip, with what to install, where they cannot be had."""
    skip_where_missing("PostgreSQL", "Valkey")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(POSTGRES_URL, raising=False)
        patch.delenv(VALKEY_URL, raising=False)
        servers = Lab()
    with servers:
        yield servers


@pytest.fixture(scope="module")
def store(lab: Lab) -> Store:
    """Give a connection to the store."""
    return lab.store("test")


@pytest.fixture
def slot(lab: Lab, request: pytest.FixtureRequest) -> Iterator[tuple[Cache, str]]:
    """Give the cache and the name of an empty slot."""
    yield lab.cache, request.node.name
    lab.cache.delete(request.node.name)


# -- model and real part ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "off"), OFF, ids=[f"{name} {off or 'all on'}" for name, off in OFF])
def test_real_and_model_agree_on_what_goes_wrong(lab: Lab, name: str, off: dict[str, object]) -> None:
    assert race(name, lab, **off).wrong == (not search(name, **off).held)


def test_the_late_fill_is_stale_in_three_of_four_combinations_as_in_the_model(lab: Lab) -> None:
    for cas, markers in results.COMBINATIONS:
        positions = {"compare_and_set": cas, "markers": markers}
        outcome = race("late fill", lab, **positions)
        assert outcome.stale == (not (cas and markers))
        assert outcome.stale == (not search("late fill", **positions).held)


# -- races, one by one ------------------------------------------------------------------------------------------------


def test_flux_repairs_the_late_fill(lab: Lab) -> None:
    outcome = race("late fill", lab, compare_and_set=False, markers=False)
    assert (outcome.final_cache, outcome.final_store) == ("v1@t1", "v2@t2")
    assert outcome.stale and not outcome.stale_after_flux


def test_without_flux_the_late_fill_stays(lab: Lab) -> None:
    assert race("late fill", lab, compare_and_set=False, flux="off").stale_after_flux


def test_the_log_of_a_race_is_the_same_every_time(lab: Lab) -> None:
    logs = {race("late fill", lab).log for _ in range(5)}
    assert logs == {
        (
            "before: the store holds v1@t1",
            "reader: misses, reads v1@t1 from the store",
            "writer: commits v2@t2, changed keys: 1",
            "writer: puts marker@t2 into k, taken",
            "reader: fills v1@t1 into k, rejected",
            "Flux: fills v2@t2 into k, taken",
        )
    }


def test_a_marker_of_a_clock_that_is_ahead_refuses_every_good_fill(lab: Lab) -> None:
    ahead, commit = race("clock-stamped marker", lab, marker_stamp="clock"), race("clock-stamped marker", lab)
    assert (ahead.rejected, ahead.final_cache) == (2, "marker@t3")
    assert (commit.rejected, commit.final_cache) == (0, "v2@t2")


def test_flux_cannot_repair_a_clock_that_stepped_back(lab: Lab) -> None:
    outcome = race("clock steps back", lab, monotonic_timestamps=False)
    assert (outcome.final_cache, outcome.final_store) == ("v1@t2", "v2@t1")
    assert outcome.stale_after_flux


@pytest.mark.parametrize(("soft", "found"), [(True, 2), (False, 0)])
def test_the_select_before_commit_finds_soft_deleted_rows_only(lab: Lab, soft: bool, found: int) -> None:
    outcome = race("conditional delete", lab, soft_deletes=soft)
    assert f"client: commits a {'soft' if soft else 'hard'} delete@t3, changed keys: {found}" in outcome.log


@pytest.mark.parametrize("soft", [True, False])
def test_the_select_before_commit_finds_updated_rows_either_way(lab: Lab, soft: bool) -> None:
    outcome = race("conditional update", lab, soft_deletes=soft)
    assert "client: commits an update@t3, changed keys: 2" in outcome.log
    assert not outcome.wrong


def test_flux_empties_the_slot_of_a_row_that_is_gone(lab: Lab) -> None:
    outcome = race("conditional delete", lab, soft_deletes=False)
    assert outcome.stale and not outcome.stale_after_flux


def test_flux_that_only_invalidates_leaves_a_marker(lab: Lab) -> None:
    outcome = race("query engine dies", lab, flux="invalidates")
    assert outcome.log[-1] == "Flux: puts marker@t2 into k, taken"
    assert not outcome.stale_after_flux


def test_without_negative_caching_an_absent_row_leaves_the_slot_empty(lab: Lab) -> None:
    outcome = race("negative cache", lab, negative_caching=False, invalidation="none")
    assert outcome.answers == (None, "v1")


# -- the parts --------------------------------------------------------------------------------------------------------

ROW, MARKER, ABSENT = (lambda ts, kind=kind: Slot(kind, "v" if kind == "row" else "", ts) for kind in ("row", "marker", "absent"))  # fmt: skip


@pytest.mark.parametrize(
    ("held", "offered", "taken"),
    [
        (ROW(20), ROW(10), False),
        (ROW(20), ROW(21), True),
        (ROW(20), MARKER(20), False),
        (ROW(20), MARKER(21), True),
        (MARKER(20), ROW(19), False),
        (MARKER(20), ROW(20), True),
        (MARKER(20), MARKER(20), False),
        (ABSENT(20), MARKER(20), False),
        (MARKER(20), ABSENT(20), True),
        (ROW(9), ROW(10), True),  # compared as numbers, not as texts
    ],
)
def test_the_script_takes_what_is_newer_or_a_row_of_the_same_timestamp(
    slot: tuple[Cache, str], held: Slot, offered: Slot, taken: bool
) -> None:
    cache, key = slot
    cache.offer(key, held, True, TTL_US)
    assert cache.offer(key, offered, True, TTL_US) is taken
    assert cache.get(key) == (offered if taken else held)


def test_timestamps_that_differ_by_one_microsecond_are_told_apart(slot: tuple[Cache, str]) -> None:
    cache, key = slot
    now = 1_795_470_201_000_001
    cache.offer(key, ROW(now), True, TTL_US)
    assert not cache.offer(key, ROW(now - 1), True, TTL_US)
    assert cache.offer(key, ROW(now + 1), True, TTL_US)


def test_without_cas_the_last_one_wins(slot: tuple[Cache, str]) -> None:
    cache, key = slot
    cache.offer(key, MARKER(20), False, TTL_US)
    assert cache.offer(key, ROW(10), False, TTL_US)


@pytest.mark.parametrize(("ttl_us", "low", "high"), [(TTL_US, 50_000, 60_000), (1, 0, 1), (None, -1, -1)])
def test_a_slot_has_the_time_to_live_that_it_was_given(
    slot: tuple[Cache, str], ttl_us: int | None, low: int, high: int
) -> None:
    cache, key = slot
    cache.offer(key, ROW(1), True, TTL_US)
    cache.offer(key, ROW(2), True, ttl_us)
    left = cache.client.pttl(cache.prefix + key)
    assert low <= left <= high or (ttl_us == 1 and left == -2)


def test_timestamps_rise_strictly_in_the_order_of_commits(lab: Lab) -> None:
    """Four clients write as fast as they can; PostgreSQL's log has the commits in the order of their timestamps."""

    def client(number: int) -> None:
        mine = lab.store(f"fast{number}")
        for turn in range(20):
            mine.change(
                "INSERT INTO entry VALUES (%(key)s, 'fast', '', false, %(timestamp)s)",
                key=f"fast{number}.{turn}",
            )

    lab.feed.read()
    real.together(*[lambda number=number: client(number) for number in range(4)])
    stamps = [int(change.row["updated_at"]) for change in lab.feed.read()]
    assert len(stamps) == 80
    assert all(earlier < later for earlier, later in itertools.pairwise(stamps))


def test_a_write_that_fails_changes_nothing_and_takes_no_timestamp(store: Store) -> None:
    before = store.connection.execute("SELECT last FROM clock").fetchone()
    with pytest.raises(Exception, match="null value in column"):
        store.change("INSERT INTO entry (key, updated_at) VALUES ('x', %(timestamp)s)")
    assert store.connection.execute("SELECT last FROM clock").fetchone() == before
    assert store.read("x") is None


# -- running free and what the lesson shows -----------------------------------------------------------------------------


def test_running_free_cas_and_markers_leave_nothing_stale(lab: Lab) -> None:
    assert [free_run(lab, cas=True, marker=True, seed=seed) for seed in range(3)] == [0, 0, 0]


@pytest.mark.parametrize(("cas", "marker"), results.COMBINATIONS[:3])
def test_running_free_without_one_of_them_something_is_stale(lab: Lab, cas: bool, marker: bool) -> None:
    assert free_run(lab, cas, marker, keys=5) >= 1


@pytest.mark.parametrize(
    "numbers", [{"keys": 0}, {"readers": 0}, {"writers": 0}, {"readers": 20, "writers": 20}]
)
def test_numbers_outside_their_range_are_refused(lab: Lab, numbers: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"there must be at least 1|30 clients at most"):
        free_run(lab, True, True, **numbers)


@pytest.mark.parametrize("make", [late_fills, free_runs, defences])
def test_the_stored_result_says_what_a_live_one_says(lab: Lab, make) -> None:
    stored = results.stored(make.__name__)
    found = make(lab)
    assert (found.describe(), found.tables) == (stored.describe(), stored.tables)
    assert found.params["live"] is True


def test_where_the_servers_cannot_be_had_the_stored_result_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(settings: object = None) -> None:
        raise real.Unavailable("It is not installed here.")

    monkeypatch.setattr(real, "postgres", unavailable)
    found = late_fills()
    assert found.describe().startswith(
        "It is not installed here. Stored from an earlier run: After a late fill"
    )
    assert found.params["live"] is False


def test_a_lab_whose_second_server_fails_stops_the_first(monkeypatch: pytest.MonkeyPatch, lab: Lab) -> None:
    started: list[real.Postgres] = []

    def postgres(settings: dict[str, str]) -> real.Postgres:
        started.append(real.postgres_server.postgres(settings))
        return started[0]

    def unavailable() -> None:
        raise real.Unavailable("There is none.")

    monkeypatch.setattr(real, "postgres", postgres)
    monkeypatch.setattr(real, "valkey", unavailable)
    with pytest.raises(real.Unavailable):
        Lab()
    assert started[0].closed and not started[0].folder.exists()


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "positions", "words"),
    [
        ("late", {}, "there is no race 'late'; there are late fill, "),
        ("late fill", {"cas": True}, "there is no switch 'cas'"),
        ("late fill", {"flux": "on"}, "flux='on' is no choice"),
        ("late fill", {"markers": 1}, "markers=1 is no switch position"),
        ("late fill", {"warm_up": "values"}, "bug and warm_up have no real part"),
    ],
)
def test_what_does_not_exist_is_refused_before_anything_starts(
    name: str, positions: dict, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        race(name, **positions)


def test_an_outcome_cannot_be_changed(lab: Lab) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        race("late fill", lab).stale = False

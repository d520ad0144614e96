"""The model's advisory locks, by what PostgreSQL's documentation and source say of them; no server needed."""

import pytest

from dslab.readmodels.locks import LockServer, key_of, play
from dslab.readmodels.locks.sql import parse


def words(*lines: str, **how) -> list[str]:
    """Play ``session statement`` lines; gives what each step gave at once."""
    return [step.settled for step in play([tuple(line.split(" ", 1)) for line in lines], **how)]


def test_shared_goes_with_shared_only():
    assert words(
        "A SELECT pg_advisory_lock_shared(1)",
        "B SELECT pg_try_advisory_lock_shared(1)",
        "C SELECT pg_try_advisory_lock(1)",
    ) == ["ok", "true", "false"]


def test_two_gets_need_two_releases():
    lines = ["A SELECT pg_advisory_lock(1)"] * 2 + ["A SELECT pg_advisory_unlock(1)"] * 3
    assert words(*lines) == ["ok", "ok", "true", "true", "false"]


def test_one_bigint_and_two_ints_are_different_spaces():
    assert key_of(1 << 32 | 2) != key_of(1, 2)
    assert key_of(-1) == (1, 0xFFFFFFFF, 0xFFFFFFFF)


@pytest.mark.parametrize("numbers", [(1 << 63,), (1, 1 << 31), (1, 2, 3)])
def test_what_is_no_key_is_refused(numbers):
    with pytest.raises(
        ValueError, match="is no key; use one whole number of 64 bits, or two of 32 bits each"
    ):
        key_of(*numbers)


def test_unlock_of_a_transaction_lock_warns_and_gives_false():
    server = LockServer()
    server.execute("A", "BEGIN")
    server.execute("A", "SELECT pg_advisory_xact_lock(1)")
    outcome = server.execute("A", "SELECT pg_advisory_unlock(1)")
    assert (outcome.word, outcome.warnings) == ("false", ("you don't own a lock of type ExclusiveLock",))


def test_an_error_frees_transaction_locks_before_the_rollback():
    lines = [
        "A BEGIN",
        "A SELECT pg_advisory_xact_lock(1)",
        "A SELECT 1/0",
        "B SELECT pg_try_advisory_lock(1)",
        "A SELECT 1",
    ]
    assert words(*lines) == ["ok", "ok", "22012", "true", "25P02"]


def test_who_waits_is_told_when_it_ends():
    played = play(
        [
            ("A", "SELECT pg_advisory_lock(1)"),
            ("B", "SELECT pg_advisory_lock(1)"),
            ("A", "SELECT pg_advisory_unlock(1)"),
        ]
    )
    assert (played[1].word, played[1].final, played[1].end_step) == ("waits", "ok", 2)
    assert [outcome.session for outcome in played[2].ended] == ["B"]


RING = ["A SELECT pg_advisory_lock(1)", "B SELECT pg_advisory_lock(2)", "A SELECT pg_advisory_lock(2)"]


def test_deadlock_hits_whoever_looks_first_while_there_is_a_cycle():
    """A and B look 1 s after they began to wait: A first, if B came within that second; else A has looked in vain."""
    soon = play(
        [tuple(line.split(" ", 1)) for line in [*RING, "B SELECT pg_advisory_lock(1)"]], linger_ms=3_000
    )
    late = play(
        [
            *(tuple(line.split(" ", 1)) for line in RING),
            ("", "\\wait 1200"),
            ("B", "SELECT pg_advisory_lock(1)"),
        ],
        linger_ms=3_000,
    )
    assert (soon[2].final, soon[3].final) == ("40P01", "waits")
    assert (late[2].final, late[4].final) == ("waits", "40P01")


def test_a_victim_is_given_time_until_it_can_roll_back():
    lines = ["A BEGIN", "A SELECT pg_advisory_xact_lock(1)", "B BEGIN", "B SELECT pg_advisory_xact_lock(2)",
             "A SELECT pg_advisory_xact_lock(2)", "B SELECT pg_advisory_xact_lock(1)", "A ROLLBACK", "B COMMIT"]  # fmt: skip
    played = play([tuple(line.split(" ", 1)) for line in lines])
    assert [step.final for step in played[4:]] == ["40P01", "ok", "ok", "ok"]


def test_two_upgrades_are_seen_at_once():
    lines = [
        "A SELECT pg_advisory_lock_shared(1)",
        "B SELECT pg_advisory_lock_shared(1)",
        "A SELECT pg_advisory_lock(1)",
        "B SELECT pg_advisory_lock(1)",
    ]
    assert words(*lines, gap_ms=0) == ["ok", "ok", "waits", "40P01"]


def test_a_cycle_with_a_soft_edge_is_undone_without_an_error():
    """C holds 1 shared, B waits for it exclusively, A queues behind B; C waits for A. A is let past B."""
    lines = ["A SELECT pg_advisory_lock(2)", "C SELECT pg_advisory_lock_shared(1)", "B SELECT pg_advisory_lock(1)",
             "A SELECT pg_advisory_lock_shared(1)", "C SELECT pg_advisory_lock(2)"]  # fmt: skip
    played = play([tuple(line.split(" ", 1)) for line in lines], linger_ms=2_000)
    assert [step.final for step in played] == ["ok", "ok", "waits", "ok", "waits"]


@pytest.mark.parametrize(("version", "expected"), [(16, "false"), (17, "true"), (18, "true")])
def test_a_try_overtakes_who_waits_for_itself_since_version_17(version, expected):
    lines = [
        "A SELECT pg_advisory_lock_shared(1)",
        "B SELECT pg_advisory_lock(1)",
        "A SELECT pg_try_advisory_lock(1)",
    ]
    assert words(*lines, version=version)[-1] == expected


def test_pg_locks_shows_holders_and_who_waits():
    server = LockServer()
    server.execute("A", "SELECT pg_advisory_lock(4294967298)")
    server.execute("B", "SELECT pg_advisory_lock_shared(4294967298)")
    seen = [
        (row["classid"], row["objid"], row["objsubid"], row["session"], row["mode"], row["granted"])
        for row in server.locks()
    ]
    assert seen == [(1, 2, 1, "A", "ExclusiveLock", True), (1, 2, 1, "B", "ShareLock", False)]


def test_nothing_is_left_when_all_sessions_ended():
    server = LockServer()
    for session, sql in (
        ("A", "SELECT pg_advisory_lock(1)"),
        ("B", "BEGIN"),
        ("B", "SELECT pg_advisory_xact_lock(2)"),
        ("C", "SELECT pg_advisory_lock(1)"),
    ):
        server.execute(session, sql)
    for session in "ABC":
        server.end(session)
    assert (server.locks(), server.table.locks, server.waiting()) == ([], {}, [])


def test_a_session_that_waits_takes_no_other_statement():
    with pytest.raises(RuntimeError, match="B still waits in 'SELECT pg_advisory_lock"):
        words("A SELECT pg_advisory_lock(1)", "B SELECT pg_advisory_lock(1)", "B SELECT 1")


@pytest.mark.parametrize(
    "sql", ["SELECT count(*) FROM event", "SELECT my_lock(1)", "SET work_mem = 1", "\\dance"]
)
def test_a_statement_that_is_not_known_is_told(sql):
    with pytest.raises(ValueError, match=r"no statement|no advisory lock function|no setting|none of"):
        words(f"A {sql}")


@pytest.mark.parametrize(
    "text",
    ["select  pg_try_advisory_lock ( 1 );", "SELECT pg_catalog.pg_try_advisory_lock('1'::bigint) AS got"],
)
def test_statements_are_read_however_they_are_written(text):
    assert [(call.function, call.key) for call in parse(text).calls] == [("pg_try_advisory_lock", (1, 0, 1))]


def test_time_goes_forward_only():
    with pytest.raises(ValueError, match="-1 ms cannot pass"):
        LockServer().pass_time(-1)

"""The change feed: bytes that are known, and a real PostgreSQL."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator

import pytest

from dslab import real
from dslab.real import feed

BEGIN = b"B" + struct.pack(
    "!qqI", 0x100, 1_000_000, 7
)  # committed one second after 2000-01-01, transaction 7
COMMIT = b"C" + struct.pack("!bqqq", 0, 0x100, 0x120, 1_000_000)
COLUMNS = b"".join(
    flags + name + b"\0" + struct.pack("!Ii", 25, -1) for flags, name in ((b"\1", b"key"), (b"\0", b"value"))
)
RELATION = b"R" + struct.pack("!I", 42) + b"public\0entry\0d" + struct.pack("!h", 2) + COLUMNS


def text(value: bytes) -> bytes:
    return b"t" + struct.pack("!i", len(value)) + value


INSERT = b"I" + struct.pack("!I", 42) + b"N" + struct.pack("!h", 2) + text(b"k") + text("größer".encode())


def test_an_insert_of_known_bytes() -> None:
    (change,) = feed.decode([BEGIN, RELATION, INSERT, COMMIT])
    assert change == real.Change("insert", "entry", {"key": "k", "value": "größer"}, 7, 946_684_801_000_000)


def test_a_delete_gives_the_old_key() -> None:
    delete = b"D" + struct.pack("!I", 42) + b"K" + struct.pack("!h", 2) + text(b"k") + b"n"
    (change,) = feed.decode([BEGIN, RELATION, delete, COMMIT])
    assert (change.kind, change.row) == ("delete", {"key": "k", "value": None})


def test_a_value_that_did_not_change_is_taken_from_the_old_row() -> None:
    old, new = (
        b"O" + struct.pack("!h", 2) + text(b"k") + text(b"long"),
        b"N" + struct.pack("!h", 2) + text(b"k2") + b"u",
    )
    (change,) = feed.decode([BEGIN, RELATION, b"U" + struct.pack("!I", 42) + old + new, COMMIT])
    assert (change.kind, change.row) == ("update", {"key": "k2", "value": "long"})


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([RELATION, INSERT], "before its transaction began"),
        ([BEGIN, INSERT], "or its table was described"),
        ([BEGIN, RELATION, COMMIT, INSERT], "before its transaction began"),
        ([b"Z"], "kind 'Z' is not known"),
    ],
)
def test_messages_out_of_place_are_refused(messages: list[bytes], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        list(feed.decode(messages))


_numbers = itertools.count()


@pytest.fixture(scope="module")
def followed(postgres: real.Postgres) -> Iterator[tuple[real.Feed, object]]:
    """Give a feed of the table ``followed`` and a connection that writes to it."""
    connection = postgres.connect()
    connection.execute(
        "CREATE TABLE followed (key text PRIMARY KEY, value text); CREATE TABLE other (n int PRIMARY KEY)"
    )
    yield real.Feed(postgres, "followed"), connection
    connection.close()


def rows(feed: real.Feed) -> list[tuple[str, str | None, str | None]]:
    return [(change.kind, change.row["key"], change.row["value"]) for change in feed.read()]


def test_each_change_is_read_once_in_order(followed) -> None:
    feed, connection = followed
    connection.execute("INSERT INTO followed VALUES ('a', 'one'), ('b', NULL)")
    connection.execute("UPDATE followed SET value = 'two' WHERE key = 'a'")
    connection.execute("DELETE FROM followed WHERE key = 'a'")
    assert rows(feed) == [
        ("insert", "a", "one"),
        ("insert", "b", None),
        ("update", "a", "two"),
        ("delete", "a", None),
    ]
    assert rows(feed) == []


def test_a_rollback_and_another_table_are_not_in_the_feed(followed) -> None:
    feed, connection = followed
    with pytest.raises(ZeroDivisionError), connection.transaction():
        connection.execute("INSERT INTO followed VALUES ('undone', '')")
        raise ZeroDivisionError
    connection.execute("INSERT INTO other VALUES (1)")
    assert rows(feed) == []


def test_transactions_come_in_the_order_of_their_commits(postgres: real.Postgres, followed) -> None:
    feed, connection = followed
    with postgres.connect(autocommit=False) as early:
        early.execute("INSERT INTO followed VALUES ('began first', '')")
        connection.execute("INSERT INTO followed VALUES ('committed first', '')")
    changes = feed.read()
    assert [change.row["key"] for change in changes] == ["committed first", "began first"]
    assert changes[0].committed_us <= changes[1].committed_us
    assert changes[0].transaction > changes[1].transaction


def test_a_large_value_that_did_not_change_has_no_old_row_to_come_from(followed) -> None:
    """PostgreSQL leaves out a large unchanged value unless the table's REPLICA IDENTITY is FULL; then it is None."""
    feed, connection = followed
    long = "".join(chr(33 + (7 * n * n + n // 89) % 90) for n in range(20_000))
    connection.execute("ALTER TABLE followed ADD more text")
    connection.execute("INSERT INTO followed VALUES ('long', '', %s)", [long])
    connection.execute("UPDATE followed SET value = 'x' WHERE key = 'long'")
    assert [change.row["more"] for change in feed.read()] == [long, None]


def test_a_server_that_does_not_decode_its_log_says_what_to_do(postgres: real.Postgres) -> None:
    with real.postgres() as plain:
        plain.connect().execute("CREATE TABLE t (n int PRIMARY KEY)")
        with pytest.raises(real.Unavailable, match=r"make it with postgres\(\{'wal_level': 'logical'\}\)"):
            real.Feed(plain, "t")

"""PostgreSQL: embedded with its settings, or somebody's in a schema of our own."""

from __future__ import annotations

import os

import pytest

from dslab import real
from dslab.real import postgres_server
from dslab.real.unavailable import POSTGRES_URL


@pytest.fixture
def url(postgres: real.Postgres, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let DSLAB_POSTGRES_URL name the shared embedded server."""
    url = f"postgresql://postgres@/postgres?host={postgres.folder}"
    monkeypatch.setenv(POSTGRES_URL, url)
    return url


def names(postgres: real.Postgres, query: str) -> set[str]:
    with postgres.connect() as connection:
        return {name for (name,) in connection.execute(query)}


SCHEMAS = "SELECT nspname::text FROM pg_namespace"


def test_the_embedded_one_is_version_18_and_says_so(postgres: real.Postgres) -> None:
    assert postgres.version == 18
    assert repr(postgres) == "PostgreSQL 18, embedded, running"


def test_settings_are_there_from_the_start(postgres: real.Postgres) -> None:
    with postgres.connect() as connection:
        assert connection.execute("SHOW wal_level").fetchone() == ("logical",)
        assert connection.execute("SHOW fsync").fetchone() == ("off",)


def test_it_listens_on_a_private_socket_only(postgres: real.Postgres) -> None:
    with postgres.connect() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW unix_socket_permissions").fetchone() == ("0700",)
    assert os.stat(postgres.folder).st_mode & 0o777 == 0o700


def test_tables_are_made_in_its_schema(postgres: real.Postgres) -> None:
    with postgres.connect() as connection:
        connection.execute("CREATE TABLE here (n int)")
        query = "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relname = 'here'"
        assert connection.execute(query).fetchone() == (postgres.schema,)


def test_without_autocommit_a_rollback_undoes(postgres: real.Postgres) -> None:
    connection = postgres.connect(autocommit=False)
    connection.execute("CREATE TABLE undone (n int)")
    connection.rollback()
    assert connection.execute("SELECT to_regclass('undone')").fetchone() == (None,)
    connection.close()


def test_a_given_server_is_used_in_a_schema_that_is_removed(postgres: real.Postgres, url: str) -> None:
    with real.postgres() as server:
        assert repr(server) == "PostgreSQL 18, given by DSLAB_POSTGRES_URL, running"
        assert (server.embedded, server.pid, server.folder) == (False, None, None)
        server.connect().execute("CREATE TABLE mine (n int)")
        assert server.schema in names(postgres, SCHEMAS)
    assert server.schema not in names(postgres, SCHEMAS)
    assert postgres.connect().execute("SELECT 1").fetchone() == (1,)


def test_slots_and_publications_are_removed_too(postgres: real.Postgres, url: str) -> None:
    with real.postgres({"wal_level": "logical"}) as server:
        server.connect().execute("CREATE TABLE mine (n int PRIMARY KEY)")
        feed = real.Feed(server, "mine")
        assert feed.slot in names(postgres, "SELECT slot_name::text FROM pg_replication_slots")
    assert feed.slot not in names(postgres, "SELECT slot_name::text FROM pg_replication_slots")
    assert feed.publication not in names(postgres, "SELECT pubname::text FROM pg_publication")


def test_an_error_with_an_open_transaction_does_not_keep_the_schema(
    postgres: real.Postgres, url: str
) -> None:
    with pytest.raises(ZeroDivisionError), real.postgres() as server:
        connection = server.connect(autocommit=False)
        connection.execute("CREATE TABLE mine (n int)")
        raise ZeroDivisionError
    assert server.schema not in names(postgres, SCHEMAS)


def test_a_schema_that_exists_is_never_taken(postgres: real.Postgres, url: str) -> None:
    """Another machine may have the same process id: who creates the schema has it, the other takes the next number."""
    with real.postgres() as server:
        number = int(server.schema.rpartition("_")[2])
    taken = f"dslab_{os.getpid()}_{number + 1}"
    with postgres.connect() as connection:
        connection.execute(f"CREATE SCHEMA {taken}")
        with real.postgres() as server:
            assert server.schema == f"dslab_{os.getpid()}_{number + 2}"
        assert taken in names(postgres, SCHEMAS)
        connection.execute(f"DROP SCHEMA {taken}")


def test_a_given_server_without_the_setting_is_refused_in_a_sentence(
    postgres: real.Postgres, url: str
) -> None:
    with pytest.raises(real.Unavailable, match="has wal_level=logical and this needs minimal"):
        real.postgres({"wal_level": "minimal"})


def test_a_schema_that_cannot_be_removed_is_named(
    postgres: real.Postgres, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_server, "LOCK_TIMEOUT", "50ms")
    server = real.postgres()
    server.connect().execute("CREATE TABLE mine (n int)")
    with postgres.connect(autocommit=False) as stranger:
        stranger.execute(f"LOCK TABLE {server.schema}.mine")
        with pytest.raises(real.Unavailable, match=f"DROP SCHEMA {server.schema} CASCADE removes it by hand"):
            server.close()
        stranger.execute(f"DROP SCHEMA {server.schema} CASCADE")


@pytest.mark.parametrize(
    "url",
    ["postgresql://me:secret@127.0.0.1:1/db", "postgresql://me:secret@/db?host=/nowhere", "secret is no url"],
)
def test_a_wrong_url_is_a_sentence_without_the_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setenv(POSTGRES_URL, url)
    with pytest.raises(
        real.Unavailable, match=r"^No connection to PostgreSQL: .*DSLAB_POSTGRES_URL.*\.$"
    ) as error:
        real.postgres()
    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_closed_server_opens_no_connection(postgres: real.Postgres, url: str) -> None:
    server = real.postgres()
    server.close()
    with pytest.raises(real.Unavailable, match="This PostgreSQL is closed"):
        server.connect()


def test_a_setting_that_is_no_text_is_refused_before_anything_starts() -> None:
    with pytest.raises(TypeError, match="setting 'max_connections' is 20"):
        real.postgres({"max_connections": 20})


@pytest.mark.parametrize("word", ["", "Feed", "a-b", "x" * 21])
def test_a_word_that_makes_no_name_is_refused(postgres: real.Postgres, word: str) -> None:
    with pytest.raises(ValueError, match="is no name; use 1 to 20"):
        postgres.name(word)

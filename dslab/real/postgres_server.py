"""PostgreSQL for a lesson: embedded, or the server that DSLAB_POSTGRES_URL names, in a schema of its own.

| word   | meaning                                                                                                 |
|--------|---------------------------------------------------------------------------------------------------------|
| server | an embedded PostgreSQL of our own, or somebody's, given by a URL                                        |
| schema | where this use keeps its tables, ``dslab_<process id>_<number>``; first on the search path, removed at the end |
| name   | ``<schema>_<word>``: for what is not inside a schema (publications, replication slots); removed at the end |

Why psycopg 3: it is PostgreSQL's maintained client for Python, its binary wheel brings libpq for every platform, and it
hands over ``bytea`` as bytes, which the change feed is made of.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import weakref
from typing import Any

from dslab.real import embedded
from dslab.real.unavailable import POSTGRES_URL, Unavailable, client_module, given_url, postgres_programs

CONNECT_TIMEOUT_S = 10
LOCK_TIMEOUT = "10s"

# A throw-away server: nothing survives it, so nothing is forced to disk; small, so that two fit a classroom's container.
# synchronous_commit stays on: logical decoding sees a commit only once it is written, and without fsync that is cheap.
THROW_AWAY = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "16MB",
    "max_connections": "50",
    "max_wal_size": "64MB",
    "min_wal_size": "2MB",
    "dynamic_shared_memory_type": "mmap"
    if os.name != "nt"
    else "windows",  # inside the folder, not in /dev/shm
}

_numbers = itertools.count(1)


class Postgres:
    """A PostgreSQL to use and to close. Made by `postgres`; a context manager; closing twice does no harm.

    Attributes:
        version: major version, 18 for the embedded one.
        embedded: True for a server of our own.
        schema: the schema that holds everything (see the table above).
        pid, folder: process id and folder of the embedded server; None for a given URL.
    """

    def __init__(self, dsn: str, kept: embedded.Kept | None) -> None:
        self._dsn = dsn
        self._connections: list[Any] = []
        self.embedded = kept is not None
        self.pid = kept.pid if kept else None
        self.folder = kept.folder if kept else None
        self.schema, self.version = _make_schema(dsn)
        self._finish = weakref.finalize(self, _finish, dsn, kept, self.schema, self._connections, os.getpid())

    def connect(self, autocommit: bool = True) -> Any:
        """Open a connection whose tables are in this schema.

        Args:
            autocommit: True (each statement is a transaction, as in psql) or False (``commit()`` ends each).

        Returns:
            A ``psycopg.Connection``; `close` closes it if nobody did.

        Raises:
            Unavailable: the server is closed.
        """
        if self.closed:
            raise Unavailable("This PostgreSQL is closed; make a new one with postgres().")
        self._connections[:] = [connection for connection in self._connections if not connection.closed]
        connection = _open(self._dsn, self.schema)
        self._connections.append(connection)
        connection.execute("SELECT set_config('search_path', %s, false)", [self.schema])
        connection.autocommit = autocommit
        return connection

    def name(self, word: str) -> str:
        """Give a name of our own for what is not inside a schema: a publication, a replication slot.

        Args:
            word: lower-case letters, digits and underscores, at most 20.

        Raises:
            ValueError: the word has other characters.
        """
        if not 1 <= len(word) <= 20 or not set(word) <= set("abcdefghijklmnopqrstuvwxyz0123456789_"):
            raise ValueError(f"{word!r} is no name; use 1 to 20 lower-case letters, digits and underscores")
        return f"{self.schema}_{word}"

    @property
    def closed(self) -> bool:
        """True once `close` was called."""
        return not self._finish.alive

    def close(self) -> None:
        """Close the connections, then stop the embedded server, or remove the schema from the given one."""
        self._finish()

    def __enter__(self) -> Postgres:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = "embedded" if self.embedded else f"given by {POSTGRES_URL}"
        return f"PostgreSQL {self.version}, {where}, {'closed' if self.closed else 'running'}"


def postgres(settings: dict[str, str] | None = None) -> Postgres:
    """Start an embedded PostgreSQL, or use the one that DSLAB_POSTGRES_URL names.

    Args:
        settings: server settings by name, ``{"wal_level": "logical"}``. An embedded server is started with them (no
            restart); a given server must already have them.

    Returns:
        A running `Postgres`. Use it in a ``with``, or call its ``close()``; it is closed at exit in any case.

    Raises:
        Unavailable: it cannot be had here; one sentence says why and what to do.
        TypeError: a setting is not a string.
    """
    settings = dict(settings or {})
    for name, value in settings.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(
                f"setting {name!r} is {value!r}; names and values are strings, as in postgresql.conf"
            )
    client_module("psycopg")
    url = given_url(POSTGRES_URL)
    if url:
        _check_settings(url, settings)
        return Postgres(url, None)
    job = {"kind": "postgres", "binaries": str(postgres_programs()), "settings": _all_settings(settings)}
    kept = embedded.start("PostgreSQL", job)
    try:
        return Postgres(_dsn(kept.address), kept)
    except BaseException:
        embedded.stop(kept)
        raise


def _all_settings(settings: dict[str, str]) -> dict[str, str]:
    """Add the throw-away settings; without logical decoding, the leanest log."""
    lean = (
        {}
        if settings.get("wal_level", "minimal") != "minimal"
        else {"wal_level": "minimal", "max_wal_senders": "0"}
    )
    return THROW_AWAY | lean | settings


def _dsn(address: dict[str, Any]) -> str:
    """Make a connection string for an embedded server."""
    parts = {"user": "postgres", "dbname": "postgres"} | address
    return client_module("psycopg").conninfo.make_conninfo(**parts)


def _open(dsn: str, application: str) -> Any:
    """Open an autocommit connection; raises Unavailable without a word of the URL, which may hold a password."""
    psycopg = client_module("psycopg")
    try:
        return psycopg.connect(
            dsn, autocommit=True, application_name=application, connect_timeout=CONNECT_TIMEOUT_S
        )
    except psycopg.Error as error:
        reason = _reason(str(error))
    raise Unavailable(
        f"No connection to PostgreSQL: {reason}; correct {POSTGRES_URL}, or unset it to use the embedded one."
    )


def _reason(text: str) -> str:
    """Put an error of libpq into words that repeat nothing of the URL."""
    known = {
        "refused": "nobody listens at that address",
        "authentication failed": "the user or the password was refused",
        "does not exist": "the database or the user does not exist",
        "No such file": "there is no socket at that path",
        "timeout": f"it did not answer within {CONNECT_TIMEOUT_S} s",
        "translate host name": "the host name is not known",
        "too many": "it has no connection left",
    }
    return next(
        (words for sign, words in known.items() if sign in text), "the URL is not understood or not reachable"
    )


def _check_settings(url: str, settings: dict[str, str]) -> None:
    """Raise Unavailable where the given server does not have the settings that are needed."""
    with _open(url, "dslab") as connection:
        for name, value in settings.items():
            row = connection.execute("SELECT current_setting(%s, true)", [name]).fetchone()
            if row[0] != value:
                raise Unavailable(
                    f"The server of {POSTGRES_URL} has {name}={row[0]} and this needs {value}; set it there and restart "
                    f"that server, or unset {POSTGRES_URL} to use the embedded one."
                )


def _make_schema(dsn: str) -> tuple[str, int]:
    """Create the first free schema ``dslab_<process id>_<number>``; returns it and the server's major version.

    No random name is needed: creating a schema either succeeds or says that somebody else has it already.
    """
    psycopg = client_module("psycopg")
    with _open(dsn, "dslab") as connection:
        while True:
            schema = f"dslab_{os.getpid()}_{next(_numbers)}"
            try:
                connection.execute(psycopg.sql.SQL("CREATE SCHEMA {}").format(psycopg.sql.Identifier(schema)))
            except psycopg.errors.DuplicateSchema:
                continue
            except psycopg.errors.InsufficientPrivilege:
                raise Unavailable(
                    f"The user of {POSTGRES_URL} may not create a schema; "
                    "grant it CREATE on the database, or unset the variable."
                ) from None
            return schema, connection.info.server_version // 10_000


def _finish(dsn: str, kept: embedded.Kept | None, schema: str, connections: list[Any], owner: int) -> None:
    """Close what `Postgres` opened; a fork of the owner leaves it alone."""
    if os.getpid() != owner:
        return
    try:
        for connection in connections:
            with contextlib.suppress(Exception):
                connection.close()
        if kept is None:
            _remove_schema(dsn, schema)
    finally:
        if kept is not None:
            embedded.stop(kept)


def _remove_schema(dsn: str, schema: str) -> None:
    """Remove the schema, and the slots and publications named after it; raises Unavailable where it has to stay."""
    try:
        with _open(dsn, "dslab") as connection:
            _drop_ours(connection, schema)
    except (Unavailable, client_module("psycopg").Error):
        by_hand = f"DROP SCHEMA {schema} CASCADE removes it by hand"
        raise Unavailable(
            f"Schema {schema} stays on the server of {POSTGRES_URL}, which would not remove it; {by_hand}."
        ) from None


def _drop_ours(connection: Any, schema: str) -> None:
    """End our own unfinished statements, then drop slots, publications and the schema."""
    sql = client_module("psycopg").sql
    connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    ours = "FROM pg_stat_activity WHERE application_name = %s"
    connection.execute(f"SELECT pg_terminate_backend(pid, 5000) {ours}", [schema])
    slots = "FROM pg_replication_slots WHERE starts_with(slot_name, %s)"
    connection.execute(f"SELECT pg_drop_replication_slot(slot_name) {slots}", [schema + "_"])
    query = "SELECT pubname FROM pg_publication WHERE starts_with(pubname, %s)"
    for (publication,) in connection.execute(query, [schema + "_"]).fetchall():
        connection.execute(sql.SQL("DROP PUBLICATION {}").format(sql.Identifier(publication)))
    connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))

"""The change feed of a PostgreSQL table: logical decoding, read through SQL, decoded here.

| word        | meaning                                                                                             |
|-------------|-----------------------------------------------------------------------------------------------------|
| publication | which tables are in the feed                                                                        |
| slot        | PostgreSQL's bookmark in its log: it keeps what was not read yet                                    |
| pgoutput    | the plug-in that turns the log into messages; it is built in                                        |
| message     | one bytes value: its first byte is its kind, then numbers in network order and texts that end in a zero |
| relation    | a table as the feed describes it: sent once before the first change of that table                  |

Sources: PostgreSQL 18 documentation, "Logical Replication Message Formats" (55.9, protocol-logicalrep-message-formats)
for the bytes, "Logical Decoding Output Plugins" (logicaldecoding-output-plugin, pgoutput) for its options, "Replication
Management Functions" (functions-admin) for pg_logical_slot_get_binary_changes. Protocol version 1: transactions come
whole, in the order of their commits.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from dslab.real.postgres_server import Postgres
from dslab.real.unavailable import POSTGRES_URL, Unavailable, client_module

POSTGRES_EPOCH_US = (
    946_684_800_000_000  # 2000-01-01 in microseconds since 1970: where PostgreSQL begins to count
)


@dataclass(frozen=True)
class Change:
    """One changed row of one committed transaction.

    ``row`` holds texts by column name (None for NULL): the whole new row, or for a delete what identifies the old one
    (its primary key, unless the table's REPLICA IDENTITY is FULL). ``committed_us`` is PostgreSQL's own commit time in
    microseconds since 1970, ``transaction`` its id.
    """

    kind: str  # insert, update or delete
    table: str
    row: dict[str, str | None]
    transaction: int
    committed_us: int


class Reader:
    """Reads numbers and texts from one message, from its front to its end."""

    def __init__(self, message: bytes) -> None:
        self.message = message
        self.place = 0

    def number(self, layout: str) -> int:
        """Read one integer: "b" 1 byte, "h" 2, "i" 4, "q" 8 (upper case: unsigned), the highest byte first."""
        value = struct.unpack_from("!" + layout, self.message, self.place)[0]
        self.place += struct.calcsize("!" + layout)
        return value

    def letter(self) -> str:
        """Read one byte that is a letter."""
        return chr(self.number("B"))

    def text(self) -> str:
        """Read a text up to its zero byte."""
        end = self.message.index(b"\0", self.place)
        value = self.message[self.place : end].decode()
        self.place = end + 1
        return value

    def counted_text(self) -> str:
        """Read a text that has its length in front."""
        length = self.number("i")
        value = self.message[self.place : self.place + length].decode()
        self.place += length
        return value


def decode(messages: Iterable[bytes]) -> Iterator[Change]:
    """Turn pgoutput messages (protocol version 1, text format) into changes, in the order of commits.

    Raises:
        ValueError: a message of an unknown kind, or a change outside a transaction or of a table not described.
    """
    relations: dict[int, tuple[str, list[str]]] = {}
    transaction: tuple[int, int] | None = None
    for message in messages:
        reader = Reader(message)
        kind = reader.letter()
        if kind == "B":  # Begin: end of the transaction in the log, commit time, transaction id
            reader.number("q")
            committed_us = reader.number("q") + POSTGRES_EPOCH_US
            transaction = (reader.number("I"), committed_us)
        elif kind == "C":  # Commit: repeats what Begin said
            transaction = None
        elif kind == "R":
            number, table, columns = _relation(reader)
            relations[number] = (table, columns)
        elif kind in "IUD":
            yield _change(kind, reader, relations, transaction)
        elif kind not in "OYTM":  # Origin, Type, Truncate, Message: nothing that a row's reader needs
            raise ValueError(f"a message of kind {kind!r} is not known in pgoutput's protocol version 1")


def _relation(reader: Reader) -> tuple[int, str, list[str]]:
    """Read a Relation message: number, schema, table, replica identity, then per column flags, name, type, modifier."""
    number = reader.number("I")
    reader.text()
    table = reader.text()
    reader.number("b")
    columns = []
    for _ in range(reader.number("h")):
        reader.number("b")
        columns.append(reader.text())
        reader.number("I")
        reader.number("i")
    return number, table, columns


def _change(kind: str, reader: Reader, relations: dict, transaction: tuple[int, int] | None) -> Change:
    """Read an Insert, Update or Delete message.

    After the table's number come tuples, each behind a letter: K (old key) or O (whole old row), then N (new row).
    """
    number = reader.number("I")
    if transaction is None or number not in relations:
        raise ValueError(f"a change ({kind}) came before its transaction began or its table was described")
    table, columns = relations[number]
    row: dict[str, str | None] = {}
    while reader.place < len(reader.message):
        reader.letter()
        old, row = row, _tuple(reader, columns)
        row = {name: old.get(name) if value is UNCHANGED else value for name, value in row.items()}
    word = {"I": "insert", "U": "update", "D": "delete"}[kind]
    return Change(word, table, row, *transaction)


UNCHANGED: Any = object()


def _tuple(reader: Reader, columns: list[str]) -> dict[str, Any]:
    """Read a TupleData: a count, then per column n (NULL), u (a large value that did not change) or t (text)."""
    values: list[Any] = []
    for _ in range(reader.number("h")):
        form = reader.letter()
        values.append({"n": None, "u": UNCHANGED}[form] if form in "nu" else reader.counted_text())
    return dict(zip(columns, values, strict=True))


class Feed:
    """The changes of some tables from now on; each is read once.

    Args:
        server: a server that was made with ``postgres({"wal_level": "logical"})``.
        tables: their names; each needs a primary key for updates and deletes.

    Raises:
        Unavailable: the server does not decode its log, or the user may not ask it to.
    """

    def __init__(self, server: Postgres, *tables: str) -> None:
        psycopg = client_module("psycopg")
        self.publication = server.name("feed")
        self.slot = server.name("feed")
        self.connection = server.connect()
        identifier = psycopg.sql.Identifier
        names = psycopg.sql.SQL(", ").join(identifier(table) for table in tables)
        create = psycopg.sql.SQL("CREATE PUBLICATION {} FOR TABLE {}").format(
            identifier(self.publication), names
        )
        try:
            self.connection.execute(create)
            self.connection.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [self.slot])
        except psycopg.errors.ObjectNotInPrerequisiteState:
            raise Unavailable(
                "This PostgreSQL does not decode its log; make it with postgres({'wal_level': 'logical'})."
            ) from None
        except psycopg.errors.InsufficientPrivilege:
            raise Unavailable(
                f"The user of {POSTGRES_URL} may not read a change feed; give it REPLICATION, or unset the variable."
            ) from None

    def read(self) -> list[Change]:
        """Read what was committed since the last read, in the order of commits."""
        rows = self.connection.execute(
            "SELECT data FROM pg_logical_slot_get_binary_changes(%s, NULL, NULL,"
            " 'proto_version', '1', 'publication_names', %s)",
            [self.slot, self.publication],
        )
        return list(decode(bytes(data) for (data,) in rows))

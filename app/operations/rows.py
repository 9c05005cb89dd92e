"""Rows as lines of JSON, the same whatever database they come from.

A moment is RFC 3339 in UTC, an id is text, bytes are base64, a word is the word. The lines of a
table are in the order of their ids, so that two databases with the same rows give the same bytes.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    Date,
    Enum,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    select,
    type_coerce,
)

from app.core.models import Base, Guid, UtcDateTime

BATCH = 500
TRANSIENT = frozenset(
    {"sessions", "receipt_sessions", "tries", "idempotency_keys", "indexed_texts"}
)
# From a database to JSON, and back.
CODECS: list[tuple[type[Any], Callable[[Any], Any], Callable[[Any], Any]]] = [
    (UtcDateTime, datetime.isoformat, datetime.fromisoformat),
    (Guid, str, UUID),
    (Date, date.isoformat, date.fromisoformat),
    (LargeBinary, lambda content: b64encode(content).decode(), b64decode),
]


def every_table() -> list[Table]:
    """The tables of all features, each after those it points to."""
    for path in sorted(Path(__file__).parents[1].glob("*/models.py")):
        import_module(f"app.{path.parent.name}.models")
    return list(Base.metadata.sorted_tables)


def kept_tables() -> list[Table]:
    """Those whose rows outlive a restart: not logins, nor what is kept for an hour, nor derived."""
    return [table for table in every_table() if table.name not in TRANSIENT]


def dump(connection: Connection, table: Table) -> Iterator[bytes]:
    """The rows of a table, a line each."""
    encoders = {column.name: _codec(column)[0] for column in table.columns}
    rows = select(*(_as_stored(column) for column in table.columns)).order_by(table.c.id)
    for row in connection.execute(rows):
        told = {
            name: None if value is None else encode(value)
            for (name, encode), value in zip(encoders.items(), row, strict=True)
        }
        yield json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def load(connection: Connection, table: Table, lines: Iterable[bytes]) -> int:
    """Insert these rows; how many that was.

    Rows that point to rows of their own table are put aside first, and then inserted by a single
    statement: foreign keys are looked at when it ends, so that no order is needed.
    """
    if all(key.column.table is not table for key in table.foreign_keys):
        return _insert(connection, table, table, lines)
    columns = (Column(column.name, column.type) for column in table.columns)
    aside = Table(f"aside_{table.name}", MetaData(), *columns, prefixes=["TEMPORARY"])
    aside.create(connection)
    count = _insert(connection, aside, table, lines)
    connection.execute(insert(table).from_select(list(aside.columns.keys()), select(aside)))
    aside.drop(connection)
    return count


def parse(line: bytes) -> dict[str, Any]:
    """A line as it is, without types. Raises ValueError."""
    told: dict[str, Any] = json.loads(line)
    return told


def lines_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of these bytes, with constant memory."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _insert(connection: Connection, into: Table, like: Table, lines: Iterable[bytes]) -> int:
    decoders = {column.name: _codec(column)[1] for column in like.columns}
    waiting, count = iter(lines), 0
    while batch := list(islice(waiting, BATCH)):
        rows = [
            {
                name: None if value is None else decoders[name](value)
                for name, value in parse(line).items()
            }
            for line in batch
        ]
        connection.execute(insert(into), rows)
        count += len(rows)
    return count


def _codec(column: Column[Any]) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    for kind, encode, decode in CODECS:
        if isinstance(column.type, kind):
            return encode, decode
    return _same, _same


def _same(value: Any) -> Any:
    return value


def _as_stored(column: Column[Any]) -> Any:
    """Words as they are, even those that this version knows no more."""
    return type_coerce(column, String()) if isinstance(column.type, Enum) else column

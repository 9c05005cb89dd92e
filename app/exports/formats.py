"""How an export is written: CSV (RFC 4180), or JSON Lines; see `workbook` for the third."""

import csv
import json
import re
from collections.abc import Generator, Iterable, Sequence
from io import StringIO
from typing import Any, Protocol, TypeAlias

from pydantic_core import PydanticSerializationError, to_json

from app.core.cells import all_harmless
from app.exports.columns import Cells, Column
from app.exports.schemas import Type

BOM = "\ufeff"
BETWEEN, INSTEAD = "|", "¦"  # between the values of a cell; and for a | inside one of them
SEVERAL = {Type.IDS, Type.TEXTS, Type.CODES}
SAFE = {Type.ID, Type.MONTH, Type.INTEGER}  # made by us: none begins a formula
BOOLEANS = {True: "true", False: "false", None: None}
# What no text may hold, and a database may all the same: tables show a � in its place.
CONTROLS = bytes({*range(32)} - set(b"\t\n\r"))
UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
SHOWN_INSTEAD = "\ufffd"

Table: TypeAlias = Sequence[Sequence[Any]]  # rows, of cells that are `shown`


class Writer(Protocol):
    """A way to write the rows of these columns."""

    media_type: str

    def shown(self, cells: Sequence[Cells]) -> Sequence[Cells]:
        """The cells of each column, as this format shows them."""

    def written(self, tables: Iterable[Table]) -> Generator[bytes]:
        """The file, in chunks: one for each table or more, empty when there is nothing to send."""


class Csv:
    """CSV in UTF-8 with a byte order mark, which spreadsheets want. No cell is a formula."""

    media_type = "text/csv; charset=utf-8; header=present"

    def __init__(self, columns: Sequence[Column], delimiter: str) -> None:
        self.columns, self.delimiter = columns, delimiter

    def shown(self, cells: Sequence[Cells]) -> Sequence[Cells]:
        return [_shown(c.type, found) for c, found in zip(self.columns, cells, strict=True)]

    def written(self, tables: Iterable[Table]) -> Generator[bytes]:
        head = BOM.encode() + self._lines([[column.name for column in self.columns]])
        for rows in tables:
            yield head + self._lines(rows)
            head = b""

    def _lines(self, rows: Table) -> bytes:
        file = StringIO(newline="")
        csv.writer(file, delimiter=self.delimiter).writerows(rows)  # lines end with CRLF
        return as_utf8(file.getvalue())


class JsonLines:
    """One JSON object a line. Several values are a list; what is not known is null."""

    media_type = "application/jsonl"

    def __init__(self, columns: Sequence[Column]) -> None:
        self.names = [column.name for column in columns]

    def shown(self, cells: Sequence[Cells]) -> Sequence[Cells]:
        return cells

    def written(self, tables: Iterable[Table]) -> Generator[bytes]:
        for rows in tables:
            yield self._lines(rows)

    def _lines(self, rows: Table) -> bytes:
        objects = [dict(zip(self.names, row, strict=True)) for row in rows]
        try:
            return b"".join([to_json(found) + b"\n" for found in objects])
        except PydanticSerializationError:  # half a character, which JSON can tell as `\ud83d`
            return "".join([f"{json.dumps(found)}\n" for found in objects]).encode()


def as_utf8(text: str) -> bytes:
    """The bytes of a text, of which what cannot be shown is replaced."""
    try:
        found = text.encode()
    except UnicodeEncodeError:
        return UNSHOWABLE.sub(SHOWN_INSTEAD, text).encode()
    if len(found.translate(None, CONTROLS)) == len(found):
        return found
    return UNSHOWABLE.sub(SHOWN_INSTEAD, text).encode()


def joined(values: Sequence[str | None] | None) -> str:
    """The values in one cell."""
    if not values:
        return ""
    return BETWEEN.join([(value or "").replace(BETWEEN, INSTEAD) for value in values])


def _shown(kind: Type, cells: Cells) -> Cells:
    if kind in SAFE:
        return cells
    if kind is Type.BOOLEAN:
        return [BOOLEANS[cell] for cell in cells]
    texts = [joined(cell) for cell in cells] if kind in SEVERAL else cells
    return all_harmless(texts)

"""How an export is written: CSV (RFC 4180), or JSON Lines."""

import csv
import json
from collections.abc import Sequence
from io import StringIO
from typing import Any, Protocol

from app.core.cells import harmless
from app.exports.columns import Cells, Column
from app.exports.schemas import Format, Type

BOM = "\ufeff"
BETWEEN, INSTEAD = "|", "¦"  # between the values of a cell; and for a | inside one of them
SEVERAL = {Type.IDS, Type.TEXTS, Type.CODES}
SAFE = {Type.ID, Type.MONTH, Type.INTEGER}  # made by us: none begins a formula
BOOLEANS = {True: "true", False: "false", None: None}
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Writer(Protocol):
    """A way to write the rows of these columns."""

    media_type: str

    def head(self) -> bytes:
        """What comes before the rows."""

    def shown(self, cells: Sequence[Cells]) -> Sequence[Cells]:
        """The cells of each column, as this format shows them."""

    def lines(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """The rows, of cells that are `shown`."""


class Csv:
    """CSV in UTF-8 with a byte order mark, which spreadsheets want. No cell is a formula."""

    media_type = "text/csv; charset=utf-8; header=present"

    def __init__(self, columns: Sequence[Column], delimiter: str) -> None:
        self.columns, self.delimiter = columns, delimiter

    def head(self) -> bytes:
        return BOM.encode() + self.lines([[column.name for column in self.columns]])

    def shown(self, cells: Sequence[Cells]) -> Sequence[Cells]:
        return [_shown(c.type, found) for c, found in zip(self.columns, cells, strict=True)]

    def lines(self, rows: Sequence[Sequence[Any]]) -> bytes:
        file = StringIO(newline="")
        csv.writer(file, delimiter=self.delimiter).writerows(rows)  # lines end with CRLF
        return file.getvalue().encode()


class JsonLines:
    """One JSON object a line. Several values are a list; what is not known is null."""

    media_type = "application/jsonl"

    def __init__(self, columns: Sequence[Column]) -> None:
        self.names = [column.name for column in columns]

    def head(self) -> bytes:
        return b""

    def shown(self, cells: Sequence[Cells]) -> Sequence[Cells]:
        return cells

    def lines(self, rows: Sequence[Sequence[Any]]) -> bytes:
        encode, names = ENCODER.encode, self.names
        objects = (dict(zip(names, row, strict=True)) for row in rows)
        return "".join([f"{encode(found)}\n" for found in objects]).encode()


def writer(format_: Format, language: str, columns: Sequence[Column]) -> Writer:
    """What writes this format for readers of this language: French spreadsheets want `;`."""
    if format_ is Format.JSONL:
        return JsonLines(columns)
    return Csv(columns, ";" if language == "fr" else ",")


def _shown(kind: Type, cells: Cells) -> Cells:
    if kind in SAFE:
        return cells
    if kind is Type.BOOLEAN:
        return [BOOLEANS[cell] for cell in cells]
    texts = [_joined(cell) for cell in cells] if kind in SEVERAL else cells
    return [harmless(text) if text else text for text in texts]


def _joined(values: Sequence[str] | None) -> str:
    """The values in one cell."""
    if not values:
        return ""
    return BETWEEN.join([(value or "").replace(BETWEEN, INSTEAD) for value in values])

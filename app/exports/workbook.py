"""How an export is written as a workbook: by XlsxWriter, in constant memory, in a temporary folder.

A workbook is a zip whose table of contents comes last: it is sent once it is whole. Excel holds
32 767 UTF-16 units in a cell and 1 048 576 rows in a sheet: what is longer is cut, which the column
`truncated` announces; rows go on in another sheet.
"""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from app.exports.columns import Cells, Column
from app.exports.formats import BETWEEN, CONTROLS, SEVERAL, SHOWN_INSTEAD, UNSHOWABLE, Table, joined
from app.exports.rooms import room
from app.exports.schemas import Type

NAME = "Données"
TRUNCATED = "truncated"
LONGEST = 32_767  # UTF-16 units of a cell
ROWS = 1_048_575  # of a sheet, below its heading
CHUNK = 256 * 1024
WIDTHS = {Type.TEXT: 40, Type.TEXTS: 30, Type.BOOLEAN: 10, Type.INTEGER: 10, Type.MONTH: 10}
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "use_zip64": True,  # where it is needed
}
PROPERTY = 255  # characters of a property that Excel keeps
INLINE = '" t="inlineStr"><is><t xml:space="preserve">', "</t></is></c>"
KINDS = {Type.INTEGER: ('"><v>', "</v></c>"), Type.BOOLEAN: ('" t="b"><v>', "</v></c>")}
BOOLEANS = {True: "1", False: "0", None: None}
ESCAPE = re.compile("(_x[0-9A-Fa-f]{4}_)")  # what Excel reads as a character
MARKUP = CONTROLS + b"\r&<>"  # bytes of a text that XML cannot hold as they are


@dataclass(frozen=True)
class Sheet:
    """A sheet that follows the rows: its first row is a heading."""

    name: str
    widths: Sequence[int]
    rows: Sequence[Sequence[Any]]


class Rows(Worksheet):  # type: ignore[misc]
    """A sheet of a workbook in constant memory which takes many rows at once.

    `write_string` takes thrice as long, and writes a text of the form `<r>…</r>` as markup.
    """

    def write_rows(self, number: int, columns: Sequence[tuple[str, str, str]], rows: Table) -> None:
        """Rows from this number on (the first is 1), of cells in XML; empty ones are left out.

        A column is what comes before the number of the row, between it and the cell, and after.
        """
        self._write_single_row(number - 1)  # what was written otherwise is kept until the next row
        lines = []
        for n, row in enumerate(rows, number):
            cells = [
                f"{before}{n}{between}{cell}{after}"
                for (before, between, after), cell in zip(columns, row, strict=True)
                if cell
            ]
            lines.append(f'<row r="{n}">{"".join(cells)}</row>')
        self.row_data_fh.write("".join(lines))
        if rows:
            last = number + len(rows) - 2
            self.previous_row = self.dim_rowmax = last


class Xlsx:
    """An Office Open XML workbook. No text is a formula, a link or a number.

    `closing` gives the sheets that follow once all rows are written, `properties` those of the
    document.
    """

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def __init__(
        self,
        columns: Sequence[Column],
        closing: Callable[[], Sequence[Sheet]],
        properties: Mapping[str, str],
    ) -> None:
        self.columns, self._closing, self._properties = columns, closing, properties
        self._truncated = [column.name for column in columns].index(TRUNCATED)

    def shown(self, cells: Sequence[Cells]) -> Sequence[Cells]:
        cut: dict[int, list[str]] = {}
        told: list[Cells] = []
        for column, found in zip(self.columns, cells, strict=True):
            if column.type is Type.BOOLEAN:
                told.append([BOOLEANS[cell] for cell in found])
            elif column.type is Type.INTEGER:
                told.append([None if cell is None else str(cell) for cell in found])
            else:
                told.append(_texts(column, found, cut))
        if cut:
            names = list(told[self._truncated])
            for number, of_row in cut.items():
                names[number] = BETWEEN.join(of_row)
            told[self._truncated] = names
        return told

    def written(self, tables: Iterable[Table]) -> Generator[bytes]:
        with room() as folder:
            path = folder / "export.xlsx"
            yield from self._composed(path, tables)
            with path.open("rb") as file:
                yield from iter(partial(file.read, CHUNK), b"")

    def _composed(self, path: Path, tables: Iterable[Table]) -> Iterator[bytes]:
        """Write the workbook; an empty chunk tells that more was done."""
        book = Workbook(path, {**OPTIONS, "tmpdir": str(path.parent)})
        try:
            book.set_properties({name: told[:PROPERTY] for name, told in self._properties.items()})
            bold = book.add_format({"bold": True})
            sheets = _Sheets(book, self.columns, bold)
            for rows in tables:
                sheets.write(rows)
                yield b""
            for sheet in self._closing():
                _write(book, sheet, bold)
            book.close()
        finally:
            for sheet in book.worksheets():
                sheet.row_data_fh.close()


class _Sheets:
    """The sheets of the rows: as many as they fill."""

    def __init__(self, book: Any, columns: Sequence[Column], bold: Any) -> None:
        self._book, self._columns, self._bold = book, columns, bold
        self._count = 0
        self._next()

    def write(self, rows: Table) -> None:
        left = ROWS - self._filled
        if len(rows) > left:
            self.write(rows[:left])
            self._next()
            self.write(rows[left:])
            return
        self._sheet.write_rows(self._filled + 2, self._templates, rows)
        self._filled += len(rows)

    def _next(self) -> None:
        self._count, self._filled = self._count + 1, 0
        name = NAME if self._count == 1 else f"{NAME} {self._count}"
        sheet = self._sheet = self._book.add_worksheet(name, Rows)
        sheet.freeze_panes(1, 0)
        self._templates = []
        for number, column in enumerate(self._columns):
            sheet.set_column(number, number, WIDTHS.get(column.type, 18))
            sheet.write_string(0, number, column.name, self._bold)
            between, after = KINDS.get(column.type, INLINE)
            self._templates.append((f'<c r="{_letters(number)}', between, after))


def _write(book: Any, sheet: Sheet, bold: Any) -> None:
    """A sheet of texts and integers."""
    added = book.add_worksheet(sheet.name, Rows)
    for number, width in enumerate(sheet.widths):
        added.set_column(number, number, width)
    added.freeze_panes(1, 0)
    for number, heading in enumerate(sheet.rows[0]):
        added.write_string(0, number, heading, bold)
    between, after = INLINE
    columns = [(f'<c r="{_letters(n)}', between, after) for n in range(len(sheet.widths))]
    texts = [[_escaped(_cut(str(cell), BETWEEN)) for cell in row] for row in sheet.rows[1:]]
    added.write_rows(2, columns, texts)


def _letters(number: int) -> str:
    """The name of a column: A, B… Z, AA and so on."""
    before, last = divmod(number, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


def _texts(column: Column, cells: Cells, cut: dict[int, list[str]]) -> Cells:
    """These texts in XML. Those that were too long are in `cut`, by the number of their row."""
    several = column.type in SEVERAL
    texts = [joined(cell) for cell in cells] if several else cells
    together = "".join(filter(None, texts))
    if len(together) > LONGEST // 2 and max(map(len, filter(None, texts))) > LONGEST // 2:
        texts = list(texts)
        for number, text in enumerate(texts):
            if text and (short := _cut(text, BETWEEN if several else "")) is not text:
                texts[number] = short
                cut.setdefault(number, []).append(column.name)
    if _is_plain(together):
        return texts
    return [_escaped(text) if text else text for text in texts]


def _cut(text: str, between: str = "") -> str:
    """As much of the text as a cell holds: whole values, where something stands between them."""
    if len(text) <= LONGEST // 2 or _units(text) <= LONGEST:
        return text
    short = text.encode("utf-16-le", "surrogatepass")[: 2 * LONGEST].decode("utf-16-le", "ignore")
    return short.rpartition(between)[0] or short if between else short


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _is_plain(text: str) -> bool:
    """Whether the text is the same in XML."""
    try:
        found = text.encode()
    except UnicodeEncodeError:
        return False
    odd = len(found.translate(None, MARKUP)) != len(found)
    return not odd and "_x" not in text and "\ufffe" not in text and "\uffff" not in text


def _escaped(text: str) -> str:
    """The text in XML. Ends of lines are those of XML."""
    found = UNSHOWABLE.sub(SHOWN_INSTEAD, text.replace("\r\n", "\n").replace("\r", "\n"))
    found = ESCAPE.sub(r"_x005F\1", found)
    return found.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

"""The ceilings of exports: the statements of one, fetched, and written by the bare libraries."""

import csv
import io
import json
import pickle
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from xlsxwriter import Workbook

from app.core.db import Database

Rows: TypeAlias = Sequence[Sequence[Any]]
Write: TypeAlias = Callable[[Rows], object]


@contextmanager
def into_csv() -> Iterator[Write]:
    """`csv.writer`."""

    def write(rows: Rows) -> None:
        text = io.StringIO()
        csv.writer(text, delimiter=";").writerows(rows)
        text.getvalue().encode()

    yield write


@contextmanager
def into_jsonl() -> Iterator[Write]:
    """`json.dumps` of a dictionary a row."""

    def write(rows: Rows) -> None:
        names = [f"column_{number}" for number in range(len(rows[0]))] if rows else []
        lines = [json.dumps(dict(zip(names, row, strict=True)), default=str) for row in rows]
        "\n".join(lines).encode()

    yield write


@contextmanager
def into_xlsx() -> Iterator[Write]:
    """XlsxWriter in constant memory, a `write_string` a cell that is not empty."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        options = {"constant_memory": True, "tmpdir": folder}
        with Workbook(f"{folder}/loop.xlsx", options) as book:
            sheet, written = book.add_worksheet(), iter(range(1_048_576))

            def write(rows: Rows) -> None:
                for row in rows:
                    number = next(written)
                    for column, cell in enumerate(row):
                        if cell is not None:
                            sheet.write_string(number, column, str(cell))

            yield write


LOOPS = {"csv": into_csv, "jsonl": into_jsonl, "xlsx": into_xlsx}


def rows_per_second(database: Database, folder: Path, format_: str = "csv") -> float:
    """Rows of testimonies a processor second; what belongs to them is fetched, and not written."""
    kept = pickle.loads((folder / "export.pickle").read_bytes())
    rows, started = 0, time.process_time()
    with LOOPS[format_]() as write:
        for statement, values in kept["statements"]:
            with database.read.begin() as db:
                found = db.connection().exec_driver_sql(statement, values).fetchall()
            if "FROM testimonies" in statement:
                write(found)
                rows += len(found)
    return rows / (time.process_time() - started)

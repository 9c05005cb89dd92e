"""The rows of a dataset as a format shows them, a batch at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import structlog

from app.accounts.authentication import Caller
from app.core.db import Database
from app.exports.columns import Batch, Column, nothing
from app.exports.datasets import UNREADABLE, Dataset
from app.exports.formats import Table, Writer
from app.exports.ids import Exported
from app.exports.queries import permits
from app.exports.reading import Read, batches

log = structlog.get_logger("app.exports")


class Rows:
    """The rows of a dataset that pass filters and may leave when their batch is read.

    Rows of a batch come in the order of their ids of this export, so that their places tell
    nothing. One that cannot be read is told by its id alone, and to `report`.
    """

    def __init__(
        self,
        database: Database,
        dataset: Dataset,
        filters: Any,
        by: Caller,
        exported: Exported,
        writer: Writer,
        report: Callable[[str], None],
    ) -> None:
        self.database, self.dataset, self.filters = database, dataset, filters
        self.rows = self.anomalies = 0
        self._writer, self._report, self._exported = writer, report, exported
        self._columns = [_shown_to(by, column) for column in dataset.columns]
        self._names = dataset.names
        self._restrictions = [self._names.index(name) for name in dataset.restrictions]

    def tables(self) -> Iterator[Table]:
        """The cells of each batch."""
        for rows in batches(self.database, self.dataset, self.filters):
            table = sorted(self._table(rows), key=lambda row: str(row[0]))
            self.rows += len(table)
            yield table

    def _table(self, rows: Sequence[Read]) -> list[tuple[Any, ...]]:
        """The cells of these rows. One that cannot be read is an anomaly, found by halving."""
        try:
            return self._cells(rows)
        except Exception as error:  # whatever is wrong with a row, the others leave
            if len(rows) > 1:
                middle = len(rows) // 2
                return self._table(rows[:middle]) + self._table(rows[middle:])
            return [self._anomaly(rows[0], error)]

    def _cells(self, rows: Sequence[Read]) -> list[tuple[Any, ...]]:
        for i in self._restrictions:
            rows = [row for row in rows if row[i] is None or permits(row[i])]
        read = dict(zip(self._names, zip(*rows, strict=True), strict=False))
        if not read:
            return []
        batch = Batch(read, self._exported)
        cells = self._writer.shown([column.of(batch) for column in self._columns])
        return list(zip(*cells, strict=True))

    def _anomaly(self, row: Read, error: Exception) -> tuple[Any, ...]:
        self.anomalies += 1
        exported = self._exported(row[0])
        self._report(exported)
        log.warning(
            "unreadable row", dataset=self.dataset.name, id=str(row[0]), error=type(error).__name__
        )
        told = {"id": exported, "anomaly": UNREADABLE}
        return tuple(told.get(column.name) for column in self.dataset.columns)


def _shown_to(by: Caller, column: Column) -> Column:
    """The column; without its cells when they are not for this caller: headers stay as they are."""
    may = column.needs is None or column.needs in by.permissions
    return column if may else replace(column, of=nothing)

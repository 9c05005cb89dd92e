"""A dataset read in batches: a short read each, with constant memory."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import Row, Select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.models import as_stored, now
from app.exports.datasets import Children, Dataset

BATCH = 1000
Read: TypeAlias = tuple[Any, ...]  # what `names` name, of one row


def names(dataset: Dataset) -> list[str]:
    """What is read of each row, in this order."""
    return [*dataset.reads, *dataset.children]


def batches(database: Database, dataset: Dataset, filters: Any) -> Iterator[list[Read]]:
    """The rows that may leave when their batch is read. No session is open meanwhile."""
    position: tuple[Any, ...] | None = None
    while True:
        with database.read() as db:
            found = _rows(db, dataset, filters, now(), position)
            children = [_children(db, kind, found) for kind in dataset.children.values()]
        width = len(dataset.reads)
        yield [(*row[:width], *kids) for row, *kids in zip(found, *children, strict=True)]
        if len(found) < BATCH:
            return
        position = dataset.order.position.validate_python(tuple(found[-1][width:]))


def _rows(
    db: Session, dataset: Dataset, filters: Any, at: datetime, position: tuple[Any, ...] | None
) -> list[Row[Any]]:
    """The next rows, then the columns of the order."""
    order = dataset.order
    read = [*dataset.reads.values(), *map(as_stored, order.columns)]
    labelled: list[Any] = [column.label(f"read_{number}") for number, column in enumerate(read)]
    rows: Select[Any] = dataset.rows(filters, at).with_only_columns(*labelled)
    ranges = [rows] if position is None else [rows.where(end) for end in order.after(position)]
    found: list[Row[Any]] = []
    for part in ranges:
        found += db.connection().execute(order.sort(part).limit(BATCH - len(found)))
        if len(found) == BATCH:
            break
    return found


def _children(db: Session, kind: Children, found: Sequence[Row[Any]]) -> list[list[Any]]:
    """Those of each row, in their order."""
    by_id: dict[Any, list[Any]] = {row[0]: [] for row in found}
    rows = kind.values.add_columns(as_stored(kind.parent_id), kind.position)
    read = db.connection().execute(rows.where(as_stored(kind.parent_id).in_(list(by_id)))) if found else ()
    for row in sorted(read, key=itemgetter(-1)):
        by_id[row[-2]].append(row[:-2])
    return list(by_id.values())

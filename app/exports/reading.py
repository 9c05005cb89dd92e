"""A dataset read in batches: a short read each, with constant memory."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, Select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.models import now
from app.exports.datasets import Dataset

BATCH = 1000
Read: TypeAlias = Row[Any]  # what `names` names of one row, then the columns of the order


def batches(database: Database, dataset: Dataset, filters: Any) -> Iterator[list[Read]]:
    """The rows that may leave when their batch is read. No session is open meanwhile."""
    position: tuple[Any, ...] | None = None
    while True:
        with database.read() as db:
            found = _rows(db, dataset, filters, now(), position)
        yield found
        if len(found) < BATCH:
            return
        position = tuple(found[-1][len(dataset.names) :])


def _rows(
    db: Session, dataset: Dataset, filters: Any, at: datetime, position: tuple[Any, ...] | None
) -> list[Read]:
    order = dataset.order
    moving = [of(at) for of in dataset.reads_at.values()]
    read = [*dataset.reads.values(), *moving, *order.stored]
    labelled: list[Any] = [column.label(f"read_{number}") for number, column in enumerate(read)]
    rows: Select[Any] = dataset.rows(filters, at).with_only_columns(*labelled)
    ranges = (
        [rows] if position is None else [rows.where(end) for end in order.after_stored(position)]
    )
    found: list[Read] = []
    connection = db.connection()  # rows, not entities: the session would look for some
    for part in ranges:
        found += connection.execute(order.sort(part).limit(BATCH - len(found))).all()
        if len(found) == BATCH:
            break
    return found

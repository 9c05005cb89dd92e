"""Keep what can be found of a thing; forget it; say what holds for the things that are found."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from secrets import randbelow
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    FromClause,
    String,
    Table,
    bindparam,
    cast,
    delete,
    insert,
    join,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from app.core.db import Database
from app.textindex import languages
from app.textindex.languages import Where
from app.textindex.models import COLUMNS, FTS, IndexedText, TextKind
from app.textindex.sought import Sought
from app.textindex.words import words

TEXTS = IndexedText.metadata.tables[IndexedText.__tablename__]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SHARES = 1000  # things that may be of one microsecond
MERGED = 500  # pages of an index that are written anew in one transaction
WORK = 2  # changes of a merge that did something (https://sqlite.org/fts5.html, "merge")
ASKED = "asked"  # the parameter that takes what `asked` makes of a question


@dataclass(frozen=True)
class Place:
    """Where things of a kind are found: read `number` and `thing_id` from `table` when `holds`.

    The question is the parameter `asked`: so what is read from there can be built once.
    """

    table: FromClause
    number: ColumnElement[int]
    holds: ColumnElement[bool]


def put(
    db: Session,
    kind: TextKind,
    thing_id: UUID,
    at: datetime,
    *,
    title: Sequence[str | None] = (),
    body: str | None = None,
) -> None:
    """From now on this thing, of this moment, is found by these words, and by no others.

    Those of its `title` (and of its tags…) count more. A thing without words is not found.
    """
    number = remove(db, [thing_id])
    number = number or (at - EPOCH) // MICROSECOND * SHARES + randbelow(SHARES)
    heads = [list(words(part)) for part in title if part]
    said = list(words(body)) if body else []
    if not heads and not said:
        return
    row: dict[str, Any] = {"id": uuid4(), "kind": kind, "thing_id": thing_id, "number": number}
    if is_postgresql(db):
        vector = languages.vector(heads, said)
        db.execute(insert(TEXTS), row | {"vector": vector})
        return
    db.execute(insert(TEXTS), row)
    values = dict(zip(COLUMNS, languages.columns(heads, said), strict=True))
    db.execute(insert(FTS[kind]), {"rowid": number, **values})


def remove(db: Session, ids: Collection[UUID]) -> int | None:
    """These things are found no more; the number of the last."""
    if not ids:
        return None
    rows = db.execute(select(TEXTS.c.kind, TEXTS.c.number).where(TEXTS.c.thing_id.in_(ids))).all()
    if not rows:
        return None
    if not is_postgresql(db):
        for kind, fts in FTS.items():
            if numbers := [number for of, number in rows if of is kind]:
                db.execute(delete(fts).where(fts.c.rowid.in_(numbers)))
    db.execute(delete(TEXTS).where(TEXTS.c.thing_id.in_(ids)))
    number: int = rows[-1].number
    return number


def clear(db: Session) -> None:
    """Nothing is found any more."""
    if not is_postgresql(db):
        for fts in FTS.values():
            db.execute(delete(fts))
    db.execute(delete(TEXTS))


def place(kind: TextKind, *, postgresql: bool) -> Place:
    """Where the things of a kind are that say what is asked."""
    holds = _says(kind, ASKED, postgresql)
    if postgresql:
        return Place(TEXTS, TEXTS.c.number, holds)
    fts = FTS[kind]
    of_it = (TEXTS.c.number == fts.c.rowid) & (TEXTS.c.kind == kind)
    return Place(join(fts, TEXTS, of_it), fts.c.rowid, holds)


def asked(sought: Sought, where: Where, *, postgresql: bool) -> str:
    """A question, as the database takes it."""
    return (languages.tsquery if postgresql else languages.match)(sought, where)


def who_says(db: Session, sought: Sought, *wheres: Where) -> set[tuple[Where, TextKind]]:
    """Of which kinds any thing says this, and where, whoever may see it."""
    postgresql = is_postgresql(db)
    questions = {where.value: asked(sought, where, postgresql=postgresql) for where in wheres}
    row = db.connection().execute(_any_says(wheres, postgresql), questions).one()
    every = product(wheres, TextKind)
    return {one for one, is_said in zip(every, row, strict=True) if is_said}


@cache
def _any_says(wheres: tuple[Where, ...], postgresql: bool) -> Any:
    """Built once: it is asked for each page."""
    return select(
        *(
            select(literal(1))
            .select_from(TEXTS if postgresql else FTS[kind])
            .where(_says(kind, where, postgresql))
            .exists()
            .label(f"{where}_{kind}")
            for where, kind in product(wheres, TextKind)
        )
    )


def _says(kind: TextKind, asked: str, postgresql: bool) -> ColumnElement[bool]:
    """Whether a thing of this kind says what the parameter of this name asks.

    To PostgreSQL it is written in the statement: it knows which words are frequent, and would
    forget it in a plan for any question.
    """
    question = bindparam(asked, type_=String(), literal_execute=postgresql)
    if postgresql:
        return (TEXTS.c.kind == kind) & TEXTS.c.vector.op("@@")(cast(question, TSQUERY))
    fts = FTS[kind]
    return fts.c[fts.name].op("MATCH")(question)


def is_indexed(thing_id: Any) -> ColumnElement[bool]:
    """Whether the thing of this id (a column) can be found."""
    return select(TEXTS.c.id).where(TEXTS.c.thing_id == thing_id).exists()


def compact(database: Database) -> None:
    """Have nothing left, in the index, of what was removed: FTS5 only marks it.

    In transactions that others come between. PostgreSQL is told to write the table anew.
    """
    if database.dialect == "postgresql":
        return
    for fts in FTS.values():
        pages = -MERGED  # a first one takes all of the index into the merge
        while _merge(database, fts, pages):
            pages = MERGED


def _merge(database: Database, fts: Table, pages: int) -> bool:
    with database.write.begin() as db:
        connection: Any = db.connection().connection.driver_connection
        before = connection.total_changes
        db.execute(insert(fts).values({fts.name: "merge", "rank": pages}))
        return pages < 0 or connection.total_changes - before >= WORK


def is_postgresql(db: Session) -> bool:
    """Which of the two ways of finding this database has."""
    return db.get_bind().dialect.name == "postgresql"

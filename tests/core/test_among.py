"""Rows among many, whose ids are one parameter."""

from uuid import uuid4

from sqlalchemy import not_, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from app.core.among import among
from app.core.db import rows_of
from app.workshops.models import Workshop
from tests.make import Make

ASKED = select(Workshop.id).where(among(Workshop.id, "ids"))
MORE_THAN_PARAMETERS = 70_000  # PostgreSQL takes 65 535, SQLite 32 766


def test_those_that_are_listed_are_found_and_no_others(make: Make, db: Session) -> None:
    first, second, _ = (make.workshop() for _ in range(3))
    found = rows_of(db, ASKED, ids=[first.id, second.id, uuid4()])
    assert {row.id for row in found} == {first.id, second.id}


def test_among_none_there_is_none(make: Make, db: Session) -> None:
    make.workshop()
    assert rows_of(db, ASKED, ids=[]) == []


def test_the_others_are_found_too(make: Make, db: Session) -> None:
    first, second = make.workshop(), make.workshop()
    others = select(Workshop.id).where(not_(among(Workshop.id, "ids")))
    assert [row.id for row in rows_of(db, others, ids=[first.id])] == [second.id]


def test_they_may_be_more_than_a_statement_has_parameters(make: Make, db: Session) -> None:
    workshop = make.workshop()
    ids = [workshop.id, *(uuid4() for _ in range(MORE_THAN_PARAMETERS))]
    assert [row.id for row in rows_of(db, ASKED, ids=ids)] == [workshop.id]


def test_sqlite_finds_them_by_their_index() -> None:
    told = str(ASKED.compile(dialect=sqlite.dialect()))
    assert told.endswith("json_each(?) AS anon_1)"), "compared with 1, all rows would be read"

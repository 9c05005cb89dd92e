"""What both databases promise."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from sqlite3 import OperationalError, connect
from threading import Event
from time import sleep
from uuid import UUID, uuid4

import psycopg
import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.accounts.models import Account, Kind, Organization
from app.calls.call import Call
from app.core.db import SETTINGS, Database, insert_new, locked
from app.core.models import Base
from app.places.models import Place, PlaceKind
from app.workshops.models import Workshop
from tests.make import Make


def named(name: str | None) -> Organization:
    return Organization(name=name, kind=Kind.ASSOCIATION)


def test_a_moment_comes_back_in_utc(make: Make, db: Session) -> None:
    in_paris = datetime(2026, 7, 14, 15, 30, 0, 123456, timezone(timedelta(hours=2)))
    made = make.workshop(starts_at=in_paris)

    found = db.get_one(Workshop, made.id)
    assert found.starts_at == in_paris
    assert found.starts_at.tzinfo is UTC


def test_a_moment_without_time_zone_is_refused(make: Make) -> None:
    with pytest.raises(StatementError, match="no time zone"):
        make.workshop(starts_at=datetime(2026, 7, 14, 15, 30))  # noqa: DTZ001


def test_an_id_is_random_and_comes_back_as_it_was(make: Make, db: Session) -> None:
    made = make.organization()
    assert (made.id.version, db.get_one(Organization, made.id).id) == (4, made.id)
    assert isinstance(db.scalar(select(Organization.id).where(Organization.id == made.id)), UUID)


def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"), database.read.begin() as db:
        db.add(named("Association"))


def test_what_people_wrote_is_in_no_error_message(make: Make) -> None:
    make.organization(name="a word of somebody")
    with pytest.raises(DBAPIError) as caught:
        make.organization(name="a word of somebody")
    assert "[SQL parameters hidden" in str(caught.value)


def test_sqlite_has_its_pragmas_and_locks_for_writes_only(url: str, database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL locks rows, not the database.")
    in_production = Database(url)  # the tests' own does not wait for the disk
    file = url.removeprefix("sqlite:///")
    numbers = {"WAL": "wal", "FULL": "2", "ON": "1", "OFF": "0"}
    with closing(connect(file, timeout=0)) as other:
        other.isolation_level = None
        for session in (in_production.read, in_production.write):
            with session() as db:
                for pragma, value in SETTINGS["sqlite"].items():
                    found = db.scalar(text(f"PRAGMA {pragma}"))
                    assert str(found) == numbers.get(value, value), pragma
        with in_production.read() as db:
            db.scalar(select(Organization))
            other.execute("BEGIN IMMEDIATE").execute("ROLLBACK")
        with in_production.write() as db:
            db.scalar(select(Organization))
            with pytest.raises(OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
    in_production.dispose()


def test_postgresql_has_its_settings(url: str, database: Database) -> None:
    if database.dialect != "postgresql":
        pytest.skip("SQLite has pragmas.")
    in_production = Database(url)
    for session in (in_production.read, in_production.write):
        with session() as db:
            for setting, value in SETTINGS["postgresql"].items():
                assert db.scalar(text(f"SHOW {setting}")) == value
    in_production.dispose()


@pytest.fixture
def forgotten(url: str, database: Database) -> Iterator[Callable[[], None]]:
    """A transaction was prepared, as some tools do, and no session has it: forget it at last."""
    if database.dialect != "postgresql":
        pytest.skip("SQLite knows no prepared transactions.")
    told = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(told, autocommit=True) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT pg_current_xact_id()")
        connection.execute("PREPARE TRANSACTION 'forgotten'")

        def forget() -> None:
            for _ in connection.execute("SELECT gid FROM pg_prepared_xacts").fetchall():
                connection.execute("ROLLBACK PREPARED 'forgotten'")

        yield forget
        forget()


def test_what_postgresql_keeps_for_somebody_unseen_is_not_called_erased(
    database: Database, forgotten: Callable[[], None], impatient: None
) -> None:
    with database.write.begin() as db:
        db.execute(text("CREATE TABLE noted AS SELECT 'Yasmina' AS word"))
    with database.write.begin() as db:
        db.execute(text("DELETE FROM noted"))
    with pytest.raises(DBAPIError, match="of before"):
        database.scrub(["noted"])
    forgotten()
    database.scrub(["noted"])
    with database.write.begin() as db:
        db.execute(text("DROP TABLE noted"))


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (lambda known: named(known.organization.name), 409),  # unique
        (
            lambda known: Place(  # foreign key
                name="ERIC", kind=PlaceKind.ERIC, organization_id=known.id, territory_id=uuid4()
            ),
            409,
        ),
        (lambda _: named(None), 500),  # not null: our own mistake
    ],
)
def test_only_contradictions_are_conflicts(
    app: FastAPI, make: Make, animator: Account, row: Callable[[Account], Base], status: int
) -> None:
    @app.post("/rows")
    def add(call: Call) -> Response:
        with call as (db, _):
            db.add(row(animator))
            return call.nothing()

    headers = {"Authorization": f"Bearer {make.token(animator)}"}
    response = TestClient(app, raise_server_exceptions=False).post("/rows", headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_what_a_writer_finds_is_locked_until_its_commit(database: Database, make: Make) -> None:
    known, asked = make.organization(), Event()
    rows = select(Organization).where(Organization.id == known.id)
    with database.write.begin() as first, ThreadPoolExecutor(1) as thread:
        first.scalars(locked(first, rows)).one().name = "first"

        def rename() -> str:
            asked.set()
            with database.write.begin() as second:
                return second.scalars(locked(second, rows)).one().name

        waiting = thread.submit(rename)
        asked.wait(5)
        sleep(0.1)
        assert not waiting.done()
        first.commit()
        assert waiting.result(timeout=5) == "first"


def test_a_row_is_inserted_once(database: Database) -> None:
    with database.write.begin() as db:
        for _ in range(2):
            insert_new(db, Organization, name="Association", kind=Kind.OTHER)
        assert db.scalars(select(Organization.name)).all() == ["Association"]


# Versions


def test_a_row_counts_its_versions(database: Database, make: Make, db: Session) -> None:
    made = make.organization()
    with database.write.begin() as writing:
        writing.get_one(Organization, made.id).name = "Another"
    changed = db.get_one(Organization, made.id)
    assert (made.version, changed.version) == (1, 2)
    assert changed.updated_at > made.updated_at
    assert changed.created_at == made.created_at


def test_what_belongs_to_a_row_may_touch_it(database: Database, make: Make, db: Session) -> None:
    made = make.organization()
    with database.write.begin() as writing:
        writing.get_one(Organization, made.id).touch()
    assert db.get_one(Organization, made.id).version == 2


def test_a_row_that_changed_meanwhile_is_not_overwritten(database: Database, make: Make) -> None:
    known = make.organization()
    with database.write.begin() as first:
        first.get_one(Organization, known.id).name = "First"
    with database.write() as late:
        late.add(known)  # as it was read before
        known.name = "Late"
        with pytest.raises(StaleDataError):
            late.flush()

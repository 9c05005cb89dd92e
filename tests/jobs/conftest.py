"""A desk to ask for jobs at, and workers who know only what the test taught them."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.models import Base
from app.jobs.service import HANDLERS
from app.worker import discover
from tests.jobs.desk import Desk


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    file = tmp_path_factory.mktemp("database") / "test.db"
    database = Database(os.environ.get("TEST_DATABASE_URL", f"sqlite:///{file}"))
    with database.write.begin() as db:
        Base.metadata.drop_all(db.connection())
        Base.metadata.create_all(db.connection())
    yield database
    database.dispose()


@pytest.fixture
def database(built: Database) -> Iterator[Database]:
    yield built
    with built.write.begin() as db:
        for table in reversed(Base.metadata.sorted_tables):
            db.execute(table.delete())


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    with database.read() as db:
        yield db


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.fixture(autouse=True)
def _no_other_handlers() -> Iterator[None]:
    discover()
    known = dict(HANDLERS)
    HANDLERS.clear()
    yield
    HANDLERS.clear()
    HANDLERS.update(known)

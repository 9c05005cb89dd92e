"""Until tests/conftest.py is there."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

import app.worker  # noqa: F401 - knows every table we need
from app.core.db import Database
from app.core.models import Base


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

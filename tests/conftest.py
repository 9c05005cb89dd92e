"""An empty database for every test, and the people who call the API.

The database is a SQLite file, or the one of TEST_DATABASE_URL. The migrations build its tables,
once; requests commit as they do in production, and each test's rows are deleted at its end.

Files are in a folder; with TEST_STORAGE=s3, in a bucket of a moto server that lives as long.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck
from hypothesis import settings as examples
from sqlalchemy import Table, create_engine, exists, literal, make_url, select, text, union_all
from sqlalchemy.orm import Session

from tests.buckets import BUCKET, environment_of, moto
from tests.postgres import free_port

DATA_DIR = Path(mkdtemp(prefix="retours-tests-"))
os.environ.update(APP_DATA_DIR=str(DATA_DIR), APP_INLINE_WORKERS="0", APP_DISK_RESERVE="0")

ON_S3 = os.environ.get("TEST_STORAGE") == "s3"
S3_PORT = 0
if ON_S3:
    S3_PORT = free_port()
    os.environ.update(environment_of(S3_PORT), APP_STORAGE_URL=f"s3://{BUCKET}/everything")

from app.accounts.models import Account  # noqa: E402 - after the settings of the tests
from app.accounts.permissions import Role  # noqa: E402
from app.core import db as core_db  # noqa: E402
from app.core import signatures  # noqa: E402
from app.core.db import Database  # noqa: E402
from app.core.edge import Edge  # noqa: E402
from app.core.models import Base, now  # noqa: E402
from app.core.settings import settings  # noqa: E402
from app.main import create_app  # noqa: E402
from app.operations.install import install_reference_data, migrations  # noqa: E402
from app.storage.service import storage  # noqa: E402
from tests.make import Make  # noqa: E402

# A busy machine is no reason to fail: how fast things are, `make bench` says.
examples.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("calm")

# Durability has tests of its own; the others need not wait for the disk.
FAST = {"sqlite": {"synchronous": "OFF"}, "postgresql": {"synchronous_commit": "off"}}

# The names of the tables that have rows: on a server, to empty the others takes longer than a test.
FILLED = union_all(
    *(
        select(literal(table.name)).where(exists(select(literal(1)).select_from(table)))
        for table in Base.metadata.sorted_tables
    )
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks for no database is seen once, on SQLite: a given server has nothing to add."""
    if not os.environ.get("TEST_DATABASE_URL"):
        return

    def is_alone(item: pytest.Item) -> bool:
        asked = getattr(item, "fixturenames", ["url"])
        return "url" not in asked or item.get_closest_marker("once") is not None

    config.hook.pytest_deselected(items=[item for item in items if is_alone(item)])
    items[:] = [item for item in items if not is_alone(item)]


@pytest.fixture(scope="session", autouse=True)
def _bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The store of the settings, when it is not a folder."""
    if not ON_S3:
        yield
        return
    with moto(tmp_path_factory.mktemp("store"), S3_PORT):
        yield


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database of this test process alone."""
    given = os.environ.get("TEST_DATABASE_URL")
    if not given:
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'test.db'}"
        return
    server = make_url(given)
    name = f"{server.database}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    yield server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def built(url: str) -> Iterator[Database]:
    """The database, whose migrations have just gone up, down, and up again."""
    config = migrations(url)
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    database = Database(url, 10, **FAST[make_url(url).get_backend_name()])
    install_reference_data(database)
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def alembic_config(url: str, built: Database) -> Config:
    return migrations(url)


Reference = list[tuple[Table, list[dict[str, Any]]]]


@pytest.fixture(scope="session")
def reference(built: Database) -> Reference:
    """The rows that every installation starts with, to be put back after each test."""
    with built.read() as db:
        found = [(table, _rows(db, table)) for table in Base.metadata.sorted_tables]
    return [(table, rows) for table, rows in found if rows]


def _rows(db: Session, table: Table) -> list[dict[str, Any]]:
    """In the order in which they came: a territory after the one that it is part of."""
    return [dict(row) for row in db.execute(select(table)).mappings()]


def _is_as_it_was(db: Session, table: Table, rows: list[dict[str, Any]]) -> bool:
    return {row["id"]: row for row in _rows(db, table)} == {row["id"]: row for row in rows}


@pytest.fixture
def database(built: Database, reference: Reference) -> Iterator[Database]:
    """The database, and the storage: at the end both are as they were."""
    yield built
    for found in list(storage().objects()):
        storage().delete(found.key)
    with built.write.begin() as db:
        filled = set(db.scalars(FILLED))
        changed = [(table, rows) for table, rows in reference if not _is_as_it_was(db, table, rows)]
        kept = {table.name for table, _ in reference} - {table.name for table, _ in changed}
        for table in reversed(Base.metadata.sorted_tables):
            if table.name in filled - kept:
                db.execute(table.delete())
        for table, rows in changed:
            db.execute(table.insert(), rows)


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    """A session to look at what was committed."""
    with database.read() as db:
        yield db


@pytest.fixture
def make(database: Database) -> Make:
    return Make(database.write)


@pytest.fixture(scope="session")
def served(built: Database) -> FastAPI:
    """The application, once: to unfold its routes takes a tenth of a second."""
    return create_app(built)


@pytest.fixture
def app(database: Database, served: FastAPI) -> FastAPI:
    """The application; a folder whose tests change it has one of its own for each of them."""
    return served


ClientFor = Callable[[Account | None], TestClient]


@pytest.fixture
def client_for(app: FastAPI, make: Make) -> Iterator[ClientFor]:
    """A client which calls as this account, or as nobody. Its threads share one event loop."""
    with ExitStack() as open_clients:

        def client_for(account: Account | None) -> TestClient:
            headers = {"Authorization": f"Bearer {make.token(account)}"} if account else {}
            client = TestClient(Edge(app, settings()), headers=headers)
            open_clients.callback(client.close)
            return client

        yield client_for


@pytest.fixture
def animator(make: Make) -> Account:
    return make.account(role=Role.ANIMATOR)


@pytest.fixture
def as_animator(client_for: ClientFor, animator: Account) -> TestClient:
    return client_for(animator)


@pytest.fixture
def as_editor(client_for: ClientFor, make: Make) -> TestClient:
    """An editor of the project team, in an organization of its own."""
    return client_for(make.account(role=Role.EDITOR))


@pytest.fixture
def as_evaluator(client_for: ClientFor, make: Make) -> TestClient:
    return client_for(make.account(role=Role.EVALUATOR))


@pytest.fixture
def as_custodian(client_for: ClientFor, make: Make) -> TestClient:
    return client_for(make.account(role=Role.CUSTODIAN))


@pytest.fixture
def as_administrator(client_for: ClientFor, make: Make) -> TestClient:
    return client_for(make.account(role=Role.ADMINISTRATOR))


@pytest.fixture
def as_outsider(client_for: ClientFor, make: Make) -> TestClient:
    """An animator, but of another organization."""
    return client_for(make.account(role=Role.ANIMATOR))


@pytest.fixture
def as_anonymous(client_for: ClientFor) -> TestClient:
    return client_for(None)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who scrubs the database waits a tenth of a second for those in the way, not ten."""
    monkeypatch.setattr(core_db, "LOCK_WAIT", 0.1)
    monkeypatch.setitem(core_db.SETTINGS["sqlite"], "busy_timeout", "100")


@pytest.fixture
def same_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses are signed until one minute for a whole test: no ETag changes at the next one."""
    until = signatures.whole_minute(now() + timedelta(seconds=settings().media_url_ttl))
    monkeypatch.setattr(signatures, "whole_minute", lambda _: until)

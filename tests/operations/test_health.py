"""Health: alive, ready or why not, figures. For anybody, and without secrets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.core.db import Database
from app.core.settings import settings
from app.media.sandbox import enclosure
from app.operations.health import Readiness, Wrong, check_database, check_storage
from app.storage.service import storage
from tests.conftest import DATA_DIR, ON_S3, ClientFor

ALL_WELL = [
    {"name": "database", "ok": True, "why": None},
    {"name": "storage", "ok": True, "why": None},
    {"name": "media_tools", "ok": True, "why": None},
]


@pytest.fixture
def no_storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder of the storage is gone: a disk that is not mounted. Or the bucket is."""
    storage()
    if ON_S3:
        monkeypatch.setattr(settings(), "storage_url", "s3://nothing-of-this-name")
        storage.cache_clear()
        yield
        storage.cache_clear()
        return
    blobs, hidden = DATA_DIR / "blobs", DATA_DIR / "hidden"
    blobs.rename(hidden)
    yield
    hidden.rename(blobs)


@pytest.fixture
def other_version(database: Database) -> Iterator[None]:
    """The database was migrated by another version of the service."""
    with database.write.begin() as db:
        known = db.scalar(text("SELECT version_num FROM alembic_version"))
        db.execute(text("UPDATE alembic_version SET version_num = 'other'"))
    yield
    with database.write.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = :known"), {"known": known})


def test_it_is_alive_and_ready(as_anonymous: TestClient) -> None:
    assert as_anonymous.get("/healthz").json() == {"alive": True}
    response = as_anonymous.get("/readyz")
    assert response.status_code == 200
    shown = {"ready": True, "checks": ALL_WELL, "media_sandbox": enclosure()}
    assert response.json() == shown
    assert shown["media_sandbox"] in ("bubblewrap", "limits")
    assert response.headers["Cache-Control"] == "no-store"


def test_without_its_storage_it_is_alive_but_not_ready(
    as_anonymous: TestClient, no_storage: None
) -> None:
    response = as_anonymous.get("/readyz")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    problem = response.json()
    assert problem["type"] == "/problems/not-ready"
    gone = {"name": "storage", "ok": False, "why": "refused" if ON_S3 else "unreachable"}
    assert problem["checks"] == [ALL_WELL[0], gone, ALL_WELL[2]]
    assert str(DATA_DIR) not in response.text
    assert as_anonymous.get("/healthz").status_code == 200


def test_a_database_of_another_version_is_not_ready(
    as_anonymous: TestClient, other_version: None
) -> None:
    checks = as_anonymous.get("/readyz").json()["checks"]
    assert checks[0] == {"name": "database", "ok": False, "why": "not-migrated"}


def test_a_database_without_tables_is_not_migrated(tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(Wrong, match="not-migrated"):
        check_database(empty)
    empty.dispose()


@pytest.mark.anyio
async def test_an_unreachable_database_tells_no_password() -> None:
    unreachable = Database("postgresql+psycopg://somebody:secret@127.0.0.1:1/nothing")
    (found, *_) = await Readiness(unreachable).look()
    assert found == {"name": "database", "ok": False, "why": "unreachable"}


@pytest.mark.anyio
@pytest.mark.slow
async def test_a_check_that_hangs_is_waited_for_two_seconds(database: Database) -> None:
    """And its neighbours answer meanwhile."""
    held = [database.read() for _ in range(16)]
    try:
        for db in held[: 16 if database.dialect == "postgresql" else 2]:
            db.execute(text("SELECT 1"))
        assert await Readiness(database).look() == [
            {"name": "database", "ok": False, "why": "no-answer"},
            *ALL_WELL[1:],
        ]
    finally:
        for db in held:
            db.close()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_looking_at_the_storage_leaves_nothing_there() -> None:
    before = [found.key for found in storage().objects()]
    check_storage()
    assert [found.key for found in storage().objects()] == before


def test_the_figures_are_those_of_routes_not_of_paths(as_anonymous: TestClient) -> None:
    as_anonymous.get("/problems/secret-looking-thing")
    response = as_anonymous.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert (
        'http_requests_total{method="GET",route="/problems/{slug}",status="404"}' in response.text
    )
    assert "secret-looking-thing" not in response.text


def test_they_are_outside_the_api(client_for: ClientFor, as_anonymous: TestClient) -> None:
    described = as_anonymous.get("/api/v1/openapi.json").json()["paths"]
    assert "/api/v1/jobs" in described
    assert not [path for path in described if not path.startswith("/api/v1/")]

"""What callers see while the store is down, and once it is back."""

import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

import app.media.jobs
import app.withdrawals.jobs  # noqa: F401 - registers its handlers, as the one above
from app.accounts.models import Account
from app.core.db import Database
from app.core.settings import settings
from app.media.models import Media, Status
from app.storage import outages
from app.storage.service import storage
from app.testimonies.models import Testimony
from app.withdrawals.ledger import ledger
from app.withdrawals.models import Withdrawal
from app.witnesses.models import Witness
from app.workshops.models import Workshop
from tests.buckets import BUCKET, Bucket, nanio
from tests.jobs.desk import Desk
from tests.make import Make

API = "/api/v1"
FILM = b"what a film says" * 1000
PAUSE = 0.3  # seconds
TIMEOUT = 2.0  # seconds: more than a busy store needs
PATIENCE = 2 * TIMEOUT + 3  # seconds: the first call waits twice the timeout at worst


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with nanio(tmp_path_factory.mktemp("nanio")) as bucket:
        yield bucket


@pytest.fixture(autouse=True)
def _on_bucket(store: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The application keeps its files, and the ledger, in this bucket."""
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(settings(), "storage_url", f"s3://{BUCKET}/{uuid4().hex}")
    monkeypatch.setattr(settings(), "storage_allow_http", True)
    monkeypatch.setattr(settings(), "storage_timeout", TIMEOUT)
    monkeypatch.setattr(outages, "PAUSE", PAUSE)
    for opened in (storage, ledger):
        opened.cache_clear()
    yield
    for opened in (storage, ledger):
        opened.cache_clear()


class Outage:
    """A store that is stopped; in its place a port that refuses, or one that never answers."""

    def __init__(self, store: Bucket, kind: str) -> None:
        self._store, self._kind = store, kind
        self._mute: socket.socket | None = None

    def begin(self) -> None:
        self._store.stop()
        if self._kind == "never answers":
            self._mute = socket.create_server(("127.0.0.1", self._store.port), backlog=64)

    def end(self) -> None:
        if self._mute:
            self._mute.close()
        self._mute = None
        self._store.start()
        sleep(PAUSE)


@pytest.fixture(params=["refuses", "never answers"])
def outage(store: Bucket, request: pytest.FixtureRequest) -> Iterator[Outage]:
    outage = Outage(store, request.param)
    yield outage
    store.stop()
    outage.end()


@pytest.fixture
def media(make: Make, animator: Account) -> Media:
    return make.media(organization=animator.organization, files={"web.mp4": FILM})


def is_outage(answer: Any) -> bool:
    told = answer.headers.get("Retry-After"), answer.json().get("type")
    return answer.status_code == 503 and told == ("10", "/problems/storage-unavailable")


def test_files_are_503_and_words_go_on(
    outage: Outage,
    media: Media,
    make: Make,
    payload: dict[str, Any],
    as_animator: TestClient,
    as_anonymous: TestClient,
    database: Database,
) -> None:
    film = f"{API}/media/{media.id}/renditions/web.mp4"
    signed = as_animator.get(f"{API}/media/{media.id}").json()["renditions"][0]["url"]
    assert as_animator.get(film).content == FILM
    outage.begin()

    began = monotonic()
    assert is_outage(as_animator.get(film))
    assert is_outage(as_animator.get(film, headers={"Range": "bytes=5-9"}))
    assert is_outage(as_anonymous.get(signed))
    deposit = {"file": ("film.mp4", b"another film", "video/mp4")}
    assert is_outage(as_animator.post(f"{API}/media", files=deposit))
    assert monotonic() - began < PATIENCE
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(Media)) == 1

    began = monotonic()
    ready = as_anonymous.get("/readyz")
    assert ready.status_code == 503
    (check,) = [check for check in ready.json()["checks"] if check["name"] == "storage"]
    assert (check["ok"], check["why"]) == (False, "unreachable")
    assert as_animator.post(f"{API}/testimonies", json=payload).status_code == 201
    assert len(as_animator.get(f"{API}/testimonies").json()["items"]) == 1
    assert as_animator.get(f"{API}/media/{media.id}").json()["status"] == "ready"
    assert as_anonymous.get("/healthz").status_code == 200
    assert monotonic() - began < PATIENCE

    outage.end()
    assert as_animator.get(film).content == FILM
    assert as_animator.post(f"{API}/media", files=deposit).status_code == 201
    assert as_anonymous.get("/readyz").status_code == 200


def test_words_are_taken_back_at_once_and_their_files_as_soon_as_the_store_is_back(
    outage: Outage,
    media: Media,
    make: Make,
    workshop: Workshop,
    witness: Witness,
    as_animator: TestClient,
    desk: Desk,
    database: Database,
) -> None:
    said = make.testimony(witnesses=[witness], media=[media], workshop=workshop)
    outage.begin()
    asked = {"witness_id": str(witness.id), "all": True}
    began = monotonic()
    answer = as_animator.post(f"{API}/withdrawals", json=asked)
    assert answer.status_code == 201
    assert monotonic() - began < PATIENCE
    assert as_animator.get(f"{API}/testimonies/{said.id}").status_code == 404
    assert as_animator.get(f"{API}/media/{media.id}").status_code == 404

    for _ in range(8):  # more often than a job may fail
        desk.make_due()
        assert desk.run_next()
    job = desk.job("withdrawal.made")
    assert (job.attempts, job.failed_at, job.done_at) == (0, None, None)
    assert "StorageUnavailable" in (job.last_error or "")
    with database.read() as db:
        assert db.scalars(select(Withdrawal.purged_at)).one() is None

    outage.end()
    assert [found.key for found in storage().objects("media")], "still there"
    desk.make_due()
    while desk.run_next():
        pass
    assert desk.job("withdrawal.made").done_at
    assert list(storage().objects("media")) == []
    assert [found.key for found in ledger().objects("ledger")] == [
        f"ledger/{answer.json()['id']}",
    ]
    with database.read() as db:
        assert db.scalars(select(Withdrawal.purged_at)).one() is not None
        assert db.get_one(Testimony, said.id).body is None


@pytest.mark.slow
def test_a_media_waits_for_the_store_and_is_never_rejected_for_it(
    outage: Outage, small_video: Path, as_animator: TestClient, desk: Desk, database: Database
) -> None:
    deposit = {"file": ("film.mp4", small_video.read_bytes(), "video/mp4")}
    media_id = as_animator.post(f"{API}/media", files=deposit).json()["id"]
    outage.begin()
    for _ in range(8):
        desk.make_due()
        assert desk.run_next("media")
    assert as_animator.get(f"{API}/media/{media_id}").json()["status"] in ("received", "processing")
    outage.end()
    desk.make_due()
    assert desk.run_next("media")
    with database.read() as db:
        assert db.scalars(select(Media.status)).one() is Status.READY
    files = as_animator.get(f"{API}/media/{media_id}").json()["renditions"]
    for file in files:
        assert len(as_animator.get(file["url"]).content) == file["size"]

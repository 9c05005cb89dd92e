"""Storages to try: a folder, and buckets of two stores that run meanwhile."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from app.core.settings import settings
from app.storage.service import Storage
from tests.buckets import BUCKET, Bucket, moto, nanio
from tests.media.conftest import desk, samples, small_video
from tests.testimonies.conftest import payload, witness, workshop

__all__ = ["desk", "payload", "samples", "small_video", "witness", "workshop"]


@pytest.fixture(scope="session")
def semantic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """A store that does all that S3 does, but verify signatures."""
    with moto(tmp_path_factory.mktemp("moto")) as bucket:
        yield bucket


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """A store that verifies signatures."""
    with nanio(tmp_path_factory.mktemp("nanio")) as bucket:
        yield bucket


def opened(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, patience: float = 10) -> Storage:
    """An empty place in this bucket."""
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(settings(), "storage_allow_http", True)
    return Storage(f"s3://{BUCKET}/{uuid4().hex}/below", patience)


@pytest.fixture(params=["folder", "semantic", "strict"])
def objects(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Storage:
    """Each kind of storage in turn, empty."""
    if request.param == "folder":
        return Storage(f"file://{tmp_path}/blobs")
    return opened(request.getfixturevalue(request.param), monkeypatch)


@pytest.fixture
def in_bucket(semantic: Bucket, monkeypatch: pytest.MonkeyPatch) -> Storage:
    return opened(semantic, monkeypatch)

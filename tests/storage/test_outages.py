"""A store that refuses, does not answer, or is not there: it is said soon, and tried again."""

import re
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from time import monotonic, sleep

import httpx
import obstore
import pytest

from app.core.settings import MIB, settings
from app.storage import outages
from app.storage.service import Storage, StorageUnavailable
from tests.buckets import BUCKET, REGION, Bucket
from tests.postgres import free_port
from tests.storage.conftest import opened

Use = Callable[[Storage], object]
USES: list[Use] = [
    lambda objects: objects.size("media/a"),
    lambda objects: list(objects.read("media/a")),
    lambda objects: objects.write("media/b", [b"x"]),
    lambda objects: objects.delete("media/a"),
    lambda objects: list(objects.objects()),
    lambda objects: objects.check(),
]


def bucket_at(port: int) -> Bucket:
    """A store that was never started."""
    return Bucket([], port, None)  # type: ignore[arg-type]


@pytest.fixture
def mute() -> Iterator[int]:
    """A port that accepts, and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize("use", USES)
def test_a_port_that_refuses_is_an_outage_soon(use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = opened(bucket_at(free_port()), monkeypatch)
    began = monotonic()
    with pytest.raises(StorageUnavailable):
        use(objects)
    assert monotonic() - began < 2


@pytest.mark.parametrize("use", USES)
def test_a_store_that_never_answers_costs_its_time_once(
    use: Use, mute: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = opened(bucket_at(mute), monkeypatch, patience=0.4)
    began = monotonic()
    with pytest.raises(StorageUnavailable):
        use(objects)
    assert 0.3 < monotonic() - began < 2
    began = monotonic()
    for _ in range(50):
        with pytest.raises(StorageUnavailable):
            use(objects)
    assert monotonic() - began < 0.2


def test_after_a_pause_one_call_tries_again_and_the_others_go_on_failing(
    mute: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outages, "PAUSE", 0.3)
    reach = outages.Reach()
    with pytest.raises(StorageUnavailable), reach("a"):
        raise TimeoutError
    sleep(0.35)
    with reach("a"), pytest.raises(StorageUnavailable), reach("b"):
        raise AssertionError("not called")
    with reach("b"):
        """It answers again."""


def test_one_object_that_is_refused_keeps_nobody_from_the_others(
    strict: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = opened(strict, monkeypatch)
    objects.write("media/a", [b"x"])
    refused = obstore.exceptions.PermissionDeniedError("non-2xx status code: 403 Forbidden")
    with pytest.raises(StorageUnavailable), objects._reach("media/b"):
        raise refused
    assert objects.size("media/a") == 1


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"])
@pytest.mark.parametrize("use", USES)
def test_who_cannot_sign_gets_and_changes_nothing(
    use: Use, name: str, strict: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = opened(strict, monkeypatch)
    objects.write("media/a", [b"kept"])
    monkeypatch.setenv(name, "somebody-else")
    stranger = Storage(f"s3://{BUCKET}/{objects._store.prefix}")  # type: ignore[union-attr]
    with pytest.raises(StorageUnavailable):
        use(stranger)
    assert b"".join(objects.read("media/a")) == b"kept"
    assert [found.key for found in objects.objects()] == ["media/a"]


def test_no_object_can_be_read_without_a_signature_or_after_its_time(
    strict: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = opened(strict, monkeypatch)
    objects.write("media/a", [b"kept"])
    plain = f"{strict.endpoint}/{BUCKET}/{objects._store.prefix}/media/a"  # type: ignore[union-attr]
    long, short = (
        obstore.sign(objects._store, "GET", "media/a", timedelta(seconds=seconds))  # type: ignore[call-overload]
        for seconds in (600, 1)
    )
    assert httpx.get(plain).status_code == 403
    assert httpx.get(long).content == b"kept"
    assert httpx.get(long.replace("media/a", "media/b")).status_code == 403
    sleep(2.1)
    assert httpx.get(short).status_code == 403


@pytest.mark.parametrize("use", USES[2:])
def test_a_bucket_that_is_not_there_is_an_outage_not_an_empty_one(
    use: Use, semantic: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked to be deleted from it was not deleted."""
    opened(semantic, monkeypatch)
    elsewhere = Storage("s3://nothing-of-this-name/x")
    with pytest.raises(StorageUnavailable):
        use(elsewhere)
    with pytest.raises(StorageUnavailable):
        elsewhere.read_range("media/a", 0, 1)


def test_plain_http_is_spoken_only_when_it_was_asked_for(
    semantic: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(semantic, monkeypatch)
    monkeypatch.setattr(settings(), "storage_allow_http", False)
    with pytest.raises(StorageUnavailable):
        Storage(f"s3://{BUCKET}/x").check()


def test_what_the_store_did_not_keep_whole_is_not_said_to_be_stored(
    in_bucket: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = obstore.put

    def lose(store: object, key: str, content: bytes, mode: str) -> object:
        return put(store, key, bytes(content[:-1]), mode=mode)  # type: ignore[arg-type]

    monkeypatch.setattr("app.storage.writers.obstore.put", lose)
    with pytest.raises(StorageUnavailable):
        in_bucket.write("media/a", [b"whole"])
    assert list(in_bucket.objects()) == []


def test_parts_of_what_was_abandoned_are_not_left_in_the_bucket(
    in_bucket: Storage, semantic: Bucket
) -> None:
    writer = in_bucket.open_writer("media/a")
    for _ in range(20):
        writer.write(bytes(MIB))
    assert unfinished(semantic, in_bucket)
    writer.abandon()
    assert unfinished(semantic, in_bucket) == []


def unfinished(bucket: Bucket, objects: Storage) -> list[str]:
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential=x/20260101/{REGION}/s3/x"}
    listed = httpx.get(f"{bucket.endpoint}/{BUCKET}?uploads", headers=signed).text
    prefix: str = objects._store.prefix  # type: ignore[union-attr, assignment]
    return [key for key in re.findall("<Key>(.*?)</Key>", listed) if key.startswith(prefix)]

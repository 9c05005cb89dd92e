"""Real processes that share a database, a bucket and two key files, and no disk."""

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from secrets import token_bytes
from time import monotonic, sleep
from uuid import uuid4

import httpx
import pytest

from app.core.settings import MIB
from tests.buckets import BUCKET, Bucket, nanio
from tests.jobs.desk import wait_until
from tests.postgres import free_port
from tests.processes import Place, new_database, refused

pytestmark = [pytest.mark.slow, pytest.mark.once]
API = "/api/v1"
PASSWORD = "une longue phrase de passe"
TIMEOUT = 3  # seconds
LARGE = 19 * MIB  # more than four pieces, and than sockets hold


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Bucket]:
    with nanio(tmp_path) as bucket:
        yield bucket


class Town:
    """Places of one service: each has a folder of its own."""

    def __init__(self, folder: Path, url: str, store: Bucket) -> None:
        self._folder, self._url = folder, url
        self.prefix, self.data = uuid4().hex, folder / "data" / BUCKET
        self.shared = {
            **store.environment,
            "APP_STORAGE_URL": f"s3://{BUCKET}/{self.prefix}",
            "APP_STORAGE_TIMEOUT": str(TIMEOUT),
            "APP_INLINE_WORKERS": "0",
            "APP_DISK_RESERVE": "0",
        }
        for name in ("secret", "vault"):
            key = folder / f"{name}.key"
            key.write_bytes(token_bytes(32))
            key.chmod(0o400)
            self.shared[f"APP_{name.upper()}_KEY_FILE"] = str(key)

    def place(self, name: str, **more: str) -> Place:
        return Place(self._folder / name, self._url, **self.shared, **more)

    @contextmanager
    def served(self, name: str, **more: str) -> Iterator[httpx.Client]:
        port = free_port()
        with self.place(name, **more).started("serve", "--port", str(port)) as server:
            assert server.answers(port).status_code == 200
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                yield client
            server.process.terminate()


@pytest.fixture
def town(tmp_path: Path, store: Bucket) -> Iterator[Town]:
    with new_database(tmp_path) as url:
        town = Town(tmp_path, url, store)
        place = town.place("first").migrated()
        account = {
            "--email": "a@example.org",
            "--display-name": "Quelqu'un",
            "--role": "animator",
            "--organization": "Une association",
        }
        options = [part for pair in account.items() for part in pair]
        done = place.do("account", "create", *options, "--password-stdin", said=PASSWORD)
        assert done.returncode == 0, done.stderr
        yield town


def log_in(client: httpx.Client) -> None:
    asked = {"email": "a@example.org", "password": PASSWORD}
    token = client.post(f"{API}/sessions", json=asked).json()["token"]
    client.headers["Authorization"] = f"Bearer {token}"


def deposit(client: httpx.Client, content: bytes) -> str:
    answer = client.post(f"{API}/media", files={"file": ("film.mp4", content, "video/mp4")})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def original(media_id: str) -> str:
    return f"{API}/media/{media_id}/renditions/original"


def test_one_process_receives_a_file_another_works_on_it_a_third_serves_it(
    town: Town, small_video: Path
) -> None:
    with town.served("first") as first, town.served("second") as second:
        log_in(first)
        second.headers["Authorization"] = first.headers["Authorization"]
        media_id = deposit(first, small_video.read_bytes())
        assert second.get(original(media_id)).content == small_video.read_bytes()

        def is_ready() -> bool:
            return bool(second.get(f"{API}/media/{media_id}").json()["status"] == "ready")

        with town.place("third").started("worker") as worker:
            worker.wait_for(is_ready)
        files = second.get(f"{API}/media/{media_id}").json()["renditions"]
        assert {"original", "web.mp4", "poster.jpg"} <= {file["name"] for file in files}
        second.headers.pop("Authorization")
        for file in files:  # signed by one process, verified by another
            for client in (first, second):
                assert len(client.get(file["url"]).content) == file["size"]
    for name in ("first", "second", "third"):
        kept = [path for path in (town.place(name).folder).rglob("*") if path.is_file()]
        names = [path.name for path in kept if path.parent.name != "turns"]  # locks of a machine
        assert [name for name in names if not name.startswith("retours.db")] == []


def test_a_body_whose_store_dies_breaks_off_and_does_not_lie(town: Town, store: Bucket) -> None:
    with town.served("first") as client:
        log_in(client)
        content = token_bytes(LARGE)
        media_id = deposit(client, content)
        with pytest.raises(httpx.RemoteProtocolError):
            read_slowly(client, media_id, store)
        answer = client.get(original(media_id))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert client.get(f"{API}/workshops").status_code == 200
        store.start()

        def is_served() -> bool:
            return client.get(original(media_id)).content == content

        wait_until(is_served, 15)


def test_nobody_else_waits_for_a_store_that_never_answers(town: Town, store: Bucket) -> None:
    with town.served("first") as client:
        log_in(client)
        media_id = deposit(client, b"a film")
        store.stop()
        with (
            socket.create_server(("127.0.0.1", store.port), backlog=64),
            ThreadPoolExecutor(1) as reader,
        ):
            began = monotonic()
            waiting = reader.submit(client.get, original(media_id))
            sleep(0.5)  # it has reached the store
            for _ in range(3):
                assert client.get("/healthz").status_code == 200
            assert monotonic() - began < TIMEOUT - 0.2
            assert not waiting.done()
            assert waiting.result().status_code == 503
            assert monotonic() - began < 2 * TIMEOUT + 1


def read_slowly(client: httpx.Client, media_id: str, store: Bucket) -> None:
    """Read a film, of which the store dies after the first bytes."""
    with client.stream("GET", original(media_id)) as answer:
        assert answer.status_code == 200
        assert int(answer.headers["Content-Length"]) == LARGE
        chunks = answer.iter_bytes(MIB)
        next(chunks)
        store.stop()
        for _ in chunks:
            pass


def test_a_backup_in_a_bucket_is_restored_elsewhere(
    town: Town, tmp_path: Path, small_video: Path
) -> None:
    with town.served("first") as client:
        log_in(client)
        media_id = deposit(client, small_video.read_bytes())
    place = town.place("first")
    done = place.do("backup", f"s3://{BUCKET}/monday")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 fichiers" in done.stdout
    assert "n'est pas vide" in refused(place.do("backup", f"s3://{BUCKET}/monday"))
    assert "manifest" in refused(place.do("restore", f"s3://{BUCKET}/tuesday"))

    (tmp_path / "other").mkdir()
    with new_database(tmp_path / "other") as url:
        elsewhere = {"APP_STORAGE_URL": f"s3://{BUCKET}/elsewhere"}
        other = Place(tmp_path / "other", url, **{**town.shared, **elsewhere})
        done = other.do("restore", f"s3://{BUCKET}/monday")
        assert (done.returncode, done.stderr) == (0, "")
        assert "en place : 1. Absents : 0. Abîmés : 0." in other.do("verify").stdout
    restored = [p for p in (town.data / "elsewhere" / "media").rglob("*") if p.is_file()]
    assert [path.read_bytes() for path in restored] == [small_video.read_bytes()]
    assert media_id


def test_verify_reads_every_object_again_unless_it_must_be_quick(
    town: Town, small_video: Path
) -> None:
    with town.served("first") as client:
        log_in(client)
        deposit(client, small_video.read_bytes())
    place = town.place("first")
    assert "en place : 1. Absents : 0. Abîmés : 0." in place.do("verify").stdout
    (kept,) = [p for p in (town.data / town.prefix / "media").rglob("*") if p.is_file()]
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.write_bytes(content)
    assert "Abîmés : 0." in place.do("verify", "--quick").stdout
    done = place.do("verify")
    assert done.returncode == 1
    assert "Abîmés : 1." in done.stdout
    assert re.search("abîmé media/", done.stdout)


def test_commands_say_in_one_line_that_the_store_is_out_of_reach(town: Town, store: Bucket) -> None:
    """And nobody is served before the ledger of withdrawals was read."""
    place = town.place("first")
    line = refused(place.do("verify", AWS_SECRET_ACCESS_KEY="of somebody else"))
    assert line.startswith("Le stockage refuse l'accès : vérifiez le nom du bucket")
    store.stop()
    line = refused(place.do("serve", "--port", "0"))
    assert line.startswith("Le stockage ne répond pas : vérifiez APP_STORAGE_URL")

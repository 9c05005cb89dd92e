"""Real clients, real servers, a line that is cut every 3 MB, servers that are killed.

What was acknowledged never goes back, and every file arrives as it was sent.
"""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random
from threading import Barrier, Event, Lock, Thread
from time import monotonic, sleep
from typing import Any
from uuid import UUID

import httpx
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from app.accounts.models import Account
from app.core.db import Database
from app.core.settings import MIB
from app.media.models import Media, Rendition
from app.operations.verification import verify
from app.storage.service import storage
from tests.conftest import DATA_DIR
from tests.jobs.desk import wait_until
from tests.make import Make
from tests.postgres import free_port
from tests.processes import Place, Started
from tests.uploads.conftest import URL, drafts

pytestmark = pytest.mark.slow
ALONE = {"APP_INLINE_WORKERS": "0", "APP_DISK_RESERVE": "0", "APP_UPLOAD_PATIENCE": "2"}
QUIET = {"APP_LOG_LEVEL": "error"}  # nobody reads the pipes where they write
SCRIPT = Path(__file__).with_name("send.mjs")
TUS_JS_CLIENT = "tus-js-client@4.3.1"
CUT_EVERY = 3_000_000  # bytes
KILLS, UPLOADS = 10, 20


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Servers that were killed left drafts: the test of it says what becomes of them."""
    yield
    storage().delete_drafts(timedelta(0))


@dataclass
class Server:
    """A server of its own process, that is killed and started again on the same port."""

    place: Place
    port: int = field(default_factory=free_port)
    stack: ExitStack = field(default_factory=ExitStack)
    started: Started | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = ("serve", "--port", str(self.port))
        self.started = self.stack.enter_context(self.place.started(*command, **ALONE, **QUIET))
        assert self.started.answers(self.port).status_code == 200

    def kill(self) -> None:
        assert self.started
        os.killpg(self.started.process.pid, signal.SIGKILL)
        self.stack.close()


@pytest.fixture
def place(database: Database) -> Place:
    url = database.write.kw["bind"].url.render_as_string(hide_password=False)
    return Place(DATA_DIR, url)


@pytest.fixture
def two_servers(place: Place) -> Iterator[list[Server]]:
    servers = [Server(place), Server(place)]
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.stack.close()


@pytest.fixture
def server(place: Place) -> Iterator[Server]:
    server = Server(place)
    try:
        server.start()
        yield server
    finally:
        server.stack.close()


@pytest.fixture
def bearer(make: Make, animator: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {make.token(animator)}"}


def hang_up(source: socket.socket, target: socket.socket) -> None:
    """Tell both ends. What still comes is lost: who sends into a full window waits for ever."""
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_WR)
    with suppress(OSError):
        while source.recv(65536):
            pass


@contextmanager
def cutting(port: int, every: int = CUT_EVERY) -> Iterator[tuple[str, list[int]]]:
    """The address of a line to this port, and the cuts: each of so many bytes that go up."""
    listening, cuts, over = socket.create_server(("127.0.0.1", 0)), [0], Event()
    listening.settimeout(0.1)
    ends: list[socket.socket] = []

    def carry(source: socket.socket, target: socket.socket, most: int | None) -> None:
        sent = 0
        with suppress(OSError):
            while (most is None or sent < most) and (chunk := source.recv(65536)):
                target.sendall(chunk)
                sent += len(chunk)
        if most and sent >= most:
            cuts[0] += 1
        hang_up(source, target)

    def accept() -> None:
        while not over.is_set():
            with suppress(OSError):
                near, _ = listening.accept()
                far = socket.create_connection(("127.0.0.1", port))
                ends.extend((near, far))
                Thread(target=carry, args=(near, far, every), daemon=True).start()
                Thread(target=carry, args=(far, near, None), daemon=True).start()

    accepting = Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", cuts
    finally:
        over.set()
        accepting.join()
        for end in (listening, *ends):
            end.close()


def digest_of(database: Database, media_id: str) -> str:
    """Of the bytes of a media, joined or not."""
    with database.read() as db:
        media = db.get_one(Media, UUID(media_id))
        files = db.query(Rendition).filter_by(media_id=media.id)
        keys = [kept.key for kept in media.pieces or files]
    found = sha256()
    for key in keys:
        for chunk in storage().read(key):
            found.update(chunk)
    return found.hexdigest()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "été.mp4"
    path.write_bytes(Random(4).randbytes(20 * MIB))
    return path


@pytest.mark.once
def test_tuspy_sends_a_file_over_a_line_that_is_cut(
    server: Server, bearer: dict[str, str], database: Database, film: Path
) -> None:
    said = {"filename": film.name, "filetype": "video/mp4"}
    with cutting(server.port) as (url, cuts), film.open("rb") as file:
        client = TusClient(f"{url}{URL}", headers=bearer)
        uploader = client.uploader(file_stream=file, metadata=said, retries=100, retry_delay=0.2)
        uploader.upload()
        media_id = media_at(str(uploader.url), bearer)
    assert cuts[0] >= 5
    assert digest_of(database, media_id) == sha256(film.read_bytes()).hexdigest()
    with database.read() as db:
        assert db.get_one(Media, UUID(media_id)).filename == film.name


@pytest.mark.once
def test_tuspy_sends_checksums(
    server: Server, bearer: dict[str, str], database: Database, film: Path
) -> None:
    """With them a piece is all or nothing: smaller than what the line carries."""
    patient: dict[str, Any] = {"retries": 100, "retry_delay": 0.2, "chunk_size": 2 * MIB}
    with cutting(server.port) as (url, _), film.open("rb") as file:
        client = TusClient(f"{url}{URL}", headers=bearer)
        uploader = client.uploader(file_stream=file, upload_checksum=True, **patient)
        uploader.upload()
        media_id = media_at(str(uploader.url), bearer)
    assert digest_of(database, media_id) == sha256(film.read_bytes()).hexdigest()


def media_at(url: str, bearer: dict[str, str]) -> str:
    """What a finished upload became."""
    return httpx.head(url, headers={**bearer, "Tus-Resumable": "1.0.0"}).headers["media-id"]


@pytest.fixture
def tus_js_client(tmp_path: Path) -> Path:
    """A folder with the client of browsers, which also runs in node."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed: tus-js-client is not tried.")
    command = ["npm", "install", "--no-audit", "--no-fund", "--no-save", TUS_JS_CLIENT]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"npm cannot install {TUS_JS_CLIENT}: {done.stderr[-200:]}")
    shutil.copy(SCRIPT, tmp_path)
    return tmp_path


@pytest.mark.once
@pytest.mark.parametrize(
    "options", ["{}", '{"chunkSize": 2000000, "uploadDataDuringCreation": true}']
)
def test_tus_js_client_sends_a_file_over_a_line_that_is_cut(
    server: Server,
    bearer: dict[str, str],
    database: Database,
    film: Path,
    tus_js_client: Path,
    options: str,
) -> None:
    with cutting(server.port) as (url, cuts):
        command = ["node", SCRIPT.name, f"{url}{URL}", bearer["Authorization"], str(film), options]
        done = subprocess.run(
            command, cwd=tus_js_client, capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 0, done.stderr
    assert cuts[0] >= 4
    assert digest_of(database, done.stdout.strip()) == sha256(film.read_bytes()).hexdigest()


@dataclass
class Progress:
    """What was acknowledged in all, and how often a server was killed."""

    acknowledged: int = 0
    kills: int = 0
    lock: Lock = field(default_factory=Lock)

    def one_more(self) -> None:
        with self.lock:
            self.acknowledged += 1

    def waits(self) -> bool:
        """Whether senders wait, so that there is something left to be killed."""
        return self.kills < KILLS and self.acknowledged > 15 * (self.kills + 1)


@dataclass
class Sender:
    """Sends a file a piece at a time, by one server or the other, whichever lives."""

    content: bytes
    servers: list[Server]
    bearer: dict[str, str]
    acknowledged: int = 0
    turn: int = 0

    def send(self, progress: Progress) -> str:
        """The media that it became."""
        begun = self._patiently(lambda url: self._uploader(url).create_url())
        place, media_id = begun[begun.index(URL) :], ""
        while not media_id:
            while progress.waits():
                sleep(0.02)
            media_id = self._patiently(lambda url: self._bring(f"{url}{place}"))
            progress.one_more()
        return media_id

    def _patiently(self, do: Callable[[str], str]) -> str:
        deadline = monotonic() + 120
        while True:
            try:
                return do(self.servers[self.turn % 2].url)
            except (TusCommunicationError, TusUploadFailed, httpx.TransportError):
                assert monotonic() < deadline
                self.turn += 1
                sleep(0.05)

    def _uploader(self, url: str) -> Any:
        client = TusClient(f"{url}{URL}", headers=self.bearer)
        return client.uploader(file_stream=BytesIO(self.content), chunk_size=MIB // 2)

    def _bring(self, url: str) -> str:
        """Bring the next piece: what was acknowledged never goes back."""
        uploader = self._uploader(url)
        uploader.set_url(url)
        uploader.offset = uploader.get_offset()
        assert uploader.offset >= self.acknowledged, "what was acknowledged is lost"
        if uploader.offset == len(self.content):  # its answer was lost
            return media_at(url, self.bearer)
        uploader.upload_chunk()
        self.acknowledged = uploader.offset
        return str(uploader.request.response_headers.get("media-id", ""))


def test_servers_are_killed_ten_times_during_twenty_uploads(
    two_servers: list[Server], bearer: dict[str, str], database: Database
) -> None:
    progress = Progress()
    contents = [Random(n).randbytes(4 * MIB + n) for n in range(UPLOADS)]

    def one(number: int) -> str:
        return Sender(contents[number], two_servers, bearer).send(progress)

    with ThreadPoolExecutor(4) as senders:
        sent = [senders.submit(one, number) for number in range(UPLOADS)]
        for number in range(KILLS):
            wait_until(lambda n=number: progress.acknowledged > 15 * n + 7, 300)  # type: ignore[misc]
            server = two_servers[number % 2]
            server.kill()
            server.start()
            progress.kills += 1
        ids = [future.result() for future in sent]
    assert len(set(ids)) == UPLOADS
    for content, media_id in zip(contents, ids, strict=True):
        assert digest_of(database, media_id) == sha256(content).hexdigest()
    report = verify(database, storage(), repair=True, older_than=timedelta(0))
    assert report.ok, "what is left of those that died is found, and deleted"
    assert verify(database, storage()).orphans == 0
    assert drafts() == []


def test_of_two_at_once_in_two_processes_exactly_one_counts(
    two_servers: list[Server], bearer: dict[str, str]
) -> None:
    headers = {**bearer, "Tus-Resumable": "1.0.0"}
    place = httpx.post(
        f"{two_servers[0].url}{URL}", headers={**headers, "Upload-Length": "1000000"}
    ).headers["location"]
    told = {**headers, "Content-Type": "application/offset+octet-stream"}
    ready = Barrier(2)

    def bring(server: Server, offset: int) -> int:
        ready.wait()
        said = {**told, "Upload-Offset": str(offset)}
        return httpx.patch(f"{server.url}{place}", headers=said, content=bytes(1000)).status_code

    with ThreadPoolExecutor(2) as both:
        for number in range(30):
            asked = [both.submit(bring, server, number * 1000) for server in two_servers]
            assert sorted(future.result() for future in asked) == [204, 409]
            offsets = {
                httpx.head(f"{server.url}{place}", headers=headers).headers["upload-offset"]
                for server in two_servers
            }
            assert offsets == {str((number + 1) * 1000)}


@pytest.mark.once
def test_a_body_that_stalls_is_closed(server: Server, bearer: dict[str, str]) -> None:
    headers = {**bearer, "Tus-Resumable": "1.0.0"}
    place = httpx.post(f"{server.url}{URL}", headers={**headers, "Upload-Length": "1000"}).headers[
        "location"
    ]
    lines = [
        f"PATCH {place} HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Authorization: {bearer['Authorization']}",
        "Tus-Resumable: 1.0.0",
        "Upload-Offset: 0",
        "Content-Type: application/offset+octet-stream",
        *("Content-Length: 1000", "", ""),
    ]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall("\r\n".join(lines).encode() + b"12345")
        began, answer = monotonic(), b""
        while chunk := line.recv(65536):
            answer += chunk
        assert monotonic() - began < 10  # the setting says 2 s
    assert answer.startswith(b"HTTP/1.1 408")
    assert httpx.head(f"{server.url}{place}", headers=headers).headers["upload-offset"] == "5"

"""Somebody who speaks tus by hand, and what is left of it in the storage."""

from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import httpx2
import pytest
from fastapi.testclient import TestClient

import app.media.jobs
import app.uploads.jobs
import app.withdrawals.jobs  # noqa: F401 - registers the handlers
from app.core.db import Database
from app.core.settings import settings
from app.storage.service import storage
from tests.jobs.desk import Desk

URL = "/api/v1/uploads"
BYTES: dict[str, Any] = {"Content_Type": "application/offset+octet-stream"}


def described(**said: str) -> dict[str, Any]:
    """The header that says this of a file."""
    pairs = (f"{name} {b64encode(value.encode()).decode()}" for name, value in said.items())
    return {"Upload-Metadata": ",".join(pairs)}


class Tus:
    """A client that speaks tus by hand, as somebody."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def send(self, method: str, url: str, content: Any = b"", **headers: Any) -> httpx2.Response:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Tus-Resumable": "1.0.0", **told}
        return self.client.request(
            method, url, content=content, headers={k: v for k, v in sent.items() if v}
        )

    def begin(self, size: int, content: bytes = b"", **headers: Any) -> httpx2.Response:
        kind = BYTES if content else {}
        return self.send("POST", URL, content, Upload_Length=str(size), **kind, **headers)

    def begun(self, size: int, **said: str) -> str:
        """The address of a new upload."""
        response = self.begin(size, **(described(**said) if said else {}))
        assert response.status_code == 201, response.text
        return response.headers["location"]

    def bring(self, url: str, offset: int, content: Any, **headers: Any) -> httpx2.Response:
        return self.send(
            "PATCH", url, content, **{"Upload_Offset": str(offset), **BYTES, **headers}
        )

    def head(self, url: str) -> httpx2.Response:
        return self.send("HEAD", url)

    def offset(self, url: str) -> int:
        response = self.head(url)
        assert response.status_code == 200
        return int(response.headers["upload-offset"])

    def sent(self, *pieces: bytes, **said: str) -> str:
        """The id of the media that these pieces became."""
        url, offset = self.begun(sum(map(len, pieces)), **said), 0
        response = None
        for piece in pieces:
            response = self.bring(url, offset, piece)
            assert response.status_code == 204, response.text
            offset += len(piece)
        assert response is not None
        return response.headers["media-id"]


Ending = Callable[[], Awaitable[dict[str, Any]]]


async def cut() -> dict[str, Any]:
    """The line breaks."""
    return {"type": "http.disconnect"}


async def silence() -> dict[str, Any]:
    """Nothing comes any more."""
    await anyio.sleep_forever()
    raise AssertionError


async def ask(
    client: TestClient,
    method: str,
    url: str,
    bodies: AsyncIterator[bytes],
    ending: Ending | None = None,
    **headers: Any,
) -> tuple[int, dict[str, str], bytes]:
    """The answer to a request whose body comes piece by piece, and perhaps never ends.

    By hand, for the test client joins a body before it sends it.
    """
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    told |= {"Tus-Resumable": "1.0.0", "Authorization": client.headers["Authorization"]}
    scope = {
        "type": "http",
        "method": method,
        "path": url,
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in told.items()],
    }
    messages: list[Any] = []

    async def receive() -> dict[str, Any]:
        async for body in bodies:
            return {"type": "http.request", "body": body, "more_body": True}
        return await ending() if ending else {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        messages.append(message)

    await client.app(scope, receive, send)
    head, *rest = messages
    answered = {name.decode(): value.decode() for name, value in head["headers"]}
    return head["status"], answered, b"".join(part.get("body", b"") for part in rest)


async def each(*bodies: bytes) -> AsyncIterator[bytes]:
    for body in bodies:
        yield body


@dataclass
class Line:
    """A bad line: brings bytes, then breaks, or falls silent."""

    tus: Tus

    def brings(
        self, url: str, offset: int, *bodies: bytes, ending: Ending | None = cut, **headers: Any
    ) -> tuple[int, dict[str, str], bytes]:
        told: dict[str, Any] = {"Upload_Offset": str(offset), **BYTES, **headers}
        asked = partial(ask, self.tus.client, "PATCH", url, each(*bodies), ending, **told)
        return anyio.run(asked)


@pytest.fixture
def line(tus: Tus) -> Line:
    return Line(tus)


@pytest.fixture
def tus(as_animator: TestClient) -> Tus:
    return Tus(as_animator)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def work(desk: Desk, *names: str) -> None:
    """Have these jobs done, and all those that wait, but of media."""
    for name in names:
        desk.ask(name)
    while desk.run_next():
        pass


def stored() -> list[str]:
    """The keys of all that is stored."""
    return sorted(found.key for found in storage().objects())


def drafts() -> list[str]:
    return [path.name for path in (settings().data_dir / "blobs" / ".drafts").glob("*")]


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """No half object."""
    yield
    assert drafts() == []

"""What `POST /media` promises: the file is safe when the answer comes, or nothing is kept."""

import tracemalloc
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.core.settings import MIB, settings
from app.media.models import Media, Rendition
from app.storage.service import storage
from tests.conftest import ON_S3
from tests.jobs.desk import Desk
from tests.media.conftest import read

URL = "/api/v1/media"
FORM = {"Content-Type": "multipart/form-data; boundary=cut"}
Refused = Callable[..., dict[str, Any]]


def form(*parts: tuple[str, bytes], end: bytes = b"--cut--\r\n") -> bytes:
    """A form of these parts: their Content-Disposition, their bytes."""
    heads = (
        b"--cut\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + content
        for head, content in parts
    )
    return b"".join(head + b"\r\n" for head in heads) + end


FILE = ('name="file"; filename="a.mp4"', b"content")


@pytest.fixture
def refused(as_animator: TestClient, db: Session) -> Refused:
    """The problem with which this is refused; nothing is kept of it."""

    def refused(content: Any, status: int, headers: dict[str, str] = FORM) -> dict[str, Any]:
        response = as_animator.post(URL, content=content, headers=headers)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        assert list(storage().objects()) == []
        assert list((settings().data_dir / "blobs" / ".drafts").glob("*")) == []
        assert db.scalar(select(func.count()).select_from(Media)) == 0
        problem: dict[str, Any] = response.json()
        return problem

    return refused


def test_a_file_is_received(
    as_animator: TestClient, small_video: Path, db: Session, desk: Desk
) -> None:
    content = small_video.read_bytes()
    response = as_animator.post(URL, files={"file": ("../été.mp4", content, "text/html")})

    assert response.status_code == 201, response.text
    shown = response.json()
    assert response.headers["location"] == f"{URL}/{shown['id']}"
    assert response.headers["etag"]
    assert shown == {
        "id": shown["id"],
        "version": 1,
        "status": "received",
        "reason": None,
        "kind": None,
        "filename": "été.mp4",
        "content_type": None,
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
        "duration_ms": None,
        "width": None,
        "height": None,
        "fps": None,
        "progress": None,
        "renditions": [],
    }
    assert read(db.scalars(select(Rendition)).one()) == content
    events = db.scalars(select(AuditEvent.action).where(AuditEvent.subject_kind == "media"))
    assert events.all() == ["media.received"]
    assert desk.job("media.process").facts == {"media_id": shown["id"]}


def test_an_editor_deposits_nothing(as_editor: TestClient, as_anonymous: TestClient) -> None:
    assert as_editor.post(URL, files={"file": b"x"}).status_code == 403
    assert as_anonymous.post(URL, files={"file": b"x"}).status_code == 401
    assert list(storage().objects()) == []


def test_a_file_of_exactly_the_limit_is_received(
    as_animator: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "media_post_max", 100_000)
    assert as_animator.post(URL, files={"file": b"x" * 100_000}).status_code == 201


@pytest.mark.parametrize("size", [100_001, 400_000])
def test_a_larger_one_is_refused(
    refused: Refused, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(settings(), "media_post_max", 100_000)
    problem = refused(form((FILE[0], b"x" * size)), 413)
    assert (problem["type"], problem["max"]) == ("/problems/content-too-large", 100_000)


def test_even_when_it_does_not_say_how_large_it_is(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "media_post_max", 100_000)

    def endless() -> Iterator[bytes]:
        yield form((FILE[0], b""), end=b"")
        yield from (b"x" * 65536 for _ in range(100))

    assert refused(endless(), 413)["max"] == 100_000


def test_nor_after_the_end_of_the_form(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "media_post_max", 100_000)
    assert refused(form(FILE) + b"\r\n" * 100_000, 413)["max"] == 100_000


def test_a_file_over_the_limit_of_other_bodies_is_received(as_animator: TestClient) -> None:
    content = bytes(settings().json_body_max + 1)
    assert as_animator.post(URL, files={"file": content}).status_code == 201


@pytest.mark.slow
def test_memory_stays_flat(as_animator: TestClient) -> None:
    """Without the test client, which joins the body; the least of three: others allocate too."""
    given = {**FORM, "Authorization": as_animator.headers["Authorization"]}
    scope = {
        "type": "http",
        "method": "POST",
        "path": URL,
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
    }

    def peak_of(number: int) -> int:
        body = [bytes([number]) * 65536] * 300
        pieces = [form((FILE[0], b""), end=b"")[:-2], *body, b"\r\n--cut--\r\n"]
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            statuses.append(message.get("status"))

        tracemalloc.start()
        anyio.run(as_animator.app, dict(scope), receive, send)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert statuses[0] == 201
        return peak

    assert min(peak_of(number) for number in range(3)) < 8 * MIB


@pytest.mark.parametrize(
    ("content", "pointer", "code"),
    [
        (form(FILE, ('name="title"', b"x")), "#/title", "extra_forbidden"),
        (form(('name="title"', b"x"), FILE), "#/title", "extra_forbidden"),
        (form(FILE, FILE), "#/file", "extra_forbidden"),
        (form(('name="file"', b"x")), "#/file", "missing"),
        (form(("filename=x", b"x")), "#/", "extra_forbidden"),
        (b"--cut--\r\n", "#/file", "missing"),
    ],
)
def test_one_file_and_nothing_else_is_expected(
    refused: Refused, content: bytes, pointer: str, code: str
) -> None:
    (error,) = refused(content, 422)["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"", FORM),
        (b"nonsense", FORM),
        (form(FILE, end=b""), FORM),
        (form(FILE)[:-10], FORM),
        (form(('name="file"; filename="' + "a" * 9000 + '"', b"x")), FORM),
        (form(FILE), {"Content-Type": "multipart/form-data"}),
        (form(FILE), {"Content-Type": f"multipart/form-data; boundary={'b' * 300}"}),
    ],
)
def test_what_is_no_form_is_refused(
    refused: Refused, content: bytes, headers: dict[str, str]
) -> None:
    assert refused(content, 400, headers)["type"] == "/problems/bad-request"


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/mixed; boundary=b"])
def test_another_type_is_refused(refused: Refused, kind: str) -> None:
    refused(b"{}", 415, {"Content-Type": kind})


@pytest.mark.skipif(ON_S3, reason="A bucket tells no limit.")
def test_a_full_disk_takes_nothing(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "disk_reserve", 2**62)
    assert refused(form(FILE), 507)["type"] == "/problems/insufficient-storage"


def test_a_lost_connection_leaves_nothing(refused: Refused) -> None:
    def lost() -> Iterator[bytes]:
        yield form((FILE[0], b"x" * 100_000), end=b"")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        refused(lost(), 201)
    assert list(storage().objects()) == []

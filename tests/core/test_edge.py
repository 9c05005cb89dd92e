"""What every request passes first, and every answer last."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.core.db import Database
from app.core.edge import Edge
from app.core.settings import Settings
from app.main import EXPOSED, create_app
from tests.logs import captured
from tests.make import Make

URL = "/api/v1/workshops"


def test_every_request_has_an_id_of_its_own(as_anonymous: TestClient) -> None:
    answers = [as_anonymous.get(url) for url in (URL, URL, "/nowhere", "/api/v1/openapi.json")]
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)
    for answer in answers[:3]:
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_every_answer_has_the_security_headers(
    as_anonymous: TestClient, as_animator: TestClient
) -> None:
    for client, url in (
        (as_animator, URL),
        (as_anonymous, URL),
        (as_anonymous, "/nowhere"),
        (as_anonymous, "/api/docs"),
    ):
        headers = client.get(url).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-resource-policy"] == "same-site"


def test_what_a_caller_is_shown_is_kept_by_no_shared_cache(as_animator: TestClient) -> None:
    headers = as_animator.get(URL).headers
    assert headers["cache-control"] == "private, no-cache"
    assert "Authorization" in headers["vary"]


# Too large


def test_headers_that_are_too_large_are_refused(as_anonymous: TestClient) -> None:
    assert as_anonymous.get(URL, headers={"X-Junk": "a" * 15_000}).status_code == 401
    response = as_anonymous.get(URL, headers={"X-Junk": "a" * 16_384})
    assert response.status_code == 431
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "/problems/request-header-fields-too-large"
    assert response.json()["request_id"] == response.headers["x-request-id"]


def in_pieces() -> Iterator[bytes]:
    """A body whose length nobody announced."""
    for _ in range(20):
        yield b" " * 65_536


@pytest.mark.parametrize("content", [b" " * (1024**2 + 1), in_pieces()], ids=["announced", "not"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_body_that_is_too_large_is_refused(
    as_animator: TestClient, content: bytes, language: str
) -> None:
    headers = {"Content-Type": "application/json", "Accept-Language": language}
    body = content if isinstance(content, bytes) else in_pieces()
    response = as_animator.post(URL, content=body, headers=headers)
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    title = {
        "fr": "Ce que vous avez envoyé est trop volumineux.",
        "en": "What you sent is too large.",
    }
    assert response.json() == {
        "type": "/problems/content-too-large",
        "title": title[language],
        "status": 413,
        "request_id": response.headers["x-request-id"],
    }
    assert int(response.headers["content-length"]) == len(response.content)


def test_a_body_of_the_size_that_is_allowed_is_read(as_animator: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    response = as_animator.post(URL, content=b" " * (1024**2 - 2) + b"{}", headers=headers)
    assert response.status_code == 422


# Hosts and origins


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("retours.example.org", 401),
        ("retours.example.org:8443", 401),
        ("Retours.Example.ORG", 401),
        ("[::1]:8000", 401),
        ("[::1]", 401),
        ("evil.example.org", 400),
        ("retours.example.org.evil.org", 400),
        ("retours.example.org:evil", 400),
        ("", 400),
        (":80", 400),
    ],
)
def test_a_foreign_host_is_refused(app: FastAPI, host: str, status: int) -> None:
    settings = Settings(trusted_hosts=["retours.example.org", "[::1]"])
    response = TestClient(Edge(app, settings)).get(URL, headers={"Host": host})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_a_known_origin_may_call_but_never_with_cookies(database: Database) -> None:
    front = "https://front.example.org"
    app = create_app(database, Settings(cors_origins=[front]))
    client = TestClient(Edge(app, app.state.settings))
    for origin, allowed in ((front, front), ("https://evil.example.org", None)):
        headers = client.get(URL, headers={"Origin": origin}).headers
        assert headers.get("access-control-allow-origin") == allowed
        assert "access-control-allow-credentials" not in headers
        asked = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
        preflight = client.options(URL, headers=asked)
        assert preflight.headers.get("access-control-allow-origin") == allowed
        assert (preflight.status_code == 200) is (allowed is not None)
    exposed = client.get(URL, headers={"Origin": front}).headers["access-control-expose-headers"]
    assert exposed == ", ".join(EXPOSED)


# Logs


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """What is written to standard error."""
    with captured(monkeypatch, "info") as written:
        yield written


def test_a_request_is_one_line_with_its_route_and_no_secret(
    as_animator: TestClient, make: Make, animator: Account, log: StringIO
) -> None:
    workshop = make.workshop(organization=animator.organization)
    token = as_animator.headers["authorization"].removeprefix("Bearer ")
    query = {"access_token": token, "cursor": "x"}
    response = as_animator.get(f"{URL}/{workshop.id}", params=query)
    written = log.getvalue()
    [line] = [json.loads(text) for text in written.splitlines() if "request_id" in text]
    assert (
        line.items()
        >= {
            "event": "request",
            "level": "info",
            "method": "GET",
            "route": "/workshops/{workshop_id}",  # as its router knows it
            "status": response.status_code,
            "request_id": response.headers["x-request-id"],
        }.items()
    )
    assert line["ms"] > 0
    assert token not in written
    assert str(workshop.id) not in written


@pytest.mark.parametrize("path", ["/shared/0123456789abcdef", "/nowhere/0123456789abcdef"])
def test_the_path_of_a_route_that_does_not_exist_is_not_written(
    as_anonymous: TestClient, log: StringIO, path: str
) -> None:
    as_anonymous.get(path)
    written = log.getvalue()
    assert "0123456789abcdef" not in written
    assert '"route": "unknown"' in written


@pytest.mark.parametrize(
    "mistake",
    [
        "Authorization: Bearer {}",
        "the session s_{} ended",
        "the token t_{} was used",
        "GET /r/{} HTTP/1.1",
        "GET /api/v1/shared/{}/files",
        "GET /media/1?token={}&expires=1",
        "signature={}",
    ],
)
def test_a_token_logged_by_mistake_is_hidden(log: StringIO, mistake: str) -> None:
    token = "Xq3jR8yH5vN2wK7m"
    structlog.get_logger().warning(mistake.format(token), again=mistake.format(token))
    logging.getLogger("somebody.else").warning(mistake.format(token))
    written = log.getvalue()
    assert written.count("[hidden]") == 3
    assert token not in written


def test_neither_are_words_of_people(log: StringIO) -> None:
    word = "what somebody said"
    try:
        heard = len(word)
        assert not heard
    except AssertionError:
        structlog.get_logger().exception("broken", body=word, password=word, token=word)
    assert word not in log.getvalue()

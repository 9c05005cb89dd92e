"""A POST that is sent again is answered again, not done again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from threading import Event
from uuid import UUID

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from sqlalchemy import delete, event, func, select, text, update
from sqlalchemy.orm import Session

from app.accounts.models import Account, ApiToken, Tries
from app.accounts.tries import count_try
from app.calls.call import Call
from app.calls.jobs import purge
from app.calls.models import IdempotencyKey
from app.core.db import Database
from app.core.models import now
from app.core.problems import Conflict
from app.jobs.models import Job
from app.jobs.service import Run
from app.workshops.models import Workshop
from tests.conftest import ClientFor
from tests.make import Make

URL = "/api/v1/workshops"
TOKENS = "/api/v1/api-tokens"
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


@pytest.fixture
def payload(make: Make, animator: Account) -> dict[str, str]:
    return {
        "scheme_id": str(make.the_scheme.id),
        "place_id": str(make.place(organization=animator.organization).id),
        "method": "video",
        "title": "Atelier vidéo à l'ERIC de La Seyne",
        "starts_at": "2026-12-01T14:00:00Z",
    }


@contextmanager
def failing_commits(database: Database) -> Iterator[None]:
    def fail(_: Session) -> None:
        raise Conflict

    event.listen(database.write, "before_commit", fail)
    try:
        yield
    finally:
        event.remove(database.write, "before_commit", fail)


def planned(db: Session) -> int | None:
    return db.scalar(select(func.count()).select_from(Workshop))


def kept(database: Database) -> int | None:
    with database.read() as db:
        return db.scalar(select(func.count()).select_from(IdempotencyKey))


def test_a_retry_gets_the_same_answer(
    as_animator: TestClient, payload: dict[str, str], db: Session
) -> None:
    first, again = (as_animator.post(URL, json=payload, headers=KEY) for _ in range(2))

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.status_code == 201
    for header in ("content-type", "location", "etag"):
        assert again.headers[header] == first.headers[header]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert planned(db) == 1


def test_without_a_key_it_is_another_request(
    as_animator: TestClient, payload: dict[str, str], db: Session
) -> None:
    for _ in range(2):
        as_animator.post(URL, json=payload)
    assert planned(db) == 2


def test_a_key_serves_one_request_only(as_animator: TestClient, payload: dict[str, str]) -> None:
    as_animator.post(URL, json=payload, headers=KEY)
    for response in (
        as_animator.post(URL, json=payload | {"title": "Autre"}, headers=KEY),
        as_animator.post(TOKENS, json={"name": "Autre"}, headers=KEY),
    ):
        assert response.status_code == 422
        assert response.json()["type"] == "/problems/idempotency-key-reused"


def test_each_account_has_its_own_keys(
    as_animator: TestClient,
    client_for: ClientFor,
    make: Make,
    animator: Account,
    payload: dict[str, str],
    db: Session,
) -> None:
    colleague = client_for(make.account(organization=animator.organization))
    answers = [client.post(URL, json=payload, headers=KEY) for client in (as_animator, colleague)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]
    assert planned(db) == 2


def test_a_retry_is_answered_to_who_is_still_somebody(
    as_animator: TestClient, payload: dict[str, str], database: Database
) -> None:
    as_animator.post(URL, json=payload, headers=KEY)
    with database.write.begin() as db:
        db.execute(delete(ApiToken))
    assert as_animator.post(URL, json=payload, headers=KEY).status_code == 401


# What is kept


def test_neither_the_answer_nor_the_key_can_be_read_in_the_database(
    as_animator: TestClient, animator: Account, database: Database
) -> None:
    payload = {"name": "Clé de la borne de La Seyne"}
    response = as_animator.post(TOKENS, json=payload, headers=KEY)
    secret = response.json()["token"]
    raw = raw_rows(database, "idempotency_keys")
    value = UUID(KEY["Idempotency-Key"])

    for hidden in (
        response.content,
        secret.encode(),
        payload["name"].encode(),
        b'"token"',
        response.headers["location"].encode(),
        str(value).encode(),
        value.bytes,
        value.hex.encode(),
        str(animator.id).encode(),
        animator.id.bytes,
        sha256(value.bytes).hexdigest().encode(),  # a hash of the key alone could be searched for
        sha256(response.request.read()).hexdigest().encode(),
    ):
        assert hidden not in raw
    again = as_animator.post(TOKENS, json=payload, headers=KEY)
    assert again.json()["token"] == secret


def raw_rows(database: Database, table: str) -> bytes:
    """Every byte of a table, as the database gives it."""
    with database.read() as db:
        rows = db.execute(text(f"SELECT * FROM {table}")).all()
    assert rows
    return b"\n".join(
        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        for row in rows
        for value in row
    )


def run_of(database: Database) -> Run:
    """A worker's try to do the purge."""
    job = Job(name="calls.purge", queue="default", facts={}, token=1)
    job.claimed_until = now() + timedelta(minutes=1)
    with database.write.begin() as db:
        db.add(job)
    return Run(database, job, Event())


def test_a_key_is_forgotten_after_a_day(
    as_animator: TestClient, payload: dict[str, str], database: Database, db: Session
) -> None:
    as_animator.post(URL, json=payload, headers=KEY)
    for age, left in ((timedelta(hours=23), 1), (timedelta(hours=25), 0)):
        with database.write.begin() as writing:
            writing.execute(update(IdempotencyKey).values(created_at=now() - age))
        purge(run_of(database))
        assert kept(database) == left

    as_animator.post(URL, json=payload, headers=KEY)
    assert planned(db) == 2


def test_so_are_the_tries_that_were_counted(database: Database, db: Session) -> None:
    for within in (timedelta(minutes=-1), timedelta(minutes=1)):
        with database.write.begin() as writing:
            count_try(writing, f"a door {within}", 5, within)
    purge(run_of(database))
    assert db.scalar(select(func.count()).select_from(Tries)) == 1


# What is not kept


def test_what_failed_may_be_sent_again(
    as_animator: TestClient, payload: dict[str, str], database: Database, db: Session
) -> None:
    assert as_animator.post(URL, json={}, headers=KEY).status_code == 422
    unknown = payload | {"place_id": str(payload["scheme_id"])}
    assert as_animator.post(URL, json=unknown, headers=KEY).status_code == 422
    with failing_commits(database):
        assert as_animator.post(URL, json=payload, headers=KEY).status_code == 409
    assert kept(database) == 0

    assert as_animator.post(URL, json=payload, headers=KEY).status_code == 201
    assert planned(db) == 1


def test_streams_take_no_part(app: FastAPI, as_animator: TestClient, database: Database) -> None:
    done: list[bytes] = []

    @app.post("/upload")
    async def upload(request: Request, call: Call) -> Response:
        done.append(b"".join([chunk async for chunk in request.stream()]))
        return Response(status_code=204)

    @app.post("/export")
    def export(call: Call) -> Response:
        with call:
            done.append(b"")
        return StreamingResponse(iter(["a", "b"]))

    video = KEY | {"Content-Type": "video/mp4"}
    for _ in range(2):
        assert as_animator.post("/upload", content=b"film", headers=video).status_code == 204
        assert as_animator.post("/export", headers=KEY).text == "ab"
    assert done == [b"film", b"", b"film", b""]
    assert kept(database) == 0


def test_what_is_put_twice_needs_no_key(
    as_animator: TestClient, make: Make, animator: Account, database: Database
) -> None:
    workshop = make.workshop(organization=animator.organization)
    for _ in range(2):
        answer = as_animator.put(f"{URL}/{workshop.id}/closure", headers=KEY)
        assert answer.status_code == 204
    assert kept(database) == 0


@pytest.mark.parametrize("key", ["", "é", "a b", "1", "a" * 256, f"{KEY['Idempotency-Key']}0"])
def test_a_key_is_a_uuid(as_animator: TestClient, payload: dict[str, str], key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode())]
    response = as_animator.post(URL, json=payload, headers=headers)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"].lower() == "#/idempotency-key"


def test_twenty_retries_at_once_do_it_once(
    as_animator: TestClient, payload: dict[str, str], db: Session
) -> None:
    with ThreadPoolExecutor(20) as threads:
        responses = list(
            threads.map(lambda _: as_animator.post(URL, json=payload, headers=KEY), range(20))
        )

    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 1
    replayed = [response.headers.get("idempotency-replayed") for response in responses]
    assert sorted(replayed, key=str) == [None] + ["true"] * 19
    assert planned(db) == 1

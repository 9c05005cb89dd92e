"""The same file twice: one media for one account, and nothing that tells anybody else."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import anyio
import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.models import now
from app.media import twins
from app.media.models import Media, Reason, Status
from app.media.service import known_keys
from app.operations.retention import due_now
from app.storage.service import storage
from app.testimonies.models import State
from app.uploads.models import Upload
from app.withdrawals.purge import forget_media
from tests.conftest import ClientFor
from tests.jobs.desk import Desk
from tests.make import Make
from tests.uploads.conftest import URL, Tus, ask, stored, work

CONTENT = b"the same words, said once"
OTHER = CONTENT.upper()  # of the same size


def posted(client: TestClient, content: bytes = CONTENT) -> httpx2.Response:
    response = client.post("/api/v1/media", files={"file": ("a.mp4", content)})
    assert response.status_code in (200, 201), response.text
    return response


def by_post(tus: Tus, content: bytes) -> str:
    return str(posted(tus.client, content).json()["id"])


def in_one_piece(tus: Tus, content: bytes) -> str:
    return tus.sent(content)


def in_pieces(tus: Tus, content: bytes) -> str:
    return tus.sent(content[:5], content[5:11], content[11:])


Way = Callable[[Tus, bytes], str]
WAYS = [by_post, in_one_piece, in_pieces]


@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("second", WAYS)
def test_the_same_file_is_the_same_media_however_it_comes(
    tus: Tus, db: Session, desk: Desk, first: Way, second: Way
) -> None:
    known = first(tus, CONTENT)
    other = second(tus, OTHER)
    assert second(tus, CONTENT) == known != other
    assert second(tus, OTHER) == other
    assert db.scalar(select(func.count()).select_from(Media)) == 2
    work(desk)
    assert stored() == sorted(known_keys(db)), "nothing is left of what came twice"
    again = AuditEvent.action == "media.received_again"
    assert db.scalar(select(func.count()).where(again)) == 2


def test_the_upload_that_came_second_says_which_media_it_is(tus: Tus) -> None:
    known = tus.sent(CONTENT)
    url = tus.begun(len(CONTENT))
    tus.bring(url, 0, CONTENT[:3])
    tus.bring(url, 3, CONTENT[3:])
    assert tus.head(url).headers["media-id"] == known


def test_a_file_posted_again_is_no_new_version_of_it(as_animator: TestClient) -> None:
    first, again = posted(as_animator), posted(as_animator)
    assert (first.status_code, again.status_code) == (201, 200)
    assert "location" not in again.headers
    assert again.json() == first.json()
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize("way", WAYS)
def test_accounts_stay_apart_and_nothing_tells(
    client_for: ClientFor, make: Make, database: Database, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    """A colleague's file is not even compared: no time tells that it is there."""
    organization = make.organization()
    first, colleague, stranger = (
        Tus(client_for(make.account(**given)))
        for given in ({"organization": organization}, {"organization": organization}, {})
    )
    known = way(first, CONTENT)

    def never(_: Any) -> str:
        raise AssertionError("others' bytes are not read")

    monkeypatch.setattr(twins, "_sha256", never)
    ids = {known, way(colleague, CONTENT), way(stranger, CONTENT)}
    assert len(ids) == 3
    answers = [shape(posted(other.client, b"of the others")) for other in (colleague, stranger)]
    posted(first.client, b"of the first")
    answers.append(shape(posted(colleague.client, b"of the first")))
    assert answers[0] == answers[1]
    assert answers[2][0] == answers[0][0]


def shape(response: httpx2.Response) -> tuple[int, list[str], list[str]]:
    return response.status_code, sorted(response.headers), sorted(response.json())


def test_a_file_of_a_size_of_its_own_is_read_no_more(
    tus: Tus, monkeypatch: pytest.MonkeyPatch
) -> None:
    tus.sent(CONTENT)

    def never(_: Any) -> str:
        raise AssertionError("nothing has this size")

    monkeypatch.setattr(twins, "_sha256", never)
    tus.sent(CONTENT[:4], CONTENT[4:] + b"!")


@pytest.mark.parametrize(
    "end",
    [
        {"status": Status.REJECTED, "reason": Reason.CORRUPT},
        {"erased_at": func.now()},
        {"taken_back_at": func.now()},
    ],
    ids=["rejected", "erased", "taken back"],
)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_gone_does_not_come_back(
    tus: Tus, database: Database, way: Way, end: dict[str, Any]
) -> None:
    known = way(tus, CONTENT)
    with database.write.begin() as db:
        values = {k: now() if k.endswith("_at") else v for k, v in end.items()}
        db.execute(update(Media).values(**values))
    anew = way(tus, CONTENT)
    assert anew != known
    assert way(tus, CONTENT) == anew, "which lives"


def test_what_a_witness_took_back_is_a_new_media_at_once(
    tus: Tus, make: Make, animator: Account, database: Database, desk: Desk
) -> None:
    """With the job still waiting: its file would be erased a moment later."""
    known = tus.sent(CONTENT)
    workshop = make.workshop(organization=animator.organization)
    witness = make.witness(workshop=workshop)
    with database.read() as db:
        media = db.get_one(Media, UUID(known))
    make.testimony(workshop=workshop, witnesses=[witness], media=[media], state=State.SUBMITTED)
    told = {"witness_id": str(witness.id), "all": True}
    response = tus.client.post("/api/v1/withdrawals", json=told)
    assert response.status_code == 201, response.text

    anew = tus.sent(CONTENT)
    assert anew != known
    work(desk)
    with database.read() as db:
        assert db.get_one(Media, UUID(known)).erased_at
        assert db.get_one(Media, UUID(anew)).erased_at is None
    assert len(stored()) == 1 + len(list(storage().objects("ledger")))


def test_an_erased_media_leaves_no_name_of_a_file(tus: Tus, database: Database, desk: Desk) -> None:
    known = tus.sent(CONTENT, filename="awa.mp4")
    with database.write.begin() as db:
        forget_media(db, [UUID(known)])
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(Upload)) == 0


def test_what_is_deposited_again_is_kept_as_if_it_had_come_now(
    tus: Tus, database: Database
) -> None:
    tus.sent(CONTENT)
    with database.write.begin() as db:
        old = now() - timedelta(days=31)
        db.execute(update(Media).values(deposited_at=old, created_at=old))

    def due() -> int:
        with database.read() as db:
            return {rule.code: count for rule, count in due_now(db).items()}["media-of-nobody"]

    assert due() == 1
    tus.sent(CONTENT)
    assert due() == 0


def test_two_that_finish_at_once_are_one_media(
    tus: Tus, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second becomes whole after the first was compared with nothing: it looks again."""
    urls = [tus.begun(len(CONTENT)) for _ in range(2)]
    for url in urls:
        tus.bring(url, 0, CONTENT[:5])
    find = twins.Twins.find
    ids: list[str] = []

    def meanwhile(self: twins.Twins, *given: Any, **more: Any) -> Any:
        if not ids:
            ids.append("")
            raise twins.NotCompared
        return find(self, *given, **more)

    def compare(self: twins.Twins) -> None:
        if ids == [""]:
            ids[0] = tus.bring(urls[1], 5, CONTENT[5:]).headers["media-id"]
        real(self)

    real = twins.Twins.compare
    monkeypatch.setattr(twins.Twins, "find", meanwhile)
    monkeypatch.setattr(twins.Twins, "compare", compare)
    assert tus.bring(urls[0], 5, CONTENT[5:]).headers["media-id"] == ids[0]
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(Media)) == 1


def test_one_that_is_joined_meanwhile_is_compared_all_the_same(
    tus: Tus, database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = tus.sent(CONTENT[:5], CONTENT[5:])
    real = twins._sha256

    def joined(keys: Any) -> str:
        monkeypatch.setattr(twins, "_sha256", real)
        desk.run_next("media")  # its parts are gone; it is rejected too: this is no film
        with database.write.begin() as db:
            values = {"status": Status.RECEIVED, "reason": None}
            db.execute(update(Media).values(**values))
        return real(keys)

    monkeypatch.setattr(twins, "_sha256", joined)
    assert tus.sent(CONTENT[:5], CONTENT[5:]) == known


@pytest.mark.parametrize("where", [URL, "/api/v1/media"])
def test_an_idempotency_key_takes_no_part(tus: Tus, where: str) -> None:
    """Nor is a body of bytes read for it, whatever it is said to be: it may be of 2 GiB."""

    async def endless() -> AsyncIterator[bytes]:
        raise AssertionError("it is read")
        yield b""

    told: dict[str, Any] = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    told |= {"Idempotency-Key": str(uuid4()), "Upload-Length": "5"}
    status, _, _ = anyio.run(partial(ask, tus.client, "POST", where, endless(), **told))
    assert status == 415

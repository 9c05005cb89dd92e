"""How far the work on a media is, told as it goes on to those who may see it, while they may."""

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient

from app.accounts.models import Account
from app.core.db import Database
from app.core.models import now
from app.gate import events
from app.media import service
from app.media.models import Media, Reason, Status
from tests.conftest import ClientFor
from tests.make import Make

URL = "/api/v1/media"
Told = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again soon, and give up soon if the test is wrong."""
    monkeypatch.setattr(events, "PAUSE", 0.02)
    monkeypatch.setattr(events, "LIFE", 8.0)


@pytest.fixture
def media(make: Make, animator: Account) -> Media:
    """One that is being processed."""
    return make.media(organization=animator.organization, status=Status.PROCESSING, progress=0.1)


@pytest.fixture
def change(database: Database, media: Media) -> Callable[..., None]:
    """As the worker does, in another session."""

    def change(**columns: Any) -> None:
        with database.write.begin() as db:
            found = db.get_one(Media, media.id)
            for name, value in columns.items():
                setattr(found, name, value)

    return change


Change = Callable[..., None]


def told(body: str) -> Told:
    """The data of each event; comments tell nothing."""
    blocks = [block for block in body.split("\n\n") if block and not block.startswith(":")]
    assert all(block.startswith("event: media\ndata: ") for block in blocks), body
    return [json.loads(block.partition("data: ")[2]) for block in blocks]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Do these one after another while the stream is read, one before each look at the media."""
    look = events._look

    def meanwhile(*deeds: Callable[[], Any]) -> None:
        left = list(deeds)

        def look_later(*given: Any) -> Any:
            if left:
                left.pop(0)()
            return look(*given)

        monkeypatch.setattr(events, "_look", look_later)

    return meanwhile


Meanwhile = Callable[..., None]


def test_each_change_is_told_until_it_is_ready(
    as_animator: TestClient, media: Media, change: Change, database: Database, meanwhile: Meanwhile
) -> None:
    def progress() -> None:
        with database.write.begin() as db:
            service.show_progress(db, media.id, 0.5)

    meanwhile(progress, lambda: change(status=Status.READY, progress=None))
    response = as_animator.get(f"{URL}/{media.id}/events")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "private, no-store"
    assert [(one["status"], one["progress"]) for one in told(response.text)] == [
        ("processing", 0.1),
        ("processing", 0.5),
        ("ready", None),
    ]


def test_or_rejected(
    as_animator: TestClient, media: Media, change: Change, meanwhile: Meanwhile
) -> None:
    meanwhile(lambda: change(status=Status.REJECTED, reason=Reason.CORRUPT, progress=None))
    response = as_animator.get(f"{URL}/{media.id}/events")
    last = told(response.text)[-1]
    assert (last["status"], last["reason"]) == ("rejected", "corrupt")


def test_what_is_ready_is_told_once_and_never_names_the_original(
    as_animator: TestClient, make: Make, animator: Account
) -> None:
    files = {"original": b"x", "web.mp4": b"x", "poster.jpg": b"x"}
    media = make.media(organization=animator.organization, files=files)
    for headers in ({}, {"Last-Event-ID": "7"}, {"Last-Event-ID": "'; DROP TABLE media"}):
        response = as_animator.get(f"{URL}/{media.id}/events", headers=headers)
        (only,) = told(response.text)
        assert only == {
            "status": "ready",
            "reason": None,
            "progress": None,
            "renditions": ["poster.jpg", "web.mp4"],
        }


def test_who_may_not_see_it_is_told_nothing(
    as_outsider: TestClient, as_editor: TestClient, as_anonymous: TestClient, media: Media
) -> None:
    for client, status in ((as_outsider, 404), (as_editor, 404), (as_anonymous, 401)):
        assert client.get(f"{URL}/{media.id}/events").status_code == status


def test_who_may_not_any_more_is_told_nothing_more(
    as_animator: TestClient, media: Media, change: Change, meanwhile: Meanwhile
) -> None:
    meanwhile(lambda: change(erased_at=now()), lambda: change(progress=0.9))
    response = as_animator.get(f"{URL}/{media.id}/events")
    assert [one["progress"] for one in told(response.text)] == [0.1]
    assert as_animator.get(f"{URL}/{media.id}/events").status_code == 404


def test_nor_who_is_suspended(
    as_animator: TestClient,
    media: Media,
    change: Change,
    database: Database,
    animator: Account,
    meanwhile: Meanwhile,
) -> None:
    def suspend() -> None:
        with database.write.begin() as db:
            account = db.get_one(Account, animator.id)
            account.suspended_at, account.suspended_by_id = now(), animator.id

    meanwhile(suspend, lambda: change(progress=0.9))
    response = as_animator.get(f"{URL}/{media.id}/events")
    assert [one["progress"] for one in told(response.text)] == [0.1]


def test_a_stream_where_nothing_happens_says_that_it_lives_and_ends(
    as_animator: TestClient, media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.1)
    monkeypatch.setattr(events, "LIFE", 0.5)
    body = as_animator.get(f"{URL}/{media.id}/events").text
    assert len(told(body)) == 1
    assert body.count(": ping\n\n") >= 2


class Follower:
    """A client of the application itself, which reads event by event, and may hang up."""

    def __init__(self, client: TestClient, media: Media) -> None:
        self.app, self.got, self.gone = client.app, b"", anyio.Event()
        token = client.headers["Authorization"].encode()
        self.scope = {
            "type": "http",
            "method": "GET",
            "path": f"{URL}/{media.id}/events",
            "query_string": b"",
            "headers": [(b"authorization", token)],
        }
        self.status = 0

    async def follow(self) -> None:
        await self.app(self.scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        self.got += message.get("body", b"")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_only_so_many_at_a_time_and_who_hangs_up_is_forgotten(
    as_animator: TestClient, media: Media, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr(events, "MOST", 2)
    followers = [Follower(as_animator, media) for _ in range(3)]
    async with anyio.create_task_group() as group:
        for follower in followers[:2]:
            group.start_soon(follower.follow)
        while not all(follower.got for follower in followers[:2]):
            await anyio.sleep(0.01)
        await followers[2].follow()
        assert followers[2].status == 429
        held = database.read.kw["bind"].pool.checkedout()
        for _ in range(20):  # between two looks nothing is held
            held = min(held, database.read.kw["bind"].pool.checkedout())
            await anyio.sleep(0.005)
        assert held == 0
        for follower in followers[:2]:
            follower.gone.set()
    assert not events.Followed.following


@pytest.mark.anyio
async def test_another_account_has_its_own(
    as_animator: TestClient,
    media: Media,
    monkeypatch: pytest.MonkeyPatch,
    make: Make,
    animator: Account,
    client_for: ClientFor,
) -> None:
    monkeypatch.setattr(events, "MOST", 1)
    colleague = client_for(make.account(organization=animator.organization))
    followers = [Follower(client, media) for client in (as_animator, colleague)]
    async with anyio.create_task_group() as group:
        for follower in followers:
            group.start_soon(follower.follow)
        while not all(follower.got for follower in followers):
            await anyio.sleep(0.01)
        for follower in followers:
            follower.gone.set()
    assert [follower.status for follower in followers] == [200, 200]

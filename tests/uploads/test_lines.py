"""Lines that break, that fall silent, or that come twice: what came is kept, and counted once."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from threading import active_count
from typing import Any
from uuid import UUID

import anyio
import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.settings import MIB, settings
from app.media.models import Media
from app.uploads.models import Upload
from tests.conftest import ON_S3
from tests.jobs.desk import Desk
from tests.uploads.conftest import (
    BYTES,
    URL,
    Ending,
    Line,
    Tus,
    ask,
    cut,
    each,
    silence,
    stored,
    work,
)

CONTENT = bytes(range(256)) * 12_000  # about 3 MiB


def test_what_came_before_the_line_broke_is_kept(tus: Tus, line: Line, db: Session) -> None:
    url = tus.begun(len(CONTENT))
    status, headers, _ = line.brings(url, 0, CONTENT[:MIB], CONTENT[MIB : MIB + 7])
    assert (status, headers["connection"]) == (408, "close")
    assert tus.offset(url) == MIB + 7
    line.brings(url, MIB + 7)  # broken before anything came
    assert tus.offset(url) == MIB + 7
    last = tus.bring(url, MIB + 7, CONTENT[MIB + 7 :])
    media = db.get_one(Media, UUID(last.headers["media-id"]))
    assert media.size == len(CONTENT)
    assert len(media.parts) == len(stored()) == 2


def test_what_came_last_may_be_all_that_was_missing(tus: Tus, line: Line) -> None:
    """It breaks after the last byte, before the end of the body: it is a media all the same."""
    url = tus.begun(len(CONTENT))
    line.brings(url, 0, CONTENT)
    assert tus.head(url).headers["media-id"]


def test_with_a_checksum_it_is_all_or_nothing(tus: Tus, line: Line) -> None:
    url = tus.begun(len(CONTENT))
    right = f"sha256 {b64encode(sha256(CONTENT).digest()).decode()}"
    status, _, _ = line.brings(url, 0, CONTENT[:MIB], Upload_Checksum=right)
    assert (status, tus.offset(url), stored()) == (408, 0, [])
    assert tus.bring(url, 0, CONTENT, Upload_Checksum=right).status_code == 204


def test_a_line_that_falls_silent_is_cut(
    tus: Tus, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "upload_patience", 0.2)
    url, threads = tus.begun(len(CONTENT)), active_count()
    status, headers, body = line.brings(url, 0, CONTENT[:100], ending=silence)
    assert (status, headers["connection"]) == (408, "close")
    assert b"/problems/upload-interrupted" in body
    assert tus.offset(url) == 100
    assert active_count() <= threads + 1  # of the loop that ended: nobody waits for the line


def test_a_slow_line_is_not_cut(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "upload_patience", 0.3)
    url = tus.begun(5)

    async def slowly() -> AsyncIterator[bytes]:
        for byte in b"12345":
            await anyio.sleep(0.1)
            yield bytes([byte])

    async def bring() -> int:
        told = {"Upload_Offset": "0", **BYTES}
        return (await ask(tus.client, "PATCH", url, slowly(), **told))[0]

    assert anyio.run(bring) == 204
    assert tus.head(url).headers["media-id"]


@pytest.mark.skipif(ON_S3, reason="A bucket tells no limit.")
def test_a_disk_that_fills_up_keeps_what_came(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    url = tus.begun(len(CONTENT))

    async def filling() -> AsyncIterator[bytes]:
        yield CONTENT[:MIB]
        monkeypatch.setattr(settings(), "disk_reserve", 2**62)
        yield CONTENT[MIB : 2 * MIB]
        raise AssertionError("no more is asked for")

    async def bring() -> int:
        told = {"Upload_Offset": "0", **BYTES}
        return (await ask(tus.client, "PATCH", url, filling(), **told))[0]

    assert anyio.run(bring) == 507
    assert tus.offset(url) == 2 * MIB


def test_a_body_longer_than_it_may_be_leaves_nothing(tus: Tus, line: Line) -> None:
    url = tus.begun(5)
    status, _, _ = line.brings(url, 0, b"123", b"456", ending=None)
    assert (status, tus.offset(url), stored()) == (413, 0, [])


def test_first_bytes_that_break_off_leave_nothing(tus: Tus, db: Session, desk: Desk) -> None:
    """Whoever sent them was never told the address."""

    async def begin() -> int:
        told = {"Upload_Length": "100", "Content_Length": "100", **BYTES}
        return (await ask(tus.client, "POST", URL, each(b"12345"), cut, **told))[0]

    assert anyio.run(begin) == 408
    assert db.scalar(select(func.count()).select_from(Upload)) == 0
    work(desk)
    assert stored() == []


def test_of_two_at_once_exactly_one_counts(tus: Tus, db: Session) -> None:
    """The one that began last: the other may be a line that is dead, and nobody knows it yet."""
    url = tus.begun(10)
    statuses: list[int] = []

    async def both() -> None:
        first_began, second_ended = anyio.Event(), anyio.Event()

        async def first() -> AsyncIterator[bytes]:
            first_began.set()
            await second_ended.wait()
            yield b"aaaaa"

        async def bring(bodies: AsyncIterator[bytes]) -> None:
            told: dict[str, Any] = {"Upload_Offset": "0", **BYTES}
            statuses.append((await ask(tus.client, "PATCH", url, bodies, **told))[0])

        async with anyio.create_task_group() as group:
            group.start_soon(bring, first())
            await first_began.wait()
            await bring(each(b"bbbbb"))
            second_ended.set()

    anyio.run(both)
    assert statuses == [204, 409]
    assert (tus.offset(url), len(stored())) == (5, 1)


def test_an_older_one_that_ends_first_counts_no_more(tus: Tus) -> None:
    """Or else what the living line brings would be refused because of the dead one."""
    url = tus.begun(10)
    statuses: dict[str, int] = {}

    async def both() -> None:
        came, began, ended = anyio.Event(), anyio.Event(), anyio.Event()

        async def dead() -> AsyncIterator[bytes]:
            yield b"aaa"
            came.set()
            await began.wait()

        async def living() -> AsyncIterator[bytes]:
            began.set()
            await ended.wait()
            yield b"bbbbb"

        async def bring(name: str, bodies: AsyncIterator[bytes], ending: Ending | None) -> None:
            told: dict[str, Any] = {"Upload_Offset": "0", **BYTES}
            statuses[name], _, _ = await ask(tus.client, "PATCH", url, bodies, ending, **told)

        async def bring_dead() -> None:
            await bring("dead", dead(), cut)
            ended.set()

        async with anyio.create_task_group() as group:
            group.start_soon(bring_dead)
            await came.wait()
            group.start_soon(bring, "living", living(), None)

    anyio.run(both)
    assert statuses == {"dead": 409, "living": 204}
    assert (tus.offset(url), len(stored())) == (5, 1)


def test_what_is_given_up_meanwhile_is_not_there(tus: Tus, desk: Desk) -> None:
    url = tus.begun(10)

    async def bring() -> int:
        async def bodies() -> AsyncIterator[bytes]:
            yield b"12345"
            response = await anyio.to_thread.run_sync(tus.send, "DELETE", url)
            assert response.status_code == 204

        return (await ask(tus.client, "PATCH", url, bodies(), Upload_Offset="0", **BYTES))[0]

    assert anyio.run(bring) == 404
    assert stored() == []


def test_no_session_is_open_while_bytes_flow(tus: Tus, database: Database) -> None:
    url, open_ = tus.begun(10), []

    async def bodies() -> AsyncIterator[bytes]:
        yield b"12345"
        open_.append(sum(e.pool.checkedout() for e in engines))
        yield b"67890"
        open_.append(sum(e.pool.checkedout() for e in engines))

    async def bring() -> int:
        return (await ask(tus.client, "PATCH", url, bodies(), Upload_Offset="0", **BYTES))[0]

    engines = [sessions.kw["bind"] for sessions in (database.read, database.write)]
    assert anyio.run(bring) == 204
    assert open_ == [0, 0]


def test_when_the_database_refuses_nothing_is_told_and_nothing_lost(
    tus: Tus, database: Database
) -> None:
    """The bytes are there, and no row knows them: an orphan. The client goes on from its offset."""
    url, commits = tus.begun(10), []

    def fail(_: Session) -> None:
        commits.append(1)
        if len(commits) == 2:  # the first one took the turn
            raise RuntimeError

    event.listen(database.write, "before_commit", fail)
    try:
        with pytest.raises(RuntimeError):
            tus.bring(url, 0, b"12345")
    finally:
        event.remove(database.write, "before_commit", fail)
    assert (tus.offset(url), len(stored())) == (0, 1)
    assert tus.bring(url, 0, b"12345").status_code == 204


def test_a_server_that_stops_keeps_what_came(tus: Tus) -> None:
    url = tus.begun(len(CONTENT))

    async def serve() -> None:
        began = anyio.Event()

        async def bodies() -> AsyncIterator[bytes]:
            yield CONTENT[:MIB]
            yield CONTENT[MIB : MIB + 5]
            began.set()

        async def bring() -> None:
            await ask(tus.client, "PATCH", url, bodies(), silence, Upload_Offset="0", **BYTES)

        task = asyncio.ensure_future(bring())
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    anyio.run(serve)
    assert tus.offset(url) == MIB + 5

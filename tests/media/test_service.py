"""Receiving and delivering; ranges and signed addresses."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from app.accounts.authentication import Caller
from app.core.db import Database
from app.core.problems import NotFound, RangeNotSatisfiable
from app.media import service, urls
from app.media.models import Media, Reason, Rendition, Status
from app.media.ranges import choose
from app.media.transcode import size_of
from app.storage.service import storage
from tests.jobs.desk import Desk
from tests.make import Make
from tests.media.conftest import Deposit

Look = Callable[[Media], tuple[Media, dict[str, Rendition]]]


def test_it_is_received_and_its_job_asked_for(
    deposit: Deposit, desk: Desk, look: Look, small_video: Path, caller: Caller
) -> None:
    media, files = look(deposit(small_video))
    assert (media.status, media.kind, media.content_type) == (Status.RECEIVED, None, None)
    assert (media.owner_organization_id, media.created_by_id) == (
        caller.organization_id,
        caller.id,
    )
    assert media.size == small_video.stat().st_size
    assert desk.job("media.process").facts == {"media_id": str(media.id)}
    assert desk.job("media.process").queue == "media"
    assert files["original"].sha256 == media.sha256


def test_only_its_organization_finds_it(
    deposit: Deposit, database: Database, small_video: Path, make: Make, caller: Caller
) -> None:
    media, other = deposit(small_video), make.account()
    stranger = Caller(other.id, other.organization_id, other.role, frozenset(), other.id)
    with database.read() as db:
        assert service.find(db, media.id, by=caller).id == media.id
        for who, what in ((stranger, media.id), (caller, uuid4())):
            with pytest.raises(NotFound):
                service.find(db, what, by=who)


def test_every_key_is_known(deposit: Deposit, database: Database, small_video: Path) -> None:
    deposit(small_video)
    deposit(small_video, parts=3)
    with database.read() as db:
        known = set(service.known_keys(db))
    assert known == {found.key for found in storage().objects()}
    assert len(known) == 4


@pytest.mark.parametrize(
    "wrong", [{"status": Status.REJECTED}, {"reason": Reason.CORRUPT}, {"status": Status.READY}]
)
def test_its_state_agrees_with_what_is_known(
    deposit: Deposit, database: Database, small_video: Path, wrong: dict[str, object]
) -> None:
    with database.write() as db:
        media = db.get_one(Media, deposit(small_video).id)
        for name, value in wrong.items():
            setattr(media, name, value)
        with pytest.raises(IntegrityError):
            db.flush()


def test_a_file_is_shown_with_a_signed_address(
    deposit: Deposit, look: Look, small_video: Path
) -> None:
    media, files = look(deposit(small_video))
    shown = service.show_rendition(files["original"])
    assert (shown["name"], shown["size"]) == ("original", media.size)
    signed = query(shown["url"])
    assert urls.check(media.id, "original", signed["expires"], signed["signature"])


# Ranges


def test_a_file_is_delivered_in_ranges(deposit: Deposit, look: Look, small_video: Path) -> None:
    original = look(deposit(small_video))[1]["original"]
    content = small_video.read_bytes()

    whole = service.deliver(storage(), original)
    assert (whole.range.status, b"".join(whole.chunks)) == (200, content)
    part = service.deliver(storage(), original, "bytes=10-19", whole.etag)
    assert (part.range.status, b"".join(part.chunks)) == (206, content[10:20])
    assert part.range.headers == {
        "Accept-Ranges": "bytes",
        "Content-Length": "10",
        "Content-Range": f"bytes 10-19/{len(content)}",
    }
    with pytest.raises(RangeNotSatisfiable):
        service.deliver(storage(), original, f"bytes={len(content)}-")


ETAG = '"abc"'


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, 99),
        ("bytes=90-200", 90, 99),
        ("bytes=-1", 99, 99),
        ("bytes=-200", 0, 99),
        (" Bytes = 5 - 9 ", 5, 9),
    ],
)
def test_a_range_is_understood(asked: str, first: int, last: int) -> None:
    found = choose(100, ETAG, asked)
    assert (found.status, found.headers["Content-Range"]) == (206, f"bytes {first}-{last}/100")


@pytest.mark.parametrize(
    "ignored", [None, "", "bytes", "bytes=", "bytes=-", "bytes=9-5", "bytes=0-1,3-4", "lines=0-1"]
)
def test_another_header_is_ignored(ignored: str | None) -> None:
    assert choose(100, ETAG, ignored).status == 200


@pytest.mark.parametrize("beyond", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(beyond: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        choose(100, ETAG, beyond)
    assert refused.value.headers == {"Content-Range": "bytes */100"}


def test_nothing_of_an_empty_file_can_be_asked_for() -> None:
    assert choose(0, ETAG).length == 0
    for asked in ("bytes=0-", "bytes=-5"):
        with pytest.raises(RangeNotSatisfiable):
            choose(0, ETAG, asked)


@pytest.mark.parametrize(
    ("if_range", "status"), [(ETAG, 206), ('W/"abc"', 200), ('"old"', 200), ("Sun, 1 Nov", 200)]
)
def test_a_range_of_another_version_is_the_whole(if_range: str, status: int) -> None:
    assert choose(100, ETAG, "bytes=0-1", if_range).status == status


@given(st.integers(0, 200), st.text("bytes=-0123456789, ", max_size=20))
def test_a_range_is_always_within_the_file(size: int, asked: str) -> None:
    try:
        found = choose(size, ETAG, asked)
    except RangeNotSatisfiable:
        return
    assert 0 <= found.start <= found.end <= size
    assert found.length or not size


# Signed addresses

MEDIA = uuid4()
NOON = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_a_signed_address_is_good_for_a_quarter_of_an_hour() -> None:
    address = urls.address(MEDIA, "web.mp4", NOON)
    assert address.startswith(f"/api/v1/media/{MEDIA}/renditions/web.mp4?expires=")
    for after, good in ((0, True), (900, True), (929, True), (931, False)):
        at = NOON + timedelta(seconds=after)
        assert urls.check(MEDIA, "web.mp4", **query(address), at=at) is good


def test_it_is_the_same_within_a_minute() -> None:
    same = {urls.address(MEDIA, "web.mp4", NOON.replace(second=s)) for s in range(1, 60)}
    assert len(same) == 1


def test_it_is_good_for_nothing_else() -> None:
    signed = query(urls.address(MEDIA, "web.mp4", NOON))
    assert not urls.check(MEDIA, "original", **signed, at=NOON)
    assert not urls.check(uuid4(), "web.mp4", **signed, at=NOON)
    later = {**signed, "expires": str(int(signed["expires"]) + 60)}
    assert not urls.check(MEDIA, "web.mp4", **later, at=NOON)


@given(st.text("0123456789-+² ", max_size=20), st.text("0123456789abcdefé", max_size=70))
def test_nobody_forges_one(expires: str, signature: str) -> None:
    assert not urls.check(MEDIA, "web.mp4", expires, signature, at=NOON)


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_a_video_is_shown_within_720p_in_even_sizes(width: int, height: int) -> None:
    shown = size_of(width, height)
    assert max(shown) <= 1280
    assert min(shown) <= 720
    assert all(side % 2 == 0 and side >= 2 for side in shown)

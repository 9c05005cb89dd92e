"""What tus promises, asked by hand: what is acknowledged is on disk, and nobody else sees it."""

from base64 import b64encode
from datetime import timedelta
from hashlib import sha1, sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.permissions import Role
from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.models import now
from app.core.settings import settings
from app.media.models import Media
from app.storage.service import storage
from app.uploads.models import Upload, UploadPart
from tests.conftest import ON_S3, ClientFor
from tests.jobs.desk import Desk
from tests.make import Make
from tests.uploads.conftest import BYTES, URL, Tus, described, drafts, stored, work

CONTENT = b"the first words, the next ones, and the last"


def problem(response: Any, status: int, slug: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["tus-resumable"] == "1.0.0"
    told: dict[str, Any] = response.json()
    assert told["type"] == f"/problems/{slug}"
    return told


def bytes_of(media: Media) -> bytes:
    return b"".join(b"".join(storage().read(part.key)) for part in media.pieces)


# Core


def test_what_each_piece_was_is_known_until_they_are_joined(tus: Tus, db: Session) -> None:
    media = db.get_one(Media, UUID(tus.sent(CONTENT[:10], CONTENT[10:])))
    known = [(part.size, part.sha256) for part in media.pieces]
    assert known == [(len(c), sha256(c).hexdigest()) for c in (CONTENT[:10], CONTENT[10:])]


def test_a_file_comes_in_pieces_and_becomes_a_media(tus: Tus, db: Session, desk: Desk) -> None:
    url = tus.begun(len(CONTENT), filename="../été.mp4", filetype="video/mp4")
    first = tus.bring(url, 0, CONTENT[:10])
    assert (first.status_code, first.content) == (204, b"")
    assert first.headers["upload-offset"] == "10"
    assert first.headers["tus-resumable"] == "1.0.0"
    assert "media-id" not in first.headers
    assert tus.offset(url) == 10

    last = tus.bring(url, 10, CONTENT[10:])
    media = db.get_one(Media, UUID(last.headers["media-id"]))
    assert (media.filename, media.size, media.sha256) == ("été.mp4", len(CONTENT), None)
    assert bytes_of(media) == CONTENT
    assert desk.job("media.process").facts == {"media_id": str(media.id)}
    finished = tus.head(url)
    assert finished.headers["media-id"] == str(media.id)
    assert finished.headers["upload-offset"] == finished.headers["upload-length"] == "44"
    actions = db.scalars(select(AuditEvent.action).order_by(AuditEvent.created_at)).all()
    assert actions == ["upload.begun", "media.received"]


def test_a_file_that_comes_in_one_piece_needs_no_joining(tus: Tus, db: Session) -> None:
    media = db.get_one(Media, UUID(tus.sent(CONTENT)))
    assert (media.parts, media.sha256) == ([], sha256(CONTENT).hexdigest())
    assert len(stored()) == 1


def test_every_piece_is_one_object_of_a_key_that_nobody_guesses(tus: Tus) -> None:
    url = tus.begun(len(CONTENT))
    tus.bring(url, 0, CONTENT[:10])
    tus.bring(url, 10, CONTENT[10:20])
    id_ = url.rpartition("/")[2]
    assert [key.rpartition("-")[0] for key in stored()] == [f"uploads/{id_}/0", f"uploads/{id_}/10"]
    assert len({key.rpartition("-")[2] for key in stored()}) == 2


def test_what_is_known_of_an_upload_is_never_cached(tus: Tus) -> None:
    url = tus.begun(5, filename="a.mp4", filetype="video/mp4")
    response = tus.head(url)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["upload-length"] == "5"
    assert response.headers["upload-metadata"] == "filename YS5tcDQ=,filetype dmlkZW8vbXA0"
    assert response.headers["upload-expires"].endswith(" GMT")


def test_whoever_asks_what_is_offered_need_not_say_who_they_are(as_anonymous: TestClient) -> None:
    for url in (URL, f"{URL}/{uuid4()}"):
        response = as_anonymous.options(url)
        assert response.status_code == 204
        assert {
            name: value for name, value in response.headers.items() if name.startswith("tus-")
        } == {
            "tus-resumable": "1.0.0",
            "tus-version": "1.0.0",
            "tus-extension": "creation,creation-with-upload,checksum,expiration,termination",
            "tus-checksum-algorithm": "sha256,sha1",
            "tus-max-size": str(2 * 1024**3),
        }


@pytest.mark.parametrize("version", ["", "0.2.2", "1.0.0, 1.0.0", "2.0.0"])
def test_another_version_is_not_spoken(tus: Tus, version: str) -> None:
    url = tus.begun(5)
    for method, address in (("POST", URL), ("PATCH", url), ("HEAD", url), ("DELETE", url)):
        response = tus.send(
            method, address, Tus_Resumable=version, Upload_Length="5", Upload_Offset="0", **BYTES
        )
        assert response.status_code == 412, method
        assert response.headers["tus-version"] == "1.0.0"
    assert tus.offset(url) == 0


def test_bytes_that_are_not_the_next_ones_are_refused(tus: Tus) -> None:
    url = tus.begun(len(CONTENT))
    tus.bring(url, 0, CONTENT[:10])
    for offset in (0, 9, 11, 44, 10**14):
        assert problem(tus.bring(url, offset, b"x"), 409, "offset-conflict")["offset"] == 10
    assert (tus.offset(url), len(stored())) == (10, 1)


def test_more_bytes_than_were_announced_are_refused(tus: Tus) -> None:
    url = tus.begun(5)
    assert problem(tus.bring(url, 0, b"123456"), 413, "content-too-large")["max"] == 5
    endless = (b"123" for _ in range(3))
    assert problem(tus.bring(url, 0, endless), 413, "content-too-large")["max"] == 5
    assert (tus.offset(url), stored()) == (0, [])


def test_nothing_more_is_nothing_done(tus: Tus) -> None:
    url = tus.begun(5)
    assert tus.bring(url, 0, b"").headers["upload-offset"] == "0"
    assert (tus.offset(url), stored()) == (0, [])


def test_only_bytes_are_taken(tus: Tus) -> None:
    url = tus.begun(5)
    for kind in ("", "application/json", "application/octet-stream"):
        response = tus.bring(url, 0, b"12345", Content_Type=kind)
        problem(response, 415, "unsupported-media-type")
    response = tus.send("POST", URL, b"12345", Upload_Length="5", Content_Type="text/plain")
    problem(response, 415, "unsupported-media-type")


@pytest.mark.parametrize("offset", ["", "-1", "+1", "1.0", "٣", "0x0", "00", "1e1", "9" * 16])
def test_an_offset_is_digits(tus: Tus, offset: str) -> None:
    url = tus.begun(5)
    response = tus.bring(url, 0, b"1", Upload_Offset=offset.encode())
    (error,) = problem(response, 422, "invalid")["errors"]
    assert (error["pointer"], error["code"]) == ("#/Upload-Offset", "digits")


def test_where_no_patch_passes_a_post_says_what_it_means(tus: Tus) -> None:
    url = tus.begun(5)
    meant = {"X_HTTP_Method_Override": "PATCH", "Upload_Offset": "0", **BYTES}
    assert tus.send("POST", url, b"123", **meant).headers["upload-offset"] == "3"
    problem(tus.send("POST", url, X_HTTP_Method_Override="PUT"), 405, "method-not-allowed")
    assert tus.send("POST", url, X_HTTP_Method_Override="DELETE").status_code == 204
    assert tus.head(url).status_code == 404


# Creation


@pytest.mark.parametrize(
    "length",
    ["", "-5", "+5", "5.0", "0x5", "05", "5,5", "1_000", "٥", "5 5", "NaN", "9" * 16],
)
def test_a_length_is_digits_and_nothing_else(tus: Tus, db: Session, length: str) -> None:
    response = tus.send("POST", URL, Upload_Length=length.encode())
    (error,) = problem(response, 422, "invalid")["errors"]
    assert (error["pointer"], error["code"]) == ("#/Upload-Length", "digits")
    assert db.scalar(select(func.count()).select_from(Upload)) == 0


def test_an_empty_file_is_no_file(tus: Tus) -> None:
    (error,) = problem(tus.begin(0), 422, "invalid")["errors"]
    assert error["code"] == "empty_file"


@pytest.mark.parametrize("name", ["Upload-Defer-Length", "Upload-Concat"])
def test_what_is_not_offered_is_refused(tus: Tus, name: str) -> None:
    (error,) = problem(tus.send("POST", URL, Upload_Length="5", **{name: "1"}), 422, "invalid")[
        "errors"
    ]
    assert (error["pointer"], error["code"]) == (f"#/{name}", "not_offered")


@pytest.mark.parametrize(
    ("filetype", "setting"),
    [("video/mp4", "video_max"), ("audio/mpeg", "audio_max"), ("image/png", "image_max")],
)
def test_each_kind_of_file_has_its_limit(
    tus: Tus, monkeypatch: pytest.MonkeyPatch, filetype: str, setting: str
) -> None:
    monkeypatch.setattr(settings(), setting, 100)
    said = described(filetype=filetype)
    assert tus.begin(100, **said).status_code == 201
    assert problem(tus.begin(101, **said), 413, "content-too-large")["max"] == 100


@pytest.mark.parametrize(
    "metadata",
    [
        "filename a",
        "filename YQ",  # without its padding
        "filename YR==",  # bits that are not there
        "filename YQ==,filename YQ==",
        "Filename YQ==",
        "title YQ==",
        "filename YQ== YQ==",
        "filename /w==",  # no UTF-8
        "filetype dmlkZW8=",  # no type
        "filename YQ==,,filetype dmlkZW8vbXA0",
        "filename YQ==,",
        "é YQ==",
        "filename " + "YWFh" * 1000,
    ],
)
def test_metadata_is_read_strictly(tus: Tus, metadata: str) -> None:
    response = tus.begin(5, Upload_Metadata=metadata.encode())
    (error,) = problem(response, 422, "invalid")["errors"]
    assert error["pointer"].startswith("#/Upload-Metadata")
    assert error["code"] == "metadata"


def test_a_name_may_be_empty_and_so_may_a_type(tus: Tus, db: Session) -> None:
    response = tus.begin(5, b"12345", Upload_Metadata="filename,filetype ")
    assert response.status_code == 201, response.text
    assert db.get_one(Media, UUID(response.headers["media-id"])).filename == "file"


def test_the_workshop_is_one_that_its_sender_sees(
    tus: Tus, make: Make, animator: Account, db: Session
) -> None:
    ours = make.workshop(
        organization=animator.organization, closed_at=now(), closed_by_id=animator.id
    )
    tus.begun(5, workshop_id=str(ours.id))
    facts = db.scalars(select(AuditEvent.facts)).one()
    assert facts == {"size": 5, "workshop_id": str(ours.id)}
    for other in (str(make.workshop().id), str(uuid4()), "x", "", ours.id.hex):
        response = tus.begin(5, **described(workshop_id=other))
        (error,) = problem(response, 422, "invalid")["errors"]
        assert (error["pointer"], error["code"]) == (
            "#/Upload-Metadata/workshop_id",
            "unknown_id",
        )


def test_the_first_bytes_may_come_along(tus: Tus, db: Session) -> None:
    response = tus.begin(len(CONTENT), CONTENT[:10])
    assert (response.status_code, response.headers["upload-offset"]) == (201, "10")
    assert tus.offset(response.headers["location"]) == 10
    whole = tus.begin(len(CONTENT), CONTENT)
    assert bytes_of(db.get_one(Media, UUID(whole.headers["media-id"]))) == b""
    assert whole.headers["upload-offset"] == "44"


def test_first_bytes_that_are_refused_leave_nothing(tus: Tus, desk: Desk, db: Session) -> None:
    wrong = f"sha1 {b64encode(sha1(b'x').digest()).decode()}"
    problem(tus.begin(5, b"12345", Upload_Checksum=wrong), 460, "checksum-mismatch")
    problem(tus.begin(5, b"123456"), 413, "content-too-large")
    assert db.scalar(select(func.count()).select_from(Upload)) == 0
    assert stored() == []


# Checksums


@pytest.mark.parametrize("algorithm", [sha256, sha1])
def test_bytes_are_compared_with_what_is_said_of_them(tus: Tus, algorithm: Any) -> None:
    url, name = tus.begun(10), algorithm().name
    right = f"{name} {b64encode(algorithm(b'12345').digest()).decode()}"
    told = problem(tus.bring(url, 0, b"12346", Upload_Checksum=right), 460, "checksum-mismatch")
    assert told["status"] == 460
    assert (tus.offset(url), stored()) == (0, [])
    assert tus.bring(url, 0, b"12345", Upload_Checksum=right).status_code == 204
    assert tus.offset(url) == 5


@pytest.mark.parametrize(
    "checksum", ["md5 rL0Y20zC+Fzt72VPzMSk2A==", "sha1", "sha1 x", "sha256 YQ==", "sha1  YQ=="]
)
def test_a_checksum_that_cannot_be_read_is_refused(tus: Tus, checksum: str) -> None:
    url = tus.begun(5)
    problem(tus.bring(url, 0, b"12345", Upload_Checksum=checksum), 400, "bad-request")
    assert tus.offset(url) == 0


# Whose it is


def test_an_upload_is_its_creators_and_nobody_elses(
    tus: Tus, client_for: ClientFor, make: Make, animator: Account
) -> None:
    url = tus.begun(5)
    colleague = make.account(organization=animator.organization)
    custodian = make.account(role=Role.CUSTODIAN)
    for account in (colleague, make.account(), custodian, make.account(role=Role.EDITOR)):
        other = Tus(client_for(account))
        for method in ("HEAD", "PATCH", "DELETE"):
            theirs, nobodys = (
                other.send(method, address, b"12345", Upload_Offset="0", **BYTES)
                for address in (url, f"{URL}/{uuid4()}")
            )
            assert theirs.status_code == nobodys.status_code == 404
            assert same(theirs) == same(nobodys)
    assert tus.offset(url) == 0


def same(response: Any) -> Any:
    """An answer, but for what tells one request from another."""
    told = response.json() if response.content else {}
    return {**told, "request_id": 0}, {**response.headers, "x-request-id": ""}


def test_who_writes_no_testimonies_sends_no_files(
    as_editor: TestClient, as_evaluator: TestClient, as_administrator: TestClient
) -> None:
    for client in (as_editor, as_evaluator, as_administrator):
        problem(Tus(client).begin(5), 403, "forbidden")


def test_what_is_no_id_is_not_there(tus: Tus) -> None:
    assert tus.head(f"{URL}/nothing").status_code == 404


# Quotas


def test_an_account_has_a_bounded_number_of_unfinished_uploads(
    tus: Tus, client_for: ClientFor, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "uploads_open_max", 2)
    url = tus.begun(5)
    tus.begun(5)
    refused = tus.begin(5)
    assert problem(refused, 429, "quota-exceeded")["max"] == 2
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert Tus(client_for(make.account())).begin(5).status_code == 201
    tus.bring(url, 0, b"12345")  # finished, it counts no more
    assert tus.begin(5).status_code == 201
    assert tus.begin(5).status_code == 429


@pytest.mark.skipif(ON_S3, reason="A bucket tells no limit.")
def test_a_full_disk_takes_nothing(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    url = tus.begun(5)
    monkeypatch.setattr(settings(), "disk_reserve", 2**62)
    problem(tus.begin(5), 507, "insufficient-storage")
    problem(tus.bring(url, 0, b"12345"), 507, "insufficient-storage")
    assert stored() == []


def test_a_file_of_too_many_pieces_is_begun_again(
    tus: Tus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.uploads.service.MOST_PIECES", 2)
    url = tus.begun(5)
    tus.bring(url, 0, b"1")
    tus.bring(url, 1, b"2")
    problem(tus.bring(url, 2, b"345"), 409, "too-many-pieces")


# The end


def test_what_is_given_up_is_deleted(tus: Tus, desk: Desk, db: Session) -> None:
    url = tus.begun(10)
    tus.bring(url, 0, b"12345")
    assert tus.send("DELETE", url).status_code == 204
    assert tus.head(url).status_code == 404
    assert tus.send("DELETE", url).status_code == 404
    work(desk)
    assert stored() == []
    events = db.scalars(select(AuditEvent.action).order_by(AuditEvent.created_at)).all()
    assert events == ["upload.begun", "upload.given_up"]


def test_a_media_stays_when_its_upload_is_given_up(tus: Tus, db: Session, desk: Desk) -> None:
    response = tus.begin(5, b"12345")
    assert tus.send("DELETE", response.headers["location"]).status_code == 204
    assert db.get_one(Media, UUID(response.headers["media-id"])).erased_at is None
    assert len(stored()) == 1


@pytest.mark.parametrize(("role", "days"), [(Role.ANIMATOR, 7), (Role.INTEGRATION, 1)])
def test_an_upload_expires(
    client_for: ClientFor, make: Make, db: Session, role: Role, days: int
) -> None:
    Tus(client_for(make.account(role=role))).begun(5)
    left = db.scalars(select(Upload.expires_at)).one() - now()
    assert abs(left - timedelta(days=days)) < timedelta(minutes=1)


def test_what_has_expired_is_gone_and_deleted_by_a_job(
    tus: Tus, database: Database, desk: Desk
) -> None:
    old, young = tus.begun(10), tus.begun(10)
    for url in (old, young):
        tus.bring(url, 0, b"12345")
    media_id = tus.sent(b"another")
    with database.write.begin() as db:
        whole = Upload.media_id.is_not(None) | (Upload.id == UUID(old.rpartition("/")[2]))
        db.execute(update(Upload).where(whole).values(expires_at=now()))
    assert tus.head(old).status_code == 404
    assert tus.bring(old, 5, b"67890").status_code == 404

    work(desk, "uploads.expire")
    with database.read() as db:
        assert db.scalars(select(Upload.id)).all() == [UUID(young.rpartition("/")[2])]
        assert db.get_one(Media, UUID(media_id)).erased_at is None
        assert len(db.scalars(select(UploadPart.id)).all()) == 1
    assert tus.offset(young) == 5
    assert len(stored()) == 2


def test_nothing_is_left_half_written() -> None:
    assert drafts() == []

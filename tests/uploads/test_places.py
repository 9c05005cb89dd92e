"""Where uploads meet the rest: other origins, verification, backups, limits of other bodies."""

from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.core.db import Database
from app.core.edge import Edge
from app.core.settings import Settings, settings
from app.main import create_app
from app.operations.backup import back_up
from app.operations.verification import verify
from app.storage.service import Storage, storage
from tests.uploads.conftest import URL, Tus, stored

FRONT = "https://front.example.org"
ASKED = "authorization,tus-resumable,upload-length,upload-metadata"
NOW = timedelta(0)  # what is younger may be on its way
SENT = "authorization,content-type,tus-resumable,upload-checksum,upload-offset"


@pytest.mark.parametrize(
    ("method", "headers"),
    [("POST", ASKED), ("PATCH", SENT), ("HEAD", "authorization,tus-resumable"), ("DELETE", SENT)],
)
def test_a_front_end_of_a_known_origin_may_send_files(
    database: Database, tus: Tus, method: str, headers: str
) -> None:
    app = create_app(database, Settings(cors_origins=[FRONT]))
    client = TestClient(Edge(app, app.state.settings))
    asked = {
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    for origin, allowed in ((FRONT, True), ("https://evil.example.org", False)):
        preflight = client.options(URL, headers={"Origin": origin, **asked})
        assert (preflight.status_code == 200) is allowed
        told = preflight.headers
        assert (told.get("access-control-allow-origin") == FRONT) is allowed
        if allowed:
            assert method in told["access-control-allow-methods"]
            permitted = set(told["access-control-allow-headers"].replace(" ", "").split(","))
            assert set(headers.split(",")) <= permitted


def test_it_may_read_what_it_needs(database: Database, tus: Tus) -> None:
    app = create_app(database, Settings(cors_origins=[FRONT]))
    client = TestClient(Edge(app, app.state.settings), headers=dict(tus.client.headers))
    headers = {"Origin": FRONT, "Tus-Resumable": "1.0.0", "Upload-Length": "5"}
    response = client.post(URL, headers=headers)
    assert response.status_code == 201
    exposed = set(response.headers["access-control-expose-headers"].split(", "))
    assert exposed >= {
        *("Upload-Offset", "Upload-Length", "Tus-Resumable", "Media-Id"),
        *("Upload-Expires", "Location"),
    }


def test_only_where_bytes_are_taken_may_a_body_be_large(tus: Tus) -> None:
    large = bytes(settings().json_body_max + 1)
    url = tus.begun(len(large))
    assert tus.send("DELETE", url, large).status_code in (204, 413)
    url = tus.begun(len(large))
    assert tus.bring(url, 0, large).status_code == 204
    assert tus.begin(len(large) + 1, large).status_code == 201
    headers = {"Content-Type": "application/json"}
    response = tus.client.post("/api/v1/workshops", content=large, headers=headers)
    assert response.status_code == 413


@pytest.fixture
def left(tus: Tus) -> list[str]:
    """An unfinished upload, one that waits to be joined, one that came whole, and an orphan."""
    url = tus.begun(10)
    tus.bring(url, 0, b"12345")
    tus.sent(b"abc", b"def")
    tus.sent(b"in one piece")
    known = stored()
    orphan = storage().write(f"{'/'.join(known[0].split('/')[:2])}/0-0", [b"left by a kill"]).key
    return [*known, orphan]


def test_pieces_are_no_orphans(tus: Tus, database: Database, left: list[str]) -> None:
    *known, orphan = left
    report = verify(database, storage(), older_than=NOW)
    assert report.ok
    assert (report.in_place, report.orphans, report.of_nobody) == (4, 1, 0)
    assert report.examples == [f"orphelin {orphan}"]
    assert verify(database, storage(), repair=True, older_than=NOW).deleted == 1
    assert stored() == known


def test_a_missing_piece_is_missed(tus: Tus, database: Database, left: list[str]) -> None:
    for key in left[:-1]:
        storage().delete(key)
    report = verify(database, storage(), older_than=NOW)
    assert (report.ok, report.missing) == (False, 4)


def test_a_backup_holds_them_too(
    tus: Tus, database: Database, left: list[str], tmp_path: Path
) -> None:
    target = Storage((tmp_path / "backup").as_uri())
    manifest = back_up(database, storage(), target, lambda _: None)
    assert (manifest.objects, manifest.missing) == (4, 0)
    kept = {found.key.removeprefix("objects/") for found in target.objects("objects")}
    assert kept == set(left[:-1])

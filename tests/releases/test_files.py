"""What the files of a release promise: to be there soon, whole, and only while all may be shown."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.core.db import Database
from app.core.models import now
from app.documents.edition import Document, Edition
from app.documents.forms import FORMS
from app.jobs.models import Job
from app.jobs.service import Stopping, enqueue
from app.lineage.models import Derivation
from app.operations.verification import verify
from app.releases.files import ask_anew
from app.releases.models import FileStatus, Release, ReleaseFile
from app.storage.service import storage
from app.testimonies.models import Testimony
from app.witnesses.decision import Cell, Medium, Purpose
from tests.bundles.conftest import URL
from tests.jobs.desk import Desk
from tests.make import Make
from tests.withdrawals.conftest import world
from tests.withdrawals.world import CANARY, NOISE, World

__all__ = ["world"]

API = "/api/v1"
NOTE = Cell(Medium.ANONYMOUS_TEXT, "elected_officials", "note", Purpose.EVALUATION)
NOTHING_YOUNG = timedelta(0)
Note = dict[str, Any]
Work = Callable[[], None]


@pytest.fixture
def work(database: Database) -> Work:
    """Do all the jobs that wait, as a worker would."""
    return Desk(database).work_all


@pytest.fixture
def publish(
    make: Make, as_editor: TestClient, payload_of: Callable[..., dict[str, Any]]
) -> Callable[[], Note]:
    """Publish a note of one passage for elected officials; again, the same one."""
    workshop = make.workshop()
    witness = make.witness(workshop=workshop, role="tutor")
    make.consent(witness, NOTE)
    excerpt = make.excerpt(make.testimony(workshop=workshop, witnesses=[witness]))
    asked = payload_of({"excerpt_id": str(excerpt.id)}, form="note")
    bundle = as_editor.post(URL, json=asked).json()
    assert as_editor.put(f"{URL}/{bundle['id']}/readiness").status_code == 204

    def publish() -> Note:
        answer = as_editor.post(f"{URL}/{bundle['id']}/releases")
        assert answer.status_code in {200, 201}, answer.text
        found: Note = answer.json()
        return found

    return publish


@pytest.fixture
def note(publish: Callable[[], Note]) -> Note:
    return publish()


def offer(monkeypatch: pytest.MonkeyPatch, form: str, make: Callable[[Edition], Path]) -> None:
    """One more document of this form, beside its own."""
    more = Document("more.txt", "text/plain", make)
    monkeypatch.setitem(FORMS, form, (*FORMS.get(form, ()), more))


def files_of(client: TestClient, release: Note) -> dict[str, dict[str, Any]]:
    told = client.get(f"{API}/releases/{release['id']}").json()["files"]
    return {file["name"]: file for file in told}


def test_they_are_told_at_once_and_asked_for_too_early(as_editor: TestClient, note: Note) -> None:
    told = {file["name"]: file for file in note["files"]}
    assert list(told) == ["page.html", "bundle.zip", "note.pdf"]
    assert told["page.html"]["status"] == "ready"
    for name in ("bundle.zip", "note.pdf"):
        file = told[name]
        assert (file["status"], file["url"], file["size"]) == ("pending", None, None)
        early = as_editor.get(f"{API}/releases/{note['id']}/files/{name}")
        assert early.status_code == 409
        assert early.json()["type"] == "/problems/file-not-ready"
        assert early.headers["Retry-After"] == "5"
    assert as_editor.get(f"{API}/releases/{note['id']}/files/film.mp4").status_code == 404


def test_they_are_made_and_served_as_files(as_editor: TestClient, note: Note, work: Work) -> None:
    work()
    told = files_of(as_editor, note)
    for name, kind in (("note.pdf", "application/pdf"), ("bundle.zip", "application/zip")):
        file = told[name]
        assert (file["status"], file["progress"]) == ("ready", None)
        whole = as_editor.get(file["url"])
        assert whole.headers["content-type"] == kind
        assert whole.headers["content-disposition"] == f'attachment; filename="{name}"'
        assert len(whole.content) == file["size"]
        part = as_editor.get(file["url"], headers={"Range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, whole.content[:4])
        known = {"If-None-Match": whole.headers["ETag"]}
        assert as_editor.get(file["url"], headers=known).status_code == 304
    with ZipFile(BytesIO(as_editor.get(told["bundle.zip"]["url"]).content)) as found:
        assert found.read("note.pdf") == as_editor.get(told["note.pdf"]["url"]).content
        page = found.read("page.html").decode()
        manifest = json.loads(found.read("manifest.json"))
    assert [file["name"] for file in manifest["files"]] == ["LISEZMOI.txt", "page.html", "note.pdf"]
    assert manifest["release"]["sha256"] == note["sha256"]
    assert 'href="note.pdf"' in page
    for address in ("/api/", "/assets/", "/dossiers/", "http:", "https:", "testserver"):
        assert address not in page


def test_the_same_snapshot_gives_the_same_bytes(
    as_editor: TestClient, make: Make, note: Note, work: Work
) -> None:
    """All is made twice by the job: each file is the same, and so is each in the archive."""
    made = []
    for _ in range(2):
        work()
        told = files_of(as_editor, note)
        whole = as_editor.get(told["bundle.zip"]["url"]).content
        with ZipFile(BytesIO(whole)) as found:
            made.append({name: found.read(name) for name in found.namelist()} | {"": whole})
        with make.sessions.begin() as writing:
            ask_anew(writing, writing.get_one(Release, UUID(note["id"])))
    first, again = made
    assert set(first) == {"", "manifest.json", "LISEZMOI.txt", "page.html", "note.pdf"}
    assert [name for name in first if first[name] != again[name]] == []


def test_one_that_fails_is_told_and_the_others_still_come(
    as_editor: TestClient,
    db: Session,
    publish: Callable[[], Note],
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    breaks = [True]

    def more(edition: Edition) -> Path:
        path = edition.folder / "more.txt"
        path.write_text(edition.content["title"] if not breaks else str(1 // 0))
        return path

    offer(monkeypatch, "note", more)
    note = publish()
    work()
    told = files_of(as_editor, note)
    states = {name: file["status"] for name, file in told.items()}
    assert states.pop("more.txt") == "failed"
    assert set(states.values()) == {"ready"}
    refused = as_editor.get(f"{API}/releases/{note['id']}/files/more.txt")
    assert refused.json()["type"] == "/problems/wrong-state"
    [event] = db.scalars(select(AuditEvent).where(AuditEvent.action == "release.file_failed"))
    assert event.facts == {"name": "more.txt", "error": "ZeroDivisionError"}

    breaks.clear()
    again = {file["name"]: file["status"] for file in publish()["files"]}
    assert again == dict.fromkeys(again, "ready") | {"more.txt": "pending", "bundle.zip": "pending"}
    work()
    told = files_of(as_editor, note)
    assert {file["status"] for file in told.values()} == {"ready"}
    with ZipFile(BytesIO(as_editor.get(told["bundle.zip"]["url"]).content)) as found:
        assert found.read("more.txt").decode() == "Ce que disent les tuteurs"


def test_a_second_run_finds_what_one_that_died_has_stored(
    as_editor: TestClient,
    db: Session,
    database: Database,
    publish: Callable[[], Note],
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[Path] = []

    def more(edition: Edition) -> Path:
        tries.append(edition.folder)
        if len(tries) == 1:
            raise Stopping
        path = edition.folder / "more.txt"
        path.write_bytes(b"made")
        return path

    offer(monkeypatch, "note", more)
    note = publish()
    files = select(ReleaseFile).where(ReleaseFile.release_id == UUID(note["id"]))
    [pdf] = db.scalars(files.where(ReleaseFile.name == "note.pdf"))
    storage().write(pdf.key, [b"stored by a run that was killed before its commit"])
    work()
    assert len(tries) == 2
    assert not any(folder.exists() for folder in tries)
    told = files_of(as_editor, note)
    assert {file["status"] for file in told.values()} == {"ready"}
    assert as_editor.get(told["note.pdf"]["url"]).content.startswith(b"stored by a run")
    assert verify(database, storage(), older_than=NOTHING_YOUNG).orphans == 0


def test_it_is_remembered_of_what_they_are_made(db: Session, note: Note) -> None:
    rows = select(Derivation.output).where(Derivation.input_id == UUID(note["id"]))
    assert list(db.scalars(rows)) == ["release_files", "release_files"]


def test_while_something_may_not_be_shown_nothing_is_kept(
    as_editor: TestClient, db: Session, database: Database, note: Note, work: Work, make: Make
) -> None:
    with make.sessions.begin() as writing:
        later = now() + timedelta(days=1)
        writing.execute(update(Testimony).values(embargo_until=later))
    work()
    assert {f["status"] for f in files_of(as_editor, note).values()} == {"ready", "pending"}
    assert not list(storage().objects(f"releases/{UUID(note['id']).hex}"))
    with make.sessions.begin() as writing:
        writing.execute(update(Testimony).values(embargo_until=None))
    with database.write.begin() as writing:
        enqueue(writing, "releases.resume")
    work()
    assert {f["status"] for f in files_of(as_editor, note).values()} == {"ready"}


def test_the_archive_carries_the_recordings_and_what_is_said_in_them(world: World) -> None:
    world.work()
    told = {file["name"]: file for file in world.shared().json()["files"]}
    answer = world.anybody.get(told["bundle.zip"]["url"])
    with ZipFile(BytesIO(answer.content)) as found:
        names = found.namelist()
        assert names[:3] == ["manifest.json", "LISEZMOI.txt", "page.html"]
        assert names[3:] == [f"enregistrements/01.{end}" for end in ("mp4", "jpg", "vtt")]
        assert (
            found.read("enregistrements/01.mp4").decode() == f"film of {CANARY} clip-1000-2000.mp4"
        )
        assert CANARY in found.read("enregistrements/01.vtt").decode()
        page = found.read("page.html").decode()
        for file in json.loads(found.read("manifest.json"))["files"]:
            assert sha256(found.read(file["name"])).hexdigest() == file["sha256"]
    assert 'src="enregistrements/01.mp4"' in page
    for secret in (world.token, str(world.testimony.id), "signature=", "/api/"):
        assert secret not in page


def test_a_recording_closes_with_the_link_it_was_given_by(
    world: World, as_editor: TestClient
) -> None:
    world.work()
    items = [item for part in world.shared().json()["sections"] for item in part["items"]]
    [media] = [item["media"] for item in items if item["media"]]
    addresses = [media[name] for name in ("url", "poster_url", "captions_url")]
    some = {"Range": "bytes=0-3"}
    assert {world.anybody.get(one).status_code for one in addresses} == {200}
    assert world.anybody.get(media["url"], headers=some).status_code == 206
    as_editor.delete(f"{API}/deliveries/{world.delivery_id}")
    closed = [world.anybody.get(one, headers=how) for one in addresses for how in ({}, some)]
    assert {answer.status_code for answer in closed} == {410}
    assert not [answer for answer in closed if CANARY in answer.text]


def test_a_withdrawal_destroys_them_and_the_successor_has_its_own(
    world: World, database: Database
) -> None:
    world.work()
    here = f"{API}/releases/{world.release_id}/files/bundle.zip"
    assert CANARY.encode() in world.editor.get(here).content
    world.take_back()
    assert world.editor.get(here).status_code == 410
    world.work()
    assert world.editor.get(here).status_code == 410
    newest = world.releases()[0]
    told = files_of(world.editor, newest)
    assert told["bundle.zip"]["status"] == "ready"
    whole = world.editor.get(told["bundle.zip"]["url"]).content
    assert CANARY.encode() not in whole
    assert NOISE.encode() in whole
    assert not list(storage().objects(f"releases/{UUID(world.release_id).hex}"))
    assert verify(database, storage(), older_than=NOTHING_YOUNG).orphans == 0


def test_words_taken_back_while_a_file_is_made_are_in_no_file(
    world: World, db: Session, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def more(edition: Edition) -> Path:
        path = edition.folder / "more.txt"
        path.write_text(json.dumps(edition.content))
        if not made:
            world.take_back()
        made.append(path)
        return path

    offer(monkeypatch, "web_page", more)
    with world.make.sessions.begin() as writing:
        about = {"name": "more.txt", "content_type": "text/plain", "key": "releases/aa/bb"}
        release_id = UUID(world.release_id)
        writing.add(ReleaseFile(release_id=release_id, **about))
    world.work()
    assert [path for path in made if path.exists()] == []
    assert not list(storage().objects("releases/aa"))
    assert not list(storage().objects(f"releases/{release_id.hex}"))
    kept = db.scalars(select(ReleaseFile).where(ReleaseFile.status == FileStatus.READY))
    assert {file.release_id for file in kept} == {UUID(world.releases()[0]["id"])}
    assert not db.scalars(select(Job).where(Job.done_at.is_(None))).all()


def test_the_page_behind_a_link_leads_to_files_that_open(
    as_editor: TestClient, as_anonymous: TestClient, note: Note, work: Work
) -> None:
    asked = {"recipient": "Madame l'Élue (démo)"}
    answer = as_editor.post(f"{API}/releases/{note['id']}/deliveries", json=asked)
    shared = f"{API}/shared/" + answer.json()["url"].rpartition("/r/")[2]
    work()
    page = as_anonymous.get(f"{shared}/files/page.html").text
    links = re.findall(r'<a href="(/[^"#]+)" download', page)
    assert links == [f"{shared}/files/note.pdf", f"{shared}/files/bundle.zip"]
    assert {as_anonymous.get(link).status_code for link in links} == {200}


def test_so_does_that_of_a_film(world: World) -> None:
    movie, captions = f"films/{uuid4().hex}", f"films/{uuid4().hex}"
    release_id, shared = UUID(world.release_id), f"{API}/shared/{world.token}"
    with world.make.sessions.begin() as writing:
        release = writing.get_one(Release, release_id)
        release.content = release.content | {"form": "film"}
        for name, key in (("film.mp4", movie), ("film.vtt", captions)):
            stored = storage().write(key, [name.encode()])
            made = {"status": FileStatus.READY, "size": stored.size, "sha256": stored.sha256}
            about = {"name": name, "key": key, "content_type": "video/mp4"} | made
            writing.add(ReleaseFile(release_id=release_id, **about))
    page = world.anybody.get(f"{shared}/files/page.html").text
    for name in ("film.mp4", "film.vtt"):
        assert f'src="{shared}/files/{name}"' in page
        assert world.anybody.get(f"{shared}/files/{name}").content == name.encode()


def test_recipients_are_told_how_far_they_are(world: World) -> None:
    told = {file["name"]: file for file in world.shared().json()["files"]}
    assert (told["bundle.zip"]["status"], told["bundle.zip"]["url"]) == ("pending", None)
    early = world.anybody.get(f"{API}/shared/{world.token}/files/bundle.zip")
    assert early.json()["type"] == "/problems/file-not-ready"
    assert "bundle.zip" not in world.words_on_the_page()

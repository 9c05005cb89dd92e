"""Make the files of a release: its documents, then the archive of all.

What is made is kept only while every item may be shown: the gate is asked before the work, and in
the transaction that keeps each file. A file is idempotent by its key, decided when it was asked
for: a second run finds what a first one stored, and makes the rest.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.core.problems import Problem
from app.documents import archive
from app.documents.archive import RECORDINGS, Member
from app.documents.edition import Document, Edition, items_of
from app.documents.forms import ARCHIVE, documents_of
from app.jobs.runner import describe
from app.jobs.service import Interrupted, LeaseLost, Run, enqueue
from app.media.models import Rendition
from app.media.service import DOOMED
from app.media.work import room_of
from app.releases import events, exhibitions
from app.releases.figures import as_told
from app.releases.files import new_key, of_release, prefix_of
from app.releases.models import FileStatus, Release, ReleaseFile, ReleaseItem
from app.releases.service import PAGE, blocked_items
from app.storage.service import ObjectExists, ObjectMissing, Stored, storage
from app.transcripts.formats import captions

STEP = 0.05  # of the work: how far it moves before the file says so

Page = Callable[[dict[str, Any]], str]  # what `GET /shared/{token}` gives -> a page without us

log = structlog.get_logger(__name__)


class Withheld(Exception):
    """Nothing is kept: the release was recalled, or holds something that may not be shown now."""


class NoSuchDocument(Exception):
    """A file was asked for that its form does not offer any more."""


@dataclass(frozen=True)
class Recording:
    """What an item shows or lets hear, where it is in the archive, and what is said in it."""

    item_id: str
    file: Rendition
    poster: Rendition | None
    name: str
    said: list[dict[str, Any]]


def compose(run: Run, release_id: UUID, page: Page) -> None:
    """Make what is pending of a release. What was withheld, or is of no row, is deleted."""
    with suppress(Withheld):
        _Composition(run, release_id, page).make()
    _tidy(run, release_id)


class _Composition:
    """One try to make the files of one release."""

    def __init__(self, run: Run, release_id: UUID, page: Page) -> None:
        self._run, self._id, self._page = run, release_id, page

    def make(self) -> None:
        """All that is pending, the archive last. Raises Withheld."""
        with self._run.reading() as db:
            release = self._shown(db)
            files = {file.name: file for file in _pending(db, release)}
            recordings = _recordings_of(db, release)
            links, event = exhibitions.links(db, release), events.for_print(db, release)
        if not files:
            return
        last = files.pop(ARCHIVE, None)
        documents = {document.name: document for document in documents_of(release.form)}
        with room_of(self._run) as room:
            shown = _Shown(room / "recordings", recordings, links, event)
            for file in files.values():
                folder = room / str(file.id)
                folder.mkdir()
                self._run.check()
                self._attempt(file, self._of(documents.get(file.name), release, shown, folder))
        if last:
            self._attempt(last, lambda file: self._archive(file, release, recordings))

    def _of(
        self, document: Document | None, release: Release, shown: "_Shown", folder: Path
    ) -> Callable[[ReleaseFile], Stored]:
        """How a document is made and stored."""

        def make(file: ReleaseFile) -> Stored:
            if not document:
                raise NoSuchDocument(file.name)
            if document.uses_recordings:
                shown.fetch()
            edition = Edition(
                content=as_told(release.content),
                number=release.number,
                published_at=release.published_at,
                sha256=release.sha256,
                folder=folder,
                recordings=dict(shown.recordings) if document.uses_recordings else {},
                posters=dict(shown.posters) if document.uses_recordings else {},
                links=shown.links,
                progress=self._progress_of(file),
                check=self._run.check,
                event=shown.event,
            )
            return storage().store_file(file.key, document.make(edition))

        return make

    def _archive(self, file: ReleaseFile, release: Release, recordings: list[Recording]) -> Stored:
        """All that is ready, and the recordings, in one zip that is stored as it is made."""
        with self._run.reading() as db:
            ready = [one for one in db.scalars(of_release(release.id)) if one.sha256]
        members = _members(release, ready, recordings, self._page)
        whole, told = sum(member.size for member in members) or 1, self._progress_of(file)
        written = 0

        def heed(size: int) -> None:
            nonlocal written
            written += size
            self._run.check()
            told(written / whole)

        with storage().open_writer(file.key) as writer:
            archive.write(members, release.published_at, writer.write, heed)
        return writer.stored

    def _attempt(self, file: ReleaseFile, make: Callable[[ReleaseFile], Stored]) -> None:
        """Make a file and keep it. One that fails says so, and the others still come.

        Raises Withheld, Interrupted, and what ends by itself: no storage, no room.
        """
        try:
            stored = _found(file.key) or make(file)
        except (Interrupted, Withheld, Problem):
            raise
        except ObjectExists:  # stored meanwhile by one who cannot keep it any more: it is the same
            self._attempt(file, make)
        except Exception as error:
            log.exception(
                "release.file_failed", name=file.name, error=describe(error), exc_info=False
            )
            self._fail(file, error)
        else:
            self._keep(file, stored)

    def _keep(self, file: ReleaseFile, stored: Stored) -> None:
        """It is ready, if every item may still be shown. Raises Withheld, LeaseLost."""
        try:
            with self._run.writing() as db:
                row = self._row(db, file)
                row.status, row.progress = FileStatus.READY, None
                row.size, row.sha256 = stored.size, stored.sha256
        except LeaseLost:
            with self._run.reading() as db:
                known = db.scalar(select(ReleaseFile.id).where(ReleaseFile.key == file.key))
            if not known:  # it was recalled: nobody else will find this
                storage().delete(file.key)
            raise

    def _fail(self, file: ReleaseFile, error: Exception) -> None:
        with self._run.writing() as db:
            row = self._row(db, file)
            row.status, row.progress = FileStatus.FAILED, None
            about = {"name": file.name, "error": type(error).__name__}
            record(db, "release.file_failed", on=db.get_one(Release, self._id), by=None, **about)

    def _row(self, db: Session, file: ReleaseFile) -> ReleaseFile:
        """The file, as it was asked for, of a release that is locked. Raises Withheld."""
        self._shown(db)
        row = db.get(ReleaseFile, file.id)
        if not row or row.key != file.key or row.status is not FileStatus.PENDING:
            raise Withheld
        return row

    def _shown(self, db: Session) -> Release:
        """The release, locked if it may be changed. Raises Withheld."""
        release = db.scalar(locked(db, select(Release).where(Release.id == self._id)))
        if not release or release.recalled_at or blocked_items(db, release, now()):
            raise Withheld
        return release

    def _progress_of(self, file: ReleaseFile) -> Callable[[float], None]:
        shown = 0.0

        def tell(share: float) -> None:
            nonlocal shown
            share = min(max(share, 0.0), 1.0)
            if share - shown >= STEP:
                shown = share
                with self._run.writing() as db:
                    row = db.get(ReleaseFile, file.id)
                    if not row or row.key != file.key:
                        raise Withheld
                    row.progress = share

        return tell


class _Shown:
    """What the documents of a release share: its recordings as files, and what is told beside.

    They are fetched once, by the first document that asks.
    """

    def __init__(
        self,
        folder: Path,
        recordings: list[Recording],
        links: dict[str, str],
        event: dict[str, Any] | None,
    ) -> None:
        self._folder, self._all = folder, recordings
        self.links, self.event = links, event
        self.recordings: dict[str, Path] = {}
        self.posters: dict[str, Path] = {}

    def fetch(self) -> None:
        """Have them in the folder. They are not to be written to."""
        if self._folder.exists():
            return
        self._folder.mkdir()
        for one in self._all:
            name = Path(one.name).name
            copy = storage().local_copy
            self.recordings[one.item_id] = copy(one.file.key, self._folder, name)
            if one.poster:
                poster = f"{Path(name).stem}{Path(one.poster.name).suffix}"
                self.posters[one.item_id] = copy(one.poster.key, self._folder, poster)


def _pending(db: Session, release: Release) -> list[ReleaseFile]:
    waiting = ReleaseFile.status == FileStatus.PENDING
    return list(db.scalars(of_release(release.id).where(waiting)))


def _recordings_of(db: Session, release: Release) -> list[Recording]:
    """In the order of the items; what has no file any more is not there."""
    rows = select(ReleaseItem).where(ReleaseItem.release_id == release.id)
    sources = {str(row.item_id): row for row in db.scalars(rows)}
    ids = {id_ for row in sources.values() for id_ in (row.file_id, row.poster_id) if id_}
    files = {f.id: f for f in db.scalars(select(Rendition).where(Rendition.id.in_(ids)))}
    found: list[Recording] = []
    for item in items_of(release.content):
        source = sources.get(item["id"])
        file = files.get(source.file_id) if source and source.file_id else None
        if not source or not file or not item["media"]:
            continue
        poster = files.get(source.poster_id) if source.poster_id else None
        name = f"{RECORDINGS}/{len(found) + 1:02}{Path(file.name).suffix}"
        said = (item["media"].get("captions") or {}).get("cues") or []
        found.append(Recording(item["id"], file, poster, name, said))
    return found


def _members(
    release: Release, ready: list[ReleaseFile], recordings: list[Recording], page: Page
) -> list[Member]:
    """What goes into the archive, in its order: words first."""
    told = release.number, release.published_at
    members = [
        archive.of_text(PAGE, page(_offline(release, ready, recordings))),
        *(_stored(file.name, file) for file in ready if file.name != ARCHIVE),
    ]
    for one in recordings:
        members.append(_stored(one.name, one.file))
        if one.poster:
            members.append(_stored(_poster_name(one), one.poster))
        if one.said:
            words = str(Path(one.name).with_suffix(".vtt"))
            members.append(archive.of_text(words, captions(one.said)))
    names = [member.name for member in members]
    members.insert(0, archive.readme(release.content, *told, names))
    return [archive.manifest(release.sha256, *told, members), *members]


def _poster_name(one: Recording) -> str:
    return str(Path(one.name).with_suffix(Path(one.poster.name).suffix)) if one.poster else ""


def _stored(name: str, file: Any) -> Member:
    """A member that is an object of the storage: what keeps its `key size sha256`."""
    return Member(name, file.size, file.sha256, lambda: storage().read(file.key))


def _offline(
    release: Release, ready: list[ReleaseFile], recordings: list[Recording]
) -> dict[str, Any]:
    """What the page shows, whose recordings and files are beside it."""
    by_item = {one.item_id: one for one in recordings}
    sections = [
        section | {"items": [_beside(item, by_item.get(item["id"])) for item in section["items"]]}
        for section in release.content["sections"]
    ]
    names = ("name", "content_type", "size", "status", "progress")
    files = [
        {name: getattr(file, name) for name in names} | {"url": file.name}
        for file in ready
        if file.name != ARCHIVE
    ]
    return as_told(release.content) | {
        "sections": sections,
        "published_at": release.published_at,
        "number": release.number,
        "files": files,
        "acknowledged_at": None,
        "superseded_by": None,
    }


def _beside(item: dict[str, Any], one: Recording | None) -> dict[str, Any]:
    if not one:
        return item | {"media": None}
    media = item["media"]
    return item | {
        "media": {
            "url": one.name,
            "poster_url": _poster_name(one) or None,
            "captions_url": str(Path(one.name).with_suffix(".vtt")) if one.said else None,
            "captions": media.get("captions"),
            "duration_ms": media["duration_ms"],
        }
    }


def _found(key: str) -> Stored | None:
    """What a run that died has stored, measured again."""
    with suppress(ObjectMissing):
        return Stored(key, storage().size(key), storage().sha256(key))
    return None


def _tidy(run: Run, release_id: UUID) -> None:
    """Delete what is stored below the release's prefix and was not kept, whoever wrote it."""
    there = {found.key for found in storage().objects(prefix_of(release_id))}
    with run.writing() as db:
        files = list(db.scalars(of_release(release_id)))
        left = there - {file.key for file in files if file.status is FileStatus.READY}
        for file in files:
            if file.key in left:
                file.key = new_key(release_id)
        if left:
            enqueue(db, DOOMED, keys=sorted(left))

"""One try to work on one media: from its original to its renditions, kept one by one."""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from hashlib import file_digest
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.core.db import locked
from app.core.problems import NotFound
from app.core.settings import settings
from app.jobs.service import Run
from app.media import service
from app.media.models import ORIGINAL, Media, Part, Reason, Rendition, Status
from app.media.probe import Found, probe
from app.media.queries import is_incomplete, is_missing
from app.media.transcode import (
    FIRST_AND_LAST,
    POSTER,
    Made,
    Passage,
    make,
    names_of,
    work_of,
)
from app.storage.keys import new_key
from app.storage.service import Digest, Storage, Stored, StoredWriter

STEP = 0.05  # of the work: how far it moves before the media says so
HASHED, PROBED = 0.05, 0.1  # shares of the work


class StorageDamaged(Exception):
    """The storage does not give back the bytes that were given to it."""


class MediaGone(Exception):
    """The media was deleted meanwhile: there is nothing more to do."""


class Work:
    """One try to work on one media."""

    def __init__(self, run: Run, media_id: UUID, objects: Storage) -> None:
        self._run, self._id, self._storage = run, media_id, objects
        self._shown = 0.0
        self._needed = {ORIGINAL}  # files without which nothing more is kept

    def find(self, db: Session) -> Media:
        """The media, locked if it may be changed. Raises MediaGone."""
        there = Media.id == self._id, Media.erased_at.is_(None)
        media = db.scalar(locked(db, select(Media).where(*there)))
        if not media:
            raise MediaGone
        return media

    def is_wanted(self) -> bool:
        """Whether it may become ready: it was not rejected, or kept because of too much work."""
        with self._run.reading() as db:
            media = self.find(db)
            is_kept = media.reason is Reason.BUDGET and ORIGINAL in service.names_of(db, media)
            return media.status is not Status.REJECTED or is_kept

    def make_ready(self) -> None:
        """All the steps; those that are done already are not done again. Raises Rejected."""
        with self._run.writing() as db:
            media = self.find(db)
            media.begin()
        if media.status is Status.READY:
            return
        if media.parts and not media.sha256:
            self._join(media.pieces)
        with self._folder() as folder:
            found = self._look(folder)
            with self._run.writing() as db:
                service.describe(db, self.find(db), found)
            self._delete_parts(media.pieces)
            self._progress(PROBED)
            self._make_renditions(folder, found)
        with self._run.writing() as db:
            media = self.find(db)
            media.finish()
            record(db, "media.ready", on=media, by=None)

    def make_clip(self, passage: Passage) -> None:
        """What is missing of the renditions of a passage. Raises Rejected, MediaGone."""
        with self._run.reading() as db:
            if not is_missing(db, self.find(db), passage):
                return
        with self._folder() as folder:
            self._make_renditions(folder, self._look(folder), passage)

    def complete(self) -> None:
        """What earlier versions did not make of a ready media. Raises Rejected, MediaGone.

        Nothing is made of one whose renditions were taken back: see `FIRST_AND_LAST`.
        """
        with self._run.reading() as db:
            media = self.find(db)
            if not media.kind or not is_incomplete(db, media):
                return
        self._needed.add(FIRST_AND_LAST[media.kind][0])
        with self._folder() as folder:
            self._make_renditions(folder, self._look(folder))

    def give_up(self, passage: Passage, reason: Reason) -> None:
        """Say that nothing will come of a passage."""
        with self._run.writing() as db:
            times = {"start_ms": passage.start_ms, "end_ms": passage.end_ms}
            record(db, "media.clip_failed", on=self.find(db), by=None, reason=reason, **times)

    def reject(self, reason: Reason) -> None:
        """Say that nothing will come of it. The row is kept."""
        with self._run.writing() as db:
            media = self.find(db)
            media.reject(reason)
            record(db, "media.rejected", on=media, by=None, reason=reason)

    def delete_bytes(self) -> None:
        """Delete all that a rejected media has: first the bytes, then what knows of them."""
        with self._run.reading() as db:
            media = self.find(db)
            parts, keys = media.pieces, [file.key for file in service.renditions_of(db, media)]
        self._delete_parts(parts)
        for key in keys:
            self._storage.delete(key)
        if keys:
            with self._run.writing() as db:
                files = select(Rendition.id).where(Rendition.media_id == self._id)
                service.erase_renditions(db, list(db.scalars(files)))

    def _join(self, parts: list[Part]) -> None:
        """Make the original of its parts, which nobody needs any more. Raises StorageDamaged.

        It is made of what came: of bytes that are others by now nothing is made.
        """
        with self._storage.open_writer(new_key("media")) as writer:
            for part in parts:
                self._append(part, writer)
        stored = writer.stored
        with self._run.writing() as db:
            media = self.find(db)
            if stored.size != media.size:
                raise StorageDamaged(f"{self._id}: {stored.size} bytes, and not {media.size}")
            media.sha256 = stored.sha256
            service.keep(db, media, service.rendition(media, ORIGINAL, stored, service.UNKNOWN))

    def _append(self, part: Part, writer: StoredWriter) -> None:
        digest = Digest()
        for chunk in self._storage.read(part.key):
            digest.update(chunk)
            writer.write(chunk)
            self._run.check()
        if part.sha256 not in (None, digest.hexdigest()):
            raise StorageDamaged(part.key)

    def _delete_parts(self, parts: list[Part]) -> None:
        """Delete what was joined: first the bytes, then what knows of them."""
        for part in parts:
            self._storage.delete(part.key)
        if parts:
            with self._run.writing() as db:
                self.find(db).parts = []

    def _folder(self) -> AbstractContextManager[Path]:
        return room_of(self._run)

    def _look(self, folder: Path) -> Found:
        """What is in the original, which is in the folder from now on. Raises Rejected."""
        self._fetch(folder)
        return probe(folder, heed=lambda _: self._run.check())

    def _fetch(self, folder: Path) -> None:
        """Put the original in the folder, once it is sure that it is what was deposited."""
        with self._run.reading() as db:
            media = self.find(db)
            try:
                original = service.find_rendition(db, media, ORIGINAL)
            except NotFound:
                raise MediaGone from None
        path = self._storage.local_copy(original.key, folder)
        with path.open("rb") as file:
            if file_digest(file, "sha256").hexdigest() != media.sha256:
                raise StorageDamaged(original.key)
        self._storage.require_room(original.size)  # for what will be made of it
        self._progress(HASHED)

    def _make_renditions(self, folder: Path, found: Found, passage: Passage | None = None) -> None:
        names = names_of(found, passage)
        whole, done = sum(map(work_of, names)), 0.0
        for name in names:
            start, share = done / whole, work_of(name) / whole
            done += work_of(name)
            with self._run.reading() as db:
                if name in service.names_of(db, self.find(db)):
                    continue

            def progress(part: float, start: float = start, share: float = share) -> None:
                self._progress(PROBED + (1 - PROBED) * (start + part * share))

            self._keep(name, make(name, folder, found, progress, passage))
            if name != POSTER:  # of which the preview is made
                (folder / name).unlink()

    def _keep(self, name: str, made: Made) -> None:
        """Store a rendition; an object which is not needed after all is deleted.

        If the worker dies before the commit, or is told that it failed, the object is an orphan.
        """
        stored: Stored = self._storage.store_file(new_key("media"), made.path)
        size = (made.width, made.height)
        with self._run.writing() as db:
            media = db.scalar(locked(db, select(Media).where(Media.id == self._id)))
            names = service.names_of(db, media) if media else set()
            wanted = self._needed <= names and name not in names
            if media and wanted:
                file = service.rendition(media, name, stored, made.content_type, size)
                service.keep(db, media, file)
                media.touch()
        if not wanted:
            self._storage.delete(stored.key)
        if not self._needed <= names:
            raise MediaGone

    def _progress(self, share: float) -> None:
        """Say how much is done, between two steps. Raises LeaseLost, Stopping."""
        self._run.check()
        self._run.progress(share)
        if share - self._shown >= STEP:
            with self._run.writing() as db:
                service.show_progress(db, self._id, share)
            self._shown = share


@contextmanager
def room_of(run: Run) -> Iterator[Path]:
    """A folder of this try; those of tries of this job that died are removed."""
    rooms = rooms_of_work()
    for left in rooms.glob(f"{run.job.id}.*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = rooms / f"{run.job.id}.{run.job.token}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def rooms_of_work() -> Path:
    """Where tries have their folders, whose names begin with the job's id."""
    rooms = settings().data_dir.resolve() / "work"
    rooms.mkdir(parents=True, exist_ok=True, mode=0o700)
    return rooms

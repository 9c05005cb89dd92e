"""Process a media: look at it, then make its renditions (`process`), and passages (`clip`)."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from hashlib import file_digest
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.core.db import locked
from app.core.problems import NotFound
from app.core.settings import settings
from app.jobs.models import UNFINISHED, Job
from app.jobs.service import MEDIA, Run, handles
from app.media import service
from app.media.models import ORIGINAL, Media, Reason, Rendition, Status
from app.media.probe import Found, Rejected, probe
from app.media.queries import abandoned, abandoned_passages, is_missing
from app.media.transcode import Made, Passage, Unfinished, make, names_of
from app.storage.keys import new_key
from app.storage.service import Storage, Stored, storage

STEP = 0.05  # of the work: how far it moves before the media says so
HASHED, PROBED = 0.05, 0.1  # shares of the work


class StorageDamaged(Exception):
    """The storage does not give back the bytes that were given to it."""


class MediaGone(Exception):
    """The media was deleted meanwhile: there is nothing more to do."""


@handles(service.PROCESS, queue=MEDIA)
def process(run: Run, media_id: str) -> None:
    """Make a media ready, or reject it. Idempotent by the name of each rendition.

    What comes from the file is never an exception: it rejects the media, with its reason, and its
    bytes are deleted. A file that is accepted, but whose renditions are too much work, is rejected
    for `budget` and kept: asked again, this goes on with what is missing. What comes from the
    machine is an exception, and is tried again: nothing is deleted; see also `resume`.
    """
    work = Work(run, UUID(media_id), storage())
    with suppress(MediaGone):
        try:
            if work.is_wanted():
                work.make_ready()
                return
        except Rejected as rejected:
            work.reject(rejected.reason)
            if isinstance(rejected, Unfinished):
                return
        work.delete_bytes()


@handles(service.CLIP, queue=MEDIA)
def clip(run: Run, media_id: str, start_ms: int, end_ms: int) -> None:
    """Make a passage of a ready media, from its original. Idempotent by the name of each rendition.

    When no passage can be made of the file, an event says why, and the media stays as it is.
    """
    work, passage = Work(run, UUID(media_id), storage()), Passage(start_ms, end_ms)
    with suppress(MediaGone):
        try:
            work.make_clip(passage)
        except Rejected as rejected:
            work.give_up(passage, rejected.reason)


@handles("media.resume", every=timedelta(days=1))
def resume(run: Run) -> None:
    """Ask again for what was given up because of the machine, so that nothing waits for ever.

    That is every media that is neither ready nor rejected, and every passage that is missing,
    whose job is dead. Folders of jobs that are over are removed: they may hold an original.
    """
    sweep(run)
    with run.reading() as db:
        left = abandoned(db)
        passages = abandoned_passages(db)
    for media in left:
        run.check()
        with run.writing() as db:
            service.ask_processing(db, media)
    for media, passage in passages:
        run.check()
        with run.writing() as db:
            service.ask_clip(db, media, passage.start_ms, passage.end_ms)


def sweep(run: Run) -> None:
    """Remove the folders of jobs that are over: they may hold an original."""
    rooms = list(_rooms().iterdir())
    with run.reading() as db:
        living = {str(id_) for id_ in db.scalars(select(Job.id).where(UNFINISHED))}
    for room in rooms:
        if room.name.partition(".")[0] not in living:
            shutil.rmtree(room, ignore_errors=True)


class Work:
    """One try to work on one media."""

    def __init__(self, run: Run, media_id: UUID, objects: Storage) -> None:
        self._run, self._id, self._storage = run, media_id, objects
        self._shown = 0.0

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
        if media.parts:
            self._join(media.parts)
        with self._folder() as folder:
            self._fetch(folder)
            found = probe(folder, heed=lambda _: self._run.check())
            with self._run.writing() as db:
                service.describe(db, self.find(db), found)
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
            self._fetch(folder)
            found = probe(folder, heed=lambda _: self._run.check())
            self._make_renditions(folder, found, passage)

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
            keys = [*media.parts, *(file.key for file in service.renditions_of(db, media))]
        for key in keys:
            self._storage.delete(key)
        if keys:
            with self._run.writing() as db:
                self.find(db).parts = []
                files = select(Rendition.id).where(Rendition.media_id == self._id)
                service.erase_renditions(db, list(db.scalars(files)))

    def _join(self, parts: list[str]) -> None:
        """Make the original of its parts, which are then deleted."""
        with self._storage.open_writer(new_key("media")) as writer:
            for key in parts:
                for chunk in self._storage.read(key):
                    writer.write(chunk)
                    self._run.check()
        stored = writer.stored
        with self._run.writing() as db:
            media = self.find(db)
            if stored.size != media.size:
                raise StorageDamaged(f"{self._id}: {stored.size} bytes, and not {media.size}")
            media.parts, media.sha256 = [], stored.sha256
            service.keep(db, media, service.rendition(media, ORIGINAL, stored, service.UNKNOWN))
        for key in parts:
            self._storage.delete(key)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """A folder of this try; those of tries of this job that died are removed."""
        rooms = _rooms()
        for left in rooms.glob(f"{self._run.job.id}.*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = rooms / f"{self._run.job.id}.{self._run.job.token}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

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
        names = names_of(found.kind, passage)
        for number, name in enumerate(names):
            with self._run.reading() as db:
                made = service.names_of(db, self.find(db))
            if name in made:
                continue
            start, share = number / len(names), 1 / len(names)

            def progress(done: float, start: float = start, share: float = share) -> None:
                self._progress(PROBED + (1 - PROBED) * (start + done * share))

            self._keep(name, make(name, folder, found, progress, passage))
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
            wanted = ORIGINAL in names and name not in names
            if media and wanted:
                file = service.rendition(media, name, stored, made.content_type, size)
                service.keep(db, media, file)
                media.touch()
        if not wanted:
            self._storage.delete(stored.key)
        if ORIGINAL not in names:
            raise MediaGone

    def _progress(self, share: float) -> None:
        """Say how much is done, between two steps. Raises LeaseLost, Stopping."""
        self._run.check()
        self._run.progress(share)
        if share - self._shown >= STEP:
            with self._run.writing() as db:
                service.show_progress(db, self._id, share)
            self._shown = share


def _rooms() -> Path:
    """Where tries have their folders, whose names begin with the job's id."""
    rooms = settings().data_dir.resolve() / "work"
    rooms.mkdir(parents=True, exist_ok=True, mode=0o700)
    return rooms

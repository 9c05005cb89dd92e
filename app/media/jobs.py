"""What jobs do: a media is looked at and made ready, a passage is cut, what is missing is made."""

import shutil
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from app.jobs.models import UNFINISHED, Job
from app.jobs.service import MEDIA, Run, enqueue, handles
from app.media import service
from app.media.probe import Rejected
from app.media.queries import abandoned, abandoned_passages, next_incomplete
from app.media.transcode import Passage, Unfinished
from app.media.work import MediaGone, Work, rooms_of_work
from app.storage.service import storage

COMPLETE = "media.complete"
FIRST = UUID(int=0)


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
    whose job is dead. Folders of jobs that are over are removed: they may hold an original. What
    earlier versions of the service did not make is asked for too: see `complete`.
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
    ask_completion(run, FIRST)


@handles(COMPLETE, queue=MEDIA)
def complete(run: Run, after: str) -> None:
    """Make what is missing of one ready media, then ask for the next one, in the order of ids.

    One after another, so that a new deposit waits for one of them at most. The media stays ready
    when nothing comes of it: it is tried again the next day.
    """
    with run.reading() as db:
        media = next_incomplete(db, UUID(after))
    if media:
        with suppress(MediaGone, Rejected):
            Work(run, media.id, storage()).complete()
        ask_completion(run, media.id)


def ask_completion(run: Run, after: UUID) -> None:
    """Have the next ready media completed whose id comes later, if there is one."""
    with run.writing() as db:
        if next_incomplete(db, after):
            enqueue(db, COMPLETE, dedupe_key=COMPLETE, after=str(after))


def sweep(run: Run) -> None:
    """Remove the folders of jobs that are over: they may hold an original."""
    rooms = list(rooms_of_work().iterdir())
    with run.reading() as db:
        living = {str(id_) for id_ in db.scalars(select(Job.id).where(UNFINISHED))}
    for room in rooms:
        if room.name.partition(".")[0] not in living:
            shutil.rmtree(room, ignore_errors=True)

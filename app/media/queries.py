"""What is missing: given up because of the machine, or not made by earlier versions."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.jobs.models import UNFINISHED, Job
from app.media.models import Media, Rendition, Status
from app.media.service import CLIP, PROCESS, clip_key, names_of, process_key
from app.media.transcode import FIRST_AND_LAST, Passage, passage_names


def abandoned(db: Session) -> list[Media]:
    """The media that are neither ready nor rejected, and that no job will process."""
    unfinished = Media.status.in_((Status.RECEIVED, Status.PROCESSING))
    waiting = select(Media).where(unfinished, Media.erased_at.is_(None))
    media = list(db.scalars(waiting))  # first: a job that ends meanwhile is asked for in vain
    asked = set(db.scalars(select(Job.dedupe_key).where(Job.name == PROCESS, UNFINISHED)))
    return [one for one in media if process_key(one) not in asked]


def abandoned_passages(db: Session) -> list[tuple[Media, Passage]]:
    """The passages whose job is dead, and that are still missing."""
    dead = select(Job.dedupe_key, Job.facts).where(Job.name == CLIP, Job.failed_at.is_not(None))
    facts = {row.dedupe_key: row.facts for row in db.execute(dead)}
    found = []
    for asked in facts.values():
        passage = Passage(asked["start_ms"], asked["end_ms"])
        media = db.scalar(select(Media).where(Media.id == UUID(asked["media_id"])))
        if media and is_missing(db, media, passage):
            found.append((media, passage))
    return found


def gave_up(db: Session, media: Media, passage: Passage) -> bool:
    """Whether a job ended without making this passage, not long ago: another will not either."""
    key = clip_key(media, passage.start_ms, passage.end_ms)
    done = select(Job.id).where(Job.dedupe_key == key, Job.done_at.is_not(None))
    if db.scalar(done.limit(1)) is None:
        return False
    return is_missing(db, media, passage)


def is_missing(db: Session, media: Media, passage: Passage) -> bool:
    """Whether there is something to make of this passage: the media is ready, and it is not."""
    if media.status is not Status.READY or not media.kind or media.erased_at:
        return False
    return not names_of(db, media).issuperset(passage_names(media.kind, passage))


def next_incomplete(db: Session, after: UUID) -> Media | None:
    """Of the ready media with a later id the first one of which something was never made."""
    rows = select(Media).where(Media.id > after, *_incomplete())
    return db.scalar(rows.order_by(Media.id).limit(1))


def is_incomplete(db: Session, media: Media) -> bool:
    """Whether something was never made of this media, which is ready."""
    return db.scalar(select(Media.id).where(Media.id == media.id, *_incomplete())) is not None


def _incomplete() -> list[ColumnElement[bool]]:
    """A media whose renditions were taken back lacks the first too: nothing is made of it."""
    kinds = [
        and_(Media.kind == kind, _has(first), ~_has(last))
        for kind, (first, last) in FIRST_AND_LAST.items()
    ]
    return [Media.status == Status.READY, Media.erased_at.is_(None), or_(*kinds)]


def _has(name: str) -> ColumnElement[bool]:
    named = Rendition.media_id == Media.id, Rendition.name == name
    return select(Rendition.id).where(*named).exists()

"""What was given up because of the machine: its job is dead, and nothing else will do it."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.jobs.models import UNFINISHED, Job
from app.media.models import Media, Status
from app.media.service import CLIP, PROCESS, names_of, process_key
from app.media.transcode import Passage
from app.media.transcode import names_of as names_for


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


def is_missing(db: Session, media: Media, passage: Passage) -> bool:
    """Whether there is something to make of this passage: the media is ready, and it is not."""
    if media.status is not Status.READY or not media.kind or media.erased_at:
        return False
    return not names_of(db, media).issuperset(names_for(media.kind, passage))

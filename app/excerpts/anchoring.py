"""Excerpts follow their words when the source is corrected, or ask for a review: never silently.

What surrounds the words is read from the text that says them. Of a recording it stays within the
segments that the words touch: whoever may read those words may read it, and what erases them
erases it.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.core.db import locked
from app.core.models import Base
from app.excerpts.models import Excerpt, ExcerptState
from app.excerpts.places import Quote, anchored, around
from app.lineage.service import made
from app.media.models import Media
from app.testimonies.models import Testimony, TestimonyMedia
from app.transcripts import service as transcripts
from app.transcripts.models import Transcript
from app.transcripts.words import bounds_of, moments_of

E = Excerpt


@dataclass(frozen=True)
class Words:
    """A text that is quoted: a body, or what a transcript says."""

    text: str
    transcript: Transcript | None = None

    def around(self, start: int, stop: int) -> tuple[str, str]:
        """What stands before and after a passage."""
        segments = self.transcript.segments if self.transcript else None
        return around(
            self.text, start, stop, bounds_of(segments, start, stop) if segments else None
        )


def quote_of(excerpt: Excerpt) -> Quote:
    """The words that were chosen, and what stood around them."""
    return Quote(excerpt.prefix, excerpt.exact or "", excerpt.suffix)


def put(excerpt: Excerpt, words: Words, start: int) -> None:
    """Have it point to its words there."""
    excerpt.start, excerpt.stop = start, start + len(excerpt.exact or "")
    excerpt.prefix, excerpt.suffix = words.around(excerpt.start, excerpt.stop)
    if not (said := words.transcript):
        excerpt.media_id = excerpt.transcript_id = excerpt.from_ms = excerpt.to_ms = None
        return
    excerpt.media_id, excerpt.transcript_id = said.media_id, said.id
    excerpt.from_ms, excerpt.to_ms = moments_of(said.segments, excerpt.start, excerpt.stop)


def remember(db: Session, excerpt: Excerpt) -> None:
    """Keep what it was made from."""
    inputs: list[tuple[type[Base], UUID | None]] = [(Testimony, excerpt.testimony_id)]
    inputs += [(Media, excerpt.media_id), (Transcript, excerpt.transcript_id)]
    made(db, excerpt, inputs)


def recordings_of(db: Session, testimony_id: UUID) -> set[UUID]:
    """The media of a testimony."""
    of_it = TestimonyMedia.testimony_id == testimony_id
    return set(db.scalars(select(TestimonyMedia.media_id).where(of_it)))


def review(db: Session, testimony_id: UUID) -> None:
    """A testimony changed: its excerpts follow their words, or need a review."""
    body = db.scalar(select(Testimony.body).where(Testimony.id == testimony_id)) or ""
    recordings = recordings_of(db, testimony_id)
    kept = E.testimony_id == testimony_id, E.erased_at.is_(None)
    for excerpt in db.scalars(locked(db, select(E).where(*kept))):
        if not excerpt.media_id:
            _anchor(db, excerpt, Words(body))
        elif excerpt.media_id not in recordings:
            _settle(db, excerpt, ExcerptState.NEEDS_REVIEW)
        elif excerpt.transcript_id:
            _anchor(db, excerpt, current_words(db, excerpt.media_id))
        else:
            _settle(db, excerpt, ExcerptState.VALID)


def follow(db: Session, media_id: UUID) -> None:
    """What is said in a media was written anew: its excerpts follow their words, or need a review.

    Those of a testimony of which it is no recording any more wait for a review already.
    """
    current = current_words(db, media_id)
    is_its = select(TestimonyMedia.id).where(
        TestimonyMedia.testimony_id == E.testimony_id, TestimonyMedia.media_id == media_id
    )
    said = E.media_id == media_id, E.transcript_id.is_not(None), E.erased_at.is_(None)
    for excerpt in db.scalars(locked(db, select(E).where(*said, is_its.exists()))):
        _anchor(db, excerpt, current)


def is_said(db: Session, excerpt: Excerpt, body: str | None) -> bool:
    """Whether its testimony, of this body, says or shows now what was chosen, reviewed or not."""
    if excerpt.media_id and excerpt.media_id not in recordings_of(db, excerpt.testimony_id):
        return False
    if excerpt.exact is None:
        return True
    words = current_words(db, excerpt.media_id) if excerpt.media_id else Words(body or "")
    if not words:
        return False
    is_there = words.text.startswith(excerpt.exact, excerpt.start)
    return is_there or anchored(words.text, quote_of(excerpt), excerpt.start) is not None


def current_words(db: Session, media_id: UUID) -> Words | None:
    """What is said in a media, by its current transcript."""
    current = transcripts.current(db, media_id)
    return Words(current.text, current) if current else None


def _anchor(db: Session, excerpt: Excerpt, words: Words | None) -> None:
    """Have it point to its words in this text, when there is no doubt where they stand."""
    place = anchored(words.text, quote_of(excerpt), excerpt.start) if words else None
    if words is None or place is None:
        _settle(db, excerpt, ExcerptState.NEEDS_REVIEW)
        return
    was, source = excerpt.start, excerpt.transcript_id
    put(excerpt, words, place)
    if excerpt.transcript_id != source:
        remember(db, excerpt)
    if excerpt.state is not ExcerptState.VALID:
        _settle(db, excerpt, ExcerptState.VALID)
    elif (was, source) != (excerpt.start, excerpt.transcript_id):
        record(db, "excerpt.moved", on=excerpt, by=None, was=was, start=excerpt.start)


def _settle(db: Session, excerpt: Excerpt, state: ExcerptState) -> None:
    """Say whether its source still says, or shows, what was chosen."""
    if excerpt.state is state:
        return
    excerpt.state = state
    action = "excerpt.found-again" if state is ExcerptState.VALID else "excerpt.lost"
    record(db, action, on=excerpt, by=None, start=excerpt.start)

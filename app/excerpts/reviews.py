"""What editors look at to say where the words of an excerpt stand, and how they are quoted."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.appearances.queries import withheld
from app.core.models import now
from app.core.problems import NotFound
from app.excerpts.anchoring import Words, current_words, quote_of, recordings_of
from app.excerpts.edits import Edit, edits
from app.excerpts.models import Excerpt, ExcerptState, SelectorType
from app.excerpts.places import Candidate, candidates
from app.excerpts.service import find, said_in_it
from app.testimonies.models import Testimony
from app.transcripts.words import HIDDEN, bounds_of, masked


def find_review(db: Session, excerpt_id: UUID, by: Caller) -> tuple[Excerpt, dict[str, Any]]:
    """An excerpt, and a `ReviewOut`. Raises NotFound, also for a passage of time; Forbidden."""
    excerpt = _find_for_editors(db, excerpt_id, by)
    if excerpt.selector is not SelectorType.TEXT:
        raise NotFound
    words = _words_now(db, excerpt)
    found = [_told(words, candidate) for candidate in _found(words, excerpt)] if words else []
    source = words.transcript.id if words and words.transcript else None
    chosen = quote_of(excerpt)
    return excerpt, {
        "state": excerpt.state,
        "transcript_id": source,
        "chosen": chosen._asdict(),
        "now": found[0] if found else None,
        "candidates": found,
    }


def find_edits(db: Session, excerpt_id: UUID, by: Caller) -> tuple[Excerpt, list[Edit]]:
    """An excerpt, and what its public quote changes in the words. Raises NotFound, Forbidden."""
    excerpt = _find_for_editors(db, excerpt_id, by)
    if not excerpt.public_quote:
        return excerpt, []
    return excerpt, edits(said_in_it(db, excerpt), excerpt.public_quote)


def _find_for_editors(db: Session, excerpt_id: UUID, by: Caller) -> Excerpt:
    excerpt = find(db, excerpt_id, by)
    by.require(Permission.CODE)
    return excerpt


def _words_now(db: Session, excerpt: Excerpt) -> Words | None:
    """What the source says now, as far as the team may read it."""
    if not excerpt.media_id:
        body = select(Testimony.body).where(Testimony.id == excerpt.testimony_id)
        return Words(db.scalar(body) or "")
    if excerpt.media_id not in recordings_of(db, excerpt.testimony_id):
        return None
    if not (current := current_words(db, excerpt.media_id)) or not current.transcript:
        return None
    moments = withheld(db, excerpt.media_id, now())
    return Words(masked(current.transcript.segments, moments), current.transcript)


def _found(words: Words, excerpt: Excerpt) -> list[Candidate]:
    """Where the words stand, or may stand; nowhere that touches what is withheld."""
    if excerpt.state is ExcerptState.VALID:
        return [Candidate(excerpt.start, excerpt.stop, 1.0)]
    found = candidates(words.text, quote_of(excerpt), excerpt.start)
    return [candidate for candidate in found if not _is_hidden(words, candidate)]


def _is_hidden(words: Words, candidate: Candidate) -> bool:
    if not words.transcript:
        return False
    first, last = bounds_of(words.transcript.segments, candidate.start, candidate.end)
    return HIDDEN in words.text[first:last]


def _told(words: Words, candidate: Candidate) -> dict[str, Any]:
    """A `CandidateOut`."""
    prefix, suffix = words.around(candidate.start, candidate.end)
    text = words.text[candidate.start : candidate.end]
    return candidate._asdict() | {"prefix": prefix, "text": text, "suffix": suffix}

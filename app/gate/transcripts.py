"""Who reads and writes the words of a recording.

A transcript is words: it is read by who reads the testimonies of its media, unless one of those who
speak in them refuses the team their words. A segment in which somebody else is heard or named, who
refuses, has no text. (Faces say nothing.) Drafts are for those who write: not for evaluators.

Animators write those of their own recordings until they are moderated, editors those of all that
they see; editors approve.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, true
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission, Sight
from app.appearances.queries import withheld
from app.audit.service import record
from app.core.db import locked
from app.core.models import At, now
from app.core.problems import NotFound, WrongState
from app.excerpts.anchoring import follow
from app.gate.media import is_moderated, whose
from app.history import service as history
from app.history.service import Reading
from app.media.models import Media
from app.testimonies.models import Testimony, TestimonyMedia
from app.testimonies.queries import HIDDEN, unsaid
from app.testimonies.versions import as_now
from app.transcripts import asking, service
from app.transcripts.models import Source, Transcript, Transcription
from app.transcripts.schemas import TranscriptIn
from app.transcripts.versions import APPROVED, SHARED, as_text, snapshot_of, withheld_from
from app.transcripts.words import meets, placed

# Where a transcript stood when somebody of this sight could read it; others always could.
HELD = {Sight.SUBMITTED: {SHARED, APPROVED}, Sight.ACCEPTED: {APPROVED}}


def visible_media(me: Caller, at: At | None = None) -> Select[Media]:
    """The media whose words this account may read."""
    moment = now() if at is None else at
    alive = Media.erased_at.is_(None)
    return select(Media).where(whose(me, moment), alive, ~unsaid(Media.id, moment))


def find_media(db: Session, media_id: UUID, by: Caller) -> Media:
    """A media whose words `by` may read; locked if they may be changed. Raises NotFound."""
    media = db.scalar(locked(db, visible_media(by).where(Media.id == media_id)))
    if not media:
        raise NotFound
    return media


def index(media: Media, me: Caller) -> Select[Transcript]:
    """The transcripts of a media that this account may read."""
    return service.of_media(media).where(_finished(me))


def find(db: Session, transcript_id: UUID, by: Caller) -> Transcript:
    """The transcript, if `by` may read it; locked if it may be changed. Raises NotFound."""
    rows = select(Transcript).where(
        Transcript.id == transcript_id,
        Transcript.erased_at.is_(None),
        Transcript.media_id.in_(visible_media(by).with_only_columns(Media.id)),
        _finished(by),
    )
    if not (transcript := db.scalar(locked(db, rows))):
        raise NotFound
    return transcript


def shown(db: Session, transcript: Transcript) -> dict[str, Any]:
    """What is told of a transcript besides its columns."""
    newest = service.current(db, transcript.media_id)
    is_current = newest is not None and newest.id == transcript.id
    return {"segments": _segments(db, transcript), "current": is_current}


def readable(db: Session, transcript: Transcript) -> list[dict[str, Any]]:
    """The segments that the team may read."""
    moments = withheld(db, transcript.media_id, now())
    return [segment for segment in transcript.segments if not meets(segment, moments)]


def write(
    db: Session, media: Media, payload: TranscriptIn, source: Source, by: Caller
) -> Transcript:
    """A new transcript, when it is `by`'s turn. See `transcripts.service.write`."""
    require_turn(db, media, by)
    return service.write(db, media, payload, source, by)


def change(db: Session, transcript: Transcript, payload: TranscriptIn, by: Caller) -> None:
    """The same transcript, in other words, when it is `by`'s turn.

    Who does not read all of it does not write it again: words would be lost.
    """
    media = find_media(db, transcript.media_id, by)
    require_turn(db, media, by)
    hidden = len(transcript.segments) - len(readable(db, transcript))
    if hidden:
        raise WrongState(withheld=hidden)
    service.change(db, transcript, media, payload, by, shared=_is_shared(db, media))
    follow(db, media.id)


def reading(db: Session, transcript: Transcript, me: Caller) -> Reading:
    """How this account reads the versions of a transcript that it sees: what it could read then."""
    moments = withheld(db, transcript.media_id, now())
    return Reading(
        transcript,
        snapshot_of(transcript),
        transcript.created_by_id,
        states=HELD.get(me.sight),
        clean=lambda content, _: withheld_from(content, moments),
        prose={"segments": as_text},
        as_now=as_now(me, ("segments",)),
    )


def restore(db: Session, transcript: Transcript, version: int, by: Caller) -> None:
    """What an earlier version said holds again: a change, like any other.

    Raises Invalid when there is no such version for `by`, WrongState when they do not read all of
    it, and whatever `change` raises.
    """
    service.require_author(by)
    payload = history.to_restore(db, reading(db, transcript, by), version, TranscriptIn)
    change(db, transcript, payload, by)
    record(db, "transcript.restored", on=transcript, by=by, version=version)


def approve(db: Session, transcript: Transcript, by: Caller) -> None:
    """Say that these are the words: excerpts of the words before follow them, or need a review."""
    service.approve(db, transcript, by)
    follow(db, transcript.media_id)


def disapprove(db: Session, transcript: Transcript, by: Caller) -> None:
    """It is a draft again: excerpts of it follow the words approved before, or need a review."""
    service.disapprove(db, transcript, by)
    follow(db, transcript.media_id)


def ask_engine(db: Session, media: Media, language: str, by: Caller) -> Transcription:
    """Have a speech engine hear a media, when it is `by`'s turn. See `transcripts.asking.ask`."""
    require_turn(db, media, by)
    return asking.ask(db, media, language, by)


def require_turn(db: Session, media: Media, by: Caller) -> None:
    """Raise Forbidden or WrongState unless `by` may write the words of this media now."""
    service.require_author(by)
    if Permission.MODERATE not in by.permissions and is_moderated(db, media):
        raise WrongState(moderated=True)


def _is_shared(db: Session, media: Media) -> bool:
    """Whether a testimony of this media was handed to the editors."""
    of_it = (
        select(TestimonyMedia.id)
        .join(Testimony, Testimony.id == TestimonyMedia.testimony_id)
        .where(TestimonyMedia.media_id == media.id, Testimony.state.not_in(HIDDEN))
    )
    return db.scalar(of_it.limit(1)) is not None


def _finished(me: Caller) -> ColumnElement[bool]:
    """Who is shown what was accepted is shown no drafts."""
    return Transcript.approved_at.is_not(None) if me.sight is Sight.ACCEPTED else true()


def _segments(db: Session, transcript: Transcript) -> list[dict[str, Any]]:
    moments = withheld(db, transcript.media_id, now())
    found = []
    for offset, segment in placed(transcript.segments):
        hidden = meets(segment, moments)
        said = {"speaker": None, "text": None} if hidden else {}
        found.append(segment | said | {"offset": offset, "withheld": hidden})
    return found

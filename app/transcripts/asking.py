"""Ask a speech engine what is said in a recording, and keep what came of it."""

from uuid import UUID, uuid4

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.core.problems import NotFound, Problem
from app.core.settings import Engine, settings
from app.jobs.service import enqueue
from app.lineage.service import made
from app.media.models import Media
from app.transcripts import service
from app.transcripts.models import (
    Failure,
    Source,
    Transcript,
    Transcription,
    TranscriptionState,
)
from app.transcripts.schemas import TranscriptIn

TRANSCRIBE = "transcripts.transcribe"


class NoSpeechEngine(Problem):
    """No speech engine is set up here: write the transcript, or import subtitles."""

    status = 409


def find(db: Session, media: Media) -> Transcription:
    """The last request about a media; locked if it may be changed. Raises NotFound."""
    if not (found := of_media(db, media.id)):
        raise NotFound
    return found


def of_media(db: Session, media_id: UUID) -> Transcription | None:
    """The last request about a media, if there is one; locked if it may be changed."""
    rows = select(Transcription).where(Transcription.media_id == media_id)
    return db.scalar(locked(db, rows))


def ask(db: Session, media: Media, language: str, by: Caller) -> Transcription:
    """Have a media heard once the transaction is committed. `media` is locked.

    What is asked already is not asked twice, unless it failed. Raises NoSpeechEngine, WrongState.
    """
    service.require_author(by)
    if settings().asr_engine is Engine.NONE:
        raise NoSpeechEngine
    service.require_spoken(media)
    asked = of_media(db, media.id)
    if not asked:
        asked = Transcription(id=uuid4(), media_id=media.id)
        db.add(asked)
    elif asked.language == language and asked.state is TranscriptionState.DONE:
        return asked
    if asked.language != language or asked.failure:
        asked.language, asked.asked_by_id, asked.asked_at = language, by.id, now()
        asked.started_at = asked.ended_at = asked.progress = None
        asked.failure = asked.transcript_id = None
        record(db, "transcription.asked", on=asked, by=by, language=language)
    ask_work(db, media.id)
    return asked


def ask_work(db: Session, media_id: UUID) -> None:
    """Have a job do what is asked, once the transaction is committed: one at a time."""
    enqueue(db, TRANSCRIBE, dedupe_key=f"{TRANSCRIBE}:{media_id}", media_id=str(media_id))


# For the job


def waiting(db: Session) -> list[UUID]:
    """The media of which nobody knows yet what will be heard."""
    alive = Media.id == Transcription.media_id, Media.erased_at.is_(None)
    asked = select(Media.id).join(Transcription, and_(*alive))
    return list(db.scalars(asked.where(Transcription.ended_at.is_(None))))


def keep(
    db: Session, asked: Transcription, media: Media, payload: TranscriptIn, engine: str
) -> Transcript:
    """What the engine heard: a draft of its own. Raises Invalid when it cannot be of this media."""
    author = asked.asked_by_id
    transcript = service.add(db, media, payload, Source.MACHINE, author, engine)
    made(db, transcript, [(Media, media.id)])
    asked.transcript_id, asked.ended_at, asked.progress = transcript.id, now(), None
    record(db, "transcription.made", on=transcript, by=None, n=len(payload.segments))
    return transcript


def give_up(db: Session, asked: Transcription, failure: Failure) -> None:
    """Say why there is no transcript."""
    asked.failure, asked.ended_at, asked.progress = failure, now(), None
    record(db, "transcription.failed", on=asked, by=None, reason=failure)

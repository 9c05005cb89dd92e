"""What can be done with transcripts: each function is one deed, one permission, one audit event.

That `by` may read the words, and whose turn it is to write them, is decided before: see
`gate.transcripts`.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.core.pages import Order
from app.core.problems import Invalid, WrongState
from app.history import service as history
from app.lineage.service import made
from app.media.models import Kind, Media, Status
from app.textindex import service as textindex
from app.textindex.models import TextKind
from app.transcripts.models import Source, Transcript
from app.transcripts.schemas import SegmentIn, TranscriptIn
from app.transcripts.versions import APPROVED, PRIVATE, SHARED, snapshot_of
from app.transcripts.versions import erase_moments as erase_moments_of_versions
from app.transcripts.words import meets

T = Transcript
LATEST_FIRST = Order(T.number, T.id, descending=True)
SLACK = 1000  # ms after the end of a recording, where a last word may end: it is cut off there
LONGEST = 200_000  # code points of a plain text
AT_ONCE = 2  # segments
SPOKEN = (Kind.VIDEO, Kind.AUDIO)


def of_media(media: Media) -> Select[Transcript]:
    """The transcripts of a media, in no order."""
    return select(T).where(T.media_id == media.id, T.erased_at.is_(None))


def current(db: Session, media_id: UUID) -> Transcript | None:
    """The newest approved transcript of a media: what is quoted, and shown as captions."""
    approved = T.media_id == media_id, T.approved_at.is_not(None), T.erased_at.is_(None)
    return db.scalars(select(T).where(*approved).order_by(T.number.desc()).limit(1)).first()


def newest(db: Session, media_id: UUID) -> Transcript | None:
    """The transcript of a media that was begun last, approved or not."""
    rows = select(T).where(T.media_id == media_id, T.erased_at.is_(None))
    return db.scalars(rows.order_by(T.number.desc()).limit(1)).first()


def write(db: Session, media: Media, payload: TranscriptIn, source: Source, by: Caller) -> T:
    """A new transcript of a recording, a draft. `media` is locked. Raises Invalid, WrongState."""
    require_author(by)
    parent = _parent(db, media, payload.parent_id)
    transcript = add(db, media, payload, source, by.id)
    record(db, "transcript.written", on=transcript, by=by, source=source, n=len(payload.segments))
    inputs = [(Media, media.id), (Transcript, parent.id if parent else None)]
    made(db, transcript, inputs)
    return transcript


def change(
    db: Session,
    transcript: T,
    media: Media,
    payload: TranscriptIn,
    by: Caller,
    shared: bool,
) -> None:
    """The same transcript, in other words: a new version of it. A machine's never changes.

    One that is approved is changed by who may approve it, and that is approving it anew. `shared`
    says whether editors read it already.
    """
    require_author(by)
    was = snapshot_of(transcript)
    if transcript.source is Source.MACHINE:
        raise WrongState(source=transcript.source)
    if payload.parent_id != transcript.parent_id:
        raise Invalid.at("#/parent_id", "stays")
    if transcript.approved_at:
        by.require(Permission.MODERATE)
        transcript.approved_at, transcript.approved_by_id = now(), by.id
    transcript.segments = checked(payload.segments, media)
    transcript.language = payload.language
    transcript.touch()
    record(db, "transcript.changed", on=transcript, by=by, n=len(payload.segments))
    history.keep(
        db,
        transcript,
        was,
        snapshot_of(transcript),
        author_id=transcript.created_by_id,
        editor_id=by.id,
        state=APPROVED if transcript.approved_at else SHARED if shared else PRIVATE,
    )
    index(db, transcript.media_id)


def approve(db: Session, transcript: T, by: Caller) -> None:
    """Say that these are the words. Twice is once."""
    by.require(Permission.MODERATE)
    if not transcript.approved_at:
        transcript.approved_at, transcript.approved_by_id = now(), by.id
        record(db, "transcript.approved", on=transcript, by=by)
        index(db, transcript.media_id)


def disapprove(db: Session, transcript: T, by: Caller) -> None:
    """It is a draft again. Twice is once."""
    by.require(Permission.MODERATE)
    if transcript.approved_at:
        transcript.approved_at = transcript.approved_by_id = None
        record(db, "transcript.disapproved", on=transcript, by=by)
        index(db, transcript.media_id)


def index(db: Session, media_id: UUID) -> None:
    """Have the words of a media found: those of its current transcript."""
    db.flush()
    textindex.remove(db, list(db.scalars(select(T.id).where(T.media_id == media_id))))
    if found := current(db, media_id):
        textindex.put(db, TextKind.TRANSCRIPT, found.id, found.created_at, body=found.text)


def require_author(by: Caller) -> None:
    """Raise Forbidden unless `by` may write transcripts somewhere."""
    if Permission.MODERATE not in by.permissions:
        by.require(Permission.WRITE_TESTIMONIES)


def require_spoken(media: Media) -> int:
    """The duration of a recording in which somebody may speak. Raises WrongState."""
    if media.status is not Status.READY or media.kind not in SPOKEN or not media.duration_ms:
        raise WrongState(media_status=media.status, media_kind=media.kind)
    return media.duration_ms


def add(
    db: Session,
    media: Media,
    payload: TranscriptIn,
    source: Source,
    author_id: UUID,
    engine: str | None = None,
) -> T:
    """One more transcript of a media, which is locked."""
    segments = checked(payload.segments, media)
    last = db.scalar(select(func.max(T.number)).where(T.media_id == media.id)) or 0
    transcript = Transcript(
        id=uuid4(),
        media_id=media.id,
        number=last + 1,
        source=source,
        engine=engine,
        language=payload.language,
        parent_id=payload.parent_id,
        segments=segments,
        created_by_id=author_id,
    )
    db.add(transcript)
    return transcript


def checked(segments: Sequence[SegmentIn], media: Media) -> list[dict[str, Any]]:
    """The segments to keep. Raises Invalid at the first mistake, WrongState.

    They are in the order of their beginnings, at most two at once, and end with the recording.
    """
    duration, kept = require_spoken(media), []
    ends: list[int] = []  # of the segments that are not over
    begun = length = 0
    for index, segment in enumerate(segments):
        here = f"#/segments/{index}"
        if segment.end_ms <= segment.start_ms:
            raise Invalid.at(f"{here}/end_ms", "before_from")
        if segment.start_ms >= duration or segment.end_ms > duration + SLACK:
            raise Invalid.at(f"{here}/end_ms", "out_of_range", length=duration)
        if segment.start_ms < begun:
            raise Invalid.at(f"{here}/start_ms", "not_in_order")
        begun = segment.start_ms
        ends = [end for end in ends if end > begun]
        if len(ends) >= AT_ONCE:
            raise Invalid.at(f"{here}/start_ms", "too_many_at_once", most=AT_ONCE)
        ends.append(segment.end_ms)
        length += len(segment.text) + 1
        if length > LONGEST:
            raise Invalid.at(f"{here}/text", "words_too_many", most=LONGEST)
        kept.append(segment.model_dump() | {"end_ms": min(segment.end_ms, duration)})
    return kept


def _parent(db: Session, media: Media, parent_id: UUID | None) -> T | None:
    if parent_id is None:
        return None
    found = db.scalar(of_media(media).where(T.id == parent_id))
    if not found:
        raise Invalid.at("#/parent_id", "unknown_id")
    return found


# Taken back


def erase(db: Session, ids: Collection[UUID]) -> None:
    """The words of these transcripts are gone; that they were there is kept."""
    rows = select(T).where(T.id.in_(ids), T.erased_at.is_(None))
    found = db.scalars(locked(db, rows)).all()
    for transcript in found:
        transcript.segments, transcript.erased_at = [], now()
        transcript.approved_at = transcript.approved_by_id = None
    for media_id in {transcript.media_id for transcript in found}:
        index(db, media_id)


def erase_moments(db: Session, media_id: UUID, moments: Sequence[tuple[int, int]]) -> None:
    """What is said in a media at these moments is gone, from all its transcripts.

    Also from a machine's, and by nobody's deed: somebody is heard or named there, and took it back.
    """
    rows = select(T).where(T.media_id == media_id, T.erased_at.is_(None))
    found = db.scalars(locked(db, rows)).all()
    erase_moments_of_versions(db, [transcript.id for transcript in found], moments)
    for transcript in found:
        kept = [segment for segment in transcript.segments if not meets(segment, moments)]
        if len(kept) < len(transcript.segments):
            transcript.segments = kept
    index(db, media_id)

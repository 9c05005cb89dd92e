"""What a transcript says, as its history keeps it, and its partial erasure."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.history import service as history
from app.history.models import Version
from app.history.service import Content, Snapshot, said_by, snapshot
from app.transcripts.models import Transcript
from app.transcripts.schemas import TranscriptIn
from app.transcripts.words import meets

APPROVED, SHARED, PRIVATE = "approved", "shared", "private"  # where it stood, for `Version.state`


def snapshot_of(transcript: Transcript) -> Snapshot:
    """What it says now."""
    return snapshot(transcript, said_by(TranscriptIn, transcript, {}))


def erase_moments(
    db: Session, transcript_ids: Collection[UUID], moments: Sequence[tuple[int, int]]
) -> None:
    """What is said at these moments is gone, from every version of these transcripts."""

    def what_stays(content: Content) -> Content:
        kept = [part for part in content["segments"] if not meets(part, moments)]
        return content | {"segments": kept}

    of = Version.of == Transcript.__tablename__, Version.of_id.in_(transcript_ids)
    history.erase_parts(db, select(Version).where(*of), what_stays)


def withheld_from(content: Content, moments: Sequence[tuple[int, int]]) -> Content:
    """The same without the words that are said at these moments."""

    def told(segment: dict[str, Any]) -> dict[str, Any]:
        hidden = {"speaker": None, "text": None, "withheld": True}
        return segment | hidden if meets(segment, moments) else segment

    return content | {"segments": [told(segment) for segment in content["segments"]]}


def as_text(segments: Sequence[dict[str, Any]]) -> str:
    """What can be read of the segments, one by line, after their times and who speaks."""
    return "\n".join(_line(segment) for segment in segments if segment["text"])


def _line(segment: dict[str, Any]) -> str:
    start, end = (f"{segment[name] / 1000:.3f}" for name in ("start_ms", "end_ms"))
    speaker = f" {segment['speaker']}:" if segment["speaker"] else ""
    return f"[{start}-{end}]{speaker} {segment['text']}"

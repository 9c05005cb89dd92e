"""A transcript of a media."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Versioned


class Source(StrEnum):
    """Where the words come from."""

    MACHINE = "machine"
    IMPORT = "import"
    MANUAL = "manual"


class TranscriptionState(StrEnum):
    """How far a speech engine is. Never stored: read from the facts."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Failure(StrEnum):
    """Why a speech engine gave no transcript."""

    NO_SOUND = "no-sound"  # there is nothing to hear in the recording
    NOTHING_SAID = "nothing-said"  # the program heard no word
    FAILED = "failed"  # the program ended badly
    TOO_SLOW = "too-slow"  # it was stopped at the limit of time
    TOO_MUCH = "too-much"  # it wrote more than anybody can say
    UNREADABLE = "unreadable"  # what it wrote is no SRT, or not of this recording
    MACHINE = "machine"  # there is no such program, or no memory or disk for it


class Transcription(Versioned):
    """That a speech engine was asked what is said in a media, and what came of it."""

    __tablename__ = "transcriptions"
    __table_args__ = (
        CheckConstraint("failure IS NULL OR transcript_id IS NULL", name="ends_once"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress_is_a_share"),
    )

    media_id: Mapped[UUID] = mapped_column(ForeignKey("media.id"), unique=True)
    language: Mapped[str] = mapped_column(String(8))
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    progress: Mapped[float | None]
    failure: Mapped[Failure | None]
    transcript_id: Mapped[UUID | None] = mapped_column(ForeignKey("transcripts.id"))

    @property
    def state(self) -> TranscriptionState:
        if self.failure:
            return TranscriptionState.FAILED
        if self.transcript_id:
            return TranscriptionState.DONE
        return TranscriptionState.RUNNING if self.started_at else TranscriptionState.WAITING


class Transcript(Versioned):
    """What is said in a media, and when: `segments` are `{start_ms, end_ms, speaker, text}`.

    `number` counts the transcripts of a media. `engine` is what heard it, of a machine's.
    """

    __tablename__ = "transcripts"
    __table_args__ = (
        CheckConstraint("(approved_at IS NULL) = (approved_by_id IS NULL)", name="approved_by"),
        CheckConstraint("(source = 'machine') = (engine IS NOT NULL)", name="machine_is_named"),
        Index(None, "media_id", "number", unique=True),
        Index(None, "parent_id"),
    )

    media_id: Mapped[UUID] = mapped_column(ForeignKey("media.id"))
    number: Mapped[int]
    source: Mapped[Source]
    engine: Mapped[str | None] = mapped_column(String(80))
    language: Mapped[str] = mapped_column(String(8))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("transcripts.id"))
    segments: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    approved_at: Mapped[datetime | None]
    approved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    erased_at: Mapped[datetime | None]  # its words are gone, for somebody took them back

    @property
    def text(self) -> str:
        """The plain text, of which offsets are code points."""
        return "\n".join(segment["text"] for segment in self.segments)

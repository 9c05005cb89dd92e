"""A media: a file as it was received, what was found in it, and what was made of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base, Versioned, now

ORIGINAL = "original"


class Status(StrEnum):
    """How far the work on a media is."""

    RECEIVED = "received"
    PROCESSING = "processing"
    READY = "ready"
    REJECTED = "rejected"


class Kind(StrEnum):
    """What a media is, by its content and not by its name."""

    VIDEO = "video"
    AUDIO = "audio"
    IMAGE = "image"
    DOCUMENT = "document"  # PDF: stored as it is, nothing is made of it


class Reason(StrEnum):
    """Why a media was rejected."""

    CONTAINER = "container"  # of no format that is accepted here, or empty
    NO_AV = "no-av"  # nothing to see or hear in it, or for less than 0.2 s
    TOO_LONG = "too-long"
    TOO_LARGE_PICTURE = "too-large-picture"
    TOO_MANY_STREAMS = "too-many-streams"
    FRAME_RATE = "frame-rate"
    CORRUPT = "corrupt"  # truncated, or unreadable
    BUDGET = "budget"  # more bytes than its kind may have, or more work than a tool may do
    TYPE_MISMATCH = "type-mismatch"  # begins as one format and reads as another


@dataclass(frozen=True)
class Part:
    """An object with some of the bytes of a media; of one of before, only the key is known."""

    key: str
    size: int | None
    sha256: str | None


class Media(Versioned):
    """A file that somebody deposited, and the state of the work on it.

    `filename` is a label, never a path. What is known of the content comes from the content. The
    bytes are in `parts` until they are joined (`uploads`), then in the rendition `original`; those
    of a rejected media are deleted, unless it was only too much work.
    """

    __tablename__ = "media"
    __table_args__ = (
        CheckConstraint("(status = 'rejected') = (reason IS NOT NULL)", name="rejected_for_reason"),
        CheckConstraint(
            "status != 'ready' OR (kind IS NOT NULL AND content_type IS NOT NULL"
            " AND sha256 IS NOT NULL)",
            name="ready_is_known",
        ),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress_is_a_share"),
        Index(None, "created_by_id", "size"),
    )

    owner_organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    status: Mapped[Status] = mapped_column(default=Status.RECEIVED)
    reason: Mapped[Reason | None]
    progress: Mapped[float | None]
    kind: Mapped[Kind | None]
    filename: Mapped[str] = mapped_column(String(200))
    content_type: Mapped[str | None] = mapped_column(String(80))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # see `pieces`
    duration_ms: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    fps: Mapped[float | None]
    deposited_at: Mapped[datetime] = mapped_column(default=now)  # the last time: see `twins`
    taken_back_at: Mapped[datetime | None]  # somebody in it took everything back
    erased_at: Mapped[datetime | None]  # its bytes and its name are gone, for somebody took it back

    @property
    def pieces(self) -> list[Part]:
        """What is to be joined, in order: what came, as it was measured while it came."""
        return [Part(**part) for part in self.parts]

    def begin(self) -> None:
        """Also once more, after it was too much work."""
        if self.status is Status.RECEIVED or self.reason is Reason.BUDGET:
            self.status, self.reason, self.progress = Status.PROCESSING, None, 0.0

    def finish(self) -> None:
        self.status, self.progress = Status.READY, None

    def reject(self, reason: Reason) -> None:
        self.status, self.reason, self.progress = Status.REJECTED, reason, None


class Rendition(Base):
    """One file of a media: `original`, `web.mp4`, `poster.jpg`… Its bytes are under `key`."""

    __tablename__ = "renditions"
    __table_args__ = (UniqueConstraint("media_id", "name"),)

    media_id: Mapped[UUID] = mapped_column(ForeignKey("media.id"))
    name: Mapped[str] = mapped_column(String(40))
    content_type: Mapped[str] = mapped_column(String(80))
    size: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int | None]
    height: Mapped[int | None]
    key: Mapped[str] = mapped_column(String(200), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))

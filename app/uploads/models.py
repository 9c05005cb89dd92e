"""An upload: how much of a file came, in which pieces, and the media that it became."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base
from app.core.problems import Problem

LONGEST_METADATA = 4000  # characters of the header: a name of 200 code points fits many times


class OffsetConflict(Problem):
    """These bytes are not the next ones: ask for the offset, then go on from there."""

    status = 409


class TooManyPieces(Problem):
    """This file came in too many pieces: begin again, with larger ones."""

    status = 409


class Upload(Base):
    """A file on its way, of `size` bytes, of which the first `received` are on disk.

    `metadata_` is what its creator said of it, as it was said. `turn` counts the requests that
    began to bring bytes: only the latest may add any, so that one whose line is dead stops nobody.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("received BETWEEN 0 AND size", name="received_of_size"),
        CheckConstraint("(media_id IS NULL) = (received < size)", name="whole_is_a_media"),
        Index(None, "created_by_id", "expires_at"),
    )

    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    workshop_id: Mapped[UUID | None] = mapped_column(ForeignKey("workshops.id"))
    metadata_: Mapped[str] = mapped_column("metadata", String(LONGEST_METADATA))
    size: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    turn: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    media_id: Mapped[UUID | None] = mapped_column(ForeignKey("media.id"), index=True)

    @property
    def left(self) -> int:
        """The bytes that are still to come."""
        return self.size - self.received


class UploadPart(Base):
    """A piece of an upload that is not whole yet: its bytes from `start` on, under `key`."""

    __tablename__ = "upload_parts"
    __table_args__ = (UniqueConstraint("upload_id", "start"),)

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.id"))
    start: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))

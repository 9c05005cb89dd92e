"""An appearance: one person, in one way, during one time of a media."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class AppearanceKind(StrEnum):
    """How somebody is there."""

    FACE = "face"
    VOICE = "voice"
    NAME = "name"


class Appearance(Base):
    """From `start_ms` to before `end_ms`; of a picture or a document, all of it counts."""

    __tablename__ = "appearances"
    __table_args__ = (
        CheckConstraint("start_ms >= 0 AND end_ms > start_ms", name="in_order"),
        Index(None, "media_id", "start_ms", "id"),
        Index(None, "witness_id", "media_id"),
    )

    media_id: Mapped[UUID] = mapped_column(ForeignKey("media.id"))
    witness_id: Mapped[UUID] = mapped_column(ForeignKey("witnesses.id"))
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    kind: Mapped[AppearanceKind]

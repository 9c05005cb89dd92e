"""A legal hold: somebody may not be forgotten yet."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class LegalHold(Base):
    """What is kept of a witness is not erased, by a withdrawal or by its age, until it is lifted.

    It shows nothing to anybody: what was withdrawn stays out of sight.
    """

    __tablename__ = "legal_holds"
    __table_args__ = (
        CheckConstraint("(lifted_at IS NULL) = (lifted_by_id IS NULL)", name="lifted_by_someone"),
        Index(None, "witness_id"),
        Index(None, "created_at", "id"),
    )

    witness_id: Mapped[UUID] = mapped_column(ForeignKey("witnesses.id"))
    reason: Mapped[str] = mapped_column(Text)
    placed_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))

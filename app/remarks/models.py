"""A remark."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Versioned


class Remark(Versioned):
    """What somebody wrote about a testimony, an excerpt or a bundle, and whether it is settled."""

    __tablename__ = "remarks"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN testimony_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN excerpt_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN bundle_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="about_one_thing",
        ),
        CheckConstraint(
            "(resolved_at IS NULL) = (resolved_by_id IS NULL)", name="resolved_by_someone"
        ),
        Index(None, "testimony_id", "created_at", "id"),
        Index(None, "excerpt_id", "created_at", "id"),
        Index(None, "bundle_id", "created_at", "id"),
    )

    testimony_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("testimonies.id", ondelete="CASCADE")
    )
    excerpt_id: Mapped[UUID | None] = mapped_column(ForeignKey("excerpts.id", ondelete="CASCADE"))
    bundle_id: Mapped[UUID | None] = mapped_column(ForeignKey("bundles.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))

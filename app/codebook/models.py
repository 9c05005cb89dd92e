"""Themes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Versioned


class Theme(Versioned):
    """A code of the codebook, what it means, and what belongs to it or does not.

    Retired, it stays on what was coded, and is given no more. One that was merged is retired for
    good, and on nothing: it only says where its codings went.
    """

    __tablename__ = "themes"
    __table_args__ = (
        UniqueConstraint("scheme_id", "name"),
        CheckConstraint("(retired_at IS NULL) = (retired_by_id IS NULL)", name="retired_by"),
        CheckConstraint(
            "merged_into_id IS NULL OR retired_at IS NOT NULL", name="merged_is_retired"
        ),
        CheckConstraint("merged_into_id <> id", name="merged_elsewhere"),
        Index(None, "scheme_id", "name", "id"),
        Index(None, "name", "id"),
        Index(None, "updated_at"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    name: Mapped[str] = mapped_column(String(200))
    definition: Mapped[str] = mapped_column(Text)
    examples: Mapped[list[str]] = mapped_column(default=list)
    counter_examples: Mapped[list[str]] = mapped_column(default=list)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("themes.id"), index=True)
    color: Mapped[str | None] = mapped_column(String(7))
    retired_at: Mapped[datetime | None]
    retired_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("themes.id"), index=True)

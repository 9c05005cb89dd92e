"""Themes."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Versioned


class Theme(Versioned):
    """A code of the codebook, and what it means."""

    __tablename__ = "themes"
    __table_args__ = (
        UniqueConstraint("scheme_id", "name"),
        Index(None, "scheme_id", "name", "id"),
        Index(None, "name", "id"),
        Index(None, "updated_at"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    name: Mapped[str] = mapped_column(String(200))
    definition: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("themes.id"), index=True)
    color: Mapped[str | None] = mapped_column(String(7))

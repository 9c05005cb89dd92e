"""Targets: whom a scheme wants to hear, and where."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Target(Base):
    """How many witnesses of one role a scheme wants to hear in one department."""

    __tablename__ = "targets"
    __table_args__ = (
        UniqueConstraint("scheme_id", "role", "territory_id"),
        CheckConstraint("witnesses >= 1", name="somebody"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    role: Mapped[str] = mapped_column(String(40))
    territory_id: Mapped[UUID] = mapped_column(ForeignKey("territories.id"))
    witnesses: Mapped[int]

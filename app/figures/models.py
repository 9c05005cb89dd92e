"""A period, and the tables that everybody reads of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base, now


class FrozenFigures(Base):
    """The figures of one period of a scheme. They never change, and no row of them is somebody's.

    Months are `2026-11`, in UTC. The first period of a scheme has no first month: it began with
    the scheme.
    """

    __tablename__ = "frozen_figures"
    __table_args__ = (
        UniqueConstraint("scheme_id", "number"),
        UniqueConstraint("scheme_id", "last_month"),
        Index(None, "last_month", "id"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    number: Mapped[int]
    first_month: Mapped[str | None] = mapped_column(String(7))
    last_month: Mapped[str] = mapped_column(String(7))
    k: Mapped[int]
    testimonies: Mapped[int]
    tables: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    frozen_at: Mapped[datetime] = mapped_column(default=now)

"""What was done to reach the people who can act, and what they said."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class What(StrEnum):
    """What happened with somebody."""

    INVITED = "invited"
    MET = "met"
    READ = "read"
    COMMITTED = "committed"
    DECLINED = "declined"


class Mobilization(Base):
    """Something that happened with somebody who can act, on a day; never changed."""

    __tablename__ = "mobilizations"
    __table_args__ = (
        Index(None, "on", "id"),
        Index(None, "scheme_id", "on", "id"),
        Index(None, "delivery_id", "on", "id"),
        Index(None, "decision_maker_id", "on", "id"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    delivery_id: Mapped[UUID | None] = mapped_column(ForeignKey("deliveries.id"))
    decision_maker_id: Mapped[UUID | None] = mapped_column(ForeignKey("decision_makers.id"))
    with_whom: Mapped[str] = mapped_column(String(200))
    what: Mapped[What]
    on: Mapped[date]
    note: Mapped[str | None] = mapped_column(Text)
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))

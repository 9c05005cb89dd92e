"""A decision. Append-only: the newest says where the testimony is."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Verdict(StrEnum):
    """What an editor decides."""

    ACCEPT = "accept"
    RETURN = "return"
    REJECT = "reject"


class Decision(Base):
    """What was decided of a testimony, by whom and why."""

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint("verdict = 'accept' OR reason_code IS NOT NULL", name="reason_given"),
        Index(None, "testimony_id", "created_at", "id"),
        Index(None, "created_at", "id"),
    )

    testimony_id: Mapped[UUID] = mapped_column(ForeignKey("testimonies.id"))
    verdict: Mapped[Verdict]
    reason_code: Mapped[str | None] = mapped_column(String(40))
    comment: Mapped[str | None] = mapped_column(Text)
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))

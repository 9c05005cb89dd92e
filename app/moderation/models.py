"""A decision. Append-only: the newest says where the testimony is. And candor."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base, Versioned, now
from app.moderation.speech import Level, Sign, level_of


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


class Candor(Versioned):
    """How freely a testimony was said, as somebody of the team assessed it: the newest time.

    Of each sign: whether it was there; null when nobody looked. It is of the team alone.
    """

    __tablename__ = "candors"
    __table_args__ = (
        CheckConstraint(
            "coalesce(first_person, concrete_episode, named_difficulty, institutional_wording,"
            " hierarchy_present, prepared_text) IS NOT NULL",
            name="sign_noted",
        ),
    )

    testimony_id: Mapped[UUID] = mapped_column(
        ForeignKey("testimonies.id", ondelete="CASCADE"), unique=True
    )
    first_person: Mapped[bool | None]
    concrete_episode: Mapped[bool | None]
    named_difficulty: Mapped[bool | None]
    institutional_wording: Mapped[bool | None]
    hierarchy_present: Mapped[bool | None]
    prepared_text: Mapped[bool | None]
    follow_up_tried: Mapped[bool | None]
    comment: Mapped[str | None] = mapped_column(Text)
    assessed_at: Mapped[datetime] = mapped_column(default=now)
    assessed_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))

    @property
    def noted(self) -> dict[Sign, bool | None]:
        """What was noted of each sign."""
        return {sign: getattr(self, sign) for sign in Sign}

    @property
    def level(self) -> Level:
        return level_of(self.noted)

"""A testimony, the people, themes, media and tags that belong to it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.models import Owned
from app.core.models import Base, Versioned, now


class State(StrEnum):
    """Where a testimony is on its way. `withdrawn` is final."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Nature(StrEnum):
    """What words tell: what people do, what they feel, what they would do."""

    PRACTICE = "practice"
    FEELING = "feeling"
    MIXED = "mixed"
    IDEA = "idea"
    INFORMATION = "information"


def _latest_first(*before: str) -> Index:
    name = "_".join(("ix_testimonies", *before, "recorded_on_id"))
    return Index(name, *before, text("recorded_on DESC"), "id")


class Testimony(Owned, Versioned):
    """What one or several witnesses said on one occasion."""

    __tablename__ = "testimonies"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workshop_id", "owner_organization_id"],
            ["workshops.id", "workshops.owner_organization_id"],
        ),
        CheckConstraint(
            "state = 'withdrawn' OR (state = 'draft') = (submitted_at IS NULL)",
            name="submitted_unless_draft",
        ),
        CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn_at"),
        _latest_first("owner_organization_id"),
        _latest_first("partner_organization_id"),
        _latest_first("state"),
        _latest_first("scheme_id"),
        _latest_first("workshop_id"),
        _latest_first("place_id"),
        _latest_first(),
        Index(None, "state", "submitted_at", "id"),
        Index(None, "updated_at"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    workshop_id: Mapped[UUID | None]
    place_id: Mapped[UUID | None] = mapped_column(ForeignKey("places.id"))
    method: Mapped[str] = mapped_column(String(40))
    title: Mapped[str | None] = mapped_column(String(200))
    body: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8), default="fr")
    recorded_on: Mapped[date]
    nature: Mapped[Nature | None]
    sector: Mapped[str | None] = mapped_column(String(40))
    territory_id: Mapped[UUID | None] = mapped_column(ForeignKey("territories.id"))
    restriction: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    embargo_until: Mapped[datetime | None]
    state: Mapped[State] = mapped_column(default=State.DRAFT)
    submitted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_from: Mapped[State | None]  # who had seen it is told that it is gone
    erased_at: Mapped[datetime | None]  # its words are gone
    captured_by: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)

    def withdraw(self) -> None:
        """For good, and for everybody: lists tell those who mirror them."""
        self.withdrawn_from, self.withdrawn_at = self.state, now()
        self.state = State.WITHDRAWN


class TestimonyWitness(Base):
    """Who spoke."""

    __tablename__ = "testimony_witnesses"
    __table_args__ = (
        Index(None, "testimony_id", "witness_id", unique=True),
        Index(None, "witness_id"),
    )

    testimony_id: Mapped[UUID] = mapped_column(ForeignKey("testimonies.id", ondelete="CASCADE"))
    witness_id: Mapped[UUID] = mapped_column(ForeignKey("witnesses.id"))
    position: Mapped[int]


class TestimonyTheme(Base):
    """What it is about."""

    __tablename__ = "testimony_themes"
    __table_args__ = (
        Index(None, "testimony_id", "theme_id", unique=True),
        Index(None, "theme_id"),
    )

    testimony_id: Mapped[UUID] = mapped_column(ForeignKey("testimonies.id", ondelete="CASCADE"))
    theme_id: Mapped[UUID] = mapped_column(ForeignKey("themes.id"))
    position: Mapped[int]


class TestimonyMedia(Base):
    """What was recorded of it."""

    __tablename__ = "testimony_media"
    __table_args__ = (
        Index(None, "testimony_id", "media_id", unique=True),
        Index(None, "media_id"),
    )

    testimony_id: Mapped[UUID] = mapped_column(ForeignKey("testimonies.id", ondelete="CASCADE"))
    media_id: Mapped[UUID] = mapped_column(ForeignKey("media.id"))
    position: Mapped[int]


class TestimonyTag(Base):
    """A word that the animator put on it."""

    __tablename__ = "testimony_tags"
    __table_args__ = (Index(None, "testimony_id", "tag", unique=True), Index(None, "tag"))

    testimony_id: Mapped[UUID] = mapped_column(ForeignKey("testimonies.id", ondelete="CASCADE"))
    tag: Mapped[str] = mapped_column(String(64))
    position: Mapped[int]

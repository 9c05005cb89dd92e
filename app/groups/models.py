"""Members, restitution protocols and handovers of a group; its own row is in `workshops`."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Identification(StrEnum):
    """How those who speak may be named, when the group's words are given back."""

    ANONYMOUS = "anonymous"  # neither a signature nor the employer's name
    SIGNATURE = "signature"  # with the signature that each one chose


class Rereading(StrEnum):
    """Who reads again before the group's words are published."""

    NOBODY = "nobody"
    GROUP = "group"
    EACH_WITNESS = "each_witness"


class About(StrEnum):
    """What a clause is about."""

    AUDIENCES = "audiences"
    FORMS = "forms"
    MEDIA = "media"
    IDENTIFICATION = "identification"
    REREADING = "rereading"


class Member(Base):
    """Somebody who belongs to a group, from a day to before another."""

    __tablename__ = "group_members"
    __table_args__ = (
        CheckConstraint("left_on IS NULL OR left_on >= joined_on", name="in_order"),
        Index(None, "group_id", "joined_on", "id"),
        Index(None, "witness_id"),
        Index(
            "uq_group_members_present",
            "group_id",
            "witness_id",
            unique=True,
            postgresql_where=text("left_on IS NULL"),
            sqlite_where=text("left_on IS NULL"),
        ),
    )

    group_id: Mapped[UUID] = mapped_column(ForeignKey("groups.id"))
    witness_id: Mapped[UUID] = mapped_column(ForeignKey("witnesses.id"))
    joined_on: Mapped[date]
    left_on: Mapped[date | None]


class Protocol(Base):
    """What a group agreed on: where its words may go, at the most. Null allows all.

    It never changes: the group adopts another version. `clauses` are the group's own words, each
    `{about, text}`.
    """

    __tablename__ = "protocols"
    __table_args__ = (
        UniqueConstraint("group_id", "number"),
        CheckConstraint("(adopted_at IS NULL) = (adopted_by_id IS NULL)", name="adopted_by"),
    )

    group_id: Mapped[UUID] = mapped_column(ForeignKey("groups.id"))
    number: Mapped[int]
    audiences: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    forms: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    media: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    identification: Mapped[Identification]
    rereading: Mapped[Rereading]
    clauses: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    written_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    adopted_at: Mapped[datetime | None]
    adopted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class Handover(Base):
    """That a group went from one organization to another, and why."""

    __tablename__ = "group_handovers"
    __table_args__ = (Index(None, "group_id", "created_at", "id"),)

    group_id: Mapped[UUID] = mapped_column(ForeignKey("groups.id"))
    from_organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    to_organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))

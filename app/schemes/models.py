"""Schemes with the questions they ask, and the terms of vocabularies."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base, Versioned


class Scheme(Versioned):
    """A public policy. Everything that is heard belongs to one."""

    __tablename__ = "schemes"
    __table_args__ = (CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="in_order"),)

    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    public_title: Mapped[str] = mapped_column(String(200))
    question: Mapped[str] = mapped_column(Text)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]


class EarlierQuestion(Base):
    """A question that a scheme asked before, and why it asks another now."""

    __tablename__ = "earlier_questions"
    __table_args__ = (Index(None, "scheme_id", "created_at", "id"),)

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    question: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    changed_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class Term(Versioned):
    """One word of a vocabulary. Retired, it stays on what it described, and is chosen no more."""

    __tablename__ = "terms"
    __table_args__ = (
        UniqueConstraint("vocabulary", "code"),
        Index(None, "vocabulary", "position", "id"),
    )

    vocabulary: Mapped[str] = mapped_column(String(40))
    code: Mapped[str] = mapped_column(String(40))
    label_fr: Mapped[str] = mapped_column(String(200))
    label_en: Mapped[str] = mapped_column(String(200))
    position: Mapped[int] = mapped_column(default=0)
    retired: Mapped[bool] = mapped_column(default=False)
    facts: Mapped[dict[str, Any]]

"""An annotation."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Versioned


class AnnotationKind(StrEnum):
    """What somebody does to a draft."""

    QUESTION = "question"
    OBJECTION = "objection"
    ADDITION = "addition"
    AGREEMENT = "agreement"


class Annotation(Versioned):
    """What somebody said of a subject, or of one part of it, what was answered, if it is settled.

    It copies nothing of what it is about: `subject_version` and `item_id` or `section` (a place,
    from 0) say where that is found in the history of the subject, as far as it may still be read.
    """

    __tablename__ = "annotations"
    __table_args__ = (
        CheckConstraint("(bundle_id IS NULL) <> (proposition_id IS NULL)", name="about_one_thing"),
        CheckConstraint("section IS NULL OR item_id IS NULL", name="about_one_part"),
        CheckConstraint(
            "(answer IS NULL) = (answered_at IS NULL)"
            " AND (answer IS NULL) = (answered_by_id IS NULL)",
            name="answered_by_someone",
        ),
        CheckConstraint(
            "(resolved_at IS NULL) = (resolved_by_id IS NULL)", name="resolved_by_someone"
        ),
        Index(None, "bundle_id", "created_at", "id"),
        Index(None, "proposition_id", "created_at", "id"),
    )

    bundle_id: Mapped[UUID | None] = mapped_column(ForeignKey("bundles.id", ondelete="CASCADE"))
    proposition_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("propositions.id", ondelete="CASCADE")
    )
    subject_version: Mapped[int]
    section: Mapped[int | None]
    item_id: Mapped[UUID | None]
    kind: Mapped[AnnotationKind]
    text: Mapped[str] = mapped_column(Text)
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))

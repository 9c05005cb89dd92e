"""A bundle, what it answers, its sections and items."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base, Versioned
from app.witnesses.decision import Purpose


class BundleState(StrEnum):
    """Where a bundle is on its way. Never stored: read from the facts."""

    DRAFT = "draft"
    MARTYR = "martyr"  # a draft to be taken apart: open to annotations
    READY = "ready"
    PUBLISHED = "published"
    CLOSED = "closed"


class ShowAs(StrEnum):
    """How an item is shown."""

    TEXT = "text"
    AUDIO = "audio"
    VIDEO = "video"


class Bundle(Versioned):
    """Passages chosen for one audience, in one form. `territory_id` null is the world."""

    __tablename__ = "bundles"
    __table_args__ = (
        CheckConstraint("(closed_at IS NULL) = (closed_by_id IS NULL)", name="closed_by_someone"),
        CheckConstraint("(martyr_at IS NULL) = (martyr_by_id IS NULL)", name="martyr_by_someone"),
        CheckConstraint("(ready_at IS NULL) = (ready_by_id IS NULL)", name="ready_by_someone"),
        CheckConstraint("martyr_at IS NULL OR ready_at IS NULL", name="martyr_or_ready"),
        Index(None, "created_at", "id"),
        Index(None, "scheme_id", "created_at", "id"),
        Index(None, "updated_at"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    title: Mapped[str] = mapped_column(String(200))
    audience: Mapped[str] = mapped_column(String(40))
    form: Mapped[str] = mapped_column(String(40))
    purpose: Mapped[Purpose]
    territory_id: Mapped[UUID | None] = mapped_column(ForeignKey("territories.id"))
    introduction: Mapped[str | None] = mapped_column(Text)
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    martyr_at: Mapped[datetime | None]
    martyr_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    ready_at: Mapped[datetime | None]
    ready_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    published_at: Mapped[datetime | None]  # until it is changed again
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))

    @property
    def state(self) -> BundleState:
        return state_of(self.martyr_at, self.ready_at, self.published_at, self.closed_at)


def state_of(
    martyr_at: datetime | None,
    ready_at: datetime | None,
    published_at: datetime | None,
    closed_at: datetime | None,
) -> BundleState:
    """The state of a bundle with these facts: the furthest that holds."""
    if closed_at:
        return BundleState.CLOSED
    if published_at:
        return BundleState.PUBLISHED
    if ready_at:
        return BundleState.READY
    return BundleState.MARTYR if martyr_at else BundleState.DRAFT


class BundleExpectation(Base):
    """What a bundle answers."""

    __tablename__ = "bundle_expectations"
    __table_args__ = (
        Index(None, "bundle_id", "expectation_id", unique=True),
        Index(None, "expectation_id"),
    )

    bundle_id: Mapped[UUID] = mapped_column(ForeignKey("bundles.id", ondelete="CASCADE"))
    expectation_id: Mapped[UUID] = mapped_column(ForeignKey("expectations.id"))
    position: Mapped[int]


class Section(Base):
    """A part of a bundle."""

    __tablename__ = "bundle_sections"
    __table_args__ = (Index(None, "bundle_id", "position"),)

    bundle_id: Mapped[UUID] = mapped_column(ForeignKey("bundles.id", ondelete="CASCADE"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(Text)


class BundleItem(Base):
    """An excerpt, a whole testimony, or a text of the editor's own; it keeps its id.

    `signed`: it is shown with the signatures that those who speak chose.
    """

    __tablename__ = "bundle_items"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN excerpt_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN testimony_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN text IS NULL THEN 0 ELSE 1 END) = 1",
            name="of_one_source",
        ),
        CheckConstraint("text IS NULL OR NOT signed", name="signed_by_witnesses"),
        Index(None, "bundle_id", "position"),
        Index(None, "section_id"),
        Index(None, "excerpt_id"),
        Index(None, "testimony_id"),
    )

    bundle_id: Mapped[UUID] = mapped_column(ForeignKey("bundles.id", ondelete="CASCADE"))
    section_id: Mapped[UUID] = mapped_column(ForeignKey("bundle_sections.id", ondelete="CASCADE"))
    position: Mapped[int]
    excerpt_id: Mapped[UUID | None] = mapped_column(ForeignKey("excerpts.id"))
    testimony_id: Mapped[UUID | None] = mapped_column(ForeignKey("testimonies.id"))
    text: Mapped[str | None] = mapped_column(Text)
    show_as: Mapped[ShowAs]
    signed: Mapped[bool] = mapped_column(default=False)
    selection_reason: Mapped[str | None] = mapped_column(Text)
    caption: Mapped[str | None] = mapped_column(Text)

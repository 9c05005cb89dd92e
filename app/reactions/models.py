"""What recipients answered."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Versioned


class Commitment(StrEnum):
    """How far a recipient commits themselves; in this order, each further than the one before."""

    NONE = "none"
    THINKING = "thinking"
    PLANNED = "planned"
    MADE = "made"


TOLD = frozenset({Commitment.PLANNED, Commitment.MADE})  # they say what, and when


class State(StrEnum):
    """Whether witnesses may read it."""

    WAITING = "waiting"
    PUBLISHED = "published"


class Reaction(Versioned):
    """What a recipient answered to a release, or to one of its items.

    `text` is theirs, `public_text` an editor's version of it for the witnesses. Both are empty
    once the words they may quote were taken back. The way out is copied: it was answered there.
    """

    __tablename__ = "reactions"
    __table_args__ = (
        CheckConstraint("form_rating BETWEEN 1 AND 5", name="form_rating"),
        CheckConstraint("(published_at IS NULL) = (published_by_id IS NULL)", name="published_by"),
        Index(None, "created_at", "id"),
        Index(None, "scheme_id", "created_at", "id"),
        Index(None, "release_id", "created_at", "id"),
        Index(None, "delivery_id", "created_at", "id"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    release_id: Mapped[UUID] = mapped_column(ForeignKey("releases.id"))
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id"))
    audience: Mapped[str] = mapped_column(String(40))
    form: Mapped[str] = mapped_column(String(40))
    item_id: Mapped[UUID | None]
    form_rating: Mapped[int | None]
    understood: Mapped[bool | None]
    surprised: Mapped[bool | None]
    commitment: Mapped[Commitment] = mapped_column(default=Commitment.NONE)
    text: Mapped[str | None] = mapped_column(Text)
    public_text: Mapped[str | None] = mapped_column(Text)
    published_at: Mapped[datetime | None]
    published_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))

    @property
    def told(self) -> str | None:
        """What witnesses read of its text, once it is published."""
        return self.public_text if self.public_text is not None else self.text

"""An excerpt: a passage of a testimony's text, or of one of its recordings."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.models import Owned
from app.core.models import Base, Versioned
from app.testimonies.models import Nature


class SelectorType(StrEnum):
    """What a passage is taken from."""

    TEXT = "text"
    TIME = "time"


class ExcerptState(StrEnum):
    """Whether the source still says what was chosen."""

    VALID = "valid"
    NEEDS_REVIEW = "needs_review"


class Excerpt(Owned, Versioned):
    """A passage, in code points of a text from `start` to before `stop`, or in milliseconds.

    The text is the body, or a transcript: then `from_ms` and `to_ms` are when it is said. `exact`
    is what was chosen: when the text no longer says it there, the excerpt needs a review. `prefix`
    and `suffix` are what stands around it, by which it is found again; null when nobody knows.
    """

    __tablename__ = "excerpts"
    __table_args__ = (
        CheckConstraint("start >= 0 AND stop > start", name="in_order"),
        CheckConstraint(
            "erased_at IS NOT NULL OR (selector = 'text') = (exact IS NOT NULL)",
            name="text_is_kept",
        ),
        CheckConstraint(
            "(selector = 'time' OR transcript_id IS NOT NULL) = (media_id IS NOT NULL)",
            name="time_is_of_media",
        ),
        CheckConstraint(
            "(transcript_id IS NULL) = (from_ms IS NULL)"
            " AND (transcript_id IS NULL) = (to_ms IS NULL)",
            name="said_at_a_time",
        ),
        CheckConstraint(
            "erased_at IS NOT NULL OR (nature = 'practice') = (practice IS NOT NULL)",
            name="practice_told",
        ),
        Index(None, "owner_organization_id", "created_at", "id"),
        Index(None, "partner_organization_id", "created_at", "id"),
        Index(None, "scheme_id", "created_at", "id"),
        Index(None, "testimony_id", "created_at", "id"),
        Index(None, "created_at", "id"),
        Index(None, "updated_at"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    testimony_id: Mapped[UUID] = mapped_column(ForeignKey("testimonies.id"))
    selector: Mapped[SelectorType]
    start: Mapped[int]
    stop: Mapped[int]
    exact: Mapped[str | None] = mapped_column(Text)
    prefix: Mapped[str | None] = mapped_column(Text)
    suffix: Mapped[str | None] = mapped_column(Text)
    media_id: Mapped[UUID | None] = mapped_column(ForeignKey("media.id"), index=True)
    transcript_id: Mapped[UUID | None] = mapped_column(ForeignKey("transcripts.id"), index=True)
    from_ms: Mapped[int | None]
    to_ms: Mapped[int | None]
    nature: Mapped[Nature]
    practice: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    memo: Mapped[str | None] = mapped_column(Text)
    public_quote: Mapped[str | None] = mapped_column(Text)
    names_employer: Mapped[bool] = mapped_column(default=False)
    restriction: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    state: Mapped[ExcerptState] = mapped_column(default=ExcerptState.VALID)
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    erased_at: Mapped[datetime | None]  # its words are gone, for somebody took them back

    @property
    def quote(self) -> str | None:
        """What is given back: the edited quote when there is one, else the words themselves."""
        return self.public_quote or self.exact

    @property
    def passage(self) -> tuple[int, int] | None:
        """When it is said in its media, in milliseconds; None for words that were written."""
        if self.from_ms is not None and self.to_ms is not None:
            return self.from_ms, self.to_ms
        return (self.start, self.stop) if self.selector is SelectorType.TIME else None


FROM_MS = func.coalesce(Excerpt.from_ms, Excerpt.start)  # of an excerpt that has a media
TO_MS = func.coalesce(Excerpt.to_ms, Excerpt.stop)


class ExcerptTheme(Base):
    """What an excerpt is about."""

    __tablename__ = "excerpt_themes"
    __table_args__ = (Index(None, "excerpt_id", "theme_id", unique=True), Index(None, "theme_id"))

    excerpt_id: Mapped[UUID] = mapped_column(ForeignKey("excerpts.id", ondelete="CASCADE"))
    theme_id: Mapped[UUID] = mapped_column(ForeignKey("themes.id"))
    position: Mapped[int]

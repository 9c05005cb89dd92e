"""Releases, the sources of their items, deliveries, and what is recorded of an event."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base, Versioned, now
from app.witnesses.decision import Purpose


class Release(Base):
    """An immutable, numbered version of a bundle. `sha256` is of the whole snapshot.

    The way out is copied: what was published is judged as it was published.
    """

    __tablename__ = "releases"
    __table_args__ = (UniqueConstraint("bundle_id", "number"),)

    bundle_id: Mapped[UUID] = mapped_column(ForeignKey("bundles.id"))
    number: Mapped[int]
    published_at: Mapped[datetime] = mapped_column(default=now)
    published_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    audience: Mapped[str] = mapped_column(String(40))
    form: Mapped[str] = mapped_column(String(40))
    purpose: Mapped[Purpose]
    territory_id: Mapped[UUID | None] = mapped_column(ForeignKey("territories.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]]
    # What a successor lost of the release before: `{excerpt_id, item_id, reason}` each.
    exclusions: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    recalled_at: Mapped[datetime | None]  # a successor took its place: nothing of it is shown


class ReleaseItem(Base):
    """What an item of a release is made from: what the gate asks about, never shown.

    `signed_by` are the witnesses whose signatures the snapshot shows there; null: nobody's.
    """

    __tablename__ = "release_items"
    __table_args__ = (
        Index(None, "release_id", "item_id", unique=True),
        Index(None, "testimony_id"),
        Index(None, "excerpt_id"),
    )

    release_id: Mapped[UUID] = mapped_column(ForeignKey("releases.id"))
    item_id: Mapped[UUID]
    testimony_id: Mapped[UUID] = mapped_column(ForeignKey("testimonies.id"))
    excerpt_id: Mapped[UUID | None] = mapped_column(ForeignKey("excerpts.id"))
    media_shown: Mapped[list[str]]
    signed_by: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    restriction: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("renditions.id"))
    poster_id: Mapped[UUID | None] = mapped_column(ForeignKey("renditions.id"))


class FileStatus(StrEnum):
    """How far a composed file is."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


class ReleaseFile(Base):
    """A file composed from all the items of a release. One blocked item blocks it whole.

    Its key is decided before it is made: whoever is asked to make it a second time finds it there.
    """

    __tablename__ = "release_files"
    __table_args__ = (
        UniqueConstraint("release_id", "name"),
        CheckConstraint(
            "(status = 'ready') = (size IS NOT NULL) AND (status = 'ready') = (sha256 IS NOT NULL)",
            name="ready_is_measured",
        ),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress_is_a_share"),
    )

    release_id: Mapped[UUID] = mapped_column(ForeignKey("releases.id"))
    name: Mapped[str] = mapped_column(String(40))
    content_type: Mapped[str] = mapped_column(String(80))
    status: Mapped[FileStatus] = mapped_column(default=FileStatus.PENDING)
    progress: Mapped[float | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(200), unique=True)


class PublicAddress(Base):
    """Where everybody reads the newest release of a bundle: `/p/{slug}`.

    A slug stays its bundle's: an address that was given never shows something else.
    """

    __tablename__ = "public_addresses"
    __table_args__ = (
        CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by_id IS NULL)", name="withdrawn_by_someone"
        ),
        Index(
            "ix_public_addresses_current",
            "bundle_id",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
            sqlite_where=text("withdrawn_at IS NULL"),
        ),
    )

    bundle_id: Mapped[UUID] = mapped_column(ForeignKey("bundles.id"))
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    given_at: Mapped[datetime] = mapped_column(default=now)
    given_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


def _as_now(context: Any) -> Any:
    return context.get_current_parameters()["release_id"]


class Delivery(Versioned):
    """A release given to one recipient, by a link of their own. Only its fingerprint is kept.

    It opens `release_id`: what takes the place of the release it was given with, once its recipient
    took note that this one was recalled. One that `is_wall` is behind the codes of an exhibition:
    nobody received it.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("(revoked_at IS NULL) = (revoked_by_id IS NULL)", name="revoked_by"),
        Index(None, "release_id", "created_at", "id"),
        Index(None, "given_release_id"),
        Index(None, "decision_maker_id"),
        Index(None, "created_at", "id"),
    )

    release_id: Mapped[UUID] = mapped_column(ForeignKey("releases.id"))
    given_release_id: Mapped[UUID] = mapped_column(ForeignKey("releases.id"), default=_as_now)
    is_wall: Mapped[bool] = mapped_column(default=False)
    recipient: Mapped[str] = mapped_column(String(200))
    decision_maker_id: Mapped[UUID | None] = mapped_column(ForeignKey("decision_makers.id"))
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    passcode_hash: Mapped[str | None] = mapped_column(String(200))
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    recalled_at: Mapped[datetime | None]
    recall_acknowledged_at: Mapped[datetime | None]


class HeldEvent(Versioned):
    """When and where a release of the form `event` was shown, and what came of it.

    `programme` and `shown` name items of the release. `minutes` are the team's words.
    """

    __tablename__ = "events"
    __table_args__ = (Index(None, "held_on"),)

    release_id: Mapped[UUID] = mapped_column(ForeignKey("releases.id"), unique=True)
    held_on: Mapped[date]
    starts_at: Mapped[datetime | None]
    place_id: Mapped[UUID | None] = mapped_column(ForeignKey("places.id"))
    programme: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    shown: Mapped[list[str]]
    minutes: Mapped[str | None] = mapped_column(Text)
    recorded_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class Attendance(Base):
    """How many people of one role came to an event."""

    __tablename__ = "event_attendances"
    __table_args__ = (
        UniqueConstraint("event_id", "role"),
        CheckConstraint("count >= 0", name="count"),
    )

    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    position: Mapped[int]
    role: Mapped[str] = mapped_column(String(40))
    count: Mapped[int]


class EventReaction(Base):
    """What somebody who came said about an item: a recipient, of whom only a role is told."""

    __tablename__ = "event_reactions"
    __table_args__ = (Index(None, "event_id", "position"),)

    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    position: Mapped[int]
    item_id: Mapped[UUID]
    text: Mapped[str] = mapped_column(Text)
    role: Mapped[str | None] = mapped_column(String(40))

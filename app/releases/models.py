"""Releases, the sources of their items, and deliveries."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
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
    """What an item of a release is made from: what the gate asks about, never shown."""

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
    restriction: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("renditions.id"))
    poster_id: Mapped[UUID | None] = mapped_column(ForeignKey("renditions.id"))


class ReleaseFile(Base):
    """A file composed from all the items of a release. One blocked item blocks it whole."""

    __tablename__ = "release_files"
    __table_args__ = (UniqueConstraint("release_id", "name"),)

    release_id: Mapped[UUID] = mapped_column(ForeignKey("releases.id"))
    name: Mapped[str] = mapped_column(String(40))
    content_type: Mapped[str] = mapped_column(String(80))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(200), unique=True)


class Delivery(Versioned):
    """A release given to one recipient, by a link of their own. Only its fingerprint is kept."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("(revoked_at IS NULL) = (revoked_by_id IS NULL)", name="revoked_by"),
        Index(None, "release_id", "created_at", "id"),
        Index(None, "created_at", "id"),
    )

    release_id: Mapped[UUID] = mapped_column(ForeignKey("releases.id"))
    recipient: Mapped[str] = mapped_column(String(200))
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

"""Organizations, accounts, sessions, API tokens, and tries that are counted."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from app.accounts.permissions import Role
from app.core.models import Base, Versioned


class Kind(StrEnum):
    """What an organization is."""

    ERIC_HOST = "eric_host"
    MISSION_LOCALE = "mission_locale"
    EMPLOYER = "employer"
    ASSOCIATION = "association"
    REGION_SERVICE = "region_service"
    STATE_SERVICE = "state_service"
    CHAMBER = "chamber"
    CAPTURE_PARTNER = "capture_partner"
    OTHER = "other"


class Organization(Versioned):
    """A structure whose people speak, listen or answer."""

    __tablename__ = "organizations"
    __table_args__ = (Index(None, "name", "id"),)

    name: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[Kind]
    in_mapping: Mapped[bool] = mapped_column(default=False)


class Account(Versioned):
    """Somebody, in one organization, with one role.

    `follow_up_at`: since when its exports may have ids that are the same from one to the next.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint(
            "(suspended_at IS NULL) = (suspended_by_id IS NULL)", name="suspended_by_someone"
        ),
        CheckConstraint(
            "(follow_up_at IS NULL) = (follow_up_by_id IS NULL)", name="follow_up_by_someone"
        ),
        Index(None, "email", "id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    organization: Mapped[Organization] = relationship()
    email: Mapped[str] = mapped_column(String(320), unique=True)
    display_name: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role]
    password_hash: Mapped[str | None] = mapped_column(String(200))
    suspended_at: Mapped[datetime | None]
    suspended_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    follow_up_at: Mapped[datetime | None]
    follow_up_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class LoginSession(Base):
    """A login. Only the fingerprint of its token is kept; logging out deletes it."""

    __tablename__ = "sessions"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ApiToken(Base):
    """A key to act as an account, or as a part of what it may do. Revoking deletes it."""

    __tablename__ = "api_tokens"
    __table_args__ = (Index(None, "account_id", "created_at", "id"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(String(200))
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    permissions: Mapped[list[str] | None]
    expires_at: Mapped[datetime | None]


class Tries(Base):
    """How many times something was tried since `created_at`, by all processes together."""

    __tablename__ = "tries"

    key: Mapped[str] = mapped_column(String(64), unique=True)
    count: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Owned:
    """A row that belongs to the organization of a place, and to the partner that filmed there.

    Both are copied to each table that is listed, so that its lists need no join.
    """

    @declared_attr
    def owner_organization_id(cls) -> Mapped[UUID]:  # noqa: N805
        return mapped_column(ForeignKey("organizations.id"))

    @declared_attr
    def partner_organization_id(cls) -> Mapped[UUID | None]:  # noqa: N805
        return mapped_column(ForeignKey("organizations.id"))

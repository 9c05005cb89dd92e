"""Witnesses, their identities, notices, consents: events, and what they come to; legal holds."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Owned
from app.core.models import Base, Versioned
from app.witnesses.decision import GivenBy, Medium, Reach, Verb


class Witness(Owned, Versioned):
    """Somebody who speaks, known by a pseudonym."""

    __tablename__ = "witnesses"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workshop_id", "owner_organization_id"],
            ["workshops.id", "workshops.owner_organization_id"],
        ),
        UniqueConstraint("scheme_id", "pseudonym"),
        Index(None, "owner_organization_id", "created_at", "id"),
        Index(None, "partner_organization_id", "created_at", "id"),
        Index(None, "workshop_id", "created_at", "id"),
        Index(None, "created_at", "id"),
        Index(None, "territory_id"),
        Index(None, "updated_at"),
    )

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    workshop_id: Mapped[UUID | None]
    pseudonym: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(40))
    birth_year: Mapped[int | None]
    territory_id: Mapped[UUID | None] = mapped_column(ForeignKey("territories.id"))
    sector: Mapped[str | None] = mapped_column(String(40))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    signature: Mapped[str | None] = mapped_column(String(64))
    receipt_hash: Mapped[str] = mapped_column(String(64), unique=True)
    withdrawn_at: Mapped[datetime | None]  # took back all that was said
    erased_at: Mapped[datetime | None]  # what described the person is gone


class Guardian(Base):
    """Somebody who answers for a minor. Who that is, is in the vault."""

    __tablename__ = "guardians"
    __table_args__ = (Index(None, "witness_id", "created_at", "id"),)

    witness_id: Mapped[UUID] = mapped_column(ForeignKey("witnesses.id"))
    relation: Mapped[str] = mapped_column(String(40))
    declared_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class Sealed(Base):
    """A row of the vault: its `sealed_fields` are encrypted; the key is not in the database.

    `key_id` tells which key opens it. See `vault`.
    """

    __abstract__ = True

    sealed_fields: ClassVar[tuple[str, ...]]

    key_id: Mapped[str] = mapped_column(String(16))

    @property
    def sealed_for(self) -> UUID:
        """Whose it is: what is sealed for one does not open for another."""
        raise NotImplementedError


class Identity(Sealed):
    """The vault: who a witness, or a guardian of theirs, is."""

    __tablename__ = "identities"
    sealed_fields = ("given_name", "family_name", "email", "phone")
    __table_args__ = (
        Index(
            "uq_identities_witness_id",
            "witness_id",
            unique=True,
            postgresql_where=text("guardian_id IS NULL"),
            sqlite_where=text("guardian_id IS NULL"),
        ),
        Index(None, "key_id"),
    )

    witness_id: Mapped[UUID] = mapped_column(ForeignKey("witnesses.id"))
    guardian_id: Mapped[UUID | None] = mapped_column(ForeignKey("guardians.id"), unique=True)
    given_name: Mapped[bytes] = mapped_column(LargeBinary)
    family_name: Mapped[bytes] = mapped_column(LargeBinary)
    email: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)

    @property
    def sealed_for(self) -> UUID:
        return self.guardian_id or self.witness_id


class Disclosure(Base):
    """An identity was shown, to whom and why: the witness is told."""

    __tablename__ = "disclosures"
    __table_args__ = (Index(None, "witness_id", "created_at", "id"),)

    witness_id: Mapped[UUID] = mapped_column(ForeignKey("witnesses.id"))
    by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    by_role: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)


class Notice(Base):
    """What people read before they consent, and the choices it offers. It never changes."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("code", "language", "version"),
        Index(None, "created_at", "id"),
    )

    code: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    choices: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))


class ConsentEvent(Base):
    """What one person said of some cells, once. Append-only: `number` decides the order."""

    __tablename__ = "consent_events"
    __table_args__ = (UniqueConstraint("witness_id", "number"),)

    witness_id: Mapped[UUID] = mapped_column(ForeignKey("witnesses.id"))
    number: Mapped[int]
    verb: Mapped[Verb]
    choices: Mapped[list[str]]
    cells: Mapped[list[list[str]]] = mapped_column(JSON)
    territory: Mapped[Reach]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    given_by: Mapped[GivenBy]
    guardian_id: Mapped[UUID | None] = mapped_column(ForeignKey("guardians.id"))
    notice_id: Mapped[UUID | None] = mapped_column(ForeignKey("notices.id"))
    notice: Mapped[Notice | None] = relationship(lazy="raise")
    method: Mapped[str] = mapped_column(String(40))
    collected_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    evidence_media_id: Mapped[UUID | None] = mapped_column(ForeignKey("media.id"), index=True)
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))  # kept when the media is not
    at: Mapped[datetime]
    note: Mapped[str | None] = mapped_column(Text)


class CurrentConsent(Base):
    """What the events come to: the word in force for one cell, during one time.

    Written in the transaction of each event; `decision.project` says how. From `starts_at` (null:
    always) to before `ends_at` (null: for ever). `giver_id` is a guardian, or null for the witness.
    """

    __tablename__ = "current_consents"
    __table_args__ = (
        Index(None, "witness_id", "audience", "medium"),
        # A reading by the team asks only whether somebody said no.
        Index(
            "ix_current_consents_noes",
            "witness_id",
            "audience",
            "medium",
            postgresql_where=text("verb <> 'give'"),
            sqlite_where=text("verb <> 'give'"),
        ),
    )

    witness_id: Mapped[UUID] = mapped_column(ForeignKey("witnesses.id"))
    giver_id: Mapped[UUID | None]
    medium: Mapped[Medium]
    audience: Mapped[str] = mapped_column(String(40))
    form: Mapped[str] = mapped_column(String(40))
    purpose: Mapped[str] = mapped_column(String(40))
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    verb: Mapped[Verb]
    valid_until: Mapped[datetime | None]
    number: Mapped[int]
    reach: Mapped[Reach]
    notice_id: Mapped[UUID | None] = mapped_column(ForeignKey("notices.id"))


class LegalHold(Base):
    """What is kept of a witness is not erased, by a withdrawal or by its age, until it is lifted.

    It shows nothing to anybody: what was withdrawn stays out of sight.
    """

    __tablename__ = "legal_holds"
    __table_args__ = (
        CheckConstraint("(lifted_at IS NULL) = (lifted_by_id IS NULL)", name="lifted_by_someone"),
        Index(None, "witness_id"),
        Index(None, "created_at", "id"),
    )

    witness_id: Mapped[UUID] = mapped_column(ForeignKey("witnesses.id"))
    reason: Mapped[str] = mapped_column(Text)
    placed_by_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))

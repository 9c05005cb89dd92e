"""One event for every deed. No foreign keys: an event outlives what it is about."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base

SEALED = text("number IS NOT NULL")
WAITING = text("number IS NULL")


class ActorKind(StrEnum):
    """Who acts: a person's account, a witness's receipt, a recipient's link, or no person."""

    ACCOUNT = "account"
    RECEIPT = "receipt"
    LINK = "link"
    SYSTEM = "system"
    COMMAND = "command"


class AuditCheckpoint(Base):
    """Where the chain began to be kept, once its older events were pruned: the last one pruned.

    `number` and `digest` are those of that event; the chain is verified from here.
    """

    __tablename__ = "audit_checkpoints"

    number: Mapped[int] = mapped_column(unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    pruned: Mapped[int]
    up_to: Mapped[datetime]


class CaseReading(Base):
    """That a custodian read content, on a case, and why. The route is a template, not a path."""

    __tablename__ = "case_readings"
    __table_args__ = (Index(None, "created_at", "id"),)

    account_id: Mapped[UUID]
    route: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(500))


class AuditEvent(Base):
    """`actor` did `action` to `subject`. Its number and digest are null until it is sealed."""

    __tablename__ = "audit_events"
    __table_args__ = (
        CheckConstraint("(number IS NULL) = (digest IS NULL)", name="sealed_at_once"),
        Index(
            "uq_audit_events_number",
            "number",
            unique=True,
            postgresql_where=SEALED,
            sqlite_where=SEALED,
        ),
        Index(
            "ix_audit_events_waiting",
            "created_at",
            "id",
            postgresql_where=WAITING,
            sqlite_where=WAITING,
        ),
        Index(None, "created_at", "id"),
        Index(None, "action", "created_at", "id"),
        Index(None, "actor_id", "created_at", "id"),
        Index(None, "subject_id", "created_at", "id"),
    )

    action: Mapped[str] = mapped_column(String(80))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID]
    actor_kind: Mapped[ActorKind]
    actor_id: Mapped[UUID | None]
    facts: Mapped[dict[str, Any]]
    number: Mapped[int | None]
    digest: Mapped[str | None] = mapped_column(String(64))

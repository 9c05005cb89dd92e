"""A withdrawal, and how far it has reached."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.audit.models import ActorKind
from app.core.models import Base


class Withdrawal(Base):
    """One person took back some cells, or everything. Effective when it is committed.

    `event_number` is that of the consent event it came with. `purged_at` is when nothing of it was
    left; `held_at`, when a legal hold made the purge wait.
    """

    __tablename__ = "withdrawals"
    __table_args__ = (
        Index(None, "witness_id", "created_at", "id"),
        Index(None, "created_at", "id"),
        Index(None, "purged_at"),
    )

    witness_id: Mapped[UUID] = mapped_column(ForeignKey("witnesses.id"))
    everything: Mapped[bool]
    cells: Mapped[list[list[str]]] = mapped_column(JSON)
    choices: Mapped[list[str]]
    event_number: Mapped[int]
    by_kind: Mapped[ActorKind]
    by_id: Mapped[UUID | None]
    held_at: Mapped[datetime | None]
    purged_at: Mapped[datetime | None]

"""Sessions of witnesses, and what they said of how their words are shown."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base, now


class ReceiptSession(Base):
    """A receipt code was typed. Only the fingerprint of the token is kept; leaving deletes it.

    It ends five minutes after `seen_at`, and at `expires_at` in any case.
    """

    __tablename__ = "receipt_sessions"

    witness_id: Mapped[UUID] = mapped_column(ForeignKey("witnesses.id"), index=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    seen_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Approval(Base):
    """What a witness said, last, of an item that shows their words."""

    __tablename__ = "approvals"
    __table_args__ = (Index(None, "release_item_id", "witness_id", unique=True),)

    witness_id: Mapped[UUID] = mapped_column(ForeignKey("witnesses.id"), index=True)
    release_item_id: Mapped[UUID] = mapped_column(ForeignKey("release_items.id"))
    approved: Mapped[bool]
    said_at: Mapped[datetime] = mapped_column(default=now)


class WrongCodes(Base):
    """Enough wrong codes to stop trying: no table, but the subject of an audit event."""

    __abstract__ = True

    def __init__(self) -> None:
        self.id = uuid4()

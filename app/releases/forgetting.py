"""What is forgotten of deliveries: to whom they were made, long after their links ended."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.core.db import locked
from app.releases.models import Delivery

RECIPIENT = "Destinataire"


def ended_deliveries(before: datetime) -> Select[UUID]:
    """The deliveries whose links ended before this moment, and that still name somebody."""
    ended = or_(Delivery.expires_at <= before, Delivery.revoked_at <= before)
    return select(Delivery.id).where(ended, Delivery.recipient != RECIPIENT)


def forget_recipients(db: Session, ids: Sequence[UUID]) -> list[str]:
    """Replace the names of these recipients: when it was opened and acknowledged stays."""
    for delivery in db.scalars(locked(db, select(Delivery).where(Delivery.id.in_(ids)))):
        delivery.recipient, delivery.passcode_hash = RECIPIENT, None
    return []

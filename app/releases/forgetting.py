"""What is forgotten, long after: to whom deliveries were made, what was said at events."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.core.db import locked
from app.releases import events
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


def old_words_of_events(before: datetime) -> Select[UUID]:
    """The events held before this moment of which words are kept."""
    return events.with_words(before.date())


def forget_words_of_events(db: Session, ids: Sequence[UUID]) -> list[str]:
    """Erase what was said at these events; when, where and how many came stays."""
    events.forget_words(db, ids)
    return []

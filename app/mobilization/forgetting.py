"""What is forgotten of the log of mobilization: with whom it was, and what was noted of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from app.mobilization.models import Mobilization
from app.releases.forgetting import RECIPIENT


def old_contacts(before: datetime) -> Select[UUID]:
    """The lines written before this moment that still name somebody."""
    old = Mobilization.created_at <= before
    return select(Mobilization.id).where(old, Mobilization.with_whom != RECIPIENT)


def forget_contacts(db: Session, ids: Sequence[UUID]) -> list[str]:
    """Replace these names and notes: what happened, and when, stays."""
    lines = update(Mobilization).where(Mobilization.id.in_(ids))
    db.execute(lines.values(with_whom=RECIPIENT, note=None))
    return []

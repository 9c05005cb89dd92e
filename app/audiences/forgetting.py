"""What is forgotten of decision makers: how to reach them, and who asked."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from app.audiences.models import Contact, ContactDisclosure, DecisionMaker


def old_contacts(before: datetime) -> Select[UUID]:
    """The contacts of those who were retired before this moment."""
    rows = select(Contact.id).join(DecisionMaker, DecisionMaker.id == Contact.decision_maker_id)
    return rows.where(DecisionMaker.retired_at <= before)


def forget_contacts(db: Session, ids: Sequence[UUID]) -> list[str]:
    """Delete these contacts."""
    db.execute(delete(Contact).where(Contact.id.in_(ids)))
    return []


def old_disclosures(before: datetime) -> Select[UUID]:
    """The disclosures from before this moment."""
    return select(ContactDisclosure.id).where(ContactDisclosure.created_at <= before)


def forget_disclosures(db: Session, ids: Sequence[UUID]) -> list[str]:
    """Delete these disclosures."""
    db.execute(delete(ContactDisclosure).where(ContactDisclosure.id.in_(ids)))
    return []

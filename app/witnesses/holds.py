"""Legal holds: what is kept of somebody may not be erased yet."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.core.pages import Order
from app.core.problems import Invalid, NotFound
from app.jobs.service import enqueue
from app.witnesses.models import LegalHold, Witness
from app.witnesses.service import visible_to

LATEST_FIRST = Order(LegalHold.created_at, LegalHold.id, descending=True)
LIFTED = "hold.lifted"  # a job: what the hold made wait is done
IN_FORCE = LegalHold.lifted_at.is_(None)


def holds(by: Caller, witness_id: UUID | None = None) -> Select[LegalHold]:
    """All holds, in force or lifted; or those of one witness."""
    by.require(Permission.HOLD)
    rows = select(LegalHold)
    return rows.where(LegalHold.witness_id == witness_id) if witness_id else rows


def place(db: Session, witness_id: UUID, reason: str, by: Caller) -> LegalHold:
    """From now on nothing of this witness is erased. Raises Invalid at `#/witness_id`."""
    by.require(Permission.HOLD)
    witness = db.scalar(locked(db, visible_to(by).where(Witness.id == witness_id)))
    if not witness:
        raise Invalid.at("#/witness_id", "unknown_id")
    hold = LegalHold(witness_id=witness.id, reason=reason, placed_by_id=by.id)
    db.add(hold)
    record(db, "hold.placed", on=hold, by=by, witness_id=str(witness.id))
    return hold


def lift(db: Session, hold_id: UUID, by: Caller) -> None:
    """The hold is over; what waited for it is done by a job. Twice is once. Raises NotFound."""
    by.require(Permission.HOLD)
    hold = db.scalar(locked(db, select(LegalHold).where(LegalHold.id == hold_id)))
    if not hold:
        raise NotFound
    if hold.lifted_at:
        return
    hold.lifted_at, hold.lifted_by_id = now(), by.id
    enqueue(db, LIFTED, witness_id=str(hold.witness_id))
    record(db, "hold.lifted", on=hold, by=by, witness_id=str(hold.witness_id))


def held(db: Session, witness_ids: Collection[UUID]) -> set[UUID]:
    """Those of these witnesses of whom nothing may be erased now."""
    rows = select(LegalHold.witness_id).where(LegalHold.witness_id.in_(witness_ids), IN_FORCE)
    return set(db.scalars(rows)) if witness_ids else set()


def is_held(witness_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """The same, in SQL."""
    return exists(select(LegalHold.id).where(LegalHold.witness_id == witness_id, IN_FORCE))

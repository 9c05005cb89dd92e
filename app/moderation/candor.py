"""Assessing how freely words were said: a situation of speech, never a person. For the team alone.

The team is who hears and who edits: to everybody else there is nothing here, and nothing to forbid.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.models import now
from app.core.problems import NotFound
from app.lineage.service import forget, made
from app.moderation.candor_schemas import CandorIn
from app.moderation.models import Candor
from app.testimonies import service as testimonies
from app.testimonies.models import Testimony


def find_testimony(db: Session, testimony_id: UUID, by: Caller) -> Testimony:
    """The testimony, if `by` sees it and is of the team; locked as `find` does. Raises NotFound."""
    if Permission.ASSESS not in by.permissions:
        raise NotFound
    return testimonies.find(db, testimony_id, by)


def of_testimony(db: Session, testimony: Testimony) -> Candor | None:
    """Its assessment, when somebody made one."""
    return db.scalar(select(Candor).where(Candor.testimony_id == testimony.id))


def assess(db: Session, testimony: Testimony, payload: CandorIn, by: Caller) -> Candor:
    """A new assessment, which takes the place of the one before: only the newest is kept."""
    by.require(Permission.ASSESS)
    candor = of_testimony(db, testimony) or Candor(testimony_id=testimony.id)
    for name, value in payload:
        setattr(candor, name, value)
    candor.assessed_by_id, candor.assessed_at = by.id, now()
    db.add(candor)
    made(db, candor, [(Testimony, testimony.id)])
    record(db, "testimony.assessed", on=testimony, by=by)
    return candor


def drop(db: Session, testimony: Testimony, by: Caller) -> None:
    """Nothing is assessed any more: it was a mistake. Twice is once."""
    by.require(Permission.ASSESS)
    if not (candor := of_testimony(db, testimony)):
        return
    erase(db, [candor.id])
    record(db, "testimony.assessment-dropped", on=testimony, by=by)


def erase(db: Session, ids: Collection[UUID]) -> None:
    """These assessments are gone, as the words are that they were about."""
    db.execute(delete(Candor).where(Candor.id.in_(ids)))
    forget(db, Candor.__tablename__, ids)

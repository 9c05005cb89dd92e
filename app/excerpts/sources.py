"""Testimonies are changed and discarded together with what was chosen of them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.excerpts.anchoring import review
from app.excerpts.models import Excerpt
from app.excerpts.service import drop
from app.testimonies import service
from app.testimonies.models import Testimony
from app.testimonies.schemas import TestimonyIn


def change(db: Session, testimony: Testimony, payload: TestimonyIn, by: Caller) -> None:
    """The same testimony, described again; its excerpts follow their words, or need a review.

    Raises whatever `testimonies.service.change` raises.
    """
    service.change(db, testimony, payload, by)
    _followed(db, testimony)


def restore(db: Session, testimony: Testimony, version: int, by: Caller) -> TestimonyIn:
    """What an earlier version said holds again; the same for its excerpts."""
    said = service.restore(db, testimony, version, by)
    _followed(db, testimony)
    return said


def discard(db: Session, testimony: Testimony, by: Caller) -> None:
    """Delete a draft of one's own, and what was chosen of it while it was submitted.

    What a bundle holds stays, and so does the draft: a conflict, as the database says.
    """
    service.require_discardable(testimony, by)
    for excerpt in db.scalars(select(Excerpt).where(Excerpt.testimony_id == testimony.id)):
        drop(db, excerpt, by)
    db.flush()
    service.discard(db, testimony, by)


def _followed(db: Session, testimony: Testimony) -> None:
    db.flush()
    review(db, testimony.id)

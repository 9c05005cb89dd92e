"""Testimonies are changed together with what was chosen of them: in one transaction."""

from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.excerpts.anchoring import review
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


def _followed(db: Session, testimony: Testimony) -> None:
    db.flush()
    review(db, testimony.id)

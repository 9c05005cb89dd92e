"""What is left of work asked for by earlier versions: a change is followed in its own deed now."""

from uuid import UUID

from app.excerpts.anchoring import review
from app.jobs.service import Run, handles


@handles("testimony.changed")
def look_again(run: Run, testimony_id: str) -> None:
    """Follow the words of this testimony's excerpts. Doing it twice is doing it once."""
    with run.writing() as db:
        review(db, UUID(testimony_id))

"""Forget uploads that nobody finished in time."""

from datetime import timedelta

from app.jobs.service import Run, handles
from app.uploads import service


@handles("uploads.expire", every=timedelta(days=1))
def expire(run: Run) -> None:
    """Delete their rows, and have their objects deleted. Idempotent: what is gone is not found."""
    expired = service.EXPIRED_AT_ONCE
    while expired == service.EXPIRED_AT_ONCE:
        run.check()
        with run.writing() as db:
            expired = service.expire(db)

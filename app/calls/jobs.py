"""What a call leaves behind, and is forgotten after its time."""

from datetime import timedelta

from app.accounts.tries import forget_old_tries
from app.calls.idempotency import forget_old
from app.jobs.service import Run, handles


@handles("calls.purge", every=timedelta(hours=1))
def purge(run: Run) -> None:
    """Forget the answers kept for retries, and the tries that were counted."""
    with run.writing() as db:
        forget_old(db)
        forget_old_tries(db)

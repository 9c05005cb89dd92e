"""What is done again and again to keep the service running."""

from datetime import timedelta

from app.audit import service as audit
from app.jobs.service import Run, handles


@handles("audit.seal", every=timedelta(seconds=30))
def seal_audit_events(run: Run) -> None:
    """Chain what was committed. Idempotent: what has a number is not numbered again."""
    sealed = audit.BATCH
    while sealed == audit.BATCH:
        run.check()
        with run.writing() as db:
            sealed = audit.seal(db)

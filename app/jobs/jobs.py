"""What the jobs table needs done to itself."""

from datetime import timedelta

from app.jobs.service import BATCH, Run, forget_done, handles


@handles("jobs.forget", every=timedelta(hours=1))
def forget(run: Run) -> None:
    """Delete the jobs that were done more than 7 days ago. Deleting twice is deleting once."""
    deleted = BATCH
    while deleted == BATCH:
        run.check()
        with run.writing() as db:
            deleted = forget_done(db)

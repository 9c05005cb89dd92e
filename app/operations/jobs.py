"""What is done again and again to keep the service running."""

from datetime import timedelta

from app.audit import service as audit
from app.core.models import now
from app.jobs.service import Run, handles
from app.operations import retention


@handles("audit.seal", every=timedelta(seconds=30))
def seal_audit_events(run: Run) -> None:
    """Chain what was committed. Idempotent: what has a number is not numbered again."""
    sealed = audit.BATCH
    while sealed == audit.BATCH:
        run.check()
        with run.writing() as db:
            sealed = audit.seal(db)


@handles("retention.apply", every=timedelta(days=1))
def apply_retention(run: Run) -> None:
    """Forget what has had its time. Idempotent: what is forgotten is not found again."""
    for rule, _ in retention.apply(run.writing):
        run.progress(retention.RULES.index(rule) / len(retention.RULES))
        run.check()


@handles("audit.prune", every=timedelta(days=1))
def prune_audit_events(run: Run) -> None:
    """Delete what is older than a year, and keep where the chain goes on. Idempotent."""
    before = now() - timedelta(days=31 * audit.KEPT_MONTHS)
    pruned = audit.BATCH
    while pruned == audit.BATCH:
        run.check()
        with run.writing() as db:
            pruned = audit.prune(db, before)

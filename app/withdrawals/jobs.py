"""What a withdrawal leaves to be done, and what ends by itself: consents, notices."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.jobs.service import Run, enqueue, handles
from app.media.jobs import sweep
from app.media.service import DOOMED
from app.releases.models import Release
from app.storage.service import storage
from app.withdrawals import ledger
from app.withdrawals.models import Withdrawal
from app.withdrawals.purge import ERASED, doom, purge, scrub, scrub_later, succeed
from app.withdrawals.service import MADE, catch_up
from app.witnesses.holds import LIFTED, held
from app.witnesses.models import Witness


@handles(MADE)
def reach_everywhere(run: Run, withdrawal_id: str) -> None:
    """Undo what was made of the words, then say so. Twice is once; what is held waits.

    Rows, objects, the leftovers of media tools, then the pages of the database: only when nothing
    is left anywhere it is `purged`.
    """
    with run.reading() as db:
        withdrawal = db.get_one(Withdrawal, UUID(withdrawal_id))
    ledger.keep(withdrawal)
    if withdrawal.purged_at or _waits(run, withdrawal):
        return
    with run.writing() as db:
        keys = purge(db, withdrawal)
        doom(db, keys)
    _delete(run, keys)
    if withdrawal.everything:
        sweep(run)
    scrub(run.database)
    with run.writing() as db:
        found = db.get_one(Withdrawal, withdrawal.id)
        found.purged_at = now()
        record(db, "withdrawal.purged", on=found, by=None, objects=len(keys))


@handles(LIFTED)
def reach_what_was_held(run: Run, witness_id: str) -> None:
    """A legal hold is over: what waited is undone."""
    waiting = Withdrawal.witness_id == UUID(witness_id), Withdrawal.purged_at.is_(None)
    with run.writing() as db:
        for withdrawal in db.scalars(locked(db, select(Withdrawal).where(*waiting))):
            withdrawal.held_at = None
            enqueue(db, MADE, withdrawal_id=str(withdrawal.id))


@handles("consent.noted")
def follow(run: Run, witness_id: str) -> None:
    """The staff noted that somebody says no: that is a withdrawal too."""
    with run.writing() as db:
        witness = db.scalars(
            locked(db, select(Witness).where(Witness.id == UUID(witness_id)))
        ).one()
        catch_up(db, witness)


@handles("notice.revoked")
def follow_notice(run: Run, notice_id: str) -> None:  # noqa: ARG001 - its consents are anywhere
    """What was consented to under a notice holds no more."""
    recall_what_ended(run)


@handles("releases.recall", every=timedelta(days=1))
def recall_what_ended(run: Run) -> None:
    """Successors of releases in which a consent has expired, a decision was changed, and so on."""
    with run.reading() as db:
        current = select(Release.bundle_id).where(Release.recalled_at.is_(None)).distinct()
        bundle_ids = list(db.scalars(current))
    for number, bundle_id in enumerate(bundle_ids):
        run.progress(number / len(bundle_ids))
        run.check()
        with run.writing() as db:
            found = succeed(db, bundle_id)
            keys = found.keys if found else []
            doom(db, keys)
            if found:
                scrub_later(db)
        _delete(run, keys)


@handles(DOOMED)
def delete_objects(run: Run, keys: Sequence[str]) -> None:
    """Delete what nothing knows of any more; what is gone already is deleted."""
    _delete(run, keys)


@handles(ERASED)
def scrub_what_was_erased(run: Run) -> None:
    """Have nothing of it left in the files of the database."""
    scrub(run.database)


def _delete(run: Run, keys: Sequence[str]) -> None:
    for key in keys:
        run.check()
        storage().delete(key)


def _waits(run: Run, withdrawal: Withdrawal) -> bool:
    """Whether a legal hold makes it wait; then it says so."""
    with run.writing() as db:
        if not held(db, [withdrawal.witness_id]):
            return False
        found = db.get_one(Withdrawal, withdrawal.id)
        found.held_at = found.held_at or now()
        return True

"""What a withdrawal leaves to be done: erase, then say that nothing is left."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.models import now
from app.jobs.service import Run, handles
from app.storage.service import storage
from app.testimonies.models import TestimonyWitness
from app.withdrawals.models import Withdrawal
from app.withdrawals.purge import forget_testimonies
from app.withdrawals.service import MADE
from app.witnesses.holds import LIFTED, held


@handles(MADE)
def purge(run: Run, withdrawal_id: str) -> None:
    """Erase what was taken back, unless somebody holds it. Twice is once."""
    with run.writing() as db:
        withdrawal = db.get_one(Withdrawal, UUID(withdrawal_id))
        keys = _purge(db, withdrawal)
    for key in keys:
        storage().delete(key)


@handles(LIFTED)
def purge_held(run: Run, witness_id: str) -> None:
    """Erase what a hold kept. Twice is once."""
    with run.reading() as db:
        waiting = Withdrawal.witness_id == UUID(witness_id), Withdrawal.purged_at.is_(None)
        ids = list(db.scalars(select(Withdrawal.id).where(*waiting)))
    for id_ in ids:
        purge(run, str(id_))


def _purge(db: Session, withdrawal: Withdrawal) -> list[str]:
    if held(db, [withdrawal.witness_id]):
        withdrawal.held_at = now()
        return []
    theirs = TestimonyWitness.witness_id == withdrawal.witness_id
    ids = list(db.scalars(select(TestimonyWitness.testimony_id).where(theirs)))
    withdrawal.purged_at = now()
    return forget_testimonies(db, ids) if withdrawal.everything else []

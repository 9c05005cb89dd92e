"""Those who answer for a minor: declared by who hears the minor, known by name to the vault alone.

What a guardian consents to is an event like any other, `given_by: guardian`. Beyond the team a
minor's words leave with the word of the minor *and* of every declared guardian.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.among import among
from app.core.db import rows_of
from app.core.models import now
from app.core.pages import Order
from app.core.problems import Problem
from app.witnesses.decision import is_minor
from app.witnesses.models import Guardian, Witness
from app.witnesses.schemas import GuardianIn
from app.witnesses.vault import seal

OLDEST_FIRST = Order(Guardian.created_at, Guardian.id)


class OfAge(Problem):
    """An adult speaks for themselves: nobody consents in their place."""

    status = 422


def of_witness(witness: Witness) -> Select[Guardian]:
    """The declared guardians of this witness, in no order."""
    return select(Guardian).where(Guardian.witness_id == witness.id)


def declare(db: Session, witness: Witness, payload: GuardianIn, by: Caller) -> Guardian:
    """One more person who must agree, until the witness is of age. Raises OfAge."""
    by.require(Permission.HEAR_WITNESSES, at=witness)
    if not is_minor(witness.birth_year, now().date()):
        raise OfAge
    guardian = Guardian(witness_id=witness.id, relation=payload.relation, declared_by_id=by.id)
    db.add(guardian)
    record(db, "guardian.declared", on=guardian, by=by, relation=guardian.relation)
    if payload.identity:
        db.add(seal(witness.id, payload.identity.model_dump(), guardian.id))
    witness.touch()
    return guardian


OF_THESE = select(Guardian.witness_id, Guardian.id).where(among(Guardian.witness_id, "witness_ids"))


def ids_of(db: Session, witness_ids: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
    """The declared guardians of these witnesses; those who have none are left out."""
    found: dict[UUID, set[UUID]] = {}
    for witness_id, guardian_id in rows_of(db, OF_THESE, witness_ids=list(witness_ids)):
        found.setdefault(witness_id, set()).add(guardian_id)
    return {witness_id: frozenset(ids) for witness_id, ids in found.items()}

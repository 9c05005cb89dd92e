"""What is forgotten of testimonies: what nobody took further, and what nobody may use any more."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from app.core.db import locked
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.witnesses.forgetting import is_over
from app.witnesses.holds import is_held
from app.witnesses.models import Witness

T = Testimony
HELD = exists(
    select(TestimonyWitness.id).where(
        TestimonyWitness.testimony_id == T.id, is_held(TestimonyWitness.witness_id)
    )
)


def untouched(state: State, before: datetime) -> Select[UUID]:
    """The testimonies in this state that nobody changed since, and nobody holds."""
    return select(T.id).where(T.state == state, T.updated_at <= before, ~HELD)


def over(before: datetime) -> Select[UUID]:
    """Those of which no witness allows anything since this moment, and which nobody holds."""
    said = select(TestimonyWitness.id).join(Witness, Witness.id == TestimonyWitness.witness_id)
    of_it = said.where(TestimonyWitness.testimony_id == T.id)
    old = T.state != State.WITHDRAWN, T.updated_at <= before
    return select(T.id).where(*old, ~of_it.where(~is_over(before)).exists(), ~HELD)


def end(db: Session, ids: Sequence[UUID]) -> None:
    """From now on these are withdrawn."""
    for testimony in db.scalars(locked(db, select(T).where(T.id.in_(ids)))):
        testimony.withdraw()

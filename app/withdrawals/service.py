"""Take words back: at once, in the transaction of the deed; the rest is done by a job."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import ActorKind
from app.audit.service import Actor, record
from app.core.models import now
from app.jobs.service import enqueue
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.withdrawals import ledger
from app.withdrawals.models import Withdrawal
from app.witnesses.consents import append
from app.witnesses.decision import Cell, GivenBy, Reach, Verb
from app.witnesses.models import ConsentEvent, CurrentConsent, Witness

MADE = "withdrawal.made"
AGAIN = Actor(ActorKind.SYSTEM)


@dataclass(frozen=True)
class Asked:
    """What is taken back: everything, or these cells; and how that was said."""

    everything: bool
    cells: frozenset[Cell]
    choices: Sequence[str]


def withdraw(db: Session, witness: Witness, asked: Asked, by: Any) -> Withdrawal:
    """These words are taken back, from the commit on. `witness` is locked."""
    withdrawal = _take_back(db, witness, asked, by, now(), uuid4())
    record(db, "withdrawal.made", on=withdrawal, by=by, everything=asked.everything)
    ledger.keep(withdrawal)
    return withdrawal


def again(db: Session, witness: Witness, asked: Asked, at: datetime, withdrawal_id: UUID) -> None:
    """The same, of which the database knows nothing any more. `witness` is locked."""
    withdrawal = _take_back(db, witness, asked, AGAIN, at, withdrawal_id)
    record(db, "withdrawal.replayed", on=withdrawal, by=None, everything=asked.everything)


def _take_back(
    db: Session, witness: Witness, asked: Asked, by: Any, at: datetime, withdrawal_id: UUID
) -> Withdrawal:
    cells = asked.cells | (_known(db, witness) if asked.everything else frozenset())
    said = ConsentEvent(
        witness_id=witness.id,
        verb=Verb.WITHDRAW,
        choices=list(asked.choices),
        cells=[list(cell) for cell in sorted(cells)],
        territory=Reach.WORLD,
        valid_from=at,
        given_by=GivenBy.SELF,
        method="receipt",
        at=at,
    )
    append(db, said)
    withdrawal = Withdrawal(
        id=withdrawal_id,
        created_at=at,
        witness_id=witness.id,
        everything=asked.everything,
        cells=said.cells,
        choices=said.choices,
        event_number=said.number,
        by_kind=by.kind,
        by_id=by.id,
    )
    db.add(withdrawal)
    if asked.everything:
        witness.withdrawn_at = at
        for testimony in db.scalars(select(Testimony).where(_said_by(witness))):
            testimony.withdrawn_from, testimony.state = testimony.state, State.WITHDRAWN
            testimony.withdrawn_at = at
    enqueue(db, MADE, withdrawal_id=str(withdrawal.id))
    return withdrawal


def _known(db: Session, witness: Witness) -> frozenset[Cell]:
    """Every cell that the witness ever spoke of."""
    rows = select(CurrentConsent).where(CurrentConsent.witness_id == witness.id)
    return frozenset(
        Cell(row.medium, row.audience, row.form, row.purpose)  # type: ignore[arg-type]
        for row in db.scalars(rows)
        if row.form
    )


def _said_by(witness: Witness) -> Any:
    theirs = select(TestimonyWitness.testimony_id).where(TestimonyWitness.witness_id == witness.id)
    return Testimony.id.in_(theirs) & (Testimony.state != State.WITHDRAWN)

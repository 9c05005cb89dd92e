"""Words taken back: the deed, which acts at once. What was made of them is undone later."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.audit.models import ActorKind
from app.audit.service import Actor, record
from app.core.models import now
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.withdrawals.models import Withdrawal
from app.witnesses.consents import append, events_of
from app.witnesses.decision import TEAM, Cell, GivenBy, Medium, Purpose, Reach, Verb
from app.witnesses.models import ConsentEvent, Witness


@dataclass(frozen=True)
class Asked:
    """What is taken back: everything, or some cells, and the choices that they come from."""

    everything: bool = False
    cells: frozenset[Cell] = frozenset()
    choices: list[str] = field(default_factory=list)


def withdraw(db: Session, witness: Witness, asked: Asked, by: Caller | Actor) -> Withdrawal:
    """Words taken back, from now on. `witness` is locked, so that numbers follow one another."""
    moment = now()
    cells = asked.cells | (_all_cells(db, witness) if asked.everything else frozenset())
    said = ConsentEvent(
        witness_id=witness.id,
        verb=Verb.WITHDRAW,
        choices=asked.choices,
        cells=[list(cell) for cell in sorted(cells)],
        territory=Reach.WORLD,
        valid_from=moment,
        given_by=GivenBy.SELF,
        method="web",
        collected_by_id=by.id if isinstance(by, Caller) else None,
        at=moment,
    )
    append(db, said)
    withdrawal = Withdrawal(
        witness_id=witness.id,
        everything=asked.everything,
        cells=said.cells,
        choices=asked.choices,
        event_number=said.number,
        by_kind=ActorKind(by.kind),
        by_id=by.id,
    )
    db.add(withdrawal)
    if asked.everything:
        _withdraw_testimonies(db, witness, moment)
    witness.touch()
    record(
        db, "withdrawal.made", on=withdrawal, by=by, cells=len(cells), everything=asked.everything
    )
    return withdrawal


def _all_cells(db: Session, witness: Witness) -> frozenset[Cell]:
    """What this person ever named, and any reading by the team."""
    named = {
        tuple(cell) for event in events_of(db, [witness.id])[witness.id] for cell in event.cells
    }
    inside = {Cell(medium, TEAM, "note", Purpose.EVALUATION) for medium in Medium}
    return frozenset(Cell(Medium(m), a, f, Purpose(p)) for m, a, f, p in named) | inside


def _withdraw_testimonies(db: Session, witness: Witness, at: datetime) -> None:
    witness.withdrawn_at = witness.withdrawn_at or at
    spoken = select(TestimonyWitness.testimony_id).where(TestimonyWitness.witness_id == witness.id)
    still = Testimony.id.in_(spoken), Testimony.state != State.WITHDRAWN
    for testimony in db.scalars(select(Testimony).where(*still)):
        testimony.withdrawn_from = testimony.state
        testimony.state, testimony.withdrawn_at = State.WITHDRAWN, at

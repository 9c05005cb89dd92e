"""Take words back: at once, in the transaction of the deed; the rest is done by a job."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.models import ActorKind
from app.audit.service import Actor, record
from app.bundles import service as bundles
from app.calls.idempotency import forget_answers
from app.core.models import now
from app.core.pages import Order
from app.core.problems import Invalid, NotFound
from app.excerpts import service as excerpts
from app.jobs.service import enqueue
from app.propositions import service as propositions
from app.storage.service import StorageUnavailable
from app.testimonies import service as testimonies
from app.testimonies.models import TestimonyWitness
from app.withdrawals import ledger
from app.withdrawals.models import Withdrawal
from app.withdrawals.purge import set_apart
from app.withdrawals.schemas import TakenBack, WithdrawalFilters
from app.witnesses.consents import append, cells_of, decisive, events_of
from app.witnesses.decision import (
    REFUSING,
    TEAM,
    Cell,
    Event,
    GivenBy,
    Medium,
    Purpose,
    Reach,
    Verb,
)
from app.witnesses.forgetting import silence
from app.witnesses.holds import held
from app.witnesses.models import ConsentEvent, Notice, Witness
from app.witnesses.service import visible_to as visible_witnesses

MADE = "withdrawal.made"
AGAIN = Actor(ActorKind.SYSTEM)
LATEST_FIRST = Order(Withdrawal.created_at, Withdrawal.id, descending=True)
METHODS = {ActorKind.RECEIPT: "web"}  # how it was said; to the staff, by mouth


@dataclass(frozen=True)
class Asked:
    """What is taken back: everything, or some cells, and the choices that they come from."""

    everything: bool = False
    cells: frozenset[Cell] = frozenset()
    choices: Sequence[str] = field(default_factory=list)


def visible_to(me: Caller) -> Select[Withdrawal]:
    """The withdrawals of the witnesses that this account sees."""
    seen = visible_witnesses(me).with_only_columns(Witness.id)
    return select(Withdrawal).where(Withdrawal.witness_id.in_(seen))


def search(me: Caller, filters: WithdrawalFilters) -> Select[Withdrawal]:
    """The visible ones which pass the filters."""
    rows = visible_to(me)
    if filters.witness_id:
        rows = rows.where(Withdrawal.witness_id == filters.witness_id)
    if filters.purged is not None:
        purged = Withdrawal.purged_at.is_not(None)
        rows = rows.where(purged if filters.purged else ~purged)
    return rows


def find(db: Session, withdrawal_id: UUID, by: Caller) -> Withdrawal:
    """The withdrawal, if `by` may see it. Raises NotFound."""
    if not (found := db.scalar(visible_to(by).where(Withdrawal.id == withdrawal_id))):
        raise NotFound
    return found


def asked_of(db: Session, witness: Witness, payload: TakenBack) -> Asked:
    """What a payload asks to take back. Raises Invalid."""
    if payload.all:
        return Asked(everything=True)
    if payload.choices:
        return Asked(False, cells_of_choices(db, witness, payload.choices), payload.choices)
    said = payload.cells or []
    return Asked(False, frozenset(Cell(c.medium, c.audience, c.form, c.purpose) for c in said))


def write_down(db: Session, witness: Witness, asked: Asked, by: Caller) -> Withdrawal:
    """A withdrawal that a witness asked the staff for: who heard them, or the custodian."""
    by.require(Permission.WITHDRAW)
    if Permission.READ_AUDIT not in by.permissions:  # the custodian, everywhere
        by.require(Permission.WITHDRAW, at=witness)
    return withdraw(db, witness, asked, by)


def withdraw(db: Session, witness: Witness, asked: Asked, by: Caller | Actor) -> Withdrawal:
    """These words are taken back, from the commit on. `witness` is locked.

    `by` is the witness (an Actor of kind receipt), or who writes it down: see `write_down`. Taking
    everything back twice is taking it back once.
    """
    if asked.everything and (done := _whole(db, witness)):
        return done
    withdrawal = _take_back(db, witness, asked, by, now(), uuid4())
    facts = {"everything": asked.everything, "cells": len(withdrawal.cells)}
    record(db, "withdrawal.made", on=withdrawal, by=by, witness_id=str(witness.id), **facts)
    with suppress(StorageUnavailable):  # else its job keeps it, and goes on until it could
        ledger.keep(withdrawal)
    return withdrawal


def again(db: Session, witness: Witness, asked: Asked, at: datetime, withdrawal_id: UUID) -> None:
    """The same, of which the database knows nothing any more. `witness` is locked."""
    withdrawal = _take_back(db, witness, asked, AGAIN, at, withdrawal_id)
    record(db, "withdrawal.replayed", on=withdrawal, by=None, everything=asked.everything)


def catch_up(db: Session, witness: Witness) -> None:
    """What the staff noted as a refusal, a restriction or a withdrawal is one: its words go too.

    Each such event gets its withdrawal, once. `witness` is locked.
    """
    events = events_of(db, [witness.id])[witness.id]
    known = set(
        db.scalars(select(Withdrawal.event_number).where(Withdrawal.witness_id == witness.id))
    )
    for event, said in zip(events, decisive(events), strict=True):
        if said.verb is Verb.GIVE or said.number in known:
            continue
        withdrawal = Withdrawal(
            witness_id=witness.id,
            everything=False,
            cells=[list(cell) for cell in sorted(_ended_by(said, decisive(events)))],
            choices=event.choices,
            event_number=said.number,
            by_kind=ActorKind.ACCOUNT,
            by_id=event.collected_by_id,
        )
        db.add(withdrawal)
        record(db, "withdrawal.noted", on=withdrawal, by=None, witness_id=str(witness.id))
        _act(db, witness, withdrawal)
        ledger.keep(withdrawal)


def cells_of_choices(db: Session, witness: Witness, choices: Sequence[str]) -> frozenset[Cell]:
    """What these choices expand to, in the notices that this witness answered.

    Raises Invalid at `#/choices/…` for one that is in none of them.
    """
    offered = offered_to(db, witness)
    for index, code in enumerate(choices):
        if code not in offered:
            raise Invalid.at(f"#/choices/{index}", "unknown_choice")
    return frozenset(cell for code in choices for cell in offered[code])


def offered_to(db: Session, witness: Witness) -> dict[str, frozenset[Cell]]:
    """What each choice expands to, in the notices that this witness answered."""
    answered = select(ConsentEvent.notice_id).where(ConsentEvent.witness_id == witness.id)
    notices = db.scalars(select(Notice).where(Notice.id.in_(answered)))
    offered: dict[str, frozenset[Cell]] = {}
    for notice in notices:
        for choice in notice.choices:
            known = offered.get(choice["code"], frozenset())
            offered[choice["code"]] = known | cells_of(choice)
    return offered


def _whole(db: Session, witness: Witness) -> Withdrawal | None:
    """The withdrawal of everything, when there was one."""
    of_all = Withdrawal.witness_id == witness.id, Withdrawal.everything.is_(True)
    return db.scalars(select(Withdrawal).where(*of_all).limit(1)).first()


def _take_back(
    db: Session, witness: Witness, asked: Asked, by: Any, at: datetime, withdrawal_id: UUID
) -> Withdrawal:
    cells = asked.cells | (_all_cells(db, witness) if asked.everything else frozenset())
    said = ConsentEvent(
        witness_id=witness.id,
        verb=Verb.WITHDRAW,
        choices=list(asked.choices),
        cells=[list(cell) for cell in sorted(cells)],
        territory=Reach.WORLD,
        valid_from=at,
        given_by=GivenBy.SELF,
        method=METHODS.get(by.kind, "oral"),
        collected_by_id=by.id if isinstance(by, Caller) else None,
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
        by_kind=ActorKind(by.kind),
        by_id=by.id,
    )
    db.add(withdrawal)
    _act(db, witness, withdrawal)
    return withdrawal


def _act(db: Session, witness: Witness, withdrawal: Withdrawal) -> None:
    """What must be so at the commit, whether or not a worker is there."""
    db.flush()
    of_theirs = TestimonyWitness.witness_id == witness.id
    spoken = list(db.scalars(select(TestimonyWitness.testimony_id).where(of_theirs)))
    if withdrawal.everything:
        witness.withdrawn_at = withdrawal.created_at
        testimonies.withdraw(db, witness.id)
        set_apart(db, witness.id, spoken)
        if not held(db, [witness.id]):
            silence(db, witness)
            bundles.erase(db, excerpts.ids_of(db, spoken), spoken)
    witness.touch()
    testimonies.touch_those_of(db, witness.id)
    excerpts.touch_those_of(db, spoken)
    propositions.touch_those_on(db, excerpts.ids_of(db, spoken))
    forget_answers(db)  # a retry must not be answered with words that were taken back
    enqueue(db, MADE, withdrawal_id=str(withdrawal.id))


def _all_cells(db: Session, witness: Witness) -> frozenset[Cell]:
    """Whatever anybody said of this witness, and a reading by the team of any medium."""
    said = decisive(events_of(db, [witness.id])[witness.id])
    inside = {Cell(medium, TEAM, "note", Purpose.EVALUATION) for medium in Medium}
    return frozenset(cell for event in said for cell in event.cells) | inside


def _ended_by(no: Event, events: Sequence[Event]) -> frozenset[Cell]:
    """The cells to which this said no: of a restriction, those named before and not listed."""
    if no.verb in REFUSING:
        return no.cells
    before = (e for e in events if e.number < no.number and e.giver == no.giver)
    return frozenset(cell for event in before for cell in event.cells) - no.cells

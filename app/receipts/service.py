"""What witnesses do with their receipt code: read what became of their words, approve, withdraw."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.core.problems import Invalid, NotFound
from app.moderation.models import Decision
from app.places.models import Place
from app.receipts.deliveries import deliveries_of
from app.receipts.fates import fates_of
from app.receipts.models import Approval
from app.receipts.sessions import Holder
from app.receipts.uses import Use, described, uses_of
from app.releases.models import ReleaseItem
from app.schemes.models import Term
from app.schemes.service import labels
from app.testimonies.models import State, Testimony, TestimonyWitness
from app.withdrawals.models import Withdrawal
from app.withdrawals.schemas import TakenBack, state_of
from app.withdrawals.service import Asked, cells_of_choices, offered_to
from app.withdrawals.service import withdraw as take_back
from app.witnesses.consents import tell
from app.witnesses.decision import DATASET, Cell
from app.witnesses.models import Disclosure, Witness
from app.workshops.models import Workshop

EXPLAINED = (State.RETURNED, State.REJECTED)


def find(db: Session, by: Holder) -> Witness:
    """Oneself; locked if it may be changed."""
    return db.scalars(locked(db, select(Witness).where(Witness.id == by.id))).one()


def read(db: Session, witness: Witness, *, every: bool = False) -> dict[str, Any]:
    """A `ReceiptOut`: one's own words need no gate. With the latest deliveries, or `every` one."""
    found = uses_of(db, witness.id)
    uses = described(db, found, witness.id)
    return {
        "pseudonym": witness.pseudonym,
        "workshop": _workshop(db, witness),
        "testimonies": _testimonies(db, witness, uses),
        **deliveries_of(db, witness.id, found, every=every),
        "propositions": fates_of(db, witness),
        "consents": tell(db, witness, proof=False, with_cells=False)["effective"],
        "withdrawals": [withdrawal_out(row) for row in _withdrawals(db, witness)],
        "disclosures": _disclosures(db, witness),
    }


def testimonies_of(db: Session, witness_id: UUID) -> list[Testimony]:
    """What this witness said, the latest first."""
    rows = (
        select(Testimony)
        .join(TestimonyWitness, TestimonyWitness.testimony_id == Testimony.id)
        .where(TestimonyWitness.witness_id == witness_id)
        .order_by(Testimony.recorded_on.desc(), Testimony.id)
    )
    return list(db.scalars(rows))


def approve(db: Session, release_item_id: UUID, approved: bool, by: Holder) -> None:
    """Say whether one agrees with a use of one's words; the same again is nothing new.

    Raises NotFound when the item does not show them.
    """
    find(db, by)  # one word after the other
    use = find_use(db, release_item_id, by)
    of_it = Approval.release_item_id == use.item.id, Approval.witness_id == by.id
    said = db.scalar(select(Approval).where(*of_it))
    if said and said.approved == approved:
        return
    if said:
        said.approved, said.said_at = approved, now()
    else:
        about = {"release_item_id": use.item.id, "witness_id": by.id}
        db.add(Approval(**about, approved=approved))
    record(db, "release-item.commented", on=use.item, by=by.actor, approved=approved)


def find_use(db: Session, release_item_id: UUID, by: Holder) -> Use:
    """A use of one's own words. Raises NotFound."""
    spoken = select(TestimonyWitness.testimony_id).where(TestimonyWitness.witness_id == by.id)
    own = ReleaseItem.id == release_item_id, ReleaseItem.testimony_id.in_(spoken)
    if db.scalar(select(ReleaseItem.id).where(*own)):
        for use in uses_of(db, by.id):
            if use.item.id == release_item_id:
                return use
    raise NotFound


def withdraw(db: Session, payload: TakenBack, by: Holder) -> Withdrawal:
    """Take words back, at once and for good. Raises Invalid when it names what there is not."""
    witness = find(db, by)
    choices = payload.choices or []
    cells = cells_of_choices(db, witness, choices)
    if payload.cells:
        _require_known(db, payload)
        cells |= {Cell(c.medium, c.audience, c.form, c.purpose) for c in payload.cells}
    asked = Asked(everything=bool(payload.all), cells=cells, choices=choices)
    return take_back(db, witness, asked, by=by.actor)


def touched(db: Session, witness: Witness, cells: frozenset[Cell]) -> dict[str, Any]:
    """What ends when these cells are taken back: `uses`, and `choices` allowed until then."""
    effective = tell(db, witness, proof=False, with_cells=False)["effective"]
    offered = offered_to(db, witness)
    choices = [told for told in effective if told["allowed"] and cells & offered[told["choice"]]]
    uses = [use for use in uses_of(db, witness.id) if cells & use.cells]
    return {"uses": described(db, uses, witness.id), "choices": choices}


def withdrawal_out(row: Withdrawal) -> dict[str, Any]:
    """A `NewWithdrawalOut`, and when nothing of it was left."""
    return {
        "id": row.id,
        "at": row.created_at,
        "choices": row.choices,
        "everything": row.everything,
        "state": state_of(row.held_at, row.purged_at),
        "purged_at": row.purged_at,
    }


def _require_known(db: Session, payload: TakenBack) -> None:
    """Also terms that are not in use any more: what was said of them may be taken back."""
    vocabularies = ("audiences", "forms")
    rows = select(Term.vocabulary, Term.code).where(Term.vocabulary.in_(vocabularies))
    known = {tuple(row) for row in db.execute(rows)} | {("forms", DATASET)}
    for index, cell in enumerate(payload.cells or []):
        for name, code in zip(vocabularies, (cell.audience, cell.form), strict=True):
            if (name, code) not in known:
                where = f"#/cells/{index}/{name.removesuffix('s')}"
                raise Invalid.at(where, "unknown_term", vocabulary=name)


def _workshop(db: Session, witness: Witness) -> dict[str, Any] | None:
    rows = select(Workshop, Place.name).join(Place, Place.id == Workshop.place_id)
    found = db.execute(rows.where(Workshop.id == witness.workshop_id)).first()
    if not found:
        return None
    workshop, place = found
    told = {name: getattr(workshop, name) for name in ("title", "kind", "starts_at")}
    return told | {"place": place}


def _testimonies(
    db: Session, witness: Witness, uses: list[dict[str, Any]]
) -> list[Mapping[str, Any]]:
    testimonies = testimonies_of(db, witness.id)
    reasons = _reasons(db, [t.id for t in testimonies if t.state in EXPLAINED])
    return [
        {
            "id": testimony.id,
            "title": testimony.title,
            "body": testimony.body,
            "recorded_on": testimony.recorded_on,
            "state": testimony.state,
            "reason": reasons.get(testimony.id),
            "uses": [use for use in uses if use["testimony_id"] == testimony.id],
        }
        for testimony in testimonies
    ]


def _reasons(db: Session, testimony_ids: list[UUID]) -> dict[UUID, dict[str, str]]:
    """Why the newest decision on each of them was so."""
    known = labels(db, "rejection_reasons")
    rows = select(Decision.testimony_id, Decision.reason_code)
    rows = rows.where(Decision.testimony_id.in_(testimony_ids))
    decided = dict(db.execute(rows.order_by(Decision.created_at, Decision.id)).all())
    return {
        testimony_id: {"code": code, "label": known.get(code, code)}
        for testimony_id, code in decided.items()
        if code
    }


def _withdrawals(db: Session, witness: Witness) -> list[Withdrawal]:
    rows = select(Withdrawal).where(Withdrawal.witness_id == witness.id)
    return list(db.scalars(rows.order_by(Withdrawal.created_at.desc(), Withdrawal.id)))


def _disclosures(db: Session, witness: Witness) -> list[dict[str, Any]]:
    rows = select(Disclosure.created_at, Disclosure.by_role, Disclosure.reason)
    rows = rows.where(Disclosure.witness_id == witness.id)
    latest_first = rows.order_by(Disclosure.created_at.desc(), Disclosure.id)
    return [{"at": at, "by_role": by, "reason": why} for at, by, why in db.execute(latest_first)]

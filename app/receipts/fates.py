"""What became of the propositions that rest on a witness's words, or that they wrote too."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.propositions.models import CoAuthor, Evidence, Proposition, PropositionState, Step
from app.propositions.queries import evidence, standing
from app.testimonies.models import Testimony, TestimonyWitness
from app.witnesses.models import Witness


def fates_of(db: Session, witness: Witness) -> list[dict[str, Any]]:
    """As `FateOut`, the one that changed last first.

    A draft is not told before it was proposed, nor what had become of it until then. Words that
    were taken back bear no proposition any more.
    """
    stances, wrote = _stances(db, witness.id), _written_by(db, witness)
    ids = [*stances, *wrote]
    propositions = db.scalars(select(Proposition).where(Proposition.id.in_(ids)))
    steps = steps_told(db, ids)
    told = []
    for proposition in propositions:
        if not (taken := steps.get(proposition.id)):
            continue
        last = taken[-1]
        told.append(
            {
                "title": proposition.title,
                "state": last.state,
                "reason": last.reason,
                "on": last.on,
                "stances": stances.get(proposition.id, []),
                "co_written": proposition.id in wrote,
                "steps": taken,
            }
        )
    return sorted(told, key=_newest_first, reverse=True)


def _newest_first(fate: dict[str, Any]) -> tuple[date, str]:
    return fate["on"], fate["title"]


def _stances(db: Session, witness_id: UUID) -> dict[UUID, list[str]]:
    """What their words say of each proposition: `for`, `against`, or both."""
    spoken = select(TestimonyWitness.testimony_id).where(TestimonyWitness.witness_id == witness_id)
    rows = evidence(Evidence.proposition_id, Evidence.stance).where(
        standing(), Testimony.id.in_(spoken)
    )
    found: dict[UUID, set[str]] = {}
    for proposition_id, stance in db.execute(rows):
        found.setdefault(proposition_id, set()).add(stance)
    return {id_: sorted(stances, reverse=True) for id_, stances in found.items()}


def _written_by(db: Session, witness: Witness) -> set[UUID]:
    if witness.withdrawn_at:
        return set()
    rows = select(CoAuthor.proposition_id).where(CoAuthor.witness_id == witness.id)
    return set(db.scalars(rows))


def steps_told(db: Session, ids: Collection[UUID]) -> dict[UUID, list[Step]]:
    """The steps of each, from the first time it was proposed; a draft is not among them."""
    rows = select(Step).where(Step.proposition_id.in_(ids)).order_by(Step.number)
    found: dict[UUID, list[Step]] = {}
    for step in db.scalars(rows):
        if step.state is PropositionState.PROPOSED or step.proposition_id in found:
            found.setdefault(step.proposition_id, []).append(step)
    return found

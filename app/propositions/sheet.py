"""A proposition as it is laid on the table of a meeting: in words, with what may be quoted there.

It is for the team and for who meets with it: words are quoted only when the gate lets them out to
the steering committee, in a note, for evaluation, in the region where the proposition was written
(everywhere, when nobody says where). The others are counted.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Organization
from app.bundles.models import BundleItem, ShowAs
from app.bundles.sources import Source
from app.core.pages import Item
from app.excerpts.models import Excerpt
from app.excerpts.service import words_of
from app.gate.service import WayOut, judge
from app.places.models import Level, Place
from app.places.service import lineage
from app.propositions.models import EvidenceState, Proposition, Stance
from app.propositions.service import ROLES, shown
from app.propositions.steps import told as steps_told
from app.schemes.models import Scheme
from app.schemes.service import labels
from app.testimonies.models import Testimony, TestimonyWitness
from app.witnesses.decision import Purpose
from app.witnesses.models import Witness
from app.workshops.models import Workshop

AUDIENCE, FORM = "steering_committee", "note"


def sheet_of(db: Session, proposition: Proposition, at: datetime) -> Item:
    """All that the page says, at this moment. No id is in it."""
    about = shown(db, proposition)
    roles = {code: label for name in ROLES for code, label in labels(db, name).items()}
    valid = [e for e in about["evidence"] if e["state"] is EvidenceState.VALID]
    quotes = _quotes(db, _way_out(db, proposition), [e["excerpt_id"] for e in valid], at)
    kinds = labels(db, "proposition_kinds", [proposition.kind])
    names = ("title", "description", "competence", "relayed_to", "due_on", "responsible")
    return {
        **{name: getattr(proposition, name) for name in (*names, "experiment", "product")},
        **{name: about[name] for name in ("state", "overdue", "needs_review", "label")},
        "public_title": db.get_one(Scheme, proposition.scheme_id).public_title,
        "kind_label": kinds.get(proposition.kind, proposition.kind),
        "workshop": _workshop(db, proposition),
        "steps": steps_told(db, proposition.id),
        "co_authors": [_named(db, author, roles) for author in about["co_authors"]],
        "evidence": {
            stance: [quotes.get(e["excerpt_id"]) for e in valid if e["stance"] is stance]
            for stance in Stance
        },
        "to_review": len(about["evidence"]) - len(valid),
        "at": at,
    }


def _way_out(db: Session, proposition: Proposition) -> WayOut:
    """Where the sheet goes: never farther than the region, when somebody says which."""
    return WayOut(AUDIENCE, FORM, Purpose.EVALUATION, _region(db, proposition.workshop_id))


def _region(db: Session, workshop_id: UUID | None) -> UUID | None:
    rows = select(Place.territory_id).join(Workshop, Workshop.place_id == Place.id)
    if not (here := db.scalar(rows.where(Workshop.id == workshop_id))):
        return None
    return next((t.id for t in lineage(db, here) if t.level is Level.REGION), None)


def _quotes(
    db: Session, way: WayOut, excerpt_ids: Sequence[UUID], at: datetime
) -> dict[UUID, dict[str, Any]]:
    """Of the words that may be quoted: the quote, its nature, who spoke."""
    excerpts = list(db.scalars(select(Excerpt).where(Excerpt.id.in_(excerpt_ids))))
    sources = [
        Source(
            item=BundleItem(show_as=ShowAs.TEXT),
            testimony=db.get_one(Testimony, excerpt.testimony_id),
            excerpt=excerpt,
            media=None,
            file=None,
            poster=None,
        )
        for excerpt in excerpts
    ]
    verdicts = judge(db, [source.use for source in sources], way, at)
    roles = labels(db, "witness_roles")
    return {
        excerpt.id: {
            "quote": quote,
            "nature": excerpt.nature.value,
            "role_label": _speakers(db, excerpt.testimony_id, roles),
        }
        for excerpt, verdict in zip(excerpts, verdicts, strict=True)
        if verdict.allowed and (quote := words_of(db, excerpt))
    }


def _speakers(db: Session, testimony_id: UUID, roles: dict[str, str]) -> str:
    rows = (
        select(Witness.role)
        .join(TestimonyWitness, TestimonyWitness.witness_id == Witness.id)
        .where(TestimonyWitness.testimony_id == testimony_id)
        .order_by(TestimonyWitness.position)
    )
    return ", ".join(dict.fromkeys(roles.get(role, role) for role in db.scalars(rows)))


def _named(db: Session, author: Item, roles: dict[str, str]) -> str:
    """« Tuteur ou tutrice », never who it is; « Services (Région) » of an organization."""
    role = roles.get(author["role"]) or str(author["role"])
    if not (organization_id := author["organization_id"]):
        return role
    return f"{role} ({db.get_one(Organization, organization_id).name})"


def _workshop(db: Session, proposition: Proposition) -> Item | None:
    if not (workshop := db.get(Workshop, proposition.workshop_id or UUID(int=0))):
        return None
    return {"title": workshop.title, "starts_at": workshop.starts_at}

"""What a text that the team writes beside things may quote, and who may therefore read it.

A text beside a bundle may quote whatever the bundle showed its author when they wrote it, one
beside a testimony whoever spoke in it then. Lineage keeps that: the text is read by who may read
all of it, and is erased with any of it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.bundles.models import Bundle, BundleItem
from app.core.models import Base, now
from app.excerpts.models import Excerpt
from app.excerpts.service import rights as excerpt_rights
from app.excerpts.service import visible_to as visible_excerpts
from app.lineage.models import Derivation
from app.lineage.service import made
from app.testimonies.models import Testimony, TestimonyWitness
from app.testimonies.queries import rights as testimony_rights
from app.testimonies.service import visible_to as visible_testimonies
from app.witnesses.models import Witness
from app.witnesses.queries import refused_to_team

D = Derivation
SOURCES: dict[str, type[Base]] = {
    model.__tablename__: model for model in (Testimony, Excerpt, Witness)
}

Thing = Testimony | Excerpt | Bundle
Sources = Sequence[tuple[type[Base], Any]]


def reads(me: Caller) -> bool:
    """Whether this account reads what the team writes, of what it sees."""
    return me.on_case or Permission.REMARK in me.permissions


def quotes_unseen(model: type[Base], me: Caller) -> ColumnElement[bool]:
    """Whether a text may quote a passage that this account does not see, or who refuses it."""
    of_it = select(D.id).where(D.output == model.__tablename__, D.output_id == model.id)
    unseen = [
        of_it.join(source, source.id == D.input_id).where(
            D.input == source.__tablename__, ~or_(False, *rights)
        )
        for source, rights in ((Testimony, testimony_rights(me)), (Excerpt, excerpt_rights(me)))
    ]
    speaks = D.input == Witness.__tablename__, refused_to_team(D.input_id, now())
    return or_(*(exists(rows) for rows in (*unseen, of_it.where(*speaks))))


def quotable(db: Session, thing: Thing, by: Caller) -> Sources:
    """What a text beside this thing may quote, of what `by` sees."""
    if isinstance(thing, Excerpt):
        return [(Excerpt, thing.id)]
    if isinstance(thing, Testimony):
        spoke = TestimonyWitness.testimony_id == thing.id
        witnesses = db.scalars(select(TestimonyWitness.witness_id).where(spoke))
        return [(Testimony, thing.id), *((Witness, id_) for id_ in witnesses)]
    items = BundleItem.bundle_id == thing.id
    shown = select(BundleItem.excerpt_id).where(items, BundleItem.excerpt_id.is_not(None))
    told = select(BundleItem.testimony_id).where(items, BundleItem.testimony_id.is_not(None))
    passages = visible_excerpts(by).with_only_columns(Excerpt.id).where(Excerpt.id.in_(shown))
    wholes = visible_testimonies(by).with_only_columns(Testimony.id).where(Testimony.id.in_(told))
    return [
        *((Excerpt, id_) for id_ in db.scalars(passages)),
        *((Testimony, id_) for id_ in db.scalars(wholes)),
    ]


def may_also_quote(db: Session, text: Base, sources: Sources) -> None:
    """A text, written again, may quote what it could quote before, and these."""
    of_it = D.output == text.__tablename__, D.output_id == text.id
    before = db.execute(select(D.input, D.input_id).where(*of_it))
    made(db, text, [*((SOURCES[table], id_) for table, id_ in before), *sources])

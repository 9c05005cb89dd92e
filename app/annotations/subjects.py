"""What annotations may be about: one entry of `SUBJECTS` and one column for each kind of thing."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.annotations.models import Annotation
from app.bundles import service as bundles
from app.bundles.models import Bundle, BundleItem
from app.core.db import locked
from app.excerpts.models import Excerpt
from app.excerpts.service import visible_to as visible_excerpts
from app.propositions import service as propositions
from app.propositions import steps
from app.propositions.models import Evidence, Proposition
from app.remarks.quotes import Sources, quotable

Thing = Bundle | Proposition


@dataclass(frozen=True)
class Parts:
    """What a thing is made of now: how many sections, and which items."""

    sections: int
    items: Collection[UUID]


@dataclass(frozen=True)
class Subject:
    """How one kind of thing is annotated.

    `column` keeps its id, `visible_to` are those that an account sees, `require_martyr` raises
    WrongState unless it may be annotated now, `quotable` is what may be quoted beside it.
    """

    model: type[Any]
    column: Any
    visible_to: Callable[[Caller], Select[Any]]
    require_martyr: Callable[[Session, Any], None]
    parts: Callable[[Session, Any], Parts]
    quotable: Callable[[Session, Any, Caller], Sources]


def _require_martyr_bundle(_: Session, bundle: Bundle) -> None:
    bundles.require_martyr(bundle)


def _parts_of_bundle(db: Session, bundle: Bundle) -> Parts:
    items = select(BundleItem.id).where(BundleItem.bundle_id == bundle.id)
    return Parts(len(bundles.sections_of(db, bundle.id)), set(db.scalars(items)))


def _parts_of_proposition(_: Session, __: Proposition) -> Parts:
    return Parts(0, [])


def _quotable_of_proposition(db: Session, proposition: Proposition, by: Caller) -> Sources:
    rests = select(Evidence.excerpt_id).where(Evidence.proposition_id == proposition.id)
    seen = visible_excerpts(by).where(Excerpt.id.in_(rests.where(Evidence.excerpt_id.is_not(None))))
    return [(Excerpt, id_) for id_ in db.scalars(seen.with_only_columns(Excerpt.id))]


SUBJECTS = [
    Subject(
        Bundle,
        Annotation.bundle_id,
        bundles.visible_to,
        _require_martyr_bundle,
        _parts_of_bundle,
        quotable,
    ),
    Subject(
        Proposition,
        Annotation.proposition_id,
        propositions.visible_to,
        steps.require_martyr,
        _parts_of_proposition,
        _quotable_of_proposition,
    ),
]


def kind_of(thing: Thing) -> Subject:
    """How this thing is annotated."""
    return next(subject for subject in SUBJECTS if isinstance(thing, subject.model))


def thing_of(db: Session, annotation: Annotation) -> Thing:
    """What it is about; locked if it may be changed: it is not frozen meanwhile."""
    subject = next(s for s in SUBJECTS if getattr(annotation, s.column.key))
    of_it = subject.model.id == getattr(annotation, subject.column.key)
    found: Thing = db.scalars(locked(db, select(subject.model).where(of_it))).one()
    return found


def about_visible(me: Caller) -> ColumnElement[bool]:
    """What holds for the annotations of the things that this account sees."""
    return or_(
        *(
            and_(
                s.column.is_not(None),
                s.column.in_(s.visible_to(me).with_only_columns(s.model.id)),
            )
            for s in SUBJECTS
        )
    )

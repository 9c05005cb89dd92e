"""What annotations may be about: one entry of `SUBJECTS` and one column for each kind of thing."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.annotations.models import Annotation
from app.bundles.models import Bundle, BundleItem
from app.bundles.service import require_martyr, sections_of
from app.bundles.service import visible_to as visible_bundles
from app.core.db import locked
from app.remarks.quotes import Sources, quotable

Thing = Bundle


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

    model: type[Thing]
    column: Any
    visible_to: Callable[[Caller], Select[Any]]
    require_martyr: Callable[[Thing], None]
    parts: Callable[[Session, Thing], Parts]
    quotable: Callable[[Session, Thing, Caller], Sources]


def _parts_of_bundle(db: Session, bundle: Bundle) -> Parts:
    items = select(BundleItem.id).where(BundleItem.bundle_id == bundle.id)
    return Parts(len(sections_of(db, bundle.id)), set(db.scalars(items)))


SUBJECTS = [
    Subject(
        Bundle, Annotation.bundle_id, visible_bundles, require_martyr, _parts_of_bundle, quotable
    ),
]


def kind_of(thing: Thing) -> Subject:
    """How this thing is annotated."""
    return next(subject for subject in SUBJECTS if isinstance(thing, subject.model))


def thing_of(db: Session, annotation: Annotation) -> Thing:
    """What it is about; locked if it may be changed: it is not frozen meanwhile."""
    subject = next(s for s in SUBJECTS if getattr(annotation, s.column.key))
    of_it = subject.model.id == getattr(annotation, subject.column.key)
    return db.scalars(locked(db, select(subject.model).where(of_it))).one()


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

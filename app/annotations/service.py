"""What can be done with annotations: each function is one deed, one permission, one audit event.

Whoever of the team sees the subject says what they think of it, answers, and says what is settled:
as long as it is a martyr. Then nothing of that changes any more.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, delete, false, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller, Forbidden
from app.accounts.permissions import Permission
from app.annotations.models import Annotation
from app.annotations.schemas import AnnotationIn, AnswerIn
from app.annotations.subjects import Thing, about_visible, kind_of, thing_of
from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.core.pages import Order
from app.core.problems import Invalid, NotFound
from app.lineage.service import forget, made
from app.remarks.quotes import may_also_quote, quotes_unseen, reads

A = Annotation
OLDEST_FIRST = Order(A.created_at, A.id)


def visible_to(me: Caller) -> Select[Annotation]:
    """Every annotation this account may read now: the team's, about what it sees."""
    rows = select(A)
    if not reads(me):
        return rows.where(false())
    return rows.where(about_visible(me), ~quotes_unseen(A, me))


def about(thing: Thing, me: Caller) -> Select[Annotation]:
    """Those of this thing, which `me` sees. Raises NotFound for who is not of the team."""
    if not reads(me):
        raise NotFound
    return select(A).where(kind_of(thing).column == thing.id, ~quotes_unseen(A, me))


def find(db: Session, annotation_id: UUID, by: Caller) -> Annotation:
    """The annotation, if `by` may read it; locked if it may be changed. Raises NotFound."""
    if not (annotation := db.scalar(locked(db, visible_to(by).where(A.id == annotation_id)))):
        raise NotFound
    return annotation


def write(db: Session, thing: Thing, payload: AnnotationIn, by: Caller) -> Annotation:
    """Say something of a thing that `by` sees. Raises WrongState unless it is a martyr."""
    by.require(Permission.REMARK)
    subject = kind_of(thing)
    subject.require_martyr(db, thing)
    annotation = A(by_id=by.id)
    setattr(annotation, subject.column.key, thing.id)
    _say(db, annotation, thing, payload)
    db.add(annotation)
    made(db, annotation, subject.quotable(db, thing, by))
    record(db, "annotation.written", on=annotation, by=by, about=subject.model.__tablename__)
    return annotation


def change(db: Session, annotation: Annotation, payload: AnnotationIn, by: Caller) -> None:
    """The same annotation, in other words, by its author."""
    _require_own(annotation.by_id, by)
    thing = _martyr_of(db, annotation)
    _say(db, annotation, thing, payload)
    annotation.touch()
    may_also_quote(db, annotation, kind_of(thing).quotable(db, thing, by))
    record(db, "annotation.changed", on=annotation, by=by)


def discard(db: Session, annotation: Annotation, by: Caller) -> None:
    """The annotation is gone: its author deletes it."""
    _require_own(annotation.by_id, by)
    _martyr_of(db, annotation)
    record(db, "annotation.discarded", on=annotation, by=by)
    erase(db, [annotation.id])


def answer(db: Session, annotation: Annotation, payload: AnswerIn, by: Caller) -> None:
    """Answer it. An answer is written again by who gave it: there is one."""
    by.require(Permission.REMARK)
    thing = _martyr_of(db, annotation)
    if annotation.answered_by_id:
        _require_own(annotation.answered_by_id, by)
    annotation.answer = payload.text
    annotation.answered_at, annotation.answered_by_id = now(), by.id
    may_also_quote(db, annotation, kind_of(thing).quotable(db, thing, by))
    record(db, "annotation.answered", on=annotation, by=by)


def take_back_answer(db: Session, annotation: Annotation, by: Caller) -> None:
    """Who answered says that this is no answer. Twice is once."""
    by.require(Permission.REMARK)
    _martyr_of(db, annotation)
    if annotation.answered_by_id:
        _require_own(annotation.answered_by_id, by)
        annotation.answer = annotation.answered_at = annotation.answered_by_id = None
        record(db, "annotation.unanswered", on=annotation, by=by)


def resolve(db: Session, annotation: Annotation, by: Caller) -> None:
    """Somebody of the team says that it is settled. Twice is once."""
    by.require(Permission.REMARK)
    _martyr_of(db, annotation)
    if not annotation.resolved_at:
        annotation.resolved_at, annotation.resolved_by_id = now(), by.id
        record(db, "annotation.resolved", on=annotation, by=by)


def reopen(db: Session, annotation: Annotation, by: Caller) -> None:
    """It is not settled after all. Twice is once."""
    by.require(Permission.REMARK)
    _martyr_of(db, annotation)
    if annotation.resolved_at:
        annotation.resolved_at = annotation.resolved_by_id = None
        record(db, "annotation.reopened", on=annotation, by=by)


def erase(db: Session, ids: Collection[UUID]) -> None:
    """These annotations are gone, with their answers."""
    db.execute(delete(A).where(A.id.in_(ids)))
    forget(db, A.__tablename__, ids)


def _martyr_of(db: Session, annotation: Annotation) -> Thing:
    """What it is about. Raises WrongState unless that is a martyr still."""
    thing = thing_of(db, annotation)
    kind_of(thing).require_martyr(db, thing)
    return thing


def _require_own(author_id: UUID, by: Caller) -> None:
    by.require(Permission.REMARK)
    if author_id != by.id:
        raise Forbidden(permission=Permission.REMARK)


def _say(db: Session, annotation: Annotation, thing: Thing, payload: AnnotationIn) -> None:
    """Raises Invalid when the thing has no such part now."""
    parts = kind_of(thing).parts(db, thing)
    if payload.section is not None and payload.section >= parts.sections:
        raise Invalid.at("#/section", "out_of_range", length=parts.sections)
    if payload.item_id and payload.item_id not in parts.items:
        raise Invalid.at("#/item_id", "unknown_id")
    annotation.subject_version = thing.version
    for name, value in payload.model_dump().items():
        setattr(annotation, name, value)

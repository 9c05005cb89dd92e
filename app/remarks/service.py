"""What can be done with remarks: each function is one deed, one permission, one audit event.

What a remark is about is found before, by who sees it.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, false, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller, Forbidden
from app.accounts.permissions import Permission
from app.audit.service import record
from app.bundles.models import Bundle
from app.bundles.service import visible_to as visible_bundles
from app.core.db import locked
from app.core.models import Base, now
from app.core.pages import Order
from app.core.problems import NotFound
from app.excerpts.models import Excerpt
from app.excerpts.service import visible_to as visible_excerpts
from app.lineage.service import forget, made
from app.remarks.models import Remark
from app.remarks.quotes import Thing, may_also_quote, quotable, quotes_unseen, reads
from app.remarks.schemas import RemarkIn
from app.testimonies.models import Testimony, TestimonyMedia
from app.testimonies.service import visible_to as visible_testimonies

R = Remark
OLDEST_FIRST = Order(R.created_at, R.id)
ABOUT: dict[type[Base], Any] = {
    Testimony: R.testimony_id,
    Excerpt: R.excerpt_id,
    Bundle: R.bundle_id,
}


def visible_to(me: Caller) -> Select[Remark]:
    """Every remark this account may read now: those of the team, about what they see."""
    rows = select(R)
    if not reads(me):
        return rows.where(false())
    return rows.where(
        or_(
            _is_in(R.testimony_id, visible_testimonies(me).with_only_columns(Testimony.id)),
            _is_in(R.excerpt_id, visible_excerpts(me).with_only_columns(Excerpt.id)),
            _is_in(R.bundle_id, visible_bundles(me).with_only_columns(Bundle.id)),
        ),
        ~quotes_unseen(R, me),
    )


def about(thing: Thing, me: Caller) -> Select[Remark]:
    """The remarks about this thing, which `me` sees. Raises NotFound for who is not of the team."""
    if not reads(me):
        raise NotFound
    return select(R).where(ABOUT[type(thing)] == thing.id, ~quotes_unseen(R, me))


def find(db: Session, remark_id: UUID, by: Caller) -> Remark:
    """The remark, if `by` may read it; locked if it may be changed. Raises NotFound."""
    if not (remark := db.scalar(locked(db, visible_to(by).where(R.id == remark_id)))):
        raise NotFound
    return remark


def write(db: Session, thing: Thing, payload: RemarkIn, by: Caller) -> Remark:
    """A new remark about a thing that `by` sees."""
    by.require(Permission.REMARK)
    remark = Remark(by_id=by.id, text=payload.text)
    setattr(remark, ABOUT[type(thing)].key, thing.id)
    db.add(remark)
    made(db, remark, quotable(db, thing, by))
    record(db, "remark.written", on=remark, by=by, about=type(thing).__tablename__)
    return remark


def change(db: Session, remark: Remark, payload: RemarkIn, by: Caller) -> None:
    """The same remark, in other words, by its author. It may quote what it could quote before."""
    _require_author(remark, by)
    remark.text = payload.text
    remark.touch()
    may_also_quote(db, remark, quotable(db, _thing(db, remark), by))
    record(db, "remark.changed", on=remark, by=by)


def discard(db: Session, remark: Remark, by: Caller) -> None:
    """The remark is gone: its author deletes it."""
    _require_author(remark, by)
    record(db, "remark.discarded", on=remark, by=by)
    erase(db, [remark.id])


def resolve(db: Session, remark: Remark, by: Caller) -> None:
    """An editor says that it is settled. Twice is once."""
    by.require(Permission.MODERATE)
    if not remark.resolved_at:
        remark.resolved_at, remark.resolved_by_id = now(), by.id
        record(db, "remark.resolved", on=remark, by=by)


def reopen(db: Session, remark: Remark, by: Caller) -> None:
    """It is not settled after all. Twice is once."""
    by.require(Permission.MODERATE)
    if remark.resolved_at:
        remark.resolved_at = remark.resolved_by_id = None
        record(db, "remark.reopened", on=remark, by=by)


def erase(db: Session, ids: Collection[UUID]) -> None:
    """These remarks are gone."""
    db.execute(delete(R).where(R.id.in_(ids)))
    forget(db, R.__tablename__, ids)


def of_media(db: Session, media_id: UUID) -> list[UUID]:
    """The remarks about testimonies of which this media is a recording."""
    recorded = select(TestimonyMedia.testimony_id).where(TestimonyMedia.media_id == media_id)
    return list(db.scalars(select(R.id).where(R.testimony_id.in_(recorded))))


def _require_author(remark: Remark, by: Caller) -> None:
    by.require(Permission.REMARK)
    if remark.by_id != by.id:
        raise Forbidden(permission=Permission.REMARK)


def _is_in(column: Any, ids: Select[UUID]) -> ColumnElement[bool]:
    return and_(column.is_not(None), column.in_(ids))


def _thing(db: Session, remark: Remark) -> Thing:
    if remark.testimony_id:
        return db.get_one(Testimony, remark.testimony_id)
    if remark.excerpt_id:
        return db.get_one(Excerpt, remark.excerpt_id)
    return db.get_one(Bundle, remark.bundle_id)

"""What can be done with testimonies: each function is one deed, one permission, one audit event."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, Table, bindparam, delete, insert, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller, Forbidden
from app.accounts.permissions import Permission
from app.audit.service import record
from app.codebook.service import given_now, require_themes
from app.core.db import locked
from app.core.models import now
from app.core.pages import Order
from app.core.problems import Invalid, NotFound, WrongState
from app.history import service as history
from app.lineage.service import forget_made_of
from app.media.models import Media
from app.places.models import Place
from app.places.service import require_territory
from app.schemes.service import require_scheme, require_terms
from app.testimonies import queries
from app.testimonies.models import (
    State,
    Testimony,
    TestimonyMedia,
    TestimonyTag,
    TestimonyTheme,
    TestimonyWitness,
)
from app.testimonies.queries import filtered, rights, tombs
from app.testimonies.schemas import Sort, TestimonyIn, TestimonyListing
from app.testimonies.versions import reading, snapshot_of
from app.textindex import service as textindex
from app.textindex.models import TextKind
from app.witnesses.service import require_witnesses
from app.workshops.models import Workshop
from app.workshops.service import require_open_workshop

LATEST_FIRST = Order(Testimony.recorded_on, Testimony.id, latest_first=True)
WAITING_LONGEST_FIRST = Order(Testimony.submitted_at, Testimony.id)
ORDERS = {Sort.LATEST_FIRST: LATEST_FIRST, Sort.SUBMITTED: WAITING_LONGEST_FIRST}
LINKS: dict[str, tuple[Any, str]] = {
    "witness_ids": (TestimonyWitness, "witness_id"),
    "theme_ids": (TestimonyTheme, "theme_id"),
    "media_ids": (TestimonyMedia, "media_id"),
    "tags": (TestimonyTag, "tag"),
}
TERRITORY_OF_PLACE = select(Place.territory_id).where(Place.id == bindparam("id"))
OWNERS_TURN = (State.DRAFT, State.RETURNED)
EDITORS_TURN = (State.SUBMITTED, State.ACCEPTED)


def visible_to(me: Caller) -> Select[Testimony]:
    """Every testimony this account may read now."""
    return select(Testimony).where(or_(False, *rights(me)))


def search(me: Caller, filters: TestimonyListing) -> Sequence[Select[Testimony]]:
    """The visible testimonies which pass the filters: a select for each right to see.

    In the order of their submission, those that were submitted.

    With `updated_since`, those that the caller could see and that were taken back meanwhile too.
    """
    rows = filtered(filters)
    if filters.sort is Sort.SUBMITTED:
        rows = rows.where(Testimony.submitted_at.is_not(None))
    found = [rows.where(right) for right in rights(me)]
    if filters.updated_since:
        gone = tombs(filters.updated_since)
        found += [gone.where(right) for right in queries.rights_to_know(me)]
    return found


def find(db: Session, testimony_id: UUID, by: Caller) -> Testimony:
    """The testimony, if `by` may see it; locked if it may be changed. Raises NotFound."""
    testimony = db.scalar(locked(db, visible_to(by).where(Testimony.id == testimony_id)))
    if not testimony:
        raise NotFound
    return testimony


def deposit(db: Session, payload: TestimonyIn, by: Caller) -> Testimony:
    """A new draft, captured by `by`. Raises Invalid, WorkshopNotOpen."""
    by.require(Permission.WRITE_TESTIMONIES)
    workshop = None
    if payload.workshop_id:
        workshop = require_open_workshop(db, payload.workshop_id, payload.scheme_id, by)
        by.require(Permission.WRITE_TESTIMONIES, at=workshop)
    testimony_id = uuid4()
    _check(db, payload, by, testimony_id)
    testimony = Testimony(id=testimony_id, captured_by=by.id, **_columns(payload))
    _place(testimony, workshop, by)
    _locate(db, testimony)
    db.add(testimony)
    record(db, "testimony.deposited", on=testimony, by=by)
    _link(db, testimony, payload)
    _index(db, testimony, payload.tags)
    return testimony


def change(db: Session, testimony: Testimony, payload: TestimonyIn, by: Caller) -> Testimony:
    """The same testimony, described again in full: by its owner, then by an editor."""
    _require_turn(testimony, by)
    for name in ("scheme_id", "workshop_id"):
        if getattr(payload, name) != getattr(testimony, name):
            raise Invalid.at(f"#/{name}", "stays")
    _check(db, payload, by, testimony.id)
    was = snapshot_of(db, testimony)
    for name, value in _columns(payload).items():
        setattr(testimony, name, value)
    _locate(db, testimony)
    testimony.touch()
    for model, _ in LINKS.values():
        db.execute(delete(model).where(model.testimony_id == testimony.id))
    record(db, "testimony.changed", on=testimony, by=by)
    _link(db, testimony, payload)
    history.keep(
        db,
        testimony,
        was,
        snapshot_of(db, testimony),
        author_id=testimony.captured_by,
        editor_id=by.id,
        state=testimony.state,
    )
    _index(db, testimony, payload.tags)
    return testimony


def restore(db: Session, testimony: Testimony, version: int, by: Caller) -> TestimonyIn:
    """What an earlier version said holds again: a change, like any other; what it says.

    Of a theme that was merged since, it is coded with the one it was merged into. Raises Invalid
    when there is no such version for `by`, and whatever `change` raises.
    """
    _require_turn(testimony, by)
    earlier = reading(db, testimony, by)
    payload = history.to_restore(db, earlier, version, TestimonyIn)
    payload.theme_ids = given_now(db, payload.theme_ids)
    change(db, testimony, payload, by)
    record(db, "testimony.restored", on=testimony, by=by, version=version)
    return payload


def submit(db: Session, testimony: Testimony, by: Caller) -> None:
    """Hand it to the editors. Submitting twice is submitting once."""
    by.require(Permission.WRITE_TESTIMONIES, at=testimony)
    if testimony.state is State.SUBMITTED:
        return
    if testimony.state not in OWNERS_TURN:
        raise WrongState(state=testimony.state)
    testimony.state, testimony.submitted_at = State.SUBMITTED, now()
    record(db, "testimony.submitted", on=testimony, by=by)


def take_back(db: Session, testimony: Testimony, by: Caller) -> None:
    """Make it a draft again, while nothing is decided. Twice is once."""
    by.require(Permission.WRITE_TESTIMONIES, at=testimony)
    if testimony.state is State.DRAFT:
        return
    if testimony.state is not State.SUBMITTED:
        raise WrongState(state=testimony.state)
    testimony.state, testimony.submitted_at = State.DRAFT, None
    record(db, "testimony.taken-back", on=testimony, by=by)


def require_discardable(testimony: Testimony, by: Caller) -> None:
    """It is a draft of one's own. Raises Forbidden, WrongState."""
    by.require(Permission.WRITE_TESTIMONIES, at=testimony)
    if testimony.captured_by != by.id:
        raise Forbidden(permission=Permission.WRITE_TESTIMONIES)
    if testimony.state is not State.DRAFT:
        raise WrongState(state=testimony.state)


def discard(db: Session, testimony: Testimony, by: Caller) -> None:
    """Delete a draft of one's own, of which there are no excerpts."""
    require_discardable(testimony, by)
    record(db, "testimony.discarded", on=testimony, by=by)
    for model, _ in LINKS.values():
        db.execute(delete(model).where(model.testimony_id == testimony.id))
    history.forget(db, testimony)
    forget_made_of(db, Testimony.__tablename__, [testimony.id])
    textindex.remove(db, [testimony.id])
    db.delete(testimony)


def withdraw(db: Session, witness_id: UUID) -> list[UUID]:
    """Every testimony in which this witness speaks is withdrawn, for good; which ones.

    Asked for by who may: see `withdrawals`. Those withdrawn already stay as they are.
    """
    spoken = select(TestimonyWitness.testimony_id).where(TestimonyWitness.witness_id == witness_id)
    rows = select(Testimony).where(Testimony.id.in_(spoken), Testimony.state != State.WITHDRAWN)
    found = list(db.scalars(locked(db, rows)))
    for testimony in found:
        testimony.withdraw()
    return [testimony.id for testimony in found]


def touch_those_of(db: Session, witness_id: UUID) -> None:
    """Mirrors look again at what this witness said: who may read it has changed."""
    spoken = select(TestimonyWitness.testimony_id).where(TestimonyWitness.witness_id == witness_id)
    for testimony in db.scalars(locked(db, select(Testimony).where(Testimony.id.in_(spoken)))):
        testimony.touch()


def erase(db: Session, ids: Collection[UUID]) -> None:
    """The words of withdrawn testimonies are gone; that they were there is kept."""
    rows = select(Testimony).where(Testimony.id.in_(ids), Testimony.erased_at.is_(None))
    for testimony in db.scalars(locked(db, rows)):
        testimony.title = testimony.body = testimony.nature = testimony.sector = None
        testimony.restriction, testimony.erased_at = None, now()
    for model in (TestimonyTag, TestimonyTheme):
        db.execute(delete(model).where(model.testimony_id.in_(ids)))
    textindex.remove(db, ids)


def index(db: Session, ids: Sequence[UUID]) -> None:
    """Have these testimonies found by their words, whatever was known of them before."""
    tags: dict[UUID, list[str]] = {}
    rows = select(TestimonyTag.testimony_id, TestimonyTag.tag)
    for testimony_id, tag in db.execute(rows.where(TestimonyTag.testimony_id.in_(ids))):
        tags.setdefault(testimony_id, []).append(tag)
    for testimony in db.scalars(select(Testimony).where(Testimony.id.in_(ids))):
        _index(db, testimony, tags.get(testimony.id, []))


def _require_turn(testimony: Testimony, by: Caller) -> None:
    """Raise Forbidden or WrongState unless it is `by`'s turn to change it."""
    if Permission.MODERATE in by.permissions:
        turn = EDITORS_TURN
    else:
        by.require(Permission.WRITE_TESTIMONIES, at=testimony)
        turn = OWNERS_TURN
    if testimony.state not in turn:
        raise WrongState(state=testimony.state)


def _check(db: Session, payload: TestimonyIn, by: Caller, testimony_id: UUID) -> None:
    require_scheme(db, payload.scheme_id)
    require_terms(
        db, ("#/method", "methods", payload.method), ("#/sector", "sectors", payload.sector)
    )
    if payload.territory_id:
        require_territory(db, payload.territory_id)
    require_witnesses(db, payload.witness_ids, payload.scheme_id, by)
    coded = select(TestimonyTheme.theme_id).where(TestimonyTheme.testimony_id == testimony_id)
    require_themes(db, payload.theme_ids, payload.scheme_id, kept=coded)
    if payload.media_ids:
        _require_media(db, payload.media_ids, by, testimony_id)


def _require_media(db: Session, ids: Sequence[UUID], by: Caller, testimony_id: UUID) -> None:
    """Media of one's own organization, or that the testimony has already."""
    kept = select(TestimonyMedia.media_id).where(TestimonyMedia.testimony_id == testimony_id)
    may_be_here = or_(Media.owner_organization_id == by.organization_id, Media.id.in_(kept))
    known = set(db.scalars(select(Media.id).where(Media.id.in_(ids), may_be_here)))
    for index, media_id in enumerate(ids):
        if media_id not in known:
            raise Invalid.at(f"#/media_ids/{index}", "unknown_id")


def _columns(payload: TestimonyIn) -> dict[str, Any]:
    values = payload.model_dump(exclude={*LINKS, "restriction"})
    restriction = payload.restriction
    kept = restriction.model_dump(mode="json") if restriction else None
    return values | {"restriction": kept}


def _place(testimony: Testimony, workshop: Workshop | None, by: Caller) -> None:
    testimony.owner_organization_id = by.organization_id
    if workshop:
        testimony.owner_organization_id = workshop.owner_organization_id
        testimony.partner_organization_id = workshop.partner_organization_id
        testimony.place_id = workshop.place_id


def _locate(db: Session, testimony: Testimony) -> None:
    """Words of no territory in particular are of the one where they were said."""
    if not testimony.territory_id and testimony.place_id:
        with db.no_autoflush:  # a change is one new version, not two
            place = db.get_one(Place, testimony.place_id)
        testimony.territory_id = place.territory_id


def _link(db: Session, testimony: Testimony, payload: TestimonyIn) -> None:
    for name, (model, column) in LINKS.items():
        table: Table = model.metadata.tables[model.__tablename__]
        rows = [
            {"testimony_id": testimony.id, column: value, "position": position}
            for position, value in enumerate(getattr(payload, name))
        ]
        if rows:
            db.execute(insert(table), rows)


def _index(db: Session, testimony: Testimony, tags: Sequence[str]) -> None:
    heads = [testimony.title, *tags]
    at, body = testimony.created_at, testimony.body
    textindex.put(db, TextKind.TESTIMONY, testimony.id, at, title=heads, body=body)

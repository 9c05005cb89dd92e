"""What can be done with bundles: each function is one deed, one permission, one audit event."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, delete, false, insert, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audiences.models import Expectation
from app.audit.service import record
from app.bundles.models import (
    Bundle,
    BundleExpectation,
    BundleItem,
    BundleState,
    Section,
    ShowAs,
)
from app.bundles.schemas import BundleFilters, BundleIn, ItemIn
from app.bundles.versions import erase as erase_versions
from app.bundles.versions import reading, snapshot_of
from app.core.db import locked
from app.core.models import as_stored, now
from app.core.pages import Item, Order, matches
from app.core.problems import Invalid, NotFound, WrongState
from app.excerpts.models import Excerpt, SelectorType
from app.excerpts.service import visible_to as visible_excerpts
from app.excerpts.service import words_of
from app.history import service as history
from app.media.models import Kind, Media
from app.places.service import require_territory
from app.schemes.service import require_scheme, require_terms
from app.testimonies.models import Testimony, TestimonyMedia
from app.testimonies.queries import signatures
from app.testimonies.service import visible_to as visible_testimonies

LATEST_FIRST = Order(Bundle.created_at, Bundle.id, descending=True)
SECTIONS = Section.metadata.tables["bundle_sections"]
ITEMS = BundleItem.metadata.tables["bundle_items"]
EXPECTATIONS = BundleExpectation.metadata.tables["bundle_expectations"]
KINDS = {ShowAs.VIDEO: {Kind.VIDEO}, ShowAs.AUDIO: {Kind.AUDIO}}


def visible_to(me: Caller) -> Select[Bundle]:
    """The bundles this account may see: all, for those who compose or evaluate them, or on case."""
    rows = select(Bundle)
    sees = me.on_case or Permission.READ_BUNDLES in me.permissions
    return rows if sees else rows.where(false())


def search(me: Caller, filters: BundleFilters) -> Select[Bundle]:
    """The visible bundles which pass the filters."""
    return visible_to(me).where(*_conditions(filters))


def filtered(filters: BundleFilters) -> Select[Bundle]:
    """The bundles which pass the filters, whoever may see them."""
    return select(Bundle).where(*_conditions(filters))


def _conditions(filters: BundleFilters) -> list[ColumnElement[bool]]:
    conditions = matches(Bundle, filters, "scheme_id", "audience", "form")
    if not filters.expectation_id:
        return conditions
    answers = select(BundleExpectation.id).where(
        BundleExpectation.bundle_id == Bundle.id,
        BundleExpectation.expectation_id.in_(filters.expectation_id),
    )
    return [*conditions, answers.exists()]


def find(db: Session, bundle_id: UUID, by: Caller) -> Bundle:
    """The bundle, if `by` may see it; locked if it may be changed. Raises NotFound."""
    if not (bundle := db.scalar(locked(db, visible_to(by).where(Bundle.id == bundle_id)))):
        raise NotFound
    return bundle


def compose(db: Session, payload: BundleIn, by: Caller) -> Bundle:
    """A new bundle, of passages that `by` may read."""
    by.require(Permission.COMPOSE)
    bundle = Bundle(id=uuid4(), created_by_id=by.id)
    _describe(db, bundle, payload)
    db.add(bundle)
    record(db, "bundle.composed", on=bundle, by=by)
    _fill(db, bundle, payload, set(), by)
    return bundle


def change(db: Session, bundle: Bundle, payload: BundleIn, by: Caller) -> Bundle:
    """The same bundle, described again in full: a draft anew, whatever was published of it.

    One that is being taken apart stays so: it changes because of what is said of it.
    """
    by.require(Permission.COMPOSE)
    _require_open(bundle)
    if payload.scheme_id != bundle.scheme_id:
        raise Invalid.at("#/scheme_id", "stays")
    was = snapshot_of(bundle, shown(db, bundle))
    _describe(db, bundle, payload)
    bundle.touch()
    bundle.ready_at = bundle.ready_by_id = bundle.published_at = None
    known = set(db.scalars(select(BundleItem.id).where(BundleItem.bundle_id == bundle.id)))
    _empty(db, bundle)
    record(db, "bundle.changed", on=bundle, by=by)
    _fill(db, bundle, payload, known, by)
    history.keep(
        db,
        bundle,
        was,
        snapshot_of(bundle, shown(db, bundle)),
        author_id=bundle.created_by_id,
        editor_id=by.id,
    )
    return bundle


def restore(db: Session, bundle: Bundle, version: int, by: Caller) -> None:
    """What an earlier version said holds again: a change, like any other.

    Items that are not there any more come back as new ones. Raises Invalid when there is no such
    version, and whatever `change` raises.
    """
    by.require(Permission.COMPOSE)
    earlier = reading(bundle, shown(db, bundle))
    payload = history.to_restore(db, earlier, version, BundleIn)
    there = set(db.scalars(select(BundleItem.id).where(BundleItem.bundle_id == bundle.id)))
    for section in payload.sections:
        for item in section.items:
            item.id = item.id if item.id in there else None
    change(db, bundle, payload, by)
    record(db, "bundle.restored", on=bundle, by=by, version=version)


def discard(db: Session, bundle: Bundle, by: Caller) -> None:
    """Delete a bundle of which nothing was published (the database refuses the others)."""
    by.require(Permission.COMPOSE)
    record(db, "bundle.discarded", on=bundle, by=by)
    _empty(db, bundle)
    history.forget(db, bundle)
    db.delete(bundle)


def offer_as_martyr(db: Session, bundle: Bundle, by: Caller) -> None:
    """A draft is there to be taken apart: the team annotates it. Twice is once."""
    by.require(Permission.COMPOSE)
    if bundle.state not in (BundleState.DRAFT, BundleState.MARTYR):
        raise WrongState(state=bundle.state)
    if not bundle.martyr_at:
        bundle.martyr_at, bundle.martyr_by_id = now(), by.id
        record(db, "bundle.martyr", on=bundle, by=by)


def end_martyr(db: Session, bundle: Bundle, by: Caller) -> None:
    """It is a draft again; what was said of it stays, and is frozen. Twice is once."""
    by.require(Permission.COMPOSE)
    _require_open(bundle)
    if bundle.martyr_at:
        bundle.martyr_at = bundle.martyr_by_id = None
        record(db, "bundle.martyr-ended", on=bundle, by=by)


def require_martyr(bundle: Bundle) -> None:
    """Raise WrongState unless it is there to be taken apart."""
    if bundle.state is not BundleState.MARTYR:
        raise WrongState(state=bundle.state)


def declare_ready(db: Session, bundle: Bundle, by: Caller) -> None:
    """It may be published, and is not taken apart any more. Twice is once."""
    by.require(Permission.COMPOSE)
    _require_open(bundle)
    if not bundle.ready_at:
        bundle.martyr_at = bundle.martyr_by_id = None
        bundle.ready_at, bundle.ready_by_id = now(), by.id
        record(db, "bundle.ready", on=bundle, by=by)


def undo_ready(db: Session, bundle: Bundle, by: Caller) -> None:
    """It is a draft again. Twice is once."""
    by.require(Permission.COMPOSE)
    _require_open(bundle)
    if bundle.ready_at:
        bundle.ready_at = bundle.ready_by_id = None
        record(db, "bundle.draft-again", on=bundle, by=by)


def close(db: Session, bundle: Bundle, by: Caller) -> None:
    """Nothing more will come of it. Twice is once."""
    by.require(Permission.COMPOSE)
    if not bundle.closed_at:
        bundle.closed_at, bundle.closed_by_id = now(), by.id
        record(db, "bundle.closed", on=bundle, by=by)


def reopen(db: Session, bundle: Bundle, by: Caller) -> None:
    """It may be changed and published again. Twice is once."""
    by.require(Permission.COMPOSE)
    if bundle.closed_at:
        bundle.closed_at = bundle.closed_by_id = None
        record(db, "bundle.reopened", on=bundle, by=by)


def sections_of(db: Session, bundle_id: UUID) -> list[dict[str, Any]]:
    """The sections of a bundle and their items, in order: rows under `items`."""
    sections = db.scalars(
        select(Section).where(Section.bundle_id == bundle_id).order_by(Section.position)
    )
    items = db.scalars(
        select(BundleItem).where(BundleItem.bundle_id == bundle_id).order_by(BundleItem.position)
    )
    found: dict[UUID, dict[str, Any]] = {
        section.id: {"title": section.title, "text": section.text, "items": []}
        for section in sections
    }
    for item in items:
        found[item.section_id]["items"].append(item)
    return list(found.values())


def erase(db: Session, excerpt_ids: Collection[UUID], testimony_ids: Collection[UUID]) -> None:
    """What was written beside these passages, in any bundle, is gone; the items stay, empty."""
    shows = or_(BundleItem.excerpt_id.in_(excerpt_ids), BundleItem.testimony_id.in_(testimony_ids))
    db.execute(update(BundleItem).where(shows).values(caption=None, selection_reason=None))
    erase_versions(db, excerpt_ids, testimony_ids)


def shown(db: Session, bundle: Bundle) -> Item:
    """What is told of one bundle besides its columns."""
    answers = select(BundleExpectation.expectation_id).where(
        BundleExpectation.bundle_id == bundle.id
    )
    ids = list(db.scalars(answers.order_by(BundleExpectation.position)))
    return {"sections": sections_of(db, bundle.id), "expectation_ids": ids}


def complete(db: Session, items: list[Item]) -> None:
    """Give each bundle of a list its `expectation_ids`."""
    by_id = {item["id"]: item for item in items}
    rows = select(
        as_stored(BundleExpectation.bundle_id), as_stored(BundleExpectation.expectation_id)
    ).where(BundleExpectation.bundle_id.in_(list(by_id)))
    for item in items:
        item["expectation_ids"] = []
    for bundle_id, expectation_id in db.execute(rows.order_by(BundleExpectation.position)):
        by_id[bundle_id]["expectation_ids"].append(expectation_id)


def _require_open(bundle: Bundle) -> None:
    if bundle.closed_at:
        raise WrongState(state=BundleState.CLOSED)


def require_publishable(bundle: Bundle) -> None:
    """Raise WrongState unless somebody said that it is ready."""
    if bundle.state not in (BundleState.READY, BundleState.PUBLISHED):
        raise WrongState(state=bundle.state)


def _describe(db: Session, bundle: Bundle, payload: BundleIn) -> None:
    require_scheme(db, payload.scheme_id)
    require_terms(
        db, ("#/audience", "audiences", payload.audience), ("#/form", "forms", payload.form)
    )
    if payload.territory_id:
        require_territory(db, payload.territory_id)
    _require_expectations(db, payload.expectation_ids, payload.scheme_id)
    for name, value in payload.model_dump(exclude={"sections", "expectation_ids"}).items():
        setattr(bundle, name, value)


def _require_expectations(db: Session, ids: Sequence[UUID], scheme_id: UUID) -> None:
    """Raise Invalid at `#/expectation_ids/…` for the first that is not of this scheme."""
    rows = select(Expectation.id).where(Expectation.id.in_(ids), Expectation.scheme_id == scheme_id)
    known = set(db.scalars(rows)) if ids else set()
    for index, expectation_id in enumerate(ids):
        if expectation_id not in known:
            raise Invalid.at(f"#/expectation_ids/{index}", "unknown_id")


def _empty(db: Session, bundle: Bundle) -> None:
    db.execute(delete(BundleExpectation).where(BundleExpectation.bundle_id == bundle.id))
    db.execute(delete(BundleItem).where(BundleItem.bundle_id == bundle.id))
    db.execute(delete(Section).where(Section.bundle_id == bundle.id))


def _fill(db: Session, bundle: Bundle, payload: BundleIn, known: set[UUID], by: Caller) -> None:
    """Write the sections and items, once each item is found to be one that can be shown so.

    And what it answers.
    """
    sections: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    sources = _Sources(db, payload, by)
    used: set[UUID] = set()
    for s, section in enumerate(payload.sections):
        section_id = uuid4()
        own = {"id": section_id, "bundle_id": bundle.id, "position": s}
        sections.append(own | section.model_dump(include={"title", "text"}))
        for i, item in enumerate(section.items):
            here = f"#/sections/{s}/items/{i}"
            if item.id and (item.id not in known or item.id in used):
                raise Invalid.at(f"{here}/id", "unknown_id")
            sources.require(item, here)
            item_id = item.id or uuid4()
            used.add(item_id)
            place = {"id": item_id, "bundle_id": bundle.id, "section_id": section_id}
            items.append(item.model_dump(exclude={"id"}) | place | {"position": len(items)})
    answers = [
        {"bundle_id": bundle.id, "expectation_id": expectation_id, "position": position}
        for position, expectation_id in enumerate(dict.fromkeys(payload.expectation_ids))
    ]
    if answers:
        db.execute(insert(EXPECTATIONS), answers)
    if sections:
        db.execute(insert(SECTIONS), sections)
    if items:
        db.execute(insert(ITEMS), items)


class _Sources:
    """The excerpts and testimonies that a payload names, read at once."""

    def __init__(self, db: Session, payload: BundleIn, by: Caller) -> None:
        self._db = db
        items = [item for section in payload.sections for item in section.items]
        excerpts = visible_excerpts(by).where(
            Excerpt.id.in_({item.excerpt_id for item in items if item.excerpt_id}),
            Excerpt.scheme_id == payload.scheme_id,
        )
        testimonies = visible_testimonies(by).where(
            Testimony.id.in_({item.testimony_id for item in items if item.testimony_id}),
            Testimony.scheme_id == payload.scheme_id,
        )
        self.excerpts = {excerpt.id: excerpt for excerpt in db.scalars(excerpts)}
        self.testimonies = {testimony.id: testimony for testimony in db.scalars(testimonies)}
        self.kinds = _kinds(db, list(self.excerpts.values()), list(self.testimonies))
        spoken = {self._testimony_of(item) for item in items if item.signed}
        self.signatures = signatures(db, {id_ for id_ in spoken if id_})

    def require(self, item: ItemIn, here: str) -> None:
        """Raise Invalid unless the item's source is there, can be shown so, and signed so."""
        if item.excerpt_id:
            excerpt = self.excerpts.get(item.excerpt_id)
            if not excerpt:
                raise Invalid.at(f"{here}/excerpt_id", "unknown_id")
            has_text = words_of(self._db, excerpt) is not None
            kinds = self.kinds.get(excerpt.media_id, set()) if excerpt.media_id else set()
        elif item.testimony_id:
            testimony = self.testimonies.get(item.testimony_id)
            if not testimony:
                raise Invalid.at(f"{here}/testimony_id", "unknown_id")
            has_text = testimony.body is not None
            kinds = self.kinds.get(testimony.id, set())
        else:
            return
        showable = has_text if item.show_as is ShowAs.TEXT else bool(kinds & KINDS[item.show_as])
        if not showable:
            raise Invalid.at(f"{here}/show_as", "not_showable", show_as=item.show_as)
        if item.signed:
            self._require_signatures(item, here)

    def _testimony_of(self, item: ItemIn) -> UUID | None:
        excerpt = self.excerpts.get(item.excerpt_id) if item.excerpt_id else None
        return excerpt.testimony_id if excerpt else item.testimony_id

    def _require_signatures(self, item: ItemIn, here: str) -> None:
        testimony_id = self._testimony_of(item)
        signed = list(self.signatures[testimony_id].values()) if testimony_id else []
        if unsigned := signed.count(None):
            raise Invalid.at(
                f"{here}/signed", "not_signed", unsigned=unsigned, speakers=len(signed)
            )


def _kinds(
    db: Session, excerpts: list[Excerpt], testimony_ids: list[UUID]
) -> dict[UUID | None, set[Kind]]:
    """The kinds of recording there are: by media, and by testimony."""
    of_excerpts = [e.media_id for e in excerpts if e.selector is SelectorType.TIME]
    found: dict[UUID | None, set[Kind]] = {}
    media = select(Media.id, Media.kind).where(Media.id.in_(of_excerpts))
    of_testimonies = (
        select(TestimonyMedia.testimony_id, Media.kind)
        .join(Media, Media.id == TestimonyMedia.media_id)
        .where(TestimonyMedia.testimony_id.in_(testimony_ids))
    )
    for rows in (media, of_testimonies):
        for source_id, kind in db.execute(rows):
            if kind:
                found.setdefault(source_id, set()).add(kind)
    return found

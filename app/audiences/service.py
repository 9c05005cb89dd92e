"""What can be done with the directory of decision makers."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, delete, false, insert, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.accounts.service import require_organization
from app.audiences.models import Contact, ContactDisclosure, DecisionMaker, DecisionMakerTheme
from app.audiences.schemas import DecisionMakerFilters, DecisionMakerIn
from app.audit.service import record
from app.codebook.models import Theme
from app.codebook.service import THEME_NOW
from app.core.db import kept_as_it_is, locked
from app.core.models import as_stored, now
from app.core.pages import Item, Order, matches
from app.core.problems import Invalid, NotFound
from app.places.service import require_territory
from app.schemes.service import require_terms
from app.witnesses.vault import encrypt, open_identity

BY_TITLE = Order(DecisionMaker.title, DecisionMaker.id)
LINKS = DecisionMakerTheme.metadata.tables["decision_maker_themes"]


def visible_to(me: Caller) -> Select[DecisionMaker]:
    """Those this account may see: all, for those who compose or evaluate bundles, or on case."""
    rows = select(DecisionMaker)
    sees = me.on_case or Permission.READ_BUNDLES in me.permissions
    return rows if sees else rows.where(false())


def search(me: Caller, filters: DecisionMakerFilters) -> Select[DecisionMaker]:
    """The visible ones which pass the filters, whatever they can act on."""
    rows = visible_to(me).where(*matches(DecisionMaker, filters, "audience", "organization_id"))
    if filters.retired is None:
        return rows
    is_in_use = DecisionMaker.retired_at.is_(None)
    return rows.where(~is_in_use if filters.retired else is_in_use)


def find(db: Session, decision_maker_id: UUID, by: Caller) -> DecisionMaker:
    """The decision maker, if `by` may see them; locked if they may be changed. Raises NotFound."""
    rows = visible_to(by).where(DecisionMaker.id == decision_maker_id)
    if not (found := db.scalar(locked(db, rows))):
        raise NotFound
    return found


def require_decision_maker(
    db: Session, decision_maker_id: UUID, kept: UUID | None = None
) -> DecisionMaker:
    """The decision maker who is chosen; of those that are retired, only who is `kept` already.

    Raises Invalid at `#/decision_maker_id`.
    """
    rows = select(DecisionMaker).where(DecisionMaker.id == decision_maker_id)
    if not (found := db.scalar(rows)):
        raise Invalid.at("#/decision_maker_id", "unknown_id")
    if found.retired_at and found.id != kept:
        raise Invalid.at("#/decision_maker_id", "decision_maker_retired")
    return found


def add(db: Session, payload: DecisionMakerIn, by: Caller) -> DecisionMaker:
    """A new decision maker."""
    by.require(Permission.COMPOSE)
    added = DecisionMaker(id=uuid4(), created_by_id=by.id)
    theme_ids = _describe(db, added, payload)
    db.add(added)
    record(db, "decision-maker.added", on=added, by=by)
    _link(db, added, theme_ids)
    _keep_contact(db, added, payload)
    return added


def change(
    db: Session, decision_maker: DecisionMaker, payload: DecisionMakerIn, by: Caller
) -> DecisionMaker:
    """The same one, described again in full; a contact that is not told stays."""
    by.require(Permission.COMPOSE)
    theme_ids = _describe(db, decision_maker, payload)
    decision_maker.touch()
    record(db, "decision-maker.changed", on=decision_maker, by=by)
    ours = DecisionMakerTheme.decision_maker_id == decision_maker.id
    db.execute(delete(DecisionMakerTheme).where(ours))
    _link(db, decision_maker, theme_ids)
    _keep_contact(db, decision_maker, payload)
    return decision_maker


def retire(db: Session, decision_maker: DecisionMaker, by: Caller) -> None:
    """Choose them no more; they stay on what was asked and given. Twice is once."""
    by.require(Permission.COMPOSE)
    if not decision_maker.retired_at:
        decision_maker.retired_at, decision_maker.retired_by_id = now(), by.id
        record(db, "decision-maker.retired", on=decision_maker, by=by)


def put_back(db: Session, decision_maker: DecisionMaker, by: Caller) -> None:
    """Have them chosen again. Twice is once."""
    by.require(Permission.COMPOSE)
    if decision_maker.retired_at:
        decision_maker.retired_at = decision_maker.retired_by_id = None
        record(db, "decision-maker.put-back", on=decision_maker, by=by)


def disclose(db: Session, decision_maker: DecisionMaker, reason: str, by: Caller) -> dict[str, Any]:
    """How to reach them: one record, one audit event. Raises NotFound when nobody knows."""
    by.require(Permission.COMPOSE)
    by.require_fresh_login()
    row = _contact_of(db, decision_maker)
    if not row:
        raise NotFound
    db.add(ContactDisclosure(decision_maker_id=decision_maker.id, by_id=by.id, reason=reason))
    record(db, "contact.disclosed", on=decision_maker, by=by)
    return open_identity(row) | {"decision_maker_id": str(decision_maker.id)}


def complete(db: Session, items: list[Item]) -> None:
    """Give each decision maker of a list their `theme_ids`, and whether they have a contact."""
    ids = [item["id"] for item in items]
    linked = select(as_stored(DecisionMakerTheme.decision_maker_id), as_stored(THEME_NOW))
    themes = _grouped(db, linked, ids)
    known = select(as_stored(Contact.decision_maker_id)).where(Contact.decision_maker_id.in_(ids))
    reachable = set(db.scalars(known))
    for item in items:
        item["theme_ids"] = themes.get(item["id"], [])
        item["has_contact"] = item["id"] in reachable


def shown(db: Session, decision_maker: DecisionMaker) -> Item:
    """What is told of one decision maker besides the columns."""
    db.flush()
    themes = themes_of(db, [decision_maker.id]).get(decision_maker.id, [])
    return {"theme_ids": themes, "has_contact": _contact_of(db, decision_maker) is not None}


def themes_of(db: Session, ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """The themes that these decision makers can act on, in their order; without who names none."""
    return _grouped(db, select(DecisionMakerTheme.decision_maker_id, THEME_NOW), ids)


def _grouped(db: Session, rows: Select[Any, Any], ids: Collection[Any]) -> dict[Any, list[Any]]:
    found: dict[Any, dict[Any, None]] = {}
    linked = rows.join(Theme, Theme.id == DecisionMakerTheme.theme_id).where(
        DecisionMakerTheme.decision_maker_id.in_(ids)
    )
    for owner_id, theme_id in db.execute(linked.order_by(DecisionMakerTheme.position)):
        found.setdefault(owner_id, {})[theme_id] = None  # two that were merged into one are one
    return {owner_id: list(themes) for owner_id, themes in found.items()}


def _describe(db: Session, described: DecisionMaker, payload: DecisionMakerIn) -> list[UUID]:
    """Write the columns; the themes that are to be linked."""
    forms = enumerate(payload.preferred_forms)
    require_terms(
        db,
        ("#/audience", "audiences", payload.audience),
        *((f"#/preferred_forms/{i}", "forms", code) for i, code in forms),
    )
    require_organization(db, payload.organization_id, "#/organization_id")
    if payload.territory_id:
        require_territory(db, payload.territory_id)
    theme_ids = _themes(db, payload.theme_ids, described)
    for name, value in payload.model_dump(exclude={"theme_ids", "contact"}).items():
        setattr(described, name, value)
    described.preferred_forms = list(dict.fromkeys(payload.preferred_forms))
    return theme_ids


def _themes(db: Session, ids: Sequence[UUID], of: DecisionMaker) -> list[UUID]:
    """What these themes are now. Raises Invalid for the first that may not be given.

    Of those that are retired, only what is there already. Until the commit nobody merges them away.
    """
    if not ids:
        return []
    given = _known_themes(db, ids)
    targets = [theme.merged_into_id or theme.id for theme in given.values()]
    found = _known_themes(db, targets)
    kept = themes_of(db, [of.id]).get(of.id, [])
    chosen: dict[UUID, None] = {}
    for index, theme_id in enumerate(ids):
        if not (theme := given.get(theme_id)):
            raise Invalid.at(f"#/theme_ids/{index}", "unknown_id")
        target = found[theme.merged_into_id or theme.id]
        if target.retired_at and target.id not in kept:
            raise Invalid.at(f"#/theme_ids/{index}", "theme_retired")
        chosen[target.id] = None
    return list(chosen)


def _known_themes(db: Session, ids: Collection[UUID]) -> dict[UUID, Any]:
    rows = select(Theme.id, Theme.retired_at, Theme.merged_into_id)
    rows = rows.where(Theme.id.in_(ids)).order_by(Theme.id)
    return {row.id: row for row in db.execute(kept_as_it_is(db, rows))}


def _link(db: Session, decision_maker: DecisionMaker, theme_ids: Sequence[UUID]) -> None:
    rows = [
        {"decision_maker_id": decision_maker.id, "theme_id": theme_id, "position": position}
        for position, theme_id in enumerate(theme_ids)
    ]
    if rows:
        db.flush()
        db.execute(insert(LINKS), rows)


def _contact_of(db: Session, decision_maker: DecisionMaker) -> Contact | None:
    return db.scalar(select(Contact).where(Contact.decision_maker_id == decision_maker.id))


def _keep_contact(db: Session, of: DecisionMaker, payload: DecisionMakerIn) -> None:
    """What is told goes to the vault; null erases what was there."""
    if "contact" not in payload.model_fields_set:
        return
    row = _contact_of(db, of)
    if payload.contact is None:
        if row:
            db.delete(row)
        return
    kept = row or Contact(decision_maker_id=of.id)
    encrypt(kept, {"contact": payload.contact})
    db.add(kept)

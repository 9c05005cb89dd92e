"""What can be done with workshops: each function is one deed, one permission, one audit event."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.accounts.service import require_organization
from app.audit.service import record
from app.core.db import locked
from app.core.models import now
from app.core.pages import Item, Order, matches
from app.core.problems import Invalid, NotFound
from app.places.models import Place
from app.places.service import within
from app.schemes.models import Term
from app.schemes.service import labels, require_scheme, require_terms
from app.workshops.models import Group, Workshop
from app.workshops.schemas import WorkshopFilters, WorkshopIn

RUN_WORKSHOPS = Permission.RUN_WORKSHOPS
LATEST_FIRST = Order(Workshop.starts_at, Workshop.id, descending=True)


def visible_to(me: Caller) -> Select[Workshop]:
    """Every workshop this account may see; other features narrow it further."""
    return select(Workshop).where(or_(False, *me.sees(Workshop)))


def search(me: Caller, filters: WorkshopFilters) -> Sequence[Select[Workshop]]:
    """The visible workshops which pass the filters, in no order: a select for each right to see."""
    rows = filtered(filters)
    return [rows.where(condition) for condition in me.sees(Workshop)]


def filtered(filters: WorkshopFilters) -> Select[Workshop]:
    """The workshops which pass the filters, whoever may see them."""
    conditions = matches(Workshop, filters, "scheme_id", "place_id", "group_id", "kind", "method")
    if filters.territory_id:
        there = select(Place.id).where(Place.territory_id.in_(within(filters.territory_id)))
        conditions.append(Workshop.place_id.in_(there))
    if filters.starts_from:
        conditions.append(Workshop.starts_at >= filters.starts_from)
    if filters.starts_to:
        conditions.append(Workshop.starts_at <= filters.starts_to)
    return select(Workshop).where(*conditions)


def find(db: Session, workshop_id: UUID, by: Caller) -> Workshop:
    """The workshop, if `by` may see it; locked if it may be changed. Raises NotFound."""
    workshop = db.scalar(locked(db, visible_to(by).where(Workshop.id == workshop_id)))
    if not workshop:
        raise NotFound
    return workshop


def require_open_workshop(
    db: Session, workshop_id: UUID, scheme_id: UUID, by: Caller, pointer: str = "#/workshop_id"
) -> Workshop:
    """A workshop of `by`'s own where people are heard now, about this scheme.

    Raises Invalid at this pointer when `by` sees no such workshop, WorkshopNotOpen.
    """
    seen = visible_to(by).where(Workshop.id == workshop_id, Workshop.scheme_id == scheme_id)
    if not (workshop := db.scalar(seen)):
        raise Invalid.at(pointer, "unknown_id")
    workshop.require_open()
    return workshop


def plan(db: Session, payload: WorkshopIn, by: Caller) -> Workshop:
    """A new workshop, in a place that `by`'s organization runs, or where it films."""
    workshop = _describe(db, Workshop(), payload, by)
    db.add(workshop)
    record(db, "workshop.planned", on=workshop, by=by)
    return workshop


def change(db: Session, workshop: Workshop, payload: WorkshopIn, by: Caller) -> Workshop:
    """The same workshop, described again in full."""
    by.require(RUN_WORKSHOPS, at=workshop)
    _describe(db, workshop, payload, by)
    record(db, "workshop.changed", on=workshop, by=by)
    return workshop


def close(db: Session, workshop: Workshop, by: Caller) -> None:
    """Nobody is heard any more. Closing twice is closing once."""
    by.require(RUN_WORKSHOPS, at=workshop)
    if not workshop.closed_at:
        workshop.closed_at, workshop.closed_by_id = now(), by.id
        record(db, "workshop.closed", on=workshop, by=by)


def reopen(db: Session, workshop: Workshop, by: Caller) -> None:
    """People are heard again. Reopening an open workshop changes nothing."""
    by.require(RUN_WORKSHOPS, at=workshop)
    if workshop.closed_at:
        workshop.closed_at = workshop.closed_by_id = None
        record(db, "workshop.reopened", on=workshop, by=by)


def advise(db: Session, items: list[Item]) -> None:
    """Give each workshop its `advice`: a method that does not suit who is expected."""
    suits = {
        code: facts.get("suits")
        for code, facts in db.execute(
            select(Term.code, Term.facts).where(Term.vocabulary == "methods")
        )
    }
    known: dict[str, str] = {}
    for item in items:
        fitting = suits.get(item["method"])
        if not isinstance(fitting, list):  # an editor may have written anything
            fitting = item["roles_expected"]
        unfit = [role for role in item["roles_expected"] if role not in fitting]
        if unfit and not known:
            known = labels(db, "witness_roles")
        item["advice"] = [_advice([known.get(role, role) for role in unfit])] if unfit else []


def _advice(roles: list[str]) -> dict[str, str]:
    return {
        "code": "method-role-fit",
        "message": "Cette méthode convient moins à : "
        f"{', '.join(roles)}. Les entretiens ou l'écrit leur conviennent souvent mieux.",
    }


def shown(db: Session, workshop: Workshop) -> dict[str, Any]:
    """What is known of a workshop besides its row: `advice`."""
    item = {"method": workshop.method, "roles_expected": workshop.roles_expected}
    advise(db, [item])
    return {"advice": item["advice"]}


def _describe(db: Session, workshop: Workshop, payload: WorkshopIn, by: Caller) -> Workshop:
    by.require(RUN_WORKSHOPS)
    place = db.get(Place, payload.place_id)
    if not place:
        raise Invalid.at("#/place_id", "unknown_id")
    require_scheme(db, payload.scheme_id)
    _require_group(db, workshop, payload, by)
    require_organization(db, payload.partner_organization_id, "#/partner_organization_id")
    roles = enumerate(payload.roles_expected)
    require_terms(
        db,
        ("#/method", "methods", payload.method),
        *((f"#/roles_expected/{i}", "witness_roles", role) for i, role in roles),
    )
    for name, value in payload:
        setattr(workshop, name, value)
    workshop.owner_organization_id = place.organization_id
    by.require(RUN_WORKSHOPS, at=workshop)
    return workshop


def _require_group(db: Session, workshop: Workshop, payload: WorkshopIn, by: Caller) -> None:
    """Raise Invalid unless the group may meet there: one that `by` sees, of the same scheme.

    Once it is said it stays: what was heard in a group is bound by its protocol, whoever describes
    the workshop again.
    """
    if workshop.group_id:
        for name in ("group_id", "scheme_id"):
            if getattr(payload, name) != getattr(workshop, name):
                raise Invalid.at(f"#/{name}", "stays")
    elif payload.group_id:
        seen = select(Group.id).where(or_(False, *by.sees(Group)))
        ours = Group.id == payload.group_id, Group.scheme_id == payload.scheme_id
        if not db.scalar(seen.where(*ours)):
            raise Invalid.at("#/group_id", "unknown_id")

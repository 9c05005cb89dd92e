"""What can be done with places and territories."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.accounts.service import require_organization
from app.audit.service import record
from app.core.among import among
from app.core.db import locked, rows_of
from app.core.pages import Order, matches
from app.core.problems import Invalid, NotFound
from app.places.models import Level, Place, Territory
from app.places.schemas import PlaceFilters, PlaceIn, TerritoryFilters, TerritoryIn

BY_CODE = Order(Territory.code, Territory.id)
BY_NAME = Order(Place.name, Place.id)
LEVELS = list(Level)
COARSE = (Level.DEPARTMENT, Level.REGION)


def within(territory_id: UUID) -> Select[UUID]:
    """The ids of this territory and of all that lie within it."""
    below = select(Territory.id).where(Territory.id == territory_id).cte("below", recursive=True)
    below = below.union_all(select(Territory.id).join(below, Territory.parent_id == below.c.id))
    return select(below.c.id)


def lineage(db: Session, territory_id: UUID) -> list[Territory]:
    """This territory, then the one it lies in, and so on."""
    found: list[Territory] = []
    known: UUID | None = territory_id
    while known and len(found) < len(LEVELS) and (territory := db.get(Territory, known)):
        found.append(territory)
        known = territory.parent_id
    return found


def _above() -> Select[UUID, UUID, Level]:
    """`(of, id, level)` of each of these territories and of all that it lies in, in that order."""
    columns = Territory.id, Territory.level, Territory.parent_id
    above = (
        select(Territory.id.label("of"), *columns, literal(1).label("height"))
        .where(among(Territory.id, "territory_ids"))
        .cte("above", recursive=True)
    )
    larger = (
        select(above.c.of, *columns, above.c.height + 1)
        .join(above, Territory.id == above.c.parent_id)
        .where(above.c.height < len(LEVELS))
    )
    above = above.union_all(larger)
    return select(above.c.of, above.c.id, above.c.level).order_by(above.c.of, above.c.height)


ABOVE = _above()


def lineages(db: Session, territory_ids: Collection[UUID]) -> dict[UUID, list[tuple[UUID, Level]]]:
    """Of each of these territories its `lineage`, as ids and levels."""
    found: dict[UUID, list[tuple[UUID, Level]]] = {each: [] for each in territory_ids}
    for of, id_, level in rows_of(db, ABOVE, territory_ids=list(territory_ids)) if found else ():
        found[of].append((id_, level))
    return found


def coarse(db: Session, territory_id: UUID) -> Territory | None:
    """The department, or else the region, in which this lies: what is told of where people are."""
    above = lineage(db, territory_id)
    return next((territory for territory in above if territory.level in COARSE), None)


def all_coarse() -> Select[Any]:
    """`(id, coarse_id)` of each territory that lies in a department, or else in a region: there."""
    below = (
        select(Territory.id, Territory.id.label("coarse_id"))
        .where(Territory.level.in_(COARSE))
        .cte("coarse", recursive=True)
    )
    smaller = select(Territory.id, below.c.coarse_id).join(below, Territory.parent_id == below.c.id)
    below = below.union_all(smaller.where(Territory.level.not_in(COARSE)))
    return select(below.c.id, below.c.coarse_id)


def territories(filters: TerritoryFilters) -> Select[Territory]:
    """The territories which pass the filters."""
    rows = select(Territory).where(*matches(Territory, filters, "level"))
    return rows.where(Territory.id.in_(within(filters.within))) if filters.within else rows


def add_territory(db: Session, payload: TerritoryIn, by: Caller) -> Territory:
    """A new territory, within a larger one."""
    by.require(Permission.MANAGE_FRAME)
    if payload.parent_id:
        parent = require_territory(db, payload.parent_id, "#/parent_id")
        if LEVELS.index(parent.level) >= LEVELS.index(payload.level):
            raise Invalid.at("#/parent_id", "not_larger")
    territory = Territory(**payload.model_dump())
    db.add(territory)
    record(db, "territory.added", on=territory, by=by)
    return territory


def find_territory(db: Session, territory_id: UUID) -> Territory:
    """The territory. Raises NotFound."""
    if not (territory := db.get(Territory, territory_id)):
        raise NotFound
    return territory


def require_territory(
    db: Session, territory_id: UUID, pointer: str = "#/territory_id"
) -> Territory:
    """The territory. Raises Invalid at this pointer when there is none."""
    if not (territory := db.get(Territory, territory_id)):
        raise Invalid.at(pointer, "unknown_id")
    return territory


def places(filters: PlaceFilters) -> Select[Place]:
    """The places which pass the filters: where people are heard is public."""
    rows = select(Place).where(*matches(Place, filters, "kind", "organization_id"))
    if filters.territory_id:
        rows = rows.where(Place.territory_id.in_(within(filters.territory_id)))
    return rows


def find(db: Session, place_id: UUID) -> Place:
    """The place. Raises NotFound."""
    if not (place := db.scalar(locked(db, select(Place).where(Place.id == place_id)))):
        raise NotFound
    return place


def add(db: Session, payload: PlaceIn, by: Caller) -> Place:
    """A new place."""
    place = _describe(db, Place(), payload, by)
    db.add(place)
    record(db, "place.added", on=place, by=by)
    return place


def change(db: Session, place: Place, payload: PlaceIn, by: Caller) -> Place:
    """The same place, described again in full.

    Once people were heard there, its organization stays: a conflict of the database says so.
    """
    _describe(db, place, payload, by)
    record(db, "place.changed", on=place, by=by)
    return place


def _describe(db: Session, place: Place, payload: PlaceIn, by: Caller) -> Place:
    by.require(Permission.MANAGE_FRAME)
    require_organization(db, payload.organization_id, "#/organization_id")
    require_territory(db, payload.territory_id)
    for name, value in payload:
        setattr(place, name, value)
    return place

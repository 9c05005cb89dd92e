"""The HTTP routes of places and territories."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import Page
from app.core.problems import Conflict, NotFound, PreconditionFailed, documented
from app.places import service
from app.places.schemas import (
    PlaceFilters,
    PlaceIn,
    PlaceOut,
    TerritoryFilters,
    TerritoryIn,
    TerritoryOut,
)

router = APIRouter(
    route_class=Route,
    tags=["places"],
    responses=documented(NotFound, Forbidden, PreconditionFailed, Conflict),
)


@router.get("/territories", response_model=Page[TerritoryOut])
def list_territories(filters: Annotated[TerritoryFilters, Query()], call: Call) -> Response:
    """The territories, by INSEE code; `within` keeps one and all below it."""
    with call:
        return call.page(TerritoryOut, service.territories(filters), filters, service.BY_CODE)


@router.post("/territories", response_model=TerritoryOut, status_code=201)
def add_territory(payload: TerritoryIn, call: Call) -> Response:
    """Add a territory."""
    with call as (db, me):
        return call.created(TerritoryOut, service.add_territory(db, payload, by=me))


@router.get("/territories/{territory_id}", response_model=TerritoryOut)
def show_territory(territory_id: UUID, call: Call) -> Response:
    """One territory."""
    with call as (db, _):
        return call.ok(TerritoryOut, service.find_territory(db, territory_id))


@router.get("/places", response_model=Page[PlaceOut])
def index(filters: Annotated[PlaceFilters, Query()], call: Call) -> Response:
    """The places, by name."""
    with call:
        return call.page(PlaceOut, service.places(filters), filters, service.BY_NAME)


@router.post("/places", response_model=PlaceOut, status_code=201)
def add(payload: PlaceIn, call: Call) -> Response:
    """Add a place."""
    with call as (db, me):
        return call.created(PlaceOut, service.add(db, payload, by=me))


@router.get("/places/{place_id}", response_model=PlaceOut)
def show(place_id: UUID, call: Call) -> Response:
    """One place."""
    with call as (db, _):
        return call.ok(PlaceOut, service.find(db, place_id))


@router.put("/places/{place_id}", response_model=PlaceOut)
def change(place_id: UUID, payload: PlaceIn, call: Call) -> Response:
    """Describe a place again, in full."""
    with call as (db, me):
        place = call.unchanged(service.find(db, place_id))
        return call.ok(PlaceOut, service.change(db, place, payload, by=me))

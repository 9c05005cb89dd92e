"""The HTTP routes of workshops. To close one is to create its closure; to reopen, to delete it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import Page
from app.core.problems import NotFound, PreconditionFailed, documented
from app.workshops import service
from app.workshops.schemas import WorkshopFilters, WorkshopIn, WorkshopOut

router = APIRouter(
    route_class=Route,
    prefix="/workshops",
    tags=["workshops"],
    responses=documented(NotFound, Forbidden, PreconditionFailed),
)


@router.get("", response_model=Page[WorkshopOut])
def index(filters: Annotated[WorkshopFilters, Query()], call: Call) -> Response:
    """The workshops you may see, the latest first. Sort: `-starts_at,-id`."""
    with call as (_, me):
        rows = service.search(me, filters)
        return call.page(WorkshopOut, rows, filters, service.LATEST_FIRST, service.advise)


@router.post("", response_model=WorkshopOut, status_code=201)
def plan(payload: WorkshopIn, call: Call) -> Response:
    """Plan a workshop or an interview."""
    with call as (db, me):
        workshop = service.plan(db, payload, by=me)
        return call.created(WorkshopOut, workshop, service.shown(db, workshop))


@router.get("/{workshop_id}", response_model=WorkshopOut)
def show(workshop_id: UUID, call: Call) -> Response:
    """One workshop."""
    with call as (db, me):
        workshop = service.find(db, workshop_id, by=me)
        return call.ok(WorkshopOut, workshop, service.shown(db, workshop))


@router.put("/{workshop_id}", response_model=WorkshopOut)
def change(workshop_id: UUID, payload: WorkshopIn, call: Call) -> Response:
    """Describe a workshop again, in full."""
    with call as (db, me):
        workshop = call.unchanged(service.find(db, workshop_id, by=me))
        service.change(db, workshop, payload, by=me)
        return call.ok(WorkshopOut, workshop, service.shown(db, workshop))


@router.put("/{workshop_id}/closure", status_code=204)
def close(workshop_id: UUID, call: Call) -> Response:
    """Close a workshop: nobody is heard any more."""
    with call as (db, me):
        service.close(db, call.unchanged(service.find(db, workshop_id, by=me)), by=me)
        return call.nothing()


@router.delete("/{workshop_id}/closure", status_code=204)
def reopen(workshop_id: UUID, call: Call) -> Response:
    """Reopen a workshop."""
    with call as (db, me):
        service.reopen(db, call.unchanged(service.find(db, workshop_id, by=me)), by=me)
        return call.nothing()

"""The HTTP routes of testimonies. To submit one is to create its submission."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import MirrorPage, Page
from app.core.problems import NotFound, PreconditionFailed, WrongState, documented
from app.history import service as history
from app.history.schemas import (
    HistoryParams,
    VersionNumber,
    VersionOut,
    VersionWhole,
)
from app.testimonies import queries, service
from app.testimonies.schemas import TestimonyIn, TestimonyListing, TestimonyOut
from app.testimonies.versions import reading
from app.workshops.models import WorkshopNotOpen

router = APIRouter(
    route_class=Route,
    prefix="/testimonies",
    tags=["testimonies"],
    responses=documented(NotFound, Forbidden, PreconditionFailed, WrongState),
)


@router.get("", response_model=MirrorPage[TestimonyOut])
def index(filters: Annotated[TestimonyListing, Query()], call: Call) -> Response:
    """The testimonies you may read, the latest first. Sort: `-recorded_on,id`.

    `state=submitted&sort=submitted_at` is the editors' queue: what waits longest comes first. Sort:
    `submitted_at,id`.

    With `updated_since`, what was taken back since is there too, as `{id, state: "withdrawn"}`, for
    90 days: forget it.
    """
    with call as (_, me):
        rows = service.search(me, filters)
        details = queries.mirrored if filters.updated_since else queries.complete
        return call.mirror(TestimonyOut, rows, filters, service.ORDERS[filters.sort], details)


@router.post(
    "", response_model=TestimonyOut, status_code=201, responses=documented(WorkshopNotOpen)
)
def deposit(payload: TestimonyIn, call: Call) -> Response:
    """Deposit a testimony, as a draft. `PUT …/submission` hands it to the editors."""
    with call as (db, me):
        testimony = service.deposit(db, payload, by=me)
        known = queries.just_written(db, testimony, payload)
        return call.created(TestimonyOut, testimony, known)


@router.get("/{testimony_id}", response_model=TestimonyOut)
def show(testimony_id: UUID, call: Call) -> Response:
    """One testimony."""
    with call as (db, me):
        testimony = service.find(db, testimony_id, by=me)
        return call.ok(TestimonyOut, testimony, queries.belongings(db, testimony.id))


@router.put("/{testimony_id}/submission", status_code=204)
def submit(testimony_id: UUID, call: Call) -> Response:
    """Hand a testimony to the editors."""
    with call as (db, me):
        service.submit(db, call.unchanged(service.find(db, testimony_id, by=me)), by=me)
        return call.nothing()


@router.delete("/{testimony_id}/submission", status_code=204)
def take_back(testimony_id: UUID, call: Call) -> Response:
    """Take a testimony back, while nothing is decided."""
    with call as (db, me):
        service.take_back(db, call.unchanged(service.find(db, testimony_id, by=me)), by=me)
        return call.nothing()


@router.get("/{testimony_id}/history", response_model=Page[VersionOut])
def show_history(
    testimony_id: UUID, params: Annotated[HistoryParams, Query()], call: Call
) -> Response:
    """Who changed a testimony, when, and what: of the versions you could read. Sort: `-version`."""
    with call as (db, me):
        versions = reading(db, service.find(db, testimony_id, by=me), me)
        return call.paged(VersionOut, history.page(db, versions, params))


@router.get("/{testimony_id}/history/{version}", response_model=VersionWhole)
def show_version(
    testimony_id: UUID, version: Annotated[VersionNumber, Path()], call: Call
) -> Response:
    """The whole of a version of a testimony."""
    with call as (db, me):
        versions = reading(db, service.find(db, testimony_id, by=me), me)
        return call.shown(VersionWhole, history.whole(db, versions, version))

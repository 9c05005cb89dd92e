"""The HTTP routes of mobilization."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import Page
from app.core.problems import NotFound, documented
from app.mobilization import service
from app.mobilization.schemas import MobilizationFilters, MobilizationIn, MobilizationOut

router = APIRouter(
    route_class=Route,
    prefix="/mobilizations",
    tags=["mobilization"],
    responses=documented(Forbidden),
)


@router.get("", response_model=Page[MobilizationOut])
def index(filters: Annotated[MobilizationFilters, Query()], call: Call) -> Response:
    """What was done to reach the people who can act, the latest first. Sort: `-on,-id`."""
    with call as (_, me):
        rows = service.search(me, filters)
        return call.page(MobilizationOut, rows, filters, service.LATEST_FIRST)


@router.post("", response_model=MobilizationOut, status_code=201)
def note(payload: MobilizationIn, call: Call) -> Response:
    """Note that somebody was invited, met, read, committed themselves or declined. It stays so."""
    with call as (db, me):
        return call.created(MobilizationOut, service.note(db, payload, by=me))


@router.get("/{mobilization_id}", response_model=MobilizationOut, responses=documented(NotFound))
def show(mobilization_id: UUID, call: Call) -> Response:
    """One line of the log."""
    with call as (db, me):
        return call.ok(MobilizationOut, service.find(db, mobilization_id, by=me))

"""The HTTP routes of decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import Page, PageParams
from app.core.problems import NotFound, PreconditionFailed, WrongState, documented
from app.moderation import service
from app.moderation.schemas import DecisionFilters, DecisionIn, DecisionOut, QueueOut
from app.testimonies.service import find

router = APIRouter(
    route_class=Route,
    tags=["moderation"],
    responses=documented(Forbidden),
)
OF_TESTIMONY = "/testimonies/{testimony_id}/decisions"


@router.get("/decisions", response_model=Page[DecisionOut])
def log(filters: Annotated[DecisionFilters, Query()], call: Call) -> Response:
    """What was decided of the testimonies you may read, the latest first.

    Sort: `-created_at,-id`.
    """
    with call as (_, me):
        rows = service.search(me, filters)
        return call.page(DecisionOut, rows, filters, service.LATEST_FIRST)


@router.get("/moderation-queue", response_model=QueueOut)
def show_queue(call: Call) -> Response:
    """How many testimonies wait, for whom and since when. They are listed by `/testimonies`."""
    with call as (db, me):
        return call.shown(QueueOut, service.queue(db, me))


@router.get(OF_TESTIMONY, response_model=Page[DecisionOut], responses=documented(NotFound))
def index(testimony_id: UUID, params: Annotated[PageParams, Query()], call: Call) -> Response:
    """What was decided of a testimony, the oldest first. Sort: `created_at,id`."""
    with call as (db, me):
        rows = service.decisions(find(db, testimony_id, by=me))
        return call.page(DecisionOut, rows, params, service.OLDEST_FIRST)


@router.post(
    OF_TESTIMONY,
    response_model=DecisionOut,
    status_code=201,
    responses=documented(NotFound, WrongState, PreconditionFailed),
)
def decide(testimony_id: UUID, payload: DecisionIn, call: Call) -> Response:
    """Accept a testimony, return it to the animator, or reject it."""
    with call as (db, me):
        testimony = call.unchanged(find(db, testimony_id, by=me))
        return call.created(DecisionOut, service.decide(db, testimony, payload, by=me))

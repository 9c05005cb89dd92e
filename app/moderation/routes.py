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
from app.moderation.schemas import DecisionIn, DecisionOut
from app.testimonies.service import find

router = APIRouter(
    route_class=Route,
    prefix="/testimonies/{testimony_id}/decisions",
    tags=["moderation"],
    responses=documented(NotFound, Forbidden, WrongState, PreconditionFailed),
)


@router.get("", response_model=Page[DecisionOut])
def index(testimony_id: UUID, params: Annotated[PageParams, Query()], call: Call) -> Response:
    """What was decided of a testimony, the oldest first."""
    with call as (db, me):
        rows = service.decisions(find(db, testimony_id, by=me))
        return call.page(DecisionOut, rows, params, service.OLDEST_FIRST)


@router.post("", response_model=DecisionOut, status_code=201)
def decide(testimony_id: UUID, payload: DecisionIn, call: Call) -> Response:
    """Accept a testimony, return it to the animator, or reject it."""
    with call as (db, me):
        testimony = call.unchanged(find(db, testimony_id, by=me))
        return call.created(DecisionOut, service.decide(db, testimony, payload, by=me))

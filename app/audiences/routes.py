"""The HTTP routes of the directory of decision makers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden, FreshLoginNeeded
from app.audiences import service
from app.audiences.schemas import (
    ContactDisclosureIn,
    ContactOut,
    DecisionMakerFilters,
    DecisionMakerIn,
    DecisionMakerOut,
    SuggestedOut,
)
from app.audiences.suggestions import is_asked, suggest
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import Page
from app.core.problems import NotFound, PreconditionFailed, documented

router = APIRouter(
    route_class=Route,
    prefix="/decision-makers",
    tags=["decision-makers"],
    responses=documented(NotFound, Forbidden, PreconditionFailed),
)


@router.get("", response_model=Page[SuggestedOut])
def index(filters: Annotated[DecisionMakerFilters, Query()], call: Call) -> Response:
    """The decision makers. Sort: `title,id`.

    With `theme_id` or `territory_id`: who is competent, best first, each with the `reasons`.
    """
    with call as (db, me):
        if is_asked(filters):
            return call.paged(SuggestedOut, suggest(db, filters, me))
        rows = service.search(me, filters)
        return call.page(SuggestedOut, rows, filters, service.BY_TITLE, service.complete)


@router.post("", response_model=DecisionMakerOut, status_code=201)
def add(payload: DecisionMakerIn, call: Call) -> Response:
    """Add a decision maker to the directory."""
    with call as (db, me):
        added = service.add(db, payload, by=me)
        return call.created(DecisionMakerOut, added, service.shown(db, added))


@router.get("/{decision_maker_id}", response_model=DecisionMakerOut)
def show(decision_maker_id: UUID, call: Call) -> Response:
    """One decision maker; how to reach them is a disclosure."""
    with call as (db, me):
        found = service.find(db, decision_maker_id, by=me)
        return call.ok(DecisionMakerOut, found, service.shown(db, found))


@router.put("/{decision_maker_id}", response_model=DecisionMakerOut)
def change(decision_maker_id: UUID, payload: DecisionMakerIn, call: Call) -> Response:
    """Describe a decision maker again, in full; a `contact` that is left out stays."""
    with call as (db, me):
        found = call.unchanged(service.find(db, decision_maker_id, by=me))
        service.change(db, found, payload, by=me)
        return call.ok(DecisionMakerOut, found, service.shown(db, found))


@router.put("/{decision_maker_id}/retirement", status_code=204)
def retire(decision_maker_id: UUID, call: Call) -> Response:
    """Choose a decision maker no more. What was asked and given stays."""
    with call as (db, me):
        found = call.unchanged(service.find(db, decision_maker_id, by=me))
        service.retire(db, found, by=me)
        return call.nothing()


@router.delete("/{decision_maker_id}/retirement", status_code=204)
def put_back(decision_maker_id: UUID, call: Call) -> Response:
    """Have a decision maker chosen again."""
    with call as (db, me):
        found = call.unchanged(service.find(db, decision_maker_id, by=me))
        service.put_back(db, found, by=me)
        return call.nothing()


@router.post(
    "/{decision_maker_id}/disclosures",
    response_model=ContactOut,
    status_code=201,
    responses=documented(FreshLoginNeeded),
)
def disclose(decision_maker_id: UUID, payload: ContactDisclosureIn, call: Call) -> Response:
    """How to reach a decision maker. It asks for a recent login and a reason, and is recorded."""
    with call as (db, me):
        found = service.find(db, decision_maker_id, by=me)
        return call.once(ContactOut, service.disclose(db, found, payload.reason, by=me))

"""The HTTP routes of expectations: what became of them is read from bundles."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.audiences import expectations
from app.audiences.schemas import ExpectationFilters, ExpectationIn, ExpectationOut
from app.bundles import answers
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import Page
from app.core.problems import NotFound, PreconditionFailed, documented

router = APIRouter(
    route_class=Route,
    prefix="/expectations",
    tags=["expectations"],
    responses=documented(NotFound, Forbidden, PreconditionFailed),
)


@router.get("", response_model=Page[ExpectationOut])
def index(filters: Annotated[ExpectationFilters, Query()], call: Call) -> Response:
    """What people want to know, the latest asked first. Sort: `-asked_on,-id`."""
    with call as (db, me):
        rows = answers.search(db, me, filters)
        return call.page(ExpectationOut, rows, filters, expectations.LATEST_FIRST, answers.complete)


@router.post("", response_model=ExpectationOut, status_code=201)
def note(payload: ExpectationIn, call: Call) -> Response:
    """Note what somebody wants to know, and how they want to receive it."""
    with call as (db, me):
        noted = expectations.note(db, payload, by=me)
        return call.created(ExpectationOut, noted, answers.shown(db, noted))


@router.get("/{expectation_id}", response_model=ExpectationOut)
def show(expectation_id: UUID, call: Call) -> Response:
    """One expectation, and what became of it."""
    with call as (db, me):
        found = expectations.find(db, expectation_id, by=me)
        return call.ok(ExpectationOut, found, answers.shown(db, found))


@router.put("/{expectation_id}", response_model=ExpectationOut)
def change(expectation_id: UUID, payload: ExpectationIn, call: Call) -> Response:
    """Describe an expectation again, in full."""
    with call as (db, me):
        found = call.unchanged(expectations.find(db, expectation_id, by=me))
        expectations.change(db, found, payload, by=me)
        return call.ok(ExpectationOut, found, answers.shown(db, found))

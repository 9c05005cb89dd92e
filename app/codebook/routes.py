"""The HTTP routes of themes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.codebook import service
from app.codebook.schemas import ThemeFilters, ThemeIn, ThemeOut
from app.core.bodies import Route
from app.core.pages import Page
from app.core.problems import Conflict, NotFound, PreconditionFailed, WrongState, documented

router = APIRouter(
    route_class=Route,
    prefix="/themes",
    tags=["themes"],
    responses=documented(NotFound, Forbidden, Conflict, PreconditionFailed, WrongState),
)


@router.get("", response_model=Page[ThemeOut])
def index(filters: Annotated[ThemeFilters, Query()], call: Call) -> Response:
    """The themes, by name; those that are retired or merged too. Sort: `name,id`."""
    with call:
        return call.page(ThemeOut, service.search(filters), filters, service.BY_NAME)


@router.post("", response_model=ThemeOut, status_code=201)
def add(payload: ThemeIn, call: Call) -> Response:
    """Add a theme to a scheme's codebook."""
    with call as (db, me):
        return call.created(ThemeOut, service.add(db, payload, by=me))


@router.get("/{theme_id}", response_model=ThemeOut)
def show(theme_id: UUID, call: Call) -> Response:
    """One theme; one that was merged says into which."""
    with call as (db, _):
        return call.ok(ThemeOut, service.find(db, theme_id))


@router.put("/{theme_id}", response_model=ThemeOut)
def change(theme_id: UUID, payload: ThemeIn, call: Call) -> Response:
    """Describe a theme again, in full."""
    with call as (db, me):
        theme = call.unchanged(service.find(db, theme_id))
        return call.ok(ThemeOut, service.change(db, theme, payload, by=me))


@router.put("/{theme_id}/retirement", status_code=204)
def retire(theme_id: UUID, call: Call) -> Response:
    """Give a theme no more. What was coded with it stays coded."""
    with call as (db, me):
        service.retire(db, call.unchanged(service.find(db, theme_id)), by=me)
        return call.nothing()


@router.delete("/{theme_id}/retirement", status_code=204)
def put_back(theme_id: UUID, call: Call) -> Response:
    """Have a theme given again."""
    with call as (db, me):
        service.put_back(db, call.unchanged(service.find(db, theme_id)), by=me)
        return call.nothing()

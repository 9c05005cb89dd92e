"""The HTTP routes of codings: how many there are, and the merging of themes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.codebook.schemas import ThemeOut
from app.codebook.service import BY_NAME, find
from app.coding import service
from app.coding.schemas import CodingFilters, CodingOut, MergeIn
from app.core.bodies import Route
from app.core.pages import Page
from app.core.problems import Conflict, NotFound, PreconditionFailed, WrongState, documented

router = APIRouter(route_class=Route, tags=["codings"])


@router.get("/codings", response_model=Page[CodingOut])
def index(filters: Annotated[CodingFilters, Query()], call: Call) -> Response:
    """How much is coded with each theme, of what you may read. Sort: `name,theme_id`."""
    with call as (_, me):
        rows = service.themes(filters)
        return call.page(CodingOut, rows, filters, BY_NAME, service.counting(me))


@router.put(
    "/themes/{theme_id}/merge",
    response_model=ThemeOut,
    responses=documented(NotFound, Forbidden, Conflict, PreconditionFailed, WrongState),
)
def merge(theme_id: UUID, payload: MergeIn, call: Call) -> Response:
    """Give another theme all that is coded with this one. Whoever asks for it is told which."""
    with call as (db, me):
        theme = call.unchanged(find(db, theme_id))
        return call.ok(ThemeOut, service.merge(db, theme, payload.into, by=me))

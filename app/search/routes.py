"""The HTTP routes of search."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import Page
from app.core.problems import documented
from app.search import facets, service
from app.search.schemas import FacetsOut, Hit, SearchFilters

router = APIRouter(
    route_class=Route, prefix="/search", tags=["search"], responses=documented(Forbidden)
)


@router.get("", response_model=Page[Hit])
def search(filters: Annotated[SearchFilters, Query()], call: Call) -> Response:
    """What says this, of what you may see: accents and French endings do not matter.

    All the words, in any order; `"a phrase"` between quotation marks; `-not` with a minus sign
    before it. The last word may be begun only. What says it in its title or in a tag comes first;
    then, and in both, the newest first. `snippet` is plain text, and `ranges` are its code points.
    """
    with call as (db, me):
        return call.paged(Hit, service.search(db, filters, me))


@router.get("/facets", response_model=FacetsOut)
def count(filters: Annotated[SearchFilters, Query()], call: Call) -> Response:
    """How many of the testimonies found are of each sort: of the newest 500 found.

    `limit`, `cursor` and `count` say nothing here.
    """
    with call as (db, me):
        return call.shown(FacetsOut, facets.count(db, filters, me))

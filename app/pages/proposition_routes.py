"""The page of a proposition, for the team, by the API: problems are problem documents."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.models import now
from app.core.problems import NotFound, documented
from app.pages.answers import page
from app.pages.render import proposition_page
from app.propositions import service
from app.propositions.sheet import sheet_of

router = APIRouter(route_class=Route, responses=documented(NotFound, Forbidden))
HTML: dict[int | str, dict[str, Any]] = {
    200: {"description": "The page.", "content": {"text/html": {}}}
}


@router.get(
    "/propositions/{proposition_id}/page.html",
    response_class=HTMLResponse,
    responses=HTML,
    tags=["propositions"],
)
def show_page(proposition_id: UUID, call: Call) -> Response:
    """A proposition to print for a meeting: what it rests on, who wrote it, what became of it.

    Words are quoted only when they may be read by the steering committee, in a note.
    """
    with call as (db, me):
        proposition = service.find(db, proposition_id, by=me)
        return page(proposition_page(sheet_of(db, proposition, now())))

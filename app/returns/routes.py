"""The HTTP route of the sheet that tells a workshop what became of its words."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.models import now
from app.core.problems import NotFound, documented
from app.documents.panels import PDF
from app.returns import document, service
from app.workshops.service import find as find_workshop

router = APIRouter(route_class=Route, tags=["workshops"], responses=documented(NotFound, Forbidden))
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The sheet.",
        "content": {PDF: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/workshops/{workshop_id}/return.pdf", response_class=Response, responses=FILE)
def show_return(workshop_id: UUID, call: Call) -> Response:
    """A sheet for the wall: where the words of this workshop went, and what came back.

    It quotes nobody and names nobody who spoke. It is of this moment: print it anew after a
    withdrawal.
    """
    with call.traced() as (db, me):
        service.record_sheet(db, find_workshop(db, workshop_id, by=me), by=me)
    moment = now()
    with call.database.read() as db:
        sheet = service.sheet_of(db, workshop_id, moment)
    return Response(document.made(sheet), 200, _saved(workshop_id), PDF)


def _saved(workshop_id: UUID) -> dict[str, str]:
    """To be saved, and kept nowhere on the way."""
    return {
        "Content-Disposition": f'attachment; filename="retour-{workshop_id}.pdf"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }

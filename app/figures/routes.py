"""The HTTP routes of the figures for everybody: no account, no link, the same for all."""

import csv
from io import StringIO
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.core.bodies import Route
from app.core.cells import harmless
from app.core.db import Database
from app.core.pages import Page, link_to, read_page
from app.core.preconditions import is_known, make_etag
from app.core.problems import NotFound, documented
from app.core.schemas import to_json
from app.figures import service
from app.figures.models import FrozenFigures
from app.figures.schemas import FiguresFilters, FiguresOut

router = APIRouter(
    route_class=Route, prefix="/figures", tags=["figures"], responses=documented(NotFound)
)
CSV = "text/csv; charset=utf-8; header=present"
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The tables, a row for each cell.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}
COLUMNS = ("first_month", "last_month", "table", "code", "label", "share", "suppressed")


@router.get("", response_model=Page[FiguresOut])
def index(filters: Annotated[FiguresFilters, Query()], request: Request) -> Response:
    """What was heard, period by period, the latest first: for everybody."""
    database: Database = request.app.state.database
    with database.read() as db:
        rows = service.filtered(filters)
        found = read_page(db, FiguresOut, rows, filters, service.LATEST_FIRST)
    answer = _unless_known(request, to_json(Page[FiguresOut], found), "application/json")
    if cursor := found["next_cursor"]:
        asked = request.query_params.multi_items()
        answer.headers["Link"] = link_to(request.url.path, asked, cursor)
    return answer


@router.get("/{figures_id}.csv", response_class=Response, responses=FILE)
def show_file(figures_id: UUID, request: Request) -> Response:
    """The tables of one period as CSV: a row for each cell, its share empty when suppressed."""
    database: Database = request.app.state.database
    with database.read() as db:
        lines = _lines(service.find(db, figures_id))
    return _unless_known(request, lines, CSV)


@router.get("/{figures_id}", response_model=FiguresOut)
def show(figures_id: UUID, request: Request) -> Response:
    """The figures of one period. They never change."""
    database: Database = request.app.state.database
    with database.read() as db:
        body = to_json(FiguresOut, service.find(db, figures_id))
    return _unless_known(request, body, "application/json")


def _lines(figures: FrozenFigures) -> bytes:
    file = StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for table in figures.tables:
        for cell in table["cells"]:
            is_hidden = isinstance(cell["share"], dict)
            told = "" if is_hidden else cell["share"]
            period = (figures.first_month, figures.last_month)
            where = (table["name"], cell["code"], harmless(cell["label"]))
            writer.writerow((*period, *where, told, "true" if is_hidden else "false"))
    return file.getvalue().encode("utf-8-sig")


def _unless_known(request: Request, body: bytes, kind: str) -> Response:
    """These bytes, which anybody may keep and asks for again; or 304 for who has them."""
    headers = {"ETag": make_etag(1, body), "Cache-Control": "public, no-cache"}
    if is_known(headers["ETag"], request.headers.get("If-None-Match", "")):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, kind)

"""The HTTP routes of themes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import ApiCall, Call
from app.codebook import exchange, service
from app.codebook.files import CONTENT_TYPES
from app.codebook.schemas import (
    Format,
    ImportIn,
    ImportOut,
    ImportParams,
    ThemeFilters,
    ThemeIn,
    ThemeOut,
)
from app.core.bodies import Route
from app.core.pages import Page
from app.core.problems import Conflict, NotFound, PreconditionFailed, WrongState, documented
from app.schemes.service import find as find_scheme

router = APIRouter(
    route_class=Route,
    prefix="/themes",
    tags=["themes"],
    responses=documented(NotFound, Forbidden, Conflict, PreconditionFailed, WrongState),
)

files = APIRouter(
    route_class=Route,
    prefix="/schemes/{scheme_id}",
    tags=["themes"],
    responses=documented(NotFound, Forbidden),
)
SAVED = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
}
Trial = Annotated[ImportParams, Query()]


def _file_of(format_: Format) -> dict[int | str, dict[str, Any]]:
    content = {CONTENT_TYPES[format_].partition(";")[0]: {"schema": {"type": "string"}}}
    return {200: {"description": "The file.", "content": content}}


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


# The codebook of a scheme as a whole


@files.get("/codebook.csv", response_class=Response, responses=_file_of(Format.CSV))
def show_csv(scheme_id: UUID, call: Call) -> Response:
    """The codebook as CSV, as an import reads it. For readers of French, between semicolons."""
    return _export(call, scheme_id, Format.CSV)


@files.get("/codebook.qdc", response_class=Response, responses=_file_of(Format.QDC))
def show_qdc(scheme_id: UUID, call: Call) -> Response:
    """The codebook for coding software: REFI-QDA, version 1.0."""
    return _export(call, scheme_id, Format.QDC)


@files.put("/codebook/import", response_model=ImportOut)
def bring_in(scheme_id: UUID, params: Trial, payload: ImportIn, call: Call) -> Response:
    """Add and change the themes that a file tells, by their names. None is removed.

    What a file does not say of a theme stays as it is; the same file twice changes nothing more.
    """
    with call as (db, me):
        scheme = find_scheme(db, scheme_id)
        return call.shown(ImportOut, exchange.bring_in(db, scheme, payload, params.dry_run, by=me))


@files.put("/codebook/starter", response_model=ImportOut)
def start(scheme_id: UUID, params: Trial, call: Call) -> Response:
    """Add ten themes to start with, with definitions and examples: those that are not there yet."""
    with call as (db, me):
        scheme = find_scheme(db, scheme_id)
        return call.shown(ImportOut, exchange.start(db, scheme, params.dry_run, by=me))


def _export(call: ApiCall, scheme_id: UUID, format_: Format) -> Response:
    delimiter = ";" if call.language == "fr" else ","
    with call as (db, _):
        scheme = find_scheme(db, scheme_id)
        content = exchange.written(db, scheme.id, format_, delimiter)
    name = f'attachment; filename="codebook.{format_}"'
    headers = SAVED | {"Content-Disposition": name}
    return Response(content, 200, headers, CONTENT_TYPES[format_])

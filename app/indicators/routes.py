"""The HTTP routes of indicators."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response
from sqlalchemy.orm import Session

from app.accounts.authentication import Forbidden
from app.calls.call import ApiCall, Call
from app.core.bodies import Route
from app.core.models import now
from app.core.problems import NotFound, PreconditionFailed, documented
from app.indicators import targets
from app.indicators.balance import balance
from app.indicators.counts import counts
from app.indicators.coverage import coverage
from app.indicators.loop import loop
from app.indicators.methods import methods
from app.indicators.picture import picture
from app.indicators.reception import reception
from app.indicators.schemas import (
    BalanceFilters,
    BalanceOut,
    CorpusFilters,
    CountFilters,
    CountsOut,
    CoverageFilters,
    CoverageOut,
    Format,
    LoopFilters,
    LoopOut,
    MethodsOut,
    ReceptionFilters,
    ReceptionOut,
    TargetIn,
    TargetOut,
    VoicesOut,
)
from app.indicators.tables import written
from app.indicators.voices import voices
from app.schemes.service import find as find_scheme

router = APIRouter(
    route_class=Route,
    prefix="/indicators",
    tags=["indicators"],
    responses=documented(Forbidden),
)
of_schemes = APIRouter(
    route_class=Route,
    prefix="/schemes/{scheme_id}/targets",
    tags=["indicators"],
    responses=documented(NotFound, Forbidden, PreconditionFailed),
)
FormatPath = Annotated[Format, Path(alias="format", description="`csv`, or `svg`.")]
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The table, or the picture.",
        "content": {"text/csv": {}, "image/svg+xml": {}},
    },
    **documented(NotFound),
}
CONTENT_TYPES = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.SVG: "image/svg+xml; charset=utf-8",
}
SAFE = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
}


@router.get("/counts", response_model=CountsOut)
def show_counts(filters: Annotated[CountFilters, Query()], call: Call) -> Response:
    """How many testimonies, or what belongs to them, by one or two dimensions: by role at first."""
    with call as (db, me):
        return call.shown(CountsOut, counts(db, filters, me))


@router.get("/coverage", response_model=CoverageOut)
def show_coverage(filters: Annotated[CoverageFilters, Query()], call: Call) -> Response:
    """Who was heard beside the targets, by role and department; who is missing."""
    with call as (db, me):
        return call.shown(CoverageOut, coverage(db, filters, me))


@router.get("/voices", response_model=VoicesOut)
def show_voices(filters: Annotated[LoopFilters, Query()], call: Call) -> Response:
    """How often each voice is quoted, in bundles and in releases, and how unequally."""
    with call as (db, me):
        return call.shown(VoicesOut, voices(db, filters, me))


@router.get("/balance", response_model=BalanceOut)
def show_balance(filters: Annotated[BalanceFilters, Query()], call: Call) -> Response:
    """Practices beside feelings: the accepted testimonies that you may read, and their excerpts."""
    with call as (db, me):
        return call.shown(BalanceOut, balance(db, filters, me))


@router.get("/methods", response_model=MethodsOut)
def show_methods(filters: Annotated[CorpusFilters, Query()], call: Call) -> Response:
    """What each method brought, from whom, and how freely it was said. For the team alone."""
    with call as (db, me):
        return call.shown(MethodsOut, methods(db, filters, me))


@router.get("/reception", response_model=ReceptionOut)
def show_reception(filters: Annotated[ReceptionFilters, Query()], call: Call) -> Response:
    """Which form moved whom: what recipients did and said, by form and audience."""
    with call as (db, me):
        return call.shown(ReceptionOut, reception(db, filters, me))


@router.get("/loop", response_model=LoopOut)
def show_loop(filters: Annotated[LoopFilters, Query()], call: Call) -> Response:
    """How far what became of their words came back to the witnesses whose words you may read."""
    with call as (db, me):
        return call.shown(LoopOut, loop(db, filters, me))


@router.get("/counts.{format}", response_class=Response, responses=FILE)
def save_counts(
    filters: Annotated[CountFilters, Query()], format_: FormatPath, call: Call
) -> Response:
    """The same as `/indicators/counts`, for a spreadsheet or as a picture."""
    with call as (db, me):
        return _file(call, db, "counts", format_, counts(db, filters, me))


@router.get("/balance.{format}", response_class=Response, responses=FILE)
def save_balance(
    filters: Annotated[BalanceFilters, Query()], format_: FormatPath, call: Call
) -> Response:
    """The same as `/indicators/balance`, for a spreadsheet or as a picture."""
    with call as (db, me):
        return _file(call, db, "balance", format_, balance(db, filters, me))


@router.get("/coverage.{format}", response_class=Response, responses=FILE)
def save_coverage(
    filters: Annotated[CoverageFilters, Query()], format_: FormatPath, call: Call
) -> Response:
    """The same as `/indicators/coverage`, for a spreadsheet or as a picture."""
    with call as (db, me):
        return _file(call, db, "coverage", format_, coverage(db, filters, me))


@router.get("/methods.{format}", response_class=Response, responses=FILE)
def save_methods(
    filters: Annotated[CorpusFilters, Query()], format_: FormatPath, call: Call
) -> Response:
    """The same as `/indicators/methods`, for a spreadsheet or as a picture."""
    with call as (db, me):
        return _file(call, db, "methods", format_, methods(db, filters, me))


@router.get("/reception.{format}", response_class=Response, responses=FILE)
def save_reception(
    filters: Annotated[ReceptionFilters, Query()], format_: FormatPath, call: Call
) -> Response:
    """The same as `/indicators/reception`, for a spreadsheet or as a picture."""
    with call as (db, me):
        return _file(call, db, "reception", format_, reception(db, filters, me))


@router.get("/loop.{format}", response_class=Response, responses=FILE)
def save_loop(
    filters: Annotated[LoopFilters, Query()], format_: FormatPath, call: Call
) -> Response:
    """The same as `/indicators/loop`, for a spreadsheet or as a picture."""
    with call as (db, me):
        return _file(call, db, "loop", format_, loop(db, filters, me))


@router.get("/voices.{format}", response_class=Response, responses=FILE)
def save_voices(
    filters: Annotated[LoopFilters, Query()], format_: FormatPath, call: Call
) -> Response:
    """The same as `/indicators/voices`, for a spreadsheet or as a picture."""
    with call as (db, me):
        return _file(call, db, "voices", format_, voices(db, filters, me))


@of_schemes.get("", response_model=list[TargetOut])
def show_targets(scheme_id: UUID, call: Call) -> Response:
    """How many witnesses of each role a scheme wants to hear in each department."""
    with call as (db, _):
        scheme = find_scheme(db, scheme_id)
        return call.parts(TargetOut, targets.of_scheme(db, scheme), of=scheme)


@of_schemes.put("", response_model=list[TargetOut])
def set_targets(
    scheme_id: UUID, payload: Annotated[list[TargetIn], Body(max_length=1000)], call: Call
) -> Response:
    """Say how many witnesses of which roles a scheme wants to hear, and where: these alone."""
    with call as (db, me):
        scheme = call.unchanged(find_scheme(db, scheme_id))
        targets.set_targets(db, scheme, payload, by=me)
        return call.parts(TargetOut, targets.of_scheme(db, scheme), of=scheme)


def _file(
    call: ApiCall, db: Session, name: str, format_: Format, found: Mapping[str, Any]
) -> Response:
    """A file that is kept nowhere on the way: a table to be saved, or a picture to be shown."""
    if format_ is Format.SVG:
        content, how = picture(db, name, found), "inline"
    else:
        content, how = written(db, name, found, ";" if call.language == "fr" else ","), "attachment"
    saved = f'{how}; filename="{name}-{now():%Y-%m-%d}.{format_}"'
    headers = SAFE | {"Content-Disposition": saved}
    return Response(content, 200, headers, CONTENT_TYPES[format_])

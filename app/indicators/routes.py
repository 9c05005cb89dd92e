"""The HTTP routes of indicators."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.problems import documented
from app.indicators.balance import balance
from app.indicators.loop import loop
from app.indicators.methods import methods
from app.indicators.reception import reception
from app.indicators.schemas import (
    BalanceFilters,
    BalanceOut,
    CorpusFilters,
    LoopFilters,
    LoopOut,
    MethodsOut,
    ReceptionFilters,
    ReceptionOut,
)

router = APIRouter(
    route_class=Route,
    prefix="/indicators",
    tags=["indicators"],
    responses=documented(Forbidden),
)


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

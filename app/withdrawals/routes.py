"""The HTTP routes of withdrawals that the staff writes down; witnesses have `/receipt`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import Page
from app.core.problems import NotFound, documented
from app.withdrawals import service
from app.withdrawals.schemas import WithdrawalFilters, WithdrawalIn, WithdrawalOut
from app.withdrawals.service import asked_of
from app.witnesses.service import find as find_witness

router = APIRouter(
    route_class=Route,
    prefix="/withdrawals",
    tags=["withdrawals"],
    responses=documented(NotFound, Forbidden),
)


@router.get("", response_model=Page[WithdrawalOut])
def index(filters: Annotated[WithdrawalFilters, Query()], call: Call) -> Response:
    """What the witnesses you may see took back, the latest first. Sort: `-created_at,-id`."""
    with call as (_, me):
        rows = service.search(me, filters)
        return call.page(WithdrawalOut, rows, filters, service.LATEST_FIRST)


@router.get("/{withdrawal_id}", response_model=WithdrawalOut)
def show(withdrawal_id: UUID, call: Call) -> Response:
    """One withdrawal, and how far it has reached."""
    with call as (db, me):
        return call.ok(WithdrawalOut, service.find(db, withdrawal_id, by=me))


@router.post("", response_model=WithdrawalOut, status_code=201)
def write_down(payload: WithdrawalIn, call: Call) -> Response:
    """Write down that a witness takes words back: at once nobody sees them any more.

    No reason is asked. Taking everything back twice is taking it back once.
    """
    with call as (db, me):
        witness = find_witness(db, payload.witness_id, by=me)
        asked = asked_of(db, witness, payload)
        return call.created(WithdrawalOut, service.write_down(db, witness, asked, by=me))

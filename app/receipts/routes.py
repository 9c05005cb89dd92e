"""The HTTP routes of witnesses, who come with their receipt code."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.core.bodies import Route
from app.core.problems import NotFound, RateLimited, ServiceUnavailable, documented
from app.core.schemas import to_json
from app.receipts import archive, service, sessions
from app.receipts.call import Witnessed
from app.receipts.schemas import (
    ApprovalIn,
    ApprovalOut,
    NewWithdrawalOut,
    ReceiptOut,
    ReceiptSessionIn,
    ReceiptSessionOut,
)
from app.receipts.sessions import InvalidReceiptCode
from app.storage.service import StorageUnavailable
from app.withdrawals.schemas import TakenBack

router = APIRouter(route_class=Route, tags=["receipt"])
CURRENT = "/api/v1/receipt-sessions/current"


@router.post(
    "/receipt-sessions",
    response_model=ReceiptSessionOut,
    status_code=201,
    responses=documented(InvalidReceiptCode, RateLimited),
)
def open_session(payload: ReceiptSessionIn, request: Request) -> Response:
    """Come with a receipt code: the token goes into `Authorization: Bearer …`."""
    address = request.client.host if request.client else ""
    opened = sessions.open_session(request.app.state.database, payload.code, address)
    headers = {"Cache-Control": "no-store", "Location": CURRENT}
    return Response(to_json(ReceiptSessionOut, opened), 201, headers, "application/json")


@router.delete("/receipt-sessions/current", status_code=204)
def leave(call: Witnessed) -> Response:
    """Leave: the token is worth nothing any more."""
    with call as (db, me):
        sessions.leave(db, by=me)
        return call.nothing()


@router.get("/receipt", response_model=ReceiptOut)
def show(call: Witnessed) -> Response:
    """What became of your words: where they are shown, what you allow, what you took back."""
    with call as (db, me):
        return call.shown(ReceiptOut, service.read(db, service.find(db, me)))


@router.put(
    "/receipt/approvals/{release_item_id}",
    response_model=ApprovalOut,
    responses=documented(NotFound),
)
def approve(release_item_id: UUID, payload: ApprovalIn, call: Witnessed) -> Response:
    """Say whether you agree with how your words are shown there: `item_id` of a use."""
    with call as (db, me):
        service.approve(db, release_item_id, payload.approved, by=me)
        said = {"item_id": release_item_id, "approved": payload.approved}
        return call.shown(ApprovalOut, said)


@router.post("/receipt/withdrawals", response_model=NewWithdrawalOut, status_code=201)
def withdraw(payload: TakenBack, call: Witnessed) -> Response:
    """Take words back, without saying why. Nobody sees them from this answer on."""
    with call as (db, me):
        withdrawal = service.withdraw(db, payload, by=me)
        return call.shown(NewWithdrawalOut, service.withdrawal_out(withdrawal), 201)


@router.get(
    "/receipt/archive",
    response_class=Response,
    responses={
        200: {"description": "The zip.", "content": {archive.MEDIA_TYPE: {}}},
        **documented(ServiceUnavailable, StorageUnavailable),
    },
)
def show_archive(call: Witnessed) -> Response:
    """Carry your words away: a zip of texts, recordings, consents, and who received what."""
    found = archive.make(call.database, call.authenticate())
    return StreamingResponse(iter(found), 200, archive.headers(), archive.MEDIA_TYPE)

"""The HTTP routes of remarks. To resolve one is to put its resolution."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller, Forbidden
from app.bundles.service import find as find_bundle
from app.calls.call import ApiCall, Call
from app.core.bodies import Route
from app.core.pages import Page, PageParams
from app.core.problems import NotFound, PreconditionFailed, documented
from app.excerpts.service import find as find_excerpt
from app.remarks import service
from app.remarks.models import Remark
from app.remarks.quotes import Thing
from app.remarks.schemas import RemarkIn, RemarkOut
from app.testimonies.service import find as find_testimony

router = APIRouter(
    route_class=Route,
    tags=["remarks"],
    responses=documented(NotFound, Forbidden, PreconditionFailed),
)
Params = Annotated[PageParams, Query()]


@router.get("/testimonies/{testimony_id}/remarks", response_model=Page[RemarkOut])
def index_of_testimony(testimony_id: UUID, params: Params, call: Call) -> Response:
    """The remarks about a testimony, for the team, the oldest first. Sort: `created_at,id`."""
    with call as (db, me):
        return _page(call, find_testimony(db, testimony_id, by=me), params, me)


@router.post("/testimonies/{testimony_id}/remarks", response_model=RemarkOut, status_code=201)
def write_on_testimony(testimony_id: UUID, payload: RemarkIn, call: Call) -> Response:
    """Write a remark about a testimony."""
    with call as (db, me):
        return _created(call, db, find_testimony(db, testimony_id, by=me), payload, me)


@router.get("/excerpts/{excerpt_id}/remarks", response_model=Page[RemarkOut])
def index_of_excerpt(excerpt_id: UUID, params: Params, call: Call) -> Response:
    """The remarks about an excerpt, for the team, the oldest first. Sort: `created_at,id`."""
    with call as (db, me):
        return _page(call, find_excerpt(db, excerpt_id, by=me), params, me)


@router.post("/excerpts/{excerpt_id}/remarks", response_model=RemarkOut, status_code=201)
def write_on_excerpt(excerpt_id: UUID, payload: RemarkIn, call: Call) -> Response:
    """Write a remark about an excerpt."""
    with call as (db, me):
        return _created(call, db, find_excerpt(db, excerpt_id, by=me), payload, me)


@router.get("/bundles/{bundle_id}/remarks", response_model=Page[RemarkOut])
def index_of_bundle(bundle_id: UUID, params: Params, call: Call) -> Response:
    """The remarks about a bundle, for the team, the oldest first. Sort: `created_at,id`.

    Without those written when it held a passage that you may not read.
    """
    with call as (db, me):
        return _page(call, find_bundle(db, bundle_id, by=me), params, me)


@router.post("/bundles/{bundle_id}/remarks", response_model=RemarkOut, status_code=201)
def write_on_bundle(bundle_id: UUID, payload: RemarkIn, call: Call) -> Response:
    """Write a remark about a bundle."""
    with call as (db, me):
        return _created(call, db, find_bundle(db, bundle_id, by=me), payload, me)


@router.get("/remarks/{remark_id}", response_model=RemarkOut)
def show(remark_id: UUID, call: Call) -> Response:
    """One remark."""
    with call as (db, me):
        return call.ok(RemarkOut, service.find(db, remark_id, by=me))


@router.put("/remarks/{remark_id}", response_model=RemarkOut)
def change(remark_id: UUID, payload: RemarkIn, call: Call) -> Response:
    """Write a remark of your own again."""
    with call as (db, me):
        remark = _to_change(call, db, remark_id, me)
        service.change(db, remark, payload, by=me)
        return call.ok(RemarkOut, remark)


@router.delete("/remarks/{remark_id}", status_code=204)
def discard(remark_id: UUID, call: Call) -> Response:
    """Delete a remark of your own."""
    with call as (db, me):
        service.discard(db, _to_change(call, db, remark_id, me), by=me)
        return call.nothing()


@router.put("/remarks/{remark_id}/resolution", status_code=204)
def resolve(remark_id: UUID, call: Call) -> Response:
    """Say that a remark is settled."""
    with call as (db, me):
        service.resolve(db, _to_change(call, db, remark_id, me), by=me)
        return call.nothing()


@router.delete("/remarks/{remark_id}/resolution", status_code=204)
def reopen(remark_id: UUID, call: Call) -> Response:
    """Say that a remark is not settled after all."""
    with call as (db, me):
        service.reopen(db, _to_change(call, db, remark_id, me), by=me)
        return call.nothing()


def _page(call: ApiCall, thing: Thing, params: PageParams, me: Caller) -> Response:
    return call.page(RemarkOut, service.about(thing, me), params, service.OLDEST_FIRST)


def _created(call: ApiCall, db: Session, thing: Thing, payload: RemarkIn, me: Caller) -> Response:
    remark = service.write(db, thing, payload, by=me)
    return call.created(RemarkOut, remark, at=f"/api/v1/remarks/{remark.id}")


def _to_change(call: ApiCall, db: Session, remark_id: UUID, me: Caller) -> Remark:
    return call.unchanged(service.find(db, remark_id, by=me))

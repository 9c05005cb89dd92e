"""The HTTP routes of annotations. An answer and a resolution are things that one puts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller, Forbidden
from app.annotations import service
from app.annotations.models import Annotation
from app.annotations.schemas import AnnotationIn, AnnotationOut, AnswerIn
from app.annotations.subjects import Thing
from app.bundles.service import find as find_bundle
from app.calls.call import ApiCall, Call
from app.core.bodies import Route
from app.core.pages import Page, PageParams
from app.core.problems import NotFound, PreconditionFailed, WrongState, documented
from app.propositions.service import find as find_proposition

router = APIRouter(
    route_class=Route,
    tags=["annotations"],
    responses=documented(NotFound, Forbidden, PreconditionFailed, WrongState),
)
Params = Annotated[PageParams, Query()]


@router.get("/bundles/{bundle_id}/annotations", response_model=Page[AnnotationOut])
def index_of_bundle(bundle_id: UUID, params: Params, call: Call) -> Response:
    """What the team said of a bundle while it was a martyr, the oldest first.

    Sort: `created_at,id`. Without those written when it held a passage that you may not read.
    """
    with call as (db, me):
        return _page(call, find_bundle(db, bundle_id, by=me), params, me)


@router.post("/bundles/{bundle_id}/annotations", response_model=AnnotationOut, status_code=201)
def write_on_bundle(bundle_id: UUID, payload: AnnotationIn, call: Call) -> Response:
    """Say something of a martyr bundle, of one of its sections, or of an item."""
    with call as (db, me):
        return _created(call, db, find_bundle(db, bundle_id, by=me), payload, me)


@router.get("/propositions/{proposition_id}/annotations", response_model=Page[AnnotationOut])
def index_of_proposition(proposition_id: UUID, params: Params, call: Call) -> Response:
    """What the team said of a proposition while it was a martyr, the oldest first.

    Sort: `created_at,id`. Without those written when it rested on a passage that you may not read.
    """
    with call as (db, me):
        return _page(call, find_proposition(db, proposition_id, by=me), params, me)


@router.post(
    "/propositions/{proposition_id}/annotations", response_model=AnnotationOut, status_code=201
)
def write_on_proposition(proposition_id: UUID, payload: AnnotationIn, call: Call) -> Response:
    """Say something of a martyr proposition."""
    with call as (db, me):
        return _created(call, db, find_proposition(db, proposition_id, by=me), payload, me)


@router.get("/annotations/{annotation_id}", response_model=AnnotationOut)
def show(annotation_id: UUID, call: Call) -> Response:
    """One annotation, with its answer."""
    with call as (db, me):
        return call.ok(AnnotationOut, service.find(db, annotation_id, by=me))


@router.put("/annotations/{annotation_id}", response_model=AnnotationOut)
def change(annotation_id: UUID, payload: AnnotationIn, call: Call) -> Response:
    """Write an annotation of your own again."""
    with call as (db, me):
        annotation = _to_change(call, db, annotation_id, me)
        service.change(db, annotation, payload, by=me)
        return call.ok(AnnotationOut, annotation)


@router.delete("/annotations/{annotation_id}", status_code=204)
def discard(annotation_id: UUID, call: Call) -> Response:
    """Delete an annotation of your own."""
    with call as (db, me):
        service.discard(db, _to_change(call, db, annotation_id, me), by=me)
        return call.nothing()


@router.put("/annotations/{annotation_id}/answer", response_model=AnnotationOut)
def answer(annotation_id: UUID, payload: AnswerIn, call: Call) -> Response:
    """Answer an annotation, or write your answer again."""
    with call as (db, me):
        annotation = _to_change(call, db, annotation_id, me)
        service.answer(db, annotation, payload, by=me)
        return call.ok(AnnotationOut, annotation)


@router.delete("/annotations/{annotation_id}/answer", status_code=204)
def take_back_answer(annotation_id: UUID, call: Call) -> Response:
    """Take your answer back."""
    with call as (db, me):
        service.take_back_answer(db, _to_change(call, db, annotation_id, me), by=me)
        return call.nothing()


@router.put("/annotations/{annotation_id}/resolution", status_code=204)
def resolve(annotation_id: UUID, call: Call) -> Response:
    """Say that an annotation is settled."""
    with call as (db, me):
        service.resolve(db, _to_change(call, db, annotation_id, me), by=me)
        return call.nothing()


@router.delete("/annotations/{annotation_id}/resolution", status_code=204)
def reopen(annotation_id: UUID, call: Call) -> Response:
    """Say that an annotation is not settled after all."""
    with call as (db, me):
        service.reopen(db, _to_change(call, db, annotation_id, me), by=me)
        return call.nothing()


def _page(call: ApiCall, thing: Thing, params: PageParams, me: Caller) -> Response:
    return call.page(AnnotationOut, service.about(thing, me), params, service.OLDEST_FIRST)


def _created(
    call: ApiCall, db: Session, thing: Thing, payload: AnnotationIn, me: Caller
) -> Response:
    annotation = service.write(db, thing, payload, by=me)
    return call.created(AnnotationOut, annotation, at=f"/api/v1/annotations/{annotation.id}")


def _to_change(call: ApiCall, db: Session, annotation_id: UUID, me: Caller) -> Annotation:
    return call.unchanged(service.find(db, annotation_id, by=me))

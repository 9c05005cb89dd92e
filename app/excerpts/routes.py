"""The HTTP routes of excerpts, and of the testimonies whose changes they follow."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import MirrorPage, Page
from app.core.problems import Conflict, NotFound, PreconditionFailed, WrongState, documented
from app.excerpts import annotation, reviews, service, sources
from app.excerpts.annotation import WebAnnotationOut
from app.excerpts.schemas import EditsOut, ExcerptFilters, ExcerptIn, ExcerptOut, ReviewOut
from app.excerpts.service import NotThere
from app.history import service as history
from app.history.schemas import (
    HistoryParams,
    RestorationIn,
    VersionNumber,
    VersionOut,
    VersionWhole,
)
from app.testimonies import queries
from app.testimonies import service as testimonies
from app.testimonies.schemas import TestimonyIn, TestimonyOut

router = APIRouter(
    route_class=Route,
    prefix="/excerpts",
    tags=["excerpts"],
    responses=documented(NotFound, Forbidden, PreconditionFailed, WrongState, Conflict),
)

of_testimonies = APIRouter(
    route_class=Route,
    prefix="/testimonies",
    tags=["testimonies"],
    responses=documented(NotFound, Forbidden, PreconditionFailed, WrongState),
)


class JsonLd(JSONResponse):
    """A W3C Web Annotation."""

    media_type = annotation.MEDIA_TYPE


@router.get("", response_model=MirrorPage[ExcerptOut])
def index(filters: Annotated[ExcerptFilters, Query()], call: Call) -> Response:
    """The excerpts you may see, the latest first. Sort: `-created_at,-id`.

    With `updated_since`, what was taken back since is there too, as `{id, state: "withdrawn"}`, for
    90 days: forget it.
    """
    with call as (_, me):
        rows = service.search(me, filters)
        details = service.mirrored(me) if filters.updated_since else service.complete(me)
        return call.mirror(ExcerptOut, rows, filters, service.LATEST_FIRST, details)


@router.post("", response_model=ExcerptOut, status_code=201, responses=documented(NotThere))
def choose(payload: ExcerptIn, call: Call) -> Response:
    """Choose a passage worth giving back. Offsets are code points of the body."""
    with call as (db, me):
        excerpt = service.choose(db, payload, by=me)
        return call.created(ExcerptOut, excerpt, service.shown(db, excerpt, me))


@router.get("/{excerpt_id}", response_model=ExcerptOut)
def show(excerpt_id: UUID, call: Call) -> Response:
    """One excerpt."""
    with call as (db, me):
        excerpt = service.find(db, excerpt_id, by=me)
        return call.ok(ExcerptOut, excerpt, service.shown(db, excerpt, me))


@router.put("/{excerpt_id}", response_model=ExcerptOut, responses=documented(NotThere))
def change(excerpt_id: UUID, payload: ExcerptIn, call: Call) -> Response:
    """Describe an excerpt again, in full."""
    with call as (db, me):
        excerpt = call.unchanged(service.find(db, excerpt_id, by=me))
        service.change(db, excerpt, payload, by=me)
        return call.ok(ExcerptOut, excerpt, service.shown(db, excerpt, me))


@router.delete("/{excerpt_id}", status_code=204)
def discard(excerpt_id: UUID, call: Call) -> Response:
    """Delete an excerpt that no bundle holds."""
    with call as (db, me):
        service.discard(db, call.unchanged(service.find(db, excerpt_id, by=me)), by=me)
        return call.nothing()


@router.get("/{excerpt_id}/review", response_model=ReviewOut)
def show_review(excerpt_id: UUID, call: Call) -> Response:
    """For editors: the words that were chosen, and where they may stand since the source changed.

    To confirm a candidate is to `PUT` the excerpt with its `start`, `end` and `text` as selector.
    """
    with call as (db, me):
        excerpt, found = reviews.find_review(db, excerpt_id, by=me)
        return call.ok(ReviewOut, excerpt, found)


@router.get("/{excerpt_id}/edits", response_model=EditsOut)
def show_edits(excerpt_id: UUID, call: Call) -> Response:
    """For editors: what the public quote changes in the words that were said."""
    with call as (db, me):
        excerpt, found = reviews.find_edits(db, excerpt_id, by=me)
        return call.ok(EditsOut, excerpt, {"edits": found})


@router.get("/{excerpt_id}/annotation", response_model=WebAnnotationOut, response_class=JsonLd)
def show_annotation(excerpt_id: UUID, call: Call) -> Response:
    """One excerpt as a W3C Web Annotation, in JSON-LD."""
    with call as (db, me):
        excerpt, found = annotation.find_annotation(db, excerpt_id, by=me)
        response = call.ok(WebAnnotationOut, excerpt, found)
    if response.body:
        response.headers["Content-Type"] = annotation.MEDIA_TYPE
    return response


@router.get("/{excerpt_id}/history", response_model=Page[VersionOut])
def show_history(
    excerpt_id: UUID, params: Annotated[HistoryParams, Query()], call: Call
) -> Response:
    """Who changed an excerpt, when, and what: of the versions you could read. Sort: `-version`."""
    with call as (db, me):
        excerpt = service.find(db, excerpt_id, by=me)
        versions = service.versions(db, excerpt, me)
        return call.paged(VersionOut, history.page(db, versions, params))


@router.get("/{excerpt_id}/history/{version}", response_model=VersionWhole)
def show_version(
    excerpt_id: UUID, version: Annotated[VersionNumber, Path()], call: Call
) -> Response:
    """The whole of a version of an excerpt."""
    with call as (db, me):
        excerpt = service.find(db, excerpt_id, by=me)
        versions = service.versions(db, excerpt, me)
        return call.shown(VersionWhole, history.whole(db, versions, version))


@router.put("/{excerpt_id}/restoration", response_model=ExcerptOut, responses=documented(NotThere))
def restore(excerpt_id: UUID, payload: RestorationIn, call: Call) -> Response:
    """Have a version of an excerpt hold again: a change like any other, and a new version."""
    with call as (db, me):
        excerpt = call.unchanged(service.find(db, excerpt_id, by=me))
        service.restore(db, excerpt, payload.version, by=me)
        return call.ok(ExcerptOut, excerpt, service.shown(db, excerpt, me))


@of_testimonies.put("/{testimony_id}", response_model=TestimonyOut)
def correct(testimony_id: UUID, payload: TestimonyIn, call: Call) -> Response:
    """Describe a testimony again, in full: its owner in draft and returned, an editor after."""
    with call as (db, me):
        testimony = call.unchanged(testimonies.find(db, testimony_id, by=me))
        sources.change(db, testimony, payload, by=me)
        return call.ok(TestimonyOut, testimony, queries.just_written(db, testimony, payload))


@of_testimonies.delete("/{testimony_id}", status_code=204)
def discard_testimony(testimony_id: UUID, call: Call) -> Response:
    """Delete a draft of your own, and what editors chose of it while it was submitted."""
    with call as (db, me):
        testimony = call.unchanged(testimonies.find(db, testimony_id, by=me))
        sources.discard(db, testimony, by=me)
        return call.nothing()


@of_testimonies.put("/{testimony_id}/restoration", response_model=TestimonyOut)
def restore_testimony(testimony_id: UUID, payload: RestorationIn, call: Call) -> Response:
    """Have a version of a testimony hold again: a change like any other, and a new version."""
    with call as (db, me):
        testimony = call.unchanged(testimonies.find(db, testimony_id, by=me))
        said = sources.restore(db, testimony, payload.version, by=me)
        return call.ok(TestimonyOut, testimony, queries.just_written(db, testimony, said))

"""The HTTP routes that read media: for the team, and with a signed address; who appears."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from app.accounts.authentication import Forbidden, NotAuthenticated
from app.appearances import service as appearances
from app.appearances.schemas import AppearanceIn, AppearanceOut
from app.calls.call import Bearer, Call, ReasonHeader, receive
from app.core.bodies import Route
from app.core.problems import (
    NotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
    RateLimited,
    ServiceUnavailable,
    WrongState,
    documented,
)
from app.gate import captions, events
from app.gate import media as gated
from app.gate.answers import send, send_text
from app.media.models import Rendition
from app.media.schemas import MediaOut
from app.media.urls import check
from app.storage.service import StorageUnavailable
from app.transcripts.formats import Format

router = APIRouter(
    route_class=Route, prefix="/media", tags=["media"], responses=documented(NotFound, Forbidden)
)


@router.get("/{media_id}", response_model=MediaOut)
def show(media_id: UUID, call: Call) -> Response:
    """One media: what is known of it, how far the work is, and its files."""
    with call as (db, me):
        media = gated.find(db, media_id, by=me)
        files = [*gated.renditions(db, media, by=me), *captions.listed(db, media, by=me)]
        return call.ok(MediaOut, media, {"renditions": files})


@router.get(
    "/{media_id}/events",
    response_class=Response,
    responses={
        200: {
            "description": "Events `media`: `{status, reason, progress, renditions}`.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **documented(RateLimited),
    },
)
def follow(media_id: UUID, call: Call) -> Response:
    """How far the work on a media is, as it goes on: server-sent events.

    The first says how it is now, each other one what changed: `renditions` names the files that are
    there already. The stream ends once the media is ready or rejected, or not yours to see any
    more; and after ten minutes: ask again. There is no history: `Last-Event-ID` changes nothing.
    """
    with call as (db, me):
        seen = events.seen(db, gated.find(db, media_id, by=me))
        account_id = me.id
    return events.Followed(call, account_id, media_id, seen)


@router.get("/{media_id}/appearances", response_model=list[AppearanceOut])
def show_appearances(media_id: UUID, call: Call) -> Response:
    """Who is seen, heard or named in a media, and when. Sort: `start_ms,id`."""
    with call as (db, me):
        media = gated.find(db, media_id, by=me)
        return call.parts(AppearanceOut, appearances.of_media(db, media), of=media)


@router.put(
    "/{media_id}/appearances",
    response_model=list[AppearanceOut],
    responses=documented(WrongState, PreconditionFailed),
)
def note_appearances(
    media_id: UUID, payload: Annotated[list[AppearanceIn], Body(max_length=500)], call: Call
) -> Response:
    """Say who is seen, heard or named in a media, and when: these, and nobody else.

    Whoever appears in a passage must agree to what it shows of them.
    """
    with call as (db, me):
        media = call.unchanged(gated.find(db, media_id, by=me))
        gated.note_appearances(db, media, payload, by=me)
        return call.parts(AppearanceOut, appearances.of_media(db, media), of=media)


Signed = Annotated[str | None, Query(max_length=200)]
FileName = Annotated[str, Path(pattern=r"^[a-z0-9.-]{1,40}$")]
RangeHeader = Annotated[str | None, Header(max_length=200)]


@router.head("/{media_id}/renditions/{name}", include_in_schema=False)
@router.get(
    "/{media_id}/renditions/{name}",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {"application/octet-stream": {}}},
        206: {"description": "The range asked for."},
        304: {"description": "You have it already."},
        **documented(RangeNotSatisfiable, ServiceUnavailable, StorageUnavailable),
    },
)
async def show_rendition(  # noqa: PLR0913, PLR0917 - its headers, one by one
    request: Request,
    media_id: UUID,
    name: FileName,
    bearer: Bearer,
    expires: Signed = None,
    signature: Signed = None,
    range_: Annotated[str | None, Header(alias="Range", max_length=200)] = None,
    if_range: RangeHeader = None,
    reason: ReasonHeader = None,
) -> Response:
    """A file of a media, or a range of it: with a token, or a signed address from `renditions`.

    Captions are made from the current transcript: they are always sent whole.
    """
    found: Rendition | str
    if signature is not None and check(media_id, name, expires or "", signature):
        found = await run_in_threadpool(_signed, request, media_id, name)
    elif bearer:
        call = await receive(request, bearer, reason=reason)
        found = await run_in_threadpool(_seen, call, media_id, name)
    else:
        raise NotAuthenticated
    if isinstance(found, str):
        return send_text(request, name, found, Format.VTT)
    return await run_in_threadpool(send, request, found, range_, if_range)


def _signed(request: Request, media_id: UUID, name: str) -> Rendition | str:
    with request.app.state.database.read() as db:
        if name.endswith(captions.SUFFIX):
            return captions.at_address(db, media_id, name)
        return gated.rendition_at_address(db, media_id, name)


def _seen(call: "Call", media_id: UUID, name: str) -> Rendition | str:
    with call as (db, me):
        if name.endswith(captions.SUFFIX):
            return captions.find(db, media_id, name, by=me)
        return gated.find_rendition(db, media_id, name, by=me)

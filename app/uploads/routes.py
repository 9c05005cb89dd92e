"""The HTTP routes of uploads: tus 1.0.0. Errors are problem documents, as everywhere."""

from collections.abc import Callable, Coroutine
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from app.accounts.authentication import Forbidden
from app.accounts.permissions import Permission
from app.calls.call import ApiCall, Call
from app.core.bodies import Route
from app.core.problems import (
    BadRequest,
    ContentTooLarge,
    InsufficientStorage,
    MethodNotAllowed,
    NotFound,
    Problem,
    UnsupportedMediaType,
    documented,
)
from app.storage.service import storage
from app.uploads import protocol, service
from app.uploads.models import OffsetConflict, TooManyPieces, Upload
from app.uploads.protocol import (
    ALGORITHMS,
    BYTES,
    EXTENSIONS,
    VERSION,
    Checksum,
    ChecksumMismatch,
    UnsupportedProtocol,
)
from app.uploads.receiving import Piece, UploadInterrupted, receive
from app.uploads.service import QuotaExceeded, Turn

UNLIMITED = 2**62  # bytes: each upload says how many it takes
SPOKEN = {"Tus-Resumable": VERSION}


class TusRoute(Route):
    """A route whose every answer says which version of the protocol is spoken."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def speaking(request: Request) -> Response:
            try:
                response = await handle(request)
            except Problem as problem:
                problem.headers = problem.headers | SPOKEN
                raise
            response.headers.update(SPOKEN)
            return response

        return speaking


router = APIRouter(
    route_class=TusRoute,
    prefix="/uploads",
    tags=["uploads"],
    responses=documented(Forbidden, UnsupportedProtocol),
)


def header(name: str, about: str, required: bool = False) -> dict[str, Any]:
    """A header, as the API's readers are told of it."""
    schema = {"type": "string"}
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": about,
        "schema": schema,
    }


def told(*names: str) -> dict[str, Any]:
    """The headers of an answer that says nothing else."""
    return {"headers": {name: {"schema": {"type": "string"}} for name in names}}


KNOWN = ("Upload-Offset", "Upload-Expires", "Media-Id")
BEGUN = {"description": "It has begun.", **told("Location", *KNOWN)}
SHOWN = {"description": "How far it is.", **told("Upload-Length", "Upload-Metadata", *KNOWN)}
BROUGHT = {"description": "They are on disk.", **told(*KNOWN)}
OFFERED = ("Tus-Version", "Tus-Extension", "Tus-Checksum-Algorithm", "Tus-Max-Size")
RESUMABLE = header("Tus-Resumable", "`1.0.0`.", required=True)
CHECKSUM = header("Upload-Checksum", "`sha256` or `sha1`, a blank, and the digest in base64.")
BODY = {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}
CREATION: dict[str, Any] = {
    "parameters": [
        RESUMABLE,
        header("Upload-Length", "The size of the file, in bytes.", required=True),
        header("Upload-Metadata", "`filename`, `filetype`, `workshop_id`, their values in base64."),
        CHECKSUM,
    ],
    "requestBody": BODY,
}
NEXT_BYTES: dict[str, Any] = {
    "parameters": [
        RESUMABLE,
        header("Upload-Offset", "How many bytes came before these.", required=True),
        CHECKSUM,
    ],
    "requestBody": {"required": True, **BODY},
}
TAKING = documented(
    BadRequest,
    UploadInterrupted,
    OffsetConflict,
    TooManyPieces,
    ContentTooLarge,
    UnsupportedMediaType,
    ChecksumMismatch,
    InsufficientStorage,
)


@router.options(
    "", status_code=204, responses={204: {"description": "What is offered.", **told(*OFFERED)}}
)
@router.options("/{upload_id}", status_code=204, include_in_schema=False)
def discover() -> Response:
    """What is offered: versions and extensions of tus, the size of the largest file."""
    values = (VERSION, EXTENSIONS, ",".join(ALGORITHMS), str(service.size_limit(None)))
    return Response(status_code=204, headers=dict(zip(OFFERED, values, strict=True)))


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses={201: BEGUN, **TAKING, **documented(QuotaExceeded)},
    openapi_extra=CREATION,
    max_body_size=UNLIMITED,
)
async def begin(request: Request, call: Call) -> Response:
    """Begin an upload, and perhaps bring its first bytes; its address is in `Location`.

    A body that breaks off leaves nothing: whoever sent it does not know the address.
    """
    upload, piece = await run_in_threadpool(_begin, call)
    if piece:
        try:
            upload = await receive(call, piece)
        except BaseException:
            await run_in_threadpool(_forget, call, upload.id)
            raise
    place = f"{request.url.path}/{upload.id}"
    return Response(status_code=201, headers={"Location": place, **_progress(upload)})


@router.head(
    "/{upload_id}",
    response_class=Response,
    responses={200: SHOWN, **documented(NotFound)},
    openapi_extra={"parameters": [RESUMABLE]},
)
def show(upload_id: UUID, call: Call) -> Response:
    """How much came: `Upload-Offset`, of `Upload-Length`; when all did, `Media-Id`."""
    with call as (db, me):
        upload = service.find(db, upload_id, by=me)
        protocol.require_version(call.headers)
    about = {"Upload-Length": str(upload.size), "Cache-Control": "no-store"}
    if upload.metadata_:
        about["Upload-Metadata"] = upload.metadata_
    return Response(headers={**about, **_progress(upload)})


@router.patch(
    "/{upload_id}",
    status_code=204,
    responses={204: BROUGHT, **TAKING, **documented(NotFound)},
    openapi_extra=NEXT_BYTES,
    max_body_size=UNLIMITED,
)
async def bring(upload_id: UUID, call: Call) -> Response:
    """Bring the next bytes; with the last ones the answer says `Media-Id`.

    The answer says that they are safe. When the line breaks, what came is kept: ask for the offset,
    and go on from there. Of two requests at once, the one that began last counts.
    """
    piece = await run_in_threadpool(_take_turn, call, upload_id)
    upload = await receive(call, piece)
    return Response(status_code=204, headers=_progress(upload))


@router.delete(
    "/{upload_id}",
    status_code=204,
    responses=documented(NotFound),
    openapi_extra={"parameters": [RESUMABLE]},
)
def give_up(upload_id: UUID, call: Call) -> Response:
    """Give an upload up: what came of it is deleted. A media that it became stays."""
    with call as (db, me):
        upload = service.find(db, upload_id, by=me)
        protocol.require_version(call.headers)
        service.give_up(db, upload, by=me)
    return Response(status_code=204)


@router.post(
    "/{upload_id}",
    status_code=204,
    responses=TAKING | documented(NotFound, MethodNotAllowed),
    openapi_extra={
        "parameters": [
            RESUMABLE,
            header("X-HTTP-Method-Override", "`PATCH` or `DELETE`.", required=True),
        ],
        "requestBody": BODY,
    },
    max_body_size=UNLIMITED,
)
async def override(upload_id: UUID, call: Call) -> Response:
    """`PATCH` or `DELETE`, by `X-HTTP-Method-Override`: for networks that let neither through."""
    method = call.headers.get("X-HTTP-Method-Override", "")
    if method == "PATCH":
        return await bring(upload_id, call)
    if method == "DELETE":
        return await run_in_threadpool(give_up, upload_id, call)
    await run_in_threadpool(call.authenticate)
    raise MethodNotAllowed


def _begin(call: ApiCall) -> tuple[Upload, Piece | None]:
    """The upload, and where its first bytes go when some are sent along."""
    with call as (db, me):
        me.require(Permission.WRITE_TESTIMONIES)
        protocol.require_version(call.headers)
        asked, checksum = protocol.read_creation(call.headers), protocol.read_checksum(call.headers)
        brings = protocol.brings_bytes(call.headers)
        storage().require_room(asked.size)
        upload = service.begin(db, asked, by=me)
        turn = service.take_turn(db, upload, 0) if brings else None
    try:
        return upload, _piece(call, turn, checksum) if turn else None
    except BaseException:
        _forget(call, upload.id)
        raise


def _take_turn(call: ApiCall, upload_id: UUID) -> Piece:
    """Where the next bytes go, for whoever may bring them. Raises before one is read."""
    with call as (db, me):
        upload = service.find(db, upload_id, by=me)
        me.require(Permission.WRITE_TESTIMONIES)
        protocol.require_version(call.headers)
        protocol.require_bytes(call.headers)
        checksum = protocol.read_checksum(call.headers)
        start = protocol.read_number(call.headers, "Upload-Offset")
        turn = service.take_turn(db, upload, start)
    return _piece(call, turn, checksum)


def _piece(call: ApiCall, turn: Turn, checksum: Checksum | None) -> Piece:
    return Piece(turn, protocol.announced(call.headers), checksum)


def _forget(call: ApiCall, upload_id: UUID) -> None:
    with call as (db, me):
        service.give_up(db, service.find(db, upload_id, by=me), by=me)


def _progress(upload: Upload) -> dict[str, str]:
    """What every answer about an upload tells."""
    progress = {
        "Upload-Offset": str(upload.received),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
    }
    return progress | ({"Media-Id": str(upload.media_id)} if upload.media_id else {})

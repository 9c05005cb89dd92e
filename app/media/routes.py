"""The HTTP route of media: a small file, deposited at once. `gate` serves what may be read."""

from typing import Any

from anyio import CancelScope
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
    ServiceUnavailable,
    UnsupportedMediaType,
    documented,
)
from app.core.settings import settings
from app.media import service
from app.media.forms import AROUND, FileForm
from app.media.schemas import MediaOut
from app.media.twins import NotCompared, Twins
from app.storage.keys import new_key
from app.storage.service import StorageUnavailable, Stored, StoredWriter, storage

UNLIMITED = 2**62  # bytes: the form counts for itself, and says how many it takes

router = APIRouter(
    route_class=Route,
    prefix="/media",
    tags=["media"],
    responses=documented(
        *(BadRequest, Forbidden, ContentTooLarge, UnsupportedMediaType),
        *(ServiceUnavailable, StorageUnavailable, InsufficientStorage),
    ),
)
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "additionalProperties": False,
                }
            }
        },
    }
}


@router.post(
    "",
    response_model=MediaOut,
    status_code=201,
    responses={200: {"model": MediaOut, "description": "You deposited it already."}},
    openapi_extra=FORM,
    max_body_size=UNLIMITED,
)
async def receive(request: Request, call: Call) -> Response:
    """Deposit a file of at most 20 MiB: one part, `file`, with its name. Larger ones: `/uploads`.

    The answer says that it is safe; whether it is accepted, its `status` will say. A file that you
    deposited already is that media: 200, and its files are told by `GET /media/{id}`.
    """
    writer = await run_in_threadpool(_open, request, call)
    try:
        form = FileForm(request.headers.get("Content-Type", ""), settings().media_post_max)

        async def write(chunk: bytes) -> None:
            await run_in_threadpool(writer.write, chunk)

        await form.read(request.stream(), write)
        stored = await run_in_threadpool(writer.finish)
    except BaseException:  # a lost connection too
        with CancelScope(shield=True):
            await run_in_threadpool(writer.abandon)
        raise
    return await run_in_threadpool(_keep, call, stored, form.filename)


def _open(request: Request, call: ApiCall) -> StoredWriter:
    """Where to write, for a caller who may. Raises before a byte of the body is read."""
    call.authenticate().require(Permission.WRITE_TESTIMONIES)
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > settings().media_post_max + AROUND:
        raise ContentTooLarge(max=settings().media_post_max)
    storage().require_room(settings().media_post_max)
    return storage().open_writer(new_key("media"))


def _keep(call: ApiCall, stored: Stored, filename: str | None) -> Response:
    """The media, once its bytes are on disk. Should this fail, they are an orphan."""
    twins = Twins()
    while True:
        try:
            with call as (db, me):
                me.require(Permission.WRITE_TESTIMONIES)
                twin = twins.find(db, [stored], by=me)
                media = service.receive(db, stored, filename=filename, by=me, twin=twin)
                show = call.ok if twin else call.created
                return show(MediaOut, media, {"renditions": []})
        except NotCompared:
            twins.compare()

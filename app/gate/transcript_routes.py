"""The HTTP routes of transcripts: the words of recordings, for the team."""

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.accounts.authentication import Forbidden
from app.calls.call import ApiCall, Call
from app.core.bodies import Route, parse
from app.core.pages import Page, PageParams
from app.core.problems import (
    BadRequest,
    ContentTooLarge,
    NotFound,
    PreconditionFailed,
    UnsupportedMediaType,
    WrongState,
    documented,
)
from app.gate import transcripts as gated
from app.gate.answers import send_text
from app.history import service as history
from app.history.schemas import (
    HistoryParams,
    RestorationIn,
    VersionNumber,
    VersionOut,
    VersionWhole,
)
from app.media.forms import FileForm
from app.transcripts import asking, formats, service
from app.transcripts.asking import NoSpeechEngine
from app.transcripts.formats import Format
from app.transcripts.models import Source, Transcript
from app.transcripts.schemas import (
    Language,
    TranscriptBrief,
    TranscriptIn,
    TranscriptionIn,
    TranscriptionOut,
    TranscriptOut,
)

router = APIRouter(
    route_class=Route, tags=["transcripts"], responses=documented(NotFound, Forbidden)
)
MULTIPART = "multipart/form-data"
WORDS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/TranscriptIn"}},
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "additionalProperties": False,
                }
            },
        },
    }
}


def _file_of(form: Format) -> dict[int | str, dict[str, Any]]:
    content = {form.content_type.partition(";")[0]: {"schema": {"type": "string"}}}
    known = {"description": "You have it already."}
    return {200: {"description": "The file.", "content": content}, 304: known}


@router.get("/media/{media_id}/transcripts", response_model=Page[TranscriptBrief])
def index(media_id: UUID, params: Annotated[PageParams, Query()], call: Call) -> Response:
    """The transcripts of a media, the latest first. Sort: `-number,-id`."""
    with call as (db, me):
        rows = gated.index(gated.find_media(db, media_id, by=me), me)
        return call.page(TranscriptBrief, rows, params, service.LATEST_FIRST)


@router.post(
    "/media/{media_id}/transcripts",
    response_model=TranscriptOut,
    status_code=201,
    openapi_extra=WORDS,
    responses=documented(BadRequest, WrongState, ContentTooLarge, UnsupportedMediaType),
)
async def write(
    request: Request,
    media_id: UUID,
    call: Call,
    language: Annotated[Language, Query(description="Of a file; JSON says its own.")] = "fr",
) -> Response:
    """Write what is said in a media, or send a VTT, SRT or TXT file of it: one part, `file`.

    It is a draft until it is approved. Segments are in the order of their beginnings, at most two
    at once, and end with the recording.
    """
    if request.headers.get("Content-Type", "").lower().startswith(MULTIPART):
        await run_in_threadpool(_require_author, call, media_id)
        content = await _file(request)
        return await run_in_threadpool(_import, call, media_id, content, language)
    body = await request.body()
    if not body:  # there is nothing to look at: who asks is what counts
        await run_in_threadpool(call.authenticate)
    payload = _understood(_parsed(body))
    return await run_in_threadpool(_write, call, media_id, payload)


@router.get(
    "/transcripts/{transcript_id}.vtt",
    response_class=Response,
    responses=_file_of(Format.VTT),
)
def show_vtt(transcript_id: UUID, call: Call) -> Response:
    """A transcript as WebVTT, with who speaks."""
    return _export(call, transcript_id, Format.VTT)


@router.get(
    "/transcripts/{transcript_id}.srt",
    response_class=Response,
    responses=_file_of(Format.SRT),
)
def show_srt(transcript_id: UUID, call: Call) -> Response:
    """A transcript as SubRip, which does not say who speaks."""
    return _export(call, transcript_id, Format.SRT)


@router.get(
    "/transcripts/{transcript_id}.txt",
    response_class=Response,
    responses=_file_of(Format.TXT),
)
def show_txt(transcript_id: UUID, call: Call) -> Response:
    """A transcript as text for people: a paragraph for each segment, with its time."""
    return _export(call, transcript_id, Format.TXT)


@router.get("/transcripts/{transcript_id}", response_model=TranscriptOut)
def show(transcript_id: UUID, call: Call) -> Response:
    """One transcript. Offsets of excerpts are code points of its texts joined by one line feed."""
    with call as (db, me):
        return _shown(call, db, gated.find(db, transcript_id, by=me))


@router.put(
    "/transcripts/{transcript_id}",
    response_model=TranscriptOut,
    responses=documented(WrongState, PreconditionFailed),
)
def change(transcript_id: UUID, payload: TranscriptIn, call: Call) -> Response:
    """Write a transcript again, in full. A machine's never changes: post a correction of it."""
    with call as (db, me):
        transcript = call.unchanged(gated.find(db, transcript_id, by=me))
        gated.change(db, transcript, payload, by=me)
        return _shown(call, db, transcript)


@router.get("/transcripts/{transcript_id}/history", response_model=Page[VersionOut])
def show_history(
    transcript_id: UUID, params: Annotated[HistoryParams, Query()], call: Call
) -> Response:
    """Who changed a transcript, when, and what. Its segments are compared as a text.

    Only versions that you could read. Sort: `-version`.
    """
    with call as (db, me):
        versions = gated.reading(db, gated.find(db, transcript_id, by=me), me)
        return call.paged(VersionOut, history.page(db, versions, params))


@router.get("/transcripts/{transcript_id}/history/{version}", response_model=VersionWhole)
def show_version(
    transcript_id: UUID, version: Annotated[VersionNumber, Path()], call: Call
) -> Response:
    """The whole of a version of a transcript; segments may be `withheld`, as in the present one."""
    with call as (db, me):
        versions = gated.reading(db, gated.find(db, transcript_id, by=me), me)
        return call.shown(VersionWhole, history.whole(db, versions, version))


@router.put(
    "/transcripts/{transcript_id}/restoration",
    response_model=TranscriptOut,
    responses=documented(WrongState, PreconditionFailed),
)
def restore(transcript_id: UUID, payload: RestorationIn, call: Call) -> Response:
    """Have a version of a transcript hold again: a change like any other, and a new version."""
    with call as (db, me):
        transcript = call.unchanged(gated.find(db, transcript_id, by=me))
        gated.restore(db, transcript, payload.version, by=me)
        return _shown(call, db, transcript)


@router.put("/transcripts/{transcript_id}/approval", status_code=204)
def approve(transcript_id: UUID, call: Call) -> Response:
    """Say that these are the words. The newest one approved is a media's current one."""
    with call as (db, me):
        gated.approve(db, call.unchanged(gated.find(db, transcript_id, by=me)), by=me)
        return call.nothing()


@router.delete("/transcripts/{transcript_id}/approval", status_code=204)
def disapprove(transcript_id: UUID, call: Call) -> Response:
    """Make it a draft again."""
    with call as (db, me):
        gated.disapprove(db, call.unchanged(gated.find(db, transcript_id, by=me)), by=me)
        return call.nothing()


@router.get("/media/{media_id}/transcription", response_model=TranscriptionOut)
def show_transcription(media_id: UUID, call: Call) -> Response:
    """What became of the last request to the speech engine: for those who write transcripts."""
    with call as (db, me):
        media = gated.find_media(db, media_id, by=me)
        service.require_author(me)
        return call.ok(TranscriptionOut, asking.find(db, media))


@router.put(
    "/media/{media_id}/transcription",
    response_model=TranscriptionOut,
    responses=documented(NoSpeechEngine, WrongState),
)
def transcribe(media_id: UUID, payload: TranscriptionIn, call: Call) -> Response:
    """Have the speech engine write what it hears: a draft, to be corrected and approved.

    While it works, and once it is done, asking again changes nothing; after a failure, or for
    another language, it begins again.
    """
    with call as (db, me):
        media = gated.find_media(db, media_id, by=me)
        return call.ok(TranscriptionOut, gated.ask_engine(db, media, payload.language, by=me))


def _require_author(call: ApiCall, media_id: UUID) -> None:
    """Before a byte of a file is read. Raises NotFound, Forbidden."""
    with call.traced() as (db, me):
        gated.find_media(db, media_id, by=me)
        service.require_author(me)


async def _file(request: Request) -> bytes:
    form = FileForm(request.headers.get("Content-Type", ""), formats.LARGEST)
    content = bytearray()

    async def keep(chunk: bytes) -> None:
        content.extend(chunk)

    await form.read(request.stream(), keep)
    return bytes(content)


def _parsed(body: bytes) -> Any:
    """The body, read as strictly as any other."""
    try:
        return parse(body)
    except json.JSONDecodeError as error:
        where = {"type": "json_invalid", "loc": ("body", error.pos), "msg": error.msg}
        raise RequestValidationError([where | {"ctx": {"error": error.msg}}]) from None


def _understood(sent: Any) -> TranscriptIn:
    try:
        return TranscriptIn.model_validate(sent)
    except ValidationError as error:
        found = [{**e, "loc": ("body", *e["loc"])} for e in error.errors(include_url=False)]
        raise RequestValidationError(found, body=sent) from None


def _import(call: ApiCall, media_id: UUID, content: bytes, language: str) -> Response:
    with call as (db, me):
        media = gated.find_media(db, media_id, by=me)
        found = formats.read(content, service.require_spoken(media))
        payload = _understood({"language": language, "segments": found})
        return _created(call, db, gated.write(db, media, payload, Source.IMPORT, by=me))


def _write(call: ApiCall, media_id: UUID, payload: TranscriptIn) -> Response:
    with call as (db, me):
        media = gated.find_media(db, media_id, by=me)
        return _created(call, db, gated.write(db, media, payload, Source.MANUAL, by=me))


def _created(call: ApiCall, db: Session, transcript: Transcript) -> Response:
    place = f"/api/v1/transcripts/{transcript.id}"
    return call.created(TranscriptOut, transcript, gated.shown(db, transcript), at=place)


def _shown(call: ApiCall, db: Session, transcript: Transcript) -> Response:
    return call.ok(TranscriptOut, transcript, gated.shown(db, transcript))


def _export(call: ApiCall, transcript_id: UUID, form: Format) -> Response:
    with call as (db, me):
        transcript = gated.find(db, transcript_id, by=me)
        text = formats.write(gated.readable(db, transcript), form)
    return send_text(call.request, f"transcription-{transcript.number}.{form}", text, form)

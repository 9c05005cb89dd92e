"""The HTTP route of clips: an excerpt of a recording, seen or heard, and nothing around it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller, Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.problems import NotFound, RangeNotSatisfiable, WrongState, documented
from app.excerpts import service as excerpts
from app.excerpts.models import SelectorType
from app.gate import media as gated
from app.gate.answers import send
from app.media import service as media
from app.media.models import Media, Rendition
from app.media.passages import Passage, passage_names
from app.media.queries import gave_up

SOON = {"Retry-After": "2"}  # seconds

router = APIRouter(
    route_class=Route,
    prefix="/excerpts",
    tags=["excerpts"],
    responses=documented(NotFound, Forbidden, WrongState),
)
BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The clip.", "content": {"video/mp4": {}, "audio/mp4": {}}},
    202: {
        "description": "It is being made: ask again after `Retry-After`.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"status": {"const": "processing"}}}
            }
        },
    },
    206: {"description": "The range asked for."},
    304: {"description": "You have it already."},
    **documented(RangeNotSatisfiable),
}
RangeHeader = Annotated[str | None, Header(alias="Range", max_length=200)]


@router.head("/{excerpt_id}/clip", include_in_schema=False)
@router.get("/{excerpt_id}/clip", response_class=Response, responses=BYTES)
def show_clip(
    request: Request,
    excerpt_id: UUID,
    call: Call,
    range_: RangeHeader = None,
    if_range: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """The passage of an excerpt, or a range of its bytes: MP4, of a video or of a sound.

    It is encoded anew, made once, and asked for when it is not there yet. Who speaks or appears in
    the passage is asked at each request.
    """
    with call as (db, me):
        recording, passage = _passage(db, excerpt_id, me)
        clip = _clip(db, recording, passage)
        if not clip and gave_up(db, recording, passage):
            raise WrongState(clip="failed")
    if clip:
        return send(request, clip, range_, if_range)
    with call.traced() as (db, me):
        recording, passage = _passage(db, excerpt_id, me)
        media.ask_clip(db, recording, passage.start_ms, passage.end_ms)
    return JSONResponse({"status": "processing"}, 202, SOON)


def _passage(db: Session, excerpt_id: UUID, by: Caller) -> tuple[Media, Passage]:
    """What the excerpt shows, if `by` may see it now. Raises NotFound, also for one of a text."""
    excerpt = excerpts.find(db, excerpt_id, by=by)
    if excerpt.selector is not SelectorType.TIME or not excerpt.media_id:
        raise NotFound
    passage = Passage(excerpt.start, excerpt.stop)
    seen = passage.start_ms, passage.end_ms
    return gated.find(db, excerpt.media_id, by=by, passage=seen), passage


def _clip(db: Session, recording: Media, passage: Passage) -> Rendition | None:
    """The last of the passage's files: the first is its poster."""
    files = {file.name: file for file in media.renditions_of(db, recording)}
    names = passage_names(recording.kind, passage) if recording.kind else []
    return files.get(names[-1]) if names else None

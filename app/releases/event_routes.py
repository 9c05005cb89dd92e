"""The HTTP routes of an event: what is recorded of it is put whole."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.problems import NotFound, PreconditionFailed, documented
from app.releases import events, service
from app.releases.event_schemas import EventIn, EventOut
from app.releases.events import NotAnEvent
from app.releases.service import ReleaseRecalled

router = APIRouter(
    route_class=Route,
    prefix="/releases/{release_id}",
    tags=["events"],
    responses=documented(NotFound, NotAnEvent, ReleaseRecalled),
)


@router.get("/event", response_model=EventOut)
def show(release_id: UUID, call: Call) -> Response:
    """What is recorded of the event at which a release was shown; 404 when nothing is.

    What was said about an item that may not be shown any more is not told.
    """
    with call as (db, me):
        release = service.find(db, release_id, by=me)
        event = events.of_release(db, release)
        if not event:
            raise NotFound
        return call.ok(EventOut, event, events.told(db, release, event))


@router.put("/event", response_model=EventOut, responses=documented(Forbidden, PreconditionFailed))
def note(release_id: UUID, payload: EventIn, call: Call) -> Response:
    """Record an event, before or after it: what was recorded before is replaced.

    How many came stays with the team: the minutes that are printed tell no small figure.
    """
    with call as (db, me):
        release = service.find(db, release_id, by=me)
        event = events.to_note(db, release, by=me)
        if event:
            call.unchanged(event)
        elif "If-Match" in call.headers:
            raise PreconditionFailed
        event = events.note(db, release, event, payload, by=me)
        return call.ok(EventOut, event, events.told(db, release, event))

"""The HTTP routes of candor. Who is not of the team is told that there is nothing."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.calls.call import Call
from app.core.bodies import Route
from app.core.problems import NotFound, PreconditionFailed, documented
from app.moderation import candor
from app.moderation.candor_schemas import CandorIn, CandorOut, FollowUpsOut
from app.moderation.follow_ups import suggest

router = APIRouter(
    route_class=Route,
    prefix="/testimonies/{testimony_id}",
    tags=["candor"],
    responses=documented(NotFound, PreconditionFailed),
)


@router.get("/candor", response_model=CandorOut)
def show(testimony_id: UUID, call: Call) -> Response:
    """How freely a testimony was said, for the team alone; 404 when nobody assessed it."""
    with call as (db, me):
        found = candor.of_testimony(db, candor.find_testimony(db, testimony_id, by=me))
        if not found:
            raise NotFound
        return call.ok(CandorOut, found)


@router.put("/candor", response_model=CandorOut)
def assess(testimony_id: UUID, payload: CandorIn, call: Call) -> Response:
    """Assess how freely a testimony was said; again, the new assessment takes the place of the old.

    `level`: `free` with at least two more signs of speech (`first_person concrete_episode
    named_difficulty`) than of discourse (`institutional_wording hierarchy_present prepared_text`),
    `normed` with more signs of discourse than of speech, else `mixed`.
    """
    with call as (db, me):
        testimony = candor.find_testimony(db, testimony_id, by=me)
        if known := candor.of_testimony(db, testimony):
            call.unchanged(known)
        elif "If-Match" in call.headers:
            raise PreconditionFailed
        return call.ok(CandorOut, candor.assess(db, testimony, payload, by=me))


@router.delete("/candor", status_code=204)
def drop(testimony_id: UUID, call: Call) -> Response:
    """Take an assessment off: it was a mistake."""
    with call as (db, me):
        testimony = candor.find_testimony(db, testimony_id, by=me)
        if known := candor.of_testimony(db, testimony):
            call.unchanged(known)
        candor.drop(db, testimony, by=me)
        return call.nothing()


@router.get("/follow-ups", response_model=FollowUpsOut)
def show_follow_ups(testimony_id: UUID, call: Call) -> Response:
    """Questions that may help somebody from discourse to speech: those of the method, in order.

    Once assessed, only those that may bring out what is not there yet.
    """
    with call as (db, me):
        return call.shown(FollowUpsOut, suggest(db, candor.find_testimony(db, testimony_id, by=me)))

"""The HTTP routes of reactions, and of the deliveries that wait for one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.calls.idempotency import AnswerForgotten, IdempotencyKeyReused
from app.core.bodies import Route
from app.core.pages import Page
from app.core.problems import NotFound, PreconditionFailed, RateLimited, documented
from app.reactions import deliveries, service
from app.reactions.call import Linked
from app.reactions.schemas import (
    AnsweredOut,
    GivenFilters,
    GivenOut,
    PublicationIn,
    ReactionFilters,
    ReactionIn,
    ReactionOut,
    ReactionParams,
)
from app.reactions.service import TooManyReactions
from app.releases import deliveries as links
from app.releases import service as releases
from app.releases.deliveries import LinkClosed, PasscodeNeeded
from app.releases.service import ReleaseRecalled

router = APIRouter(
    route_class=Route,
    responses=documented(NotFound, Forbidden),
)


@router.post(
    "/shared/{token}/reactions",
    response_model=AnsweredOut,
    status_code=201,
    tags=["shared"],
    responses=documented(
        *(LinkClosed, PasscodeNeeded, RateLimited, ReleaseRecalled),
        *(TooManyReactions, AnswerForgotten, IdempotencyKeyReused),
    ),
)
def react(payload: ReactionIn, call: Linked) -> Response:
    """Answer what was given to the holder of this link: all of it, or one item. Several times."""
    with call as (db, me):
        reaction = service.react(db, links.find_again(db, me.id), payload)
        return call.shown(AnsweredOut, reaction, 201)


@router.get("/reactions", response_model=Page[ReactionOut], tags=["reactions"])
def index(filters: Annotated[ReactionFilters, Query()], call: Call) -> Response:
    """What recipients answered, the latest first. Sort: `-created_at,-id`."""
    with call as (_, me):
        rows = service.search(me, filters)
        return call.page(ReactionOut, rows, filters, service.LATEST_FIRST, service.tell(me))


@router.get(
    "/releases/{release_id}/reactions", response_model=Page[ReactionOut], tags=["reactions"]
)
def index_of_release(
    release_id: UUID, filters: Annotated[ReactionParams, Query()], call: Call
) -> Response:
    """What recipients answered to a release, the latest first. Sort: `-created_at,-id`."""
    with call as (db, me):
        rows = service.of_release(releases.find(db, release_id, by=me), filters)
        return call.page(ReactionOut, rows, filters, service.LATEST_FIRST, service.tell(me))


@router.get("/reactions/{reaction_id}", response_model=ReactionOut, tags=["reactions"])
def show(reaction_id: UUID, call: Call) -> Response:
    """One reaction."""
    with call as (db, me):
        reaction = service.find(db, reaction_id, by=me)
        return call.ok(ReactionOut, reaction, service.shown(db, reaction, me))


@router.put(
    "/reactions/{reaction_id}/publication",
    response_model=ReactionOut,
    tags=["reactions"],
    responses=documented(PreconditionFailed),
)
def publish(reaction_id: UUID, payload: PublicationIn, call: Call) -> Response:
    """Let the witnesses whose words it is about read it, as it is or in your version."""
    with call as (db, me):
        reaction = call.unchanged(service.find(db, reaction_id, by=me))
        service.publish(db, reaction, payload, by=me)
        return call.ok(ReactionOut, reaction, service.shown(db, reaction, me))


@router.delete(
    "/reactions/{reaction_id}/publication",
    status_code=204,
    tags=["reactions"],
    responses=documented(PreconditionFailed),
)
def retract(reaction_id: UUID, call: Call) -> Response:
    """Witnesses do not read it any more."""
    with call as (db, me):
        service.retract(db, call.unchanged(service.find(db, reaction_id, by=me)), by=me)
        return call.nothing()


@router.get("/deliveries", response_model=Page[GivenOut], tags=["deliveries"])
def index_of_deliveries(filters: Annotated[GivenFilters, Query()], call: Call) -> Response:
    """To whom releases were given and what came back, the latest first. Sort: `-created_at,-id`.

    `unanswered=true&revoked=false&expired=false` are those who can still answer, and did not.
    """
    with call as (_, me):
        rows = deliveries.search(me, filters)
        return call.page(GivenOut, rows, filters, links.LATEST_FIRST, deliveries.tell)

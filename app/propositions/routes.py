"""The HTTP routes of propositions. A step is posted; it never changes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import Page, PageParams
from app.core.problems import NotFound, PreconditionFailed, WrongState, documented
from app.history import service as history
from app.history.schemas import (
    HistoryParams,
    RestorationIn,
    VersionNumber,
    VersionOut,
    VersionWhole,
)
from app.propositions import service, steps
from app.propositions.schemas import (
    PropositionBrief,
    PropositionFilters,
    PropositionIn,
    PropositionOut,
    StepIn,
    StepOut,
)
from app.propositions.versions import reading
from app.witnesses.service import WithdrawnWitness

router = APIRouter(
    route_class=Route,
    prefix="/propositions",
    tags=["propositions"],
    responses=documented(NotFound, Forbidden, PreconditionFailed, WrongState, WithdrawnWitness),
)


@router.get("", response_model=Page[PropositionBrief])
def index(filters: Annotated[PropositionFilters, Query()], call: Call) -> Response:
    """The propositions, the latest first. Sort: `-created_at,-id`."""
    with call as (_, me):
        rows = service.search(me, filters)
        return call.page(PropositionBrief, rows, filters, service.LATEST_FIRST, service.details)


@router.post("", response_model=PropositionOut, status_code=201)
def write(payload: PropositionIn, call: Call) -> Response:
    """Write a proposition: a draft, until its first step."""
    with call as (db, me):
        proposition = service.write(db, payload, by=me)
        return call.created(PropositionOut, proposition, service.shown(db, proposition))


@router.get("/{proposition_id}", response_model=PropositionOut)
def show(proposition_id: UUID, call: Call) -> Response:
    """One proposition, with the words it rests on and who wrote it."""
    with call as (db, me):
        proposition = service.find(db, proposition_id, by=me)
        return call.ok(PropositionOut, proposition, service.shown(db, proposition))


@router.put("/{proposition_id}", response_model=PropositionOut)
def change(proposition_id: UUID, payload: PropositionIn, call: Call) -> Response:
    """Write a proposition again, in full; evidence that is not named again is let go."""
    with call as (db, me):
        proposition = call.unchanged(service.find(db, proposition_id, by=me))
        service.change(db, proposition, payload, by=me)
        return call.ok(PropositionOut, proposition, service.shown(db, proposition))


@router.get("/{proposition_id}/steps", response_model=Page[StepOut])
def index_of_steps(
    proposition_id: UUID, params: Annotated[PageParams, Query()], call: Call
) -> Response:
    """What became of a proposition, the oldest step first. Sort: `number`."""
    with call as (db, me):
        proposition = service.find(db, proposition_id, by=me)
        return call.page(StepOut, steps.steps_of(proposition), params, steps.OLDEST_FIRST)


@router.post("/{proposition_id}/steps", response_model=StepOut, status_code=201)
def take_step(proposition_id: UUID, payload: StepIn, call: Call) -> Response:
    """Say what happened to a proposition, and on which day."""
    with call as (db, me):
        proposition = call.unchanged(service.find(db, proposition_id, by=me))
        return call.created(StepOut, steps.take(db, proposition, payload, by=me))


@router.get("/{proposition_id}/history", response_model=Page[VersionOut])
def show_history(
    proposition_id: UUID, params: Annotated[HistoryParams, Query()], call: Call
) -> Response:
    """Who changed a proposition, when, and what: earlier planned dates too. Sort: `-version`."""
    with call as (db, me):
        proposition = service.find(db, proposition_id, by=me)
        versions = reading(proposition, service.shown(db, proposition))
        return call.paged(VersionOut, history.page(db, versions, params))


@router.get("/{proposition_id}/history/{version}", response_model=VersionWhole)
def show_version(
    proposition_id: UUID, version: Annotated[VersionNumber, Path()], call: Call
) -> Response:
    """The whole of a version of a proposition."""
    with call as (db, me):
        proposition = service.find(db, proposition_id, by=me)
        versions = reading(proposition, service.shown(db, proposition))
        return call.shown(VersionWhole, history.whole(db, versions, version))


@router.put("/{proposition_id}/restoration", response_model=PropositionOut)
def restore(proposition_id: UUID, payload: RestorationIn, call: Call) -> Response:
    """Have a version of a proposition hold again; its steps stay."""
    with call as (db, me):
        proposition = call.unchanged(service.find(db, proposition_id, by=me))
        service.restore(db, proposition, payload.version, by=me)
        return call.ok(PropositionOut, proposition, service.shown(db, proposition))

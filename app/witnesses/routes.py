"""The HTTP routes of witnesses, notices and consents."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden, FreshLoginNeeded
from app.accounts.permissions import Permission
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import Page, PageParams
from app.core.problems import Conflict, NotFound, documented
from app.witnesses import consents, guardians, service
from app.witnesses.guardians import OfAge
from app.witnesses.schemas import (
    ConsentFilters,
    ConsentIn,
    ConsentOut,
    ConsentsOut,
    DisclosureIn,
    GuardianIn,
    GuardianOut,
    IdentityOut,
    NewWitnessOut,
    NoticeFilters,
    NoticeIn,
    NoticeOut,
    WitnessFilters,
    WitnessIn,
    WitnessOut,
)
from app.witnesses.service import TooYoung, WithdrawnWitness
from app.workshops.models import WorkshopNotOpen

router = APIRouter(route_class=Route, responses=documented(NotFound, Forbidden, Conflict))


@router.get("/witnesses", response_model=Page[WitnessOut], tags=["witnesses"])
def index(filters: Annotated[WitnessFilters, Query()], call: Call) -> Response:
    """The witnesses you may see, by pseudonym, the latest first. Sort: `-created_at,-id`."""
    with call as (_, me):
        rows = service.search(me, filters)
        return call.page(WitnessOut, rows, filters, service.LATEST_FIRST)


@router.post(
    "/witnesses",
    response_model=NewWitnessOut,
    status_code=201,
    tags=["witnesses"],
    responses=documented(WorkshopNotOpen, TooYoung),
)
def register(payload: WitnessIn, call: Call) -> Response:
    """Register somebody who is going to speak. Give them the `receipt_code`: it is shown once."""
    with call as (db, me):
        code, witness = service.register(db, payload, by=me)
        return call.created(NewWitnessOut, witness, {"receipt_code": code})


@router.get("/witnesses/{witness_id}", response_model=WitnessOut, tags=["witnesses"])
def show(witness_id: UUID, call: Call) -> Response:
    """One witness."""
    with call as (db, me):
        return call.ok(WitnessOut, service.find(db, witness_id, by=me))


@router.post(
    "/witnesses/{witness_id}/disclosures",
    response_model=IdentityOut,
    status_code=201,
    tags=["witnesses"],
    responses=documented(FreshLoginNeeded),
)
def disclose(witness_id: UUID, payload: DisclosureIn, call: Call) -> Response:
    """Who a witness is. It asks for a recent login and a reason, and is recorded."""
    with call as (db, me):
        witness = service.find(db, witness_id, by=me)
        return call.once(IdentityOut, service.disclose(db, witness, payload.reason, by=me))


@router.get(
    "/witnesses/{witness_id}/guardians", response_model=Page[GuardianOut], tags=["witnesses"]
)
def list_guardians(
    witness_id: UUID, params: Annotated[PageParams, Query()], call: Call
) -> Response:
    """Who answers for a minor, the first declared first; never by name. Sort: `created_at,id`."""
    with call as (db, me):
        rows = guardians.of_witness(service.find(db, witness_id, by=me))
        return call.page(GuardianOut, rows, params, guardians.OLDEST_FIRST)


@router.post(
    "/witnesses/{witness_id}/guardians",
    response_model=GuardianOut,
    status_code=201,
    tags=["witnesses"],
    responses=documented(OfAge),
)
def declare_guardian(witness_id: UUID, payload: GuardianIn, call: Call) -> Response:
    """Declare who answers for a minor: beyond the team, every guardian must agree too."""
    with call as (db, me):
        witness = service.find(db, witness_id, by=me)
        return call.created(GuardianOut, guardians.declare(db, witness, payload, by=me))


@router.get("/witnesses/{witness_id}/consents", response_model=ConsentsOut, tags=["consents"])
def show_consents(
    witness_id: UUID, asked: Annotated[ConsentFilters, Query()], call: Call
) -> Response:
    """What a witness said (for who may read the proof), and what it comes to now."""
    with call as (db, me):
        witness = service.find(db, witness_id, by=me)
        proof = Permission.READ_CONSENT_PROOF in me.permissions
        return call.shown(ConsentsOut, consents.tell(db, witness, proof, asked.cells))


@router.post(
    "/witnesses/{witness_id}/consents",
    response_model=ConsentOut,
    status_code=201,
    tags=["consents"],
    responses=documented(OfAge, WithdrawnWitness),
)
def note_consent(witness_id: UUID, payload: ConsentIn, call: Call) -> Response:
    """Note what a witness said: it counts from now on, and is never erased by another."""
    with call as (db, me):
        said = consents.note(db, service.find(db, witness_id, by=me), payload, by=me)
        return call.created(ConsentOut, said)


@router.get("/notices", response_model=Page[NoticeOut], tags=["consents"])
def list_notices(filters: Annotated[NoticeFilters, Query()], call: Call) -> Response:
    """The notices that people read before they consent, the latest first."""
    with call:
        rows = consents.notices(filters)
        return call.page(NoticeOut, rows, filters, consents.NOTICES_LATEST_FIRST)


@router.post("/notices", response_model=NoticeOut, status_code=201, tags=["consents"])
def publish_notice(payload: NoticeIn, call: Call) -> Response:
    """Publish a notice, or its next version. Consents keep the version that was read."""
    with call as (db, me):
        return call.created(NoticeOut, consents.publish_notice(db, payload, by=me))


@router.get("/notices/{notice_id}", response_model=NoticeOut, tags=["consents"])
def show_notice(notice_id: UUID, call: Call) -> Response:
    """One notice."""
    with call as (db, _):
        return call.ok(NoticeOut, consents.find_notice(db, notice_id))


@router.put("/notices/{notice_id}/revocation", status_code=204, tags=["consents"])
def revoke_notice(notice_id: UUID, call: Call) -> Response:
    """Revoke a notice: what was consented to under it holds no more, at once and for good."""
    with call as (db, me):
        consents.revoke_notice(db, consents.find_notice(db, notice_id), by=me)
        return call.nothing()

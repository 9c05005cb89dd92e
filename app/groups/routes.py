"""The HTTP routes of groups, their members and protocols."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.accounts.authentication import Forbidden
from app.calls.call import Call
from app.core.bodies import Route
from app.core.pages import Page, PageParams
from app.core.problems import Conflict, NotFound, PreconditionFailed, documented
from app.groups import members, service
from app.groups.schemas import (
    DepartureIn,
    GroupFilters,
    GroupIn,
    GroupOut,
    MemberFilters,
    MemberIn,
    MemberOut,
    OwnerIn,
    ProtocolIn,
    ProtocolOut,
)
from app.groups.service import MembersElsewhere

router = APIRouter(
    route_class=Route,
    tags=["groups"],
    responses=documented(NotFound, Forbidden, PreconditionFailed),
)


@router.get("/groups", response_model=Page[GroupOut])
def index(filters: Annotated[GroupFilters, Query()], call: Call) -> Response:
    """The groups you may see, the latest first. Sort: `-created_at,-id`."""
    with call as (_, me):
        rows = service.search(me, filters)
        return call.page(GroupOut, rows, filters, service.LATEST_FIRST, service.complete)


@router.post("/groups", response_model=GroupOut, status_code=201)
def form(payload: GroupIn, call: Call) -> Response:
    """Form a standing group."""
    with call as (db, me):
        group = service.form(db, payload, by=me)
        return call.created(GroupOut, group, service.shown(db, group))


@router.get("/groups/{group_id}", response_model=GroupOut)
def show(group_id: UUID, call: Call) -> Response:
    """One group: how many belong to it now, and the version of its protocol that binds."""
    with call as (db, me):
        group = service.find(db, group_id, by=me)
        return call.ok(GroupOut, group, service.shown(db, group))


@router.put("/groups/{group_id}", response_model=GroupOut)
def change(group_id: UUID, payload: GroupIn, call: Call) -> Response:
    """Describe a group again, in full."""
    with call as (db, me):
        group = call.unchanged(service.find(db, group_id, by=me))
        service.change(db, group, payload, by=me)
        return call.ok(GroupOut, group, service.shown(db, group))


@router.put("/groups/{group_id}/owner", status_code=204, responses=documented(MembersElsewhere))
def hand_over(group_id: UUID, payload: OwnerIn, call: Call) -> Response:
    """Hand the group over to another organization, which then hears its present members.

    What was heard before stays with those who heard it.
    """
    with call as (db, me):
        group = service.find_to_hand_over(db, group_id, payload.organization_id, by=me)
        service.hand_over(db, call.unchanged(group), payload, by=me)
        return call.nothing()


@router.get("/groups/{group_id}/members", response_model=Page[MemberOut])
def list_members(
    group_id: UUID, filters: Annotated[MemberFilters, Query()], call: Call
) -> Response:
    """Who belongs to the group, or did, of the witnesses you may see. Sort: `joined_on,id`."""
    with call as (db, me):
        rows = members.search(service.find(db, group_id, by=me), filters, me)
        return call.page(MemberOut, rows, filters, members.AS_THEY_CAME, members.complete)


@router.post(
    "/groups/{group_id}/members",
    response_model=MemberOut,
    status_code=201,
    responses=documented(Conflict),
)
def join(group_id: UUID, payload: MemberIn, call: Call) -> Response:
    """Note that a witness joins the group. Who comes back is a member anew."""
    with call as (db, me):
        group = service.find(db, group_id, by=me)
        member = members.join(db, group, payload.witness_id, payload.joined_on, by=me)
        return call.created(MemberOut, member, members.shown(db, member))


@router.put("/members/{member_id}/departure", status_code=204)
def leave(member_id: UUID, payload: DepartureIn, call: Call) -> Response:
    """Note that somebody left the group."""
    with call as (db, me):
        group, member = members.find(db, member_id, by=me)
        members.leave(db, group, member, payload.left_on, by=me)
        return call.nothing()


@router.get("/groups/{group_id}/protocols", response_model=Page[ProtocolOut])
def list_protocols(group_id: UUID, filters: Annotated[PageParams, Query()], call: Call) -> Response:
    """The versions of the group's protocol, the newest first. Sort: `-number,-id`."""
    with call as (db, me):
        rows = service.protocols_of(service.find(db, group_id, by=me))
        return call.page(ProtocolOut, rows, filters, service.NEWEST_FIRST)


@router.post("/groups/{group_id}/protocols", response_model=ProtocolOut, status_code=201)
def write_protocol(group_id: UUID, payload: ProtocolIn, call: Call) -> Response:
    """Write the next version of the group's protocol. It binds once it is adopted."""
    with call as (db, me):
        group = service.find(db, group_id, by=me)
        return call.created(ProtocolOut, service.write_protocol(db, group, payload, by=me))


@router.put("/protocols/{protocol_id}/adoption", status_code=204)
def adopt_protocol(protocol_id: UUID, call: Call) -> Response:
    """Note that the group adopted this version: it binds what the group says."""
    with call as (db, me):
        group, protocol = service.find_protocol(db, protocol_id, by=me)
        service.adopt_protocol(db, group, protocol, by=me)
        return call.nothing()

"""What can be done with groups: each function is one deed, one permission, one audit event."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller, Forbidden
from app.accounts.permissions import Permission
from app.accounts.service import require_organization
from app.audit.service import record
from app.core.db import locked
from app.core.models import as_stored, now
from app.core.pages import Item, Order, matches
from app.core.problems import Invalid, NotFound, Problem
from app.groups.models import About, Handover, Identification, Member, Protocol
from app.groups.schemas import GroupFilters, GroupIn, OwnerIn, ProtocolIn
from app.places.models import Place
from app.schemes.service import require_scheme, require_terms
from app.witnesses.decision import DATASET, Cell, Limits, Medium
from app.witnesses.models import Witness
from app.workshops.models import Group

RUN_WORKSHOPS = Permission.RUN_WORKSHOPS
LATEST_FIRST = Order(Group.created_at, Group.id, descending=True)
NEWEST_FIRST = Order(Protocol.number, Protocol.id, descending=True)
IDENTIFYING = frozenset({Medium.SIGNED_TEXT, Medium.EMPLOYER_NAME})


class MembersElsewhere(Problem):
    """Some members are already heard with another organization than this one."""

    status = 409


def visible_to(me: Caller) -> Select[Group]:
    """Every group this account may see."""
    return select(Group).where(or_(False, *me.sees(Group)))


def search(me: Caller, filters: GroupFilters) -> Sequence[Select[Group]]:
    """The visible groups which pass the filters: a select for each right to see."""
    asked = matches(Group, filters, "scheme_id", "place_id", "owner_organization_id")
    return [select(Group).where(right, *asked) for right in me.sees(Group)]


def find(db: Session, group_id: UUID, by: Caller) -> Group:
    """The group, if `by` may see it; locked if it may be changed. Raises NotFound."""
    if not (group := db.scalar(locked(db, visible_to(by).where(Group.id == group_id)))):
        raise NotFound
    return group


def form(db: Session, payload: GroupIn, by: Caller) -> Group:
    """A new group, of `by`'s organization, or of a place's where `by` is at home."""
    by.require(RUN_WORKSHOPS)
    group = Group()
    place = _describe(db, group, payload)
    group.owner_organization_id = place.organization_id if place else by.organization_id
    by.require(RUN_WORKSHOPS, at=group)
    db.add(group)
    record(db, "group.formed", on=group, by=by)
    return group


def change(db: Session, group: Group, payload: GroupIn, by: Caller) -> Group:
    """The same group, described again in full. Who runs it changes by a handover alone."""
    by.require(RUN_WORKSHOPS, at=group)
    if payload.scheme_id != group.scheme_id:
        raise Invalid.at("#/scheme_id", "stays")
    met_at = group.place_id
    place = _describe(db, group, payload)
    if place and place.id != met_at and place.organization_id != group.owner_organization_id:
        raise Invalid.at("#/place_id", "of_another")
    record(db, "group.changed", on=group, by=by)
    return group


def find_to_hand_over(db: Session, group_id: UUID, to: UUID, by: Caller) -> Group:
    """The group, if `by` may see it, or if they handed it over to this organization: locked.

    Who is unsure of the answer and repeats the deed does not find it gone. Raises NotFound.
    """
    seen = list(by.sees(Group))
    if RUN_WORKSHOPS in by.permissions:
        newest = (
            select(Handover.from_organization_id)
            .where(Handover.group_id == Group.id)
            .order_by(Handover.created_at.desc(), Handover.id)
            .limit(1)
        )
        done = Group.owner_organization_id == to
        seen.append(and_(done, newest.scalar_subquery() == by.organization_id))
    group = db.scalar(locked(db, select(Group).where(Group.id == group_id, or_(*seen))))
    if not group:
        raise NotFound
    return group


def hand_over(db: Session, group: Group, payload: OwnerIn, by: Caller) -> None:
    """Another organization runs the group, and hears its present members. Twice is once.

    What was heard before stays with who heard it. Raises MembersElsewhere with how many members are
    heard with a third organization already: nothing changes then.
    """
    by.require(RUN_WORKSHOPS)
    to = payload.organization_id
    if group.owner_organization_id == to:
        return
    if group.owner_organization_id != by.organization_id:  # not the partner: it would be a taking
        raise Forbidden(permission=RUN_WORKSHOPS)
    require_organization(db, to, "#/organization_id")
    _share_members(db, group, to)
    handover = Handover(
        group_id=group.id,
        from_organization_id=group.owner_organization_id,
        to_organization_id=to,
        reason=payload.reason,
        by_id=by.id,
    )
    db.add(handover)
    group.owner_organization_id = to
    if group.partner_organization_id == to:
        group.partner_organization_id = None
    record(db, "group.handed-over", on=group, by=by, organization_id=str(to))


def complete(db: Session, items: list[Item]) -> None:
    """Give each group its `present_members` and `protocol_number`."""
    by_id: dict[Any, Item] = {}
    for item in items:
        item.update(present_members=0, protocol_number=None)
        by_id[item["id"]] = item
    present = (
        select(as_stored(Member.group_id), func.count())
        .where(Member.group_id.in_(list(by_id)), Member.left_on.is_(None))
        .group_by(Member.group_id)
    )
    for group_id, many in db.execute(present):
        by_id[group_id]["present_members"] = many
    adopted = (
        select(as_stored(Protocol.group_id), Protocol.number)
        .where(Protocol.group_id.in_(list(by_id)), Protocol.adopted_at.is_not(None))
        .order_by(Protocol.adopted_at, Protocol.number)
    )
    for group_id, number in db.execute(adopted):
        by_id[group_id]["protocol_number"] = number


def shown(db: Session, group: Group) -> Item:
    """What is told of one group besides its columns."""
    db.flush()
    item = {"id": db.scalars(select(as_stored(Group.id)).where(Group.id == group.id)).one()}
    complete(db, [item])
    return {name: item[name] for name in ("present_members", "protocol_number")}


def _describe(db: Session, group: Group, payload: GroupIn) -> Place | None:
    require_scheme(db, payload.scheme_id)
    require_organization(db, payload.partner_organization_id, "#/partner_organization_id")
    place = db.get(Place, payload.place_id) if payload.place_id else None
    if payload.place_id and not place:
        raise Invalid.at("#/place_id", "unknown_id")
    for name, value in payload:
        setattr(group, name, value)
    return place


def _share_members(db: Session, group: Group, organization_id: UUID) -> None:
    """Let this organization see and hear the present members, but those who took all back."""
    present = select(Member.witness_id).where(Member.group_id == group.id, Member.left_on.is_(None))
    rows = select(Witness).where(Witness.id.in_(present), Witness.withdrawn_at.is_(None))
    new = [w for w in db.scalars(locked(db, rows)) if w.owner_organization_id != organization_id]
    taken = [w for w in new if w.partner_organization_id not in (None, organization_id)]
    if taken:
        raise MembersElsewhere(members=len(taken))
    for witness in new:
        witness.partner_organization_id = organization_id


# Protocols


def protocols_of(group: Group) -> Select[Protocol]:
    """The versions of this group's protocol."""
    return select(Protocol).where(Protocol.group_id == group.id)


def write_protocol(db: Session, group: Group, payload: ProtocolIn, by: Caller) -> Protocol:
    """The next version of the group's protocol. It binds nobody until it is adopted."""
    by.require(RUN_WORKSHOPS, at=group)
    audiences, forms = enumerate(payload.audiences or []), enumerate(payload.forms or [])
    require_terms(
        db,
        *((f"#/audiences/{i}", "audiences", code) for i, code in audiences),
        *((f"#/forms/{i}", "forms", code) for i, code in forms if code != DATASET),
    )
    newest = select(func.max(Protocol.number)).where(Protocol.group_id == group.id)
    protocol = Protocol(
        group_id=group.id,
        number=(db.scalar(newest) or 0) + 1,
        written_by_id=by.id,
        **payload.model_dump(mode="json"),
    )
    db.add(protocol)
    record(db, "protocol.written", on=protocol, by=by, group_id=str(group.id))
    return protocol


def find_protocol(db: Session, protocol_id: UUID, by: Caller) -> tuple[Group, Protocol]:
    """The protocol, and its group, which is locked, if `by` sees it. Raises NotFound."""
    group_id = db.scalar(select(Protocol.group_id).where(Protocol.id == protocol_id))
    if not group_id:
        raise NotFound
    return find(db, group_id, by), db.get_one(Protocol, protocol_id)


def adopt_protocol(db: Session, group: Group, protocol: Protocol, by: Caller) -> None:
    """From now on it binds what the group says, said before or not. Adopting twice is once."""
    by.require(RUN_WORKSHOPS, at=group)
    if not protocol.adopted_at:
        protocol.adopted_at, protocol.adopted_by_id = now(), by.id
        group.touch()
        facts = {"group_id": str(group.id), "number": protocol.number}
        record(db, "protocol.adopted", on=protocol, by=by, **facts)


def binding_protocols(
    db: Session, group_ids: Collection[UUID], at: datetime
) -> dict[UUID, Protocol]:
    """What binds these groups at this moment: the protocol that each adopted last, if any."""
    if not group_ids:
        return {}
    adopted = (
        select(Protocol)
        .where(Protocol.group_id.in_(group_ids), Protocol.adopted_at <= at)
        .order_by(Protocol.adopted_at, Protocol.number)
    )
    return {protocol.group_id: protocol for protocol in db.scalars(adopted)}


def limits_of(protocol: Protocol) -> Limits:
    """The protocol as `decide` reads it."""
    media = frozenset(Medium if protocol.media is None else map(Medium, protocol.media))
    if protocol.identification is Identification.ANONYMOUS:
        media -= IDENTIFYING
    return Limits(media, _all_or(protocol.audiences), _all_or(protocol.forms))


def excluded_by(protocol: Protocol, cell: Cell) -> About | None:
    """What in the protocol excludes this cell; None when it does not."""
    limits = limits_of(protocol)
    if limits.audiences is not None and cell.audience not in limits.audiences:
        return About.AUDIENCES
    if limits.forms is not None and cell.form not in limits.forms:
        return About.FORMS
    if protocol.media is not None and cell.medium not in protocol.media:
        return About.MEDIA
    return None if limits.allows(cell) else About.IDENTIFICATION


def _all_or(codes: list[str] | None) -> frozenset[str] | None:
    return None if codes is None else frozenset(codes)

"""Who belongs to a group, from when to when."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.accounts.authentication import Caller
from app.accounts.permissions import Permission
from app.audit.service import record
from app.core.models import as_stored, now
from app.core.pages import Item, Order
from app.core.problems import Conflict, Invalid, NotFound
from app.groups.models import Member
from app.groups.schemas import MemberFilters
from app.groups.service import find as find_group
from app.witnesses.models import Witness
from app.witnesses.service import visible_to as visible_witnesses
from app.workshops.models import Group

AS_THEY_CAME = Order(Member.joined_on, Member.id)


def search(group: Group, filters: MemberFilters, me: Caller) -> Select[Member]:
    """Who belongs to this group, or did, of the witnesses that the caller sees."""
    seen = visible_witnesses(me).where(Witness.id == Member.witness_id)
    rows = select(Member).where(Member.group_id == group.id, seen.exists())
    if filters.on:
        there = or_(Member.left_on.is_(None), Member.left_on > filters.on)
        rows = rows.where(Member.joined_on <= filters.on, there)
    return rows


def find(db: Session, member_id: UUID, by: Caller) -> tuple[Group, Member]:
    """A member, and their group, which is locked, if `by` sees both. Raises NotFound."""
    group_id = db.scalar(select(Member.group_id).where(Member.id == member_id))
    if not group_id:
        raise NotFound
    group = find_group(db, group_id, by)
    member = db.scalar(search(group, MemberFilters(), by).where(Member.id == member_id))
    if not member:
        raise NotFound
    return group, member


def join(db: Session, group: Group, witness_id: UUID, joined_on: date | None, by: Caller) -> Member:
    """A witness of the group's scheme joins it; who comes back is a member anew.

    `group` is locked. Raises Conflict when they belong to it now, Invalid when they did on that day
    or later.
    """
    by.require(Permission.RUN_WORKSHOPS, at=group)
    seen = visible_witnesses(by).where(
        Witness.id == witness_id, Witness.scheme_id == group.scheme_id
    )
    if not db.scalar(seen):
        raise Invalid.at("#/witness_id", "unknown_id")
    day = joined_on or now().date()
    if day > now().date():
        raise Invalid.at("#/joined_on", "future")
    before = Member.group_id == group.id, Member.witness_id == witness_id
    for left_on in db.scalars(select(Member.left_on).where(*before)):
        if not left_on:
            raise Conflict
        if left_on > day:
            raise Invalid.at("#/joined_on", "member_then")
    member = Member(group_id=group.id, witness_id=witness_id, joined_on=day)
    db.add(member)
    group.touch()
    record(db, "member.joined", on=member, by=by, group_id=str(group.id))
    return member


def leave(db: Session, group: Group, member: Member, left_on: date | None, by: Caller) -> None:
    """They belong to the group no more, from this day on. Leaving twice is leaving once."""
    by.require(Permission.RUN_WORKSHOPS, at=group)
    if member.left_on:
        return
    day = left_on or now().date()
    if day > now().date():
        raise Invalid.at("#/left_on", "future")
    if day < member.joined_on:
        raise Invalid.at("#/left_on", "before_from")
    member.left_on = day
    group.touch()
    record(db, "member.left", on=member, by=by, group_id=str(group.id))


def complete(db: Session, items: list[Item]) -> None:
    """Give each member their `pseudonym`."""
    ids = [item["witness_id"] for item in items]
    rows = select(as_stored(Witness.id), Witness.pseudonym).where(Witness.id.in_(ids))
    known: dict[Any, str] = dict(db.execute(rows).all())
    for item in items:
        item["pseudonym"] = known[item["witness_id"]]


def shown(db: Session, member: Member) -> Item:
    """What is told of one member besides the row."""
    return {"pseudonym": db.get_one(Witness, member.witness_id).pseudonym}
